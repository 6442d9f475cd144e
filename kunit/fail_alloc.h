/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Allocations that fail when a test wants them to, in its own thread only.
 */
#ifndef _MM_TESTS_FAIL_ALLOC_H
#define _MM_TESTS_FAIL_ALLOC_H

#include <kunit/test.h>
#include <linux/fault-inject.h>
#include <linux/sched.h>

#include "fail_page_alloc.h"

/* Whether one allocation fails, as by chance, or all from it on. */
enum fail_mode { FAIL_ONE, FAIL_ALL };

#if defined(CONFIG_FAIL_PAGE_ALLOC) && defined(CONFIG_FAILSLAB)
static struct failslab saved_failslab;

static void restore_failslab(void *unused)
{
	restore_fault_attr(&failslab.attr, &saved_failslab.attr);
	failslab.ignore_gfp_reclaim = saved_failslab.ignore_gfp_reclaim;
}

/* The threads that do not ask for it with make_it_fail are left alone. */
static void setup_fault_attr_for_task(struct fault_attr *attr, enum fail_mode mode)
{
	attr->task_filter = true;
	attr->verbose = 0;
	atomic_set(&attr->times, -1);
	attr->probability = mode == FAIL_ALL ? 100 : 0;
}

/* Until the case ends, slabs and pages can be made to fail by fail_from(). */
static void fail_alloc_setup(struct kunit *test, enum fail_mode mode)
{
	fail_any_page_alloc(test);
	setup_fault_attr_for_task(&fail_page_alloc.attr, mode);

	saved_failslab = failslab;
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, restore_failslab, NULL), 0);
	setup_fault_attr_for_task(&failslab.attr, mode);
	failslab.ignore_gfp_reclaim = false;
}

/* The @nth allocation from now on fails, 1 being the next one. */
static void fail_from(unsigned int nth)
{
	current->make_it_fail = 1;
	fail_nth_set(nth);
}

/* Back to normal. Whether any allocation has failed meanwhile. */
static bool fail_stop(void)
{
	current->make_it_fail = 0;

	return fail_nth_clear();
}
#else
static void fail_alloc_setup(struct kunit *test, enum fail_mode mode)
{
	kunit_skip(test, "needs CONFIG_FAIL_PAGE_ALLOC and CONFIG_FAILSLAB");
}

static void fail_from(unsigned int nth)
{
}

static bool fail_stop(void)
{
	return false;
}
#endif

#endif /* _MM_TESTS_FAIL_ALLOC_H */
