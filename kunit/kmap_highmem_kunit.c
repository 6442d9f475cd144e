// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests for the slots behind kmap(), which exist with CONFIG_HIGHMEM.
 *
 * All pages of high memory share a pool of slots in the kernel's address space.
 * The cases look at how slots are counted, reused and waited for.
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

/* Returns the number of the slot that an address is in, or -1 if it is not in the pool. */
static int slot_of(const void *addr)
{
	if ((unsigned long)addr < PKMAP_ADDR(0) ||
	    (unsigned long)addr >= PKMAP_ADDR(LAST_PKMAP))
		return -1;
	return PKMAP_NR((unsigned long)addr);
}

/* Counts the slots that can be taken: other users may hold one for ever. */
static int free_slots(void)
{
	int nr = 0;

	kmap_flush_unused();
	for (int i = 0; i < LAST_PKMAP; i++)
		nr += pte_none(highmem_pte_at((void *)PKMAP_ADDR(i)));
	return nr;
}

/* Returns as many pages as slots are free, and some more; each starts with its index. */
static struct page **pool_pages(struct kunit *test, int extra, int *nr)
{
	struct page **pages;

#ifdef get_pkmap_color
	kunit_skip(test, "needs an architecture without get_pkmap_color()");
#endif
	if (totalhigh_pages() < 2 * LAST_PKMAP)
		kunit_skip(test, "needs a machine with %d pages of high memory", 2 * LAST_PKMAP);
	*nr = free_slots();
	pages = kunit_kcalloc(test, *nr + extra, sizeof(*pages), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, pages);
	for (int i = 0; i < *nr + extra; i++) {
		pages[i] = highmem_test_page(test);
		memcpy_to_page(pages[i], 0, (char *)&i, sizeof(i));
	}
	return pages;
}

/* Maps each of the pages once by kmap(). */
static void fill_pool(struct kunit *test, struct page **pages, int nr)
{
	for (int i = 0; i < nr; i++)
		highmem_kmap(test, pages[i]);
}

/*
 * page_address() of a page of high memory is the address that kmap() gave it, in
 * the pool and writable, and NULL without kmap(). A mapping by kmap_local_page() is
 * no page_address(), because it is valid in one task only.
 */
static void page_address_highmem(struct kunit *test)
{
	struct page *page = highmem_test_page(test);
	void *addr;

	KUNIT_EXPECT_PTR_EQ(test, page_address(page), NULL);
	addr = kmap_local_page(page);
	KUNIT_EXPECT_PTR_EQ(test, page_address(page), NULL);
	kunmap_local(addr);

	addr = highmem_kmap(test, page);
	KUNIT_EXPECT_PTR_EQ(test, page_address(page), addr);
	KUNIT_EXPECT_GE_MSG(test, slot_of(addr), 0, "slot of address %lx", (unsigned long)addr);
	KUNIT_EXPECT_EQ(test, pte_pfn(highmem_pte_at(addr)), page_to_pfn(page));
	KUNIT_EXPECT_NE_MSG(test, pte_write(highmem_pte_at(addr)), 0,
			    "whether the entry is writable");
}

static bool is_kmap(unsigned long addr)
{
	return is_kmap_addr((void *)addr);
}

/*
 * is_kmap_addr() is true for each byte of the slots of kmap() and of
 * kmap_local_page(), and for no other address: hardened usercopy
 * (check_heap_object()) limits a copy from such an address to a single page.
 */
static void is_kmap_addr_bounds(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, is_kmap(PKMAP_ADDR(0) - 1), false);
	KUNIT_EXPECT_EQ(test, is_kmap(PKMAP_ADDR(0)), true);
	KUNIT_EXPECT_EQ(test, is_kmap(PKMAP_ADDR(LAST_PKMAP) - 1), true);
	KUNIT_EXPECT_EQ(test, is_kmap(PKMAP_ADDR(LAST_PKMAP)), false);

	/* The slots of kmap_local_page() go downwards from FIX_KMAP_BEGIN. */
	KUNIT_EXPECT_EQ(test, is_kmap(__fix_to_virt(FIX_KMAP_END) - 1), false);
	KUNIT_EXPECT_EQ(test, is_kmap(__fix_to_virt(FIX_KMAP_END)), true);
	KUNIT_EXPECT_EQ(test, is_kmap(__fix_to_virt(FIX_KMAP_BEGIN)), true);
	KUNIT_EXPECT_EQ(test, is_kmap(__fix_to_virt(FIX_KMAP_BEGIN) + PAGE_SIZE - 1), true);
	KUNIT_EXPECT_EQ(test, is_kmap(__fix_to_virt(FIX_KMAP_BEGIN) + PAGE_SIZE), false);
}

/*
 * kmap() of low memory takes no slot, because the page has an address already and
 * the slots are few.
 */
static void kmap_lowmem_takes_no_slot(struct kunit *test)
{
	struct folio *low = highmem_test_folio(test, GFP_KERNEL, 0);
	int nr = free_slots();

	highmem_kmap(test, folio_page(low, 0));
	KUNIT_EXPECT_EQ(test, free_slots(), nr);
}

/*
 * All slots of the pool can be in use at the same time, each by another page, and
 * each can be given up on its own: a caller depends on no other caller as long as
 * a slot is free. kmap_to_page() finds the page of each slot.
 */
static void kmap_whole_pool(struct kunit *test)
{
	DECLARE_BITMAP(seen, LAST_PKMAP) = { };
	int nr;
	struct page **pages = pool_pages(test, 0, &nr);

	fill_pool(test, pages, nr);
	KUNIT_EXPECT_EQ(test, free_slots(), 0);
	for (int i = 0; i < nr; i++) {
		void *addr = page_address(pages[i]);

		KUNIT_ASSERT_GE_MSG(test, slot_of(addr), 0, "slot of page %d", i);
		KUNIT_ASSERT_EQ_MSG(test, __test_and_set_bit(slot_of(addr), seen), 0,
				    "whether page %d has the slot of another page", i);
		KUNIT_ASSERT_EQ_MSG(test, *(int *)addr, i, "contents of page %d", i);
		KUNIT_ASSERT_EQ_MSG(test, pte_pfn(highmem_pte_at(addr)), page_to_pfn(pages[i]),
				    "pfn in the slot of page %d", i);
	}
	kunit_warning_suppress(test) {
		for (int i = 0; i < nr; i++)
			KUNIT_EXPECT_PTR_EQ_MSG(test, kmap_to_page(page_address(pages[i])),
						pages[i], "page %d", i);
		KUNIT_EXPECT_SUPPRESSED_WARNING_COUNT(test, MM_KUNIT_WARN_ONCE(nr));
	}

	/* Each second page is unmapped, the others stay. */
	for (int i = 1; i < nr; i += 2)
		kunit_release_action(test, kunmap_action, pages[i]);
	KUNIT_EXPECT_EQ(test, free_slots(), nr / 2);
	for (int i = 0; i < nr; i++) {
		void *addr = page_address(pages[i]);

		if (i % 2) {
			KUNIT_ASSERT_PTR_EQ_MSG(test, addr, NULL, "unmapped page %d", i);
			continue;
		}
		KUNIT_ASSERT_GE_MSG(test, slot_of(addr), 0, "slot of page %d", i);
		KUNIT_ASSERT_EQ_MSG(test, *(int *)addr, i, "contents of page %d", i);
	}
}

/*
 * kmap() waits only if no slot is free, wherever the free slot is: a caller that
 * waited for another caller without need could wait for ever.
 */
static void kmap_finds_last_slot(struct kunit *test)
{
	struct kmap_thread *t[3];
	struct page *victim[3], **pages;
	int nr;

	for (int i = 0; i < ARRAY_SIZE(t); i++)
		t[i] = kmap_thread_create(test, i, false);
	pages = pool_pages(test, 0, &nr);
	fill_pool(test, pages, nr);

	/* The slot where the search begins, the highest and the lowest slot. */
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
		MM_KUNIT_ASSERT_MSG(test, kmap_thread_mapped(test, t[i]), "task %d", i);
		KUNIT_EXPECT_PTR_EQ_MSG(test, t[i]->addr, addr, "task %d", i);
		KUNIT_EXPECT_EQ_MSG(test, highmem_id_at(addr), i, "task %d", i);
	}
}

/* Waits until the task waits for a slot; a text if that takes too long. */
static const char *check_blocked(struct kunit *test, struct kmap_thread *t)
{
	unsigned int state = 0;

	if (!wait_for_completion_timeout(&t->started, KMAP_TIMEOUT))
		return mm_kunit_wrong(test,
				      "pfn %lx: expected the task to start, found that it has not in %d s",
				      page_to_pfn(t->page), KMAP_TIMEOUT / HZ);
	complete(&t->started);
	if (!read_poll_timeout(READ_ONCE, state, state == TASK_UNINTERRUPTIBLE, 1000,
			       jiffies_to_usecs(KMAP_TIMEOUT), false, t->task->__state))
		return NULL;
	return mm_kunit_wrong(test, "pfn %lx: expected the task in state %x, found %x",
			      page_to_pfn(t->page), TASK_UNINTERRUPTIBLE, state);
}

/*
 * kmap() blocks until a slot is free (kernel-doc of kmap()), which is after the
 * kunmap() of the slot's last user, not after that of an inner user. All tasks that
 * wait to map the same page get the same mapping, because a page has one address.
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
	pages = pool_pages(test, 0, &nr);
	fill_pool(test, pages, nr);
	addr = page_address(pages[nr / 2]);
	/* A page that is mapped needs no slot. */
	KUNIT_EXPECT_PTR_EQ(test, highmem_kmap(test, pages[nr / 2]), addr);

	wake_up_process(t->task);
	wake_up_process(same->task);
	MM_KUNIT_EXPECT(test, check_blocked(test, t));
	MM_KUNIT_EXPECT(test, check_blocked(test, same));

	/* The page of the slot has one user left. */
	kunit_release_action(test, kunmap_action, pages[nr / 2]);
	MM_KUNIT_EXPECT(test, check_blocked(test, t));
	MM_KUNIT_EXPECT(test, check_blocked(test, same));
	KUNIT_EXPECT_PTR_EQ(test, page_address(t->page), NULL);

	kunit_release_action(test, kunmap_action, pages[nr / 2]);
	MM_KUNIT_ASSERT(test, kmap_thread_mapped(test, t));
	MM_KUNIT_ASSERT(test, kmap_thread_mapped(test, same));
	KUNIT_EXPECT_PTR_EQ(test, t->addr, addr);
	KUNIT_EXPECT_PTR_EQ(test, same->addr, addr);
	KUNIT_EXPECT_PTR_EQ(test, page_address(pages[nr / 2]), NULL);

	/* The slot is free again when both tasks have unmapped their page. */
	wake_up_process(next->task);
	MM_KUNIT_EXPECT(test, check_blocked(test, next));
	kmap_thread_stop(test, t);
	MM_KUNIT_EXPECT(test, check_blocked(test, next));
	KUNIT_EXPECT_PTR_EQ(test, page_address(next->page), NULL);
	kmap_thread_stop(test, same);
	MM_KUNIT_ASSERT(test, kmap_thread_mapped(test, next));
	KUNIT_EXPECT_PTR_EQ(test, next->addr, addr);

	kmap_thread_stop(test, next);
	KMAP_EXPECT_THREAD_SAW(test, t, 1, 1);
	KMAP_EXPECT_THREAD_SAW(test, same, 1, 1);
	KMAP_EXPECT_THREAD_SAW(test, next, 2, 2);
}

/*
 * Each slot that becomes free serves one of the tasks that wait, and the others
 * go on waiting, because a slot has one page. No wakeup is lost.
 */
static void kmap_waits_in_numbers(struct kunit *test)
{
	struct kmap_thread *t[3];
	struct page **pages;
	int nr, mapped;

	for (int i = 0; i < ARRAY_SIZE(t); i++)
		t[i] = kmap_thread_create(test, i, false);
	pages = pool_pages(test, 0, &nr);
	fill_pool(test, pages, nr);

	for (int i = 0; i < ARRAY_SIZE(t); i++) {
		wake_up_process(t[i]->task);
		MM_KUNIT_EXPECT_MSG(test, check_blocked(test, t[i]), "task %d", i);
	}
	for (int i = 0; i < ARRAY_SIZE(t); i++) {
		kunit_release_action(test, kunmap_action, pages[i]);
		read_poll_timeout(free_slots, nr, !nr, 1000,
				  jiffies_to_usecs(KMAP_TIMEOUT), false);
		mapped = 0;
		for (int j = 0; j < ARRAY_SIZE(t); j++)
			mapped += !!page_address(t[j]->page);
		KUNIT_EXPECT_EQ_MSG(test, mapped, i + 1,
				    "tasks with a slot after %d slots became free", i + 1);
	}
	for (int i = 0; i < ARRAY_SIZE(t); i++) {
		MM_KUNIT_ASSERT_MSG(test, kmap_thread_mapped(test, t[i]), "task %d", i);
		KUNIT_EXPECT_EQ_MSG(test, highmem_id_at(t[i]->addr), i, "page of task %d", i);
	}
}

/* -- today's implementation, not promised ---------------------------------- */

/*
 * The slot of a page that has no user any more keeps the page until the TLB is
 * flushed, because a flush is expensive. Until then kmap() finds the page mapped
 * and uses the same slot; a flush takes only slots that are not used again.
 */
static void kmap_revives_unused(struct kunit *test)
{
	struct page *page = highmem_test_page_of(test, 1);
	void *addr = highmem_kmap(test, page);

	kunit_release_action(test, kunmap_action, page);
	KUNIT_EXPECT_PTR_EQ(test, page_address(page), addr);
	KUNIT_EXPECT_EQ(test, pte_pfn(highmem_pte_at(addr)), page_to_pfn(page));
	KUNIT_EXPECT_PTR_EQ(test, highmem_kmap(test, page), addr);
	/* The page is used again, so a flush must not take its slot. */
	kmap_flush_unused();
	KUNIT_EXPECT_PTR_EQ(test, page_address(page), addr);
	KUNIT_EXPECT_EQ(test, highmem_id_at(addr), 1);

	kunit_release_action(test, kunmap_action, page);
	kmap_flush_unused();
	KUNIT_EXPECT_PTR_EQ(test, page_address(page), NULL);
	HIGHMEM_EXPECT_UNMAPPED(test, addr, "the flushed slot");

	addr = highmem_kmap(test, page);
	KUNIT_EXPECT_PTR_EQ(test, page_address(page), addr);
	KUNIT_EXPECT_EQ(test, highmem_id_at(addr), 1);
}

/*
 * kmap() hands out the slots in turn, so that one TLB flush for each lap through
 * the pool is enough. After a lap the first slot shows its new page, although the
 * TLB had the old one.
 */
static void kmap_laps(struct kunit *test)
{
	DECLARE_BITMAP(seen, LAST_PKMAP) = { };
	int nr, wraps = 0;
	struct page **pages = pool_pages(test, 1, &nr);
	void *first = highmem_kmap(test, pages[0]);
	void *addr, *last = first;

	/* This read leaves the mapping of the first page in the TLB. */
	KUNIT_EXPECT_EQ(test, *(int *)first, 0);
	kunit_release_action(test, kunmap_action, pages[0]);
	KUNIT_ASSERT_GE(test, slot_of(first), 0);
	__set_bit(slot_of(first), seen);

	for (int i = 1; i < nr; i++) {
		addr = highmem_kmap(test, pages[i]);
		KUNIT_ASSERT_GE_MSG(test, slot_of(addr), 0, "slot of page %d", i);
		KUNIT_EXPECT_EQ_MSG(test, __test_and_set_bit(slot_of(addr), seen), 0,
				    "whether page %d has the slot of another page", i);
		KUNIT_EXPECT_PTR_EQ_MSG(test, page_address(pages[i]), addr, "page %d", i);
		wraps += addr < last;
		last = addr;
		kunit_release_action(test, kunmap_action, pages[i]);
	}
	KUNIT_EXPECT_LE_MSG(test, wraps, 1, "laps through the pool");

	addr = highmem_kmap(test, pages[nr]);
	KUNIT_EXPECT_PTR_EQ(test, addr, first);
	KUNIT_EXPECT_EQ(test, *(int *)addr, nr);
	KUNIT_EXPECT_PTR_EQ(test, page_address(pages[0]), NULL);
}

static struct kunit_case kmap_highmem_cases[] = {
	KUNIT_CASE(page_address_highmem),
	KUNIT_CASE(is_kmap_addr_bounds),
	KUNIT_CASE(kmap_lowmem_takes_no_slot),
	KUNIT_CASE(kmap_whole_pool),
	KUNIT_CASE(kmap_finds_last_slot),
	KUNIT_CASE(kmap_waits_for_slot),
	KUNIT_CASE(kmap_waits_in_numbers),
	KUNIT_CASE(kmap_revives_unused),
	KUNIT_CASE(kmap_laps),
	{}
};

static struct kunit_suite kmap_highmem_suite = {
	.name = "kmap_highmem",
	.init = highmem_test_init,
	.test_cases = kmap_highmem_cases,
};

kunit_test_suite(kmap_highmem_suite);

MODULE_DESCRIPTION("KUnit tests for the slots of kmap()");
MODULE_LICENSE("GPL");
