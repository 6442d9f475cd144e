// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests for vunmap() and vfree() of what vmap() returned: who owns the
 * pages then, what is left, and in which contexts they work.
 */
#include <kunit/run-in-irq-context.h>
#include <kunit/test.h>
#include <linux/delay.h>
#include <linux/iopoll.h>
#include <linux/llist.h>
#include <linux/mm.h>
#include <linux/mmzone.h>
#include <linux/module.h>
#include <linux/preempt.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/vmalloc.h>
#include <linux/vmstat.h>

#include "vmallocinfo.h"
#include "vmap_pages.h"

KUNIT_ARRAY_PARAM_DESC(page_order, page_orders, desc);

KUNIT_DEFINE_ACTION_WRAPPER(vfree_action, vfree, const void *);

/* ---- Who owns the pages and the array ---- */

/*
 * vmap() that is given @array, which the caller has allocated, and a new
 * reference of each page. vfree() is called when the case ends.
 */
static void *map_given(struct kunit *test, struct page **array,
		       unsigned int count)
{
	void *addr;

	get_pages(array, count);
	addr = vmap(array, count, VM_MAP | VM_MAP_PUT_PAGES, PAGE_KERNEL);
	if (!addr) {
		put_pages(array, count);
		kvfree(array);
	}
	KUNIT_ASSERT_NOT_NULL(test, addr);
	KUNIT_ASSERT_EQ(test, 0,
			kunit_add_action_or_reset(test, vfree_action, addr));

	return addr;
}

/*
 * vfree() drops one reference for each entry, not for each page, in whatever
 * order they are. It frees the array itself, so vmap() must not take a copy.
 */
static void vfree_put_pages(struct kunit *test)
{
	const struct page_order *order = test->param_value;
	struct page *page = test->priv;

	for (int vmalloced = 0; vmalloced <= 1; vmalloced++) {
		struct page **array = new_array(test, order - page_orders, vmalloced);
		void *addr = map_given(test, array, NR_PAGES);
		struct vm_struct *area = find_vm_area(addr);

		KUNIT_ASSERT_NOT_NULL(test, area);
		KUNIT_EXPECT_PTR_EQ(test, area->pages, array);
		KUNIT_EXPECT_EQ(test, area->nr_pages, NR_PAGES);
		KUNIT_EXPECT_EQ(test, area->flags, VM_MAP | VM_MAP_PUT_PAGES);
		KUNIT_EXPECT_EQ(test, area->size, (NR_PAGES + 1) * PAGE_SIZE);

		kunit_release_action(test, vfree_action, addr);
		for (int i = 0; i < NR_PAGES; i++)
			KUNIT_EXPECT_EQ_MSG(test, page_count(page + i), 1, "page %d", i);
		KUNIT_EXPECT_NULL(test, find_vm_area(addr));
		KUNIT_EXPECT_EQ(test, mapped_as(addr, NULL, NR_PAGES), NR_PAGES);
		if (vmalloced)
			KUNIT_EXPECT_NULL(test, find_vm_area(array));
	}
}

/*
 * One reference for each entry: those of a compound page are all in its head,
 * whichever of its pages the array refers to.
 */
static void vfree_put_pages_compound(struct kunit *test)
{
	struct page *head = alloc_pages(GFP_KERNEL | __GFP_COMP, 2), **array;
	void *addr;

	KUNIT_ASSERT_NOT_NULL(test, head);
	KUNIT_ASSERT_EQ(test, 0,
			kunit_add_action_or_reset(test, put_page_action, head));
	array = kmalloc_array(4, sizeof(*array), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, array);
	for (int i = 0; i < 4; i++)
		array[i] = head + i;
	get_pages(array, 4);
	addr = vmap(array, 4, VM_MAP | VM_MAP_PUT_PAGES, PAGE_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, addr);

	kunit_warning_suppress(test) {
		vfree(addr);
		KUNIT_EXPECT_SUPPRESSED_WARNING_COUNT(test, 0);
	}
	KUNIT_EXPECT_EQ(test, page_count(head), 1);
	for (int i = 1; i < 4; i++)
		KUNIT_EXPECT_EQ(test, page_ref_count(head + i), 0);
}

static const struct releaser {
	const char *desc;
	void (*release)(const void *addr);
} releasers[] = {
	{ "vunmap", vunmap },
	{ "vfree", vfree },
};

KUNIT_ARRAY_PARAM_DESC(releaser, releasers, desc);

/*
 * Without VM_MAP_PUT_PAGES nothing is given away, to neither function, and the
 * array is not needed any more when vmap() returns.
 */
static void plain_map_owns_nothing(struct kunit *test)
{
	const struct releaser *row = test->param_value;
	struct page **array = array_of(test, SCATTERED);
	struct page **copy = array_of(test, SCATTERED);
	void *addr = vmap(array, NR_PAGES, VM_MAP, PAGE_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, addr);
	memset(array, 0xff, NR_PAGES * sizeof(*array));
	KUNIT_EXPECT_EQ(test, nr_unshared(test), NR_PAGES);
	KUNIT_EXPECT_EQ(test, mapped_as(addr, copy, NR_PAGES), NR_PAGES);

	row->release(addr);
	KUNIT_EXPECT_EQ(test, nr_unshared(test), NR_PAGES);
	KUNIT_EXPECT_NULL(test, memchr_inv(array, 0xff, NR_PAGES * sizeof(*array)));
	KUNIT_EXPECT_NULL(test, find_vm_area(addr));
	KUNIT_EXPECT_EQ(test, mapped_as(addr, NULL, NR_PAGES), NR_PAGES);
}

/* vunmap() removes the mapping only: whoever calls it takes all back. */
static void vunmap_put_pages_keeps_pages(struct kunit *test)
{
	struct page **array = new_array(test, ASCENDING, true);
	struct page **copy = array_of(test, ASCENDING);
	void *addr = map_given(test, array, NR_PAGES);
	bool kept;

	kunit_remove_action(test, vfree_action, addr);
	vunmap(addr);
	KUNIT_EXPECT_EQ(test, nr_unshared(test), 0);
	KUNIT_EXPECT_NULL(test, find_vm_area(addr));
	kept = find_vm_area(array);
	KUNIT_EXPECT_TRUE(test, kept);
	if (!kept)
		return;
	KUNIT_EXPECT_MEMEQ(test, array, copy, NR_PAGES * sizeof(*array));

	put_pages(array, NR_PAGES);
	vfree(array);
	KUNIT_EXPECT_EQ(test, nr_unshared(test), NR_PAGES);
}

/* ---- What is left in the end ---- */

/* With those that wait in the list of a CPU to be used again. */
static unsigned long free_pages_now(void)
{
	unsigned long nr = 0;
	int cpu, nid;

	for_each_online_node(nid) {
		struct pglist_data *node = NODE_DATA(nid);

		for (int i = 0; i < node->nr_zones; i++) {
			struct zone *zone = &node->node_zones[i];

			nr += zone_page_state_snapshot(zone, NR_FREE_PAGES);
			for_each_possible_cpu(cpu)
				nr += per_cpu_ptr(zone->per_cpu_pageset, cpu)->count;
		}
	}

	return nr;
}

static unsigned long vmalloc_pages_now(void)
{
	return global_node_page_state(NR_VMALLOC);
}

/*
 * vfree() hands runs of page frames to the page allocator as one block, except
 * for the pages that somebody else still uses, which split the run.
 */
static const struct held_pages {
	const char *desc;
	int order;
	unsigned long held;	/* bit i: page i is still used */
} held_pages[] = {
	{ "ascending", ASCENDING, 0 },
	{ "ascending_first_held", ASCENDING, 0x0001 },
	{ "ascending_middle_held", ASCENDING, 0x0080 },
	{ "ascending_run_held", ASCENDING, 0x0070 },
	{ "ascending_last_held", ASCENDING, 0x8000 },
	{ "ascending_some_held", ASCENDING, 0x5294 },
	{ "descending", DESCENDING, 0 },
	{ "interleaved", INTERLEAVED, 0 },
	{ "scattered", SCATTERED, 0 },
	{ "runs", RUNS, 0 },
	{ "runs_some_held", RUNS, 0x0842 },
	{ "duplicates", DUPLICATES, 0 },
};

KUNIT_ARRAY_PARAM_DESC(held_pages, held_pages, desc);

/* Whether the allocator offers @page, which is in use, or misshapen blocks. */
static bool allocator_broken(struct page *page)
{
	struct page *block[ORDER + 1];
	bool broken = false;

	for (int order = 0; order <= ORDER; order++) {
		block[order] = alloc_pages(GFP_KERNEL, order);
		if (!block[order])
			continue;
		broken |= page >= block[order] && page < block[order] + (1 << order);
		broken |= !IS_ALIGNED(page_to_pfn(block[order]), 1 << order);
	}
	for (int order = 0; order <= ORDER && !broken; order++)
		if (block[order])
			__free_pages(block[order], order);

	return broken;
}

static int free_held_pages(struct kunit *test)
{
	const struct held_pages *row = test->param_value;
	/* Large enough to be missed when it is not freed. */
	struct page **array = kmalloc(4 * PAGE_SIZE, GFP_KERNEL);
	struct page *page = alloc_pages(GFP_KERNEL, ORDER);
	void *addr;
	int err = 0;

	if (!array || !page) {
		kfree(array);
		if (page)
			__free_pages(page, ORDER);
		return -ENOMEM;
	}
	split_page(page, ORDER);
	fill_array(array, page, &page_orders[row->order]);
	get_pages(array, NR_PAGES);
	for (int i = 0; i < NR_PAGES; i++)
		if (!(row->held & BIT(i)))
			put_page(page + i);

	addr = vmap(array, NR_PAGES, VM_MAP | VM_MAP_PUT_PAGES, PAGE_KERNEL);
	if (addr) {
		vfree(addr);
	} else {
		put_pages(array, NR_PAGES);
		kfree(array);
		err = -ENOMEM;
	}

	for (int i = 0; i < NR_PAGES; i++) {
		if (!(row->held & BIT(i)))
			continue;
		if (page_count(page + i) != 1 || allocator_broken(page + i))
			return -EBUSY;
		put_page(page + i);
	}

	return err;
}

static void vfree_put_pages_frees_memory(struct kunit *test)
{
	KUNIT_EXPECT_LT(test, drift(test, free_pages_now, free_held_pages, 128, 64), 64);
}

#define ROUNDS		8192
#define AREA_TOLERANCE	SLAB_TOLERANCE(ROUNDS, sizeof(struct vm_struct))

/*
 * The area is freed, too, after a failure as well. NR_VMALLOC is about pages of
 * vmalloc(): vfree() must not subtract pages which vmap() was given, since
 * nobody has added them.
 */
static const struct account {
	const char *desc;
	unsigned long (*counter)(void);
	unsigned long tolerance;
	enum { PLAIN, GIVEN, REFUSED, VMALLOC } map;
	void (*release)(const void *addr);
} accounts[] = {
	{ "slab_vunmap", slab_pages_now, AREA_TOLERANCE, PLAIN, vunmap },
	{ "slab_vfree", slab_pages_now, AREA_TOLERANCE, PLAIN, vfree },
	{ "slab_refused", slab_pages_now, AREA_TOLERANCE, REFUSED, vunmap },
	{ "nr_vmalloc_put_pages", vmalloc_pages_now, ROUNDS / 2, GIVEN, vfree },
	{ "nr_vmalloc_vmalloc", vmalloc_pages_now, ROUNDS / 2, VMALLOC, vfree },
};

KUNIT_ARRAY_PARAM_DESC(account, accounts, desc);

static int map_and_release(struct kunit *test)
{
	const struct account *row = test->param_value;
	struct page *page = row->map == REFUSED ? NULL : test->priv;
	struct page **array = &page;
	unsigned long flags = VM_MAP;
	void *addr;

	if (row->map == GIVEN) {
		array = kmemdup(&page, sizeof(page), GFP_KERNEL);
		if (!array)
			return -ENOMEM;
		get_page(page);
		flags |= VM_MAP_PUT_PAGES;
	}

	addr = row->map == VMALLOC ? vmalloc(PAGE_SIZE) :
				     vmap(array, 1, flags, PAGE_KERNEL);
	if (!addr && row->map == GIVEN) {
		put_page(page);
		kfree(array);
	}
	row->release(addr);

	return !addr == (row->map == REFUSED) ? 0 : -ENOMEM;
}

static void release_frees_all(struct kunit *test)
{
	const struct account *row = test->param_value;

	if (IS_ENABLED(CONFIG_KASAN_GENERIC) && row->counter == slab_pages_now)
		kunit_skip(test, "KASAN keeps freed objects in its quarantine");

	kunit_warning_suppress(test)
		KUNIT_EXPECT_LT(test, drift(test, row->counter, map_and_release,
					    ROUNDS, row->tolerance),
				row->tolerance);
}

/* ---- vunmap() and vfree() ---- */

/* Nothing but the area is unmapped, though its neighbours are a page away. */
static void vunmap_spares_neighbours(struct kunit *test)
{
	struct page **array = array_of(test, SCATTERED);
	void *addr[3];

	vm_unmap_aliases();
	for (int i = 0; i < ARRAY_SIZE(addr); i++)
		addr[i] = map(test, array, NR_PAGES, VM_MAP, PAGE_KERNEL);

	unmap(test, addr[1]);
	KUNIT_EXPECT_EQ(test, mapped_as(addr[0], array, NR_PAGES), NR_PAGES);
	KUNIT_EXPECT_EQ(test, mapped_as(addr[1], NULL, NR_PAGES), NR_PAGES);
	KUNIT_EXPECT_EQ(test, mapped_as(addr[2], array, NR_PAGES), NR_PAGES);
}

/*
 * TLBs are flushed later, for many areas at once. Until then another CPU may
 * still see the old mapping, so its address must not be used for a new one.
 * Somebody else can flush at any moment; but not every time.
 */
static void vunmap_address_not_reused(struct kunit *test)
{
	struct page *page = test->priv;
	bool reused = true;

	for (int tries = 0; tries < 4 && reused; tries++) {
		void *old, *new;

		old = map(test, &page, 1, VM_MAP, PAGE_KERNEL);
		unmap(test, old);
		new = map(test, &page, 1, VM_MAP, PAGE_KERNEL);
		reused = new == old;
		unmap(test, new);
		vm_unmap_aliases();
	}
	KUNIT_EXPECT_FALSE(test, reused);
}

static const struct bad_address {
	const char *desc;
	void (*release)(const void *addr);
	enum { IS_NULL, IS_UNALIGNED, IS_LOWMEM, IS_GONE } is;
	int warnings;
} bad_addresses[] = {
	{ "vunmap_null", vunmap, IS_NULL, 0 },
	{ "vunmap_unaligned", vunmap, IS_UNALIGNED, 2 },
	{ "vunmap_lowmem", vunmap, IS_LOWMEM, 1 },
	{ "vunmap_twice", vunmap, IS_GONE, 1 },
	{ "vfree_null", vfree, IS_NULL, 0 },
	{ "vfree_unaligned", vfree, IS_UNALIGNED, 2 },
	{ "vfree_lowmem", vfree, IS_LOWMEM, 1 },
	{ "vfree_twice", vfree, IS_GONE, 1 },
};

KUNIT_ARRAY_PARAM_DESC(bad_address, bad_addresses, desc);

/* NULL is fine as for kfree(). All else is reported and not acted upon. */
static void release_bad_address(struct kunit *test)
{
	const struct bad_address *row = test->param_value;
	struct page **array = array_of(test, ASCENDING);
	void *addr = map(test, array, NR_PAGES, VM_MAP, PAGE_KERNEL);
	const void *bad[] = {
		[IS_NULL] = NULL,
		[IS_UNALIGNED] = addr + 1,
		[IS_LOWMEM] = PTR_ALIGN_DOWN(array, PAGE_SIZE),
		[IS_GONE] = map(test, array, NR_PAGES, VM_MAP, PAGE_KERNEL),
	};

	unmap(test, (void *)bad[IS_GONE]);

	kunit_warning_suppress(test) {
		row->release(bad[row->is]);
		KUNIT_EXPECT_SUPPRESSED_WARNING_COUNT(test, WARNINGS(row->warnings));
	}
	KUNIT_ASSERT_NOT_NULL(test, find_vm_area(addr));
	KUNIT_EXPECT_EQ(test, mapped_as(addr, array, NR_PAGES), NR_PAGES);
}

static const struct interior {
	const char *desc;
	void (*release)(const void *addr);
	unsigned int page;
} interiors[] = {
	{ "vunmap_second_page", vunmap, 1 },
	{ "vunmap_middle_page", vunmap, NR_PAGES },
	{ "vunmap_last_page", vunmap, 4 * NR_PAGES - 1 },
	{ "vunmap_guard_page", vunmap, 4 * NR_PAGES },
	{ "vfree_middle_page", vfree, NR_PAGES },
	{ "vfree_guard_page", vfree, 4 * NR_PAGES },
};

KUNIT_ARRAY_PARAM_DESC(interior, interiors, desc);

/* An area goes as a whole: half of one would be left without an owner. */
static void release_inside_area(struct kunit *test)
{
	const struct interior *row = test->param_value;
	unsigned int count = 4 * NR_PAGES;
	struct page **array = array_repeating(test, count, NR_PAGES);
	void *addr = vmap(array, count, VM_MAP, PAGE_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, addr);
	row->release(addr + row->page * PAGE_SIZE);
	KUNIT_EXPECT_NULL(test, find_vm_area(addr));
	KUNIT_EXPECT_NULL(test, find_vm_area(addr + row->page * PAGE_SIZE));
	KUNIT_EXPECT_EQ(test, mapped_as(addr, NULL, count), count);
}

/*
 * To flush for each area would cost too much, to flush never would use up the
 * address space. So it is done when enough has gathered: 32 MB of it, or some
 * times that where there are many CPUs.
 */
static void vunmap_drains(struct kunit *test)
{
	unsigned long many = (fls(num_online_cpus()) * SZ_32M) >> PAGE_SHIFT;
	const unsigned int count = 1000;
	struct page **array = array_repeating(test, count, NR_PAGES);
	unsigned long size = (count + 1) * PAGE_SIZE;
	void *first, *addr;
	bool waits = false;

	/* Somebody else can flush at any moment; but not every time. */
	for (int tries = 0; tries < 4 && !waits; tries++) {
		vm_unmap_aliases();
		first = map(test, array, count, VM_MAP, PAGE_KERNEL);
		unmap(test, first);
		msleep(20);
		waits = vmallocinfo_has(test, first, size, " unpurged vm_area");
	}
	KUNIT_EXPECT_TRUE(test, waits);

	for (unsigned long n = 0; n <= many; n += count + 1) {
		addr = map(test, array, count, VM_MAP, PAGE_KERNEL);
		unmap(test, addr);
	}
	poll_timeout_us(waits = vmallocinfo_has(test, first, size, " unpurged vm_area"),
			!waits, 50 * USEC_PER_MSEC, 10 * USEC_PER_SEC, false);
	KUNIT_EXPECT_FALSE(test, waits);
}

/*
 * vfree() of memory whose direct map was read-only or executable makes that
 * usable again, before somebody else gets the pages.
 */
static void vfree_resets_direct_map(struct kunit *test)
{
	void *addr = vmalloc(2 * PAGE_SIZE);
	struct page *page[2];
	u8 byte;

	KUNIT_ASSERT_NOT_NULL(test, addr);
	for (int i = 0; i < ARRAY_SIZE(page); i++) {
		page[i] = vmalloc_to_page(addr + i * PAGE_SIZE);
		get_page(page[i]);
	}
	set_vm_flush_reset_perms(addr);
	KUNIT_EXPECT_TRUE(test, find_vm_area(addr)->flags & VM_FLUSH_RESET_PERMS);
	vfree(addr);

	for (int i = 0; i < ARRAY_SIZE(page); i++) {
		void *direct = page_address(page[i]);

		KUNIT_EXPECT_EQ(test, page_count(page[i]), 1);
		if (direct)
			KUNIT_EXPECT_EQ(test, copy_from_kernel_nofault(&byte, direct, 1), 0);
		put_page(page[i]);
	}
}

/* ---- Where vfree() must not sleep ---- */

/* vfree() that is deferred is done when the last page has lost its reference. */
static void expect_freed(struct kunit *test, void **addr, int nr)
{
	unsigned int n;

	poll_timeout_us(n = nr_unshared(test), n == NR_PAGES, USEC_PER_MSEC,
			5 * USEC_PER_SEC, false);
	KUNIT_ASSERT_EQ(test, n, NR_PAGES);
	for (int i = 0; i < nr; i++) {
		KUNIT_EXPECT_NULL(test, find_vm_area(addr[i]));
		KUNIT_EXPECT_EQ(test, mapped_as(addr[i], NULL, NR_PAGES), NR_PAGES);
	}
}

/*
 * What is to be freed later waits in a list that is linked through the first
 * word of the memory, so no two of the mappings may share their first page.
 */
static void map_given_often(struct kunit *test, void **addr, int nr)
{
	static const int orders[] = { ASCENDING, DESCENDING, SCATTERED };

	for (int i = 0; i < nr; i++)
		addr[i] = map_given(test, new_array(test, orders[i], i == 1),
				    NR_PAGES);
	for (int i = 0; i < nr; i++)
		kunit_remove_action(test, vfree_action, addr[i]);
}

/*
 * To unmap may sleep, which is not allowed here: it has to wait. But it must
 * not be forgotten, be it the only one that waits or one of several.
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
		mapped = NR_PAGES - mapped_as(addr[0], NULL, NR_PAGES);
		local_bh_enable();

		KUNIT_EXPECT_EQ(test, mapped, NR_PAGES);
		expect_freed(test, addr, nr);
	}
}

/* vfree_atomic() is for those who cannot tell whether they may sleep. */
static void vfree_atomic_defers(struct kunit *test)
{
	unsigned int mapped;
	void *addr[3];

	map_given_often(test, addr, ARRAY_SIZE(addr));

	preempt_disable();
	vfree_atomic(NULL);
	for (int i = 0; i < ARRAY_SIZE(addr); i++)
		vfree_atomic(addr[i]);
	mapped = NR_PAGES - mapped_as(addr[2], NULL, NR_PAGES);
	preempt_enable();

	KUNIT_EXPECT_EQ(test, mapped, NR_PAGES);
	expect_freed(test, addr, ARRAY_SIZE(addr));
}

/*
 * The pages may have other users, who must not find more than that first word
 * changed.
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
	expect_freed(test, &addr, 1);

	for (int i = 0; i < NR_PAGES; i++) {
		unsigned int from = i ? 0 : sizeof(struct llist_node);

		memcpy_from_page(buf, page + i, 0, PAGE_SIZE);
		KUNIT_EXPECT_NULL_MSG(test, memchr_inv(buf + from, i + 1, PAGE_SIZE - from),
				      "page %d", i);
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

static void vfree_interrupt(struct kunit *test)
{
	void *addr[2], *todo[2];

	map_given_often(test, addr, ARRAY_SIZE(addr));
	memcpy(todo, addr, sizeof(addr));
	kunit_run_irq_test(test, vfree_in_irq, 100, todo);
	/* NULL, unless the interrupt never came. */
	vfree(todo[0]);
	vfree(todo[1]);

	expect_freed(test, addr, ARRAY_SIZE(addr));
}

static struct kunit_case vfree_test_cases[] = {
	KUNIT_CASE_PARAM_ATTR(vfree_put_pages, page_order_gen_params,
			      { .speed = KUNIT_SPEED_SLOW }),
	KUNIT_CASE(vfree_put_pages_compound),
	KUNIT_CASE_PARAM(plain_map_owns_nothing, releaser_gen_params),
	KUNIT_CASE(vunmap_put_pages_keeps_pages),
	KUNIT_CASE_PARAM_ATTR(vfree_put_pages_frees_memory, held_pages_gen_params,
			      { .speed = KUNIT_SPEED_SLOW }),
	KUNIT_CASE_PARAM_ATTR(release_frees_all, account_gen_params,
			      { .speed = KUNIT_SPEED_SLOW }),
	KUNIT_CASE(vunmap_spares_neighbours),
	KUNIT_CASE(vunmap_address_not_reused),
	KUNIT_CASE_PARAM(release_bad_address, bad_address_gen_params),
	KUNIT_CASE_PARAM(release_inside_area, interior_gen_params),
	KUNIT_CASE(vunmap_drains),
	KUNIT_CASE(vfree_resets_direct_map),
	KUNIT_CASE(vfree_bh_disabled),
	KUNIT_CASE(vfree_atomic_defers),
	KUNIT_CASE(vfree_deferred_spares_contents),
	KUNIT_CASE(vfree_interrupt),
	{}
};

static struct kunit_suite vfree_test_suite = {
	.name = "vfree",
	.suite_init = vmallocinfo_suite_init,
	.suite_exit = vmallocinfo_suite_exit,
	.init = vmap_pages_init,
	.test_cases = vfree_test_cases,
};

kunit_test_suite(vfree_test_suite);

MODULE_DESCRIPTION("KUnit tests for vunmap() and vfree()");
MODULE_LICENSE("GPL");
