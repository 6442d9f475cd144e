// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests for mapping I/O memory to user space: how it is cached, and
 * generic_access_phys().
 *
 * On x86, mapping the same memory with different cache modes can corrupt it.
 * So mappings of all of a VMA are tracked, for as long as anything is left of
 * the VMA, and whatever else maps the same page frames has to follow suit.
 *
 * None of the memory is accessed here, but for the BIOS, which can be read.
 */
#include <kunit/test.h>
#include <linux/io.h>
#include <linux/ioport.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/pgtable.h>
#include <linux/sizes.h>

#include "fail_page_alloc.h"
#include "test_pages.h"
#include "user_vma.h"

#ifdef __HAVE_PFNMAP_TRACKING
#include <asm/memtype.h>

#define RW		(PROT_READ | PROT_WRITE)
#define NR_PAGES	3
#define SIZE		(NR_PAGES * PAGE_SIZE)

#define WB		cachemode2protval(_PAGE_CACHE_MODE_WB)
#define WC		cachemode2protval(_PAGE_CACHE_MODE_WC)
#define UC		cachemode2protval(_PAGE_CACHE_MODE_UC_MINUS)

struct driver {
	struct user_file *file;
	struct resource res;	/* I/O addresses that nobody else uses */
	unsigned long pfn;	/* the first one to map */
	unsigned long offset;	/* map that much less, at the start of the VMA */
	unsigned long cache;	/* the cache mode to ask for */
	unsigned int fail_nth;	/* the page allocation to fail */
	bool twice;
	vm_fault_t (*insert)(struct vm_fault *vmf, struct driver *drv);
};

static pgprot_t driver_prot(struct vm_area_struct *vma, struct driver *drv)
{
	return __pgprot((pgprot_val(vma->vm_page_prot) & ~_PAGE_CACHE_MASK) | drv->cache);
}

static vm_fault_t driver_fault(struct vm_fault *vmf)
{
	struct driver *drv = vmf->vma->vm_private_data;

	return drv->insert(vmf, drv);
}

static const struct vm_operations_struct driver_vm_ops = {
	.fault = driver_fault,
};

static int driver_mmap(struct vm_area_struct *vma, void *data)
{
	unsigned long size = vma->vm_end - vma->vm_start;
	struct driver *drv = data;
	int err;

	if (drv->insert) {
		vma->vm_ops = &driver_vm_ops;
		vma->vm_private_data = drv;
		vm_flags_set(vma, VM_PFNMAP);
		return 0;
	}

	fail_nth_set(drv->fail_nth);
	err = remap_pfn_range(vma, vma->vm_start + drv->offset, drv->pfn, size - drv->offset,
			      driver_prot(vma, drv));
	if (drv->twice && !err)
		err = remap_pfn_range(vma, vma->vm_start, drv->pfn, size, driver_prot(vma, drv));

	return err;
}

/* Maps @nr page frames from @first on, as mode @cache. */
static long map_io(struct kunit *test, unsigned long first, unsigned long nr,
		   unsigned long cache)
{
	struct driver *drv = test->priv;

	drv->pfn = PHYS_PFN(drv->res.start) + first;
	drv->cache = cache;

	return user_mmap(drv->file, 0, nr * PAGE_SIZE + drv->offset, RW, MAP_SHARED, 0);
}

/* The same, but not all of the VMA, so that it is not tracked. */
static long map_part(struct kunit *test, unsigned long first, unsigned long nr,
		     unsigned long cache)
{
	struct driver *drv = test->priv;
	long addr;

	drv->offset = PAGE_SIZE;
	addr = map_io(test, first, nr, cache);
	drv->offset = 0;

	return IS_ERR_VALUE(addr) ? addr : addr + PAGE_SIZE;
}

static unsigned long cache_at(unsigned long addr)
{
	return pte_flags(user_pte_at(addr)) & _PAGE_CACHE_MASK;
}

/*
 * Whether page frame @i is tracked as mode WC: whoever maps it as UC- then gets
 * WC, since one page frame must not be mapped with two modes at a time.
 */
static bool tracked(struct kunit *test, unsigned long i)
{
	long addr = map_io(test, i, 1, UC);
	unsigned long cache;

	KUNIT_EXPECT_FALSE(test, IS_ERR_VALUE(addr));
	if (IS_ERR_VALUE(addr))
		return false;
	cache = cache_at(addr);
	KUNIT_EXPECT_TRUE(test, cache == UC || cache == WC);
	KUNIT_EXPECT_EQ(test, vm_munmap(addr, PAGE_SIZE), 0);

	return cache == WC;
}

static void expect_tracked(struct kunit *test, bool expected)
{
	int i;

	for (i = 0; i < NR_PAGES; i++)
		KUNIT_EXPECT_EQ_MSG(test, tracked(test, i), expected, "page %d", i);
}

static long map_all(struct kunit *test, unsigned long cache)
{
	long addr = map_io(test, 0, NR_PAGES, cache);

	KUNIT_ASSERT_FALSE(test, IS_ERR_VALUE(addr));
	return addr;
}

static void pfnmap_track_while_mapped(struct kunit *test)
{
	long addr = map_all(test, WC), other;

	KUNIT_EXPECT_EQ(test, cache_at(addr), WC);
	KUNIT_EXPECT_EQ(test, cache_at(addr + SIZE - PAGE_SIZE), WC);
	expect_tracked(test, true);
	KUNIT_EXPECT_FALSE(test, tracked(test, NR_PAGES));

	/* The same again is no conflict, and is counted. */
	other = map_all(test, WC);
	KUNIT_EXPECT_EQ(test, cache_at(other), WC);
	KUNIT_ASSERT_EQ(test, vm_munmap(addr, SIZE), 0);
	expect_tracked(test, true);
	KUNIT_ASSERT_EQ(test, vm_munmap(other, SIZE), 0);
	expect_tracked(test, false);
}

/* What is stricter than asked for is not refused. */
static void pfnmap_track_stricter(struct kunit *test)
{
	long addr = map_all(test, UC);

	KUNIT_EXPECT_EQ(test, cache_at(addr), UC);
	addr = map_all(test, WC);
	KUNIT_EXPECT_EQ(test, cache_at(addr), UC);
}

/* Nobody remembers which part of the VMA had which page frames. */
static void pfnmap_track_until_last_part(struct kunit *test)
{
	long addr = map_all(test, WC);

	KUNIT_ASSERT_EQ(test, vm_munmap(addr + PAGE_SIZE, PAGE_SIZE), 0);
	expect_tracked(test, true);
	KUNIT_ASSERT_EQ(test, vm_munmap(addr, PAGE_SIZE), 0);
	expect_tracked(test, true);
	KUNIT_ASSERT_EQ(test, vm_munmap(addr + 2 * PAGE_SIZE, PAGE_SIZE), 0);
	expect_tracked(test, false);
}

/* Parts follow what is tracked, and otherwise are uncached; they are not tracked. */
static void pfnmap_part_of_vma(struct kunit *test)
{
	long addr, part;

	part = map_part(test, 0, NR_PAGES, WC);
	KUNIT_ASSERT_FALSE(test, IS_ERR_VALUE(part));
	KUNIT_EXPECT_EQ(test, cache_at(part), UC);
	expect_tracked(test, false);

	addr = map_all(test, WC);
	KUNIT_EXPECT_EQ(test, cache_at(addr), WC);
	part = map_part(test, 1, 2, WB);
	KUNIT_ASSERT_FALSE(test, IS_ERR_VALUE(part));
	KUNIT_EXPECT_EQ(test, cache_at(part), WC);
	KUNIT_EXPECT_EQ(test, cache_at(part + PAGE_SIZE), WC);
	/* There is one cache mode for a range. */
	KUNIT_EXPECT_EQ(test, map_part(test, NR_PAGES - 1, 2, WC), -EINVAL);
	KUNIT_EXPECT_EQ(test, map_part(test, 1, NR_PAGES, WC), -EINVAL);
	KUNIT_ASSERT_EQ(test, vm_munmap(part - PAGE_SIZE, 3 * PAGE_SIZE), 0);
	expect_tracked(test, true);
}

/* A VMA has one range. */
static void pfnmap_track_twice(struct kunit *test)
{
	struct driver *drv = test->priv;

	drv->twice = true;
	KUNIT_EXPECT_EQ(test, map_io(test, 0, NR_PAGES, WC), -EINVAL);
	drv->twice = false;
	expect_tracked(test, false);
}

/* The kernel has its memory mapped already, as write-back memory. */
static void pfnmap_of_memory(struct kunit *test)
{
	struct driver *drv = test->priv;
	long addr;

	drv->res.start = page_to_phys(own_page(test));
	addr = map_io(test, 0, 1, UC);
	KUNIT_ASSERT_FALSE(test, IS_ERR_VALUE(addr));
	KUNIT_EXPECT_EQ(test, cache_at(addr), WB);
	addr = map_io(test, 0, 1, WC);
	KUNIT_ASSERT_FALSE(test, IS_ERR_VALUE(addr));
	KUNIT_EXPECT_EQ(test, cache_at(addr), WB);
	addr = map_part(test, 0, 1, WC);
	KUNIT_ASSERT_FALSE(test, IS_ERR_VALUE(addr));
	KUNIT_EXPECT_EQ(test, cache_at(addr), WB);
}

static void pfnmap_track_no_memory(struct kunit *test)
{
	struct driver *drv = test->priv;
	unsigned int nth, errors = 0;
	bool failed = true;

	fail_any_page_alloc(test);
	for (nth = 1; failed && nth < 100; nth++) {
		const unsigned long at = PGDIR_SIZE - PAGE_SIZE;
		long addr;

		drv->pfn = PHYS_PFN(drv->res.start);
		drv->cache = WC;
		drv->fail_nth = nth;
		addr = user_mmap(drv->file, at, SIZE, RW, MAP_SHARED | MAP_FIXED, 0);
		failed = fail_nth_clear();
		drv->fail_nth = 0;
		if (IS_ERR_VALUE(addr)) {
			errors++;
			KUNIT_EXPECT_EQ(test, addr, -ENOMEM);
		} else {
			KUNIT_ASSERT_EQ(test, vm_munmap(at, SIZE), 0);
		}
		expect_tracked(test, false);
	}
	KUNIT_EXPECT_FALSE(test, failed);
	KUNIT_EXPECT_GT(test, errors, 0);
}

static vm_fault_t insert_pfn(struct vm_fault *vmf, struct driver *drv)
{
	return vmf_insert_pfn(vmf->vma, vmf->address, drv->pfn + vmf->pgoff);
}

static vm_fault_t insert_pfn_prot(struct vm_fault *vmf, struct driver *drv)
{
	return vmf_insert_pfn_prot(vmf->vma, vmf->address, drv->pfn + vmf->pgoff,
				   driver_prot(vmf->vma, drv));
}

static const struct insert {
	const char *desc;
	vm_fault_t (*insert)(struct vm_fault *vmf, struct driver *drv);
} inserts[] = {
	{ "vmf_insert_pfn", insert_pfn },
	{ "vmf_insert_pfn_prot", insert_pfn_prot },
};

KUNIT_ARRAY_PARAM_DESC(insert, inserts, desc);

/* So do single pages, whatever protection they are to have. */
static void vmf_insert_pfn_follows_tracking(struct kunit *test)
{
	const struct insert *c = test->param_value;
	struct driver *drv = test->priv;
	long addr, io;

	drv->insert = c->insert;
	addr = map_io(test, 0, NR_PAGES, WB);
	KUNIT_ASSERT_FALSE(test, IS_ERR_VALUE(addr));
	KUNIT_EXPECT_EQ(test, user_fault(addr, 0), VM_FAULT_NOPAGE);
	KUNIT_EXPECT_EQ(test, cache_at(addr), UC);

	drv->insert = NULL;
	io = map_all(test, WC);
	KUNIT_EXPECT_EQ(test, cache_at(io), WC);
	drv->insert = c->insert;
	drv->cache = WB;
	KUNIT_EXPECT_EQ(test, user_fault(addr + PAGE_SIZE, 0), VM_FAULT_NOPAGE);
	KUNIT_EXPECT_EQ(test, cache_at(addr + PAGE_SIZE), WC);
}

/* === generic_access_phys() === */

#define BIOS		0xf0000

static int access_io(unsigned long addr, void *buf, int len, int write)
{
	struct vm_area_struct *vma;
	int ret = -ENOENT;

	mmap_read_lock(current->mm);
	vma = vma_lookup(current->mm, addr);
	if (vma)
		ret = generic_access_phys(vma, addr, buf, len, write);
	mmap_read_unlock(current->mm);

	return ret;
}

static void generic_access_phys_reads(struct kunit *test)
{
	struct driver *drv = test->priv;
	void *bios = memremap(BIOS, 2 * PAGE_SIZE, MEMREMAP_WB);
	char *expected = kunit_kmalloc(test, 2 * PAGE_SIZE, GFP_KERNEL);
	char *buf = kunit_kzalloc(test, 2 * PAGE_SIZE, GFP_KERNEL);
	long addr;

	KUNIT_ASSERT_NOT_NULL(test, bios);
	KUNIT_ASSERT_NOT_NULL(test, expected);
	KUNIT_ASSERT_NOT_NULL(test, buf);
	memcpy(expected, bios, 2 * PAGE_SIZE);
	memunmap(bios);

	drv->res.start = BIOS;
	addr = map_io(test, 0, 2, WB);
	KUNIT_ASSERT_FALSE(test, IS_ERR_VALUE(addr));
	KUNIT_EXPECT_EQ(test, access_io(addr + 100, buf, 300, 0), 300);
	KUNIT_EXPECT_MEMEQ(test, buf, expected + 100, 300);
	KUNIT_EXPECT_EQ(test, access_io(addr + PAGE_SIZE, buf, PAGE_SIZE, 0), PAGE_SIZE);
	KUNIT_EXPECT_MEMEQ(test, buf, expected + PAGE_SIZE, PAGE_SIZE);
}

/* It can do no more than the process could. */
static void generic_access_phys_refuses(struct kunit *test)
{
	struct driver *drv = test->priv;
	char buf[8] = {};
	long addr;

	addr = map_part(test, 0, 1, UC);
	KUNIT_ASSERT_FALSE(test, IS_ERR_VALUE(addr));
	KUNIT_EXPECT_EQ(test, access_io(addr - PAGE_SIZE, buf, 8, 0), -EINVAL);

	drv->file = user_file_open(test, O_RDONLY, driver_mmap, drv);
	drv->pfn = PHYS_PFN(drv->res.start);
	addr = user_mmap(drv->file, 0, PAGE_SIZE, PROT_READ, MAP_SHARED, 0);
	KUNIT_ASSERT_FALSE(test, IS_ERR_VALUE(addr));
	KUNIT_EXPECT_EQ(test, access_io(addr, buf, 8, FOLL_WRITE), -EINVAL);

	/* Memory is not for ioremap(). */
	drv->pfn = page_to_pfn(own_page(test));
	addr = user_mmap(drv->file, 0, PAGE_SIZE, PROT_READ, MAP_SHARED, 0);
	KUNIT_ASSERT_FALSE(test, IS_ERR_VALUE(addr));
	kunit_warning_suppress(test) {
		KUNIT_EXPECT_EQ(test, access_io(addr, buf, 8, 0), -ENOMEM);
	}
}

static int pfnmap_io_init(struct kunit *test)
{
	struct driver *drv = kunit_kzalloc(test, sizeof(*drv), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, drv);
	if (!pat_enabled())
		kunit_skip(test, "needs a CPU with PAT");
	drv->res.name = "pfnmap_io KUnit test";
	drv->res.start = 0;
	if (allocate_resource(&iomem_resource, &drv->res, SZ_2M, SZ_16M, U32_MAX, SZ_2M, NULL,
			      NULL))
		kunit_skip(test, "needs unused I/O addresses");
	test->priv = drv;
	drv->file = user_file_open(test, O_RDWR, driver_mmap, drv);

	return 0;
}

static void pfnmap_io_exit(struct kunit *test)
{
	struct driver *drv = test->priv;

	if (drv)
		release_resource(&drv->res);
}
#else
static void pfnmap_tracking(struct kunit *test)
{
	kunit_skip(test, "needs an architecture that tracks cache modes");
}

#define pfnmap_io_init NULL
#define pfnmap_io_exit NULL
#endif

static struct kunit_case pfnmap_io_cases[] = {
#ifdef __HAVE_PFNMAP_TRACKING
	KUNIT_CASE(pfnmap_track_while_mapped),
	KUNIT_CASE(pfnmap_track_stricter),
	KUNIT_CASE(pfnmap_track_until_last_part),
	KUNIT_CASE(pfnmap_part_of_vma),
	KUNIT_CASE(pfnmap_track_twice),
	KUNIT_CASE(pfnmap_of_memory),
	KUNIT_CASE(pfnmap_track_no_memory),
	KUNIT_CASE_PARAM(vmf_insert_pfn_follows_tracking, insert_gen_params),
	KUNIT_CASE(generic_access_phys_reads),
	KUNIT_CASE(generic_access_phys_refuses),
#else
	KUNIT_CASE(pfnmap_tracking),
#endif
	{}
};

static struct kunit_suite pfnmap_io_suite = {
	.name = "pfnmap_io",
	.init = pfnmap_io_init,
	.exit = pfnmap_io_exit,
	.test_cases = pfnmap_io_cases,
};

kunit_test_suite(pfnmap_io_suite);

MODULE_DESCRIPTION("KUnit tests for mapping I/O memory to user space");
MODULE_LICENSE("GPL");
MODULE_IMPORT_NS("EXPORTED_FOR_KUNIT_TESTING");
