// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests for mmap() of a driver's file: what ->mmap gets to see, which
 * requests are refused before it is called, and what it may change in its VMA.
 */
#include <kunit/test.h>
#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/module.h>
#include <linux/pagemap.h>
#include <linux/sched/signal.h>

#include "../internal.h"
#include "mm_kunit.h"
#include "mmap_driver.h"

/* -- what ->mmap gets to see ------------------------------------------------ */

/*
 * ->mmap is called once, with a VMA of whole pages that begins at the final
 * address and at the offset that was asked for, because drivers check these and
 * map their memory accordingly. The VMA that mmap() makes is closed once, and
 * never opened: drivers balance ->mmap and ->open with ->close
 * (Documentation/filesystems/vfs.rst, struct vm_operations_struct).
 */
static void mmap_calls_driver(struct kunit *test)
{
	struct test_driver *drv = test->priv;
	struct mmap_driver *md = to_mmap_driver(drv);
	struct mmap_usage before, during;
	unsigned long addr;

	before = mmap_usage(test);
	addr = user_mmap(drv->file, 0, ALL - PAGE_SIZE + 1, PROT_RW, MAP_SHARED, PGOFF);
	KUNIT_ASSERT_FALSE_MSG(test, IS_ERR_VALUE(addr), "mmap() returned %ld", (long)addr);
	KUNIT_EXPECT_EQ(test, drv->mmaps, 1);
	KUNIT_EXPECT_EQ(test, md->start, addr);
	KUNIT_EXPECT_EQ(test, md->end, addr + ALL);
	KUNIT_EXPECT_EQ(test, md->pgoff, PGOFF);
	MM_KUNIT_EXPECT(test, mmap_check_reads(test, addr, 0, TEST_DRIVER_PAGES));
	KUNIT_EXPECT_EQ(test, drv->faults, TEST_DRIVER_PAGES);
	during = mmap_usage(test);
	KUNIT_EXPECT_EQ(test, during.total_vm - before.total_vm, TEST_DRIVER_PAGES);
	KUNIT_EXPECT_EQ(test, during.map_count - before.map_count, 1);
	KUNIT_EXPECT_EQ(test, during.writable - before.writable, 1);
	KUNIT_EXPECT_EQ(test, during.file_refs - before.file_refs, 1);
	KUNIT_EXPECT_EQ(test, drv->opens, 0);
	KUNIT_EXPECT_EQ(test, drv->closes, 0);

	KUNIT_EXPECT_EQ(test, vm_munmap(addr, ALL), 0);
	KUNIT_EXPECT_EQ(test, drv->opens, 0);
	KUNIT_EXPECT_EQ(test, drv->closes, 1);
	MMAP_EXPECT_USAGE(test, before, "after munmap()");
	MM_KUNIT_EXPECT_UNUSED(test);
}

struct flags {
	const char *desc;
	int file;		/* how the file was opened */
	unsigned long prot;
	unsigned long flags;
	vm_flags_t has;
	vm_flags_t has_not;
};

#define VM_MAY_RW	(VM_MAYREAD | VM_MAYWRITE)
#define NEVER	(VM_MAYEXEC | VM_EXEC | VM_IO | VM_PFNMAP | VM_MIXEDMAP | VM_DONTEXPAND)

static const struct flags flags_rows[] = {
	{ .desc = "shared", .file = O_RDWR, .prot = PROT_RW, .flags = MAP_SHARED,
	  .has = VM_READ | VM_WRITE | VM_SHARED | VM_MAY_RW | VM_MAYSHARE,
	  .has_not = VM_ACCOUNT },
	{ .desc = "shared_readable", .file = O_RDWR, .prot = PROT_READ, .flags = MAP_SHARED,
	  .has = VM_READ | VM_SHARED | VM_MAY_RW | VM_MAYSHARE,
	  .has_not = VM_WRITE | VM_ACCOUNT },
	/* A shared mapping that can never be written to is treated like a private one. */
	{ .desc = "shared_of_read_only_file", .file = O_RDONLY, .prot = PROT_READ,
	  .flags = MAP_SHARED, .has = VM_READ | VM_MAYREAD | VM_MAYSHARE,
	  .has_not = VM_WRITE | VM_SHARED | VM_MAYWRITE | VM_ACCOUNT },
	{ .desc = "private", .file = O_RDWR, .prot = PROT_RW, .flags = MAP_PRIVATE,
	  .has = VM_READ | VM_WRITE | VM_MAY_RW | VM_ACCOUNT,
	  .has_not = VM_SHARED | VM_MAYSHARE },
	{ .desc = "private_of_read_only_file", .file = O_RDONLY, .prot = PROT_RW,
	  .flags = MAP_PRIVATE, .has = VM_READ | VM_WRITE | VM_MAY_RW | VM_ACCOUNT,
	  .has_not = VM_SHARED | VM_MAYSHARE },
	{ .desc = "private_readable", .file = O_RDWR, .prot = PROT_READ, .flags = MAP_PRIVATE,
	  .has = VM_READ | VM_MAY_RW,
	  .has_not = VM_SHARED | VM_MAYSHARE | VM_WRITE | VM_ACCOUNT },
	{ .desc = "private_noreserve", .file = O_RDWR, .prot = PROT_RW,
	  .flags = MAP_PRIVATE | MAP_NORESERVE, .has = VM_READ | VM_WRITE | VM_NORESERVE,
	  .has_not = VM_ACCOUNT },
	{ .desc = "inaccessible", .file = O_RDWR, .prot = PROT_NONE, .flags = MAP_SHARED,
	  .has = VM_SHARED | VM_MAY_RW | VM_MAYSHARE, .has_not = VM_READ | VM_WRITE },
	/* MAP_SHARED ignores flags that it does not know; MAP_SHARED_VALIDATE does not. */
	{ .desc = "shared_with_unknown_flags", .file = O_RDWR, .prot = PROT_RW,
	  .flags = MAP_SHARED | MAP_SYNC, .has = VM_READ | VM_WRITE | VM_SHARED },
	{ .desc = "shared_validate", .file = O_RDWR, .prot = PROT_RW,
	  .flags = MAP_SHARED_VALIDATE, .has = VM_READ | VM_WRITE | VM_SHARED | VM_MAYSHARE },
};

KUNIT_ARRAY_PARAM_DESC(flags, flags_rows, desc);

/*
 * The VMA that ->mmap gets has the flags that follow from PROT_*, MAP_* and the
 * mode in which the file was opened, because drivers decide by them what they
 * allow: most look at VM_WRITE, VM_SHARED and VM_MAYWRITE. Flags that only a
 * driver can set are clear.
 */
static void mmap_vma_flags(struct kunit *test)
{
	const struct flags *row = test->param_value;
	const vm_flags_t looked_at = row->has | row->has_not | NEVER;
	struct mmap_driver *md = to_mmap_driver(test->priv);

	mmap_driver_reopen(test, row->file);
	test_driver_map_all(test, row->prot, row->flags);
	KUNIT_EXPECT_EQ(test, md->flags & looked_at, row->has);
}

/* -- what is refused before ->mmap is called -------------------------------- */

struct refused {
	const char *desc;
	int file;
	unsigned long prot;
	unsigned long flags;
	unsigned long len;
	unsigned long offset;
	long err;
};

static const struct refused refused_rows[] = {
	{ .desc = "no_length", .file = O_RDWR, .prot = PROT_RW, .flags = MAP_SHARED,
	  .len = 0, .err = -EINVAL },
	{ .desc = "length_wraps", .file = O_RDWR, .prot = PROT_RW, .flags = MAP_SHARED,
	  .len = ULONG_MAX, .err = -ENOMEM },
	{ .desc = "length_of_nearly_everything", .file = O_RDWR, .prot = PROT_RW,
	  .flags = MAP_SHARED, .len = -PAGE_SIZE, .err = -ENOMEM },
	{ .desc = "offset_unaligned", .file = O_RDWR, .prot = PROT_RW, .flags = MAP_SHARED,
	  .len = PAGE_SIZE, .offset = 16, .err = -EINVAL },
	{ .desc = "offset_wraps", .file = O_RDWR, .prot = PROT_RW, .flags = MAP_SHARED,
	  .len = 2 * PAGE_SIZE, .offset = -PAGE_SIZE, .err = -EINVAL },
	{ .desc = "shared_write_of_read_only_file", .file = O_RDONLY, .prot = PROT_RW,
	  .flags = MAP_SHARED, .len = PAGE_SIZE, .err = -EACCES },
	{ .desc = "validated_write_of_read_only_file", .file = O_RDONLY, .prot = PROT_RW,
	  .flags = MAP_SHARED_VALIDATE, .len = PAGE_SIZE, .err = -EACCES },
	/* Many processors cannot map a page for writing and not for reading. */
	{ .desc = "shared_of_write_only_file", .file = O_WRONLY, .prot = PROT_WRITE,
	  .flags = MAP_SHARED, .len = PAGE_SIZE, .err = -EACCES },
	{ .desc = "private_of_write_only_file", .file = O_WRONLY, .prot = PROT_NONE,
	  .flags = MAP_PRIVATE, .len = PAGE_SIZE, .err = -EACCES },
	{ .desc = "exec_of_noexec", .file = O_RDWR, .prot = PROT_READ | PROT_EXEC,
	  .flags = MAP_SHARED, .len = PAGE_SIZE, .err = -EPERM },
	{ .desc = "private_exec_of_noexec", .file = O_RDWR, .prot = PROT_EXEC,
	  .flags = MAP_PRIVATE, .len = PAGE_SIZE, .err = -EPERM },
	{ .desc = "unknown_flag", .file = O_RDWR, .prot = PROT_RW,
	  .flags = MAP_SHARED_VALIDATE | BIT(31), .len = PAGE_SIZE, .err = -EOPNOTSUPP },
	{ .desc = "sync", .file = O_RDWR, .prot = PROT_RW,
	  .flags = MAP_SHARED_VALIDATE | MAP_SYNC, .len = PAGE_SIZE, .err = -EOPNOTSUPP },
	{ .desc = "no_type", .file = O_RDWR, .prot = PROT_RW, .flags = 0, .len = PAGE_SIZE,
	  .err = -EINVAL },
	{ .desc = "unknown_type", .file = O_RDWR, .prot = PROT_RW, .flags = MAP_TYPE,
	  .len = PAGE_SIZE, .err = -EINVAL },
	{ .desc = "stack", .file = O_RDWR, .prot = PROT_RW,
	  .flags = MAP_PRIVATE | MAP_GROWSDOWN, .len = PAGE_SIZE, .err = -EINVAL },
	{ .desc = "shared_stack", .file = O_RDWR, .prot = PROT_RW,
	  .flags = MAP_SHARED | MAP_GROWSDOWN, .len = PAGE_SIZE, .err = -EINVAL },
};

KUNIT_ARRAY_PARAM_DESC(refused, refused_rows, desc);

/*
 * mmap() refuses what makes no sense for any file, and what the mode of the file
 * does not allow, without a call of ->mmap, because drivers do not check for it.
 * The errors are those of mmap(2).
 */
static void mmap_refused(struct kunit *test)
{
	const struct refused *row = test->param_value;
	struct test_driver *drv = test->priv;
	struct mmap_usage before;
	long ret;

	if (row->err == -EOPNOTSUPP && !(row->flags & ~MAP_TYPE))
		kunit_skip(test, "needs an architecture with MAP_SYNC");
	mmap_driver_reopen(test, row->file);
	before = mmap_usage(test);
	ret = vm_mmap(drv->file->filp, 0, row->len, row->prot, row->flags, row->offset);
	KUNIT_EXPECT_EQ(test, ret, row->err);
	KUNIT_EXPECT_EQ(test, drv->mmaps, 0);
	MMAP_EXPECT_USAGE(test, before, "after the refusal");
}

/*
 * mmap() of a file without ->mmap is -ENODEV, because that is what mmap(2)
 * promises for files that do not support mappings.
 */
static void mmap_without_hook(struct kunit *test)
{
	static const struct file_operations no_fops = {};
	struct user_file *file = user_file_open_fops(test, O_RDWR, &no_fops, NULL);

	KUNIT_EXPECT_EQ(test, user_mmap(file, 0, PAGE_SIZE, PROT_RW, MAP_SHARED, 0), -ENODEV);
	KUNIT_EXPECT_EQ(test, user_mmap(file, 0, PAGE_SIZE, PROT_READ, MAP_PRIVATE, 0), -ENODEV);
}

/* mmap() of nr_pages pages from page pgoff on, which may be beyond 4 GiB on 32 bits. */
static long map_at(struct user_file *file, unsigned long nr_pages, unsigned long flags,
		   unsigned long pgoff)
{
	return vm_mmap_pgoff(file->filp, 0, nr_pages * PAGE_SIZE, PROT_RW, flags, pgoff);
}

static const struct file_operations unsigned_fops = {
	.mmap = user_file_mmap,
	.fop_flags = FOP_UNSIGNED_OFFSET,
};

/*
 * The offset of a mapping's last byte fits into an unsigned long, because drivers
 * compute it from vm_pgoff in that type. Drivers with FOP_UNSIGNED_OFFSET get all
 * offsets of 64 bits; offsets that wrap are -EOVERFLOW for them, too.
 */
static void mmap_last_offset(struct kunit *test)
{
	const unsigned long last = (ULONG_MAX >> PAGE_SHIFT) - 1;
	struct test_driver *drv = test->priv;
	struct mmap_driver *md = to_mmap_driver(drv);
	long addr;

	addr = map_at(drv->file, 1, MAP_SHARED, last);
	KUNIT_EXPECT_FALSE_MSG(test, IS_ERR_VALUE(addr), "mmap() returned %ld", addr);
	KUNIT_EXPECT_EQ(test, md->pgoff, last);
	KUNIT_EXPECT_EQ(test, map_at(drv->file, 2, MAP_SHARED, last), -EOVERFLOW);
	KUNIT_EXPECT_EQ(test, map_at(drv->file, 1, MAP_SHARED, last + 1), -EOVERFLOW);
	KUNIT_EXPECT_EQ(test, map_at(drv->file, 1, MAP_PRIVATE, last + 2), -EOVERFLOW);
	KUNIT_EXPECT_EQ(test, map_at(drv->file, 1, MAP_SHARED, ULONG_MAX), -EOVERFLOW);
	KUNIT_EXPECT_EQ(test, drv->mmaps, 1);

	drv->file = user_file_open_fops(test, O_RDWR, &unsigned_fops, drv);
	drv->file->mmap = mmap_driver_mmap;
	addr = map_at(drv->file, 1, MAP_SHARED, last + 1);
	KUNIT_EXPECT_FALSE_MSG(test, IS_ERR_VALUE(addr), "mmap() returned %ld", addr);
	KUNIT_EXPECT_EQ(test, md->pgoff, last + 1);
	KUNIT_EXPECT_EQ(test, map_at(drv->file, 1, MAP_SHARED, ULONG_MAX), -EOVERFLOW);
}

/*
 * A regular file is never mapped beyond MAX_LFS_FILESIZE, because none of its
 * bytes can be there, and the code of file systems computes with loff_t.
 */
static void mmap_last_offset_of_regular_file(struct kunit *test)
{
	const unsigned long last = (MAX_LFS_FILESIZE - PAGE_SIZE) >> PAGE_SHIFT;
	struct test_driver *drv = test->priv;
	struct mmap_driver *md = to_mmap_driver(drv);
	long addr;

	file_inode(drv->file->filp)->i_mode |= S_IFREG;
	addr = map_at(drv->file, 1, MAP_SHARED, last);
	KUNIT_EXPECT_FALSE_MSG(test, IS_ERR_VALUE(addr), "mmap() returned %ld", addr);
	KUNIT_EXPECT_EQ(test, md->pgoff, last);
	KUNIT_EXPECT_EQ(test, map_at(drv->file, 2, MAP_SHARED, last), -EOVERFLOW);
	KUNIT_EXPECT_EQ(test, map_at(drv->file, 1, MAP_SHARED, last + 1), -EOVERFLOW);
}

/* mmap() of the first page of the file. */
static long map_page(struct test_driver *drv, unsigned long prot, unsigned long flags)
{
	return user_mmap(drv->file, 0, PAGE_SIZE, prot, flags, 0);
}

/*
 * An append-only file that is open for writing gets no shared mapping, because what
 * is there could be changed through it: -EACCES. Private mappings of it work.
 */
static void mmap_of_protected_inode(struct kunit *test)
{
	struct test_driver *drv = test->priv;
	struct inode *inode = file_inode(drv->file->filp);
	long addr;

	inode->i_flags |= S_APPEND;
	KUNIT_EXPECT_EQ(test, map_page(drv, PROT_READ, MAP_SHARED), -EACCES);
	addr = map_page(drv, PROT_RW, MAP_PRIVATE);
	KUNIT_EXPECT_FALSE_MSG(test, IS_ERR_VALUE(addr), "private mmap() returned %ld", addr);
	inode->i_flags &= ~S_APPEND;
}

/*
 * A file in use for swap gets no shared mapping that is writable, because what the
 * kernel has put there would be overwritten: -ETXTBSY. Others of it work.
 */
static void mmap_of_swap_file(struct kunit *test)
{
	struct test_driver *drv = test->priv;
	struct inode *inode = file_inode(drv->file->filp);
	long addr;

	if (!IS_ENABLED(CONFIG_SWAP))
		kunit_skip(test, "needs CONFIG_SWAP");

	inode->i_flags |= S_SWAPFILE;
	KUNIT_EXPECT_EQ(test, map_page(drv, PROT_RW, MAP_SHARED), -ETXTBSY);
	addr = map_page(drv, PROT_READ, MAP_SHARED);
	KUNIT_EXPECT_FALSE_MSG(test, IS_ERR_VALUE(addr), "read-only mmap() returned %ld", addr);
	inode->i_flags &= ~S_SWAPFILE;
}

/*
 * After mapping_deny_writable(), no mapping can be made that is shared and may
 * become writable: -EPERM. As long as there is one, mapping_deny_writable() is
 * -EBUSY. Memory file seals (F_SEAL_WRITE) rely on both.
 */
static void mmap_denied_writable(struct kunit *test)
{
	struct test_driver *drv = test->priv;
	struct address_space *mapping = drv->file->filp->f_mapping;
	long addr;

	KUNIT_ASSERT_EQ(test, mapping_deny_writable(mapping), 0);
	KUNIT_EXPECT_EQ(test, map_page(drv, PROT_RW, MAP_SHARED), -EPERM);
	KUNIT_EXPECT_EQ(test, map_page(drv, PROT_READ, MAP_SHARED), -EPERM);
	KUNIT_EXPECT_EQ(test, drv->mmaps, 0);
	addr = map_page(drv, PROT_RW, MAP_PRIVATE);
	KUNIT_EXPECT_FALSE_MSG(test, IS_ERR_VALUE(addr), "private mmap() returned %ld", addr);
	mapping_allow_writable(mapping);
	addr = map_page(drv, PROT_RW, MAP_SHARED);
	KUNIT_EXPECT_FALSE_MSG(test, IS_ERR_VALUE(addr), "shared mmap() returned %ld", addr);
	KUNIT_EXPECT_EQ(test, mapping_deny_writable(mapping), -EBUSY);
}

/*
 * A process that has max_map_count VMAs gets no more, because each takes memory of
 * the kernel: -ENOMEM, without a call of ->mmap
 * (Documentation/admin-guide/sysctl/vm.rst).
 */
static void mmap_too_many(struct kunit *test)
{
	struct test_driver *drv = test->priv;
	struct mm_struct *mm = current->mm;
	int map_count = mm->map_count;
	long ret;

	mm->map_count = INT_MAX;
	ret = map_page(drv, PROT_RW, MAP_SHARED);
	mm->map_count = map_count;
	KUNIT_EXPECT_EQ(test, ret, -ENOMEM);
	KUNIT_EXPECT_EQ(test, drv->mmaps, 0);
}

/*
 * kunit_vm_mmap() returns 0 on failure, never -errno, because its callers check
 * for 0 only (lib/tests/usercopy_kunit.c).
 */
static void kunit_vm_mmap_fails(struct kunit *test)
{
	const unsigned long anon = MAP_PRIVATE | MAP_ANONYMOUS;

	KUNIT_EXPECT_EQ_MSG(test, kunit_vm_mmap(test, NULL, 0, 0, PROT_RW, anon, 0), 0,
			    "no length");
	KUNIT_EXPECT_EQ_MSG(test, kunit_vm_mmap(test, NULL, 0, PAGE_SIZE, PROT_RW, MAP_ANONYMOUS,
						0), 0, "neither shared nor private");
}

/* -- memory that is to be locked, or to be there at once -------------------- */

struct locked {
	const char *desc;
	vm_flags_t set;		/* by ->mmap */
	bool locked;
};

static const struct locked locked_rows[] = {
	{ .desc = "none", .locked = true },
	{ .desc = "vm_dontdump", .set = VM_DONTDUMP, .locked = true },
	/* VM_SPECIAL: the pages are not on the LRU lists, so nothing swaps them. */
	{ .desc = "vm_io", .set = VM_IO },
	{ .desc = "vm_pfnmap", .set = VM_PFNMAP },
	{ .desc = "vm_mixedmap", .set = VM_MIXEDMAP },
	{ .desc = "vm_dontexpand", .set = VM_DONTEXPAND },
};

KUNIT_ARRAY_PARAM_DESC(locked, locked_rows, desc);

/*
 * MAP_LOCKED faults the pages in and counts them as locked, unless ->mmap makes
 * the VMA one of VM_SPECIAL: such a VMA loses VM_LOCKED and is not counted
 * (Documentation/mm/unevictable-lru.rst). VM_IO and VM_PFNMAP VMAs are not
 * faulted in either, because an access to a device may have side effects.
 */
static void mmap_locked(struct kunit *test)
{
	const struct locked *row = test->param_value;
	struct test_driver *drv = test->priv;
	struct mmap_driver *md = to_mmap_driver(drv);
	struct mmap_usage before = mmap_usage(test);
	unsigned long addr;

	drv->set = row->set;
	addr = mmap_driver_map(test, MAP_SHARED | MAP_LOCKED);
	KUNIT_EXPECT_EQ_MSG(test, md->flags & VM_LOCKED, VM_LOCKED, "VM_LOCKED in ->mmap");
	KUNIT_EXPECT_EQ_MSG(test, vma_at(addr).flags & VM_LOCKED, row->locked ? VM_LOCKED : 0,
			    "VM_LOCKED after mmap()");
	KUNIT_EXPECT_EQ(test, current->mm->locked_vm - before.locked_vm,
			row->locked ? TEST_DRIVER_PAGES : 0);
	KUNIT_EXPECT_EQ(test, drv->faults,
			row->set & (VM_IO | VM_PFNMAP) ? 0 : TEST_DRIVER_PAGES);
	KUNIT_EXPECT_EQ(test, vm_munmap(addr, ALL), 0);
	MMAP_EXPECT_USAGE(test, before, "after munmap()");
}

/*
 * MAP_LOCKED of a process without CAP_IPC_LOCK is -EPERM if its RLIMIT_MEMLOCK is
 * 0, and -EAGAIN if it would exceed the limit, because locked memory cannot be
 * reclaimed. ->mmap is not called (mmap(2)).
 */
static void mmap_locked_limit(struct kunit *test)
{
	struct test_driver *drv = test->priv;
	/* The thread of a test case shares its limits with nobody. */
	struct rlimit *limit = &current->signal->rlim[RLIMIT_MEMLOCK];
	struct cred *cred = prepare_creds();
	const struct cred *old;
	long none, two, one;

	KUNIT_ASSERT_NOT_NULL(test, cred);
	cap_lower(cred->cap_effective, CAP_IPC_LOCK);
	old = override_creds(cred);
	limit->rlim_cur = 0;
	none = user_mmap(drv->file, 0, PAGE_SIZE, PROT_RW, MAP_SHARED | MAP_LOCKED, PGOFF);
	limit->rlim_cur = PAGE_SIZE;
	two = user_mmap(drv->file, 0, 2 * PAGE_SIZE, PROT_RW, MAP_SHARED | MAP_LOCKED, PGOFF);
	one = user_mmap(drv->file, 0, PAGE_SIZE, PROT_RW, MAP_SHARED | MAP_LOCKED, PGOFF);
	put_cred(revert_creds(old));
	KUNIT_EXPECT_EQ(test, none, -EPERM);
	KUNIT_EXPECT_EQ(test, two, -EAGAIN);
	KUNIT_EXPECT_FALSE_MSG(test, IS_ERR_VALUE(one), "mmap() at the limit returned %ld", one);
	KUNIT_EXPECT_EQ(test, drv->mmaps, 1);
}

/*
 * MAP_POPULATE faults all pages in before mmap() returns, so that the process has
 * no faults later; not together with MAP_NONBLOCK (mmap(2)), and not if ->mmap
 * has failed, because then there is nothing at the address to fault in.
 */
static void mmap_populate(struct kunit *test)
{
	struct test_driver *drv = test->priv;
	unsigned long addr;

	mmap_driver_map(test, MAP_SHARED);
	KUNIT_EXPECT_EQ_MSG(test, drv->faults, 0, "without MAP_POPULATE");
	mmap_driver_map(test, MAP_SHARED | MAP_POPULATE | MAP_NONBLOCK);
	KUNIT_EXPECT_EQ_MSG(test, drv->faults, 0, "with MAP_NONBLOCK");
	addr = mmap_driver_map(test, MAP_SHARED | MAP_POPULATE);
	KUNIT_EXPECT_EQ_MSG(test, drv->faults, TEST_DRIVER_PAGES, "with MAP_POPULATE");
	MM_KUNIT_EXPECT(test, mmap_check_reads(test, addr, 0, TEST_DRIVER_PAGES));
	KUNIT_EXPECT_EQ_MSG(test, drv->faults, TEST_DRIVER_PAGES, "after the accesses");

	drv->mmap_ret = -EIO;
	KUNIT_EXPECT_EQ(test, user_mmap(drv->file, 0, PAGE_SIZE, PROT_RW,
					MAP_SHARED | MAP_POPULATE, PGOFF), -EIO);
	KUNIT_EXPECT_EQ_MSG(test, drv->faults, TEST_DRIVER_PAGES, "after a failed mmap()");
}

/* -- what ->mmap may change -------------------------------------------------- */

/*
 * vma_set_file() gives the VMA a file of the driver's choice, because dma_buf_mmap()
 * is called for files of other drivers: the mapping holds a reference to that one and
 * is found through it by unmap_mapping_range(), and the file that was passed to
 * mmap() is released (kernel-doc of vma_set_file()).
 */
static void mmap_sets_file(struct kunit *test)
{
	struct test_driver *drv = test->priv;
	struct mmap_driver *md = to_mmap_driver(drv);
	struct mmap_usage before, during;
	unsigned long addr;

	md->other = user_file_open(test, O_RDWR, NULL, NULL)->filp;
	before = mmap_usage(test);
	addr = mmap_driver_map(test, MAP_SHARED);
	during = mmap_usage(test);
	KUNIT_EXPECT_EQ(test, during.file_refs, before.file_refs);
	KUNIT_EXPECT_EQ(test, during.other_refs, before.other_refs + 1);
	MM_KUNIT_EXPECT(test, mmap_check_reads(test, addr, 0, TEST_DRIVER_PAGES));

	/* The page that is unmapped through the other file faults again. */
	unmap_mapping_range(md->other->f_mapping, PGOFF * PAGE_SIZE, PAGE_SIZE, 1);
	drv->faults = 0;
	MM_KUNIT_EXPECT(test, mmap_check_reads(test, addr, 0, TEST_DRIVER_PAGES));
	KUNIT_EXPECT_EQ(test, drv->faults, 1);
	KUNIT_EXPECT_EQ(test, vm_munmap(addr, ALL), 0);
	MMAP_EXPECT_USAGE(test, before, "after munmap()");
}

static int prot_mmap(struct vm_area_struct *vma, void *data)
{
	vma->vm_page_prot = pgprot_noncached(vm_get_page_prot(VM_READ));

	return mmap_driver_mmap(vma, data);
}

static vm_fault_t page_mkwrite(struct vm_fault *vmf)
{
	lock_page(vmf->page);
	return VM_FAULT_LOCKED;
}

static const struct vm_operations_struct mkwrite_vm_ops = {
	.fault = test_driver_fault,
	.page_mkwrite = page_mkwrite,
};

struct page_prot {
	const char *desc;
	int (*mmap)(struct vm_area_struct *vma, void *data);
	const struct vm_operations_struct *ops;
	unsigned long flags;
	vm_flags_t prot;	/* for vm_get_page_prot(), what is expected */
	bool noncached;
};

static const struct page_prot page_prot_rows[] = {
	{ .desc = "shared", .mmap = mmap_driver_mmap, .ops = &mmap_driver_vm_ops,
	  .flags = MAP_SHARED, .prot = VM_READ | VM_WRITE | VM_SHARED },
	{ .desc = "private", .mmap = mmap_driver_mmap, .ops = &mmap_driver_vm_ops,
	  .flags = MAP_PRIVATE, .prot = VM_READ | VM_WRITE },
	/* The cache mode is the driver's choice, the access rights are the process's. */
	{ .desc = "noncached", .mmap = prot_mmap, .ops = &mmap_driver_vm_ops,
	  .flags = MAP_SHARED, .prot = VM_READ | VM_WRITE | VM_SHARED, .noncached = true },
	/* Without VM_SHARED, pages are mapped read-only: the first write faults. */
	{ .desc = "page_mkwrite", .mmap = mmap_driver_mmap, .ops = &mkwrite_vm_ops,
	  .flags = MAP_SHARED, .prot = VM_READ | VM_WRITE },
};

KUNIT_ARRAY_PARAM_DESC(page_prot, page_prot_rows, desc);

/*
 * After ->mmap, vm_page_prot has the cache mode that the driver has set and the
 * access rights of the VMA's flags, without write permission if the driver has
 * ->page_mkwrite, because it wants to be called for the first write to a page
 * (vma_set_page_prot(), vma_wants_writenotify()).
 */
static void mmap_page_prot(struct kunit *test)
{
	const struct page_prot *row = test->param_value;
	struct test_driver *drv = test->priv;
	pgprot_t expected = vm_get_page_prot(row->prot);
	unsigned long addr;

	drv->file->mmap = row->mmap;
	drv->ops = row->ops;
	addr = mmap_driver_map(test, row->flags);
	if (row->noncached)
		expected = pgprot_noncached(expected);
	KUNIT_EXPECT_EQ(test, pgprot_val(vma_at(addr).prot), pgprot_val(expected));
}

static struct kunit_case mmap_cases[] = {
	KUNIT_CASE(mmap_calls_driver),
	KUNIT_CASE_PARAM(mmap_vma_flags, flags_gen_params),
	KUNIT_CASE_PARAM(mmap_refused, refused_gen_params),
	KUNIT_CASE(mmap_without_hook),
	KUNIT_CASE(mmap_last_offset),
	KUNIT_CASE(mmap_last_offset_of_regular_file),
	KUNIT_CASE(mmap_of_protected_inode),
	KUNIT_CASE(mmap_of_swap_file),
	KUNIT_CASE(mmap_denied_writable),
	KUNIT_CASE(mmap_too_many),
	KUNIT_CASE(kunit_vm_mmap_fails),
	KUNIT_CASE_PARAM(mmap_locked, locked_gen_params),
	KUNIT_CASE(mmap_locked_limit),
	KUNIT_CASE(mmap_populate),
	KUNIT_CASE(mmap_sets_file),
	KUNIT_CASE_PARAM(mmap_page_prot, page_prot_gen_params),
	{}
};

static struct kunit_suite mmap_suite = {
	.name = "mmap",
	.init = mmap_driver_init,
	.test_cases = mmap_cases,
};

kunit_test_suite(mmap_suite);

MODULE_DESCRIPTION("KUnit tests for mmap() of drivers");
MODULE_LICENSE("GPL");
