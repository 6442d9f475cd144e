/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The driver of the suites that test when the functions of vm_operations_struct
 * are called, and what becomes of what they return.
 *
 * It is a test_driver with functions that write down how they were called, a letter
 * for each call, and that return what the case has told them to return.
 */
#ifndef _MM_TESTS_FAULT_DRIVER_H
#define _MM_TESTS_FAULT_DRIVER_H

#include <kunit/test.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/mmap_lock.h>
#include <linux/pagemap.h>
#include <linux/string.h>

#include "mm_kunit.h"
#include "test_driver.h"
#include "user_checks.h"
#include "user_vma.h"

/* Where the suites map the driver's pages: at the start of a page table. */
#define AT		(16 * PMD_SIZE)
/* The driver's first page is this one of its file, to tell the two apart. */
#define PGOFF		5

/**
 * struct fault_driver - a driver, what its functions return, and their last call
 * @base: the driver's pages, its file and what ->mmap does
 * @fault: what ->fault does instead of returning the page
 * @ret: what ->fault returns; it locks the page if that has VM_FAULT_LOCKED
 * @mkwrite_ret: what ->page_mkwrite and ->pfn_mkwrite return
 * @around_ret: what ->map_pages returns
 * @unmap: ->page_mkwrite unmaps all of the file before it returns
 * @calls: the calls in order: f for ->fault, w for ->page_mkwrite, p for
 *	->pfn_mkwrite, m for ->map_pages; FAULT_EXPECT_CALLS() clears it
 * @flags: vmf->flags of the last call
 * @page: vmf->page of the last call
 * @address: vmf->address of the last call
 * @real_address: vmf->real_address of the last call
 * @pgoff: vmf->pgoff of the last call
 * @gfp: vmf->gfp_mask of the last call
 * @copy: vmf->cow_page of the last call, with a reference
 * @around_start: the first page that ->map_pages was asked for
 * @around_end: the last page that ->map_pages was asked for
 */
struct fault_driver {
	struct test_driver base;

	vm_fault_t (*fault)(struct vm_fault *vmf, struct fault_driver *drv);
	vm_fault_t ret;
	vm_fault_t mkwrite_ret;
	vm_fault_t around_ret;
	bool unmap;

	char calls[16];
	unsigned int flags;
	struct page *page;
	unsigned long address;
	unsigned long real_address;
	pgoff_t pgoff;
	gfp_t gfp;
	struct page *copy;
	pgoff_t around_start;
	pgoff_t around_end;
};

static inline struct fault_driver *fault_driver(struct kunit *test)
{
	return container_of(test->priv, struct fault_driver, base);
}

static inline struct address_space *fault_driver_mapping(struct fault_driver *drv)
{
	return drv->base.file->filp->f_mapping;
}

/* Drops the reference to the copy of the last call; also a deferred action. */
static inline void fault_driver_drop_copy(void *data)
{
	struct fault_driver *drv = data;

	if (drv->copy)
		put_page(drv->copy);
	drv->copy = NULL;
}

/* Writes down a call of one of the driver's functions. */
static inline struct fault_driver *fault_driver_called(struct vm_fault *vmf, char letter)
{
	struct fault_driver *drv = container_of(test_driver_of(vmf->vma),
						struct fault_driver, base);
	size_t len = strlen(drv->calls);

	if (len < sizeof(drv->calls) - 1)
		drv->calls[len] = letter;
	drv->flags = vmf->flags;
	drv->page = vmf->page;
	drv->address = vmf->address;
	drv->real_address = vmf->real_address;
	drv->pgoff = vmf->pgoff;
	drv->gfp = vmf->gfp_mask;
	fault_driver_drop_copy(drv);
	drv->copy = vmf->cow_page;
	if (drv->copy)
		get_page(drv->copy);

	return drv;
}

static inline vm_fault_t fault_driver_fault(struct vm_fault *vmf)
{
	struct fault_driver *drv = fault_driver_called(vmf, 'f');
	vm_fault_t ret;

	if (drv->fault)
		return drv->fault(vmf, drv);
	if (drv->ret & ~(VM_FAULT_LOCKED | VM_FAULT_MAJOR))
		return drv->ret;
	ret = test_driver_fault(vmf);
	if (ret)
		return ret;
	if (drv->ret & VM_FAULT_LOCKED)
		lock_page(vmf->page);

	return drv->ret;
}

static inline vm_fault_t fault_driver_page_mkwrite(struct vm_fault *vmf)
{
	struct fault_driver *drv = fault_driver_called(vmf, 'w');

	if (drv->unmap)
		unmap_mapping_range(fault_driver_mapping(drv), 0, 0, 1);
	if (drv->mkwrite_ret & VM_FAULT_LOCKED)
		lock_page(vmf->page);

	return drv->mkwrite_ret;
}

static inline vm_fault_t fault_driver_pfn_mkwrite(struct vm_fault *vmf)
{
	return fault_driver_called(vmf, 'p')->mkwrite_ret;
}

static inline vm_fault_t fault_driver_map_pages(struct vm_fault *vmf, pgoff_t start,
						pgoff_t end)
{
	struct fault_driver *drv = fault_driver_called(vmf, 'm');

	drv->around_start = start;
	drv->around_end = end;

	return drv->around_ret;
}

static const struct vm_operations_struct fault_ops = {
	.fault = fault_driver_fault,
};

static const struct vm_operations_struct mkwrite_ops __maybe_unused = {
	.fault = fault_driver_fault,
	.page_mkwrite = fault_driver_page_mkwrite,
};

static const struct vm_operations_struct pfn_mkwrite_ops __maybe_unused = {
	.fault = fault_driver_fault,
	.pfn_mkwrite = fault_driver_pfn_mkwrite,
};

static const struct vm_operations_struct around_ops __maybe_unused = {
	.fault = fault_driver_fault,
	.map_pages = fault_driver_map_pages,
};

/* Maps all pages of the driver at AT, in place of what is there. */
static inline void fault_driver_map(struct kunit *test, unsigned long prot, unsigned long flags)
{
	test_driver_map(test, AT, 0, TEST_DRIVER_PAGES, prot, flags | MAP_FIXED);
}

/* A ->fault that maps the driver's first page as a raw page frame. */
static inline vm_fault_t fault_driver_insert_pfn(struct vm_fault *vmf, struct fault_driver *drv)
{
	return vmf_insert_pfn(vmf->vma, vmf->address, page_to_pfn(drv->base.pages[0]));
}

/* A fault as of a thread that has locked the VMA only, not the address space. */
static inline vm_fault_t user_fault_vma_lock(unsigned long addr, unsigned int flags)
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

/**
 * FAULT_EXPECT_CALLS() - expect calls of the driver's functions, and forget them
 * @test: the case, whose priv is the struct fault_driver
 * @expected: a letter for each call since the last time, in order
 */
#define FAULT_EXPECT_CALLS(test, expected)					\
	FAULT_EXPECT_CALLS_MSG(test, expected, "since the last look")

/**
 * FAULT_EXPECT_CALLS_MSG() - the same, for a loop
 * @test: the case, whose priv is the struct fault_driver
 * @expected: a letter for each call since the last time, in order
 * @fmt: the round of the loop, as for printf(), with its arguments
 */
#define FAULT_EXPECT_CALLS_MSG(test, expected, fmt, ...)			\
do {										\
	struct kunit *__test = (test);						\
	struct fault_driver *__drv = fault_driver(__test);			\
										\
	KUNIT_EXPECT_STREQ_MSG(__test, __drv->calls, expected,			\
			       "calls of the driver's functions " fmt,		\
			       ##__VA_ARGS__);					\
	memset(__drv->calls, 0, sizeof(__drv->calls));				\
} while (0)

/**
 * FAULT_EXPECT_MAPPED() - expect @mapped mappings, each holding one reference
 * @test: the case
 * @page: a page of the driver, which holds one reference as well
 * @mapped: how often the page, or the folio that it is part of, is mapped
 */
#define FAULT_EXPECT_MAPPED(test, page, mapped)					\
do {										\
	int __mapped = (mapped);						\
										\
	MM_KUNIT_EXPECT_COUNTS(test, page, 1 + __mapped, __mapped, "%s", #page); \
} while (0)

/**
 * FAULT_EXPECT_COPY_FREED() - expect the preallocated copy to be freed, unused
 * @test: the case, whose priv is the struct fault_driver
 * @fmt: after what, as for printf(), with its arguments
 *
 * For a write to a private mapping, vmf->cow_page is allocated before ->fault is
 * called. The driver has kept a reference, which must be the only one left.
 */
#define FAULT_EXPECT_COPY_FREED(test, fmt, ...)					\
do {										\
	struct kunit *__test = (test);						\
	struct page *__copy = fault_driver(__test)->copy;			\
										\
	if (__copy)								\
		KUNIT_EXPECT_EQ_MSG(__test, page_ref_count(__copy), 1,		\
				    "references of the preallocated copy " fmt,	\
				    ##__VA_ARGS__);				\
} while (0)

/* The init of the suites. */
static inline int fault_driver_init(struct kunit *test)
{
	struct fault_driver *drv = kunit_kzalloc(test, sizeof(*drv), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, drv);
	test_driver_setup(test, &drv->base);
	drv->base.ops = &fault_ops;
	drv->base.pgoff = PGOFF;
	mm_kunit_manage(test, fault_driver_drop_copy, drv);

	return 0;
}

#endif /* _MM_TESTS_FAULT_DRIVER_H */
