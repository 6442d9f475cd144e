// SPDX-License-Identifier: GPL-2.0-only
/*
 * Open files of the nodes, the buffers that they use, and what can be done with
 * a buffer without mapping it: read(), write(), lseek().
 */
#include <linux/anon_inodes.h>
#include <linux/err.h>
#include <linux/file.h>
#include <linux/minmax.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/uio.h>

#include "addrmap.h"
#include "internal.h"

/**
 * addrmap_buffer_alloc() - allocate a buffer
 * @tech: how
 * @length: bytes, a multiple of PAGE_SIZE
 *
 * Context: May sleep.
 * Return: The buffer, whose memory is zero unless it is a device's, and which
 * addrmap_buffer_free() frees; or an error pointer.
 */
struct addrmap_buffer *addrmap_buffer_alloc(const struct addrmap_technique *tech,
					    size_t length)
{
	struct addrmap_buffer *buf = kzalloc_obj(*buf, GFP_KERNEL_ACCOUNT);
	int err;

	if (!buf)
		return ERR_PTR(-ENOMEM);

	buf->tech = tech;
	buf->length = length;
	err = tech->alloc(buf);
	if (err) {
		kfree(buf);
		return ERR_PTR(err);
	}

	return buf;
}

/**
 * addrmap_buffer_free() - free a buffer
 * @buf: the buffer, which nothing uses any more, or NULL
 *
 * Context: May sleep.
 */
void addrmap_buffer_free(struct addrmap_buffer *buf)
{
	if (!buf)
		return;
	buf->tech->free(buf);
	kfree(buf);
}

/* The buffer that files of @node share, or an error pointer. */
static struct addrmap_buffer *shared_buffer(struct addrmap_node *node)
{
	guard(mutex)(&node->lock);
	if (!node->shared) {
		struct addrmap_buffer *buf;

		buf = addrmap_buffer_alloc(node->tech, ADDRMAP_SHARED_LENGTH);
		if (IS_ERR(buf))
			return buf;
		node->shared = buf;
	}

	return node->shared;
}

/**
 * addrmap_buffer() - the buffer of a file
 * @file: the file
 *
 * The file may get a private buffer at any time, so ask once and use what comes
 * back. It stays as long as the file.
 *
 * Context: Any.
 * Return: The private buffer, or the shared one if there is no private one yet.
 */
struct addrmap_buffer *addrmap_buffer(const struct file *file)
{
	struct addrmap_file *af = file->private_data;

	/* Pairs with cmpxchg() in ioctl.c: see what is in the buffer, too. */
	return smp_load_acquire(&af->private) ?: af->node->shared;
}

/**
 * addrmap_anon_create() - create an address_space for the mappings of a node
 *
 * unmap_mapping_range() and others look for mappings in an address_space, and a
 * device node may have several inodes with an address_space each: one for every
 * mknod(). So ->open lets the f_mapping of all files be that of one file, which
 * this makes.
 *
 * Context: May sleep.
 * Return: The file, which addrmap_anon_destroy() puts, or an error pointer.
 */
struct file *addrmap_anon_create(void)
{
	/* Without an owner: the module must not hold a reference to itself. */
	static const struct file_operations anon_fops;

	return anon_inode_create_getfile("[addrmap]", &anon_fops, NULL, O_RDWR,
					 NULL);
}

/**
 * addrmap_anon_destroy() - undo addrmap_anon_create()
 * @anon: the file, whose f_mapping no other file has any more
 *
 * Context: May sleep.
 */
void addrmap_anon_destroy(struct file *anon)
{
	/* Not fput(), which uses anon_fops after the module may have gone. */
	__fput_sync(anon);
}

/**
 * addrmap_open() - ->open: start to use the buffer that the node's files share
 * @inode: unused
 * @file: its private_data is the miscdevice now, and a struct addrmap_file
 *	after this
 *
 * The first call for a node allocates that buffer.
 *
 * Context: May sleep.
 * Return: 0, or -ENOMEM.
 */
int addrmap_open(struct inode *inode, struct file *file)
{
	struct addrmap_node *node = container_of(file->private_data,
						 struct addrmap_node, misc);
	struct addrmap_buffer *shared = shared_buffer(node);
	struct addrmap_file *af;

	if (IS_ERR(shared))
		return PTR_ERR(shared);

	af = kzalloc_obj(*af, GFP_KERNEL_ACCOUNT);
	if (!af)
		return -ENOMEM;
	af->node = node;
	file->private_data = af;

	return 0;
}

/**
 * addrmap_release() - ->release: the last reference to the file is gone
 * @inode: unused
 * @file: the file
 *
 * Every mapping holds a reference to its file, so there are none any more, and
 * a private buffer can be freed.
 *
 * Context: May sleep.
 * Return: 0.
 */
int addrmap_release(struct inode *inode, struct file *file)
{
	struct addrmap_file *af = file->private_data;

	addrmap_buffer_free(af->private);
	kfree(af);

	return 0;
}

/**
 * addrmap_llseek() - ->llseek: set the file position
 * @file: the file
 * @offset: in bytes
 * @whence: SEEK_SET, SEEK_CUR or SEEK_END
 *
 * Context: May sleep.
 * Return: The new position, or -EINVAL if it were not in the buffer or at its
 * end, or if @whence is something else.
 */
loff_t addrmap_llseek(struct file *file, loff_t offset, int whence)
{
	return fixed_size_llseek(file, offset, whence,
				 addrmap_buffer(file)->length);
}

/* read() and write() differ in the direction, and at the end of the buffer. */
static size_t file_copy(struct addrmap_buffer *buf, loff_t *pos,
			struct iov_iter *iter, bool read)
{
	size_t done = 0;

	while (*pos < buf->length && iov_iter_count(iter)) {
		size_t want = min(iov_iter_count(iter),
				  PAGE_SIZE - offset_in_page(*pos));
		size_t n = addrmap_copy(buf, *pos, want, iter, read);

		*pos += n;
		done += n;
		/* Less than wanted: some architectures stop short of a fault. */
		if (!n || fatal_signal_pending(current))
			break;
		cond_resched();
	}

	return done;
}

/**
 * addrmap_read_iter() - ->read_iter: copy from the buffer
 * @iocb: the file and the position, which moves by what was copied
 * @to: where to
 *
 * Context: May sleep.
 * Return: How many bytes were copied: fewer than asked for at the end of the
 * buffer, where it is 0, and if user memory could not be accessed any further.
 * -EFAULT if nothing could be copied for that reason.
 */
ssize_t addrmap_read_iter(struct kiocb *iocb, struct iov_iter *to)
{
	struct addrmap_buffer *buf = addrmap_buffer(iocb->ki_filp);
	bool want = iov_iter_count(to) && iocb->ki_pos < buf->length;
	size_t done = file_copy(buf, &iocb->ki_pos, to, true);

	return want && !done ? -EFAULT : done;
}

/**
 * addrmap_write_iter() - ->write_iter: copy to the buffer
 * @iocb: the file and the position, which moves by what was copied
 * @from: where from
 *
 * Context: May sleep.
 * Return: How many bytes were copied: fewer than asked for at the end of the
 * buffer, and if user memory could not be accessed any further. -ENOSPC if
 * the position is at or past the end, -EFAULT if nothing could be copied.
 */
ssize_t addrmap_write_iter(struct kiocb *iocb, struct iov_iter *from)
{
	struct addrmap_buffer *buf = addrmap_buffer(iocb->ki_filp);
	bool want = iov_iter_count(from);
	bool full = iocb->ki_pos >= buf->length;
	size_t done = file_copy(buf, &iocb->ki_pos, from, false);

	if (!want || done)
		return done;
	return full ? -ENOSPC : -EFAULT;
}
