// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests for vmap(): what it maps where, and what it refuses.
 */
#include <kunit/test.h>
#include <linux/highmem.h>
#include <linux/kallsyms.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/pgtable.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "mm_kunit.h"
#include "vmap_pages.h"

KUNIT_ARRAY_PARAM_DESC(page_order, page_orders, desc);
KUNIT_ARRAY_PARAM_DESC(mix, mixes, desc);

KUNIT_DEFINE_ACTION_WRAPPER(vfree_action, vfree, const void *);

/* ---- Where the pages are mapped, and how ---- */

/* Entry i is page i of the mapping, whatever the order of the page frames. */
static void vmap_maps_in_order(struct kunit *test)
{
	const struct page_order *order = test->param_value;
	struct page **array = array_of(test, order - page_orders);
	u8 *want = kunit_kmalloc(test, PAGE_SIZE, GFP_KERNEL);
	u8 *got = kunit_kmalloc(test, PAGE_SIZE, GFP_KERNEL);
	void *addr;

	KUNIT_ASSERT_NOT_NULL(test, want);
	KUNIT_ASSERT_NOT_NULL(test, got);
	addr = map(test, array, NR_PAGES, VM_MAP, PAGE_KERNEL);

	KUNIT_EXPECT_EQ(test, mapped_as(addr, array, NR_PAGES), NR_PAGES);
	for (int i = 0; i < NR_PAGES; i++) {
		memset(want, order->index[i] + 1, PAGE_SIZE);
		KUNIT_EXPECT_MEMEQ_MSG(test, addr + i * PAGE_SIZE, want,
				       PAGE_SIZE, "page %d", i);
	}

	/* The mapping is an alias, not a copy: writes arrive in the page. */
	for (int i = 0; i < NR_PAGES; i++) {
		memset(addr + i * PAGE_SIZE, 0x80 + i, PAGE_SIZE);
		flush_kernel_vmap_range(addr + i * PAGE_SIZE, PAGE_SIZE);
		memset(want, 0x80 + i, PAGE_SIZE);
		memcpy_from_page(got, array[i], 0, PAGE_SIZE);
		KUNIT_EXPECT_MEMEQ_MSG(test, got, want, PAGE_SIZE, "page %d", i);
	}
}

/*
 * The walk over the page tables hands the position in the array from one table
 * to the next. The mapping repeats a number of pages that is no divisor of the
 * size of a table, so a position that is lost shows.
 */
static void vmap_crosses_page_tables(struct kunit *test)
{
	unsigned int count = min_t(unsigned long, 2 * PTRS_PER_PTE + 1,
				   totalram_pages() / 2);
	struct page **array = array_repeating(test, count, NR_PAGES - 1);
	void *addr = map(test, array, count, VM_MAP, PAGE_KERNEL);

	KUNIT_EXPECT_EQ(test, mapped_as(addr, array, count), count);
	unmap(test, addr);
	KUNIT_EXPECT_EQ(test, mapped_as(addr, NULL, count), count);
}

/* The pages of compound pages may be mapped one by one, in any company. */
static void vmap_compound_pages(struct kunit *test)
{
	const struct mix *mix = test->param_value;
	struct page **pages = mix_pages(test);
	struct page **array = array_of_mix(test, pages, mix);
	void *addr = map(test, array, mix->count, VM_MAP, PAGE_KERNEL);

	KUNIT_EXPECT_EQ(test, mapped_as(addr, array, mix->count), mix->count);
	KUNIT_EXPECT_EQ(test, shown_as(addr, mix->index, mix->count), mix->count);

	unmap(test, addr);
	KUNIT_EXPECT_EQ(test, mapped_as(addr, NULL, mix->count), mix->count);
	for (int i = 0; i < NR_MIX_PAGES; i++)
		KUNIT_EXPECT_EQ_MSG(test, page_count(pages[i]), 1, "page %d", i);
}

#define TABLE_ORDER	(PMD_SHIFT - PAGE_SHIFT)
#define TABLE_PAGES	BIT(TABLE_ORDER)

static const struct large {
	const char *desc;
	unsigned long flags;
	unsigned int shift;	/* the place of its first page */
	int foreign;		/* the place where there is another page, or -1 */
} larges[] = {
	{ "aligned", VM_IOREMAP, 0, -1 },
	{ "aligned_first_foreign", VM_IOREMAP, 0, 0 },
	{ "aligned_last_foreign", VM_IOREMAP, 0, INT_MAX },
	{ "shifted", VM_IOREMAP, 1, -1 },
	{ "anywhere", VM_MAP, 0, -1 },
};

KUNIT_ARRAY_PARAM_DESC(large, larges, desc);

/*
 * One page as large as a page table maps. Even if its address is aligned as
 * well, the array decides which of its pages are mapped where.
 */
static void vmap_large_page(struct kunit *test)
{
	const struct large *row = test->param_value;
	struct page *single = test->priv, *head, **array;
	unsigned int count = TABLE_PAGES + row->shift;
	void *addr;

	if (TABLE_ORDER > MAX_PAGE_ORDER)
		kunit_skip(test, "needs pages as large as a page table maps");
	head = alloc_pages(GFP_KERNEL | __GFP_COMP | __GFP_NOWARN, TABLE_ORDER);
	if (!head)
		kunit_skip(test, "needs %lu bytes of contiguous memory", PMD_SIZE);
	KUNIT_ASSERT_EQ(test, 0,
			kunit_add_action_or_reset(test, put_page_action, head));

	array = array_repeating(test, count, 1);
	for (unsigned int i = 0; i < TABLE_PAGES; i++)
		array[row->shift + i] = head + i;
	if (row->foreign >= 0)
		array[min_t(unsigned long, row->foreign, TABLE_PAGES - 1)] = single + 1;
	addr = map(test, array, count, row->flags, PAGE_KERNEL);
	KUNIT_EXPECT_EQ(test, mapped_as(addr, array, count), count);
	KUNIT_EXPECT_NULL(test, vmalloc_to_page(addr + count * PAGE_SIZE));
	unmap(test, addr);
	KUNIT_EXPECT_EQ(test, mapped_as(addr, NULL, count), count);
	KUNIT_EXPECT_EQ(test, page_count(head), 1);
}

/*
 * A read-only mapping must not be writable, or it protects nothing; it still
 * shows what is written through the other mappings of the page.
 */
static void vmap_prot_readonly(struct kunit *test)
{
	struct page *page = test->priv;
#ifdef CONFIG_UML
	/* PAGE_KERNEL_RO is PAGE_KERNEL there. */
	pgprot_t prot = __pgprot(pgprot_val(PAGE_KERNEL) & ~_PAGE_RW);
#else
	pgprot_t prot = PAGE_KERNEL_RO;
#endif
	const u8 *ro, *rw;

	if (pgprot_val(prot) == pgprot_val(PAGE_KERNEL))
		kunit_skip(test, "needs PAGE_KERNEL_RO");

	rw = map(test, &page, 1, VM_MAP, PAGE_KERNEL);
	ro = map(test, &page, 1, VM_MAP, prot);
	KUNIT_EXPECT_TRUE(test, pte_write(ptep_get(virt_to_kpte((unsigned long)rw))));
	KUNIT_EXPECT_FALSE(test, pte_write(ptep_get(virt_to_kpte((unsigned long)ro))));

	KUNIT_EXPECT_EQ(test, ro[PAGE_SIZE - 1], 1);
	memset_page(page, PAGE_SIZE - 1, 0x5a, 1);
	KUNIT_EXPECT_EQ(test, ro[PAGE_SIZE - 1], 0x5a);
}

/* Data is never to be executed, not even if the caller asks for it. */
static void vmap_prot_never_executable(struct kunit *test)
{
	struct page *page = test->priv;
	pgprot_t nx = pgprot_nx(PAGE_KERNEL_EXEC);
	unsigned long addr;

	if (pgprot_val(nx) == pgprot_val(PAGE_KERNEL_EXEC))
		kunit_skip(test, "needs an architecture with pgprot_nx()");

	addr = (unsigned long)map(test, &page, 1, VM_MAP, PAGE_KERNEL_EXEC);
	KUNIT_EXPECT_TRUE(test, pte_same(ptep_get(virt_to_kpte(addr)),
					 mk_pte(page, nx)));
}

/* ---- The area ---- */

static const struct area_flags {
	const char *desc;
	unsigned long flags;
} area_flags[] = {
	{ "none", 0 },
	{ "map", VM_MAP },
	{ "map_usermap", VM_MAP | VM_USERMAP },
	{ "usermap_dma_coherent", VM_USERMAP | VM_DMA_COHERENT },
	{ "ioremap", VM_IOREMAP },
};

KUNIT_ARRAY_PARAM_DESC(area_flags, area_flags, desc);

/*
 * The flags are the caller's: remap_vmalloc_range() and others go by them.
 * The size includes the guard page, get_vm_area_size() does not.
 */
static void vmap_area_fields(struct kunit *test)
{
	const struct area_flags *row = test->param_value;
	void *addr = map(test, array_of(test, ASCENDING), 3, row->flags,
			 PAGE_KERNEL);
	struct vm_struct *area = find_vm_area(addr);

	KUNIT_ASSERT_NOT_NULL(test, area);
	KUNIT_EXPECT_TRUE(test, PAGE_ALIGNED(addr));
	KUNIT_EXPECT_TRUE(test, is_vmalloc_addr(addr));
	KUNIT_EXPECT_PTR_EQ(test, area->addr, addr);
	KUNIT_EXPECT_EQ(test, area->flags, row->flags);
	KUNIT_EXPECT_EQ(test, area->size, 4 * PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, get_vm_area_size(area), 3 * PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, area->requested_size, 3 * PAGE_SIZE);
	KUNIT_EXPECT_NULL(test, area->pages);
	KUNIT_EXPECT_EQ(test, area->nr_pages, 0);
	KUNIT_EXPECT_TRUE(test, area->phys_addr == 0);
	KUNIT_EXPECT_FALSE(test, is_vm_area_hugepages(addr));
}

/* /proc/vmallocinfo blames the caller of vmap(), not vmap(). */
static void vmap_area_caller(struct kunit *test)
{
	struct page *page = test->priv;
	char caller[KSYM_SYMBOL_LEN];
	void *addr;

	if (!IS_ENABLED(CONFIG_KALLSYMS))
		kunit_skip(test, "needs CONFIG_KALLSYMS");

	addr = vmap(&page, 1, VM_MAP, PAGE_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, addr);
	snprintf(caller, sizeof(caller), "%ps", find_vm_area(addr)->caller);
	vunmap(addr);

	KUNIT_EXPECT_TRUE_MSG(test, strstarts(caller, __func__), "%s", caller);
}

/*
 * An overrun must hit a page that is not mapped instead of somebody else's
 * memory. That page belongs to the area, so no other area can begin there.
 */
static void vmap_guard_page(struct kunit *test)
{
	struct page **array = array_of(test, ASCENDING);
	void *addr[NR_PAGES];
	unsigned int n;

	for (n = 0; n < NR_PAGES; n++)
		addr[n] = map(test, array, n + 1, VM_MAP, PAGE_KERNEL);

	for (n = 0; n < NR_PAGES; n++) {
		void *guard = addr[n] + (n + 1) * PAGE_SIZE;

		KUNIT_EXPECT_NULL(test, vmalloc_to_page(guard));
		KUNIT_EXPECT_PTR_EQ(test, find_vm_area(guard),
				    find_vm_area(addr[n]));
	}
}

/* One area without a guard page would take the guard of its neighbour away. */
static void vmap_no_guard_ignored(struct kunit *test)
{
	struct page *page = test->priv;
	struct vm_struct *area;
	void *addr = NULL;

	kunit_warning_suppress(test) {
		addr = vmap(&page, 1, VM_MAP | VM_NO_GUARD, PAGE_KERNEL);
		/* Once a boot, so it may not be for us. */
		KUNIT_EXPECT_LE(test, KUNIT_SUPPRESSED_WARNING_COUNT(),
				WARNINGS(1));
	}
	KUNIT_ASSERT_NOT_NULL(test, addr);
	KUNIT_ASSERT_EQ(test, 0,
			kunit_add_action_or_reset(test, vunmap_action, addr));

	area = find_vm_area(addr);
	KUNIT_ASSERT_NOT_NULL(test, area);
	KUNIT_EXPECT_EQ(test, area->flags, VM_MAP);
	KUNIT_EXPECT_EQ(test, area->size, 2 * PAGE_SIZE);
	KUNIT_EXPECT_NULL(test, vmalloc_to_page(addr + PAGE_SIZE));
}

/*
 * VM_IOREMAP areas are aligned to their size, so that huge pages can map them.
 * With the guard page none of these sizes is a multiple of its alignment, so
 * areas that follow each other cannot all be aligned by chance.
 */
static void vmap_ioremap_aligned(struct kunit *test)
{
	static const unsigned int counts[] = { 2, 4, 5, 9 };
	struct page **array = array_of(test, ASCENDING);

	for (int i = 0; i < 4 * ARRAY_SIZE(counts); i++) {
		unsigned int count = counts[i / 4];
		void *addr = map(test, array, count, VM_IOREMAP, PAGE_KERNEL);

		KUNIT_EXPECT_TRUE_MSG(test, IS_ALIGNED((unsigned long)addr,
						       roundup_pow_of_two(count) *
						       PAGE_SIZE),
				      "%u pages", count);
	}
}

/* ---- What vmap() refuses ---- */

#define SIZE_WRAPS	(UINT_MAX - 2)	/* to a page, with 32-bit addresses */
#define ALL_RAM		(UINT_MAX - 1)
#define MORE_THAN_RAM	UINT_MAX

static const struct refusal {
	const char *desc;
	unsigned int count;
	unsigned long flags;
	enum { GOOD_PAGES, NULL_PAGE, NO_PFN } pages;
	unsigned int bad;	/* the entry that is not a good page */
	int warnings;
} refusals[] = {
	{ "no_pages", 0 },
	/* What is not refused for its size stops at the first page. */
	{ "more_than_ram", MORE_THAN_RAM, 0, NULL_PAGE, 0, 0 },
	{ "size_wraps", SIZE_WRAPS },
	{ "null_page_all_ram", ALL_RAM, 0, NULL_PAGE, 0, 1 },
	{ "reset_perms", NR_PAGES, VM_FLUSH_RESET_PERMS, .warnings = 1 },
	{ "null_page_first", NR_PAGES, 0, NULL_PAGE, 0, 1 },
	{ "null_page_middle", NR_PAGES, 0, NULL_PAGE, 7, 1 },
	{ "null_page_last", NR_PAGES, 0, NULL_PAGE, NR_PAGES - 1, 1 },
	{ "no_pfn_first", NR_PAGES, 0, NO_PFN, 0, 1 },
	{ "no_pfn_middle", NR_PAGES, 0, NO_PFN, 8, 1 },
	{ "no_pfn_last", NR_PAGES, 0, NO_PFN, NR_PAGES - 1, 1 },
};

KUNIT_ARRAY_PARAM_DESC(refusal, refusals, desc);

/*
 * Whatever the reason, vmap() that fails has done nothing: the array and the
 * references stay with the caller, who would free them twice otherwise, and
 * neither an area nor part of a mapping is left.
 */
static void vmap_refuses(struct kunit *test)
{
	static unsigned long refused_flags;
	const struct refusal *row = test->param_value;
	struct page *page = test->priv, **array, **copy = array_of(test, ASCENDING);
	unsigned int count = row->count;
	struct vm_struct *area;
	void *addr, *would_be;

	if (count == ALL_RAM &&
	    (!IS_ENABLED(CONFIG_64BIT) || IS_ENABLED(CONFIG_KASAN_VMALLOC)))
		kunit_skip(test, "needs more address space than RAM");
	if (count == SIZE_WRAPS)
		count = max(totalram_pages(), BIT(32 - PAGE_SHIFT)) + 1;
	else if (count >= ALL_RAM)
		count = totalram_pages() + (count == MORE_THAN_RAM);
	if (row->pages == NULL_PAGE)
		copy[row->bad] = NULL;
	else if (row->pages == NO_PFN)
		copy[row->bad] = page_without_pfn(test);

	array = new_array(test, ASCENDING, true);
	KUNIT_ASSERT_EQ(test, 0,
			kunit_add_action_or_reset(test, vfree_action, array));

	/* Where vmap() would map them, unless another CPU is faster. */
	vm_unmap_aliases();
	would_be = map(test, array, NR_PAGES, VM_MAP, PAGE_KERNEL);
	unmap(test, would_be);
	vm_unmap_aliases();

	get_pages(array, NR_PAGES);
	memcpy(array, copy, NR_PAGES * sizeof(*array));
	kunit_warning_suppress(test) {
		addr = vmap(array, count,
			    VM_MAP | VM_MAP_PUT_PAGES | row->flags, PAGE_KERNEL);
		/* Bad flags may be reported only once a boot, bad pages always. */
		if (!row->flags || !refused_flags)
			KUNIT_EXPECT_SUPPRESSED_WARNING_COUNT(test,
							      WARNINGS(row->warnings));
	}
	refused_flags |= row->flags;
	KUNIT_EXPECT_NULL(test, addr);
	if (addr)
		vunmap(addr);

	for (int i = 0; i < NR_PAGES; i++) {
		KUNIT_EXPECT_EQ(test, page_count(page + i), 2);
		put_page(page + i);
	}
	KUNIT_EXPECT_NOT_NULL(test, find_vm_area(array));
	KUNIT_EXPECT_MEMEQ(test, array, copy, NR_PAGES * sizeof(*array));

	/* Hardly anyone else uses this flag, so an area with it is ours. */
	area = find_vm_area(would_be);
	if (area)
		KUNIT_EXPECT_FALSE(test, area->flags & VM_MAP_PUT_PAGES);
	else
		KUNIT_EXPECT_EQ(test, mapped_as(would_be, NULL, NR_PAGES),
				NR_PAGES);
}

/* ---- Where it may be called ---- */

static void call_vmap(void)
{
	vmap(NULL, 0, VM_MAP, PAGE_KERNEL);
}

static void call_vunmap(void)
{
	vunmap(NULL);
}

static void call_vfree(void)
{
	vfree(NULL);
}

static const struct sleeper {
	const char *desc;
	void (*call)(void);
} sleepers[] = {
	{ "vmap", call_vmap },
	{ "vunmap", call_vunmap },
	{ "vfree", call_vfree },
	{ "vm_unmap_aliases", vm_unmap_aliases },
};

KUNIT_ARRAY_PARAM_DESC(sleeper, sleepers, desc);

/*
 * They may have to wait for memory or for each other, and so have to be called
 * where they could, although they hardly ever do.
 */
static void vmap_may_sleep(struct kunit *test)
{
	const struct sleeper *row = test->param_value;

	if (!IS_ENABLED(CONFIG_DEBUG_ATOMIC_SLEEP))
		kunit_skip(test, "needs CONFIG_DEBUG_ATOMIC_SLEEP");

	mm_kunit_rearm_warnings();
	kunit_warning_suppress(test) {
		set_current_state(TASK_UNINTERRUPTIBLE);
		row->call();
		__set_current_state(TASK_RUNNING);
		KUNIT_EXPECT_GE(test, KUNIT_SUPPRESSED_WARNING_COUNT(), 1);
	}
}

/* ---- No memory ---- */

static const struct no_memory {
	const char *desc;
	enum fail_mode mode;
} no_memories[] = {
	{ "one_failure", FAIL_ONE },
	{ "all_fail", FAIL_ALL },
};

KUNIT_ARRAY_PARAM_DESC(no_memory, no_memories, desc);

static struct page **failing_array;
static unsigned int failing_nth;

static void *map_failing(struct kunit *test, bool *failed)
{
	void *addr;

	/* So that slabs have an object of each kind and need no page. */
	vunmap(vmap(failing_array, NR_PAGES, VM_MAP, PAGE_KERNEL));
	vm_unmap_aliases();
	fail_from(failing_nth);
	addr = vmap(failing_array, NR_PAGES, VM_MAP | VM_MAP_PUT_PAGES, PAGE_KERNEL);
	*failed = fail_stop();

	return addr;
}

static int map_fails(struct kunit *test)
{
	bool failed;

	/* Not NULL when an object was left over from the time before. */
	vunmap(map_failing(test, &failed));

	return 0;
}

#define ROUNDS	2048

/* As with other refusals all stays the caller's; and no memory is leaked. */
static void expect_no_memory(struct kunit *test)
{
	unsigned long tolerance = SLAB_TOLERANCE(ROUNDS, 64);
	struct page **copy = array_of(test, SCATTERED);
	bool failed = true;
	void *addr = NULL;

	failing_array = array_of(test, SCATTERED);
	for (failing_nth = 1; failed && failing_nth < 50; failing_nth++) {
		addr = map_failing(test, &failed);
		KUNIT_EXPECT_EQ(test, nr_unshared(test), NR_PAGES);
		KUNIT_EXPECT_MEMEQ(test, failing_array, copy, NR_PAGES * sizeof(*copy));
		if (addr) {
			KUNIT_EXPECT_EQ(test, mapped_as(addr, copy, NR_PAGES), NR_PAGES);
			vunmap(addr);
			continue;
		}
		KUNIT_EXPECT_TRUE(test, failed);
		if (!IS_ENABLED(CONFIG_KASAN_GENERIC))
			KUNIT_EXPECT_LT(test, drift(test, slab_pages_now, map_fails,
						    ROUNDS, tolerance), tolerance);
	}
	KUNIT_EXPECT_GT(test, failing_nth, 2);
	KUNIT_EXPECT_FALSE(test, failed);
	KUNIT_EXPECT_NOT_NULL(test, addr);
}

static void vmap_no_memory(struct kunit *test)
{
	const struct no_memory *row = test->param_value;

	fail_alloc_setup(test, row->mode);
	/* There is one if not even a range of addresses can be described. */
	kunit_warning_suppress(test)
		expect_no_memory(test);
}

static struct kunit_case vmap_test_cases[] = {
	KUNIT_CASE_PARAM(vmap_maps_in_order, page_order_gen_params),
	KUNIT_CASE(vmap_crosses_page_tables),
	KUNIT_CASE_PARAM(vmap_compound_pages, mix_gen_params),
	KUNIT_CASE_PARAM(vmap_large_page, large_gen_params),
	KUNIT_CASE(vmap_prot_readonly),
	KUNIT_CASE(vmap_prot_never_executable),
	KUNIT_CASE_PARAM(vmap_area_fields, area_flags_gen_params),
	KUNIT_CASE(vmap_area_caller),
	KUNIT_CASE(vmap_guard_page),
	KUNIT_CASE(vmap_no_guard_ignored),
	KUNIT_CASE(vmap_ioremap_aligned),
	KUNIT_CASE_PARAM(vmap_refuses, refusal_gen_params),
	KUNIT_CASE_PARAM(vmap_may_sleep, sleeper_gen_params),
	KUNIT_CASE_PARAM(vmap_no_memory, no_memory_gen_params),
	{}
};

static struct kunit_suite vmap_test_suite = {
	.name = "vmap",
	.init = vmap_pages_init,
	.test_cases = vmap_test_cases,
};

kunit_test_suite(vmap_test_suite);

MODULE_DESCRIPTION("KUnit tests for vmap()");
MODULE_LICENSE("GPL");
