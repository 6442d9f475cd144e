/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Pages for the tests of vmap() and its kin, and what to ask about them.
 *
 * Each case gets NR_PAGES pages whose page frames follow each other, although
 * each is a page of its own. Page i holds the byte i + 1 all over. The case
 * owns one reference of each, so a page is never freed under a case, and a
 * count of 1 means that all others who had a reference have dropped it.
 *
 * An address that is not mapped is never touched: the page tables tell.
 */
#ifndef _MM_TESTS_VMAP_PAGES_H
#define _MM_TESTS_VMAP_PAGES_H

#include <kunit/test.h>
#include <linux/highmem.h>
#include <linux/mm.h>
#include <linux/pgtable.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>
#include <linux/vmstat.h>

#include "mm_kunit.h"

#define NR_PAGES	16
#define ORDER		ilog2(NR_PAGES)

/* WARN() is compiled out without CONFIG_BUG. */
#define WARNINGS(n)	(IS_ENABLED(CONFIG_BUG) ? (n) : 0)

KUNIT_DEFINE_ACTION_WRAPPER(vunmap_action, vunmap, const void *);
KUNIT_DEFINE_ACTION_WRAPPER(put_page_action, put_page, struct page *);

/* What an array of NR_PAGES entries refers to: entry i to page index[i]. */
enum { ASCENDING, DESCENDING, INTERLEAVED, SCATTERED, RUNS, DUPLICATES, ONE_PAGE };

static const struct page_order {
	const char *desc;
	u8 index[NR_PAGES];
} page_orders[] __maybe_unused = {
	[ASCENDING] = { "ascending",
		{ 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15 } },
	[DESCENDING] = { "descending",
		{ 15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0 } },
	[INTERLEAVED] = { "interleaved",
		{ 0, 8, 1, 9, 2, 10, 3, 11, 4, 12, 5, 13, 6, 14, 7, 15 } },
	[SCATTERED] = { "scattered",
		{ 3, 10, 1, 8, 15, 6, 13, 4, 11, 2, 9, 0, 7, 14, 5, 12 } },
	[RUNS] = { "runs",
		{ 9, 10, 11, 12, 13, 0, 1, 2, 15, 3, 4, 5, 6, 7, 14, 8 } },
	[DUPLICATES] = { "duplicates",
		{ 0, 1, 2, 3, 0, 1, 2, 3, 8, 8, 7, 7, 6, 9, 9, 9 } },
	[ONE_PAGE] = { "one_page",
		{ 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5 } },
};

static inline void fill_array(struct page **array, struct page *first,
			      const struct page_order *order)
{
	for (int i = 0; i < NR_PAGES; i++)
		array[i] = first + order->index[i];
}

/* The pages of the test in the given order; the array is the test's. */
static inline struct page **array_of(struct kunit *test, int order)
{
	struct page **array;

	array = kunit_kmalloc_array(test, NR_PAGES, sizeof(*array), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, array);
	fill_array(array, test->priv, &page_orders[order]);

	return array;
}

/* As many entries as wanted, that repeat the first @nr pages of the test. */
static inline struct page **array_repeating(struct kunit *test,
					    unsigned int count, unsigned int nr)
{
	struct page *page = test->priv, **array;

	array = kunit_kmalloc_array(test, count, sizeof(*array), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, array);
	for (unsigned int i = 0; i < count; i++)
		array[i] = page + i % nr;

	return array;
}

/*
 * Arrays with compound pages. Who maps contiguous pages by the run must see
 * where a run begins and ends; it may begin at any page, end before the
 * compound page does, and the page after it need not be the next one.
 *
 * S(i) is page i of the test, A(i) to C(i) are pages of three compound pages.
 */
#define S(i)		(i)
#define A(i)		(NR_PAGES + (i))
#define B(i)		(NR_PAGES + 8 + (i))
#define C(i)		(NR_PAGES + 16 + (i))
#define NR_MIX_PAGES	(NR_PAGES + 18)

static const struct mix {
	const char *desc;
	unsigned int count;
	u8 index[20];
} mixes[] __maybe_unused = {
	{ "compound", 8,
		{ A(0), A(1), A(2), A(3), A(4), A(5), A(6), A(7) } },
	{ "compound_at_odd_place", 10,
		{ S(3), A(0), A(1), A(2), A(3), A(4), A(5), A(6), A(7), S(4) } },
	{ "compound_backwards", 8,
		{ A(7), A(6), A(5), A(4), A(3), A(2), A(1), A(0) } },
	{ "compound_twice", 16,
		{ A(0), A(1), A(2), A(3), A(4), A(5), A(6), A(7),
		  A(0), A(1), A(2), A(3), A(4), A(5), A(6), A(7) } },
	{ "compound_without_head", 7,
		{ A(1), A(2), A(3), A(4), A(5), A(6), A(7) } },
	{ "compound_without_last", 9,
		{ A(0), A(1), A(2), A(3), A(4), A(5), A(6), S(0), S(1) } },
	{ "compound_with_foreign_page", 8,
		{ A(0), A(1), A(2), S(3), A(4), A(5), A(6), A(7) } },
	{ "compound_with_page_left_out", 7,
		{ A(0), A(1), A(2), A(4), A(5), A(6), A(7) } },
	{ "compound_with_pages_swapped", 8,
		{ A(0), A(1), A(3), A(2), A(4), A(5), A(7), A(6) } },
	{ "compound_rotated", 8,
		{ A(4), A(5), A(6), A(7), A(0), A(1), A(2), A(3) } },
	{ "two_compounds", 16,
		{ A(0), A(1), A(2), A(3), A(4), A(5), A(6), A(7),
		  B(0), B(1), B(2), B(3), B(4), B(5), B(6), B(7) } },
	{ "two_compounds_interleaved", 16,
		{ A(0), B(0), A(1), B(1), A(2), B(2), A(3), B(3),
		  A(4), B(4), A(5), B(5), A(6), B(6), A(7), B(7) } },
	{ "heads", 8,
		{ A(0), B(0), C(0), A(0), B(0), C(0), A(0), A(0) } },
	{ "one_tail", 8,
		{ A(5), A(5), A(5), A(5), A(5), A(5), A(5), A(5) } },
	{ "orders_ascending", 20,
		{ S(0), S(1), C(0), C(1), A(0), A(1), A(2), A(3), A(4), A(5),
		  A(6), A(7), B(0), B(1), B(2), B(3), B(4), B(5), B(6), B(7) } },
	{ "orders_descending", 19,
		{ A(0), A(1), A(2), A(3), A(4), A(5), A(6), A(7), C(0), C(1),
		  S(8), S(9), S(10), S(11), S(12), S(13), S(14), S(15), S(0) } },
};

#undef S
#undef A
#undef B
#undef C

/* The pages that the index of a mix refers to, each filled like the test's. */
static inline struct page **mix_pages(struct kunit *test)
{
	static const unsigned int orders[] = { 3, 3, 1 };
	struct page **pages, *head;
	unsigned int n = NR_PAGES;

	pages = kunit_kmalloc_array(test, NR_MIX_PAGES, sizeof(*pages), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, pages);
	for (int i = 0; i < NR_PAGES; i++)
		pages[i] = (struct page *)test->priv + i;

	for (int c = 0; c < ARRAY_SIZE(orders); c++) {
		head = alloc_pages(GFP_KERNEL | __GFP_COMP, orders[c]);
		KUNIT_ASSERT_NOT_NULL(test, head);
		KUNIT_ASSERT_EQ(test, 0,
				kunit_add_action_or_reset(test, put_page_action, head));
		for (int i = 0; i < 1 << orders[c]; i++) {
			pages[n++] = head + i;
			memset_page(head + i, 0, n, PAGE_SIZE);
			flush_dcache_page(head + i);
		}
	}

	return pages;
}

/* The array that a mix describes; nothing but the test refers to it. */
static inline struct page **array_of_mix(struct kunit *test, struct page **pages,
					 const struct mix *mix)
{
	struct page **array;

	array = kunit_kmalloc_array(test, mix->count, sizeof(*array), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, array);
	for (unsigned int i = 0; i < mix->count; i++)
		array[i] = pages[mix->index[i]];

	return array;
}

/* vmap(), undone by vunmap() when the case ends or by unmap() before. */
static inline void *map(struct kunit *test, struct page **array,
			unsigned int count, unsigned long flags, pgprot_t prot)
{
	void *addr = vmap(array, count, flags, prot);

	KUNIT_ASSERT_NOT_NULL(test, addr);
	KUNIT_ASSERT_EQ(test, 0,
			kunit_add_action_or_reset(test, vunmap_action, addr));

	return addr;
}

static inline void unmap(struct kunit *test, void *addr)
{
	kunit_release_action(test, vunmap_action, addr);
}

/* Take the references that an array is to give away, or give them back. */
static inline void get_pages(struct page **array, unsigned int count)
{
	for (unsigned int i = 0; i < count; i++)
		get_page(array[i]);
}

static inline void put_pages(struct page **array, unsigned int count)
{
	for (unsigned int i = 0; i < count; i++)
		put_page(array[i]);
}

/* An array to be given away. */
static inline struct page **new_array(struct kunit *test, int order, bool vmalloced)
{
	size_t size = NR_PAGES * sizeof(struct page *);
	struct page **array = vmalloced ? vmalloc(size) : kmalloc(size, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, array);
	fill_array(array, test->priv, &page_orders[order]);

	return array;
}

/* How many pages from @addr on are mapped as in @array, NULL: not mapped. */
static inline unsigned int mapped_as(const void *addr, struct page **array,
				     unsigned int count)
{
	unsigned int i;

	for (i = 0; i < count; i++)
		if (vmalloc_to_page(addr + i * PAGE_SIZE) !=
		    (array ? array[i] : NULL))
			break;

	return i;
}

/* How many pages from @addr on show the contents of the pages in @index. */
static inline unsigned int shown_as(const void *addr, const u8 *index,
				    unsigned int count)
{
	unsigned int i;

	for (i = 0; i < count; i++)
		if (memchr_inv(addr + i * PAGE_SIZE, index[i] + 1, PAGE_SIZE))
			break;

	return i;
}

/* How many of the test's pages have no reference but the test's. */
static inline unsigned int nr_unshared(struct kunit *test)
{
	struct page *page = test->priv;
	unsigned int n = 0;

	for (int i = 0; i < NR_PAGES; i++)
		n += page_count(page + i) == 1;

	return n;
}

/* Where struct page would be if there were memory after all; not for access. */
static inline struct page *page_without_pfn(struct kunit *test)
{
	struct page *page = test->priv;
	unsigned long pfn = page_to_pfn(page);

	if (IS_ENABLED(CONFIG_SPARSEMEM) && !IS_ENABLED(CONFIG_SPARSEMEM_VMEMMAP))
		kunit_skip(test, "needs CONFIG_FLATMEM or CONFIG_SPARSEMEM_VMEMMAP");
	while (pfn_valid(pfn))
		pfn += MAX_ORDER_NR_PAGES;

	return pfn_to_page(pfn);
}

/* Half of what @rounds objects of @size cost if they are not freed. */
#define SLAB_TOLERANCE(rounds, size)	((rounds) * (size) / PAGE_SIZE / 2)

static inline unsigned long slab_pages_now(void)
{
	return global_node_page_state_pages(NR_SLAB_UNRECLAIMABLE_B);
}

/*
 * By how much @rounds of @work change @counter. Others change it too, and
 * freed memory may wait in lists of a CPU; but a leak is there every time, so
 * the best of a few tries tells.
 */
static inline unsigned long drift(struct kunit *test, unsigned long (*counter)(void),
				  int (*work)(struct kunit *test),
				  unsigned int rounds, unsigned long tolerance)
{
	unsigned long before, min = ULONG_MAX;
	int err = 0;

	for (int tries = 0; tries < 4 && min >= tolerance; tries++) {
		before = counter();
		for (unsigned int i = 0; i < rounds && !err; i++)
			err = work(test);
		KUNIT_ASSERT_EQ(test, err, 0);
		vm_unmap_aliases();
		min = min(min, abs_diff(counter(), before));
	}

	return min;
}

static inline void put_test_pages(void *page)
{
	for (int i = 0; i < NR_PAGES; i++)
		put_page((struct page *)page + i);
}

/* To be called when a case begins. */
static inline int vmap_pages_init(struct kunit *test)
{
	struct page *page = alloc_pages(GFP_KERNEL | __GFP_HIGHMEM, ORDER);

	mm_kunit_init(test);
	if (!page)
		return -ENOMEM;
	split_page(page, ORDER);
	for (int i = 0; i < NR_PAGES; i++) {
		memset_page(page + i, 0, i + 1, PAGE_SIZE);
		flush_dcache_page(page + i);
	}
	test->priv = page;

	return kunit_add_action_or_reset(test, put_test_pages, page);
}

#endif /* _MM_TESTS_VMAP_PAGES_H */
