// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests for vunmap() and vfree() of what vmap() returned: who owns the pages
 * then, and what is left.
 */
#include <kunit/test.h>
#include <linux/delay.h>
#include <linux/iopoll.h>
#include <linux/mm.h>
#include <linux/mmzone.h>
#include <linux/module.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/vmalloc.h>
#include <linux/vmstat.h>

#include "check_bytes.h"
#include "mm_kunit.h"
#include "vmallocinfo.h"
#include "vmap_pages.h"

KUNIT_ARRAY_PARAM_DESC(vmap_pages_order, vmap_pages_orders, desc);

/* -- who owns the pages and the array -------------------------------------- */

/*
 * vfree() of a VM_MAP_PUT_PAGES mapping drops one reference for each entry of
 * the array, whatever the order of the pages, and frees the array, which may
 * come from kmalloc() or vmalloc() (kernel-doc of vmap()). The area therefore
 * has the array itself, not a copy.
 */
static void vfree_put_pages(struct kunit *test)
{
	static const char * const array_of[] = { "kmalloc()", "vmalloc()" };
	const struct vmap_pages_order *order = test->param_value;

	for (int vmalloced = 0; vmalloced <= 1; vmalloced++) {
		struct page **array = vmap_pages_new_array(test, order - vmap_pages_orders,
							   vmalloced);
		void *addr = vmap_pages_map_given(test, array, NR_VMAP_PAGES);
		struct vm_struct *area = find_vm_area(addr);

		KUNIT_ASSERT_NOT_NULL_MSG(test, area, "array of %s", array_of[vmalloced]);
		KUNIT_EXPECT_PTR_EQ_MSG(test, area->pages, array, "array of %s",
					array_of[vmalloced]);
		KUNIT_EXPECT_EQ_MSG(test, area->nr_pages, NR_VMAP_PAGES, "array of %s",
				    array_of[vmalloced]);
		KUNIT_EXPECT_EQ_MSG(test, area->flags, VM_MAP | VM_MAP_PUT_PAGES, "array of %s",
				    array_of[vmalloced]);
		KUNIT_EXPECT_EQ_MSG(test, area->size, (NR_VMAP_PAGES + 1) * PAGE_SIZE,
				    "array of %s", array_of[vmalloced]);

		kunit_release_action(test, mm_kunit_vfree, addr);
		MM_KUNIT_EXPECT_MSG(test, vmap_pages_check_refs(test, 1), "array of %s",
				    array_of[vmalloced]);
		KUNIT_EXPECT_NULL_MSG(test, find_vm_area(addr), "array of %s",
				      array_of[vmalloced]);
		MM_KUNIT_EXPECT_MSG(test,
				    vmap_pages_check_mapped(test, addr, NULL, NR_VMAP_PAGES),
				    "array of %s", array_of[vmalloced]);
		if (vmalloced)
			KUNIT_EXPECT_NULL_MSG(test, find_vm_area(array),
					      "area of the array, after vfree() of the mapping");
	}
}

/*
 * vfree() drops a reference of the compound page for each entry that is one of
 * its pages, as put_page() does, because the references of a compound page are
 * all counted in its head.
 */
static void vfree_put_pages_compound(struct kunit *test)
{
	struct page *head = alloc_pages(GFP_KERNEL | __GFP_COMP, 2), **array;
	void *addr;

	KUNIT_ASSERT_NOT_NULL(test, head);
	mm_kunit_manage(test, mm_kunit_put_page, head);
	array = kmalloc_array(4, sizeof(*array), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, array);
	for (int i = 0; i < 4; i++)
		array[i] = head + i;
	vmap_pages_get(array, 4);
	addr = vmap(array, 4, VM_MAP | VM_MAP_PUT_PAGES, PAGE_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, addr);

	kunit_warning_suppress(test) {
		vfree(addr);
		KUNIT_EXPECT_SUPPRESSED_WARNING_COUNT(test, 0);
	}
	KUNIT_EXPECT_EQ(test, page_count(head), 1);
	for (int i = 1; i < 4; i++)
		KUNIT_EXPECT_EQ_MSG(test, page_ref_count(head + i), 0, "tail page %d", i);
}

static const struct releaser {
	const char *desc;
	void (*release)(const void *addr);
} releasers[] = {
	{ .desc = "vunmap", .release = vunmap },
	{ .desc = "vfree", .release = vfree },
};

KUNIT_ARRAY_PARAM_DESC(releaser, releasers, desc);

/*
 * Without VM_MAP_PUT_PAGES the pages and the array remain the caller's, for
 * vunmap() and vfree() alike, and vmap() does not need the array after it has
 * returned, because callers often have the array on the stack.
 */
static void plain_map_owns_nothing(struct kunit *test)
{
	const struct releaser *row = test->param_value;
	struct page **array = vmap_pages_array(test, VMAP_SCATTERED);
	struct page **copy = vmap_pages_array(test, VMAP_SCATTERED);
	void *addr = vmap(array, NR_VMAP_PAGES, VM_MAP, PAGE_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, addr);
	memset(array, 0xff, NR_VMAP_PAGES * sizeof(*array));
	MM_KUNIT_EXPECT(test, vmap_pages_check_refs(test, 1));
	MM_KUNIT_EXPECT(test, vmap_pages_check_mapped(test, addr, copy, NR_VMAP_PAGES));

	row->release(addr);
	MM_KUNIT_EXPECT(test, vmap_pages_check_refs(test, 1));
	MM_KUNIT_EXPECT(test, check_filled(test, array, 0xff, NR_VMAP_PAGES * sizeof(*array)));
	KUNIT_EXPECT_NULL(test, find_vm_area(addr));
	MM_KUNIT_EXPECT(test, vmap_pages_check_mapped(test, addr, NULL, NR_VMAP_PAGES));
}

/*
 * vunmap() of a VM_MAP_PUT_PAGES mapping only removes the mapping: the array
 * and the references are the caller's again, because only vfree() frees what
 * vmap() was given (kernel-doc of vmap()).
 */
static void vunmap_put_pages_keeps_pages(struct kunit *test)
{
	struct page **array = vmap_pages_new_array(test, VMAP_ASCENDING, true);
	struct page **copy = vmap_pages_array(test, VMAP_ASCENDING);
	void *addr = vmap_pages_map_given(test, array, NR_VMAP_PAGES);
	struct vm_struct *area;

	kunit_remove_action(test, mm_kunit_vfree, addr);
	vunmap(addr);
	MM_KUNIT_EXPECT(test, vmap_pages_check_refs(test, 2));
	KUNIT_EXPECT_NULL(test, find_vm_area(addr));
	area = find_vm_area(array);
	KUNIT_ASSERT_NOT_NULL_MSG(test, area, "area of the array, after vunmap() of the mapping");
	KUNIT_EXPECT_MEMEQ(test, array, copy, NR_VMAP_PAGES * sizeof(*array));

	vmap_pages_put(array, NR_VMAP_PAGES);
	vfree(array);
	MM_KUNIT_EXPECT(test, vmap_pages_check_refs(test, 1));
}

/* -- what is left in the end ----------------------------------------------- */

/* Returns the number of free pages, those in the lists of the CPUs included. */
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

static const struct held_pages {
	const char *desc;
	int order;
	unsigned long held;	/* bit i: page i is still used */
} held_pages[] = {
	{ .desc = "ascending", .order = VMAP_ASCENDING, .held = 0 },
	{ .desc = "ascending_first_held", .order = VMAP_ASCENDING, .held = 0x0001 },
	{ .desc = "ascending_middle_held", .order = VMAP_ASCENDING, .held = 0x0080 },
	{ .desc = "ascending_run_held", .order = VMAP_ASCENDING, .held = 0x0070 },
	{ .desc = "ascending_last_held", .order = VMAP_ASCENDING, .held = 0x8000 },
	{ .desc = "ascending_some_held", .order = VMAP_ASCENDING, .held = 0x5294 },
	{ .desc = "descending", .order = VMAP_DESCENDING, .held = 0 },
	{ .desc = "interleaved", .order = VMAP_INTERLEAVED, .held = 0 },
	{ .desc = "scattered", .order = VMAP_SCATTERED, .held = 0 },
	{ .desc = "runs", .order = VMAP_RUNS, .held = 0 },
	{ .desc = "runs_some_held", .order = VMAP_RUNS, .held = 0x0842 },
	{ .desc = "duplicates", .order = VMAP_DUPLICATES, .held = 0 },
};

KUNIT_ARRAY_PARAM_DESC(held_pages, held_pages, desc);

/* Returns whether the allocator gives out @page, which is in use, or unaligned blocks. */
static bool allocator_broken(struct page *page)
{
	struct page *block[VMAP_PAGES_ORDER + 1];
	bool broken = false;

	for (int order = 0; order <= VMAP_PAGES_ORDER; order++) {
		block[order] = alloc_pages(GFP_KERNEL, order);
		if (!block[order])
			continue;
		broken |= page >= block[order] && page < block[order] + (1 << order);
		broken |= !IS_ALIGNED(page_to_pfn(block[order]), 1 << order);
	}
	for (int order = 0; order <= VMAP_PAGES_ORDER && !broken; order++)
		if (block[order])
			__free_pages(block[order], order);

	return broken;
}

static int free_held_pages(struct kunit *test)
{
	const struct held_pages *row = test->param_value;
	/* Large enough to be missed when it is not freed. */
	struct page **array = kmalloc(4 * PAGE_SIZE, GFP_KERNEL);
	struct page *page = alloc_pages(GFP_KERNEL, VMAP_PAGES_ORDER);
	void *addr;
	int err = 0;

	if (!array || !page) {
		kfree(array);
		if (page)
			__free_pages(page, VMAP_PAGES_ORDER);
		return -ENOMEM;
	}
	split_page(page, VMAP_PAGES_ORDER);
	vmap_pages_fill_array(array, page, &vmap_pages_orders[row->order]);
	vmap_pages_get(array, NR_VMAP_PAGES);
	for (int i = 0; i < NR_VMAP_PAGES; i++)
		if (!(row->held & BIT(i)))
			put_page(page + i);

	addr = vmap(array, NR_VMAP_PAGES, VM_MAP | VM_MAP_PUT_PAGES, PAGE_KERNEL);
	if (addr) {
		vfree(addr);
	} else {
		vmap_pages_put(array, NR_VMAP_PAGES);
		kfree(array);
		err = -ENOMEM;
	}

	for (int i = 0; i < NR_VMAP_PAGES; i++) {
		if (!(row->held & BIT(i)))
			continue;
		if (page_count(page + i) != 1 || allocator_broken(page + i))
			return -EBUSY;
		put_page(page + i);
	}

	return err;
}

/*
 * vfree() gives the pages back to the page allocator, and no page that has
 * another reference, because its user would lose its data. vfree() hands page
 * frames that follow each other to the allocator as one block, which pages in
 * use have to split.
 */
static void vfree_put_pages_frees_memory(struct kunit *test)
{
	MM_KUNIT_EXPECT(test,
			vmap_pages_check_leak(test, free_pages_now, free_held_pages, 128, 64));
}

#define ROUNDS		8192
#define AREA_TOLERANCE	VMAP_PAGES_SLAB_TOLERANCE(ROUNDS, sizeof(struct vm_struct))

static const struct account {
	const char *desc;
	unsigned long (*counter)(void);
	unsigned long tolerance;
	enum { PLAIN, GIVEN, REFUSED, VMALLOC } map;
	void (*release)(const void *addr);
} accounts[] = {
	{ .desc = "slab_vunmap", .counter = vmap_pages_slab_pages,
	  .tolerance = AREA_TOLERANCE, .map = PLAIN, .release = vunmap },
	{ .desc = "slab_vfree", .counter = vmap_pages_slab_pages,
	  .tolerance = AREA_TOLERANCE, .map = PLAIN, .release = vfree },
	{ .desc = "slab_refused", .counter = vmap_pages_slab_pages,
	  .tolerance = AREA_TOLERANCE, .map = REFUSED, .release = vunmap },
	{ .desc = "nr_vmalloc_put_pages", .counter = vmalloc_pages_now,
	  .tolerance = ROUNDS / 2, .map = GIVEN, .release = vfree },
	{ .desc = "nr_vmalloc_vmalloc", .counter = vmalloc_pages_now,
	  .tolerance = ROUNDS / 2, .map = VMALLOC, .release = vfree },
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

/*
 * vunmap() and vfree() free struct vm_struct, after a vmap() that failed too.
 * NR_VMALLOC counts pages of vmalloc() only, so vfree() must not subtract pages
 * that vmap() was given, which were never added.
 */
static void release_frees_all(struct kunit *test)
{
	const struct account *row = test->param_value;

	if (IS_ENABLED(CONFIG_KASAN_GENERIC) && row->counter == vmap_pages_slab_pages)
		kunit_skip(test, "needs CONFIG_KASAN_GENERIC=n, whose quarantine keeps objects");

	kunit_warning_suppress(test)
		MM_KUNIT_EXPECT(test,
				vmap_pages_check_leak(test, row->counter, map_and_release,
						      ROUNDS, row->tolerance));
}

/* -- vunmap() and vfree() -------------------------------------------------- */

/*
 * vunmap() unmaps the area that it is given and nothing else, although the next
 * areas are only a guard page away and are used by others.
 */
static void vunmap_spares_neighbours(struct kunit *test)
{
	struct page **array = vmap_pages_array(test, VMAP_SCATTERED);
	void *addr[3];

	vm_unmap_aliases();
	for (int i = 0; i < ARRAY_SIZE(addr); i++)
		addr[i] = vmap_pages_map(test, array, NR_VMAP_PAGES, VM_MAP, PAGE_KERNEL);

	vmap_pages_unmap(test, addr[1]);
	MM_KUNIT_EXPECT(test, vmap_pages_check_mapped(test, addr[0], array, NR_VMAP_PAGES));
	MM_KUNIT_EXPECT(test, vmap_pages_check_mapped(test, addr[1], NULL, NR_VMAP_PAGES));
	MM_KUNIT_EXPECT(test, vmap_pages_check_mapped(test, addr[2], array, NR_VMAP_PAGES));
}

/*
 * The address of an area is not used again before the TLBs are flushed, which
 * happens later for many areas at once: until then another CPU may still access
 * the old page there. Others may flush at any moment, so one try of four has to
 * show it.
 */
static void vunmap_address_not_reused(struct kunit *test)
{
	struct page *page = test->priv;
	bool reused = true;

	for (int tries = 0; tries < 4 && reused; tries++) {
		void *old, *new;

		old = vmap_pages_map(test, &page, 1, VM_MAP, PAGE_KERNEL);
		vmap_pages_unmap(test, old);
		new = vmap_pages_map(test, &page, 1, VM_MAP, PAGE_KERNEL);
		reused = new == old;
		vmap_pages_unmap(test, new);
		vm_unmap_aliases();
	}
	KUNIT_EXPECT_EQ_MSG(test, reused, false,
			    "whether the next mapping had the address, in each of 4 tries");
}

static const struct bad_address {
	const char *desc;
	void (*release)(const void *addr);
	enum { IS_NULL, IS_UNALIGNED, IS_LOWMEM, IS_GONE } is;
	int warnings;
} bad_addresses[] = {
	{ .desc = "vunmap_null", .release = vunmap, .is = IS_NULL, .warnings = 0 },
	{ .desc = "vunmap_unaligned", .release = vunmap, .is = IS_UNALIGNED,
	  .warnings = 2 },
	{ .desc = "vunmap_lowmem", .release = vunmap, .is = IS_LOWMEM, .warnings = 1 },
	{ .desc = "vunmap_twice", .release = vunmap, .is = IS_GONE, .warnings = 1 },
	{ .desc = "vfree_null", .release = vfree, .is = IS_NULL, .warnings = 0 },
	{ .desc = "vfree_unaligned", .release = vfree, .is = IS_UNALIGNED,
	  .warnings = 2 },
	{ .desc = "vfree_lowmem", .release = vfree, .is = IS_LOWMEM, .warnings = 1 },
	{ .desc = "vfree_twice", .release = vfree, .is = IS_GONE, .warnings = 1 },
};

KUNIT_ARRAY_PARAM_DESC(bad_address, bad_addresses, desc);

/*
 * vunmap() and vfree() ignore NULL, as kfree() does. Any other address that is
 * not one of an area is a bug of the caller: they warn and free nothing.
 */
static void release_bad_address(struct kunit *test)
{
	const struct bad_address *row = test->param_value;
	struct page **array = vmap_pages_array(test, VMAP_ASCENDING);
	void *addr = vmap_pages_map(test, array, NR_VMAP_PAGES, VM_MAP, PAGE_KERNEL);
	const void *bad[] = {
		[IS_NULL] = NULL,
		[IS_UNALIGNED] = addr + 1,
		[IS_LOWMEM] = PTR_ALIGN_DOWN(array, PAGE_SIZE),
		[IS_GONE] = vmap_pages_map(test, array, NR_VMAP_PAGES, VM_MAP, PAGE_KERNEL),
	};

	vmap_pages_unmap(test, (void *)bad[IS_GONE]);

	kunit_warning_suppress(test) {
		row->release(bad[row->is]);
		KUNIT_EXPECT_SUPPRESSED_WARNING_COUNT(test, MM_KUNIT_WARN(row->warnings));
	}
	KUNIT_ASSERT_NOT_NULL(test, find_vm_area(addr));
	MM_KUNIT_EXPECT(test, vmap_pages_check_mapped(test, addr, array, NR_VMAP_PAGES));
}

/*
 * vfree() of a VM_FLUSH_RESET_PERMS area makes the direct map of its pages
 * readable and writable again before the pages are freed, because their next
 * owner accesses them there (see set_vm_flush_reset_perms()).
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
	KUNIT_EXPECT_EQ(test, !!(find_vm_area(addr)->flags & VM_FLUSH_RESET_PERMS), true);
	vfree(addr);

	for (int i = 0; i < ARRAY_SIZE(page); i++) {
		void *direct = page_address(page[i]);

		KUNIT_EXPECT_EQ_MSG(test, page_count(page[i]), 1, "page %d", i);
		if (direct)
			KUNIT_EXPECT_EQ_MSG(test, copy_from_kernel_nofault(&byte, direct, 1), 0,
					    "page %d", i);
		put_page(page[i]);
	}
}

/* -- today's implementation, not promised ---------------------------------- */

static const struct interior {
	const char *desc;
	void (*release)(const void *addr);
	unsigned int page;
} interiors[] = {
	{ .desc = "vunmap_second_page", .release = vunmap, .page = 1 },
	{ .desc = "vunmap_middle_page", .release = vunmap, .page = NR_VMAP_PAGES },
	{ .desc = "vunmap_last_page", .release = vunmap, .page = 4 * NR_VMAP_PAGES - 1 },
	{ .desc = "vunmap_guard_page", .release = vunmap, .page = 4 * NR_VMAP_PAGES },
	{ .desc = "vfree_middle_page", .release = vfree, .page = NR_VMAP_PAGES },
	{ .desc = "vfree_guard_page", .release = vfree, .page = 4 * NR_VMAP_PAGES },
};

KUNIT_ARRAY_PARAM_DESC(interior, interiors, desc);

/*
 * An address inside an area releases the whole area, its guard page included,
 * because a part of an area would have no owner. vfree() and vunmap() look the
 * area up like find_vm_area().
 */
static void release_inside_area(struct kunit *test)
{
	const struct interior *row = test->param_value;
	unsigned int count = 4 * NR_VMAP_PAGES;
	struct page **array = vmap_pages_repeat(test, count, NR_VMAP_PAGES);
	void *addr = vmap(array, count, VM_MAP, PAGE_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, addr);
	row->release(addr + row->page * PAGE_SIZE);
	KUNIT_EXPECT_NULL(test, find_vm_area(addr));
	KUNIT_EXPECT_NULL(test, find_vm_area(addr + row->page * PAGE_SIZE));
	MM_KUNIT_EXPECT(test, vmap_pages_check_mapped(test, addr, NULL, count));
}

/*
 * Address space that waits for a flush is freed when enough of it waits,
 * because a flush for each vunmap() would be slow and no flush at all would use
 * up the address space. Enough is 32 MB times fls(number of CPUs).
 */
static void vunmap_drains(struct kunit *test)
{
	unsigned long many = (fls(num_online_cpus()) * SZ_32M) >> PAGE_SHIFT;
	const unsigned int count = 1000;
	struct page **array = vmap_pages_repeat(test, count, NR_VMAP_PAGES);
	unsigned long size = (count + 1) * PAGE_SIZE;
	void *first, *addr;
	bool waits = false;

	/* Others may flush at any moment, so one of four tries has to show it. */
	for (int tries = 0; tries < 4 && !waits; tries++) {
		vm_unmap_aliases();
		first = vmap_pages_map(test, array, count, VM_MAP, PAGE_KERNEL);
		vmap_pages_unmap(test, first);
		msleep(20);
		waits = vmallocinfo_has(test, first, size, " unpurged vm_area");
	}
	KUNIT_EXPECT_EQ_MSG(test, waits, true,
			    "whether an unmapped area waits, in one of 4 tries");

	for (unsigned long n = 0; n <= many; n += count + 1) {
		addr = vmap_pages_map(test, array, count, VM_MAP, PAGE_KERNEL);
		vmap_pages_unmap(test, addr);
	}
	poll_timeout_us(waits = vmallocinfo_has(test, first, size, " unpurged vm_area"),
			!waits, 50 * USEC_PER_MSEC, 10 * USEC_PER_SEC, false);
	KUNIT_EXPECT_EQ_MSG(test, waits, false,
			    "whether it still waits after %lu pages more, for 10 s", many);
}

static struct kunit_case vfree_test_cases[] = {
	KUNIT_CASE_PARAM_ATTR(vfree_put_pages, vmap_pages_order_gen_params,
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
	KUNIT_CASE(vfree_resets_direct_map),
	KUNIT_CASE_PARAM(release_inside_area, interior_gen_params),
	KUNIT_CASE(vunmap_drains),
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
