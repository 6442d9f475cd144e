// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests for fork() of a process that has mapped a driver's file.
 */
#include <kunit/test.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/module.h>
#include <linux/pagemap.h>

#include "mm_kunit.h"
#include "mmap_driver.h"
#include "user_fork.h"

/*
 * A child has the pages that the driver has mapped in its ->mmap, because there
 * may be no ->fault to get them from later. The VMA of the child is opened, not
 * mapped, and closed when it ends. Of a shared mapping, both see what the other
 * one writes; of a private one, each writes to copies of its own.
 *
 *	parent  |--- p0 ---|--- p1 ---|--- p2 ---|--- p3 ---|
 *	                                  ^ written before fork()
 *	child   |--- p0 ---|--- p1 ---|--- p2 ---|--- p3 ---|
 *	                       ^          ^ written after it
 */
static void fork_copies(struct kunit *test)
{
	const struct mmap_kind *row = test->param_value;
	const bool private = row->flags == MAP_PRIVATE;
	const int mapped = row->how == DRV_INSERT_PAGE ? 2 : 0;
	struct test_driver *drv = test->priv;
	struct mmap_usage before = mmap_usage(test);
	const char *wrong, *wrong_last;
	struct mm_struct *child, *parent;
	int written[2];
	unsigned long addr;
	s64 found;

	drv->how = row->how;
	addr = mmap_driver_map(test, row->flags);
	KUNIT_ASSERT_EQ(test, mmap_write(addr + 2 * PAGE_SIZE, 1234), 0);
	drv->faults = 0;
	child = user_fork(test);
	KUNIT_EXPECT_EQ(test, drv->mmaps, 1);
	KUNIT_EXPECT_EQ(test, drv->opens, 1);
	KUNIT_EXPECT_EQ(test, drv->closes, 0);
	KUNIT_EXPECT_EQ(test, file_count(drv->file->filp), before.file_refs + 2);
	KUNIT_EXPECT_EQ(test, atomic_read(&drv->file->filp->f_mapping->i_mmap_writable),
			private ? 0 : 2);
	KUNIT_EXPECT_EQ(test, child->total_vm, current->mm->total_vm);
	if (row->how != DRV_FAULT) {
		MM_KUNIT_EXPECT_COUNTS(test, drv->pages[0], 1 + mapped, mapped,
				       "page 0 after fork()");
		KUNIT_EXPECT_EQ(test, get_mm_rss_sum(child), get_mm_rss_sum(current->mm));
	} else {
		/* What can be faulted in again is not copied: copy_page_range(). */
		KUNIT_EXPECT_EQ(test, get_mm_rss_sum(child), 0);
	}

	parent = user_fork_enter(child);
	wrong = mmap_check_reads(test, addr, 0, 2);
	found = mmap_read(addr + 2 * PAGE_SIZE);
	written[0] = mmap_write(addr + PAGE_SIZE, 4321);
	written[1] = mmap_write(addr + 2 * PAGE_SIZE, 4321);
	user_fork_leave(parent);
	MM_KUNIT_EXPECT_MSG(test, wrong, "in the child");
	KUNIT_EXPECT_EQ_MSG(test, found, 1234, "page 2 in the child");
	KUNIT_EXPECT_EQ_MSG(test, written[0], 0, "write to page 1 by the child");
	KUNIT_EXPECT_EQ_MSG(test, written[1], 0, "write to page 2 by the child");
	KUNIT_EXPECT_EQ_MSG(test, mmap_read(addr + PAGE_SIZE), private ? FILLED(1) : 4321,
			    "page 1 in the parent");
	KUNIT_EXPECT_EQ_MSG(test, mmap_read(addr + 2 * PAGE_SIZE), private ? 1234 : 4321,
			    "page 2 in the parent");
	KUNIT_EXPECT_EQ(test, mmap_driver_word(drv, 1), private ? FILLED(1) : 4321);

	/* The parent may unmap first; the child's mapping stays. */
	KUNIT_EXPECT_EQ(test, vm_munmap(addr, ALL), 0);
	KUNIT_EXPECT_EQ(test, drv->closes, 1);
	parent = user_fork_enter(child);
	wrong = mmap_check_reads(test, addr, 0, 1);
	wrong_last = mmap_check_reads(test, addr + 3 * PAGE_SIZE, 3, 1);
	user_fork_leave(parent);
	MM_KUNIT_EXPECT_MSG(test, wrong, "first page in the child");
	MM_KUNIT_EXPECT_MSG(test, wrong_last, "last page in the child");
	user_fork_exit(test, child);
	KUNIT_EXPECT_EQ(test, drv->closes, 2);
	MMAP_EXPECT_USAGE(test, before, "after both have unmapped");
	MM_KUNIT_EXPECT_UNUSED(test);
}

struct dontcopy {
	const char *desc;
	enum test_driver_how how;
	vm_flags_t set;		/* by ->mmap */
	bool copied;
};

static const struct dontcopy dontcopy_rows[] = {
	{ .desc = "pages", .how = DRV_INSERT_PAGE, .set = VM_DONTCOPY },
	{ .desc = "raw", .how = DRV_REMAP_PFN, .set = VM_DONTCOPY },
	{ .desc = "vm_wipeonfork", .how = DRV_FAULT, .set = VM_WIPEONFORK, .copied = true },
	{ .desc = "copied", .how = DRV_INSERT_PAGE, .copied = true },
};

KUNIT_ARRAY_PARAM_DESC(dontcopy, dontcopy_rows, desc);

/*
 * A child has no VMA where that of the parent has VM_DONTCOPY, because drivers
 * set it on mappings that belong to one process (RDMA queues, for example). The
 * mapping behind it is copied, and the parent keeps both.
 *
 *	parent  |--- driver's file ---|   |--- anonymous ---|
 *	child         VM_DONTCOPY         |--- anonymous ---|
 */
static void fork_dontcopy(struct kunit *test)
{
	const struct dontcopy *row = test->param_value;
	struct test_driver *drv = test->priv;
	struct mmap_usage before = mmap_usage(test);
	struct mm_struct *child, *parent;
	unsigned long addr, behind;
	const char *not_a_hole;
	s64 found;

	drv->how = row->how;
	drv->set = row->set;
	addr = mmap_driver_map(test, MAP_SHARED);
	MM_KUNIT_ASSERT(test, mmap_check_reads(test, addr, 0, TEST_DRIVER_PAGES));
	behind = mmap_anon(test, 0, 1, 0);
	KUNIT_ASSERT_EQ(test, mmap_write(behind, 1234), 0);
	child = user_fork(test);
	KUNIT_EXPECT_EQ(test, drv->opens, row->copied ? 1 : 0);
	KUNIT_EXPECT_EQ(test, child->map_count, row->copied ? 2 : 1);
	KUNIT_EXPECT_EQ(test, child->total_vm, row->copied ? TEST_DRIVER_PAGES + 1 : 1);
	KUNIT_EXPECT_EQ(test, current->mm->total_vm, TEST_DRIVER_PAGES + 1);

	parent = user_fork_enter(child);
	not_a_hole = mmap_check_hole(test, addr, TEST_DRIVER_PAGES);
	found = mmap_read(behind);
	user_fork_leave(parent);
	if (row->copied)
		KUNIT_EXPECT_NOT_NULL_MSG(test, not_a_hole, "no VMA of the driver in the child");
	else
		MM_KUNIT_EXPECT_MSG(test, not_a_hole, "in the child");
	KUNIT_EXPECT_EQ_MSG(test, found, 1234, "anonymous memory in the child");
	user_fork_exit(test, child);
	KUNIT_EXPECT_EQ(test, drv->closes, drv->opens);
	MM_KUNIT_EXPECT(test, mmap_check_reads(test, addr, 0, TEST_DRIVER_PAGES));
	KUNIT_EXPECT_EQ(test, vm_munmap(addr, ALL), 0);
	KUNIT_EXPECT_EQ(test, vm_munmap(behind, PAGE_SIZE), 0);
	MMAP_EXPECT_USAGE(test, before, "after munmap()");
	MM_KUNIT_EXPECT_UNUSED(test);
}

/*
 * A fork() that fails for want of memory is -ENOMEM, closes each VMA that it has
 * opened, and leaves the mapping of the parent as it was, because the parent goes
 * on.
 */
static void fork_no_memory(struct kunit *test)
{
	const struct mmap_kind *row = test->param_value;
	struct test_driver *drv = test->priv;
	struct mmap_usage before = mmap_usage(test), mapped;
	struct mm_kunit_failing fail;
	unsigned int errors = 0;
	unsigned long addr;

	mm_kunit_fail_setup(test, MM_KUNIT_FAIL_ONE);
	drv->how = row->how;
	addr = mmap_driver_map(test, row->flags);
	KUNIT_ASSERT_EQ(test, mmap_write(addr + 2 * PAGE_SIZE, FILLED(2)), 0);
	MM_KUNIT_ASSERT(test, mmap_check_reads(test, addr, 0, TEST_DRIVER_PAGES));
	mapped = mmap_usage(test);
	mm_kunit_for_each_failing(test, &fail) {
		struct mm_struct *child = mm_alloc();
		int ret;

		KUNIT_ASSERT_NOT_NULL_MSG(test, child, "mm_alloc(), allocation %u", fail.nth);
		mm_kunit_fail_begin(&fail);
		ret = dup_mmap(child, current->mm);
		mm_kunit_fail_end(&fail);
		mmput(child);
		if (ret) {
			KUNIT_EXPECT_EQ_MSG(test, ret, -ENOMEM, "allocation %u", fail.nth);
			KUNIT_EXPECT_EQ_MSG(test, fail.reached, true,
					    "whether allocation %u has failed", fail.nth);
			errors++;
		}
		KUNIT_EXPECT_EQ_MSG(test, drv->closes, drv->opens, "allocation %u", fail.nth);
		MM_KUNIT_EXPECT_MSG(test, mmap_check_reads(test, addr, 0, TEST_DRIVER_PAGES),
				    "allocation %u", fail.nth);
		MMAP_EXPECT_USAGE(test, mapped, "after allocation %u failed", fail.nth);
	}
	KUNIT_EXPECT_GT_MSG(test, errors, 0, "calls that have failed");
	KUNIT_EXPECT_EQ(test, vm_munmap(addr, ALL), 0);
	MMAP_EXPECT_USAGE(test, before, "after munmap()");
	MM_KUNIT_EXPECT_UNUSED(test);
}

static struct kunit_case fork_cases[] = {
	KUNIT_CASE_PARAM(fork_copies, mmap_kind_gen_params),
	KUNIT_CASE_PARAM(fork_dontcopy, dontcopy_gen_params),
	KUNIT_CASE_PARAM(fork_no_memory, mmap_kind_gen_params),
	{}
};

static struct kunit_suite fork_suite = {
	.name = "fork",
	.init = mmap_driver_init,
	.test_cases = fork_cases,
};

kunit_test_suite(fork_suite);

MODULE_DESCRIPTION("KUnit tests for fork() of processes with mappings of drivers");
MODULE_LICENSE("GPL");
