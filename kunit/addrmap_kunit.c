// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests for the sample driver in mm/addrmap/.
 *
 * The thread of a test case is the process that uses the nodes: it has a user
 * address space, and opens a node by its miscdevice, there being no /dev. What
 * needs more than one process is left to the selftests.
 */
#include <kunit/test.h>
#include <linux/anon_inodes.h>
#include <linux/completion.h>
#include <linux/cred.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/highmem.h>
#include <linux/kthread.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/module.h>
#include <linux/sched/mm.h>
#include <linux/uaccess.h>
#include <linux/uio.h>

#include "../addrmap/addrmap.h"
#include "../addrmap/internal.h"

#include "mm_kunit.h"

/* More pages than are pinned at a time, and not a multiple of them. */
#define NR_PAGES	19
#define LENGTH		(NR_PAGES * PAGE_SIZE)

struct node_param {
	const char *name;
	bool pfnmap;	/* its mappings are VM_PFNMAP */
	bool shared;	/* and cannot be private */
};

static const struct node_param node_params[] = {
	{ "addrmap/pfn", .pfnmap = true },
	{ "addrmap/pages" },
	{ "addrmap/vmalloc" },
	{ "addrmap/fault" },
	{ "addrmap/pfn-fault", .pfnmap = true, .shared = true },
	{ "addrmap/huge" },
};

KUNIT_ARRAY_PARAM_DESC(node, node_params, name);

KUNIT_DEFINE_ACTION_WRAPPER(put_file, fput, struct file *);

/* What misc_open() does, for a file that is not in /dev. */
static struct file *open_name(struct kunit *test, const char *name, int flags)
{
	struct miscdevice *misc = addrmap_find_node(name);
	struct file *filp;
	int err;

	KUNIT_ASSERT_NOT_NULL(test, misc);
	filp = anon_inode_getfile("[addrmap]", misc->fops, misc, flags);
	KUNIT_ASSERT_FALSE(test, IS_ERR(filp));
	err = misc->fops->open(file_inode(filp), filp);
	if (err) {
		/* There is nothing to release. */
		replace_fops(filp, NULL);
		fput(filp);
	}
	KUNIT_ASSERT_EQ(test, err, 0);
	KUNIT_ASSERT_EQ(test, 0,
			kunit_add_action_or_reset(test, put_file, filp));

	return filp;
}

/* Opens the node that the parameter of the test case names. */
static struct file *open_node(struct kunit *test, int flags)
{
	const struct node_param *param = test->param_value;

	return open_name(test, param->name, flags);
}

static long node_ioctl(struct file *filp, unsigned int cmd, void __user *uarg)
{
	return filp->f_op->unlocked_ioctl(filp, cmd, (unsigned long)uarg);
}

/* Anonymous memory of the test's process. */
static char __user *user_mem(struct kunit *test, size_t len)
{
	unsigned long addr = kunit_vm_mmap(test, NULL, 0, len,
					   PROT_READ | PROT_WRITE,
					   MAP_ANONYMOUS | MAP_PRIVATE, 0);

	KUNIT_ASSERT_FALSE(test, IS_ERR_VALUE(addr));
	KUNIT_ASSERT_NE(test, addr, 0);

	return (char __user *)addr;
}

/* The same, but what follows the first @len bytes cannot be accessed. */
static char __user *user_mem_end(struct kunit *test, size_t len)
{
	char __user *mem = user_mem(test, len + PAGE_SIZE);

	KUNIT_ASSERT_EQ(test, 0, vm_munmap((unsigned long)mem + len,
					   PAGE_SIZE));
	return mem;
}

/*
 * Calls ioctl @cmd with a copy of @arg in user memory, and copies it back. The
 * page for that is always the same, lest it fill the hole of user_mem_end().
 */
static long do_ioctl(struct kunit *test, struct file *filp, unsigned int cmd,
		     void *arg, size_t size)
{
	char __user *uarg = test->priv;
	long ret;

	KUNIT_ASSERT_EQ(test, 0, copy_to_user(uarg, arg, size));
	ret = node_ioctl(filp, cmd, uarg);
	KUNIT_ASSERT_EQ(test, 0, copy_from_user(arg, uarg, size));

	return ret;
}

static struct addrmap_info get_info(struct kunit *test, struct file *filp)
{
	struct addrmap_info info = { .size = sizeof(info) };

	KUNIT_ASSERT_EQ(test, 0, do_ioctl(test, filp, ADDRMAP_INFO, &info,
					  sizeof(info)));
	return info;
}

static long set_length(struct kunit *test, struct file *filp, u64 length)
{
	struct addrmap_set_length arg = {
		.size = sizeof(arg),
		.length = length,
	};

	return do_ioctl(test, filp, ADDRMAP_SET_LENGTH, &arg, sizeof(arg));
}

static long do_transfer(struct kunit *test, struct file *filp, u32 flags,
			u64 offset, char __user *addr, u64 length)
{
	struct addrmap_transfer arg = {
		.size = sizeof(arg),
		.flags = flags,
		.offset = offset,
		.addr = (unsigned long)addr,
		.length = length,
	};

	return do_ioctl(test, filp, ADDRMAP_TRANSFER, &arg, sizeof(arg));
}

/* A node with a zeroed buffer of LENGTH bytes that nobody else uses. */
static struct file *open_private(struct kunit *test)
{
	struct file *filp = open_node(test, O_RDWR);

	KUNIT_ASSERT_EQ(test, set_length(test, filp, LENGTH), 0);

	return filp;
}

static ssize_t user_read(struct file *filp, char __user *mem, size_t len,
			 loff_t *pos)
{
	struct iov_iter iter;

	import_ubuf(ITER_DEST, mem, len, &iter);
	return vfs_iter_read(filp, &iter, pos, 0);
}

static ssize_t user_write(struct file *filp, char __user *mem, size_t len,
			  loff_t *pos)
{
	struct iov_iter iter;

	import_ubuf(ITER_SOURCE, mem, len, &iter);
	return vfs_iter_write(filp, &iter, pos, 0);
}

/* LENGTH bytes of which no two pages are equal, nor equal if shifted. */
static u8 *pattern(struct kunit *test, u8 seed)
{
	u8 *p = kunit_kmalloc(test, LENGTH, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, p);
	for (size_t i = 0; i < LENGTH; i++)
		p[i] = seed + i + (i >> PAGE_SHIFT) * 37;

	return p;
}

/* Too much memory to have all of it printed by KUNIT_EXPECT_MEMEQ(). */
static void expect_mem(struct kunit *test, const u8 *mem, const u8 *expected,
		       size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (mem[i] != expected[i]) {
			KUNIT_FAIL(test, "byte %zu of %zu is %#x, not %#x", i,
				   len, mem[i], expected[i]);
			break;
		}
	}
}

/* Expects user memory to be @expected, byte by byte. */
static void expect_user(struct kunit *test, const char __user *mem,
			const u8 *expected, size_t len)
{
	u8 *copy = kunit_kzalloc(test, len, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, copy);
	KUNIT_EXPECT_EQ(test, 0, copy_from_user(copy, mem, len));
	expect_mem(test, copy, expected, len);
}

/* Expects the buffer of @filp to be @expected, byte by byte. */
static void expect_buffer(struct kunit *test, struct file *filp,
			  const u8 *expected)
{
	u8 *copy = kunit_kzalloc(test, LENGTH, GFP_KERNEL);
	loff_t pos = 0;

	KUNIT_ASSERT_NOT_NULL(test, copy);
	KUNIT_EXPECT_EQ(test, kernel_read(filp, copy, LENGTH, &pos), LENGTH);
	expect_mem(test, copy, expected, LENGTH);
}

static void fill_buffer(struct kunit *test, struct file *filp, const u8 *data)
{
	loff_t pos = 0;

	KUNIT_ASSERT_EQ(test, kernel_write(filp, data, LENGTH, &pos), LENGTH);
}

static long map(struct file *filp, size_t len, unsigned long prot,
		unsigned long flags, pgoff_t pgoff)
{
	return vm_mmap(filp, 0, len, prot, flags, pgoff << PAGE_SHIFT);
}

static char __user *map_ok(struct kunit *test, struct file *filp, size_t len,
			   unsigned long flags, pgoff_t pgoff)
{
	unsigned long addr = map(filp, len, PROT_READ | PROT_WRITE, flags,
				 pgoff);

	KUNIT_ASSERT_FALSE(test, IS_ERR_VALUE(addr));

	return (char __user *)addr;
}

/* All who open a node have one buffer, unless they ask for another. */
static void open_shares_buffer(struct kunit *test)
{
	struct file *one = open_node(test, O_RDWR);
	struct file *two = open_node(test, O_RDWR);
	struct file *private = open_private(test);
	u8 *zero = kunit_kzalloc(test, LENGTH, GFP_KERNEL);
	u8 *data = pattern(test, 1);

	KUNIT_ASSERT_NOT_NULL(test, zero);
	KUNIT_EXPECT_EQ(test, get_info(test, one).length,
			ADDRMAP_SHARED_LENGTH);
	KUNIT_EXPECT_EQ(test, get_info(test, one).state, 0);
	KUNIT_EXPECT_EQ(test, get_info(test, one).version, ADDRMAP_VERSION);
	KUNIT_EXPECT_EQ(test, get_info(test, private).length, LENGTH);
	KUNIT_EXPECT_EQ(test, get_info(test, private).state,
			ADDRMAP_STATE_PRIVATE);

	fill_buffer(test, one, data);
	expect_buffer(test, two, data);
	expect_buffer(test, private, zero);
}

/* Neither the offset in the buffer nor the user's address need be aligned. */
static void read_write_unaligned(struct kunit *test)
{
	struct file *filp = open_private(test);
	char __user *mem = user_mem(test, LENGTH);
	u8 *data = pattern(test, 2);
	u8 *expected = kunit_kzalloc(test, LENGTH, GFP_KERNEL);
	size_t len = 3 * PAGE_SIZE;
	loff_t pos = PAGE_SIZE - 3;

	KUNIT_ASSERT_NOT_NULL(test, expected);
	KUNIT_ASSERT_EQ(test, 0, copy_to_user(mem + 5, data, len));
	KUNIT_EXPECT_EQ(test, user_write(filp, mem + 5, len, &pos), len);
	KUNIT_EXPECT_EQ(test, pos, PAGE_SIZE - 3 + len);
	memcpy(expected + PAGE_SIZE - 3, data, len);
	expect_buffer(test, filp, expected);

	pos = PAGE_SIZE - 4;
	KUNIT_EXPECT_EQ(test, user_read(filp, mem + 7, len, &pos), len);
	KUNIT_EXPECT_EQ(test, pos, PAGE_SIZE - 4 + len);
	expect_user(test, mem + 7, expected + PAGE_SIZE - 4, len);
}

static void read_write_at_end(struct kunit *test)
{
	struct file *filp = open_private(test);
	char __user *mem = user_mem(test, PAGE_SIZE);
	loff_t pos = LENGTH - 9;

	KUNIT_EXPECT_EQ(test, user_read(filp, mem, PAGE_SIZE, &pos), 9);
	KUNIT_EXPECT_EQ(test, pos, LENGTH);
	KUNIT_EXPECT_EQ(test, user_read(filp, mem, PAGE_SIZE, &pos), 0);
	pos = LENGTH - 9;
	KUNIT_EXPECT_EQ(test, user_write(filp, mem, PAGE_SIZE, &pos), 9);
	KUNIT_EXPECT_EQ(test, pos, LENGTH);
	KUNIT_EXPECT_EQ(test, user_write(filp, mem, PAGE_SIZE, &pos), -ENOSPC);
	KUNIT_EXPECT_EQ(test, pos, LENGTH);

	pos = LENGTH + PAGE_SIZE;
	KUNIT_EXPECT_EQ(test, user_read(filp, mem, 1, &pos), 0);
	KUNIT_EXPECT_EQ(test, user_write(filp, mem, 1, &pos), -ENOSPC);
	pos = LLONG_MAX - 1;
	KUNIT_EXPECT_EQ(test, user_read(filp, mem, 1, &pos), 0);
	KUNIT_EXPECT_EQ(test, user_write(filp, mem, 1, &pos), -ENOSPC);
}

/* What could be copied is reported, and only if it is nothing, -EFAULT. */
static void read_write_partial(struct kunit *test)
{
	struct file *filp = open_private(test);
	char __user *mem = user_mem_end(test, 2 * PAGE_SIZE);
	/*
	 * The copies end at multiples of what an architecture may copy at a
	 * time: it need not copy the bytes before a fault one by one.
	 */
	size_t ok = PAGE_SIZE + 128;
	char __user *start = mem + 2 * PAGE_SIZE - ok;
	u8 *data = pattern(test, 3);
	u8 *expected = pattern(test, 3);
	loff_t pos = 128;

	fill_buffer(test, filp, data);
	KUNIT_EXPECT_EQ(test, user_read(filp, start, 4 * PAGE_SIZE, &pos), ok);
	KUNIT_EXPECT_EQ(test, pos, 128 + ok);
	expect_user(test, start, data + 128, ok);

	pos = 64;
	KUNIT_EXPECT_EQ(test, user_write(filp, start, 4 * PAGE_SIZE, &pos), ok);
	KUNIT_EXPECT_EQ(test, pos, 64 + ok);
	memmove(expected + 64, data + 128, ok);
	expect_buffer(test, filp, expected);

	KUNIT_EXPECT_EQ(test, user_read(filp, mem + 2 * PAGE_SIZE, 1, &pos),
			-EFAULT);
	KUNIT_EXPECT_EQ(test, user_write(filp, mem + 2 * PAGE_SIZE, 1, &pos),
			-EFAULT);
	KUNIT_EXPECT_EQ(test, pos, 64 + ok);
	expect_buffer(test, filp, expected);
}

static void llseek_bounds(struct kunit *test)
{
	struct file *filp = open_private(test);

	KUNIT_EXPECT_EQ(test, vfs_llseek(filp, 5, SEEK_SET), 5);
	KUNIT_EXPECT_EQ(test, vfs_llseek(filp, 7, SEEK_CUR), 12);
	KUNIT_EXPECT_EQ(test, vfs_llseek(filp, -3, SEEK_END), LENGTH - 3);
	KUNIT_EXPECT_EQ(test, vfs_llseek(filp, 0, SEEK_END), LENGTH);
	KUNIT_EXPECT_EQ(test, vfs_llseek(filp, 1, SEEK_END), -EINVAL);
	KUNIT_EXPECT_EQ(test, vfs_llseek(filp, -1, SEEK_SET), -EINVAL);
	KUNIT_EXPECT_EQ(test, vfs_llseek(filp, LENGTH + 1, SEEK_SET), -EINVAL);
	KUNIT_EXPECT_EQ(test, vfs_llseek(filp, LLONG_MAX, SEEK_SET), -EINVAL);
	KUNIT_EXPECT_EQ(test, vfs_llseek(filp, 0, SEEK_DATA), -EINVAL);
	KUNIT_EXPECT_EQ(test, filp->f_pos, LENGTH);
}

struct ioctl_param {
	const char *desc;
	unsigned int cmd;
	u32 size;
	u32 flags;
	u8 tail;	/* behind the struct that the kernel knows */
	long ret;
};

static const struct ioctl_param ioctl_params[] = {
	{ "as_known", ADDRMAP_INFO, sizeof(struct addrmap_info) },
	{ "larger_with_zeroes", ADDRMAP_INFO, sizeof(struct addrmap_info) + 8 },
	{ "larger_with_data", ADDRMAP_INFO, sizeof(struct addrmap_info) + 8,
	  .tail = 1, .ret = -E2BIG },
	{ "huge", ADDRMAP_INFO, U32_MAX, .ret = -E2BIG },
	{ "size_zero", ADDRMAP_INFO, 0, .ret = -EINVAL },
	{ "size_small", ADDRMAP_INFO, sizeof(struct addrmap_info) - 1,
	  .ret = -EINVAL },
	{ "unknown_flag", ADDRMAP_INFO, sizeof(struct addrmap_info),
	  .flags = 1, .ret = -EINVAL },
	{ "translate_unknown_flag", ADDRMAP_TRANSLATE,
	  sizeof(struct addrmap_translate), .flags = 1, .ret = -EINVAL },
	{ "transfer_unknown_flag", ADDRMAP_TRANSFER,
	  sizeof(struct addrmap_transfer), .flags = 2, .ret = -EINVAL },
	{ "set_length_unknown_flag", ADDRMAP_SET_LENGTH,
	  sizeof(struct addrmap_set_length), .flags = 1U << 31,
	  .ret = -EINVAL },
	{ "unknown_number", _IO(ADDRMAP_IOC_MAGIC, 4), 64, .ret = -ENOTTY },
	{ "unknown_magic", _IO(ADDRMAP_IOC_MAGIC + 1, 0), 64, .ret = -ENOTTY },
	{ "unknown_direction", _IOR(ADDRMAP_IOC_MAGIC, 0, int), 64,
	  .ret = -ENOTTY },
	{ "tty", 0x5401 /* TCGETS */, 64, .ret = -ENOTTY },
};

KUNIT_ARRAY_PARAM_DESC(ioctl, ioctl_params, desc);

/* User space and the kernel may know different versions of a struct. */
static void ioctl_struct(struct kunit *test)
{
	const struct ioctl_param *param = test->param_value;
	struct file *filp = open_name(test, "addrmap/vmalloc", O_RDWR);
	struct {
		u32 size;
		u32 flags;
		u8 rest[64];
	} arg = { .size = param->size, .flags = param->flags };
	long ret;

	arg.rest[sizeof(struct addrmap_info) - 8] = param->tail;
	ret = do_ioctl(test, filp, param->cmd, &arg, sizeof(arg));
	KUNIT_EXPECT_EQ(test, ret, param->ret);
	KUNIT_EXPECT_EQ(test, arg.size, param->size);
}

static void ioctl_bad_pointer(struct kunit *test)
{
	struct file *filp = open_name(test, "addrmap/vmalloc", O_RDWR);
	struct addrmap_set_length sl = {
		.size = sizeof(sl),
		.length = PAGE_SIZE,
	};
	char __user *end = user_mem_end(test, PAGE_SIZE) + PAGE_SIZE;
	char __user *mem = end - sizeof(sl) + 1;

	KUNIT_EXPECT_EQ(test, node_ioctl(filp, ADDRMAP_INFO, end), -EFAULT);
	KUNIT_EXPECT_EQ(test, node_ioctl(filp, ADDRMAP_INFO, NULL), -EFAULT);

	/* All but the last byte of the struct can be read. */
	KUNIT_ASSERT_EQ(test, 0, copy_to_user(mem, &sl, sizeof(sl) - 1));
	KUNIT_EXPECT_EQ(test, node_ioctl(filp, ADDRMAP_SET_LENGTH, mem),
			-EFAULT);
	KUNIT_EXPECT_EQ(test, get_info(test, filp).length,
			ADDRMAP_SHARED_LENGTH);
}

static void translate_all_pages(struct kunit *test)
{
	struct file *filp = open_private(test);
	u8 *data = pattern(test, 4);
	struct addrmap_translate tr;
	u64 offset;

	fill_buffer(test, filp, data);
	for (offset = 17; offset < LENGTH; offset += PAGE_SIZE) {
		u8 byte;

		tr = (struct addrmap_translate) {
			.size = sizeof(tr),
			.offset = offset,
		};
		KUNIT_ASSERT_EQ(test, 0, do_ioctl(test, filp, ADDRMAP_TRANSLATE,
						  &tr, sizeof(tr)));
		KUNIT_EXPECT_EQ(test, tr.phys, PFN_PHYS(tr.pfn) + 17);
		KUNIT_ASSERT_TRUE(test, pfn_valid(tr.pfn));
		memcpy_from_page(&byte, pfn_to_page(tr.pfn), 17, 1);
		KUNIT_EXPECT_EQ(test, byte, data[offset]);
		if (tr.kaddr)
			KUNIT_EXPECT_EQ(test, *(u8 *)(unsigned long)tr.kaddr,
					data[offset]);
	}

	tr.offset = LENGTH;
	KUNIT_EXPECT_EQ(test, do_ioctl(test, filp, ADDRMAP_TRANSLATE, &tr,
				       sizeof(tr)), -EINVAL);
	tr.offset = U64_MAX;
	KUNIT_EXPECT_EQ(test, do_ioctl(test, filp, ADDRMAP_TRANSLATE, &tr,
				       sizeof(tr)), -EINVAL);
}

/* Takes CAP_SYS_ADMIN from the thread; give it back by revert_creds(). */
static const struct cred *drop_sys_admin(struct kunit *test)
{
	struct cred *cred = prepare_creds();

	KUNIT_ASSERT_NOT_NULL(test, cred);
	cap_lower(cred->cap_effective, CAP_SYS_ADMIN);

	return override_creds(cred);
}

/* Addresses would help an attacker: whoever is no administrator gets none. */
static void translate_without_cap(struct kunit *test)
{
	struct file *filp = open_private(test);
	struct addrmap_translate tr = {
		.size = sizeof(tr),
		.offset = 1,
		.kaddr = 2,
		.pfn = 3,
		.phys = 4,
	};
	char __user *uarg = user_mem(test, PAGE_SIZE);
	const struct cred *old;
	long ret;

	KUNIT_ASSERT_EQ(test, 0, copy_to_user(uarg, &tr, sizeof(tr)));
	old = drop_sys_admin(test);
	ret = node_ioctl(filp, ADDRMAP_TRANSLATE, uarg);
	put_cred(revert_creds(old));
	KUNIT_EXPECT_EQ(test, ret, 0);
	KUNIT_ASSERT_EQ(test, 0, copy_from_user(&tr, uarg, sizeof(tr)));
	KUNIT_EXPECT_EQ(test, tr.kaddr, 0);
	KUNIT_EXPECT_EQ(test, tr.pfn, 0);
	KUNIT_EXPECT_EQ(test, tr.phys, 0);
}

/* Neither side is aligned, nor equally so: pages of both sides are crossed. */
static void transfer_unaligned(struct kunit *test)
{
	struct file *filp = open_private(test);
	char __user *mem = user_mem(test, LENGTH + PAGE_SIZE);
	u8 *data = pattern(test, 5);
	u8 *expected = kunit_kzalloc(test, LENGTH, GFP_KERNEL);
	size_t len = LENGTH - PAGE_SIZE;

	KUNIT_ASSERT_NOT_NULL(test, expected);
	KUNIT_ASSERT_EQ(test, 0, copy_to_user(mem + 100, data, len));
	KUNIT_EXPECT_EQ(test, do_transfer(test, filp,
					  ADDRMAP_TRANSFER_TO_BUFFER, 13,
					  mem + 100, len), len);
	memcpy(expected + 13, data, len);
	expect_buffer(test, filp, expected);

	KUNIT_EXPECT_EQ(test, do_transfer(test, filp, 0, 12, mem + 4095, len),
			len);
	expect_user(test, mem + 4095, expected + 12, len);
	expect_user(test, mem + 4094, data + 4094 - 100, 1);
	expect_buffer(test, filp, expected);
}

/* Pages that were written to are dirty and no longer pinned afterwards. */
static void transfer_dirties(struct kunit *test)
{
	struct file *filp = open_private(test);
	char __user *mem = user_mem(test, PAGE_SIZE);
	struct page *page;
	int refs;

	KUNIT_ASSERT_EQ(test, 0, clear_user(mem, 1));
	KUNIT_ASSERT_EQ(test, 1, get_user_pages_fast((unsigned long)mem, 1, 0,
						     &page));
	refs = page_ref_count(page);
	ClearPageDirty(page);
	KUNIT_EXPECT_EQ(test, do_transfer(test, filp,
					  ADDRMAP_TRANSFER_TO_BUFFER, 0, mem,
					  8), 8);
	KUNIT_EXPECT_FALSE(test, PageDirty(page));
	KUNIT_EXPECT_EQ(test, page_ref_count(page), refs);
	KUNIT_EXPECT_EQ(test, do_transfer(test, filp, 0, 0, mem, 8), 8);
	KUNIT_EXPECT_TRUE(test, PageDirty(page));
	KUNIT_EXPECT_EQ(test, page_ref_count(page), refs);
	put_page(page);
}

static void transfer_partial(struct kunit *test)
{
	struct file *filp = open_private(test);
	char __user *mem = user_mem_end(test, 2 * PAGE_SIZE);
	char __user *end = mem + 2 * PAGE_SIZE;
	/*
	 * The copies end at multiples of what an architecture may copy at a
	 * time: it need not copy the bytes before a fault one by one.
	 */
	size_t ok = PAGE_SIZE + 128;
	u8 *data = pattern(test, 6);
	u8 *expected = pattern(test, 6);

	fill_buffer(test, filp, data);
	KUNIT_EXPECT_EQ(test, do_transfer(test, filp, 0, 11, end - ok,
					  4 * PAGE_SIZE), ok);
	expect_user(test, end - ok, data + 11, ok);
	KUNIT_EXPECT_EQ(test, do_transfer(test, filp,
					  ADDRMAP_TRANSFER_TO_BUFFER, 5,
					  end - ok, 4 * PAGE_SIZE), ok);
	memmove(expected + 5, data + 11, ok);
	expect_buffer(test, filp, expected);
}

static void transfer_refused(struct kunit *test)
{
	static const struct {
		u64 offset;
		u64 length;
	} bad[] = {
		{ 0, 0 },
		{ 0, LENGTH + 1 },
		{ LENGTH - 1, 2 },
		{ LENGTH, 1 },
		{ 1, U64_MAX },
		{ U64_MAX, 1 },
		{ U64_MAX, 2 },
	};
	struct file *filp = open_private(test);
	struct file *rdonly = open_node(test, O_RDONLY);
	struct file *wronly = open_node(test, O_WRONLY);
	char __user *mem = user_mem_end(test, PAGE_SIZE);
	u8 *data = pattern(test, 7);

	fill_buffer(test, filp, data);
	for (int i = 0; i < ARRAY_SIZE(bad); i++) {
		KUNIT_EXPECT_EQ_MSG(test,
				    do_transfer(test, filp,
						ADDRMAP_TRANSFER_TO_BUFFER,
						bad[i].offset, mem,
						bad[i].length),
				    -EINVAL, "row %d", i);
	}
	KUNIT_EXPECT_EQ(test, do_transfer(test, filp, 0, 0, mem + PAGE_SIZE, 1),
			-EFAULT);
	KUNIT_EXPECT_EQ(test, do_transfer(test, filp, 0, 0,
					  (char __user *)ULONG_MAX, 9),
			-EFAULT);
	KUNIT_EXPECT_EQ(test, do_transfer(test, rdonly,
					  ADDRMAP_TRANSFER_TO_BUFFER, 0, mem,
					  1), -EBADF);
	KUNIT_EXPECT_EQ(test, do_transfer(test, wronly, 0, 0, mem, 1), -EBADF);
	expect_buffer(test, filp, data);
}

static void set_length_zeroed(struct kunit *test)
{
	struct file *filp = open_private(test);
	u8 *zero = kunit_kzalloc(test, LENGTH, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, zero);
	expect_buffer(test, filp, zero);
	fill_buffer(test, filp, pattern(test, 8));
	KUNIT_EXPECT_EQ(test, set_length(test, filp, LENGTH), 0);
	expect_buffer(test, filp, zero);
}

static void set_length_refused(struct kunit *test)
{
	static const u64 bad[] = {
		0, 1, PAGE_SIZE - 1, PAGE_SIZE + 1,
		ADDRMAP_MAX_LENGTH + PAGE_SIZE, U64_MAX, 1ULL << 63,
		U64_MAX & PAGE_MASK,
	};
	struct file *filp = open_private(test);
	u8 *data = pattern(test, 9);

	fill_buffer(test, filp, data);
	for (int i = 0; i < ARRAY_SIZE(bad); i++)
		KUNIT_EXPECT_EQ_MSG(test, set_length(test, filp, bad[i]),
				    -EINVAL, "row %d", i);
	KUNIT_EXPECT_EQ(test, get_info(test, filp).length, LENGTH);
	expect_buffer(test, filp, data);
}

/* The memory must not go away under a mapping, be it the rest of one. */
static void set_length_mapped(struct kunit *test)
{
	struct file *filp = open_private(test);
	char __user *mem = map_ok(test, filp, 3 * PAGE_SIZE, MAP_SHARED, 2);
	char __user *two = map_ok(test, filp, PAGE_SIZE, MAP_SHARED, 0);
	u8 *data = pattern(test, 10);

	fill_buffer(test, filp, data);
	KUNIT_EXPECT_EQ(test, set_length(test, filp, PAGE_SIZE), -EBUSY);
	KUNIT_EXPECT_EQ(test, 0, vm_munmap((unsigned long)mem + PAGE_SIZE,
					   PAGE_SIZE));
	KUNIT_EXPECT_EQ(test, 0, vm_munmap((unsigned long)two, PAGE_SIZE));
	KUNIT_EXPECT_EQ(test, set_length(test, filp, PAGE_SIZE), -EBUSY);
	KUNIT_EXPECT_EQ(test, 0, vm_munmap((unsigned long)mem, PAGE_SIZE));
	KUNIT_EXPECT_EQ(test, set_length(test, filp, PAGE_SIZE), -EBUSY);
	KUNIT_EXPECT_EQ(test, get_info(test, filp).length, LENGTH);
	expect_user(test, mem + 2 * PAGE_SIZE, data + 4 * PAGE_SIZE,
		    PAGE_SIZE);

	KUNIT_EXPECT_EQ(test, 0, vm_munmap((unsigned long)mem + 2 * PAGE_SIZE,
					   PAGE_SIZE));
	KUNIT_EXPECT_EQ(test, set_length(test, filp, PAGE_SIZE), 0);
	KUNIT_EXPECT_EQ(test, get_info(test, filp).length, PAGE_SIZE);
}

struct elsewhere {
	struct file *filp;
	struct completion done;
	long ret;
};

/* Another process, which maps the file for a moment. */
static int map_elsewhere(void *data)
{
	struct elsewhere *e = data;

	e->ret = kunit_attach_mm();
	if (!e->ret)
		e->ret = map(e->filp, PAGE_SIZE, PROT_READ, MAP_SHARED, 0);
	if (!IS_ERR_VALUE(e->ret))
		e->ret = vm_munmap(e->ret, PAGE_SIZE);
	complete(&e->done);

	return 0;
}

/*
 * Whether an mmap() of another process is under way cannot be known, so that
 * process having called it once has to be enough.
 */
static void set_length_mapped_elsewhere(struct kunit *test)
{
	struct elsewhere e = { .filp = open_private(test) };
	struct task_struct *thread;

	init_completion(&e.done);
	thread = kthread_run(map_elsewhere, &e, "addrmap_kunit");
	KUNIT_ASSERT_FALSE(test, IS_ERR(thread));
	wait_for_completion(&e.done);
	KUNIT_ASSERT_EQ(test, e.ret, 0);
	KUNIT_EXPECT_EQ(test, set_length(test, e.filp, PAGE_SIZE), -EBUSY);
	KUNIT_EXPECT_EQ(test, get_info(test, e.filp).length, LENGTH);
}

/* read(), write() and all the mappings are views of one memory. */
static void mmap_shared(struct kunit *test)
{
	struct file *filp = open_private(test);
	u8 *data = pattern(test, 11);
	char __user *all, *tail;

	fill_buffer(test, filp, data);
	all = map_ok(test, filp, LENGTH, MAP_SHARED, 0);
	tail = map_ok(test, filp, 2 * PAGE_SIZE, MAP_SHARED, NR_PAGES - 2);
	expect_user(test, all, data, LENGTH);
	expect_user(test, tail, data + LENGTH - 2 * PAGE_SIZE, 2 * PAGE_SIZE);

	data[LENGTH - 5] ^= 0xff;
	KUNIT_EXPECT_EQ(test, 0, put_user(data[LENGTH - 5],
					  tail + 2 * PAGE_SIZE - 5));
	expect_buffer(test, filp, data);
	expect_user(test, all, data, LENGTH);
}

/* A private mapping sees the buffer up to the first write to a page. */
static void mmap_private(struct kunit *test)
{
	const struct node_param *param = test->param_value;
	struct file *filp = open_private(test);
	u8 *data = pattern(test, 12);
	char __user *mem;

	if (param->shared) {
		/* Even if it is not writable yet. */
		KUNIT_EXPECT_EQ(test, map(filp, PAGE_SIZE, PROT_READ,
					  MAP_PRIVATE, 1), -EINVAL);
		return;
	}

	fill_buffer(test, filp, data);
	mem = map_ok(test, filp, 3 * PAGE_SIZE, MAP_PRIVATE, 1);
	expect_user(test, mem, data + PAGE_SIZE, 3 * PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, 0, put_user((u8)~data[2 * PAGE_SIZE],
					  mem + PAGE_SIZE));
	expect_buffer(test, filp, data);

	data[2 * PAGE_SIZE] ^= 0xff;
	data[2 * PAGE_SIZE + 1] ^= 0xff;
	data[3 * PAGE_SIZE] ^= 0xff;
	fill_buffer(test, filp, data);
	data[2 * PAGE_SIZE + 1] ^= 0xff;
	expect_user(test, mem, data + PAGE_SIZE, 3 * PAGE_SIZE);
}

/*
 * remap_pfn_range() needs vm_pgoff for a private mapping, which makes
 * /proc/PID/maps show a physical address.
 */
static void mmap_private_without_cap(struct kunit *test)
{
	const struct node_param *param = test->param_value;
	struct file *filp = open_private(test);
	const struct cred *old;
	long shared, private;

	old = drop_sys_admin(test);
	shared = map(filp, PAGE_SIZE, PROT_READ, MAP_SHARED, 0);
	private = map(filp, PAGE_SIZE, PROT_READ, MAP_PRIVATE, 0);
	put_cred(revert_creds(old));
	KUNIT_EXPECT_FALSE(test, IS_ERR_VALUE(shared));
	if (param->shared)
		KUNIT_EXPECT_EQ(test, private, -EINVAL);
	else if (param->pfnmap)
		KUNIT_EXPECT_EQ(test, private, -EPERM);
	else
		KUNIT_EXPECT_FALSE(test, IS_ERR_VALUE(private));
}

static void node_mmap_refused(struct kunit *test)
{
	static const struct {
		pgoff_t pgoff;
		unsigned long nr;
	} bad[] = {
		{ 0, NR_PAGES + 1 },
		{ 1, NR_PAGES },
		{ NR_PAGES - 1, 2 },
		{ NR_PAGES, 1 },
		{ ULONG_MAX >> PAGE_SHIFT, 1 },
		{ (ULONG_MAX >> PAGE_SHIFT) - 1, 1 },
	};
	struct file *filp = open_private(test);

	for (int i = 0; i < ARRAY_SIZE(bad); i++) {
		KUNIT_EXPECT_EQ_MSG(test, map(filp, bad[i].nr * PAGE_SIZE,
					      PROT_READ, MAP_SHARED,
					      bad[i].pgoff),
				    -EINVAL, "row %d", i);
	}
	/* None of them counts as a mapping. */
	KUNIT_EXPECT_EQ(test, set_length(test, filp, PAGE_SIZE), 0);
}

static vm_flags_t flags_at(struct kunit *test, unsigned long addr)
{
	struct vm_area_struct *vma;
	vm_flags_t flags = 0;

	mmap_read_lock(current->mm);
	vma = find_vma(current->mm, addr);
	if (vma && vma->vm_start <= addr)
		flags = vma->vm_flags;
	mmap_read_unlock(current->mm);

	return flags;
}

/* mprotect() goes by VM_MAYWRITE and VM_MAYEXEC. */
static void mmap_vm_flags(struct kunit *test)
{
	const struct node_param *param = test->param_value;
	struct file *rdonly = open_node(test, O_RDONLY);
	struct file *rdwr = open_node(test, O_RDWR);
	long addr;
	vm_flags_t flags;

	KUNIT_EXPECT_EQ(test, map(rdonly, PAGE_SIZE, PROT_READ | PROT_WRITE,
				  MAP_SHARED, 0), -EACCES);
	addr = map(rdonly, PAGE_SIZE, PROT_READ, MAP_SHARED, 0);
	KUNIT_ASSERT_FALSE(test, IS_ERR_VALUE(addr));
	flags = flags_at(test, addr);
	KUNIT_EXPECT_EQ(test, flags & (VM_WRITE | VM_MAYWRITE | VM_MAYEXEC), 0);

	addr = map(rdwr, PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, 0);
	KUNIT_ASSERT_FALSE(test, IS_ERR_VALUE(addr));
	flags = flags_at(test, addr);
	KUNIT_EXPECT_EQ(test, flags & (VM_WRITE | VM_MAYWRITE | VM_MAYEXEC),
			VM_WRITE | VM_MAYWRITE);
	KUNIT_EXPECT_EQ(test, flags & (VM_DONTEXPAND | VM_DONTDUMP),
			VM_DONTEXPAND | VM_DONTDUMP);
	KUNIT_EXPECT_EQ(test, !!(flags & VM_PFNMAP), param->pfnmap);
}

/*
 * close() does not take the memory from a mapping, munmap() gives it back, and
 * it is freed once: what is left is the reference of the test.
 */
static void mmap_outlives_close(struct kunit *test)
{
	struct file *filp = open_private(test);
	u8 *data = pattern(test, 13);
	struct addrmap_translate tr = { .size = sizeof(tr) };
	char __user *mem;
	struct page *page;

	fill_buffer(test, filp, data);
	mem = map_ok(test, filp, LENGTH, MAP_SHARED, 0);
	KUNIT_ASSERT_EQ(test, 0, do_ioctl(test, filp, ADDRMAP_TRANSLATE, &tr,
					  sizeof(tr)));
	KUNIT_ASSERT_NE(test, tr.pfn, 0);
	page = pfn_to_page(tr.pfn);
	get_page(page);

	kunit_release_action(test, put_file, filp);
	flush_delayed_fput();
	expect_user(test, mem, data, LENGTH);
	KUNIT_EXPECT_GT(test, page_ref_count(page), 1);

	KUNIT_EXPECT_EQ(test, 0, vm_munmap((unsigned long)mem, LENGTH));
	flush_delayed_fput();
	KUNIT_EXPECT_EQ(test, page_ref_count(page), 1);
	put_page(page);
}

static int addrmap_init(struct kunit *test)
{
	mm_kunit_init(test);
	test->priv = user_mem(test, PAGE_SIZE);

	return 0;
}

static struct kunit_case addrmap_cases[] = {
	KUNIT_CASE_PARAM(open_shares_buffer, node_gen_params),
	KUNIT_CASE_PARAM(read_write_unaligned, node_gen_params),
	KUNIT_CASE_PARAM(read_write_at_end, node_gen_params),
	KUNIT_CASE_PARAM(read_write_partial, node_gen_params),
	KUNIT_CASE_PARAM(llseek_bounds, node_gen_params),
	KUNIT_CASE_PARAM(ioctl_struct, ioctl_gen_params),
	KUNIT_CASE(ioctl_bad_pointer),
	KUNIT_CASE_PARAM(translate_all_pages, node_gen_params),
	KUNIT_CASE_PARAM(translate_without_cap, node_gen_params),
	KUNIT_CASE_PARAM(transfer_unaligned, node_gen_params),
	KUNIT_CASE_PARAM(transfer_dirties, node_gen_params),
	KUNIT_CASE_PARAM(transfer_partial, node_gen_params),
	KUNIT_CASE_PARAM(transfer_refused, node_gen_params),
	KUNIT_CASE_PARAM(set_length_zeroed, node_gen_params),
	KUNIT_CASE_PARAM(set_length_refused, node_gen_params),
	KUNIT_CASE_PARAM(set_length_mapped, node_gen_params),
	KUNIT_CASE_PARAM(set_length_mapped_elsewhere, node_gen_params),
	KUNIT_CASE_PARAM(mmap_shared, node_gen_params),
	KUNIT_CASE_PARAM(mmap_private, node_gen_params),
	KUNIT_CASE_PARAM(mmap_private_without_cap, node_gen_params),
	KUNIT_CASE_PARAM(node_mmap_refused, node_gen_params),
	KUNIT_CASE_PARAM(mmap_vm_flags, node_gen_params),
	KUNIT_CASE_PARAM(mmap_outlives_close, node_gen_params),
	{}
};

static struct kunit_suite addrmap_suite = {
	.name = "addrmap",
	.init = addrmap_init,
	.test_cases = addrmap_cases,
};

kunit_test_suite(addrmap_suite);

MODULE_DESCRIPTION("KUnit tests for the sample driver in mm/addrmap/");
MODULE_LICENSE("GPL");
