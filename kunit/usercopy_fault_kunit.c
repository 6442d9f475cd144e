// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests for copy_to_user(), copy_from_user() and their variants, when
 * part of the user's buffer cannot be accessed, when faults are not allowed,
 * and when the buffer is the mapping of a driver.
 *
 * A caller gets the exact number of bytes that were not copied: it uses the others.
 */
#include <kunit/test.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/module.h>
#include <linux/pagemap.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "../internal.h"
#include "check_bytes.h"
#include "mm_kunit.h"
#include "test_driver.h"
#include "user_vma.h"

#define NR_PAGES	3
#define BUF_SIZE	(NR_PAGES * PAGE_SIZE)

/**
 * struct usercopy - a driver, and buffers for the caller
 * @drv: the driver, of whose pages the first NR_PAGES are mapped
 * @buf: BUF_SIZE bytes that are copied to and from
 * @expected: BUF_SIZE bytes for what should be there
 */
struct usercopy {
	struct test_driver drv;
	u8 *buf;
	u8 *expected;
};

static struct usercopy *usercopy_of(struct kunit *test)
{
	return container_of(test->priv, struct usercopy, drv);
}

static unsigned long driver_map(struct kunit *test, unsigned long prot, unsigned long flags)
{
	return test_driver_map(test, 0, 0, NR_PAGES, prot, flags);
}

/* Maps nr_pages pages of anonymous memory, with a hole behind them. */
static unsigned long anon_map(struct kunit *test, unsigned long nr_pages, unsigned long prot)
{
	unsigned long addr;

	user_attach_mm(test);
	addr = vm_mmap(NULL, 0, (nr_pages + 1) * PAGE_SIZE, prot, MAP_PRIVATE | MAP_ANONYMOUS, 0);
	KUNIT_ASSERT_FALSE_MSG(test, IS_ERR_VALUE(addr), "mmap() returned %ld", (long)addr);
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

static u8 *mem_of(struct usercopy *u)
{
	return page_address(u->drv.pages[0]);
}

/* -- A buffer that ends too early ------------------------------------------ */

/* How many bytes before the end of two pages it starts, and how long it is. */
struct partial {
	const char *desc;
	size_t before;
	size_t len;
};

static const struct partial partials[] = {
	{ .desc = "all_there", .before = 64, .len = 64 },
	{ .desc = "a_page_missing", .before = PAGE_SIZE, .len = 2 * PAGE_SIZE },
	{ .desc = "all_missing", .before = 0, .len = 64 },
	{ .desc = "last_word_missing", .before = 2 * PAGE_SIZE,
	  .len = 2 * PAGE_SIZE + sizeof(long) },
	{ .desc = "all_but_first_word_missing", .before = sizeof(long), .len = PAGE_SIZE },
	{ .desc = "a_word_of_two_missing", .before = sizeof(long), .len = 2 * sizeof(long) },
	{ .desc = "across_pages", .before = PAGE_SIZE + 256, .len = PAGE_SIZE + 512 },
	{ .desc = "unaligned", .before = PAGE_SIZE + 13, .len = PAGE_SIZE + 57 },
	{ .desc = "unaligned_last_byte_missing", .before = 100, .len = 101 },
	{ .desc = "unaligned_all_but_first_byte_missing", .before = 1, .len = 100 },
};

KUNIT_ARRAY_PARAM_DESC(partial, partials, desc);

/*
 * What may be left: no more is copied than there is, and all of it if nothing is
 * missing. How much of the rest is copied is up to the architecture, which may give
 * up at a block of words that it cannot get as a whole.
 */
#define USERCOPY_EXPECT_LEFT(test, left, row)					\
do {										\
	size_t __len = (row)->len, __missing = __len - min((row)->before, __len); \
										\
	KUNIT_EXPECT_GE_MSG(test, left, __missing, "bytes that are not there");	\
	KUNIT_EXPECT_LE_MSG(test, left, __missing ? __len : 0, "bytes in all");	\
} while (0)

/*
 * "The only hard requirement" of <linux/uaccess.h>: if anything can be copied,
 * something is, because the caller may try again with what is left, for ever.
 * 32-bit ARM and x86, and RISC-V, fall short of it: they load a block of words first.
 */
#define USERCOPY_HARD	(IS_ENABLED(CONFIG_ARM) || IS_ENABLED(CONFIG_X86_32) ||	\
			 IS_ENABLED(CONFIG_RISCV) ? 64 : 1)

#define USERCOPY_EXPECT_PROGRESS(test, left, row)				\
do {										\
	USERCOPY_EXPECT_LEFT(test, left, row);					\
	if ((row)->before >= USERCOPY_HARD)					\
		KUNIT_EXPECT_LT_MSG(test, left, (row)->len, "no progress");	\
} while (0)

/*
 * copy_from_user() copies what it can of a buffer that ends too early, zeroes
 * the rest of the kernel's buffer, and returns how many bytes are missing;
 * copy_from_user_inatomic() leaves the rest alone. Callers use what was copied,
 * so the number has to fit the contents.
 */
static void copy_from_user_partial(struct kunit *test)
{
	const struct partial *row = test->param_value;
	unsigned long addr = anon_map(test, 2, PROT_RW) + 2 * PAGE_SIZE - row->before;
	struct usercopy *u = usercopy_of(test);
	size_t there = min(row->before, row->len), left, done;

	fill(u->expected, there, 1);
	KUNIT_ASSERT_EQ(test, copy_to_user(user_ptr(addr), u->expected, there), 0);

	/* The rest is zeroed, lest the caller use what was in the buffer before. */
	memset(u->buf, 0xa5, BUF_SIZE);
	left = copy_from_user(u->buf, user_ptr(addr), row->len);
	USERCOPY_EXPECT_PROGRESS(test, left, row);
	KUNIT_ASSERT_LE(test, left, row->len);
	done = row->len - left;
	memset(u->expected + done, 0, left);
	memset(u->expected + row->len, 0xa5, BUF_SIZE - row->len);
	MM_KUNIT_EXPECT(test, check_bytes(test, u->buf, u->expected, BUF_SIZE));

	/* This one leaves the rest to the caller. */
	mm_kunit_need_exact_copy(test);
	memset(u->buf, 0xa5, BUF_SIZE);
	left = __copy_from_user(u->buf, user_ptr(addr), row->len);
	USERCOPY_EXPECT_PROGRESS(test, left, row);
	KUNIT_ASSERT_LE(test, left, row->len);
	memset(u->expected + row->len - left, 0xa5, left);
	MM_KUNIT_EXPECT(test, check_bytes(test, u->buf, u->expected, BUF_SIZE));
}

/*
 * copy_to_user() writes what it can of a buffer that ends too early, and
 * returns how many bytes are missing, because callers tell the process how much
 * it got. It writes nothing else.
 */
static void copy_to_user_partial(struct kunit *test)
{
	const struct partial *row = test->param_value;
	unsigned long start = anon_map(test, 2, PROT_RW);
	unsigned long addr = start + 2 * PAGE_SIZE - row->before;
	struct usercopy *u = usercopy_of(test);
	size_t left, before = 2 * PAGE_SIZE - row->before;
	size_t there = min(row->before, row->len);

	KUNIT_ASSERT_EQ(test, clear_user(user_ptr(start), 2 * PAGE_SIZE), 0);
	fill(u->buf, row->len, 1);
	left = copy_to_user(user_ptr(addr), u->buf, row->len);
	USERCOPY_EXPECT_PROGRESS(test, left, row);
	KUNIT_ASSERT_LE(test, left, row->len);
	/* Nothing else was written to. */
	memset(u->expected, 0, BUF_SIZE);
	memcpy(u->expected + before, u->buf, row->len - left);
	KUNIT_ASSERT_EQ(test, copy_from_user(u->buf, user_ptr(start), 2 * PAGE_SIZE), 0);
	/* Of what the number does not include, the last word may be there or not. */
	MM_KUNIT_EXPECT(test, check_bytes(test, u->buf, u->expected, before + row->len - left));
	MM_KUNIT_EXPECT(test, check_filled(test, u->buf + before + there, 0,
					   2 * PAGE_SIZE - before - there));
}

/*
 * clear_user() clears what it can of a buffer that ends too early, and returns how
 * many bytes it did not clear, because callers report that. It writes nothing else.
 */
static void clear_user_partial(struct kunit *test)
{
	const struct partial *row = test->param_value;
	unsigned long start = anon_map(test, 2, PROT_RW);
	unsigned long addr = start + 2 * PAGE_SIZE - row->before;
	struct usercopy *u = usercopy_of(test);
	size_t left, before = 2 * PAGE_SIZE - row->before;
	size_t there = min(row->before, row->len);

	fill(u->expected, 2 * PAGE_SIZE, 1);
	KUNIT_ASSERT_EQ(test, copy_to_user(user_ptr(start), u->expected, 2 * PAGE_SIZE), 0);
	left = clear_user(user_ptr(addr), row->len);
	USERCOPY_EXPECT_LEFT(test, left, row);
	KUNIT_ASSERT_LE(test, left, row->len);
	KUNIT_ASSERT_EQ(test, copy_from_user(u->buf, user_ptr(start), 2 * PAGE_SIZE), 0);
	MM_KUNIT_EXPECT(test, check_filled(test, u->buf + before, 0, row->len - left));
	MM_KUNIT_EXPECT(test, check_bytes(test, u->buf, u->expected, before));
	MM_KUNIT_EXPECT(test, check_bytes(test, u->buf + before + there,
					  u->expected + before + there,
					  2 * PAGE_SIZE - before - there));
}

/*
 * Addresses outside of user space and ranges that wrap are refused as a whole,
 * and copy_from_user() then zeroes the kernel's buffer, because a process must
 * not reach the kernel's memory by a system call.
 */
static void copy_bad_address(struct kunit *test)
{
	struct usercopy *u = usercopy_of(test);
	const unsigned long bad[] = {
		(unsigned long)u->expected, -PAGE_SIZE, -8, TASK_SIZE_MAX, 0,
	};
	u32 value;
	int i;

	user_attach_mm(test);
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		void __user *ptr = user_ptr(bad[i]);

		if (IS_ENABLED(CONFIG_ALTERNATE_USER_ADDRESS_SPACE) && i == 0)
			continue;
		memset(u->buf, 0xa5, 64);
		memset(u->expected, 0x5a, 64);
		KUNIT_EXPECT_EQ_MSG(test, copy_from_user(u->buf, ptr, 32), 32, "address %d", i);
		MM_KUNIT_EXPECT_MSG(test, check_filled(test, u->buf, 0, 32), "address %d", i);
		MM_KUNIT_EXPECT_MSG(test, check_filled(test, u->buf + 32, 0xa5, 32), "address %d",
				    i);
		KUNIT_EXPECT_EQ_MSG(test, copy_to_user(ptr, u->buf, 32), 32, "address %d", i);
		KUNIT_EXPECT_EQ_MSG(test, clear_user(ptr, 32), 32, "address %d", i);
		MM_KUNIT_EXPECT_MSG(test, check_filled(test, u->expected, 0x5a, 64),
				    "address %d", i);
		KUNIT_EXPECT_EQ_MSG(test, copy_from_user_nofault(u->buf, ptr, 32), -EFAULT,
				    "address %d", i);
		KUNIT_EXPECT_EQ_MSG(test, copy_to_user_nofault(ptr, u->buf, 32), -EFAULT,
				    "address %d", i);
		value = 1234;
		KUNIT_EXPECT_EQ_MSG(test, get_user(value, (u32 __user *)ptr), -EFAULT,
				    "address %d", i);
		KUNIT_EXPECT_EQ_MSG(test, value, 0, "address %d", i);
		KUNIT_EXPECT_EQ_MSG(test, put_user(value, (u32 __user *)ptr), -EFAULT,
				    "address %d", i);
		KUNIT_EXPECT_EQ_MSG(test, strncpy_from_user(u->buf, ptr, 32), -EFAULT,
				    "address %d", i);
		KUNIT_EXPECT_EQ_MSG(test, strnlen_user(ptr, 32), 0, "address %d", i);
		KUNIT_EXPECT_EQ_MSG(test, fault_in_readable(ptr, 32), 32, "address %d", i);
		KUNIT_EXPECT_EQ_MSG(test, fault_in_writeable(ptr, 32), 32, "address %d", i);
		KUNIT_EXPECT_EQ_MSG(test, fault_in_safe_writeable(ptr, 32), 32, "address %d", i);
	}
	/* Nothing is always there. */
	KUNIT_EXPECT_EQ(test, copy_from_user(u->buf, user_ptr(PAGE_SIZE), 0), 0);
	KUNIT_EXPECT_EQ(test, copy_to_user(user_ptr(PAGE_SIZE), u->buf, 0), 0);
}

struct access {
	const char *desc;
	unsigned long prot;
	bool readable, writable;
};

static const struct access accesses[] = {
	{ .desc = "all", .prot = PROT_RW, .readable = true, .writable = true },
	{ .desc = "read_only", .prot = PROT_READ, .readable = true },
	{ .desc = "none", .prot = PROT_NONE },
};

KUNIT_ARRAY_PARAM_DESC(access, accesses, desc);

/*
 * The kernel may read and write for a process what the process may read and
 * write itself, because the protection of the VMA holds for both.
 */
static void copy_protection(struct kunit *test)
{
	const struct access *row = test->param_value;
	unsigned long addr = anon_map(test, 1, row->prot);
	struct usercopy *u = usercopy_of(test);
	u32 value = 1234;

	KUNIT_EXPECT_EQ(test, copy_to_user(user_ptr(addr), u->buf, 64),
			row->writable ? 0 : 64);
	KUNIT_EXPECT_EQ(test, clear_user(user_ptr(addr), 64), row->writable ? 0 : 64);
	KUNIT_EXPECT_EQ(test, fault_in_writeable(user_ptr(addr), 64), row->writable ? 0 : 64);
	KUNIT_EXPECT_EQ(test, fault_in_safe_writeable(user_ptr(addr), 64),
			row->writable ? 0 : 64);
	KUNIT_EXPECT_EQ(test, put_user(value, (u32 __user *)addr),
			row->writable ? 0 : -EFAULT);
	KUNIT_EXPECT_EQ(test, copy_from_user(u->buf, user_ptr(addr), 64),
			row->readable ? 0 : 64);
	MM_KUNIT_EXPECT(test, check_filled(test, u->buf + 4, 0, 60));
	KUNIT_EXPECT_EQ(test, get_user(value, (u32 __user *)addr), row->readable ? 0 : -EFAULT);
	KUNIT_EXPECT_EQ(test, value, row->writable ? 1234 : 0);
	KUNIT_EXPECT_EQ(test, fault_in_readable(user_ptr(addr), 64), row->readable ? 0 : 64);
	KUNIT_EXPECT_EQ(test, copy_from_user_nofault(u->buf, user_ptr(addr), 64),
			row->readable ? 0 : -EFAULT);
	KUNIT_EXPECT_EQ(test, copy_to_user_nofault(user_ptr(addr), u->buf, 64),
			row->writable ? 0 : -EFAULT);
}

/*
 * A page that mprotect() has made inaccessible is not copied, although it is in
 * memory, because the process could not access it either. It is there again
 * with its contents when the protection allows it.
 */
static void copy_inaccessible(struct kunit *test)
{
	unsigned long addr = anon_map(test, 1, PROT_RW);
	struct usercopy *u = usercopy_of(test);
	u32 value = 1234;
	int err;

	KUNIT_ASSERT_EQ(test, put_user(value, (u32 __user *)addr), 0);
	KUNIT_ASSERT_EQ(test, mm_kunit_mprotect(addr, PAGE_SIZE, PROT_NONE), 0);
	memset(u->buf, 0xa5, 64);
	KUNIT_EXPECT_EQ(test, copy_from_user(u->buf, user_ptr(addr), 64), 64);
	MM_KUNIT_EXPECT(test, check_filled(test, u->buf, 0, 64));
	KUNIT_EXPECT_EQ(test, copy_from_user_nofault(u->buf, user_ptr(addr), 64), -EFAULT);
	err = get_user(value, (u32 __user *)addr);
	KUNIT_EXPECT_EQ(test, err, -EFAULT);
	KUNIT_EXPECT_EQ(test, copy_to_user(user_ptr(addr), u->buf, 64), 64);
	KUNIT_EXPECT_EQ(test, put_user(4321, (u32 __user *)addr), -EFAULT);
	KUNIT_EXPECT_EQ(test, fault_in_readable(user_ptr(addr), 64), 64);

	KUNIT_ASSERT_EQ(test, mm_kunit_mprotect(addr, PAGE_SIZE, PROT_READ), 0);
	KUNIT_EXPECT_EQ(test, get_user(value, (u32 __user *)addr), 0);
	KUNIT_EXPECT_EQ(test, value, 1234);
}

/*
 * A page that only copy_to_user() has written to is dirty when it is unmapped,
 * because reclaim drops a page that nobody has made dirty. Before, the process
 * has read it, so that there is an entry which permits writing and is clean.
 */
static void copy_to_clean(struct kunit *test)
{
	struct usercopy *u = usercopy_of(test);
	unsigned long addr = driver_map(test, PROT_RW, MAP_SHARED);
	struct folio *folio = page_folio(u->drv.pages[0]);

	KUNIT_ASSERT_EQ(test, fault_in_readable(user_ptr(addr), 64), 0);
	folio_clear_dirty(folio);
	KUNIT_EXPECT_EQ(test, copy_to_user(user_ptr(addr), u->buf, 64), 0);
	KUNIT_ASSERT_EQ(test, vm_munmap(addr, PAGE_SIZE), 0);
	KUNIT_EXPECT_TRUE_MSG(test, folio_test_dirty(folio), "written to by copy_to_user()");
	folio_clear_dirty(folio);
}

/* -- Strings --------------------------------------------------------------- */

/*
 * strncpy_from_user() returns the length without the NUL, or the size that was
 * asked for if there is no NUL in it, and -EFAULT if the memory ends before
 * either, because a string that does not end must not be taken for one.
 * strnlen_user() counts the NUL, and returns more than it was asked for if there
 * is none, and 0 where the memory ends.
 */
static void strncpy_from_user_end(struct kunit *test)
{
	unsigned long end = anon_map(test, 1, PROT_RW) + PAGE_SIZE;
	struct usercopy *u = usercopy_of(test);
	char *buf = u->buf;

	KUNIT_ASSERT_EQ(test, copy_to_user(user_ptr(end - 6), "abcde", 6), 0);
	memset(buf, 0xa5, 64);
	KUNIT_EXPECT_EQ(test, strncpy_from_user(buf, user_ptr(end - 6), 64), 5);
	KUNIT_EXPECT_STREQ(test, buf, "abcde");
	KUNIT_EXPECT_EQ(test, strncpy_from_user(buf, user_ptr(end - 6), 6), 5);
	memset(buf, 0xa5, 64);
	/* Without room for the NUL, the copy is not terminated. */
	KUNIT_EXPECT_EQ(test, strncpy_from_user(buf, user_ptr(end - 6), 5), 5);
	KUNIT_EXPECT_MEMEQ(test, buf, "abcde\xa5", 6);
	KUNIT_EXPECT_EQ(test, strnlen_user(user_ptr(end - 6), 64), 6);
	KUNIT_EXPECT_EQ(test, strnlen_user(user_ptr(end - 6), 6), 6);
	KUNIT_EXPECT_EQ(test, strncpy_from_user_nofault(buf, user_ptr(end - 6), 64), 6);
	KUNIT_EXPECT_STREQ(test, buf, "abcde");
	KUNIT_EXPECT_EQ(test, strncpy_from_user_nofault(buf, user_ptr(end - 6), 3), 3);
	KUNIT_EXPECT_STREQ(test, buf, "ab");
	KUNIT_EXPECT_EQ(test, strnlen_user_nofault(user_ptr(end - 6), 64), 6);

	/* A string that is not terminated before the memory ends is -EFAULT. */
	KUNIT_ASSERT_EQ(test, copy_to_user(user_ptr(end - 1), "f", 1), 0);
	KUNIT_EXPECT_EQ(test, strncpy_from_user(buf, user_ptr(end - 6), 64), -EFAULT);
	KUNIT_EXPECT_EQ(test, strncpy_from_user(buf, user_ptr(end - 6), 6), 6);
	KUNIT_EXPECT_EQ(test, strnlen_user(user_ptr(end - 6), 64), 0);
	KUNIT_EXPECT_GT(test, strnlen_user(user_ptr(end - 6), 6), 6);
	KUNIT_EXPECT_EQ(test, strncpy_from_user_nofault(buf, user_ptr(end - 6), 64), -EFAULT);
	KUNIT_EXPECT_EQ(test, strncpy_from_user_nofault(buf, user_ptr(end), 0), 0);
}

/* -- Without faults -------------------------------------------------------- */

/*
 * With page faults disabled nothing is faulted in: what is not mapped is not
 * copied, and the driver hears nothing, because callers hold locks that a fault
 * handler could need. What is mapped is copied as usual.
 */
static void pagefault_disable_copies(struct kunit *test)
{
	struct usercopy *u = usercopy_of(test);
	unsigned long addr = driver_map(test, PROT_RW, MAP_SHARED), from, to, there;
	size_t i;

	mm_kunit_need_exact_copy(test);
	for (i = 0; i < NR_PAGES; i++)
		fill(mem_of(u) + i * PAGE_SIZE, PAGE_SIZE, i);
	memset(u->buf, 0xa5, BUF_SIZE);
	pagefault_disable();
	from = __copy_from_user_inatomic(u->buf, user_ptr(addr), 64);
	to = __copy_to_user_inatomic(user_ptr(addr), u->buf, 64);
	pagefault_enable();
	KUNIT_EXPECT_EQ(test, from, 64);
	MM_KUNIT_EXPECT(test, check_filled(test, u->buf, 0xa5, 64));
	KUNIT_EXPECT_EQ(test, to, 64);
	KUNIT_EXPECT_EQ(test, copy_from_user_nofault(u->buf, user_ptr(addr), 64), -EFAULT);
	KUNIT_EXPECT_EQ(test, copy_to_user_nofault(user_ptr(addr), u->buf, 64), -EFAULT);
	KUNIT_EXPECT_EQ(test, strncpy_from_user_nofault(u->buf, user_ptr(addr), 64), -EFAULT);
	KUNIT_EXPECT_EQ(test, strnlen_user_nofault(user_ptr(addr), 64), 0);
	KUNIT_EXPECT_EQ(test, u->drv.faults, 0);
	/* All of them allow faults again. */
	KUNIT_EXPECT_EQ(test, pagefault_disabled(), false);

	KUNIT_ASSERT_EQ(test, fault_in_writeable(user_ptr(addr + 100), 1), 0);
	KUNIT_EXPECT_EQ(test, u->drv.faults, 1);
	memset(u->buf, 0xa5, BUF_SIZE);
	pagefault_disable();
	there = __copy_from_user_inatomic(u->buf, user_ptr(addr + PAGE_SIZE - 64), 128);
	from = __copy_from_user_inatomic(u->buf + 256, user_ptr(addr), 64);
	to = __copy_to_user_inatomic(user_ptr(addr + 200), "x", 1);
	pagefault_enable();
	KUNIT_EXPECT_GE(test, there, 64);
	KUNIT_ASSERT_LT(test, there, 128);
	KUNIT_EXPECT_MEMEQ(test, u->buf, mem_of(u) + PAGE_SIZE - 64, 128 - there);
	MM_KUNIT_EXPECT(test, check_filled(test, u->buf + 128 - there, 0xa5, 128 + there));
	KUNIT_EXPECT_EQ(test, from, 0);
	KUNIT_EXPECT_MEMEQ(test, u->buf + 256, mem_of(u), 64);
	KUNIT_EXPECT_EQ(test, to, 0);
	KUNIT_EXPECT_EQ(test, mem_of(u)[200], 'x');
	KUNIT_EXPECT_EQ(test, copy_from_user_nofault(u->buf, user_ptr(addr), 64), 0);
	KUNIT_EXPECT_MEMEQ(test, u->buf, mem_of(u), 64);
	KUNIT_EXPECT_EQ(test, copy_to_user_nofault(user_ptr(addr), u->buf + 1, 63), 0);
	KUNIT_EXPECT_MEMEQ(test, mem_of(u), u->buf + 1, 63);
	KUNIT_EXPECT_EQ(test, copy_from_user_nofault(u->buf, user_ptr(addr + PAGE_SIZE - 64),
						     128), -EFAULT);
	KUNIT_EXPECT_EQ(test, u->drv.faults, 1);
}

/* -- Faulting in ----------------------------------------------------------- */

struct fault_in {
	const char *desc;
	size_t (*call)(const char __user *addr, size_t size);
	bool write, destroys;
};

static size_t call_writeable(const char __user *addr, size_t size)
{
	return fault_in_writeable((char __user *)addr, size);
}

static size_t call_subpage_writeable(const char __user *addr, size_t size)
{
	return fault_in_subpage_writeable((char __user *)addr, size);
}

static const struct fault_in fault_ins[] = {
	{ .desc = "fault_in_readable", .call = fault_in_readable },
	{ .desc = "fault_in_writeable", .call = call_writeable, .write = true, .destroys = true },
	{ .desc = "fault_in_subpage_writeable", .call = call_subpage_writeable, .write = true,
	  .destroys = true },
	{ .desc = "fault_in_safe_writeable", .call = fault_in_safe_writeable, .write = true },
};

KUNIT_ARRAY_PARAM_DESC(fault_in, fault_ins, desc);

/*
 * fault_in_readable() and fault_in_writeable() fault in each page that has a
 * byte of the range, and no other, because callers then copy the range with
 * page faults disabled.
 */
static void fault_in_pages(struct kunit *test)
{
	const struct fault_in *row = test->param_value;
	unsigned int flags = row->write ? FOLL_WRITE : 0;
	struct usercopy *u = usercopy_of(test);
	unsigned long addr;

	addr = driver_map(test, PROT_RW, MAP_SHARED);
	KUNIT_EXPECT_EQ(test, row->call(user_ptr(addr), 0), 0);
	KUNIT_EXPECT_EQ(test, u->drv.faults, 0);
	KUNIT_EXPECT_EQ(test, row->call(user_ptr(addr + PAGE_SIZE - 1), 1), 0);
	KUNIT_EXPECT_EQ(test, u->drv.faults, 1);
	KUNIT_EXPECT_PTR_EQ(test, user_page(addr, flags), u->drv.pages[0]);
	KUNIT_EXPECT_EQ(test, row->call(user_ptr(addr + PAGE_SIZE - 1), PAGE_SIZE + 1), 0);
	KUNIT_EXPECT_EQ(test, u->drv.faults, 2);
	KUNIT_EXPECT_PTR_EQ(test, user_page(addr + PAGE_SIZE, flags), u->drv.pages[1]);
	KUNIT_EXPECT_EQ(test, row->call(user_ptr(addr + PAGE_SIZE - 1), PAGE_SIZE + 2), 0);
	KUNIT_EXPECT_EQ(test, u->drv.faults, 3);
	KUNIT_EXPECT_PTR_EQ(test, user_page(addr + 2 * PAGE_SIZE, flags), u->drv.pages[2]);
}

/*
 * The functions return how many bytes at the end of the range could not be
 * faulted in, 0 for all of them, because callers go on with what is there.
 */
static void fault_in_partial(struct kunit *test)
{
	const struct fault_in *row = test->param_value;
	struct usercopy *u = usercopy_of(test);
	unsigned long addr, end;

	u->drv.error_at = NR_PAGES - 1;
	u->drv.error = VM_FAULT_SIGBUS;
	addr = driver_map(test, PROT_RW, MAP_SHARED);
	end = addr + 2 * PAGE_SIZE;
	KUNIT_EXPECT_EQ(test, row->call(user_ptr(addr + 100), 2 * PAGE_SIZE), 100);
	KUNIT_EXPECT_EQ(test, row->call(user_ptr(addr + 100), 2 * PAGE_SIZE - 100), 0);
	KUNIT_EXPECT_EQ(test, row->call(user_ptr(end - 1), 2), 1);
	KUNIT_EXPECT_EQ(test, row->call(user_ptr(end), 64), 64);
	KUNIT_EXPECT_EQ(test, row->call(user_ptr(end + 100), 64), 64);

	/* What wraps goes on until the end of the address space at most. */
	KUNIT_EXPECT_GT(test, row->call(user_ptr(addr), -PAGE_SIZE), 0);
}

/*
 * Only fault_in_writeable() may change what is in the pages, because it writes
 * a byte to each; fault_in_readable() and fault_in_safe_writeable() must not.
 */
static void fault_in_contents(struct kunit *test)
{
	const struct fault_in *row = test->param_value;
	struct usercopy *u = usercopy_of(test);
	unsigned long addr;

	fill(mem_of(u), BUF_SIZE, 1);
	memcpy(u->expected, mem_of(u), BUF_SIZE);
	addr = driver_map(test, PROT_RW, MAP_SHARED);
	KUNIT_EXPECT_EQ(test, row->call(user_ptr(addr + 100), BUF_SIZE - 100), 0);
	if (row->destroys) {
		u->expected[100] = 0;
		u->expected[PAGE_SIZE] = 0;
		u->expected[2 * PAGE_SIZE] = 0;
	}
	MM_KUNIT_EXPECT(test, check_bytes(test, mem_of(u), u->expected, BUF_SIZE));
}

/* -- Mappings of drivers --------------------------------------------------- */

struct buffer {
	const char *desc;
	enum test_driver_how how;
	unsigned long prot;
	unsigned long flags;
};

static const struct buffer buffers[] = {
	{ .desc = "faults", .how = DRV_FAULT, .prot = PROT_RW, .flags = MAP_SHARED },
	{ .desc = "faults_private", .how = DRV_FAULT, .prot = PROT_RW, .flags = MAP_PRIVATE },
	{ .desc = "faults_read_only", .how = DRV_FAULT, .prot = PROT_READ, .flags = MAP_SHARED },
	{ .desc = "pages", .how = DRV_INSERT_PAGE, .prot = PROT_RW, .flags = MAP_SHARED },
	{ .desc = "pages_private", .how = DRV_INSERT_PAGE, .prot = PROT_RW, .flags = MAP_PRIVATE },
	{ .desc = "pages_read_only", .how = DRV_INSERT_PAGE, .prot = PROT_READ,
	  .flags = MAP_SHARED },
	{ .desc = "raw", .how = DRV_REMAP_PFN, .prot = PROT_RW, .flags = MAP_SHARED },
	{ .desc = "raw_private", .how = DRV_REMAP_PFN, .prot = PROT_RW, .flags = MAP_PRIVATE },
	{ .desc = "raw_read_only", .how = DRV_REMAP_PFN, .prot = PROT_READ, .flags = MAP_SHARED },
};

KUNIT_ARRAY_PARAM_DESC(buffer, buffers, desc);

/*
 * A driver's mapping is as good a buffer for a system call as any other: what
 * the process sees there is read, and what is written ends up where the
 * process's own writes would, in the driver's memory or in a copy.
 */
static void copy_of_driver(struct kunit *test)
{
	const struct buffer *row = test->param_value;
	const size_t from = PAGE_SIZE - 100, len = PAGE_SIZE + 200;
	bool writable = row->prot & PROT_WRITE, copied = row->flags == MAP_PRIVATE;
	struct usercopy *u = usercopy_of(test);
	unsigned long addr;
	u32 value = 0;

	u->drv.how = row->how;
	fill(mem_of(u), BUF_SIZE, 1);
	addr = driver_map(test, row->prot, row->flags);
	KUNIT_EXPECT_EQ(test, copy_from_user(u->buf, user_ptr(addr + from), len), 0);
	MM_KUNIT_EXPECT(test, check_bytes(test, u->buf, mem_of(u) + from, len));
	KUNIT_EXPECT_EQ(test, get_user(value, (u32 __user *)(addr + 8)), 0);
	KUNIT_EXPECT_EQ(test, value, *(u32 *)(mem_of(u) + 8));

	memcpy(u->expected, mem_of(u), BUF_SIZE);
	fill(u->buf, len, 100);
	KUNIT_EXPECT_EQ(test, copy_to_user(user_ptr(addr + from), u->buf, len),
			writable ? 0 : len);
	KUNIT_EXPECT_EQ(test, put_user(1234, (u32 __user *)(addr + 8)), writable ? 0 : -EFAULT);
	KUNIT_EXPECT_EQ(test, clear_user(user_ptr(addr + BUF_SIZE - 50), 50), writable ? 0 : 50);
	if (copied)
		MM_KUNIT_EXPECT(test, check_bytes(test, mem_of(u), u->expected, BUF_SIZE));
	if (writable) {
		memcpy(u->expected + from, u->buf, len);
		*(u32 *)(u->expected + 8) = 1234;
		memset(u->expected + BUF_SIZE - 50, 0, 50);
	}
	if (!copied)
		MM_KUNIT_EXPECT(test, check_bytes(test, mem_of(u), u->expected, BUF_SIZE));
	KUNIT_EXPECT_EQ(test, copy_from_user(u->buf, user_ptr(addr), BUF_SIZE), 0);
	MM_KUNIT_EXPECT(test, check_bytes(test, u->buf, u->expected, BUF_SIZE));
}

/*
 * A copy ends at a page that the driver cannot provide, as at a hole, because the
 * process could not access that page either.
 */
static void copy_of_driver_fails(struct kunit *test)
{
	struct usercopy *u = usercopy_of(test);
	unsigned long addr, left;

	fill(mem_of(u), BUF_SIZE, 1);
	u->drv.error_at = NR_PAGES - 1;
	u->drv.error = VM_FAULT_SIGBUS;
	addr = driver_map(test, PROT_RW, MAP_SHARED);
	memset(u->buf, 0xa5, BUF_SIZE);
	left = copy_from_user(u->buf, user_ptr(addr), BUF_SIZE);
	KUNIT_EXPECT_GE(test, left, PAGE_SIZE);
	KUNIT_ASSERT_LT(test, left, 2 * PAGE_SIZE);
	MM_KUNIT_EXPECT(test, check_bytes(test, u->buf, mem_of(u), BUF_SIZE - left));
	MM_KUNIT_EXPECT(test, check_filled(test, u->buf + 2 * PAGE_SIZE, 0, PAGE_SIZE));

	memcpy(u->expected, mem_of(u), BUF_SIZE);
	memset(u->buf, 0xa5, BUF_SIZE);
	KUNIT_EXPECT_EQ(test, copy_to_user(user_ptr(addr + PAGE_SIZE), u->buf, 2 * PAGE_SIZE),
			PAGE_SIZE);
	memset(u->expected + PAGE_SIZE, 0xa5, PAGE_SIZE);
	MM_KUNIT_EXPECT(test, check_bytes(test, mem_of(u), u->expected, BUF_SIZE));
}

static int usercopy_fault_init(struct kunit *test)
{
	struct usercopy *u = kunit_kzalloc(test, sizeof(*u), GFP_KERNEL);

	BUILD_BUG_ON(NR_PAGES > TEST_DRIVER_PAGES);
	KUNIT_ASSERT_NOT_NULL(test, u);
	u->buf = kunit_kzalloc(test, BUF_SIZE, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, u->buf);
	u->expected = kunit_kzalloc(test, BUF_SIZE, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, u->expected);

	return test_driver_setup(test, &u->drv);
}

static struct kunit_case usercopy_fault_cases[] = {
	KUNIT_CASE_PARAM(copy_from_user_partial, partial_gen_params),
	KUNIT_CASE_PARAM(copy_to_user_partial, partial_gen_params),
	KUNIT_CASE_PARAM(clear_user_partial, partial_gen_params),
	KUNIT_CASE(copy_bad_address),
	KUNIT_CASE_PARAM(copy_protection, access_gen_params),
	KUNIT_CASE(copy_inaccessible),
	KUNIT_CASE(copy_to_clean),
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
