// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests for the kinds of addresses: which of them have a page that
 * virt_to_page() can find, and which are of the vmalloc area.
 *
 * The conversions do not check their argument. What virt_addr_valid() refuses is not
 * converted here either, because with CONFIG_DEBUG_VIRTUAL that is a bug.
 * page_frame_kunit.c has the conversions of pages, reserved_page_kunit.c the pages that
 * the allocator does not have.
 */
#include <kunit/test.h>
#include <linux/execmem.h>
#include <linux/hex.h>
#include <linux/highmem.h>
#include <linux/io.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/pfn.h>
#include <linux/pgtable.h>
#include <linux/sched.h>
#include <linux/sched/task_stack.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/vmalloc.h>

#include "address_page.h"
#include "mm_kunit.h"

/* -- the kinds of addresses ------------------------------------------------ */

static void *address_of_page(struct kunit *test)
{
	return page_address(alloc_test_pages(test, GFP_KERNEL));
}

static void *address_of_page_end(struct kunit *test)
{
	return address_of_page(test) + NR_PAGES * PAGE_SIZE - 1;
}

static void *address_of_compound_tail(struct kunit *test)
{
	struct page *page = alloc_test_pages(test, GFP_KERNEL | __GFP_COMP);

	return page_address(page + NR_PAGES - 1) + 5;
}

static void *address_of_object(struct kunit *test)
{
	void *object = kunit_kmalloc(test, 24, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, object);
	return object;
}

static void *address_of_zero_page(struct kunit *test)
{
	return page_address(ZERO_PAGE(0));
}

static void *address_of_direct_map(struct kunit *test)
{
	if (!IMAGE_HAS_PAGES)
		kunit_skip(test, "needs CONFIG_X86 or CONFIG_UML: memory at PAGE_OFFSET");
	return (void *)PAGE_OFFSET;
}

static void *address_before_direct_map(struct kunit *test)
{
	return address_of_direct_map(test) - 1;
}

static void *address_of_last_lowmem(struct kunit *test)
{
	/* There, the direct mapping is that of the processor, whatever is there. */
	if (IS_ENABLED(CONFIG_MIPS) && !page_is_ram(PHYS_PFN(__pa(high_memory - 1))))
		kunit_skip(test, "needs a machine with memory up to high_memory");
	return high_memory - 1;
}

static void *address_of_image(struct kunit *test, void *addr)
{
	if (!IMAGE_HAS_PAGES)
		kunit_skip(test, "needs CONFIG_X86 or CONFIG_UML, whose kernel image has pages");
	return addr;
}

static void *address_of_text(struct kunit *test)
{
	return address_of_image(test, schedule);
}

static void *address_of_rodata(struct kunit *test)
{
	return address_of_image(test, (void *)hex_asc);
}

static void *address_of_data(struct kunit *test)
{
	return address_of_image(test, &init_task);
}

static void *address_of_vmalloc(struct kunit *test)
{
	return mm_kunit_vmalloc(test, PAGE_SIZE);
}

static void *address_of_vmalloc_end(struct kunit *test)
{
	return mm_kunit_vmalloc(test, 3 * PAGE_SIZE) + 3 * PAGE_SIZE - 1;
}

static void *address_of_vmap(struct kunit *test)
{
	struct page *page = alloc_test_pages(test, GFP_KERNEL);

	return mm_kunit_manage(test, mm_kunit_vunmap, vmap(&page, 1, VM_MAP, PAGE_KERNEL));
}

static void *address_of_stack(struct kunit *test)
{
	return task_stack_page(current);
}

static void *address_of_user_start(struct kunit *test)
{
	return (void *)PAGE_SIZE;
}

static void *address_of_user_end(struct kunit *test)
{
	return (void *)TASK_SIZE_MAX - 1;
}

static void *address_null(struct kunit *test)
{
	return NULL;
}

static void *address_zero_size(struct kunit *test)
{
	return ZERO_SIZE_PTR;
}

static void *address_error(struct kunit *test)
{
	return ERR_PTR(-EINVAL);
}

static void *address_max_error(struct kunit *test)
{
	return ERR_PTR(-MAX_ERRNO);
}

static void *address_vmalloc_start(struct kunit *test)
{
	return (void *)VMALLOC_START;
}

static void *address_vmalloc_last(struct kunit *test)
{
	return (void *)VMALLOC_END - 1;
}

static void *address_of_kmap_local(struct kunit *test)
{
#ifdef CONFIG_HIGHMEM
	return (void *)__fix_to_virt(FIX_KMAP_BEGIN);
#else
	kunit_skip(test, "needs CONFIG_HIGHMEM");
#endif
}

/* Returns the end of the room for the kernel image, where that for modules begins. */
static void *address_after_image(struct kunit *test)
{
#if defined(CONFIG_X86_64) && !defined(CONFIG_UML)
	return (void *)(__START_KERNEL_map + KERNEL_IMAGE_SIZE);
#else
	kunit_skip(test, "needs CONFIG_X86_64 without CONFIG_UML");
#endif
}

static void *address_of_vmemmap(struct kunit *test)
{
#ifdef CONFIG_SPARSEMEM_VMEMMAP
	return virt_to_page(address_of_page(test));
#else
	kunit_skip(test, "needs CONFIG_SPARSEMEM_VMEMMAP");
#endif
}

static void *address_after_lowmem(struct kunit *test)
{
	if (IS_ENABLED(CONFIG_64BIT))
		kunit_skip(test, "needs CONFIG_64BIT=n");
	/* The same memory comes again, uncached. */
	if (IS_ENABLED(CONFIG_MIPS))
		kunit_skip(test, "needs a processor other than MIPS, with one direct mapping");
	return high_memory;
}

static void *address_vmalloc_end(struct kunit *test)
{
	/* On riscv. That address has a page then. */
	if ((unsigned long)VMALLOC_END == (unsigned long)PAGE_OFFSET)
		kunit_skip(test, "needs a direct mapping that does not begin at VMALLOC_END");
	return (void *)VMALLOC_END;
}

static void *address_of_kmap(struct kunit *test)
{
#ifdef CONFIG_HIGHMEM
	return (void *)PKMAP_ADDR(0);
#else
	kunit_skip(test, "needs CONFIG_HIGHMEM");
#endif
}

/*
 * struct address_class - a kind of addresses
 * @desc: the name of the row
 * @get: returns such an address
 * @has_page: whether it is of the direct mapping
 * @vmalloc: whether it is of the vmalloc area
 */
static const struct address_class {
	const char *desc;
	void *(*get)(struct kunit *test);
	bool has_page;
	bool vmalloc;
} address_classes[] = {
	{ .desc = "page", .get = address_of_page, .has_page = true },
	{ .desc = "end_of_pages", .get = address_of_page_end, .has_page = true },
	{ .desc = "tail_of_a_compound_page", .get = address_of_compound_tail, .has_page = true },
	{ .desc = "slab_object", .get = address_of_object, .has_page = true },
	{ .desc = "zero_page", .get = address_of_zero_page, .has_page = true },
	{ .desc = "start_of_the_direct_mapping", .get = address_of_direct_map, .has_page = true },
	{ .desc = "before_the_direct_mapping", .get = address_before_direct_map },
	{ .desc = "end_of_the_direct_mapping", .get = address_of_last_lowmem, .has_page = true },
	{ .desc = "after_the_direct_mapping", .get = address_after_lowmem },
	{ .desc = "kernel_text", .get = address_of_text, .has_page = true },
	{ .desc = "kernel_rodata", .get = address_of_rodata, .has_page = true },
	{ .desc = "kernel_data", .get = address_of_data, .has_page = true },
	{ .desc = "after_the_kernel_image", .get = address_after_image },
	{ .desc = "vmalloc", .get = address_of_vmalloc, .vmalloc = true },
	{ .desc = "end_of_vmalloc", .get = address_of_vmalloc_end, .vmalloc = true },
	{ .desc = "vmap", .get = address_of_vmap, .vmalloc = true },
	{ .desc = "start_of_the_vmalloc_area", .get = address_vmalloc_start, .vmalloc = true },
	{ .desc = "last_of_the_vmalloc_area", .get = address_vmalloc_last, .vmalloc = true },
	{ .desc = "end_of_the_vmalloc_area", .get = address_vmalloc_end },
	{ .desc = "slot_of_kmap", .get = address_of_kmap },
	{ .desc = "stack", .get = address_of_stack,
	  .has_page = !IS_ENABLED(CONFIG_VMAP_STACK),
	  .vmalloc = IS_ENABLED(CONFIG_VMAP_STACK) },
	{ .desc = "struct_page", .get = address_of_vmemmap },
	{ .desc = "slot_of_kmap_local_page", .get = address_of_kmap_local },
	{ .desc = "start_of_user_space", .get = address_of_user_start },
	{ .desc = "end_of_user_space", .get = address_of_user_end },
	{ .desc = "null", .get = address_null },
	{ .desc = "empty_object", .get = address_zero_size },
	{ .desc = "error_pointer", .get = address_error },
	{ .desc = "first_error_pointer", .get = address_max_error },
};

KUNIT_ARRAY_PARAM_DESC(address_class, address_classes, desc);

/* Checks that there is one way to the page, and one back into the direct mapping. */
static const char *check_conversions(struct kunit *test, void *addr)
{
	unsigned int offset = offset_in_page(addr);
	struct page *page = virt_to_page(addr);
	phys_addr_t phys = virt_to_phys(addr);
	void *expected = page_address(page) + offset;
	const struct {
		const char *what;
		u64 found;
		u64 expected;
	} rows[] = {
		{ .what = "__pa()", .found = __pa(addr), .expected = phys },
		{ .what = "page_to_pfn()", .found = page_to_pfn(page),
		  .expected = PHYS_PFN(phys) },
		{ .what = "page_to_phys() + offset", .found = page_to_phys(page) + offset,
		  .expected = phys },
		{ .what = "phys_to_virt()", .found = (unsigned long)phys_to_virt(phys),
		  .expected = (unsigned long)expected },
		{ .what = "__va()", .found = (unsigned long)__va(phys),
		  .expected = (unsigned long)expected },
		{ .what = "virt_to_phys(__va())", .found = virt_to_phys(__va(phys)),
		  .expected = phys },
		{ .what = "pfn_valid()", .found = !!pfn_valid(PHYS_PFN(phys)), .expected = 1 },
	};

	for (int i = 0; i < ARRAY_SIZE(rows); i++)
		if (rows[i].found != rows[i].expected)
			return mm_kunit_wrong(test, "address %lx: %s: expected %llx, found %llx",
					      (unsigned long)addr, rows[i].what,
					      rows[i].expected, rows[i].found);
	return NULL;
}

/*
 * virt_addr_valid() is true for addresses of the direct mapping only, and
 * is_vmalloc_addr() for those of the vmalloc area only: the kernel asks them before it
 * looks for the page of an address, or decides how to free memory (kvfree()). For an
 * address that has a page, all conversions agree about that page.
 */
static void address_class_of(struct kunit *test)
{
	const struct address_class *row = test->param_value;
	void *addr = row->get(test);

	/* s390 has an address space for user space alone, and pages at these addresses. */
	if (!row->has_page && !row->vmalloc && !PAGE_OFFSET && (unsigned long)addr < TASK_SIZE &&
	    pfn_valid(PHYS_PFN(__pa(addr))))
		kunit_skip(test, "needs a machine other than s390, which has memory there, too");
	KUNIT_EXPECT_EQ_MSG(test, virt_addr_valid(addr), row->has_page,
			    "virt_addr_valid(%lx)", (unsigned long)addr);
	KUNIT_EXPECT_EQ_MSG(test, is_vmalloc_addr(addr), row->vmalloc,
			    "is_vmalloc_addr(%lx)", (unsigned long)addr);
	if (row->has_page || row->vmalloc)
		KUNIT_EXPECT_EQ_MSG(test, !!is_vmalloc_or_module_addr(addr), row->vmalloc,
				    "is_vmalloc_or_module_addr(%lx)", (unsigned long)addr);
	if (row->has_page)
		MM_KUNIT_EXPECT(test, check_conversions(test, addr));
}

/*
 * is_vmalloc_or_module_addr() includes the area for modules, which is mapped like vmalloc()
 * but may be an area of its own: /proc/kcore and vread_iter() ask it what they may read.
 */
static void is_vmalloc_or_module_addr_bounds(struct kunit *test)
{
#if defined(CONFIG_EXECMEM) && defined(MODULES_VADDR)
	KUNIT_EXPECT_EQ(test, !!is_vmalloc_or_module_addr((void *)MODULES_VADDR), 1);
	KUNIT_EXPECT_EQ(test, !!is_vmalloc_or_module_addr((void *)MODULES_END - 1), 1);
	if (MODULES_VADDR < VMALLOC_START || MODULES_VADDR >= VMALLOC_END) {
		KUNIT_EXPECT_EQ(test, !!is_vmalloc_addr((void *)MODULES_VADDR), 0);
		KUNIT_EXPECT_EQ(test,
				is_vmalloc_or_module_addr((void *)MODULES_VADDR -
							  1),
				is_vmalloc_addr((void *)MODULES_VADDR - 1));
		KUNIT_EXPECT_EQ(test,
				is_vmalloc_or_module_addr((void *)MODULES_END),
				is_vmalloc_addr((void *)MODULES_END));
	}
	KUNIT_EXPECT_EQ(test, !!virt_addr_valid((void *)MODULES_VADDR), 0);
#else
	kunit_skip(test, "needs CONFIG_EXECMEM and an architecture with MODULES_VADDR");
#endif
}

/*
 * Memory for a module is mapped like that of vmalloc(), because it need not be contiguous.
 * So it has no page_address(), and virt_addr_valid() is false.
 */
static void module_address(struct kunit *test)
{
#ifdef CONFIG_EXECMEM
	void *addr = execmem_alloc(EXECMEM_MODULE_DATA, PAGE_SIZE);

	KUNIT_ASSERT_NOT_NULL(test, addr);
	KUNIT_EXPECT_EQ(test, !!is_vmalloc_or_module_addr(addr), 1);
	KUNIT_EXPECT_EQ(test, !!virt_addr_valid(addr), 0);
	execmem_free(addr);
#else
	kunit_skip(test, "needs CONFIG_EXECMEM");
#endif
}

/*
 * The pages behind a vmalloc() address are found in the page tables only, by
 * vmalloc_to_page() and vmalloc_to_pfn(), for any address in them, because they need
 * not follow each other: virt_to_phys() and virt_to_page() give the address and the
 * page of other memory.
 */
static void vmalloc_address_is_not_linear(struct kunit *test)
{
	char *addr = mm_kunit_vmalloc(test, 3 * PAGE_SIZE);

	for (int i = 0; i < 3; i++) {
		char *p = addr + i * PAGE_SIZE;
		struct page *page = vmalloc_to_page(p);

		KUNIT_ASSERT_NOT_NULL_MSG(test, page, "page %d", i);
		KUNIT_EXPECT_EQ_MSG(test, vmalloc_to_pfn(p), page_to_pfn(page), "page %d", i);
		KUNIT_EXPECT_PTR_EQ_MSG(test, vmalloc_to_page(p + PAGE_SIZE - 1), page,
					"last byte of page %d", i);
		if (IS_ENABLED(CONFIG_DEBUG_VIRTUAL))
			continue;
		KUNIT_EXPECT_NE_MSG(test, PHYS_PFN(virt_to_phys(p)), page_to_pfn(page),
				    "page %d", i);
		KUNIT_EXPECT_PTR_NE_MSG(test, virt_to_page(p), page, "page %d", i);
	}
}

/*
 * offset_in_page() is the address modulo PAGE_SIZE, for pointers and for integers, and for
 * the highest addresses as well, because callers have addresses of either type.
 */
static void offset_in_page_values(struct kunit *test)
{
	static const struct {
		unsigned long addr;
		unsigned long offset;
	} rows[] = {
		{ .addr = 0, .offset = 0 },
		{ .addr = 1, .offset = 1 },
		{ .addr = PAGE_SIZE - 1, .offset = PAGE_SIZE - 1 },
		{ .addr = PAGE_SIZE, .offset = 0 },
		{ .addr = PAGE_SIZE + 1, .offset = 1 },
		{ .addr = 5 * PAGE_SIZE / 2, .offset = PAGE_SIZE / 2 },
		{ .addr = -PAGE_SIZE, .offset = 0 },
		{ .addr = -1UL, .offset = PAGE_SIZE - 1 },
	};

	for (int i = 0; i < ARRAY_SIZE(rows); i++) {
		KUNIT_EXPECT_EQ_MSG(test, offset_in_page(rows[i].addr),
				    rows[i].offset, "integer %lx", rows[i].addr);
		KUNIT_EXPECT_EQ_MSG(test, offset_in_page((char *)rows[i].addr),
				    rows[i].offset, "pointer %lx", rows[i].addr);
	}
}

static struct kunit_case address_cases[] = {
	KUNIT_CASE_PARAM(address_class_of, address_class_gen_params),
	KUNIT_CASE(is_vmalloc_or_module_addr_bounds),
	KUNIT_CASE(module_address),
	KUNIT_CASE(vmalloc_address_is_not_linear),
	KUNIT_CASE(offset_in_page_values),
	{}
};

static struct kunit_suite address_suite = {
	.name = "address",
	.init = mm_kunit_init,
	.test_cases = address_cases,
};

kunit_test_suite(address_suite);

MODULE_DESCRIPTION("KUnit tests for the kinds of addresses");
MODULE_LICENSE("GPL");
