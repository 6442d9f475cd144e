// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests for kmap(): what holds for pages of low and of high memory.
 *
 * kmap_highmem_kunit.c has the cases about the pool of slots for high memory.
 */
#include <kunit/test.h>
#include <linux/highmem.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/sched.h>

#include "highmem_page.h"
#include "mm_kunit.h"

/*
 * A mapping by kmap() lasts until kunmap() was called as often as kmap(),
 * because the users of a page do not know of each other. All of them get the
 * same address; is_kmap_addr() knows it if the page is of high memory.
 */
static void kmap_nested(struct kunit *test)
{
	struct page *page = highmem_test_page_of(test, 1);
	void *addr = highmem_kmap(test, page);
	void *inner = highmem_kmap(test, page);

	KUNIT_EXPECT_PTR_EQ(test, inner, addr);
	KUNIT_EXPECT_PTR_EQ(test, page_address(page), addr);
	KUNIT_EXPECT_EQ(test, offset_in_page(addr), 0);
	KUNIT_EXPECT_EQ(test, is_kmap_addr(addr), PageHighMem(page));

	/* The outer user still has the page mapped. */
	kunit_release_action(test, kunmap_action, page);
	kmap_flush_unused();
	KUNIT_EXPECT_PTR_EQ(test, page_address(page), addr);
	KUNIT_EXPECT_EQ(test, highmem_id_at(addr), 1);

	kunit_release_action(test, kunmap_action, page);
	kmap_flush_unused();
	KUNIT_EXPECT_PTR_EQ(test, page_address(page), PageHighMem(page) ? NULL : addr);
}

/* Returns the contents of the page at @addr, and fills it with @id for the next. */
static int relay(void *addr, u8 id)
{
	int found = highmem_id_at(addr);

	memset(addr, id, PAGE_SIZE);
	return found;
}

/* Where the function takes no slot, it returns the address of the direct mapping. */
#define KMAP_EXPECT_RELAYED(test, found, id, addr, page, slot, name)		\
do {										\
	KUNIT_EXPECT_EQ_MSG(test, found, id, "contents of the page by " name);	\
	if (!(slot))								\
		KUNIT_EXPECT_PTR_EQ_MSG(test, addr, page_address(page),		\
					"address by " name);			\
} while (0)

/*
 * All functions of the kmap family map the page that they are given, writable,
 * because a caller may use any of them to hand data to a user of another one.
 * For low memory, and on a kernel without HIGHMEM, each of them returns the
 * address of the direct mapping (kernel-doc of kmap() and kmap_local_page()).
 */
static void kmap_all_functions(struct kunit *test)
{
	struct page *page = highmem_test_page_of(test, 1);
	struct folio *folio = page_folio(page);
	bool slot = kmap_local_takes_slot(page);
	unsigned long pfn = page_to_pfn(page);
	void *addr;
	int found;

	/* Each function finds what the one before it has written. */
	addr = kmap(page);
	found = relay(addr, 2);
	kunmap(page);
	KMAP_EXPECT_RELAYED(test, found, 1, addr, page, slot, "kmap()");

	addr = kmap_local_page(page);
	found = relay(addr, 3);
	kunmap_local(addr);
	KMAP_EXPECT_RELAYED(test, found, 2, addr, page, slot, "kmap_local_page()");

	addr = kmap_local_page_prot(page, PAGE_KERNEL);
	found = relay(addr, 4);
	kunmap_local(addr);
	KMAP_EXPECT_RELAYED(test, found, 3, addr, page, slot, "kmap_local_page_prot()");

	addr = kmap_local_pfn(pfn);
	found = relay(addr, 5);
	kunmap_local(addr);
	KMAP_EXPECT_RELAYED(test, found, 4, addr, page, IS_ENABLED(CONFIG_HIGHMEM),
			    "kmap_local_pfn()");

	addr = kmap_local_folio(folio, 0);
	found = relay(addr, 6);
	kunmap_local(addr);
	KMAP_EXPECT_RELAYED(test, found, 5, addr, page, slot, "kmap_local_folio()");

	addr = kmap_atomic(page);
	found = relay(addr, 7);
	kunmap_atomic(addr);
	KMAP_EXPECT_RELAYED(test, found, 6, addr, page, slot, "kmap_atomic()");

	addr = kmap_atomic_prot(page, PAGE_KERNEL);
	found = relay(addr, 8);
	kunmap_atomic(addr);
	KMAP_EXPECT_RELAYED(test, found, 7, addr, page, slot, "kmap_atomic_prot()");

	addr = kmap_atomic_pfn(pfn);
	found = relay(addr, 9);
	kunmap_atomic(addr);
	KMAP_EXPECT_RELAYED(test, found, 8, addr, page, IS_ENABLED(CONFIG_HIGHMEM),
			    "kmap_atomic_pfn()");

	addr = kmap(page);
	found = relay(addr, 10);
	kunmap(page);
	KMAP_EXPECT_RELAYED(test, found, 9, addr, page, slot, "the second kmap()");
}

/*
 * The address that kmap() returns is valid in all tasks, because kmap() is for
 * long term usage and its kernel-doc says that the pointer can be handed to other
 * contexts.
 */
static void kmap_from_other_task(struct kunit *test)
{
	struct kmap_thread *t = kmap_thread_create(test, 1, false);

	wake_up_process(t->task);
	MM_KUNIT_ASSERT(test, kmap_thread_mapped(test, t));
	KUNIT_EXPECT_PTR_EQ(test, page_address(t->page), t->addr);
	KUNIT_EXPECT_EQ(test, highmem_id_at(t->addr), 1);

	/* The other task has to find this when it is stopped. */
	memset(t->addr, 2, PAGE_SIZE);
	kmap_thread_stop(test, t);
	KMAP_EXPECT_THREAD_SAW(test, t, 1, 2);
}

/*
 * kmap_to_page() returns the page for any address in its mapping. A caller should
 * rather remember the page, so the lookup of a slot warns; the lookup of an
 * address of low memory does not.
 */
static void kmap_to_page_of_kmap(struct kunit *test)
{
	struct page *page = highmem_test_page(test);
	const int nr = PageHighMem(page) ? 2 : 0;
	struct page *first, *last;
	void *addr = highmem_kmap(test, page);

	kunit_warning_suppress(test) {
		first = kmap_to_page(addr);
		last = kmap_to_page(addr + PAGE_SIZE - 1);
		KUNIT_EXPECT_SUPPRESSED_WARNING_COUNT(test, MM_KUNIT_WARN_ONCE(nr));
	}
	KUNIT_EXPECT_PTR_EQ(test, first, page);
	KUNIT_EXPECT_PTR_EQ(test, last, page);
}

/*
 * kmap() warns where the caller must not sleep, even if a slot is free and even
 * without HIGHMEM: a slot is hardly ever waited for, so the bug in the caller
 * would not be found otherwise. kunmap() warns only with HIGHMEM.
 */
static void kmap_may_sleep(struct kunit *test)
{
	const int nr = IS_ENABLED(CONFIG_HIGHMEM);
	struct page *page = highmem_test_page(test);

	if (!IS_ENABLED(CONFIG_DEBUG_ATOMIC_SLEEP))
		kunit_skip(test, "needs CONFIG_DEBUG_ATOMIC_SLEEP");

	kunit_warning_suppress(test) {
		set_current_state(TASK_UNINTERRUPTIBLE);
		kmap(page);
		__set_current_state(TASK_RUNNING);
		KUNIT_EXPECT_SUPPRESSED_WARNING_COUNT(test, MM_KUNIT_WARN_ONCE(1));
	}
	mm_kunit_rearm_warnings();
	kunit_warning_suppress(test) {
		set_current_state(TASK_UNINTERRUPTIBLE);
		kunmap(page);
		__set_current_state(TASK_RUNNING);
		KUNIT_EXPECT_SUPPRESSED_WARNING_COUNT(test, MM_KUNIT_WARN_ONCE(nr));
	}
}

static struct kunit_case kmap_cases[] = {
	KUNIT_CASE_PARAM(kmap_nested, highmem_zone_gen_params),
	KUNIT_CASE_PARAM(kmap_all_functions, highmem_zone_gen_params),
	KUNIT_CASE_PARAM(kmap_from_other_task, highmem_zone_gen_params),
	KUNIT_CASE_PARAM(kmap_to_page_of_kmap, highmem_zone_gen_params),
	KUNIT_CASE_PARAM(kmap_may_sleep, highmem_zone_gen_params),
	{}
};

static struct kunit_suite kmap_suite = {
	.name = "kmap",
	.init = highmem_test_init,
	.test_cases = kmap_cases,
};

kunit_test_suite(kmap_suite);

MODULE_DESCRIPTION("KUnit tests for kmap()");
MODULE_LICENSE("GPL");
