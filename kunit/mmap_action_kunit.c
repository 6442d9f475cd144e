// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests for ->mmap_prepare, the actions that it can ask for, and
 * vm_operations_struct.mapped.
 *
 * ->mmap_prepare describes a mapping before there is a VMA. So the core has to
 * do what a driver's ->mmap does for itself: apply the description, map the
 * memory, and when that fails leave nothing behind, since the driver will not
 * be asked.
 *
 * All of that exists twice. The suite mmap_action maps files with
 * ->mmap_prepare. The suite mmap_action_compat maps files whose ->mmap passes
 * the VMA on to such a file by vfs_mmap(), as stacked file systems do; for the
 * process there must be no difference.
 */
#include <kunit/test-bug.h>
#include <kunit/test.h>
#include <linux/gfp.h>
#include <linux/highmem.h>
#include <linux/io.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/pagemap.h>
#include <linux/pgtable.h>
#include <linux/rwsem.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "mm_kunit.h"
#include "test_pages.h"
#include "user_vma.h"

#define RW		(PROT_READ | PROT_WRITE)
#define PGOFF		2	/* where the file is mapped from, */
#define VMA_PAGES	3	/* and so many pages of it */
#define VMA_SIZE	(VMA_PAGES * PAGE_SIZE)
#define NR_PAGES	8	/* of the driver */
#define AT		(16 * PMD_SIZE)

#define ACTION_FLAGS	(VM_IO | VM_PFNMAP | VM_DONTEXPAND | VM_DONTDUMP | VM_MIXEDMAP)
#define REMAP_FLAGS	(ACTION_FLAGS & ~VM_MIXEDMAP)

/* A driver: what it has to map, what its ->mmap_prepare does, what it saw. */
struct driver {
	struct user_file *file;		/* has ->mmap_prepare */
	struct user_file *outer;	/* what is mapped: @file, or one on top of it */
	bool compat;			/* the latter */
	struct page *mem;		/* NR_PAGES contiguous pages */
	struct page *pages[NR_PAGES];	/* these pages, one by one */

	int (*prepare)(struct vm_area_desc *desc, struct driver *drv);
	const struct vm_operations_struct *vm_ops;
	int mapped_err;			/* what ->mapped returns */
	unsigned int fail_nth;		/* page allocation to fail after ->mmap_prepare */

	struct vm_area_desc seen;	/* by ->mmap_prepare */
	unsigned int closes_before;	/* calls of ->close before ->mmap_prepare, */
	unsigned int closes;		/* and in all */
	unsigned int opens;
	unsigned int mkwrites;
	unsigned int mapped;		/* calls of ->mapped, and its arguments */
	unsigned long start;
	unsigned long end;
	pgoff_t pgoff;
	const struct file *filp;
	void *private;
	pte_t pte;			/* of the first page, in ->mapped */
	bool in_tree;			/* the VMA was, in ->mapped */
	bool hidden;			/* i_mmap_rwsem was held, in ->mapped */
};

static struct driver *file_driver(const struct file *filp)
{
	struct user_file *uf = filp->private_data;

	return uf->data;
}

static void driver_open(struct vm_area_struct *vma)
{
	file_driver(vma->vm_file)->opens++;
}

static void driver_close(struct vm_area_struct *vma)
{
	if (user_vma_in_test(vma))
		file_driver(vma->vm_file)->closes++;
}

static int driver_mapped(unsigned long start, unsigned long end, pgoff_t pgoff,
			 const struct file *filp, void **private)
{
	struct driver *drv = file_driver(filp);

	drv->mapped++;
	drv->start = start;
	drv->end = end;
	drv->pgoff = pgoff;
	drv->filp = filp;
	drv->private = *private;
	drv->pte = user_pte_locked(start);
	drv->in_tree = vma_lookup(current->mm, start);
	drv->hidden = rwsem_is_locked(&filp->f_mapping->i_mmap_rwsem);
	if (!drv->mapped_err)
		*private = drv;

	return drv->mapped_err;
}

static vm_fault_t driver_mkwrite(struct vm_fault *vmf)
{
	file_driver(vmf->vma->vm_file)->mkwrites++;
	lock_page(vmf->page);

	return VM_FAULT_LOCKED;
}

static const struct vm_operations_struct driver_vm_ops = {
	.open = driver_open,
	.close = driver_close,
	.mapped = driver_mapped,
};

/* VMAs with ->close are not merged, so these have none. */
static const struct vm_operations_struct merge_vm_ops = {
	.mapped = driver_mapped,
};

static const struct vm_operations_struct mkwrite_vm_ops = {
	.page_mkwrite = driver_mkwrite,
};

static int driver_mmap_prepare(struct vm_area_desc *desc)
{
	struct driver *drv = file_driver(desc->file);
	int err = 0;

	drv->seen = *desc;
	drv->closes_before = drv->closes;
	if (drv->vm_ops)
		desc->vm_ops = drv->vm_ops;
	if (drv->prepare)
		err = drv->prepare(desc, drv);
	fail_nth_set(drv->fail_nth);

	return err;
}

static const struct file_operations driver_fops = {
	.owner = THIS_MODULE,
	.mmap_prepare = driver_mmap_prepare,
};

static int outer_mmap(struct file *filp, struct vm_area_struct *vma)
{
	return vfs_mmap(file_driver(filp)->file->filp, vma);
}

static const struct file_operations outer_fops = {
	.owner = THIS_MODULE,
	.mmap = outer_mmap,
};

/* Maps VMA_PAGES at AT, over whatever is there. */
static long driver_map(struct driver *drv, unsigned long prot, unsigned long flags)
{
	return user_mmap(drv->outer, AT, VMA_SIZE, prot, flags | MAP_FIXED, PGOFF);
}

/* What is to be known of a VMA without holding the mmap_lock. */
struct vma_info {
	unsigned long start;
	unsigned long end;
	pgoff_t pgoff;
	vm_flags_t flags;
	pgprot_t prot;
	const struct vm_operations_struct *ops;
	void *private;
	struct file *file;
};

/* The VMA at @addr; all 0 if there is none. */
static struct vma_info vma_at(unsigned long addr)
{
	struct vma_info info = {};
	struct vm_area_struct *vma;

	mmap_read_lock(current->mm);
	vma = vma_lookup(current->mm, addr);
	if (vma) {
		info = (struct vma_info) {
			.start = vma->vm_start,
			.end = vma->vm_end,
			.pgoff = vma->vm_pgoff,
			.flags = vma->vm_flags & ~VM_SOFTDIRTY,
			.prot = vma->vm_page_prot,
			.ops = vma->vm_ops,
			.private = vma->vm_private_data,
			.file = vma->vm_file,
		};
	}
	mmap_read_unlock(current->mm);

	return info;
}

static void *mem_of(struct driver *drv, unsigned int i)
{
	return page_address(drv->mem) + i * PAGE_SIZE;
}

static void expect_hole(struct kunit *test, unsigned int first, unsigned int nr)
{
	unsigned int i;

	for (i = first; i < first + nr; i++)
		KUNIT_EXPECT_TRUE_MSG(test, pte_none(user_pte_at(AT + i * PAGE_SIZE)),
				      "page %u", i);
}

/* Page @first of the VMA, and the @nr - 1 behind it, are the driver's from @page on. */
static void assert_mapped(struct kunit *test, unsigned int first, unsigned int nr,
			  unsigned int page, bool special)
{
	struct driver *drv = test->priv;
	unsigned int i;

	for (i = 0; i < nr; i++) {
		unsigned long addr = AT + (first + i) * PAGE_SIZE;
		pte_t pte = user_pte_at(addr);

		KUNIT_ASSERT_TRUE_MSG(test, pte_present(pte), "page %u", i);
		KUNIT_ASSERT_EQ_MSG(test, pte_pfn(pte), page_to_pfn(drv->mem) + page + i,
				    "page %u", i);
		if (IS_ENABLED(CONFIG_ARCH_HAS_PTE_SPECIAL))
			KUNIT_ASSERT_EQ_MSG(test, !!pte_special(pte), special, "page %u", i);
		KUNIT_ASSERT_MEMEQ_MSG(test, user_read_page(test, addr), mem_of(drv, page + i),
				       PAGE_SIZE, "page %u", i);
	}
}

/* How often the driver's pages are referenced by someone else, and mapped. */
static void expect_counts(struct kunit *test, int mapped)
{
	struct driver *drv = test->priv;

	KUNIT_EXPECT_EQ(test, page_ref_count(drv->mem), 1 + mapped);
	KUNIT_EXPECT_EQ(test, folio_mapcount(page_folio(drv->mem)), mapped);
	KUNIT_EXPECT_EQ(test, get_mm_counter_sum(current->mm, MM_FILEPAGES), mapped);
}

struct left {
	int map_count;
	unsigned long total_vm;
	unsigned long file_refs;
	unsigned long outer_refs;
};

static struct left left_now(struct driver *drv)
{
	return (struct left) {
		.map_count = current->mm->map_count,
		.total_vm = current->mm->total_vm,
		.file_refs = file_count(drv->file->filp),
		.outer_refs = file_count(drv->outer->filp),
	};
}

/* A failure leaves no VMA, no page, and no reference, compared to @before. */
static void expect_nothing_left(struct kunit *test, struct left before)
{
	struct driver *drv = test->priv;
	struct left now = left_now(drv);

	KUNIT_EXPECT_EQ(test, vma_at(AT).end, 0);
	KUNIT_EXPECT_EQ(test, now.map_count, before.map_count);
	KUNIT_EXPECT_EQ(test, now.total_vm, before.total_vm);
	KUNIT_EXPECT_EQ(test, now.file_refs, before.file_refs);
	KUNIT_EXPECT_EQ(test, now.outer_refs, before.outer_refs);
	expect_hole(test, 0, VMA_PAGES);
	KUNIT_EXPECT_EQ(test, get_mm_rss_sum(current->mm), 0);
	expect_counts(test, 0);
	KUNIT_EXPECT_FALSE(test, rwsem_is_locked(&drv->outer->filp->f_mapping->i_mmap_rwsem));
}

/* === The description === */

static const struct kind {
	const char *desc;
	unsigned long prot;
	unsigned long flags;
	vm_flags_t vm_flags;
} kinds[] = {
	{ "shared", RW, MAP_SHARED,
	  VM_READ | VM_WRITE | VM_SHARED | VM_MAYSHARE | VM_MAYREAD | VM_MAYWRITE },
	{ "shared_read_only", PROT_READ, MAP_SHARED,
	  VM_READ | VM_SHARED | VM_MAYSHARE | VM_MAYREAD | VM_MAYWRITE },
	{ "private", RW, MAP_PRIVATE,
	  VM_READ | VM_WRITE | VM_MAYREAD | VM_MAYWRITE | VM_ACCOUNT },
	{ "private_read_only", PROT_READ, MAP_PRIVATE, VM_READ | VM_MAYREAD | VM_MAYWRITE },
};

KUNIT_ARRAY_PARAM_DESC(kind, kinds, desc);

/* Drivers decide on what they are asked for, so they must see it. */
static void mmap_prepare_sees(struct kunit *test)
{
	const struct kind *c = test->param_value;
	struct driver *drv = test->priv;
	struct vm_area_desc *seen = &drv->seen;
	vm_flags_t flags;

	KUNIT_ASSERT_EQ(test, driver_map(drv, c->prot, c->flags), AT);
	KUNIT_EXPECT_PTR_EQ(test, seen->mm, current->mm);
	KUNIT_EXPECT_PTR_EQ(test, seen->file, drv->file->filp);
	KUNIT_EXPECT_PTR_EQ(test, seen->vm_file, drv->outer->filp);
	KUNIT_EXPECT_EQ(test, seen->start, AT);
	KUNIT_EXPECT_EQ(test, seen->end, AT + VMA_SIZE);
	KUNIT_EXPECT_EQ(test, seen->pgoff, PGOFF);
	flags = vma_flags_to_legacy(seen->vma_flags) & ~(VM_MAYEXEC | VM_SOFTDIRTY);
	KUNIT_EXPECT_EQ(test, flags, c->vm_flags);
	KUNIT_EXPECT_EQ(test, pgprot_val(seen->page_prot),
			pgprot_val(vm_get_page_prot(c->vm_flags)));
	KUNIT_EXPECT_NULL(test, seen->private_data);
	KUNIT_EXPECT_EQ(test, seen->action.type, MMAP_NOTHING);
	KUNIT_EXPECT_EQ(test, seen->action.error_override, 0);

	/* The operations, if the driver sets none, do nothing. */
	KUNIT_ASSERT_NOT_NULL(test, seen->vm_ops);
	KUNIT_EXPECT_NULL(test, seen->vm_ops->close);
	KUNIT_EXPECT_NULL(test, seen->vm_ops->mapped);
	KUNIT_EXPECT_NULL(test, seen->vm_ops->fault);
	KUNIT_EXPECT_EQ(test, user_fault(AT, 0), VM_FAULT_SIGBUS);
}

static int prepare_change(struct vm_area_desc *desc, struct driver *drv)
{
	desc->pgoff += 77;
	vma_desc_set_flags(desc, VMA_DONTCOPY_BIT);
	vma_desc_clear_flags(desc, VMA_MAYREAD_BIT);
	desc->page_prot = pgprot_noncached(desc->page_prot);
	desc->private_data = &drv->seen;

	return 0;
}

static void mmap_prepare_changes(struct kunit *test)
{
	const struct kind *c = test->param_value;
	struct driver *drv = test->priv;
	struct vma_info vma;

	drv->prepare = prepare_change;
	drv->vm_ops = &driver_vm_ops;
	drv->mapped_err = 0;
	KUNIT_ASSERT_EQ(test, driver_map(drv, c->prot, c->flags), AT);

	vma = vma_at(AT);
	KUNIT_EXPECT_EQ(test, vma.pgoff, PGOFF + 77);
	KUNIT_EXPECT_EQ(test, vma.flags & ~VM_MAYEXEC,
			(c->vm_flags & ~VM_MAYREAD) | VM_DONTCOPY);
	KUNIT_EXPECT_EQ(test, pgprot_val(vma.prot),
			pgprot_val(pgprot_noncached(vm_get_page_prot(c->vm_flags))));
	KUNIT_EXPECT_PTR_EQ(test, vma.ops, &driver_vm_ops);
	KUNIT_EXPECT_PTR_EQ(test, vma.file, drv->outer->filp);

	/* ->mapped has had the private data, and replaced it. */
	KUNIT_EXPECT_PTR_EQ(test, drv->private, &drv->seen);
	KUNIT_EXPECT_PTR_EQ(test, vma.private, drv);
}

/* The core expects no VMA to be left, of which it could ask anything. */
static int prepare_fail(struct vm_area_desc *desc, struct driver *drv)
{
	return -ENOTTY;
}

static void mmap_prepare_fails(struct kunit *test)
{
	const struct kind *c = test->param_value;
	struct driver *drv = test->priv;
	struct left before = left_now(drv);

	drv->prepare = prepare_fail;
	drv->vm_ops = &driver_vm_ops;
	KUNIT_EXPECT_EQ(test, driver_map(drv, c->prot, c->flags), -ENOTTY);
	KUNIT_EXPECT_EQ(test, drv->mapped, 0);
	KUNIT_EXPECT_EQ(test, drv->closes, 0);
	expect_nothing_left(test, before);
}

/* Memory is charged for the copies that a private mapping may need. */
static void mmap_prepare_fails_uncharged(struct kunit *test)
{
	const unsigned long nr_pages = 4096;
	struct driver *drv = test->priv;
	unsigned long before;

	drv->prepare = prepare_fail;
	before = vm_memory_committed();
	KUNIT_EXPECT_EQ(test, user_mmap(drv->outer, AT, nr_pages * PAGE_SIZE, RW,
					MAP_PRIVATE | MAP_FIXED, 0), -ENOTTY);
	/* Others may be charged meanwhile, but hardly for that much. */
	KUNIT_EXPECT_LT(test, vm_memory_committed(), before + nr_pages / 2);
	KUNIT_EXPECT_GT(test, vm_memory_committed() + nr_pages / 2, before);
}

/* A driver with room for one mapping can have it replaced by MAP_FIXED. */
static void mmap_prepare_after_close(struct kunit *test)
{
	struct driver *drv = test->priv;
	struct left before = left_now(drv);

	drv->vm_ops = &driver_vm_ops;
	KUNIT_ASSERT_EQ(test, driver_map(drv, RW, MAP_SHARED), AT);
	KUNIT_ASSERT_EQ(test, driver_map(drv, RW, MAP_SHARED), AT);
	KUNIT_EXPECT_EQ(test, drv->closes_before, 1);
	KUNIT_EXPECT_EQ(test, drv->mapped, 2);

	/* What was there has been closed by then, so it is gone in any case. */
	drv->prepare = prepare_fail;
	KUNIT_EXPECT_EQ(test, driver_map(drv, RW, MAP_SHARED), -ENOTTY);
	KUNIT_EXPECT_EQ(test, drv->closes_before, 2);
	KUNIT_EXPECT_EQ(test, drv->closes, 2);
	KUNIT_EXPECT_EQ(test, drv->opens, 0);
	expect_nothing_left(test, before);
}

static int prepare_anonymous(struct vm_area_desc *desc, struct driver *drv)
{
	desc->vm_ops = NULL;
	return 0;
}

/* This is how private mappings of /dev/zero work. */
static void mmap_prepare_no_vm_ops(struct kunit *test)
{
	struct driver *drv = test->priv;
	void *page;

	drv->prepare = prepare_anonymous;
	KUNIT_ASSERT_EQ(test, driver_map(drv, RW, MAP_PRIVATE), AT);
	KUNIT_EXPECT_PTR_EQ(test, vma_at(AT).ops, NULL);
	page = user_read_page(test, AT + PAGE_SIZE);
	KUNIT_EXPECT_NULL(test, memchr_inv(page, 0, PAGE_SIZE));
	KUNIT_EXPECT_TRUE(test, user_write(AT + PAGE_SIZE, 1234));
	KUNIT_EXPECT_EQ(test, get_mm_counter_sum(current->mm, MM_ANONPAGES), 1);
}

static int both_mmap(struct file *filp, struct vm_area_struct *vma)
{
	file_driver(filp)->opens++;
	return 0;
}

static const struct file_operations both_fops = {
	.owner = THIS_MODULE,
	.mmap = both_mmap,
	.mmap_prepare = driver_mmap_prepare,
};

static const struct file_operations no_mmap_fops = {
	.owner = THIS_MODULE,
};

/* It would not be known which of the two is right, so neither is called. */
static void mmap_hooks_both_or_none(struct kunit *test)
{
	struct driver *drv = test->priv;

	drv->prepare = prepare_fail;
	drv->outer = user_file_open_fops(test, O_RDWR, &both_fops, drv);
	kunit_warning_suppress(test) {
		KUNIT_EXPECT_EQ(test, driver_map(drv, RW, MAP_SHARED), -ENODEV);
	}
	KUNIT_EXPECT_EQ(test, drv->opens, 0);
	KUNIT_EXPECT_NULL(test, drv->seen.mm);

	drv->outer = user_file_open_fops(test, O_RDWR, &no_mmap_fops, drv);
	KUNIT_EXPECT_EQ(test, driver_map(drv, RW, MAP_SHARED), -ENODEV);
}

static int prepare_private_data(struct vm_area_desc *desc, struct driver *drv)
{
	desc->private_data = drv->mapped ? &drv->seen : NULL;
	return 0;
}

/* ->mapped is for a VMA that is new; one that grows has been told before. */
static void mmap_prepare_merges(struct kunit *test)
{
	struct driver *drv = test->priv;
	struct vma_info vma;

	drv->vm_ops = &merge_vm_ops;
	drv->prepare = prepare_private_data;
	KUNIT_ASSERT_EQ(test, driver_map(drv, RW, MAP_SHARED), AT);
	KUNIT_EXPECT_EQ(test, drv->mapped, 1);
	KUNIT_ASSERT_EQ(test, user_mmap(drv->file, AT + VMA_SIZE, VMA_SIZE, RW,
					MAP_SHARED | MAP_FIXED, PGOFF + VMA_PAGES),
			AT + VMA_SIZE);
	vma = vma_at(AT);
	KUNIT_ASSERT_EQ(test, vma.end, AT + 2 * VMA_SIZE);
	KUNIT_EXPECT_EQ(test, vma.pgoff, PGOFF);
	KUNIT_EXPECT_EQ(test, drv->mapped, 1);
	KUNIT_EXPECT_PTR_EQ(test, vma.private, drv);
}

static int prepare_swap_file(struct vm_area_desc *desc, struct driver *drv)
{
	desc->vm_file = get_file(drv->outer->filp);
	return 0;
}

/* The reference to the other file becomes the VMA's. */
static void mmap_prepare_swaps_file(struct kunit *test)
{
	struct driver *drv = test->priv;
	struct user_file *file = drv->file;
	struct user_file *other = user_file_open_fops(test, O_RDWR, &driver_fops, drv);
	unsigned long refs = file_count(file->filp);

	drv->vm_ops = &driver_vm_ops;
	drv->prepare = prepare_swap_file;
	drv->outer = other;
	KUNIT_ASSERT_EQ(test, user_mmap(file, AT, VMA_SIZE, RW, MAP_SHARED | MAP_FIXED, PGOFF),
			AT);
	KUNIT_EXPECT_PTR_EQ(test, vma_at(AT).file, other->filp);
	KUNIT_EXPECT_PTR_EQ(test, drv->filp, other->filp);
	KUNIT_EXPECT_EQ(test, file_count(other->filp), 2);
	KUNIT_EXPECT_EQ(test, file_count(file->filp), refs);
	KUNIT_ASSERT_EQ(test, vm_munmap(AT, VMA_SIZE), 0);
	KUNIT_EXPECT_EQ(test, file_count(other->filp), 1);
	KUNIT_EXPECT_EQ(test, file_count(file->filp), refs);

	drv->mapped_err = -EBUSY;
	KUNIT_EXPECT_EQ(test,
			user_mmap(file, AT, VMA_SIZE, RW, MAP_SHARED | MAP_FIXED, PGOFF), -EBUSY);
	KUNIT_EXPECT_EQ(test, file_count(other->filp), 1);
	KUNIT_EXPECT_EQ(test, file_count(file->filp), refs);
}

/* === Actions === */

static int prepare_remap(struct vm_area_desc *desc, struct driver *drv)
{
	mmap_action_remap(desc, desc->start, page_to_pfn(drv->mem) + PGOFF, VMA_SIZE);
	return 0;
}

static int prepare_remap_full(struct vm_area_desc *desc, struct driver *drv)
{
	mmap_action_remap_full(desc, page_to_pfn(drv->mem) + PGOFF);
	return 0;
}

static int prepare_ioremap(struct vm_area_desc *desc, struct driver *drv)
{
	mmap_action_ioremap(desc, desc->start, page_to_pfn(drv->mem) + PGOFF, VMA_SIZE);
	return 0;
}

static int prepare_ioremap_full(struct vm_area_desc *desc, struct driver *drv)
{
	mmap_action_ioremap_full(desc, page_to_pfn(drv->mem) + PGOFF);
	return 0;
}

static int prepare_simple_ioremap(struct vm_area_desc *desc, struct driver *drv)
{
	mmap_action_simple_ioremap(desc, page_to_phys(drv->mem), NR_PAGES * PAGE_SIZE);
	return 0;
}

static int prepare_kernel_pages(struct vm_area_desc *desc, struct driver *drv)
{
	mmap_action_map_kernel_pages(desc, desc->start, drv->pages + PGOFF, VMA_PAGES);
	return 0;
}

static int prepare_kernel_pages_full(struct vm_area_desc *desc, struct driver *drv)
{
	mmap_action_map_kernel_pages_full(desc, drv->pages + PGOFF);
	return 0;
}

/* They all map the pages of the driver from PGOFF on. */
static const struct action {
	const char *desc;
	int (*prepare)(struct vm_area_desc *desc, struct driver *drv);
	unsigned long flags;
	bool kernel;		/* the pages are counted, not raw */
} actions[] = {
	{ "remap_shared", prepare_remap, MAP_SHARED, false },
	{ "remap_private", prepare_remap, MAP_PRIVATE, false },
	{ "remap_full_shared", prepare_remap_full, MAP_SHARED, false },
	{ "remap_full_private", prepare_remap_full, MAP_PRIVATE, false },
	{ "ioremap_shared", prepare_ioremap, MAP_SHARED, false },
	{ "ioremap_private", prepare_ioremap, MAP_PRIVATE, false },
	{ "ioremap_full_shared", prepare_ioremap_full, MAP_SHARED, false },
	{ "ioremap_full_private", prepare_ioremap_full, MAP_PRIVATE, false },
	{ "simple_ioremap_shared", prepare_simple_ioremap, MAP_SHARED, false },
	{ "simple_ioremap_private", prepare_simple_ioremap, MAP_PRIVATE, false },
	{ "kernel_pages_shared", prepare_kernel_pages, MAP_SHARED, true },
	{ "kernel_pages_private", prepare_kernel_pages, MAP_PRIVATE, true },
	{ "kernel_pages_full_shared", prepare_kernel_pages_full, MAP_SHARED, true },
	{ "kernel_pages_full_private", prepare_kernel_pages_full, MAP_PRIVATE, true },
};

KUNIT_ARRAY_PARAM_DESC(action, actions, desc);

static void mmap_action_maps(struct kunit *test)
{
	const struct action *c = test->param_value;
	bool private = c->flags == MAP_PRIVATE;
	struct driver *drv = test->priv;
	unsigned long pfn = page_to_pfn(drv->mem) + PGOFF;
	struct vma_info vma;

	drv->prepare = c->prepare;
	KUNIT_ASSERT_EQ(test, driver_map(drv, RW, c->flags), AT);
	vma = vma_at(AT);
	KUNIT_EXPECT_EQ(test, vma.flags & ACTION_FLAGS, c->kernel ? VM_MIXEDMAP : REMAP_FLAGS);
	KUNIT_EXPECT_EQ(test, vma.flags & ~(ACTION_FLAGS | VM_MAYEXEC),
			vma_flags_to_legacy(drv->seen.vma_flags) & ~(VM_MAYEXEC | VM_SOFTDIRTY));
	/* Raw pages that may be copied are known by where they are. */
	KUNIT_EXPECT_EQ(test, vma.pgoff, private && !c->kernel ? pfn : PGOFF);
	assert_mapped(test, 0, VMA_PAGES, PGOFF, !c->kernel);
	expect_counts(test, c->kernel ? VMA_PAGES : 0);
	KUNIT_EXPECT_EQ(test, get_mm_rss_sum(current->mm), c->kernel ? VMA_PAGES : 0);

	KUNIT_EXPECT_EQ(test, !!pte_write(user_pte_at(AT)), !private);
	KUNIT_EXPECT_TRUE(test, user_write(AT + PAGE_SIZE, 0x12345678));
	KUNIT_EXPECT_EQ(test, *(u32 *)mem_of(drv, PGOFF + 1) == 0x12345678, !private);
	KUNIT_EXPECT_EQ(test, get_mm_counter_sum(current->mm, MM_ANONPAGES), private);

	KUNIT_ASSERT_EQ(test, vm_munmap(AT, VMA_SIZE), 0);
	expect_counts(test, 0);
	KUNIT_EXPECT_EQ(test, get_mm_rss_sum(current->mm), 0);
}

/* The first of two VMAs must not be taken for part of the second one's range. */
static void mmap_action_never_merges(struct kunit *test)
{
	const struct action *c = test->param_value;
	struct driver *drv = test->priv;

	drv->vm_ops = &merge_vm_ops;
	drv->prepare = c->prepare;
	KUNIT_ASSERT_EQ(test, driver_map(drv, RW, c->flags), AT);
	KUNIT_ASSERT_EQ(test, user_mmap(drv->outer, AT + VMA_SIZE, VMA_SIZE, RW,
					c->flags | MAP_FIXED, PGOFF + VMA_PAGES), AT + VMA_SIZE);
	KUNIT_EXPECT_EQ(test, vma_at(AT).end, AT + VMA_SIZE);
	KUNIT_EXPECT_EQ(test, drv->mapped, 2);
	assert_mapped(test, 0, VMA_PAGES, PGOFF, !c->kernel);
}

/* === Raw page frames === */

struct part {
	const char *desc;
	unsigned long flags;
	unsigned long offset;	/* in the VMA */
	unsigned long size;
	int err;
	bool never_writable;
};

static const struct part parts[] = {
	{ "shared_second_page", MAP_SHARED, PAGE_SIZE, PAGE_SIZE },
	{ "shared_to_the_end", MAP_SHARED, PAGE_SIZE, 2 * PAGE_SIZE },
	{ "shared_a_byte", MAP_SHARED, 0, 1 },
	{ "shared_a_page_less_a_byte", MAP_SHARED, 0, PAGE_SIZE - 1 },
	{ "shared_a_page_and_a_byte", MAP_SHARED, 0, PAGE_SIZE + 1 },
	/* The pages of a copy-on-write mapping are told by their position. */
	{ "private_first_page_missing", MAP_PRIVATE, PAGE_SIZE, 2 * PAGE_SIZE, -EINVAL },
	{ "private_last_page_missing", MAP_PRIVATE, 0, 2 * PAGE_SIZE, -EINVAL },
	{ "private_a_byte_missing", MAP_PRIVATE, 0, VMA_SIZE - 1, -EINVAL },
	{ "private_never_writable", MAP_PRIVATE, PAGE_SIZE, PAGE_SIZE, 0, true },
	{ "from_a_page_before_the_start", MAP_SHARED, -PAGE_SIZE, 2 * PAGE_SIZE, -EFAULT },
	{ "from_the_end", MAP_SHARED, VMA_SIZE, PAGE_SIZE, -EFAULT },
	{ "to_a_byte_behind_the_end", MAP_SHARED, 0, VMA_SIZE + 1, -EFAULT },
	{ "to_a_page_behind_the_end", MAP_SHARED, PAGE_SIZE, VMA_SIZE, -EFAULT },
};

KUNIT_ARRAY_PARAM_DESC(part, parts, desc);

static void part_remap(struct vm_area_desc *desc, struct driver *drv, const struct part *c,
		       bool io)
{
	unsigned long pfn = page_to_pfn(drv->mem);

	if (io)
		mmap_action_ioremap(desc, desc->start + c->offset, pfn, c->size);
	else
		mmap_action_remap(desc, desc->start + c->offset, pfn, c->size);
}

/* It is what the VMA is when the hook has returned that counts. */
static int prepare_part_remap(struct vm_area_desc *desc, struct driver *drv)
{
	const struct part *c = kunit_get_current_test()->param_value;

	part_remap(desc, drv, c, false);
	if (c->never_writable)
		vma_desc_clear_flags(desc, VMA_MAYWRITE_BIT);
	return 0;
}

static int prepare_part_ioremap(struct vm_area_desc *desc, struct driver *drv)
{
	const struct part *c = kunit_get_current_test()->param_value;

	if (c->never_writable)
		vma_desc_clear_flags(desc, VMA_MAYWRITE_BIT);
	part_remap(desc, drv, c, true);
	return 0;
}

static void expect_part(struct kunit *test)
{
	const struct part *c = test->param_value;
	unsigned int first = c->offset / PAGE_SIZE, nr = DIV_ROUND_UP(c->size, PAGE_SIZE);
	struct driver *drv = test->priv;
	struct left before = left_now(drv);
	long ret = 0;

	/* Out of range is a mistake of the driver. */
	kunit_warning_suppress(test) {
		ret = driver_map(drv, PROT_READ, c->flags);
	}
	if (c->err) {
		KUNIT_EXPECT_EQ(test, ret, c->err);
		KUNIT_EXPECT_EQ(test, drv->mapped, 0);
		expect_nothing_left(test, before);
		return;
	}
	KUNIT_ASSERT_EQ(test, ret, AT);
	KUNIT_EXPECT_EQ(test, vma_at(AT).pgoff, PGOFF);
	expect_hole(test, 0, first);
	assert_mapped(test, first, nr, 0, true);
	expect_hole(test, first + nr, VMA_PAGES - first - nr);
	KUNIT_ASSERT_EQ(test, vm_munmap(AT, VMA_SIZE), 0);
}

static void mmap_action_remap_part(struct kunit *test)
{
	struct driver *drv = test->priv;

	drv->vm_ops = &driver_vm_ops;
	drv->prepare = prepare_part_remap;
	expect_part(test);
}

static void mmap_action_ioremap_part(struct kunit *test)
{
	struct driver *drv = test->priv;

	drv->vm_ops = &driver_vm_ops;
	drv->prepare = prepare_part_ioremap;
	expect_part(test);
}

static const struct area {
	const char *desc;
	phys_addr_t start;	/* of the area, from the driver's memory on */
	unsigned long len;
	unsigned long pgoff;
	unsigned long nr_pages;	/* of the VMA */
	int err;
	unsigned int first;	/* page of the driver's that is mapped */
	bool absolute;		/* @start is a physical address */
} areas[] = {
	{ "all", 0, 4 * PAGE_SIZE, 0, 4, 0, 0 },
	{ "the_beginning", 0, 4 * PAGE_SIZE, 0, 2, 0, 0 },
	{ "the_last_page", 0, 4 * PAGE_SIZE, 3, 1, 0, 3 },
	{ "a_byte_of_the_last_page", 0, 3 * PAGE_SIZE + 1, 0, 4, 0, 0 },
	{ "an_area_on_two_pages", 16, PAGE_SIZE, 0, 2, 0, 0 },
	{ "the_last_page_of_an_unaligned_area", PAGE_SIZE + 16, PAGE_SIZE, 1, 1, 0, 2 },
	{ "more_than_the_area", 0, 2 * PAGE_SIZE, 0, 3, -EINVAL },
	{ "more_than_the_rest", 0, 4 * PAGE_SIZE, 2, 3, -EINVAL },
	{ "more_than_an_area_within_a_page", 16, PAGE_SIZE - 16, 0, 2, -EINVAL },
	{ "at_the_end", 0, 4 * PAGE_SIZE, 4, 1, -EINVAL },
	{ "behind_the_end", 0, 4 * PAGE_SIZE, 5, 1, -EINVAL },
	{ "an_empty_area", 0, 0, 0, 1, -EINVAL },
	{ "the_end_wraps", -(phys_addr_t)PAGE_SIZE, 2 * PAGE_SIZE, 0, 1, -EINVAL, 0, true },
	{ "the_number_of_pages_wraps", 0, ULONG_MAX, 0, 1, -EINVAL, 0, true },
};

KUNIT_ARRAY_PARAM_DESC(area, areas, desc);

static int prepare_area(struct vm_area_desc *desc, struct driver *drv)
{
	const struct area *c = kunit_get_current_test()->param_value;

	mmap_action_simple_ioremap(desc, c->start + (c->absolute ? 0 : page_to_phys(drv->mem)),
				   c->len);
	return 0;
}

/* The driver leaves it to the action to keep the process inside the area. */
static void mmap_action_simple_ioremap_bounds(struct kunit *test)
{
	const struct area *c = test->param_value;
	struct driver *drv = test->priv;
	struct left before = left_now(drv);
	long ret;

	drv->prepare = prepare_area;
	ret = user_mmap(drv->outer, AT, c->nr_pages * PAGE_SIZE, RW, MAP_SHARED | MAP_FIXED,
			c->pgoff);
	if (c->err) {
		KUNIT_EXPECT_EQ(test, ret, c->err);
		expect_nothing_left(test, before);
		return;
	}
	KUNIT_ASSERT_EQ(test, ret, AT);
	assert_mapped(test, 0, c->nr_pages, c->first, true);
}

static void read_only(struct vm_area_desc *desc)
{
	desc->page_prot = vm_get_page_prot(VM_READ | VM_SHARED);
}

static int prepare_read_only_remap(struct vm_area_desc *desc, struct driver *drv)
{
	read_only(desc);
	return prepare_remap_full(desc, drv);
}

static int prepare_remap_read_only(struct vm_area_desc *desc, struct driver *drv)
{
	prepare_remap_full(desc, drv);
	read_only(desc);
	return 0;
}

static int prepare_read_only_ioremap(struct vm_area_desc *desc, struct driver *drv)
{
	read_only(desc);
	return prepare_ioremap_full(desc, drv);
}

static int prepare_read_only_simple_ioremap(struct vm_area_desc *desc, struct driver *drv)
{
	read_only(desc);
	return prepare_simple_ioremap(desc, drv);
}

static int prepare_simple_ioremap_read_only(struct vm_area_desc *desc, struct driver *drv)
{
	prepare_simple_ioremap(desc, drv);
	read_only(desc);
	return 0;
}

static const struct prot {
	const char *desc;
	int (*prepare)(struct vm_area_desc *desc, struct driver *drv);
	bool writable;
} prots[] = {
	{ "remap", prepare_remap_full, true },
	{ "remap_of_read_only", prepare_read_only_remap, false },
	{ "remap_then_read_only", prepare_remap_read_only, true },
	{ "ioremap_of_read_only", prepare_read_only_ioremap, false },
	{ "simple_ioremap", prepare_simple_ioremap, true },
	{ "simple_ioremap_of_read_only", prepare_read_only_simple_ioremap, false },
	{ "simple_ioremap_then_read_only", prepare_simple_ioremap_read_only, false },
};

KUNIT_ARRAY_PARAM_DESC(prot, prots, desc);

/*
 * mmap_action_remap() takes the protection that the description has when it is
 * called, mmap_action_simple_ioremap() what it ends up with.
 */
static void mmap_action_remap_prot(struct kunit *test)
{
	const struct prot *c = test->param_value;
	struct driver *drv = test->priv;

	drv->prepare = c->prepare;
	KUNIT_ASSERT_EQ(test, driver_map(drv, RW, MAP_SHARED), AT);
	assert_mapped(test, 0, VMA_PAGES, PGOFF, true);
	KUNIT_EXPECT_EQ(test, !!pte_write(user_pte_at(AT)), c->writable);
	KUNIT_EXPECT_EQ(test, !!pte_write(user_pte_at(AT + VMA_SIZE - PAGE_SIZE)), c->writable);
}

/* === Kernel pages === */

static const struct pages_part {
	const char *desc;
	unsigned long offset;	/* in the VMA */
	unsigned long nr;
	int err;
} pages_parts[] = {
	{ "first_page", 0, 1 },
	{ "second_page", PAGE_SIZE, 1 },
	{ "to_the_end", PAGE_SIZE, 2 },
	{ "none", 0, 0 },
	{ "none_at_the_end", VMA_SIZE, 0 },
	{ "from_a_page_before_the_start", -PAGE_SIZE, 2, -EFAULT },
	{ "a_page_more", 0, VMA_PAGES + 1, -EFAULT },
	{ "to_a_page_behind_the_end", PAGE_SIZE, VMA_PAGES, -EFAULT },
	{ "behind_the_end", VMA_SIZE, 1, -EFAULT },
};

KUNIT_ARRAY_PARAM_DESC(pages_part, pages_parts, desc);

static int prepare_pages_part(struct vm_area_desc *desc, struct driver *drv)
{
	const struct pages_part *c = kunit_get_current_test()->param_value;

	mmap_action_map_kernel_pages(desc, desc->start + c->offset, drv->pages, c->nr);
	return 0;
}

static void mmap_action_map_kernel_pages_part(struct kunit *test)
{
	const struct pages_part *c = test->param_value;
	unsigned int first = c->offset / PAGE_SIZE;
	struct driver *drv = test->priv;
	struct left before = left_now(drv);
	long ret;

	drv->vm_ops = &driver_vm_ops;
	drv->prepare = prepare_pages_part;
	ret = driver_map(drv, RW, MAP_SHARED);
	if (c->err) {
		KUNIT_EXPECT_EQ(test, ret, c->err);
		KUNIT_EXPECT_EQ(test, drv->mapped, 0);
		expect_nothing_left(test, before);
		return;
	}
	KUNIT_ASSERT_EQ(test, ret, AT);
	expect_hole(test, 0, first);
	assert_mapped(test, first, c->nr, 0, false);
	expect_hole(test, first + c->nr, VMA_PAGES - first - c->nr);
	expect_counts(test, c->nr);
}

/* The pages before the bad one must be let go. */
static void mmap_action_map_kernel_pages_bad_page(struct kunit *test)
{
	const struct bad_page *bad = test->param_value;
	struct driver *drv = test->priv;
	struct page *page = bad->get(test);
	int refs = page_ref_count(page);
	unsigned long rss = get_mm_rss_sum(current->mm);

	drv->vm_ops = &driver_vm_ops;
	drv->prepare = prepare_kernel_pages_full;
	drv->pages[PGOFF + 2] = page;
	KUNIT_EXPECT_EQ(test, driver_map(drv, RW, MAP_SHARED), -EINVAL);
	KUNIT_EXPECT_EQ(test, drv->mapped, 0);
	KUNIT_EXPECT_EQ(test, vma_at(AT).end, 0);
	KUNIT_EXPECT_EQ(test, page_ref_count(page), refs);
	KUNIT_EXPECT_EQ(test, page_ref_count(drv->mem), 1);
	KUNIT_EXPECT_EQ(test, get_mm_rss_sum(current->mm), rss);

	/* What ->mapped did not do, ->close must not undo. */
	KUNIT_EXPECT_EQ(test, drv->closes, 0);
}

/* A driver that wants to hear of the first write maps nothing writable. */
static void mmap_action_map_kernel_pages_page_mkwrite(struct kunit *test)
{
	struct driver *drv = test->priv;

	drv->vm_ops = &mkwrite_vm_ops;
	drv->prepare = prepare_kernel_pages_full;
	KUNIT_ASSERT_EQ(test, driver_map(drv, RW, MAP_SHARED), AT);
	assert_mapped(test, 0, VMA_PAGES, PGOFF, false);
	KUNIT_EXPECT_FALSE(test, pte_write(user_pte_at(AT)));
	KUNIT_EXPECT_TRUE(test, user_write(AT, 1));
	KUNIT_EXPECT_TRUE(test, user_write(AT, 2));
	KUNIT_EXPECT_EQ(test, drv->mkwrites, 1);
	KUNIT_EXPECT_EQ(test, *(u32 *)mem_of(drv, PGOFF), 2);
}

/* === ->mapped and failures === */

/* The driver is told when all is done: the VMA can be found, the pages are there. */
static void mapped_arguments(struct kunit *test)
{
	const struct action *c = test->param_value;
	struct driver *drv = test->priv;
	unsigned long pfn = page_to_pfn(drv->mem) + PGOFF;
	bool raw_private = c->flags == MAP_PRIVATE && !c->kernel;

	drv->vm_ops = &driver_vm_ops;
	drv->prepare = c->prepare;
	KUNIT_ASSERT_EQ(test, driver_map(drv, RW, c->flags), AT);
	KUNIT_EXPECT_EQ(test, drv->mapped, 1);
	KUNIT_EXPECT_EQ(test, drv->start, AT);
	KUNIT_EXPECT_EQ(test, drv->end, AT + VMA_SIZE);
	KUNIT_EXPECT_EQ(test, drv->pgoff, raw_private ? pfn : PGOFF);
	KUNIT_EXPECT_PTR_EQ(test, drv->filp, drv->outer->filp);
	KUNIT_EXPECT_NULL(test, drv->private);
	KUNIT_EXPECT_TRUE(test, pte_present(drv->pte));
	KUNIT_EXPECT_EQ(test, pte_pfn(drv->pte), pfn);
	KUNIT_EXPECT_EQ(test, drv->in_tree, !drv->compat);
	KUNIT_EXPECT_FALSE(test, drv->hidden);
	KUNIT_EXPECT_PTR_EQ(test, vma_at(AT).private, drv);

	/* From here on it is ->open and ->close that tell. */
	KUNIT_ASSERT_EQ(test, vm_munmap(AT + PAGE_SIZE, PAGE_SIZE), 0);
	KUNIT_EXPECT_EQ(test, drv->mapped, 1);
	KUNIT_EXPECT_EQ(test, drv->opens, 2);
	KUNIT_EXPECT_EQ(test, drv->closes, 1);
	KUNIT_ASSERT_EQ(test, vm_munmap(AT, VMA_SIZE), 0);
	KUNIT_EXPECT_EQ(test, drv->mapped, 1);
	KUNIT_EXPECT_EQ(test, drv->closes, 3);
}

static void mapped_fails(struct kunit *test)
{
	const struct action *c = test->param_value;
	struct driver *drv = test->priv;
	struct left before = left_now(drv);

	drv->vm_ops = &driver_vm_ops;
	drv->prepare = c->prepare;
	drv->mapped_err = -EBUSY;
	KUNIT_EXPECT_EQ(test, driver_map(drv, RW, c->flags), -EBUSY);
	KUNIT_EXPECT_EQ(test, drv->mapped, 1);
	KUNIT_EXPECT_TRUE(test, pte_present(drv->pte));
	expect_nothing_left(test, before);

	/* What ->mapped did not do, ->close must not undo. */
	KUNIT_EXPECT_EQ(test, drv->closes, 0);

	/* The next one is none the worse for it. */
	drv->mapped_err = 0;
	KUNIT_EXPECT_EQ(test, driver_map(drv, RW, c->flags), AT);
	assert_mapped(test, 0, VMA_PAGES, PGOFF, !c->kernel);
}

/* All that can fail between ->mmap_prepare and the return to the process. */
static void mmap_action_no_memory(struct kunit *test)
{
	const struct action *c = test->param_value;
	struct driver *drv = test->priv;
	struct left before = left_now(drv);
	unsigned int nth, errors = 0;
	bool failed = true;

	fail_any_page_alloc(test);
	drv->vm_ops = &driver_vm_ops;
	drv->prepare = c->prepare;
	for (nth = 1; failed && nth < 100; nth++) {
		unsigned long addr;
		long ret;

		/* Where there are no page tables yet. */
		addr = user_largest_table() - PAGE_SIZE;
		drv->fail_nth = nth;
		drv->mapped = 0;
		ret = user_mmap(drv->outer, addr, VMA_SIZE, RW, c->flags | MAP_FIXED, PGOFF);
		failed = fail_nth_clear();
		if (ret == addr) {
			KUNIT_EXPECT_EQ(test, drv->mapped, 1);
			KUNIT_ASSERT_EQ(test, vm_munmap(addr, VMA_SIZE), 0);
			continue;
		}
		errors++;
		KUNIT_ASSERT_TRUE(test, IS_ERR_VALUE(ret));
		KUNIT_EXPECT_EQ(test, ret, -ENOMEM);
		KUNIT_EXPECT_EQ(test, drv->mapped, 0);
		KUNIT_EXPECT_EQ(test, vma_at(addr).end, 0);
		KUNIT_EXPECT_TRUE(test, pte_none(user_pte_at(addr)));
		expect_nothing_left(test, before);
	}
	KUNIT_EXPECT_FALSE(test, failed);
	KUNIT_EXPECT_GT(test, errors, 0);
}

static int prepare_override(struct vm_area_desc *desc, struct driver *drv)
{
	desc->action.error_override = -EAGAIN;
	return prepare_kernel_pages_full(desc, drv);
}

static int prepare_override_outside(struct vm_area_desc *desc, struct driver *drv)
{
	desc->action.error_override = -EAGAIN;
	mmap_action_map_kernel_pages(desc, desc->start, drv->pages, VMA_PAGES + 1);
	return 0;
}

static int prepare_override_positive(struct vm_area_desc *desc, struct driver *drv)
{
	desc->action.error_override = EAGAIN;
	return prepare_kernel_pages_full(desc, drv);
}

static int prepare_override_too_low(struct vm_area_desc *desc, struct driver *drv)
{
	desc->action.error_override = -MAX_ERRNO - 1;
	return prepare_kernel_pages_full(desc, drv);
}

static int prepare_override_own(struct vm_area_desc *desc, struct driver *drv)
{
	desc->action.error_override = -EAGAIN;
	return -ENOTTY;
}

/* Drivers may have to keep returning the errors that they always returned. */
static const struct override {
	const char *desc;
	int (*prepare)(struct vm_area_desc *desc, struct driver *drv);
	bool bad_page;
	int mapped_err;
	int ret;		/* 0: it is mapped */
	int compat_ret;		/* the driver on top is to see the error itself */
} overrides[] = {
	{ "of_no_error", prepare_override, false, 0, 0, 0 },
	{ "of_the_action", prepare_override, true, 0, -EAGAIN, -EINVAL },
	{ "of_mapped", prepare_override, false, -EBUSY, -EAGAIN, -EBUSY },
	{ "of_both", prepare_override, true, -EBUSY, -EAGAIN, -EINVAL },
	/* These are not errors of the action, which is not begun. */
	{ "of_mmap_prepare", prepare_override_own, false, 0, -ENOTTY, -ENOTTY },
	{ "of_a_range_that_is_refused", prepare_override_outside, false, 0, -EFAULT, -EFAULT },
	/* The process would take a number that is not an errno for an address. */
	{ "by_a_positive_number", prepare_override_positive, false, 0, -EINVAL, -EINVAL },
	{ "by_less_than_any_errno", prepare_override_too_low, false, 0, -EINVAL, -EINVAL },
};

KUNIT_ARRAY_PARAM_DESC(override, overrides, desc);

static void mmap_action_error_override(struct kunit *test)
{
	const struct override *c = test->param_value;
	struct driver *drv = test->priv;
	struct left before = left_now(drv);
	int err = drv->compat ? c->compat_ret : c->ret;

	drv->vm_ops = &driver_vm_ops;
	drv->prepare = c->prepare;
	drv->mapped_err = c->mapped_err;
	if (c->bad_page)
		drv->pages[PGOFF + 1] = bad_page_slab(test);
	kunit_warning_suppress(test) {
		KUNIT_EXPECT_EQ(test, driver_map(drv, RW, MAP_SHARED), err ?: (long)AT);
	}
	KUNIT_EXPECT_EQ(test, drv->mapped, !err || (c->mapped_err && !c->bad_page));
	if (err)
		expect_nothing_left(test, before);
	else
		assert_mapped(test, 0, VMA_PAGES, PGOFF, false);
}

static int prepare_hide(struct vm_area_desc *desc, struct driver *drv)
{
	desc->action.hide_from_rmap_until_complete = true;
	return prepare_kernel_pages_full(desc, drv);
}

/*
 * Until the mapping is complete, nobody may find it by its file. When it is,
 * or when it cannot be completed, everybody must be able to again.
 */
static void mmap_action_hide_from_rmap(struct kunit *test)
{
	struct driver *drv = test->priv;
	struct left before = left_now(drv);

	drv->vm_ops = &driver_vm_ops;
	drv->prepare = prepare_hide;
	KUNIT_ASSERT_EQ(test, driver_map(drv, RW, MAP_SHARED), AT);
	/* The VMA of a stacked driver has not got to that point. */
	KUNIT_EXPECT_EQ(test, drv->hidden, !drv->compat);
	KUNIT_ASSERT_FALSE(test, rwsem_is_locked(&drv->outer->filp->f_mapping->i_mmap_rwsem));
	unmap_mapping_range(drv->outer->filp->f_mapping, 0, 0, 1);
	expect_hole(test, 0, VMA_PAGES);
	KUNIT_ASSERT_EQ(test, vm_munmap(AT, VMA_SIZE), 0);

	drv->mapped_err = -EBUSY;
	KUNIT_EXPECT_EQ(test, driver_map(drv, RW, MAP_SHARED), -EBUSY);
	KUNIT_EXPECT_EQ(test, drv->hidden, !drv->compat);
	expect_nothing_left(test, before);
}

static int prepare_unknown(struct vm_area_desc *desc, struct driver *drv)
{
	desc->action.type = MMAP_MAP_KERNEL_PAGES + 1;
	return 0;
}

static void mmap_action_unknown(struct kunit *test)
{
	struct driver *drv = test->priv;
	struct left before = left_now(drv);

	drv->prepare = prepare_unknown;
	kunit_warning_suppress(test) {
		KUNIT_EXPECT_EQ(test, driver_map(drv, RW, MAP_SHARED), -EINVAL);
	}
	expect_nothing_left(test, before);
}

/* === What is for drivers with ->mmap only === */

static int mapped_mmap(struct vm_area_struct *vma, void *data)
{
	vma->vm_ops = &driver_vm_ops;
	return 0;
}

/* ->mmap itself is where such a driver knows of the VMA. */
static void mapped_without_mmap_prepare(struct kunit *test)
{
	struct driver *drv = test->priv;

	drv->outer = user_file_open(test, O_RDWR, mapped_mmap, drv);
	driver_map(drv, RW, MAP_SHARED);
	KUNIT_EXPECT_EQ(test, drv->mapped, 0);
}

static const enum mmap_action_type unprepared[] = { MMAP_IO_REMAP_PFN, MMAP_SIMPLE_IO_REMAP };

static int unprepared_mmap(struct vm_area_struct *vma, void *data)
{
	struct mmap_action action = { .type = *(enum mmap_action_type *)data };

	return mmap_action_complete(vma, &action, true);
}

/* mmap_action_prepare() turns these two into MMAP_REMAP_PFN. */
static void mmap_action_complete_unprepared(struct kunit *test)
{
	struct driver *drv = test->priv;
	int i;

	for (i = 0; i < ARRAY_SIZE(unprepared); i++) {
		drv->outer = user_file_open(test, O_RDWR, unprepared_mmap, (void *)&unprepared[i]);
		kunit_warning_suppress(test) {
			KUNIT_EXPECT_EQ(test, driver_map(drv, RW, MAP_SHARED), -EINVAL);
		}
	}
}

static int wrapping_mmap(struct vm_area_struct *vma, void *data)
{
	/* The first number whose size in bytes is 0 again. */
	const unsigned long wraps = 1UL << (BITS_PER_LONG - PAGE_SHIFT);
	const unsigned long nr_pages[] = { ULONG_MAX, wraps - 1, wraps, wraps + 1, wraps + 2 };
	struct kunit *test = kunit_get_current_test();
	struct driver *drv = data;
	struct vm_area_desc desc;
	int i;

	compat_set_desc_from_vma(&desc, drv->file->filp, vma);
	mmap_action_remap(&desc, desc.start, page_to_pfn(drv->mem), -PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, mmap_action_prepare(&desc), -EFAULT);

	for (i = 0; i < ARRAY_SIZE(nr_pages); i++) {
		compat_set_desc_from_vma(&desc, drv->file->filp, vma);
		mmap_action_map_kernel_pages(&desc, desc.start, drv->pages, nr_pages[i]);
		KUNIT_EXPECT_EQ_MSG(test, mmap_action_prepare(&desc), -EFAULT, "%#lx pages",
				    nr_pages[i]);
	}

	return 0;
}

/*
 * A range that goes beyond the end of all addresses is refused, because its end
 * is not what it seems: it may be before the VMA's, or even in the VMA.
 */
static void mmap_action_wraps(struct kunit *test)
{
	struct driver *drv = test->priv;

	drv->outer = user_file_open(test, O_RDWR, wrapping_mmap, drv);
	kunit_warning_suppress(test) {
		KUNIT_EXPECT_EQ(test, driver_map(drv, RW, MAP_SHARED), AT);
	}
}

static int prepare_mmap(struct vm_area_struct *vma, void *data)
{
	struct kunit *test = kunit_get_current_test();
	const struct action *c = test->param_value;
	struct driver *drv = data;
	struct vm_area_desc desc;
	vm_flags_t flags = vma->vm_flags;
	pgoff_t pgoff = vma->vm_pgoff;
	int err;

	vma->vm_private_data = drv;
	memset(&desc, 0xff, sizeof(desc));
	compat_set_desc_from_vma(&desc, drv->file->filp, vma);
	c->prepare(&desc, drv);
	err = mmap_action_prepare(&desc);
	KUNIT_EXPECT_EQ(test, err, 0);
	KUNIT_EXPECT_EQ(test, desc.action.type,
			c->kernel ? MMAP_MAP_KERNEL_PAGES : MMAP_REMAP_PFN);
	if (!c->kernel) {
		KUNIT_EXPECT_EQ(test, desc.action.remap.start, vma->vm_start);
		KUNIT_EXPECT_EQ(test, desc.action.remap.size, VMA_SIZE);
		KUNIT_EXPECT_EQ(test, desc.action.remap.start_pfn,
				page_to_pfn(drv->mem) + PGOFF);
	}
	/* So far this was about the description. */
	KUNIT_EXPECT_EQ(test, vma->vm_flags, flags);
	KUNIT_EXPECT_EQ(test, vma->vm_pgoff, pgoff);
	KUNIT_EXPECT_PTR_EQ(test, vma->vm_private_data, drv);

	compat_set_desc_from_vma(&desc, drv->file->filp, vma);
	KUNIT_EXPECT_EQ(test, desc.action.type, MMAP_NOTHING);
	KUNIT_EXPECT_NULL(test, desc.private_data);
	desc.vm_ops = &driver_vm_ops;
	c->prepare(&desc, drv);
	err = __compat_vma_mmap(&desc, vma);
	/* What the driver on top had there is the lower one's to set. */
	KUNIT_EXPECT_PTR_EQ(test, vma->vm_private_data, err ? NULL : drv);
	KUNIT_EXPECT_PTR_EQ(test, vma->vm_ops, &driver_vm_ops);

	return err;
}

/* A driver on top of another may change the description on the way. */
static void compat_vma_mmap_in_steps(struct kunit *test)
{
	const struct action *c = test->param_value;
	struct driver *drv = test->priv;
	struct left before;

	drv->outer = user_file_open(test, O_RDWR, prepare_mmap, drv);
	before = left_now(drv);
	KUNIT_ASSERT_EQ(test, driver_map(drv, RW, c->flags), AT);
	KUNIT_EXPECT_EQ(test, drv->mapped, 1);
	assert_mapped(test, 0, VMA_PAGES, PGOFF, !c->kernel);
	KUNIT_ASSERT_EQ(test, vm_munmap(AT, VMA_SIZE), 0);
	KUNIT_EXPECT_EQ(test, drv->closes, 1);

	/* A VMA whose ->mmap has failed is not for the driver to close. */
	drv->mapped_err = -EBUSY;
	KUNIT_EXPECT_EQ(test, driver_map(drv, RW, c->flags), -EBUSY);
	KUNIT_EXPECT_EQ(test, drv->closes, 1);
	expect_nothing_left(test, before);
}

static void free_mem(void *page)
{
	put_page(page);
}

static int mmap_action_init(struct kunit *test)
{
	struct driver *drv = kunit_kzalloc(test, sizeof(*drv), GFP_KERNEL);
	unsigned int i;

	mm_kunit_init(test);
	KUNIT_ASSERT_NOT_NULL(test, drv);
	drv->mem = manage(test, free_mem, alloc_pages(GFP_KERNEL | __GFP_COMP, ilog2(NR_PAGES)));
	for (i = 0; i < NR_PAGES; i++) {
		drv->pages[i] = drv->mem + i;
		memset32(mem_of(drv, i), 0x5eed0000 + i, PAGE_SIZE / sizeof(u32));
	}
	drv->file = user_file_open_fops(test, O_RDWR, &driver_fops, drv);
	drv->outer = drv->file;
	test->priv = drv;

	return 0;
}

static int mmap_action_compat_init(struct kunit *test)
{
	struct driver *drv;

	mmap_action_init(test);
	drv = test->priv;
	drv->compat = true;
	drv->outer = user_file_open_fops(test, O_RDWR, &outer_fops, drv);

	return 0;
}

/*
 * Each case runs twice: the driver is mapped directly, and by way of a driver
 * that still has ->mmap. The second time it has a name of its own, since what
 * reads the results may know a case by its name alone.
 */
#define COMPAT_CASE(test_name)						\
	{ .run_case = test_name, .name = #test_name "_compat",		\
	  .module_name = KBUILD_MODNAME }
#define COMPAT_CASE_PARAM(test_name, gen_params)			\
	{ .run_case = test_name, .name = #test_name "_compat",		\
	  .generate_params = gen_params, .module_name = KBUILD_MODNAME }

#define COMMON_CASES(CASE, CASE_PARAM) \
	CASE_PARAM(mmap_prepare_sees, kind_gen_params), \
	CASE_PARAM(mmap_prepare_changes, kind_gen_params), \
	CASE_PARAM(mmap_prepare_fails, kind_gen_params), \
	CASE(mmap_prepare_fails_uncharged), \
	CASE(mmap_prepare_after_close), \
	CASE(mmap_prepare_no_vm_ops), \
	CASE_PARAM(mmap_action_maps, action_gen_params), \
	CASE_PARAM(mmap_action_never_merges, action_gen_params), \
	CASE_PARAM(mmap_action_remap_part, part_gen_params), \
	CASE_PARAM(mmap_action_ioremap_part, part_gen_params), \
	CASE_PARAM(mmap_action_simple_ioremap_bounds, area_gen_params), \
	CASE_PARAM(mmap_action_remap_prot, prot_gen_params), \
	CASE_PARAM(mmap_action_map_kernel_pages_part, pages_part_gen_params), \
	CASE_PARAM(mmap_action_map_kernel_pages_bad_page, bad_page_gen_params), \
	CASE_PARAM(mapped_arguments, action_gen_params), \
	CASE_PARAM(mapped_fails, action_gen_params), \
	CASE_PARAM(mmap_action_no_memory, action_gen_params), \
	CASE_PARAM(mmap_action_error_override, override_gen_params), \
	CASE(mmap_action_hide_from_rmap), \
	CASE(mmap_action_unknown)

static struct kunit_case mmap_action_cases[] = {
	COMMON_CASES(KUNIT_CASE, KUNIT_CASE_PARAM),
	KUNIT_CASE(mmap_hooks_both_or_none),
	KUNIT_CASE(mmap_prepare_merges),
	KUNIT_CASE(mmap_prepare_swaps_file),
	KUNIT_CASE(mmap_action_map_kernel_pages_page_mkwrite),
	KUNIT_CASE(mapped_without_mmap_prepare),
	{}
};

static struct kunit_case mmap_action_compat_cases[] = {
	COMMON_CASES(COMPAT_CASE, COMPAT_CASE_PARAM),
	KUNIT_CASE(mmap_action_complete_unprepared),
	KUNIT_CASE(mmap_action_wraps),
	KUNIT_CASE_PARAM(compat_vma_mmap_in_steps, action_gen_params),
	{}
};

static struct kunit_suite mmap_action_suite = {
	.name = "mmap_action",
	.init = mmap_action_init,
	.test_cases = mmap_action_cases,
};

static struct kunit_suite mmap_action_compat_suite = {
	.name = "mmap_action_compat",
	.init = mmap_action_compat_init,
	.test_cases = mmap_action_compat_cases,
};

kunit_test_suites(&mmap_action_suite, &mmap_action_compat_suite);

MODULE_DESCRIPTION("KUnit tests for the actions of ->mmap_prepare");
MODULE_LICENSE("GPL");
