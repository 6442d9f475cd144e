// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests for what ->fault maps single pages with: vmf_insert_page(),
 * vmf_insert_page_mkwrite(), vmf_insert_pfn(), vmf_insert_pfn_prot(),
 * vmf_insert_mixed() and vmf_insert_mixed_mkwrite().
 *
 * The first two count the page as mapped and referenced, the others do not. All of
 * them share a rule: another thread may have had the same fault, so a page that is
 * found to be mapped already stays mapped, and that is no error.
 */
#include <kunit/test.h>
#include <linux/gfp.h>
#include <linux/highmem.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/module.h>
#include <linux/pgtable.h>

#include "bad_pages.h"
#include "mm_kunit.h"
#include "test_driver.h"
#include "user_checks.h"
#include "user_vma.h"
#include "vmf_driver.h"

#define SHARED_RW	vm_get_page_prot(VM_READ | VM_WRITE | VM_SHARED)
#define SHARED_RO	vm_get_page_prot(VM_READ | VM_SHARED)

static vm_fault_t insert_page(struct vm_fault *at, struct vmf_driver *drv)
{
	return vmf_insert_page(at->vma, at->address, drv->page);
}

static vm_fault_t insert_page_mkwrite_read(struct vm_fault *at, struct vmf_driver *drv)
{
	return vmf_insert_page_mkwrite(at, drv->page, false);
}

static vm_fault_t insert_page_mkwrite(struct vm_fault *at, struct vmf_driver *drv)
{
	return vmf_insert_page_mkwrite(at, drv->page, true);
}

static vm_fault_t insert_pfn(struct vm_fault *at, struct vmf_driver *drv)
{
	return vmf_insert_pfn(at->vma, at->address, drv->pfn);
}

static vm_fault_t insert_pfn_prot(struct vm_fault *at, struct vmf_driver *drv)
{
	return vmf_insert_pfn_prot(at->vma, at->address, drv->pfn, drv->prot);
}

static vm_fault_t insert_mixed(struct vm_fault *at, struct vmf_driver *drv)
{
	return vmf_insert_mixed(at->vma, at->address, drv->pfn);
}

static vm_fault_t insert_mixed_mkwrite(struct vm_fault *at, struct vmf_driver *drv)
{
	return vmf_insert_mixed_mkwrite(at->vma, at->address, drv->pfn);
}

/*
 * Without pte_special(), vmf_insert_mixed() has to map a page frame that has a struct
 * page as a normal, counted page: in a VM_MIXEDMAP VMA, nothing tells the two apart.
 */
#define MIXED_COUNTS	(!IS_ENABLED(CONFIG_ARCH_HAS_PTE_SPECIAL))

static const struct function {
	const char *desc;
	vmf_insert_t insert;
	vm_flags_t flags;	/* what the function wants the VMA to have */
	bool counts;		/* the page is counted as mapped and referenced */
	bool mkwrite;		/* the page is inserted for a write */
} functions[] = {
	{ .desc = "vmf_insert_page", .insert = insert_page, .flags = VM_MIXEDMAP,
	  .counts = true },
	{ .desc = "vmf_insert_page_mkwrite_read", .insert = insert_page_mkwrite_read,
	  .flags = VM_MIXEDMAP, .counts = true },
	{ .desc = "vmf_insert_page_mkwrite", .insert = insert_page_mkwrite,
	  .flags = VM_MIXEDMAP, .counts = true, .mkwrite = true },
	{ .desc = "vmf_insert_pfn", .insert = insert_pfn, .flags = VM_PFNMAP },
	{ .desc = "vmf_insert_pfn_prot", .insert = insert_pfn_prot, .flags = VM_PFNMAP },
	{ .desc = "vmf_insert_mixed", .insert = insert_mixed, .flags = VM_MIXEDMAP,
	  .counts = MIXED_COUNTS },
	{ .desc = "vmf_insert_mixed_mkwrite", .insert = insert_mixed_mkwrite,
	  .flags = VM_MIXEDMAP, .counts = MIXED_COUNTS, .mkwrite = true },
};

KUNIT_ARRAY_PARAM_DESC(function, functions, desc);

/* Has the driver insert a page of its own, as the row says. */
static struct vmf_driver *function_driver(struct kunit *test)
{
	const struct function *row = test->param_value;
	struct vmf_driver *drv = vmf_driver(test);

	drv->insert = row->insert;
	drv->base.set = row->flags;
	drv->prot = SHARED_RW;
	vmf_driver_use(drv, mm_kunit_page(test));

	return drv;
}

/* -- all functions ----------------------------------------------------------- */

/*
 * The page is mapped at the given address and nowhere else, with the protection of the
 * VMA, and for a write the entry is dirty and young at once. vmf_insert_page() takes a
 * reference and counts the page, so munmap() hands the dirty bit on to it; a raw page
 * frame is never touched, as its struct page belongs to the driver.
 */
static void vmf_insert_maps(struct kunit *test)
{
	const struct function *row = test->param_value;
	struct vmf_driver *drv = function_driver(test);
	unsigned long addr = vmf_driver_map(test, 0, 3 * PAGE_SIZE, PROT_RW, MAP_SHARED);
	unsigned long at = addr + PAGE_SIZE;
	struct page *page = drv->page;
	u32 value = 0;
	pte_t pte;

	/*
	 *      addr
	 *      |-- empty --|-- page --|-- empty --|
	 */
	memset_page(page, 0, 0x5a, PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, user_fault(at + 16, 0), VM_FAULT_NOPAGE);
	KUNIT_EXPECT_EQ(test, drv->base.faults, 1);
	MM_KUNIT_EXPECT(test, user_check_none(test, addr));
	MM_KUNIT_EXPECT(test, user_check_pfn(test, at, drv->pfn, !row->counts));
	MM_KUNIT_EXPECT(test, user_check_none(test, at + PAGE_SIZE));
	VMF_EXPECT_MAPPED(test, page, row->counts, "after the fault");
	MM_KUNIT_EXPECT_RSS(test, row->counts, 0, 0, "after the fault");
	if (row->flags & VM_PFNMAP)
		MM_KUNIT_EXPECT(test, vmf_check_raw(test, at, drv->pfn, PAGE_MASK));
	USER_EXPECT_PTE(test, at, write, true);
	USER_EXPECT_PTE(test, at, dirty, row->mkwrite);
	if (row->mkwrite)
		USER_EXPECT_PTE(test, at, young, true);

	/* The process writes to the page, without another fault. */
	KUNIT_EXPECT_EQ(test, user_write(at, 0x12345678), true);
	KUNIT_EXPECT_EQ(test, user_first_word(page), 0x12345678);
	memcpy_from_page((char *)&value, page, sizeof(value), sizeof(value));
	KUNIT_EXPECT_EQ(test, value, 0x5a5a5a5a);
	KUNIT_EXPECT_EQ(test, drv->base.faults, 1);

	pte = user_pte_at(at);
	KUNIT_ASSERT_EQ(test, vm_munmap(addr, 3 * PAGE_SIZE), 0);
	KUNIT_EXPECT_EQ(test, folio_test_dirty(page_folio(page)),
			row->counts && pte_dirty(pte));
	KUNIT_EXPECT_EQ(test, folio_test_referenced(page_folio(page)),
			row->counts && pte_young(pte));
	VMF_EXPECT_MAPPED(test, page, 0, "after munmap()");
	MM_KUNIT_EXPECT_RSS(test, 0, 0, 0, "after munmap()");
}

/*
 * A page in a VMA that is not writable is mapped read-only, even when it is inserted
 * for a write, and stays read-only when the same page is inserted again: a driver does
 * not have to look at the flags of the VMA.
 */
static void vmf_insert_read_only(struct kunit *test)
{
	const struct function *row = test->param_value;
	struct vmf_driver *drv = function_driver(test);
	unsigned long addr, at;
	int i;

	drv->prot = SHARED_RO;
	drv->offset = PAGE_SIZE;
	addr = vmf_driver_map(test, 0, 2 * PAGE_SIZE, PROT_READ, MAP_SHARED);
	at = addr + PAGE_SIZE;
	for (i = 0; i < 2; i++) {
		KUNIT_EXPECT_EQ_MSG(test, user_fault(addr, 0), VM_FAULT_NOPAGE, "insert %d", i);
		MM_KUNIT_EXPECT_MSG(test, user_check_pfn(test, at, drv->pfn, !row->counts),
				    "insert %d", i);
		KUNIT_EXPECT_EQ_MSG(test, !!pte_write(user_pte_at(at)), false, "insert %d", i);
		KUNIT_EXPECT_EQ_MSG(test, user_write(at, 1), false, "insert %d", i);
	}
}

/*
 * An address outside of the VMA is VM_FAULT_SIGBUS and maps nothing, because what is
 * there belongs to somebody else. Any address of the VMA will do: a handler may map
 * more than the page of the fault, as what will be needed next.
 */
static void vmf_insert_outside(struct kunit *test)
{
	static const unsigned long offsets[] = {
		-PAGE_SIZE, -1, 2 * PAGE_SIZE, 3 * PAGE_SIZE,
	};
	const struct function *row = test->param_value;
	struct vmf_driver *drv = function_driver(test);
	const unsigned long at = 16 * PMD_SIZE;
	struct page *page = drv->page;
	unsigned int i;

	vmf_driver_map(test, at, 2 * PAGE_SIZE, PROT_RW, MAP_SHARED);
	for (i = 0; i < ARRAY_SIZE(offsets); i++) {
		long offset = offsets[i];

		drv->offset = offset;
		KUNIT_EXPECT_EQ_MSG(test, user_fault(at, 0), VM_FAULT_SIGBUS, "offset %ld",
				    offset);
		MM_KUNIT_EXPECT_MSG(test, user_check_none(test, at + offset), "offset %ld",
				    offset);
		MM_KUNIT_EXPECT_MSG(test, user_check_none(test, at), "offset %ld", offset);
	}
	VMF_EXPECT_MAPPED(test, page, 0, "after the faults");
	MM_KUNIT_EXPECT_RSS(test, 0, 0, 0, "after the faults");

	drv->offset = PAGE_SIZE;
	KUNIT_EXPECT_EQ(test, user_fault(at, 0), VM_FAULT_NOPAGE);
	MM_KUNIT_EXPECT(test, user_check_pfn(test, at + PAGE_SIZE, drv->pfn, !row->counts));
	KUNIT_EXPECT_EQ(test, user_write(at + 2 * PAGE_SIZE, 1), false);
}

/*
 * If two threads have the same fault, the page of the first one stays mapped, and the
 * second one returns VM_FAULT_NOPAGE without a reference: it is no error. For a write
 * both must insert the same page; another one warns and is not mapped, and is
 * VM_FAULT_SIGBUS if it is a counted page.
 */
static void vmf_insert_occupied(struct kunit *test)
{
	const struct function *row = test->param_value;
	struct vmf_driver *drv = function_driver(test);
	struct page *first = drv->page, *second = mm_kunit_page(test);
	unsigned long addr = vmf_driver_map(test, 0, 2 * PAGE_SIZE, PROT_RW, MAP_SHARED);
	unsigned long at = addr + PAGE_SIZE;
	vm_fault_t ret = 0;
	pte_t before;

	drv->offset = PAGE_SIZE;
	KUNIT_EXPECT_EQ(test, user_fault(addr, 0), VM_FAULT_NOPAGE);
	before = user_pte_at(at);
	KUNIT_EXPECT_EQ(test, user_fault(addr, 0), VM_FAULT_NOPAGE);
	VMF_EXPECT_MAPPED(test, first, row->counts, "after it was inserted twice");

	vmf_driver_use(drv, second);
	kunit_warning_suppress(test) {
		ret = user_fault(addr, 0);
		KUNIT_EXPECT_SUPPRESSED_WARNING_COUNT(test, MM_KUNIT_WARN(row->mkwrite));
	}
	KUNIT_EXPECT_EQ(test, ret,
			row->mkwrite && row->counts ? VM_FAULT_SIGBUS : VM_FAULT_NOPAGE);
	KUNIT_EXPECT_EQ(test, pte_pfn(user_pte_at(at)), page_to_pfn(first));
	KUNIT_EXPECT_EQ(test, pte_val(user_pte_at(at)), pte_val(before));
	MM_KUNIT_EXPECT(test, user_check_none(test, addr));
	VMF_EXPECT_MAPPED(test, first, row->counts, "after the second fault");
	VMF_EXPECT_MAPPED(test, second, 0, "after the second fault");
	MM_KUNIT_EXPECT_RSS(test, row->counts, 0, 0, "after the second fault");
}

/*
 * If there is no memory for a table of the page table, the result is VM_FAULT_OOM, because
 * the fault is tried again when there is, and the page is neither mapped nor referenced.
 * Each page-table level fails in turn.
 */
static void vmf_insert_no_memory(struct kunit *test)
{
	const unsigned long at = user_table_border() - PAGE_SIZE;
	const struct function *row = test->param_value;
	struct vmf_driver *drv = function_driver(test);
	struct page *page = drv->page;
	struct mm_kunit_failing fail;
	unsigned int errors = 0;

	mm_kunit_fail_setup(test, MM_KUNIT_FAIL_PAGE);
	drv->offset = PAGE_SIZE;
	drv->fail = &fail;
	/*
	 *      at: the fault
	 *      |-- empty --|-- page --|
	 *                  ^ here begin new tables on all levels
	 */
	mm_kunit_for_each_failing(test, &fail) {
		vmf_driver_map(test, at, 2 * PAGE_SIZE, PROT_RW, MAP_SHARED);
		user_fault(at, 0);
		if (drv->ret & VM_FAULT_ERROR) {
			errors++;
			KUNIT_EXPECT_EQ_MSG(test, drv->ret, VM_FAULT_OOM, "allocation %u",
					    fail.nth);
			MM_KUNIT_EXPECT_MSG(test, user_check_none(test, at + PAGE_SIZE),
					    "allocation %u", fail.nth);
			VMF_EXPECT_MAPPED(test, page, 0, "after allocation %u has failed",
					  fail.nth);
			MM_KUNIT_EXPECT_RSS(test, 0, 0, 0, "after allocation %u has failed",
					    fail.nth);
		} else {
			/* Even if one has failed: KASAN can do without its records. */
			KUNIT_EXPECT_EQ_MSG(test, drv->ret, VM_FAULT_NOPAGE, "round %u",
					    fail.nth);
			MM_KUNIT_EXPECT_MSG(test, user_check_pfn(test, at + PAGE_SIZE, drv->pfn,
								 !row->counts),
					    "round %u", fail.nth);
		}
		if (!fail.reached)
			KUNIT_EXPECT_EQ_MSG(test, drv->ret, VM_FAULT_NOPAGE,
					    "no allocation has failed");
		KUNIT_ASSERT_EQ_MSG(test, vm_munmap(at, 2 * PAGE_SIZE), 0, "round %u", fail.nth);
	}
	mm_kunit_need_table_pages(test, errors);
	KUNIT_EXPECT_GT_MSG(test, errors, 0, "inserts that have failed");
}

/* -- counted pages ----------------------------------------------------------- */

static const struct counting {
	const char *desc;
	vmf_insert_t insert;
	bool mixed;		/* counts only with MIXED_COUNTS */
} countings[] = {
	{ .desc = "vmf_insert_page", .insert = insert_page },
	{ .desc = "vmf_insert_page_mkwrite_read", .insert = insert_page_mkwrite_read },
	{ .desc = "vmf_insert_page_mkwrite", .insert = insert_page_mkwrite },
	{ .desc = "vmf_insert_mixed", .insert = insert_mixed, .mixed = true },
	{ .desc = "vmf_insert_mixed_mkwrite", .insert = insert_mixed_mkwrite, .mixed = true },
};

/*
 * A page that cannot be counted as mapped is VM_FAULT_SIGBUS and is left alone: its
 * struct page has other things where the counts of a mapped page are, so that to count
 * it would corrupt memory (validate_page_before_insert()).
 */
static void vmf_insert_page_bad_page(struct kunit *test)
{
	const struct bad_page *row = test->param_value;
	struct vmf_driver *drv = vmf_driver(test);
	unsigned long addr;
	int i, refs;

	vmf_driver_use(drv, row->get(test));
	refs = page_ref_count(drv->page);
	drv->base.set = VM_MIXEDMAP;
	addr = vmf_driver_map(test, 0, PAGE_SIZE, PROT_RW, MAP_SHARED);
	for (i = 0; i < ARRAY_SIZE(countings); i++) {
		if (countings[i].mixed && !MIXED_COUNTS)
			continue;
		drv->insert = countings[i].insert;
		KUNIT_EXPECT_EQ_MSG(test, user_fault(addr, 0), VM_FAULT_SIGBUS,
				    "%s", countings[i].desc);
		MM_KUNIT_EXPECT_MSG(test, user_check_none(test, addr), "%s", countings[i].desc);
	}
	KUNIT_EXPECT_EQ(test, page_ref_count(drv->page), refs);
	KUNIT_EXPECT_EQ(test, get_mm_counter_sum(current->mm, MM_FILEPAGES), 0);
}

static const struct upgrade {
	const char *desc;
	vmf_insert_t insert;	/* for a read */
	vmf_insert_t mkwrite;	/* for a write */
	bool counts;		/* the page is counted as mapped and referenced */
} upgrades[] = {
	{ .desc = "vmf_insert_page_mkwrite", .insert = insert_page_mkwrite_read,
	  .mkwrite = insert_page_mkwrite, .counts = true },
	{ .desc = "vmf_insert_mixed_mkwrite", .insert = insert_mixed,
	  .mkwrite = insert_mixed_mkwrite, .counts = MIXED_COUNTS },
};

KUNIT_ARRAY_PARAM_DESC(upgrade, upgrades, desc);

/*
 * If the page is mapped read-only by a read, and is then inserted for a write, its
 * entry becomes writable and young, without another reference. So a driver that wants
 * to hear of the first write (here by ->page_mkwrite) can use one handler for both.
 */
static void vmf_insert_mkwrite_upgrades(struct kunit *test)
{
	const struct upgrade *row = test->param_value;
	struct vmf_driver *drv = vmf_driver(test);
	struct page *page = mm_kunit_page(test);
	unsigned long addr, at;

	vmf_driver_use(drv, page);
	drv->base.set = VM_MIXEDMAP;
	drv->base.ops = &vmf_notify_vm_ops;
	drv->insert = row->insert;
	drv->offset = PAGE_SIZE;
	addr = vmf_driver_map(test, 0, 2 * PAGE_SIZE, PROT_RW, MAP_SHARED);
	at = addr + PAGE_SIZE;
	KUNIT_EXPECT_EQ(test, user_fault(addr, 0), VM_FAULT_NOPAGE);
	USER_EXPECT_PTE(test, at, write, false);
	USER_EXPECT_PTE(test, at, dirty, false);

	user_age(at);
	drv->insert = row->mkwrite;
	KUNIT_EXPECT_EQ(test, user_fault(addr, 0), VM_FAULT_NOPAGE);
	MM_KUNIT_EXPECT(test, user_check_pfn(test, at, drv->pfn, !row->counts));
	USER_EXPECT_PTE(test, at, write, true);
	USER_EXPECT_PTE(test, at, young, true);
	if (!row->counts)
		USER_EXPECT_PTE(test, at, dirty, true);
	VMF_EXPECT_MAPPED(test, page, row->counts, "after the write");
	MM_KUNIT_EXPECT_RSS(test, row->counts, 0, 0, "after the write");
	KUNIT_EXPECT_EQ(test, user_write(at, 1), true);

	/* A write to an empty entry needs no read before it. */
	KUNIT_ASSERT_EQ(test, vm_munmap(addr, 2 * PAGE_SIZE), 0);
	addr = vmf_driver_map(test, 0, 2 * PAGE_SIZE, PROT_RW, MAP_SHARED);
	at = addr + PAGE_SIZE;
	vmf_driver_prot_old(addr);
	KUNIT_EXPECT_EQ(test, user_fault(addr, 0), VM_FAULT_NOPAGE);
	USER_EXPECT_PTE(test, at, write, true);
	USER_EXPECT_PTE(test, at, young, true);
	USER_EXPECT_PTE(test, at, dirty, true);
}

/* -- raw page frames --------------------------------------------------------- */

/*
 * vmf_insert_pfn_prot() maps a page frame with the protection that is passed, instead
 * of the VMA's (kernel-doc): two pages of one writable VMA can differ.
 */
static void vmf_insert_pfn_prot_read_only(struct kunit *test)
{
	struct vmf_driver *drv = vmf_driver(test);
	unsigned long addr;

	vmf_driver_use(drv, mm_kunit_page(test));
	drv->base.set = VM_PFNMAP;
	drv->insert = insert_pfn_prot;
	drv->prot = SHARED_RO;
	addr = vmf_driver_map(test, 0, 2 * PAGE_SIZE, PROT_RW, MAP_SHARED);
	KUNIT_EXPECT_EQ(test, user_fault(addr, 0), VM_FAULT_NOPAGE);
	USER_EXPECT_PTE(test, addr, write, false);

	drv->prot = SHARED_RW;
	KUNIT_EXPECT_EQ(test, user_fault(addr + PAGE_SIZE, 0), VM_FAULT_NOPAGE);
	USER_EXPECT_PTE(test, addr + PAGE_SIZE, write, true);
}

static const struct no_page {
	const char *desc;
	vmf_insert_t insert;
	vm_flags_t flags;	/* that ->mmap sets */
} no_pages[] = {
	{ .desc = "vmf_insert_pfn", .insert = insert_pfn, .flags = VM_PFNMAP },
	{ .desc = "vmf_insert_pfn_in_vm_mixedmap", .insert = insert_pfn, .flags = VM_MIXEDMAP },
	{ .desc = "vmf_insert_pfn_prot_in_vm_mixedmap", .insert = insert_pfn_prot,
	  .flags = VM_MIXEDMAP },
	{ .desc = "vmf_insert_mixed", .insert = insert_mixed, .flags = VM_MIXEDMAP },
	{ .desc = "vmf_insert_mixed_mkwrite", .insert = insert_mixed_mkwrite,
	  .flags = VM_MIXEDMAP },
};

KUNIT_ARRAY_PARAM_DESC(no_page, no_pages, desc);

/*
 * A page frame without a struct page, as of a PCI BAR, can be mapped: the functions for
 * page frames take a number, and neither they nor munmap() look up a struct page. Such
 * an entry is no page for get_user_pages(). The case never accesses the memory.
 */
static void vmf_insert_pfn_without_page(struct kunit *test)
{
	const struct no_page *row = test->param_value;
	struct vmf_driver *drv = vmf_driver(test);
	unsigned long addr;
	struct page *page;
	long nr;

	drv->pfn = PHYS_PFN(U32_MAX);
	if (pfn_valid(drv->pfn))
		kunit_skip(test, "needs page frame %lx not to be memory", drv->pfn);
	drv->insert = row->insert;
	drv->base.set = row->flags;
	drv->prot = SHARED_RO;
	addr = vmf_driver_map(test, 0, PAGE_SIZE, PROT_RW, MAP_SHARED);
	KUNIT_EXPECT_EQ(test, user_fault(addr, 0), VM_FAULT_NOPAGE);
	MM_KUNIT_EXPECT(test, user_check_pfn(test, addr, drv->pfn, true));
	nr = get_user_pages_unlocked(addr, 1, &page, FOLL_NOFAULT);
	KUNIT_EXPECT_NE(test, nr, 1);
	MM_KUNIT_EXPECT_RSS(test, 0, 0, 0, "after the fault");
	KUNIT_ASSERT_EQ(test, vm_munmap(addr, PAGE_SIZE), 0);
	MM_KUNIT_EXPECT_RSS(test, 0, 0, 0, "after munmap()");
}

/*
 * vmf_insert_mixed_mkwrite() makes the entry of the same page frame writable, dirty and
 * young, and leaves the entry of another one as it is, with a warning: after a read,
 * the write must come to the same page. It does not need a struct page for that.
 */
static void vmf_insert_mixed_mkwrite_without_page(struct kunit *test)
{
	const unsigned long pfn = PHYS_PFN(U32_MAX);
	struct vmf_driver *drv = vmf_driver(test);
	unsigned long addr, at;
	vm_fault_t ret = 0;
	pte_t pte;

	if (pfn_valid(pfn) || pfn_valid(pfn - 1))
		kunit_skip(test, "needs page frames %lx and %lx not to be memory", pfn - 1, pfn);
	drv->base.set = VM_MIXEDMAP;
	drv->base.ops = &vmf_notify_vm_ops;
	drv->offset = PAGE_SIZE;
	addr = vmf_driver_map(test, 0, 2 * PAGE_SIZE, PROT_RW, MAP_SHARED);
	at = addr + PAGE_SIZE;

	drv->pfn = pfn;
	drv->insert = insert_mixed;
	KUNIT_EXPECT_EQ(test, user_fault(addr, 0), VM_FAULT_NOPAGE);
	USER_EXPECT_PTE(test, at, write, false);
	USER_EXPECT_PTE(test, at, dirty, false);

	/* Another page frame. */
	pte = user_pte_at(at);
	drv->pfn = pfn - 1;
	drv->insert = insert_mixed_mkwrite;
	kunit_warning_suppress(test) {
		ret = user_fault(addr, 0);
		KUNIT_EXPECT_SUPPRESSED_WARNING_COUNT(test, MM_KUNIT_WARN(1));
	}
	KUNIT_EXPECT_EQ(test, ret, VM_FAULT_NOPAGE);
	KUNIT_EXPECT_EQ(test, pte_val(user_pte_at(at)), pte_val(pte));

	/* The same one. */
	drv->pfn = pfn;
	KUNIT_EXPECT_EQ(test, user_fault(addr, 0), VM_FAULT_NOPAGE);
	KUNIT_EXPECT_EQ(test, pte_pfn(user_pte_at(at)), pfn);
	USER_EXPECT_PTE(test, at, write, true);
	USER_EXPECT_PTE(test, at, dirty, true);
	USER_EXPECT_PTE(test, at, young, true);

	/* The same one in an empty entry. */
	KUNIT_ASSERT_EQ(test, vm_munmap(addr, 2 * PAGE_SIZE), 0);
	addr = vmf_driver_map(test, 0, 2 * PAGE_SIZE, PROT_RW, MAP_SHARED);
	at = addr + PAGE_SIZE;
	vmf_driver_prot_old(addr);
	KUNIT_EXPECT_EQ(test, user_fault(addr, 0), VM_FAULT_NOPAGE);
	KUNIT_EXPECT_EQ(test, pte_pfn(user_pte_at(at)), pfn);
	USER_EXPECT_PTE(test, at, write, true);
	USER_EXPECT_PTE(test, at, dirty, true);
	USER_EXPECT_PTE(test, at, young, true);
}

static const struct mixed {
	const char *desc;
	vmf_insert_t insert;
	unsigned long prot;
	unsigned long flags;	/* of mmap() */
	vm_flags_t vm_flags;	/* that ->mmap sets */
	bool zero;		/* the zero page is inserted, not one of the driver's */
	vm_fault_t ret;
} mixeds[] = {
	{ .desc = "mixedmap", .insert = insert_mixed, .prot = PROT_RW, .flags = MAP_SHARED,
	  .vm_flags = VM_MIXEDMAP, .ret = VM_FAULT_NOPAGE },
	{ .desc = "not_mixedmap", .insert = insert_mixed, .prot = PROT_RW, .flags = MAP_SHARED,
	  .ret = VM_FAULT_SIGBUS },
	{ .desc = "mkwrite_not_mixedmap", .insert = insert_mixed_mkwrite, .prot = PROT_RW,
	  .flags = MAP_SHARED, .ret = VM_FAULT_SIGBUS },
	{ .desc = "pfnmap", .insert = insert_mixed, .prot = PROT_RW, .flags = MAP_SHARED,
	  .vm_flags = VM_PFNMAP, .ret = VM_FAULT_SIGBUS },
	{ .desc = "zero_private", .insert = insert_mixed, .prot = PROT_RW, .flags = MAP_PRIVATE,
	  .vm_flags = VM_MIXEDMAP, .zero = true, .ret = VM_FAULT_NOPAGE },
	{ .desc = "zero_private_not_mixedmap", .insert = insert_mixed, .prot = PROT_RW,
	  .flags = MAP_PRIVATE, .zero = true, .ret = VM_FAULT_NOPAGE },
	{ .desc = "zero_shared", .insert = insert_mixed, .prot = PROT_RW, .flags = MAP_SHARED,
	  .vm_flags = VM_MIXEDMAP, .zero = true, .ret = VM_FAULT_SIGBUS },
	{ .desc = "zero_shared_read_only", .insert = insert_mixed, .prot = PROT_READ,
	  .flags = MAP_SHARED, .vm_flags = VM_MIXEDMAP, .zero = true, .ret = VM_FAULT_SIGBUS },
	{ .desc = "zero_shared_not_mixedmap", .insert = insert_mixed, .prot = PROT_RW,
	  .flags = MAP_SHARED, .zero = true, .ret = VM_FAULT_SIGBUS },
	{ .desc = "zero_private_mkwrite", .insert = insert_mixed_mkwrite, .prot = PROT_RW,
	  .flags = MAP_PRIVATE, .vm_flags = VM_MIXEDMAP, .zero = true, .ret = VM_FAULT_SIGBUS },
	{ .desc = "zero_shared_mkwrite", .insert = insert_mixed_mkwrite, .prot = PROT_RW,
	  .flags = MAP_SHARED, .vm_flags = VM_MIXEDMAP, .zero = true, .ret = VM_FAULT_SIGBUS },
};

KUNIT_ARRAY_PARAM_DESC(mixed, mixeds, desc);

/*
 * vmf_insert_mixed() wants VM_MIXEDMAP, because munmap() has to know what is raw. It
 * maps the zero page, which a file system has for the holes of a file (DAX), only where
 * it stays zero: in a private VMA, read-only and uncounted. All else is VM_FAULT_SIGBUS.
 */
static void vmf_insert_mixed_allowed(struct kunit *test)
{
	const struct mixed *row = test->param_value;
	struct vmf_driver *drv = vmf_driver(test);
	bool maps = row->ret == VM_FAULT_NOPAGE;
	unsigned long addr;
	int refs, mapcount;

	vmf_driver_use(drv, row->zero ? ZERO_PAGE(0) : mm_kunit_page(test));
	refs = page_ref_count(drv->page);
	mapcount = folio_mapcount(page_folio(drv->page));
	drv->insert = row->insert;
	drv->base.set = row->vm_flags;
	addr = vmf_driver_map(test, 0, PAGE_SIZE, row->prot, row->flags);
	KUNIT_EXPECT_EQ(test, user_fault(addr, 0), row->ret);
	if (maps)
		MM_KUNIT_EXPECT(test, user_check_pfn(test, addr, drv->pfn,
						     row->zero || !MIXED_COUNTS));
	else
		MM_KUNIT_EXPECT(test, user_check_none(test, addr));
	if (row->zero) {
		if (maps)
			USER_EXPECT_PTE(test, addr, write, false);
		KUNIT_EXPECT_EQ(test, page_ref_count(drv->page), refs);
		KUNIT_EXPECT_EQ(test, folio_mapcount(page_folio(drv->page)), mapcount);
		MM_KUNIT_EXPECT_RSS(test, 0, 0, 0, "after the fault");
	}
	KUNIT_ASSERT_EQ(test, vm_munmap(addr, PAGE_SIZE), 0);
	KUNIT_EXPECT_EQ(test, page_ref_count(drv->page), refs);
	MM_KUNIT_EXPECT_RSS(test, 0, 0, 0, "after munmap()");
}

/* -- today's implementation, not promised ---------------------------------- */

/*
 * vmf_insert_page_mkwrite() for a write maps the page itself writable, even in a private
 * VMA: no copy is made, because the function trusts the driver that asks for it. For a
 * read it maps the page read-only there, so that a write makes a copy.
 */
static void vmf_insert_page_mkwrite_private(struct kunit *test)
{
	struct vmf_driver *drv = vmf_driver(test);
	unsigned long addr;

	vmf_driver_use(drv, mm_kunit_page(test));
	drv->base.set = VM_MIXEDMAP;
	drv->insert = insert_page_mkwrite_read;
	addr = vmf_driver_map(test, 0, PAGE_SIZE, PROT_RW, MAP_PRIVATE);
	KUNIT_EXPECT_EQ(test, user_fault(addr, 0), VM_FAULT_NOPAGE);
	USER_EXPECT_PTE(test, addr, write, false);
	KUNIT_ASSERT_EQ(test, vm_munmap(addr, PAGE_SIZE), 0);

	drv->insert = insert_page_mkwrite;
	addr = vmf_driver_map(test, 0, PAGE_SIZE, PROT_RW, MAP_PRIVATE);
	KUNIT_EXPECT_EQ(test, user_fault(addr, 0), VM_FAULT_NOPAGE);
	KUNIT_EXPECT_EQ(test, user_write(addr, 1234), true);
	KUNIT_EXPECT_EQ(test, user_first_word(drv->page), 1234);
}

/*
 * A page that is inserted for a write where the zero page is mapped is not mapped, and
 * there is no warning: a hole of a file was read before it was written to, and the
 * caller is to unmap the zero page first. Counted pages are VM_FAULT_SIGBUS.
 */
static void vmf_insert_mkwrite_over_zero_page(struct kunit *test)
{
	const struct upgrade *row = test->param_value;
	struct vmf_driver *drv = vmf_driver(test);
	struct page *page = mm_kunit_page(test);
	unsigned long addr, at;
	vm_fault_t ret = 0;

	vmf_driver_use(drv, ZERO_PAGE(0));
	drv->insert = insert_mixed;
	drv->base.set = VM_MIXEDMAP;
	drv->offset = PAGE_SIZE;
	addr = vmf_driver_map(test, 0, 2 * PAGE_SIZE, PROT_RW, MAP_PRIVATE);
	at = addr + PAGE_SIZE;
	KUNIT_EXPECT_EQ(test, user_fault(addr, 0), VM_FAULT_NOPAGE);

	vmf_driver_use(drv, page);
	drv->insert = row->mkwrite;
	kunit_warning_suppress(test) {
		ret = user_fault(addr, 0);
		KUNIT_EXPECT_SUPPRESSED_WARNING_COUNT(test, 0);
	}
	KUNIT_EXPECT_EQ(test, ret, row->counts ? VM_FAULT_SIGBUS : VM_FAULT_NOPAGE);
	MM_KUNIT_EXPECT(test, user_check_pfn(test, at, page_to_pfn(ZERO_PAGE(0)), true));
	USER_EXPECT_PTE(test, at, write, false);
	VMF_EXPECT_MAPPED(test, page, 0, "after the write");
}

static struct kunit_case vmf_insert_cases[] = {
	KUNIT_CASE_PARAM(vmf_insert_maps, function_gen_params),
	KUNIT_CASE_PARAM(vmf_insert_read_only, function_gen_params),
	KUNIT_CASE_PARAM(vmf_insert_outside, function_gen_params),
	KUNIT_CASE_PARAM(vmf_insert_occupied, function_gen_params),
	KUNIT_CASE_PARAM(vmf_insert_no_memory, function_gen_params),
	KUNIT_CASE_PARAM(vmf_insert_page_bad_page, bad_page_gen_params),
	KUNIT_CASE_PARAM(vmf_insert_mkwrite_upgrades, upgrade_gen_params),
	KUNIT_CASE(vmf_insert_pfn_prot_read_only),
	KUNIT_CASE_PARAM(vmf_insert_pfn_without_page, no_page_gen_params),
	KUNIT_CASE(vmf_insert_mixed_mkwrite_without_page),
	KUNIT_CASE_PARAM(vmf_insert_mixed_allowed, mixed_gen_params),
	KUNIT_CASE(vmf_insert_page_mkwrite_private),
	KUNIT_CASE_PARAM(vmf_insert_mkwrite_over_zero_page, upgrade_gen_params),
	{}
};

static struct kunit_suite vmf_insert_suite = {
	.name = "vmf_insert",
	.init = vmf_driver_init,
	.test_cases = vmf_insert_cases,
};

kunit_test_suite(vmf_insert_suite);

MODULE_DESCRIPTION("KUnit tests for vmf_insert_page() and vmf_insert_pfn()");
MODULE_LICENSE("GPL");
