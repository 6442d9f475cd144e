// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests for unpin_user_pages() and its variants.
 *
 * A pin is removed as often as it was taken, from each page once for each entry of
 * the array, and a page that a device has written to is marked dirty, because no
 * page table says that it was. An error taken for a number of pages must do no
 * harm.
 */
#include <kunit/test.h>
#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/module.h>

#include "gup_driver.h"
#include "mm_kunit.h"
#include "test_driver.h"
#include "user_vma.h"

/* The pins that pin_twice() takes. */
#define NR_PINS		(2 * TEST_DRIVER_PAGES - 1)

/*
 * Pins all pages of the driver, then all but the first once more, and unmaps them,
 * so that only the driver and the pins have references.
 */
static const char *pin_twice(struct kunit *test, struct page **pages)
{
	unsigned long addr = test_driver_map_all(test, PROT_RW, MAP_SHARED);
	int ret;

	ret = pin_user_pages_fast(addr, TEST_DRIVER_PAGES, FOLL_WRITE, pages);
	if (ret != TEST_DRIVER_PAGES)
		return mm_kunit_wrong(test, "first call: expected %d pages, found %d",
				      TEST_DRIVER_PAGES, ret);
	ret = pin_user_pages_fast(addr + PAGE_SIZE, TEST_DRIVER_PAGES - 1, FOLL_WRITE,
				  pages + TEST_DRIVER_PAGES);
	if (ret != TEST_DRIVER_PAGES - 1)
		return mm_kunit_wrong(test, "second call: expected %d pages, found %d",
				      TEST_DRIVER_PAGES - 1, ret);
	ret = vm_munmap(addr, TEST_DRIVER_PAGES * PAGE_SIZE);
	if (ret)
		return mm_kunit_wrong(test, "munmap(): expected 0, found %d", ret);

	return NULL;
}

static int pins(struct folio *folio)
{
	return atomic_read(&folio->_pincount);
}

static const struct dirty {
	const char *desc;
	bool dirty;
} dirties[] = {
	{ .desc = "dirty", .dirty = true },
	{ .desc = "clean", .dirty = false },
};

KUNIT_ARRAY_PARAM_DESC(dirty, dirties, desc);

/* -- arrays ------------------------------------------------------------------- */

/*
 * unpin_user_pages_dirty_lock() removes one pin for each entry of the array and,
 * with make_dirty, marks these pages dirty and no others, because what a device
 * has written is lost if reclaim takes the page for clean. A page that has another
 * pin keeps it.
 */
static void unpin_user_pages_dirty_lock_array(struct kunit *test)
{
	const struct dirty *row = test->param_value;
	struct page *pages[NR_PINS] = {};
	struct test_driver *drv = test->priv;
	int i;

	MM_KUNIT_ASSERT(test, pin_twice(test, pages));
	for (i = 0; i < TEST_DRIVER_PAGES; i++)
		ClearPageDirty(drv->pages[i]);
	/* The entries of the pages 0, 1 and 2 */
	unpin_user_pages_dirty_lock(pages, TEST_DRIVER_PAGES - 1, row->dirty);
	KUNIT_EXPECT_EQ(test, PageDirty(drv->pages[0]), row->dirty);
	KUNIT_EXPECT_EQ(test, PageDirty(drv->pages[3]), false);
	MM_KUNIT_EXPECT_COUNTS(test, drv->pages[0], 1, 0, "page 0, without pin");
	MM_KUNIT_EXPECT_COUNTS(test, drv->pages[2], 1 + GUP_PIN_COUNTING_BIAS, 0,
			       "page 2, with one pin left");
	MM_KUNIT_EXPECT_COUNTS(test, drv->pages[3], 1 + 2 * GUP_PIN_COUNTING_BIAS, 0,
			       "page 3, with both pins");
	/* The entry of page 3, and those of the second call */
	unpin_user_pages_dirty_lock(pages + TEST_DRIVER_PAGES - 1, TEST_DRIVER_PAGES, row->dirty);
	for (i = 0; i < TEST_DRIVER_PAGES; i++)
		KUNIT_EXPECT_EQ_MSG(test, PageDirty(drv->pages[i]), row->dirty, "page %d", i);
	MM_KUNIT_EXPECT_UNUSED(test);
}

/*
 * The entries of an array may belong to one folio, then to another and to the
 * first again: each run of entries is removed from its own folio, because a pin
 * that stays keeps the folio for ever. A leading NULL entry is skipped.
 */
static void unpin_user_pages_runs(struct kunit *test)
{
	struct page *pages[TEST_DRIVER_PAGES + 2], *first[3];
	struct test_driver *drv = test->priv;
	struct folio *folios[2];
	unsigned long addr;
	int i;

	/* The driver's pages 0 and 1 are of folio 0, the pages 2 and 3 of folio 1. */
	folios[0] = test_driver_use_folio(test);
	folios[1] = test_driver_use_folio(test);
	drv->pages[0] = folio_page(folios[0], 0);
	drv->pages[1] = folio_page(folios[0], 1);
	addr = test_driver_map_all(test, PROT_RW, MAP_SHARED);
	KUNIT_ASSERT_EQ(test, pin_user_pages_fast(addr, TEST_DRIVER_PAGES, 0, pages),
			TEST_DRIVER_PAGES);
	KUNIT_ASSERT_EQ(test, pin_user_pages_fast(addr, 2, 0, pages + TEST_DRIVER_PAGES), 2);
	KUNIT_EXPECT_EQ(test, pins(folios[0]), 4);
	KUNIT_EXPECT_EQ(test, pins(folios[1]), 2);

	first[0] = NULL;
	first[1] = pages[0];
	first[2] = pages[1];
	unpin_user_pages(first, 3);
	KUNIT_EXPECT_EQ(test, pins(folios[0]), 2);
	unpin_user_pages_dirty_lock(pages + 2, 4, true);
	for (i = 0; i < 2; i++) {
		KUNIT_EXPECT_EQ_MSG(test, pins(folios[i]), 0, "folio %d", i);
		/* The case's reference, and two mappings */
		KUNIT_EXPECT_EQ_MSG(test, folio_ref_count(folios[i]), 3, "folio %d", i);
		KUNIT_EXPECT_EQ_MSG(test, folio_test_dirty(folios[i]), true, "folio %d", i);
	}
}

/*
 * A negative number of pages warns and removes no pin, because it is the error that
 * a caller got from pin_user_pages() and has not looked at: as an unsigned long it
 * would be half of all memory. 0 does nothing.
 */
static void unpin_user_pages_of_error(struct kunit *test)
{
	struct test_driver *drv = test->priv;
	struct page *pages[NR_PINS] = {};
	struct folio *folio;

	MM_KUNIT_ASSERT(test, pin_twice(test, pages));
	folio = page_folio(pages[0]);
	kunit_warning_suppress(test) {
		unpin_user_pages(pages, -EFAULT);
		unpin_user_pages_dirty_lock(pages, -EFAULT, false);
		unpin_folios(&folio, -EFAULT);
		KUNIT_EXPECT_SUPPRESSED_WARNING_COUNT(test, MM_KUNIT_WARN(3));
	}
	MM_KUNIT_EXPECT_COUNTS(test, drv->pages[0], 1 + GUP_PIN_COUNTING_BIAS, 0,
			       "page 0, after -EFAULT pages");
	unpin_user_pages(pages, 0);
	unpin_user_pages_dirty_lock(pages, 0, true);
	MM_KUNIT_EXPECT_COUNTS(test, drv->pages[0], 1 + GUP_PIN_COUNTING_BIAS, 0,
			       "page 0, after 0 pages");
	unpin_user_pages(pages, NR_PINS);
	MM_KUNIT_EXPECT_UNUSED(test);
}

/* -- ranges of page frames ------------------------------------------------------ */

/*
 * unpin_user_page_range_dirty_lock() removes one pin for each page frame from the
 * given one on, without an array, for callers (RDMA) that keep only the start and
 * length of what they have pinned. The range may be a part of a folio.
 */
static void unpin_user_page_range_of_folios(struct kunit *test)
{
	struct folio *folio = test_driver_use_folio(test);
	const struct dirty *row = test->param_value;
	struct page *pages[NR_PINS] = {};

	MM_KUNIT_ASSERT(test, pin_twice(test, pages));
	KUNIT_EXPECT_EQ(test, pins(folio), NR_PINS);
	folio_clear_dirty(folio);
	unpin_user_page_range_dirty_lock(folio_page(folio, 1), 2, row->dirty);
	KUNIT_EXPECT_EQ(test, folio_test_dirty(folio), row->dirty);
	KUNIT_EXPECT_EQ(test, pins(folio), NR_PINS - 2);
	unpin_user_page_range_dirty_lock(folio_page(folio, 0), TEST_DRIVER_PAGES, row->dirty);
	KUNIT_EXPECT_EQ(test, pins(folio), 1);
	unpin_user_page(folio_page(folio, 3));
	KUNIT_EXPECT_EQ(test, pins(folio), 0);
	KUNIT_EXPECT_EQ(test, folio_ref_count(folio), 1);
	KUNIT_EXPECT_EQ(test, folio_test_dirty(folio), row->dirty);
}

/*
 * Returns the first of two folios of 4 pages whose frames follow each other, or
 * NULL if the allocator has none.
 */
static struct folio *adjacent_folios(struct kunit *test)
{
	struct page *pages[32];
	int i, j;

	for (i = 0; i < ARRAY_SIZE(pages); i++) {
		pages[i] = mm_kunit_pages(test, GFP_KERNEL | __GFP_ZERO, 2);
		for (j = 0; j < i; j++) {
			if (page_to_pfn(pages[i]) == page_to_pfn(pages[j]) + 4)
				return page_folio(pages[j]);
			if (page_to_pfn(pages[j]) == page_to_pfn(pages[i]) + 4)
				return page_folio(pages[i]);
		}
	}

	return NULL;
}

/*
 * A range may start and end in the middle of a folio, because it is one of page
 * frames: each folio loses as many pins as it has pages in the range, and each of
 * them is marked dirty.
 */
static void unpin_user_page_range_across_folios(struct kunit *test)
{
	struct folio *folio = adjacent_folios(test), *next;
	struct page *page, *pages[TEST_DRIVER_PAGES] = {};
	struct test_driver *drv = test->priv;
	unsigned long addr;
	int i;

	/*
	 *      folio                       next
	 *      |----|----| p0 -|- p1 |     | p2 -|- p3 |----|----|
	 *                 ^ unpinned at once  ^     ^ unpinned alone
	 */
	if (!folio)
		kunit_skip(test, "needs two folios side by side, of which the allocator has none");
	page = pfn_to_page(folio_pfn(folio) + 2);
	next = page_folio(pfn_to_page(folio_pfn(folio) + 4));
	for (i = 0; i < TEST_DRIVER_PAGES; i++)
		drv->pages[i] = pfn_to_page(page_to_pfn(page) + i);
	addr = test_driver_map_all(test, PROT_RW, MAP_SHARED);
	KUNIT_ASSERT_EQ(test, pin_user_pages_fast(addr, TEST_DRIVER_PAGES, 0, pages),
			TEST_DRIVER_PAGES);
	KUNIT_ASSERT_EQ(test, vm_munmap(addr, TEST_DRIVER_PAGES * PAGE_SIZE), 0);
	unpin_user_page_range_dirty_lock(page, 3, true);
	KUNIT_EXPECT_EQ(test, pins(folio), 0);
	KUNIT_EXPECT_EQ(test, pins(next), 1);
	unpin_user_page(pages[3]);
	KUNIT_EXPECT_EQ(test, pins(next), 0);
	KUNIT_EXPECT_EQ(test, folio_ref_count(folio), 1);
	KUNIT_EXPECT_EQ(test, folio_ref_count(next), 1);
	KUNIT_EXPECT_EQ(test, folio_test_dirty(folio), true);
	KUNIT_EXPECT_EQ(test, folio_test_dirty(next), true);
}

/*
 * The frames of a range may each be a folio of one page, which counts its pins in
 * its references, because it has no room for a count of its own. Frames outside of
 * the range keep their pins.
 */
static void unpin_user_page_range_of_pages(struct kunit *test)
{
	struct page *pages[NR_PINS] = {}, *block;
	struct test_driver *drv = test->priv;

	/* The frames of the driver's pages follow each other. */
	block = drv->pages[0];
	MM_KUNIT_ASSERT(test, pin_twice(test, pages));
	unpin_user_page_range_dirty_lock(block, TEST_DRIVER_PAGES, false);
	MM_KUNIT_EXPECT_COUNTS(test, block, 1, 0, "page 0, without pin");
	MM_KUNIT_EXPECT_COUNTS(test, block + 1, 1 + GUP_PIN_COUNTING_BIAS, 0,
			       "page 1, with one pin left");
	MM_KUNIT_EXPECT_COUNTS(test, block + 3, 1 + GUP_PIN_COUNTING_BIAS, 0,
			       "page 3, with one pin left");
	unpin_user_page_range_dirty_lock(block + 1, TEST_DRIVER_PAGES - 1, true);
	MM_KUNIT_EXPECT_UNUSED(test);
	KUNIT_EXPECT_EQ(test, PageDirty(block + 1), true);
	KUNIT_EXPECT_EQ(test, PageDirty(block + 3), true);
}

/* -- folios --------------------------------------------------------------------- */

/*
 * The functions for folios remove one pin for each page (unpin_user_folio()), one
 * in all (unpin_folio()), or one for each entry (unpin_folios(), which skips
 * leading NULL entries and those in between), because that is what their callers
 * have taken.
 */
static void unpin_folio_variants(struct kunit *test)
{
	struct folio *folio = test_driver_use_folio(test);
	struct folio *folios[5] = { NULL, folio, folio, NULL, folio };
	struct page *pages[NR_PINS] = {};

	MM_KUNIT_ASSERT(test, pin_twice(test, pages));
	unpin_user_folio(folio, 3);
	KUNIT_EXPECT_EQ(test, pins(folio), 4);
	KUNIT_EXPECT_EQ(test, folio_ref_count(folio), 5);
	unpin_folio(folio);
	KUNIT_EXPECT_EQ(test, pins(folio), 3);
	unpin_folios(folios, 5);
	KUNIT_EXPECT_EQ(test, pins(folio), 0);
	KUNIT_EXPECT_EQ(test, folio_ref_count(folio), 1);
}

static struct kunit_case unpin_cases[] = {
	KUNIT_CASE_PARAM(unpin_user_pages_dirty_lock_array, dirty_gen_params),
	KUNIT_CASE(unpin_user_pages_runs),
	KUNIT_CASE(unpin_user_pages_of_error),
	KUNIT_CASE_PARAM(unpin_user_page_range_of_folios, dirty_gen_params),
	KUNIT_CASE(unpin_user_page_range_across_folios),
	KUNIT_CASE(unpin_user_page_range_of_pages),
	KUNIT_CASE(unpin_folio_variants),
	{}
};

static struct kunit_suite unpin_suite = {
	.name = "unpin",
	.init = gup_driver_init,
	.test_cases = unpin_cases,
};

kunit_test_suite(unpin_suite);

MODULE_DESCRIPTION("KUnit tests for unpin_user_pages()");
MODULE_LICENSE("GPL");
