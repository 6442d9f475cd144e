// SPDX-License-Identifier: GPL-2.0-only
/*
 * The ioctls of addrmap.h, among them ADDRMAP_TRANSFER: how to access the memory
 * of a process through pinned pages.
 */
#include <linux/bitops.h>
#include <linux/bvec.h>
#include <linux/capability.h>
#include <linux/err.h>
#include <linux/highmem.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/sched/signal.h>
#include <linux/uaccess.h>
#include <linux/uio.h>

#include "addrmap.h"
#include "internal.h"

static long ioctl_info(struct file *file, struct addrmap_info __user *uinfo)
{
	struct addrmap_file *af = file->private_data;
	struct addrmap_buffer *buf = addrmap_buffer(file);
	struct addrmap_info info = {
		.length = buf->length,
		.mappings = atomic_long_read(&buf->mappings),
		.state = buf == af->node->shared ? 0 : ADDRMAP_STATE_PRIVATE,
	};

	return copy_to_user(uinfo, &info, sizeof(info)) ? -EFAULT : 0;
}

static void translate(struct addrmap_buffer *buf, struct addrmap_translate *tr)
{
	size_t in_page = offset_in_page(tr->offset);
	struct page *page;

	if (buf->kaddr)
		tr->kaddr = (unsigned long)buf->kaddr + tr->offset;

	if (buf->tech->page) {
		page = buf->tech->page(buf, tr->offset >> PAGE_SHIFT);
		tr->pfn = page_to_pfn(page);
		tr->phys = page_to_phys(page) + in_page;
		/* NULL for most of high memory. */
		if (!tr->kaddr && page_address(page))
			tr->kaddr = (unsigned long)page_address(page) + in_page;
	} else if (buf->io) {
		tr->phys = buf->phys + tr->offset;
		tr->pfn = PHYS_PFN(tr->phys);
		tr->kaddr = (unsigned long)buf->io + tr->offset;
	}
}

static long ioctl_translate(struct file *file,
			    struct addrmap_translate __user *utr)
{
	struct addrmap_buffer *buf = addrmap_buffer(file);
	struct addrmap_translate tr;

	if (copy_from_user(&tr, utr, sizeof(tr)))
		return -EFAULT;
	if (tr.offset >= buf->length)
		return -EINVAL;

	tr.kaddr = 0;
	tr.pfn = 0;
	tr.phys = 0;
	if (capable(CAP_SYS_ADMIN))
		translate(buf, &tr);

	return copy_to_user(utr, &tr, sizeof(tr)) ? -EFAULT : 0;
}

/* Copies @len bytes, which are in one page of the user's. */
static void transfer_page(struct addrmap_buffer *buf, size_t offset,
			  struct page *page, size_t in_page, size_t len,
			  bool to_buffer)
{
	struct iov_iter iter;
	struct bio_vec bvec;

	bvec_set_page(&bvec, page, len, in_page);
	iov_iter_bvec(&iter, to_buffer ? ITER_SOURCE : ITER_DEST, &bvec, 1, len);
	while (len) {
		size_t n = min(len, PAGE_SIZE - offset_in_page(offset));

		addrmap_copy(buf, offset, n, &iter, !to_buffer);
		offset += n;
		len -= n;
	}
	/* For caches that know a page by its virtual address. */
	if (!to_buffer)
		flush_dcache_page(page);
}

/*
 * Pins some pages at a time, since it is user space that decides how many there
 * are to pin. Pinning may stop early: what is pinned is used, and the next
 * round finds out why.
 */
static long transfer(struct addrmap_buffer *buf, struct addrmap_transfer *tr)
{
	bool to_buffer = tr->flags & ADDRMAP_TRANSFER_TO_BUFFER;
	struct page *pages[16];
	size_t done = 0;
	long err = 0;

	while (done < tr->length) {
		unsigned long addr = tr->addr + done;
		size_t in_page = offset_in_page(addr);
		size_t left = min(tr->length - done,
				  ARRAY_SIZE(pages) * PAGE_SIZE - in_page);
		int i, nr;

		/* FOLL_WRITE if the user's pages are written to, not read. */
		nr = pin_user_pages_fast(addr,
					 DIV_ROUND_UP(in_page + left, PAGE_SIZE),
					 to_buffer ? 0 : FOLL_WRITE, pages);
		if (nr <= 0) {
			err = nr ?: -EFAULT;
			break;
		}
		for (i = 0; i < nr; i++) {
			size_t n = min(left, PAGE_SIZE - in_page);

			transfer_page(buf, tr->offset + done, pages[i], in_page,
				      n, to_buffer);
			done += n;
			left -= n;
			in_page = 0;
		}
		unpin_user_pages_dirty_lock(pages, nr, !to_buffer);

		if (fatal_signal_pending(current)) {
			err = -EINTR;
			break;
		}
		cond_resched();
	}
	tr->done = done;

	return done ? 0 : err;
}

static long ioctl_transfer(struct file *file,
			   struct addrmap_transfer __user *utr)
{
	struct addrmap_buffer *buf = addrmap_buffer(file);
	struct addrmap_transfer tr;
	fmode_t need;
	long err;

	if (copy_from_user(&tr, utr, sizeof(tr)))
		return -EFAULT;
	if (tr.flags & ~ADDRMAP_TRANSFER_TO_BUFFER || tr.reserved)
		return -EINVAL;
	need = tr.flags & ADDRMAP_TRANSFER_TO_BUFFER ? FMODE_WRITE : FMODE_READ;
	if (!(file->f_mode & need))
		return -EBADF;
	/* The sum of offset and length may overflow, the difference does not. */
	if (!tr.length || tr.offset >= buf->length ||
	    tr.length > buf->length - tr.offset)
		return -EINVAL;
	if (tr.addr != (unsigned long)tr.addr ||
	    !access_ok((void __user *)(unsigned long)tr.addr, tr.length))
		return -EFAULT;

	err = transfer(buf, &tr);
	if (err)
		return err;

	return copy_to_user(utr, &tr, sizeof(tr)) ? -EFAULT : 0;
}

/*
 * Succeeds once for a file, and frees nothing: a mmap() that is under way may
 * have chosen the shared buffer, and nobody can see that before ->mapped. So the
 * buffers that a file can have had stay as long as the file.
 */
static long ioctl_set_length(struct file *file,
			     struct addrmap_set_length __user *usl)
{
	struct addrmap_file *af = file->private_data;
	struct addrmap_set_length sl;
	struct addrmap_buffer *buf;

	if (copy_from_user(&sl, usl, sizeof(sl)))
		return -EFAULT;
	if (!sl.length || sl.length > ADDRMAP_MAX_LENGTH ||
	    !PAGE_ALIGNED(sl.length))
		return -EINVAL;
	if (af->node->tech->only)
		return -EOPNOTSUPP;
	if (READ_ONCE(af->private))
		return -EBUSY;

	buf = addrmap_buffer_alloc(af->node->tech, sl.length);
	if (IS_ERR(buf))
		return PTR_ERR(buf);
	/* Of those who get here at once, one wins. */
	if (cmpxchg(&af->private, NULL, buf)) {
		addrmap_buffer_free(buf);
		return -EBUSY;
	}

	return 0;
}

static long ioctl_written(struct file *file,
			  struct addrmap_written __user *uarg)
{
	struct addrmap_buffer *buf = addrmap_buffer(file);
	unsigned long nr = buf->length >> PAGE_SHIFT, first, end;
	struct addrmap_written arg;

	if (!buf->tech->written)
		return -ENOTTY;
	if (copy_from_user(&arg, uarg, sizeof(arg)))
		return -EFAULT;
	if (arg.offset > buf->length || !PAGE_ALIGNED(arg.offset))
		return -EINVAL;

	first = arg.offset >> PAGE_SHIFT;
	while (first < nr && !buf->tech->written(buf, first))
		first = find_next_bit(buf->written, nr, first + 1);
	end = first;
	if (first < nr)
		while (++end < nr && buf->tech->written(buf, end))
			cond_resched();

	arg.offset = (u64)first << PAGE_SHIFT;
	arg.length = (u64)(end - first) << PAGE_SHIFT;
	if (!copy_to_user(uarg, &arg, sizeof(arg)))
		return 0;

	/* Nobody has been told. */
	for (; first < end; first++)
		set_bit(first, buf->written);

	return -EFAULT;
}

/**
 * addrmap_ioctl() - ->unlocked_ioctl: see addrmap.h
 * @file: the file
 * @cmd: an ADDRMAP_ ioctl of addrmap.h
 * @arg: address of its struct in user space
 *
 * The structs hold no pointers and no types whose size varies, so a 32-bit
 * process on a 64-bit kernel gets here by compat_ptr_ioctl().
 *
 * Context: May sleep.
 * Return: 0, or what addrmap.h says of @cmd.
 */
long addrmap_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct addrmap_file *af = file->private_data;
	void __user *uarg = (void __user *)arg;

	switch (cmd) {
	case ADDRMAP_INFO:
		return ioctl_info(file, uarg);
	case ADDRMAP_TRANSLATE:
		return ioctl_translate(file, uarg);
	case ADDRMAP_TRANSFER:
		return ioctl_transfer(file, uarg);
	case ADDRMAP_SET_LENGTH:
		return ioctl_set_length(file, uarg);
	case ADDRMAP_WRITTEN:
		return ioctl_written(file, uarg);
	}
	if (af->node->tech->ioctl)
		return af->node->tech->ioctl(addrmap_buffer(file), cmd, uarg);

	return -ENOTTY;
}
