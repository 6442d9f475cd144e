// SPDX-License-Identifier: GPL-2.0-only
/*
 * /dev/addrmap/pfn-fault: page frame numbers that are mapped when accessed
 *
 * As /dev/addrmap/pfn, except that nothing is mapped by mmap(): ->fault puts
 * the page frame into the page table by itself. That is for memory that has no
 * struct page, or that moves, so that mappings of it are zapped now and then.
 *
 * Not to be copied as it is for memory that moves or goes away: here it does not,
 * so ->fault takes no lock, and could map the old frame just after the zap. What
 * has to be locked then is in revoke.c.
 */
#include <linux/gfp.h>
#include <linux/mm.h>

#include "internal.h"

static int pfn_fault_alloc(struct addrmap_buffer *buf)
{
	/* Zeroed, charged, and no warning if user space asks for too much. */
	buf->kaddr = alloc_pages_exact(buf->length, GFP_KERNEL_ACCOUNT |
				       __GFP_ZERO | __GFP_NOWARN);

	return buf->kaddr ? 0 : -ENOMEM;
}

/* Called when the last mapping is gone, as the page tables hold no reference. */
static void pfn_fault_free(struct addrmap_buffer *buf)
{
	free_pages_exact(buf->kaddr, buf->length);
}

static struct page *pfn_fault_page(struct addrmap_buffer *buf, pgoff_t pgoff)
{
	return virt_to_page(buf->kaddr + (pgoff << PAGE_SHIFT));
}

static vm_fault_t pfn_fault_fault(struct vm_fault *vmf)
{
	struct addrmap_buffer *buf = vmf->vma->vm_private_data;
	struct page *page;

	/* mmap() has checked it, and nothing lets the mapping grow: be sure. */
	if (vmf->pgoff >= buf->length >> PAGE_SHIFT)
		return VM_FAULT_SIGBUS;

	page = pfn_fault_page(buf, vmf->pgoff);

	return vmf_insert_pfn(vmf->vma, vmf->address, page_to_pfn(page));
}

static const struct vm_operations_struct pfn_fault_vm_ops = {
	.mapped = addrmap_vm_mapped,
	.open = addrmap_vm_open,
	.close = addrmap_vm_close,
	.fault = pfn_fault_fault,
	/* get_user_pages() refuses VMA_PFNMAP_BIT: for debuggers. */
	.access = addrmap_vm_access,
};

static int pfn_fault_mmap_prepare(struct vm_area_desc *desc)
{
	struct addrmap_buffer *buf = addrmap_buffer(desc->file);
	unsigned long nr_pages = buf->length >> PAGE_SHIFT;

	/* All of it in the buffer, compared so that nothing overflows. */
	if (desc->pgoff >= nr_pages ||
	    vma_desc_pages(desc) > nr_pages - desc->pgoff)
		return -EINVAL;

	/* Not executable, now or later; not to grow; not in core dumps. */
	if (vma_desc_test(desc, VMA_EXEC_BIT))
		return -EPERM;
	vma_desc_clear_flags(desc, VMA_MAYEXEC_BIT);
	vma_desc_set_flags(desc, VMA_DONTEXPAND_BIT, VMA_DONTDUMP_BIT);

	/*
	 * In a mapping whose pages are copied on write, vmf_insert_pfn() would
	 * be a BUG(). Any private mapping of a file is one: that it is not
	 * writable now does not mean that it stays so.
	 */
	if (vma_desc_is_cow_mapping(desc))
		return -EINVAL;

	/* vmf_insert_pfn() needs it: frames without references to pages. */
	vma_desc_set_flags(desc, VMA_PFNMAP_BIT);
	desc->private_data = buf;
	desc->vm_ops = &pfn_fault_vm_ops;

	return 0;
}

static const struct file_operations pfn_fault_fops = {
	ADDRMAP_FOPS,
	.open = addrmap_open,
	.mmap_prepare = pfn_fault_mmap_prepare,
};

const struct addrmap_technique addrmap_pfn_fault = {
	.name = "addrmap/pfn-fault",
	.fops = &pfn_fault_fops,
	.alloc = pfn_fault_alloc,
	.free = pfn_fault_free,
	.page = pfn_fault_page,
};
