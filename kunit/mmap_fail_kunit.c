// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests for mmap() of a driver's file that fails: what the process gets,
 * what is left of what was mapped before, and that everything is given back.
 */
#include <kunit/test.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/module.h>
#include <linux/sched/signal.h>
#include <linux/sizes.h>

#include "mm_kunit.h"
#include "mmap_driver.h"

/* -- ->mmap fails ------------------------------------------------------------ */

struct failure {
	const char *desc;
	enum test_driver_how how;
	unsigned long flags;
	unsigned long nr_pages;
	int ret;
	bool set_file;
	bool fixed;		/* over a mapping of another driver */
};

static const struct failure failure_rows[] = {
	{ .desc = "nothing", .how = DRV_FAULT, .flags = MAP_SHARED,
	  .nr_pages = TEST_DRIVER_PAGES, .ret = -EPERM },
	{ .desc = "pages", .how = DRV_INSERT_PAGE, .flags = MAP_SHARED,
	  .nr_pages = TEST_DRIVER_PAGES, .ret = -EAGAIN },
	{ .desc = "private_pages", .how = DRV_INSERT_PAGE, .flags = MAP_PRIVATE,
	  .nr_pages = TEST_DRIVER_PAGES, .ret = -EIO },
	{ .desc = "raw", .how = DRV_REMAP_PFN, .flags = MAP_SHARED,
	  .nr_pages = TEST_DRIVER_PAGES, .ret = -ENXIO },
	{ .desc = "private_raw", .how = DRV_REMAP_PFN, .flags = MAP_PRIVATE,
	  .nr_pages = TEST_DRIVER_PAGES, .ret = -EPERM },
	{ .desc = "another_file", .how = DRV_INSERT_PAGE, .flags = MAP_SHARED,
	  .nr_pages = TEST_DRIVER_PAGES, .ret = -EPERM, .set_file = true },
	{ .desc = "fixed", .how = DRV_INSERT_PAGE, .flags = MAP_SHARED,
	  .nr_pages = TEST_DRIVER_PAGES, .ret = -EBUSY, .fixed = true },
	{ .desc = "fixed_another_file", .how = DRV_REMAP_PFN, .flags = MAP_SHARED,
	  .nr_pages = TEST_DRIVER_PAGES, .ret = -ENOMEM, .set_file = true, .fixed = true },
	{ .desc = "large", .how = DRV_FAULT, .flags = MAP_PRIVATE,
	  .nr_pages = SZ_16M / PAGE_SIZE, .ret = -EPERM },
	/* A driver must not return 1. If it does, there is no mapping, and no leak. */
	{ .desc = "positive", .how = DRV_INSERT_PAGE, .flags = MAP_SHARED,
	  .nr_pages = TEST_DRIVER_PAGES, .ret = 1 },
};

KUNIT_ARRAY_PARAM_DESC(failure, failure_rows, desc);

/*
 * If ->mmap fails, the process gets its errno, and nothing of the mapping stays:
 * no page, no VMA, no reference, no charge, because the driver frees its pages
 * then. ->close is not called, because a driver whose ->mmap has failed has
 * undone what it did (Documentation/filesystems/vfs.rst). What MAP_FIXED was to
 * replace has been closed before, and is gone.
 */
static void mmap_driver_fails(struct kunit *test)
{
	const struct failure *row = test->param_value;
	struct test_driver *drv = test->priv;
	struct mmap_driver *md = to_mmap_driver(drv), victim = *md;
	struct mmap_usage before;
	unsigned long addr = 0, committed;
	long ret;

	if (row->set_file)
		md->other = user_file_open(test, O_RDWR, NULL, NULL)->filp;
	before = mmap_usage(test);
	if (row->fixed) {
		victim.drv.file = user_file_open(test, O_RDWR, mmap_driver_mmap, &victim.drv);
		addr = user_mmap(victim.drv.file, 0, ALL, PROT_RW, MAP_SHARED, PGOFF);
		KUNIT_ASSERT_FALSE_MSG(test, IS_ERR_VALUE(addr), "mmap() returned %ld",
				       (long)addr);
		MM_KUNIT_ASSERT(test, mmap_check_reads(test, addr, 0, TEST_DRIVER_PAGES));
	}

	drv->how = row->how;
	drv->mmap_ret = row->ret;
	committed = vm_memory_committed();
	ret = user_mmap(drv->file, addr, row->nr_pages * PAGE_SIZE, PROT_RW,
			row->flags | (row->fixed ? MAP_FIXED : 0), PGOFF);
	if (row->ret < 0)
		KUNIT_EXPECT_EQ(test, ret, row->ret);
	KUNIT_EXPECT_EQ(test, drv->mmaps, 1);
	MM_KUNIT_EXPECT(test, mmap_check_hole(test, md->start, row->nr_pages));
	KUNIT_EXPECT_EQ(test, drv->opens, 0);
	KUNIT_EXPECT_EQ(test, drv->closes, 0);
	KUNIT_EXPECT_EQ(test, victim.drv.closes, row->fixed);
	MMAP_EXPECT_USAGE(test, before, "after ->mmap failed");
	MM_KUNIT_EXPECT_RSS(test, 0, 0, 0, "after ->mmap failed");
	MM_KUNIT_EXPECT_UNUSED(test);
	/* Others may be charged meanwhile, but hardly for that much. */
	KUNIT_EXPECT_LT(test, vm_memory_committed(), committed + SZ_8M / PAGE_SIZE);
}

/*
 * If an allocation fails, mmap() is -ENOMEM or maps all there is to map, and a
 * failure leaves nothing behind, because a process cannot know of half a mapping.
 */
static void mmap_no_memory(struct kunit *test)
{
	const struct mmap_kind *row = test->param_value;
	struct test_driver *drv = test->priv;
	struct mmap_usage before = mmap_usage(test);
	struct mm_kunit_failing fail;
	unsigned int errors = 0;
	long addr;

	mm_kunit_fail_setup(test, MM_KUNIT_FAIL_ONE);
	drv->how = row->how;
	mm_kunit_for_each_failing(test, &fail) {
		mm_kunit_fail_begin(&fail);
		addr = user_mmap(drv->file, 0, ALL, PROT_RW, row->flags, PGOFF);
		mm_kunit_fail_end(&fail);
		if (IS_ERR_VALUE(addr)) {
			KUNIT_EXPECT_EQ_MSG(test, addr, -ENOMEM, "allocation %u", fail.nth);
			KUNIT_EXPECT_EQ_MSG(test, fail.reached, true,
					    "whether allocation %u has failed", fail.nth);
			errors++;
		} else {
			MM_KUNIT_EXPECT_MSG(test, mmap_check_reads(test, addr, 0,
								   TEST_DRIVER_PAGES),
					    "allocation %u", fail.nth);
			KUNIT_EXPECT_EQ_MSG(test, vm_munmap(addr, ALL), 0, "allocation %u",
					    fail.nth);
		}
		MMAP_EXPECT_USAGE(test, before, "after allocation %u failed", fail.nth);
		MM_KUNIT_EXPECT_MSG(test, mmap_check_unused(test), "allocation %u", fail.nth);
	}
	KUNIT_EXPECT_GT_MSG(test, errors, 0, "calls that have failed");
}

/* -- MAP_FIXED that is refused before anything is unmapped ------------------ */

struct intact {
	const char *desc;
	unsigned long prot;
	unsigned long flags;
	unsigned long rlimit;	/* RLIMIT_AS, 0 for none */
	vm_flags_t sealed;	/* VM_SEALED, of what is there */
	long err;
	bool more_than_ram;
};

static const struct intact intact_rows[] = {
	{ .desc = "address_space_limit", .prot = PROT_RW, .flags = MAP_SHARED | MAP_FIXED,
	  .rlimit = PAGE_SIZE, .err = -ENOMEM },
#ifdef CONFIG_64BIT
	{ .desc = "sealed", .prot = PROT_RW, .flags = MAP_SHARED | MAP_FIXED,
	  .sealed = VM_SEALED, .err = -EPERM },
#endif
	{ .desc = "noreplace", .prot = PROT_RW, .flags = MAP_SHARED | MAP_FIXED_NOREPLACE,
	  .err = -EEXIST },
	{ .desc = "exec_of_noexec", .prot = PROT_EXEC, .flags = MAP_SHARED | MAP_FIXED,
	  .err = -EPERM },
	{ .desc = "bad_type", .prot = PROT_RW, .flags = MAP_FIXED, .err = -EINVAL },
	{ .desc = "more_private_than_ram", .prot = PROT_RW, .flags = MAP_PRIVATE | MAP_FIXED,
	  .err = -ENOMEM, .more_than_ram = true },
};

KUNIT_ARRAY_PARAM_DESC(intact, intact_rows, desc);

/*
 * What mmap(MAP_FIXED) refuses before it calls the driver leaves the old mapping
 * as it was, pages included, because the process goes on to use that one. A
 * sealed mapping cannot be unmapped, protected or resized either
 * (Documentation/userspace-api/mseal.rst).
 */
static void mmap_fixed_leaves_mapping(struct kunit *test)
{
	const struct intact *row = test->param_value;
	struct test_driver *drv = test->priv;
	/* One page more than is mapped already, for the limit to matter. */
	unsigned long nr_pages = row->more_than_ram ? totalram_pages() + 1 :
						      TEST_DRIVER_PAGES + 1;
	struct rlimit *limit = &current->signal->rlim[RLIMIT_AS];
	struct mmap_usage before;
	unsigned long addr;
	long ret;

	drv->set = row->sealed;
	addr = test_driver_map(test, SZ_256M, 0, TEST_DRIVER_PAGES, PROT_RW,
			       MAP_SHARED | MAP_FIXED);
	MM_KUNIT_ASSERT(test, mmap_check_reads(test, addr, 0, TEST_DRIVER_PAGES));
	before = mmap_usage(test);
	if (row->rlimit)
		limit->rlim_cur = row->rlimit;
	ret = user_mmap(drv->file, addr, nr_pages * PAGE_SIZE, row->prot, row->flags, PGOFF);
	limit->rlim_cur = RLIM_INFINITY;
	KUNIT_EXPECT_EQ(test, ret, row->err);
	KUNIT_EXPECT_EQ(test, drv->mmaps, 1);
	KUNIT_EXPECT_EQ(test, drv->closes, 0);
	drv->faults = 0;
	MM_KUNIT_EXPECT(test, mmap_check_reads(test, addr, 0, TEST_DRIVER_PAGES));
	KUNIT_EXPECT_EQ(test, drv->faults, 0);
	MMAP_EXPECT_USAGE(test, before, "after the refusal");
	if (!row->sealed)
		return;
	KUNIT_EXPECT_EQ(test, vm_munmap(addr, ALL), -EPERM);
	KUNIT_EXPECT_EQ(test, vm_munmap(addr, PAGE_SIZE), -EPERM);
	KUNIT_EXPECT_EQ(test, mm_kunit_mprotect(addr, PAGE_SIZE, PROT_READ), -EPERM);
	KUNIT_EXPECT_EQ(test, (long)mm_kunit_mremap(addr, PAGE_SIZE, 2 * PAGE_SIZE,
						    MREMAP_MAYMOVE, 0), -EPERM);
	MM_KUNIT_EXPECT(test, mmap_check_reads(test, addr, 0, TEST_DRIVER_PAGES));
}

/* -- limits and charges ------------------------------------------------------ */

/*
 * mmap(MAP_FIXED) at RLIMIT_AS succeeds if it replaces as many pages as it maps,
 * because the address space does not grow.
 */
static void mmap_fixed_at_limit(struct kunit *test)
{
	struct test_driver *drv = test->priv;
	unsigned long addr = mmap_driver_map(test, MAP_SHARED);
	struct rlimit *limit = &current->signal->rlim[RLIMIT_AS];
	long same, more;

	limit->rlim_cur = current->mm->total_vm * PAGE_SIZE;
	same = user_mmap(drv->file, addr, ALL, PROT_RW, MAP_SHARED | MAP_FIXED, PGOFF);
	more = user_mmap(drv->file, 0, PAGE_SIZE, PROT_RW, MAP_SHARED, PGOFF);
	limit->rlim_cur = RLIM_INFINITY;
	KUNIT_EXPECT_EQ(test, same, addr);
	KUNIT_EXPECT_EQ(test, more, -ENOMEM);
	KUNIT_EXPECT_EQ(test, drv->closes, 1);
	MM_KUNIT_EXPECT(test, mmap_check_reads(test, addr, 0, TEST_DRIVER_PAGES));
}

/*
 * Private memory that replaces private memory is charged once, because only one
 * of the two can be written to. Otherwise Committed_AS would grow each time.
 */
static void mmap_fixed_charged_once(struct kunit *test)
{
	unsigned long addr = mmap_anon(test, SZ_256M, SZ_16M / PAGE_SIZE, MAP_FIXED), committed;
	int i;

	committed = vm_memory_committed();
	for (i = 0; i < 4; i++)
		mmap_anon(test, addr, SZ_16M / PAGE_SIZE, MAP_FIXED);
	/* Others may be charged meanwhile, but hardly for that much. */
	KUNIT_EXPECT_LT_MSG(test, vm_memory_committed(), committed + SZ_8M / PAGE_SIZE,
			    "Committed_AS after 4 times 16 MB over 16 MB");
}

/*
 * What is mapped over, a letter a page:
 *
 *	a	anonymous, charged
 *	f	private writable mapping of a file, charged
 *	N	anonymous with MAP_NORESERVE, not charged
 *	s	shared mapping of a file, not charged
 *	.	nothing
 *
 * The new mapping has the pages 1 to 4, so the first and the last one stay:
 *
 *	  0    1    2    3    4    5
 *	| a  | f  | N  | N  | s  | s  |
 *	     |--- mmap(MAP_FIXED) ----|
 */
struct victim {
	const char *desc;
	const char *pages;
};

static const struct victim victim_rows[] = {
	{ .desc = "none",		.pages = "......" },
	{ .desc = "same_range",		.pages = ".aaaa." },
	{ .desc = "same_range_of_file",	.pages = ".ffff." },
	{ .desc = "start",		.pages = ".aa..." },
	{ .desc = "start_and_before",	.pages = "aaa..." },
	{ .desc = "end",		.pages = "...aa." },
	{ .desc = "end_and_behind",	.pages = "...fff" },
	{ .desc = "middle",		.pages = "..aa.." },
	{ .desc = "both_ends",		.pages = "aa..aa" },
	{ .desc = "more",		.pages = "aaaaaa" },
	{ .desc = "noreserve",		.pages = "NNNNNN" },
	{ .desc = "shared",		.pages = "ssssss" },
	{ .desc = "charged_first",	.pages = "afNNss" },
	{ .desc = "charged_second",	.pages = "NsaaNs" },
	{ .desc = "charged_last",	.pages = "sNNssf" },
};

KUNIT_ARRAY_PARAM_DESC(victim, victim_rows, desc);

#define NEW_PAGES	4
#define ROOM_PAGES	(NEW_PAGES + 2)

/* Maps the victims; asserts that it works. */
static void map_victims(struct kunit *test, unsigned long addr, const char *pages)
{
	struct test_driver *drv = test->priv;
	int i;

	for (i = 0; pages[i]; i++) {
		unsigned long at = addr + i * PAGE_SIZE;

		if (pages[i] == 'a')
			mmap_anon(test, at, 1, MAP_FIXED);
		else if (pages[i] == 'N')
			mmap_anon(test, at, 1, MAP_FIXED | MAP_NORESERVE);
		else if (pages[i] != '.')
			KUNIT_ASSERT_EQ_MSG(test,
					    user_mmap(drv->file, at, PAGE_SIZE, PROT_RW, MAP_FIXED |
						      (pages[i] == 'f' ? MAP_PRIVATE : MAP_SHARED),
						      PGOFF + i), at, "page %d of the victims", i);
	}
}

/* Counts the charged pages of a struct victim. */
static int charged_pages(const char *pages, int from, int to)
{
	int i, charged = 0;

	for (i = from; i < to; i++)
		charged += pages[i] == 'a' || pages[i] == 'f';

	return charged;
}

struct mapping_over {
	const char *desc;
	unsigned long prot;
	unsigned long flags;
	bool charged;
};

static const struct mapping_over mappings_over[] = {
	{ .desc = "private", .prot = PROT_RW, .flags = MAP_PRIVATE, .charged = true },
	{ .desc = "private_read_only", .prot = PROT_READ, .flags = MAP_PRIVATE },
	{ .desc = "private_noreserve", .prot = PROT_RW, .flags = MAP_PRIVATE | MAP_NORESERVE },
	{ .desc = "shared", .prot = PROT_RW, .flags = MAP_SHARED },
};

/*
 * What mmap() over the victims returned, and how much Committed_AS was above what
 * it was without victims: with them, after mmap(), and when all was unmapped.
 */
struct map_over {
	long ret;
	long victims;
	long over;
	int unmap_ret;
	long nothing;
};

static struct map_over map_over(struct kunit *test, unsigned long addr,
				const struct victim *victim, struct user_file *file,
				const struct mapping_over *over)
{
	struct test_driver *drv = test->priv;
	long before = vm_memory_committed();
	struct map_over result;
	int err = drv->mmap_ret;

	drv->mmap_ret = 0;
	map_victims(test, addr, victim->pages);
	drv->mmap_ret = err;
	result.victims = vm_memory_committed() - before;
	result.ret = user_mmap(file, addr + PAGE_SIZE, NEW_PAGES * PAGE_SIZE, over->prot,
			       over->flags | MAP_FIXED, PGOFF);
	result.over = vm_memory_committed() - before;
	result.unmap_ret = vm_munmap(addr, ROOM_PAGES * PAGE_SIZE);
	result.nothing = vm_memory_committed() - before;

	return result;
}

static int prepare_hook(struct vm_area_desc *desc)
{
	struct user_file *uf = desc->file->private_data;
	struct test_driver *drv = uf->data;

	desc->vm_ops = &mmap_driver_vm_ops;
	desc->private_data = drv;

	return drv->mmap_ret;
}

static const struct file_operations prepare_fops = {
	.owner = THIS_MODULE,
	.mmap_prepare = prepare_hook,
};

/*
 * A mapping that ->mmap or ->mmap_prepare refuses is not charged, and what was
 * unmapped for it no longer is, because nobody is left to give the charge back:
 * Committed_AS would grow with each failure, until overcommit_memory=2 refuses
 * memory that is free. A mapping that succeeds is charged once, if it is private
 * and writable, and what is left of the victims stays charged.
 */
static void mmap_fixed_fails_uncharged(struct kunit *test)
{
	const struct victim *row = test->param_value;
	const char *pages = row->pages;
	const long stay = charged_pages(pages, 0, 1) +
			  charged_pages(pages, 1 + NEW_PAGES, ROOM_PAGES);
	struct test_driver *drv = test->priv;
	struct user_file *files[] = {
		drv->file,
		user_file_open_fops(test, O_RDWR, &prepare_fops, drv),
	};
	static const char * const hooks[] = { "->mmap", "->mmap_prepare" };
	static const int errors[] = { 0, -EBUSY };
	unsigned long addr;
	int i, try;

	drv->ops = &test_driver_vm_ops;
	/* vm_memory_committed() cannot return less than 0, so there has to be some. */
	mmap_anon(test, 0, SZ_1M / PAGE_SIZE, 0);
	addr = mmap_room(test, ROOM_PAGES);
	for (i = 0; i < ARRAY_SIZE(hooks) * ARRAY_SIZE(mappings_over) * ARRAY_SIZE(errors); i++) {
		const int err = errors[i % 2];
		const struct mapping_over *over = &mappings_over[i / 2 % ARRAY_SIZE(mappings_over)];
		const int hook = i / 2 / ARRAY_SIZE(mappings_over);
		const long charge = !err && over->charged ? NEW_PAGES : 0;
		struct map_over found;

		drv->mmap_ret = err;
		for (try = 0; try < COMMIT_TRIES; try++) {
			found = map_over(test, addr, row, files[hook], over);
			if (found.over == stay + charge && !found.nothing)
				break;
		}
		KUNIT_EXPECT_EQ_MSG(test, found.ret, err ?: (long)(addr + PAGE_SIZE),
				    "%s = %d, %s", hooks[hook], err, over->desc);
		KUNIT_EXPECT_EQ_MSG(test, found.victims, charged_pages(pages, 0, ROOM_PAGES),
				    "Committed_AS of the victims, %s = %d, %s", hooks[hook], err,
				    over->desc);
		KUNIT_EXPECT_EQ_MSG(test, found.over, stay + charge,
				    "Committed_AS after %s = %d, %s", hooks[hook], err,
				    over->desc);
		KUNIT_EXPECT_EQ_MSG(test, found.unmap_ret, 0, "munmap() after %s = %d, %s",
				    hooks[hook], err, over->desc);
		KUNIT_EXPECT_EQ_MSG(test, found.nothing, 0,
				    "Committed_AS in the end, %s = %d, %s", hooks[hook], err,
				    over->desc);
	}
}

static struct kunit_case mmap_fail_cases[] = {
	KUNIT_CASE_PARAM(mmap_driver_fails, failure_gen_params),
	KUNIT_CASE_PARAM(mmap_no_memory, mmap_kind_gen_params),
	KUNIT_CASE_PARAM(mmap_fixed_leaves_mapping, intact_gen_params),
	KUNIT_CASE(mmap_fixed_at_limit),
	KUNIT_CASE(mmap_fixed_charged_once),
	KUNIT_CASE_PARAM(mmap_fixed_fails_uncharged, victim_gen_params),
	{}
};

static struct kunit_suite mmap_fail_suite = {
	.name = "mmap_fail",
	.init = mmap_driver_init,
	.test_cases = mmap_fail_cases,
};

kunit_test_suite(mmap_fail_suite);

MODULE_DESCRIPTION("KUnit tests for mmap() that fails");
MODULE_LICENSE("GPL");
