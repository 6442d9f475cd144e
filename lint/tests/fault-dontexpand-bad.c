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
