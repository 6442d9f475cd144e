/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One page of each kind that must not be inserted into a user mapping.
 */
#ifndef _MM_TESTS_BAD_PAGES_H
#define _MM_TESTS_BAD_PAGES_H

#include <kunit/test.h>
#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/page-flags.h>
#include <linux/slab.h>

#include "mm_kunit.h"
#include "user_vma.h"

static void free_order_1_action(void *page)
{
	__free_pages(page, 1);
}

/* Only the first page of it has a reference count. */
static struct page *bad_page_tail(struct kunit *test)
{
	struct page *page = mm_kunit_manage(test, free_order_1_action,
					    alloc_pages(GFP_KERNEL, 1));

	return page + 1;
}

/* Its mapping is an anon_vma, so it would be counted and freed as anonymous. */
static struct page *bad_page_anon(struct kunit *test)
{
	unsigned long addr;
	struct page *page;

	user_attach_mm(test);
	addr = vm_mmap(NULL, 0, PAGE_SIZE, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, 0);
	KUNIT_ASSERT_FALSE_MSG(test, IS_ERR_VALUE(addr), "mmap() returned %ld", (long)addr);
	KUNIT_ASSERT_EQ(test,
			get_user_pages_unlocked(addr, 1, &page, FOLL_WRITE), 1);
	return mm_kunit_manage(test, mm_kunit_put_page, page);
}

static struct page *bad_page_slab(struct kunit *test)
{
	void *buf = kunit_kmalloc(test, 64, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, buf);
	return virt_to_page(buf);
}

static struct page *bad_page_large_kmalloc(struct kunit *test)
{
	void *buf = kunit_kmalloc(test, 4 * PAGE_SIZE, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, buf);
	return virt_to_page(buf);
}

static void clear_offline_action(void *page)
{
	__ClearPageOffline(page);
}

/* The type is stored where the mapcount would be. */
static struct page *bad_page_offline(struct kunit *test)
{
	struct page *page = mm_kunit_page(test);

	__SetPageOffline(page);
	return mm_kunit_manage(test, clear_offline_action, page);
}

static void clear_table_action(void *page)
{
	__ClearPageTable(page);
}

static struct page *bad_page_table(struct kunit *test)
{
	struct page *page = mm_kunit_page(test);

	__SetPageTable(page);
	return mm_kunit_manage(test, clear_table_action, page);
}

/* It is everyone's. */
static struct page *bad_page_zero(struct kunit *test)
{
	return ZERO_PAGE(0);
}

/* The pages that no one may insert into a shared writable mapping. */
static const struct bad_page {
	const char *desc;
	struct page *(*get)(struct kunit *test);
} bad_pages[] = {
	{ .desc = "second_page_of_an_order_1_allocation", .get = bad_page_tail },
	{ .desc = "anonymous_page", .get = bad_page_anon },
	{ .desc = "slab_page", .get = bad_page_slab },
	{ .desc = "large_kmalloc_page", .get = bad_page_large_kmalloc },
	{ .desc = "offline_page", .get = bad_page_offline },
	{ .desc = "page_table", .get = bad_page_table },
	{ .desc = "zero_page", .get = bad_page_zero },
};

/* Not everyone who needs pages needs these. */
static const void *bad_page_gen_params(struct kunit *test, const void *prev,
				       char *desc) __maybe_unused;

KUNIT_ARRAY_PARAM_DESC(bad_page, bad_pages, desc);

#endif /* _MM_TESTS_BAD_PAGES_H */
