// SPDX-License-Identifier: GPL-2.0-only
/*
 * The module, and its nodes under /dev/addrmap/.
 */
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/string.h>

#include "internal.h"

/**
 * DOC: which file to read
 *
 * Each node shows one technique, in one file that has all of it: allocate,
 * check, set flags, map, fault, free.
 *
 * ==================  =============================================================
 * pfn.c               contiguous pages, mapped by frame number at mmap()
 * pfn_fault.c         the same, mapped when they are accessed
 * pfn_fault_around.c  the same, with their neighbours
 * pages.c             single pages, mapped at mmap(), with a kernel view by vmap()
 * fault.c             single pages, mapped one by one when they are accessed
 * fault_around.c      the same, with their neighbours
 * vmalloc.c           vmalloc() memory
 * huge.c              large folios, mapped by one entry each
 * pfn_huge.c          the same for page frame numbers
 * segments.c          several pieces of contiguous memory in one mapping
 * written.c           single pages, and the driver learns which were written to
 * pfn_written.c       the same for page frame numbers
 * revoke.c            single pages that the driver can take back from who maps them
 * dma.c               memory for a device to access, from dma_alloc_coherent()
 * io.c                a device's memory
 * io_huge.c           the same, in large blocks, mapped by one entry each
 * ==================  =============================================================
 *
 * file.c has read() and write(), copy.c what they copy by, ioctl.c has pinned user
 * pages, vma.c has ->mapped, ->open, ->close and ->access.
 */

/**
 * DOC: what old books call it
 *
 * nopage
 *	->fault: fault.c. Check vmf->pgoff, take a reference, set vmf->page.
 * ->fault(vma, vmf)
 *	->fault(vmf), with the VMA in vmf->vma: fault.c. It returns VM_FAULT_SIGBUS
 *	and the like, no errno.
 * mem_map_reserve(), SetPageReserved()
 *	Nothing takes their place. Memory from alloc_pages_exact() can be mapped
 *	as it is: pfn.c.
 * remap_page_range(), io_remap_page_range()
 *	mmap_action_remap_full() in ->mmap_prepare: pfn.c. For a device's memory
 *	mmap_action_simple_ioremap(): io.c.
 * vm_insert_pfn()
 *	vmf_insert_pfn(), whose result ->fault returns as it is: pfn_fault.c.
 * remap_pfn_range() with vma->vm_pgoff as the frame
 *	Lets user space choose what it maps, all of memory included. vm_pgoff is
 *	an offset in the driver's memory, to be checked against its length: pfn.c,
 *	io.c.
 * remap_pfn_range() with virt_to_phys() of kmalloc()ed memory
 *	Slab memory is not to be mapped: the page has objects of others, too, and
 *	stays when kfree() has given it to somebody else. Allocate whole pages:
 *	pfn.c, pages.c.
 * follow_pfn()
 *	The frame may belong to somebody else by the time that it is used.
 *	follow_pfnmap_start() holds a lock until follow_pfnmap_end(); what wants no
 *	more than the contents for a debugger has generic_access_phys(): io.c.
 * loop of vmalloc_to_page() and remap_pfn_range()
 *	vmalloc_user() and remap_vmalloc_range(): vmalloc.c.
 * vma->vm_flags |= VM_RESERVED
 *	VMA_DONTEXPAND_BIT and VMA_DONTDUMP_BIT in ->mmap_prepare: pfn.c.
 * get_user_pages(), kmap(), SetPageDirty(), page_cache_release()
 *	pin_user_pages_fast(), kmap_local_page() or what copies by it, and
 *	unpin_user_pages_dirty_lock(): ioctl.c.
 * kmap(), kmap_atomic()
 *	kmap_local_page() and kunmap_local(), last mapped first unmapped; or
 *	memcpy_to_page() and copy_page_to_iter(), which do it: vma.c, copy.c.
 * read() that returns -1 when copy_to_user() fails
 *	->read_iter returns how much it has copied, and -EFAULT if that is
 *	nothing: file.c. (-1 is -EPERM.)
 * ioremap_nocache()
 *	ioremap(), and memcpy_fromio() for what it returns: io.c, copy.c.
 * pgprot_val(vma->vm_page_prot) |= _PAGE_PCD
 *	pgprot_noncached() or pgprot_writecombine(), and for device memory only: io.c.
 * remap_pfn_range() with virt_to_phys() of what dma_alloc_coherent() returned
 *	dma_mmap_coherent(): dma.c. The kernel address may be one of vmalloc().
 * ->open of the VMA called by ->mmap, to count
 *	->mapped, then ->open and ->close: vma.c. ->mmap_prepare changes no state.
 * ->ioctl, and _IO() for a pointer
 *	->unlocked_ioctl and _IOWR() with the struct: ioctl.c, addrmap.h.
 */

/* The Makefile says which there are. */
static const struct addrmap_technique * const techniques[] = {
	ADDRMAP_TECHNIQUES
};

static struct addrmap_node nodes[ARRAY_SIZE(techniques)];

#ifdef CONFIG_ADDRMAP_KUNIT_TEST
/**
 * addrmap_find_node() - find a node by name
 * @name: relative to /dev
 *
 * For tests, which have to open the nodes without a /dev to find them in.
 *
 * Context: Any.
 * Return: The device, which stays until the module is unloaded, or NULL.
 */
struct miscdevice *addrmap_find_node(const char *name)
{
	for (int i = 0; i < ARRAY_SIZE(nodes); i++) {
		if (nodes[i].tech && !strcmp(nodes[i].tech->name, name))
			return &nodes[i].misc;
	}

	return NULL;
}
#endif

static int node_add(struct addrmap_node *node,
		    const struct addrmap_technique *tech)
{
	int err = tech->init ? tech->init() : 0;

	if (err)
		return err;

	mutex_init(&node->lock);
	node->misc.minor = MISC_DYNAMIC_MINOR;
	node->misc.name = tech->name;
	node->misc.fops = tech->fops;
	/* For root: who can open it can use up memory that nobody is charged for. */
	node->misc.mode = 0600;
	node->tech = tech;
	err = misc_register(&node->misc);
	if (err) {
		node->tech = NULL;
		if (tech->exit)
			tech->exit();
	}

	return err;
}

static void nodes_remove(void)
{
	for (int i = 0; i < ARRAY_SIZE(nodes); i++) {
		struct addrmap_node *node = &nodes[i];

		if (!node->tech)
			continue;
		misc_deregister(&node->misc);
		addrmap_buffer_free(node->shared);
		if (node->tech->exit)
			node->tech->exit();
	}
}

static int __init addrmap_init(void)
{
	for (int i = 0; i < ARRAY_SIZE(nodes); i++) {
		int err = node_add(&nodes[i], techniques[i]);

		if (err && err != -ENODEV) {
			nodes_remove();
			return err;
		}
	}

	return 0;
}
module_init(addrmap_init);

/* Every open file and so every mapping holds a reference to the module. */
static void __exit addrmap_exit(void)
{
	nodes_remove();
}
module_exit(addrmap_exit);

MODULE_DESCRIPTION("Sample driver for mapping kernel memory to user space");
MODULE_LICENSE("GPL");
