// SPDX-License-Identifier: GPL-2.0-only
// Only parsed, by scripts/check-scripts: does what fault-dontexpand asks for
static vm_fault_t t_fault(struct vm_fault *vmf)
{
	struct t_buffer *buf = vmf->vma->vm_private_data;

	if (vmf->pgoff >= buf->nr_pages)
		return VM_FAULT_SIGBUS;

	vmf->page = buf->pages[vmf->pgoff];
	get_page(vmf->page);

	return 0;
}

static const struct vm_operations_struct t_vm_ops = {
	.fault = t_fault,
};

static vm_fault_t t_bytes_fault(struct vm_fault *vmf)
{
	struct t_buffer *buf = vmf->vma->vm_private_data;
	size_t at = (size_t)vmf->pgoff << PAGE_SHIFT;
	char *addr = buf->kaddr + at;

	if (addr >= buf->end)
		return VM_FAULT_SIGBUS;
	vmf->page = virt_to_page(addr);
	get_page(vmf->page);

	return 0;
}

static const struct vm_operations_struct t_bytes_vm_ops = {
	.open = t_open,
	.fault = t_bytes_fault,
};
