// SPDX-License-Identifier: GPL-2.0-only
/*
 * /dev/addrmap/huge: memory in large blocks, with one page table entry each
 *
 * ->huge_fault is asked first, and maps a whole block by an entry of the PMD
 * level, if the block lies in the mapping and at the same offset in its PMD.
 * Otherwise, ->fault maps a single page. For the former to be the normal case,
 * mmap() has to choose a suitable address: ->get_unmapped_area.
 *
 * Not to be copied for small buffers: a buffer of one page takes a whole block.
 * pfn_huge.c has a last block that is smaller. Nor for memory that the driver takes
 * back while it is mapped: see revoke.c.
 */
#include <linux/bits.h>
#include <linux/gfp.h>
#include <linux/log2.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/slab.h>

#include "addrmap.h"
#include "internal.h"

/* No block is larger than a buffer, be the page tables as they may. */
#define BLOCK_ORDER \
	min_t(unsigned int, PMD_ORDER, ilog2(ADDRMAP_SHARED_LENGTH) - PAGE_SHIFT)
#define BLOCK_PAGES	BIT(BLOCK_ORDER)

static void huge_free(struct addrmap_buffer *buf)
{
	size_t i, nr = DIV_ROUND_UP(buf->length >> PAGE_SHIFT, BLOCK_PAGES);

	/* Page tables and pins hold references of their own. */
	for (i = 0; i < nr && buf->blocks[i]; i++)
		folio_put(buf->blocks[i]);
	kvfree(buf->blocks);
}

static int huge_alloc(struct addrmap_buffer *buf)
{
	size_t i, nr = DIV_ROUND_UP(buf->length >> PAGE_SHIFT, BLOCK_PAGES);

	buf->blocks = kvzalloc_objs(*buf->blocks, nr, GFP_KERNEL_ACCOUNT);
	if (!buf->blocks)
		return -ENOMEM;

	/* Zeroed, charged, and no warning if there is no such block. */
	for (i = 0; i < nr; i++) {
		buf->blocks[i] = folio_alloc(GFP_KERNEL_ACCOUNT | __GFP_ZERO |
					     __GFP_NOWARN, BLOCK_ORDER);
		if (!buf->blocks[i]) {
			huge_free(buf);
			return -ENOMEM;
		}
	}

	return 0;
}

static struct page *huge_page(struct addrmap_buffer *buf, pgoff_t pgoff)
{
	return folio_page(buf->blocks[pgoff / BLOCK_PAGES], pgoff % BLOCK_PAGES);
}

static vm_fault_t huge_fault(struct vm_fault *vmf)
{
	struct addrmap_buffer *buf = vmf->vma->vm_private_data;

	/* mmap() has checked it, and nothing lets the mapping grow: be sure. */
	if (vmf->pgoff >= buf->length >> PAGE_SHIFT)
		return VM_FAULT_SIGBUS;

	/* The reference that the page table is to hold. */
	vmf->page = huge_page(buf, vmf->pgoff);
	get_page(vmf->page);

	return 0;
}

#ifdef CONFIG_TRANSPARENT_HUGEPAGE
static vm_fault_t huge_huge_fault(struct vm_fault *vmf, unsigned int order)
{
	struct addrmap_buffer *buf = vmf->vma->vm_private_data;
	struct vm_area_struct *vma = vmf->vma;
	unsigned long addr = vmf->address & PMD_MASK;
	bool write = vmf->flags & FAULT_FLAG_WRITE;
	pgoff_t pgoff = linear_page_index(vma, addr);

	if (order != PMD_ORDER || BLOCK_ORDER != PMD_ORDER)
		return VM_FAULT_FALLBACK;
	/* The copy for a private mapping is made of a single page. */
	if (write && !(vma->vm_flags & VM_SHARED))
		return VM_FAULT_FALLBACK;
	/* What comes next does not check the end, nor the alignment. */
	if (addr < vma->vm_start || vma->vm_end - addr < PMD_SIZE ||
	    !IS_ALIGNED(pgoff, BLOCK_PAGES) ||
	    pgoff + BLOCK_PAGES > buf->length >> PAGE_SHIFT)
		return VM_FAULT_FALLBACK;

	/* Takes a reference of its own. */
	return vmf_insert_folio_pmd(vmf, buf->blocks[pgoff / BLOCK_PAGES],
				    write);
}
#endif

static const struct vm_operations_struct huge_vm_ops = {
	.mapped = addrmap_vm_mapped,
	.open = addrmap_vm_open,
	.close = addrmap_vm_close,
	.fault = huge_fault,
#ifdef CONFIG_TRANSPARENT_HUGEPAGE
	.huge_fault = huge_huge_fault,
#endif
};

static int huge_mmap_prepare(struct vm_area_desc *desc)
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

	/* As if by madvise(): ->huge_fault is subject to the policy for THP. */
	vma_desc_set_flags(desc, VMA_HUGEPAGE_BIT);
	desc->private_data = buf;
	desc->vm_ops = &huge_vm_ops;

	return 0;
}

static const struct file_operations huge_fops = {
	ADDRMAP_FOPS,
	.open = addrmap_open,
	.mmap_prepare = huge_mmap_prepare,
	.get_unmapped_area = thp_get_unmapped_area,
};

const struct addrmap_technique addrmap_huge = {
	.name = "addrmap/huge",
	.fops = &huge_fops,
	.alloc = huge_alloc,
	.free = huge_free,
	.page = huge_page,
};
