// SPDX-License-Identifier: GPL-2.0-only
// Only parsed, by scripts/check-scripts: has the mistake of fault-dontexpand
static vm_fault_t t_fault(struct vm_fault *vmf)
{
	struct t_buffer *buf = vmf->vma->vm_private_data;

	vmf->page = buf->pages[vmf->pgoff]; /* HIT */
	get_page(vmf->page);

	return 0;
}

static const struct vm_operations_struct t_vm_ops = {
	.fault = t_fault,
};

/* In bytes, then as an address. */
static vm_fault_t t_bytes_fault(struct vm_fault *vmf)
{
	struct t_buffer *buf = vmf->vma->vm_private_data;
	size_t at = (size_t)vmf->pgoff << PAGE_SHIFT;
	char *addr = buf->kaddr + at;
	struct page *page = buf->vmalloc ? vmalloc_to_page(addr) : virt_to_page(addr); /* HIT */

	get_page(page);
	vmf->page = page;

	return 0;
}

static const struct vm_operations_struct t_bytes_vm_ops = {
	.open = t_open,
	.fault = t_bytes_fault,
};

/* VM_DONTEXPAND would not be enough, as nothing looks at how long the mapping is. */
static vm_fault_t t_direct_fault(struct vm_fault *vmf)
{
	vmf->page = virt_to_page(t_buffer + (vmf->pgoff << PAGE_SHIFT)); /* HIT */
	get_page(vmf->page);

	return 0;
}

static const struct vm_operations_struct t_direct_vm_ops = {
	.fault = t_direct_fault,
};

static vm_fault_t t_frame_fault(struct vm_fault *vmf)
{
	return vmf_insert_pfn(vmf->vma, vmf->address, t_pfn + vmf->pgoff); /* HIT */
}

static const struct vm_operations_struct t_frame_vm_ops = {
	.fault = t_frame_fault,
};
