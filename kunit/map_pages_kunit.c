// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests for ->map_pages of vm_operations_struct, which maps the pages around a
 * fault that are at hand: when it is called, for which pages, and when ->fault is
 * called instead.
 */
#include <kunit/test.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/module.h>
#include <linux/pgtable.h>
#include <linux/sizes.h>
#include <linux/vmstat.h>

#include "fault_driver.h"
#include "mm_kunit.h"
#include "test_driver.h"
#include "user_checks.h"
#include "user_vma.h"

/* The pages of a window, for which ->map_pages is called at a time. */
#define AROUND		((long)(SZ_64K / PAGE_SIZE))

static int map_pages_init(struct kunit *test)
{
	fault_driver_init(test);
	if (AROUND < 4)
		kunit_skip(test, "needs pages of 16 KB or less");
	fault_driver(test)->base.ops = &around_ops;

	return 0;
}

/*
 * ->map_pages is for reads and for pages at hand, since it must not block: it is called
 * before ->fault, and ->fault only if it returns 0. A write calls ->fault alone, so
 * that the driver knows which page is written to.
 */
static void map_pages_before_fault(struct kunit *test)
{
	struct fault_driver *drv = fault_driver(test);
	struct page **pages = drv->base.pages;

	fault_driver_map(test, PROT_RW, MAP_SHARED);
	KUNIT_EXPECT_EQ(test, user_fault(AT, 0), 0);
	FAULT_EXPECT_CALLS(test, "mf");
	MM_KUNIT_EXPECT(test, user_check_page(test, AT, pages[0]));
	KUNIT_EXPECT_EQ(test, user_fault(AT + PAGE_SIZE, FAULT_FLAG_WRITE), 0);
	FAULT_EXPECT_CALLS(test, "f");
	MM_KUNIT_EXPECT(test, user_check_page(test, AT + PAGE_SIZE, pages[1]));
	drv->around_ret = VM_FAULT_SIGBUS;
	KUNIT_EXPECT_EQ(test, user_fault(AT + 2 * PAGE_SIZE, 0), VM_FAULT_SIGBUS);
	FAULT_EXPECT_CALLS(test, "m");

	fault_driver_map(test, PROT_RW, MAP_PRIVATE);
	KUNIT_EXPECT_EQ(test, user_fault(AT, FAULT_FLAG_WRITE), 0);
	FAULT_EXPECT_CALLS(test, "f");
}

/*
 * ->map_pages gets a page table that is allocated beforehand, because it must not
 * block. If it maps nothing, the table is freed again, else a process could use up
 * all memory by faults. The statistics may lag by what each processor has counted.
 */
static void map_pages_frees_table(struct kunit *test)
{
	const unsigned long before = global_node_page_state(NR_PAGETABLE);
	struct fault_driver *drv = fault_driver(test);
	int i;

	drv->around_ret = VM_FAULT_NOPAGE;
	fault_driver_map(test, PROT_RW, MAP_SHARED);
	for (i = 0; i < 2048; i++)
		user_fault(AT, 0);
	KUNIT_EXPECT_LT_MSG(test, global_node_page_state(NR_PAGETABLE), before + 1024,
			    "page tables after 2048 faults that map nothing");
}

/*
 * If there is no memory for that page table or for one above it, the fault is
 * VM_FAULT_OOM, and ->map_pages is not called, because it could not map anything.
 */
static void map_pages_no_memory(struct kunit *test)
{
	const unsigned long at = user_table_border() - PAGE_SIZE;
	struct fault_driver *drv = fault_driver(test);
	struct mm_kunit_failing fail;

	mm_kunit_fail_setup(test, MM_KUNIT_FAIL_PAGE);
	drv->around_ret = VM_FAULT_NOPAGE;
	/*
	 *      at
	 *      |-- p0 --|-- p1 --|
	 *               ^ here begin new tables on all levels
	 */
	test_driver_map(test, at, 0, 2, PROT_RW, MAP_SHARED | MAP_FIXED);
	mm_kunit_for_each_failing(test, &fail) {
		vm_fault_t ret;

		mm_kunit_fail_begin(&fail);
		ret = user_fault(at + PAGE_SIZE, 0);
		mm_kunit_fail_end(&fail);
		KUNIT_EXPECT_EQ_MSG(test, ret, fail.reached ? VM_FAULT_OOM : VM_FAULT_NOPAGE,
				    "round %u", fail.nth);
		FAULT_EXPECT_CALLS_MSG(test, fail.reached ? "" : "m", "in round %u", fail.nth);
	}
}

/* -- today's implementation, not promised ---------------------------------- */

static const struct around {
	const char *desc;
	long start;		/* pages from the start of a page table to the VMA */
	long nr;		/* the pages of the VMA */
	long fault;		/* the page of the VMA that is accessed */
	long first;		/* the first page that ->map_pages is asked for */
	long last;		/* the last page that ->map_pages is asked for */
} arounds[] = {
	{ .desc = "middle", .nr = 4 * AROUND,
	  .fault = AROUND + 3, .first = AROUND, .last = 2 * AROUND - 1 },
	{ .desc = "first_of_its_window", .nr = 4 * AROUND,
	  .fault = AROUND, .first = AROUND, .last = 2 * AROUND - 1 },
	{ .desc = "last_of_its_window", .nr = 4 * AROUND,
	  .fault = 2 * AROUND - 1, .first = AROUND, .last = 2 * AROUND - 1 },
	{ .desc = "vma_begins_in_the_window", .start = AROUND / 2, .nr = 4 * AROUND,
	  .fault = 1, .first = 0, .last = AROUND - 1 },
	{ .desc = "vma_ends_in_the_window", .nr = AROUND + 3,
	  .fault = AROUND + 1, .first = AROUND, .last = AROUND + 2 },
	{ .desc = "vma_within_the_window", .start = 1, .nr = 2,
	  .fault = 1, .first = 0, .last = 1 },
	{ .desc = "table_ends", .start = MAX_PTRS_PER_PTE - AROUND / 2, .nr = 2 * AROUND,
	  .fault = 1, .first = 0, .last = AROUND / 2 - 1 },
	{ .desc = "table_begins", .start = MAX_PTRS_PER_PTE - AROUND / 2, .nr = 2 * AROUND,
	  .fault = AROUND / 2 + 1, .first = AROUND / 2, .last = AROUND / 2 + AROUND - 1 },
};

KUNIT_ARRAY_PARAM_DESC(around, arounds, desc);

/*
 * ->map_pages is asked for the aligned 64 KB of addresses around the fault, as far as
 * they are in the VMA and in the same page table: it runs under the lock of one page
 * table, and walks its entries without further checks.
 */
static void map_pages_window(struct kunit *test)
{
	const struct around *row = test->param_value;
	struct fault_driver *drv = fault_driver(test);
	unsigned long at = AT + row->start * PAGE_SIZE;
	vm_fault_t ret;

	drv->around_ret = VM_FAULT_NOPAGE;
	test_driver_map(test, at, 0, row->nr, PROT_RW, MAP_SHARED | MAP_FIXED);
	ret = user_fault(at + row->fault * PAGE_SIZE, 0);
	KUNIT_EXPECT_EQ(test, ret, VM_FAULT_NOPAGE);
	FAULT_EXPECT_CALLS(test, "m");
	KUNIT_EXPECT_EQ(test, drv->pgoff, PGOFF + row->fault);
	KUNIT_EXPECT_EQ(test, drv->around_start, PGOFF + row->first);
	KUNIT_EXPECT_EQ(test, drv->around_end, PGOFF + row->last);
}

static struct kunit_case map_pages_cases[] = {
	KUNIT_CASE(map_pages_before_fault),
	KUNIT_CASE(map_pages_frees_table),
	KUNIT_CASE(map_pages_no_memory),
	KUNIT_CASE_PARAM(map_pages_window, around_gen_params),
	{}
};

static struct kunit_suite map_pages_suite = {
	.name = "map_pages",
	.init = map_pages_init,
	.test_cases = map_pages_cases,
};

kunit_test_suite(map_pages_suite);

MODULE_DESCRIPTION("KUnit tests for ->map_pages of vm_operations_struct");
MODULE_LICENSE("GPL");
