// SPDX-License-Identifier: GPL-2.0-only
// Only parsed, by scripts/check-scripts: does without the mistake of prot-constant
static int t_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct t_buffer *buf = file->private_data;
	unsigned long size = vma->vm_end - vma->vm_start;

	if (vma->vm_pgoff || size > buf->size)
		return -EINVAL;

	return remap_pfn_range(vma, vma->vm_start, buf->pfn, size,
			       pgprot_writecombine(vma->vm_page_prot));
}

/* For the kernel alone. */
static void *t_vmap(struct t_buffer *buf)
{
	return vmap(buf->pages, buf->nr_pages, VM_MAP, PAGE_KERNEL);
}
