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
#include <linux/io.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/pgtable.h>
#include <linux/sched.h>
#include <linux/sizes.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "mm_kunit.h"
#include "user_vma.h"

#define NR_PAGES	8
#define PGOFF		5	/* where the file is mapped from */
#define RW		(PROT_READ | PROT_WRITE)
#define REMAP_FLAGS	(VM_IO | VM_PFNMAP | VM_DONTEXPAND | VM_DONTDUMP)

/* A driver: what it has to map, what its ->mmap does, and what became of it. */
struct driver {
	struct user_file *file;
	void *mem;		/* NR_PAGES pages, each with its own pattern */
	unsigned long pfn;	/* the first to map: that of @mem by default */
	void *buf;		/* a page for what the user reads and writes */

	unsigned long offset;	/* map from this byte of the VMA on, */
	unsigned long size;	/* so many bytes, 0 being all of them, */
	vm_flags_t prot;	/* like this, 0 being as the VMA says, */
	vm_flags_t clear;	/* without these VMA flags, */
	unsigned int fail_nth;	/* while this page allocation fails, */
	bool failed;		/* if it is needed at all, */
	bool io;		/* with io_remap_pfn_range() */

	int err;
	vm_flags_t before;	/* the VMA's flags before and after that */
	vm_flags_t after;
	unsigned long pgoff;	/* its vm_pgoff after that */
};

/* Returns 0 even after an error, so that the VMA stays to be looked at. */
static int driver_mmap(struct vm_area_struct *vma, void *data)
{
	struct driver *drv = data;
	unsigned long addr = vma->vm_start + drv->offset;
	unsigned long size = drv->size ?: vma->vm_end - vma->vm_start;
	pgprot_t prot = drv->prot ? vm_get_page_prot(drv->prot) : vma->vm_page_prot;

	vm_flags_clear(vma, drv->clear);
	drv->before = vma->vm_flags;
	fail_nth_set(drv->fail_nth);
	if (drv->io)
		drv->err = io_remap_pfn_range(vma, addr, drv->pfn, size, prot);
	else
		drv->err = remap_pfn_range(vma, addr, drv->pfn, size, prot);
	drv->failed = fail_nth_clear();
	drv->after = vma->vm_flags;
	drv->pgoff = vma->vm_pgoff;

	return 0;
}

/* @flags with MAP_FIXED put it at @addr. */
static unsigned long driver_map(struct kunit *test, unsigned long addr, unsigned long nr_pages,
				unsigned long prot, unsigned long flags)
{
	struct driver *drv = test->priv;

	addr = user_mmap(drv->file, addr, nr_pages * PAGE_SIZE, prot, flags, PGOFF);
	KUNIT_ASSERT_FALSE(test, IS_ERR_VALUE(addr));

	return addr;
}

static void *page_of(struct driver *drv, unsigned long i)
{
	return drv->mem + i * PAGE_SIZE;
}

static void fill_page(void *page, unsigned long i)
{
	memset32(page, 0x5eed0000 + i, PAGE_SIZE / sizeof(u32));
}

/* What the page tables have at @addr, which is to be in the VMA at @vma_addr. */
static int vma_pte(unsigned long vma_addr, unsigned long addr, struct follow_pfnmap_args *args)
{
	struct mm_struct *mm = current->mm;
	int ret = -ENOENT;

	mmap_read_lock(mm);
	*args = (struct follow_pfnmap_args) {
		.vma = vma_lookup(mm, vma_addr),
		.address = addr,
	};
	if (args->vma)
		ret = follow_pfnmap_start(args);
	if (!ret)
		follow_pfnmap_end(args);
	mmap_read_unlock(mm);

	return ret;
}

static int user_pte(unsigned long addr, struct follow_pfnmap_args *args)
{
	return vma_pte(addr, addr, args);
}

static bool user_reads(unsigned long addr, void *to, size_t len)
{
	return !copy_from_user(to, (void __user *)addr, len);
}

static bool user_writes(unsigned long addr, const void *from, size_t len)
{
	return !copy_to_user((void __user *)addr, from, len);
}

/* From @addr on there are raw mappings of the @nr_pages pages at @mem. */
static void assert_raw(struct kunit *test, unsigned long addr, void *mem, unsigned long nr_pages)
{
	unsigned long pfn = PHYS_PFN(virt_to_phys(mem));
	struct driver *drv = test->priv;
	struct follow_pfnmap_args args;
	unsigned long i;

	for (i = 0; i < nr_pages; i++, addr += PAGE_SIZE, mem += PAGE_SIZE) {
		KUNIT_ASSERT_EQ_MSG(test, user_pte(addr, &args), 0, "page %lu", i);
		KUNIT_ASSERT_EQ_MSG(test, args.pfn, pfn + i, "page %lu", i);
		KUNIT_ASSERT_EQ_MSG(test, args.special, IS_ENABLED(CONFIG_ARCH_HAS_PTE_SPECIAL),
				    "page %lu", i);
		KUNIT_ASSERT_TRUE_MSG(test, user_reads(addr, drv->buf, PAGE_SIZE), "page %lu", i);
		KUNIT_ASSERT_MEMEQ_MSG(test, drv->buf, mem, PAGE_SIZE, "page %lu", i);
	}
}

/* Maps all of the driver's pages, where they can then safely be written to. */
static unsigned long driver_map_all(struct kunit *test, unsigned long flags)
{
	struct driver *drv = test->priv;
	unsigned long addr = driver_map(test, 0, NR_PAGES, RW, flags);

	KUNIT_ASSERT_EQ(test, drv->err, 0);
	assert_raw(test, addr, drv->mem, NR_PAGES);

	return addr;
}

/* Nothing is mapped there. Nothing will be: the driver has no ->fault. */
static void assert_hole(struct kunit *test, unsigned long addr, unsigned long nr_pages)
{
	unsigned long i;
	char c = 0;

	for (i = 0; i < nr_pages; i++, addr += PAGE_SIZE) {
		KUNIT_ASSERT_FALSE_MSG(test, user_reads(addr, &c, 1), "page %lu", i);
		KUNIT_ASSERT_FALSE_MSG(test, user_writes(addr, &c, 1), "page %lu", i);
	}
}

/* Nobody has written to the driver's page @i. */
static void expect_pristine(struct kunit *test, unsigned long i)
{
	struct driver *drv = test->priv;

	fill_page(drv->buf, i);
	KUNIT_EXPECT_MEMEQ_MSG(test, page_of(drv, i), drv->buf, PAGE_SIZE, "page %lu", i);
}

/* The driver alone decides how long its pages live: a mapping is no user. */
static void expect_unreferenced(struct kunit *test)
{
	struct driver *drv = test->priv;
	struct folio *folio = virt_to_folio(drv->mem);

	KUNIT_EXPECT_EQ(test, folio_ref_count(folio), 1);
	KUNIT_EXPECT_EQ(test, folio_mapcount(folio), 0);
}

struct mapping {
	const char *desc;
	unsigned long flags;
};

static const struct mapping mappings[] = {
	{ "shared", MAP_SHARED },
	{ "private", MAP_PRIVATE },
};

KUNIT_ARRAY_PARAM_DESC(mapping, mappings, desc);

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
	{ "private_first_page_missing", MAP_PRIVATE, RW, PAGE_SIZE, 3 * PAGE_SIZE, -EINVAL },
	{ "private_last_page_missing", MAP_PRIVATE, RW, 0, 3 * PAGE_SIZE, -EINVAL },
	{ "private_both_ends_missing", MAP_PRIVATE, RW, PAGE_SIZE, 2 * PAGE_SIZE, -EINVAL },
	{ "private_a_byte_too_many", MAP_PRIVATE, RW, 0, 4 * PAGE_SIZE + 1, -EINVAL },
	/* mprotect() can make these writable: it is VM_MAYWRITE that counts. */
	{ "private_read_only_first_page_missing", MAP_PRIVATE, PROT_READ, PAGE_SIZE, 3 * PAGE_SIZE,
	  -EINVAL },
	{ "private_read_only_last_page_missing", MAP_PRIVATE, PROT_READ, 0, 3 * PAGE_SIZE,
	  -EINVAL },
	{ "private", MAP_PRIVATE, RW, 0, 4 * PAGE_SIZE },
	{ "private_read_only", MAP_PRIVATE, PROT_READ, 0, 4 * PAGE_SIZE },
	{ "private_a_byte_less", MAP_PRIVATE, RW, 0, 4 * PAGE_SIZE - 1 },
	{ "private_a_byte_of_the_last_page", MAP_PRIVATE, RW, 0, 3 * PAGE_SIZE + 1 },
	/* Where there is no copying, all pages are raw, whatever they map. */
	{ "private_never_writable", MAP_PRIVATE, PROT_READ, PAGE_SIZE, 2 * PAGE_SIZE, 0,
	  VM_MAYWRITE },
	{ "shared", MAP_SHARED, RW, PAGE_SIZE, 2 * PAGE_SIZE },
	{ "shared_read_only", MAP_SHARED, PROT_READ, PAGE_SIZE, 2 * PAGE_SIZE },
	/* The VMA of this one is not VM_SHARED. */
	{ "shared_read_only_file", MAP_SHARED, PROT_READ, PAGE_SIZE, 2 * PAGE_SIZE, 0, 0, true },
	{ "shared_a_byte", MAP_SHARED, RW, 0, 1 },
	{ "shared_a_page_less_a_byte", MAP_SHARED, RW, 0, PAGE_SIZE - 1 },
	{ "shared_a_page", MAP_SHARED, RW, 0, PAGE_SIZE },
	{ "shared_a_page_and_a_byte", MAP_SHARED, RW, 0, PAGE_SIZE + 1 },
};

KUNIT_ARRAY_PARAM_DESC(part, parts, desc);

static void remap_pfn_range_part_of_vma(struct kunit *test)
{
	const struct part *param = test->param_value;
	bool cow = param->flags == MAP_PRIVATE && !param->clear;
	unsigned long nr_pages = DIV_ROUND_UP(param->size, PAGE_SIZE);
	struct driver *drv = test->priv;
	unsigned long addr;

	if (param->read_only_file)
		drv->file = user_file_open(test, O_RDONLY, driver_mmap, drv);
	drv->offset = param->offset;
	drv->size = param->size;
	drv->clear = param->clear;
	addr = driver_map(test, 0, 4, param->prot, param->flags);
	KUNIT_ASSERT_EQ(test, drv->err, param->err);
	if (param->err) {
		KUNIT_EXPECT_EQ(test, drv->after, drv->before);
		KUNIT_EXPECT_EQ(test, drv->pgoff, PGOFF);
		assert_hole(test, addr, 4);
		return;
	}

	KUNIT_EXPECT_EQ(test, drv->after, drv->before | REMAP_FLAGS);
	KUNIT_EXPECT_EQ(test, drv->pgoff, cow ? drv->pfn : PGOFF);
	assert_hole(test, addr, param->offset / PAGE_SIZE);
	addr += param->offset;
	assert_raw(test, addr, drv->mem, nr_pages);
	assert_hole(test, addr + nr_pages * PAGE_SIZE, 4 - param->offset / PAGE_SIZE - nr_pages);
}

static void remap_pfn_range_unaligned_address(struct kunit *test)
{
	struct driver *drv = test->priv;
	unsigned long addr = 0;
	static bool again;

	drv->offset = 16;
	drv->size = PAGE_SIZE;
	kunit_warning_suppress(test) {
		addr = driver_map(test, 0, 2, RW, MAP_SHARED);
		/* Unless it is a trap, WARN_ON_ONCE() warns once per boot. */
		if (IS_BUILTIN(CONFIG_REMAP_PFN_KUNIT_TEST) && !again)
			KUNIT_EXPECT_SUPPRESSED_WARNING_COUNT(test, IS_ENABLED(CONFIG_BUG));
	}
	again = true;
	KUNIT_EXPECT_EQ(test, drv->err, -EINVAL);
	assert_hole(test, addr, 2);
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
	assert_raw(test, addr, drv->mem, 1);
	assert_hole(test, addr + PAGE_SIZE, 1);
}

/* A range may need more than one table of every level. */
static void remap_pfn_range_across_tables(struct kunit *test)
{
	const unsigned long boundaries[] = { PMD_SIZE, PUD_SIZE, P4D_SIZE, PGDIR_SIZE };
	const struct mapping *param = test->param_value;
	struct driver *drv = test->priv;
	int i;

	for (i = 0; i < ARRAY_SIZE(boundaries); i++) {
		unsigned long addr = boundaries[i] - NR_PAGES / 2 * PAGE_SIZE;

		if (addr > TASK_SIZE - NR_PAGES * PAGE_SIZE)
			break;
		driver_map(test, addr, NR_PAGES, PROT_READ, param->flags | MAP_FIXED);
		KUNIT_ASSERT_EQ(test, drv->err, 0);
		assert_raw(test, addr, drv->mem, NR_PAGES);
		KUNIT_ASSERT_EQ(test, vm_munmap(addr, NR_PAGES * PAGE_SIZE), 0);
	}
}

KUNIT_DEFINE_ACTION_WRAPPER(put_page_wrapper, put_page, struct page *);

/* Contiguous pages with a pattern, freed when the case ends; NULL if none. */
static void *alloc_filled(struct kunit *test, unsigned long nr_pages)
{
	struct page *page = alloc_pages(GFP_KERNEL | __GFP_COMP | __GFP_NOWARN,
					get_order(nr_pages * PAGE_SIZE));
	unsigned long i;

	if (!page)
		return NULL;
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, put_page_wrapper, page), 0);
	for (i = 0; i < nr_pages; i++)
		fill_page(page_address(page) + i * PAGE_SIZE, i);

	return page_address(page);
}

static void remap_pfn_range_fills_table(struct kunit *test)
{
	/*
	 * The end of a table, all of the next one, and the start of a third,
	 * or as much of that as there are contiguous pages.
	 */
	const unsigned long nr_pages = min3((unsigned long)PTRS_PER_PTE + NR_PAGES,
					    (unsigned long)MAX_ORDER_NR_PAGES,
					    SZ_32M / PAGE_SIZE);
	struct driver *drv = test->priv;
	void *mem = alloc_filled(test, nr_pages);
	unsigned long addr;

	if (!mem)
		kunit_skip(test, "needs %lu contiguous pages", nr_pages);
	drv->pfn = PHYS_PFN(virt_to_phys(mem));
	addr = driver_map(test, PMD_SIZE - NR_PAGES / 2 * PAGE_SIZE, nr_pages, PROT_READ,
			  MAP_SHARED | MAP_FIXED);
	KUNIT_ASSERT_EQ(test, drv->err, 0);
	assert_raw(test, addr, mem, nr_pages);
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

static void remap_pfn_range_tiles(struct kunit *test)
{
	struct driver *drv = test->priv;
	unsigned long addr;
	int i;

	drv->file = user_file_open(test, O_RDWR, tile_mmap, drv);
	addr = driver_map(test, 0, ARRAY_SIZE(tiles), RW, MAP_SHARED);
	for (i = 0; i < ARRAY_SIZE(tiles); i++)
		assert_raw(test, addr + i * PAGE_SIZE, page_of(drv, tiles[i]), 1);
}

struct again {
	const char *desc;
	unsigned long offset;
	unsigned long size;
	int err;
};

static const struct again agains[] = {
	{ "part", 3 * PAGE_SIZE, 2 * PAGE_SIZE, 0 },
#ifdef __HAVE_PFNMAP_TRACKING
	/* A VMA has one tracked range, and has it until it is unmapped. */
	{ "all", 0, NR_PAGES * PAGE_SIZE, -EINVAL },
#else
	{ "all", 0, NR_PAGES * PAGE_SIZE, 0 },
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

static void remap_pfn_range_again_after_zap(struct kunit *test)
{
	const struct again *param = test->param_value;
	unsigned long behind = param->offset + param->size;
	struct driver *drv = test->priv;
	unsigned long addr;

	drv->file = user_file_open(test, O_RDWR, again_mmap, drv);
	drv->offset = param->offset;
	drv->size = param->size;
	addr = driver_map(test, 0, NR_PAGES, RW, MAP_SHARED);
	KUNIT_ASSERT_EQ(test, drv->err, param->err);
	assert_raw(test, addr, drv->mem, param->offset / PAGE_SIZE);
	if (param->err)
		assert_hole(test, addr + param->offset, param->size / PAGE_SIZE);
	else
		assert_raw(test, addr + param->offset, drv->mem, param->size / PAGE_SIZE);
	assert_raw(test, addr + behind, drv->mem + behind, NR_PAGES - behind / PAGE_SIZE);
}

struct prot {
	const char *desc;
	vm_flags_t prot;
	bool writable;
};

static const struct prot prots[] = {
	{ "writable", VM_READ | VM_WRITE | VM_SHARED, true },
	{ "read_only", VM_READ | VM_SHARED, false },
};

KUNIT_ARRAY_PARAM_DESC(prot, prots, desc);

/*
 * The pages get the protection that the driver asks for. But a shared page is
 * never copied: in a writable VMA, the first write makes it writable.
 */
static void remap_pfn_range_shared_write(struct kunit *test)
{
	const struct prot *param = test->param_value;
	struct driver *drv = test->priv;
	struct follow_pfnmap_args args;
	unsigned long addr;

	drv->prot = param->prot;
	addr = driver_map_all(test, MAP_SHARED);
	KUNIT_ASSERT_EQ(test, user_pte(addr + PAGE_SIZE, &args), 0);
	KUNIT_EXPECT_EQ(test, args.writable, param->writable);

	memset(drv->buf, 0xa5, PAGE_SIZE);
	KUNIT_ASSERT_TRUE(test, user_writes(addr + PAGE_SIZE, drv->buf, PAGE_SIZE));
	KUNIT_EXPECT_MEMEQ(test, page_of(drv, 1), drv->buf, PAGE_SIZE);
	expect_pristine(test, 0);
	expect_pristine(test, 2);
	KUNIT_ASSERT_EQ(test, user_pte(addr + PAGE_SIZE, &args), 0);
	KUNIT_EXPECT_TRUE(test, args.writable);
	KUNIT_ASSERT_EQ(test, user_pte(addr + 2 * PAGE_SIZE, &args), 0);
	KUNIT_EXPECT_EQ(test, args.writable, param->writable);

	memset(page_of(drv, 4), 0x5a, PAGE_SIZE);
	assert_raw(test, addr, drv->mem, NR_PAGES);
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

/* A driver that maps its pages read-only hears of the first write to each. */
static void remap_pfn_range_pfn_mkwrite(struct kunit *test)
{
	struct driver *drv = test->priv;
	struct mkwrite mkwrite = { .drv = drv, .ret = VM_FAULT_SIGBUS };
	unsigned long addr;

	drv->file = user_file_open(test, O_RDWR, mkwrite_mmap, &mkwrite);
	drv->prot = VM_READ | VM_SHARED;
	addr = driver_map_all(test, MAP_SHARED);
	KUNIT_EXPECT_FALSE(test, user_writes(addr + PAGE_SIZE, "x", 1));
	KUNIT_EXPECT_GT(test, mkwrite.calls, 0);
	expect_pristine(test, 1);

	mkwrite.ret = 0;
	mkwrite.calls = 0;
	KUNIT_EXPECT_TRUE(test, user_writes(addr + PAGE_SIZE, "x", 1));
	KUNIT_EXPECT_TRUE(test, user_writes(addr + PAGE_SIZE, "y", 1));
	KUNIT_EXPECT_EQ(test, mkwrite.calls, 1);
	KUNIT_EXPECT_EQ(test, mkwrite.addr & PAGE_MASK, addr + PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, *(char *)page_of(drv, 1), 'y');
}

static long anon_pages(void)
{
	return get_mm_counter_sum(current->mm, MM_ANONPAGES);
}

/* The copy is an ordinary page of the user's, with all of the old content. */
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

	addr = driver_map_all(test, MAP_PRIVATE);
	copy = addr + 2 * PAGE_SIZE;
	KUNIT_EXPECT_EQ(test, anon_pages(), 0);
	KUNIT_ASSERT_TRUE(test, user_writes(copy + 100, "x", 1));
	KUNIT_EXPECT_EQ(test, anon_pages(), 1);
	expect_pristine(test, 2);
	KUNIT_ASSERT_EQ(test, user_pte(copy, &args), 0);
	KUNIT_EXPECT_NE(test, args.pfn, drv->pfn + 2);
	KUNIT_EXPECT_TRUE(test, args.writable);
	KUNIT_EXPECT_FALSE(test, args.special);

	/* From now on, what the driver writes shows in the raw pages only. */
	memset(page_of(drv, 2), 0x5a, PAGE_SIZE);
	memset(page_of(drv, 3), 0x5a, PAGE_SIZE);
	assert_raw(test, addr, drv->mem, 2);
	assert_raw(test, addr + 3 * PAGE_SIZE, page_of(drv, 3), NR_PAGES - 3);
	KUNIT_ASSERT_TRUE(test, user_reads(copy, drv->buf, PAGE_SIZE));
	KUNIT_EXPECT_MEMEQ(test, drv->buf, expected, PAGE_SIZE);

	KUNIT_ASSERT_EQ(test, vm_munmap(addr, NR_PAGES * PAGE_SIZE), 0);
	KUNIT_EXPECT_EQ(test, anon_pages(), 0);
	expect_unreferenced(test);
}

static void remap_pfn_range_takes_no_reference(struct kunit *test)
{
	const struct mapping *param = test->param_value;
	unsigned long addr = driver_map_all(test, param->flags);

	expect_unreferenced(test);
	KUNIT_EXPECT_EQ(test, get_mm_rss_sum(current->mm), 0);
	KUNIT_ASSERT_EQ(test, vm_munmap(addr, NR_PAGES * PAGE_SIZE), 0);
	expect_unreferenced(test);
	KUNIT_EXPECT_EQ(test, get_mm_rss_sum(current->mm), 0);
}

struct gup {
	const char *desc;
	bool pin;
	bool fast;
};

static const struct gup gups[] = {
	{ "get_user_pages", false, false },
	{ "get_user_pages_fast", false, true },
	{ "pin_user_pages", true, false },
	{ "pin_user_pages_fast", true, true },
};

KUNIT_ARRAY_PARAM_DESC(gup, gups, desc);

static long gup_page(const struct gup *gup, unsigned long addr, unsigned int flags)
{
	struct page *page;
	long ret;

	if (gup->fast) {
		ret = gup->pin ? pin_user_pages_fast(addr, 1, flags, &page) :
				 get_user_pages_fast(addr, 1, flags, &page);
	} else {
		mmap_read_lock(current->mm);
		ret = gup->pin ? pin_user_pages(addr, 1, flags, &page) :
				 get_user_pages(addr, 1, flags, &page);
		mmap_read_unlock(current->mm);
	}
	if (ret == 1 && gup->pin)
		unpin_user_page(page);
	else if (ret == 1)
		put_page(page);

	return ret;
}

/* A reference would not keep a raw page: there is none to be had. */
static void remap_pfn_range_refuses_gup(struct kunit *test)
{
	unsigned long shared = driver_map_all(test, MAP_SHARED);
	unsigned long private = driver_map_all(test, MAP_PRIVATE);
	const struct gup *param = test->param_value;

	KUNIT_EXPECT_EQ(test, gup_page(param, shared, 0), -EFAULT);
	KUNIT_EXPECT_EQ(test, gup_page(param, shared, FOLL_WRITE), -EFAULT);
	KUNIT_EXPECT_EQ(test, gup_page(param, private, 0), -EFAULT);
	KUNIT_EXPECT_EQ(test, gup_page(param, private, FOLL_WRITE), -EFAULT);
	expect_unreferenced(test);
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

/* The pages behind the hole are still known as raw ones, by their vm_pgoff. */
static void remap_pfn_range_partial_munmap(struct kunit *test)
{
	const struct mapping *param = test->param_value;
	bool cow = param->flags == MAP_PRIVATE;
	struct driver *drv = test->priv;
	unsigned long addr;

	addr = driver_map_all(test, param->flags);
	KUNIT_ASSERT_EQ(test, vm_munmap(addr + PAGE_SIZE, 2 * PAGE_SIZE), 0);
	assert_raw(test, addr, drv->mem, 1);
	assert_hole(test, addr + PAGE_SIZE, 2);
	assert_raw(test, addr + 3 * PAGE_SIZE, page_of(drv, 3), NR_PAGES - 3);
	KUNIT_EXPECT_EQ(test, user_pgoff(addr), drv->pgoff);
	KUNIT_EXPECT_EQ(test, user_pgoff(addr + 3 * PAGE_SIZE), drv->pgoff + 3);

	KUNIT_ASSERT_TRUE(test, user_writes(addr + 4 * PAGE_SIZE, "x", 1));
	KUNIT_EXPECT_EQ(test, anon_pages(), cow ? 1 : 0);
	KUNIT_EXPECT_EQ(test, *(char *)page_of(drv, 4) == 'x', !cow);
	assert_raw(test, addr + 5 * PAGE_SIZE, page_of(drv, 5), NR_PAGES - 5);

	KUNIT_ASSERT_EQ(test, vm_munmap(addr, NR_PAGES * PAGE_SIZE), 0);
	KUNIT_EXPECT_EQ(test, get_mm_rss_sum(current->mm), 0);
	expect_unreferenced(test);
}

static void remap_pfn_range_mapped_over(struct kunit *test)
{
	const struct mapping *param = test->param_value;
	unsigned long addr = driver_map_all(test, param->flags);
	struct driver *drv = test->priv;
	unsigned long anon;

	anon = vm_mmap(NULL, addr + PAGE_SIZE, PAGE_SIZE, RW,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, 0);
	KUNIT_ASSERT_EQ(test, anon, addr + PAGE_SIZE);
	KUNIT_ASSERT_TRUE(test, user_reads(anon, drv->buf, PAGE_SIZE));
	KUNIT_EXPECT_NULL(test, memchr_inv(drv->buf, 0, PAGE_SIZE));
	KUNIT_EXPECT_TRUE(test, user_writes(anon, "x", 1));
	expect_pristine(test, 1);
	assert_raw(test, addr, drv->mem, 1);
	assert_raw(test, addr + 2 * PAGE_SIZE, page_of(drv, 2), NR_PAGES - 2);
}

/*
 * A file finds its private remaps by their vm_pgoff, that is, at their page
 * frames and not where the user mapped the file. Unmapping part of the file
 * misses them; unmapping all of it does not.
 */
static void remap_pfn_range_unmap_mapping(struct kunit *test)
{
	struct driver *drv = test->priv;
	struct address_space *mapping = drv->file->filp->f_mapping;
	unsigned long shared = driver_map_all(test, MAP_SHARED);
	unsigned long private = driver_map_all(test, MAP_PRIVATE);

	KUNIT_ASSERT_TRUE(test, user_writes(private, "x", 1));
	unmap_mapping_range(mapping, PGOFF * PAGE_SIZE, 2 * PAGE_SIZE, 1);
	assert_hole(test, shared, 2);
	assert_raw(test, shared + 2 * PAGE_SIZE, page_of(drv, 2), NR_PAGES - 2);
	assert_raw(test, private + PAGE_SIZE, page_of(drv, 1), NR_PAGES - 1);

	/* The user's copies stay, unless they are asked for. */
	unmap_mapping_range(mapping, 0, 0, 0);
	assert_hole(test, shared, NR_PAGES);
	assert_hole(test, private + PAGE_SIZE, NR_PAGES - 1);
	KUNIT_EXPECT_EQ(test, anon_pages(), 1);
	unmap_mapping_range(mapping, 0, 0, 1);
	assert_hole(test, private, 1);
	KUNIT_EXPECT_EQ(test, anon_pages(), 0);
	expect_unreferenced(test);
}

/* Zaps in the VMA at @addr. */
static void zap(unsigned long addr, unsigned long start, unsigned long size)
{
	struct vm_area_struct *vma;

	mmap_read_lock(current->mm);
	vma = vma_lookup(current->mm, addr);
	if (vma)
		zap_special_vma_range(vma, start, size);
	mmap_read_unlock(current->mm);
}

static void zap_special_vma_range_of_remap(struct kunit *test)
{
	const struct mapping *param = test->param_value;
	unsigned long addr = driver_map_all(test, param->flags);
	struct driver *drv = test->priv;

	zap(addr, addr + PAGE_SIZE, 2 * PAGE_SIZE);
	/* What is not all inside the VMA is none of the caller's business. */
	zap(addr, addr + 3 * PAGE_SIZE, NR_PAGES * PAGE_SIZE);
	assert_raw(test, addr, drv->mem, 1);
	assert_hole(test, addr + PAGE_SIZE, 2);
	assert_raw(test, addr + 3 * PAGE_SIZE, page_of(drv, 3), NR_PAGES - 3);
	expect_unreferenced(test);

	/* The rest is known as raw pages even behind a gap. */
	zap(addr, addr, PAGE_SIZE);
	KUNIT_ASSERT_EQ(test, vm_munmap(addr, NR_PAGES * PAGE_SIZE), 0);
	expect_unreferenced(test);
	KUNIT_EXPECT_EQ(test, get_mm_rss_sum(current->mm), 0);
}

/* It is for the mappings of drivers: the user's own memory is left alone. */
static void zap_special_vma_range_of_anonymous(struct kunit *test)
{
	unsigned long addr;
	char c = 0;

	addr = vm_mmap(NULL, 0, PAGE_SIZE, RW, MAP_PRIVATE | MAP_ANONYMOUS, 0);
	KUNIT_ASSERT_FALSE(test, IS_ERR_VALUE(addr));
	KUNIT_ASSERT_TRUE(test, user_writes(addr, "x", 1));
	zap(addr, addr, PAGE_SIZE);
	KUNIT_EXPECT_TRUE(test, user_reads(addr, &c, 1));
	KUNIT_EXPECT_EQ(test, c, 'x');
}

static void io_remap_pfn_range_of_memory(struct kunit *test)
{
	const struct mapping *param = test->param_value;
	struct driver *drv = test->priv;

	drv->io = true;
	driver_map_all(test, param->flags);
	KUNIT_EXPECT_EQ(test, drv->after, drv->before | REMAP_FLAGS);
	KUNIT_EXPECT_EQ(test, drv->pgoff, param->flags == MAP_PRIVATE ? drv->pfn : PGOFF);
}

static void follow_pfnmap_start_limits(struct kunit *test)
{
	struct driver *drv = test->priv;
	struct follow_pfnmap_args args;
	unsigned long addr, next, anon;

	drv->size = PAGE_SIZE;
	addr = driver_map(test, 0, 2, PROT_READ, MAP_SHARED);
	next = driver_map(test, addr + PAGE_SIZE, 2, PROT_READ, MAP_SHARED | MAP_FIXED);
	anon = vm_mmap(NULL, 0, PAGE_SIZE, RW, MAP_PRIVATE | MAP_ANONYMOUS, 0);
	KUNIT_ASSERT_FALSE(test, IS_ERR_VALUE(anon));
	KUNIT_ASSERT_TRUE(test, user_writes(anon, "x", 1));

	KUNIT_ASSERT_EQ(test, user_pte(addr + PAGE_SIZE - 1, &args), 0);
	KUNIT_EXPECT_EQ(test, args.pfn, drv->pfn);
	KUNIT_EXPECT_EQ(test, args.addr_mask, PAGE_MASK);
	KUNIT_EXPECT_EQ(test, user_pte(next, &args), 0);
	/* Neither below nor above the VMA. */
	KUNIT_EXPECT_EQ(test, vma_pte(next, next - 1, &args), -EINVAL);
	KUNIT_EXPECT_EQ(test, vma_pte(addr, next, &args), -EINVAL);
	/* It does not fault in, whether a page or a table is missing, */
	addr = driver_map(test, 0, PUD_SIZE / PAGE_SIZE + 1, PROT_READ, MAP_SHARED);
	KUNIT_EXPECT_EQ(test, user_pte(addr, &args), 0);
	KUNIT_EXPECT_EQ(test, user_pte(addr + PAGE_SIZE, &args), -EINVAL);
	KUNIT_EXPECT_EQ(test, user_pte(addr + PMD_SIZE, &args), -EINVAL);
	KUNIT_EXPECT_EQ(test, user_pte(addr + PUD_SIZE, &args), -EINVAL);
	/* and is no way to get at normal pages. */
	KUNIT_EXPECT_EQ(test, user_pte(anon, &args), -EINVAL);
}

struct iomap {
	const char *desc;
	phys_addr_t start;	/* of the area, from the driver's memory on */
	unsigned long len;
	unsigned long pgoff;
	unsigned long nr_pages;	/* of the VMA */
	int err;
	unsigned int first;	/* page of the driver's that is mapped */
	bool absolute;		/* @start is a physical address */
};

static const struct iomap iomaps[] = {
	{ "all", 0, 4 * PAGE_SIZE, 0, 4, 0, 0 },
	{ "the_beginning", 0, 4 * PAGE_SIZE, 0, 2, 0, 0 },
	{ "from_an_offset_on", 0, 4 * PAGE_SIZE, 1, 3, 0, 1 },
	{ "the_last_page", 0, 4 * PAGE_SIZE, 3, 1, 0, 3 },
	{ "a_byte_of_the_last_page", 0, 3 * PAGE_SIZE + 1, 0, 4, 0, 0 },
	{ "an_area_within_a_page", 16, PAGE_SIZE - 16, 0, 1, 0, 0 },
	{ "an_area_on_two_pages", 16, PAGE_SIZE, 0, 2, 0, 0 },
	{ "the_last_page_of_an_unaligned_area", PAGE_SIZE + 16, PAGE_SIZE, 1, 1, 0, 2 },
	{ "more_than_the_area", 0, 2 * PAGE_SIZE, 0, 3, -EINVAL },
	{ "more_than_the_rest", 0, 4 * PAGE_SIZE, 2, 3, -EINVAL },
	{ "more_than_an_area_within_a_page", 16, PAGE_SIZE - 16, 0, 2, -EINVAL },
	{ "at_the_end", 0, 4 * PAGE_SIZE, 4, 1, -EINVAL },
	{ "behind_the_end", 0, 4 * PAGE_SIZE, 5, 1, -EINVAL },
	{ "an_empty_area", 0, 0, 0, 1, -EINVAL },
	{ "the_end_wraps", -(phys_addr_t)PAGE_SIZE, 2 * PAGE_SIZE, 0, 1, -EINVAL, 0, true },
	{ "the_number_of_pages_wraps", 0, ULONG_MAX, 0, 1, -EINVAL, 0, true },
};

KUNIT_ARRAY_PARAM_DESC(iomap, iomaps, desc);

static int iomap_mmap(struct vm_area_struct *vma, void *data)
{
	struct kunit *test = data;
	const struct iomap *param = test->param_value;
	struct driver *drv = test->priv;

	return vm_iomap_memory(vma, param->start + (param->absolute ? 0 : virt_to_phys(drv->mem)),
			       param->len);
}

/* Drivers leave it to vm_iomap_memory() to keep the user inside the area. */
static void vm_iomap_memory_bounds(struct kunit *test)
{
	const struct iomap *param = test->param_value;
	struct driver *drv = test->priv;
	struct user_file *file = user_file_open(test, O_RDWR, iomap_mmap, test);
	long addr;

	addr = user_mmap(file, 0, param->nr_pages * PAGE_SIZE, PROT_READ, MAP_SHARED,
			 param->pgoff);
	if (param->err) {
		KUNIT_EXPECT_EQ(test, addr, param->err);
	} else {
		KUNIT_ASSERT_FALSE(test, IS_ERR_VALUE(addr));
		assert_raw(test, addr, page_of(drv, param->first), param->nr_pages);
	}
}

static int iomap_prot_mmap(struct vm_area_struct *vma, void *data)
{
	struct driver *drv = data;

	vma->vm_page_prot = vm_get_page_prot(drv->prot);
	drv->before = vma->vm_flags;
	drv->err = vm_iomap_memory(vma, virt_to_phys(drv->mem), NR_PAGES * PAGE_SIZE);
	drv->after = vma->vm_flags;
	drv->pgoff = vma->vm_pgoff;

	return drv->err;
}

/* It covers the VMA, so that private will do, with the VMA's protection. */
static void vm_iomap_memory_private(struct kunit *test)
{
	const struct prot *param = test->param_value;
	struct driver *drv = test->priv;
	struct follow_pfnmap_args args;
	unsigned long addr;

	drv->file = user_file_open(test, O_RDWR, iomap_prot_mmap, drv);
	drv->prot = param->prot;
	addr = driver_map(test, 0, 2, PROT_READ, MAP_PRIVATE);
	KUNIT_EXPECT_EQ(test, drv->after, drv->before | REMAP_FLAGS);
	KUNIT_EXPECT_EQ(test, drv->pgoff, drv->pfn + PGOFF);
	assert_raw(test, addr, page_of(drv, PGOFF), 2);
	KUNIT_ASSERT_EQ(test, user_pte(addr, &args), 0);
	KUNIT_EXPECT_EQ(test, args.writable, param->writable);
}

/*
 * A driver whose ->mmap fails frees its pages. So when there is no memory for
 * a page table half way, nothing of the range may stay mapped. The VMA must
 * have its flags by then: without VM_PFNMAP, zapping would take the pages for
 * normal ones and drop references that nobody has taken.
 */
static void remap_pfn_range_no_memory(struct kunit *test)
{
	const unsigned long addr = user_largest_table() - NR_PAGES / 2 * PAGE_SIZE;
	const struct mapping *param = test->param_value;
	struct driver *drv = test->priv;
	unsigned int errors = 0;

	fail_any_page_alloc(test);
	/* A neighbour, whose tables serve the first half of the range. */
	driver_map(test, addr - PAGE_SIZE, 1, PROT_READ, MAP_SHARED | MAP_FIXED);
	KUNIT_ASSERT_EQ(test, drv->err, 0);

	do {
		drv->fail_nth++;
		driver_map(test, addr, NR_PAGES, RW, param->flags | MAP_FIXED);
		if (drv->err) {
			errors++;
			KUNIT_EXPECT_EQ(test, drv->err, -ENOMEM);
			KUNIT_EXPECT_EQ(test, drv->after, drv->before | REMAP_FLAGS);
			assert_hole(test, addr, NR_PAGES);
			assert_raw(test, addr - PAGE_SIZE, drv->mem, 1);
			expect_unreferenced(test);
		} else {
			/* Even if an allocation failed, as KASAN's may for its records. */
			assert_raw(test, addr, drv->mem, NR_PAGES);
		}
		KUNIT_ASSERT_EQ(test, vm_munmap(addr, NR_PAGES * PAGE_SIZE), 0);
	} while (drv->failed && drv->fail_nth < 100);
	KUNIT_EXPECT_FALSE(test, drv->failed);
	KUNIT_EXPECT_GT(test, errors, 0);
}

static int remap_pfn_init(struct kunit *test)
{
	struct driver *drv = kunit_kzalloc(test, sizeof(*drv), GFP_KERNEL);

	mm_kunit_init(test);
	KUNIT_ASSERT_NOT_NULL(test, drv);
	drv->buf = kunit_kmalloc(test, PAGE_SIZE, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, drv->buf);
	drv->mem = alloc_filled(test, NR_PAGES);
	KUNIT_ASSERT_NOT_NULL(test, drv->mem);
	drv->pfn = PHYS_PFN(virt_to_phys(drv->mem));
	drv->file = user_file_open(test, O_RDWR, driver_mmap, drv);
	test->priv = drv;

	return 0;
}

static struct kunit_case remap_pfn_cases[] = {
	KUNIT_CASE_PARAM(remap_pfn_range_part_of_vma, part_gen_params),
	KUNIT_CASE(remap_pfn_range_unaligned_address),
	KUNIT_CASE(remap_pfn_range_unaligned_keeps_earlier),
	KUNIT_CASE_PARAM(remap_pfn_range_across_tables, mapping_gen_params),
	KUNIT_CASE(remap_pfn_range_fills_table),
	KUNIT_CASE(remap_pfn_range_tiles),
	KUNIT_CASE_PARAM(remap_pfn_range_again_after_zap, again_gen_params),
	KUNIT_CASE_PARAM(remap_pfn_range_no_memory, mapping_gen_params),
	KUNIT_CASE_PARAM(remap_pfn_range_shared_write, prot_gen_params),
	KUNIT_CASE(remap_pfn_range_pfn_mkwrite),
	KUNIT_CASE(remap_pfn_range_private_write),
	KUNIT_CASE_PARAM(remap_pfn_range_takes_no_reference, mapping_gen_params),
	KUNIT_CASE_PARAM(remap_pfn_range_refuses_gup, gup_gen_params),
	KUNIT_CASE_PARAM(remap_pfn_range_partial_munmap, mapping_gen_params),
	KUNIT_CASE_PARAM(remap_pfn_range_mapped_over, mapping_gen_params),
	KUNIT_CASE(remap_pfn_range_unmap_mapping),
	KUNIT_CASE_PARAM(zap_special_vma_range_of_remap, mapping_gen_params),
	KUNIT_CASE(zap_special_vma_range_of_anonymous),
	KUNIT_CASE_PARAM(io_remap_pfn_range_of_memory, mapping_gen_params),
	KUNIT_CASE(follow_pfnmap_start_limits),
	KUNIT_CASE_PARAM(vm_iomap_memory_bounds, iomap_gen_params),
	KUNIT_CASE_PARAM(vm_iomap_memory_private, prot_gen_params),
	{}
};

static struct kunit_suite remap_pfn_suite = {
	.name = "remap_pfn",
	.init = remap_pfn_init,
	.test_cases = remap_pfn_cases,
};

kunit_test_suite(remap_pfn_suite);

MODULE_DESCRIPTION("KUnit tests for remap_pfn_range()");
MODULE_LICENSE("GPL");
