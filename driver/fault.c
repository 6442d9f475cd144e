// SPDX-License-Identifier: GPL-2.0-only
/*
 * /dev/addrmap/fault: pages that are mapped when they are first accessed
 *
 * ->fault returns the page, and the memory manager maps it. The page tables
 * hold references to the pages, so get_user_pages() works. The kernel has no
 * contiguous view of the pages, which may be in high memory: it maps one at a
 * time by kmap_local_page().
 *
 * Not to be copied for memory that the driver takes back while it is mapped: the
 * memory manager maps the page when ->fault has returned, with no lock of the
 * driver's held. For that, see revoke.c.
 */
#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "internal.h"

static void fault_free(struct addrmap_buffer *buf)
{
	size_t i, nr = buf->length >> PAGE_SHIFT;

	/* Page tables and pins hold references of their own. */
	for (i = 0; i < nr && buf->pages[i]; i++)
		__free_page(buf->pages[i]);
	kvfree(buf->pages);
}

static int fault_alloc(struct addrmap_buffer *buf)
{
	size_t i, nr = buf->length >> PAGE_SHIFT;

	buf->pages = kvzalloc_objs(*buf->pages, nr, GFP_KERNEL_ACCOUNT);
	if (!buf->pages)
		return -ENOMEM;

	/* Zeroed, since user space sees it; charged; from all of memory. */
	for (i = 0; i < nr; i++) {
		buf->pages[i] = alloc_page(GFP_KERNEL_ACCOUNT | __GFP_HIGHMEM |
					   __GFP_ZERO);
		if (!buf->pages[i]) {
			fault_free(buf);
			return -ENOMEM;
		}
	}

	return 0;
}

static struct page *fault_page(struct addrmap_buffer *buf, pgoff_t pgoff)
{
	return buf->pages[pgoff];
}

static vm_fault_t fault_fault(struct vm_fault *vmf)
{
	struct addrmap_buffer *buf = vmf->vma->vm_private_data;

	/* mmap() has checked it, and nothing lets the mapping grow: be sure. */
	if (vmf->pgoff >= buf->length >> PAGE_SHIFT)
		return VM_FAULT_SIGBUS;

	/* The reference that the page table is to hold. */
	get_page(buf->pages[vmf->pgoff]);
	vmf->page = buf->pages[vmf->pgoff];

	return 0;
}

static const struct vm_operations_struct fault_vm_ops = {
	.mapped = addrmap_vm_mapped,
	.open = addrmap_vm_open,
	.close = addrmap_vm_close,
	.fault = fault_fault,
};

static int fault_mmap_prepare(struct vm_area_desc *desc)
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

	desc->private_data = buf;
	desc->vm_ops = &fault_vm_ops;

	return 0;
}

static const struct file_operations fault_fops = {
	ADDRMAP_FOPS,
	.open = addrmap_open,
	.mmap_prepare = fault_mmap_prepare,
};

const struct addrmap_technique addrmap_fault = {
	.name = "addrmap/fault",
	.fops = &fault_fops,
	.alloc = fault_alloc,
	.free = fault_free,
	.page = fault_page,
};
