// SPDX-License-Identifier: GPL-2.0-only
/*
 * vm_insert_pages(), vm_map_pages() and vm_map_pages_zero(): many pages at once.
 */
#include <kunit/test.h>
#include <linux/sort.h>

#include "vm_insert.h"

/* -- vm_insert_pages() ----------------------------------------------------- */

/*
 * vm_insert_pages() maps page i of the array i pages after the address, and
 * sets @num to 0, because that tells its caller that none is left. It maps
 * nothing before or after.
 */
static void vm_insert_pages_placement(struct kunit *test)
{
	struct insert in = {
		.call = call_insert_pages,
		.pages = own_pages(test, NR_PAGES),
		.num = NR_PAGES,
		.offset = PAGE_SIZE,
	};
	unsigned long addr = map_shared(test, NR_PAGES + 2, &in);

	KUNIT_EXPECT_EQ(test, in.ret, 0);
	KUNIT_EXPECT_EQ(test, in.num, 0);
	MM_KUNIT_ASSERT(test, user_check_no_pages(test, addr, 1));
	MM_KUNIT_ASSERT(test,
			check_mapped(test, addr + PAGE_SIZE, in.pages, NR_PAGES));
	MM_KUNIT_ASSERT(test,
			user_check_no_pages(test, addr + (NR_PAGES + 1) * PAGE_SIZE, 1));
	MM_KUNIT_EXPECT_RSS(test, NR_PAGES, 0, 0, "of the process");
}

/*
 * The order of the array is kept across page tables, because the call goes on
 * where the table before has ended. With 600 pages across the border of a PMD
 * there are two tables or more.
 */
static void vm_insert_pages_page_tables(struct kunit *test)
{
	struct insert in = {
		.call = call_insert_pages,
		.pages = own_pages(test, 600),
		.num = 600,
	};
	struct user_file *uf = user_file_open(test, O_RDWR, insert_mmap, &in);
	unsigned long at = 16 * PMD_SIZE - 300 * PAGE_SIZE;
	long addr = user_mmap(uf, at, 600 * PAGE_SIZE, PROT_RW,
			      MAP_SHARED | MAP_FIXED, 0);

	KUNIT_ASSERT_EQ(test, addr, at);
	KUNIT_EXPECT_EQ(test, in.ret, 0);
	KUNIT_EXPECT_EQ(test, in.num, 0);
	MM_KUNIT_ASSERT(test, check_mapped(test, addr, in.pages, 600));
}

static const struct range_case {
	const char *desc;
	unsigned long offset;
	unsigned long num;
} ranges[] = {
	{ .desc = "from_a_page_before_the_start", .offset = -PAGE_SIZE,
	  .num = 2 },
	{ .desc = "to_a_page_behind_the_end", .offset = PAGE_SIZE, .num = 2 },
	{ .desc = "at_the_end", .offset = 2 * PAGE_SIZE, .num = 1 },
	{ .desc = "more_than_the_vma", .offset = 0, .num = 3 },
};

KUNIT_ARRAY_PARAM_DESC(range, ranges, desc);

/*
 * A range that is not within the VMA is refused with -EFAULT before the first
 * page is inserted, because its end is known from the start. @num and the VMA's
 * flags stay as they were.
 */
static void vm_insert_pages_outside(struct kunit *test)
{
	const struct range_case *row = test->param_value;
	struct insert in = {
		.call = call_insert_pages,
		.pages = own_pages(test, 3),
		.num = row->num,
		.offset = row->offset,
	};
	unsigned long addr = map_shared(test, 2, &in);

	KUNIT_EXPECT_EQ(test, in.ret, -EFAULT);
	KUNIT_EXPECT_EQ(test, in.num, row->num);
	KUNIT_EXPECT_EQ(test, in.flags, 0);
	MM_KUNIT_ASSERT(test, user_check_no_pages(test, addr, 2));
}

/* So many pages that their size in bytes, or the end of the range, wraps. */
static const struct range_case wraps[] = {
	{ .desc = "size_of_a_page", .offset = 0,
	  .num = (1UL << (BITS_PER_LONG - PAGE_SHIFT)) + 1 },
	{ .desc = "size_of_two_pages", .offset = 0,
	  .num = (1UL << (BITS_PER_LONG - PAGE_SHIFT)) + 2 },
	{ .desc = "size_0", .offset = 0,
	  .num = 1UL << (BITS_PER_LONG - PAGE_SHIFT) },
	{ .desc = "all_numbers", .offset = 0, .num = ULONG_MAX },
	{ .desc = "end_before_the_start", .offset = 0,
	  .num = (1UL << (BITS_PER_LONG - PAGE_SHIFT)) - 1 },
	{ .desc = "end_before_the_start_far_away", .offset = 0,
	  .num = 1UL << (BITS_PER_LONG - PAGE_SHIFT - 1) },
};

KUNIT_ARRAY_PARAM_DESC(wrap, wraps, desc);

/*
 * A number of pages whose size in bytes wraps, or that ends below its start, is
 * refused with -EFAULT, because no VMA is so large. The second page is occupied,
 * so that a kernel that does not refuse stops there.
 */
static void vm_insert_pages_wraps(struct kunit *test)
{
	const struct range_case *row = test->param_value;
	struct insert in = {
		.call = call_insert_pages,
		.pages = own_pages(test, 2),
		.num = row->num,
		.offset = row->offset,
		.obstacle = mm_kunit_page(test),
		.obstacle_at = PAGE_SIZE,
	};
	unsigned long addr = map_shared(test, 2, &in);

	KUNIT_EXPECT_EQ(test, in.ret, -EFAULT);
	KUNIT_EXPECT_EQ(test, in.num, row->num);
	MM_KUNIT_ASSERT(test, user_check_no_pages(test, addr, 1));
	MM_KUNIT_EXPECT_COUNTS(test, in.pages[0], 1, 0, "page 0");
}

/*
 * No pages are inserted for a number of 0, and that is no error, because there
 * is nothing that could fail.
 */
static void vm_insert_pages_none(struct kunit *test)
{
	struct insert in = { .call = call_insert_pages };
	unsigned long addr = map_shared(test, 1, &in);

	KUNIT_EXPECT_EQ(test, in.ret, 0);
	KUNIT_EXPECT_EQ(test, in.num, 0);
	MM_KUNIT_ASSERT(test, user_check_no_pages(test, addr, 1));
}

static const struct stop_case {
	const char *desc;
	unsigned long at;
} stops[] = {
	{ .desc = "first_page", .at = 0 },
	{ .desc = "second_page", .at = 1 },
	{ .desc = "eighth_page", .at = 7 },
	{ .desc = "ninth_page", .at = 8 },
	{ .desc = "tenth_page", .at = 9 },
	{ .desc = "last_page", .at = NR_PAGES - 1 },
};

KUNIT_ARRAY_PARAM_DESC(stop, stops, desc);

/*
 * vm_insert_pages() stops at the first entry that is in use, with -EBUSY and
 * @num as the number of pages from that page on, because callers find the page
 * by it. Pages before it stay mapped. The rows lie before, at and after the border
 * of a batch of eight pages.
 */
static void vm_insert_pages_stops_at(struct kunit *test)
{
	const struct stop_case *row = test->param_value;
	struct insert in = {
		.call = call_insert_pages,
		.pages = own_pages(test, NR_PAGES),
		.num = NR_PAGES,
		.obstacle = mm_kunit_page(test),
		.obstacle_at = row->at * PAGE_SIZE,
	};
	unsigned long addr = map_shared(test, NR_PAGES, &in);
	unsigned long rest = NR_PAGES - row->at;

	KUNIT_EXPECT_EQ(test, in.ret, -EBUSY);
	KUNIT_EXPECT_EQ(test, in.num, rest);
	MM_KUNIT_ASSERT(test, check_mapped(test, addr, in.pages, row->at));
	MM_KUNIT_ASSERT(test,
			check_mapped(test, addr + row->at * PAGE_SIZE, &in.obstacle, 1));
	MM_KUNIT_ASSERT(test,
			user_check_no_pages(test, addr + (row->at + 1) * PAGE_SIZE, rest - 1));
	MM_KUNIT_EXPECT_COUNTS(test, in.pages[row->at], 1, 0,
			       "the page that was refused");
}

/*
 * @num is right also if the entry that is in use lies in the second page table,
 * because it counts what is left of the whole array.
 */
static void vm_insert_pages_stops_in_next_table(struct kunit *test)
{
	struct insert in = {
		.call = call_insert_pages,
		.pages = own_pages(test, NR_PAGES),
		.num = NR_PAGES,
		.obstacle = mm_kunit_page(test),
		.obstacle_at = 15 * PAGE_SIZE,
	};
	struct user_file *uf = user_file_open(test, O_RDWR, insert_mmap, &in);
	unsigned long at = 16 * PMD_SIZE - 10 * PAGE_SIZE;
	long addr = user_mmap(uf, at, NR_PAGES * PAGE_SIZE, PROT_RW,
			      MAP_SHARED | MAP_FIXED, 0);

	KUNIT_ASSERT_EQ(test, addr, at);
	KUNIT_EXPECT_EQ(test, in.ret, -EBUSY);
	KUNIT_EXPECT_EQ(test, in.num, NR_PAGES - 15);
	MM_KUNIT_ASSERT(test, check_mapped(test, addr, in.pages, 15));
	MM_KUNIT_ASSERT(test,
			user_check_no_pages(test, addr + 16 * PAGE_SIZE, NR_PAGES - 16));
}

/*
 * If ->mmap passes the error on, mmap() unmaps what was inserted and drops its
 * references, because drivers do not undo it themselves.
 */
static void vm_insert_pages_failure_unmaps(struct kunit *test)
{
	struct insert in = {
		.call = call_insert_pages,
		.pages = own_pages(test, 3),
		.num = 3,
		.obstacle = mm_kunit_page(test),
		.obstacle_at = 2 * PAGE_SIZE,
	};
	struct user_file *uf = user_file_open(test, O_RDWR, insert_mmap_fails,
					      &in);

	KUNIT_EXPECT_EQ(test,
			user_mmap(uf, 0, 3 * PAGE_SIZE, PROT_RW, MAP_SHARED, 0),
			-EBUSY);
	MM_KUNIT_EXPECT_COUNTS(test, in.pages[0], 1, 0, "page 0");
	MM_KUNIT_EXPECT_COUNTS(test, in.pages[1], 1, 0, "page 1");
	MM_KUNIT_EXPECT_COUNTS(test, in.obstacle, 1, 0,
			       "the page that was there");
	MM_KUNIT_EXPECT_RSS(test, 0, 0, 0, "of the process");
}

/* -- vm_insert_pages() of large folios ------------------------------------- */

/*
 * Pages of large folios and of small ones may follow each other in any order,
 * because the array is the caller's. Each page that is mapped holds a reference
 * to its folio and counts once, in runs of consecutive pages as well as apart.
 */
static void vm_insert_pages_mixed_folios(struct kunit *test)
{
	struct page *four = mm_kunit_pages(test, GFP_KERNEL | __GFP_ZERO, 2);
	struct page *eight = mm_kunit_pages(test, GFP_KERNEL | __GFP_ZERO, 3);
	struct page *single = mm_kunit_page(test);
	struct page *pages[] = {
		four + 2, four + 3, single, eight, eight + 1, eight + 2,
		eight + 3, eight + 5, eight + 6, eight + 7, four + 1, four,
	};
	const unsigned long nr = ARRAY_SIZE(pages);
	struct insert in = {
		.call = call_insert_pages, .pages = pages, .num = nr,
	};
	unsigned long addr = map_shared(test, nr, &in);

	KUNIT_EXPECT_EQ(test, in.ret, 0);
	KUNIT_EXPECT_EQ(test, in.num, 0);
	MM_KUNIT_ASSERT(test, check_mapped(test, addr, pages, nr));
	MM_KUNIT_EXPECT_COUNTS(test, four, 5, 4, "the folio of 4 pages");
	MM_KUNIT_EXPECT_COUNTS(test, eight, 8, 7, "the folio of 8 pages");
	MM_KUNIT_EXPECT_COUNTS(test, single, 2, 1, "the single page");
	MM_KUNIT_EXPECT_RSS(test, nr, 0, 0, "of the process");

	KUNIT_EXPECT_EQ(test, vm_munmap(addr, nr * PAGE_SIZE), 0);
	MM_KUNIT_EXPECT_COUNTS(test, four, 1, 0, "the folio of 4 pages");
	MM_KUNIT_EXPECT_COUNTS(test, eight, 1, 0, "the folio of 8 pages");
	MM_KUNIT_EXPECT_COUNTS(test, single, 1, 0, "the single page");
	MM_KUNIT_EXPECT_RSS(test, 0, 0, 0, "of the process, unmapped");
}

static int compare_pages(const void *a, const void *b)
{
	return cmp_int(page_to_pfn(*(struct page **)a), page_to_pfn(*(struct page **)b));
}

/*
 * Folios that lie side by side in memory are still folios of their own, because
 * each has a reference count. The page allocator hands out most folios of this
 * number side by side. The array begins in the middle of one, so that a run of as
 * many pages as a folio has would reach into the next.
 */
static void vm_insert_pages_neighbours(struct kunit *test)
{
	struct page *pages[64];
	struct insert in = {
		.call = call_insert_pages, .pages = pages + 1, .num = 63,
	};
	unsigned long addr;
	unsigned int i;

	for (i = 0; i < 64; i++)
		pages[i] = i % 4 ? pages[i - 1] + 1 :
				   mm_kunit_pages(test, GFP_KERNEL | __GFP_ZERO, 2);
	sort(pages, 64, sizeof(*pages), compare_pages, NULL);
	addr = map_shared(test, 63, &in);

	KUNIT_EXPECT_EQ(test, in.ret, 0);
	MM_KUNIT_ASSERT(test, check_mapped(test, addr, pages + 1, 63));
	MM_KUNIT_EXPECT_COUNTS(test, pages[0], 4, 3, "folio 0");
	for (i = 4; i < 64; i += 4)
		MM_KUNIT_EXPECT_COUNTS(test, pages[i], 5, 4, "folio %u", i / 4);
	MM_KUNIT_EXPECT_RSS(test, 63, 0, 0, "of the process");
}

/*
 * The array may begin and end in the middle of a folio, because a driver maps what
 * the process asks for. The folio gets a reference for each page that is mapped.
 */
static void vm_insert_pages_part_of_folio(struct kunit *test)
{
	struct page *eight = mm_kunit_pages(test, GFP_KERNEL | __GFP_ZERO, 3);
	struct page *pages[] = {
		eight + 2, eight + 3, eight + 4, eight + 5, eight + 6,
	};
	struct insert in = {
		.call = call_insert_pages, .pages = pages, .num = 3,
	};
	unsigned long addr = map_shared(test, 5, &in);

	KUNIT_EXPECT_EQ(test, in.ret, 0);
	KUNIT_EXPECT_EQ(test, in.num, 0);
	MM_KUNIT_ASSERT(test, check_mapped(test, addr, pages, 3));
	MM_KUNIT_EXPECT(test, user_check_no_pages(test, addr + 3 * PAGE_SIZE, 2));
	MM_KUNIT_EXPECT_COUNTS(test, eight, 4, 3, "the folio");
	MM_KUNIT_EXPECT_RSS(test, 3, 0, 0, "of the process");
}

/*
 * A folio may lie across two page tables, because neither the address nor the
 * array has to be aligned.
 */
static void vm_insert_pages_folio_across_tables(struct kunit *test)
{
	struct page *eight = mm_kunit_pages(test, GFP_KERNEL | __GFP_ZERO, 3);
	struct page *pages[8];
	struct insert in = {
		.call = call_insert_pages, .pages = pages, .num = 8,
	};
	struct user_file *uf = user_file_open(test, O_RDWR, insert_mmap, &in);
	unsigned long at = 16 * PMD_SIZE - 3 * PAGE_SIZE;
	unsigned int i;
	long addr;

	for (i = 0; i < 8; i++)
		pages[i] = eight + i;
	addr = user_mmap(uf, at, 8 * PAGE_SIZE, PROT_RW, MAP_SHARED | MAP_FIXED, 0);

	KUNIT_ASSERT_EQ(test, addr, at);
	KUNIT_EXPECT_EQ(test, in.ret, 0);
	KUNIT_EXPECT_EQ(test, in.num, 0);
	MM_KUNIT_ASSERT(test, check_mapped(test, addr, pages, 8));
	MM_KUNIT_EXPECT_COUNTS(test, eight, 9, 8, "the folio");
	MM_KUNIT_EXPECT_RSS(test, 8, 0, 0, "of the process");
}

static const struct stop_case folio_stops[] = {
	{ .desc = "first_page_of_folio", .at = 0 },
	{ .desc = "second_page_of_folio", .at = 1 },
	{ .desc = "fifth_page_of_folio", .at = 4 },
	{ .desc = "last_page_of_folio", .at = 7 },
};

KUNIT_ARRAY_PARAM_DESC(folio_stop, folio_stops, desc);

/*
 * An entry that is in use in the middle of a folio ends the call with -EBUSY at
 * that page, whatever is inserted at once: pages before it are mapped, and the
 * folio has references for no others.
 */
static void vm_insert_pages_stops_in_folio(struct kunit *test)
{
	const struct stop_case *row = test->param_value;
	struct page *eight = mm_kunit_pages(test, GFP_KERNEL | __GFP_ZERO, 3);
	struct page *pages[8];
	struct insert in = {
		.call = call_insert_pages, .pages = pages, .num = 8,
		.obstacle = mm_kunit_page(test),
		.obstacle_at = row->at * PAGE_SIZE,
	};
	unsigned long addr;
	unsigned int i;

	for (i = 0; i < 8; i++)
		pages[i] = eight + i;
	addr = map_shared(test, 8, &in);

	KUNIT_EXPECT_EQ(test, in.ret, -EBUSY);
	KUNIT_EXPECT_EQ(test, in.num, 8 - row->at);
	MM_KUNIT_ASSERT(test, check_mapped(test, addr, pages, row->at));
	MM_KUNIT_ASSERT(test,
			check_mapped(test, addr + row->at * PAGE_SIZE, &in.obstacle, 1));
	MM_KUNIT_EXPECT(test, user_check_no_pages(test, addr + (row->at + 1) * PAGE_SIZE,
						  7 - row->at));
	MM_KUNIT_EXPECT_COUNTS(test, eight, 1 + row->at, row->at, "the folio");
	MM_KUNIT_EXPECT_COUNTS(test, in.obstacle, 2, 1, "the page that was there");
	MM_KUNIT_EXPECT_RSS(test, row->at + 1, 0, 0, "of the process");
}

/*
 * A page with a type ends the call with -EINVAL also if it is one of the middle
 * of a folio, because each page is looked at: its type is where the mapcount
 * would be.
 */
static void vm_insert_pages_typed_page_in_folio(struct kunit *test)
{
	struct page *four = mm_kunit_pages(test, GFP_KERNEL | __GFP_ZERO, 2);
	struct page *pages[] = { four, four + 1, four + 2, four + 3 };
	struct insert in = {
		.call = call_insert_pages, .pages = pages, .num = 4,
	};
	struct user_file *uf = user_file_open(test, O_RDWR, insert_mmap, &in);
	long addr;

	__SetPageOffline(four + 2);
	addr = user_mmap(uf, 0, 4 * PAGE_SIZE, PROT_RW, MAP_SHARED, 0);
	__ClearPageOffline(four + 2);

	KUNIT_ASSERT_FALSE_MSG(test, IS_ERR_VALUE(addr), "mmap() returned %ld", addr);
	KUNIT_EXPECT_EQ(test, in.ret, -EINVAL);
	KUNIT_EXPECT_EQ(test, in.num, 2);
	MM_KUNIT_ASSERT(test, check_mapped(test, addr, pages, 2));
	MM_KUNIT_EXPECT(test, user_check_no_pages(test, addr + 2 * PAGE_SIZE, 2));
	MM_KUNIT_EXPECT_COUNTS(test, four, 3, 2, "the folio");
	MM_KUNIT_EXPECT_RSS(test, 2, 0, 0, "of the process");
}

/*
 * The zero page among others is neither referenced nor counted, because it is
 * never freed; the pages around it are.
 */
static void vm_insert_pages_zero_page_among(struct kunit *test)
{
	struct page *four = mm_kunit_pages(test, GFP_KERNEL | __GFP_ZERO, 2);
	struct page *pages[] = { four, four + 1, ZERO_PAGE(0), four + 3 };
	const int refs = page_ref_count(ZERO_PAGE(0));
	struct insert in = {
		.call = call_insert_pages, .pages = pages, .num = 4,
	};
	unsigned long addr = map_pages(test, 4, 0, PROT_READ, MAP_PRIVATE, &in);

	KUNIT_EXPECT_EQ(test, in.ret, 0);
	KUNIT_EXPECT_EQ(test, in.num, 0);
	MM_KUNIT_ASSERT(test, user_check_pfn(test, addr + 2 * PAGE_SIZE,
					     page_to_pfn(ZERO_PAGE(0)), true));
	MM_KUNIT_ASSERT(test, check_mapped(test, addr, pages, 4));
	MM_KUNIT_EXPECT_COUNTS(test, four, 4, 3, "the folio");
	KUNIT_EXPECT_EQ(test, page_ref_count(ZERO_PAGE(0)), refs);
	MM_KUNIT_EXPECT_RSS(test, 3, 0, 0, "of the process");
}

/* NR_FILE_MAPPED of a node, with what the CPUs have not yet added to the sum. */
static long file_mapped(int nid)
{
	struct pglist_data *node = NODE_DATA(nid);
	long nr = atomic_long_read(&node->vm_stat[NR_FILE_MAPPED]);
#ifdef CONFIG_SMP
	int cpu;

	for_each_possible_cpu(cpu)
		nr += per_cpu_ptr(node->per_cpu_nodestats,
				  cpu)->vm_node_stat_diff[NR_FILE_MAPPED];
#endif
	return nr;
}

/*
 * NR_FILE_MAPPED counts pages, however often they are mapped, because it says how
 * much of the memory is. A second mapping adds nothing, and it is the last
 * munmap() that takes the pages off.
 */
static void vm_insert_pages_file_mapped(struct kunit *test)
{
	struct page *four = mm_kunit_pages(test, GFP_KERNEL | __GFP_ZERO, 2);
	struct page *pages[] = {
		mm_kunit_page(test), four, four + 1, four + 2, four + 3, mm_kunit_page(test),
	};
	const unsigned long nr = ARRAY_SIZE(pages);
	const int nid = page_to_nid(four);
	unsigned long addr[2];
	unsigned int i;
	long before;

	if (page_to_nid(pages[0]) != nid || page_to_nid(pages[5]) != nid)
		kunit_skip(test, "needs pages of one NUMA node");
	before = file_mapped(nid);

	for (i = 0; i < 2; i++) {
		struct insert in = {
			.call = call_insert_pages, .pages = pages, .num = nr,
		};

		addr[i] = map_shared(test, nr, &in);
		KUNIT_EXPECT_EQ_MSG(test, in.ret, 0, "mapping %u", i);
		KUNIT_EXPECT_EQ_MSG(test, file_mapped(nid) - before, nr,
				    "pages mapped, after mapping %u", i);
	}

	KUNIT_EXPECT_EQ(test, vm_munmap(addr[0], nr * PAGE_SIZE), 0);
	KUNIT_EXPECT_EQ_MSG(test, file_mapped(nid) - before, nr,
			    "pages mapped, mapping 0 unmapped");
	KUNIT_EXPECT_EQ(test, vm_munmap(addr[1], nr * PAGE_SIZE), 0);
	KUNIT_EXPECT_EQ_MSG(test, file_mapped(nid) - before, 0,
			    "pages mapped, both unmapped");
}

/*
 * NR_FILE_MAPPED counts each page on its own node, whatever nodes its neighbours
 * are of, because reclaim looks at it there. If the call fails, those before count.
 */
static void vm_insert_pages_file_mapped_per_node(struct kunit *test)
{
	const int a = first_online_node, b = next_online_node(a);
	const int nids[] = { a, a, b, a, b, b, b };
	struct page *pages[ARRAY_SIZE(nids)];
	struct insert in = {
		.call = call_insert_pages, .pages = pages, .num = ARRAY_SIZE(nids),
		.obstacle_at = 6 * PAGE_SIZE,
	};
	long before_a, before_b;
	unsigned int i;

	if (b >= MAX_NUMNODES)
		kunit_skip(test, "needs a machine with two NUMA nodes");
	for (i = 0; i < ARRAY_SIZE(nids); i++) {
		pages[i] = alloc_pages_node(nids[i], GFP_KERNEL | __GFP_THISNODE, 0);
		mm_kunit_manage(test, mm_kunit_put_page, pages[i]);
		KUNIT_ASSERT_EQ_MSG(test, page_to_nid(pages[i]), nids[i], "page %u", i);
	}
	in.obstacle = pages[6];
	before_a = file_mapped(a);
	before_b = file_mapped(b);
	map_shared(test, ARRAY_SIZE(nids), &in);

	KUNIT_EXPECT_EQ(test, in.ret, -EBUSY);
	KUNIT_EXPECT_EQ_MSG(test, file_mapped(a) - before_a, 3, "pages of node %d", a);
	KUNIT_EXPECT_EQ_MSG(test, file_mapped(b) - before_b, 4, "pages of node %d", b);
}

/* -- vm_map_pages() and vm_map_pages_zero() -------------------------------- */

/* An object of 4 pages, in a VMA of @nr pages at page @pgoff of the file. */
static const struct map_case {
	const char *desc;
	unsigned long num;
	unsigned long nr;
	unsigned long pgoff;
	int ret;
	int ret_zero;
} map_cases[] = {
	{ .desc = "all_of_it", .num = 4, .nr = 4, .pgoff = 0, .ret = 0,
	  .ret_zero = 0 },
	{ .desc = "the_start", .num = 4, .nr = 2, .pgoff = 0, .ret = 0,
	  .ret_zero = 0 },
	{ .desc = "the_middle", .num = 4, .nr = 2, .pgoff = 1, .ret = 0,
	  .ret_zero = 0 },
	{ .desc = "the_last_two_pages", .num = 4, .nr = 2, .pgoff = 2,
	  .ret = 0, .ret_zero = 0 },
	{ .desc = "the_last_page", .num = 4, .nr = 1, .pgoff = 3, .ret = 0,
	  .ret_zero = 0 },
	{ .desc = "a_page_more", .num = 4, .nr = 5, .pgoff = 0, .ret = -ENXIO,
	  .ret_zero = -ENXIO },
	{ .desc = "a_page_beyond_the_end", .num = 4, .nr = 2, .pgoff = 3,
	  .ret = -ENXIO, .ret_zero = 0 },
	{ .desc = "all_of_it_one_page_late", .num = 4, .nr = 4, .pgoff = 1,
	  .ret = -ENXIO, .ret_zero = 0 },
	{ .desc = "at_the_end", .num = 4, .nr = 1, .pgoff = 4, .ret = -ENXIO,
	  .ret_zero = 0 },
	{ .desc = "a_page_behind_the_end", .num = 4, .nr = 1, .pgoff = 5,
	  .ret = -ENXIO, .ret_zero = 0 },
	{ .desc = "far_behind_the_end", .num = 4, .nr = 1,
	  .pgoff = (ULONG_MAX >> PAGE_SHIFT) - 1, .ret = -ENXIO, .ret_zero = 0 },
	{ .desc = "nothing", .num = 0, .nr = 1, .pgoff = 0, .ret = -ENXIO,
	  .ret_zero = -ENXIO },
};

KUNIT_ARRAY_PARAM_DESC(map, map_cases, desc);

/*
 * vm_map_pages() takes vm_pgoff as an offset in the array and refuses a VMA
 * that does not fit in what follows, because user space chooses the offset and
 * the length.
 */
static void vm_map_pages_object(struct kunit *test)
{
	const struct map_case *row = test->param_value;
	struct insert in = {
		.call = call_map_pages,
		.pages = own_pages(test, 6),
		.num = row->num,
	};
	unsigned long addr = map_pages(test, row->nr, row->pgoff, PROT_RW,
				       MAP_SHARED, &in);

	KUNIT_EXPECT_EQ(test, in.ret, row->ret);
	KUNIT_EXPECT_EQ(test, in.flags, row->ret ? 0 : VM_MIXEDMAP);
	if (row->ret)
		MM_KUNIT_ASSERT(test, user_check_no_pages(test, addr, row->nr));
	else
		MM_KUNIT_ASSERT(test, check_mapped(test, addr, in.pages + row->pgoff, row->nr));
}

/*
 * vm_map_pages_zero() maps from the first page on, whatever vm_pgoff is,
 * because some drivers give the offset another meaning. It refuses a VMA larger
 * than the array.
 */
static void vm_map_pages_zero_object(struct kunit *test)
{
	const struct map_case *row = test->param_value;
	struct insert in = {
		.call = call_map_pages_zero,
		.pages = own_pages(test, 6),
		.num = row->num,
	};
	unsigned long addr = map_pages(test, row->nr, row->pgoff, PROT_RW,
				       MAP_SHARED, &in);

	KUNIT_EXPECT_EQ(test, in.ret, row->ret_zero);
	KUNIT_EXPECT_EQ(test, in.flags, row->ret_zero ? 0 : VM_MIXEDMAP);
	if (row->ret_zero)
		MM_KUNIT_ASSERT(test, user_check_no_pages(test, addr, row->nr));
	else
		MM_KUNIT_ASSERT(test, check_mapped(test, addr, in.pages, row->nr));
}

static struct kunit_case vm_insert_pages_test_cases[] = {
	KUNIT_CASE(vm_insert_pages_placement),
	KUNIT_CASE(vm_insert_pages_page_tables),
	KUNIT_CASE_PARAM(vm_insert_pages_outside, range_gen_params),
	KUNIT_CASE_PARAM(vm_insert_pages_wraps, wrap_gen_params),
	KUNIT_CASE(vm_insert_pages_none),
	KUNIT_CASE_PARAM(vm_insert_pages_stops_at, stop_gen_params),
	KUNIT_CASE(vm_insert_pages_stops_in_next_table),
	KUNIT_CASE(vm_insert_pages_failure_unmaps),
	KUNIT_CASE(vm_insert_pages_mixed_folios),
	KUNIT_CASE(vm_insert_pages_neighbours),
	KUNIT_CASE(vm_insert_pages_part_of_folio),
	KUNIT_CASE(vm_insert_pages_folio_across_tables),
	KUNIT_CASE_PARAM(vm_insert_pages_stops_in_folio, folio_stop_gen_params),
	KUNIT_CASE(vm_insert_pages_typed_page_in_folio),
	KUNIT_CASE(vm_insert_pages_zero_page_among),
	KUNIT_CASE(vm_insert_pages_file_mapped),
	KUNIT_CASE(vm_insert_pages_file_mapped_per_node),
	KUNIT_CASE_PARAM(vm_map_pages_object, map_gen_params),
	KUNIT_CASE_PARAM(vm_map_pages_zero_object, map_gen_params),
	{}
};

static struct kunit_suite vm_insert_pages_test_suite = {
	.name = "vm_insert_pages",
	.init = mm_kunit_init,
	.test_cases = vm_insert_pages_test_cases,
};

kunit_test_suite(vm_insert_pages_test_suite);

MODULE_DESCRIPTION("KUnit tests for vm_insert_pages()");
MODULE_LICENSE("GPL");
