// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests for generic_access_phys(), the ->access of drivers that map the
 * memory of a device: a debugger reads and writes it through a mapping of the
 * kernel, but only as the process may, and only what the process has mapped.
 */
#include <kunit/test.h>
#include <linux/highmem.h>
#include <linux/io.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/module.h>
#include <linux/pagemap.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "check_bytes.h"
#include "gup_driver.h"
#include "mm_kunit.h"
#include "test_driver.h"
#include "user_vma.h"

static const struct vm_operations_struct phys_vm_ops = {
	.access = generic_access_phys,
};

static void clear_reserved(void *data)
{
	struct page *block = data;
	int i;

	for (i = 0; i < TEST_DRIVER_PAGES; i++)
		ClearPageReserved(block + i);
}

/*
 * Gives the driver memory that passes for that of a device: the frames follow each
 * other, and they are reserved, so that ioremap_prot() takes them although they are
 * RAM. Skips the case if ioremap_prot() refuses them, which is a warning on arm64.
 *
 * Return: NULL, or that the kernel cannot read what ioremap_prot() maps with the
 * protection of a process. generic_access_phys() would be an oops then.
 */
static const char *driver_use_device(struct kunit *test)
{
	struct folio *folio = test_driver_use_folio(test);
	struct page *block = folio_page(folio, 0);
	struct test_driver *drv = test->priv;
	void __iomem *maddr = NULL;
	int i, err;
	u8 byte;

	for (i = 0; i < TEST_DRIVER_PAGES; i++) {
		SetPageReserved(block + i);
		mm_kunit_fill(block + i, i);
	}
	mm_kunit_manage(test, clear_reserved, block);
	kunit_warning_suppress(test) {
		maddr = ioremap_prot(page_to_phys(block), PAGE_SIZE,
				     vm_get_page_prot(VM_READ | VM_WRITE | VM_SHARED));
	}
	if (!maddr)
		kunit_skip(test, "needs a machine whose ioremap_prot() takes reserved memory");
	err = copy_from_kernel_nofault(&byte, (__force void *)maddr, 1);
	iounmap(maddr);
	/* As in test_device_phys() */
	if (IS_ENABLED(CONFIG_S390) && (__force unsigned long)maddr == page_to_phys(block))
		kunit_skip(test, "needs an s390 with the instructions for memory of PCI devices");
	drv->how = DRV_REMAP_PFN;
	drv->ops = &phys_vm_ops;
	if (err)
		return mm_kunit_wrong(test, "read of ioremap_prot(): expected 0, found %d", err);

	return NULL;
}

static int access_phys(unsigned long addr, void *buf, int len, int write)
{
	struct mm_struct *mm = current->mm;
	struct vm_area_struct *vma;
	int ret = -ENOENT;

	mmap_read_lock(mm);
	vma = vma_lookup(mm, addr);
	if (vma)
		ret = generic_access_phys(vma, addr, buf, len, write);
	mmap_read_unlock(mm);

	return ret;
}

/*
 * generic_access_phys() transfers exactly the bytes asked for, up to a page, because
 * an access to any other register may change the device. access_remote_vm() calls it
 * for each page of a longer access.
 */
static void generic_access_phys_of_device(struct kunit *test)
{
	struct test_driver *drv = test->priv;
	u32 buf[3] = {}, *mem;
	unsigned long addr, at;

	MM_KUNIT_ASSERT(test, driver_use_device(test));
	mem = page_address(drv->pages[0]);
	addr = test_driver_map_all(test, PROT_RW, MAP_SHARED);
	at = addr + PAGE_SIZE + 100;
	KUNIT_EXPECT_EQ(test, access_phys(at, buf, 8, 0), 8);
	KUNIT_EXPECT_EQ(test, buf[0], 0x5eed0001);
	KUNIT_EXPECT_EQ(test, buf[1], 0x5eed0001);
	KUNIT_EXPECT_EQ(test, buf[2], 0);

	buf[0] = 0x12345678;
	buf[1] = 0x9abcdef0;
	KUNIT_EXPECT_EQ(test, access_phys(at, buf, 8, FOLL_WRITE), 8);
	mem += (PAGE_SIZE + 100) / sizeof(*mem);
	KUNIT_EXPECT_EQ(test, mem[-1], 0x5eed0001);
	KUNIT_EXPECT_EQ(test, mem[0], 0x12345678);
	KUNIT_EXPECT_EQ(test, mem[1], 0x9abcdef0);
	KUNIT_EXPECT_EQ(test, mem[2], 0x5eed0001);

	/* From the end of page 2 to the start of page 3 */
	at = addr + 3 * PAGE_SIZE - 4;
	KUNIT_EXPECT_EQ(test, access_remote_vm(current->mm, at, buf, 8, 0), 8);
	KUNIT_EXPECT_EQ(test, buf[0], 0x5eed0002);
	KUNIT_EXPECT_EQ(test, buf[1], 0x5eed0003);
	KUNIT_EXPECT_EQ(test, access_phys(addr, drv->buf, PAGE_SIZE, 0), PAGE_SIZE);
	MM_KUNIT_EXPECT(test,
			check_bytes(test, drv->buf, page_address(drv->pages[0]), PAGE_SIZE));
}

/*
 * A read-only mapping is not written to, not even with FOLL_FORCE, because there is
 * no copy to write to and the device is not the debugger's. An address at which
 * nothing is mapped any more, and anonymous memory, are refused.
 */
static void generic_access_phys_refused(struct kunit *test)
{
	const unsigned int forced = FOLL_WRITE | FOLL_FORCE;
	struct test_driver *drv = test->priv;
	unsigned long addr, anon;
	u32 value = 1234;

	MM_KUNIT_ASSERT(test, driver_use_device(test));
	addr = test_driver_map_all(test, PROT_READ, MAP_SHARED);
	KUNIT_EXPECT_EQ(test, access_phys(addr, &value, 4, FOLL_WRITE), -EINVAL);
	KUNIT_EXPECT_EQ(test, mm_kunit_is_filled(drv->pages[0], 0), true);
	KUNIT_EXPECT_EQ(test, access_remote_vm(current->mm, addr, &value, 4, forced), 0);
	KUNIT_EXPECT_EQ(test, mm_kunit_is_filled(drv->pages[0], 0), true);
	KUNIT_EXPECT_EQ(test, access_phys(addr, &value, 4, 0), 4);
	KUNIT_EXPECT_EQ(test, value, 0x5eed0000);

	unmap_mapping_range(drv->file->filp->f_mapping, PAGE_SIZE, PAGE_SIZE, 1);
	KUNIT_EXPECT_EQ(test, access_phys(addr + PAGE_SIZE, &value, 4, 0), -EINVAL);
	anon = gup_map_anon(test, 0, 1, PROT_RW, 0);
	KUNIT_EXPECT_EQ(test, access_phys(anon, &value, 4, 0), -EINVAL);
}

/*
 * An access ends where the mapping ends, because the device memory behind it may
 * belong to another process.
 */
static void generic_access_phys_end_of_mapping(struct kunit *test)
{
	const int half = PAGE_SIZE / 2;
	struct test_driver *drv = test->priv;
	struct mm_struct *mm = current->mm;
	unsigned long from;

	MM_KUNIT_ASSERT(test, driver_use_device(test));
	from = test_driver_map(test, 0, 0, 1, PROT_RW, MAP_SHARED) + half;
	memset(drv->buf, 0, PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, access_remote_vm(mm, from, drv->buf, PAGE_SIZE, 0), half);
	MM_KUNIT_EXPECT(test, check_filled(test, drv->buf + half, 0, half));
	memset(drv->buf, 0xa5, PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, access_remote_vm(mm, from, drv->buf, PAGE_SIZE, FOLL_WRITE), half);
	KUNIT_EXPECT_EQ(test, mm_kunit_is_filled(drv->pages[1], 1), true);
}

/* -- today's implementation, not promised ---------------------------------- */

/*
 * Ordinary RAM is not accessed, because ioremap_prot() is for device memory and the
 * caches of the two mappings need not agree. It is -EINVAL without a warning; until
 * 7.2 ioremap_prot() refused it, which is -ENOMEM and may warn.
 */
static void generic_access_phys_of_memory(struct kunit *test)
{
	struct test_driver *drv = test->priv;
	unsigned long addr;
	u32 value = 1234;
	int ret = 0;

	MM_KUNIT_ASSERT(test, driver_use_device(test));
	addr = test_driver_map_all(test, PROT_RW, MAP_SHARED);
	ClearPageReserved(drv->pages[1]);
	kunit_warning_suppress(test) {
		ret = access_phys(addr + PAGE_SIZE, &value, 4, FOLL_WRITE);
		if (ret != -ENOMEM)
			KUNIT_EXPECT_SUPPRESSED_WARNING_COUNT(test, 0);
	}
	if (ret != -ENOMEM)
		KUNIT_EXPECT_EQ(test, ret, -EINVAL);
	SetPageReserved(drv->pages[1]);
	KUNIT_EXPECT_EQ(test, mm_kunit_is_filled(drv->pages[1], 1), true);
}

static struct kunit_case generic_access_phys_cases[] = {
	KUNIT_CASE(generic_access_phys_of_device),
	KUNIT_CASE(generic_access_phys_refused),
	KUNIT_CASE(generic_access_phys_end_of_mapping),
	KUNIT_CASE(generic_access_phys_of_memory),
	{}
};

static struct kunit_suite generic_access_phys_suite = {
	.name = "generic_access_phys",
	.init = gup_driver_init,
	.test_cases = generic_access_phys_cases,
};

kunit_test_suite(generic_access_phys_suite);

MODULE_DESCRIPTION("KUnit tests for generic_access_phys()");
MODULE_LICENSE("GPL");
