// SPDX-License-Identifier: GPL-2.0-only
/*
 * /dev/addrmap/revoke: pages that the driver can take back from who maps them
 *
 * As a device is unplugged or reset, its mappings have to go, whoever made them:
 * ADDRMAP_REVOKE does it. The order is what matters. First no new page table
 * entry may come into being, then those that are there are zapped. So ->fault
 * makes the entry itself, with a lock held that ADDRMAP_REVOKE takes for
 * writing: a page that is returned in vmf->page would be mapped after ->fault,
 * when the lock is gone, and the mapping could survive.
 *
 * All files have one address_space: unmap_mapping_range() finds the mappings in
 * it, and the inodes of two device nodes with the same number have two.
 *
 * What is not taken back: pages that were pinned before, which stay until they
 * are unpinned. The page tables and the pins hold references to the pages, so
 * nothing is freed too early. read(), write() and other ioctls go on, too.
 *
 * Not to be copied: an ioctl that lets one user take the memory from all others. It
 * is for the tests. A driver does so by itself, as in its ->remove.
 */
#include <linux/err.h>
#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/rwsem.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "addrmap.h"
#include "internal.h"

static struct file *revoke_anon;	/* has the address_space of all files */
static DECLARE_RWSEM(revoke_lock);	/* nests inside the mmap_lock */
static bool revoked;			/* protected by revoke_lock */

static int revoke_init(void)
{
	revoke_anon = addrmap_anon_create();

	return PTR_ERR_OR_ZERO(revoke_anon);
}

static void revoke_exit(void)
{
	addrmap_anon_destroy(revoke_anon);
}

static void revoke_free(struct addrmap_buffer *buf)
{
	size_t i, nr = buf->length >> PAGE_SHIFT;

	/* Page tables and pins hold references of their own. */
	for (i = 0; i < nr && buf->pages[i]; i++)
		__free_page(buf->pages[i]);
	kvfree(buf->pages);
}

static int revoke_alloc(struct addrmap_buffer *buf)
{
	size_t i, nr = buf->length >> PAGE_SHIFT;

	buf->pages = kvzalloc_objs(*buf->pages, nr, GFP_KERNEL_ACCOUNT);
	if (!buf->pages)
		return -ENOMEM;

	/* Zeroed, since user space sees it; charged; from all of memory. */
	for (i = 0; i < nr; i++) {
		buf->pages[i] = alloc_page(GFP_KERNEL_ACCOUNT | __GFP_HIGHMEM |
					   __GFP_ZERO);
		if (!buf->pages[i]) {
			revoke_free(buf);
			return -ENOMEM;
		}
	}

	return 0;
}

static struct page *revoke_page(struct addrmap_buffer *buf, pgoff_t pgoff)
{
	return buf->pages[pgoff];
}

static int revoke_open(struct inode *inode, struct file *file)
{
	int err = addrmap_open(inode, file);

	/* mmap() adds its mappings to this. */
	if (!err)
		file->f_mapping = revoke_anon->f_mapping;

	return err;
}

static long revoke_ioctl(struct addrmap_buffer *buf, unsigned int cmd,
			 void __user *uarg)
{
	struct addrmap_revoke arg;

	if (cmd != ADDRMAP_REVOKE)
		return -ENOTTY;
	if (copy_from_user(&arg, uarg, sizeof(arg)))
		return -EFAULT;
	if (arg.flags & ~ADDRMAP_REVOKE_RESTORE || arg.reserved)
		return -EINVAL;

	guard(rwsem_write)(&revoke_lock);
	revoked = !(arg.flags & ADDRMAP_REVOKE_RESTORE);
	/* All of the address_space, and copies in private mappings as well. */
	if (revoked)
		unmap_mapping_range(revoke_anon->f_mapping, 0, 0, true);

	return 0;
}

static vm_fault_t revoke_fault(struct vm_fault *vmf)
{
	struct addrmap_buffer *buf = vmf->vma->vm_private_data;

	/* mmap() has checked it, and nothing lets the mapping grow: be sure. */
	if (vmf->pgoff >= buf->length >> PAGE_SHIFT)
		return VM_FAULT_SIGBUS;

	guard(rwsem_read)(&revoke_lock);
	if (revoked)
		return VM_FAULT_SIGBUS;

	/*
	 * Takes a reference for the page table. A private mapping gets the
	 * entry read-only, and the memory manager copies the page next.
	 */
	return vmf_insert_page_mkwrite(vmf, buf->pages[vmf->pgoff],
				       vmf->flags & FAULT_FLAG_WRITE &&
				       vmf->vma->vm_flags & VM_SHARED);
}

/* ->mmap_prepare has looked, but that was before anybody could see the VMA. */
static int revoke_mapped(unsigned long start, unsigned long end, pgoff_t pgoff,
			 const struct file *file, void **vm_private_data)
{
	guard(rwsem_read)(&revoke_lock);
	if (revoked)
		return -ENODEV;

	return addrmap_vm_mapped(start, end, pgoff, file, vm_private_data);
}

static const struct vm_operations_struct revoke_vm_ops = {
	.mapped = revoke_mapped,
	.open = addrmap_vm_open,
	.close = addrmap_vm_close,
	.fault = revoke_fault,
};

static int revoke_mmap_prepare(struct vm_area_desc *desc)
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

	scoped_guard(rwsem_read, &revoke_lock) {
		if (revoked)
			return -ENODEV;
	}

	/* vmf_insert_page_mkwrite() could not set it when there is a fault. */
	vma_desc_set_flags(desc, VMA_MIXEDMAP_BIT);
	desc->private_data = buf;
	desc->vm_ops = &revoke_vm_ops;

	return 0;
}

static const struct file_operations revoke_fops = {
	ADDRMAP_FOPS,
	.open = revoke_open,
	.mmap_prepare = revoke_mmap_prepare,
};

const struct addrmap_technique addrmap_revoke = {
	.name = "addrmap/revoke",
	.fops = &revoke_fops,
	.alloc = revoke_alloc,
	.free = revoke_free,
	.page = revoke_page,
	.ioctl = revoke_ioctl,
	.init = revoke_init,
	.exit = revoke_exit,
};
