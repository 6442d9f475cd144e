// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests for the actions that ->mmap_prepare can ask for: which of the
 * driver's memory ends up where, and what is refused. See mmap_prepare.h for the
 * two suites.
 */
#include <linux/io.h>

#include "mmap_prepare.h"

/* -- all actions --------------------------------------------------------------- */

/*
 * An action maps the memory that it was given, with the VMA flags that such memory
 * needs: raw page frames without a reference, kernel pages with one each. A write
 * goes to that memory if the mapping is shared, and to a copy if it is private.
 * vm_pgoff of a private mapping of raw page frames becomes that of the first
 * frame, because vm_normal_page() tells copies from them by it.
 */
static void mmap_action_maps(struct kunit *test)
{
	const struct prepare_action *row = test->param_value;
	const bool private = row->flags == MAP_PRIVATE;
	const int counted = row->kernel ? VMA_PAGES : 0;
	struct prepare_driver *drv = test->priv;
	unsigned long pfn = page_to_pfn(drv->mem) + PGOFF;
	struct vma_info vma;

	drv->prepare = row->prepare;
	KUNIT_ASSERT_EQ(test, prepare_map(drv, PROT_RW, row->flags), AT);
	vma = vma_at(AT);
	KUNIT_EXPECT_EQ(test, vma.flags & ACTION_FLAGS, row->kernel ? VM_MIXEDMAP : REMAP_FLAGS);
	KUNIT_EXPECT_EQ(test, vma.flags & ~(ACTION_FLAGS | VM_MAYEXEC),
			vma_flags_to_legacy(drv->seen.vma_flags) & ~(VM_MAYEXEC | VM_SOFTDIRTY));
	KUNIT_EXPECT_EQ(test, vma.pgoff, private && !row->kernel ? pfn : PGOFF);
	MM_KUNIT_ASSERT(test, prepare_check_mapped(test, 0, VMA_PAGES, PGOFF, !row->kernel));
	PREPARE_EXPECT_COUNTS(test, counted, "after mmap()");

	KUNIT_EXPECT_EQ_MSG(test, !!pte_write(user_pte_at(AT)), !private,
			    "whether the first page is writable");
	KUNIT_EXPECT_EQ(test, mmap_write(AT + PAGE_SIZE, 0x12345678), 0);
	KUNIT_EXPECT_EQ(test, *(u32 *)prepare_page_address(drv, PGOFF + 1),
			private ? 0x5eed0000 + PGOFF + 1 : 0x12345678);
	KUNIT_EXPECT_EQ(test, get_mm_counter_sum(current->mm, MM_ANONPAGES), private);

	KUNIT_ASSERT_EQ(test, vm_munmap(AT, VMA_SIZE), 0);
	PREPARE_EXPECT_COUNTS(test, 0, "after munmap()");
}

/*
 * Mappings with an action never merge, because the second action would be taken
 * for one that maps all of the merged VMA.
 *
 *	AT                      AT + VMA_SIZE
 *	|--- first mapping ---| |--- second mapping ---|   two VMAs in the end
 */
static void mmap_action_never_merges(struct kunit *test)
{
	const struct prepare_action *row = test->param_value;
	struct prepare_driver *drv = test->priv;

	drv->vm_ops = &prepare_merge_vm_ops;
	drv->prepare = row->prepare;
	KUNIT_ASSERT_EQ(test, prepare_map(drv, PROT_RW, row->flags), AT);
	KUNIT_ASSERT_EQ(test, user_mmap(drv->outer, AT + VMA_SIZE, VMA_SIZE, PROT_RW,
					row->flags | MAP_FIXED, PGOFF + VMA_PAGES), AT + VMA_SIZE);
	KUNIT_EXPECT_EQ(test, vma_at(AT).end, AT + VMA_SIZE);
	KUNIT_EXPECT_EQ(test, drv->mapped, 2);
	MM_KUNIT_EXPECT(test, prepare_check_mapped(test, 0, VMA_PAGES, PGOFF, !row->kernel));
}

/* -- raw page frames ----------------------------------------------------------- */

struct part {
	const char *desc;
	unsigned long flags;
	unsigned long offset;	/* in the VMA */
	unsigned long size;
	int err;
	bool never_writable;	/* ->mmap_prepare clears VM_MAYWRITE */
};

static const struct part part_rows[] = {
	{ .desc = "shared_second_page", .flags = MAP_SHARED, .offset = PAGE_SIZE,
	  .size = PAGE_SIZE },
	{ .desc = "shared_to_the_end", .flags = MAP_SHARED, .offset = PAGE_SIZE,
	  .size = 2 * PAGE_SIZE },
	{ .desc = "shared_a_byte", .flags = MAP_SHARED, .size = 1 },
	{ .desc = "shared_a_page_less_a_byte", .flags = MAP_SHARED, .size = PAGE_SIZE - 1 },
	{ .desc = "shared_a_page_and_a_byte", .flags = MAP_SHARED, .size = PAGE_SIZE + 1 },
	/* vm_pgoff can tell all page frames of a copy-on-write VMA, or none. */
	{ .desc = "private_first_page_missing", .flags = MAP_PRIVATE, .offset = PAGE_SIZE,
	  .size = 2 * PAGE_SIZE, .err = -EINVAL },
	{ .desc = "private_last_page_missing", .flags = MAP_PRIVATE, .size = 2 * PAGE_SIZE,
	  .err = -EINVAL },
	{ .desc = "private_a_byte_missing", .flags = MAP_PRIVATE, .size = VMA_SIZE - 1,
	  .err = -EINVAL },
	{ .desc = "private_never_writable", .flags = MAP_PRIVATE, .offset = PAGE_SIZE,
	  .size = PAGE_SIZE, .never_writable = true },
	{ .desc = "from_a_page_before_the_start", .flags = MAP_SHARED, .offset = -PAGE_SIZE,
	  .size = 2 * PAGE_SIZE, .err = -EFAULT },
	{ .desc = "from_the_end", .flags = MAP_SHARED, .offset = VMA_SIZE, .size = PAGE_SIZE,
	  .err = -EFAULT },
	{ .desc = "to_a_byte_behind_the_end", .flags = MAP_SHARED, .size = VMA_SIZE + 1,
	  .err = -EFAULT },
	{ .desc = "to_a_page_behind_the_end", .flags = MAP_SHARED, .offset = PAGE_SIZE,
	  .size = VMA_SIZE, .err = -EFAULT },
};

KUNIT_ARRAY_PARAM_DESC(part, part_rows, desc);

/* Clears VM_MAYWRITE after it has asked for the action. */
static int prepare_part_remap(struct vm_area_desc *desc, struct prepare_driver *drv)
{
	const struct part *row = drv->row;

	mmap_action_remap(desc, desc->start + row->offset, page_to_pfn(drv->mem), row->size);
	if (row->never_writable)
		vma_desc_clear_flags(desc, VMA_MAYWRITE_BIT);
	return 0;
}

/* Clears VM_MAYWRITE before it asks for the action. */
static int prepare_part_ioremap(struct vm_area_desc *desc, struct prepare_driver *drv)
{
	const struct part *row = drv->row;

	if (row->never_writable)
		vma_desc_clear_flags(desc, VMA_MAYWRITE_BIT);
	mmap_action_ioremap(desc, desc->start + row->offset, page_to_pfn(drv->mem), row->size);
	return 0;
}

/* Maps with an action for a part of the VMA, which may be out of range, as the row says. */
static long map_part(struct kunit *test,
		     int (*prepare)(struct vm_area_desc *desc, struct prepare_driver *drv))
{
	const struct part *row = test->param_value;
	struct prepare_driver *drv = test->priv;
	long ret = 0;

	drv->row = row;
	drv->vm_ops = &prepare_driver_vm_ops;
	drv->prepare = prepare;
	/* A range that is not in the VMA is a mistake of the driver, and may warn. */
	kunit_warning_suppress(test) {
		ret = prepare_map(drv, PROT_READ, row->flags);
	}

	return ret;
}

/* Expects a part of the VMA to be mapped, or nothing to be left, as the row says. */
#define MMAP_ACTION_EXPECT_PART(test, ret, before)				\
do {										\
	const struct part *__row = (test)->param_value;				\
	unsigned int __first = __row->offset / PAGE_SIZE;			\
	unsigned int __nr = DIV_ROUND_UP(__row->size, PAGE_SIZE);		\
	struct prepare_driver *__drv = (test)->priv;				\
										\
	if (__row->err) {							\
		KUNIT_EXPECT_EQ(test, ret, __row->err);				\
		KUNIT_EXPECT_EQ_MSG(test, __drv->mapped, 0, "calls of ->mapped"); \
		PREPARE_EXPECT_NOTHING_LEFT(test, before, "after the failure");	\
		break;								\
	}									\
	KUNIT_ASSERT_EQ(test, ret, AT);						\
	KUNIT_EXPECT_EQ_MSG(test, vma_at(AT).pgoff, PGOFF, "vm_pgoff");		\
	MM_KUNIT_EXPECT(test, prepare_check_no_ptes(test, 0, __first));		\
	MM_KUNIT_EXPECT(test, prepare_check_mapped(test, __first, __nr, 0, true)); \
	MM_KUNIT_EXPECT(test, prepare_check_no_ptes(test, __first + __nr,	\
						    VMA_PAGES - __first - __nr)); \
	KUNIT_ASSERT_EQ(test, vm_munmap(AT, VMA_SIZE), 0);			\
} while (0)

/*
 * mmap_action_remap() maps whole pages of a part of the VMA, and nothing beside
 * it. A part of a copy-on-write VMA is -EINVAL, because vm_pgoff can tell its raw
 * pages only if all are, and a range that is not in the VMA is -EFAULT. What counts
 * is what the VMA is when ->mmap_prepare has returned.
 */
static void mmap_action_remap_part(struct kunit *test)
{
	struct mmap_usage before = prepare_usage(test->priv);
	long ret = map_part(test, prepare_part_remap);

	MMAP_ACTION_EXPECT_PART(test, ret, before);
}

/*
 * mmap_action_ioremap() obeys the same rules as mmap_action_remap(), because it is
 * one with the frame and the protection that I/O memory needs
 * (io_remap_pfn_range()).
 */
static void mmap_action_ioremap_part(struct kunit *test)
{
	struct mmap_usage before = prepare_usage(test->priv);
	long ret = map_part(test, prepare_part_ioremap);

	MMAP_ACTION_EXPECT_PART(test, ret, before);
}

struct area {
	const char *desc;
	phys_addr_t start;	/* of the area, relative to the driver's memory */
	unsigned long len;
	unsigned long pgoff;
	unsigned long nr_pages;	/* of the VMA */
	int err;
	unsigned int first;	/* page of the driver that is mapped first */
	bool absolute;		/* start is a physical address */
};

static const struct area area_rows[] = {
	{ .desc = "all", .len = 4 * PAGE_SIZE, .nr_pages = 4 },
	{ .desc = "the_beginning", .len = 4 * PAGE_SIZE, .nr_pages = 2 },
	{ .desc = "the_last_page", .len = 4 * PAGE_SIZE, .pgoff = 3, .nr_pages = 1, .first = 3 },
	{ .desc = "a_byte_of_the_last_page", .len = 3 * PAGE_SIZE + 1, .nr_pages = 4 },
	{ .desc = "an_area_on_two_pages", .start = 16, .len = PAGE_SIZE, .nr_pages = 2 },
	{ .desc = "the_last_page_of_an_unaligned_area", .start = PAGE_SIZE + 16,
	  .len = PAGE_SIZE, .pgoff = 1, .nr_pages = 1, .first = 2 },
	{ .desc = "more_than_the_area", .len = 2 * PAGE_SIZE, .nr_pages = 3, .err = -EINVAL },
	{ .desc = "more_than_the_rest", .len = 4 * PAGE_SIZE, .pgoff = 2, .nr_pages = 3,
	  .err = -EINVAL },
	{ .desc = "more_than_an_area_within_a_page", .start = 16, .len = PAGE_SIZE - 16,
	  .nr_pages = 2, .err = -EINVAL },
	{ .desc = "at_the_end", .len = 4 * PAGE_SIZE, .pgoff = 4, .nr_pages = 1,
	  .err = -EINVAL },
	{ .desc = "behind_the_end", .len = 4 * PAGE_SIZE, .pgoff = 5, .nr_pages = 1,
	  .err = -EINVAL },
	{ .desc = "an_empty_area", .nr_pages = 1, .err = -EINVAL },
	{ .desc = "the_end_wraps", .start = -(phys_addr_t)PAGE_SIZE, .len = 2 * PAGE_SIZE,
	  .nr_pages = 1, .err = -EINVAL, .absolute = true },
	{ .desc = "the_number_of_pages_wraps", .len = ULONG_MAX, .nr_pages = 1,
	  .err = -EINVAL, .absolute = true },
};

KUNIT_ARRAY_PARAM_DESC(area, area_rows, desc);

static int prepare_area(struct vm_area_desc *desc, struct prepare_driver *drv)
{
	const struct area *row = drv->row;
	phys_addr_t base = row->absolute ? 0 : page_to_phys(drv->mem);

	mmap_action_simple_ioremap(desc, row->start + base, row->len);
	return 0;
}

/*
 * mmap_action_simple_ioremap() maps the pages of the area that the process asks
 * for by offset and length, and nothing beyond its last page, because drivers
 * leave it to the action to keep the process inside of their device
 * (vm_iomap_memory()).
 */
static void mmap_action_simple_ioremap_bounds(struct kunit *test)
{
	const struct area *row = test->param_value;
	struct prepare_driver *drv = test->priv;
	struct mmap_usage before = prepare_usage(drv);
	long ret;

	drv->row = row;
	drv->prepare = prepare_area;
	ret = user_mmap(drv->outer, AT, row->nr_pages * PAGE_SIZE, PROT_RW,
			MAP_SHARED | MAP_FIXED, row->pgoff);
	if (row->err) {
		KUNIT_EXPECT_EQ(test, ret, row->err);
		PREPARE_EXPECT_NOTHING_LEFT(test, before, "after the failure");
		return;
	}
	KUNIT_ASSERT_EQ(test, ret, AT);
	MM_KUNIT_EXPECT(test, prepare_check_mapped(test, 0, row->nr_pages, row->first, true));
}

/* -- kernel pages --------------------------------------------------------------- */

struct pages_part {
	const char *desc;
	unsigned long offset;	/* in the VMA */
	unsigned long nr;
	int err;
};

static const struct pages_part pages_part_rows[] = {
	{ .desc = "first_page", .nr = 1 },
	{ .desc = "second_page", .offset = PAGE_SIZE, .nr = 1 },
	{ .desc = "to_the_end", .offset = PAGE_SIZE, .nr = 2 },
	{ .desc = "none" },
	{ .desc = "none_at_the_end", .offset = VMA_SIZE },
	{ .desc = "from_a_page_before_the_start", .offset = -PAGE_SIZE, .nr = 2,
	  .err = -EFAULT },
	{ .desc = "a_page_more", .nr = VMA_PAGES + 1, .err = -EFAULT },
	{ .desc = "to_a_page_behind_the_end", .offset = PAGE_SIZE, .nr = VMA_PAGES,
	  .err = -EFAULT },
	{ .desc = "behind_the_end", .offset = VMA_SIZE, .nr = 1, .err = -EFAULT },
};

KUNIT_ARRAY_PARAM_DESC(pages_part, pages_part_rows, desc);

static int prepare_pages_part(struct vm_area_desc *desc, struct prepare_driver *drv)
{
	const struct pages_part *row = drv->row;

	mmap_action_map_kernel_pages(desc, desc->start + row->offset, drv->pages, row->nr);
	return 0;
}

/*
 * mmap_action_map_kernel_pages() maps the pages of its array in the range that it
 * is given, and no others; a range that is not in the VMA is -EFAULT, because
 * the next VMA is not the driver's.
 */
static void mmap_action_map_kernel_pages_part(struct kunit *test)
{
	const struct pages_part *row = test->param_value;
	unsigned int first = row->offset / PAGE_SIZE;
	struct prepare_driver *drv = test->priv;
	struct mmap_usage before = prepare_usage(drv);
	long ret;

	drv->row = row;
	drv->vm_ops = &prepare_driver_vm_ops;
	drv->prepare = prepare_pages_part;
	ret = prepare_map(drv, PROT_RW, MAP_SHARED);
	if (row->err) {
		KUNIT_EXPECT_EQ(test, ret, row->err);
		KUNIT_EXPECT_EQ(test, drv->mapped, 0);
		PREPARE_EXPECT_NOTHING_LEFT(test, before, "after the failure");
		return;
	}
	KUNIT_ASSERT_EQ(test, ret, AT);
	MM_KUNIT_EXPECT(test, prepare_check_no_ptes(test, 0, first));
	MM_KUNIT_EXPECT(test, prepare_check_mapped(test, first, row->nr, 0, false));
	MM_KUNIT_EXPECT(test, prepare_check_no_ptes(test, first + row->nr,
						    VMA_PAGES - first - row->nr));
	PREPARE_EXPECT_COUNTS(test, row->nr, "after mmap()");
}

/*
 * A page that must not be mapped is -EINVAL, and the pages before it are unmapped
 * and released, because the driver frees them when mmap() has failed. Neither
 * ->mapped nor ->close is called: what ->mapped did not do, ->close must not undo.
 */
static void mmap_action_map_kernel_pages_bad_page(struct kunit *test)
{
	const struct bad_page *row = test->param_value;
	struct prepare_driver *drv = test->priv;
	struct page *page = row->get(test);
	int refs = page_ref_count(page);
	unsigned long rss = get_mm_rss_sum(current->mm);

	drv->vm_ops = &prepare_driver_vm_ops;
	drv->prepare = prepare_kernel_pages_full;
	drv->pages[PGOFF + 2] = page;
	KUNIT_EXPECT_EQ(test, prepare_map(drv, PROT_RW, MAP_SHARED), -EINVAL);
	KUNIT_EXPECT_EQ(test, drv->mapped, 0);
	KUNIT_EXPECT_EQ(test, vma_at(AT).end, 0);
	KUNIT_EXPECT_EQ_MSG(test, page_ref_count(page), refs, "references of the bad page");
	MM_KUNIT_EXPECT_COUNTS(test, drv->mem, 1, 0, "the driver's folio");
	KUNIT_EXPECT_EQ(test, get_mm_rss_sum(current->mm), rss);
	KUNIT_EXPECT_EQ(test, drv->closes, 0);
}

/* -- today's implementation, not promised ---------------------------------- */

static vm_fault_t page_mkwrite(struct vm_fault *vmf)
{
	prepare_driver_of(vmf->vma->vm_file)->mkwrites++;
	lock_page(vmf->page);

	return VM_FAULT_LOCKED;
}

static const struct vm_operations_struct mkwrite_vm_ops = {
	.page_mkwrite = page_mkwrite,
};

/*
 * With ->page_mkwrite, kernel pages are mapped read-only, and the first write to a
 * page calls it, because the driver wants to know which pages are written to.
 */
static void mmap_action_map_kernel_pages_page_mkwrite(struct kunit *test)
{
	struct prepare_driver *drv = test->priv;

	drv->vm_ops = &mkwrite_vm_ops;
	drv->prepare = prepare_kernel_pages_full;
	KUNIT_ASSERT_EQ(test, prepare_map(drv, PROT_RW, MAP_SHARED), AT);
	MM_KUNIT_EXPECT(test, prepare_check_mapped(test, 0, VMA_PAGES, PGOFF, false));
	KUNIT_EXPECT_EQ_MSG(test, !!pte_write(user_pte_at(AT)), false,
			    "whether the first page is writable");
	KUNIT_EXPECT_EQ(test, mmap_write(AT, 1), 0);
	KUNIT_EXPECT_EQ(test, mmap_write(AT, 2), 0);
	KUNIT_EXPECT_EQ(test, drv->mkwrites, 1);
	KUNIT_EXPECT_EQ(test, *(u32 *)prepare_page_address(drv, PGOFF), 2);
}

static void make_read_only(struct vm_area_desc *desc)
{
	desc->page_prot = vm_get_page_prot(VM_READ | VM_SHARED);
}

static int prepare_read_only_remap(struct vm_area_desc *desc, struct prepare_driver *drv)
{
	make_read_only(desc);
	return prepare_remap_full(desc, drv);
}

static int prepare_remap_read_only(struct vm_area_desc *desc, struct prepare_driver *drv)
{
	prepare_remap_full(desc, drv);
	make_read_only(desc);
	return 0;
}

static int prepare_read_only_ioremap(struct vm_area_desc *desc, struct prepare_driver *drv)
{
	make_read_only(desc);
	return prepare_ioremap_full(desc, drv);
}

static int prepare_read_only_simple_ioremap(struct vm_area_desc *desc,
					    struct prepare_driver *drv)
{
	make_read_only(desc);
	return prepare_simple_ioremap(desc, drv);
}

static int prepare_simple_ioremap_read_only(struct vm_area_desc *desc,
					    struct prepare_driver *drv)
{
	prepare_simple_ioremap(desc, drv);
	make_read_only(desc);
	return 0;
}

struct prot {
	const char *desc;
	int (*prepare)(struct vm_area_desc *desc, struct prepare_driver *drv);
	bool writable;
};

static const struct prot prot_rows[] = {
	{ .desc = "remap", .prepare = prepare_remap_full, .writable = true },
	{ .desc = "remap_of_read_only", .prepare = prepare_read_only_remap },
	{ .desc = "remap_then_read_only", .prepare = prepare_remap_read_only,
	  .writable = true },
	{ .desc = "ioremap_of_read_only", .prepare = prepare_read_only_ioremap },
	{ .desc = "simple_ioremap", .prepare = prepare_simple_ioremap, .writable = true },
	{ .desc = "simple_ioremap_of_read_only", .prepare = prepare_read_only_simple_ioremap },
	{ .desc = "simple_ioremap_then_read_only", .prepare = prepare_simple_ioremap_read_only },
};

KUNIT_ARRAY_PARAM_DESC(prot, prot_rows, desc);

/*
 * mmap_action_remap() and mmap_action_ioremap() map with the protection that the
 * description has when they are called, mmap_action_simple_ioremap() with the one
 * that it has when ->mmap_prepare has returned, because only the first two store
 * it in the action.
 */
static void mmap_action_remap_prot(struct kunit *test)
{
	const struct prot *row = test->param_value;
	struct prepare_driver *drv = test->priv;

	drv->prepare = row->prepare;
	KUNIT_ASSERT_EQ(test, prepare_map(drv, PROT_RW, MAP_SHARED), AT);
	MM_KUNIT_EXPECT(test, prepare_check_mapped(test, 0, VMA_PAGES, PGOFF, true));
	KUNIT_EXPECT_EQ_MSG(test, !!pte_write(user_pte_at(AT)), row->writable,
			    "whether the first page is writable");
	KUNIT_EXPECT_EQ_MSG(test, !!pte_write(user_pte_at(AT + VMA_SIZE - PAGE_SIZE)),
			    row->writable, "whether the last page is writable");
}

#define COMMON_CASES(CASE_PARAM) \
	CASE_PARAM(mmap_action_maps, prepare_action_gen_params), \
	CASE_PARAM(mmap_action_never_merges, prepare_action_gen_params), \
	CASE_PARAM(mmap_action_remap_part, part_gen_params), \
	CASE_PARAM(mmap_action_ioremap_part, part_gen_params), \
	CASE_PARAM(mmap_action_simple_ioremap_bounds, area_gen_params), \
	CASE_PARAM(mmap_action_map_kernel_pages_part, pages_part_gen_params), \
	CASE_PARAM(mmap_action_map_kernel_pages_bad_page, bad_page_gen_params), \
	CASE_PARAM(mmap_action_remap_prot, prot_gen_params)

static struct kunit_case mmap_action_cases[] = {
	COMMON_CASES(KUNIT_CASE_PARAM),
	KUNIT_CASE(mmap_action_map_kernel_pages_page_mkwrite),
	{}
};

static struct kunit_case mmap_action_compat_cases[] = {
	COMMON_CASES(COMPAT_CASE_PARAM),
	{}
};

static struct kunit_suite mmap_action_suite = {
	.name = "mmap_action",
	.init = prepare_driver_init,
	.test_cases = mmap_action_cases,
};

static struct kunit_suite mmap_action_compat_suite = {
	.name = "mmap_action_compat",
	.init = prepare_driver_compat_init,
	.test_cases = mmap_action_compat_cases,
};

kunit_test_suites(&mmap_action_suite, &mmap_action_compat_suite);

MODULE_DESCRIPTION("KUnit tests for the actions of ->mmap_prepare");
MODULE_LICENSE("GPL");
