/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The driver of the suites for vmf_insert_page() and the like: its ->fault inserts one
 * page with the function under test.
 */
#ifndef _MM_TESTS_VMF_DRIVER_H
#define _MM_TESTS_VMF_DRIVER_H

#include <kunit/test.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/pgtable.h>

#include "mm_kunit.h"
#include "test_driver.h"
#include "user_checks.h"
#include "user_vma.h"

struct vmf_driver;

/* Inserts the driver's page at @at, which need not be where the fault was. */
typedef vm_fault_t (*vmf_insert_t)(struct vm_fault *at, struct vmf_driver *drv);

/**
 * struct vmf_driver - a driver, and what its fault handlers insert
 * @base: the driver's file, and what ->mmap does; its own pages are not used
 * @insert: the function under test
 * @page: what it inserts
 * @pfn: the page frame, for the functions that are given one
 * @prot: for vmf_insert_pfn_prot()
 * @offset: where to insert, in bytes from the address of the fault on
 * @fail: an allocation that fails while @insert runs, or NULL
 * @order: of the faults that ->huge_fault takes; 0 leaves all to ->fault
 * @ret: what @insert has returned
 * @huge_faults: calls of ->huge_fault for @order
 */
struct vmf_driver {
	struct test_driver base;

	vmf_insert_t insert;
	struct page *page;
	unsigned long pfn;
	pgprot_t prot;
	unsigned long offset;
	struct mm_kunit_failing *fail;
	unsigned int order;

	vm_fault_t ret;
	unsigned int huge_faults;
};

static inline struct vmf_driver *vmf_driver(struct kunit *test)
{
	return container_of(test->priv, struct vmf_driver, base);
}

static inline struct vmf_driver *vmf_driver_of(struct vm_fault *vmf)
{
	return container_of(test_driver_of(vmf->vma), struct vmf_driver, base);
}

/* Has the driver insert @page from now on. */
static inline void vmf_driver_use(struct vmf_driver *drv, struct page *page)
{
	drv->page = page;
	drv->pfn = page_to_pfn(page);
}

static inline vm_fault_t vmf_driver_insert(struct vm_fault *vmf)
{
	struct vmf_driver *drv = vmf_driver_of(vmf);
	unsigned long addr = vmf->address + drv->offset;
	struct vm_fault at = {
		.vma = vmf->vma,
		.address = addr,
		.pmd = vmf->pmd,
		.pud = vmf->pud,
	};

	if (drv->offset && drv->order) {
		at.pud = pud_offset(p4d_offset(pgd_offset(vmf->vma->vm_mm, addr), addr), addr);
		if (drv->order == PMD_ORDER)
			at.pmd = pmd_offset(at.pud, addr);
	}

	mm_kunit_fail_begin(drv->fail);
	drv->ret = drv->insert(&at, drv);
	mm_kunit_fail_end(drv->fail);

	return drv->ret;
}

static inline vm_fault_t vmf_driver_fault(struct vm_fault *vmf)
{
	struct vmf_driver *drv = vmf_driver_of(vmf);

	drv->base.faults++;
	return drv->order ? VM_FAULT_SIGBUS : vmf_driver_insert(vmf);
}

static inline vm_fault_t vmf_driver_huge_fault(struct vm_fault *vmf, unsigned int order)
{
	struct vmf_driver *drv = vmf_driver_of(vmf);

	if (!order || order != drv->order)
		return VM_FAULT_FALLBACK;
	drv->huge_faults++;
	return vmf_driver_insert(vmf);
}

static inline vm_fault_t vmf_driver_mkwrite(struct vm_fault *vmf)
{
	return VM_FAULT_SIGBUS;
}

static const struct vm_operations_struct vmf_driver_vm_ops = {
	.fault = vmf_driver_fault,
	.huge_fault = vmf_driver_huge_fault,
};

/* With these, the pages of a shared VMA are read-only until they are written to. */
static const struct vm_operations_struct vmf_notify_vm_ops __maybe_unused = {
	.fault = vmf_driver_fault,
	.huge_fault = vmf_driver_huge_fault,
	.page_mkwrite = vmf_driver_mkwrite,
	.pfn_mkwrite = vmf_driver_mkwrite,
};

/**
 * vmf_driver_map() - mmap(2) of the driver's file from its first page on
 * @test: the case; asserts if it fails
 * @at: where to; 0 leaves it to the kernel
 * @len: in bytes
 * @prot: PROT_*
 * @flags: MAP_*
 *
 * Return: the address.
 */
static inline unsigned long vmf_driver_map(struct kunit *test, unsigned long at,
					   unsigned long len, unsigned long prot,
					   unsigned long flags)
{
	return test_driver_map(test, at, 0, len / PAGE_SIZE, prot,
			       flags | (at ? MAP_FIXED : 0));
}

/* Has the entries of the VMA at @addr be old, where the architecture has them young. */
static inline void vmf_driver_prot_old(unsigned long addr)
{
	struct vm_area_struct *vma;

	mmap_write_lock(current->mm);
	vma = vma_lookup(current->mm, addr);
	vma->vm_page_prot = __pgprot(pte_val(pte_mkold(pfn_pte(0, vma->vm_page_prot))));
	mmap_write_unlock(current->mm);
}

/**
 * VMF_EXPECT_MAPPED() - expect @mapped mappings, each holding one reference
 * @test: the case
 * @page: a page that the case holds one reference of as well
 * @mapped: how often the page, or the folio that it is part of, is mapped
 * @fmt: after what, as for printf(), with its arguments
 */
#define VMF_EXPECT_MAPPED(test, page, mapped, fmt, ...)				\
do {										\
	int __mapped = (mapped);						\
										\
	MM_KUNIT_EXPECT_COUNTS(test, page, 1 + __mapped, __mapped, #page " " fmt, \
			       ##__VA_ARGS__);					\
} while (0)

/**
 * vmf_check_raw() - look for a writable raw entry, by follow_pfnmap_start()
 * @test: the case
 * @addr: the user address
 * @pfn: the page frame that is mapped there
 * @mask: of the addresses that the entry maps: PAGE_MASK, PMD_MASK or PUD_MASK
 *
 * Return: NULL if it is there, else what is.
 */
static inline const char *vmf_check_raw(struct kunit *test, unsigned long addr,
					unsigned long pfn, unsigned long mask)
{
	bool special = mask != PAGE_MASK || IS_ENABLED(CONFIG_ARCH_HAS_PTE_SPECIAL);
	struct follow_pfnmap_args args = { .address = addr };
	int err = -ENOENT;

	mmap_read_lock(current->mm);
	args.vma = vma_lookup(current->mm, addr);
	if (args.vma)
		err = follow_pfnmap_start(&args);
	if (!err)
		follow_pfnmap_end(&args);
	mmap_read_unlock(current->mm);

	if (err)
		return mm_kunit_wrong(test, "at %lx: expected pfn %lx, found error %d", addr, pfn,
				      err);
	if (args.pfn != pfn || args.addr_mask != mask)
		return mm_kunit_wrong(test, "at %lx: expected pfn %lx, mask %lx, found %lx, %lx",
				      addr, pfn, mask, args.pfn, args.addr_mask);
	if (!args.writable || args.special != special)
		return mm_kunit_wrong(test, "at %lx: expected writable 1, special %d, found %d, %d",
				      addr, special, args.writable, args.special);

	return NULL;
}

/* The init of the suites. */
static inline int vmf_driver_init(struct kunit *test)
{
	struct vmf_driver *drv = kunit_kzalloc(test, sizeof(*drv), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, drv);
	test_driver_setup(test, &drv->base);
	drv->base.ops = &vmf_driver_vm_ops;

	return 0;
}

#endif /* _MM_TESTS_VMF_DRIVER_H */
