// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests for emulated I/O memory, lib/logic_iomem.c.
 *
 * A region cannot be removed, so the two of this suite are made once and stay.
 * They lie side by side, with nothing around them:
 *
 *	| hole | first: two areas of 16 MB | second: a page | hole |
 *
 * Their operations note what they are asked for, and do what the case wants.
 */
#include <kunit/test.h>
#include <linux/err.h>
#include <linux/io.h>
#include <linux/logic_iomem.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/sizes.h>
#include <linux/string.h>
#include <linux/vmalloc.h>

#include "free_iomem.h"
#include "mm_kunit.h"

/* The part of the address space that each mapping gets, and how many there are. */
#define AREA_SIZE	SZ_16M
#define NR_AREAS	128

#define FIRST_SIZE	(2 * AREA_SIZE)
#define SECOND_SIZE	PAGE_SIZE

static struct resource first, second;

enum op { OP_READ, OP_WRITE, OP_SET, OP_COPY_FROM, OP_COPY_TO, OP_UNMAP };

#define NR_CALLS	8

/**
 * struct emulation - what the operations do, and what they were asked for
 * @map_error: what to refuse a mapping with
 * @map_offset: what to tell for the offset of the mapping, see @map
 * @no_ops: give no operations to the mapping
 * @minimal: give it the mandatory ones only
 * @maps: number of mappings asked for
 * @region: which of the regions was asked for the last one
 * @offset: its offset there
 * @size: its size
 * @calls: number of other calls
 * @call: the first of these
 */
static struct emulation {
	long map_error;
	long map_offset;
	bool no_ops;
	bool minimal;

	int maps;
	const struct resource *region;
	unsigned long offset;
	size_t size;

	int calls;
	struct call {
		enum op op;
		void *priv;
		unsigned int offset;
		int size;
		unsigned long value;
		const void *buffer;
	} call[NR_CALLS];
} emulation;

static void note(struct call call)
{
	if (emulation.calls < NR_CALLS)
		emulation.call[emulation.calls] = call;
	emulation.calls++;
}

#define VALUE	((unsigned long)0x8877665544332211ULL)

static unsigned long emulated_read(void *priv, unsigned int offset, int size)
{
	note((struct call){ OP_READ, priv, offset, size });
	return VALUE + emulation.calls - 1;
}

static void emulated_write(void *priv, unsigned int offset, int size,
			   unsigned long value)
{
	note((struct call){ OP_WRITE, priv, offset, size, value });
}

static void emulated_set(void *priv, unsigned int offset, u8 value, int size)
{
	note((struct call){ OP_SET, priv, offset, size, value });
}

static void emulated_copy_from(void *priv, void *buffer, unsigned int offset,
			       int size)
{
	note((struct call){ OP_COPY_FROM, priv, offset, size, 0, buffer });
}

static void emulated_copy_to(void *priv, unsigned int offset,
			     const void *buffer, int size)
{
	note((struct call){ OP_COPY_TO, priv, offset, size, 0, buffer });
}

static void emulated_unmap(void *priv)
{
	note((struct call){ OP_UNMAP, priv });
}

static const struct logic_iomem_ops all_ops = {
	.read = emulated_read,
	.write = emulated_write,
	.set = emulated_set,
	.copy_from = emulated_copy_from,
	.copy_to = emulated_copy_to,
	.unmap = emulated_unmap,
};

static const struct logic_iomem_ops minimal_ops = {
	.read = emulated_read,
	.write = emulated_write,
};

/* What a mapping has for its private data: the number of the mapping. */
static void *priv_of(int nr)
{
	return (void *)(long)nr;
}

static long emulated_map(const struct resource *region, unsigned long offset,
			 size_t size, const struct logic_iomem_ops **ops,
			 void **data)
{
	emulation.maps++;
	emulation.region = region;
	emulation.offset = offset;
	emulation.size = size;

	if (!emulation.no_ops)
		*ops = emulation.minimal ? &minimal_ops : &all_ops;
	*data = priv_of(emulation.maps);
	return emulation.map_error ?: emulation.map_offset;
}

static long first_map(unsigned long offset, size_t size,
		      const struct logic_iomem_ops **ops, void **data)
{
	return emulated_map(&first, offset, size, ops, data);
}

static long second_map(unsigned long offset, size_t size,
		       const struct logic_iomem_ops **ops, void **data)
{
	return emulated_map(&second, offset, size, ops, data);
}

static const struct logic_iomem_region_ops first_ops = { .map = first_map };
static const struct logic_iomem_region_ops second_ops = { .map = second_map };

static void iounmap_action(void *addr)
{
	iounmap((void __iomem *)addr);
}

/* A mapping that the case may undo by iounmap_now(). */
static void __iomem *ioremap_managed(struct kunit *test, phys_addr_t phys,
				     size_t size)
{
	void __iomem *addr = ioremap(phys, size);

	KUNIT_ASSERT_NOT_NULL(test, (__force void *)addr);
	KUNIT_ASSERT_EQ(test,
			kunit_add_action_or_reset(test, iounmap_action,
						  (__force void *)addr),
			0);
	return addr;
}

static void iounmap_now(struct kunit *test, void __iomem *addr)
{
	kunit_release_action(test, iounmap_action, (__force void *)addr);
}

/* Which of the areas it is. */
static unsigned long area_of(void __iomem *addr)
{
	return ((__force unsigned long)addr / AREA_SIZE) % NR_AREAS;
}

/* ---- Regions ---- */

/* What is no memory cannot be mapped, and two regions cannot share any. */
static void add_region_refuses(struct kunit *test)
{
	struct resource io = DEFINE_RES_IO(first.end + SZ_1G, 16);
	struct resource none = DEFINE_RES(first.end + SZ_1G, 16, 0);
	struct resource taken = DEFINE_RES_MEM(second.end, 1);
	struct resource free = DEFINE_RES_MEM(second.end + 1, 1);

	kunit_warning_suppress(test) {
		KUNIT_EXPECT_EQ(test, logic_iomem_add_region(NULL, &first_ops),
				-EINVAL);
		KUNIT_EXPECT_SUPPRESSED_WARNING_COUNT(test, 1);
		KUNIT_EXPECT_EQ(test, logic_iomem_add_region(&free, NULL),
				-EINVAL);
		KUNIT_EXPECT_SUPPRESSED_WARNING_COUNT(test, 2);
		KUNIT_EXPECT_EQ(test, logic_iomem_add_region(&io, &first_ops),
				-EINVAL);
		KUNIT_EXPECT_SUPPRESSED_WARNING_COUNT(test, 3);
		KUNIT_EXPECT_EQ(test, logic_iomem_add_region(&none, &first_ops),
				-EINVAL);
		KUNIT_EXPECT_SUPPRESSED_WARNING_COUNT(test, 4);
		KUNIT_EXPECT_LT(test,
				logic_iomem_add_region(&taken, &first_ops), 0);
		KUNIT_EXPECT_SUPPRESSED_WARNING_COUNT(test, 4);
	}
	KUNIT_EXPECT_NULL(test, free.parent);
	KUNIT_EXPECT_NULL(test, io.parent);
	KUNIT_EXPECT_NULL(test, none.parent);
	KUNIT_EXPECT_NULL(test, taken.parent);
}

/* Others see that the addresses are in use. */
static void add_region_requests_resource(struct kunit *test)
{
	struct resource res = DEFINE_RES_MEM(first.end, 1);

	KUNIT_EXPECT_PTR_EQ(test, first.parent, &iomem_resource);
	KUNIT_EXPECT_PTR_EQ(test, second.parent, &iomem_resource);
	KUNIT_EXPECT_EQ(test, request_resource(&iomem_resource, &res), -EBUSY);
}

/* ---- ioremap() and iounmap() ---- */

static const struct iomem_range {
	const char *desc;
	/* from the start of the first region */
	long offset;
	size_t size;
	const struct resource *region;
} iomem_ranges[] = {
	{ "first byte", 0, 1, &first },
	{ "register", 0x1234, 4, &first },
	{ "whole area", 0, AREA_SIZE, &first },
	{ "last byte", FIRST_SIZE - 1, 1, &first },
	{ "end", FIRST_SIZE - 8, 8, &first },
	{ "first byte of the second", FIRST_SIZE, 1, &second },
	{ "whole second", FIRST_SIZE, SECOND_SIZE, &second },
	{ "last byte of the second", FIRST_SIZE + SECOND_SIZE - 1, 1, &second },
	{ "before", -1, 1 },
	{ "from before", -1, 2 },
	{ "past the second", FIRST_SIZE + SECOND_SIZE, 1 },
	{ "to past the second", FIRST_SIZE, SECOND_SIZE + 1 },
	{ "all of the second and before", FIRST_SIZE - 1, SECOND_SIZE + 1 },
	{ "over the border", FIRST_SIZE - 1, 2 },
	{ "far away", -SZ_1M, 1 },
};

KUNIT_ARRAY_PARAM_DESC(iomem_range, iomem_ranges, desc);

/*
 * The region that has all of the range is asked for it, in terms of the region.
 * Nobody can serve a range that is not in one region.
 */
static void ioremap_range_of_region(struct kunit *test)
{
	const struct iomem_range *range = test->param_value;
	phys_addr_t phys = first.start + range->offset;
	void __iomem *addr;

	if (range->region) {
		ioremap_managed(test, phys, range->size);
		KUNIT_EXPECT_EQ(test, emulation.maps, 1);
		KUNIT_EXPECT_PTR_EQ(test, emulation.region, range->region);
		KUNIT_EXPECT_EQ(test, emulation.offset,
				phys - range->region->start);
		KUNIT_EXPECT_EQ(test, emulation.size, range->size);
	} else {
		kunit_warning_suppress(test) {
			addr = ioremap(phys, range->size);
			KUNIT_EXPECT_SUPPRESSED_WARNING_COUNT(test, 1);
		}
		KUNIT_EXPECT_NULL(test, (__force void *)addr);
		KUNIT_EXPECT_EQ(test, emulation.maps, 0);
	}
}

/*
 * The region says with what offset the mapping starts. Accesses get it, because
 * it is all that tells the region what they are for; the address has what is in
 * the page.
 */
static void ioremap_offset(struct kunit *test)
{
	static const long offsets[] = {
		0, 1, 0x123456, AREA_SIZE - 4, AREA_SIZE, AREA_SIZE + 5, 15 * AREA_SIZE + 0x1234
	};

	for (int i = 0; i < ARRAY_SIZE(offsets); i++) {
		void __iomem *addr;

		emulation = (struct emulation){ .map_offset = offsets[i] };
		addr = ioremap_managed(test, first.start, 4);
		KUNIT_EXPECT_EQ(test, offset_in_page(addr),
				offset_in_page(offsets[i]));
		__raw_readb(addr + 3);
		KUNIT_ASSERT_EQ(test, emulation.calls, 1);
		KUNIT_EXPECT_EQ(test, emulation.call[0].offset, offsets[i] + 3);
		iounmap_now(test, addr);
	}
}

/* Of nothing there is no mapping, and none around the end of the addresses. */
static void ioremap_size(struct kunit *test)
{
	KUNIT_EXPECT_NULL(test, (__force void *)ioremap(first.start, 0));
	KUNIT_EXPECT_NULL(test, (__force void *)ioremap(first.start + 5, 0));
	KUNIT_EXPECT_NULL(test, (__force void *)ioremap(first.start + 5, -4UL));
	KUNIT_EXPECT_EQ(test, emulation.maps, 0);
}

static const struct area_range {
	const char *desc;
	long offset;
	size_t size;
} area_ranges[] = {
	{ "all of an area", 0, AREA_SIZE },
	{ "end of an area", AREA_SIZE - 4, 4 },
	{ "past the end of an area", AREA_SIZE - 4, 5 },
	{ "after an area", AREA_SIZE, 4 },
	{ "an area from the middle of one", AREA_SIZE / 2, AREA_SIZE },
};

KUNIT_ARRAY_PARAM_DESC(area_range, area_ranges, desc);

/*
 * An access to the last byte is one to the mapping, whatever its offset is,
 * because the addresses behind an area belong to the mapping in the next one.
 */
static void ioremap_fits_area(struct kunit *test)
{
	const struct area_range *range = test->param_value;
	void __iomem *addr, *other;
	u8 buf[2];

	emulation.map_offset = range->offset;
	addr = ioremap_managed(test, first.start, range->size);
	other = ioremap_managed(test, first.start, 4);
	KUNIT_EXPECT_NE(test, area_of(addr), area_of(other));

	__raw_readb(addr + range->size - 1);
	__raw_writeb(0, addr + range->size - 1);
	memset_io(addr + range->size - 2, 0, 2);
	memcpy_fromio(buf, addr + range->size - 2, 2);
	memcpy_toio(addr + range->size - 2, buf, 2);
	KUNIT_ASSERT_EQ(test, emulation.calls, 5);
	for (int i = 0; i < 5; i++) {
		KUNIT_EXPECT_PTR_EQ_MSG(test, emulation.call[i].priv, priv_of(1), "call %d", i);
		KUNIT_EXPECT_EQ_MSG(test, emulation.call[i].offset,
				    range->offset + range->size - (i < 2 ? 1 : 2), "call %d", i);
	}
	iounmap_now(test, addr);
	KUNIT_EXPECT_EQ(test, emulation.call[5].op, OP_UNMAP);
	KUNIT_EXPECT_PTR_EQ(test, emulation.call[5].priv, priv_of(1));
}

/* The address is for the accessors only; nothing else may take it for one. */
static void ioremap_address_is_no_memory(struct kunit *test)
{
	void *addr = (__force void *)ioremap_managed(test, first.start, 4);

	KUNIT_EXPECT_FALSE(test, virt_addr_valid(addr));
	KUNIT_EXPECT_FALSE(test, is_vmalloc_addr(addr));
	KUNIT_EXPECT_FALSE(test, IS_ERR(addr));
}

/* A region that cannot map keeps no area, and its error goes to the caller. */
static void ioremap_map_fails(struct kunit *test)
{
	void __iomem *addr = ioremap_managed(test, first.start, 4);
	unsigned long area = area_of(addr);

	iounmap_now(test, addr);
	emulation.map_error = -ENODEV;
	kunit_warning_suppress(test) {
		addr = ioremap(first.start, 4);
		KUNIT_EXPECT_SUPPRESSED_WARNING_COUNT(test, 1);
	}
	KUNIT_EXPECT_NULL(test, (__force void *)addr);
	KUNIT_EXPECT_EQ(test, emulation.maps, 2);

	emulation.map_error = 0;
	addr = ioremap_managed(test, first.start, 4);
	KUNIT_EXPECT_EQ(test, area_of(addr), area);
}

/* Nothing could be done with a mapping that has no operations. */
static void ioremap_without_ops(struct kunit *test)
{
	void __iomem *addr;

	emulation.no_ops = true;
	kunit_warning_suppress(test) {
		addr = ioremap(first.start, 4);
		KUNIT_EXPECT_SUPPRESSED_WARNING_COUNT(test, 2);
	}
	KUNIT_EXPECT_NULL(test, (__force void *)addr);
	KUNIT_EXPECT_EQ(test, emulation.maps, 1);
}

/* Each mapping has an area of its own, until all are in use. */
static void ioremap_all_areas(struct kunit *test)
{
	DECLARE_BITMAP(seen, NR_AREAS) = { };
	void __iomem *addr, *last = NULL;
	int nr = 0, repeated = 0;

	kunit_warning_suppress(test) {
		while ((addr = ioremap(first.start, 4))) {
			last = addr;
			nr++;
			repeated += __test_and_set_bit(area_of(addr), seen);
			if (kunit_add_action_or_reset(test, iounmap_action,
						      (__force void *)addr))
				break;
		}
		KUNIT_EXPECT_SUPPRESSED_WARNING_COUNT(test, 1);
	}
	KUNIT_ASSERT_NOT_NULL(test, (__force void *)last);
	KUNIT_EXPECT_EQ(test, repeated, 0);
	KUNIT_EXPECT_EQ(test, area_of(last), NR_AREAS - 1);
	/* The region is not asked when there is no area for it. */
	KUNIT_EXPECT_EQ(test, emulation.maps, nr);

	__raw_readb(last);
	KUNIT_EXPECT_PTR_EQ(test, emulation.call[0].priv, priv_of(nr));
	iounmap_now(test, last);
	addr = ioremap_managed(test, first.start, 4);
	KUNIT_EXPECT_PTR_EQ(test, (__force void *)addr, (__force void *)last);
}

/* Each mapping is told that it ends, once, and any address in it will do. */
static void iounmap_calls_unmap(struct kunit *test)
{
	void __iomem *addr = ioremap(first.start, 0x1000);
	void __iomem *other = ioremap(first.start, 0x1000);

	iounmap(addr + 0xfff);
	KUNIT_EXPECT_EQ(test, emulation.calls, 1);
	KUNIT_EXPECT_EQ(test, emulation.call[0].op, OP_UNMAP);
	KUNIT_EXPECT_PTR_EQ(test, emulation.call[0].priv, priv_of(1));
	iounmap(other);
	KUNIT_EXPECT_EQ(test, emulation.calls, 2);
	KUNIT_EXPECT_EQ(test, emulation.call[1].op, OP_UNMAP);
	KUNIT_EXPECT_PTR_EQ(test, emulation.call[1].priv, priv_of(2));

	/* It need not want to know. */
	emulation.minimal = true;
	iounmap(ioremap(first.start, 4));
	KUNIT_EXPECT_EQ(test, emulation.calls, 2);
}

/* ---- Accesses ---- */

/* Each access is passed on, with its size, and keeps to that size. */
static void access_sizes(struct kunit *test)
{
	void __iomem *addr = ioremap_managed(test, first.start, 0x100);
	static const int sizes[] = {
		1, 2, 4,
#ifdef CONFIG_64BIT
		8,
#endif
	};
	int nr = ARRAY_SIZE(sizes);

	KUNIT_EXPECT_EQ(test, __raw_readb(addr), (u8)VALUE);
	KUNIT_EXPECT_EQ(test, __raw_readw(addr + 0x10), (u16)(VALUE + 1));
	KUNIT_EXPECT_EQ(test, __raw_readl(addr + 0x20), (u32)(VALUE + 2));
#ifdef CONFIG_64BIT
	KUNIT_EXPECT_EQ(test, __raw_readq(addr + 0x30), VALUE + 3);
#endif
	__raw_writeb(0xfe, addr);
	__raw_writew(0xfedc, addr + 0x10);
	__raw_writel(0xfedcba98, addr + 0x20);
#ifdef CONFIG_64BIT
	__raw_writeq(0xfedcba9876543210, addr + 0x30);
#endif
	KUNIT_ASSERT_EQ(test, emulation.calls, 2 * nr);
	for (int i = 0; i < 2 * nr; i++) {
		struct call *call = &emulation.call[i];

		KUNIT_EXPECT_EQ(test, call->op, i < nr ? OP_READ : OP_WRITE);
		KUNIT_EXPECT_PTR_EQ(test, call->priv, priv_of(1));
		KUNIT_EXPECT_EQ(test, call->offset, 0x10 * (i % nr));
		KUNIT_EXPECT_EQ(test, call->size, sizes[i % nr]);
	}
	KUNIT_EXPECT_EQ(test, emulation.call[nr].value, 0xfe);
	KUNIT_EXPECT_EQ(test, emulation.call[nr + 1].value, 0xfedc);
	KUNIT_EXPECT_EQ(test, emulation.call[nr + 2].value, 0xfedcba98);
#ifdef CONFIG_64BIT
	KUNIT_EXPECT_EQ(test, emulation.call[nr + 3].value, 0xfedcba9876543210);
#endif
}

/* A region may do a block in one go. */
static void access_blocks(struct kunit *test)
{
	void __iomem *addr = ioremap_managed(test, first.start, 0x100);
	struct call *call = emulation.call;
	char buf[5];

	memset_io(addr + 0x10, 0x42, 3);
	memcpy_fromio(buf, addr + 0x20, 4);
	memcpy_toio(addr + 0x30, buf, 5);
	KUNIT_ASSERT_EQ(test, emulation.calls, 3);
	for (int i = 0; i < 3; i++) {
		KUNIT_EXPECT_EQ(test, call[i].op, OP_SET + i);
		KUNIT_EXPECT_PTR_EQ(test, call[i].priv, priv_of(1));
		KUNIT_EXPECT_EQ(test, call[i].offset, 0x10 * (i + 1));
		KUNIT_EXPECT_EQ(test, call[i].size, i + 3);
	}
	KUNIT_EXPECT_EQ(test, call[0].value, 0x42);
	KUNIT_EXPECT_PTR_EQ(test, call[1].buffer, (const void *)buf);
	KUNIT_EXPECT_PTR_EQ(test, call[2].buffer, (const void *)buf);
}

/* If it does not, it is asked for each byte, in order. */
static void access_blocks_bytewise(struct kunit *test)
{
	struct call *call = emulation.call;
	u8 buf[] = { 9, 10, 11, 12, 13 };
	void __iomem *addr;

	emulation.minimal = true;
	addr = ioremap_managed(test, first.start, 0x100);

	memset_io(addr + 0x10, 0x42, 2);
	memcpy_fromio(buf + 1, addr + 0x20, 3);
	memcpy_toio(addr + 0x30, buf, 3);
	KUNIT_ASSERT_EQ(test, emulation.calls, 8);
	for (int i = 0; i < 8; i++) {
		KUNIT_EXPECT_EQ(test, call[i].op,
				i >= 2 && i < 5 ? OP_READ : OP_WRITE);
		KUNIT_EXPECT_PTR_EQ(test, call[i].priv, priv_of(1));
		KUNIT_EXPECT_EQ(test, call[i].offset,
				i < 2 ? 0x10 + i :
				i < 5 ? 0x20 + i - 2 : 0x30 + i - 5);
		KUNIT_EXPECT_EQ(test, call[i].size, 1);
	}
	KUNIT_EXPECT_EQ(test, call[0].value, 0x42);
	KUNIT_EXPECT_EQ(test, call[1].value, 0x42);
	KUNIT_EXPECT_EQ(test, buf[0], 9);
	for (int i = 0; i < 3; i++)
		KUNIT_EXPECT_EQ(test, buf[1 + i], (u8)(VALUE + 2 + i));
	KUNIT_EXPECT_EQ(test, buf[4], 13);
	for (int i = 0; i < 3; i++)
		KUNIT_EXPECT_EQ(test, call[5 + i].value, buf[i]);

	memset_io(addr, 0x42, 0);
	memcpy_fromio(buf, addr, 0);
	memcpy_toio(addr, buf, 0);
	KUNIT_EXPECT_EQ(test, emulation.calls, 8);
	KUNIT_EXPECT_EQ(test, buf[0], 9);
}

/*
 * Each use of an address that is not mapped is reported, and finds what the bus
 * has when no one answers. An address of no area at all is reported twice.
 */
static void expect_no_access(struct kunit *test, void __iomem *addr, int warnings)
{
	u8 buf[4] = { };

	kunit_warning_suppress(test) {
		KUNIT_EXPECT_EQ(test, __raw_readb(addr), 0xff);
		KUNIT_EXPECT_EQ(test, __raw_readw(addr), 0xffff);
		KUNIT_EXPECT_EQ(test, __raw_readl(addr), 0xffffffff);
		KUNIT_EXPECT_SUPPRESSED_WARNING_COUNT(test, 3 * warnings);
		__raw_writeb(0, addr);
		__raw_writew(0, addr);
		__raw_writel(0, addr);
		KUNIT_EXPECT_SUPPRESSED_WARNING_COUNT(test, 6 * warnings);
		memset_io(addr, 0, 4);
		KUNIT_EXPECT_SUPPRESSED_WARNING_COUNT(test, 7 * warnings);
		memcpy_fromio(buf, addr, 3);
		KUNIT_EXPECT_SUPPRESSED_WARNING_COUNT(test, 8 * warnings);
		memcpy_toio(addr, buf, 4);
		KUNIT_EXPECT_SUPPRESSED_WARNING_COUNT(test, 9 * warnings);
		iounmap(addr);
		KUNIT_EXPECT_SUPPRESSED_WARNING_COUNT(test, 10 * warnings);
	}
	for (int i = 0; i < 4; i++)
		KUNIT_EXPECT_EQ(test, buf[i], i < 3 ? 0xff : 0);
#ifdef CONFIG_64BIT
	kunit_warning_suppress(test) {
		KUNIT_EXPECT_EQ(test, __raw_readq(addr), -1ULL);
		__raw_writeq(0, addr);
		KUNIT_EXPECT_SUPPRESSED_WARNING_COUNT(test, 2 * warnings);
	}
#endif
}

static void access_after_iounmap(struct kunit *test)
{
	void __iomem *addr = ioremap(first.start, 4);
	void __iomem *other;

	KUNIT_ASSERT_NOT_NULL(test, (__force void *)addr);
	other = ioremap_managed(test, first.start, 4);
	iounmap(addr);
	emulation.calls = 0;
	expect_no_access(test, addr, 1);
	KUNIT_EXPECT_EQ(test, emulation.calls, 0);

	__raw_readb(other);
	KUNIT_EXPECT_EQ(test, emulation.calls, 1);
	KUNIT_EXPECT_PTR_EQ(test, emulation.call[0].priv, priv_of(2));
}

static void access_to_other_address(struct kunit *test)
{
	void __iomem *addr = ioremap_managed(test, first.start, 4);
	unsigned long bias = (__force unsigned long)addr - (area_of(addr) << 24);

	expect_no_access(test, NULL, 2);
	expect_no_access(test, (void __iomem *)(bias - AREA_SIZE), 2);
	KUNIT_EXPECT_EQ(test, emulation.calls, 0);
}

static int logic_iomem_test_init(struct kunit *test)
{
	mm_kunit_init(test);
	emulation = (struct emulation){ };
	return 0;
}

static int logic_iomem_suite_init(struct kunit_suite *suite)
{
	struct resource hole;
	int err;

	if (first.parent)
		return 0;

	err = request_free_iomem(&hole, "logic_iomem_kunit",
				 FIRST_SIZE + SECOND_SIZE + 2 * PAGE_SIZE);
	if (err)
		return err;
	release_resource(&hole);

	first = DEFINE_RES_MEM_NAMED(hole.start + PAGE_SIZE, FIRST_SIZE,
				     "logic_iomem_kunit first");
	second = DEFINE_RES_MEM_NAMED(first.end + 1, SECOND_SIZE,
				      "logic_iomem_kunit second");
	err = logic_iomem_add_region(&first, &first_ops);
	if (err)
		return err;
	/* They would refer to a module that is gone. */
	__module_get(THIS_MODULE);
	return logic_iomem_add_region(&second, &second_ops);
}

static struct kunit_case logic_iomem_cases[] = {
	KUNIT_CASE(add_region_refuses),
	KUNIT_CASE(add_region_requests_resource),
	KUNIT_CASE_PARAM(ioremap_range_of_region, iomem_range_gen_params),
	KUNIT_CASE(ioremap_offset),
	KUNIT_CASE(ioremap_size),
	KUNIT_CASE_PARAM(ioremap_fits_area, area_range_gen_params),
	KUNIT_CASE(ioremap_address_is_no_memory),
	KUNIT_CASE(ioremap_map_fails),
	KUNIT_CASE(ioremap_without_ops),
	KUNIT_CASE(ioremap_all_areas),
	KUNIT_CASE(iounmap_calls_unmap),
	KUNIT_CASE(access_sizes),
	KUNIT_CASE(access_blocks),
	KUNIT_CASE(access_blocks_bytewise),
	KUNIT_CASE(access_after_iounmap),
	KUNIT_CASE(access_to_other_address),
	{}
};

static struct kunit_suite logic_iomem_suite = {
	.name = "logic_iomem",
	.suite_init = logic_iomem_suite_init,
	.init = logic_iomem_test_init,
	.test_cases = logic_iomem_cases,
};

kunit_test_suite(logic_iomem_suite);

MODULE_DESCRIPTION("KUnit tests for emulated I/O memory");
MODULE_LICENSE("GPL");
