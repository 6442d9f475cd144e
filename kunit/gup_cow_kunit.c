// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests for get_user_pages() and its variants where pages are copied.
 *
 * A page that is mapped privately is copied before it is written to. Whoever gets
 * such a page and the process must go on sharing one page: if the process wrote to
 * a copy of its own, it would not see what a device has written, nor would the
 * device see what the process writes.
 */
#include <kunit/test.h>
#include <linux/highmem.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/module.h>

#include "gup_calls.h"
#include "gup_driver.h"
#include "mm_kunit.h"
#include "test_driver.h"
#include "user_fork.h"
#include "user_vma.h"

/* Returns the first word that the process reads at @addr, or 0 if it cannot. */
static u32 user_word(unsigned long addr)
{
	u32 value;

	return get_user(value, (u32 __user *)addr) ? 0 : value;
}

static void set_first_word(struct page *page, u32 value)
{
	memcpy_to_page(page, 0, (char *)&value, sizeof(value));
}

/* -- private mappings --------------------------------------------------------- */

/*
 * Getting a page of a private mapping for writing copies it first and returns the
 * copy, because the file must not change. From then on the copy is the page of the
 * process: each sees what the other writes. The page of the file stays as it was and
 * is no longer mapped. Getting it for reading copies nothing.
 */
static void gup_private_write(struct kunit *test)
{
	unsigned long addr = test_driver_map_all(test, PROT_RW, MAP_PRIVATE);
	const struct gup *gup = test->param_value;
	struct test_driver *drv = test->priv;
	struct page *page = NULL;

	KUNIT_EXPECT_PTR_EQ(test, gup_page(gup, addr + PAGE_SIZE, 0), drv->pages[1]);
	KUNIT_EXPECT_EQ(test, gup_anon_count(), 0);

	KUNIT_ASSERT_EQ(test, gup->call(addr + PAGE_SIZE, 1, FOLL_WRITE, &page), 1);
	KUNIT_EXPECT_PTR_NE(test, page, drv->pages[1]);
	KUNIT_EXPECT_EQ(test, mm_kunit_is_filled(page, 1), true);
	KUNIT_EXPECT_EQ(test, gup_anon_count(), 1);
	MM_KUNIT_EXPECT_COUNTS(test, drv->pages[1], 1, 0, "the driver's page 1, after the copy");

	set_first_word(page, 1234);
	KUNIT_EXPECT_EQ(test, user_word(addr + PAGE_SIZE), 1234);
	KUNIT_EXPECT_EQ(test, user_write(addr + PAGE_SIZE, 4321), true);
	KUNIT_EXPECT_EQ(test, gup_first_word(page), 4321);
	KUNIT_EXPECT_EQ(test, mm_kunit_is_filled(drv->pages[1], 1), true);
	KUNIT_EXPECT_EQ(test, gup_anon_count(), 1);
	gup_release(gup, &page, 1);

	KUNIT_EXPECT_EQ(test, vm_munmap(addr, TEST_DRIVER_PAGES * PAGE_SIZE), 0);
	KUNIT_EXPECT_EQ(test, gup_anon_count(), 0);
	MM_KUNIT_EXPECT_UNUSED(test);
}

/*
 * Anonymous memory that was never written to is read from the zero page, which is
 * returned as any other page. It is not pinned, because all processes share it: the
 * count could overflow, and the page is never freed. For writing, the process gets
 * a page of its own.
 */
static void gup_zero_page(struct kunit *test)
{
	unsigned long addr = gup_map_anon(test, 0, 1, PROT_RW, 0);
	struct page *page = NULL, *zero = ZERO_PAGE(addr);
	const struct gup *gup = test->param_value;
	int refs;

	KUNIT_ASSERT_EQ(test, gup->call(addr, 1, 0, &page), 1);
	KUNIT_EXPECT_PTR_EQ_MSG(test, page, zero, "by a fault");
	gup_release(gup, &page, 1);
	KUNIT_ASSERT_EQ(test, gup->call(addr, 1, 0, &page), 1);
	KUNIT_EXPECT_PTR_EQ_MSG(test, page, zero, "already mapped");
	gup_release(gup, &page, 1);

	refs = page_ref_count(page);
	KUNIT_ASSERT_EQ(test, gup->call(addr, 1, 0, &page), 1);
	KUNIT_EXPECT_EQ(test, page_ref_count(page), gup->pin ? refs : refs + 1);
	gup_release(gup, &page, 1);
	KUNIT_EXPECT_EQ(test, page_ref_count(page), refs);

	KUNIT_ASSERT_EQ(test, gup_error(gup, addr, FOLL_WRITE), 1);
	KUNIT_EXPECT_PTR_NE(test, gup_page(gup, addr, FOLL_WRITE), zero);
}

/* -- pins that are held for long ------------------------------------------------ */

static const struct longterm {
	const char *desc;
	unsigned long prot;
	unsigned long flags;
	unsigned int gup_flags;
	bool copied;
} longterms[] = {
	{ .desc = "private", .prot = PROT_RW, .flags = MAP_PRIVATE,
	  .gup_flags = FOLL_LONGTERM, .copied = true },
	{ .desc = "private_read_only", .prot = PROT_READ, .flags = MAP_PRIVATE,
	  .gup_flags = FOLL_LONGTERM, .copied = true },
	{ .desc = "private_short_term", .prot = PROT_RW, .flags = MAP_PRIVATE },
	{ .desc = "private_write", .prot = PROT_RW, .flags = MAP_PRIVATE,
	  .gup_flags = FOLL_LONGTERM | FOLL_WRITE, .copied = true },
	{ .desc = "shared", .prot = PROT_RW, .flags = MAP_SHARED, .gup_flags = FOLL_LONGTERM },
	{ .desc = "shared_read_only", .prot = PROT_READ, .flags = MAP_SHARED,
	  .gup_flags = FOLL_LONGTERM },
	{ .desc = "shared_write", .prot = PROT_RW, .flags = MAP_SHARED,
	  .gup_flags = FOLL_LONGTERM | FOLL_WRITE },
};

KUNIT_ARRAY_PARAM_DESC(longterm, longterms, desc);

/*
 * A long-term pin of a private mapping gets the copy of the process even if it is
 * only for reading, because the process may write to its memory while a device
 * (RDMA, VFIO) still reads from it and has to see that. A short-term pin for
 * reading, and a pin of a shared mapping, gets the page of the file.
 */
static void pin_user_pages_longterm(struct kunit *test)
{
	const struct longterm *row = test->param_value;
	struct test_driver *drv = test->priv;
	int i;

	for (i = 0; i < ARRAY_SIZE(gups); i++) {
		const struct gup *gup = &gups[i];
		struct page *page = NULL;
		unsigned long addr;

		if (!gup->pin)
			continue;
		addr = test_driver_map_all(test, row->prot, row->flags);
		KUNIT_ASSERT_EQ_MSG(test, gup->call(addr + PAGE_SIZE, 1, row->gup_flags, &page),
				    1, "%s", gup->desc);
		KUNIT_EXPECT_EQ_MSG(test, page != drv->pages[1], row->copied, "%s", gup->desc);
		KUNIT_EXPECT_EQ_MSG(test, mm_kunit_is_filled(page, 1), true, "%s", gup->desc);
		KUNIT_EXPECT_EQ_MSG(test, gup_anon_count(), row->copied, "%s", gup->desc);
		KUNIT_EXPECT_EQ_MSG(test, folio_mapcount(page_folio(page)), 1, "%s", gup->desc);
		if (row->prot & PROT_WRITE && (row->copied || row->flags == MAP_SHARED)) {
			KUNIT_EXPECT_EQ_MSG(test, user_write(addr + PAGE_SIZE, 1234), true, "%s",
					    gup->desc);
			KUNIT_EXPECT_EQ_MSG(test, gup_first_word(page), 1234, "%s", gup->desc);
		}
		gup_release(gup, &page, 1);
		mm_kunit_fill(drv->pages[1], 1);
		KUNIT_EXPECT_EQ_MSG(test, vm_munmap(addr, TEST_DRIVER_PAGES * PAGE_SIZE), 0, "%s",
				    gup->desc);
		MM_KUNIT_EXPECT_UNUSED_MSG(test, "%s", gup->desc);
	}
}

/*
 * A long-term pin never gets the zero page, because the first write of the process
 * would replace it and the device would go on reading zeroes.
 */
static void pin_user_pages_longterm_zero_page(struct kunit *test)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(gups); i++) {
		const struct gup *gup = &gups[i];
		struct page *page = NULL;
		unsigned long addr;

		if (!gup->pin)
			continue;
		addr = gup_map_anon(test, 0, 1, PROT_RW, 0);
		KUNIT_ASSERT_PTR_EQ_MSG(test, gup_page(gup, addr, 0), ZERO_PAGE(addr), "%s",
					gup->desc);
		KUNIT_ASSERT_EQ_MSG(test, gup->call(addr, 1, FOLL_LONGTERM, &page), 1, "%s",
				    gup->desc);
		KUNIT_EXPECT_PTR_NE_MSG(test, page, ZERO_PAGE(addr), "%s", gup->desc);
		KUNIT_EXPECT_EQ_MSG(test, user_write(addr, 1234), true, "%s", gup->desc);
		KUNIT_EXPECT_EQ_MSG(test, gup_first_word(page), 1234, "%s", gup->desc);
		gup_release(gup, &page, 1);
	}
}

static vm_fault_t allow_page_mkwrite(struct vm_fault *vmf)
{
	lock_page(vmf->page);
	return VM_FAULT_LOCKED;
}

static vm_fault_t allow_pfn_mkwrite(struct vm_fault *vmf)
{
	return 0;
}

static const struct vm_operations_struct mkwrite_vm_ops = {
	.fault = test_driver_fault,
	.page_mkwrite = allow_page_mkwrite,
};

static const struct vm_operations_struct pfn_mkwrite_vm_ops = {
	.fault = test_driver_fault,
	.pfn_mkwrite = allow_pfn_mkwrite,
};

static const struct mkwrite {
	const char *desc;
	const struct vm_operations_struct *ops;
	unsigned long flags;
	unsigned int gup_flags;
	long ret;
} mkwrites[] = {
	{ .desc = "page_mkwrite", .ops = &mkwrite_vm_ops, .flags = MAP_SHARED,
	  .gup_flags = FOLL_LONGTERM | FOLL_WRITE, .ret = -EFAULT },
	{ .desc = "pfn_mkwrite", .ops = &pfn_mkwrite_vm_ops, .flags = MAP_SHARED,
	  .gup_flags = FOLL_LONGTERM | FOLL_WRITE, .ret = -EFAULT },
	{ .desc = "none", .ops = &test_driver_vm_ops, .flags = MAP_SHARED,
	  .gup_flags = FOLL_LONGTERM | FOLL_WRITE, .ret = 1 },
	{ .desc = "page_mkwrite_short_term", .ops = &mkwrite_vm_ops, .flags = MAP_SHARED,
	  .gup_flags = FOLL_WRITE, .ret = 1 },
	{ .desc = "page_mkwrite_read", .ops = &mkwrite_vm_ops, .flags = MAP_SHARED,
	  .gup_flags = FOLL_LONGTERM, .ret = 1 },
	{ .desc = "page_mkwrite_private", .ops = &mkwrite_vm_ops, .flags = MAP_PRIVATE,
	  .gup_flags = FOLL_LONGTERM | FOLL_WRITE, .ret = 1 },
};

KUNIT_ARRAY_PARAM_DESC(mkwrite, mkwrites, desc);

/*
 * A long-term pin for writing is refused on a shared mapping of a file with
 * ->page_mkwrite or ->pfn_mkwrite, even if the page is present and writable,
 * because such a file is told of the first write only: it would write the page back
 * and take it for clean while a device still writes to it.
 */
static void pin_user_pages_longterm_mkwrite(struct kunit *test)
{
	const struct mkwrite *row = test->param_value;
	struct test_driver *drv = test->priv;
	int i;

	drv->how = DRV_FAULT;
	drv->ops = row->ops;
	for (i = 0; i < ARRAY_SIZE(gups); i++) {
		const struct gup *gup = &gups[i];
		struct page *page = NULL;
		unsigned long addr;
		long ret;

		if (!gup->pin)
			continue;
		addr = test_driver_map_all(test, PROT_RW, row->flags);
		KUNIT_ASSERT_EQ_MSG(test, user_write(addr, 1234), true, "%s", gup->desc);
		ret = gup->call(addr, 1, row->gup_flags, &page);
		KUNIT_EXPECT_EQ_MSG(test, ret, row->ret, "%s", gup->desc);
		gup_release(gup, &page, ret);
		KUNIT_EXPECT_EQ_MSG(test, vm_munmap(addr, TEST_DRIVER_PAGES * PAGE_SIZE), 0, "%s",
				    gup->desc);
	}
	MM_KUNIT_EXPECT_UNUSED(test);
}

static const struct driver_page {
	const char *desc;
	bool large;
} driver_pages[] = {
	{ .desc = "page", .large = false },
	{ .desc = "large_folio", .large = true },
};

KUNIT_ARRAY_PARAM_DESC(driver_page, driver_pages, desc);

/*
 * pin_user_pages_fast() returns for a driver's page what pin_user_pages() returns,
 * whatever the flags, because a caller must not depend on whether the lock was
 * taken. The folio has no mapping, so only the VMA tells if its file has
 * ->page_mkwrite and a long-term pin has to be refused.
 */
static void pin_user_pages_fast_longterm_of_driver(struct kunit *test)
{
	static const unsigned int gup_flags[] = {
		FOLL_LONGTERM, FOLL_LONGTERM | FOLL_WRITE, FOLL_WRITE,
	};
	static const struct {
		const char *desc;
		enum test_driver_how how;
		const struct vm_operations_struct *ops;
	} files[] = {
		{ .desc = "inserted", .how = DRV_INSERT_PAGE, .ops = &test_driver_vm_ops },
		{ .desc = "faulted_in", .how = DRV_FAULT, .ops = &test_driver_vm_ops },
		{ .desc = "page_mkwrite", .how = DRV_FAULT, .ops = &mkwrite_vm_ops },
	};
	const struct driver_page *row = test->param_value;
	struct test_driver *drv = test->priv;
	int i, j;

	if (row->large)
		test_driver_use_folio(test);
	for (i = 0; i < ARRAY_SIZE(files); i++) {
		const char *desc = files[i].desc;
		unsigned long addr, at;

		drv->how = files[i].how;
		drv->ops = files[i].ops;
		addr = test_driver_map_all(test, PROT_RW, MAP_SHARED);
		at = addr + PAGE_SIZE;
		/* The page is present and writable, so that the fast path could take it. */
		KUNIT_ASSERT_EQ_MSG(test, user_write(at, 1234), true, "%s", desc);
		for (j = 0; j < ARRAY_SIZE(gup_flags); j++) {
			unsigned int flags = gup_flags[j];
			long slow_ret = gup_error(&gups[GUP_PIN], at, flags);
			long fast_ret = gup_error(&gups[GUP_PIN_FAST], at, flags);
			struct page *slow = gup_page(&gups[GUP_PIN], at, flags);
			struct page *fast = gup_page(&gups[GUP_PIN_FAST], at, flags);
			bool refused = files[i].ops == &mkwrite_vm_ops &&
				       flags == (FOLL_LONGTERM | FOLL_WRITE);
			struct page *page = refused ? ERR_PTR(-EFAULT) : drv->pages[1];

			KUNIT_EXPECT_EQ_MSG(test, slow_ret, refused ? -EFAULT : 1,
					    "slow: %s, flags %#x", desc, flags);
			KUNIT_EXPECT_EQ_MSG(test, fast_ret, refused ? -EFAULT : 1,
					    "fast: %s, flags %#x", desc, flags);
			KUNIT_EXPECT_PTR_EQ_MSG(test, slow, page,
						"slow: %s, flags %#x", desc, flags);
			KUNIT_EXPECT_PTR_EQ_MSG(test, fast, page,
						"fast: %s, flags %#x", desc, flags);
		}
		KUNIT_EXPECT_EQ_MSG(test, vm_munmap(addr, TEST_DRIVER_PAGES * PAGE_SIZE), 0, "%s",
				    desc);
	}
}

/* -- FOLL_FORCE and FOLL_ANON --------------------------------------------------- */

/*
 * With FOLL_FORCE, a debugger may write to a private mapping that the process may
 * only read, to set a breakpoint. The file must not change, so the page is copied.
 * A second write finds the copy, and the process itself still cannot write to it.
 */
static void gup_forced_write(struct kunit *test)
{
	unsigned long addr = test_driver_map_all(test, PROT_READ, MAP_PRIVATE);
	const struct gup *gup = test->param_value;
	struct test_driver *drv = test->priv;
	struct page *page = NULL;

	KUNIT_EXPECT_PTR_EQ(test, gup_page(gup, addr, 0), drv->pages[0]);
	KUNIT_EXPECT_EQ(test, gup_error(gup, addr, FOLL_WRITE), -EFAULT);
	KUNIT_EXPECT_PTR_EQ(test, gup_page(gup, addr, FOLL_FORCE), drv->pages[0]);

	KUNIT_ASSERT_EQ(test, gup->call(addr, 1, FOLL_FORCE | FOLL_WRITE, &page), 1);
	KUNIT_EXPECT_PTR_NE(test, page, drv->pages[0]);
	KUNIT_EXPECT_EQ(test, mm_kunit_is_filled(page, 0), true);
	MM_KUNIT_EXPECT_COUNTS(test, drv->pages[0], 1, 0, "the driver's page 0, after the copy");
	set_first_word(page, 1234);
	KUNIT_EXPECT_EQ(test, user_word(addr), 1234);

	KUNIT_EXPECT_PTR_EQ(test, gup_page(gup, addr, FOLL_FORCE | FOLL_WRITE), page);
	KUNIT_EXPECT_EQ(test, gup_error(gup, addr, FOLL_WRITE), -EFAULT);
	KUNIT_EXPECT_EQ(test, user_write(addr, 4321), false);
	gup_release(gup, &page, 1);
	KUNIT_EXPECT_EQ(test, vm_munmap(addr, TEST_DRIVER_PAGES * PAGE_SIZE), 0);
	MM_KUNIT_EXPECT_UNUSED(test);
}

/*
 * After fork(), parent and child share the copy that a forced write has made, so
 * the next forced write to either copies it once more: a breakpoint that a debugger
 * sets in the child must not appear in the parent.
 */
static void gup_forced_write_after_fork(struct kunit *test)
{
	unsigned long addr = test_driver_map_all(test, PROT_READ, MAP_PRIVATE);
	const unsigned int flags = FOLL_FORCE | FOLL_WRITE;
	const struct gup *gup = test->param_value;
	struct mm_struct *child, *parent;
	struct page *page, *child_page;

	page = gup_page(gup, addr, flags);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, page);
	child = user_fork(test);
	parent = user_fork_enter(child);
	child_page = gup_page(gup, addr, flags);
	user_fork_leave(parent);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, child_page);
	KUNIT_EXPECT_PTR_NE(test, child_page, page);
	KUNIT_EXPECT_PTR_NE(test, gup_page(gup, addr, flags), child_page);
}

/*
 * With FOLL_FORCE, a debugger may read memory that the process may not access at
 * the moment (PROT_NONE), because the process could make it accessible with
 * mprotect().
 */
static void gup_forced_read(struct kunit *test)
{
	unsigned long addr = gup_map_anon(test, 0, 1, PROT_NONE, 0);
	const struct gup *gup = test->param_value;

	KUNIT_EXPECT_EQ(test, gup_error(gup, addr, 0), -EFAULT);
	KUNIT_EXPECT_EQ(test, gup_error(gup, addr, FOLL_FORCE), 1);
}

/*
 * With FOLL_ANON, only anonymous mappings have pages and those of files are
 * -EFAULT, because a reader of /proc/PID/cmdline or environ must not have to wait
 * for the driver or filesystem of a file that the process has mapped there.
 */
static void gup_anonymous_only(struct kunit *test)
{
	unsigned long file = test_driver_map_all(test, PROT_RW, MAP_PRIVATE);
	unsigned long anon = gup_map_anon(test, 0, 1, PROT_RW, 0);
	int i;

	for (i = 0; i < ARRAY_SIZE(gups); i++) {
		const struct gup *gup = &gups[i];

		if (gup->fast)
			continue;
		KUNIT_EXPECT_EQ_MSG(test, gup_error(gup, file, FOLL_ANON), -EFAULT, "%s",
				    gup->desc);
		KUNIT_EXPECT_EQ_MSG(test, gup_error(gup, anon, FOLL_ANON), 1, "%s", gup->desc);
	}
}

/* -- fork() -------------------------------------------------------------------- */

/*
 * fork() copies a pinned anonymous page for the child at once, because the pinned
 * page has to stay the parent's: with the usual copy on the next write, the parent
 * would get the copy and no longer see what the device writes. A page with a mere
 * reference is shared until one of them writes to it.
 */
static void gup_fork(struct kunit *test)
{
	unsigned long addr = gup_map_anon(test, 0, 1, PROT_RW, 0);
	const struct gup *gup = test->param_value;
	struct page *page = NULL, *child_page;
	struct mm_struct *child, *parent;
	u32 value;

	KUNIT_ASSERT_EQ(test, user_write(addr, 1234), true);
	KUNIT_ASSERT_EQ(test, gup->call(addr, 1, FOLL_WRITE, &page), 1);
	child = user_fork(test);
	KUNIT_EXPECT_EQ(test, user_write(addr, 4321), true);
	KUNIT_EXPECT_EQ_MSG(test, user_page(addr, 0) == page, gup->pin, "of the parent");

	parent = user_fork_enter(child);
	child_page = user_page(addr, 0);
	value = user_word(addr);
	user_fork_leave(parent);
	KUNIT_EXPECT_EQ(test, child_page == page, !gup->pin);
	KUNIT_EXPECT_EQ_MSG(test, value, 1234, "what the child reads");
	gup_release(gup, &page, 1);
}

/*
 * A page that parent and child share after fork() is copied before it is pinned,
 * even for reading, because it belongs to neither of them alone: the next write of
 * the one who has pinned it would go to another page. A reference is taken of the
 * shared page.
 */
static void gup_after_fork(struct kunit *test)
{
	unsigned long addr = gup_map_anon(test, 0, 1, PROT_RW, 0);
	const struct gup *gup = test->param_value;
	struct page *common, *page = NULL;
	struct mm_struct *child, *parent;
	u32 child_value;
	bool written;
	long ret;

	KUNIT_ASSERT_EQ(test, user_write(addr, 1234), true);
	common = user_page(addr, 0);
	child = user_fork(test);
	KUNIT_EXPECT_PTR_EQ(test, user_page(addr, 0), common);

	/* The child gets the page, and then writes to it. */
	parent = user_fork_enter(child);
	ret = gup->call(addr, 1, 0, &page);
	written = user_write(addr, 4321);
	child_value = user_word(addr);
	user_fork_leave(parent);
	KUNIT_ASSERT_EQ(test, ret, 1);
	KUNIT_EXPECT_EQ(test, written, true);
	KUNIT_EXPECT_EQ(test, child_value, 4321);
	KUNIT_EXPECT_EQ(test, page == common, !gup->pin);
	KUNIT_EXPECT_EQ(test, gup_first_word(page), gup->pin ? 4321 : 1234);
	gup_release(gup, &page, 1);

	KUNIT_EXPECT_EQ_MSG(test, user_word(addr), 1234, "what the parent reads");
}

/* -- no memory ------------------------------------------------------------------ */

/*
 * If there is no memory for a copy or for a page table on the way to it, the call
 * returns -ENOMEM and leaves neither a page nor a count behind, because its caller
 * has nothing to release then.
 */
static void gup_no_memory(struct kunit *test)
{
	const struct gup *gup = test->param_value;
	struct test_driver *drv = test->priv;
	struct mm_kunit_failing fail;
	unsigned int errors = 0;

	mm_kunit_fail_setup(test, MM_KUNIT_FAIL_PAGE);
	drv->how = DRV_FAULT;
	mm_kunit_for_each_failing(test, &fail) {
		unsigned long addr = test_driver_map_all(test, PROT_RW, MAP_PRIVATE);
		struct page *page = NULL;
		long ret;

		mm_kunit_fail_begin(&fail);
		ret = gup->call(addr, 1, FOLL_WRITE, &page);
		mm_kunit_fail_end(&fail);
		gup_release(gup, &page, ret);
		/* The kernel may do without an allocation that has failed. */
		if (ret != 1 || !fail.reached)
			KUNIT_EXPECT_EQ_MSG(test, ret, fail.reached ? -ENOMEM : 1,
					    "allocation %u", fail.nth);
		errors += ret != 1;
		KUNIT_EXPECT_EQ_MSG(test, vm_munmap(addr, TEST_DRIVER_PAGES * PAGE_SIZE), 0,
				    "allocation %u", fail.nth);
		KUNIT_EXPECT_EQ_MSG(test, gup_anon_count(), 0, "allocation %u", fail.nth);
		MM_KUNIT_EXPECT_UNUSED_MSG(test, "allocation %u", fail.nth);
	}
	KUNIT_EXPECT_GT_MSG(test, errors, 0, "rounds in which the call has failed");
}

/* -- today's implementation, not promised ---------------------------------- */

/*
 * The raw page of remap_pfn_range() is never got. The copy that a process has made
 * of it in a private mapping is an anonymous page: the fast path, which does not
 * look at the VMA, may take it, and the slow path refuses all of the VMA.
 */
static void gup_private_remap(struct kunit *test)
{
	const struct gup *gup = test->param_value;
	struct test_driver *drv = test->priv;
	struct page *page = NULL;
	unsigned long addr;
	long ret;

	drv->how = DRV_REMAP_PFN;
	addr = test_driver_map(test, 0, 0, 1, PROT_RW, MAP_PRIVATE);
	KUNIT_ASSERT_EQ(test, user_write(addr, 1234), true);
	ret = gup->call(addr, 1, FOLL_WRITE, &page);
	if (ret != 1)
		KUNIT_EXPECT_EQ(test, ret, -EFAULT);
	if (!gup->fast || !IS_ENABLED(CONFIG_HAVE_GUP_FAST))
		KUNIT_EXPECT_NE(test, ret, 1);
	KUNIT_EXPECT_PTR_NE(test, page, drv->pages[0]);
	gup_release(gup, &page, ret);
	KUNIT_EXPECT_EQ(test, vm_munmap(addr, PAGE_SIZE), 0);
	MM_KUNIT_EXPECT_UNUSED(test);
}

static struct kunit_case gup_cow_cases[] = {
	KUNIT_CASE_PARAM(gup_private_write, gup_gen_params),
	KUNIT_CASE_PARAM(gup_zero_page, gup_gen_params),
	KUNIT_CASE_PARAM(pin_user_pages_longterm, longterm_gen_params),
	KUNIT_CASE(pin_user_pages_longterm_zero_page),
	KUNIT_CASE_PARAM(pin_user_pages_longterm_mkwrite, mkwrite_gen_params),
	KUNIT_CASE_PARAM(pin_user_pages_fast_longterm_of_driver, driver_page_gen_params),
	KUNIT_CASE_PARAM(gup_forced_write, gup_gen_params),
	KUNIT_CASE_PARAM(gup_forced_write_after_fork, gup_gen_params),
	KUNIT_CASE_PARAM(gup_forced_read, gup_gen_params),
	KUNIT_CASE(gup_anonymous_only),
	KUNIT_CASE_PARAM(gup_fork, gup_gen_params),
	KUNIT_CASE_PARAM(gup_after_fork, gup_gen_params),
	KUNIT_CASE_PARAM(gup_no_memory, gup_gen_params),
	KUNIT_CASE_PARAM(gup_private_remap, gup_gen_params),
	{}
};

static struct kunit_suite gup_cow_suite = {
	.name = "gup_cow",
	.init = gup_driver_init,
	.test_cases = gup_cow_cases,
};

kunit_test_suite(gup_cow_suite);

MODULE_DESCRIPTION("KUnit tests for get_user_pages() and copies of pages");
MODULE_LICENSE("GPL");
