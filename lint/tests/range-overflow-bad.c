// SPDX-License-Identifier: GPL-2.0-only
// Only parsed, by scripts/check-scripts: has the mistake of range-overflow
static int t_mmap(struct file *file, struct vm_area_struct *vma)
{
	unsigned long size = vma->vm_end - vma->vm_start;
	unsigned int offset;

	offset = vma->vm_pgoff << PAGE_SHIFT;
	if (offset + size > LENGTH) /* HIT */
		return -EINVAL;

	return 0;
}

static int t_declared_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct t_dev *dev = file->private_data;
	u32 off = vma->vm_pgoff << PAGE_SHIFT, len = vma->vm_end - vma->vm_start;
	int err = dev->len < off + len ? -EINVAL : 0; /* HIT */

	if (!err)
		err = remap_vmalloc_range(vma, dev->kaddr, vma->vm_pgoff);

	return err;
}

/* The sum has a name. */
static int t_end_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct t_dev *dev = file->private_data;
	unsigned int off, end;

	off = vma->vm_pgoff * PAGE_SIZE;
	end = off + (vma->vm_end - vma->vm_start);
	if (end > dev->len) /* HIT */
		return -ENXIO;

	return vm_iomap_memory(vma, dev->phys, dev->len);
}

static bool t_fits(struct t_dev *dev, struct vm_area_struct *vma)
{
	u64 off = (u64)vma->vm_pgoff << PAGE_SHIFT;
	u64 len = vma->vm_end - vma->vm_start;

	return off + len <= dev->size; /* HIT */
}

static const struct file_operations t_fops = {
	.fop_flags = FOP_UNSIGNED_OFFSET,
};
