// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests for the calls that protect, unmap, split and merge the VMAs of a
 * driver: mprotect(), munmap(), mmap(), and the driver's ->open, ->close,
 * ->may_split and ->mprotect.
 */
#include <kunit/test.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/mmap_lock.h>
#include <linux/module.h>
#include <linux/rwsem.h>

#include "mm_kunit.h"
#include "mmap_driver.h"

/* -- mprotect() -------------------------------------------------------------- */

struct protect {
	const char *desc;
	int file;		/* how the file was opened */
	unsigned long flags;
	enum test_driver_how how;
	vm_flags_t clear;	/* by ->mmap */
	unsigned long prot;
	int ret;
};

static const struct protect protect_rows[] = {
	{ .desc = "write", .file = O_RDWR, .flags = MAP_SHARED, .how = DRV_INSERT_PAGE,
	  .prot = PROT_RW },
	{ .desc = "write_private", .file = O_RDONLY, .flags = MAP_PRIVATE,
	  .how = DRV_INSERT_PAGE, .prot = PROT_RW },
	{ .desc = "write_raw", .file = O_RDWR, .flags = MAP_SHARED, .how = DRV_REMAP_PFN,
	  .prot = PROT_RW },
	{ .desc = "write_of_read_only_file", .file = O_RDONLY, .flags = MAP_SHARED,
	  .how = DRV_INSERT_PAGE, .prot = PROT_RW, .ret = -EACCES },
	{ .desc = "write_without_vm_maywrite", .file = O_RDWR, .flags = MAP_SHARED,
	  .how = DRV_INSERT_PAGE, .clear = VM_MAYWRITE, .prot = PROT_RW, .ret = -EACCES },
	{ .desc = "write_raw_without_vm_maywrite", .file = O_RDWR, .flags = MAP_PRIVATE,
	  .how = DRV_REMAP_PFN, .clear = VM_MAYWRITE, .prot = PROT_RW, .ret = -EACCES },
	{ .desc = "read_without_vm_mayread", .file = O_RDWR, .flags = MAP_SHARED,
	  .how = DRV_INSERT_PAGE, .clear = VM_MAYREAD, .prot = PROT_READ, .ret = -EACCES },
	{ .desc = "exec_of_noexec", .file = O_RDWR, .flags = MAP_SHARED,
	  .how = DRV_INSERT_PAGE, .prot = PROT_READ | PROT_EXEC, .ret = -EACCES },
	{ .desc = "none", .file = O_RDWR, .flags = MAP_SHARED, .how = DRV_INSERT_PAGE,
	  .prot = PROT_NONE },
	{ .desc = "none_raw", .file = O_RDWR, .flags = MAP_SHARED, .how = DRV_REMAP_PFN,
	  .prot = PROT_NONE },
};

KUNIT_ARRAY_PARAM_DESC(protect, protect_rows, desc);

/*
 * mprotect() gives a mapping no right that mmap() would have refused: -EACCES,
 * because drivers that allow only reading clear VM_MAYWRITE and rely on it. What
 * it allows holds for the pages of the range only, and for those that are mapped
 * already, too.
 *
 *	addr
 *	|--- p0 ---|--- p1 ---|--- p2 ---|--- p3 ---|
 *	^ mprotect() of this page
 */
static void mprotect_of_driver(struct kunit *test)
{
	const struct protect *row = test->param_value;
	const bool writable = !row->ret && row->prot & PROT_WRITE;
	const bool private = row->flags == MAP_PRIVATE;
	struct test_driver *drv = test->priv;
	unsigned long addr;

	mmap_driver_reopen(test, row->file);
	drv->how = row->how;
	drv->clear = row->clear;
	addr = test_driver_map_all(test, PROT_READ, row->flags);
	KUNIT_EXPECT_EQ_MSG(test, mmap_write(addr, 1234), -EFAULT, "write before mprotect()");
	KUNIT_EXPECT_EQ(test, mm_kunit_mprotect(addr, PAGE_SIZE, row->prot), row->ret);
	KUNIT_EXPECT_EQ_MSG(test, mmap_write(addr, 1234), writable ? 0 : -EFAULT,
			    "write after mprotect()");
	KUNIT_EXPECT_EQ(test, mmap_driver_word(drv, 0),
			writable && !private ? 1234 : FILLED(0));
	KUNIT_EXPECT_EQ_MSG(test, mmap_write(addr + PAGE_SIZE, 1234), -EFAULT,
			    "write to the next page");
	MM_KUNIT_EXPECT(test, mmap_check_reads(test, addr + PAGE_SIZE, 1, TEST_DRIVER_PAGES - 1));

	if (!row->ret) {
		KUNIT_EXPECT_EQ(test, mm_kunit_mprotect(addr, PAGE_SIZE, PROT_READ), 0);
		KUNIT_EXPECT_EQ_MSG(test, mmap_write(addr, 4321), -EFAULT,
				    "write after the second mprotect()");
		if (writable && private)
			KUNIT_EXPECT_EQ(test, mmap_read(addr), 1234);
		else
			MM_KUNIT_EXPECT(test, mmap_check_reads(test, addr, 0, 1));
	}
	KUNIT_EXPECT_EQ(test, vm_munmap(addr, ALL), 0);
	KUNIT_EXPECT_EQ(test, drv->closes, drv->opens + 1);
	MM_KUNIT_EXPECT_UNUSED(test);
}

static int vetoing_mprotect(struct vm_area_struct *vma, unsigned long start,
			    unsigned long end, unsigned long flags)
{
	struct mmap_driver *md = mmap_driver_of(vma);

	md->start = start;
	md->end = end;
	md->flags = flags;

	return -EROFS;
}

static const struct vm_operations_struct protect_vm_ops = {
	.fault = test_driver_fault,
	.mprotect = vetoing_mprotect,
};

/*
 * ->mprotect gets the range and the new flags, and its error is returned before
 * anything has changed, because a driver may have to refuse what the flags of
 * the VMA allow (SGX enclaves do).
 */
static void mprotect_driver_refuses(struct kunit *test)
{
	struct test_driver *drv = test->priv;
	struct mmap_driver *md = to_mmap_driver(drv);
	struct mmap_usage mapped;
	unsigned long addr;

	drv->ops = &protect_vm_ops;
	addr = test_driver_map_all(test, PROT_READ, MAP_SHARED);
	MM_KUNIT_ASSERT(test, mmap_check_reads(test, addr, 0, TEST_DRIVER_PAGES));
	mapped = mmap_usage(test);
	KUNIT_EXPECT_EQ(test, mm_kunit_mprotect(addr + PAGE_SIZE, 2 * PAGE_SIZE, PROT_RW), -EROFS);
	KUNIT_EXPECT_EQ(test, md->start, addr + PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, md->end, addr + 3 * PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, md->flags & (VM_READ | VM_WRITE | VM_EXEC), VM_READ | VM_WRITE);
	MMAP_EXPECT_USAGE(test, mapped, "after the refusal");
	KUNIT_EXPECT_EQ(test, mmap_write(addr + PAGE_SIZE, 1234), -EFAULT);
	MM_KUNIT_EXPECT(test, mmap_check_reads(test, addr, 0, TEST_DRIVER_PAGES));
}

/* -- splitting and merging --------------------------------------------------- */

struct merge {
	const char *desc;
	const struct vm_operations_struct *ops;
	vm_flags_t set;		/* by ->mmap */
	unsigned long pgoff;	/* of what fills the gap */
	int vmas;		/* in the end */
};

static const struct merge merge_rows[] = {
	{ .desc = "same", .ops = &test_driver_vm_ops, .pgoff = PGOFF + 1, .vmas = 1 },
	/* The first VMA may grow, but one that has ->close must not vanish unclosed. */
	{ .desc = "has_close", .ops = &mmap_driver_vm_ops, .pgoff = PGOFF + 1, .vmas = 2 },
	{ .desc = "another_offset", .ops = &test_driver_vm_ops, .pgoff = PGOFF + 2, .vmas = 3 },
	/* VMAs with flags of VM_SPECIAL are never merged. */
	{ .desc = "vm_io", .ops = &test_driver_vm_ops, .set = VM_IO, .pgoff = PGOFF + 1,
	  .vmas = 3 },
	{ .desc = "vm_pfnmap", .ops = &test_driver_vm_ops, .set = VM_PFNMAP,
	  .pgoff = PGOFF + 1, .vmas = 3 },
	{ .desc = "vm_mixedmap", .ops = &test_driver_vm_ops, .set = VM_MIXEDMAP,
	  .pgoff = PGOFF + 1, .vmas = 3 },
	{ .desc = "vm_dontexpand", .ops = &test_driver_vm_ops, .set = VM_DONTEXPAND,
	  .pgoff = PGOFF + 1, .vmas = 3 },
};

KUNIT_ARRAY_PARAM_DESC(merge, merge_rows, desc);

/*
 * A mapping merges with its neighbours if it continues them in the file and the
 * driver has set none of the flags of VM_SPECIAL, because what such a driver did
 * for one VMA need not hold for a longer one. ->mmap is called for the new pages
 * unless they became part of a VMA that it has already seen.
 *
 *	addr
 *	|--- p0 ---|          |--- p2 --- --- p3 ---|
 *	           ^ mmap(MAP_FIXED) fills the gap
 */
static void mmap_merge(struct kunit *test)
{
	const struct merge *row = test->param_value;
	struct test_driver *drv = test->priv;
	struct mmap_usage before = mmap_usage(test);
	unsigned long addr;

	drv->ops = row->ops;
	drv->set = row->set;
	addr = mmap_driver_map(test, MAP_SHARED);
	KUNIT_ASSERT_EQ(test, vm_munmap(addr + PAGE_SIZE, PAGE_SIZE), 0);
	KUNIT_EXPECT_EQ(test, current->mm->map_count, before.map_count + 2);
	KUNIT_ASSERT_EQ(test, user_mmap(drv->file, addr + PAGE_SIZE, PAGE_SIZE, PROT_RW,
					MAP_SHARED | MAP_FIXED, row->pgoff), addr + PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, current->mm->map_count, before.map_count + row->vmas);
	KUNIT_EXPECT_EQ(test, drv->mmaps, row->vmas == 3 ? 2 : 1);
	KUNIT_EXPECT_EQ(test, vm_munmap(addr, ALL), 0);
	MMAP_EXPECT_USAGE(test, before, "after munmap()");
}

/*
 * munmap() of a part unmaps that part alone: the process still reads the driver's
 * pages in the rest, however they were mapped, because the driver is not asked
 * again. In the end nothing is left, and each VMA has been closed.
 *
 *	addr
 *	|--- p0 ---|--- p1 ---|--- p2 ---|--- p3 ---|
 *	   second      first                third
 */
static void munmap_splits(struct kunit *test)
{
	const struct mmap_kind *row = test->param_value;
	struct test_driver *drv = test->priv;
	struct mmap_usage before = mmap_usage(test);
	unsigned long addr;

	drv->how = row->how;
	addr = mmap_driver_map(test, row->flags);
	MM_KUNIT_ASSERT(test, mmap_check_reads(test, addr, 0, TEST_DRIVER_PAGES));
	KUNIT_EXPECT_EQ(test, vm_munmap(addr + PAGE_SIZE, PAGE_SIZE), 0);
	KUNIT_EXPECT_EQ(test, current->mm->map_count, before.map_count + 2);
	KUNIT_EXPECT_EQ(test, drv->opens - drv->closes, 1);
	MM_KUNIT_EXPECT(test, mmap_check_hole(test, addr + PAGE_SIZE, 1));
	MM_KUNIT_EXPECT(test, mmap_check_reads(test, addr, 0, 1));
	MM_KUNIT_EXPECT(test, mmap_check_reads(test, addr + 2 * PAGE_SIZE, 2, 2));

	KUNIT_EXPECT_EQ(test, vm_munmap(addr, PAGE_SIZE), 0);
	KUNIT_EXPECT_EQ(test, drv->opens, drv->closes);
	KUNIT_EXPECT_EQ(test, vm_munmap(addr + 3 * PAGE_SIZE, PAGE_SIZE), 0);
	KUNIT_EXPECT_EQ(test, drv->opens, drv->closes);
	MM_KUNIT_EXPECT(test, mmap_check_reads(test, addr + 2 * PAGE_SIZE, 2, 1));
	KUNIT_EXPECT_EQ(test, vm_munmap(addr, ALL), 0);
	KUNIT_EXPECT_EQ(test, drv->closes, drv->opens + 1);
	MMAP_EXPECT_USAGE(test, before, "after munmap()");
	MM_KUNIT_EXPECT_UNUSED(test);
}

/*
 * If ->may_split returns an error, munmap(), mprotect() and mmap() that would
 * split the VMA at that address return it and change nothing, because a driver
 * may be unable to serve a part of its mapping (hugetlbfs, device DAX). All of
 * the VMA can be unmapped.
 *
 *	addr
 *	|--- p0 ---|--- p1 ---|--- p2 ---|--- p3 ---|
 *	           ^          ^          ^ no split here
 */
static void may_split_refuses(struct kunit *test)
{
	struct test_driver *drv = test->priv;
	struct mmap_driver *md = to_mmap_driver(drv);
	struct mmap_usage before = mmap_usage(test), mapped;
	unsigned long addr;

	md->split_ret = -EBUSY;
	addr = mmap_driver_map(test, MAP_SHARED);
	MM_KUNIT_ASSERT(test, mmap_check_reads(test, addr, 0, TEST_DRIVER_PAGES));
	drv->faults = 0;
	mapped = mmap_usage(test);
	KUNIT_EXPECT_EQ(test, vm_munmap(addr, PAGE_SIZE), -EBUSY);
	KUNIT_EXPECT_EQ(test, md->split_addr, addr + PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, vm_munmap(addr, 2 * PAGE_SIZE), -EBUSY);
	KUNIT_EXPECT_EQ(test, md->split_addr, addr + 2 * PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, vm_munmap(addr + PAGE_SIZE, PAGE_SIZE), -EBUSY);
	KUNIT_EXPECT_EQ(test, md->split_addr, addr + PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, vm_munmap(addr + 3 * PAGE_SIZE, PAGE_SIZE), -EBUSY);
	KUNIT_EXPECT_EQ(test, mm_kunit_mprotect(addr, PAGE_SIZE, PROT_READ), -EBUSY);
	KUNIT_EXPECT_EQ(test, user_mmap(drv->file, addr, PAGE_SIZE, PROT_RW,
					MAP_SHARED | MAP_FIXED, PGOFF), -EBUSY);
	KUNIT_EXPECT_EQ(test, user_mmap(drv->file, addr + PAGE_SIZE, PAGE_SIZE, PROT_RW,
					MAP_SHARED | MAP_FIXED, PGOFF), -EBUSY);
	MMAP_EXPECT_USAGE(test, mapped, "after the refusals");
	KUNIT_EXPECT_EQ(test, drv->opens, 0);
	KUNIT_EXPECT_EQ(test, drv->closes, 0);
	MM_KUNIT_EXPECT(test, mmap_check_reads(test, addr, 0, TEST_DRIVER_PAGES));
	KUNIT_EXPECT_EQ(test, drv->faults, 0);
	KUNIT_EXPECT_EQ_MSG(test, mmap_write(addr + 3 * PAGE_SIZE, 1), 0, "write to the last page");
	KUNIT_EXPECT_EQ(test, vm_munmap(addr, ALL), 0);
	KUNIT_EXPECT_EQ(test, drv->closes, 1);
	MMAP_EXPECT_USAGE(test, before, "after munmap()");
}

/* -- locks -------------------------------------------------------------------- */

#define UNLOCKED_MMAP	BIT(0)
#define UNLOCKED_OPEN	BIT(1)
#define UNLOCKED_CLOSE	BIT(2)

static int locked_mmap(struct vm_area_struct *vma, void *data)
{
	struct mmap_driver *md = to_mmap_driver(data);

	if (!user_mmap_lock_held_for_writing(vma->vm_mm))
		md->unlocked |= UNLOCKED_MMAP;

	return mmap_driver_mmap(vma, data);
}

static void locked_open(struct vm_area_struct *vma)
{
	if (!user_mmap_lock_held_for_writing(vma->vm_mm))
		mmap_driver_of(vma)->unlocked |= UNLOCKED_OPEN;
	test_driver_open(vma);
}

static void locked_close(struct vm_area_struct *vma)
{
	if (!rwsem_is_locked(&vma->vm_mm->mmap_lock))
		mmap_driver_of(vma)->unlocked |= UNLOCKED_CLOSE;
	mmap_driver_close(vma);
}

static const struct vm_operations_struct locked_vm_ops = {
	.open = locked_open,
	.close = locked_close,
	.fault = test_driver_fault,
};

/*
 * The mmap_lock is held for writing during ->mmap and ->open, and held in one way
 * or the other during ->close, because drivers change the VMA and lists of their
 * VMAs there without a lock of their own against other calls for that process.
 *
 *	addr
 *	|--- p0 ---|--- p1 ---|--- p2 ---|--- p3 ---|
 *	           munmap()   mprotect()
 */
static void vma_ops_hold_mmap_lock(struct kunit *test)
{
	struct test_driver *drv = test->priv;
	struct mmap_driver *md = to_mmap_driver(drv);
	unsigned long addr;

	drv->ops = &locked_vm_ops;
	drv->file->mmap = locked_mmap;
	addr = mmap_driver_map(test, MAP_SHARED);
	KUNIT_EXPECT_EQ_MSG(test, md->unlocked, 0, "->mmap without the mmap_lock for writing");

	KUNIT_ASSERT_EQ(test, vm_munmap(addr + PAGE_SIZE, PAGE_SIZE), 0);
	KUNIT_ASSERT_EQ(test, mm_kunit_mprotect(addr + 2 * PAGE_SIZE, PAGE_SIZE, PROT_READ), 0);
	KUNIT_EXPECT_GE_MSG(test, drv->opens, 2, "->open after two splits");
	KUNIT_ASSERT_EQ(test, vm_munmap(addr, ALL), 0);
	KUNIT_EXPECT_EQ_MSG(test, drv->closes, drv->opens + 1, "->close");
	KUNIT_EXPECT_EQ_MSG(test, md->unlocked & UNLOCKED_OPEN, 0,
			    "->open without the mmap_lock for writing");
	KUNIT_EXPECT_EQ_MSG(test, md->unlocked & UNLOCKED_CLOSE, 0,
			    "->close without the mmap_lock");
}

/* -- today's implementation, not promised ---------------------------------- */

/*
 * A split makes one more VMA, which is opened, and unmapping a part closes one,
 * even if the part is at an end of the VMA, so that it could just be shortened.
 * Drivers are promised that there are as many calls of ->close as of ->open, and
 * one more (munmap_splits), but not how many there are.
 *
 *	addr
 *	|--- p0 ---|--- p1 ---|--- p2 ---|--- p3 ---|
 *	   second      first                third
 */
static void open_close_balance(struct kunit *test)
{
	struct test_driver *drv = test->priv;
	unsigned long addr = mmap_driver_map(test, MAP_SHARED);

	KUNIT_EXPECT_EQ(test, drv->opens, 0);
	KUNIT_ASSERT_EQ(test, vm_munmap(addr + PAGE_SIZE, PAGE_SIZE), 0);
	KUNIT_EXPECT_EQ_MSG(test, drv->opens, 2, "after munmap() in the middle");
	KUNIT_EXPECT_EQ_MSG(test, drv->closes, 1, "after munmap() in the middle");
	KUNIT_ASSERT_EQ(test, vm_munmap(addr, PAGE_SIZE), 0);
	KUNIT_EXPECT_EQ_MSG(test, drv->opens, 2, "after munmap() of a whole VMA");
	KUNIT_EXPECT_EQ_MSG(test, drv->closes, 2, "after munmap() of a whole VMA");
	KUNIT_ASSERT_EQ(test, vm_munmap(addr + 3 * PAGE_SIZE, PAGE_SIZE), 0);
	KUNIT_EXPECT_EQ_MSG(test, drv->opens, 3, "after munmap() at the end");
	KUNIT_EXPECT_EQ_MSG(test, drv->closes, 3, "after munmap() at the end");
	KUNIT_ASSERT_EQ(test, vm_munmap(addr, ALL), 0);
	KUNIT_EXPECT_EQ_MSG(test, drv->opens, 3, "in the end");
	KUNIT_EXPECT_EQ_MSG(test, drv->closes, 4, "in the end");
}

static struct kunit_case vma_ops_cases[] = {
	KUNIT_CASE_PARAM(mprotect_of_driver, protect_gen_params),
	KUNIT_CASE(mprotect_driver_refuses),
	KUNIT_CASE_PARAM(mmap_merge, merge_gen_params),
	KUNIT_CASE_PARAM(munmap_splits, mmap_kind_gen_params),
	KUNIT_CASE(may_split_refuses),
	KUNIT_CASE(vma_ops_hold_mmap_lock),
	KUNIT_CASE(open_close_balance),
	{}
};

static struct kunit_suite vma_ops_suite = {
	.name = "vma_ops",
	.init = mmap_driver_init,
	.test_cases = vma_ops_cases,
};

kunit_test_suite(vma_ops_suite);

MODULE_DESCRIPTION("KUnit tests for splitting and protecting VMAs of drivers");
MODULE_LICENSE("GPL");
