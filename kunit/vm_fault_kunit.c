// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests for the functions of vm_operations_struct that a driver fills in,
 * ->fault above all: with what they are called, when, in which order, and what
 * becomes of what they return.
 *
 * A page that ->fault returns changes hands with one reference, which then is
 * the mapping's. So whatever happens on the way, the driver's pages must have
 * their own reference left and no other when the last mapping is gone.
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
#include <linux/sizes.h>
#include <linux/string.h>

#include "mm_kunit.h"
#include "test_pages.h"
#include "user_vma.h"

#define RW		(PROT_READ | PROT_WRITE)
#define NR_PAGES	4	/* of the driver, which are */
#define PGOFF		5	/* from here on in its file */
#define AT		(16 * PMD_SIZE)

struct driver {
	struct user_file *file;
	const struct vm_operations_struct *ops;
	vm_flags_t flags;	/* VMA flags for ->mmap to set, */
	vm_flags_t clear;	/* and to clear */
	bool premap;		/* ->mmap maps the first page itself */
	struct page *pages[NR_PAGES];

	/* What ->fault does, unless it just returns the page. */
	vm_fault_t (*fault)(struct vm_fault *vmf, struct driver *drv);
	vm_fault_t ret;		/* what ->fault returns, */
	vm_fault_t mkwrite_ret;	/* ->page_mkwrite and ->pfn_mkwrite, */
	vm_fault_t around_ret;	/* ->map_pages, */
	int split_err;		/* and ->may_split */
	struct page *other;	/* for @fault */
	bool unmap;		/* ->page_mkwrite finds the page unmapped */

	char calls[16];		/* the calls, in order, a letter each */
	struct vm_fault vmf;	/* of the last call, but for const members: */
	unsigned long address;
	unsigned long real_address;
	pgoff_t pgoff;
	gfp_t gfp;
	struct page *copy;	/* ->cow_page, which is kept */
	pgoff_t around_start;
	pgoff_t around_end;
	unsigned long split_addr;
	unsigned int opens;
	unsigned int closes;
};

static void drop_copy(struct driver *drv)
{
	if (drv->copy)
		put_page(drv->copy);
	drv->copy = NULL;
}

static struct driver *called(struct vm_fault *vmf, char letter)
{
	struct driver *drv = vmf->vma->vm_private_data;
	size_t len = strlen(drv->calls);

	if (len < sizeof(drv->calls) - 1)
		drv->calls[len] = letter;
	drv->vmf.flags = vmf->flags;
	drv->vmf.page = vmf->page;
	drv->address = vmf->address;
	drv->real_address = vmf->real_address;
	drv->pgoff = vmf->pgoff;
	drv->gfp = vmf->gfp_mask;
	drop_copy(drv);
	drv->copy = vmf->cow_page;
	if (drv->copy)
		get_page(drv->copy);

	return drv;
}

static vm_fault_t driver_fault(struct vm_fault *vmf)
{
	struct driver *drv = called(vmf, 'f');
	struct page *page = drv->pages[(vmf->pgoff - PGOFF) % NR_PAGES];

	if (drv->fault)
		return drv->fault(vmf, drv);
	if (drv->ret & ~(VM_FAULT_LOCKED | VM_FAULT_MAJOR))
		return drv->ret;

	get_page(page);
	if (drv->ret & VM_FAULT_LOCKED)
		lock_page(page);
	vmf->page = page;

	return drv->ret;
}

static vm_fault_t driver_page_mkwrite(struct vm_fault *vmf)
{
	struct driver *drv = called(vmf, 'w');

	if (drv->unmap)
		unmap_mapping_range(drv->file->filp->f_mapping, 0, 0, 1);
	if (drv->mkwrite_ret & VM_FAULT_LOCKED)
		lock_page(vmf->page);

	return drv->mkwrite_ret;
}

static vm_fault_t driver_pfn_mkwrite(struct vm_fault *vmf)
{
	return called(vmf, 'p')->mkwrite_ret;
}

static vm_fault_t driver_map_pages(struct vm_fault *vmf, pgoff_t start, pgoff_t end)
{
	struct driver *drv = called(vmf, 'm');

	drv->around_start = start;
	drv->around_end = end;

	return drv->around_ret;
}

static void driver_open(struct vm_area_struct *vma)
{
	struct driver *drv = vma->vm_private_data;

	drv->opens++;
}

static void driver_close(struct vm_area_struct *vma)
{
	struct driver *drv = vma->vm_private_data;

	if (user_vma_in_test(vma))
		drv->closes++;
}

static int driver_may_split(struct vm_area_struct *vma, unsigned long addr)
{
	struct driver *drv = vma->vm_private_data;

	drv->split_addr = addr;
	return drv->split_err;
}

static const struct vm_operations_struct fault_ops = {
	.fault = driver_fault,
	.open = driver_open,
	.close = driver_close,
	.may_split = driver_may_split,
};

static const struct vm_operations_struct mkwrite_ops = {
	.fault = driver_fault,
	.page_mkwrite = driver_page_mkwrite,
};

static const struct vm_operations_struct pfn_mkwrite_ops = {
	.fault = driver_fault,
	.pfn_mkwrite = driver_pfn_mkwrite,
};

static const struct vm_operations_struct around_ops = {
	.fault = driver_fault,
	.map_pages = driver_map_pages,
};

static const struct vm_operations_struct no_fault_ops = {};

static int driver_mmap(struct vm_area_struct *vma, void *data)
{
	struct driver *drv = data;

	vma->vm_ops = drv->ops;
	vma->vm_private_data = drv;
	vm_flags_mod(vma, drv->flags, drv->clear);
	if (drv->premap)
		return vm_insert_page(vma, vma->vm_start, drv->pages[0]);

	return 0;
}

/* Maps @nr pages at @at, AT by default, of the file from @pgoff on. */
static unsigned long driver_map_at(struct kunit *test, unsigned long at, unsigned long nr,
				   unsigned long prot, unsigned long flags, pgoff_t pgoff)
{
	struct driver *drv = test->priv;
	long addr = user_mmap(drv->file, at, nr * PAGE_SIZE, prot, flags | MAP_FIXED, pgoff);

	KUNIT_ASSERT_EQ(test, addr, at);
	return addr;
}

static unsigned long driver_map(struct kunit *test, unsigned long prot, unsigned long flags)
{
	return driver_map_at(test, AT, NR_PAGES, prot, flags, PGOFF);
}

/* Expects these calls, and forgets about them. */
static void expect_calls(struct kunit *test, const char *calls)
{
	struct driver *drv = test->priv;

	KUNIT_EXPECT_STREQ(test, drv->calls, calls);
	memset(drv->calls, 0, sizeof(drv->calls));
}

/* That the page is mapped so often, in all with the driver's own reference. */
static void expect_counts(struct kunit *test, struct page *page, int mapped)
{
	struct folio *folio = page_folio(page);

	KUNIT_EXPECT_EQ(test, folio_ref_count(folio), 1 + mapped);
	KUNIT_EXPECT_EQ(test, folio_mapcount(folio), mapped);
	KUNIT_EXPECT_FALSE(test, folio_test_locked(folio));
}

static void expect_rss(struct kunit *test, unsigned long file, unsigned long anon)
{
	KUNIT_EXPECT_EQ(test, get_mm_counter_sum(current->mm, MM_FILEPAGES), file);
	KUNIT_EXPECT_EQ(test, get_mm_counter_sum(current->mm, MM_ANONPAGES), anon);
	KUNIT_EXPECT_EQ(test, get_mm_rss_sum(current->mm), file + anon);
}

static void expect_no_pte(struct kunit *test, unsigned long addr)
{
	KUNIT_EXPECT_TRUE(test, pte_none(user_pte_at(addr)));
}

/* The driver's page @i is mapped at @addr. */
static void expect_page(struct kunit *test, unsigned long addr, unsigned int i)
{
	struct driver *drv = test->priv;
	pte_t pte = user_pte_at(addr);

	KUNIT_EXPECT_TRUE(test, pte_present(pte));
	KUNIT_EXPECT_EQ(test, pte_pfn(pte), page_to_pfn(drv->pages[i]));
	if (IS_ENABLED(CONFIG_ARCH_HAS_PTE_SPECIAL))
		KUNIT_EXPECT_FALSE(test, pte_special(pte));
}

/* No copy has been made for want of a page to copy: the one for it is freed. */
static void expect_copy_freed(struct kunit *test)
{
	struct driver *drv = test->priv;

	if (drv->copy)
		KUNIT_EXPECT_EQ(test, page_ref_count(drv->copy), 1);
}

static u32 first_word(struct page *page)
{
	u32 value = 0;

	memcpy_from_page((char *)&value, page, 0, sizeof(value));
	return value;
}

/* === The call of ->fault === */

/* What is not there and cannot be had is a bus error for the process. */
static void fault_without_handler(struct kunit *test)
{
	struct driver *drv = test->priv;
	struct page *page;
	char buf[8];

	drv->ops = &no_fault_ops;
	driver_map(test, RW, MAP_SHARED);
	KUNIT_EXPECT_EQ(test, user_fault(AT, 0), VM_FAULT_SIGBUS);
	KUNIT_EXPECT_EQ(test, user_fault(AT, FAULT_FLAG_WRITE), VM_FAULT_SIGBUS);
	KUNIT_EXPECT_EQ(test, copy_from_user(buf, (void __user *)AT, 8), 8);
	KUNIT_EXPECT_FALSE(test, user_write(AT, 1));
	KUNIT_EXPECT_EQ(test, get_user_pages_unlocked(AT, 1, &page, 0), -EFAULT);
	expect_no_pte(test, AT);

	/* Also if there is a page next to it. */
	drv->premap = true;
	driver_map(test, RW, MAP_SHARED);
	KUNIT_EXPECT_TRUE(test, user_write(AT, 1));
	KUNIT_EXPECT_EQ(test, user_fault(AT + PAGE_SIZE, 0), VM_FAULT_SIGBUS);
	KUNIT_EXPECT_FALSE(test, user_write(AT + PAGE_SIZE, 1));
}

static const struct access {
	const char *desc;
	unsigned long flags;
	unsigned int fault;
	bool writable;		/* the page, afterwards */
	bool copied;		/* the process gets a copy of it */
} accesses[] = {
	{ "shared_read", MAP_SHARED, 0, true, false },
	{ "shared_write", MAP_SHARED, FAULT_FLAG_WRITE, true, false },
	{ "private_read", MAP_PRIVATE, 0, false, false },
	{ "private_write", MAP_PRIVATE, FAULT_FLAG_WRITE, true, true },
};

KUNIT_ARRAY_PARAM_DESC(access, accesses, desc);

static void fault_arguments(struct kunit *test)
{
	const struct access *c = test->param_value;
	const unsigned int flags = c->fault | FAULT_FLAG_REMOTE;
	struct driver *drv = test->priv;

	mapping_set_gfp_mask(drv->file->filp->f_mapping, GFP_NOWAIT);
	driver_map(test, RW, c->flags);
	KUNIT_EXPECT_EQ(test, user_fault(AT + 2 * PAGE_SIZE + 123, flags) & VM_FAULT_ERROR, 0);
	expect_calls(test, "f");
	KUNIT_EXPECT_EQ(test, drv->address, AT + 2 * PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, drv->real_address, AT + 2 * PAGE_SIZE + 123);
	KUNIT_EXPECT_EQ(test, drv->pgoff, PGOFF + 2);
	KUNIT_EXPECT_EQ(test, drv->vmf.flags & flags, flags);
	KUNIT_EXPECT_EQ(test, drv->vmf.flags & FAULT_FLAG_WRITE, c->fault);
	KUNIT_EXPECT_NULL(test, drv->vmf.page);
	KUNIT_EXPECT_EQ(test, !!drv->copy, c->copied);
	/* Handlers may sleep, and start I/O. */
	KUNIT_EXPECT_EQ(test, drv->gfp, GFP_NOWAIT | __GFP_FS | __GFP_IO);
}

static void expect_access(struct kunit *test, vm_fault_t fault_ret)
{
	const struct access *c = test->param_value;
	struct driver *drv = test->priv;
	struct page *page = drv->pages[1];
	unsigned long addr = AT + PAGE_SIZE;
	pte_t pte;

	drv->ret = fault_ret;
	driver_map(test, RW, c->flags);
	KUNIT_EXPECT_EQ(test, user_fault(addr, c->fault) & (VM_FAULT_ERROR | VM_FAULT_NOPAGE), 0);
	expect_calls(test, "f");
	pte = user_pte_at(addr);
	KUNIT_ASSERT_TRUE(test, pte_present(pte));
	KUNIT_EXPECT_EQ(test, pte_pfn(pte) == page_to_pfn(page), !c->copied);
	KUNIT_EXPECT_EQ(test, !!pte_write(pte), c->writable);
	if (c->fault)
		KUNIT_EXPECT_TRUE(test, pte_dirty(pte));
	KUNIT_EXPECT_TRUE(test, pte_young(pte));
	KUNIT_EXPECT_MEMEQ(test, user_read_page(test, addr), page_address(page), PAGE_SIZE);
	expect_counts(test, page, !c->copied);
	expect_rss(test, !c->copied, c->copied);
	expect_no_pte(test, AT);
	expect_no_pte(test, addr + PAGE_SIZE);

	/* There it stays. */
	KUNIT_EXPECT_PTR_NE(test, user_page(addr, 0), NULL);
	expect_calls(test, "");
	KUNIT_ASSERT_EQ(test, vm_munmap(AT, NR_PAGES * PAGE_SIZE), 0);
	expect_counts(test, page, 0);
	expect_rss(test, 0, 0);
}

static void fault_returns_page(struct kunit *test)
{
	expect_access(test, 0);
}

static void fault_returns_locked_page(struct kunit *test)
{
	expect_access(test, VM_FAULT_LOCKED);
}

/* Pages that are swapped rather than written back count as shared memory. */
static void fault_returns_swapbacked_page(struct kunit *test)
{
	struct driver *drv = test->priv;

	__folio_set_swapbacked(page_folio(drv->pages[0]));
	driver_map(test, RW, MAP_SHARED);
	KUNIT_EXPECT_EQ(test, user_fault(AT, 0), 0);
	KUNIT_EXPECT_EQ(test, get_mm_counter_sum(current->mm, MM_SHMEMPAGES), 1);
	KUNIT_EXPECT_EQ(test, get_mm_rss_sum(current->mm), 1);
	KUNIT_ASSERT_EQ(test, vm_munmap(AT, NR_PAGES * PAGE_SIZE), 0);
	KUNIT_EXPECT_EQ(test, get_mm_rss_sum(current->mm), 0);
}

static void fault_major(struct kunit *test)
{
	struct driver *drv = test->priv;
	unsigned long maj = current->maj_flt, min = current->min_flt;

	driver_map(test, RW, MAP_SHARED);
	KUNIT_EXPECT_EQ(test, user_fault(AT, 0), 0);
	KUNIT_EXPECT_EQ(test, current->maj_flt, maj);
	KUNIT_EXPECT_EQ(test, current->min_flt, min + 1);
	drv->ret = VM_FAULT_MAJOR;
	KUNIT_EXPECT_EQ(test, user_fault(AT + PAGE_SIZE, 0), VM_FAULT_MAJOR);
	KUNIT_EXPECT_EQ(test, current->maj_flt, maj + 1);
	KUNIT_EXPECT_EQ(test, current->min_flt, min + 1);
	/* Whoever had to wait waited for a major one, */
	drv->ret = 0;
	KUNIT_EXPECT_EQ(test, user_fault(AT + 2 * PAGE_SIZE, FAULT_FLAG_TRIED), 0);
	KUNIT_EXPECT_EQ(test, current->maj_flt, maj + 2);
	/* and a fault that fails is none. */
	drv->ret = VM_FAULT_SIGBUS;
	KUNIT_EXPECT_EQ(test, user_fault(AT + 3 * PAGE_SIZE, 0), VM_FAULT_SIGBUS);
	KUNIT_EXPECT_EQ(test, current->maj_flt, maj + 2);
	KUNIT_EXPECT_EQ(test, current->min_flt, min + 1);
}

/* What its caller should have refused. */
static void fault_impossible(struct kunit *test)
{
	struct driver *drv = test->priv;
	vm_fault_t both = 0, forced = 0, never = 0;

	kunit_warning_suppress(test) {
		driver_map(test, RW, MAP_PRIVATE);
		both = user_fault(AT, FAULT_FLAG_UNSHARE | FAULT_FLAG_WRITE);
		driver_map(test, PROT_READ, MAP_SHARED);
		forced = user_fault(AT, FAULT_FLAG_WRITE);
		drv->clear = VM_MAYWRITE;
		driver_map(test, PROT_READ, MAP_PRIVATE);
		never = user_fault(AT, FAULT_FLAG_WRITE);
	}
	KUNIT_EXPECT_EQ(test, both, VM_FAULT_SIGSEGV);
	KUNIT_EXPECT_EQ(test, forced, VM_FAULT_SIGSEGV);
	KUNIT_EXPECT_EQ(test, never, VM_FAULT_SIGSEGV);
	expect_calls(test, "");
	expect_no_pte(test, AT);
}

static const struct error {
	const char *desc;
	vm_fault_t ret;
	int err;
	int hwpoison_err;	/* with FOLL_HWPOISON */
} errors[] = {
	{ "sigbus", VM_FAULT_SIGBUS, -EFAULT, -EFAULT },
	{ "sigsegv", VM_FAULT_SIGSEGV, -EFAULT, -EFAULT },
	{ "oom", VM_FAULT_OOM, -ENOMEM, -ENOMEM },
	{ "hwpoison", VM_FAULT_HWPOISON, -EFAULT, -EHWPOISON },
	{ "hwpoison_large", VM_FAULT_HWPOISON_LARGE, -EFAULT, -EHWPOISON },
};

KUNIT_ARRAY_PARAM_DESC(error, errors, desc);

/* An error is for whoever needed the page, and leaves nothing behind. */
static void fault_returns_error(struct kunit *test)
{
	const struct error *c = test->param_value;
	struct driver *drv = test->priv;
	struct page *page;
	size_t left;
	char *buf;
	int i;

	driver_map(test, RW, MAP_SHARED);
	KUNIT_EXPECT_EQ(test, user_fault(AT, 0), 0);
	drv->ret = c->ret;
	for (i = 0; i < ARRAY_SIZE(accesses); i++) {
		unsigned long addr;

		addr = driver_map_at(test, AT + PMD_SIZE, 1, RW, accesses[i].flags, PGOFF + 1);
		KUNIT_EXPECT_EQ_MSG(test, user_fault(addr, accesses[i].fault), c->ret, "row %d", i);
		KUNIT_EXPECT_EQ(test, !!drv->copy, accesses[i].copied);
		expect_copy_freed(test);
		KUNIT_EXPECT_EQ(test, get_user_pages_unlocked(addr, 1, &page, 0), c->err);
		KUNIT_EXPECT_EQ(test, get_user_pages_unlocked(addr, 1, &page, FOLL_HWPOISON),
				c->hwpoison_err);
		expect_no_pte(test, addr);
		expect_counts(test, drv->pages[1], 0);
		expect_rss(test, 1, 0);
	}

	/* Of the bytes of a copy, the ones before the bad page arrive. */
	if (c->ret & (VM_FAULT_SIGBUS | VM_FAULT_SIGSEGV)) {
		buf = kunit_kzalloc(test, 2 * PAGE_SIZE, GFP_KERNEL);
		KUNIT_ASSERT_NOT_NULL(test, buf);
		left = copy_from_user(buf, (void __user *)AT, 2 * PAGE_SIZE);
		KUNIT_EXPECT_GE(test, left, PAGE_SIZE);
		KUNIT_ASSERT_LT(test, left, 2 * PAGE_SIZE);
		KUNIT_EXPECT_MEMEQ(test, buf, page_address(drv->pages[0]), 2 * PAGE_SIZE - left);
		KUNIT_EXPECT_EQ(test, copy_to_user((void __user *)AT, buf, 2 * PAGE_SIZE),
				PAGE_SIZE);
	}
}

/* A handler that says that it has mapped the page is taken at its word. */
static void fault_returns_nopage(struct kunit *test)
{
	const struct access *c = test->param_value;
	struct driver *drv = test->priv;

	drv->ret = VM_FAULT_NOPAGE;
	driver_map(test, RW, c->flags);
	KUNIT_EXPECT_EQ(test, user_fault(AT, c->fault), VM_FAULT_NOPAGE);
	expect_no_pte(test, AT);
	expect_copy_freed(test);
	KUNIT_EXPECT_EQ(test, user_fault(AT, c->fault), VM_FAULT_NOPAGE);
	expect_calls(test, "ff");
	expect_counts(test, drv->pages[0], 0);
	expect_rss(test, 0, 0);
}

static vm_fault_t fault_retry(struct vm_fault *vmf, struct driver *drv)
{
	if (!(vmf->flags & FAULT_FLAG_TRIED)) {
		mmap_read_unlock(vmf->vma->vm_mm);
		return VM_FAULT_RETRY;
	}
	vmf->page = drv->pages[0];
	get_page(vmf->page);

	return 0;
}

/* The handler had to let go of the lock: all begins anew. */
static void fault_returns_retry(struct kunit *test)
{
	const struct access *c = test->param_value;
	struct driver *drv = test->priv;
	struct page *page = NULL;

	drv->fault = fault_retry;
	driver_map(test, RW, c->flags);
	KUNIT_EXPECT_EQ(test, user_fault(AT, c->fault | FAULT_FLAG_ALLOW_RETRY), VM_FAULT_RETRY);
	expect_no_pte(test, AT);
	expect_rss(test, 0, 0);
	expect_copy_freed(test);
	expect_calls(test, "f");
	KUNIT_ASSERT_EQ(test, get_user_pages_unlocked(AT, 1, &page, c->fault ? FOLL_WRITE : 0), 1);
	put_page(page);
	KUNIT_EXPECT_EQ(test, page == drv->pages[0], !c->copied);
	expect_calls(test, "ff");
	expect_counts(test, drv->pages[0], !c->copied);
}

static vm_fault_t fault_beaten(struct vm_fault *vmf, struct driver *drv)
{
	vmf_insert_page(vmf->vma, vmf->address, drv->other);
	vmf->page = drv->pages[0];
	get_page(vmf->page);

	return 0;
}

/* Another thread has mapped a page meanwhile: that is then what is mapped. */
static void fault_beaten_by_another(struct kunit *test)
{
	const struct access *c = test->param_value;
	struct driver *drv = test->priv;

	drv->fault = fault_beaten;
	drv->flags = VM_MIXEDMAP;
	drv->other = own_page(test);
	driver_map(test, RW, c->flags);
	KUNIT_EXPECT_EQ(test, user_fault(AT, c->fault), VM_FAULT_NOPAGE);
	KUNIT_EXPECT_EQ(test, pte_pfn(user_pte_at(AT)), page_to_pfn(drv->other));
	expect_counts(test, drv->other, 1);
	expect_counts(test, drv->pages[0], 0);
	expect_copy_freed(test);
	expect_rss(test, 1, 0);
}

/* Each allocation that a fault needs can fail: nothing must be lost then. */
static void fault_no_memory(struct kunit *test)
{
	const struct access *c = test->param_value;
	const unsigned long at = user_largest_table() - 2 * PAGE_SIZE;
	struct driver *drv = test->priv;
	unsigned int nth, errors = 0;
	bool failed = true;

	fail_alloc_setup(test, FAIL_ONE);
	for (nth = 1; failed && nth < 100; nth++) {
		vm_fault_t ret;

		drop_copy(drv);
		driver_map_at(test, at, NR_PAGES, RW, c->flags, PGOFF);
		fail_from(nth);
		ret = user_fault(at + 2 * PAGE_SIZE, c->fault);
		failed = fail_stop();
		if (ret & VM_FAULT_ERROR) {
			errors++;
			KUNIT_EXPECT_EQ(test, ret, VM_FAULT_OOM);
			expect_no_pte(test, at + 2 * PAGE_SIZE);
			expect_counts(test, drv->pages[2], 0);
			expect_copy_freed(test);
			expect_rss(test, 0, 0);
		}
		KUNIT_ASSERT_EQ(test, vm_munmap(at, NR_PAGES * PAGE_SIZE), 0);
		expect_counts(test, drv->pages[2], 0);
		expect_rss(test, 0, 0);
	}
	KUNIT_EXPECT_FALSE(test, failed);
	KUNIT_EXPECT_GT(test, errors, 0);
}

/* === Writes === */

/* There is a page that is the process's alone, and that it has written to. */
static void expect_own_copy(struct kunit *test, unsigned long addr)
{
	pte_t pte = user_pte_at(addr);
	struct page *page = user_page(addr, 0);

	KUNIT_EXPECT_TRUE(test, pte_young(pte));
	KUNIT_EXPECT_TRUE(test, pte_dirty(pte));
	KUNIT_ASSERT_NOT_NULL(test, page);
	KUNIT_EXPECT_TRUE(test, PageAnon(page));
	KUNIT_EXPECT_TRUE(test, PageAnonExclusive(page));
	KUNIT_EXPECT_TRUE(test, PageUptodate(page));
	KUNIT_EXPECT_EQ(test, folio_mapcount(page_folio(page)), 1);
}

/* A private mapping that was read gives its page back when it is written to. */
static void private_write_after_read(struct kunit *test)
{
	struct driver *drv = test->priv;
	u32 before = first_word(drv->pages[1]);
	unsigned long addr = AT + PAGE_SIZE;

	driver_map(test, RW, MAP_PRIVATE);
	KUNIT_EXPECT_EQ(test, user_fault(addr, 0), 0);
	expect_page(test, addr, 1);
	expect_rss(test, 1, 0);
	KUNIT_EXPECT_EQ(test, user_fault(addr, FAULT_FLAG_WRITE), 0);
	expect_calls(test, "f");
	KUNIT_EXPECT_NE(test, pte_pfn(user_pte_at(addr)), page_to_pfn(drv->pages[1]));
	expect_own_copy(test, addr);
	KUNIT_EXPECT_TRUE(test, pte_write(user_pte_at(addr)));
	expect_counts(test, drv->pages[1], 0);
	expect_rss(test, 0, 1);
	KUNIT_EXPECT_MEMEQ(test, user_read_page(test, addr), page_address(drv->pages[1]),
			   PAGE_SIZE);
	KUNIT_EXPECT_TRUE(test, user_write(addr, ~before));
	KUNIT_EXPECT_EQ(test, first_word(drv->pages[1]), before);
}

static void private_write_after_read_no_memory(struct kunit *test)
{
	struct driver *drv = test->priv;
	unsigned int nth, errors = 0;
	bool failed = true;

	fail_alloc_setup(test, FAIL_ONE);
	for (nth = 1; failed && nth < 100; nth++) {
		vm_fault_t ret;

		driver_map(test, RW, MAP_PRIVATE);
		KUNIT_EXPECT_EQ(test, user_fault(AT, 0), 0);
		fail_from(nth);
		ret = user_fault(AT, FAULT_FLAG_WRITE);
		failed = fail_stop();
		if (ret) {
			errors++;
			KUNIT_EXPECT_EQ(test, ret, VM_FAULT_OOM);
			expect_page(test, AT, 0);
			KUNIT_EXPECT_FALSE(test, pte_write(user_pte_at(AT)));
			expect_counts(test, drv->pages[0], 1);
			expect_rss(test, 1, 0);
		}
		KUNIT_ASSERT_EQ(test, vm_munmap(AT, NR_PAGES * PAGE_SIZE), 0);
		expect_counts(test, drv->pages[0], 0);
		expect_rss(test, 0, 0);
	}
	KUNIT_EXPECT_FALSE(test, failed);
	KUNIT_EXPECT_GT(test, errors, 0);
}

static vm_fault_t fault_copies(struct vm_fault *vmf, struct driver *drv)
{
	memset_page(vmf->cow_page, 0, 0xa5, PAGE_SIZE);
	__SetPageUptodate(vmf->cow_page);

	return finish_fault(vmf) | VM_FAULT_DONE_COW;
}

/* A handler without a page to copy from can fill in the copy itself. */
static void private_write_done_cow(struct kunit *test)
{
	struct driver *drv = test->priv;
	void *page;

	drv->fault = fault_copies;
	driver_map(test, RW, MAP_PRIVATE);
	KUNIT_EXPECT_EQ(test, user_fault(AT, FAULT_FLAG_WRITE), VM_FAULT_DONE_COW);
	KUNIT_ASSERT_TRUE(test, pte_write(user_pte_at(AT)));
	page = user_read_page(test, AT);
	KUNIT_EXPECT_NULL(test, memchr_inv(page, 0xa5, PAGE_SIZE));
	expect_rss(test, 0, 1);
	KUNIT_ASSERT_EQ(test, vm_munmap(AT, NR_PAGES * PAGE_SIZE), 0);
	expect_rss(test, 0, 0);
}

static struct inode *driver_inode(struct driver *drv)
{
	struct inode *inode = file_inode(drv->file->filp);

	inode_set_mtime(inode, -1, 0);
	return inode;
}

/* The file system must know of dirty pages; a driver need not do anything. */
static void shared_write_dirties(struct kunit *test)
{
	struct driver *drv = test->priv;
	struct inode *inode = driver_inode(drv);

	driver_map(test, RW, MAP_SHARED);
	KUNIT_EXPECT_EQ(test, user_fault(AT, 0), 0);
	KUNIT_EXPECT_FALSE(test, folio_test_dirty(page_folio(drv->pages[0])));
	KUNIT_EXPECT_EQ(test, inode_get_mtime_sec(inode), -1);
	KUNIT_EXPECT_EQ(test, user_fault(AT + PAGE_SIZE, FAULT_FLAG_WRITE), 0);
	KUNIT_EXPECT_TRUE(test, folio_test_dirty(page_folio(drv->pages[1])));
	KUNIT_EXPECT_NE(test, inode_get_mtime_sec(inode), -1);
	/* A page that is dirty anyway need not wait for the write. */
	KUNIT_EXPECT_FALSE(test, pte_dirty(user_pte_at(AT)));
	folio_mark_dirty(page_folio(drv->pages[2]));
	KUNIT_EXPECT_EQ(test, user_fault(AT + 2 * PAGE_SIZE, 0), 0);
	KUNIT_EXPECT_TRUE(test, pte_dirty(user_pte_at(AT + 2 * PAGE_SIZE)));
	expect_calls(test, "fff");

	/* Not all processors set these bits themselves. */
	user_age(AT);
	KUNIT_EXPECT_EQ(test, user_fault(AT, 0), 0);
	if (!arch_has_hw_pte_young())
		KUNIT_EXPECT_TRUE(test, pte_young(user_pte_at(AT)));
	KUNIT_EXPECT_FALSE(test, pte_dirty(user_pte_at(AT)));
	user_age(AT);
	KUNIT_EXPECT_EQ(test, user_fault(AT, FAULT_FLAG_WRITE), 0);
	KUNIT_EXPECT_TRUE(test, pte_young(user_pte_at(AT)));
	KUNIT_EXPECT_TRUE(test, pte_dirty(user_pte_at(AT)));
	expect_calls(test, "");
}

/* Who wants to hear of writes to raw pages only, does not hear of others. */
static void shared_write_pfn_mkwrite(struct kunit *test)
{
	struct driver *drv = test->priv;
	struct inode *inode = driver_inode(drv);

	drv->ops = &pfn_mkwrite_ops;
	drv->mkwrite_ret = VM_FAULT_SIGBUS;
	driver_map(test, RW, MAP_SHARED);
	KUNIT_EXPECT_EQ(test, user_fault(AT, 0), 0);
	KUNIT_EXPECT_FALSE(test, pte_write(user_pte_at(AT)));
	KUNIT_EXPECT_EQ(test, user_fault(AT, FAULT_FLAG_WRITE), 0);
	expect_calls(test, "f");
	expect_page(test, AT, 0);
	KUNIT_EXPECT_TRUE(test, pte_write(user_pte_at(AT)));
	KUNIT_EXPECT_TRUE(test, pte_dirty(user_pte_at(AT)));
	KUNIT_EXPECT_TRUE(test, folio_test_dirty(page_folio(drv->pages[0])));
	KUNIT_EXPECT_NE(test, inode_get_mtime_sec(inode), -1);
	expect_counts(test, drv->pages[0], 1);
}

/* The page is there first, then its driver is asked, then it can be written. */
static void page_mkwrite_on_fault(struct kunit *test)
{
	struct driver *drv = test->priv;
	struct inode *inode = driver_inode(drv);

	drv->ops = &mkwrite_ops;
	drv->mkwrite_ret = VM_FAULT_LOCKED;
	driver_map(test, RW, MAP_SHARED);
	KUNIT_EXPECT_EQ(test, user_fault(AT + PAGE_SIZE + 5, FAULT_FLAG_WRITE), 0);
	expect_calls(test, "fw");
	KUNIT_EXPECT_PTR_EQ(test, drv->vmf.page, drv->pages[1]);
	KUNIT_EXPECT_EQ(test, drv->vmf.flags, FAULT_FLAG_WRITE | FAULT_FLAG_MKWRITE);
	KUNIT_EXPECT_EQ(test, drv->address, AT + PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, drv->pgoff, PGOFF + 1);
	expect_page(test, AT + PAGE_SIZE, 1);
	KUNIT_EXPECT_TRUE(test, pte_write(user_pte_at(AT + PAGE_SIZE)));
	KUNIT_EXPECT_TRUE(test, pte_dirty(user_pte_at(AT + PAGE_SIZE)));
	KUNIT_EXPECT_TRUE(test, folio_test_dirty(page_folio(drv->pages[1])));
	expect_counts(test, drv->pages[1], 1);
	expect_rss(test, 1, 0);
	KUNIT_EXPECT_TRUE(test, user_write(AT + PAGE_SIZE, 1));
	expect_calls(test, "");
	/* The time is then for ->page_mkwrite to update. */
	KUNIT_EXPECT_EQ(test, inode_get_mtime_sec(inode), -1);
}

/* Pages that were only read are mapped read-only, though the VMA is writable. */
static void page_mkwrite_after_read(struct kunit *test)
{
	struct driver *drv = test->priv;
	struct inode *inode = driver_inode(drv);

	drv->ops = &mkwrite_ops;
	drv->mkwrite_ret = VM_FAULT_LOCKED;
	driver_map(test, RW, MAP_SHARED);
	KUNIT_EXPECT_EQ(test, user_fault(AT, 0), 0);
	expect_calls(test, "f");
	expect_page(test, AT, 0);
	KUNIT_EXPECT_FALSE(test, pte_write(user_pte_at(AT)));
	KUNIT_EXPECT_EQ(test, user_fault(AT, FAULT_FLAG_WRITE), 0);
	expect_calls(test, "w");
	KUNIT_EXPECT_PTR_EQ(test, drv->vmf.page, drv->pages[0]);
	KUNIT_EXPECT_EQ(test, drv->vmf.flags, FAULT_FLAG_WRITE | FAULT_FLAG_MKWRITE);
	KUNIT_EXPECT_TRUE(test, pte_write(user_pte_at(AT)));
	KUNIT_EXPECT_TRUE(test, pte_dirty(user_pte_at(AT)));
	KUNIT_EXPECT_TRUE(test, folio_test_dirty(page_folio(drv->pages[0])));
	expect_counts(test, drv->pages[0], 1);
	KUNIT_EXPECT_EQ(test, inode_get_mtime_sec(inode), -1);
	KUNIT_EXPECT_TRUE(test, user_write(AT, 1));
	expect_calls(test, "");
}

static const struct mkwrite_error {
	const char *desc;
	vm_fault_t ret;
} mkwrite_errors[] = {
	{ "sigbus", VM_FAULT_SIGBUS },
	{ "oom", VM_FAULT_OOM },
	/* All is done, and the access is to be tried again. */
	{ "nopage", VM_FAULT_NOPAGE },
	/* The page is not locked, and when it is, it turns out to be truncated. */
	{ "truncated", 0 },
};

KUNIT_ARRAY_PARAM_DESC(mkwrite_error, mkwrite_errors, desc);

static void page_mkwrite_fails(struct kunit *test)
{
	const struct mkwrite_error *c = test->param_value;
	struct driver *drv = test->priv;

	drv->ops = &mkwrite_ops;
	drv->mkwrite_ret = c->ret;
	driver_map(test, RW, MAP_SHARED);
	KUNIT_EXPECT_EQ(test, user_fault(AT, FAULT_FLAG_WRITE), c->ret);
	expect_calls(test, "fw");
	expect_no_pte(test, AT);
	expect_counts(test, drv->pages[0], 0);
	expect_rss(test, 0, 0);

	KUNIT_EXPECT_EQ(test, user_fault(AT, 0), 0);
	KUNIT_EXPECT_EQ(test, user_fault(AT, FAULT_FLAG_WRITE), c->ret);
	expect_calls(test, "fw");
	expect_page(test, AT, 0);
	KUNIT_EXPECT_FALSE(test, pte_write(user_pte_at(AT)));
	KUNIT_EXPECT_FALSE(test, folio_test_dirty(page_folio(drv->pages[0])));
	expect_counts(test, drv->pages[0], 1);
	if (c->ret == VM_FAULT_SIGBUS)
		KUNIT_EXPECT_FALSE(test, user_write(AT, 1));
}

static void clear_mapping(void *page)
{
	((struct page *)page)->mapping = NULL;
}

/* A page that is not truncated can be returned unlocked. */
static void page_mkwrite_unlocked(struct kunit *test)
{
	struct driver *drv = test->priv;

	drv->ops = &mkwrite_ops;
	drv->pages[0]->mapping = drv->file->filp->f_mapping;
	manage(test, clear_mapping, drv->pages[0]);
	driver_map(test, RW, MAP_SHARED);
	KUNIT_EXPECT_EQ(test, user_fault(AT, 0), 0);
	KUNIT_EXPECT_EQ(test, user_fault(AT, FAULT_FLAG_WRITE), 0);
	expect_calls(test, "fw");
	KUNIT_EXPECT_TRUE(test, pte_write(user_pte_at(AT)));
	expect_counts(test, drv->pages[0], 1);

	KUNIT_ASSERT_EQ(test, vm_munmap(AT, NR_PAGES * PAGE_SIZE), 0);
	driver_map(test, RW, MAP_SHARED);
	KUNIT_EXPECT_EQ(test, user_fault(AT, FAULT_FLAG_WRITE), 0);
	expect_calls(test, "fw");
	KUNIT_EXPECT_TRUE(test, pte_write(user_pte_at(AT)));
	expect_counts(test, drv->pages[0], 1);
}

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
	bool read;		/* the pages are there before they are written to */
	const char *calls;
} writers[] = {
	{ "fault", &fault_ops, false, "ffff" },
	{ "page_mkwrite", &mkwrite_ops, false, "fwfwfwfw" },
	{ "page_mkwrite_after_read", &mkwrite_ops, true, "ffffwwww" },
	{ "pfn_mkwrite_after_read", &pfn_mkwrite_ops, true, "ffff" },
};

KUNIT_ARRAY_PARAM_DESC(writer, writers, desc);

/*
 * Who has dirtied a page may have to wait for others to be written back, and
 * does so without the lock; nevertheless the fault is done.
 */
static void shared_write_completed(struct kunit *test)
{
	const struct writer *c = test->param_value;
	struct driver *drv = test->priv;
	struct file *filp = drv->file->filp;
	struct page *page = NULL;
	bool unlocked = false;
	long refs;
	int i;

	for (i = 0; i < NR_PAGES; i++) {
		drv->pages[i]->mapping = filp->f_mapping;
		manage(test, clear_mapping, drv->pages[i]);
	}
	drv->ops = c->ops;
	drv->mkwrite_ret = VM_FAULT_LOCKED;
	driver_map(test, RW, MAP_SHARED);
	refs = file_count(filp);
	if (c->read)
		for (i = 0; i < NR_PAGES; i++)
			KUNIT_EXPECT_EQ(test, user_fault(AT + i * PAGE_SIZE, 0), 0);
	KUNIT_EXPECT_EQ(test, user_fault(AT, FAULT_FLAG_WRITE | FAULT_FLAG_ALLOW_RETRY),
			VM_FAULT_COMPLETED);
	/* Without the lock being the fault's to drop, it stays. */
	KUNIT_EXPECT_EQ(test, user_fault(AT + PAGE_SIZE, FAULT_FLAG_WRITE), 0);
	KUNIT_EXPECT_EQ(test, get_user_pages_unlocked(AT + 2 * PAGE_SIZE, 1, &page, FOLL_WRITE),
			1);
	KUNIT_EXPECT_PTR_EQ(test, page, drv->pages[2]);
	if (page)
		put_page(page);
	KUNIT_EXPECT_EQ(test, user_fixup(AT + 3 * PAGE_SIZE, FAULT_FLAG_WRITE, &unlocked), 0);
	KUNIT_EXPECT_TRUE(test, unlocked);
	expect_calls(test, c->calls);
	KUNIT_EXPECT_EQ(test, file_count(filp), refs);
	for (i = 0; i < NR_PAGES; i++) {
		expect_page(test, AT + i * PAGE_SIZE, i);
		KUNIT_EXPECT_TRUE(test, pte_write(user_pte_at(AT + i * PAGE_SIZE)));
		KUNIT_EXPECT_TRUE(test, folio_test_dirty(page_folio(drv->pages[i])));
		expect_counts(test, drv->pages[i], 1);
	}
}

/* What the kernel itself writes to behind the file system is not for others. */
static void page_mkwrite_swapfile(struct kunit *test)
{
	struct driver *drv = test->priv;
	struct inode *inode = driver_inode(drv);

	if (!IS_ENABLED(CONFIG_SWAP))
		kunit_skip(test, "needs CONFIG_SWAP");
	drv->ops = &mkwrite_ops;
	drv->mkwrite_ret = VM_FAULT_LOCKED;
	driver_map(test, RW, MAP_SHARED);
	inode->i_flags |= S_SWAPFILE;
	KUNIT_EXPECT_EQ(test, user_fault(AT, FAULT_FLAG_WRITE), VM_FAULT_SIGBUS);
	inode->i_flags &= ~S_SWAPFILE;
	expect_calls(test, "f");
	expect_no_pte(test, AT);
	expect_counts(test, drv->pages[0], 0);
}

/* What is no longer mapped is not made writable. */
static void page_mkwrite_unmapped_meanwhile(struct kunit *test)
{
	struct driver *drv = test->priv;

	drv->ops = &mkwrite_ops;
	drv->mkwrite_ret = VM_FAULT_LOCKED;
	drv->unmap = true;
	driver_map(test, RW, MAP_SHARED);
	KUNIT_EXPECT_EQ(test, user_fault(AT, 0), 0);
	KUNIT_EXPECT_EQ(test, user_fault(AT, FAULT_FLAG_WRITE), VM_FAULT_NOPAGE);
	expect_no_pte(test, AT);
	expect_counts(test, drv->pages[0], 0);
	expect_rss(test, 0, 0);
}

/* The copies of a private mapping are none of the driver's business. */
static void page_mkwrite_private(struct kunit *test)
{
	struct driver *drv = test->priv;

	drv->ops = &mkwrite_ops;
	drv->mkwrite_ret = VM_FAULT_SIGBUS;
	driver_map(test, RW, MAP_PRIVATE);
	KUNIT_EXPECT_TRUE(test, user_write(AT, 1));
	KUNIT_EXPECT_EQ(test, user_fault(AT + PAGE_SIZE, 0), 0);
	KUNIT_EXPECT_TRUE(test, user_write(AT + PAGE_SIZE, 1));
	expect_calls(test, "ff");
	expect_rss(test, 0, 2);
}

/* Pages that ->mmap has put there are as writable as the VMA was by then. */
static void page_mkwrite_not_for_mmap(struct kunit *test)
{
	struct driver *drv = test->priv;

	drv->ops = &mkwrite_ops;
	drv->premap = true;
	driver_map(test, RW, MAP_SHARED);
	KUNIT_EXPECT_TRUE(test, user_write(AT, 1));
	expect_calls(test, "");
	KUNIT_EXPECT_EQ(test, first_word(drv->pages[0]), 1);
}

static vm_fault_t fault_insert_pfn(struct vm_fault *vmf, struct driver *drv)
{
	return vmf_insert_pfn(vmf->vma, vmf->address, page_to_pfn(drv->pages[0]));
}

/* Raw pages have no page to ask about. */
static void pfn_mkwrite_after_read(struct kunit *test)
{
	struct driver *drv = test->priv;
	int i;

	drv->ops = &pfn_mkwrite_ops;
	drv->fault = fault_insert_pfn;
	drv->flags = VM_PFNMAP;
	driver_map(test, RW, MAP_SHARED);
	KUNIT_EXPECT_EQ(test, user_fault(AT, 0), VM_FAULT_NOPAGE);
	expect_calls(test, "f");
	for (i = 0; i < 3; i++) {
		drv->mkwrite_ret = mkwrite_errors[i].ret;
		KUNIT_EXPECT_FALSE(test, pte_write(user_pte_at(AT)));
		KUNIT_EXPECT_EQ(test, user_fault(AT, FAULT_FLAG_WRITE), drv->mkwrite_ret);
		expect_calls(test, "p");
		KUNIT_EXPECT_FALSE(test, pte_write(user_pte_at(AT)));
	}
	drv->mkwrite_ret = 0;
	KUNIT_EXPECT_EQ(test, user_fault(AT, FAULT_FLAG_WRITE), 0);
	expect_calls(test, "p");
	KUNIT_EXPECT_TRUE(test, drv->vmf.flags & FAULT_FLAG_MKWRITE);
	KUNIT_EXPECT_TRUE(test, pte_write(user_pte_at(AT)));
	KUNIT_EXPECT_TRUE(test, pte_dirty(user_pte_at(AT)));
	KUNIT_EXPECT_EQ(test, pte_pfn(user_pte_at(AT)), page_to_pfn(drv->pages[0]));
	expect_counts(test, drv->pages[0], 0);
}

/*
 * Debuggers write where the process may not: to a copy, which the process then
 * may not write to either, whether there was nothing, the driver's page, or
 * the copy already.
 */
static void private_write_forced(struct kunit *test)
{
	struct driver *drv = test->priv;
	pte_t pte;
	int i;

	driver_map(test, PROT_READ, MAP_PRIVATE);
	KUNIT_EXPECT_EQ(test, user_fault(AT, 0), 0);
	for (i = 0; i < 2; i++) {
		unsigned long addr = AT + i * PAGE_SIZE;

		KUNIT_EXPECT_EQ(test, user_fault(addr, FAULT_FLAG_WRITE), 0);
		expect_own_copy(test, addr);
		KUNIT_EXPECT_FALSE(test, pte_write(user_pte_at(addr)));
		expect_counts(test, drv->pages[i], 0);

		user_age(addr);
		pte = user_pte_at(addr);
		KUNIT_EXPECT_EQ(test, user_fault(addr, FAULT_FLAG_WRITE), 0);
		expect_own_copy(test, addr);
		KUNIT_EXPECT_EQ(test, pte_pfn(user_pte_at(addr)), pte_pfn(pte));
		KUNIT_EXPECT_FALSE(test, pte_write(user_pte_at(addr)));
		KUNIT_EXPECT_FALSE(test, user_write(addr, 1));
	}
	expect_calls(test, "ff");
	expect_rss(test, 0, 2);
}

/* To be sure that a page is its own, a process gets a copy, but no other right. */
static void private_unshare(struct kunit *test)
{
	struct driver *drv = test->priv;
	pte_t pte;

	driver_map(test, PROT_READ, MAP_PRIVATE);
	KUNIT_EXPECT_EQ(test, user_fault(AT, 0), 0);
	expect_page(test, AT, 0);
	KUNIT_EXPECT_EQ(test, user_fault(AT, FAULT_FLAG_UNSHARE), 0);
	pte = user_pte_at(AT);
	KUNIT_EXPECT_NE(test, pte_pfn(pte), page_to_pfn(drv->pages[0]));
	KUNIT_EXPECT_FALSE(test, pte_write(pte));
	KUNIT_EXPECT_FALSE(test, pte_dirty(pte));
	KUNIT_EXPECT_MEMEQ(test, user_read_page(test, AT), page_address(drv->pages[0]), PAGE_SIZE);
	expect_counts(test, drv->pages[0], 0);
	expect_rss(test, 0, 1);

	/* Of what is its own already, there is no need for another copy. */
	pte = user_pte_at(AT);
	KUNIT_EXPECT_EQ(test, user_fault(AT, FAULT_FLAG_UNSHARE), 0);
	KUNIT_EXPECT_TRUE(test, pte_same(user_pte_at(AT), pte));
	expect_rss(test, 0, 1);

	/* What is shared is not to be unshared. */
	driver_map(test, PROT_READ, MAP_SHARED);
	KUNIT_EXPECT_EQ(test, user_fault(AT, FAULT_FLAG_UNSHARE), 0);
	KUNIT_EXPECT_EQ(test, user_fault(AT, FAULT_FLAG_UNSHARE), 0);
	expect_page(test, AT, 0);
	KUNIT_EXPECT_FALSE(test, pte_write(user_pte_at(AT)));
	KUNIT_EXPECT_FALSE(test, folio_test_dirty(page_folio(drv->pages[0])));
	expect_counts(test, drv->pages[0], 1);
	expect_rss(test, 1, 0);
}

/* === More than a page at a time === */

/* A page of two: which of them a fault maps. */
static const struct large {
	const char *desc;
	loff_t size;		/* of the file */
	unsigned int nr;	/* of the pages in the VMA */
	unsigned int skip;	/* the VMA begins that many pages behind the first */
	unsigned int fault;	/* the page of the fault */
	long shift;		/* pages by which the VMA is off the start of a table */
	bool other;		/* the other page is there already */
	unsigned int mapped;	/* the number of pages that are mapped afterwards */
} larges[] = {
	{ "first_page", 2 * PAGE_SIZE, 2, 0, 0, 0, false, 2 },
	{ "second_page", 2 * PAGE_SIZE, 2, 0, 1, 0, false, 2 },
	{ "file_ends_in_second_page", PAGE_SIZE + 1, 2, 0, 0, 0, false, 2 },
	/* Beyond the end of a file there is a bus error to be had. */
	{ "file_ends_with_first_page", PAGE_SIZE, 2, 0, 0, 0, false, 1 },
	{ "file_is_empty", 0, 2, 0, 1, 0, false, 1 },
	{ "vma_ends_with_first_page", 2 * PAGE_SIZE, 1, 0, 0, 0, false, 1 },
	{ "vma_begins_with_second_page", 2 * PAGE_SIZE, 1, 1, 0, 3, false, 1 },
	{ "table_ends_with_first_page", 2 * PAGE_SIZE, 2, 0, 0, -1, false, 1 },
	{ "table_begins_with_second_page", 2 * PAGE_SIZE, 2, 0, 1, -1, false, 1 },
	{ "table_ends_with_second_page", 2 * PAGE_SIZE, 2, 0, 1, -2, false, 2 },
	{ "second_page_is_there", 2 * PAGE_SIZE, 2, 0, 0, 0, true, 2 },
};

KUNIT_ARRAY_PARAM_DESC(large, larges, desc);

static void fault_returns_large_page(struct kunit *test)
{
	const struct large *c = test->param_value;
	struct driver *drv = test->priv;
	struct inode *inode = file_inode(drv->file->filp);
	unsigned long at = AT + c->shift * PAGE_SIZE;
	struct page *head = manage(test, put_page_action,
				   alloc_pages(GFP_KERNEL | __GFP_COMP, 1));
	unsigned int i;

	/* The page of the file that it begins with. */
	page_folio(head)->index = 0;
	drv->pages[0] = head;
	drv->pages[1] = head + 1;
	driver_map_at(test, at, c->nr, RW, MAP_SHARED, PGOFF + c->skip);
	if (c->other) {
		i_size_write(inode, 0);
		KUNIT_EXPECT_EQ(test, user_fault(at + (1 - c->fault) * PAGE_SIZE, 0), 0);
		expect_rss(test, 1, 0);
	}
	i_size_write(inode, c->size);
	KUNIT_EXPECT_EQ(test, user_fault(at + c->fault * PAGE_SIZE, 0), 0);
	expect_page(test, at + c->fault * PAGE_SIZE, c->fault + c->skip);
	for (i = 0; i < c->nr; i++) {
		if (c->mapped == c->nr)
			expect_page(test, at + i * PAGE_SIZE, i + c->skip);
		else if (i != c->fault)
			expect_no_pte(test, at + i * PAGE_SIZE);
	}
	expect_no_pte(test, at - PAGE_SIZE);
	expect_no_pte(test, at + c->nr * PAGE_SIZE);
	expect_counts(test, head, c->mapped);
	expect_rss(test, c->mapped, 0);
	KUNIT_ASSERT_EQ(test, vm_munmap(at, c->nr * PAGE_SIZE), 0);
	expect_counts(test, head, 0);
	expect_rss(test, 0, 0);
}

#define AROUND		((long)(SZ_64K / PAGE_SIZE))

/* VMAs at this place in a page table, and what ->map_pages is asked for. */
static const struct around {
	const char *desc;
	long start;		/* of the VMA, in pages from the start of a table on, */
	long nr;		/* its pages, */
	long fault;		/* and of them the one that is accessed */
	long first;
	long last;
} arounds[] = {
	{ "middle", 0, 4 * AROUND, AROUND + 3, AROUND, 2 * AROUND - 1 },
	{ "first_of_its_window", 0, 4 * AROUND, AROUND, AROUND, 2 * AROUND - 1 },
	{ "last_of_its_window", 0, 4 * AROUND, 2 * AROUND - 1, AROUND, 2 * AROUND - 1 },
	{ "vma_begins_in_the_window", AROUND / 2, 4 * AROUND, 1, 0, AROUND - 1 },
	{ "vma_ends_in_the_window", 0, AROUND + 3, AROUND + 1, AROUND, AROUND + 2 },
	{ "vma_within_the_window", 1, 2, 1, 0, 1 },
	{ "table_ends", MAX_PTRS_PER_PTE - AROUND / 2, 2 * AROUND, 1, 0, AROUND / 2 - 1 },
	{ "table_begins", MAX_PTRS_PER_PTE - AROUND / 2, 2 * AROUND, AROUND / 2 + 1, AROUND / 2,
	  AROUND / 2 + AROUND - 1 },
};

KUNIT_ARRAY_PARAM_DESC(around, arounds, desc);

/* It runs under a lock on one table, and must not go beyond it, nor the VMA. */
static void map_pages_window(struct kunit *test)
{
	const struct around *c = test->param_value;
	struct driver *drv = test->priv;
	unsigned long at = AT + c->start * PAGE_SIZE;

	if (AROUND < 4)
		kunit_skip(test, "needs pages of 16 KB or less");
	drv->ops = &around_ops;
	drv->around_ret = VM_FAULT_NOPAGE;
	driver_map_at(test, at, c->nr, RW, MAP_SHARED, PGOFF);
	KUNIT_EXPECT_EQ(test, user_fault(at + c->fault * PAGE_SIZE, 0), VM_FAULT_NOPAGE);
	expect_calls(test, "m");
	KUNIT_EXPECT_EQ(test, drv->pgoff, PGOFF + c->fault);
	KUNIT_EXPECT_EQ(test, drv->around_start, PGOFF + c->first);
	KUNIT_EXPECT_EQ(test, drv->around_end, PGOFF + c->last);
}

/* It is for reading what is at hand. All else is for ->fault. */
static void map_pages_before_fault(struct kunit *test)
{
	struct driver *drv = test->priv;

	if (AROUND < 4)
		kunit_skip(test, "needs pages of 16 KB or less");
	drv->ops = &around_ops;
	driver_map(test, RW, MAP_SHARED);
	KUNIT_EXPECT_EQ(test, user_fault(AT, 0), 0);
	expect_calls(test, "mf");
	expect_page(test, AT, 0);
	KUNIT_EXPECT_EQ(test, user_fault(AT + PAGE_SIZE, FAULT_FLAG_WRITE), 0);
	expect_calls(test, "f");
	expect_page(test, AT + PAGE_SIZE, 1);
	drv->around_ret = VM_FAULT_SIGBUS;
	KUNIT_EXPECT_EQ(test, user_fault(AT + 2 * PAGE_SIZE, 0), VM_FAULT_SIGBUS);
	expect_calls(test, "m");

	driver_map(test, RW, MAP_PRIVATE);
	KUNIT_EXPECT_EQ(test, user_fault(AT, FAULT_FLAG_WRITE), 0);
	expect_calls(test, "f");
}

/*
 * As it must not sleep, it gets a page table beforehand. If that is not needed
 * it is freed again, which may be hidden by what each processor has counted.
 */
static void map_pages_frees_table(struct kunit *test)
{
	const unsigned long before = global_node_page_state(NR_PAGETABLE);
	struct driver *drv = test->priv;
	int i;

	if (AROUND < 4)
		kunit_skip(test, "needs pages of 16 KB or less");
	drv->ops = &around_ops;
	drv->around_ret = VM_FAULT_NOPAGE;
	driver_map(test, RW, MAP_SHARED);
	for (i = 0; i < 2048; i++)
		user_fault(AT, 0);
	KUNIT_EXPECT_LT(test, global_node_page_state(NR_PAGETABLE), before + 1024);
}

static void map_pages_no_memory(struct kunit *test)
{
	const unsigned long at = user_largest_table() - PAGE_SIZE;
	struct driver *drv = test->priv;
	bool failed = true;
	unsigned int nth;

	if (AROUND < 4)
		kunit_skip(test, "needs pages of 16 KB or less");
	fail_any_page_alloc(test);
	drv->ops = &around_ops;
	drv->around_ret = VM_FAULT_NOPAGE;
	driver_map_at(test, at, 2, RW, MAP_SHARED, PGOFF);
	for (nth = 1; failed && nth < 100; nth++) {
		fail_nth_set(nth);
		KUNIT_EXPECT_EQ(test, user_fault(at + PAGE_SIZE, 0), fail_nth_clear() ?
				VM_FAULT_OOM : VM_FAULT_NOPAGE);
		failed = !drv->calls[0];
		expect_calls(test, failed ? "" : "m");
	}
	KUNIT_EXPECT_FALSE(test, failed);
	KUNIT_EXPECT_GT(test, nth, 2);
}

/* === The lock === */

#ifdef CONFIG_PER_VMA_LOCK
/* A fault as of a thread that has locked the VMA only. */
static vm_fault_t user_fault_vma_lock(unsigned long addr, unsigned int flags)
{
	struct vm_area_struct *vma = lock_vma_under_rcu(current->mm, addr);
	vm_fault_t ret;

	if (IS_ERR_OR_NULL(vma))
		return VM_FAULT_SIGSEGV;
	ret = handle_mm_fault(vma, addr, flags | FAULT_FLAG_VMA_LOCK | FAULT_FLAG_ALLOW_RETRY,
			      NULL);
	if (!(ret & (VM_FAULT_RETRY | VM_FAULT_COMPLETED)))
		vma_end_read(vma);

	return ret;
}

/* Handlers expect the mmap_lock to be held, but for those with ->map_pages. */
static void fault_not_under_vma_lock(struct kunit *test)
{
	const struct access *c = test->param_value;
	struct driver *drv = test->priv;
	vm_fault_t ret;

	driver_map(test, RW, c->flags);
	KUNIT_EXPECT_EQ(test, user_fault_vma_lock(AT, c->fault), VM_FAULT_RETRY);
	expect_calls(test, "");
	expect_no_pte(test, AT);

	drv->ops = &around_ops;
	driver_map(test, RW, c->flags);
	/* The first copy in the VMA changes it, for which the lock must be free. */
	mmap_write_lock(current->mm);
	ret = user_fault_vma_lock(AT, c->fault);
	mmap_write_unlock(current->mm);
	KUNIT_EXPECT_EQ(test, ret, c->copied ? VM_FAULT_RETRY : 0);
	if (c->copied) {
		KUNIT_EXPECT_EQ(test, user_fault(AT + PAGE_SIZE, c->fault), 0);
		expect_calls(test, "f");
		KUNIT_EXPECT_EQ(test, user_fault_vma_lock(AT, c->fault), 0);
	}
	expect_calls(test, c->fault ? "f" : "mf");
	KUNIT_EXPECT_TRUE(test, drv->vmf.flags & FAULT_FLAG_VMA_LOCK);
}

static void mkwrite_not_under_vma_lock(struct kunit *test)
{
	struct driver *drv = test->priv;

	drv->ops = &mkwrite_ops;
	drv->mkwrite_ret = VM_FAULT_LOCKED;
	driver_map(test, RW, MAP_SHARED);
	KUNIT_EXPECT_EQ(test, user_fault(AT, 0), 0);
	expect_calls(test, "f");
	KUNIT_EXPECT_EQ(test, user_fault_vma_lock(AT, FAULT_FLAG_WRITE), VM_FAULT_RETRY);
	expect_calls(test, "");
	expect_counts(test, drv->pages[0], 1);

	drv->ops = &pfn_mkwrite_ops;
	drv->fault = fault_insert_pfn;
	drv->flags = VM_PFNMAP;
	driver_map(test, RW, MAP_SHARED);
	KUNIT_EXPECT_EQ(test, user_fault(AT, 0), VM_FAULT_NOPAGE);
	expect_calls(test, "f");
	KUNIT_EXPECT_EQ(test, user_fault_vma_lock(AT, FAULT_FLAG_WRITE), VM_FAULT_RETRY);
	expect_calls(test, "");
	KUNIT_EXPECT_FALSE(test, pte_write(user_pte_at(AT)));
}
#endif

/* === VMAs come and go === */

/* Every VMA is closed once, and all but the first are opened. */
static void open_close_balance(struct kunit *test)
{
	struct driver *drv = test->priv;

	driver_map(test, RW, MAP_SHARED);
	KUNIT_EXPECT_EQ(test, drv->opens, 0);
	KUNIT_ASSERT_EQ(test, vm_munmap(AT + PAGE_SIZE, PAGE_SIZE), 0);
	KUNIT_EXPECT_EQ(test, drv->opens, 2);
	KUNIT_EXPECT_EQ(test, drv->closes, 1);
	KUNIT_ASSERT_EQ(test, vm_munmap(AT, PAGE_SIZE), 0);
	KUNIT_EXPECT_EQ(test, drv->opens, 2);
	KUNIT_EXPECT_EQ(test, drv->closes, 2);
	/* Shrinking a VMA from one end splits it too. */
	KUNIT_ASSERT_EQ(test, vm_munmap(AT + 3 * PAGE_SIZE, PAGE_SIZE), 0);
	KUNIT_EXPECT_EQ(test, drv->opens, 3);
	KUNIT_EXPECT_EQ(test, drv->closes, 3);
	KUNIT_ASSERT_EQ(test, vm_munmap(AT, NR_PAGES * PAGE_SIZE), 0);
	KUNIT_EXPECT_EQ(test, drv->opens, 3);
	KUNIT_EXPECT_EQ(test, drv->closes, 4);
}

static int failing_mmap(struct vm_area_struct *vma, void *data)
{
	struct driver *drv = data;
	int err;

	drv->premap = true;
	err = driver_mmap(vma, drv);

	return err ?: -EBUSY;
}

/* A ->mmap that fails has undone what it did, so there is nothing to close. */
static void close_not_after_failed_mmap(struct kunit *test)
{
	struct driver *drv = test->priv;

	drv->file = user_file_open(test, O_RDWR, failing_mmap, drv);
	KUNIT_EXPECT_EQ(test, user_mmap(drv->file, AT, PAGE_SIZE, RW, MAP_SHARED | MAP_FIXED,
					PGOFF), -EBUSY);
	KUNIT_EXPECT_EQ(test, drv->opens, 0);
	KUNIT_EXPECT_EQ(test, drv->closes, 0);
	expect_counts(test, drv->pages[0], 0);
	expect_rss(test, 0, 0);
}

static void may_split_refuses(struct kunit *test)
{
	const unsigned long end = AT + NR_PAGES * PAGE_SIZE;
	struct driver *drv = test->priv;

	drv->split_err = -EBUSY;
	driver_map(test, RW, MAP_SHARED);
	KUNIT_EXPECT_EQ(test, user_fault(AT + PAGE_SIZE, 0), 0);
	KUNIT_EXPECT_EQ(test, vm_munmap(AT + PAGE_SIZE, PAGE_SIZE), -EBUSY);
	KUNIT_EXPECT_EQ(test, drv->split_addr, AT + PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, vm_munmap(AT, 2 * PAGE_SIZE), -EBUSY);
	KUNIT_EXPECT_EQ(test, drv->split_addr, AT + 2 * PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, vm_munmap(end - PAGE_SIZE, PAGE_SIZE), -EBUSY);
	KUNIT_EXPECT_EQ(test, user_mmap(drv->file, AT + PAGE_SIZE, PAGE_SIZE, RW,
					MAP_SHARED | MAP_FIXED, PGOFF), -EBUSY);
	KUNIT_EXPECT_EQ(test, drv->opens, 0);
	KUNIT_EXPECT_EQ(test, drv->closes, 0);
	expect_page(test, AT + PAGE_SIZE, 1);
	KUNIT_EXPECT_TRUE(test, user_write(end - PAGE_SIZE, 1));

	KUNIT_EXPECT_EQ(test, vm_munmap(AT, NR_PAGES * PAGE_SIZE), 0);
	KUNIT_EXPECT_EQ(test, drv->closes, 1);
}

/* === Unmapping === */

/* Drivers take pages away by where they are in the file. */
static const struct hole {
	const char *desc;
	loff_t begin;
	loff_t len;
	unsigned int gone;	/* a bit for each page of the VMA */
} holes[] = {
	{ "second_page", (PGOFF + 1) * PAGE_SIZE, PAGE_SIZE, 0x2 },
	{ "a_byte_of_the_second_page", (PGOFF + 1) * PAGE_SIZE + 5, 1, 0x2 },
	{ "a_page_and_a_byte", (PGOFF + 1) * PAGE_SIZE, PAGE_SIZE + 1, 0x6 },
	{ "from_the_third_page_on", (PGOFF + 2) * PAGE_SIZE, 0, 0xc },
	{ "from_the_third_page_on_by_length", (PGOFF + 2) * PAGE_SIZE, 1LL << 60, 0xc },
	{ "all_of_the_file", 0, 0, 0xf },
	{ "the_vma", PGOFF * PAGE_SIZE, NR_PAGES * PAGE_SIZE, 0xf },
	{ "up_to_the_second_page", 0, (PGOFF + 1) * PAGE_SIZE, 0x1 },
	{ "up_to_the_vma", 0, PGOFF * PAGE_SIZE, 0 },
	/* File offsets have 64 bits on all architectures. */
	{ "4_gb_behind_the_start", SZ_4G + PGOFF * PAGE_SIZE, PAGE_SIZE, 0 },
	{ "from_4_gb_behind_the_start", SZ_4G + PGOFF * PAGE_SIZE, 0, 0 },
	{ "4_gb_and_a_page", PGOFF * PAGE_SIZE, SZ_4G + PAGE_SIZE, 0xf },
	{ "behind_the_vma", (PGOFF + NR_PAGES) * PAGE_SIZE, 0, 0 },
};

KUNIT_ARRAY_PARAM_DESC(hole, holes, desc);

static void unmap_mapping_range_hole(struct kunit *test)
{
	const struct hole *c = test->param_value;
	struct driver *drv = test->priv;
	int i;

	driver_map(test, RW, MAP_SHARED);
	for (i = 0; i < NR_PAGES; i++)
		KUNIT_EXPECT_EQ(test, user_fault(AT + i * PAGE_SIZE, 0), 0);
	expect_calls(test, "ffff");
	unmap_mapping_range(drv->file->filp->f_mapping, c->begin, c->len, 1);
	for (i = 0; i < NR_PAGES; i++) {
		bool gone = c->gone & BIT(i);

		KUNIT_EXPECT_EQ_MSG(test, pte_none(user_pte_at(AT + i * PAGE_SIZE)), gone,
				    "page %d", i);
		expect_counts(test, drv->pages[i], !gone);
	}
	expect_rss(test, NR_PAGES - hweight32(c->gone), 0);

	/* The driver hears of the next access. */
	KUNIT_EXPECT_TRUE(test, user_write(AT + PAGE_SIZE, 1));
	expect_calls(test, c->gone & 0x2 ? "f" : "");
	expect_page(test, AT + PAGE_SIZE, 1);
}

/* Drivers make up offsets, and not all of them are positive as a loff_t. */
static void unmap_mapping_range_highest_bit(struct kunit *test)
{
	const unsigned long pgoff = 1UL << (BITS_PER_LONG - 1 - PAGE_SHIFT);
	struct driver *drv = test->priv;

	driver_map_at(test, AT, 2, RW, MAP_SHARED, pgoff);
	KUNIT_EXPECT_EQ(test, user_fault(AT, 0), 0);
	KUNIT_EXPECT_EQ(test, user_fault(AT + PAGE_SIZE, 0), 0);
	expect_rss(test, 2, 0);
	unmap_mapping_range(drv->file->filp->f_mapping, (u64)pgoff << PAGE_SHIFT, PAGE_SIZE, 1);
	expect_no_pte(test, AT);
	expect_rss(test, 1, 0);
}

/* The process's own copies are not the file's, unless it is truncated. */
static void unmap_mapping_range_private(struct kunit *test)
{
	struct driver *drv = test->priv;
	struct address_space *mapping = drv->file->filp->f_mapping;

	driver_map(test, RW, MAP_PRIVATE);
	KUNIT_EXPECT_TRUE(test, user_write(AT, 1));
	KUNIT_EXPECT_EQ(test, user_fault(AT + PAGE_SIZE, 0), 0);
	expect_rss(test, 1, 1);
	unmap_mapping_range(mapping, PGOFF * PAGE_SIZE, 2 * PAGE_SIZE, 0);
	expect_no_pte(test, AT + PAGE_SIZE);
	expect_rss(test, 0, 1);
	KUNIT_EXPECT_EQ(test, *(u32 *)user_read_page(test, AT), 1);
	unmap_mapping_range(mapping, PGOFF * PAGE_SIZE, 2 * PAGE_SIZE, 1);
	expect_no_pte(test, AT);
	expect_rss(test, 0, 0);

	/* Or in pages, of which none means all that follow. */
	KUNIT_EXPECT_EQ(test, user_fault(AT, 0), 0);
	KUNIT_EXPECT_EQ(test, user_fault(AT + PAGE_SIZE, 0), 0);
	KUNIT_EXPECT_EQ(test, user_fault(AT + 2 * PAGE_SIZE, 0), 0);
	unmap_mapping_pages(mapping, PGOFF, 1, false);
	expect_no_pte(test, AT);
	expect_page(test, AT + PAGE_SIZE, 1);
	unmap_mapping_pages(mapping, PGOFF + 1, 0, false);
	expect_rss(test, 0, 0);
}

static void zap(unsigned long addr, unsigned long size)
{
	struct vm_area_struct *vma;

	mmap_read_lock(current->mm);
	vma = vma_lookup(current->mm, AT);
	if (vma)
		zap_special_vma_range(vma, addr, size);
	mmap_read_unlock(current->mm);
}

/* Only where the VMA says that the driver may do so, and within it. */
static void zap_special_vma_range_of_pages(struct kunit *test)
{
	struct driver *drv = test->priv;
	int i;

	drv->flags = VM_MIXEDMAP;
	driver_map(test, RW, MAP_SHARED);
	for (i = 0; i < NR_PAGES; i++)
		KUNIT_EXPECT_EQ(test, user_fault(AT + i * PAGE_SIZE, 0), 0);
	zap(AT - PAGE_SIZE, 2 * PAGE_SIZE);
	zap(AT, (NR_PAGES + 1) * PAGE_SIZE);
	expect_rss(test, NR_PAGES, 0);
	zap(AT + PAGE_SIZE, 2 * PAGE_SIZE);
	expect_page(test, AT, 0);
	expect_no_pte(test, AT + PAGE_SIZE);
	expect_no_pte(test, AT + 2 * PAGE_SIZE);
	expect_page(test, AT + 3 * PAGE_SIZE, 3);
	expect_counts(test, drv->pages[1], 0);
	expect_rss(test, 2, 0);
	zap(AT, NR_PAGES * PAGE_SIZE);
	expect_rss(test, 0, 0);

	drv->flags = 0;
	driver_map(test, RW, MAP_SHARED);
	KUNIT_EXPECT_EQ(test, user_fault(AT, 0), 0);
	zap(AT, NR_PAGES * PAGE_SIZE);
	expect_page(test, AT, 0);
}

static int vm_fault_init(struct kunit *test)
{
	struct driver *drv = kunit_kzalloc(test, sizeof(*drv), GFP_KERNEL);
	int i;

	mm_kunit_init(test);
	KUNIT_ASSERT_NOT_NULL(test, drv);
	for (i = 0; i < NR_PAGES; i++) {
		drv->pages[i] = own_page(test);
		memset32(page_address(drv->pages[i]), 0x5eed0000 + i, PAGE_SIZE / sizeof(u32));
	}
	drv->ops = &fault_ops;
	drv->file = user_file_open(test, O_RDWR, driver_mmap, drv);
	test->priv = drv;

	return 0;
}

static void vm_fault_exit(struct kunit *test)
{
	struct driver *drv = test->priv;

	if (drv)
		drop_copy(drv);
}

static struct kunit_case vm_fault_cases[] = {
	KUNIT_CASE(fault_without_handler),
	KUNIT_CASE_PARAM(fault_arguments, access_gen_params),
	KUNIT_CASE_PARAM(fault_returns_page, access_gen_params),
	KUNIT_CASE_PARAM(fault_returns_locked_page, access_gen_params),
	KUNIT_CASE(fault_returns_swapbacked_page),
	KUNIT_CASE(fault_major),
	KUNIT_CASE(fault_impossible),
	KUNIT_CASE_PARAM(fault_returns_error, error_gen_params),
	KUNIT_CASE_PARAM(fault_returns_nopage, access_gen_params),
	KUNIT_CASE_PARAM(fault_returns_retry, access_gen_params),
	KUNIT_CASE_PARAM(fault_beaten_by_another, access_gen_params),
	KUNIT_CASE_PARAM(fault_no_memory, access_gen_params),
	KUNIT_CASE(private_write_after_read),
	KUNIT_CASE(private_write_after_read_no_memory),
	KUNIT_CASE(private_write_done_cow),
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
	KUNIT_CASE(page_mkwrite_not_for_mmap),
	KUNIT_CASE(pfn_mkwrite_after_read),
	KUNIT_CASE_PARAM(fault_returns_large_page, large_gen_params),
	KUNIT_CASE_PARAM(map_pages_window, around_gen_params),
	KUNIT_CASE(map_pages_before_fault),
	KUNIT_CASE(map_pages_frees_table),
	KUNIT_CASE(map_pages_no_memory),
#ifdef CONFIG_PER_VMA_LOCK
	KUNIT_CASE_PARAM(fault_not_under_vma_lock, access_gen_params),
	KUNIT_CASE(mkwrite_not_under_vma_lock),
#endif
	KUNIT_CASE(open_close_balance),
	KUNIT_CASE(close_not_after_failed_mmap),
	KUNIT_CASE(may_split_refuses),
	KUNIT_CASE_PARAM(unmap_mapping_range_hole, hole_gen_params),
	KUNIT_CASE(unmap_mapping_range_highest_bit),
	KUNIT_CASE(unmap_mapping_range_private),
	KUNIT_CASE(zap_special_vma_range_of_pages),
	{}
};

static struct kunit_suite vm_fault_suite = {
	.name = "vm_fault",
	.init = vm_fault_init,
	.exit = vm_fault_exit,
	.test_cases = vm_fault_cases,
};

kunit_test_suite(vm_fault_suite);

MODULE_DESCRIPTION("KUnit tests for ->fault and its kin");
MODULE_LICENSE("GPL");
