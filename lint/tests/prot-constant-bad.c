// SPDX-License-Identifier: GPL-2.0-only
// Only parsed, by scripts/check-scripts: has the mistake of prot-constant
static int t_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct t_buffer *buf = file->private_data;
	unsigned long size = vma->vm_end - vma->vm_start;

	if (vma->vm_pgoff || size > buf->size)
		return -EINVAL;

	return remap_pfn_range(vma, vma->vm_start, buf->pfn, size, PAGE_SHARED); /* HIT */
}

static vm_fault_t t_fault(struct vm_fault *vmf)
{
	struct t_buffer *buf = vmf->vma->vm_private_data;

	if (vmf->pgoff >= buf->nr_pages)
		return VM_FAULT_SIGBUS;

	return vmf_insert_pfn_prot(vmf->vma, vmf->address, buf->pfn + vmf->pgoff, /* HIT */
				   pgprot_writecombine(PAGE_KERNEL));
}
