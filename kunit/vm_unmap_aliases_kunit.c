// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests for vm_unmap_aliases(): which address ranges and blocks of
 * vm_map_ram() it flushes and frees.
 */
#include <kunit/test.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/pgtable.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "mm_kunit.h"
#include "vm_map_ram_block.h"
#include "vmallocinfo.h"
#include "vmap_pages.h"

/* -- vm_unmap_aliases() ---------------------------------------------------- */

static const struct purge {
	const char *desc;
	unsigned int free;	/* pages of the block that were never used */
	unsigned int mapped;	/* slots that still are */
	bool exhausted;		/* the address space is */
	bool kept;
} purges[] = {
	{ .desc = "little_used", .free = BLOCK_PAGES / 2, .mapped = 0,
	  .exhausted = false, .kept = true },
	{ .desc = "quarter_free", .free = BLOCK_PAGES / 4, .mapped = 0,
	  .exhausted = false, .kept = true },
	{ .desc = "less_than_quarter_free", .free = BLOCK_PAGES / 4 - 1, .mapped = 0,
	  .exhausted = false, .kept = false },
	{ .desc = "almost_used_up", .free = 1, .mapped = 0, .exhausted = false,
	  .kept = false },
	{ .desc = "mapped", .free = BLOCK_PAGES / 4 - 1, .mapped = 1,
	  .exhausted = false, .kept = true },
	{ .desc = "exhausted_little_used", .free = BLOCK_PAGES / 2, .mapped = 0,
	  .exhausted = true, .kept = false },
	{ .desc = "exhausted_mapped", .free = BLOCK_PAGES / 2, .mapped = 2,
	  .exhausted = true, .kept = true },
};

KUNIT_ARRAY_PARAM_DESC(purge, purges, desc);

/*
 * vm_unmap_aliases() keeps a block without mappings if at least a quarter of
 * its pages has never been used, because the rest can still be handed out. It
 * frees the block otherwise, and in any case when the address space is
 * exhausted; a block with a mapping is never freed.
 */
static void vm_unmap_aliases_block(struct kunit *test)
{
	const struct purge *row = test->param_value;
	struct block *block = new_block(test);
	struct page *page = test->priv;
	struct ram *next;

	MM_KUNIT_ASSERT(test, block_use(test, block, BLOCK_PAGES - row->free));
	block_unmap(test, block, row->mapped);
	if (row->exhausted)
		KUNIT_ASSERT_EQ(test, exhaust_address_space(block->start), 0);
	else
		vm_unmap_aliases();

	MM_KUNIT_EXPECT(test, block_check_listed(test, block, row->kept));
	MM_KUNIT_EXPECT(test,
			vmallocinfo_check(test, block->start, BLOCK_BYTES, " unpurged vm_area",
					  false));
	if (row->mapped)
		KUNIT_EXPECT_PTR_EQ(test, vmalloc_to_page(block->start), page);
	next = map_one(test);
	if (row->kept) {
		MM_KUNIT_ASSERT(test, block_add(test, block, next));
	} else {
		KUNIT_EXPECT_PTR_NE(test, next->addr, block->start + block->used * PAGE_SIZE);
		/* The address range is free, or the next block has begun there. */
		KUNIT_EXPECT_EQ(test, block_free(block) || next->addr == block->start, true);
	}
}

#define BLOCKS		2048
/* struct vmap_block has a bitmap with a bit for each page. */
#define BLOCK_TOLERANCE	VMAP_PAGES_SLAB_TOLERANCE(BLOCKS, BLOCK_PAGES / 8)

/*
 * struct vmap_block is freed with its range of address space, because many blocks
 * are used up and freed while the system runs.
 */
static void vm_map_ram_block_freed(struct kunit *test)
{
	if (IS_ENABLED(CONFIG_KASAN_GENERIC))
		kunit_skip(test, "needs CONFIG_KASAN_GENERIC=n, whose quarantine keeps objects");

	MM_KUNIT_EXPECT(test,
			vmap_pages_check_leak(test, slab_pages_after_rcu, map_and_purge, BLOCKS,
					      BLOCK_TOLERANCE));
}

/*
 * An unmapped range waits for the flush of the TLBs, because until then another
 * CPU may still access the old pages there, and vm_unmap_aliases() flushes them
 * and frees the range.
 */
static void vm_unmap_aliases_frees_address(struct kunit *test)
{
	const unsigned int count = MAX_SMALL + 3;
	struct page **array = vmap_pages_repeat(test, count, NR_VMAP_PAGES);
	bool waits = false;

	/* Others may flush at any moment, so one of four tries has to show it. */
	for (int tries = 0; tries < 4 && !waits; tries++) {
		struct ram *ram = map_ram(test, array, count);

		unmap_ram(test, ram);
		waits = vmallocinfo_has(test, ram->addr, count * PAGE_SIZE,
					" unpurged vm_area");
		vm_unmap_aliases();
		MM_KUNIT_EXPECT_MSG(test,
				    vmallocinfo_check(test, ram->addr, count * PAGE_SIZE,
						      " unpurged vm_area", false),
				    "try %d", tries);
	}
	KUNIT_EXPECT_EQ_MSG(test, waits, true,
			    "whether an unmapped range waits, in one of 4 tries");
}

#ifdef CONFIG_UML
/* UML notes in the page table which entries its host does not know of yet. */
static unsigned int nr_unflushed(const void *addr, unsigned int count)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < count; i++)
		n += pte_needsync(ptep_get(virt_to_kpte((unsigned long)addr + i * PAGE_SIZE)));

	return n;
}
#else
static unsigned int nr_unflushed(const void *addr, unsigned int count)
{
	return 0;
}
#endif

/*
 * After vm_unmap_aliases() no TLB has an entry for an unmapped alias, because
 * callers such as set_memory_ro() then change the attributes of the page
 * (kernel-doc of vm_unmap_aliases()). A range is flushed once only: flushes of
 * large ranges are slow.
 */
static void vm_unmap_aliases_flushes(struct kunit *test)
{
	struct page **array = vmap_pages_repeat(test, MAX_SMALL + 1, NR_VMAP_PAGES);
	static const unsigned int counts[] = { 3, 4, 8, MAX_SMALL + 1, 2 };
	struct ram *ram[ARRAY_SIZE(counts)];
	unsigned int nr_areas = 0;
	struct block *block;
	bool again = true;

	if (!IS_ENABLED(CONFIG_UML))
		kunit_skip(test, "needs CONFIG_UML to see what was flushed");

	block = new_block(test);
	for (int i = 0; i < ARRAY_SIZE(counts); i++)
		ram[i] = map_ram(test, array, counts[i]);
	/* Unmap the slot with the higher address first, then the one with the lower. */
	for (int i = 0; i < 2; i++) {
		struct ram *first = ram[i ? 0 : 2], *last = ram[i ? 4 : 1];

		vm_unmap_aliases();
		unmap_ram(test, first);
		unmap_ram(test, last);
		vm_unmap_aliases();
		KUNIT_EXPECT_EQ_MSG(test, nr_unflushed(first->addr, first->count), 0,
				    "entries of the mapping that was unmapped first, round %d", i);
		KUNIT_EXPECT_EQ_MSG(test, nr_unflushed(last->addr, last->count), 0,
				    "entries of the mapping that was unmapped last, round %d", i);
		MM_KUNIT_EXPECT_MSG(test, block_check_listed(test, block, true), "round %d", i);
	}

	/* Flush the block together with an area below it, and with one above it. */
	for (int i = 0; i < 2; i++) {
		unsigned long at = (unsigned long)block->start;
		struct vm_struct *area;
		struct ram *one;

		area = __get_vm_area_caller(PAGE_SIZE, VM_MAP, i ? at + BLOCK_BYTES : VMALLOC_START,
					    i ? VMALLOC_END : at, NULL);
		if (!area)
			continue;
		nr_areas++;
		one = map_one(test);
		vm_unmap_aliases();
		free_vm_area(area);
		unmap_ram(test, one);
		vm_unmap_aliases();
		KUNIT_EXPECT_EQ_MSG(test, nr_unflushed(one->addr, 1), 0,
				    "entries of the mapping, with an area %s the block",
				    i ? "above" : "below");
	}
	KUNIT_EXPECT_GT_MSG(test, nr_areas, 0, "areas that were flushed together with the block");

	unmap_ram(test, ram[3]);
	vm_unmap_aliases();
	KUNIT_EXPECT_EQ(test, nr_unflushed(ram[3]->addr, MAX_SMALL + 1), 0);

	/* A second flush may cover the range only if others have unmapped meanwhile. */
	for (int tries = 0; tries < 4 && again; tries++) {
		unsigned long addr = (unsigned long)ram[0]->addr;

		pte_clear(&init_mm, addr, virt_to_kpte(addr));
		vm_unmap_aliases();
		again = !nr_unflushed(ram[0]->addr, 1);
	}
	KUNIT_EXPECT_EQ_MSG(test, again, false,
			    "whether the range was flushed again, in each of 4 tries");
}

static struct kunit_case vm_unmap_aliases_test_cases[] = {
	KUNIT_CASE_PARAM(vm_unmap_aliases_block, purge_gen_params),
	KUNIT_CASE(vm_map_ram_block_freed),
	KUNIT_CASE(vm_unmap_aliases_frees_address),
	KUNIT_CASE(vm_unmap_aliases_flushes),
	{}
};

static struct kunit_suite vm_unmap_aliases_test_suite = {
	.name = "vm_unmap_aliases",
	.suite_init = vmallocinfo_suite_init,
	.suite_exit = vmallocinfo_suite_exit,
	.init = vm_map_ram_test_init,
	.test_cases = vm_unmap_aliases_test_cases,
};

kunit_test_suite(vm_unmap_aliases_test_suite);

MODULE_DESCRIPTION("KUnit tests for vm_unmap_aliases()");
MODULE_LICENSE("GPL");
