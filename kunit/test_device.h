/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A device whose memory a case can compare with what it sees through a mapping.
 *
 * - Where I/O memory is emulated (UML), the device is emulated by this header.
 * - On x86, the device is memory whose pages are marked as reserved, which
 *   ioremap() takes for the memory of a device.
 * - Elsewhere there is no such device, and cases that need one are skipped.
 *
 * Cases that only look at the mapping, and never access it, use physical addresses
 * at which there is nothing: test_device_phys().
 */
#ifndef _MM_TESTS_TEST_DEVICE_H
#define _MM_TESTS_TEST_DEVICE_H

#include <kunit/device.h>
#include <kunit/test.h>
#include <linux/io.h>
#include <linux/ioport.h>
#include <linux/logic_iomem.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/string.h>
#include <linux/vmalloc.h>

#include "free_iomem.h"
#include "io_mapping.h"
#include "mm_kunit.h"

#define TEST_DEVICE_ORDER	2
#define TEST_DEVICE_PAGES	4
#define TEST_DEVICE_SIZE	(TEST_DEVICE_PAGES * PAGE_SIZE)

/**
 * struct test_device - the emulated device of a suite
 * @memory: what is read and written through its mappings
 * @region: where it is
 * @maps: how often it was asked for a mapping in this case
 * @refuses: how many of the next mappings it refuses
 */
struct test_device {
	u8 memory[TEST_DEVICE_SIZE];
	struct resource region;
	int maps;
	int refuses;
};

static struct test_device test_device __maybe_unused;

#ifdef CONFIG_INDIRECT_IOMEM
static inline unsigned long test_device_read(void *priv, unsigned int offset, int size)
{
	unsigned long value = 0;

	if (size <= sizeof(value) && offset <= TEST_DEVICE_SIZE - size)
		memcpy(&value, test_device.memory + offset, size);
	return value;
}

static inline void test_device_write(void *priv, unsigned int offset, int size,
				     unsigned long value)
{
	if (size <= sizeof(value) && offset <= TEST_DEVICE_SIZE - size)
		memcpy(test_device.memory + offset, &value, size);
}

static const struct logic_iomem_ops test_device_ops = {
	.read = test_device_read,
	.write = test_device_write,
};

static inline long test_device_map_op(unsigned long offset, size_t size,
				      const struct logic_iomem_ops **ops, void **priv)
{
	test_device.maps++;
	if (test_device.refuses && test_device.refuses--)
		return -ENODEV;
	*ops = &test_device_ops;
	return offset;
}

static const struct logic_iomem_region_ops test_device_region_ops = {
	.map = test_device_map_op,
};

/**
 * test_device_suite_init() - the suite_init of a suite with a device
 * @suite: the suite
 *
 * An emulated device cannot be removed, so it stays when the suite has run.
 *
 * Return: 0, or -errno.
 */
static inline int test_device_suite_init(struct kunit_suite *suite)
{
	int err;

	if (test_device.region.parent)
		return 0;
	err = request_free_iomem(&test_device.region, suite->name, TEST_DEVICE_SIZE);
	if (err)
		return err;
	release_resource(&test_device.region);
	__module_get(THIS_MODULE);
	return logic_iomem_add_region(&test_device.region, &test_device_region_ops);
}
#else /* !CONFIG_INDIRECT_IOMEM */
static inline int test_device_suite_init(struct kunit_suite *suite)
{
	return 0;
}
#endif /* !CONFIG_INDIRECT_IOMEM */

/**
 * test_device_init() - the init of a suite with a device
 * @test: the case that is about to run
 *
 * Return: 0, as an init does.
 */
static inline int test_device_init(struct kunit *test)
{
	test_device.maps = 0;
	test_device.refuses = 0;
	return mm_kunit_init(test);
}

static inline void test_device_free_pages(void *page)
{
	int i;

	for (i = 0; i < TEST_DEVICE_PAGES; i++)
		ClearPageReserved((struct page *)page + i);
	__free_pages(page, TEST_DEVICE_ORDER);
}

/**
 * test_device_pages() - memory of which some pages are marked as reserved
 * @test: the case; the memory is freed when it ends
 * @reserved: a bit for each of TEST_DEVICE_PAGES pages
 *
 * Return: the first page; asserts if there is none.
 */
static inline struct page *test_device_pages(struct kunit *test, unsigned int reserved)
{
	struct page *page = mm_kunit_manage(test, test_device_free_pages,
					    alloc_pages(GFP_KERNEL, TEST_DEVICE_ORDER));
	int i;

	for (i = 0; i < TEST_DEVICE_PAGES; i++)
		if (reserved & BIT(i))
			SetPageReserved(page + i);

	return page;
}

/**
 * test_device_memory() - the memory of the device, with contents
 * @test: the case; it is skipped if there is no device
 * @phys: where the physical address of the memory is stored
 *
 * No two pages of the memory are equal, and none of its bytes is 0xff, which is
 * what one reads where there is no device.
 *
 * Return: the memory, as the device sees it.
 */
static inline u8 *test_device_memory(struct kunit *test, phys_addr_t *phys)
{
	u8 *memory = test_device.memory;
	int i;

	if (IS_ENABLED(CONFIG_INDIRECT_IOMEM)) {
		*phys = test_device.region.start;
	} else if (IS_ENABLED(CONFIG_X86)) {
		struct page *page = test_device_pages(test, GENMASK(TEST_DEVICE_PAGES - 1, 0));

		*phys = page_to_phys(page);
		memory = page_address(page);
	} else {
		kunit_skip(test, "needs CONFIG_INDIRECT_IOMEM or CONFIG_X86, for a device");
	}
	for (i = 0; i < TEST_DEVICE_SIZE; i++)
		memory[i] = (i * 7 + i / PAGE_SIZE) % 0xfb;

	return memory;
}

/**
 * test_device_phys() - TEST_DEVICE_SIZE physical addresses for ioremap()
 * @test: the case
 *
 * They must not be accessed: except where I/O memory is emulated, there is nothing.
 * The case is skipped where ioremap() maps nothing: s390 without the instructions for
 * memory of PCI devices returns what it is given.
 *
 * Return: the first one.
 */
static inline phys_addr_t test_device_phys(struct kunit *test)
{
	void __iomem *addr;
	phys_addr_t phys;

	if (IS_ENABLED(CONFIG_INDIRECT_IOMEM))
		test_device_memory(test, &phys);
	else
		phys = free_iomem(test, TEST_DEVICE_SIZE, free_iomem_min(),
				  iomem_resource.end, PAGE_SIZE);
	KUNIT_ASSERT_NE_MSG(test, phys, 0, "there are no unused physical addresses");
	if (IS_ENABLED(CONFIG_S390)) {
		addr = ioremap(phys, PAGE_SIZE);
		iounmap(addr);
		if ((__force unsigned long)addr == phys)
			kunit_skip(test, "needs an s390 with the instructions for PCI devices");
	}

	return phys;
}

/**
 * test_device_map() - ioremap() of the device's memory
 * @phys: as for ioremap()
 * @size: as for ioremap()
 *
 * On x86 that is memory, which must not have two cache modes.
 *
 * Return: as ioremap().
 */
static inline void __iomem *test_device_map(phys_addr_t phys, size_t size)
{
#ifdef CONFIG_X86
	return ioremap_cache(phys, size);
#else
	return ioremap(phys, size);
#endif
}

/**
 * is_io_mapped() - look whether there is a mapping
 * @test: the case
 * @addr: what ioremap() returned
 *
 * Return: whether it is still mapped. An emulated mapping cannot be looked up, but
 * no byte of the device is 0xff.
 */
static inline bool is_io_mapped(struct kunit *test, void __iomem *addr)
{
	bool mapped = false;

	if (!IS_ENABLED(CONFIG_INDIRECT_IOMEM))
		return find_vm_area((__force void *)addr);
	kunit_warning_suppress(test)
		mapped = readb(addr) != 0xff;
	return mapped;
}

/**
 * IO_EXPECT_MAPPED() - expect that there is a mapping, or that it is gone
 * @test: the case
 * @addr: what ioremap() returned
 * @expected: whether it is to be mapped
 * @fmt: the name of the mapping, as for printf(), with its arguments
 */
#define IO_EXPECT_MAPPED(test, addr, expected, fmt, ...)			\
do {										\
	struct kunit *__test = (test);						\
	bool __mapped = is_io_mapped(__test, addr);				\
										\
	KUNIT_EXPECT_EQ_MSG(__test, __mapped, expected,				\
			    "whether there is " fmt, ##__VA_ARGS__);		\
} while (0)

/**
 * test_device_register() - a struct device that owns mappings
 * @test: the case
 * @name: of the device
 *
 * Return: the device, which goes with kunit_device_unregister(), or when the case
 * ends; asserts if there is none.
 */
static inline struct device *test_device_register(struct kunit *test, const char *name)
{
	struct device *dev = kunit_device_register(test, name);

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, dev);
	return dev;
}

#endif /* _MM_TESTS_TEST_DEVICE_H */
