// SPDX-License-Identifier: GPL-2.0-only
// Only parsed, by scripts/check-scripts: does without the mistake of fault-from-start
static vm_fault_t t_fault(struct vm_fault *vmf)
{
	struct t_buffer *buf = vmf->vma->vm_private_data;

	if (vmf->pgoff >= buf->nr_pages)
		return VM_FAULT_SIGBUS;

	return vmf_insert_pfn(vmf->vma, vmf->address, buf->first_pfn + vmf->pgoff);
}

/* The distance, and what was unmapped before it. */
static vm_fault_t t_gem_fault(struct vm_fault *vmf)
{
	struct vm_area_struct *vma = vmf->vma;
	struct t_buffer *buf = vma->vm_private_data;
	unsigned long page;

	page = ((vmf->address - vma->vm_start) >> PAGE_SHIFT) + vma->vm_pgoff - buf->node;
	if (page >= buf->nr_pages)
		return VM_FAULT_SIGBUS;

	return vmf_insert_pfn(vma, vmf->address, buf->first_pfn + page);
}

/* How long a mapping is depends on no page. */
static vm_fault_t t_whole_fault(struct vm_fault *vmf)
{
	struct vm_area_struct *vma = vmf->vma;
	struct t_buffer *buf = vma->vm_private_data;

	return t_map_all(buf, vma, vma->vm_end - vma->vm_start);
}

/* The distance only says how many pages there are before this one. */
static vm_fault_t t_do_around(struct t_buffer *buf, struct vm_area_struct *vma,
			      unsigned long address)
{
	unsigned long before = min(address - vma->vm_start, 16 * PAGE_SIZE);
	pgoff_t page = linear_page_index(vma, address);

	return t_map_some(buf, vma, address - before, page - (before >> PAGE_SHIFT));
}

static vm_fault_t t_around_fault(struct vm_fault *vmf)
{
	return t_do_around(vmf->vma->vm_private_data, vmf->vma, vmf->address);
}
