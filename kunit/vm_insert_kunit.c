// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests for vm_insert_page(), vm_insert_pages(), vm_map_pages() and
 * vm_map_pages_zero().
 *
 * They map single pages of a driver, and unlike remap_pfn_range() they count:
 * every mapping has a reference, so that a page lives until both the driver
 * and the last process have let go of it. This is also why they cannot take
 * pages whose counts are not theirs to use.
 */
#include <kunit/test-bug.h>
#include <kunit/test.h>
#include <linux/gfp.h>
#include <linux/highmem.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/pgtable.h>

#include "mm_kunit.h"
#include "test_pages.h"
#include "user_vma.h"

#define PROT_RW		(PROT_READ | PROT_WRITE)

/* More than are inserted under one page table lock. */
#define NR_PAGES	20

/**
 * struct insert - one call in ->mmap, and what came of it
 * @call: the call
 * @page: what vm_insert_page() is given
 * @pages: what the other functions are given
 * @num: their number, for vm_insert_pages() to update
 * @offset: where to map to: the offset in the VMA
 * @obstacle: a page to be found mapped at @obstacle_at
 * @obstacle_at: an offset in the VMA
 * @fail_nth: the page allocation that is to fail meanwhile
 * @failed: whether there were that many
 * @ret: what the call returned
 * @flags: the flags of the VMA that it changed
 */
struct insert {
	int (*call)(struct vm_area_struct *vma, struct insert *in);
	struct page *page;
	struct page **pages;
	unsigned long num;
	unsigned long offset;
	struct page *obstacle;
	unsigned long obstacle_at;
	unsigned int fail_nth;
	bool failed;
	int ret;
	vm_flags_t flags;
};

static int call_insert_page(struct vm_area_struct *vma, struct insert *in)
{
	return vm_insert_page(vma, vma->vm_start + in->offset, in->page);
}

static int call_insert_pages(struct vm_area_struct *vma, struct insert *in)
{
	return vm_insert_pages(vma, vma->vm_start + in->offset, in->pages,
			       &in->num);
}

static int call_map_pages(struct vm_area_struct *vma, struct insert *in)
{
	return vm_map_pages(vma, in->pages, in->num);
}

static int call_map_pages_zero(struct vm_area_struct *vma, struct insert *in)
{
	return vm_map_pages_zero(vma, in->pages, in->num);
}

/* The VMA stays after a failure, so that a test can look at it. */
static int insert_mmap(struct vm_area_struct *vma, void *data)
{
	struct insert *in = data;
	vm_flags_t before;
	int ret;

	if (in->obstacle) {
		ret = vm_insert_page(vma, vma->vm_start + in->obstacle_at,
				     in->obstacle);
		if (ret)
			return ret;
	}

	before = vma->vm_flags;
	fail_nth_set(in->fail_nth);
	in->ret = in->call(vma, in);
	in->failed = fail_nth_clear();
	in->flags = before ^ vma->vm_flags;

	return 0;
}

static int insert_mmap_fails(struct vm_area_struct *vma, void *data)
{
	struct insert *in = data;

	return insert_mmap(vma, in) ?: in->ret;
}

/* The address of @nr pages of the file at @pgoff, mapped as @in says. */
static unsigned long map_pages(struct kunit *test, unsigned long nr,
			       unsigned long pgoff, unsigned long prot,
			       unsigned long flags, struct insert *in)
{
	struct user_file *uf = user_file_open(test, O_RDWR, insert_mmap, in);
	long addr = user_mmap(uf, 0, nr * PAGE_SIZE, prot, flags, pgoff);

	KUNIT_ASSERT_FALSE(test, IS_ERR_VALUE(addr));
	return addr;
}

static unsigned long map_shared(struct kunit *test, unsigned long nr,
				struct insert *in)
{
	return map_pages(test, nr, 0, PROT_RW, MAP_SHARED, in);
}

static struct page **own_pages(struct kunit *test, unsigned long nr)
{
	struct page **pages = kunit_kcalloc(test, nr, sizeof(*pages),
					    GFP_KERNEL);
	unsigned long i;

	KUNIT_ASSERT_NOT_NULL(test, pages);
	for (i = 0; i < nr; i++)
		pages[i] = own_page(test);

	return pages;
}

static void expect_mapped(struct kunit *test, unsigned long addr,
			  struct page **pages, unsigned long nr)
{
	unsigned long i;

	for (i = 0; i < nr; i++)
		KUNIT_ASSERT_PTR_EQ_MSG(test,
					user_page(addr + i * PAGE_SIZE, 0),
					pages[i], "page %lu", i);
}

static void expect_unmapped(struct kunit *test, unsigned long addr,
			    unsigned long nr)
{
	unsigned long i;

	for (i = 0; i < nr; i++)
		KUNIT_ASSERT_NULL_MSG(test,
				      user_page(addr + i * PAGE_SIZE, 0),
				      "page %lu", i);
}

static void expect_counts(struct kunit *test, struct page *page, int refs,
			  int mapcount)
{
	struct folio *folio = page_folio(page);

	KUNIT_EXPECT_EQ(test, folio_ref_count(folio), refs);
	KUNIT_EXPECT_EQ(test, folio_mapcount(folio), mapcount);
}

static void expect_rss(struct kunit *test, unsigned long file,
		       unsigned long shmem)
{
	struct mm_struct *mm = current->mm;

	KUNIT_EXPECT_EQ(test, get_mm_counter_sum(mm, MM_FILEPAGES), file);
	KUNIT_EXPECT_EQ(test, get_mm_counter_sum(mm, MM_SHMEMPAGES), shmem);
	KUNIT_EXPECT_EQ(test, get_mm_rss_sum(mm), file + shmem);
}

/* === All of them === */

static const struct call_case {
	const char *desc;
	int (*call)(struct vm_area_struct *vma, struct insert *in);
} calls[] = {
	{ "vm_insert_page", call_insert_page },
	{ "vm_insert_pages", call_insert_pages },
	{ "vm_map_pages", call_map_pages },
	{ "vm_map_pages_zero", call_map_pages_zero },
};

KUNIT_ARRAY_PARAM_DESC(call, calls, desc);

/* To insert a single @page with any of the functions. */
static struct insert insert_one(struct kunit *test, struct page **page)
{
	const struct call_case *c = test->param_value;

	return (struct insert) {
		.call = c->call,
		.page = *page,
		.pages = page,
		.num = 1,
	};
}

/* Whether the mapping may grow or be dumped is left to the driver. */
static void vm_insert_flags(struct kunit *test)
{
	struct page *page = own_page(test);
	struct insert in = insert_one(test, &page);

	map_shared(test, 1, &in);
	KUNIT_EXPECT_EQ(test, in.ret, 0);
	KUNIT_EXPECT_EQ(test, in.flags, VM_MIXEDMAP);
}

static void vm_insert_references(struct kunit *test)
{
	struct page *page = own_page(test);
	struct insert in = insert_one(test, &page);
	unsigned long addr = map_shared(test, 1, &in);

	expect_mapped(test, addr, &page, 1);
	expect_counts(test, page, 2, 1);
	expect_rss(test, 1, 0);

	KUNIT_EXPECT_EQ(test, vm_munmap(addr, PAGE_SIZE), 0);
	expect_counts(test, page, 1, 0);
	expect_rss(test, 0, 0);
}

static void vm_insert_shared(struct kunit *test)
{
	struct page *page = own_page(test);
	struct insert in = insert_one(test, &page);
	unsigned long addr = map_shared(test, 1, &in);
	u32 value = 0;

	/* The VMA allows it, so no fault is needed for the first write. */
	KUNIT_EXPECT_PTR_EQ(test, user_page(addr, FOLL_WRITE), page);
	KUNIT_EXPECT_TRUE(test, user_write(addr, 1234));
	memcpy_from_page((char *)&value, page, 0, sizeof(value));
	KUNIT_EXPECT_EQ(test, value, 1234);
}

/* The process reads the page of the driver, but writes to a copy. */
static void vm_insert_private(struct kunit *test)
{
	struct page *page = own_page(test);
	struct insert in = insert_one(test, &page);
	unsigned long addr;
	u32 value = 4321;

	memcpy_to_page(page, 0, (char *)&value, sizeof(value));
	addr = map_pages(test, 1, 0, PROT_RW, MAP_PRIVATE, &in);
	expect_mapped(test, addr, &page, 1);
	KUNIT_EXPECT_NULL(test, user_page(addr, FOLL_WRITE));

	KUNIT_EXPECT_TRUE(test, user_write(addr, 1234));
	memcpy_from_page((char *)&value, page, 0, sizeof(value));
	KUNIT_EXPECT_EQ(test, value, 4321);
	KUNIT_EXPECT_PTR_NE(test, user_page(addr, 0), page);
	expect_counts(test, page, 1, 0);
}

static void vm_insert_readonly(struct kunit *test)
{
	struct page *page = own_page(test);
	struct insert in = insert_one(test, &page);
	unsigned long addr = map_pages(test, 1, 0, PROT_READ, MAP_SHARED, &in);

	expect_mapped(test, addr, &page, 1);
	KUNIT_EXPECT_FALSE(test, user_write(addr, 1234));
}

/* What is there must be unmapped first, and stays when it is not. */
static void vm_insert_occupied(struct kunit *test)
{
	struct page *page = own_page(test);
	struct insert in = insert_one(test, &page);
	unsigned long addr;

	in.obstacle = own_page(test);
	addr = map_shared(test, 1, &in);
	KUNIT_EXPECT_EQ(test, in.ret, -EBUSY);
	expect_mapped(test, addr, &in.obstacle, 1);
	expect_counts(test, in.obstacle, 2, 1);
	expect_counts(test, page, 1, 0);
	expect_rss(test, 1, 0);
}

/* The last one to let go of a page frees it, be it driver or process. */
static void vm_insert_process_keeps_page(struct kunit *test)
{
	struct page *page = own_page(test);
	struct insert in = insert_one(test, &page);
	unsigned long addr = map_shared(test, 1, &in);

	kunit_release_action(test, put_page_action, page);
	expect_counts(test, page, 1, 1);
	KUNIT_EXPECT_TRUE(test, user_write(addr, 1234));
	expect_mapped(test, addr, &page, 1);

	get_page(page);
	KUNIT_EXPECT_EQ(test, vm_munmap(addr, PAGE_SIZE), 0);
	expect_counts(test, page, 1, 0);
	put_page(page);
}

/* The pages of a compound page share one reference count. */
static void vm_insert_compound_tail(struct kunit *test)
{
	struct page *head = manage(test, put_page_action,
				   alloc_pages(GFP_KERNEL | __GFP_COMP, 1));
	struct page *tail = head + 1;
	struct insert in = insert_one(test, &tail);
	unsigned long addr = map_shared(test, 1, &in);

	KUNIT_EXPECT_EQ(test, in.ret, 0);
	expect_mapped(test, addr, &tail, 1);
	expect_counts(test, head, 2, 1);
	expect_rss(test, 1, 0);

	KUNIT_EXPECT_EQ(test, vm_munmap(addr, PAGE_SIZE), 0);
	expect_counts(test, head, 1, 0);
}

/* Pages that are swapped rather than written back count as shared memory. */
static void vm_insert_swapbacked(struct kunit *test)
{
	struct page *page = own_page(test);
	struct insert in = insert_one(test, &page);
	unsigned long addr;

	__folio_set_swapbacked(page_folio(page));
	addr = map_shared(test, 1, &in);
	expect_rss(test, 0, 1);
	KUNIT_EXPECT_EQ(test, vm_munmap(addr, PAGE_SIZE), 0);
	expect_rss(test, 0, 0);
}

/* Each of the tables that the second page needs can be one too many. */
static void vm_insert_no_memory(struct kunit *test)
{
	const unsigned long at = user_largest_table() - PAGE_SIZE;
	struct page **pages = own_pages(test, 2);
	struct insert in = insert_one(test, pages + 1);
	struct user_file *uf = user_file_open(test, O_RDWR, insert_mmap, &in);
	bool one = in.call == call_insert_page;
	unsigned int errors = 0;

	fail_any_page_alloc(test);
	in.pages = pages;
	in.offset = one ? PAGE_SIZE : 0;
	do {
		in.num = 2;
		in.fail_nth++;
		KUNIT_ASSERT_EQ(test, at, user_mmap(uf, at, 2 * PAGE_SIZE, PROT_RW,
						    MAP_SHARED | MAP_FIXED, 0));
		if (in.ret) {
			bool first = user_page(at, 0);

			errors++;
			KUNIT_EXPECT_EQ(test, in.ret, -ENOMEM);
			if (in.call == call_insert_pages)
				KUNIT_EXPECT_EQ(test, in.num, first ? 1 : 2);
			expect_unmapped(test, at + PAGE_SIZE, 1);
			expect_counts(test, pages[0], 1 + first, first);
			expect_counts(test, pages[1], 1, 0);
			expect_rss(test, first, 0);
		} else {
			/* Even if an allocation failed, as KASAN's may for its records. */
			expect_mapped(test, at + PAGE_SIZE, pages + 1, 1);
		}
		KUNIT_ASSERT_EQ(test, vm_munmap(at, 2 * PAGE_SIZE), 0);
		expect_counts(test, pages[0], 1, 0);
		expect_rss(test, 0, 0);
	} while (in.failed && in.fail_nth < 100);
	KUNIT_EXPECT_FALSE(test, in.failed);
	KUNIT_EXPECT_GT(test, errors, 0);
}

/* === Pages that are refused === */

static void vm_insert_page_bad_page(struct kunit *test)
{
	const struct bad_page *bad = test->param_value;
	struct insert in = {
		.call = call_insert_page,
		.page = bad->get(test),
	};
	int refs = page_ref_count(in.page);
	unsigned long addr = map_shared(test, 1, &in);

	KUNIT_EXPECT_EQ(test, in.ret, -EINVAL);
	expect_unmapped(test, addr, 1);
	KUNIT_EXPECT_EQ(test, page_ref_count(in.page), refs);
	KUNIT_EXPECT_EQ(test, get_mm_counter_sum(current->mm, MM_FILEPAGES), 0);
}

static void vm_insert_pages_bad_page(struct kunit *test)
{
	const struct bad_page *bad = test->param_value;
	struct page *pages[3] = {
		own_page(test), bad->get(test), own_page(test)
	};
	struct insert in = {
		.call = call_insert_pages,
		.pages = pages,
		.num = 3,
	};
	unsigned long addr = map_shared(test, 3, &in);

	KUNIT_EXPECT_EQ(test, in.ret, -EINVAL);
	KUNIT_EXPECT_EQ(test, in.num, 2);
	expect_mapped(test, addr, pages, 1);
	expect_unmapped(test, addr + PAGE_SIZE, 2);
}

/*
 * The zero page may only be where it can never become writable, or where a
 * write gets a copy.
 */
static const struct zero_case {
	const char *desc;
	int file_flags;
	unsigned long prot;
	unsigned long flags;
	int ret;
} zero_cases[] = {
	{ "private", O_RDWR, PROT_RW, MAP_PRIVATE, 0 },
	{ "private_read_only", O_RDWR, PROT_READ, MAP_PRIVATE, 0 },
	{ "shared", O_RDWR, PROT_RW, MAP_SHARED, -EINVAL },
	{ "shared_read_only", O_RDWR, PROT_READ, MAP_SHARED, -EINVAL },
	{ "shared_of_a_read_only_file", O_RDONLY, PROT_READ, MAP_SHARED, 0 },
};

KUNIT_ARRAY_PARAM_DESC(zero, zero_cases, desc);

static void vm_insert_page_zero_page(struct kunit *test)
{
	const struct zero_case *c = test->param_value;
	struct insert in = {
		.call = call_insert_page,
		.page = ZERO_PAGE(0),
	};
	struct user_file *uf = user_file_open(test, c->file_flags, insert_mmap,
					      &in);
	int mapcount = folio_mapcount(page_folio(in.page));
	int refs = page_ref_count(in.page);
	long addr = user_mmap(uf, 0, PAGE_SIZE, c->prot, c->flags, 0);

	KUNIT_ASSERT_FALSE(test, IS_ERR_VALUE(addr));
	KUNIT_EXPECT_EQ(test, in.ret, c->ret);
	KUNIT_EXPECT_PTR_EQ(test, user_page(addr, 0), c->ret ? NULL : in.page);

	/* It is never freed, so nobody counts how often it is mapped. */
	expect_counts(test, in.page, refs, mapcount);
	expect_rss(test, 0, 0);

	KUNIT_EXPECT_EQ(test, user_write(addr, 1234),
			!c->ret && c->prot & PROT_WRITE);
	KUNIT_EXPECT_NULL(test, memchr_inv(page_address(in.page), 0,
					   PAGE_SIZE));
	KUNIT_EXPECT_EQ(test, vm_munmap(addr, PAGE_SIZE), 0);
	expect_counts(test, in.page, refs, mapcount);
	expect_rss(test, 0, 0);
}

static vm_fault_t zero_pfn_mkwrite(struct vm_fault *vmf)
{
	return VM_FAULT_SIGBUS;
}

static const struct vm_operations_struct no_ops = {};

static const struct vm_operations_struct pfn_mkwrite_ops = {
	.pfn_mkwrite = zero_pfn_mkwrite,
};

/*
 * A driver that hears of the first write can put another page there. But the
 * zero page must not have been pinned by then, and only VM_IO prevents that.
 */
static const struct zero_ops_case {
	const char *desc;
	const struct vm_operations_struct *ops;
	vm_flags_t flags;
	int ret;
} zero_ops_cases[] = {
	{ "pfn_mkwrite_and_vm_io", &pfn_mkwrite_ops, VM_IO, 0 },
	{ "pfn_mkwrite", &pfn_mkwrite_ops, 0, -EINVAL },
	{ "vm_io", &no_ops, VM_IO, -EINVAL },
	{ "neither", &no_ops, 0, -EINVAL },
};

KUNIT_ARRAY_PARAM_DESC(zero_ops, zero_ops_cases, desc);

static int call_insert_zero_page(struct vm_area_struct *vma, struct insert *in)
{
	const struct zero_ops_case *c = kunit_get_current_test()->param_value;

	vma->vm_ops = c->ops;
	vm_flags_set(vma, c->flags);
	return vm_insert_page(vma, vma->vm_start, ZERO_PAGE(0));
}

static void vm_insert_page_zero_page_ops(struct kunit *test)
{
	const struct zero_ops_case *c = test->param_value;
	struct insert in = { .call = call_insert_zero_page };

	map_shared(test, 1, &in);
	KUNIT_EXPECT_EQ(test, in.ret, c->ret);
}

/* === vm_insert_page() === */

static const struct outside {
	const char *desc;
	unsigned long offset;
} outsides[] = {
	{ "at_the_end", 2 * PAGE_SIZE },
	{ "a_page_behind_the_end", 3 * PAGE_SIZE },
	{ "a_byte_before_the_start", -1 },
	{ "a_page_before_the_start", -PAGE_SIZE },
};

KUNIT_ARRAY_PARAM_DESC(outside, outsides, desc);

static void vm_insert_page_outside(struct kunit *test)
{
	const struct outside *c = test->param_value;
	struct insert in = {
		.call = call_insert_page,
		.page = own_page(test),
		.offset = c->offset,
	};
	unsigned long addr = map_shared(test, 2, &in);

	KUNIT_EXPECT_EQ(test, in.ret, -EFAULT);
	KUNIT_EXPECT_EQ(test, in.flags, 0);
	expect_unmapped(test, addr, 2);
	expect_counts(test, in.page, 1, 0);
}

/* A fault handler may pass on the address of the fault. */
static void vm_insert_page_unaligned(struct kunit *test)
{
	struct insert in = {
		.call = call_insert_page,
		.page = own_page(test),
		.offset = 2 * PAGE_SIZE - 1,
	};
	unsigned long addr = map_shared(test, 2, &in);

	KUNIT_EXPECT_EQ(test, in.ret, 0);
	expect_unmapped(test, addr, 1);
	expect_mapped(test, addr + PAGE_SIZE, &in.page, 1);
}

static void vm_insert_page_twice(struct kunit *test)
{
	struct page *page = own_page(test);
	struct insert in = {
		.call = call_insert_page,
		.page = page,
		.obstacle = page,
		.obstacle_at = PAGE_SIZE,
	};
	unsigned long addr = map_shared(test, 2, &in);

	KUNIT_EXPECT_EQ(test, in.ret, 0);
	expect_counts(test, page, 3, 2);
	KUNIT_EXPECT_EQ(test, vm_munmap(addr, PAGE_SIZE), 0);
	expect_counts(test, page, 2, 1);
	expect_mapped(test, addr + PAGE_SIZE, &page, 1);
}

static vm_fault_t insert_fault(struct vm_fault *vmf)
{
	struct user_file *uf = vmf->vma->vm_file->private_data;
	struct insert *in = uf->data;

	return vmf_insert_page(vmf->vma, vmf->address, in->page);
}

static const struct vm_operations_struct insert_vm_ops = {
	.fault = insert_fault,
};

/* The flag cannot be changed in a fault, so it must be there before. */
static int fault_mmap(struct vm_area_struct *vma, void *data)
{
	vma->vm_ops = &insert_vm_ops;
	vm_flags_set(vma, VM_MIXEDMAP);
	return 0;
}

static void vmf_insert_page_on_fault(struct kunit *test)
{
	struct insert in = { .page = own_page(test) };
	struct user_file *uf = user_file_open(test, O_RDWR, fault_mmap, &in);
	long addr = user_mmap(uf, 0, 2 * PAGE_SIZE, PROT_RW, MAP_SHARED, 0);

	KUNIT_ASSERT_FALSE(test, IS_ERR_VALUE(addr));
	expect_unmapped(test, addr, 2);
	KUNIT_EXPECT_TRUE(test, user_write(addr + 16, 1234));
	expect_mapped(test, addr, &in.page, 1);
	expect_unmapped(test, addr + PAGE_SIZE, 1);
	expect_counts(test, in.page, 2, 1);

	/* A page that cannot be inserted is a fault that cannot be handled. */
	in.page = bad_page_slab(test);
	KUNIT_EXPECT_FALSE(test, user_write(addr + PAGE_SIZE, 1234));
	expect_unmapped(test, addr + PAGE_SIZE, 1);
}

/* === vm_insert_pages() === */

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
	expect_unmapped(test, addr, 1);
	expect_mapped(test, addr + PAGE_SIZE, in.pages, NR_PAGES);
	expect_unmapped(test, addr + (NR_PAGES + 1) * PAGE_SIZE, 1);
	expect_rss(test, NR_PAGES, 0);
}

/* More pages than a page table has entries, or at least two page tables. */
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
	expect_mapped(test, addr, in.pages, 600);
}

static const struct range_case {
	const char *desc;
	unsigned long offset;
	unsigned long num;
} ranges[] = {
	{ "from_a_page_before_the_start", -PAGE_SIZE, 2 },
	{ "to_a_page_behind_the_end", PAGE_SIZE, 2 },
	{ "at_the_end", 2 * PAGE_SIZE, 1 },
	{ "more_than_the_vma", 0, 3 },
};

KUNIT_ARRAY_PARAM_DESC(range, ranges, desc);

/* This is known before the first page, so that nothing is done by halves. */
static void vm_insert_pages_outside(struct kunit *test)
{
	const struct range_case *c = test->param_value;
	struct insert in = {
		.call = call_insert_pages,
		.pages = own_pages(test, 3),
		.num = c->num,
		.offset = c->offset,
	};
	unsigned long addr = map_shared(test, 2, &in);

	KUNIT_EXPECT_EQ(test, in.ret, -EFAULT);
	KUNIT_EXPECT_EQ(test, in.num, c->num);
	KUNIT_EXPECT_EQ(test, in.flags, 0);
	expect_unmapped(test, addr, 2);
}

/* So many pages that their size in bytes, or the end of the range, wraps. */
static const struct range_case wraps[] = {
	{ "size_of_a_page", 0, (1UL << (BITS_PER_LONG - PAGE_SHIFT)) + 1 },
	{ "size_of_two_pages", 0, (1UL << (BITS_PER_LONG - PAGE_SHIFT)) + 2 },
	{ "size_0", 0, 1UL << (BITS_PER_LONG - PAGE_SHIFT) },
	{ "all_numbers", 0, ULONG_MAX },
	{ "end_before_the_start", 0, (1UL << (BITS_PER_LONG - PAGE_SHIFT)) - 1 },
	{ "end_before_the_start_far_away", 0, 1UL << (BITS_PER_LONG - PAGE_SHIFT - 1) },
};

KUNIT_ARRAY_PARAM_DESC(wrap, wraps, desc);

/*
 * A number of pages that wraps is refused, because no VMA and no array has so
 * many. If it is not, the second page is already occupied, so that it ends.
 */
static void vm_insert_pages_wraps(struct kunit *test)
{
	const struct range_case *c = test->param_value;
	struct insert in = {
		.call = call_insert_pages,
		.pages = own_pages(test, 2),
		.num = c->num,
		.offset = c->offset,
		.obstacle = own_page(test),
		.obstacle_at = PAGE_SIZE,
	};
	unsigned long addr = map_shared(test, 2, &in);

	KUNIT_EXPECT_EQ(test, in.ret, -EFAULT);
	KUNIT_EXPECT_EQ(test, in.num, c->num);
	expect_unmapped(test, addr, 1);
	expect_counts(test, in.pages[0], 1, 0);
}

static void vm_insert_pages_none(struct kunit *test)
{
	struct insert in = { .call = call_insert_pages };
	unsigned long addr = map_shared(test, 1, &in);

	KUNIT_EXPECT_EQ(test, in.ret, 0);
	KUNIT_EXPECT_EQ(test, in.num, 0);
	expect_unmapped(test, addr, 1);
}

static const struct stop_case {
	const char *desc;
	unsigned long at;
} stops[] = {
	{ "first_page", 0 },
	{ "second_page", 1 },
	{ "eighth_page", 7 },
	{ "ninth_page", 8 },
	{ "tenth_page", 9 },
	{ "last_page", NR_PAGES - 1 },
};

KUNIT_ARRAY_PARAM_DESC(stop, stops, desc);

/* Callers find the page that could not be inserted by what is left. */
static void vm_insert_pages_stops_at(struct kunit *test)
{
	const struct stop_case *c = test->param_value;
	struct insert in = {
		.call = call_insert_pages,
		.pages = own_pages(test, NR_PAGES),
		.num = NR_PAGES,
		.obstacle = own_page(test),
		.obstacle_at = c->at * PAGE_SIZE,
	};
	unsigned long addr = map_shared(test, NR_PAGES, &in);
	unsigned long rest = NR_PAGES - c->at;

	KUNIT_EXPECT_EQ(test, in.ret, -EBUSY);
	KUNIT_EXPECT_EQ(test, in.num, rest);
	expect_mapped(test, addr, in.pages, c->at);
	expect_mapped(test, addr + c->at * PAGE_SIZE, &in.obstacle, 1);
	expect_unmapped(test, addr + (c->at + 1) * PAGE_SIZE, rest - 1);
	expect_counts(test, in.pages[c->at], 1, 0);
}

static void vm_insert_pages_stops_in_next_table(struct kunit *test)
{
	struct insert in = {
		.call = call_insert_pages,
		.pages = own_pages(test, NR_PAGES),
		.num = NR_PAGES,
		.obstacle = own_page(test),
		.obstacle_at = 15 * PAGE_SIZE,
	};
	struct user_file *uf = user_file_open(test, O_RDWR, insert_mmap, &in);
	unsigned long at = 16 * PMD_SIZE - 10 * PAGE_SIZE;
	long addr = user_mmap(uf, at, NR_PAGES * PAGE_SIZE, PROT_RW,
			      MAP_SHARED | MAP_FIXED, 0);

	KUNIT_ASSERT_EQ(test, addr, at);
	KUNIT_EXPECT_EQ(test, in.ret, -EBUSY);
	KUNIT_EXPECT_EQ(test, in.num, NR_PAGES - 15);
	expect_mapped(test, addr, in.pages, 15);
	expect_unmapped(test, addr + 16 * PAGE_SIZE, NR_PAGES - 16);
}

/* A driver can leave it to mmap(2) to clean up, by failing as well. */
static void vm_insert_pages_failure_unmaps(struct kunit *test)
{
	struct insert in = {
		.call = call_insert_pages,
		.pages = own_pages(test, 3),
		.num = 3,
		.obstacle = own_page(test),
		.obstacle_at = 2 * PAGE_SIZE,
	};
	struct user_file *uf = user_file_open(test, O_RDWR, insert_mmap_fails,
					      &in);

	KUNIT_EXPECT_EQ(test,
			user_mmap(uf, 0, 3 * PAGE_SIZE, PROT_RW, MAP_SHARED, 0),
			-EBUSY);
	expect_counts(test, in.pages[0], 1, 0);
	expect_counts(test, in.pages[1], 1, 0);
	expect_counts(test, in.obstacle, 1, 0);
	expect_rss(test, 0, 0);
}

/* === vm_map_pages() and vm_map_pages_zero() === */

/* An object of 4 pages, in a VMA of @nr pages at page @pgoff of the file. */
static const struct map_case {
	const char *desc;
	unsigned long num;
	unsigned long nr;
	unsigned long pgoff;
	int ret;
	int ret_zero;
} map_cases[] = {
	{ "all_of_it", 4, 4, 0, 0, 0 },
	{ "the_start", 4, 2, 0, 0, 0 },
	{ "the_middle", 4, 2, 1, 0, 0 },
	{ "the_last_two_pages", 4, 2, 2, 0, 0 },
	{ "the_last_page", 4, 1, 3, 0, 0 },
	{ "a_page_more", 4, 5, 0, -ENXIO, -ENXIO },
	{ "a_page_beyond_the_end", 4, 2, 3, -ENXIO, 0 },
	{ "all_of_it_one_page_late", 4, 4, 1, -ENXIO, 0 },
	{ "at_the_end", 4, 1, 4, -ENXIO, 0 },
	{ "a_page_behind_the_end", 4, 1, 5, -ENXIO, 0 },
	{ "far_behind_the_end", 4, 1, (ULONG_MAX >> PAGE_SHIFT) - 1, -ENXIO, 0 },
	{ "nothing", 0, 1, 0, -ENXIO, -ENXIO },
};

KUNIT_ARRAY_PARAM_DESC(map, map_cases, desc);

static void expect_object(struct kunit *test, struct insert *in, int ret,
			  unsigned long pgoff)
{
	const struct map_case *c = test->param_value;
	unsigned long addr = map_pages(test, c->nr, c->pgoff, PROT_RW,
				       MAP_SHARED, in);

	KUNIT_EXPECT_EQ(test, in->ret, ret);
	KUNIT_EXPECT_EQ(test, in->flags, ret ? 0 : VM_MIXEDMAP);
	if (ret)
		expect_unmapped(test, addr, c->nr);
	else
		expect_mapped(test, addr, in->pages + pgoff, c->nr);
}

static void vm_map_pages_object(struct kunit *test)
{
	const struct map_case *c = test->param_value;
	struct insert in = {
		.call = call_map_pages,
		.pages = own_pages(test, 6),
		.num = c->num,
	};

	expect_object(test, &in, c->ret, c->pgoff);
}

static void vm_map_pages_zero_object(struct kunit *test)
{
	const struct map_case *c = test->param_value;
	struct insert in = {
		.call = call_map_pages_zero,
		.pages = own_pages(test, 6),
		.num = c->num,
	};

	expect_object(test, &in, c->ret_zero, 0);
}

static struct kunit_case vm_insert_test_cases[] = {
	KUNIT_CASE_PARAM(vm_insert_flags, call_gen_params),
	KUNIT_CASE_PARAM(vm_insert_references, call_gen_params),
	KUNIT_CASE_PARAM(vm_insert_shared, call_gen_params),
	KUNIT_CASE_PARAM(vm_insert_private, call_gen_params),
	KUNIT_CASE_PARAM(vm_insert_readonly, call_gen_params),
	KUNIT_CASE_PARAM(vm_insert_occupied, call_gen_params),
	KUNIT_CASE_PARAM(vm_insert_process_keeps_page, call_gen_params),
	KUNIT_CASE_PARAM(vm_insert_compound_tail, call_gen_params),
	KUNIT_CASE_PARAM(vm_insert_swapbacked, call_gen_params),
	KUNIT_CASE_PARAM(vm_insert_no_memory, call_gen_params),
	KUNIT_CASE_PARAM(vm_insert_page_bad_page, bad_page_gen_params),
	KUNIT_CASE_PARAM(vm_insert_pages_bad_page, bad_page_gen_params),
	KUNIT_CASE_PARAM(vm_insert_page_zero_page, zero_gen_params),
	KUNIT_CASE_PARAM(vm_insert_page_zero_page_ops, zero_ops_gen_params),
	KUNIT_CASE_PARAM(vm_insert_page_outside, outside_gen_params),
	KUNIT_CASE(vm_insert_page_unaligned),
	KUNIT_CASE(vm_insert_page_twice),
	KUNIT_CASE(vmf_insert_page_on_fault),
	KUNIT_CASE(vm_insert_pages_placement),
	KUNIT_CASE(vm_insert_pages_page_tables),
	KUNIT_CASE_PARAM(vm_insert_pages_outside, range_gen_params),
	KUNIT_CASE_PARAM(vm_insert_pages_wraps, wrap_gen_params),
	KUNIT_CASE(vm_insert_pages_none),
	KUNIT_CASE_PARAM(vm_insert_pages_stops_at, stop_gen_params),
	KUNIT_CASE(vm_insert_pages_stops_in_next_table),
	KUNIT_CASE(vm_insert_pages_failure_unmaps),
	KUNIT_CASE_PARAM(vm_map_pages_object, map_gen_params),
	KUNIT_CASE_PARAM(vm_map_pages_zero_object, map_gen_params),
	{}
};

static struct kunit_suite vm_insert_test_suite = {
	.name = "vm_insert",
	.init = mm_kunit_init,
	.test_cases = vm_insert_test_cases,
};

kunit_test_suite(vm_insert_test_suite);

MODULE_DESCRIPTION("KUnit tests for vm_insert_page() and its kin");
MODULE_LICENSE("GPL");
