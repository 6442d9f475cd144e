// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests for the conversions between pages, page frame numbers, addresses and page
 * table entries.
 */
#include <kunit/test.h>
#include <linux/highmem.h>
#include <linux/io.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/pfn.h>
#include <linux/pgtable.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/vmalloc.h>

#include "address_page.h"
#include "check_bytes.h"
#include "mm_kunit.h"

static const struct page_kind {
	const char *desc;
	gfp_t gfp;
} page_kinds[] = {
	{ .desc = "lowmem", .gfp = GFP_KERNEL },
	{ .desc = "dma", .gfp = GFP_KERNEL | GFP_DMA },
	{ .desc = "compound", .gfp = GFP_KERNEL | __GFP_COMP },
	{ .desc = "highmem", .gfp = GFP_HIGHUSER },
};

KUNIT_ARRAY_PARAM_DESC(page_kind, page_kinds, desc);

/* Returns NR_PAGES pages of high memory; skips the case if there are none. */
static struct page *alloc_highmem_pages(struct kunit *test)
{
	struct page *page;

	if (!IS_ENABLED(CONFIG_HIGHMEM))
		kunit_skip(test, "needs CONFIG_HIGHMEM");
	if (!totalhigh_pages())
		kunit_skip(test, "needs a machine with high memory");
	page = alloc_test_pages(test, GFP_HIGHUSER);
	KUNIT_ASSERT_EQ(test, !!PageHighMem(page), 1);
	return page;
}

/* Returns NR_PAGES pages of the kind of the case's row. */
static struct page *alloc_page_kind(struct kunit *test)
{
	const struct page_kind *row = test->param_value;
	struct page *page;

	if (row->gfp & __GFP_HIGHMEM)
		return alloc_highmem_pages(test);
	if (row->gfp & __GFP_DMA) {
		/* The kernel may be all that there is, as on MIPS. */
		page = alloc_pages(row->gfp | __GFP_NOWARN, get_order(NR_PAGES * PAGE_SIZE));
		if (!page)
			kunit_skip(test, "needs a machine with free memory in ZONE_DMA");
		__free_pages(page, get_order(NR_PAGES * PAGE_SIZE));
	}
	return alloc_test_pages(test, row->gfp);
}

/*
 * The page frame number and the physical address of a page name that page, in both
 * directions, and those of following pages follow each other: drivers calculate with them.
 */
static void page_frames(struct kunit *test)
{
	struct page *first = alloc_page_kind(test);
	unsigned long pfn = page_to_pfn(first);
	phys_addr_t phys = page_to_phys(first);

	KUNIT_EXPECT_EQ(test, pfn % NR_PAGES, 0);
	KUNIT_EXPECT_EQ(test, phys >> PAGE_SHIFT, pfn);
	for (int i = 0; i < NR_PAGES; i++, pfn++, phys += PAGE_SIZE) {
		struct page *page = first + i;

		KUNIT_EXPECT_EQ_MSG(test, page_to_pfn(page), pfn, "page %d", i);
		KUNIT_EXPECT_PTR_EQ_MSG(test, pfn_to_page(pfn), page,
					"page %d", i);
		KUNIT_EXPECT_EQ_MSG(test, !!pfn_valid(pfn), 1, "pfn_valid() of page %d", i);
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
 * Each byte of a page of low memory leads to that page and back, by virtual and by
 * physical address, because the direct mapping has all of low memory. A page of high
 * memory has no address without kmap().
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
			KUNIT_EXPECT_PTR_EQ_MSG(test, page_address(page), NULL, "page %d", i);
			continue;
		}
		KUNIT_EXPECT_PTR_EQ_MSG(test, page_address(page), addr, "page %d", i);
		KUNIT_EXPECT_PTR_EQ_MSG(test, page_to_virt(page), addr, "page %d", i);
		KUNIT_EXPECT_PTR_EQ_MSG(test, lowmem_page_address(page), addr, "page %d", i);
		for (int j = 0; j < ARRAY_SIZE(offsets); j++) {
			void *p = addr + offsets[j];

			KUNIT_EXPECT_PTR_EQ_MSG(test, virt_to_page(p), page,
						"page %d, byte %zu", i, offsets[j]);
			KUNIT_EXPECT_EQ_MSG(test, virt_to_phys(p), phys + offsets[j],
					    "page %d, byte %zu", i, offsets[j]);
			KUNIT_EXPECT_PTR_EQ_MSG(test, phys_to_virt(phys + offsets[j]), p,
						"page %d, byte %zu", i, offsets[j]);
			KUNIT_EXPECT_EQ_MSG(test, offset_in_page(p), offsets[j],
					    "page %d, byte %zu", i, offsets[j]);
		}
		addr += PAGE_SIZE;
	}
}

/*
 * A page frame number and an address of the same page name the same memory, because
 * drivers hand on either. Another mapping, which vmap() makes of the page frames, shows
 * what was written to the page.
 */
static void page_frames_share_contents(struct kunit *test)
{
	struct page *pages[NR_PAGES], *first = alloc_page_kind(test);
	char *addr, *alias;

	for (int i = 0; i < NR_PAGES; i++) {
		pages[i] = pfn_to_page(page_to_pfn(first) + i);
		memset_page(first + i, 0, i + 1, PAGE_SIZE);
	}
	alias = mm_kunit_manage(test, mm_kunit_vunmap,
				vmap(pages, NR_PAGES, VM_MAP, PAGE_KERNEL));

	for (int i = 0; i < NR_PAGES; i++)
		MM_KUNIT_EXPECT_MSG(test, check_filled(test, alias + i * PAGE_SIZE, i + 1,
						       PAGE_SIZE), "page %d", i);
	if (PageHighMem(first))
		return;

	addr = page_address(first);
	MM_KUNIT_EXPECT(test, check_bytes(test, addr, alias, NR_PAGES * PAGE_SIZE));
	for (int i = 0; i < NR_PAGES; i++)
		KUNIT_EXPECT_PTR_EQ_MSG(test, virt_to_page(addr + i * PAGE_SIZE),
					vmalloc_to_page(alias + i * PAGE_SIZE), "page %d", i);
}

/*
 * A page of high memory has a frame but no address, and no arithmetic gives it one: the
 * address that kmap() returns is found by page_address() only, and the address that
 * kmap_local_page() returns not even by that.
 */
static void highmem_page_has_no_address(struct kunit *test)
{
	struct page *page = alloc_highmem_pages(test);
	struct folio *folio = page_folio(page);
	void *mapped, *local;

	kmap_flush_unused();
	KUNIT_EXPECT_PTR_EQ(test, page_address(page), NULL);
	KUNIT_EXPECT_PTR_EQ(test, folio_address(folio), NULL);
	KUNIT_EXPECT_GE(test, page_to_phys(page),
			(phys_addr_t)__pa(high_memory - 1) + 1);

	mapped = kmap(page);
	KUNIT_EXPECT_PTR_EQ(test, page_address(page), mapped);
	KUNIT_EXPECT_PTR_EQ(test, folio_address(folio), mapped);
	KUNIT_EXPECT_PTR_NE(test, page_to_virt(page), mapped);
	KUNIT_EXPECT_EQ(test, !!is_vmalloc_addr(mapped), 0);
	if (!IS_ENABLED(CONFIG_DEBUG_VIRTUAL))
		KUNIT_EXPECT_PTR_NE(test, virt_to_page(mapped), page);
	kunmap(page);

	local = kmap_local_page(page);
	KUNIT_EXPECT_EQ(test, !!virt_addr_valid(local), 0);
	KUNIT_EXPECT_EQ(test, !!is_vmalloc_addr(local), 0);
	if (!IS_ENABLED(CONFIG_DEBUG_VIRTUAL))
		KUNIT_EXPECT_PTR_NE(test, virt_to_page(local), page);
	kunmap_local(local);
}

/*
 * virt_to_page() of an address in a compound page is the page of the address;
 * virt_to_head_page() and virt_to_folio() are the whole that the page belongs to, because
 * only that has the reference count.
 */
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

/*
 * virt_to_head_page() finds the first page of an object that is larger than a page from
 * any address in it, because kfree() looks there for how to free it.
 */
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

/*
 * pfn_valid() is false for a frame that no memory is at, because there may be no struct
 * page for it. A frame number with high bits must not be taken for the frame that its low
 * bits name.
 */
static void pfn_valid_bounds(struct kunit *test)
{
	unsigned long pfn = page_to_pfn(alloc_test_pages(test, GFP_KERNEL));

	KUNIT_EXPECT_EQ(test, !!pfn_valid(pfn), 1);
	KUNIT_EXPECT_EQ(test, !!pfn_valid(-1UL), 0);
	KUNIT_EXPECT_EQ(test, !!pfn_valid(pfn | 1UL << (BITS_PER_LONG - 1)), 0);
#ifdef CONFIG_FLATMEM
	KUNIT_EXPECT_EQ(test, !!pfn_valid(ARCH_PFN_OFFSET), 1);
	KUNIT_EXPECT_EQ(test, !!pfn_valid(ARCH_PFN_OFFSET + max_mapnr - 1), 1);
	KUNIT_EXPECT_EQ(test, !!pfn_valid(ARCH_PFN_OFFSET + max_mapnr), 0);
	KUNIT_EXPECT_EQ(test, !!pfn_valid(ARCH_PFN_OFFSET - 1), 0);
#else
	KUNIT_EXPECT_EQ(test, !!pfn_valid(pfn | 1UL << (BITS_PER_LONG -
							 PAGE_SHIFT)), 0);
#endif
}

/*
 * for_each_valid_pfn() visits the valid frames of a range, each once and no frame beyond
 * the end: hibernation and compaction rely on a struct page for each frame.
 */
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

/*
 * With CONFIG_DEBUG_VIRTUAL page_to_phys() warns of a page whose frame is not valid, because
 * the caller has calculated a wrong struct page. It does not warn of a valid one.
 */
static void page_to_phys_invalid(struct kunit *test)
{
	struct page *page = alloc_test_pages(test, GFP_KERNEL);
	phys_addr_t phys;

	if (!IS_ENABLED(CONFIG_DEBUG_VIRTUAL))
		kunit_skip(test, "needs CONFIG_DEBUG_VIRTUAL");
	if (IS_ENABLED(CONFIG_SPARSEMEM) && !IS_ENABLED(CONFIG_SPARSEMEM_VMEMMAP))
		kunit_skip(test, "needs CONFIG_FLATMEM or CONFIG_SPARSEMEM_VMEMMAP");

	kunit_warning_suppress(test) {
		phys = page_to_phys(page);
		KUNIT_EXPECT_SUPPRESSED_WARNING_COUNT(test, 0);
	}
	KUNIT_EXPECT_EQ(test, phys, PFN_PHYS(page_to_pfn(page)));
	page = pfn_to_page(page_to_pfn(page) | 1UL << (BITS_PER_LONG - 8));
	kunit_warning_suppress(test) {
		phys = page_to_phys(page);
		KUNIT_EXPECT_SUPPRESSED_WARNING_COUNT(test, MM_KUNIT_WARN_ONCE(1));
	}
}

/* -- page table entries ----------------------------------------------------- */

/*
 * A page table entry names the page that it was made for, also after pte_wrprotect():
 * page tables are the only record of which page is mapped. On UML the bit for the host's
 * page table belongs neither to the page nor to pte_none() and pte_same().
 */
static void pte_page_frame(struct kunit *test)
{
	struct page *page = alloc_page_kind(test);
	pte_t pte = mk_pte(page, PAGE_KERNEL);

	KUNIT_EXPECT_EQ(test, pte_pfn(pte), page_to_pfn(page));
	KUNIT_EXPECT_PTR_EQ(test, pte_page(pte), page);
	KUNIT_EXPECT_EQ(test, !!pte_same(pte, pfn_pte(page_to_pfn(page),
						      PAGE_KERNEL)), 1);
	KUNIT_EXPECT_EQ(test, !!pte_same(pte, mk_pte(page + 1, PAGE_KERNEL)), 0);
	KUNIT_EXPECT_EQ(test, !!pte_present(pte), 1);
	KUNIT_EXPECT_EQ(test, !!pte_none(pte), 0);
	KUNIT_EXPECT_EQ(test, !!pte_none(mm_kunit_no_pte()), 1);
	KUNIT_EXPECT_EQ(test, !!pte_write(pte), 1);
	KUNIT_EXPECT_EQ(test, !!pte_write(pte_wrprotect(pte)), 0);
	KUNIT_EXPECT_EQ(test, pte_pfn(pte_wrprotect(pte)), page_to_pfn(page));
#ifdef CONFIG_UML
	/* The bit says that the host does not have the entry yet. */
	KUNIT_EXPECT_EQ(test, !!pte_same(pte_mkneedsync(pte), pte), 1);
	KUNIT_EXPECT_EQ(test, pte_pfn(pte_mkneedsync(pte)), page_to_pfn(page));
	KUNIT_EXPECT_EQ(test, !!pte_none(__pte(_PAGE_NEEDSYNC)), 1);
#endif
}

static const struct pte_batch {
	const char *desc;
	int nr;
} pte_batches[] = {
	{ .desc = "1", .nr = 1 },
	{ .desc = "2", .nr = 2 },
	{ .desc = "3", .nr = 3 },
	{ .desc = "8", .nr = NR_PAGES },
};

KUNIT_ARRAY_PARAM_DESC(pte_batch, pte_batches, desc);

/*
 * set_ptes() fills as many entries as it is given, and no more, with frames that follow
 * each other, because it maps several pages of a folio at once.
 */
static void set_ptes_page_frames(struct kunit *test)
{
	const struct pte_batch *row = test->param_value;
	struct page *page = alloc_test_pages(test, GFP_KERNEL);
	unsigned long addr, pfn = page_to_pfn(page);
	pte_t *table;

	/* The CPU does not walk this table; the address has entries of its own. */
	table = (pte_t *)page_address(alloc_test_pages(test, GFP_KERNEL |
							     __GFP_ZERO));
	addr = (unsigned long)mm_kunit_vmalloc(test, NR_PAGES * PAGE_SIZE);
	set_ptes(&init_mm, addr, table, pfn_pte(pfn, PAGE_KERNEL), row->nr);
	for (int i = 0; i < row->nr; i++) {
		KUNIT_EXPECT_EQ_MSG(test, pte_pfn(table[i]), pfn + i,
				    "entry %d", i);
		KUNIT_EXPECT_EQ_MSG(test, !!pte_write(table[i]), 1, "pte_write() of entry %d", i);
	}
	/* On MIPS an empty entry may have a bit of the one beside it. */
	KUNIT_EXPECT_EQ_MSG(test, pte_none(table[row->nr]) ? 0 : pte_val(table[row->nr]), 0,
			    "the entry behind");
}

static struct kunit_case page_frame_cases[] = {
	KUNIT_CASE_PARAM(page_frames, page_kind_gen_params),
	KUNIT_CASE_PARAM(page_addresses, page_kind_gen_params),
	KUNIT_CASE_PARAM(page_frames_share_contents, page_kind_gen_params),
	KUNIT_CASE(highmem_page_has_no_address),
	KUNIT_CASE(compound_page_addresses),
	KUNIT_CASE(large_object_head_page),
	KUNIT_CASE(pfn_valid_bounds),
	KUNIT_CASE(valid_pfn_walk_bounds),
	KUNIT_CASE(page_to_phys_invalid),
	KUNIT_CASE_PARAM(pte_page_frame, page_kind_gen_params),
	KUNIT_CASE_PARAM(set_ptes_page_frames, pte_batch_gen_params),
	{}
};

static struct kunit_suite page_frame_suite = {
	.name = "page_frame",
	.init = mm_kunit_init,
	.test_cases = page_frame_cases,
};

kunit_test_suite(page_frame_suite);

MODULE_DESCRIPTION("KUnit tests for the conversions of pages and page frames");
MODULE_LICENSE("GPL");
