// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests for what ->fault and ->huge_fault map pages with:
 * vmf_insert_page(), vmf_insert_page_mkwrite(), vmf_insert_pfn(),
 * vmf_insert_pfn_prot(), vmf_insert_mixed(), vmf_insert_mixed_mkwrite(), and
 * vmf_insert_pfn_pmd() and its kin.
 *
 * Some count the pages and some do not, but all of them share a rule: another
 * thread may have had the same fault. So what is found to be mapped already is
 * left as it is, and is no error.
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
#include "test_pages.h"
#include "user_vma.h"

#define RW		(PROT_READ | PROT_WRITE)
#define PROT_RO		vm_get_page_prot(VM_READ | VM_SHARED)

struct driver;

/* @at says where to insert, which need not be where the fault was. */
typedef vm_fault_t (*insert_t)(struct vm_fault *at, struct driver *drv);

/**
 * struct driver - a driver whose fault handler inserts a page
 * @file: what is mapped
 * @insert: how the page is inserted
 * @page: the page
 * @pfn: its page frame, for the functions that want that
 * @prot: for vmf_insert_pfn_prot()
 * @offset: where to, from the address of the fault on
 * @fail_nth: which page allocation is to fail meanwhile, and
 * @failed: whether it did
 * @order: the order of the faults of which ->huge_fault takes care
 * @flags: VMA flags for ->mmap to set,
 * @notify: and whether the driver wants to hear of writes to read-only pages
 * @ret: what @insert has returned
 * @faults: the number of calls of ->fault, and
 * @huge_faults: of ->huge_fault
 */
struct driver {
	struct user_file *file;
	insert_t insert;
	struct page *page;
	unsigned long pfn;
	pgprot_t prot;
	unsigned long offset;
	unsigned int fail_nth;
	bool failed;
	unsigned int order;
	vm_flags_t flags;
	bool notify;
	vm_fault_t ret;
	unsigned int faults;
	unsigned int huge_faults;
};

static vm_fault_t driver_insert(struct vm_fault *vmf)
{
	struct driver *drv = vmf->vma->vm_private_data;
	unsigned long addr = vmf->address + drv->offset;
	struct vm_fault at = {
		.vma = vmf->vma,
		.address = addr,
		.pmd = vmf->pmd,
		.pud = vmf->pud,
	};

	if (drv->offset && drv->order) {
		at.pud = pud_offset(p4d_offset(pgd_offset(vmf->vma->vm_mm, addr), addr), addr);
		if (drv->order == PMD_ORDER)
			at.pmd = pmd_offset(at.pud, addr);
	}

	fail_nth_set(drv->fail_nth);
	drv->ret = drv->insert(&at, drv);
	drv->failed = fail_nth_clear();

	return drv->ret;
}

static vm_fault_t driver_fault(struct vm_fault *vmf)
{
	struct driver *drv = vmf->vma->vm_private_data;

	drv->faults++;
	return drv->order ? VM_FAULT_SIGBUS : driver_insert(vmf);
}

static vm_fault_t driver_huge_fault(struct vm_fault *vmf, unsigned int order)
{
	struct driver *drv = vmf->vma->vm_private_data;

	if (!order || order != drv->order)
		return VM_FAULT_FALLBACK;
	drv->huge_faults++;
	return driver_insert(vmf);
}

static vm_fault_t driver_mkwrite(struct vm_fault *vmf)
{
	return VM_FAULT_SIGBUS;
}

static const struct vm_operations_struct driver_vm_ops = {
	.fault = driver_fault,
	.huge_fault = driver_huge_fault,
};

/* With these, the pages of a shared VMA are read-only until they are written to. */
static const struct vm_operations_struct notify_vm_ops = {
	.fault = driver_fault,
	.huge_fault = driver_huge_fault,
	.page_mkwrite = driver_mkwrite,
	.pfn_mkwrite = driver_mkwrite,
};

static int driver_mmap(struct vm_area_struct *vma, void *data)
{
	struct driver *drv = data;

	vma->vm_ops = drv->notify ? &notify_vm_ops : &driver_vm_ops;
	vma->vm_private_data = drv;
	vm_flags_set(vma, drv->flags);

	return 0;
}

static unsigned long driver_map(struct kunit *test, unsigned long at, unsigned long len,
				unsigned long prot, unsigned long flags)
{
	struct driver *drv = test->priv;
	long addr = user_mmap(drv->file, at, len, prot, flags | (at ? MAP_FIXED : 0), 0);

	KUNIT_ASSERT_FALSE(test, IS_ERR_VALUE(addr));
	return addr;
}

static vm_fault_t insert_page(struct vm_fault *at, struct driver *drv)
{
	return vmf_insert_page(at->vma, at->address, drv->page);
}

static vm_fault_t insert_page_mkwrite_read(struct vm_fault *at, struct driver *drv)
{
	return vmf_insert_page_mkwrite(at, drv->page, false);
}

static vm_fault_t insert_page_mkwrite(struct vm_fault *at, struct driver *drv)
{
	return vmf_insert_page_mkwrite(at, drv->page, true);
}

static vm_fault_t insert_pfn(struct vm_fault *at, struct driver *drv)
{
	return vmf_insert_pfn(at->vma, at->address, drv->pfn);
}

static vm_fault_t insert_pfn_prot(struct vm_fault *at, struct driver *drv)
{
	return vmf_insert_pfn_prot(at->vma, at->address, drv->pfn, drv->prot);
}

static vm_fault_t insert_mixed(struct vm_fault *at, struct driver *drv)
{
	return vmf_insert_mixed(at->vma, at->address, drv->pfn);
}

static vm_fault_t insert_mixed_mkwrite(struct vm_fault *at, struct driver *drv)
{
	return vmf_insert_mixed_mkwrite(at->vma, at->address, drv->pfn);
}

/*
 * Without pte_special(), a page that has a struct page cannot be mapped in a
 * VM_MIXEDMAP VMA but as a normal one.
 */
#define MIXED_COUNTS	(!IS_ENABLED(CONFIG_ARCH_HAS_PTE_SPECIAL))

static const struct function {
	const char *desc;
	insert_t insert;
	vm_flags_t flags;	/* what the function wants the VMA to have */
	bool counts;		/* the page is referenced */
	bool mkwrite;		/* for a write */
} functions[] = {
	{ "vmf_insert_page", insert_page, VM_MIXEDMAP, true },
	{ "vmf_insert_page_mkwrite_read", insert_page_mkwrite_read, VM_MIXEDMAP, true },
	{ "vmf_insert_page_mkwrite", insert_page_mkwrite, VM_MIXEDMAP, true, true },
	{ "vmf_insert_pfn", insert_pfn, VM_PFNMAP },
	{ "vmf_insert_pfn_prot", insert_pfn_prot, VM_PFNMAP },
	{ "vmf_insert_mixed", insert_mixed, VM_MIXEDMAP, MIXED_COUNTS },
	{ "vmf_insert_mixed_mkwrite", insert_mixed_mkwrite, VM_MIXEDMAP, MIXED_COUNTS, true },
};

KUNIT_ARRAY_PARAM_DESC(function, functions, desc);

static void set_page(struct driver *drv, struct page *page)
{
	drv->page = page;
	drv->pfn = page_to_pfn(page);
}

/* A driver that inserts a page of its own as the parameter says. */
static struct driver *function_driver(struct kunit *test)
{
	const struct function *c = test->param_value;
	struct driver *drv = test->priv;

	drv->insert = c->insert;
	drv->flags = c->flags;
	drv->prot = vm_get_page_prot(VM_READ | VM_WRITE | VM_SHARED);
	set_page(drv, own_page(test));

	return drv;
}

static void expect_counts(struct kunit *test, struct page *page, int mapped)
{
	KUNIT_EXPECT_EQ(test, page_ref_count(page), 1 + mapped);
	KUNIT_EXPECT_EQ(test, folio_mapcount(page_folio(page)), mapped);
}

static void expect_pte(struct kunit *test, unsigned long addr, unsigned long pfn, bool special)
{
	pte_t pte = user_pte_at(addr);

	KUNIT_EXPECT_TRUE(test, pte_present(pte));
	KUNIT_EXPECT_EQ(test, pte_pfn(pte), pfn);
	if (IS_ENABLED(CONFIG_ARCH_HAS_PTE_SPECIAL))
		KUNIT_EXPECT_EQ(test, !!pte_special(pte), special);
}

static void expect_no_pte(struct kunit *test, unsigned long addr)
{
	KUNIT_EXPECT_TRUE(test, pte_none(user_pte_at(addr)));
}

static void expect_rss(struct kunit *test, unsigned long pages)
{
	KUNIT_EXPECT_EQ(test, get_mm_counter_sum(current->mm, MM_FILEPAGES), pages);
	KUNIT_EXPECT_EQ(test, get_mm_rss_sum(current->mm), pages);
}

/* @addr is in a writable entry of this size, which maps @pfn there. */
static void expect_raw(struct kunit *test, unsigned long addr, unsigned long pfn,
		       unsigned long mask)
{
	struct follow_pfnmap_args args = { .address = addr };
	int ret = -ENOENT;

	mmap_read_lock(current->mm);
	args.vma = vma_lookup(current->mm, addr);
	if (args.vma)
		ret = follow_pfnmap_start(&args);
	if (!ret)
		follow_pfnmap_end(&args);
	mmap_read_unlock(current->mm);
	KUNIT_EXPECT_EQ(test, ret, 0);
	KUNIT_EXPECT_EQ(test, args.pfn, pfn);
	KUNIT_EXPECT_EQ(test, args.addr_mask, mask);
	KUNIT_EXPECT_TRUE(test, args.writable);
	KUNIT_EXPECT_EQ(test, args.special, mask != PAGE_MASK ||
			IS_ENABLED(CONFIG_ARCH_HAS_PTE_SPECIAL));
}

static void vmf_insert_maps(struct kunit *test)
{
	const struct function *c = test->param_value;
	struct driver *drv = function_driver(test);
	unsigned long addr = driver_map(test, 0, 3 * PAGE_SIZE, RW, MAP_SHARED);
	u32 value = 0;
	pte_t pte;

	memset_page(drv->page, 0, 0x5a, PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, user_fault(addr + PAGE_SIZE + 16, 0), VM_FAULT_NOPAGE);
	KUNIT_EXPECT_EQ(test, drv->faults, 1);
	expect_no_pte(test, addr);
	expect_pte(test, addr + PAGE_SIZE, drv->pfn, !c->counts);
	expect_no_pte(test, addr + 2 * PAGE_SIZE);
	expect_counts(test, drv->page, c->counts);
	expect_rss(test, c->counts);

	if (c->flags & VM_PFNMAP)
		expect_raw(test, addr + PAGE_SIZE, drv->pfn, PAGE_MASK);

	/* The VMA is writable, and nobody asked to hear of writes. */
	pte = user_pte_at(addr + PAGE_SIZE);
	KUNIT_EXPECT_TRUE(test, pte_write(pte));
	KUNIT_EXPECT_EQ(test, !!pte_dirty(pte), c->mkwrite);
	if (c->mkwrite)
		KUNIT_EXPECT_TRUE(test, pte_young(pte));

	KUNIT_EXPECT_TRUE(test, user_write(addr + PAGE_SIZE, 0x12345678));
	memcpy_from_page((char *)&value, drv->page, 0, sizeof(value));
	KUNIT_EXPECT_EQ(test, value, 0x12345678);
	memcpy_from_page((char *)&value, drv->page, sizeof(value), sizeof(value));
	KUNIT_EXPECT_EQ(test, value, 0x5a5a5a5a);
	KUNIT_EXPECT_EQ(test, drv->faults, 1);

	/* Of a counted page, what the entry knows must not be lost with it. */
	pte = user_pte_at(addr + PAGE_SIZE);
	KUNIT_ASSERT_EQ(test, vm_munmap(addr, 3 * PAGE_SIZE), 0);
	KUNIT_EXPECT_EQ(test, folio_test_dirty(page_folio(drv->page)),
			c->counts && pte_dirty(pte));
	KUNIT_EXPECT_EQ(test, folio_test_referenced(page_folio(drv->page)),
			c->counts && pte_young(pte));
	expect_counts(test, drv->page, 0);
	expect_rss(test, 0);
}

/*
 * What is not writable in the VMA does not become so by being written to,
 * neither at once nor when it is there already.
 */
static void vmf_insert_read_only(struct kunit *test)
{
	const struct function *c = test->param_value;
	struct driver *drv = function_driver(test);
	unsigned long addr;
	int i;

	drv->prot = PROT_RO;
	drv->offset = PAGE_SIZE;
	addr = driver_map(test, 0, 2 * PAGE_SIZE, PROT_READ, MAP_SHARED);
	for (i = 0; i < 2; i++) {
		KUNIT_EXPECT_EQ(test, user_fault(addr, 0), VM_FAULT_NOPAGE);
		expect_pte(test, addr + PAGE_SIZE, drv->pfn, !c->counts);
		KUNIT_EXPECT_FALSE(test, pte_write(user_pte_at(addr + PAGE_SIZE)));
		KUNIT_EXPECT_FALSE(test, user_write(addr + PAGE_SIZE, 1));
	}
}

/* Handlers can map what will be needed next, but in the VMA only. */
static void vmf_insert_outside(struct kunit *test)
{
	static const unsigned long offsets[] = {
		-PAGE_SIZE, -1, 2 * PAGE_SIZE, 3 * PAGE_SIZE,
	};
	struct driver *drv = function_driver(test);
	const unsigned long at = 16 * PMD_SIZE;
	unsigned int i;

	driver_map(test, at, 2 * PAGE_SIZE, RW, MAP_SHARED);
	for (i = 0; i < ARRAY_SIZE(offsets); i++) {
		drv->offset = offsets[i];
		KUNIT_EXPECT_EQ_MSG(test, user_fault(at, 0), VM_FAULT_SIGBUS, "row %u", i);
		expect_no_pte(test, at + offsets[i]);
		expect_no_pte(test, at);
	}
	expect_counts(test, drv->page, 0);
	expect_rss(test, 0);

	drv->offset = PAGE_SIZE;
	KUNIT_EXPECT_EQ(test, user_fault(at, 0), VM_FAULT_NOPAGE);
	expect_pte(test, at + PAGE_SIZE, drv->pfn, drv->flags & VM_PFNMAP ||
		   !((const struct function *)test->param_value)->counts);
	KUNIT_EXPECT_FALSE(test, user_write(at + 2 * PAGE_SIZE, 1));
}

/*
 * The first of two threads that have the same fault wins. The second one's
 * page is not mapped, and if both are to write to it, they must agree on it.
 */
static void vmf_insert_occupied(struct kunit *test)
{
	const struct function *c = test->param_value;
	struct driver *drv = function_driver(test);
	struct page *first = drv->page, *second = own_page(test);
	unsigned long addr = driver_map(test, 0, 2 * PAGE_SIZE, RW, MAP_SHARED);
	vm_fault_t ret = 0;
	pte_t before;

	drv->offset = PAGE_SIZE;
	KUNIT_EXPECT_EQ(test, user_fault(addr, 0), VM_FAULT_NOPAGE);
	before = user_pte_at(addr + PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, user_fault(addr, 0), VM_FAULT_NOPAGE);
	expect_counts(test, first, c->counts);

	set_page(drv, second);
	kunit_warning_suppress(test) {
		ret = user_fault(addr, 0);
	}
	KUNIT_EXPECT_EQ(test, ret, c->mkwrite && c->counts ? VM_FAULT_SIGBUS : VM_FAULT_NOPAGE);
	KUNIT_EXPECT_EQ(test, pte_pfn(user_pte_at(addr + PAGE_SIZE)), page_to_pfn(first));
	KUNIT_EXPECT_TRUE(test, pte_same(user_pte_at(addr + PAGE_SIZE), before));
	expect_no_pte(test, addr);
	expect_counts(test, first, c->counts);
	expect_counts(test, second, 0);
	expect_rss(test, c->counts);
}

/* Of every table that the page table needs. */
static void vmf_insert_no_memory(struct kunit *test)
{
	const unsigned long at = user_largest_table() - PAGE_SIZE;
	const struct function *c = test->param_value;
	struct driver *drv = function_driver(test);
	unsigned int errors = 0;

	fail_any_page_alloc(test);
	drv->offset = PAGE_SIZE;
	do {
		driver_map(test, at, 2 * PAGE_SIZE, RW, MAP_SHARED);
		drv->fail_nth++;
		user_fault(at, 0);
		if (drv->ret & VM_FAULT_ERROR) {
			errors++;
			KUNIT_EXPECT_EQ(test, drv->ret, VM_FAULT_OOM);
			expect_no_pte(test, at + PAGE_SIZE);
			expect_counts(test, drv->page, 0);
			expect_rss(test, 0);
		} else {
			/* Even if an allocation failed, as KASAN's may for its records. */
			KUNIT_EXPECT_EQ(test, drv->ret, VM_FAULT_NOPAGE);
			expect_pte(test, at + PAGE_SIZE, drv->pfn, !c->counts);
		}
		KUNIT_ASSERT_EQ(test, vm_munmap(at, 2 * PAGE_SIZE), 0);
	} while (drv->failed && drv->fail_nth < 100);
	KUNIT_EXPECT_FALSE(test, drv->failed);
	KUNIT_EXPECT_GT(test, errors, 0);
}

/* === Counted pages === */

static void vmf_insert_page_bad_page(struct kunit *test)
{
	static const insert_t inserts[] = {
		insert_page, insert_page_mkwrite_read, insert_page_mkwrite,
		insert_mixed, insert_mixed_mkwrite,
	};
	const struct bad_page *bad = test->param_value;
	struct driver *drv = test->priv;
	unsigned long addr;
	int i, refs;

	set_page(drv, bad->get(test));
	refs = page_ref_count(drv->page);
	drv->flags = VM_MIXEDMAP;
	addr = driver_map(test, 0, PAGE_SIZE, RW, MAP_SHARED);
	for (i = 0; i < (MIXED_COUNTS ? 5 : 3); i++) {
		drv->insert = inserts[i];
		KUNIT_EXPECT_EQ_MSG(test, user_fault(addr, 0), VM_FAULT_SIGBUS, "row %d", i);
		expect_no_pte(test, addr);
	}
	KUNIT_EXPECT_EQ(test, page_ref_count(drv->page), refs);
	KUNIT_EXPECT_EQ(test, get_mm_counter_sum(current->mm, MM_FILEPAGES), 0);
}

static const struct upgrade {
	const char *desc;
	insert_t insert;
	insert_t mkwrite;
} upgrades[] = {
	{ "vmf_insert_page_mkwrite", insert_page_mkwrite_read, insert_page_mkwrite },
	{ "vmf_insert_mixed_mkwrite", insert_mixed, insert_mixed_mkwrite },
};

KUNIT_ARRAY_PARAM_DESC(upgrade, upgrades, desc);

/* After a read, the first write finds the page there, and makes it writable. */
static void vmf_insert_mkwrite_upgrades(struct kunit *test)
{
	const struct upgrade *c = test->param_value;
	struct driver *drv = test->priv;
	unsigned long addr;
	bool counts;
	pte_t pte;

	set_page(drv, own_page(test));
	drv->flags = VM_MIXEDMAP;
	drv->notify = true;
	drv->insert = c->insert;
	drv->offset = PAGE_SIZE;
	addr = driver_map(test, 0, 2 * PAGE_SIZE, RW, MAP_SHARED);
	KUNIT_EXPECT_EQ(test, user_fault(addr, 0), VM_FAULT_NOPAGE);
	pte = user_pte_at(addr + PAGE_SIZE);
	KUNIT_EXPECT_FALSE(test, pte_write(pte));
	KUNIT_EXPECT_FALSE(test, pte_dirty(pte));
	counts = page_ref_count(drv->page) > 1;

	user_age(addr + PAGE_SIZE);
	drv->insert = c->mkwrite;
	KUNIT_EXPECT_EQ(test, user_fault(addr, 0), VM_FAULT_NOPAGE);
	expect_pte(test, addr + PAGE_SIZE, drv->pfn, !counts);
	pte = user_pte_at(addr + PAGE_SIZE);
	KUNIT_EXPECT_TRUE(test, pte_write(pte));
	KUNIT_EXPECT_TRUE(test, pte_young(pte));
	if (!counts)
		KUNIT_EXPECT_TRUE(test, pte_dirty(pte));
	expect_counts(test, drv->page, counts);
	expect_rss(test, counts);
	KUNIT_EXPECT_TRUE(test, user_write(addr + PAGE_SIZE, 1));

	/* A write to an empty entry needs no read before it. */
	KUNIT_ASSERT_EQ(test, vm_munmap(addr, 2 * PAGE_SIZE), 0);
	addr = driver_map(test, 0, 2 * PAGE_SIZE, RW, MAP_SHARED);
	KUNIT_EXPECT_EQ(test, user_fault(addr, 0), VM_FAULT_NOPAGE);
	pte = user_pte_at(addr + PAGE_SIZE);
	KUNIT_EXPECT_TRUE(test, pte_write(pte));
	KUNIT_EXPECT_TRUE(test, pte_young(pte));
	KUNIT_EXPECT_TRUE(test, pte_dirty(pte));
}

/* Who asks for the page to be written to in a private VMA gets that: no copy. */
static void vmf_insert_page_mkwrite_private(struct kunit *test)
{
	struct driver *drv = test->priv;
	unsigned long addr;
	u32 value = 0;

	set_page(drv, own_page(test));
	drv->flags = VM_MIXEDMAP;
	drv->insert = insert_page_mkwrite_read;
	addr = driver_map(test, 0, PAGE_SIZE, RW, MAP_PRIVATE);
	KUNIT_EXPECT_EQ(test, user_fault(addr, 0), VM_FAULT_NOPAGE);
	KUNIT_EXPECT_FALSE(test, pte_write(user_pte_at(addr)));
	KUNIT_ASSERT_EQ(test, vm_munmap(addr, PAGE_SIZE), 0);

	drv->insert = insert_page_mkwrite;
	addr = driver_map(test, 0, PAGE_SIZE, RW, MAP_PRIVATE);
	KUNIT_EXPECT_EQ(test, user_fault(addr, 0), VM_FAULT_NOPAGE);
	KUNIT_EXPECT_TRUE(test, user_write(addr, 1234));
	memcpy_from_page((char *)&value, drv->page, 0, sizeof(value));
	KUNIT_EXPECT_EQ(test, value, 1234);
}

/* === Raw page frames === */

static void vmf_insert_pfn_prot_read_only(struct kunit *test)
{
	struct driver *drv = test->priv;
	unsigned long addr;

	set_page(drv, own_page(test));
	drv->flags = VM_PFNMAP;
	drv->insert = insert_pfn_prot;
	drv->prot = PROT_RO;
	addr = driver_map(test, 0, 2 * PAGE_SIZE, RW, MAP_SHARED);
	KUNIT_EXPECT_EQ(test, user_fault(addr, 0), VM_FAULT_NOPAGE);
	KUNIT_EXPECT_FALSE(test, pte_write(user_pte_at(addr)));

	drv->prot = vm_get_page_prot(VM_READ | VM_WRITE | VM_SHARED);
	KUNIT_EXPECT_EQ(test, user_fault(addr + PAGE_SIZE, 0), VM_FAULT_NOPAGE);
	KUNIT_EXPECT_TRUE(test, pte_write(user_pte_at(addr + PAGE_SIZE)));
}

static const struct no_memory {
	const char *desc;
	insert_t insert;
	vm_flags_t flags;
} no_memories[] = {
	{ "vmf_insert_pfn", insert_pfn, VM_PFNMAP },
	{ "vmf_insert_pfn_in_vm_mixedmap", insert_pfn, VM_MIXEDMAP },
	{ "vmf_insert_pfn_prot_in_vm_mixedmap", insert_pfn_prot, VM_MIXEDMAP },
	{ "vmf_insert_mixed", insert_mixed, VM_MIXEDMAP },
	{ "vmf_insert_mixed_mkwrite", insert_mixed_mkwrite, VM_MIXEDMAP },
};

KUNIT_ARRAY_PARAM_DESC(no_memory, no_memories, desc);

/* Of what is mapped the kernel knows a number only. It must never be accessed here. */
static void vmf_insert_pfn_without_page(struct kunit *test)
{
	const struct no_memory *c = test->param_value;
	struct driver *drv = test->priv;
	unsigned long addr;
	struct page *page;

	drv->pfn = PHYS_PFN(U32_MAX);
	if (pfn_valid(drv->pfn))
		kunit_skip(test, "needs a page frame that is not memory");
	drv->insert = c->insert;
	drv->flags = c->flags;
	drv->prot = PROT_RO;
	addr = driver_map(test, 0, PAGE_SIZE, RW, MAP_SHARED);
	KUNIT_EXPECT_EQ(test, user_fault(addr, 0), VM_FAULT_NOPAGE);
	expect_pte(test, addr, drv->pfn, true);
	KUNIT_EXPECT_NE(test, get_user_pages_unlocked(addr, 1, &page, FOLL_NOFAULT), 1);
	expect_rss(test, 0);
	KUNIT_ASSERT_EQ(test, vm_munmap(addr, PAGE_SIZE), 0);
	expect_rss(test, 0);
}

/* The first write to what was read makes that writable, and nothing else. */
static void vmf_insert_mixed_mkwrite_without_page(struct kunit *test)
{
	const unsigned long pfn = PHYS_PFN(U32_MAX);
	struct driver *drv = test->priv;
	unsigned long addr, at;
	vm_fault_t ret = 0;
	pte_t pte;

	if (pfn_valid(pfn) || pfn_valid(pfn - 1))
		kunit_skip(test, "needs page frames that are not memory");
	drv->flags = VM_MIXEDMAP;
	drv->notify = true;
	drv->offset = PAGE_SIZE;
	addr = driver_map(test, 0, 2 * PAGE_SIZE, RW, MAP_SHARED);
	at = addr + PAGE_SIZE;

	drv->pfn = pfn;
	drv->insert = insert_mixed;
	KUNIT_EXPECT_EQ(test, user_fault(addr, 0), VM_FAULT_NOPAGE);
	pte = user_pte_at(at);
	KUNIT_EXPECT_FALSE(test, pte_write(pte));
	KUNIT_EXPECT_FALSE(test, pte_dirty(pte));

	drv->pfn = pfn - 1;
	drv->insert = insert_mixed_mkwrite;
	kunit_warning_suppress(test) {
		ret = user_fault(addr, 0);
	}
	KUNIT_EXPECT_EQ(test, ret, VM_FAULT_NOPAGE);
	KUNIT_EXPECT_TRUE(test, pte_same(user_pte_at(at), pte));

	drv->pfn = pfn;
	KUNIT_EXPECT_EQ(test, user_fault(addr, 0), VM_FAULT_NOPAGE);
	pte = user_pte_at(at);
	KUNIT_EXPECT_EQ(test, pte_pfn(pte), pfn);
	KUNIT_EXPECT_TRUE(test, pte_write(pte));
	KUNIT_EXPECT_TRUE(test, pte_dirty(pte));
	KUNIT_EXPECT_TRUE(test, pte_young(pte));

	KUNIT_ASSERT_EQ(test, vm_munmap(addr, 2 * PAGE_SIZE), 0);
	addr = driver_map(test, 0, 2 * PAGE_SIZE, RW, MAP_SHARED);
	KUNIT_EXPECT_EQ(test, user_fault(addr, 0), VM_FAULT_NOPAGE);
	pte = user_pte_at(addr + PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, pte_pfn(pte), pfn);
	KUNIT_EXPECT_TRUE(test, pte_write(pte));
	KUNIT_EXPECT_TRUE(test, pte_dirty(pte));
	KUNIT_EXPECT_TRUE(test, pte_young(pte));
}

static const struct mixed {
	const char *desc;
	insert_t insert;
	unsigned long prot;
	unsigned long flags;
	vm_flags_t vm_flags;
	bool zero;		/* the zero page, not one of the driver's */
	vm_fault_t ret;
} mixeds[] = {
	{ "mixedmap", insert_mixed, RW, MAP_SHARED, VM_MIXEDMAP, false, VM_FAULT_NOPAGE },
	{ "not_mixedmap", insert_mixed, RW, MAP_SHARED, 0, false, VM_FAULT_SIGBUS },
	{ "mkwrite_not_mixedmap", insert_mixed_mkwrite, RW, MAP_SHARED, 0, false,
	  VM_FAULT_SIGBUS },
	{ "pfnmap", insert_mixed, RW, MAP_SHARED, VM_PFNMAP, false, VM_FAULT_SIGBUS },
	/* The zero page must stay zero. */
	{ "zero_private", insert_mixed, RW, MAP_PRIVATE, VM_MIXEDMAP, true, VM_FAULT_NOPAGE },
	{ "zero_private_not_mixedmap", insert_mixed, RW, MAP_PRIVATE, 0, true, VM_FAULT_NOPAGE },
	{ "zero_shared", insert_mixed, RW, MAP_SHARED, VM_MIXEDMAP, true, VM_FAULT_SIGBUS },
	{ "zero_shared_read_only", insert_mixed, PROT_READ, MAP_SHARED, VM_MIXEDMAP, true,
	  VM_FAULT_SIGBUS },
	{ "zero_shared_not_mixedmap", insert_mixed, RW, MAP_SHARED, 0, true, VM_FAULT_SIGBUS },
	{ "zero_private_mkwrite", insert_mixed_mkwrite, RW, MAP_PRIVATE, VM_MIXEDMAP, true,
	  VM_FAULT_SIGBUS },
	{ "zero_shared_mkwrite", insert_mixed_mkwrite, RW, MAP_SHARED, VM_MIXEDMAP, true,
	  VM_FAULT_SIGBUS },
};

KUNIT_ARRAY_PARAM_DESC(mixed, mixeds, desc);

static void vmf_insert_mixed_allowed(struct kunit *test)
{
	const struct mixed *c = test->param_value;
	struct driver *drv = test->priv;
	unsigned long addr;
	int refs, mapcount;

	set_page(drv, c->zero ? ZERO_PAGE(0) : own_page(test));
	refs = page_ref_count(drv->page);
	mapcount = folio_mapcount(page_folio(drv->page));
	drv->insert = c->insert;
	drv->flags = c->vm_flags;
	addr = driver_map(test, 0, PAGE_SIZE, c->prot, c->flags);
	KUNIT_EXPECT_EQ(test, user_fault(addr, 0), c->ret);
	if (c->ret == VM_FAULT_NOPAGE)
		expect_pte(test, addr, drv->pfn, c->zero || !MIXED_COUNTS);
	else
		expect_no_pte(test, addr);
	if (c->zero) {
		if (c->ret == VM_FAULT_NOPAGE)
			KUNIT_EXPECT_FALSE(test, pte_write(user_pte_at(addr)));
		KUNIT_EXPECT_EQ(test, page_ref_count(drv->page), refs);
		KUNIT_EXPECT_EQ(test, folio_mapcount(page_folio(drv->page)), mapcount);
		expect_rss(test, 0);
	}
	KUNIT_ASSERT_EQ(test, vm_munmap(addr, PAGE_SIZE), 0);
	KUNIT_EXPECT_EQ(test, page_ref_count(drv->page), refs);
	expect_rss(test, 0);
}

/* Where a hole was read before it was written to, the zero page makes way. */
static void vmf_insert_mkwrite_over_zero_page(struct kunit *test)
{
	const struct upgrade *c = test->param_value;
	struct driver *drv = test->priv;
	unsigned long addr;
	vm_fault_t ret = 0;

	set_page(drv, ZERO_PAGE(0));
	drv->insert = insert_mixed;
	drv->flags = VM_MIXEDMAP;
	drv->offset = PAGE_SIZE;
	addr = driver_map(test, 0, 2 * PAGE_SIZE, RW, MAP_PRIVATE);
	KUNIT_EXPECT_EQ(test, user_fault(addr, 0), VM_FAULT_NOPAGE);

	/* It is the caller's to unmap it first: no reason to warn, nor to map. */
	set_page(drv, own_page(test));
	drv->insert = c->mkwrite;
	kunit_warning_suppress(test) {
		ret = user_fault(addr, 0);
		KUNIT_EXPECT_SUPPRESSED_WARNING_COUNT(test, 0);
	}
	KUNIT_EXPECT_EQ(test, ret, c->mkwrite == insert_page_mkwrite || MIXED_COUNTS ?
			VM_FAULT_SIGBUS : VM_FAULT_NOPAGE);
	expect_pte(test, addr + PAGE_SIZE, page_to_pfn(ZERO_PAGE(0)), true);
	KUNIT_EXPECT_FALSE(test, pte_write(user_pte_at(addr + PAGE_SIZE)));
	expect_counts(test, drv->page, 0);
}

/* === Huge pages === */

#ifdef CONFIG_TRANSPARENT_HUGEPAGE
#define HUGE_AT		(ALIGN(SZ_1G, PMD_SIZE))

static vm_fault_t insert_pfn_pmd(struct vm_fault *at, struct driver *drv)
{
	return vmf_insert_pfn_pmd(at, drv->pfn, false);
}

/* As if nobody had accessed what is mapped there, of late. */
static void make_pmd_old(pmd_t *pmd)
{
	if (pmd_present(*pmd))
		*pmd = pmd_mkold(*pmd);
}

static vm_fault_t insert_pfn_pmd_write(struct vm_fault *at, struct driver *drv)
{
	make_pmd_old(at->pmd);
	return vmf_insert_pfn_pmd(at, drv->pfn, true);
}

static vm_fault_t insert_folio_pmd(struct vm_fault *at, struct driver *drv)
{
	return vmf_insert_folio_pmd(at, page_folio(drv->page), false);
}

static vm_fault_t insert_folio_pmd_write(struct vm_fault *at, struct driver *drv)
{
	make_pmd_old(at->pmd);
	return vmf_insert_folio_pmd(at, page_folio(drv->page), true);
}

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

static struct page *huge_page(struct kunit *test)
{
	return manage(test, put_page_action,
		      alloc_pages(GFP_KERNEL | __GFP_COMP | __GFP_NOWARN, PMD_ORDER));
}

static struct driver *huge_driver(struct kunit *test, insert_t insert, vm_flags_t flags)
{
	struct driver *drv = test->priv;

	if (!has_transparent_hugepage())
		kunit_skip(test, "needs huge pages");
	/* They are off by default if there is little memory. */
	if (totalram_pages() < SZ_512M / PAGE_SIZE)
		kunit_skip(test, "needs 512 MB of memory for huge pages");
	set_page(drv, huge_page(test));
	drv->insert = insert;
	drv->order = PMD_ORDER;
	/* As if by madvise(). */
	drv->flags = flags | VM_HUGEPAGE;

	return drv;
}

/* Two PMDs, of which a fault on the first one inserts in the second one. */
static unsigned long huge_map(struct kunit *test, struct driver *drv)
{
	drv->offset = PMD_SIZE;
	return driver_map(test, HUGE_AT, 2 * PMD_SIZE, RW, MAP_SHARED);
}

static void vmf_insert_pfn_pmd_maps(struct kunit *test)
{
	struct driver *drv = huge_driver(test, insert_pfn_pmd, VM_PFNMAP);
	unsigned long addr = driver_map(test, HUGE_AT, 2 * PMD_SIZE, RW, MAP_SHARED);
	pmd_t pmd;

	memset_page(drv->page + 3, 0, 0x5a, PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, user_fault(addr + PMD_SIZE + 5 * PAGE_SIZE, 0), VM_FAULT_NOPAGE);
	KUNIT_EXPECT_EQ(test, drv->huge_faults, 1);
	KUNIT_EXPECT_TRUE(test, pmd_none(user_pmd(addr)));
	pmd = user_pmd(addr + PMD_SIZE);
	KUNIT_ASSERT_TRUE(test, pmd_leaf(pmd));
	KUNIT_EXPECT_EQ(test, pmd_pfn(pmd), drv->pfn);
	KUNIT_EXPECT_EQ(test, !!pmd_special(pmd), IS_ENABLED(CONFIG_ARCH_SUPPORTS_PMD_PFNMAP));
	KUNIT_EXPECT_TRUE(test, pmd_write(pmd));
	KUNIT_EXPECT_FALSE(test, pmd_dirty(pmd));
	expect_raw(test, addr + PMD_SIZE, drv->pfn, PMD_MASK);
	expect_raw(test, addr + 2 * PMD_SIZE - 1, drv->pfn + HPAGE_PMD_NR - 1, PMD_MASK);
	expect_counts(test, drv->page, 0);
	expect_rss(test, 0);
	KUNIT_EXPECT_NULL(test, memchr_inv(user_read_page(test, addr + PMD_SIZE + 3 * PAGE_SIZE),
					   0x5a, PAGE_SIZE));

	/* Part of it cannot be unmapped, so all is, and comes back by faults. */
	KUNIT_ASSERT_EQ(test, vm_munmap(addr + PMD_SIZE, PAGE_SIZE), 0);
	KUNIT_EXPECT_FALSE(test, pmd_leaf(user_pmd(addr + PMD_SIZE)));
	KUNIT_EXPECT_FALSE(test, user_write(addr + PMD_SIZE + 3 * PAGE_SIZE, 1));
	/* How often a copy tries again is up to the architecture. */
	KUNIT_EXPECT_GT(test, drv->huge_faults, 1);
	KUNIT_ASSERT_EQ(test, vm_munmap(addr, 2 * PMD_SIZE), 0);
	expect_counts(test, drv->page, 0);
	expect_rss(test, 0);
}

static void vmf_insert_folio_pmd_maps(struct kunit *test)
{
	struct driver *drv = huge_driver(test, insert_folio_pmd, VM_MIXEDMAP);
	unsigned long addr = driver_map(test, HUGE_AT, 2 * PMD_SIZE, RW, MAP_SHARED);
	pmd_t pmd;

	KUNIT_EXPECT_EQ(test, user_fault(addr + PMD_SIZE + 5 * PAGE_SIZE, 0), VM_FAULT_NOPAGE);
	KUNIT_EXPECT_TRUE(test, pmd_none(user_pmd(addr)));
	pmd = user_pmd(addr + PMD_SIZE);
	KUNIT_ASSERT_TRUE(test, pmd_leaf(pmd));
	KUNIT_EXPECT_EQ(test, pmd_pfn(pmd), drv->pfn);
	KUNIT_EXPECT_FALSE(test, pmd_special(pmd));
	KUNIT_EXPECT_TRUE(test, pmd_write(pmd));
	KUNIT_EXPECT_FALSE(test, pmd_dirty(pmd));
	expect_counts(test, drv->page, 1);
	expect_rss(test, HPAGE_PMD_NR);
	KUNIT_EXPECT_PTR_EQ(test, user_page(addr + PMD_SIZE + 7 * PAGE_SIZE, 0), drv->page + 7);
	KUNIT_EXPECT_TRUE(test, user_write(addr + PMD_SIZE + 7 * PAGE_SIZE, 1));

	KUNIT_ASSERT_EQ(test, vm_munmap(addr, 2 * PMD_SIZE), 0);
	expect_counts(test, drv->page, 0);
	expect_rss(test, 0);
}

static void release_pages_of(struct page **pages, long nr, bool pinned)
{
	long i;

	for (i = 0; i < nr; i++)
		pinned ? unpin_user_page(pages[i]) : put_page(pages[i]);
}

/* Each page of a huge one that somebody gets is a reference to, or a pin of, it. */
static void vmf_insert_folio_pmd_gup(struct kunit *test)
{
	struct driver *drv = huge_driver(test, insert_folio_pmd_write, VM_MIXEDMAP);
	unsigned long addr = driver_map(test, HUGE_AT, PMD_SIZE, RW, MAP_SHARED);
	struct folio *folio = page_folio(drv->page);
	int i, how;

	KUNIT_EXPECT_EQ(test, user_fault(addr, FAULT_FLAG_WRITE), VM_FAULT_NOPAGE);
	addr += PMD_SIZE - 5 * PAGE_SIZE;
	for (how = 0; how < 4; how++) {
		struct page *pages[6] = {};
		bool pin = how & 1;
		long ret;

		/* As many as are wanted, or as there are. */
		if (how & 2)
			ret = pin ? pin_user_pages_fast(addr, 3, FOLL_WRITE, pages) :
			      get_user_pages_fast(addr, 3, FOLL_WRITE, pages);
		else
			ret = pin ? pin_user_pages_unlocked(addr, 6, pages, FOLL_WRITE) :
			      get_user_pages_unlocked(addr, 6, pages, FOLL_WRITE);
		KUNIT_EXPECT_EQ_MSG(test, ret, how & 2 ? 3 : 5, "%d", how);
		for (i = 0; i < ret; i++)
			KUNIT_EXPECT_PTR_EQ(test, pages[i], drv->page + HPAGE_PMD_NR - 5 + i);
		KUNIT_EXPECT_EQ_MSG(test, folio_ref_count(folio), 2 + ret, "%d", how);
		KUNIT_EXPECT_EQ_MSG(test, atomic_read(&folio->_pincount), pin ? ret : 0, "%d",
				    how);
		release_pages_of(pages, ret, pin);
		KUNIT_EXPECT_EQ(test, atomic_read(&folio->_pincount), 0);
		expect_counts(test, drv->page, 1);
	}
}

/*
 * Nobody gets a page of a raw huge page, because its page frames need not have a
 * struct page. These have one, so that a reference to it can be seen.
 */
static void vmf_insert_pfn_pmd_gup(struct kunit *test)
{
	struct driver *drv = huge_driver(test, insert_pfn_pmd_write, VM_MIXEDMAP);
	unsigned long addr = driver_map(test, HUGE_AT, PMD_SIZE, RW, MAP_SHARED);
	int how;

	if (!IS_ENABLED(CONFIG_ARCH_SUPPORTS_PMD_PFNMAP))
		kunit_skip(test, "needs raw huge pages that can be told from others");
	KUNIT_EXPECT_EQ(test, user_fault(addr, FAULT_FLAG_WRITE), VM_FAULT_NOPAGE);
	KUNIT_ASSERT_TRUE(test, pmd_leaf(user_pmd(addr)));
	for (how = 0; how < 8; how++) {
		unsigned int flags = how & 4 ? FOLL_WRITE : 0;
		struct page *pages[2] = {};
		bool pin = how & 1;
		long ret;

		if (how & 2)
			ret = pin ? pin_user_pages_fast(addr, 2, flags, pages) :
			      get_user_pages_fast(addr, 2, flags, pages);
		else
			ret = pin ? pin_user_pages_unlocked(addr, 2, pages, flags) :
			      get_user_pages_unlocked(addr, 2, pages, flags);
		/* As for a raw small page. */
		KUNIT_EXPECT_EQ_MSG(test, ret, -EEXIST, "%d", how);
		KUNIT_EXPECT_NULL_MSG(test, pages[0], "%d", how);
		expect_counts(test, drv->page, 0);
		release_pages_of(pages, ret, pin);
	}
	KUNIT_ASSERT_TRUE(test, pmd_leaf(user_pmd(addr)));
}

static const struct huge {
	const char *desc;
	insert_t insert;
	insert_t write;
	vm_flags_t flags;
	bool counts;
} huges[] = {
	{ "vmf_insert_pfn_pmd", insert_pfn_pmd, insert_pfn_pmd_write, VM_PFNMAP, false },
	{ "vmf_insert_folio_pmd", insert_folio_pmd, insert_folio_pmd_write, VM_MIXEDMAP, true },
};

KUNIT_ARRAY_PARAM_DESC(huge, huges, desc);

static void vmf_insert_pmd_occupied(struct kunit *test)
{
	const struct huge *c = test->param_value;
	struct driver *drv = huge_driver(test, c->insert, c->flags);
	struct page *first = drv->page, *second = huge_page(test);
	unsigned long addr, second_pmd;
	vm_fault_t ret = 0;
	pmd_t pmd;

	drv->notify = true;
	addr = huge_map(test, drv);
	second_pmd = addr + PMD_SIZE;
	KUNIT_EXPECT_EQ(test, user_fault(addr, 0), VM_FAULT_NOPAGE);
	KUNIT_EXPECT_EQ(test, user_fault(addr, 0), VM_FAULT_NOPAGE);
	KUNIT_EXPECT_FALSE(test, pmd_dirty(user_pmd(second_pmd)));
	KUNIT_EXPECT_FALSE(test, pmd_write(user_pmd(second_pmd)));
	set_page(drv, second);
	KUNIT_EXPECT_EQ(test, user_fault(addr, 0), VM_FAULT_NOPAGE);
	KUNIT_EXPECT_EQ(test, pmd_pfn(user_pmd(second_pmd)), page_to_pfn(first));

	/* For a write, it should have been the same. */
	drv->insert = c->write;
	kunit_warning_suppress(test) {
		ret = user_fault(addr, 0);
	}
	KUNIT_EXPECT_EQ(test, ret, VM_FAULT_NOPAGE);
	pmd = user_pmd(second_pmd);
	KUNIT_EXPECT_EQ(test, pmd_pfn(pmd), page_to_pfn(first));
	KUNIT_EXPECT_FALSE(test, pmd_dirty(pmd));
	expect_counts(test, first, c->counts);
	expect_counts(test, second, 0);

	set_page(drv, first);
	KUNIT_EXPECT_EQ(test, user_fault(addr, 0), VM_FAULT_NOPAGE);
	pmd = user_pmd(second_pmd);
	KUNIT_EXPECT_EQ(test, pmd_pfn(pmd), page_to_pfn(first));
	KUNIT_EXPECT_TRUE(test, pmd_dirty(pmd));
	KUNIT_EXPECT_TRUE(test, pmd_young(pmd));
	KUNIT_EXPECT_TRUE(test, pmd_write(pmd));
	expect_counts(test, first, c->counts);
	expect_rss(test, c->counts ? HPAGE_PMD_NR : 0);
	KUNIT_ASSERT_EQ(test, vm_munmap(addr, 2 * PMD_SIZE), 0);
	expect_counts(test, first, 0);
}

static void vmf_insert_pmd_write(struct kunit *test)
{
	const struct huge *c = test->param_value;
	struct driver *drv = huge_driver(test, c->write, c->flags);
	unsigned long addr;
	pmd_t pmd;
	int i;

	drv->notify = true;
	addr = driver_map(test, HUGE_AT, PMD_SIZE, RW, MAP_SHARED);
	KUNIT_EXPECT_EQ(test, user_fault(addr, FAULT_FLAG_WRITE), VM_FAULT_NOPAGE);
	pmd = user_pmd(addr);
	KUNIT_EXPECT_TRUE(test, pmd_write(pmd));
	KUNIT_EXPECT_TRUE(test, pmd_dirty(pmd));
	KUNIT_EXPECT_TRUE(test, pmd_young(pmd));
	KUNIT_ASSERT_EQ(test, vm_munmap(addr, PMD_SIZE), 0);
	expect_counts(test, drv->page, 0);

	drv->offset = PMD_SIZE;
	addr = driver_map(test, HUGE_AT, 2 * PMD_SIZE, PROT_READ, MAP_SHARED);
	for (i = 0; i < 2; i++) {
		KUNIT_EXPECT_EQ(test, user_fault(addr, 0), VM_FAULT_NOPAGE);
		pmd = user_pmd(addr + PMD_SIZE);
		KUNIT_EXPECT_TRUE(test, pmd_leaf(pmd));
		KUNIT_EXPECT_FALSE(test, pmd_write(pmd));
	}
}

/* The page would begin before the VMA does, or where it ends. */
static void vmf_insert_pmd_outside(struct kunit *test)
{
	const struct huge *c = test->param_value;
	struct driver *drv = huge_driver(test, c->insert, c->flags);
	unsigned long addr = HUGE_AT + PAGE_SIZE;

	driver_map(test, addr, PMD_SIZE, RW, MAP_SHARED);
	KUNIT_EXPECT_EQ(test, user_fault(addr, 0), VM_FAULT_SIGBUS);
	KUNIT_EXPECT_EQ(test, drv->huge_faults, 1);
	KUNIT_EXPECT_FALSE(test, pmd_leaf(user_pmd(addr)));
	KUNIT_ASSERT_EQ(test, vm_munmap(addr, PMD_SIZE), 0);

	drv->offset = PMD_SIZE;
	driver_map(test, HUGE_AT, PMD_SIZE, RW, MAP_SHARED);
	KUNIT_EXPECT_EQ(test, user_fault(HUGE_AT, 0), VM_FAULT_SIGBUS);
	KUNIT_EXPECT_FALSE(test, pmd_leaf(user_pmd(HUGE_AT + PMD_SIZE)));
	expect_counts(test, drv->page, 0);
	expect_rss(test, 0);
}

static void vmf_insert_folio_pmd_wrong_order(struct kunit *test)
{
	struct driver *drv = huge_driver(test, insert_folio_pmd, VM_MIXEDMAP);
	unsigned long addr = driver_map(test, HUGE_AT, PMD_SIZE, RW, MAP_SHARED);
	vm_fault_t ret = 0;

	set_page(drv, own_page(test));
	kunit_warning_suppress(test) {
		ret = user_fault(addr, 0);
	}
	KUNIT_EXPECT_EQ(test, ret, VM_FAULT_SIGBUS);
	KUNIT_EXPECT_FALSE(test, pmd_leaf(user_pmd(addr)));
	expect_counts(test, drv->page, 0);
}

#ifdef CONFIG_HAVE_ARCH_TRANSPARENT_HUGEPAGE_PUD
/* Two huge pages of the next size; of their memory there need not be any. */
#define PUD_AT		(4 * PUD_SIZE)
#define PUD_PFN		(PHYS_PFN(SZ_64G))

static vm_fault_t insert_pfn_pud(struct vm_fault *at, struct driver *drv)
{
	return vmf_insert_pfn_pud(at, drv->pfn, false);
}

static vm_fault_t insert_pfn_pud_write(struct vm_fault *at, struct driver *drv)
{
	if (pud_present(*at->pud))
		*at->pud = pud_mkold(*at->pud);
	return vmf_insert_pfn_pud(at, drv->pfn, true);
}

static vm_fault_t insert_folio_pud(struct vm_fault *at, struct driver *drv)
{
	return vmf_insert_folio_pud(at, page_folio(drv->page), false);
}

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

static struct driver *pud_driver(struct kunit *test, insert_t insert)
{
	struct driver *drv = test->priv;

	drv->pfn = PUD_PFN;
	drv->insert = insert;
	drv->order = PUD_ORDER;
	drv->flags = VM_PFNMAP | VM_HUGEPAGE;

	return drv;
}

static void vmf_insert_pfn_pud_maps(struct kunit *test)
{
	struct driver *drv = pud_driver(test, insert_pfn_pud);
	unsigned long addr = driver_map(test, PUD_AT, 2 * PUD_SIZE, RW, MAP_SHARED);
	pud_t pud;

	KUNIT_EXPECT_EQ(test, user_fault(addr + PUD_SIZE + PMD_SIZE, 0), VM_FAULT_NOPAGE);
	KUNIT_EXPECT_EQ(test, drv->huge_faults, 1);
	KUNIT_EXPECT_TRUE(test, pud_none(user_pud(addr)));
	pud = user_pud(addr + PUD_SIZE);
	KUNIT_ASSERT_TRUE(test, pud_leaf(pud));
	KUNIT_EXPECT_EQ(test, pud_pfn(pud), PUD_PFN);
	KUNIT_EXPECT_TRUE(test, pud_special(pud));
	KUNIT_EXPECT_TRUE(test, pud_write(pud));
	KUNIT_EXPECT_FALSE(test, pud_dirty(pud));
	expect_raw(test, addr + PUD_SIZE + PMD_SIZE + PAGE_SIZE,
		   PUD_PFN + HPAGE_PMD_NR + 1, PUD_MASK);
	expect_rss(test, 0);

	/* The same page again is no error, another one is not mapped. */
	drv->offset = PUD_SIZE;
	KUNIT_EXPECT_EQ(test, user_fault(addr, 0), VM_FAULT_NOPAGE);
	drv->pfn = 2 * PUD_PFN;
	KUNIT_EXPECT_EQ(test, user_fault(addr, 0), VM_FAULT_NOPAGE);
	drv->insert = insert_pfn_pud_write;
	kunit_warning_suppress(test) {
		KUNIT_EXPECT_EQ(test, user_fault(addr, 0), VM_FAULT_NOPAGE);
	}
	pud = user_pud(addr + PUD_SIZE);
	KUNIT_EXPECT_EQ(test, pud_pfn(pud), PUD_PFN);
	KUNIT_EXPECT_FALSE(test, pud_dirty(pud));

	drv->pfn = PUD_PFN;
	KUNIT_EXPECT_EQ(test, user_fault(addr, 0), VM_FAULT_NOPAGE);
	pud = user_pud(addr + PUD_SIZE);
	KUNIT_EXPECT_TRUE(test, pud_dirty(pud));
	KUNIT_EXPECT_TRUE(test, pud_write(pud));
	KUNIT_EXPECT_TRUE(test, pud_young(pud));
	KUNIT_ASSERT_EQ(test, vm_munmap(addr, 2 * PUD_SIZE), 0);
	expect_rss(test, 0);

	/* At once writable and dirty, if it is for a write. */
	drv->offset = 0;
	addr = driver_map(test, PUD_AT, PUD_SIZE, RW, MAP_SHARED);
	KUNIT_EXPECT_EQ(test, user_fault(addr, FAULT_FLAG_WRITE), VM_FAULT_NOPAGE);
	pud = user_pud(addr);
	KUNIT_EXPECT_TRUE(test, pud_dirty(pud));
	KUNIT_EXPECT_TRUE(test, pud_young(pud));
	KUNIT_EXPECT_TRUE(test, pud_write(pud));
}

/* Neither is the first write the driver's to miss, nor one that is not allowed. */
static void vmf_insert_pfn_pud_write(struct kunit *test)
{
	struct driver *drv = pud_driver(test, insert_pfn_pud);
	unsigned long addr;
	int i;

	drv->notify = true;
	drv->offset = PUD_SIZE;
	addr = driver_map(test, PUD_AT, 2 * PUD_SIZE, RW, MAP_SHARED);
	KUNIT_EXPECT_EQ(test, user_fault(addr, 0), VM_FAULT_NOPAGE);
	KUNIT_EXPECT_FALSE(test, pud_write(user_pud(addr + PUD_SIZE)));
	drv->insert = insert_pfn_pud_write;
	KUNIT_EXPECT_EQ(test, user_fault(addr, 0), VM_FAULT_NOPAGE);
	KUNIT_EXPECT_TRUE(test, pud_write(user_pud(addr + PUD_SIZE)));
	KUNIT_ASSERT_EQ(test, vm_munmap(addr, 2 * PUD_SIZE), 0);
	driver_map(test, PUD_AT, 2 * PUD_SIZE, RW, MAP_SHARED);
	KUNIT_EXPECT_EQ(test, user_fault(addr, 0), VM_FAULT_NOPAGE);
	KUNIT_EXPECT_TRUE(test, pud_write(user_pud(addr + PUD_SIZE)));
	KUNIT_ASSERT_EQ(test, vm_munmap(addr, 2 * PUD_SIZE), 0);

	addr = driver_map(test, PUD_AT, 2 * PUD_SIZE, PROT_READ, MAP_SHARED);
	for (i = 0; i < 2; i++) {
		KUNIT_EXPECT_EQ(test, user_fault(addr, 0), VM_FAULT_NOPAGE);
		KUNIT_EXPECT_TRUE(test, pud_leaf(user_pud(addr + PUD_SIZE)));
		KUNIT_EXPECT_FALSE(test, pud_write(user_pud(addr + PUD_SIZE)));
	}
}

static void vmf_insert_pfn_pud_outside(struct kunit *test)
{
	struct driver *drv = pud_driver(test, insert_pfn_pud);
	unsigned long addr = PUD_AT + PAGE_SIZE;

	driver_map(test, addr, PUD_SIZE, RW, MAP_SHARED);
	KUNIT_EXPECT_EQ(test, user_fault(addr, 0), VM_FAULT_SIGBUS);
	KUNIT_EXPECT_EQ(test, drv->huge_faults, 1);
	KUNIT_EXPECT_FALSE(test, pud_leaf(user_pud(addr)));
	KUNIT_ASSERT_EQ(test, vm_munmap(addr, PUD_SIZE), 0);

	drv->offset = PUD_SIZE;
	driver_map(test, PUD_AT, PUD_SIZE, RW, MAP_SHARED);
	KUNIT_EXPECT_EQ(test, user_fault(PUD_AT, 0), VM_FAULT_SIGBUS);
	KUNIT_EXPECT_FALSE(test, pud_leaf(user_pud(PUD_AT + PUD_SIZE)));
}

static void vmf_insert_folio_pud_wrong_order(struct kunit *test)
{
	struct driver *drv = pud_driver(test, insert_folio_pud);
	unsigned long addr;
	vm_fault_t ret = 0;

	drv->flags = VM_MIXEDMAP | VM_HUGEPAGE;
	set_page(drv, own_page(test));
	addr = driver_map(test, PUD_AT, PUD_SIZE, RW, MAP_SHARED);
	kunit_warning_suppress(test) {
		ret = user_fault(addr, 0);
	}
	KUNIT_EXPECT_EQ(test, ret, VM_FAULT_SIGBUS);
	KUNIT_EXPECT_FALSE(test, pud_leaf(user_pud(addr)));
	expect_counts(test, drv->page, 0);
}
#endif
#endif

static int vmf_insert_init(struct kunit *test)
{
	struct driver *drv = kunit_kzalloc(test, sizeof(*drv), GFP_KERNEL);

	mm_kunit_init(test);
	KUNIT_ASSERT_NOT_NULL(test, drv);
	drv->file = user_file_open(test, O_RDWR, driver_mmap, drv);
	test->priv = drv;

	return 0;
}

static struct kunit_case vmf_insert_cases[] = {
	KUNIT_CASE_PARAM(vmf_insert_maps, function_gen_params),
	KUNIT_CASE_PARAM(vmf_insert_read_only, function_gen_params),
	KUNIT_CASE_PARAM(vmf_insert_outside, function_gen_params),
	KUNIT_CASE_PARAM(vmf_insert_occupied, function_gen_params),
	KUNIT_CASE_PARAM(vmf_insert_no_memory, function_gen_params),
	KUNIT_CASE_PARAM(vmf_insert_page_bad_page, bad_page_gen_params),
	KUNIT_CASE_PARAM(vmf_insert_mkwrite_upgrades, upgrade_gen_params),
	KUNIT_CASE(vmf_insert_page_mkwrite_private),
	KUNIT_CASE(vmf_insert_pfn_prot_read_only),
	KUNIT_CASE_PARAM(vmf_insert_pfn_without_page, no_memory_gen_params),
	KUNIT_CASE(vmf_insert_mixed_mkwrite_without_page),
	KUNIT_CASE_PARAM(vmf_insert_mixed_allowed, mixed_gen_params),
	KUNIT_CASE_PARAM(vmf_insert_mkwrite_over_zero_page, upgrade_gen_params),
#ifdef CONFIG_TRANSPARENT_HUGEPAGE
	KUNIT_CASE(vmf_insert_pfn_pmd_maps),
	KUNIT_CASE(vmf_insert_folio_pmd_maps),
	KUNIT_CASE(vmf_insert_folio_pmd_gup),
	KUNIT_CASE(vmf_insert_pfn_pmd_gup),
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
#endif
	{}
};

static struct kunit_suite vmf_insert_suite = {
	.name = "vmf_insert",
	.init = vmf_insert_init,
	.test_cases = vmf_insert_cases,
};

kunit_test_suite(vmf_insert_suite);

MODULE_DESCRIPTION("KUnit tests for vmf_insert_page() and its kin");
MODULE_LICENSE("GPL");
