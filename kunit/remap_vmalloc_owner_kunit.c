// SPDX-License-Identifier: GPL-2.0-only
/*
 * remap_vmalloc_range(): who owns the pages, what the process can do with them, and
 * the allocators vmalloc_user() and vmalloc_32_user().
 */
#include <kunit/test.h>

#include "remap_vmalloc.h"

/* -- Who owns the pages ---------------------------------------------------- */

/*
 * Each mapped page has one more reference and mapping, and the process counts
 * it as resident, because the pages must live as long as they are mapped.
 * munmap() takes all of that back.
 */
static void remap_vmalloc_range_references(struct kunit *test)
{
	struct remap r = { .kaddr = user_buffer(test, 2) };
	unsigned long addr = map_shared(test, 2, range_mmap, &r);

	MM_KUNIT_EXPECT_COUNTS(test, vmalloc_to_page(r.kaddr), 2, 1, "page 0");
	MM_KUNIT_EXPECT_COUNTS(test, vmalloc_to_page(r.kaddr + PAGE_SIZE), 2, 1,
			       "page 1");
	KUNIT_EXPECT_EQ(test, get_mm_counter_sum(current->mm, MM_FILEPAGES), 2);
	KUNIT_EXPECT_EQ(test, get_mm_rss_sum(current->mm), 2);

	KUNIT_EXPECT_EQ(test, vm_munmap(addr, 2 * PAGE_SIZE), 0);
	MM_KUNIT_EXPECT_COUNTS(test, vmalloc_to_page(r.kaddr), 1, 0, "page 0");
	MM_KUNIT_EXPECT_COUNTS(test, vmalloc_to_page(r.kaddr + PAGE_SIZE), 1, 0,
			       "page 1");
	KUNIT_EXPECT_EQ(test, get_mm_rss_sum(current->mm), 0);
}

/*
 * munmap() of one page drops the reference of that page alone, because each
 * page has its own.
 *
 *      addr
 *      |-- page 0 --|-- page 1 --|-- page 2 --|
 *                    ^ munmap()
 */
static void remap_vmalloc_range_partial_munmap(struct kunit *test)
{
	struct remap r = { .kaddr = user_buffer(test, 3) };
	unsigned long addr = map_shared(test, 3, range_mmap, &r);

	KUNIT_EXPECT_EQ(test, vm_munmap(addr + PAGE_SIZE, PAGE_SIZE), 0);
	MM_KUNIT_EXPECT_COUNTS(test, vmalloc_to_page(r.kaddr), 2, 1, "page 0");
	MM_KUNIT_EXPECT_COUNTS(test, vmalloc_to_page(r.kaddr + PAGE_SIZE), 1, 0,
			       "page 1");
	MM_KUNIT_EXPECT_COUNTS(test, vmalloc_to_page(r.kaddr + 2 * PAGE_SIZE),
			       2, 1, "page 2");
	MM_KUNIT_ASSERT(test, check_mapped(test, addr, r.kaddr, 1));
	MM_KUNIT_EXPECT(test, user_check_no_pages(test, addr + PAGE_SIZE, 1));
	MM_KUNIT_ASSERT(test,
			check_mapped(test, addr + 2 * PAGE_SIZE, r.kaddr + 2 * PAGE_SIZE, 1));
}

/*
 * A buffer may be mapped several times, and each mapping holds its own
 * reference, so that one of them can go without the other.
 */
static void remap_vmalloc_range_twice(struct kunit *test)
{
	struct remap r = { .kaddr = user_buffer(test, 1) };
	unsigned long first = map_shared(test, 1, range_mmap, &r);
	unsigned long second = map_shared(test, 1, range_mmap, &r);

	KUNIT_EXPECT_NE(test, first, second);
	MM_KUNIT_EXPECT_COUNTS(test, vmalloc_to_page(r.kaddr), 3, 2, "page 0");
	KUNIT_EXPECT_EQ(test, vm_munmap(first, PAGE_SIZE), 0);
	MM_KUNIT_EXPECT_COUNTS(test, vmalloc_to_page(r.kaddr), 2, 1, "page 0");
	MM_KUNIT_ASSERT(test, check_mapped(test, second, r.kaddr, 1));
}

/*
 * A driver may vfree() a buffer that is mapped: the process keeps the pages,
 * because the mapping has references of its own. The pages are freed by
 * munmap().
 */
static void remap_vmalloc_range_vfree_while_mapped(struct kunit *test)
{
	struct remap r = {
		.kaddr = user_buffer(test, 3),
		.pgoff = 1,
		.size = PAGE_SIZE,
	};
	struct page *page = vmalloc_to_page(r.kaddr + PAGE_SIZE);
	unsigned long addr = map_shared(test, 1, partial_mmap, &r);
	void *before = USER_READ_PAGE(test, addr);

	kunit_release_action(test, mm_kunit_vfree, r.kaddr);
	KUNIT_EXPECT_EQ(test, page_ref_count(page), 1);
	KUNIT_EXPECT_PTR_EQ(test, user_page(addr, 0), page);
	MM_KUNIT_EXPECT(test, check_bytes(test, USER_READ_PAGE(test, addr), before, PAGE_SIZE));
	KUNIT_EXPECT_EQ_MSG(test, user_write(addr, 7), true, "a write");

	get_page(page);
	KUNIT_EXPECT_EQ(test, vm_munmap(addr, PAGE_SIZE), 0);
	KUNIT_EXPECT_EQ(test, page_ref_count(page), 1);
	put_page(page);
}

/*
 * A page that is pinned lives on after munmap() and vfree(), because a device
 * may still use it.
 */
static void remap_vmalloc_range_pin_outlives(struct kunit *test)
{
	struct remap r = { .kaddr = user_buffer(test, 1) };
	unsigned long addr = map_shared(test, 1, range_mmap, &r);
	void *before = USER_READ_PAGE(test, addr);
	void *after = kunit_kmalloc(test, PAGE_SIZE, GFP_KERNEL);
	struct page *page;

	KUNIT_ASSERT_NOT_NULL(test, after);
	KUNIT_ASSERT_EQ(test,
			pin_user_pages_fast(addr, 1, FOLL_WRITE | FOLL_LONGTERM,
					    &page), 1);
	KUNIT_EXPECT_PTR_EQ(test, page, vmalloc_to_page(r.kaddr));

	KUNIT_EXPECT_EQ(test, vm_munmap(addr, PAGE_SIZE), 0);
	kunit_release_action(test, mm_kunit_vfree, r.kaddr);
	KUNIT_EXPECT_EQ(test, folio_maybe_dma_pinned(page_folio(page)), true);
	memcpy_from_page(after, page, 0, PAGE_SIZE);
	MM_KUNIT_EXPECT(test, check_bytes(test, after, before, PAGE_SIZE));
	unpin_user_page(page);
}

/*
 * vrealloc() to a smaller size keeps the pages of a user buffer, because
 * requests to map it are checked against the size that the area was allocated
 * with.
 */
static void vrealloc_shrink_keeps_user_pages(struct kunit *test)
{
	struct remap r = { .kaddr = user_buffer(test, 3) };
	struct page *last = vmalloc_to_page(r.kaddr + 2 * PAGE_SIZE);
	unsigned long addr;

	KUNIT_ASSERT_PTR_EQ(test, vrealloc(r.kaddr, PAGE_SIZE, GFP_KERNEL),
			    r.kaddr);
	KUNIT_ASSERT_PTR_EQ(test, vmalloc_to_page(r.kaddr + 2 * PAGE_SIZE),
			    last);
	KUNIT_EXPECT_EQ(test, page_ref_count(last), 1);

	addr = map_shared(test, 3, range_mmap, &r);
	KUNIT_EXPECT_EQ(test, r.ret, 0);
	MM_KUNIT_ASSERT(test, check_mapped(test, addr, r.kaddr, 3));
}

/* -- What the process can do with them ------------------------------------- */

/*
 * In a shared mapping process and kernel see what the other writes, because
 * they use the same page. The first write needs no fault, because the VMA
 * allows writing.
 */
static void remap_vmalloc_range_shared(struct kunit *test)
{
	struct remap r = { .kaddr = user_buffer(test, 2) };
	unsigned long addr = map_shared(test, 2, range_mmap, &r);
	u32 *second = r.kaddr + PAGE_SIZE;

	/* The VMA allows it, so no fault is needed for the first write. */
	KUNIT_EXPECT_PTR_EQ(test, user_page(addr, FOLL_WRITE),
			    vmalloc_to_page(r.kaddr));

	KUNIT_EXPECT_EQ_MSG(test, user_write(addr + PAGE_SIZE, 1234), true, "a write");
	KUNIT_EXPECT_EQ(test, READ_ONCE(*second), 1234);
	WRITE_ONCE(*second, 4321);
	MM_KUNIT_EXPECT(test, check_bytes(test, USER_READ_PAGE(test, addr + PAGE_SIZE),
					  second, PAGE_SIZE));
}

/*
 * In a private mapping the process sees what the kernel writes until it writes
 * to a page itself: then it has a copy, because a private mapping must not
 * change the driver's buffer.
 */
static void remap_vmalloc_range_private(struct kunit *test)
{
	struct remap r = { .kaddr = user_buffer(test, 2) };
	unsigned long addr = map_pages(test, 2, PROT_RW, MAP_PRIVATE,
				       range_mmap, &r);
	void *before;
	u32 *copy;

	KUNIT_EXPECT_EQ(test, r.ret, 0);
	MM_KUNIT_ASSERT(test, check_mapped(test, addr, r.kaddr, 2));
	KUNIT_EXPECT_NULL(test, user_page(addr, FOLL_WRITE));

	/* The process reads what the kernel writes, until it writes itself. */
	memset(r.kaddr, 'k', PAGE_SIZE);
	before = USER_READ_PAGE(test, addr);
	MM_KUNIT_EXPECT(test, check_bytes(test, before, r.kaddr, PAGE_SIZE));

	KUNIT_EXPECT_EQ_MSG(test, user_write(addr, 1234), true, "a write");
	MM_KUNIT_EXPECT(test, check_bytes(test, r.kaddr, before, PAGE_SIZE));
	MM_KUNIT_EXPECT_COUNTS(test, vmalloc_to_page(r.kaddr), 1, 0, "page 0");
	MM_KUNIT_ASSERT(test,
			check_mapped(test, addr + PAGE_SIZE, r.kaddr + PAGE_SIZE, 1));

	memset(r.kaddr, 'l', PAGE_SIZE);
	copy = USER_READ_PAGE(test, addr);
	KUNIT_EXPECT_EQ(test, copy[0], 1234);
	MM_KUNIT_EXPECT(test, check_bytes(test, copy + 1,
					  before + sizeof(u32), PAGE_SIZE - sizeof(u32)));
}

/*
 * Without PROT_WRITE the pages are mapped read-only, and a write fails, because
 * the protection is that of the VMA.
 */
static void remap_vmalloc_range_readonly_mapping(struct kunit *test)
{
	struct remap r = { .kaddr = user_buffer(test, 1) };
	unsigned long addr = map_pages(test, 1, PROT_READ, MAP_SHARED,
				       range_mmap, &r);

	KUNIT_EXPECT_EQ(test, r.ret, 0);
	MM_KUNIT_ASSERT(test, check_mapped(test, addr, r.kaddr, 1));
	KUNIT_EXPECT_NULL(test, user_page(addr, FOLL_WRITE));
	KUNIT_EXPECT_EQ_MSG(test, user_write(addr, 1234), false, "a write");
	MM_KUNIT_EXPECT(test, check_bytes(test, USER_READ_PAGE(test, addr), r.kaddr, PAGE_SIZE));
}

/*
 * A file that was opened read-only can be mapped shared, with the same flags,
 * and a write fails, because the VMA never becomes writable.
 */
static void remap_vmalloc_range_readonly_file(struct kunit *test)
{
	struct remap r = { .kaddr = user_buffer(test, 1) };
	struct user_file *uf = user_file_open(test, O_RDONLY, range_mmap, &r);
	long addr = user_mmap(uf, 0, PAGE_SIZE, PROT_READ, MAP_SHARED, 0);

	KUNIT_ASSERT_FALSE_MSG(test, IS_ERR_VALUE(addr), "mmap() returned %ld", (long)addr);
	KUNIT_EXPECT_EQ(test, r.ret, 0);
	KUNIT_EXPECT_EQ(test, r.flags, REMAP_VMALLOC_FLAGS);
	MM_KUNIT_ASSERT(test, check_mapped(test, addr, r.kaddr, 1));
	KUNIT_EXPECT_EQ_MSG(test, user_write(addr, 1234), false, "a write");
}

/* -- The allocators -------------------------------------------------------- */

static const struct alloc_case {
	const char *desc;
	bool low;
	unsigned long size;
} alloc_cases[] = {
	{ .desc = "vmalloc_user_of_a_byte", .low = false, .size = 1 },
	{ .desc = "vmalloc_user_of_a_page", .low = false, .size = PAGE_SIZE },
	{ .desc = "vmalloc_user_of_a_page_and_a_byte", .low = false,
	  .size = PAGE_SIZE + 1 },
	{ .desc = "vmalloc_32_user_of_a_byte", .low = true, .size = 1 },
	{ .desc = "vmalloc_32_user_of_a_page", .low = true, .size = PAGE_SIZE },
	{ .desc = "vmalloc_32_user_of_a_page_and_a_byte", .low = true,
	  .size = PAGE_SIZE + 1 },
};

KUNIT_ARRAY_PARAM_DESC(alloc, alloc_cases, desc);

static void *alloc_user(bool low, unsigned long size)
{
	return low ? vmalloc_32_user(size) : vmalloc_user(size);
}

/*
 * vmalloc_user() returns zeroed pages, the rest of the last one included, in an
 * area with VM_USERMAP that user space can map at an address of the same cache
 * colour, because whole pages are shown to user space. vmalloc_32_user()
 * returns pages that 32 bits can address.
 */
static void vmalloc_user_area(struct kunit *test)
{
	const struct alloc_case *row = test->param_value;
	unsigned long size = PAGE_ALIGN(row->size);
	struct remap r = {};
	struct vm_struct *area;
	unsigned long addr, i;
	void *dirty;

	/* Memory that was just freed is the first to be allocated again. */
	dirty = row->low ? vmalloc_32(size) : vmalloc(size);
	KUNIT_ASSERT_NOT_NULL(test, dirty);
	memset(dirty, 'd', size);
	vfree(dirty);

	r.kaddr = mm_kunit_manage(test, mm_kunit_vfree, alloc_user(row->low, row->size));
	area = find_vm_area(r.kaddr);
	KUNIT_ASSERT_NOT_NULL(test, area);
	KUNIT_EXPECT_EQ(test, area->flags & (VM_USERMAP | VM_NO_GUARD), VM_USERMAP);
	KUNIT_EXPECT_EQ(test, get_vm_area_size(area), size);

	/* User space can have it at an address of the same cache colour. */
	KUNIT_EXPECT_EQ(test, (unsigned long)r.kaddr % SHMLBA, 0);

	addr = map_shared(test, size >> PAGE_SHIFT, range_mmap, &r);
	KUNIT_EXPECT_EQ(test, r.ret, 0);
	for (i = 0; i < size; i += PAGE_SIZE) {
		phys_addr_t phys = page_to_phys(vmalloc_to_page(r.kaddr + i));

		MM_KUNIT_EXPECT_MSG(test, check_filled(test, USER_READ_PAGE(test, addr + i), 0,
						       PAGE_SIZE), "page %lu", i / PAGE_SIZE);
		if (row->low)
			KUNIT_EXPECT_LE_MSG(test, phys, U32_MAX, "page %lu", i / PAGE_SIZE);
	}
}

/*
 * A size of 0 gives NULL and a warning, because it is a mistake of the caller.
 */
static void vmalloc_user_size_0(struct kunit *test)
{
	kunit_warning_suppress(test) {
		KUNIT_EXPECT_NULL(test, vmalloc_user(0));
		KUNIT_EXPECT_NULL(test, vmalloc_32_user(0));
		KUNIT_EXPECT_SUPPRESSED_WARNING_COUNT(test, MM_KUNIT_WARN_ONCE(2));
	}
}

/*
 * A page of vmalloc_user() that must not be inserted ends the call with -EINVAL at
 * that page, because what is in its struct page is not a count, and pages before
 * it stay mapped, as for any other area.
 */
static void remap_vmalloc_range_typed_page_in_buffer(struct kunit *test)
{
	struct remap r = { .kaddr = user_buffer(test, 3) };
	struct page *typed = vmalloc_to_page(r.kaddr + PAGE_SIZE);
	struct user_file *uf = user_file_open(test, O_RDWR, range_mmap, &r);
	long addr;

	__SetPageOffline(typed);
	addr = user_mmap(uf, 0, 3 * PAGE_SIZE, PROT_RW, MAP_SHARED, 0);
	__ClearPageOffline(typed);

	KUNIT_ASSERT_FALSE_MSG(test, IS_ERR_VALUE(addr), "mmap() returned %ld", addr);
	KUNIT_EXPECT_EQ(test, r.ret, -EINVAL);
	KUNIT_EXPECT_EQ(test, r.flags, VM_MIXEDMAP);
	MM_KUNIT_ASSERT(test, check_mapped(test, addr, r.kaddr, 1));
	MM_KUNIT_EXPECT(test, user_check_no_pages(test, addr + PAGE_SIZE, 2));
	MM_KUNIT_EXPECT_COUNTS(test, typed, 1, 0, "the page that was refused");
	MM_KUNIT_EXPECT_RSS(test, 1, 0, 0, "of the process");
}

/*
 * Pages of an area of vmap() are mapped as those of vmalloc_user() are, from where
 * the caller says, because they are looked up in the page tables: vmap() leaves
 * the array of them to its caller.
 */
static void remap_vmalloc_range_partial_of_vmap(struct kunit *test)
{
	struct page *pages[4] = {
		mm_kunit_page(test), mm_kunit_page(test), mm_kunit_page(test),
		mm_kunit_page(test),
	};
	void *kaddr = own_vmap(test, pages, 4, VM_MAP | VM_USERMAP);
	struct remap r = { .kaddr = kaddr, .pgoff = 1, .size = 2 * PAGE_SIZE };
	unsigned long addr = map_shared(test, 2, partial_mmap, &r);

	KUNIT_EXPECT_EQ(test, r.ret, 0);
	KUNIT_EXPECT_PTR_EQ(test, user_page(addr, 0), pages[1]);
	KUNIT_EXPECT_PTR_EQ(test, user_page(addr + PAGE_SIZE, 0), pages[2]);
	MM_KUNIT_EXPECT_COUNTS(test, pages[0], 1, 0, "the page before");
	MM_KUNIT_EXPECT_COUNTS(test, pages[1], 2, 1, "page 1");
	MM_KUNIT_EXPECT_COUNTS(test, pages[2], 2, 1, "page 2");
	MM_KUNIT_EXPECT_COUNTS(test, pages[3], 1, 0, "the page behind");
}

static struct kunit_case remap_vmalloc_owner_test_cases[] = {
	KUNIT_CASE(remap_vmalloc_range_references),
	KUNIT_CASE(remap_vmalloc_range_partial_munmap),
	KUNIT_CASE(remap_vmalloc_range_twice),
	KUNIT_CASE(remap_vmalloc_range_vfree_while_mapped),
	KUNIT_CASE(remap_vmalloc_range_pin_outlives),
	KUNIT_CASE(vrealloc_shrink_keeps_user_pages),
	KUNIT_CASE(remap_vmalloc_range_shared),
	KUNIT_CASE(remap_vmalloc_range_private),
	KUNIT_CASE(remap_vmalloc_range_readonly_mapping),
	KUNIT_CASE(remap_vmalloc_range_readonly_file),
	KUNIT_CASE_PARAM(vmalloc_user_area, alloc_gen_params),
	KUNIT_CASE(vmalloc_user_size_0),
	KUNIT_CASE(remap_vmalloc_range_typed_page_in_buffer),
	KUNIT_CASE(remap_vmalloc_range_partial_of_vmap),
	{}
};

static struct kunit_suite remap_vmalloc_owner_test_suite = {
	.name = "remap_vmalloc_owner",
	.init = mm_kunit_init,
	.test_cases = remap_vmalloc_owner_test_cases,
};

kunit_test_suite(remap_vmalloc_owner_test_suite);

MODULE_DESCRIPTION("KUnit tests for the pages of remap_vmalloc_range()");
MODULE_LICENSE("GPL");
