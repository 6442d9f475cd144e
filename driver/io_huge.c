// SPDX-License-Identifier: GPL-2.0-only
/*
 * /dev/addrmap/io-huge: the memory of a device in large blocks, with one page table
 * entry each
 *
 * As /dev/addrmap/io, for a BAR of many MiB: mmap() maps nothing, and an access maps
 * a block by an entry of the PMD level. The frames have no struct page, and no one
 * chose where they start: an entry can show a block only if its frame number and its
 * address are multiples of what the entry maps. Where one of these is not, or the
 * mapping has less than a block, ->fault maps a single frame. When a part of a block
 * is unmapped or protected, the memory manager takes the entry away, and ->fault is
 * asked for the rest.
 *
 * PCI gives a BAR a start that is a multiple of its size, so most blocks fit. That
 * their addresses do is up to ->get_unmapped_area, and to io_huge_start= being a
 * multiple of PMD_SIZE, since thp_get_unmapped_area() knows offsets only.
 *
 * For entries of the PUD level, see pfn_huge.c. As in io.c, the region is reserved
 * until the module is unloaded: memory that can be unplugged wants revoke.c, too.
 *
 * Not to be copied if the device has registers: these are few, and mmap() maps them as
 * in io.c without a fault.
 */
#include <linux/align.h>
#include <linux/io.h>
#include <linux/ioport.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/pagemap.h>

#include "addrmap.h"
#include "internal.h"

static unsigned long long io_huge_start;
module_param(io_huge_start, ullong, 0400);
MODULE_PARM_DESC(io_huge_start, "Physical address of the memory for /dev/addrmap/io-huge");

static unsigned long io_huge_length;
module_param(io_huge_length, ulong, 0400);
MODULE_PARM_DESC(io_huge_length, "Bytes of memory for /dev/addrmap/io-huge (0: no node)");

static int io_huge_init(void)
{
	if (!io_huge_length)
		return -ENODEV;
	/* A mapping is made of pages: it would show what is next to it, too. */
	if (!PAGE_ALIGNED(io_huge_start | io_huge_length) ||
	    io_huge_length > ADDRMAP_MAX_LENGTH ||
	    io_huge_start != (phys_addr_t)io_huge_start ||
	    io_huge_start + io_huge_length - 1 < io_huge_start) {
		pr_err("addrmap: io_huge_start= or io_huge_length= is not aligned, or too large\n");
		return -EINVAL;
	}
	/* Fails for memory that is in use, be it RAM or another driver's. */
	if (!request_mem_region(io_huge_start, io_huge_length, "addrmap")) {
		pr_err("addrmap: the memory at io_huge_start= is in use\n");
		return -EBUSY;
	}

	return 0;
}

static void io_huge_exit(void)
{
	release_mem_region(io_huge_start, io_huge_length);
}

static int io_huge_alloc(struct addrmap_buffer *buf)
{
	buf->phys = io_huge_start;
	buf->length = io_huge_length;
	buf->io = ioremap(buf->phys, buf->length);

	return buf->io ? 0 : -ENOMEM;
}

static void io_huge_free(struct addrmap_buffer *buf)
{
	iounmap(buf->io);
}

static vm_fault_t io_huge_fault(struct vm_fault *vmf)
{
	struct addrmap_buffer *buf = vmf->vma->vm_private_data;

	/* mmap() has checked it, and nothing lets the mapping grow: be sure. */
	if (vmf->pgoff >= buf->length >> PAGE_SHIFT)
		return VM_FAULT_SIGBUS;

	return vmf_insert_pfn(vmf->vma, vmf->address, PHYS_PFN(buf->phys) + vmf->pgoff);
}

/* Otherwise get_user_pages_fast() would take such an entry for one of pages. */
#ifdef CONFIG_ARCH_SUPPORTS_PMD_PFNMAP
static vm_fault_t io_huge_huge_fault(struct vm_fault *vmf, unsigned int order)
{
	struct addrmap_buffer *buf = vmf->vma->vm_private_data;
	struct vm_area_struct *vma = vmf->vma;
	unsigned long addr = vmf->address & PMD_MASK;
	pgoff_t pgoff = linear_page_index(vma, addr);
	unsigned long pfn = PHYS_PFN(buf->phys) + pgoff;

	/* What comes next does not check the ends, nor the frame number. */
	if (order != PMD_ORDER ||
	    addr < vma->vm_start || vma->vm_end - addr < PMD_SIZE ||
	    !IS_ALIGNED(pfn, PMD_SIZE >> PAGE_SHIFT) ||
	    pgoff + (PMD_SIZE >> PAGE_SHIFT) > buf->length >> PAGE_SHIFT)
		return VM_FAULT_FALLBACK;

	/* A write to an entry that is read-only comes here, too: make it writable. */
	return vmf_insert_pfn_pmd(vmf, pfn, vmf->flags & FAULT_FLAG_WRITE);
}
#endif

/* Not generic_access_phys(): it finds only what has been accessed before. */
static int io_huge_access(struct vm_area_struct *vma, unsigned long addr,
			  void *data, int len, int write)
{
	struct addrmap_buffer *buf = vma->vm_private_data;
	void __iomem *io = buf->io + (vma->vm_pgoff << PAGE_SHIFT) +
			   addr - vma->vm_start;

	if (write && !(vma->vm_flags & VM_WRITE))
		return -EACCES;

	len = min_t(unsigned long, len, vma->vm_end - addr);
	if (write)
		memcpy_toio(io, data, len);
	else
		memcpy_fromio(data, io, len);

	return len;
}

static const struct vm_operations_struct io_huge_vm_ops = {
	.mapped = addrmap_vm_mapped,
	.open = addrmap_vm_open,
	.close = addrmap_vm_close,
	.fault = io_huge_fault,
#ifdef CONFIG_ARCH_SUPPORTS_PMD_PFNMAP
	.huge_fault = io_huge_huge_fault,
#endif
	.access = io_huge_access,
};

static int io_huge_mmap_prepare(struct vm_area_desc *desc)
{
	struct addrmap_buffer *buf = addrmap_buffer(desc->file);
	unsigned long nr_pages = buf->length >> PAGE_SHIFT;

	/* All of it in the region, compared so that nothing overflows. */
	if (desc->pgoff >= nr_pages ||
	    vma_desc_pages(desc) > nr_pages - desc->pgoff)
		return -EINVAL;

	/* Not executable, now or later; not to grow; not in core dumps. */
	if (vma_desc_test(desc, VMA_EXEC_BIT))
		return -EPERM;
	vma_desc_clear_flags(desc, VMA_MAYEXEC_BIT);
	vma_desc_set_flags(desc, VMA_DONTEXPAND_BIT, VMA_DONTDUMP_BIT);

	/* vmf_insert_pfn() and _pmd() would be a BUG(): see pfn_fault.c. */
	if (vma_desc_is_cow_mapping(desc))
		return -EINVAL;

	/* Frames without pages, and to read them may have side effects. */
	vma_desc_set_flags(desc, VMA_PFNMAP_BIT, VMA_IO_BIT);
	/* As the kernel's mapping, by ioremap(). */
	desc->page_prot = pgprot_noncached(desc->page_prot);
	desc->private_data = buf;
	desc->vm_ops = &io_huge_vm_ops;

	return 0;
}

static const struct file_operations io_huge_fops = {
	ADDRMAP_FOPS,
	.open = addrmap_open,
	.mmap_prepare = io_huge_mmap_prepare,
	/* Addresses for which ->huge_fault does not have to fall back. */
	.get_unmapped_area = thp_get_unmapped_area,
};

const struct addrmap_technique addrmap_io_huge = {
	.name = "addrmap/io-huge",
	.fops = &io_huge_fops,
	.alloc = io_huge_alloc,
	.free = io_huge_free,
	.init = io_huge_init,
	.exit = io_huge_exit,
	.copy = addrmap_copy_io,
	.only = true,
};
