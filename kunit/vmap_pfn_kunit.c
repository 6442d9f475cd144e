// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests for vmap_pfn(), which is only built with CONFIG_VMAP_PFN.
 */
#include <kunit/test.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/pgtable.h>
#include <linux/vmalloc.h>

#include "mm_kunit.h"
#include "vmap_pages.h"

static const struct pfns {
	const char *desc;
	unsigned int count;
	int ram;		/* which page frame is one of RAM, or -1 */
} pfns[] = {
	{ .desc = "no_pages", .count = 0, .ram = -1 },
	{ .desc = "one", .count = 1, .ram = -1 },
	{ .desc = "some", .count = 5, .ram = -1 },
	{ .desc = "ram_first", .count = 5, .ram = 0 },
	{ .desc = "ram_last", .count = 5, .ram = 4 },
};

KUNIT_ARRAY_PARAM_DESC(pfn, pfns, desc);

static pte_t pte_at(void *addr, unsigned int page)
{
	return ptep_get(virt_to_kpte((unsigned long)addr + page * PAGE_SIZE));
}

/*
 * vmap_pfn() maps page frames that have no struct page, in order, in a
 * VM_IOREMAP area, and refuses page frames of RAM with a warning, because RAM
 * has a memory type that a second mapping must not change, and vmap() to map it.
 */
static void vmap_pfn_maps_no_ram(struct kunit *test)
{
	const struct pfns *row = test->param_value;
	unsigned long pfn = page_to_pfn(vmap_pages_without_pfn(test)), array[5];
	struct page *page = test->priv;
	struct vm_struct *area;
	void *addr;

	if (IS_ENABLED(CONFIG_UML) && row->count && row->ram != 0)
		kunit_skip(test, "needs another machine than UML, whose host has no such frames");

	for (int i = 0; i < ARRAY_SIZE(array); i++)
		array[i] = i == row->ram ? page_to_pfn(page) : pfn + (i ^ 1);
	kunit_warning_suppress(test) {
		addr = vmap_pfn(array, row->count, PAGE_KERNEL);
		KUNIT_EXPECT_SUPPRESSED_WARNING_COUNT(test, MM_KUNIT_WARN_ONCE(row->ram >= 0));
	}
	if (!row->count || row->ram >= 0) {
		KUNIT_EXPECT_NULL(test, addr);
		return;
	}
	KUNIT_ASSERT_NOT_NULL(test, addr);
	mm_kunit_manage(test, mm_kunit_vunmap, addr);
	area = find_vm_area(addr);
	KUNIT_ASSERT_NOT_NULL(test, area);
	KUNIT_EXPECT_EQ(test, area->flags, VM_IOREMAP);
	KUNIT_EXPECT_EQ(test, get_vm_area_size(area), row->count * PAGE_SIZE);
	for (int i = 0; i < row->count; i++) {
		pte_t pte = pte_mkspecial(pfn_pte(array[i], pgprot_nx(PAGE_KERNEL)));

		KUNIT_EXPECT_EQ_MSG(test, pte_same(pte_at(addr, i), pte), true,
				    "entry %d: expected %llx, found %llx", i,
				    (u64)pte_val(pte), (u64)pte_val(pte_at(addr, i)));
	}
	KUNIT_EXPECT_EQ_MSG(test, pte_none(pte_at(addr, row->count)), true,
			    "entry behind the mapping: expected none, found %llx",
			    (u64)pte_val(pte_at(addr, row->count)));
	vmap_pages_unmap(test, addr);
	for (int i = 0; i < row->count; i++)
		KUNIT_EXPECT_EQ_MSG(test, pte_none(pte_at(addr, i)), true,
				    "entry %d after vunmap(): expected none, found %llx", i,
				    (u64)pte_val(pte_at(addr, i)));
}

/*
 * vmap_pfn() returns NULL if the size in bytes does not fit in 32 bits, because
 * the wrapped size is that of a single page, behind which it would map over the
 * memory of others.
 */
static void vmap_pfn_size_wraps(struct kunit *test)
{
	unsigned long pfn = page_to_pfn(vmap_pages_without_pfn(test));
	void *addr;

	if (IS_ENABLED(CONFIG_64BIT))
		kunit_skip(test, "needs CONFIG_64BIT=n");

	addr = vmap_pfn(&pfn, BIT(32 - PAGE_SHIFT) + 1, PAGE_KERNEL);
	KUNIT_EXPECT_NULL(test, addr);
	vunmap(addr);
}

static struct kunit_case vmap_pfn_test_cases[] = {
	KUNIT_CASE_PARAM(vmap_pfn_maps_no_ram, pfn_gen_params),
	KUNIT_CASE(vmap_pfn_size_wraps),
	{}
};

static struct kunit_suite vmap_pfn_test_suite = {
	.name = "vmap_pfn",
	.init = vmap_pages_init,
	.test_cases = vmap_pfn_test_cases,
};

kunit_test_suite(vmap_pfn_test_suite);

MODULE_DESCRIPTION("KUnit tests for vmap_pfn()");
MODULE_LICENSE("GPL");
