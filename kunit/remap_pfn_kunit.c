// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests for remap_pfn_range(), seen from the user address space that it
 * maps page frames into.
 *
 * A remapped page is raw: the kernel must not touch the struct page it may
 * have. The copies that writes to a private mapping make are normal pages. An
 * architecture without pte_special() tells the two apart by the rule that
 * __vm_normal_page() describes, and most of what remap_pfn_range() refuses,
 * it refuses for that rule's sake.
 */
#include <kunit/test.h>

#include "gup_calls.h"
#include "remap_pfn.h"

struct part {
	const char *desc;
	unsigned long flags;
	unsigned long prot;
	unsigned long offset;	/* in a VMA of four pages */
	unsigned long size;
	int err;
	vm_flags_t clear;
	bool read_only_file;
};

static const struct part parts[] = {
	/*
	 * Without pte_special(), page i of a private VMA is raw if its frame
	 * is vm_pgoff + i. That leaves room for one range: all of the VMA.
	 */
	{ .desc = "private_first_page_missing", .flags = MAP_PRIVATE,
	  .prot = RW, .offset = PAGE_SIZE, .size = 3 * PAGE_SIZE,
	  .err = -EINVAL },
	{ .desc = "private_last_page_missing", .flags = MAP_PRIVATE,
	  .prot = RW, .size = 3 * PAGE_SIZE, .err = -EINVAL },
	{ .desc = "private_both_ends_missing", .flags = MAP_PRIVATE,
	  .prot = RW, .offset = PAGE_SIZE, .size = 2 * PAGE_SIZE,
	  .err = -EINVAL },
	{ .desc = "private_a_byte_too_many", .flags = MAP_PRIVATE, .prot = RW,
	  .size = 4 * PAGE_SIZE + 1, .err = -EINVAL },
	/* mprotect() can make these writable: it is VM_MAYWRITE that counts. */
	{ .desc = "private_read_only_first_page_missing",
	  .flags = MAP_PRIVATE, .prot = PROT_READ, .offset = PAGE_SIZE,
	  .size = 3 * PAGE_SIZE, .err = -EINVAL },
	{ .desc = "private_read_only_last_page_missing", .flags = MAP_PRIVATE,
	  .prot = PROT_READ, .size = 3 * PAGE_SIZE, .err = -EINVAL },
	{ .desc = "private", .flags = MAP_PRIVATE, .prot = RW,
	  .size = 4 * PAGE_SIZE },
	{ .desc = "private_read_only", .flags = MAP_PRIVATE,
	  .prot = PROT_READ, .size = 4 * PAGE_SIZE },
	{ .desc = "private_a_byte_less", .flags = MAP_PRIVATE, .prot = RW,
	  .size = 4 * PAGE_SIZE - 1 },
	{ .desc = "private_a_byte_of_the_last_page", .flags = MAP_PRIVATE,
	  .prot = RW, .size = 3 * PAGE_SIZE + 1 },
	/* Where there is no copying, all pages are raw, whatever they map. */
	{ .desc = "private_never_writable", .flags = MAP_PRIVATE,
	  .prot = PROT_READ, .offset = PAGE_SIZE, .size = 2 * PAGE_SIZE,
	  .clear = VM_MAYWRITE },
	{ .desc = "shared", .flags = MAP_SHARED, .prot = RW,
	  .offset = PAGE_SIZE, .size = 2 * PAGE_SIZE },
	{ .desc = "shared_read_only", .flags = MAP_SHARED, .prot = PROT_READ,
	  .offset = PAGE_SIZE, .size = 2 * PAGE_SIZE },
	/* The VMA of this one is not VM_SHARED. */
	{ .desc = "shared_read_only_file", .flags = MAP_SHARED,
	  .prot = PROT_READ, .offset = PAGE_SIZE, .size = 2 * PAGE_SIZE,
	  .read_only_file = true },
	{ .desc = "shared_a_byte", .flags = MAP_SHARED, .prot = RW, .size = 1 },
	{ .desc = "shared_a_page_less_a_byte", .flags = MAP_SHARED,
	  .prot = RW, .size = PAGE_SIZE - 1 },
	{ .desc = "shared_a_page", .flags = MAP_SHARED, .prot = RW,
	  .size = PAGE_SIZE },
	{ .desc = "shared_a_page_and_a_byte", .flags = MAP_SHARED, .prot = RW,
	  .size = PAGE_SIZE + 1 },
};

KUNIT_ARRAY_PARAM_DESC(part, parts, desc);

/*
 * A private mapping that can become writable must be mapped whole, because its
 * copies are told from raw pages by vm_pgoff, which holds the first page frame:
 * without pte_special(), page i is raw if its frame is vm_pgoff + i. Any part
 * of other mappings will do. The VMA gets VM_IO, VM_PFNMAP, VM_DONTEXPAND and
 * VM_DONTDUMP; a call that is refused changes nothing.
 */
static void remap_pfn_range_part_of_vma(struct kunit *test)
{
	const struct part *row = test->param_value;
	bool cow = row->flags == MAP_PRIVATE && !row->clear;
	unsigned long nr_pages = DIV_ROUND_UP(row->size, PAGE_SIZE);
	struct driver *drv = test->priv;
	unsigned long addr;

	if (row->read_only_file)
		drv->file = user_file_open(test, O_RDONLY, driver_mmap, drv);
	drv->offset = row->offset;
	drv->size = row->size;
	drv->clear = row->clear;
	addr = driver_map(test, 0, 4, row->prot, row->flags);
	KUNIT_ASSERT_EQ(test, drv->err, row->err);
	if (row->err) {
		KUNIT_EXPECT_EQ(test, drv->after, drv->before);
		KUNIT_EXPECT_EQ(test, drv->pgoff, PGOFF);
		MM_KUNIT_ASSERT(test, check_hole(test, addr, 4));
		return;
	}

	KUNIT_EXPECT_EQ(test, drv->after, drv->before | REMAP_FLAGS);
	KUNIT_EXPECT_EQ(test, drv->pgoff, cow ? drv->pfn : PGOFF);
	MM_KUNIT_ASSERT(test, check_hole(test, addr, row->offset / PAGE_SIZE));
	addr += row->offset;
	MM_KUNIT_ASSERT(test, check_raw(test, addr, drv->mem, nr_pages));
	MM_KUNIT_ASSERT(test,
			check_hole(test, addr + nr_pages * PAGE_SIZE,
				   4 - row->offset / PAGE_SIZE - nr_pages));
}

/*
 * An address that is not page aligned is refused with -EINVAL and a warning,
 * because it is a mistake of the driver. Nothing is mapped.
 */
static void remap_pfn_range_unaligned_address(struct kunit *test)
{
	struct driver *drv = test->priv;
	unsigned long addr = 0;

	drv->offset = 16;
	drv->size = PAGE_SIZE;
	kunit_warning_suppress(test) {
		addr = driver_map(test, 0, 2, RW, MAP_SHARED);
		KUNIT_EXPECT_SUPPRESSED_WARNING_COUNT(test, MM_KUNIT_WARN_ONCE(1));
	}
	KUNIT_EXPECT_EQ(test, drv->err, -EINVAL);
	MM_KUNIT_ASSERT(test, check_hole(test, addr, 2));
}

/* The first page by a good address, and the same again by a bad one. */
static int unaligned_again_mmap(struct vm_area_struct *vma, void *data)
{
	struct driver *drv = data;
	int err;

	err = remap_pfn_range(vma, vma->vm_start, drv->pfn, PAGE_SIZE, vma->vm_page_prot);
	return err ?: driver_mmap(vma, drv);
}

/*
 * An unaligned address does not unmap the page of an earlier call, because the
 * call that is refused has mapped nothing that would have to be undone.
 */
static void remap_pfn_range_unaligned_keeps_earlier(struct kunit *test)
{
	struct driver *drv = test->priv;
	unsigned long addr = 16 * PMD_SIZE;

	drv->file = user_file_open(test, O_RDWR, unaligned_again_mmap, drv);
	drv->offset = 16;
	drv->size = PAGE_SIZE;
	kunit_warning_suppress(test) {
		/* All of it is in one page table. */
		driver_map(test, addr, 2, RW, MAP_SHARED | MAP_FIXED);
	}
	KUNIT_EXPECT_EQ(test, drv->err, -EINVAL);
	MM_KUNIT_ASSERT(test, check_raw(test, addr, drv->mem, 1));
	MM_KUNIT_ASSERT(test, check_hole(test, addr + PAGE_SIZE, 1));
}

/*
 * A range is mapped whole where it crosses the border of a page table, at every
 * level, because each level goes on in the next table.
 */
static void remap_pfn_range_across_tables(struct kunit *test)
{
	const unsigned long boundaries[] = { PMD_SIZE, PUD_SIZE, P4D_SIZE, PGDIR_SIZE };
	const struct mapping *row = test->param_value;
	struct driver *drv = test->priv;
	int i;

	for (i = 0; i < ARRAY_SIZE(boundaries); i++) {
		unsigned long addr = boundaries[i] - NR_PAGES / 2 * PAGE_SIZE;

		if (addr > TASK_SIZE - NR_PAGES * PAGE_SIZE)
			break;
		driver_map(test, addr, NR_PAGES, PROT_READ, row->flags | MAP_FIXED);
		KUNIT_ASSERT_EQ_MSG(test, drv->err, 0, "border at %lx", boundaries[i]);
		MM_KUNIT_ASSERT_MSG(test, check_raw(test, addr, drv->mem, NR_PAGES),
				    "border at %lx", boundaries[i]);
		KUNIT_ASSERT_EQ_MSG(test, vm_munmap(addr, NR_PAGES * PAGE_SIZE), 0,
				    "border at %lx", boundaries[i]);
	}
}

/*
 * Page i of the range maps frame i also where the range covers a whole page
 * table, because the frame number is carried from table to table. The end of
 * one table, all of the next, and the start of a third are mapped, or as much of
 * that as there are contiguous pages.
 */
static void remap_pfn_range_fills_table(struct kunit *test)
{
	const unsigned long nr_pages = min3((unsigned long)PTRS_PER_PTE + NR_PAGES,
					    (unsigned long)MAX_ORDER_NR_PAGES,
					    SZ_32M / PAGE_SIZE);
	struct driver *drv = test->priv;
	void *mem = alloc_filled(test, nr_pages);
	unsigned long addr;

	if (!mem)
		kunit_skip(test, "needs %lu contiguous pages, which the allocator has not",
			   nr_pages);
	drv->pfn = PHYS_PFN(virt_to_phys(mem));
	addr = driver_map(test, PMD_SIZE - NR_PAGES / 2 * PAGE_SIZE, nr_pages, PROT_READ,
			  MAP_SHARED | MAP_FIXED);
	KUNIT_ASSERT_EQ(test, drv->err, 0);
	MM_KUNIT_ASSERT(test, check_raw(test, addr, mem, nr_pages));
}

static const unsigned int tiles[] = { 3, 0, 2, 1 };

static int tile_mmap(struct vm_area_struct *vma, void *data)
{
	struct driver *drv = data;
	int i;

	for (i = 0; i < ARRAY_SIZE(tiles) && !drv->err; i++)
		drv->err = remap_pfn_range(vma, vma->vm_start + i * PAGE_SIZE,
					   drv->pfn + tiles[i], PAGE_SIZE, vma->vm_page_prot);

	return drv->err;
}

/*
 * Several calls may fill a shared VMA page by page, with frames in any order,
 * because only private mappings need consecutive frames.
 */
static void remap_pfn_range_tiles(struct kunit *test)
{
	struct driver *drv = test->priv;
	unsigned long addr;
	int i;

	drv->file = user_file_open(test, O_RDWR, tile_mmap, drv);
	addr = driver_map(test, 0, ARRAY_SIZE(tiles), RW, MAP_SHARED);
	for (i = 0; i < ARRAY_SIZE(tiles); i++)
		MM_KUNIT_ASSERT_MSG(test, check_raw(test, addr + i * PAGE_SIZE,
						    page_of(drv, tiles[i]), 1), "tile %d", i);
}

/*
 * Pages get the protection that the driver asks for, because it may want to hear
 * of the first write. A shared page is never copied: in a writable VMA the first
 * write makes a read-only page writable, and it reaches the driver's memory.
 */
static void remap_pfn_range_shared_write(struct kunit *test)
{
	const struct prot *row = test->param_value;
	struct driver *drv = test->priv;
	struct follow_pfnmap_args args;
	unsigned long addr;

	drv->prot = row->prot;
	addr = REMAP_MAP_ALL(test, MAP_SHARED);
	KUNIT_ASSERT_EQ(test, user_pte(addr + PAGE_SIZE, &args), 0);
	KUNIT_EXPECT_EQ(test, args.writable, row->writable);

	memset(drv->buf, 0xa5, PAGE_SIZE);
	KUNIT_ASSERT_EQ(test,
			user_writes(addr + PAGE_SIZE, drv->buf, PAGE_SIZE),
			true);
	MM_KUNIT_EXPECT(test, check_bytes(test, page_of(drv, 1), drv->buf, PAGE_SIZE));
	MM_KUNIT_EXPECT(test, check_pristine(test, 0));
	MM_KUNIT_EXPECT(test, check_pristine(test, 2));
	KUNIT_ASSERT_EQ(test, user_pte(addr + PAGE_SIZE, &args), 0);
	KUNIT_EXPECT_EQ(test, args.writable, true);
	KUNIT_ASSERT_EQ(test, user_pte(addr + 2 * PAGE_SIZE, &args), 0);
	KUNIT_EXPECT_EQ(test, args.writable, row->writable);

	memset(page_of(drv, 4), 0x5a, PAGE_SIZE);
	MM_KUNIT_ASSERT(test, check_raw(test, addr, drv->mem, NR_PAGES));
}

struct mkwrite {
	struct driver *drv;
	vm_fault_t ret;
	unsigned int calls;
	unsigned long addr;	/* of the last call */
};

static vm_fault_t mkwrite_pfn_mkwrite(struct vm_fault *vmf)
{
	struct mkwrite *mkwrite = vmf->vma->vm_private_data;

	mkwrite->calls++;
	mkwrite->addr = vmf->address;

	return mkwrite->ret;
}

static const struct vm_operations_struct mkwrite_vm_ops = {
	.pfn_mkwrite = mkwrite_pfn_mkwrite,
};

static int mkwrite_mmap(struct vm_area_struct *vma, void *data)
{
	struct mkwrite *mkwrite = data;

	vma->vm_ops = &mkwrite_vm_ops;
	vma->vm_private_data = mkwrite;

	return driver_mmap(vma, mkwrite->drv);
}

/*
 * A driver that maps its pages read-only hears of the first write to each page
 * by ->pfn_mkwrite, and can refuse it, because some devices have to prepare for
 * writes.
 */
static void remap_pfn_range_pfn_mkwrite(struct kunit *test)
{
	struct driver *drv = test->priv;
	struct mkwrite mkwrite = { .drv = drv, .ret = VM_FAULT_SIGBUS };
	unsigned long addr;

	drv->file = user_file_open(test, O_RDWR, mkwrite_mmap, &mkwrite);
	drv->prot = VM_READ | VM_SHARED;
	addr = REMAP_MAP_ALL(test, MAP_SHARED);
	KUNIT_EXPECT_EQ(test, user_writes(addr + PAGE_SIZE, "x", 1), false);
	KUNIT_EXPECT_GT(test, mkwrite.calls, 0);
	MM_KUNIT_EXPECT(test, check_pristine(test, 1));

	mkwrite.ret = 0;
	mkwrite.calls = 0;
	KUNIT_EXPECT_EQ(test, user_writes(addr + PAGE_SIZE, "x", 1), true);
	KUNIT_EXPECT_EQ(test, user_writes(addr + PAGE_SIZE, "y", 1), true);
	KUNIT_EXPECT_EQ(test, mkwrite.calls, 1);
	KUNIT_EXPECT_EQ(test, mkwrite.addr & PAGE_MASK, addr + PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, *(char *)page_of(drv, 1), 'y');
}

static long anon_pages(void)
{
	return get_mm_counter_sum(current->mm, MM_ANONPAGES);
}

/*
 * A write to a private mapping makes an ordinary page with all of the old
 * contents and leaves the driver's memory alone, because the mapping is
 * private. From then on, what the driver writes shows in the raw pages only.
 */
static void remap_pfn_range_private_write(struct kunit *test)
{
	struct driver *drv = test->priv;
	struct follow_pfnmap_args args;
	unsigned long addr, copy;
	char *expected;

	expected = kunit_kmalloc(test, PAGE_SIZE, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, expected);
	memcpy(expected, page_of(drv, 2), PAGE_SIZE);
	expected[100] = 'x';

	addr = REMAP_MAP_ALL(test, MAP_PRIVATE);
	copy = addr + 2 * PAGE_SIZE;
	KUNIT_EXPECT_EQ(test, anon_pages(), 0);
	KUNIT_ASSERT_EQ(test, user_writes(copy + 100, "x", 1), true);
	KUNIT_EXPECT_EQ(test, anon_pages(), 1);
	MM_KUNIT_EXPECT(test, check_pristine(test, 2));
	KUNIT_ASSERT_EQ(test, user_pte(copy, &args), 0);
	KUNIT_EXPECT_NE(test, args.pfn, drv->pfn + 2);
	KUNIT_EXPECT_EQ(test, args.writable, true);
	KUNIT_EXPECT_EQ(test, args.special, false);

	/* From now on, what the driver writes shows in the raw pages only. */
	memset(page_of(drv, 2), 0x5a, PAGE_SIZE);
	memset(page_of(drv, 3), 0x5a, PAGE_SIZE);
	MM_KUNIT_ASSERT(test, check_raw(test, addr, drv->mem, 2));
	MM_KUNIT_ASSERT(test,
			check_raw(test, addr + 3 * PAGE_SIZE, page_of(drv, 3), NR_PAGES - 3));
	KUNIT_ASSERT_EQ(test, user_reads(copy, drv->buf, PAGE_SIZE), true);
	MM_KUNIT_EXPECT_MSG(test, check_bytes(test, drv->buf, expected, PAGE_SIZE),
			    "the copy, as the process reads it");

	KUNIT_ASSERT_EQ(test, vm_munmap(addr, NR_PAGES * PAGE_SIZE), 0);
	KUNIT_EXPECT_EQ(test, anon_pages(), 0);
	REMAP_EXPECT_UNREFERENCED(test);
}

/*
 * remap_pfn_range() takes no reference, does not count the pages as mapped, and
 * counts nothing as resident, because there need not be a struct page. The
 * driver decides how long its memory lives.
 */
static void remap_pfn_range_takes_no_reference(struct kunit *test)
{
	const struct mapping *row = test->param_value;
	unsigned long addr = REMAP_MAP_ALL(test, row->flags);

	REMAP_EXPECT_UNREFERENCED(test);
	KUNIT_EXPECT_EQ(test, get_mm_rss_sum(current->mm), 0);
	KUNIT_ASSERT_EQ(test, vm_munmap(addr, NR_PAGES * PAGE_SIZE), 0);
	REMAP_EXPECT_UNREFERENCED(test);
	KUNIT_EXPECT_EQ(test, get_mm_rss_sum(current->mm), 0);
}

/*
 * get_user_pages() and pin_user_pages() refuse raw pages with -EFAULT, because
 * a reference would not keep their memory, and there need not be a struct page
 * to take one of.
 */
static void remap_pfn_range_refuses_gup(struct kunit *test)
{
	unsigned long shared = REMAP_MAP_ALL(test, MAP_SHARED);
	unsigned long private = REMAP_MAP_ALL(test, MAP_PRIVATE);
	const struct gup *gup = test->param_value;

	KUNIT_EXPECT_EQ(test, gup_error(gup, shared, 0), -EFAULT);
	KUNIT_EXPECT_EQ(test, gup_error(gup, shared, FOLL_WRITE), -EFAULT);
	KUNIT_EXPECT_EQ(test, gup_error(gup, private, 0), -EFAULT);
	KUNIT_EXPECT_EQ(test, gup_error(gup, private, FOLL_WRITE), -EFAULT);
	REMAP_EXPECT_UNREFERENCED(test);
}

static unsigned long user_pgoff(unsigned long addr)
{
	struct vm_area_struct *vma;
	unsigned long pgoff;

	mmap_read_lock(current->mm);
	vma = vma_lookup(current->mm, addr);
	pgoff = vma ? vma->vm_pgoff : 0;
	mmap_read_unlock(current->mm);

	return pgoff;
}

/*
 * munmap() of a part leaves the pages behind the hole raw, because vm_pgoff of
 * the VMA that is split off moves along with its start.
 *
 *      addr
 *      |- 0 -|- 1 -|- 2 -|- 3 -|- 4 -| ...
 *             ^^^^^^^^^^^ munmap()
 *                               ^ then a write: in a private mapping to a copy
 */
static void remap_pfn_range_partial_munmap(struct kunit *test)
{
	const struct mapping *row = test->param_value;
	bool cow = row->flags == MAP_PRIVATE;
	struct driver *drv = test->priv;
	unsigned long addr;

	addr = REMAP_MAP_ALL(test, row->flags);
	KUNIT_ASSERT_EQ(test, vm_munmap(addr + PAGE_SIZE, 2 * PAGE_SIZE), 0);
	MM_KUNIT_ASSERT(test, check_raw(test, addr, drv->mem, 1));
	MM_KUNIT_ASSERT(test, check_hole(test, addr + PAGE_SIZE, 2));
	MM_KUNIT_ASSERT(test,
			check_raw(test, addr + 3 * PAGE_SIZE, page_of(drv, 3), NR_PAGES - 3));
	KUNIT_EXPECT_EQ(test, user_pgoff(addr), drv->pgoff);
	KUNIT_EXPECT_EQ(test, user_pgoff(addr + 3 * PAGE_SIZE), drv->pgoff + 3);

	KUNIT_ASSERT_EQ(test, user_writes(addr + 4 * PAGE_SIZE, "x", 1), true);
	KUNIT_EXPECT_EQ(test, anon_pages(), cow ? 1 : 0);
	KUNIT_EXPECT_EQ(test, *(char *)page_of(drv, 4) == 'x', !cow);
	MM_KUNIT_ASSERT(test,
			check_raw(test, addr + 5 * PAGE_SIZE, page_of(drv, 5), NR_PAGES - 5));

	KUNIT_ASSERT_EQ(test, vm_munmap(addr, NR_PAGES * PAGE_SIZE), 0);
	KUNIT_EXPECT_EQ(test, get_mm_rss_sum(current->mm), 0);
	REMAP_EXPECT_UNREFERENCED(test);
}

/*
 * MAP_FIXED replaces a raw page by what is mapped over it, and its neighbours
 * stay, because the old page is unmapped first.
 */
static void remap_pfn_range_mapped_over(struct kunit *test)
{
	const struct mapping *row = test->param_value;
	unsigned long addr = REMAP_MAP_ALL(test, row->flags);
	struct driver *drv = test->priv;
	unsigned long anon;

	anon = vm_mmap(NULL, addr + PAGE_SIZE, PAGE_SIZE, RW,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, 0);
	KUNIT_ASSERT_EQ(test, anon, addr + PAGE_SIZE);
	KUNIT_ASSERT_EQ(test, user_reads(anon, drv->buf, PAGE_SIZE), true);
	MM_KUNIT_EXPECT(test, check_filled(test, drv->buf, 0, PAGE_SIZE));
	KUNIT_EXPECT_EQ(test, user_writes(anon, "x", 1), true);
	MM_KUNIT_EXPECT(test, check_pristine(test, 1));
	MM_KUNIT_ASSERT(test, check_raw(test, addr, drv->mem, 1));
	MM_KUNIT_ASSERT(test,
			check_raw(test, addr + 2 * PAGE_SIZE, page_of(drv, 2), NR_PAGES - 2));
}

/*
 * If there is no memory for a page table, the call fails with -ENOMEM and
 * nothing of its range stays mapped, because a driver whose ->mmap fails frees
 * its pages. The VMA has its flags by then: without VM_PFNMAP, zapping would
 * take the pages for ordinary ones and drop references that nobody took.
 */
static void remap_pfn_range_no_memory(struct kunit *test)
{
	const unsigned long addr = user_table_border() - NR_PAGES / 2 * PAGE_SIZE;
	const struct mapping *row = test->param_value;
	struct driver *drv = test->priv;
	struct mm_kunit_failing fail;
	unsigned int errors = 0;

	mm_kunit_fail_setup(test, MM_KUNIT_FAIL_PAGE);
	/*
	 *      | neighbour |------ half of it ------|------ the rest ------|
	 *                  addr                     ^ needs tables of its own
	 */
	driver_map(test, addr - PAGE_SIZE, 1, PROT_READ, MAP_SHARED | MAP_FIXED);
	KUNIT_ASSERT_EQ_MSG(test, drv->err, 0, "the neighbour");

	drv->fail = &fail;
	mm_kunit_for_each_failing(test, &fail) {
		driver_map(test, addr, NR_PAGES, RW, row->flags | MAP_FIXED);
		if (drv->err) {
			errors++;
			KUNIT_EXPECT_EQ_MSG(test, drv->err, -ENOMEM, "allocation %u", fail.nth);
			KUNIT_EXPECT_EQ_MSG(test, drv->after, drv->before | REMAP_FLAGS,
					    "flags, allocation %u", fail.nth);
			MM_KUNIT_ASSERT_MSG(test, check_hole(test, addr, NR_PAGES),
					    "allocation %u", fail.nth);
			MM_KUNIT_ASSERT_MSG(test, check_raw(test, addr - PAGE_SIZE, drv->mem, 1),
					    "the neighbour, allocation %u", fail.nth);
			MM_KUNIT_EXPECT_COUNTS(test, virt_to_page(drv->mem), 1, 0,
					       "the driver's memory, allocation %u", fail.nth);
		} else {
			/* Even if an allocation failed, as KASAN's may for its records. */
			MM_KUNIT_ASSERT_MSG(test, check_raw(test, addr, drv->mem, NR_PAGES),
					    "allocation %u", fail.nth);
		}
		KUNIT_ASSERT_EQ_MSG(test, vm_munmap(addr, NR_PAGES * PAGE_SIZE), 0,
				    "munmap(), allocation %u", fail.nth);
	}
	mm_kunit_need_table_pages(test, errors);
	KUNIT_EXPECT_GT_MSG(test, errors, 0, "calls that have failed");
}

/* -- today's implementation, not promised ---------------------------------- */

struct again {
	const char *desc;
	unsigned long offset;
	unsigned long size;
	int err;
};

static const struct again agains[] = {
	{ .desc = "part", .offset = 3 * PAGE_SIZE, .size = 2 * PAGE_SIZE },
#ifdef __HAVE_PFNMAP_TRACKING
	/* A VMA has one tracked range, and has it until it is unmapped. */
	{ .desc = "all", .size = NR_PAGES * PAGE_SIZE, .err = -EINVAL },
#else
	{ .desc = "all", .size = NR_PAGES * PAGE_SIZE },
#endif
};

KUNIT_ARRAY_PARAM_DESC(again, agains, desc);

static int again_mmap(struct vm_area_struct *vma, void *data)
{
	unsigned long len = vma->vm_end - vma->vm_start;
	struct driver *drv = data;
	int err;

	err = remap_pfn_range(vma, vma->vm_start, drv->pfn, len, vma->vm_page_prot);
	if (err)
		return err;
	zap_special_vma_range(vma, vma->vm_start + drv->offset, drv->size);

	return driver_mmap(vma, drv);
}

/*
 * A driver may map other frames where it has zapped a part of its VMA, because
 * the entries are empty again. All of a tracked VMA (x86) is refused: it has
 * its one range until it is unmapped.
 */
static void remap_pfn_range_again_after_zap(struct kunit *test)
{
	const struct again *row = test->param_value;
	unsigned long behind = row->offset + row->size;
	struct driver *drv = test->priv;
	unsigned long addr;

	drv->file = user_file_open(test, O_RDWR, again_mmap, drv);
	drv->offset = row->offset;
	drv->size = row->size;
	addr = driver_map(test, 0, NR_PAGES, RW, MAP_SHARED);
	KUNIT_ASSERT_EQ(test, drv->err, row->err);
	MM_KUNIT_ASSERT(test,
			check_raw(test, addr, drv->mem, row->offset / PAGE_SIZE));
	if (row->err)
		MM_KUNIT_ASSERT(test,
				check_hole(test, addr + row->offset, row->size / PAGE_SIZE));
	else
		MM_KUNIT_ASSERT(test,
				check_raw(test, addr + row->offset, drv->mem,
					  row->size / PAGE_SIZE));
	MM_KUNIT_ASSERT(test,
			check_raw(test, addr + behind, drv->mem + behind,
				  NR_PAGES - behind / PAGE_SIZE));
}

/*
 * unmap_mapping_range() finds the private mappings of remap_pfn_range() by
 * their vm_pgoff, which is a page frame and no offset in the file, so unmapping
 * a part of the file misses them and unmapping all of it does not. Copies stay
 * unless even_cows is set.
 */
static void remap_pfn_range_unmap_mapping(struct kunit *test)
{
	struct driver *drv = test->priv;
	struct address_space *mapping = drv->file->filp->f_mapping;
	unsigned long shared = REMAP_MAP_ALL(test, MAP_SHARED);
	unsigned long private = REMAP_MAP_ALL(test, MAP_PRIVATE);

	KUNIT_ASSERT_EQ(test, user_writes(private, "x", 1), true);
	unmap_mapping_range(mapping, PGOFF * PAGE_SIZE, 2 * PAGE_SIZE, 1);
	MM_KUNIT_ASSERT(test, check_hole(test, shared, 2));
	MM_KUNIT_ASSERT(test,
			check_raw(test, shared + 2 * PAGE_SIZE, page_of(drv, 2), NR_PAGES - 2));
	MM_KUNIT_ASSERT(test,
			check_raw(test, private + PAGE_SIZE, page_of(drv, 1), NR_PAGES - 1));

	/* The user's copies stay, unless they are asked for. */
	unmap_mapping_range(mapping, 0, 0, 0);
	MM_KUNIT_ASSERT(test, check_hole(test, shared, NR_PAGES));
	MM_KUNIT_ASSERT(test,
			check_hole(test, private + PAGE_SIZE, NR_PAGES - 1));
	KUNIT_EXPECT_EQ(test, anon_pages(), 1);
	unmap_mapping_range(mapping, 0, 0, 1);
	MM_KUNIT_ASSERT(test, check_hole(test, private, 1));
	KUNIT_EXPECT_EQ(test, anon_pages(), 0);
	REMAP_EXPECT_UNREFERENCED(test);
}

static struct kunit_case remap_pfn_test_cases[] = {
	KUNIT_CASE_PARAM(remap_pfn_range_part_of_vma, part_gen_params),
	KUNIT_CASE(remap_pfn_range_unaligned_address),
	KUNIT_CASE(remap_pfn_range_unaligned_keeps_earlier),
	KUNIT_CASE_PARAM(remap_pfn_range_across_tables, mapping_gen_params),
	KUNIT_CASE(remap_pfn_range_fills_table),
	KUNIT_CASE(remap_pfn_range_tiles),
	KUNIT_CASE_PARAM(remap_pfn_range_no_memory, mapping_gen_params),
	KUNIT_CASE_PARAM(remap_pfn_range_shared_write, prot_gen_params),
	KUNIT_CASE(remap_pfn_range_pfn_mkwrite),
	KUNIT_CASE(remap_pfn_range_private_write),
	KUNIT_CASE_PARAM(remap_pfn_range_takes_no_reference, mapping_gen_params),
	KUNIT_CASE_PARAM(remap_pfn_range_refuses_gup, gup_gen_params),
	KUNIT_CASE_PARAM(remap_pfn_range_partial_munmap, mapping_gen_params),
	KUNIT_CASE_PARAM(remap_pfn_range_mapped_over, mapping_gen_params),
	KUNIT_CASE_PARAM(remap_pfn_range_again_after_zap, again_gen_params),
	KUNIT_CASE(remap_pfn_range_unmap_mapping),
	{}
};

static struct kunit_suite remap_pfn_test_suite = {
	.name = "remap_pfn",
	.init = remap_pfn_init,
	.test_cases = remap_pfn_test_cases,
};

kunit_test_suite(remap_pfn_test_suite);

MODULE_DESCRIPTION("KUnit tests for remap_pfn_range()");
MODULE_LICENSE("GPL");
