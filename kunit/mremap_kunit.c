// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests for mremap() of a driver's mapping: what may grow, what moves along,
 * what is charged, and what a driver can refuse.
 */
#include <kunit/test.h>
#include <linux/bitops.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/module.h>
#include <linux/rmap.h>
#include <linux/sizes.h>

#include "mm_kunit.h"
#include "mmap_driver.h"
#include "user_fork.h"

#define MORE	(ALL + PAGE_SIZE)
#define TO	(MREMAP_MAYMOVE | MREMAP_FIXED)

/* -- growing and shrinking --------------------------------------------------- */

struct remap {
	const char *desc;
	enum test_driver_how how;
	unsigned long flags;
	vm_flags_t set;		/* by ->mmap */
	unsigned long old_len;
	unsigned long new_len;
	unsigned long remap_flags;
	long err;		/* 0 for success */
};

static const struct remap remap_rows[] = {
	/* VM_DONTEXPAND, VM_PFNMAP: behind what the driver has mapped is nothing to map. */
	{ .desc = "grow_raw", .how = DRV_REMAP_PFN, .flags = MAP_SHARED, .old_len = ALL,
	  .new_len = MORE, .err = -EFAULT },
	{ .desc = "grow_raw_moving", .how = DRV_REMAP_PFN, .flags = MAP_SHARED,
	  .old_len = ALL, .new_len = MORE, .remap_flags = MREMAP_MAYMOVE, .err = -EFAULT },
	{ .desc = "grow_private_raw", .how = DRV_REMAP_PFN, .flags = MAP_PRIVATE,
	  .old_len = ALL, .new_len = MORE, .remap_flags = MREMAP_MAYMOVE, .err = -EFAULT },
	{ .desc = "grow_vm_pfnmap", .how = DRV_FAULT, .flags = MAP_SHARED, .set = VM_PFNMAP,
	  .old_len = ALL, .new_len = MORE, .remap_flags = MREMAP_MAYMOVE, .err = -EFAULT },
	{ .desc = "grow_vm_dontexpand", .how = DRV_INSERT_PAGE, .flags = MAP_SHARED,
	  .set = VM_DONTEXPAND, .old_len = ALL, .new_len = MORE,
	  .remap_flags = MREMAP_MAYMOVE, .err = -EFAULT },
	{ .desc = "grow_faults", .how = DRV_FAULT, .flags = MAP_SHARED, .old_len = ALL,
	  .new_len = MORE, .remap_flags = MREMAP_MAYMOVE },
	/* old_len 0 (duplicate) and DONTUNMAP leave a VMA without pages: it needs ->fault. */
	{ .desc = "duplicate_raw", .how = DRV_REMAP_PFN, .flags = MAP_SHARED, .old_len = 0,
	  .new_len = PAGE_SIZE, .remap_flags = MREMAP_MAYMOVE, .err = -EFAULT },
	{ .desc = "duplicate_private", .how = DRV_INSERT_PAGE, .flags = MAP_PRIVATE,
	  .old_len = 0, .new_len = PAGE_SIZE, .remap_flags = MREMAP_MAYMOVE, .err = -EINVAL },
	{ .desc = "dontunmap_raw", .how = DRV_REMAP_PFN, .flags = MAP_SHARED, .old_len = ALL,
	  .new_len = ALL, .remap_flags = MREMAP_MAYMOVE | MREMAP_DONTUNMAP, .err = -EINVAL },
	{ .desc = "dontunmap_vm_dontexpand", .how = DRV_INSERT_PAGE, .flags = MAP_SHARED,
	  .set = VM_DONTEXPAND, .old_len = ALL, .new_len = ALL,
	  .remap_flags = MREMAP_MAYMOVE | MREMAP_DONTUNMAP, .err = -EINVAL },
	{ .desc = "dontunmap_vm_pfnmap", .how = DRV_FAULT, .flags = MAP_SHARED,
	  .set = VM_PFNMAP, .old_len = ALL, .new_len = ALL,
	  .remap_flags = MREMAP_MAYMOVE | MREMAP_DONTUNMAP, .err = -EINVAL },
	/* A mapping of any kind can shrink: that is munmap() of its end. */
	{ .desc = "shrink_raw", .how = DRV_REMAP_PFN, .flags = MAP_SHARED, .old_len = ALL,
	  .new_len = 2 * PAGE_SIZE },
	{ .desc = "shrink_private_raw", .how = DRV_REMAP_PFN, .flags = MAP_PRIVATE,
	  .old_len = ALL, .new_len = 2 * PAGE_SIZE },
	{ .desc = "shrink_pages", .how = DRV_INSERT_PAGE, .flags = MAP_SHARED, .old_len = ALL,
	  .new_len = 2 * PAGE_SIZE },
	{ .desc = "beyond_end", .how = DRV_INSERT_PAGE, .flags = MAP_SHARED, .old_len = MORE,
	  .new_len = MORE + PAGE_SIZE, .remap_flags = MREMAP_MAYMOVE, .err = -EFAULT },
	{ .desc = "no_length", .how = DRV_INSERT_PAGE, .flags = MAP_SHARED, .old_len = ALL,
	  .new_len = 0, .err = -EINVAL },
};

KUNIT_ARRAY_PARAM_DESC(remap, remap_rows, desc);

/*
 * mremap() makes a mapping longer only if ->fault can serve the new pages, and
 * not if the driver has set VM_DONTEXPAND or VM_PFNMAP, because all there is has
 * been mapped in ->mmap. A refusal changes nothing.
 *
 *	addr
 *	|--- p0 ---|--- p1 ---|--- p2 ---|--- p3 ---|
 *	|------------------- MORE -----------------------------|  grow
 *	|------- 2 pages -----|                                   shrink
 */
static void mremap_size(struct kunit *test)
{
	const struct remap *row = test->param_value;
	struct test_driver *drv = test->priv;
	struct mmap_usage before = mmap_usage(test), mapped;
	int nr_pages = TEST_DRIVER_PAGES;
	unsigned long addr, ret;

	drv->how = row->how;
	drv->set = row->set;
	addr = mmap_driver_map(test, row->flags);
	mapped = mmap_usage(test);
	ret = mm_kunit_mremap(addr, row->old_len, row->new_len, row->remap_flags, 0);
	if (row->err) {
		KUNIT_EXPECT_EQ(test, (long)ret, row->err);
		MMAP_EXPECT_USAGE(test, mapped, "after the refusal");
		ret = addr;
	} else {
		KUNIT_ASSERT_FALSE_MSG(test, IS_ERR_VALUE(ret), "mremap() returned %ld", (long)ret);
		nr_pages = row->new_len / PAGE_SIZE;
	}
	/* Of a VM_PFNMAP VMA, a page that ->fault returns cannot be mapped. */
	if (!(row->set & VM_PFNMAP))
		MM_KUNIT_EXPECT(test, mmap_check_reads(test, ret, 0,
						       min(nr_pages, TEST_DRIVER_PAGES)));
	if (nr_pages > TEST_DRIVER_PAGES)
		KUNIT_EXPECT_EQ_MSG(test, mmap_read(ret + ALL), -EFAULT,
				    "page behind those of the driver");
	if (nr_pages < TEST_DRIVER_PAGES)
		MM_KUNIT_EXPECT(test, mmap_check_hole(test, addr + nr_pages * PAGE_SIZE,
						      TEST_DRIVER_PAGES - nr_pages));
	KUNIT_EXPECT_EQ(test, vm_munmap(ret, nr_pages * PAGE_SIZE), 0);
	KUNIT_EXPECT_EQ(test, drv->closes, drv->opens + 1);
	MMAP_EXPECT_USAGE(test, before, "after munmap()");
	MM_KUNIT_EXPECT_UNUSED(test);
}

/* -- moving ------------------------------------------------------------------ */

/*
 * mremap() moves the page table entries, of pages, raw page frames and private
 * copies, because the driver is not asked for the pages again. It calls ->mremap,
 * for drivers that keep the address of their mapping, and not ->mmap.
 *
 *	addr                              new
 *	|-- p0 --|-- p1 --|-- p2 --|-- p3 --|   ...   |----- anonymous -----|
 *	                    ^ written                  ^ mremap() to here
 */
static void mremap_moves(struct kunit *test)
{
	const struct mmap_kind *row = test->param_value;
	const bool private = row->flags == MAP_PRIVATE;
	struct test_driver *drv = test->priv;
	struct mmap_driver *md = to_mmap_driver(drv);
	struct mmap_usage before = mmap_usage(test);
	unsigned long addr, new, ret;

	drv->how = row->how;
	addr = mmap_driver_map(test, row->flags);
	KUNIT_ASSERT_EQ(test, mmap_write(addr + 2 * PAGE_SIZE, 1234), 0);
	new = mmap_anon(test, 0, TEST_DRIVER_PAGES, 0);
	ret = mm_kunit_mremap(addr, ALL, ALL, TO, new);
	KUNIT_ASSERT_EQ(test, ret, new);
	KUNIT_EXPECT_EQ(test, md->mremaps, 1);
	KUNIT_EXPECT_EQ(test, drv->mmaps, 1);
	KUNIT_EXPECT_EQ(test, drv->closes, drv->opens);
	MM_KUNIT_EXPECT(test, mmap_check_hole(test, addr, TEST_DRIVER_PAGES));
	MM_KUNIT_EXPECT(test, mmap_check_reads(test, new, 0, 2));
	MM_KUNIT_EXPECT(test, mmap_check_reads(test, new + 3 * PAGE_SIZE, 3, 1));
	KUNIT_EXPECT_EQ_MSG(test, mmap_read(new + 2 * PAGE_SIZE), 1234, "page 2");
	KUNIT_EXPECT_EQ_MSG(test, get_mm_counter_sum(current->mm, MM_ANONPAGES), private ? 1 : 0,
			    "copies after mremap()");

	/* The first write to a page after the move makes a copy, too. */
	KUNIT_ASSERT_EQ(test, mmap_write(new + PAGE_SIZE, 4321), 0);
	KUNIT_EXPECT_EQ(test, mmap_driver_word(drv, 1), private ? FILLED(1) : 4321);
	KUNIT_EXPECT_EQ_MSG(test, get_mm_counter_sum(current->mm, MM_ANONPAGES), private ? 2 : 0,
			    "copies after another write");
	KUNIT_EXPECT_EQ(test, vm_munmap(new, ALL), 0);
	KUNIT_EXPECT_EQ(test, drv->closes, drv->opens + 1);
	MMAP_EXPECT_USAGE(test, before, "after munmap()");
	MM_KUNIT_EXPECT_UNUSED(test);
}

/*
 * If ->mremap returns an error, mremap() returns it, and the mapping is where it
 * was, with its pages, because a driver whose mapping cannot be moved has to go on
 * at the old address. What was at the new address is gone, as with MAP_FIXED.
 */
static void mremap_driver_refuses(struct kunit *test)
{
	const struct mmap_kind *row = test->param_value;
	struct test_driver *drv = test->priv;
	struct mmap_driver *md = to_mmap_driver(drv);
	struct mmap_usage before = mmap_usage(test);
	unsigned long addr, new;

	drv->how = row->how;
	md->mremap_ret = -EBUSY;
	addr = mmap_driver_map(test, row->flags);
	MM_KUNIT_ASSERT(test, mmap_check_reads(test, addr, 0, TEST_DRIVER_PAGES));
	drv->faults = 0;
	new = mmap_anon(test, 0, TEST_DRIVER_PAGES, 0);
	KUNIT_EXPECT_EQ(test, (long)mm_kunit_mremap(addr, ALL, ALL, TO, new), -EBUSY);
	KUNIT_EXPECT_EQ(test, md->mremaps, 1);
	MM_KUNIT_EXPECT(test, mmap_check_reads(test, addr, 0, TEST_DRIVER_PAGES));
	KUNIT_EXPECT_EQ(test, drv->faults, 0);
	MM_KUNIT_EXPECT(test, mmap_check_hole(test, new, TEST_DRIVER_PAGES));
	KUNIT_EXPECT_EQ(test, vm_munmap(addr, ALL), 0);
	KUNIT_EXPECT_EQ(test, drv->closes, drv->opens + 1);
	MMAP_EXPECT_USAGE(test, before, "after munmap()");
	MM_KUNIT_EXPECT_UNUSED(test);
}

/* -- charges ----------------------------------------------------------------- */

struct recharge {
	const char *desc;
	unsigned long flags;	/* of the mapping of all pages */
	unsigned long first;	/* page that is remapped first */
	unsigned long old;	/* pages that are remapped */
	unsigned long new;	/* pages that they become */
	unsigned long remap_flags;
	bool blocked;		/* there is something behind it */
	long charge;		/* what is added to Committed_AS by success */
	long failed;		/* the same if ->mremap fails */
};

static const struct recharge recharge_rows[] = {
	{ .desc = "grow", .flags = MAP_PRIVATE, .old = 4, .new = 7, .charge = 3, .failed = 3 },
	{ .desc = "grow_moving", .flags = MAP_PRIVATE, .old = 4, .new = 7,
	  .remap_flags = MREMAP_MAYMOVE, .blocked = true, .charge = 3 },
	{ .desc = "grow_to", .flags = MAP_PRIVATE, .old = 4, .new = 7, .remap_flags = TO,
	  .charge = 3 },
	{ .desc = "grow_start", .flags = MAP_PRIVATE, .old = 2, .new = 7,
	  .remap_flags = MREMAP_MAYMOVE, .charge = 5 },
	{ .desc = "grow_middle", .flags = MAP_PRIVATE, .first = 1, .old = 2, .new = 3,
	  .remap_flags = TO, .charge = 1 },
	{ .desc = "grow_end", .flags = MAP_PRIVATE, .first = 3, .old = 1, .new = 7,
	  .remap_flags = MREMAP_MAYMOVE, .blocked = true, .charge = 6 },
	{ .desc = "move", .flags = MAP_PRIVATE, .old = 4, .new = 4, .remap_flags = TO },
	{ .desc = "move_middle", .flags = MAP_PRIVATE, .first = 1, .old = 2, .new = 2,
	  .remap_flags = TO },
	/* The end is unmapped first, so a failure of ->mremap does not bring it back. */
	{ .desc = "shrink", .flags = MAP_PRIVATE, .old = 4, .new = 1, .charge = -3,
	  .failed = -3 },
	{ .desc = "shrink_to", .flags = MAP_PRIVATE, .old = 4, .new = 1, .remap_flags = TO,
	  .charge = -3, .failed = -3 },
	{ .desc = "shrink_middle_to", .flags = MAP_PRIVATE, .first = 1, .old = 2, .new = 1,
	  .remap_flags = TO, .charge = -1, .failed = -1 },
	/* The old VMA stays and can be written to, so it needs a charge of its own. */
	{ .desc = "dontunmap", .flags = MAP_PRIVATE, .old = 4, .new = 4,
	  .remap_flags = MREMAP_MAYMOVE | MREMAP_DONTUNMAP, .charge = 4 },
	{ .desc = "dontunmap_middle", .flags = MAP_PRIVATE, .first = 1, .old = 2, .new = 2,
	  .remap_flags = TO | MREMAP_DONTUNMAP, .charge = 2 },
	/* A mapping without VM_ACCOUNT is not charged, whatever its size. */
	{ .desc = "grow_noreserve", .flags = MAP_PRIVATE | MAP_NORESERVE, .old = 4, .new = 7,
	  .remap_flags = TO },
	{ .desc = "shrink_noreserve", .flags = MAP_PRIVATE | MAP_NORESERVE, .old = 4,
	  .new = 1, .remap_flags = TO },
	{ .desc = "grow_shared", .flags = MAP_SHARED, .old = 4, .new = 7,
	  .remap_flags = MREMAP_MAYMOVE, .blocked = true },
	{ .desc = "move_shared", .flags = MAP_SHARED, .old = 4, .new = 4, .remap_flags = TO },
};

KUNIT_ARRAY_PARAM_DESC(recharge, recharge_rows, desc);

/*
 * What a write before it and mremap() in a room of 32 pages returned, what mremap()
 * added to Committed_AS, and how much of that was left when all was unmapped.
 */
struct recharged {
	int write_ret;
	long ret;
	long during;
	int unmap_ret;
	long after;
};

static struct recharged recharge(struct kunit *test, const struct recharge *row,
				 unsigned long room)
{
	/* Without MREMAP_FIXED or MREMAP_DONTUNMAP, an address is not looked at. */
	const bool look = row->remap_flags & (MREMAP_FIXED | MREMAP_DONTUNMAP);
	const unsigned long to = look ? room + 16 * PAGE_SIZE : 1;
	struct recharged found = {};
	long before, mapped;

	if (row->blocked)
		mmap_anon(test, room + ALL, 1, MAP_FIXED);
	before = vm_memory_committed();
	test_driver_map(test, room, 0, TEST_DRIVER_PAGES, PROT_RW, row->flags | MAP_FIXED);
	found.write_ret = mmap_write(room + PAGE_SIZE, 1234);
	mapped = vm_memory_committed();
	found.ret = mm_kunit_mremap(room + row->first * PAGE_SIZE, row->old * PAGE_SIZE,
				    row->new * PAGE_SIZE, row->remap_flags, to);
	found.during = vm_memory_committed() - mapped;
	if (!IS_ERR_VALUE(found.ret))
		found.unmap_ret = vm_munmap(found.ret, row->new * PAGE_SIZE);
	found.unmap_ret = found.unmap_ret ?: vm_munmap(room, ALL);
	found.after = vm_memory_committed() - before;
	found.unmap_ret = found.unmap_ret ?: vm_munmap(room, 32 * PAGE_SIZE);

	return found;
}

/*
 * mremap() charges a private writable mapping for the pages that it grows by,
 * because what has moved is charged already, and for nothing if the driver
 * refuses, because then the mapping has not grown. All is given back in the end.
 *
 *	room                                    room + 16 pages
 *	|-p0-|-p1-|-p2-|-p3-|  ...              |  new place    ...
 *	     |- old -| from page first on       |--- new ---|
 */
static void mremap_charges_growth(struct kunit *test)
{
	const struct recharge *row = test->param_value;
	struct test_driver *drv = test->priv;
	struct mmap_driver *md = to_mmap_driver(drv);
	struct mmap_usage before = mmap_usage(test);
	/* ->mremap is called for a mapping that has to move, and for no other. */
	const bool moves = row->blocked || row->first + row->old < TEST_DRIVER_PAGES ||
			   row->remap_flags & (MREMAP_FIXED | MREMAP_DONTUNMAP);
	static const int errors[] = { 0, -EBUSY };
	unsigned long room, ballast;
	int i, try;

	/* vm_memory_committed() cannot return less than 0, so there has to be some. */
	ballast = mmap_anon(test, 0, SZ_1M / PAGE_SIZE, 0);
	room = mmap_room(test, 32);
	for (i = 0; i < ARRAY_SIZE(errors); i++) {
		const int err = errors[i];
		const long charge = err ? row->failed : row->charge;
		struct recharged found;

		md->mremap_ret = err;
		for (try = 0; try < COMMIT_TRIES; try++) {
			md->mremaps = 0;
			found = recharge(test, row, room);
			if (found.during == charge && !found.after)
				break;
		}
		KUNIT_ASSERT_EQ_MSG(test, found.write_ret, 0, "write, ->mremap = %d", err);
		KUNIT_EXPECT_EQ_MSG(test, md->mremaps, moves, "calls of ->mremap = %d", err);
		if (err && md->mremaps)
			KUNIT_EXPECT_EQ_MSG(test, found.ret, err, "->mremap = %d", err);
		else
			KUNIT_EXPECT_FALSE_MSG(test, IS_ERR_VALUE(found.ret),
					       "mremap() returned %ld, ->mremap = %d", found.ret,
					       err);
		KUNIT_EXPECT_EQ_MSG(test, found.during, charge,
				    "Committed_AS after mremap(), ->mremap = %d", err);
		KUNIT_EXPECT_EQ_MSG(test, found.unmap_ret, 0, "munmap(), ->mremap = %d", err);
		KUNIT_EXPECT_EQ_MSG(test, found.after, 0,
				    "Committed_AS in the end, ->mremap = %d", err);
	}
	KUNIT_EXPECT_EQ(test, vm_munmap(ballast, SZ_1M), 0);
	KUNIT_EXPECT_EQ(test, drv->closes, drv->opens + drv->mmaps);
	MMAP_EXPECT_USAGE(test, before, "after munmap()");
	MM_KUNIT_EXPECT_UNUSED(test);
}

/* -- private mappings side by side ------------------------------------------- */

enum fork { NO_FORK, FORK_FIRST, FORK_LAST };

struct beside {
	const char *desc;
	bool upper;		/* the upper one is moved, not the lower one */
	enum fork fork;		/* when the process forks */
};

static const struct beside beside_rows[] = {
	{ .desc = "lower" },
	{ .desc = "upper", .upper = true },
	{ .desc = "lower_after_fork", .fork = FORK_FIRST },
	{ .desc = "upper_after_fork", .upper = true, .fork = FORK_FIRST },
	{ .desc = "lower_before_fork", .fork = FORK_LAST },
	{ .desc = "upper_before_fork", .upper = true, .fork = FORK_LAST },
};

KUNIT_ARRAY_PARAM_DESC(beside, beside_rows, desc);

/* The first word of the process's copy of page i. */
#define COPY(i)	(0xc09e0000 + (i))

/*
 * Looks at nr_pages pages at addr, from page first of the driver on. Those that
 * have a bit in copies should be copies with COPY() in their first word, the others
 * should be the driver's; and none of the driver's pages should have been changed.
 */
static const char *check_copies(struct kunit *test, unsigned long addr, int first, int nr_pages,
				unsigned int copies)
{
	struct test_driver *drv = test->priv;
	const u32 *buf = drv->buf, *page;
	int i;

	for (i = first; i < first + nr_pages; i++, addr += PAGE_SIZE) {
		u32 expected = copies & BIT(i) ? COPY(i) : FILLED(i);

		page = page_address(drv->pages[i]);
		if (copy_from_user(drv->buf, (void __user *)addr, PAGE_SIZE))
			return mm_kunit_wrong(test, "page %d at %#lx cannot be read", i, addr);
		if (buf[0] != expected)
			return mm_kunit_wrong(test, "page %d at %#lx: expected %#x, found %#x", i,
					      addr, expected, buf[0]);
		if (page[0] != FILLED(i))
			return mm_kunit_wrong(test, "the driver's page %d: expected %#x, found %#x",
					      i, FILLED(i), page[0]);
		if (memcmp(buf + 1, page + 1, PAGE_SIZE - sizeof(*page)))
			return mm_kunit_wrong(test,
					      "page %d at %#lx: expected the driver's bytes behind the first word, found others",
					      i, addr);
	}

	return NULL;
}

/*
 * Looks for the address of each copy by its struct page, as reclaim and migration
 * do; addr, first, nr_pages and copies are as above.
 */
static const char *check_rmap(struct kunit *test, unsigned long addr, int first, int nr_pages,
			      unsigned int copies)
{
	int i;

	for (i = first; i < first + nr_pages; i++, addr += PAGE_SIZE) {
		struct vm_area_struct *vma;
		unsigned long found = 0;
		struct page *page;

		if (!(copies & BIT(i)))
			continue;
		page = user_page(addr, 0);
		if (!page || !PageAnon(page))
			return mm_kunit_wrong(test,
					      "page %d at %#lx: expected an anonymous page, found %s",
					      i, addr, page ? "another one" : "none");
		mmap_read_lock(current->mm);
		vma = vma_lookup(current->mm, addr);
		if (vma)
			found = page_address_in_vma(page_folio(page), page, vma);
		mmap_read_unlock(current->mm);
		if (found != addr)
			return mm_kunit_wrong(test,
					      "page_address_in_vma() of page %d: expected %#lx, found %#lx",
					      i, addr, found);
	}

	return NULL;
}

/* Writes to those pages, and makes them copies. Returns 0 or -EFAULT. */
static int write_copies(unsigned long addr, int first, int nr_pages, unsigned int copies)
{
	int i;

	for (i = first; i < first + nr_pages; i++, addr += PAGE_SIZE)
		if (copies & BIT(i) && mmap_write(addr, COPY(i)))
			return -EFAULT;

	return 0;
}

/*
 * A private mapping that is moved beside the one of the next pages of the file
 * still shows the driver's pages and the copies that it showed before, and each
 * copy is found from its struct page, because one VMA or two are the same to the
 * process; whether they merge is up to the kernel. The same goes for a child that
 * was forked before or after, and for what is left when a part is unmapped.
 *
 *	page   0  1  2  3  4  5  6  7  8  9
 *	before|p0 p1|                |p2 p3|
 *	lower                  |p0 p1.p2 p3|
 *	upper |p0 p1.p2 p3|
 */
static void mremap_beside_private(struct kunit *test)
{
	const struct beside *row = test->param_value;
	struct test_driver *drv = test->priv;
	struct mmap_usage before = mmap_usage(test);
	unsigned long room = mmap_room(test, 10), high = room + 8 * PAGE_SIZE;
	unsigned long addr = row->upper ? room : high - 2 * PAGE_SIZE;
	unsigned long from = row->upper ? high : room;
	unsigned long to = row->upper ? addr + 2 * PAGE_SIZE : addr;
	unsigned int copies;

	drv->ops = &test_driver_vm_ops;
	for (copies = 0; copies < BIT(TEST_DRIVER_PAGES); copies++) {
		struct mm_struct *child = NULL, *parent;
		unsigned long ret;

		ret = user_mmap(drv->file, room, 2 * PAGE_SIZE, PROT_RW, MAP_PRIVATE | MAP_FIXED,
				PGOFF);
		KUNIT_ASSERT_EQ_MSG(test, ret, room, "copies %#x", copies);
		ret = user_mmap(drv->file, high, 2 * PAGE_SIZE, PROT_RW, MAP_PRIVATE | MAP_FIXED,
				PGOFF + 2);
		KUNIT_ASSERT_EQ_MSG(test, ret, high, "copies %#x", copies);
		KUNIT_ASSERT_EQ_MSG(test, write_copies(room, 0, 2, copies), 0, "copies %#x",
				    copies);
		KUNIT_ASSERT_EQ_MSG(test, write_copies(high, 2, 2, copies), 0, "copies %#x",
				    copies);
		if (row->fork == FORK_FIRST)
			child = user_fork(test);
		ret = mm_kunit_mremap(from, 2 * PAGE_SIZE, 2 * PAGE_SIZE, TO, to);
		KUNIT_ASSERT_EQ_MSG(test, ret, to, "copies %#x", copies);
		if (row->fork == FORK_LAST)
			child = user_fork(test);

		KUNIT_EXPECT_GE_MSG(test, current->mm->map_count, before.map_count + 1,
				    "copies %#x", copies);
		KUNIT_EXPECT_LE_MSG(test, current->mm->map_count, before.map_count + 2,
				    "copies %#x", copies);
		MM_KUNIT_EXPECT_MSG(test, mmap_check_hole(test, from, 2), "copies %#x", copies);
		KUNIT_EXPECT_EQ_MSG(test, get_mm_counter_sum(current->mm, MM_ANONPAGES),
				    hweight32(copies), "copies %#x", copies);
		MM_KUNIT_EXPECT_MSG(test, check_copies(test, addr, 0, TEST_DRIVER_PAGES, copies),
				    "copies %#x", copies);
		MM_KUNIT_EXPECT_MSG(test, check_rmap(test, addr, 0, TEST_DRIVER_PAGES, copies),
				    "copies %#x", copies);

		/* All pages become copies now, none of which the child sees. */
		KUNIT_EXPECT_EQ_MSG(test, write_copies(addr, 0, TEST_DRIVER_PAGES, ~0), 0,
				    "copies %#x", copies);
		MM_KUNIT_EXPECT_MSG(test, check_copies(test, addr, 0, TEST_DRIVER_PAGES, ~0),
				    "all written, copies %#x", copies);
		MM_KUNIT_EXPECT_MSG(test, check_rmap(test, addr, 0, TEST_DRIVER_PAGES, ~0),
				    "all written, copies %#x", copies);
		if (child) {
			const bool moved = row->fork == FORK_LAST;
			const char *lower, *upper;

			parent = user_fork_enter(child);
			lower = check_copies(test, moved ? addr : room, 0, 2, copies);
			upper = check_copies(test, moved ? addr + 2 * PAGE_SIZE : high, 2, 2,
					     copies);
			user_fork_leave(parent);
			user_fork_exit(test, child);
			MM_KUNIT_EXPECT_MSG(test, lower, "in the child, copies %#x", copies);
			MM_KUNIT_EXPECT_MSG(test, upper, "in the child, copies %#x", copies);
		}

		/*
		 *	addr
		 *	|-- p0 --|-- p1 -.- p2 --|-- p3 --|
		 *	  second      first        third
		 */
		KUNIT_EXPECT_EQ_MSG(test, vm_munmap(addr + PAGE_SIZE, 2 * PAGE_SIZE), 0,
				    "copies %#x", copies);
		MM_KUNIT_EXPECT_MSG(test, mmap_check_hole(test, addr + PAGE_SIZE, 2),
				    "copies %#x", copies);
		MM_KUNIT_EXPECT_MSG(test, check_copies(test, addr, 0, 1, ~0),
				    "first page left, copies %#x", copies);
		MM_KUNIT_EXPECT_MSG(test, check_rmap(test, addr, 0, 1, ~0),
				    "first page left, copies %#x", copies);
		MM_KUNIT_EXPECT_MSG(test, check_copies(test, addr + 3 * PAGE_SIZE, 3, 1, ~0),
				    "last page left, copies %#x", copies);
		MM_KUNIT_EXPECT_MSG(test, check_rmap(test, addr + 3 * PAGE_SIZE, 3, 1, ~0),
				    "last page left, copies %#x", copies);
		KUNIT_EXPECT_EQ_MSG(test, vm_munmap(addr, PAGE_SIZE), 0, "copies %#x", copies);
		MM_KUNIT_EXPECT_MSG(test, check_copies(test, addr + 3 * PAGE_SIZE, 3, 1, ~0),
				    "only the last page left, copies %#x", copies);
		KUNIT_EXPECT_EQ_MSG(test, vm_munmap(addr + 3 * PAGE_SIZE, PAGE_SIZE), 0,
				    "copies %#x", copies);
		KUNIT_EXPECT_EQ_MSG(test, get_mm_counter_sum(current->mm, MM_ANONPAGES), 0,
				    "in the end, copies %#x", copies);
	}
	MMAP_EXPECT_USAGE(test, before, "after munmap()");
	MM_KUNIT_EXPECT_UNUSED(test);
}

static struct kunit_case mremap_cases[] = {
	KUNIT_CASE_PARAM(mremap_size, remap_gen_params),
	KUNIT_CASE_PARAM(mremap_moves, mmap_kind_gen_params),
	KUNIT_CASE_PARAM(mremap_driver_refuses, mmap_kind_gen_params),
	KUNIT_CASE_PARAM(mremap_charges_growth, recharge_gen_params),
	KUNIT_CASE_PARAM(mremap_beside_private, beside_gen_params),
	{}
};

static struct kunit_suite mremap_suite = {
	.name = "mremap",
	.init = mmap_driver_init,
	.test_cases = mremap_cases,
};

kunit_test_suite(mremap_suite);

MODULE_DESCRIPTION("KUnit tests for mremap() of mappings of drivers");
MODULE_LICENSE("GPL");
