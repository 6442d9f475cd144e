// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests for what mmap() and its kin do for the driver of a file: what
 * they refuse in its place, what they undo after its ->mmap has failed, what
 * it may change in its VMA, and what becomes of that when the VMA is split,
 * merged, moved, protected and forked.
 */
#include <kunit/test.h>
#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/module.h>
#include <linux/pagemap.h>
#include <linux/rmap.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/sizes.h>
#include <linux/string.h>

#include "mm_kunit.h"
#include "user_fork.h"
#include "user_vma.h"

#define NR_PAGES	4
#define PGOFF		5	/* where the file is mapped from */
#define RW		(PROT_READ | PROT_WRITE)

enum map {
	MAP_NOTHING,		/* they are faulted in */
	MAP_PAGES,		/* with vm_insert_page() */
	MAP_RAW,		/* with remap_pfn_range() */
};

/* A driver: what its ->mmap does, and what it and its vm_ops have seen. */
struct driver {
	struct user_file *file;
	struct page *block;	/* NR_PAGES pages, each with its own pattern */
	void *buf;		/* a page for what the user reads */

	enum map map;
	const struct vm_operations_struct *ops;
	vm_flags_t set;		/* flags of the VMA to set, */
	vm_flags_t clear;	/* or to clear */
	struct file *other;	/* the file to be the VMA's instead */
	int ret;

	unsigned int mmaps;
	unsigned long start;
	unsigned long end;
	unsigned long pgoff;
	vm_flags_t flags;
	unsigned int opens;
	unsigned int closes;
	unsigned int faults;
	unsigned int mremaps;
	int mremap_ret;
	int split_ret;
};

static void driver_open(struct vm_area_struct *vma)
{
	struct driver *drv = vma->vm_private_data;

	drv->opens++;
}

static void driver_close(struct vm_area_struct *vma)
{
	struct driver *drv = vma->vm_private_data;

	drv->closes++;
}

static vm_fault_t driver_fault(struct vm_fault *vmf)
{
	struct driver *drv = vmf->vma->vm_private_data;

	drv->faults++;
	if (vmf->pgoff < PGOFF || vmf->pgoff >= PGOFF + NR_PAGES)
		return VM_FAULT_SIGBUS;
	vmf->page = drv->block + (vmf->pgoff - PGOFF);
	get_page(vmf->page);

	return 0;
}

static int driver_may_split(struct vm_area_struct *vma, unsigned long addr)
{
	struct driver *drv = vma->vm_private_data;

	return drv->split_ret;
}

static int driver_mremap(struct vm_area_struct *vma)
{
	struct driver *drv = vma->vm_private_data;

	drv->mremaps++;
	return drv->mremap_ret;
}

static const struct vm_operations_struct driver_ops = {
	.open = driver_open,
	.close = driver_close,
	.fault = driver_fault,
	.may_split = driver_may_split,
	.mremap = driver_mremap,
};

static const struct vm_operations_struct mergeable_ops = {
	.fault = driver_fault,
};

static vm_fault_t driver_page_mkwrite(struct vm_fault *vmf)
{
	lock_page(vmf->page);
	return VM_FAULT_LOCKED;
}

static const struct vm_operations_struct mkwrite_ops = {
	.fault = driver_fault,
	.page_mkwrite = driver_page_mkwrite,
};

static int driver_mmap(struct vm_area_struct *vma, void *data)
{
	unsigned long i, nr_pages = min(vma_pages(vma), NR_PAGES);
	struct driver *drv = data;
	int err = 0;

	drv->mmaps++;
	drv->start = vma->vm_start;
	drv->end = vma->vm_end;
	drv->pgoff = vma->vm_pgoff;
	drv->flags = vma->vm_flags;

	if (drv->other)
		vma_set_file(vma, drv->other);
	vm_flags_mod(vma, drv->set, drv->clear);
	vma->vm_ops = drv->ops;
	vma->vm_private_data = drv;
	if (drv->map == MAP_RAW)
		err = remap_pfn_range(vma, vma->vm_start, page_to_pfn(drv->block),
				      nr_pages * PAGE_SIZE, vma->vm_page_prot);
	else if (drv->map == MAP_PAGES)
		for (i = 0; i < nr_pages && !err; i++)
			err = vm_insert_page(vma, vma->vm_start + i * PAGE_SIZE, drv->block + i);

	return err ?: drv->ret;
}

static unsigned long driver_map(struct kunit *test, unsigned long addr, unsigned long prot,
				unsigned long flags)
{
	struct driver *drv = test->priv;

	addr = user_mmap(drv->file, addr, NR_PAGES * PAGE_SIZE, prot, flags, PGOFF);
	KUNIT_ASSERT_FALSE(test, IS_ERR_VALUE(addr));

	return addr;
}

static unsigned long anon_map(struct kunit *test, unsigned long addr, unsigned long nr_pages,
			      unsigned long flags)
{
	addr = vm_mmap(NULL, addr, nr_pages * PAGE_SIZE, RW,
		       MAP_PRIVATE | MAP_ANONYMOUS | flags, 0);
	KUNIT_ASSERT_FALSE(test, IS_ERR_VALUE(addr));

	return addr;
}

static void fill_page(void *page, u32 i)
{
	memset32(page, 0x5eed0000 + i, PAGE_SIZE / sizeof(u32));
}

/* The user reads @nr_pages of the driver's pages at @addr, from @first on. */
static bool user_reads(struct driver *drv, unsigned long addr, int first, int nr_pages)
{
	int i;

	for (i = 0; i < nr_pages; i++) {
		if (copy_from_user(drv->buf, (void __user *)(addr + i * PAGE_SIZE), PAGE_SIZE) ||
		    memcmp(drv->buf, page_address(drv->block + first + i), PAGE_SIZE))
			return false;
	}

	return true;
}

/* Nothing is there. */
static bool user_hole(unsigned long addr, int nr_pages)
{
	struct vm_area_struct *vma;

	mmap_read_lock(current->mm);
	vma = find_vma_intersection(current->mm, addr, addr + nr_pages * PAGE_SIZE);
	mmap_read_unlock(current->mm);

	return !vma;
}

/* The flags of the VMA at @addr, of which there must be one. */
static vm_flags_t user_flags(unsigned long addr)
{
	struct vm_area_struct *vma;
	vm_flags_t flags = 0;

	mmap_read_lock(current->mm);
	vma = vma_lookup(current->mm, addr);
	if (vma)
		flags = vma->vm_flags;
	mmap_read_unlock(current->mm);

	return flags;
}

static long anon_pages(void)
{
	return get_mm_counter_sum(current->mm, MM_ANONPAGES);
}

/* What a mapping costs, and is to be given back. */
struct usage {
	unsigned long total_vm;
	unsigned long locked_vm;
	unsigned long tables;
	unsigned long rss;
	int map_count;
	int writable;
	long file_refs;
	long other_refs;
};

static struct usage get_usage(struct kunit *test)
{
	struct mm_struct *mm = current->mm;
	struct driver *drv = test->priv;

	return (struct usage) {
		.total_vm = mm->total_vm,
		.locked_vm = mm->locked_vm,
		.tables = mm_pgtables_bytes(mm),
		.rss = get_mm_rss_sum(mm),
		.map_count = mm->map_count,
		.writable = atomic_read(&drv->file->filp->f_mapping->i_mmap_writable),
		.file_refs = file_count(drv->file->filp),
		.other_refs = drv->other ? file_count(drv->other) : 0,
	};
}

static void expect_usage(struct kunit *test, const struct usage *old)
{
	const struct usage new = get_usage(test);

	KUNIT_EXPECT_EQ(test, new.total_vm, old->total_vm);
	KUNIT_EXPECT_EQ(test, new.locked_vm, old->locked_vm);
	/* With PAE, a process starts with tables that are freed when nothing needs them. */
	if (IS_ENABLED(CONFIG_X86_PAE))
		KUNIT_EXPECT_LE(test, new.tables, old->tables);
	else
		KUNIT_EXPECT_EQ(test, new.tables, old->tables);
	KUNIT_EXPECT_EQ(test, new.rss, old->rss);
	KUNIT_EXPECT_EQ(test, new.map_count, old->map_count);
	KUNIT_EXPECT_EQ(test, new.writable, old->writable);
	KUNIT_EXPECT_EQ(test, new.file_refs, old->file_refs);
	KUNIT_EXPECT_EQ(test, new.other_refs, old->other_refs);
}

/* Nobody has the driver's pages but the driver. */
static void expect_unused(struct kunit *test)
{
	struct driver *drv = test->priv;
	int i;

	for (i = 0; i < NR_PAGES; i++) {
		KUNIT_EXPECT_EQ_MSG(test, page_ref_count(drv->block + i), 1, "page %d", i);
		KUNIT_EXPECT_EQ_MSG(test, folio_mapcount(page_folio(drv->block + i)), 0,
				    "page %d", i);
	}
}

KUNIT_DEFINE_ACTION_WRAPPER(mmap_put_page, put_page, struct page *);

/* === A mapping === */

/* The driver is called last, when all is settled; and told when it is over. */
static void mmap_calls_driver(struct kunit *test)
{
	struct usage before, during;
	struct driver *drv = test->priv;
	unsigned long addr;

	before = get_usage(test);
	addr = user_mmap(drv->file, 0, (NR_PAGES - 1) * PAGE_SIZE + 1, RW, MAP_SHARED, PGOFF);
	KUNIT_ASSERT_FALSE(test, IS_ERR_VALUE(addr));
	KUNIT_EXPECT_EQ(test, drv->mmaps, 1);
	KUNIT_EXPECT_EQ(test, drv->start, addr);
	KUNIT_EXPECT_EQ(test, drv->end, addr + NR_PAGES * PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, drv->pgoff, PGOFF);
	KUNIT_EXPECT_TRUE(test, user_reads(drv, addr, 0, NR_PAGES));
	KUNIT_EXPECT_EQ(test, drv->faults, NR_PAGES);
	during = get_usage(test);
	KUNIT_EXPECT_EQ(test, during.total_vm - before.total_vm, NR_PAGES);
	KUNIT_EXPECT_EQ(test, during.map_count - before.map_count, 1);
	KUNIT_EXPECT_EQ(test, during.writable - before.writable, 1);
	KUNIT_EXPECT_EQ(test, during.file_refs - before.file_refs, 1);
	KUNIT_EXPECT_EQ(test, drv->opens, 0);
	KUNIT_EXPECT_EQ(test, drv->closes, 0);

	KUNIT_EXPECT_EQ(test, vm_munmap(addr, NR_PAGES * PAGE_SIZE), 0);
	KUNIT_EXPECT_EQ(test, drv->opens, 0);
	KUNIT_EXPECT_EQ(test, drv->closes, 1);
	expect_usage(test, &before);
	expect_unused(test);
}

struct flags {
	const char *desc;
	int file;		/* how the file was opened */
	unsigned long prot;
	unsigned long flags;
	vm_flags_t has;
	vm_flags_t has_not;
};

#define NEVER	(VM_MAYEXEC | VM_EXEC | VM_IO | VM_PFNMAP | VM_MIXEDMAP | VM_DONTEXPAND)

static const struct flags flags_params[] = {
	{ "shared", O_RDWR, RW, MAP_SHARED,
	  VM_READ | VM_WRITE | VM_SHARED | VM_MAYREAD | VM_MAYWRITE | VM_MAYSHARE, VM_ACCOUNT },
	{ "shared_readable", O_RDWR, PROT_READ, MAP_SHARED,
	  VM_READ | VM_SHARED | VM_MAYREAD | VM_MAYWRITE | VM_MAYSHARE, VM_WRITE | VM_ACCOUNT },
	/* To all that follows, this is just a mapping that nobody can write to. */
	{ "shared_of_read_only_file", O_RDONLY, PROT_READ, MAP_SHARED,
	  VM_READ | VM_MAYREAD | VM_MAYSHARE, VM_WRITE | VM_SHARED | VM_MAYWRITE | VM_ACCOUNT },
	{ "private", O_RDWR, RW, MAP_PRIVATE,
	  VM_READ | VM_WRITE | VM_MAYREAD | VM_MAYWRITE | VM_ACCOUNT, VM_SHARED | VM_MAYSHARE },
	{ "private_of_read_only_file", O_RDONLY, RW, MAP_PRIVATE,
	  VM_READ | VM_WRITE | VM_MAYREAD | VM_MAYWRITE | VM_ACCOUNT, VM_SHARED | VM_MAYSHARE },
	{ "private_readable", O_RDWR, PROT_READ, MAP_PRIVATE,
	  VM_READ | VM_MAYREAD | VM_MAYWRITE, VM_SHARED | VM_MAYSHARE | VM_WRITE | VM_ACCOUNT },
	{ "private_noreserve", O_RDWR, RW, MAP_PRIVATE | MAP_NORESERVE,
	  VM_READ | VM_WRITE | VM_NORESERVE, VM_ACCOUNT },
	{ "inaccessible", O_RDWR, PROT_NONE, MAP_SHARED,
	  VM_SHARED | VM_MAYREAD | VM_MAYWRITE | VM_MAYSHARE, VM_READ | VM_WRITE },
	/* That is what MAP_SHARED_VALIDATE is for. */
	{ "shared_with_unknown_flags", O_RDWR, RW, MAP_SHARED | MAP_SYNC,
	  VM_READ | VM_WRITE | VM_SHARED, 0 },
	{ "shared_validate", O_RDWR, RW, MAP_SHARED_VALIDATE,
	  VM_READ | VM_WRITE | VM_SHARED | VM_MAYSHARE, 0 },
};

KUNIT_ARRAY_PARAM_DESC(flags, flags_params, desc);

static void mmap_vma_flags(struct kunit *test)
{
	const struct flags *param = test->param_value;
	struct driver *drv = test->priv;

	drv->file = user_file_open(test, param->file, driver_mmap, drv);
	driver_map(test, 0, param->prot, param->flags);
	KUNIT_EXPECT_EQ(test, drv->flags & (param->has | param->has_not | NEVER), param->has);
}

struct refused {
	const char *desc;
	int file;
	unsigned long prot;
	unsigned long flags;
	unsigned long len;
	unsigned long offset;
	long err;
};

static const struct refused refused[] = {
	{ "no_length", O_RDWR, RW, MAP_SHARED, 0, 0, -EINVAL },
	{ "length_wraps", O_RDWR, RW, MAP_SHARED, ULONG_MAX, 0, -ENOMEM },
	{ "length_of_nearly_everything", O_RDWR, RW, MAP_SHARED, -(1UL << (BITS_PER_LONG - 3)), 0,
	  -ENOMEM },
	{ "offset_unaligned", O_RDWR, RW, MAP_SHARED, PAGE_SIZE, 16, -EINVAL },
	{ "offset_wraps", O_RDWR, RW, MAP_SHARED, 2 * PAGE_SIZE, -PAGE_SIZE, -EINVAL },
	{ "shared_write_of_read_only_file", O_RDONLY, RW, MAP_SHARED, PAGE_SIZE, 0, -EACCES },
	{ "validated_write_of_read_only_file", O_RDONLY, RW, MAP_SHARED_VALIDATE, PAGE_SIZE, 0,
	  -EACCES },
	/* The processor could not keep them apart. */
	{ "shared_of_write_only_file", O_WRONLY, PROT_WRITE, MAP_SHARED, PAGE_SIZE, 0, -EACCES },
	{ "private_of_write_only_file", O_WRONLY, PROT_NONE, MAP_PRIVATE, PAGE_SIZE, 0, -EACCES },
	{ "exec_of_noexec", O_RDWR, PROT_READ | PROT_EXEC, MAP_SHARED, PAGE_SIZE, 0, -EPERM },
	{ "private_exec_of_noexec", O_RDWR, PROT_EXEC, MAP_PRIVATE, PAGE_SIZE, 0, -EPERM },
	{ "unknown_flag", O_RDWR, RW, MAP_SHARED_VALIDATE | BIT(31), PAGE_SIZE, 0, -EOPNOTSUPP },
	{ "sync", O_RDWR, RW, MAP_SHARED_VALIDATE | MAP_SYNC, PAGE_SIZE, 0, -EOPNOTSUPP },
	{ "no_type", O_RDWR, RW, 0, PAGE_SIZE, 0, -EINVAL },
	{ "unknown_type", O_RDWR, RW, MAP_TYPE, PAGE_SIZE, 0, -EINVAL },
	{ "stack", O_RDWR, RW, MAP_PRIVATE | MAP_GROWSDOWN, PAGE_SIZE, 0, -EINVAL },
	{ "shared_stack", O_RDWR, RW, MAP_SHARED | MAP_GROWSDOWN, PAGE_SIZE, 0, -EINVAL },
};

KUNIT_ARRAY_PARAM_DESC(refused, refused, desc);

/* No driver has to know of these. */
static void mmap_refused(struct kunit *test)
{
	const struct refused *param = test->param_value;
	struct driver *drv = test->priv;
	struct usage before;
	long ret;

	drv->file = user_file_open(test, param->file, driver_mmap, drv);
	before = get_usage(test);
	ret = vm_mmap(drv->file->filp, 0, param->len, param->prot, param->flags, param->offset);
	KUNIT_EXPECT_EQ(test, ret, param->err);
	KUNIT_EXPECT_EQ(test, drv->mmaps, 0);
	expect_usage(test, &before);
}

static void mmap_without_hook(struct kunit *test)
{
	static const struct file_operations no_fops = {};
	struct user_file *file = user_file_open_fops(test, O_RDWR, &no_fops, NULL);

	KUNIT_EXPECT_EQ(test, user_mmap(file, 0, PAGE_SIZE, RW, MAP_SHARED, 0), -ENODEV);
	KUNIT_EXPECT_EQ(test, user_mmap(file, 0, PAGE_SIZE, PROT_READ, MAP_PRIVATE, 0), -ENODEV);
}

static const struct file_operations unsigned_fops = {
	.mmap = user_file_mmap,
	.fop_flags = FOP_UNSIGNED_OFFSET,
};

/*
 * The last byte of a mapping has an offset too, and as many bits for it as
 * drivers are used to, unless they say that they can do with all there are.
 */
static void mmap_last_offset(struct kunit *test)
{
	const unsigned long last = (ULONG_MAX >> PAGE_SHIFT) - 1;
	struct driver *drv = test->priv;
	struct file *filp = drv->file->filp;
	unsigned long addr;

	addr = vm_mmap_pgoff(filp, 0, PAGE_SIZE, RW, MAP_SHARED, last);
	KUNIT_EXPECT_FALSE(test, IS_ERR_VALUE(addr));
	KUNIT_EXPECT_EQ(test, drv->pgoff, last);
	KUNIT_EXPECT_EQ(test, vm_mmap_pgoff(filp, 0, 2 * PAGE_SIZE, RW, MAP_SHARED, last),
			-EOVERFLOW);
	KUNIT_EXPECT_EQ(test, vm_mmap_pgoff(filp, 0, PAGE_SIZE, RW, MAP_SHARED, last + 1),
			-EOVERFLOW);
	KUNIT_EXPECT_EQ(test, vm_mmap_pgoff(filp, 0, PAGE_SIZE, RW, MAP_PRIVATE, last + 2),
			-EOVERFLOW);
	KUNIT_EXPECT_EQ(test, vm_mmap_pgoff(filp, 0, PAGE_SIZE, RW, MAP_SHARED, ULONG_MAX),
			-EOVERFLOW);
	KUNIT_EXPECT_EQ(test, drv->mmaps, 1);

	drv->file = user_file_open_fops(test, O_RDWR, &unsigned_fops, drv);
	drv->file->mmap = driver_mmap;
	addr = vm_mmap_pgoff(drv->file->filp, 0, PAGE_SIZE, RW, MAP_SHARED, last + 1);
	KUNIT_EXPECT_FALSE(test, IS_ERR_VALUE(addr));
	KUNIT_EXPECT_EQ(test, drv->pgoff, last + 1);
	KUNIT_EXPECT_EQ(test, vm_mmap_pgoff(drv->file->filp, 0, PAGE_SIZE, RW, MAP_SHARED,
					    ULONG_MAX), -EOVERFLOW);
}

static void mmap_last_offset_of_regular_file(struct kunit *test)
{
	const unsigned long last = (MAX_LFS_FILESIZE - PAGE_SIZE) >> PAGE_SHIFT;
	struct driver *drv = test->priv;
	struct file *filp = drv->file->filp;
	unsigned long addr;

	file_inode(filp)->i_mode |= S_IFREG;
	addr = vm_mmap_pgoff(filp, 0, PAGE_SIZE, RW, MAP_SHARED, last);
	KUNIT_EXPECT_FALSE(test, IS_ERR_VALUE(addr));
	KUNIT_EXPECT_EQ(test, drv->pgoff, last);
	KUNIT_EXPECT_EQ(test, vm_mmap_pgoff(filp, 0, 2 * PAGE_SIZE, RW, MAP_SHARED, last),
			-EOVERFLOW);
	KUNIT_EXPECT_EQ(test, vm_mmap_pgoff(filp, 0, PAGE_SIZE, RW, MAP_SHARED, last + 1),
			-EOVERFLOW);
}

/* Files that must not be written to in place, whoever may otherwise do so. */
static void mmap_of_protected_inode(struct kunit *test)
{
	struct driver *drv = test->priv;
	struct inode *inode = file_inode(drv->file->filp);

	inode->i_flags |= S_APPEND;
	KUNIT_EXPECT_EQ(test, user_mmap(drv->file, 0, PAGE_SIZE, PROT_READ, MAP_SHARED, 0),
			-EACCES);
	KUNIT_EXPECT_FALSE(test, IS_ERR_VALUE(user_mmap(drv->file, 0, PAGE_SIZE, RW, MAP_PRIVATE,
							0)));
	inode->i_flags &= ~S_APPEND;

	if (!IS_ENABLED(CONFIG_SWAP))
		return;
	inode->i_flags |= S_SWAPFILE;
	KUNIT_EXPECT_EQ(test, user_mmap(drv->file, 0, PAGE_SIZE, RW, MAP_SHARED, 0), -ETXTBSY);
	KUNIT_EXPECT_FALSE(test, IS_ERR_VALUE(user_mmap(drv->file, 0, PAGE_SIZE, PROT_READ,
							MAP_SHARED, 0)));
	inode->i_flags &= ~S_SWAPFILE;
}

/* A file whose writers are locked out has none. */
static void mmap_denied_writable(struct kunit *test)
{
	struct driver *drv = test->priv;
	struct address_space *mapping = drv->file->filp->f_mapping;

	KUNIT_ASSERT_EQ(test, mapping_deny_writable(mapping), 0);
	KUNIT_EXPECT_EQ(test, user_mmap(drv->file, 0, PAGE_SIZE, RW, MAP_SHARED, 0), -EPERM);
	KUNIT_EXPECT_EQ(test, user_mmap(drv->file, 0, PAGE_SIZE, PROT_READ, MAP_SHARED, 0),
			-EPERM);
	KUNIT_EXPECT_EQ(test, drv->mmaps, 0);
	KUNIT_EXPECT_FALSE(test, IS_ERR_VALUE(user_mmap(drv->file, 0, PAGE_SIZE, RW, MAP_PRIVATE,
							0)));
	mapping_allow_writable(mapping);
	KUNIT_EXPECT_FALSE(test, IS_ERR_VALUE(user_mmap(drv->file, 0, PAGE_SIZE, RW, MAP_SHARED,
							0)));
	KUNIT_EXPECT_EQ(test, mapping_deny_writable(mapping), -EBUSY);
}

static void mmap_too_many(struct kunit *test)
{
	struct mm_struct *mm = current->mm;
	struct driver *drv = test->priv;
	int map_count = mm->map_count;
	long ret;

	mm->map_count = INT_MAX;
	ret = user_mmap(drv->file, 0, PAGE_SIZE, RW, MAP_SHARED, 0);
	mm->map_count = map_count;
	KUNIT_EXPECT_EQ(test, ret, -ENOMEM);
	KUNIT_EXPECT_EQ(test, drv->mmaps, 0);
}

/* Nor is there an address for the tests of others. */
static void kunit_vm_mmap_fails(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, kunit_vm_mmap(test, NULL, 0, 0, RW, MAP_PRIVATE | MAP_ANONYMOUS, 0),
			0);
	KUNIT_EXPECT_EQ(test, kunit_vm_mmap(test, NULL, 0, PAGE_SIZE, RW, MAP_ANONYMOUS, 0), 0);
}

/* === Memory that is to be locked, or to be there at once === */

/* The right to lock @limit bytes, but no more. */
static const struct cred *limit_mlock(struct kunit *test, unsigned long limit)
{
	struct cred *cred = prepare_creds();

	KUNIT_ASSERT_NOT_NULL(test, cred);
	cap_lower(cred->cap_effective, CAP_IPC_LOCK);
	/* The thread of a test case shares its limits with nobody. */
	current->signal->rlim[RLIMIT_MEMLOCK].rlim_cur = limit;

	return override_creds(cred);
}

struct locked {
	const char *desc;
	vm_flags_t set;
	bool locked;
};

static const struct locked lockeds[] = {
	{ "none", 0, true },
	{ "vm_dontdump", VM_DONTDUMP, true },
	/* What is not swapped needs no locking, and has no pages to lock. */
	{ "vm_io", VM_IO, false },
	{ "vm_pfnmap", VM_PFNMAP, false },
	{ "vm_mixedmap", VM_MIXEDMAP, false },
	{ "vm_dontexpand", VM_DONTEXPAND, false },
};

KUNIT_ARRAY_PARAM_DESC(locked, lockeds, desc);

static void mmap_locked(struct kunit *test)
{
	const struct locked *param = test->param_value;
	struct driver *drv = test->priv;
	struct usage before = get_usage(test);
	unsigned long addr;

	drv->set = param->set;
	addr = driver_map(test, 0, RW, MAP_SHARED | MAP_LOCKED);
	KUNIT_EXPECT_TRUE(test, drv->flags & VM_LOCKED);
	KUNIT_EXPECT_EQ(test, !!(user_flags(addr) & VM_LOCKED), param->locked);
	KUNIT_EXPECT_EQ(test, current->mm->locked_vm - before.locked_vm,
			param->locked ? NR_PAGES : 0);
	/* Of pages that may do something when they are faulted in, none is. */
	KUNIT_EXPECT_EQ(test, drv->faults, param->set & (VM_IO | VM_PFNMAP) ? 0 : NR_PAGES);
	KUNIT_EXPECT_EQ(test, vm_munmap(addr, NR_PAGES * PAGE_SIZE), 0);
	expect_usage(test, &before);
}

static void mmap_locked_limit(struct kunit *test)
{
	struct driver *drv = test->priv;
	const struct cred *old;
	long none, two, one;

	old = limit_mlock(test, 0);
	none = user_mmap(drv->file, 0, PAGE_SIZE, RW, MAP_SHARED | MAP_LOCKED, PGOFF);
	current->signal->rlim[RLIMIT_MEMLOCK].rlim_cur = PAGE_SIZE;
	two = user_mmap(drv->file, 0, 2 * PAGE_SIZE, RW, MAP_SHARED | MAP_LOCKED, PGOFF);
	one = user_mmap(drv->file, 0, PAGE_SIZE, RW, MAP_SHARED | MAP_LOCKED, PGOFF);
	put_cred(revert_creds(old));
	KUNIT_EXPECT_EQ(test, none, -EPERM);
	KUNIT_EXPECT_EQ(test, two, -EAGAIN);
	KUNIT_EXPECT_FALSE(test, IS_ERR_VALUE(one));
	KUNIT_EXPECT_EQ(test, drv->mmaps, 1);
}

static void mmap_populate(struct kunit *test)
{
	struct driver *drv = test->priv;
	unsigned long addr;

	addr = driver_map(test, 0, RW, MAP_SHARED);
	KUNIT_EXPECT_EQ(test, drv->faults, 0);
	addr = driver_map(test, 0, RW, MAP_SHARED | MAP_POPULATE | MAP_NONBLOCK);
	KUNIT_EXPECT_EQ(test, drv->faults, 0);
	addr = driver_map(test, 0, RW, MAP_SHARED | MAP_POPULATE);
	KUNIT_EXPECT_EQ(test, drv->faults, NR_PAGES);
	KUNIT_EXPECT_TRUE(test, user_reads(drv, addr, 0, NR_PAGES));
	KUNIT_EXPECT_EQ(test, drv->faults, NR_PAGES);

	/* A failed mapping is none, even where there is another one already. */
	drv->ret = -EIO;
	KUNIT_EXPECT_EQ(test, user_mmap(drv->file, 0, PAGE_SIZE, RW, MAP_SHARED | MAP_POPULATE,
					PGOFF), -EIO);
	KUNIT_EXPECT_EQ(test, drv->faults, NR_PAGES);
}

/* === A driver that fails === */

struct failure {
	const char *desc;
	enum map map;
	unsigned long flags;
	unsigned long nr_pages;
	int ret;
	bool set_file;
	bool fixed;		/* over a mapping of another driver */
};

static const struct failure failures[] = {
	{ "nothing", MAP_NOTHING, MAP_SHARED, NR_PAGES, -EPERM },
	{ "pages", MAP_PAGES, MAP_SHARED, NR_PAGES, -EAGAIN },
	{ "private_pages", MAP_PAGES, MAP_PRIVATE, NR_PAGES, -EIO },
	{ "raw", MAP_RAW, MAP_SHARED, NR_PAGES, -ENXIO },
	{ "private_raw", MAP_RAW, MAP_PRIVATE, NR_PAGES, -EPERM },
	{ "another_file", MAP_PAGES, MAP_SHARED, NR_PAGES, -EPERM, true },
	{ "fixed", MAP_PAGES, MAP_SHARED, NR_PAGES, -EBUSY, false, true },
	{ "fixed_another_file", MAP_RAW, MAP_SHARED, NR_PAGES, -ENOMEM, true, true },
	{ "large", MAP_NOTHING, MAP_PRIVATE, SZ_16M / PAGE_SIZE, -EPERM },
	/* No driver should, but a mapping that is none is to be no leak either. */
	{ "positive", MAP_PAGES, MAP_SHARED, NR_PAGES, 1 },
};

KUNIT_ARRAY_PARAM_DESC(failure, failures, desc);

/*
 * The user gets the driver's errno. The driver frees its pages, so nothing of
 * what it has mapped may stay. It gets no ->close, for it had no time to
 * expect one.
 */
static void mmap_driver_fails(struct kunit *test)
{
	const struct failure *param = test->param_value;
	struct driver *drv = test->priv, victim = *drv;
	struct usage before;
	unsigned long addr = 0, committed;
	long ret;

	if (param->set_file)
		drv->other = user_file_open(test, O_RDWR, NULL, NULL)->filp;
	before = get_usage(test);
	if (param->fixed) {
		victim.file = user_file_open(test, O_RDWR, driver_mmap, &victim);
		addr = user_mmap(victim.file, 0, NR_PAGES * PAGE_SIZE, RW, MAP_SHARED, PGOFF);
		KUNIT_ASSERT_FALSE(test, IS_ERR_VALUE(addr));
		KUNIT_ASSERT_TRUE(test, user_reads(&victim, addr, 0, NR_PAGES));
	}

	drv->map = param->map;
	drv->ret = param->ret;
	committed = vm_memory_committed();
	ret = user_mmap(drv->file, addr, param->nr_pages * PAGE_SIZE, RW,
			param->flags | (param->fixed ? MAP_FIXED : 0), PGOFF);
	if (param->ret < 0)
		KUNIT_EXPECT_EQ(test, ret, param->ret);
	KUNIT_EXPECT_EQ(test, drv->mmaps, 1);
	KUNIT_EXPECT_TRUE(test, user_hole(drv->start, param->nr_pages));
	KUNIT_EXPECT_EQ(test, drv->opens, 0);
	KUNIT_EXPECT_EQ(test, drv->closes, 0);
	/* There is no way back to what was there before. */
	KUNIT_EXPECT_EQ(test, victim.closes, param->fixed);
	expect_usage(test, &before);
	expect_unused(test);
	KUNIT_EXPECT_LT(test, vm_memory_committed(), committed + SZ_8M / PAGE_SIZE);
}

/* What is known before the driver is called leaves what was there before. */
struct intact {
	const char *desc;
	unsigned long prot;
	unsigned long flags;
	unsigned long rlimit;
	vm_flags_t sealed;
	long err;
	bool more_than_ram;
};

static const struct intact intacts[] = {
	{ "address_space_limit", RW, MAP_SHARED | MAP_FIXED, PAGE_SIZE, 0, -ENOMEM },
#ifdef CONFIG_64BIT
	{ "sealed", RW, MAP_SHARED | MAP_FIXED, 0, VM_SEALED, -EPERM },
#endif
	{ "noreplace", RW, MAP_SHARED | MAP_FIXED_NOREPLACE, 0, 0, -EEXIST },
	{ "exec_of_noexec", PROT_EXEC, MAP_SHARED | MAP_FIXED, 0, 0, -EPERM },
	{ "bad_type", RW, MAP_FIXED, 0, 0, -EINVAL },
	{ "more_private_than_ram", RW, MAP_PRIVATE | MAP_FIXED, 0, 0, -ENOMEM, true },
};

KUNIT_ARRAY_PARAM_DESC(intact, intacts, desc);

static void mmap_fixed_leaves_mapping(struct kunit *test)
{
	const struct intact *param = test->param_value;
	struct driver *drv = test->priv;
	/* One page more than there is, for the limit to matter. */
	unsigned long nr_pages = param->more_than_ram ? totalram_pages() + 1 : NR_PAGES + 1;
	struct usage before;
	unsigned long addr;
	long ret;

	drv->set = param->sealed;
	addr = driver_map(test, SZ_256M, RW, MAP_SHARED | MAP_FIXED);
	KUNIT_ASSERT_TRUE(test, user_reads(drv, addr, 0, NR_PAGES));
	before = get_usage(test);
	if (param->rlimit)
		current->signal->rlim[RLIMIT_AS].rlim_cur = param->rlimit;
	ret = user_mmap(drv->file, addr, nr_pages * PAGE_SIZE, param->prot, param->flags, PGOFF);
	current->signal->rlim[RLIMIT_AS].rlim_cur = RLIM_INFINITY;
	KUNIT_EXPECT_EQ(test, ret, param->err);
	KUNIT_EXPECT_EQ(test, drv->mmaps, 1);
	KUNIT_EXPECT_EQ(test, drv->closes, 0);
	drv->faults = 0;
	KUNIT_EXPECT_TRUE(test, user_reads(drv, addr, 0, NR_PAGES));
	KUNIT_EXPECT_EQ(test, drv->faults, 0);
	expect_usage(test, &before);
	if (param->sealed) {
		KUNIT_EXPECT_EQ(test, vm_munmap(addr, NR_PAGES * PAGE_SIZE), -EPERM);
		KUNIT_EXPECT_EQ(test, vm_munmap(addr, PAGE_SIZE), -EPERM);
		KUNIT_EXPECT_EQ(test, mm_kunit_mprotect(addr, PAGE_SIZE, PROT_READ), -EPERM);
		KUNIT_EXPECT_EQ(test,
				mm_kunit_mremap(addr, PAGE_SIZE, 2 * PAGE_SIZE, MREMAP_MAYMOVE, 0),
				-EPERM);
		KUNIT_EXPECT_TRUE(test, user_reads(drv, addr, 0, NR_PAGES));
	}
}

/* What is mapped over makes room for what is mapped. */
static void mmap_fixed_at_limit(struct kunit *test)
{
	struct driver *drv = test->priv;
	unsigned long addr = driver_map(test, 0, RW, MAP_SHARED);
	long same, more;

	current->signal->rlim[RLIMIT_AS].rlim_cur = current->mm->total_vm * PAGE_SIZE;
	same = user_mmap(drv->file, addr, NR_PAGES * PAGE_SIZE, RW, MAP_SHARED | MAP_FIXED,
			 PGOFF);
	more = user_mmap(drv->file, 0, PAGE_SIZE, RW, MAP_SHARED, PGOFF);
	current->signal->rlim[RLIMIT_AS].rlim_cur = RLIM_INFINITY;
	KUNIT_EXPECT_EQ(test, same, addr);
	KUNIT_EXPECT_EQ(test, more, -ENOMEM);
	KUNIT_EXPECT_EQ(test, drv->closes, 1);
	KUNIT_EXPECT_TRUE(test, user_reads(drv, addr, 0, NR_PAGES));
}

/* Nor is the memory that could be needed for copies needed twice. */
static void mmap_fixed_charged_once(struct kunit *test)
{
	unsigned long addr = anon_map(test, SZ_256M, SZ_16M / PAGE_SIZE, MAP_FIXED), committed;
	int i;

	committed = vm_memory_committed();
	for (i = 0; i < 4; i++)
		anon_map(test, addr, SZ_16M / PAGE_SIZE, MAP_FIXED);
	KUNIT_EXPECT_LT(test, vm_memory_committed(), committed + SZ_8M / PAGE_SIZE);
}

/* How often to try again when others have changed Committed_AS meanwhile. */
#define TRIES	5

/* An address with nothing in the @nr_pages pages from there, nor around them. */
static unsigned long user_room(struct kunit *test, unsigned long nr_pages)
{
	unsigned long addr = anon_map(test, 0, nr_pages + 2, 0);

	KUNIT_ASSERT_EQ(test, vm_munmap(addr, (nr_pages + 2) * PAGE_SIZE), 0);

	return addr + PAGE_SIZE;
}

/*
 * What is mapped over, a letter a page: (a)nonymous or a private writable
 * mapping of a (f)ile, which are charged, anonymous with MAP_(N)ORESERVE or a
 * (s)hared mapping of a file, which are not. The new mapping is to be at the
 * pages 1 to 4, so what there is at the first and at the last one stays.
 */
struct victim {
	const char *desc;
	const char *pages;
};

static const struct victim victims[] = {
	{ "none",		"......" },
	{ "same_range",		".aaaa." },
	{ "same_range_of_file",	".ffff." },
	{ "start",		".aa..." },
	{ "start_and_before",	"aaa..." },
	{ "end",		"...aa." },
	{ "end_and_behind",	"...fff" },
	{ "middle",		"..aa.." },
	{ "both_ends",		"aa..aa" },
	{ "more",		"aaaaaa" },
	{ "noreserve",		"NNNNNN" },
	{ "shared",		"ssssss" },
	{ "charged_first",	"afNNss" },
	{ "charged_second",	"NsaaNs" },
	{ "charged_last",	"sNNssf" },
};

KUNIT_ARRAY_PARAM_DESC(victim, victims, desc);

#define NEW_PAGES	4

static void map_victims(struct kunit *test, unsigned long addr, const char *pages)
{
	struct driver *drv = test->priv;
	int i;

	for (i = 0; pages[i]; i++) {
		unsigned long at = addr + i * PAGE_SIZE;

		if (pages[i] == 'a')
			anon_map(test, at, 1, MAP_FIXED);
		else if (pages[i] == 'N')
			anon_map(test, at, 1, MAP_FIXED | MAP_NORESERVE);
		else if (pages[i] != '.')
			KUNIT_ASSERT_EQ(test, user_mmap(drv->file, at, PAGE_SIZE, RW, MAP_FIXED |
							(pages[i] == 'f' ? MAP_PRIVATE :
							 MAP_SHARED), PGOFF + i), at);
	}
}

/* How many of the pages of a struct victim are charged. */
static int charged_pages(const char *pages, int from, int to)
{
	int i, charged = 0;

	for (i = from; i < to; i++)
		charged += pages[i] == 'a' || pages[i] == 'f';

	return charged;
}

/* What is to be mapped over the victims. */
struct mapping_over {
	const char *desc;
	unsigned long prot;
	unsigned long flags;
	bool charged;
};

static const struct mapping_over mappings_over[] = {
	{ "private", RW, MAP_PRIVATE, true },
	{ "private read-only", PROT_READ, MAP_PRIVATE, false },
	{ "private noreserve", RW, MAP_PRIVATE | MAP_NORESERVE, false },
	{ "shared", RW, MAP_SHARED, false },
};

/* What has become of Committed_AS, compared with before there were victims. */
struct commit {
	long victims;		/* with them, */
	long over;		/* after the mmap() over them, */
	long nothing;		/* and when all is unmapped */
};

/* Maps @over over @victim; returns what mmap() did, and what it did to @commit. */
static long map_over(struct kunit *test, unsigned long addr, const struct victim *victim,
		     struct user_file *file, const struct mapping_over *over,
		     struct commit *commit)
{
	struct driver *drv = test->priv;
	long before = vm_memory_committed(), err = drv->ret, ret;

	drv->ret = 0;
	map_victims(test, addr, victim->pages);
	drv->ret = err;
	commit->victims = vm_memory_committed() - before;
	ret = user_mmap(file, addr + PAGE_SIZE, NEW_PAGES * PAGE_SIZE, over->prot,
			over->flags | MAP_FIXED, PGOFF);
	commit->over = vm_memory_committed() - before;
	KUNIT_ASSERT_EQ(test, vm_munmap(addr, (NEW_PAGES + 2) * PAGE_SIZE), 0);
	commit->nothing = vm_memory_committed() - before;

	return ret;
}

struct kind {
	const char *desc;
	enum map map;
	unsigned long flags;
};

static const struct kind kinds[] = {
	{ "faults", MAP_NOTHING, MAP_SHARED },
	{ "pages", MAP_PAGES, MAP_SHARED },
	{ "private_pages", MAP_PAGES, MAP_PRIVATE },
	{ "raw", MAP_RAW, MAP_SHARED },
	{ "private_raw", MAP_RAW, MAP_PRIVATE },
};

KUNIT_ARRAY_PARAM_DESC(kind, kinds, desc);

/* Without memory for it, there is no mapping, or half a mapping. */
static void mmap_no_memory(struct kunit *test)
{
	const struct kind *param = test->param_value;
	struct driver *drv = test->priv;
	struct usage before = get_usage(test);
	unsigned int nth, errors = 0;
	bool failed;

	fail_alloc_setup(test, FAIL_ONE);
	drv->map = param->map;
	for (nth = 1; nth < 100; nth++) {
		long addr;

		fail_from(nth);
		addr = user_mmap(drv->file, 0, NR_PAGES * PAGE_SIZE, RW, param->flags, PGOFF);
		failed = fail_stop();
		if (IS_ERR_VALUE(addr)) {
			KUNIT_EXPECT_EQ(test, addr, -ENOMEM);
			errors++;
		} else {
			KUNIT_EXPECT_TRUE(test, user_reads(drv, addr, 0, NR_PAGES));
			KUNIT_EXPECT_EQ(test, vm_munmap(addr, NR_PAGES * PAGE_SIZE), 0);
		}
		expect_usage(test, &before);
		expect_unused(test);
		if (!failed)
			break;
	}
	KUNIT_EXPECT_FALSE(test, failed);
	KUNIT_EXPECT_GT(test, errors, 0);
}

/* === What a driver may change === */

/* The mapping keeps the file that it is of, and lets go of the one it was of. */
static void mmap_sets_file(struct kunit *test)
{
	struct driver *drv = test->priv;
	struct usage before, during;
	unsigned long addr;

	drv->other = user_file_open(test, O_RDWR, NULL, NULL)->filp;
	before = get_usage(test);
	addr = driver_map(test, 0, RW, MAP_SHARED);
	during = get_usage(test);
	KUNIT_EXPECT_EQ(test, during.file_refs, before.file_refs);
	KUNIT_EXPECT_EQ(test, during.other_refs, before.other_refs + 1);
	KUNIT_EXPECT_TRUE(test, user_reads(drv, addr, 0, NR_PAGES));
	unmap_mapping_range(drv->other->f_mapping, PGOFF * PAGE_SIZE, PAGE_SIZE, 1);
	drv->faults = 0;
	KUNIT_EXPECT_TRUE(test, user_reads(drv, addr, 0, NR_PAGES));
	KUNIT_EXPECT_EQ(test, drv->faults, 1);
	KUNIT_EXPECT_EQ(test, vm_munmap(addr, NR_PAGES * PAGE_SIZE), 0);
	expect_usage(test, &before);
}

static int prot_mmap(struct vm_area_struct *vma, void *data)
{
	vma->vm_page_prot = pgprot_noncached(vm_get_page_prot(VM_READ));

	return driver_mmap(vma, data);
}

struct page_prot {
	const char *desc;
	int (*mmap)(struct vm_area_struct *vma, void *data);
	const struct vm_operations_struct *ops;
	unsigned long flags;
	vm_flags_t prot;	/* what the pages are mapped with in the end */
	bool noncached;
};

static const struct page_prot page_prots[] = {
	{ "shared", driver_mmap, &driver_ops, MAP_SHARED, VM_READ | VM_WRITE | VM_SHARED },
	{ "private", driver_mmap, &driver_ops, MAP_PRIVATE, VM_READ | VM_WRITE },
	/* Drivers tell how pages are accessed, but not by whom. */
	{ "noncached", prot_mmap, &driver_ops, MAP_SHARED, VM_READ | VM_WRITE | VM_SHARED, true },
	/* Who wants to know about writes needs to have faults for them. */
	{ "page_mkwrite", driver_mmap, &mkwrite_ops, MAP_SHARED, VM_READ | VM_WRITE },
};

KUNIT_ARRAY_PARAM_DESC(page_prot, page_prots, desc);

static void mmap_page_prot(struct kunit *test)
{
	const struct page_prot *param = test->param_value;
	struct driver *drv = test->priv;
	pgprot_t prot = __pgprot(0), expected = vm_get_page_prot(param->prot);
	struct vm_area_struct *vma;
	unsigned long addr;

	drv->file->mmap = param->mmap;
	drv->ops = param->ops;
	addr = driver_map(test, 0, RW, param->flags);
	mmap_read_lock(current->mm);
	vma = vma_lookup(current->mm, addr);
	if (vma)
		prot = vma->vm_page_prot;
	mmap_read_unlock(current->mm);
	if (param->noncached)
		expected = pgprot_noncached(expected);
	KUNIT_EXPECT_EQ(test, pgprot_val(prot), pgprot_val(expected));
}

struct protect {
	const char *desc;
	int file;
	unsigned long flags;
	enum map map;
	vm_flags_t clear;
	unsigned long prot;
	int ret;
};

static const struct protect protects[] = {
	{ "write", O_RDWR, MAP_SHARED, MAP_PAGES, 0, RW, 0 },
	{ "write_private", O_RDONLY, MAP_PRIVATE, MAP_PAGES, 0, RW, 0 },
	{ "write_raw", O_RDWR, MAP_SHARED, MAP_RAW, 0, RW, 0 },
	{ "write_of_read_only_file", O_RDONLY, MAP_SHARED, MAP_PAGES, 0, RW, -EACCES },
	{ "write_without_vm_maywrite", O_RDWR, MAP_SHARED, MAP_PAGES, VM_MAYWRITE, RW, -EACCES },
	{ "write_raw_without_vm_maywrite", O_RDWR, MAP_PRIVATE, MAP_RAW, VM_MAYWRITE, RW,
	  -EACCES },
	{ "read_without_vm_mayread", O_RDWR, MAP_SHARED, MAP_PAGES, VM_MAYREAD, PROT_READ,
	  -EACCES },
	{ "exec_of_noexec", O_RDWR, MAP_SHARED, MAP_PAGES, 0, PROT_READ | PROT_EXEC, -EACCES },
	{ "none", O_RDWR, MAP_SHARED, MAP_PAGES, 0, PROT_NONE, 0 },
	{ "none_raw", O_RDWR, MAP_SHARED, MAP_RAW, 0, PROT_NONE, 0 },
};

KUNIT_ARRAY_PARAM_DESC(protect, protects, desc);

/* What the user could not have had from the start, he cannot get later. */
static void mprotect_of_driver(struct kunit *test)
{
	const struct protect *param = test->param_value;
	struct driver *drv = test->priv;
	unsigned long addr;
	bool written;

	drv->file = user_file_open(test, param->file, driver_mmap, drv);
	drv->map = param->map;
	drv->clear = param->clear;
	addr = driver_map(test, 0, PROT_READ, param->flags);
	KUNIT_EXPECT_FALSE(test, user_write(addr, 1234));
	KUNIT_EXPECT_EQ(test, mm_kunit_mprotect(addr, PAGE_SIZE, param->prot), param->ret);
	written = user_write(addr, 1234);
	KUNIT_EXPECT_EQ(test, written, !param->ret && param->prot & PROT_WRITE);
	KUNIT_EXPECT_EQ(test, *(u32 *)page_address(drv->block) == 1234,
			written && param->flags == MAP_SHARED);
	KUNIT_EXPECT_FALSE(test, user_write(addr + PAGE_SIZE, 1234));
	KUNIT_EXPECT_TRUE(test, user_reads(drv, addr + PAGE_SIZE, 1, NR_PAGES - 1));

	if (!param->ret) {
		KUNIT_EXPECT_EQ(test, mm_kunit_mprotect(addr, PAGE_SIZE, PROT_READ), 0);
		KUNIT_EXPECT_FALSE(test, user_write(addr, 4321));
		KUNIT_EXPECT_EQ(test, user_reads(drv, addr, 0, 1),
				!(written && param->flags == MAP_PRIVATE));
	}
	KUNIT_EXPECT_EQ(test, vm_munmap(addr, NR_PAGES * PAGE_SIZE), 0);
	KUNIT_EXPECT_EQ(test, drv->closes, drv->opens + 1);
	expect_unused(test);
}

static int driver_mprotect(struct vm_area_struct *vma, unsigned long start, unsigned long end,
			   unsigned long flags)
{
	struct driver *drv = vma->vm_private_data;

	drv->start = start;
	drv->end = end;
	drv->flags = flags;

	return -EROFS;
}

static const struct vm_operations_struct protect_ops = {
	.fault = driver_fault,
	.mprotect = driver_mprotect,
};

/* The driver has its say, too. */
static void mprotect_driver_refuses(struct kunit *test)
{
	struct driver *drv = test->priv;
	struct usage mapped;
	unsigned long addr;

	drv->ops = &protect_ops;
	addr = driver_map(test, 0, PROT_READ, MAP_SHARED);
	KUNIT_ASSERT_TRUE(test, user_reads(drv, addr, 0, NR_PAGES));
	mapped = get_usage(test);
	KUNIT_EXPECT_EQ(test, mm_kunit_mprotect(addr + PAGE_SIZE, 2 * PAGE_SIZE, RW), -EROFS);
	KUNIT_EXPECT_EQ(test, drv->start, addr + PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, drv->end, addr + 3 * PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, drv->flags & (VM_READ | VM_WRITE | VM_EXEC), VM_READ | VM_WRITE);
	expect_usage(test, &mapped);
	KUNIT_EXPECT_FALSE(test, user_write(addr + PAGE_SIZE, 1234));
	KUNIT_EXPECT_TRUE(test, user_reads(drv, addr, 0, NR_PAGES));
}

/* === Splitting, merging and moving === */

struct merge {
	const char *desc;
	const struct vm_operations_struct *ops;
	vm_flags_t set;
	unsigned long pgoff;	/* of what fills the gap */
	int vmas;		/* in the end */
};

static const struct merge merges[] = {
	{ "same", &mergeable_ops, 0, PGOFF + 1, 1 },
	/* It can get longer, but one that has to be closed cannot just vanish. */
	{ "has_close", &driver_ops, 0, PGOFF + 1, 2 },
	{ "another_offset", &mergeable_ops, 0, PGOFF + 2, 3 },
	/* A driver has its reasons for these, and they may differ next time. */
	{ "vm_io", &mergeable_ops, VM_IO, PGOFF + 1, 3 },
	{ "vm_pfnmap", &mergeable_ops, VM_PFNMAP, PGOFF + 1, 3 },
	{ "vm_mixedmap", &mergeable_ops, VM_MIXEDMAP, PGOFF + 1, 3 },
	{ "vm_dontexpand", &mergeable_ops, VM_DONTEXPAND, PGOFF + 1, 3 },
};

KUNIT_ARRAY_PARAM_DESC(merge, merges, desc);

static void mmap_merge(struct kunit *test)
{
	const struct merge *param = test->param_value;
	struct driver *drv = test->priv;
	struct usage before = get_usage(test);
	unsigned long addr;

	drv->ops = param->ops;
	drv->set = param->set;
	addr = driver_map(test, 0, RW, MAP_SHARED);
	KUNIT_ASSERT_EQ(test, vm_munmap(addr + PAGE_SIZE, PAGE_SIZE), 0);
	KUNIT_EXPECT_EQ(test, current->mm->map_count, before.map_count + 2);
	KUNIT_ASSERT_EQ(test, user_mmap(drv->file, addr + PAGE_SIZE, PAGE_SIZE, RW,
					MAP_SHARED | MAP_FIXED, param->pgoff), addr + PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, current->mm->map_count, before.map_count + param->vmas);
	/* A driver is asked unless it has already agreed. */
	KUNIT_EXPECT_EQ(test, drv->mmaps, param->vmas == 3 ? 2 : 1);
	KUNIT_EXPECT_EQ(test, vm_munmap(addr, NR_PAGES * PAGE_SIZE), 0);
	expect_usage(test, &before);
}

/* Each of the pieces is opened and closed; what is left of them is as it was. */
static void munmap_splits(struct kunit *test)
{
	const struct kind *param = test->param_value;
	struct driver *drv = test->priv;
	struct usage before = get_usage(test);
	unsigned long addr;

	drv->map = param->map;
	addr = driver_map(test, 0, RW, param->flags);
	KUNIT_ASSERT_TRUE(test, user_reads(drv, addr, 0, NR_PAGES));
	KUNIT_EXPECT_EQ(test, vm_munmap(addr + PAGE_SIZE, PAGE_SIZE), 0);
	KUNIT_EXPECT_EQ(test, current->mm->map_count, before.map_count + 2);
	KUNIT_EXPECT_EQ(test, drv->opens - drv->closes, 1);
	KUNIT_EXPECT_TRUE(test, user_hole(addr + PAGE_SIZE, 1));
	KUNIT_EXPECT_TRUE(test, user_reads(drv, addr, 0, 1));
	KUNIT_EXPECT_TRUE(test, user_reads(drv, addr + 2 * PAGE_SIZE, 2, 2));

	KUNIT_EXPECT_EQ(test, vm_munmap(addr, PAGE_SIZE), 0);
	KUNIT_EXPECT_EQ(test, drv->opens, drv->closes);
	KUNIT_EXPECT_EQ(test, vm_munmap(addr + 3 * PAGE_SIZE, PAGE_SIZE), 0);
	KUNIT_EXPECT_EQ(test, drv->opens, drv->closes);
	KUNIT_EXPECT_TRUE(test, user_reads(drv, addr + 2 * PAGE_SIZE, 2, 1));
	KUNIT_EXPECT_EQ(test, vm_munmap(addr, NR_PAGES * PAGE_SIZE), 0);
	KUNIT_EXPECT_EQ(test, drv->closes, drv->opens + 1);
	expect_usage(test, &before);
	expect_unused(test);
}

/* A driver may insist on all or nothing. */
static void munmap_may_split(struct kunit *test)
{
	struct driver *drv = test->priv;
	struct usage before = get_usage(test), mapped;
	unsigned long addr;

	drv->split_ret = -EBUSY;
	addr = driver_map(test, 0, RW, MAP_SHARED);
	KUNIT_ASSERT_TRUE(test, user_reads(drv, addr, 0, NR_PAGES));
	mapped = get_usage(test);
	KUNIT_EXPECT_EQ(test, vm_munmap(addr, PAGE_SIZE), -EBUSY);
	KUNIT_EXPECT_EQ(test, vm_munmap(addr + PAGE_SIZE, PAGE_SIZE), -EBUSY);
	KUNIT_EXPECT_EQ(test, vm_munmap(addr + 3 * PAGE_SIZE, PAGE_SIZE), -EBUSY);
	KUNIT_EXPECT_EQ(test, mm_kunit_mprotect(addr, PAGE_SIZE, PROT_READ), -EBUSY);
	KUNIT_EXPECT_EQ(test, user_mmap(drv->file, addr, PAGE_SIZE, RW, MAP_SHARED | MAP_FIXED,
					PGOFF), -EBUSY);
	expect_usage(test, &mapped);
	KUNIT_EXPECT_EQ(test, drv->opens, 0);
	KUNIT_EXPECT_EQ(test, drv->closes, 0);
	KUNIT_EXPECT_TRUE(test, user_reads(drv, addr, 0, NR_PAGES));
	KUNIT_EXPECT_EQ(test, vm_munmap(addr, NR_PAGES * PAGE_SIZE), 0);
	KUNIT_EXPECT_EQ(test, drv->closes, 1);
	expect_usage(test, &before);
}

struct remap {
	const char *desc;
	enum map map;
	unsigned long flags;
	vm_flags_t set;
	unsigned long old_len;
	unsigned long new_len;
	unsigned long remap_flags;
	long ret;		/* 0 for success */
};

#define ALL	(NR_PAGES * PAGE_SIZE)
#define MORE	(ALL + PAGE_SIZE)

static const struct remap remaps[] = {
	/* There is nothing behind what a driver has mapped. */
	{ "grow_raw", MAP_RAW, MAP_SHARED, 0, ALL, MORE, 0, -EFAULT },
	{ "grow_raw_moving", MAP_RAW, MAP_SHARED, 0, ALL, MORE, MREMAP_MAYMOVE, -EFAULT },
	{ "grow_private_raw", MAP_RAW, MAP_PRIVATE, 0, ALL, MORE, MREMAP_MAYMOVE, -EFAULT },
	{ "grow_vm_pfnmap", MAP_NOTHING, MAP_SHARED, VM_PFNMAP, ALL, MORE, MREMAP_MAYMOVE,
	  -EFAULT },
	{ "grow_vm_dontexpand", MAP_PAGES, MAP_SHARED, VM_DONTEXPAND, ALL, MORE, MREMAP_MAYMOVE,
	  -EFAULT },
	{ "grow_faults", MAP_NOTHING, MAP_SHARED, 0, ALL, MORE, MREMAP_MAYMOVE, 0 },
	/* Nor can it be in two places, or leave one that it will come back to. */
	{ "duplicate_raw", MAP_RAW, MAP_SHARED, 0, 0, PAGE_SIZE, MREMAP_MAYMOVE, -EFAULT },
	{ "duplicate_private", MAP_PAGES, MAP_PRIVATE, 0, 0, PAGE_SIZE, MREMAP_MAYMOVE, -EINVAL },
	{ "dontunmap_raw", MAP_RAW, MAP_SHARED, 0, ALL, ALL, MREMAP_MAYMOVE | MREMAP_DONTUNMAP,
	  -EINVAL },
	{ "dontunmap_vm_dontexpand", MAP_PAGES, MAP_SHARED, VM_DONTEXPAND, ALL, ALL,
	  MREMAP_MAYMOVE | MREMAP_DONTUNMAP, -EINVAL },
	{ "dontunmap_vm_pfnmap", MAP_NOTHING, MAP_SHARED, VM_PFNMAP, ALL, ALL,
	  MREMAP_MAYMOVE | MREMAP_DONTUNMAP, -EINVAL },
	/* Shrinking is unmapping. */
	{ "shrink_raw", MAP_RAW, MAP_SHARED, 0, ALL, 2 * PAGE_SIZE, 0, 0 },
	{ "shrink_private_raw", MAP_RAW, MAP_PRIVATE, 0, ALL, 2 * PAGE_SIZE, 0, 0 },
	{ "shrink_pages", MAP_PAGES, MAP_SHARED, 0, ALL, 2 * PAGE_SIZE, 0, 0 },
	{ "beyond_end", MAP_PAGES, MAP_SHARED, 0, MORE, MORE + PAGE_SIZE, MREMAP_MAYMOVE,
	  -EFAULT },
	{ "no_length", MAP_PAGES, MAP_SHARED, 0, ALL, 0, 0, -EINVAL },
};

KUNIT_ARRAY_PARAM_DESC(remap, remaps, desc);

static void mremap_size(struct kunit *test)
{
	const struct remap *param = test->param_value;
	struct driver *drv = test->priv;
	struct usage before = get_usage(test), mapped;
	unsigned long addr, ret;
	int nr_pages;

	drv->map = param->map;
	drv->set = param->set;
	addr = driver_map(test, 0, RW, param->flags);
	mapped = get_usage(test);
	ret = mm_kunit_mremap(addr, param->old_len, param->new_len, param->remap_flags, 0);
	if (param->ret) {
		KUNIT_EXPECT_EQ(test, (long)ret, param->ret);
		expect_usage(test, &mapped);
		ret = addr;
		nr_pages = NR_PAGES;
	} else {
		KUNIT_ASSERT_FALSE(test, IS_ERR_VALUE(ret));
		nr_pages = param->new_len / PAGE_SIZE;
	}
	if (!(param->set & VM_PFNMAP))
		KUNIT_EXPECT_TRUE(test, user_reads(drv, ret, 0, min(nr_pages, NR_PAGES)));
	if (nr_pages > NR_PAGES)
		KUNIT_EXPECT_FALSE(test, user_reads(drv, ret, 0, NR_PAGES + 1));
	if (nr_pages < NR_PAGES)
		KUNIT_EXPECT_TRUE(test, user_hole(addr + nr_pages * PAGE_SIZE,
						  NR_PAGES - nr_pages));
	KUNIT_EXPECT_EQ(test, vm_munmap(ret, nr_pages * PAGE_SIZE), 0);
	KUNIT_EXPECT_EQ(test, drv->closes, drv->opens + 1);
	expect_usage(test, &before);
	expect_unused(test);
}

/* The pages go with it, copies and all; and the driver is told. */
static void mremap_moves(struct kunit *test)
{
	const struct kind *param = test->param_value;
	bool private = param->flags == MAP_PRIVATE;
	struct driver *drv = test->priv;
	struct usage before = get_usage(test);
	unsigned long addr, new, ret;
	u32 value = 0;

	drv->map = param->map;
	addr = driver_map(test, 0, RW, param->flags);
	KUNIT_ASSERT_TRUE(test, user_write(addr + 2 * PAGE_SIZE, 1234));
	new = anon_map(test, 0, NR_PAGES, 0);
	ret = mm_kunit_mremap(addr, ALL, ALL, MREMAP_MAYMOVE | MREMAP_FIXED, new);
	KUNIT_ASSERT_EQ(test, ret, new);
	KUNIT_EXPECT_EQ(test, drv->mremaps, 1);
	KUNIT_EXPECT_EQ(test, drv->mmaps, 1);
	KUNIT_EXPECT_EQ(test, drv->closes, drv->opens);
	KUNIT_EXPECT_TRUE(test, user_hole(addr, NR_PAGES));
	KUNIT_EXPECT_TRUE(test, user_reads(drv, new, 0, 2));
	KUNIT_EXPECT_TRUE(test, user_reads(drv, new + 3 * PAGE_SIZE, 3, 1));
	KUNIT_EXPECT_EQ(test, get_user(value, (u32 __user *)(new + 2 * PAGE_SIZE)), 0);
	KUNIT_EXPECT_EQ(test, value, 1234);
	KUNIT_EXPECT_EQ(test, anon_pages(), private ? 1 : 0);

	/* A page that was not copied so far can still be. */
	KUNIT_ASSERT_TRUE(test, user_write(new + PAGE_SIZE, 4321));
	KUNIT_EXPECT_EQ(test, *(u32 *)page_address(drv->block + 1) == 4321, !private);
	KUNIT_EXPECT_EQ(test, anon_pages(), private ? 2 : 0);
	KUNIT_EXPECT_EQ(test, vm_munmap(new, ALL), 0);
	KUNIT_EXPECT_EQ(test, drv->closes, drv->opens + 1);
	expect_usage(test, &before);
	expect_unused(test);
}

/* A driver that cannot follow has it back where it was. */
static void mremap_driver_refuses(struct kunit *test)
{
	const struct kind *param = test->param_value;
	struct driver *drv = test->priv;
	struct usage before = get_usage(test);
	unsigned long addr, new;

	drv->map = param->map;
	drv->mremap_ret = -EBUSY;
	addr = driver_map(test, 0, RW, param->flags);
	KUNIT_ASSERT_TRUE(test, user_reads(drv, addr, 0, NR_PAGES));
	drv->faults = 0;
	new = anon_map(test, 0, NR_PAGES, 0);
	KUNIT_EXPECT_EQ(test, (long)mm_kunit_mremap(addr, ALL, ALL, MREMAP_MAYMOVE | MREMAP_FIXED,
						    new), -EBUSY);
	KUNIT_EXPECT_EQ(test, drv->mremaps, 1);
	KUNIT_EXPECT_TRUE(test, user_reads(drv, addr, 0, NR_PAGES));
	KUNIT_EXPECT_EQ(test, drv->faults, 0);
	KUNIT_EXPECT_TRUE(test, user_hole(new, NR_PAGES));
	KUNIT_EXPECT_EQ(test, vm_munmap(addr, ALL), 0);
	KUNIT_EXPECT_EQ(test, drv->closes, drv->opens + 1);
	expect_usage(test, &before);
	expect_unused(test);
}

struct recharge {
	const char *desc;
	unsigned long flags;	/* of the mapping of NR_PAGES pages */
	unsigned long first;	/* its first page to be remapped, */
	unsigned long old;	/* how many they are, */
	unsigned long new;	/* and are to be */
	unsigned long remap_flags;
	bool blocked;		/* there is something behind it */
	long charge;		/* what that adds to Committed_AS, */
	long failed;		/* and if ->mremap fails */
};

#define TO	(MREMAP_MAYMOVE | MREMAP_FIXED)

static const struct recharge recharges[] = {
	{ "grow", MAP_PRIVATE, 0, 4, 7, 0, false, 3, 3 },
	{ "grow_moving", MAP_PRIVATE, 0, 4, 7, MREMAP_MAYMOVE, true, 3, 0 },
	{ "grow_to", MAP_PRIVATE, 0, 4, 7, TO, false, 3, 0 },
	{ "grow_start", MAP_PRIVATE, 0, 2, 7, MREMAP_MAYMOVE, false, 5, 0 },
	{ "grow_middle", MAP_PRIVATE, 1, 2, 3, TO, false, 1, 0 },
	{ "grow_end", MAP_PRIVATE, 3, 1, 7, MREMAP_MAYMOVE, true, 6, 0 },
	{ "move", MAP_PRIVATE, 0, 4, 4, TO, false, 0, 0 },
	{ "move_middle", MAP_PRIVATE, 1, 2, 2, TO, false, 0, 0 },
	/* Shrinking is unmapping, and done before it moves. */
	{ "shrink", MAP_PRIVATE, 0, 4, 1, 0, false, -3, -3 },
	{ "shrink_to", MAP_PRIVATE, 0, 4, 1, TO, false, -3, -3 },
	{ "shrink_middle_to", MAP_PRIVATE, 1, 2, 1, TO, false, -1, -1 },
	/* Nothing is copied to what stays behind; but it could be written to. */
	{ "dontunmap", MAP_PRIVATE, 0, 4, 4, MREMAP_MAYMOVE | MREMAP_DONTUNMAP, false, 4, 0 },
	{ "dontunmap_middle", MAP_PRIVATE, 1, 2, 2, TO | MREMAP_DONTUNMAP, false, 2, 0 },
	/* What is not charged does not become so. */
	{ "grow_noreserve", MAP_PRIVATE | MAP_NORESERVE, 0, 4, 7, TO, false, 0, 0 },
	{ "shrink_noreserve", MAP_PRIVATE | MAP_NORESERVE, 0, 4, 1, TO, false, 0, 0 },
	{ "grow_shared", MAP_SHARED, 0, 4, 7, MREMAP_MAYMOVE, true, 0, 0 },
	{ "move_shared", MAP_SHARED, 0, 4, 4, TO, false, 0, 0 },
};

KUNIT_ARRAY_PARAM_DESC(recharge, recharges, desc);

/* One remapping of all that there is in @room; see mremap_charges_growth(). */
static long recharge(struct kunit *test, const struct recharge *param, unsigned long room,
		     long *during, long *after)
{
	unsigned long addr = room, to = room + 16 * PAGE_SIZE;
	long before, mapped, ret;

	if (param->blocked)
		anon_map(test, addr + ALL, 1, MAP_FIXED);
	before = vm_memory_committed();
	driver_map(test, addr, RW, param->flags | MAP_FIXED);
	KUNIT_ASSERT_TRUE(test, user_write(addr + PAGE_SIZE, 1234));
	mapped = vm_memory_committed();
	/* Without MREMAP_FIXED or MREMAP_DONTUNMAP, an address is not looked at. */
	if (!(param->remap_flags & (MREMAP_FIXED | MREMAP_DONTUNMAP)))
		to = 1;
	ret = mm_kunit_mremap(addr + param->first * PAGE_SIZE, param->old * PAGE_SIZE,
			      param->new * PAGE_SIZE, param->remap_flags, to);
	*during = vm_memory_committed() - mapped;
	if (!IS_ERR_VALUE(ret))
		KUNIT_ASSERT_EQ(test, vm_munmap(ret, param->new * PAGE_SIZE), 0);
	KUNIT_ASSERT_EQ(test, vm_munmap(addr, ALL), 0);
	*after = vm_memory_committed() - before;
	KUNIT_ASSERT_EQ(test, vm_munmap(room, 32 * PAGE_SIZE), 0);

	return ret;
}

/*
 * mremap() charges what the mapping has grown by, because what has moved is
 * charged already; and nothing if the driver refuses, because then the mapping
 * has not grown.
 */
static void mremap_charges_growth(struct kunit *test)
{
	const struct recharge *param = test->param_value;
	struct driver *drv = test->priv;
	struct usage before = get_usage(test);
	/* The driver is asked if it has to move, or not at all. */
	const bool moves = param->blocked || param->first + param->old < NR_PAGES ||
			   param->remap_flags & (MREMAP_FIXED | MREMAP_DONTUNMAP);
	static const int errors[] = { 0, -EBUSY };
	unsigned long room, ballast;
	int i, try;

	/* vm_memory_committed() has no way to tell less than nothing. */
	ballast = anon_map(test, 0, SZ_1M / PAGE_SIZE, 0);
	room = user_room(test, 32);
	for (i = 0; i < ARRAY_SIZE(errors); i++) {
		const int err = errors[i];
		const long charge = err ? param->failed : param->charge;
		long ret, during, after;

		drv->mremap_ret = err;
		for (try = 0; try < TRIES; try++) {
			drv->mremaps = 0;
			ret = recharge(test, param, room, &during, &after);
			if (during == charge && !after)
				break;
		}
		KUNIT_EXPECT_EQ_MSG(test, drv->mremaps, moves,
				    "->mremap = %d", err);
		if (err && drv->mremaps)
			KUNIT_EXPECT_EQ_MSG(test, ret, err, "->mremap = %d", err);
		else
			KUNIT_EXPECT_FALSE_MSG(test, IS_ERR_VALUE(ret), "->mremap = %d: %ld", err,
					       ret);
		KUNIT_EXPECT_EQ_MSG(test, during, charge, "Committed_AS, ->mremap = %d", err);
		KUNIT_EXPECT_EQ_MSG(test, after, 0, "Committed_AS in the end, ->mremap = %d", err);
	}
	KUNIT_EXPECT_EQ(test, vm_munmap(ballast, SZ_1M), 0);
	KUNIT_EXPECT_EQ(test, drv->closes, drv->opens + drv->mmaps);
	expect_usage(test, &before);
	expect_unused(test);
}

enum fork { NO_FORK, FORK_FIRST, FORK_LAST };

struct beside {
	const char *desc;
	bool upper;		/* which of them is moved, */
	enum fork fork;		/* and when the process forks */
};

static const struct beside besides[] = {
	{ "lower", false, NO_FORK },
	{ "upper", true, NO_FORK },
	{ "lower_after_fork", false, FORK_FIRST },
	{ "upper_after_fork", true, FORK_FIRST },
	{ "lower_before_fork", false, FORK_LAST },
	{ "upper_before_fork", true, FORK_LAST },
};

KUNIT_ARRAY_PARAM_DESC(beside, besides, desc);

/* What the process has written to its copy of page @i. */
#define COPY(i)	(0xc09e0000 + (i))

/*
 * Which of @nr_pages pages at @addr, from page @first of the driver on, are not
 * what they should: copies, where @copies says so, that differ in the first
 * word, else the driver's; and which of the driver's have been written to.
 */
static unsigned int beside_wrong(struct driver *drv, unsigned long addr, int first, int nr_pages,
				 unsigned int copies)
{
	const u32 *buf = drv->buf, *page;
	unsigned int wrong = 0;
	int i;

	for (i = first; i < first + nr_pages; i++, addr += PAGE_SIZE) {
		page = page_address(drv->block + i);
		if (copy_from_user(drv->buf, (void __user *)addr, PAGE_SIZE) ||
		    buf[0] != (copies & BIT(i) ? COPY(i) : 0x5eed0000 + i) ||
		    page[0] != 0x5eed0000 + i ||
		    memcmp(buf + 1, page + 1, PAGE_SIZE - sizeof(*page)))
			wrong |= BIT(i);
	}

	return wrong;
}

/*
 * Which of these pages are copies that cannot be found from their struct page,
 * or are found elsewhere, so that they could neither be reclaimed nor migrated.
 */
static unsigned int beside_lost(unsigned long addr, int first, int nr_pages, unsigned int copies)
{
	unsigned int lost = 0;
	int i;

	for (i = first; i < first + nr_pages; i++, addr += PAGE_SIZE) {
		struct vm_area_struct *vma;
		struct page *page;

		if (!(copies & BIT(i)))
			continue;
		page = user_page(addr, 0);
		mmap_read_lock(current->mm);
		vma = vma_lookup(current->mm, addr);
		if (!page || !vma || !PageAnon(page) ||
		    page_address_in_vma(page_folio(page), page, vma) != addr)
			lost |= BIT(i);
		mmap_read_unlock(current->mm);
	}

	return lost;
}

/* The process writes to its copies of those pages. */
static bool beside_write(unsigned long addr, int first, int nr_pages, unsigned int copies)
{
	int i;

	for (i = first; i < first + nr_pages; i++, addr += PAGE_SIZE)
		if (copies & BIT(i) && !user_write(addr, COPY(i)))
			return false;

	return true;
}

/*
 * Private mappings of the pages 0 and 1, and of 2 and 3, one of which is moved
 * beside the other:
 *
 *	page  0  1  2  3  4  5  6  7  8  9
 *	     |p0 p1|                |p2 p3|
 *
 *	lower               |p0 p1 . p2 p3|
 *	upper|p0 p1 . p2 p3|
 *
 * Each page still is what it was, the driver's or a copy, and a copy is found
 * from its struct page, because one VMA or two are the same to the process;
 * whether they merge is up to the kernel. The same goes for a child that was
 * forked before or after it, and for what is left when part of it is unmapped.
 */
static void mremap_beside_private(struct kunit *test)
{
	const struct beside *param = test->param_value;
	struct driver *drv = test->priv;
	struct usage before = get_usage(test);
	unsigned long room = user_room(test, 10), high = room + 8 * PAGE_SIZE;
	unsigned long addr = param->upper ? room : high - 2 * PAGE_SIZE;
	unsigned int copies;

	drv->ops = &mergeable_ops;
	for (copies = 0; copies < BIT(NR_PAGES); copies++) {
		unsigned long from = param->upper ? high : room;
		unsigned long to = param->upper ? addr + 2 * PAGE_SIZE : addr;
		struct mm_struct *child = NULL, *parent;
		unsigned int child_wrong, wrong;
		unsigned long ret;
		bool written;

		ret = user_mmap(drv->file, room, 2 * PAGE_SIZE, RW, MAP_PRIVATE | MAP_FIXED, PGOFF);
		KUNIT_ASSERT_EQ_MSG(test, ret, room, "copies %#x", copies);
		ret = user_mmap(drv->file, high, 2 * PAGE_SIZE, RW, MAP_PRIVATE | MAP_FIXED,
				PGOFF + 2);
		KUNIT_ASSERT_EQ_MSG(test, ret, high, "copies %#x", copies);
		KUNIT_ASSERT_TRUE_MSG(test, beside_write(room, 0, 2, copies), "copies %#x", copies);
		KUNIT_ASSERT_TRUE_MSG(test, beside_write(high, 2, 2, copies), "copies %#x", copies);
		if (param->fork == FORK_FIRST)
			child = user_fork(test);
		ret = mm_kunit_mremap(from, 2 * PAGE_SIZE, 2 * PAGE_SIZE, TO, to);
		KUNIT_ASSERT_EQ_MSG(test, ret, to, "copies %#x", copies);
		if (param->fork == FORK_LAST)
			child = user_fork(test);

		KUNIT_EXPECT_GE_MSG(test, current->mm->map_count, before.map_count + 1,
				    "copies %#x", copies);
		KUNIT_EXPECT_LE_MSG(test, current->mm->map_count, before.map_count + 2,
				    "copies %#x", copies);
		KUNIT_EXPECT_TRUE_MSG(test, user_hole(from, 2), "copies %#x", copies);
		KUNIT_EXPECT_EQ_MSG(test, anon_pages(), hweight32(copies), "copies %#x", copies);
		wrong = beside_wrong(drv, addr, 0, NR_PAGES, copies);
		KUNIT_EXPECT_EQ_MSG(test, wrong, 0, "contents of pages %#x, copies %#x", wrong,
				    copies);
		wrong = beside_lost(addr, 0, NR_PAGES, copies);
		KUNIT_EXPECT_EQ_MSG(test, wrong, 0, "pages %#x not found, copies %#x", wrong,
				    copies);

		/* All become copies now, of which the child sees none. */
		written = beside_write(addr, 0, NR_PAGES, ~0);
		KUNIT_EXPECT_TRUE_MSG(test, written, "copies %#x", copies);
		wrong = beside_wrong(drv, addr, 0, NR_PAGES, ~0);
		KUNIT_EXPECT_EQ_MSG(test, wrong, 0, "copies of pages %#x, copies %#x", wrong,
				    copies);
		wrong = beside_lost(addr, 0, NR_PAGES, ~0);
		KUNIT_EXPECT_EQ_MSG(test, wrong, 0, "copies of pages %#x not found, copies %#x",
				    wrong, copies);
		if (child) {
			const bool moved = param->fork == FORK_LAST;

			parent = user_fork_enter(child);
			child_wrong = beside_wrong(drv, moved ? addr : room, 0, 2, copies) |
				      beside_wrong(drv, moved ? addr + 2 * PAGE_SIZE : high, 2, 2,
						   copies);
			user_fork_leave(parent);
			user_fork_exit(test, child);
			KUNIT_EXPECT_EQ_MSG(test, child_wrong, 0,
					    "contents of pages %#x in the child, copies %#x",
					    child_wrong, copies);
		}

		/* Across the border, and then what is left on either side of it. */
		KUNIT_EXPECT_EQ_MSG(test, vm_munmap(addr + PAGE_SIZE, 2 * PAGE_SIZE), 0,
				    "copies %#x", copies);
		KUNIT_EXPECT_TRUE_MSG(test, user_hole(addr + PAGE_SIZE, 2), "copies %#x", copies);
		wrong = beside_wrong(drv, addr, 0, 1, ~0) |
			beside_wrong(drv, addr + 3 * PAGE_SIZE, 3, 1, ~0) |
			beside_lost(addr, 0, 1, ~0) | beside_lost(addr + 3 * PAGE_SIZE, 3, 1, ~0);
		KUNIT_EXPECT_EQ_MSG(test, wrong, 0, "pages %#x left of 0x9, copies %#x", wrong,
				    copies);
		KUNIT_EXPECT_EQ_MSG(test, vm_munmap(addr, PAGE_SIZE), 0, "copies %#x", copies);
		wrong = beside_wrong(drv, addr + 3 * PAGE_SIZE, 3, 1, ~0);
		KUNIT_EXPECT_EQ_MSG(test, wrong, 0, "page %#x left, copies %#x", wrong, copies);
		KUNIT_EXPECT_EQ_MSG(test, vm_munmap(addr + 3 * PAGE_SIZE, PAGE_SIZE), 0,
				    "copies %#x", copies);
		KUNIT_EXPECT_EQ_MSG(test, anon_pages(), 0, "copies %#x", copies);
	}
	expect_usage(test, &before);
	expect_unused(test);
}

/* === fork() === */

/*
 * What a driver has mapped cannot be faulted in again, so the child has to get
 * it; and from then on, parent and child write to copies of their own.
 */
static void fork_copies(struct kunit *test)
{
	const struct kind *param = test->param_value;
	bool private = param->flags == MAP_PRIVATE, read, written;
	int refs = param->map == MAP_PAGES ? 3 : 1;
	struct driver *drv = test->priv;
	struct usage before = get_usage(test);
	struct mm_struct *child, *parent;
	unsigned long addr;
	u32 value = 0;

	drv->map = param->map;
	addr = driver_map(test, 0, RW, param->flags);
	KUNIT_ASSERT_TRUE(test, user_write(addr + 2 * PAGE_SIZE, 1234));
	drv->faults = 0;
	child = user_fork(test);
	KUNIT_EXPECT_EQ(test, drv->mmaps, 1);
	KUNIT_EXPECT_EQ(test, drv->opens, 1);
	KUNIT_EXPECT_EQ(test, drv->closes, 0);
	KUNIT_EXPECT_EQ(test, file_count(drv->file->filp), before.file_refs + 2);
	KUNIT_EXPECT_EQ(test, atomic_read(&drv->file->filp->f_mapping->i_mmap_writable),
			private ? 0 : 2);
	KUNIT_EXPECT_EQ(test, child->total_vm, current->mm->total_vm);
	if (param->map != MAP_NOTHING) {
		KUNIT_EXPECT_EQ(test, page_ref_count(drv->block), refs);
		KUNIT_EXPECT_EQ(test, folio_mapcount(page_folio(drv->block)), refs - 1);
		KUNIT_EXPECT_EQ(test, get_mm_rss_sum(child), get_mm_rss_sum(current->mm));
	} else {
		KUNIT_EXPECT_EQ(test, get_mm_rss_sum(child), 0);
	}

	parent = user_fork_enter(child);
	read = user_reads(drv, addr, 0, 2);
	get_user(value, (u32 __user *)(addr + 2 * PAGE_SIZE));
	written = user_write(addr + PAGE_SIZE, 4321) && user_write(addr + 2 * PAGE_SIZE, 4321);
	user_fork_leave(parent);
	KUNIT_EXPECT_TRUE(test, read);
	KUNIT_EXPECT_EQ(test, value, 1234);
	KUNIT_EXPECT_TRUE(test, written);
	KUNIT_EXPECT_EQ(test, get_user(value, (u32 __user *)(addr + PAGE_SIZE)), 0);
	KUNIT_EXPECT_EQ(test, value, private ? 0x5eed0001 : 4321);
	KUNIT_EXPECT_EQ(test, get_user(value, (u32 __user *)(addr + 2 * PAGE_SIZE)), 0);
	KUNIT_EXPECT_EQ(test, value, private ? 1234 : 4321);
	KUNIT_EXPECT_EQ(test, *(u32 *)page_address(drv->block + 1) == 4321, !private);

	/* Either of them may go first. */
	KUNIT_EXPECT_EQ(test, vm_munmap(addr, ALL), 0);
	KUNIT_EXPECT_EQ(test, drv->closes, 1);
	parent = user_fork_enter(child);
	read = user_reads(drv, addr, 0, 1) && user_reads(drv, addr + 3 * PAGE_SIZE, 3, 1);
	user_fork_leave(parent);
	KUNIT_EXPECT_TRUE(test, read);
	user_fork_exit(test, child);
	KUNIT_EXPECT_EQ(test, drv->closes, 2);
	expect_usage(test, &before);
	expect_unused(test);
}

struct dontcopy {
	const char *desc;
	enum map map;
	vm_flags_t set;
	bool copied;
};

static const struct dontcopy dontcopies[] = {
	{ "pages", MAP_PAGES, VM_DONTCOPY, false },
	{ "raw", MAP_RAW, VM_DONTCOPY, false },
	{ "vm_wipeonfork", MAP_NOTHING, VM_WIPEONFORK, true },
	{ "copied", MAP_PAGES, 0, true },
};

KUNIT_ARRAY_PARAM_DESC(dontcopy, dontcopies, desc);

/* Drivers, as well as users, may keep a mapping to one process. */
static void fork_dontcopy(struct kunit *test)
{
	const struct dontcopy *param = test->param_value;
	struct driver *drv = test->priv;
	struct usage before = get_usage(test);
	struct mm_struct *child, *parent;
	unsigned long addr, behind;
	bool hole, read;
	u32 value = 0;

	drv->map = param->map;
	drv->set = param->set;
	addr = driver_map(test, 0, RW, MAP_SHARED);
	KUNIT_ASSERT_TRUE(test, user_reads(drv, addr, 0, NR_PAGES));
	behind = anon_map(test, 0, 1, 0);
	KUNIT_ASSERT_TRUE(test, user_write(behind, 1234));
	child = user_fork(test);
	KUNIT_EXPECT_EQ(test, drv->opens, param->copied ? 1 : 0);
	KUNIT_EXPECT_EQ(test, child->map_count, param->copied ? 2 : 1);
	KUNIT_EXPECT_EQ(test, child->total_vm, param->copied ? NR_PAGES + 1 : 1);
	KUNIT_EXPECT_EQ(test, current->mm->total_vm, NR_PAGES + 1);

	parent = user_fork_enter(child);
	hole = user_hole(addr, NR_PAGES);
	read = !get_user(value, (u32 __user *)behind);
	user_fork_leave(parent);
	KUNIT_EXPECT_EQ(test, hole, !param->copied);
	KUNIT_EXPECT_TRUE(test, read);
	KUNIT_EXPECT_EQ(test, value, 1234);
	user_fork_exit(test, child);
	KUNIT_EXPECT_EQ(test, drv->closes, drv->opens);
	KUNIT_EXPECT_TRUE(test, user_reads(drv, addr, 0, NR_PAGES));
	KUNIT_EXPECT_EQ(test, vm_munmap(addr, ALL), 0);
	KUNIT_EXPECT_EQ(test, vm_munmap(behind, PAGE_SIZE), 0);
	expect_usage(test, &before);
	expect_unused(test);
}

/* A child that was not to be leaves no traces in the parent. */
static void fork_no_memory(struct kunit *test)
{
	const struct kind *param = test->param_value;
	struct driver *drv = test->priv;
	struct usage before = get_usage(test), mapped;
	unsigned int nth, errors = 0;
	unsigned long addr;
	bool failed;

	fail_alloc_setup(test, FAIL_ONE);
	drv->map = param->map;
	addr = driver_map(test, 0, RW, param->flags);
	KUNIT_ASSERT_TRUE(test, user_write(addr + 2 * PAGE_SIZE, 0x5eed0002));
	KUNIT_ASSERT_TRUE(test, user_reads(drv, addr, 0, NR_PAGES));
	mapped = get_usage(test);
	for (nth = 1; nth < 100; nth++) {
		struct mm_struct *child = mm_alloc();
		int ret;

		KUNIT_ASSERT_NOT_NULL(test, child);
		fail_from(nth);
		ret = dup_mmap(child, current->mm);
		failed = fail_stop();
		mmput(child);
		if (ret) {
			KUNIT_EXPECT_EQ(test, ret, -ENOMEM);
			errors++;
		}
		KUNIT_EXPECT_EQ(test, drv->closes, drv->opens);
		KUNIT_EXPECT_TRUE(test, user_reads(drv, addr, 0, NR_PAGES));
		expect_usage(test, &mapped);
		if (!failed)
			break;
	}
	KUNIT_EXPECT_FALSE(test, failed);
	KUNIT_EXPECT_GT(test, errors, 0);
	KUNIT_EXPECT_EQ(test, vm_munmap(addr, ALL), 0);
	expect_usage(test, &before);
	expect_unused(test);
}

/* === ->mmap_prepare === */

struct prepare {
	struct driver *drv;
	struct file *other;
	int ret;
	unsigned int calls;
};

static int prepare_mmap_prepare(struct vm_area_desc *desc)
{
	struct user_file *uf = desc->file->private_data;
	struct prepare *prepare = uf->data;

	prepare->calls++;
	if (prepare->other && !prepare->ret)
		desc->vm_file = get_file(prepare->other);
	desc->vm_ops = &driver_ops;
	desc->private_data = prepare->drv;

	return prepare->ret;
}

static const struct file_operations prepare_fops = {
	.owner = THIS_MODULE,
	.mmap_prepare = prepare_mmap_prepare,
};

/* It fails as ->mmap does, and before there is a VMA. */
static void mmap_prepare_error(struct kunit *test)
{
	struct driver *drv = test->priv, victim = *drv;
	struct prepare prepare = { .drv = drv, .ret = -EBUSY };
	struct user_file *victim_file = drv->file;
	struct usage before;
	unsigned long addr;

	drv->file = user_file_open_fops(test, O_RDWR, &prepare_fops, &prepare);
	before = get_usage(test);
	KUNIT_EXPECT_EQ(test, user_mmap(drv->file, 0, ALL, RW, MAP_SHARED, PGOFF), -EBUSY);
	expect_usage(test, &before);

	victim_file->data = &victim;
	addr = user_mmap(victim_file, 0, ALL, RW, MAP_SHARED, PGOFF);
	KUNIT_ASSERT_FALSE(test, IS_ERR_VALUE(addr));
	KUNIT_EXPECT_EQ(test, user_mmap(drv->file, addr, ALL, RW, MAP_SHARED | MAP_FIXED, PGOFF),
			-EBUSY);
	KUNIT_EXPECT_EQ(test, prepare.calls, 2);
	KUNIT_EXPECT_TRUE(test, user_hole(addr, NR_PAGES));
	KUNIT_EXPECT_EQ(test, victim.closes, 1);
	KUNIT_EXPECT_EQ(test, drv->closes, 0);
	expect_usage(test, &before);
}

/*
 * What mmap() does not map is not charged, and what it has unmapped no longer
 * is, because nobody is left who could give the charge back: Committed_AS would
 * grow with each failure, until overcommit_memory=2 refuses memory that is free.
 */
static void mmap_fixed_fails_uncharged(struct kunit *test)
{
	const struct victim *victim = test->param_value;
	const char *pages = victim->pages;
	const long stay = charged_pages(pages, 0, 1) +
			  charged_pages(pages, 1 + NEW_PAGES, NEW_PAGES + 2);
	struct driver *drv = test->priv;
	struct prepare prepare = { .drv = drv };
	struct user_file *files[] = {
		drv->file,
		user_file_open_fops(test, O_RDWR, &prepare_fops, &prepare),
	};
	static const char * const hooks[] = { "->mmap", "->mmap_prepare" };
	static const int errors[] = { 0, -EBUSY };
	int hook, i, j, try;
	unsigned long addr;

	drv->ops = &mergeable_ops;
	/* vm_memory_committed() has no way to tell less than nothing. */
	anon_map(test, 0, SZ_1M / PAGE_SIZE, 0);
	addr = user_room(test, NEW_PAGES + 2);
	for (hook = 0; hook < ARRAY_SIZE(hooks); hook++) {
		for (i = 0; i < ARRAY_SIZE(mappings_over); i++) {
			const struct mapping_over *over = &mappings_over[i];

			for (j = 0; j < ARRAY_SIZE(errors); j++) {
				const int err = errors[j];
				const long charge = !err && over->charged ? NEW_PAGES : 0;
				struct commit commit;
				long ret;

				drv->ret = err;
				prepare.ret = err;
				for (try = 0; try < TRIES; try++) {
					ret = map_over(test, addr, victim, files[hook], over,
						       &commit);
					if (commit.over == stay + charge && !commit.nothing)
						break;
				}
				KUNIT_EXPECT_EQ_MSG(test, ret, err ?: addr + PAGE_SIZE,
						    "%s, %s", hooks[hook], over->desc);
				KUNIT_EXPECT_EQ_MSG(test, commit.victims,
						    charged_pages(pages, 0, NEW_PAGES + 2),
						    "victims, %s, %s", hooks[hook], over->desc);
				KUNIT_EXPECT_EQ_MSG(test, commit.over, stay + charge,
						    "Committed_AS after %s = %d, %s", hooks[hook],
						    err, over->desc);
				KUNIT_EXPECT_EQ_MSG(test, commit.nothing, 0,
						    "Committed_AS in the end, %s = %d, %s",
						    hooks[hook], err, over->desc);
			}
		}
	}
}

/* The reference that it took to another file is the mapping's. */
static void mmap_prepare_sets_file(struct kunit *test)
{
	struct driver *drv = test->priv;
	struct prepare prepare = { .drv = drv };
	struct usage before, during;
	unsigned long addr;

	drv->other = user_file_open_fops(test, O_RDWR, &prepare_fops, &prepare)->filp;
	prepare.other = drv->other;
	drv->file = user_file_open_fops(test, O_RDWR, &prepare_fops, &prepare);
	before = get_usage(test);
	addr = driver_map(test, 0, RW, MAP_SHARED);
	during = get_usage(test);
	KUNIT_EXPECT_EQ(test, during.file_refs, before.file_refs);
	KUNIT_EXPECT_EQ(test, during.other_refs, before.other_refs + 1);
	KUNIT_EXPECT_TRUE(test, user_reads(drv, addr, 0, NR_PAGES));
	KUNIT_EXPECT_EQ(test, vm_munmap(addr, ALL), 0);
	KUNIT_EXPECT_EQ(test, drv->closes, 1);
	expect_usage(test, &before);
}

/* Also if there is none. */
static void mmap_prepare_sets_file_no_memory(struct kunit *test)
{
	struct driver *drv = test->priv;
	struct prepare prepare = { .drv = drv };
	unsigned int nth, errors = 0;
	struct usage before;
	bool failed = true;

	fail_alloc_setup(test, FAIL_ONE);
	drv->other = user_file_open_fops(test, O_RDWR, &prepare_fops, &prepare)->filp;
	prepare.other = drv->other;
	drv->file = user_file_open_fops(test, O_RDWR, &prepare_fops, &prepare);
	before = get_usage(test);
	for (nth = 1; failed && nth < 100; nth++) {
		long addr;

		fail_from(nth);
		addr = user_mmap(drv->file, 0, ALL, RW, MAP_SHARED, PGOFF);
		failed = fail_stop();
		if (IS_ERR_VALUE(addr)) {
			KUNIT_EXPECT_EQ(test, addr, -ENOMEM);
			errors++;
		} else {
			KUNIT_EXPECT_EQ(test, vm_munmap(addr, ALL), 0);
		}
		expect_usage(test, &before);
	}
	KUNIT_EXPECT_FALSE(test, failed);
	KUNIT_EXPECT_GT(test, errors, 0);
}

static int mmap_test_init(struct kunit *test)
{
	struct driver *drv = kunit_kzalloc(test, sizeof(*drv), GFP_KERNEL);
	const unsigned int order = ilog2(NR_PAGES);
	int i;

	mm_kunit_init(test);
	KUNIT_ASSERT_NOT_NULL(test, drv);
	drv->buf = kunit_kmalloc(test, PAGE_SIZE, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, drv->buf);
	drv->block = alloc_pages(GFP_KERNEL, order);
	KUNIT_ASSERT_NOT_NULL(test, drv->block);
	split_page(drv->block, order);
	for (i = 0; i < NR_PAGES; i++) {
		KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, mmap_put_page,
								drv->block + i), 0);
		fill_page(page_address(drv->block + i), i);
	}
	drv->ops = &driver_ops;
	drv->file = user_file_open(test, O_RDWR, driver_mmap, drv);
	test->priv = drv;

	return 0;
}

static struct kunit_case mmap_cases[] = {
	KUNIT_CASE(mmap_calls_driver),
	KUNIT_CASE_PARAM(mmap_vma_flags, flags_gen_params),
	KUNIT_CASE_PARAM(mmap_refused, refused_gen_params),
	KUNIT_CASE(mmap_without_hook),
	KUNIT_CASE(mmap_last_offset),
	KUNIT_CASE(mmap_last_offset_of_regular_file),
	KUNIT_CASE(mmap_of_protected_inode),
	KUNIT_CASE(mmap_denied_writable),
	KUNIT_CASE(mmap_too_many),
	KUNIT_CASE(kunit_vm_mmap_fails),
	KUNIT_CASE_PARAM(mmap_locked, locked_gen_params),
	KUNIT_CASE(mmap_locked_limit),
	KUNIT_CASE(mmap_populate),
	KUNIT_CASE_PARAM(mmap_driver_fails, failure_gen_params),
	KUNIT_CASE_PARAM(mmap_fixed_leaves_mapping, intact_gen_params),
	KUNIT_CASE(mmap_fixed_at_limit),
	KUNIT_CASE(mmap_fixed_charged_once),
	KUNIT_CASE_PARAM(mmap_no_memory, kind_gen_params),
	KUNIT_CASE(mmap_sets_file),
	KUNIT_CASE_PARAM(mmap_page_prot, page_prot_gen_params),
	KUNIT_CASE_PARAM(mprotect_of_driver, protect_gen_params),
	KUNIT_CASE(mprotect_driver_refuses),
	KUNIT_CASE_PARAM(mmap_merge, merge_gen_params),
	KUNIT_CASE_PARAM(munmap_splits, kind_gen_params),
	KUNIT_CASE(munmap_may_split),
	KUNIT_CASE_PARAM(mremap_size, remap_gen_params),
	KUNIT_CASE_PARAM(mremap_moves, kind_gen_params),
	KUNIT_CASE_PARAM(mremap_driver_refuses, kind_gen_params),
	KUNIT_CASE_PARAM(mremap_charges_growth, recharge_gen_params),
	KUNIT_CASE_PARAM(mremap_beside_private, beside_gen_params),
	KUNIT_CASE_PARAM(fork_copies, kind_gen_params),
	KUNIT_CASE_PARAM(fork_dontcopy, dontcopy_gen_params),
	KUNIT_CASE_PARAM(fork_no_memory, kind_gen_params),
	KUNIT_CASE(mmap_prepare_error),
	KUNIT_CASE_PARAM(mmap_fixed_fails_uncharged, victim_gen_params),
	KUNIT_CASE(mmap_prepare_sets_file),
	KUNIT_CASE(mmap_prepare_sets_file_no_memory),
	{}
};

static struct kunit_suite mmap_suite = {
	.name = "mmap",
	.init = mmap_test_init,
	.test_cases = mmap_cases,
};

kunit_test_suite(mmap_suite);

MODULE_DESCRIPTION("KUnit tests for mmap() of drivers");
MODULE_LICENSE("GPL");
