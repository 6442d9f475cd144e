/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A driver that maps I/O addresses to user space on x86, for the suites that test
 * with which cache mode that is done.
 *
 * To map the same addresses with two cache modes is undefined, so x86 tracks the
 * mode: remap_pfn_range() of all of a VMA reserves its page frames with the mode of
 * the mapping, for as long as anything is left of the VMA, and everybody else who
 * maps the same page frames gets that mode (Documentation/arch/x86/pat.rst).
 *
 * Nothing answers at these addresses, and they are never accessed.
 */
#ifndef _MM_TESTS_PFNMAP_IO_H
#define _MM_TESTS_PFNMAP_IO_H

#include <kunit/test.h>
#include <linux/ioport.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/pgtable.h>
#include <linux/sizes.h>
#include <asm/memtype.h>

#include "free_iomem.h"
#include "mm_kunit.h"
#include "user_vma.h"

#define RW		(PROT_READ | PROT_WRITE)
#define NR_PAGES	3
#define SIZE		(NR_PAGES * PAGE_SIZE)

/* Cache modes, as the bits of a page table entry. */
#define WB		cachemode2protval(_PAGE_CACHE_MODE_WB)
#define WC		cachemode2protval(_PAGE_CACHE_MODE_WC)
#define UC		cachemode2protval(_PAGE_CACHE_MODE_UC_MINUS)
#define NOT_MAPPED	ULONG_MAX

/**
 * struct pfnmap_driver - what the driver maps, and how
 * @file: what is mapped
 * @start: unused I/O addresses below 4 GB, SZ_2M of them
 * @pfn: the first page frame that ->mmap or ->fault maps
 * @cache: the cache mode that they ask for
 * @offset: bytes at the start of the VMA that ->mmap leaves out
 * @rest: bytes at its end that ->mmap leaves out
 * @twice: have ->mmap map all of the VMA once more
 * @fail: the allocation of ->mmap that fails, or NULL
 * @vm_ops: if ->fault maps the page frames, and not ->mmap
 * @flags: the VMA flags for that
 * @insert: what ->fault does
 * @huge: the order of the page that ->huge_fault maps
 */
struct pfnmap_driver {
	struct user_file *file;
	resource_size_t start;
	unsigned long pfn;
	unsigned long cache;

	unsigned long offset;
	unsigned long rest;
	bool twice;
	struct mm_kunit_failing *fail;

	const struct vm_operations_struct *vm_ops;
	vm_flags_t flags;
	vm_fault_t (*insert)(struct vm_fault *vmf, struct pfnmap_driver *drv);
	unsigned int huge;
};

/* The protection of the VMA, with the cache mode to ask for. */
static inline pgprot_t pfnmap_io_prot(struct vm_area_struct *vma, struct pfnmap_driver *drv)
{
	return __pgprot((pgprot_val(vma->vm_page_prot) & ~_PAGE_CACHE_MASK) | drv->cache);
}

static inline vm_fault_t pfnmap_io_fault(struct vm_fault *vmf)
{
	struct pfnmap_driver *drv = vmf->vma->vm_private_data;

	return drv->insert(vmf, drv);
}

static const struct vm_operations_struct pfnmap_io_vm_ops __maybe_unused = {
	.fault = pfnmap_io_fault,
};

static inline int pfnmap_io_mmap(struct vm_area_struct *vma, void *data)
{
	unsigned long size = vma->vm_end - vma->vm_start;
	struct pfnmap_driver *drv = data;
	int err;

	if (drv->vm_ops) {
		vma->vm_ops = drv->vm_ops;
		vma->vm_private_data = drv;
		vm_flags_set(vma, drv->flags);
		return 0;
	}

	mm_kunit_fail_begin(drv->fail);
	err = remap_pfn_range(vma, vma->vm_start + drv->offset, drv->pfn,
			      size - drv->offset - drv->rest, pfnmap_io_prot(vma, drv));
	mm_kunit_fail_end(drv->fail);
	if (drv->twice && !err)
		err = remap_pfn_range(vma, vma->vm_start, drv->pfn, size,
				      pfnmap_io_prot(vma, drv));

	return err;
}

/* @size unused I/O addresses, aligned to @size; skips the case if there are none. */
static inline resource_size_t pfnmap_io_reserve(struct kunit *test, resource_size_t size,
						resource_size_t min, resource_size_t max)
{
	resource_size_t start = free_iomem(test, size, min, max, size);

	if (!start)
		kunit_skip(test, "needs %pa unused I/O addresses from %pa on", &size, &min);
	return start;
}

/* The first page frame of @size unused bytes above 4 GB. */
static inline unsigned long pfnmap_io_high_pfn(struct kunit *test, unsigned long size)
{
	if (sizeof(resource_size_t) == sizeof(u32))
		kunit_skip(test, "needs CONFIG_64BIT or CONFIG_X86_PAE");

	return PHYS_PFN(pfnmap_io_reserve(test, size, (resource_size_t)SZ_4G,
					  iomem_resource.end));
}

/* The cache mode of the page table entry at @addr, or NOT_MAPPED. */
static inline unsigned long cache_at(unsigned long addr)
{
	pte_t pte = user_pte_at(addr);

	return pte_none(pte) ? NOT_MAPPED : pte_flags(pte) & _PAGE_CACHE_MASK;
}

/* mmap(2) of what drv->pfn and drv->cache say, and its return value. */
static inline long map_drv(struct kunit *test, unsigned long nr)
{
	struct pfnmap_driver *drv = test->priv;

	return user_mmap(drv->file, 0, nr * PAGE_SIZE + drv->offset, RW, MAP_SHARED, 0);
}

/* mmap(2) of @nr page frames from number @first on as mode @cache; what it returns. */
static inline long map_io(struct kunit *test, unsigned long first, unsigned long nr,
			  unsigned long cache)
{
	struct pfnmap_driver *drv = test->priv;

	drv->pfn = PHYS_PFN(drv->start) + first;
	drv->cache = cache;

	return map_drv(test, nr);
}

/* As map_io(), but of all but the first page of a VMA, so that nothing is tracked. */
static inline long map_part(struct kunit *test, unsigned long first, unsigned long nr,
			    unsigned long cache)
{
	struct pfnmap_driver *drv = test->priv;
	long addr;

	drv->offset = PAGE_SIZE;
	addr = map_io(test, first, nr, cache);
	drv->offset = 0;

	return IS_ERR_VALUE(addr) ? addr : addr + PAGE_SIZE;
}

/**
 * PFNMAP_IO_ASSERT_ADDR() - assert that mmap(2) has returned an address
 * @test: the case
 * @addr: what it returned
 * @fmt: what was mapped, as for printf(), with its arguments
 */
#define PFNMAP_IO_ASSERT_ADDR(test, addr, fmt, ...)				\
do {										\
	long __addr = (addr);							\
										\
	KUNIT_ASSERT_FALSE_MSG(test, IS_ERR_VALUE(__addr),			\
			       "mmap() of " fmt ": expected an address, found %ld", \
			       ##__VA_ARGS__, __addr);				\
} while (0)

/* As PFNMAP_IO_ASSERT_ADDR(), and goes on. */
#define PFNMAP_IO_EXPECT_ADDR(test, addr, fmt, ...)				\
do {										\
	long __addr = (addr);							\
										\
	KUNIT_EXPECT_FALSE_MSG(test, IS_ERR_VALUE(__addr),			\
			       "mmap() of " fmt ": expected an address, found %ld", \
			       ##__VA_ARGS__, __addr);				\
} while (0)

/**
 * PFNMAP_IO_EXPECT_CACHE() - expect the cache mode of a user page table entry
 * @test: the case
 * @addr: the user address
 * @expected: the mode
 * @fmt: the name of the page, as for printf(), with its arguments
 */
#define PFNMAP_IO_EXPECT_CACHE(test, addr, expected, fmt, ...)			\
	KUNIT_EXPECT_EQ_MSG(test, cache_at(addr), expected,			\
			    "cache mode of " fmt, ##__VA_ARGS__)

static inline int pfnmap_io_init(struct kunit *test)
{
	struct pfnmap_driver *drv = kunit_kzalloc(test, sizeof(*drv), GFP_KERNEL);

	mm_kunit_init(test);
	KUNIT_ASSERT_NOT_NULL(test, drv);
	if (!pat_enabled())
		kunit_skip(test, "needs CONFIG_X86_PAT and a CPU with PAT");
	drv->start = pfnmap_io_reserve(test, SZ_2M, SZ_16M, U32_MAX);
	drv->file = user_file_open(test, O_RDWR, pfnmap_io_mmap, drv);
	test->priv = drv;

	return 0;
}

#endif /* _MM_TESTS_PFNMAP_IO_H */
