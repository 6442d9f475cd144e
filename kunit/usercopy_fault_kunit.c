// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests for copy_to_user(), copy_from_user() and their variants, when
 * part of the user's buffer cannot be accessed, when faults are not allowed,
 * and when the buffer is the mapping of a driver.
 *
 * A caller gets the number of bytes that were not copied. It is to be exact,
 * since the rest has been: what was copied may be used, or seen by the user.
 */
#include <kunit/test.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/module.h>
#include <linux/pagemap.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "../internal.h"
#include "mm_kunit.h"
#include "user_vma.h"

#define NR_PAGES	3
#define RW		(PROT_READ | PROT_WRITE)
#define BUF_SIZE	(NR_PAGES * PAGE_SIZE)

enum map {
	MAP_FAULTS,		/* they are faulted in */
	MAP_PAGES,		/* with vm_insert_page() */
	MAP_RAW,		/* with remap_pfn_range() */
};

/* A driver, and what it has been asked for. */
struct driver {
	struct user_file *file;
	struct page *block;	/* NR_PAGES pages, each with its own pattern */
	enum map map;
	unsigned int faults;
	vm_fault_t error;	/* of the fault of the last page */
	u8 *buf;		/* BUF_SIZE bytes for the caller */
	u8 *expected;
};

static vm_fault_t driver_fault(struct vm_fault *vmf)
{
	struct driver *drv = vmf->vma->vm_private_data;

	drv->faults++;
	if (vmf->pgoff == NR_PAGES - 1 && drv->error)
		return drv->error;
	vmf->page = drv->block + vmf->pgoff;
	get_page(vmf->page);

	return 0;
}

static const struct vm_operations_struct driver_ops = {
	.fault = driver_fault,
};

static int driver_mmap(struct vm_area_struct *vma, void *data)
{
	struct driver *drv = data;
	unsigned long i;
	int err = 0;

	vma->vm_ops = &driver_ops;
	vma->vm_private_data = drv;
	if (drv->map == MAP_RAW)
		return remap_pfn_range(vma, vma->vm_start, page_to_pfn(drv->block),
				       vma->vm_end - vma->vm_start, vma->vm_page_prot);
	if (drv->map == MAP_PAGES)
		for (i = 0; i < vma_pages(vma) && !err; i++)
			err = vm_insert_page(vma, vma->vm_start + i * PAGE_SIZE, drv->block + i);

	return err;
}

static unsigned long driver_map(struct kunit *test, unsigned long prot, unsigned long flags)
{
	struct driver *drv = test->priv;
	long addr = user_mmap(drv->file, 0, BUF_SIZE, prot, flags, 0);

	KUNIT_ASSERT_FALSE(test, IS_ERR_VALUE(addr));

	return addr;
}

/* So many pages with nothing behind them. */
static unsigned long anon_map(struct kunit *test, unsigned long nr_pages, unsigned long prot)
{
	unsigned long addr;

	user_attach_mm(test);
	addr = vm_mmap(NULL, 0, (nr_pages + 1) * PAGE_SIZE, prot, MAP_PRIVATE | MAP_ANONYMOUS, 0);
	KUNIT_ASSERT_FALSE(test, IS_ERR_VALUE(addr));
	KUNIT_ASSERT_EQ(test, vm_munmap(addr + nr_pages * PAGE_SIZE, PAGE_SIZE), 0);

	return addr;
}

static void fill(u8 *buf, size_t len, u8 seed)
{
	size_t i;

	for (i = 0; i < len; i++)
		buf[i] = seed + i * 7 + i / 251;
}

static void __user *user_ptr(unsigned long addr)
{
	return (void __user *)addr;
}

static u8 *mem_of(struct driver *drv)
{
	return page_address(drv->block);
}

/* === A buffer that ends too early === */

/* How many bytes before the end of two pages it starts, and how long it is. */
struct partial {
	const char *desc;
	size_t before;
	size_t len;
};

static const struct partial partials[] = {
	{ "all_there", 64, 64 },
	{ "a_page_missing", PAGE_SIZE, 2 * PAGE_SIZE },
	{ "all_missing", 0, 64 },
	{ "last_word_missing", 2 * PAGE_SIZE, 2 * PAGE_SIZE + sizeof(long) },
	{ "all_but_first_word_missing", sizeof(long), PAGE_SIZE },
	{ "a_word_of_two_missing", sizeof(long), 2 * sizeof(long) },
	{ "across_pages", PAGE_SIZE + 256, PAGE_SIZE + 512 },
	{ "unaligned", PAGE_SIZE + 13, PAGE_SIZE + 57 },
	{ "unaligned_last_byte_missing", 100, 101 },
	{ "unaligned_all_but_first_byte_missing", 1, 100 },
};

KUNIT_ARRAY_PARAM_DESC(partial, partials, desc);

/*
 * No more is copied than there is, and all of it if nothing is missing. How
 * much of the rest is copied is up to the architecture: it may give up at a
 * block of words that it cannot get as a whole.
 */
static void expect_left(struct kunit *test, size_t left, const struct partial *param)
{
	size_t missing = param->len - min(param->before, param->len);

	KUNIT_EXPECT_GE(test, left, missing);
	KUNIT_EXPECT_LE(test, left, param->len);
	if (!missing)
		KUNIT_EXPECT_EQ(test, left, 0);
}

/*
 * "The only hard requirement" of <linux/uaccess.h>: if anything can be copied,
 * something is, because the caller may try again with what is left, for ever.
 */
static void expect_progress(struct kunit *test, size_t left, const struct partial *param)
{
	expect_left(test, left, param);
	/* 32-bit ARM and x86 fall short of it: they load a block of words first. */
	if (param->before < (IS_ENABLED(CONFIG_ARM) || IS_ENABLED(CONFIG_X86_32) ? 64 : 1))
		return;
	KUNIT_EXPECT_LT(test, left, param->len);
}

static void copy_from_user_partial(struct kunit *test)
{
	const struct partial *param = test->param_value;
	unsigned long addr = anon_map(test, 2, RW) + 2 * PAGE_SIZE - param->before;
	struct driver *drv = test->priv;
	size_t there = min(param->before, param->len), left, done;

	fill(drv->expected, there, 1);
	KUNIT_ASSERT_EQ(test, copy_to_user(user_ptr(addr), drv->expected, there), 0);

	/* The rest must be no memory of the kernel's, */
	memset(drv->buf, 0xa5, BUF_SIZE);
	left = copy_from_user(drv->buf, user_ptr(addr), param->len);
	expect_progress(test, left, param);
	KUNIT_ASSERT_LE(test, left, param->len);
	done = param->len - left;
	memset(drv->expected + done, 0, left);
	memset(drv->expected + param->len, 0xa5, BUF_SIZE - param->len);
	KUNIT_EXPECT_MEMEQ(test, drv->buf, drv->expected, BUF_SIZE);

	/* but those who want to look after it themselves may do so. */
	memset(drv->buf, 0xa5, BUF_SIZE);
	left = __copy_from_user(drv->buf, user_ptr(addr), param->len);
	expect_progress(test, left, param);
	KUNIT_ASSERT_LE(test, left, param->len);
	memset(drv->expected + param->len - left, 0xa5, left);
	KUNIT_EXPECT_MEMEQ(test, drv->buf, drv->expected, BUF_SIZE);
}

static void copy_to_user_partial(struct kunit *test)
{
	const struct partial *param = test->param_value;
	unsigned long start = anon_map(test, 2, RW);
	unsigned long addr = start + 2 * PAGE_SIZE - param->before;
	struct driver *drv = test->priv;
	size_t left, before = 2 * PAGE_SIZE - param->before;
	size_t there = min(param->before, param->len);

	KUNIT_ASSERT_EQ(test, clear_user(user_ptr(start), 2 * PAGE_SIZE), 0);
	fill(drv->buf, param->len, 1);
	left = copy_to_user(user_ptr(addr), drv->buf, param->len);
	expect_progress(test, left, param);
	KUNIT_ASSERT_LE(test, left, param->len);
	/* Nothing else was written to. */
	memset(drv->expected, 0, BUF_SIZE);
	memcpy(drv->expected + before, drv->buf, param->len - left);
	KUNIT_ASSERT_EQ(test, copy_from_user(drv->buf, user_ptr(start), 2 * PAGE_SIZE), 0);
	/* Of what the number does not include, the last word may be there or not. */
	KUNIT_EXPECT_MEMEQ(test, drv->buf, drv->expected, before + param->len - left);
	KUNIT_EXPECT_NULL(test, memchr_inv(drv->buf + before + there, 0, 2 * PAGE_SIZE - before -
					   there));
}

static void clear_user_partial(struct kunit *test)
{
	const struct partial *param = test->param_value;
	unsigned long start = anon_map(test, 2, RW);
	unsigned long addr = start + 2 * PAGE_SIZE - param->before;
	struct driver *drv = test->priv;
	size_t left, before = 2 * PAGE_SIZE - param->before;
	size_t there = min(param->before, param->len);

	fill(drv->expected, 2 * PAGE_SIZE, 1);
	KUNIT_ASSERT_EQ(test, copy_to_user(user_ptr(start), drv->expected, 2 * PAGE_SIZE), 0);
	left = clear_user(user_ptr(addr), param->len);
	expect_left(test, left, param);
	KUNIT_ASSERT_LE(test, left, param->len);
	KUNIT_ASSERT_EQ(test, copy_from_user(drv->buf, user_ptr(start), 2 * PAGE_SIZE), 0);
	KUNIT_EXPECT_NULL(test, memchr_inv(drv->buf + before, 0, param->len - left));
	KUNIT_EXPECT_MEMEQ(test, drv->buf, drv->expected, before);
	KUNIT_EXPECT_MEMEQ(test, drv->buf + before + there, drv->expected + before + there,
			   2 * PAGE_SIZE - before - there);
}

/* Addresses that are nobody's, and ranges that have no end. */
static void copy_bad_address(struct kunit *test)
{
	struct driver *drv = test->priv;
	const unsigned long bad[] = {
		(unsigned long)drv->expected,
		-PAGE_SIZE,
		-8,
		TASK_SIZE_MAX,
		0,
	};
	u32 value;
	int i;

	user_attach_mm(test);
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		void __user *ptr = user_ptr(bad[i]);

		if (IS_ENABLED(CONFIG_ALTERNATE_USER_ADDRESS_SPACE) && i == 0)
			continue;
		memset(drv->buf, 0xa5, 64);
		memset(drv->expected, 0x5a, 64);
		KUNIT_EXPECT_EQ_MSG(test, copy_from_user(drv->buf, ptr, 32), 32, "%d", i);
		KUNIT_EXPECT_NULL(test, memchr_inv(drv->buf, 0, 32));
		KUNIT_EXPECT_NULL(test, memchr_inv(drv->buf + 32, 0xa5, 32));
		KUNIT_EXPECT_EQ_MSG(test, copy_to_user(ptr, drv->buf, 32), 32, "%d", i);
		KUNIT_EXPECT_EQ_MSG(test, clear_user(ptr, 32), 32, "%d", i);
		KUNIT_EXPECT_NULL(test, memchr_inv(drv->expected, 0x5a, 64));
		KUNIT_EXPECT_EQ_MSG(test, copy_from_user_nofault(drv->buf, ptr, 32), -EFAULT, "%d",
				    i);
		KUNIT_EXPECT_EQ_MSG(test, copy_to_user_nofault(ptr, drv->buf, 32), -EFAULT, "%d",
				    i);
		value = 1234;
		KUNIT_EXPECT_EQ_MSG(test, get_user(value, (u32 __user *)ptr), -EFAULT, "%d", i);
		KUNIT_EXPECT_EQ(test, value, 0);
		KUNIT_EXPECT_EQ_MSG(test, put_user(value, (u32 __user *)ptr), -EFAULT, "%d", i);
		KUNIT_EXPECT_EQ_MSG(test, strncpy_from_user(drv->buf, ptr, 32), -EFAULT, "%d", i);
		KUNIT_EXPECT_EQ_MSG(test, strnlen_user(ptr, 32), 0, "%d", i);
		KUNIT_EXPECT_EQ_MSG(test, fault_in_readable(ptr, 32), 32, "%d", i);
		KUNIT_EXPECT_EQ_MSG(test, fault_in_writeable(ptr, 32), 32, "%d", i);
		KUNIT_EXPECT_EQ_MSG(test, fault_in_safe_writeable(ptr, 32), 32, "%d", i);
	}
	/* Nothing is always there. */
	KUNIT_EXPECT_EQ(test, copy_from_user(drv->buf, user_ptr(PAGE_SIZE), 0), 0);
	KUNIT_EXPECT_EQ(test, copy_to_user(user_ptr(PAGE_SIZE), drv->buf, 0), 0);
}

struct access {
	const char *desc;
	unsigned long prot;
	bool readable;
	bool writable;
};

static const struct access accesses[] = {
	{ "all", RW, true, true },
	{ "read_only", PROT_READ, true, false },
	{ "none", PROT_NONE, false, false },
};

KUNIT_ARRAY_PARAM_DESC(access, accesses, desc);

/* The kernel does for a process what the process may do itself. */
static void copy_protection(struct kunit *test)
{
	const struct access *param = test->param_value;
	unsigned long addr = anon_map(test, 1, param->prot);
	struct driver *drv = test->priv;
	u32 value = 1234;

	KUNIT_EXPECT_EQ(test, copy_to_user(user_ptr(addr), drv->buf, 64),
			param->writable ? 0 : 64);
	KUNIT_EXPECT_EQ(test, clear_user(user_ptr(addr), 64), param->writable ? 0 : 64);
	KUNIT_EXPECT_EQ(test, fault_in_writeable(user_ptr(addr), 64), param->writable ? 0 : 64);
	KUNIT_EXPECT_EQ(test, fault_in_safe_writeable(user_ptr(addr), 64),
			param->writable ? 0 : 64);
	KUNIT_EXPECT_EQ(test, put_user(value, (u32 __user *)addr),
			param->writable ? 0 : -EFAULT);
	KUNIT_EXPECT_EQ(test, copy_from_user(drv->buf, user_ptr(addr), 64),
			param->readable ? 0 : 64);
	KUNIT_EXPECT_NULL(test, memchr_inv(drv->buf + 4, 0, 60));
	KUNIT_EXPECT_EQ(test, get_user(value, (u32 __user *)addr), param->readable ? 0 : -EFAULT);
	KUNIT_EXPECT_EQ(test, value, param->writable ? 1234 : 0);
	KUNIT_EXPECT_EQ(test, fault_in_readable(user_ptr(addr), 64), param->readable ? 0 : 64);
	KUNIT_EXPECT_EQ(test, copy_from_user_nofault(drv->buf, user_ptr(addr), 64),
			param->readable ? 0 : -EFAULT);
	KUNIT_EXPECT_EQ(test, copy_to_user_nofault(user_ptr(addr), drv->buf, 64),
			param->writable ? 0 : -EFAULT);
}

/* Nor does it help that there is a page that was accessible once. */
static void copy_inaccessible(struct kunit *test)
{
	unsigned long addr = anon_map(test, 1, RW);
	struct driver *drv = test->priv;
	u32 value = 1234;
	int err;

	KUNIT_ASSERT_EQ(test, put_user(value, (u32 __user *)addr), 0);
	KUNIT_ASSERT_EQ(test, mm_kunit_mprotect(addr, PAGE_SIZE, PROT_NONE), 0);
	memset(drv->buf, 0xa5, 64);
	KUNIT_EXPECT_EQ(test, copy_from_user(drv->buf, user_ptr(addr), 64), 64);
	KUNIT_EXPECT_NULL(test, memchr_inv(drv->buf, 0, 64));
	KUNIT_EXPECT_EQ(test, copy_from_user_nofault(drv->buf, user_ptr(addr), 64), -EFAULT);
	err = get_user(value, (u32 __user *)addr);
	KUNIT_EXPECT_EQ(test, err, -EFAULT);
	KUNIT_EXPECT_EQ(test, copy_to_user(user_ptr(addr), drv->buf, 64), 64);
	KUNIT_EXPECT_EQ(test, put_user(4321, (u32 __user *)addr), -EFAULT);
	KUNIT_EXPECT_EQ(test, fault_in_readable(user_ptr(addr), 64), 64);

	KUNIT_ASSERT_EQ(test, mm_kunit_mprotect(addr, PAGE_SIZE, PROT_READ), 0);
	KUNIT_EXPECT_EQ(test, get_user(value, (u32 __user *)addr), 0);
	KUNIT_EXPECT_EQ(test, value, 1234);
}

/* === Strings === */

static void strncpy_from_user_end(struct kunit *test)
{
	unsigned long end = anon_map(test, 1, RW) + PAGE_SIZE;
	struct driver *drv = test->priv;
	char *buf = drv->buf;

	KUNIT_ASSERT_EQ(test, copy_to_user(user_ptr(end - 6), "abcde", 6), 0);
	memset(buf, 0xa5, 64);
	KUNIT_EXPECT_EQ(test, strncpy_from_user(buf, user_ptr(end - 6), 64), 5);
	KUNIT_EXPECT_STREQ(test, buf, "abcde");
	KUNIT_EXPECT_EQ(test, strncpy_from_user(buf, user_ptr(end - 6), 6), 5);
	memset(buf, 0xa5, 64);
	/* Who has no room for all of it gets no end of it. */
	KUNIT_EXPECT_EQ(test, strncpy_from_user(buf, user_ptr(end - 6), 5), 5);
	KUNIT_EXPECT_MEMEQ(test, buf, "abcde\xa5", 6);
	KUNIT_EXPECT_EQ(test, strnlen_user(user_ptr(end - 6), 64), 6);
	KUNIT_EXPECT_EQ(test, strnlen_user(user_ptr(end - 6), 6), 6);
	KUNIT_EXPECT_EQ(test, strncpy_from_user_nofault(buf, user_ptr(end - 6), 64), 6);
	KUNIT_EXPECT_STREQ(test, buf, "abcde");
	KUNIT_EXPECT_EQ(test, strncpy_from_user_nofault(buf, user_ptr(end - 6), 3), 3);
	KUNIT_EXPECT_STREQ(test, buf, "ab");
	KUNIT_EXPECT_EQ(test, strnlen_user_nofault(user_ptr(end - 6), 64), 6);

	/* One that does not end is none. */
	KUNIT_ASSERT_EQ(test, copy_to_user(user_ptr(end - 1), "f", 1), 0);
	KUNIT_EXPECT_EQ(test, strncpy_from_user(buf, user_ptr(end - 6), 64), -EFAULT);
	KUNIT_EXPECT_EQ(test, strncpy_from_user(buf, user_ptr(end - 6), 6), 6);
	KUNIT_EXPECT_EQ(test, strnlen_user(user_ptr(end - 6), 64), 0);
	KUNIT_EXPECT_GT(test, strnlen_user(user_ptr(end - 6), 6), 6);
	KUNIT_EXPECT_EQ(test, strncpy_from_user_nofault(buf, user_ptr(end - 6), 64), -EFAULT);
	KUNIT_EXPECT_EQ(test, strncpy_from_user_nofault(buf, user_ptr(end), 0), 0);
}

/* === Without faults === */

/* What is not there stays away, and the driver hears nothing of it. */
static void pagefault_disable_copies(struct kunit *test)
{
	struct driver *drv = test->priv;
	unsigned long addr = driver_map(test, RW, MAP_SHARED), from, to, there;
	size_t i;

	for (i = 0; i < NR_PAGES; i++)
		fill(mem_of(drv) + i * PAGE_SIZE, PAGE_SIZE, i);
	memset(drv->buf, 0xa5, BUF_SIZE);
	pagefault_disable();
	from = __copy_from_user_inatomic(drv->buf, user_ptr(addr), 64);
	to = __copy_to_user_inatomic(user_ptr(addr), drv->buf, 64);
	pagefault_enable();
	KUNIT_EXPECT_EQ(test, from, 64);
	KUNIT_EXPECT_NULL(test, memchr_inv(drv->buf, 0xa5, 64));
	KUNIT_EXPECT_EQ(test, to, 64);
	KUNIT_EXPECT_EQ(test, copy_from_user_nofault(drv->buf, user_ptr(addr), 64), -EFAULT);
	KUNIT_EXPECT_EQ(test, copy_to_user_nofault(user_ptr(addr), drv->buf, 64), -EFAULT);
	KUNIT_EXPECT_EQ(test, strncpy_from_user_nofault(drv->buf, user_ptr(addr), 64), -EFAULT);
	KUNIT_EXPECT_EQ(test, strnlen_user_nofault(user_ptr(addr), 64), 0);
	KUNIT_EXPECT_EQ(test, drv->faults, 0);
	/* All of them allow faults again. */
	KUNIT_EXPECT_FALSE(test, pagefault_disabled());

	KUNIT_ASSERT_EQ(test, fault_in_writeable(user_ptr(addr + 100), 1), 0);
	KUNIT_EXPECT_EQ(test, drv->faults, 1);
	memset(drv->buf, 0xa5, BUF_SIZE);
	pagefault_disable();
	there = __copy_from_user_inatomic(drv->buf, user_ptr(addr + PAGE_SIZE - 64), 128);
	from = __copy_from_user_inatomic(drv->buf + 256, user_ptr(addr), 64);
	to = __copy_to_user_inatomic(user_ptr(addr + 200), "x", 1);
	pagefault_enable();
	KUNIT_EXPECT_GE(test, there, 64);
	KUNIT_ASSERT_LT(test, there, 128);
	KUNIT_EXPECT_MEMEQ(test, drv->buf, mem_of(drv) + PAGE_SIZE - 64, 128 - there);
	KUNIT_EXPECT_NULL(test, memchr_inv(drv->buf + 128 - there, 0xa5, 128 + there));
	KUNIT_EXPECT_EQ(test, from, 0);
	KUNIT_EXPECT_MEMEQ(test, drv->buf + 256, mem_of(drv), 64);
	KUNIT_EXPECT_EQ(test, to, 0);
	KUNIT_EXPECT_EQ(test, mem_of(drv)[200], 'x');
	KUNIT_EXPECT_EQ(test, copy_from_user_nofault(drv->buf, user_ptr(addr), 64), 0);
	KUNIT_EXPECT_MEMEQ(test, drv->buf, mem_of(drv), 64);
	KUNIT_EXPECT_EQ(test, copy_to_user_nofault(user_ptr(addr), drv->buf + 1, 63), 0);
	KUNIT_EXPECT_MEMEQ(test, mem_of(drv), drv->buf + 1, 63);
	KUNIT_EXPECT_EQ(test, copy_from_user_nofault(drv->buf, user_ptr(addr + PAGE_SIZE - 64),
						     128), -EFAULT);
	KUNIT_EXPECT_EQ(test, drv->faults, 1);
}

/* === Faulting in === */

struct fault_in {
	const char *desc;
	size_t (*call)(unsigned long addr, size_t size);
	bool write;
	bool destroys;
};

static size_t call_readable(unsigned long addr, size_t size)
{
	return fault_in_readable(user_ptr(addr), size);
}

static size_t call_writeable(unsigned long addr, size_t size)
{
	return fault_in_writeable(user_ptr(addr), size);
}

static size_t call_subpage_writeable(unsigned long addr, size_t size)
{
	return fault_in_subpage_writeable(user_ptr(addr), size);
}

static size_t call_safe_writeable(unsigned long addr, size_t size)
{
	return fault_in_safe_writeable(user_ptr(addr), size);
}

static const struct fault_in fault_ins[] = {
	{ "fault_in_readable", call_readable, false, false },
	{ "fault_in_writeable", call_writeable, true, true },
	{ "fault_in_subpage_writeable", call_subpage_writeable, true, true },
	{ "fault_in_safe_writeable", call_safe_writeable, true, false },
};

KUNIT_ARRAY_PARAM_DESC(fault_in, fault_ins, desc);

/* Each page that has a byte of it, and no other. */
static void fault_in_pages(struct kunit *test)
{
	const struct fault_in *param = test->param_value;
	unsigned int flags = param->write ? FOLL_WRITE : 0;
	struct driver *drv = test->priv;
	unsigned long addr;

	addr = driver_map(test, RW, MAP_SHARED);
	KUNIT_EXPECT_EQ(test, param->call(addr, 0), 0);
	KUNIT_EXPECT_EQ(test, drv->faults, 0);
	KUNIT_EXPECT_EQ(test, param->call(addr + PAGE_SIZE - 1, 1), 0);
	KUNIT_EXPECT_EQ(test, drv->faults, 1);
	KUNIT_EXPECT_PTR_EQ(test, user_page(addr, flags), drv->block);
	KUNIT_EXPECT_EQ(test, param->call(addr + PAGE_SIZE - 1, PAGE_SIZE + 1), 0);
	KUNIT_EXPECT_EQ(test, drv->faults, 2);
	KUNIT_EXPECT_PTR_EQ(test, user_page(addr + PAGE_SIZE, flags), drv->block + 1);
	KUNIT_EXPECT_EQ(test, param->call(addr + PAGE_SIZE - 1, PAGE_SIZE + 2), 0);
	KUNIT_EXPECT_EQ(test, drv->faults, 3);
	KUNIT_EXPECT_PTR_EQ(test, user_page(addr + 2 * PAGE_SIZE, flags), drv->block + 2);
}

static void fault_in_partial(struct kunit *test)
{
	const struct fault_in *param = test->param_value;
	struct driver *drv = test->priv;
	unsigned long addr, end;

	drv->error = VM_FAULT_SIGBUS;
	addr = driver_map(test, RW, MAP_SHARED);
	end = addr + 2 * PAGE_SIZE;
	KUNIT_EXPECT_EQ(test, param->call(addr + 100, 2 * PAGE_SIZE), 100);
	KUNIT_EXPECT_EQ(test, param->call(addr + 100, 2 * PAGE_SIZE - 100), 0);
	KUNIT_EXPECT_EQ(test, param->call(end - 1, 2), 1);
	KUNIT_EXPECT_EQ(test, param->call(end, 64), 64);
	KUNIT_EXPECT_EQ(test, param->call(end + 100, 64), 64);

	/* What wraps goes on until the end of the address space at most. */
	KUNIT_EXPECT_GT(test, param->call(addr, -PAGE_SIZE), 0);
}

/* Only the one that says that it may changes what is there already. */
static void fault_in_contents(struct kunit *test)
{
	const struct fault_in *param = test->param_value;
	struct driver *drv = test->priv;
	unsigned long addr;

	fill(mem_of(drv), BUF_SIZE, 1);
	memcpy(drv->expected, mem_of(drv), BUF_SIZE);
	addr = driver_map(test, RW, MAP_SHARED);
	KUNIT_EXPECT_EQ(test, param->call(addr + 100, BUF_SIZE - 100), 0);
	if (param->destroys) {
		drv->expected[100] = 0;
		drv->expected[PAGE_SIZE] = 0;
		drv->expected[2 * PAGE_SIZE] = 0;
	}
	KUNIT_EXPECT_MEMEQ(test, mem_of(drv), drv->expected, BUF_SIZE);
}

/* === Mappings of drivers === */

struct buffer {
	const char *desc;
	enum map map;
	unsigned long prot;
	unsigned long flags;
};

static const struct buffer buffers[] = {
	{ "faults", MAP_FAULTS, RW, MAP_SHARED },
	{ "faults_private", MAP_FAULTS, RW, MAP_PRIVATE },
	{ "faults_read_only", MAP_FAULTS, PROT_READ, MAP_SHARED },
	{ "pages", MAP_PAGES, RW, MAP_SHARED },
	{ "pages_private", MAP_PAGES, RW, MAP_PRIVATE },
	{ "pages_read_only", MAP_PAGES, PROT_READ, MAP_SHARED },
	{ "raw", MAP_RAW, RW, MAP_SHARED },
	{ "raw_private", MAP_RAW, RW, MAP_PRIVATE },
	{ "raw_read_only", MAP_RAW, PROT_READ, MAP_SHARED },
};

KUNIT_ARRAY_PARAM_DESC(buffer, buffers, desc);

/*
 * To a system call, it is a buffer as good as any: what the user sees there is
 * read, and what is written ends up where the user's own writes would.
 */
static void copy_of_driver(struct kunit *test)
{
	const struct buffer *param = test->param_value;
	const size_t from = PAGE_SIZE - 100, len = PAGE_SIZE + 200;
	bool writable = param->prot & PROT_WRITE, copied = param->flags == MAP_PRIVATE;
	struct driver *drv = test->priv;
	unsigned long addr;
	u32 value = 0;

	drv->map = param->map;
	fill(mem_of(drv), BUF_SIZE, 1);
	addr = driver_map(test, param->prot, param->flags);
	KUNIT_EXPECT_EQ(test, copy_from_user(drv->buf, user_ptr(addr + from), len), 0);
	KUNIT_EXPECT_MEMEQ(test, drv->buf, mem_of(drv) + from, len);
	KUNIT_EXPECT_EQ(test, get_user(value, (u32 __user *)(addr + 8)), 0);
	KUNIT_EXPECT_EQ(test, value, *(u32 *)(mem_of(drv) + 8));

	memcpy(drv->expected, mem_of(drv), BUF_SIZE);
	fill(drv->buf, len, 100);
	KUNIT_EXPECT_EQ(test, copy_to_user(user_ptr(addr + from), drv->buf, len),
			writable ? 0 : len);
	KUNIT_EXPECT_EQ(test, put_user(1234, (u32 __user *)(addr + 8)), writable ? 0 : -EFAULT);
	KUNIT_EXPECT_EQ(test, clear_user(user_ptr(addr + BUF_SIZE - 50), 50), writable ? 0 : 50);
	if (copied)
		KUNIT_EXPECT_MEMEQ(test, mem_of(drv), drv->expected, BUF_SIZE);
	if (writable) {
		memcpy(drv->expected + from, drv->buf, len);
		*(u32 *)(drv->expected + 8) = 1234;
		memset(drv->expected + BUF_SIZE - 50, 0, 50);
	}
	if (!copied)
		KUNIT_EXPECT_MEMEQ(test, mem_of(drv), drv->expected, BUF_SIZE);
	KUNIT_EXPECT_EQ(test, copy_from_user(drv->buf, user_ptr(addr), BUF_SIZE), 0);
	KUNIT_EXPECT_MEMEQ(test, drv->buf, drv->expected, BUF_SIZE);
}

/* A driver that cannot provide a page is as good as a hole. */
static void copy_of_driver_fails(struct kunit *test)
{
	struct driver *drv = test->priv;
	unsigned long addr, left;

	fill(mem_of(drv), BUF_SIZE, 1);
	drv->error = VM_FAULT_SIGBUS;
	addr = driver_map(test, RW, MAP_SHARED);
	memset(drv->buf, 0xa5, BUF_SIZE);
	left = copy_from_user(drv->buf, user_ptr(addr), BUF_SIZE);
	KUNIT_EXPECT_GE(test, left, PAGE_SIZE);
	KUNIT_ASSERT_LT(test, left, 2 * PAGE_SIZE);
	KUNIT_EXPECT_MEMEQ(test, drv->buf, mem_of(drv), BUF_SIZE - left);
	KUNIT_EXPECT_NULL(test, memchr_inv(drv->buf + 2 * PAGE_SIZE, 0, PAGE_SIZE));

	memcpy(drv->expected, mem_of(drv), BUF_SIZE);
	memset(drv->buf, 0xa5, BUF_SIZE);
	KUNIT_EXPECT_EQ(test, copy_to_user(user_ptr(addr + PAGE_SIZE), drv->buf, 2 * PAGE_SIZE),
			PAGE_SIZE);
	memset(drv->expected + PAGE_SIZE, 0xa5, PAGE_SIZE);
	KUNIT_EXPECT_MEMEQ(test, mem_of(drv), drv->expected, BUF_SIZE);
}

static void usercopy_free(void *block)
{
	free_pages_exact(block, BUF_SIZE);
}

static int usercopy_fault_init(struct kunit *test)
{
	struct driver *drv = kunit_kzalloc(test, sizeof(*drv), GFP_KERNEL);
	void *block;

	mm_kunit_init(test);
	KUNIT_ASSERT_NOT_NULL(test, drv);
	drv->buf = kunit_kzalloc(test, BUF_SIZE, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, drv->buf);
	drv->expected = kunit_kzalloc(test, BUF_SIZE, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, drv->expected);
	/* Pages that follow each other, but each for itself. */
	block = alloc_pages_exact(BUF_SIZE, GFP_KERNEL | __GFP_ZERO);
	KUNIT_ASSERT_NOT_NULL(test, block);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, usercopy_free, block), 0);
	drv->block = virt_to_page(block);
	drv->file = user_file_open(test, O_RDWR, driver_mmap, drv);
	test->priv = drv;

	return 0;
}

static struct kunit_case usercopy_fault_cases[] = {
	KUNIT_CASE_PARAM(copy_from_user_partial, partial_gen_params),
	KUNIT_CASE_PARAM(copy_to_user_partial, partial_gen_params),
	KUNIT_CASE_PARAM(clear_user_partial, partial_gen_params),
	KUNIT_CASE(copy_bad_address),
	KUNIT_CASE_PARAM(copy_protection, access_gen_params),
	KUNIT_CASE(copy_inaccessible),
	KUNIT_CASE(strncpy_from_user_end),
	KUNIT_CASE(pagefault_disable_copies),
	KUNIT_CASE_PARAM(fault_in_pages, fault_in_gen_params),
	KUNIT_CASE_PARAM(fault_in_partial, fault_in_gen_params),
	KUNIT_CASE_PARAM(fault_in_contents, fault_in_gen_params),
	KUNIT_CASE_PARAM(copy_of_driver, buffer_gen_params),
	KUNIT_CASE(copy_of_driver_fails),
	{}
};

static struct kunit_suite usercopy_fault_suite = {
	.name = "usercopy_fault",
	.init = usercopy_fault_init,
	.test_cases = usercopy_fault_cases,
};

kunit_test_suite(usercopy_fault_suite);

MODULE_DESCRIPTION("KUnit tests for faults in copy_to_user()");
MODULE_LICENSE("GPL");
