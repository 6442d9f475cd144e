// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests for emulated I/O memory, lib/logic_iomem.c: accesses.
 *
 * What is promised is in the kernel-doc of struct logic_iomem_ops.
 */
#include <kunit/test.h>
#include <linux/io.h>
#include <linux/module.h>

#include "emulated_iomem.h"
#include "mm_kunit.h"

/* -- accesses to a mapping ------------------------------------------------- */

/*
 * Each accessor calls ->read or ->write once, with its size, and moves a value of
 * that size, because drivers rely on a register being accessed with the width that
 * they ask for.
 */
static void access_sizes(struct kunit *test)
{
	void __iomem *addr = iounmap_at_end(test, ioremap(first.start, 0x100));
	struct call *call = emulation.call;

	IO_ASSERT_MAPS(test, addr, "registers");
	KUNIT_EXPECT_EQ_MSG(test, __raw_readb(addr), (u8)READ_VALUE, "8 bits");
	KUNIT_EXPECT_EQ_MSG(test, __raw_readw(addr + 0x10), (u16)(READ_VALUE + 1), "16 bits");
	KUNIT_EXPECT_EQ_MSG(test, __raw_readl(addr + 0x20), (u32)(READ_VALUE + 2), "32 bits");
	__raw_writeb(0xfe, addr);
	__raw_writew(0xfedc, addr + 0x10);
	__raw_writel(0xfedcba98, addr + 0x20);
	KUNIT_ASSERT_EQ_MSG(test, emulation.calls, 6, "calls");
	MM_KUNIT_EXPECT(test, check_call(test, 0, OP_READ, 1, 0x00, 1));
	MM_KUNIT_EXPECT(test, check_call(test, 1, OP_READ, 1, 0x10, 2));
	MM_KUNIT_EXPECT(test, check_call(test, 2, OP_READ, 1, 0x20, 4));
	MM_KUNIT_EXPECT(test, check_call(test, 3, OP_WRITE, 1, 0x00, 1));
	MM_KUNIT_EXPECT(test, check_call(test, 4, OP_WRITE, 1, 0x10, 2));
	MM_KUNIT_EXPECT(test, check_call(test, 5, OP_WRITE, 1, 0x20, 4));
	KUNIT_EXPECT_EQ_MSG(test, call[3].value, 0xfe, "8 bits that are written");
	KUNIT_EXPECT_EQ_MSG(test, call[4].value, 0xfedc, "16 bits that are written");
	KUNIT_EXPECT_EQ_MSG(test, call[5].value, 0xfedcba98, "32 bits that are written");
#ifdef CONFIG_64BIT
	KUNIT_EXPECT_EQ_MSG(test, __raw_readq(addr + 0x30), READ_VALUE + 6, "64 bits");
	__raw_writeq(0xfedcba9876543210, addr + 0x40);
	KUNIT_ASSERT_EQ_MSG(test, emulation.calls, 8, "calls, with those for 64 bits");
	MM_KUNIT_EXPECT(test, check_call(test, 6, OP_READ, 1, 0x30, 8));
	MM_KUNIT_EXPECT(test, check_call(test, 7, OP_WRITE, 1, 0x40, 8));
	KUNIT_EXPECT_EQ_MSG(test, call[7].value, 0xfedcba9876543210,
			    "64 bits that are written");
#endif
}

/*
 * memset_io() and the copies call ->set, ->copy_from and ->copy_to once each, with
 * the caller's own buffer, if the mapping has these operations: that is what they
 * are for, as an emulation may have to send a message for each call.
 */
static void access_blocks(struct kunit *test)
{
	void __iomem *addr = iounmap_at_end(test, ioremap(first.start, 0x100));
	struct call *call = emulation.call;
	char buf[5];

	IO_ASSERT_MAPS(test, addr, "registers");
	memset_io(addr + 0x10, 0x42, 3);
	memcpy_fromio(buf, addr + 0x20, 4);
	memcpy_toio(addr + 0x30, buf, 5);
	KUNIT_ASSERT_EQ_MSG(test, emulation.calls, 3, "calls");
	MM_KUNIT_EXPECT(test, check_call(test, 0, OP_SET, 1, 0x10, 3));
	MM_KUNIT_EXPECT(test, check_call(test, 1, OP_COPY_FROM, 1, 0x20, 4));
	MM_KUNIT_EXPECT(test, check_call(test, 2, OP_COPY_TO, 1, 0x30, 5));
	KUNIT_EXPECT_EQ_MSG(test, call[0].value, 0x42, "value that ->set gets");
	KUNIT_EXPECT_PTR_EQ_MSG(test, call[1].buffer, (const void *)buf,
				"buffer that ->copy_from gets");
	KUNIT_EXPECT_PTR_EQ_MSG(test, call[2].buffer, (const void *)buf,
				"buffer that ->copy_to gets");
}

/*
 * If a mapping has only ->read and ->write, memset_io() and the copies call these for
 * each byte, in order, and touch no other byte, because ->set, ->copy_from and
 * ->copy_to are optional. For a size of 0 nothing is called.
 */
static void access_blocks_bytewise(struct kunit *test)
{
	u8 buf[] = { 9, 10, 11, 12, 13 };
	struct call *call = emulation.call;
	void __iomem *addr;
	int i;

	emulation.minimal = true;
	addr = iounmap_at_end(test, ioremap(first.start, 0x100));
	IO_ASSERT_MAPS(test, addr, "registers");

	memset_io(addr + 0x10, 0x42, 2);
	memcpy_fromio(buf + 1, addr + 0x20, 3);
	memcpy_toio(addr + 0x30, buf, 3);
	KUNIT_ASSERT_EQ_MSG(test, emulation.calls, 8, "calls");
	for (i = 0; i < 2; i++)
		MM_KUNIT_EXPECT_MSG(test, check_call(test, i, OP_WRITE, 1, 0x10 + i, 1),
				    "byte %d that is set", i);
	for (i = 0; i < 3; i++)
		MM_KUNIT_EXPECT_MSG(test, check_call(test, 2 + i, OP_READ, 1, 0x20 + i, 1),
				    "byte %d that is copied from the mapping", i);
	for (i = 0; i < 3; i++)
		MM_KUNIT_EXPECT_MSG(test, check_call(test, 5 + i, OP_WRITE, 1, 0x30 + i, 1),
				    "byte %d that is copied to the mapping", i);

	for (i = 0; i < 2; i++)
		KUNIT_EXPECT_EQ_MSG(test, call[i].value, 0x42, "byte %d that is set", i);
	KUNIT_EXPECT_EQ_MSG(test, buf[0], 9, "byte in front of the copy");
	for (i = 0; i < 3; i++)
		KUNIT_EXPECT_EQ_MSG(test, buf[1 + i], (u8)(READ_VALUE + 2 + i),
				    "byte %d that is copied from the mapping", i);
	KUNIT_EXPECT_EQ_MSG(test, buf[4], 13, "byte behind the copy");
	for (i = 0; i < 3; i++)
		KUNIT_EXPECT_EQ_MSG(test, call[5 + i].value, buf[i],
				    "byte %d that is copied to the mapping", i);

	memset_io(addr, 0x42, 0);
	memcpy_fromio(buf, addr, 0);
	memcpy_toio(addr, buf, 0);
	KUNIT_EXPECT_EQ_MSG(test, emulation.calls, 8, "calls, with those for no bytes");
	KUNIT_EXPECT_EQ_MSG(test, buf[0], 9, "first byte of the buffer for no bytes");
}

/* -- accesses to other addresses ------------------------------------------- */

#define USE_READ(op)						\
static u64 use_read##op(void __iomem *addr)			\
{								\
	return __raw_read##op(addr);				\
}

#define USE_WRITE(op)						\
static u64 use_write##op(void __iomem *addr)			\
{								\
	__raw_write##op(0, addr);				\
	return 0;						\
}

USE_READ(b)
USE_READ(w)
USE_READ(l)
USE_WRITE(b)
USE_WRITE(w)
USE_WRITE(l)
#ifdef CONFIG_64BIT
USE_READ(q)
USE_WRITE(q)
#endif

static u64 use_memset(void __iomem *addr)
{
	memset_io(addr, 0, 4);
	return 0;
}

/* The bytes of the buffer, of which all but the last one are copied. */
static u64 use_copy_from(void __iomem *addr)
{
	u8 buf[4] = { };

	memcpy_fromio(buf, addr, 3);
	return buf[0] | buf[1] << 8 | buf[2] << 16 | (u64)buf[3] << 24;
}

static u64 use_copy_to(void __iomem *addr)
{
	u8 buf[4] = { };

	memcpy_toio(addr, buf, 4);
	return 0;
}

static u64 use_iounmap(void __iomem *addr)
{
	iounmap(addr);
	return 0;
}

static const struct bad_use {
	const char *desc;
	u64 (*use)(void __iomem *addr);	/* returns what it has read, or 0 */
	u64 read;
} bad_uses[] = {
	{ .desc = "readb", .use = use_readb, .read = 0xff },
	{ .desc = "readw", .use = use_readw, .read = 0xffff },
	{ .desc = "readl", .use = use_readl, .read = 0xffffffff },
	{ .desc = "writeb", .use = use_writeb },
	{ .desc = "writew", .use = use_writew },
	{ .desc = "writel", .use = use_writel },
#ifdef CONFIG_64BIT
	{ .desc = "readq", .use = use_readq, .read = -1ULL },
	{ .desc = "writeq", .use = use_writeq },
#endif
	{ .desc = "memset_io", .use = use_memset },
	{ .desc = "memcpy_fromio", .use = use_copy_from, .read = 0x00ffffff },
	{ .desc = "memcpy_toio", .use = use_copy_to },
	{ .desc = "iounmap", .use = use_iounmap },
};

KUNIT_ARRAY_PARAM_DESC(bad_use, bad_uses, desc);

/*
 * Each use of a mapping after its iounmap() warns, calls no operation, and reads all
 * ones, as from a bus on which no device answers, because the emulation may have freed
 * what belongs to the mapping. Another mapping of the same region still works.
 */
static void access_after_iounmap(struct kunit *test)
{
	const struct bad_use *row = test->param_value;
	void __iomem *addr = ioremap(first.start, 4);
	void __iomem *other = iounmap_at_end(test, ioremap(first.start, 4));
	u64 read = 0;

	IO_ASSERT_MAPS(test, addr, "a register");
	IO_ASSERT_MAPS(test, other, "the same register");
	iounmap(addr);
	emulation.calls = 0;
	kunit_warning_suppress(test) {
		read = row->use(addr);
		KUNIT_EXPECT_SUPPRESSED_WARNING_COUNT(test, MM_KUNIT_WARN(1));
	}
	KUNIT_EXPECT_EQ_MSG(test, read, row->read, "what is read");
	KUNIT_EXPECT_EQ_MSG(test, emulation.calls, 0, "calls for the first mapping");

	__raw_readb(other);
	KUNIT_EXPECT_EQ_MSG(test, emulation.calls, 1, "calls for the other mapping");
	MM_KUNIT_EXPECT(test, check_call(test, 0, OP_READ, 2, 0, 1));
}

/* -- today's implementation, not promised ---------------------------------- */

/*
 * Each use of an address that no mapping can have warns twice, calls no operation,
 * and reads all ones. Once would do: the address is bad, and so the access fails.
 */
static void access_to_other_address(struct kunit *test)
{
	const struct bad_use *row = test->param_value;
	void __iomem *addr = iounmap_at_end(test, ioremap(first.start, 4));
	struct {
		const char *name;
		void __iomem *addr;
	} bad[] = {
		{ .name = "NULL" },
		{ .name = "the address in front of the first area" },
	};
	int i;

	IO_ASSERT_MAPS(test, addr, "a register");
	bad[1].addr = addr - (area_of(addr) + 1) * AREA_SIZE;
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		u64 read = 0;

		kunit_warning_suppress(test) {
			read = row->use(bad[i].addr);
			KUNIT_EXPECT_EQ_MSG(test, KUNIT_SUPPRESSED_WARNING_COUNT(),
					    MM_KUNIT_WARN(2), "warnings of %s", bad[i].name);
		}
		KUNIT_EXPECT_EQ_MSG(test, read, row->read, "what is read from %s", bad[i].name);
	}
	KUNIT_EXPECT_EQ_MSG(test, emulation.calls, 0, "calls for bad addresses");
}

static struct kunit_case logic_iomem_access_cases[] = {
	KUNIT_CASE(access_sizes),
	KUNIT_CASE(access_blocks),
	KUNIT_CASE(access_blocks_bytewise),
	KUNIT_CASE_PARAM(access_after_iounmap, bad_use_gen_params),
	KUNIT_CASE_PARAM(access_to_other_address, bad_use_gen_params),
	{}
};

static struct kunit_suite logic_iomem_access_suite = {
	.name = "logic_iomem_access",
	.suite_init = emulated_iomem_suite_init,
	.init = emulated_iomem_init,
	.test_cases = logic_iomem_access_cases,
};

kunit_test_suite(logic_iomem_access_suite);

MODULE_DESCRIPTION("KUnit tests for accesses to emulated I/O memory");
MODULE_LICENSE("GPL");
