// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests for ioremap_page_range(): which ranges it maps, by which entries, and
 * what is left when page tables cannot be allocated.
 */
#include <kunit/test.h>
#include <linux/io.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/pgtable.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "mm_kunit.h"
#include "vm_area_tables.h"
#include "vmap_pages.h"

/* -- ranges and entries ----------------------------------------------------- */

static const struct ioremap {
	const char *desc;
	unsigned long flags;
	int start;		/* pages from the start of the area, */
	int end;		/* and from its end */
	int err;
} ioremaps[] = {
	{ .desc = "whole_area", .flags = VM_IOREMAP, .start = 0, .end = 0, .err = 0 },
	{ .desc = "not_ioremap", .flags = VM_MAP, .start = 0, .end = 0, .err = -EINVAL },
	{ .desc = "no_area", .flags = 0, .start = 0, .end = 0, .err = -EINVAL },
	{ .desc = "starts_late", .flags = VM_IOREMAP, .start = 1, .end = 0,
	  .err = -ERANGE },
	{ .desc = "ends_early", .flags = VM_IOREMAP, .start = 0, .end = -1,
	  .err = -ERANGE },
	{ .desc = "guard_page", .flags = VM_IOREMAP, .start = 0, .end = 1,
	  .err = -ERANGE },
};

KUNIT_ARRAY_PARAM_DESC(ioremap, ioremaps, desc);

/*
 * ioremap_page_range() maps exactly a whole VM_IOREMAP area and warns about any
 * other range, because a larger one takes the address of another user, and of a
 * smaller one nobody knows the end. Page frames of RAM are mapped here, so that
 * vmalloc_to_page() shows them.
 */
static void ioremap_page_range_checks(struct kunit *test)
{
	const struct ioremap *row = test->param_value;
	struct vm_struct *area = vmap_pages_area(test, get_vm_area(4 * PAGE_SIZE, row->flags));
	unsigned long start = (unsigned long)area->addr + row->start * PAGE_SIZE;
	unsigned long end = (unsigned long)area->addr + (4 + row->end) * PAGE_SIZE;
	struct page **array = vmap_pages_array(test, VMAP_ASCENDING);
	void *addr = area->addr;

	if (!row->flags)
		vmap_pages_free_area(test, area);
	kunit_warning_suppress(test) {
		KUNIT_EXPECT_EQ(test, ioremap_page_range(start, end, page_to_phys(array[0]),
							 PAGE_KERNEL), row->err);
		KUNIT_EXPECT_SUPPRESSED_WARNING_COUNT(test, MM_KUNIT_WARN_ONCE(!!row->err));
	}
	MM_KUNIT_EXPECT(test, vmap_pages_check_mapped(test, addr, row->err ? NULL : array, 4));
	KUNIT_EXPECT_NULL(test, vmalloc_to_page(addr + 4 * PAGE_SIZE));
}

/* -- page tables ------------------------------------------------------------ */

/*
 * A range of I/O memory may cross the border of page tables of each level, because
 * drivers do not choose the address of the mapping.
 */
static void ioremap_page_range_across_tables(struct kunit *test)
{
	struct vm_struct *area = area_across(test, 0);
	struct page **array = vmap_pages_array(test, VMAP_ASCENDING);
	unsigned long addr = (unsigned long)area->addr;

	/* Set the flag now, because get_vm_area() aligns VM_IOREMAP areas. */
	area->flags = VM_IOREMAP;
	KUNIT_ASSERT_EQ(test, ioremap_page_range(addr, addr + 8 * PAGE_SIZE,
						 page_to_phys(array[0]), PAGE_KERNEL), 0);
	MM_KUNIT_EXPECT(test, vmap_pages_check_mapped(test, (void *)addr, array, 8));
	vmap_pages_free_area(test, area);
	MM_KUNIT_EXPECT(test, vmap_pages_check_mapped(test, (void *)addr, NULL, 8));
}

/*
 * ioremap_page_range() returns -ENOMEM when a page table cannot be allocated, and
 * free_vm_area() of the area then unmaps what has been mapped so far, because its
 * caller knows of nothing else to undo.
 */
static void ioremap_page_range_no_memory(struct kunit *test)
{
	struct page **array = vmap_pages_array(test, VMAP_ASCENDING);
	struct vm_struct *area = area_across(test, 0);
	unsigned long start = (unsigned long)area->addr, end = start + 8 * PAGE_SIZE;
	struct mm_kunit_failing round, fail;
	int err = 0;

	mm_kunit_fail_setup(test, MM_KUNIT_FAIL_ONE);
	mm_kunit_for_each_failing(test, &round) {
		area->flags = VM_IOREMAP;
		/* Each round gets one table more than the last, and no table is freed. */
		fail.nth = round.nth == 1 ? 1 : 2;
		mm_kunit_fail_begin(&fail);
		err = ioremap_page_range(start, end, page_to_phys(array[0]), PAGE_KERNEL);
		mm_kunit_fail_end(&fail);
		round.reached = fail.reached;
		KUNIT_EXPECT_EQ_MSG(test,
				    err, round.reached ? -ENOMEM : 0, "round %u", round.nth);
		if (!round.reached)
			break;
		vmap_pages_free_area(test, area);
		MM_KUNIT_EXPECT_MSG(test, vmap_pages_check_mapped(test, (void *)start, NULL, 8),
				    "round %u", round.nth);
		vm_unmap_aliases();
		area = area_at(test, start, 8, 0);
	}
	mm_kunit_need_table_pages(test, round.nth > 1);
	KUNIT_EXPECT_GT_MSG(test, round.nth, 1, "rounds: no allocation has failed");
	KUNIT_ASSERT_EQ(test, err, 0);
	MM_KUNIT_EXPECT(test, vmap_pages_check_mapped(test, (void *)start, array, 8));
}

/* -- today's implementation, not promised ---------------------------------- */

static const struct huge {
	const char *desc;
	unsigned int shift;	/* of the physical address, in pages */
	bool leaf;
} huges[] = {
	{ .desc = "aligned", .shift = 0, .leaf = true },
	{ .desc = "physical_address_unaligned", .shift = 1, .leaf = false },
};

KUNIT_ARRAY_PARAM_DESC(huge, huges, desc);

/*
 * ioremap_page_range() maps by a large entry where both addresses and the size
 * are aligned to it, because it saves TLB entries, and by single pages where
 * they are not.
 */
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
		kunit_skip(test, "needs CONFIG_HAVE_ARCH_HUGE_VMAP, PPC=n and X86_PAE=n");
	page = alloc_pages(GFP_KERNEL | __GFP_COMP | __GFP_NOWARN, ilog2(nr) + 1);
	if (!page)
		kunit_skip(test, "needs %lu bytes of contiguous memory", 2 * PMD_SIZE);
	mm_kunit_manage(test, mm_kunit_put_page, page);
	array = kunit_kmalloc_array(test, nr, sizeof(*array), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, array);
	for (unsigned int i = 0; i < nr; i++)
		array[i] = page + row->shift + i;

	area = vmap_pages_area(test, get_vm_area(PMD_SIZE, VM_IOREMAP));
	addr = (unsigned long)area->addr;
	KUNIT_ASSERT_EQ(test, ioremap_page_range(addr, addr + PMD_SIZE, page_to_phys(array[0]),
						 PAGE_KERNEL), 0);
	KUNIT_EXPECT_EQ(test, pmd_leaf(*pmd_off_k(addr)), row->leaf);
	MM_KUNIT_EXPECT(test, vmap_pages_check_mapped(test, (void *)addr, array, nr));
	vmap_pages_free_area(test, area);
	MM_KUNIT_EXPECT(test, vmap_pages_check_mapped(test, (void *)addr, NULL, nr));
}

static struct kunit_case ioremap_page_range_test_cases[] = {
	KUNIT_CASE_PARAM(ioremap_page_range_checks, ioremap_gen_params),
	KUNIT_CASE_PARAM(ioremap_page_range_across_tables, level_gen_params),
	KUNIT_CASE_PARAM(ioremap_page_range_no_memory, level_gen_params),
	KUNIT_CASE_PARAM(ioremap_page_range_huge, huge_gen_params),
	{}
};

static struct kunit_suite ioremap_page_range_test_suite = {
	.name = "ioremap_page_range",
	.init = vmap_pages_init,
	.test_cases = ioremap_page_range_test_cases,
};

kunit_test_suite(ioremap_page_range_test_suite);

MODULE_DESCRIPTION("KUnit tests for ioremap_page_range()");
MODULE_LICENSE("GPL");
