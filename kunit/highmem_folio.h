/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Folios with known contents, for the tests of <linux/highmem.h>.
 *
 * High memory can only be reached a page at a time, and callers of the functions under
 * test must not notice. So each case runs on low and on high memory, and compares the
 * whole folio with what the same operation does to plain memory.
 */
#ifndef _MM_TESTS_HIGHMEM_FOLIO_H
#define _MM_TESTS_HIGHMEM_FOLIO_H

#include <kunit/test.h>
#include <linux/highmem.h>
#include <linux/mm.h>
#include <linux/prandom.h>
#include <linux/string.h>

#include "highmem_page.h"
#include "mm_kunit.h"

#define FOLIO_ORDER	2
#define FOLIO_PAGES	4
#define FOLIO_SIZE	(FOLIO_PAGES * PAGE_SIZE)

/* The memory that a case copies to, and the memory it copies from. */
struct highmem_copy {
	const char *desc;
	gfp_t to;
	gfp_t from;
};

static const struct highmem_copy highmem_copies[] = {
	{ .desc = "lowmem_to_lowmem", .to = GFP_KERNEL, .from = GFP_KERNEL },
	{ .desc = "lowmem_to_highmem", .to = GFP_HIGHUSER, .from = GFP_KERNEL },
	{ .desc = "highmem_to_lowmem", .to = GFP_KERNEL, .from = GFP_HIGHUSER },
	{ .desc = "highmem_to_highmem", .to = GFP_HIGHUSER, .from = GFP_HIGHUSER },
};

static const void *highmem_copy_gen_params(struct kunit *test, const void *prev,
					   char *desc) __maybe_unused;

KUNIT_ARRAY_PARAM_DESC(highmem_copy, highmem_copies, desc);

/**
 * struct highmem_test - the folios of a case
 * @folio: the target, and the source if the case copies
 * @expected: what has to be in each folio
 * @buf: a buffer as large as a folio
 * @warnings: counts the warnings of the case
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

/* Returns a buffer as large as a folio. */
static inline char *alloc_buf(struct kunit *test)
{
	return mm_kunit_vmalloc(test, FOLIO_SIZE);
}

/* Copies a buffer into the folio. */
static inline void fill_folio(struct folio *folio, const char *from)
{
	for (int i = 0; i < FOLIO_PAGES; i++) {
		void *addr = kmap_local_page(folio_page(folio, i));

		memcpy(addr, from + i * PAGE_SIZE, PAGE_SIZE);
		kunmap_local(addr);
	}
}

/* Allocates a folio, and a second one if @from is not 0, with random contents. */
static inline struct highmem_test *alloc_folios(struct kunit *test, gfp_t to, gfp_t from)
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

/* Allocates the folio of a case whose row is a zone. */
static inline struct highmem_test *alloc_zone_folio(struct kunit *test)
{
	const struct highmem_zone *row = test->param_value;

	return alloc_folios(test, row->gfp, 0);
}

/* Allocates the folios of a case whose row is where it copies to and from. */
static inline struct highmem_test *alloc_copy_folios(struct kunit *test)
{
	const struct highmem_copy *row = test->param_value;

	return alloc_folios(test, row->to, row->from);
}

/* Returns the index of the first byte that differs, or @len. */
static inline size_t first_difference(const char *a, const char *b, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (a[i] != b[i])
			return i;
	return len;
}

/*
 * Checks both folios after the function @op, outside of the range that it was given
 * as well, that nothing is left mapped, and that nothing has warned, as an unmapping
 * in the wrong order does.
 */
static inline const char *check_folios(struct kunit *test, const char *op, int row)
{
	struct highmem_test *h = test->priv;
	int depth = kmap_local_depth();
	int warnings = kunit_suppressed_warning_count(h->warnings);

	for (int i = 0; i < 2 && h->folio[i]; i++) {
		size_t at;

		for (int j = 0; j < FOLIO_PAGES; j++) {
			void *addr = kmap_local_page(folio_page(h->folio[i], j));

			memcpy(h->buf + j * PAGE_SIZE, addr, PAGE_SIZE);
			kunmap_local(addr);
		}
		at = first_difference(h->buf, h->expected[i], FOLIO_SIZE);
		if (at < FOLIO_SIZE)
			return mm_kunit_wrong(test,
					      "%s, row %d: byte %zu of %s: expected %02x, found %02x",
					      op, row, at, i ? "the source" : "the target",
					      (u8)h->expected[i][at], (u8)h->buf[at]);
	}
	if (depth)
		return mm_kunit_wrong(test, "%s, row %d: local mappings left: expected 0, found %d",
				      op, row, depth);
	if (warnings)
		return mm_kunit_wrong(test, "%s, row %d: warnings: expected 0, found %d",
				      op, row, warnings);
	return NULL;
}

#endif /* _MM_TESTS_HIGHMEM_FOLIO_H */
