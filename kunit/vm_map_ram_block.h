/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Mappings of vm_map_ram(), and the blocks in which they are.
 *
 * Up to MAX_SMALL pages are mapped in a slot of a block, which belongs to a CPU.
 * Slots are handed out in ascending order, each of them once: to use an address
 * again would take a flush of all TLBs. More pages get an address range of their
 * own. The thread of a case stays on its CPU, so that all slots come from the same
 * block until that is used up.
 *
 * The expected size of a block is that of mm/vmalloc.c.
 */
#ifndef _MM_TESTS_VM_MAP_RAM_BLOCK_H
#define _MM_TESTS_VM_MAP_RAM_BLOCK_H

#include <kunit/test.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/sizes.h>
#include <linux/vmalloc.h>

#include "vmallocinfo.h"
#include "vmap_pages.h"

#define MAX_SMALL	BITS_PER_LONG
#define SPACE_PAGES	((BITS_PER_LONG == 32 ? SZ_128M : SZ_128G) / PAGE_SIZE)
#define BLOCK_PAGES	MIN(1024, MAX(2 * MAX_SMALL, \
				      SPACE_PAGES / roundup_pow_of_two(NR_CPUS) / 16))
#define BLOCK_BYTES	(BLOCK_PAGES * PAGE_SIZE)

/* A mapping, undone when the case ends or by unmap_ram() before. */
struct ram {
	void *addr;
	unsigned int count;
};

static inline void unmap_ram_action(void *ctx)
{
	struct ram *ram = ctx;

	vm_unmap_ram(ram->addr, ram->count);
}

static inline struct ram *map_ram(struct kunit *test, struct page **array, unsigned int count)
{
	struct ram *ram = kunit_kmalloc(test, sizeof(*ram), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, ram);
	ram->count = count;
	ram->addr = vm_map_ram(array, count, NUMA_NO_NODE);
	KUNIT_ASSERT_NOT_NULL(test, ram->addr);
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, unmap_ram_action, ram));

	return ram;
}

static inline void unmap_ram(struct kunit *test, struct ram *ram)
{
	kunit_release_action(test, unmap_ram_action, ram);
}

/* A mapping of one page, the first of the test. */
static inline struct ram *map_one(struct kunit *test)
{
	struct page *page = test->priv;

	return map_ram(test, &page, 1);
}

/* A block that serves all requests of this CPU, and what is mapped in it. */
struct block {
	void *start;
	unsigned int used;	/* pages in the slots that were handed out */
	struct ram *rams[BLOCK_PAGES];
	unsigned int nr;
};

/* Returns whether the block has room for @count pages. */
static inline bool block_fits(struct block *block, unsigned int count)
{
	return count <= MAX_SMALL &&
	       block->used + roundup_pow_of_two(count) <= BLOCK_PAGES;
}

static inline bool in_block(struct block *block, struct ram *ram)
{
	return ram->addr >= block->start && ram->addr < block->start + BLOCK_BYTES;
}

/*
 * Adds a mapping that has just been made to the block. Returns what is wrong if it
 * is not in the next slot.
 */
static inline const char *block_add(struct kunit *test, struct block *block, struct ram *ram)
{
	void *next = block->start + block->used * PAGE_SIZE;

	if (ram->addr != next)
		return mm_kunit_wrong(test, "slot for %u pages: expected %p, found %p (block %p)",
				      ram->count, next, ram->addr, block->start);
	block->used += roundup_pow_of_two(ram->count);
	block->rams[block->nr++] = ram;

	return NULL;
}

/*
 * Returns a new block, with two mappings. The first one is so large that no older
 * block has room for it. The second one has a single page; single pages are mapped
 * and unmapped until the older blocks are used up.
 */
static inline struct block *new_block(struct kunit *test)
{
	struct page **array = vmap_pages_repeat(test, MAX_SMALL, NR_VMAP_PAGES);
	struct block *block = kunit_kzalloc(test, sizeof(*block), GFP_KERNEL);
	struct ram *ram;

	KUNIT_ASSERT_NOT_NULL(test, block);
	ram = map_ram(test, array, MAX_SMALL);
	while (!IS_ALIGNED((unsigned long)ram->addr, BLOCK_BYTES)) {
		unmap_ram(test, ram);
		ram = map_ram(test, array, MAX_SMALL);
	}
	block->start = ram->addr;
	MM_KUNIT_ASSERT(test, block_add(test, block, ram));
	ram = map_one(test);
	while (!in_block(block, ram)) {
		unmap_ram(test, ram);
		ram = map_one(test);
	}
	MM_KUNIT_ASSERT(test, block_add(test, block, ram));

	return block;
}

/* Maps single pages until so many pages of the block have been used. */
static inline const char *block_use(struct kunit *test, struct block *block, unsigned int used)
{
	const char *wrong = NULL;

	while (block->used < used && !wrong)
		wrong = block_add(test, block, map_one(test));

	return wrong;
}

static inline void block_unmap(struct kunit *test, struct block *block, unsigned int from)
{
	while (block->nr > from)
		unmap_ram(test, block->rams[--block->nr]);
}

/* Returns whether the address range of the block can be used for another area. */
static inline bool block_free(struct block *block)
{
	unsigned long start = (unsigned long)block->start;
	struct vm_struct *area;

	vm_unmap_aliases();
	area = __get_vm_area_caller(BLOCK_BYTES, VM_MAP | VM_NO_GUARD, start,
				    start + BLOCK_BYTES, NULL);
	if (area)
		free_vm_area(area);

	return area;
}

/* Checks whether /proc/vmallocinfo lists the block, as it does until it is freed. */
static inline const char *block_check_listed(struct kunit *test, struct block *block, bool listed)
{
	return vmallocinfo_check(test, block->start, BLOCK_BYTES, " vm_map_ram", listed);
}

/*
 * Asks for two pages in a range of one, which cannot succeed, so vmalloc frees all
 * that is unused before it gives up. Returns 0, or -EBUSY if there is an area.
 */
static inline int exhaust_address_space(void *at)
{
	unsigned long start = (unsigned long)at;

	return __get_vm_area_caller(2 * PAGE_SIZE, VM_MAP, start, start + PAGE_SIZE, NULL) ?
	       -EBUSY : 0;
}

static inline int map_and_purge(struct kunit *test)
{
	struct page *page = test->priv;
	void *addr = vm_map_ram(&page, 1, NUMA_NO_NODE);

	if (!addr)
		return -ENOMEM;
	vm_unmap_ram(addr, 1);

	return exhaust_address_space(addr);
}

static inline unsigned long slab_pages_after_rcu(void)
{
	kvfree_rcu_barrier();

	return vmap_pages_slab_pages();
}

static inline int vm_map_ram_test_init(struct kunit *test)
{
	int err = set_cpus_allowed_ptr(current, cpumask_of(raw_smp_processor_id()));

	return err ?: vmap_pages_init(test);
}

#endif /* _MM_TESTS_VM_MAP_RAM_BLOCK_H */
