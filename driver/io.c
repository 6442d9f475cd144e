// SPDX-License-Identifier: GPL-2.0-only
/*
 * /dev/addrmap/io: the memory of a device
 *
 * It is not allocated but found, and has no pages: the kernel accesses it by
 * what ioremap() returns, and only with the functions for that. Which memory
 * it is must never be up to the user of the node. Here, the administrator who
 * loads the module says it; a real driver asks its device, by pci_resource_start()
 * for example.
 *
 * Uncached is what registers need: each access reaches the device, in order.
 * Memory that is written to a lot, such as a frame buffer, may be write-combining
 * (io_wc=1): the CPU gathers writes before it sends them on. All mappings of a
 * page are of one kind, the kernel's and those of programs, or what happens is
 * undefined: ioremap_wc() goes with pgprot_writecombine(), ioremap() with
 * pgprot_noncached(). x86 has a list of which page is of which kind, and whoever
 * comes second gets the kind of the first, or an error.
 *
 * The region is reserved until the module is unloaded, which no mapping lets happen.
 * That is enough for memory that cannot be unplugged: where it can, mappings have to
 * be taken back before it goes, see revoke.c.
 *
 * Not to be copied to a driver that maps RAM, as pfn.c does: the kernel has a
 * cached mapping of it already. x86 ignores pgprot_writecombine() there, with a
 * line in the log; other architectures may not. See dma.c for memory of that
 * kind: dma_alloc_wc() and dma_mmap_wc().
 */
#include <linux/io.h>
#include <linux/ioport.h>
#include <linux/mm.h>
#include <linux/module.h>

#include "addrmap.h"
#include "internal.h"

static unsigned long long io_start;
module_param(io_start, ullong, 0400);
MODULE_PARM_DESC(io_start, "Physical address of the memory for /dev/addrmap/io");

static unsigned long io_length;
module_param(io_length, ulong, 0400);
MODULE_PARM_DESC(io_length, "Bytes of memory for /dev/addrmap/io (0: no node)");

static bool io_wc;
module_param(io_wc, bool, 0400);
MODULE_PARM_DESC(io_wc, "Map the memory for /dev/addrmap/io write-combining, not uncached");

static int io_init(void)
{
	if (!io_length) {
		pr_info("addrmap: no /dev/addrmap/io without io_start= and io_length=\n");
		return -ENODEV;
	}
	/* A mapping is made of pages: it would show what is next to it, too. */
	if (!PAGE_ALIGNED(io_start | io_length) ||
	    io_length > ADDRMAP_MAX_LENGTH ||
	    io_start != (phys_addr_t)io_start ||
	    io_start + io_length - 1 < io_start) {
		pr_err("addrmap: io_start= or io_length= is not aligned, or too large\n");
		return -EINVAL;
	}
	/* Fails for memory that is in use, be it RAM or another driver's. */
	if (!request_mem_region(io_start, io_length, "addrmap")) {
		pr_err("addrmap: the memory at io_start= is in use\n");
		return -EBUSY;
	}

	return 0;
}

static void io_exit(void)
{
	release_mem_region(io_start, io_length);
}

static int io_alloc(struct addrmap_buffer *buf)
{
	buf->phys = io_start;
	buf->length = io_length;
	buf->wc = io_wc;
	buf->io = io_wc ? ioremap_wc(buf->phys, buf->length) :
			  ioremap(buf->phys, buf->length);

	return buf->io ? 0 : -ENOMEM;
}

static void io_free(struct addrmap_buffer *buf)
{
	iounmap(buf->io);
}

static const struct vm_operations_struct io_vm_ops = {
	.mapped = addrmap_vm_mapped,
	.open = addrmap_vm_open,
	.close = addrmap_vm_close,
#ifdef CONFIG_HAVE_IOREMAP_PROT
	.access = generic_access_phys,
#endif
};

static int io_mmap_prepare(struct vm_area_desc *desc)
{
	struct addrmap_buffer *buf = addrmap_buffer(desc->file);

	/* Not executable, now or later; not to grow; not in core dumps. */
	if (vma_desc_test(desc, VMA_EXEC_BIT))
		return -EPERM;
	vma_desc_clear_flags(desc, VMA_MAYEXEC_BIT);
	vma_desc_set_flags(desc, VMA_DONTEXPAND_BIT, VMA_DONTDUMP_BIT);

	/* A copy of a device's memory is not what anybody wants. */
	if (vma_desc_is_cow_mapping(desc))
		return -EINVAL;

	/* As io_alloc(): there must not be two kinds of mappings at once. */
	desc->page_prot = buf->wc ? pgprot_writecombine(desc->page_prot) :
				    pgprot_noncached(desc->page_prot);
	desc->private_data = buf;
	desc->vm_ops = &io_vm_ops;
	/*
	 * Adds the offset, and checks that all of the mapping is in the region:
	 * it is for the driver to say where that is, not for user space. Sets
	 * VMA_PFNMAP_BIT, as there are no pages, and VMA_IO_BIT, since to read
	 * the memory may have side effects.
	 */
	mmap_action_simple_ioremap(desc, buf->phys, buf->length);

	return 0;
}

static const struct file_operations io_fops = {
	ADDRMAP_FOPS,
	.open = addrmap_open,
	.mmap_prepare = io_mmap_prepare,
};

const struct addrmap_technique addrmap_io = {
	.name = "addrmap/io",
	.fops = &io_fops,
	.alloc = io_alloc,
	.free = io_free,
	.init = io_init,
	.exit = io_exit,
	.copy = addrmap_copy_io,
	.only = true,
};
