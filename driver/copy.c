// SPDX-License-Identifier: GPL-2.0-only
/*
 * Copies between a buffer and what an iov_iter stands for: memory of a process, or
 * pages.
 */
#include <linux/io.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/uio.h>

#include "internal.h"

/**
 * addrmap_copy() - copy from or to a buffer
 * @buf: the buffer
 * @offset: where in it
 * @len: bytes, all of which are in one page of it
 * @iter: where to, or where from
 * @read: from the buffer
 *
 * Context: May sleep. The caller holds no lock that mmap() or a fault needs:
 * the memory of @iter may be a mapping of this very buffer.
 * Return: How many bytes were copied: fewer than @len if the memory of @iter
 * could not be accessed any further.
 */
size_t addrmap_copy(struct addrmap_buffer *buf, size_t offset, size_t len,
		    struct iov_iter *iter, bool read)
{
	struct page *page;

	if (!buf->tech->page)
		return buf->tech->copy(buf, offset, len, iter, read);

	page = buf->tech->page(buf, offset >> PAGE_SHIFT);
	if (read)
		return copy_page_to_iter(page, offset_in_page(offset), len,
					 iter);
	return copy_page_from_iter(page, offset_in_page(offset), len, iter);
}

/**
 * addrmap_copy_io() - the same for the memory of a device
 * @buf: the buffer, with @io
 * @offset: where in it
 * @len: bytes
 * @iter: where to, or where from
 * @read: from the buffer
 *
 * Device memory wants functions of its own, as user memory does, so there has
 * to be something in between.
 *
 * Context: As addrmap_copy().
 * Return: As addrmap_copy().
 */
size_t addrmap_copy_io(struct addrmap_buffer *buf, size_t offset, size_t len,
		       struct iov_iter *iter, bool read)
{
	u8 bounce[256];
	size_t done = 0;

	while (done < len) {
		size_t want = min(len - done, sizeof(bounce));
		size_t n;

		if (read) {
			memcpy_fromio(bounce, buf->io + offset + done, want);
			n = copy_to_iter(bounce, want, iter);
		} else {
			n = copy_from_iter(bounce, want, iter);
			memcpy_toio(buf->io + offset + done, bounce, n);
		}
		done += n;
		if (n < want)
			break;
	}

	return done;
}
