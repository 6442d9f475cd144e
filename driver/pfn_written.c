// SPDX-License-Identifier: GPL-2.0-only
/*
 * /dev/addrmap/pfn-written: page frames of which the driver knows who wrote to them
 *
 * As /dev/addrmap/written, for frames without references to pages, as in
 * pfn_fault.c: the memory manager asks ->pfn_mkwrite then. There is no page to be
 * locked until the page table entry is writable. So the driver makes the entry
 * itself, with a lock held that ADDRMAP_WRITTEN takes as well; ->pfn_mkwrite
 * must not return 0, for which the memory manager would make the entry writable
 * later, when the bit may have been cleared again.
 *
 * A debugger writes by ->access, and so without a page fault: it sets the bit.
 *
 * Not to be copied: that user space asks what was written, as in written.c; and one
 * lock for all buffers, which is simple, but lets page faults wait for each other.
 */
#include <linux/bitmap.h>
#include <linux/err.h>
#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/rmap.h>

#include "internal.h"

static struct file *pfn_written_anon;	/* has the address_space of all files */
static DEFINE_MUTEX(pfn_written_lock);	/* nests inside the mmap_lock */

static int pfn_written_init(void)
{
	pfn_written_anon = addrmap_anon_create();

	return PTR_ERR_OR_ZERO(pfn_written_anon);
}

static void pfn_written_exit(void)
{
	addrmap_anon_destroy(pfn_written_anon);
}

static int pfn_written_alloc(struct addrmap_buffer *buf)
{
	buf->written = bitmap_zalloc(buf->length >> PAGE_SHIFT,
				     GFP_KERNEL_ACCOUNT);
	if (!buf->written)
		return -ENOMEM;

	/* Zeroed, charged, and no warning if user space asks for too much. */
	buf->kaddr = alloc_pages_exact(buf->length, GFP_KERNEL_ACCOUNT |
				       __GFP_ZERO | __GFP_NOWARN);
	if (!buf->kaddr) {
		bitmap_free(buf->written);
		return -ENOMEM;
	}

	return 0;
}

/* Called when the last mapping is gone, as the page tables hold no reference. */
static void pfn_written_free(struct addrmap_buffer *buf)
{
	free_pages_exact(buf->kaddr, buf->length);
	bitmap_free(buf->written);
}

static struct page *pfn_written_page(struct addrmap_buffer *buf, pgoff_t pgoff)
{
	return virt_to_page(buf->kaddr + (pgoff << PAGE_SHIFT));
}

static int pfn_written_open(struct inode *inode, struct file *file)
{
	int err = addrmap_open(inode, file);

	/* mmap() adds its mappings to this. */
	if (!err)
		file->f_mapping = pfn_written_anon->f_mapping;

	return err;
}

static vm_fault_t pfn_written_fault(struct vm_fault *vmf)
{
	struct addrmap_buffer *buf = vmf->vma->vm_private_data;
	struct vm_area_struct *vma = vmf->vma;
	unsigned long pfn;

	/* mmap() has checked it, and nothing lets the mapping grow: be sure. */
	if (vmf->pgoff >= buf->length >> PAGE_SHIFT)
		return VM_FAULT_SIGBUS;
	pfn = page_to_pfn(pfn_written_page(buf, vmf->pgoff));

	guard(mutex)(&pfn_written_lock);
	/* vma->vm_page_prot is read-only, for ->pfn_mkwrite to be asked. */
	if (!(vmf->flags & FAULT_FLAG_WRITE))
		return vmf_insert_pfn(vma, vmf->address, pfn);

	set_bit(vmf->pgoff, buf->written);
	/* The entry may be there, read-only: one that is there is not changed. */
	zap_special_vma_range(vma, vmf->address & PAGE_MASK, PAGE_SIZE);

	return vmf_insert_pfn_prot(vma, vmf->address, pfn,
				   vm_get_page_prot(vma->vm_flags));
}

/* For ADDRMAP_WRITTEN: see struct addrmap_technique. */
static bool pfn_written_written(struct addrmap_buffer *buf, pgoff_t pgoff)
{
	guard(mutex)(&pfn_written_lock);
	if (!test_and_clear_bit(pgoff, buf->written))
		return false;
	mapping_wrprotect_range(pfn_written_anon->f_mapping, pgoff,
				page_to_pfn(pfn_written_page(buf, pgoff)), 1);

	return true;
}

static int pfn_written_access(struct vm_area_struct *vma, unsigned long addr,
			      void *data, int len, int write)
{
	struct addrmap_buffer *buf = vma->vm_private_data;
	pgoff_t pgoff = linear_page_index(vma, addr);
	int done = addrmap_vm_access(vma, addr, data, len, write);

	/* Afterwards: one that was cleared too early would be missing. */
	if (write && done > 0) {
		pgoff_t last = linear_page_index(vma, addr + done - 1);

		for (; pgoff <= last; pgoff++)
			set_bit(pgoff, buf->written);
	}

	return done;
}

static const struct vm_operations_struct pfn_written_vm_ops = {
	.mapped = addrmap_vm_mapped,
	.open = addrmap_vm_open,
	.close = addrmap_vm_close,
	.fault = pfn_written_fault,
	/* Makes the memory manager map frames read-only, and ask on a write. */
	.pfn_mkwrite = pfn_written_fault,
	.access = pfn_written_access,
};

static int pfn_written_mmap_prepare(struct vm_area_desc *desc)
{
	struct addrmap_buffer *buf = addrmap_buffer(desc->file);
	unsigned long nr_pages = buf->length >> PAGE_SHIFT;

	/* All of it in the buffer, compared so that nothing overflows. */
	if (desc->pgoff >= nr_pages ||
	    vma_desc_pages(desc) > nr_pages - desc->pgoff)
		return -EINVAL;

	/* Not executable, now or later; not to grow; not in core dumps. */
	if (vma_desc_test(desc, VMA_EXEC_BIT))
		return -EPERM;
	vma_desc_clear_flags(desc, VMA_MAYEXEC_BIT);
	vma_desc_set_flags(desc, VMA_DONTEXPAND_BIT, VMA_DONTDUMP_BIT);

	/* vmf_insert_pfn() would be a BUG(): see pfn_fault.c. */
	if (vma_desc_is_cow_mapping(desc))
		return -EINVAL;

	/* vmf_insert_pfn() needs it: frames without references to pages. */
	vma_desc_set_flags(desc, VMA_PFNMAP_BIT);
	desc->private_data = buf;
	desc->vm_ops = &pfn_written_vm_ops;

	return 0;
}

static const struct file_operations pfn_written_fops = {
	ADDRMAP_FOPS,
	.open = pfn_written_open,
	.mmap_prepare = pfn_written_mmap_prepare,
};

const struct addrmap_technique addrmap_pfn_written = {
	.name = "addrmap/pfn-written",
	.fops = &pfn_written_fops,
	.alloc = pfn_written_alloc,
	.free = pfn_written_free,
	.page = pfn_written_page,
	.written = pfn_written_written,
	.init = pfn_written_init,
	.exit = pfn_written_exit,
};
