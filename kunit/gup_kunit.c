// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests for get_user_pages(), pin_user_pages() and their variants: which
 * pages they return, the references they take, and what makes them stop.
 *
 * A driver that gets the pages of a user buffer relies on three promises: they are
 * the pages that the process sees, the driver may write to them if it has asked
 * for that, and they stay allocated until the driver has released them as often as
 * it got them.
 */
#include <kunit/test.h>
#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/mmzone.h>
#include <linux/module.h>
#include <linux/sizes.h>
#include <linux/vmstat.h>

#include "gup_calls.h"
#include "gup_driver.h"
#include "mm_kunit.h"
#include "test_driver.h"
#include "user_vma.h"

/* -- pages and references ---------------------------------------------------- */

/*
 * A call returns nr_pages pages, in order, starting with the one that contains
 * addr, because callers compute the offset of a byte in the array from its
 * address. It adds one reference (or one pin) to each of them and none to the
 * pages around them. The address need not be aligned.
 */
static void gup_pages(struct kunit *test)
{
	unsigned long addr = test_driver_map_all(test, PROT_RW, MAP_SHARED);
	const struct gup *gup = test->param_value;
	struct test_driver *drv = test->priv;
	int refs = gup_refs(gup);
	unsigned int flags;

	for (flags = 0; flags <= FOLL_WRITE; flags += FOLL_WRITE) {
		struct page *pages[TEST_DRIVER_PAGES] = {};

		KUNIT_ASSERT_EQ_MSG(test, gup->call(addr + PAGE_SIZE + 100, 2, flags, pages), 2,
				    "flags %#x", flags);
		KUNIT_EXPECT_PTR_EQ_MSG(test, pages[0], drv->pages[1], "flags %#x", flags);
		KUNIT_EXPECT_PTR_EQ_MSG(test, pages[1], drv->pages[2], "flags %#x", flags);
		KUNIT_EXPECT_PTR_EQ_MSG(test, pages[2], NULL, "flags %#x", flags);
		MM_KUNIT_EXPECT_COUNTS(test, drv->pages[0], 2, 1, "page 0, flags %#x", flags);
		MM_KUNIT_EXPECT_COUNTS(test, drv->pages[1], 2 + refs, 1, "page 1, flags %#x",
				       flags);
		MM_KUNIT_EXPECT_COUNTS(test, drv->pages[2], 2 + refs, 1, "page 2, flags %#x",
				       flags);
		MM_KUNIT_EXPECT_COUNTS(test, drv->pages[3], 2, 1, "page 3, flags %#x", flags);
		gup_release(gup, pages, 2);
		MM_KUNIT_EXPECT_COUNTS(test, drv->pages[1], 2, 1, "released page 1, flags %#x",
				       flags);
		MM_KUNIT_EXPECT_COUNTS(test, drv->pages[2], 2, 1, "released page 2, flags %#x",
				       flags);
	}
}

/*
 * Anonymous pages are returned and referenced like those of a driver, because the
 * caller does not know what is mapped, and a call that reaches unmapped memory
 * returns the pages before it. The kernel keeps
 * anonymous pages on lists, which hold references for a while, so the counts are
 * only known up to a batch per CPU; many rounds make a leak larger than that.
 */
static void gup_anon_pages(struct kunit *test)
{
	unsigned long addr = gup_map_anon(test, 0, TEST_DRIVER_PAGES, PROT_RW, 0);
	const int batched = FOLIO_BATCH_SIZE * num_online_cpus();
	struct page *pages[TEST_DRIVER_PAGES] = {};
	const struct gup *gup = test->param_value;
	int i, round, refs[2];

	/*
	 *      addr
	 *      |-- present --|-- present --|-- to be faulted in --|   unmapped   |
	 */
	KUNIT_ASSERT_EQ(test, vm_munmap(addr + 3 * PAGE_SIZE, PAGE_SIZE), 0);
	for (i = 0; i < 2; i++) {
		KUNIT_ASSERT_EQ_MSG(test, user_write(addr + i * PAGE_SIZE, 1234 + i), true,
				    "page %d", i);
		refs[i] = gup_refs_at(addr + i * PAGE_SIZE);
		KUNIT_ASSERT_GT_MSG(test, refs[i], 0, "references of page %d", i);
	}

	for (round = 0; round < 4 * batched; round++) {
		KUNIT_ASSERT_EQ_MSG(test, gup->call(addr + 1, TEST_DRIVER_PAGES, FOLL_WRITE, pages),
				    3, "round %d", round);
		for (i = 0; i < 3; i++) {
			KUNIT_EXPECT_PTR_EQ_MSG(test, pages[i], user_page(addr + i * PAGE_SIZE, 0),
						"page %d, round %d", i, round);
			KUNIT_EXPECT_EQ_MSG(test, page_ref_count(pages[i]) / GUP_PIN_COUNTING_BIAS,
					    gup->pin ? 1 : 0, "pins of page %d, round %d", i,
					    round);
			KUNIT_EXPECT_EQ_MSG(test, folio_maybe_dma_pinned(page_folio(pages[i])),
					    gup->pin, "page %d, round %d", i, round);
		}
		KUNIT_EXPECT_PTR_EQ_MSG(test, pages[3], NULL, "round %d", round);
		gup_release(gup, pages, 3);
	}
	for (i = 0; i < 2; i++) {
		KUNIT_EXPECT_GE_MSG(test, page_ref_count(pages[i]), refs[i] - batched,
				    "references of page %d after all rounds", i);
		KUNIT_EXPECT_LE_MSG(test, page_ref_count(pages[i]), refs[i] + batched,
				    "references of page %d after all rounds", i);
	}
}

/*
 * A page may be got several times and is to be released as often. A pin can be
 * told from a reference by folio_maybe_dma_pinned(), because filesystems and
 * fork() have to treat a page with DMA in flight differently, see
 * Documentation/core-api/pin_user_pages.rst.
 */
static void gup_references(struct kunit *test)
{
	unsigned long addr = test_driver_map_all(test, PROT_RW, MAP_SHARED);
	const struct gup *gup = test->param_value;
	struct test_driver *drv = test->priv;
	struct page *page = drv->pages[0];
	struct page *pages[3] = {};
	int i, refs = gup_refs(gup);

	KUNIT_EXPECT_EQ(test, mm_flags_test(MMF_HAS_PINNED, current->mm), false);
	for (i = 0; i < ARRAY_SIZE(pages); i++)
		KUNIT_ASSERT_EQ_MSG(test, gup->call(addr, 1, 0, &pages[i]), 1, "call %d", i);
	MM_KUNIT_EXPECT_COUNTS(test, page, 2 + 3 * refs, 1, "page 0, got three times");
	KUNIT_EXPECT_EQ(test, folio_maybe_dma_pinned(page_folio(page)), gup->pin);
	KUNIT_EXPECT_EQ(test, mm_flags_test(MMF_HAS_PINNED, current->mm), gup->pin);

	gup_release(gup, pages, 1);
	MM_KUNIT_EXPECT_COUNTS(test, page, 2 + 2 * refs, 1, "page 0, released once");
	gup_release(gup, pages + 1, 2);
	MM_KUNIT_EXPECT_COUNTS(test, page, 2, 1, "page 0, released three times");
	KUNIT_EXPECT_EQ(test, folio_maybe_dma_pinned(page_folio(page)), false);
}

/*
 * The pages of a large folio share one reference count and one pin count, so
 * each page that is got counts once in both, and a release of some of the pages
 * leaves the counts of the others.
 */
static void gup_large_folio(struct kunit *test)
{
	struct folio *folio = test_driver_use_folio(test);
	struct page *pages[TEST_DRIVER_PAGES] = {};
	const int mapped = 1 + TEST_DRIVER_PAGES;
	const struct gup *gup = test->param_value;
	unsigned long addr;
	int i;

	addr = test_driver_map_all(test, PROT_RW, MAP_SHARED);
	KUNIT_ASSERT_EQ(test, folio_ref_count(folio), mapped);
	KUNIT_ASSERT_EQ(test, gup->call(addr + PAGE_SIZE, 3, FOLL_WRITE, pages), 3);
	for (i = 0; i < 3; i++)
		KUNIT_EXPECT_PTR_EQ_MSG(test, pages[i], folio_page(folio, i + 1), "entry %d", i);
	KUNIT_EXPECT_EQ(test, folio_ref_count(folio), mapped + 3);
	KUNIT_EXPECT_EQ(test, atomic_read(&folio->_pincount), gup->pin ? 3 : 0);
	KUNIT_EXPECT_EQ(test, folio_maybe_dma_pinned(folio), gup->pin);

	gup_release(gup, pages, 1);
	KUNIT_EXPECT_EQ(test, folio_ref_count(folio), mapped + 2);
	gup_release(gup, pages + 1, 2);
	KUNIT_EXPECT_EQ(test, folio_ref_count(folio), mapped);
	KUNIT_EXPECT_EQ(test, atomic_read(&folio->_pincount), 0);
}

/* Returns the value of a counter, with what the CPUs have not yet added to the sum. */
static long node_pages(enum node_stat_item item)
{
	long nr = atomic_long_read(&vm_node_stat[item]);
#ifdef CONFIG_SMP
	int cpu, nid;

	for_each_online_node(nid)
		for_each_possible_cpu(cpu)
			nr += per_cpu_ptr(NODE_DATA(nid)->per_cpu_nodestats,
					  cpu)->vm_node_stat_diff[item];
#endif
	return nr;
}

static long pins_in_system(void)
{
	return node_pages(NR_FOLL_PIN_ACQUIRED) - node_pages(NR_FOLL_PIN_RELEASED);
}

/*
 * /proc/vmstat counts pins in nr_foll_pin_acquired and nr_foll_pin_released, one
 * for each page, because a difference that stays is how a leaked pin is found
 * (Documentation/core-api/pin_user_pages.rst). References are not counted there.
 */
static void gup_statistics(struct kunit *test)
{
	struct page *pages[TEST_DRIVER_PAGES] = {};
	const struct gup *gup = test->param_value;
	long before = pins_in_system();
	unsigned long addr;

	test_driver_use_folio(test);
	addr = test_driver_map_all(test, PROT_RW, MAP_SHARED);
	KUNIT_ASSERT_EQ(test, gup->call(addr, 3, 0, pages), 3);
	KUNIT_EXPECT_EQ(test, pins_in_system() - before, gup->pin ? 3 : 0);
	gup_release(gup, pages, 3);
	KUNIT_EXPECT_EQ(test, pins_in_system() - before, 0);
}

/*
 * A call for 0 pages returns 0, stores nothing and takes no reference, wherever
 * the address is, because callers pass the length that user space has given.
 */
static void gup_no_pages(struct kunit *test)
{
	unsigned long addr = test_driver_map_all(test, PROT_RW, MAP_SHARED);
	struct page *pages[TEST_DRIVER_PAGES] = {};
	const struct gup *gup = test->param_value;
	struct test_driver *drv = test->priv;
	unsigned long anon;
	int i, refs;

	KUNIT_EXPECT_EQ(test, gup->call(addr, 0, 0, pages), 0);
	KUNIT_EXPECT_EQ(test, gup->call(0, 0, FOLL_WRITE, pages), 0);
	KUNIT_EXPECT_PTR_EQ(test, pages[0], NULL);
	MM_KUNIT_EXPECT_COUNTS(test, drv->pages[0], 2, 1, "the driver's page 0");

	/* The same at a page which is present and writable. */
	anon = gup_map_anon(test, 0, 2, PROT_RW, 0);
	KUNIT_ASSERT_EQ(test, vm_munmap(anon + PAGE_SIZE, PAGE_SIZE), 0);
	KUNIT_ASSERT_EQ(test, user_write(anon, 1), true);
	refs = gup_refs_at(anon);
	KUNIT_ASSERT_GT(test, refs, 0);
	for (i = 0; i < 16; i++)
		KUNIT_EXPECT_EQ_MSG(test, gup->call(anon, 0, FOLL_WRITE, pages), 0, "round %d", i);
	KUNIT_EXPECT_PTR_EQ(test, pages[0], NULL);
	/* The batches of the LRU lists may have taken one or two references meanwhile. */
	KUNIT_EXPECT_LT_MSG(test, gup_refs_at(anon), refs + 16, "references after 16 calls");
	KUNIT_EXPECT_GT_MSG(test, gup_refs_at(anon), 0, "the page is still mapped");
}

/* Enough pages for more than one page table, where a page is 4 KB. */
#define MANY		1500

static const struct nothing {
	const char *desc;
	unsigned int present;	/* pages at the start of the first VMA */
	unsigned int from;	/* the page of it that the call starts at */
	unsigned int before;	/* pages of it that the first page table has */
	unsigned int nr_vmas;	/* adjacent VMAs of MANY pages each */
	unsigned long prot;	/* of the second VMA */
} nothings[] = {
	{ .desc = "large_vma", .present = 3, .before = 500, .nr_vmas = 1 },
	{ .desc = "large_vma_inside", .present = 8, .from = 5, .before = 500, .nr_vmas = 1 },
	{ .desc = "large_vma_without_pages", .before = 500, .nr_vmas = 1 },
	{ .desc = "near_the_end_of_a_page_table", .present = 3, .before = 40, .nr_vmas = 1 },
	{ .desc = "writable_and_read_only_vma", .present = 3, .before = 500, .nr_vmas = 2,
	  .prot = PROT_READ },
	{ .desc = "writable_and_inaccessible_vma", .present = 3, .before = 500, .nr_vmas = 2,
	  .prot = PROT_NONE },
	{ .desc = "two_vmas_near_the_end_of_a_page_table", .present = 3, .before = 40,
	  .nr_vmas = 2, .prot = PROT_READ },
};

KUNIT_ARRAY_PARAM_DESC(nothing, nothings, desc);

/*
 * Maps what the row says, so that no call finds page tables of an earlier one, and
 * asks for 0 of its pages. @pages has @space entries, more than are mapped.
 */
static const char *check_nothing(struct kunit *test, const struct gup *gup,
				 unsigned int flags, struct page **pages, unsigned long space)
{
	const struct nothing *row = test->param_value;
	unsigned long addr = 16 * PMD_SIZE - row->before * PAGE_SIZE;
	const char *wrong = NULL;
	struct page **stored;
	long ret;
	int i;

	gup_map_anon(test, addr, MANY, PROT_RW, MAP_FIXED);
	if (row->nr_vmas > 1)
		gup_map_anon(test, addr + MANY * PAGE_SIZE, MANY, row->prot, MAP_FIXED);
	for (i = 0; i < row->present; i++)
		if (!user_write(addr + i * PAGE_SIZE, 1))
			return mm_kunit_wrong(test, "page %d cannot be written to", i);

	memset(pages, 0, space * sizeof(*pages));
	ret = gup->call(addr + row->from * PAGE_SIZE, 0, flags, pages);
	stored = memchr_inv(pages, 0, space * sizeof(*pages));
	if (ret)
		wrong = mm_kunit_wrong(test, "%s, flags %#x: expected 0 pages, found %ld",
				       gup->desc, flags, ret);
	else if (stored)
		wrong = mm_kunit_wrong(test, "%s, flags %#x: the array is written to at byte %ld",
				       gup->desc, flags, (long)((void *)stored - (void *)pages));
	else if (user_page(addr + MANY / 2 * PAGE_SIZE, 0))
		wrong = mm_kunit_wrong(test, "%s, flags %#x: page %d is present, expected none",
				       gup->desc, flags, MANY / 2);
	gup_release(gup, pages, ret);
	if (vm_munmap(addr, row->nr_vmas * MANY * PAGE_SIZE) && !wrong)
		wrong = mm_kunit_wrong(test, "%s, flags %#x: munmap() fails", gup->desc, flags);

	return wrong;
}

/*
 * A call for 0 pages stores nothing however much is mapped at the address,
 * because the caller's array has as many entries as it has asked for. The array
 * of this case has room for all that is mapped, so that nothing is overwritten
 * if it goes wrong.
 */
static void gup_no_pages_of_many(struct kunit *test)
{
	const struct nothing *row = test->param_value;
	unsigned long space = (row->nr_vmas + 1) * MANY;
	struct page **pages;
	int i;

	pages = kunit_kcalloc(test, space, sizeof(*pages), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, pages);
	user_attach_mm(test);
	for (i = 0; i < ARRAY_SIZE(gups); i++) {
		MM_KUNIT_EXPECT(test, check_nothing(test, &gups[i], 0, pages, space));
		MM_KUNIT_EXPECT(test, check_nothing(test, &gups[i], FOLL_WRITE, pages, space));
	}
}

/*
 * A page that was got stays allocated and keeps its contents after the process
 * has unmapped it and its driver has freed it, because a device may still be
 * writing to it.
 */
static void gup_outlives_mapping(struct kunit *test)
{
	const struct gup *gup = test->param_value;
	struct test_driver *drv = test->priv;
	struct page *page = alloc_page(GFP_KERNEL);
	struct page *own = drv->pages[0], *got = NULL;
	unsigned long addr;

	/* From here on the mapping has the only reference of the page. */
	KUNIT_ASSERT_NOT_NULL(test, page);
	drv->pages[0] = page;
	addr = user_mmap(drv->file, 0, PAGE_SIZE, PROT_RW, MAP_SHARED, 0);
	drv->pages[0] = own;
	put_page(page);
	KUNIT_ASSERT_FALSE_MSG(test, IS_ERR_VALUE(addr), "mmap() returned %ld", (long)addr);

	KUNIT_ASSERT_EQ(test, gup->call(addr, 1, FOLL_WRITE, &got), 1);
	KUNIT_EXPECT_PTR_EQ(test, got, page);
	KUNIT_EXPECT_EQ(test, user_write(addr, 1234), true);
	KUNIT_EXPECT_EQ(test, vm_munmap(addr, PAGE_SIZE), 0);
	MM_KUNIT_EXPECT_COUNTS(test, got, gup_refs(gup), 0, "the page, no longer mapped");
	KUNIT_EXPECT_EQ(test, gup_first_word(got), 1234);
	gup_release(gup, &got, 1);
}

/* -- what stops them ---------------------------------------------------------- */

struct stop {
	const char *desc;
	long ret;		/* for a call that starts there */
	void (*map)(struct kunit *test, unsigned long addr);	/* maps something there */
	unsigned int gup_flags;
	vm_fault_t error;	/* of the driver's ->fault */
	vm_flags_t set;		/* flags of the driver's VMA */
	vm_flags_t clear;
};

/* Nothing is mapped at @addr, only after it. */
static void stop_hole(struct kunit *test, unsigned long addr)
{
	gup_map_anon(test, addr + PAGE_SIZE, 1, PROT_RW, MAP_FIXED);
}

static void stop_inaccessible(struct kunit *test, unsigned long addr)
{
	gup_map_anon(test, addr, 1, PROT_NONE, MAP_FIXED);
}

static void stop_read_only(struct kunit *test, unsigned long addr)
{
	gup_map_anon(test, addr, 1, PROT_READ, MAP_FIXED);
}

static void stop_anon(struct kunit *test, unsigned long addr)
{
	gup_map_anon(test, addr, 1, PROT_RW, MAP_FIXED);
}

static void stop_driver(struct kunit *test, unsigned long addr)
{
	const struct stop *row = test->param_value;
	struct test_driver *drv = test->priv;

	drv->how = DRV_FAULT;
	drv->error_at = row->error ? 3 : TEST_DRIVER_NO_PAGE;
	drv->error = row->error;
	drv->set = row->set;
	drv->clear = row->clear;
	test_driver_map(test, addr, 3, 1, PROT_RW, MAP_SHARED | MAP_FIXED);
}

static void stop_remap(struct kunit *test, unsigned long addr)
{
	struct test_driver *drv = test->priv;

	drv->how = DRV_REMAP_PFN;
	test_driver_map(test, addr, 3, 1, PROT_RW, MAP_SHARED | MAP_FIXED);
}

static void stop_private_remap(struct kunit *test, unsigned long addr)
{
	struct test_driver *drv = test->priv;

	drv->how = DRV_REMAP_PFN;
	test_driver_map(test, addr, 3, 1, PROT_RW, MAP_PRIVATE | MAP_FIXED);
}

static void stop_special(struct kunit *test, unsigned long addr)
{
	struct test_driver *drv = test->priv;

	drv->how = DRV_FAULT;
	drv->ops = &gup_special_vm_ops;
	drv->set = VM_MIXEDMAP;
	test_driver_map(test, addr, 3, 1, PROT_RW, MAP_SHARED | MAP_FIXED);
}

static const struct stop stops[] = {
	{ .desc = "hole", .ret = -EFAULT, .map = stop_hole },
	{ .desc = "inaccessible", .ret = -EFAULT, .map = stop_inaccessible },
	{ .desc = "inaccessible_for_writing", .ret = -EFAULT, .map = stop_inaccessible,
	  .gup_flags = FOLL_WRITE },
	{ .desc = "read_only_for_writing", .ret = -EFAULT, .map = stop_read_only,
	  .gup_flags = FOLL_WRITE },
	{ .desc = "remap", .ret = -EFAULT, .map = stop_remap },
	{ .desc = "private_remap", .ret = -EFAULT, .map = stop_private_remap },
	/* Each of these flags is enough, whatever is mapped there. */
	{ .desc = "vm_io", .ret = -EFAULT, .map = stop_driver, .set = VM_IO },
	{ .desc = "vm_pfnmap", .ret = -EFAULT, .map = stop_driver, .set = VM_PFNMAP },
	{ .desc = "vm_io_forced", .ret = -EFAULT, .map = stop_driver, .gup_flags = FOLL_FORCE,
	  .set = VM_IO },
	{ .desc = "never_readable_forced", .ret = -EFAULT, .map = stop_driver,
	  .gup_flags = FOLL_FORCE, .clear = VM_READ | VM_MAYREAD | VM_WRITE },
	{ .desc = "shared_read_only_forced", .ret = -EFAULT, .map = stop_driver,
	  .gup_flags = FOLL_FORCE | FOLL_WRITE, .clear = VM_WRITE },
	/* A page table entry is present, but get_user_pages() has no page for it. */
	{ .desc = "special", .ret = -EEXIST, .map = stop_special },
	{ .desc = "fault_sigbus", .ret = -EFAULT, .map = stop_driver, .error = VM_FAULT_SIGBUS },
	{ .desc = "fault_sigsegv", .ret = -EFAULT, .map = stop_driver,
	  .error = VM_FAULT_SIGSEGV },
	{ .desc = "fault_hwpoison", .ret = -EFAULT, .map = stop_driver,
	  .error = VM_FAULT_HWPOISON },
	{ .desc = "fault_oom", .ret = -ENOMEM, .map = stop_driver, .error = VM_FAULT_OOM },
	{ .desc = "nofault", .ret = -EFAULT, .map = stop_anon, .gup_flags = FOLL_NOFAULT },
	{ .desc = "nofault_for_writing", .ret = -EFAULT, .map = stop_anon,
	  .gup_flags = FOLL_NOFAULT | FOLL_WRITE },
};

KUNIT_ARRAY_PARAM_DESC(stop, stops, desc);

/*
 * A call that meets a page it cannot return stops there and returns the pages
 * before it, because these have a reference which the caller has to release. The
 * error is returned by a call that starts at the bad page. User space can cause
 * all of this, so there is no warning.
 */
static void gup_stops_at(struct kunit *test)
{
	const struct stop *row = test->param_value;
	struct test_driver *drv = test->priv;
	unsigned long addr;
	int i;

	/*
	 *      addr
	 *      |-- page 0 --|-- page 1 --|-- as the row says --|   unmapped   |
	 */
	addr = test_driver_map_all(test, PROT_RW, MAP_SHARED);
	KUNIT_ASSERT_EQ(test, vm_munmap(addr + 2 * PAGE_SIZE, 2 * PAGE_SIZE), 0);
	row->map(test, addr + 2 * PAGE_SIZE);

	kunit_warning_suppress(test) {
		for (i = 0; i < ARRAY_SIZE(gups); i++) {
			const struct gup *gup = &gups[i];
			struct page *pages[TEST_DRIVER_PAGES] = {};
			long ret;

			ret = gup->call(addr + 2 * PAGE_SIZE, 1, row->gup_flags, pages);
			KUNIT_EXPECT_EQ_MSG(test, ret, row->ret, "%s", gup->desc);
			KUNIT_EXPECT_PTR_EQ_MSG(test, pages[0], NULL, "%s", gup->desc);
			gup_release(gup, pages, ret);

			ret = gup->call(addr, TEST_DRIVER_PAGES, row->gup_flags, pages);
			KUNIT_EXPECT_EQ_MSG(test, ret, 2, "%s", gup->desc);
			KUNIT_EXPECT_PTR_EQ_MSG(test, pages[0], drv->pages[0], "%s", gup->desc);
			KUNIT_EXPECT_PTR_EQ_MSG(test, pages[1], drv->pages[1], "%s", gup->desc);
			MM_KUNIT_EXPECT_COUNTS(test, drv->pages[0], 2 + gup_refs(gup), 1,
					       "page 0, %s", gup->desc);
			gup_release(gup, pages, ret);
		}
		KUNIT_EXPECT_SUPPRESSED_WARNING_COUNT(test, 0);
	}
	if (row->set || row->clear)
		KUNIT_EXPECT_EQ(test, drv->faults, 0);
	KUNIT_EXPECT_EQ(test, vm_munmap(addr, TEST_DRIVER_PAGES * PAGE_SIZE), 0);
	MM_KUNIT_EXPECT_UNUSED(test);
}

/*
 * An address below a stack is refused until the process itself has touched it,
 * because get_user_pages() does not expand stacks: it may run without the
 * mmap_lock held for writing, and for another process.
 */
static void gup_below_stack(struct kunit *test)
{
	const struct gup *gup = test->param_value;
	unsigned long addr, below;

	addr = gup_map_anon(test, 0, 1, PROT_RW, 0);
	KUNIT_ASSERT_EQ(test, vm_munmap(addr, PAGE_SIZE), 0);
	addr = ALIGN_DOWN(addr, SZ_2M) - SZ_2M;
	gup_map_anon(test, addr, 1, PROT_RW, MAP_FIXED | MAP_GROWSDOWN);
	/* A GUP nearer to the stack than that is reported in the log. */
	below = addr - SZ_64K - PAGE_SIZE;
	KUNIT_EXPECT_EQ(test, gup_error(gup, below, FOLL_WRITE), -EFAULT);
	KUNIT_EXPECT_EQ(test, gup_error(gup, addr, FOLL_WRITE), 1);
}

#define GET	BIT(0)
#define PIN	BIT(1)
#define FAST	BIT(2)		/* the fast ones of both */
#define ALL	(GET | PIN | FAST)

static const struct bad_flags {
	const char *desc;
	unsigned int flags;
	unsigned int of;	/* the functions that refuse them */
	bool no_array;
} bad_flags[] = {
	/* For callers in mm/ only. */
	{ .desc = "foll_touch", .flags = FOLL_TOUCH, .of = ALL },
	{ .desc = "foll_tried", .flags = FOLL_TRIED, .of = ALL },
	{ .desc = "foll_remote", .flags = FOLL_REMOTE, .of = ALL },
	{ .desc = "foll_pin", .flags = FOLL_PIN, .of = ALL },
	{ .desc = "foll_fast_only", .flags = FOLL_FAST_ONLY, .of = ALL },
	{ .desc = "foll_unlockable", .flags = FOLL_UNLOCKABLE, .of = ALL },
	{ .desc = "foll_madv_populate", .flags = FOLL_MADV_POPULATE, .of = ALL },
	/* A page is either to be put or to be unpinned. */
	{ .desc = "foll_get", .flags = FOLL_GET, .of = PIN },
	/* A page that is held for long has to be pinned. */
	{ .desc = "foll_longterm", .flags = FOLL_LONGTERM, .of = GET },
	/* Peer-to-peer memory goes away with its device. */
	{ .desc = "foll_longterm_of_device", .flags = FOLL_LONGTERM | FOLL_PCI_P2PDMA,
	  .of = ALL },
	/* Without an array, the caller could not release the pages. */
	{ .desc = "foll_get_without_array", .flags = FOLL_GET, .of = ALL, .no_array = true },
	{ .desc = "without_array", .of = PIN | FAST, .no_array = true },
	/* These take effect in the slow path, which may not be reached. */
	{ .desc = "foll_nowait", .flags = FOLL_NOWAIT, .of = FAST },
	{ .desc = "foll_dump", .flags = FOLL_DUMP, .of = FAST },
	{ .desc = "foll_hwpoison", .flags = FOLL_HWPOISON, .of = FAST },
	{ .desc = "foll_anon", .flags = FOLL_ANON, .of = FAST },
	{ .desc = "foll_interruptible", .flags = FOLL_INTERRUPTIBLE, .of = FAST },
};

KUNIT_ARRAY_PARAM_DESC(bad_flags, bad_flags, desc);

/*
 * Flags that are not for the caller, that the function does not support or that
 * contradict each other get no page, because the caller could not release it the
 * right way or would rely on something that does not happen. The slow pin
 * functions return 0 for that, the others -EINVAL.
 */
static void gup_bad_flags(struct kunit *test)
{
	unsigned long addr = test_driver_map_all(test, PROT_RW, MAP_SHARED);
	const struct bad_flags *row = test->param_value;
	struct test_driver *drv = test->priv;
	int i;

	for (i = 0; i < ARRAY_SIZE(gups); i++) {
		const struct gup *gup = &gups[i];
		struct page *page = NULL;
		long ret = 0;

		if (!(row->of & (gup->pin ? PIN : GET)) && !(gup->fast && row->of & FAST))
			continue;
		kunit_warning_suppress(test) {
			ret = gup->call(addr, 1, row->flags, row->no_array ? NULL : &page);
		}
		if (ret || !gup->pin || gup->fast)
			KUNIT_EXPECT_EQ_MSG(test, ret, -EINVAL, "%s", gup->desc);
		KUNIT_EXPECT_PTR_EQ_MSG(test, page, NULL, "%s", gup->desc);
		MM_KUNIT_EXPECT_COUNTS(test, drv->pages[0], 2, 1, "page 0, %s", gup->desc);
	}
}

/* -- today's implementation, not promised ---------------------------------- */

/*
 * get_user_pages() marks the folio accessed, and dirty if it is for writing,
 * because reclaim and writeback cannot see the accesses of the caller in a page
 * table. pin_user_pages() does not do it for current->mm, and the fast path need
 * not do it; a caller that writes has to mark the folio dirty in any case.
 */
static void gup_touches(struct kunit *test)
{
	unsigned long addr = test_driver_map_all(test, PROT_RW, MAP_SHARED);
	struct test_driver *drv = test->priv;
	struct folio *folio = page_folio(drv->pages[0]);
	int i;

	for (i = 0; i < ARRAY_SIZE(gups); i++) {
		const struct gup *gup = &gups[i];

		if (i == GUP_PIN || gup->fast)
			continue;
		folio_clear_dirty(folio);
		folio_clear_referenced(folio);
		KUNIT_EXPECT_EQ_MSG(test, gup_error(gup, addr, 0), 1, "%s", gup->desc);
		KUNIT_EXPECT_EQ_MSG(test, folio_test_dirty(folio), false, "%s", gup->desc);
		KUNIT_EXPECT_EQ_MSG(test, folio_test_referenced(folio), true, "%s", gup->desc);
		KUNIT_EXPECT_EQ_MSG(test, gup_error(gup, addr, FOLL_WRITE), 1, "%s", gup->desc);
		KUNIT_EXPECT_EQ_MSG(test, folio_test_dirty(folio), true, "%s", gup->desc);
	}
}

/*
 * A range that leaves the user address space is refused, and one that wraps does
 * not continue at address 0, because user space must not get pages of the kernel.
 * Only today is it -EOVERFLOW for a range that wraps, -EFAULT for one that leaves
 * the user address space, and 0 for a negative number of pages.
 */
static void gup_fast_limits(struct kunit *test)
{
	struct page *pages[TEST_DRIVER_PAGES] = {};
	const unsigned long last = TASK_SIZE - PAGE_SIZE;
	/* s390 leaves only the last page out, and what begins there wraps. */
	const int beyond = TASK_SIZE_MAX == -PAGE_SIZE ? -EOVERFLOW : -EFAULT;

	user_attach_mm(test);
	KUNIT_EXPECT_EQ(test, get_user_pages_fast(-PAGE_SIZE, 2, 0, pages), -EOVERFLOW);
	KUNIT_EXPECT_EQ(test, pin_user_pages_fast(-PAGE_SIZE, 2, 0, pages), -EOVERFLOW);
	KUNIT_EXPECT_EQ(test, get_user_pages_fast(TASK_SIZE_MAX, 1, 0, pages), beyond);
	KUNIT_EXPECT_EQ(test, get_user_pages_fast(TASK_SIZE_MAX - PAGE_SIZE, 2, 0, pages),
			beyond);
	/* The last page is refused only because nothing is mapped there. */
	KUNIT_EXPECT_EQ(test, get_user_pages_fast(TASK_SIZE_MAX - PAGE_SIZE, 1, 0, pages),
			-EFAULT);
	gup_map_anon(test, last, 1, PROT_RW, MAP_FIXED);
	KUNIT_EXPECT_EQ(test, gup_error(&gups[GUP_GET_FAST], last, 0), 1);
	KUNIT_EXPECT_EQ(test, gup_error(&gups[GUP_PIN_FAST], last, 0), 1);
	KUNIT_EXPECT_EQ(test, get_user_pages_fast(PAGE_SIZE, -1, 0, pages), 0);
	KUNIT_EXPECT_EQ(test, pin_user_pages_fast(PAGE_SIZE, -1, 0, pages), 0);
	KUNIT_EXPECT_PTR_EQ(test, pages[0], NULL);
}

static struct kunit_case gup_cases[] = {
	KUNIT_CASE_PARAM(gup_pages, gup_gen_params),
	KUNIT_CASE_PARAM(gup_anon_pages, gup_gen_params),
	KUNIT_CASE_PARAM(gup_references, gup_gen_params),
	KUNIT_CASE_PARAM(gup_large_folio, gup_gen_params),
	KUNIT_CASE_PARAM(gup_statistics, gup_gen_params),
	KUNIT_CASE_PARAM(gup_no_pages, gup_gen_params),
	KUNIT_CASE_PARAM(gup_no_pages_of_many, nothing_gen_params),
	KUNIT_CASE_PARAM(gup_outlives_mapping, gup_gen_params),
	KUNIT_CASE_PARAM(gup_stops_at, stop_gen_params),
	KUNIT_CASE_PARAM(gup_below_stack, gup_gen_params),
	KUNIT_CASE_PARAM(gup_bad_flags, bad_flags_gen_params),
	KUNIT_CASE(gup_touches),
	KUNIT_CASE(gup_fast_limits),
	{}
};

static struct kunit_suite gup_suite = {
	.name = "gup",
	.init = gup_driver_init,
	.test_cases = gup_cases,
};

kunit_test_suite(gup_suite);

MODULE_DESCRIPTION("KUnit tests for get_user_pages()");
MODULE_LICENSE("GPL");
