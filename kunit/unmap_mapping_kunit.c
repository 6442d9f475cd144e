// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests for the functions with which a driver takes its pages away from the
 * processes that have mapped them: unmap_mapping_range(), unmap_mapping_pages() and
 * zap_special_vma_range().
 *
 * The VMA stays, so that the next access faults, and the driver can map something
 * else, or refuse.
 */
#include <kunit/test.h>
#include <linux/bitops.h>
#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/module.h>
#include <linux/pgtable.h>
#include <linux/sizes.h>

#include "fault_driver.h"
#include "mm_kunit.h"
#include "test_driver.h"
#include "user_checks.h"
#include "user_vma.h"

/* -- unmap_mapping_range() and unmap_mapping_pages() ------------------------- */

static const struct hole {
	const char *desc;
	loff_t begin;		/* of the hole, in bytes from the start of the file */
	loff_t len;		/* of the hole, in bytes; 0 is up to the end of the file */
	unsigned int gone;	/* a bit for each page of the VMA */
} holes[] = {
	{ .desc = "second_page", .begin = (PGOFF + 1) * PAGE_SIZE, .len = PAGE_SIZE,
	  .gone = 0x2 },
	{ .desc = "a_byte_of_the_second_page", .begin = (PGOFF + 1) * PAGE_SIZE + 5, .len = 1,
	  .gone = 0x2 },
	{ .desc = "a_page_and_a_byte", .begin = (PGOFF + 1) * PAGE_SIZE, .len = PAGE_SIZE + 1,
	  .gone = 0x6 },
	{ .desc = "from_the_third_page_on", .begin = (PGOFF + 2) * PAGE_SIZE, .len = 0,
	  .gone = 0xc },
	{ .desc = "from_the_third_page_on_by_length", .begin = (PGOFF + 2) * PAGE_SIZE,
	  .len = 1LL << 60, .gone = 0xc },
	{ .desc = "all_of_the_file", .begin = 0, .len = 0, .gone = 0xf },
	{ .desc = "the_vma", .begin = PGOFF * PAGE_SIZE, .len = TEST_DRIVER_PAGES * PAGE_SIZE,
	  .gone = 0xf },
	{ .desc = "up_to_the_second_page", .begin = 0, .len = (PGOFF + 1) * PAGE_SIZE,
	  .gone = 0x1 },
	{ .desc = "up_to_the_vma", .begin = 0, .len = PGOFF * PAGE_SIZE, .gone = 0 },
	/* A loff_t has 64 bits on all architectures, a pgoff_t has not. */
	{ .desc = "4_gb_behind_the_start", .begin = SZ_4G + PGOFF * PAGE_SIZE,
	  .len = PAGE_SIZE, .gone = 0 },
	{ .desc = "from_4_gb_behind_the_start", .begin = SZ_4G + PGOFF * PAGE_SIZE,
	  .len = 0, .gone = 0 },
	{ .desc = "4_gb_and_a_page", .begin = PGOFF * PAGE_SIZE, .len = SZ_4G + PAGE_SIZE,
	  .gone = 0xf },
	{ .desc = "behind_the_vma", .begin = (PGOFF + TEST_DRIVER_PAGES) * PAGE_SIZE,
	  .len = 0, .gone = 0 },
};

KUNIT_ARRAY_PARAM_DESC(hole, holes, desc);

/*
 * unmap_mapping_range() unmaps every page of the file that the hole touches, and no
 * other, and drops the references of the mappings: a driver then knows that nobody
 * has access. The next access calls ->fault again (kernel-doc of the function).
 */
static void unmap_mapping_range_hole(struct kunit *test)
{
	const struct hole *row = test->param_value;
	struct fault_driver *drv = fault_driver(test);
	struct page **pages = drv->base.pages;
	int i;

	fault_driver_map(test, PROT_RW, MAP_SHARED);
	for (i = 0; i < TEST_DRIVER_PAGES; i++)
		KUNIT_EXPECT_EQ_MSG(test, user_fault(AT + i * PAGE_SIZE, 0), 0, "page %d", i);
	FAULT_EXPECT_CALLS(test, "ffff");
	unmap_mapping_range(fault_driver_mapping(drv), row->begin, row->len, 1);
	for (i = 0; i < TEST_DRIVER_PAGES; i++) {
		bool gone = row->gone & BIT(i);

		KUNIT_EXPECT_EQ_MSG(test, !!pte_none(user_pte_at(AT + i * PAGE_SIZE)), gone,
				    "whether page %d is gone", i);
		MM_KUNIT_EXPECT_COUNTS(test, pages[i], 1 + !gone, !gone, "page %d", i);
	}
	MM_KUNIT_EXPECT_RSS(test, TEST_DRIVER_PAGES - hweight32(row->gone), 0, 0,
			    "of what is left");

	KUNIT_EXPECT_EQ(test, user_write(AT + PAGE_SIZE, 1), true);
	FAULT_EXPECT_CALLS(test, row->gone & 0x2 ? "f" : "");
	MM_KUNIT_EXPECT(test, user_check_page(test, AT + PAGE_SIZE, pages[1]));
}

/*
 * An offset with the highest bit set names a page of the file like any other, although
 * it is negative as a loff_t: drivers make up offsets, such as the DRM ones, and pass
 * them to unmap_mapping_range().
 */
static void unmap_mapping_range_highest_bit(struct kunit *test)
{
	const unsigned long pgoff = 1UL << (BITS_PER_LONG - 1 - PAGE_SHIFT);
	struct fault_driver *drv = fault_driver(test);

	drv->base.pgoff = pgoff;
	test_driver_map(test, AT, 0, 2, PROT_RW, MAP_SHARED | MAP_FIXED);
	KUNIT_EXPECT_EQ(test, user_fault(AT, 0), 0);
	KUNIT_EXPECT_EQ(test, user_fault(AT + PAGE_SIZE, 0), 0);
	MM_KUNIT_EXPECT_RSS(test, 2, 0, 0, "after the faults");
	unmap_mapping_range(fault_driver_mapping(drv), (u64)pgoff << PAGE_SHIFT, PAGE_SIZE, 1);
	MM_KUNIT_EXPECT(test, user_check_none(test, AT));
	MM_KUNIT_EXPECT_RSS(test, 1, 0, 0, "after the first page was unmapped");
}

/*
 * The copies that a process has made in a private mapping are only unmapped with
 * even_cows, as when the file is truncated: they are the process's data. The driver's
 * own pages are unmapped in any case. unmap_mapping_pages() is the same in pages, and
 * 0 pages mean all up to the end of the file.
 */
static void unmap_mapping_range_private(struct kunit *test)
{
	struct fault_driver *drv = fault_driver(test);
	struct address_space *mapping = fault_driver_mapping(drv);
	struct page **pages = drv->base.pages;
	u32 value = 0;

	/*
	 *      AT
	 *      |-- copy of p0 --|-- p1 --|-- not mapped --|-- not mapped --|
	 */
	fault_driver_map(test, PROT_RW, MAP_PRIVATE);
	KUNIT_EXPECT_EQ(test, user_write(AT, 1), true);
	KUNIT_EXPECT_EQ(test, user_fault(AT + PAGE_SIZE, 0), 0);
	MM_KUNIT_EXPECT_RSS(test, 1, 1, 0, "before");
	unmap_mapping_range(mapping, PGOFF * PAGE_SIZE, 2 * PAGE_SIZE, 0);
	MM_KUNIT_EXPECT(test, user_check_none(test, AT + PAGE_SIZE));
	MM_KUNIT_EXPECT_RSS(test, 0, 1, 0, "without even_cows");
	KUNIT_EXPECT_EQ(test, copy_from_user(&value, (void __user *)AT, sizeof(value)), 0);
	KUNIT_EXPECT_EQ(test, value, 1);
	unmap_mapping_range(mapping, PGOFF * PAGE_SIZE, 2 * PAGE_SIZE, 1);
	MM_KUNIT_EXPECT(test, user_check_none(test, AT));
	MM_KUNIT_EXPECT_RSS(test, 0, 0, 0, "with even_cows");

	KUNIT_EXPECT_EQ(test, user_fault(AT, 0), 0);
	KUNIT_EXPECT_EQ(test, user_fault(AT + PAGE_SIZE, 0), 0);
	KUNIT_EXPECT_EQ(test, user_fault(AT + 2 * PAGE_SIZE, 0), 0);
	unmap_mapping_pages(mapping, PGOFF, 1, false);
	MM_KUNIT_EXPECT(test, user_check_none(test, AT));
	MM_KUNIT_EXPECT(test, user_check_page(test, AT + PAGE_SIZE, pages[1]));
	unmap_mapping_pages(mapping, PGOFF + 1, 0, false);
	MM_KUNIT_EXPECT_RSS(test, 0, 0, 0, "after unmap_mapping_pages() up to the end");
}

/* -- zap_special_vma_range() ------------------------------------------------- */

/* Zaps @size bytes at @start, which need not be in the VMA that is at @addr. */
static void zap(unsigned long addr, unsigned long start, unsigned long size)
{
	struct vm_area_struct *vma;

	mmap_read_lock(current->mm);
	vma = vma_lookup(current->mm, addr);
	if (vma)
		zap_special_vma_range(vma, start, size);
	mmap_read_unlock(current->mm);
}

/*
 * zap_special_vma_range() unmaps a range that is all in a VMA with VM_MIXEDMAP or
 * VM_PFNMAP, and does nothing else (kernel-doc): in another VMA, the pages are not the
 * driver's to take away.
 */
static void zap_special_vma_range_of_pages(struct kunit *test)
{
	struct fault_driver *drv = fault_driver(test);
	struct page **pages = drv->base.pages;
	int i;

	drv->base.set = VM_MIXEDMAP;
	fault_driver_map(test, PROT_RW, MAP_SHARED);
	for (i = 0; i < TEST_DRIVER_PAGES; i++)
		KUNIT_EXPECT_EQ_MSG(test, user_fault(AT + i * PAGE_SIZE, 0), 0, "page %d", i);

	/* A page too early, and a page too long. */
	zap(AT, AT - PAGE_SIZE, 2 * PAGE_SIZE);
	zap(AT, AT, (TEST_DRIVER_PAGES + 1) * PAGE_SIZE);
	MM_KUNIT_EXPECT_RSS(test, TEST_DRIVER_PAGES, 0, 0, "after ranges outside of the VMA");

	/*
	 *      AT
	 *      |-- p0 --|-- p1 --|-- p2 --|-- p3 --|
	 *               ^ zap: two pages  ^
	 */
	zap(AT, AT + PAGE_SIZE, 2 * PAGE_SIZE);
	MM_KUNIT_EXPECT(test, user_check_page(test, AT, pages[0]));
	MM_KUNIT_EXPECT(test, user_check_none(test, AT + PAGE_SIZE));
	MM_KUNIT_EXPECT(test, user_check_none(test, AT + 2 * PAGE_SIZE));
	MM_KUNIT_EXPECT(test, user_check_page(test, AT + 3 * PAGE_SIZE, pages[3]));
	FAULT_EXPECT_MAPPED(test, pages[1], 0);
	MM_KUNIT_EXPECT_RSS(test, 2, 0, 0, "after two pages were zapped");
	zap(AT, AT, TEST_DRIVER_PAGES * PAGE_SIZE);
	MM_KUNIT_EXPECT_RSS(test, 0, 0, 0, "after all pages were zapped");

	drv->base.set = 0;
	fault_driver_map(test, PROT_RW, MAP_SHARED);
	KUNIT_EXPECT_EQ(test, user_fault(AT, 0), 0);
	zap(AT, AT, TEST_DRIVER_PAGES * PAGE_SIZE);
	MM_KUNIT_EXPECT(test, user_check_page(test, AT, pages[0]));
}

static const struct mapping {
	const char *desc;
	unsigned long flags;	/* of mmap() */
} mappings[] = {
	{ .desc = "shared", .flags = MAP_SHARED },
	{ .desc = "private", .flags = MAP_PRIVATE },
};

KUNIT_ARRAY_PARAM_DESC(mapping, mappings, desc);

static const struct vm_operations_struct no_fault_ops = {};

/* Looks for the driver's page i as a raw page frame that the process can read. */
static const char *check_raw(struct kunit *test, unsigned long addr, unsigned int i)
{
	struct page *page = fault_driver(test)->base.pages[i];

	return user_check_pfn(test, addr, page_to_pfn(page), true) ?:
	       user_check_reads(test, addr, page);
}

/* Looks for a page that the process can neither read nor write, as there is no ->fault. */
static const char *check_hole(struct kunit *test, unsigned long addr)
{
	bool writes = user_write(addr, 0);
	u32 value;
	bool reads = !copy_from_user(&value, (void __user *)addr, sizeof(value));

	if (!reads && !writes)
		return NULL;
	return mm_kunit_wrong(test, "at %lx: expected no access, found that it reads %d, writes %d",
			      addr, reads, writes);
}

/*
 * Pages that remap_pfn_range() has mapped are unmapped without a look at their struct
 * page, because the mapping has no reference, and the rest of the VMA stays raw: no
 * reference is dropped by a later zap or by munmap() either.
 */
static void zap_special_vma_range_of_remap(struct kunit *test)
{
	const struct mapping *row = test->param_value;
	struct fault_driver *drv = fault_driver(test);
	unsigned long addr;
	int i;

	drv->base.ops = &no_fault_ops;
	drv->base.how = DRV_REMAP_PFN;
	addr = test_driver_map_all(test, PROT_RW, row->flags);
	for (i = 0; i < TEST_DRIVER_PAGES; i++)
		MM_KUNIT_ASSERT_MSG(test, check_raw(test, addr + i * PAGE_SIZE, i), "page %d", i);

	/*
	 *      addr
	 *      |-- p0 --|-- p1 --|-- p2 --|-- p3 --|
	 *               ^ zap: two pages  ^
	 *                                 ^ no zap: leaves the VMA ...
	 */
	zap(addr, addr + PAGE_SIZE, 2 * PAGE_SIZE);
	zap(addr, addr + 3 * PAGE_SIZE, TEST_DRIVER_PAGES * PAGE_SIZE);
	MM_KUNIT_EXPECT(test, check_raw(test, addr, 0));
	MM_KUNIT_EXPECT(test, check_hole(test, addr + PAGE_SIZE));
	MM_KUNIT_EXPECT(test, check_hole(test, addr + 2 * PAGE_SIZE));
	MM_KUNIT_EXPECT(test, check_raw(test, addr + 3 * PAGE_SIZE, 3));
	MM_KUNIT_EXPECT_UNUSED(test);

	/* The page behind the gap is known to be raw when it is unmapped. */
	zap(addr, addr, PAGE_SIZE);
	KUNIT_ASSERT_EQ(test, vm_munmap(addr, TEST_DRIVER_PAGES * PAGE_SIZE), 0);
	MM_KUNIT_EXPECT_UNUSED(test);
	MM_KUNIT_EXPECT_RSS(test, 0, 0, 0, "after munmap()");
}

/*
 * Anonymous memory is left alone, since it is the process's own: VMAs without
 * VM_PFNMAP and VM_MIXEDMAP are not for drivers to zap.
 */
static void zap_special_vma_range_of_anonymous(struct kunit *test)
{
	unsigned long addr;
	u32 value = 0;

	addr = vm_mmap(NULL, 0, PAGE_SIZE, PROT_RW, MAP_PRIVATE | MAP_ANONYMOUS, 0);
	KUNIT_ASSERT_FALSE_MSG(test, IS_ERR_VALUE(addr), "mmap() returned %ld", (long)addr);
	KUNIT_ASSERT_EQ(test, user_write(addr, 'x'), true);
	zap(addr, addr, PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, copy_from_user(&value, (void __user *)addr, sizeof(value)), 0);
	KUNIT_EXPECT_EQ(test, value, 'x');
}

static struct kunit_case unmap_mapping_cases[] = {
	KUNIT_CASE_PARAM(unmap_mapping_range_hole, hole_gen_params),
	KUNIT_CASE(unmap_mapping_range_highest_bit),
	KUNIT_CASE(unmap_mapping_range_private),
	KUNIT_CASE(zap_special_vma_range_of_pages),
	KUNIT_CASE_PARAM(zap_special_vma_range_of_remap, mapping_gen_params),
	KUNIT_CASE(zap_special_vma_range_of_anonymous),
	{}
};

static struct kunit_suite unmap_mapping_suite = {
	.name = "unmap_mapping",
	.init = fault_driver_init,
	.test_cases = unmap_mapping_cases,
};

kunit_test_suite(unmap_mapping_suite);

MODULE_DESCRIPTION("KUnit tests for unmap_mapping_range() and zap_special_vma_range()");
MODULE_LICENSE("GPL");
