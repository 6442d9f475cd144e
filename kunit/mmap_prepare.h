/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The driver of the suites that test ->mmap_prepare, the actions that it can ask
 * for, and vm_operations_struct.mapped.
 *
 * ->mmap_prepare describes a mapping before there is a VMA. So the core has to do
 * what a driver's ->mmap does for itself: apply the description, map the memory,
 * and when that fails leave nothing behind, since the driver is not called again.
 *
 * All of that exists twice. A suite maps files with ->mmap_prepare. Its second
 * suite, with "_compat" behind its name and those of its cases, maps files whose
 * ->mmap passes the VMA on to such a file by vfs_mmap(), as stacked file systems
 * do. For the process there must be no difference.
 */
#ifndef _MM_TESTS_MMAP_PREPARE_H
#define _MM_TESTS_MMAP_PREPARE_H

#include <kunit/test.h>
#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/pagemap.h>
#include <linux/pgtable.h>
#include <linux/rwsem.h>
#include <linux/string.h>

#include "bad_pages.h"
#include "mm_kunit.h"
#include "mmap_usage.h"
#include "user_vma.h"

#define PGOFF		2	/* the page of the file that is mapped first */
#define VMA_PAGES	3	/* pages that are mapped */
#define VMA_SIZE	(VMA_PAGES * PAGE_SIZE)
#define NR_PAGES	8	/* of the driver */
#define AT		(16 * PMD_SIZE)

#define REMAP_FLAGS	(VM_IO | VM_PFNMAP | VM_DONTEXPAND | VM_DONTDUMP)
#define ACTION_FLAGS	(REMAP_FLAGS | VM_MIXEDMAP)

/**
 * struct prepare_driver - a driver, what it does, and what it was asked for
 * @file: the file that has ->mmap_prepare
 * @outer: the file that is mapped: @file, or a file on top of it
 * @compat: whether it is a file on top of it
 * @mem: NR_PAGES pages, which are one folio
 * @pages: these pages, one by one; a case may replace some
 * @buf: a page of memory, for what the case reads
 * @row: the row of the case, for its hooks
 * @prepare: what ->mmap_prepare does
 * @vm_ops: what it sets as operations; NULL leaves those that are there
 * @mapped_err: what ->mapped returns
 * @fail: the allocation to fail after ->mmap_prepare, or NULL
 * @seen: the description that ->mmap_prepare got
 * @prepare_locked: whether the mmap_lock was held for writing in ->mmap_prepare
 * @closes_before: calls of ->close before ->mmap_prepare
 * @closes: calls of ->close in all
 * @opens: calls of ->open
 * @mkwrites: calls of ->page_mkwrite
 * @mapped: calls of ->mapped
 * @start: argument of ->mapped
 * @end: argument of ->mapped
 * @pgoff: argument of ->mapped
 * @filp: argument of ->mapped
 * @private: argument of ->mapped
 * @pte: the entry of the first page when ->mapped was called
 * @in_tree: whether the VMA could be found when ->mapped was called
 * @hidden: whether the i_mmap_rwsem was held when ->mapped was called
 * @mapped_locked: whether the mmap_lock was held for writing in ->mapped
 */
struct prepare_driver {
	struct user_file *file;
	struct user_file *outer;
	bool compat;
	struct page *mem;
	struct page *pages[NR_PAGES];
	void *buf;

	const void *row;
	int (*prepare)(struct vm_area_desc *desc, struct prepare_driver *drv);
	const struct vm_operations_struct *vm_ops;
	int mapped_err;
	struct mm_kunit_failing *fail;

	struct vm_area_desc seen;
	bool prepare_locked;
	unsigned int closes_before;
	unsigned int closes;
	unsigned int opens;
	unsigned int mkwrites;
	unsigned int mapped;
	unsigned long start;
	unsigned long end;
	pgoff_t pgoff;
	const struct file *filp;
	void *private;
	pte_t pte;
	bool in_tree;
	bool hidden;
	bool mapped_locked;
};

static inline struct prepare_driver *prepare_driver_of(const struct file *filp)
{
	struct user_file *uf = filp->private_data;

	return uf->data;
}

static inline void prepare_driver_open(struct vm_area_struct *vma)
{
	prepare_driver_of(vma->vm_file)->opens++;
}

static inline void prepare_driver_close(struct vm_area_struct *vma)
{
	/* At the exit of the thread, the driver is gone already. */
	if (user_vma_in_test(vma))
		prepare_driver_of(vma->vm_file)->closes++;
}

static inline int prepare_driver_mapped(unsigned long start, unsigned long end, pgoff_t pgoff,
					const struct file *filp, void **private)
{
	struct prepare_driver *drv = prepare_driver_of(filp);

	drv->mapped++;
	drv->start = start;
	drv->end = end;
	drv->pgoff = pgoff;
	drv->filp = filp;
	drv->private = *private;
	drv->pte = user_pte_locked(start);
	drv->in_tree = vma_lookup(current->mm, start);
	drv->hidden = rwsem_is_locked(&filp->f_mapping->i_mmap_rwsem);
	drv->mapped_locked = user_mmap_lock_held_for_writing(current->mm);
	if (!drv->mapped_err)
		*private = drv;

	return drv->mapped_err;
}

static inline vm_fault_t prepare_driver_fault(struct vm_fault *vmf)
{
	struct prepare_driver *drv = prepare_driver_of(vmf->vma->vm_file);

	if (vmf->pgoff >= NR_PAGES)
		return VM_FAULT_SIGBUS;
	vmf->page = drv->pages[vmf->pgoff];
	get_page(vmf->page);

	return 0;
}

static const struct vm_operations_struct prepare_driver_vm_ops __maybe_unused = {
	.open = prepare_driver_open,
	.close = prepare_driver_close,
	.mapped = prepare_driver_mapped,
};

static const struct vm_operations_struct prepare_driver_fault_vm_ops __maybe_unused = {
	.open = prepare_driver_open,
	.close = prepare_driver_close,
	.mapped = prepare_driver_mapped,
	.fault = prepare_driver_fault,
};

/* VMAs with ->close are not merged, so these operations have none. */
static const struct vm_operations_struct prepare_merge_vm_ops __maybe_unused = {
	.mapped = prepare_driver_mapped,
};

static inline int prepare_driver_mmap_prepare(struct vm_area_desc *desc)
{
	struct prepare_driver *drv = prepare_driver_of(desc->file);
	int err = 0;

	drv->seen = *desc;
	drv->prepare_locked = user_mmap_lock_held_for_writing(desc->mm);
	drv->closes_before = drv->closes;
	if (drv->vm_ops)
		desc->vm_ops = drv->vm_ops;
	if (drv->prepare)
		err = drv->prepare(desc, drv);
	mm_kunit_fail_begin(drv->fail);

	return err;
}

static const struct file_operations prepare_driver_fops = {
	.owner = THIS_MODULE,
	.mmap_prepare = prepare_driver_mmap_prepare,
};

static inline int prepare_outer_mmap(struct file *filp, struct vm_area_struct *vma)
{
	return vfs_mmap(prepare_driver_of(filp)->file->filp, vma);
}

static const struct file_operations prepare_outer_fops = {
	.owner = THIS_MODULE,
	.mmap = prepare_outer_mmap,
};

/* Maps VMA_PAGES at AT, over whatever is there. Returns what mmap() did. */
static inline long prepare_map(struct prepare_driver *drv, unsigned long prot,
			       unsigned long flags)
{
	return user_mmap(drv->outer, AT, VMA_SIZE, prot, flags | MAP_FIXED, PGOFF);
}

static inline void *prepare_page_address(struct prepare_driver *drv, unsigned int i)
{
	return page_address(drv->mem) + i * PAGE_SIZE;
}

/* -- checks ------------------------------------------------------------------ */

static inline struct mmap_usage prepare_usage(struct prepare_driver *drv)
{
	return mmap_usage_of(drv->file->filp, drv->outer->filp);
}

/* Looks for a page that is mapped among nr pages of the VMA, from page first on. */
static inline const char *prepare_check_no_ptes(struct kunit *test, unsigned int first,
						unsigned int nr)
{
	unsigned int i;

	for (i = first; i < first + nr; i++) {
		pte_t pte = user_pte_at(AT + i * PAGE_SIZE);

		if (!pte_none(pte))
			return mm_kunit_wrong(test,
					      "page %u of the VMA: expected no entry, found %#llx",
					      i, (u64)pte_val(pte));
	}

	return NULL;
}

/*
 * Compares nr pages of the VMA, from page first on, with the driver's pages from
 * page on: page frames, contents, and whether the entries are special.
 */
static inline const char *prepare_check_mapped(struct kunit *test, unsigned int first,
					       unsigned int nr, unsigned int page, bool special)
{
	struct prepare_driver *drv = test->priv;
	unsigned int i;

	for (i = 0; i < nr; i++) {
		unsigned long pfn = page_to_pfn(drv->mem) + page + i;
		pte_t pte = user_pte_at(AT + (first + i) * PAGE_SIZE);

		if (!pte_present(pte))
			return mm_kunit_wrong(test,
					      "page %u of the VMA: expected pfn %#lx, found entry %#llx",
					      first + i, pfn, (u64)pte_val(pte));
		if (pte_pfn(pte) != pfn)
			return mm_kunit_wrong(test,
					      "page %u of the VMA: expected pfn %#lx, found %#lx",
					      first + i, pfn, (unsigned long)pte_pfn(pte));
		if (IS_ENABLED(CONFIG_ARCH_HAS_PTE_SPECIAL) && !!pte_special(pte) != special)
			return mm_kunit_wrong(test,
					      "page %u of the VMA: expected special %d, found %d",
					      first + i, special, !special);
	}

	return mmap_check_contents(test, drv->buf, AT + first * PAGE_SIZE, drv->pages + page, nr);
}

/* Expects @mapped references and mappings of the driver's pages by the process. */
#define PREPARE_EXPECT_COUNTS(test, mapped, fmt, ...)				\
do {										\
	struct prepare_driver *__drv = (test)->priv;				\
	int __mapped = (mapped);						\
										\
	MM_KUNIT_EXPECT_COUNTS(test, __drv->mem, 1 + __mapped, __mapped,	\
			       "the driver's folio " fmt, ##__VA_ARGS__);	\
	MM_KUNIT_EXPECT_RSS(test, __mapped, 0, 0, fmt, ##__VA_ARGS__);		\
} while (0)

/**
 * PREPARE_EXPECT_NOTHING_LEFT() - expect no VMA, no page, and no reference
 * @test: the case
 * @before: prepare_usage() before the mapping that has failed
 * @fmt: after what, as for printf(), with its arguments
 */
#define PREPARE_EXPECT_NOTHING_LEFT(test, before, fmt, ...)			\
do {										\
	struct prepare_driver *__d = (test)->priv;				\
										\
	KUNIT_EXPECT_EQ_MSG(test, vma_at(AT).end, 0, "end of a VMA " fmt,	\
			    ##__VA_ARGS__);					\
	MMAP_EXPECT_SAME_USAGE(test, prepare_usage(__d), before, fmt, ##__VA_ARGS__); \
	MM_KUNIT_EXPECT_MSG(test, prepare_check_no_ptes(test, 0, VMA_PAGES),	\
			    fmt, ##__VA_ARGS__);				\
	PREPARE_EXPECT_COUNTS(test, 0, fmt, ##__VA_ARGS__);			\
	KUNIT_EXPECT_EQ_MSG(test,						\
			    rwsem_is_locked(&__d->outer->filp->f_mapping->i_mmap_rwsem), \
			    0, "whether i_mmap_rwsem is locked " fmt, ##__VA_ARGS__); \
} while (0)

/* -- what ->mmap_prepare does -------------------------------------------------- */

static inline int prepare_fail(struct vm_area_desc *desc, struct prepare_driver *drv)
{
	return -ENOTTY;
}

static inline int prepare_remap(struct vm_area_desc *desc, struct prepare_driver *drv)
{
	mmap_action_remap(desc, desc->start, page_to_pfn(drv->mem) + PGOFF, VMA_SIZE);
	return 0;
}

static inline int prepare_remap_full(struct vm_area_desc *desc, struct prepare_driver *drv)
{
	mmap_action_remap_full(desc, page_to_pfn(drv->mem) + PGOFF);
	return 0;
}

static inline int prepare_ioremap(struct vm_area_desc *desc, struct prepare_driver *drv)
{
	mmap_action_ioremap(desc, desc->start, page_to_pfn(drv->mem) + PGOFF, VMA_SIZE);
	return 0;
}

static inline int prepare_ioremap_full(struct vm_area_desc *desc, struct prepare_driver *drv)
{
	mmap_action_ioremap_full(desc, page_to_pfn(drv->mem) + PGOFF);
	return 0;
}

static inline int prepare_simple_ioremap(struct vm_area_desc *desc, struct prepare_driver *drv)
{
	mmap_action_simple_ioremap(desc, page_to_phys(drv->mem), NR_PAGES * PAGE_SIZE);
	return 0;
}

static inline int prepare_kernel_pages(struct vm_area_desc *desc, struct prepare_driver *drv)
{
	mmap_action_map_kernel_pages(desc, desc->start, drv->pages + PGOFF, VMA_PAGES);
	return 0;
}

static inline int prepare_kernel_pages_full(struct vm_area_desc *desc,
					    struct prepare_driver *drv)
{
	mmap_action_map_kernel_pages_full(desc, drv->pages + PGOFF);
	return 0;
}

/* An action; each maps the pages of the driver from PGOFF on. */
struct prepare_action {
	const char *desc;
	int (*prepare)(struct vm_area_desc *desc, struct prepare_driver *drv);
	unsigned long flags;
	bool kernel;		/* the pages are counted, not raw page frames */
};

static const struct prepare_action prepare_actions[] = {
	{ .desc = "remap_shared", .prepare = prepare_remap, .flags = MAP_SHARED },
	{ .desc = "remap_private", .prepare = prepare_remap, .flags = MAP_PRIVATE },
	{ .desc = "remap_full_shared", .prepare = prepare_remap_full, .flags = MAP_SHARED },
	{ .desc = "remap_full_private", .prepare = prepare_remap_full, .flags = MAP_PRIVATE },
	{ .desc = "ioremap_shared", .prepare = prepare_ioremap, .flags = MAP_SHARED },
	{ .desc = "ioremap_private", .prepare = prepare_ioremap, .flags = MAP_PRIVATE },
	{ .desc = "ioremap_full_shared", .prepare = prepare_ioremap_full, .flags = MAP_SHARED },
	{ .desc = "ioremap_full_private", .prepare = prepare_ioremap_full,
	  .flags = MAP_PRIVATE },
	{ .desc = "simple_ioremap_shared", .prepare = prepare_simple_ioremap,
	  .flags = MAP_SHARED },
	{ .desc = "simple_ioremap_private", .prepare = prepare_simple_ioremap,
	  .flags = MAP_PRIVATE },
	{ .desc = "kernel_pages_shared", .prepare = prepare_kernel_pages, .flags = MAP_SHARED,
	  .kernel = true },
	{ .desc = "kernel_pages_private", .prepare = prepare_kernel_pages,
	  .flags = MAP_PRIVATE, .kernel = true },
	{ .desc = "kernel_pages_full_shared", .prepare = prepare_kernel_pages_full,
	  .flags = MAP_SHARED, .kernel = true },
	{ .desc = "kernel_pages_full_private", .prepare = prepare_kernel_pages_full,
	  .flags = MAP_PRIVATE, .kernel = true },
};

static const void *prepare_action_gen_params(struct kunit *test, const void *prev,
					     char *desc) __maybe_unused;

KUNIT_ARRAY_PARAM_DESC(prepare_action, prepare_actions, desc);

/* -- suites -------------------------------------------------------------------- */

/* The init of a suite that maps the file with ->mmap_prepare. */
static inline int prepare_driver_init(struct kunit *test)
{
	struct prepare_driver *drv = kunit_kzalloc(test, sizeof(*drv), GFP_KERNEL);
	unsigned int i;

	mm_kunit_init(test);
	KUNIT_ASSERT_NOT_NULL(test, drv);
	drv->buf = kunit_kmalloc(test, PAGE_SIZE, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, drv->buf);
	drv->mem = mm_kunit_pages(test, GFP_KERNEL, ilog2(NR_PAGES));
	for (i = 0; i < NR_PAGES; i++) {
		drv->pages[i] = drv->mem + i;
		mm_kunit_fill(drv->pages[i], i);
	}
	drv->file = user_file_open_fops(test, O_RDWR, &prepare_driver_fops, drv);
	drv->outer = drv->file;
	test->priv = drv;

	return 0;
}

/* The init of a suite that maps a file on top of that one. */
static inline int prepare_driver_compat_init(struct kunit *test)
{
	struct prepare_driver *drv;

	prepare_driver_init(test);
	drv = test->priv;
	drv->compat = true;
	drv->outer = user_file_open_fops(test, O_RDWR, &prepare_outer_fops, drv);

	return 0;
}

/*
 * A case that runs a second time, by way of a file with ->mmap. It has a name of
 * its own then, since tools that read the results may know a case by its name.
 */
#define COMPAT_CASE(test_name)						\
	{ .run_case = test_name, .name = #test_name "_compat",		\
	  .module_name = KBUILD_MODNAME }
#define COMPAT_CASE_PARAM(test_name, gen_params)			\
	{ .run_case = test_name, .name = #test_name "_compat",		\
	  .generate_params = gen_params, .module_name = KBUILD_MODNAME }

#endif /* _MM_TESTS_MMAP_PREPARE_H */
