// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests for vmap(), vunmap() and vfree() of what vmap() returned.
 *
 * Each case gets NR_PAGES pages whose page frames follow each other, although
 * each is a page of its own. Page i holds the byte i + 1 all over. The case
 * owns one reference of each, so a page is never freed under a case, and a
 * count of 1 means that all others who had a reference have dropped it.
 *
 * An address that is not mapped is never touched: the page tables tell.
 */
#include <kunit/run-in-irq-context.h>
#include <kunit/test.h>
#include <linux/highmem.h>
#include <linux/iopoll.h>
#include <linux/kallsyms.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/pgtable.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>
#include <linux/vmstat.h>

#define NR_PAGES	16
#define ORDER		ilog2(NR_PAGES)

/* WARN() is compiled out without CONFIG_BUG. */
#define WARNINGS(n)	(IS_ENABLED(CONFIG_BUG) ? (n) : 0)

KUNIT_DEFINE_ACTION_WRAPPER(vunmap_action, vunmap, const void *);
KUNIT_DEFINE_ACTION_WRAPPER(vfree_action, vfree, const void *);
KUNIT_DEFINE_ACTION_WRAPPER(put_page_action, put_page, struct page *);

/* What an array of NR_PAGES entries refers to: entry i to page index[i]. */
enum { ASCENDING, DESCENDING, INTERLEAVED, SCATTERED, RUNS, DUPLICATES, ONE_PAGE };

static const struct page_order {
	const char *desc;
	u8 index[NR_PAGES];
} page_orders[] = {
	[ASCENDING] = { "ascending",
		{ 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15 } },
	[DESCENDING] = { "descending",
		{ 15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0 } },
	[INTERLEAVED] = { "interleaved",
		{ 0, 8, 1, 9, 2, 10, 3, 11, 4, 12, 5, 13, 6, 14, 7, 15 } },
	[SCATTERED] = { "scattered",
		{ 3, 10, 1, 8, 15, 6, 13, 4, 11, 2, 9, 0, 7, 14, 5, 12 } },
	[RUNS] = { "runs",
		{ 9, 10, 11, 12, 13, 0, 1, 2, 15, 3, 4, 5, 6, 7, 14, 8 } },
	[DUPLICATES] = { "duplicates",
		{ 0, 1, 2, 3, 0, 1, 2, 3, 8, 8, 7, 7, 6, 9, 9, 9 } },
	[ONE_PAGE] = { "one_page",
		{ 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5 } },
};

KUNIT_ARRAY_PARAM_DESC(page_order, page_orders, desc);

static void fill_array(struct page **array, struct page *first,
		       const struct page_order *order)
{
	for (int i = 0; i < NR_PAGES; i++)
		array[i] = first + order->index[i];
}

/* The pages of the test in the given order; the array is the test's. */
static struct page **array_of(struct kunit *test, int order)
{
	struct page **array;

	array = kunit_kmalloc_array(test, NR_PAGES, sizeof(*array), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, array);
	fill_array(array, test->priv, &page_orders[order]);

	return array;
}

/* As many entries as wanted, that repeat the first @nr pages of the test. */
static struct page **array_repeating(struct kunit *test, unsigned int count,
				     unsigned int nr)
{
	struct page *page = test->priv, **array;

	array = kunit_kmalloc_array(test, count, sizeof(*array), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, array);
	for (unsigned int i = 0; i < count; i++)
		array[i] = page + i % nr;

	return array;
}

/* vmap(), undone by vunmap() when the case ends or by unmap() before. */
static void *map(struct kunit *test, struct page **array, unsigned int count,
		 unsigned long flags, pgprot_t prot)
{
	void *addr = vmap(array, count, flags, prot);

	KUNIT_ASSERT_NOT_NULL(test, addr);
	KUNIT_ASSERT_EQ(test, 0,
			kunit_add_action_or_reset(test, vunmap_action, addr));

	return addr;
}

static void unmap(struct kunit *test, void *addr)
{
	kunit_release_action(test, vunmap_action, addr);
}

/* Take the references that an array is to give away, or give them back. */
static void get_pages(struct page **array, unsigned int count)
{
	for (unsigned int i = 0; i < count; i++)
		get_page(array[i]);
}

static void put_pages(struct page **array, unsigned int count)
{
	for (unsigned int i = 0; i < count; i++)
		put_page(array[i]);
}

/*
 * vmap() that is given @array, which the caller has allocated, and a new
 * reference of each page. vfree() is called when the case ends.
 */
static void *map_given(struct kunit *test, struct page **array,
		       unsigned int count)
{
	void *addr;

	get_pages(array, count);
	addr = vmap(array, count, VM_MAP | VM_MAP_PUT_PAGES, PAGE_KERNEL);
	if (!addr) {
		put_pages(array, count);
		kvfree(array);
	}
	KUNIT_ASSERT_NOT_NULL(test, addr);
	KUNIT_ASSERT_EQ(test, 0,
			kunit_add_action_or_reset(test, vfree_action, addr));

	return addr;
}

/* An array to be given away. */
static struct page **new_array(struct kunit *test, int order, bool vmalloced)
{
	size_t size = NR_PAGES * sizeof(struct page *);
	struct page **array = vmalloced ? vmalloc(size) : kmalloc(size, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, array);
	fill_array(array, test->priv, &page_orders[order]);

	return array;
}

/* How many pages from @addr on are mapped as in @array, NULL: not mapped. */
static unsigned int mapped_as(const void *addr, struct page **array,
			      unsigned int count)
{
	unsigned int i;

	for (i = 0; i < count; i++)
		if (vmalloc_to_page(addr + i * PAGE_SIZE) !=
		    (array ? array[i] : NULL))
			break;

	return i;
}

/* How many of the test's pages have no reference but the test's. */
static unsigned int nr_unshared(struct kunit *test)
{
	struct page *page = test->priv;
	unsigned int n = 0;

	for (int i = 0; i < NR_PAGES; i++)
		n += page_count(page + i) == 1;

	return n;
}

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

/* The pages of a compound page may be mapped one by one, in any company. */
static void vmap_compound_pages(struct kunit *test)
{
	struct page *single = test->priv, *head, *array[5];
	void *addr;

	head = alloc_pages(GFP_KERNEL | __GFP_COMP | __GFP_ZERO, 2);
	KUNIT_ASSERT_NOT_NULL(test, head);
	KUNIT_ASSERT_EQ(test, 0,
			kunit_add_action_or_reset(test, put_page_action, head));

	array[0] = head + 3;
	array[1] = single;
	array[2] = head;
	array[3] = head + 1;
	array[4] = single + 1;
	addr = map(test, array, ARRAY_SIZE(array), VM_MAP, PAGE_KERNEL);
	KUNIT_EXPECT_EQ(test, mapped_as(addr, array, ARRAY_SIZE(array)),
			ARRAY_SIZE(array));
	KUNIT_EXPECT_EQ(test, page_count(head), 1);

	unmap(test, addr);
	KUNIT_EXPECT_EQ(test, page_count(head), 1);
	KUNIT_EXPECT_EQ(test, nr_unshared(test), NR_PAGES);
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

/* Any address in an area finds it, also one whose area starts far below. */
static void find_vm_area_any_address(struct kunit *test)
{
	unsigned int count = 4 * NR_PAGES;
	struct page **array = array_repeating(test, count, 1);
	void *addr = map(test, array, count, VM_MAP, PAGE_KERNEL);
	struct vm_struct *area = find_vm_area(addr);

	KUNIT_ASSERT_NOT_NULL(test, area);
	for (unsigned int i = 0; i <= count; i++) {
		KUNIT_EXPECT_PTR_EQ(test, find_vm_area(addr + i * PAGE_SIZE), area);
		KUNIT_EXPECT_PTR_EQ(test, find_vm_area(addr + i * PAGE_SIZE + 1), area);
	}
	KUNIT_EXPECT_PTR_EQ(test, find_vm_area(addr + area->size - 1), area);
	KUNIT_EXPECT_PTR_NE(test, find_vm_area(addr + area->size), area);
	KUNIT_EXPECT_PTR_NE(test, find_vm_area(addr - 1), area);

	unmap(test, addr);
	KUNIT_EXPECT_NULL(test, find_vm_area(addr));
}

static void vmalloc_to_page_any_offset(struct kunit *test)
{
	struct page **array = array_of(test, DESCENDING);
	void *addr = map(test, array, 2, VM_MAP, PAGE_KERNEL);

	KUNIT_EXPECT_PTR_EQ(test, vmalloc_to_page(addr + 1), array[0]);
	KUNIT_EXPECT_PTR_EQ(test, vmalloc_to_page(addr + PAGE_SIZE - 1), array[0]);
	KUNIT_EXPECT_PTR_EQ(test, vmalloc_to_page(addr + PAGE_SIZE), array[1]);
	KUNIT_EXPECT_PTR_EQ(test, vmalloc_to_page(addr + 2 * PAGE_SIZE - 1), array[1]);
	KUNIT_EXPECT_NULL(test, vmalloc_to_page(addr + 2 * PAGE_SIZE));
	KUNIT_EXPECT_EQ(test, vmalloc_to_pfn(addr + 1), page_to_pfn(array[0]));
	KUNIT_EXPECT_EQ(test, vmalloc_to_pfn(addr + 2 * PAGE_SIZE - 1),
			page_to_pfn(array[1]));
}

/* The pages of memory that is mapped by larger entries are found as well. */
static void vmalloc_to_page_huge(struct kunit *test)
{
	void *addr = vmalloc_huge(min_t(unsigned long, PMD_SIZE, SZ_4M), GFP_KERNEL);
	struct vm_struct *area;

	KUNIT_ASSERT_NOT_NULL(test, addr);
	KUNIT_ASSERT_EQ(test, 0,
			kunit_add_action_or_reset(test, vfree_action, addr));
	area = find_vm_area(addr);
	KUNIT_ASSERT_NOT_NULL(test, area);
	KUNIT_EXPECT_EQ(test, mapped_as(addr, area->pages, area->nr_pages),
			area->nr_pages);
}

static void is_vmalloc_addr_bounds(struct kunit *test)
{
	KUNIT_EXPECT_FALSE(test, is_vmalloc_addr((void *)VMALLOC_START - 1));
	KUNIT_EXPECT_TRUE(test, is_vmalloc_addr((void *)VMALLOC_START));
	KUNIT_EXPECT_TRUE(test, is_vmalloc_addr((void *)VMALLOC_END - 1));
	KUNIT_EXPECT_FALSE(test, is_vmalloc_addr((void *)VMALLOC_END));
}

/* ---- What vmap() refuses ---- */

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

/* Where struct page would be if there were memory after all; not for access. */
static struct page *page_without_pfn(struct kunit *test)
{
	struct page *page = test->priv;
	unsigned long pfn = page_to_pfn(page);

	if (IS_ENABLED(CONFIG_SPARSEMEM) && !IS_ENABLED(CONFIG_SPARSEMEM_VMEMMAP))
		kunit_skip(test, "needs CONFIG_FLATMEM or CONFIG_SPARSEMEM_VMEMMAP");
	while (pfn_valid(pfn))
		pfn += MAX_ORDER_NR_PAGES;

	return pfn_to_page(pfn);
}

/*
 * Whatever the reason, vmap() that fails has done nothing: the array and the
 * references stay with the caller, who would free them twice otherwise, and
 * neither an area nor part of a mapping is left.
 */
static void vmap_refuses(struct kunit *test)
{
	const struct refusal *row = test->param_value;
	struct page *page = test->priv, **array, **copy = array_of(test, ASCENDING);
	unsigned int count = row->count;
	struct vm_struct *area;
	void *addr, *would_be;

	if (count == ALL_RAM &&
	    (!IS_ENABLED(CONFIG_64BIT) || IS_ENABLED(CONFIG_KASAN_VMALLOC)))
		kunit_skip(test, "needs more address space than RAM");
	if (count >= ALL_RAM)
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
		KUNIT_EXPECT_LE(test, KUNIT_SUPPRESSED_WARNING_COUNT(),
				WARNINGS(row->warnings));
		/* Bad flags are reported once a boot, bad pages always. */
		if (!row->flags)
			KUNIT_EXPECT_SUPPRESSED_WARNING_COUNT(test,
							      WARNINGS(row->warnings));
	}
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

/* ---- Who owns the pages and the array ---- */

/*
 * vfree() drops one reference for each entry, not for each page, in whatever
 * order they are. It frees the array itself, so vmap() must not take a copy.
 */
static void vfree_put_pages(struct kunit *test)
{
	const struct page_order *order = test->param_value;
	struct page *page = test->priv;

	for (int vmalloced = 0; vmalloced <= 1; vmalloced++) {
		struct page **array = new_array(test, order - page_orders, vmalloced);
		void *addr = map_given(test, array, NR_PAGES);
		struct vm_struct *area = find_vm_area(addr);

		KUNIT_ASSERT_NOT_NULL(test, area);
		KUNIT_EXPECT_PTR_EQ(test, area->pages, array);
		KUNIT_EXPECT_EQ(test, area->nr_pages, NR_PAGES);
		KUNIT_EXPECT_EQ(test, area->flags, VM_MAP | VM_MAP_PUT_PAGES);
		KUNIT_EXPECT_EQ(test, area->size, (NR_PAGES + 1) * PAGE_SIZE);

		kunit_release_action(test, vfree_action, addr);
		for (int i = 0; i < NR_PAGES; i++)
			KUNIT_EXPECT_EQ_MSG(test, page_count(page + i), 1, "page %d", i);
		KUNIT_EXPECT_NULL(test, find_vm_area(addr));
		KUNIT_EXPECT_EQ(test, mapped_as(addr, NULL, NR_PAGES), NR_PAGES);
		if (vmalloced)
			KUNIT_EXPECT_NULL(test, find_vm_area(array));
	}
}

static const struct releaser {
	const char *desc;
	void (*release)(const void *addr);
} releasers[] = {
	{ "vunmap", vunmap },
	{ "vfree", vfree },
};

KUNIT_ARRAY_PARAM_DESC(releaser, releasers, desc);

/*
 * Without VM_MAP_PUT_PAGES nothing is given away, to neither function, and the
 * array is not needed any more when vmap() returns.
 */
static void plain_map_owns_nothing(struct kunit *test)
{
	const struct releaser *row = test->param_value;
	struct page **array = array_of(test, SCATTERED);
	struct page **copy = array_of(test, SCATTERED);
	void *addr = vmap(array, NR_PAGES, VM_MAP, PAGE_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, addr);
	memset(array, 0xff, NR_PAGES * sizeof(*array));
	KUNIT_EXPECT_EQ(test, nr_unshared(test), NR_PAGES);
	KUNIT_EXPECT_EQ(test, mapped_as(addr, copy, NR_PAGES), NR_PAGES);

	row->release(addr);
	KUNIT_EXPECT_EQ(test, nr_unshared(test), NR_PAGES);
	KUNIT_EXPECT_NULL(test, memchr_inv(array, 0xff, NR_PAGES * sizeof(*array)));
	KUNIT_EXPECT_NULL(test, find_vm_area(addr));
	KUNIT_EXPECT_EQ(test, mapped_as(addr, NULL, NR_PAGES), NR_PAGES);
}

/* vunmap() removes the mapping only: whoever calls it takes all back. */
static void vunmap_put_pages_keeps_pages(struct kunit *test)
{
	struct page **array = new_array(test, ASCENDING, true);
	struct page **copy = array_of(test, ASCENDING);
	void *addr = map_given(test, array, NR_PAGES);
	bool kept;

	kunit_remove_action(test, vfree_action, addr);
	vunmap(addr);
	KUNIT_EXPECT_EQ(test, nr_unshared(test), 0);
	KUNIT_EXPECT_NULL(test, find_vm_area(addr));
	kept = find_vm_area(array);
	KUNIT_EXPECT_TRUE(test, kept);
	if (!kept)
		return;
	KUNIT_EXPECT_MEMEQ(test, array, copy, NR_PAGES * sizeof(*array));

	put_pages(array, NR_PAGES);
	vfree(array);
	KUNIT_EXPECT_EQ(test, nr_unshared(test), NR_PAGES);
}

/* ---- What is left in the end ---- */

static unsigned long free_pages_now(void)
{
	return global_zone_page_state(NR_FREE_PAGES);
}

static unsigned long slab_pages_now(void)
{
	return global_node_page_state_pages(NR_SLAB_UNRECLAIMABLE_B);
}

static unsigned long vmalloc_pages_now(void)
{
	return global_node_page_state(NR_VMALLOC);
}

/*
 * By how much @rounds of @work change @counter. Others change it too, and
 * freed memory may wait in lists of a CPU; but a leak is there every time, so
 * the best of a few tries tells.
 */
static unsigned long drift(struct kunit *test, unsigned long (*counter)(void),
			   int (*work)(struct kunit *test), unsigned int rounds,
			   unsigned long tolerance)
{
	unsigned long before, min = ULONG_MAX;
	int err = 0;

	for (int tries = 0; tries < 4 && min >= tolerance; tries++) {
		before = counter();
		for (unsigned int i = 0; i < rounds && !err; i++)
			err = work(test);
		KUNIT_ASSERT_EQ(test, err, 0);
		vm_unmap_aliases();
		min = min(min, abs_diff(counter(), before));
	}

	return min;
}

/*
 * vfree() hands runs of page frames to the page allocator as one block, except
 * for the pages that somebody else still uses, which split the run.
 */
static const struct held_pages {
	const char *desc;
	int order;
	unsigned long held;	/* bit i: page i is still used */
} held_pages[] = {
	{ "ascending", ASCENDING, 0 },
	{ "ascending_first_held", ASCENDING, 0x0001 },
	{ "ascending_middle_held", ASCENDING, 0x0080 },
	{ "ascending_run_held", ASCENDING, 0x0070 },
	{ "ascending_last_held", ASCENDING, 0x8000 },
	{ "ascending_some_held", ASCENDING, 0x5294 },
	{ "descending", DESCENDING, 0 },
	{ "interleaved", INTERLEAVED, 0 },
	{ "scattered", SCATTERED, 0 },
	{ "runs", RUNS, 0 },
	{ "runs_some_held", RUNS, 0x0842 },
	{ "duplicates", DUPLICATES, 0 },
};

KUNIT_ARRAY_PARAM_DESC(held_pages, held_pages, desc);

/* Whether the allocator offers @page, which is in use, or misshapen blocks. */
static bool allocator_broken(struct page *page)
{
	struct page *block[ORDER + 1];
	bool broken = false;

	for (int order = 0; order <= ORDER; order++) {
		block[order] = alloc_pages(GFP_KERNEL, order);
		if (!block[order])
			continue;
		broken |= page >= block[order] && page < block[order] + (1 << order);
		broken |= !IS_ALIGNED(page_to_pfn(block[order]), 1 << order);
	}
	for (int order = 0; order <= ORDER && !broken; order++)
		if (block[order])
			__free_pages(block[order], order);

	return broken;
}

static int free_held_pages(struct kunit *test)
{
	const struct held_pages *row = test->param_value;
	/* Large enough to be missed when it is not freed. */
	struct page **array = kmalloc(4 * PAGE_SIZE, GFP_KERNEL);
	struct page *page = alloc_pages(GFP_KERNEL, ORDER);
	void *addr;
	int err = 0;

	if (!array || !page) {
		kfree(array);
		if (page)
			__free_pages(page, ORDER);
		return -ENOMEM;
	}
	split_page(page, ORDER);
	fill_array(array, page, &page_orders[row->order]);
	get_pages(array, NR_PAGES);
	for (int i = 0; i < NR_PAGES; i++)
		if (!(row->held & BIT(i)))
			put_page(page + i);

	addr = vmap(array, NR_PAGES, VM_MAP | VM_MAP_PUT_PAGES, PAGE_KERNEL);
	if (addr) {
		vfree(addr);
	} else {
		put_pages(array, NR_PAGES);
		kfree(array);
		err = -ENOMEM;
	}

	for (int i = 0; i < NR_PAGES; i++) {
		if (!(row->held & BIT(i)))
			continue;
		if (page_count(page + i) != 1 || allocator_broken(page + i))
			return -EBUSY;
		put_page(page + i);
	}

	return err;
}

static void vfree_put_pages_frees_memory(struct kunit *test)
{
	KUNIT_EXPECT_LT(test, drift(test, free_pages_now, free_held_pages, 128, 64), 64);
}

#define ROUNDS		8192
/* Half of what the areas cost if they are not freed */
#define SLAB_TOLERANCE	(ROUNDS * sizeof(struct vm_struct) / PAGE_SIZE / 2)

/*
 * The area is freed, too, after a failure as well. NR_VMALLOC is about pages of
 * vmalloc(): vfree() must not subtract pages which vmap() was given, since
 * nobody has added them.
 */
static const struct account {
	const char *desc;
	unsigned long (*counter)(void);
	unsigned long tolerance;
	enum { PLAIN, GIVEN, REFUSED, VMALLOC } map;
	void (*release)(const void *addr);
} accounts[] = {
	{ "slab_vunmap", slab_pages_now, SLAB_TOLERANCE, PLAIN, vunmap },
	{ "slab_vfree", slab_pages_now, SLAB_TOLERANCE, PLAIN, vfree },
	{ "slab_refused", slab_pages_now, SLAB_TOLERANCE, REFUSED, vunmap },
	{ "nr_vmalloc_put_pages", vmalloc_pages_now, ROUNDS / 2, GIVEN, vfree },
	{ "nr_vmalloc_vmalloc", vmalloc_pages_now, ROUNDS / 2, VMALLOC, vfree },
};

KUNIT_ARRAY_PARAM_DESC(account, accounts, desc);

static int map_and_release(struct kunit *test)
{
	const struct account *row = test->param_value;
	struct page *page = row->map == REFUSED ? NULL : test->priv;
	struct page **array = &page;
	unsigned long flags = VM_MAP;
	void *addr;

	if (row->map == GIVEN) {
		array = kmemdup(&page, sizeof(page), GFP_KERNEL);
		if (!array)
			return -ENOMEM;
		get_page(page);
		flags |= VM_MAP_PUT_PAGES;
	}

	addr = row->map == VMALLOC ? vmalloc(PAGE_SIZE) :
				     vmap(array, 1, flags, PAGE_KERNEL);
	if (!addr && row->map == GIVEN) {
		put_page(page);
		kfree(array);
	}
	row->release(addr);

	return !addr == (row->map == REFUSED) ? 0 : -ENOMEM;
}

static void release_frees_all(struct kunit *test)
{
	const struct account *row = test->param_value;

	if (IS_ENABLED(CONFIG_KASAN_GENERIC) && row->counter == slab_pages_now)
		kunit_skip(test, "KASAN keeps freed objects in its quarantine");

	kunit_warning_suppress(test)
		KUNIT_EXPECT_LT(test, drift(test, row->counter, map_and_release,
					    ROUNDS, row->tolerance),
				row->tolerance);
}

/* ---- vunmap() and vfree() ---- */

/* Nothing but the area is unmapped, though its neighbours are a page away. */
static void vunmap_spares_neighbours(struct kunit *test)
{
	struct page **array = array_of(test, SCATTERED);
	void *addr[3];

	vm_unmap_aliases();
	for (int i = 0; i < ARRAY_SIZE(addr); i++)
		addr[i] = map(test, array, NR_PAGES, VM_MAP, PAGE_KERNEL);

	unmap(test, addr[1]);
	KUNIT_EXPECT_EQ(test, mapped_as(addr[0], array, NR_PAGES), NR_PAGES);
	KUNIT_EXPECT_EQ(test, mapped_as(addr[1], NULL, NR_PAGES), NR_PAGES);
	KUNIT_EXPECT_EQ(test, mapped_as(addr[2], array, NR_PAGES), NR_PAGES);
}

/*
 * TLBs are flushed later, for many areas at once. Until then another CPU may
 * still see the old mapping, so its address must not be used for a new one.
 * Somebody else can flush at any moment; but not every time.
 */
static void vunmap_address_not_reused(struct kunit *test)
{
	struct page *page = test->priv;
	bool reused = true;

	for (int tries = 0; tries < 4 && reused; tries++) {
		void *old, *new;

		old = map(test, &page, 1, VM_MAP, PAGE_KERNEL);
		unmap(test, old);
		new = map(test, &page, 1, VM_MAP, PAGE_KERNEL);
		reused = new == old;
		unmap(test, new);
		vm_unmap_aliases();
	}
	KUNIT_EXPECT_FALSE(test, reused);
}

static const struct bad_address {
	const char *desc;
	void (*release)(const void *addr);
	enum { IS_NULL, IS_UNALIGNED, IS_LOWMEM } is;
	int warnings;
} bad_addresses[] = {
	{ "vunmap_null", vunmap, IS_NULL, 0 },
	{ "vunmap_unaligned", vunmap, IS_UNALIGNED, 2 },
	{ "vunmap_lowmem", vunmap, IS_LOWMEM, 1 },
	{ "vfree_null", vfree, IS_NULL, 0 },
	{ "vfree_unaligned", vfree, IS_UNALIGNED, 2 },
	{ "vfree_lowmem", vfree, IS_LOWMEM, 1 },
};

KUNIT_ARRAY_PARAM_DESC(bad_address, bad_addresses, desc);

/* NULL is fine as for kfree(). All else is reported and not acted upon. */
static void release_bad_address(struct kunit *test)
{
	const struct bad_address *row = test->param_value;
	struct page **array = array_of(test, ASCENDING);
	void *addr = map(test, array, NR_PAGES, VM_MAP, PAGE_KERNEL);
	const void *bad[] = {
		[IS_NULL] = NULL,
		[IS_UNALIGNED] = addr + 1,
		[IS_LOWMEM] = PTR_ALIGN_DOWN(array, PAGE_SIZE),
	};

	kunit_warning_suppress(test) {
		row->release(bad[row->is]);
		KUNIT_EXPECT_SUPPRESSED_WARNING_COUNT(test, WARNINGS(row->warnings));
	}
	KUNIT_ASSERT_NOT_NULL(test, find_vm_area(addr));
	KUNIT_EXPECT_EQ(test, mapped_as(addr, array, NR_PAGES), NR_PAGES);
}

static const struct interior {
	const char *desc;
	unsigned int page;
} interiors[] = {
	{ "second_page", 1 },
	{ "middle_page", NR_PAGES },
	{ "last_page", 4 * NR_PAGES - 1 },
	{ "guard_page", 4 * NR_PAGES },
};

KUNIT_ARRAY_PARAM_DESC(interior, interiors, desc);

/* An area goes as a whole: half of one would be left without an owner. */
static void vunmap_inside_area(struct kunit *test)
{
	const struct interior *row = test->param_value;
	unsigned int count = 4 * NR_PAGES;
	struct page **array = array_repeating(test, count, NR_PAGES);
	void *addr = vmap(array, count, VM_MAP, PAGE_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, addr);
	vunmap(addr + row->page * PAGE_SIZE);
	KUNIT_EXPECT_NULL(test, find_vm_area(addr));
	KUNIT_EXPECT_NULL(test, find_vm_area(addr + row->page * PAGE_SIZE));
	KUNIT_EXPECT_EQ(test, mapped_as(addr, NULL, count), count);
}

/* vfree() that is deferred is done when the last page has lost its reference. */
static void expect_freed(struct kunit *test, void **addr, int nr)
{
	unsigned int n;

	poll_timeout_us(n = nr_unshared(test), n == NR_PAGES, USEC_PER_MSEC,
			5 * USEC_PER_SEC, false);
	KUNIT_ASSERT_EQ(test, n, NR_PAGES);
	for (int i = 0; i < nr; i++) {
		KUNIT_EXPECT_NULL(test, find_vm_area(addr[i]));
		KUNIT_EXPECT_EQ(test, mapped_as(addr[i], NULL, NR_PAGES), NR_PAGES);
	}
}

/*
 * What is to be freed later waits in a list that is linked through the first
 * word of the memory, so no two of the mappings may share their first page.
 */
static void map_given_often(struct kunit *test, void **addr, int nr)
{
	static const int orders[] = { ASCENDING, DESCENDING, SCATTERED };

	for (int i = 0; i < nr; i++)
		addr[i] = map_given(test, new_array(test, orders[i], i == 1),
				    NR_PAGES);
	for (int i = 0; i < nr; i++)
		kunit_remove_action(test, vfree_action, addr[i]);
}

/*
 * To unmap may sleep, which is not allowed here: it has to wait. But it must
 * not be forgotten, be it the only one that waits or one of several.
 */
static void vfree_bh_disabled(struct kunit *test)
{
	unsigned int mapped;
	void *addr[3];

	for (int nr = 1; nr <= ARRAY_SIZE(addr); nr++) {
		map_given_often(test, addr, nr);

		local_bh_disable();
		for (int i = 0; i < nr; i++)
			vfree(addr[i]);
		vfree(NULL);
		mapped = NR_PAGES - mapped_as(addr[0], NULL, NR_PAGES);
		local_bh_enable();

		KUNIT_EXPECT_EQ(test, mapped, NR_PAGES);
		expect_freed(test, addr, nr);
	}
}

static bool vfree_in_irq(void *state)
{
	void **addr = state;

	if (in_hardirq())
		vfree(xchg(&addr[0], NULL));
	else if (in_serving_softirq())
		vfree(xchg(&addr[1], NULL));

	return true;
}

static void vfree_interrupt(struct kunit *test)
{
	void *addr[2], *todo[2];

	map_given_often(test, addr, ARRAY_SIZE(addr));
	memcpy(todo, addr, sizeof(addr));
	kunit_run_irq_test(test, vfree_in_irq, 100, todo);
	/* NULL, unless the interrupt never came. */
	vfree(todo[0]);
	vfree(todo[1]);

	expect_freed(test, addr, ARRAY_SIZE(addr));
}

static void put_test_pages(void *page)
{
	for (int i = 0; i < NR_PAGES; i++)
		put_page((struct page *)page + i);
}

static int vmap_test_init(struct kunit *test)
{
	struct page *page = alloc_pages(GFP_KERNEL | __GFP_HIGHMEM, ORDER);

	if (!page)
		return -ENOMEM;
	split_page(page, ORDER);
	for (int i = 0; i < NR_PAGES; i++) {
		memset_page(page + i, 0, i + 1, PAGE_SIZE);
		flush_dcache_page(page + i);
	}
	test->priv = page;

	return kunit_add_action_or_reset(test, put_test_pages, page);
}

static struct kunit_case vmap_test_cases[] = {
	KUNIT_CASE_PARAM(vmap_maps_in_order, page_order_gen_params),
	KUNIT_CASE(vmap_crosses_page_tables),
	KUNIT_CASE(vmap_compound_pages),
	KUNIT_CASE(vmap_prot_readonly),
	KUNIT_CASE(vmap_prot_never_executable),
	KUNIT_CASE_PARAM(vmap_area_fields, area_flags_gen_params),
	KUNIT_CASE(vmap_area_caller),
	KUNIT_CASE(vmap_guard_page),
	KUNIT_CASE(vmap_no_guard_ignored),
	KUNIT_CASE(vmap_ioremap_aligned),
	KUNIT_CASE(find_vm_area_any_address),
	KUNIT_CASE(vmalloc_to_page_any_offset),
	KUNIT_CASE(vmalloc_to_page_huge),
	KUNIT_CASE(is_vmalloc_addr_bounds),
	KUNIT_CASE_PARAM(vmap_refuses, refusal_gen_params),
	KUNIT_CASE_PARAM(vfree_put_pages, page_order_gen_params),
	KUNIT_CASE_PARAM(plain_map_owns_nothing, releaser_gen_params),
	KUNIT_CASE(vunmap_put_pages_keeps_pages),
	KUNIT_CASE_PARAM(vfree_put_pages_frees_memory, held_pages_gen_params),
	KUNIT_CASE_PARAM(release_frees_all, account_gen_params),
	KUNIT_CASE(vunmap_spares_neighbours),
	KUNIT_CASE(vunmap_address_not_reused),
	KUNIT_CASE_PARAM(release_bad_address, bad_address_gen_params),
	KUNIT_CASE_PARAM(vunmap_inside_area, interior_gen_params),
	KUNIT_CASE(vfree_bh_disabled),
	KUNIT_CASE(vfree_interrupt),
	{}
};

static struct kunit_suite vmap_test_suite = {
	.name = "vmap",
	.init = vmap_test_init,
	.test_cases = vmap_test_cases,
};

kunit_test_suite(vmap_test_suite);

MODULE_DESCRIPTION("KUnit tests for vmap(), vunmap() and vfree()");
MODULE_IMPORT_NS("EXPORTED_FOR_KUNIT_TESTING");
MODULE_LICENSE("GPL");
