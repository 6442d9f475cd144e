/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Pages for the tests of vmap(), vm_map_ram() and other functions of
 * mm/vmalloc.c that map pages, and checks of what is mapped.
 *
 * vmap_pages_init() gives each case NR_VMAP_PAGES pages, the first of which is
 * test->priv. Their page frames follow each other, but each is a page of its
 * own. Each byte of page i has the value i + 1. The case owns one reference of
 * each page, so no page is freed while a case runs, and a reference count of 1
 * says that all other references have been dropped.
 *
 * Addresses that may be unmapped are never accessed: the checks look at the page
 * tables with vmalloc_to_page().
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

#define NR_VMAP_PAGES		16
#define VMAP_PAGES_ORDER	ilog2(NR_VMAP_PAGES)

/* Orders of the pages in an array: entry i of the array is page index[i]. */
enum {
	VMAP_ASCENDING,
	VMAP_DESCENDING,
	VMAP_INTERLEAVED,
	VMAP_SCATTERED,
	VMAP_RUNS,
	VMAP_DUPLICATES,
	VMAP_ONE_PAGE,
};

static const struct vmap_pages_order {
	const char *desc;
	u8 index[NR_VMAP_PAGES];
} vmap_pages_orders[] __maybe_unused = {
	[VMAP_ASCENDING] = {
		.desc = "ascending",
		.index = { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15 },
	},
	[VMAP_DESCENDING] = {
		.desc = "descending",
		.index = { 15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0 },
	},
	[VMAP_INTERLEAVED] = {
		.desc = "interleaved",
		.index = { 0, 8, 1, 9, 2, 10, 3, 11, 4, 12, 5, 13, 6, 14, 7, 15 },
	},
	[VMAP_SCATTERED] = {
		.desc = "scattered",
		.index = { 3, 10, 1, 8, 15, 6, 13, 4, 11, 2, 9, 0, 7, 14, 5, 12 },
	},
	[VMAP_RUNS] = {
		.desc = "runs",
		.index = { 9, 10, 11, 12, 13, 0, 1, 2, 15, 3, 4, 5, 6, 7, 14, 8 },
	},
	[VMAP_DUPLICATES] = {
		.desc = "duplicates",
		.index = { 0, 1, 2, 3, 0, 1, 2, 3, 8, 8, 7, 7, 6, 9, 9, 9 },
	},
	[VMAP_ONE_PAGE] = {
		.desc = "one_page",
		.index = { 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5 },
	},
};

static inline void vmap_pages_fill_array(struct page **array, struct page *first,
					 const struct vmap_pages_order *order)
{
	for (int i = 0; i < NR_VMAP_PAGES; i++)
		array[i] = first + order->index[i];
}

/* Returns the pages of the case in the given order; vmap() does not free the array. */
static inline struct page **vmap_pages_array(struct kunit *test, int order)
{
	struct page **array;

	array = kunit_kmalloc_array(test, NR_VMAP_PAGES, sizeof(*array), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, array);
	vmap_pages_fill_array(array, test->priv, &vmap_pages_orders[order]);

	return array;
}

/* Returns an array of @count entries that repeat the first @nr pages of the case. */
static inline struct page **vmap_pages_repeat(struct kunit *test,
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
 * Arrays with pages of compound pages. A function that maps contiguous pages as
 * one run has to find where each run begins and ends: it may begin at any page of
 * a compound page, it may end before the compound page does, and the next entry
 * of the array need not be the next page.
 *
 * S(i) is page i of the case; A(i), B(i), C(i) are pages of three compound pages.
 */
#define S(i)		(i)
#define A(i)		(NR_VMAP_PAGES + (i))
#define B(i)		(NR_VMAP_PAGES + 8 + (i))
#define C(i)		(NR_VMAP_PAGES + 16 + (i))
#define NR_VMAP_MIX_PAGES	(NR_VMAP_PAGES + 18)

static const struct vmap_pages_mix {
	const char *desc;
	unsigned int count;
	u8 index[20];
} vmap_pages_mixes[] __maybe_unused = {
	{
		.desc = "compound", .count = 8,
		.index = { A(0), A(1), A(2), A(3), A(4), A(5), A(6), A(7) },
	},
	{
		.desc = "compound_at_odd_place", .count = 10,
		.index = { S(3), A(0), A(1), A(2), A(3), A(4), A(5), A(6), A(7), S(4) },
	},
	{
		.desc = "compound_backwards", .count = 8,
		.index = { A(7), A(6), A(5), A(4), A(3), A(2), A(1), A(0) },
	},
	{
		.desc = "compound_twice", .count = 16,
		.index = { A(0), A(1), A(2), A(3), A(4), A(5), A(6), A(7),
			   A(0), A(1), A(2), A(3), A(4), A(5), A(6), A(7) },
	},
	{
		.desc = "compound_without_head", .count = 7,
		.index = { A(1), A(2), A(3), A(4), A(5), A(6), A(7) },
	},
	{
		.desc = "compound_without_last", .count = 9,
		.index = { A(0), A(1), A(2), A(3), A(4), A(5), A(6), S(0), S(1) },
	},
	{
		.desc = "compound_with_foreign_page", .count = 8,
		.index = { A(0), A(1), A(2), S(3), A(4), A(5), A(6), A(7) },
	},
	{
		.desc = "compound_with_page_left_out", .count = 7,
		.index = { A(0), A(1), A(2), A(4), A(5), A(6), A(7) },
	},
	{
		.desc = "compound_with_pages_swapped", .count = 8,
		.index = { A(0), A(1), A(3), A(2), A(4), A(5), A(7), A(6) },
	},
	{
		.desc = "compound_rotated", .count = 8,
		.index = { A(4), A(5), A(6), A(7), A(0), A(1), A(2), A(3) },
	},
	{
		.desc = "two_compounds", .count = 16,
		.index = { A(0), A(1), A(2), A(3), A(4), A(5), A(6), A(7),
			   B(0), B(1), B(2), B(3), B(4), B(5), B(6), B(7) },
	},
	{
		.desc = "two_compounds_interleaved", .count = 16,
		.index = { A(0), B(0), A(1), B(1), A(2), B(2), A(3), B(3),
			   A(4), B(4), A(5), B(5), A(6), B(6), A(7), B(7) },
	},
	{
		.desc = "heads", .count = 8,
		.index = { A(0), B(0), C(0), A(0), B(0), C(0), A(0), A(0) },
	},
	{
		.desc = "one_tail", .count = 8,
		.index = { A(5), A(5), A(5), A(5), A(5), A(5), A(5), A(5) },
	},
	{
		.desc = "orders_ascending", .count = 20,
		.index = { S(0), S(1), C(0), C(1), A(0), A(1), A(2), A(3), A(4), A(5),
			   A(6), A(7), B(0), B(1), B(2), B(3), B(4), B(5), B(6), B(7) },
	},
	{
		.desc = "orders_descending", .count = 19,
		.index = { A(0), A(1), A(2), A(3), A(4), A(5), A(6), A(7), C(0), C(1),
			   S(8), S(9), S(10), S(11), S(12), S(13), S(14), S(15), S(0) },
	},
};

#undef S
#undef A
#undef B
#undef C

/* Returns the pages that the index of a mix refers to; page n is filled with n + 1. */
static inline struct page **vmap_pages_mix_pages(struct kunit *test)
{
	static const unsigned int orders[] = { 3, 3, 1 };
	struct page **pages, *head;
	unsigned int n = NR_VMAP_PAGES;

	pages = kunit_kmalloc_array(test, NR_VMAP_MIX_PAGES, sizeof(*pages), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, pages);
	for (int i = 0; i < NR_VMAP_PAGES; i++)
		pages[i] = (struct page *)test->priv + i;

	for (int c = 0; c < ARRAY_SIZE(orders); c++) {
		head = mm_kunit_pages(test, GFP_KERNEL, orders[c]);
		for (int i = 0; i < 1 << orders[c]; i++) {
			pages[n++] = head + i;
			memset_page(head + i, 0, n, PAGE_SIZE);
			flush_dcache_page(head + i);
		}
	}

	return pages;
}

/* Returns the array that @mix describes; vmap() does not free it. */
static inline struct page **vmap_pages_mix_array(struct kunit *test, struct page **pages,
						 const struct vmap_pages_mix *mix)
{
	struct page **array;

	array = kunit_kmalloc_array(test, mix->count, sizeof(*array), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, array);
	for (unsigned int i = 0; i < mix->count; i++)
		array[i] = pages[mix->index[i]];

	return array;
}

/* Calls vmap(); vunmap() follows when the case ends, or by vmap_pages_unmap(). */
static inline void *vmap_pages_map(struct kunit *test, struct page **array,
				   unsigned int count, unsigned long flags, pgprot_t prot)
{
	return mm_kunit_manage(test, mm_kunit_vunmap, vmap(array, count, flags, prot));
}

static inline void vmap_pages_unmap(struct kunit *test, void *addr)
{
	kunit_release_action(test, mm_kunit_vunmap, addr);
}

/* Takes a reference for each entry, which VM_MAP_PUT_PAGES gives away. */
static inline void vmap_pages_get(struct page **array, unsigned int count)
{
	for (unsigned int i = 0; i < count; i++)
		get_page(array[i]);
}

static inline void vmap_pages_put(struct page **array, unsigned int count)
{
	for (unsigned int i = 0; i < count; i++)
		put_page(array[i]);
}

/* Returns an array for VM_MAP_PUT_PAGES, which vfree() of the mapping frees. */
static inline struct page **vmap_pages_new_array(struct kunit *test, int order, bool vmalloced)
{
	size_t size = NR_VMAP_PAGES * sizeof(struct page *);
	struct page **array = vmalloced ? vmalloc(size) : kmalloc(size, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, array);
	vmap_pages_fill_array(array, test->priv, &vmap_pages_orders[order]);

	return array;
}

/*
 * Calls vmap() with VM_MAP_PUT_PAGES for @array, which the caller has allocated, and
 * a new reference of each page. vfree() follows when the case ends.
 */
static inline void *vmap_pages_map_given(struct kunit *test, struct page **array,
					 unsigned int count)
{
	void *addr;

	vmap_pages_get(array, count);
	addr = vmap(array, count, VM_MAP | VM_MAP_PUT_PAGES, PAGE_KERNEL);
	if (!addr) {
		vmap_pages_put(array, count);
		kvfree(array);
	}
	KUNIT_ASSERT_NOT_NULL(test, addr);
	mm_kunit_manage(test, mm_kunit_vfree, addr);

	return addr;
}

static inline void vmap_pages_free_area_action(void *area)
{
	free_vm_area(area);
}

/* Leaves @area to the case; free_vm_area() follows, or vmap_pages_free_area(). */
static inline struct vm_struct *vmap_pages_area(struct kunit *test, struct vm_struct *area)
{
	return mm_kunit_manage(test, vmap_pages_free_area_action, area);
}

static inline void vmap_pages_free_area(struct kunit *test, struct vm_struct *area)
{
	kunit_release_action(test, vmap_pages_free_area_action, area);
}

/* -- checks ----------------------------------------------------------------- */

/**
 * vmap_pages_nr_mapped() - how many pages are mapped as an array says
 * @addr: the address of the first page
 * @array: the pages that are expected, or NULL if none may be mapped
 * @count: how many pages to look at
 *
 * Return: the number of pages before the first one that differs.
 */
static inline unsigned int vmap_pages_nr_mapped(const void *addr, struct page **array,
						unsigned int count)
{
	unsigned int i;

	for (i = 0; i < count; i++)
		if (vmalloc_to_page(addr + i * PAGE_SIZE) != (array ? array[i] : NULL))
			break;

	return i;
}

/* A page as text for a check, with the index that it has among those of the case. */
static inline const char *vmap_pages_name(struct kunit *test, struct page *page,
					  char *buf, size_t size)
{
	struct page *first = test->priv;

	if (!page)
		snprintf(buf, size, "no page");
	else if (page >= first && page < first + NR_VMAP_PAGES)
		snprintf(buf, size, "pfn %lx (page %ld of the case)", page_to_pfn(page),
			 (long)(page - first));
	else
		snprintf(buf, size, "pfn %lx", page_to_pfn(page));

	return buf;
}

/**
 * vmap_pages_check_mapped() - check that pages are mapped as an array says
 * @test: the case
 * @addr: the address of the first page
 * @array: the pages that are expected, or NULL if none may be mapped
 * @count: how many pages to look at
 *
 * Return: NULL, or what is wrong, for MM_KUNIT_EXPECT().
 */
static inline const char *vmap_pages_check_mapped(struct kunit *test, const void *addr,
						  struct page **array, unsigned int count)
{
	unsigned int i = vmap_pages_nr_mapped(addr, array, count);
	char expected[48], found[48];

	if (i == count)
		return NULL;
	vmap_pages_name(test, array ? array[i] : NULL, expected, sizeof(expected));
	vmap_pages_name(test, vmalloc_to_page(addr + i * PAGE_SIZE), found, sizeof(found));

	return mm_kunit_wrong(test, "entry %u of %u at %p: expected %s, found %s",
			      i, count, addr + i * PAGE_SIZE, expected, found);
}

/**
 * vmap_pages_check_contents() - check what is read through a mapping
 * @test: the case
 * @addr: the address of the first page; all of them must be mapped
 * @index: the numbers of the pages that are expected
 * @count: how many pages to look at
 *
 * Return: NULL, or what is wrong, for MM_KUNIT_EXPECT().
 */
static inline const char *vmap_pages_check_contents(struct kunit *test, const void *addr,
						    const u8 *index, unsigned int count)
{
	for (unsigned int i = 0; i < count; i++) {
		const u8 *start = addr + i * PAGE_SIZE;
		const u8 *bad = memchr_inv(start, index[i] + 1, PAGE_SIZE);

		if (bad)
			return mm_kunit_wrong(test,
					      "page %u of %u, byte %td: expected %#x, found %#x",
					      i, count, bad - start, index[i] + 1, *bad);
	}

	return NULL;
}

/**
 * vmap_pages_check_refs() - check the references of the case's pages
 * @test: the case
 * @refs: how many each of them has to have
 *
 * Return: NULL, or what is wrong, for MM_KUNIT_EXPECT().
 */
static inline const char *vmap_pages_check_refs(struct kunit *test, int refs)
{
	struct page *page = test->priv;

	for (int i = 0; i < NR_VMAP_PAGES; i++)
		if (page_count(page + i) != refs)
			return mm_kunit_wrong(test,
					      "page %d of the case: expected %d references, found %d",
					      i, refs, page_count(page + i));

	return NULL;
}

/* Returns a struct page whose page frame is not valid; it must not be accessed. */
static inline struct page *vmap_pages_without_pfn(struct kunit *test)
{
	struct page *page = test->priv;
	unsigned long pfn = page_to_pfn(page);

	if (IS_ENABLED(CONFIG_SPARSEMEM) && !IS_ENABLED(CONFIG_SPARSEMEM_VMEMMAP))
		kunit_skip(test, "needs CONFIG_FLATMEM or CONFIG_SPARSEMEM_VMEMMAP");
	while (pfn_valid(pfn))
		pfn += MAX_ORDER_NR_PAGES;

	return pfn_to_page(pfn);
}

/* Half of the slab pages that @rounds objects of @size take if none is freed. */
#define VMAP_PAGES_SLAB_TOLERANCE(rounds, size)	((rounds) * (size) / PAGE_SIZE / 2)

static inline unsigned long vmap_pages_slab_pages(void)
{
	return global_node_page_state_pages(NR_SLAB_UNRECLAIMABLE_B);
}

/**
 * vmap_pages_check_leak() - check that a counter does not drift
 * @test: the case
 * @counter: the number of objects or pages in use, or of free ones
 * @work: a function that must leave @counter as it was; returns 0 or -errno
 * @rounds: how often it is called in each try
 * @tolerance: a change below this is taken for that of other users
 *
 * Other users change the counter as well, and freed memory may wait in the lists
 * of a CPU. But a leak is there in each try, so the try with the smallest change
 * of up to four tells.
 *
 * Return: NULL, or what is wrong, for MM_KUNIT_EXPECT().
 */
static inline const char *vmap_pages_check_leak(struct kunit *test,
						unsigned long (*counter)(void),
						int (*work)(struct kunit *test),
						unsigned int rounds, unsigned long tolerance)
{
	unsigned long before, min = ULONG_MAX;
	int err = 0;

	for (int tries = 0; tries < 4 && min >= tolerance; tries++) {
		before = counter();
		for (unsigned int i = 0; i < rounds && !err; i++)
			err = work(test);
		if (err)
			return mm_kunit_wrong(test, "a round of try %d: expected 0, found error %d",
					      tries, err);
		vm_unmap_aliases();
		min = min(min, abs_diff(counter(), before));
	}
	if (min < tolerance)
		return NULL;

	return mm_kunit_wrong(test,
			      "%u rounds: expected a change of less than %lu, found %lu in the best of 4 tries",
			      rounds, tolerance, min);
}

static inline void vmap_pages_release(void *page)
{
	for (int i = 0; i < NR_VMAP_PAGES; i++)
		put_page((struct page *)page + i);
}

/* The init of the suites: the pages of the case, as described above. */
static inline int vmap_pages_init(struct kunit *test)
{
	struct page *page = alloc_pages(GFP_KERNEL | __GFP_HIGHMEM, VMAP_PAGES_ORDER);

	mm_kunit_init(test);
	if (!page)
		return -ENOMEM;
	split_page(page, VMAP_PAGES_ORDER);
	for (int i = 0; i < NR_VMAP_PAGES; i++) {
		memset_page(page + i, 0, i + 1, PAGE_SIZE);
		flush_dcache_page(page + i);
	}
	test->priv = page;

	return kunit_add_action_or_reset(test, vmap_pages_release, page);
}

#endif /* _MM_TESTS_VMAP_PAGES_H */
