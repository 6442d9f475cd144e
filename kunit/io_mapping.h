/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Mappings of ioremap() that end with the case, at the latest.
 */
#ifndef _MM_TESTS_IO_MAPPING_H
#define _MM_TESTS_IO_MAPPING_H

#include <kunit/test.h>
#include <linux/io.h>

#include "mm_kunit.h"

static inline void io_mapping_iounmap(void *addr)
{
	iounmap((void __iomem *)addr);
}

/**
 * iounmap_at_end() - leave a mapping to the case
 * @test: the case
 * @addr: what ioremap() returned; NULL does nothing
 *
 * Return: @addr.
 */
static inline void __iomem *iounmap_at_end(struct kunit *test, void __iomem *addr)
{
	if (addr)
		mm_kunit_manage(test, io_mapping_iounmap, (__force void *)addr);
	return addr;
}

/**
 * iounmap_now() - iounmap() of a mapping that was left to the case
 * @test: the case
 * @addr: as given to iounmap_at_end()
 */
static inline void iounmap_now(struct kunit *test, void __iomem *addr)
{
	kunit_release_action(test, io_mapping_iounmap, (__force void *)addr);
}

/**
 * IO_ASSERT_MAPS() - assert that ioremap() or memremap() has succeeded
 * @test: the case
 * @addr: what it returned
 * @fmt: what was to be mapped, as for printf(), with its arguments
 */
#define IO_ASSERT_MAPS(test, addr, fmt, ...)					\
	KUNIT_ASSERT_NOT_NULL_MSG(test, (__force void *)(addr), fmt, ##__VA_ARGS__)

/**
 * IO_EXPECT_REFUSED() - expect that ioremap(), or memremap() of a device, has failed
 * @test: the case
 * @addr: what it returned; if it has succeeded, the case unmaps it when it ends
 * @fmt: what was to be mapped, as for printf(), with its arguments
 */
#define IO_EXPECT_REFUSED(test, addr, fmt, ...)					\
do {										\
	struct kunit *__test = (test);						\
	void __iomem *__mapping = (void __iomem *)(addr);			\
										\
	KUNIT_EXPECT_NULL_MSG(__test, (__force void *)__mapping,		\
			      fmt, ##__VA_ARGS__);				\
	iounmap_at_end(__test, __mapping);					\
} while (0)

#endif /* _MM_TESTS_IO_MAPPING_H */
