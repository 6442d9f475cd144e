// SPDX-License-Identifier: GPL-2.0-only
/*
 * /dev/addrmap/pfn: physically contiguous memory, mapped by page frame number
 *
 * The classic remap_pfn_range(), which today is an action of ->mmap_prepare:
 * all of the mapping is set up by mmap(), there is nothing left to fault in.
 * The page tables point to the memory without holding references to its pages,
 * so it has to stay until the last mapping is gone (see internal.h). For the
 * same reason get_user_pages() and with it O_DIRECT refuse such a mapping, and
 * a debugger needs ->access.
 */
#include <linux/capability.h>
#include <linux/mm.h>

#include "internal.h"

static const struct vm_operations_struct pfn_vm_ops = {
	ADDRMAP_VM_OPS,
	.access = addrmap_vm_access,
};

static int pfn_mmap_prepare(struct vm_area_desc *desc)
{
	struct addrmap_buffer *buf = addrmap_mmap_prepare(desc);
	struct page *page;

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
	page = addrmap_page_contig(buf, desc->pgoff);
	mmap_action_remap_full(desc, page_to_pfn(page));

	return 0;
}

static const struct file_operations pfn_fops = {
	ADDRMAP_FOPS,
	.mmap_prepare = pfn_mmap_prepare,
};

const struct addrmap_technique addrmap_pfn = {
	.name = "addrmap/pfn",
	.fops = &pfn_fops,
	.alloc = addrmap_alloc_contig,
	.free = addrmap_free_contig,
	.page = addrmap_page_contig,
};
