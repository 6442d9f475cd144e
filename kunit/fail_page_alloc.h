/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * To make one page allocation of the thread of a test case fail: the n-th one
 * from fail_nth_set() on, of whatever kind. Trying n = 1, 2, ... until
 * fail_nth_clear() says that there were fewer than n, every allocation of the
 * function under test will have failed once.
 */
#ifndef _MM_TESTS_FAIL_PAGE_ALLOC_H
#define _MM_TESTS_FAIL_PAGE_ALLOC_H

#include <kunit/test.h>
#include <linux/fault-inject.h>
#include <linux/sched.h>

static inline void fail_nth_set(unsigned int nth)
{
#ifdef CONFIG_FAULT_INJECTION
	current->fail_nth = nth;
#endif
}

/* Lets nothing fail any more. Returns whether an allocation has failed. */
static inline bool fail_nth_clear(void)
{
	bool failed = true;

#ifdef CONFIG_FAULT_INJECTION
	failed = !current->fail_nth;
	current->fail_nth = 0;
#endif
	return failed;
}

#ifdef CONFIG_FAIL_PAGE_ALLOC
static inline void restore_fault_attr(struct fault_attr *attr,
				      const struct fault_attr *saved)
{
	attr->probability = saved->probability;
	attr->task_filter = saved->task_filter;
	attr->verbose = saved->verbose;
	atomic_set(&attr->times, atomic_read(&saved->times));
}

static struct fail_page_alloc saved_fail_page_alloc;

static inline void restore_fail_page_alloc(void *unused)
{
	const struct fail_page_alloc *saved = &saved_fail_page_alloc;

	restore_fault_attr(&fail_page_alloc.attr, &saved->attr);
	fail_page_alloc.ignore_gfp_highmem = saved->ignore_gfp_highmem;
	fail_page_alloc.ignore_gfp_reclaim = saved->ignore_gfp_reclaim;
	fail_page_alloc.min_order = saved->min_order;
}

/* Makes current->fail_nth count the allocations of page tables too. */
static inline void fail_any_page_alloc(struct kunit *test)
{
	saved_fail_page_alloc = fail_page_alloc;
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, restore_fail_page_alloc, NULL), 0);
	fail_page_alloc.attr.verbose = 0;
	fail_page_alloc.ignore_gfp_highmem = false;
	fail_page_alloc.ignore_gfp_reclaim = false;
	fail_page_alloc.min_order = 0;
}
#else
static inline void fail_any_page_alloc(struct kunit *test)
{
	kunit_skip(test, "needs CONFIG_FAIL_PAGE_ALLOC");
}
#endif

#endif /* _MM_TESTS_FAIL_PAGE_ALLOC_H */
