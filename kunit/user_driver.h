/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A driver with a few pages, which it maps as a test case wants it to: at once
 * or on faults, as pages or as raw page frames, with what VMA flags and with
 * what errors. For the tests of functions that look up what is mapped.
 */
#ifndef _MM_TESTS_USER_DRIVER_H
#define _MM_TESTS_USER_DRIVER_H

#include <kunit/test.h>
#include <linux/gfp.h>
#include <linux/highmem.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/string.h>

#include "mm_kunit.h"
#include "user_vma.h"

#define NR_PAGES	4
#define RW		(PROT_READ | PROT_WRITE)
#define NO_FAULT	NR_PAGES

/* A driver: the pages it maps, and how. */
struct driver {
	struct user_file *file;
	struct page *pages[NR_PAGES];	/* each with its own pattern */
	const struct vm_operations_struct *ops;	/* if it maps them on faults */
	bool raw;			/* maps them with remap_pfn_range() */
	vm_flags_t set;			/* flags of the VMA to set, */
	vm_flags_t clear;		/* or to clear */
	void *buf;			/* a page for what is read and written */

	unsigned long error_at;		/* the page whose fault fails, */
	vm_fault_t error;		/* like this */
	unsigned long retry_at;		/* the page whose fault has to wait */
	unsigned int faults;
	unsigned int fault_flags;	/* of the last one */
};

static int driver_mmap(struct vm_area_struct *vma, void *data)
{
	struct driver *drv = data;
	unsigned long i;
	int err;

	vm_flags_mod(vma, drv->set, drv->clear);
	vma->vm_private_data = drv;
	if (drv->ops) {
		vma->vm_ops = drv->ops;
		return 0;
	}

	for (i = 0; i < vma_pages(vma); i++) {
		unsigned long addr = vma->vm_start + i * PAGE_SIZE;
		struct page *page = drv->pages[vma->vm_pgoff + i];

		if (drv->raw)
			err = remap_pfn_range(vma, addr, page_to_pfn(page), PAGE_SIZE,
					      vma->vm_page_prot);
		else
			err = vm_insert_page(vma, addr, page);
		if (err)
			return err;
	}

	return 0;
}

static vm_fault_t driver_fault(struct vm_fault *vmf)
{
	struct driver *drv = vmf->vma->vm_private_data;

	drv->faults++;
	drv->fault_flags = vmf->flags;
	if (vmf->pgoff == drv->error_at)
		return drv->error;
	if (vmf->pgoff == drv->retry_at && vmf->flags & FAULT_FLAG_ALLOW_RETRY &&
	    !(vmf->flags & FAULT_FLAG_TRIED)) {
		if (!(vmf->flags & FAULT_FLAG_RETRY_NOWAIT))
			release_fault_lock(vmf);
		return VM_FAULT_RETRY;
	}
	vmf->page = drv->pages[vmf->pgoff];
	get_page(vmf->page);

	return 0;
}

static const struct vm_operations_struct fault_ops = {
	.fault = driver_fault,
};

static inline void fill_page(void *page, u32 i)
{
	memset32(page, 0x5eed0000 + i, PAGE_SIZE / sizeof(u32));
}

static inline bool page_has_pattern(struct page *page, u32 i)
{
	bool ret;
	u32 *p;

	p = kmap_local_page(page);
	ret = p[0] == 0x5eed0000 + i && !memcmp(p, p + 1, PAGE_SIZE - sizeof(u32));
	kunmap_local(p);

	return ret;
}

/* Maps @nr_pages pages, the first of them being the driver's page @pgoff. */
static inline unsigned long driver_map(struct kunit *test, unsigned long addr,
				       unsigned long nr_pages, unsigned long prot,
				       unsigned long flags, unsigned long pgoff)
{
	struct driver *drv = test->priv;

	addr = user_mmap(drv->file, addr, nr_pages * PAGE_SIZE, prot, flags, pgoff);
	KUNIT_ASSERT_FALSE(test, IS_ERR_VALUE(addr));

	return addr;
}

static inline unsigned long driver_map_all(struct kunit *test, unsigned long prot,
					   unsigned long flags)
{
	return driver_map(test, 0, NR_PAGES, prot, flags, 0);
}

static inline unsigned long anon_map(struct kunit *test, unsigned long addr,
				     unsigned long nr_pages, unsigned long prot,
				     unsigned long flags)
{
	addr = vm_mmap(NULL, addr, nr_pages * PAGE_SIZE, prot,
		       MAP_PRIVATE | MAP_ANONYMOUS | flags, 0);
	KUNIT_ASSERT_FALSE(test, IS_ERR_VALUE(addr));

	return addr;
}

static inline void expect_counts(struct kunit *test, struct page *page, int refs, int mapcount)
{
	struct folio *folio = page_folio(page);

	KUNIT_EXPECT_EQ(test, folio_ref_count(folio), refs);
	KUNIT_EXPECT_EQ(test, folio_mapcount(folio), mapcount);
	KUNIT_EXPECT_FALSE(test, folio_test_locked(folio));
}

/* Nobody has the driver's pages but the driver. */
static inline void expect_unused(struct kunit *test)
{
	struct driver *drv = test->priv;
	int i;

	for (i = 0; i < NR_PAGES; i++)
		expect_counts(test, drv->pages[i], 1, 0);
}

KUNIT_DEFINE_ACTION_WRAPPER(driver_put_page, put_page, struct page *);

static inline struct page *alloc_managed(struct kunit *test, unsigned int order)
{
	struct page *page = alloc_pages(GFP_KERNEL | __GFP_COMP | __GFP_ZERO, order);

	KUNIT_ASSERT_NOT_NULL(test, page);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, driver_put_page, page), 0);

	return page;
}

/* The driver maps the pages of one folio; it is put after the test case. */
static inline struct folio *driver_use_folio(struct kunit *test)
{
	struct page *page = alloc_managed(test, 2);
	struct driver *drv = test->priv;
	int i;

	BUILD_BUG_ON(NR_PAGES > 1 << 2);
	for (i = 0; i < NR_PAGES; i++)
		drv->pages[i] = page + i;

	return page_folio(page);
}

/* For the init of a suite. */
static inline int user_driver_init(struct kunit *test)
{
	struct driver *drv = kunit_kzalloc(test, sizeof(*drv), GFP_KERNEL);
	int i;

	mm_kunit_init(test);
	KUNIT_ASSERT_NOT_NULL(test, drv);
	drv->buf = kunit_kmalloc(test, PAGE_SIZE, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, drv->buf);
	for (i = 0; i < NR_PAGES; i++) {
		drv->pages[i] = alloc_managed(test, 0);
		fill_page(page_address(drv->pages[i]), i);
	}
	drv->error_at = NO_FAULT;
	drv->retry_at = NO_FAULT;
	drv->file = user_file_open(test, O_RDWR, driver_mmap, drv);
	test->priv = drv;

	return 0;
}

#endif /* _MM_TESTS_USER_DRIVER_H */
