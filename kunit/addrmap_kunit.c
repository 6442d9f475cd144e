// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests for the sample driver in mm/addrmap/: what all of its nodes do, except
 * for mmap(), of which addrmap_map_kunit.c has the tests.
 *
 * What is promised is in mm/addrmap/addrmap.h and in the kernel-doc of mm/addrmap/file.c.
 */
#include <kunit/test.h>
#include <linux/cred.h>
#include <linux/fs.h>
#include <linux/highmem.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/uaccess.h>
#include <linux/writeback.h>

#include "addrmap_node.h"
#include "check_bytes.h"
#include "mm_kunit.h"

KUNIT_ARRAY_PARAM_DESC(node, nodes, name);

/* -- open(), read(), write() and lseek() ----------------------------------- */

/*
 * All files of a node share one buffer of ADDRMAP_SHARED_LENGTH bytes, so that
 * processes can see each other's data, except a file that got a buffer of its own by
 * ADDRMAP_SET_LENGTH. ADDRMAP_INFO tells which of the two it is.
 */
static void open_shares_buffer(struct kunit *test)
{
	struct file *one = ADDRMAP_OPEN(test, O_RDWR);
	struct file *two = ADDRMAP_OPEN(test, O_RDWR);
	struct file *private = ADDRMAP_OPEN_PRIVATE(test);
	u8 *zero = zeroes(test, LENGTH);
	u8 *data = pattern(test, 1);
	struct addrmap_info info;

	KUNIT_ASSERT_EQ_MSG(test, get_info(test, one, &info), 0, "ADDRMAP_INFO");
	KUNIT_EXPECT_EQ_MSG(test, info.length, ADDRMAP_SHARED_LENGTH, "length, shared buffer");
	KUNIT_EXPECT_EQ_MSG(test, info.state, 0, "state, shared buffer");
	KUNIT_ASSERT_EQ_MSG(test, get_info(test, private, &info), 0,
			    "ADDRMAP_INFO of the private buffer");
	KUNIT_EXPECT_EQ_MSG(test, info.length, LENGTH, "length, private buffer");
	KUNIT_EXPECT_EQ_MSG(test, info.state, ADDRMAP_STATE_PRIVATE, "state, private buffer");

	KUNIT_ASSERT_EQ(test, fill_buffer(one, data), LENGTH);
	MM_KUNIT_EXPECT(test, check_buffer(test, two, data));
	MM_KUNIT_EXPECT(test, check_buffer(test, private, zero));
}

/*
 * read() and write() copy all bytes and move the position by them, wherever both sides
 * are in their pages, because the copy goes page by page, and users know nothing of
 * the buffer's pages.
 */
static void read_write_unaligned(struct kunit *test)
{
	struct file *filp = ADDRMAP_OPEN_PRIVATE(test);
	char __user *mem = user_mem(test, LENGTH);
	u8 *expected = zeroes(test, LENGTH);
	u8 *data = pattern(test, 2);
	size_t len = 3 * PAGE_SIZE;
	loff_t pos = PAGE_SIZE - 3;

	KUNIT_ASSERT_EQ(test, copy_to_user(mem + 5, data, len), 0);
	KUNIT_EXPECT_EQ_MSG(test, write_from_user(filp, mem + 5, len, &pos), len,
			    "bytes written");
	KUNIT_EXPECT_EQ_MSG(test, pos, PAGE_SIZE - 3 + len, "position after write()");
	memcpy(expected + PAGE_SIZE - 3, data, len);
	MM_KUNIT_EXPECT(test, check_buffer(test, filp, expected));

	pos = PAGE_SIZE - 4;
	KUNIT_EXPECT_EQ_MSG(test, read_to_user(filp, mem + 7, len, &pos), len, "bytes read");
	KUNIT_EXPECT_EQ_MSG(test, pos, PAGE_SIZE - 4 + len, "position after read()");
	MM_KUNIT_EXPECT(test, check_user(test, mem + 7, expected + PAGE_SIZE - 4, len));
}

/*
 * At the end of the buffer and behind it, read() returns 0, as at the end of a file,
 * and write() -ENOSPC, as for a device that is full, and neither moves the position.
 * Over the end, both copy what there is (kernel-doc of addrmap_write_iter()).
 */
static void read_write_at_end(struct kunit *test)
{
	struct file *filp = ADDRMAP_OPEN_PRIVATE(test);
	char __user *mem = user_mem(test, PAGE_SIZE);
	loff_t pos = LENGTH - 9;

	KUNIT_EXPECT_EQ_MSG(test, read_to_user(filp, mem, PAGE_SIZE, &pos), 9,
			    "read() over the end");
	KUNIT_EXPECT_EQ_MSG(test, pos, LENGTH, "position after read() over the end");
	KUNIT_EXPECT_EQ_MSG(test, read_to_user(filp, mem, PAGE_SIZE, &pos), 0,
			    "read() at the end");
	pos = LENGTH - 9;
	KUNIT_EXPECT_EQ_MSG(test, write_from_user(filp, mem, PAGE_SIZE, &pos), 9,
			    "write() over the end");
	KUNIT_EXPECT_EQ_MSG(test, pos, LENGTH, "position after write() over the end");
	KUNIT_EXPECT_EQ_MSG(test, write_from_user(filp, mem, PAGE_SIZE, &pos), -ENOSPC,
			    "write() at the end");
	KUNIT_EXPECT_EQ_MSG(test, pos, LENGTH, "position after write() at the end");

	pos = LENGTH + PAGE_SIZE;
	KUNIT_EXPECT_EQ_MSG(test, read_to_user(filp, mem, 1, &pos), 0, "read() behind the end");
	KUNIT_EXPECT_EQ_MSG(test, write_from_user(filp, mem, 1, &pos), -ENOSPC,
			    "write() behind the end");
	pos = LLONG_MAX - 1;
	KUNIT_EXPECT_EQ_MSG(test, read_to_user(filp, mem, 1, &pos), 0,
			    "read() at the last position there is");
	KUNIT_EXPECT_EQ_MSG(test, write_from_user(filp, mem, 1, &pos), -ENOSPC,
			    "write() at the last position there is");
}

/*
 * If a part of the user memory cannot be accessed, read() and write() return what they
 * could copy, and -EFAULT only if that is nothing, so that the caller knows which bytes
 * have been moved. The position moves by as many bytes.
 *
 *	mem
 *	|---- page ----|---- page ----|  no page
 *	          |------ ok ------|
 *	          ^ start
 */
static void read_write_partial(struct kunit *test)
{
	/*
	 * Exactly: a copy may end before the hole, as an architecture need not copy the
	 * bytes in front of a fault one by one. But it copies something if it can
	 * (include/linux/uaccess.h), so the driver goes on until it copies nothing.
	 */
	size_t ok = PAGE_SIZE + 128;
	struct file *filp = ADDRMAP_OPEN_PRIVATE(test);
	char __user *mem = user_mem_end(test, 2 * PAGE_SIZE);
	char __user *end = mem + 2 * PAGE_SIZE;
	char __user *start = end - ok;
	u8 *expected = pattern(test, 3);
	u8 *data = pattern(test, 3);
	loff_t pos = 128;

	KUNIT_ASSERT_EQ(test, fill_buffer(filp, data), LENGTH);
	KUNIT_EXPECT_EQ_MSG(test, read_to_user(filp, start, 4 * PAGE_SIZE, &pos), ok,
			    "read() up to the hole");
	KUNIT_EXPECT_EQ_MSG(test, pos, 128 + ok, "position after read() up to the hole");
	MM_KUNIT_EXPECT(test, check_user(test, start, data + 128, ok));

	mm_kunit_need_exact_copy(test);
	pos = 64;
	KUNIT_EXPECT_EQ_MSG(test, write_from_user(filp, start, 4 * PAGE_SIZE, &pos), ok,
			    "write() up to the hole");
	KUNIT_EXPECT_EQ_MSG(test, pos, 64 + ok, "position after write() up to the hole");
	memmove(expected + 64, data + 128, ok);
	MM_KUNIT_EXPECT(test, check_buffer(test, filp, expected));

	KUNIT_EXPECT_EQ_MSG(test, read_to_user(filp, end, 1, &pos), -EFAULT,
			    "read() to the hole");
	KUNIT_EXPECT_EQ_MSG(test, write_from_user(filp, end, 1, &pos), -EFAULT,
			    "write() from the hole");
	KUNIT_EXPECT_EQ_MSG(test, pos, 64 + ok, "position after -EFAULT");
	MM_KUNIT_EXPECT(test, check_buffer(test, filp, expected));
}

/*
 * lseek() sets the position to any byte of the buffer or to its end, and refuses all
 * others with -EINVAL, because the buffer does not grow as a file does (kernel-doc of
 * addrmap_llseek()). A refused one leaves the position alone.
 */
static void llseek_bounds(struct kunit *test)
{
	static const struct {
		loff_t offset;
		int whence;
		loff_t ret;
	} seeks[] = {
		{ .offset = 5, .whence = SEEK_SET, .ret = 5 },
		{ .offset = 7, .whence = SEEK_CUR, .ret = 12 },
		{ .offset = -3, .whence = SEEK_END, .ret = LENGTH - 3 },
		{ .offset = 0, .whence = SEEK_END, .ret = LENGTH },
		{ .offset = 1, .whence = SEEK_END, .ret = -EINVAL },
		{ .offset = -1, .whence = SEEK_SET, .ret = -EINVAL },
		{ .offset = LENGTH + 1, .whence = SEEK_SET, .ret = -EINVAL },
		{ .offset = LLONG_MAX, .whence = SEEK_SET, .ret = -EINVAL },
		{ .offset = 0, .whence = SEEK_DATA, .ret = -EINVAL },
	};
	struct file *filp = ADDRMAP_OPEN_PRIVATE(test);
	int i;

	for (i = 0; i < ARRAY_SIZE(seeks); i++)
		KUNIT_EXPECT_EQ_MSG(test, vfs_llseek(filp, seeks[i].offset, seeks[i].whence),
				    seeks[i].ret, "lseek() by %lld, whence %d",
				    seeks[i].offset, seeks[i].whence);
	KUNIT_EXPECT_EQ_MSG(test, filp->f_pos, LENGTH, "position after the refused ones");
}

/* -- ioctl() --------------------------------------------------------------- */

/* Large enough for the struct of each ioctl. */
union ioctl_arg {
	struct addrmap_transfer transfer;
	u64 words[8];
};

static const struct ioctl_row {
	const char *desc;
	unsigned int cmd;
	union ioctl_arg arg;
	long ret;
} ioctls[] = {
	{ .desc = "transfer_unknown_flag", .cmd = ADDRMAP_TRANSFER,
	  .arg.transfer = { .length = 1, .flags = 2 }, .ret = -EINVAL },
	{ .desc = "transfer_last_flag", .cmd = ADDRMAP_TRANSFER,
	  .arg.transfer = { .length = 1, .flags = 1U << 31 }, .ret = -EINVAL },
	{ .desc = "transfer_reserved", .cmd = ADDRMAP_TRANSFER,
	  .arg.transfer = { .length = 1, .reserved = 1 }, .ret = -EINVAL },
	{ .desc = "unknown_number", .cmd = _IOWR(ADDRMAP_IOC_MAGIC, 15, struct addrmap_info),
	  .ret = -ENOTTY },
	{ .desc = "unknown_magic", .cmd = _IOR(ADDRMAP_IOC_MAGIC + 1, 0, struct addrmap_info),
	  .ret = -ENOTTY },
	{ .desc = "unknown_direction", .cmd = _IOW(ADDRMAP_IOC_MAGIC, 0, struct addrmap_info),
	  .ret = -ENOTTY },
	{ .desc = "no_direction", .cmd = _IO(ADDRMAP_IOC_MAGIC, 0), .ret = -ENOTTY },
	{ .desc = "unknown_size", .cmd = _IOR(ADDRMAP_IOC_MAGIC, 0, u64), .ret = -ENOTTY },
	{ .desc = "of_another_node", .cmd = ADDRMAP_REVOKE, .ret = -ENOTTY },
	{ .desc = "written_of_another_node", .cmd = ADDRMAP_WRITTEN, .ret = -ENOTTY },
	{ .desc = "tty", .cmd = 0x5401 /* TCGETS */, .ret = -ENOTTY },
};

KUNIT_ARRAY_PARAM_DESC(ioctl, ioctls, desc);

/*
 * An ioctl whose number, direction or size is not one of the node's is -ENOTTY, and a
 * bit that has no meaning yet is -EINVAL, because what is not understood must not be
 * ignored: later it may mean something (mm/addrmap/addrmap.h). The struct is left alone.
 */
static void ioctl_unknown(struct kunit *test)
{
	struct file *filp = ADDRMAP_OPEN_NAME(test, "addrmap/vmalloc", O_RDWR);
	const struct ioctl_row *row = test->param_value;
	union ioctl_arg arg = row->arg;

	KUNIT_EXPECT_EQ_MSG(test, do_ioctl(test, filp, row->cmd, &arg, sizeof(arg)), row->ret,
			    "ioctl(%#x)", row->cmd);
	KUNIT_EXPECT_MEMEQ(test, &arg, &row->arg, sizeof(arg));
}

/*
 * An ioctl whose struct cannot be read to its last byte returns -EFAULT and does
 * nothing, because it is not known what the rest of the struct would have said.
 */
static void ioctl_bad_pointer(struct kunit *test)
{
	struct file *filp = ADDRMAP_OPEN_NAME(test, "addrmap/vmalloc", O_RDWR);
	struct addrmap_set_length sl = { .length = PAGE_SIZE };
	char __user *end = user_mem_end(test, PAGE_SIZE) + PAGE_SIZE;
	char __user *mem = end - sizeof(sl) + 1;

	KUNIT_EXPECT_EQ_MSG(test, node_ioctl(filp, ADDRMAP_INFO, end), -EFAULT,
			    "ADDRMAP_INFO of a hole");
	KUNIT_EXPECT_EQ_MSG(test, node_ioctl(filp, ADDRMAP_INFO, NULL), -EFAULT,
			    "ADDRMAP_INFO of NULL");

	/* All but the last byte of the struct can be read. */
	KUNIT_ASSERT_EQ(test, copy_to_user(mem, &sl, sizeof(sl) - 1), 0);
	KUNIT_EXPECT_EQ_MSG(test, node_ioctl(filp, ADDRMAP_SET_LENGTH, mem), -EFAULT,
			    "ADDRMAP_SET_LENGTH of a struct that ends in a hole");
	ADDRMAP_EXPECT_LENGTH(test, filp, ADDRMAP_SHARED_LENGTH, "after -EFAULT");
}

/*
 * ADDRMAP_TRANSLATE tells where each byte of the buffer is: the page frame and the
 * physical address have that byte, and so has the kernel address, unless it is 0 because
 * the page is of high memory. Of coherent memory for a device, the kernel address is all
 * that the driver knows. An offset that is not in the buffer is -EINVAL.
 */
static void translate_all_pages(struct kunit *test)
{
	const struct node_case *row = test->param_value;
	struct file *filp = ADDRMAP_OPEN_PRIVATE(test);
	u8 *data = pattern(test, 4);
	struct addrmap_translate tr;
	u64 offset;

	KUNIT_ASSERT_EQ(test, fill_buffer(filp, data), LENGTH);
	for (offset = 17; offset < LENGTH; offset += PAGE_SIZE) {
		u8 byte;

		KUNIT_ASSERT_EQ_MSG(test, translate(test, filp, offset, &tr), 0,
				    "ADDRMAP_TRANSLATE of %llu", offset);
		KUNIT_EXPECT_EQ_MSG(test, tr.phys, row->no_frames ? 0 : PFN_PHYS(tr.pfn) + 17,
				    "physical address of %llu", offset);
		if (tr.kaddr)
			KUNIT_EXPECT_EQ_MSG(test, *(u8 *)(unsigned long)tr.kaddr, data[offset],
					    "byte at the kernel address of %llu", offset);
		if (row->no_frames) {
			KUNIT_EXPECT_NE_MSG(test, tr.kaddr, 0, "kernel address of %llu", offset);
			KUNIT_EXPECT_EQ_MSG(test, tr.pfn, 0, "page frame of %llu", offset);
			continue;
		}
		KUNIT_ASSERT_EQ_MSG(test, !!pfn_valid(tr.pfn), true,
				    "pfn_valid(%#llx) of %llu", tr.pfn, offset);
		memcpy_from_page(&byte, pfn_to_page(tr.pfn), 17, 1);
		KUNIT_EXPECT_EQ_MSG(test, byte, data[offset],
				    "byte in the page frame of %llu", offset);
	}

	KUNIT_EXPECT_EQ_MSG(test, translate(test, filp, LENGTH, &tr), -EINVAL,
			    "ADDRMAP_TRANSLATE of the end");
	KUNIT_EXPECT_EQ_MSG(test, translate(test, filp, U64_MAX, &tr), -EINVAL,
			    "ADDRMAP_TRANSLATE of the last offset there is");
}

/*
 * Without CAP_SYS_ADMIN, ADDRMAP_TRANSLATE succeeds and all addresses are 0, because
 * addresses of the kernel help an attacker, and a program that can do without them
 * need not be refused.
 */
static void translate_without_cap(struct kunit *test)
{
	struct file *filp = ADDRMAP_OPEN_PRIVATE(test);
	struct addrmap_translate tr = {
		.offset = 1,
		.kaddr = 2,
		.pfn = 3,
		.phys = 4,
	};
	const struct cred *old = drop_sys_admin(test);
	long ret = do_ioctl(test, filp, ADDRMAP_TRANSLATE, &tr, sizeof(tr));

	put_cred(revert_creds(old));
	KUNIT_EXPECT_EQ_MSG(test, ret, 0, "ADDRMAP_TRANSLATE");
	KUNIT_EXPECT_EQ_MSG(test, tr.kaddr, 0, "kernel address");
	KUNIT_EXPECT_EQ_MSG(test, tr.pfn, 0, "page frame");
	KUNIT_EXPECT_EQ_MSG(test, tr.phys, 0, "physical address");
}

/* -- ADDRMAP_TRANSFER ------------------------------------------------------ */

/*
 * ADDRMAP_TRANSFER copies all bytes, and no others, wherever both sides are in their
 * pages, because it copies from page to page, and each end of a page may be in the
 * middle of one of the other side.
 */
static void transfer_unaligned(struct kunit *test)
{
	struct file *filp = ADDRMAP_OPEN_PRIVATE(test);
	char __user *mem = user_mem(test, LENGTH + PAGE_SIZE);
	u8 *expected = zeroes(test, LENGTH);
	u8 *data = pattern(test, 5);
	size_t len = LENGTH - PAGE_SIZE;

	KUNIT_ASSERT_EQ(test, copy_to_user(mem + 100, data, len), 0);
	KUNIT_EXPECT_EQ_MSG(test, transfer(test, filp, ADDRMAP_TRANSFER_TO_BUFFER, 13, mem + 100,
					   len), len, "bytes to the buffer");
	memcpy(expected + 13, data, len);
	MM_KUNIT_EXPECT(test, check_buffer(test, filp, expected));

	KUNIT_EXPECT_EQ_MSG(test, transfer(test, filp, 0, 12, mem + PAGE_SIZE - 1, len), len,
			    "bytes from the buffer");
	MM_KUNIT_EXPECT(test, check_user(test, mem + PAGE_SIZE - 1, expected + 12, len));
	/* The byte in front of these is still the one written above. */
	MM_KUNIT_EXPECT(test, check_user(test, mem + PAGE_SIZE - 2, data + PAGE_SIZE - 2 - 100,
					 1));
	MM_KUNIT_EXPECT(test, check_buffer(test, filp, expected));
}

/*
 * A transfer to user memory marks the user's page as dirty, a transfer from it does
 * not, and neither keeps a reference, because a page that is not dirty may be dropped
 * with the data that was written through the pin (Documentation/core-api/pin_user_pages.rst).
 *
 * The kernel collects anonymous pages for its LRU lists in a batch per CPU, which may
 * hold the same page more than once, each time with a reference. So the counts are only
 * known up to all these batches, and many transfers make a leak larger than that.
 */
static void transfer_dirties(struct kunit *test)
{
	struct file *filp = ADDRMAP_OPEN_PRIVATE(test);
	char __user *mem = user_mem(test, PAGE_SIZE);
	long from = 8, to = 8, refs, kept_from, kept_to;
	bool dirty_from, dirty_to;
	const int rounds = 4 * FOLIO_BATCH_SIZE * num_online_cpus();
	struct page *page;
	int i;

	KUNIT_ASSERT_EQ(test, clear_user(mem, 1), 0);
	KUNIT_ASSERT_EQ(test, get_user_pages_fast((unsigned long)mem, 1, 0, &page), 1);
	refs = page_ref_count(page);
	ClearPageDirty(page);
	for (i = 0; i < rounds && from == 8; i++)
		from = transfer(test, filp, ADDRMAP_TRANSFER_TO_BUFFER, 0, mem, 8);
	dirty_from = PageDirty(page);
	kept_from = abs(page_ref_count(page) - refs);
	refs = page_ref_count(page);
	for (i = 0; i < rounds && to == 8; i++)
		to = transfer(test, filp, 0, 0, mem, 8);
	dirty_to = PageDirty(page);
	kept_to = abs(page_ref_count(page) - refs);
	put_page(page);

	KUNIT_EXPECT_EQ_MSG(test, from, 8, "bytes to the buffer");
	KUNIT_EXPECT_EQ_MSG(test, dirty_from, false, "dirty after a transfer to the buffer");
	KUNIT_EXPECT_LT_MSG(test, kept_from, rounds / 2,
			    "references that %d transfers to the buffer kept or dropped", rounds);
	KUNIT_EXPECT_EQ_MSG(test, to, 8, "bytes from the buffer");
	KUNIT_EXPECT_EQ_MSG(test, dirty_to, true, "dirty after a transfer from the buffer");
	KUNIT_EXPECT_LT_MSG(test, kept_to, rounds / 2,
			    "references that %d transfers from the buffer kept or dropped", rounds);
}

/*
 * If a part of the user memory cannot be accessed, ADDRMAP_TRANSFER copies up to there
 * and returns how many bytes that is, because the caller can go on from there only if
 * it knows (mm/addrmap/addrmap.h). read() and write() do the same.
 *
 *	mem
 *	|---- page ----|---- page ----|  no page
 *	          |------ ok ------|
 */
static void transfer_partial(struct kunit *test)
{
	struct file *filp = ADDRMAP_OPEN_PRIVATE(test);
	char __user *mem = user_mem_end(test, 2 * PAGE_SIZE);
	size_t ok = PAGE_SIZE + 128;
	char __user *start = mem + 2 * PAGE_SIZE - ok;
	u8 *expected = pattern(test, 6);
	u8 *data = pattern(test, 6);

	KUNIT_ASSERT_EQ(test, fill_buffer(filp, data), LENGTH);
	KUNIT_EXPECT_EQ_MSG(test, transfer(test, filp, 0, 11, start, 4 * PAGE_SIZE), ok,
			    "bytes from the buffer, up to the hole");
	MM_KUNIT_EXPECT(test, check_user(test, start, data + 11, ok));
	KUNIT_EXPECT_EQ_MSG(test, transfer(test, filp, ADDRMAP_TRANSFER_TO_BUFFER, 5, start,
					   4 * PAGE_SIZE), ok,
			    "bytes to the buffer, up to the hole");
	memmove(expected + 5, data + 11, ok);
	MM_KUNIT_EXPECT(test, check_buffer(test, filp, expected));
}

/*
 * ADDRMAP_TRANSFER refuses bytes that are not all in the buffer, and none at all, with
 * -EINVAL, user memory that cannot be accessed with -EFAULT, and a direction for which
 * the file is not open with -EBADF, and leaves the buffer alone, because user space
 * chooses all of these (mm/addrmap/addrmap.h).
 */
static void transfer_refused(struct kunit *test)
{
	static const struct {
		u64 offset;
		u64 length;
	} bad[] = {
		{ .offset = 0, .length = 0 },
		{ .offset = 0, .length = LENGTH + 1 },
		{ .offset = LENGTH - 1, .length = 2 },
		{ .offset = LENGTH, .length = 1 },
		{ .offset = 1, .length = U64_MAX },
		{ .offset = U64_MAX, .length = 1 },
		{ .offset = U64_MAX, .length = 2 },
	};
	const u32 to_buffer = ADDRMAP_TRANSFER_TO_BUFFER;
	struct file *filp = ADDRMAP_OPEN_PRIVATE(test);
	struct file *rdonly = ADDRMAP_OPEN(test, O_RDONLY);
	struct file *wronly = ADDRMAP_OPEN(test, O_WRONLY);
	char __user *mem = user_mem_end(test, PAGE_SIZE);
	u8 *data = pattern(test, 7);
	int i;

	KUNIT_ASSERT_EQ(test, fill_buffer(filp, data), LENGTH);
	for (i = 0; i < ARRAY_SIZE(bad); i++)
		KUNIT_EXPECT_EQ_MSG(test, transfer(test, filp, to_buffer, bad[i].offset, mem,
						   bad[i].length), -EINVAL,
				    "%llu bytes at offset %llu", bad[i].length, bad[i].offset);
	KUNIT_EXPECT_EQ_MSG(test, transfer(test, filp, 0, 0, mem + PAGE_SIZE, 1), -EFAULT,
			    "a byte to a hole");
	/* Where user space has an address space of its own, access_ok() takes any. */
	KUNIT_EXPECT_EQ_MSG(test, transfer(test, filp, 0, 0, (char __user *)ULONG_MAX, 9),
			    access_ok((char __user *)ULONG_MAX, 9) ? -EOVERFLOW : -EFAULT,
			    "bytes to the last address and around");
	KUNIT_EXPECT_EQ_MSG(test, transfer(test, rdonly, to_buffer, 0, mem, 1), -EBADF,
			    "a byte to the buffer by a read-only file");
	KUNIT_EXPECT_EQ_MSG(test, transfer(test, wronly, 0, 0, mem, 1), -EBADF,
			    "a byte from the buffer by a write-only file");
	MM_KUNIT_EXPECT(test, check_buffer(test, filp, data));
}

/* -- ADDRMAP_SET_LENGTH ---------------------------------------------------- */

/*
 * The buffer that ADDRMAP_SET_LENGTH makes is zero, even if its length is that of one
 * that was freed just before, because its memory may have been another process's.
 */
static void set_length_zeroed(struct kunit *test)
{
	struct file *before = ADDRMAP_OPEN_PRIVATE(test);
	u8 *zero = zeroes(test, LENGTH);
	struct file *filp;

	KUNIT_ASSERT_EQ(test, fill_buffer(before, pattern(test, 8)), LENGTH);
	kunit_release_action(test, put_file, before);
	flush_delayed_fput();
	filp = ADDRMAP_OPEN_PRIVATE(test);
	MM_KUNIT_EXPECT(test, check_buffer(test, filp, zero));
}

/*
 * ADDRMAP_SET_LENGTH refuses a length that is 0, above ADDRMAP_MAX_LENGTH or not of
 * whole pages with -EINVAL, and the file keeps its buffer, because only whole pages can
 * be mapped, and a user must not use up the memory. A refused one does not count: the
 * file can still get a buffer.
 */
static void set_length_refused(struct kunit *test)
{
	static const u64 bad[] = {
		0, 1, PAGE_SIZE - 1, PAGE_SIZE + 1,
		ADDRMAP_MAX_LENGTH + PAGE_SIZE, 1ULL << 32, 1ULL << 63,
		U64_MAX - PAGE_SIZE + 1, U64_MAX,
	};
	struct file *filp = ADDRMAP_OPEN(test, O_RDWR);
	int i;

	for (i = 0; i < ARRAY_SIZE(bad); i++)
		KUNIT_EXPECT_EQ_MSG(test, set_length(test, filp, bad[i]), -EINVAL,
				    "ADDRMAP_SET_LENGTH of %llu bytes", bad[i]);
	ADDRMAP_EXPECT_LENGTH(test, filp, ADDRMAP_SHARED_LENGTH, "after the refused ones");
	KUNIT_EXPECT_EQ_MSG(test, set_length(test, filp, PAGE_SIZE), 0,
			    "ADDRMAP_SET_LENGTH of a page");
	ADDRMAP_EXPECT_LENGTH(test, filp, PAGE_SIZE, "after it is set");
}

/*
 * ADDRMAP_SET_LENGTH is 0 or -ENOMEM, whichever allocation fails, because user space has
 * to know whether it has a buffer of its own; after -ENOMEM the file has the shared buffer
 * still. After 0 the new one is complete: that of addrmap/pages has its contiguous view,
 * without which a driver would access what is at address 0.
 */
static void set_length_allocation_fails(struct kunit *test)
{
	bool pages = !strcmp(node_name(test), "addrmap/pages");
	struct mm_kunit_failing fail;
	struct addrmap_translate tr;
	long err;

	mm_kunit_fail_setup(test, MM_KUNIT_FAIL_ONE);
	mm_kunit_for_each_failing(test, &fail) {
		struct file *filp = ADDRMAP_OPEN(test, O_RDWR);

		/* This also makes the page of the ioctl's arguments be there. */
		ADDRMAP_EXPECT_LENGTH(test, filp, ADDRMAP_SHARED_LENGTH,
				      "after open(), round %u", fail.nth);
		mm_kunit_fail_begin(&fail);
		err = set_length(test, filp, LENGTH);
		mm_kunit_fail_end(&fail);
		if (!fail.reached || err != -ENOMEM)
			KUNIT_EXPECT_EQ_MSG(test, err, 0, "allocation %u", fail.nth);
		ADDRMAP_EXPECT_LENGTH(test, filp, err ? ADDRMAP_SHARED_LENGTH : LENGTH,
				      "allocation %u", fail.nth);
		if (err || !pages)
			continue;
		KUNIT_EXPECT_EQ_MSG(test, translate(test, filp, 0, &tr), 0, "allocation %u",
				    fail.nth);
		KUNIT_EXPECT_EQ_MSG(test, is_vmalloc_addr((void *)(unsigned long)tr.kaddr), true,
				    "is_vmalloc_addr(%#llx), the view of the buffer, allocation %u",
				    tr.kaddr, fail.nth);
	}
}

/*
 * A file gets a buffer of its own once: the second ADDRMAP_SET_LENGTH is -EBUSY and
 * leaves the buffer alone, because nobody can tell whether a mmap() that is under way
 * has chosen that buffer (mm/addrmap/ioctl.c).
 */
static void set_length_twice(struct kunit *test)
{
	struct file *filp = ADDRMAP_OPEN_PRIVATE(test);
	u8 *data = pattern(test, 9);

	KUNIT_ASSERT_EQ(test, fill_buffer(filp, data), LENGTH);
	KUNIT_EXPECT_EQ_MSG(test, set_length(test, filp, PAGE_SIZE), -EBUSY,
			    "the second ADDRMAP_SET_LENGTH");
	ADDRMAP_EXPECT_LENGTH(test, filp, LENGTH, "after -EBUSY");
	MM_KUNIT_EXPECT(test, check_buffer(test, filp, data));
}

/*
 * ADDRMAP_SET_LENGTH with a page that cannot be had is -ENOMEM, and the file keeps its
 * buffer and can try again; or the node takes other memory instead, and what it makes
 * is a buffer as any other. Either way its contents are not those of freed memory,
 * because that may have been another process's.
 */
static void set_length_no_memory(struct kunit *test)
{
	u8 *zero = zeroes(test, LENGTH);
	struct mm_kunit_failing fail;

	mm_kunit_fail_setup(test, MM_KUNIT_FAIL_PAGE);
	mm_kunit_for_each_failing(test, &fail) {
		struct file *filp = ADDRMAP_OPEN(test, O_RDWR);
		long ret;

		/* This also makes the page of the ioctl's arguments be there. */
		ADDRMAP_EXPECT_LENGTH(test, filp, ADDRMAP_SHARED_LENGTH,
				      "after open(), round %u", fail.nth);

		mm_kunit_fail_begin(&fail);
		ret = set_length(test, filp, LENGTH);
		mm_kunit_fail_end(&fail);

		if (ret) {
			KUNIT_EXPECT_EQ_MSG(test, ret, -ENOMEM, "allocation %u", fail.nth);
			ADDRMAP_EXPECT_LENGTH(test, filp, ADDRMAP_SHARED_LENGTH,
					      "allocation %u has failed", fail.nth);
			KUNIT_ASSERT_EQ_MSG(test, set_length(test, filp, LENGTH), 0,
					    "again, allocation %u", fail.nth);
		}
		ADDRMAP_EXPECT_LENGTH(test, filp, LENGTH, "allocation %u", fail.nth);
		MM_KUNIT_EXPECT_MSG(test, check_buffer(test, filp, zero), "allocation %u",
				    fail.nth);
	}
}

static struct kunit_case addrmap_cases[] = {
	KUNIT_CASE_PARAM(open_shares_buffer, node_gen_params),
	KUNIT_CASE_PARAM(read_write_unaligned, node_gen_params),
	KUNIT_CASE_PARAM(read_write_at_end, node_gen_params),
	KUNIT_CASE_PARAM(read_write_partial, node_gen_params),
	KUNIT_CASE_PARAM(llseek_bounds, node_gen_params),
	KUNIT_CASE_PARAM(ioctl_unknown, ioctl_gen_params),
	KUNIT_CASE(ioctl_bad_pointer),
	KUNIT_CASE_PARAM(translate_all_pages, node_gen_params),
	KUNIT_CASE_PARAM(translate_without_cap, node_gen_params),
	KUNIT_CASE_PARAM(transfer_unaligned, node_gen_params),
	KUNIT_CASE_PARAM(transfer_dirties, node_gen_params),
	KUNIT_CASE_PARAM(transfer_partial, node_gen_params),
	KUNIT_CASE_PARAM(transfer_refused, node_gen_params),
	KUNIT_CASE_PARAM(set_length_zeroed, node_gen_params),
	KUNIT_CASE_PARAM(set_length_refused, node_gen_params),
	KUNIT_CASE_PARAM(set_length_allocation_fails, node_gen_params),
	KUNIT_CASE_PARAM(set_length_twice, node_gen_params),
	KUNIT_CASE_PARAM(set_length_no_memory, node_gen_params),
	{}
};

static struct kunit_suite addrmap_suite = {
	.name = "addrmap",
	.init = addrmap_node_init,
	.test_cases = addrmap_cases,
};

kunit_test_suite(addrmap_suite);

MODULE_DESCRIPTION("KUnit tests for the sample driver in mm/addrmap/");
MODULE_LICENSE("GPL");
