// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests for the conversions between addresses, physical addresses, page
 * frame numbers and struct pages.
 *
 * None of them checks its argument. So the tests also say which addresses have
 * a page that virt_to_page() can find: those of the direct mapping, and no
 * others. What virt_addr_valid() refuses is not converted here either, for
 * with CONFIG_DEBUG_VIRTUAL that is a bug.
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
#include <linux/string.h>
#include <linux/uaccess.h>
#include <linux/vmalloc.h>

#include "mm_kunit.h"

#define ORDER		3
#define NR_PAGES	8

/* There the direct mapping starts at PAGE_OFFSET and has the kernel image. */
#define IMAGE_HAS_PAGES	(IS_ENABLED(CONFIG_X86) || IS_ENABLED(CONFIG_UML))

KUNIT_DEFINE_ACTION_WRAPPER(vfree_action, vfree, const void *);
KUNIT_DEFINE_ACTION_WRAPPER(vunmap_action, vunmap, const void *);

static void free_pages_action(void *page)
{
	__free_pages(page, ORDER);
}

static struct page *alloc_test_pages(struct kunit *test, gfp_t gfp)
{
	struct page *page = alloc_pages(gfp, ORDER);

	KUNIT_ASSERT_NOT_NULL(test, page);
	KUNIT_ASSERT_EQ(test,
			kunit_add_action_or_reset(test, free_pages_action,
						  page),
			0);
	return page;
}

static void *vmalloc_managed(struct kunit *test, size_t size)
{
	void *addr = vmalloc(size);

	KUNIT_ASSERT_NOT_NULL(test, addr);
	KUNIT_ASSERT_EQ(test,
			kunit_add_action_or_reset(test, vfree_action, addr),
			0);
	return addr;
}

/* ---- The kinds of addresses ---- */

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
		kunit_skip(test, "needs memory at PAGE_OFFSET");
	return (void *)PAGE_OFFSET;
}

static void *address_before_direct_map(struct kunit *test)
{
	return address_of_direct_map(test) - 1;
}

static void *address_of_last_lowmem(struct kunit *test)
{
	return high_memory - 1;
}

static void *address_of_image(struct kunit *test, void *addr)
{
	if (!IMAGE_HAS_PAGES)
		kunit_skip(test, "needs a kernel image with pages");
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
	return vmalloc_managed(test, PAGE_SIZE);
}

static void *address_of_vmalloc_end(struct kunit *test)
{
	return vmalloc_managed(test, 3 * PAGE_SIZE) + 3 * PAGE_SIZE - 1;
}

static void *address_of_vmap(struct kunit *test)
{
	struct page *page = alloc_test_pages(test, GFP_KERNEL);
	void *addr = vmap(&page, 1, VM_MAP, PAGE_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, addr);
	KUNIT_ASSERT_EQ(test,
			kunit_add_action_or_reset(test, vunmap_action, addr),
			0);
	return addr;
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

/* Where the kernel image ends, and the room for modules begins. */
static void *address_after_image(struct kunit *test)
{
#if defined(CONFIG_X86_64) && !defined(CONFIG_UML)
	return (void *)(__START_KERNEL_map + KERNEL_IMAGE_SIZE);
#else
	kunit_skip(test, "needs an image outside of the direct mapping");
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
		kunit_skip(test, "needs an end of the direct mapping");
	return high_memory;
}

static void *address_vmalloc_end(struct kunit *test)
{
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

static const struct address_class {
	const char *desc;
	void *(*get)(struct kunit *test);
	bool has_page;
	bool vmalloc;
} address_classes[] = {
	/* desc, get, has_page, vmalloc */
	{ "page", address_of_page, true },
	{ "end of pages", address_of_page_end, true },
	{ "tail of a compound page", address_of_compound_tail, true },
	{ "slab object", address_of_object, true },
	{ "zero page", address_of_zero_page, true },
	{ "start of the direct mapping", address_of_direct_map, true },
	{ "before the direct mapping", address_before_direct_map },
	{ "end of the direct mapping", address_of_last_lowmem, true },
	{ "after the direct mapping", address_after_lowmem },
	{ "kernel text", address_of_text, true },
	{ "kernel rodata", address_of_rodata, true },
	{ "kernel data", address_of_data, true },
	{ "after the kernel image", address_after_image },
	{ "vmalloc", address_of_vmalloc, false, true },
	{ "end of vmalloc", address_of_vmalloc_end, false, true },
	{ "vmap", address_of_vmap, false, true },
	{ "start of the vmalloc area", address_vmalloc_start, false, true },
	{ "last of the vmalloc area", address_vmalloc_last, false, true },
	{ "end of the vmalloc area", address_vmalloc_end },
	{ "slot of kmap", address_of_kmap },
	{ "stack", address_of_stack, !IS_ENABLED(CONFIG_VMAP_STACK),
	  IS_ENABLED(CONFIG_VMAP_STACK) },
	{ "struct page", address_of_vmemmap },
	{ "slot of kmap_local_page", address_of_kmap_local },
	{ "start of user space", address_of_user_start },
	{ "end of user space", address_of_user_end },
	{ "NULL", address_null },
	{ "empty object", address_zero_size },
	{ "error pointer", address_error },
	{ "first error pointer", address_max_error },
};

KUNIT_ARRAY_PARAM_DESC(address_class, address_classes, desc);

/* There is one way to the page, and one back into the direct mapping. */
static void expect_conversions(struct kunit *test, void *addr)
{
	unsigned int offset = offset_in_page(addr);
	struct page *page = virt_to_page(addr);
	phys_addr_t phys = virt_to_phys(addr);

	KUNIT_EXPECT_EQ(test, (phys_addr_t)__pa(addr), phys);
	KUNIT_EXPECT_EQ(test, page_to_pfn(page), PHYS_PFN(phys));
	KUNIT_EXPECT_EQ(test, page_to_phys(page) + offset, phys);
	KUNIT_EXPECT_PTR_EQ(test, phys_to_virt(phys),
			    page_address(page) + offset);
	KUNIT_EXPECT_PTR_EQ(test, __va(phys), page_address(page) + offset);
	KUNIT_EXPECT_EQ(test, virt_to_phys(__va(phys)), phys);
	KUNIT_EXPECT_TRUE(test, pfn_valid(PHYS_PFN(phys)));
}

/*
 * This is what the kernel asks before it looks for a page, or before it decides
 * how to free memory: a wrong answer makes it use a struct page of no one.
 */
static void address_class_of(struct kunit *test)
{
	const struct address_class *class = test->param_value;
	void *addr = class->get(test);

	KUNIT_EXPECT_EQ(test, virt_addr_valid(addr), class->has_page);
	KUNIT_EXPECT_EQ(test, is_vmalloc_addr(addr), class->vmalloc);
	if (class->has_page || class->vmalloc)
		KUNIT_EXPECT_EQ(test, !!is_vmalloc_or_module_addr(addr),
				class->vmalloc);
	if (class->has_page)
		expect_conversions(test, addr);
}

/* The addresses below and above are not of the vmalloc area, nor any other. */
static void is_vmalloc_addr_bounds(struct kunit *test)
{
	KUNIT_EXPECT_FALSE(test, is_vmalloc_addr((void *)VMALLOC_START - 1));
	KUNIT_EXPECT_TRUE(test, is_vmalloc_addr((void *)VMALLOC_START));
	KUNIT_EXPECT_TRUE(test, is_vmalloc_addr((void *)VMALLOC_END - 1));
	KUNIT_EXPECT_FALSE(test, is_vmalloc_addr((void *)VMALLOC_END));
	KUNIT_EXPECT_TRUE(test,
			  is_vmalloc_or_module_addr((void *)VMALLOC_START));
	KUNIT_EXPECT_TRUE(test,
			  is_vmalloc_or_module_addr((void *)VMALLOC_END - 1));
	KUNIT_EXPECT_FALSE(test, is_vmalloc_addr((void *)-1));
	KUNIT_EXPECT_FALSE(test, is_vmalloc_or_module_addr((void *)-1));
}

/* Modules may have an area of their own, which is mapped like vmalloc(). */
static void is_vmalloc_or_module_addr_bounds(struct kunit *test)
{
#if defined(CONFIG_EXECMEM) && defined(MODULES_VADDR)
	KUNIT_EXPECT_TRUE(test,
			  is_vmalloc_or_module_addr((void *)MODULES_VADDR));
	KUNIT_EXPECT_TRUE(test,
			  is_vmalloc_or_module_addr((void *)MODULES_END - 1));
	if (MODULES_VADDR < VMALLOC_START || MODULES_VADDR >= VMALLOC_END) {
		KUNIT_EXPECT_FALSE(test,
				   is_vmalloc_addr((void *)MODULES_VADDR));
		KUNIT_EXPECT_EQ(test,
				is_vmalloc_or_module_addr((void *)MODULES_VADDR -
							  1),
				is_vmalloc_addr((void *)MODULES_VADDR - 1));
		KUNIT_EXPECT_EQ(test,
				is_vmalloc_or_module_addr((void *)MODULES_END),
				is_vmalloc_addr((void *)MODULES_END));
	}
	KUNIT_EXPECT_FALSE(test, virt_addr_valid((void *)MODULES_VADDR));
#else
	kunit_skip(test, "needs CONFIG_EXECMEM and an area for modules");
#endif
}

/*
 * Memory for a module is mapped like that of vmalloc(), because it need not be
 * contiguous: there is no page_address() that virt_addr_valid() could promise.
 */
static void module_address(struct kunit *test)
{
#ifdef CONFIG_EXECMEM
	void *addr = execmem_alloc(EXECMEM_MODULE_DATA, PAGE_SIZE);

	KUNIT_ASSERT_NOT_NULL(test, addr);
	KUNIT_EXPECT_TRUE(test, is_vmalloc_or_module_addr(addr));
	KUNIT_EXPECT_FALSE(test, virt_addr_valid(addr));
	execmem_free(addr);
#else
	kunit_skip(test, "needs CONFIG_EXECMEM");
#endif
}

/* ---- Pages ---- */

static const struct page_kind {
	const char *desc;
	gfp_t gfp;
} page_kinds[] = {
	{ "lowmem", GFP_KERNEL },
	{ "dma", GFP_KERNEL | GFP_DMA },
	{ "compound", GFP_KERNEL | __GFP_COMP },
	{ "highmem", GFP_HIGHUSER },
};

KUNIT_ARRAY_PARAM_DESC(page_kind, page_kinds, desc);

static struct page *alloc_highmem_pages(struct kunit *test)
{
	struct page *page;

	if (!IS_ENABLED(CONFIG_HIGHMEM))
		kunit_skip(test, "needs CONFIG_HIGHMEM");
	if (!totalhigh_pages())
		kunit_skip(test, "needs high memory");
	page = alloc_test_pages(test, GFP_HIGHUSER);
	KUNIT_ASSERT_TRUE(test, PageHighMem(page));
	return page;
}

static struct page *alloc_page_kind(struct kunit *test)
{
	const struct page_kind *kind = test->param_value;

	if (kind->gfp & __GFP_HIGHMEM)
		return alloc_highmem_pages(test);
	return alloc_test_pages(test, kind->gfp);
}

/*
 * Page frame numbers and physical addresses name the same page as its struct
 * page, in both directions, and follow each other as the pages do.
 */
static void page_frames(struct kunit *test)
{
	struct page *first = alloc_page_kind(test);
	unsigned long pfn = page_to_pfn(first);
	phys_addr_t phys = page_to_phys(first);

	KUNIT_EXPECT_TRUE(test, IS_ALIGNED(pfn, NR_PAGES));
	KUNIT_EXPECT_EQ(test, phys >> PAGE_SHIFT, pfn);
	for (int i = 0; i < NR_PAGES; i++, pfn++, phys += PAGE_SIZE) {
		struct page *page = first + i;

		KUNIT_EXPECT_EQ_MSG(test, page_to_pfn(page), pfn, "page %d", i);
		KUNIT_EXPECT_PTR_EQ_MSG(test, pfn_to_page(pfn), page,
					"page %d", i);
		KUNIT_EXPECT_TRUE_MSG(test, pfn_valid(pfn), "page %d", i);
		KUNIT_EXPECT_EQ_MSG(test, page_to_phys(page), phys, "page %d",
				    i);
		KUNIT_EXPECT_EQ_MSG(test, PFN_PHYS(pfn), phys, "page %d", i);
		KUNIT_EXPECT_PTR_EQ_MSG(test, phys_to_page(phys), page,
					"page %d", i);
		KUNIT_EXPECT_PTR_EQ_MSG(test, phys_to_page(phys + PAGE_SIZE - 1),
					page, "page %d", i);
	}
}

/*
 * Each byte of a page of low memory leads to that page, and back. A page of
 * high memory has no address.
 */
static void page_addresses(struct kunit *test)
{
	static const size_t offsets[] = {
		0, 1, PAGE_SIZE / 2, PAGE_SIZE - 1,
	};
	struct page *first = alloc_page_kind(test);
	phys_addr_t phys = page_to_phys(first);
	void *addr;

	kmap_flush_unused();
	addr = page_address(first);
	for (int i = 0; i < NR_PAGES; i++, phys += PAGE_SIZE) {
		struct page *page = first + i;

		if (PageHighMem(first)) {
			KUNIT_EXPECT_NULL(test, page_address(page));
			continue;
		}
		KUNIT_EXPECT_PTR_EQ(test, page_address(page), addr);
		KUNIT_EXPECT_PTR_EQ(test, page_to_virt(page), addr);
		KUNIT_EXPECT_PTR_EQ(test, lowmem_page_address(page), addr);
		for (int j = 0; j < ARRAY_SIZE(offsets); j++) {
			void *p = addr + offsets[j];

			KUNIT_EXPECT_PTR_EQ(test, virt_to_page(p), page);
			KUNIT_EXPECT_EQ(test, virt_to_phys(p),
					phys + offsets[j]);
			KUNIT_EXPECT_PTR_EQ(test,
					    phys_to_virt(phys + offsets[j]), p);
			KUNIT_EXPECT_EQ(test, offset_in_page(p), offsets[j]);
		}
		addr += PAGE_SIZE;
	}
}

/* Frames and addresses are of the same memory: other mappings show it, too. */
static void page_frames_share_contents(struct kunit *test)
{
	struct page *pages[NR_PAGES], *first = alloc_page_kind(test);
	char *addr, *alias;

	for (int i = 0; i < NR_PAGES; i++) {
		pages[i] = pfn_to_page(page_to_pfn(first) + i);
		memset_page(first + i, 0, i + 1, PAGE_SIZE);
	}
	alias = vmap(pages, NR_PAGES, VM_MAP, PAGE_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, alias);
	KUNIT_ASSERT_EQ(test,
			kunit_add_action_or_reset(test, vunmap_action, alias),
			0);

	for (int i = 0; i < NR_PAGES; i++)
		KUNIT_EXPECT_NULL_MSG(test,
				      memchr_inv(alias + i * PAGE_SIZE, i + 1,
						 PAGE_SIZE), "page %d", i);
	if (PageHighMem(first))
		return;

	addr = page_address(first);
	KUNIT_EXPECT_MEMEQ(test, addr, alias, NR_PAGES * PAGE_SIZE);
	for (int i = 0; i < NR_PAGES; i++)
		KUNIT_EXPECT_PTR_EQ(test, virt_to_page(addr + i * PAGE_SIZE),
				    vmalloc_to_page(alias + i * PAGE_SIZE));
}

/*
 * A page of high memory has a frame but no address, and no arithmetic gives it
 * one: what kmap() returns is found by page_address() only.
 */
static void highmem_page_has_no_address(struct kunit *test)
{
	struct page *page = alloc_highmem_pages(test);
	struct folio *folio = page_folio(page);
	void *addr;

	kmap_flush_unused();
	KUNIT_EXPECT_NULL(test, page_address(page));
	KUNIT_EXPECT_NULL(test, folio_address(folio));
	KUNIT_EXPECT_GE(test, page_to_phys(page),
			(phys_addr_t)__pa(high_memory - 1) + 1);

	addr = kmap(page);
	KUNIT_EXPECT_PTR_EQ(test, page_address(page), addr);
	KUNIT_EXPECT_PTR_EQ(test, folio_address(folio), addr);
	KUNIT_EXPECT_PTR_NE(test, page_to_virt(page), addr);
	KUNIT_EXPECT_FALSE(test, is_vmalloc_addr(addr));
	if (!IS_ENABLED(CONFIG_DEBUG_VIRTUAL))
		KUNIT_EXPECT_PTR_NE(test, virt_to_page(addr), page);
	kunmap(page);

	addr = kmap_local_page(page);
	KUNIT_EXPECT_FALSE(test, virt_addr_valid(addr));
	KUNIT_EXPECT_FALSE(test, is_vmalloc_addr(addr));
	if (!IS_ENABLED(CONFIG_DEBUG_VIRTUAL))
		KUNIT_EXPECT_PTR_NE(test, virt_to_page(addr), page);
	kunmap_local(addr);
}

/* A page of a compound page is found as such, or as the whole it belongs to. */
static void compound_page_addresses(struct kunit *test)
{
	struct page *head = alloc_test_pages(test, GFP_KERNEL | __GFP_COMP);
	struct folio *folio = page_folio(head);
	void *addr = page_address(head);

	KUNIT_EXPECT_PTR_EQ(test, folio_address(folio), addr);
	KUNIT_EXPECT_EQ(test, folio_pfn(folio), page_to_pfn(head));
	for (int i = 0; i < NR_PAGES; i++) {
		void *p = addr + i * PAGE_SIZE + i;

		KUNIT_EXPECT_PTR_EQ_MSG(test, virt_to_page(p), head + i,
					"page %d", i);
		KUNIT_EXPECT_PTR_EQ_MSG(test, virt_to_head_page(p), head,
					"page %d", i);
		KUNIT_EXPECT_PTR_EQ_MSG(test, virt_to_folio(p), folio,
					"page %d", i);
		KUNIT_EXPECT_PTR_EQ_MSG(test, folio_page(folio, i), head + i,
					"page %d", i);
		KUNIT_EXPECT_PTR_EQ_MSG(test, pfn_folio(page_to_pfn(head) + i),
					folio, "page %d", i);
		KUNIT_EXPECT_EQ_MSG(test, offset_in_folio(folio, p),
				    i * PAGE_SIZE + i, "page %d", i);
	}
}

/* kfree() finds an object that is larger than a page by any of its pages. */
static void large_object_head_page(struct kunit *test)
{
	size_t size = 4 * KMALLOC_MAX_CACHE_SIZE;
	char *object = kunit_kmalloc(test, size, GFP_KERNEL);
	struct page *head;

	KUNIT_ASSERT_NOT_NULL(test, object);
	head = virt_to_page(object);
	KUNIT_EXPECT_PTR_EQ(test, virt_to_head_page(object), head);
	KUNIT_EXPECT_PTR_EQ(test, virt_to_head_page(object + size - 1), head);
	KUNIT_EXPECT_PTR_EQ(test, virt_to_page(object + size - 1),
			    head + size / PAGE_SIZE - 1);
}

/* ---- What is no page of the direct mapping ---- */

/*
 * The pages behind a vmalloc() address are found in the page tables only, and
 * for any address in them.
 */
static void vmalloc_address_is_not_linear(struct kunit *test)
{
	char *addr = vmalloc_managed(test, 3 * PAGE_SIZE);

	for (int i = 0; i < 3; i++) {
		char *p = addr + i * PAGE_SIZE;
		struct page *page = vmalloc_to_page(p);

		KUNIT_ASSERT_NOT_NULL(test, page);
		KUNIT_EXPECT_EQ(test, vmalloc_to_pfn(p), page_to_pfn(page));
		KUNIT_EXPECT_PTR_EQ(test, vmalloc_to_page(p + PAGE_SIZE - 1),
				    page);
		if (IS_ENABLED(CONFIG_DEBUG_VIRTUAL))
			continue;
		KUNIT_EXPECT_NE(test, PHYS_PFN(virt_to_phys(p)),
				page_to_pfn(page));
		KUNIT_EXPECT_PTR_NE(test, virt_to_page(p), page);
	}
}

/*
 * The image of the kernel is memory that the allocator never had. Where it is
 * mapped apart, lm_alias() is its address in the direct mapping.
 */
static void kernel_image_reserved(struct kunit *test)
{
	void *addr = lm_alias(&init_task);

	KUNIT_EXPECT_EQ(test, __pa(addr), __pa_symbol(&init_task));
	KUNIT_EXPECT_TRUE(test, virt_addr_valid(addr));
	KUNIT_EXPECT_PTR_EQ(test, page_address(virt_to_page(addr)) +
				  offset_in_page(addr), addr);
	KUNIT_EXPECT_EQ(test, *(long *)addr, *(long *)&init_task);
	KUNIT_EXPECT_MEMEQ(test, lm_alias(hex_asc), hex_asc, 16);
	KUNIT_EXPECT_TRUE(test, PageReserved(virt_to_page(addr)));
	KUNIT_EXPECT_TRUE(test,
			  PageReserved(virt_to_page(lm_alias(hex_asc))));
	KUNIT_EXPECT_TRUE(test, PageReserved(ZERO_PAGE(0)));
	if (IMAGE_HAS_PAGES)
		KUNIT_EXPECT_PTR_EQ(test, virt_to_page(&init_task),
				    virt_to_page(addr));
	if (IS_ENABLED(CONFIG_UML))
		KUNIT_EXPECT_PTR_EQ(test, addr, (void *)&init_task);
}

/* There may be no struct page for a frame that is not valid. */
static void pfn_valid_bounds(struct kunit *test)
{
	unsigned long pfn = page_to_pfn(alloc_test_pages(test, GFP_KERNEL));

	KUNIT_EXPECT_TRUE(test, pfn_valid(pfn));
	KUNIT_EXPECT_FALSE(test, pfn_valid(-1UL));
	/* It must not be taken for the frame that its lower bits name. */
	KUNIT_EXPECT_FALSE(test, pfn_valid(pfn | 1UL << (BITS_PER_LONG - 1)));
#ifdef CONFIG_FLATMEM
	KUNIT_EXPECT_TRUE(test, pfn_valid(ARCH_PFN_OFFSET));
	KUNIT_EXPECT_TRUE(test, pfn_valid(ARCH_PFN_OFFSET + max_mapnr - 1));
	KUNIT_EXPECT_FALSE(test, pfn_valid(ARCH_PFN_OFFSET + max_mapnr));
	KUNIT_EXPECT_FALSE(test, pfn_valid(ARCH_PFN_OFFSET - 1));
#else
	KUNIT_EXPECT_FALSE(test, pfn_valid(pfn | 1UL << (BITS_PER_LONG -
							 PAGE_SHIFT)));
#endif
}

/* The walk over a range visits the frames that are valid, each once. */
static void valid_pfn_walk_bounds(struct kunit *test)
{
#if defined(CONFIG_FLATMEM) && !defined(CONFIG_HAVE_ARCH_PFN_VALID)
	unsigned long end = ARCH_PFN_OFFSET + max_mapnr;
	unsigned long pfn, nr = 0, last = 0;

	for_each_valid_pfn(pfn, 0, -1UL) {
		last = pfn;
		nr++;
	}
	KUNIT_EXPECT_EQ(test, nr, max_mapnr);
	KUNIT_EXPECT_EQ(test, last, end - 1);

	nr = 0;
	for_each_valid_pfn(pfn, end - 3, end - 1) {
		last = pfn;
		nr++;
	}
	KUNIT_EXPECT_EQ(test, nr, 2);
	KUNIT_EXPECT_EQ(test, last, end - 2);

	nr = 0;
	for_each_valid_pfn(pfn, end, end + 3)
		nr++;
	KUNIT_EXPECT_EQ(test, nr, 0);
#else
	kunit_skip(test, "needs CONFIG_FLATMEM without CONFIG_HAVE_ARCH_PFN_VALID");
#endif
}

/* Whoever uses an invalid page frame is told. */
static void page_to_phys_invalid(struct kunit *test)
{
	struct page *page = alloc_test_pages(test, GFP_KERNEL);
	phys_addr_t phys;

	if (!IS_ENABLED(CONFIG_DEBUG_VIRTUAL))
		kunit_skip(test, "needs CONFIG_DEBUG_VIRTUAL");
	if (IS_ENABLED(CONFIG_SPARSEMEM) && !IS_ENABLED(CONFIG_SPARSEMEM_VMEMMAP))
		kunit_skip(test, "needs a memory map without holes");

	kunit_warning_suppress(test) {
		phys = page_to_phys(page);
		KUNIT_EXPECT_SUPPRESSED_WARNING_COUNT(test, 0);
	}
	KUNIT_EXPECT_EQ(test, phys, PFN_PHYS(page_to_pfn(page)));
	page = pfn_to_page(page_to_pfn(page) | 1UL << (BITS_PER_LONG - 8));
	kunit_warning_suppress(test) {
		phys = page_to_phys(page);
		KUNIT_EXPECT_SUPPRESSED_WARNING_COUNT(test, 1);
	}
}

/* ---- Bytes and page table entries ---- */

static void offset_in_page_values(struct kunit *test)
{
	static const struct {
		unsigned long addr;
		unsigned long offset;
	} rows[] = {
		{ 0, 0 },
		{ 1, 1 },
		{ PAGE_SIZE - 1, PAGE_SIZE - 1 },
		{ PAGE_SIZE, 0 },
		{ PAGE_SIZE + 1, 1 },
		{ 5 * PAGE_SIZE / 2, PAGE_SIZE / 2 },
		{ -PAGE_SIZE, 0 },
		{ -1UL, PAGE_SIZE - 1 },
	};

	for (int i = 0; i < ARRAY_SIZE(rows); i++) {
		KUNIT_EXPECT_EQ_MSG(test, offset_in_page(rows[i].addr),
				    rows[i].offset, "row %d", i);
		KUNIT_EXPECT_EQ_MSG(test, offset_in_page((char *)rows[i].addr),
				    rows[i].offset, "row %d", i);
	}
}

/* A page table entry names the page that it was made for, and nothing else. */
static void pte_page_frame(struct kunit *test)
{
	struct page *page = alloc_page_kind(test);
	pte_t pte = mk_pte(page, PAGE_KERNEL);

	KUNIT_EXPECT_EQ(test, pte_pfn(pte), page_to_pfn(page));
	KUNIT_EXPECT_PTR_EQ(test, pte_page(pte), page);
	KUNIT_EXPECT_TRUE(test, pte_same(pte, pfn_pte(page_to_pfn(page),
						      PAGE_KERNEL)));
	KUNIT_EXPECT_FALSE(test, pte_same(pte, mk_pte(page + 1, PAGE_KERNEL)));
	KUNIT_EXPECT_TRUE(test, pte_present(pte));
	KUNIT_EXPECT_FALSE(test, pte_none(pte));
	KUNIT_EXPECT_TRUE(test, pte_none(__pte(0)));
	KUNIT_EXPECT_TRUE(test, pte_write(pte));
	KUNIT_EXPECT_FALSE(test, pte_write(pte_wrprotect(pte)));
	KUNIT_EXPECT_EQ(test, pte_pfn(pte_wrprotect(pte)), page_to_pfn(page));
#ifdef CONFIG_UML
	/* That the host does not know it yet says nothing about the page. */
	KUNIT_EXPECT_TRUE(test, pte_same(pte_mkneedsync(pte), pte));
	KUNIT_EXPECT_EQ(test, pte_pfn(pte_mkneedsync(pte)), page_to_pfn(page));
	KUNIT_EXPECT_TRUE(test, pte_none(__pte(_PAGE_NEEDSYNC)));
#endif
}

static const struct pte_batch {
	const char *desc;
	int nr;
} pte_batches[] = {
	{ "1", 1 },
	{ "2", 2 },
	{ "3", 3 },
	{ "8", NR_PAGES },
};

KUNIT_ARRAY_PARAM_DESC(pte_batch, pte_batches, desc);

/* The entries of a batch are of pages that follow each other. */
static void set_ptes_page_frames(struct kunit *test)
{
	const struct pte_batch *batch = test->param_value;
	struct page *page = alloc_test_pages(test, GFP_KERNEL);
	unsigned long addr, pfn = page_to_pfn(page);
	pte_t *table;

	/* Nobody walks this table; the address is of entries that stay. */
	table = (pte_t *)page_address(alloc_test_pages(test, GFP_KERNEL |
							     __GFP_ZERO));
	addr = (unsigned long)vmalloc_managed(test, NR_PAGES * PAGE_SIZE);
	set_ptes(&init_mm, addr, table, pfn_pte(pfn, PAGE_KERNEL), batch->nr);
	for (int i = 0; i < batch->nr; i++) {
		KUNIT_EXPECT_EQ_MSG(test, pte_pfn(table[i]), pfn + i,
				    "entry %d", i);
		KUNIT_EXPECT_TRUE_MSG(test, pte_write(table[i]), "entry %d", i);
	}
	KUNIT_EXPECT_TRUE(test, pte_none(table[batch->nr]));
}

static struct kunit_case address_cases[] = {
	KUNIT_CASE_PARAM(address_class_of, address_class_gen_params),
	KUNIT_CASE(is_vmalloc_addr_bounds),
	KUNIT_CASE(is_vmalloc_or_module_addr_bounds),
	KUNIT_CASE(module_address),
	KUNIT_CASE_PARAM(page_frames, page_kind_gen_params),
	KUNIT_CASE_PARAM(page_addresses, page_kind_gen_params),
	KUNIT_CASE_PARAM(page_frames_share_contents, page_kind_gen_params),
	KUNIT_CASE(highmem_page_has_no_address),
	KUNIT_CASE(compound_page_addresses),
	KUNIT_CASE(large_object_head_page),
	KUNIT_CASE(vmalloc_address_is_not_linear),
	KUNIT_CASE(kernel_image_reserved),
	KUNIT_CASE(pfn_valid_bounds),
	KUNIT_CASE(valid_pfn_walk_bounds),
	KUNIT_CASE(page_to_phys_invalid),
	KUNIT_CASE(offset_in_page_values),
	KUNIT_CASE_PARAM(pte_page_frame, page_kind_gen_params),
	KUNIT_CASE_PARAM(set_ptes_page_frames, pte_batch_gen_params),
	{}
};

static struct kunit_suite address_suite = {
	.name = "address",
	.init = mm_kunit_init,
	.test_cases = address_cases,
};

kunit_test_suite(address_suite);

MODULE_DESCRIPTION("KUnit tests for the conversions of addresses and pages");
MODULE_LICENSE("GPL");
