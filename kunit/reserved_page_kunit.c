// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests for reserved pages: those that the page allocator does not have.
 */
#include <kunit/test.h>
#include <linux/hex.h>
#include <linux/highmem.h>
#include <linux/io.h>
#include <linux/mm.h>
#include <linux/mmzone.h>
#include <linux/module.h>
#include <linux/pgtable.h>
#include <linux/sched.h>
#include <linux/string.h>
#include <linux/vmalloc.h>

#include "address_page.h"
#include "mm_kunit.h"

/*
 * The pages of the kernel image and the zero page are reserved, because the allocator
 * never had them. lm_alias() of a symbol is its address in the direct mapping, also where
 * the image is mapped apart.
 */
static void kernel_image_reserved(struct kunit *test)
{
	void *addr = lm_alias(&init_task);

	KUNIT_EXPECT_EQ(test, __pa(addr), __pa_symbol(&init_task));
	KUNIT_EXPECT_EQ(test, !!virt_addr_valid(addr), 1);
	KUNIT_EXPECT_PTR_EQ(test, page_address(virt_to_page(addr)) +
				  offset_in_page(addr), addr);
	KUNIT_EXPECT_EQ(test, *(long *)addr, *(long *)&init_task);
	KUNIT_EXPECT_MEMEQ(test, lm_alias(hex_asc), hex_asc, 16);
	KUNIT_EXPECT_EQ(test, !!PageReserved(virt_to_page(addr)), 1);
	KUNIT_EXPECT_EQ(test, !!PageReserved(virt_to_page(lm_alias(hex_asc))), 1);
	KUNIT_EXPECT_EQ(test, !!PageReserved(ZERO_PAGE(0)), 1);
	if (IMAGE_HAS_PAGES)
		KUNIT_EXPECT_PTR_EQ(test, virt_to_page(&init_task),
				    virt_to_page(addr));
	if (IS_ENABLED(CONFIG_UML))
		KUNIT_EXPECT_PTR_EQ(test, addr, (void *)&init_task);
}

/*
 * A reserved page is mapped, and its references are counted, as those of any other page,
 * because the flag only keeps others off the page. A page of the allocator is not
 * reserved; its owner may set the flag, also twice, and clears it before the page is
 * freed.
 */
static void reserved_page_maps(struct kunit *test)
{
	struct page *page = mm_kunit_page(test);
	char *addr, *local;
	int found;

	KUNIT_EXPECT_EQ(test, !!PageReserved(page), 0);
	SetPageReserved(page);
	KUNIT_EXPECT_EQ(test, !!PageReserved(page), 1);
	SetPageReserved(page);

	addr = vmap(&page, 1, VM_MAP, PAGE_KERNEL);
	if (addr) {
		memset(addr, 0x42, PAGE_SIZE);
		flush_kernel_vmap_range(addr, PAGE_SIZE);
		local = kmap_local_page(page);
		found = memchr_inv(local, *local, PAGE_SIZE) ? -1 : *local;
		kunmap_local(local);
		KUNIT_EXPECT_EQ_MSG(test, found, 0x42, "contents written by the mapping");
		KUNIT_EXPECT_PTR_EQ(test, vmalloc_to_page(addr), page);
		vunmap(addr);
	}
	KUNIT_EXPECT_NOT_NULL(test, addr);
	get_page(page);
	KUNIT_EXPECT_EQ(test, page_count(page), 2);
	put_page(page);
	KUNIT_EXPECT_EQ(test, page_count(page), 1);

	ClearPageReserved(page);
	KUNIT_EXPECT_EQ(test, !!PageReserved(page), 0);
}

/*
 * Memory that is kept from the allocator is not counted as the allocator's, and counted
 * again by free_reserved_page(), because users size caches and limits by the counters.
 * The page may be freed without a reference.
 */
static void reserved_page_accounting(struct kunit *test)
{
	struct page *page = alloc_page(GFP_KERNEL);
	unsigned long total, managed;
	struct zone *zone;

	KUNIT_ASSERT_NOT_NULL(test, page);
	zone = page_zone(page);
	total = totalram_pages();
	managed = zone_managed_pages(zone);

	mark_page_reserved(page);
	KUNIT_EXPECT_EQ(test, !!PageReserved(page), 1);
	KUNIT_EXPECT_EQ(test, totalram_pages(), total - 1);
	KUNIT_EXPECT_EQ(test, zone_managed_pages(zone), managed - 1);

	/* Memory that was reserved at boot has no reference. */
	page_ref_dec(page);
	free_reserved_page(page);
	KUNIT_EXPECT_GE(test, page_ref_count(page), 0);
	KUNIT_EXPECT_EQ(test, totalram_pages(), total);
	KUNIT_EXPECT_EQ(test, zone_managed_pages(zone), managed);
}

static struct kunit_case reserved_page_cases[] = {
	KUNIT_CASE(kernel_image_reserved),
	KUNIT_CASE(reserved_page_maps),
	KUNIT_CASE(reserved_page_accounting),
	{}
};

static struct kunit_suite reserved_page_suite = {
	.name = "reserved_page",
	.init = mm_kunit_init,
	.test_cases = reserved_page_cases,
};

kunit_test_suite(reserved_page_suite);

MODULE_DESCRIPTION("KUnit tests for reserved pages");
MODULE_LICENSE("GPL");
