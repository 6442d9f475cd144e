/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Pages of low and of high memory, and who maps them, for the tests of kmap().
 *
 * What callers may rely on is the same for all pages and configurations, so
 * most cases are run on a page of each kind. For high memory there has to be
 * some, for instance:
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

/* A mapping that need not wait gets this long, for slow emulators. */
#define KMAP_TIMEOUT	(10 * HZ)

/*
 * Where WARN_ON_ONCE() does not trap, it warns (and is counted) only for the
 * first time since boot.
 */
#ifdef __WARN_FLAGS
#define EXPECT_WARNINGS(test, n) \
	KUNIT_EXPECT_SUPPRESSED_WARNING_COUNT(test, n)
#else
#define EXPECT_WARNINGS(test, n) \
	KUNIT_EXPECT_LE(test, KUNIT_SUPPRESSED_WARNING_COUNT(), n)
#endif

/* A case that is about the slots of high memory. */
#ifdef CONFIG_HIGHMEM
#define KUNIT_CASE_HIGHMEM(test_name)	KUNIT_CASE(test_name)
#else
static inline void needs_highmem(struct kunit *test)
{
	kunit_skip(test, "needs CONFIG_HIGHMEM");
}

#define KUNIT_CASE_HIGHMEM(test_name)				\
		{ .run_case = needs_highmem, .name = #test_name,	\
		  .module_name = KBUILD_MODNAME }
#endif

struct highmem_zone {
	const char *desc;
	gfp_t gfp;
};

static const struct highmem_zone highmem_zones[] = {
	{ "lowmem", GFP_KERNEL },
	{ "highmem", GFP_HIGHUSER },
};

KUNIT_ARRAY_PARAM_DESC(highmem_zone, highmem_zones, desc);

KUNIT_DEFINE_ACTION_WRAPPER(folio_put_action, folio_put, struct folio *);
KUNIT_DEFINE_ACTION_WRAPPER(kthread_stop_action, kthread_stop,
			    struct task_struct *);

/* A folio of high memory if @gfp allows that, or else of low memory. */
static inline struct folio *highmem_test_folio(struct kunit *test, gfp_t gfp,
					       unsigned int order)
{
	struct folio *folio;

	if (gfp & __GFP_HIGHMEM) {
		if (!IS_ENABLED(CONFIG_HIGHMEM))
			kunit_skip(test, "needs CONFIG_HIGHMEM");
		if (!totalhigh_pages())
			kunit_skip(test, "needs high memory");
	}
	folio = folio_alloc(gfp, order);
	KUNIT_ASSERT_NOT_NULL(test, folio);
	KUNIT_ASSERT_EQ(test,
			kunit_add_action_or_reset(test, folio_put_action,
						  folio),
			0);
	KUNIT_ASSERT_EQ(test, !!folio_test_highmem(folio),
			!!(gfp & __GFP_HIGHMEM));
	return folio;
}

/* A page of the zone that is the parameter of the case, or of high memory. */
static inline struct page *highmem_test_page(struct kunit *test)
{
	const struct highmem_zone *zone = test->param_value ?:
					  &highmem_zones[1];

	return folio_page(highmem_test_folio(test, zone->gfp, 0), 0);
}

/* The same, told from others by its contents: each of its bytes is @id. */
static inline struct page *highmem_test_page_of(struct kunit *test, u8 id)
{
	struct page *page = highmem_test_page(test);

	memset_page(page, 0, id, PAGE_SIZE);
	return page;
}

static inline bool shows(const void *addr, u8 id)
{
	return !memchr_inv(addr, id, PAGE_SIZE);
}

#ifdef CONFIG_HIGHMEM
static inline pte_t pte_at(const void *addr)
{
	return ptep_get(virt_to_kpte((unsigned long)addr & PAGE_MASK));
}
#endif

static inline bool kmap_local_takes_slot(const struct page *page)
{
	return PageHighMem(page) ||
	       (IS_ENABLED(CONFIG_HIGHMEM) &&
		IS_ENABLED(CONFIG_DEBUG_KMAP_LOCAL_FORCE_MAP));
}

/* What each mapping of kmap_local_page() adds to kmap_ctrl::idx. */
static inline int kmap_local_step(const struct page *page)
{
	if (!kmap_local_takes_slot(page))
		return 0;
	return IS_ENABLED(CONFIG_DEBUG_KMAP_LOCAL) ? 2 : 1;
}

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
 * @task: the task, to be woken up by the user
 * @page: what it maps
 * @id: what it has to find there when it is stopped
 * @local: map it by kmap_local_page(), twice, instead of by kmap()
 * @started: it runs
 * @mapped: it has mapped the page
 * @addr: where it has
 * @inner: and where for the second time
 * @ok: it found what it should through both
 */
struct kmap_thread {
	struct task_struct *task;
	struct page *page;
	u8 id;
	bool local;
	struct completion started;
	struct completion mapped;
	void *addr;
	void *inner;
	bool ok;
};

static inline int kmap_thread_fn(void *data)
{
	struct kmap_thread *t = data;

	complete(&t->started);
	t->addr = t->local ? kmap_local_page(t->page) : kmap(t->page);
	t->inner = t->local ? kmap_local_page(t->page) : t->addr;
	t->ok = shows(t->addr, t->id) && shows(t->inner, t->id);
	complete(&t->mapped);

	set_current_state(TASK_IDLE);
	while (!kthread_should_stop()) {
		schedule();
		set_current_state(TASK_IDLE);
	}
	__set_current_state(TASK_RUNNING);

	t->ok &= shows(t->addr, t->id) && shows(t->inner, t->id);
	if (t->local) {
		kunmap_local(t->inner);
		kunmap_local(t->addr);
	} else {
		kunmap(t->page);
	}
	return 0;
}

static inline struct kmap_thread *kmap_thread_create(struct kunit *test, u8 id,
						     bool local)
{
	struct page *page = highmem_test_page_of(test, id);
	struct kmap_thread *t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, t);
	t->page = page;
	t->id = id;
	t->local = local;
	init_completion(&t->started);
	init_completion(&t->mapped);
	t->task = kthread_create(kmap_thread_fn, t, "kmap_kunit");
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, t->task);
	KUNIT_ASSERT_EQ(test,
			kunit_add_action_or_reset(test, kthread_stop_action,
						  t->task),
			0);
	return t;
}

static inline void kmap_thread_stop(struct kunit *test, struct kmap_thread *t)
{
	kunit_release_action(test, kthread_stop_action, t->task);
}

static inline bool kmap_thread_has_mapped(struct kmap_thread *t)
{
	return wait_for_completion_timeout(&t->mapped, KMAP_TIMEOUT);
}

#endif /* _MM_TESTS_HIGHMEM_PAGE_H */
