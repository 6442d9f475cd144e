// SPDX-License-Identifier: GPL-2.0-only
/*
 * /dev/addrmap/fault: pages that are mapped when they are first accessed
 *
 * ->fault returns the page, and the memory manager maps it. The page tables
 * hold references to the pages, so get_user_pages() works. The kernel has no
 * contiguous view of the pages, which may be in high memory: it maps one at a
 * time by kmap_local_page().
 */
#include <linux/minmax.h>
#include <linux/mm.h>

#include "internal.h"

/* At most this many pages are mapped by one fault. */
#define FAULT_AROUND	64

/*
 * Maps the pages behind the one that the fault is about, which spares the
 * faults on them. That is optional, so failing does not matter: if there is a
 * page already, or no memory, the rest has to wait for faults of its own.
 */
static void fault_around(struct vm_fault *vmf, struct addrmap_buffer *buf)
{
	unsigned long addr = (vmf->address & PAGE_MASK) + PAGE_SIZE;
	unsigned long end = round_down(addr, FAULT_AROUND * PAGE_SIZE);
	unsigned long nr;

	end = min(end + FAULT_AROUND * PAGE_SIZE, vmf->vma->vm_end);
	if (addr >= end || IS_ALIGNED(addr, FAULT_AROUND * PAGE_SIZE))
		return;
	nr = min((end - addr) >> PAGE_SHIFT,
		 (buf->length >> PAGE_SHIFT) - vmf->pgoff - 1);
	if (nr)
		vm_insert_pages(vmf->vma, addr, buf->pages + vmf->pgoff + 1,
				&nr);
}

static vm_fault_t fault_fault(struct vm_fault *vmf)
{
	struct addrmap_buffer *buf = addrmap_vma_buffer(vmf->vma);

	/* mmap() has checked it, and nothing lets the mapping grow: be sure. */
	if (vmf->pgoff >= buf->length >> PAGE_SHIFT)
		return VM_FAULT_SIGBUS;

	fault_around(vmf, buf);

	/* The reference that the page table is to hold. */
	get_page(buf->pages[vmf->pgoff]);
	vmf->page = buf->pages[vmf->pgoff];

	return 0;
}

static const struct vm_operations_struct fault_vm_ops = {
	ADDRMAP_VM_OPS,
	.fault = fault_fault,
};

static int fault_mmap_prepare(struct vm_area_desc *desc)
{
	struct addrmap_buffer *buf = addrmap_mmap_prepare(desc);

	if (IS_ERR(buf))
		return PTR_ERR(buf);

	/* vm_insert_pages() could not set it when there is a fault. */
	vma_desc_set_flags(desc, VMA_MIXEDMAP_BIT);
	desc->vm_ops = &fault_vm_ops;

	return 0;
}

static const struct file_operations fault_fops = {
	ADDRMAP_FOPS,
	.mmap_prepare = fault_mmap_prepare,
};

const struct addrmap_technique addrmap_fault = {
	.name = "addrmap/fault",
	.fops = &fault_fops,
	.alloc = addrmap_alloc_array,
	.free = addrmap_free_array,
	.page = addrmap_page_array,
};
