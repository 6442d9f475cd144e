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
 *
 * Not to be copied if nobody needs private mappings: they show a physical address
 * to whoever may read /proc/PID/maps. pfn_fault.c refuses them.
 */
#include <linux/capability.h>
#include <linux/gfp.h>
#include <linux/mm.h>

#include "internal.h"

static int pfn_alloc(struct addrmap_buffer *buf)
{
	/*
	 * Zeroed, since user space will see all of it, and charged to who asks
	 * for it. The length is chosen by user space, and may be more than
	 * there can ever be in one piece: that is no reason to warn.
	 */
	buf->kaddr = alloc_pages_exact(buf->length, GFP_KERNEL_ACCOUNT |
				       __GFP_ZERO | __GFP_NOWARN);

	return buf->kaddr ? 0 : -ENOMEM;
}

/* Called when the last mapping is gone, as the page tables hold no reference. */
static void pfn_free(struct addrmap_buffer *buf)
{
	free_pages_exact(buf->kaddr, buf->length);
}

static struct page *pfn_page(struct addrmap_buffer *buf, pgoff_t pgoff)
{
	return virt_to_page(buf->kaddr + (pgoff << PAGE_SHIFT));
}

static const struct vm_operations_struct pfn_vm_ops = {
	.mapped = addrmap_vm_mapped,
	.open = addrmap_vm_open,
	.close = addrmap_vm_close,
	.access = addrmap_vm_access,
};

/* Changes no state but that of @desc: mmap() may yet fail for other reasons. */
static int pfn_mmap_prepare(struct vm_area_desc *desc)
{
	struct addrmap_buffer *buf = addrmap_buffer(desc->file);
	unsigned long nr_pages = buf->length >> PAGE_SHIFT;

	/* Compared so that nothing overflows: user space chooses the offset. */
	if (desc->pgoff >= nr_pages ||
	    vma_desc_pages(desc) > nr_pages - desc->pgoff)
		return -EINVAL;

	/* Data is not to be executed, nor to become so by mprotect(). */
	if (vma_desc_test(desc, VMA_EXEC_BIT))
		return -EPERM;
	vma_desc_clear_flags(desc, VMA_MAYEXEC_BIT);
	/* mremap() must not undo the check, and core dumps are not for this. */
	vma_desc_set_flags(desc, VMA_DONTEXPAND_BIT, VMA_DONTDUMP_BIT);

	/*
	 * Private mappings work, as all of the VMA is remapped in one go: a
	 * write makes an anonymous copy of the page. But to recognize the
	 * copies, vm_pgoff becomes the first page frame number, and thus
	 * /proc/PID/maps shows a physical address.
	 */
	if (vma_desc_is_cow_mapping(desc) && !capable(CAP_SYS_ADMIN))
		return -EPERM;

	desc->private_data = buf;
	desc->vm_ops = &pfn_vm_ops;
	/* Sets VMA_PFNMAP_BIT and VMA_IO_BIT. */
	mmap_action_remap_full(desc, page_to_pfn(pfn_page(buf, desc->pgoff)));

	return 0;
}

static const struct file_operations pfn_fops = {
	ADDRMAP_FOPS,
	.open = addrmap_open,
	.mmap_prepare = pfn_mmap_prepare,
};

const struct addrmap_technique addrmap_pfn = {
	.name = "addrmap/pfn",
	.fops = &pfn_fops,
	.alloc = pfn_alloc,
	.free = pfn_free,
	.page = pfn_page,
};
