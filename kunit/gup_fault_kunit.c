// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests for the faults of get_user_pages() and its variants.
 *
 * A page that is not present is faulted in as if the process had accessed it.
 * Such a fault may have to wait, without the mmap_lock, and a signal may end the
 * wait; the caller must get the same pages and errors as if nothing of this had
 * happened. get_user_pages_fast_only() is for callers that cannot wait at all.
 */
#include <kunit/test.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/module.h>
#include <linux/sched/signal.h>

#include "gup_calls.h"
#include "gup_driver.h"
#include "mm_kunit.h"
#include "test_driver.h"
#include "user_vma.h"

/* -- faults of the slow path -------------------------------------------------- */

/* The flags of a fault that a caller of get_user_pages() determines. */
#define FAULT_FLAGS_OF_GUP	(FAULT_FLAG_WRITE | FAULT_FLAG_REMOTE |		\
				 FAULT_FLAG_USER | FAULT_FLAG_ALLOW_RETRY |	\
				 FAULT_FLAG_KILLABLE | FAULT_FLAG_RETRY_NOWAIT | \
				 FAULT_FLAG_TRIED | FAULT_FLAG_UNSHARE |	\
				 FAULT_FLAG_INTERRUPTIBLE)

/*
 * A page that is absent is faulted in once, for writing only if the caller has
 * asked for that, and may drop the mmap_lock only if the function may, because
 * otherwise the caller still uses what the lock protects. A page that is present
 * needs no fault, and FOLL_NOFAULT never causes one.
 */
static void gup_faults(struct kunit *test)
{
	const unsigned int mask = FAULT_FLAGS_OF_GUP;
	const struct gup *gup = test->param_value;
	struct test_driver *drv = test->priv;
	unsigned long addr;

	drv->how = DRV_FAULT;
	addr = test_driver_map_all(test, PROT_RW, MAP_SHARED);
	KUNIT_EXPECT_PTR_EQ(test, gup_page(gup, addr, 0), drv->pages[0]);
	KUNIT_EXPECT_EQ(test, drv->fault_flags & mask, gup->fault_flags);
	KUNIT_EXPECT_PTR_EQ(test, gup_page(gup, addr + PAGE_SIZE, FOLL_WRITE), drv->pages[1]);
	KUNIT_EXPECT_EQ(test, drv->fault_flags & mask, gup->fault_flags | FAULT_FLAG_WRITE);
	KUNIT_EXPECT_EQ(test, drv->faults, 2);

	/* Both pages are present now. */
	KUNIT_EXPECT_PTR_EQ(test, gup_page(gup, addr, 0), drv->pages[0]);
	KUNIT_EXPECT_PTR_EQ(test, gup_page(gup, addr + PAGE_SIZE, FOLL_WRITE), drv->pages[1]);
	KUNIT_EXPECT_PTR_EQ(test, gup_page(gup, addr, FOLL_NOFAULT), drv->pages[0]);
	KUNIT_EXPECT_EQ(test, drv->faults, 2);
	KUNIT_EXPECT_EQ(test, gup_error(gup, addr + 2 * PAGE_SIZE, FOLL_NOFAULT), -EFAULT);
	KUNIT_EXPECT_EQ(test, drv->faults, 2);

	if (!gup->fast && !(gup->fault_flags & FAULT_FLAG_ALLOW_RETRY)) {
		KUNIT_EXPECT_EQ(test, gup_error(gup, addr + 2 * PAGE_SIZE, FOLL_NOWAIT), 1);
		KUNIT_EXPECT_EQ(test, drv->fault_flags & mask, gup->fault_flags |
				FAULT_FLAG_ALLOW_RETRY | FAULT_FLAG_RETRY_NOWAIT);
	} else if (!gup->fast) {
		KUNIT_EXPECT_EQ(test, gup_error(gup, addr + 2 * PAGE_SIZE, FOLL_INTERRUPTIBLE), 1);
		KUNIT_EXPECT_EQ(test, drv->fault_flags & mask,
				gup->fault_flags | FAULT_FLAG_INTERRUPTIBLE);
	}
	KUNIT_EXPECT_EQ(test, vm_munmap(addr, TEST_DRIVER_PAGES * PAGE_SIZE), 0);
	MM_KUNIT_EXPECT_UNUSED(test);
}

/*
 * A fault on a page with a memory error is -EHWPOISON for a caller that gives
 * FOLL_HWPOISON, and -EFAULT for all others, because only the former (KVM) can
 * tell its user more than that the address is bad.
 */
static void gup_hwpoison(struct kunit *test)
{
	const struct gup *gup = test->param_value;
	struct test_driver *drv = test->priv;
	unsigned long addr;

	drv->how = DRV_FAULT;
	drv->error_at = 0;
	drv->error = VM_FAULT_HWPOISON;
	addr = test_driver_map_all(test, PROT_RW, MAP_SHARED);
	if (!gup->fast)
		KUNIT_EXPECT_EQ(test, gup_error(gup, addr, FOLL_HWPOISON), -EHWPOISON);
	KUNIT_EXPECT_EQ(test, gup_error(gup, addr, 0), -EFAULT);
}

/*
 * A fault that has to wait may drop the mmap_lock and return VM_FAULT_RETRY. The
 * function then takes the lock again, repeats that fault once and continues with
 * the next page, so that the caller gets all pages in order. A function whose
 * caller holds the lock does not allow that: each page has one fault.
 */
static void gup_fault_retried(struct kunit *test)
{
	const struct gup *gup = test->param_value;
	bool retries = gup->fault_flags & FAULT_FLAG_ALLOW_RETRY;
	struct test_driver *drv = test->priv;
	unsigned long addr;
	int i;

	drv->how = DRV_FAULT;
	for (drv->retry_at = 0; drv->retry_at < 3; drv->retry_at++) {
		struct page *pages[TEST_DRIVER_PAGES] = {};

		drv->faults = 0;
		addr = test_driver_map_all(test, PROT_RW, MAP_SHARED);
		KUNIT_ASSERT_EQ_MSG(test, gup->call(addr, 3, 0, pages), 3,
				    "page %lu is retried", drv->retry_at);
		for (i = 0; i < 3; i++)
			KUNIT_EXPECT_PTR_EQ_MSG(test, pages[i], drv->pages[i],
						"entry %d, page %lu is retried", i, drv->retry_at);
		KUNIT_EXPECT_EQ_MSG(test, drv->faults, retries ? 4 : 3, "page %lu is retried",
				    drv->retry_at);
		gup_release(gup, pages, 3);
		KUNIT_EXPECT_EQ_MSG(test, vm_munmap(addr, TEST_DRIVER_PAGES * PAGE_SIZE), 0,
				    "page %lu is retried", drv->retry_at);
		MM_KUNIT_EXPECT_UNUSED_MSG(test, "page %lu is retried", drv->retry_at);
	}
}

/* Fails when the fault is repeated. */
static vm_fault_t retry_error_fault(struct vm_fault *vmf)
{
	struct test_driver *drv = test_driver_of(vmf->vma);

	if (vmf->pgoff == drv->retry_at && vmf->flags & FAULT_FLAG_TRIED)
		return VM_FAULT_SIGBUS;
	return test_driver_fault(vmf);
}

static const struct vm_operations_struct retry_error_vm_ops = {
	.fault = retry_error_fault,
};

/*
 * If a fault fails when it is repeated, the pages before it are returned, because
 * the caller cannot know that the fault was repeated: it is as after a fault that
 * fails at once. None of the pages is leaked.
 */
static void gup_fault_retried_fails(struct kunit *test)
{
	struct test_driver *drv = test->priv;
	int i;

	drv->how = DRV_FAULT;
	drv->ops = &retry_error_vm_ops;
	drv->retry_at = 1;
	for (i = 0; i < ARRAY_SIZE(gups); i++) {
		const struct gup *gup = &gups[i];
		struct page *pages[TEST_DRIVER_PAGES] = {};
		unsigned long addr;
		long ret;

		if (!(gup->fault_flags & FAULT_FLAG_ALLOW_RETRY))
			continue;
		addr = test_driver_map_all(test, PROT_RW, MAP_SHARED);
		ret = gup->call(addr, 3, 0, pages);
		KUNIT_EXPECT_EQ_MSG(test, ret, 1, "%s", gup->desc);
		KUNIT_EXPECT_PTR_EQ_MSG(test, pages[0], drv->pages[0], "%s", gup->desc);
		gup_release(gup, pages, ret);
		KUNIT_EXPECT_EQ_MSG(test, gup_error(gup, addr + PAGE_SIZE, 0), -EFAULT, "%s",
				    gup->desc);
		KUNIT_EXPECT_EQ_MSG(test, vm_munmap(addr, TEST_DRIVER_PAGES * PAGE_SIZE), 0, "%s",
				    gup->desc);
		MM_KUNIT_EXPECT_UNUSED_MSG(test, "%s", gup->desc);
	}
}

/*
 * With a fatal signal pending nothing is faulted in and the call returns -EINTR,
 * because a process that is about to exit, perhaps killed for the lack of memory,
 * must not allocate more of it. After the signal is gone, the same call succeeds.
 */
static void gup_killed(struct kunit *test)
{
	const struct gup *gup = test->param_value;
	struct test_driver *drv = test->priv;
	unsigned long addr;
	long ret;

	drv->how = DRV_FAULT;
	addr = test_driver_map_all(test, PROT_RW, MAP_SHARED);
	sigaddset(&current->pending.signal, SIGKILL);
	set_thread_flag(TIF_SIGPENDING);
	ret = gup_error(gup, addr, 0);
	sigdelset(&current->pending.signal, SIGKILL);
	clear_thread_flag(TIF_SIGPENDING);
	KUNIT_EXPECT_EQ(test, ret, -EINTR);
	KUNIT_EXPECT_EQ(test, drv->faults, 0);
	KUNIT_EXPECT_PTR_EQ(test, gup_page(gup, addr, 0), drv->pages[0]);
}

/*
 * With FOLL_INTERRUPTIBLE, any signal ends the wait for a fault: the pages before
 * it are returned, or -EINTR if there are none. Without that flag only a fatal
 * signal does, because most callers do not expect a short result from a signal.
 */
static void gup_interrupted(struct kunit *test)
{
	struct test_driver *drv = test->priv;
	int i;

	drv->how = DRV_FAULT;
	drv->retry_at = 1;
	for (i = 0; i < ARRAY_SIZE(gups); i++) {
		const struct gup *gup = &gups[i];
		struct page *pages[TEST_DRIVER_PAGES] = {}, *page;
		unsigned long addr;
		long ret, ret_at;

		if (gup->fast || !(gup->fault_flags & FAULT_FLAG_ALLOW_RETRY))
			continue;
		addr = test_driver_map_all(test, PROT_RW, MAP_SHARED);
		set_thread_flag(TIF_SIGPENDING);
		ret_at = gup_error(gup, addr + PAGE_SIZE, FOLL_INTERRUPTIBLE);
		ret = gup->call(addr, 3, FOLL_INTERRUPTIBLE, pages);
		clear_thread_flag(TIF_SIGPENDING);
		KUNIT_EXPECT_EQ_MSG(test, ret_at, -EINTR, "%s", gup->desc);
		KUNIT_EXPECT_EQ_MSG(test, ret, 1, "%s", gup->desc);
		gup_release(gup, pages, ret);

		set_thread_flag(TIF_SIGPENDING);
		page = gup_page(gup, addr + PAGE_SIZE, 0);
		clear_thread_flag(TIF_SIGPENDING);
		KUNIT_EXPECT_PTR_EQ_MSG(test, page, drv->pages[1], "%s", gup->desc);
		KUNIT_EXPECT_EQ_MSG(test, vm_munmap(addr, TEST_DRIVER_PAGES * PAGE_SIZE), 0, "%s",
				    gup->desc);
		MM_KUNIT_EXPECT_UNUSED_MSG(test, "%s", gup->desc);
	}
}

/*
 * With FOLL_DUMP, anonymous memory that was never written to is -EFAULT and stays
 * unmapped, because a core dump writes it as a hole and must not allocate memory
 * for it. The pages of a driver are returned: only its ->fault knows them.
 */
static void gup_dump(struct kunit *test)
{
	struct test_driver *drv = test->priv;
	int i;

	drv->how = DRV_FAULT;
	for (i = 0; i < ARRAY_SIZE(gups); i++) {
		const struct gup *gup = &gups[i];
		unsigned long addr;

		if (gup->fast)
			continue;
		addr = gup_map_anon(test, 0, 1, PROT_RW, 0);
		KUNIT_EXPECT_EQ_MSG(test, gup_error(gup, addr, FOLL_DUMP), -EFAULT, "absent, %s",
				    gup->desc);
		KUNIT_EXPECT_EQ_MSG(test, pte_none(user_pte_at(addr)), true, "absent, %s",
				    gup->desc);
		USER_READ_PAGE(test, addr);
		KUNIT_EXPECT_EQ_MSG(test, gup_error(gup, addr, FOLL_DUMP), -EFAULT,
				    "zero page, %s", gup->desc);
		KUNIT_ASSERT_EQ_MSG(test, user_write(addr, 1), true, "%s", gup->desc);
		KUNIT_EXPECT_EQ_MSG(test, gup_error(gup, addr, FOLL_DUMP), 1, "written page, %s",
				    gup->desc);

		addr = test_driver_map_all(test, PROT_RW, MAP_SHARED);
		KUNIT_EXPECT_PTR_EQ_MSG(test, gup_page(gup, addr, FOLL_DUMP), drv->pages[0],
					"the driver's page, %s", gup->desc);
	}
}

/* Calls the remote function with a lock flag; unlocks if the flag says so. */
static long remote_locked(bool pin, unsigned long addr, unsigned long nr_pages,
			  unsigned int flags, struct page **pages, int *locked)
{
	struct mm_struct *mm = current->mm;
	long ret;

	mmap_read_lock(mm);
	ret = pin ? pin_user_pages_remote(mm, addr, nr_pages, flags, pages, locked) :
		    get_user_pages_remote(mm, addr, nr_pages, flags, pages, locked);
	if (*locked)
		mmap_read_unlock(mm);

	return ret;
}

/*
 * With a lock flag, the remote functions may drop the mmap_lock, and the flag is 0
 * afterwards if they did, because the caller must unlock exactly once and must not
 * use a VMA that it looked up before. FOLL_NOWAIT keeps the lock and returns what
 * there is. A flag of 0 at the call is a bug of the caller and gets no page.
 */
static void gup_remote_locked(struct kunit *test)
{
	struct mm_struct *mm = current->mm;
	struct test_driver *drv = test->priv;
	int pin;

	drv->how = DRV_FAULT;
	for (pin = 0; pin < 2; pin++) {
		unsigned long addr = test_driver_map_all(test, PROT_RW, MAP_SHARED);
		const struct gup *gup = &gups[pin ? GUP_PIN_REMOTE : GUP_GET_REMOTE];
		struct page *pages[TEST_DRIVER_PAGES] = {};
		int locked;
		long ret;

		/* A fault that does not wait keeps the lock. */
		locked = 1;
		drv->retry_at = TEST_DRIVER_NO_PAGE;
		ret = remote_locked(pin, addr, 1, 0, pages, &locked);
		KUNIT_ASSERT_EQ_MSG(test, ret, 1, "%s", gup->desc);
		KUNIT_EXPECT_EQ_MSG(test, locked, 1, "%s", gup->desc);
		KUNIT_EXPECT_EQ_MSG(test, drv->fault_flags & FAULT_FLAG_ALLOW_RETRY,
				    FAULT_FLAG_ALLOW_RETRY, "%s", gup->desc);
		KUNIT_EXPECT_EQ_MSG(test, drv->fault_flags & FAULT_FLAG_REMOTE,
				    FAULT_FLAG_REMOTE, "%s", gup->desc);
		gup_release(gup, pages, 1);

		/* The fault of page 1 waits. */
		drv->retry_at = 1;
		ret = remote_locked(pin, addr, 3, 0, pages, &locked);
		KUNIT_ASSERT_EQ_MSG(test, ret, 3, "%s", gup->desc);
		KUNIT_EXPECT_EQ_MSG(test, locked, 0, "%s", gup->desc);
		KUNIT_EXPECT_PTR_EQ_MSG(test, pages[1], drv->pages[1], "%s", gup->desc);
		KUNIT_EXPECT_PTR_EQ_MSG(test, pages[2], drv->pages[2], "%s", gup->desc);
		gup_release(gup, pages, 3);

		/* The fault of page 3 would wait, but must not. */
		locked = 1;
		drv->retry_at = 3;
		ret = remote_locked(pin, addr + 3 * PAGE_SIZE, 1, FOLL_NOWAIT, pages, &locked);
		KUNIT_EXPECT_EQ_MSG(test, ret, 0, "%s", gup->desc);
		KUNIT_EXPECT_EQ_MSG(test, locked, 1, "%s", gup->desc);
		ret = remote_locked(pin, addr + 2 * PAGE_SIZE, 2, FOLL_NOWAIT, pages, &locked);
		KUNIT_ASSERT_EQ_MSG(test, ret, 1, "%s", gup->desc);
		KUNIT_EXPECT_EQ_MSG(test, locked, 1, "%s", gup->desc);
		gup_release(gup, pages, 1);

		locked = 0;
		kunit_warning_suppress(test) {
			ret = get_user_pages_remote(mm, addr, 1, 0, pages, &locked);
			KUNIT_EXPECT_EQ_MSG(test, ret, -EINVAL,
					    "get_user_pages_remote() with a lock flag of 0");
			ret = pin_user_pages_remote(mm, addr, 1, 0, pages, &locked);
			KUNIT_EXPECT_LE_MSG(test, ret, 0,
					    "pin_user_pages_remote() with a lock flag of 0");
		}
		KUNIT_EXPECT_EQ_MSG(test, vm_munmap(addr, TEST_DRIVER_PAGES * PAGE_SIZE), 0, "%s",
				    gup->desc);
	}
	MM_KUNIT_EXPECT_UNUSED(test);
}

/*
 * Without an array, get_user_pages() only faults pages in and takes no reference,
 * because mlock() and MAP_POPULATE want no more. It then also succeeds for page
 * frames without a page, and marks their entries accessed, and dirty for writing,
 * as the fault of an access would.
 */
static void get_user_pages_populates(struct kunit *test)
{
	const struct gup *get = &gups[GUP_GET];
	struct test_driver *drv = test->priv;
	unsigned long addr;

	drv->how = DRV_FAULT;
	addr = test_driver_map_all(test, PROT_RW, MAP_SHARED);
	drv->retry_at = 1;
	KUNIT_EXPECT_EQ(test, get_user_pages_unlocked(addr, 3, NULL, FOLL_WRITE), 3);
	KUNIT_EXPECT_EQ(test, drv->faults, 4);
	MM_KUNIT_EXPECT_COUNTS(test, drv->pages[0], 2, 1, "populated page 0");
	MM_KUNIT_EXPECT_COUNTS(test, drv->pages[1], 2, 1, "populated page 1");
	MM_KUNIT_EXPECT_COUNTS(test, drv->pages[2], 2, 1, "populated page 2");
	MM_KUNIT_EXPECT_COUNTS(test, drv->pages[3], 1, 0, "page 3, not asked for");

	drv->ops = &gup_special_vm_ops;
	drv->set = VM_MIXEDMAP;
	addr = test_driver_map(test, 0, 3, 1, PROT_RW, MAP_SHARED);
	KUNIT_EXPECT_EQ(test, get->call(addr, 1, FOLL_WRITE, NULL), 1);
	user_age(addr);
	KUNIT_EXPECT_EQ(test, get->call(addr, 1, 0, NULL), 1);
	KUNIT_EXPECT_EQ(test, !!pte_young(user_pte_at(addr)), true);
	KUNIT_EXPECT_EQ(test, !!pte_dirty(user_pte_at(addr)), false);
	KUNIT_EXPECT_EQ(test, get->call(addr, 1, FOLL_WRITE, NULL), 1);
	KUNIT_EXPECT_EQ(test, !!pte_dirty(user_pte_at(addr)), true);
}

/* -- get_user_pages_fast_only() ------------------------------------------------ */

#define HAS_FAST	(IS_ENABLED(CONFIG_HAVE_GUP_FAST) && \
			 IS_ENABLED(CONFIG_ARCH_HAS_PTE_SPECIAL))

/*
 * get_user_pages_fast_only() returns the pages that are present and accessible,
 * up to the first that is not, and neither faults one in nor copies one, because
 * its callers (KVM, and perf with interrupts disabled) cannot wait. It takes no
 * page frame whose entry is special. Without GUP-fast it returns 0.
 */
static void get_user_pages_fast_only_present(struct kunit *test)
{
	unsigned long addr = gup_map_anon(test, 0, TEST_DRIVER_PAGES, PROT_RW, 0);
	struct page *pages[TEST_DRIVER_PAGES] = {}, *expected[2];
	struct test_driver *drv = test->priv;
	unsigned long flags;
	int i, ret, refs;

	/*
	 *      addr
	 *      |-- present --|-- present --|-- absent --|-- absent --|
	 */
	for (i = 0; i < 2; i++) {
		KUNIT_ASSERT_EQ_MSG(test, user_write(addr + i * PAGE_SIZE, 1), true, "page %d", i);
		expected[i] = user_page(addr + i * PAGE_SIZE, 0);
		KUNIT_ASSERT_NOT_NULL_MSG(test, expected[i], "page %d", i);
	}
	local_irq_save(flags);
	refs = page_ref_count(expected[1]);
	ret = get_user_pages_fast_only(addr, TEST_DRIVER_PAGES, FOLL_WRITE, pages);
	refs = page_ref_count(expected[1]) - refs;
	local_irq_restore(flags);
	KUNIT_EXPECT_EQ(test, ret, HAS_FAST ? 2 : 0);
	KUNIT_EXPECT_EQ(test, refs, HAS_FAST ? 1 : 0);
	for (i = 0; i < 2; i++)
		KUNIT_EXPECT_PTR_EQ_MSG(test, pages[i], HAS_FAST ? expected[i] : NULL,
					"entry %d", i);
	KUNIT_EXPECT_PTR_EQ(test, pages[2], NULL);
	gup_release(&gups[GUP_GET], pages, ret);

	KUNIT_EXPECT_EQ(test, get_user_pages_fast_only(addr + 2 * PAGE_SIZE, 1, 0, pages), 0);
	KUNIT_EXPECT_EQ(test, gup_anon_count(), 2);
	/* The entry of the zero page is special. */
	KUNIT_ASSERT_PTR_EQ(test, gup_page(&gups[GUP_GET], addr + 2 * PAGE_SIZE, 0),
			    ZERO_PAGE(addr + 2 * PAGE_SIZE));
	KUNIT_EXPECT_EQ(test, get_user_pages_fast_only(addr + 2 * PAGE_SIZE, 1, 0, pages), 0);
	/* So are the entries of remap_pfn_range(). */
	drv->how = DRV_REMAP_PFN;
	addr = test_driver_map(test, 0, 0, 1, PROT_RW, MAP_SHARED);
	KUNIT_EXPECT_EQ(test, get_user_pages_fast_only(addr, 1, FOLL_WRITE, pages), 0);
	/* A private page that is mapped read-only would have to be copied. */
	drv->how = DRV_INSERT_PAGE;
	addr = test_driver_map(test, 0, 0, 1, PROT_RW, MAP_PRIVATE);
	KUNIT_EXPECT_EQ(test, get_user_pages_fast_only(addr, 1, FOLL_WRITE, pages), 0);
	kunit_warning_suppress(test) {
		KUNIT_EXPECT_EQ(test, get_user_pages_fast_only(addr, 1, FOLL_PIN, pages), -EINVAL);
	}
}

/* -- today's implementation, not promised ---------------------------------- */

static const struct driver_page {
	const char *desc;
	bool large;
} driver_pages[] = {
	{ .desc = "page", .large = false },
	{ .desc = "large_folio", .large = true },
};

KUNIT_ARRAY_PARAM_DESC(driver_page, driver_pages, desc);

/*
 * A page that a driver has inserted is taken without the lock, although it belongs
 * to no file and its folio->mapping is NULL, because it is refcounted as any other.
 * A kernel with memfd_secret(), whose pages must not be taken and are never large,
 * may leave a small folio without mapping to the slow path, as 7.2 does.
 */
static void get_user_pages_fast_only_of_driver(struct kunit *test)
{
	static const unsigned int gup_flags[] = { 0, FOLL_WRITE };
	const struct driver_page *row = test->param_value;
	const bool may_refuse = IS_ENABLED(CONFIG_SECRETMEM) && !row->large;
	struct test_driver *drv = test->priv;
	unsigned long addr, flags;
	struct page *page = NULL;
	struct folio *folio;
	int i, ret, refs;

	if (row->large)
		test_driver_use_folio(test);
	folio = page_folio(drv->pages[1]);
	KUNIT_ASSERT_PTR_EQ(test, folio->mapping, NULL);
	addr = test_driver_map_all(test, PROT_RW, MAP_SHARED);
	for (i = 0; i < ARRAY_SIZE(gup_flags); i++) {
		page = NULL;
		local_irq_save(flags);
		refs = folio_ref_count(folio);
		ret = get_user_pages_fast_only(addr + PAGE_SIZE, 1, gup_flags[i], &page);
		refs = folio_ref_count(folio) - refs;
		local_irq_restore(flags);
		if (!HAS_FAST || !may_refuse || ret)
			KUNIT_EXPECT_EQ_MSG(test, ret, HAS_FAST, "flags %#x", gup_flags[i]);
		KUNIT_EXPECT_EQ_MSG(test, refs, ret, "references to the folio, flags %#x",
				    gup_flags[i]);
		KUNIT_EXPECT_PTR_EQ_MSG(test, page, ret ? drv->pages[1] : NULL, "flags %#x",
					gup_flags[i]);
		gup_release(&gups[GUP_GET], &page, ret);
	}
	/* A page that is mapped read-only is not returned for writing. */
	KUNIT_ASSERT_EQ(test, mm_kunit_mprotect(addr, TEST_DRIVER_PAGES * PAGE_SIZE, PROT_READ), 0);
	KUNIT_EXPECT_EQ(test, get_user_pages_fast_only(addr + PAGE_SIZE, 1, FOLL_WRITE, &page), 0);
}

static struct kunit_case gup_fault_cases[] = {
	KUNIT_CASE_PARAM(gup_faults, gup_gen_params),
	KUNIT_CASE_PARAM(gup_hwpoison, gup_gen_params),
	KUNIT_CASE_PARAM(gup_fault_retried, gup_gen_params),
	KUNIT_CASE(gup_fault_retried_fails),
	KUNIT_CASE_PARAM(gup_killed, gup_gen_params),
	KUNIT_CASE(gup_interrupted),
	KUNIT_CASE(gup_dump),
	KUNIT_CASE(gup_remote_locked),
	KUNIT_CASE(get_user_pages_populates),
	KUNIT_CASE(get_user_pages_fast_only_present),
	KUNIT_CASE_PARAM(get_user_pages_fast_only_of_driver, driver_page_gen_params),
	{}
};

static struct kunit_suite gup_fault_suite = {
	.name = "gup_fault",
	.init = gup_driver_init,
	.test_cases = gup_fault_cases,
};

kunit_test_suite(gup_fault_suite);

MODULE_DESCRIPTION("KUnit tests for the faults of get_user_pages()");
MODULE_LICENSE("GPL");
