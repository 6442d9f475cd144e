// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests for areas of the vmalloc address space: get_vm_area(), what
 * vm_area_map_pages() maps in them, and free_vm_area().
 */
#include <kunit/test.h>
#include <linux/kallsyms.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/notifier.h>
#include <linux/pgtable.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "mm_kunit.h"
#include "vm_area_tables.h"
#include "vmap_pages.h"

#define ROUNDS		8192
/* A struct vm_struct or vmap_area each */
#define TOLERANCE	VMAP_PAGES_SLAB_TOLERANCE(ROUNDS, 8 * sizeof(long))

/* -- getting areas --------------------------------------------------------- */

static const struct size {
	const char *desc;
	unsigned long size;
	unsigned long flags;
	unsigned int pages;	/* of the area without its guard page */
	unsigned int align;	/* in pages */
} sizes[] = {
	{ .desc = "one_byte", .size = 1, .flags = VM_MAP, .pages = 1, .align = 1 },
	{ .desc = "page", .size = PAGE_SIZE, .flags = VM_MAP, .pages = 1, .align = 1 },
	{ .desc = "more_than_page", .size = PAGE_SIZE + 1, .flags = VM_MAP, .pages = 2,
	  .align = 1 },
	{ .desc = "no_guard", .size = 3 * PAGE_SIZE, .flags = VM_MAP | VM_NO_GUARD,
	  .pages = 3, .align = 1 },
	{ .desc = "ioremap", .size = 3 * PAGE_SIZE, .flags = VM_IOREMAP, .pages = 3,
	  .align = 4 },
	{ .desc = "ioremap_odd_size", .size = 4 * PAGE_SIZE + 1, .flags = VM_IOREMAP,
	  .pages = 5, .align = 8 },
	{ .desc = "sparse", .size = 2 * PAGE_SIZE, .flags = VM_SPARSE, .pages = 2,
	  .align = 1 },
};

KUNIT_ARRAY_PARAM_DESC(size, sizes, desc);

/*
 * get_vm_area() reserves address space, rounded up to pages and with a guard
 * page unless VM_NO_GUARD is given, and maps nothing, because the caller maps
 * what it wants there.
 */
static void get_vm_area_fields(struct kunit *test)
{
	const struct size *row = test->param_value;
	unsigned int guard = row->flags & VM_NO_GUARD ? 0 : 1;
	struct vm_struct *area;

	/* Two areas, because the first one may be aligned by chance. */
	for (int i = 0; i < 2; i++) {
		area = vmap_pages_area(test, get_vm_area(row->size, row->flags));
		KUNIT_EXPECT_EQ_MSG(test, is_vmalloc_addr(area->addr), true, "area %d", i);
		KUNIT_EXPECT_EQ_MSG(test, (unsigned long)area->addr % (row->align * PAGE_SIZE), 0,
				    "address of area %d, modulo its alignment", i);
		KUNIT_EXPECT_EQ_MSG(test, area->flags, row->flags, "area %d", i);
		KUNIT_EXPECT_EQ_MSG(test, area->size, (row->pages + guard) * PAGE_SIZE,
				    "area %d", i);
		KUNIT_EXPECT_EQ_MSG(test, get_vm_area_size(area), row->pages * PAGE_SIZE,
				    "area %d", i);
		KUNIT_EXPECT_EQ_MSG(test, area->requested_size, row->size, "area %d", i);
		KUNIT_EXPECT_NULL_MSG(test, area->pages, "area %d", i);
		KUNIT_EXPECT_EQ_MSG(test, area->nr_pages, 0, "area %d", i);
		KUNIT_EXPECT_PTR_EQ_MSG(test, find_vm_area(area->addr), area, "area %d", i);
		MM_KUNIT_EXPECT_MSG(test,
				    vmap_pages_check_mapped(test, area->addr, NULL,
							    row->pages + guard),
				    "area %d", i);
	}
	KUNIT_EXPECT_PTR_NE(test, find_vm_area(area->addr + area->size), area);
}

/*
 * The caller of the area is the function that called get_vm_area(), because
 * /proc/vmallocinfo has to name who uses the address space.
 */
static void get_vm_area_caller_is_known(struct kunit *test)
{
	struct vm_struct *area = vmap_pages_area(test, get_vm_area(1, VM_MAP));
	char caller[KSYM_SYMBOL_LEN];

	if (!IS_ENABLED(CONFIG_KALLSYMS))
		kunit_skip(test, "needs CONFIG_KALLSYMS");
	snprintf(caller, sizeof(caller), "%ps", area->caller);
	KUNIT_EXPECT_EQ_MSG(test, strstarts(caller, __func__), true,
			    "caller of the area: expected %s, found %s", __func__, caller);
}

/*
 * get_vm_area() returns NULL for a size of 0, for sizes that wrap to 0 when
 * they are rounded up or get a guard page, and for sizes that are larger than
 * the address space, because the caller would map beyond a smaller area.
 */
static void get_vm_area_refuses(struct kunit *test)
{
	KUNIT_EXPECT_NULL(test, get_vm_area(0, VM_MAP));
	KUNIT_EXPECT_NULL(test, get_vm_area(ULONG_MAX, VM_MAP));
	KUNIT_EXPECT_NULL(test, get_vm_area(ULONG_MAX & PAGE_MASK, VM_MAP));
	KUNIT_EXPECT_NULL(test, get_vm_area(VMALLOC_TOTAL, VM_MAP));
}

static int get_area_fails(struct kunit *test)
{
	return __get_vm_area_caller(PAGE_SIZE, VM_MAP, VMALLOC_START,
				    VMALLOC_START + PAGE_SIZE, NULL) ? -EBUSY : 0;
}

/*
 * get_vm_area() that finds no room frees all that it has allocated, because
 * callers go on after a failure.
 */
static void get_vm_area_fails_without_leak(struct kunit *test)
{
	if (IS_ENABLED(CONFIG_KASAN_GENERIC))
		kunit_skip(test, "needs CONFIG_KASAN_GENERIC=n, whose quarantine keeps objects");

	MM_KUNIT_EXPECT(test,
			vmap_pages_check_leak(test, vmap_pages_slab_pages, get_area_fails,
					      ROUNDS, TOLERANCE));
}

/*
 * __get_vm_area_caller() returns an area in the range that it is given, its
 * guard page included, and NULL if that does not fit, because callers such as
 * the powerpc PCI code cannot use other addresses. The rest of the free space
 * remains free. The ranges take the end, the begin, the middle and all of free
 * space.
 */
static void get_vm_area_in_range(struct kunit *test)
{
	static const struct {
		unsigned int from;
		unsigned int to;
	} ranges[] = {
		{ 300, 302 }, { 0, 10 }, { 290, 300 }, { 100, 200 }, { 200, 290 },
		{ 10, 20 }, { 20, 100 },
	};
	struct vm_struct *area = vmap_pages_area(test, get_vm_area(302 * PAGE_SIZE, VM_MAP));
	void *room = area->addr;

	vmap_pages_free_area(test, area);
	vm_unmap_aliases();
	for (int i = 0; i < ARRAY_SIZE(ranges); i++) {
		void *start = room + ranges[i].from * PAGE_SIZE;
		void *end = room + ranges[i].to * PAGE_SIZE;

		area = __get_vm_area_caller(end - start, VM_MAP, (unsigned long)start,
					    (unsigned long)end, NULL);
		KUNIT_EXPECT_NULL_MSG(test, area, "pages %u to %u, with no room for the guard page",
				      ranges[i].from, ranges[i].to);
		area = area_at(test, (unsigned long)start,
			       ranges[i].to - ranges[i].from - 1, VM_MAP);
		KUNIT_EXPECT_PTR_EQ_MSG(test, area->addr, start, "pages %u to %u",
					ranges[i].from, ranges[i].to);
		KUNIT_EXPECT_PTR_EQ_MSG(test, find_vm_area(end - 1), area, "pages %u to %u",
					ranges[i].from, ranges[i].to);
	}
}

/*
 * Before a request fails for want of room, the address space that waits for a
 * flush is freed and used, because it waits only to save flushes.
 */
static void get_vm_area_reclaims(struct kunit *test)
{
	unsigned int nr = 300;
	struct vm_struct *area = vmap_pages_area(test, get_vm_area(nr * PAGE_SIZE, VM_MAP));
	unsigned long start = (unsigned long)area->addr;

	vmap_pages_free_area(test, area);
	area = area_at(test, start, nr, VM_MAP);
	KUNIT_EXPECT_EQ(test, (unsigned long)area->addr, start);
}

struct purge_notifier {
	struct notifier_block nb;
	unsigned int calls;
	unsigned int frees;
};

static int count_purge(struct notifier_block *nb, unsigned long event, void *data)
{
	struct purge_notifier *purge = container_of(nb, struct purge_notifier, nb);
	unsigned long *freed = data;

	if (purge->calls++ < purge->frees)
		*freed += 1;

	return NOTIFY_DONE;
}

/*
 * When there is no room, the notifiers of register_vmap_purge_notifier() are
 * called, because some drivers (i915) keep mappings that they can do without,
 * and the request is tried again as long as they free any.
 */
static void get_vm_area_asks_notifiers(struct kunit *test)
{
	struct vm_struct *area = vmap_pages_area(test, get_vm_area(PAGE_SIZE, VM_MAP));
	unsigned long start = (unsigned long)area->addr;

	for (unsigned int frees = 0; frees < 3; frees++) {
		struct purge_notifier purge = {
			.nb.notifier_call = count_purge,
			.frees = frees,
		};
		struct vm_struct *other;

		KUNIT_ASSERT_EQ_MSG(test, register_vmap_purge_notifier(&purge.nb), 0,
				    "notifier that frees %u times", frees);
		other = __get_vm_area_caller(PAGE_SIZE, VM_MAP, start,
					     start + 2 * PAGE_SIZE, NULL);
		unregister_vmap_purge_notifier(&purge.nb);
		KUNIT_EXPECT_NULL_MSG(test, other, "notifier that frees %u times", frees);
		KUNIT_EXPECT_EQ_MSG(test, purge.calls, frees + 1,
				    "calls of a notifier that frees %u times", frees);
	}
}

static int get_and_free_area(struct kunit *test)
{
	struct vm_struct *area = get_vm_area(PAGE_SIZE, VM_MAP);

	if (!area)
		return -ENOMEM;
	free_vm_area(area);

	return 0;
}

/*
 * free_vm_area() unmaps the area and frees both its address space and its
 * struct vm_struct, because its caller has no other function for either.
 */
static void free_vm_area_frees_all(struct kunit *test)
{
	struct page *page = test->priv;
	struct vm_struct *area = vmap_pages_area(test, get_vm_area(2 * PAGE_SIZE, VM_SPARSE));
	unsigned long addr = (unsigned long)area->addr;

	KUNIT_ASSERT_EQ(test, vm_area_map_pages(area, addr, addr + PAGE_SIZE, &page), 0);
	vmap_pages_free_area(test, area);
	KUNIT_EXPECT_NULL(test, find_vm_area((void *)addr));
	MM_KUNIT_EXPECT(test, vmap_pages_check_mapped(test, (void *)addr, NULL, 2));
	if (!IS_ENABLED(CONFIG_KASAN_GENERIC))
		MM_KUNIT_EXPECT(test,
				vmap_pages_check_leak(test, vmap_pages_slab_pages,
						      get_and_free_area, ROUNDS, TOLERANCE));
}

/* -- vm_area_map_pages() and vm_area_unmap_pages() ------------------------- */

static const struct sparse {
	const char *desc;
	unsigned long flags;
	int start;		/* pages from the start of the area, */
	int end;		/* and from its end */
	int err;
} sparses[] = {
	{ .desc = "whole_area", .flags = VM_SPARSE, .start = 0, .end = 0, .err = 0 },
	{ .desc = "first_page", .flags = VM_SPARSE, .start = 0, .end = -7, .err = 0 },
	{ .desc = "middle", .flags = VM_SPARSE, .start = 2, .end = -3, .err = 0 },
	{ .desc = "last_page", .flags = VM_SPARSE, .start = 7, .end = 0, .err = 0 },
	{ .desc = "before_area", .flags = VM_SPARSE, .start = -1, .end = 0,
	  .err = -ERANGE },
	{ .desc = "guard_page", .flags = VM_SPARSE, .start = 0, .end = 1,
	  .err = -ERANGE },
	{ .desc = "more_than_ram", .flags = VM_SPARSE, .start = 0, .end = INT_MAX,
	  .err = -E2BIG },
	{ .desc = "not_sparse", .flags = VM_MAP, .start = 0, .end = 0, .err = -EINVAL },
	{ .desc = "no_guard", .flags = VM_SPARSE | VM_NO_GUARD, .start = 0, .end = 0,
	  .err = -EINVAL },
	{ .desc = "flush_reset_perms", .flags = VM_SPARSE | VM_FLUSH_RESET_PERMS,
	  .start = 0, .end = 0, .err = -EINVAL },
};

KUNIT_ARRAY_PARAM_DESC(sparse, sparses, desc);

/*
 * vm_area_map_pages() and vm_area_unmap_pages() change the range that they are
 * given, and only inside of VM_SPARSE areas with a guard page, because vmalloc
 * maps and unmaps all other areas itself. What they refuse, they leave as it is
 * (kernel-doc of vm_area_map_pages()).
 */
static void vm_area_map_pages_checks(struct kunit *test)
{
	const struct sparse *row = test->param_value;
	struct vm_struct *area = vmap_pages_area(test, get_vm_area(8 * PAGE_SIZE, VM_SPARSE));
	struct page **array = vmap_pages_array(test, VMAP_SCATTERED);
	struct page **other = vmap_pages_array(test, VMAP_DESCENDING);
	unsigned long addr = (unsigned long)area->addr, end;
	unsigned long start = addr + row->start * PAGE_SIZE;
	unsigned int nr = 8 + row->end - row->start;

	end = row->end == INT_MAX ? start + (totalram_pages() + 1) * PAGE_SIZE :
				    addr + (8 + row->end) * PAGE_SIZE;
	kunit_warning_suppress(test) {
		area->flags = row->flags;
		KUNIT_EXPECT_EQ(test, vm_area_map_pages(area, start, end, array), row->err);
		KUNIT_EXPECT_SUPPRESSED_WARNING_COUNT(test,
						      MM_KUNIT_WARN_ONCE(row->err == -EINVAL));
		area->flags = VM_SPARSE;
	}
	if (!row->err) {
		MM_KUNIT_EXPECT(test,
				vmap_pages_check_mapped(test, (void *)addr, NULL, row->start));
		MM_KUNIT_EXPECT(test, vmap_pages_check_mapped(test, (void *)start, array, nr));
		MM_KUNIT_EXPECT(test,
				vmap_pages_check_mapped(test, (void *)end, NULL, 1 - row->end));
		vm_area_unmap_pages(area, start, end);
	}
	MM_KUNIT_EXPECT(test, vmap_pages_check_mapped(test, (void *)addr, NULL, 8));

	KUNIT_ASSERT_EQ(test, vm_area_map_pages(area, addr, addr + 8 * PAGE_SIZE, other), 0);
	kunit_warning_suppress(test) {
		area->flags = row->flags;
		vm_area_unmap_pages(area, start, end);
		area->flags = VM_SPARSE;
	}
	if (row->err) {
		MM_KUNIT_EXPECT(test, vmap_pages_check_mapped(test, (void *)addr, other, 8));
		return;
	}
	MM_KUNIT_EXPECT(test, vmap_pages_check_mapped(test, (void *)addr, other, row->start));
	MM_KUNIT_EXPECT(test, vmap_pages_check_mapped(test, (void *)start, NULL, nr));
	MM_KUNIT_EXPECT(test,
			vmap_pages_check_mapped(test, (void *)end, other + row->start + nr,
						-row->end));
}

static const struct obstacle {
	const char *desc;
	enum { NULL_PAGE, NO_PFN, MAPPED } is;
	unsigned int at;
} obstacles[] = {
	{ .desc = "null_page_first", .is = NULL_PAGE, .at = 0 },
	{ .desc = "null_page_last", .is = NULL_PAGE, .at = 7 },
	{ .desc = "no_pfn", .is = NO_PFN, .at = 4 },
	{ .desc = "mapped_first", .is = MAPPED, .at = 0 },
	{ .desc = "mapped_middle", .is = MAPPED, .at = 3 },
	{ .desc = "mapped_last", .is = MAPPED, .at = 7 },
};

KUNIT_ARRAY_PARAM_DESC(obstacle, obstacles, desc);

/*
 * vm_area_map_pages() warns and stops at a bad page and at an address that is
 * mapped already, and does not replace what is mapped there, because somebody
 * uses it. What it has mapped before is left for the caller to unmap.
 */
static void vm_area_map_pages_stops(struct kunit *test)
{
	const struct obstacle *row = test->param_value;
	struct page **array = vmap_pages_array(test, VMAP_SCATTERED), *other = array[8];
	struct vm_struct *area = vmap_pages_area(test, get_vm_area(8 * PAGE_SIZE, VM_SPARSE));
	unsigned long addr = (unsigned long)area->addr, at = addr + row->at * PAGE_SIZE;

	if (row->is == MAPPED)
		KUNIT_ASSERT_EQ(test, vm_area_map_pages(area, at, at + PAGE_SIZE, &other), 0);
	else
		array[row->at] = row->is == NO_PFN ? vmap_pages_without_pfn(test) : NULL;

	kunit_warning_suppress(test) {
		KUNIT_EXPECT_EQ(test,
				vm_area_map_pages(area, addr, addr + 8 * PAGE_SIZE, array),
				-ENOMEM);
		KUNIT_EXPECT_SUPPRESSED_WARNING_COUNT(test, MM_KUNIT_WARN(1));
	}
	MM_KUNIT_EXPECT(test, vmap_pages_check_mapped(test, (void *)addr, array, row->at));
	KUNIT_EXPECT_PTR_EQ(test,
			    vmalloc_to_page((void *)at), row->is == MAPPED ? other : NULL);
	MM_KUNIT_EXPECT(test,
			vmap_pages_check_mapped(test, (void *)at + PAGE_SIZE, NULL, 7 - row->at));

	vm_area_unmap_pages(area, addr, addr + 8 * PAGE_SIZE);
	MM_KUNIT_EXPECT(test, vmap_pages_check_mapped(test, (void *)addr, NULL, 8));
}

/* -- page tables ----------------------------------------------------------- */

/*
 * Ranges may cross the border of page tables of each level, both when they are
 * mapped and when a part of them is unmapped, because the caller does not know
 * where the tables end.
 */
static void vm_area_map_pages_across_tables(struct kunit *test)
{
	struct vm_struct *area = area_across(test, VM_SPARSE);
	struct page **array = vmap_pages_array(test, VMAP_SCATTERED);
	void *addr = area->addr;
	unsigned long start = (unsigned long)addr;

	KUNIT_ASSERT_EQ(test, vm_area_map_pages(area, start, start + 8 * PAGE_SIZE, array), 0);
	MM_KUNIT_EXPECT(test, vmap_pages_check_mapped(test, addr, array, 8));
	vm_area_unmap_pages(area, start + 3 * PAGE_SIZE, start + 5 * PAGE_SIZE);
	MM_KUNIT_EXPECT(test, vmap_pages_check_mapped(test, addr, array, 3));
	MM_KUNIT_EXPECT(test, vmap_pages_check_mapped(test, addr + 3 * PAGE_SIZE, NULL, 2));
	MM_KUNIT_EXPECT(test,
			vmap_pages_check_mapped(test, addr + 5 * PAGE_SIZE, array + 5, 3));
	vmap_pages_free_area(test, area);
	MM_KUNIT_EXPECT(test, vmap_pages_check_mapped(test, addr, NULL, 8));
}

/*
 * free_vm_area() also unmaps pages behind a hole for which there are no page
 * tables: a missing table must not end the walk.
 */
static void free_vm_area_with_holes(struct kunit *test)
{
	unsigned long size = table_size(test), start, last;
	struct page *page = test->priv;
	struct vm_struct *area;

	if (IS_ENABLED(CONFIG_KASAN_VMALLOC))
		kunit_skip(test, "needs CONFIG_KASAN_VMALLOC=n, which has too much shadow for it");
	area = vmap_pages_area(test, get_vm_area(3 * size, VM_SPARSE));
	start = (unsigned long)area->addr;
	last = start + 3 * size - PAGE_SIZE;
	KUNIT_ASSERT_EQ(test, vm_area_map_pages(area, start, start + PAGE_SIZE, &page), 0);
	KUNIT_ASSERT_EQ(test, vm_area_map_pages(area, last, last + PAGE_SIZE, &page), 0);
	vmap_pages_free_area(test, area);
	KUNIT_EXPECT_NULL(test, vmalloc_to_page((void *)start));
	KUNIT_EXPECT_NULL(test, vmalloc_to_page((void *)last));
}

/*
 * vm_area_map_pages() returns -ENOMEM when a page table cannot be allocated, at
 * whatever level, and the caller unmaps what has been mapped so far, because only
 * the caller knows what was mapped before. Tables that have been allocated are used
 * by the next attempt.
 */
static void vm_area_map_pages_no_memory(struct kunit *test)
{
	struct page **array = vmap_pages_array(test, VMAP_SCATTERED);
	struct vm_struct *area = area_across(test, VM_SPARSE);
	unsigned long start = (unsigned long)area->addr, end = start + 8 * PAGE_SIZE;
	struct mm_kunit_failing round, fail;
	unsigned int mapped;
	int err = 0;

	mm_kunit_fail_setup(test, MM_KUNIT_FAIL_ONE);
	mm_kunit_for_each_failing(test, &round) {
		/* Each round gets one table more than the last, and no table is freed. */
		fail.nth = round.nth == 1 ? 1 : 2;
		mm_kunit_fail_begin(&fail);
		err = vm_area_map_pages(area, start, end, array);
		mm_kunit_fail_end(&fail);
		round.reached = fail.reached;
		KUNIT_EXPECT_EQ_MSG(test,
				    err, round.reached ? -ENOMEM : 0, "round %u", round.nth);
		mapped = vmap_pages_nr_mapped((void *)start, array, 8);
		MM_KUNIT_EXPECT_MSG(test,
				    vmap_pages_check_mapped(test,
							    (void *)start + mapped * PAGE_SIZE,
							    NULL, 8 - mapped),
				    "round %u, behind %u pages", round.nth, mapped);
		if (round.reached)
			vm_area_unmap_pages(area, start, end);
	}
	KUNIT_ASSERT_EQ(test, err, 0);
	MM_KUNIT_EXPECT(test, vmap_pages_check_mapped(test, (void *)start, array, 8));
}

static struct kunit_case vm_area_test_cases[] = {
	KUNIT_CASE_PARAM(get_vm_area_fields, size_gen_params),
	KUNIT_CASE(get_vm_area_caller_is_known),
	KUNIT_CASE(get_vm_area_refuses),
	KUNIT_CASE(get_vm_area_fails_without_leak),
	KUNIT_CASE(get_vm_area_in_range),
	KUNIT_CASE(get_vm_area_reclaims),
	KUNIT_CASE(get_vm_area_asks_notifiers),
	KUNIT_CASE(free_vm_area_frees_all),
	KUNIT_CASE_PARAM(vm_area_map_pages_checks, sparse_gen_params),
	KUNIT_CASE_PARAM(vm_area_map_pages_stops, obstacle_gen_params),
	KUNIT_CASE_PARAM(vm_area_map_pages_across_tables, level_gen_params),
	KUNIT_CASE_PARAM(free_vm_area_with_holes, level_gen_params),
	KUNIT_CASE_PARAM(vm_area_map_pages_no_memory, level_gen_params),
	{}
};

static struct kunit_suite vm_area_test_suite = {
	.name = "vm_area",
	.init = vmap_pages_init,
	.test_cases = vm_area_test_cases,
};

kunit_test_suite(vm_area_test_suite);

MODULE_DESCRIPTION("KUnit tests for areas of the vmalloc address space");
MODULE_LICENSE("GPL");
