/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What fork(2) makes of the address space of a test case.
 *
 * The copy has no process of its own: the thread of the test case borrows it
 * between user_fork_enter() and user_fork_leave(). Never assert in between.
 */
#ifndef _MM_TESTS_USER_FORK_H
#define _MM_TESTS_USER_FORK_H

#include <kunit/test.h>
#include <linux/kthread.h>
#include <linux/mm.h>
#include <linux/sched/mm.h>

#include "../internal.h"

KUNIT_DEFINE_ACTION_WRAPPER(user_fork_mmput, mmput, struct mm_struct *);

/*
 * Forks, and returns what the fork returned. *@child has to be put even after
 * a failure; that is left to the end of the test case, or to user_fork_exit().
 */
static inline int user_try_fork(struct kunit *test, struct mm_struct **child)
{
	*child = mm_alloc();
	KUNIT_ASSERT_NOT_NULL(test, *child);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, user_fork_mmput, *child), 0);

	return dup_mmap(*child, current->mm);
}

static inline struct mm_struct *user_fork(struct kunit *test)
{
	struct mm_struct *child;

	KUNIT_ASSERT_EQ(test, user_try_fork(test, &child), 0);

	return child;
}

static inline void user_fork_exit(struct kunit *test, struct mm_struct *child)
{
	kunit_release_action(test, user_fork_mmput, child);
}

/* Goes into the child, and returns the parent for user_fork_leave(). */
static inline struct mm_struct *user_fork_enter(struct mm_struct *child)
{
	struct mm_struct *parent = current->mm;

	kthread_unuse_mm(parent);
	kthread_use_mm(child);

	return parent;
}

static inline void user_fork_leave(struct mm_struct *parent)
{
	kthread_unuse_mm(current->mm);
	kthread_use_mm(parent);
}

#endif /* _MM_TESTS_USER_FORK_H */
