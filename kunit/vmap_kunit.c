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

#include "check_bytes.h"
#include "mm_kunit.h"
#include "vmap_pages.h"

KUNIT_ARRAY_PARAM_DESC(vmap_pages_order, vmap_pages_orders, desc);
KUNIT_ARRAY_PARAM_DESC(vmap_pages_mix, vmap_pages_mixes, desc);

/* -- where the pages are mapped, and how ----------------------------------- */

/*
 * Entry i of the array is page i of the mapping, whatever the order of the page
 * frames, because callers join scattered pages to one buffer (kernel-doc of
 * vmap()). The mapping is no copy: what is written through it is in the page.
 */
static void vmap_maps_in_order(struct kunit *test)
{
	const struct vmap_pages_order *order = test->param_value;
	struct page **array = vmap_pages_array(test, order - vmap_pages_orders);
	u8 *want = kunit_kmalloc(test, PAGE_SIZE, GFP_KERNEL);
	u8 *got = kunit_kmalloc(test, PAGE_SIZE, GFP_KERNEL);
	void *addr;

	KUNIT_ASSERT_NOT_NULL(test, want);
	KUNIT_ASSERT_NOT_NULL(test, got);
	addr = vmap_pages_map(test, array, NR_VMAP_PAGES, VM_MAP, PAGE_KERNEL);

	MM_KUNIT_EXPECT(test, vmap_pages_check_mapped(test, addr, array, NR_VMAP_PAGES));
	for (int i = 0; i < NR_VMAP_PAGES; i++) {
		memset(want, order->index[i] + 1, PAGE_SIZE);
		MM_KUNIT_EXPECT_MSG(test, check_bytes(test, addr + i * PAGE_SIZE, want, PAGE_SIZE),
				    "page %d", i);
	}

	/* The mapping is an alias, not a copy: writes arrive in the page. */
	for (int i = 0; i < NR_VMAP_PAGES; i++) {
		memset(addr + i * PAGE_SIZE, 0x80 + i, PAGE_SIZE);
		flush_kernel_vmap_range(addr + i * PAGE_SIZE, PAGE_SIZE);
		memset(want, 0x80 + i, PAGE_SIZE);
		memcpy_from_page(got, array[i], 0, PAGE_SIZE);
		MM_KUNIT_EXPECT_MSG(test, check_bytes(test, got, want, PAGE_SIZE), "page %d", i);
	}
}

/*
 * A mapping may be larger than what one page table maps, because callers map
 * buffers of any size. The array repeats a number of pages that does not divide
 * the number of entries in a table, so a position in the array that is lost
 * between two tables shows.
 */
static void vmap_crosses_page_tables(struct kunit *test)
{
	unsigned int count = min_t(unsigned long, 2 * PTRS_PER_PTE + 1,
				   totalram_pages() / 2);
	struct page **array = vmap_pages_repeat(test, count, NR_VMAP_PAGES - 1);
	void *addr = vmap_pages_map(test, array, count, VM_MAP, PAGE_KERNEL);

	MM_KUNIT_EXPECT(test, vmap_pages_check_mapped(test, addr, array, count));
	vmap_pages_unmap(test, addr);
	MM_KUNIT_EXPECT(test, vmap_pages_check_mapped(test, addr, NULL, count));
}

/*
 * Single pages of compound pages may be mapped in any order and mixed with
 * other pages, because the pages of buffers often come from page fragments or
 * from folios. Neither vmap() nor vunmap() changes a reference count.
 */
static void vmap_compound_pages(struct kunit *test)
{
	const struct vmap_pages_mix *mix = test->param_value;
	struct page **pages = vmap_pages_mix_pages(test);
	struct page **array = vmap_pages_mix_array(test, pages, mix);
	void *addr = vmap_pages_map(test, array, mix->count, VM_MAP, PAGE_KERNEL);

	MM_KUNIT_EXPECT(test, vmap_pages_check_mapped(test, addr, array, mix->count));
	MM_KUNIT_EXPECT(test, vmap_pages_check_contents(test, addr, mix->index, mix->count));

	vmap_pages_unmap(test, addr);
	MM_KUNIT_EXPECT(test, vmap_pages_check_mapped(test, addr, NULL, mix->count));
	for (int i = 0; i < NR_VMAP_MIX_PAGES; i++)
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
	{ .desc = "aligned", .flags = VM_IOREMAP, .shift = 0, .foreign = -1 },
	{ .desc = "aligned_first_foreign", .flags = VM_IOREMAP, .shift = 0,
	  .foreign = 0 },
	{ .desc = "aligned_last_foreign", .flags = VM_IOREMAP, .shift = 0,
	  .foreign = INT_MAX },
	{ .desc = "shifted", .flags = VM_IOREMAP, .shift = 1, .foreign = -1 },
	{ .desc = "anywhere", .flags = VM_MAP, .shift = 0, .foreign = -1 },
};

KUNIT_ARRAY_PARAM_DESC(large, larges, desc);

/*
 * The array decides which page is mapped where, even if most of it is one
 * compound page that is as large, and as aligned, as what a page table maps. A
 * larger entry must not be used if one page of the run is another one.
 */
static void vmap_large_page(struct kunit *test)
{
	const struct large *row = test->param_value;
	struct page *single = test->priv, *head, **array;
	unsigned int count = TABLE_PAGES + row->shift;
	void *addr;

	if (TABLE_ORDER > MAX_PAGE_ORDER)
		kunit_skip(test, "needs pages of order %d, as large as a page table maps",
			   TABLE_ORDER);
	head = alloc_pages(GFP_KERNEL | __GFP_COMP | __GFP_NOWARN, TABLE_ORDER);
	if (!head)
		kunit_skip(test, "needs %lu bytes of contiguous memory", PMD_SIZE);
	mm_kunit_manage(test, mm_kunit_put_page, head);

	array = vmap_pages_repeat(test, count, 1);
	for (unsigned int i = 0; i < TABLE_PAGES; i++)
		array[row->shift + i] = head + i;
	if (row->foreign >= 0)
		array[min_t(unsigned long, row->foreign, TABLE_PAGES - 1)] = single + 1;
	addr = vmap_pages_map(test, array, count, row->flags, PAGE_KERNEL);
	MM_KUNIT_EXPECT(test, vmap_pages_check_mapped(test, addr, array, count));
	KUNIT_EXPECT_NULL(test, vmalloc_to_page(addr + count * PAGE_SIZE));
	vmap_pages_unmap(test, addr);
	MM_KUNIT_EXPECT(test, vmap_pages_check_mapped(test, addr, NULL, count));
	KUNIT_EXPECT_EQ(test, page_count(head), 1);
}

/*
 * A mapping with a read-only protection is not writable, because the caller
 * wants to protect the contents. It still shows what is written through other
 * mappings of the page.
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
		kunit_skip(test, "needs an architecture whose PAGE_KERNEL_RO is read-only");

	rw = vmap_pages_map(test, &page, 1, VM_MAP, PAGE_KERNEL);
	ro = vmap_pages_map(test, &page, 1, VM_MAP, prot);
	KUNIT_EXPECT_EQ(test, pte_write(ptep_get(virt_to_kpte((unsigned long)rw))), true);
	KUNIT_EXPECT_EQ(test, pte_write(ptep_get(virt_to_kpte((unsigned long)ro))), false);

	KUNIT_EXPECT_EQ(test, ro[PAGE_SIZE - 1], 1);
	memset_page(page, PAGE_SIZE - 1, 0x5a, 1);
	KUNIT_EXPECT_EQ(test, ro[PAGE_SIZE - 1], 0x5a);
}

/*
 * A mapping of vmap() is never executable, not even with PAGE_KERNEL_EXEC,
 * because memory that is written as data must not be run as code. vmap()
 * applies pgprot_nx() to the protection it gets.
 */
static void vmap_prot_never_executable(struct kunit *test)
{
	struct page *page = test->priv;
	pgprot_t nx = pgprot_nx(PAGE_KERNEL_EXEC);
	unsigned long addr;
	pte_t pte;

	if (pgprot_val(nx) == pgprot_val(PAGE_KERNEL_EXEC))
		kunit_skip(test, "needs an architecture with pgprot_nx()");

	addr = (unsigned long)vmap_pages_map(test, &page, 1, VM_MAP, PAGE_KERNEL_EXEC);
	pte = ptep_get(virt_to_kpte(addr));
	KUNIT_EXPECT_EQ_MSG(test, pte_same(pte, mk_pte(page, nx)), true,
			    "entry of the page: expected %llx, found %llx",
			    (u64)pte_val(mk_pte(page, nx)), (u64)pte_val(pte));
}

/* -- the area -------------------------------------------------------------- */

static const struct area_flags {
	const char *desc;
	unsigned long flags;
} area_flags[] = {
	{ .desc = "none", .flags = 0 },
	{ .desc = "map", .flags = VM_MAP },
	{ .desc = "map_usermap", .flags = VM_MAP | VM_USERMAP },
	{ .desc = "usermap_dma_coherent", .flags = VM_USERMAP | VM_DMA_COHERENT },
	{ .desc = "ioremap", .flags = VM_IOREMAP },
};

KUNIT_ARRAY_PARAM_DESC(area_flags, area_flags, desc);

/*
 * The flags of the caller are those of the area, because remap_vmalloc_range()
 * and vread_iter() decide by them. The size of the area includes the guard
 * page, get_vm_area_size() does not. Without VM_MAP_PUT_PAGES the area has no
 * pages that vfree() would free.
 */
static void vmap_area_fields(struct kunit *test)
{
	const struct area_flags *row = test->param_value;
	void *addr = vmap_pages_map(test, vmap_pages_array(test, VMAP_ASCENDING), 3, row->flags,
				    PAGE_KERNEL);
	struct vm_struct *area = find_vm_area(addr);

	KUNIT_ASSERT_NOT_NULL(test, area);
	KUNIT_EXPECT_EQ(test, offset_in_page(addr), 0);
	KUNIT_EXPECT_EQ(test, is_vmalloc_addr(addr), true);
	KUNIT_EXPECT_PTR_EQ(test, area->addr, addr);
	KUNIT_EXPECT_EQ(test, area->flags, row->flags);
	KUNIT_EXPECT_EQ(test, area->size, 4 * PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, get_vm_area_size(area), 3 * PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, area->requested_size, 3 * PAGE_SIZE);
	KUNIT_EXPECT_NULL(test, area->pages);
	KUNIT_EXPECT_EQ(test, area->nr_pages, 0);
	KUNIT_EXPECT_EQ(test, area->phys_addr, 0);
	KUNIT_EXPECT_EQ(test, is_vm_area_hugepages(addr), false);
}

/*
 * The caller of the area is the function that called vmap(), because
 * /proc/vmallocinfo has to name who uses the address space.
 */
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

	KUNIT_EXPECT_EQ_MSG(test, strstarts(caller, __func__), true,
			    "caller of the area: expected %s, found %s", __func__, caller);
}

/*
 * The page behind a mapping is not mapped, so that an overrun faults instead of
 * changing the memory of another user. This guard page belongs to the area, so
 * no other area can begin there.
 */
static void vmap_guard_page(struct kunit *test)
{
	struct page **array = vmap_pages_array(test, VMAP_ASCENDING);
	void *addr[NR_VMAP_PAGES];
	unsigned int n;

	for (n = 0; n < NR_VMAP_PAGES; n++)
		addr[n] = vmap_pages_map(test, array, n + 1, VM_MAP, PAGE_KERNEL);

	for (n = 0; n < NR_VMAP_PAGES; n++) {
		void *guard = addr[n] + (n + 1) * PAGE_SIZE;

		KUNIT_EXPECT_NULL_MSG(test, vmalloc_to_page(guard),
				      "guard page of a mapping of %u pages", n + 1);
		KUNIT_EXPECT_PTR_EQ_MSG(test, find_vm_area(guard), find_vm_area(addr[n]),
					"area of the guard page of %u pages", n + 1);
	}
}

/*
 * vmap() warns about VM_NO_GUARD and maps with a guard page, because the
 * overrun of a mapping without one would reach the mapping of another user.
 */
static void vmap_no_guard_ignored(struct kunit *test)
{
	struct page *page = test->priv;
	struct vm_struct *area;
	void *addr = NULL;

	kunit_warning_suppress(test) {
		addr = vmap(&page, 1, VM_MAP | VM_NO_GUARD, PAGE_KERNEL);
		KUNIT_EXPECT_SUPPRESSED_WARNING_COUNT(test, MM_KUNIT_WARN_ONCE(1));
	}
	KUNIT_ASSERT_NOT_NULL(test, addr);
	mm_kunit_manage(test, mm_kunit_vunmap, addr);

	area = find_vm_area(addr);
	KUNIT_ASSERT_NOT_NULL(test, area);
	KUNIT_EXPECT_EQ(test, area->flags, VM_MAP);
	KUNIT_EXPECT_EQ(test, area->size, 2 * PAGE_SIZE);
	KUNIT_EXPECT_NULL(test, vmalloc_to_page(addr + PAGE_SIZE));
}

/*
 * A VM_IOREMAP area is aligned to its size rounded up to a power of two, so
 * that it can be mapped by large entries. With the guard page none of these
 * sizes is a multiple of its alignment, so areas that follow each other are not
 * all aligned by chance.
 */
static void vmap_ioremap_aligned(struct kunit *test)
{
	static const unsigned int counts[] = { 2, 4, 5, 9 };
	struct page **array = vmap_pages_array(test, VMAP_ASCENDING);

	for (int i = 0; i < 4 * ARRAY_SIZE(counts); i++) {
		unsigned int count = counts[i / 4];
		unsigned long align = roundup_pow_of_two(count) * PAGE_SIZE;
		void *addr = vmap_pages_map(test, array, count, VM_IOREMAP, PAGE_KERNEL);

		KUNIT_EXPECT_EQ_MSG(test, (unsigned long)addr & (align - 1), 0,
				    "offset of mapping %d, of %u pages, in %lu bytes", i, count,
				    align);
	}
}

/* -- what vmap() refuses --------------------------------------------------- */

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
	{ .desc = "no_pages", .count = 0 },
	/* Page 0 is NULL: vmap() warns if it looks at the pages before the count. */
	{ .desc = "more_than_ram", .count = MORE_THAN_RAM, .flags = 0,
	  .pages = NULL_PAGE, .bad = 0, .warnings = 0 },
	{ .desc = "size_wraps", .count = SIZE_WRAPS },
	{ .desc = "null_page_all_ram", .count = ALL_RAM, .flags = 0, .pages = NULL_PAGE,
	  .bad = 0, .warnings = 1 },
	{ .desc = "reset_perms", .count = NR_VMAP_PAGES, .flags = VM_FLUSH_RESET_PERMS,
	  .warnings = 1 },
	{ .desc = "null_page_first", .count = NR_VMAP_PAGES, .flags = 0,
	  .pages = NULL_PAGE, .bad = 0, .warnings = 1 },
	{ .desc = "null_page_middle", .count = NR_VMAP_PAGES, .flags = 0,
	  .pages = NULL_PAGE, .bad = 7, .warnings = 1 },
	{ .desc = "null_page_last", .count = NR_VMAP_PAGES, .flags = 0,
	  .pages = NULL_PAGE, .bad = NR_VMAP_PAGES - 1, .warnings = 1 },
	{ .desc = "no_pfn_first", .count = NR_VMAP_PAGES, .flags = 0, .pages = NO_PFN,
	  .bad = 0, .warnings = 1 },
	{ .desc = "no_pfn_middle", .count = NR_VMAP_PAGES, .flags = 0, .pages = NO_PFN,
	  .bad = 8, .warnings = 1 },
	{ .desc = "no_pfn_last", .count = NR_VMAP_PAGES, .flags = 0, .pages = NO_PFN,
	  .bad = NR_VMAP_PAGES - 1, .warnings = 1 },
};

KUNIT_ARRAY_PARAM_DESC(refusal, refusals, desc);

/*
 * vmap() that fails has changed nothing: the array and the references remain
 * the caller's, who frees them after a failure, and neither an area nor a part
 * of the mapping is left. Bad pages and bad flags are bugs of the caller and
 * warn; sizes that cannot be mapped do not.
 */
static void vmap_refuses(struct kunit *test)
{
	const struct refusal *row = test->param_value;
	struct page *page = test->priv, **array, **copy = vmap_pages_array(test, VMAP_ASCENDING);
	unsigned int count = row->count;
	struct vm_struct *area;
	void *addr, *would_be;

	if (count == ALL_RAM &&
	    (!IS_ENABLED(CONFIG_64BIT) || IS_ENABLED(CONFIG_KASAN_VMALLOC)))
		kunit_skip(test, "needs CONFIG_64BIT=y, CONFIG_KASAN_VMALLOC=n");
	if (count == SIZE_WRAPS)
		count = max(totalram_pages(), BIT(32 - PAGE_SHIFT)) + 1;
	else if (count >= ALL_RAM)
		count = totalram_pages() + (count == MORE_THAN_RAM);
	if (row->pages == NULL_PAGE)
		copy[row->bad] = NULL;
	else if (row->pages == NO_PFN)
		copy[row->bad] = vmap_pages_without_pfn(test);

	array = vmap_pages_new_array(test, VMAP_ASCENDING, true);
	mm_kunit_manage(test, mm_kunit_vfree, array);

	/* Where vmap() would map them, unless another CPU is faster. */
	vm_unmap_aliases();
	would_be = vmap_pages_map(test, array, NR_VMAP_PAGES, VM_MAP, PAGE_KERNEL);
	vmap_pages_unmap(test, would_be);
	vm_unmap_aliases();

	vmap_pages_get(array, NR_VMAP_PAGES);
	memcpy(array, copy, NR_VMAP_PAGES * sizeof(*array));
	kunit_warning_suppress(test) {
		addr = vmap(array, count,
			    VM_MAP | VM_MAP_PUT_PAGES | row->flags, PAGE_KERNEL);
		KUNIT_EXPECT_SUPPRESSED_WARNING_COUNT(test, MM_KUNIT_WARN(row->warnings));
	}
	KUNIT_EXPECT_NULL(test, addr);
	if (addr)
		vunmap(addr);

	MM_KUNIT_EXPECT(test, vmap_pages_check_refs(test, 2));
	for (int i = 0; i < NR_VMAP_PAGES; i++)
		put_page(page + i);
	KUNIT_EXPECT_NOT_NULL(test, find_vm_area(array));
	KUNIT_EXPECT_MEMEQ(test, array, copy, NR_VMAP_PAGES * sizeof(*array));

	/* An area at this address may be that of another user, without this flag. */
	area = find_vm_area(would_be);
	if (area)
		KUNIT_EXPECT_EQ(test, !!(area->flags & VM_MAP_PUT_PAGES), false);
	else
		MM_KUNIT_EXPECT(test,
				vmap_pages_check_mapped(test, would_be, NULL, NR_VMAP_PAGES));
}

/* -- where it may be called ------------------------------------------------ */

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
	{ .desc = "vmap", .call = call_vmap },
	{ .desc = "vunmap", .call = call_vunmap },
	{ .desc = "vfree", .call = call_vfree },
	{ .desc = "vm_unmap_aliases", .call = vm_unmap_aliases },
};

KUNIT_ARRAY_PARAM_DESC(sleeper, sleepers, desc);

/*
 * vmap(), vunmap(), vfree() and vm_unmap_aliases() warn in a context that must
 * not sleep, even if they have nothing to do, because otherwise such a bug of a
 * caller only shows when they really have to wait. The functions call
 * might_sleep() for that.
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

/* -- no memory ------------------------------------------------------------- */

static const struct no_memory {
	const char *desc;
	enum mm_kunit_fail mode;
} no_memories[] = {
	{ .desc = "one_failure", .mode = MM_KUNIT_FAIL_ONE },
	{ .desc = "all_fail", .mode = MM_KUNIT_FAIL_ALL },
};

KUNIT_ARRAY_PARAM_DESC(no_memory, no_memories, desc);

static struct page **failing_array;
static struct mm_kunit_failing failing;

static void *map_failing(struct kunit *test)
{
	void *addr;

	/* Leave a free object of each kind in the slabs, so that they need no page. */
	vunmap(vmap(failing_array, NR_VMAP_PAGES, VM_MAP, PAGE_KERNEL));
	vm_unmap_aliases();
	mm_kunit_fail_begin(&failing);
	addr = vmap(failing_array, NR_VMAP_PAGES, VM_MAP | VM_MAP_PUT_PAGES, PAGE_KERNEL);
	mm_kunit_fail_end(&failing);

	return addr;
}

static int map_fails(struct kunit *test)
{
	/* vmap() succeeds if a slab has an object left from the round before. */
	vunmap(map_failing(test));

	return 0;
}

#define ROUNDS	2048

/*
 * vmap() returns NULL when any of its allocations fails, because its callers run
 * when memory is short and have to go on. The array and the references remain the
 * caller's even with VM_MAP_PUT_PAGES, and vmap() keeps no memory of its own.
 */
static void vmap_no_memory(struct kunit *test)
{
	unsigned long tolerance = VMAP_PAGES_SLAB_TOLERANCE(ROUNDS, 64);
	struct page **copy = vmap_pages_array(test, VMAP_SCATTERED);
	const struct no_memory *row = test->param_value;
	struct mm_kunit_failing round;
	void *addr = NULL;

	mm_kunit_fail_setup(test, row->mode);
	failing_array = vmap_pages_array(test, VMAP_SCATTERED);

	/* vmalloc warns if it cannot allocate the description of an address range. */
	kunit_warning_suppress(test) {
		mm_kunit_for_each_failing(test, &round) {
			failing = round;
			addr = map_failing(test);
			round.reached = failing.reached;
			MM_KUNIT_EXPECT_MSG(test, vmap_pages_check_refs(test, 1),
					    "allocation %u", round.nth);
			KUNIT_EXPECT_MEMEQ_MSG(test, failing_array, copy,
					       NR_VMAP_PAGES * sizeof(*copy),
					       "the array after failure of allocation %u",
					       round.nth);
			if (addr) {
				MM_KUNIT_EXPECT_MSG(test,
						    vmap_pages_check_mapped(test, addr, copy,
									    NR_VMAP_PAGES),
						    "allocation %u", round.nth);
				vunmap(addr);
				continue;
			}
			KUNIT_EXPECT_EQ_MSG(test, round.reached, true,
					    "vmap() returned NULL, but allocation %u did not fail",
					    round.nth);
			if (!IS_ENABLED(CONFIG_KASAN_GENERIC))
				MM_KUNIT_EXPECT_MSG(test,
						    vmap_pages_check_leak(test,
									  vmap_pages_slab_pages,
									  map_fails, ROUNDS,
									  tolerance),
						    "allocation %u", round.nth);
		}
	}
	KUNIT_EXPECT_NOT_NULL_MSG(test, addr, "vmap() when no allocation fails");
}

static struct kunit_case vmap_test_cases[] = {
	KUNIT_CASE_PARAM(vmap_maps_in_order, vmap_pages_order_gen_params),
	KUNIT_CASE(vmap_crosses_page_tables),
	KUNIT_CASE_PARAM(vmap_compound_pages, vmap_pages_mix_gen_params),
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
