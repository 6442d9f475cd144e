/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A driver whose ->mmap maps its memory by remap_pfn_range(), and what there is to be
 * checked then, for remap_pfn_kunit.c and vm_iomap_memory_kunit.c.
 */
#ifndef _MM_TESTS_REMAP_PFN_H
#define _MM_TESTS_REMAP_PFN_H

#include <kunit/test.h>
#include <linux/io.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/pgtable.h>
#include <linux/sched.h>
#include <linux/sizes.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "check_bytes.h"
#include "mm_kunit.h"
#include "user_vma.h"

#define NR_PAGES	8
#define PGOFF		5	/* where the file is mapped from */
#define RW		(PROT_READ | PROT_WRITE)
#define REMAP_FLAGS	(VM_IO | VM_PFNMAP | VM_DONTEXPAND | VM_DONTDUMP)

/* A driver: what it has to map, what its ->mmap does, and what became of it. */
struct driver {
	struct user_file *file;
	void *mem;		/* NR_PAGES pages, each with its own pattern */
	unsigned long pfn;	/* the first to map: that of @mem by default */
	void *buf;		/* a page for what the user reads and writes */

	unsigned long offset;	/* map from this byte of the VMA on, */
	unsigned long size;	/* so many bytes, 0 being all of them, */
	vm_flags_t prot;	/* like this, 0 being as the VMA says, */
	vm_flags_t clear;	/* without these VMA flags, */
	struct mm_kunit_failing *fail; /* while this page allocation fails, */
	bool io;		/* with io_remap_pfn_range() */

	int err;
	vm_flags_t before;	/* the VMA's flags before and after that */
	vm_flags_t after;
	unsigned long pgoff;	/* its vm_pgoff after that */
};

/* Returns 0 even after an error, so that the case can look at the VMA. */
static inline int driver_mmap(struct vm_area_struct *vma, void *data)
{
	struct driver *drv = data;
	unsigned long addr = vma->vm_start + drv->offset;
	unsigned long size = drv->size ?: vma->vm_end - vma->vm_start;
	pgprot_t prot = drv->prot ? vm_get_page_prot(drv->prot) : vma->vm_page_prot;

	vm_flags_clear(vma, drv->clear);
	drv->before = vma->vm_flags;
	mm_kunit_fail_begin(drv->fail);
	if (drv->io)
		drv->err = io_remap_pfn_range(vma, addr, drv->pfn, size, prot);
	else
		drv->err = remap_pfn_range(vma, addr, drv->pfn, size, prot);
	mm_kunit_fail_end(drv->fail);
	drv->after = vma->vm_flags;
	drv->pgoff = vma->vm_pgoff;

	return 0;
}

/* Maps nr_pages of the file, at addr if MAP_FIXED is in flags. */
static inline unsigned long driver_map(struct kunit *test, unsigned long addr,
				       unsigned long nr_pages, unsigned long prot,
				       unsigned long flags)
{
	struct driver *drv = test->priv;

	addr = user_mmap(drv->file, addr, nr_pages * PAGE_SIZE, prot, flags, PGOFF);
	KUNIT_ASSERT_FALSE_MSG(test, IS_ERR_VALUE(addr), "mmap() returned %ld", (long)addr);

	return addr;
}

static inline void *page_of(struct driver *drv, unsigned long i)
{
	return drv->mem + i * PAGE_SIZE;
}

/* What the page tables have at @addr, which is to be in the VMA at @vma_addr. */
static inline int vma_pte(unsigned long vma_addr, unsigned long addr,
			  struct follow_pfnmap_args *args)
{
	struct mm_struct *mm = current->mm;
	int ret = -ENOENT;

	mmap_read_lock(mm);
	*args = (struct follow_pfnmap_args) {
		.vma = vma_lookup(mm, vma_addr),
		.address = addr,
	};
	if (args->vma)
		ret = follow_pfnmap_start(args);
	if (!ret)
		follow_pfnmap_end(args);
	mmap_read_unlock(mm);

	return ret;
}

static inline int user_pte(unsigned long addr, struct follow_pfnmap_args *args)
{
	return vma_pte(addr, addr, args);
}

static inline bool user_reads(unsigned long addr, void *to, size_t len)
{
	return !copy_from_user(to, (void __user *)addr, len);
}

static inline bool user_writes(unsigned long addr, const void *from, size_t len)
{
	return !copy_to_user((void __user *)addr, from, len);
}

/* Returns what is wrong, if the nr_pages pages at mem are not mapped raw at addr. */
static inline const char *check_raw(struct kunit *test, unsigned long addr, void *mem,
				    unsigned long nr_pages)
{
	unsigned long i, pfn = PHYS_PFN(virt_to_phys(mem));
	struct driver *drv = test->priv;
	struct follow_pfnmap_args args;
	const char *wrong;
	int err;

	for (i = 0; i < nr_pages; i++, addr += PAGE_SIZE, mem += PAGE_SIZE, pfn++) {
		err = user_pte(addr, &args);
		if (err)
			return mm_kunit_wrong(test, "page %lu: expected pfn %lx, found none (%d)",
					      i, pfn, err);
		if (args.pfn != pfn)
			return mm_kunit_wrong(test, "page %lu: expected pfn %lx, found %lx",
					      i, pfn, args.pfn);
		if (args.special != IS_ENABLED(CONFIG_ARCH_HAS_PTE_SPECIAL))
			return mm_kunit_wrong(test, "page %lu: expected special %d, found %d",
					      i, !args.special, args.special);
		if (!user_reads(addr, drv->buf, PAGE_SIZE))
			return mm_kunit_wrong(test, "page %lu: expected to read, found a fault",
					      i);
		wrong = check_bytes(test, drv->buf, mem, PAGE_SIZE);
		if (wrong)
			return mm_kunit_wrong(test, "page %lu as the process reads it: %s", i,
					      wrong);
	}

	return NULL;
}

/*
 * Returns what is wrong, if the process can access one of the nr_pages pages at addr.
 * Nothing can be faulted in there, because the driver has no ->fault.
 */
static inline const char *check_hole(struct kunit *test, unsigned long addr,
				     unsigned long nr_pages)
{
	unsigned long i;
	char c = 0;

	for (i = 0; i < nr_pages; i++, addr += PAGE_SIZE) {
		if (user_reads(addr, &c, 1))
			return mm_kunit_wrong(test, "page %lu: expected a fault, read it", i);
		if (user_writes(addr, &c, 1))
			return mm_kunit_wrong(test, "page %lu: expected a fault, wrote to it", i);
	}

	return NULL;
}

/* Returns what is wrong, if somebody has written to page i of the driver. */
static inline const char *check_pristine(struct kunit *test, unsigned long i)
{
	struct driver *drv = test->priv;
	u32 *mem = page_of(drv, i), expected = 0x5eed0000 + i;
	unsigned int word = 0;

	if (mm_kunit_is_filled(virt_to_page(mem), i))
		return NULL;
	while (word < PAGE_SIZE / sizeof(*mem) - 1 && mem[word] == expected)
		word++;
	return mm_kunit_wrong(test, "word %u of page %lu: expected %08x, found %08x", word, i,
			      expected, mem[word]);
}

/* The driver alone decides how long its pages live: a mapping is no user of them. */
#define REMAP_EXPECT_UNREFERENCED(test)						\
do {										\
	struct driver *__drv = (test)->priv;					\
										\
	MM_KUNIT_EXPECT_COUNTS(test, virt_to_page(__drv->mem), 1, 0,		\
			       "the driver's memory");				\
} while (0)

/* Maps all of the driver's pages, and asserts that they are: then writing is safe. */
#define REMAP_MAP_ALL(test, flags)						\
({										\
	unsigned long __addr = driver_map(test, 0, NR_PAGES, RW, flags);	\
	struct driver *__drv = (test)->priv;					\
										\
	KUNIT_ASSERT_EQ_MSG(test, __drv->err, 0, "remap_pfn_range() in ->mmap");	\
	MM_KUNIT_ASSERT(test, check_raw(test, __addr, __drv->mem, NR_PAGES));	\
	__addr;									\
})

struct mapping {
	const char *desc;
	unsigned long flags;
};

static const struct mapping mappings[] = {
	{ .desc = "shared", .flags = MAP_SHARED },
	{ .desc = "private", .flags = MAP_PRIVATE },
};

KUNIT_ARRAY_PARAM_DESC(mapping, mappings, desc);

struct prot {
	const char *desc;
	vm_flags_t prot;
	bool writable;
};

static const struct prot prots[] = {
	{ .desc = "writable", .prot = VM_READ | VM_WRITE | VM_SHARED,
	  .writable = true },
	{ .desc = "read_only", .prot = VM_READ | VM_SHARED, .writable = false },
};

KUNIT_ARRAY_PARAM_DESC(prot, prots, desc);

/* Contiguous pages with a pattern, freed when the case ends; NULL if none. */
static inline void *alloc_filled(struct kunit *test, unsigned long nr_pages)
{
	struct page *page = alloc_pages(GFP_KERNEL | __GFP_COMP | __GFP_NOWARN,
					get_order(nr_pages * PAGE_SIZE));
	unsigned long i;

	if (!page)
		return NULL;
	mm_kunit_manage(test, mm_kunit_put_page, page);
	for (i = 0; i < nr_pages; i++)
		mm_kunit_fill(page + i, i);

	return page_address(page);
}

static inline int remap_pfn_init(struct kunit *test)
{
	struct driver *drv = kunit_kzalloc(test, sizeof(*drv), GFP_KERNEL);

	mm_kunit_init(test);
	KUNIT_ASSERT_NOT_NULL(test, drv);
	drv->buf = kunit_kmalloc(test, PAGE_SIZE, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, drv->buf);
	drv->mem = alloc_filled(test, NR_PAGES);
	KUNIT_ASSERT_NOT_NULL(test, drv->mem);
	drv->pfn = PHYS_PFN(virt_to_phys(drv->mem));
	drv->file = user_file_open(test, O_RDWR, driver_mmap, drv);
	test->priv = drv;

	return 0;
}

#endif /* _MM_TESTS_REMAP_PFN_H */
