/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the KUnit suites of mm/ have in common: no splat of the kernel goes
 * unnoticed, allocations that fail when a case wants them to, and system calls.
 */
#ifndef _MM_TESTS_MM_KUNIT_H
#define _MM_TESTS_MM_KUNIT_H

#include <kunit/test.h>
#include <linux/sched.h>

int mm_kunit_init(struct kunit *test);
void mm_kunit_rearm_warnings(void);

/**
 * enum fail_mode - which allocations fail, counted by fail_from()
 * @FAIL_ONE: one allocation, as by chance
 * @FAIL_ALL: all of them from that one on, as when memory is exhausted
 */
enum fail_mode { FAIL_ONE, FAIL_ALL };

void fail_any_page_alloc(struct kunit *test);
void fail_alloc_setup(struct kunit *test, enum fail_mode mode);

/**
 * fail_nth_set() - let one allocation of this thread fail
 * @nth: which one from now on, 1 being the next
 *
 * Of the allocations that fail_any_page_alloc() or fail_alloc_setup() have
 * prepared. With @nth = 1, 2, ... until fail_nth_clear() says that there were
 * fewer, each allocation of the function under test has failed once.
 */
static inline void fail_nth_set(unsigned int nth)
{
#ifdef CONFIG_FAULT_INJECTION
	current->fail_nth = nth;
#endif
}

/**
 * fail_nth_clear() - let nothing fail any more
 *
 * Return: whether the allocation that fail_nth_set() chose was reached.
 */
static inline bool fail_nth_clear(void)
{
	bool failed = true;

#ifdef CONFIG_FAULT_INJECTION
	failed = !current->fail_nth;
	current->fail_nth = 0;
#endif
	return failed;
}

/**
 * fail_from() - let allocations of this thread fail as fail_alloc_setup() says
 * @nth: the first one from now on, 1 being the next
 */
static inline void fail_from(unsigned int nth)
{
#ifdef CONFIG_FAULT_INJECTION
	current->make_it_fail = 1;
#endif
	fail_nth_set(nth);
}

/**
 * fail_stop() - let nothing fail any more
 *
 * Return: whether any allocation has failed since fail_from().
 */
static inline bool fail_stop(void)
{
#ifdef CONFIG_FAULT_INJECTION
	current->make_it_fail = 0;
#endif
	return fail_nth_clear();
}

int mm_kunit_mprotect(unsigned long start, size_t len, unsigned long prot);
unsigned long mm_kunit_mremap(unsigned long addr, unsigned long old_len,
			      unsigned long new_len, unsigned long flags,
			      unsigned long new_addr);

#endif /* _MM_TESTS_MM_KUNIT_H */
