/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A driver with a few pages, for the suites that test what is done with a mapping
 * once it exists.
 *
 * Page i of the driver has the contents that mm_kunit_fill(page, i) gives and is at
 * page @pgoff + i of the file. A case says how they are mapped, maps them with
 * test_driver_map(), and looks at what the driver's functions have recorded: they
 * run inside of the kernel, under its locks, so they expect nothing themselves.
 *
 * A suite that needs more embeds the struct in one of its own.
 */
#ifndef _MM_TESTS_TEST_DRIVER_H
#define _MM_TESTS_TEST_DRIVER_H

#include <kunit/test.h>
#include <linux/gfp.h>
#include <linux/highmem.h>
#include <linux/mm.h>
#include <linux/mman.h>

#include "mm_kunit.h"
#include "user_vma.h"

#define TEST_DRIVER_PAGES	4
#define TEST_DRIVER_NO_PAGE	ULONG_MAX

/**
 * enum test_driver_how - what ->mmap does
 * @DRV_FAULT: nothing: the pages are mapped by ->fault
 * @DRV_INSERT_PAGE: it maps them with vm_insert_page()
 * @DRV_REMAP_PFN: it maps them with remap_pfn_range(): as raw page frames
 */
enum test_driver_how {
	DRV_FAULT,
	DRV_INSERT_PAGE,
	DRV_REMAP_PFN,
};

/**
 * struct test_driver - a driver, what it does, and what it was asked for
 * @file: what is mapped
 * @pages: its pages, of which it owns a reference each. Their frames follow each
 *	other, unless test_driver_use_folio() or the case gives it others
 * @buf: a page of memory, for what the case reads and writes
 * @pgoff: the page of the file that shows pages[0]
 * @how: what ->mmap does
 * @ops: the VMA's vm_ops; by default test_driver_vm_ops. NULL gives it none
 * @set: VMA flags for ->mmap to set
 * @clear: VMA flags for ->mmap to clear
 * @mmap_ret: what ->mmap returns if all is well
 * @error_at: the page whose fault fails, or TEST_DRIVER_NO_PAGE
 * @error: what that fault returns
 * @retry_at: the page whose fault has to wait: it drops the lock, and asks for
 *	another try
 * @mmaps: calls of ->mmap
 * @opens: calls of ->open
 * @closes: calls of ->close by the thread of the case
 * @faults: calls of ->fault
 * @fault_flags: the flags of the last fault
 */
struct test_driver {
	struct user_file *file;
	struct page *pages[TEST_DRIVER_PAGES];
	void *buf;
	pgoff_t pgoff;

	enum test_driver_how how;
	const struct vm_operations_struct *ops;
	vm_flags_t set;
	vm_flags_t clear;
	int mmap_ret;
	unsigned long error_at;
	vm_fault_t error;
	unsigned long retry_at;

	unsigned int mmaps;
	unsigned int opens;
	unsigned int closes;
	unsigned int faults;
	unsigned int fault_flags;
};

static inline struct test_driver *test_driver_of(const struct vm_area_struct *vma)
{
	return vma->vm_private_data;
}

static inline void test_driver_open(struct vm_area_struct *vma)
{
	test_driver_of(vma)->opens++;
}

static inline void test_driver_close(struct vm_area_struct *vma)
{
	/* At the exit of the thread, the driver is gone already. */
	if (user_vma_in_test(vma))
		test_driver_of(vma)->closes++;
}

static inline vm_fault_t test_driver_fault(struct vm_fault *vmf)
{
	struct test_driver *drv = test_driver_of(vmf->vma);
	unsigned long i = vmf->pgoff - drv->pgoff;

	drv->faults++;
	drv->fault_flags = vmf->flags;
	if (i == drv->error_at)
		return drv->error;
	if (i == drv->retry_at && vmf->flags & FAULT_FLAG_ALLOW_RETRY &&
	    !(vmf->flags & FAULT_FLAG_TRIED)) {
		if (!(vmf->flags & FAULT_FLAG_RETRY_NOWAIT))
			release_fault_lock(vmf);
		return VM_FAULT_RETRY;
	}
	if (i >= TEST_DRIVER_PAGES)
		return VM_FAULT_SIGBUS;
	vmf->page = drv->pages[i];
	get_page(vmf->page);

	return 0;
}

/* VMAs whose vm_ops have ->close are not merged. */
static const struct vm_operations_struct test_driver_vm_ops = {
	.fault = test_driver_fault,
};

static const struct vm_operations_struct test_driver_count_vm_ops __maybe_unused = {
	.open = test_driver_open,
	.close = test_driver_close,
	.fault = test_driver_fault,
};

/* Maps those of the driver's pages that the VMA covers, as @how says. */
static inline int test_driver_mmap(struct vm_area_struct *vma, void *data)
{
	struct test_driver *drv = data;
	unsigned long i, nr = 0, first = vma->vm_pgoff - drv->pgoff;
	int err = 0;

	drv->mmaps++;
	vm_flags_mod(vma, drv->set, drv->clear);
	vma->vm_private_data = drv;
	vma->vm_ops = drv->ops;

	if (first < TEST_DRIVER_PAGES)
		nr = min(vma_pages(vma), TEST_DRIVER_PAGES - first);
	if (nr && drv->how == DRV_REMAP_PFN)
		err = remap_pfn_range(vma, vma->vm_start, page_to_pfn(drv->pages[first]),
				      nr * PAGE_SIZE, vma->vm_page_prot);
	for (i = 0; i < nr && drv->how == DRV_INSERT_PAGE && !err; i++)
		err = vm_insert_page(vma, vma->vm_start + i * PAGE_SIZE,
				     drv->pages[first + i]);

	return err ?: drv->mmap_ret;
}

/**
 * test_driver_map() - mmap(2) of the driver's file
 * @test: the case; asserts if it fails
 * @addr: where to, with MAP_FIXED in @flags; 0 leaves it to the kernel
 * @first: the driver's page to be mapped first
 * @nr_pages: how many pages
 * @prot: PROT_*
 * @flags: MAP_*
 *
 * Return: the address.
 */
static inline unsigned long test_driver_map(struct kunit *test, unsigned long addr,
					    unsigned long first, unsigned long nr_pages,
					    unsigned long prot, unsigned long flags)
{
	struct test_driver *drv = test->priv;

	addr = user_mmap(drv->file, addr, nr_pages * PAGE_SIZE, prot, flags, drv->pgoff + first);
	KUNIT_ASSERT_FALSE_MSG(test, IS_ERR_VALUE(addr), "mmap() returned %ld", (long)addr);

	return addr;
}

/* All pages of the driver, anywhere. */
static inline unsigned long test_driver_map_all(struct kunit *test, unsigned long prot,
						unsigned long flags)
{
	return test_driver_map(test, 0, 0, TEST_DRIVER_PAGES, prot, flags);
}

/**
 * MM_KUNIT_EXPECT_UNUSED() - expect the driver's pages to be the driver's alone
 * @test: the case, whose priv is the struct test_driver
 */
#define MM_KUNIT_EXPECT_UNUSED(test)						\
	MM_KUNIT_EXPECT_UNUSED_MSG(test, "now")

/**
 * MM_KUNIT_EXPECT_UNUSED_MSG() - the same, for a loop
 * @test: the case, whose priv is the struct test_driver
 * @fmt: the round of the loop, as for printf(), with its arguments
 */
#define MM_KUNIT_EXPECT_UNUSED_MSG(test, fmt, ...)				\
do {										\
	struct test_driver *__drv = (test)->priv;				\
	int __i;								\
										\
	for (__i = 0; __i < TEST_DRIVER_PAGES; __i++)				\
		MM_KUNIT_EXPECT_COUNTS(test, __drv->pages[__i], 1, 0,		\
				       "the driver's page %d, " fmt, __i,	\
				       ##__VA_ARGS__);				\
} while (0)

/**
 * test_driver_use_folio() - have the driver map the pages of one folio
 * @test: the case, which owns the folio's reference; it is dropped when it ends
 *
 * Return: the folio.
 */
static inline struct folio *test_driver_use_folio(struct kunit *test)
{
	struct page *page = mm_kunit_pages(test, GFP_KERNEL | __GFP_ZERO,
					   ilog2(TEST_DRIVER_PAGES));
	struct test_driver *drv = test->priv;
	int i;

	for (i = 0; i < TEST_DRIVER_PAGES; i++)
		drv->pages[i] = page + i;

	return page_folio(page);
}

/**
 * test_driver_setup() - for the init of a suite
 * @test: the case that is about to run
 * @drv: zeroed; test->priv will point to it
 *
 * Return: 0; asserts if there is no memory.
 */
static inline int test_driver_setup(struct kunit *test, struct test_driver *drv)
{
	struct page *pages;
	int i;

	mm_kunit_init(test);
	pages = mm_kunit_split_pages(test, GFP_KERNEL, TEST_DRIVER_PAGES);
	for (i = 0; i < TEST_DRIVER_PAGES; i++) {
		drv->pages[i] = pages + i;
		mm_kunit_fill(drv->pages[i], i);
	}
	drv->buf = kunit_kmalloc(test, PAGE_SIZE, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, drv->buf);
	drv->ops = &test_driver_vm_ops;
	drv->error_at = TEST_DRIVER_NO_PAGE;
	drv->retry_at = TEST_DRIVER_NO_PAGE;
	drv->file = user_file_open(test, O_RDWR, test_driver_mmap, drv);
	test->priv = drv;

	return 0;
}

static inline int test_driver_init(struct kunit *test)
{
	struct test_driver *drv = kunit_kzalloc(test, sizeof(*drv), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, drv);
	return test_driver_setup(test, drv);
}

#endif /* _MM_TESTS_TEST_DRIVER_H */
