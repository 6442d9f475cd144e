// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests for ->mmap_prepare: the description that it gets, what it may change
 * there, and what happens when it fails. See mmap_prepare.h for the two suites.
 */
#include "check_bytes.h"
#include "mmap_prepare.h"

/* -- what ->mmap_prepare gets, and may change -------------------------------- */

struct kind {
	const char *desc;
	unsigned long prot;
	unsigned long flags;
	vm_flags_t vm_flags;
};

static const struct kind kind_rows[] = {
	{ .desc = "shared", .prot = PROT_RW, .flags = MAP_SHARED,
	  .vm_flags = VM_READ | VM_WRITE | VM_SHARED | VM_MAYSHARE | VM_MAYREAD | VM_MAYWRITE },
	{ .desc = "shared_read_only", .prot = PROT_READ, .flags = MAP_SHARED,
	  .vm_flags = VM_READ | VM_SHARED | VM_MAYSHARE | VM_MAYREAD | VM_MAYWRITE },
	{ .desc = "private", .prot = PROT_RW, .flags = MAP_PRIVATE,
	  .vm_flags = VM_READ | VM_WRITE | VM_MAYREAD | VM_MAYWRITE | VM_ACCOUNT },
	{ .desc = "private_read_only", .prot = PROT_READ, .flags = MAP_PRIVATE,
	  .vm_flags = VM_READ | VM_MAYREAD | VM_MAYWRITE },
};

KUNIT_ARRAY_PARAM_DESC(kind, kind_rows, desc);

/*
 * The description has the mm, both files, the range, the offset, the flags and the
 * protection of what the process has asked for, because drivers decide by them
 * (struct vm_area_desc). There is no action yet, and the operations do nothing, so
 * that a fault in the mapping of a driver that sets none is SIGBUS.
 */
static void mmap_prepare_sees(struct kunit *test)
{
	const struct kind *row = test->param_value;
	struct prepare_driver *drv = test->priv;
	struct vm_area_desc *seen = &drv->seen;
	vm_flags_t flags;

	KUNIT_ASSERT_EQ(test, prepare_map(drv, row->prot, row->flags), AT);
	KUNIT_EXPECT_PTR_EQ(test, seen->mm, current->mm);
	KUNIT_EXPECT_PTR_EQ(test, seen->file, drv->file->filp);
	KUNIT_EXPECT_PTR_EQ(test, seen->vm_file, drv->outer->filp);
	KUNIT_EXPECT_EQ(test, seen->start, AT);
	KUNIT_EXPECT_EQ(test, seen->end, AT + VMA_SIZE);
	KUNIT_EXPECT_EQ(test, seen->pgoff, PGOFF);
	flags = vma_flags_to_legacy(seen->vma_flags) & ~(VM_MAYEXEC | VM_SOFTDIRTY);
	KUNIT_EXPECT_EQ(test, flags, row->vm_flags);
	KUNIT_EXPECT_EQ(test, pgprot_val(seen->page_prot),
			pgprot_val(vm_get_page_prot(row->vm_flags)));
	KUNIT_EXPECT_NULL(test, seen->private_data);
	KUNIT_EXPECT_EQ(test, seen->action.type, MMAP_NOTHING);
	KUNIT_EXPECT_EQ(test, seen->action.error_override, 0);

	KUNIT_ASSERT_NOT_NULL(test, seen->vm_ops);
	KUNIT_EXPECT_NULL(test, seen->vm_ops->close);
	KUNIT_EXPECT_NULL(test, seen->vm_ops->mapped);
	KUNIT_EXPECT_NULL(test, seen->vm_ops->fault);
	KUNIT_EXPECT_EQ(test, user_fault(AT, 0), VM_FAULT_SIGBUS);
}

static int prepare_change(struct vm_area_desc *desc, struct prepare_driver *drv)
{
	desc->pgoff += 77;
	vma_desc_set_flags(desc, VMA_DONTCOPY_BIT);
	vma_desc_clear_flags(desc, VMA_MAYREAD_BIT);
	desc->page_prot = pgprot_noncached(desc->page_prot);
	desc->private_data = &drv->seen;

	return 0;
}

/*
 * The offset, the flags, the protection, the operations and the private data that
 * ->mmap_prepare sets are those of the VMA, because it has no VMA in which it
 * could set them. ->mapped may replace the private data once more.
 */
static void mmap_prepare_changes(struct kunit *test)
{
	const struct kind *row = test->param_value;
	struct prepare_driver *drv = test->priv;
	struct vma_info vma;

	drv->prepare = prepare_change;
	drv->vm_ops = &prepare_driver_vm_ops;
	KUNIT_ASSERT_EQ(test, prepare_map(drv, row->prot, row->flags), AT);

	vma = vma_at(AT);
	KUNIT_EXPECT_EQ(test, vma.pgoff, PGOFF + 77);
	KUNIT_EXPECT_EQ(test, vma.flags & ~VM_MAYEXEC,
			(row->vm_flags & ~VM_MAYREAD) | VM_DONTCOPY);
	KUNIT_EXPECT_EQ(test, pgprot_val(vma.prot),
			pgprot_val(pgprot_noncached(vm_get_page_prot(row->vm_flags))));
	KUNIT_EXPECT_PTR_EQ(test, vma.ops, &prepare_driver_vm_ops);
	KUNIT_EXPECT_PTR_EQ(test, vma.file, drv->outer->filp);
	KUNIT_EXPECT_PTR_EQ(test, drv->private, &drv->seen);
	KUNIT_EXPECT_PTR_EQ(test, vma.private, drv);
}

static int prepare_anonymous(struct vm_area_desc *desc, struct prepare_driver *drv)
{
	desc->vm_ops = NULL;
	return 0;
}

/*
 * A private mapping whose operations are set to NULL is one of anonymous memory,
 * because that is how /dev/zero is mapped (mmap_zero_prepare()).
 */
static void mmap_prepare_no_vm_ops(struct kunit *test)
{
	struct prepare_driver *drv = test->priv;
	void *page;

	drv->prepare = prepare_anonymous;
	KUNIT_ASSERT_EQ(test, prepare_map(drv, PROT_RW, MAP_PRIVATE), AT);
	KUNIT_EXPECT_PTR_EQ(test, vma_at(AT).ops, NULL);
	page = USER_READ_PAGE(test, AT + PAGE_SIZE);
	MM_KUNIT_EXPECT(test, check_filled(test, page, 0, PAGE_SIZE));
	KUNIT_EXPECT_EQ(test, mmap_write(AT + PAGE_SIZE, 1234), 0);
	KUNIT_EXPECT_EQ(test, get_mm_counter_sum(current->mm, MM_ANONPAGES), 1);
}

static int prepare_private_data(struct vm_area_desc *desc, struct prepare_driver *drv)
{
	desc->private_data = drv->mapped ? &drv->seen : NULL;
	return 0;
}

/*
 * A mapping that merges with the VMA before it leaves that VMA's private data and
 * operations as they are, and ->mapped is not called, because no VMA is new.
 *
 *	AT                      AT + VMA_SIZE
 *	|--- first mapping ---| |--- second mapping ---|   one VMA in the end
 */
static void mmap_prepare_merges(struct kunit *test)
{
	struct prepare_driver *drv = test->priv;
	struct vma_info vma;

	drv->vm_ops = &prepare_merge_vm_ops;
	drv->prepare = prepare_private_data;
	KUNIT_ASSERT_EQ(test, prepare_map(drv, PROT_RW, MAP_SHARED), AT);
	KUNIT_EXPECT_EQ_MSG(test, drv->mapped, 1, "calls of ->mapped for the first mapping");
	KUNIT_ASSERT_EQ(test, user_mmap(drv->file, AT + VMA_SIZE, VMA_SIZE, PROT_RW,
					MAP_SHARED | MAP_FIXED, PGOFF + VMA_PAGES),
			AT + VMA_SIZE);
	vma = vma_at(AT);
	KUNIT_ASSERT_EQ(test, vma.end, AT + 2 * VMA_SIZE);
	KUNIT_EXPECT_EQ(test, vma.pgoff, PGOFF);
	KUNIT_EXPECT_EQ_MSG(test, drv->mapped, 1, "calls of ->mapped for both mappings");
	KUNIT_EXPECT_PTR_EQ(test, vma.private, drv);
}

/* -- another file -------------------------------------------------------------- */

static int prepare_swap_file(struct vm_area_desc *desc, struct prepare_driver *drv)
{
	desc->vm_file = get_file(drv->outer->filp);
	return 0;
}

/* Maps drv->file, whose ->mmap_prepare sets another file, drv->outer, for the VMA. */
static long map_swapping(struct prepare_driver *drv)
{
	return user_mmap(drv->file, AT, VMA_SIZE, PROT_RW, MAP_SHARED | MAP_FIXED, PGOFF);
}

/* Opens the other file, and has ->mmap_prepare set it. */
static void swap_setup(struct kunit *test, struct prepare_driver *drv)
{
	drv->outer = user_file_open_fops(test, O_RDWR, &prepare_driver_fops, drv);
	drv->vm_ops = &prepare_driver_fault_vm_ops;
	drv->prepare = prepare_swap_file;
}

/*
 * If ->mmap_prepare sets another file, the VMA is one of that file, because its
 * driver serves the faults, and the reference that ->mmap_prepare took becomes the
 * VMA's, until it is unmapped or ->mapped fails. The file that was passed to mmap()
 * is not held (struct vm_area_desc).
 */
static void mmap_prepare_sets_file(struct kunit *test)
{
	struct prepare_driver *drv = test->priv;
	struct mmap_usage before, during;
	struct vma_info vma;

	swap_setup(test, drv);
	before = prepare_usage(drv);
	KUNIT_ASSERT_EQ(test, map_swapping(drv), AT);
	vma = vma_at(AT);
	KUNIT_EXPECT_PTR_EQ(test, vma.file, drv->outer->filp);
	KUNIT_EXPECT_PTR_EQ(test, drv->filp, drv->outer->filp);
	during = prepare_usage(drv);
	KUNIT_EXPECT_EQ(test, during.other_refs, before.other_refs + 1);
	KUNIT_EXPECT_EQ(test, during.file_refs, before.file_refs);
	MM_KUNIT_EXPECT(test, mmap_check_contents(test, drv->buf, AT, drv->pages + PGOFF,
						  VMA_PAGES));
	KUNIT_ASSERT_EQ(test, vm_munmap(AT, VMA_SIZE), 0);
	KUNIT_EXPECT_EQ(test, drv->closes, 1);
	MMAP_EXPECT_SAME_USAGE(test, prepare_usage(drv), before, "after munmap()");

	drv->mapped_err = -EBUSY;
	KUNIT_EXPECT_EQ(test, map_swapping(drv), -EBUSY);
	MMAP_EXPECT_SAME_USAGE(test, prepare_usage(drv), before, "after ->mapped failed");
}

/*
 * The reference to the other file is dropped, too, if mmap() has no memory for the
 * VMA, because ->mmap_prepare cannot know of that.
 */
static void mmap_prepare_sets_file_no_memory(struct kunit *test)
{
	struct prepare_driver *drv = test->priv;
	struct mm_kunit_failing fail;
	struct mmap_usage before;
	unsigned int errors = 0;
	long ret;

	mm_kunit_fail_setup(test, MM_KUNIT_FAIL_ONE);
	swap_setup(test, drv);
	before = prepare_usage(drv);
	mm_kunit_for_each_failing(test, &fail) {
		mm_kunit_fail_begin(&fail);
		ret = map_swapping(drv);
		mm_kunit_fail_end(&fail);
		if (IS_ERR_VALUE(ret)) {
			KUNIT_EXPECT_EQ_MSG(test, ret, -ENOMEM, "allocation %u", fail.nth);
			errors++;
		} else {
			KUNIT_EXPECT_EQ_MSG(test, vm_munmap(AT, VMA_SIZE), 0, "allocation %u",
					    fail.nth);
		}
		MMAP_EXPECT_SAME_USAGE(test, prepare_usage(drv), before,
				       "after allocation %u failed", fail.nth);
	}
	KUNIT_EXPECT_GT_MSG(test, errors, 0, "calls that have failed");
}

/* -- ->mmap_prepare fails ------------------------------------------------------ */

/*
 * The error of ->mmap_prepare is returned as it is, and neither ->mapped nor
 * ->close is called, because there never was a VMA.
 */
static void mmap_prepare_fails(struct kunit *test)
{
	const struct kind *row = test->param_value;
	struct prepare_driver *drv = test->priv;
	struct mmap_usage before = prepare_usage(drv);

	drv->prepare = prepare_fail;
	drv->vm_ops = &prepare_driver_vm_ops;
	KUNIT_EXPECT_EQ(test, prepare_map(drv, row->prot, row->flags), -ENOTTY);
	KUNIT_EXPECT_EQ(test, drv->mapped, 0);
	KUNIT_EXPECT_EQ(test, drv->closes, 0);
	PREPARE_EXPECT_NOTHING_LEFT(test, before, "after the failure");
}

/*
 * A private mapping that ->mmap_prepare refuses does not stay charged, because
 * the memory that it was charged for is never needed.
 */
static void mmap_prepare_fails_uncharged(struct kunit *test)
{
	const unsigned long nr_pages = 4096;
	struct prepare_driver *drv = test->priv;
	unsigned long before;

	drv->prepare = prepare_fail;
	before = vm_memory_committed();
	KUNIT_EXPECT_EQ(test, user_mmap(drv->outer, AT, nr_pages * PAGE_SIZE, PROT_RW,
					MAP_PRIVATE | MAP_FIXED, 0), -ENOTTY);
	/* Others may be charged meanwhile, but hardly for that much. */
	KUNIT_EXPECT_LT(test, vm_memory_committed(), before + nr_pages / 2);
	KUNIT_EXPECT_GT(test, vm_memory_committed() + nr_pages / 2, before);
}

/*
 * MAP_FIXED closes what it replaces before ->mmap_prepare is called, because a
 * driver with room for one mapping could not have it replaced otherwise. So the
 * old mapping is gone in any case, even if ->mmap_prepare fails.
 */
static void mmap_prepare_after_close(struct kunit *test)
{
	struct prepare_driver *drv = test->priv;
	struct mmap_usage before = prepare_usage(drv);

	drv->vm_ops = &prepare_driver_vm_ops;
	KUNIT_ASSERT_EQ(test, prepare_map(drv, PROT_RW, MAP_SHARED), AT);
	KUNIT_ASSERT_EQ(test, prepare_map(drv, PROT_RW, MAP_SHARED), AT);
	KUNIT_EXPECT_EQ(test, drv->closes_before, 1);
	KUNIT_EXPECT_EQ(test, drv->mapped, 2);

	drv->prepare = prepare_fail;
	KUNIT_EXPECT_EQ(test, prepare_map(drv, PROT_RW, MAP_SHARED), -ENOTTY);
	KUNIT_EXPECT_EQ(test, drv->closes_before, 2);
	KUNIT_EXPECT_EQ(test, drv->closes, 2);
	KUNIT_EXPECT_EQ(test, drv->opens, 0);
	PREPARE_EXPECT_NOTHING_LEFT(test, before, "after the failure");
}

static int prepare_busy(struct vm_area_desc *desc, struct prepare_driver *drv)
{
	return -EBUSY;
}

/*
 * If ->mmap_prepare fails, the mapping of another driver that MAP_FIXED was to
 * replace has been closed and is gone, because that came first. The driver that
 * fails has nothing to close.
 */
static void mmap_prepare_error(struct kunit *test)
{
	struct prepare_driver *drv = test->priv, victim = *drv;
	struct mmap_usage before;
	unsigned long addr;

	drv->prepare = prepare_busy;
	drv->vm_ops = &prepare_driver_vm_ops;
	victim.vm_ops = &prepare_driver_vm_ops;
	victim.file = user_file_open_fops(test, O_RDWR, &prepare_driver_fops, &victim);
	before = prepare_usage(drv);
	KUNIT_EXPECT_EQ(test, user_mmap(drv->file, 0, VMA_SIZE, PROT_RW, MAP_SHARED, PGOFF),
			-EBUSY);
	MMAP_EXPECT_SAME_USAGE(test, prepare_usage(drv), before, "after mmap() failed");

	addr = user_mmap(victim.file, 0, VMA_SIZE, PROT_RW, MAP_SHARED, PGOFF);
	KUNIT_ASSERT_FALSE_MSG(test, IS_ERR_VALUE(addr), "mmap() returned %ld", (long)addr);
	KUNIT_EXPECT_EQ(test, user_mmap(drv->file, addr, VMA_SIZE, PROT_RW,
					MAP_SHARED | MAP_FIXED, PGOFF), -EBUSY);
	MM_KUNIT_EXPECT(test, mmap_check_hole(test, addr, VMA_PAGES));
	KUNIT_EXPECT_EQ(test, victim.closes, 1);
	KUNIT_EXPECT_EQ(test, drv->closes, 0);
	MMAP_EXPECT_SAME_USAGE(test, prepare_usage(drv), before, "after MAP_FIXED failed");
}

static int both_mmap(struct file *filp, struct vm_area_struct *vma)
{
	prepare_driver_of(filp)->opens++;
	return 0;
}

static const struct file_operations both_fops = {
	.owner = THIS_MODULE,
	.mmap = both_mmap,
	.mmap_prepare = prepare_driver_mmap_prepare,
};

static const struct file_operations no_mmap_fops = {
	.owner = THIS_MODULE,
};

/*
 * A file that has both ->mmap and ->mmap_prepare cannot be mapped: -ENODEV, with
 * a warning, because it is not known which of them is right (can_mmap_file()). A
 * file that has neither cannot be mapped, and that is no mistake of the driver.
 */
static void mmap_hooks_both_or_none(struct kunit *test)
{
	struct prepare_driver *drv = test->priv;

	drv->prepare = prepare_fail;
	drv->outer = user_file_open_fops(test, O_RDWR, &both_fops, drv);
	kunit_warning_suppress(test) {
		KUNIT_EXPECT_EQ(test, prepare_map(drv, PROT_RW, MAP_SHARED), -ENODEV);
		KUNIT_EXPECT_SUPPRESSED_WARNING_COUNT(test, MM_KUNIT_WARN_ONCE(1));
	}
	KUNIT_EXPECT_EQ(test, drv->opens, 0);
	KUNIT_EXPECT_NULL(test, drv->seen.mm);

	drv->outer = user_file_open_fops(test, O_RDWR, &no_mmap_fops, drv);
	KUNIT_EXPECT_EQ(test, prepare_map(drv, PROT_RW, MAP_SHARED), -ENODEV);
}

#define COMMON_CASES(CASE, CASE_PARAM) \
	CASE_PARAM(mmap_prepare_sees, kind_gen_params), \
	CASE_PARAM(mmap_prepare_changes, kind_gen_params), \
	CASE(mmap_prepare_no_vm_ops), \
	CASE_PARAM(mmap_prepare_fails, kind_gen_params), \
	CASE(mmap_prepare_fails_uncharged), \
	CASE(mmap_prepare_after_close)

static struct kunit_case mmap_prepare_cases[] = {
	COMMON_CASES(KUNIT_CASE, KUNIT_CASE_PARAM),
	KUNIT_CASE(mmap_prepare_merges),
	KUNIT_CASE(mmap_prepare_sets_file),
	KUNIT_CASE(mmap_prepare_sets_file_no_memory),
	KUNIT_CASE(mmap_prepare_error),
	KUNIT_CASE(mmap_hooks_both_or_none),
	{}
};

static struct kunit_case mmap_prepare_compat_cases[] = {
	COMMON_CASES(COMPAT_CASE, COMPAT_CASE_PARAM),
	{}
};

static struct kunit_suite mmap_prepare_suite = {
	.name = "mmap_prepare",
	.init = prepare_driver_init,
	.test_cases = mmap_prepare_cases,
};

static struct kunit_suite mmap_prepare_compat_suite = {
	.name = "mmap_prepare_compat",
	.init = prepare_driver_compat_init,
	.test_cases = mmap_prepare_compat_cases,
};

kunit_test_suites(&mmap_prepare_suite, &mmap_prepare_compat_suite);

MODULE_DESCRIPTION("KUnit tests for ->mmap_prepare");
MODULE_LICENSE("GPL");
