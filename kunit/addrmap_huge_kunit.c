// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests for the sample driver in mm/addrmap/: what its nodes "pfn-huge" and
 * "io-huge" map by huge entries, and what they do not.
 *
 * Where raw frames cannot be mapped by such entries the cases expect small ones, because
 * a process sees the same.
 */
#include <kunit/test.h>
#include <linux/align.h>
#include <linux/fs.h>
#include <linux/io.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/module.h>
#include <linux/pgtable.h>

#include "addrmap_node.h"
#include "mm_kunit.h"
#include "user_fork.h"

/* Pages that an entry of the PMD level maps. */
#define BLOCK_PAGES	(PMD_SIZE >> PAGE_SHIFT)

/**
 * struct huge_row - a mapping, and which blocks of it are mapped by one entry each
 * @desc: of the row
 * @length: pages of the buffer beyond two blocks, or short of them
 * @pgoff: the first page of the buffer that is mapped
 * @shift: pages from the start of a PMD to the mapping
 * @cut: pages of the buffer behind the mapping
 * @huge: whether the first and the second block of the buffer are
 */
struct huge_row {
	const char *desc;
	int length;
	unsigned int pgoff;
	unsigned int shift;
	unsigned int cut;
	bool huge[2];
};

static const struct huge_row huge_rows[] = {
	{ .desc = "all_of_two_blocks", .huge = { true, true } },
	{ .desc = "longer_buffer", .length = 1, .huge = { true, true } },
	{ .desc = "shorter_buffer", .length = -1, .huge = { true, false } },
	{ .desc = "shorter_mapping", .cut = 1, .huge = { true, false } },
	{ .desc = "offset", .pgoff = 1 },
	{ .desc = "address", .shift = 1 },
	{ .desc = "offset_and_address", .pgoff = 1, .shift = 1, .huge = { false, true } },
	{ .desc = "offset_and_another_address", .pgoff = 2, .shift = 1 },
};

KUNIT_ARRAY_PARAM_DESC(huge, huge_rows, desc);

static const struct huge_row two_blocks = { .huge = { true, true } };

/**
 * struct huge_map - a mapping of a buffer of its own, of which page n starts with n % 251
 * @row: what it is like
 * @filp: the file
 * @mem: where it is
 */
struct huge_map {
	const struct huge_row *row;
	struct file *filp;
	char __user *mem;
};

/* Where three blocks can be mapped, from the start of a PMD on. */
static unsigned long pmd_room(struct kunit *test)
{
	long room = vm_mmap(NULL, 0, 4 * PMD_SIZE, PROT_NONE, MAP_ANONYMOUS | MAP_PRIVATE, 0);

	KUNIT_ASSERT_FALSE_MSG(test, IS_ERR_VALUE(room),
			       "mmap(PROT_NONE): expected an address, found %ld", room);

	return ALIGN((unsigned long)room, PMD_SIZE);
}

static struct huge_map map_huge(struct kunit *test, const struct huge_row *row)
{
	struct huge_map at = {
		.row = row,
		.filp = ADDRMAP_OPEN_NAME(test, "addrmap/pfn-huge", O_RDWR),
	};
	unsigned long n, nr = 2 * BLOCK_PAGES + row->length;
	unsigned long room, addr;

	if (nr > ADDRMAP_MAX_LENGTH >> PAGE_SHIFT)
		kunit_skip(test, "needs PMDs for which a buffer of %lu pages is not too large", nr);
	KUNIT_ASSERT_EQ_MSG(test, set_length(test, at.filp, nr * PAGE_SIZE), 0,
			    "ADDRMAP_SET_LENGTH of %lu pages", nr);
	for (n = 0; n < nr; n++) {
		loff_t pos = n << PAGE_SHIFT;
		u8 byte = n % 251;

		KUNIT_ASSERT_EQ_MSG(test, kernel_write(at.filp, &byte, 1, &pos), 1,
				    "byte of page %lu", n);
	}

	room = pmd_room(test) + row->shift * PAGE_SIZE;
	addr = vm_mmap(at.filp, room, (nr - row->pgoff - row->cut) << PAGE_SHIFT,
		       PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED,
		       (unsigned long)row->pgoff << PAGE_SHIFT);
	KUNIT_ASSERT_EQ_MSG(test, addr, room, "mmap() of %s", row->desc);
	at.mem = (char __user *)addr;

	return at;
}

/* Whether raw frames can be mapped by huge entries, which is up to the processor, too. */
static bool has_raw_huge(void)
{
	return IS_ENABLED(CONFIG_ARCH_SUPPORTS_PMD_PFNMAP) && has_transparent_hugepage() &&
	       PMD_SIZE <= ADDRMAP_SHARED_LENGTH;
}

/* What the page tables have for page @pgoff of the buffer. */
static struct entry huge_entry(const struct huge_map *at, unsigned long pgoff)
{
	return entry_of(at->mem, pgoff - at->row->pgoff);
}

/*
 * Reads page @pgoff of the buffer. It has to be at its place in the mapping, and mapped by
 * an entry for a block, or by one for the page alone.
 */
static const char *check_page(struct kunit *test, const struct huge_map *at,
			      unsigned long pgoff, bool block)
{
	int byte = byte_at(at->mem + (pgoff - at->row->pgoff) * PAGE_SIZE);
	unsigned long mask = block && has_raw_huge() ? PMD_MASK : PAGE_MASK;
	struct entry entry = huge_entry(at, pgoff);
	unsigned long pfn = buffer_pfn(test, at->filp, pgoff);

	if (byte != pgoff % 251)
		return mm_kunit_wrong(test, "byte of page %lu: expected %lu, found %d", pgoff,
				      pgoff % 251, byte);
	if (!pfn || entry.pfn != pfn)
		return mm_kunit_wrong(test, "frame of page %lu: expected %lx, found %lx", pgoff,
				      pfn, entry.pfn);
	if (entry.mask != mask)
		return mm_kunit_wrong(test, "mask of page %lu's entry: expected %lx, found %lx",
				      pgoff, mask, entry.mask);
	return NULL;
}

/*
 * One access maps a block by an entry of the PMD level, if all of the block is in the
 * buffer and in the mapping, and at the same offset in its PMD. Otherwise it maps the page
 * alone, because an entry can show no other frames, nor at other addresses
 * (mm/addrmap/pfn_huge.c).
 */
static void pfn_huge_entries(struct kunit *test)
{
	const struct huge_row *row = test->param_value;
	struct huge_map at = map_huge(test, row);
	int i;

	for (i = 0; i < 2; i++) {
		unsigned long first = i * BLOCK_PAGES + 5, other = first + BLOCK_PAGES / 2;
		bool huge = row->huge[i] && has_raw_huge();

		MM_KUNIT_EXPECT_MSG(test, check_page(test, &at, first, huge), "block %d", i);
		KUNIT_EXPECT_EQ_MSG(test, huge_entry(&at, other).pfn,
				    huge ? buffer_pfn(test, at.filp, other) : 0,
				    "frame of page %lu, after an access to page %lu", other, first);
		MM_KUNIT_EXPECT_MSG(test, check_page(test, &at, other, huge), "block %d", i);
	}
}

/*
 * munmap() of a part of a block leaves what the rest of it shows, because the entry goes,
 * and not the frames: ->fault maps each page when it is accessed. Other blocks keep their
 * entries.
 */
static void pfn_huge_munmap_part(struct kunit *test)
{
	struct huge_map at = map_huge(test, &two_blocks);
	unsigned long n;

	/*
	 *	0          3           5          BLOCK_PAGES
	 *	|-- rest --|-- munmap --|-- rest --|-- another block --|
	 */
	MM_KUNIT_EXPECT(test, check_page(test, &at, 0, true));
	MM_KUNIT_EXPECT(test, check_page(test, &at, BLOCK_PAGES, true));
	KUNIT_ASSERT_EQ_MSG(test, unmap(at.mem, 3, 2), 0, "munmap() of pages 3 and 4");
	for (n = 1; n < BLOCK_PAGES; n++)
		KUNIT_EXPECT_EQ_MSG(test, huge_entry(&at, n).pfn, 0,
				    "frame of page %lu after munmap()", n);
	for (n = 0; n < BLOCK_PAGES; n++) {
		if (n < 3 || n > 4)
			MM_KUNIT_EXPECT_MSG(test, check_page(test, &at, n, false), "the rest");
		else
			KUNIT_EXPECT_EQ_MSG(test, byte_at(at.mem + n * PAGE_SIZE), -EFAULT,
					    "byte of page %lu, which was unmapped", n);
	}
	MM_KUNIT_EXPECT(test, check_page(test, &at, BLOCK_PAGES, true));
}

/*
 * mprotect() of a whole block changes the rights of its entry. That of a part changes
 * those of the part alone, because the rest of the block is mapped page by page then.
 */
static void pfn_huge_mprotect(struct kunit *test)
{
	struct huge_map at = map_huge(test, &two_blocks);
	unsigned long addr = (unsigned long)at.mem;

	MM_KUNIT_EXPECT(test, check_page(test, &at, 7, true));
	KUNIT_EXPECT_EQ_MSG(test, huge_entry(&at, 7).writable, true, "entry of page 7, at first");

	KUNIT_ASSERT_EQ(test, mm_kunit_mprotect(addr, PMD_SIZE, PROT_READ), 0);
	MM_KUNIT_EXPECT(test, check_page(test, &at, 7, true));
	KUNIT_EXPECT_EQ_MSG(test, huge_entry(&at, 7).writable, false,
			    "entry of page 7, read-only");
	KUNIT_EXPECT_EQ_MSG(test, touch(at.mem, 7), -EFAULT, "a write to page 7, read-only");

	KUNIT_ASSERT_EQ(test, mm_kunit_mprotect(addr, PMD_SIZE, PROT_READ | PROT_WRITE), 0);
	KUNIT_EXPECT_EQ_MSG(test, touch(at.mem, 1), 0, "a write to page 1, writable again");
	MM_KUNIT_EXPECT(test, check_page(test, &at, 7, true));

	KUNIT_ASSERT_EQ(test, mm_kunit_mprotect(addr + 7 * PAGE_SIZE, PAGE_SIZE, PROT_READ), 0);
	MM_KUNIT_EXPECT(test, check_page(test, &at, 6, false));
	MM_KUNIT_EXPECT(test, check_page(test, &at, 7, false));
	MM_KUNIT_EXPECT(test, check_page(test, &at, 8, false));
	KUNIT_EXPECT_EQ_MSG(test, touch(at.mem, 7), -EFAULT, "a write to page 7, alone read-only");
	KUNIT_EXPECT_EQ_MSG(test, touch(at.mem, 1), 0, "a write to page 1, not read-only");
}

/*
 * fork() copies the entry of a block, as it does all entries of VM_PFNMAP. What the child
 * unmaps of the block stays in the parent, because each has page tables of its own, and
 * what the child writes is seen there, because the mapping is shared.
 */
static void pfn_huge_fork(struct kunit *test)
{
	struct huge_map at = map_huge(test, &two_blocks);
	struct mm_struct *child, *parent;
	struct entry copied, none;
	int unmapped, wrote;

	MM_KUNIT_EXPECT(test, check_page(test, &at, 0, true));
	child = user_fork(test);
	parent = user_fork_enter(child);
	copied = huge_entry(&at, 0);
	none = huge_entry(&at, BLOCK_PAGES);
	unmapped = unmap(at.mem, 3, 1);
	wrote = touch(at.mem, 4);
	user_fork_leave(parent);

	KUNIT_EXPECT_EQ_MSG(test, copied.pfn, buffer_pfn(test, at.filp, 0),
			    "frame of page 0 in the child");
	KUNIT_EXPECT_EQ_MSG(test, copied.mask, has_raw_huge() ? PMD_MASK : PAGE_MASK,
			    "addresses of page 0's entry in the child");
	KUNIT_EXPECT_EQ_MSG(test, none.pfn, 0, "frame of the block that was not accessed");
	KUNIT_EXPECT_EQ_MSG(test, unmapped, 0, "munmap() of page 3 in the child");
	KUNIT_EXPECT_EQ_MSG(test, wrote, 0, "a write to page 4 in the child");
	MM_KUNIT_EXPECT(test, check_page(test, &at, 3, true));
	KUNIT_EXPECT_EQ_MSG(test, byte_at(at.mem + 4 * PAGE_SIZE), 1,
			    "byte of page 4 in the parent");
}

/*
 * get_user_pages() returns -EFAULT for a block, as for a single raw frame, and takes no
 * reference, because VM_PFNMAP says that there are no pages to be had.
 */
static void pfn_huge_gup(struct kunit *test)
{
	static const unsigned int flags[] = { 0, FOLL_WRITE };
	struct huge_map at = map_huge(test, &two_blocks);
	unsigned long addr = (unsigned long)at.mem + 5 * PAGE_SIZE;
	struct page *pages[2] = {};
	int i;

	MM_KUNIT_ASSERT(test, check_page(test, &at, 5, true));
	for (i = 0; i < ARRAY_SIZE(flags); i++) {
		KUNIT_EXPECT_EQ_MSG(test, pin_user_pages_fast(addr, 2, flags[i], pages), -EFAULT,
				    "pin_user_pages_fast(), flags %#x", flags[i]);
		KUNIT_EXPECT_EQ_MSG(test, get_user_pages_unlocked(addr, 2, pages, flags[i]),
				    -EFAULT, "get_user_pages_unlocked(), flags %#x", flags[i]);
		KUNIT_EXPECT_EQ_MSG(test, page_ref_count(pfn_to_page(huge_entry(&at, 5).pfn)), 1,
				    "references of page 5, flags %#x", flags[i]);
	}
}

/*
 * mmap() chooses an address at which whole blocks of the buffer can be mapped by one entry
 * each, also for a mapping that starts in the middle of a block, because the node has
 * thp_get_unmapped_area(). A 32-bit address space is too small for that.
 */
static void pfn_huge_address(struct kunit *test)
{
	static const struct huge_row rows[] = {
		{ .desc = "without_the_last_page", .cut = 1 },
		{ .desc = "without_the_first_page", .pgoff = 1 },
	};
	struct huge_map whole = map_huge(test, &two_blocks);
	int i;

	if (!has_raw_huge() || !IS_ENABLED(CONFIG_64BIT))
		kunit_skip(test, "needs CONFIG_64BIT, CONFIG_ARCH_SUPPORTS_PMD_PFNMAP, 2 MB PMDs");
	/* One behind the other, they would not be at the offset of the file in a PMD. */
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		struct huge_map at = {
			.row = &rows[i],
			.filp = whole.filp,
			.mem = ADDRMAP_MAP(test, whole.filp, 2 * BLOCK_PAGES - 1, MAP_SHARED,
					   rows[i].pgoff),
		};

		KUNIT_EXPECT_EQ_MSG(test, ((unsigned long)at.mem >> PAGE_SHIFT) % BLOCK_PAGES,
				    rows[i].pgoff, "page in its PMD, %s", rows[i].desc);
		/* The block that is in the mapping. */
		MM_KUNIT_EXPECT_MSG(test, check_page(test, &at, i * BLOCK_PAGES + 3, true),
				    "%s", rows[i].desc);
	}
}

static const struct io_huge_row {
	const char *desc;
	unsigned int first;	/* frames from a multiple of a block to the memory */
	unsigned int cut;	/* pages that the memory is short of two blocks */
	bool huge[2];
} io_huge_rows[] = {
	{ .desc = "frames_fit", .huge = { true, true } },
	{ .desc = "frames_fit_shorter", .cut = 1, .huge = { true, false } },
	{ .desc = "frames_do_not_fit", .first = 1, .cut = 1 },
};

KUNIT_ARRAY_PARAM_DESC(io_huge, io_huge_rows, desc);

static void free_blocks(void *blocks)
{
	free_pages_exact(blocks, 2 * PMD_SIZE);
}

/*
 * An access to a device's memory maps a block by an entry of the PMD level if the frame
 * number is a multiple of a block's, too, because the entry has no room for the rest of the
 * number: it would show other memory (mm/addrmap/io_huge.c).
 *
 * Frames of RAM stand for the device's. Nobody reads them by this mapping, which would be
 * another one than that of the kernel: the faults are those of fixup_user_fault().
 */
static void io_huge_entries(struct kunit *test)
{
	const struct io_huge_row *row = test->param_value;
	struct addrmap_buffer *buf = kunit_kzalloc(test, sizeof(*buf), GFP_KERNEL);
	unsigned long nr = 2 * BLOCK_PAGES - row->cut;
	unsigned long room, n;
	struct file *filp;
	void *blocks;
	int i;

	KUNIT_ASSERT_NOT_NULL(test, buf);
	if (!IS_ENABLED(CONFIG_HAS_IOMEM))
		kunit_skip(test, "needs CONFIG_HAS_IOMEM");
	if (PMD_SIZE > ADDRMAP_SHARED_LENGTH)
		kunit_skip(test, "needs PMDs of at most %lu KiB", ADDRMAP_SHARED_LENGTH >> 10);
	blocks = alloc_pages_exact(2 * PMD_SIZE, GFP_KERNEL | __GFP_NOWARN);
	if (!blocks)
		kunit_skip(test, "needs two PMDs of memory in one piece");
	mm_kunit_manage(test, free_blocks, blocks);
	buf->tech = &addrmap_io_huge;
	buf->length = nr * PAGE_SIZE;
	buf->phys = virt_to_phys(blocks) + row->first * PAGE_SIZE;
	filp = open_buffer(test, buf);

	room = pmd_room(test);
	KUNIT_ASSERT_EQ(test, vm_mmap(filp, room, buf->length, PROT_READ | PROT_WRITE,
				      MAP_SHARED | MAP_FIXED, 0), room);
	for (i = 0; i < 2; i++) {
		bool huge = row->huge[i] && has_raw_huge();
		struct entry entry;
		int err;

		n = i * BLOCK_PAGES + 5;
		mmap_read_lock(current->mm);
		err = fixup_user_fault(current->mm, room + n * PAGE_SIZE, FAULT_FLAG_WRITE, NULL);
		mmap_read_unlock(current->mm);
		KUNIT_ASSERT_EQ_MSG(test, err, 0, "fault on page %lu", n);
		entry = entry_of((char __user *)room, n);
		KUNIT_EXPECT_EQ_MSG(test, entry.pfn, PHYS_PFN(buf->phys) + n,
				    "frame of page %lu", n);
		KUNIT_EXPECT_EQ_MSG(test, entry.mask, huge ? PMD_MASK : PAGE_MASK,
				    "mask of page %lu's entry", n);
		n += BLOCK_PAGES / 2;
		KUNIT_EXPECT_EQ_MSG(test, entry_of((char __user *)room, n).pfn,
				    huge ? PHYS_PFN(buf->phys) + n : 0,
				    "frame of page %lu, which nobody accessed", n);
	}
	/* Before @buf is freed. */
	KUNIT_EXPECT_EQ_MSG(test, vm_munmap(room, buf->length), 0, "munmap()");
}

static struct kunit_case addrmap_huge_cases[] = {
	KUNIT_CASE_PARAM(pfn_huge_entries, huge_gen_params),
	KUNIT_CASE(pfn_huge_munmap_part),
	KUNIT_CASE(pfn_huge_mprotect),
	KUNIT_CASE(pfn_huge_fork),
	KUNIT_CASE(pfn_huge_gup),
	KUNIT_CASE(pfn_huge_address),
	KUNIT_CASE_PARAM(io_huge_entries, io_huge_gen_params),
	{}
};

static struct kunit_suite addrmap_huge_suite = {
	.name = "addrmap_huge",
	.init = addrmap_node_init,
	.test_cases = addrmap_huge_cases,
};

kunit_test_suite(addrmap_huge_suite);

MODULE_DESCRIPTION("KUnit tests for the huge entries of the sample driver in mm/addrmap/");
MODULE_LICENSE("GPL");
