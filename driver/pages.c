// SPDX-License-Identifier: GPL-2.0-only
/*
 * /dev/addrmap/pages: single pages, contiguous for the kernel by vmap()
 *
 * For user space the pages are mapped one behind the other as well, by an
 * action of ->mmap_prepare that does what vm_map_pages() does. The page tables
 * hold references to the pages, so get_user_pages() works.
 *
 * Not to be copied if the kernel accesses a page at a time: it needs no vmap() for
 * that, but kmap_local_page(), as with the pages of fault.c.
 */
#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "internal.h"

/* Undoes the first half of pages_alloc(), not all of it: see pages_free(). */
static void free_array(struct addrmap_buffer *buf)
{
	size_t i, nr = buf->length >> PAGE_SHIFT;

	for (i = 0; i < nr && buf->pages[i]; i++)
		__free_page(buf->pages[i]);
	kvfree(buf->pages);
}

static int pages_alloc(struct addrmap_buffer *buf)
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
			free_array(buf);
			return -ENOMEM;
		}
	}

	/*
	 * On success the kernel's mapping owns our references to the pages, and
	 * the array, which has to come from kvmalloc(). On failure we still do.
	 */
	buf->kaddr = vmap(buf->pages, nr, VM_MAP | VM_MAP_PUT_PAGES,
			  PAGE_KERNEL);
	if (!buf->kaddr) {
		free_array(buf);
		return -ENOMEM;
	}

	return 0;
}

static void pages_free(struct addrmap_buffer *buf)
{
	/* Not vunmap(), which knows nothing of VM_MAP_PUT_PAGES. */
	vfree(buf->kaddr);
}

static struct page *pages_page(struct addrmap_buffer *buf, pgoff_t pgoff)
{
	return buf->pages[pgoff];
}

static const struct vm_operations_struct pages_vm_ops = {
	.mapped = addrmap_vm_mapped,
	.open = addrmap_vm_open,
	.close = addrmap_vm_close,
};

static int pages_mmap_prepare(struct vm_area_desc *desc)
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
	desc->vm_ops = &pages_vm_ops;
	/*
	 * Sets VMA_MIXEDMAP_BIT. The action knows neither of the offset nor how
	 * long the array is, which is why both were checked above.
	 */
	mmap_action_map_kernel_pages_full(desc, buf->pages + desc->pgoff);

	return 0;
}

static const struct file_operations pages_fops = {
	ADDRMAP_FOPS,
	.open = addrmap_open,
	.mmap_prepare = pages_mmap_prepare,
};

const struct addrmap_technique addrmap_pages = {
	.name = "addrmap/pages",
	.fops = &pages_fops,
	.alloc = pages_alloc,
	.free = pages_free,
	.page = pages_page,
};
