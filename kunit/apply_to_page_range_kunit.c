// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests for apply_to_page_range() and apply_to_existing_page_range(), which
 * call a function for each page table entry of a range: in the address space of a
 * process, and in that of the kernel.
 */
#include <kunit/test.h>
#include <linux/err.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/module.h>
#include <linux/pgtable.h>

#include "mm_kunit.h"
#include "user_vma.h"
#include "vm_area_tables.h"
#include "vmap_pages.h"

/* The pages of the range: half of them on each side of the border of two tables. */
#define NR_PAGES	8

/**
 * struct visits - what the function that is called for each entry sees
 * @nr: how often it was called
 * @addr: for which address
 * @pte: which entry stood there
 * @stop_at: the call that fails; 0 for none
 */
struct visits {
	unsigned int nr;
	unsigned long addr[2 * NR_PAGES];
	pte_t pte[2 * NR_PAGES];
	unsigned int stop_at;
};

/* An error that nothing else here returns. */
#define STOPPED		(-EXDEV)

static int visit(pte_t *pte, unsigned long addr, void *data)
{
	struct visits *v = data;

	if (v->nr < ARRAY_SIZE(v->addr)) {
		v->addr[v->nr] = addr;
		v->pte[v->nr] = ptep_get(pte);
	}
	v->nr++;

	return v->nr == v->stop_at ? STOPPED : 0;
}

/* Looks whether the calls were for @nr pages from @start on, in order. */
static const char *check_visits(struct kunit *test, const struct visits *v,
				unsigned long start, unsigned int nr)
{
	unsigned int i;

	if (v->nr != nr)
		return mm_kunit_wrong(test, "calls: expected %u, found %u", nr, v->nr);
	for (i = 0; i < nr; i++)
		if (v->addr[i] != start + i * PAGE_SIZE)
			return mm_kunit_wrong(test, "address of call %u: expected %lx, found %lx",
					      i, start + i * PAGE_SIZE, v->addr[i]);

	return NULL;
}

/* Looks whether there was nothing yet in the entries. */
static const char *check_none(struct kunit *test, const struct visits *v)
{
	unsigned int i;

	for (i = 0; i < min(v->nr, ARRAY_SIZE(v->pte)); i++)
		if (!pte_none(v->pte[i]))
			return mm_kunit_wrong(test, "entry of call %u: expected none, found %llx",
					      i, (u64)pte_val(v->pte[i]));

	return NULL;
}

/* Maps nr_pages pages of anonymous memory at addr, of which none is there yet. */
static void anon_map_at(struct kunit *test, unsigned long addr, unsigned int nr_pages)
{
	user_attach_mm(test);
	KUNIT_ASSERT_EQ(test,
			vm_mmap(NULL, addr, nr_pages * PAGE_SIZE, PROT_RW,
				MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, 0),
			addr);
}

/*
 * Returns the address of NR_PAGES pages of anonymous memory, which no page table
 * maps so far:
 *
 *      |---- p0 ... p3 ----|---- p4 ... p7 ----|
 *                          ^ border of two tables of each level
 */
static unsigned long anon_map_across(struct kunit *test)
{
	unsigned long start = user_table_border() - NR_PAGES / 2 * PAGE_SIZE;

	anon_map_at(test, start, NR_PAGES);

	return start;
}

static int apply(unsigned long start, unsigned long size, struct visits *v)
{
	int err;

	mmap_write_lock(current->mm);
	err = apply_to_page_range(current->mm, start, size, visit, v);
	mmap_write_unlock(current->mm);

	return err;
}

static int apply_existing(unsigned long start, unsigned long size, struct visits *v)
{
	int err;

	mmap_write_lock(current->mm);
	err = apply_to_existing_page_range(current->mm, start, size, visit, v);
	mmap_write_unlock(current->mm);

	return err;
}

/* -- Which entries ----------------------------------------------------------- */

/*
 * apply_to_page_range() makes the page tables that are missing, and calls the
 * function once for each page of the range, from the first to the last: drivers fill
 * the entries from a list of pages that is in this order.
 */
static void apply_to_page_range_fills_tables(struct kunit *test)
{
	unsigned long start = anon_map_across(test), before = mm_pgtables_bytes(current->mm);
	struct visits v = {};

	KUNIT_EXPECT_EQ(test, apply(start, NR_PAGES * PAGE_SIZE, &v), 0);
	MM_KUNIT_EXPECT(test, check_visits(test, &v, start, NR_PAGES));
	MM_KUNIT_EXPECT(test, check_none(test, &v));
	KUNIT_EXPECT_GT(test, mm_pgtables_bytes(current->mm), before);
}

/*
 * The entry that the function gets is that of the address that it gets: what it
 * writes there is what the process sees at this address.
 */
static void apply_to_page_range_entries(struct kunit *test)
{
	unsigned long start = anon_map_across(test);
	struct visits v = {};
	u32 i, found;

	for (i = 0; i < NR_PAGES; i++)
		KUNIT_ASSERT_EQ_MSG(test, user_write(start + i * PAGE_SIZE, i), true, "page %u",
				    i);

	KUNIT_EXPECT_EQ(test, apply(start, NR_PAGES * PAGE_SIZE, &v), 0);
	MM_KUNIT_ASSERT(test, check_visits(test, &v, start, NR_PAGES));
	for (i = 0; i < NR_PAGES; i++) {
		KUNIT_ASSERT_EQ_MSG(test, !!pte_present(v.pte[i]), true,
				    "entry %llx of page %u", (u64)pte_val(v.pte[i]), i);
		memcpy_from_page((char *)&found, pte_page(v.pte[i]), 0, sizeof(found));
		KUNIT_EXPECT_EQ_MSG(test, found, i, "page %u", i);
	}
}

/*
 * apply_to_existing_page_range() calls the function for entries that hold something,
 * and goes past empty entries and missing tables without making any: who ages or
 * protects what is mapped must not use up memory for what is not.
 *
 *      start           border                      +1 table      +2 tables
 *      | none | written | none | written | no table | no table ... | none | written |
 */
static void apply_to_existing_page_range_skips(struct kunit *test)
{
	unsigned long border = user_table_border();
	const unsigned long written[] = {
		border - PAGE_SIZE, border + PAGE_SIZE, border + 2 * PMD_SIZE + PAGE_SIZE,
	};
	unsigned long start = border - 2 * PAGE_SIZE, end = border + 2 * PMD_SIZE + 4 * PAGE_SIZE;
	unsigned long bytes;
	struct visits v = {};
	u32 i, found;

	anon_map_at(test, start, 4);
	anon_map_at(test, border + 2 * PMD_SIZE, 4);
	for (i = 0; i < ARRAY_SIZE(written); i++)
		KUNIT_ASSERT_EQ_MSG(test, user_write(written[i], i), true, "page at %lx",
				    written[i]);
	bytes = mm_pgtables_bytes(current->mm);

	KUNIT_EXPECT_EQ(test, apply_existing(start, end - start, &v), 0);
	KUNIT_EXPECT_EQ(test, mm_pgtables_bytes(current->mm), bytes);
	KUNIT_ASSERT_EQ(test, v.nr, ARRAY_SIZE(written));
	for (i = 0; i < ARRAY_SIZE(written); i++) {
		KUNIT_EXPECT_EQ_MSG(test, v.addr[i], written[i], "call %u", i);
		KUNIT_ASSERT_EQ_MSG(test, !!pte_present(v.pte[i]), true,
				    "entry %llx of call %u", (u64)pte_val(v.pte[i]), i);
		memcpy_from_page((char *)&found, pte_page(v.pte[i]), 0, sizeof(found));
		KUNIT_EXPECT_EQ_MSG(test, found, i, "page of call %u", i);
	}
}

/*
 * A range of which nothing is mapped is no error for apply_to_existing_page_range(),
 * because its callers do not know what is mapped: it returns 0 and does not call the
 * function, whether the tables are there or not.
 */
static void apply_to_existing_page_range_empty(struct kunit *test)
{
	unsigned long start = anon_map_across(test), bytes = mm_pgtables_bytes(current->mm);
	struct visits v = {};

	KUNIT_EXPECT_EQ(test, apply_existing(start, NR_PAGES * PAGE_SIZE, &v), 0);
	KUNIT_EXPECT_EQ(test, v.nr, 0);
	KUNIT_EXPECT_EQ(test, mm_pgtables_bytes(current->mm), bytes);

	/* Now there are tables, whose entries are empty. */
	KUNIT_ASSERT_EQ(test, apply(start, NR_PAGES * PAGE_SIZE, &v), 0);
	v.nr = 0;
	KUNIT_EXPECT_EQ(test, apply_existing(start, NR_PAGES * PAGE_SIZE, &v), 0);
	KUNIT_EXPECT_EQ(test, v.nr, 0);
}

/* -- Errors ------------------------------------------------------------------ */

/* At which call the function fails, of NR_PAGES with a border in their middle. */
struct stop {
	const char *desc;
	unsigned int at;
};

static const struct stop stops[] = {
	{ .desc = "first", .at = 1 },
	{ .desc = "within_table", .at = 2 },
	{ .desc = "last_of_table", .at = NR_PAGES / 2 },
	{ .desc = "first_of_next_table", .at = NR_PAGES / 2 + 1 },
	{ .desc = "last", .at = NR_PAGES },
};

KUNIT_ARRAY_PARAM_DESC(stop, stops, desc);

/*
 * An error of the function is what apply_to_page_range() returns, and the function
 * is not called for any later page: the caller knows by that how far it came, and
 * undoes no more.
 */
static void apply_to_page_range_stops_at(struct kunit *test)
{
	const struct stop *row = test->param_value;
	unsigned long start = anon_map_across(test);
	struct visits v = { .stop_at = row->at };

	KUNIT_EXPECT_EQ(test, apply(start, NR_PAGES * PAGE_SIZE, &v), STOPPED);
	MM_KUNIT_EXPECT(test, check_visits(test, &v, start, row->at));
}

/*
 * apply_to_page_range() returns -ENOMEM if it cannot allocate a page table, and has
 * not called the function for the pages of that table, because there is no entry to
 * call it with.
 */
static void apply_to_page_range_no_memory(struct kunit *test)
{
	unsigned long start = user_table_border() - NR_PAGES / 2 * PAGE_SIZE;
	struct mm_kunit_failing fail;
	struct visits v;
	int err;

	mm_kunit_fail_setup(test, MM_KUNIT_FAIL_ONE);
	mm_kunit_for_each_failing(test, &fail) {
		anon_map_at(test, start, NR_PAGES);
		v = (struct visits){};
		mm_kunit_fail_begin(&fail);
		err = apply(start, NR_PAGES * PAGE_SIZE, &v);
		mm_kunit_fail_end(&fail);
		KUNIT_EXPECT_EQ_MSG(test, err, fail.reached ? -ENOMEM : 0, "allocation %u",
				    fail.nth);
		if (fail.reached)
			KUNIT_EXPECT_LE_MSG(test, v.nr, NR_PAGES / 2, "calls, allocation %u",
					    fail.nth);
		else
			MM_KUNIT_EXPECT_MSG(test, check_visits(test, &v, start, NR_PAGES),
					    "round %u", fail.nth);
		/* With it go the tables. */
		KUNIT_ASSERT_EQ_MSG(test, vm_munmap(start, NR_PAGES * PAGE_SIZE), 0,
				    "round %u", fail.nth);
	}
}

/* Sizes of which no range comes. */
struct refusal {
	const char *desc;
	unsigned long size;
};

static const struct refusal refusals[] = {
	{ .desc = "size_0", .size = 0 },
	{ .desc = "wraps", .size = -PAGE_SIZE },
};

KUNIT_ARRAY_PARAM_DESC(refusal, refusals, desc);

/*
 * A range that does not end behind its start warns and is -EINVAL, because it is a
 * mistake of the caller. The function is not called.
 */
static void apply_to_page_range_refuses(struct kunit *test)
{
	const struct refusal *row = test->param_value;
	unsigned long start = anon_map_across(test);
	struct visits v = {};

	kunit_warning_suppress(test) {
		KUNIT_EXPECT_EQ(test, apply(start, row->size, &v), -EINVAL);
		KUNIT_EXPECT_EQ(test, apply_existing(start, row->size, &v), -EINVAL);
		KUNIT_EXPECT_SUPPRESSED_WARNING_COUNT(test, MM_KUNIT_WARN(2));
	}
	KUNIT_EXPECT_EQ(test, v.nr, 0);
}

/* -- The kernel's address space ---------------------------------------------- */

/*
 * For &init_mm, too, apply_to_page_range() makes the tables, calls the function once
 * for each page in order, and stops at its error, because drivers map to the kernel
 * by it as they do to processes.
 */
static void apply_to_page_range_of_kernel(struct kunit *test)
{
	struct vm_struct *area = area_across(test, 0);
	unsigned long start = (unsigned long)area->addr, size = NR_PAGES * PAGE_SIZE;
	struct visits v = {};

	/* There are no tables yet: nothing exists. */
	KUNIT_EXPECT_EQ(test, apply_to_existing_page_range(&init_mm, start, size, visit, &v), 0);
	KUNIT_EXPECT_EQ(test, v.nr, 0);

	KUNIT_EXPECT_EQ(test, apply_to_page_range(&init_mm, start, size, visit, &v), 0);
	MM_KUNIT_EXPECT(test, check_visits(test, &v, start, NR_PAGES));
	MM_KUNIT_EXPECT(test, check_none(test, &v));

	/* Now there are, but the entries are empty. */
	v.nr = 0;
	KUNIT_EXPECT_EQ(test, apply_to_existing_page_range(&init_mm, start, size, visit, &v), 0);
	KUNIT_EXPECT_EQ(test, v.nr, 0);

	v = (struct visits){ .stop_at = NR_PAGES / 2 };
	KUNIT_EXPECT_EQ(test, apply_to_page_range(&init_mm, start, size, visit, &v), STOPPED);
	MM_KUNIT_EXPECT(test, check_visits(test, &v, start, NR_PAGES / 2));
}

/*
 * apply_to_existing_page_range() of &init_mm calls the function for the pages that
 * vmap() has mapped, and not for the guard page behind them, because nothing is
 * mapped there.
 */
static void apply_to_existing_page_range_of_kernel(struct kunit *test)
{
	struct page **array = vmap_pages_array(test, VMAP_ASCENDING);
	void *addr = vmap(array, 4, VM_MAP, PAGE_KERNEL);
	unsigned long start = (unsigned long)addr;
	struct visits v = {};
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, mm_kunit_manage(test, mm_kunit_vunmap, addr));
	KUNIT_EXPECT_EQ(test, apply_to_existing_page_range(&init_mm, start, 5 * PAGE_SIZE,
							   visit, &v), 0);
	MM_KUNIT_ASSERT(test, check_visits(test, &v, start, 4));
	for (i = 0; i < 4; i++)
		KUNIT_EXPECT_EQ_MSG(test, pte_pfn(v.pte[i]), page_to_pfn(array[i]), "page %u", i);
}

/*
 * For &init_mm, too, apply_to_page_range() returns -ENOMEM if it cannot allocate a
 * page table, and has not called the function for the pages of that table, because
 * the caller has to undo what the function has done.
 */
static void apply_to_page_range_of_kernel_no_memory(struct kunit *test)
{
	struct vm_struct *area = area_across(test, 0);
	unsigned long start = (unsigned long)area->addr;
	struct mm_kunit_failing round, fail;
	struct visits v;
	int err;

	mm_kunit_fail_setup(test, MM_KUNIT_FAIL_ONE);
	mm_kunit_for_each_failing(test, &round) {
		/* Each round gets one table more than the last, and no table is freed. */
		fail.nth = round.nth == 1 ? 1 : 2;
		v = (struct visits){};
		mm_kunit_fail_begin(&fail);
		err = apply_to_page_range(&init_mm, start, NR_PAGES * PAGE_SIZE, visit, &v);
		mm_kunit_fail_end(&fail);
		round.reached = fail.reached;
		KUNIT_EXPECT_EQ_MSG(test, err, round.reached ? -ENOMEM : 0, "round %u", round.nth);
		if (round.reached)
			KUNIT_EXPECT_LE_MSG(test, v.nr, NR_PAGES / 2, "calls, round %u", round.nth);
	}
	MM_KUNIT_EXPECT(test, check_visits(test, &v, start, NR_PAGES));
}

static struct kunit_case apply_to_page_range_test_cases[] = {
	KUNIT_CASE(apply_to_page_range_fills_tables),
	KUNIT_CASE(apply_to_page_range_entries),
	KUNIT_CASE(apply_to_existing_page_range_skips),
	KUNIT_CASE(apply_to_existing_page_range_empty),
	KUNIT_CASE_PARAM(apply_to_page_range_stops_at, stop_gen_params),
	KUNIT_CASE(apply_to_page_range_no_memory),
	KUNIT_CASE_PARAM(apply_to_page_range_refuses, refusal_gen_params),
	KUNIT_CASE_PARAM(apply_to_page_range_of_kernel, level_gen_params),
	KUNIT_CASE(apply_to_existing_page_range_of_kernel),
	KUNIT_CASE_PARAM(apply_to_page_range_of_kernel_no_memory, level_gen_params),
	{}
};

static struct kunit_suite apply_to_page_range_test_suite = {
	.name = "apply_to_page_range",
	.init = vmap_pages_init,
	.test_cases = apply_to_page_range_test_cases,
};

kunit_test_suite(apply_to_page_range_test_suite);

MODULE_DESCRIPTION("KUnit tests for apply_to_page_range()");
MODULE_LICENSE("GPL");
