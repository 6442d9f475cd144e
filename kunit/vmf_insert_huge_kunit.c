// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests for what ->huge_fault maps huge pages with: vmf_insert_pfn_pmd(),
 * vmf_insert_folio_pmd(), vmf_insert_pfn_pud() and vmf_insert_folio_pud().
 *
 * The rules are those of vmf_insert_page(): a folio is counted as mapped and
 * referenced, a page frame is not, and what is mapped already stays mapped.
 */
#include <kunit/test.h>
#include <linux/gfp.h>
#include <linux/highmem.h>
#include <linux/huge_mm.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/module.h>
#include <linux/pgtable.h>
#include <linux/sizes.h>

#include "mm_kunit.h"
#include "test_driver.h"
#include "user_checks.h"
#include "user_vma.h"
#include "vmf_driver.h"

/* -- entries of a PMD --------------------------------------------------------- */

#define HUGE_AT		(ALIGN(SZ_1G, PMD_SIZE))

static vm_fault_t insert_pfn_pmd(struct vm_fault *at, struct vmf_driver *drv)
{
	return vmf_insert_pfn_pmd(at, drv->pfn, false);
}

/* Makes an entry look as if nobody had accessed its page for long. */
static void make_pmd_old(pmd_t *pmd)
{
	if (pmd_present(*pmd))
		*pmd = pmd_mkold(*pmd);
}

static vm_fault_t insert_pfn_pmd_write(struct vm_fault *at, struct vmf_driver *drv)
{
	make_pmd_old(at->pmd);
	return vmf_insert_pfn_pmd(at, drv->pfn, true);
}

static vm_fault_t insert_folio_pmd(struct vm_fault *at, struct vmf_driver *drv)
{
	return vmf_insert_folio_pmd(at, page_folio(drv->page), false);
}

static vm_fault_t insert_folio_pmd_write(struct vm_fault *at, struct vmf_driver *drv)
{
	make_pmd_old(at->pmd);
	return vmf_insert_folio_pmd(at, page_folio(drv->page), true);
}

/* Returns the entry of the PMD for an address, which is pmd_none() without a table. */
static pmd_t user_pmd(unsigned long addr)
{
	pmd_t pmd = __pmd(0);
	p4d_t *p4d;
	pud_t *pud;

	mmap_read_lock(current->mm);
	p4d = p4d_offset(pgd_offset(current->mm, addr), addr);
	if (p4d_present(*p4d)) {
		pud = pud_offset(p4d, addr);
		if (pud_present(*pud) && !pud_leaf(*pud))
			pmd = *pmd_offset(pud, addr);
	}
	mmap_read_unlock(current->mm);

	return pmd;
}

/* Expects a property of the PMD entry for an address, as USER_EXPECT_PTE() does. */
#define EXPECT_PMD(test, addr, property, expected)				\
do {										\
	unsigned long __addr = (addr);						\
										\
	KUNIT_EXPECT_EQ_MSG(test, !!pmd_##property(user_pmd(__addr)), expected,	\
			    "pmd_" #property "() of the entry for %lx", __addr);	\
} while (0)

static struct page *huge_page(struct kunit *test)
{
	return mm_kunit_pages(test, GFP_KERNEL | __GFP_NOWARN, PMD_ORDER);
}

/* Has the driver insert a huge page of its own; skips the case if there are none. */
static struct vmf_driver *huge_driver(struct kunit *test, vmf_insert_t insert, vm_flags_t flags)
{
	struct vmf_driver *drv = vmf_driver(test);

	if (!has_transparent_hugepage())
		kunit_skip(test, "needs a CPU with huge pages");
	/* They are off by default if there is little memory. */
	if (totalram_pages() < SZ_512M / PAGE_SIZE)
		kunit_skip(test, "needs 512 MB of memory for huge pages");
	vmf_driver_use(drv, huge_page(test));
	drv->insert = insert;
	drv->order = PMD_ORDER;
	/* As if by madvise(). */
	drv->base.set = flags | VM_HUGEPAGE;

	return drv;
}

/*
 * vmf_insert_pfn_pmd() maps page frames by one entry of the PMD, with the protection of
 * the VMA, and counts nothing. Part of such a page cannot be unmapped, so that munmap()
 * of a page unmaps all of it; ->huge_fault is called again for the rest.
 */
static void vmf_insert_pfn_pmd_maps(struct kunit *test)
{
	struct vmf_driver *drv = huge_driver(test, insert_pfn_pmd, VM_PFNMAP);
	unsigned long addr = vmf_driver_map(test, HUGE_AT, 2 * PMD_SIZE, PROT_RW, MAP_SHARED);
	unsigned long at = addr + PMD_SIZE;
	struct page *page = drv->page;

	/*
	 *      addr          at = addr + PMD_SIZE
	 *      |-- empty --|-- huge page --|
	 *                    ^ the fault is on its sixth page
	 */
	memset_page(page + 3, 0, 0x5a, PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, user_fault(at + 5 * PAGE_SIZE, 0), VM_FAULT_NOPAGE);
	KUNIT_EXPECT_EQ(test, drv->huge_faults, 1);
	EXPECT_PMD(test, addr, none, true);
	KUNIT_ASSERT_EQ(test, !!pmd_leaf(user_pmd(at)), true);
	KUNIT_EXPECT_EQ(test, pmd_pfn(user_pmd(at)), drv->pfn);
	EXPECT_PMD(test, at, special, IS_ENABLED(CONFIG_ARCH_SUPPORTS_PMD_PFNMAP));
	EXPECT_PMD(test, at, write, true);
	EXPECT_PMD(test, at, dirty, false);
	MM_KUNIT_EXPECT(test, vmf_check_raw(test, at, drv->pfn, PMD_MASK));
	MM_KUNIT_EXPECT(test, vmf_check_raw(test, addr + 2 * PMD_SIZE - 1,
					    drv->pfn + HPAGE_PMD_NR - 1, PMD_MASK));
	VMF_EXPECT_MAPPED(test, page, 0, "after the fault");
	MM_KUNIT_EXPECT_RSS(test, 0, 0, 0, "after the fault");
	MM_KUNIT_EXPECT(test, user_check_reads(test, at + 3 * PAGE_SIZE, page + 3));

	/* The huge page would begin before what is left of the VMA, so the write fails. */
	KUNIT_ASSERT_EQ(test, vm_munmap(at, PAGE_SIZE), 0);
	EXPECT_PMD(test, at, leaf, false);
	KUNIT_EXPECT_EQ(test, user_write(at + 3 * PAGE_SIZE, 1), false);
	/* How often a copy tries again is up to the architecture. */
	KUNIT_EXPECT_GT(test, drv->huge_faults, 1);
	KUNIT_ASSERT_EQ(test, vm_munmap(addr, 2 * PMD_SIZE), 0);
	VMF_EXPECT_MAPPED(test, page, 0, "after munmap()");
	MM_KUNIT_EXPECT_RSS(test, 0, 0, 0, "after munmap()");
}

/*
 * vmf_insert_folio_pmd() maps all of a folio by one entry of the PMD and counts it,
 * because munmap() takes that back: one mapping and one reference of the folio, and all
 * of its pages in MM_FILEPAGES. The pages are normal ones, which get_user_pages() finds.
 */
static void vmf_insert_folio_pmd_maps(struct kunit *test)
{
	struct vmf_driver *drv = huge_driver(test, insert_folio_pmd, VM_MIXEDMAP);
	unsigned long addr = vmf_driver_map(test, HUGE_AT, 2 * PMD_SIZE, PROT_RW, MAP_SHARED);
	unsigned long at = addr + PMD_SIZE;
	struct page *page = drv->page;

	KUNIT_EXPECT_EQ(test, user_fault(at + 5 * PAGE_SIZE, 0), VM_FAULT_NOPAGE);
	EXPECT_PMD(test, addr, none, true);
	KUNIT_ASSERT_EQ(test, !!pmd_leaf(user_pmd(at)), true);
	KUNIT_EXPECT_EQ(test, pmd_pfn(user_pmd(at)), drv->pfn);
	EXPECT_PMD(test, at, special, false);
	EXPECT_PMD(test, at, write, true);
	EXPECT_PMD(test, at, dirty, false);
	VMF_EXPECT_MAPPED(test, page, 1, "after the fault");
	MM_KUNIT_EXPECT_RSS(test, HPAGE_PMD_NR, 0, 0, "after the fault");
	KUNIT_EXPECT_PTR_EQ(test, user_page(at + 7 * PAGE_SIZE, 0), page + 7);
	KUNIT_EXPECT_EQ(test, user_write(at + 7 * PAGE_SIZE, 1), true);

	KUNIT_ASSERT_EQ(test, vm_munmap(addr, 2 * PMD_SIZE), 0);
	VMF_EXPECT_MAPPED(test, page, 0, "after munmap()");
	MM_KUNIT_EXPECT_RSS(test, 0, 0, 0, "after munmap()");
}

static const struct gup {
	const char *desc;
	bool pin;		/* pin_user_pages*() */
	bool fast;		/* *_fast(), else *_unlocked() */
} gups[] = {
	{ .desc = "get_user_pages_unlocked" },
	{ .desc = "pin_user_pages_unlocked", .pin = true },
	{ .desc = "get_user_pages_fast", .fast = true },
	{ .desc = "pin_user_pages_fast", .pin = true, .fast = true },
};

KUNIT_ARRAY_PARAM_DESC(gup, gups, desc);

/* Calls the function of the row, and returns what it does. */
static long call_gup(const struct gup *row, unsigned long addr, int nr, unsigned int flags,
		     struct page **pages)
{
	if (row->fast)
		return row->pin ? pin_user_pages_fast(addr, nr, flags, pages) :
				  get_user_pages_fast(addr, nr, flags, pages);
	return row->pin ? pin_user_pages_unlocked(addr, nr, pages, flags) :
			  get_user_pages_unlocked(addr, nr, pages, flags);
}

static void release_pages_of(const struct gup *row, struct page **pages, long nr)
{
	long i;

	for (i = 0; i < nr; i++)
		row->pin ? unpin_user_page(pages[i]) : put_page(pages[i]);
}

/*
 * get_user_pages() takes a reference of the huge folio for each page of it that it
 * returns, and pin_user_pages() a reference and a pin, so that the folio lives until
 * each page is given back. As many pages are returned as are wanted or are left.
 */
static void vmf_insert_folio_pmd_gup(struct kunit *test)
{
	const struct gup *row = test->param_value;
	struct vmf_driver *drv = huge_driver(test, insert_folio_pmd_write, VM_MIXEDMAP);
	unsigned long addr = vmf_driver_map(test, HUGE_AT, PMD_SIZE, PROT_RW, MAP_SHARED);
	struct page *page = drv->page, *pages[6] = {};
	struct folio *folio = page_folio(page);
	int i, wanted = row->fast ? 3 : 6;
	long nr;

	/* Five pages of the VMA are left from here on. */
	KUNIT_EXPECT_EQ(test, user_fault(addr, FAULT_FLAG_WRITE), VM_FAULT_NOPAGE);
	addr += PMD_SIZE - 5 * PAGE_SIZE;
	nr = call_gup(row, addr, wanted, FOLL_WRITE, pages);
	KUNIT_EXPECT_EQ(test, nr, row->fast ? 3 : 5);
	for (i = 0; i < nr; i++)
		KUNIT_EXPECT_PTR_EQ_MSG(test, pages[i], page + HPAGE_PMD_NR - 5 + i,
					"page %d", i);
	KUNIT_EXPECT_EQ(test, folio_ref_count(folio), 2 + nr);
	KUNIT_EXPECT_EQ(test, atomic_read(&folio->_pincount), row->pin ? nr : 0);
	release_pages_of(row, pages, nr);
	KUNIT_EXPECT_EQ(test, atomic_read(&folio->_pincount), 0);
	VMF_EXPECT_MAPPED(test, page, 1, "after the pages were given back");
}

/*
 * get_user_pages() returns -EEXIST for a raw huge page, as for a raw small one, because
 * its page frames need not have a struct page. These have one, so that a reference to
 * it would be seen.
 */
static void vmf_insert_pfn_pmd_gup(struct kunit *test)
{
	static const unsigned int flags[] = { 0, FOLL_WRITE };
	const struct gup *row = test->param_value;
	struct vmf_driver *drv = huge_driver(test, insert_pfn_pmd_write, VM_MIXEDMAP);
	unsigned long addr = vmf_driver_map(test, HUGE_AT, PMD_SIZE, PROT_RW, MAP_SHARED);
	struct page *page = drv->page;
	int i;

	if (!IS_ENABLED(CONFIG_ARCH_SUPPORTS_PMD_PFNMAP))
		kunit_skip(test, "needs CONFIG_ARCH_SUPPORTS_PMD_PFNMAP");
	KUNIT_EXPECT_EQ(test, user_fault(addr, FAULT_FLAG_WRITE), VM_FAULT_NOPAGE);
	KUNIT_ASSERT_EQ(test, !!pmd_leaf(user_pmd(addr)), true);
	for (i = 0; i < ARRAY_SIZE(flags); i++) {
		struct page *pages[2] = {};
		long nr = call_gup(row, addr, 2, flags[i], pages);

		KUNIT_EXPECT_EQ_MSG(test, nr, -EEXIST, "flags %#x", flags[i]);
		KUNIT_EXPECT_PTR_EQ_MSG(test, pages[0], NULL, "flags %#x", flags[i]);
		VMF_EXPECT_MAPPED(test, page, 0, "with flags %#x", flags[i]);
		release_pages_of(row, pages, nr);
	}
	KUNIT_ASSERT_EQ(test, !!pmd_leaf(user_pmd(addr)), true);
}

static const struct huge {
	const char *desc;
	vmf_insert_t insert;	/* for a read */
	vmf_insert_t write;	/* for a write */
	vm_flags_t flags;	/* that ->mmap sets */
	bool counts;		/* the folio is counted as mapped and referenced */
} huges[] = {
	{ .desc = "vmf_insert_pfn_pmd", .insert = insert_pfn_pmd,
	  .write = insert_pfn_pmd_write, .flags = VM_PFNMAP },
	{ .desc = "vmf_insert_folio_pmd", .insert = insert_folio_pmd,
	  .write = insert_folio_pmd_write, .flags = VM_MIXEDMAP, .counts = true },
};

KUNIT_ARRAY_PARAM_DESC(huge, huges, desc);

/*
 * If a huge page is mapped already, it stays mapped, and the result is VM_FAULT_NOPAGE,
 * because another thread may have had the same fault. For a write the entry of the same
 * page becomes writable, dirty and young; another page is not mapped, and warns.
 */
static void vmf_insert_pmd_occupied(struct kunit *test)
{
	const struct huge *row = test->param_value;
	struct vmf_driver *drv = huge_driver(test, row->insert, row->flags);
	struct page *first = drv->page, *second = huge_page(test);
	unsigned long addr, at;
	vm_fault_t ret = 0;

	/* A fault on the first PMD inserts in the second one. */
	drv->offset = PMD_SIZE;
	drv->base.ops = &vmf_notify_vm_ops;
	addr = vmf_driver_map(test, HUGE_AT, 2 * PMD_SIZE, PROT_RW, MAP_SHARED);
	at = addr + PMD_SIZE;
	KUNIT_EXPECT_EQ(test, user_fault(addr, 0), VM_FAULT_NOPAGE);
	KUNIT_EXPECT_EQ(test, user_fault(addr, 0), VM_FAULT_NOPAGE);
	EXPECT_PMD(test, at, dirty, false);
	EXPECT_PMD(test, at, write, false);
	vmf_driver_use(drv, second);
	KUNIT_EXPECT_EQ(test, user_fault(addr, 0), VM_FAULT_NOPAGE);
	KUNIT_EXPECT_EQ(test, pmd_pfn(user_pmd(at)), page_to_pfn(first));

	/* Another page for a write. */
	drv->insert = row->write;
	kunit_warning_suppress(test) {
		ret = user_fault(addr, 0);
		KUNIT_EXPECT_SUPPRESSED_WARNING_COUNT(test, MM_KUNIT_WARN(1));
	}
	KUNIT_EXPECT_EQ(test, ret, VM_FAULT_NOPAGE);
	KUNIT_EXPECT_EQ(test, pmd_pfn(user_pmd(at)), page_to_pfn(first));
	EXPECT_PMD(test, at, dirty, false);
	VMF_EXPECT_MAPPED(test, first, row->counts, "after the other page's fault");
	VMF_EXPECT_MAPPED(test, second, 0, "after its fault");

	/* The same page for a write. */
	vmf_driver_use(drv, first);
	KUNIT_EXPECT_EQ(test, user_fault(addr, 0), VM_FAULT_NOPAGE);
	KUNIT_EXPECT_EQ(test, pmd_pfn(user_pmd(at)), page_to_pfn(first));
	EXPECT_PMD(test, at, dirty, true);
	EXPECT_PMD(test, at, young, true);
	EXPECT_PMD(test, at, write, true);
	VMF_EXPECT_MAPPED(test, first, row->counts, "after the write");
	MM_KUNIT_EXPECT_RSS(test, row->counts ? HPAGE_PMD_NR : 0, 0, 0, "after the write");
	KUNIT_ASSERT_EQ(test, vm_munmap(addr, 2 * PMD_SIZE), 0);
	VMF_EXPECT_MAPPED(test, first, 0, "after munmap()");
}

/*
 * A huge page that is inserted for a write is writable, dirty and young at once, even if
 * the driver wants to hear of the first write, because this is that write. But in a VMA
 * that is not writable it is read-only, also when the same page is inserted again.
 */
static void vmf_insert_pmd_write(struct kunit *test)
{
	const struct huge *row = test->param_value;
	struct vmf_driver *drv = huge_driver(test, row->write, row->flags);
	struct page *page = drv->page;
	unsigned long addr, at;
	int i;

	drv->base.ops = &vmf_notify_vm_ops;
	addr = vmf_driver_map(test, HUGE_AT, PMD_SIZE, PROT_RW, MAP_SHARED);
	KUNIT_EXPECT_EQ(test, user_fault(addr, FAULT_FLAG_WRITE), VM_FAULT_NOPAGE);
	EXPECT_PMD(test, addr, write, true);
	EXPECT_PMD(test, addr, dirty, true);
	EXPECT_PMD(test, addr, young, true);
	KUNIT_ASSERT_EQ(test, vm_munmap(addr, PMD_SIZE), 0);
	VMF_EXPECT_MAPPED(test, page, 0, "after munmap()");

	drv->offset = PMD_SIZE;
	addr = vmf_driver_map(test, HUGE_AT, 2 * PMD_SIZE, PROT_READ, MAP_SHARED);
	at = addr + PMD_SIZE;
	for (i = 0; i < 2; i++) {
		KUNIT_EXPECT_EQ_MSG(test, user_fault(addr, 0), VM_FAULT_NOPAGE, "insert %d", i);
		KUNIT_EXPECT_EQ_MSG(test, !!pmd_leaf(user_pmd(at)), true, "insert %d", i);
		KUNIT_EXPECT_EQ_MSG(test, !!pmd_write(user_pmd(at)), false, "insert %d", i);
	}
}

/*
 * A huge page that would begin before the VMA, or where it ends, is VM_FAULT_SIGBUS and
 * is not mapped: what is there belongs to somebody else. The page begins at the address
 * of the fault, rounded down.
 */
static void vmf_insert_pmd_outside(struct kunit *test)
{
	const struct huge *row = test->param_value;
	struct vmf_driver *drv = huge_driver(test, row->insert, row->flags);
	unsigned long addr = HUGE_AT + PAGE_SIZE;
	struct page *page = drv->page;

	/* The VMA begins with the second page of a PMD. */
	vmf_driver_map(test, addr, PMD_SIZE, PROT_RW, MAP_SHARED);
	KUNIT_EXPECT_EQ(test, user_fault(addr, 0), VM_FAULT_SIGBUS);
	KUNIT_EXPECT_EQ(test, drv->huge_faults, 1);
	EXPECT_PMD(test, addr, leaf, false);
	KUNIT_ASSERT_EQ(test, vm_munmap(addr, PMD_SIZE), 0);

	/* The VMA ends with the PMD before. */
	drv->offset = PMD_SIZE;
	vmf_driver_map(test, HUGE_AT, PMD_SIZE, PROT_RW, MAP_SHARED);
	KUNIT_EXPECT_EQ(test, user_fault(HUGE_AT, 0), VM_FAULT_SIGBUS);
	EXPECT_PMD(test, HUGE_AT + PMD_SIZE, leaf, false);
	VMF_EXPECT_MAPPED(test, page, 0, "after the faults");
	MM_KUNIT_EXPECT_RSS(test, 0, 0, 0, "after the faults");
}

/*
 * A folio of another order than the entry's warns and is VM_FAULT_SIGBUS, because a
 * smaller one would give the process the memory behind it.
 */
static void vmf_insert_folio_pmd_wrong_order(struct kunit *test)
{
	struct vmf_driver *drv = huge_driver(test, insert_folio_pmd, VM_MIXEDMAP);
	unsigned long addr = vmf_driver_map(test, HUGE_AT, PMD_SIZE, PROT_RW, MAP_SHARED);
	struct page *page = mm_kunit_page(test);
	vm_fault_t ret = 0;

	vmf_driver_use(drv, page);
	kunit_warning_suppress(test) {
		ret = user_fault(addr, 0);
		KUNIT_EXPECT_SUPPRESSED_WARNING_COUNT(test, MM_KUNIT_WARN(1));
	}
	KUNIT_EXPECT_EQ(test, ret, VM_FAULT_SIGBUS);
	EXPECT_PMD(test, addr, leaf, false);
	VMF_EXPECT_MAPPED(test, page, 0, "after the fault");
}

/* -- entries of a PUD --------------------------------------------------------- */

#ifdef CONFIG_HAVE_ARCH_TRANSPARENT_HUGEPAGE_PUD
#define PUD_AT		(4 * PUD_SIZE)
/* Where a huge page could be; there need not be memory, as it is never accessed. */
#define PUD_PFN		(PHYS_PFN(SZ_64G))

static vm_fault_t insert_pfn_pud(struct vm_fault *at, struct vmf_driver *drv)
{
	return vmf_insert_pfn_pud(at, drv->pfn, false);
}

static vm_fault_t insert_pfn_pud_write(struct vm_fault *at, struct vmf_driver *drv)
{
	if (pud_present(*at->pud))
		*at->pud = pud_mkold(*at->pud);
	return vmf_insert_pfn_pud(at, drv->pfn, true);
}

static vm_fault_t insert_folio_pud(struct vm_fault *at, struct vmf_driver *drv)
{
	return vmf_insert_folio_pud(at, page_folio(drv->page), false);
}

/* Returns the entry of the PUD for an address, which is pud_none() without a table. */
static pud_t user_pud(unsigned long addr)
{
	pud_t pud = __pud(0);
	p4d_t *p4d;

	mmap_read_lock(current->mm);
	p4d = p4d_offset(pgd_offset(current->mm, addr), addr);
	if (p4d_present(*p4d))
		pud = *pud_offset(p4d, addr);
	mmap_read_unlock(current->mm);

	return pud;
}

/* Expects a property of the PUD entry for an address, as USER_EXPECT_PTE() does. */
#define EXPECT_PUD(test, addr, property, expected)				\
do {										\
	unsigned long __addr = (addr);						\
										\
	KUNIT_EXPECT_EQ_MSG(test, !!pud_##property(user_pud(__addr)), expected,	\
			    "pud_" #property "() of the entry for %lx", __addr);	\
} while (0)

static struct vmf_driver *pud_driver(struct kunit *test, vmf_insert_t insert)
{
	struct vmf_driver *drv = vmf_driver(test);

	drv->pfn = PUD_PFN;
	drv->insert = insert;
	drv->order = PUD_ORDER;
	drv->base.set = VM_PFNMAP | VM_HUGEPAGE;

	return drv;
}

/*
 * vmf_insert_pfn_pud() maps page frames by one entry of the PUD, as
 * vmf_insert_pfn_pmd() does by one of the PMD. What is mapped already stays mapped, and
 * only a write of the same page makes it writable, dirty and young.
 */
static void vmf_insert_pfn_pud_maps(struct kunit *test)
{
	struct vmf_driver *drv = pud_driver(test, insert_pfn_pud);
	unsigned long addr = vmf_driver_map(test, PUD_AT, 2 * PUD_SIZE, PROT_RW, MAP_SHARED);
	unsigned long at = addr + PUD_SIZE;
	vm_fault_t ret = 0;

	KUNIT_EXPECT_EQ(test, user_fault(at + PMD_SIZE, 0), VM_FAULT_NOPAGE);
	KUNIT_EXPECT_EQ(test, drv->huge_faults, 1);
	EXPECT_PUD(test, addr, none, true);
	KUNIT_ASSERT_EQ(test, !!pud_leaf(user_pud(at)), true);
	KUNIT_EXPECT_EQ(test, pud_pfn(user_pud(at)), PUD_PFN);
	EXPECT_PUD(test, at, special, true);
	EXPECT_PUD(test, at, write, true);
	EXPECT_PUD(test, at, dirty, false);
	MM_KUNIT_EXPECT(test, vmf_check_raw(test, at + PMD_SIZE + PAGE_SIZE,
					    PUD_PFN + HPAGE_PMD_NR + 1, PUD_MASK));
	MM_KUNIT_EXPECT_RSS(test, 0, 0, 0, "after the fault");

	/* The same page again, another one, and another one for a write. */
	drv->offset = PUD_SIZE;
	KUNIT_EXPECT_EQ(test, user_fault(addr, 0), VM_FAULT_NOPAGE);
	drv->pfn = 2 * PUD_PFN;
	KUNIT_EXPECT_EQ(test, user_fault(addr, 0), VM_FAULT_NOPAGE);
	drv->insert = insert_pfn_pud_write;
	kunit_warning_suppress(test) {
		ret = user_fault(addr, 0);
		KUNIT_EXPECT_SUPPRESSED_WARNING_COUNT(test, MM_KUNIT_WARN(1));
	}
	KUNIT_EXPECT_EQ(test, ret, VM_FAULT_NOPAGE);
	KUNIT_EXPECT_EQ(test, pud_pfn(user_pud(at)), PUD_PFN);
	EXPECT_PUD(test, at, dirty, false);

	/* The same page for a write. */
	drv->pfn = PUD_PFN;
	KUNIT_EXPECT_EQ(test, user_fault(addr, 0), VM_FAULT_NOPAGE);
	EXPECT_PUD(test, at, dirty, true);
	EXPECT_PUD(test, at, write, true);
	EXPECT_PUD(test, at, young, true);
	KUNIT_ASSERT_EQ(test, vm_munmap(addr, 2 * PUD_SIZE), 0);
	MM_KUNIT_EXPECT_RSS(test, 0, 0, 0, "after munmap()");

	/* For a write in an empty entry. */
	drv->offset = 0;
	addr = vmf_driver_map(test, PUD_AT, PUD_SIZE, PROT_RW, MAP_SHARED);
	KUNIT_EXPECT_EQ(test, user_fault(addr, FAULT_FLAG_WRITE), VM_FAULT_NOPAGE);
	EXPECT_PUD(test, addr, dirty, true);
	EXPECT_PUD(test, addr, young, true);
	EXPECT_PUD(test, addr, write, true);
}

/*
 * A driver that wants to hear of the first write gets a read-only entry for a read,
 * because a writable one would not fault. For a write, the entry becomes writable,
 * whether it is empty or maps the same page. In a VMA that is not writable, the entry
 * stays read-only.
 */
static void vmf_insert_pfn_pud_write(struct kunit *test)
{
	struct vmf_driver *drv = pud_driver(test, insert_pfn_pud);
	unsigned long addr, at;
	int i;

	drv->base.ops = &vmf_notify_vm_ops;
	drv->offset = PUD_SIZE;
	addr = vmf_driver_map(test, PUD_AT, 2 * PUD_SIZE, PROT_RW, MAP_SHARED);
	at = addr + PUD_SIZE;
	KUNIT_EXPECT_EQ(test, user_fault(addr, 0), VM_FAULT_NOPAGE);
	EXPECT_PUD(test, at, write, false);
	drv->insert = insert_pfn_pud_write;
	KUNIT_EXPECT_EQ(test, user_fault(addr, 0), VM_FAULT_NOPAGE);
	EXPECT_PUD(test, at, write, true);
	KUNIT_ASSERT_EQ(test, vm_munmap(addr, 2 * PUD_SIZE), 0);

	vmf_driver_map(test, PUD_AT, 2 * PUD_SIZE, PROT_RW, MAP_SHARED);
	KUNIT_EXPECT_EQ(test, user_fault(addr, 0), VM_FAULT_NOPAGE);
	EXPECT_PUD(test, at, write, true);
	KUNIT_ASSERT_EQ(test, vm_munmap(addr, 2 * PUD_SIZE), 0);

	vmf_driver_map(test, PUD_AT, 2 * PUD_SIZE, PROT_READ, MAP_SHARED);
	for (i = 0; i < 2; i++) {
		KUNIT_EXPECT_EQ_MSG(test, user_fault(addr, 0), VM_FAULT_NOPAGE, "insert %d", i);
		KUNIT_EXPECT_EQ_MSG(test, !!pud_leaf(user_pud(at)), true, "insert %d", i);
		KUNIT_EXPECT_EQ_MSG(test, !!pud_write(user_pud(at)), false, "insert %d", i);
	}
}

/*
 * A huge page that would begin before the VMA, or where it ends, is VM_FAULT_SIGBUS and
 * is not mapped, because what is there belongs to somebody else, as with a PMD.
 */
static void vmf_insert_pfn_pud_outside(struct kunit *test)
{
	struct vmf_driver *drv = pud_driver(test, insert_pfn_pud);
	unsigned long addr = PUD_AT + PAGE_SIZE;

	/* The VMA begins with the second page of a PUD. */
	vmf_driver_map(test, addr, PUD_SIZE, PROT_RW, MAP_SHARED);
	KUNIT_EXPECT_EQ(test, user_fault(addr, 0), VM_FAULT_SIGBUS);
	KUNIT_EXPECT_EQ(test, drv->huge_faults, 1);
	EXPECT_PUD(test, addr, leaf, false);
	KUNIT_ASSERT_EQ(test, vm_munmap(addr, PUD_SIZE), 0);

	/* The VMA ends with the PUD before. */
	drv->offset = PUD_SIZE;
	vmf_driver_map(test, PUD_AT, PUD_SIZE, PROT_RW, MAP_SHARED);
	KUNIT_EXPECT_EQ(test, user_fault(PUD_AT, 0), VM_FAULT_SIGBUS);
	EXPECT_PUD(test, PUD_AT + PUD_SIZE, leaf, false);
}

/*
 * A folio of another order than the entry's warns and is VM_FAULT_SIGBUS, because the
 * entry would map the memory behind the folio, as with a PMD.
 */
static void vmf_insert_folio_pud_wrong_order(struct kunit *test)
{
	struct vmf_driver *drv = pud_driver(test, insert_folio_pud);
	struct page *page = mm_kunit_page(test);
	unsigned long addr;
	vm_fault_t ret = 0;

	drv->base.set = VM_MIXEDMAP | VM_HUGEPAGE;
	vmf_driver_use(drv, page);
	addr = vmf_driver_map(test, PUD_AT, PUD_SIZE, PROT_RW, MAP_SHARED);
	kunit_warning_suppress(test) {
		ret = user_fault(addr, 0);
		KUNIT_EXPECT_SUPPRESSED_WARNING_COUNT(test, MM_KUNIT_WARN(1));
	}
	KUNIT_EXPECT_EQ(test, ret, VM_FAULT_SIGBUS);
	EXPECT_PUD(test, addr, leaf, false);
	VMF_EXPECT_MAPPED(test, page, 0, "after the fault");
}
#endif

static struct kunit_case vmf_insert_huge_cases[] = {
	KUNIT_CASE(vmf_insert_pfn_pmd_maps),
	KUNIT_CASE(vmf_insert_folio_pmd_maps),
	KUNIT_CASE_PARAM(vmf_insert_folio_pmd_gup, gup_gen_params),
	KUNIT_CASE_PARAM(vmf_insert_pfn_pmd_gup, gup_gen_params),
	KUNIT_CASE_PARAM(vmf_insert_pmd_occupied, huge_gen_params),
	KUNIT_CASE_PARAM(vmf_insert_pmd_write, huge_gen_params),
	KUNIT_CASE_PARAM(vmf_insert_pmd_outside, huge_gen_params),
	KUNIT_CASE(vmf_insert_folio_pmd_wrong_order),
#ifdef CONFIG_HAVE_ARCH_TRANSPARENT_HUGEPAGE_PUD
	KUNIT_CASE(vmf_insert_pfn_pud_maps),
	KUNIT_CASE(vmf_insert_pfn_pud_write),
	KUNIT_CASE(vmf_insert_pfn_pud_outside),
	KUNIT_CASE(vmf_insert_folio_pud_wrong_order),
#endif
	{}
};

static struct kunit_suite vmf_insert_huge_suite = {
	.name = "vmf_insert_huge",
	.init = vmf_driver_init,
	.test_cases = vmf_insert_huge_cases,
};

kunit_test_suite(vmf_insert_huge_suite);

MODULE_DESCRIPTION("KUnit tests for vmf_insert_pfn_pmd() and vmf_insert_folio_pmd()");
MODULE_LICENSE("GPL");
