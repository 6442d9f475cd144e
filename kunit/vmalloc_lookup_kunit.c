// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests for lookups of vmalloc addresses: find_vm_area(),
 * vmalloc_to_page() and their kin, vread_iter(), which reads for /proc/kcore,
 * and /proc/vmallocinfo.
 */
#include <kunit/test.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/nodemask.h>
#include <linux/pgtable.h>
#include <linux/sched.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/uio.h>
#include <linux/vmalloc.h>

#include "vmallocinfo.h"
#include "vmap_pages.h"

KUNIT_DEFINE_ACTION_WRAPPER(vfree_action, vfree, const void *);
KUNIT_DEFINE_ACTION_WRAPPER(free_vm_area_action, free_vm_area, struct vm_struct *);

/* Leaves @area to the end of the case, or to release() before. */
static struct vm_struct *manage(struct kunit *test, struct vm_struct *area)
{
	KUNIT_ASSERT_NOT_NULL(test, area);
	KUNIT_ASSERT_EQ(test, 0,
			kunit_add_action_or_reset(test, free_vm_area_action, area));

	return area;
}

static void release(struct kunit *test, struct vm_struct *area)
{
	kunit_release_action(test, free_vm_area_action, area);
}

/* ---- Lookups ---- */

/* Any address in an area finds it, also one whose area starts far below. */
static void find_vm_area_any_address(struct kunit *test)
{
	unsigned int count = 4 * NR_PAGES;
	struct page **array = array_repeating(test, count, 1);
	void *addr = map(test, array, count, VM_MAP, PAGE_KERNEL);
	struct vm_struct *area = find_vm_area(addr);

	KUNIT_ASSERT_NOT_NULL(test, area);
	for (unsigned int i = 0; i <= count; i++) {
		KUNIT_EXPECT_PTR_EQ(test, find_vm_area(addr + i * PAGE_SIZE), area);
		KUNIT_EXPECT_PTR_EQ(test, find_vm_area(addr + i * PAGE_SIZE + 1), area);
	}
	KUNIT_EXPECT_PTR_EQ(test, find_vm_area(addr + area->size - 1), area);
	KUNIT_EXPECT_PTR_NE(test, find_vm_area(addr + area->size), area);
	KUNIT_EXPECT_PTR_NE(test, find_vm_area(addr - 1), area);

	unmap(test, addr);
	KUNIT_EXPECT_NULL(test, find_vm_area(addr));
}

static void vmalloc_to_page_any_offset(struct kunit *test)
{
	struct page **array = array_of(test, DESCENDING);
	void *addr = map(test, array, 2, VM_MAP, PAGE_KERNEL);

	KUNIT_EXPECT_PTR_EQ(test, vmalloc_to_page(addr + 1), array[0]);
	KUNIT_EXPECT_PTR_EQ(test, vmalloc_to_page(addr + PAGE_SIZE - 1), array[0]);
	KUNIT_EXPECT_PTR_EQ(test, vmalloc_to_page(addr + PAGE_SIZE), array[1]);
	KUNIT_EXPECT_PTR_EQ(test, vmalloc_to_page(addr + 2 * PAGE_SIZE - 1), array[1]);
	KUNIT_EXPECT_NULL(test, vmalloc_to_page(addr + 2 * PAGE_SIZE));
	KUNIT_EXPECT_EQ(test, vmalloc_to_pfn(addr + 1), page_to_pfn(array[0]));
	KUNIT_EXPECT_EQ(test, vmalloc_to_pfn(addr + 2 * PAGE_SIZE - 1),
			page_to_pfn(array[1]));
}

/* The pages of memory that is mapped by larger entries are found as well. */
static void vmalloc_to_page_huge(struct kunit *test)
{
	void *addr = vmalloc_huge(min_t(unsigned long, PMD_SIZE, SZ_4M), GFP_KERNEL);
	struct vm_struct *area;

	KUNIT_ASSERT_NOT_NULL(test, addr);
	KUNIT_ASSERT_EQ(test, 0,
			kunit_add_action_or_reset(test, vfree_action, addr));
	area = find_vm_area(addr);
	KUNIT_ASSERT_NOT_NULL(test, area);
	KUNIT_EXPECT_EQ(test, mapped_as(addr, area->pages, area->nr_pages),
			area->nr_pages);
}

static void is_vmalloc_addr_area_bounds(struct kunit *test)
{
	void *virt = kunit_kmalloc(test, 1, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, virt);
	KUNIT_EXPECT_FALSE(test, is_vmalloc_addr((void *)VMALLOC_START - 1));
	KUNIT_EXPECT_TRUE(test, is_vmalloc_addr((void *)VMALLOC_START));
	KUNIT_EXPECT_TRUE(test, is_vmalloc_addr((void *)VMALLOC_END - 1));
	KUNIT_EXPECT_FALSE(test, is_vmalloc_addr((void *)VMALLOC_END));

	KUNIT_EXPECT_FALSE(test, is_vmalloc_addr(NULL));
	KUNIT_EXPECT_FALSE(test, is_vmalloc_addr(virt));
	KUNIT_EXPECT_FALSE(test, is_vmalloc_or_module_addr(virt));
	KUNIT_EXPECT_TRUE(test, is_vmalloc_or_module_addr((void *)VMALLOC_START));
	KUNIT_EXPECT_TRUE(test, is_vmalloc_or_module_addr((void *)VMALLOC_END - 1));
}

/* They are not what can be freed with vfree(). */
static void find_vm_area_of_vm_map_ram(struct kunit *test)
{
	static const unsigned int counts[] = { 1, BITS_PER_LONG + 1 };

	for (int i = 0; i < ARRAY_SIZE(counts); i++) {
		struct page **array = array_repeating(test, counts[i], 1);
		void *addr = vm_map_ram(array, counts[i], NUMA_NO_NODE);

		KUNIT_ASSERT_NOT_NULL(test, addr);
		KUNIT_EXPECT_NULL(test, find_vm_area(addr));
		vm_unmap_ram(addr, counts[i]);
	}
}

/* An address that is not mapped must not be taken for one that is. */
static void vmalloc_to_pfn_unmapped(struct kunit *test)
{
	struct page *page = test->priv;
	void *addr = map(test, &page, 1, VM_MAP, PAGE_KERNEL);

	if (IS_ENABLED(CONFIG_SPARSEMEM) && !IS_ENABLED(CONFIG_SPARSEMEM_VMEMMAP))
		kunit_skip(test, "needs CONFIG_FLATMEM or CONFIG_SPARSEMEM_VMEMMAP");
	KUNIT_EXPECT_TRUE(test, pfn_valid(vmalloc_to_pfn(addr)));
	KUNIT_EXPECT_FALSE(test, pfn_valid(vmalloc_to_pfn(addr + PAGE_SIZE)));
}

/* Where the direct map has page tables, they name the same page. */
static void vmalloc_to_page_direct_map(struct kunit *test)
{
	void *buf = kunit_kmalloc(test, PAGE_SIZE, GFP_KERNEL);
	struct page *page;

	if (IS_ENABLED(CONFIG_DEBUG_VIRTUAL))
		kunit_skip(test, "CONFIG_DEBUG_VIRTUAL forbids it");
	KUNIT_ASSERT_NOT_NULL(test, buf);
	page = vmalloc_to_page(buf);
	if (!IS_ENABLED(CONFIG_UML))
		KUNIT_EXPECT_PTR_EQ(test, page, virt_to_page(buf));
	else
		KUNIT_EXPECT_NULL(test, page);
}

/* For the dump of an object; what is in no area must not be claimed. */
static void vmalloc_dump_obj_finds_area(struct kunit *test)
{
	void *buf = kunit_kmalloc(test, PAGE_SIZE, GFP_KERNEL);
	struct vm_struct *area = manage(test, get_vm_area(PAGE_SIZE, VM_MAP));
	struct page *page = test->priv;
	void *addr = area->addr, *ram;

	if (!IS_ENABLED(CONFIG_PRINTK))
		kunit_skip(test, "needs CONFIG_PRINTK");
	KUNIT_ASSERT_NOT_NULL(test, buf);
	ram = vm_map_ram(&page, 1, NUMA_NO_NODE);
	KUNIT_ASSERT_NOT_NULL(test, ram);
	KUNIT_EXPECT_FALSE(test, vmalloc_dump_obj(ram));
	vm_unmap_ram(ram, 1);
	KUNIT_EXPECT_TRUE(test, vmalloc_dump_obj(addr));
	KUNIT_EXPECT_FALSE(test, vmalloc_dump_obj(buf));
	release(test, area);
	KUNIT_EXPECT_FALSE(test, vmalloc_dump_obj(addr));
}

/* An object may be anywhere in an area, in its last page as well. */
static void vmalloc_dump_obj_inside_area(struct kunit *test)
{
	unsigned int nr = 40;
	struct vm_struct *area = manage(test, get_vm_area(nr * PAGE_SIZE, VM_MAP | VM_NO_GUARD));

	if (!IS_ENABLED(CONFIG_PRINTK))
		kunit_skip(test, "needs CONFIG_PRINTK");
	for (unsigned int i = 0; i < nr; i++) {
		KUNIT_EXPECT_TRUE_MSG(test, vmalloc_dump_obj(area->addr + i * PAGE_SIZE),
				      "page %u", i);
		KUNIT_EXPECT_TRUE_MSG(test, vmalloc_dump_obj(area->addr + i * PAGE_SIZE + 8),
				      "page %u, inside", i);
	}
}

/* ---- vread_iter() ---- */

struct reader {
	u8 *buf;
	size_t size;
};

/* A buffer for so many pages, in which what was not written shows. */
static struct reader *new_reader(struct kunit *test, unsigned int nr)
{
	struct reader *reader = kunit_kzalloc(test, sizeof(*reader), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, reader);
	reader->size = nr * PAGE_SIZE;
	reader->buf = kunit_kmalloc(test, reader->size, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, reader->buf);

	return reader;
}

static long read_room(struct reader *reader, const void *addr, size_t count, size_t room)
{
	struct kvec kvec = { .iov_base = reader->buf, .iov_len = room };
	struct iov_iter iter;

	memset(reader->buf, 0xee, reader->size);
	iov_iter_kvec(&iter, ITER_DEST, &kvec, 1, room);

	return vread_iter(&iter, addr, count);
}

static long read(struct reader *reader, const void *addr, size_t count)
{
	return read_room(reader, addr, count, reader->size);
}

/* Expects so many bytes of that value at *@pos in the buffer, and skips them. */
static void expect_read(struct kunit *test, struct reader *reader, size_t *pos,
			u8 value, size_t count)
{
	KUNIT_EXPECT_NULL_MSG(test, memchr_inv(reader->buf + *pos, value, count),
			      "not all %zu bytes at %zu are %#x", count, *pos, value);
	*pos += count;
}

/* And nothing beyond what was asked for. */
static void expect_end(struct kunit *test, struct reader *reader, size_t pos)
{
	expect_read(test, reader, &pos, 0xee, reader->size - pos);
}

/* Where in an area a read begins, and how long it is. */
static const struct stretch {
	const char *desc;
	int start;
	unsigned int count;
} stretches[] = {
	{ "nothing", 0, 0 },
	{ "one_byte", 0, 1 },
	{ "page", 0, PAGE_SIZE },
	{ "all", 0, 4 * PAGE_SIZE },
	{ "inside_page", 100, 1000 },
	{ "across_pages", PAGE_SIZE - 1, 2 },
	{ "from_inside_page", 2 * PAGE_SIZE + 7, 2 * PAGE_SIZE - 7 },
	{ "up_to_inside_page", PAGE_SIZE, PAGE_SIZE + 9 },
	{ "last_page", 3 * PAGE_SIZE, PAGE_SIZE },
	{ "last_byte_and_guard_page", 4 * PAGE_SIZE - 1, 2 },
	{ "all_and_guard_page", 0, 5 * PAGE_SIZE },
	{ "guard_page", 4 * PAGE_SIZE, PAGE_SIZE },
};

KUNIT_ARRAY_PARAM_DESC(stretch, stretches, desc);

/* Expects what an area of pages 2, 9, 4 and 11 and nothing else shows there. */
static void expect_stretch(struct kunit *test, const void *addr)
{
	static const u8 values[] = { 3, 10, 5, 12, 0 };
	const struct stretch *row = test->param_value;
	struct reader *reader = new_reader(test, 6);
	unsigned int at = row->start;
	size_t pos = 0;

	KUNIT_EXPECT_EQ(test, read(reader, addr + row->start, row->count), row->count);
	while (pos < row->count) {
		size_t n = min_t(size_t, PAGE_SIZE - offset_in_page(at), row->count - pos);

		expect_read(test, reader, &pos, values[at / PAGE_SIZE], n);
		at += n;
	}
	expect_end(test, reader, pos);
}

static struct page **four_pages(struct kunit *test)
{
	struct page **array = array_of(test, ASCENDING);

	array[0] += 2;
	array[1] += 8;
	array[2] += 2;
	array[3] += 8;

	return array;
}

static void vread_iter_vmap(struct kunit *test)
{
	expect_stretch(test, map(test, four_pages(test), 4, VM_MAP, PAGE_KERNEL));
}

/* Pages that were given away are no reason to read the guard page. */
static void vread_iter_put_pages(struct kunit *test)
{
	struct page **array = kmemdup(four_pages(test), 4 * sizeof(*array), GFP_KERNEL);
	void *addr;

	KUNIT_ASSERT_NOT_NULL(test, array);
	get_pages(array, 4);
	addr = vmap(array, 4, VM_MAP | VM_MAP_PUT_PAGES, PAGE_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, addr);
	KUNIT_ASSERT_EQ(test, 0,
			kunit_add_action_or_reset(test, vfree_action, (void *)addr));
	expect_stretch(test, addr);
}

/* What vread_iter() must not touch, or not yet, reads as zeroes. */
static const struct hidden {
	const char *desc;
	unsigned long flags;
	bool hidden;
} hiddens[] = {
	{ "no_flags", 0, false },
	{ "vmap", VM_MAP, false },
	{ "usermap", VM_USERMAP | VM_DMA_COHERENT, false },
	{ "ioremap", VM_IOREMAP, true },
	{ "sparse", VM_SPARSE, true },
	{ "uninitialized", VM_UNINITIALIZED, true },
};

KUNIT_ARRAY_PARAM_DESC(hidden, hiddens, desc);

/* Reading a device's memory may make it do something. */
static void vread_iter_hidden(struct kunit *test)
{
	const struct hidden *row = test->param_value;
	void *addr = map(test, four_pages(test), 4, row->flags & ~VM_UNINITIALIZED,
			 PAGE_KERNEL);
	struct reader *reader = new_reader(test, 4);
	size_t pos = 0;

	find_vm_area(addr)->flags = row->flags;
	KUNIT_EXPECT_EQ(test, read(reader, addr + PAGE_SIZE, 2 * PAGE_SIZE), 2 * PAGE_SIZE);
	find_vm_area(addr)->flags &= ~VM_UNINITIALIZED;
	expect_read(test, reader, &pos, row->hidden ? 0 : 10, PAGE_SIZE);
	expect_read(test, reader, &pos, row->hidden ? 0 : 5, PAGE_SIZE);
	expect_end(test, reader, pos);
}

/* An area in which not all pages are mapped, and then another one. */
static void vread_iter_holes(struct kunit *test)
{
	/* So large that there is nothing but what is put there. */
	struct vm_struct *room = manage(test, get_vm_area(300 * PAGE_SIZE, VM_MAP)), *area;
	unsigned long start = (unsigned long)room->addr, at;
	struct page **array = array_of(test, ASCENDING);
	struct reader *reader = new_reader(test, 12);
	size_t pos = 0;

	release(test, room);
	vm_unmap_aliases();
	/* Pages 2 to 4 with 3 mapped, 5 its guard page, and 8 with no guard. */
	at = start + 2 * PAGE_SIZE;
	area = manage(test, __get_vm_area_caller(3 * PAGE_SIZE, VM_SPARSE, at,
						 at + 4 * PAGE_SIZE, NULL));
	at += PAGE_SIZE;
	KUNIT_ASSERT_EQ(test, vm_area_map_pages(area, at, at + PAGE_SIZE, array), 0);
	area->flags = VM_MAP;
	at = start + 8 * PAGE_SIZE;
	area = manage(test, __get_vm_area_caller(PAGE_SIZE, VM_SPARSE, at, at + 2 * PAGE_SIZE,
						 NULL));
	KUNIT_ASSERT_EQ(test, vm_area_map_pages(area, at, at + PAGE_SIZE, array + 1), 0);
	area->flags = VM_MAP;

	KUNIT_EXPECT_EQ(test, read(reader, (void *)start, 10 * PAGE_SIZE), 10 * PAGE_SIZE);
	expect_read(test, reader, &pos, 0, 3 * PAGE_SIZE);
	expect_read(test, reader, &pos, 1, PAGE_SIZE);
	expect_read(test, reader, &pos, 0, 4 * PAGE_SIZE);
	expect_read(test, reader, &pos, 2, PAGE_SIZE);
	expect_read(test, reader, &pos, 0, PAGE_SIZE);
	expect_end(test, reader, pos);

	/* It may end in the hole before an area. */
	pos = 0;
	KUNIT_EXPECT_EQ(test, read(reader, (void *)start + 9, PAGE_SIZE), PAGE_SIZE);
	expect_read(test, reader, &pos, 0, PAGE_SIZE);
	expect_end(test, reader, pos);
	pos = 0;
	KUNIT_EXPECT_EQ(test, read(reader, (void *)start, 2 * PAGE_SIZE), 2 * PAGE_SIZE);
	expect_read(test, reader, &pos, 0, 2 * PAGE_SIZE);
	expect_end(test, reader, pos);
}

/* As many bytes as the reader has room for: that is how far it got. */
static void vread_iter_short_buffer(struct kunit *test)
{
	static const size_t rooms[] = {
		0, 1, PAGE_SIZE - 1, PAGE_SIZE, PAGE_SIZE + 1,
		4 * PAGE_SIZE - 1, 4 * PAGE_SIZE, 4 * PAGE_SIZE + 1,
	};
	void *addr = map(test, four_pages(test), 4, VM_MAP, PAGE_KERNEL);
	struct page **many = array_repeating(test, BITS_PER_LONG + 1, 1);
	void *ram = vm_map_ram(many, BITS_PER_LONG + 1, NUMA_NO_NODE);
	struct reader *reader = new_reader(test, 6);
	long got[2];

	KUNIT_ASSERT_NOT_NULL(test, ram);
	for (int i = 0; i < ARRAY_SIZE(rooms); i++) {
		got[0] = read_room(reader, addr, 5 * PAGE_SIZE, rooms[i]);
		got[1] = read_room(reader, ram, 5 * PAGE_SIZE, rooms[i]);
		KUNIT_EXPECT_EQ(test, got[0], rooms[i]);
		KUNIT_EXPECT_EQ(test, got[1], rooms[i]);
		expect_end(test, reader, rooms[i]);
	}
	vm_unmap_ram(ram, BITS_PER_LONG + 1);

	/* So are zeroes, before an area, in its place and beyond all areas. */
	find_vm_area(addr)->flags = VM_IOREMAP;
	KUNIT_EXPECT_EQ(test, read_room(reader, addr, 4 * PAGE_SIZE, PAGE_SIZE + 3),
			PAGE_SIZE + 3);
	expect_end(test, reader, PAGE_SIZE + 3);
	KUNIT_EXPECT_EQ(test, read_room(reader, (void *)-PAGE_SIZE, PAGE_SIZE, 3), 3);
	expect_end(test, reader, 3);
}

/* /proc/kcore goes on after the hole, so that counts as read. */
static void vread_iter_no_area(struct kunit *test)
{
	struct vm_struct *area = manage(test, get_vm_area(300 * PAGE_SIZE, VM_MAP));
	void *addr = area->addr;
	struct reader *reader = new_reader(test, 4);
	size_t pos = 0;

	release(test, area);
	KUNIT_EXPECT_EQ(test, read(reader, addr + 5, 3 * PAGE_SIZE), 3 * PAGE_SIZE);
	expect_read(test, reader, &pos, 0, 3 * PAGE_SIZE);
	expect_end(test, reader, pos);

	/* The address space ends; it does not go on with its beginning. */
	pos = 0;
	KUNIT_EXPECT_EQ(test, read(reader, (void *)-PAGE_SIZE, 3 * PAGE_SIZE), PAGE_SIZE);
	expect_read(test, reader, &pos, 0, PAGE_SIZE);
	expect_end(test, reader, pos);
}

/* vrealloc() leaves the area as it is, but not its last pages. */
static void vread_iter_vmalloc_shrunk(struct kunit *test)
{
	struct reader *reader = new_reader(test, 5);
	u8 *buf = vmalloc(4 * PAGE_SIZE), *same;
	size_t pos = 0;

	KUNIT_ASSERT_NOT_NULL(test, buf);
	memset(buf, 0x42, 4 * PAGE_SIZE);
	same = vrealloc(buf, 2 * PAGE_SIZE, GFP_KERNEL);
	KUNIT_EXPECT_PTR_EQ(test, same, buf);
	KUNIT_ASSERT_EQ(test, 0,
			kunit_add_action_or_reset(test, vfree_action, same ?: buf));

	KUNIT_EXPECT_EQ(test, read(reader, buf, 4 * PAGE_SIZE), 4 * PAGE_SIZE);
	expect_read(test, reader, &pos, 0x42, 2 * PAGE_SIZE);
	expect_read(test, reader, &pos, 0, 2 * PAGE_SIZE);
	expect_end(test, reader, pos);
}

static void vread_iter_vm_map_ram_large(struct kunit *test)
{
	const unsigned int count = BITS_PER_LONG + 1;
	struct page **array = array_repeating(test, count, NR_PAGES);
	void *addr = vm_map_ram(array, count, NUMA_NO_NODE);
	struct reader *reader = new_reader(test, 4);
	size_t pos = 0;

	KUNIT_ASSERT_NOT_NULL(test, addr);
	KUNIT_EXPECT_EQ(test, read(reader, addr + 5 * PAGE_SIZE + 3, 2 * PAGE_SIZE),
			2 * PAGE_SIZE);
	expect_read(test, reader, &pos, 6, PAGE_SIZE - 3);
	expect_read(test, reader, &pos, 7, PAGE_SIZE);
	expect_read(test, reader, &pos, 8, 3);
	expect_end(test, reader, pos);

	pos = 0;
	KUNIT_EXPECT_EQ(test, read(reader, addr + (count - 1) * PAGE_SIZE, PAGE_SIZE), PAGE_SIZE);
	vm_unmap_ram(addr, count);
	expect_read(test, reader, &pos, (count - 1) % NR_PAGES + 1, PAGE_SIZE);
	expect_end(test, reader, pos);
}

/* Of a block, the slots that are mapped are read and nothing else. */
static void vread_iter_vm_map_ram_block(struct kunit *test)
{
	struct page **array = array_of(test, ASCENDING);
	struct reader *reader = new_reader(test, 16);
	size_t pos = 0;
	void *slot[3];
	long got[5];

	KUNIT_ASSERT_EQ(test, set_cpus_allowed_ptr(current, cpumask_of(raw_smp_processor_id())), 0);
	/* Until none but the last one begins a block. */
	do {
		for (int i = 0; i < ARRAY_SIZE(slot); i++) {
			slot[i] = vm_map_ram(array + 4 * i, 3, NUMA_NO_NODE);
			KUNIT_ASSERT_NOT_NULL(test, slot[i]);
		}
		vm_unmap_ram(slot[1], 3);
		if (slot[2] == slot[0] + 8 * PAGE_SIZE)
			break;
		vm_unmap_ram(slot[0], 3);
		vm_unmap_ram(slot[2], 3);
	} while (true);

	got[0] = read(reader, slot[0], 12 * PAGE_SIZE);
	expect_read(test, reader, &pos, 1, PAGE_SIZE);
	expect_read(test, reader, &pos, 2, PAGE_SIZE);
	expect_read(test, reader, &pos, 3, PAGE_SIZE);
	expect_read(test, reader, &pos, 0, 5 * PAGE_SIZE);
	expect_read(test, reader, &pos, 9, PAGE_SIZE);
	expect_read(test, reader, &pos, 10, PAGE_SIZE);
	expect_read(test, reader, &pos, 11, PAGE_SIZE);
	expect_read(test, reader, &pos, 0, PAGE_SIZE);
	expect_end(test, reader, pos);
	/* Up to the end of the first slot, to the hole, and not even as far. */
	got[1] = read(reader, slot[0], 3 * PAGE_SIZE);
	expect_end(test, reader, 3 * PAGE_SIZE);
	got[2] = read(reader, slot[0], 7 * PAGE_SIZE);
	expect_end(test, reader, 7 * PAGE_SIZE);
	got[3] = read_room(reader, slot[0], 12 * PAGE_SIZE, 4 * PAGE_SIZE + 1);
	expect_end(test, reader, 4 * PAGE_SIZE + 1);

	vm_unmap_ram(slot[0], 3);
	vm_unmap_ram(slot[2], 3);
	got[4] = read(reader, slot[0], 12 * PAGE_SIZE);
	pos = 0;
	expect_read(test, reader, &pos, 0, 12 * PAGE_SIZE);
	expect_end(test, reader, pos);

	KUNIT_EXPECT_EQ(test, got[0], 12 * PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, got[1], 3 * PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, got[2], 7 * PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, got[3], 4 * PAGE_SIZE + 1);
	KUNIT_EXPECT_EQ(test, got[4], 12 * PAGE_SIZE);
}

/* A debugger asks for any page of a block, not only for the first ones. */
static void vread_iter_vm_map_ram_block_page(struct kunit *test)
{
	struct page **array = array_of(test, ASCENDING);
	struct reader *reader = new_reader(test, 2);
	void *addr = vm_map_ram(array, 8, NUMA_NO_NODE);
	long got;

	KUNIT_ASSERT_NOT_NULL(test, addr);
	for (int i = 0; i < 8; i++) {
		size_t pos = 0;

		got = read(reader, addr + i * PAGE_SIZE + 5, PAGE_SIZE - 5);
		KUNIT_EXPECT_EQ(test, got, PAGE_SIZE - 5);
		expect_read(test, reader, &pos, i + 1, PAGE_SIZE - 5);
		expect_end(test, reader, pos);
	}
	vm_unmap_ram(addr, 8);
}

/* ---- /proc/vmallocinfo ---- */

static const struct line {
	const char *desc;
	unsigned long flags;
	const char *words;
	phys_addr_t phys;
} lines[] = {
	{ "no_flags", 0, "" },
	{ "vmap", VM_MAP, " vmap" },
	{ "ioremap", VM_IOREMAP, " phys=%pa ioremap", SZ_1G },
	{ "sparse", VM_SPARSE, " sparse" },
	{ "vmalloc", VM_ALLOC, " vmalloc" },
	{ "usermap", VM_MAP | VM_USERMAP, " vmap user" },
	{ "dma_coherent", VM_DMA_COHERENT, " dma-coherent" },
	{ "all", VM_IOREMAP | VM_SPARSE | VM_ALLOC | VM_MAP | VM_USERMAP | VM_DMA_COHERENT,
	  " phys=%pa ioremap sparse vmalloc vmap user dma-coherent", PAGE_SIZE },
	{ "uninitialized", VM_MAP | VM_UNINITIALIZED, NULL },
};

KUNIT_ARRAY_PARAM_DESC(line, lines, desc);

/* The size is that of the address space, so the guard page is a part of it. */
static void vmallocinfo_area(struct kunit *test)
{
	const struct line *row = test->param_value;
	struct vm_struct *area = manage(test, get_vm_area(37 * PAGE_SIZE, 0));
	char rest[KSYM_SYMBOL_LEN + 80], words[80];

	area->phys_addr = row->phys;
	area->flags = row->flags;
	snprintf(words, sizeof(words), row->words ?: " vmap", &row->phys);
	snprintf(rest, sizeof(rest), " %pS%s", area->caller, words);
	KUNIT_EXPECT_EQ(test, vmallocinfo_has(test, area->addr, 38 * PAGE_SIZE, rest),
			!!row->words);
	area->flags = 0;

	/* Nobody is said to be the caller if it is not known. */
	area->caller = NULL;
	area->phys_addr = 0;
	KUNIT_EXPECT_TRUE(test, vmallocinfo_has(test, area->addr, 38 * PAGE_SIZE, ""));
}

/* Those that belong to the area, on each node, and where their array is. */
static void vmallocinfo_pages(struct kunit *test)
{
	char rest[KSYM_SYMBOL_LEN + 80], nodes[16] = "";
	struct page *page = test->priv, **array;
	void *addr;

	if (IS_ENABLED(CONFIG_NUMA) && page_to_nid(page) != page_to_nid(page + NR_PAGES - 1))
		kunit_skip(test, "needs pages of one node");
	if (IS_ENABLED(CONFIG_NUMA))
		snprintf(nodes, sizeof(nodes), " N%d=%d", page_to_nid(page), NR_PAGES);

	for (int vmalloced = 0; vmalloced <= 1; vmalloced++) {
		array = new_array(test, ASCENDING, vmalloced);
		get_pages(array, NR_PAGES);
		addr = vmap(array, NR_PAGES, VM_MAP | VM_MAP_PUT_PAGES, PAGE_KERNEL);
		KUNIT_ASSERT_NOT_NULL(test, addr);
		snprintf(rest, sizeof(rest), " %pS pages=%d vmap%s%s",
			 find_vm_area(addr)->caller, NR_PAGES, vmalloced ? " vpages" : "",
			 nodes);
		KUNIT_EXPECT_TRUE(test, vmallocinfo_has(test, addr, (NR_PAGES + 1) * PAGE_SIZE,
							rest));
		vfree(addr);
	}
}

/* Until it is flushed, the address space is in use, though by nobody. */
static void vmallocinfo_unpurged(struct kunit *test)
{
	struct page **array = array_of(test, ASCENDING);
	unsigned long size = (NR_PAGES + 1) * PAGE_SIZE;
	bool seen = false;

	/* Somebody else can flush at any moment; but not every time. */
	for (int tries = 0; tries < 4 && !seen; tries++) {
		void *addr = map(test, array, NR_PAGES, VM_MAP, PAGE_KERNEL);

		unmap(test, addr);
		seen = vmallocinfo_has(test, addr, size, " unpurged vm_area");
		vm_unmap_aliases();
		KUNIT_EXPECT_FALSE(test, vmallocinfo_has(test, addr, size, " unpurged vm_area"));
	}
	KUNIT_EXPECT_TRUE(test, seen);
}

/* Addresses of the kernel are no business of users. */
static void vmallocinfo_mode(struct kunit *test)
{
	struct file *file = vmallocinfo_open(test);
	umode_t mode = file_inode(file)->i_mode;

	fput(file);
	KUNIT_EXPECT_EQ(test, mode, S_IFREG | 0400);
}

static struct kunit_case vmalloc_lookup_test_cases[] = {
	KUNIT_CASE(find_vm_area_any_address),
	KUNIT_CASE(find_vm_area_of_vm_map_ram),
	KUNIT_CASE(vmalloc_to_page_any_offset),
	KUNIT_CASE(vmalloc_to_page_huge),
	KUNIT_CASE(vmalloc_to_page_direct_map),
	KUNIT_CASE(vmalloc_to_pfn_unmapped),
	KUNIT_CASE(is_vmalloc_addr_area_bounds),
	KUNIT_CASE(vmalloc_dump_obj_finds_area),
	KUNIT_CASE(vmalloc_dump_obj_inside_area),
	KUNIT_CASE_PARAM(vread_iter_vmap, stretch_gen_params),
	KUNIT_CASE_PARAM(vread_iter_put_pages, stretch_gen_params),
	KUNIT_CASE_PARAM(vread_iter_hidden, hidden_gen_params),
	KUNIT_CASE(vread_iter_holes),
	KUNIT_CASE(vread_iter_short_buffer),
	KUNIT_CASE(vread_iter_no_area),
	KUNIT_CASE(vread_iter_vmalloc_shrunk),
	KUNIT_CASE(vread_iter_vm_map_ram_large),
	KUNIT_CASE(vread_iter_vm_map_ram_block),
	KUNIT_CASE(vread_iter_vm_map_ram_block_page),
	KUNIT_CASE_PARAM(vmallocinfo_area, line_gen_params),
	KUNIT_CASE(vmallocinfo_pages),
	KUNIT_CASE(vmallocinfo_unpurged),
	KUNIT_CASE(vmallocinfo_mode),
	{}
};

static struct kunit_suite vmalloc_lookup_test_suite = {
	.name = "vmalloc_lookup",
	.suite_init = vmallocinfo_suite_init,
	.suite_exit = vmallocinfo_suite_exit,
	.init = vmap_pages_init,
	.test_cases = vmalloc_lookup_test_cases,
};

kunit_test_suite(vmalloc_lookup_test_suite);

MODULE_DESCRIPTION("KUnit tests for lookups of vmalloc addresses");
MODULE_LICENSE("GPL");
