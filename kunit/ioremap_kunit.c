// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests for ioremap(), memremap(), their managed variants, and reserved
 * pages.
 *
 * Most cases need a device whose memory they can compare with what they see
 * through a mapping. Where I/O memory is emulated, that is a device of this
 * suite. On x86 it is memory that is marked as reserved, which ioremap() takes
 * for that of a device. Other cases map physical addresses that are nobody's,
 * and never touch these mappings.
 */
#include <kunit/device.h>
#include <kunit/test.h>
#include <linux/device.h>
#include <linux/err.h>
#include <linux/highmem.h>
#include <linux/io.h>
#include <linux/ioport.h>
#include <linux/ioremap.h>
#include <linux/logic_iomem.h>
#include <linux/mm.h>
#include <linux/mmzone.h>
#include <linux/module.h>
#include <linux/pfn.h>
#include <linux/pgtable.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/vmalloc.h>

#ifdef CONFIG_X86
#include <asm/cpufeature.h>
#include <asm/memtype.h>
#include <asm/pgtable_types.h>
#include <asm/processor.h>
#endif

#include "free_iomem.h"
#include "mm_kunit.h"

#define DEVICE_ORDER	2
#define DEVICE_PAGES	4
#define DEVICE_SIZE	(DEVICE_PAGES * PAGE_SIZE)

KUNIT_DEFINE_ACTION_WRAPPER(put_page_action, put_page, struct page *);

static void iounmap_action(void *addr)
{
	iounmap((void __iomem *)addr);
}

static void expect_mapped(struct kunit *test, void __iomem *addr)
{
	KUNIT_ASSERT_NOT_NULL(test, (__force void *)addr);
	KUNIT_ASSERT_EQ(test,
			kunit_add_action_or_reset(test, iounmap_action,
						  (__force void *)addr),
			0);
}

static void iounmap_now(struct kunit *test, void __iomem *addr)
{
	kunit_release_action(test, iounmap_action, (__force void *)addr);
}

#ifdef CONFIG_INDIRECT_IOMEM
static u8 device_memory[DEVICE_SIZE];
static struct resource device_region;

/* How often the device was asked for a mapping, and how often it refuses yet. */
static int device_maps, device_refuses;

static unsigned long device_read(void *priv, unsigned int offset, int size)
{
	unsigned long value = 0;

	if (size <= sizeof(value) && offset <= DEVICE_SIZE - size)
		memcpy(&value, device_memory + offset, size);
	return value;
}

static void device_write(void *priv, unsigned int offset, int size,
			 unsigned long value)
{
	if (size <= sizeof(value) && offset <= DEVICE_SIZE - size)
		memcpy(device_memory + offset, &value, size);
}

static const struct logic_iomem_ops device_ops = {
	.read = device_read,
	.write = device_write,
};

static long device_map(unsigned long offset, size_t size,
		       const struct logic_iomem_ops **ops, void **priv)
{
	device_maps++;
	if (device_refuses && device_refuses--)
		return -ENODEV;
	*ops = &device_ops;
	return offset;
}

static const struct logic_iomem_region_ops device_region_ops = {
	.map = device_map,
};

/* An emulated device cannot be removed: there is one as long as the kernel. */
static int ioremap_suite_init(struct kunit_suite *suite)
{
	int err;

	if (device_region.parent)
		return 0;
	err = request_free_iomem(&device_region, "ioremap_kunit", DEVICE_SIZE);
	if (err)
		return err;
	release_resource(&device_region);
	__module_get(THIS_MODULE);
	return logic_iomem_add_region(&device_region, &device_region_ops);
}

static int ioremap_test_init(struct kunit *test)
{
	mm_kunit_init(test);
	device_maps = 0;
	device_refuses = 0;
	return 0;
}

static u8 *device_of(struct kunit *test, phys_addr_t *phys)
{
	*phys = device_region.start;
	return device_memory;
}

#else /* !CONFIG_INDIRECT_IOMEM */
#define ioremap_suite_init	NULL
#define ioremap_test_init	mm_kunit_init

KUNIT_DEFINE_ACTION_WRAPPER(release_resource_action, release_resource,
			    struct resource *);

#ifdef CONFIG_X86
static void free_device_action(void *page)
{
	for (int i = 0; i < DEVICE_PAGES; i++)
		ClearPageReserved((struct page *)page + i);
	__free_pages(page, DEVICE_ORDER);
}

static u8 *device_of(struct kunit *test, phys_addr_t *phys)
{
	struct page *page = alloc_pages(GFP_KERNEL, DEVICE_ORDER);

	KUNIT_ASSERT_NOT_NULL(test, page);
	for (int i = 0; i < DEVICE_PAGES; i++)
		SetPageReserved(page + i);
	KUNIT_ASSERT_EQ(test,
			kunit_add_action_or_reset(test, free_device_action,
						  page),
			0);
	*phys = page_to_phys(page);
	return page_address(page);
}
#else
static u8 *device_of(struct kunit *test, phys_addr_t *phys)
{
	kunit_skip(test, "needs a device");
}
#endif
#endif /* !CONFIG_INDIRECT_IOMEM */

/* The memory of a device, at *@phys. None of its bytes is 0xff. */
static u8 *init_device(struct kunit *test, phys_addr_t *phys)
{
	u8 *memory = device_of(test, phys);

	for (int i = 0; i < DEVICE_SIZE; i++)
		memory[i] = (i * 7 + i / PAGE_SIZE) % 0xfb;
	return memory;
}

/* Memory is not to be mapped with another cache mode than it has. */
static void __iomem *map_device(phys_addr_t phys, size_t size)
{
#ifdef CONFIG_X86
	return ioremap_cache(phys, size);
#else
	return ioremap(phys, size);
#endif
}

/* Addresses that ioremap() maps, of a device or of nobody. */
static phys_addr_t mappable(struct kunit *test)
{
#ifdef CONFIG_INDIRECT_IOMEM
	init_device(test, &(phys_addr_t){ 0 });
	return device_region.start;
#else
	struct resource *res = kunit_kzalloc(test, sizeof(*res), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, res);
	KUNIT_ASSERT_EQ(test,
			request_free_iomem(res, "ioremap_kunit", DEVICE_SIZE),
			0);
	KUNIT_ASSERT_EQ(test,
			kunit_add_action_or_reset(test, release_resource_action,
						  res),
			0);
	return res->start;
#endif
}

static bool is_mapped(struct kunit *test, void __iomem *addr)
{
#ifdef CONFIG_INDIRECT_IOMEM
	bool mapped = false;

	kunit_warning_suppress(test)
		mapped = readb(addr) != 0xff;
	return mapped;
#else
	return find_vm_area((__force void *)addr);
#endif
}

/* ---- ioremap() and iounmap() ---- */

static const struct device_range {
	const char *desc;
	size_t offset;
	size_t size;
} device_ranges[] = {
	{ "page", 0, PAGE_SIZE },
	{ "whole device", 0, DEVICE_SIZE },
	{ "first byte", 0, 1 },
	{ "last byte", DEVICE_SIZE - 1, 1 },
	{ "last byte of a page", PAGE_SIZE - 1, 1 },
	{ "over the end of a page", PAGE_SIZE - 1, 2 },
	{ "up to the end of a page", 5, PAGE_SIZE - 5 },
	{ "past the end of a page", 5, PAGE_SIZE - 4 },
	{ "pages from an odd address", PAGE_SIZE + 123, 2 * PAGE_SIZE },
};

KUNIT_ARRAY_PARAM_DESC(device_range, device_ranges, desc);

/*
 * The first byte is the one that was asked for, wherever it is in its page, and
 * the mapping shows the device from there on.
 */
static void ioremap_range(struct kunit *test)
{
	const struct device_range *range = test->param_value;
	u8 *buf = kunit_kzalloc(test, DEVICE_SIZE, GFP_KERNEL);
	size_t offset = range->offset, size = range->size;
	void __iomem *addr;
	phys_addr_t phys;
	u8 *memory;

	KUNIT_ASSERT_NOT_NULL(test, buf);
	memory = init_device(test, &phys) + offset;
	addr = map_device(phys + offset, size);
	expect_mapped(test, addr);
	KUNIT_EXPECT_EQ(test, offset_in_page((__force void *)addr),
			offset_in_page(offset));

	memcpy_fromio(buf, addr, size);
	KUNIT_EXPECT_MEMEQ(test, buf, memory, size);
	writeb(0x55, addr + size - 1);
	KUNIT_EXPECT_EQ(test, memory[size - 1], 0x55);
	writeb(0xaa, addr);
	KUNIT_EXPECT_EQ(test, memory[0], 0xaa);
	memset(memory, 0x33, size);
	KUNIT_EXPECT_EQ(test, readb(addr + size - 1), 0x33);

	iounmap_now(test, addr);
	KUNIT_EXPECT_FALSE(test, is_mapped(test, addr));
}

/* Whole pages are mapped, and /proc/vmallocinfo tells where they are. */
static void ioremap_area(struct kunit *test)
{
#if defined(CONFIG_MMU) && !defined(CONFIG_INDIRECT_IOMEM)
	const struct device_range *range = test->param_value;
	phys_addr_t phys = mappable(test) + range->offset;
	unsigned long pfn = PHYS_PFN(phys), end_pfn, page;
	void __iomem *addr = ioremap(phys, range->size);
	struct vm_struct *area;

	expect_mapped(test, addr);
	end_pfn = PHYS_PFN(phys + range->size - 1) + 1;
	area = find_vm_area((__force void *)addr);
	KUNIT_ASSERT_NOT_NULL(test, area);
	KUNIT_EXPECT_TRUE(test, area->flags & VM_IOREMAP);
	KUNIT_EXPECT_EQ(test, area->phys_addr, PFN_PHYS(pfn));
	KUNIT_EXPECT_EQ(test, get_vm_area_size(area),
			(end_pfn - pfn) * PAGE_SIZE);
	KUNIT_EXPECT_PTR_EQ(test, area->addr + offset_in_page(phys),
			    (__force void *)addr);
	KUNIT_EXPECT_TRUE(test, is_ioremap_addr((__force void *)addr));
	KUNIT_EXPECT_FALSE(test, virt_addr_valid((__force void *)addr));

	page = (unsigned long)area->addr;
	for (; pfn < end_pfn; pfn++, page += PAGE_SIZE) {
		pte_t pte = ptep_get(virt_to_kpte(page));

		KUNIT_EXPECT_EQ(test, pte_pfn(pte), pfn);
		KUNIT_EXPECT_TRUE(test, pte_write(pte));
	}
#else
	kunit_skip(test, "needs an ioremap() that maps pages");
#endif
}

/* There is nothing to map, and nothing may be mapped instead. */
static void ioremap_refuses_range(struct kunit *test)
{
	phys_addr_t phys = mappable(test);

	KUNIT_EXPECT_NULL(test, (__force void *)ioremap(phys, 0));
	KUNIT_EXPECT_NULL(test, (__force void *)ioremap(phys + 5, 0));
	KUNIT_EXPECT_NULL(test, (__force void *)ioremap_wc(phys, 0));
	kunit_warning_suppress(test) {
		KUNIT_EXPECT_NULL(test, (__force void *)ioremap(0, 0));
		KUNIT_EXPECT_SUPPRESSED_WARNING_COUNT(test, 0);
	}
	if (sizeof(phys_addr_t) > sizeof(size_t))
		return;
	/* past the last address and on from the first */
	KUNIT_EXPECT_NULL(test, (__force void *)ioremap(phys, -1UL));
	KUNIT_EXPECT_NULL(test, (__force void *)ioremap(phys, -phys + 1));
	KUNIT_EXPECT_NULL(test, (__force void *)ioremap(-1UL, 2));
}

/* No CPU has these address lines. */
static void ioremap_refuses_beyond_physical(struct kunit *test)
{
#if defined(CONFIG_X86) && defined(CONFIG_X86_64)
	phys_addr_t end = 1ULL << boot_cpu_data.x86_phys_bits;
	void __iomem *addr;

	kunit_warning_suppress(test) {
		addr = ioremap(end, PAGE_SIZE);
		KUNIT_EXPECT_SUPPRESSED_WARNING_COUNT(test, 1);
	}
	KUNIT_EXPECT_NULL(test, (__force void *)addr);

	/* Nor those of a range that begins with the last one there is. */
	kunit_warning_suppress(test) {
		addr = ioremap(end - PAGE_SIZE, 2 * PAGE_SIZE);
		KUNIT_EXPECT_SUPPRESSED_WARNING_COUNT(test, 1);
	}
	KUNIT_EXPECT_NULL(test, (__force void *)addr);
	if (addr)
		iounmap(addr);

	addr = ioremap(end - PAGE_SIZE, PAGE_SIZE);
	expect_mapped(test, addr);
#else
	kunit_skip(test, "needs more physical addresses than the CPU has");
#endif
}

/* Mappings have nothing to do with each other, even those of one range. */
static void ioremap_twice(struct kunit *test)
{
	void __iomem *addr, *other;
	phys_addr_t phys;
	u8 *memory = init_device(test, &phys);

	addr = map_device(phys, PAGE_SIZE);
	expect_mapped(test, addr);
	other = map_device(phys, PAGE_SIZE);
	expect_mapped(test, other);
	KUNIT_EXPECT_PTR_NE(test, (__force void *)addr, (__force void *)other);

	iounmap_now(test, addr);
	KUNIT_EXPECT_FALSE(test, is_mapped(test, addr));
	KUNIT_EXPECT_EQ(test, readb(other + 100), memory[100]);
	writeb(0x12, other);
	KUNIT_EXPECT_EQ(test, memory[0], 0x12);
}

/* It need not be the address that ioremap() returned, if its page is. */
static void iounmap_in_page(struct kunit *test)
{
	phys_addr_t phys = mappable(test);
	void __iomem *addr = ioremap(phys + 5, 2 * PAGE_SIZE);

	KUNIT_ASSERT_NOT_NULL(test, (__force void *)addr);
	iounmap(addr + PAGE_SIZE - 6);
	KUNIT_EXPECT_FALSE(test, is_mapped(test, addr));
	addr = ioremap(phys + 5, 2 * PAGE_SIZE);
	KUNIT_ASSERT_NOT_NULL(test, (__force void *)addr);
	iounmap(addr - 5);
	KUNIT_EXPECT_FALSE(test, is_mapped(test, addr));
}

/* What is not of ioremap() is left alone, and reported. */
static void iounmap_other_address(struct kunit *test)
{
	char *object = kunit_kzalloc(test, 64, GFP_KERNEL);
	/* Of the emulation each of the two steps warns. */
	const int warnings = IS_ENABLED(CONFIG_INDIRECT_IOMEM) ? 2 : 1;
	phys_addr_t phys = mappable(test);
	void __iomem *addr = ioremap(phys, PAGE_SIZE);

	KUNIT_ASSERT_NOT_NULL(test, object);
	expect_mapped(test, addr);
	if (!IS_ENABLED(CONFIG_X86) && !IS_ENABLED(CONFIG_INDIRECT_IOMEM))
		kunit_skip(test, "needs an iounmap() that warns");

	kunit_warning_suppress(test) {
		iounmap(NULL);
		iounmap((__force void __iomem *)object);
		KUNIT_EXPECT_SUPPRESSED_WARNING_COUNT(test, 2 * warnings);
	}
	KUNIT_EXPECT_TRUE(test, is_mapped(test, addr));
}

/* Where the bus has no such writes, no other ones may be taken for them. */
static void ioremap_np_unsupported(struct kunit *test)
{
	phys_addr_t phys = mappable(test);

	if (!IS_ENABLED(CONFIG_X86) && !IS_ENABLED(CONFIG_UML))
		kunit_skip(test, "needs an architecture without ioremap_np()");

	KUNIT_EXPECT_NULL(test, (__force void *)ioremap_np(phys, PAGE_SIZE));
	if (IS_ENABLED(CONFIG_UML))
		KUNIT_EXPECT_NULL(test,
				  (__force void *)ioremap_uc(phys, PAGE_SIZE));
}

#ifdef CONFIG_X86
static void __iomem *map_prot_wc_ro(resource_size_t phys, unsigned long size)
{
	return ioremap_prot(phys, size, pgprot_writecombine(PAGE_KERNEL_RO));
}

static void __iomem *map_prot_wb(resource_size_t phys, unsigned long size)
{
	return ioremap_prot(phys, size, PAGE_KERNEL);
}

/* What there is of each kind, and which cache mode it has to have. */
static const struct cache_mode {
	const char *desc;
	void __iomem *(*map)(resource_size_t phys, unsigned long size);
	enum page_cache_mode mode;
	bool memory;
} cache_modes[] = {
	{ "ioremap", ioremap, _PAGE_CACHE_MODE_UC_MINUS },
	{ "ioremap_uc", ioremap_uc, _PAGE_CACHE_MODE_UC },
	{ "ioremap_wc", ioremap_wc, _PAGE_CACHE_MODE_WC },
	{ "ioremap_wt", ioremap_wt, _PAGE_CACHE_MODE_WT },
	{ "ioremap_prot_wc", map_prot_wc_ro, _PAGE_CACHE_MODE_WC },
	/* Only memory is certain to be cached: the MTRRs have a say. */
	{ "ioremap_cache", ioremap_cache, _PAGE_CACHE_MODE_WB, true },
	{ "ioremap_encrypted", ioremap_encrypted, _PAGE_CACHE_MODE_WB, true },
	{ "ioremap_prot_wb", map_prot_wb, _PAGE_CACHE_MODE_WB, true },
};

KUNIT_ARRAY_PARAM_DESC(ioremap_cache_mode, cache_modes, desc);

static pte_t pte_at(const void *addr)
{
	return ptep_get(virt_to_kpte((unsigned long)addr & PAGE_MASK));
}

static pgprotval_t cache_bits(const void *addr)
{
	return pte_flags(pte_at(addr)) & _PAGE_CACHE_MASK;
}

/* The cache mode is the caller's, all the rest is as for any device. */
static void ioremap_cache_mode(struct kunit *test)
{
	const struct cache_mode *row = test->param_value;
	void __iomem *addr;
	phys_addr_t phys;

	if (row->memory)
		init_device(test, &phys);
	else
		phys = mappable(test);
	addr = row->map(phys, 2 * PAGE_SIZE);
	expect_mapped(test, addr);
	for (int i = 0; i < 2; i++) {
		void *page = (__force void *)addr + i * PAGE_SIZE;

		KUNIT_EXPECT_EQ(test, cache_bits(page),
				cachemode2protval(row->mode));
		KUNIT_EXPECT_EQ(test, pte_pfn(pte_at(page)),
				PHYS_PFN(phys) + i);
		KUNIT_EXPECT_TRUE(test, pte_write(pte_at(page)));
		if (IS_ENABLED(CONFIG_64BIT) && boot_cpu_has(X86_FEATURE_NX))
			KUNIT_EXPECT_FALSE(test, pte_exec(pte_at(page)));
	}
}

/* A range must not have two cache modes, and is free again when unmapped. */
static void ioremap_conflicting_cache_mode(struct kunit *test)
{
	phys_addr_t phys = mappable(test);
	void __iomem *addr = ioremap_wc(phys, PAGE_SIZE), *other;

	expect_mapped(test, addr);
	if (!pat_enabled())
		kunit_skip(test, "needs PAT");
	other = ioremap_wt(phys, PAGE_SIZE);
	if (other) {
		expect_mapped(test, other);
		KUNIT_EXPECT_EQ(test, cache_bits((__force void *)other),
				cache_bits((__force void *)addr));
		iounmap_now(test, other);
	}
	iounmap_now(test, addr);

	other = ioremap_wt(phys, PAGE_SIZE);
	expect_mapped(test, other);
	KUNIT_EXPECT_EQ(test, cache_bits((__force void *)other),
			cachemode2protval(_PAGE_CACHE_MODE_WT));
}

static const struct ram_range {
	const char *desc;
	unsigned int reserved;
	size_t offset;
	size_t size;
} ram_ranges[] = {
	{ "page", 0, 0, PAGE_SIZE },
	{ "pages", 0, 0, DEVICE_SIZE },
	{ "first page is not reserved", 0b1110, 0, DEVICE_SIZE },
	{ "last page is not reserved", 0b0111, 0, DEVICE_SIZE },
	{ "a page is not reserved", 0b1101, 0, DEVICE_SIZE },
	{ "pages and a bit", 0b0011, PAGE_SIZE, 3 * PAGE_SIZE - 5 },
};

KUNIT_ARRAY_PARAM_DESC(ioremap_refuses_ram, ram_ranges, desc);

static void clear_reserved_action(void *page)
{
	for (int i = 0; i < DEVICE_PAGES; i++)
		ClearPageReserved((struct page *)page + i);
	__free_pages(page, DEVICE_ORDER);
}

/* Memory that the kernel uses is cached, and must not be mapped otherwise. */
static void ioremap_refuses_ram(struct kunit *test)
{
	const struct ram_range *range = test->param_value;
	struct page *page = alloc_pages(GFP_KERNEL, DEVICE_ORDER);
	void __iomem *addr;

	KUNIT_ASSERT_NOT_NULL(test, page);
	for (int i = 0; i < DEVICE_PAGES; i++)
		if (range->reserved & BIT(i))
			SetPageReserved(page + i);
	KUNIT_ASSERT_EQ(test,
			kunit_add_action_or_reset(test, clear_reserved_action,
						  page),
			0);

	kunit_warning_suppress(test) {
		addr = ioremap_cache(page_to_phys(page) + range->offset,
				     range->size);
		KUNIT_EXPECT_SUPPRESSED_WARNING_COUNT(test, 1);
	}
	KUNIT_EXPECT_NULL(test, (__force void *)addr);
	if (addr)
		iounmap(addr);
}

static int find_ram_inside_page(struct resource *res, void *end)
{
	if (PAGE_ALIGNED(res->end + 1))
		return 0;
	*(resource_size_t *)end = res->end;
	return 1;
}

/*
 * Memory that ends inside of a page is not used by the kernel, but the rest of
 * that page may be the firmware's.
 */
static void ioremap_part_of_ram_page(struct kunit *test)
{
	resource_size_t end = 0;
	struct page *page;
	bool reserved;
	void __iomem *addr;

	walk_iomem_res_desc(IORES_DESC_NONE, IORESOURCE_SYSTEM_RAM, 0, -1,
			    &end, find_ram_inside_page);
	if (!end)
		kunit_skip(test, "needs memory that ends inside of a page");

	/* It should be reserved, too, but that is not why it can be mapped. */
	page = pfn_to_page(PHYS_PFN(end));
	reserved = PageReserved(page);
	ClearPageReserved(page);
	addr = ioremap_cache(PFN_PHYS(PHYS_PFN(end)), PAGE_SIZE);
	if (reserved)
		SetPageReserved(page);
	expect_mapped(test, addr);
}

static const struct memremap_mode {
	const char *desc;
	unsigned long flags;
	void __iomem *(*same)(resource_size_t phys, unsigned long size);
} memremap_modes[] = {
	{ "WB", MEMREMAP_WB, ioremap_cache },
	{ "WT", MEMREMAP_WT, ioremap_wt },
	{ "WC", MEMREMAP_WC, ioremap_wc },
	{ "WB or WT", MEMREMAP_WB | MEMREMAP_WT, ioremap_cache },
	{ "WB or WC", MEMREMAP_WB | MEMREMAP_WC, ioremap_cache },
	{ "WT or WC", MEMREMAP_WT | MEMREMAP_WC, ioremap_wt },
};

KUNIT_ARRAY_PARAM_DESC(memremap_cache_mode, memremap_modes, desc);

/* The first of the modes that can be had is what is mapped. */
static void memremap_cache_mode(struct kunit *test)
{
	const struct memremap_mode *row = test->param_value;
	phys_addr_t phys = mappable(test) + 5;
	void __iomem *same = row->same(phys, PAGE_SIZE);
	pgprotval_t expected;
	void *addr;

	expect_mapped(test, same);
	expected = cache_bits((__force void *)same);
	iounmap_now(test, same);

	addr = memremap(phys, PAGE_SIZE, row->flags);
	expect_mapped(test, (__force void __iomem *)addr);
	KUNIT_EXPECT_EQ(test, cache_bits(addr), expected);
	KUNIT_EXPECT_EQ(test, offset_in_page(addr), 5);
	KUNIT_EXPECT_EQ(test, pte_pfn(pte_at(addr)), PHYS_PFN(phys));
}

#define KUNIT_CASE_X86(test_name)	KUNIT_CASE(test_name)
#define KUNIT_CASE_X86_PARAM(test_name) \
		KUNIT_CASE_PARAM(test_name, test_name##_gen_params)
#else
static void needs_x86(struct kunit *test)
{
	kunit_skip(test, "needs CONFIG_X86");
}

#define KUNIT_CASE_X86(test_name)				\
		{ .run_case = needs_x86, .name = #test_name,	\
		  .module_name = KBUILD_MODNAME }
#define KUNIT_CASE_X86_PARAM(test_name)	KUNIT_CASE_X86(test_name)
#endif /* !CONFIG_X86 */

/* ---- memremap() of memory ---- */

static const struct ram_flags {
	const char *desc;
	unsigned long flags;
	bool maps;
	bool warns;
} ram_flags[] = {
	{ "none", 0 },
	{ "WB", MEMREMAP_WB, true },
	{ "WB or WT", MEMREMAP_WB | MEMREMAP_WT, true },
	{ "WB or WC", MEMREMAP_WB | MEMREMAP_WC, true },
	{ "any", MEMREMAP_WB | MEMREMAP_WT | MEMREMAP_WC, true },
	{ "WT", MEMREMAP_WT, false, true },
	{ "WC", MEMREMAP_WC, false, true },
	{ "WT or WC", MEMREMAP_WT | MEMREMAP_WC, false, true },
};

KUNIT_ARRAY_PARAM_DESC(memremap_ram, ram_flags, desc);

/* Memory has its address already, and cannot have another cache mode. */
static void memremap_ram(struct kunit *test)
{
	const struct ram_flags *row = test->param_value;
	struct page *page = alloc_page(GFP_KERNEL);
	phys_addr_t phys;
	void *addr;

	KUNIT_ASSERT_NOT_NULL(test, page);
	KUNIT_ASSERT_EQ(test,
			kunit_add_action_or_reset(test, put_page_action, page),
			0);
	phys = page_to_phys(page) + 5;
	if (region_intersects(phys, 100, IORESOURCE_SYSTEM_RAM,
			      IORES_DESC_NONE) == REGION_DISJOINT)
		kunit_skip(test, "needs memory in iomem_resource");

	kunit_warning_suppress(test) {
		addr = memremap(phys, 100, row->flags);
		KUNIT_EXPECT_SUPPRESSED_WARNING_COUNT(test, row->warns);
		/* It was not mapped, so there is nothing to unmap. */
		memunmap(addr);
		KUNIT_EXPECT_SUPPRESSED_WARNING_COUNT(test, row->warns);
	}
	KUNIT_EXPECT_PTR_EQ(test, addr,
			    row->maps ? page_address(page) + 5 : NULL);
}

/* The direct mapping has an end, after which there may be more memory. */
static void memremap_high_memory(struct kunit *test)
{
	phys_addr_t phys = __pa(high_memory - PAGE_SIZE);
	void *addr = NULL;

	if (!IS_ENABLED(CONFIG_HIGHMEM))
		kunit_skip(test, "needs CONFIG_HIGHMEM");
	if (!totalhigh_pages())
		kunit_skip(test, "needs high memory");

	KUNIT_EXPECT_PTR_EQ(test, memremap(phys, PAGE_SIZE, MEMREMAP_WB),
			    high_memory - PAGE_SIZE);
	kunit_warning_suppress(test)
		addr = memremap(phys, 2 * PAGE_SIZE, MEMREMAP_WB);
	KUNIT_EXPECT_PTR_NE(test, addr, high_memory - PAGE_SIZE);
}

static int find_last_ram(struct resource *res, void *last)
{
	*(resource_size_t *)last = res->end;
	return 0;
}

/* No mapping suits both memory and what is not. */
static void memremap_mixed(struct kunit *test)
{
	resource_size_t last = 0, start;
	struct resource *behind;
	void *addr;

	walk_iomem_res_desc(IORES_DESC_NONE, IORESOURCE_SYSTEM_RAM, 0, -1,
			    &last, find_last_ram);
	if (!last)
		kunit_skip(test, "needs memory in iomem_resource");
	/* If that is not free, it is something else, which will do as well. */
	behind = request_mem_region(last + 1, PAGE_SIZE, "ioremap_kunit");
	start = last + 1 - PAGE_SIZE;
	kunit_warning_suppress(test) {
		addr = memremap(start, 2 * PAGE_SIZE, MEMREMAP_WB);
		KUNIT_EXPECT_SUPPRESSED_WARNING_COUNT(test, 1);
		KUNIT_EXPECT_NULL(test, addr);
		mm_kunit_rearm_warnings();
		addr = memremap(start, 2 * PAGE_SIZE, MEMREMAP_WT);
		KUNIT_EXPECT_SUPPRESSED_WARNING_COUNT(test, 2);
		KUNIT_EXPECT_NULL(test, addr);
	}
	KUNIT_EXPECT_EQ(test,
			region_intersects(start, 2 * PAGE_SIZE,
					  IORESOURCE_SYSTEM_RAM,
					  IORES_DESC_NONE),
			REGION_MIXED);
	if (behind)
		release_mem_region(last + 1, PAGE_SIZE);
}

/* ---- memremap() of a device ---- */

/* Whoever accepts no cache mode gets nothing, and is not to blame. */
static void memremap_without_flags(struct kunit *test)
{
	phys_addr_t phys = mappable(test);

	kunit_warning_suppress(test) {
		KUNIT_EXPECT_NULL(test, memremap(phys, PAGE_SIZE, 0));
		KUNIT_EXPECT_SUPPRESSED_WARNING_COUNT(test, 0);
	}
}

/* What has not been mapped needs no unmapping. */
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

static void memremap_device(struct kunit *test)
{
#ifdef CONFIG_INDIRECT_IOMEM
	kunit_skip(test, "needs a memunmap() that knows emulated addresses");
#else
	phys_addr_t phys = mappable(test);
	void *addr = memremap(phys + 5, PAGE_SIZE, MEMREMAP_WC);

	KUNIT_ASSERT_NOT_NULL(test, addr);
	KUNIT_EXPECT_TRUE(test, is_mapped(test, (void __iomem *)addr));
	KUNIT_EXPECT_EQ(test, offset_in_page(addr), 5);
	memunmap(addr);
	KUNIT_EXPECT_FALSE(test, is_mapped(test, (void __iomem *)addr));
	KUNIT_EXPECT_EQ(test,
			region_intersects(phys, PAGE_SIZE,
					  IORESOURCE_SYSTEM_RAM,
					  IORES_DESC_NONE),
			REGION_DISJOINT);
	KUNIT_EXPECT_NULL(test, memremap(phys, 0, MEMREMAP_WB));
#endif
}

/* The cache modes are tried in turn, until one works. */
static void memremap_tries_modes(struct kunit *test)
{
#ifdef CONFIG_INDIRECT_IOMEM
	static const struct {
		unsigned long flags;
		int modes;
	} rows[] = {
		{ MEMREMAP_WB, 1 }, { MEMREMAP_WT, 1 }, { MEMREMAP_WC, 1 },
		{ MEMREMAP_WT | MEMREMAP_WC, 2 },
		{ MEMREMAP_WB | MEMREMAP_WT | MEMREMAP_WC, 3 },
	};
	phys_addr_t phys = mappable(test);

	for (int i = 0; i < ARRAY_SIZE(rows); i++) {
		for (int refuse = 0; refuse <= rows[i].modes; refuse++) {
			void *addr;

			device_maps = 0;
			device_refuses = refuse;
			kunit_warning_suppress(test) {
				addr = memremap(phys, 4, rows[i].flags);
				KUNIT_EXPECT_SUPPRESSED_WARNING_COUNT(test,
								      refuse);
			}
			KUNIT_EXPECT_EQ_MSG(test, !!addr,
					    refuse < rows[i].modes, "row %d",
					    i);
			KUNIT_EXPECT_EQ_MSG(test, device_maps,
					    min(refuse + 1, rows[i].modes),
					    "row %d", i);
			device_refuses = 0;
			if (addr)
				iounmap((void __iomem *)addr);
		}
	}
#else
	kunit_skip(test, "needs CONFIG_INDIRECT_IOMEM");
#endif
}

/* ---- Managed by a device ---- */

static struct device *new_device(struct kunit *test)
{
	struct device *dev = kunit_device_register(test, "ioremap_kunit");

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, dev);
	return dev;
}

/* A mapping ends when its owner says so, or with its owner. */
static void devm_ioremap_unmaps(struct kunit *test)
{
	struct device *dev = new_device(test);
	phys_addr_t phys = mappable(test);
	void __iomem *addr, *wc, *kept;

	addr = devm_ioremap(dev, phys + 5, PAGE_SIZE);
	KUNIT_ASSERT_NOT_NULL(test, (__force void *)addr);
	KUNIT_EXPECT_EQ(test, offset_in_page((__force void *)addr), 5);
	kept = devm_ioremap(dev, phys + 2 * PAGE_SIZE, PAGE_SIZE);
	KUNIT_ASSERT_NOT_NULL(test, (__force void *)kept);
	devm_iounmap(dev, addr);
	KUNIT_EXPECT_FALSE(test, is_mapped(test, addr));
	KUNIT_EXPECT_TRUE(test, is_mapped(test, kept));
	kunit_warning_suppress(test) {
		devm_iounmap(dev, addr);
		KUNIT_EXPECT_SUPPRESSED_WARNING_COUNT(test, 1);
	}

	wc = devm_ioremap_wc(dev, phys, PAGE_SIZE);
	KUNIT_EXPECT_TRUE(test, is_mapped(test, wc));
	addr = devm_ioremap_uc(dev, phys + PAGE_SIZE, PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, !addr, !IS_ENABLED(CONFIG_X86) || IS_ENABLED(CONFIG_UML));

	kunit_device_unregister(test, dev);
	KUNIT_EXPECT_FALSE(test, is_mapped(test, kept));
	KUNIT_EXPECT_FALSE(test, is_mapped(test, wc));
	if (addr)
		KUNIT_EXPECT_FALSE(test, is_mapped(test, addr));
}

/* No other driver may have the same registers at a time. */
static void devm_ioremap_resource_owns_region(struct kunit *test)
{
	struct device *dev = new_device(test), *other;
	phys_addr_t phys = mappable(test);
	struct resource res = DEFINE_RES_MEM_NAMED(phys, 64, "registers");
	struct resource io = DEFINE_RES_IO(phys, 64);
	void __iomem *addr;

	addr = devm_ioremap_resource(dev, NULL);
	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO((__force void *)addr), -EINVAL);
	addr = devm_ioremap_resource(dev, &io);
	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO((__force void *)addr), -EINVAL);

	/* What cannot be mapped is not kept. */
	res.flags |= IORESOURCE_MEM_NONPOSTED;
	if (IS_ENABLED(CONFIG_X86) || IS_ENABLED(CONFIG_UML)) {
		addr = devm_ioremap_resource(dev, &res);
		KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO((__force void *)addr),
				-ENOMEM);
	}
	res.flags &= ~IORESOURCE_MEM_NONPOSTED;

	addr = devm_ioremap_resource(dev, &res);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, (__force void *)addr);
	KUNIT_EXPECT_TRUE(test, is_mapped(test, addr));
	KUNIT_EXPECT_NULL(test, request_mem_region(phys + 63, 1, "other"));

	other = kunit_device_register(test, "ioremap_kunit_other");
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, other);
	KUNIT_EXPECT_EQ(test,
			PTR_ERR_OR_ZERO((__force void *)
					devm_ioremap_resource(other, &res)),
			-EBUSY);

	kunit_device_unregister(test, dev);
	KUNIT_EXPECT_FALSE(test, is_mapped(test, addr));
	addr = devm_ioremap_resource(other, &res);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, (__force void *)addr);
	KUNIT_EXPECT_TRUE(test, is_mapped(test, addr));
}

/* It says why it fails by an error pointer, and unmaps like the others. */
static void devm_memremap_unmaps(struct kunit *test)
{
	struct device *dev = new_device(test);
	phys_addr_t phys = mappable(test);
	void *addr, *kept;

	KUNIT_EXPECT_EQ(test,
			PTR_ERR_OR_ZERO(devm_memremap(dev, phys, PAGE_SIZE, 0)),
			-ENXIO);
	addr = devm_memremap(dev, phys, PAGE_SIZE, MEMREMAP_WC);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, addr);
	KUNIT_EXPECT_TRUE(test, is_mapped(test, (void __iomem *)addr));
	kept = devm_memremap(dev, phys + PAGE_SIZE, PAGE_SIZE, MEMREMAP_WC);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, kept);

	devm_memunmap(dev, addr);
	kunit_warning_suppress(test) {
		devm_memunmap(dev, addr);
		KUNIT_EXPECT_SUPPRESSED_WARNING_COUNT(test, 1);
	}
	KUNIT_EXPECT_TRUE(test, is_mapped(test, (void __iomem *)kept));
	if (!IS_ENABLED(CONFIG_INDIRECT_IOMEM))
		KUNIT_EXPECT_FALSE(test, is_mapped(test, (void __iomem *)addr));

	kunit_device_unregister(test, dev);
	/* memunmap() does not know emulated addresses. */
	if (IS_ENABLED(CONFIG_INDIRECT_IOMEM)) {
		iounmap((void __iomem *)addr);
		iounmap((void __iomem *)kept);
	}
	KUNIT_EXPECT_FALSE(test, is_mapped(test, (void __iomem *)kept));
}

/* Mapping and owning are different things: neither does the other. */
static void request_mem_region_excludes(struct kunit *test)
{
	phys_addr_t phys = mappable(test);
	void __iomem *addr;

	KUNIT_ASSERT_NOT_NULL(test, request_mem_region(phys, PAGE_SIZE, "a"));
	KUNIT_EXPECT_NULL(test, request_mem_region(phys, PAGE_SIZE, "b"));
	KUNIT_EXPECT_NULL(test, request_mem_region(phys + PAGE_SIZE - 1, 1, "b"));
	addr = ioremap(phys, PAGE_SIZE);
	KUNIT_EXPECT_NOT_NULL(test, (__force void *)addr);
	release_mem_region(phys, PAGE_SIZE);

	KUNIT_EXPECT_TRUE(test, is_mapped(test, addr));
	KUNIT_EXPECT_NOT_NULL(test, request_mem_region(phys, PAGE_SIZE, "b"));
	release_mem_region(phys, PAGE_SIZE);
	if (addr)
		iounmap(addr);
}

/* ---- Reserved pages ---- */

/*
 * The flag keeps others off the page. Its owner maps it as any other page, and
 * counts its references.
 */
static void reserved_page_maps(struct kunit *test)
{
	struct page *page = alloc_page(GFP_KERNEL);
	char *addr, *local;

	KUNIT_ASSERT_NOT_NULL(test, page);
	KUNIT_ASSERT_EQ(test,
			kunit_add_action_or_reset(test, put_page_action, page),
			0);
	KUNIT_EXPECT_FALSE(test, PageReserved(page));
	SetPageReserved(page);
	KUNIT_EXPECT_TRUE(test, PageReserved(page));
	SetPageReserved(page);

	addr = vmap(&page, 1, VM_MAP, PAGE_KERNEL);
	if (addr) {
		memset(addr, 0x42, PAGE_SIZE);
		flush_kernel_vmap_range(addr, PAGE_SIZE);
		local = kmap_local_page(page);
		KUNIT_EXPECT_NULL(test, memchr_inv(local, 0x42, PAGE_SIZE));
		kunmap_local(local);
		KUNIT_EXPECT_PTR_EQ(test, vmalloc_to_page(addr), page);
		vunmap(addr);
	}
	KUNIT_EXPECT_NOT_NULL(test, addr);
	get_page(page);
	KUNIT_EXPECT_EQ(test, page_count(page), 2);
	put_page(page);
	KUNIT_EXPECT_EQ(test, page_count(page), 1);

	ClearPageReserved(page);
	KUNIT_EXPECT_FALSE(test, PageReserved(page));
}

/* Memory that is kept from the allocator is not counted as the allocator's. */
static void reserved_page_accounting(struct kunit *test)
{
	struct page *page = alloc_page(GFP_KERNEL);
	unsigned long total, managed;
	struct zone *zone;

	KUNIT_ASSERT_NOT_NULL(test, page);
	zone = page_zone(page);
	total = totalram_pages();
	managed = zone_managed_pages(zone);

	mark_page_reserved(page);
	KUNIT_EXPECT_TRUE(test, PageReserved(page));
	KUNIT_EXPECT_EQ(test, totalram_pages(), total - 1);
	KUNIT_EXPECT_EQ(test, zone_managed_pages(zone), managed - 1);

	/* Who kept it need not have had a reference. */
	page_ref_dec(page);
	free_reserved_page(page);
	KUNIT_EXPECT_GE(test, page_ref_count(page), 0);
	KUNIT_EXPECT_EQ(test, totalram_pages(), total);
	KUNIT_EXPECT_EQ(test, zone_managed_pages(zone), managed);
}

static struct kunit_case ioremap_cases[] = {
	KUNIT_CASE_PARAM(ioremap_range, device_range_gen_params),
	KUNIT_CASE_PARAM(ioremap_area, device_range_gen_params),
	KUNIT_CASE(ioremap_refuses_range),
	KUNIT_CASE(ioremap_refuses_beyond_physical),
	KUNIT_CASE(ioremap_twice),
	KUNIT_CASE(iounmap_in_page),
	KUNIT_CASE(iounmap_other_address),
	KUNIT_CASE(ioremap_np_unsupported),
	KUNIT_CASE_X86_PARAM(ioremap_cache_mode),
	KUNIT_CASE_X86(ioremap_conflicting_cache_mode),
	KUNIT_CASE_X86_PARAM(ioremap_refuses_ram),
	KUNIT_CASE_X86(ioremap_part_of_ram_page),
	KUNIT_CASE_PARAM(memremap_ram, memremap_ram_gen_params),
	KUNIT_CASE(memremap_high_memory),
	KUNIT_CASE(memremap_mixed),
	KUNIT_CASE_X86_PARAM(memremap_cache_mode),
	KUNIT_CASE(memremap_without_flags),
	KUNIT_CASE(memunmap_other_address),
	KUNIT_CASE(memremap_device),
	KUNIT_CASE(memremap_tries_modes),
	KUNIT_CASE(devm_ioremap_unmaps),
	KUNIT_CASE(devm_ioremap_resource_owns_region),
	KUNIT_CASE(devm_memremap_unmaps),
	KUNIT_CASE(request_mem_region_excludes),
	KUNIT_CASE(reserved_page_maps),
	KUNIT_CASE(reserved_page_accounting),
	{}
};

static struct kunit_suite ioremap_suite = {
	.name = "ioremap",
	.suite_init = ioremap_suite_init,
	.init = ioremap_test_init,
	.test_cases = ioremap_cases,
};

kunit_test_suite(ioremap_suite);

MODULE_DESCRIPTION("KUnit tests for ioremap(), memremap() and reserved pages");
MODULE_LICENSE("GPL");
