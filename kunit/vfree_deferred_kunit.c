// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests for vfree() where it must not sleep, and for vfree_atomic(): they
 * defer the work to a worker.
 */
#include <kunit/run-in-irq-context.h>
#include <kunit/test.h>
#include <linux/delay.h>
#include <linux/llist.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/preempt.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "check_bytes.h"
#include "mm_kunit.h"
#include "vmap_pages.h"

/* -- where vfree() must not sleep ------------------------------------------ */

/* Returns how many pages of the case have no reference but that of the case. */
static unsigned int nr_unshared(struct kunit *test)
{
	struct page *page = test->priv;
	unsigned int n = 0;

	for (int i = 0; i < NR_VMAP_PAGES; i++)
		n += page_count(page + i) == 1;

	return n;
}

/*
 * Waits for a deferred vfree(), which is done when the last page has lost its
 * reference. Returns NULL, or what is wrong: a page that keeps its reference, an
 * area that is left, or a page that is still mapped.
 */
static const char *check_freed(struct kunit *test, void **addr, int nr)
{
	const char *wrong;

	for (int i = 0; i < 5000 && nr_unshared(test) != NR_VMAP_PAGES; i++)
		usleep_range(1000, 1500);
	wrong = vmap_pages_check_refs(test, 1);
	for (int i = 0; i < nr && !wrong; i++) {
		if (find_vm_area(addr[i]))
			return mm_kunit_wrong(test, "mapping %d of %d: expected no area, found one",
					      i, nr);
		wrong = vmap_pages_check_mapped(test, addr[i], NULL, NR_VMAP_PAGES);
	}

	return wrong;
}

/*
 * Makes mappings with different first pages: deferred mappings wait in a list that
 * is linked through the first word of each mapping.
 */
static void map_given_often(struct kunit *test, void **addr, int nr)
{
	static const int orders[] = { VMAP_ASCENDING, VMAP_DESCENDING, VMAP_SCATTERED };

	for (int i = 0; i < nr; i++)
		addr[i] = vmap_pages_map_given(test, vmap_pages_new_array(test, orders[i], i == 1),
					       NR_VMAP_PAGES);
	for (int i = 0; i < nr; i++)
		kunit_remove_action(test, mm_kunit_vfree, addr[i]);
}

/*
 * vfree() with bottom halves disabled defers the work, because to unmap may
 * sleep. Each deferred area is freed later, whether it is the only one that
 * waits or one of several.
 */
static void vfree_bh_disabled(struct kunit *test)
{
	unsigned int mapped;
	void *addr[3];

	for (int nr = 1; nr <= ARRAY_SIZE(addr); nr++) {
		map_given_often(test, addr, nr);

		local_bh_disable();
		for (int i = 0; i < nr; i++)
			vfree(addr[i]);
		vfree(NULL);
		mapped = NR_VMAP_PAGES - vmap_pages_nr_mapped(addr[0], NULL, NR_VMAP_PAGES);
		local_bh_enable();

		KUNIT_EXPECT_EQ_MSG(test, mapped, NR_VMAP_PAGES,
				    "pages of the first of %d mappings, before they are freed", nr);
		MM_KUNIT_ASSERT_MSG(test, check_freed(test, addr, nr), "%d mappings", nr);
	}
}

/*
 * vfree_atomic() always defers the work, because its callers cannot tell
 * whether they may sleep. Each deferred area is freed later.
 */
static void vfree_atomic_defers(struct kunit *test)
{
	unsigned int mapped;
	void *addr[3];

	map_given_often(test, addr, ARRAY_SIZE(addr));

	preempt_disable();
	vfree_atomic(NULL);
	for (int i = 0; i < ARRAY_SIZE(addr); i++)
		vfree_atomic(addr[i]);
	mapped = NR_VMAP_PAGES - vmap_pages_nr_mapped(addr[2], NULL, NR_VMAP_PAGES);
	preempt_enable();

	KUNIT_EXPECT_EQ(test, mapped, NR_VMAP_PAGES);
	MM_KUNIT_ASSERT(test, check_freed(test, addr, ARRAY_SIZE(addr)));
}

/*
 * A deferred vfree() changes the first word of the mapping and nothing else,
 * because the pages may have other users. That word links the mappings that
 * wait.
 */
static void vfree_deferred_spares_contents(struct kunit *test)
{
	u8 *buf = kunit_kmalloc(test, PAGE_SIZE, GFP_KERNEL);
	struct page *page = test->priv;
	void *addr;

	KUNIT_ASSERT_NOT_NULL(test, buf);
	map_given_often(test, &addr, 1);
	local_bh_disable();
	vfree(addr);
	local_bh_enable();
	MM_KUNIT_ASSERT(test, check_freed(test, &addr, 1));

	for (int i = 0; i < NR_VMAP_PAGES; i++) {
		unsigned int from = i ? 0 : sizeof(struct llist_node);

		memcpy_from_page(buf, page + i, 0, PAGE_SIZE);
		MM_KUNIT_EXPECT_MSG(test, check_filled(test, buf + from, i + 1, PAGE_SIZE - from),
				    "page %d from byte %u on", i, from);
	}
}

static bool vfree_in_irq(void *state)
{
	void **addr = state;

	if (in_hardirq())
		vfree(xchg(&addr[0], NULL));
	else if (in_serving_softirq())
		vfree(xchg(&addr[1], NULL));

	return true;
}

/*
 * vfree() may be called in hard and soft interrupts, because its kernel-doc
 * allows any context but NMI. Each mapping is freed later.
 */
static void vfree_interrupt(struct kunit *test)
{
	void *addr[2], *todo[2];

	map_given_often(test, addr, ARRAY_SIZE(addr));
	memcpy(todo, addr, sizeof(addr));
	kunit_run_irq_test(test, vfree_in_irq, 100, todo);
	/* These are NULL, unless an interrupt has not come: then that run has failed. */
	vfree(todo[0]);
	vfree(todo[1]);

	MM_KUNIT_ASSERT(test, check_freed(test, addr, ARRAY_SIZE(addr)));
}

static struct kunit_case vfree_deferred_test_cases[] = {
	KUNIT_CASE(vfree_bh_disabled),
	KUNIT_CASE(vfree_atomic_defers),
	KUNIT_CASE(vfree_deferred_spares_contents),
	KUNIT_CASE(vfree_interrupt),
	{}
};

static struct kunit_suite vfree_deferred_test_suite = {
	.name = "vfree_deferred",
	.init = vmap_pages_init,
	.test_cases = vfree_deferred_test_cases,
};

kunit_test_suite(vfree_deferred_test_suite);

MODULE_DESCRIPTION("KUnit tests for vfree() that is deferred");
MODULE_LICENSE("GPL");
