// SPDX-License-Identifier: GPL-2.0-only
/*
 * /dev/addrmap/written: pages of which the driver knows who has written to them
 *
 * As /dev/addrmap/fault, but the memory manager asks ->page_mkwrite before a page
 * of a shared mapping becomes writable. A driver that has to tell its device
 * what to update, for example, thus learns it page by page (deferred I/O), here
 * by a bitmap. To learn of later writes as well, it makes the page read-only
 * again in all mappings, which is what ADDRMAP_WRITTEN does.
 *
 * What must not get lost is a write during that: a bit that is cleared before
 * the page table entry becomes writable. So the page stays locked from
 * ->page_mkwrite until there is the entry: VM_FAULT_LOCKED.
 *
 * All files have one address_space, in which mapping_wrprotect_range() finds the
 * mappings; it passes over those that show another page at the same offset. The
 * references to the pages are as in fault.c.
 *
 * What is not noticed: writes by who has pinned a page before. For the memory
 * manager not to do so for long, get_user_pages() refuses FOLL_LONGTERM with
 * FOLL_WRITE where there is ->page_mkwrite.
 *
 * Not to be copied: that user space asks what was written, and takes that away from
 * whoever asks next. It is for the tests. A driver asks by itself, as from a work
 * item some time after the first ->page_mkwrite, and updates its device.
 */
#include <linux/bitmap.h>
#include <linux/err.h>
#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/rmap.h>
#include <linux/slab.h>

#include "internal.h"

static struct file *written_anon;	/* has the address_space of all files */

static int written_init(void)
{
	written_anon = addrmap_anon_create();

	return PTR_ERR_OR_ZERO(written_anon);
}

static void written_exit(void)
{
	addrmap_anon_destroy(written_anon);
}

static void written_free(struct addrmap_buffer *buf)
{
	size_t i, nr = buf->length >> PAGE_SHIFT;

	/* Page tables and pins hold references of their own. */
	for (i = 0; buf->pages && i < nr && buf->pages[i]; i++)
		__free_page(buf->pages[i]);
	kvfree(buf->pages);
	bitmap_free(buf->written);
}

static int written_alloc(struct addrmap_buffer *buf)
{
	size_t i, nr = buf->length >> PAGE_SHIFT;

	buf->written = bitmap_zalloc(nr, GFP_KERNEL_ACCOUNT);
	buf->pages = kvzalloc_objs(*buf->pages, nr, GFP_KERNEL_ACCOUNT);
	if (!buf->written || !buf->pages)
		goto fail;

	/* Zeroed, since user space sees it; charged; from all of memory. */
	for (i = 0; i < nr; i++) {
		buf->pages[i] = alloc_page(GFP_KERNEL_ACCOUNT | __GFP_HIGHMEM |
					   __GFP_ZERO);
		if (!buf->pages[i])
			goto fail;
	}

	return 0;

fail:
	written_free(buf);
	return -ENOMEM;
}

static struct page *written_page(struct addrmap_buffer *buf, pgoff_t pgoff)
{
	return buf->pages[pgoff];
}

static int written_open(struct inode *inode, struct file *file)
{
	int err = addrmap_open(inode, file);

	/* mmap() adds its mappings to this. */
	if (!err)
		file->f_mapping = written_anon->f_mapping;

	return err;
}

static vm_fault_t written_fault(struct vm_fault *vmf)
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

/*
 * A page of a shared mapping is written to: after ->fault, or when read-only. So there
 * is the page, and ->fault has checked the offset.
 */
static vm_fault_t written_mkwrite(struct vm_fault *vmf)
{
	struct addrmap_buffer *buf = vmf->vma->vm_private_data;

	lock_page(vmf->page);
	set_bit(vmf->pgoff, buf->written);

	/* To be unlocked when it can be written to. */
	return VM_FAULT_LOCKED;
}

/* For ADDRMAP_WRITTEN: see struct addrmap_technique. */
static bool written_written(struct addrmap_buffer *buf, pgoff_t pgoff)
{
	struct page *page = buf->pages[pgoff];
	bool written;

	lock_page(page);
	written = test_and_clear_bit(pgoff, buf->written);
	if (written)
		mapping_wrprotect_range(written_anon->f_mapping, pgoff,
					page_to_pfn(page), 1);
	unlock_page(page);

	return written;
}

static const struct vm_operations_struct written_vm_ops = {
	.mapped = addrmap_vm_mapped,
	.open = addrmap_vm_open,
	.close = addrmap_vm_close,
	.fault = written_fault,
	/* Makes the memory manager map the pages of shared mappings read-only. */
	.page_mkwrite = written_mkwrite,
};

static int written_mmap_prepare(struct vm_area_desc *desc)
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
	desc->vm_ops = &written_vm_ops;

	return 0;
}

static const struct file_operations written_fops = {
	ADDRMAP_FOPS,
	.open = written_open,
	.mmap_prepare = written_mmap_prepare,
};

const struct addrmap_technique addrmap_written = {
	.name = "addrmap/written",
	.fops = &written_fops,
	.alloc = written_alloc,
	.free = written_free,
	.page = written_page,
	.written = written_written,
	.init = written_init,
	.exit = written_exit,
};
