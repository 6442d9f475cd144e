// SPDX-License-Identifier: GPL-2.0-only
/*
 * /dev/addrmap/pages: single pages, contiguous for the kernel by vmap()
 *
 * For user space the pages are mapped one behind the other as well, by an
 * action of ->mmap_prepare that does what vm_map_pages() does. The page tables
 * hold references to the pages, so get_user_pages() works.
 */
#include <linux/mm.h>
#include <linux/vmalloc.h>

#include "internal.h"

static int pages_alloc(struct addrmap_buffer *buf)
{
	int err = addrmap_alloc_array(buf);

	if (err)
		return err;

	/*
	 * On success the mapping owns our references to the pages, and the
	 * array, which has to come from kvmalloc(). On failure we still do.
	 */
	buf->kaddr = vmap(buf->pages, buf->length >> PAGE_SHIFT,
			  VM_MAP | VM_MAP_PUT_PAGES, PAGE_KERNEL);
	if (!buf->kaddr) {
		addrmap_free_array(buf);
		return -ENOMEM;
	}

	return 0;
}

static void pages_free(struct addrmap_buffer *buf)
{
	/* Not vunmap(), which knows nothing of VM_MAP_PUT_PAGES. */
	vfree(buf->kaddr);
}

static const struct vm_operations_struct pages_vm_ops = {
	ADDRMAP_VM_OPS,
};

static int pages_mmap_prepare(struct vm_area_desc *desc)
{
	struct addrmap_buffer *buf = addrmap_mmap_prepare(desc);

	if (IS_ERR(buf))
		return PTR_ERR(buf);

	desc->vm_ops = &pages_vm_ops;
	/* The action knows neither of the offset nor how long the array is. */
	mmap_action_map_kernel_pages_full(desc, buf->pages + desc->pgoff);

	return 0;
}

static const struct file_operations pages_fops = {
	ADDRMAP_FOPS,
	.mmap_prepare = pages_mmap_prepare,
};

const struct addrmap_technique addrmap_pages = {
	.name = "addrmap/pages",
	.fops = &pages_fops,
	.alloc = pages_alloc,
	.free = pages_free,
	.page = addrmap_page_array,
};
