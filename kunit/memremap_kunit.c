// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests for memremap(), of memory and of a device, and devm_memremap().
 *
 * What memremap() returns is never accessed here.
 */
#include <kunit/test.h>
#include <linux/device.h>
#include <linux/err.h>
#include <linux/highmem.h>
#include <linux/io.h>
#include <linux/ioport.h>
#include <linux/ioremap.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/slab.h>

#include "mm_kunit.h"
#include "test_device.h"

/* Whether iomem_resource has all, none or some of the range as memory. */
static int intersects_ram(phys_addr_t phys, size_t size)
{
	return region_intersects(phys, size, IORESOURCE_SYSTEM_RAM, IORES_DESC_NONE);
}

/* -- memory ---------------------------------------------------------------- */

static const struct ram_flags {
	const char *desc;
	unsigned long flags;
	bool maps;
	bool warns;
} ram_flags[] = {
	{ .desc = "none", .flags = 0 },
	{ .desc = "wb", .flags = MEMREMAP_WB, .maps = true },
	{ .desc = "wb_or_wt", .flags = MEMREMAP_WB | MEMREMAP_WT, .maps = true },
	{ .desc = "wb_or_wc", .flags = MEMREMAP_WB | MEMREMAP_WC, .maps = true },
	{ .desc = "any", .flags = MEMREMAP_WB | MEMREMAP_WT | MEMREMAP_WC, .maps = true },
	{ .desc = "wt", .flags = MEMREMAP_WT, .warns = true },
	{ .desc = "wc", .flags = MEMREMAP_WC, .warns = true },
	{ .desc = "wt_or_wc", .flags = MEMREMAP_WT | MEMREMAP_WC, .warns = true },
};

KUNIT_ARRAY_PARAM_DESC(memremap_ram, ram_flags, desc);

/*
 * memremap() of memory with MEMREMAP_WB is its address in the direct mapping, which
 * memunmap() leaves alone. Without MEMREMAP_WB it warns and returns NULL, because
 * memory must not be mapped with another cache mode than the direct mapping has
 * (kernel-doc of memremap()).
 */
static void memremap_ram(struct kunit *test)
{
	const struct ram_flags *row = test->param_value;
	struct page *page = mm_kunit_pages(test, GFP_KERNEL, 0);
	phys_addr_t phys = page_to_phys(page) + 5;
	void *addr;

	if (intersects_ram(phys, 100) == REGION_DISJOINT)
		kunit_skip(test, "needs a machine with System RAM in iomem_resource");

	kunit_warning_suppress(test) {
		addr = memremap(phys, 100, row->flags);
		KUNIT_EXPECT_SUPPRESSED_WARNING_COUNT(test, MM_KUNIT_WARN(row->warns));
		/* No mapping was made, so none may be looked for. */
		memunmap(addr);
		KUNIT_EXPECT_SUPPRESSED_WARNING_COUNT(test, MM_KUNIT_WARN(row->warns));
	}
	KUNIT_EXPECT_PTR_EQ_MSG(test, addr, row->maps ? page_address(page) + 5 : NULL,
				"memory at address %p", page_address(page) + 5);
}

/*
 * memremap(MEMREMAP_WB) must not return an address of the direct mapping for a range
 * that ends in high memory, because the direct mapping ends in front of that, and
 * the caller would access whatever is mapped there.
 */
static void memremap_high_memory(struct kunit *test)
{
	phys_addr_t phys = __pa(high_memory - PAGE_SIZE);
	void *last, *both = NULL;

	if (!IS_ENABLED(CONFIG_HIGHMEM))
		kunit_skip(test, "needs CONFIG_HIGHMEM");
	if (!totalhigh_pages())
		kunit_skip(test, "needs a machine with high memory");
	if (IS_ENABLED(CONFIG_MIPS) && !page_is_ram(PHYS_PFN(phys)))
		kunit_skip(test, "needs a machine with memory up to high_memory");

	last = memremap(phys, PAGE_SIZE, MEMREMAP_WB);
	kunit_warning_suppress(test)
		both = memremap(phys, 2 * PAGE_SIZE, MEMREMAP_WB);
	memunmap(both);
	KUNIT_EXPECT_PTR_EQ_MSG(test, last, high_memory - PAGE_SIZE,
				"the last page of low memory");
	KUNIT_EXPECT_PTR_NE_MSG(test, both, high_memory - PAGE_SIZE,
				"that page and the first one of high memory");
}

static int find_last_ram(struct resource *res, void *last)
{
	*(resource_size_t *)last = res->end;
	return 0;
}

/*
 * memremap() of a range that is memory only in part warns and returns NULL, whatever
 * the flags, because no cache mode is right for both parts: memory has to be cached,
 * a device must not be.
 *
 *	|---- memory ----|---- no memory ----|
 *	             last ^
 *	         |-------- 2 pages --------|
 */
static void memremap_mixed(struct kunit *test)
{
	int region, wb_warnings = 0, warnings = 0;
	resource_size_t last = 0, start;
	void *wb = NULL, *wt = NULL;
	struct resource *behind;

	walk_iomem_res_desc(IORES_DESC_NONE, IORESOURCE_SYSTEM_RAM, 0, -1,
			    &last, find_last_ram);
	if (!last)
		kunit_skip(test, "needs a machine with System RAM in iomem_resource");

	/* If that is not free, something else is there, which will do as well. */
	behind = request_mem_region(last + 1, PAGE_SIZE, "memremap_kunit");
	start = last + 1 - PAGE_SIZE;
	region = intersects_ram(start, 2 * PAGE_SIZE);
	kunit_warning_suppress(test) {
		wb = memremap(start, 2 * PAGE_SIZE, MEMREMAP_WB);
		wb_warnings = KUNIT_SUPPRESSED_WARNING_COUNT();
		mm_kunit_rearm_warnings();
		wt = memremap(start, 2 * PAGE_SIZE, MEMREMAP_WT);
		warnings = KUNIT_SUPPRESSED_WARNING_COUNT();
	}
	if (behind)
		release_mem_region(last + 1, PAGE_SIZE);
	memunmap(wb);
	memunmap(wt);

	KUNIT_EXPECT_EQ_MSG(test, region, REGION_MIXED, "region_intersects() of the two pages");
	KUNIT_EXPECT_NULL_MSG(test, wb, "the two pages with MEMREMAP_WB");
	KUNIT_EXPECT_EQ_MSG(test, wb_warnings, MM_KUNIT_WARN(1), "warnings of MEMREMAP_WB");
	KUNIT_EXPECT_NULL_MSG(test, wt, "the two pages with MEMREMAP_WT");
	KUNIT_EXPECT_EQ_MSG(test, warnings, MM_KUNIT_WARN(2),
			    "warnings of MEMREMAP_WB and MEMREMAP_WT");
}

/* -- a device -------------------------------------------------------------- */

/*
 * memunmap() of an address that memremap() has not mapped does nothing and does not
 * warn, because memremap() of memory returns an address of the direct mapping, and
 * its callers need not know which of the two they have.
 */
static void memunmap_other_address(struct kunit *test)
{
	char *object = kunit_kzalloc(test, 64, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, object);
	kunit_warning_suppress(test) {
		memunmap(NULL);
		memunmap(object);
		KUNIT_EXPECT_SUPPRESSED_WARNING_COUNT(test, 0);
	}
}

/*
 * memremap() of addresses that are no memory makes a mapping, from the byte that was
 * asked for on, which memunmap() removes, because memory of a device has no address
 * in the direct mapping. Of no bytes there is no mapping.
 */
static void memremap_device(struct kunit *test)
{
	phys_addr_t phys = test_device_phys(test);
	void __iomem *addr;

	if (IS_ENABLED(CONFIG_INDIRECT_IOMEM))
		kunit_skip(test, "needs CONFIG_INDIRECT_IOMEM=n, which memunmap() does not know");

	addr = (void __iomem *)memremap(phys + 5, PAGE_SIZE, MEMREMAP_WC);
	IO_ASSERT_MAPS(test, addr, "a page from offset 5 on");
	IO_EXPECT_MAPPED(test, addr, true, "the mapping");
	KUNIT_EXPECT_EQ_MSG(test, offset_in_page((__force void *)addr), 5,
			    "offset in the page of the mapping");
	memunmap((__force void *)addr);
	IO_EXPECT_MAPPED(test, addr, false, "the mapping after memunmap()");
	KUNIT_EXPECT_EQ_MSG(test, intersects_ram(phys, PAGE_SIZE), REGION_DISJOINT,
			    "region_intersects() of the page");
	IO_EXPECT_REFUSED(test, memremap(phys, 0, MEMREMAP_WB), "no bytes");
}

static const struct mode_flags {
	const char *desc;
	unsigned long flags;
	int modes;		/* how many */
} mode_flags[] = {
	{ .desc = "wb", .flags = MEMREMAP_WB, .modes = 1 },
	{ .desc = "wt", .flags = MEMREMAP_WT, .modes = 1 },
	{ .desc = "wc", .flags = MEMREMAP_WC, .modes = 1 },
	{ .desc = "wt_or_wc", .flags = MEMREMAP_WT | MEMREMAP_WC, .modes = 2 },
	{ .desc = "any", .flags = MEMREMAP_WB | MEMREMAP_WT | MEMREMAP_WC, .modes = 3 },
};

KUNIT_ARRAY_PARAM_DESC(memremap_tries_modes, mode_flags, desc);

/*
 * memremap() tries each cache mode that the caller accepts, one after the other,
 * until one works, and fails only if none does (kernel-doc of memremap()): not every
 * architecture and not every range can have every mode.
 */
static void memremap_tries_modes(struct kunit *test)
{
	const struct mode_flags *row = test->param_value;
	phys_addr_t phys = test_device_phys(test);
	int refuse;

	if (!IS_ENABLED(CONFIG_INDIRECT_IOMEM))
		kunit_skip(test, "needs CONFIG_INDIRECT_IOMEM");

	for (refuse = 0; refuse <= row->modes; refuse++) {
		void *addr;

		test_device.maps = 0;
		test_device.refuses = refuse;
		kunit_warning_suppress(test) {
			addr = memremap(phys, 4, row->flags);
			/* The emulation warns of each mapping that was refused. */
			KUNIT_EXPECT_EQ_MSG(test, KUNIT_SUPPRESSED_WARNING_COUNT(),
					    MM_KUNIT_WARN(refuse), "warnings, %d refused", refuse);
		}
		test_device.refuses = 0;
		if (addr)
			iounmap((void __iomem *)addr);
		KUNIT_EXPECT_EQ_MSG(test, !!addr, refuse < row->modes,
				    "whether it is mapped, %d refused", refuse);
		KUNIT_EXPECT_EQ_MSG(test, test_device.maps, min(refuse + 1, row->modes),
				    "modes tried, %d refused", refuse);
	}
}

/* -- a mapping that a struct device owns ----------------------------------- */

/*
 * devm_memremap() returns an error pointer if it fails, and its mapping ends with
 * devm_memunmap() or, at the latest, with the device; devm_memunmap() of another
 * address warns. That a driver may forget its mappings is what devm_*() is for
 * (Documentation/driver-api/driver-model/devres.rst).
 */
static void devm_memremap_unmaps(struct kunit *test)
{
	struct device *dev = test_device_register(test, "memremap_kunit");
	phys_addr_t phys = test_device_phys(test);
	void *addr, *kept;

	addr = devm_memremap(dev, phys, PAGE_SIZE, 0);
	KUNIT_EXPECT_EQ_MSG(test, PTR_ERR_OR_ZERO(addr), -ENXIO, "page 0 without flags");
	addr = devm_memremap(dev, phys, PAGE_SIZE, MEMREMAP_WC);
	KUNIT_ASSERT_NOT_ERR_OR_NULL_MSG(test, addr, "page 0");
	IO_EXPECT_MAPPED(test, (void __iomem *)addr, true, "the mapping of page 0");
	kept = devm_memremap(dev, phys + PAGE_SIZE, PAGE_SIZE, MEMREMAP_WC);
	KUNIT_ASSERT_NOT_ERR_OR_NULL_MSG(test, kept, "page 1");

	devm_memunmap(dev, addr);
	kunit_warning_suppress(test) {
		devm_memunmap(dev, addr);
		KUNIT_EXPECT_SUPPRESSED_WARNING_COUNT(test, MM_KUNIT_WARN(1));
	}
	IO_EXPECT_MAPPED(test, (void __iomem *)kept, true,
			 "the mapping of page 1 after devm_memunmap() of page 0");
	if (!IS_ENABLED(CONFIG_INDIRECT_IOMEM))
		IO_EXPECT_MAPPED(test, (void __iomem *)addr, false,
				 "the mapping of page 0 after devm_memunmap()");

	kunit_device_unregister(test, dev);
	/* memunmap() does not know emulated addresses, if they are not in vmalloc()'s range. */
	if (IS_ENABLED(CONFIG_INDIRECT_IOMEM) && !is_ioremap_addr(addr)) {
		iounmap((void __iomem *)addr);
		iounmap((void __iomem *)kept);
	}
	IO_EXPECT_MAPPED(test, (void __iomem *)kept, false,
			 "the mapping of page 1 without the device");
}

/* -- today's implementation, not promised ---------------------------------- */

/*
 * memremap() without a cache mode returns NULL and does not warn, because there is no
 * mapping that the caller would accept, and all callers test the result.
 */
static void memremap_without_flags(struct kunit *test)
{
	phys_addr_t phys = test_device_phys(test);

	kunit_warning_suppress(test) {
		IO_EXPECT_REFUSED(test, memremap(phys, PAGE_SIZE, 0), "a page without flags");
		KUNIT_EXPECT_SUPPRESSED_WARNING_COUNT(test, 0);
	}
}

static struct kunit_case memremap_cases[] = {
	KUNIT_CASE_PARAM(memremap_ram, memremap_ram_gen_params),
	KUNIT_CASE(memremap_high_memory),
	KUNIT_CASE(memremap_mixed),
	KUNIT_CASE(memunmap_other_address),
	KUNIT_CASE(memremap_device),
	KUNIT_CASE_PARAM(memremap_tries_modes, memremap_tries_modes_gen_params),
	KUNIT_CASE(devm_memremap_unmaps),
	KUNIT_CASE(memremap_without_flags),
	{}
};

static struct kunit_suite memremap_suite = {
	.name = "memremap",
	.suite_init = test_device_suite_init,
	.init = test_device_init,
	.test_cases = memremap_cases,
};

kunit_test_suite(memremap_suite);

MODULE_DESCRIPTION("KUnit tests for memremap()");
MODULE_LICENSE("GPL");
