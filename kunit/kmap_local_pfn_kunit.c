// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests for the slots of local mappings, which exist with CONFIG_KMAP_LOCAL:
 * they serve io_mapping_map_local_wc() also without HIGHMEM.
 */
#include <kunit/test.h>
#include <linux/highmem.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/preempt.h>

#include "highmem_page.h"
#include "mm_kunit.h"

/*
 * A slot shows the page that was mapped there last, because the TLB must not keep the
 * page that the slot showed before.
 */
static void kmap_local_slot_reuse(struct kunit *test)
{
	struct folio *one = highmem_test_folio(test, GFP_KERNEL, 0);
	struct folio *two = highmem_test_folio(test, GFP_KERNEL, 0);
	void *addr, *again;
	int found[2];

	memset(folio_address(one), 1, PAGE_SIZE);
	memset(folio_address(two), 2, PAGE_SIZE);
	/* The task stays on this CPU, and so in its slots. */
	migrate_disable();
	addr = __kmap_local_pfn_prot(folio_pfn(one), PAGE_KERNEL);
	found[0] = highmem_id_at(addr);
	kunmap_local_indexed(addr);
	again = __kmap_local_pfn_prot(folio_pfn(two), PAGE_KERNEL);
	found[1] = highmem_id_at(again);
	kunmap_local_indexed(again);
	migrate_enable();

	KUNIT_EXPECT_EQ(test, found[0], 1);
	KUNIT_EXPECT_PTR_EQ(test, again, addr);
	KUNIT_EXPECT_EQ(test, found[1], 2);
}

static struct kunit_case kmap_local_pfn_cases[] = {
	KUNIT_CASE(kmap_local_slot_reuse),
	{}
};

static struct kunit_suite kmap_local_pfn_suite = {
	.name = "kmap_local_pfn",
	.init = highmem_test_init,
	.test_cases = kmap_local_pfn_cases,
};

kunit_test_suite(kmap_local_pfn_suite);

MODULE_DESCRIPTION("KUnit tests for the slots of local mappings");
MODULE_LICENSE("GPL");
