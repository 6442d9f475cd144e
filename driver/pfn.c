// SPDX-License-Identifier: GPL-2.0-only
/*
 * /dev/addrmap/pfn: physically contiguous memory, mapped by page frame number
 *
 * The classic remap_pfn_range(), which today is an action of ->mmap_prepare:
 * all of the mapping is set up by mmap(), there is nothing left to fault in.
 * The page tables point to the memory without holding references to its pages,
 * so it has to stay until the last mapping is gone (see internal.h). For the
 * same reason get_user_pages() and with it O_DIRECT refuse such a mapping.
 */
#include <linux/capability.h>
#include <linux/gfp.h>
#include <linux/mm.h>

#include "internal.h"

static int pfn_alloc(struct addrmap_buffer *buf)
{
	/*
	 * The length is chosen by user space, and may be more than there can
	 * ever be in one piece: that is no reason to warn.
	 */
	buf->kaddr = alloc_pages_exact(buf->length, GFP_KERNEL_ACCOUNT |
				       __GFP_ZERO | __GFP_NOWARN);

	return buf->kaddr ? 0 : -ENOMEM;
}

static void pfn_free(struct addrmap_buffer *buf)
{
	free_pages_exact(buf->kaddr, buf->length);
}

static struct page *pfn_page(struct addrmap_buffer *buf, pgoff_t pgoff)
{
	return virt_to_page(buf->kaddr + (pgoff << PAGE_SHIFT));
}

static const struct vm_operations_struct pfn_vm_ops = {
	ADDRMAP_VM_OPS,
};

static int pfn_mmap_prepare(struct vm_area_desc *desc)
{
	struct addrmap_buffer *buf = addrmap_mmap_prepare(desc);

	if (IS_ERR(buf))
		return PTR_ERR(buf);

	/*
	 * Private mappings work, as all of the VMA is remapped in one go: a
	 * write makes an anonymous copy of the page. But to recognize the
	 * copies, vm_pgoff becomes the first page frame number, and thus
	 * /proc/PID/maps shows a physical address.
	 */
	if (vma_desc_is_cow_mapping(desc) && !capable(CAP_SYS_ADMIN))
		return -EPERM;

	desc->vm_ops = &pfn_vm_ops;
	mmap_action_remap_full(desc, page_to_pfn(pfn_page(buf, desc->pgoff)));

	return 0;
}

static const struct file_operations pfn_fops = {
	ADDRMAP_FOPS,
	.mmap_prepare = pfn_mmap_prepare,
};

const struct addrmap_technique addrmap_pfn = {
	.name = "addrmap/pfn",
	.fops = &pfn_fops,
	.alloc = pfn_alloc,
	.free = pfn_free,
	.page = pfn_page,
};
