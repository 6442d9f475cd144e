// SPDX-License-Identifier: GPL-2.0-only
/*
 * /dev/addrmap/fault-around: pages that are mapped some at a time on access
 *
 * As /dev/addrmap/fault, except that ->fault also maps the pages behind the one
 * that was accessed, which spares the faults on them. The memory manager does
 * so for the pages of files by ->map_pages. That is not for modules: it runs in
 * an RCU read-side critical section and sets page table entries by functions
 * that are not exported. Drivers call vm_insert_pages(), or vmf_insert_pfn() in
 * a loop, in ->fault.
 *
 * The pages are of large folios where there are such, because vm_insert_pages()
 * and munmap() do what they can for all pages of a folio at once.
 *
 * Not to be copied: that 64 pages are mapped at once, which is for the tests. It is
 * of use as far as programs go on to access these pages, and costs time otherwise.
 * Nor for memory that the driver takes back while it is mapped: see revoke.c.
 */
#include <linux/align.h>
#include <linux/gfp.h>
#include <linux/log2.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "internal.h"

/* At most this many pages are mapped by one fault. */
#define FAULT_AROUND	64
#define LARGEST_ORDER	ilog2(FAULT_AROUND)

static void fault_around_free(struct addrmap_buffer *buf)
{
	size_t i, nr = buf->length >> PAGE_SHIFT;

	/* Page tables and pins hold references of their own. */
	for (i = 0; i < nr && buf->pages[i]; i++)
		put_page(buf->pages[i]);
	kvfree(buf->pages);
}

static int fault_around_alloc(struct addrmap_buffer *buf)
{
	/* Zeroed, since user space sees it; charged; from all of memory. */
	const gfp_t gfp = GFP_KERNEL_ACCOUNT | __GFP_HIGHMEM | __GFP_ZERO;
	size_t i, j, nr = buf->length >> PAGE_SHIFT;
	unsigned int order = LARGEST_ORDER;
	struct folio *folio;

	buf->pages = kvzalloc_objs(*buf->pages, nr, GFP_KERNEL_ACCOUNT);
	if (!buf->pages)
		return -ENOMEM;

	for (i = 0; i < nr;) {
		/* A large one if that is easy, not larger than what is left. */
		order = min_t(unsigned int, order, ilog2(nr - i));
		folio = folio_alloc(order ? gfp | __GFP_NORETRY | __GFP_NOWARN :
				    gfp, order);
		if (!folio && order) {
			order--;
			continue;
		}
		if (!folio) {
			fault_around_free(buf);
			return -ENOMEM;
		}

		/* A reference for each entry of the array. */
		folio_ref_add(folio, folio_nr_pages(folio) - 1);
		for (j = 0; j < folio_nr_pages(folio); j++)
			buf->pages[i++] = folio_page(folio, j);
	}

	return 0;
}

static struct page *fault_around_page(struct addrmap_buffer *buf, pgoff_t pgoff)
{
	return buf->pages[pgoff];
}

/*
 * Maps the pages behind the one that the fault is about, up to the next multiple
 * of FAULT_AROUND pages. That is optional, so failing does not matter: if there
 * is a page already, or no memory, the rest has to wait for faults of its own.
 */
static void map_around(struct vm_fault *vmf, struct addrmap_buffer *buf)
{
	unsigned long addr = (vmf->address & PAGE_MASK) + PAGE_SIZE;
	unsigned long end = ALIGN(addr, FAULT_AROUND * PAGE_SIZE);
	unsigned long nr;

	/* Neither behind the VMA nor behind the buffer. */
	end = min(end, vmf->vma->vm_end);
	if (addr >= end)
		return;
	nr = min((end - addr) >> PAGE_SHIFT,
		 (buf->length >> PAGE_SHIFT) - vmf->pgoff - 1);
	if (nr)
		vm_insert_pages(vmf->vma, addr, buf->pages + vmf->pgoff + 1,
				&nr);
}

static vm_fault_t fault_around_fault(struct vm_fault *vmf)
{
	struct addrmap_buffer *buf = vmf->vma->vm_private_data;

	/* mmap() has checked it, and nothing lets the mapping grow: be sure. */
	if (vmf->pgoff >= buf->length >> PAGE_SHIFT)
		return VM_FAULT_SIGBUS;

	map_around(vmf, buf);

	/* The reference that the page table is to hold. */
	get_page(buf->pages[vmf->pgoff]);
	vmf->page = buf->pages[vmf->pgoff];

	return 0;
}

static const struct vm_operations_struct fault_around_vm_ops = {
	.mapped = addrmap_vm_mapped,
	.open = addrmap_vm_open,
	.close = addrmap_vm_close,
	.fault = fault_around_fault,
};

static int fault_around_mmap_prepare(struct vm_area_desc *desc)
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

	/* vm_insert_pages() could not set it when there is a fault. */
	vma_desc_set_flags(desc, VMA_MIXEDMAP_BIT);
	desc->private_data = buf;
	desc->vm_ops = &fault_around_vm_ops;

	return 0;
}

static const struct file_operations fault_around_fops = {
	ADDRMAP_FOPS,
	.open = addrmap_open,
	.mmap_prepare = fault_around_mmap_prepare,
};

const struct addrmap_technique addrmap_fault_around = {
	.name = "addrmap/fault-around",
	.fops = &fault_around_fops,
	.alloc = fault_around_alloc,
	.free = fault_around_free,
	.page = fault_around_page,
};
