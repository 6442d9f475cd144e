// SPDX-License-Identifier: GPL-2.0-only
/*
 * vm_iomap_memory(), io_remap_pfn_range() and follow_pfnmap_start().
 */
#include <kunit/test.h>

#include "remap_pfn.h"

/*
 * io_remap_pfn_range() maps as remap_pfn_range() does and sets the same flags,
 * because on most architectures it differs by the protection alone.
 */
static void io_remap_pfn_range_of_memory(struct kunit *test)
{
	const struct mapping *row = test->param_value;
	struct driver *drv = test->priv;

	drv->io = true;
	REMAP_MAP_ALL(test, row->flags);
	KUNIT_EXPECT_EQ(test, drv->after, drv->before | REMAP_FLAGS);
	KUNIT_EXPECT_EQ(test, drv->pgoff, row->flags == MAP_PRIVATE ? drv->pfn : PGOFF);
}

/*
 * follow_pfnmap_start() returns the frame of an address that is mapped raw in
 * the VMA that it is given, and -EINVAL outside of the VMA, where no page or
 * table is, and for ordinary pages, because it faults nothing in and takes no
 * reference.
 */
static void follow_pfnmap_start_limits(struct kunit *test)
{
	struct driver *drv = test->priv;
	struct follow_pfnmap_args args;
	unsigned long addr, next, anon;

	drv->size = PAGE_SIZE;
	addr = driver_map(test, 0, 2, PROT_READ, MAP_SHARED);
	next = driver_map(test, addr + PAGE_SIZE, 2, PROT_READ, MAP_SHARED | MAP_FIXED);
	anon = vm_mmap(NULL, 0, PAGE_SIZE, RW, MAP_PRIVATE | MAP_ANONYMOUS, 0);
	KUNIT_ASSERT_FALSE_MSG(test, IS_ERR_VALUE(anon), "mmap() returned %ld", (long)anon);
	KUNIT_ASSERT_EQ(test, user_writes(anon, "x", 1), true);

	KUNIT_ASSERT_EQ(test, user_pte(addr + PAGE_SIZE - 1, &args), 0);
	KUNIT_EXPECT_EQ(test, args.pfn, drv->pfn);
	KUNIT_EXPECT_EQ(test, args.addr_mask, PAGE_MASK);
	KUNIT_EXPECT_EQ(test, user_pte(next, &args), 0);
	/* Neither below nor above the VMA. */
	KUNIT_EXPECT_EQ(test, vma_pte(next, next - 1, &args), -EINVAL);
	KUNIT_EXPECT_EQ(test, vma_pte(addr, next, &args), -EINVAL);
	/* It does not fault in, whether a page or a table is missing, */
	addr = driver_map(test, 0, PUD_SIZE / PAGE_SIZE + 1, PROT_READ, MAP_SHARED);
	KUNIT_EXPECT_EQ(test, user_pte(addr, &args), 0);
	KUNIT_EXPECT_EQ(test, user_pte(addr + PAGE_SIZE, &args), -EINVAL);
	KUNIT_EXPECT_EQ(test, user_pte(addr + PMD_SIZE, &args), -EINVAL);
	KUNIT_EXPECT_EQ(test, user_pte(addr + PUD_SIZE, &args), -EINVAL);
	/* and is no way to get at normal pages. */
	KUNIT_EXPECT_EQ(test, user_pte(anon, &args), -EINVAL);
}

struct iomap {
	const char *desc;
	phys_addr_t start;	/* of the area, from the driver's memory on */
	unsigned long len;
	unsigned long pgoff;
	unsigned long nr_pages;	/* of the VMA */
	int err;
	unsigned int first;	/* page of the driver's that is mapped */
	bool absolute;		/* @start is a physical address */
	unsigned long vm_pgoff;	/* if not 0: of the VMA, more than vm_mmap() lets through */
};

static const struct iomap iomaps[] = {
	{ .desc = "all", .len = 4 * PAGE_SIZE, .nr_pages = 4 },
	{ .desc = "the_beginning", .len = 4 * PAGE_SIZE, .nr_pages = 2 },
	{ .desc = "from_an_offset_on", .len = 4 * PAGE_SIZE, .pgoff = 1,
	  .nr_pages = 3, .first = 1 },
	{ .desc = "the_last_page", .len = 4 * PAGE_SIZE, .pgoff = 3,
	  .nr_pages = 1, .first = 3 },
	{ .desc = "a_byte_of_the_last_page", .len = 3 * PAGE_SIZE + 1,
	  .nr_pages = 4 },
	{ .desc = "an_area_within_a_page", .start = 16, .len = PAGE_SIZE - 16,
	  .nr_pages = 1 },
	{ .desc = "an_area_on_two_pages", .start = 16, .len = PAGE_SIZE,
	  .nr_pages = 2 },
	{ .desc = "the_last_page_of_an_unaligned_area",
	  .start = PAGE_SIZE + 16, .len = PAGE_SIZE, .pgoff = 1,
	  .nr_pages = 1, .first = 2 },
	{ .desc = "more_than_the_area", .len = 2 * PAGE_SIZE, .nr_pages = 3,
	  .err = -EINVAL },
	{ .desc = "more_than_the_rest", .len = 4 * PAGE_SIZE, .pgoff = 2,
	  .nr_pages = 3, .err = -EINVAL },
	{ .desc = "more_than_an_area_within_a_page", .start = 16,
	  .len = PAGE_SIZE - 16, .nr_pages = 2, .err = -EINVAL },
	{ .desc = "at_the_end", .len = 4 * PAGE_SIZE, .pgoff = 4,
	  .nr_pages = 1, .err = -EINVAL },
	{ .desc = "behind_the_end", .len = 4 * PAGE_SIZE, .pgoff = 5,
	  .nr_pages = 1, .err = -EINVAL },
	{ .desc = "an_empty_area", .len = 0, .nr_pages = 1, .err = -EINVAL },
	{ .desc = "the_end_wraps", .start = -(phys_addr_t)PAGE_SIZE,
	  .len = 2 * PAGE_SIZE, .nr_pages = 1, .err = -EINVAL,
	  .absolute = true },
	{ .desc = "the_offset_and_the_size_wrap", .len = 4 * PAGE_SIZE, .nr_pages = 2,
	  .vm_pgoff = ULONG_MAX >> PAGE_SHIFT, .err = -EINVAL },
	{ .desc = "the_number_of_pages_wraps", .len = ULONG_MAX,
	  .nr_pages = 1, .err = -EINVAL, .absolute = true },
};

KUNIT_ARRAY_PARAM_DESC(iomap, iomaps, desc);

static int iomap_mmap(struct vm_area_struct *vma, void *data)
{
	struct kunit *test = data;
	const struct iomap *row = test->param_value;
	struct driver *drv = test->priv;

	if (row->vm_pgoff)
		vma->vm_pgoff = row->vm_pgoff;
	return vm_iomap_memory(vma, row->start + (row->absolute ? 0 : virt_to_phys(drv->mem)),
			       row->len);
}

/*
 * vm_iomap_memory() keeps the VMA within the device's area, rounded to whole
 * pages, and refuses with -EINVAL what does not fit or wraps, because drivers
 * leave all checks of offset and length to it.
 */
static void vm_iomap_memory_bounds(struct kunit *test)
{
	const struct iomap *row = test->param_value;
	struct driver *drv = test->priv;
	struct user_file *file = user_file_open(test, O_RDWR, iomap_mmap, test);
	long addr;

	addr = user_mmap(file, 0, row->nr_pages * PAGE_SIZE, PROT_READ, MAP_SHARED,
			 row->pgoff);
	if (row->err) {
		KUNIT_EXPECT_EQ(test, addr, row->err);
	} else {
		KUNIT_ASSERT_FALSE_MSG(test, IS_ERR_VALUE(addr), "mmap() returned %ld", (long)addr);
		MM_KUNIT_ASSERT(test,
				check_raw(test, addr, page_of(drv, row->first), row->nr_pages));
	}
}

static int iomap_prot_mmap(struct vm_area_struct *vma, void *data)
{
	struct driver *drv = data;

	vma->vm_page_prot = vm_get_page_prot(drv->prot);
	drv->before = vma->vm_flags;
	drv->err = vm_iomap_memory(vma, virt_to_phys(drv->mem), NR_PAGES * PAGE_SIZE);
	drv->after = vma->vm_flags;
	drv->pgoff = vma->vm_pgoff;

	return drv->err;
}

/*
 * vm_iomap_memory() maps a private VMA, too, with the VMA's protection, because
 * it always covers all of the VMA.
 */
static void vm_iomap_memory_private(struct kunit *test)
{
	const struct prot *row = test->param_value;
	struct driver *drv = test->priv;
	struct follow_pfnmap_args args;
	unsigned long addr;

	drv->file = user_file_open(test, O_RDWR, iomap_prot_mmap, drv);
	drv->prot = row->prot;
	addr = driver_map(test, 0, 2, PROT_READ, MAP_PRIVATE);
	KUNIT_EXPECT_EQ(test, drv->after, drv->before | REMAP_FLAGS);
	KUNIT_EXPECT_EQ(test, drv->pgoff, drv->pfn + PGOFF);
	MM_KUNIT_ASSERT(test, check_raw(test, addr, page_of(drv, PGOFF), 2));
	KUNIT_ASSERT_EQ(test, user_pte(addr, &args), 0);
	KUNIT_EXPECT_EQ(test, args.writable, row->writable);
}

static struct kunit_case vm_iomap_memory_test_cases[] = {
	KUNIT_CASE_PARAM(io_remap_pfn_range_of_memory, mapping_gen_params),
	KUNIT_CASE(follow_pfnmap_start_limits),
	KUNIT_CASE_PARAM(vm_iomap_memory_bounds, iomap_gen_params),
	KUNIT_CASE_PARAM(vm_iomap_memory_private, prot_gen_params),
	{}
};

static struct kunit_suite vm_iomap_memory_test_suite = {
	.name = "vm_iomap_memory",
	.init = remap_pfn_init,
	.test_cases = vm_iomap_memory_test_cases,
};

kunit_test_suite(vm_iomap_memory_test_suite);

MODULE_DESCRIPTION("KUnit tests for vm_iomap_memory()");
MODULE_LICENSE("GPL");
