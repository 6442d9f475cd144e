// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests for the functions of <linux/highmem.h> that copy, fill and zero
 * pages and folios.
 *
 * They exist because high memory can only be reached a page at a time: their
 * callers must not notice. So each case runs on low and on high memory, and
 * compares the whole folio with what the same operation does to plain memory.
 */
#include <kunit/test.h>
#include <linux/highmem.h>
#include <linux/mm.h>
#include <linux/mmzone.h>
#include <linux/module.h>
#include <linux/prandom.h>
#include <linux/string.h>
#include <linux/vmalloc.h>

#include "highmem_page.h"
#include "mm_kunit.h"

#define FOLIO_ORDER	2
#define FOLIO_PAGES	4
#define FOLIO_SIZE	(FOLIO_PAGES * PAGE_SIZE)

/* Where to and where from. */
struct highmem_copy {
	const char *desc;
	gfp_t to;
	gfp_t from;
};

static const struct highmem_copy highmem_copies[] = {
	{ "lowmem_to_lowmem", GFP_KERNEL, GFP_KERNEL },
	{ "lowmem_to_highmem", GFP_HIGHUSER, GFP_KERNEL },
	{ "highmem_to_lowmem", GFP_KERNEL, GFP_HIGHUSER },
	{ "highmem_to_highmem", GFP_HIGHUSER, GFP_HIGHUSER },
};

KUNIT_ARRAY_PARAM_DESC(highmem_copy, highmem_copies, desc);

/*
 * The folios of a case, the first one being what is written to, and what is
 * expected in them.
 */
struct highmem_test {
	struct folio *folio[2];
	char *expected[2];
	char *buf;
	struct kunit_suppressed_warning *warnings;
};

struct byte_range {
	size_t offset;
	size_t len;
};

static const struct byte_range page_ranges[] = {
	{ 0, 0 }, { 0, 1 }, { 0, PAGE_SIZE }, { 1, PAGE_SIZE - 2 },
	{ PAGE_SIZE / 2, 100 }, { PAGE_SIZE - 1, 1 }, { PAGE_SIZE, 0 },
};

static const struct byte_range folio_ranges[] = {
	{ 0, 0 }, { 0, 1 }, { 0, FOLIO_SIZE }, { 1, FOLIO_SIZE - 2 },
	{ FOLIO_SIZE - 1, 1 }, { PAGE_SIZE - 1, 2 }, { PAGE_SIZE, PAGE_SIZE },
	{ PAGE_SIZE + 7, 100 }, { PAGE_SIZE / 2, 2 * PAGE_SIZE },
	{ 2 * PAGE_SIZE, PAGE_SIZE + 1 },
};

KUNIT_DEFINE_ACTION_WRAPPER(vfree_action, vfree, const void *);

static char *alloc_buf(struct kunit *test)
{
	char *buf = vmalloc(FOLIO_SIZE);

	KUNIT_ASSERT_NOT_NULL(test, buf);
	KUNIT_ASSERT_EQ(test,
			kunit_add_action_or_reset(test, vfree_action, buf), 0);
	return buf;
}

static void fill_folio(struct folio *folio, const char *from)
{
	for (int i = 0; i < FOLIO_PAGES; i++) {
		void *addr = kmap_local_page(folio_page(folio, i));

		memcpy(addr, from + i * PAGE_SIZE, PAGE_SIZE);
		kunmap_local(addr);
	}
}

static struct highmem_test *alloc_folios(struct kunit *test, gfp_t to,
					 gfp_t from)
{
	const gfp_t gfp[2] = { to, from };
	struct highmem_test *h;
	struct rnd_state rnd;

	h = kunit_kzalloc(test, sizeof(*h), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, h);
	test->priv = h;
	h->buf = alloc_buf(test);
	prandom_seed_state(&rnd, 1);
	for (int i = 0; i < 2 && gfp[i]; i++) {
		h->folio[i] = highmem_test_folio(test, gfp[i], FOLIO_ORDER);
		h->expected[i] = alloc_buf(test);
		prandom_bytes_state(&rnd, h->expected[i], FOLIO_SIZE);
		fill_folio(h->folio[i], h->expected[i]);
	}
	h->warnings = kunit_start_suppress_warning(test);
	KUNIT_ASSERT_NOT_NULL(test, h->warnings);
	return h;
}

/* The parameter of the case is the zone of its folio. */
static struct highmem_test *alloc_zone_folio(struct kunit *test)
{
	const struct highmem_zone *zone = test->param_value;

	return alloc_folios(test, zone->gfp, 0);
}

/* The parameter of the case is where it copies to and from. */
static struct highmem_test *alloc_copy_folios(struct kunit *test)
{
	const struct highmem_copy *copy = test->param_value;

	return alloc_folios(test, copy->to, copy->from);
}

static size_t first_difference(const char *a, const char *b, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (a[i] != b[i])
			return i;
	return len;
}

/*
 * The folios are what they should be, outside of the range of @op as well.
 * Nothing is left mapped, and unmapping in the wrong order would have warned.
 */
static void expect_folios(struct kunit *test, const char *op, int row)
{
	struct highmem_test *h = test->priv;

	for (int i = 0; i < 2 && h->folio[i]; i++) {
		for (int j = 0; j < FOLIO_PAGES; j++) {
			void *addr = kmap_local_page(folio_page(h->folio[i], j));

			memcpy(h->buf + j * PAGE_SIZE, addr, PAGE_SIZE);
			kunmap_local(addr);
		}
		KUNIT_EXPECT_EQ_MSG(test,
				    first_difference(h->buf, h->expected[i],
						     FOLIO_SIZE),
				    FOLIO_SIZE, "%s row %d, folio %d", op, row, i);
	}
	KUNIT_EXPECT_EQ_MSG(test, kmap_local_depth(), 0, "%s row %d", op, row);
	KUNIT_EXPECT_EQ_MSG(test, kunit_suppressed_warning_count(h->warnings),
			    0, "%s row %d", op, row);
}

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
		expect_folios(test, "memcpy_page", i);
	}
}

static void memcpy_from_to_page(struct kunit *test)
{
	struct highmem_test *h = alloc_zone_folio(test);
	struct page *page = folio_page(h->folio[0], 1);
	char *expected = h->expected[0] + PAGE_SIZE;

	for (int i = 0; i < ARRAY_SIZE(page_ranges); i++) {
		const struct byte_range *r = &page_ranges[i];

		memset(h->buf, 0, FOLIO_SIZE);
		memcpy_from_page(h->buf + 1, page, r->offset, r->len);
		KUNIT_EXPECT_MEMEQ_MSG(test, h->buf + 1, expected + r->offset,
				       r->len, "row %d", i);
		KUNIT_EXPECT_EQ_MSG(test, h->buf[0], 0, "row %d", i);
		KUNIT_EXPECT_EQ_MSG(test, h->buf[1 + r->len], 0, "row %d", i);

		memset(h->buf, i, PAGE_SIZE);
		memset(expected + r->offset, i, r->len);
		memcpy_to_page(page, r->offset, h->buf, r->len);
		expect_folios(test, "memcpy_to_page", i);
	}
}

static void memset_page_ranges(struct kunit *test)
{
	struct highmem_test *h = alloc_zone_folio(test);
	struct page *page = folio_page(h->folio[0], 1);
	char *expected = h->expected[0] + PAGE_SIZE;

	for (int i = 0; i < ARRAY_SIZE(page_ranges); i++) {
		const struct byte_range *r = &page_ranges[i];

		memset_page(page, r->offset, i + 1, r->len);
		memset(expected + r->offset, i + 1, r->len);
		expect_folios(test, "memset_page", i);

		memzero_page(page, r->offset, r->len);
		memset(expected + r->offset, 0, r->len);
		expect_folios(test, "memzero_page", i);
	}
}

static void copy_highpage_whole(struct kunit *test)
{
	struct highmem_test *h = alloc_copy_folios(test);

	copy_highpage(folio_page(h->folio[0], 1), folio_page(h->folio[1], 2));
	memcpy(h->expected[0] + PAGE_SIZE, h->expected[1] + 2 * PAGE_SIZE,
	       PAGE_SIZE);
	expect_folios(test, "copy_highpage", 0);

	KUNIT_EXPECT_EQ(test,
			copy_mc_highpage(folio_page(h->folio[0], 3),
					 folio_page(h->folio[1], 0)),
			0);
	memcpy(h->expected[0] + 3 * PAGE_SIZE, h->expected[1], PAGE_SIZE);
	expect_folios(test, "copy_mc_highpage", 0);
}

/* The user's address is a hint for the caches only. */
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
	expect_folios(test, "copy_user_highpage", 0);

	KUNIT_EXPECT_EQ(test,
			copy_mc_user_highpage(folio_page(h->folio[0], 3),
					      folio_page(h->folio[1], 0), addr,
					      vma),
			0);
	memcpy(h->expected[0] + 3 * PAGE_SIZE, h->expected[1], PAGE_SIZE);
	expect_folios(test, "copy_mc_user_highpage", 0);
}

static void clear_highpage_whole(struct kunit *test)
{
	struct highmem_test *h = alloc_zone_folio(test);

	clear_highpage(folio_page(h->folio[0], 1));
	memset(h->expected[0] + PAGE_SIZE, 0, PAGE_SIZE);
	expect_folios(test, "clear_highpage", 0);

	clear_highpage_kasan_tagged(folio_page(h->folio[0], 3));
	memset(h->expected[0] + 3 * PAGE_SIZE, 0, PAGE_SIZE);
	expect_folios(test, "clear_highpage_kasan_tagged", 0);
}

static void clear_user_highpages_count(struct kunit *test)
{
	struct highmem_test *h = alloc_zone_folio(test);
	char *expected = h->expected[0];

	clear_user_highpage(folio_page(h->folio[0], 3), 5 * PAGE_SIZE);
	memset(expected + 3 * PAGE_SIZE, 0, PAGE_SIZE);
	expect_folios(test, "clear_user_highpage", 0);

	for (int nr = 1; nr <= 2; nr++) {
		memset(expected, nr, FOLIO_SIZE);
		fill_folio(h->folio[0], expected);
		clear_user_highpages(folio_page(h->folio[0], 1), 5 * PAGE_SIZE,
				     nr);
		memset(expected + PAGE_SIZE, 0, nr * PAGE_SIZE);
		expect_folios(test, "clear_user_highpages", nr);
	}
}

/* A range is empty unless it starts before its end. */
static void memzero_segment(char *addr, size_t start, size_t end)
{
	if (start < end)
		memset(addr + start, 0, end - start);
}

/*
 * Through the first page of a folio all of it can be zeroed, as filesystems
 * do around what they have read.
 */
static void zero_user_segments_folio(struct kunit *test)
{
	static const struct {
		unsigned int start1, end1, start2, end2;
	} rows[] = {
		{ 0, 0, 0, 0 },
		{ FOLIO_SIZE, FOLIO_SIZE, FOLIO_SIZE, FOLIO_SIZE },
		/* ending before they start */
		{ 100, 50, 0, 0 },
		{ 0, 0, PAGE_SIZE + 100, 50 },
		{ 3 * PAGE_SIZE, 10, 2 * PAGE_SIZE + 10, PAGE_SIZE },
		/* in a page */
		{ 10, 20, 30, 40 },
		{ 1, PAGE_SIZE - 1, PAGE_SIZE + 1, 2 * PAGE_SIZE - 1 },
		{ 3 * PAGE_SIZE, FOLIO_SIZE, 0, PAGE_SIZE },
		{ PAGE_SIZE, 2 * PAGE_SIZE, 2 * PAGE_SIZE, 3 * PAGE_SIZE },
		/* over several pages */
		{ PAGE_SIZE - 1, PAGE_SIZE + 1, 3 * PAGE_SIZE - 1, FOLIO_SIZE },
		{ PAGE_SIZE + 5, FOLIO_SIZE - 5, 2 * PAGE_SIZE, 3 * PAGE_SIZE },
		{ 2 * PAGE_SIZE + 9, FOLIO_SIZE - 9, 9, 2 * PAGE_SIZE - 9 },
		{ 0, 0, 0, FOLIO_SIZE },
		{ 0, FOLIO_SIZE, 0, 0 },
	};
	struct highmem_test *h = alloc_zone_folio(test);
	char *expected = h->expected[0];

	for (int i = 0; i < ARRAY_SIZE(rows); i++) {
		memset(expected, i + 1, FOLIO_SIZE);
		fill_folio(h->folio[0], expected);
		zero_user_segments(&h->folio[0]->page, rows[i].start1,
				   rows[i].end1, rows[i].start2, rows[i].end2);
		memzero_segment(expected, rows[i].start1, rows[i].end1);
		memzero_segment(expected, rows[i].start2, rows[i].end2);
		expect_folios(test, "zero_user_segments", i);
	}
}

/* Through another page of it, as through a page of its own, only that one. */
static void zero_user_segments_tail_page(struct kunit *test)
{
	struct highmem_test *h = alloc_zone_folio(test);
	struct page *page = folio_page(h->folio[0], 1);
	char *expected = h->expected[0] + PAGE_SIZE;

	zero_user_segments(page, 1, 10, 20, PAGE_SIZE);
	memzero_segment(expected, 1, 10);
	memzero_segment(expected, 20, PAGE_SIZE);
	expect_folios(test, "zero_user_segments", 0);

	zero_user_segment(page, 0, PAGE_SIZE);
	memzero_segment(expected, 0, PAGE_SIZE);
	expect_folios(test, "zero_user_segment", 0);
}

static void folio_zero_ranges(struct kunit *test)
{
	struct highmem_test *h = alloc_zone_folio(test);
	struct folio *folio = h->folio[0];
	char *expected = h->expected[0];

	for (int i = 0; i < ARRAY_SIZE(folio_ranges); i++) {
		size_t start = folio_ranges[i].offset;
		size_t end = start + folio_ranges[i].len;

		memset(expected, i + 1, FOLIO_SIZE);
		fill_folio(folio, expected);
		folio_zero_range(folio, start, end - start);
		memzero_segment(expected, start, end);
		expect_folios(test, "folio_zero_range", i);

		memset(expected, i + 1, FOLIO_SIZE);
		fill_folio(folio, expected);
		folio_zero_segment(folio, start, end);
		memzero_segment(expected, start, end);
		expect_folios(test, "folio_zero_segment", i);

		memset(expected, i + 1, FOLIO_SIZE);
		fill_folio(folio, expected);
		folio_zero_segments(folio, 0, start, end, FOLIO_SIZE);
		memzero_segment(expected, 0, start);
		memzero_segment(expected, end, FOLIO_SIZE);
		expect_folios(test, "folio_zero_segments", i);
	}
}

static void memcpy_from_to_folio(struct kunit *test)
{
	struct highmem_test *h = alloc_zone_folio(test);

	for (int i = 0; i < ARRAY_SIZE(folio_ranges); i++) {
		const struct byte_range *r = &folio_ranges[i];
		char *expected = h->expected[0] + r->offset;

		memset(h->buf, 0, FOLIO_SIZE);
		memcpy_from_folio(h->buf, h->folio[0], r->offset, r->len);
		KUNIT_EXPECT_EQ_MSG(test,
				    first_difference(h->buf, expected, r->len),
				    r->len, "row %d", i);
		KUNIT_EXPECT_NULL_MSG(test,
				      memchr_inv(h->buf + r->len, 0,
						 FOLIO_SIZE - r->len),
				      "row %d", i);

		for (size_t j = 0; j < r->len; j++)
			h->buf[j] = ~expected[j];
		memcpy(expected, h->buf, r->len);
		memcpy_to_folio(h->folio[0], r->offset, h->buf, r->len);
		expect_folios(test, "memcpy_to_folio", i);
	}
}

static void memcpy_folio_ranges(struct kunit *test)
{
	struct highmem_test *h = alloc_copy_folios(test);

	for (int i = 0; i < ARRAY_SIZE(folio_ranges); i++) {
		const struct byte_range *r = &folio_ranges[i];
		size_t from = FOLIO_SIZE - max(r->len, 1);

		memcpy_folio(h->folio[0], r->offset, h->folio[1], from, r->len);
		memcpy(h->expected[0] + r->offset, h->expected[1] + from,
		       r->len);
		expect_folios(test, "memcpy_folio", i);
	}
}

/* The address is the caller's, and what is returned is for it to unmap. */
static void folio_zero_tail_offsets(struct kunit *test)
{
	static const size_t offsets[] = {
		FOLIO_SIZE - 1, 3 * PAGE_SIZE, 2 * PAGE_SIZE + 100, PAGE_SIZE + 1,
		PAGE_SIZE, PAGE_SIZE - 1, 1, 0,
	};
	struct highmem_test *h = alloc_zone_folio(test);
	struct folio *folio = h->folio[0];

	for (int i = 0; i < ARRAY_SIZE(offsets); i++) {
		size_t offset = offsets[i];
		void *addr = kmap_local_folio(folio, offset);

		addr = folio_zero_tail(folio, offset, addr);
		kunmap_local(addr);
		memzero_segment(h->expected[0], offset, FOLIO_SIZE);
		expect_folios(test, "folio_zero_tail", i);
	}
}

/*
 * Whoever has filled all of the folio has an address that is just past the end
 * of the mapping. What is returned has to be in the mapping, to be unmapped.
 */
static void folio_zero_tail_empty(struct kunit *test)
{
	struct highmem_test *h = alloc_zone_folio(test);
	struct folio *folio = h->folio[0];
	void *addr = kmap_local_folio(folio, FOLIO_SIZE - PAGE_SIZE);

	addr = folio_zero_tail(folio, FOLIO_SIZE, addr + PAGE_SIZE);
	kunmap_local(addr);
	expect_folios(test, "folio_zero_tail", 0);
}

static void folio_fill_tail_ranges(struct kunit *test)
{
	static const struct byte_range rows[] = {
		{ 0, 0 }, { 2 * PAGE_SIZE + 7, 0 }, { FOLIO_SIZE - 1, 0 }, { 0, 1 },
		{ 0, PAGE_SIZE - 1 }, { 0, PAGE_SIZE + 1 }, { 1, FOLIO_SIZE - 2 },
		{ PAGE_SIZE - 1, 3 }, { PAGE_SIZE, PAGE_SIZE + 5 },
		{ 3 * PAGE_SIZE, 1 }, { PAGE_SIZE / 2, 2 * PAGE_SIZE },
		/* up to the end of a page */
		{ 0, FOLIO_SIZE }, { 0, PAGE_SIZE }, { 1, PAGE_SIZE - 1 },
		{ PAGE_SIZE, 2 * PAGE_SIZE }, { FOLIO_SIZE - 1, 1 },
	};
	struct highmem_test *h = alloc_zone_folio(test);
	char *expected = h->expected[0];

	for (int i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct byte_range *r = &rows[i];

		memset(expected, i + 1, FOLIO_SIZE);
		fill_folio(h->folio[0], expected);
		memset(h->buf, 0x55, FOLIO_SIZE);
		for (size_t j = 0; j < r->len; j++)
			h->buf[j] = j / 255 + j;
		memcpy(expected + r->offset, h->buf, r->len);
		memzero_segment(expected, r->offset + r->len, FOLIO_SIZE);
		folio_fill_tail(h->folio[0], r->offset, h->buf, r->len);
		expect_folios(test, "folio_fill_tail", i);
	}
}

/*
 * The caller loops: it gets what there is in one piece, be that the folio or
 * only a page, and has to be told how much that was.
 */
static void memcpy_from_file_folio_pieces(struct kunit *test)
{
	static const size_t offsets[] = {
		0, 1, PAGE_SIZE - 1, PAGE_SIZE, 2 * PAGE_SIZE + 3, FOLIO_SIZE - 1,
	};
	static const size_t lens[] = {
		0, 1, 100, PAGE_SIZE, FOLIO_SIZE, 2 * FOLIO_SIZE,
	};
	struct highmem_test *h = alloc_zone_folio(test);
	struct folio *folio = h->folio[0];

	for (int i = 0; i < ARRAY_SIZE(offsets); i++) {
		size_t offset = offsets[i];
		size_t piece = FOLIO_SIZE - offset;

		if (folio_test_partial_kmap(folio))
			piece = PAGE_SIZE - offset_in_page(offset);
		for (int j = 0; j < ARRAY_SIZE(lens); j++) {
			size_t expected = min(lens[j], piece);
			size_t len;

			memset(h->buf, 0, FOLIO_SIZE);
			len = memcpy_from_file_folio(h->buf, folio,
						     3 * FOLIO_SIZE + offset,
						     lens[j]);
			KUNIT_ASSERT_EQ_MSG(test, len, expected, "row %d, %d",
					    i, j);
			KUNIT_EXPECT_EQ_MSG(test,
					    first_difference(h->buf,
							     h->expected[0] +
							     offset, len),
					    len, "row %d, %d", i, j);
			KUNIT_EXPECT_NULL_MSG(test,
					      memchr_inv(h->buf + len, 0,
							 FOLIO_SIZE - len),
					      "row %d, %d", i, j);
		}
		expect_folios(test, "memcpy_from_file_folio", i);
	}
}

static void folio_release_kmap_puts(struct kunit *test)
{
	struct highmem_test *h = alloc_zone_folio(test);
	struct folio *folio = h->folio[0];
	int refs = folio_ref_count(folio);

	folio_get(folio);
	folio_release_kmap(folio, kmap_local_folio(folio, PAGE_SIZE + 10));
	KUNIT_EXPECT_EQ(test, folio_ref_count(folio), refs);
	expect_folios(test, "folio_release_kmap", 0);
}

/* What is reported as high memory is the memory of the zones of that kind. */
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

	/* Enough not to be hidden in the caches and counters of the CPUs. */
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
	KUNIT_CASE_PARAM(zero_user_segments_folio, highmem_zone_gen_params),
	KUNIT_CASE_PARAM(zero_user_segments_tail_page, highmem_zone_gen_params),
	KUNIT_CASE_PARAM(folio_zero_ranges, highmem_zone_gen_params),
	KUNIT_CASE_PARAM(memcpy_from_to_folio, highmem_zone_gen_params),
	KUNIT_CASE_PARAM(memcpy_folio_ranges, highmem_copy_gen_params),
	KUNIT_CASE_PARAM(folio_zero_tail_offsets, highmem_zone_gen_params),
	KUNIT_CASE_PARAM(folio_zero_tail_empty, highmem_zone_gen_params),
	KUNIT_CASE_PARAM(folio_fill_tail_ranges, highmem_zone_gen_params),
	KUNIT_CASE_PARAM(memcpy_from_file_folio_pieces,
			 highmem_zone_gen_params),
	KUNIT_CASE_PARAM(folio_release_kmap_puts, highmem_zone_gen_params),
	KUNIT_CASE(nr_highpages),
	{}
};

static struct kunit_suite highmem_suite = {
	.name = "highmem",
	.init = mm_kunit_init,
	.test_cases = highmem_cases,
};

kunit_test_suite(highmem_suite);

MODULE_DESCRIPTION("KUnit tests for the functions of <linux/highmem.h>");
MODULE_LICENSE("GPL");
