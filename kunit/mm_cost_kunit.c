// SPDX-License-Identifier: GPL-2.0-only
/*
 * What it costs to map memory, in nanoseconds for 1000 pages. In a machine that
 * counts a nanosecond for each instruction (qemu -icount shift=0,sleep=off) these
 * are instructions, and repeat; scripts/bench runs it so. Elsewhere they are times.
 *
 * A case fails only if what it measures does not work. The lowest of a few rounds
 * counts, because others are only disturbed: by a timer, or by a cold cache.
 */
#include <kunit/test.h>
#include <linux/ktime.h>
#include <linux/math64.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/vmalloc.h>

#include "mm_kunit.h"
#include "user_vma.h"

#define NR_PAGES	4096
#define ROUNDS		3

struct cost;

/**
 * struct cost_case - a way to map pages
 * @desc: the function and what it is given
 * @map: the call
 * @order: of the folios that the pages are of
 * @nr: the number of pages, 0 being NR_PAGES
 * @vmalloc: whether they are of vmalloc_user()
 */
struct cost_case {
	const char *desc;
	int (*map)(struct vm_area_struct *vma, struct cost *cost);
	unsigned int order;
	unsigned long nr;
	bool vmalloc;
};

/**
 * struct cost - what is mapped by ->mmap, and what that took
 * @row: how it is mapped
 * @pages: NR_PAGES pages
 * @buf: or the buffer of vmalloc_user()
 * @ns: the time it took
 */
struct cost {
	const struct cost_case *row;
	struct page **pages;
	void *buf;
	u64 ns;
};

static int cost_insert_pages(struct vm_area_struct *vma, struct cost *cost)
{
	unsigned long num = NR_PAGES;

	return vm_insert_pages(vma, vma->vm_start, cost->pages, &num);
}

static int cost_insert_page(struct vm_area_struct *vma, struct cost *cost)
{
	unsigned long i;
	int ret = 0;

	for (i = 0; i < NR_PAGES && !ret; i++)
		ret = vm_insert_page(vma, vma->vm_start + i * PAGE_SIZE,
				     cost->pages[i]);

	return ret;
}

static int cost_remap_vmalloc(struct vm_area_struct *vma, struct cost *cost)
{
	return remap_vmalloc_range(vma, cost->buf, 0);
}

static int cost_remap_pfn(struct vm_area_struct *vma, struct cost *cost)
{
	return remap_pfn_range(vma, vma->vm_start, page_to_pfn(cost->pages[0]),
			       vma->vm_end - vma->vm_start, vma->vm_page_prot);
}

static const struct cost_case cost_cases[] = {
	{ .desc = "vm_insert_page_order_0", .map = cost_insert_page },
	{ .desc = "vm_insert_pages_order_0", .map = cost_insert_pages },
	{ .desc = "vm_insert_pages_order_4", .map = cost_insert_pages, .order = 4 },
	{ .desc = "vm_insert_pages_order_9", .map = cost_insert_pages, .order = 9 },
	{ .desc = "remap_vmalloc_range", .map = cost_remap_vmalloc, .vmalloc = true },
	/* one piece of memory, since it takes no others */
	{ .desc = "remap_pfn_range", .map = cost_remap_pfn, .order = 9, .nr = 512 },
};

KUNIT_ARRAY_PARAM_DESC(cost, cost_cases, desc);

static struct page **cost_pages(struct kunit *test, unsigned int order)
{
	struct page **pages = mm_kunit_vmalloc(test, NR_PAGES * sizeof(*pages));
	unsigned long i;

	for (i = 0; i < NR_PAGES; i++) {
		if (i % (1UL << order))
			pages[i] = pages[i - 1] + 1;
		else
			pages[i] = mm_kunit_pages(test, GFP_KERNEL, order);
	}

	return pages;
}

static int cost_mmap(struct vm_area_struct *vma, void *data)
{
	struct cost *cost = data;
	u64 start = ktime_get_ns();
	int ret = cost->row->map(vma, cost);

	cost->ns = ktime_get_ns() - start;
	return ret;
}

static void cost_print(struct kunit *test, const char *what, unsigned long nr,
		       u64 map, u64 unmap)
{
	kunit_info(test, "cost: %s map %llu unmap %llu", what,
		   div64_ul(map * 1000, nr), div64_ul(unmap * 1000, nr));
}

/*
 * Each way to map pages to user space in ->mmap works, and munmap(), because only then
 * does the time mean anything.
 */
static void mm_cost_user(struct kunit *test)
{
	const struct cost_case *row = test->param_value;
	const unsigned long nr = row->nr ?: NR_PAGES;
	struct cost cost = { .row = row };
	struct user_file *uf = user_file_open(test, O_RDWR, cost_mmap, &cost);
	u64 map = U64_MAX, unmap = U64_MAX, start;
	int i;

	if (row->vmalloc)
		cost.buf = mm_kunit_manage(test, mm_kunit_vfree,
					   vmalloc_user(nr * PAGE_SIZE));
	else
		cost.pages = cost_pages(test, row->order);

	for (i = 0; i < ROUNDS; i++) {
		long addr = user_mmap(uf, 0, nr * PAGE_SIZE,
				      PROT_READ | PROT_WRITE, MAP_SHARED, 0);

		KUNIT_ASSERT_FALSE_MSG(test, IS_ERR_VALUE(addr),
				       "round %d: mmap() returned %ld", i, addr);
		map = min(map, cost.ns);
		start = ktime_get_ns();
		KUNIT_ASSERT_EQ_MSG(test, vm_munmap(addr, nr * PAGE_SIZE), 0, "round %d", i);
		unmap = min(unmap, ktime_get_ns() - start);
	}
	cost_print(test, row->desc, nr, map, unmap);
}

/* vmap() of many pages works each time, because only then does its time mean anything. */
static void mm_cost_vmap(struct kunit *test)
{
	struct page **pages = cost_pages(test, 0);
	u64 map = U64_MAX, unmap = U64_MAX, start;
	int i;

	for (i = 0; i < ROUNDS; i++) {
		void *addr;

		start = ktime_get_ns();
		addr = vmap(pages, NR_PAGES, VM_MAP, PAGE_KERNEL);
		map = min(map, ktime_get_ns() - start);
		KUNIT_ASSERT_NOT_NULL_MSG(test, addr, "round %d", i);
		start = ktime_get_ns();
		vunmap(addr);
		unmap = min(unmap, ktime_get_ns() - start);
	}
	cost_print(test, "vmap", NR_PAGES, map, unmap);
}

/*
 * vm_map_ram() of many pages works each time, because only then does its time mean
 * anything.
 */
static void mm_cost_vm_map_ram(struct kunit *test)
{
	struct page **pages = cost_pages(test, 0);
	u64 map = U64_MAX, unmap = U64_MAX, start;
	int i;

	for (i = 0; i < ROUNDS; i++) {
		void *addr;

		start = ktime_get_ns();
		addr = vm_map_ram(pages, NR_PAGES, NUMA_NO_NODE);
		map = min(map, ktime_get_ns() - start);
		KUNIT_ASSERT_NOT_NULL_MSG(test, addr, "round %d", i);
		start = ktime_get_ns();
		vm_unmap_ram(addr, NR_PAGES);
		unmap = min(unmap, ktime_get_ns() - start);
	}
	cost_print(test, "vm_map_ram", NR_PAGES, map, unmap);
}

static struct kunit_case mm_cost_test_cases[] = {
	KUNIT_CASE_PARAM_ATTR(mm_cost_user, cost_gen_params, { .speed = KUNIT_SPEED_SLOW }),
	KUNIT_CASE_SLOW(mm_cost_vmap),
	KUNIT_CASE_SLOW(mm_cost_vm_map_ram),
	{}
};

static struct kunit_suite mm_cost_test_suite = {
	.name = "mm_cost",
	.init = mm_kunit_init,
	.test_cases = mm_cost_test_cases,
};

kunit_test_suite(mm_cost_test_suite);

MODULE_DESCRIPTION("What mapping memory costs, for scripts/bench");
MODULE_LICENSE("GPL");
