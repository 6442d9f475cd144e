// SPDX-License-Identifier: GPL-2.0-only
// Only parsed, by scripts/check-scripts: has the mistake of fault-from-start
static vm_fault_t t_fault(struct vm_fault *vmf)
{
	struct vm_area_struct *vma = vmf->vma;
	struct t_buffer *buf = vma->vm_private_data;
	unsigned long page = (vmf->address - vma->vm_start) >> PAGE_SHIFT; /* HIT */

	if (page >= buf->nr_pages)
		return VM_FAULT_SIGBUS;

	return vmf_insert_pfn(vma, vmf->address, buf->first_pfn + page);
}

static vm_fault_t t_huge_fault(struct vm_fault *vmf, unsigned int order)
{
	struct vm_area_struct *vma = vmf->vma;
	struct t_buffer *buf = vma->vm_private_data;
	pgoff_t page = vmf->pgoff - vma->vm_pgoff; /* HIT */

	if (page >= buf->nr_pages)
		return VM_FAULT_SIGBUS;

	return vmf_insert_pfn_pmd(vmf, buf->first_pfn + page, false);
}

static vm_fault_t t_pfn_mkwrite(struct vm_fault *vmf)
{
	struct t_buffer *buf = vmf->vma->vm_private_data;

	set_bit(linear_page_delta(vmf->vma, vmf->address), buf->written); /* HIT */

	return 0;
}

static vm_fault_t t_named_fault(struct vm_fault *vmf)
{
	struct vm_area_struct *area = vmf->vma;
	struct t_buffer *buf = area->vm_private_data;
	unsigned long addr = vmf->address, base = area->vm_start;
	unsigned long nr = PFN_DOWN(addr - base); /* HIT */

	return nr < buf->nr_pages ? vmf_insert_pfn(area, addr, buf->first_pfn + nr) :
				    VM_FAULT_SIGBUS;
}

/* The handler calls another function with the address. */
static vm_fault_t t_do_fault(struct t_buffer *buf, struct vm_area_struct *vma,
			     unsigned long address)
{
	pgoff_t page = (address - vma->vm_start) >> PAGE_SHIFT; /* HIT */

	if (page >= buf->nr_pages)
		return VM_FAULT_SIGBUS;

	return vmf_insert_pfn(vma, address, buf->first_pfn + page);
}

static vm_fault_t t_outer_fault(struct vm_fault *vmf)
{
	return t_do_fault(vmf->vma->vm_private_data, vmf->vma, vmf->address);
}
