// SPDX-License-Identifier: GPL-2.0-only
// Only parsed, by scripts/check-scripts: does what range-overflow asks for
static int t_mmap(struct file *file, struct vm_area_struct *vma)
{
	unsigned long size = vma->vm_end - vma->vm_start;
	unsigned long offset;

	offset = vma->vm_pgoff << PAGE_SHIFT;
	if (offset > LENGTH || size > LENGTH - offset)
		return -EINVAL;

	return 0;
}

static bool t_fits(struct t_dev *dev, struct vm_area_struct *vma)
{
	u64 off = (u64)vma->vm_pgoff << PAGE_SHIFT, len = vma->vm_end - vma->vm_start, end;

	return !check_add_overflow(off, len, &end) && end <= dev->size;
}

static int t_used_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct t_dev *dev = file->private_data;
	u32 off = vma->vm_pgoff << PAGE_SHIFT, len = vma->vm_end - vma->vm_start;
	u32 used = off + len;

	if (vma->vm_pgoff > T_PAGES || off > dev->len || len > dev->len - off)
		return -EINVAL;
	dev->used = max(dev->used, used);

	return 0;
}

static const struct file_operations t_fops = {
	.fop_flags = FOP_UNSIGNED_OFFSET,
};
