/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A file whose ->mmap makes one call of remap_vmalloc_range() and records what came
 * of it, for remap_vmalloc_kunit.c and remap_vmalloc_owner_kunit.c.
 */
#ifndef _MM_TESTS_REMAP_VMALLOC_H
#define _MM_TESTS_REMAP_VMALLOC_H

#include <kunit/test.h>
#include <linux/gfp.h>
#include <linux/highmem.h>
#include <linux/io.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/pgtable.h>
#include <linux/sched/task_stack.h>
#include <linux/shm.h>
#include <linux/string.h>
#include <linux/vmalloc.h>

#include "mm_kunit.h"
#include "bad_pages.h"
#include "check_bytes.h"
#include "user_checks.h"
#include "user_vma.h"

/* Pages with references, in a VMA that must not grow beyond the area. */
#define REMAP_VMALLOC_FLAGS	(VM_MIXEDMAP | VM_DONTEXPAND | VM_DONTDUMP)

/**
 * struct remap - one call in ->mmap, and what came of it
 * @kaddr: the kernel address
 * @pgoff: the page offset from @kaddr
 * @offset: where to map to: the offset in the VMA
 * @size: how much to map
 * @obstacle: a page to be found mapped as the second one of the VMA
 * @fail: the page allocation that fails meanwhile, or NULL
 * @ret: what the call returned
 * @flags: the flags of the VMA that it changed
 *
 * Only remap_vmalloc_range_partial() has a use for @offset and @size.
 */
struct remap {
	void *kaddr;
	unsigned long pgoff;
	unsigned long offset;
	unsigned long size;
	struct page *obstacle;
	struct mm_kunit_failing *fail;
	int ret;
	vm_flags_t flags;
};

/* The VMA stays after a failure, so that a test can look at it. */
static inline int range_mmap(struct vm_area_struct *vma, void *data)
{
	const vm_flags_t before = vma->vm_flags;
	struct remap *r = data;

	mm_kunit_fail_begin(r->fail);
	r->ret = remap_vmalloc_range(vma, r->kaddr, r->pgoff);
	mm_kunit_fail_end(r->fail);
	r->flags = before ^ vma->vm_flags;

	return 0;
}

static inline int obstacle_mmap(struct vm_area_struct *vma, void *data)
{
	struct remap *r = data;
	int ret = vm_insert_page(vma, vma->vm_start + PAGE_SIZE, r->obstacle);

	return ret ?: range_mmap(vma, r);
}

static inline int partial_mmap(struct vm_area_struct *vma, void *data)
{
	const vm_flags_t before = vma->vm_flags;
	struct remap *r = data;

	r->ret = remap_vmalloc_range_partial(vma, vma->vm_start + r->offset,
					     r->kaddr, r->pgoff, r->size);
	r->flags = before ^ vma->vm_flags;

	return 0;
}

/* The address of @nr pages, mapped by @mmap with @r; never fails. */
static inline unsigned long map_pages(struct kunit *test, unsigned long nr,
				      unsigned long prot, unsigned long flags,
				      int (*mmap)(struct vm_area_struct *, void *),
				      struct remap *r)
{
	struct user_file *uf = user_file_open(test, O_RDWR, mmap, r);
	long addr = user_mmap(uf, 0, nr * PAGE_SIZE, prot, flags, 0);

	KUNIT_ASSERT_FALSE_MSG(test, IS_ERR_VALUE(addr), "mmap() returned %ld", (long)addr);
	return addr;
}

static inline unsigned long map_shared(struct kunit *test, unsigned long nr,
				       int (*mmap)(struct vm_area_struct *, void *),
				       struct remap *r)
{
	return map_pages(test, nr, PROT_RW, MAP_SHARED, mmap, r);
}

/* @nr pages for user space, no two of the same contents. */
static inline void *user_buffer(struct kunit *test, unsigned long nr)
{
	void *buf = mm_kunit_manage(test, mm_kunit_vfree, vmalloc_user(nr * PAGE_SIZE));
	unsigned long i;

	for (i = 0; i < nr; i++)
		memset32(buf + i * PAGE_SIZE, i + 1, PAGE_SIZE / sizeof(u32));

	return buf;
}

static inline void *own_vmap(struct kunit *test, struct page **pages,
			     unsigned int count, unsigned long flags)
{
	return mm_kunit_manage(test, mm_kunit_vunmap,
		      vmap(pages, count, flags, PAGE_KERNEL));
}

/* Returns what is wrong, if the process does not have the nr pages at kaddr. */
static inline const char *check_mapped(struct kunit *test, unsigned long addr,
				       const void *kaddr, unsigned long nr)
{
	unsigned long i;

	for (i = 0; i < nr; i++, addr += PAGE_SIZE, kaddr += PAGE_SIZE) {
		struct page *expected = vmalloc_to_page(kaddr);
		struct page *page = user_page(addr, 0);

		if (!page)
			return mm_kunit_wrong(test, "page %lu: expected pfn %lx, found none",
					      i, page_to_pfn(expected));
		if (page != expected)
			return mm_kunit_wrong(test, "page %lu: expected pfn %lx, found %lx",
					      i, page_to_pfn(expected), page_to_pfn(page));
	}

	return NULL;
}

#endif /* _MM_TESTS_REMAP_VMALLOC_H */
