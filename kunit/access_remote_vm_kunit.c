// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests for access_process_vm() and for what it and others need to get
 * at the memory of a process that has no pages, or that is not there yet:
 * generic_access_phys(), follow_pfnmap_start() and fixup_user_fault().
 *
 * What a debugger may do this way is what the process may do, and somewhat
 * more; but never more than the mapping covers.
 */
#include <kunit/test.h>
#include <linux/highmem.h>
#include <linux/io.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/module.h>
#include <linux/pagemap.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/sizes.h>
#include <linux/string.h>

#include "user_driver.h"
#include "user_vma.h"

/* === fixup_user_fault() === */

static int fixup(unsigned long addr, unsigned int flags, bool *unlocked)
{
	struct mm_struct *mm = current->mm;
	int ret;

	mmap_read_lock(mm);
	ret = fixup_user_fault(mm, addr, flags, unlocked);
	mmap_read_unlock(mm);

	return ret;
}

static void fixup_user_fault_faults_in(struct kunit *test)
{
	struct driver *drv = test->priv;
	bool unlocked = false;
	unsigned long addr;

	drv->ops = &fault_ops;
	addr = driver_map_all(test, RW, MAP_SHARED);
	KUNIT_EXPECT_EQ(test, fixup(addr, FAULT_FLAG_WRITE, &unlocked), 0);
	KUNIT_EXPECT_FALSE(test, unlocked);
	KUNIT_EXPECT_EQ(test, drv->faults, 1);
	KUNIT_EXPECT_TRUE(test, drv->fault_flags & FAULT_FLAG_WRITE);
	KUNIT_EXPECT_PTR_EQ(test, user_page(addr, FOLL_WRITE), drv->pages[0]);

	KUNIT_EXPECT_EQ(test, fixup(addr + PAGE_SIZE, 0, NULL), 0);
	KUNIT_EXPECT_FALSE(test, drv->fault_flags & (FAULT_FLAG_WRITE | FAULT_FLAG_ALLOW_RETRY));
	KUNIT_EXPECT_PTR_EQ(test, user_page(addr + PAGE_SIZE, 0), drv->pages[1]);

	/* The lock is held again, but who looked something up before is told. */
	drv->retry_at = 2;
	drv->faults = 0;
	KUNIT_EXPECT_EQ(test, fixup(addr + 2 * PAGE_SIZE, 0, &unlocked), 0);
	KUNIT_EXPECT_TRUE(test, unlocked);
	KUNIT_EXPECT_EQ(test, drv->faults, 2);
	KUNIT_EXPECT_TRUE(test, drv->fault_flags & FAULT_FLAG_TRIED);
	KUNIT_EXPECT_PTR_EQ(test, user_page(addr + 2 * PAGE_SIZE, 0), drv->pages[2]);
}

struct fixup {
	const char *desc;
	unsigned long prot;
	unsigned int flags;
	vm_fault_t error;
	int ret;
	unsigned int faults;
};

static const struct fixup fixups[] = {
	{ "read_only_for_writing", PROT_READ, FAULT_FLAG_WRITE, 0, -EFAULT, 0 },
	{ "inaccessible", PROT_NONE, 0, 0, -EFAULT, 0 },
	{ "inaccessible_for_writing", PROT_NONE, FAULT_FLAG_WRITE, 0, -EFAULT, 0 },
	{ "sigbus", RW, 0, VM_FAULT_SIGBUS, -EFAULT, 1 },
	{ "oom", RW, 0, VM_FAULT_OOM, -ENOMEM, 1 },
	{ "hwpoison", RW, 0, VM_FAULT_HWPOISON, -EFAULT, 1 },
};

KUNIT_ARRAY_PARAM_DESC(fixup, fixups, desc);

static void fixup_user_fault_fails(struct kunit *test)
{
	const struct fixup *param = test->param_value;
	struct driver *drv = test->priv;
	unsigned long addr;

	drv->ops = &fault_ops;
	drv->error_at = 0;
	drv->error = param->error;
	addr = driver_map(test, 0, 1, param->prot, MAP_SHARED, 0);
	KUNIT_EXPECT_EQ(test, fixup(addr, param->flags, NULL), param->ret);
	KUNIT_EXPECT_EQ(test, drv->faults, param->faults);
	KUNIT_EXPECT_EQ(test, vm_munmap(addr, PAGE_SIZE), 0);
	KUNIT_EXPECT_EQ(test, fixup(addr, param->flags, NULL), -EFAULT);
}

/* It is not worth waiting for a process that is about to end. */
static void fixup_user_fault_killed(struct kunit *test)
{
	struct driver *drv = test->priv;
	bool unlocked = false;
	unsigned long addr;
	int ret;

	drv->ops = &fault_ops;
	addr = driver_map(test, 0, 1, RW, MAP_SHARED, 0);
	sigaddset(&current->pending.signal, SIGKILL);
	set_thread_flag(TIF_SIGPENDING);
	ret = fixup(addr, 0, &unlocked);
	sigdelset(&current->pending.signal, SIGKILL);
	clear_thread_flag(TIF_SIGPENDING);
	KUNIT_EXPECT_EQ(test, ret, -EINTR);
	KUNIT_EXPECT_FALSE(test, unlocked);
	KUNIT_EXPECT_EQ(test, drv->faults, 0);
	KUNIT_EXPECT_EQ(test, fixup(addr, 0, &unlocked), 0);
}

/* === follow_pfnmap_start() === */

static int lock_depth(void)
{
	return preempt_count() + rcu_preempt_depth();
}

/* Looks @addr up, and expects that only success leaves it locked. */
static int follow(struct kunit *test, unsigned long addr, struct follow_pfnmap_args *args)
{
	struct mm_struct *mm = current->mm;
	int depth, inside, after, ret = -ENOENT;

	mmap_read_lock(mm);
	depth = lock_depth();
	inside = depth;
	*args = (struct follow_pfnmap_args) {
		.vma = vma_lookup(mm, addr),
		.address = addr,
	};
	if (args->vma)
		ret = follow_pfnmap_start(args);
	if (!ret) {
		inside = lock_depth();
		follow_pfnmap_end(args);
	}
	after = lock_depth();
	mmap_read_unlock(mm);

	KUNIT_EXPECT_EQ(test, after, depth);
	if (IS_ENABLED(CONFIG_PREEMPT_COUNT))
		KUNIT_EXPECT_EQ(test, inside != depth, !ret);

	return ret;
}

struct pfnmap {
	const char *desc;
	vm_flags_t set;
	int ret;
};

static const struct pfnmap pfnmaps[] = {
	{ "vm_io", VM_IO, 0 },
	{ "vm_io_and_mixedmap", VM_IO | VM_MIXEDMAP, 0 },
	{ "mixedmap", VM_MIXEDMAP, -EINVAL },
	{ "none", 0, -EINVAL },
};

KUNIT_ARRAY_PARAM_DESC(pfnmap, pfnmaps, desc);

/* Pages that others may unmap at any time are not to be had in this way. */
static void follow_pfnmap_start_of_pages(struct kunit *test)
{
	const struct pfnmap *param = test->param_value;
	struct driver *drv = test->priv;
	struct follow_pfnmap_args args;
	unsigned long addr;

	drv->ops = &fault_ops;
	drv->set = param->set;
	addr = driver_map_all(test, RW, MAP_SHARED);
	KUNIT_EXPECT_EQ(test, follow(test, addr, &args), -EINVAL);
	KUNIT_ASSERT_TRUE(test, user_write(addr + PAGE_SIZE, 0x5eed0001));
	KUNIT_EXPECT_EQ(test, follow(test, addr + PAGE_SIZE + 100, &args), param->ret);
	if (!param->ret) {
		KUNIT_EXPECT_EQ(test, args.pfn, page_to_pfn(drv->pages[1]));
		KUNIT_EXPECT_EQ(test, args.addr_mask, PAGE_MASK);
		KUNIT_EXPECT_TRUE(test, args.writable);
		KUNIT_EXPECT_FALSE(test, args.special);
	}
	KUNIT_EXPECT_EQ(test, follow(test, addr, &args), -EINVAL);
}

/* What the user may do, others may do for him, and in the same way. */
static void follow_pfnmap_start_protection(struct kunit *test)
{
	struct follow_pfnmap_args rw, ro;
	struct driver *drv = test->priv;
	unsigned long addr;

	drv->raw = true;
	addr = driver_map(test, 0, 1, RW, MAP_SHARED, 2);
	KUNIT_ASSERT_EQ(test, follow(test, addr, &rw), 0);
	addr = driver_map(test, 0, 1, PROT_READ, MAP_SHARED, 2);
	KUNIT_ASSERT_EQ(test, follow(test, addr, &ro), 0);
	KUNIT_EXPECT_EQ(test, rw.pfn, page_to_pfn(drv->pages[2]));
	KUNIT_EXPECT_EQ(test, ro.pfn, rw.pfn);
	KUNIT_EXPECT_TRUE(test, rw.writable);
	KUNIT_EXPECT_FALSE(test, ro.writable);
	if (IS_ENABLED(CONFIG_HAVE_IOREMAP_PROT))
		KUNIT_EXPECT_NE(test, pgprot_val(rw.pgprot), pgprot_val(ro.pgprot));
}

/* === access_process_vm() === */

/* As much of a buffer at @addr as can be accessed. */
struct access {
	const char *desc;
	unsigned long prot;	/* of the driver's mapping, */
	unsigned long flags;
	bool raw;		/* and what it has there */
	unsigned int gup_flags;
	bool ok;
};

static const struct access accesses[] = {
	{ "read", RW, MAP_SHARED, false, 0, true },
	{ "write", RW, MAP_SHARED, false, FOLL_WRITE, true },
	{ "write_private", RW, MAP_PRIVATE, false, FOLL_WRITE, true },
	{ "write_read_only", PROT_READ, MAP_PRIVATE, false, FOLL_WRITE, false },
	{ "write_read_only_forced", PROT_READ, MAP_PRIVATE, false, FOLL_WRITE | FOLL_FORCE, true },
	{ "write_shared_read_only_forced", PROT_READ, MAP_SHARED, false, FOLL_WRITE | FOLL_FORCE,
	  false },
	{ "read_inaccessible", PROT_NONE, MAP_SHARED, false, 0, false },
	{ "read_inaccessible_forced", PROT_NONE, MAP_SHARED, false, FOLL_FORCE, true },
	/* Reading may have side effects, unless ->access says otherwise. */
	{ "read_raw", RW, MAP_SHARED, true, 0, false },
	{ "write_raw", RW, MAP_SHARED, true, FOLL_WRITE, false },
	{ "read_raw_forced", RW, MAP_SHARED, true, FOLL_FORCE, false },
};

KUNIT_ARRAY_PARAM_DESC(access, accesses, desc);

/* From the middle of one page to the middle of the next but one. */
static void access_remote_vm_pages(struct kunit *test)
{
	const struct access *param = test->param_value;
	bool write = param->gup_flags & FOLL_WRITE;
	struct driver *drv = test->priv;
	const int len = 2 * PAGE_SIZE;
	unsigned long addr, from;
	char *buf, *expected;
	int i;

	buf = kunit_kzalloc(test, len, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, buf);
	expected = kunit_kzalloc(test, len, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, expected);
	drv->raw = param->raw;
	addr = driver_map_all(test, param->prot, param->flags);
	for (i = 0; i < NR_PAGES; i++)
		ClearPageDirty(drv->pages[i]);
	if (write)
		memset(buf, 0xa5, len);
	from = addr + PAGE_SIZE / 2;

	KUNIT_EXPECT_EQ(test, access_remote_vm(current->mm, from, buf, len, param->gup_flags),
			param->ok ? len : 0);
	if (!param->ok)
		memset(expected, write ? 0xa5 : 0, len);
	else if (write)
		memset(expected, 0xa5, len);
	else
		for (i = 0; i < len; i += 4)
			*(u32 *)(expected + i) = 0x5eed0000 + (PAGE_SIZE / 2 + i) / PAGE_SIZE;
	KUNIT_EXPECT_MEMEQ(test, buf, expected, len);

	/* Others who share the page see what was written, and that it was. */
	for (i = 0; i < NR_PAGES; i++) {
		bool hit = write && param->ok && param->flags == MAP_SHARED && i < 3;

		KUNIT_EXPECT_EQ_MSG(test, page_has_pattern(drv->pages[i], i), !hit, "page %d", i);
		KUNIT_EXPECT_EQ_MSG(test, PageDirty(drv->pages[i]), hit, "page %d", i);
	}
	if (param->ok && param->prot & PROT_READ) {
		memset(buf, 0, len);
		KUNIT_EXPECT_EQ(test, copy_from_user(buf, (void __user *)from, len), 0);
		KUNIT_EXPECT_MEMEQ(test, buf, expected, len);
		/* The bytes on either side are as they were. */
		KUNIT_EXPECT_EQ(test, get_user(i, (u32 __user *)(from - 4)), 0);
		KUNIT_EXPECT_EQ(test, i, 0x5eed0000);
		KUNIT_EXPECT_EQ(test, get_user(i, (u32 __user *)(from + len)), 0);
		KUNIT_EXPECT_EQ(test, i, 0x5eed0002);
	}
	KUNIT_EXPECT_EQ(test, vm_munmap(addr, NR_PAGES * PAGE_SIZE), 0);
	expect_unused(test);
}

/* Also if the folio was cleaned since the process wrote to it. */
static void access_remote_vm_of_folio(struct kunit *test)
{
	struct folio *folio = driver_use_folio(test);
	struct driver *drv = test->priv;
	unsigned long addr;
	u32 value = 0;

	drv->ops = &fault_ops;
	addr = driver_map_all(test, RW, MAP_SHARED);
	KUNIT_ASSERT_TRUE(test, user_write(addr + 2 * PAGE_SIZE, 1234));
	KUNIT_EXPECT_EQ(test, access_remote_vm(current->mm, addr + 2 * PAGE_SIZE, &value, 4, 0),
			4);
	KUNIT_EXPECT_EQ(test, value, 1234);

	folio_clear_dirty(folio);
	value = 4321;
	KUNIT_EXPECT_EQ(test, access_remote_vm(current->mm, addr + 2 * PAGE_SIZE, &value, 4,
					       FOLL_WRITE), 4);
	KUNIT_EXPECT_TRUE(test, folio_test_dirty(folio));
	KUNIT_EXPECT_EQ(test, *(u32 *)page_address(drv->pages[2]), 4321);
	KUNIT_EXPECT_EQ(test, *(u32 *)page_address(drv->pages[0]), 0);
	KUNIT_EXPECT_EQ(test, vm_munmap(addr, NR_PAGES * PAGE_SIZE), 0);
	KUNIT_EXPECT_EQ(test, folio_ref_count(folio), 1);
}

static void access_remote_vm_partly(struct kunit *test)
{
	struct mm_struct *mm = current->mm;
	struct driver *drv = test->priv;
	unsigned long addr, end;
	char buf[32] = {};

	addr = driver_map_all(test, RW, MAP_SHARED);
	end = addr + 2 * PAGE_SIZE;
	KUNIT_ASSERT_EQ(test, vm_munmap(end, 2 * PAGE_SIZE), 0);
	mm = current->mm;
	KUNIT_EXPECT_EQ(test, access_remote_vm(mm, end - 20, buf, 32, 0), 20);
	KUNIT_EXPECT_EQ(test, *(u32 *)(buf + 16), 0x5eed0001);
	KUNIT_EXPECT_EQ(test, *(u32 *)(buf + 20), 0);
	KUNIT_EXPECT_EQ(test, access_remote_vm(mm, end, buf, 32, 0), 0);
	KUNIT_EXPECT_EQ(test, access_remote_vm(mm, end, buf, 32, FOLL_WRITE | FOLL_FORCE), 0);
	KUNIT_EXPECT_EQ(test, access_remote_vm(mm, TASK_SIZE_MAX, buf, 32, FOLL_FORCE), 0);
	KUNIT_EXPECT_EQ(test, access_remote_vm(mm, addr, buf, 0, 0), 0);

	drv->raw = true;
	driver_map(test, end, 1, RW, MAP_SHARED | MAP_FIXED, 2);
	KUNIT_EXPECT_EQ(test, access_remote_vm(mm, end - 20, buf, 32, 0), 20);
	KUNIT_EXPECT_EQ(test, access_remote_vm(mm, end - 20, buf, 32, FOLL_WRITE), 20);

	/* All of this needs the lock, and gives it back. */
	KUNIT_EXPECT_FALSE(test, rwsem_is_locked(&mm->mmap_lock));
}

/* A debugger may push to the stack, as the process may. */
static void access_remote_vm_grows_stack(struct kunit *test)
{
	struct mm_struct *mm;
	unsigned long addr;
	u32 value = 1234;
	u16 half = 0;

	if (IS_ENABLED(CONFIG_STACK_GROWSUP))
		kunit_skip(test, "needs a stack that grows down");
	addr = anon_map(test, 0, 1, RW, 0);
	KUNIT_ASSERT_EQ(test, vm_munmap(addr, PAGE_SIZE), 0);
	addr = ALIGN_DOWN(addr, SZ_2M) - SZ_2M;
	anon_map(test, addr, 1, RW, MAP_FIXED | MAP_GROWSDOWN);
	mm = current->mm;
	KUNIT_EXPECT_EQ(test, access_remote_vm(mm, addr - PAGE_SIZE - 2, &value, 4, FOLL_WRITE),
			4);
	value = 0;
	KUNIT_EXPECT_EQ(test, access_remote_vm(mm, addr - PAGE_SIZE - 2, &value, 4, 0), 4);
	KUNIT_EXPECT_EQ(test, value, 1234);
	KUNIT_EXPECT_EQ(test, copy_from_user(&value, (void __user *)(addr - PAGE_SIZE - 2), 4), 0);
	KUNIT_EXPECT_FALSE(test, rwsem_is_locked(&mm->mmap_lock));

	/* Also in the midst of what it writes, or up to where the stack cannot go. */
	anon_map(test, addr - SZ_1M, 1, PROT_NONE, MAP_FIXED);
	value = 0x5eed5eed;
	KUNIT_EXPECT_EQ(test, access_remote_vm(mm, addr - SZ_1M + PAGE_SIZE - 2, &value, 4,
					       FOLL_WRITE | FOLL_FORCE), 4);
	KUNIT_EXPECT_EQ(test, get_user(half, (u16 __user *)(addr - SZ_1M + PAGE_SIZE)), 0);
	KUNIT_EXPECT_EQ(test, half, 0x5eed);
	anon_map(test, addr - SZ_2M, 1, RW, MAP_FIXED);
	KUNIT_EXPECT_EQ(test, access_remote_vm(mm, addr - SZ_2M + PAGE_SIZE - 2, &value, 4,
					       FOLL_WRITE), 2);
	KUNIT_EXPECT_FALSE(test, rwsem_is_locked(&mm->mmap_lock));
}

struct process {
	unsigned long addr;
	int read;
	int written;
	u32 value;
};

/* Runs in a process, for get_task_mm() finds none in a kernel thread. */
static int process_main(void *data)
{
	struct process *p = data;
	u32 value = 4321;

	p->read = access_process_vm(current, p->addr, &p->value, 4, 0);
	p->written = access_process_vm(current, p->addr, &value, 4, FOLL_WRITE);
	do_exit(0);
}

static void access_process_vm_of_process(struct kunit *test)
{
	unsigned long addr = anon_map(test, 0, 1, RW, 0);
	struct process p = { .addr = addr };
	struct kernel_clone_args args = {
		/* Does not return before the process has exited. */
		.flags = CLONE_VM | CLONE_VFORK | CLONE_UNTRACED,
		.exit_signal = SIGCHLD,
		.fn = process_main,
		.fn_arg = &p,
	};
	struct mm_struct *mm = current->mm;
	int users = atomic_read(&mm->mm_users), i;
	u32 value = 0;

	KUNIT_ASSERT_TRUE(test, user_write(addr, 1234));
	KUNIT_EXPECT_EQ(test, access_process_vm(current, addr, &value, 4, 0), 0);
	KUNIT_ASSERT_GT(test, kernel_clone(&args), 0);
	KUNIT_EXPECT_EQ(test, p.read, 4);
	KUNIT_EXPECT_EQ(test, p.value, 1234);
	KUNIT_EXPECT_EQ(test, p.written, 4);
	KUNIT_EXPECT_EQ(test, get_user(value, (u32 __user *)addr), 0);
	KUNIT_EXPECT_EQ(test, value, 4321);
	/* It has the address space until it is almost gone. */
	for (i = 0; i < 1000 && atomic_read(&mm->mm_users) != users; i++)
		schedule_timeout_uninterruptible(1);
	KUNIT_EXPECT_EQ(test, atomic_read(&mm->mm_users), users);
}

struct driver_access {
	struct driver *drv;
	unsigned long addr;
	void *buf;
	int len;
	int write;
	int ret;
	int calls;
};

static int record_access(struct vm_area_struct *vma, unsigned long addr, void *buf, int len,
			 int write)
{
	struct driver_access *access = vma->vm_private_data;

	access->addr = addr;
	access->buf = buf;
	access->len = len;
	access->write = write;
	return access->calls++ ? 0 : access->ret;
}

static const struct vm_operations_struct record_access_ops = {
	.access = record_access,
};

static int access_mmap(struct vm_area_struct *vma, void *data)
{
	struct driver_access *access = data;

	vma->vm_ops = &record_access_ops;
	vma->vm_private_data = access;
	return remap_pfn_range(vma, vma->vm_start, page_to_pfn(access->drv->pages[0]), PAGE_SIZE,
			       vma->vm_page_prot);
}

/* What has no pages is left to the driver, as far as it wants. */
static void access_remote_vm_of_driver(struct kunit *test)
{
	const bool has_access = IS_ENABLED(CONFIG_HAVE_IOREMAP_PROT);
	struct driver_access access = { .drv = test->priv };
	struct user_file *file = user_file_open(test, O_RDWR, access_mmap, &access);
	char buf[32];
	long addr;

	addr = user_mmap(file, 0, PAGE_SIZE, RW, MAP_SHARED, 0);
	KUNIT_ASSERT_FALSE(test, IS_ERR_VALUE(addr));

	access.ret = 8;
	KUNIT_EXPECT_EQ(test, access_remote_vm(current->mm, addr + 100, buf, 32, FOLL_WRITE),
			has_access ? 8 : 0);
	KUNIT_EXPECT_EQ(test, access.calls, has_access ? 2 : 0);
	if (has_access) {
		KUNIT_EXPECT_EQ(test, access.addr, addr + 108);
		KUNIT_EXPECT_PTR_EQ(test, access.buf, (void *)buf + 8);
		KUNIT_EXPECT_EQ(test, access.len, 24);
		KUNIT_EXPECT_TRUE(test, access.write & FOLL_WRITE);
	}

	access.ret = -EIO;
	access.calls = 0;
	KUNIT_EXPECT_EQ(test, access_remote_vm(current->mm, addr, buf, 32, 0), 0);
	KUNIT_EXPECT_EQ(test, access.calls, has_access ? 1 : 0);
	KUNIT_EXPECT_FALSE(test, access.write & FOLL_WRITE);
}

#ifdef CONFIG_HAVE_IOREMAP_PROT
static const struct vm_operations_struct phys_ops = {
	.access = generic_access_phys,
};

static int phys_mmap(struct vm_area_struct *vma, void *data)
{
	struct driver *drv = data;

	vma->vm_ops = &phys_ops;
	return remap_pfn_range(vma, vma->vm_start, page_to_pfn(drv->pages[0]),
			       vma->vm_end - vma->vm_start, vma->vm_page_prot);
}

static void clear_reserved(void *data)
{
	struct page *block = data;
	int i;

	for (i = 0; i < NR_PAGES; i++)
		ClearPageReserved(block + i);
}

/*
 * Gives the driver memory that does as that of a device: it follows each
 * other, and since it is reserved, ioremap_prot() does not mind that it is RAM.
 */
static void driver_use_device(struct kunit *test)
{
	struct page *block = alloc_managed(test, 2);
	struct driver *drv = test->priv;
	void __iomem *maddr;
	int i;

	for (i = 0; i < NR_PAGES; i++) {
		SetPageReserved(block + i);
		drv->pages[i] = block + i;
		fill_page(page_address(block + i), i);
	}
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, clear_reserved, block), 0);
	maddr = ioremap_prot(page_to_phys(block), PAGE_SIZE, PAGE_KERNEL);
	if (!maddr)
		kunit_skip(test, "needs an ioremap_prot() that takes reserved memory");
	iounmap(maddr);
	drv->file = user_file_open(test, O_RDWR, phys_mmap, drv);
}

static int access_phys(unsigned long addr, void *buf, int len, int write)
{
	struct mm_struct *mm = current->mm;
	struct vm_area_struct *vma;
	int ret = -ENOENT;

	mmap_read_lock(mm);
	vma = vma_lookup(mm, addr);
	if (vma)
		ret = generic_access_phys(vma, addr, buf, len, write);
	mmap_read_unlock(mm);

	return ret;
}

static void generic_access_phys_of_device(struct kunit *test)
{
	struct driver *drv = test->priv;
	u32 buf[3] = {}, *mem;
	unsigned long addr;

	driver_use_device(test);
	mem = page_address(drv->pages[0]);
	addr = driver_map_all(test, RW, MAP_SHARED);
	KUNIT_EXPECT_EQ(test, access_phys(addr + PAGE_SIZE + 100, buf, 8, 0), 8);
	KUNIT_EXPECT_EQ(test, buf[0], 0x5eed0001);
	KUNIT_EXPECT_EQ(test, buf[1], 0x5eed0001);
	KUNIT_EXPECT_EQ(test, buf[2], 0);

	buf[0] = 0x12345678;
	buf[1] = 0x9abcdef0;
	KUNIT_EXPECT_EQ(test, access_phys(addr + PAGE_SIZE + 100, buf, 8, FOLL_WRITE), 8);
	mem += (PAGE_SIZE + 100) / sizeof(*mem);
	KUNIT_EXPECT_EQ(test, mem[-1], 0x5eed0001);
	KUNIT_EXPECT_EQ(test, mem[0], 0x12345678);
	KUNIT_EXPECT_EQ(test, mem[1], 0x9abcdef0);
	KUNIT_EXPECT_EQ(test, mem[2], 0x5eed0001);

	/* All of it, also through the functions that it is for. */
	KUNIT_EXPECT_EQ(test, access_remote_vm(current->mm, addr + 3 * PAGE_SIZE - 4, buf, 8, 0),
			8);
	KUNIT_EXPECT_EQ(test, buf[0], 0x5eed0002);
	KUNIT_EXPECT_EQ(test, buf[1], 0x5eed0003);
	KUNIT_EXPECT_EQ(test, access_phys(addr, drv->buf, PAGE_SIZE, 0), PAGE_SIZE);
	KUNIT_EXPECT_MEMEQ(test, drv->buf, page_address(drv->pages[0]), PAGE_SIZE);
}

/* Nobody writes to the device by debugging who could not do so directly. */
static void generic_access_phys_refused(struct kunit *test)
{
	struct driver *drv = test->priv;
	u32 value = 1234;
	unsigned long addr;

	driver_use_device(test);
	addr = driver_map_all(test, PROT_READ, MAP_SHARED);
	KUNIT_EXPECT_EQ(test, access_phys(addr, &value, 4, FOLL_WRITE), -EINVAL);
	KUNIT_EXPECT_TRUE(test, page_has_pattern(drv->pages[0], 0));
	KUNIT_EXPECT_EQ(test, access_remote_vm(current->mm, addr, &value, 4,
					       FOLL_WRITE | FOLL_FORCE), 0);
	KUNIT_EXPECT_TRUE(test, page_has_pattern(drv->pages[0], 0));
	KUNIT_EXPECT_EQ(test, access_phys(addr, &value, 4, 0), 4);
	KUNIT_EXPECT_EQ(test, value, 0x5eed0000);

	/* Nor is what is no longer mapped accessed, or ever was. */
	unmap_mapping_range(drv->file->filp->f_mapping, PAGE_SIZE, PAGE_SIZE, 1);
	KUNIT_EXPECT_EQ(test, access_phys(addr + PAGE_SIZE, &value, 4, 0), -EINVAL);
	KUNIT_EXPECT_EQ(test, access_phys(anon_map(test, 0, 1, RW, 0), &value, 4, 0), -EINVAL);
}

/* What follows in the memory of the device is not the user's. */
static void generic_access_phys_end_of_mapping(struct kunit *test)
{
	struct driver *drv = test->priv;
	unsigned long addr;

	driver_use_device(test);
	addr = driver_map(test, 0, 1, RW, MAP_SHARED, 0);
	memset(drv->buf, 0, PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, access_remote_vm(current->mm, addr + PAGE_SIZE / 2, drv->buf,
					       PAGE_SIZE, 0), PAGE_SIZE / 2);
	KUNIT_EXPECT_NULL(test, memchr_inv(drv->buf + PAGE_SIZE / 2, 0, PAGE_SIZE / 2));
	memset(drv->buf, 0xa5, PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, access_remote_vm(current->mm, addr + PAGE_SIZE / 2, drv->buf,
					       PAGE_SIZE, FOLL_WRITE), PAGE_SIZE / 2);
	KUNIT_EXPECT_TRUE(test, page_has_pattern(drv->pages[1], 1));
}

/* What can be mapped for the user need not be so for the kernel. */
static void generic_access_phys_of_memory(struct kunit *test)
{
	struct driver *drv = test->priv;
	unsigned long addr;
	u32 value = 1234;
	int ret;

	driver_use_device(test);
	addr = driver_map_all(test, RW, MAP_SHARED);
	ClearPageReserved(drv->pages[1]);
	kunit_warning_suppress(test) {
		ret = access_phys(addr + PAGE_SIZE, &value, 4, FOLL_WRITE);
		if (ret != -ENOMEM)
			KUNIT_EXPECT_SUPPRESSED_WARNING_COUNT(test, 0);
	}
	/* Until 7.2 it was ioremap() that refused, and warned. */
	if (ret != -ENOMEM)
		KUNIT_EXPECT_EQ(test, ret, -EINVAL);
	SetPageReserved(drv->pages[1]);
	KUNIT_EXPECT_TRUE(test, page_has_pattern(drv->pages[1], 1));
}
#else
static void generic_access_phys_of_device(struct kunit *test)
{
	kunit_skip(test, "needs CONFIG_HAVE_IOREMAP_PROT");
}

static void generic_access_phys_refused(struct kunit *test)
{
	kunit_skip(test, "needs CONFIG_HAVE_IOREMAP_PROT");
}

static void generic_access_phys_end_of_mapping(struct kunit *test)
{
	kunit_skip(test, "needs CONFIG_HAVE_IOREMAP_PROT");
}

static void generic_access_phys_of_memory(struct kunit *test)
{
	kunit_skip(test, "needs CONFIG_HAVE_IOREMAP_PROT");
}
#endif

static struct kunit_case access_remote_vm_cases[] = {
	KUNIT_CASE(fixup_user_fault_faults_in),
	KUNIT_CASE_PARAM(fixup_user_fault_fails, fixup_gen_params),
	KUNIT_CASE(fixup_user_fault_killed),
	KUNIT_CASE_PARAM(follow_pfnmap_start_of_pages, pfnmap_gen_params),
	KUNIT_CASE(follow_pfnmap_start_protection),
	KUNIT_CASE_PARAM(access_remote_vm_pages, access_gen_params),
	KUNIT_CASE(access_remote_vm_of_folio),
	KUNIT_CASE(access_remote_vm_partly),
	KUNIT_CASE(access_remote_vm_grows_stack),
	KUNIT_CASE(access_process_vm_of_process),
	KUNIT_CASE(access_remote_vm_of_driver),
	KUNIT_CASE(generic_access_phys_of_device),
	KUNIT_CASE(generic_access_phys_refused),
	KUNIT_CASE(generic_access_phys_end_of_mapping),
	KUNIT_CASE(generic_access_phys_of_memory),
	{}
};

static struct kunit_suite access_remote_vm_suite = {
	.name = "access_remote_vm",
	.init = user_driver_init,
	.test_cases = access_remote_vm_cases,
};

kunit_test_suite(access_remote_vm_suite);

MODULE_DESCRIPTION("KUnit tests for access_remote_vm()");
MODULE_LICENSE("GPL");
