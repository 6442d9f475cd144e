// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests for emulated I/O memory, lib/logic_iomem.c: regions and mappings.
 *
 * What is promised is in the kernel-doc of <linux/logic_iomem.h>.
 */
#include <kunit/test.h>
#include <linux/bitmap.h>
#include <linux/err.h>
#include <linux/io.h>
#include <linux/logic_iomem.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/sizes.h>

#include "emulated_iomem.h"
#include "mm_kunit.h"

/* -- regions --------------------------------------------------------------- */

/*
 * logic_iomem_add_region() refuses a missing argument and a resource that is no
 * memory, and warns, because that is a bug of the caller. It refuses a region that
 * overlaps another one without a warning, as another driver may have been faster.
 * No resource that is refused stays in iomem_resource.
 */
static void add_region_refuses(struct kunit *test)
{
	struct resource io = DEFINE_RES_IO(first.end + SZ_1G, 16);
	struct resource none = DEFINE_RES(first.end + SZ_1G, 16, 0);
	struct resource taken = DEFINE_RES_MEM(second.end, 1);
	struct resource free = DEFINE_RES_MEM(second.end + 1, 1);

	kunit_warning_suppress(test) {
		KUNIT_EXPECT_EQ_MSG(test, logic_iomem_add_region(NULL, &first_ops), -EINVAL,
				    "no resource");
		KUNIT_EXPECT_SUPPRESSED_WARNING_COUNT(test, MM_KUNIT_WARN(1));
		KUNIT_EXPECT_EQ_MSG(test, logic_iomem_add_region(&free, NULL), -EINVAL,
				    "no operations");
		KUNIT_EXPECT_SUPPRESSED_WARNING_COUNT(test, MM_KUNIT_WARN(2));
		KUNIT_EXPECT_EQ_MSG(test, logic_iomem_add_region(&io, &first_ops), -EINVAL,
				    "a resource of I/O ports");
		KUNIT_EXPECT_SUPPRESSED_WARNING_COUNT(test, MM_KUNIT_WARN(3));
		KUNIT_EXPECT_EQ_MSG(test, logic_iomem_add_region(&none, &first_ops), -EINVAL,
				    "a resource of no type");
		KUNIT_EXPECT_SUPPRESSED_WARNING_COUNT(test, MM_KUNIT_WARN(4));
		KUNIT_EXPECT_LT_MSG(test, logic_iomem_add_region(&taken, &first_ops), 0,
				    "the last byte of the second region");
		KUNIT_EXPECT_SUPPRESSED_WARNING_COUNT(test, MM_KUNIT_WARN(4));
	}
	KUNIT_EXPECT_NULL_MSG(test, free.parent, "parent of the resource without operations");
	KUNIT_EXPECT_NULL_MSG(test, io.parent, "parent of the resource of I/O ports");
	KUNIT_EXPECT_NULL_MSG(test, none.parent, "parent of the resource of no type");
	KUNIT_EXPECT_NULL_MSG(test, taken.parent, "parent of the resource that overlaps");
}

/*
 * A region is a resource of iomem_resource, so that nobody else gets its addresses,
 * and /proc/iomem shows it.
 */
static void add_region_requests_resource(struct kunit *test)
{
	struct resource res = DEFINE_RES_MEM(first.end, 1);

	KUNIT_EXPECT_PTR_EQ_MSG(test, first.parent, &iomem_resource,
				"parent of the first region");
	KUNIT_EXPECT_PTR_EQ_MSG(test, second.parent, &iomem_resource,
				"parent of the second region");
	KUNIT_EXPECT_EQ_MSG(test, request_resource(&iomem_resource, &res), -EBUSY,
			    "request of the last byte of the first region");
}

/* -- ioremap() ------------------------------------------------------------- */

static const struct iomem_range {
	const char *desc;
	long offset;			/* from the start of the first region */
	size_t size;
	const struct resource *region;	/* the one that has the range; NULL if none */
} iomem_ranges[] = {
	{ .desc = "first_byte", .offset = 0, .size = 1, .region = &first },
	{ .desc = "register", .offset = 0x1234, .size = 4, .region = &first },
	{ .desc = "whole_area", .offset = 0, .size = AREA_SIZE, .region = &first },
	{ .desc = "last_byte", .offset = FIRST_SIZE - 1, .size = 1, .region = &first },
	{ .desc = "end", .offset = FIRST_SIZE - 8, .size = 8, .region = &first },
	{ .desc = "first_byte_of_the_second",
	  .offset = FIRST_SIZE, .size = 1, .region = &second },
	{ .desc = "whole_second",
	  .offset = FIRST_SIZE, .size = SECOND_SIZE, .region = &second },
	{ .desc = "last_byte_of_the_second",
	  .offset = FIRST_SIZE + SECOND_SIZE - 1, .size = 1, .region = &second },
	{ .desc = "before", .offset = -1, .size = 1 },
	{ .desc = "from_before", .offset = -1, .size = 2 },
	{ .desc = "past_the_second", .offset = FIRST_SIZE + SECOND_SIZE, .size = 1 },
	{ .desc = "to_past_the_second", .offset = FIRST_SIZE, .size = SECOND_SIZE + 1 },
	{ .desc = "all_of_the_second_and_before",
	  .offset = FIRST_SIZE - 1, .size = SECOND_SIZE + 1 },
	{ .desc = "over_the_border", .offset = FIRST_SIZE - 1, .size = 2 },
	{ .desc = "far_away", .offset = -SZ_1M, .size = 1 },
};

KUNIT_ARRAY_PARAM_DESC(iomem_range, iomem_ranges, desc);

/*
 * ioremap() calls ->map of the region that has all of the range, with the offset in
 * that region, because the emulation of a device does not know where the region is.
 * If no region has all of the range, ioremap() warns and returns NULL, and no region
 * is asked.
 */
static void ioremap_range_of_region(struct kunit *test)
{
	const struct iomem_range *row = test->param_value;
	phys_addr_t phys = first.start + row->offset;
	void __iomem *addr = NULL;

	kunit_warning_suppress(test) {
		addr = iounmap_at_end(test, ioremap(phys, row->size));
		KUNIT_EXPECT_SUPPRESSED_WARNING_COUNT(test, MM_KUNIT_WARN(!row->region));
	}
	KUNIT_EXPECT_EQ_MSG(test, !!addr, !!row->region, "whether the range is mapped");
	KUNIT_ASSERT_EQ_MSG(test, emulation.maps, row->region ? 1 : 0, "calls of ->map");
	if (!row->region)
		return;

	KUNIT_EXPECT_STREQ_MSG(test, emulation.region->name, row->region->name,
			       "region whose ->map is called");
	KUNIT_EXPECT_EQ_MSG(test, emulation.offset, phys - row->region->start,
			    "offset that ->map gets");
	KUNIT_EXPECT_EQ_MSG(test, emulation.size, row->size, "size that ->map gets");
}

/*
 * What ->map returns is the offset of the mapping's first byte, and the operations
 * get that offset plus the one of the access, because nothing else tells them what
 * the access is for (kernel-doc of struct logic_iomem_region_ops). The offset in the
 * page is that of the address as well, as with any ioremap().
 */
static void ioremap_offset(struct kunit *test)
{
	static const long offsets[] = {
		0, 1, 0x123456, AREA_SIZE - 4, AREA_SIZE, AREA_SIZE + 5, 15 * AREA_SIZE + 0x1234
	};
	int i;

	for (i = 0; i < ARRAY_SIZE(offsets); i++) {
		void __iomem *addr;

		emulation = (struct emulation){ .map_offset = offsets[i] };
		addr = iounmap_at_end(test, ioremap(first.start, 4));
		IO_ASSERT_MAPS(test, addr, "a register, ->map returns %#lx", offsets[i]);
		KUNIT_EXPECT_EQ_MSG(test, offset_in_page(addr), offset_in_page(offsets[i]),
				    "offset in the page, ->map returns %#lx", offsets[i]);
		__raw_readb(addr + 3);
		KUNIT_EXPECT_EQ_MSG(test, emulation.calls, 1, "calls, ->map returns %#lx",
				    offsets[i]);
		MM_KUNIT_EXPECT_MSG(test, check_call(test, 0, OP_READ, 1, offsets[i] + 3, 1),
				    "->map returns %#lx", offsets[i]);
		iounmap_now(test, addr);
	}
}

static const struct area_range {
	const char *desc;
	long offset;
	size_t size;
} area_ranges[] = {
	{ .desc = "all_of_an_area", .offset = 0, .size = AREA_SIZE },
	{ .desc = "end_of_an_area", .offset = AREA_SIZE - 4, .size = 4 },
	{ .desc = "past_the_end_of_an_area", .offset = AREA_SIZE - 4, .size = 5 },
	{ .desc = "after_an_area", .offset = AREA_SIZE, .size = 4 },
	{ .desc = "an_area_from_the_middle_of_one", .offset = AREA_SIZE / 2, .size = AREA_SIZE },
};

KUNIT_ARRAY_PARAM_DESC(area_range, area_ranges, desc);

/*
 * Accesses to the last byte of a mapping are accesses to that mapping, whatever
 * offset ->map has returned, because the addresses behind the mapping's area are
 * those of another mapping:
 *
 *	|-------- area of addr --------|-------- area of other --------|
 *	            |- offset, size -|-- must not end here
 */
static void ioremap_fits_area(struct kunit *test)
{
	const struct area_range *row = test->param_value;
	unsigned long end = row->offset + row->size;
	void __iomem *addr, *other, *last;
	u8 buf[2];

	emulation.map_offset = row->offset;
	addr = iounmap_at_end(test, ioremap(first.start, row->size));
	IO_ASSERT_MAPS(test, addr, "the range");
	other = iounmap_at_end(test, ioremap(first.start, 4));
	IO_ASSERT_MAPS(test, other, "a register");
	KUNIT_EXPECT_NE_MSG(test, area_of(addr), area_of(other), "areas of the two mappings");

	last = addr + row->size - 1;
	__raw_readb(last);
	__raw_writeb(0, last);
	memset_io(last - 1, 0, 2);
	memcpy_fromio(buf, last - 1, 2);
	memcpy_toio(last - 1, buf, 2);
	KUNIT_EXPECT_EQ_MSG(test, emulation.calls, 5, "calls for accesses to the last bytes");
	MM_KUNIT_EXPECT(test, check_call(test, 0, OP_READ, 1, end - 1, 1));
	MM_KUNIT_EXPECT(test, check_call(test, 1, OP_WRITE, 1, end - 1, 1));
	MM_KUNIT_EXPECT(test, check_call(test, 2, OP_SET, 1, end - 2, 2));
	MM_KUNIT_EXPECT(test, check_call(test, 3, OP_COPY_FROM, 1, end - 2, 2));
	MM_KUNIT_EXPECT(test, check_call(test, 4, OP_COPY_TO, 1, end - 2, 2));

	iounmap_now(test, addr);
	MM_KUNIT_EXPECT(test, check_call(test, 5, OP_UNMAP, 1, 0, 0));
}

/*
 * The address of an emulated mapping is no kernel address, vmalloc address or error
 * pointer, because only the accessors of <linux/io.h> can do something with it: what
 * tests for these three must not take it for one.
 */
static void ioremap_address_is_no_memory(struct kunit *test)
{
	void __iomem *io = iounmap_at_end(test, ioremap(first.start, 4));
	void *addr = (__force void *)io;

	IO_ASSERT_MAPS(test, io, "a register");
	KUNIT_EXPECT_EQ_MSG(test, virt_addr_valid(addr), false, "virt_addr_valid() of %lx",
			    (unsigned long)addr);
	/* 32-bit UML gives all addresses that processes do not have to vmalloc(). */
	if (IS_ENABLED(CONFIG_64BIT))
		KUNIT_EXPECT_EQ_MSG(test, is_vmalloc_addr(addr), false, "is_vmalloc_addr() of %lx",
				    (unsigned long)addr);
	KUNIT_EXPECT_EQ_MSG(test, IS_ERR(addr), false, "IS_ERR() of %lx",
			    (unsigned long)addr);
}

/*
 * If ->map fails, ioremap() warns and returns NULL, and the next mapping gets the
 * area: a device that cannot be mapped must not use up the 128 areas there are.
 */
static void ioremap_map_fails(struct kunit *test)
{
	void __iomem *addr = iounmap_at_end(test, ioremap(first.start, 4));
	unsigned long area;

	IO_ASSERT_MAPS(test, addr, "a register");
	area = area_of(addr);
	iounmap_now(test, addr);

	emulation.map_error = -ENODEV;
	kunit_warning_suppress(test) {
		IO_EXPECT_REFUSED(test, ioremap(first.start, 4), "a register, ->map fails");
		KUNIT_EXPECT_SUPPRESSED_WARNING_COUNT(test, MM_KUNIT_WARN(1));
	}
	KUNIT_EXPECT_EQ_MSG(test, emulation.maps, 2, "calls of ->map");

	emulation.map_error = 0;
	addr = iounmap_at_end(test, ioremap(first.start, 4));
	IO_ASSERT_MAPS(test, addr, "a register, ->map succeeds again");
	KUNIT_EXPECT_EQ_MSG(test, area_of(addr), area, "area of the next mapping");
}

/*
 * If ->map succeeds without storing operations, ioremap() warns and returns NULL,
 * because ->map must store them, and an access would call a NULL pointer.
 */
static void ioremap_without_ops(struct kunit *test)
{
	emulation.no_ops = true;
	kunit_warning_suppress(test) {
		IO_EXPECT_REFUSED(test, ioremap(first.start, 4), "a register without operations");
		/* One of ->map, one of the ioremap() that fails. */
		KUNIT_EXPECT_SUPPRESSED_WARNING_COUNT(test, MM_KUNIT_WARN(2));
	}
	KUNIT_EXPECT_EQ_MSG(test, emulation.maps, 1, "calls of ->map");
}

/* -- iounmap() ------------------------------------------------------------- */

/*
 * iounmap() of any address in a mapping calls ->unmap of that mapping once, so that
 * the emulation can free what belongs to it. A mapping need not have ->unmap.
 */
static void iounmap_calls_unmap(struct kunit *test)
{
	void __iomem *addr = ioremap(first.start, 0x1000);
	void __iomem *other = ioremap(first.start, 0x1000);
	void __iomem *minimal;

	emulation.minimal = true;
	minimal = ioremap(first.start, 4);
	IO_ASSERT_MAPS(test, addr, "a page");
	IO_ASSERT_MAPS(test, other, "the same page");
	IO_ASSERT_MAPS(test, minimal, "a register without ->unmap");

	iounmap(addr + 0xfff);
	KUNIT_EXPECT_EQ_MSG(test, emulation.calls, 1, "calls by iounmap() of the first mapping");
	MM_KUNIT_EXPECT(test, check_call(test, 0, OP_UNMAP, 1, 0, 0));
	iounmap(other);
	KUNIT_EXPECT_EQ_MSG(test, emulation.calls, 2, "calls by iounmap() of both mappings");
	MM_KUNIT_EXPECT(test, check_call(test, 1, OP_UNMAP, 2, 0, 0));
	iounmap(minimal);
	KUNIT_EXPECT_EQ_MSG(test, emulation.calls, 2, "calls by iounmap() of all mappings");
}

/* -- today's implementation, not promised ---------------------------------- */

/*
 * There are 128 areas, and each mapping has one of its own. When all are in use,
 * ioremap() warns and returns NULL without calling ->map, and iounmap() of any
 * mapping makes room for the next one: the number of areas is a choice, so that an
 * address has enough bits for the offset in an area.
 */
static void ioremap_all_areas(struct kunit *test)
{
	DECLARE_BITMAP(seen, NR_AREAS) = { };
	void __iomem *addr, *last = NULL;
	int nr = 0, repeated = 0;

	kunit_warning_suppress(test) {
		while (nr < 2 * NR_AREAS) {
			addr = iounmap_at_end(test, ioremap(first.start, 4));
			if (!addr)
				break;
			last = addr;
			nr++;
			repeated += __test_and_set_bit(area_of(addr), seen);
		}
		KUNIT_EXPECT_SUPPRESSED_WARNING_COUNT(test, MM_KUNIT_WARN(1));
	}
	IO_ASSERT_MAPS(test, last, "at least one register");
	KUNIT_EXPECT_EQ_MSG(test, repeated, 0, "mappings with the area of another one");
	KUNIT_EXPECT_EQ_MSG(test, area_of(last), NR_AREAS - 1, "area of the last mapping");
	KUNIT_EXPECT_EQ_MSG(test, emulation.maps, nr, "calls of ->map");

	__raw_readb(last);
	MM_KUNIT_EXPECT(test, check_call(test, 0, OP_READ, nr, 0, 1));
	iounmap_now(test, last);
	addr = iounmap_at_end(test, ioremap(first.start, 4));
	KUNIT_EXPECT_PTR_EQ_MSG(test, (__force void *)addr, (__force void *)last,
				"address of the next mapping");
}

static struct kunit_case logic_iomem_cases[] = {
	KUNIT_CASE(add_region_refuses),
	KUNIT_CASE(add_region_requests_resource),
	KUNIT_CASE_PARAM(ioremap_range_of_region, iomem_range_gen_params),
	KUNIT_CASE(ioremap_offset),
	KUNIT_CASE_PARAM(ioremap_fits_area, area_range_gen_params),
	KUNIT_CASE(ioremap_address_is_no_memory),
	KUNIT_CASE(ioremap_map_fails),
	KUNIT_CASE(ioremap_without_ops),
	KUNIT_CASE(iounmap_calls_unmap),
	KUNIT_CASE(ioremap_all_areas),
	{}
};

static struct kunit_suite logic_iomem_suite = {
	.name = "logic_iomem",
	.suite_init = emulated_iomem_suite_init,
	.init = emulated_iomem_init,
	.test_cases = logic_iomem_cases,
};

kunit_test_suite(logic_iomem_suite);

MODULE_DESCRIPTION("KUnit tests for emulated I/O memory");
MODULE_LICENSE("GPL");
