// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests for ioremap() and memremap() of x86: cache modes, memory, and
 * addresses that the CPU does not have.
 *
 * The rules for cache modes are in Documentation/arch/x86/pat.rst.
 */
#include <kunit/test.h>
#include <linux/io.h>
#include <linux/ioport.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/pfn.h>
#include <linux/pgtable.h>
#include <asm/cpufeature.h>
#include <asm/memtype.h>
#include <asm/mtrr.h>
#include <asm/pgtable_types.h>
#include <asm/processor.h>

#include "mm_kunit.h"
#include "test_device.h"

/* -- cache modes ----------------------------------------------------------- */

static pte_t pte_at(const void *addr)
{
	return ptep_get(virt_to_kpte((unsigned long)addr & PAGE_MASK));
}

static pgprotval_t cache_bits(const void __iomem *addr)
{
	return pte_flags(pte_at((__force void *)addr)) & _PAGE_CACHE_MASK;
}

static void __iomem *map_prot_wc_ro(resource_size_t phys, unsigned long size)
{
	return ioremap_prot(phys, size, pgprot_writecombine(PAGE_KERNEL_RO));
}

static void __iomem *map_prot_wb(resource_size_t phys, unsigned long size)
{
	return ioremap_prot(phys, size, PAGE_KERNEL);
}

static const struct cache_mode {
	const char *desc;
	void __iomem *(*map)(resource_size_t phys, unsigned long size);
	enum page_cache_mode mode;
	bool memory;		/* map the device's memory, not unused addresses */
} cache_modes[] = {
	{ .desc = "ioremap", .map = ioremap, .mode = _PAGE_CACHE_MODE_UC_MINUS },
	{ .desc = "ioremap_uc", .map = ioremap_uc, .mode = _PAGE_CACHE_MODE_UC },
	{ .desc = "ioremap_wc", .map = ioremap_wc, .mode = _PAGE_CACHE_MODE_WC },
	{ .desc = "ioremap_wt", .map = ioremap_wt, .mode = _PAGE_CACHE_MODE_WT },
	{ .desc = "ioremap_prot_wc", .map = map_prot_wc_ro, .mode = _PAGE_CACHE_MODE_WC },
	/* The MTRRs let memory be cached, but perhaps not other addresses. */
	{ .desc = "ioremap_cache", .map = ioremap_cache,
	  .mode = _PAGE_CACHE_MODE_WB, .memory = true },
	{ .desc = "ioremap_encrypted", .map = ioremap_encrypted,
	  .mode = _PAGE_CACHE_MODE_WB, .memory = true },
	{ .desc = "ioremap_prot_wb", .map = map_prot_wb,
	  .mode = _PAGE_CACHE_MODE_WB, .memory = true },
};

KUNIT_ARRAY_PARAM_DESC(ioremap_cache_mode, cache_modes, desc);

/*
 * Each variant of ioremap() maps with the cache mode it is named after, and
 * ioremap_prot() with that of its prot. All else is the same for all of them, even
 * if prot says otherwise: the pages are writable and not executable, because the
 * callers of ioremap_prot() pass on the protection of a user mapping.
 */
static void ioremap_cache_mode(struct kunit *test)
{
	bool nx = IS_ENABLED(CONFIG_64BIT) && boot_cpu_has(X86_FEATURE_NX);
	const struct cache_mode *row = test->param_value;
	void __iomem *addr;
	phys_addr_t phys;
	int i;

	if (row->memory)
		test_device_memory(test, &phys);
	else
		phys = test_device_phys(test);
	addr = iounmap_at_end(test, row->map(phys, 2 * PAGE_SIZE));
	IO_ASSERT_MAPS(test, addr, "two pages");
	for (i = 0; i < 2; i++) {
		void __iomem *page = addr + i * PAGE_SIZE;
		pte_t pte = pte_at((__force void *)page);

		KUNIT_EXPECT_EQ_MSG(test, cache_bits(page), cachemode2protval(row->mode),
				    "cache mode of page %d", i);
		KUNIT_EXPECT_EQ_MSG(test, pte_pfn(pte), PHYS_PFN(phys) + i,
				    "page frame of page %d", i);
		KUNIT_EXPECT_EQ_MSG(test, !!pte_write(pte), true, "whether page %d is writable", i);
		if (nx)
			KUNIT_EXPECT_EQ_MSG(test, !!pte_exec(pte), false,
					    "whether page %d is executable", i);
	}
}

/*
 * While a range is mapped, it cannot be mapped with another cache mode: ioremap_wt()
 * fails, or returns a mapping with the mode that the range has, because what happens
 * to memory with two cache modes is undefined (pat.rst). After iounmap() the range can
 * have any mode again.
 */
static void ioremap_conflicting_cache_mode(struct kunit *test)
{
	phys_addr_t phys = test_device_phys(test);
	void __iomem *addr, *other;

	if (!pat_enabled())
		kunit_skip(test, "needs CONFIG_X86_PAT and a CPU with PAT");

	addr = iounmap_at_end(test, ioremap_wc(phys, PAGE_SIZE));
	IO_ASSERT_MAPS(test, addr, "a page, write-combining");
	other = iounmap_at_end(test, ioremap_wt(phys, PAGE_SIZE));
	if (other) {
		KUNIT_EXPECT_EQ_MSG(test, cache_bits(other), cache_bits(addr),
				    "cache mode of ioremap_wt() while it is mapped with WC");
		iounmap_now(test, other);
	}
	iounmap_now(test, addr);

	other = iounmap_at_end(test, ioremap_wt(phys, PAGE_SIZE));
	IO_ASSERT_MAPS(test, other, "the same page, write-through");
	KUNIT_EXPECT_EQ_MSG(test, cache_bits(other), cachemode2protval(_PAGE_CACHE_MODE_WT),
			    "cache mode of ioremap_wt() when it is not mapped any more");
}

static const struct memremap_mode {
	const char *desc;
	unsigned long flags;
	enum page_cache_mode mode;
} memremap_modes[] = {
	{ .desc = "wb", .flags = MEMREMAP_WB, .mode = _PAGE_CACHE_MODE_WB },
	{ .desc = "wt", .flags = MEMREMAP_WT, .mode = _PAGE_CACHE_MODE_WT },
	{ .desc = "wc", .flags = MEMREMAP_WC, .mode = _PAGE_CACHE_MODE_WC },
	{ .desc = "wb_or_wt", .flags = MEMREMAP_WB | MEMREMAP_WT,
	  .mode = _PAGE_CACHE_MODE_WB },
	{ .desc = "wb_or_wc", .flags = MEMREMAP_WB | MEMREMAP_WC,
	  .mode = _PAGE_CACHE_MODE_WB },
	{ .desc = "wt_or_wc", .flags = MEMREMAP_WT | MEMREMAP_WC,
	  .mode = _PAGE_CACHE_MODE_WT },
};

KUNIT_ARRAY_PARAM_DESC(memremap_cache_mode, memremap_modes, desc);

/*
 * If the caller of memremap() accepts several cache modes, the mapping has the first
 * one in the order WB, WT, WC that can be had (kernel-doc of memremap()). Here that
 * is the first one, as nobody has mapped the range. MEMREMAP_WB is write-back where
 * the MTRRs let it. The addresses are those of no memory.
 */
static void memremap_cache_mode(struct kunit *test)
{
	const struct memremap_mode *row = test->param_value;
	phys_addr_t phys = test_device_phys(test) + 5;
	enum page_cache_mode mode = row->mode;
	void __iomem *addr;
	u8 uniform;

	/* What the MTRRs do not let be cached is UC- in place of WB. */
	if (mode == _PAGE_CACHE_MODE_WB && pat_enabled() &&
	    mtrr_type_lookup(phys, phys + PAGE_SIZE, &uniform) != MTRR_TYPE_WRBACK)
		mode = _PAGE_CACHE_MODE_UC_MINUS;

	addr = (void __iomem *)memremap(phys, PAGE_SIZE, row->flags);
	iounmap_at_end(test, addr);
	IO_ASSERT_MAPS(test, addr, "a page by memremap()");
	KUNIT_EXPECT_EQ_MSG(test, cache_bits(addr), cachemode2protval(mode),
			    "cache mode of the mapping");
	KUNIT_EXPECT_EQ_MSG(test, offset_in_page((__force void *)addr), 5,
			    "offset in the page of the mapping");
	KUNIT_EXPECT_EQ_MSG(test, pte_pfn(pte_at((__force void *)addr)), PHYS_PFN(phys),
			    "page frame of the mapping");
}

/* -- memory ---------------------------------------------------------------- */

static const struct ram_range {
	const char *desc;
	unsigned int reserved;	/* a bit for each page */
	size_t offset;
	size_t size;
} ram_ranges[] = {
	{ .desc = "page", .reserved = 0, .offset = 0, .size = PAGE_SIZE },
	{ .desc = "pages", .reserved = 0, .offset = 0, .size = TEST_DEVICE_SIZE },
	{ .desc = "first_page_is_not_reserved",
	  .reserved = 0b1110, .offset = 0, .size = TEST_DEVICE_SIZE },
	{ .desc = "last_page_is_not_reserved",
	  .reserved = 0b0111, .offset = 0, .size = TEST_DEVICE_SIZE },
	{ .desc = "a_page_is_not_reserved",
	  .reserved = 0b1101, .offset = 0, .size = TEST_DEVICE_SIZE },
	{ .desc = "pages_and_a_bit",
	  .reserved = 0b0011, .offset = PAGE_SIZE, .size = 3 * PAGE_SIZE - 5 },
};

KUNIT_ARRAY_PARAM_DESC(ioremap_refuses_ram, ram_ranges, desc);

/*
 * ioremap() of a range with a page that the kernel uses as memory warns and returns
 * NULL, because the direct mapping of that page is cached, and a second, uncached
 * mapping corrupts it. Only pages that are all marked as reserved pass for a device.
 */
static void ioremap_refuses_ram(struct kunit *test)
{
	const struct ram_range *row = test->param_value;
	struct page *page = test_device_pages(test, row->reserved);

	kunit_warning_suppress(test) {
		IO_EXPECT_REFUSED(test,
				  ioremap_cache(page_to_phys(page) + row->offset, row->size),
				  "a range of memory");
		KUNIT_EXPECT_SUPPRESSED_WARNING_COUNT(test, MM_KUNIT_WARN(1));
	}
}

static int find_ram_inside_page(struct resource *res, void *end)
{
	if (PAGE_ALIGNED(res->end + 1))
		return 0;
	*(resource_size_t *)end = res->end;
	return 1;
}

/* -- physical addresses ---------------------------------------------------- */

/*
 * ioremap() of an address that the CPU does not have warns and returns NULL, even if
 * the range begins at an address that it has, because the page table entry would
 * have reserved bits set, and each access would be a fault.
 */
static void ioremap_refuses_beyond_physical(struct kunit *test)
{
	unsigned int bits = boot_cpu_data.x86_phys_bits;
	phys_addr_t end;
	void __iomem *addr;

	if (!IS_ENABLED(CONFIG_X86_64))
		kunit_skip(test, "needs CONFIG_X86_64");

	end = 1ULL << bits;
	kunit_warning_suppress(test) {
		IO_EXPECT_REFUSED(test, ioremap(end, PAGE_SIZE),
				  "the first address beyond %u bits", bits);
		KUNIT_EXPECT_SUPPRESSED_WARNING_COUNT(test, MM_KUNIT_WARN_ONCE(1));
		IO_EXPECT_REFUSED(test, ioremap(end - PAGE_SIZE, 2 * PAGE_SIZE),
				  "the last page of %u bits and the next one", bits);
		KUNIT_EXPECT_SUPPRESSED_WARNING_COUNT(test, MM_KUNIT_WARN_ONCE(2));
	}

	addr = iounmap_at_end(test, ioremap(end - PAGE_SIZE, PAGE_SIZE));
	IO_ASSERT_MAPS(test, addr, "the last page of %u bits", bits);
}

/*
 * valid_mmap_phys_addr_range(), by which mmap() of /dev/mem refuses page frames, is true
 * up to the last page frame that the CPU can address and no further: an entry for any
 * other has reserved bits set, and the process that touches it crashes.
 */
static void valid_mmap_phys_addr_range_bounds(struct kunit *test)
{
	unsigned int bits = boot_cpu_data.x86_phys_bits;
	unsigned long end = 1UL << (bits - PAGE_SHIFT);

	if (!IS_ENABLED(CONFIG_X86_64))
		kunit_skip(test, "needs CONFIG_X86_64");

	KUNIT_EXPECT_EQ_MSG(test, !!valid_mmap_phys_addr_range(end - 1, PAGE_SIZE), true,
			    "the last page of %u bits", bits);
	KUNIT_EXPECT_EQ_MSG(test, !!valid_mmap_phys_addr_range(end - 1, 2 * PAGE_SIZE), false,
			    "the last page of %u bits and the next one", bits);
	KUNIT_EXPECT_EQ_MSG(test, !!valid_mmap_phys_addr_range(end, PAGE_SIZE), false,
			    "the first page beyond %u bits", bits);
}

/* -- today's implementation, not promised ---------------------------------- */

/*
 * A page of which only a part is memory can be mapped, because the kernel does not
 * use such a page as memory, and the rest of it may be a table of the firmware.
 */
static void ioremap_part_of_ram_page(struct kunit *test)
{
	resource_size_t end = 0;
	void __iomem *addr;
	struct page *page;
	bool reserved;

	walk_iomem_res_desc(IORES_DESC_NONE, IORESOURCE_SYSTEM_RAM, 0, -1,
			    &end, find_ram_inside_page);
	if (!end)
		kunit_skip(test, "needs a machine whose memory ends inside of a page");

	/* The page is marked as reserved, but that must not be why it can be mapped. */
	page = pfn_to_page(PHYS_PFN(end));
	reserved = PageReserved(page);
	ClearPageReserved(page);
	addr = iounmap_at_end(test, ioremap_cache(PFN_PHYS(PHYS_PFN(end)), PAGE_SIZE));
	if (reserved)
		SetPageReserved(page);
	IO_ASSERT_MAPS(test, addr, "the page at %pa, part of which is memory", &end);
}

static struct kunit_case ioremap_x86_cases[] = {
	KUNIT_CASE_PARAM(ioremap_cache_mode, ioremap_cache_mode_gen_params),
	KUNIT_CASE(ioremap_conflicting_cache_mode),
	KUNIT_CASE_PARAM(memremap_cache_mode, memremap_cache_mode_gen_params),
	KUNIT_CASE_PARAM(ioremap_refuses_ram, ioremap_refuses_ram_gen_params),
	KUNIT_CASE(ioremap_refuses_beyond_physical),
	KUNIT_CASE(valid_mmap_phys_addr_range_bounds),
	KUNIT_CASE(ioremap_part_of_ram_page),
	{}
};

static struct kunit_suite ioremap_x86_suite = {
	.name = "ioremap_x86",
	.init = test_device_init,
	.test_cases = ioremap_x86_cases,
};

kunit_test_suite(ioremap_x86_suite);

MODULE_DESCRIPTION("KUnit tests for ioremap() of x86");
MODULE_LICENSE("GPL");
