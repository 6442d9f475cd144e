// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests for the functions of <linux/highmem.h> that copy, fill and zero folios,
 * also over the ends of their pages.
 */
#include <kunit/test.h>
#include <linux/highmem.h>
#include <linux/mm.h>
#include <linux/module.h>

#include "check_bytes.h"
#include "highmem_folio.h"
#include "highmem_page.h"
#include "mm_kunit.h"

static const struct byte_range folio_ranges[] = {
	{ .offset = 0, .len = 0 },
	{ .offset = 0, .len = 1 },
	{ .offset = 0, .len = FOLIO_SIZE },
	{ .offset = 1, .len = FOLIO_SIZE - 2 },
	{ .offset = FOLIO_SIZE - 1, .len = 1 },
	{ .offset = PAGE_SIZE - 1, .len = 2 },
	{ .offset = PAGE_SIZE, .len = PAGE_SIZE },
	{ .offset = PAGE_SIZE + 7, .len = 100 },
	{ .offset = PAGE_SIZE / 2, .len = 2 * PAGE_SIZE },
	{ .offset = 2 * PAGE_SIZE, .len = PAGE_SIZE + 1 },
};

/* Zeroes a range; it is empty unless it starts before its end. */
static void memzero_segment(char *addr, size_t start, size_t end)
{
	if (start < end)
		memset(addr + start, 0, end - start);
}

/*
 * zero_user_segments() zeroes its two ranges and nothing else; through the first page of a
 * folio it reaches all of the folio, because filesystems zero around what they have read.
 * A range that does not start before its end is empty.
 */
static void zero_user_segments_folio(struct kunit *test)
{
	static const struct {
		unsigned int start1, end1, start2, end2;
	} rows[] = {
		{ .start1 = 0, .end1 = 0,
		  .start2 = 0, .end2 = 0 },
		{ .start1 = FOLIO_SIZE, .end1 = FOLIO_SIZE,
		  .start2 = FOLIO_SIZE, .end2 = FOLIO_SIZE },
		/* ending before they start */
		{ .start1 = 100, .end1 = 50,
		  .start2 = 0, .end2 = 0 },
		{ .start1 = 0, .end1 = 0,
		  .start2 = PAGE_SIZE + 100, .end2 = 50 },
		{ .start1 = 3 * PAGE_SIZE, .end1 = 10,
		  .start2 = 2 * PAGE_SIZE + 10, .end2 = PAGE_SIZE },
		/* in a page */
		{ .start1 = 10, .end1 = 20,
		  .start2 = 30, .end2 = 40 },
		{ .start1 = 1, .end1 = PAGE_SIZE - 1,
		  .start2 = PAGE_SIZE + 1, .end2 = 2 * PAGE_SIZE - 1 },
		{ .start1 = 3 * PAGE_SIZE, .end1 = FOLIO_SIZE,
		  .start2 = 0, .end2 = PAGE_SIZE },
		{ .start1 = PAGE_SIZE, .end1 = 2 * PAGE_SIZE,
		  .start2 = 2 * PAGE_SIZE, .end2 = 3 * PAGE_SIZE },
		/* over several pages */
		{ .start1 = PAGE_SIZE - 1, .end1 = PAGE_SIZE + 1,
		  .start2 = 3 * PAGE_SIZE - 1, .end2 = FOLIO_SIZE },
		{ .start1 = PAGE_SIZE + 5, .end1 = FOLIO_SIZE - 5,
		  .start2 = 2 * PAGE_SIZE, .end2 = 3 * PAGE_SIZE },
		{ .start1 = 2 * PAGE_SIZE + 9, .end1 = FOLIO_SIZE - 9,
		  .start2 = 9, .end2 = 2 * PAGE_SIZE - 9 },
		{ .start1 = 0, .end1 = 0,
		  .start2 = 0, .end2 = FOLIO_SIZE },
		{ .start1 = 0, .end1 = FOLIO_SIZE,
		  .start2 = 0, .end2 = 0 },
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
		MM_KUNIT_EXPECT(test, check_folios(test, "zero_user_segments", i));
	}
}

/*
 * Through a page that is not the first of its folio, zero_user_segments() and
 * zero_user_segment() zero in that page only, because the offsets are those of a page
 * then, as for a page without a folio.
 */
static void zero_user_segments_tail_page(struct kunit *test)
{
	struct highmem_test *h = alloc_zone_folio(test);
	struct page *page = folio_page(h->folio[0], 1);
	char *expected = h->expected[0] + PAGE_SIZE;

	zero_user_segments(page, 1, 10, 20, PAGE_SIZE);
	memzero_segment(expected, 1, 10);
	memzero_segment(expected, 20, PAGE_SIZE);
	MM_KUNIT_EXPECT(test, check_folios(test, "zero_user_segments", 0));

	zero_user_segment(page, 0, PAGE_SIZE);
	memzero_segment(expected, 0, PAGE_SIZE);
	MM_KUNIT_EXPECT(test, check_folios(test, "zero_user_segment", 0));
}

/*
 * folio_zero_range(), folio_zero_segment() and folio_zero_segments() zero exactly their
 * ranges, over the ends of pages too, because a filesystem zeroes what it has not read
 * around data that it has read.
 */
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
		MM_KUNIT_EXPECT(test, check_folios(test, "folio_zero_range", i));

		memset(expected, i + 1, FOLIO_SIZE);
		fill_folio(folio, expected);
		folio_zero_segment(folio, start, end);
		memzero_segment(expected, start, end);
		MM_KUNIT_EXPECT(test, check_folios(test, "folio_zero_segment", i));

		memset(expected, i + 1, FOLIO_SIZE);
		fill_folio(folio, expected);
		folio_zero_segments(folio, 0, start, end, FOLIO_SIZE);
		memzero_segment(expected, 0, start);
		memzero_segment(expected, end, FOLIO_SIZE);
		MM_KUNIT_EXPECT(test, check_folios(test, "folio_zero_segments", i));
	}
}

/*
 * memcpy_from_folio() and memcpy_to_folio() copy any range of the folio, over the ends of
 * pages too, although a page of high memory has to be mapped at a time: their callers
 * (filesystems) see the folio as one piece.
 */
static void memcpy_from_to_folio(struct kunit *test)
{
	struct highmem_test *h = alloc_zone_folio(test);

	for (int i = 0; i < ARRAY_SIZE(folio_ranges); i++) {
		const struct byte_range *r = &folio_ranges[i];
		char *expected = h->expected[0] + r->offset;

		memset(h->buf, 0, FOLIO_SIZE);
		memcpy_from_folio(h->buf, h->folio[0], r->offset, r->len);
		MM_KUNIT_EXPECT_MSG(test, check_bytes(test, h->buf, expected, r->len),
				    "memcpy_from_folio(), row %d", i);
		MM_KUNIT_EXPECT_MSG(test, check_filled(test, h->buf + r->len, 0,
						       FOLIO_SIZE - r->len),
				    "behind the buffer of memcpy_from_folio(), row %d", i);

		for (size_t j = 0; j < r->len; j++)
			h->buf[j] = ~expected[j];
		memcpy(expected, h->buf, r->len);
		memcpy_to_folio(h->folio[0], r->offset, h->buf, r->len);
		MM_KUNIT_EXPECT(test, check_folios(test, "memcpy_to_folio", i));
	}
}

/*
 * memcpy_folio() copies between any ranges of two folios, whose pages end at different
 * places: its callers see folios as one piece.
 */
static void memcpy_folio_ranges(struct kunit *test)
{
	struct highmem_test *h = alloc_copy_folios(test);

	for (int i = 0; i < ARRAY_SIZE(folio_ranges); i++) {
		const struct byte_range *r = &folio_ranges[i];
		size_t from = FOLIO_SIZE - max(r->len, 1);

		memcpy_folio(h->folio[0], r->offset, h->folio[1], from, r->len);
		memcpy(h->expected[0] + r->offset, h->expected[1] + from,
		       r->len);
		MM_KUNIT_EXPECT(test, check_folios(test, "memcpy_folio", i));
	}
}

/*
 * folio_zero_tail() zeroes from the offset to the end of the folio, and returns an address
 * for kunmap_local() (kernel-doc), because it maps the following pages in place of the
 * page that the caller has mapped.
 */
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
		MM_KUNIT_EXPECT(test, check_folios(test, "folio_zero_tail", i));
	}
}

/*
 * folio_zero_tail() with nothing to zero returns an address inside of the mapping, because
 * a caller that has filled all of the folio passes the address just behind the mapping, and
 * unmaps what is returned.
 */
static void folio_zero_tail_empty(struct kunit *test)
{
	struct highmem_test *h = alloc_zone_folio(test);
	struct folio *folio = h->folio[0];
	void *addr = kmap_local_folio(folio, FOLIO_SIZE - PAGE_SIZE);

	addr = folio_zero_tail(folio, FOLIO_SIZE, addr + PAGE_SIZE);
	kunmap_local(addr);
	MM_KUNIT_EXPECT(test, check_folios(test, "folio_zero_tail", 0));
}

/*
 * folio_fill_tail() copies the data into the folio and zeroes the rest of the folio
 * (kernel-doc), also without data and where the data ends with a page, because the rest
 * could be mapped by a user.
 */
static void folio_fill_tail_ranges(struct kunit *test)
{
	static const struct byte_range rows[] = {
		{ .offset = 0, .len = 0 },
		{ .offset = 2 * PAGE_SIZE + 7, .len = 0 },
		{ .offset = FOLIO_SIZE - 1, .len = 0 },
		{ .offset = 0, .len = 1 },
		{ .offset = 0, .len = PAGE_SIZE - 1 },
		{ .offset = 0, .len = PAGE_SIZE + 1 },
		{ .offset = 1, .len = FOLIO_SIZE - 2 },
		{ .offset = PAGE_SIZE - 1, .len = 3 },
		{ .offset = PAGE_SIZE, .len = PAGE_SIZE + 5 },
		{ .offset = 3 * PAGE_SIZE, .len = 1 },
		{ .offset = PAGE_SIZE / 2, .len = 2 * PAGE_SIZE },
		/* up to the end of a page */
		{ .offset = 0, .len = FOLIO_SIZE },
		{ .offset = 0, .len = PAGE_SIZE },
		{ .offset = 1, .len = PAGE_SIZE - 1 },
		{ .offset = PAGE_SIZE, .len = 2 * PAGE_SIZE },
		{ .offset = FOLIO_SIZE - 1, .len = 1 },
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
		MM_KUNIT_EXPECT(test, check_folios(test, "folio_fill_tail", i));
	}
}

/*
 * memcpy_from_file_folio() copies up to the end of the folio, or of the page if the folio
 * has to be mapped page by page, and returns how much that was (kernel-doc), because its
 * caller loops over the pieces.
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
			KUNIT_ASSERT_EQ_MSG(test, len, expected,
					    "bytes copied of %zu at offset %zu",
					    lens[j], offset);
			MM_KUNIT_EXPECT_MSG(test, check_bytes(test, h->buf,
							      h->expected[0] + offset, len),
					    "%zu bytes at offset %zu", lens[j], offset);
			MM_KUNIT_EXPECT_MSG(test, check_filled(test, h->buf + len, 0,
							       FOLIO_SIZE - len),
					    "behind the buffer, %zu bytes at offset %zu",
					    lens[j], offset);
		}
		MM_KUNIT_EXPECT(test, check_folios(test, "memcpy_from_file_folio", i));
	}
}

/*
 * folio_release_kmap() unmaps the address and drops one reference of the folio
 * (kernel-doc), because filesystems release directory blocks with it.
 */
static void folio_release_kmap_puts(struct kunit *test)
{
	struct highmem_test *h = alloc_zone_folio(test);
	struct folio *folio = h->folio[0];
	int refs = folio_ref_count(folio);

	folio_get(folio);
	folio_release_kmap(folio, kmap_local_folio(folio, PAGE_SIZE + 10));
	KUNIT_EXPECT_EQ(test, folio_ref_count(folio), refs);
	MM_KUNIT_EXPECT(test, check_folios(test, "folio_release_kmap", 0));
}

static struct kunit_case highmem_folio_cases[] = {
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
	{}
};

static struct kunit_suite highmem_folio_suite = {
	.name = "highmem_folio",
	.init = mm_kunit_init,
	.test_cases = highmem_folio_cases,
};

kunit_test_suite(highmem_folio_suite);

MODULE_DESCRIPTION("KUnit tests for the functions of <linux/highmem.h> on folios");
MODULE_LICENSE("GPL");
