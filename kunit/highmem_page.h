/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Pages of low and of high memory, and tasks that map them, for the tests of
 * kmap(), kmap_local_page() and <linux/highmem.h>.
 *
 * Callers may rely on the same rules for all pages and configurations, so most
 * cases run on a page of each kind. The rows of high memory need a machine that
 * has high memory, for instance:
 *
 *	./tools/testing/kunit/kunit.py run --kunitconfig mm/tests --arch i386 \
 *		--kconfig_add CONFIG_HIGHMEM4G=y --kconfig_add CONFIG_SMP=y \
 *		--qemu_args "-cpu n270 -smp 2 -m 1536"
 */
#ifndef _MM_TESTS_HIGHMEM_PAGE_H
#define _MM_TESTS_HIGHMEM_PAGE_H

#include <kunit/test.h>
#include <linux/completion.h>
#include <linux/gfp.h>
#include <linux/highmem.h>
#include <linux/kthread.h>
#include <linux/mm.h>
#include <linux/pgtable.h>
#include <linux/sched.h>
#include <linux/string.h>

#include "mm_kunit.h"

/* The time for a mapping that need not wait: long, for slow emulators. */
#define KMAP_TIMEOUT	(10 * HZ)

/**
 * struct highmem_zone - where the page of a parameter case comes from
 * @desc: the name of the row
 * @gfp: how to allocate it
 */
struct highmem_zone {
	const char *desc;
	gfp_t gfp;
};

static const struct highmem_zone highmem_zones[] = {
	{ .desc = "lowmem", .gfp = GFP_KERNEL },
	{ .desc = "highmem", .gfp = GFP_HIGHUSER },
};

/* A suite that has no parameter cases does not use the rows. */
static const void *highmem_zone_gen_params(struct kunit *test, const void *prev,
					   char *desc) __maybe_unused;

KUNIT_ARRAY_PARAM_DESC(highmem_zone, highmem_zones, desc);

KUNIT_DEFINE_ACTION_WRAPPER(kunmap_action, kunmap, const struct page *);
KUNIT_DEFINE_ACTION_WRAPPER(kthread_stop_action, kthread_stop, struct task_struct *);

/* The init of the suites of kmap(): a page may still have the address of its last user. */
static inline int highmem_test_init(struct kunit *test)
{
	mm_kunit_init(test);
	kmap_flush_unused();
	return 0;
}

/* Returns a folio of high memory if @gfp allows high memory, else of low memory. */
static inline struct folio *highmem_test_folio(struct kunit *test, gfp_t gfp,
					       unsigned int order)
{
	struct folio *folio;

	if (gfp & __GFP_HIGHMEM) {
		if (!IS_ENABLED(CONFIG_HIGHMEM))
			kunit_skip(test, "needs CONFIG_HIGHMEM");
		if (!totalhigh_pages())
			kunit_skip(test, "needs a machine with high memory");
	}
	folio = page_folio(mm_kunit_pages(test, gfp, order));
	KUNIT_ASSERT_EQ(test, !!folio_test_highmem(folio), !!(gfp & __GFP_HIGHMEM));
	return folio;
}

/* Returns a page of the zone of the case's row; of high memory if it has no row. */
static inline struct page *highmem_test_page(struct kunit *test)
{
	const struct highmem_zone *row = test->param_value ?: &highmem_zones[1];

	return folio_page(highmem_test_folio(test, row->gfp, 0), 0);
}

/* Returns such a page whose contents tell it from others: each byte is @id. */
static inline struct page *highmem_test_page_of(struct kunit *test, u8 id)
{
	struct page *page = highmem_test_page(test);

	memset_page(page, 0, id, PAGE_SIZE);
	return page;
}

/* Returns the value of all bytes of the page at @addr, or -1 if they differ. */
static inline int highmem_id_at(const void *addr)
{
	const u8 *p = addr;

	return memchr_inv(p, *p, PAGE_SIZE) ? -1 : *p;
}

/* Maps a page by kmap() until kunit_release_action(), or until the case ends. */
static inline void *highmem_kmap(struct kunit *test, struct page *page)
{
	void *addr = kmap(page);

	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, kunmap_action, page), 0);
	return addr;
}

#ifdef CONFIG_HIGHMEM
/* Returns the kernel's page table entry for @addr. */
static inline pte_t highmem_pte_at(const void *addr)
{
	return ptep_get(virt_to_kpte((unsigned long)addr & PAGE_MASK));
}
#endif

/**
 * HIGHMEM_EXPECT_UNMAPPED() - expect that the page table has no entry for an address
 * @test: the case
 * @addr: the address, of a slot
 * @fmt: the name of the address, as for printf(), with its arguments
 */
#define HIGHMEM_EXPECT_UNMAPPED(test, addr, fmt, ...)				\
do {										\
	const void *__addr = (addr);						\
	pte_t __pte_at = highmem_pte_at(__addr);				\
										\
	KUNIT_EXPECT_TRUE_MSG(test, pte_none(__pte_at),				\
			      "entry of " fmt " at %lx: expected none, found %llx", \
			      ##__VA_ARGS__, (unsigned long)__addr,		\
			      (u64)pte_val(__pte_at));				\
} while (0)

/* Tells whether kmap_local_page() maps @page apart from the direct mapping. */
static inline bool kmap_local_takes_slot(const struct page *page)
{
	return PageHighMem(page) ||
	       (IS_ENABLED(CONFIG_HIGHMEM) &&
		IS_ENABLED(CONFIG_DEBUG_KMAP_LOCAL_FORCE_MAP));
}

/* Returns what each mapping by kmap_local_page() adds to kmap_ctrl::idx. */
static inline int kmap_local_step(const struct page *page)
{
	if (!kmap_local_takes_slot(page))
		return 0;
	return IS_ENABLED(CONFIG_DEBUG_KMAP_LOCAL) ? 2 : 1;
}

/* Returns how many entries the stack of local mappings of the task has. */
static inline int kmap_local_depth(void)
{
#ifdef CONFIG_KMAP_LOCAL
	return current->kmap_ctrl.idx;
#else
	return 0;
#endif
}

/**
 * struct kmap_thread - a task that keeps a page mapped until it is stopped
 * @task: the task; the case wakes it up
 * @page: the page that it maps
 * @local: map it by kmap_local_page(), twice, instead of by kmap()
 * @started: completed when the task runs
 * @mapped: completed when the task has mapped the page
 * @addr: the address of the (first) mapping
 * @inner: the address of the second mapping; @addr for kmap()
 * @first: contents of the page at @addr and @inner, as soon as it was mapped
 * @last: contents of the page at @addr and @inner, when the task was stopped
 *
 * Contents are what highmem_id_at() returns.
 */
struct kmap_thread {
	struct task_struct *task;
	struct page *page;
	bool local;
	struct completion started;
	struct completion mapped;
	void *addr;
	void *inner;
	int first[2];
	int last[2];
};

static inline int kmap_thread_fn(void *data)
{
	struct kmap_thread *t = data;

	complete(&t->started);
	t->addr = t->local ? kmap_local_page(t->page) : kmap(t->page);
	t->inner = t->local ? kmap_local_page(t->page) : t->addr;
	t->first[0] = highmem_id_at(t->addr);
	t->first[1] = highmem_id_at(t->inner);
	complete(&t->mapped);

	set_current_state(TASK_IDLE);
	while (!kthread_should_stop()) {
		schedule();
		set_current_state(TASK_IDLE);
	}
	__set_current_state(TASK_RUNNING);

	t->last[0] = highmem_id_at(t->addr);
	t->last[1] = highmem_id_at(t->inner);
	if (t->local) {
		kunmap_local(t->inner);
		kunmap_local(t->addr);
	} else {
		kunmap(t->page);
	}
	return 0;
}

/* Creates the task, which will map a page whose bytes are @id; it is not woken up yet. */
static inline struct kmap_thread *kmap_thread_create(struct kunit *test, u8 id, bool local)
{
	struct page *page = highmem_test_page_of(test, id);
	struct kmap_thread *t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, t);
	t->page = page;
	t->local = local;
	init_completion(&t->started);
	init_completion(&t->mapped);
	t->task = kthread_create(kmap_thread_fn, t, "kmap_kunit");
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, t->task);
	mm_kunit_manage(test, kthread_stop_action, t->task);
	return t;
}

/* Has the task unmap the page and end. */
static inline void kmap_thread_stop(struct kunit *test, struct kmap_thread *t)
{
	kunit_release_action(test, kthread_stop_action, t->task);
}

/* Waits until the task has mapped its page; a text if that takes too long. */
static inline const char *kmap_thread_mapped(struct kunit *test, struct kmap_thread *t)
{
	if (wait_for_completion_timeout(&t->mapped, KMAP_TIMEOUT))
		return NULL;
	return mm_kunit_wrong(test,
			      "pfn %lx: expected to be mapped in %d s, found the task in state %x",
			      page_to_pfn(t->page), KMAP_TIMEOUT / HZ,
			      READ_ONCE(t->task->__state));
}

/**
 * KMAP_EXPECT_THREAD_SAW() - expect the contents that a stopped task has found
 * @test: the case
 * @t: the struct kmap_thread
 * @before: what each byte of its page had to be when it was mapped
 * @after: what each byte had to be when the task was stopped
 */
#define KMAP_EXPECT_THREAD_SAW(test, t, before, after)				\
do {										\
	KUNIT_EXPECT_EQ_MSG(test, (t)->first[0], before, "the task's page, as mapped"); \
	KUNIT_EXPECT_EQ_MSG(test, (t)->first[1], before,			\
			    "the task's second mapping, as mapped");		\
	KUNIT_EXPECT_EQ_MSG(test, (t)->last[0], after, "the task's page, at the end"); \
	KUNIT_EXPECT_EQ_MSG(test, (t)->last[1], after,				\
			    "the task's second mapping, at the end");		\
} while (0)

#endif /* _MM_TESTS_HIGHMEM_PAGE_H */
