/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Physical addresses at which there is neither memory nor a device.
 *
 * They may be mapped, but must not be accessed.
 */
#ifndef _MM_TESTS_FREE_IOMEM_H
#define _MM_TESTS_FREE_IOMEM_H

#include <kunit/test.h>
#include <linux/io.h>
#include <linux/ioport.h>
#include <linux/mm.h>

#include "mm_kunit.h"

/* The first address behind all the memory of the direct mapping. */
static inline resource_size_t free_iomem_min(void)
{
	return (resource_size_t)__pa(high_memory - 1) + 1;
}

/**
 * request_free_iomem() - reserve unused addresses behind the direct mapping
 * @res: is set up, and inserted into iomem_resource
 * @name: of the resource
 * @size: in bytes
 *
 * Return: 0, or -EBUSY if there are no such addresses.
 */
static inline int request_free_iomem(struct resource *res, const char *name,
				     resource_size_t size)
{
	*res = DEFINE_RES_MEM_NAMED(0, size, name);

	return allocate_resource(&iomem_resource, res, size, free_iomem_min(),
				 iomem_resource.end, PAGE_SIZE, NULL, NULL);
}

static inline void release_free_iomem(void *res)
{
	release_resource(res);
}

/**
 * free_iomem() - reserve unused addresses until the case ends
 * @test: the case
 * @size: in bytes
 * @min: the lowest address that will do, above 0
 * @max: the highest one
 * @align: the alignment of the first one
 *
 * Return: the first address, or 0 if there are no such addresses; asserts if there
 * is no memory.
 */
static inline resource_size_t free_iomem(struct kunit *test, resource_size_t size,
					 resource_size_t min, resource_size_t max,
					 resource_size_t align)
{
	struct resource *res = kunit_kzalloc(test, sizeof(*res), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, res);
	res->name = "KUnit test";
	if (allocate_resource(&iomem_resource, res, size, min, max, align, NULL, NULL))
		return 0;
	mm_kunit_manage(test, release_free_iomem, res);

	return res->start;
}

#endif /* _MM_TESTS_FREE_IOMEM_H */
