// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests for get_user_pages(), pin_user_pages() and their variants.
 *
 * A driver that gets the pages of a user buffer trusts that they are the ones
 * that the process sees and will go on seeing, that it may write to them, and
 * that they are its own until it releases them, as often as it got them.
 */
#include <kunit/test.h>
#include <linux/gfp.h>
#include <linux/highmem.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/mmzone.h>
#include <linux/module.h>
#include <linux/sched/signal.h>
#include <linux/sizes.h>
#include <linux/vmstat.h>

#include "mm_kunit.h"
#include "user_driver.h"
#include "user_fork.h"
#include "user_vma.h"

/* === All of them === */

static long call_get(unsigned long addr, unsigned long nr_pages, unsigned int flags,
		     struct page **pages)
{
	long ret;

	mmap_read_lock(current->mm);
	ret = get_user_pages(addr, nr_pages, flags, pages);
	mmap_read_unlock(current->mm);

	return ret;
}

static long call_get_unlocked(unsigned long addr, unsigned long nr_pages, unsigned int flags,
			      struct page **pages)
{
	return get_user_pages_unlocked(addr, nr_pages, pages, flags);
}

static long call_get_remote(unsigned long addr, unsigned long nr_pages, unsigned int flags,
			    struct page **pages)
{
	long ret;

	mmap_read_lock(current->mm);
	ret = get_user_pages_remote(current->mm, addr, nr_pages, flags, pages, NULL);
	mmap_read_unlock(current->mm);

	return ret;
}

static long call_get_fast(unsigned long addr, unsigned long nr_pages, unsigned int flags,
			  struct page **pages)
{
	return get_user_pages_fast(addr, nr_pages, flags, pages);
}

static long call_pin(unsigned long addr, unsigned long nr_pages, unsigned int flags,
		     struct page **pages)
{
	long ret;

	mmap_read_lock(current->mm);
	ret = pin_user_pages(addr, nr_pages, flags, pages);
	mmap_read_unlock(current->mm);

	return ret;
}

static long call_pin_unlocked(unsigned long addr, unsigned long nr_pages, unsigned int flags,
			      struct page **pages)
{
	return pin_user_pages_unlocked(addr, nr_pages, pages, flags);
}

static long call_pin_remote(unsigned long addr, unsigned long nr_pages, unsigned int flags,
			    struct page **pages)
{
	long ret;

	mmap_read_lock(current->mm);
	ret = pin_user_pages_remote(current->mm, addr, nr_pages, flags, pages, NULL);
	mmap_read_unlock(current->mm);

	return ret;
}

static long call_pin_fast(unsigned long addr, unsigned long nr_pages, unsigned int flags,
			  struct page **pages)
{
	return pin_user_pages_fast(addr, nr_pages, flags, pages);
}

struct gup {
	const char *desc;
	long (*call)(unsigned long addr, unsigned long nr_pages, unsigned int flags,
		     struct page **pages);
	bool pin;
	bool fast;
	unsigned int fault_flags;	/* what its faults may do */
};

static const struct gup gups[] = {
	{ "get_user_pages", call_get, false, false, 0 },
	{ "get_user_pages_unlocked", call_get_unlocked, false, false,
	  FAULT_FLAG_ALLOW_RETRY | FAULT_FLAG_KILLABLE },
	{ "get_user_pages_remote", call_get_remote, false, false, FAULT_FLAG_REMOTE },
	{ "get_user_pages_fast", call_get_fast, false, true,
	  FAULT_FLAG_ALLOW_RETRY | FAULT_FLAG_KILLABLE },
	{ "pin_user_pages", call_pin, true, false, 0 },
	{ "pin_user_pages_unlocked", call_pin_unlocked, true, false,
	  FAULT_FLAG_ALLOW_RETRY | FAULT_FLAG_KILLABLE },
	{ "pin_user_pages_remote", call_pin_remote, true, false, FAULT_FLAG_REMOTE },
	{ "pin_user_pages_fast", call_pin_fast, true, true,
	  FAULT_FLAG_ALLOW_RETRY | FAULT_FLAG_KILLABLE },
};

KUNIT_ARRAY_PARAM_DESC(gup, gups, desc);

/* What getting a small page once adds to its references. */
static int gup_refs(const struct gup *gup)
{
	return gup->pin ? GUP_PIN_COUNTING_BIAS : 1;
}

static void gup_release(const struct gup *gup, struct page **pages, long nr_pages)
{
	long i;

	if (nr_pages <= 0)
		return;
	if (gup->pin)
		unpin_user_pages(pages, nr_pages);
	else
		for (i = 0; i < nr_pages; i++)
			put_page(pages[i]);
}

/* Gets a page, releases it, and returns it; an ERR_PTR() if there is none. */
static struct page *gup_page(const struct gup *gup, unsigned long addr, unsigned int flags)
{
	struct page *page = NULL;
	long ret;

	ret = gup->call(addr, 1, flags, &page);
	if (ret != 1)
		return ERR_PTR(ret);
	gup_release(gup, &page, 1);

	return page;
}

/* The pages from that of the address on, so many, in their order. */
static void gup_pages(struct kunit *test)
{
	unsigned long addr = driver_map_all(test, RW, MAP_SHARED);
	const struct gup *gup = test->param_value;
	struct driver *drv = test->priv;
	unsigned int flags;

	for (flags = 0; flags <= FOLL_WRITE; flags += FOLL_WRITE) {
		struct page *pages[NR_PAGES] = {};

		KUNIT_ASSERT_EQ(test, gup->call(addr + PAGE_SIZE + 100, 2, flags, pages), 2);
		KUNIT_EXPECT_PTR_EQ(test, pages[0], drv->pages[1]);
		KUNIT_EXPECT_PTR_EQ(test, pages[1], drv->pages[2]);
		KUNIT_EXPECT_NULL(test, pages[2]);
		expect_counts(test, drv->pages[0], 2, 1);
		expect_counts(test, drv->pages[1], 2 + gup_refs(gup), 1);
		expect_counts(test, drv->pages[2], 2 + gup_refs(gup), 1);
		expect_counts(test, drv->pages[3], 2, 1);
		gup_release(gup, pages, 2);
		expect_counts(test, drv->pages[1], 2, 1);
		expect_counts(test, drv->pages[2], 2, 1);
	}
}

/*
 * The same for pages that the kernel keeps lists of, and so references to: two
 * of them are there, one has to be faulted in, and then there is an end to it.
 */
static void gup_anon_pages(struct kunit *test)
{
	unsigned long addr = anon_map(test, 0, NR_PAGES, RW, 0);
	const struct gup *gup = test->param_value;
	struct page *pages[NR_PAGES] = {};
	/* A CPU may have that many references until it puts pages on a list. */
	const int batched = FOLIO_BATCH_SIZE * num_online_cpus();
	int i, round, refs[2];

	KUNIT_ASSERT_EQ(test, vm_munmap(addr + 3 * PAGE_SIZE, PAGE_SIZE), 0);
	for (i = 0; i < 2; i++) {
		KUNIT_ASSERT_TRUE(test, user_write(addr + i * PAGE_SIZE, 1234 + i));
		refs[i] = page_ref_count(user_page(addr + i * PAGE_SIZE, 0));
	}

	for (round = 0; round < 4 * batched; round++) {
		KUNIT_ASSERT_EQ(test, gup->call(addr + 1, NR_PAGES, FOLL_WRITE, pages), 3);
		for (i = 0; i < 3; i++) {
			KUNIT_EXPECT_PTR_EQ(test, pages[i], user_page(addr + i * PAGE_SIZE, 0));
			KUNIT_EXPECT_EQ(test, page_ref_count(pages[i]) / GUP_PIN_COUNTING_BIAS,
					gup->pin ? 1 : 0);
			KUNIT_EXPECT_EQ(test, folio_maybe_dma_pinned(page_folio(pages[i])),
					gup->pin);
		}
		KUNIT_EXPECT_NULL(test, pages[3]);
		gup_release(gup, pages, 3);
	}
	for (i = 0; i < 2; i++) {
		KUNIT_EXPECT_GE(test, page_ref_count(pages[i]), refs[i] - batched);
		KUNIT_EXPECT_LE(test, page_ref_count(pages[i]), refs[i] + batched);
	}
}

/*
 * Users of a page can tell a pin, which may come with DMA, from a reference.
 * A page may be had many times, and is to be released as often.
 */
static void gup_references(struct kunit *test)
{
	unsigned long addr = driver_map_all(test, RW, MAP_SHARED);
	const struct gup *gup = test->param_value;
	struct driver *drv = test->priv;
	struct page *page = drv->pages[0];
	struct page *pages[3] = {};
	int i;

	KUNIT_EXPECT_FALSE(test, mm_flags_test(MMF_HAS_PINNED, current->mm));
	for (i = 0; i < ARRAY_SIZE(pages); i++)
		KUNIT_ASSERT_EQ(test, gup->call(addr, 1, 0, &pages[i]), 1);
	expect_counts(test, page, 2 + 3 * gup_refs(gup), 1);
	KUNIT_EXPECT_EQ(test, folio_maybe_dma_pinned(page_folio(page)), gup->pin);
	KUNIT_EXPECT_EQ(test, mm_flags_test(MMF_HAS_PINNED, current->mm), gup->pin);

	gup_release(gup, pages, 1);
	expect_counts(test, page, 2 + 2 * gup_refs(gup), 1);
	gup_release(gup, pages + 1, 2);
	expect_counts(test, page, 2, 1);
	KUNIT_EXPECT_FALSE(test, folio_maybe_dma_pinned(page_folio(page)));
}

/* The pages of a folio have their references in common, and their pins. */
static void gup_large_folio(struct kunit *test)
{
	struct folio *folio = driver_use_folio(test);
	const struct gup *gup = test->param_value;
	struct page *pages[NR_PAGES] = {};
	unsigned long addr;
	int i;

	addr = driver_map_all(test, RW, MAP_SHARED);
	KUNIT_ASSERT_EQ(test, folio_ref_count(folio), 1 + NR_PAGES);
	KUNIT_ASSERT_EQ(test, gup->call(addr + PAGE_SIZE, 3, FOLL_WRITE, pages), 3);
	for (i = 0; i < 3; i++)
		KUNIT_EXPECT_PTR_EQ(test, pages[i], folio_page(folio, i + 1));
	KUNIT_EXPECT_EQ(test, folio_ref_count(folio), 1 + NR_PAGES + 3);
	KUNIT_EXPECT_EQ(test, atomic_read(&folio->_pincount), gup->pin ? 3 : 0);
	KUNIT_EXPECT_EQ(test, folio_maybe_dma_pinned(folio), gup->pin);

	gup_release(gup, pages, 1);
	KUNIT_EXPECT_EQ(test, folio_ref_count(folio), 1 + NR_PAGES + 2);
	gup_release(gup, pages + 1, 2);
	KUNIT_EXPECT_EQ(test, folio_ref_count(folio), 1 + NR_PAGES);
	KUNIT_EXPECT_EQ(test, atomic_read(&folio->_pincount), 0);
}

/* Reclaim and writeback are told of what no page table will tell them. */
static void gup_touches(struct kunit *test)
{
	unsigned long addr = driver_map_all(test, RW, MAP_SHARED);
	struct driver *drv = test->priv;
	struct folio *folio = page_folio(drv->pages[0]);
	int i;

	for (i = 0; i < ARRAY_SIZE(gups); i++) {
		const struct gup *gup = &gups[i];

		/* These are not for access, or need not look that far. */
		if (gup->call == call_pin || gup->fast)
			continue;
		folio_clear_dirty(folio);
		folio_clear_referenced(folio);
		KUNIT_EXPECT_FALSE_MSG(test, IS_ERR(gup_page(gup, addr, 0)), "%s", gup->desc);
		KUNIT_EXPECT_FALSE_MSG(test, folio_test_dirty(folio), "%s", gup->desc);
		KUNIT_EXPECT_TRUE_MSG(test, folio_test_referenced(folio), "%s", gup->desc);
		KUNIT_EXPECT_FALSE_MSG(test, IS_ERR(gup_page(gup, addr, FOLL_WRITE)), "%s",
				       gup->desc);
		KUNIT_EXPECT_TRUE_MSG(test, folio_test_dirty(folio), "%s", gup->desc);
	}
}

/* With what the CPUs have counted, but not yet added to the sum. */
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

/* The system knows how much is pinned. */
static void gup_statistics(struct kunit *test)
{
	const struct gup *gup = test->param_value;
	long before = pins_in_system();
	struct page *pages[NR_PAGES] = {};
	unsigned long addr;

	driver_use_folio(test);
	addr = driver_map_all(test, RW, MAP_SHARED);
	KUNIT_ASSERT_EQ(test, gup->call(addr, 3, 0, pages), 3);
	KUNIT_EXPECT_EQ(test, pins_in_system() - before, gup->pin ? 3 : 0);
	gup_release(gup, pages, 3);
	KUNIT_EXPECT_EQ(test, pins_in_system(), before);
}

/* Asking for nothing is no error, and may be done with no array at all. */
static void gup_no_pages(struct kunit *test)
{
	unsigned long addr = driver_map_all(test, RW, MAP_SHARED);
	const struct gup *gup = test->param_value;
	struct driver *drv = test->priv;
	struct page *pages[NR_PAGES] = {};
	unsigned long anon;
	int i, refs;

	KUNIT_EXPECT_EQ(test, gup->call(addr, 0, 0, pages), 0);
	KUNIT_EXPECT_EQ(test, gup->call(0, 0, FOLL_WRITE, pages), 0);
	KUNIT_EXPECT_NULL(test, pages[0]);
	expect_counts(test, drv->pages[0], 2, 1);

	/* Not even a page that could be had at once. */
	anon = anon_map(test, 0, 2, RW, 0);
	KUNIT_ASSERT_EQ(test, vm_munmap(anon + PAGE_SIZE, PAGE_SIZE), 0);
	KUNIT_ASSERT_TRUE(test, user_write(anon, 1));
	refs = page_ref_count(user_page(anon, 0));
	for (i = 0; i < 16; i++)
		KUNIT_EXPECT_EQ(test, gup->call(anon, 0, FOLL_WRITE, pages), 0);
	KUNIT_EXPECT_NULL(test, pages[0]);
	/* The lists of what is to be moved between LRUs may hold one or two. */
	KUNIT_EXPECT_LT(test, page_ref_count(user_page(anon, 0)), refs + 16);
}

/* So many that they are in several page tables, where a page is 4 KB. */
#define MANY		1500

static const struct nothing {
	const char *desc;
	unsigned int present;	/* pages at the start of the first VMA, */
	unsigned int from;	/* of which this is asked for */
	unsigned int before;	/* pages that the first page table has of it */
	unsigned int nr_vmas;	/* of MANY pages each, side by side */
	unsigned long prot;	/* of the second one */
} nothings[] = {
	{ "large_vma", 3, 0, 500, 1 },
	{ "large_vma_inside", 8, 5, 500, 1 },
	{ "large_vma_without_pages", 0, 0, 500, 1 },
	{ "near_the_end_of_a_page_table", 3, 0, 40, 1 },
	{ "writable_and_read_only_vma", 3, 0, 500, 2, PROT_READ },
	{ "writable_and_inaccessible_vma", 3, 0, 500, 2, PROT_NONE },
	{ "two_vmas_near_the_end_of_a_page_table", 3, 0, 40, 2, PROT_READ },
};

KUNIT_ARRAY_PARAM_DESC(nothing, nothings, desc);

static void expect_nothing(struct kunit *test, const struct gup *gup, unsigned int flags,
			   struct page **pages, unsigned long space)
{
	const struct nothing *param = test->param_value;
	unsigned long addr = 16 * PMD_SIZE - param->before * PAGE_SIZE;
	long ret;
	int i;

	/* New for each call, for the page tables to have what is said there. */
	anon_map(test, addr, MANY, RW, MAP_FIXED);
	if (param->nr_vmas > 1)
		anon_map(test, addr + MANY * PAGE_SIZE, MANY, param->prot, MAP_FIXED);
	for (i = 0; i < param->present; i++)
		KUNIT_ASSERT_TRUE(test, user_write(addr + i * PAGE_SIZE, 1));

	memset(pages, 0, space * sizeof(*pages));
	ret = gup->call(addr + param->from * PAGE_SIZE, 0, flags, pages);
	KUNIT_EXPECT_EQ_MSG(test, ret, 0, "%s, flags %#x", gup->desc, flags);
	KUNIT_EXPECT_NULL_MSG(test, memchr_inv(pages, 0, space * sizeof(*pages)),
			      "%s, flags %#x: there are pages in the array", gup->desc, flags);
	KUNIT_EXPECT_NULL_MSG(test, user_page(addr + MANY / 2 * PAGE_SIZE, 0),
			      "%s, flags %#x: page %d was faulted in", gup->desc, flags, MANY / 2);
	gup_release(gup, pages, ret);
	KUNIT_ASSERT_EQ(test, vm_munmap(addr, param->nr_vmas * MANY * PAGE_SIZE), 0);
}

/*
 * Asking for nothing stores nothing, however much is mapped there, because the
 * array has no more entries than the caller has asked for. This one has room for
 * all that is mapped, so that nothing is overwritten if it goes wrong.
 */
static void gup_no_pages_of_many(struct kunit *test)
{
	const struct nothing *param = test->param_value;
	unsigned long space = (param->nr_vmas + 1) * MANY;
	struct page **pages;
	int i;

	pages = kunit_kcalloc(test, space, sizeof(*pages), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, pages);
	user_attach_mm(test);
	for (i = 0; i < ARRAY_SIZE(gups); i++) {
		expect_nothing(test, &gups[i], 0, pages, space);
		expect_nothing(test, &gups[i], FOLL_WRITE, pages, space);
	}
}

/* The page that the process sees is still there when it has long gone. */
static void gup_outlives_mapping(struct kunit *test)
{
	const struct gup *gup = test->param_value;
	struct driver *drv = test->priv;
	struct page *page = alloc_page(GFP_KERNEL);
	struct page *own = drv->pages[0], *got = NULL;
	unsigned long addr;

	KUNIT_ASSERT_NOT_NULL(test, page);
	drv->pages[0] = page;
	addr = user_mmap(drv->file, 0, PAGE_SIZE, RW, MAP_SHARED, 0);
	drv->pages[0] = own;
	put_page(page);
	KUNIT_ASSERT_FALSE(test, IS_ERR_VALUE(addr));

	KUNIT_ASSERT_EQ(test, gup->call(addr, 1, FOLL_WRITE, &got), 1);
	KUNIT_EXPECT_PTR_EQ(test, got, page);
	KUNIT_EXPECT_TRUE(test, user_write(addr, 1234));
	KUNIT_EXPECT_EQ(test, vm_munmap(addr, PAGE_SIZE), 0);
	expect_counts(test, got, gup_refs(gup), 0);
	KUNIT_EXPECT_EQ(test, *(u32 *)page_address(got), 1234);
	gup_release(gup, &got, 1);
}

/* === What stops them === */

/* What there is at the page behind two of the driver's. */
struct stop {
	const char *desc;
	long ret;
	int (*map)(struct kunit *test, unsigned long addr);
	unsigned int gup_flags;
	vm_fault_t error;	/* the driver's, */
	vm_flags_t set;		/* for which its VMA has these flags, */
	vm_flags_t clear;	/* but not these */
};

/* There is something behind it that it is not part of. */
static int stop_hole(struct kunit *test, unsigned long addr)
{
	return anon_map(test, addr + PAGE_SIZE, 1, RW, MAP_FIXED) != addr + PAGE_SIZE;
}

static int stop_inaccessible(struct kunit *test, unsigned long addr)
{
	return anon_map(test, addr, 1, PROT_NONE, MAP_FIXED) != addr;
}

static int stop_read_only(struct kunit *test, unsigned long addr)
{
	return anon_map(test, addr, 1, PROT_READ, MAP_FIXED) != addr;
}

static int stop_anon(struct kunit *test, unsigned long addr)
{
	return anon_map(test, addr, 1, RW, MAP_FIXED) != addr;
}

static int stop_driver(struct kunit *test, unsigned long addr)
{
	const struct stop *stop = test->param_value;
	struct driver *drv = test->priv;

	drv->ops = &fault_ops;
	drv->error_at = stop->error ? 3 : NO_FAULT;
	drv->error = stop->error;
	drv->set = stop->set;
	drv->clear = stop->clear;

	return driver_map(test, addr, 1, RW, MAP_SHARED | MAP_FIXED, 3) != addr;
}

static int stop_remap(struct kunit *test, unsigned long addr)
{
	struct driver *drv = test->priv;

	drv->raw = true;
	return driver_map(test, addr, 1, RW, MAP_SHARED | MAP_FIXED, 3) != addr;
}

static int stop_private_remap(struct kunit *test, unsigned long addr)
{
	struct driver *drv = test->priv;

	drv->raw = true;
	return driver_map(test, addr, 1, RW, MAP_PRIVATE | MAP_FIXED, 3) != addr;
}

/* The number of a page frame that nothing may take for a normal page. */
static unsigned long special_pfn(struct driver *drv)
{
	unsigned long pfn = page_to_pfn(drv->pages[3]);

	/* Without pte_special(), that is one that has no page. */
	if (!IS_ENABLED(CONFIG_ARCH_HAS_PTE_SPECIAL))
		while (pfn_valid(pfn))
			pfn *= 2;

	return pfn;
}

static vm_fault_t special_fault(struct vm_fault *vmf)
{
	struct driver *drv = vmf->vma->vm_private_data;

	return vmf_insert_mixed(vmf->vma, vmf->address, special_pfn(drv));
}

static const struct vm_operations_struct special_ops = {
	.fault = special_fault,
};

static int stop_special(struct kunit *test, unsigned long addr)
{
	struct driver *drv = test->priv;

	drv->ops = &special_ops;
	drv->set = VM_MIXEDMAP;

	return driver_map(test, addr, 1, RW, MAP_SHARED | MAP_FIXED, 3) != addr;
}

static const struct stop stops[] = {
	{ "hole", -EFAULT, stop_hole },
	{ "inaccessible", -EFAULT, stop_inaccessible },
	{ "inaccessible_for_writing", -EFAULT, stop_inaccessible, FOLL_WRITE },
	{ "read_only_for_writing", -EFAULT, stop_read_only, FOLL_WRITE },
	{ "remap", -EFAULT, stop_remap },
	{ "private_remap", -EFAULT, stop_private_remap },
	/* Either of these keeps everyone out, whatever is mapped there. */
	{ "vm_io", -EFAULT, stop_driver, 0, 0, VM_IO },
	{ "vm_pfnmap", -EFAULT, stop_driver, 0, 0, VM_PFNMAP },
	{ "vm_io_forced", -EFAULT, stop_driver, FOLL_FORCE, 0, VM_IO },
	{ "never_readable_forced", -EFAULT, stop_driver, FOLL_FORCE, 0, 0,
	  VM_READ | VM_MAYREAD | VM_WRITE },
	{ "shared_read_only_forced", -EFAULT, stop_driver, FOLL_FORCE | FOLL_WRITE, 0, 0,
	  VM_WRITE },
	/* There is something, but it has no page to be had. */
	{ "special", -EEXIST, stop_special },
	{ "fault_sigbus", -EFAULT, stop_driver, 0, VM_FAULT_SIGBUS },
	{ "fault_sigsegv", -EFAULT, stop_driver, 0, VM_FAULT_SIGSEGV },
	{ "fault_hwpoison", -EFAULT, stop_driver, 0, VM_FAULT_HWPOISON },
	{ "fault_oom", -ENOMEM, stop_driver, 0, VM_FAULT_OOM },
	{ "nofault", -EFAULT, stop_anon, FOLL_NOFAULT },
	{ "nofault_for_writing", -EFAULT, stop_anon, FOLL_NOFAULT | FOLL_WRITE },
};

KUNIT_ARRAY_PARAM_DESC(stop, stops, desc);

/* Of the pages at @addr, there are two. */
static void expect_stop(struct kunit *test, const struct gup *gup, unsigned long addr)
{
	const struct stop *stop = test->param_value;
	struct page *pages[NR_PAGES] = {};
	struct driver *drv = test->priv;
	long ret;

	ret = gup->call(addr + 2 * PAGE_SIZE, 1, stop->gup_flags, pages);
	KUNIT_EXPECT_EQ_MSG(test, ret, stop->ret, "%s", gup->desc);
	KUNIT_EXPECT_NULL_MSG(test, pages[0], "%s", gup->desc);
	gup_release(gup, pages, ret);

	ret = gup->call(addr, NR_PAGES, stop->gup_flags, pages);
	KUNIT_EXPECT_EQ_MSG(test, ret, 2, "%s", gup->desc);
	KUNIT_EXPECT_PTR_EQ_MSG(test, pages[0], drv->pages[0], "%s", gup->desc);
	KUNIT_EXPECT_PTR_EQ_MSG(test, pages[1], drv->pages[1], "%s", gup->desc);
	expect_counts(test, drv->pages[0], 2 + gup_refs(gup), 1);
	gup_release(gup, pages, ret);
}

/*
 * The pages before it are the caller's to release, so they must be returned.
 * That there is an error behind them, the caller finds out the next time.
 */
static void gup_stops_at(struct kunit *test)
{
	const struct stop *stop = test->param_value;
	struct driver *drv = test->priv;
	unsigned long addr;
	int i;

	addr = driver_map_all(test, RW, MAP_SHARED);
	KUNIT_ASSERT_EQ(test, vm_munmap(addr + 2 * PAGE_SIZE, 2 * PAGE_SIZE), 0);
	KUNIT_ASSERT_EQ(test, stop->map(test, addr + 2 * PAGE_SIZE), 0);

	/* All of this is to be expected from users. */
	kunit_warning_suppress(test) {
		for (i = 0; i < ARRAY_SIZE(gups); i++)
			expect_stop(test, &gups[i], addr);
		KUNIT_EXPECT_SUPPRESSED_WARNING_COUNT(test, 0);
	}
	if (stop->set || stop->clear)
		KUNIT_EXPECT_EQ(test, drv->faults, 0);
	KUNIT_EXPECT_EQ(test, vm_munmap(addr, NR_PAGES * PAGE_SIZE), 0);
	expect_unused(test);
}

/* Beyond the end of the address space, and not back at its start. */
static void gup_fast_limits(struct kunit *test)
{
	struct page *pages[NR_PAGES] = {};

	user_attach_mm(test);
	KUNIT_EXPECT_EQ(test, get_user_pages_fast(-PAGE_SIZE, 2, 0, pages), -EOVERFLOW);
	KUNIT_EXPECT_EQ(test, pin_user_pages_fast(-PAGE_SIZE, 2, 0, pages), -EOVERFLOW);
	KUNIT_EXPECT_EQ(test, get_user_pages_fast(TASK_SIZE_MAX, 1, 0, pages), -EFAULT);
	KUNIT_EXPECT_EQ(test, get_user_pages_fast(TASK_SIZE_MAX - PAGE_SIZE, 2, 0, pages),
			-EFAULT);
	KUNIT_EXPECT_EQ(test, get_user_pages_fast(TASK_SIZE_MAX - PAGE_SIZE, 1, 0, pages),
			-EFAULT);
	anon_map(test, TASK_SIZE - PAGE_SIZE, 1, RW, MAP_FIXED);
	KUNIT_EXPECT_FALSE(test, IS_ERR(gup_page(&gups[3], TASK_SIZE - PAGE_SIZE, 0)));
	KUNIT_EXPECT_FALSE(test, IS_ERR(gup_page(&gups[7], TASK_SIZE - PAGE_SIZE, 0)));
	KUNIT_EXPECT_EQ(test, get_user_pages_fast(PAGE_SIZE, -1, 0, pages), 0);
	KUNIT_EXPECT_EQ(test, pin_user_pages_fast(PAGE_SIZE, -1, 0, pages), 0);
	KUNIT_EXPECT_NULL(test, pages[0]);
}

/* An address below a stack is no part of it until the process touches it. */
static void gup_below_stack(struct kunit *test)
{
	const struct gup *gup = test->param_value;
	unsigned long addr, below;

	addr = anon_map(test, 0, 1, RW, 0);
	KUNIT_ASSERT_EQ(test, vm_munmap(addr, PAGE_SIZE), 0);
	addr = ALIGN_DOWN(addr, SZ_2M) - SZ_2M;
	anon_map(test, addr, 1, RW, MAP_FIXED | MAP_GROWSDOWN);
	/* Nearer than that is reported to the log. */
	below = addr - SZ_64K - PAGE_SIZE;
	KUNIT_EXPECT_PTR_EQ(test, gup_page(gup, below, FOLL_WRITE), ERR_PTR(-EFAULT));
	KUNIT_EXPECT_FALSE(test, IS_ERR(gup_page(gup, addr, FOLL_WRITE)));
}

struct bad_flags {
	const char *desc;
	unsigned int flags;
	unsigned int of;	/* the functions that refuse them */
#define GET	BIT(0)
#define PIN	BIT(1)
#define FAST	BIT(2)		/* of both */
#define ALL	(GET | PIN | FAST)
	bool no_array;
};

static const struct bad_flags bad_flags[] = {
	/* These are for mm/ alone. */
	{ "foll_touch", FOLL_TOUCH, ALL },
	{ "foll_tried", FOLL_TRIED, ALL },
	{ "foll_remote", FOLL_REMOTE, ALL },
	{ "foll_pin", FOLL_PIN, ALL },
	{ "foll_fast_only", FOLL_FAST_ONLY, ALL },
	{ "foll_unlockable", FOLL_UNLOCKABLE, ALL },
	{ "foll_madv_populate", FOLL_MADV_POPULATE, ALL },
	/* Pages are to be released in one way only, */
	{ "foll_get", FOLL_GET, PIN },
	/* what may take a long time has to be told from what may not, */
	{ "foll_longterm", FOLL_LONGTERM, GET },
	/* and the memory of a device may go away. */
	{ "foll_longterm_of_device", FOLL_LONGTERM | FOLL_PCI_P2PDMA, ALL },
	/* What is to be released has to be told to the caller. */
	{ "foll_get_without_array", FOLL_GET, ALL, true },
	{ "without_array", 0, PIN | FAST, true },
	/* What does not need the lock cannot do these. */
	{ "foll_nowait", FOLL_NOWAIT, FAST },
	{ "foll_dump", FOLL_DUMP, FAST },
	{ "foll_hwpoison", FOLL_HWPOISON, FAST },
	{ "foll_anon", FOLL_ANON, FAST },
	{ "foll_interruptible", FOLL_INTERRUPTIBLE, FAST },
};

KUNIT_ARRAY_PARAM_DESC(bad_flags, bad_flags, desc);

static void gup_bad_flags(struct kunit *test)
{
	unsigned long addr = driver_map_all(test, RW, MAP_SHARED);
	const struct bad_flags *param = test->param_value;
	struct driver *drv = test->priv;
	int i;

	for (i = 0; i < ARRAY_SIZE(gups); i++) {
		const struct gup *gup = &gups[i];
		struct page *page = NULL;
		long ret = 0;

		if (!(param->of & (gup->pin ? PIN : GET)) && !(gup->fast && param->of & FAST))
			continue;
		kunit_warning_suppress(test) {
			ret = gup->call(addr, 1, param->flags, param->no_array ? NULL : &page);
		}
		/* Some of them tell nothing but that they got no page. */
		KUNIT_EXPECT_LE_MSG(test, ret, 0, "%s", gup->desc);
		if (!gup->pin || gup->fast)
			KUNIT_EXPECT_EQ_MSG(test, ret, -EINVAL, "%s", gup->desc);
		KUNIT_EXPECT_NULL_MSG(test, page, "%s", gup->desc);
		expect_counts(test, drv->pages[0], 2, 1);
	}
}

/* === Faults === */

/* The pages are faulted in as the caller says, and only once. */
static void gup_faults(struct kunit *test)
{
	const unsigned int mask = FAULT_FLAG_WRITE | FAULT_FLAG_REMOTE | FAULT_FLAG_USER |
				  FAULT_FLAG_ALLOW_RETRY | FAULT_FLAG_KILLABLE |
				  FAULT_FLAG_RETRY_NOWAIT | FAULT_FLAG_TRIED |
				  FAULT_FLAG_UNSHARE | FAULT_FLAG_INTERRUPTIBLE;
	const struct gup *gup = test->param_value;
	struct driver *drv = test->priv;
	unsigned long addr;

	drv->ops = &fault_ops;
	addr = driver_map_all(test, RW, MAP_SHARED);
	KUNIT_EXPECT_PTR_EQ(test, gup_page(gup, addr, 0), drv->pages[0]);
	KUNIT_EXPECT_EQ(test, drv->fault_flags & mask, gup->fault_flags);
	KUNIT_EXPECT_PTR_EQ(test, gup_page(gup, addr + PAGE_SIZE, FOLL_WRITE), drv->pages[1]);
	KUNIT_EXPECT_EQ(test, drv->fault_flags & mask, gup->fault_flags | FAULT_FLAG_WRITE);
	KUNIT_EXPECT_EQ(test, drv->faults, 2);

	KUNIT_EXPECT_PTR_EQ(test, gup_page(gup, addr, 0), drv->pages[0]);
	KUNIT_EXPECT_PTR_EQ(test, gup_page(gup, addr + PAGE_SIZE, FOLL_WRITE), drv->pages[1]);
	KUNIT_EXPECT_PTR_EQ(test, gup_page(gup, addr, FOLL_NOFAULT), drv->pages[0]);
	KUNIT_EXPECT_EQ(test, drv->faults, 2);
	KUNIT_EXPECT_PTR_EQ(test, gup_page(gup, addr + 2 * PAGE_SIZE, FOLL_NOFAULT),
			    ERR_PTR(-EFAULT));
	KUNIT_EXPECT_EQ(test, drv->faults, 2);

	if (!gup->fast && !(gup->fault_flags & FAULT_FLAG_ALLOW_RETRY)) {
		KUNIT_EXPECT_FALSE(test, IS_ERR(gup_page(gup, addr + 2 * PAGE_SIZE,
							 FOLL_NOWAIT)));
		KUNIT_EXPECT_EQ(test, drv->fault_flags & mask, gup->fault_flags |
				FAULT_FLAG_ALLOW_RETRY | FAULT_FLAG_RETRY_NOWAIT);
	} else if (!gup->fast) {
		KUNIT_EXPECT_FALSE(test, IS_ERR(gup_page(gup, addr + 2 * PAGE_SIZE,
							 FOLL_INTERRUPTIBLE)));
		KUNIT_EXPECT_EQ(test, drv->fault_flags & mask,
				gup->fault_flags | FAULT_FLAG_INTERRUPTIBLE);
	}
	KUNIT_EXPECT_EQ(test, vm_munmap(addr, NR_PAGES * PAGE_SIZE), 0);
	expect_unused(test);
}

/* Only who asks for it is told that the page is broken. */
static void gup_hwpoison(struct kunit *test)
{
	const struct gup *gup = test->param_value;
	struct driver *drv = test->priv;
	unsigned long addr;

	drv->ops = &fault_ops;
	drv->error_at = 0;
	drv->error = VM_FAULT_HWPOISON;
	addr = driver_map_all(test, RW, MAP_SHARED);
	if (!gup->fast)
		KUNIT_EXPECT_PTR_EQ(test, gup_page(gup, addr, FOLL_HWPOISON),
				    ERR_PTR(-EHWPOISON));
	KUNIT_EXPECT_PTR_EQ(test, gup_page(gup, addr, 0), ERR_PTR(-EFAULT));
}

/*
 * A fault that has to wait may drop the lock, which its caller then takes
 * again, to go on where it was.
 */
static void gup_fault_retried(struct kunit *test)
{
	const struct gup *gup = test->param_value;
	struct driver *drv = test->priv;
	bool retries = gup->fault_flags & FAULT_FLAG_ALLOW_RETRY;
	unsigned long addr;

	drv->ops = &fault_ops;
	for (drv->retry_at = 0; drv->retry_at < 3; drv->retry_at++) {
		struct page *pages[NR_PAGES] = {};
		int i;

		drv->faults = 0;
		addr = driver_map_all(test, RW, MAP_SHARED);
		KUNIT_ASSERT_EQ(test, gup->call(addr, 3, 0, pages), 3);
		for (i = 0; i < 3; i++)
			KUNIT_EXPECT_PTR_EQ_MSG(test, pages[i], drv->pages[i], "page %d", i);
		KUNIT_EXPECT_EQ(test, drv->faults, retries ? 4 : 3);
		gup_release(gup, pages, 3);
		KUNIT_EXPECT_EQ(test, vm_munmap(addr, NR_PAGES * PAGE_SIZE), 0);
		expect_unused(test);
	}
}

/* The second time it fails. */
static vm_fault_t retry_error_fault(struct vm_fault *vmf)
{
	struct driver *drv = vmf->vma->vm_private_data;

	if (vmf->pgoff == drv->retry_at && vmf->flags & FAULT_FLAG_TRIED)
		return VM_FAULT_SIGBUS;
	return driver_fault(vmf);
}

static const struct vm_operations_struct retry_error_ops = {
	.fault = retry_error_fault,
};

static void gup_fault_retried_fails(struct kunit *test)
{
	struct driver *drv = test->priv;
	int i;

	drv->ops = &retry_error_ops;
	drv->retry_at = 1;
	for (i = 0; i < ARRAY_SIZE(gups); i++) {
		const struct gup *gup = &gups[i];
		struct page *pages[NR_PAGES] = {};
		unsigned long addr;
		long ret;

		if (!(gup->fault_flags & FAULT_FLAG_ALLOW_RETRY))
			continue;
		addr = driver_map_all(test, RW, MAP_SHARED);
		ret = gup->call(addr, 3, 0, pages);
		KUNIT_EXPECT_EQ_MSG(test, ret, 1, "%s", gup->desc);
		KUNIT_EXPECT_PTR_EQ_MSG(test, pages[0], drv->pages[0], "%s", gup->desc);
		gup_release(gup, pages, ret);
		KUNIT_EXPECT_EQ_MSG(test, gup->call(addr + PAGE_SIZE, 1, 0, pages), -EFAULT,
				    "%s", gup->desc);
		KUNIT_EXPECT_EQ(test, vm_munmap(addr, NR_PAGES * PAGE_SIZE), 0);
		expect_unused(test);
	}
}

/* Memory is not for a process that is about to end. */
static void gup_killed(struct kunit *test)
{
	const struct gup *gup = test->param_value;
	struct driver *drv = test->priv;
	unsigned long addr;
	struct page *page;

	drv->ops = &fault_ops;
	addr = driver_map_all(test, RW, MAP_SHARED);
	sigaddset(&current->pending.signal, SIGKILL);
	set_thread_flag(TIF_SIGPENDING);
	page = gup_page(gup, addr, 0);
	sigdelset(&current->pending.signal, SIGKILL);
	clear_thread_flag(TIF_SIGPENDING);
	KUNIT_EXPECT_PTR_EQ(test, page, ERR_PTR(-EINTR));
	KUNIT_EXPECT_EQ(test, drv->faults, 0);
	KUNIT_EXPECT_PTR_EQ(test, gup_page(gup, addr, 0), drv->pages[0]);
}

/* A fault that has to wait can be given up, if the caller is prepared for it. */
static void gup_interrupted(struct kunit *test)
{
	struct driver *drv = test->priv;
	int i;

	drv->ops = &fault_ops;
	drv->retry_at = 1;
	for (i = 0; i < ARRAY_SIZE(gups); i++) {
		const struct gup *gup = &gups[i];
		struct page *pages[NR_PAGES] = {}, *page;
		unsigned long addr;
		long ret;

		if (gup->fast || !(gup->fault_flags & FAULT_FLAG_ALLOW_RETRY))
			continue;
		addr = driver_map_all(test, RW, MAP_SHARED);
		set_thread_flag(TIF_SIGPENDING);
		page = gup_page(gup, addr + PAGE_SIZE, FOLL_INTERRUPTIBLE);
		ret = gup->call(addr, 3, FOLL_INTERRUPTIBLE, pages);
		clear_thread_flag(TIF_SIGPENDING);
		KUNIT_EXPECT_PTR_EQ_MSG(test, page, ERR_PTR(-EINTR), "%s", gup->desc);
		KUNIT_EXPECT_EQ_MSG(test, ret, 1, "%s", gup->desc);
		gup_release(gup, pages, ret);

		set_thread_flag(TIF_SIGPENDING);
		page = gup_page(gup, addr + PAGE_SIZE, 0);
		clear_thread_flag(TIF_SIGPENDING);
		KUNIT_EXPECT_PTR_EQ_MSG(test, page, drv->pages[1], "%s", gup->desc);
		KUNIT_EXPECT_EQ(test, vm_munmap(addr, NR_PAGES * PAGE_SIZE), 0);
		expect_unused(test);
	}
}

/*
 * A core dump needs no memory for what was never written to, where only zeroes
 * could be; but a driver may have more to say.
 */
static void gup_dump(struct kunit *test)
{
	struct driver *drv = test->priv;
	int i;

	drv->ops = &fault_ops;
	for (i = 0; i < ARRAY_SIZE(gups); i++) {
		const struct gup *gup = &gups[i];
		unsigned long addr;

		if (gup->fast)
			continue;
		addr = anon_map(test, 0, 1, RW, 0);
		KUNIT_EXPECT_PTR_EQ_MSG(test, gup_page(gup, addr, FOLL_DUMP), ERR_PTR(-EFAULT),
					"%s", gup->desc);
		KUNIT_EXPECT_TRUE(test, pte_none(user_pte_at(addr)));
		/* That is the zero page. */
		user_read_page(test, addr);
		KUNIT_EXPECT_PTR_EQ_MSG(test, gup_page(gup, addr, FOLL_DUMP), ERR_PTR(-EFAULT),
					"%s", gup->desc);
		KUNIT_ASSERT_TRUE(test, user_write(addr, 1));
		KUNIT_EXPECT_FALSE_MSG(test, IS_ERR(gup_page(gup, addr, FOLL_DUMP)), "%s",
				       gup->desc);

		addr = driver_map_all(test, RW, MAP_SHARED);
		KUNIT_EXPECT_PTR_EQ_MSG(test, gup_page(gup, addr, FOLL_DUMP), drv->pages[0],
					"%s", gup->desc);
	}
}

static long remote_locked(bool pin, unsigned long addr, unsigned long nr_pages,
			  unsigned int flags, struct page **pages, int *locked)
{
	struct mm_struct *mm = current->mm;
	long ret;

	mmap_read_lock(mm);
	ret = pin ? pin_user_pages_remote(mm, addr, nr_pages, flags, pages, locked) :
		    get_user_pages_remote(mm, addr, nr_pages, flags, pages, locked);
	if (*locked)
		mmap_read_unlock(mm);

	return ret;
}

/* The caller may allow that the lock is dropped, and is told if it was. */
static void gup_remote_locked(struct kunit *test)
{
	struct driver *drv = test->priv;
	int pin;

	drv->ops = &fault_ops;
	for (pin = 0; pin < 2; pin++) {
		unsigned long addr = driver_map_all(test, RW, MAP_SHARED);
		const struct gup gup = { .pin = pin };
		struct page *pages[NR_PAGES] = {};
		int locked;

		locked = 1;
		drv->retry_at = NO_FAULT;
		KUNIT_ASSERT_EQ(test, remote_locked(pin, addr, 1, 0, pages, &locked), 1);
		KUNIT_EXPECT_EQ(test, locked, 1);
		KUNIT_EXPECT_TRUE(test, drv->fault_flags & FAULT_FLAG_ALLOW_RETRY);
		KUNIT_EXPECT_TRUE(test, drv->fault_flags & FAULT_FLAG_REMOTE);
		gup_release(&gup, pages, 1);

		drv->retry_at = 1;
		KUNIT_ASSERT_EQ(test, remote_locked(pin, addr, 3, 0, pages, &locked), 3);
		KUNIT_EXPECT_EQ(test, locked, 0);
		KUNIT_EXPECT_PTR_EQ(test, pages[1], drv->pages[1]);
		KUNIT_EXPECT_PTR_EQ(test, pages[2], drv->pages[2]);
		gup_release(&gup, pages, 3);

		/* Who does not want to wait keeps the lock, and comes again. */
		locked = 1;
		drv->retry_at = 3;
		KUNIT_EXPECT_EQ(test, remote_locked(pin, addr + 3 * PAGE_SIZE, 1, FOLL_NOWAIT,
						    pages, &locked), 0);
		KUNIT_EXPECT_EQ(test, locked, 1);
		KUNIT_ASSERT_EQ(test, remote_locked(pin, addr + 2 * PAGE_SIZE, 2, FOLL_NOWAIT,
						    pages, &locked), 1);
		KUNIT_EXPECT_EQ(test, locked, 1);
		gup_release(&gup, pages, 1);

		locked = 0;
		kunit_warning_suppress(test) {
			KUNIT_EXPECT_EQ(test, get_user_pages_remote(current->mm, addr, 1, 0, pages,
								    &locked), -EINVAL);
			KUNIT_EXPECT_LE(test, pin_user_pages_remote(current->mm, addr, 1, 0, pages,
								    &locked), 0);
		}
		KUNIT_EXPECT_EQ(test, vm_munmap(addr, NR_PAGES * PAGE_SIZE), 0);
	}
	expect_unused(test);
}

/* Without an array, pages are only faulted in; those that are none will do. */
static void get_user_pages_populates(struct kunit *test)
{
	struct driver *drv = test->priv;
	unsigned long addr;

	drv->ops = &fault_ops;
	addr = driver_map_all(test, RW, MAP_SHARED);
	drv->retry_at = 1;
	KUNIT_EXPECT_EQ(test, get_user_pages_unlocked(addr, 3, NULL, FOLL_WRITE), 3);
	KUNIT_EXPECT_EQ(test, drv->faults, 4);
	expect_counts(test, drv->pages[0], 2, 1);
	expect_counts(test, drv->pages[1], 2, 1);
	expect_counts(test, drv->pages[2], 2, 1);
	expect_counts(test, drv->pages[3], 1, 0);

	drv->ops = &special_ops;
	drv->set = VM_MIXEDMAP;
	addr = driver_map(test, 0, 1, RW, MAP_SHARED, 3);
	KUNIT_EXPECT_EQ(test, call_get(addr, 1, FOLL_WRITE, NULL), 1);
	user_age(addr);
	KUNIT_EXPECT_EQ(test, call_get(addr, 1, 0, NULL), 1);
	KUNIT_EXPECT_TRUE(test, pte_young(user_pte_at(addr)));
	KUNIT_EXPECT_FALSE(test, pte_dirty(user_pte_at(addr)));
	KUNIT_EXPECT_EQ(test, call_get(addr, 1, FOLL_WRITE, NULL), 1);
	KUNIT_EXPECT_TRUE(test, pte_dirty(user_pte_at(addr)));
}

/* === Copy-on-write === */

static long anon_pages(void)
{
	return get_mm_counter_sum(current->mm, MM_ANONPAGES);
}

/*
 * Whoever writes to the page of a private mapping gets the process's own copy;
 * and what it writes is what the process reads, as the other way round.
 */
static void gup_private_write(struct kunit *test)
{
	unsigned long addr = driver_map_all(test, RW, MAP_PRIVATE);
	const struct gup *gup = test->param_value;
	struct driver *drv = test->priv;
	struct page *page = NULL;
	u32 value;

	KUNIT_EXPECT_PTR_EQ(test, gup_page(gup, addr + PAGE_SIZE, 0), drv->pages[1]);
	KUNIT_EXPECT_EQ(test, anon_pages(), 0);

	KUNIT_ASSERT_EQ(test, gup->call(addr + PAGE_SIZE, 1, FOLL_WRITE, &page), 1);
	KUNIT_EXPECT_PTR_NE(test, page, drv->pages[1]);
	KUNIT_EXPECT_TRUE(test, page_has_pattern(page, 1));
	KUNIT_EXPECT_EQ(test, anon_pages(), 1);
	expect_counts(test, drv->pages[1], 1, 0);

	value = 1234;
	memcpy_to_page(page, 0, (char *)&value, sizeof(value));
	KUNIT_EXPECT_EQ(test, get_user(value, (u32 __user *)(addr + PAGE_SIZE)), 0);
	KUNIT_EXPECT_EQ(test, value, 1234);
	KUNIT_EXPECT_TRUE(test, user_write(addr + PAGE_SIZE, 4321));
	memcpy_from_page((char *)&value, page, 0, sizeof(value));
	KUNIT_EXPECT_EQ(test, value, 4321);
	KUNIT_EXPECT_TRUE(test, page_has_pattern(drv->pages[1], 1));
	KUNIT_EXPECT_EQ(test, anon_pages(), 1);
	gup_release(gup, &page, 1);

	KUNIT_EXPECT_EQ(test, vm_munmap(addr, NR_PAGES * PAGE_SIZE), 0);
	KUNIT_EXPECT_EQ(test, anon_pages(), 0);
	expect_unused(test);
}

/*
 * Reading memory that was never written to needs no memory: there is one page
 * of zeroes for everyone, of which nobody has to be afraid that it goes away.
 */
static void gup_zero_page(struct kunit *test)
{
	unsigned long addr = anon_map(test, 0, 1, RW, 0);
	const struct gup *gup = test->param_value;
	struct page *page = NULL;
	int i, refs;

	/* Once it has to be faulted in, once it is there. */
	for (i = 0; i < 2; i++) {
		KUNIT_ASSERT_EQ(test, gup->call(addr, 1, 0, &page), 1);
		KUNIT_EXPECT_TRUE(test, is_zero_page(page));
		gup_release(gup, &page, 1);
	}

	refs = page_ref_count(page);
	KUNIT_ASSERT_EQ(test, gup->call(addr, 1, 0, &page), 1);
	KUNIT_EXPECT_EQ(test, page_ref_count(page), gup->pin ? refs : refs + 1);
	gup_release(gup, &page, 1);
	KUNIT_EXPECT_EQ(test, page_ref_count(page), refs);

	page = gup_page(gup, addr, FOLL_WRITE);
	KUNIT_ASSERT_FALSE(test, IS_ERR(page));
	KUNIT_EXPECT_FALSE(test, is_zero_page(page));
}

/* What is read for long must be what the process will write to. */
struct longterm {
	const char *desc;
	unsigned long prot;
	unsigned long flags;
	unsigned int gup_flags;
	bool copied;
};

static const struct longterm longterms[] = {
	{ "private", RW, MAP_PRIVATE, FOLL_LONGTERM, true },
	{ "private_read_only", PROT_READ, MAP_PRIVATE, FOLL_LONGTERM, true },
	{ "private_short_term", RW, MAP_PRIVATE, 0, false },
	{ "private_write", RW, MAP_PRIVATE, FOLL_LONGTERM | FOLL_WRITE, true },
	{ "shared", RW, MAP_SHARED, FOLL_LONGTERM, false },
	{ "shared_read_only", PROT_READ, MAP_SHARED, FOLL_LONGTERM, false },
	{ "shared_write", RW, MAP_SHARED, FOLL_LONGTERM | FOLL_WRITE, false },
};

KUNIT_ARRAY_PARAM_DESC(longterm, longterms, desc);

static void pin_user_pages_longterm(struct kunit *test)
{
	const struct longterm *param = test->param_value;
	struct driver *drv = test->priv;
	int i;

	for (i = 0; i < ARRAY_SIZE(gups); i++) {
		const struct gup *gup = &gups[i];
		struct page *page = NULL;
		unsigned long addr;

		if (!gup->pin)
			continue;
		addr = driver_map_all(test, param->prot, param->flags);
		KUNIT_ASSERT_EQ_MSG(test, gup->call(addr + PAGE_SIZE, 1, param->gup_flags, &page),
				    1, "%s", gup->desc);
		KUNIT_EXPECT_EQ_MSG(test, page != drv->pages[1], param->copied, "%s", gup->desc);
		KUNIT_EXPECT_TRUE_MSG(test, page_has_pattern(page, 1), "%s", gup->desc);
		KUNIT_EXPECT_EQ_MSG(test, anon_pages(), param->copied, "%s", gup->desc);
		KUNIT_EXPECT_EQ_MSG(test, folio_mapcount(page_folio(page)), 1, "%s",
				    gup->desc);
		if (param->prot & PROT_WRITE && (param->copied || param->flags == MAP_SHARED)) {
			u32 value = 0;

			KUNIT_EXPECT_TRUE(test, user_write(addr + PAGE_SIZE, 1234));
			memcpy_from_page((char *)&value, page, 0, sizeof(value));
			KUNIT_EXPECT_EQ_MSG(test, value, 1234, "%s", gup->desc);
		}
		gup_release(gup, &page, 1);
		fill_page(page_address(drv->pages[1]), 1);
		KUNIT_EXPECT_EQ(test, vm_munmap(addr, NR_PAGES * PAGE_SIZE), 0);
		expect_unused(test);
	}
}

/* The page of zeroes will not be what the process writes to. */
static void pin_user_pages_longterm_zero_page(struct kunit *test)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(gups); i++) {
		const struct gup *gup = &gups[i];
		struct page *page = NULL;
		unsigned long addr;
		u32 value = 0;

		if (!gup->pin)
			continue;
		addr = anon_map(test, 0, 1, RW, 0);
		KUNIT_ASSERT_TRUE(test, is_zero_page(gup_page(gup, addr, 0)));
		KUNIT_ASSERT_EQ(test, gup->call(addr, 1, FOLL_LONGTERM, &page), 1);
		KUNIT_EXPECT_FALSE(test, is_zero_page(page));
		KUNIT_EXPECT_TRUE(test, user_write(addr, 1234));
		memcpy_from_page((char *)&value, page, 0, sizeof(value));
		KUNIT_EXPECT_EQ_MSG(test, value, 1234, "%s", gup->desc);
		gup_release(gup, &page, 1);
	}
}

/* Debuggers may write to what the process may only read, but to copies. */
static void gup_forced_write(struct kunit *test)
{
	unsigned long addr = driver_map_all(test, PROT_READ, MAP_PRIVATE);
	const struct gup *gup = test->param_value;
	struct driver *drv = test->priv;
	struct page *page = NULL;
	u32 value = 1234;

	KUNIT_EXPECT_PTR_EQ(test, gup_page(gup, addr, 0), drv->pages[0]);
	KUNIT_EXPECT_PTR_EQ(test, gup_page(gup, addr, FOLL_WRITE), ERR_PTR(-EFAULT));
	KUNIT_EXPECT_PTR_EQ(test, gup_page(gup, addr, FOLL_FORCE), drv->pages[0]);

	KUNIT_ASSERT_EQ(test, gup->call(addr, 1, FOLL_FORCE | FOLL_WRITE, &page), 1);
	KUNIT_EXPECT_PTR_NE(test, page, drv->pages[0]);
	KUNIT_EXPECT_TRUE(test, page_has_pattern(page, 0));
	expect_counts(test, drv->pages[0], 1, 0);
	memcpy_to_page(page, 0, (char *)&value, sizeof(value));
	value = 0;
	KUNIT_EXPECT_EQ(test, get_user(value, (u32 __user *)addr), 0);
	KUNIT_EXPECT_EQ(test, value, 1234);
	/* There is nothing left to be copied, and still nothing for the process to write to. */
	KUNIT_EXPECT_PTR_EQ(test, gup_page(gup, addr, FOLL_FORCE | FOLL_WRITE), page);
	KUNIT_EXPECT_PTR_EQ(test, gup_page(gup, addr, FOLL_WRITE), ERR_PTR(-EFAULT));
	KUNIT_EXPECT_FALSE(test, user_write(addr, 4321));
	gup_release(gup, &page, 1);
	KUNIT_EXPECT_EQ(test, vm_munmap(addr, NR_PAGES * PAGE_SIZE), 0);
	expect_unused(test);
}

/* What parent and child still have in common is written to by neither. */
static void gup_forced_write_after_fork(struct kunit *test)
{
	unsigned long addr = driver_map_all(test, PROT_READ, MAP_PRIVATE);
	const unsigned int flags = FOLL_FORCE | FOLL_WRITE;
	const struct gup *gup = test->param_value;
	struct mm_struct *child, *parent;
	struct page *page, *child_page;

	page = gup_page(gup, addr, flags);
	KUNIT_ASSERT_FALSE(test, IS_ERR(page));
	child = user_fork(test);
	parent = user_fork_enter(child);
	child_page = gup_page(gup, addr, flags);
	user_fork_leave(parent);
	KUNIT_ASSERT_FALSE(test, IS_ERR(child_page));
	KUNIT_EXPECT_PTR_NE(test, child_page, page);
	KUNIT_EXPECT_PTR_NE(test, gup_page(gup, addr, flags), child_page);
}

/* And they may read what it may not. */
static void gup_forced_read(struct kunit *test)
{
	unsigned long addr = anon_map(test, 0, 1, PROT_NONE, 0);
	const struct gup *gup = test->param_value;

	KUNIT_EXPECT_PTR_EQ(test, gup_page(gup, addr, 0), ERR_PTR(-EFAULT));
	KUNIT_EXPECT_FALSE(test, IS_ERR(gup_page(gup, addr, FOLL_FORCE)));
}

/* Some only care for what is not backed by a file. */
static void gup_anonymous_only(struct kunit *test)
{
	unsigned long file = driver_map_all(test, RW, MAP_PRIVATE);
	unsigned long anon = anon_map(test, 0, 1, RW, 0);
	int i;

	for (i = 0; i < ARRAY_SIZE(gups); i++) {
		const struct gup *gup = &gups[i];

		if (gup->fast)
			continue;
		KUNIT_EXPECT_PTR_EQ_MSG(test, gup_page(gup, file, FOLL_ANON), ERR_PTR(-EFAULT),
					"%s", gup->desc);
		KUNIT_EXPECT_FALSE_MSG(test, IS_ERR(gup_page(gup, anon, FOLL_ANON)),
				       "%s", gup->desc);
	}
}

static vm_fault_t allow_page_mkwrite(struct vm_fault *vmf)
{
	lock_page(vmf->page);
	return VM_FAULT_LOCKED;
}

static vm_fault_t allow_pfn_mkwrite(struct vm_fault *vmf)
{
	return 0;
}

static const struct vm_operations_struct mkwrite_ops = {
	.fault = driver_fault,
	.page_mkwrite = allow_page_mkwrite,
};

static const struct vm_operations_struct pfn_mkwrite_ops = {
	.fault = driver_fault,
	.pfn_mkwrite = allow_pfn_mkwrite,
};

struct mkwrite {
	const char *desc;
	const struct vm_operations_struct *ops;
	unsigned long flags;
	unsigned int gup_flags;
	long ret;
};

static const struct mkwrite mkwrites[] = {
	{ "page_mkwrite", &mkwrite_ops, MAP_SHARED, FOLL_LONGTERM | FOLL_WRITE, -EFAULT },
	{ "pfn_mkwrite", &pfn_mkwrite_ops, MAP_SHARED, FOLL_LONGTERM | FOLL_WRITE, -EFAULT },
	{ "none", &fault_ops, MAP_SHARED, FOLL_LONGTERM | FOLL_WRITE, 1 },
	{ "page_mkwrite_short_term", &mkwrite_ops, MAP_SHARED, FOLL_WRITE, 1 },
	{ "page_mkwrite_read", &mkwrite_ops, MAP_SHARED, FOLL_LONGTERM, 1 },
	{ "page_mkwrite_private", &mkwrite_ops, MAP_PRIVATE, FOLL_LONGTERM | FOLL_WRITE, 1 },
};

KUNIT_ARRAY_PARAM_DESC(mkwrite, mkwrites, desc);

/* A file that wants to know when it is written to must not be for long. */
static void pin_user_pages_longterm_mkwrite(struct kunit *test)
{
	const struct mkwrite *param = test->param_value;
	struct driver *drv = test->priv;
	int i;

	drv->ops = param->ops;
	for (i = 0; i < ARRAY_SIZE(gups); i++) {
		const struct gup *gup = &gups[i];
		struct page *page = NULL;
		unsigned long addr;
		long ret;

		if (!gup->pin)
			continue;
		addr = driver_map_all(test, RW, param->flags);
		/* Being there already must not help. */
		KUNIT_ASSERT_TRUE(test, user_write(addr, 0x5eed0000));
		ret = gup->call(addr, 1, param->gup_flags, &page);
		KUNIT_EXPECT_EQ_MSG(test, ret, param->ret, "%s", gup->desc);
		gup_release(gup, &page, ret);
		KUNIT_EXPECT_EQ(test, vm_munmap(addr, NR_PAGES * PAGE_SIZE), 0);
	}
	expect_unused(test);
}

/*
 * While there is DMA to a page, it has to stay the page of the one who pinned
 * it. So the child gets a copy at once, instead of either on the next write.
 */
static void gup_fork(struct kunit *test)
{
	unsigned long addr = anon_map(test, 0, 1, RW, 0);
	const struct gup *gup = test->param_value;
	struct mm_struct *child, *parent;
	struct page *page = NULL, *child_page;
	u32 value = 0;

	KUNIT_ASSERT_TRUE(test, user_write(addr, 1234));
	KUNIT_ASSERT_EQ(test, gup->call(addr, 1, FOLL_WRITE, &page), 1);
	child = user_fork(test);
	KUNIT_EXPECT_TRUE(test, user_write(addr, 4321));
	KUNIT_EXPECT_EQ(test, user_page(addr, 0) == page, gup->pin);

	parent = user_fork_enter(child);
	child_page = user_page(addr, 0);
	get_user(value, (u32 __user *)addr);
	user_fork_leave(parent);
	KUNIT_EXPECT_EQ(test, child_page == page, !gup->pin);
	KUNIT_EXPECT_EQ(test, value, 1234);
	gup_release(gup, &page, 1);
}

/*
 * The other way round: a page that parent and child have in common cannot be
 * pinned as it is, even for reading. It would be the other one's after a write.
 */
static void gup_after_fork(struct kunit *test)
{
	unsigned long addr = anon_map(test, 0, 1, RW, 0);
	const struct gup *gup = test->param_value;
	struct page *common, *page = NULL;
	struct mm_struct *child, *parent;
	u32 value = 0, child_value = 0;
	bool written;
	long ret;

	KUNIT_ASSERT_TRUE(test, user_write(addr, 1234));
	common = user_page(addr, 0);
	child = user_fork(test);
	KUNIT_EXPECT_PTR_EQ(test, user_page(addr, 0), common);

	parent = user_fork_enter(child);
	ret = gup->call(addr, 1, 0, &page);
	written = user_write(addr, 4321);
	get_user(child_value, (u32 __user *)addr);
	user_fork_leave(parent);
	KUNIT_ASSERT_EQ(test, ret, 1);
	KUNIT_EXPECT_TRUE(test, written);
	KUNIT_EXPECT_EQ(test, child_value, 4321);
	KUNIT_EXPECT_EQ(test, page == common, !gup->pin);
	memcpy_from_page((char *)&value, page, 0, sizeof(value));
	KUNIT_EXPECT_EQ(test, value, gup->pin ? 4321 : 1234);
	gup_release(gup, &page, 1);

	KUNIT_EXPECT_EQ(test, get_user(value, (u32 __user *)addr), 0);
	KUNIT_EXPECT_EQ(test, value, 1234);
}

/* No memory for the copy, or for the tables on the way to it, is an error. */
static void gup_no_memory(struct kunit *test)
{
	const struct gup *gup = test->param_value;
	struct driver *drv = test->priv;
	unsigned int nth, errors = 0;
	bool failed;

	fail_any_page_alloc(test);
	drv->ops = &fault_ops;
	for (nth = 1; nth < 100; nth++) {
		unsigned long addr = driver_map_all(test, RW, MAP_PRIVATE);
		struct page *page = NULL;
		long ret;

		fail_nth_set(nth);
		ret = gup->call(addr, 1, FOLL_WRITE, &page);
		failed = fail_nth_clear();
		gup_release(gup, &page, ret);
		if (ret != 1) {
			KUNIT_EXPECT_EQ(test, ret, -ENOMEM);
			errors++;
		}
		KUNIT_EXPECT_EQ(test, vm_munmap(addr, NR_PAGES * PAGE_SIZE), 0);
		KUNIT_EXPECT_EQ(test, anon_pages(), 0);
		expect_unused(test);
		if (!failed)
			break;
	}
	KUNIT_EXPECT_GT(test, errors, 0);
	KUNIT_EXPECT_FALSE(test, failed);
}

/* === Releasing them === */

/* Pins all pages of the driver, and then all but the first once more. */
static void pin_twice(struct kunit *test, struct page **pages)
{
	unsigned long addr = driver_map_all(test, RW, MAP_SHARED);

	KUNIT_ASSERT_EQ(test, pin_user_pages_fast(addr, NR_PAGES, FOLL_WRITE, pages), NR_PAGES);
	KUNIT_ASSERT_EQ(test, pin_user_pages_fast(addr + PAGE_SIZE, NR_PAGES - 1, FOLL_WRITE,
						  pages + NR_PAGES), NR_PAGES - 1);
	KUNIT_ASSERT_EQ(test, vm_munmap(addr, NR_PAGES * PAGE_SIZE), 0);
}

static void expect_dirty(struct kunit *test, bool dirty)
{
	struct driver *drv = test->priv;
	int i;

	for (i = 0; i < NR_PAGES; i++)
		KUNIT_EXPECT_EQ_MSG(test, PageDirty(drv->pages[i]), dirty, "page %d", i);
}

struct dirty {
	const char *desc;
	bool dirty;
};

static const struct dirty dirties[] = {
	{ "dirty", true },
	{ "clean", false },
};

KUNIT_ARRAY_PARAM_DESC(dirty, dirties, desc);

/* What a device has written to the page must not get lost. */
static void unpin_user_pages_dirty_lock_array(struct kunit *test)
{
	const struct dirty *param = test->param_value;
	struct page *pages[2 * NR_PAGES] = {};
	struct driver *drv = test->priv;
	int i;

	pin_twice(test, pages);
	for (i = 0; i < NR_PAGES; i++)
		ClearPageDirty(drv->pages[i]);
	unpin_user_pages_dirty_lock(pages, NR_PAGES - 1, param->dirty);
	KUNIT_EXPECT_EQ(test, PageDirty(drv->pages[0]), param->dirty);
	KUNIT_EXPECT_FALSE(test, PageDirty(drv->pages[3]));
	expect_counts(test, drv->pages[0], 1, 0);
	expect_counts(test, drv->pages[2], 1 + GUP_PIN_COUNTING_BIAS, 0);
	expect_counts(test, drv->pages[3], 1 + 2 * GUP_PIN_COUNTING_BIAS, 0);
	unpin_user_pages_dirty_lock(pages + NR_PAGES - 1, NR_PAGES, param->dirty);
	expect_dirty(test, param->dirty);
	expect_unused(test);
}

/* An array may go from one folio to another and back. */
static void unpin_user_pages_runs(struct kunit *test)
{
	struct driver *drv = test->priv;
	struct page *pages[6], *two[3];
	struct folio *folios[2];
	unsigned long addr;
	int i;

	folios[0] = driver_use_folio(test);
	folios[1] = driver_use_folio(test);
	/* The pages 0 and 1 are of the one folio, 2 and 3 of the other. */
	drv->pages[0] = folio_page(folios[0], 0);
	drv->pages[1] = folio_page(folios[0], 1);
	addr = driver_map_all(test, RW, MAP_SHARED);
	KUNIT_ASSERT_EQ(test, pin_user_pages_fast(addr, NR_PAGES, 0, pages), NR_PAGES);
	KUNIT_ASSERT_EQ(test, pin_user_pages_fast(addr, 2, 0, pages + 4), 2);
	KUNIT_EXPECT_EQ(test, atomic_read(&folios[0]->_pincount), 4);
	KUNIT_EXPECT_EQ(test, atomic_read(&folios[1]->_pincount), 2);

	/* What is missing at the start, there is nothing to do about. */
	two[0] = NULL;
	two[1] = pages[0];
	two[2] = pages[1];
	unpin_user_pages(two, 3);
	KUNIT_EXPECT_EQ(test, atomic_read(&folios[0]->_pincount), 2);
	unpin_user_pages_dirty_lock(pages + 2, 4, true);
	for (i = 0; i < 2; i++) {
		KUNIT_EXPECT_EQ(test, atomic_read(&folios[i]->_pincount), 0);
		KUNIT_EXPECT_EQ(test, folio_ref_count(folios[i]), 3);
		KUNIT_EXPECT_TRUE(test, folio_test_dirty(folios[i]));
	}
}

/* A caller that takes an error for a number must not unpin half of memory. */
static void unpin_user_pages_of_error(struct kunit *test)
{
	struct page *pages[2 * NR_PAGES] = {};
	struct driver *drv = test->priv;
	struct folio *folio;

	pin_twice(test, pages);
	folio = page_folio(pages[0]);
	kunit_warning_suppress(test) {
		unpin_user_pages(pages, -EFAULT);
		unpin_user_pages_dirty_lock(pages, -EFAULT, false);
		unpin_folios(&folio, -EFAULT);
		KUNIT_EXPECT_SUPPRESSED_WARNING_COUNT(test, IS_ENABLED(CONFIG_BUG) ? 3 : 0);
	}
	expect_counts(test, drv->pages[0], 1 + GUP_PIN_COUNTING_BIAS, 0);
	unpin_user_pages(pages, 0);
	unpin_user_pages_dirty_lock(pages, 0, true);
	expect_counts(test, drv->pages[0], 1 + GUP_PIN_COUNTING_BIAS, 0);
	unpin_user_pages(pages, 2 * NR_PAGES - 1);
	expect_unused(test);
}

/* Pages that follow each other in memory need no array. */
static void unpin_user_page_range_of_folios(struct kunit *test)
{
	const struct dirty *param = test->param_value;
	struct folio *folio = driver_use_folio(test);
	struct page *pages[2 * NR_PAGES] = {};

	pin_twice(test, pages);
	KUNIT_EXPECT_EQ(test, atomic_read(&folio->_pincount), 2 * NR_PAGES - 1);
	folio_clear_dirty(folio);
	unpin_user_page_range_dirty_lock(folio_page(folio, 1), 2, param->dirty);
	KUNIT_EXPECT_EQ(test, folio_test_dirty(folio), param->dirty);
	KUNIT_EXPECT_EQ(test, atomic_read(&folio->_pincount), 2 * NR_PAGES - 3);
	unpin_user_page_range_dirty_lock(folio_page(folio, 0), NR_PAGES, param->dirty);
	KUNIT_EXPECT_EQ(test, atomic_read(&folio->_pincount), 1);
	unpin_user_page(folio_page(folio, 3));
	KUNIT_EXPECT_EQ(test, atomic_read(&folio->_pincount), 0);
	KUNIT_EXPECT_EQ(test, folio_ref_count(folio), 1);
	KUNIT_EXPECT_EQ(test, folio_test_dirty(folio), param->dirty);
}

/* Two folios that follow each other in memory; the first of them, or NULL. */
static struct folio *adjacent_folios(struct kunit *test)
{
	struct page *pages[32];
	int i, j;

	for (i = 0; i < ARRAY_SIZE(pages); i++) {
		pages[i] = alloc_managed(test, 2);
		for (j = 0; j < i; j++) {
			if (page_to_pfn(pages[i]) == page_to_pfn(pages[j]) + 4)
				return page_folio(pages[j]);
			if (page_to_pfn(pages[j]) == page_to_pfn(pages[i]) + 4)
				return page_folio(pages[i]);
		}
	}

	return NULL;
}

/* The range may start and end in the middle of a folio. */
static void unpin_user_page_range_across_folios(struct kunit *test)
{
	struct folio *folio = adjacent_folios(test), *next;
	struct page *page, *pages[NR_PAGES] = {};
	struct driver *drv = test->priv;
	unsigned long addr;
	int i;

	if (!folio)
		kunit_skip(test, "needs two folios that follow each other");
	page = pfn_to_page(folio_pfn(folio) + 2);
	next = page_folio(pfn_to_page(folio_pfn(folio) + 4));
	for (i = 0; i < NR_PAGES; i++)
		drv->pages[i] = pfn_to_page(page_to_pfn(page) + i);
	addr = driver_map_all(test, RW, MAP_SHARED);
	KUNIT_ASSERT_EQ(test, pin_user_pages_fast(addr, NR_PAGES, 0, pages), NR_PAGES);
	KUNIT_ASSERT_EQ(test, vm_munmap(addr, NR_PAGES * PAGE_SIZE), 0);
	unpin_user_page_range_dirty_lock(page, 3, true);
	KUNIT_EXPECT_EQ(test, atomic_read(&folio->_pincount), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&next->_pincount), 1);
	unpin_user_page(pages[3]);
	KUNIT_EXPECT_EQ(test, atomic_read(&next->_pincount), 0);
	KUNIT_EXPECT_EQ(test, folio_ref_count(folio), 1);
	KUNIT_EXPECT_EQ(test, folio_ref_count(next), 1);
	KUNIT_EXPECT_TRUE(test, folio_test_dirty(folio));
	KUNIT_EXPECT_TRUE(test, folio_test_dirty(next));
}

/* Each of them may be a folio of its own. */
static void unpin_user_page_range_of_pages(struct kunit *test)
{
	struct page *block = alloc_pages(GFP_KERNEL, 2);
	struct page *pages[2 * NR_PAGES] = {};
	struct driver *drv = test->priv;
	int i;

	KUNIT_ASSERT_NOT_NULL(test, block);
	split_page(block, 2);
	for (i = 0; i < NR_PAGES; i++) {
		KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, driver_put_page,
								block + i), 0);
		drv->pages[i] = block + i;
	}
	pin_twice(test, pages);
	unpin_user_page_range_dirty_lock(block, NR_PAGES, false);
	expect_counts(test, block, 1, 0);
	expect_counts(test, block + 1, 1 + GUP_PIN_COUNTING_BIAS, 0);
	expect_counts(test, block + 3, 1 + GUP_PIN_COUNTING_BIAS, 0);
	unpin_user_page_range_dirty_lock(block + 1, NR_PAGES - 1, true);
	expect_unused(test);
	KUNIT_EXPECT_TRUE(test, PageDirty(block + 1));
	KUNIT_EXPECT_TRUE(test, PageDirty(block + 3));
}

static void unpin_folio_variants(struct kunit *test)
{
	struct folio *folio = driver_use_folio(test);
	struct folio *folios[5] = { NULL, folio, folio, NULL, folio };
	struct page *pages[2 * NR_PAGES] = {};

	pin_twice(test, pages);
	unpin_user_folio(folio, 3);
	KUNIT_EXPECT_EQ(test, atomic_read(&folio->_pincount), 4);
	KUNIT_EXPECT_EQ(test, folio_ref_count(folio), 5);
	unpin_folio(folio);
	KUNIT_EXPECT_EQ(test, atomic_read(&folio->_pincount), 3);
	unpin_folios(folios, 5);
	KUNIT_EXPECT_EQ(test, atomic_read(&folio->_pincount), 0);
	KUNIT_EXPECT_EQ(test, folio_ref_count(folio), 1);
}

/* === get_user_pages_fast_only() === */

/* It may be called from where nothing may be waited for, so it does not. */
static void get_user_pages_fast_only_present(struct kunit *test)
{
	const bool fast = IS_ENABLED(CONFIG_HAVE_GUP_FAST) &&
			  IS_ENABLED(CONFIG_ARCH_HAS_PTE_SPECIAL);
	unsigned long addr = anon_map(test, 0, NR_PAGES, RW, 0);
	struct page *pages[NR_PAGES] = {}, *expected[2];
	struct driver *drv = test->priv;
	unsigned long flags;
	int i, ret, refs;

	for (i = 0; i < 2; i++) {
		KUNIT_ASSERT_TRUE(test, user_write(addr + i * PAGE_SIZE, 1));
		expected[i] = user_page(addr + i * PAGE_SIZE, 0);
	}
	local_irq_save(flags);
	refs = page_ref_count(expected[1]);
	ret = get_user_pages_fast_only(addr, NR_PAGES, FOLL_WRITE, pages);
	refs = page_ref_count(expected[1]) - refs;
	local_irq_restore(flags);
	KUNIT_EXPECT_EQ(test, ret, fast ? 2 : 0);
	KUNIT_EXPECT_EQ(test, refs, fast ? 1 : 0);
	for (i = 0; i < 2; i++)
		KUNIT_EXPECT_PTR_EQ(test, pages[i], fast ? expected[i] : NULL);
	KUNIT_EXPECT_NULL(test, pages[2]);
	gup_release(&gups[0], pages, ret);

	KUNIT_EXPECT_EQ(test, get_user_pages_fast_only(addr + 2 * PAGE_SIZE, 1, 0, pages), 0);
	KUNIT_EXPECT_EQ(test, anon_pages(), 2);
	/* The page of zeroes is a raw one here, */
	KUNIT_ASSERT_TRUE(test, is_zero_page(gup_page(&gups[0], addr + 2 * PAGE_SIZE, 0)));
	KUNIT_EXPECT_EQ(test, get_user_pages_fast_only(addr + 2 * PAGE_SIZE, 1, 0, pages), 0);
	/* as are these; and what cannot be written to is not copied now. */
	drv->raw = true;
	addr = driver_map(test, 0, 1, RW, MAP_SHARED, 0);
	KUNIT_EXPECT_EQ(test, get_user_pages_fast_only(addr, 1, FOLL_WRITE, pages), 0);
	drv->raw = false;
	addr = driver_map(test, 0, 1, RW, MAP_PRIVATE, 0);
	KUNIT_EXPECT_EQ(test, get_user_pages_fast_only(addr, 1, FOLL_WRITE, pages), 0);
	kunit_warning_suppress(test) {
		KUNIT_EXPECT_EQ(test, get_user_pages_fast_only(addr, 1, FOLL_PIN, pages), -EINVAL);
	}
}

struct driver_page {
	const char *desc;
	bool large;
};

static const struct driver_page driver_pages[] = {
	{ "page", false },
	{ "large_folio", true },
};

KUNIT_ARRAY_PARAM_DESC(driver_page, driver_pages, desc);

/*
 * A page that a driver has inserted is taken without the lock as any other,
 * because that it belongs to no file, so that folio->mapping is NULL, does not
 * make it one of those that only the VMA can tell of. As memory of
 * memfd_secret() is not to be had, and is never a large folio, kernels that have
 * it may leave a small one without mapping to the slow path, as 7.2 does.
 */
static void get_user_pages_fast_only_of_driver(struct kunit *test)
{
	const struct driver_page *param = test->param_value;
	const bool fast = IS_ENABLED(CONFIG_HAVE_GUP_FAST) &&
			  IS_ENABLED(CONFIG_ARCH_HAS_PTE_SPECIAL);
	const bool may_refuse = IS_ENABLED(CONFIG_SECRETMEM) && !param->large;
	static const unsigned int gup_flags[] = { 0, FOLL_WRITE };
	struct driver *drv = test->priv;
	unsigned long addr, flags;
	struct folio *folio;
	struct page *page;
	int i, ret, refs;

	if (param->large)
		driver_use_folio(test);
	folio = page_folio(drv->pages[1]);
	KUNIT_ASSERT_NULL(test, folio->mapping);
	addr = driver_map_all(test, RW, MAP_SHARED);
	for (i = 0; i < ARRAY_SIZE(gup_flags); i++) {
		page = NULL;
		local_irq_save(flags);
		refs = folio_ref_count(folio);
		ret = get_user_pages_fast_only(addr + PAGE_SIZE, 1, gup_flags[i], &page);
		refs = folio_ref_count(folio) - refs;
		local_irq_restore(flags);
		if (!fast || !may_refuse || ret)
			KUNIT_EXPECT_EQ_MSG(test, ret, fast, "flags %#x", gup_flags[i]);
		KUNIT_EXPECT_EQ_MSG(test, refs, ret, "references to the folio, flags %#x",
				    gup_flags[i]);
		KUNIT_EXPECT_PTR_EQ_MSG(test, page, ret ? drv->pages[1] : NULL, "flags %#x",
					gup_flags[i]);
		gup_release(&gups[0], &page, ret);
	}
	/* What a process may only read is not to be had for writing. */
	KUNIT_ASSERT_EQ(test, mm_kunit_mprotect(addr, NR_PAGES * PAGE_SIZE, PROT_READ), 0);
	KUNIT_EXPECT_EQ(test, get_user_pages_fast_only(addr + PAGE_SIZE, 1, FOLL_WRITE, &page), 0);
}

/*
 * A long-term pin of a driver's page is what pin_user_pages() says, whether the
 * lock was taken for it or not, because without a mapping the folio does not
 * tell if its file has to know of writes, and the VMA does.
 */
static void pin_user_pages_fast_longterm_of_driver(struct kunit *test)
{
	const struct driver_page *param = test->param_value;
	static const unsigned int gup_flags[] = {
		FOLL_LONGTERM, FOLL_LONGTERM | FOLL_WRITE, FOLL_WRITE,
	};
	static const struct {
		const char *desc;
		const struct vm_operations_struct *ops;
	} files[] = {
		{ "inserted", NULL },
		{ "faulted in", &fault_ops },
		{ "page_mkwrite", &mkwrite_ops },
	};
	struct driver *drv = test->priv;
	int i, j;

	if (param->large)
		driver_use_folio(test);
	for (i = 0; i < ARRAY_SIZE(files); i++) {
		unsigned long addr;

		drv->ops = files[i].ops;
		addr = driver_map_all(test, RW, MAP_SHARED);
		/* There, and writable, so that nothing but a mapping is missing. */
		KUNIT_ASSERT_TRUE_MSG(test, user_write(addr + PAGE_SIZE, 1234), "%s",
				      files[i].desc);
		for (j = 0; j < ARRAY_SIZE(gup_flags); j++) {
			struct page *slow = NULL, *fast = NULL;
			long slow_ret, fast_ret;

			slow_ret = call_pin(addr + PAGE_SIZE, 1, gup_flags[j], &slow);
			gup_release(&gups[4], &slow, slow_ret);
			fast_ret = call_pin_fast(addr + PAGE_SIZE, 1, gup_flags[j], &fast);
			gup_release(&gups[7], &fast, fast_ret);
			KUNIT_EXPECT_EQ_MSG(test, fast_ret, slow_ret, "%s, flags %#x",
					    files[i].desc, gup_flags[j]);
			KUNIT_EXPECT_PTR_EQ_MSG(test, fast, slow, "%s, flags %#x", files[i].desc,
						gup_flags[j]);
			if (slow_ret == 1)
				KUNIT_EXPECT_PTR_EQ_MSG(test, slow, drv->pages[1], "%s, flags %#x",
							files[i].desc, gup_flags[j]);
		}
		KUNIT_EXPECT_EQ_MSG(test, vm_munmap(addr, NR_PAGES * PAGE_SIZE), 0, "%s",
				    files[i].desc);
	}
}

/*
 * A process's copy of a raw page is its own, and so may be pinned. Those who
 * have to look at the VMA refuse it; but nobody may take the raw page.
 */
static void gup_private_remap(struct kunit *test)
{
	const struct gup *gup = test->param_value;
	struct driver *drv = test->priv;
	struct page *page = NULL;
	unsigned long addr;
	long ret;

	drv->raw = true;
	addr = driver_map(test, 0, 1, RW, MAP_PRIVATE, 0);
	KUNIT_ASSERT_TRUE(test, user_write(addr, 1234));
	ret = gup->call(addr, 1, FOLL_WRITE, &page);
	if (ret != 1)
		KUNIT_EXPECT_EQ(test, ret, -EFAULT);
	if (!gup->fast || !IS_ENABLED(CONFIG_HAVE_GUP_FAST))
		KUNIT_EXPECT_NE(test, ret, 1);
	KUNIT_EXPECT_PTR_NE(test, page, drv->pages[0]);
	gup_release(gup, &page, ret);
	KUNIT_EXPECT_EQ(test, vm_munmap(addr, PAGE_SIZE), 0);
	expect_unused(test);
}

static struct kunit_case gup_cases[] = {
	KUNIT_CASE_PARAM(gup_pages, gup_gen_params),
	KUNIT_CASE_PARAM(gup_anon_pages, gup_gen_params),
	KUNIT_CASE_PARAM(gup_references, gup_gen_params),
	KUNIT_CASE_PARAM(gup_large_folio, gup_gen_params),
	KUNIT_CASE(gup_touches),
	KUNIT_CASE_PARAM(gup_statistics, gup_gen_params),
	KUNIT_CASE_PARAM(gup_no_pages, gup_gen_params),
	KUNIT_CASE_PARAM(gup_no_pages_of_many, nothing_gen_params),
	KUNIT_CASE_PARAM(gup_outlives_mapping, gup_gen_params),
	KUNIT_CASE_PARAM(gup_stops_at, stop_gen_params),
	KUNIT_CASE(gup_fast_limits),
	KUNIT_CASE_PARAM(gup_below_stack, gup_gen_params),
	KUNIT_CASE_PARAM(gup_bad_flags, bad_flags_gen_params),
	KUNIT_CASE_PARAM(gup_faults, gup_gen_params),
	KUNIT_CASE_PARAM(gup_hwpoison, gup_gen_params),
	KUNIT_CASE_PARAM(gup_fault_retried, gup_gen_params),
	KUNIT_CASE(gup_fault_retried_fails),
	KUNIT_CASE_PARAM(gup_killed, gup_gen_params),
	KUNIT_CASE(gup_interrupted),
	KUNIT_CASE(gup_dump),
	KUNIT_CASE(gup_remote_locked),
	KUNIT_CASE(get_user_pages_populates),
	KUNIT_CASE_PARAM(gup_private_write, gup_gen_params),
	KUNIT_CASE_PARAM(gup_zero_page, gup_gen_params),
	KUNIT_CASE_PARAM(pin_user_pages_longterm, longterm_gen_params),
	KUNIT_CASE(pin_user_pages_longterm_zero_page),
	KUNIT_CASE_PARAM(pin_user_pages_longterm_mkwrite, mkwrite_gen_params),
	KUNIT_CASE_PARAM(gup_forced_write, gup_gen_params),
	KUNIT_CASE_PARAM(gup_forced_write_after_fork, gup_gen_params),
	KUNIT_CASE_PARAM(gup_forced_read, gup_gen_params),
	KUNIT_CASE(gup_anonymous_only),
	KUNIT_CASE_PARAM(gup_fork, gup_gen_params),
	KUNIT_CASE_PARAM(gup_after_fork, gup_gen_params),
	KUNIT_CASE_PARAM(gup_no_memory, gup_gen_params),
	KUNIT_CASE_PARAM(gup_private_remap, gup_gen_params),
	KUNIT_CASE_PARAM(unpin_user_pages_dirty_lock_array, dirty_gen_params),
	KUNIT_CASE(unpin_user_pages_runs),
	KUNIT_CASE(unpin_user_pages_of_error),
	KUNIT_CASE_PARAM(unpin_user_page_range_of_folios, dirty_gen_params),
	KUNIT_CASE(unpin_user_page_range_across_folios),
	KUNIT_CASE(unpin_user_page_range_of_pages),
	KUNIT_CASE(unpin_folio_variants),
	KUNIT_CASE(get_user_pages_fast_only_present),
	KUNIT_CASE_PARAM(get_user_pages_fast_only_of_driver, driver_page_gen_params),
	KUNIT_CASE_PARAM(pin_user_pages_fast_longterm_of_driver, driver_page_gen_params),
	{}
};

static struct kunit_suite gup_suite = {
	.name = "gup",
	.init = user_driver_init,
	.test_cases = gup_cases,
};

kunit_test_suite(gup_suite);

MODULE_DESCRIPTION("KUnit tests for get_user_pages()");
MODULE_LICENSE("GPL");
