// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the mappings of all nodes have in common: they are counted, and where a
 * debugger cannot go through the pages, there is ->access.
 *
 * vma->vm_private_data is the buffer that ->mmap_prepare has chosen. The file
 * may get another buffer later, the mapping does not.
 */
#include <linux/highmem.h>
#include <linux/minmax.h>
#include <linux/mm.h>

#include "internal.h"

/**
 * addrmap_vm_mapped() - vm_ops->mapped: a mapping has come into being
 * @start: its first address
 * @end: the address behind its last
 * @pgoff: its page offset
 * @file: the file
 * @vm_private_data: the buffer
 *
 * What a mapping holds is taken here, not in ->mmap_prepare, after which mmap()
 * may still fail without a word to the driver. ->close gives it back.
 *
 * Context: Called with the mmap_lock held for writing.
 * Return: 0. On an error, mmap() would fail, and ->close not be called.
 */
int addrmap_vm_mapped(unsigned long start, unsigned long end, pgoff_t pgoff,
		      const struct file *file, void **vm_private_data)
{
	struct addrmap_buffer *buf = *vm_private_data;

	atomic_long_inc(&buf->mappings);

	return 0;
}

/**
 * addrmap_vm_open() - vm_ops->open: a mapping was split, copied or moved
 * @vma: the new VMA, which has the vm_private_data of the old one
 *
 * Context: Called with the mmap_lock held for writing.
 */
void addrmap_vm_open(struct vm_area_struct *vma)
{
	struct addrmap_buffer *buf = vma->vm_private_data;

	atomic_long_inc(&buf->mappings);
}

/**
 * addrmap_vm_close() - vm_ops->close: a VMA goes away
 * @vma: the VMA, of which nothing is mapped any more
 *
 * Context: May sleep. The VMA still holds its file, and so the buffer exists.
 */
void addrmap_vm_close(struct vm_area_struct *vma)
{
	struct addrmap_buffer *buf = vma->vm_private_data;

	atomic_long_dec(&buf->mappings);
}

/**
 * addrmap_vm_access() - vm_ops->access: a debugger wants to see a mapping
 * @vma: the mapping
 * @addr: where, in it
 * @data: kernel memory to copy to or from
 * @len: bytes
 * @write: copy to the mapping
 *
 * This is called if get_user_pages() fails, as it does if the page tables hold
 * no references to the pages. It is for techniques with ->page.
 *
 * Context: Called with the mmap_lock held. May sleep.
 * Return: How many bytes were copied, which is fewer than @len at the end of
 * the mapping. -EACCES if the mapping is not writable, or if it is private:
 * then nobody knows here which pages of it are copies.
 */
int addrmap_vm_access(struct vm_area_struct *vma, unsigned long addr,
		      void *data, int len, int write)
{
	struct addrmap_buffer *buf = vma->vm_private_data;
	size_t offset = (vma->vm_pgoff << PAGE_SHIFT) + addr - vma->vm_start;
	int done = 0;

	/*
	 * The offset is in the buffer, as mmap() has checked that all of the mapping
	 * is, and so is what follows up to the end of the mapping.
	 */

	/* Pages of it may be copies. */
	if ((vma->vm_flags & (VM_SHARED | VM_MAYWRITE)) == VM_MAYWRITE)
		return -EACCES;
	if (write && !(vma->vm_flags & VM_WRITE))
		return -EACCES;

	len = min_t(unsigned long, len, vma->vm_end - addr);
	while (done < len) {
		struct page *page = buf->tech->page(buf, offset >> PAGE_SHIFT);
		size_t in_page = offset_in_page(offset);
		size_t n = min_t(size_t, len - done, PAGE_SIZE - in_page);

		if (write)
			memcpy_to_page(page, in_page, data + done, n);
		else
			memcpy_from_page(data + done, page, in_page, n);
		offset += n;
		done += n;
	}

	return done;
}
