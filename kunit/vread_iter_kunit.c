// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests for vread_iter(), which reads vmalloc addresses for /proc/kcore.
 */
#include <kunit/test.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uio.h>
#include <linux/vmalloc.h>

#include "mm_kunit.h"
#include "vmap_pages.h"

/* -- vread_iter() ---------------------------------------------------------- */

struct reader {
	u8 *buf;
	size_t size;
};

/* Returns a buffer for @nr pages; read_room() fills it with 0xee before each read. */
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

/* Checks that @count bytes at *@pos of the buffer have a value, and skips them. */
static const char *check_read(struct kunit *test, struct reader *reader, size_t *pos,
			      u8 value, size_t count)
{
	u8 *bad = memchr_inv(reader->buf + *pos, value, count);
	size_t start = *pos;

	*pos += count;
	if (!bad)
		return NULL;

	return mm_kunit_wrong(test, "byte %td of the buffer (%zu at %zu): expected %#x, found %#x",
			      bad - reader->buf, count, start, value, *bad);
}

/* Checks that nothing was written to the buffer from @pos on. */
static const char *check_end(struct kunit *test, struct reader *reader, size_t pos)
{
	return check_read(test, reader, &pos, 0xee, reader->size - pos);
}

/* Where in an area a read begins, and how long it is. */
static const struct stretch {
	const char *desc;
	int start;
	unsigned int count;
} stretches[] = {
	{ .desc = "nothing", .start = 0, .count = 0 },
	{ .desc = "one_byte", .start = 0, .count = 1 },
	{ .desc = "page", .start = 0, .count = PAGE_SIZE },
	{ .desc = "all", .start = 0, .count = 4 * PAGE_SIZE },
	{ .desc = "inside_page", .start = 100, .count = 1000 },
	{ .desc = "across_pages", .start = PAGE_SIZE - 1, .count = 2 },
	{ .desc = "from_inside_page", .start = 2 * PAGE_SIZE + 7,
	  .count = 2 * PAGE_SIZE - 7 },
	{ .desc = "up_to_inside_page", .start = PAGE_SIZE, .count = PAGE_SIZE + 9 },
	{ .desc = "last_page", .start = 3 * PAGE_SIZE, .count = PAGE_SIZE },
	{ .desc = "last_byte_and_guard_page", .start = 4 * PAGE_SIZE - 1, .count = 2 },
	{ .desc = "all_and_guard_page", .start = 0, .count = 5 * PAGE_SIZE },
	{ .desc = "guard_page", .start = 4 * PAGE_SIZE, .count = PAGE_SIZE },
};

KUNIT_ARRAY_PARAM_DESC(stretch, stretches, desc);

/* Reads the stretch of an area that maps pages 2, 9, 4 and 11 only, and checks it. */
static const char *check_stretch(struct kunit *test, const void *addr)
{
	static const u8 values[] = { 3, 10, 5, 12, 0 };
	const struct stretch *row = test->param_value;
	struct reader *reader = new_reader(test, 6);
	long got = read(reader, addr + row->start, row->count);
	unsigned int at = row->start;
	const char *wrong;
	size_t pos = 0;

	if (got != row->count)
		return mm_kunit_wrong(test, "vread_iter(): expected %u bytes, found %ld",
				      row->count, got);
	while (pos < row->count) {
		size_t n = min_t(size_t, PAGE_SIZE - offset_in_page(at), row->count - pos);

		wrong = check_read(test, reader, &pos, values[at / PAGE_SIZE], n);
		if (wrong)
			return wrong;
		at += n;
	}

	return check_end(test, reader, pos);
}

static struct page **four_pages(struct kunit *test)
{
	struct page **array = vmap_pages_array(test, VMAP_ASCENDING);

	array[0] += 2;
	array[1] += 8;
	array[2] += 2;
	array[3] += 8;

	return array;
}

/*
 * vread_iter() reads the pages of a vmap() mapping and zeroes for its guard
 * page, from any byte to any other, because /proc/kcore is read in any pieces.
 */
static void vread_iter_vmap(struct kunit *test)
{
	MM_KUNIT_EXPECT(test, check_stretch(test, vmap_pages_map(test, four_pages(test), 4,
								 VM_MAP, PAGE_KERNEL)));
}

/*
 * vread_iter() reads a VM_MAP_PUT_PAGES mapping like any other, because it goes
 * by the page tables: that the area has an array of pages must not make it read
 * the guard page.
 */
static void vread_iter_put_pages(struct kunit *test)
{
	struct page **array = kmemdup(four_pages(test), 4 * sizeof(*array), GFP_KERNEL);
	void *addr;

	KUNIT_ASSERT_NOT_NULL(test, array);
	vmap_pages_get(array, 4);
	addr = vmap(array, 4, VM_MAP | VM_MAP_PUT_PAGES, PAGE_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, addr);
	mm_kunit_manage(test, mm_kunit_vfree, (void *)addr);
	MM_KUNIT_EXPECT(test, check_stretch(test, addr));
}

/* The flags of areas, and whether vread_iter() has to return zeroes for them. */
static const struct hidden {
	const char *desc;
	unsigned long flags;
	bool hidden;
} hiddens[] = {
	{ .desc = "no_flags", .flags = 0, .hidden = false },
	{ .desc = "vmap", .flags = VM_MAP, .hidden = false },
	{ .desc = "usermap", .flags = VM_USERMAP | VM_DMA_COHERENT, .hidden = false },
	{ .desc = "ioremap", .flags = VM_IOREMAP, .hidden = true },
	{ .desc = "sparse", .flags = VM_SPARSE, .hidden = true },
	{ .desc = "uninitialized", .flags = VM_UNINITIALIZED, .hidden = true },
};

KUNIT_ARRAY_PARAM_DESC(hidden, hiddens, desc);

/*
 * vread_iter() returns zeroes for VM_IOREMAP and VM_SPARSE areas, because to
 * read the memory of a device may change its state, and for areas that are not
 * initialized yet.
 */
static void vread_iter_hidden(struct kunit *test)
{
	const struct hidden *row = test->param_value;
	void *addr = vmap_pages_map(test, four_pages(test), 4, row->flags & ~VM_UNINITIALIZED,
				    PAGE_KERNEL);
	struct reader *reader = new_reader(test, 4);
	size_t pos = 0;

	find_vm_area(addr)->flags = row->flags;
	KUNIT_EXPECT_EQ(test, read(reader, addr + PAGE_SIZE, 2 * PAGE_SIZE), 2 * PAGE_SIZE);
	find_vm_area(addr)->flags &= ~VM_UNINITIALIZED;
	MM_KUNIT_EXPECT(test, check_read(test, reader, &pos, row->hidden ? 0 : 10, PAGE_SIZE));
	MM_KUNIT_EXPECT(test, check_read(test, reader, &pos, row->hidden ? 0 : 5, PAGE_SIZE));
	MM_KUNIT_EXPECT(test, check_end(test, reader, pos));
}

/*
 * vread_iter() returns zeroes for pages that are not mapped, and for the space
 * between areas, and goes on with the next area, because /proc/kcore shows the
 * address space as one piece. A read may also end in the space before an area.
 */
static void vread_iter_holes(struct kunit *test)
{
	/* So large that there is nothing but what is put there. */
	struct vm_struct *room = vmap_pages_area(test, get_vm_area(300 * PAGE_SIZE, VM_MAP)), *area;
	unsigned long start = (unsigned long)room->addr, at;
	struct page **array = vmap_pages_array(test, VMAP_ASCENDING);
	struct reader *reader = new_reader(test, 12);
	size_t pos = 0;

	vmap_pages_free_area(test, room);
	vm_unmap_aliases();
	/* Pages 2 to 4 with 3 mapped, 5 its guard page, and 8 with no guard. */
	at = start + 2 * PAGE_SIZE;
	area = vmap_pages_area(test, __get_vm_area_caller(3 * PAGE_SIZE, VM_SPARSE, at,
							  at + 4 * PAGE_SIZE, NULL));
	at += PAGE_SIZE;
	KUNIT_ASSERT_EQ(test, vm_area_map_pages(area, at, at + PAGE_SIZE, array), 0);
	area->flags = VM_MAP;
	at = start + 8 * PAGE_SIZE;
	area = vmap_pages_area(test, __get_vm_area_caller(PAGE_SIZE, VM_SPARSE, at,
							  at + 2 * PAGE_SIZE,
							  NULL));
	KUNIT_ASSERT_EQ(test, vm_area_map_pages(area, at, at + PAGE_SIZE, array + 1), 0);
	area->flags = VM_MAP;

	KUNIT_EXPECT_EQ(test, read(reader, (void *)start, 10 * PAGE_SIZE), 10 * PAGE_SIZE);
	MM_KUNIT_EXPECT(test, check_read(test, reader, &pos, 0, 3 * PAGE_SIZE));
	MM_KUNIT_EXPECT(test, check_read(test, reader, &pos, 1, PAGE_SIZE));
	MM_KUNIT_EXPECT(test, check_read(test, reader, &pos, 0, 4 * PAGE_SIZE));
	MM_KUNIT_EXPECT(test, check_read(test, reader, &pos, 2, PAGE_SIZE));
	MM_KUNIT_EXPECT(test, check_read(test, reader, &pos, 0, PAGE_SIZE));
	MM_KUNIT_EXPECT(test, check_end(test, reader, pos));

	/* Reads that end in the space before an area. */
	pos = 0;
	KUNIT_EXPECT_EQ(test, read(reader, (void *)start + 9, PAGE_SIZE), PAGE_SIZE);
	MM_KUNIT_EXPECT(test, check_read(test, reader, &pos, 0, PAGE_SIZE));
	MM_KUNIT_EXPECT(test, check_end(test, reader, pos));
	pos = 0;
	KUNIT_EXPECT_EQ(test, read(reader, (void *)start, 2 * PAGE_SIZE), 2 * PAGE_SIZE);
	MM_KUNIT_EXPECT(test, check_read(test, reader, &pos, 0, 2 * PAGE_SIZE));
	MM_KUNIT_EXPECT(test, check_end(test, reader, pos));
}

/*
 * vread_iter() returns how many bytes the buffer has taken, and writes none
 * beyond, because its caller goes on from there. The bytes are counted alike
 * for mapped pages, hidden areas and unused addresses.
 */
static void vread_iter_short_buffer(struct kunit *test)
{
	static const size_t rooms[] = {
		0, 1, PAGE_SIZE - 1, PAGE_SIZE, PAGE_SIZE + 1,
		4 * PAGE_SIZE - 1, 4 * PAGE_SIZE, 4 * PAGE_SIZE + 1,
	};
	void *addr = vmap_pages_map(test, four_pages(test), 4, VM_MAP, PAGE_KERNEL);
	struct page **many = vmap_pages_repeat(test, BITS_PER_LONG + 1, 1);
	void *ram = vm_map_ram(many, BITS_PER_LONG + 1, NUMA_NO_NODE);
	struct reader *reader = new_reader(test, 6);
	long got[2];

	KUNIT_ASSERT_NOT_NULL(test, ram);
	for (int i = 0; i < ARRAY_SIZE(rooms); i++) {
		got[0] = read_room(reader, addr, 5 * PAGE_SIZE, rooms[i]);
		got[1] = read_room(reader, ram, 5 * PAGE_SIZE, rooms[i]);
		KUNIT_EXPECT_EQ_MSG(test, got[0], rooms[i], "vmap(), a buffer of %zu bytes",
				    rooms[i]);
		KUNIT_EXPECT_EQ_MSG(test, got[1], rooms[i], "vm_map_ram(), a buffer of %zu bytes",
				    rooms[i]);
		MM_KUNIT_EXPECT_MSG(test, check_end(test, reader, rooms[i]),
				    "vm_map_ram(), a buffer of %zu bytes", rooms[i]);
	}
	vm_unmap_ram(ram, BITS_PER_LONG + 1);

	/* Zeroes are counted as well: those of a hidden area, and beyond all areas. */
	find_vm_area(addr)->flags = VM_IOREMAP;
	KUNIT_EXPECT_EQ(test, read_room(reader, addr, 4 * PAGE_SIZE, PAGE_SIZE + 3),
			PAGE_SIZE + 3);
	MM_KUNIT_EXPECT(test, check_end(test, reader, PAGE_SIZE + 3));
	KUNIT_EXPECT_EQ(test, read_room(reader, (void *)-PAGE_SIZE, PAGE_SIZE, 3), 3);
	MM_KUNIT_EXPECT(test, check_end(test, reader, 3));
}

/*
 * vread_iter() counts addresses without any area as read, and writes zeroes,
 * because /proc/kcore has to go on behind them. It stops at the end of the
 * address space.
 */
static void vread_iter_no_area(struct kunit *test)
{
	struct vm_struct *area = vmap_pages_area(test, get_vm_area(300 * PAGE_SIZE, VM_MAP));
	void *addr = area->addr;
	struct reader *reader = new_reader(test, 4);
	size_t pos = 0;

	vmap_pages_free_area(test, area);
	KUNIT_EXPECT_EQ(test, read(reader, addr + 5, 3 * PAGE_SIZE), 3 * PAGE_SIZE);
	MM_KUNIT_EXPECT(test, check_read(test, reader, &pos, 0, 3 * PAGE_SIZE));
	MM_KUNIT_EXPECT(test, check_end(test, reader, pos));

	/* A read stops at the end of the address space and does not wrap to address 0. */
	pos = 0;
	KUNIT_EXPECT_EQ(test, read(reader, (void *)-PAGE_SIZE, 3 * PAGE_SIZE), PAGE_SIZE);
	MM_KUNIT_EXPECT(test, check_read(test, reader, &pos, 0, PAGE_SIZE));
	MM_KUNIT_EXPECT(test, check_end(test, reader, pos));
}

/*
 * vread_iter() returns zeroes for the pages that vrealloc() has freed, because
 * they may be somebody else's by now, although the area still has their addresses.
 */
static void vread_iter_vmalloc_shrunk(struct kunit *test)
{
	struct reader *reader = new_reader(test, 5);
	u8 *buf = vmalloc(4 * PAGE_SIZE), *same;
	size_t pos = 0;

	KUNIT_ASSERT_NOT_NULL(test, buf);
	memset(buf, 0x42, 4 * PAGE_SIZE);
	same = vrealloc(buf, 2 * PAGE_SIZE, GFP_KERNEL);
	KUNIT_EXPECT_PTR_EQ(test, same, buf);
	mm_kunit_manage(test, mm_kunit_vfree, same ?: buf);

	KUNIT_EXPECT_EQ(test, read(reader, buf, 4 * PAGE_SIZE), 4 * PAGE_SIZE);
	MM_KUNIT_EXPECT(test, check_read(test, reader, &pos, 0x42, 2 * PAGE_SIZE));
	MM_KUNIT_EXPECT(test, check_read(test, reader, &pos, 0, 2 * PAGE_SIZE));
	MM_KUNIT_EXPECT(test, check_end(test, reader, pos));
}

/*
 * vread_iter() reads a large mapping of vm_map_ram() from any byte to any other,
 * because /proc/kcore is to show it as well, although it has no vm_struct.
 */
static void vread_iter_vm_map_ram_large(struct kunit *test)
{
	const unsigned int count = BITS_PER_LONG + 1;
	struct page **array = vmap_pages_repeat(test, count, NR_VMAP_PAGES);
	void *addr = vm_map_ram(array, count, NUMA_NO_NODE);
	struct reader *reader = new_reader(test, 4);
	size_t pos = 0;

	KUNIT_ASSERT_NOT_NULL(test, addr);
	KUNIT_EXPECT_EQ(test, read(reader, addr + 5 * PAGE_SIZE + 3, 2 * PAGE_SIZE),
			2 * PAGE_SIZE);
	MM_KUNIT_EXPECT(test, check_read(test, reader, &pos, 6, PAGE_SIZE - 3));
	MM_KUNIT_EXPECT(test, check_read(test, reader, &pos, 7, PAGE_SIZE));
	MM_KUNIT_EXPECT(test, check_read(test, reader, &pos, 8, 3));
	MM_KUNIT_EXPECT(test, check_end(test, reader, pos));

	pos = 0;
	KUNIT_EXPECT_EQ(test,
			read(reader, addr + (count - 1) * PAGE_SIZE, PAGE_SIZE), PAGE_SIZE);
	vm_unmap_ram(addr, count);
	MM_KUNIT_EXPECT(test,
			check_read(test, reader, &pos, (count - 1) % NR_VMAP_PAGES + 1,
				   PAGE_SIZE));
	MM_KUNIT_EXPECT(test, check_end(test, reader, pos));
}

/*
 * vread_iter() reads those slots of a block that are mapped and returns zeroes
 * for the others, because their pages are no longer part of the mapping.
 */
static void vread_iter_vm_map_ram_block(struct kunit *test)
{
	struct page **array = vmap_pages_array(test, VMAP_ASCENDING);
	struct reader *reader = new_reader(test, 16);
	size_t pos = 0;
	void *slot[3];
	long got[5];

	KUNIT_ASSERT_EQ(test,
			set_cpus_allowed_ptr(current, cpumask_of(raw_smp_processor_id())), 0);
	/* Repeat this until the three slots follow each other in one block. */
	do {
		for (int i = 0; i < ARRAY_SIZE(slot); i++) {
			slot[i] = vm_map_ram(array + 4 * i, 3, NUMA_NO_NODE);
			KUNIT_ASSERT_NOT_NULL_MSG(test, slot[i], "slot %d", i);
		}
		vm_unmap_ram(slot[1], 3);
		if (slot[2] == slot[0] + 8 * PAGE_SIZE)
			break;
		vm_unmap_ram(slot[0], 3);
		vm_unmap_ram(slot[2], 3);
	} while (true);

	got[0] = read(reader, slot[0], 12 * PAGE_SIZE);
	MM_KUNIT_EXPECT(test, check_read(test, reader, &pos, 1, PAGE_SIZE));
	MM_KUNIT_EXPECT(test, check_read(test, reader, &pos, 2, PAGE_SIZE));
	MM_KUNIT_EXPECT(test, check_read(test, reader, &pos, 3, PAGE_SIZE));
	MM_KUNIT_EXPECT(test, check_read(test, reader, &pos, 0, 5 * PAGE_SIZE));
	MM_KUNIT_EXPECT(test, check_read(test, reader, &pos, 9, PAGE_SIZE));
	MM_KUNIT_EXPECT(test, check_read(test, reader, &pos, 10, PAGE_SIZE));
	MM_KUNIT_EXPECT(test, check_read(test, reader, &pos, 11, PAGE_SIZE));
	MM_KUNIT_EXPECT(test, check_read(test, reader, &pos, 0, PAGE_SIZE));
	MM_KUNIT_EXPECT(test, check_end(test, reader, pos));
	/* Reads that end with the first slot, in the hole, and for want of room. */
	got[1] = read(reader, slot[0], 3 * PAGE_SIZE);
	MM_KUNIT_EXPECT(test, check_end(test, reader, 3 * PAGE_SIZE));
	got[2] = read(reader, slot[0], 7 * PAGE_SIZE);
	MM_KUNIT_EXPECT(test, check_end(test, reader, 7 * PAGE_SIZE));
	got[3] = read_room(reader, slot[0], 12 * PAGE_SIZE, 4 * PAGE_SIZE + 1);
	MM_KUNIT_EXPECT(test, check_end(test, reader, 4 * PAGE_SIZE + 1));

	vm_unmap_ram(slot[0], 3);
	vm_unmap_ram(slot[2], 3);
	got[4] = read(reader, slot[0], 12 * PAGE_SIZE);
	pos = 0;
	MM_KUNIT_EXPECT(test, check_read(test, reader, &pos, 0, 12 * PAGE_SIZE));
	MM_KUNIT_EXPECT(test, check_end(test, reader, pos));

	KUNIT_EXPECT_EQ(test, got[0], 12 * PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, got[1], 3 * PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, got[2], 7 * PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, got[3], 4 * PAGE_SIZE + 1);
	KUNIT_EXPECT_EQ(test, got[4], 12 * PAGE_SIZE);
}

/*
 * vread_iter() can begin at any page of a block, because a debugger asks for
 * the page that it wants and not for the first one.
 */
static void vread_iter_vm_map_ram_block_page(struct kunit *test)
{
	struct page **array = vmap_pages_array(test, VMAP_ASCENDING);
	struct reader *reader = new_reader(test, 2);
	void *addr = vm_map_ram(array, 8, NUMA_NO_NODE);
	long got;

	KUNIT_ASSERT_NOT_NULL(test, addr);
	for (int i = 0; i < 8; i++) {
		size_t pos = 0;

		got = read(reader, addr + i * PAGE_SIZE + 5, PAGE_SIZE - 5);
		KUNIT_EXPECT_EQ_MSG(test, got, PAGE_SIZE - 5, "page %d", i);
		MM_KUNIT_EXPECT_MSG(test, check_read(test, reader, &pos, i + 1, PAGE_SIZE - 5),
				    "page %d", i);
		MM_KUNIT_EXPECT_MSG(test, check_end(test, reader, pos), "page %d", i);
	}
	vm_unmap_ram(addr, 8);
}

static struct kunit_case vread_iter_test_cases[] = {
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
	{}
};

static struct kunit_suite vread_iter_test_suite = {
	.name = "vread_iter",
	.init = vmap_pages_init,
	.test_cases = vread_iter_test_cases,
};

kunit_test_suite(vread_iter_test_suite);

MODULE_DESCRIPTION("KUnit tests for vread_iter()");
MODULE_LICENSE("GPL");
