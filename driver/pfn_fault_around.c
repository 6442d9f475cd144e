// SPDX-License-Identifier: GPL-2.0-only
/*
 * /dev/addrmap/pfn-fault-around: page frame numbers that are mapped some at a
 * time on access
 *
 * As /dev/addrmap/pfn-fault, except that ->fault also maps the frames behind the
 * one that was accessed, which spares the faults on them. Each vmf_insert_pfn()
 * looks up the page table and its lock again; there is no function for a range
 * in ->fault. remap_pfn_range() is none: it is for mmap() and expects that
 * nothing is mapped yet.
 */
#include <linux/align.h>
#include <linux/gfp.h>
#include <linux/minmax.h>
#include <linux/mm.h>

#include "internal.h"

/* At most this many frames are mapped by one fault. */
#define FAULT_AROUND	64

static int pfn_fault_around_alloc(struct addrmap_buffer *buf)
{
	/* Zeroed, charged, and no warning if user space asks for too much. */
	buf->kaddr = alloc_pages_exact(buf->length, GFP_KERNEL_ACCOUNT |
				       __GFP_ZERO | __GFP_NOWARN);

	return buf->kaddr ? 0 : -ENOMEM;
}

/* Called when the last mapping is gone, as the page tables hold no reference. */
static void pfn_fault_around_free(struct addrmap_buffer *buf)
{
	free_pages_exact(buf->kaddr, buf->length);
}

static struct page *pfn_fault_around_page(struct addrmap_buffer *buf,
					  pgoff_t pgoff)
{
	return virt_to_page(buf->kaddr + (pgoff << PAGE_SHIFT));
}

static vm_fault_t pfn_fault_around_fault(struct vm_fault *vmf)
{
	unsigned long addr = vmf->address & PAGE_MASK;
	unsigned long i, nr, pfn, nr_pages;
	struct addrmap_buffer *buf;
	vm_fault_t ret;

	buf = vmf->vma->vm_private_data;
	nr_pages = buf->length >> PAGE_SHIFT;
	/* mmap() has checked it, and nothing lets the mapping grow: be sure. */
	if (vmf->pgoff >= nr_pages)
		return VM_FAULT_SIGBUS;

	/* The one that the fault is about: its result is that of the fault. */
	pfn = page_to_pfn(pfn_fault_around_page(buf, vmf->pgoff));
	ret = vmf_insert_pfn(vmf->vma, addr, pfn);
	if (ret != VM_FAULT_NOPAGE)
		return ret;

	/*
	 * Those behind it, up to the next multiple of FAULT_AROUND pages, but
	 * neither behind the VMA nor behind the buffer. They are optional: if
	 * there is no memory for a page table, they wait for faults of their
	 * own. What is mapped already stays as it is.
	 */
	nr = ALIGN(addr + 1, FAULT_AROUND * PAGE_SIZE) - addr;
	nr = min(nr, vmf->vma->vm_end - addr) >> PAGE_SHIFT;
	nr = min(nr, nr_pages - vmf->pgoff);
	for (i = 1; i < nr; i++) {
		if (vmf_insert_pfn(vmf->vma, addr + i * PAGE_SIZE, pfn + i) !=
		    VM_FAULT_NOPAGE)
			break;
	}

	return ret;
}

static const struct vm_operations_struct pfn_fault_around_vm_ops = {
	.mapped = addrmap_vm_mapped,
	.open = addrmap_vm_open,
	.close = addrmap_vm_close,
	.fault = pfn_fault_around_fault,
	/* get_user_pages() refuses VMA_PFNMAP_BIT: for debuggers. */
	.access = addrmap_vm_access,
};

static int pfn_fault_around_mmap_prepare(struct vm_area_desc *desc)
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
	desc->vm_ops = &pfn_fault_around_vm_ops;

	return 0;
}

static const struct file_operations pfn_fault_around_fops = {
	ADDRMAP_FOPS,
	.open = addrmap_open,
	.mmap_prepare = pfn_fault_around_mmap_prepare,
};

const struct addrmap_technique addrmap_pfn_fault_around = {
	.name = "addrmap/pfn-fault-around",
	.fops = &pfn_fault_around_fops,
	.alloc = pfn_fault_around_alloc,
	.free = pfn_fault_around_free,
	.page = pfn_fault_around_page,
};
