// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests for what follows ->mmap_prepare: vm_operations_struct.mapped, and
 * failures of the action and of ->mapped. See mmap_prepare.h for the two suites.
 */
#include "mmap_prepare.h"

/* -- ->mapped ------------------------------------------------------------------- */

/*
 * ->mapped is called once for a new VMA, when its pages are mapped, with its range,
 * offset, file and private data, because the driver has seen a description only;
 * it may replace the private data (kernel-doc of vm_operations_struct.mapped). For
 * what follows, ->open and ->close are called. The mmap_lock is held for writing in
 * ->mmap_prepare and ->mapped, so that nobody sees the mapping before ->mapped has.
 *
 *	AT
 *	|--- p0 ---|--- p1 ---|--- p2 ---|
 *	           ^ munmap() of this page opens two and closes one
 */
static void mapped_arguments(struct kunit *test)
{
	const struct prepare_action *row = test->param_value;
	struct prepare_driver *drv = test->priv;
	unsigned long pfn = page_to_pfn(drv->mem) + PGOFF;
	bool raw_private = row->flags == MAP_PRIVATE && !row->kernel;

	drv->vm_ops = &prepare_driver_vm_ops;
	drv->prepare = row->prepare;
	KUNIT_ASSERT_EQ(test, prepare_map(drv, PROT_RW, row->flags), AT);
	KUNIT_EXPECT_EQ_MSG(test, drv->prepare_locked, true,
			    "whether ->mmap_prepare has the mmap_lock for writing");
	KUNIT_EXPECT_EQ_MSG(test, drv->mapped, 1, "after mmap()");
	KUNIT_EXPECT_EQ_MSG(test, drv->mapped_locked, true,
			    "whether ->mapped has the mmap_lock for writing");
	KUNIT_EXPECT_EQ(test, drv->start, AT);
	KUNIT_EXPECT_EQ(test, drv->end, AT + VMA_SIZE);
	KUNIT_EXPECT_EQ(test, drv->pgoff, raw_private ? pfn : PGOFF);
	KUNIT_EXPECT_PTR_EQ(test, drv->filp, drv->outer->filp);
	KUNIT_EXPECT_NULL(test, drv->private);
	KUNIT_EXPECT_NE_MSG(test, pte_present(drv->pte), 0, "first page, in ->mapped");
	KUNIT_EXPECT_EQ(test, pte_pfn(drv->pte), pfn);
	/* The VMA of a stacked file is only in the tree when its ->mmap has returned. */
	KUNIT_EXPECT_EQ(test, drv->in_tree, !drv->compat);
	KUNIT_EXPECT_EQ(test, drv->hidden, false);
	KUNIT_EXPECT_PTR_EQ(test, vma_at(AT).private, drv);

	KUNIT_ASSERT_EQ(test, vm_munmap(AT + PAGE_SIZE, PAGE_SIZE), 0);
	KUNIT_EXPECT_EQ_MSG(test, drv->mapped, 1, "after a split");
	KUNIT_EXPECT_EQ_MSG(test, drv->opens, 2, "after a split");
	KUNIT_EXPECT_EQ_MSG(test, drv->closes, 1, "after a split");
	KUNIT_ASSERT_EQ(test, vm_munmap(AT, VMA_SIZE), 0);
	KUNIT_EXPECT_EQ_MSG(test, drv->mapped, 1, "in the end");
	KUNIT_EXPECT_EQ_MSG(test, drv->closes, 3, "in the end");
}

/*
 * If ->mapped fails, mmap() returns its error, unmaps the pages and does not call
 * ->close, because ->close must not undo what ->mapped did not do. The next mmap()
 * works.
 */
static void mapped_fails(struct kunit *test)
{
	const struct prepare_action *row = test->param_value;
	struct prepare_driver *drv = test->priv;
	struct mmap_usage before = prepare_usage(drv);

	drv->vm_ops = &prepare_driver_vm_ops;
	drv->prepare = row->prepare;
	drv->mapped_err = -EBUSY;
	KUNIT_EXPECT_EQ(test, prepare_map(drv, PROT_RW, row->flags), -EBUSY);
	KUNIT_EXPECT_EQ(test, drv->mapped, 1);
	KUNIT_EXPECT_NE_MSG(test, pte_present(drv->pte), 0, "first page, in ->mapped");
	PREPARE_EXPECT_NOTHING_LEFT(test, before, "after ->mapped failed");
	KUNIT_EXPECT_EQ(test, drv->closes, 0);

	drv->mapped_err = 0;
	KUNIT_EXPECT_EQ(test, prepare_map(drv, PROT_RW, row->flags), AT);
	MM_KUNIT_EXPECT(test, prepare_check_mapped(test, 0, VMA_PAGES, PGOFF, !row->kernel));
}

/* -- failures of the action ----------------------------------------------------- */

/*
 * If there is no memory for the VMA, a page table, or anything else between the
 * return of ->mmap_prepare and that of mmap(), mmap() is -ENOMEM, nothing is left,
 * and neither ->mapped nor ->close is called: what ->mapped did not do, ->close must
 * not undo. The mapping crosses the border of the largest page table, so it needs
 * two tables of each level:
 *
 *	             border
 *	|--- p0 ---|--- p1 ---|--- p2 ---|
 *	^ addr
 */
static void mmap_action_no_memory(struct kunit *test)
{
	const struct prepare_action *row = test->param_value;
	const unsigned long addr = user_table_border() - PAGE_SIZE;
	struct prepare_driver *drv = test->priv;
	struct mm_kunit_failing fail;
	struct mmap_usage before;
	unsigned int errors = 0;

	mm_kunit_fail_setup(test, MM_KUNIT_FAIL_PAGE);
	drv->vm_ops = &prepare_driver_vm_ops;
	drv->prepare = row->prepare;
	/* On s390, the first mapping at a high address adds a level of tables for good. */
	KUNIT_ASSERT_EQ(test, user_mmap(drv->outer, addr, VMA_SIZE, PROT_RW,
					row->flags | MAP_FIXED, PGOFF), addr);
	KUNIT_ASSERT_EQ(test, vm_munmap(addr, VMA_SIZE), 0);
	before = prepare_usage(drv);
	drv->fail = &fail;
	mm_kunit_for_each_failing(test, &fail) {
		long ret;

		drv->mapped = 0;
		drv->closes = 0;
		ret = user_mmap(drv->outer, addr, VMA_SIZE, PROT_RW, row->flags | MAP_FIXED,
				PGOFF);
		mm_kunit_fail_end(&fail);
		if (ret == addr) {
			KUNIT_EXPECT_EQ_MSG(test, drv->mapped, 1, "allocation %u", fail.nth);
			KUNIT_ASSERT_EQ_MSG(test, vm_munmap(addr, VMA_SIZE), 0, "allocation %u",
					    fail.nth);
			continue;
		}
		errors++;
		KUNIT_ASSERT_EQ_MSG(test, ret, -ENOMEM, "allocation %u", fail.nth);
		KUNIT_EXPECT_EQ_MSG(test, drv->mapped, 0, "allocation %u", fail.nth);
		KUNIT_EXPECT_EQ_MSG(test, drv->closes, 0, "allocation %u", fail.nth);
		KUNIT_EXPECT_EQ_MSG(test, vma_at(addr).end, 0, "allocation %u", fail.nth);
		KUNIT_EXPECT_EQ_MSG(test, pte_val(user_pte_at(addr)),
				    pte_val(mm_kunit_no_pte()),
				    "entry of the first page, allocation %u", fail.nth);
		PREPARE_EXPECT_NOTHING_LEFT(test, before, "after allocation %u failed", fail.nth);
	}
	mm_kunit_need_table_pages(test, errors);
	KUNIT_EXPECT_GT_MSG(test, errors, 0, "calls that have failed");
}

static int prepare_hide(struct vm_area_desc *desc, struct prepare_driver *drv)
{
	desc->action.hide_from_rmap_until_complete = true;
	return prepare_kernel_pages_full(desc, drv);
}

/*
 * With hide_from_rmap_until_complete, the mapping cannot be found by its file until
 * ->mapped has returned, because hugetlbfs must not be truncated before that. Then
 * it can be, whether ->mapped has failed or not.
 */
static void mmap_action_hide_from_rmap(struct kunit *test)
{
	struct prepare_driver *drv = test->priv;
	struct mmap_usage before = prepare_usage(drv);
	struct address_space *mapping = drv->outer->filp->f_mapping;

	drv->vm_ops = &prepare_driver_vm_ops;
	drv->prepare = prepare_hide;
	KUNIT_ASSERT_EQ(test, prepare_map(drv, PROT_RW, MAP_SHARED), AT);
	/* The VMA of a stacked file is not known to its file in ->mmap. */
	KUNIT_EXPECT_EQ_MSG(test, drv->hidden, !drv->compat, "in ->mapped");
	KUNIT_ASSERT_EQ(test, rwsem_is_locked(&mapping->i_mmap_rwsem), 0);
	unmap_mapping_range(mapping, 0, 0, 1);
	MM_KUNIT_EXPECT(test, prepare_check_no_ptes(test, 0, VMA_PAGES));
	KUNIT_ASSERT_EQ(test, vm_munmap(AT, VMA_SIZE), 0);

	drv->mapped_err = -EBUSY;
	KUNIT_EXPECT_EQ(test, prepare_map(drv, PROT_RW, MAP_SHARED), -EBUSY);
	KUNIT_EXPECT_EQ_MSG(test, drv->hidden, !drv->compat, "in ->mapped that fails");
	PREPARE_EXPECT_NOTHING_LEFT(test, before, "after ->mapped failed");
}

static int prepare_override(struct vm_area_desc *desc, struct prepare_driver *drv)
{
	desc->action.error_override = -EAGAIN;
	return prepare_kernel_pages_full(desc, drv);
}

static int prepare_override_outside(struct vm_area_desc *desc, struct prepare_driver *drv)
{
	desc->action.error_override = -EAGAIN;
	mmap_action_map_kernel_pages(desc, desc->start, drv->pages, VMA_PAGES + 1);
	return 0;
}

static int prepare_override_positive(struct vm_area_desc *desc, struct prepare_driver *drv)
{
	desc->action.error_override = EAGAIN;
	return prepare_kernel_pages_full(desc, drv);
}

static int prepare_override_too_low(struct vm_area_desc *desc, struct prepare_driver *drv)
{
	desc->action.error_override = -MAX_ERRNO - 1;
	return prepare_kernel_pages_full(desc, drv);
}

static int prepare_override_own(struct vm_area_desc *desc, struct prepare_driver *drv)
{
	desc->action.error_override = -EAGAIN;
	return -ENOTTY;
}

struct override {
	const char *desc;
	int (*prepare)(struct vm_area_desc *desc, struct prepare_driver *drv);
	bool bad_page;
	int mapped_err;
	int ret;		/* 0: it is mapped */
	int compat_ret;		/* the same for a stacked file, which gets the error itself */
	int warns;
};

static const struct override override_rows[] = {
	{ .desc = "of_no_error", .prepare = prepare_override },
	{ .desc = "of_the_action", .prepare = prepare_override, .bad_page = true,
	  .ret = -EAGAIN, .compat_ret = -EINVAL },
	{ .desc = "of_mapped", .prepare = prepare_override, .mapped_err = -EBUSY,
	  .ret = -EAGAIN, .compat_ret = -EBUSY },
	{ .desc = "of_both", .prepare = prepare_override, .bad_page = true,
	  .mapped_err = -EBUSY, .ret = -EAGAIN, .compat_ret = -EINVAL },
	/* Errors before the action has begun are not replaced. */
	{ .desc = "of_mmap_prepare", .prepare = prepare_override_own, .ret = -ENOTTY,
	  .compat_ret = -ENOTTY },
	{ .desc = "of_a_range_that_is_refused", .prepare = prepare_override_outside,
	  .ret = -EFAULT, .compat_ret = -EFAULT },
	/* The process would take a number that is not an errno for an address. */
	{ .desc = "by_a_positive_number", .prepare = prepare_override_positive,
	  .ret = -EINVAL, .compat_ret = -EINVAL, .warns = 1 },
	{ .desc = "by_less_than_any_errno", .prepare = prepare_override_too_low,
	  .ret = -EINVAL, .compat_ret = -EINVAL, .warns = 1 },
};

KUNIT_ARRAY_PARAM_DESC(override, override_rows, desc);

/*
 * error_override replaces the errors of the action and of ->mapped, because some
 * drivers have to go on returning what they always returned (struct mmap_action).
 * A number that is not an errno is refused with a warning.
 */
static void mmap_action_error_override(struct kunit *test)
{
	const struct override *row = test->param_value;
	struct prepare_driver *drv = test->priv;
	struct mmap_usage before = prepare_usage(drv);
	int err = drv->compat ? row->compat_ret : row->ret;

	drv->vm_ops = &prepare_driver_vm_ops;
	drv->prepare = row->prepare;
	drv->mapped_err = row->mapped_err;
	if (row->bad_page)
		drv->pages[PGOFF + 1] = bad_page_slab(test);
	kunit_warning_suppress(test) {
		KUNIT_EXPECT_EQ(test, prepare_map(drv, PROT_RW, MAP_SHARED), err ?: (long)AT);
		KUNIT_EXPECT_SUPPRESSED_WARNING_COUNT(test, MM_KUNIT_WARN_ONCE(row->warns));
	}
	KUNIT_EXPECT_EQ(test, drv->mapped, !err || (row->mapped_err && !row->bad_page));
	if (err)
		PREPARE_EXPECT_NOTHING_LEFT(test, before, "after the failure");
	else
		MM_KUNIT_EXPECT(test, prepare_check_mapped(test, 0, VMA_PAGES, PGOFF, false));
}

static int prepare_unknown(struct vm_area_desc *desc, struct prepare_driver *drv)
{
	desc->action.type = MMAP_MAP_KERNEL_PAGES + 1;
	return 0;
}

/*
 * An action that does not exist is -EINVAL, with a warning, because the driver
 * would believe that its memory has been mapped.
 */
static void mmap_action_unknown(struct kunit *test)
{
	struct prepare_driver *drv = test->priv;
	struct mmap_usage before = prepare_usage(drv);

	drv->prepare = prepare_unknown;
	kunit_warning_suppress(test) {
		KUNIT_EXPECT_EQ(test, prepare_map(drv, PROT_RW, MAP_SHARED), -EINVAL);
		KUNIT_EXPECT_SUPPRESSED_WARNING_COUNT(test, MM_KUNIT_WARN_ONCE(1));
	}
	PREPARE_EXPECT_NOTHING_LEFT(test, before, "after the failure");
}

/* -- drivers with ->mmap on top of ->mmap_prepare --------------------------------- */

static int unprepared_mmap(struct vm_area_struct *vma, void *data)
{
	struct mmap_action action = { .type = *(enum mmap_action_type *)data };

	return mmap_action_complete(vma, &action, true);
}

/*
 * mmap_action_complete() refuses the actions that mmap_action_prepare() has to
 * turn into MMAP_REMAP_PFN first: -EINVAL, with a warning, because their ranges
 * have not been checked.
 */
static void mmap_action_complete_unprepared(struct kunit *test)
{
	static const enum mmap_action_type types[] = { MMAP_IO_REMAP_PFN, MMAP_SIMPLE_IO_REMAP };
	struct prepare_driver *drv = test->priv;
	int i;

	kunit_warning_suppress(test) {
		for (i = 0; i < ARRAY_SIZE(types); i++) {
			drv->outer = user_file_open(test, O_RDWR, unprepared_mmap,
						    (void *)&types[i]);
			KUNIT_EXPECT_EQ_MSG(test, prepare_map(drv, PROT_RW, MAP_SHARED), -EINVAL,
					    "action %d", types[i]);
		}
		KUNIT_EXPECT_SUPPRESSED_WARNING_COUNT(test, MM_KUNIT_WARN_ONCE(i));
	}
}

/* The first number of pages whose size in bytes is 0 again. */
#define WRAPS	(1UL << (BITS_PER_LONG - PAGE_SHIFT))

static const unsigned long wrapping_pages[] = {
	ULONG_MAX, WRAPS - 1, WRAPS, WRAPS + 1, WRAPS + 2,
};

/* What mmap_action_prepare() returned for ranges that wrap. */
struct wrapping {
	struct prepare_driver *drv;
	int remap_ret;
	int pages_ret[ARRAY_SIZE(wrapping_pages)];
};

static int wrapping_mmap(struct vm_area_struct *vma, void *data)
{
	struct wrapping *found = data;
	struct prepare_driver *drv = found->drv;
	struct vm_area_desc desc;
	int i;

	compat_set_desc_from_vma(&desc, drv->file->filp, vma);
	mmap_action_remap(&desc, desc.start, page_to_pfn(drv->mem), -PAGE_SIZE);
	found->remap_ret = mmap_action_prepare(&desc);
	for (i = 0; i < ARRAY_SIZE(wrapping_pages); i++) {
		compat_set_desc_from_vma(&desc, drv->file->filp, vma);
		mmap_action_map_kernel_pages(&desc, desc.start, drv->pages, wrapping_pages[i]);
		found->pages_ret[i] = mmap_action_prepare(&desc);
	}

	return 0;
}

/*
 * A range that goes beyond the end of all addresses is -EFAULT, because its end
 * wraps: it may be before the VMA's, or even in the VMA.
 */
static void mmap_action_wraps(struct kunit *test)
{
	struct prepare_driver *drv = test->priv;
	struct wrapping found = { .drv = drv };
	int i;

	drv->outer = user_file_open(test, O_RDWR, wrapping_mmap, &found);
	/* A range that is not in the VMA is a mistake of the driver, and may warn. */
	kunit_warning_suppress(test) {
		KUNIT_EXPECT_EQ(test, prepare_map(drv, PROT_RW, MAP_SHARED), AT);
	}
	KUNIT_EXPECT_EQ(test, found.remap_ret, -EFAULT);
	for (i = 0; i < ARRAY_SIZE(wrapping_pages); i++)
		KUNIT_EXPECT_EQ_MSG(test, found.pages_ret[i], -EFAULT, "%#lx pages",
				    wrapping_pages[i]);
}

/* What ->mmap of a file on top has seen, after each of its two steps. */
struct steps {
	int prepare_ret;
	struct vm_area_desc prepared;	/* after mmap_action_prepare() */
	struct vma_info before;		/* the VMA before that, */
	struct vma_info between;	/* and after it */
	struct vm_area_desc fresh;	/* a second description of the VMA */
	struct vma_info after;		/* the VMA after __compat_vma_mmap() */
};

static struct vma_info info_of(const struct vm_area_struct *vma)
{
	return (struct vma_info) {
		.start = vma->vm_start,
		.pgoff = vma->vm_pgoff,
		.flags = vma->vm_flags,
		.ops = vma->vm_ops,
		.private = vma->vm_private_data,
	};
}

static int steps_mmap(struct vm_area_struct *vma, void *data)
{
	struct prepare_driver *drv = data;
	struct steps *found = (struct steps *)drv->row;
	struct vm_area_desc desc;
	int err;

	vma->vm_private_data = drv;
	found->before = info_of(vma);
	memset(&desc, 0xff, sizeof(desc));
	compat_set_desc_from_vma(&desc, drv->file->filp, vma);
	drv->prepare(&desc, drv);
	found->prepare_ret = mmap_action_prepare(&desc);
	found->prepared = desc;
	found->between = info_of(vma);

	compat_set_desc_from_vma(&desc, drv->file->filp, vma);
	found->fresh = desc;
	desc.vm_ops = &prepare_driver_vm_ops;
	drv->prepare(&desc, drv);
	err = __compat_vma_mmap(&desc, vma);
	found->after = info_of(vma);

	return err;
}

#define MMAP_MAPPED_EXPECT_STEPS(test, found, drv, row, private_after)		\
do {										\
	const struct mmap_action *__action = &(found)->prepared.action;		\
										\
	KUNIT_EXPECT_EQ(test, (found)->prepare_ret, 0);				\
	KUNIT_EXPECT_EQ(test, __action->type,					\
			(row)->kernel ? MMAP_MAP_KERNEL_PAGES : MMAP_REMAP_PFN); \
	if (!(row)->kernel) {							\
		KUNIT_EXPECT_EQ(test, __action->remap.start, (found)->before.start); \
		KUNIT_EXPECT_EQ(test, __action->remap.size, VMA_SIZE);		\
		KUNIT_EXPECT_EQ(test, __action->remap.start_pfn,		\
				page_to_pfn((drv)->mem) + PGOFF);		\
	}									\
	KUNIT_EXPECT_EQ(test, (found)->between.flags, (found)->before.flags);	\
	KUNIT_EXPECT_EQ(test, (found)->between.pgoff, (found)->before.pgoff);	\
	KUNIT_EXPECT_PTR_EQ(test, (found)->between.private, (void *)(drv));	\
	KUNIT_EXPECT_EQ(test, (found)->fresh.action.type, MMAP_NOTHING);	\
	KUNIT_EXPECT_NULL(test, (found)->fresh.private_data);			\
	KUNIT_EXPECT_PTR_EQ(test, (found)->after.private, (void *)(private_after)); \
	KUNIT_EXPECT_PTR_EQ(test, (found)->after.ops, &prepare_driver_vm_ops);	\
} while (0)

/*
 * A driver on top of another may change the description between the steps of
 * compat_vma_mmap(): mmap_action_prepare() changes the description only, and
 * __compat_vma_mmap() the VMA, including operations and private data, which belong
 * to the lower driver. A VMA whose ->mmap has failed is not closed.
 */
static void compat_vma_mmap_in_steps(struct kunit *test)
{
	const struct prepare_action *row = test->param_value;
	struct prepare_driver *drv = test->priv;
	struct steps *found = kunit_kzalloc(test, sizeof(*found), GFP_KERNEL);
	struct mmap_usage before;

	KUNIT_ASSERT_NOT_NULL(test, found);
	drv->row = found;
	drv->prepare = row->prepare;
	drv->outer = user_file_open(test, O_RDWR, steps_mmap, drv);
	before = prepare_usage(drv);
	KUNIT_ASSERT_EQ(test, prepare_map(drv, PROT_RW, row->flags), AT);
	MMAP_MAPPED_EXPECT_STEPS(test, found, drv, row, drv);
	KUNIT_EXPECT_EQ(test, drv->mapped, 1);
	MM_KUNIT_EXPECT(test, prepare_check_mapped(test, 0, VMA_PAGES, PGOFF, !row->kernel));
	KUNIT_ASSERT_EQ(test, vm_munmap(AT, VMA_SIZE), 0);
	KUNIT_EXPECT_EQ(test, drv->closes, 1);

	drv->mapped_err = -EBUSY;
	KUNIT_EXPECT_EQ(test, prepare_map(drv, PROT_RW, row->flags), -EBUSY);
	MMAP_MAPPED_EXPECT_STEPS(test, found, drv, row, NULL);
	KUNIT_EXPECT_EQ(test, drv->closes, 1);
	PREPARE_EXPECT_NOTHING_LEFT(test, before, "after ->mapped failed");
}

/* -- today's implementation, not promised ---------------------------------- */

static int mapped_mmap(struct vm_area_struct *vma, void *data)
{
	vma->vm_ops = &prepare_driver_vm_ops;
	return 0;
}

/*
 * ->mapped that is set by ->mmap is not called. The kernel-doc of ->mapped says
 * that this results in an error; that mmap() succeeds instead is only so today, so
 * what it returns is not looked at.
 */
static void mapped_without_mmap_prepare(struct kunit *test)
{
	struct prepare_driver *drv = test->priv;

	drv->outer = user_file_open(test, O_RDWR, mapped_mmap, drv);
	prepare_map(drv, PROT_RW, MAP_SHARED);
	KUNIT_EXPECT_EQ(test, drv->mapped, 0);
}

#define COMMON_CASES(CASE, CASE_PARAM) \
	CASE_PARAM(mapped_arguments, prepare_action_gen_params), \
	CASE_PARAM(mapped_fails, prepare_action_gen_params), \
	CASE_PARAM(mmap_action_no_memory, prepare_action_gen_params), \
	CASE_PARAM(mmap_action_error_override, override_gen_params), \
	CASE(mmap_action_hide_from_rmap), \
	CASE(mmap_action_unknown)

static struct kunit_case mmap_mapped_cases[] = {
	COMMON_CASES(KUNIT_CASE, KUNIT_CASE_PARAM),
	KUNIT_CASE(mapped_without_mmap_prepare),
	{}
};

static struct kunit_case mmap_mapped_compat_cases[] = {
	COMMON_CASES(COMPAT_CASE, COMPAT_CASE_PARAM),
	KUNIT_CASE(mmap_action_complete_unprepared),
	KUNIT_CASE(mmap_action_wraps),
	KUNIT_CASE_PARAM(compat_vma_mmap_in_steps, prepare_action_gen_params),
	{}
};

static struct kunit_suite mmap_mapped_suite = {
	.name = "mmap_mapped",
	.init = prepare_driver_init,
	.test_cases = mmap_mapped_cases,
};

static struct kunit_suite mmap_mapped_compat_suite = {
	.name = "mmap_mapped_compat",
	.init = prepare_driver_compat_init,
	.test_cases = mmap_mapped_compat_cases,
};

kunit_test_suites(&mmap_mapped_suite, &mmap_mapped_compat_suite);

MODULE_DESCRIPTION("KUnit tests for ->mapped and failures after ->mmap_prepare");
MODULE_LICENSE("GPL");
