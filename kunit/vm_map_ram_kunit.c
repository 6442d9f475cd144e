// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests for vm_map_ram(), vm_unmap_ram() and vm_unmap_aliases().
 *
 * Up to MAX_SMALL pages are mapped in a slot of a block, which belongs to a
 * CPU. Slots are handed out in ascending order, each only once: to use an
 * address again would take a flush of all TLBs. What is larger gets an address
 * range of its own. The thread of a case stays on its CPU, so that all slots
 * come from the same block until that is used up.
 *
 * The expected geometry of a block is that of mm/vmalloc.c.
 */
#include <kunit/test.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/pgtable.h>
#include <linux/sched.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/uio.h>
#include <linux/vmalloc.h>

#include "mm_kunit.h"
#include "vmallocinfo.h"
#include "vmap_pages.h"

#define MAX_SMALL	BITS_PER_LONG
#define SPACE_PAGES	((BITS_PER_LONG == 32 ? SZ_128M : SZ_128G) / PAGE_SIZE)
#define BLOCK_PAGES	MIN(1024, MAX(2 * MAX_SMALL, \
				      SPACE_PAGES / roundup_pow_of_two(NR_CPUS) / 16))
#define BLOCK_BYTES	(BLOCK_PAGES * PAGE_SIZE)

KUNIT_ARRAY_PARAM_DESC(page_order, page_orders, desc);
KUNIT_ARRAY_PARAM_DESC(mix, mixes, desc);

/* A mapping, undone when the case ends or by unmap_ram() before. */
struct ram {
	void *addr;
	unsigned int count;
};

static void unmap_ram_action(void *ctx)
{
	struct ram *ram = ctx;

	vm_unmap_ram(ram->addr, ram->count);
}

static struct ram *map_ram(struct kunit *test, struct page **array, unsigned int count)
{
	struct ram *ram = kunit_kmalloc(test, sizeof(*ram), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, ram);
	ram->count = count;
	ram->addr = vm_map_ram(array, count, NUMA_NO_NODE);
	KUNIT_ASSERT_NOT_NULL(test, ram->addr);
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, unmap_ram_action, ram));

	return ram;
}

static void unmap_ram(struct kunit *test, struct ram *ram)
{
	kunit_release_action(test, unmap_ram_action, ram);
}

/* A mapping of one page, the first of the test. */
static struct ram *map_one(struct kunit *test)
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

/* Whether it has room for so many pages. */
static bool block_fits(struct block *block, unsigned int count)
{
	return count <= MAX_SMALL &&
	       block->used + roundup_pow_of_two(count) <= BLOCK_PAGES;
}

static bool in_block(struct block *block, struct ram *ram)
{
	return ram->addr >= block->start && ram->addr < block->start + BLOCK_BYTES;
}

static void block_add(struct kunit *test, struct block *block, struct ram *ram)
{
	KUNIT_ASSERT_PTR_EQ(test, ram->addr, block->start + block->used * PAGE_SIZE);
	block->used += roundup_pow_of_two(ram->count);
	block->rams[block->nr++] = ram;
}

/*
 * A new block. The first mapping in it is a large one, for which no other
 * block has room, and the second one is of a single page, for which no other
 * block has room either once they are used up.
 */
static struct block *new_block(struct kunit *test)
{
	struct page **array = array_repeating(test, MAX_SMALL, NR_PAGES);
	struct block *block = kunit_kzalloc(test, sizeof(*block), GFP_KERNEL);
	struct ram *ram;

	KUNIT_ASSERT_NOT_NULL(test, block);
	ram = map_ram(test, array, MAX_SMALL);
	while (!IS_ALIGNED((unsigned long)ram->addr, BLOCK_BYTES)) {
		unmap_ram(test, ram);
		ram = map_ram(test, array, MAX_SMALL);
	}
	block->start = ram->addr;
	block_add(test, block, ram);
	ram = map_one(test);
	while (!in_block(block, ram)) {
		unmap_ram(test, ram);
		ram = map_one(test);
	}
	block_add(test, block, ram);

	return block;
}

/* Maps single pages until so many pages of the block have been used. */
static void block_use(struct kunit *test, struct block *block, unsigned int used)
{
	while (block->used < used)
		block_add(test, block, map_one(test));
}

static void block_unmap(struct kunit *test, struct block *block, unsigned int from)
{
	while (block->nr > from)
		unmap_ram(test, block->rams[--block->nr]);
}

/* Whether the address range of the block can be had for something else. */
static bool block_free(struct block *block)
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

static bool block_listed(struct kunit *test, struct block *block)
{
	return vmallocinfo_has(test, block->start, BLOCK_BYTES, " vm_map_ram");
}

/* ---- Where the pages are mapped, and how ---- */

/*
 * Entry i is page i of the mapping, whatever the order of the page frames, and
 * the mapping is an alias. No references are taken, and the array is not
 * needed any more.
 */
static void expect_maps(struct kunit *test, struct page **array,
			const u8 *index, unsigned int count)
{
	size_t size = count * sizeof(*array);
	struct page **copy = kunit_kmalloc(test, size, GFP_KERNEL);
	struct ram *ram;

	KUNIT_ASSERT_NOT_NULL(test, copy);
	memcpy(copy, array, size);
	ram = map_ram(test, array, count);
	memset(array, 0xff, size);
	KUNIT_EXPECT_EQ(test, mapped_as(ram->addr, copy, count), count);
	KUNIT_EXPECT_EQ(test, shown_as(ram->addr, index, count), count);
	KUNIT_EXPECT_EQ(test, nr_unshared(test), NR_PAGES);

	memset(ram->addr + (count - 1) * PAGE_SIZE, 0x80, PAGE_SIZE);
	flush_kernel_vmap_range(ram->addr, count * PAGE_SIZE);
	memcpy_from_page((char *)array, copy[count - 1], PAGE_SIZE - size, size);
	KUNIT_EXPECT_NULL(test, memchr_inv(array, 0x80, size));

	unmap_ram(test, ram);
	KUNIT_EXPECT_EQ(test, mapped_as(ram->addr, NULL, count), count);
	KUNIT_EXPECT_EQ(test, nr_unshared(test), NR_PAGES);
}

static void vm_map_ram_maps_in_order(struct kunit *test)
{
	const struct page_order *order = test->param_value;

	expect_maps(test, array_of(test, order - page_orders), order->index, NR_PAGES);
}

static void vm_map_ram_compound_pages(struct kunit *test)
{
	const struct mix *mix = test->param_value;
	struct page **pages = mix_pages(test);

	expect_maps(test, array_of_mix(test, pages, mix), mix->index, mix->count);
	for (int i = NR_PAGES; i < NR_MIX_PAGES; i++)
		KUNIT_EXPECT_EQ_MSG(test, page_count(pages[i]), 1, "page %d", i);
}

static const struct count {
	const char *desc;
	unsigned int count;
} counts[] = {
	{ "one", 1 },
	{ "two", 2 },
	{ "three", 3 },
	{ "four", 4 },
	{ "five", 5 },
	{ "half_of_small", MAX_SMALL / 2 },
	{ "more_than_half_of_small", MAX_SMALL / 2 + 1 },
	{ "almost_small", MAX_SMALL - 1 },
	{ "small", MAX_SMALL },
	{ "large", MAX_SMALL + 1 },
	{ "two_page_tables", 2 * MAX_PTRS_PER_PTE + 1 },
};

KUNIT_ARRAY_PARAM_DESC(count, counts, desc);

/*
 * A slot has a power of two of pages, of which the last ones may be unused. A
 * large mapping has neither that nor a guard page, but its own address range.
 * Neither is a vm_struct: find_vm_area() would be used to free it.
 */
static void vm_map_ram_address(struct kunit *test)
{
	const struct count *row = test->param_value;
	struct page **array = array_repeating(test, row->count, NR_PAGES - 1);
	struct block *block = new_block(test);
	bool small = block_fits(block, row->count);
	struct ram *ram = map_ram(test, array, row->count);
	unsigned long size = row->count * PAGE_SIZE;

	KUNIT_EXPECT_TRUE(test, is_vmalloc_addr(ram->addr));
	KUNIT_EXPECT_EQ(test, mapped_as(ram->addr, array, row->count), row->count);
	KUNIT_EXPECT_NULL(test, find_vm_area(ram->addr));
	KUNIT_EXPECT_EQ(test, in_block(block, ram), small);
	KUNIT_EXPECT_EQ(test, vmallocinfo_has(test, ram->addr, size, " vm_map_ram"),
			row->count > MAX_SMALL);
	KUNIT_EXPECT_TRUE(test, block_listed(test, block));
	if (small) {
		block_add(test, block, ram);
		KUNIT_EXPECT_EQ(test, mapped_as(ram->addr + size, NULL,
						roundup_pow_of_two(row->count) - row->count),
				roundup_pow_of_two(row->count) - row->count);
	}
	/* It begins where the last one ends. */
	block_add(test, block, map_one(test));

	unmap_ram(test, ram);
	KUNIT_EXPECT_EQ(test, mapped_as(ram->addr, NULL, row->count), row->count);
	KUNIT_EXPECT_FALSE(test, vmallocinfo_has(test, ram->addr, size, " vm_map_ram"));
	KUNIT_EXPECT_TRUE(test, block_listed(test, block));
	KUNIT_EXPECT_EQ(test, nr_unshared(test), NR_PAGES);
}

/* The caller has no say in it: readable, writable, not executable. */
static void vm_map_ram_prot(struct kunit *test)
{
	struct page *page = test->priv;
	unsigned long addr = (unsigned long)map_ram(test, &page, 1)->addr;

	KUNIT_EXPECT_TRUE(test, pte_same(ptep_get(virt_to_kpte(addr)),
					 mk_pte(page, PAGE_KERNEL)));
}

/* ---- Blocks ---- */

/*
 * Until the TLBs are flushed another CPU may still see what was mapped there,
 * so not even a slot which has been unmapped may be handed out again.
 */
static void vm_map_ram_slot_not_reused(struct kunit *test)
{
	struct block *block = new_block(test);

	for (int i = 0; i < 3; i++) {
		block_add(test, block, map_one(test));
		block_unmap(test, block, block->nr - 1);
	}
}

/* Up to its last page, and then there is a new one. */
static void vm_map_ram_uses_up_block(struct kunit *test)
{
	struct block *block = new_block(test), *next;
	struct page **array = array_repeating(test, 3, 1);
	struct page *page = test->priv;
	bool ok = true;

	block_use(test, block, BLOCK_PAGES - 4);
	block_add(test, block, map_ram(test, array, 3));
	next = new_block(test);
	KUNIT_EXPECT_PTR_NE(test, next->start, block->start);
	for (unsigned int i = 1; i < block->nr && ok; i++)
		ok = vmalloc_to_page(block->rams[i]->addr) == page;
	KUNIT_EXPECT_TRUE(test, ok);

	/* It is freed with the last mapping, in whatever order they go. */
	for (unsigned int i = 0; i < block->nr; i += 2)
		unmap_ram(test, block->rams[i]);
	for (unsigned int i = 1; i < block->nr; i += 2) {
		if (i + 2 >= block->nr)
			KUNIT_EXPECT_TRUE(test, block_listed(test, block));
		unmap_ram(test, block->rams[i]);
	}
	KUNIT_EXPECT_FALSE(test, block_listed(test, block));
	KUNIT_EXPECT_TRUE(test, block_free(block));
	KUNIT_EXPECT_TRUE(test, block_listed(test, next));
}

/* Debuggers read what is mapped, from the first page of the block on. */
static void vread_iter_of_block(struct kunit *test)
{
	u8 *buf = kunit_kmalloc(test, PAGE_SIZE, GFP_KERNEL);
	struct kvec kvec = { .iov_base = buf, .iov_len = PAGE_SIZE };
	struct block *block = new_block(test);
	struct iov_iter iter;

	KUNIT_ASSERT_NOT_NULL(test, buf);
	iov_iter_kvec(&iter, ITER_DEST, &kvec, 1, PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, vread_iter(&iter, block->start, PAGE_SIZE), PAGE_SIZE);
	KUNIT_EXPECT_NULL(test, memchr_inv(buf, 1, PAGE_SIZE));

	unmap_ram(test, block->rams[0]);
	iov_iter_kvec(&iter, ITER_DEST, &kvec, 1, PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, vread_iter(&iter, block->start, PAGE_SIZE), PAGE_SIZE);
	KUNIT_EXPECT_NULL(test, memchr_inv(buf, 0, PAGE_SIZE));
}

/* What does not fit goes elsewhere. What does still fit must not. */
static void vm_map_ram_rest_of_block(struct kunit *test)
{
	struct page **array = array_repeating(test, MAX_SMALL, NR_PAGES);
	struct block *block = new_block(test);
	struct ram *other;

	block_use(test, block, BLOCK_PAGES - MAX_SMALL / 2);
	other = map_ram(test, array, MAX_SMALL);
	KUNIT_EXPECT_FALSE(test, in_block(block, other));
	KUNIT_EXPECT_EQ(test, mapped_as(other->addr, array, MAX_SMALL), MAX_SMALL);

	block_add(test, block, map_ram(test, array, MAX_SMALL / 2));
	KUNIT_EXPECT_FALSE(test, in_block(block, map_one(test)));
}

/* The block goes by the address, not by the CPU on which that is unmapped. */
static void vm_unmap_ram_on_another_cpu(struct kunit *test)
{
	struct block *block = new_block(test);
	int cpu = cpumask_any_but(cpu_online_mask, raw_smp_processor_id());

	if (cpu >= nr_cpu_ids)
		kunit_skip(test, "needs two CPUs");

	block_use(test, block, BLOCK_PAGES);
	KUNIT_ASSERT_EQ(test, set_cpus_allowed_ptr(current, cpumask_of(cpu)), 0);
	KUNIT_EXPECT_FALSE(test, in_block(block, map_one(test)));
	KUNIT_EXPECT_TRUE(test, block_listed(test, block));
	block_unmap(test, block, 0);
	KUNIT_EXPECT_FALSE(test, block_listed(test, block));
}

/* ---- What is refused ---- */

static const struct refusal {
	const char *desc;
	unsigned int count;
	enum { NOTHING, NULL_PAGE, NO_PFN } what;
	unsigned int bad;	/* the entry that is not a good page */
} refusals[] = {
	{ "no_pages", 0 },
	{ "null_page_only", 1, NULL_PAGE },
	{ "null_page_first", 5, NULL_PAGE },
	{ "null_page_middle", 5, NULL_PAGE, 2 },
	{ "null_page_last", 5, NULL_PAGE, 4 },
	{ "null_page_small", MAX_SMALL, NULL_PAGE, MAX_SMALL - 1 },
	{ "null_page_large", MAX_SMALL + 1, NULL_PAGE, MAX_SMALL },
	{ "null_page_more_than_ram", UINT_MAX, NULL_PAGE },
	{ "no_pfn_first", 5, NO_PFN },
	{ "no_pfn_last", 5, NO_PFN, 4 },
	{ "no_pfn_large", MAX_SMALL + 1, NO_PFN, MAX_SMALL / 2 },
};

KUNIT_ARRAY_PARAM_DESC(refusal, refusals, desc);

/*
 * No half of a mapping stays behind. A slot is lost though, since its address
 * may be in a TLB already; but no more than one.
 */
static void vm_map_ram_refuses(struct kunit *test)
{
	const struct refusal *row = test->param_value;
	unsigned int count = row->count, nr = min(count, MAX_SMALL + 1);
	struct page **array = array_repeating(test, MAX_SMALL + 1, NR_PAGES);
	struct block *block;
	void *addr, *would_be;
	bool small;

	if (count == UINT_MAX) {
		if (!IS_ENABLED(CONFIG_64BIT) || IS_ENABLED(CONFIG_KASAN_VMALLOC))
			kunit_skip(test, "needs more address space than RAM");
		/* Unlike vmap() it does not know about RAM, but stops here. */
		count = totalram_pages() + 1;
	}

	block = new_block(test);
	small = !count || block_fits(block, count);
	if (small) {
		would_be = block->start + block->used * PAGE_SIZE;
		block->used += count ? roundup_pow_of_two(count) : 0;
	} else {
		/* Where it would be mapped, unless another CPU is faster. */
		struct ram *ram;

		vm_unmap_aliases();
		ram = map_ram(test, array, MAX_SMALL + 1);
		would_be = ram->addr;
		unmap_ram(test, ram);
		vm_unmap_aliases();
	}

	if (row->what)
		array[row->bad] = row->what == NO_PFN ? page_without_pfn(test) : NULL;
	kunit_warning_suppress(test) {
		addr = vm_map_ram(array, count, NUMA_NO_NODE);
		KUNIT_EXPECT_SUPPRESSED_WARNING_COUNT(test, WARNINGS(1));
	}
	KUNIT_EXPECT_NULL(test, addr);
	if (!find_vm_area(would_be))
		KUNIT_EXPECT_EQ(test, mapped_as(would_be, NULL, nr), nr);
	KUNIT_EXPECT_FALSE(test, !small && vmallocinfo_has(test, would_be, count * PAGE_SIZE,
							   " vm_map_ram"));
	KUNIT_EXPECT_EQ(test, nr_unshared(test), NR_PAGES);

	block_add(test, block, map_one(test));
}

/* The size in bytes of so many pages looks like that of one of them. */
static void vm_map_ram_size_wraps(struct kunit *test)
{
	struct page **array = array_of(test, ASCENDING);
	unsigned int count = BIT(32 - PAGE_SHIFT) + 1;
	void *addr;

	if (IS_ENABLED(CONFIG_64BIT))
		kunit_skip(test, "needs 32-bit addresses");

	addr = vm_map_ram(array, count, NUMA_NO_NODE);
	KUNIT_EXPECT_NULL(test, addr);
	if (addr)
		vm_unmap_ram(addr, count);
}

/* To unmap twice what is large is reported, and harms nobody else. */
static void vm_unmap_ram_twice(struct kunit *test)
{
	struct page **array = array_repeating(test, MAX_SMALL + 1, NR_PAGES);
	struct ram *ram, *other;

	if (IS_ENABLED(CONFIG_KASAN_VMALLOC))
		kunit_skip(test, "KASAN may have no shadow memory for it any more");

	ram = map_ram(test, array, MAX_SMALL + 1);
	other = map_ram(test, array, MAX_SMALL + 1);
	unmap_ram(test, ram);
	kunit_warning_suppress(test) {
		vm_unmap_ram(ram->addr, ram->count);
		/* Once a boot, so it may not be for us. */
		KUNIT_EXPECT_LE(test, KUNIT_SUPPRESSED_WARNING_COUNT(), WARNINGS(1));
	}
	KUNIT_EXPECT_EQ(test, mapped_as(other->addr, array, other->count), other->count);
}

/*
 * vunmap() and vfree() report what is not theirs, and leave it in place:
 * vm_unmap_ram() is still to come.
 */
static void vunmap_of_vm_map_ram(struct kunit *test)
{
	struct page **array = array_repeating(test, MAX_SMALL + 1, NR_PAGES);
	struct block *block = new_block(test);
	struct ram *ram = map_ram(test, array, MAX_SMALL + 1);

	kunit_warning_suppress(test) {
		vunmap(block->start);
		vfree(ram->addr);
		KUNIT_EXPECT_SUPPRESSED_WARNING_COUNT(test, WARNINGS(2));
	}
	KUNIT_EXPECT_EQ(test, mapped_as(block->start, array, MAX_SMALL), MAX_SMALL);
	KUNIT_EXPECT_EQ(test, mapped_as(ram->addr, array, ram->count), ram->count);
	KUNIT_EXPECT_TRUE(test, block_listed(test, block));
	KUNIT_EXPECT_TRUE(test, vmallocinfo_has(test, ram->addr, ram->count * PAGE_SIZE,
						" vm_map_ram"));
	unmap_ram(test, ram);
	KUNIT_EXPECT_EQ(test, mapped_as(ram->addr, NULL, ram->count), ram->count);
}

static void vm_unmap_ram_spares_neighbours(struct kunit *test)
{
	const struct count *row = test->param_value;
	struct page **array = array_repeating(test, row->count, NR_PAGES);
	struct ram *ram[3];

	new_block(test);
	for (int i = 0; i < ARRAY_SIZE(ram); i++)
		ram[i] = map_ram(test, array, row->count);

	unmap_ram(test, ram[1]);
	KUNIT_EXPECT_EQ(test, mapped_as(ram[0]->addr, array, row->count), row->count);
	KUNIT_EXPECT_EQ(test, mapped_as(ram[1]->addr, NULL, row->count), row->count);
	KUNIT_EXPECT_EQ(test, mapped_as(ram[2]->addr, array, row->count), row->count);
}

/* ---- vm_unmap_aliases() ---- */

static const struct purge {
	const char *desc;
	unsigned int free;	/* pages of the block that were never used */
	unsigned int mapped;	/* slots that still are */
	bool exhausted;		/* the address space is */
	bool kept;
} purges[] = {
	{ "little_used", BLOCK_PAGES / 2, 0, false, true },
	{ "quarter_free", BLOCK_PAGES / 4, 0, false, true },
	{ "less_than_quarter_free", BLOCK_PAGES / 4 - 1, 0, false, false },
	{ "almost_used_up", 1, 0, false, false },
	{ "mapped", BLOCK_PAGES / 4 - 1, 1, false, true },
	{ "exhausted_little_used", BLOCK_PAGES / 2, 0, true, false },
	{ "exhausted_mapped", BLOCK_PAGES / 2, 2, true, true },
};

KUNIT_ARRAY_PARAM_DESC(purge, purges, desc);

/* A request that cannot be met, so all that is unused is freed before. */
static void exhaust_address_space(struct kunit *test, void *at)
{
	unsigned long start = (unsigned long)at;

	KUNIT_ASSERT_NULL(test, __get_vm_area_caller(2 * PAGE_SIZE, VM_MAP, start,
						     start + PAGE_SIZE, NULL));
}

/*
 * A block of which nothing is mapped any more is worth keeping, unless there
 * is so little left of it that it only wastes address space. When that runs
 * out it goes in any case; but never while anything in it is mapped.
 */
static void vm_unmap_aliases_block(struct kunit *test)
{
	const struct purge *row = test->param_value;
	struct block *block = new_block(test);
	struct page *page = test->priv;
	struct ram *next;

	block_use(test, block, BLOCK_PAGES - row->free);
	block_unmap(test, block, row->mapped);
	if (row->exhausted)
		exhaust_address_space(test, block->start);
	else
		vm_unmap_aliases();

	KUNIT_EXPECT_EQ(test, block_listed(test, block), row->kept);
	KUNIT_EXPECT_FALSE(test, vmallocinfo_has(test, block->start, BLOCK_BYTES,
						 " unpurged vm_area"));
	if (row->mapped)
		KUNIT_EXPECT_PTR_EQ(test, vmalloc_to_page(block->start), page);
	next = map_one(test);
	if (row->kept) {
		block_add(test, block, next);
	} else {
		KUNIT_EXPECT_PTR_NE(test, next->addr, block->start + block->used * PAGE_SIZE);
		/* Or it has begun the next block at once. */
		KUNIT_EXPECT_TRUE(test, block_free(block) || next->addr == block->start);
	}
}

static int map_and_purge(struct kunit *test)
{
	struct page *page = test->priv;
	void *addr = vm_map_ram(&page, 1, NUMA_NO_NODE);

	if (!addr)
		return -ENOMEM;
	vm_unmap_ram(addr, 1);
	exhaust_address_space(test, addr);

	return 0;
}

static unsigned long slab_pages_after_rcu(void)
{
	kvfree_rcu_barrier();

	return slab_pages_now();
}

#define BLOCKS		2048
/* It has a bitmap of the pages, and more. */
#define BLOCK_TOLERANCE	SLAB_TOLERANCE(BLOCKS, BLOCK_PAGES / 8)

/* With its description, when it goes. */
static void vm_map_ram_block_freed(struct kunit *test)
{
	if (IS_ENABLED(CONFIG_KASAN_GENERIC))
		kunit_skip(test, "KASAN keeps freed objects in its quarantine");

	KUNIT_EXPECT_LT(test, drift(test, slab_pages_after_rcu, map_and_purge, BLOCKS,
				    BLOCK_TOLERANCE), BLOCK_TOLERANCE);
}

/* The address range waits for the flush, and is free then. */
static void vm_unmap_aliases_frees_address(struct kunit *test)
{
	const unsigned int count = MAX_SMALL + 3;
	struct page **array = array_repeating(test, count, NR_PAGES);
	bool waits = false;

	/* Somebody else can flush at any moment; but not every time. */
	for (int tries = 0; tries < 4 && !waits; tries++) {
		struct ram *ram = map_ram(test, array, count);

		unmap_ram(test, ram);
		waits = vmallocinfo_has(test, ram->addr, count * PAGE_SIZE,
					" unpurged vm_area");
		vm_unmap_aliases();
		KUNIT_EXPECT_FALSE(test, vmallocinfo_has(test, ram->addr, count * PAGE_SIZE,
							 " unpurged vm_area"));
	}
	KUNIT_EXPECT_TRUE(test, waits);
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
 * Whoever is about to change a page's attributes relies on it that no TLB
 * knows any alias of the page afterwards. Flushes of a range cost more the
 * larger it is, and once is enough.
 */
static void vm_unmap_aliases_flushes(struct kunit *test)
{
	struct page **array = array_repeating(test, MAX_SMALL + 1, NR_PAGES);
	static const unsigned int counts[] = { 3, 4, 8, MAX_SMALL + 1, 2 };
	struct ram *ram[ARRAY_SIZE(counts)];
	struct block *block;
	bool again = true;

	if (!IS_ENABLED(CONFIG_UML))
		kunit_skip(test, "needs CONFIG_UML to see what was flushed");

	block = new_block(test);
	for (int i = 0; i < ARRAY_SIZE(counts); i++)
		ram[i] = map_ram(test, array, counts[i]);
	/* The order matters in which they go. */
	for (int i = 0; i < 2; i++) {
		struct ram *first = ram[i ? 0 : 2], *last = ram[i ? 4 : 1];

		vm_unmap_aliases();
		unmap_ram(test, first);
		unmap_ram(test, last);
		vm_unmap_aliases();
		KUNIT_EXPECT_EQ(test, nr_unflushed(first->addr, first->count), 0);
		KUNIT_EXPECT_EQ(test, nr_unflushed(last->addr, last->count), 0);
		KUNIT_EXPECT_TRUE(test, block_listed(test, block));
	}

	/* Together with an area on the one side or the other. */
	for (int i = 0; i < 2; i++) {
		unsigned long at = (unsigned long)block->start;
		struct vm_struct *area;
		struct ram *one;

		area = __get_vm_area_caller(PAGE_SIZE, VM_MAP, i ? at + BLOCK_BYTES : VMALLOC_START,
					    i ? VMALLOC_END : at, NULL);
		if (!area)
			continue;
		one = map_one(test);
		vm_unmap_aliases();
		free_vm_area(area);
		unmap_ram(test, one);
		vm_unmap_aliases();
		KUNIT_EXPECT_EQ(test, nr_unflushed(one->addr, 1), 0);
	}

	unmap_ram(test, ram[3]);
	vm_unmap_aliases();
	KUNIT_EXPECT_EQ(test, nr_unflushed(ram[3]->addr, MAX_SMALL + 1), 0);

	/* Unless somebody else has unmapped something meanwhile. */
	for (int tries = 0; tries < 4 && again; tries++) {
		unsigned long addr = (unsigned long)ram[0]->addr;

		pte_clear(&init_mm, addr, virt_to_kpte(addr));
		vm_unmap_aliases();
		again = !nr_unflushed(ram[0]->addr, 1);
	}
	KUNIT_EXPECT_FALSE(test, again);
}

/* ---- No memory ---- */

/* No address range of this size is kept for reuse. */
#define MANY	300

static const struct no_memory {
	const char *desc;
	enum fail_mode mode;
	unsigned int count;
} no_memories[] = {
	{ "one_failure_small", FAIL_ONE, MAX_SMALL },
	{ "one_failure_large", FAIL_ONE, MANY },
	{ "all_fail_small", FAIL_ALL, MAX_SMALL },
	{ "all_fail_large", FAIL_ALL, MANY },
};

KUNIT_ARRAY_PARAM_DESC(no_memory, no_memories, desc);

static struct page **failing_array;
static unsigned int failing_nth;
static void *failing_at;

static void *map_failing(struct kunit *test, bool *failed)
{
	const struct no_memory *row = test->param_value;
	void *addr;

	/* So that slabs have an object of each kind and need no page. */
	map_and_purge(test);
	fail_from(failing_nth);
	addr = vm_map_ram(failing_array, row->count, NUMA_NO_NODE);
	*failed = fail_stop();

	return addr;
}

static int map_fails(struct kunit *test)
{
	const struct no_memory *row = test->param_value;
	bool failed;
	void *addr = map_failing(test, &failed);

	if (addr)
		vm_unmap_ram(addr, row->count);

	return 0;
}

#define ROUNDS	2048

/*
 * Whatever cannot be allocated, the caller gets NULL and the pages are the
 * caller's alone; and it leaks neither memory nor address space.
 */
static void expect_no_memory(struct kunit *test)
{
	const struct no_memory *row = test->param_value;
	unsigned long tolerance = SLAB_TOLERANCE(ROUNDS, 64);
	unsigned int ranges;
	struct block *block;
	bool failed = true;
	void *addr = NULL;

	failing_array = array_repeating(test, row->count, NR_PAGES);
	/* So that it takes a new one each time. */
	block = new_block(test);
	block_use(test, block, BLOCK_PAGES);
	block_unmap(test, block, 0);
	failing_at = block->start;
	exhaust_address_space(test, failing_at);
	ranges = vmallocinfo_count(test, " vm_map_ram\n");

	for (failing_nth = 1; failed && failing_nth < 20; failing_nth++) {
		addr = map_failing(test, &failed);
		KUNIT_EXPECT_EQ(test, nr_unshared(test), NR_PAGES);
		if (addr) {
			KUNIT_EXPECT_EQ(test, mapped_as(addr, failing_array, row->count),
					row->count);
			vm_unmap_ram(addr, row->count);
		} else {
			KUNIT_EXPECT_TRUE(test, failed);
		}
		exhaust_address_space(test, failing_at);
		KUNIT_EXPECT_EQ(test, vmallocinfo_count(test, " vm_map_ram\n"), ranges);
		if (!addr && !IS_ENABLED(CONFIG_KASAN_GENERIC))
			KUNIT_EXPECT_LT(test, drift(test, slab_pages_after_rcu, map_fails,
						    ROUNDS, tolerance), tolerance);
	}
	KUNIT_EXPECT_GT(test, failing_nth, 2);
	KUNIT_EXPECT_FALSE(test, failed);
	KUNIT_EXPECT_NOT_NULL(test, addr);
}

static void vm_map_ram_no_memory(struct kunit *test)
{
	const struct no_memory *row = test->param_value;

	fail_alloc_setup(test, row->mode);
	/* There is one if not even a range of addresses can be described. */
	kunit_warning_suppress(test)
		expect_no_memory(test);
}

static int vm_map_ram_test_init(struct kunit *test)
{
	int err = set_cpus_allowed_ptr(current, cpumask_of(raw_smp_processor_id()));

	return err ?: vmap_pages_init(test);
}

static struct kunit_case vm_map_ram_test_cases[] = {
	KUNIT_CASE_PARAM(vm_map_ram_maps_in_order, page_order_gen_params),
	KUNIT_CASE_PARAM(vm_map_ram_compound_pages, mix_gen_params),
	KUNIT_CASE_PARAM(vm_map_ram_address, count_gen_params),
	KUNIT_CASE(vm_map_ram_prot),
	KUNIT_CASE(vm_map_ram_slot_not_reused),
	KUNIT_CASE(vm_map_ram_uses_up_block),
	KUNIT_CASE(vread_iter_of_block),
	KUNIT_CASE(vm_map_ram_rest_of_block),
	KUNIT_CASE(vm_unmap_ram_on_another_cpu),
	KUNIT_CASE_PARAM(vm_map_ram_refuses, refusal_gen_params),
	KUNIT_CASE(vm_map_ram_size_wraps),
	KUNIT_CASE(vm_unmap_ram_twice),
	KUNIT_CASE(vunmap_of_vm_map_ram),
	KUNIT_CASE_PARAM(vm_unmap_ram_spares_neighbours, count_gen_params),
	KUNIT_CASE_PARAM(vm_unmap_aliases_block, purge_gen_params),
	KUNIT_CASE(vm_map_ram_block_freed),
	KUNIT_CASE(vm_unmap_aliases_frees_address),
	KUNIT_CASE(vm_unmap_aliases_flushes),
	KUNIT_CASE_PARAM_ATTR(vm_map_ram_no_memory, no_memory_gen_params,
			      { .speed = KUNIT_SPEED_SLOW }),
	{}
};

static struct kunit_suite vm_map_ram_test_suite = {
	.name = "vm_map_ram",
	.suite_init = vmallocinfo_suite_init,
	.suite_exit = vmallocinfo_suite_exit,
	.init = vm_map_ram_test_init,
	.test_cases = vm_map_ram_test_cases,
};

kunit_test_suite(vm_map_ram_test_suite);

MODULE_DESCRIPTION("KUnit tests for vm_map_ram()");
MODULE_LICENSE("GPL");
