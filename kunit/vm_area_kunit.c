// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests for the areas of the vmalloc address space: how they are got, and
 * what ioremap_page_range(), vm_area_map_pages() and vmap_pfn() map in them.
 */
#include <kunit/test.h>
#include <linux/io.h>
#include <linux/kallsyms.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/notifier.h>
#include <linux/pgtable.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "mm_kunit.h"
#include "vmap_pages.h"

KUNIT_DEFINE_ACTION_WRAPPER(free_vm_area_action, free_vm_area, struct vm_struct *);

/* Leaves @area to the end of the case, or to release() before. */
static struct vm_struct *manage(struct kunit *test, struct vm_struct *area)
{
	KUNIT_ASSERT_NOT_NULL(test, area);
	KUNIT_ASSERT_EQ(test, 0,
			kunit_add_action_or_reset(test, free_vm_area_action, area));

	return area;
}

static void release(struct kunit *test, struct vm_struct *area)
{
	kunit_release_action(test, free_vm_area_action, area);
}

/* An area of @nr pages and its guard page, exactly there. */
static struct vm_struct *area_at(struct kunit *test, unsigned long start,
				 unsigned int nr, unsigned long flags)
{
	return manage(test, __get_vm_area_caller(nr * PAGE_SIZE, flags, start,
						 start + (nr + 1) * PAGE_SIZE, NULL));
}

#define ROUNDS		8192
/* A struct vm_struct or vmap_area each */
#define TOLERANCE	SLAB_TOLERANCE(ROUNDS, 8 * sizeof(long))

/* ---- Getting areas ---- */

static const struct size {
	const char *desc;
	unsigned long size;
	unsigned long flags;
	unsigned int pages;	/* of the area without its guard page */
	unsigned int align;	/* in pages */
} sizes[] = {
	{ "one_byte", 1, VM_MAP, 1, 1 },
	{ "page", PAGE_SIZE, VM_MAP, 1, 1 },
	{ "more_than_page", PAGE_SIZE + 1, VM_MAP, 2, 1 },
	{ "no_guard", 3 * PAGE_SIZE, VM_MAP | VM_NO_GUARD, 3, 1 },
	{ "ioremap", 3 * PAGE_SIZE, VM_IOREMAP, 3, 4 },
	{ "ioremap_odd_size", 4 * PAGE_SIZE + 1, VM_IOREMAP, 5, 8 },
	{ "sparse", 2 * PAGE_SIZE, VM_SPARSE, 2, 1 },
};

KUNIT_ARRAY_PARAM_DESC(size, sizes, desc);

/* Address space only: nothing is mapped there until somebody maps it. */
static void get_vm_area_fields(struct kunit *test)
{
	const struct size *row = test->param_value;
	unsigned int guard = row->flags & VM_NO_GUARD ? 0 : 1;
	struct vm_struct *area;

	/* Twice, as the first one may be aligned by chance. */
	for (int i = 0; i < 2; i++) {
		area = manage(test, get_vm_area(row->size, row->flags));
		KUNIT_EXPECT_TRUE(test, is_vmalloc_addr(area->addr));
		KUNIT_EXPECT_TRUE(test, IS_ALIGNED((unsigned long)area->addr,
						   row->align * PAGE_SIZE));
		KUNIT_EXPECT_EQ(test, area->flags, row->flags);
		KUNIT_EXPECT_EQ(test, area->size, (row->pages + guard) * PAGE_SIZE);
		KUNIT_EXPECT_EQ(test, get_vm_area_size(area), row->pages * PAGE_SIZE);
		KUNIT_EXPECT_EQ(test, area->requested_size, row->size);
		KUNIT_EXPECT_NULL(test, area->pages);
		KUNIT_EXPECT_EQ(test, area->nr_pages, 0);
		KUNIT_EXPECT_PTR_EQ(test, find_vm_area(area->addr), area);
		KUNIT_EXPECT_EQ(test, mapped_as(area->addr, NULL, row->pages + guard),
				row->pages + guard);
	}
	KUNIT_EXPECT_PTR_NE(test, find_vm_area(area->addr + area->size), area);
}

static void get_vm_area_caller_is_known(struct kunit *test)
{
	struct vm_struct *area = manage(test, get_vm_area(1, VM_MAP));
	char caller[KSYM_SYMBOL_LEN];

	if (!IS_ENABLED(CONFIG_KALLSYMS))
		kunit_skip(test, "needs CONFIG_KALLSYMS");
	snprintf(caller, sizeof(caller), "%ps", area->caller);
	KUNIT_EXPECT_TRUE_MSG(test, strstarts(caller, __func__), "%s", caller);
}

/* Sizes that would be 0, or wrap to it when they are rounded or guarded. */
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

/* If there is no room, nothing is left of the attempt. */
static void get_vm_area_fails_without_leak(struct kunit *test)
{
	if (IS_ENABLED(CONFIG_KASAN_GENERIC))
		kunit_skip(test, "KASAN keeps freed objects in its quarantine");

	KUNIT_EXPECT_LT(test, drift(test, slab_pages_now, get_area_fails, ROUNDS, TOLERANCE),
			TOLERANCE);
}

/*
 * Wherever the range is in the free space, and however much of that it takes:
 * the last page counts, with the guard page, and the rest remains free.
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
	struct vm_struct *area = manage(test, get_vm_area(302 * PAGE_SIZE, VM_MAP));
	void *room = area->addr;

	release(test, area);
	vm_unmap_aliases();
	for (int i = 0; i < ARRAY_SIZE(ranges); i++) {
		void *start = room + ranges[i].from * PAGE_SIZE;
		void *end = room + ranges[i].to * PAGE_SIZE;

		KUNIT_EXPECT_NULL(test, __get_vm_area_caller(end - start, VM_MAP,
							     (unsigned long)start,
							     (unsigned long)end, NULL));
		area = area_at(test, (unsigned long)start,
			       ranges[i].to - ranges[i].from - 1, VM_MAP);
		KUNIT_EXPECT_PTR_EQ(test, area->addr, start);
		KUNIT_EXPECT_PTR_EQ(test, find_vm_area(end - 1), area);
	}
}

/* Before a request fails, what only waits for a flush is made use of. */
static void get_vm_area_reclaims(struct kunit *test)
{
	unsigned int nr = 300;
	struct vm_struct *area = manage(test, get_vm_area(nr * PAGE_SIZE, VM_MAP));
	unsigned long start = (unsigned long)area->addr;

	release(test, area);
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

/* Others may have mappings to spare; as long as they do it is tried again. */
static void get_vm_area_asks_notifiers(struct kunit *test)
{
	struct vm_struct *area = manage(test, get_vm_area(PAGE_SIZE, VM_MAP));
	unsigned long start = (unsigned long)area->addr;

	for (unsigned int frees = 0; frees < 3; frees++) {
		struct purge_notifier purge = {
			.nb.notifier_call = count_purge,
			.frees = frees,
		};
		struct vm_struct *other;

		KUNIT_ASSERT_EQ(test, register_vmap_purge_notifier(&purge.nb), 0);
		other = __get_vm_area_caller(PAGE_SIZE, VM_MAP, start,
					     start + 2 * PAGE_SIZE, NULL);
		unregister_vmap_purge_notifier(&purge.nb);
		KUNIT_EXPECT_NULL(test, other);
		KUNIT_EXPECT_EQ(test, purge.calls, frees + 1);
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

static void free_vm_area_frees_all(struct kunit *test)
{
	struct page *page = test->priv;
	struct vm_struct *area = manage(test, get_vm_area(2 * PAGE_SIZE, VM_SPARSE));
	unsigned long addr = (unsigned long)area->addr;

	KUNIT_ASSERT_EQ(test, vm_area_map_pages(area, addr, addr + PAGE_SIZE, &page), 0);
	release(test, area);
	KUNIT_EXPECT_NULL(test, find_vm_area((void *)addr));
	KUNIT_EXPECT_EQ(test, mapped_as((void *)addr, NULL, 2), 2);
	if (!IS_ENABLED(CONFIG_KASAN_GENERIC))
		KUNIT_EXPECT_LT(test, drift(test, slab_pages_now, get_and_free_area,
					    ROUNDS, TOLERANCE), TOLERANCE);
}

/* ---- ioremap_page_range() ---- */

static const struct ioremap {
	const char *desc;
	unsigned long flags;
	int start;		/* pages from the start of the area, */
	int end;		/* and from its end */
	int err;
} ioremaps[] = {
	{ "whole_area", VM_IOREMAP, 0, 0, 0 },
	{ "not_ioremap", VM_MAP, 0, 0, -EINVAL },
	{ "no_area", 0, 0, 0, -EINVAL },
	{ "starts_late", VM_IOREMAP, 1, 0, -ERANGE },
	{ "ends_early", VM_IOREMAP, 0, -1, -ERANGE },
	{ "guard_page", VM_IOREMAP, 0, 1, -ERANGE },
};

KUNIT_ARRAY_PARAM_DESC(ioremap, ioremaps, desc);

/*
 * Whoever maps more than an area takes somebody else's address, and if it is
 * less then nobody knows where it ends. RAM will do to see it.
 */
static void ioremap_page_range_checks(struct kunit *test)
{
	const struct ioremap *row = test->param_value;
	struct vm_struct *area = manage(test, get_vm_area(4 * PAGE_SIZE, row->flags));
	unsigned long start = (unsigned long)area->addr + row->start * PAGE_SIZE;
	unsigned long end = (unsigned long)area->addr + (4 + row->end) * PAGE_SIZE;
	struct page **array = array_of(test, ASCENDING);
	void *addr = area->addr;

	if (!row->flags)
		release(test, area);
	kunit_warning_suppress(test) {
		KUNIT_EXPECT_EQ(test, ioremap_page_range(start, end, page_to_phys(array[0]),
							 PAGE_KERNEL), row->err);
		/* Once a boot, so it may not be for us. */
		KUNIT_EXPECT_LE(test, KUNIT_SUPPRESSED_WARNING_COUNT(), WARNINGS(!!row->err));
	}
	KUNIT_EXPECT_EQ(test, mapped_as(addr, row->err ? NULL : array, 4), 4);
	KUNIT_EXPECT_NULL(test, vmalloc_to_page(addr + 4 * PAGE_SIZE));
}

/* Larger entries are used where both addresses and the size allow it. */
static const struct huge {
	const char *desc;
	unsigned int shift;	/* of the physical address, in pages */
	bool leaf;
} huges[] = {
	{ "aligned", 0, true },
	{ "physical_address_unaligned", 1, false },
};

KUNIT_ARRAY_PARAM_DESC(huge, huges, desc);

static void ioremap_page_range_huge(struct kunit *test)
{
	const struct huge *row = test->param_value;
	unsigned int nr = PMD_SIZE / PAGE_SIZE;
	struct vm_struct *area;
	struct page *page, **array;
	unsigned long addr;

	/* On PPC it depends on the MMU, with PAE on what was mapped there before. */
	if (!IS_ENABLED(CONFIG_HAVE_ARCH_HUGE_VMAP) || IS_ENABLED(CONFIG_PPC) ||
	    IS_ENABLED(CONFIG_X86_PAE) || PMD_SHIFT > IOREMAP_MAX_ORDER)
		kunit_skip(test, "needs CONFIG_HAVE_ARCH_HUGE_VMAP, neither PPC nor PAE");
	page = alloc_pages(GFP_KERNEL | __GFP_COMP | __GFP_NOWARN, ilog2(nr) + 1);
	if (!page)
		kunit_skip(test, "needs %lu bytes of contiguous memory", 2 * PMD_SIZE);
	KUNIT_ASSERT_EQ(test, 0,
			kunit_add_action_or_reset(test, put_page_action, page));
	array = kunit_kmalloc_array(test, nr, sizeof(*array), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, array);
	for (unsigned int i = 0; i < nr; i++)
		array[i] = page + row->shift + i;

	area = manage(test, get_vm_area(PMD_SIZE, VM_IOREMAP));
	addr = (unsigned long)area->addr;
	KUNIT_ASSERT_EQ(test, ioremap_page_range(addr, addr + PMD_SIZE, page_to_phys(array[0]),
						 PAGE_KERNEL), 0);
	KUNIT_EXPECT_EQ(test, pmd_leaf(*pmd_off_k(addr)), row->leaf);
	KUNIT_EXPECT_EQ(test, mapped_as((void *)addr, array, nr), nr);
	release(test, area);
	KUNIT_EXPECT_EQ(test, mapped_as((void *)addr, NULL, nr), nr);
}

/* ---- vm_area_map_pages() and vm_area_unmap_pages() ---- */

static const struct sparse {
	const char *desc;
	unsigned long flags;
	int start;		/* pages from the start of the area, */
	int end;		/* and from its end */
	int err;
} sparses[] = {
	{ "whole_area", VM_SPARSE, 0, 0, 0 },
	{ "first_page", VM_SPARSE, 0, -7, 0 },
	{ "middle", VM_SPARSE, 2, -3, 0 },
	{ "last_page", VM_SPARSE, 7, 0, 0 },
	{ "before_area", VM_SPARSE, -1, 0, -ERANGE },
	{ "guard_page", VM_SPARSE, 0, 1, -ERANGE },
	{ "more_than_ram", VM_SPARSE, 0, INT_MAX, -E2BIG },
	{ "not_sparse", VM_MAP, 0, 0, -EINVAL },
	{ "no_guard", VM_SPARSE | VM_NO_GUARD, 0, 0, -EINVAL },
	{ "flush_reset_perms", VM_SPARSE | VM_FLUSH_RESET_PERMS, 0, 0, -EINVAL },
};

KUNIT_ARRAY_PARAM_DESC(sparse, sparses, desc);

/* Nothing is mapped or unmapped but what was asked for, in areas made for it. */
static void vm_area_map_pages_checks(struct kunit *test)
{
	const struct sparse *row = test->param_value;
	struct vm_struct *area = manage(test, get_vm_area(8 * PAGE_SIZE, VM_SPARSE));
	struct page **array = array_of(test, SCATTERED), **other = array_of(test, DESCENDING);
	unsigned long addr = (unsigned long)area->addr, end;
	unsigned long start = addr + row->start * PAGE_SIZE;
	unsigned int nr = 8 + row->end - row->start;

	end = row->end == INT_MAX ? start + (totalram_pages() + 1) * PAGE_SIZE :
				    addr + (8 + row->end) * PAGE_SIZE;
	kunit_warning_suppress(test) {
		area->flags = row->flags;
		KUNIT_EXPECT_EQ(test, vm_area_map_pages(area, start, end, array), row->err);
		/* Once a boot, so it may not be for us. */
		KUNIT_EXPECT_LE(test, KUNIT_SUPPRESSED_WARNING_COUNT(),
				WARNINGS(row->err == -EINVAL));
		area->flags = VM_SPARSE;
	}
	if (!row->err) {
		KUNIT_EXPECT_EQ(test, mapped_as((void *)addr, NULL, row->start), row->start);
		KUNIT_EXPECT_EQ(test, mapped_as((void *)start, array, nr), nr);
		KUNIT_EXPECT_EQ(test, mapped_as((void *)end, NULL, 1 - row->end), 1 - row->end);
		vm_area_unmap_pages(area, start, end);
	}
	KUNIT_EXPECT_EQ(test, mapped_as((void *)addr, NULL, 8), 8);

	KUNIT_ASSERT_EQ(test, vm_area_map_pages(area, addr, addr + 8 * PAGE_SIZE, other), 0);
	kunit_warning_suppress(test) {
		area->flags = row->flags;
		vm_area_unmap_pages(area, start, end);
		area->flags = VM_SPARSE;
	}
	if (row->err) {
		KUNIT_EXPECT_EQ(test, mapped_as((void *)addr, other, 8), 8);
		return;
	}
	KUNIT_EXPECT_EQ(test, mapped_as((void *)addr, other, row->start), row->start);
	KUNIT_EXPECT_EQ(test, mapped_as((void *)start, NULL, nr), nr);
	KUNIT_EXPECT_EQ(test, mapped_as((void *)end, other + row->start + nr, -row->end),
			-row->end);
}

static const struct obstacle {
	const char *desc;
	enum { NULL_PAGE, NO_PFN, MAPPED } is;
	unsigned int at;
} obstacles[] = {
	{ "null_page_first", NULL_PAGE, 0 },
	{ "null_page_last", NULL_PAGE, 7 },
	{ "no_pfn", NO_PFN, 4 },
	{ "mapped_first", MAPPED, 0 },
	{ "mapped_middle", MAPPED, 3 },
	{ "mapped_last", MAPPED, 7 },
};

KUNIT_ARRAY_PARAM_DESC(obstacle, obstacles, desc);

/*
 * It stops there, and what it has mapped stays for the caller to unmap. What
 * somebody else had mapped there is not replaced.
 */
static void vm_area_map_pages_stops(struct kunit *test)
{
	const struct obstacle *row = test->param_value;
	struct page **array = array_of(test, SCATTERED), *other = array[8];
	struct vm_struct *area = manage(test, get_vm_area(8 * PAGE_SIZE, VM_SPARSE));
	unsigned long addr = (unsigned long)area->addr, at = addr + row->at * PAGE_SIZE;

	if (row->is == MAPPED)
		KUNIT_ASSERT_EQ(test, vm_area_map_pages(area, at, at + PAGE_SIZE, &other), 0);
	else
		array[row->at] = row->is == NO_PFN ? page_without_pfn(test) : NULL;

	kunit_warning_suppress(test) {
		KUNIT_EXPECT_EQ(test, vm_area_map_pages(area, addr, addr + 8 * PAGE_SIZE, array),
				-ENOMEM);
		KUNIT_EXPECT_SUPPRESSED_WARNING_COUNT(test, WARNINGS(1));
	}
	KUNIT_EXPECT_EQ(test, mapped_as((void *)addr, array, row->at), row->at);
	KUNIT_EXPECT_PTR_EQ(test, vmalloc_to_page((void *)at), row->is == MAPPED ? other : NULL);
	KUNIT_EXPECT_EQ(test, mapped_as((void *)at + PAGE_SIZE, NULL, 7 - row->at), 7 - row->at);

	vm_area_unmap_pages(area, addr, addr + 8 * PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, mapped_as((void *)addr, NULL, 8), 8);
}

/* ---- Page tables ---- */

static const struct level {
	const char *desc;
	int level;
} levels[] = {
	{ "pte_tables", 1 },
	{ "pmd_tables", 2 },
	{ "pud_tables", 3 },
	{ "p4d_tables", 4 },
};

KUNIT_ARRAY_PARAM_DESC(level, levels, desc);

/* How much one of the tables maps. */
static unsigned long table_size(struct kunit *test)
{
	const struct level *row = test->param_value;
	unsigned long sizes[] = { PAGE_SIZE, PMD_SIZE, PUD_SIZE, P4D_SIZE, PGDIR_SIZE };
	unsigned long size = sizes[row->level];

	if (size == sizes[row->level - 1] || size > VMALLOC_TOTAL / 8)
		kunit_skip(test, "needs two such tables for vmalloc()");

	return size;
}

static bool has_tables(unsigned long addr)
{
	pgd_t *pgd = pgd_offset_k(addr);
	p4d_t *p4d;
	pud_t *pud;

	if (pgd_none(*pgd))
		return false;
	p4d = p4d_offset(pgd, addr);
	if (p4d_none(*p4d))
		return false;
	pud = pud_offset(p4d, addr);
	if (pud_none(*pud))
		return false;

	return !pmd_none(*pmd_offset(pud, addr));
}

/* An area of 8 pages, of which 4 are mapped by one table, and 4 by the next. */
static struct vm_struct *area_across(struct kunit *test, unsigned long flags)
{
	unsigned long size = table_size(test);
	unsigned long border = round_up(VMALLOC_START + VMALLOC_TOTAL / 2, size);

	while (has_tables(border) || has_tables(border - PAGE_SIZE)) {
		border += size;
		if (border >= VMALLOC_END - size)
			kunit_skip(test, "all page tables are there already");
	}

	return area_at(test, border - 4 * PAGE_SIZE, 8, flags);
}

static void vm_area_map_pages_across_tables(struct kunit *test)
{
	struct vm_struct *area = area_across(test, VM_SPARSE);
	struct page **array = array_of(test, SCATTERED);
	void *addr = area->addr;
	unsigned long start = (unsigned long)addr;

	KUNIT_ASSERT_EQ(test, vm_area_map_pages(area, start, start + 8 * PAGE_SIZE, array), 0);
	KUNIT_EXPECT_EQ(test, mapped_as(addr, array, 8), 8);
	vm_area_unmap_pages(area, start + 3 * PAGE_SIZE, start + 5 * PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, mapped_as(addr, array, 3), 3);
	KUNIT_EXPECT_EQ(test, mapped_as(addr + 3 * PAGE_SIZE, NULL, 2), 2);
	KUNIT_EXPECT_EQ(test, mapped_as(addr + 5 * PAGE_SIZE, array + 5, 3), 3);
	release(test, area);
	KUNIT_EXPECT_EQ(test, mapped_as(addr, NULL, 8), 8);
}

static void ioremap_page_range_across_tables(struct kunit *test)
{
	struct vm_struct *area = area_across(test, 0);
	struct page **array = array_of(test, ASCENDING);
	unsigned long addr = (unsigned long)area->addr;

	/* Not before, as it aligns the area. */
	area->flags = VM_IOREMAP;
	KUNIT_ASSERT_EQ(test, ioremap_page_range(addr, addr + 8 * PAGE_SIZE,
						 page_to_phys(array[0]), PAGE_KERNEL), 0);
	KUNIT_EXPECT_EQ(test, mapped_as((void *)addr, array, 8), 8);
	release(test, area);
	KUNIT_EXPECT_EQ(test, mapped_as((void *)addr, NULL, 8), 8);
}

/* Tables that do not exist must not end the search for those that do. */
static void free_vm_area_with_holes(struct kunit *test)
{
	unsigned long size = table_size(test), start, last;
	struct page *page = test->priv;
	struct vm_struct *area;

	if (IS_ENABLED(CONFIG_KASAN_VMALLOC))
		kunit_skip(test, "KASAN would need too much shadow memory");
	area = manage(test, get_vm_area(3 * size, VM_SPARSE));
	start = (unsigned long)area->addr;
	last = start + 3 * size - PAGE_SIZE;
	KUNIT_ASSERT_EQ(test, vm_area_map_pages(area, start, start + PAGE_SIZE, &page), 0);
	KUNIT_ASSERT_EQ(test, vm_area_map_pages(area, last, last + PAGE_SIZE, &page), 0);
	release(test, area);
	KUNIT_EXPECT_NULL(test, vmalloc_to_page((void *)start));
	KUNIT_EXPECT_NULL(test, vmalloc_to_page((void *)last));
}

/*
 * The table that cannot be allocated may be any. All are taken for what they
 * are by the next attempt.
 */
static void vm_area_map_pages_no_memory(struct kunit *test)
{
	struct page **array = array_of(test, SCATTERED);
	struct vm_struct *area = area_across(test, VM_SPARSE);
	unsigned long start = (unsigned long)area->addr, end = start + 8 * PAGE_SIZE;
	unsigned int nth, mapped;
	bool failed = true;
	int err = 0;

	fail_alloc_setup(test, FAIL_ONE);
	for (nth = 1; failed && nth < 20; nth++) {
		/* One table more each time, as none is freed. */
		fail_from(nth == 1 ? 1 : 2);
		err = vm_area_map_pages(area, start, end, array);
		failed = fail_stop();
		KUNIT_EXPECT_EQ(test, err, failed ? -ENOMEM : 0);
		mapped = mapped_as((void *)start, array, 8);
		KUNIT_EXPECT_EQ(test, mapped_as((void *)start + mapped * PAGE_SIZE, NULL,
						8 - mapped), 8 - mapped);
		if (failed)
			vm_area_unmap_pages(area, start, end);
	}
	KUNIT_EXPECT_GT(test, nth, 2);
	KUNIT_ASSERT_EQ(test, err, 0);
	KUNIT_EXPECT_EQ(test, mapped_as((void *)start, array, 8), 8);
}

static void ioremap_page_range_no_memory(struct kunit *test)
{
	struct page **array = array_of(test, ASCENDING);
	struct vm_struct *area = area_across(test, 0);
	unsigned long start = (unsigned long)area->addr, end = start + 8 * PAGE_SIZE;
	bool failed = true;
	unsigned int nth;
	int err = 0;

	fail_alloc_setup(test, FAIL_ONE);
	for (nth = 1; failed && nth < 20; nth++) {
		area->flags = VM_IOREMAP;
		fail_from(nth == 1 ? 1 : 2);
		err = ioremap_page_range(start, end, page_to_phys(array[0]), PAGE_KERNEL);
		failed = fail_stop();
		KUNIT_EXPECT_EQ(test, err, failed ? -ENOMEM : 0);
		if (!failed)
			break;
		release(test, area);
		KUNIT_EXPECT_EQ(test, mapped_as((void *)start, NULL, 8), 8);
		vm_unmap_aliases();
		area = area_at(test, start, 8, 0);
	}
	KUNIT_EXPECT_GT(test, nth, 1);
	KUNIT_ASSERT_EQ(test, err, 0);
	KUNIT_EXPECT_EQ(test, mapped_as((void *)start, array, 8), 8);
}

/* Page frames that follow each other, in entries that do. */
static void set_ptes_consecutive(struct kunit *test)
{
	struct vm_struct *area = manage(test, get_vm_area(NR_PAGES * PAGE_SIZE, VM_MAP));
	struct page *page = test->priv;
	unsigned long pfn = page_to_pfn(page);
	pte_t *ptes = kunit_kzalloc(test, PAGE_SIZE, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, ptes);
	set_ptes(&init_mm, (unsigned long)area->addr, ptes, pfn_pte(pfn, PAGE_KERNEL), NR_PAGES);
	for (int i = 0; i < NR_PAGES; i++)
		KUNIT_EXPECT_EQ_MSG(test, pte_pfn(ptes[i]), pfn + i, "entry %d", i);
}

/* ---- vmap_pfn() ---- */

#ifdef CONFIG_VMAP_PFN
static const struct pfns {
	const char *desc;
	unsigned int count;
	int ram;		/* which page frame is one of RAM, or -1 */
} pfns[] = {
	{ "no_pages", 0, -1 },
	{ "one", 1, -1 },
	{ "some", 5, -1 },
	{ "ram_first", 5, 0 },
	{ "ram_last", 5, 4 },
};

KUNIT_ARRAY_PARAM_DESC(pfn, pfns, desc);

static pte_t pte_at(void *addr, unsigned int page)
{
	return ptep_get(virt_to_kpte((unsigned long)addr + page * PAGE_SIZE));
}

/*
 * It is for memory that has no struct page, such as that of a device. RAM has
 * a memory type, and vmap() to map it.
 */
static void vmap_pfn_maps_no_ram(struct kunit *test)
{
	const struct pfns *row = test->param_value;
	unsigned long pfn = page_to_pfn(page_without_pfn(test)), array[5];
	struct page *page = test->priv;
	struct vm_struct *area;
	void *addr;

	if (IS_ENABLED(CONFIG_UML) && row->count && row->ram != 0)
		kunit_skip(test, "the host of UML cannot map it");

	for (int i = 0; i < ARRAY_SIZE(array); i++)
		array[i] = i == row->ram ? page_to_pfn(page) : pfn + (i ^ 1);
	kunit_warning_suppress(test) {
		addr = vmap_pfn(array, row->count, PAGE_KERNEL);
		/* Once a boot, so it may not be for us. */
		KUNIT_EXPECT_LE(test, KUNIT_SUPPRESSED_WARNING_COUNT(), WARNINGS(row->ram >= 0));
	}
	if (!row->count || row->ram >= 0) {
		KUNIT_EXPECT_NULL(test, addr);
		return;
	}
	KUNIT_ASSERT_NOT_NULL(test, addr);
	KUNIT_ASSERT_EQ(test, 0,
			kunit_add_action_or_reset(test, vunmap_action, addr));
	area = find_vm_area(addr);
	KUNIT_ASSERT_NOT_NULL(test, area);
	KUNIT_EXPECT_EQ(test, area->flags, VM_IOREMAP);
	KUNIT_EXPECT_EQ(test, get_vm_area_size(area), row->count * PAGE_SIZE);
	for (int i = 0; i < row->count; i++) {
		pte_t pte = pte_mkspecial(pfn_pte(array[i], pgprot_nx(PAGE_KERNEL)));

		KUNIT_EXPECT_TRUE(test, pte_same(pte_at(addr, i), pte));
	}
	KUNIT_EXPECT_TRUE(test, pte_none(pte_at(addr, row->count)));
	unmap(test, addr);
	for (int i = 0; i < row->count; i++)
		KUNIT_EXPECT_TRUE(test, pte_none(pte_at(addr, i)));
}

/* The size in bytes of so many pages looks like that of one of them. */
static void vmap_pfn_size_wraps(struct kunit *test)
{
	unsigned long pfn = page_to_pfn(page_without_pfn(test));
	void *addr;

	if (IS_ENABLED(CONFIG_64BIT))
		kunit_skip(test, "needs 32-bit addresses");

	addr = vmap_pfn(&pfn, BIT(32 - PAGE_SHIFT) + 1, PAGE_KERNEL);
	KUNIT_EXPECT_NULL(test, addr);
	vunmap(addr);
}
#else
static void vmap_pfn_maps_no_ram(struct kunit *test)
{
	kunit_skip(test, "needs CONFIG_VMAP_PFN");
}

#define vmap_pfn_size_wraps	vmap_pfn_maps_no_ram

static const void *pfn_gen_params(struct kunit *test, const void *prev, char *desc)
{
	return prev ? NULL : "";
}
#endif

static struct kunit_case vm_area_test_cases[] = {
	KUNIT_CASE_PARAM(get_vm_area_fields, size_gen_params),
	KUNIT_CASE(get_vm_area_caller_is_known),
	KUNIT_CASE(get_vm_area_refuses),
	KUNIT_CASE(get_vm_area_fails_without_leak),
	KUNIT_CASE(get_vm_area_in_range),
	KUNIT_CASE(get_vm_area_reclaims),
	KUNIT_CASE(get_vm_area_asks_notifiers),
	KUNIT_CASE(free_vm_area_frees_all),
	KUNIT_CASE_PARAM(ioremap_page_range_checks, ioremap_gen_params),
	KUNIT_CASE_PARAM(ioremap_page_range_huge, huge_gen_params),
	KUNIT_CASE_PARAM(vm_area_map_pages_checks, sparse_gen_params),
	KUNIT_CASE_PARAM(vm_area_map_pages_stops, obstacle_gen_params),
	KUNIT_CASE_PARAM(vm_area_map_pages_across_tables, level_gen_params),
	KUNIT_CASE_PARAM(ioremap_page_range_across_tables, level_gen_params),
	KUNIT_CASE_PARAM(free_vm_area_with_holes, level_gen_params),
	KUNIT_CASE_PARAM(vm_area_map_pages_no_memory, level_gen_params),
	KUNIT_CASE_PARAM(ioremap_page_range_no_memory, level_gen_params),
	KUNIT_CASE(set_ptes_consecutive),
	KUNIT_CASE_PARAM(vmap_pfn_maps_no_ram, pfn_gen_params),
	KUNIT_CASE(vmap_pfn_size_wraps),
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
