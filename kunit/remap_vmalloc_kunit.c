// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests for remap_vmalloc_range() and remap_vmalloc_range_partial().
 *
 * They hand kernel memory to a process, and drivers let the process choose
 * the offset and the length. So whatever is outside the area, or in an area
 * that was not allocated for user space, must be refused; and what is mapped
 * must stay alive for as long as it is.
 */
#include <kunit/test.h>
#include <linux/gfp.h>
#include <linux/highmem.h>
#include <linux/io.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/pgtable.h>
#include <linux/sched/task_stack.h>
#include <linux/shm.h>
#include <linux/string.h>
#include <linux/vmalloc.h>

#include "mm_kunit.h"
#include "test_pages.h"
#include "user_vma.h"

/* Pages with references, in a VMA that must not grow beyond the area. */
#define REMAP_VMALLOC_FLAGS	(VM_MIXEDMAP | VM_DONTEXPAND | VM_DONTDUMP)

#define PROT_RW			(PROT_READ | PROT_WRITE)

/**
 * struct remap - one call in ->mmap, and what came of it
 * @kaddr: the kernel address
 * @pgoff: the page offset from @kaddr
 * @offset: where to map to: the offset in the VMA
 * @size: how much to map
 * @obstacle: a page to be found mapped as the second one of the VMA
 * @fail_nth: the page allocation that is to fail meanwhile
 * @failed: whether there were that many
 * @ret: what the call returned
 * @flags: the flags of the VMA that it changed
 *
 * Only remap_vmalloc_range_partial() has a use for @offset and @size.
 */
struct remap {
	void *kaddr;
	unsigned long pgoff;
	unsigned long offset;
	unsigned long size;
	struct page *obstacle;
	unsigned int fail_nth;
	bool failed;
	int ret;
	vm_flags_t flags;
};

/* The VMA stays after a failure, so that a test can look at it. */
static int range_mmap(struct vm_area_struct *vma, void *data)
{
	const vm_flags_t before = vma->vm_flags;
	struct remap *r = data;

	fail_nth_set(r->fail_nth);
	r->ret = remap_vmalloc_range(vma, r->kaddr, r->pgoff);
	r->failed = fail_nth_clear();
	r->flags = before ^ vma->vm_flags;

	return 0;
}

static int obstacle_mmap(struct vm_area_struct *vma, void *data)
{
	struct remap *r = data;
	int ret = vm_insert_page(vma, vma->vm_start + PAGE_SIZE, r->obstacle);

	return ret ?: range_mmap(vma, r);
}

static int partial_mmap(struct vm_area_struct *vma, void *data)
{
	const vm_flags_t before = vma->vm_flags;
	struct remap *r = data;

	r->ret = remap_vmalloc_range_partial(vma, vma->vm_start + r->offset,
					     r->kaddr, r->pgoff, r->size);
	r->flags = before ^ vma->vm_flags;

	return 0;
}

/* The address of @nr pages, mapped by @mmap with @r; never fails. */
static unsigned long map_pages(struct kunit *test, unsigned long nr,
			       unsigned long prot, unsigned long flags,
			       int (*mmap)(struct vm_area_struct *, void *),
			       struct remap *r)
{
	struct user_file *uf = user_file_open(test, O_RDWR, mmap, r);
	long addr = user_mmap(uf, 0, nr * PAGE_SIZE, prot, flags, 0);

	KUNIT_ASSERT_FALSE(test, IS_ERR_VALUE(addr));
	return addr;
}

static unsigned long map_shared(struct kunit *test, unsigned long nr,
				int (*mmap)(struct vm_area_struct *, void *),
				struct remap *r)
{
	return map_pages(test, nr, PROT_RW, MAP_SHARED, mmap, r);
}

KUNIT_DEFINE_ACTION_WRAPPER(vfree_action, vfree, const void *);
KUNIT_DEFINE_ACTION_WRAPPER(vunmap_action, vunmap, const void *);

/* @nr pages for user space, no two of the same contents. */
static void *user_buffer(struct kunit *test, unsigned long nr)
{
	void *buf = manage(test, vfree_action, vmalloc_user(nr * PAGE_SIZE));
	unsigned long i;

	for (i = 0; i < nr; i++)
		memset32(buf + i * PAGE_SIZE, i + 1, PAGE_SIZE / sizeof(u32));

	return buf;
}

static void *own_vmap(struct kunit *test, struct page **pages,
		      unsigned int count, unsigned long flags)
{
	return manage(test, vunmap_action,
		      vmap(pages, count, flags, PAGE_KERNEL));
}

/* Expects the process to see at @addr the @nr pages at @kaddr. */
static void expect_mapped(struct kunit *test, unsigned long addr,
			  const void *kaddr, unsigned long nr)
{
	unsigned long i;

	for (i = 0; i < nr; i++, addr += PAGE_SIZE, kaddr += PAGE_SIZE)
		KUNIT_ASSERT_PTR_EQ_MSG(test, user_page(addr, 0),
					vmalloc_to_page(kaddr), "page %lu", i);
}

/* Expects none of the @nr pages at @addr to be there. */
static void expect_unmapped(struct kunit *test, unsigned long addr,
			    unsigned long nr)
{
	unsigned long i;

	for (i = 0; i < nr; i++, addr += PAGE_SIZE)
		KUNIT_EXPECT_NULL_MSG(test, user_page(addr, 0), "page %lu", i);
}

/* === What is mapped === */

static void remap_vmalloc_range_maps_vma(struct kunit *test)
{
	struct remap r = { .kaddr = user_buffer(test, 3) };
	unsigned long addr = map_shared(test, 3, range_mmap, &r);
	int i;

	KUNIT_EXPECT_EQ(test, r.ret, 0);
	expect_mapped(test, addr, r.kaddr, 3);
	for (i = 0; i < 3; i++)
		KUNIT_EXPECT_MEMEQ(test, user_read_page(test, addr + i * PAGE_SIZE),
				   r.kaddr + i * PAGE_SIZE, PAGE_SIZE);
}

/* These are ordinary pages: neither VM_IO nor VM_PFNMAP. */
static void remap_vmalloc_range_flags(struct kunit *test)
{
	struct remap r = { .kaddr = user_buffer(test, 1) };

	map_shared(test, 1, range_mmap, &r);
	KUNIT_EXPECT_EQ(test, r.flags, REMAP_VMALLOC_FLAGS);
}

/* Up to the last page of the area, but not beyond it. */
static void remap_vmalloc_range_pgoff(struct kunit *test)
{
	struct remap r = { .kaddr = user_buffer(test, 5), .pgoff = 3 };
	unsigned long addr = map_shared(test, 2, range_mmap, &r);

	KUNIT_EXPECT_EQ(test, r.ret, 0);
	expect_mapped(test, addr, r.kaddr + 3 * PAGE_SIZE, 2);
}

/* The offset that the process asked for is for the driver to pass on. */
static void remap_vmalloc_range_ignores_vm_pgoff(struct kunit *test)
{
	struct remap r = { .kaddr = user_buffer(test, 3) };
	struct user_file *uf = user_file_open(test, O_RDWR, range_mmap, &r);
	long addr = user_mmap(uf, 0, PAGE_SIZE, PROT_RW, MAP_SHARED, 2);

	KUNIT_ASSERT_FALSE(test, IS_ERR_VALUE(addr));
	KUNIT_EXPECT_EQ(test, r.ret, 0);
	expect_mapped(test, addr, r.kaddr, 1);
}

static void remap_vmalloc_range_partial_placement(struct kunit *test)
{
	struct remap r = {
		.kaddr = user_buffer(test, 4),
		.pgoff = 2,
		.offset = PAGE_SIZE,
		.size = 2 * PAGE_SIZE,
	};
	unsigned long addr = map_shared(test, 4, partial_mmap, &r);

	KUNIT_EXPECT_EQ(test, r.ret, 0);
	KUNIT_EXPECT_EQ(test, r.flags, REMAP_VMALLOC_FLAGS);
	expect_unmapped(test, addr, 1);
	expect_mapped(test, addr + PAGE_SIZE, r.kaddr + 2 * PAGE_SIZE, 2);
	expect_unmapped(test, addr + 3 * PAGE_SIZE, 1);
}

/* An address inside an area is as good as one and a page offset. */
static void remap_vmalloc_range_partial_interior_kaddr(struct kunit *test)
{
	void *buf = user_buffer(test, 4);
	struct remap r = {
		.kaddr = buf + PAGE_SIZE,
		.pgoff = 1,
		.size = 2 * PAGE_SIZE,
	};
	unsigned long addr = map_shared(test, 2, partial_mmap, &r);

	KUNIT_EXPECT_EQ(test, r.ret, 0);
	expect_mapped(test, addr, buf + 2 * PAGE_SIZE, 2);
}

static void remap_vmalloc_range_partial_rounds_size_up(struct kunit *test)
{
	struct remap r = { .kaddr = user_buffer(test, 2) };
	unsigned long addr;

	r.size = 1;
	addr = map_shared(test, 2, partial_mmap, &r);
	KUNIT_EXPECT_EQ(test, r.ret, 0);
	expect_mapped(test, addr, r.kaddr, 1);
	expect_unmapped(test, addr + PAGE_SIZE, 1);

	r.size = PAGE_SIZE + 1;
	addr = map_shared(test, 2, partial_mmap, &r);
	KUNIT_EXPECT_EQ(test, r.ret, 0);
	expect_mapped(test, addr, r.kaddr, 2);
}

/* Maps the two halves of a buffer one after the other, but swapped. */
static int swapped_mmap(struct vm_area_struct *vma, void *data)
{
	struct remap *r = data;

	r->offset = r->size;
	partial_mmap(vma, r);
	if (r->ret)
		return r->ret;

	r->offset = 0;
	r->pgoff = r->size >> PAGE_SHIFT;
	return partial_mmap(vma, r);
}

static void remap_vmalloc_range_partial_twice(struct kunit *test)
{
	struct remap r = {
		.kaddr = user_buffer(test, 4),
		.size = 2 * PAGE_SIZE,
	};
	unsigned long addr = map_shared(test, 4, swapped_mmap, &r);

	KUNIT_EXPECT_EQ(test, r.ret, 0);
	KUNIT_EXPECT_EQ(test, r.flags, 0);
	expect_mapped(test, addr, r.kaddr + 2 * PAGE_SIZE, 2);
	expect_mapped(test, addr + 2 * PAGE_SIZE, r.kaddr, 2);
}

/* More pages than a page table has entries, or at least two page tables. */
static void remap_vmalloc_range_page_tables(struct kunit *test)
{
	struct remap r = { .kaddr = user_buffer(test, 600) };
	struct user_file *uf = user_file_open(test, O_RDWR, range_mmap, &r);
	unsigned long at = 16 * PMD_SIZE - 300 * PAGE_SIZE;
	long addr = user_mmap(uf, at, 600 * PAGE_SIZE, PROT_RW,
			      MAP_SHARED | MAP_FIXED, 0);

	KUNIT_ASSERT_EQ(test, addr, at);
	KUNIT_EXPECT_EQ(test, r.ret, 0);
	expect_mapped(test, addr, r.kaddr, 600);
	KUNIT_EXPECT_MEMEQ(test, user_read_page(test, addr + 599 * PAGE_SIZE),
			   r.kaddr + 599 * PAGE_SIZE, PAGE_SIZE);
}

/* Where the area consists of huge pages, it is still mapped page by page. */
static void remap_vmalloc_range_huge_area(struct kunit *test)
{
	struct remap r = { .pgoff = PMD_SIZE / PAGE_SIZE - 2 };
	unsigned long addr;

	if (PMD_SIZE > SZ_4M)
		kunit_skip(test, "needs huge pages of 4 MB or less");

	r.kaddr = manage(test, vfree_action,
			 vmalloc_huge(2 * PMD_SIZE, GFP_KERNEL | __GFP_ZERO));
	find_vm_area(r.kaddr)->flags |= VM_USERMAP;

	addr = map_shared(test, 4, range_mmap, &r);
	KUNIT_EXPECT_EQ(test, r.ret, 0);
	memset(r.kaddr + PMD_SIZE, 'h', PAGE_SIZE);
	expect_mapped(test, addr, r.kaddr + PMD_SIZE - 2 * PAGE_SIZE, 4);
	KUNIT_EXPECT_MEMEQ(test, user_read_page(test, addr + 2 * PAGE_SIZE),
			   r.kaddr + PMD_SIZE, PAGE_SIZE);
}

/* === Which addresses are accepted === */

static void *addr_vmalloc(struct kunit *test)
{
	return manage(test, vfree_action, vmalloc(PAGE_SIZE));
}

static void *addr_vzalloc(struct kunit *test)
{
	return manage(test, vfree_action, vzalloc(PAGE_SIZE));
}

static void *addr_vmap(struct kunit *test, unsigned long flags)
{
	struct page *page = own_page(test);

	return own_vmap(test, &page, 1, flags);
}

static void *addr_vmap_plain(struct kunit *test)
{
	return addr_vmap(test, VM_MAP);
}

static void *addr_vmap_ioremap(struct kunit *test)
{
	return addr_vmap(test, VM_IOREMAP);
}

static void *addr_vmap_user(struct kunit *test)
{
	return addr_vmap(test, VM_MAP | VM_USERMAP);
}

static void *addr_vmap_dma(struct kunit *test)
{
	return addr_vmap(test, VM_DMA_COHERENT);
}

static void *addr_vmalloc_user(struct kunit *test)
{
	return manage(test, vfree_action, vmalloc_user(PAGE_SIZE));
}

static void *addr_vmalloc_32_user(struct kunit *test)
{
	return manage(test, vfree_action, vmalloc_32_user(PAGE_SIZE));
}

static void unmap_ram_action(void *addr)
{
	vm_unmap_ram(addr, 1);
}

static void *addr_vm_map_ram(struct kunit *test)
{
	struct page *page = own_page(test);

	return manage(test, unmap_ram_action,
		      vm_map_ram(&page, 1, NUMA_NO_NODE));
}

static void *addr_vfreed(struct kunit *test)
{
	void *buf = vmalloc_user(PAGE_SIZE);

	KUNIT_ASSERT_NOT_NULL(test, buf);
	vfree(buf);
	return buf;
}

static void *addr_kmalloc(struct kunit *test)
{
	void *buf = kunit_kmalloc(test, PAGE_SIZE, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, buf);
	return buf;
}

static void *addr_stack(struct kunit *test)
{
	return PTR_ALIGN_DOWN(task_stack_page(current), PAGE_SIZE);
}

static void *addr_null(struct kunit *test)
{
	return NULL;
}

/*
 * Only who allocates an area can know that its pages may be shown to user
 * space: that they are initialized, and hold no one else's data.
 */
static const struct addr_case {
	const char *desc;
	void *(*get)(struct kunit *test);
	int ret;
} addr_cases[] = {
	{ "vmalloc_user", addr_vmalloc_user, 0 },
	{ "vmalloc_32_user", addr_vmalloc_32_user, 0 },
	{ "vmap_with_vm_usermap", addr_vmap_user, 0 },
	{ "vmap_with_vm_dma_coherent", addr_vmap_dma, 0 },
	{ "vmap", addr_vmap_plain, -EINVAL },
	{ "vmap_with_vm_ioremap", addr_vmap_ioremap, -EINVAL },
	{ "vmalloc", addr_vmalloc, -EINVAL },
	{ "vzalloc", addr_vzalloc, -EINVAL },
	{ "vm_map_ram", addr_vm_map_ram, -EINVAL },
	{ "vfree", addr_vfreed, -EINVAL },
	{ "kmalloc", addr_kmalloc, -EINVAL },
	{ "stack", addr_stack, -EINVAL },
	{ "null", addr_null, -EINVAL },
};

KUNIT_ARRAY_PARAM_DESC(addr, addr_cases, desc);

static void remap_vmalloc_range_address(struct kunit *test)
{
	const struct addr_case *c = test->param_value;
	struct remap r = { .kaddr = c->get(test) };
	unsigned long addr = map_shared(test, 1, range_mmap, &r);

	KUNIT_EXPECT_EQ(test, r.ret, c->ret);
	KUNIT_EXPECT_EQ(test, r.flags, c->ret ? 0 : REMAP_VMALLOC_FLAGS);
	if (c->ret)
		expect_unmapped(test, addr, 1);
	else
		expect_mapped(test, addr, r.kaddr, 1);
}

/* === Which ranges are refused === */

/* The VMA is the smaller one, so that the area can be overrun within it. */
#define AREA_PAGES	3
#define AREA_SIZE	(AREA_PAGES * PAGE_SIZE)
#define VMA_PAGES	2
#define VMA_SIZE	(VMA_PAGES * PAGE_SIZE)

/* The first page offset that does not fit into an address. */
#define PGOFF_OVERFLOW	(1UL << (BITS_PER_LONG - PAGE_SHIFT))

/* Nothing is left of it in a variable of half the size. */
#define UPPER_HALF	(1UL << (BITS_PER_LONG / 2))

static const struct refusal {
	const char *desc;
	unsigned long offset;
	unsigned long kaddr;
	unsigned long pgoff;
	unsigned long size;
	int ret;
} refusals[] = {
	{ "uaddr_one_byte_into_a_page", 1, 0, 0, PAGE_SIZE, -EINVAL },
	{ "uaddr_half_a_page_into_a_page", PAGE_SIZE / 2, 0, 0, PAGE_SIZE, -EINVAL },
	{ "uaddr_at_the_end_of_the_vma", VMA_SIZE, 0, 0, PAGE_SIZE, -EFAULT },
	{ "uaddr_a_page_below_the_vma", -PAGE_SIZE, 0, 0, PAGE_SIZE, -EFAULT },
	{ "uaddr_outside_the_vma_and_unaligned", VMA_SIZE + 1, 0, 0, PAGE_SIZE, -EINVAL },
	{ "uaddr_outside_the_vma_and_area_too_small", VMA_SIZE, 0, 0, AREA_SIZE + 1, -EINVAL },
	{ "kaddr_one_byte_into_a_page", 0, 1, 0, PAGE_SIZE, -EINVAL },
	{ "kaddr_half_a_page_into_a_page", 0, PAGE_SIZE / 2, 0, PAGE_SIZE, -EINVAL },
	{ "kaddr_in_the_area_and_its_size", 0, PAGE_SIZE, 0, AREA_SIZE, -EINVAL },
	{ "kaddr_in_the_area_and_pgoff", VMA_SIZE, PAGE_SIZE, 1, VMA_SIZE, -EINVAL },
	{ "kaddr_in_the_guard_page", VMA_SIZE, AREA_SIZE, 0, PAGE_SIZE, -EINVAL },
	{ "size_0", 0, 0, 0, 0, -EINVAL },
	{ "size_rounded_up_overflows_to_0", 0, 0, 0, ULONG_MAX, -EINVAL },
	{ "size_a_page_above_the_area_s", 0, 0, 0, AREA_SIZE + PAGE_SIZE, -EINVAL },
	{ "size_a_byte_above_the_area_s", 0, 0, 0, AREA_SIZE + 1, -EINVAL },
	{ "size_must_not_be_truncated", 0, 0, 0, UPPER_HALF + AREA_SIZE, -EINVAL },
	{ "size_of_whole_pages_as_large_as_can_be", 0, 0, 0, -PAGE_SIZE, -EINVAL },
	{ "size_and_pgoff_a_page_above_the_area_s", 0, 0, 1, AREA_SIZE, -EINVAL },
	{ "size_and_pgoff_overflow_to_0", 0, 0, 1, -PAGE_SIZE, -EINVAL },
	{ "pgoff_at_the_end_of_the_area", VMA_SIZE, 0, AREA_PAGES, PAGE_SIZE, -EINVAL },
	{ "pgoff_overflows_to_0", 0, 0, PGOFF_OVERFLOW, PAGE_SIZE, -EINVAL },
	{ "pgoff_overflows_to_1", 0, 0, PGOFF_OVERFLOW + 1, PAGE_SIZE, -EINVAL },
	{ "pgoff_must_not_be_truncated", 0, 0, UPPER_HALF, PAGE_SIZE, -EINVAL },
	{ "pgoff_as_large_as_can_be", 0, 0, ULONG_MAX, PAGE_SIZE, -EINVAL },
	{ "pgoff_and_size_overflow_to_0", 0, PAGE_SIZE, PGOFF_OVERFLOW - 1, PAGE_SIZE, -EINVAL },
	{ "pgoff_and_size_overflow_to_1", 0, PAGE_SIZE, PGOFF_OVERFLOW - 1, VMA_SIZE, -EINVAL },
};

KUNIT_ARRAY_PARAM_DESC(refusal, refusals, desc);

/* What is refused leaves no trace: the caller need not clean up. */
static void remap_vmalloc_range_partial_refusal(struct kunit *test)
{
	const struct refusal *c = test->param_value;
	struct remap r = {
		.kaddr = user_buffer(test, AREA_PAGES) + c->kaddr,
		.pgoff = c->pgoff,
		.offset = c->offset,
		.size = c->size,
	};
	unsigned long addr = map_shared(test, VMA_PAGES, partial_mmap, &r);

	KUNIT_EXPECT_EQ(test, r.ret, c->ret);
	KUNIT_EXPECT_EQ(test, r.flags, 0);
	expect_unmapped(test, addr, VMA_PAGES);
}

/*
 * The guard page is no part of the area. There is no page in it to be mapped:
 * were it not refused, the obstacle would end the attempt before it gets there.
 */
static void remap_vmalloc_range_past_end(struct kunit *test)
{
	struct remap r = {
		.kaddr = user_buffer(test, 3),
		.obstacle = own_page(test),
	};
	unsigned long addr = map_shared(test, 4, obstacle_mmap, &r);

	KUNIT_EXPECT_EQ(test, r.ret, -EINVAL);
	KUNIT_EXPECT_EQ(test, r.flags, 0);
	expect_unmapped(test, addr, 1);

	r.pgoff = 1;
	addr = map_shared(test, 3, obstacle_mmap, &r);
	KUNIT_EXPECT_EQ(test, r.ret, -EINVAL);
	KUNIT_EXPECT_EQ(test, r.flags, 0);
	expect_unmapped(test, addr, 1);
}

/* Without a guard page, the last page is one like the others. */
static void get_vm_area_size_no_guard(struct kunit *test)
{
	struct vm_struct area = { .size = 3 * PAGE_SIZE };

	KUNIT_EXPECT_EQ(test, get_vm_area_size(&area), 2 * PAGE_SIZE);
	area.flags = VM_NO_GUARD;
	KUNIT_EXPECT_EQ(test, get_vm_area_size(&area), 3 * PAGE_SIZE);
}

/* === Failures on the way === */

static void remap_vmalloc_range_partial_past_vma(struct kunit *test)
{
	struct remap r = {
		.kaddr = user_buffer(test, 3),
		.offset = PAGE_SIZE,
		.size = 2 * PAGE_SIZE,
	};
	unsigned long addr = map_shared(test, 2, partial_mmap, &r);

	KUNIT_EXPECT_EQ(test, r.ret, -EFAULT);
	KUNIT_EXPECT_EQ(test, r.flags, VM_MIXEDMAP);
	expect_unmapped(test, addr, 1);
	expect_mapped(test, addr + PAGE_SIZE, r.kaddr, 1);
}

/* It does not replace what is mapped already, and does not clean up. */
static void remap_vmalloc_range_occupied(struct kunit *test)
{
	struct remap r = {
		.kaddr = user_buffer(test, 3),
		.obstacle = own_page(test),
	};
	unsigned long addr = map_shared(test, 3, obstacle_mmap, &r);

	KUNIT_EXPECT_EQ(test, r.ret, -EBUSY);
	KUNIT_EXPECT_EQ(test, r.flags, 0);
	expect_mapped(test, addr, r.kaddr, 1);
	KUNIT_EXPECT_PTR_EQ(test, user_page(addr + PAGE_SIZE, 0), r.obstacle);
	expect_unmapped(test, addr + 2 * PAGE_SIZE, 1);

	KUNIT_EXPECT_EQ(test, page_ref_count(r.obstacle), 2);
	KUNIT_EXPECT_EQ(test,
			page_ref_count(vmalloc_to_page(r.kaddr + PAGE_SIZE)),
			1);
}

static int obstacle_mmap_fails(struct vm_area_struct *vma, void *data)
{
	struct remap *r = data;

	return obstacle_mmap(vma, r) ?: r->ret;
}

/* A driver can leave it to mmap(2) to do so, by failing as well. */
static void remap_vmalloc_range_failure_unmaps(struct kunit *test)
{
	struct remap r = {
		.kaddr = user_buffer(test, 3),
		.obstacle = own_page(test),
	};
	struct user_file *uf = user_file_open(test, O_RDWR, obstacle_mmap_fails,
					      &r);

	KUNIT_EXPECT_EQ(test,
			user_mmap(uf, 0, 3 * PAGE_SIZE, PROT_RW, MAP_SHARED, 0),
			-EBUSY);
	KUNIT_EXPECT_EQ(test, page_ref_count(vmalloc_to_page(r.kaddr)), 1);
	KUNIT_EXPECT_EQ(test, page_ref_count(r.obstacle), 1);
	KUNIT_EXPECT_EQ(test, get_mm_rss_sum(current->mm), 0);
}

/* Each of the tables that the pages need can be one too many. */
static void remap_vmalloc_range_no_memory(struct kunit *test)
{
	const unsigned long at = user_largest_table() - PAGE_SIZE;
	struct remap r = { .kaddr = user_buffer(test, 2) };
	struct user_file *uf = user_file_open(test, O_RDWR, range_mmap, &r);
	unsigned int errors = 0;

	fail_any_page_alloc(test);
	do {
		r.fail_nth++;
		KUNIT_ASSERT_EQ(test, at, user_mmap(uf, at, 2 * PAGE_SIZE, PROT_RW,
						    MAP_SHARED | MAP_FIXED, 0));
		if (r.ret) {
			errors++;
			KUNIT_EXPECT_EQ(test, r.ret, -ENOMEM);
			KUNIT_EXPECT_EQ(test, r.flags, VM_MIXEDMAP);
			expect_unmapped(test, at + PAGE_SIZE, 1);
		} else {
			/* Even if an allocation failed, as KASAN's may for its records. */
			expect_mapped(test, at, r.kaddr, 2);
		}
		KUNIT_ASSERT_EQ(test, vm_munmap(at, 2 * PAGE_SIZE), 0);
		KUNIT_EXPECT_EQ(test, page_ref_count(vmalloc_to_page(r.kaddr)), 1);
		KUNIT_EXPECT_EQ(test, page_ref_count(vmalloc_to_page(r.kaddr + PAGE_SIZE)), 1);
		KUNIT_EXPECT_EQ(test, get_mm_rss_sum(current->mm), 0);
	} while (r.failed && r.fail_nth < 100);
	KUNIT_EXPECT_FALSE(test, r.failed);
	KUNIT_EXPECT_GT(test, errors, 0);
}

static void remap_vmalloc_range_bad_page(struct kunit *test)
{
	const struct bad_page *bad = test->param_value;
	struct page *pages[2] = { own_page(test), bad->get(test) };
	struct remap r = {
		.kaddr = own_vmap(test, pages, 2, VM_MAP | VM_USERMAP),
	};
	int refs = page_ref_count(pages[1]);
	unsigned long addr = map_shared(test, 2, range_mmap, &r);

	KUNIT_EXPECT_EQ(test, r.ret, -EINVAL);
	KUNIT_EXPECT_EQ(test, r.flags, VM_MIXEDMAP);
	KUNIT_EXPECT_PTR_EQ(test, user_page(addr, 0), pages[0]);
	expect_unmapped(test, addr + PAGE_SIZE, 1);
	KUNIT_EXPECT_EQ(test, page_ref_count(pages[1]), refs);
}

/* === Who owns the pages === */

static void expect_counts(struct kunit *test, const void *kaddr, int refs,
			  int mapcount)
{
	struct page *page = vmalloc_to_page(kaddr);

	KUNIT_EXPECT_EQ(test, page_ref_count(page), refs);
	KUNIT_EXPECT_EQ(test, folio_mapcount(page_folio(page)), mapcount);
}

static void remap_vmalloc_range_references(struct kunit *test)
{
	struct remap r = { .kaddr = user_buffer(test, 2) };
	unsigned long addr = map_shared(test, 2, range_mmap, &r);

	expect_counts(test, r.kaddr, 2, 1);
	expect_counts(test, r.kaddr + PAGE_SIZE, 2, 1);
	KUNIT_EXPECT_EQ(test, get_mm_counter_sum(current->mm, MM_FILEPAGES), 2);
	KUNIT_EXPECT_EQ(test, get_mm_rss_sum(current->mm), 2);

	KUNIT_EXPECT_EQ(test, vm_munmap(addr, 2 * PAGE_SIZE), 0);
	expect_counts(test, r.kaddr, 1, 0);
	expect_counts(test, r.kaddr + PAGE_SIZE, 1, 0);
	KUNIT_EXPECT_EQ(test, get_mm_rss_sum(current->mm), 0);
}

static void remap_vmalloc_range_partial_munmap(struct kunit *test)
{
	struct remap r = { .kaddr = user_buffer(test, 3) };
	unsigned long addr = map_shared(test, 3, range_mmap, &r);

	KUNIT_EXPECT_EQ(test, vm_munmap(addr + PAGE_SIZE, PAGE_SIZE), 0);
	expect_counts(test, r.kaddr, 2, 1);
	expect_counts(test, r.kaddr + PAGE_SIZE, 1, 0);
	expect_counts(test, r.kaddr + 2 * PAGE_SIZE, 2, 1);
	expect_mapped(test, addr, r.kaddr, 1);
	expect_unmapped(test, addr + PAGE_SIZE, 1);
	expect_mapped(test, addr + 2 * PAGE_SIZE, r.kaddr + 2 * PAGE_SIZE, 1);
}

static void remap_vmalloc_range_twice(struct kunit *test)
{
	struct remap r = { .kaddr = user_buffer(test, 1) };
	unsigned long first = map_shared(test, 1, range_mmap, &r);
	unsigned long second = map_shared(test, 1, range_mmap, &r);

	KUNIT_EXPECT_NE(test, first, second);
	expect_counts(test, r.kaddr, 3, 2);
	KUNIT_EXPECT_EQ(test, vm_munmap(first, PAGE_SIZE), 0);
	expect_counts(test, r.kaddr, 2, 1);
	expect_mapped(test, second, r.kaddr, 1);
}

/* A driver may free its memory, and a process may keep it. */
static void remap_vmalloc_range_vfree_while_mapped(struct kunit *test)
{
	struct remap r = {
		.kaddr = user_buffer(test, 3),
		.pgoff = 1,
		.size = PAGE_SIZE,
	};
	struct page *page = vmalloc_to_page(r.kaddr + PAGE_SIZE);
	unsigned long addr = map_shared(test, 1, partial_mmap, &r);
	void *before = user_read_page(test, addr);

	kunit_release_action(test, vfree_action, r.kaddr);
	KUNIT_EXPECT_EQ(test, page_ref_count(page), 1);
	KUNIT_EXPECT_PTR_EQ(test, user_page(addr, 0), page);
	KUNIT_EXPECT_MEMEQ(test, user_read_page(test, addr), before, PAGE_SIZE);
	KUNIT_EXPECT_TRUE(test, user_write(addr, 7));

	get_page(page);
	KUNIT_EXPECT_EQ(test, vm_munmap(addr, PAGE_SIZE), 0);
	KUNIT_EXPECT_EQ(test, page_ref_count(page), 1);
	put_page(page);
}

/* A device may still be using a page that neither side has mapped. */
static void remap_vmalloc_range_pin_outlives(struct kunit *test)
{
	struct remap r = { .kaddr = user_buffer(test, 1) };
	unsigned long addr = map_shared(test, 1, range_mmap, &r);
	void *before = user_read_page(test, addr);
	void *after = kunit_kmalloc(test, PAGE_SIZE, GFP_KERNEL);
	struct page *page;

	KUNIT_ASSERT_NOT_NULL(test, after);
	KUNIT_ASSERT_EQ(test,
			pin_user_pages_fast(addr, 1, FOLL_WRITE | FOLL_LONGTERM,
					    &page), 1);
	KUNIT_EXPECT_PTR_EQ(test, page, vmalloc_to_page(r.kaddr));

	KUNIT_EXPECT_EQ(test, vm_munmap(addr, PAGE_SIZE), 0);
	kunit_release_action(test, vfree_action, r.kaddr);
	KUNIT_EXPECT_TRUE(test, folio_maybe_dma_pinned(page_folio(page)));
	memcpy_from_page(after, page, 0, PAGE_SIZE);
	KUNIT_EXPECT_MEMEQ(test, after, before, PAGE_SIZE);
	unpin_user_page(page);
}

/*
 * Requests are checked against the size that the area was allocated with, so
 * its pages must not be freed when it is made smaller.
 */
static void vrealloc_shrink_keeps_user_pages(struct kunit *test)
{
	struct remap r = { .kaddr = user_buffer(test, 3) };
	struct page *last = vmalloc_to_page(r.kaddr + 2 * PAGE_SIZE);
	unsigned long addr;

	KUNIT_ASSERT_PTR_EQ(test, vrealloc(r.kaddr, PAGE_SIZE, GFP_KERNEL),
			    r.kaddr);
	KUNIT_ASSERT_PTR_EQ(test, vmalloc_to_page(r.kaddr + 2 * PAGE_SIZE),
			    last);
	KUNIT_EXPECT_EQ(test, page_ref_count(last), 1);

	addr = map_shared(test, 3, range_mmap, &r);
	KUNIT_EXPECT_EQ(test, r.ret, 0);
	expect_mapped(test, addr, r.kaddr, 3);
}

/* === What the process can do with them === */

static void remap_vmalloc_range_shared(struct kunit *test)
{
	struct remap r = { .kaddr = user_buffer(test, 2) };
	unsigned long addr = map_shared(test, 2, range_mmap, &r);
	u32 *second = r.kaddr + PAGE_SIZE;

	/* The VMA allows it, so no fault is needed for the first write. */
	KUNIT_EXPECT_PTR_EQ(test, user_page(addr, FOLL_WRITE),
			    vmalloc_to_page(r.kaddr));

	KUNIT_EXPECT_TRUE(test, user_write(addr + PAGE_SIZE, 1234));
	KUNIT_EXPECT_EQ(test, READ_ONCE(*second), 1234);
	WRITE_ONCE(*second, 4321);
	KUNIT_EXPECT_MEMEQ(test, user_read_page(test, addr + PAGE_SIZE), second,
			   PAGE_SIZE);
}

static void remap_vmalloc_range_private(struct kunit *test)
{
	struct remap r = { .kaddr = user_buffer(test, 2) };
	unsigned long addr = map_pages(test, 2, PROT_RW, MAP_PRIVATE,
				       range_mmap, &r);
	void *before;
	u32 *copy;

	KUNIT_EXPECT_EQ(test, r.ret, 0);
	expect_mapped(test, addr, r.kaddr, 2);
	KUNIT_EXPECT_NULL(test, user_page(addr, FOLL_WRITE));

	/* The process reads what the kernel writes, until it writes itself. */
	memset(r.kaddr, 'k', PAGE_SIZE);
	before = user_read_page(test, addr);
	KUNIT_EXPECT_MEMEQ(test, before, r.kaddr, PAGE_SIZE);

	KUNIT_EXPECT_TRUE(test, user_write(addr, 1234));
	KUNIT_EXPECT_MEMEQ(test, r.kaddr, before, PAGE_SIZE);
	expect_counts(test, r.kaddr, 1, 0);
	expect_mapped(test, addr + PAGE_SIZE, r.kaddr + PAGE_SIZE, 1);

	memset(r.kaddr, 'l', PAGE_SIZE);
	copy = user_read_page(test, addr);
	KUNIT_EXPECT_EQ(test, copy[0], 1234);
	KUNIT_EXPECT_MEMEQ(test, copy + 1, before + sizeof(u32),
			   PAGE_SIZE - sizeof(u32));
}

static void remap_vmalloc_range_readonly_mapping(struct kunit *test)
{
	struct remap r = { .kaddr = user_buffer(test, 1) };
	unsigned long addr = map_pages(test, 1, PROT_READ, MAP_SHARED,
				       range_mmap, &r);

	KUNIT_EXPECT_EQ(test, r.ret, 0);
	expect_mapped(test, addr, r.kaddr, 1);
	KUNIT_EXPECT_NULL(test, user_page(addr, FOLL_WRITE));
	KUNIT_EXPECT_FALSE(test, user_write(addr, 1234));
	KUNIT_EXPECT_MEMEQ(test, user_read_page(test, addr), r.kaddr, PAGE_SIZE);
}

static void remap_vmalloc_range_readonly_file(struct kunit *test)
{
	struct remap r = { .kaddr = user_buffer(test, 1) };
	struct user_file *uf = user_file_open(test, O_RDONLY, range_mmap, &r);
	long addr = user_mmap(uf, 0, PAGE_SIZE, PROT_READ, MAP_SHARED, 0);

	KUNIT_ASSERT_FALSE(test, IS_ERR_VALUE(addr));
	KUNIT_EXPECT_EQ(test, r.ret, 0);
	KUNIT_EXPECT_EQ(test, r.flags, REMAP_VMALLOC_FLAGS);
	expect_mapped(test, addr, r.kaddr, 1);
	KUNIT_EXPECT_FALSE(test, user_write(addr, 1234));
}

/* === The allocators === */

static const struct alloc_case {
	const char *desc;
	bool low;
	unsigned long size;
} alloc_cases[] = {
	{ "vmalloc_user_of_a_byte", false, 1 },
	{ "vmalloc_user_of_a_page", false, PAGE_SIZE },
	{ "vmalloc_user_of_a_page_and_a_byte", false, PAGE_SIZE + 1 },
	{ "vmalloc_32_user_of_a_byte", true, 1 },
	{ "vmalloc_32_user_of_a_page", true, PAGE_SIZE },
	{ "vmalloc_32_user_of_a_page_and_a_byte", true, PAGE_SIZE + 1 },
};

KUNIT_ARRAY_PARAM_DESC(alloc, alloc_cases, desc);

static void *alloc_user(bool low, unsigned long size)
{
	return low ? vmalloc_32_user(size) : vmalloc_user(size);
}

/* Whole pages are mapped, so all of the last one must be free of old data. */
static void vmalloc_user_area(struct kunit *test)
{
	const struct alloc_case *c = test->param_value;
	unsigned long size = PAGE_ALIGN(c->size);
	struct remap r = {};
	struct vm_struct *area;
	unsigned long addr, i;
	void *dirty;

	/* Memory that was just freed is the first to be allocated again. */
	dirty = c->low ? vmalloc_32(size) : vmalloc(size);
	KUNIT_ASSERT_NOT_NULL(test, dirty);
	memset(dirty, 'd', size);
	vfree(dirty);

	r.kaddr = manage(test, vfree_action, alloc_user(c->low, c->size));
	area = find_vm_area(r.kaddr);
	KUNIT_ASSERT_NOT_NULL(test, area);
	KUNIT_EXPECT_TRUE(test, area->flags & VM_USERMAP);
	KUNIT_EXPECT_FALSE(test, area->flags & VM_NO_GUARD);
	KUNIT_EXPECT_EQ(test, get_vm_area_size(area), size);

	/* User space can have it at an address of the same cache colour. */
	KUNIT_EXPECT_TRUE(test, IS_ALIGNED((unsigned long)r.kaddr, SHMLBA));

	addr = map_shared(test, size >> PAGE_SHIFT, range_mmap, &r);
	KUNIT_EXPECT_EQ(test, r.ret, 0);
	for (i = 0; i < size; i += PAGE_SIZE) {
		phys_addr_t phys = page_to_phys(vmalloc_to_page(r.kaddr + i));

		KUNIT_EXPECT_NULL(test, memchr_inv(user_read_page(test, addr + i),
						   0, PAGE_SIZE));
		if (c->low)
			KUNIT_EXPECT_LE(test, phys, U32_MAX);
	}
}

/* This is taken for a mistake of the caller, hence the warning. */
static void vmalloc_user_size_0(struct kunit *test)
{
	kunit_warning_suppress(test) {
		KUNIT_EXPECT_NULL(test, vmalloc_user(0));
		KUNIT_EXPECT_NULL(test, vmalloc_32_user(0));
	}
}

static struct kunit_case remap_vmalloc_test_cases[] = {
	KUNIT_CASE(remap_vmalloc_range_maps_vma),
	KUNIT_CASE(remap_vmalloc_range_flags),
	KUNIT_CASE(remap_vmalloc_range_pgoff),
	KUNIT_CASE(remap_vmalloc_range_ignores_vm_pgoff),
	KUNIT_CASE(remap_vmalloc_range_partial_placement),
	KUNIT_CASE(remap_vmalloc_range_partial_interior_kaddr),
	KUNIT_CASE(remap_vmalloc_range_partial_rounds_size_up),
	KUNIT_CASE(remap_vmalloc_range_partial_twice),
	KUNIT_CASE(remap_vmalloc_range_page_tables),
	KUNIT_CASE(remap_vmalloc_range_huge_area),
	KUNIT_CASE_PARAM(remap_vmalloc_range_address, addr_gen_params),
	KUNIT_CASE_PARAM(remap_vmalloc_range_partial_refusal,
			 refusal_gen_params),
	KUNIT_CASE(remap_vmalloc_range_past_end),
	KUNIT_CASE(get_vm_area_size_no_guard),
	KUNIT_CASE(remap_vmalloc_range_partial_past_vma),
	KUNIT_CASE(remap_vmalloc_range_occupied),
	KUNIT_CASE(remap_vmalloc_range_failure_unmaps),
	KUNIT_CASE(remap_vmalloc_range_no_memory),
	KUNIT_CASE_PARAM(remap_vmalloc_range_bad_page, bad_page_gen_params),
	KUNIT_CASE(remap_vmalloc_range_references),
	KUNIT_CASE(remap_vmalloc_range_partial_munmap),
	KUNIT_CASE(remap_vmalloc_range_twice),
	KUNIT_CASE(remap_vmalloc_range_vfree_while_mapped),
	KUNIT_CASE(remap_vmalloc_range_pin_outlives),
	KUNIT_CASE(vrealloc_shrink_keeps_user_pages),
	KUNIT_CASE(remap_vmalloc_range_shared),
	KUNIT_CASE(remap_vmalloc_range_private),
	KUNIT_CASE(remap_vmalloc_range_readonly_mapping),
	KUNIT_CASE(remap_vmalloc_range_readonly_file),
	KUNIT_CASE_PARAM(vmalloc_user_area, alloc_gen_params),
	KUNIT_CASE(vmalloc_user_size_0),
	{}
};

static struct kunit_suite remap_vmalloc_test_suite = {
	.name = "remap_vmalloc",
	.init = mm_kunit_init,
	.test_cases = remap_vmalloc_test_cases,
};

kunit_test_suite(remap_vmalloc_test_suite);

MODULE_DESCRIPTION("KUnit tests for remap_vmalloc_range()");
MODULE_LICENSE("GPL");
