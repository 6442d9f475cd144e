// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests for what a driver and its file get to know of writes: ->page_mkwrite
 * and ->pfn_mkwrite of vm_operations_struct, dirty pages, the mtime, and the copies
 * that writes to private mappings make.
 */
#include <kunit/test.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/module.h>
#include <linux/pagemap.h>
#include <linux/pgtable.h>

#include "fault_driver.h"
#include "mm_kunit.h"
#include "test_driver.h"
#include "user_checks.h"
#include "user_vma.h"

/* Gives the driver's file an old mtime, and returns its inode. */
static struct inode *inode_with_old_mtime(struct fault_driver *drv)
{
	struct inode *inode = file_inode(drv->base.file->filp);

	inode_set_mtime(inode, -1, 0);
	return inode;
}

static void clear_mapping(void *page)
{
	((struct page *)page)->mapping = NULL;
}

/* Makes a page one of the page cache, in so far as a fault looks at that. */
static void set_mapping(struct kunit *test, struct page *page)
{
	page->mapping = fault_driver_mapping(fault_driver(test));
	mm_kunit_manage(test, clear_mapping, page);
}

static bool is_dirty(struct page *page)
{
	return folio_test_dirty(page_folio(page));
}

/* -- writes to private mappings --------------------------------------------- */

/* Looks for an anonymous page that only the process has, and that it has dirtied. */
static const char *check_own_copy(struct kunit *test, unsigned long addr)
{
	struct page *page = user_page(addr, 0);
	pte_t pte = user_pte_at(addr);

	if (!pte_young(pte) || !pte_dirty(pte))
		return mm_kunit_wrong(test,
				      "at %lx: expected a young and dirty entry, found %llx, young %d, dirty %d",
				      addr, (u64)pte_val(pte), !!pte_young(pte),
				      !!pte_dirty(pte));
	if (!page)
		return mm_kunit_wrong(test, "at %lx: expected a page, found none", addr);
	if (!PageAnon(page) || !PageAnonExclusive(page) || !PageUptodate(page))
		return mm_kunit_wrong(test,
				      "at %lx: expected anon 1, exclusive 1, uptodate 1, found %d, %d, %d",
				      addr, !!PageAnon(page),
				      PageAnon(page) && PageAnonExclusive(page),
				      !!PageUptodate(page));
	if (folio_mapcount(page_folio(page)) != 1)
		return mm_kunit_wrong(test, "at %lx: expected 1 mapping, found %d", addr,
				      folio_mapcount(page_folio(page)));

	return NULL;
}

/*
 * The first write to a private mapping that was only read copies the page and unmaps
 * it, because MAP_PRIVATE promises that the file does not change. The process goes
 * on with the copy, and the driver's page loses its mapping and its reference.
 */
static void private_write_after_read(struct kunit *test)
{
	struct fault_driver *drv = fault_driver(test);
	struct page **pages = drv->base.pages;
	u32 before = user_first_word(pages[1]);
	unsigned long addr = AT + PAGE_SIZE;

	fault_driver_map(test, PROT_RW, MAP_PRIVATE);
	KUNIT_EXPECT_EQ(test, user_fault(addr, 0), 0);
	MM_KUNIT_EXPECT(test, user_check_page(test, addr, pages[1]));
	MM_KUNIT_EXPECT_RSS(test, 1, 0, 0, "after the read");

	KUNIT_EXPECT_EQ(test, user_fault(addr, FAULT_FLAG_WRITE), 0);
	FAULT_EXPECT_CALLS(test, "f");
	KUNIT_EXPECT_NE(test, pte_pfn(user_pte_at(addr)), page_to_pfn(pages[1]));
	MM_KUNIT_ASSERT(test, check_own_copy(test, addr));
	USER_EXPECT_PTE(test, addr, write, true);
	FAULT_EXPECT_MAPPED(test, pages[1], 0);
	MM_KUNIT_EXPECT_RSS(test, 0, 1, 0, "after the write");
	MM_KUNIT_EXPECT(test, user_check_reads(test, addr, pages[1]));

	KUNIT_EXPECT_EQ(test, user_write(addr, ~before), true);
	KUNIT_EXPECT_EQ(test, user_first_word(pages[1]), before);
}

/*
 * If there is no memory for the copy, the write is VM_FAULT_OOM and the driver's page
 * stays mapped read-only, so that the process still sees the file.
 */
static void private_write_after_read_no_memory(struct kunit *test)
{
	struct fault_driver *drv = fault_driver(test);
	struct page **pages = drv->base.pages;
	struct mm_kunit_failing fail;
	unsigned int errors = 0;

	mm_kunit_fail_setup(test, MM_KUNIT_FAIL_ONE);
	mm_kunit_for_each_failing(test, &fail) {
		vm_fault_t ret;

		fault_driver_map(test, PROT_RW, MAP_PRIVATE);
		KUNIT_EXPECT_EQ_MSG(test, user_fault(AT, 0), 0, "round %u", fail.nth);
		mm_kunit_fail_begin(&fail);
		ret = user_fault(AT, FAULT_FLAG_WRITE);
		mm_kunit_fail_end(&fail);
		/* The fault need not fail: KASAN can do without some of its records. */
		if (ret) {
			errors++;
			KUNIT_EXPECT_EQ_MSG(test, ret, VM_FAULT_OOM, "allocation %u", fail.nth);
			MM_KUNIT_EXPECT_MSG(test, user_check_page(test, AT, pages[0]),
					    "allocation %u", fail.nth);
			KUNIT_EXPECT_EQ_MSG(test, !!pte_write(user_pte_at(AT)), false,
					    "allocation %u", fail.nth);
			MM_KUNIT_EXPECT_COUNTS(test, pages[0], 2, 1, "page 0, allocation %u",
					       fail.nth);
			MM_KUNIT_EXPECT_RSS(test, 1, 0, 0, "after allocation %u has failed",
					    fail.nth);
		}
		if (!fail.reached)
			KUNIT_EXPECT_EQ_MSG(test, ret, 0, "no allocation has failed");
		KUNIT_ASSERT_EQ_MSG(test, vm_munmap(AT, TEST_DRIVER_PAGES * PAGE_SIZE), 0,
				    "round %u", fail.nth);
		MM_KUNIT_EXPECT_COUNTS(test, pages[0], 1, 0, "page 0 after munmap(), round %u",
				       fail.nth);
		MM_KUNIT_EXPECT_RSS(test, 0, 0, 0, "after munmap(), round %u", fail.nth);
	}
	KUNIT_EXPECT_GT_MSG(test, errors, 0, "faults that have failed");
}

/*
 * A forced write to a private mapping that is read-only, as of a debugger that sets a
 * breakpoint, goes to a copy, because the file must not change, and the process may not
 * write to it: the entry stays read-only. It makes no difference whether nothing, the
 * driver's page, or the copy was mapped before.
 */
static void private_write_forced(struct kunit *test)
{
	struct fault_driver *drv = fault_driver(test);
	struct page **pages = drv->base.pages;
	int i;

	/* Page 0 is mapped before the write, and page 1 is not. */
	fault_driver_map(test, PROT_READ, MAP_PRIVATE);
	KUNIT_EXPECT_EQ(test, user_fault(AT, 0), 0);
	for (i = 0; i < 2; i++) {
		unsigned long addr = AT + i * PAGE_SIZE;
		unsigned long pfn;

		KUNIT_EXPECT_EQ_MSG(test, user_fault(addr, FAULT_FLAG_WRITE), 0, "page %d", i);
		MM_KUNIT_EXPECT_MSG(test, check_own_copy(test, addr), "page %d", i);
		USER_EXPECT_PTE(test, addr, write, false);
		MM_KUNIT_EXPECT_COUNTS(test, pages[i], 1, 0, "page %d", i);

		/* The second write finds the copy. */
		user_age(addr);
		pfn = pte_pfn(user_pte_at(addr));
		KUNIT_EXPECT_EQ_MSG(test, user_fault(addr, FAULT_FLAG_WRITE), 0, "page %d", i);
		MM_KUNIT_EXPECT_MSG(test, check_own_copy(test, addr), "page %d", i);
		KUNIT_EXPECT_EQ_MSG(test, pte_pfn(user_pte_at(addr)), pfn, "page %d", i);
		USER_EXPECT_PTE(test, addr, write, false);
		KUNIT_EXPECT_EQ_MSG(test, user_write(addr, 1), false, "page %d", i);
	}
	FAULT_EXPECT_CALLS(test, "ff");
	MM_KUNIT_EXPECT_RSS(test, 0, 2, 0, "after the writes");
}

/*
 * FAULT_FLAG_UNSHARE gives a private mapping a copy of the driver's page without
 * making it writable, so that a read-only pin sees what the process sees. A page that
 * is exclusive already needs no copy, and in a shared mapping the flag means a read.
 */
static void private_unshare(struct kunit *test)
{
	struct fault_driver *drv = fault_driver(test);
	struct page **pages = drv->base.pages;
	pte_t pte;

	fault_driver_map(test, PROT_READ, MAP_PRIVATE);
	KUNIT_EXPECT_EQ(test, user_fault(AT, 0), 0);
	MM_KUNIT_EXPECT(test, user_check_page(test, AT, pages[0]));
	KUNIT_EXPECT_EQ(test, user_fault(AT, FAULT_FLAG_UNSHARE), 0);
	KUNIT_EXPECT_NE(test, pte_pfn(user_pte_at(AT)), page_to_pfn(pages[0]));
	USER_EXPECT_PTE(test, AT, write, false);
	USER_EXPECT_PTE(test, AT, dirty, false);
	MM_KUNIT_EXPECT(test, user_check_reads(test, AT, pages[0]));
	FAULT_EXPECT_MAPPED(test, pages[0], 0);
	MM_KUNIT_EXPECT_RSS(test, 0, 1, 0, "after the page is unshared");

	pte = user_pte_at(AT);
	KUNIT_EXPECT_EQ(test, user_fault(AT, FAULT_FLAG_UNSHARE), 0);
	KUNIT_EXPECT_EQ(test, pte_val(user_pte_at(AT)), pte_val(pte));
	MM_KUNIT_EXPECT_RSS(test, 0, 1, 0, "after the exclusive page is unshared");

	fault_driver_map(test, PROT_READ, MAP_SHARED);
	KUNIT_EXPECT_EQ(test, user_fault(AT, FAULT_FLAG_UNSHARE), 0);
	KUNIT_EXPECT_EQ(test, user_fault(AT, FAULT_FLAG_UNSHARE), 0);
	MM_KUNIT_EXPECT(test, user_check_page(test, AT, pages[0]));
	USER_EXPECT_PTE(test, AT, write, false);
	KUNIT_EXPECT_EQ(test, is_dirty(pages[0]), false);
	FAULT_EXPECT_MAPPED(test, pages[0], 1);
	MM_KUNIT_EXPECT_RSS(test, 1, 0, 0, "of the shared mapping");
}

/* -- writes to shared mappings ---------------------------------------------- */

/*
 * The first write to a page of a shared mapping marks the page dirty and updates the
 * mtime of the file, without help of the driver, because else the data would not be
 * written back, and no backup would see the change. A read does neither.
 */
static void shared_write_dirties(struct kunit *test)
{
	struct fault_driver *drv = fault_driver(test);
	struct inode *inode = inode_with_old_mtime(drv);
	struct page **pages = drv->base.pages;

	fault_driver_map(test, PROT_RW, MAP_SHARED);
	KUNIT_EXPECT_EQ(test, user_fault(AT, 0), 0);
	KUNIT_EXPECT_EQ(test, is_dirty(pages[0]), false);
	KUNIT_EXPECT_EQ(test, inode_get_mtime_sec(inode), -1);
	KUNIT_EXPECT_EQ(test, user_fault(AT + PAGE_SIZE, FAULT_FLAG_WRITE), 0);
	KUNIT_EXPECT_EQ(test, is_dirty(pages[1]), true);
	KUNIT_EXPECT_NE(test, inode_get_mtime_sec(inode), -1);

	/* A page that is dirty already is mapped with a dirty entry on a read, too. */
	USER_EXPECT_PTE(test, AT, dirty, false);
	folio_mark_dirty(page_folio(pages[2]));
	KUNIT_EXPECT_EQ(test, user_fault(AT + 2 * PAGE_SIZE, 0), 0);
	USER_EXPECT_PTE(test, AT + 2 * PAGE_SIZE, dirty, true);
	FAULT_EXPECT_CALLS(test, "fff");

	/* Faults set the bits of the entry, as not all processors do it themselves. */
	user_age(AT);
	KUNIT_EXPECT_EQ(test, user_fault(AT, 0), 0);
	if (!arch_has_hw_pte_young())
		USER_EXPECT_PTE(test, AT, young, true);
	USER_EXPECT_PTE(test, AT, dirty, false);
	user_age(AT);
	KUNIT_EXPECT_EQ(test, user_fault(AT, FAULT_FLAG_WRITE), 0);
	USER_EXPECT_PTE(test, AT, young, true);
	USER_EXPECT_PTE(test, AT, dirty, true);
	FAULT_EXPECT_CALLS(test, "");
}

/*
 * ->pfn_mkwrite is not called for a page that has a struct page, since it is there for
 * raw page frames only (locking.rst). Such a page is mapped read-only at first
 * nevertheless; the first write marks it dirty and updates the mtime.
 */
static void shared_write_pfn_mkwrite(struct kunit *test)
{
	struct fault_driver *drv = fault_driver(test);
	struct inode *inode = inode_with_old_mtime(drv);
	struct page **pages = drv->base.pages;

	drv->base.ops = &pfn_mkwrite_ops;
	drv->mkwrite_ret = VM_FAULT_SIGBUS;
	fault_driver_map(test, PROT_RW, MAP_SHARED);
	KUNIT_EXPECT_EQ(test, user_fault(AT, 0), 0);
	USER_EXPECT_PTE(test, AT, write, false);
	KUNIT_EXPECT_EQ(test, user_fault(AT, FAULT_FLAG_WRITE), 0);
	FAULT_EXPECT_CALLS(test, "f");
	MM_KUNIT_EXPECT(test, user_check_page(test, AT, pages[0]));
	USER_EXPECT_PTE(test, AT, write, true);
	USER_EXPECT_PTE(test, AT, dirty, true);
	KUNIT_EXPECT_EQ(test, is_dirty(pages[0]), true);
	KUNIT_EXPECT_NE(test, inode_get_mtime_sec(inode), -1);
	FAULT_EXPECT_MAPPED(test, pages[0], 1);
}

/* Returns what fixup_user_fault() does, called with the mmap_lock held. */
static int user_fixup(unsigned long addr, unsigned int flags, bool *unlocked)
{
	int ret;

	mmap_read_lock(current->mm);
	ret = fixup_user_fault(current->mm, addr, flags, unlocked);
	mmap_read_unlock(current->mm);

	return ret;
}

static const struct writer {
	const char *desc;
	const struct vm_operations_struct *ops;
	bool read;		/* the pages are read before they are written to */
	const char *calls;
} writers[] = {
	{ .desc = "fault", .ops = &fault_ops, .calls = "ffff" },
	{ .desc = "page_mkwrite", .ops = &mkwrite_ops, .calls = "fwfwfwfw" },
	{ .desc = "page_mkwrite_after_read", .ops = &mkwrite_ops, .read = true,
	  .calls = "ffffwwww" },
	{ .desc = "pfn_mkwrite_after_read", .ops = &pfn_mkwrite_ops, .read = true,
	  .calls = "ffff" },
};

KUNIT_ARRAY_PARAM_DESC(writer, writers, desc);

/*
 * balance_dirty_pages() may sleep to wait for the writeback of dirty pages: if the
 * fault may drop the mmap_lock, it is dropped before, and the fault is
 * VM_FAULT_COMPLETED: it is done, and must not be tried again. All callers of
 * handle_mm_fault() have to know that, and the file is put again.
 */
static void shared_write_completed(struct kunit *test)
{
	const struct writer *row = test->param_value;
	struct fault_driver *drv = fault_driver(test);
	struct page **pages = drv->base.pages;
	struct file *filp = drv->base.file->filp;
	struct page *page = NULL;
	bool unlocked = false;
	vm_fault_t ret;
	long refs, nr;
	int err, i;

	for (i = 0; i < TEST_DRIVER_PAGES; i++)
		set_mapping(test, pages[i]);
	drv->base.ops = row->ops;
	drv->mkwrite_ret = VM_FAULT_LOCKED;
	fault_driver_map(test, PROT_RW, MAP_SHARED);
	refs = file_count(filp);
	for (i = 0; row->read && i < TEST_DRIVER_PAGES; i++)
		KUNIT_EXPECT_EQ_MSG(test, user_fault(AT + i * PAGE_SIZE, 0), 0, "page %d", i);

	/* Page 0: the fault may drop the lock. */
	ret = user_fault(AT, FAULT_FLAG_WRITE | FAULT_FLAG_ALLOW_RETRY);
	KUNIT_EXPECT_EQ(test, ret, VM_FAULT_COMPLETED);
	/* Page 1: it may not, so the lock is kept. */
	KUNIT_EXPECT_EQ(test, user_fault(AT + PAGE_SIZE, FAULT_FLAG_WRITE), 0);
	/* Page 2: get_user_pages() looks up the page once more. */
	nr = get_user_pages_unlocked(AT + 2 * PAGE_SIZE, 1, &page, FOLL_WRITE);
	KUNIT_EXPECT_EQ(test, nr, 1);
	KUNIT_EXPECT_PTR_EQ(test, page, pages[2]);
	if (page)
		put_page(page);
	/* Page 3: fixup_user_fault() takes the lock again, and says so. */
	err = user_fixup(AT + 3 * PAGE_SIZE, FAULT_FLAG_WRITE, &unlocked);
	KUNIT_EXPECT_EQ(test, err, 0);
	KUNIT_EXPECT_EQ(test, unlocked, true);

	FAULT_EXPECT_CALLS(test, row->calls);
	KUNIT_EXPECT_EQ(test, file_count(filp), refs);
	for (i = 0; i < TEST_DRIVER_PAGES; i++) {
		unsigned long addr = AT + i * PAGE_SIZE;

		MM_KUNIT_EXPECT_MSG(test, user_check_page(test, addr, pages[i]), "page %d", i);
		USER_EXPECT_PTE(test, addr, write, true);
		KUNIT_EXPECT_EQ_MSG(test, is_dirty(pages[i]), true, "page %d", i);
		MM_KUNIT_EXPECT_COUNTS(test, pages[i], 2, 1, "page %d", i);
	}
}

/* -- ->page_mkwrite --------------------------------------------------------- */

/*
 * A write to an empty entry calls ->fault and then ->page_mkwrite with the page, and
 * makes the entry writable only after that: a file system reserves space for the page
 * in ->page_mkwrite. It also updates the mtime there, so the kernel does not.
 */
static void page_mkwrite_on_fault(struct kunit *test)
{
	struct fault_driver *drv = fault_driver(test);
	struct inode *inode = inode_with_old_mtime(drv);
	struct page **pages = drv->base.pages;
	const unsigned long addr = AT + PAGE_SIZE;

	drv->base.ops = &mkwrite_ops;
	drv->mkwrite_ret = VM_FAULT_LOCKED;
	fault_driver_map(test, PROT_RW, MAP_SHARED);
	KUNIT_EXPECT_EQ(test, user_fault(addr + 5, FAULT_FLAG_WRITE), 0);
	FAULT_EXPECT_CALLS(test, "fw");
	KUNIT_EXPECT_PTR_EQ(test, drv->page, pages[1]);
	KUNIT_EXPECT_EQ(test, drv->flags, FAULT_FLAG_WRITE | FAULT_FLAG_MKWRITE);
	KUNIT_EXPECT_EQ(test, drv->address, addr);
	KUNIT_EXPECT_EQ(test, drv->pgoff, PGOFF + 1);
	MM_KUNIT_EXPECT(test, user_check_page(test, addr, pages[1]));
	USER_EXPECT_PTE(test, addr, write, true);
	USER_EXPECT_PTE(test, addr, dirty, true);
	KUNIT_EXPECT_EQ(test, is_dirty(pages[1]), true);
	FAULT_EXPECT_MAPPED(test, pages[1], 1);
	MM_KUNIT_EXPECT_RSS(test, 1, 0, 0, "after the write");

	KUNIT_EXPECT_EQ(test, user_write(addr, 1), true);
	FAULT_EXPECT_CALLS(test, "");
	KUNIT_EXPECT_EQ(test, inode_get_mtime_sec(inode), -1);
}

/*
 * A page that was only read is mapped read-only, although the VMA is writable, because
 * else the driver would not hear of the first write. That write then calls
 * ->page_mkwrite, and ->fault no more.
 */
static void page_mkwrite_after_read(struct kunit *test)
{
	struct fault_driver *drv = fault_driver(test);
	struct inode *inode = inode_with_old_mtime(drv);
	struct page **pages = drv->base.pages;

	drv->base.ops = &mkwrite_ops;
	drv->mkwrite_ret = VM_FAULT_LOCKED;
	fault_driver_map(test, PROT_RW, MAP_SHARED);
	KUNIT_EXPECT_EQ(test, user_fault(AT, 0), 0);
	FAULT_EXPECT_CALLS(test, "f");
	MM_KUNIT_EXPECT(test, user_check_page(test, AT, pages[0]));
	USER_EXPECT_PTE(test, AT, write, false);

	KUNIT_EXPECT_EQ(test, user_fault(AT, FAULT_FLAG_WRITE), 0);
	FAULT_EXPECT_CALLS(test, "w");
	KUNIT_EXPECT_PTR_EQ(test, drv->page, pages[0]);
	KUNIT_EXPECT_EQ(test, drv->flags, FAULT_FLAG_WRITE | FAULT_FLAG_MKWRITE);
	USER_EXPECT_PTE(test, AT, write, true);
	USER_EXPECT_PTE(test, AT, dirty, true);
	KUNIT_EXPECT_EQ(test, is_dirty(pages[0]), true);
	FAULT_EXPECT_MAPPED(test, pages[0], 1);
	KUNIT_EXPECT_EQ(test, inode_get_mtime_sec(inode), -1);
	KUNIT_EXPECT_EQ(test, user_write(AT, 1), true);
	FAULT_EXPECT_CALLS(test, "");
}

static const struct mkwrite_error {
	const char *desc;
	vm_fault_t ret;		/* what ->page_mkwrite returns */
} mkwrite_errors[] = {
	{ .desc = "sigbus", .ret = VM_FAULT_SIGBUS },
	{ .desc = "oom", .ret = VM_FAULT_OOM },
	/* The page was truncated: the driver asks for another try. */
	{ .desc = "nopage", .ret = VM_FAULT_NOPAGE },
	/* The kernel locks the page, and finds out itself that it was truncated. */
	{ .desc = "truncated", .ret = 0 },
};

KUNIT_ARRAY_PARAM_DESC(mkwrite_error, mkwrite_errors, desc);

/*
 * If ->page_mkwrite does not allow the write, the fault returns what it returned, and
 * the page gets neither writable nor dirty. A file system without space for the page
 * returns VM_FAULT_SIGBUS, and must not lose data that the process has written.
 */
static void page_mkwrite_fails(struct kunit *test)
{
	const struct mkwrite_error *row = test->param_value;
	struct fault_driver *drv = fault_driver(test);
	struct page **pages = drv->base.pages;

	drv->base.ops = &mkwrite_ops;
	drv->mkwrite_ret = row->ret;
	fault_driver_map(test, PROT_RW, MAP_SHARED);
	KUNIT_EXPECT_EQ(test, user_fault(AT, FAULT_FLAG_WRITE), row->ret);
	FAULT_EXPECT_CALLS(test, "fw");
	MM_KUNIT_EXPECT(test, user_check_none(test, AT));
	FAULT_EXPECT_MAPPED(test, pages[0], 0);
	MM_KUNIT_EXPECT_RSS(test, 0, 0, 0, "after the failed write");

	/* The same when the page was read before. */
	KUNIT_EXPECT_EQ(test, user_fault(AT, 0), 0);
	KUNIT_EXPECT_EQ(test, user_fault(AT, FAULT_FLAG_WRITE), row->ret);
	FAULT_EXPECT_CALLS(test, "fw");
	MM_KUNIT_EXPECT(test, user_check_page(test, AT, pages[0]));
	USER_EXPECT_PTE(test, AT, write, false);
	KUNIT_EXPECT_EQ(test, is_dirty(pages[0]), false);
	FAULT_EXPECT_MAPPED(test, pages[0], 1);
	if (row->ret == VM_FAULT_SIGBUS)
		KUNIT_EXPECT_EQ(test, user_write(AT, 1), false);
}

/*
 * ->page_mkwrite may return 0 with the page unlocked: the kernel locks the page, and
 * if page->mapping is still set, it was not truncated meanwhile and gets writable.
 */
static void page_mkwrite_unlocked(struct kunit *test)
{
	struct fault_driver *drv = fault_driver(test);
	struct page **pages = drv->base.pages;

	drv->base.ops = &mkwrite_ops;
	set_mapping(test, pages[0]);
	fault_driver_map(test, PROT_RW, MAP_SHARED);
	KUNIT_EXPECT_EQ(test, user_fault(AT, 0), 0);
	KUNIT_EXPECT_EQ(test, user_fault(AT, FAULT_FLAG_WRITE), 0);
	FAULT_EXPECT_CALLS(test, "fw");
	USER_EXPECT_PTE(test, AT, write, true);
	FAULT_EXPECT_MAPPED(test, pages[0], 1);

	/* The same without a read before. */
	KUNIT_ASSERT_EQ(test, vm_munmap(AT, TEST_DRIVER_PAGES * PAGE_SIZE), 0);
	fault_driver_map(test, PROT_RW, MAP_SHARED);
	KUNIT_EXPECT_EQ(test, user_fault(AT, FAULT_FLAG_WRITE), 0);
	FAULT_EXPECT_CALLS(test, "fw");
	USER_EXPECT_PTE(test, AT, write, true);
	FAULT_EXPECT_MAPPED(test, pages[0], 1);
}

/*
 * A page of a swap file cannot be made writable, because the kernel writes to the
 * blocks of that file by itself: the write is a bus error, and ->page_mkwrite is not
 * called.
 */
static void page_mkwrite_swapfile(struct kunit *test)
{
	struct fault_driver *drv = fault_driver(test);
	struct inode *inode = file_inode(drv->base.file->filp);
	vm_fault_t ret;

	if (!IS_ENABLED(CONFIG_SWAP))
		kunit_skip(test, "needs CONFIG_SWAP");
	drv->base.ops = &mkwrite_ops;
	drv->mkwrite_ret = VM_FAULT_LOCKED;
	fault_driver_map(test, PROT_RW, MAP_SHARED);
	inode->i_flags |= S_SWAPFILE;
	ret = user_fault(AT, FAULT_FLAG_WRITE);
	inode->i_flags &= ~S_SWAPFILE;
	KUNIT_EXPECT_EQ(test, ret, VM_FAULT_SIGBUS);
	FAULT_EXPECT_CALLS(test, "f");
	MM_KUNIT_EXPECT(test, user_check_none(test, AT));
	FAULT_EXPECT_MAPPED(test, drv->base.pages[0], 0);
}

/*
 * If the page is unmapped while ->page_mkwrite runs, the write maps nothing and faults
 * again (VM_FAULT_NOPAGE), because the page may belong to the file no more.
 */
static void page_mkwrite_unmapped_meanwhile(struct kunit *test)
{
	struct fault_driver *drv = fault_driver(test);

	drv->base.ops = &mkwrite_ops;
	drv->mkwrite_ret = VM_FAULT_LOCKED;
	drv->unmap = true;
	fault_driver_map(test, PROT_RW, MAP_SHARED);
	KUNIT_EXPECT_EQ(test, user_fault(AT, 0), 0);
	KUNIT_EXPECT_EQ(test, user_fault(AT, FAULT_FLAG_WRITE), VM_FAULT_NOPAGE);
	MM_KUNIT_EXPECT(test, user_check_none(test, AT));
	FAULT_EXPECT_MAPPED(test, drv->base.pages[0], 0);
	MM_KUNIT_EXPECT_RSS(test, 0, 0, 0, "after the write");
}

/*
 * A write to a private mapping does not call ->page_mkwrite, since it goes to a copy
 * and leaves the page of the file as it is.
 */
static void page_mkwrite_private(struct kunit *test)
{
	struct fault_driver *drv = fault_driver(test);

	drv->base.ops = &mkwrite_ops;
	drv->mkwrite_ret = VM_FAULT_SIGBUS;
	fault_driver_map(test, PROT_RW, MAP_PRIVATE);
	KUNIT_EXPECT_EQ(test, user_write(AT, 1), true);
	KUNIT_EXPECT_EQ(test, user_fault(AT + PAGE_SIZE, 0), 0);
	KUNIT_EXPECT_EQ(test, user_write(AT + PAGE_SIZE, 1), true);
	FAULT_EXPECT_CALLS(test, "ff");
	MM_KUNIT_EXPECT_RSS(test, 0, 2, 0, "after the writes");
}

/* -- ->pfn_mkwrite ---------------------------------------------------------- */

/*
 * The first write to a raw page frame that is mapped read-only calls ->pfn_mkwrite,
 * which takes the place of ->page_mkwrite where there is no struct page. An error is
 * the fault's and leaves the entry read-only, and so does VM_FAULT_NOPAGE, with which
 * the driver says that it has done all; after 0 the entry is writable.
 */
static void pfn_mkwrite_after_read(struct kunit *test)
{
	static const vm_fault_t errors[] = { VM_FAULT_SIGBUS, VM_FAULT_OOM, VM_FAULT_NOPAGE };
	struct fault_driver *drv = fault_driver(test);
	struct page **pages = drv->base.pages;
	int i;

	drv->base.ops = &pfn_mkwrite_ops;
	drv->fault = fault_driver_insert_pfn;
	drv->base.set = VM_PFNMAP;
	fault_driver_map(test, PROT_RW, MAP_SHARED);
	KUNIT_EXPECT_EQ(test, user_fault(AT, 0), VM_FAULT_NOPAGE);
	FAULT_EXPECT_CALLS(test, "f");
	for (i = 0; i < ARRAY_SIZE(errors); i++) {
		drv->mkwrite_ret = errors[i];
		KUNIT_EXPECT_EQ_MSG(test, !!pte_write(user_pte_at(AT)), false,
				    "before ->pfn_mkwrite returns %#x", errors[i]);
		KUNIT_EXPECT_EQ_MSG(test, user_fault(AT, FAULT_FLAG_WRITE), errors[i],
				    "fault when ->pfn_mkwrite returns %#x", errors[i]);
		FAULT_EXPECT_CALLS_MSG(test, "p", "when ->pfn_mkwrite returned %#x", errors[i]);
		KUNIT_EXPECT_EQ_MSG(test, !!pte_write(user_pte_at(AT)), false,
				    "after ->pfn_mkwrite returned %#x", errors[i]);
	}
	drv->mkwrite_ret = 0;
	KUNIT_EXPECT_EQ(test, user_fault(AT, FAULT_FLAG_WRITE), 0);
	FAULT_EXPECT_CALLS(test, "p");
	KUNIT_EXPECT_EQ(test, drv->flags & FAULT_FLAG_MKWRITE, FAULT_FLAG_MKWRITE);
	USER_EXPECT_PTE(test, AT, write, true);
	USER_EXPECT_PTE(test, AT, dirty, true);
	KUNIT_EXPECT_EQ(test, pte_pfn(user_pte_at(AT)), page_to_pfn(pages[0]));
	FAULT_EXPECT_MAPPED(test, pages[0], 0);
}

#ifdef CONFIG_PER_VMA_LOCK
/*
 * ->page_mkwrite and ->pfn_mkwrite are only called under the mmap_lock (locking.rst):
 * a write fault that holds the VMA lock only is to be tried again.
 */
static void mkwrite_not_under_vma_lock(struct kunit *test)
{
	struct fault_driver *drv = fault_driver(test);

	drv->base.ops = &mkwrite_ops;
	drv->mkwrite_ret = VM_FAULT_LOCKED;
	fault_driver_map(test, PROT_RW, MAP_SHARED);
	KUNIT_EXPECT_EQ(test, user_fault(AT, 0), 0);
	FAULT_EXPECT_CALLS(test, "f");
	KUNIT_EXPECT_EQ(test, user_fault_vma_lock(AT, FAULT_FLAG_WRITE), VM_FAULT_RETRY);
	FAULT_EXPECT_CALLS(test, "");
	FAULT_EXPECT_MAPPED(test, drv->base.pages[0], 1);

	drv->base.ops = &pfn_mkwrite_ops;
	drv->fault = fault_driver_insert_pfn;
	drv->base.set = VM_PFNMAP;
	fault_driver_map(test, PROT_RW, MAP_SHARED);
	KUNIT_EXPECT_EQ(test, user_fault(AT, 0), VM_FAULT_NOPAGE);
	FAULT_EXPECT_CALLS(test, "f");
	KUNIT_EXPECT_EQ(test, user_fault_vma_lock(AT, FAULT_FLAG_WRITE), VM_FAULT_RETRY);
	FAULT_EXPECT_CALLS(test, "");
	USER_EXPECT_PTE(test, AT, write, false);
}
#endif

/* -- today's implementation, not promised ---------------------------------- */

/*
 * A page that ->mmap itself has mapped is mapped with the protection that the VMA has
 * by then, that is, writable: the kernel takes the write access away only after
 * ->mmap. So ->page_mkwrite is not called for it.
 */
static void page_mkwrite_not_for_mmap(struct kunit *test)
{
	struct fault_driver *drv = fault_driver(test);

	drv->base.ops = &mkwrite_ops;
	drv->base.how = DRV_INSERT_PAGE;
	fault_driver_map(test, PROT_RW, MAP_SHARED);
	KUNIT_EXPECT_EQ(test, user_write(AT, 1), true);
	FAULT_EXPECT_CALLS(test, "");
	KUNIT_EXPECT_EQ(test, user_first_word(drv->base.pages[0]), 1);
}

static struct kunit_case page_mkwrite_cases[] = {
	KUNIT_CASE(private_write_after_read),
	KUNIT_CASE(private_write_after_read_no_memory),
	KUNIT_CASE(private_write_forced),
	KUNIT_CASE(private_unshare),
	KUNIT_CASE(shared_write_dirties),
	KUNIT_CASE(shared_write_pfn_mkwrite),
	KUNIT_CASE_PARAM(shared_write_completed, writer_gen_params),
	KUNIT_CASE(page_mkwrite_on_fault),
	KUNIT_CASE(page_mkwrite_after_read),
	KUNIT_CASE_PARAM(page_mkwrite_fails, mkwrite_error_gen_params),
	KUNIT_CASE(page_mkwrite_unlocked),
	KUNIT_CASE(page_mkwrite_swapfile),
	KUNIT_CASE(page_mkwrite_unmapped_meanwhile),
	KUNIT_CASE(page_mkwrite_private),
	KUNIT_CASE(pfn_mkwrite_after_read),
#ifdef CONFIG_PER_VMA_LOCK
	KUNIT_CASE(mkwrite_not_under_vma_lock),
#endif
	KUNIT_CASE(page_mkwrite_not_for_mmap),
	{}
};

static struct kunit_suite page_mkwrite_suite = {
	.name = "page_mkwrite",
	.init = fault_driver_init,
	.test_cases = page_mkwrite_cases,
};

kunit_test_suite(page_mkwrite_suite);

MODULE_DESCRIPTION("KUnit tests for ->page_mkwrite, ->pfn_mkwrite and copies on write");
MODULE_LICENSE("GPL");
