/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The driver of the suites that test mmap() and the system calls that change a
 * mapping: a struct test_driver that also records the VMA which ->mmap gets, and
 * has ->may_split and ->mremap.
 */
#ifndef _MM_TESTS_MMAP_DRIVER_H
#define _MM_TESTS_MMAP_DRIVER_H

#include "mmap_usage.h"
#include "test_driver.h"

/* The page of the file that shows the driver's first page. */
#define PGOFF		5
#define ALL		(TEST_DRIVER_PAGES * PAGE_SIZE)

/**
 * struct mmap_driver - a driver, what it does, and what it was asked for
 * @drv: what it has in common with others; test->priv points to it
 * @other: the file that ->mmap gives the VMA instead of its own, or NULL
 * @split_ret: what ->may_split returns
 * @mremap_ret: what ->mremap returns
 * @start: vm_start in ->mmap
 * @end: vm_end in ->mmap
 * @pgoff: vm_pgoff in ->mmap
 * @flags: vm_flags in ->mmap, before it changes them
 * @split_addr: the address that ->may_split was called with last
 * @mremaps: calls of ->mremap
 * @unlocked: the hooks that were called without the mmap_lock, a bit each
 */
struct mmap_driver {
	struct test_driver drv;

	struct file *other;
	int split_ret;
	int mremap_ret;

	unsigned long start;
	unsigned long end;
	pgoff_t pgoff;
	vm_flags_t flags;
	unsigned long split_addr;
	unsigned int mremaps;
	unsigned int unlocked;
};

static inline struct mmap_driver *to_mmap_driver(struct test_driver *drv)
{
	return container_of(drv, struct mmap_driver, drv);
}

static inline struct mmap_driver *mmap_driver_of(const struct vm_area_struct *vma)
{
	return to_mmap_driver(test_driver_of(vma));
}

/* Unlike test_driver_close(), also counts the VMAs of a child. */
static inline void mmap_driver_close(struct vm_area_struct *vma)
{
	test_driver_of(vma)->closes++;
}

static inline int mmap_driver_may_split(struct vm_area_struct *vma, unsigned long addr)
{
	struct mmap_driver *md = mmap_driver_of(vma);

	md->split_addr = addr;
	return md->split_ret;
}

static inline int mmap_driver_mremap(struct vm_area_struct *vma)
{
	struct mmap_driver *md = mmap_driver_of(vma);

	md->mremaps++;
	return md->mremap_ret;
}

/* VMAs with these are not merged, since they have ->close. */
static const struct vm_operations_struct mmap_driver_vm_ops = {
	.open = test_driver_open,
	.close = mmap_driver_close,
	.fault = test_driver_fault,
	.may_split = mmap_driver_may_split,
	.mremap = mmap_driver_mremap,
};

static inline int mmap_driver_mmap(struct vm_area_struct *vma, void *data)
{
	struct mmap_driver *md = to_mmap_driver(data);

	md->start = vma->vm_start;
	md->end = vma->vm_end;
	md->pgoff = vma->vm_pgoff;
	md->flags = vma->vm_flags;
	if (md->other)
		vma_set_file(vma, md->other);

	return test_driver_mmap(vma, data);
}

/* Has the driver's file opened anew, with the given O_* flags. */
static inline void mmap_driver_reopen(struct kunit *test, int flags)
{
	struct test_driver *drv = test->priv;

	drv->file = user_file_open(test, flags, mmap_driver_mmap, drv);
}

/* Maps all pages of the driver, readable and writable; asserts that it works. */
static inline unsigned long mmap_driver_map(struct kunit *test, unsigned long flags)
{
	return test_driver_map_all(test, PROT_RW, flags);
}

/* Reads the accounting of the process and of the driver's files. */
static inline struct mmap_usage mmap_usage(struct kunit *test)
{
	struct test_driver *drv = test->priv;

	return mmap_usage_of(drv->file->filp, to_mmap_driver(drv)->other);
}

/* Expects the accounting to be as in @old; the other arguments tell after what. */
#define MMAP_EXPECT_USAGE(test, old, fmt, ...)					\
	MMAP_EXPECT_SAME_USAGE(test, mmap_usage(test), old, fmt, ##__VA_ARGS__)

/* Compares nr_pages pages at addr with the driver's pages, from first on. */
static inline const char *mmap_check_reads(struct kunit *test, unsigned long addr, int first,
					   int nr_pages)
{
	struct test_driver *drv = test->priv;

	return mmap_check_contents(test, drv->buf, addr, drv->pages + first, nr_pages);
}

/* Looks for a page of the driver that somebody else uses. For loops. */
static inline const char *mmap_check_unused(struct kunit *test)
{
	struct test_driver *drv = test->priv;
	int i;

	for (i = 0; i < TEST_DRIVER_PAGES; i++) {
		struct folio *folio = page_folio(drv->pages[i]);

		if (folio_ref_count(folio) != 1 || folio_mapcount(folio) ||
		    folio_test_locked(folio))
			return mm_kunit_wrong(test,
					      "the driver's page %d: expected 1 reference, 0 mappings, not locked, found %d, %d, %d",
					      i, folio_ref_count(folio), folio_mapcount(folio),
					      folio_test_locked(folio));
	}

	return NULL;
}

/* Returns the first word of the driver's page i, as the driver sees it. */
static inline u32 mmap_driver_word(struct test_driver *drv, int i)
{
	return *(u32 *)page_address(drv->pages[i]);
}

/* The word that mm_kunit_fill() fills page i with. */
#define FILLED(i)	(0x5eed0000 + (i))

/* How the pages of a mapping come into its page tables. */
struct mmap_kind {
	const char *desc;
	enum test_driver_how how;
	unsigned long flags;
};

static const struct mmap_kind mmap_kinds[] = {
	{ .desc = "faults", .how = DRV_FAULT, .flags = MAP_SHARED },
	{ .desc = "pages", .how = DRV_INSERT_PAGE, .flags = MAP_SHARED },
	{ .desc = "private_pages", .how = DRV_INSERT_PAGE, .flags = MAP_PRIVATE },
	{ .desc = "raw", .how = DRV_REMAP_PFN, .flags = MAP_SHARED },
	{ .desc = "private_raw", .how = DRV_REMAP_PFN, .flags = MAP_PRIVATE },
};

static const void *mmap_kind_gen_params(struct kunit *test, const void *prev,
					char *desc) __maybe_unused;

KUNIT_ARRAY_PARAM_DESC(mmap_kind, mmap_kinds, desc);

/* The init of the suites. */
static inline int mmap_driver_init(struct kunit *test)
{
	struct mmap_driver *md = kunit_kzalloc(test, sizeof(*md), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, md);
	test_driver_setup(test, &md->drv);
	md->drv.pgoff = PGOFF;
	md->drv.ops = &mmap_driver_vm_ops;
	md->drv.file->mmap = mmap_driver_mmap;

	return 0;
}

#endif /* _MM_TESTS_MMAP_DRIVER_H */
