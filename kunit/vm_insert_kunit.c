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
#include <kunit/test.h>

#include "check_bytes.h"
#include "vm_insert.h"

/* -- All of them ----------------------------------------------------------- */

static const struct call_case {
	const char *desc;
	int (*call)(struct vm_area_struct *vma, struct insert *in);
} calls[] = {
	{ .desc = "vm_insert_page", .call = call_insert_page },
	{ .desc = "vm_insert_pages", .call = call_insert_pages },
	{ .desc = "vm_map_pages", .call = call_map_pages },
	{ .desc = "vm_map_pages_zero", .call = call_map_pages_zero },
};

KUNIT_ARRAY_PARAM_DESC(call, calls, desc);

/* To insert a single @page with any of the functions. */
static struct insert insert_one(struct kunit *test, struct page **page)
{
	const struct call_case *row = test->param_value;

	return (struct insert) {
		.call = row->call,
		.page = *page,
		.pages = page,
		.num = 1,
	};
}

/*
 * VM_MIXEDMAP is the only flag that the insertion sets, because whether the
 * mapping may grow or be dumped is for the driver to say.
 */
static void vm_insert_flags(struct kunit *test)
{
	struct page *page = mm_kunit_page(test);
	struct insert in = insert_one(test, &page);

	map_shared(test, 1, &in);
	KUNIT_EXPECT_EQ(test, in.ret, 0);
	KUNIT_EXPECT_EQ(test, in.flags, VM_MIXEDMAP);
}

/*
 * The page table holds one reference and one mapping of an inserted page, and
 * the process counts it as resident, so that the page lives as long as it is
 * mapped and is freed after munmap() and the driver's own put.
 */
static void vm_insert_references(struct kunit *test)
{
	struct page *page = mm_kunit_page(test);
	struct insert in = insert_one(test, &page);
	unsigned long addr = map_shared(test, 1, &in);

	MM_KUNIT_ASSERT(test, check_mapped(test, addr, &page, 1));
	MM_KUNIT_EXPECT_COUNTS(test, page, 2, 1, "the page");
	MM_KUNIT_EXPECT_RSS(test, 1, 0, 0, "of the process");

	KUNIT_EXPECT_EQ(test, vm_munmap(addr, PAGE_SIZE), 0);
	MM_KUNIT_EXPECT_COUNTS(test, page, 1, 0, "the page");
	MM_KUNIT_EXPECT_RSS(test, 0, 0, 0, "of the process");
}

/*
 * In a shared writable VMA the page is mapped writable, because the VMA allows
 * it and the driver did not ask to hear of writes: the first write needs no
 * fault and reaches the page.
 */
static void vm_insert_shared(struct kunit *test)
{
	struct page *page = mm_kunit_page(test);
	struct insert in = insert_one(test, &page);
	unsigned long addr = map_shared(test, 1, &in);
	u32 value = 0;

	/* The VMA allows it, so no fault is needed for the first write. */
	KUNIT_EXPECT_PTR_EQ(test, user_page(addr, FOLL_WRITE), page);
	KUNIT_EXPECT_EQ_MSG(test, user_write(addr, 1234), true, "a write");
	memcpy_from_page((char *)&value, page, 0, sizeof(value));
	KUNIT_EXPECT_EQ(test, value, 1234);
}

/*
 * In a private VMA the process reads the driver's page and writes to a copy,
 * because a private mapping must not change what others see.
 */
static void vm_insert_private(struct kunit *test)
{
	struct page *page = mm_kunit_page(test);
	struct insert in = insert_one(test, &page);
	unsigned long addr;
	u32 value = 4321;

	memcpy_to_page(page, 0, (char *)&value, sizeof(value));
	addr = map_pages(test, 1, 0, PROT_RW, MAP_PRIVATE, &in);
	MM_KUNIT_ASSERT(test, check_mapped(test, addr, &page, 1));
	KUNIT_EXPECT_NULL(test, user_page(addr, FOLL_WRITE));

	KUNIT_EXPECT_EQ_MSG(test, user_write(addr, 1234), true, "a write");
	memcpy_from_page((char *)&value, page, 0, sizeof(value));
	KUNIT_EXPECT_EQ(test, value, 4321);
	KUNIT_EXPECT_PTR_NE(test, user_page(addr, 0), page);
	MM_KUNIT_EXPECT_COUNTS(test, page, 1, 0, "the page");
}

/*
 * Without PROT_WRITE the page is mapped, and a write fails, because the
 * protection is that of the VMA.
 */
static void vm_insert_readonly(struct kunit *test)
{
	struct page *page = mm_kunit_page(test);
	struct insert in = insert_one(test, &page);
	unsigned long addr = map_pages(test, 1, 0, PROT_READ, MAP_SHARED, &in);

	MM_KUNIT_ASSERT(test, check_mapped(test, addr, &page, 1));
	KUNIT_EXPECT_EQ_MSG(test, user_write(addr, 1234), false, "a write");
}

/*
 * An entry that is in use is not replaced: the call fails with -EBUSY and takes
 * no reference, because the page that is there has to be unmapped first, with
 * all that is counted for it.
 */
static void vm_insert_occupied(struct kunit *test)
{
	struct page *page = mm_kunit_page(test);
	struct insert in = insert_one(test, &page);
	unsigned long addr;

	in.obstacle = mm_kunit_page(test);
	addr = map_shared(test, 1, &in);
	KUNIT_EXPECT_EQ(test, in.ret, -EBUSY);
	MM_KUNIT_ASSERT(test, check_mapped(test, addr, &in.obstacle, 1));
	MM_KUNIT_EXPECT_COUNTS(test, in.obstacle, 2, 1,
			       "the page that was there");
	MM_KUNIT_EXPECT_COUNTS(test, page, 1, 0, "the page");
	MM_KUNIT_EXPECT_RSS(test, 1, 0, 0, "of the process");
}

/*
 * A page lives until its last user drops it, process or driver, because the
 * mapping has a reference of its own. The driver may put its reference first.
 */
static void vm_insert_process_keeps_page(struct kunit *test)
{
	struct page *page = mm_kunit_page(test);
	struct insert in = insert_one(test, &page);
	unsigned long addr = map_shared(test, 1, &in);

	kunit_release_action(test, mm_kunit_put_page, page);
	MM_KUNIT_EXPECT_COUNTS(test, page, 1, 1, "the page");
	KUNIT_EXPECT_EQ_MSG(test, user_write(addr, 1234), true, "a write");
	MM_KUNIT_ASSERT(test, check_mapped(test, addr, &page, 1));

	get_page(page);
	KUNIT_EXPECT_EQ(test, vm_munmap(addr, PAGE_SIZE), 0);
	MM_KUNIT_EXPECT_COUNTS(test, page, 1, 0, "the page");
	put_page(page);
}

/*
 * A tail page may be inserted, and it is the compound page that is referenced
 * and mapped, because the pages of a compound page share one reference count.
 */
static void vm_insert_compound_tail(struct kunit *test)
{
	struct page *head = mm_kunit_pages(test, GFP_KERNEL, 1);
	struct page *tail = head + 1;
	struct insert in = insert_one(test, &tail);
	unsigned long addr = map_shared(test, 1, &in);

	KUNIT_EXPECT_EQ(test, in.ret, 0);
	MM_KUNIT_ASSERT(test, check_mapped(test, addr, &tail, 1));
	MM_KUNIT_EXPECT_COUNTS(test, head, 2, 1, "the compound page");
	MM_KUNIT_EXPECT_RSS(test, 1, 0, 0, "of the process");

	KUNIT_EXPECT_EQ(test, vm_munmap(addr, PAGE_SIZE), 0);
	MM_KUNIT_EXPECT_COUNTS(test, head, 1, 0, "the compound page");
}

/*
 * A page that is swap-backed counts as MM_SHMEMPAGES, others as MM_FILEPAGES,
 * because mm_counter_file() decides for insertion and for unmapping, which have
 * to agree.
 */
static void vm_insert_swapbacked(struct kunit *test)
{
	struct page *page = mm_kunit_page(test);
	struct insert in = insert_one(test, &page);
	unsigned long addr;

	__folio_set_swapbacked(page_folio(page));
	addr = map_shared(test, 1, &in);
	MM_KUNIT_EXPECT_RSS(test, 0, 0, 1, "of the process");
	KUNIT_EXPECT_EQ(test, vm_munmap(addr, PAGE_SIZE), 0);
	MM_KUNIT_EXPECT_RSS(test, 0, 0, 0, "of the process");
}

/*
 * If there is no memory for a page table, the call fails with -ENOMEM, and what
 * it inserted before stays mapped and counted, because drivers rely on munmap()
 * to undo it. Each page table fails once.
 */
static void vm_insert_no_memory(struct kunit *test)
{
	const unsigned long at = user_table_border() - PAGE_SIZE;
	struct page **pages = own_pages(test, 2);
	struct insert in = insert_one(test, pages + 1);
	struct user_file *uf = user_file_open(test, O_RDWR, insert_mmap, &in);
	bool one = in.call == call_insert_page;
	struct mm_kunit_failing fail;
	unsigned int errors = 0;

	/*
	 *      at                    <- largest page table that user space has two of
	 *      |---- page 0 ----|---- page 1 ----|
	 *                       ^ needs a table of each level below
	 */
	mm_kunit_fail_setup(test, MM_KUNIT_FAIL_PAGE);
	in.pages = pages;
	in.offset = one ? PAGE_SIZE : 0;
	in.fail = &fail;
	mm_kunit_for_each_failing(test, &fail) {
		bool first = false;

		in.num = 2;
		KUNIT_ASSERT_EQ_MSG(test, user_mmap(uf, at, 2 * PAGE_SIZE, PROT_RW,
						    MAP_SHARED | MAP_FIXED, 0),
				    at, "mmap(), allocation %u", fail.nth);
		if (in.ret) {
			first = user_page(at, 0);
			errors++;
			KUNIT_EXPECT_EQ_MSG(test, in.ret, -ENOMEM, "allocation %u", fail.nth);
			if (in.call == call_insert_pages)
				KUNIT_EXPECT_EQ_MSG(test, in.num, first ? 1 : 2,
						    "allocation %u", fail.nth);
			MM_KUNIT_ASSERT_MSG(test, user_check_no_pages(test, at + PAGE_SIZE, 1),
					    "allocation %u", fail.nth);
			MM_KUNIT_EXPECT_COUNTS(test, pages[0], 1 + first, first,
					       "page 0, allocation %u", fail.nth);
			MM_KUNIT_EXPECT_COUNTS(test, pages[1], 1, 0,
					       "page 1, allocation %u", fail.nth);
			MM_KUNIT_EXPECT_RSS(test, first, 0, 0, "allocation %u", fail.nth);
		} else {
			/* Even if an allocation failed, as KASAN's may for its records. */
			MM_KUNIT_ASSERT_MSG(test, check_mapped(test, at + PAGE_SIZE, pages + 1, 1),
					    "allocation %u", fail.nth);
		}
		KUNIT_ASSERT_EQ_MSG(test, vm_munmap(at, 2 * PAGE_SIZE), 0,
				    "munmap(), allocation %u", fail.nth);
		MM_KUNIT_EXPECT_COUNTS(test, pages[0], 1, 0,
				       "page 0 unmapped, allocation %u", fail.nth);
		MM_KUNIT_EXPECT_RSS(test, 0, 0, 0, "unmapped, allocation %u", fail.nth);
	}
	KUNIT_EXPECT_GT_MSG(test, errors, 0, "calls that have failed");
}

/* -- Pages that are refused ------------------------------------------------ */

/*
 * vm_insert_page() refuses a page whose reference count or mapcount is not that
 * of an ordinary page, because unmapping would free it as one.
 */
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
	MM_KUNIT_ASSERT(test, user_check_no_pages(test, addr, 1));
	KUNIT_EXPECT_EQ(test, page_ref_count(in.page), refs);
	KUNIT_EXPECT_EQ(test, get_mm_counter_sum(current->mm, MM_FILEPAGES), 0);
}

/*
 * vm_insert_pages() stops at a page that it must not insert, keeps those before
 * it, and tells by @num how many are left, because its callers undo by
 * munmap().
 */
static void vm_insert_pages_bad_page(struct kunit *test)
{
	const struct bad_page *bad = test->param_value;
	struct page *pages[3] = {
		mm_kunit_page(test), bad->get(test), mm_kunit_page(test)
	};
	struct insert in = {
		.call = call_insert_pages,
		.pages = pages,
		.num = 3,
	};
	unsigned long addr = map_shared(test, 3, &in);

	KUNIT_EXPECT_EQ(test, in.ret, -EINVAL);
	KUNIT_EXPECT_EQ(test, in.num, 2);
	MM_KUNIT_ASSERT(test, check_mapped(test, addr, pages, 1));
	MM_KUNIT_ASSERT(test, user_check_no_pages(test, addr + PAGE_SIZE, 2));
}

static const struct zero_case {
	const char *desc;
	int file_flags;
	unsigned long prot;
	unsigned long flags;
	int ret;
} zero_cases[] = {
	{ .desc = "private", .file_flags = O_RDWR, .prot = PROT_RW,
	  .flags = MAP_PRIVATE, .ret = 0 },
	{ .desc = "private_read_only", .file_flags = O_RDWR,
	  .prot = PROT_READ, .flags = MAP_PRIVATE, .ret = 0 },
	{ .desc = "shared", .file_flags = O_RDWR, .prot = PROT_RW,
	  .flags = MAP_SHARED, .ret = -EINVAL },
	{ .desc = "shared_read_only", .file_flags = O_RDWR, .prot = PROT_READ,
	  .flags = MAP_SHARED, .ret = -EINVAL },
	{ .desc = "shared_of_a_read_only_file", .file_flags = O_RDONLY,
	  .prot = PROT_READ, .flags = MAP_SHARED, .ret = 0 },
};

KUNIT_ARRAY_PARAM_DESC(zero, zero_cases, desc);

/*
 * The zero page may be inserted only where it can never become writable, or
 * where a write makes a copy, because all processes share it.
 */
static void vm_insert_page_zero_page(struct kunit *test)
{
	const struct zero_case *row = test->param_value;
	struct insert in = {
		.call = call_insert_page,
		.page = ZERO_PAGE(0),
	};
	struct user_file *uf = user_file_open(test, row->file_flags, insert_mmap,
					      &in);
	int mapcount = folio_mapcount(page_folio(in.page));
	int refs = page_ref_count(in.page);
	long addr = user_mmap(uf, 0, PAGE_SIZE, row->prot, row->flags, 0);

	KUNIT_ASSERT_FALSE_MSG(test, IS_ERR_VALUE(addr), "mmap() returned %ld", (long)addr);
	KUNIT_EXPECT_EQ(test, in.ret, row->ret);
	KUNIT_EXPECT_PTR_EQ(test, user_page(addr, 0), row->ret ? NULL : in.page);

	/* It is never freed, so nobody counts how often it is mapped. */
	MM_KUNIT_EXPECT_COUNTS(test, in.page, refs, mapcount, "the page");
	MM_KUNIT_EXPECT_RSS(test, 0, 0, 0, "of the process");

	KUNIT_EXPECT_EQ(test, user_write(addr, 1234),
			!row->ret && row->prot & PROT_WRITE);
	MM_KUNIT_EXPECT(test, check_filled(test, page_address(in.page), 0, PAGE_SIZE));
	KUNIT_EXPECT_EQ(test, vm_munmap(addr, PAGE_SIZE), 0);
	MM_KUNIT_EXPECT_COUNTS(test, in.page, refs, mapcount, "the page");
	MM_KUNIT_EXPECT_RSS(test, 0, 0, 0, "of the process");
}

static vm_fault_t zero_pfn_mkwrite(struct vm_fault *vmf)
{
	return VM_FAULT_SIGBUS;
}

static const struct vm_operations_struct no_ops = {};

static const struct vm_operations_struct pfn_mkwrite_ops = {
	.pfn_mkwrite = zero_pfn_mkwrite,
};

static const struct zero_ops_case {
	const char *desc;
	const struct vm_operations_struct *ops;
	vm_flags_t flags;
	int ret;
} zero_ops_cases[] = {
	{ .desc = "pfn_mkwrite_and_vm_io", .ops = &pfn_mkwrite_ops,
	  .flags = VM_IO, .ret = 0 },
	{ .desc = "pfn_mkwrite", .ops = &pfn_mkwrite_ops, .flags = 0,
	  .ret = -EINVAL },
	{ .desc = "vm_io", .ops = &no_ops, .flags = VM_IO, .ret = -EINVAL },
	{ .desc = "neither", .ops = &no_ops, .flags = 0, .ret = -EINVAL },
};

KUNIT_ARRAY_PARAM_DESC(zero_ops, zero_ops_cases, desc);

static int call_insert_zero_page(struct vm_area_struct *vma, struct insert *in)
{
	const struct zero_ops_case *row = kunit_get_current_test()->param_value;

	vma->vm_ops = row->ops;
	vm_flags_set(vma, row->flags);
	return vm_insert_page(vma, vma->vm_start, ZERO_PAGE(0));
}

/*
 * A shared writable VMA may have the zero page only with ->pfn_mkwrite and VM_IO,
 * because ->pfn_mkwrite can put another page there at the first write, and VM_IO
 * keeps everybody from pinning the zero page before.
 */
static void vm_insert_page_zero_page_ops(struct kunit *test)
{
	const struct zero_ops_case *row = test->param_value;
	struct insert in = { .call = call_insert_zero_page };

	map_shared(test, 1, &in);
	KUNIT_EXPECT_EQ(test, in.ret, row->ret);
}

/* -- vm_insert_page() ------------------------------------------------------ */

static const struct outside {
	const char *desc;
	unsigned long offset;
} outsides[] = {
	{ .desc = "at_the_end", .offset = 2 * PAGE_SIZE },
	{ .desc = "a_page_behind_the_end", .offset = 3 * PAGE_SIZE },
	{ .desc = "a_byte_before_the_start", .offset = -1 },
	{ .desc = "a_page_before_the_start", .offset = -PAGE_SIZE },
};

KUNIT_ARRAY_PARAM_DESC(outside, outsides, desc);

/*
 * An address outside the VMA is refused with -EFAULT before anything is done,
 * because the page tables there belong to somebody else.
 */
static void vm_insert_page_outside(struct kunit *test)
{
	const struct outside *row = test->param_value;
	struct insert in = {
		.call = call_insert_page,
		.page = mm_kunit_page(test),
		.offset = row->offset,
	};
	unsigned long addr = map_shared(test, 2, &in);

	KUNIT_EXPECT_EQ(test, in.ret, -EFAULT);
	KUNIT_EXPECT_EQ(test, in.flags, 0);
	MM_KUNIT_ASSERT(test, user_check_no_pages(test, addr, 2));
	MM_KUNIT_EXPECT_COUNTS(test, in.page, 1, 0, "the page");
}

/*
 * The same page may be inserted twice into a VMA, and each time is counted,
 * because each entry drops its own reference when it is unmapped.
 */
static void vm_insert_page_twice(struct kunit *test)
{
	struct page *page = mm_kunit_page(test);
	struct insert in = {
		.call = call_insert_page,
		.page = page,
		.obstacle = page,
		.obstacle_at = PAGE_SIZE,
	};
	unsigned long addr = map_shared(test, 2, &in);

	KUNIT_EXPECT_EQ(test, in.ret, 0);
	MM_KUNIT_EXPECT_COUNTS(test, page, 3, 2, "the page");
	KUNIT_EXPECT_EQ(test, vm_munmap(addr, PAGE_SIZE), 0);
	MM_KUNIT_EXPECT_COUNTS(test, page, 2, 1, "the page");
	MM_KUNIT_ASSERT(test, check_mapped(test, addr + PAGE_SIZE, &page, 1));
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

/*
 * A fault handler may insert the page if VM_MIXEDMAP is set before, because the
 * flags of a VMA cannot be changed in a fault. A page that cannot be inserted
 * is a fault that fails.
 */
static void vmf_insert_page_on_fault(struct kunit *test)
{
	struct insert in = { .page = mm_kunit_page(test) };
	struct user_file *uf = user_file_open(test, O_RDWR, fault_mmap, &in);
	long addr = user_mmap(uf, 0, 2 * PAGE_SIZE, PROT_RW, MAP_SHARED, 0);

	KUNIT_ASSERT_FALSE_MSG(test, IS_ERR_VALUE(addr), "mmap() returned %ld", (long)addr);
	MM_KUNIT_ASSERT(test, user_check_no_pages(test, addr, 2));
	KUNIT_EXPECT_EQ_MSG(test, user_write(addr + 16, 1234), true, "a write");
	MM_KUNIT_ASSERT(test, check_mapped(test, addr, &in.page, 1));
	MM_KUNIT_ASSERT(test, user_check_no_pages(test, addr + PAGE_SIZE, 1));
	MM_KUNIT_EXPECT_COUNTS(test, in.page, 2, 1, "the page");

	/* A page that cannot be inserted is a fault that cannot be handled. */
	in.page = bad_page_slab(test);
	KUNIT_EXPECT_EQ_MSG(test, user_write(addr + PAGE_SIZE, 1234), false, "a write");
	MM_KUNIT_ASSERT(test, user_check_no_pages(test, addr + PAGE_SIZE, 1));
}

/* -- today's implementation, not promised ---------------------------------- */

/*
 * The address need not be aligned: the page that contains it is meant, because
 * fault handlers pass on the address of the fault.
 */
static void vm_insert_page_unaligned(struct kunit *test)
{
	struct insert in = {
		.call = call_insert_page,
		.page = mm_kunit_page(test),
		.offset = 2 * PAGE_SIZE - 1,
	};
	unsigned long addr = map_shared(test, 2, &in);

	KUNIT_EXPECT_EQ(test, in.ret, 0);
	MM_KUNIT_ASSERT(test, user_check_no_pages(test, addr, 1));
	MM_KUNIT_ASSERT(test, check_mapped(test, addr + PAGE_SIZE, &in.page, 1));
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
	KUNIT_CASE(vm_insert_page_twice),
	KUNIT_CASE(vmf_insert_page_on_fault),
	KUNIT_CASE(vm_insert_page_unaligned),
	{}
};

static struct kunit_suite vm_insert_test_suite = {
	.name = "vm_insert",
	.init = mm_kunit_init,
	.test_cases = vm_insert_test_cases,
};

kunit_test_suite(vm_insert_test_suite);

MODULE_DESCRIPTION("KUnit tests for vm_insert_page()");
MODULE_LICENSE("GPL");
