// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests for generic_access_phys() of I/O memory, on x86, where the mapping of
 * the process and that of generic_access_phys() must have the same cache mode.
 *
 * Only the BIOS is accessed, because nothing happens when it is read.
 */
#include <kunit/test.h>
#include <linux/io.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/module.h>
#include <linux/slab.h>

#include "check_bytes.h"
#include "mm_kunit.h"
#include "pfnmap_io.h"
#include "user_vma.h"

#define BIOS		0xf0000

/* What generic_access_phys() of the VMA at @addr returns; -ENOENT without a VMA. */
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

/*
 * generic_access_phys() reads what the process has mapped, from the byte that was
 * asked for on, because a debugger sees by it what the process sees.
 */
static void generic_access_phys_reads(struct kunit *test)
{
	char *expected = kunit_kmalloc(test, 2 * PAGE_SIZE, GFP_KERNEL);
	char *buf = kunit_kzalloc(test, 2 * PAGE_SIZE, GFP_KERNEL);
	struct pfnmap_driver *drv = test->priv;
	void *bios;
	long addr;

	KUNIT_ASSERT_NOT_NULL(test, expected);
	KUNIT_ASSERT_NOT_NULL(test, buf);
	bios = memremap(BIOS, 2 * PAGE_SIZE, MEMREMAP_WB);
	KUNIT_ASSERT_NOT_NULL(test, bios);
	memcpy(expected, bios, 2 * PAGE_SIZE);
	memunmap(bios);

	drv->start = BIOS;
	addr = map_io(test, 0, 2, WB);
	PFNMAP_IO_ASSERT_ADDR(test, addr, "two pages of the BIOS");
	KUNIT_EXPECT_EQ_MSG(test, access_io(addr + 100, buf, 300, 0), 300,
			    "bytes read inside of the first page");
	MM_KUNIT_EXPECT(test, check_bytes(test, buf, expected + 100, 300));
	KUNIT_EXPECT_EQ_MSG(test, access_io(addr + PAGE_SIZE, buf, PAGE_SIZE, 0), PAGE_SIZE,
			    "bytes read of the second page");
	MM_KUNIT_EXPECT(test, check_bytes(test, buf, expected + PAGE_SIZE, PAGE_SIZE));
}

/*
 * generic_access_phys() returns -EINVAL for an address at which nothing is mapped and
 * for a write to a mapping that is not writable, because a debugger must not do more
 * than the process could. It refuses memory in use, which is nobody's device, without
 * a warning. Until 7.2, ioremap() refused that: -ENOMEM, with a warning.
 */
static void generic_access_phys_refuses(struct kunit *test)
{
	struct pfnmap_driver *drv = test->priv;
	int ret = 0, warnings = 0;
	char buf[8] = { };
	long addr;

	/* In the VMA, in front of what is mapped. */
	addr = map_part(test, 0, 1, UC);
	PFNMAP_IO_ASSERT_ADDR(test, addr, "a page frame, but for the VMA's start");
	KUNIT_EXPECT_EQ_MSG(test, access_io(addr - PAGE_SIZE, buf, 8, 0), -EINVAL,
			    "a read where nothing is mapped");

	drv->file = user_file_open(test, O_RDONLY, pfnmap_io_mmap, drv);
	drv->pfn = PHYS_PFN(drv->start);
	addr = user_mmap(drv->file, 0, PAGE_SIZE, PROT_READ, MAP_SHARED, 0);
	PFNMAP_IO_ASSERT_ADDR(test, addr, "a page frame, read-only");
	KUNIT_EXPECT_EQ_MSG(test, access_io(addr, buf, 8, FOLL_WRITE), -EINVAL,
			    "a write to a mapping that is read-only");

	drv->pfn = page_to_pfn(mm_kunit_pages(test, GFP_KERNEL, 0));
	addr = user_mmap(drv->file, 0, PAGE_SIZE, PROT_READ, MAP_SHARED, 0);
	PFNMAP_IO_ASSERT_ADDR(test, addr, "memory in use");
	kunit_warning_suppress(test) {
		ret = access_io(addr, buf, 8, 0);
		warnings = KUNIT_SUPPRESSED_WARNING_COUNT();
	}
	if (ret != -ENOMEM) {
		KUNIT_EXPECT_EQ_MSG(test, ret, -EINVAL, "a read of memory in use");
		KUNIT_EXPECT_EQ_MSG(test, warnings, 0, "warnings of memory in use");
	}
}

/*
 * generic_access_phys() finds page frames above 4 GB as it finds others, and so
 * succeeds for no bytes, because a physical address is wider than an unsigned long on
 * 32-bit CPUs. No byte is read, as there may be anything at such an address.
 */
static void generic_access_phys_above_4_gb(struct kunit *test)
{
	struct pfnmap_driver *drv = test->priv;
	char byte = 0;
	long addr;

	drv->pfn = pfnmap_io_high_pfn(test, PAGE_SIZE);
	drv->cache = UC;
	addr = map_drv(test, 1);
	PFNMAP_IO_ASSERT_ADDR(test, addr, "page frame %lx", drv->pfn);
	KUNIT_EXPECT_EQ_MSG(test, access_io(addr + 1, &byte, 0, 0), 0,
			    "a read of no bytes of page frame %lx", drv->pfn);
}

static struct kunit_case pfnmap_io_access_cases[] = {
	KUNIT_CASE(generic_access_phys_reads),
	KUNIT_CASE(generic_access_phys_refuses),
	KUNIT_CASE(generic_access_phys_above_4_gb),
	{}
};

static struct kunit_suite pfnmap_io_access_suite = {
	.name = "pfnmap_io_access",
	.init = pfnmap_io_init,
	.test_cases = pfnmap_io_access_cases,
};

kunit_test_suite(pfnmap_io_access_suite);

MODULE_DESCRIPTION("KUnit tests for generic_access_phys() of I/O memory");
MODULE_LICENSE("GPL");
