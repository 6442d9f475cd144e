// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests for ioremap(), iounmap() and the mappings that a struct device owns:
 * what holds on all architectures.
 *
 * Cases that access a mapping need a device whose memory they can compare with
 * what they see: test_device.h. The others map unused physical addresses, and
 * never access these mappings.
 */
#include <kunit/test.h>
#include <linux/device.h>
#include <linux/err.h>
#include <linux/mm.h>	/* first: <asm/pgtable.h> of i386 needs it */
#include <linux/io.h>
#include <linux/ioport.h>
#include <linux/ioremap.h>
#include <linux/module.h>
#include <linux/pfn.h>
#include <linux/pgtable.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "check_bytes.h"
#include "mm_kunit.h"
#include "test_device.h"

/* Architectures whose ioremap_np() is that of asm-generic/io.h, which fails. */
#define HAS_NO_IOREMAP_NP	(IS_ENABLED(CONFIG_X86) || IS_ENABLED(CONFIG_UML))

/* -- ioremap() and iounmap() ----------------------------------------------- */

static const struct device_range {
	const char *desc;
	size_t offset;		/* in the device */
	size_t size;
} device_ranges[] = {
	{ .desc = "page", .offset = 0, .size = PAGE_SIZE },
	{ .desc = "whole_device", .offset = 0, .size = TEST_DEVICE_SIZE },
	{ .desc = "first_byte", .offset = 0, .size = 1 },
	{ .desc = "last_byte", .offset = TEST_DEVICE_SIZE - 1, .size = 1 },
	{ .desc = "last_byte_of_a_page", .offset = PAGE_SIZE - 1, .size = 1 },
	{ .desc = "over_the_end_of_a_page", .offset = PAGE_SIZE - 1, .size = 2 },
	{ .desc = "up_to_the_end_of_a_page", .offset = 5, .size = PAGE_SIZE - 5 },
	{ .desc = "past_the_end_of_a_page", .offset = 5, .size = PAGE_SIZE - 4 },
	{ .desc = "pages_from_an_odd_address",
	  .offset = PAGE_SIZE + 123, .size = 2 * PAGE_SIZE },
};

KUNIT_ARRAY_PARAM_DESC(device_range, device_ranges, desc);

/*
 * The mapping shows the device from the byte that was asked for to the last one,
 * wherever they are in their pages, and iounmap() removes it, because drivers map
 * registers that begin anywhere in a page, and need not know that the kernel maps
 * whole pages.
 */
static void ioremap_range(struct kunit *test)
{
	const struct device_range *row = test->param_value;
	u8 *buf = kunit_kzalloc(test, TEST_DEVICE_SIZE, GFP_KERNEL);
	size_t size = row->size;
	void __iomem *addr;
	phys_addr_t phys;
	u8 *memory;

	KUNIT_ASSERT_NOT_NULL(test, buf);
	memory = test_device_memory(test, &phys) + row->offset;
	addr = iounmap_at_end(test, test_device_map(phys + row->offset, size));
	IO_ASSERT_MAPS(test, addr, "the range of the device");
	KUNIT_EXPECT_EQ_MSG(test, offset_in_page((__force void *)addr),
			    offset_in_page(row->offset), "offset in the page of the mapping");

	memcpy_fromio(buf, addr, size);
	MM_KUNIT_EXPECT(test, check_bytes(test, buf, memory, size));

	/* What is written by the CPU is in the device. */
	writeb(0x55, addr + size - 1);
	KUNIT_EXPECT_EQ_MSG(test, memory[size - 1], 0x55, "the device's last byte");
	writeb(0xaa, addr);
	KUNIT_EXPECT_EQ_MSG(test, memory[0], 0xaa, "the device's first byte");

	/* What changes in the device is read by the CPU. */
	memset(memory, 0x33, size);
	KUNIT_EXPECT_EQ_MSG(test, readb(addr + size - 1), 0x33, "the mapping's last byte");

	iounmap_now(test, addr);
	IO_EXPECT_MAPPED(test, addr, false, "the mapping after iounmap()");
}

/* The first of the page frames from @pfn on that is not mapped, writable, at @addr. */
static const char *check_pfns(struct kunit *test, unsigned long addr, unsigned long pfn,
			      unsigned long nr)
{
	unsigned long i;

	for (i = 0; i < nr; i++) {
		pte_t pte = ptep_get(virt_to_kpte(addr + i * PAGE_SIZE));

		if (pte_pfn(pte) != pfn + i || !pte_write(pte))
			return mm_kunit_wrong(test,
					      "page %lu: expected writable pfn %lx, found %s pfn %lx",
					      i, pfn + i, pte_write(pte) ? "writable" : "read-only",
					      (unsigned long)pte_pfn(pte));
	}
	return NULL;
}

/*
 * A mapping is a vm_struct of whole pages with VM_IOREMAP and the physical address
 * of the first page, because /proc/vmallocinfo shows that, and iounmap() of x86
 * needs it to release the cache mode of the range. No page belongs to the address
 * of a mapping, so virt_addr_valid() is false.
 */
static void ioremap_area(struct kunit *test)
{
	const struct device_range *row = test->param_value;
	phys_addr_t phys = test_device_phys(test) + row->offset;
	unsigned long pfn = PHYS_PFN(phys);
	unsigned long nr = PHYS_PFN(phys + row->size - 1) + 1 - pfn;
	struct vm_struct *area;
	void __iomem *addr;

	if (IS_ENABLED(CONFIG_INDIRECT_IOMEM))
		kunit_skip(test, "needs CONFIG_INDIRECT_IOMEM=n, without which nothing is mapped");

	addr = iounmap_at_end(test, ioremap(phys, row->size));
	IO_ASSERT_MAPS(test, addr, "the range");
	area = find_vm_area((__force void *)addr);
	KUNIT_ASSERT_NOT_NULL_MSG(test, area, "the area of %p", addr);
	KUNIT_EXPECT_EQ_MSG(test, area->flags & VM_IOREMAP, VM_IOREMAP, "flags of the area");
	/* MIPS has an ioremap() of its own, which does not say it. */
	if (!IS_ENABLED(CONFIG_MIPS))
		KUNIT_EXPECT_EQ_MSG(test, area->phys_addr, PFN_PHYS(pfn), "phys_addr of the area");
	KUNIT_EXPECT_EQ_MSG(test, get_vm_area_size(area), nr * PAGE_SIZE, "size of the area");
	KUNIT_EXPECT_PTR_EQ_MSG(test, area->addr + offset_in_page(phys), (__force void *)addr,
				"address in the area");
	KUNIT_EXPECT_EQ_MSG(test, is_ioremap_addr((__force void *)addr), true,
			    "is_ioremap_addr() of %p", addr);
	KUNIT_EXPECT_EQ_MSG(test, virt_addr_valid((__force void *)addr), false,
			    "virt_addr_valid() of %p", addr);
	MM_KUNIT_EXPECT(test, check_pfns(test, (unsigned long)area->addr, pfn, nr));
}

/*
 * ioremap() of no bytes, or of a range that goes past the last physical address and
 * on from the first, returns NULL and does not warn: drivers take addresses and
 * sizes from firmware tables and test the result. An emulated device is not asked.
 */
static void ioremap_refuses_range(struct kunit *test)
{
	phys_addr_t phys = test_device_phys(test);
	const struct {
		phys_addr_t phys;
		size_t size;
	} ranges[] = {
		{ .phys = phys, .size = 0 },
		{ .phys = phys + 5, .size = 0 },
		{ .phys = 0, .size = 0 },
		/* From here on they wrap around. */
		{ .phys = phys, .size = -1UL },
		{ .phys = phys, .size = -phys + 1 },
		{ .phys = phys + 5, .size = -4UL },
		{ .phys = -1UL, .size = 2 },
	};
	/* No size_t is large enough to wrap a phys_addr_t around that is wider. */
	int nr = sizeof(phys_addr_t) > sizeof(size_t) ? 3 : ARRAY_SIZE(ranges);
	int i;

	for (i = 0; i < nr; i++) {
		kunit_warning_suppress(test) {
			IO_EXPECT_REFUSED(test, ioremap(ranges[i].phys, ranges[i].size),
					  "range %d, %zu bytes at %pa", i, ranges[i].size,
					  &ranges[i].phys);
			KUNIT_EXPECT_EQ_MSG(test, KUNIT_SUPPRESSED_WARNING_COUNT(), 0,
					    "warnings of range %d", i);
		}
	}
	IO_EXPECT_REFUSED(test, ioremap_wc(phys, 0), "ioremap_wc() of no bytes");
	KUNIT_EXPECT_EQ_MSG(test, test_device.maps, 0, "mappings asked of the device");
}

/*
 * On arm and arm64, ioremap() of memory warns and returns NULL, because the kernel's
 * other mapping of that memory is cached, and two mappings that do not agree lose data.
 * (x86: ioremap_x86.ioremap_refuses_ram.)
 */
static void ioremap_refuses_memory(struct kunit *test)
{
	phys_addr_t phys = page_to_phys(mm_kunit_page(test));

	if (!IS_ENABLED(CONFIG_ARM64) && !IS_ENABLED(CONFIG_ARM))
		kunit_skip(test, "needs CONFIG_ARM64 or CONFIG_ARM");
	kunit_warning_suppress(test) {
		IO_EXPECT_REFUSED(test, ioremap(phys, 4), "ioremap() of memory");
		KUNIT_EXPECT_SUPPRESSED_WARNING_COUNT(test, MM_KUNIT_WARN(1));
		IO_EXPECT_REFUSED(test, ioremap_wc(phys + 8, 4), "ioremap_wc() of memory");
	}
}

/*
 * Each ioremap() makes a mapping of its own, even of the same range, and iounmap()
 * of one leaves the other alone, because drivers map shared registers without
 * knowing of each other.
 */
static void ioremap_twice(struct kunit *test)
{
	void __iomem *addr, *other;
	phys_addr_t phys;
	u8 *memory = test_device_memory(test, &phys);

	addr = iounmap_at_end(test, test_device_map(phys, PAGE_SIZE));
	IO_ASSERT_MAPS(test, addr, "the page for the first time");
	other = iounmap_at_end(test, test_device_map(phys, PAGE_SIZE));
	IO_ASSERT_MAPS(test, other, "the page for the second time");
	KUNIT_EXPECT_PTR_NE_MSG(test, (__force void *)addr, (__force void *)other,
				"addresses of the two mappings");

	iounmap_now(test, addr);
	IO_EXPECT_MAPPED(test, addr, false, "the first mapping after its iounmap()");
	KUNIT_EXPECT_EQ_MSG(test, readb(other + 100), memory[100],
			    "byte 100 of the second mapping");
	writeb(0x12, other);
	KUNIT_EXPECT_EQ_MSG(test, memory[0], 0x12,
			    "the device's first byte, written by the second mapping");
}

/*
 * iounmap() of an address that is not of ioremap() warns and unmaps nothing,
 * because a driver that has mixed up its pointers must not unmap those of another.
 */
static void iounmap_other_address(struct kunit *test)
{
	char *object = kunit_kzalloc(test, 64, GFP_KERNEL);
	phys_addr_t phys = test_device_phys(test);
	void __iomem *addr;

	KUNIT_ASSERT_NOT_NULL(test, object);
	if (!IS_ENABLED(CONFIG_X86) && !IS_ENABLED(CONFIG_INDIRECT_IOMEM))
		kunit_skip(test, "needs CONFIG_X86 or CONFIG_INDIRECT_IOMEM, where it warns");

	addr = iounmap_at_end(test, ioremap(phys, PAGE_SIZE));
	IO_ASSERT_MAPS(test, addr, "a page");
	kunit_warning_suppress(test) {
		iounmap(NULL);
		iounmap((__force void __iomem *)object);
		/* The emulation warns that the address is bad, and that iounmap() fails. */
		KUNIT_EXPECT_SUPPRESSED_WARNING_COUNT(test, IS_ENABLED(CONFIG_INDIRECT_IOMEM) ?
						      MM_KUNIT_WARN(4) : MM_KUNIT_WARN_ONCE(2));
	}
	IO_EXPECT_MAPPED(test, addr, true, "another mapping");
}

/*
 * Where an architecture has no non-posted writes, ioremap_np() must fail rather
 * than fall back to ioremap(), because its callers rely on a write having reached
 * the device when it is done (Documentation/driver-api/device-io.rst). On UML
 * ioremap_uc() fails as well, as that document says.
 */
static void ioremap_np_unsupported(struct kunit *test)
{
	phys_addr_t phys = test_device_phys(test);

	if (!HAS_NO_IOREMAP_NP)
		kunit_skip(test, "needs CONFIG_X86 or CONFIG_UML, without ioremap_np()");

	IO_EXPECT_REFUSED(test, ioremap_np(phys, PAGE_SIZE), "ioremap_np() of a page");
	if (IS_ENABLED(CONFIG_UML))
		IO_EXPECT_REFUSED(test, ioremap_uc(phys, PAGE_SIZE), "ioremap_uc() of a page");
}

/*
 * request_mem_region() keeps others from requesting any part of the region, and
 * ioremap() maps it, but neither does or needs what the other does: a region may be
 * mapped while somebody else owns it, and its mapping outlives the release, because
 * parts of one device are often served by several drivers.
 */
static void request_mem_region_excludes(struct kunit *test)
{
	phys_addr_t phys = test_device_phys(test);
	struct resource *a, *b, *inside, *after;
	void __iomem *addr;

	a = request_mem_region(phys, PAGE_SIZE, "a");
	KUNIT_ASSERT_NOT_NULL_MSG(test, a, "the region");
	b = request_mem_region(phys, PAGE_SIZE, "b");
	inside = request_mem_region(phys + PAGE_SIZE - 1, 1, "b");
	addr = iounmap_at_end(test, ioremap(phys, PAGE_SIZE));
	release_mem_region(phys, PAGE_SIZE);
	after = request_mem_region(phys, PAGE_SIZE, "b");
	if (after)
		release_mem_region(phys, PAGE_SIZE);

	KUNIT_EXPECT_NULL_MSG(test, b, "the region, while it is requested");
	KUNIT_EXPECT_NULL_MSG(test, inside, "the last byte of the region, while it is requested");
	KUNIT_EXPECT_NOT_NULL_MSG(test, after, "the region after its release");
	IO_ASSERT_MAPS(test, addr, "the region, while it is requested");
	IO_EXPECT_MAPPED(test, addr, true, "the mapping after the region's release");
}

/* -- mappings that a struct device owns ------------------------------------ */

/*
 * A mapping of devm_ioremap() ends with devm_iounmap() or, at the latest, with its
 * device, and devm_iounmap() of another address warns, because the point of devm_*()
 * is that a driver may forget its mappings (kernel-doc of devm_ioremap()).
 */
static void devm_ioremap_unmaps(struct kunit *test)
{
	struct device *dev = test_device_register(test, "ioremap_kunit");
	phys_addr_t phys = test_device_phys(test);
	void __iomem *addr, *wc, *uc, *kept;

	addr = devm_ioremap(dev, phys + 5, PAGE_SIZE);
	IO_ASSERT_MAPS(test, addr, "devm_ioremap() from offset 5 on");
	KUNIT_EXPECT_EQ_MSG(test, offset_in_page((__force void *)addr), 5,
			    "offset in the page of the mapping");
	kept = devm_ioremap(dev, phys + 2 * PAGE_SIZE, PAGE_SIZE);
	IO_ASSERT_MAPS(test, kept, "devm_ioremap() of page 2");

	devm_iounmap(dev, addr);
	IO_EXPECT_MAPPED(test, addr, false, "the mapping after devm_iounmap()");
	IO_EXPECT_MAPPED(test, kept, true, "the other mapping after devm_iounmap()");
	kunit_warning_suppress(test) {
		devm_iounmap(dev, addr);
		KUNIT_EXPECT_SUPPRESSED_WARNING_COUNT(test, MM_KUNIT_WARN(1));
	}

	wc = devm_ioremap_wc(dev, phys, PAGE_SIZE);
	IO_ASSERT_MAPS(test, wc, "devm_ioremap_wc() of page 0");
	IO_EXPECT_MAPPED(test, wc, true, "the mapping of devm_ioremap_wc()");
	/* Only x86 has ioremap_uc(). */
	uc = devm_ioremap_uc(dev, phys + PAGE_SIZE, PAGE_SIZE);
	KUNIT_EXPECT_EQ_MSG(test, !!uc, IS_ENABLED(CONFIG_X86) && !IS_ENABLED(CONFIG_UML),
			    "whether devm_ioremap_uc() has mapped page 1");

	kunit_device_unregister(test, dev);
	IO_EXPECT_MAPPED(test, kept, false, "the mapping of devm_ioremap() without the device");
	IO_EXPECT_MAPPED(test, wc, false, "the mapping of devm_ioremap_wc() without the device");
	if (uc)
		IO_EXPECT_MAPPED(test, uc, false,
				 "the mapping of devm_ioremap_uc() without the device");
}

/* The error of devm_ioremap_resource(), or 0. */
static int map_resource(struct device *dev, struct resource *res, void __iomem **addr)
{
	*addr = devm_ioremap_resource(dev, res);
	return PTR_ERR_OR_ZERO((__force void *)*addr);
}

/*
 * devm_ioremap_resource() requests the region and maps it, or does neither, because
 * no two drivers may have the same registers at a time, and a driver that could not
 * map its registers must not keep others from them. Its errors tell the driver which
 * of the two went wrong (kernel-doc of devm_ioremap_resource()).
 */
static void devm_ioremap_resource_owns_region(struct kunit *test)
{
	struct device *dev = test_device_register(test, "ioremap_kunit");
	struct device *other = test_device_register(test, "ioremap_kunit_other");
	phys_addr_t phys = test_device_phys(test);
	struct resource res = DEFINE_RES_MEM_NAMED(phys, 64, "registers");
	struct resource io = DEFINE_RES_IO(phys, 64);
	void __iomem *addr;
	struct resource *last;

	KUNIT_EXPECT_EQ_MSG(test, map_resource(dev, NULL, &addr), -EINVAL, "no resource");
	KUNIT_EXPECT_EQ_MSG(test, map_resource(dev, &io, &addr), -EINVAL, "an I/O port");

	/* The region can be requested, but ioremap_np() fails. */
	res.flags |= IORESOURCE_MEM_NONPOSTED;
	if (HAS_NO_IOREMAP_NP)
		KUNIT_EXPECT_EQ_MSG(test, map_resource(dev, &res, &addr), -ENOMEM,
				    "registers that need ioremap_np()");
	res.flags &= ~IORESOURCE_MEM_NONPOSTED;

	/* So the region is free. */
	KUNIT_ASSERT_EQ_MSG(test, map_resource(dev, &res, &addr), 0, "registers");
	IO_ASSERT_MAPS(test, addr, "registers");
	IO_EXPECT_MAPPED(test, addr, true, "the mapping of the registers");
	last = request_mem_region(phys + 63, 1, "other");
	if (last)
		release_mem_region(phys + 63, 1);
	KUNIT_EXPECT_NULL_MSG(test, last, "the region of the last register");

	KUNIT_EXPECT_EQ_MSG(test, map_resource(other, &res, &(void __iomem *){ NULL }), -EBUSY,
			    "registers of another device");

	kunit_device_unregister(test, dev);
	IO_EXPECT_MAPPED(test, addr, false, "the mapping of the registers without the device");
	KUNIT_ASSERT_EQ_MSG(test, map_resource(other, &res, &addr), 0,
			    "registers, for the other device");
	IO_ASSERT_MAPS(test, addr, "registers, for the other device");
	IO_EXPECT_MAPPED(test, addr, true, "the mapping for the other device");
}

/* -- today's implementation, not promised ---------------------------------- */

/*
 * iounmap() takes any address in the first page of the mapping, because ioremap()
 * itself does not return the start of that page if the physical address is not
 * aligned, and drivers may have moved their pointer to a register.
 *
 *	phys    phys + 5
 *	|-------|------- page 0 -------|------- page 1 -------|- page 2 -|
 *	        ^ ioremap()           ^ iounmap()
 */
static void iounmap_in_page(struct kunit *test)
{
	phys_addr_t phys = test_device_phys(test);
	void __iomem *addr;

	/* The last byte of the page. */
	addr = ioremap(phys + 5, 2 * PAGE_SIZE);
	IO_ASSERT_MAPS(test, addr, "pages from offset 5 on");
	iounmap(addr + PAGE_SIZE - 6);
	IO_EXPECT_MAPPED(test, addr, false, "the mapping after iounmap() of its first page's end");

	/* The first byte, which is in front of what was asked for. */
	addr = ioremap(phys + 5, 2 * PAGE_SIZE);
	IO_ASSERT_MAPS(test, addr, "pages from offset 5 on, once more");
	iounmap(addr - 5);
	IO_EXPECT_MAPPED(test, addr, false,
			 "the mapping after iounmap() of its first page's start");
}

static struct kunit_case ioremap_cases[] = {
	KUNIT_CASE_PARAM(ioremap_range, device_range_gen_params),
	KUNIT_CASE_PARAM(ioremap_area, device_range_gen_params),
	KUNIT_CASE(ioremap_refuses_range),
	KUNIT_CASE(ioremap_refuses_memory),
	KUNIT_CASE(ioremap_twice),
	KUNIT_CASE(iounmap_other_address),
	KUNIT_CASE(ioremap_np_unsupported),
	KUNIT_CASE(request_mem_region_excludes),
	KUNIT_CASE(devm_ioremap_unmaps),
	KUNIT_CASE(devm_ioremap_resource_owns_region),
	KUNIT_CASE(iounmap_in_page),
	{}
};

static struct kunit_suite ioremap_suite = {
	.name = "ioremap",
	.suite_init = test_device_suite_init,
	.init = test_device_init,
	.test_cases = ioremap_cases,
};

kunit_test_suite(ioremap_suite);

MODULE_DESCRIPTION("KUnit tests for ioremap()");
MODULE_LICENSE("GPL");
