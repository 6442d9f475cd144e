/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the suites that get at the pages of a mapping have in common: a driver
 * whose pages are mapped by ->mmap already, anonymous memory, and a page frame
 * that has no page for get_user_pages().
 */
#ifndef _MM_TESTS_GUP_DRIVER_H
#define _MM_TESTS_GUP_DRIVER_H

#include <kunit/test.h>
#include <linux/highmem.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/mmzone.h>

#include "../internal.h"
#include "test_driver.h"

/* The init of a suite whose cases have the pages mapped, unless they say otherwise. */
static inline int gup_driver_init(struct kunit *test)
{
	struct test_driver *drv;
	int err;

	err = test_driver_init(test);
	drv = test->priv;
	drv->how = DRV_INSERT_PAGE;

	return err;
}

/**
 * gup_map_anon() - mmap(2) of private anonymous memory
 * @test: the case; asserts if it fails
 * @addr: where to, with MAP_FIXED in @flags; 0 leaves it to the kernel
 * @nr_pages: how many pages
 * @prot: PROT_*
 * @flags: MAP_*, besides MAP_PRIVATE and MAP_ANONYMOUS
 *
 * Return: the address.
 */
static inline unsigned long gup_map_anon(struct kunit *test, unsigned long addr,
					 unsigned long nr_pages, unsigned long prot,
					 unsigned long flags)
{
	unsigned long ret;

	ret = vm_mmap(NULL, addr, nr_pages * PAGE_SIZE, prot,
		      MAP_PRIVATE | MAP_ANONYMOUS | flags, 0);
	KUNIT_ASSERT_FALSE_MSG(test, IS_ERR_VALUE(ret), "mmap() returned %ld", (long)ret);
	if (flags & MAP_FIXED)
		KUNIT_ASSERT_EQ(test, ret, addr);

	return ret;
}

/* Returns how many anonymous pages are mapped in the address space of the case. */
static inline long gup_anon_count(void)
{
	return get_mm_counter_sum(current->mm, MM_ANONPAGES);
}

/* Returns the references of the page mapped at @addr, or -1 if there is none. */
static inline int gup_refs_at(unsigned long addr)
{
	struct page *page = user_page(addr, 0);

	return page ? page_ref_count(page) : -1;
}

/* Returns the first word of a page. */
static inline u32 gup_first_word(struct page *page)
{
	u32 value;

	memcpy_from_page((char *)&value, page, 0, sizeof(value));
	return value;
}

/*
 * Maps a page frame that must not be taken for a normal page. Without pte_special()
 * that is one for which there is no struct page.
 */
static inline vm_fault_t gup_special_fault(struct vm_fault *vmf)
{
	unsigned long pfn = page_to_pfn(test_driver_of(vmf->vma)->pages[3]);

	if (!IS_ENABLED(CONFIG_ARCH_HAS_PTE_SPECIAL))
		while (pfn_valid(pfn))
			pfn *= 2;

	return vmf_insert_mixed(vmf->vma, vmf->address, pfn);
}

/* For a VMA with VM_MIXEDMAP. */
static const struct vm_operations_struct gup_special_vm_ops __maybe_unused = {
	.fault = gup_special_fault,
};

#endif /* _MM_TESTS_GUP_DRIVER_H */
