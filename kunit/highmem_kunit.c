// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests for the functions of <linux/highmem.h> that copy, fill and zero pages.
 *
 * highmem_folio_kunit.c has those that work on folios.
 */
#include <kunit/test.h>
#include <linux/highmem.h>
#include <linux/mm.h>
#include <linux/mmzone.h>
#include <linux/module.h>

#include "check_bytes.h"
#include "highmem_folio.h"
#include "highmem_page.h"
#include "mm_kunit.h"

static const struct byte_range page_ranges[] = {
	{ .offset = 0, .len = 0 },
	{ .offset = 0, .len = 1 },
	{ .offset = 0, .len = PAGE_SIZE },
	{ .offset = 1, .len = PAGE_SIZE - 2 },
	{ .offset = PAGE_SIZE / 2, .len = 100 },
	{ .offset = PAGE_SIZE - 1, .len = 1 },
	{ .offset = PAGE_SIZE, .len = 0 },
};

/*
 * memcpy_page() copies exactly the given range of one page to another, also an empty
 * range and one up to the end of the page, because its callers know nothing of the
 * mappings. It unmaps in the opposite order of mapping; otherwise it would warn.
 */
static void memcpy_page_ranges(struct kunit *test)
{
	struct highmem_test *h = alloc_copy_folios(test);

	for (int i = 0; i < ARRAY_SIZE(page_ranges); i++) {
		const struct byte_range *r = &page_ranges[i];
		size_t from = PAGE_SIZE - r->len;

		memcpy_page(folio_page(h->folio[0], 1), r->offset,
			    folio_page(h->folio[1], 2), from, r->len);
		memcpy(h->expected[0] + PAGE_SIZE + r->offset,
		       h->expected[1] + 2 * PAGE_SIZE + from, r->len);
		MM_KUNIT_EXPECT(test, check_folios(test, "memcpy_page", i));
	}
}

/*
 * memcpy_from_page() and memcpy_to_page() copy exactly the given range of a page, from and
 * to any address, because their callers have buffers of just that size.
 */
static void memcpy_from_to_page(struct kunit *test)
{
	struct highmem_test *h = alloc_zone_folio(test);
	struct page *page = folio_page(h->folio[0], 1);
	char *expected = h->expected[0] + PAGE_SIZE;

	for (int i = 0; i < ARRAY_SIZE(page_ranges); i++) {
		const struct byte_range *r = &page_ranges[i];

		memset(h->buf, 0, FOLIO_SIZE);
		memcpy_from_page(h->buf + 1, page, r->offset, r->len);
		MM_KUNIT_EXPECT_MSG(test, check_bytes(test, h->buf + 1, expected + r->offset,
						      r->len), "memcpy_from_page(), row %d", i);
		KUNIT_EXPECT_EQ_MSG(test, h->buf[0], 0, "byte before the buffer, row %d", i);
		KUNIT_EXPECT_EQ_MSG(test, h->buf[1 + r->len], 0,
				    "byte behind the buffer, row %d", i);

		memset(h->buf, i, PAGE_SIZE);
		memset(expected + r->offset, i, r->len);
		memcpy_to_page(page, r->offset, h->buf, r->len);
		MM_KUNIT_EXPECT(test, check_folios(test, "memcpy_to_page", i));
	}
}

/*
 * memset_page() and memzero_page() fill exactly the given range of the page, because the
 * rest of the page holds data of their callers.
 */
static void memset_page_ranges(struct kunit *test)
{
	struct highmem_test *h = alloc_zone_folio(test);
	struct page *page = folio_page(h->folio[0], 1);
	char *expected = h->expected[0] + PAGE_SIZE;

	for (int i = 0; i < ARRAY_SIZE(page_ranges); i++) {
		const struct byte_range *r = &page_ranges[i];

		memset_page(page, r->offset, i + 1, r->len);
		memset(expected + r->offset, i + 1, r->len);
		MM_KUNIT_EXPECT(test, check_folios(test, "memset_page", i));

		memzero_page(page, r->offset, r->len);
		memset(expected + r->offset, 0, r->len);
		MM_KUNIT_EXPECT(test, check_folios(test, "memzero_page", i));
	}
}

/*
 * copy_highpage() and copy_mc_highpage() copy one page and no other: the pages of a folio
 * are copied one by one. copy_mc_highpage() returns 0 if no byte was lost.
 */
static void copy_highpage_whole(struct kunit *test)
{
	struct highmem_test *h = alloc_copy_folios(test);

	copy_highpage(folio_page(h->folio[0], 1), folio_page(h->folio[1], 2));
	memcpy(h->expected[0] + PAGE_SIZE, h->expected[1] + 2 * PAGE_SIZE,
	       PAGE_SIZE);
	MM_KUNIT_EXPECT(test, check_folios(test, "copy_highpage", 0));

	KUNIT_EXPECT_EQ(test,
			copy_mc_highpage(folio_page(h->folio[0], 3),
					 folio_page(h->folio[1], 0)),
			0);
	memcpy(h->expected[0] + 3 * PAGE_SIZE, h->expected[1], PAGE_SIZE);
	MM_KUNIT_EXPECT(test, check_folios(test, "copy_mc_highpage", 0));
}

/*
 * copy_user_highpage() and copy_mc_user_highpage() copy one page and no other, wherever
 * the user has it mapped, because the user's address is a hint for the caches only.
 */
static void copy_user_highpage_whole(struct kunit *test)
{
	const unsigned long addr = 5 * PAGE_SIZE;
	struct highmem_test *h = alloc_copy_folios(test);
	struct vm_area_struct *vma = kunit_kzalloc(test, sizeof(*vma),
						   GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, vma);
	copy_user_highpage(folio_page(h->folio[0], 1),
			   folio_page(h->folio[1], 2), addr, vma);
	memcpy(h->expected[0] + PAGE_SIZE, h->expected[1] + 2 * PAGE_SIZE,
	       PAGE_SIZE);
	MM_KUNIT_EXPECT(test, check_folios(test, "copy_user_highpage", 0));

	KUNIT_EXPECT_EQ(test,
			copy_mc_user_highpage(folio_page(h->folio[0], 3),
					      folio_page(h->folio[1], 0), addr,
					      vma),
			0);
	memcpy(h->expected[0] + 3 * PAGE_SIZE, h->expected[1], PAGE_SIZE);
	MM_KUNIT_EXPECT(test, check_folios(test, "copy_mc_user_highpage", 0));
}

/*
 * clear_highpage() and clear_highpage_kasan_tagged() zero one page and no other: the page
 * may be one of a larger folio.
 */
static void clear_highpage_whole(struct kunit *test)
{
	struct highmem_test *h = alloc_zone_folio(test);

	clear_highpage(folio_page(h->folio[0], 1));
	memset(h->expected[0] + PAGE_SIZE, 0, PAGE_SIZE);
	MM_KUNIT_EXPECT(test, check_folios(test, "clear_highpage", 0));

	clear_highpage_kasan_tagged(folio_page(h->folio[0], 3));
	memset(h->expected[0] + 3 * PAGE_SIZE, 0, PAGE_SIZE);
	MM_KUNIT_EXPECT(test, check_folios(test, "clear_highpage_kasan_tagged", 0));
}

/*
 * clear_user_highpages() zeroes exactly as many pages as it is given, and
 * clear_user_highpage() one: the page behind them may be in use.
 */
static void clear_user_highpages_count(struct kunit *test)
{
	struct highmem_test *h = alloc_zone_folio(test);
	char *expected = h->expected[0];

	clear_user_highpage(folio_page(h->folio[0], 3), 5 * PAGE_SIZE);
	memset(expected + 3 * PAGE_SIZE, 0, PAGE_SIZE);
	MM_KUNIT_EXPECT(test, check_folios(test, "clear_user_highpage", 0));

	for (int nr = 1; nr <= 2; nr++) {
		memset(expected, nr, FOLIO_SIZE);
		fill_folio(h->folio[0], expected);
		clear_user_highpages(folio_page(h->folio[0], 1), 5 * PAGE_SIZE,
				     nr);
		memset(expected + PAGE_SIZE, 0, nr * PAGE_SIZE);
		MM_KUNIT_EXPECT(test, check_folios(test, "clear_user_highpages", nr));
	}
}

/*
 * totalhigh_pages() is the managed memory of the zones of high memory, and si_meminfo()
 * reports it with what of it is free, because users size their caches by that. Without
 * such zones both are 0.
 */
static void nr_highpages(struct kunit *test)
{
	unsigned long total = 0;
	struct sysinfo before, after;
	int nid;

	for_each_online_node(nid) {
		struct zone *zone = NODE_DATA(nid)->node_zones;

		for (int i = 0; i < MAX_NR_ZONES; i++)
			if (is_highmem(&zone[i]))
				total += zone_managed_pages(&zone[i]);
	}
	KUNIT_EXPECT_EQ(test, totalhigh_pages(), total);
	si_meminfo(&before);
	KUNIT_EXPECT_EQ(test, before.totalhigh, total);
	KUNIT_EXPECT_LE(test, before.freehigh, total);
	if (!total)
		return;

	/* So many pages are not hidden in the caches and counters of the CPUs. */
	highmem_test_folio(test, GFP_HIGHUSER, 8);
	si_meminfo(&after);
	KUNIT_EXPECT_LE(test, after.freehigh, before.freehigh - 128);
}

static struct kunit_case highmem_cases[] = {
	KUNIT_CASE_PARAM(memcpy_page_ranges, highmem_copy_gen_params),
	KUNIT_CASE_PARAM(memcpy_from_to_page, highmem_zone_gen_params),
	KUNIT_CASE_PARAM(memset_page_ranges, highmem_zone_gen_params),
	KUNIT_CASE_PARAM(copy_highpage_whole, highmem_copy_gen_params),
	KUNIT_CASE_PARAM(copy_user_highpage_whole, highmem_copy_gen_params),
	KUNIT_CASE_PARAM(clear_highpage_whole, highmem_zone_gen_params),
	KUNIT_CASE_PARAM(clear_user_highpages_count, highmem_zone_gen_params),
	KUNIT_CASE(nr_highpages),
	{}
};

static struct kunit_suite highmem_suite = {
	.name = "highmem",
	.init = mm_kunit_init,
	.test_cases = highmem_cases,
};

kunit_test_suite(highmem_suite);

MODULE_DESCRIPTION("KUnit tests for the functions of <linux/highmem.h> on pages");
MODULE_LICENSE("GPL");
