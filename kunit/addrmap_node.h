/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The nodes of the sample driver in mm/addrmap/, as a process uses them.
 *
 * The thread of a case is that process: it has a user address space. There is no
 * /dev, so it opens a node by its miscdevice. What needs more than one process is
 * left to the selftests.
 */
#ifndef _MM_TESTS_ADDRMAP_NODE_H
#define _MM_TESTS_ADDRMAP_NODE_H

#include <kunit/test.h>
#include <linux/anon_inodes.h>
#include <linux/cred.h>
#include <linux/err.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/uio.h>

#include "../addrmap/addrmap.h"
#include "../addrmap/internal.h"

#include "check_bytes.h"
#include "mm_kunit.h"

/* More pages than the driver pins at a time, and not a multiple of them. */
#define NR_PAGES	19
#define LENGTH		(NR_PAGES * PAGE_SIZE)

struct node_case {
	const char *name;
	bool pfnmap;	/* its mappings are VM_PFNMAP */
	bool shared;	/* it has no private mappings */
	bool no_frames;	/* the driver does not know its page frames */
};

static const struct node_case __maybe_unused nodes[] = {
	{ .name = "addrmap/pfn", .pfnmap = true },
	{ .name = "addrmap/pages" },
	{ .name = "addrmap/vmalloc" },
	{ .name = "addrmap/fault" },
	{ .name = "addrmap/fault-around" },
	{ .name = "addrmap/pfn-fault", .pfnmap = true, .shared = true },
	{ .name = "addrmap/pfn-fault-around", .pfnmap = true, .shared = true },
	{ .name = "addrmap/huge" },
	{ .name = "addrmap/pfn-huge", .pfnmap = true, .shared = true },
	{ .name = "addrmap/segments", .pfnmap = true, .shared = true },
	{ .name = "addrmap/written" },
	{ .name = "addrmap/pfn-written", .pfnmap = true, .shared = true },
	{ .name = "addrmap/revoke" },
#ifdef CONFIG_HAS_DMA
	{ .name = "addrmap/dma", .pfnmap = true, .shared = true, .no_frames = true },
#endif
};

static inline const char *node_name(struct kunit *test)
{
	const struct node_case *row = test->param_value;

	return row->name;
}

/* -- open() ---------------------------------------------------------------- */

static inline void put_file(void *filp)
{
	fput(filp);
}

/*
 * What misc_open() does, for a file that is not in /dev. Returns the file, which is put
 * when the case ends, or an error pointer.
 */
static inline struct file *open_name(struct kunit *test, const char *name, int flags)
{
	struct miscdevice *misc = addrmap_find_node(name);
	struct file *filp;
	int err;

	if (!misc)
		return ERR_PTR(-ENODEV);
	filp = anon_inode_getfile("[addrmap]", misc->fops, misc, flags);
	if (IS_ERR(filp))
		return filp;
	err = misc->fops->open(file_inode(filp), filp);
	if (err) {
		/* There is nothing to release. */
		replace_fops(filp, NULL);
		fput(filp);
		return ERR_PTR(err);
	}

	return mm_kunit_manage(test, put_file, filp);
}

/*
 * A file of the technique of @buf, which is freed after it. For the nodes "io" and
 * "io-huge", which there are with a device only.
 */
static inline struct file *open_buffer(struct kunit *test, struct addrmap_buffer *buf)
{
	struct addrmap_node *node = kunit_kzalloc(test, sizeof(*node), GFP_KERNEL);
	struct addrmap_file *af;
	struct file *filp;

	KUNIT_ASSERT_NOT_NULL(test, node);
	node->tech = buf->tech;
	node->shared = buf;
	/* addrmap_release() frees it. */
	af = kzalloc_obj(*af);
	KUNIT_ASSERT_NOT_NULL(test, af);
	af->node = node;
	filp = anon_inode_getfile("[addrmap]", buf->tech->fops, af, O_RDWR);
	if (IS_ERR(filp))
		kfree(af);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, filp);

	return mm_kunit_manage(test, put_file, filp);
}

/**
 * ADDRMAP_OPEN_NAME() - open(2) of a node; asserts if it fails
 * @test: the case
 * @name: of the node
 * @flags: O_*
 *
 * Return: the file, which is put when the case ends.
 */
#define ADDRMAP_OPEN_NAME(test, name, flags)					\
({										\
	struct kunit *__test = (test);						\
	const char *__name = (name);						\
	struct file *__filp = open_name(__test, __name, flags);			\
										\
	KUNIT_ASSERT_NOT_ERR_OR_NULL_MSG(__test, __filp, "open() of %s", __name); \
	__filp;									\
})

/**
 * ADDRMAP_OPEN() - open(2) of the node of a parameter case; asserts if it fails
 * @test: the case
 * @flags: O_*
 *
 * Return: the file, which is put when the case ends.
 */
#define ADDRMAP_OPEN(test, flags)						\
({										\
	struct kunit *__case = (test);						\
										\
	ADDRMAP_OPEN_NAME(__case, node_name(__case), flags);			\
})

/* -- ioctl() --------------------------------------------------------------- */

static inline long node_ioctl(struct file *filp, unsigned int cmd, void __user *uarg)
{
	return filp->f_op->unlocked_ioctl(filp, cmd, (unsigned long)uarg);
}

/*
 * ioctl(2) of a copy of @arg in user memory, which is copied back. The page for that is
 * always the same, lest it fill the hole of user_mem_end(). Returns what the ioctl
 * returned, or -EIO if the page cannot be accessed.
 */
static inline long do_ioctl(struct kunit *test, struct file *filp, unsigned int cmd,
			    void *arg, size_t size)
{
	char __user *uarg = test->priv;
	long ret;

	if (copy_to_user(uarg, arg, size))
		return -EIO;
	ret = node_ioctl(filp, cmd, uarg);
	if (copy_from_user(arg, uarg, size))
		return -EIO;

	return ret;
}

static inline long get_info(struct kunit *test, struct file *filp, struct addrmap_info *info)
{
	return do_ioctl(test, filp, ADDRMAP_INFO, info, sizeof(*info));
}

static inline long set_length(struct kunit *test, struct file *filp, u64 length)
{
	struct addrmap_set_length arg = { .length = length };

	return do_ioctl(test, filp, ADDRMAP_SET_LENGTH, &arg, sizeof(arg));
}

static inline long translate(struct kunit *test, struct file *filp, u64 offset,
			     struct addrmap_translate *tr)
{
	*tr = (struct addrmap_translate){ .offset = offset };

	return do_ioctl(test, filp, ADDRMAP_TRANSLATE, tr, sizeof(*tr));
}

/* Returns how many bytes were copied, or what the ioctl returned if that is not 0. */
static inline long transfer(struct kunit *test, struct file *filp, u32 flags,
			    u64 offset, char __user *addr, u64 length)
{
	struct addrmap_transfer arg = {
		.offset = offset,
		.addr = (unsigned long)addr,
		.length = length,
		.flags = flags,
	};

	return do_ioctl(test, filp, ADDRMAP_TRANSFER, &arg, sizeof(arg)) ?: arg.done;
}

/*
 * ADDRMAP_WRITTEN from page @pgoff on. Returns 0 with the first page and the number of
 * pages, of which there may be none, or what the ioctl returned.
 */
static inline long written(struct kunit *test, struct file *filp, pgoff_t pgoff,
			   unsigned long *first, unsigned long *nr)
{
	struct addrmap_written arg = { .offset = (u64)pgoff << PAGE_SHIFT };
	long ret = do_ioctl(test, filp, ADDRMAP_WRITTEN, &arg, sizeof(arg));

	*first = arg.offset >> PAGE_SHIFT;
	*nr = arg.length >> PAGE_SHIFT;

	return ret;
}

static inline long revoke(struct kunit *test, struct file *filp, u32 flags)
{
	struct addrmap_revoke arg = { .flags = flags };

	return do_ioctl(test, filp, ADDRMAP_REVOKE, &arg, sizeof(arg));
}

/**
 * ADDRMAP_OPEN_PRIVATE() - open the case's node, and get a buffer of its own
 * @test: the case; asserts if it fails
 *
 * Return: the file, whose buffer of LENGTH bytes is zeroed, and used by nobody else.
 */
#define ADDRMAP_OPEN_PRIVATE(test)						\
({										\
	struct kunit *__owner = (test);						\
	struct file *__opened = ADDRMAP_OPEN(__owner, O_RDWR);			\
										\
	KUNIT_ASSERT_EQ_MSG(__owner, set_length(__owner, __opened, LENGTH), 0,	\
			    "ADDRMAP_SET_LENGTH of %lu bytes", LENGTH);		\
	__opened;								\
})

/**
 * ADDRMAP_EXPECT_LENGTH() - expect how long the buffer of a file is
 * @test: the case
 * @filp: the file
 * @expected: in bytes
 * @fmt: after what, as for printf(), with its arguments
 */
#define ADDRMAP_EXPECT_LENGTH(test, filp, expected, fmt, ...)			\
do {										\
	struct kunit *__test = (test);						\
	struct addrmap_info __info;						\
	long __err = get_info(__test, filp, &__info);				\
										\
	KUNIT_EXPECT_EQ_MSG(__test, __err ?: __info.length, expected,		\
			    "length of the buffer " fmt, ##__VA_ARGS__);	\
} while (0)

/**
 * ADDRMAP_EXPECT_MAPPINGS() - expect how many VMAs map the buffer of a file
 * @test: the case
 * @filp: the file
 * @expected: how many
 * @fmt: after what, as for printf(), with its arguments
 */
#define ADDRMAP_EXPECT_MAPPINGS(test, filp, expected, fmt, ...)			\
do {										\
	struct kunit *__test = (test);						\
	struct addrmap_info __info;						\
	long __err = get_info(__test, filp, &__info);				\
										\
	KUNIT_EXPECT_EQ_MSG(__test, __err ?: __info.mappings, expected,		\
			    "mappings of the buffer " fmt, ##__VA_ARGS__);	\
} while (0)

/* -- memory ---------------------------------------------------------------- */

/* Anonymous memory of the case's process. */
static inline char __user *user_mem(struct kunit *test, size_t len)
{
	unsigned long addr = kunit_vm_mmap(test, NULL, 0, len, PROT_READ | PROT_WRITE,
					   MAP_ANONYMOUS | MAP_PRIVATE, 0);

	KUNIT_ASSERT_NE_MSG(test, addr, 0, "mmap() of %zu bytes of memory", len);
	KUNIT_ASSERT_FALSE_MSG(test, IS_ERR_VALUE(addr),
			       "mmap() of %zu bytes of memory: expected an address, found %ld",
			       len, (long)addr);

	return (char __user *)addr;
}

/* Memory as of user_mem() behind which there is a page that cannot be accessed. */
static inline char __user *user_mem_end(struct kunit *test, size_t len)
{
	char __user *mem = user_mem(test, len + PAGE_SIZE);

	KUNIT_ASSERT_EQ(test, vm_munmap((unsigned long)mem + len, PAGE_SIZE), 0);
	return mem;
}

/* @len zeroed bytes, which are freed when the case ends. */
static inline u8 *zeroes(struct kunit *test, size_t len)
{
	u8 *p = kunit_kzalloc(test, len, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, p);
	return p;
}

/* LENGTH bytes of which no two pages are equal, nor equal if shifted. */
static inline u8 *pattern(struct kunit *test, u8 seed)
{
	u8 *p = zeroes(test, LENGTH);
	size_t i;

	for (i = 0; i < LENGTH; i++)
		p[i] = seed + i + (i >> PAGE_SHIFT) * 37;

	return p;
}

/* read(2) of @len bytes at *@pos to user memory; what it returns. */
static inline ssize_t read_to_user(struct file *filp, char __user *mem, size_t len,
				   loff_t *pos)
{
	struct iov_iter iter;

	import_ubuf(ITER_DEST, mem, len, &iter);
	return vfs_iter_read(filp, &iter, pos, 0);
}

/* write(2) of @len bytes at *@pos from user memory; what it returns. */
static inline ssize_t write_from_user(struct file *filp, char __user *mem, size_t len,
				      loff_t *pos)
{
	struct iov_iter iter;

	import_ubuf(ITER_SOURCE, mem, len, &iter);
	return vfs_iter_write(filp, &iter, pos, 0);
}

/* Writes LENGTH bytes to the start of the buffer; what kernel_write() returns. */
static inline ssize_t fill_buffer(struct file *filp, const u8 *data)
{
	loff_t pos = 0;

	return kernel_write(filp, data, LENGTH, &pos);
}

/* Compares user memory with @expected, for MM_KUNIT_EXPECT(). */
static inline const char *check_user(struct kunit *test, const char __user *mem,
				     const u8 *expected, size_t len)
{
	u8 *copy = zeroes(test, len);
	size_t left = copy_from_user(copy, mem, len);

	if (left)
		return mm_kunit_wrong(test, "copy_from_user(): expected %zu bytes, found %zu",
				      len, len - left);
	return check_bytes(test, copy, expected, len);
}

/* Compares the first LENGTH bytes of the buffer with @expected. */
static inline const char *check_buffer(struct kunit *test, struct file *filp,
				       const u8 *expected)
{
	u8 *copy = zeroes(test, LENGTH);
	loff_t pos = 0;
	ssize_t ret = kernel_read(filp, copy, LENGTH, &pos);

	if (ret != LENGTH)
		return mm_kunit_wrong(test, "kernel_read(): expected %lu, found %zd",
				      LENGTH, ret);
	return check_bytes(test, copy, expected, LENGTH);
}

/* -- mappings -------------------------------------------------------------- */

/* mmap(2) of @len bytes at page @pgoff of the buffer; what it returns. */
static inline long map(struct file *filp, size_t len, unsigned long prot,
		       unsigned long flags, pgoff_t pgoff)
{
	return vm_mmap(filp, 0, len, prot, flags, pgoff << PAGE_SHIFT);
}

/**
 * ADDRMAP_MAP() - a mapping that can be read and written; asserts if there is none
 * @test: the case
 * @filp: the file
 * @nr_pages: how many pages
 * @flags: MAP_*
 * @pgoff: the first page of the buffer
 *
 * Return: the address.
 */
#define ADDRMAP_MAP(test, filp, nr_pages, flags, pgoff)				\
({										\
	struct kunit *__test = (test);						\
	unsigned long __nr = (nr_pages), __pgoff = (pgoff);			\
	long __addr = map(filp, __nr * PAGE_SIZE, PROT_READ | PROT_WRITE, flags, \
			  __pgoff);						\
										\
	KUNIT_ASSERT_FALSE_MSG(__test, IS_ERR_VALUE(__addr),			\
			       "mmap() of %lu pages at page %lu: expected an address, found %ld", \
			       __nr, __pgoff, __addr);				\
	(char __user *)__addr;							\
})

/**
 * ADDRMAP_EXPECT_ADDR() - expect that mmap(2) has returned an address
 * @test: the case
 * @addr: what it returned
 * @what: what was mapped
 */
#define ADDRMAP_EXPECT_ADDR(test, addr, what)					\
do {										\
	long __addr = (addr);							\
										\
	KUNIT_EXPECT_FALSE_MSG(test, IS_ERR_VALUE(__addr),			\
			       "mmap() of %s: expected an address, found %ld", what, __addr); \
} while (0)

/* munmap(2) of pages @first to @first + @nr - 1 of the mapping at @mem. */
static inline int unmap(char __user *mem, unsigned long first, unsigned long nr)
{
	return vm_munmap((unsigned long)mem + first * PAGE_SIZE, nr * PAGE_SIZE);
}

/* The byte at @mem, or -EFAULT. */
static inline int byte_at(const char __user *mem)
{
	u8 byte;

	return get_user(byte, (const u8 __user *)mem) ? -EFAULT : byte;
}

/* Writes to page @n of the mapping at @mem; 0 or -EFAULT. */
static inline int touch(char __user *mem, unsigned long n)
{
	return put_user((u8)1, (u8 __user *)mem + n * PAGE_SIZE);
}

/* Writes a byte to the start of the buffer; what kernel_write() returns. */
static inline ssize_t write_byte(struct file *filp, u8 byte)
{
	loff_t pos = 0;

	return kernel_write(filp, &byte, 1, &pos);
}

/* -- what the page tables have --------------------------------------------- */

/**
 * struct entry - what the page tables have for an address of a VM_PFNMAP mapping
 * @pfn: the page frame of the address, 0 if there is none
 * @mask: the addresses that the entry maps, as of struct follow_pfnmap_args
 * @writable: whether a write needs no page fault
 * @pgprot: the protection of the entry
 */
struct entry {
	unsigned long pfn;
	unsigned long mask;
	bool writable;
	pgprot_t pgprot;
};

/* Looks up page @n of the mapping at @mem, and faults nothing in. */
static inline struct entry entry_of(const char __user *mem, unsigned long n)
{
	struct follow_pfnmap_args args = { .address = (unsigned long)mem + n * PAGE_SIZE };
	struct entry entry = {};

	mmap_read_lock(current->mm);
	args.vma = vma_lookup(current->mm, args.address);
	if (args.vma && !follow_pfnmap_start(&args)) {
		entry.pfn = args.pfn;
		entry.mask = args.addr_mask;
		entry.writable = args.writable;
		entry.pgprot = args.pgprot;
		follow_pfnmap_end(&args);
	}
	mmap_read_unlock(current->mm);

	return entry;
}

/* The page frame of page @pgoff of the buffer, 0 if it cannot be had. */
static inline unsigned long buffer_pfn(struct kunit *test, struct file *filp,
				       pgoff_t pgoff)
{
	struct addrmap_translate tr;

	return translate(test, filp, (u64)pgoff << PAGE_SHIFT, &tr) ? 0 : tr.pfn;
}

/* -- a process ------------------------------------------------------------- */

/* Takes CAP_SYS_ADMIN from the thread; put_cred(revert_creds()) gives it back. */
static inline const struct cred *drop_sys_admin(struct kunit *test)
{
	struct cred *cred = prepare_creds();

	KUNIT_ASSERT_NOT_NULL(test, cred);
	cap_lower(cred->cap_effective, CAP_SYS_ADMIN);

	return override_creds(cred);
}

static inline int addrmap_node_init(struct kunit *test)
{
	mm_kunit_init(test);
	test->priv = user_mem(test, PAGE_SIZE);

	return 0;
}

#endif /* _MM_TESTS_ADDRMAP_NODE_H */
