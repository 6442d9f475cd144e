// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests for kmap().
 *
 * With CONFIG_HIGHMEM the pages of high memory share a pool of slots: the
 * cases at the end look at how these are counted, reused and waited for.
 */
#include <kunit/test.h>
#include <linux/bitmap.h>
#include <linux/highmem.h>
#include <linux/iopoll.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/sched.h>

#include "highmem_page.h"
#include "mm_kunit.h"

KUNIT_DEFINE_ACTION_WRAPPER(kunmap_action, kunmap, const struct page *);

/* kmap() that an assertion does not leak; kunit_release_action() unmaps. */
static void *kmap_managed(struct kunit *test, struct page *page)
{
	void *addr = kmap(page);

	KUNIT_ASSERT_EQ(test,
			kunit_add_action_or_reset(test, kunmap_action, page),
			0);
	return addr;
}

/*
 * A mapping lasts until the last of its users is gone: no user may have to
 * know of the others.
 */
static void kmap_nested(struct kunit *test)
{
	struct page *page = highmem_test_page_of(test, 1);
	void *addr = kmap_managed(test, page);
	void *inner = kmap_managed(test, page);

	KUNIT_EXPECT_PTR_EQ(test, inner, addr);
	KUNIT_EXPECT_PTR_EQ(test, page_address(page), addr);
	KUNIT_EXPECT_TRUE(test, PAGE_ALIGNED(addr));
	KUNIT_EXPECT_EQ(test, is_kmap_addr(addr), PageHighMem(page));

	kunit_release_action(test, kunmap_action, page);
	kmap_flush_unused();
	KUNIT_EXPECT_PTR_EQ(test, page_address(page), addr);
	KUNIT_EXPECT_TRUE(test, shows(addr, 1));

	kunit_release_action(test, kunmap_action, page);
	kmap_flush_unused();
	KUNIT_EXPECT_PTR_EQ(test, page_address(page),
			    PageHighMem(page) ? NULL : addr);
}

/* Finds what the mapping before this one left, and leaves @id + 1. */
static bool relay(struct page *page, void *addr, u8 id)
{
	bool ok = shows(addr, id) &&
		  (kmap_local_takes_slot(page) || addr == page_address(page));

	memset(addr, id + 1, PAGE_SIZE);
	return ok;
}

/* All the functions that map a page map that same page, for writing. */
static void kmap_all_functions(struct kunit *test)
{
	struct page *page = highmem_test_page_of(test, 1);
	struct folio *folio = page_folio(page);
	unsigned long pfn = page_to_pfn(page);
	void *addr;
	bool ok;

	addr = kmap(page);
	ok = relay(page, addr, 1);
	kunmap(page);
	KUNIT_EXPECT_TRUE_MSG(test, ok, "kmap");

	addr = kmap_local_page(page);
	ok = relay(page, addr, 2);
	kunmap_local(addr);
	KUNIT_EXPECT_TRUE_MSG(test, ok, "kmap_local_page");

	addr = kmap_local_page_prot(page, PAGE_KERNEL);
	ok = relay(page, addr, 3);
	kunmap_local(addr);
	KUNIT_EXPECT_TRUE_MSG(test, ok, "kmap_local_page_prot");

	addr = kmap_local_pfn(pfn);
	ok = IS_ENABLED(CONFIG_HIGHMEM) || addr == page_address(page);
	ok &= shows(addr, 4);
	memset(addr, 5, PAGE_SIZE);
	kunmap_local(addr);
	KUNIT_EXPECT_TRUE_MSG(test, ok, "kmap_local_pfn");

	addr = kmap_local_folio(folio, 0);
	ok = relay(page, addr, 5);
	kunmap_local(addr);
	KUNIT_EXPECT_TRUE_MSG(test, ok, "kmap_local_folio");

	addr = kmap_atomic(page);
	ok = relay(page, addr, 6);
	kunmap_atomic(addr);
	KUNIT_EXPECT_TRUE_MSG(test, ok, "kmap_atomic");

	addr = kmap_atomic_prot(page, PAGE_KERNEL);
	ok = relay(page, addr, 7);
	kunmap_atomic(addr);
	KUNIT_EXPECT_TRUE_MSG(test, ok, "kmap_atomic_prot");

	addr = kmap_atomic_pfn(pfn);
	ok = IS_ENABLED(CONFIG_HIGHMEM) || addr == page_address(page);
	ok &= shows(addr, 8);
	memset(addr, 9, PAGE_SIZE);
	kunmap_atomic(addr);
	KUNIT_EXPECT_TRUE_MSG(test, ok, "kmap_atomic_pfn");

	addr = kmap(page);
	ok = relay(page, addr, 9);
	kunmap(page);
	KUNIT_EXPECT_TRUE_MSG(test, ok, "kmap again");
}

/* The address may be handed to others: kmap() is not bound to a task. */
static void kmap_from_other_task(struct kunit *test)
{
	struct kmap_thread *t = kmap_thread_create(test, 1, false);

	wake_up_process(t->task);
	KUNIT_ASSERT_TRUE(test, kmap_thread_has_mapped(t));
	KUNIT_EXPECT_PTR_EQ(test, page_address(t->page), t->addr);
	KUNIT_EXPECT_TRUE(test, shows(t->addr, 1));

	/* The other task has to find this when it wakes up. */
	memset(t->addr, 2, PAGE_SIZE);
	t->id = 2;
	kmap_thread_stop(test, t);
	KUNIT_EXPECT_TRUE(test, t->ok);
}

/*
 * Each address of a mapping leads back to the page. Callers should keep the
 * page instead, so the lookup of a slot warns.
 */
static void kmap_to_page_of_kmap(struct kunit *test)
{
	struct page *page = highmem_test_page(test);
	struct page *first, *last;
	void *addr = kmap_managed(test, page);

	kunit_warning_suppress(test) {
		first = kmap_to_page(addr);
		last = kmap_to_page(addr + PAGE_SIZE - 1);
		EXPECT_WARNINGS(test, PageHighMem(page) ? 2 : 0);
	}
	KUNIT_EXPECT_PTR_EQ(test, first, page);
	KUNIT_EXPECT_PTR_EQ(test, last, page);
}

/*
 * kmap() may have to wait for a slot, and so has to be called where it could,
 * although it hardly ever does.
 */
static void kmap_may_sleep(struct kunit *test)
{
	struct page *page = highmem_test_page(test);

	if (!IS_ENABLED(CONFIG_DEBUG_ATOMIC_SLEEP))
		kunit_skip(test, "needs CONFIG_DEBUG_ATOMIC_SLEEP");

	mm_kunit_rearm_warnings();
	kunit_warning_suppress(test) {
		set_current_state(TASK_UNINTERRUPTIBLE);
		kmap(page);
		__set_current_state(TASK_RUNNING);
		KUNIT_EXPECT_SUPPRESSED_WARNING_COUNT(test, 1);
	}
	mm_kunit_rearm_warnings();
	kunit_warning_suppress(test) {
		set_current_state(TASK_UNINTERRUPTIBLE);
		kunmap(page);
		__set_current_state(TASK_RUNNING);
		KUNIT_EXPECT_SUPPRESSED_WARNING_COUNT(test,
						      IS_ENABLED(CONFIG_HIGHMEM));
	}
}

#ifdef CONFIG_HIGHMEM
static bool in_pool(const void *addr)
{
	return (unsigned long)addr >= PKMAP_ADDR(0) &&
	       (unsigned long)addr < PKMAP_ADDR(LAST_PKMAP);
}

/* The slots that can be taken: others may hold one for ever. */
static int kmap_pool_free(void)
{
	int nr = 0;

	kmap_flush_unused();
	for (int i = 0; i < LAST_PKMAP; i++)
		nr += pte_none(pte_at((void *)PKMAP_ADDR(i)));
	return nr;
}

/* As many pages as there are free slots, each starting with its index. */
static struct page **kmap_pool_pages(struct kunit *test, int extra, int *nr)
{
	struct page **pages;

#ifdef get_pkmap_color
	kunit_skip(test, "needs a pool without colours");
#endif
	if (totalhigh_pages() < 2 * LAST_PKMAP)
		kunit_skip(test, "needs more high memory");
	*nr = kmap_pool_free();
	pages = kunit_kcalloc(test, *nr + extra, sizeof(*pages), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, pages);
	for (int i = 0; i < *nr + extra; i++) {
		pages[i] = highmem_test_page(test);
		memcpy_to_page(pages[i], 0, (char *)&i, sizeof(i));
	}
	return pages;
}

/* Only kmap() gives a page of high memory an address, and only its own. */
static void page_address_highmem(struct kunit *test)
{
	struct page *page = highmem_test_page(test);
	void *addr;

	KUNIT_EXPECT_NULL(test, page_address(page));
	addr = kmap_local_page(page);
	KUNIT_EXPECT_NULL(test, page_address(page));
	kunmap_local(addr);

	addr = kmap_managed(test, page);
	KUNIT_EXPECT_PTR_EQ(test, page_address(page), addr);
	KUNIT_EXPECT_TRUE(test, in_pool(addr));
	KUNIT_EXPECT_EQ(test, pte_pfn(pte_at(addr)), page_to_pfn(page));
	KUNIT_EXPECT_TRUE(test, pte_write(pte_at(addr)));
}

static bool is_kmap(unsigned long addr)
{
	return is_kmap_addr((void *)addr);
}

/* Hardened usercopy takes what is in here for a mapping of a single page. */
static void is_kmap_addr_bounds(struct kunit *test)
{
	KUNIT_EXPECT_FALSE(test, is_kmap(PKMAP_ADDR(0) - 1));
	KUNIT_EXPECT_TRUE(test, is_kmap(PKMAP_ADDR(0)));
	KUNIT_EXPECT_TRUE(test, is_kmap(PKMAP_ADDR(LAST_PKMAP) - 1));
	KUNIT_EXPECT_FALSE(test, is_kmap(PKMAP_ADDR(LAST_PKMAP)));

	/* The slots go downwards from FIX_KMAP_BEGIN. */
	KUNIT_EXPECT_FALSE(test, is_kmap(__fix_to_virt(FIX_KMAP_END) - 1));
	KUNIT_EXPECT_TRUE(test, is_kmap(__fix_to_virt(FIX_KMAP_END)));
	KUNIT_EXPECT_TRUE(test, is_kmap(__fix_to_virt(FIX_KMAP_BEGIN)));
	KUNIT_EXPECT_TRUE(test, is_kmap(__fix_to_virt(FIX_KMAP_BEGIN) +
					PAGE_SIZE - 1));
	KUNIT_EXPECT_FALSE(test, is_kmap(__fix_to_virt(FIX_KMAP_BEGIN) +
					 PAGE_SIZE));
}

/*
 * The slot of a page that is not used any more stays until the TLB is flushed,
 * which is expensive: until then kmap() finds the page mapped.
 */
static void kmap_revives_unused(struct kunit *test)
{
	struct page *page = highmem_test_page_of(test, 1);
	void *addr = kmap_managed(test, page);

	kunit_release_action(test, kunmap_action, page);
	KUNIT_EXPECT_PTR_EQ(test, page_address(page), addr);
	KUNIT_EXPECT_EQ(test, pte_pfn(pte_at(addr)), page_to_pfn(page));
	KUNIT_EXPECT_PTR_EQ(test, kmap_managed(test, page), addr);
	/* It is used again, so a flush must not take it. */
	kmap_flush_unused();
	KUNIT_EXPECT_PTR_EQ(test, page_address(page), addr);
	KUNIT_EXPECT_TRUE(test, shows(addr, 1));

	kunit_release_action(test, kunmap_action, page);
	kmap_flush_unused();
	KUNIT_EXPECT_NULL(test, page_address(page));
	KUNIT_EXPECT_TRUE(test, pte_none(pte_at(addr)));

	addr = kmap_managed(test, page);
	KUNIT_EXPECT_PTR_EQ(test, page_address(page), addr);
	KUNIT_EXPECT_TRUE(test, shows(addr, 1));
}

/* Low memory has an address: a slot would be wasted on it. */
static void kmap_lowmem_takes_no_slot(struct kunit *test)
{
	struct folio *low = highmem_test_folio(test, GFP_KERNEL, 0);
	int nr = kmap_pool_free();

	kmap_managed(test, folio_page(low, 0));
	KUNIT_EXPECT_EQ(test, kmap_pool_free(), nr);
}

/* Slots are handed out in turn, for a TLB flush once a lap has to do. */
static void kmap_laps(struct kunit *test)
{
	DECLARE_BITMAP(seen, LAST_PKMAP) = { };
	int nr, repeated = 0, unmapped = 0, wraps = 0;
	struct page **pages = kmap_pool_pages(test, 1, &nr);
	void *first = kmap_managed(test, pages[0]);
	void *addr, *last = first;

	/* Leaves the mapping of the first page in the TLB. */
	KUNIT_EXPECT_EQ(test, *(int *)first, 0);
	kunit_release_action(test, kunmap_action, pages[0]);
	__set_bit(PKMAP_NR((unsigned long)first), seen);

	for (int i = 1; i < nr; i++) {
		addr = kmap(pages[i]);
		repeated += __test_and_set_bit(PKMAP_NR((unsigned long)addr),
					       seen);
		unmapped += page_address(pages[i]) != addr;
		wraps += addr < last;
		last = addr;
		kunmap(pages[i]);
	}
	KUNIT_EXPECT_EQ(test, repeated, 0);
	KUNIT_EXPECT_LE(test, wraps, 1);
	KUNIT_EXPECT_EQ(test, unmapped, 0);

	addr = kmap_managed(test, pages[nr]);
	KUNIT_EXPECT_PTR_EQ(test, addr, first);
	KUNIT_EXPECT_EQ(test, *(int *)addr, nr);
	KUNIT_EXPECT_NULL(test, page_address(pages[0]));
}

static void kmap_fill(struct kunit *test, struct page **pages, int nr)
{
	for (int i = 0; i < nr; i++)
		kmap_managed(test, pages[i]);
}

/* Each slot can be used at the same time, and given up on its own. */
static void kmap_whole_pool(struct kunit *test)
{
	DECLARE_BITMAP(seen, LAST_PKMAP) = { };
	int nr, wrong = 0;
	struct page **pages = kmap_pool_pages(test, 0, &nr);

	kmap_fill(test, pages, nr);
	KUNIT_EXPECT_EQ(test, kmap_pool_free(), 0);
	for (int i = 0; i < nr; i++) {
		void *addr = page_address(pages[i]);

		KUNIT_ASSERT_TRUE(test, in_pool(addr));
		wrong += __test_and_set_bit(PKMAP_NR((unsigned long)addr),
					    seen);
		wrong += *(int *)addr != i;
		wrong += pte_pfn(pte_at(addr)) != page_to_pfn(pages[i]);
	}
	KUNIT_EXPECT_EQ(test, wrong, 0);
	kunit_warning_suppress(test) {
		for (int i = 0; i < nr; i++)
			wrong += kmap_to_page(page_address(pages[i])) !=
				 pages[i];
		EXPECT_WARNINGS(test, nr);
	}
	KUNIT_EXPECT_EQ(test, wrong, 0);

	for (int i = 1; i < nr; i += 2)
		kunit_release_action(test, kunmap_action, pages[i]);
	KUNIT_EXPECT_EQ(test, kmap_pool_free(), nr / 2);
	for (int i = 0; i < nr; i++) {
		void *addr = page_address(pages[i]);

		wrong += i % 2 ? !!addr : !in_pool(addr) || *(int *)addr != i;
	}
	KUNIT_EXPECT_EQ(test, wrong, 0);
}

/* As long as there is a free slot nobody waits, wherever that slot is. */
static void kmap_finds_last_slot(struct kunit *test)
{
	struct kmap_thread *t[3];
	struct page *victim[3], **pages;
	int nr;

	for (int i = 0; i < ARRAY_SIZE(t); i++)
		t[i] = kmap_thread_create(test, i, false);
	pages = kmap_pool_pages(test, 0, &nr);
	kmap_fill(test, pages, nr);

	/* The one where the search begins, the highest and the lowest one. */
	victim[0] = pages[0];
	victim[1] = pages[1];
	victim[2] = pages[1];
	for (int i = 2; i < nr; i++) {
		if (page_address(pages[i]) > page_address(victim[1]))
			victim[1] = pages[i];
		if (page_address(pages[i]) < page_address(victim[2]))
			victim[2] = pages[i];
	}

	for (int i = 0; i < ARRAY_SIZE(t); i++) {
		void *addr = page_address(victim[i]);

		kunit_release_action(test, kunmap_action, victim[i]);
		wake_up_process(t[i]->task);
		KUNIT_ASSERT_TRUE_MSG(test, kmap_thread_has_mapped(t[i]),
				      "slot %d", i);
		KUNIT_EXPECT_PTR_EQ(test, t[i]->addr, addr);
		KUNIT_EXPECT_TRUE(test, shows(addr, i));
	}
}

/* Waits until the thread waits for a slot. */
static bool kmap_thread_blocks(struct kmap_thread *t)
{
	unsigned int state;

	if (!wait_for_completion_timeout(&t->started, KMAP_TIMEOUT))
		return false;
	complete(&t->started);
	return !read_poll_timeout(READ_ONCE, state,
				  state == TASK_UNINTERRUPTIBLE, 1000,
				  jiffies_to_usecs(KMAP_TIMEOUT), false,
				  t->task->__state);
}

/*
 * All who wait for a page get the one mapping of it. A slot becomes free by
 * the kunmap() of its last user, not by that of an inner one.
 */
static void kmap_waits_for_slot(struct kunit *test)
{
	struct kmap_thread *t = kmap_thread_create(test, 1, false);
	struct kmap_thread *same = kmap_thread_create(test, 1, false);
	struct kmap_thread *next = kmap_thread_create(test, 2, false);
	struct page **pages;
	void *addr;
	int nr;

	same->page = t->page;
	pages = kmap_pool_pages(test, 0, &nr);
	kmap_fill(test, pages, nr);
	addr = page_address(pages[nr / 2]);
	/* What is mapped needs no slot. */
	KUNIT_EXPECT_PTR_EQ(test, kmap_managed(test, pages[nr / 2]), addr);

	wake_up_process(t->task);
	wake_up_process(same->task);
	KUNIT_EXPECT_TRUE(test, kmap_thread_blocks(t));
	KUNIT_EXPECT_TRUE(test, kmap_thread_blocks(same));

	kunit_release_action(test, kunmap_action, pages[nr / 2]);
	KUNIT_EXPECT_TRUE(test, kmap_thread_blocks(t));
	KUNIT_EXPECT_TRUE(test, kmap_thread_blocks(same));
	KUNIT_EXPECT_NULL(test, page_address(t->page));

	kunit_release_action(test, kunmap_action, pages[nr / 2]);
	KUNIT_ASSERT_TRUE(test, kmap_thread_has_mapped(t));
	KUNIT_ASSERT_TRUE(test, kmap_thread_has_mapped(same));
	KUNIT_EXPECT_PTR_EQ(test, t->addr, addr);
	KUNIT_EXPECT_PTR_EQ(test, same->addr, addr);
	KUNIT_EXPECT_NULL(test, page_address(pages[nr / 2]));

	wake_up_process(next->task);
	KUNIT_EXPECT_TRUE(test, kmap_thread_blocks(next));
	kmap_thread_stop(test, t);
	KUNIT_EXPECT_TRUE(test, kmap_thread_blocks(next));
	KUNIT_EXPECT_NULL(test, page_address(next->page));
	kmap_thread_stop(test, same);
	KUNIT_ASSERT_TRUE(test, kmap_thread_has_mapped(next));
	KUNIT_EXPECT_PTR_EQ(test, next->addr, addr);

	kmap_thread_stop(test, next);
	KUNIT_EXPECT_TRUE(test, t->ok);
	KUNIT_EXPECT_TRUE(test, same->ok);
	KUNIT_EXPECT_TRUE(test, next->ok);
}

/* One slot serves one of those who wait, and the others go on waiting. */
static void kmap_waits_in_numbers(struct kunit *test)
{
	struct kmap_thread *t[3];
	struct page **pages;
	int nr, mapped = 0;

	for (int i = 0; i < ARRAY_SIZE(t); i++)
		t[i] = kmap_thread_create(test, i, false);
	pages = kmap_pool_pages(test, 0, &nr);
	kmap_fill(test, pages, nr);

	for (int i = 0; i < ARRAY_SIZE(t); i++) {
		wake_up_process(t[i]->task);
		KUNIT_EXPECT_TRUE(test, kmap_thread_blocks(t[i]));
	}
	for (int i = 0; i < ARRAY_SIZE(t); i++) {
		kunit_release_action(test, kunmap_action, pages[i]);
		read_poll_timeout(kmap_pool_free, nr, !nr, 1000,
				  jiffies_to_usecs(KMAP_TIMEOUT), false);
		mapped = 0;
		for (int j = 0; j < ARRAY_SIZE(t); j++)
			mapped += !!page_address(t[j]->page);
		KUNIT_EXPECT_EQ(test, mapped, i + 1);
	}
	for (int i = 0; i < ARRAY_SIZE(t); i++) {
		KUNIT_ASSERT_TRUE(test, kmap_thread_has_mapped(t[i]));
		KUNIT_EXPECT_TRUE(test, shows(t[i]->addr, i));
	}
}

#endif /* CONFIG_HIGHMEM */

static int kmap_test_init(struct kunit *test)
{
	mm_kunit_init(test);
	/* A page may still have the address of its last user. */
	kmap_flush_unused();
	return 0;
}

static struct kunit_case kmap_cases[] = {
	KUNIT_CASE_PARAM(kmap_nested, highmem_zone_gen_params),
	KUNIT_CASE_PARAM(kmap_all_functions, highmem_zone_gen_params),
	KUNIT_CASE_PARAM(kmap_from_other_task, highmem_zone_gen_params),
	KUNIT_CASE_PARAM(kmap_to_page_of_kmap, highmem_zone_gen_params),
	KUNIT_CASE_PARAM(kmap_may_sleep, highmem_zone_gen_params),
	KUNIT_CASE_HIGHMEM(page_address_highmem),
	KUNIT_CASE_HIGHMEM(is_kmap_addr_bounds),
	KUNIT_CASE_HIGHMEM(kmap_revives_unused),
	KUNIT_CASE_HIGHMEM(kmap_lowmem_takes_no_slot),
	KUNIT_CASE_HIGHMEM(kmap_laps),
	KUNIT_CASE_HIGHMEM(kmap_whole_pool),
	KUNIT_CASE_HIGHMEM(kmap_finds_last_slot),
	KUNIT_CASE_HIGHMEM(kmap_waits_for_slot),
	KUNIT_CASE_HIGHMEM(kmap_waits_in_numbers),
	{}
};

static struct kunit_suite kmap_suite = {
	.name = "kmap",
	.init = kmap_test_init,
	.test_cases = kmap_cases,
};

kunit_test_suite(kmap_suite);

MODULE_DESCRIPTION("KUnit tests for kmap()");
MODULE_LICENSE("GPL");
