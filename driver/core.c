// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the nodes under /dev/addrmap/ have in common: buffers, files, read(),
 * write(), ioctl(), and the checks before a mapping is made. How the memory is
 * allocated and mapped is in one file for each technique.
 */
#include <linux/capability.h>
#include <linux/compat.h>
#include <linux/gfp.h>
#include <linux/highmem.h>
#include <linux/ioctl.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/nospec.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/uio.h>

#include "addrmap.h"
#include "internal.h"

static const struct addrmap_technique * const techniques[] = {
	&addrmap_pfn,
	&addrmap_pages,
	&addrmap_vmalloc,
	&addrmap_fault,
	&addrmap_pfn_fault,
	&addrmap_huge,
#ifdef CONFIG_HAS_IOMEM
	&addrmap_io,
#endif
};

static struct addrmap_node nodes[ARRAY_SIZE(techniques)];

/* Memory that more than one technique uses */

/**
 * addrmap_alloc_contig() - allocate physically contiguous memory
 * @buf: @buf->length is how many bytes; @buf->kaddr is set
 *
 * Context: May sleep.
 * Return: 0, or -ENOMEM. On success, addrmap_free_contig() frees the memory.
 */
int addrmap_alloc_contig(struct addrmap_buffer *buf)
{
	/*
	 * The length is chosen by user space, and may be more than there can
	 * ever be in one piece: that is no reason to warn.
	 */
	buf->kaddr = alloc_pages_exact(buf->length, GFP_KERNEL_ACCOUNT |
				       __GFP_ZERO | __GFP_NOWARN);

	return buf->kaddr ? 0 : -ENOMEM;
}

/**
 * addrmap_free_contig() - free what addrmap_alloc_contig() has allocated
 * @buf: the buffer
 *
 * Context: Any.
 */
void addrmap_free_contig(struct addrmap_buffer *buf)
{
	free_pages_exact(buf->kaddr, buf->length);
}

/**
 * addrmap_page_contig() - a page of addrmap_alloc_contig()'s memory
 * @buf: the buffer
 * @pgoff: in pages, less than @buf->length
 *
 * Context: Any.
 * Return: The page, of which the buffer keeps the reference.
 */
struct page *addrmap_page_contig(struct addrmap_buffer *buf, pgoff_t pgoff)
{
	return virt_to_page(buf->kaddr + (pgoff << PAGE_SHIFT));
}

/**
 * addrmap_alloc_array() - allocate single pages
 * @buf: @buf->length is how many bytes; @buf->pages is set
 *
 * Context: May sleep.
 * Return: 0, or -ENOMEM. On success, addrmap_free_array() frees the pages and
 * their array, which kvmalloc() has allocated.
 */
int addrmap_alloc_array(struct addrmap_buffer *buf)
{
	size_t i, nr = buf->length >> PAGE_SHIFT;

	buf->pages = kvzalloc_objs(*buf->pages, nr, GFP_KERNEL_ACCOUNT);
	if (!buf->pages)
		return -ENOMEM;

	for (i = 0; i < nr; i++) {
		buf->pages[i] = alloc_page(GFP_KERNEL_ACCOUNT | __GFP_HIGHMEM |
					   __GFP_ZERO);
		if (!buf->pages[i]) {
			addrmap_free_array(buf);
			return -ENOMEM;
		}
	}

	return 0;
}

/**
 * addrmap_free_array() - free what addrmap_alloc_array() has allocated
 * @buf: the buffer
 *
 * Context: May sleep.
 */
void addrmap_free_array(struct addrmap_buffer *buf)
{
	size_t i, nr = buf->length >> PAGE_SHIFT;

	for (i = 0; i < nr && buf->pages[i]; i++)
		__free_page(buf->pages[i]);
	kvfree(buf->pages);
}

/**
 * addrmap_page_array() - a page of addrmap_alloc_array()'s
 * @buf: the buffer
 * @pgoff: in pages, less than @buf->length
 *
 * Context: Any.
 * Return: The page, of which the buffer keeps the reference.
 */
struct page *addrmap_page_array(struct addrmap_buffer *buf, pgoff_t pgoff)
{
	return buf->pages[pgoff];
}

/* Buffers */

static struct addrmap_buffer *
buffer_alloc(const struct addrmap_technique *tech, size_t length)
{
	struct addrmap_buffer *buf = kzalloc_obj(*buf);
	int err;

	if (!buf)
		return ERR_PTR(-ENOMEM);

	kref_init(&buf->ref);
	buf->tech = tech;
	buf->length = length;
	err = tech->alloc(buf);
	if (err) {
		kfree(buf);
		return ERR_PTR(err);
	}

	return buf;
}

static void buffer_free(struct kref *ref)
{
	struct addrmap_buffer *buf = container_of(ref, struct addrmap_buffer,
						  ref);

	buf->tech->free(buf);
	kfree(buf);
}

static void buffer_put(struct addrmap_buffer *buf)
{
	kref_put(&buf->ref, buffer_free);
}

/* The buffer that all who open @node share. The caller gets a reference. */
static struct addrmap_buffer *buffer_shared(struct addrmap_node *node)
{
	struct addrmap_buffer *buf;

	guard(mutex)(&node->lock);
	buf = node->shared;
	if (!buf) {
		buf = buffer_alloc(node->tech, ADDRMAP_SHARED_LENGTH);
		if (IS_ERR(buf))
			return buf;
		node->shared = buf;
	}
	kref_get(&buf->ref);

	return buf;
}

/*
 * The buffer that @af has now. The caller gets a reference and holds no lock:
 * to copy from or to user memory may fault, and the fault may need any lock
 * that mmap() needs if that memory is a mapping of this very file.
 */
static struct addrmap_buffer *buffer_get(struct addrmap_file *af)
{
	guard(spinlock)(&af->lock);
	kref_get(&af->buf->ref);

	return af->buf;
}

/* Files */

/**
 * addrmap_open() - ->open: start to use the buffer that the node's files share
 * @inode: unused
 * @file: its private_data is the miscdevice now, and a struct addrmap_file
 *	after this
 *
 * The first call for a node allocates that buffer, which stays until the
 * module is unloaded.
 *
 * Context: May sleep.
 * Return: 0, or -ENOMEM.
 */
int addrmap_open(struct inode *inode, struct file *file)
{
	struct addrmap_node *node = container_of(file->private_data,
						 struct addrmap_node, misc);
	struct addrmap_file *af = kzalloc_obj(*af, GFP_KERNEL_ACCOUNT);

	if (!af)
		return -ENOMEM;

	spin_lock_init(&af->lock);
	af->buf = buffer_shared(node);
	if (IS_ERR(af->buf)) {
		int err = PTR_ERR(af->buf);

		kfree(af);
		return err;
	}
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

	buffer_put(af->buf);
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
	struct addrmap_buffer *buf = buffer_get(file->private_data);
	loff_t pos = fixed_size_llseek(file, offset, whence, buf->length);

	buffer_put(buf);

	return pos;
}

/* read() and write() differ in the direction, and at the end of the buffer. */
static size_t buffer_copy(struct addrmap_buffer *buf, loff_t *pos,
			  struct iov_iter *iter, bool read)
{
	size_t done = 0;

	while (*pos < buf->length && iov_iter_count(iter)) {
		size_t in_page = offset_in_page(*pos);
		size_t want = min(iov_iter_count(iter), PAGE_SIZE - in_page);
		struct page *page;
		size_t n;

		if (!buf->tech->page) {
			n = buf->tech->io_iter(buf, *pos, want, iter, read);
		} else {
			page = buf->tech->page(buf, *pos >> PAGE_SHIFT);
			if (read)
				n = copy_page_to_iter(page, in_page, want,
						      iter);
			else
				n = copy_page_from_iter(page, in_page, want,
							iter);
		}
		*pos += n;
		done += n;
		if (n < want || fatal_signal_pending(current))
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
 * Context: May sleep. No lock is held while user memory is accessed.
 * Return: How many bytes were copied: fewer than asked for at the end of the
 * buffer, where it is 0, and if user memory could not be accessed any further.
 * -EFAULT if nothing could be copied for that reason.
 */
ssize_t addrmap_read_iter(struct kiocb *iocb, struct iov_iter *to)
{
	struct addrmap_buffer *buf = buffer_get(iocb->ki_filp->private_data);
	bool want = iov_iter_count(to) && iocb->ki_pos < buf->length;
	size_t done = buffer_copy(buf, &iocb->ki_pos, to, true);

	buffer_put(buf);

	return want && !done ? -EFAULT : done;
}

/**
 * addrmap_write_iter() - ->write_iter: copy to the buffer
 * @iocb: the file and the position, which moves by what was copied
 * @from: where from
 *
 * Context: May sleep. No lock is held while user memory is accessed.
 * Return: How many bytes were copied: fewer than asked for at the end of the
 * buffer, and if user memory could not be accessed any further. -ENOSPC if
 * the position is at or past the end, -EFAULT if nothing could be copied.
 */
ssize_t addrmap_write_iter(struct kiocb *iocb, struct iov_iter *from)
{
	struct addrmap_buffer *buf = buffer_get(iocb->ki_filp->private_data);
	bool want = iov_iter_count(from);
	bool full = iocb->ki_pos >= buf->length;
	size_t done = buffer_copy(buf, &iocb->ki_pos, from, false);

	buffer_put(buf);

	if (!want || done)
		return done;
	return full ? -ENOSPC : -EFAULT;
}

/* ioctl() */

static long ioctl_info(struct file *file, void *arg)
{
	struct addrmap_buffer *buf = buffer_get(file->private_data);
	struct addrmap_info *info = arg;

	info->length = buf->length;
	info->version = ADDRMAP_VERSION;
	info->state = buf->private ? ADDRMAP_STATE_PRIVATE : 0;
	buffer_put(buf);

	return 0;
}

static void translate(struct addrmap_buffer *buf, struct addrmap_translate *tr)
{
	size_t in_page = offset_in_page(tr->offset);
	struct page *page;

	if (!buf->tech->page) {
		tr->phys = buf->phys + tr->offset;
		tr->pfn = PHYS_PFN(tr->phys);
		tr->kaddr = (unsigned long)buf->io + tr->offset;
		return;
	}
	page = buf->tech->page(buf, tr->offset >> PAGE_SHIFT);
	tr->pfn = page_to_pfn(page);
	tr->phys = page_to_phys(page) + in_page;
	if (buf->kaddr)
		tr->kaddr = (unsigned long)buf->kaddr + tr->offset;
	else if (page_address(page))	/* NULL for most of high memory */
		tr->kaddr = (unsigned long)page_address(page) + in_page;
}

static long ioctl_translate(struct file *file, void *arg)
{
	struct addrmap_buffer *buf = buffer_get(file->private_data);
	struct addrmap_translate *tr = arg;
	long ret = 0;

	tr->kaddr = 0;
	tr->pfn = 0;
	tr->phys = 0;
	if (tr->offset >= buf->length)
		ret = -EINVAL;
	else if (capable(CAP_SYS_ADMIN))
		translate(buf, tr);
	buffer_put(buf);

	return ret;
}

/* Copies @len bytes, at most to the end of @page. */
static void transfer_page(struct addrmap_buffer *buf, size_t offset,
			  struct page *page, size_t in_page, size_t len,
			  bool to_buffer)
{
	if (!buf->tech->page) {
		buf->tech->io_page(buf, offset, page, in_page, len, to_buffer);
		return;
	}

	while (len) {
		struct page *bpage = buf->tech->page(buf, offset >> PAGE_SHIFT);
		size_t in_bpage = offset_in_page(offset);
		size_t n = min(len, PAGE_SIZE - in_bpage);

		if (to_buffer) {
			memcpy_page(bpage, in_bpage, page, in_page, n);
			flush_dcache_page(bpage);
		} else {
			memcpy_page(page, in_page, bpage, in_bpage, n);
			flush_dcache_page(page);
		}
		offset += n;
		in_page += n;
		len -= n;
	}
}

/*
 * Pins some pages at a time, since it is user space that decides how many there
 * are to pin. Pinning may stop early: what is pinned is used, and the next
 * round finds out why.
 */
static long transfer(struct addrmap_buffer *buf, size_t offset,
		     unsigned long addr, size_t length, bool to_buffer)
{
	struct page *pages[16];
	size_t done = 0;
	long err = 0;

	while (done < length) {
		size_t in_page = offset_in_page(addr + done);
		size_t left = min(length - done,
				  ARRAY_SIZE(pages) * PAGE_SIZE - in_page);
		int i, nr;

		/* FOLL_WRITE if the user's pages are written to, not read. */
		nr = pin_user_pages_fast(addr + done,
					 DIV_ROUND_UP(in_page + left, PAGE_SIZE),
					 to_buffer ? 0 : FOLL_WRITE, pages);
		if (nr <= 0) {
			err = nr ?: -EFAULT;
			break;
		}
		for (i = 0; i < nr; i++) {
			size_t n = min(left, PAGE_SIZE - in_page);

			transfer_page(buf, offset + done, pages[i], in_page, n,
				      to_buffer);
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

	return done ?: err;
}

static long ioctl_transfer(struct file *file, void *arg)
{
	struct addrmap_transfer *tr = arg;
	bool to_buffer = tr->flags & ADDRMAP_TRANSFER_TO_BUFFER;
	struct addrmap_buffer *buf;
	long ret;

	if (!(file->f_mode & (to_buffer ? FMODE_WRITE : FMODE_READ)))
		return -EBADF;

	buf = buffer_get(file->private_data);
	if (!tr->length || tr->offset >= buf->length ||
	    tr->length > buf->length - tr->offset)
		ret = -EINVAL;
	else if (tr->addr != (unsigned long)tr->addr ||
		 !access_ok((void __user *)(unsigned long)tr->addr, tr->length))
		ret = -EFAULT;
	else
		ret = transfer(buf, tr->offset, tr->addr, tr->length,
			       to_buffer);
	buffer_put(buf);

	return ret;
}

/*
 * mmap() decides in ->mmap_prepare what to map, but nobody hears of the mapping
 * before ->mapped, nor ever of one that failed between the two. All of this
 * happens with the mmap_lock held for writing: holding it here means that no
 * mmap() of this process is half-way through. Other processes cannot be kept
 * out, so the buffer must not change once one of them has called mmap().
 */
static int set_buffer(struct addrmap_file *af, struct addrmap_buffer **buf)
{
	struct mm_struct *mm = current->mm;
	int err = 0;

	if (mmap_write_lock_killable(mm))
		return -EINTR;
	scoped_guard(spinlock, &af->lock) {
		if (af->nr_vmas || af->mappers ||
		    (af->mapper && af->mapper != mm))
			err = -EBUSY;
		else
			swap(af->buf, *buf);
	}
	mmap_write_unlock(mm);

	return err;
}

static long ioctl_set_length(struct file *file, void *arg)
{
	struct addrmap_file *af = file->private_data;
	struct addrmap_set_length *sl = arg;
	const struct addrmap_technique *tech;
	struct addrmap_buffer *buf;
	int err;

	if (!sl->length || sl->length > ADDRMAP_MAX_LENGTH ||
	    !PAGE_ALIGNED(sl->length))
		return -EINVAL;

	/* Even if the buffer changes, the technique does not. */
	buf = buffer_get(af);
	tech = buf->tech;
	buffer_put(buf);
	if (!tech->page)
		return -EOPNOTSUPP;

	buf = buffer_alloc(tech, sl->length);
	if (IS_ERR(buf))
		return PTR_ERR(buf);
	buf->private = true;
	err = set_buffer(af, &buf);
	/* The old buffer, or the new one if it was not to be. */
	buffer_put(buf);

	return err;
}

union ioctl_arg {
	struct {
		__u32 size;
		__u32 flags;
	};
	struct addrmap_info info;
	struct addrmap_translate translate;
	struct addrmap_transfer transfer;
	struct addrmap_set_length set_length;
};

static const struct ioctl_op {
	long (*fn)(struct file *file, void *arg);
	size_t size;		/* that this kernel knows */
	size_t min_size;	/* of the first version */
	u32 flags;		/* that this kernel knows */
	bool out;		/* copy the struct back on success */
} ioctl_ops[] = {
	[_IOC_NR(ADDRMAP_INFO)] = {
		.fn = ioctl_info,
		.size = sizeof(struct addrmap_info),
		.min_size = offsetofend(struct addrmap_info, state),
		.out = true,
	},
	[_IOC_NR(ADDRMAP_TRANSLATE)] = {
		.fn = ioctl_translate,
		.size = sizeof(struct addrmap_translate),
		.min_size = offsetofend(struct addrmap_translate, phys),
		.out = true,
	},
	[_IOC_NR(ADDRMAP_TRANSFER)] = {
		.fn = ioctl_transfer,
		.size = sizeof(struct addrmap_transfer),
		.min_size = offsetofend(struct addrmap_transfer, length),
		.flags = ADDRMAP_TRANSFER_TO_BUFFER,
	},
	[_IOC_NR(ADDRMAP_SET_LENGTH)] = {
		.fn = ioctl_set_length,
		.size = sizeof(struct addrmap_set_length),
		.min_size = offsetofend(struct addrmap_set_length, length),
	},
};

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
	void __user *uarg = (void __user *)arg;
	const struct ioctl_op *op;
	union ioctl_arg karg;
	u32 size;
	long ret;

	if (_IOC_NR(cmd) >= ARRAY_SIZE(ioctl_ops) ||
	    cmd != _IO(ADDRMAP_IOC_MAGIC, _IOC_NR(cmd)))
		return -ENOTTY;
	op = &ioctl_ops[array_index_nospec(_IOC_NR(cmd), ARRAY_SIZE(ioctl_ops))];

	if (get_user(size, (u32 __user *)uarg))
		return -EFAULT;
	if (size < op->min_size)
		return -EINVAL;
	if (size > PAGE_SIZE)
		return -E2BIG;
	ret = copy_struct_from_user(&karg, op->size, uarg, size);
	if (ret)
		return ret;
	if (karg.flags & ~op->flags)
		return -EINVAL;

	ret = op->fn(file, &karg);
	if (ret < 0 || !op->out)
		return ret;

	/* It has been read twice, and may not have been the same. */
	karg.size = size;
	return copy_struct_to_user(uarg, size, &karg, op->size, NULL);
}

/* Mappings */

static struct addrmap_buffer *mmap_check(struct addrmap_file *af,
					 const struct mm_struct *mm,
					 pgoff_t pgoff, unsigned long nr_pages)
{
	unsigned long max;

	guard(spinlock)(&af->lock);
	max = af->buf->length >> PAGE_SHIFT;
	if (pgoff >= max || nr_pages > max - pgoff)
		return ERR_PTR(-EINVAL);

	/* From here on, set_buffer() must fear that @mm maps the buffer. */
	if (af->mapper && af->mapper != mm)
		af->mappers = true;
	af->mapper = mm;

	return af->buf;
}

/**
 * addrmap_mmap_prepare() - what each ->mmap_prepare has to do first
 * @desc: describes the mapping
 *
 * Checks that the mapping is inside the buffer, and sees to it that it stays
 * inside, is not executable and does not become so. (A mapping of a file that
 * is open only for reading cannot become writable: mmap() takes care of that.)
 *
 * The caller sets desc->vm_ops to something with ADDRMAP_VM_OPS in it.
 *
 * Context: Called by mmap() with the mmap_lock held for writing.
 * Return: The buffer, for which the file holds a reference that lasts as long
 * as the mapping; or -EINVAL if the mapping is not inside the buffer, -EPERM
 * if it is to be executable.
 */
struct addrmap_buffer *addrmap_mmap_prepare(struct vm_area_desc *desc)
{
	if (vma_desc_test(desc, VMA_EXEC_BIT))
		return ERR_PTR(-EPERM);
	vma_desc_clear_flags(desc, VMA_MAYEXEC_BIT);
	vma_desc_set_flags(desc, VMA_DONTEXPAND_BIT, VMA_DONTDUMP_BIT);

	return mmap_check(desc->file->private_data, desc->mm, desc->pgoff,
			  vma_desc_pages(desc));
}

/**
 * addrmap_mmap() - what each ->mmap has to do first
 * @vma: the mapping
 *
 * See addrmap_mmap_prepare(), of which this is the same for those who cannot
 * use it. The caller sets vma->vm_ops once nothing can fail any more, and calls
 * the ->mapped in it.
 *
 * Context: Called by mmap() with the mmap_lock held for writing.
 * Return: As addrmap_mmap_prepare().
 */
struct addrmap_buffer *addrmap_mmap(struct vm_area_struct *vma)
{
	if (vma->vm_flags & VM_EXEC)
		return ERR_PTR(-EPERM);
	vm_flags_mod(vma, VM_DONTEXPAND | VM_DONTDUMP, VM_MAYEXEC);

	return mmap_check(vma->vm_file->private_data, vma->vm_mm,
			  vma->vm_pgoff, vma_pages(vma));
}

/**
 * addrmap_vm_mapped() - vm_ops->mapped: a mapping has come into being
 * @start: its first address
 * @end: the address behind its last
 * @pgoff: its page offset
 * @file: the file
 * @vm_private_data: becomes the struct addrmap_file, to tell
 *	addrmap_vm_close() that the mapping was counted: it is also called for
 *	one that was torn down before it got here
 *
 * Context: Called with the mmap_lock held for writing.
 * Return: 0.
 */
int addrmap_vm_mapped(unsigned long start, unsigned long end, pgoff_t pgoff,
		      const struct file *file, void **vm_private_data)
{
	struct addrmap_file *af = file->private_data;

	guard(spinlock)(&af->lock);
	af->nr_vmas++;
	*vm_private_data = af;

	return 0;
}

/**
 * addrmap_vm_open() - vm_ops->open: a mapping was split, copied or moved
 * @vma: the new VMA
 *
 * Context: Called with the mmap_lock held for writing.
 */
void addrmap_vm_open(struct vm_area_struct *vma)
{
	struct addrmap_file *af = vma->vm_private_data;

	if (!af)
		return;
	guard(spinlock)(&af->lock);
	af->nr_vmas++;
}

/**
 * addrmap_vm_close() - vm_ops->close: a VMA goes away
 * @vma: the VMA
 *
 * Context: May sleep.
 */
void addrmap_vm_close(struct vm_area_struct *vma)
{
	struct addrmap_file *af = vma->vm_private_data;

	if (!af)
		return;
	guard(spinlock)(&af->lock);
	af->nr_vmas--;
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
 * no references to the pages.
 *
 * Context: Called with the mmap_lock held. May sleep.
 * Return: How many bytes were copied, which is fewer than @len at the end of
 * the mapping. -EACCES if the mapping is not writable, or if it is private:
 * then nobody knows here which pages of it are copies.
 */
int addrmap_vm_access(struct vm_area_struct *vma, unsigned long addr,
		      void *data, int len, int write)
{
	struct addrmap_buffer *buf = addrmap_vma_buffer(vma);
	size_t offset = (vma->vm_pgoff << PAGE_SHIFT) + addr - vma->vm_start;
	int done = 0;

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

/* Nodes */

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
		if (node->shared)
			buffer_put(node->shared);
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
