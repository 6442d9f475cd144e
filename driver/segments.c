// SPDX-License-Identifier: GPL-2.0-only
/*
 * /dev/addrmap/segments: several pieces of memory, one behind the other in a VMA
 *
 * A device that has a header, a ring and another ring, say, can show all of them
 * by one mmap(). Each is contiguous and has an offset of its own in the file; in
 * memory they are anywhere. So vm_pgoff and length of a mapping are checked
 * against the sum, and ->fault against the end of the segment: behind that, in
 * memory, comes what is somebody else's.
 *
 * An action of ->mmap_prepare can map one contiguous range only, thus ->fault.
 * Since it has found the segment, it maps the rest of it as well. As in pfn.c,
 * the page tables hold no references: the memory stays as long as the file.
 *
 * Not to be copied: the lengths of the segments, each a page longer than the
 * one before it, the last one as long as it takes. They are for the tests.
 */
#include <linux/gfp.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "internal.h"

/* Contiguous memory, of which the first page is page @pgoff of the buffer. */
struct addrmap_segment {
	void *kaddr;
	pgoff_t pgoff;
	unsigned long nr_pages;
};

/* Called when the last mapping is gone, as the page tables hold no reference. */
static void segments_free(struct addrmap_buffer *buf)
{
	for (unsigned int i = 0; i < buf->nr_segments; i++) {
		struct addrmap_segment *seg = &buf->segments[i];

		if (seg->kaddr)
			free_pages_exact(seg->kaddr, seg->nr_pages << PAGE_SHIFT);
	}
	kvfree(buf->segments);
}

static int segments_alloc(struct addrmap_buffer *buf)
{
	unsigned long nr_pages = buf->length >> PAGE_SHIFT, pgoff = 0;

	while (pgoff < nr_pages)
		pgoff += ++buf->nr_segments;
	buf->segments = kvzalloc_objs(*buf->segments, buf->nr_segments,
				      GFP_KERNEL_ACCOUNT);
	if (!buf->segments)
		return -ENOMEM;

	pgoff = 0;
	for (unsigned int i = 0; i < buf->nr_segments; i++) {
		struct addrmap_segment *seg = &buf->segments[i];

		seg->pgoff = pgoff;
		seg->nr_pages = min(i + 1UL, nr_pages - pgoff);
		/* Zeroed, since user space sees it; charged; not to warn. */
		seg->kaddr = alloc_pages_exact(seg->nr_pages << PAGE_SHIFT,
					       GFP_KERNEL_ACCOUNT | __GFP_ZERO |
					       __GFP_NOWARN);
		if (!seg->kaddr) {
			segments_free(buf);
			return -ENOMEM;
		}
		pgoff += seg->nr_pages;
	}

	return 0;
}

/* The segment that has page @pgoff of the buffer, or NULL if there is none. */
static struct addrmap_segment *find(struct addrmap_buffer *buf, pgoff_t pgoff)
{
	for (unsigned int i = 0; i < buf->nr_segments; i++) {
		struct addrmap_segment *seg = &buf->segments[i];

		/* Not less than seg->pgoff, or it were in one before this. */
		if (pgoff - seg->pgoff < seg->nr_pages)
			return seg;
	}

	return NULL;
}

static struct page *segments_page(struct addrmap_buffer *buf, pgoff_t pgoff)
{
	struct addrmap_segment *seg = find(buf, pgoff);

	return virt_to_page(seg->kaddr + ((pgoff - seg->pgoff) << PAGE_SHIFT));
}

static vm_fault_t segments_fault(struct vm_fault *vmf)
{
	struct vm_area_struct *vma = vmf->vma;
	struct addrmap_segment *seg = find(vma->vm_private_data, vmf->pgoff);
	unsigned long addr = vmf->address & PAGE_MASK;
	unsigned long pfn, nr, i;
	vm_fault_t ret;

	/* mmap() has checked it, and nothing lets the mapping grow: be sure. */
	if (!seg)
		return VM_FAULT_SIGBUS;

	i = vmf->pgoff - seg->pgoff;
	pfn = page_to_pfn(virt_to_page(seg->kaddr)) + i;
	ret = vmf_insert_pfn(vma, addr, pfn);
	/* Up to the end of the segment, which may not be in the mapping. */
	nr = min(seg->nr_pages - i, (vma->vm_end - addr) >> PAGE_SHIFT);
	/* Without memory for that, there will be more faults. */
	for (i = 1; i < nr && ret == VM_FAULT_NOPAGE; i++)
		if (vmf_insert_pfn(vma, addr + (i << PAGE_SHIFT), pfn + i) !=
		    VM_FAULT_NOPAGE)
			break;

	return ret;
}

static const struct vm_operations_struct segments_vm_ops = {
	.mapped = addrmap_vm_mapped,
	.open = addrmap_vm_open,
	.close = addrmap_vm_close,
	.fault = segments_fault,
	/* get_user_pages() refuses VMA_PFNMAP_BIT: for debuggers. */
	.access = addrmap_vm_access,
};

static int segments_mmap_prepare(struct vm_area_desc *desc)
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

	/* vmf_insert_pfn() would be a BUG(): see pfn_fault.c. */
	if (vma_desc_is_cow_mapping(desc))
		return -EINVAL;

	/* vmf_insert_pfn() needs it: frames without references to pages. */
	vma_desc_set_flags(desc, VMA_PFNMAP_BIT);
	desc->private_data = buf;
	desc->vm_ops = &segments_vm_ops;

	return 0;
}

static const struct file_operations segments_fops = {
	ADDRMAP_FOPS,
	.open = addrmap_open,
	.mmap_prepare = segments_mmap_prepare,
};

const struct addrmap_technique addrmap_segments = {
	.name = "addrmap/segments",
	.fops = &segments_fops,
	.alloc = segments_alloc,
	.free = segments_free,
	.page = segments_page,
};
