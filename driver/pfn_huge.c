// SPDX-License-Identifier: GPL-2.0-only
/*
 * /dev/addrmap/pfn-huge: page frame numbers in large blocks, with one page table
 * entry each
 *
 * As /dev/addrmap/huge, for frames without references to pages, as in pfn_fault.c.
 * ->huge_fault maps a block by an entry of the PMD level, if all of it lies in the
 * mapping and at the same offset in its PMD; otherwise ->fault maps a single frame.
 * When a part of a block is unmapped or protected, the memory manager takes the
 * entry away, and ->fault is asked for the rest. Without
 * CONFIG_ARCH_SUPPORTS_PMD_PFNMAP, get_user_pages_fast() would take a huge entry for
 * one of pages: there, all frames are mapped one by one.
 *
 * The blocks are allocated without __GFP_COMP. That flag makes a folio of a block,
 * for users that count references to it, as in huge.c. Here nobody counts: the
 * blocks stay as long as the file, which every mapping keeps.
 *
 * Entries of the PUD level are left out. On x86 and arm64 with pages of 4 KiB each
 * maps 1 GiB that starts at a multiple of that, and the page allocator has no such
 * blocks (see MAX_PAGE_ORDER): only a device's memory is that large. A driver for it
 * does the same for PUD_ORDER by vmf_insert_pfn_pud(), with
 * CONFIG_ARCH_SUPPORTS_PUD_PFNMAP, if the processor has such entries: on x86 not
 * all have, see X86_FEATURE_GBPAGES, and nothing that is called here looks.
 *
 * Not to be copied to a driver whose memory can start anywhere, as part of a BAR:
 * the frame number has to be a multiple of what the entry maps, which is to be
 * checked then. Here it is, because the page allocator aligns blocks to their size.
 */
#include <linux/align.h>
#include <linux/gfp.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/slab.h>

#include "addrmap.h"
#include "internal.h"

/* No block is larger than a buffer, be the page tables as they may. */
#define BLOCK_BYTES	min_t(size_t, PMD_SIZE, ADDRMAP_SHARED_LENGTH)
#define BLOCK_PAGES	(BLOCK_BYTES >> PAGE_SHIFT)

/* The last block of a buffer may be smaller: then it is mapped frame by frame. */
static size_t block_length(struct addrmap_buffer *buf, size_t i)
{
	return min(BLOCK_BYTES, buf->length - i * BLOCK_BYTES);
}

/* Called when the last mapping is gone, as the page tables hold no reference. */
static void pfn_huge_free(struct addrmap_buffer *buf)
{
	size_t i, nr = DIV_ROUND_UP(buf->length, BLOCK_BYTES);

	for (i = 0; i < nr && buf->raw_blocks[i]; i++)
		free_pages_exact(buf->raw_blocks[i], block_length(buf, i));
	kvfree(buf->raw_blocks);
}

static int pfn_huge_alloc(struct addrmap_buffer *buf)
{
	size_t i, nr = DIV_ROUND_UP(buf->length, BLOCK_BYTES);

	buf->raw_blocks = kvzalloc_objs(*buf->raw_blocks, nr, GFP_KERNEL_ACCOUNT);
	if (!buf->raw_blocks)
		return -ENOMEM;

	/* Zeroed, charged, and no warning if there is no such block. */
	for (i = 0; i < nr; i++) {
		buf->raw_blocks[i] = alloc_pages_exact(block_length(buf, i),
						       GFP_KERNEL_ACCOUNT |
						       __GFP_ZERO | __GFP_NOWARN);
		if (!buf->raw_blocks[i]) {
			pfn_huge_free(buf);
			return -ENOMEM;
		}
	}

	return 0;
}

static struct page *pfn_huge_page(struct addrmap_buffer *buf, pgoff_t pgoff)
{
	return virt_to_page(buf->raw_blocks[pgoff / BLOCK_PAGES] +
			    (pgoff % BLOCK_PAGES << PAGE_SHIFT));
}

static vm_fault_t pfn_huge_fault(struct vm_fault *vmf)
{
	struct addrmap_buffer *buf = vmf->vma->vm_private_data;

	/* mmap() has checked it, and nothing lets the mapping grow: be sure. */
	if (vmf->pgoff >= buf->length >> PAGE_SHIFT)
		return VM_FAULT_SIGBUS;

	return vmf_insert_pfn(vmf->vma, vmf->address,
			      page_to_pfn(pfn_huge_page(buf, vmf->pgoff)));
}

#ifdef CONFIG_ARCH_SUPPORTS_PMD_PFNMAP
static vm_fault_t pfn_huge_huge_fault(struct vm_fault *vmf, unsigned int order)
{
	struct addrmap_buffer *buf = vmf->vma->vm_private_data;
	struct vm_area_struct *vma = vmf->vma;
	unsigned long addr = vmf->address & PMD_MASK;
	pgoff_t pgoff = linear_page_index(vma, addr);

	if (order != PMD_ORDER || BLOCK_BYTES != PMD_SIZE)
		return VM_FAULT_FALLBACK;
	/* What comes next does not check the end, nor the alignment. */
	if (addr < vma->vm_start || vma->vm_end - addr < PMD_SIZE ||
	    !IS_ALIGNED(pgoff, BLOCK_PAGES) ||
	    pgoff + BLOCK_PAGES > buf->length >> PAGE_SHIFT)
		return VM_FAULT_FALLBACK;

	/* A write to an entry that is read-only comes here, too: make it writable. */
	return vmf_insert_pfn_pmd(vmf, page_to_pfn(pfn_huge_page(buf, pgoff)),
				  vmf->flags & FAULT_FLAG_WRITE);
}
#endif

static const struct vm_operations_struct pfn_huge_vm_ops = {
	.mapped = addrmap_vm_mapped,
	.open = addrmap_vm_open,
	.close = addrmap_vm_close,
	.fault = pfn_huge_fault,
#ifdef CONFIG_ARCH_SUPPORTS_PMD_PFNMAP
	.huge_fault = pfn_huge_huge_fault,
#endif
	/* get_user_pages() refuses VMA_PFNMAP_BIT: for debuggers. */
	.access = addrmap_vm_access,
};

static int pfn_huge_mmap_prepare(struct vm_area_desc *desc)
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

	/* vmf_insert_pfn() and _pmd() would be a BUG(): see pfn_fault.c. */
	if (vma_desc_is_cow_mapping(desc))
		return -EINVAL;

	/*
	 * Both need it: frames without references to pages. The policy for THP
	 * does not apply then, which is about memory that they allocate.
	 */
	vma_desc_set_flags(desc, VMA_PFNMAP_BIT);
	desc->private_data = buf;
	desc->vm_ops = &pfn_huge_vm_ops;

	return 0;
}

static const struct file_operations pfn_huge_fops = {
	ADDRMAP_FOPS,
	.open = addrmap_open,
	.mmap_prepare = pfn_huge_mmap_prepare,
	/* Addresses for which ->huge_fault does not have to fall back. */
	.get_unmapped_area = thp_get_unmapped_area,
};

const struct addrmap_technique addrmap_pfn_huge = {
	.name = "addrmap/pfn-huge",
	.fops = &pfn_huge_fops,
	.alloc = pfn_huge_alloc,
	.free = pfn_huge_free,
	.page = pfn_huge_page,
};
