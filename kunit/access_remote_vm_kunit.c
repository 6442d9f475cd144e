// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests for access_process_vm() and access_remote_vm(), by which debuggers
 * read and write the memory of a process, and for fixup_user_fault() and
 * follow_pfnmap_start(), by which KVM and others reach a page that is not present
 * or a page frame that has no page.
 *
 * A debugger may do what the process may do, and with FOLL_FORCE somewhat more,
 * but it never reaches beyond the mapping.
 */
#include <kunit/test.h>
#include <linux/highmem.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/module.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/sizes.h>
#include <linux/string.h>

#include "check_bytes.h"
#include "gup_driver.h"
#include "mm_kunit.h"
#include "test_driver.h"
#include "user_vma.h"

/* -- fixup_user_fault() -------------------------------------------------------- */

static int fixup(unsigned long addr, unsigned int flags, bool *unlocked)
{
	struct mm_struct *mm = current->mm;
	int ret;

	mmap_read_lock(mm);
	ret = fixup_user_fault(mm, addr, flags, unlocked);
	mmap_read_unlock(mm);

	return ret;
}

/*
 * fixup_user_fault() faults a page in as an access would, once, and for writing if
 * asked. It returns with the mmap_lock held; *unlocked is true if it was dropped
 * meanwhile, because the caller then has to look up its VMA again. Without a place
 * for that answer, the lock is never dropped.
 */
static void fixup_user_fault_faults_in(struct kunit *test)
{
	struct test_driver *drv = test->priv;
	bool unlocked = false;
	unsigned long addr;

	drv->how = DRV_FAULT;
	addr = test_driver_map_all(test, PROT_RW, MAP_SHARED);
	KUNIT_EXPECT_EQ(test, fixup(addr, FAULT_FLAG_WRITE, &unlocked), 0);
	KUNIT_EXPECT_EQ(test, unlocked, false);
	KUNIT_EXPECT_EQ(test, drv->faults, 1);
	KUNIT_EXPECT_EQ(test, drv->fault_flags & FAULT_FLAG_WRITE, FAULT_FLAG_WRITE);
	KUNIT_EXPECT_PTR_EQ(test, user_page(addr, FOLL_WRITE), drv->pages[0]);

	KUNIT_EXPECT_EQ(test, fixup(addr + PAGE_SIZE, 0, NULL), 0);
	KUNIT_EXPECT_EQ(test, drv->fault_flags & (FAULT_FLAG_WRITE | FAULT_FLAG_ALLOW_RETRY), 0);
	KUNIT_EXPECT_PTR_EQ(test, user_page(addr + PAGE_SIZE, 0), drv->pages[1]);

	/* The fault of page 2 waits, without the lock, and is repeated. */
	drv->retry_at = 2;
	drv->faults = 0;
	KUNIT_EXPECT_EQ(test, fixup(addr + 2 * PAGE_SIZE, 0, &unlocked), 0);
	KUNIT_EXPECT_EQ(test, unlocked, true);
	KUNIT_EXPECT_EQ(test, drv->faults, 2);
	KUNIT_EXPECT_EQ(test, drv->fault_flags & FAULT_FLAG_TRIED, FAULT_FLAG_TRIED);
	KUNIT_EXPECT_PTR_EQ(test, user_page(addr + 2 * PAGE_SIZE, 0), drv->pages[2]);
}

static const struct fixup {
	const char *desc;
	unsigned long prot;
	unsigned int flags;
	vm_fault_t error;
	int ret;
	unsigned int faults;
} fixups[] = {
	{ .desc = "read_only_for_writing", .prot = PROT_READ, .flags = FAULT_FLAG_WRITE,
	  .ret = -EFAULT },
	{ .desc = "inaccessible", .prot = PROT_NONE, .ret = -EFAULT },
	{ .desc = "inaccessible_for_writing", .prot = PROT_NONE, .flags = FAULT_FLAG_WRITE,
	  .ret = -EFAULT },
	{ .desc = "sigbus", .prot = PROT_RW, .error = VM_FAULT_SIGBUS, .ret = -EFAULT,
	  .faults = 1 },
	{ .desc = "oom", .prot = PROT_RW, .error = VM_FAULT_OOM, .ret = -ENOMEM, .faults = 1 },
	{ .desc = "hwpoison", .prot = PROT_RW, .error = VM_FAULT_HWPOISON, .ret = -EFAULT,
	  .faults = 1 },
};

KUNIT_ARRAY_PARAM_DESC(fixup, fixups, desc);

/*
 * fixup_user_fault() returns the error of a fault as an errno, and -EFAULT without
 * a fault if there is no VMA or its permissions forbid the access, because the
 * futex code and KVM return it to user space.
 */
static void fixup_user_fault_fails(struct kunit *test)
{
	const struct fixup *row = test->param_value;
	struct test_driver *drv = test->priv;
	unsigned long addr;

	drv->how = DRV_FAULT;
	drv->error_at = 0;
	drv->error = row->error;
	addr = test_driver_map(test, 0, 0, 1, row->prot, MAP_SHARED);
	KUNIT_EXPECT_EQ(test, fixup(addr, row->flags, NULL), row->ret);
	KUNIT_EXPECT_EQ(test, drv->faults, row->faults);
	KUNIT_EXPECT_EQ(test, vm_munmap(addr, PAGE_SIZE), 0);
	KUNIT_EXPECT_EQ(test, fixup(addr, row->flags, NULL), -EFAULT);
}

/*
 * With a fatal signal pending, fixup_user_fault() returns -EINTR without a fault,
 * because a process that is about to exit must not wait for a page.
 */
static void fixup_user_fault_killed(struct kunit *test)
{
	struct test_driver *drv = test->priv;
	bool unlocked = false;
	unsigned long addr;
	int ret;

	drv->how = DRV_FAULT;
	addr = test_driver_map(test, 0, 0, 1, PROT_RW, MAP_SHARED);
	sigaddset(&current->pending.signal, SIGKILL);
	set_thread_flag(TIF_SIGPENDING);
	ret = fixup(addr, 0, &unlocked);
	sigdelset(&current->pending.signal, SIGKILL);
	clear_thread_flag(TIF_SIGPENDING);
	KUNIT_EXPECT_EQ(test, ret, -EINTR);
	KUNIT_EXPECT_EQ(test, unlocked, false);
	KUNIT_EXPECT_EQ(test, drv->faults, 0);
	KUNIT_EXPECT_EQ(test, fixup(addr, 0, &unlocked), 0);
}

/* -- follow_pfnmap_start() ----------------------------------------------------- */

static int lock_depth(void)
{
	return preempt_count() + rcu_preempt_depth();
}

/**
 * struct follow - what a lookup by follow_pfnmap_start() has found
 * @args: its results
 * @ret: what it returned; -ENOENT if there is no VMA
 * @inside: whether a page table was locked before follow_pfnmap_end()
 * @after: how many locks were held afterwards that were not held before
 */
struct follow {
	struct follow_pfnmap_args args;
	int ret;
	bool inside;
	int after;
};

static struct follow follow(unsigned long addr)
{
	struct follow found = { .args.address = addr, .ret = -ENOENT };
	struct mm_struct *mm = current->mm;
	int depth;

	mmap_read_lock(mm);
	depth = lock_depth();
	found.args.vma = vma_lookup(mm, addr);
	if (found.args.vma)
		found.ret = follow_pfnmap_start(&found.args);
	if (!found.ret) {
		found.inside = lock_depth() != depth;
		follow_pfnmap_end(&found.args);
	}
	found.after = lock_depth() - depth;
	mmap_read_unlock(mm);

	return found;
}

/* Returns what is wrong with a result of follow(): only success locks a page table. */
static const char *check_follow(struct kunit *test, const struct follow *found, int ret)
{
	if (found->ret != ret)
		return mm_kunit_wrong(test, "follow_pfnmap_start() at %lx: expected %d, found %d",
				      found->args.address, ret, found->ret);
	if (found->after)
		return mm_kunit_wrong(test, "lookup at %lx: expected 0 locks left, found %d",
				      found->args.address, found->after);
	if (IS_ENABLED(CONFIG_PREEMPT_COUNT) && found->inside == !!ret)
		return mm_kunit_wrong(test, "lookup at %lx: expected locked %d, found %d",
				      found->args.address, !ret, found->inside);
	return NULL;
}

static const struct pfnmap {
	const char *desc;
	vm_flags_t set;
	int ret;
} pfnmaps[] = {
	{ .desc = "vm_io", .set = VM_IO },
	{ .desc = "vm_io_and_mixedmap", .set = VM_IO | VM_MIXEDMAP },
	{ .desc = "mixedmap", .set = VM_MIXEDMAP, .ret = -EINVAL },
	{ .desc = "none", .ret = -EINVAL },
};

KUNIT_ARRAY_PARAM_DESC(pfnmap, pfnmaps, desc);

/*
 * follow_pfnmap_start() looks only at VMAs with VM_IO or VM_PFNMAP, because the
 * page frame it returns has no reference, and the kernel may free the pages of
 * other VMAs at any time. It finds what is present and never faults a page in.
 */
static void follow_pfnmap_start_of_pages(struct kunit *test)
{
	const struct pfnmap *row = test->param_value;
	struct test_driver *drv = test->priv;
	struct follow found;
	unsigned long addr;

	drv->how = DRV_FAULT;
	drv->set = row->set;
	addr = test_driver_map_all(test, PROT_RW, MAP_SHARED);
	found = follow(addr);
	MM_KUNIT_EXPECT(test, check_follow(test, &found, -EINVAL));
	KUNIT_ASSERT_EQ(test, user_write(addr + PAGE_SIZE, 0x5eed0001), true);
	found = follow(addr + PAGE_SIZE + 100);
	MM_KUNIT_EXPECT(test, check_follow(test, &found, row->ret));
	if (!row->ret) {
		KUNIT_EXPECT_EQ(test, found.args.pfn, page_to_pfn(drv->pages[1]));
		KUNIT_EXPECT_EQ(test, found.args.addr_mask, PAGE_MASK);
		KUNIT_EXPECT_EQ(test, found.args.writable, true);
		KUNIT_EXPECT_EQ(test, found.args.special, false);
	}
	found = follow(addr);
	MM_KUNIT_EXPECT(test, check_follow(test, &found, -EINVAL));
}

/*
 * follow_pfnmap_start() says whether the process may write to the page frame and
 * with which protection it is mapped, because KVM and VFIO map it for a guest or a
 * device in the same way.
 */
static void follow_pfnmap_start_protection(struct kunit *test)
{
	struct test_driver *drv = test->priv;
	struct follow rw, ro;
	unsigned long addr;

	drv->how = DRV_REMAP_PFN;
	addr = test_driver_map(test, 0, 2, 1, PROT_RW, MAP_SHARED);
	rw = follow(addr);
	MM_KUNIT_ASSERT(test, check_follow(test, &rw, 0));
	addr = test_driver_map(test, 0, 2, 1, PROT_READ, MAP_SHARED);
	ro = follow(addr);
	MM_KUNIT_ASSERT(test, check_follow(test, &ro, 0));
	KUNIT_EXPECT_EQ(test, rw.args.pfn, page_to_pfn(drv->pages[2]));
	KUNIT_EXPECT_EQ(test, ro.args.pfn, rw.args.pfn);
	KUNIT_EXPECT_EQ(test, rw.args.writable, true);
	KUNIT_EXPECT_EQ(test, ro.args.writable, false);
	if (IS_ENABLED(CONFIG_HAVE_IOREMAP_PROT))
		KUNIT_EXPECT_NE(test, pgprot_val(rw.args.pgprot), pgprot_val(ro.args.pgprot));
}

/* -- access_remote_vm() -------------------------------------------------------- */

static const struct access {
	const char *desc;
	unsigned long prot;		/* of the driver's mapping */
	unsigned long flags;
	enum test_driver_how how;
	unsigned int gup_flags;
	bool ok;
} accesses[] = {
	{ .desc = "read", .prot = PROT_RW, .flags = MAP_SHARED, .how = DRV_INSERT_PAGE,
	  .ok = true },
	{ .desc = "write", .prot = PROT_RW, .flags = MAP_SHARED, .how = DRV_INSERT_PAGE,
	  .gup_flags = FOLL_WRITE, .ok = true },
	{ .desc = "write_private", .prot = PROT_RW, .flags = MAP_PRIVATE,
	  .how = DRV_INSERT_PAGE, .gup_flags = FOLL_WRITE, .ok = true },
	{ .desc = "write_read_only", .prot = PROT_READ, .flags = MAP_PRIVATE,
	  .how = DRV_INSERT_PAGE, .gup_flags = FOLL_WRITE },
	{ .desc = "write_read_only_forced", .prot = PROT_READ, .flags = MAP_PRIVATE,
	  .how = DRV_INSERT_PAGE, .gup_flags = FOLL_WRITE | FOLL_FORCE, .ok = true },
	{ .desc = "write_shared_read_only_forced", .prot = PROT_READ, .flags = MAP_SHARED,
	  .how = DRV_INSERT_PAGE, .gup_flags = FOLL_WRITE | FOLL_FORCE },
	{ .desc = "read_inaccessible", .prot = PROT_NONE, .flags = MAP_SHARED,
	  .how = DRV_INSERT_PAGE },
	{ .desc = "read_inaccessible_forced", .prot = PROT_NONE, .flags = MAP_SHARED,
	  .how = DRV_INSERT_PAGE, .gup_flags = FOLL_FORCE, .ok = true },
	/* Reading device memory may have side effects, so it needs ->access. */
	{ .desc = "read_raw", .prot = PROT_RW, .flags = MAP_SHARED, .how = DRV_REMAP_PFN },
	{ .desc = "write_raw", .prot = PROT_RW, .flags = MAP_SHARED, .how = DRV_REMAP_PFN,
	  .gup_flags = FOLL_WRITE },
	{ .desc = "read_raw_forced", .prot = PROT_RW, .flags = MAP_SHARED,
	  .how = DRV_REMAP_PFN, .gup_flags = FOLL_FORCE },
};

KUNIT_ARRAY_PARAM_DESC(access, accesses, desc);

/*
 * access_remote_vm() transfers exactly the bytes asked for, across pages, and
 * returns their number; 0 if the mapping does not permit the access, because a
 * debugger must do no more than the process could. What it writes to a shared page
 * is seen by all who map the page, which is marked dirty; what it writes to a
 * private mapping goes to a copy.
 */
static void access_remote_vm_pages(struct kunit *test)
{
	const struct access *row = test->param_value;
	bool write = row->gup_flags & FOLL_WRITE;
	struct test_driver *drv = test->priv;
	const int len = 2 * PAGE_SIZE;
	unsigned long addr, from;
	char *buf, *expected;
	u32 word = 0;
	int i;

	buf = kunit_kzalloc(test, len, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, buf);
	expected = kunit_kzalloc(test, len, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, expected);
	drv->how = row->how;
	/*
	 *      addr
	 *      |---- p0 ----|---- p1 ----|---- p2 ----|---- p3 ----|
	 *             ^ from              ^ from + len, in the middle of p2
	 */
	addr = test_driver_map_all(test, row->prot, row->flags);
	for (i = 0; i < TEST_DRIVER_PAGES; i++)
		ClearPageDirty(drv->pages[i]);
	if (write)
		memset(buf, 0xa5, len);
	from = addr + PAGE_SIZE / 2;

	KUNIT_EXPECT_EQ(test, access_remote_vm(current->mm, from, buf, len, row->gup_flags),
			row->ok ? len : 0);
	if (!row->ok)
		memset(expected, write ? 0xa5 : 0, len);
	else if (write)
		memset(expected, 0xa5, len);
	else
		for (i = 0; i < len; i += 4)
			*(u32 *)(expected + i) = 0x5eed0000 + (PAGE_SIZE / 2 + i) / PAGE_SIZE;
	MM_KUNIT_EXPECT(test, check_bytes(test, buf, expected, len));

	for (i = 0; i < TEST_DRIVER_PAGES; i++) {
		bool hit = write && row->ok && row->flags == MAP_SHARED && i < 3;

		KUNIT_EXPECT_EQ_MSG(test, mm_kunit_is_filled(drv->pages[i], i), !hit,
				    "whether page %d is as it was", i);
		KUNIT_EXPECT_EQ_MSG(test, PageDirty(drv->pages[i]), hit, "page %d", i);
	}
	if (row->ok && row->prot & PROT_READ) {
		memset(buf, 0, len);
		KUNIT_EXPECT_EQ(test, copy_from_user(buf, (void __user *)from, len), 0);
		MM_KUNIT_EXPECT(test, check_bytes(test, buf, expected, len));
		/* The bytes on either side are as they were. */
		KUNIT_EXPECT_EQ(test, get_user(word, (u32 __user *)(from - 4)), 0);
		KUNIT_EXPECT_EQ(test, word, 0x5eed0000);
		KUNIT_EXPECT_EQ(test, get_user(word, (u32 __user *)(from + len)), 0);
		KUNIT_EXPECT_EQ(test, word, 0x5eed0002);
	}
	KUNIT_EXPECT_EQ(test, vm_munmap(addr, TEST_DRIVER_PAGES * PAGE_SIZE), 0);
	MM_KUNIT_EXPECT_UNUSED(test);
}

/*
 * A write to a page of a large folio changes that page only and marks the folio
 * dirty, also if it was written back since the process wrote to it, because what a
 * debugger has written would be lost otherwise.
 */
static void access_remote_vm_of_folio(struct kunit *test)
{
	struct folio *folio = test_driver_use_folio(test);
	struct mm_struct *mm = current->mm;
	struct test_driver *drv = test->priv;
	unsigned long addr, at;
	u32 value = 0;

	drv->how = DRV_FAULT;
	addr = test_driver_map_all(test, PROT_RW, MAP_SHARED);
	at = addr + 2 * PAGE_SIZE;
	KUNIT_ASSERT_EQ(test, user_write(at, 1234), true);
	KUNIT_EXPECT_EQ(test, access_remote_vm(mm, at, &value, 4, 0), 4);
	KUNIT_EXPECT_EQ(test, value, 1234);

	folio_clear_dirty(folio);
	value = 4321;
	KUNIT_EXPECT_EQ(test, access_remote_vm(mm, at, &value, 4, FOLL_WRITE), 4);
	KUNIT_EXPECT_EQ(test, folio_test_dirty(folio), true);
	KUNIT_EXPECT_EQ(test, gup_first_word(drv->pages[2]), 4321);
	KUNIT_EXPECT_EQ(test, gup_first_word(drv->pages[0]), 0);
	KUNIT_EXPECT_EQ(test, vm_munmap(addr, TEST_DRIVER_PAGES * PAGE_SIZE), 0);
	KUNIT_EXPECT_EQ(test, folio_ref_count(folio), 1);
}

/*
 * An access that reaches a page it may not access stops there and returns the
 * number of bytes before it, 0 if there are none, so that ptrace() and
 * /proc/PID/mem can tell how much they have transferred. The mmap_lock is not held
 * afterwards.
 */
static void access_remote_vm_partly(struct kunit *test)
{
	struct mm_struct *mm = current->mm;
	struct test_driver *drv = test->priv;
	unsigned long addr, end;
	char buf[32] = {};

	/*
	 *      addr                      end
	 *      |---- p0 ----|---- p1 ----|  unmapped, later a raw page frame
	 */
	addr = test_driver_map_all(test, PROT_RW, MAP_SHARED);
	end = addr + 2 * PAGE_SIZE;
	KUNIT_ASSERT_EQ(test, vm_munmap(end, 2 * PAGE_SIZE), 0);
	KUNIT_EXPECT_EQ(test, access_remote_vm(mm, end - 20, buf, 32, 0), 20);
	KUNIT_EXPECT_EQ(test, *(u32 *)(buf + 16), 0x5eed0001);
	KUNIT_EXPECT_EQ(test, *(u32 *)(buf + 20), 0);
	KUNIT_EXPECT_EQ(test, access_remote_vm(mm, end, buf, 32, 0), 0);
	KUNIT_EXPECT_EQ(test, access_remote_vm(mm, end, buf, 32, FOLL_WRITE | FOLL_FORCE), 0);
	KUNIT_EXPECT_EQ(test, access_remote_vm(mm, TASK_SIZE_MAX, buf, 32, FOLL_FORCE), 0);
	KUNIT_EXPECT_EQ(test, access_remote_vm(mm, addr, buf, 0, 0), 0);

	drv->how = DRV_REMAP_PFN;
	test_driver_map(test, end, 2, 1, PROT_RW, MAP_SHARED | MAP_FIXED);
	KUNIT_EXPECT_EQ(test, access_remote_vm(mm, end - 20, buf, 32, 0), 20);
	KUNIT_EXPECT_EQ(test, access_remote_vm(mm, end - 20, buf, 32, FOLL_WRITE), 20);

	KUNIT_EXPECT_EQ(test, rwsem_is_locked(&mm->mmap_lock), false);
}

/*
 * access_remote_vm() expands a stack as an access of the process would, because a
 * debugger that calls a function in the process pushes arguments below the stack
 * pointer. Where the stack cannot grow, the access stops.
 */
static void access_remote_vm_grows_stack(struct kunit *test)
{
	struct mm_struct *mm = current->mm;
	unsigned long addr, at;
	u32 value = 1234;
	u16 half = 0;

	if (IS_ENABLED(CONFIG_STACK_GROWSUP))
		kunit_skip(test, "needs CONFIG_STACK_GROWSUP=n");
	addr = gup_map_anon(test, 0, 1, PROT_RW, 0);
	KUNIT_ASSERT_EQ(test, vm_munmap(addr, PAGE_SIZE), 0);
	addr = ALIGN_DOWN(addr, SZ_2M) - SZ_2M;
	gup_map_anon(test, addr, 1, PROT_RW, MAP_FIXED | MAP_GROWSDOWN);
	/* Across two pages below the stack */
	at = addr - PAGE_SIZE - 2;
	KUNIT_EXPECT_EQ(test, access_remote_vm(mm, at, &value, 4, FOLL_WRITE), 4);
	value = 0;
	KUNIT_EXPECT_EQ(test, access_remote_vm(mm, at, &value, 4, 0), 4);
	KUNIT_EXPECT_EQ(test, value, 1234);
	value = 0;
	KUNIT_EXPECT_EQ(test, copy_from_user(&value, (void __user *)at, 4), 0);
	KUNIT_EXPECT_EQ_MSG(test, value, 1234, "what the process reads");
	KUNIT_EXPECT_EQ(test, rwsem_is_locked(&mm->mmap_lock), false);

	/* Two bytes into an inaccessible VMA, which is forced, and two into the stack */
	gup_map_anon(test, addr - SZ_1M, 1, PROT_NONE, MAP_FIXED);
	value = 0x5eed5eed;
	at = addr - SZ_1M + PAGE_SIZE - 2;
	KUNIT_EXPECT_EQ(test, access_remote_vm(mm, at, &value, 4, FOLL_WRITE | FOLL_FORCE), 4);
	KUNIT_EXPECT_EQ(test, get_user(half, (u16 __user *)(at + 2)), 0);
	KUNIT_EXPECT_EQ(test, half, 0x5eed);
	/* Two bytes into a writable VMA, above which the stack cannot grow */
	gup_map_anon(test, addr - SZ_2M, 1, PROT_RW, MAP_FIXED);
	at = addr - SZ_2M + PAGE_SIZE - 2;
	KUNIT_EXPECT_EQ(test, access_remote_vm(mm, at, &value, 4, FOLL_WRITE), 2);
	KUNIT_EXPECT_EQ(test, rwsem_is_locked(&mm->mmap_lock), false);
}

struct process {
	unsigned long addr;
	int read;
	int written;
	u32 value;
};

/* Runs in a process of its own, because get_task_mm() of a kernel thread is NULL. */
static int process_main(void *data)
{
	struct process *p = data;
	u32 value = 4321;

	p->read = access_process_vm(current, p->addr, &p->value, 4, 0);
	p->written = access_process_vm(current, p->addr, &value, 4, FOLL_WRITE);
	do_exit(0);
}

/*
 * access_process_vm() accesses the address space of a task and drops it again,
 * because a leaked reference would keep all its memory. For a kernel thread, which
 * has only borrowed an address space, it transfers nothing.
 */
static void access_process_vm_of_process(struct kunit *test)
{
	unsigned long addr = gup_map_anon(test, 0, 1, PROT_RW, 0);
	struct process p = { .addr = addr };
	struct kernel_clone_args args = {
		/* Returns after the process has exited. */
		.flags = CLONE_VM | CLONE_VFORK | CLONE_UNTRACED,
		.exit_signal = SIGCHLD,
		.fn = process_main,
		.fn_arg = &p,
	};
	struct mm_struct *mm = current->mm;
	int users = atomic_read(&mm->mm_users), i;
	u32 value = 0;

	KUNIT_ASSERT_EQ(test, user_write(addr, 1234), true);
	KUNIT_EXPECT_EQ(test, access_process_vm(current, addr, &value, 4, 0), 0);
	KUNIT_ASSERT_GT(test, kernel_clone(&args), 0);
	KUNIT_EXPECT_EQ(test, p.read, 4);
	KUNIT_EXPECT_EQ(test, p.value, 1234);
	KUNIT_EXPECT_EQ(test, p.written, 4);
	KUNIT_EXPECT_EQ(test, get_user(value, (u32 __user *)addr), 0);
	KUNIT_EXPECT_EQ(test, value, 4321);
	/* The process drops its own reference shortly after it has exited. */
	for (i = 0; i < 1000 && atomic_read(&mm->mm_users) != users; i++)
		schedule_timeout_uninterruptible(1);
	KUNIT_EXPECT_EQ(test, atomic_read(&mm->mm_users), users);
}

/* -- ->access ------------------------------------------------------------------ */

struct driver_access {
	struct test_driver *drv;
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

/*
 * A mapping without pages is left to ->access of its driver, because only the driver
 * knows how to reach that memory. It is called with the address, buffer and length
 * that remain, until it returns 0 or an error. The bytes it has transferred until
 * then are the result.
 */
static void access_remote_vm_of_driver(struct kunit *test)
{
	const bool has_access = IS_ENABLED(CONFIG_HAVE_IOREMAP_PROT);
	struct driver_access access = { .drv = test->priv };
	struct user_file *file = user_file_open(test, O_RDWR, access_mmap, &access);
	char buf[32];
	long addr;

	addr = user_mmap(file, 0, PAGE_SIZE, PROT_RW, MAP_SHARED, 0);
	KUNIT_ASSERT_FALSE_MSG(test, IS_ERR_VALUE(addr), "mmap() returned %ld", addr);

	/* The first call transfers 8 bytes, the second none. */
	access.ret = 8;
	KUNIT_EXPECT_EQ(test, access_remote_vm(current->mm, addr + 100, buf, 32, FOLL_WRITE),
			has_access ? 8 : 0);
	KUNIT_EXPECT_EQ(test, access.calls, has_access ? 2 : 0);
	if (has_access) {
		KUNIT_EXPECT_EQ(test, access.addr, addr + 108);
		KUNIT_EXPECT_PTR_EQ(test, access.buf, (void *)buf + 8);
		KUNIT_EXPECT_EQ(test, access.len, 24);
		KUNIT_EXPECT_EQ(test, access.write & FOLL_WRITE, FOLL_WRITE);
	}

	access.ret = -EIO;
	access.calls = 0;
	KUNIT_EXPECT_EQ(test, access_remote_vm(current->mm, addr, buf, 32, 0), 0);
	KUNIT_EXPECT_EQ(test, access.calls, has_access ? 1 : 0);
	KUNIT_EXPECT_EQ(test, access.write & FOLL_WRITE, 0);
}

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
	{}
};

static struct kunit_suite access_remote_vm_suite = {
	.name = "access_remote_vm",
	.init = gup_driver_init,
	.test_cases = access_remote_vm_cases,
};

kunit_test_suite(access_remote_vm_suite);

MODULE_DESCRIPTION("KUnit tests for access_remote_vm()");
MODULE_LICENSE("GPL");
