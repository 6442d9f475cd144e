// SPDX-License-Identifier: GPL-2.0-only
/*
 * /dev/addrmap/vmalloc: vmalloc() memory
 *
 * The memory is contiguous for the kernel and for user space, but not
 * physically. vmalloc_user() returns zeroed memory that is marked as safe to
 * be mapped; remap_vmalloc_range() maps nothing else.
 *
 * The page tables hold references to the pages, so get_user_pages() works,
 * and a page outlives vfree() until it is unmapped.
 *
 * Not to be copied to a node that everybody can open: nobody is charged for the
 * memory, so it can be used up.
 */
#include <linux/mm.h>
#include <linux/vmalloc.h>

#include "internal.h"

static int vmalloc_alloc(struct addrmap_buffer *buf)
{
	/* Zeroed. It is not charged: there is no vmalloc_user() that does so. */
	buf->kaddr = vmalloc_user(buf->length);

	return buf->kaddr ? 0 : -ENOMEM;
}

static void vmalloc_free(struct addrmap_buffer *buf)
{
	vfree(buf->kaddr);
}

static struct page *vmalloc_page(struct addrmap_buffer *buf, pgoff_t pgoff)
{
	return vmalloc_to_page(buf->kaddr + (pgoff << PAGE_SHIFT));
}

/* Without ->mapped, which is for ->mmap_prepare alone. */
static const struct vm_operations_struct vmalloc_vm_ops = {
	.open = addrmap_vm_open,
	.close = addrmap_vm_close,
};

/*
 * ->mmap is deprecated, but remap_vmalloc_range() is not among the actions
 * that ->mmap_prepare can ask for, and needs the VMA that only ->mmap gets.
 */
static int vmalloc_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct addrmap_buffer *buf = addrmap_buffer(file);
	int err;

	/* Not executable, now or later; not to grow; not in core dumps. */
	if (vma->vm_flags & VM_EXEC)
		return -EPERM;
	vm_flags_mod(vma, VM_DONTEXPAND | VM_DONTDUMP, VM_MAYEXEC);

	/* Checks that all of the mapping is in the area, offset included. */
	err = remap_vmalloc_range(vma, buf->kaddr, vma->vm_pgoff);
	if (err)
		return err;

	/* Nothing can fail any more, so this is the time to count. */
	vma->vm_private_data = buf;
	vma->vm_ops = &vmalloc_vm_ops;
	addrmap_vm_open(vma);

	return 0;
}

static const struct file_operations vmalloc_fops = {
	ADDRMAP_FOPS,
	.open = addrmap_open,
	.mmap = vmalloc_mmap,
};

const struct addrmap_technique addrmap_vmalloc = {
	.name = "addrmap/vmalloc",
	.fops = &vmalloc_fops,
	.alloc = vmalloc_alloc,
	.free = vmalloc_free,
	.page = vmalloc_page,
};
