/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The library of the KUnit suites of mm/.
 *
 * - A case fails if the kernel complains while it runs: mm_kunit_init().
 * - Objects that are freed when the case ends: mm_kunit_page() and others.
 * - Checks that KUnit reports at the line of the case, with the object's name:
 *   MM_KUNIT_EXPECT_*() and, for a check that is a function, MM_KUNIT_EXPECT().
 * - Allocations that fail, one after the other: mm_kunit_for_each_failing().
 * - System calls in the address space of the case: mm_kunit_mprotect().
 *
 * user_vma.h has the process with a file that the case maps, user_fork.h its
 * fork(), test_driver.h a driver for such a file, bad_pages.h pages that must not
 * be mapped.
 */
#ifndef _MM_TESTS_MM_KUNIT_H
#define _MM_TESTS_MM_KUNIT_H

#include <kunit/test.h>
#include <linux/gfp.h>
#include <linux/highmem.h>
#include <linux/mm.h>
#include <linux/pgtable.h>
#include <linux/sched.h>
#include <linux/string.h>

int mm_kunit_init(struct kunit *test);
void mm_kunit_rearm_warnings(void);

/* -- warnings that a case expects ------------------------------------------ */

/**
 * MM_KUNIT_WARN() - how many warnings KUnit counts for a WARN()
 * @n: how often it is reached
 *
 * For KUNIT_EXPECT_SUPPRESSED_WARNING_COUNT(). Without CONFIG_BUG there are none.
 */
#define MM_KUNIT_WARN(n)	(IS_ENABLED(CONFIG_BUG) ? (n) : 0)

/**
 * MM_KUNIT_WARN_ONCE() - how many warnings KUnit counts for one WARN_ON_ONCE()
 * @n: how often it is reached in the case
 *
 * Where WARN() traps, lib/bug.c counts a suppressed warning before it looks
 * whether it was given before. Elsewhere (UML) only the first one is counted;
 * what ran before the case makes no difference, see mm_kunit_rearm_warnings().
 */
#ifdef __WARN_FLAGS
#define MM_KUNIT_WARN_ONCE(n)	MM_KUNIT_WARN(n)
#else
#define MM_KUNIT_WARN_ONCE(n)	MM_KUNIT_WARN((n) ? 1 : 0)
#endif

/* -- objects that are freed when the case ends ------------------------------ */

void *mm_kunit_manage(struct kunit *test, kunit_action_t *action, void *object);
struct page *mm_kunit_pages(struct kunit *test, gfp_t gfp, unsigned int order);
struct page *mm_kunit_split_pages(struct kunit *test, gfp_t gfp, unsigned int nr_pages);
void *mm_kunit_vmalloc(struct kunit *test, unsigned long size);
void mm_kunit_put_page(void *page);
void mm_kunit_vunmap(void *addr);
void mm_kunit_vfree(void *addr);

/**
 * mm_kunit_page() - a zeroed page of low memory
 * @test: the case, which owns one reference; it is dropped when the case ends
 *
 * Return: the page; asserts if there is none.
 */
static inline struct page *mm_kunit_page(struct kunit *test)
{
	return mm_kunit_pages(test, GFP_KERNEL | __GFP_ZERO, 0);
}

void mm_kunit_fill(struct page *page, u32 id);
bool mm_kunit_is_filled(struct page *page, u32 id);

/* -- checks ----------------------------------------------------------------- */
/*
 * KUnit prints the line at which an expectation stands. A check is therefore a
 * macro, which expands in the case, or a function that returns what is wrong as a
 * text for MM_KUNIT_EXPECT(), or NULL if nothing is. The last arguments of each
 * macro are a format that names the object, and the round of a loop.
 */

__printf(2, 3)
const char *mm_kunit_wrong(struct kunit *test, const char *fmt, ...);

/**
 * MM_KUNIT_EXPECT() - expect that a check finds nothing wrong
 * @test: the case
 * @check: a call that returns NULL, or what is wrong: mm_kunit_wrong() with the
 *	object, what was expected and what was found
 */
#define MM_KUNIT_EXPECT(test, check)					\
do {									\
	const char *__wrong = (check);					\
									\
	if (__wrong)							\
		KUNIT_FAIL(test, "%s: %s", #check, __wrong);		\
} while (0)

/**
 * MM_KUNIT_EXPECT_MSG() - like MM_KUNIT_EXPECT(), for a check in a loop
 * @test: the case
 * @check: a call that returns NULL, or what is wrong
 * @fmt: the round of the loop, as for printf(), with its arguments
 */
#define MM_KUNIT_EXPECT_MSG(test, check, fmt, ...)			\
do {									\
	const char *__wrong = (check);					\
									\
	if (__wrong)							\
		KUNIT_FAIL(test, fmt ": %s: %s", ##__VA_ARGS__, #check,	\
			   __wrong);					\
} while (0)

/**
 * MM_KUNIT_ASSERT() - like MM_KUNIT_EXPECT(), and ends the case
 * @test: the case
 * @check: a call that returns NULL, or what is wrong
 */
#define MM_KUNIT_ASSERT(test, check)					\
do {									\
	const char *__wrong = (check);					\
									\
	if (__wrong)							\
		KUNIT_FAIL_AND_ABORT(test, "%s: %s", #check, __wrong);	\
} while (0)

/**
 * MM_KUNIT_ASSERT_MSG() - like MM_KUNIT_ASSERT(), for a check in a loop
 * @test: the case
 * @check: a call that returns NULL, or what is wrong
 * @fmt: the round of the loop, as for printf(), with its arguments
 */
#define MM_KUNIT_ASSERT_MSG(test, check, fmt, ...)			\
do {									\
	const char *__wrong = (check);					\
									\
	if (__wrong)							\
		KUNIT_FAIL_AND_ABORT(test, fmt ": %s: %s",		\
				     ##__VA_ARGS__, #check, __wrong);	\
} while (0)

/**
 * MM_KUNIT_EXPECT_COUNTS() - expect how often a page is referenced and mapped
 * @test: the case
 * @page: the page; of a folio, its folio is looked at
 * @refs: the references of the folio
 * @maps: how often the folio is mapped by user page tables
 * @fmt: the name of the page, as for printf(), with its arguments
 *
 * The folio must not be locked either.
 */
#define MM_KUNIT_EXPECT_COUNTS(test, page, refs, maps, fmt, ...)		\
do {										\
	struct folio *__folio = page_folio(page);				\
										\
	KUNIT_EXPECT_EQ_MSG(test, folio_ref_count(__folio), refs,		\
			    "references of " fmt, ##__VA_ARGS__);		\
	KUNIT_EXPECT_EQ_MSG(test, folio_mapcount(__folio), maps,		\
			    "mappings of " fmt, ##__VA_ARGS__);			\
	KUNIT_EXPECT_EQ_MSG(test, folio_test_locked(__folio), false,		\
			    "whether it is locked: " fmt, ##__VA_ARGS__);	\
} while (0)

/**
 * MM_KUNIT_EXPECT_RSS() - expect what is counted as resident in current->mm
 * @test: the case
 * @file: MM_FILEPAGES, in pages
 * @anon: MM_ANONPAGES, in pages
 * @shmem: MM_SHMEMPAGES, in pages
 * @fmt: after what, as for printf(), with its arguments
 */
#define MM_KUNIT_EXPECT_RSS(test, file, anon, shmem, fmt, ...)			\
do {										\
	KUNIT_EXPECT_EQ_MSG(test, get_mm_counter_sum(current->mm, MM_FILEPAGES),	\
			    file, "MM_FILEPAGES " fmt, ##__VA_ARGS__);		\
	KUNIT_EXPECT_EQ_MSG(test, get_mm_counter_sum(current->mm, MM_ANONPAGES),	\
			    anon, "MM_ANONPAGES " fmt, ##__VA_ARGS__);		\
	KUNIT_EXPECT_EQ_MSG(test, get_mm_counter_sum(current->mm, MM_SHMEMPAGES), \
			    shmem, "MM_SHMEMPAGES " fmt, ##__VA_ARGS__);	\
} while (0)

/* -- allocations that fail -------------------------------------------------- */

/**
 * enum mm_kunit_fail - which allocations of the case's thread fail
 * @MM_KUNIT_FAIL_PAGE: one of the page allocator; kmalloc() has what it wants
 * @MM_KUNIT_FAIL_ONE: one of pages or of slabs, as by chance
 * @MM_KUNIT_FAIL_ALL: all of them from that one on, as when memory is exhausted
 */
enum mm_kunit_fail {
	MM_KUNIT_FAIL_PAGE,
	MM_KUNIT_FAIL_ONE,
	MM_KUNIT_FAIL_ALL,
};

/**
 * struct mm_kunit_failing - the allocation that fails in this round
 * @nth: which one after mm_kunit_fail_begin(); 1 is the first
 * @reached: for after mm_kunit_fail_end(): there were so many, and it has failed
 */
struct mm_kunit_failing {
	unsigned int nth;
	bool reached;
};

/* More allocations than any function under test makes. */
#define MM_KUNIT_FAIL_ROUNDS	1000

void mm_kunit_fail_setup(struct kunit *test, enum mm_kunit_fail mode);

/**
 * mm_kunit_fail_begin() - from here on, allocations of this thread are counted
 * @fail: which of them fails; NULL does nothing
 */
static inline void mm_kunit_fail_begin(struct mm_kunit_failing *fail)
{
#ifdef CONFIG_FAULT_INJECTION
	if (!fail)
		return;
	current->make_it_fail = 1;
	current->fail_nth = fail->nth;
#endif
}

/**
 * mm_kunit_fail_end() - from here on, nothing fails any more
 * @fail: as given to mm_kunit_fail_begin(); gets to know whether any has failed
 */
static inline void mm_kunit_fail_end(struct mm_kunit_failing *fail)
{
#ifdef CONFIG_FAULT_INJECTION
	if (!fail)
		return;
	current->make_it_fail = 0;
	fail->reached = !current->fail_nth;
	current->fail_nth = 0;
#endif
}

static inline bool mm_kunit_fail_next(struct mm_kunit_failing *fail)
{
	if (!fail->reached || fail->nth >= MM_KUNIT_FAIL_ROUNDS)
		return false;
	fail->nth++;
	fail->reached = false;
	return true;
}

/**
 * mm_kunit_need_table_pages() - skip a case in which no page table needed a page
 * @test: the case
 * @failed: whether anything failed for the lack of a page
 *
 * 64-bit PowerPC cuts several page tables out of a page, so there may be one left.
 */
static inline void mm_kunit_need_table_pages(struct kunit *test, bool failed)
{
	if (IS_ENABLED(CONFIG_PPC64) && !failed)
		kunit_skip(test, "needs a machine with a page for each page table");
}

/**
 * mm_kunit_for_each_failing() - a round for each allocation, in which it fails
 * @test: the case, after mm_kunit_fail_setup()
 * @fail: a struct mm_kunit_failing, which says which allocation it is
 *
 * In the last round none fails, so what is tested has to succeed. The case fails
 * if nothing was allocated at all, or if there is no end.
 *
 *	mm_kunit_fail_setup(test, MM_KUNIT_FAIL_ONE);
 *	mm_kunit_for_each_failing(test, &fail) {
 *		mm_kunit_fail_begin(&fail);
 *		err = function();
 *		mm_kunit_fail_end(&fail);
 *		KUNIT_EXPECT_EQ_MSG(test, err, fail.reached ? -ENOMEM : 0,
 *				    "allocation %u", fail.nth);
 *	}
 */
#define mm_kunit_for_each_failing(test, fail)					\
	for (*(fail) = (struct mm_kunit_failing) { .reached = true };		\
	     mm_kunit_fail_next(fail) || mm_kunit_fail_over(test, fail);)

/* The end of the loop, where it stands in the case. */
#define mm_kunit_fail_over(test, fail)						\
({										\
	mm_kunit_need_table_pages(test, (fail)->nth > 1);			\
	KUNIT_EXPECT_GT_MSG(test, (fail)->nth, 1, "rounds: no allocation has failed"); \
	KUNIT_EXPECT_LT_MSG(test, (fail)->nth, MM_KUNIT_FAIL_ROUNDS,		\
			    "rounds: the last one still failed");		\
	false;									\
})

/**
 * mm_kunit_need_exact_copy() - skip a case where the rest of a buffer is written to
 * @test: the case
 *
 * raw_copy_from_user() has to leave alone what it does not copy (include/linux/uaccess.h).
 * That of 32-bit PowerPC clears a cache line before it reads what is to be copied there.
 */
static inline void mm_kunit_need_exact_copy(struct kunit *test)
{
	if (IS_ENABLED(CONFIG_PPC32))
		kunit_skip(test, "needs a raw_copy_from_user() other than that of 32-bit PowerPC");
}

/* -- system calls ----------------------------------------------------------- */

int mm_kunit_mprotect(unsigned long start, size_t len, unsigned long prot);
unsigned long mm_kunit_mremap(unsigned long addr, unsigned long old_len,
			      unsigned long new_len, unsigned long flags,
			      unsigned long new_addr);

/**
 * mm_kunit_no_pte() - a page table entry that maps nothing
 *
 * pte_clear() has to be told of the table that the entry is in, and it is not zero
 * everywhere.
 *
 * Return: an entry for which pte_none() is true.
 */
static inline pte_t mm_kunit_no_pte(void)
{
#ifdef CONFIG_S390
	return __pte(_PAGE_INVALID);
#else
	return __pte(0);
#endif
}

#endif /* _MM_TESTS_MM_KUNIT_H */
