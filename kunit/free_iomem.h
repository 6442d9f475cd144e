/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Physical addresses that no memory and no device answers at.
 */
#ifndef _MM_TESTS_FREE_IOMEM_H
#define _MM_TESTS_FREE_IOMEM_H

#include <linux/io.h>
#include <linux/ioport.h>
#include <linux/mm.h>

/* Reserves @size bytes above the direct mapping that are nobody's. */
static inline int request_free_iomem(struct resource *res, const char *name,
				     resource_size_t size)
{
	*res = DEFINE_RES_MEM_NAMED(0, size, name);

	return allocate_resource(&iomem_resource, res, size,
				 (resource_size_t)__pa(high_memory - 1) + 1,
				 iomem_resource.end, PAGE_SIZE, NULL, NULL);
}

#endif /* _MM_TESTS_FREE_IOMEM_H */
