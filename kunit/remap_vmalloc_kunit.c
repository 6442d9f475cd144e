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

#include "remap_vmalloc.h"

/* -- What is mapped -------------------------------------------------------- */

/*
 * remap_vmalloc_range() maps the buffer's pages in order and fills the VMA,
 * because the process relies on the length that mmap() accepted.
 */
static void remap_vmalloc_range_maps_vma(struct kunit *test)
{
	struct remap r = { .kaddr = user_buffer(test, 3) };
	unsigned long addr = map_shared(test, 3, range_mmap, &r);
	int i;

	KUNIT_EXPECT_EQ(test, r.ret, 0);
	MM_KUNIT_ASSERT(test, check_mapped(test, addr, r.kaddr, 3));
	for (i = 0; i < 3; i++)
		MM_KUNIT_EXPECT_MSG(test,
				    check_bytes(test, USER_READ_PAGE(test, addr + i * PAGE_SIZE),
						r.kaddr + i * PAGE_SIZE, PAGE_SIZE),
				    "page %d", i);
}

/*
 * The VMA gets VM_MIXEDMAP, VM_DONTEXPAND and VM_DONTDUMP, and neither VM_IO
 * nor VM_PFNMAP, because vmalloc pages are ordinary pages with references; the
 * mapping must not grow beyond the area.
 */
static void remap_vmalloc_range_flags(struct kunit *test)
{
	struct remap r = { .kaddr = user_buffer(test, 1) };

	map_shared(test, 1, range_mmap, &r);
	KUNIT_EXPECT_EQ(test, r.flags, REMAP_VMALLOC_FLAGS);
}

/*
 * @pgoff is an offset in the buffer in pages, and may reach up to the last page
 * of the area, because drivers map parts of a buffer.
 */
static void remap_vmalloc_range_pgoff(struct kunit *test)
{
	struct remap r = { .kaddr = user_buffer(test, 5), .pgoff = 3 };
	unsigned long addr = map_shared(test, 2, range_mmap, &r);

	KUNIT_EXPECT_EQ(test, r.ret, 0);
	MM_KUNIT_ASSERT(test,
			check_mapped(test, addr, r.kaddr + 3 * PAGE_SIZE, 2));
}

/*
 * vm_pgoff of the VMA is not looked at, because the driver decides what an
 * offset in its file means and passes @pgoff.
 */
static void remap_vmalloc_range_ignores_vm_pgoff(struct kunit *test)
{
	struct remap r = { .kaddr = user_buffer(test, 3) };
	struct user_file *uf = user_file_open(test, O_RDWR, range_mmap, &r);
	long addr = user_mmap(uf, 0, PAGE_SIZE, PROT_RW, MAP_SHARED, 2);

	KUNIT_ASSERT_FALSE_MSG(test, IS_ERR_VALUE(addr), "mmap() returned %ld", (long)addr);
	KUNIT_EXPECT_EQ(test, r.ret, 0);
	MM_KUNIT_ASSERT(test, check_mapped(test, addr, r.kaddr, 1));
}

/*
 * remap_vmalloc_range_partial() maps @size bytes from page @pgoff of the buffer
 * to the user address that it is given, and nothing before or after, because
 * drivers build a VMA from several buffers.
 */
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
	MM_KUNIT_EXPECT(test, user_check_no_pages(test, addr, 1));
	MM_KUNIT_ASSERT(test,
			check_mapped(test, addr + PAGE_SIZE, r.kaddr + 2 * PAGE_SIZE, 2));
	MM_KUNIT_EXPECT(test, user_check_no_pages(test, addr + 3 * PAGE_SIZE, 1));
}

/*
 * A kernel address inside the area counts as the area's start and a page
 * offset, because callers may keep a pointer into their buffer.
 */
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
	MM_KUNIT_ASSERT(test, check_mapped(test, addr, buf + 2 * PAGE_SIZE, 2));
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

/*
 * Several calls may fill one VMA, in any order, because each maps only its own
 * part.
 *
 *      addr
 *      |-- page 2 --|-- page 3 --|-- page 0 --|-- page 1 --|
 *       second call               first call
 */
static void remap_vmalloc_range_partial_twice(struct kunit *test)
{
	struct remap r = {
		.kaddr = user_buffer(test, 4),
		.size = 2 * PAGE_SIZE,
	};
	unsigned long addr = map_shared(test, 4, swapped_mmap, &r);

	KUNIT_EXPECT_EQ(test, r.ret, 0);
	KUNIT_EXPECT_EQ(test, r.flags, 0);
	MM_KUNIT_ASSERT(test,
			check_mapped(test, addr, r.kaddr + 2 * PAGE_SIZE, 2));
	MM_KUNIT_ASSERT(test,
			check_mapped(test, addr + 2 * PAGE_SIZE, r.kaddr, 2));
}

/*
 * The order of the buffer's pages is kept across user page tables, because the
 * walk goes on in the next table. With 600 pages across the border of a PMD there
 * are two tables or more.
 */
static void remap_vmalloc_range_page_tables(struct kunit *test)
{
	struct remap r = { .kaddr = user_buffer(test, 600) };
	struct user_file *uf = user_file_open(test, O_RDWR, range_mmap, &r);
	unsigned long at = 16 * PMD_SIZE - 300 * PAGE_SIZE;
	long addr = user_mmap(uf, at, 600 * PAGE_SIZE, PROT_RW,
			      MAP_SHARED | MAP_FIXED, 0);

	KUNIT_ASSERT_EQ(test, addr, at);
	KUNIT_EXPECT_EQ(test, r.ret, 0);
	MM_KUNIT_ASSERT(test, check_mapped(test, addr, r.kaddr, 600));
	MM_KUNIT_EXPECT(test, check_bytes(test, USER_READ_PAGE(test, addr + 599 * PAGE_SIZE),
					  r.kaddr + 599 * PAGE_SIZE, PAGE_SIZE));
}

/*
 * An area that the kernel maps by huge pages is mapped to user space page by
 * page, with the right pages on both sides of the border of a huge page,
 * because the caller cannot know how the area is mapped.
 */
static void remap_vmalloc_range_huge_area(struct kunit *test)
{
	struct remap r = { .pgoff = PMD_SIZE / PAGE_SIZE - 2 };
	unsigned long addr;

	if (PMD_SIZE > SZ_4M)
		kunit_skip(test, "needs huge pages of 4 MB or less");

	r.kaddr = mm_kunit_manage(test, mm_kunit_vfree,
				  vmalloc_huge(2 * PMD_SIZE, GFP_KERNEL | __GFP_ZERO));
	if (!is_vm_area_hugepages(r.kaddr))
		kunit_skip(test, "needs huge pages for vmalloc_huge(): HAVE_ARCH_HUGE_VMALLOC");
	find_vm_area(r.kaddr)->flags |= VM_USERMAP;

	addr = map_shared(test, 4, range_mmap, &r);
	KUNIT_EXPECT_EQ(test, r.ret, 0);
	memset(r.kaddr + PMD_SIZE, 'h', PAGE_SIZE);
	MM_KUNIT_ASSERT(test,
			check_mapped(test, addr, r.kaddr + PMD_SIZE - 2 * PAGE_SIZE, 4));
	MM_KUNIT_EXPECT(test, check_bytes(test, USER_READ_PAGE(test, addr + 2 * PAGE_SIZE),
					  r.kaddr + PMD_SIZE, PAGE_SIZE));
}

/* -- Which addresses are accepted ------------------------------------------ */

static void *addr_vmalloc(struct kunit *test)
{
	return mm_kunit_manage(test, mm_kunit_vfree, vmalloc(PAGE_SIZE));
}

static void *addr_vzalloc(struct kunit *test)
{
	return mm_kunit_manage(test, mm_kunit_vfree, vzalloc(PAGE_SIZE));
}

static void *addr_vmap(struct kunit *test, unsigned long flags)
{
	struct page *page = mm_kunit_page(test);

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
	return mm_kunit_manage(test, mm_kunit_vfree, vmalloc_user(PAGE_SIZE));
}

static void *addr_vmalloc_32_user(struct kunit *test)
{
	return mm_kunit_manage(test, mm_kunit_vfree, vmalloc_32_user(PAGE_SIZE));
}

static void unmap_ram_action(void *addr)
{
	vm_unmap_ram(addr, 1);
}

static void *addr_vm_map_ram(struct kunit *test)
{
	struct page *page = mm_kunit_page(test);

	return mm_kunit_manage(test, unmap_ram_action,
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

static const struct addr_case {
	const char *desc;
	void *(*get)(struct kunit *test);
	int ret;
} addr_cases[] = {
	{ .desc = "vmalloc_user", .get = addr_vmalloc_user, .ret = 0 },
	{ .desc = "vmalloc_32_user", .get = addr_vmalloc_32_user, .ret = 0 },
	{ .desc = "vmap_with_vm_usermap", .get = addr_vmap_user, .ret = 0 },
	{ .desc = "vmap_with_vm_dma_coherent", .get = addr_vmap_dma, .ret = 0 },
	{ .desc = "vmap", .get = addr_vmap_plain, .ret = -EINVAL },
	{ .desc = "vmap_with_vm_ioremap", .get = addr_vmap_ioremap,
	  .ret = -EINVAL },
	{ .desc = "vmalloc", .get = addr_vmalloc, .ret = -EINVAL },
	{ .desc = "vzalloc", .get = addr_vzalloc, .ret = -EINVAL },
	{ .desc = "vm_map_ram", .get = addr_vm_map_ram, .ret = -EINVAL },
	{ .desc = "vfree", .get = addr_vfreed, .ret = -EINVAL },
	{ .desc = "kmalloc", .get = addr_kmalloc, .ret = -EINVAL },
	{ .desc = "stack", .get = addr_stack, .ret = -EINVAL },
	{ .desc = "null", .get = addr_null, .ret = -EINVAL },
};

KUNIT_ARRAY_PARAM_DESC(addr, addr_cases, desc);

/*
 * Only areas with VM_USERMAP or VM_DMA_COHERENT are accepted, because who
 * allocates an area says by these flags that its pages are initialised and may
 * be shown to user space.
 */
static void remap_vmalloc_range_address(struct kunit *test)
{
	const struct addr_case *row = test->param_value;
	struct remap r = { .kaddr = row->get(test) };
	unsigned long addr = map_shared(test, 1, range_mmap, &r);

	KUNIT_EXPECT_EQ(test, r.ret, row->ret);
	KUNIT_EXPECT_EQ(test, r.flags, row->ret ? 0 : REMAP_VMALLOC_FLAGS);
	if (row->ret)
		MM_KUNIT_EXPECT(test, user_check_no_pages(test, addr, 1));
	else
		MM_KUNIT_ASSERT(test, check_mapped(test, addr, r.kaddr, 1));
}

/* -- Which ranges are refused ---------------------------------------------- */

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
	{ .desc = "uaddr_one_byte_into_a_page", .offset = 1,
	  .size = PAGE_SIZE, .ret = -EINVAL },
	{ .desc = "uaddr_half_a_page_into_a_page", .offset = PAGE_SIZE / 2,
	  .size = PAGE_SIZE, .ret = -EINVAL },
	{ .desc = "uaddr_at_the_end_of_the_vma", .offset = VMA_SIZE,
	  .size = PAGE_SIZE, .ret = -EFAULT },
	{ .desc = "uaddr_a_page_below_the_vma", .offset = -PAGE_SIZE,
	  .size = PAGE_SIZE, .ret = -EFAULT },
	{ .desc = "uaddr_outside_the_vma_and_unaligned",
	  .offset = VMA_SIZE + 1, .size = PAGE_SIZE, .ret = -EINVAL },
	{ .desc = "uaddr_outside_the_vma_and_area_too_small",
	  .offset = VMA_SIZE, .size = AREA_SIZE + 1, .ret = -EINVAL },
	{ .desc = "kaddr_one_byte_into_a_page", .kaddr = 1, .size = PAGE_SIZE,
	  .ret = -EINVAL },
	{ .desc = "kaddr_half_a_page_into_a_page", .kaddr = PAGE_SIZE / 2,
	  .size = PAGE_SIZE, .ret = -EINVAL },
	{ .desc = "kaddr_in_the_area_and_its_size", .kaddr = PAGE_SIZE,
	  .size = AREA_SIZE, .ret = -EINVAL },
	{ .desc = "kaddr_in_the_area_and_pgoff", .offset = VMA_SIZE,
	  .kaddr = PAGE_SIZE, .pgoff = 1, .size = VMA_SIZE, .ret = -EINVAL },
	{ .desc = "kaddr_in_the_guard_page", .offset = VMA_SIZE,
	  .kaddr = AREA_SIZE, .size = PAGE_SIZE, .ret = -EINVAL },
	{ .desc = "size_0", .size = 0, .ret = -EINVAL },
	{ .desc = "size_rounded_up_overflows_to_0", .size = ULONG_MAX,
	  .ret = -EINVAL },
	{ .desc = "size_a_page_above_the_area_s",
	  .size = AREA_SIZE + PAGE_SIZE, .ret = -EINVAL },
	{ .desc = "size_a_byte_above_the_area_s", .size = AREA_SIZE + 1,
	  .ret = -EINVAL },
	{ .desc = "size_must_not_be_truncated",
	  .size = UPPER_HALF + AREA_SIZE, .ret = -EINVAL },
	{ .desc = "size_of_whole_pages_as_large_as_can_be",
	  .size = -PAGE_SIZE, .ret = -EINVAL },
	{ .desc = "size_and_pgoff_a_page_above_the_area_s", .pgoff = 1,
	  .size = AREA_SIZE, .ret = -EINVAL },
	{ .desc = "size_and_pgoff_overflow_to_0", .pgoff = 1,
	  .size = -PAGE_SIZE, .ret = -EINVAL },
	{ .desc = "pgoff_at_the_end_of_the_area", .offset = VMA_SIZE,
	  .pgoff = AREA_PAGES, .size = PAGE_SIZE, .ret = -EINVAL },
	{ .desc = "pgoff_overflows_to_0", .pgoff = PGOFF_OVERFLOW,
	  .size = PAGE_SIZE, .ret = -EINVAL },
	{ .desc = "pgoff_overflows_to_1", .pgoff = PGOFF_OVERFLOW + 1,
	  .size = PAGE_SIZE, .ret = -EINVAL },
	{ .desc = "pgoff_must_not_be_truncated", .pgoff = UPPER_HALF,
	  .size = PAGE_SIZE, .ret = -EINVAL },
	{ .desc = "pgoff_as_large_as_can_be", .pgoff = ULONG_MAX,
	  .size = PAGE_SIZE, .ret = -EINVAL },
	{ .desc = "pgoff_and_size_overflow_to_0", .kaddr = PAGE_SIZE,
	  .pgoff = PGOFF_OVERFLOW - 1, .size = PAGE_SIZE, .ret = -EINVAL },
	{ .desc = "pgoff_and_size_overflow_to_1", .kaddr = PAGE_SIZE,
	  .pgoff = PGOFF_OVERFLOW - 1, .size = VMA_SIZE, .ret = -EINVAL },
};

KUNIT_ARRAY_PARAM_DESC(refusal, refusals, desc);

/*
 * A range that is not aligned or does not lie within the area is refused with
 * -EINVAL, and one that starts outside the VMA with -EFAULT, before anything is
 * mapped, because sizes and offsets come from user space. The VMA stays as it
 * was, so the caller need not clean up.
 */
static void remap_vmalloc_range_partial_refusal(struct kunit *test)
{
	const struct refusal *row = test->param_value;
	struct remap r = {
		.kaddr = user_buffer(test, AREA_PAGES) + row->kaddr,
		.pgoff = row->pgoff,
		.offset = row->offset,
		.size = row->size,
	};
	unsigned long addr = map_shared(test, VMA_PAGES, partial_mmap, &r);

	KUNIT_EXPECT_EQ(test, r.ret, row->ret);
	KUNIT_EXPECT_EQ(test, r.flags, 0);
	MM_KUNIT_EXPECT(test, user_check_no_pages(test, addr, VMA_PAGES));
}

/*
 * A VMA larger than the area is refused, because the guard page behind the area
 * belongs to nobody. The second page of the VMA is occupied, so that a kernel that
 * does not refuse stops before the guard page.
 */
static void remap_vmalloc_range_past_end(struct kunit *test)
{
	struct remap r = {
		.kaddr = user_buffer(test, 3),
		.obstacle = mm_kunit_page(test),
	};
	unsigned long addr = map_shared(test, 4, obstacle_mmap, &r);

	KUNIT_EXPECT_EQ(test, r.ret, -EINVAL);
	KUNIT_EXPECT_EQ(test, r.flags, 0);
	MM_KUNIT_EXPECT(test, user_check_no_pages(test, addr, 1));

	r.pgoff = 1;
	addr = map_shared(test, 3, obstacle_mmap, &r);
	KUNIT_EXPECT_EQ(test, r.ret, -EINVAL);
	KUNIT_EXPECT_EQ(test, r.flags, 0);
	MM_KUNIT_EXPECT(test, user_check_no_pages(test, addr, 1));
}

/*
 * get_vm_area_size() takes the guard page off the size, because it is not mapped,
 * unless the area has none (VM_NO_GUARD): then the last page is one like the others.
 */
static void get_vm_area_size_no_guard(struct kunit *test)
{
	struct vm_struct area = { .size = 3 * PAGE_SIZE };

	KUNIT_EXPECT_EQ(test, get_vm_area_size(&area), 2 * PAGE_SIZE);
	area.flags = VM_NO_GUARD;
	KUNIT_EXPECT_EQ(test, get_vm_area_size(&area), 3 * PAGE_SIZE);
}

/* -- Failures on the way --------------------------------------------------- */

/*
 * A range that ends behind the VMA fails with -EFAULT at the first page that
 * does not fit, because that page would be somebody else's. What was mapped
 * before stays, for munmap() to undo; the VMA is not marked as done.
 */
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
	MM_KUNIT_EXPECT(test, user_check_no_pages(test, addr, 1));
	MM_KUNIT_ASSERT(test, check_mapped(test, addr + PAGE_SIZE, r.kaddr, 1));
	MM_KUNIT_EXPECT(test, user_check_no_pages(test, addr + 2 * PAGE_SIZE, 1));
	KUNIT_EXPECT_EQ(test, vm_munmap(addr, 2 * PAGE_SIZE), 0);
	KUNIT_EXPECT_EQ(test, page_ref_count(vmalloc_to_page(r.kaddr)), 1);
	KUNIT_EXPECT_EQ(test, get_mm_rss_sum(current->mm), 0);
}

/*
 * A page that is mapped already is not replaced: the call fails with -EBUSY,
 * takes no reference for that page, and leaves those before it mapped, because
 * the caller undoes all of it by munmap().
 */
static void remap_vmalloc_range_occupied(struct kunit *test)
{
	struct remap r = {
		.kaddr = user_buffer(test, 3),
		.obstacle = mm_kunit_page(test),
	};
	unsigned long addr = map_shared(test, 3, obstacle_mmap, &r);

	KUNIT_EXPECT_EQ(test, r.ret, -EBUSY);
	KUNIT_EXPECT_EQ(test, r.flags, 0);
	MM_KUNIT_ASSERT(test, check_mapped(test, addr, r.kaddr, 1));
	KUNIT_EXPECT_PTR_EQ(test, user_page(addr + PAGE_SIZE, 0), r.obstacle);
	MM_KUNIT_EXPECT(test, user_check_no_pages(test, addr + 2 * PAGE_SIZE, 1));

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

/*
 * If ->mmap passes the error on, mmap() unmaps what was mapped and drops its
 * references, because drivers do not undo it themselves.
 */
static void remap_vmalloc_range_failure_unmaps(struct kunit *test)
{
	struct remap r = {
		.kaddr = user_buffer(test, 3),
		.obstacle = mm_kunit_page(test),
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

/*
 * If there is no memory for a page table, the call fails with -ENOMEM, and
 * munmap() undoes what was mapped before, because drivers rely on that. Each
 * page table fails once.
 */
static void remap_vmalloc_range_no_memory(struct kunit *test)
{
	const unsigned long at = user_table_border() - PAGE_SIZE;
	struct remap r = { .kaddr = user_buffer(test, 2) };
	struct user_file *uf = user_file_open(test, O_RDWR, range_mmap, &r);
	struct page *pages[2] = {
		vmalloc_to_page(r.kaddr), vmalloc_to_page(r.kaddr + PAGE_SIZE)
	};
	struct mm_kunit_failing fail;
	unsigned int errors = 0;

	/*
	 *      at                    <- largest page table that user space has two of
	 *      |---- page 0 ----|---- page 1 ----|
	 *                       ^ needs a table of each level below
	 */
	mm_kunit_fail_setup(test, MM_KUNIT_FAIL_PAGE);
	r.fail = &fail;
	mm_kunit_for_each_failing(test, &fail) {
		KUNIT_ASSERT_EQ_MSG(test, user_mmap(uf, at, 2 * PAGE_SIZE, PROT_RW,
						    MAP_SHARED | MAP_FIXED, 0),
				    at, "mmap(), allocation %u", fail.nth);
		if (r.ret) {
			errors++;
			KUNIT_EXPECT_EQ_MSG(test, r.ret, -ENOMEM, "allocation %u", fail.nth);
			KUNIT_EXPECT_EQ_MSG(test, r.flags, VM_MIXEDMAP,
					    "flags, allocation %u", fail.nth);
			MM_KUNIT_EXPECT_MSG(test, user_check_no_pages(test, at + PAGE_SIZE, 1),
					    "allocation %u", fail.nth);
		} else {
			/* Even if an allocation failed, as KASAN's may for its records. */
			MM_KUNIT_ASSERT_MSG(test, check_mapped(test, at, r.kaddr, 2),
					    "allocation %u", fail.nth);
		}
		KUNIT_ASSERT_EQ_MSG(test, vm_munmap(at, 2 * PAGE_SIZE), 0,
				    "munmap(), allocation %u", fail.nth);
		MM_KUNIT_EXPECT_COUNTS(test, pages[0], 1, 0,
				       "page 0 unmapped, allocation %u", fail.nth);
		MM_KUNIT_EXPECT_COUNTS(test, pages[1], 1, 0,
				       "page 1 unmapped, allocation %u", fail.nth);
		KUNIT_EXPECT_EQ_MSG(test, get_mm_rss_sum(current->mm), 0,
				    "unmapped, allocation %u", fail.nth);
	}
	KUNIT_EXPECT_GT_MSG(test, errors, 0, "calls that have failed");
}

/*
 * A page that must not be inserted ends the call with -EINVAL, because
 * unmapping would free it as an ordinary page. Pages before it stay mapped.
 */
static void remap_vmalloc_range_bad_page(struct kunit *test)
{
	const struct bad_page *bad = test->param_value;
	struct page *pages[2] = { mm_kunit_page(test), bad->get(test) };
	struct remap r = {
		.kaddr = own_vmap(test, pages, 2, VM_MAP | VM_USERMAP),
	};
	int refs = page_ref_count(pages[1]);
	unsigned long addr = map_shared(test, 2, range_mmap, &r);

	KUNIT_EXPECT_EQ(test, r.ret, -EINVAL);
	KUNIT_EXPECT_EQ(test, r.flags, VM_MIXEDMAP);
	KUNIT_EXPECT_PTR_EQ(test, user_page(addr, 0), pages[0]);
	MM_KUNIT_EXPECT(test, user_check_no_pages(test, addr + PAGE_SIZE, 1));
	KUNIT_EXPECT_EQ(test, page_ref_count(pages[1]), refs);
}

/* -- today's implementation, not promised ---------------------------------- */

/*
 * @size is rounded up to whole pages, because page tables map nothing smaller.
 */
static void remap_vmalloc_range_partial_rounds_size_up(struct kunit *test)
{
	struct remap r = { .kaddr = user_buffer(test, 2) };
	unsigned long addr;

	r.size = 1;
	addr = map_shared(test, 2, partial_mmap, &r);
	KUNIT_EXPECT_EQ(test, r.ret, 0);
	MM_KUNIT_ASSERT(test, check_mapped(test, addr, r.kaddr, 1));
	MM_KUNIT_EXPECT(test, user_check_no_pages(test, addr + PAGE_SIZE, 1));

	r.size = PAGE_SIZE + 1;
	addr = map_shared(test, 2, partial_mmap, &r);
	KUNIT_EXPECT_EQ(test, r.ret, 0);
	MM_KUNIT_ASSERT(test, check_mapped(test, addr, r.kaddr, 2));
}

static struct kunit_case remap_vmalloc_test_cases[] = {
	KUNIT_CASE(remap_vmalloc_range_maps_vma),
	KUNIT_CASE(remap_vmalloc_range_flags),
	KUNIT_CASE(remap_vmalloc_range_pgoff),
	KUNIT_CASE(remap_vmalloc_range_ignores_vm_pgoff),
	KUNIT_CASE(remap_vmalloc_range_partial_placement),
	KUNIT_CASE(remap_vmalloc_range_partial_interior_kaddr),
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
	KUNIT_CASE(remap_vmalloc_range_partial_rounds_size_up),
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
