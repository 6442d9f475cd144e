/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The functions that get or pin user pages, in a table, for cases whose rule
 * holds for each of them.
 *
 * A case takes the function as its parameter (gup_gen_params), names the one that
 * it wants (&gups[GUP_PIN_FAST]), or has a loop over gups[]. What a function has
 * returned is given to gup_release(), errors included.
 */
#ifndef _MM_TESTS_GUP_CALLS_H
#define _MM_TESTS_GUP_CALLS_H

#include <kunit/test.h>
#include <linux/err.h>
#include <linux/mm.h>
#include <linux/mm_types.h>
#include <linux/sched.h>

static long gup_call_get(unsigned long addr, unsigned long nr_pages, unsigned int flags,
			 struct page **pages)
{
	long ret;

	mmap_read_lock(current->mm);
	ret = get_user_pages(addr, nr_pages, flags, pages);
	mmap_read_unlock(current->mm);

	return ret;
}

static long gup_call_get_unlocked(unsigned long addr, unsigned long nr_pages,
				  unsigned int flags, struct page **pages)
{
	return get_user_pages_unlocked(addr, nr_pages, pages, flags);
}

static long gup_call_get_remote(unsigned long addr, unsigned long nr_pages,
				unsigned int flags, struct page **pages)
{
	long ret;

	mmap_read_lock(current->mm);
	ret = get_user_pages_remote(current->mm, addr, nr_pages, flags, pages, NULL);
	mmap_read_unlock(current->mm);

	return ret;
}

static long gup_call_get_fast(unsigned long addr, unsigned long nr_pages, unsigned int flags,
			      struct page **pages)
{
	return get_user_pages_fast(addr, nr_pages, flags, pages);
}

static long gup_call_pin(unsigned long addr, unsigned long nr_pages, unsigned int flags,
			 struct page **pages)
{
	long ret;

	mmap_read_lock(current->mm);
	ret = pin_user_pages(addr, nr_pages, flags, pages);
	mmap_read_unlock(current->mm);

	return ret;
}

static long gup_call_pin_unlocked(unsigned long addr, unsigned long nr_pages,
				  unsigned int flags, struct page **pages)
{
	return pin_user_pages_unlocked(addr, nr_pages, pages, flags);
}

static long gup_call_pin_remote(unsigned long addr, unsigned long nr_pages,
				unsigned int flags, struct page **pages)
{
	long ret;

	mmap_read_lock(current->mm);
	ret = pin_user_pages_remote(current->mm, addr, nr_pages, flags, pages, NULL);
	mmap_read_unlock(current->mm);

	return ret;
}

static long gup_call_pin_fast(unsigned long addr, unsigned long nr_pages, unsigned int flags,
			      struct page **pages)
{
	return pin_user_pages_fast(addr, nr_pages, flags, pages);
}

enum gup_function {
	GUP_GET,
	GUP_GET_UNLOCKED,
	GUP_GET_REMOTE,
	GUP_GET_FAST,
	GUP_PIN,
	GUP_PIN_UNLOCKED,
	GUP_PIN_REMOTE,
	GUP_PIN_FAST,
};

/**
 * struct gup - a function that gets or pins the pages of a user buffer
 * @desc: its name
 * @call: calls it for current->mm, with the mmap_lock held if it needs that:
 *	the number of pages in the array, or -errno
 * @pin: the pages are pinned, so they are to be unpinned
 * @fast: it looks without the mmap_lock first
 * @fault_flags: FAULT_FLAG_* that its faults have, besides FAULT_FLAG_WRITE
 */
struct gup {
	const char *desc;
	long (*call)(unsigned long addr, unsigned long nr_pages, unsigned int flags,
		     struct page **pages);
	bool pin;
	bool fast;
	unsigned int fault_flags;
};

#define GUP_MAY_RETRY	(FAULT_FLAG_ALLOW_RETRY | FAULT_FLAG_KILLABLE)

static const struct gup gups[] = {
	[GUP_GET] = {
		.desc = "get_user_pages", .call = gup_call_get,
	},
	[GUP_GET_UNLOCKED] = {
		.desc = "get_user_pages_unlocked", .call = gup_call_get_unlocked,
		.fault_flags = GUP_MAY_RETRY,
	},
	[GUP_GET_REMOTE] = {
		.desc = "get_user_pages_remote", .call = gup_call_get_remote,
		.fault_flags = FAULT_FLAG_REMOTE,
	},
	[GUP_GET_FAST] = {
		.desc = "get_user_pages_fast", .call = gup_call_get_fast,
		.fast = true, .fault_flags = GUP_MAY_RETRY,
	},
	[GUP_PIN] = {
		.desc = "pin_user_pages", .call = gup_call_pin, .pin = true,
	},
	[GUP_PIN_UNLOCKED] = {
		.desc = "pin_user_pages_unlocked", .call = gup_call_pin_unlocked,
		.pin = true, .fault_flags = GUP_MAY_RETRY,
	},
	[GUP_PIN_REMOTE] = {
		.desc = "pin_user_pages_remote", .call = gup_call_pin_remote,
		.pin = true, .fault_flags = FAULT_FLAG_REMOTE,
	},
	[GUP_PIN_FAST] = {
		.desc = "pin_user_pages_fast", .call = gup_call_pin_fast,
		.pin = true, .fast = true, .fault_flags = GUP_MAY_RETRY,
	},
};

/* A file may have no case that takes the function as its parameter. */
static const void *gup_gen_params(struct kunit *test, const void *prev,
				  char *desc) __maybe_unused;

KUNIT_ARRAY_PARAM_DESC(gup, gups, desc);

/* Returns what getting a page of a small folio once adds to its references. */
static inline int gup_refs(const struct gup *gup)
{
	return gup->pin ? GUP_PIN_COUNTING_BIAS : 1;
}

/**
 * gup_release() - put or unpin pages
 * @gup: the function that has returned them
 * @pages: the pages
 * @nr_pages: how many; does nothing for 0 and for an error
 */
static inline void gup_release(const struct gup *gup, struct page **pages, long nr_pages)
{
	long i;

	if (nr_pages <= 0)
		return;
	if (gup->pin)
		unpin_user_pages(pages, nr_pages);
	else
		for (i = 0; i < nr_pages; i++)
			put_page(pages[i]);
}

/**
 * gup_page() - get one page and release it at once
 * @gup: the function that gets it
 * @addr: an address in the page
 * @flags: FOLL_*
 *
 * Return: the page, of which no reference is held, or what the function has
 * returned instead of 1, as an ERR_PTR(): NULL if that is 0.
 */
static inline struct page *gup_page(const struct gup *gup, unsigned long addr,
				    unsigned int flags)
{
	struct page *page = NULL;
	long ret;

	ret = gup->call(addr, 1, flags, &page);
	if (ret != 1)
		return ERR_PTR(ret);
	gup_release(gup, &page, 1);

	return page;
}

/**
 * gup_error() - try to get one page, and release it
 * @gup: the function that gets it
 * @addr: an address in the page
 * @flags: FOLL_*
 *
 * Return: 1 for a page, or what the function has returned instead.
 */
static inline long gup_error(const struct gup *gup, unsigned long addr, unsigned int flags)
{
	struct page *page = NULL;
	long ret = gup->call(addr, 1, flags, &page);

	gup_release(gup, &page, ret);
	return ret;
}

#endif /* _MM_TESTS_GUP_CALLS_H */
