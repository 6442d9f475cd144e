/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Pages for the tests of the conversions of addresses.
 */
#ifndef _MM_TESTS_ADDRESS_PAGE_H
#define _MM_TESTS_ADDRESS_PAGE_H

#include <kunit/test.h>
#include <linux/gfp.h>
#include <linux/mm.h>

#include "mm_kunit.h"

#define ORDER		3
#define NR_PAGES	8

/* On these the direct mapping starts at PAGE_OFFSET and has the kernel image. */
#define IMAGE_HAS_PAGES	(IS_ENABLED(CONFIG_X86) || IS_ENABLED(CONFIG_UML))

static inline void free_pages_action(void *page)
{
	__free_pages(page, ORDER);
}

/* Returns the first of NR_PAGES pages, which are compound only with __GFP_COMP. */
static inline struct page *alloc_test_pages(struct kunit *test, gfp_t gfp)
{
	return mm_kunit_manage(test, free_pages_action, alloc_pages(gfp, ORDER));
}

#endif /* _MM_TESTS_ADDRESS_PAGE_H */
