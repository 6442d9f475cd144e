// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests for ->fault of vm_operations_struct: when it is called, what it is
 * told, and what becomes of what it returns.
 *
 * A page that ->fault returns comes with one reference, which then belongs to the
 * mapping. So whatever happens on the way, the driver's pages must have the
 * driver's own reference left, and no other, when the last mapping is gone.
 */
#include <kunit/test.h>
#include <linux/gfp.h>
#include <linux/highmem.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/mmap_lock.h>
#include <linux/module.h>
#include <linux/pagemap.h>
#include <linux/pgtable.h>

#include "check_bytes.h"
#include "fault_driver.h"
#include "mm_kunit.h"
#include "test_driver.h"
#include "user_checks.h"
#include "user_vma.h"

static const struct access {
	const char *desc;
	unsigned long flags;	/* of mmap() */
	unsigned int fault;	/* the flags of the fault */
	bool copied;		/* the process gets a copy of the page */
} accesses[] = {
	{ .desc = "shared_read", .flags = MAP_SHARED },
	{ .desc = "shared_write", .flags = MAP_SHARED, .fault = FAULT_FLAG_WRITE },
	{ .desc = "private_read", .flags = MAP_PRIVATE },
	{ .desc = "private_write", .flags = MAP_PRIVATE, .fault = FAULT_FLAG_WRITE,
	  .copied = true },
};

KUNIT_ARRAY_PARAM_DESC(access, accesses, desc);

/* -- the call of ->fault ---------------------------------------------------- */

static const struct vm_operations_struct no_fault_ops = {};

/*
 * Without ->fault, an access to an empty page table entry is a bus error, because
 * there is nobody to ask for a page. A driver whose ->mmap maps all that there is
 * relies on this: the rest of its VMA stays empty, and copies to and from it fail
 * instead of looping.
 */
static void fault_without_handler(struct kunit *test)
{
	struct fault_driver *drv = fault_driver(test);
	struct page *page;
	char buf[8];

	drv->base.ops = &no_fault_ops;
	fault_driver_map(test, PROT_RW, MAP_SHARED);
	KUNIT_EXPECT_EQ(test, user_fault(AT, 0), VM_FAULT_SIGBUS);
	KUNIT_EXPECT_EQ(test, user_fault(AT, FAULT_FLAG_WRITE), VM_FAULT_SIGBUS);
	KUNIT_EXPECT_EQ(test, copy_from_user(buf, (void __user *)AT, 8), 8);
	KUNIT_EXPECT_EQ(test, user_write(AT, 1), false);
	KUNIT_EXPECT_EQ(test, get_user_pages_unlocked(AT, 1, &page, 0), -EFAULT);
	MM_KUNIT_EXPECT(test, user_check_none(test, AT));

	/*
	 * The same holds next to a page that ->mmap has mapped:
	 *
	 *      AT
	 *      |-- last page of the driver --|-- empty --|
	 */
	drv->base.how = DRV_INSERT_PAGE;
	test_driver_map(test, AT, TEST_DRIVER_PAGES - 1, 2, PROT_RW, MAP_SHARED | MAP_FIXED);
	KUNIT_EXPECT_EQ(test, user_write(AT, 1), true);
	KUNIT_EXPECT_EQ(test, user_fault(AT + PAGE_SIZE, 0), VM_FAULT_SIGBUS);
	KUNIT_EXPECT_EQ(test, user_write(AT + PAGE_SIZE, 1), false);
}

/*
 * ->fault is told which page of the file is accessed, at which address, and how, and
 * gets a page to copy to if the process needs a copy: it finds the page by
 * vmf->pgoff, see struct vm_fault. It may sleep and start I/O, whatever the gfp mask
 * of the file is, because it is called with no lock but the mmap_lock.
 */
static void fault_arguments(struct kunit *test)
{
	const struct access *row = test->param_value;
	const unsigned int flags = row->fault | FAULT_FLAG_REMOTE;
	struct fault_driver *drv = fault_driver(test);
	vm_fault_t ret;

	mapping_set_gfp_mask(fault_driver_mapping(drv), GFP_NOWAIT);
	fault_driver_map(test, PROT_RW, row->flags);
	ret = user_fault(AT + 2 * PAGE_SIZE + 123, flags);
	KUNIT_EXPECT_EQ(test, ret & VM_FAULT_ERROR, 0);
	FAULT_EXPECT_CALLS(test, "f");
	KUNIT_EXPECT_EQ(test, drv->address, AT + 2 * PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, drv->real_address, AT + 2 * PAGE_SIZE + 123);
	KUNIT_EXPECT_EQ(test, drv->pgoff, PGOFF + 2);
	KUNIT_EXPECT_EQ(test, drv->flags & flags, flags);
	KUNIT_EXPECT_EQ(test, drv->flags & FAULT_FLAG_WRITE, row->fault);
	KUNIT_EXPECT_PTR_EQ(test, drv->page, NULL);
	KUNIT_EXPECT_EQ(test, !!drv->copy, row->copied);
	KUNIT_EXPECT_EQ(test, drv->gfp, GFP_NOWAIT | __GFP_FS | __GFP_IO);
}

static const struct page_return {
	const char *desc;
	vm_fault_t ret;		/* what ->fault returns with the page */
	unsigned long flags;	/* of mmap() */
	unsigned int fault;	/* the flags of the fault */
	bool writable;		/* the page table entry afterwards */
	bool copied;		/* the process gets a copy of the page */
} page_returns[] = {
	{ .desc = "shared_read", .flags = MAP_SHARED, .writable = true },
	{ .desc = "shared_write", .flags = MAP_SHARED, .fault = FAULT_FLAG_WRITE,
	  .writable = true },
	{ .desc = "private_read", .flags = MAP_PRIVATE },
	{ .desc = "private_write", .flags = MAP_PRIVATE, .fault = FAULT_FLAG_WRITE,
	  .writable = true, .copied = true },
	{ .desc = "shared_read_locked", .ret = VM_FAULT_LOCKED, .flags = MAP_SHARED,
	  .writable = true },
	{ .desc = "shared_write_locked", .ret = VM_FAULT_LOCKED, .flags = MAP_SHARED,
	  .fault = FAULT_FLAG_WRITE, .writable = true },
	{ .desc = "private_read_locked", .ret = VM_FAULT_LOCKED, .flags = MAP_PRIVATE },
	{ .desc = "private_write_locked", .ret = VM_FAULT_LOCKED, .flags = MAP_PRIVATE,
	  .fault = FAULT_FLAG_WRITE, .writable = true, .copied = true },
};

KUNIT_ARRAY_PARAM_DESC(page_return, page_returns, desc);

/*
 * The page that ->fault returns, unlocked or locked with VM_FAULT_LOCKED, is mapped
 * at the address of the fault, or is copied for a write to a private mapping. The
 * kernel unlocks it, and its reference becomes the mapping's: a driver hands over
 * one reference for each fault, and munmap() drops it.
 */
static void fault_returns_page(struct kunit *test)
{
	const struct page_return *row = test->param_value;
	struct fault_driver *drv = fault_driver(test);
	struct page *page = drv->base.pages[1];
	unsigned long addr = AT + PAGE_SIZE;
	vm_fault_t ret;

	drv->ret = row->ret;
	fault_driver_map(test, PROT_RW, row->flags);
	ret = user_fault(addr, row->fault);
	KUNIT_EXPECT_EQ(test, ret & (VM_FAULT_ERROR | VM_FAULT_NOPAGE), 0);
	FAULT_EXPECT_CALLS(test, "f");
	USER_EXPECT_PTE(test, addr, present, true);
	if (row->copied)
		KUNIT_EXPECT_NE(test, pte_pfn(user_pte_at(addr)), page_to_pfn(page));
	else
		KUNIT_EXPECT_EQ(test, pte_pfn(user_pte_at(addr)), page_to_pfn(page));
	USER_EXPECT_PTE(test, addr, write, row->writable);
	if (row->fault)
		USER_EXPECT_PTE(test, addr, dirty, true);
	USER_EXPECT_PTE(test, addr, young, true);
	MM_KUNIT_EXPECT(test, user_check_reads(test, addr, page));
	FAULT_EXPECT_MAPPED(test, page, !row->copied);
	MM_KUNIT_EXPECT_RSS(test, !row->copied, row->copied, 0, "after the fault");
	MM_KUNIT_EXPECT(test, user_check_none(test, AT));
	MM_KUNIT_EXPECT(test, user_check_none(test, addr + PAGE_SIZE));

	/* The page stays mapped, so the next access needs no fault. */
	KUNIT_EXPECT_PTR_NE(test, user_page(addr, 0), NULL);
	FAULT_EXPECT_CALLS(test, "");
	KUNIT_ASSERT_EQ(test, vm_munmap(AT, TEST_DRIVER_PAGES * PAGE_SIZE), 0);
	FAULT_EXPECT_MAPPED(test, page, 0);
	MM_KUNIT_EXPECT_RSS(test, 0, 0, 0, "after munmap()");
}

/*
 * A page that is swap-backed is counted in MM_SHMEMPAGES, and every other page of a
 * file in MM_FILEPAGES, because the two need different means to be reclaimed. The
 * counters are RssShmem and RssFile of /proc/PID/status (proc.rst).
 */
static void fault_returns_swapbacked_page(struct kunit *test)
{
	struct fault_driver *drv = fault_driver(test);

	__folio_set_swapbacked(page_folio(drv->base.pages[0]));
	fault_driver_map(test, PROT_RW, MAP_SHARED);
	KUNIT_EXPECT_EQ(test, user_fault(AT, 0), 0);
	MM_KUNIT_EXPECT_RSS(test, 0, 0, 1, "after the fault");
	KUNIT_ASSERT_EQ(test, vm_munmap(AT, TEST_DRIVER_PAGES * PAGE_SIZE), 0);
	MM_KUNIT_EXPECT_RSS(test, 0, 0, 0, "after munmap()");
}

/*
 * A fault counts as major if ->fault says VM_FAULT_MAJOR, that is, if the page had to
 * be read from storage, or if it had to be tried again, and else as minor. A fault
 * that fails is not counted. getrusage() and perf show users these numbers.
 */
static void fault_major(struct kunit *test)
{
	struct fault_driver *drv = fault_driver(test);
	unsigned long maj = current->maj_flt, min = current->min_flt;

	fault_driver_map(test, PROT_RW, MAP_SHARED);
	KUNIT_EXPECT_EQ(test, user_fault(AT, 0), 0);
	KUNIT_EXPECT_EQ(test, current->maj_flt, maj);
	KUNIT_EXPECT_EQ(test, current->min_flt, min + 1);

	drv->ret = VM_FAULT_MAJOR;
	KUNIT_EXPECT_EQ(test, user_fault(AT + PAGE_SIZE, 0), VM_FAULT_MAJOR);
	KUNIT_EXPECT_EQ(test, current->maj_flt, maj + 1);
	KUNIT_EXPECT_EQ(test, current->min_flt, min + 1);

	/* The second try of a fault. */
	drv->ret = 0;
	KUNIT_EXPECT_EQ(test, user_fault(AT + 2 * PAGE_SIZE, FAULT_FLAG_TRIED), 0);
	KUNIT_EXPECT_EQ(test, current->maj_flt, maj + 2);

	drv->ret = VM_FAULT_SIGBUS;
	KUNIT_EXPECT_EQ(test, user_fault(AT + 3 * PAGE_SIZE, 0), VM_FAULT_SIGBUS);
	KUNIT_EXPECT_EQ(test, current->maj_flt, maj + 2);
	KUNIT_EXPECT_EQ(test, current->min_flt, min + 1);
}

static const struct error {
	const char *desc;
	vm_fault_t ret;		/* what ->fault returns */
	int err;		/* what get_user_pages() returns */
	int hwpoison_err;	/* what it returns with FOLL_HWPOISON */
} errors[] = {
	{ .desc = "sigbus", .ret = VM_FAULT_SIGBUS, .err = -EFAULT, .hwpoison_err = -EFAULT },
	{ .desc = "sigsegv", .ret = VM_FAULT_SIGSEGV, .err = -EFAULT, .hwpoison_err = -EFAULT },
	{ .desc = "oom", .ret = VM_FAULT_OOM, .err = -ENOMEM, .hwpoison_err = -ENOMEM },
	{ .desc = "hwpoison", .ret = VM_FAULT_HWPOISON, .err = -EFAULT,
	  .hwpoison_err = -EHWPOISON },
	{ .desc = "hwpoison_large", .ret = VM_FAULT_HWPOISON_LARGE, .err = -EFAULT,
	  .hwpoison_err = -EHWPOISON },
};

KUNIT_ARRAY_PARAM_DESC(error, errors, desc);

/*
 * An error of ->fault is returned to the caller that needed the page, and maps
 * nothing. get_user_pages() makes an errno of it (vm_fault_to_errno()). A copy by the
 * kernel is cut short at the bad page, so that what was copied before arrives.
 */
static void fault_returns_error(struct kunit *test)
{
	const struct error *row = test->param_value;
	struct fault_driver *drv = fault_driver(test);
	struct page **pages = drv->base.pages;
	const unsigned long addr = AT + PMD_SIZE;
	struct page *page;
	size_t left;
	char *buf;
	long nr;
	int i;

	/*
	 *      AT                     AT + PMD_SIZE
	 *      |-- p0 --|-- bad --|   |-- bad --|
	 */
	fault_driver_map(test, PROT_RW, MAP_SHARED);
	KUNIT_EXPECT_EQ(test, user_fault(AT, 0), 0);
	drv->ret = row->ret;
	for (i = 0; i < ARRAY_SIZE(accesses); i++) {
		const struct access *access = &accesses[i];

		test_driver_map(test, addr, 1, 1, PROT_RW, access->flags | MAP_FIXED);
		KUNIT_EXPECT_EQ_MSG(test, user_fault(addr, access->fault), row->ret,
				    "%s", access->desc);
		KUNIT_EXPECT_EQ_MSG(test, !!drv->copy, access->copied, "%s", access->desc);
		FAULT_EXPECT_COPY_FREED(test, "after a %s", access->desc);
		nr = get_user_pages_unlocked(addr, 1, &page, 0);
		KUNIT_EXPECT_EQ_MSG(test, nr, row->err, "%s", access->desc);
		nr = get_user_pages_unlocked(addr, 1, &page, FOLL_HWPOISON);
		KUNIT_EXPECT_EQ_MSG(test, nr, row->hwpoison_err, "%s", access->desc);
		MM_KUNIT_EXPECT_MSG(test, user_check_none(test, addr), "%s", access->desc);
		MM_KUNIT_EXPECT_COUNTS(test, pages[1], 1, 0, "page 1 after a %s", access->desc);
		MM_KUNIT_EXPECT_RSS(test, 1, 0, 0, "after a %s", access->desc);
	}

	if (row->ret & (VM_FAULT_SIGBUS | VM_FAULT_SIGSEGV)) {
		buf = kunit_kzalloc(test, 2 * PAGE_SIZE, GFP_KERNEL);
		KUNIT_ASSERT_NOT_NULL(test, buf);
		left = copy_from_user(buf, (void __user *)AT, 2 * PAGE_SIZE);
		KUNIT_EXPECT_GE(test, left, PAGE_SIZE);
		KUNIT_ASSERT_LT(test, left, 2 * PAGE_SIZE);
		MM_KUNIT_EXPECT(test, check_bytes(test, buf, page_address(pages[0]),
						  2 * PAGE_SIZE - left));
		left = copy_to_user((void __user *)AT, buf, 2 * PAGE_SIZE);
		KUNIT_EXPECT_EQ(test, left, PAGE_SIZE);
	}
}

/*
 * After VM_FAULT_NOPAGE the kernel maps nothing, because ->fault says with it that it
 * has mapped the page itself. If it has not, the access faults again and ->fault is
 * called again. The copy that was allocated for a private write is freed.
 */
static void fault_returns_nopage(struct kunit *test)
{
	const struct access *row = test->param_value;
	struct fault_driver *drv = fault_driver(test);

	drv->ret = VM_FAULT_NOPAGE;
	fault_driver_map(test, PROT_RW, row->flags);
	KUNIT_EXPECT_EQ(test, user_fault(AT, row->fault), VM_FAULT_NOPAGE);
	MM_KUNIT_EXPECT(test, user_check_none(test, AT));
	KUNIT_EXPECT_EQ_MSG(test, !!drv->copy, row->copied, "whether there was a copy");
	FAULT_EXPECT_COPY_FREED(test, "after the fault");
	KUNIT_EXPECT_EQ(test, user_fault(AT, row->fault), VM_FAULT_NOPAGE);
	FAULT_EXPECT_CALLS(test, "ff");
	FAULT_EXPECT_MAPPED(test, drv->base.pages[0], 0);
	MM_KUNIT_EXPECT_RSS(test, 0, 0, 0, "after VM_FAULT_NOPAGE");
}

/*
 * After VM_FAULT_RETRY the whole fault begins anew, because ->fault has dropped the
 * mmap_lock to wait, and the VMA may be gone by then. The first try leaves nothing
 * behind. get_user_pages() makes the second try itself.
 */
static void fault_returns_retry(struct kunit *test)
{
	const struct access *row = test->param_value;
	struct fault_driver *drv = fault_driver(test);
	struct page **pages = drv->base.pages;
	struct page *page = NULL;
	vm_fault_t ret;
	long nr;

	drv->base.retry_at = 0;
	fault_driver_map(test, PROT_RW, row->flags);
	ret = user_fault(AT, row->fault | FAULT_FLAG_ALLOW_RETRY);
	KUNIT_EXPECT_EQ(test, ret, VM_FAULT_RETRY);
	MM_KUNIT_EXPECT(test, user_check_none(test, AT));
	MM_KUNIT_EXPECT_RSS(test, 0, 0, 0, "after VM_FAULT_RETRY");
	KUNIT_EXPECT_EQ_MSG(test, !!drv->copy, row->copied, "whether there was a copy");
	FAULT_EXPECT_COPY_FREED(test, "after the fault");
	FAULT_EXPECT_CALLS(test, "f");

	nr = get_user_pages_unlocked(AT, 1, &page, row->fault ? FOLL_WRITE : 0);
	KUNIT_ASSERT_EQ(test, nr, 1);
	put_page(page);
	if (row->copied)
		KUNIT_EXPECT_PTR_NE(test, page, pages[0]);
	else
		KUNIT_EXPECT_PTR_EQ(test, page, pages[0]);
	FAULT_EXPECT_CALLS(test, "ff");
	FAULT_EXPECT_MAPPED(test, pages[0], !row->copied);
}

static vm_fault_t fault_copies(struct vm_fault *vmf, struct fault_driver *drv)
{
	memset_page(vmf->cow_page, 0, 0xa5, PAGE_SIZE);
	__SetPageUptodate(vmf->cow_page);

	return finish_fault(vmf) | VM_FAULT_DONE_COW;
}

/*
 * After VM_FAULT_DONE_COW the kernel does nothing more, because ->fault has filled in
 * vmf->cow_page and mapped it by finish_fault(). Handlers without a page to copy from
 * (DAX) rely on it.
 */
static void private_write_done_cow(struct kunit *test)
{
	struct fault_driver *drv = fault_driver(test);
	struct page **pages = drv->base.pages;

	drv->fault = fault_copies;
	fault_driver_map(test, PROT_RW, MAP_PRIVATE);
	KUNIT_EXPECT_EQ(test, user_fault(AT, FAULT_FLAG_WRITE), VM_FAULT_DONE_COW);
	KUNIT_ASSERT_EQ(test, !!pte_write(user_pte_at(AT)), true);
	memset_page(pages[0], 0, 0xa5, PAGE_SIZE);
	MM_KUNIT_EXPECT(test, user_check_reads(test, AT, pages[0]));
	MM_KUNIT_EXPECT_RSS(test, 0, 1, 0, "after the write");
	KUNIT_ASSERT_EQ(test, vm_munmap(AT, TEST_DRIVER_PAGES * PAGE_SIZE), 0);
	MM_KUNIT_EXPECT_RSS(test, 0, 0, 0, "after munmap()");
}

/* Maps the second page itself, as another thread might, and returns the first. */
static vm_fault_t fault_beaten(struct vm_fault *vmf, struct fault_driver *drv)
{
	vmf_insert_page(vmf->vma, vmf->address, drv->base.pages[1]);
	vmf->page = drv->base.pages[0];
	get_page(vmf->page);

	return 0;
}

/*
 * If another thread has mapped a page while ->fault ran, that page stays mapped, and
 * the page that ->fault returns is put. ->fault runs without the lock of the page
 * table, so two threads can be in it for the same address.
 */
static void fault_beaten_by_another(struct kunit *test)
{
	const struct access *row = test->param_value;
	struct fault_driver *drv = fault_driver(test);
	struct page **pages = drv->base.pages;

	drv->fault = fault_beaten;
	drv->base.set = VM_MIXEDMAP;
	fault_driver_map(test, PROT_RW, row->flags);
	KUNIT_EXPECT_EQ(test, user_fault(AT, row->fault), VM_FAULT_NOPAGE);
	KUNIT_EXPECT_EQ(test, pte_pfn(user_pte_at(AT)), page_to_pfn(pages[1]));
	FAULT_EXPECT_MAPPED(test, pages[1], 1);
	FAULT_EXPECT_MAPPED(test, pages[0], 0);
	KUNIT_EXPECT_EQ_MSG(test, !!drv->copy, row->copied, "whether there was a copy");
	FAULT_EXPECT_COPY_FREED(test, "after the fault");
	MM_KUNIT_EXPECT_RSS(test, 1, 0, 0, "after the fault");
}

/*
 * If an allocation fails during a fault, the fault returns VM_FAULT_OOM and maps
 * nothing, and neither the driver's page nor the copy is leaked. Each allocation
 * fails in turn: the tables of the page table, the anon_vma, and the copy.
 */
static void fault_no_memory(struct kunit *test)
{
	const struct access *row = test->param_value;
	const unsigned long at = user_table_border() - 2 * PAGE_SIZE;
	const unsigned long addr = at + 2 * PAGE_SIZE;
	struct fault_driver *drv = fault_driver(test);
	struct page **pages = drv->base.pages;
	struct mm_kunit_failing fail;
	unsigned int errors = 0;

	mm_kunit_fail_setup(test, MM_KUNIT_FAIL_ONE);
	/*
	 *      at
	 *      |-- p0 --|-- p1 --|-- p2 --|-- p3 --|
	 *                        ^ here begin new tables on all levels
	 */
	mm_kunit_for_each_failing(test, &fail) {
		vm_fault_t ret;

		fault_driver_drop_copy(drv);
		test_driver_map(test, at, 0, TEST_DRIVER_PAGES, PROT_RW,
				row->flags | MAP_FIXED);
		mm_kunit_fail_begin(&fail);
		ret = user_fault(addr, row->fault);
		mm_kunit_fail_end(&fail);
		/* The fault need not fail: KASAN can do without some of its records. */
		if (ret & VM_FAULT_ERROR) {
			errors++;
			KUNIT_EXPECT_EQ_MSG(test, ret, VM_FAULT_OOM, "allocation %u", fail.nth);
			MM_KUNIT_EXPECT_MSG(test, user_check_none(test, addr),
					    "allocation %u", fail.nth);
			MM_KUNIT_EXPECT_COUNTS(test, pages[2], 1, 0, "page 2, allocation %u",
					       fail.nth);
			FAULT_EXPECT_COPY_FREED(test, "after allocation %u has failed",
						fail.nth);
			MM_KUNIT_EXPECT_RSS(test, 0, 0, 0, "after allocation %u has failed",
					    fail.nth);
		}
		if (!fail.reached)
			KUNIT_EXPECT_EQ_MSG(test, ret & VM_FAULT_ERROR, 0,
					    "no allocation has failed");
		KUNIT_ASSERT_EQ_MSG(test, vm_munmap(at, TEST_DRIVER_PAGES * PAGE_SIZE), 0,
				    "round %u", fail.nth);
		MM_KUNIT_EXPECT_COUNTS(test, pages[2], 1, 0, "page 2 after munmap(), round %u",
				       fail.nth);
		MM_KUNIT_EXPECT_RSS(test, 0, 0, 0, "after munmap(), round %u", fail.nth);
	}
	KUNIT_EXPECT_GT_MSG(test, errors, 0, "faults that have failed");
}

static const struct impossible {
	const char *desc;
	unsigned long prot;
	unsigned long flags;	/* of mmap() */
	vm_flags_t clear;	/* VMA flags that ->mmap clears */
	unsigned int fault;	/* the flags of the fault */
} impossibles[] = {
	{ .desc = "unshare_and_write", .prot = PROT_RW, .flags = MAP_PRIVATE,
	  .fault = FAULT_FLAG_UNSHARE | FAULT_FLAG_WRITE },
	{ .desc = "write_to_shared_read_only", .prot = PROT_READ, .flags = MAP_SHARED,
	  .fault = FAULT_FLAG_WRITE },
	{ .desc = "write_to_never_writable", .prot = PROT_READ, .flags = MAP_PRIVATE,
	  .clear = VM_MAYWRITE, .fault = FAULT_FLAG_WRITE },
};

KUNIT_ARRAY_PARAM_DESC(impossible, impossibles, desc);

/*
 * A fault with flags that contradict each other or the VMA warns and is
 * VM_FAULT_SIGSEGV, and ->fault is not called: the caller of handle_mm_fault() should
 * have refused the access. A forced write (ptrace) is for private mappings only.
 */
static void fault_impossible(struct kunit *test)
{
	const struct impossible *row = test->param_value;
	struct fault_driver *drv = fault_driver(test);
	vm_fault_t ret = 0;

	drv->base.clear = row->clear;
	fault_driver_map(test, row->prot, row->flags);
	kunit_warning_suppress(test) {
		ret = user_fault(AT, row->fault);
		KUNIT_EXPECT_SUPPRESSED_WARNING_COUNT(test, MM_KUNIT_WARN(1));
	}
	KUNIT_EXPECT_EQ(test, ret, VM_FAULT_SIGSEGV);
	FAULT_EXPECT_CALLS(test, "");
	MM_KUNIT_EXPECT(test, user_check_none(test, AT));
}

#ifdef CONFIG_PER_VMA_LOCK
/*
 * ->fault is only called under the mmap_lock (locking.rst), unless the driver has
 * ->map_pages: a fault that holds the VMA lock only is to be tried again with the
 * mmap_lock. Drivers rely on that, as their handlers may look at other VMAs.
 * ->map_pages is called under either lock, and so is ->fault of the same vm_ops.
 */
static void fault_not_under_vma_lock(struct kunit *test)
{
	const struct access *row = test->param_value;
	struct fault_driver *drv = fault_driver(test);
	vm_fault_t ret;

	fault_driver_map(test, PROT_RW, row->flags);
	KUNIT_EXPECT_EQ(test, user_fault_vma_lock(AT, row->fault), VM_FAULT_RETRY);
	FAULT_EXPECT_CALLS(test, "");
	MM_KUNIT_EXPECT(test, user_check_none(test, AT));

	drv->base.ops = &around_ops;
	fault_driver_map(test, PROT_RW, row->flags);
	/*
	 * The fault needs no mmap_lock, so it does not matter that it is held for
	 * writing; but for the first copy in a VMA, which gives it an anon_vma.
	 */
	mmap_write_lock(current->mm);
	ret = user_fault_vma_lock(AT, row->fault);
	mmap_write_unlock(current->mm);
	KUNIT_EXPECT_EQ(test, ret, row->copied ? VM_FAULT_RETRY : 0);
	if (row->copied) {
		KUNIT_EXPECT_EQ(test, user_fault(AT + PAGE_SIZE, row->fault), 0);
		FAULT_EXPECT_CALLS(test, "f");
		KUNIT_EXPECT_EQ(test, user_fault_vma_lock(AT, row->fault), 0);
	}
	/* What lies around a read are 64 KiB: with pages of that size, nothing does. */
	FAULT_EXPECT_CALLS(test, row->fault || PAGE_SIZE >= SZ_64K ? "f" : "mf");
	KUNIT_EXPECT_EQ(test, drv->flags & FAULT_FLAG_VMA_LOCK, FAULT_FLAG_VMA_LOCK);
}
#endif

/* -- today's implementation, not promised ---------------------------------- */

static const struct large {
	const char *desc;
	loff_t size;		/* of the file */
	unsigned int nr;	/* of the pages in the VMA */
	unsigned int skip;	/* the first page of the folio in the VMA */
	unsigned int fault;	/* the page of the VMA that is accessed */
	long shift;		/* pages from the start of a page table to the VMA */
	bool other;		/* the other page is mapped before */
	unsigned int mapped;	/* the number of pages that are mapped afterwards */
} larges[] = {
	{ .desc = "first_page", .size = 2 * PAGE_SIZE, .nr = 2, .mapped = 2 },
	{ .desc = "second_page", .size = 2 * PAGE_SIZE, .nr = 2, .fault = 1, .mapped = 2 },
	{ .desc = "file_ends_in_second_page", .size = PAGE_SIZE + 1, .nr = 2, .mapped = 2 },
	/* An access beyond the end of the file has to fault, to get its SIGBUS. */
	{ .desc = "file_ends_with_first_page", .size = PAGE_SIZE, .nr = 2, .mapped = 1 },
	{ .desc = "file_is_empty", .size = 0, .nr = 2, .fault = 1, .mapped = 1 },
	{ .desc = "vma_ends_with_first_page", .size = 2 * PAGE_SIZE, .nr = 1, .mapped = 1 },
	{ .desc = "vma_begins_with_second_page", .size = 2 * PAGE_SIZE, .nr = 1, .skip = 1,
	  .shift = 3, .mapped = 1 },
	{ .desc = "table_ends_with_first_page", .size = 2 * PAGE_SIZE, .nr = 2,
	  .shift = -1, .mapped = 1 },
	{ .desc = "table_begins_with_second_page", .size = 2 * PAGE_SIZE, .nr = 2, .fault = 1,
	  .shift = -1, .mapped = 1 },
	{ .desc = "table_ends_with_second_page", .size = 2 * PAGE_SIZE, .nr = 2, .fault = 1,
	  .shift = -2, .mapped = 2 },
	{ .desc = "second_page_is_there", .size = 2 * PAGE_SIZE, .nr = 2, .other = true,
	  .mapped = 2 },
};

KUNIT_ARRAY_PARAM_DESC(large, larges, desc);

/*
 * If ->fault returns a page of a large folio, all of the folio is mapped at once as
 * far as it is safe: only if the file, the VMA and the page table have room for all
 * of it. Each page that is mapped holds a reference of the folio.
 *
 *      at
 *      |-- page 0 --|-- page 1 --|    one folio of two pages
 */
static void fault_returns_large_page(struct kunit *test)
{
	const struct large *row = test->param_value;
	struct fault_driver *drv = fault_driver(test);
	struct inode *inode = file_inode(drv->base.file->filp);
	const unsigned long at = AT + row->shift * PAGE_SIZE;
	const unsigned long addr = at + row->fault * PAGE_SIZE;
	struct page *folio = mm_kunit_pages(test, GFP_KERNEL, 1);
	unsigned int i;

	/* The page of the file that it begins with. */
	page_folio(folio)->index = 0;
	drv->base.pages[0] = folio;
	drv->base.pages[1] = folio + 1;
	test_driver_map(test, at, row->skip, row->nr, PROT_RW, MAP_SHARED | MAP_FIXED);
	if (row->other) {
		i_size_write(inode, 0);
		KUNIT_EXPECT_EQ(test, user_fault(at + (1 - row->fault) * PAGE_SIZE, 0), 0);
		MM_KUNIT_EXPECT_RSS(test, 1, 0, 0, "after the fault on the other page");
	}
	i_size_write(inode, row->size);
	KUNIT_EXPECT_EQ(test, user_fault(addr, 0), 0);
	MM_KUNIT_EXPECT(test, user_check_page(test, addr, folio + row->fault + row->skip));
	for (i = 0; i < row->nr; i++) {
		unsigned long other = at + i * PAGE_SIZE;

		if (row->mapped == row->nr)
			MM_KUNIT_EXPECT_MSG(test,
					    user_check_page(test, other, folio + i + row->skip),
					    "page %u", i);
		else if (i != row->fault)
			MM_KUNIT_EXPECT_MSG(test, user_check_none(test, other), "page %u", i);
	}
	MM_KUNIT_EXPECT(test, user_check_none(test, at - PAGE_SIZE));
	MM_KUNIT_EXPECT(test, user_check_none(test, at + row->nr * PAGE_SIZE));
	FAULT_EXPECT_MAPPED(test, folio, row->mapped);
	MM_KUNIT_EXPECT_RSS(test, row->mapped, 0, 0, "after the fault");
	KUNIT_ASSERT_EQ(test, vm_munmap(at, row->nr * PAGE_SIZE), 0);
	FAULT_EXPECT_MAPPED(test, folio, 0);
	MM_KUNIT_EXPECT_RSS(test, 0, 0, 0, "after munmap()");
}

static struct kunit_case vm_fault_cases[] = {
	KUNIT_CASE(fault_without_handler),
	KUNIT_CASE_PARAM(fault_arguments, access_gen_params),
	KUNIT_CASE_PARAM(fault_returns_page, page_return_gen_params),
	KUNIT_CASE(fault_returns_swapbacked_page),
	KUNIT_CASE(fault_major),
	KUNIT_CASE_PARAM(fault_returns_error, error_gen_params),
	KUNIT_CASE_PARAM(fault_returns_nopage, access_gen_params),
	KUNIT_CASE_PARAM(fault_returns_retry, access_gen_params),
	KUNIT_CASE(private_write_done_cow),
	KUNIT_CASE_PARAM(fault_beaten_by_another, access_gen_params),
	KUNIT_CASE_PARAM(fault_no_memory, access_gen_params),
	KUNIT_CASE_PARAM(fault_impossible, impossible_gen_params),
#ifdef CONFIG_PER_VMA_LOCK
	KUNIT_CASE_PARAM(fault_not_under_vma_lock, access_gen_params),
#endif
	KUNIT_CASE_PARAM(fault_returns_large_page, large_gen_params),
	{}
};

static struct kunit_suite vm_fault_suite = {
	.name = "vm_fault",
	.init = fault_driver_init,
	.test_cases = vm_fault_cases,
};

kunit_test_suite(vm_fault_suite);

MODULE_DESCRIPTION("KUnit tests for ->fault of vm_operations_struct");
MODULE_LICENSE("GPL");
