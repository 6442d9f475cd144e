// SPDX-License-Identifier: GPL-2.0-only
/*
 * /dev/addrmap/pfn-fault: page frame numbers that are mapped when accessed
 *
 * As /dev/addrmap/pfn, except that nothing is mapped by mmap(): ->fault puts
 * the page frame into the page table by itself. That is for memory that has no
 * struct page, or that moves, so that mappings of it are zapped now and then.
 */
#include <linux/mm.h>

#include "internal.h"

static vm_fault_t pfn_fault_fault(struct vm_fault *vmf)
{
	struct addrmap_buffer *buf = addrmap_vma_buffer(vmf->vma);
	struct page *page;

	/* mmap() has checked it, and nothing lets the mapping grow: be sure. */
	if (vmf->pgoff >= buf->length >> PAGE_SHIFT)
		return VM_FAULT_SIGBUS;

	page = addrmap_page_contig(buf, vmf->pgoff);

	return vmf_insert_pfn(vmf->vma, vmf->address, page_to_pfn(page));
}

static const struct vm_operations_struct pfn_fault_vm_ops = {
	ADDRMAP_VM_OPS,
	.fault = pfn_fault_fault,
	.access = addrmap_vm_access,
};

static int pfn_fault_mmap_prepare(struct vm_area_desc *desc)
{
	struct addrmap_buffer *buf = addrmap_mmap_prepare(desc);

	if (IS_ERR(buf))
		return PTR_ERR(buf);

	/*
	 * In a mapping whose pages are copied on write, vmf_insert_pfn() would
	 * be a BUG(). Any private mapping of a file is one: that it is not
	 * writable now does not mean that it stays so.
	 */
	if (vma_desc_is_cow_mapping(desc))
		return -EINVAL;

	vma_desc_set_flags(desc, VMA_PFNMAP_BIT);
	desc->vm_ops = &pfn_fault_vm_ops;

	return 0;
}

static const struct file_operations pfn_fault_fops = {
	ADDRMAP_FOPS,
	.mmap_prepare = pfn_fault_mmap_prepare,
};

const struct addrmap_technique addrmap_pfn_fault = {
	.name = "addrmap/pfn-fault",
	.fops = &pfn_fault_fops,
	.alloc = addrmap_alloc_contig,
	.free = addrmap_free_contig,
	.page = addrmap_page_contig,
};
