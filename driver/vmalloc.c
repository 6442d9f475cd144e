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
 */
#include <linux/mm.h>
#include <linux/vmalloc.h>

#include "internal.h"

static int vmalloc_alloc(struct addrmap_buffer *buf)
{
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

static const struct vm_operations_struct vmalloc_vm_ops = {
	ADDRMAP_VM_OPS,
};

/*
 * ->mmap is deprecated, but remap_vmalloc_range() is not among the actions
 * that ->mmap_prepare can ask for, and needs the VMA that only ->mmap gets.
 */
static int vmalloc_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct addrmap_buffer *buf = addrmap_mmap(vma);
	int err;

	if (IS_ERR(buf))
		return PTR_ERR(buf);

	/* Checks once more that all of the mapping is inside the area. */
	err = remap_vmalloc_range(vma, buf->kaddr, vma->vm_pgoff);
	if (err)
		return err;

	/* ->mapped is for ->mmap_prepare alone. */
	vma->vm_ops = &vmalloc_vm_ops;
	return vma->vm_ops->mapped(vma->vm_start, vma->vm_end, vma->vm_pgoff,
				   file, &vma->vm_private_data);
}

static const struct file_operations vmalloc_fops = {
	ADDRMAP_FOPS,
	.mmap = vmalloc_mmap,
};

const struct addrmap_technique addrmap_vmalloc = {
	.name = "addrmap/vmalloc",
	.fops = &vmalloc_fops,
	.alloc = vmalloc_alloc,
	.free = vmalloc_free,
	.page = vmalloc_page,
};
