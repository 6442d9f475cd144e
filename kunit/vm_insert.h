/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A file whose ->mmap makes one call of the vm_insert_page() family and records what
 * came of it, for vm_insert_kunit.c and vm_insert_pages_kunit.c.
 */
#ifndef _MM_TESTS_VM_INSERT_H
#define _MM_TESTS_VM_INSERT_H

#include <kunit/test-bug.h>
#include <kunit/test.h>
#include <linux/gfp.h>
#include <linux/highmem.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/pgtable.h>
#include "mm_kunit.h"
#include "bad_pages.h"
#include "user_checks.h"
#include "user_vma.h"

/* More than one, and not a power of two. */
#define NR_PAGES	20

/**
 * struct insert - one call in ->mmap, and what came of it
 * @call: the call
 * @page: what vm_insert_page() is given
 * @pages: what the other functions are given
 * @num: their number, for vm_insert_pages() to update
 * @offset: where to map to: the offset in the VMA
 * @obstacle: a page to be found mapped at @obstacle_at
 * @obstacle_at: an offset in the VMA
 * @fail: the page allocation that fails meanwhile, or NULL
 * @ret: what the call returned
 * @flags: the flags of the VMA that it changed
 */
struct insert {
	int (*call)(struct vm_area_struct *vma, struct insert *in);
	struct page *page;
	struct page **pages;
	unsigned long num;
	unsigned long offset;
	struct page *obstacle;
	unsigned long obstacle_at;
	struct mm_kunit_failing *fail;
	int ret;
	vm_flags_t flags;
};

static inline int call_insert_page(struct vm_area_struct *vma, struct insert *in)
{
	return vm_insert_page(vma, vma->vm_start + in->offset, in->page);
}

static inline int call_insert_pages(struct vm_area_struct *vma, struct insert *in)
{
	return vm_insert_pages(vma, vma->vm_start + in->offset, in->pages,
			       &in->num);
}

static inline int call_map_pages(struct vm_area_struct *vma, struct insert *in)
{
	return vm_map_pages(vma, in->pages, in->num);
}

static inline int call_map_pages_zero(struct vm_area_struct *vma, struct insert *in)
{
	return vm_map_pages_zero(vma, in->pages, in->num);
}

/* The VMA stays after a failure, so that a test can look at it. */
static inline int insert_mmap(struct vm_area_struct *vma, void *data)
{
	struct insert *in = data;
	vm_flags_t before;
	int ret;

	if (in->obstacle) {
		ret = vm_insert_page(vma, vma->vm_start + in->obstacle_at,
				     in->obstacle);
		if (ret)
			return ret;
	}

	before = vma->vm_flags;
	mm_kunit_fail_begin(in->fail);
	in->ret = in->call(vma, in);
	mm_kunit_fail_end(in->fail);
	in->flags = before ^ vma->vm_flags;

	return 0;
}

static inline int insert_mmap_fails(struct vm_area_struct *vma, void *data)
{
	struct insert *in = data;

	return insert_mmap(vma, in) ?: in->ret;
}

/* The address of @nr pages of the file at @pgoff, mapped as @in says. */
static inline unsigned long map_pages(struct kunit *test, unsigned long nr,
				      unsigned long pgoff, unsigned long prot,
				      unsigned long flags, struct insert *in)
{
	struct user_file *uf = user_file_open(test, O_RDWR, insert_mmap, in);
	long addr = user_mmap(uf, 0, nr * PAGE_SIZE, prot, flags, pgoff);

	KUNIT_ASSERT_FALSE_MSG(test, IS_ERR_VALUE(addr), "mmap() returned %ld", (long)addr);
	return addr;
}

static inline unsigned long map_shared(struct kunit *test, unsigned long nr,
				       struct insert *in)
{
	return map_pages(test, nr, 0, PROT_RW, MAP_SHARED, in);
}

static inline struct page **own_pages(struct kunit *test, unsigned long nr)
{
	struct page **pages = kunit_kcalloc(test, nr, sizeof(*pages),
					    GFP_KERNEL);
	unsigned long i;

	KUNIT_ASSERT_NOT_NULL(test, pages);
	for (i = 0; i < nr; i++)
		pages[i] = mm_kunit_page(test);

	return pages;
}

/* Returns what is wrong, if the nr pages from addr on are not those of the array. */
static inline const char *check_mapped(struct kunit *test, unsigned long addr,
				       struct page **pages, unsigned long nr)
{
	unsigned long i;

	for (i = 0; i < nr; i++, addr += PAGE_SIZE) {
		struct page *page = user_page(addr, 0);

		if (!page)
			return mm_kunit_wrong(test, "page %lu: expected pfn %lx, found none",
					      i, page_to_pfn(pages[i]));
		if (page != pages[i])
			return mm_kunit_wrong(test, "page %lu: expected pfn %lx, found %lx",
					      i, page_to_pfn(pages[i]), page_to_pfn(page));
	}

	return NULL;
}

#endif /* _MM_TESTS_VM_INSERT_H */
