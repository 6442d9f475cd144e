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
