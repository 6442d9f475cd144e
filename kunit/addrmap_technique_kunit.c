// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests for the sample driver in mm/addrmap/: what one of its nodes does, and
 * the others do not.
 */
#include <kunit/test.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/module.h>
#include <linux/uaccess.h>

#include "addrmap_node.h"
#include "mm_kunit.h"

/* -- what the page tables have --------------------------------------------- */

/**
 * struct entry - what the page tables have for an address of a VM_PFNMAP mapping
 * @pfn: the page frame of the address, 0 if there is none
 * @mask: the addresses that the entry maps, as of struct follow_pfnmap_args
 * @writable: whether a write is a page fault
 * @pgprot: the protection of the entry
 */
struct entry {
	unsigned long pfn;
	unsigned long mask;
	bool writable;
	pgprot_t pgprot;
};

/* Looks up page @n of the mapping at @mem, and faults nothing in. */
static struct entry entry_of(const char __user *mem, unsigned long n)
{
	struct follow_pfnmap_args args = { .address = (unsigned long)mem + n * PAGE_SIZE };
	struct entry entry = {};

	mmap_read_lock(current->mm);
	args.vma = vma_lookup(current->mm, args.address);
	if (args.vma && !follow_pfnmap_start(&args)) {
		entry.pfn = args.pfn;
		entry.mask = args.addr_mask;
		entry.writable = args.writable;
		entry.pgprot = args.pgprot;
		follow_pfnmap_end(&args);
	}
	mmap_read_unlock(current->mm);

	return entry;
}

/* The page frame of page @pgoff of the buffer, 0 if it cannot be had. */
static unsigned long buffer_pfn(struct kunit *test, struct file *filp, pgoff_t pgoff)
{
	struct addrmap_translate tr;

	return translate(test, filp, (u64)pgoff << PAGE_SHIFT, &tr) ? 0 : tr.pfn;
}

/* -- segments -------------------------------------------------------------- */

/*
 * A fault maps the segment from the page on that was accessed, and ends at the end of
 * the segment and of the mapping, because the memory behind a segment belongs to
 * somebody else (mm/addrmap/segments.c).
 *
 *	page	 0 |1 2|3 4 5|6 7 8 9|10 ...
 *	all	      ^       ^ accessed
 *	part	  |--- ---|
 *		       ^ accessed
 */
static void segments_seam(struct kunit *test)
{
	struct file *filp = ADDRMAP_OPEN_NAME(test, "addrmap/segments", O_RDWR);
	char __user *all, *part;
	unsigned long n;

	KUNIT_ASSERT_EQ_MSG(test, set_length(test, filp, LENGTH), 0, "ADDRMAP_SET_LENGTH");
	all = ADDRMAP_MAP(test, filp, NR_PAGES, MAP_SHARED, 0);
	part = ADDRMAP_MAP(test, filp, 4, MAP_SHARED, 1);

	KUNIT_EXPECT_EQ_MSG(test, byte_at(all + 2 * PAGE_SIZE), 0, "byte of page 2");
	KUNIT_EXPECT_EQ_MSG(test, byte_at(all + 7 * PAGE_SIZE), 0, "byte of page 7");
	for (n = 0; n < NR_PAGES; n++)
		KUNIT_EXPECT_EQ_MSG(test, entry_of(all, n).pfn,
				    n == 2 || (n >= 7 && n <= 9) ? buffer_pfn(test, filp, n) : 0,
				    "frame of page %lu after page 2 and 7", n);

	KUNIT_EXPECT_EQ_MSG(test, byte_at(part + 2 * PAGE_SIZE), 0, "byte of page 3");
	for (n = 0; n < 4; n++)
		KUNIT_EXPECT_EQ_MSG(test, entry_of(part, n).pfn,
				    n >= 2 ? buffer_pfn(test, filp, 1 + n) : 0,
				    "frame of page %lu of the buffer, of which 1 to 4 are mapped",
				    1 + n);
}

/*
 * Each page of the mapping shows the frame that is at its offset in the buffer, be it
 * the first or the last one of its segment, and no other page of the buffer has that
 * frame, because the segments follow each other without gap or overlap in the file.
 */
static void segments_all_pages(struct kunit *test)
{
	struct file *filp = ADDRMAP_OPEN_NAME(test, "addrmap/segments", O_RDWR);
	unsigned long n, other;
	char __user *mem;

	KUNIT_ASSERT_EQ_MSG(test, set_length(test, filp, LENGTH), 0, "ADDRMAP_SET_LENGTH");
	mem = ADDRMAP_MAP(test, filp, NR_PAGES, MAP_SHARED, 0);
	for (n = NR_PAGES; n--; ) {
		unsigned long pfn = buffer_pfn(test, filp, n);

		KUNIT_EXPECT_EQ_MSG(test, byte_at(mem + n * PAGE_SIZE), 0, "byte of page %lu", n);
		KUNIT_EXPECT_NE_MSG(test, pfn, 0, "frame of page %lu", n);
		KUNIT_EXPECT_EQ_MSG(test, entry_of(mem, n).pfn, pfn,
				    "frame that is mapped for page %lu", n);
		for (other = 0; other < n; other++)
			KUNIT_EXPECT_NE_MSG(test, buffer_pfn(test, filp, other), pfn,
					    "frame of pages %lu and %lu", other, n);
	}
}

static struct kunit_case addrmap_technique_cases[] = {
	KUNIT_CASE(segments_seam),
	KUNIT_CASE(segments_all_pages),
	{}
};

static struct kunit_suite addrmap_technique_suite = {
	.name = "addrmap_technique",
	.init = addrmap_node_init,
	.test_cases = addrmap_technique_cases,
};

kunit_test_suite(addrmap_technique_suite);

MODULE_DESCRIPTION("KUnit tests for single nodes of the sample driver in mm/addrmap/");
MODULE_LICENSE("GPL");
