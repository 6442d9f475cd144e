/* SPDX-License-Identifier: GPL-2.0-only */
/* Old names, until no suite uses them any more. */
#ifndef _MM_TESTS_COMPAT_H
#define _MM_TESTS_COMPAT_H

enum fail_mode { FAIL_ONE = MM_KUNIT_FAIL_ONE, FAIL_ALL = MM_KUNIT_FAIL_ALL };

static inline void fail_any_page_alloc(struct kunit *test)
{
	mm_kunit_fail_setup(test, MM_KUNIT_FAIL_PAGE);
}

static inline void fail_alloc_setup(struct kunit *test, enum fail_mode mode)
{
	mm_kunit_fail_setup(test, (enum mm_kunit_fail)mode);
}

static inline void fail_nth_set(unsigned int nth)
{
#ifdef CONFIG_FAULT_INJECTION
	current->fail_nth = nth;
#endif
}

static inline bool fail_nth_clear(void)
{
	bool failed = true;

#ifdef CONFIG_FAULT_INJECTION
	failed = !current->fail_nth;
	current->fail_nth = 0;
#endif
	return failed;
}

static inline void fail_from(unsigned int nth)
{
#ifdef CONFIG_FAULT_INJECTION
	current->make_it_fail = 1;
#endif
	fail_nth_set(nth);
}

static inline bool fail_stop(void)
{
#ifdef CONFIG_FAULT_INJECTION
	current->make_it_fail = 0;
#endif
	return fail_nth_clear();
}

#endif
