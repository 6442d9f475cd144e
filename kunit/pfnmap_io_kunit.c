// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests for the cache mode with which x86 maps I/O memory to user space:
 * remap_pfn_range() and vmf_insert_pfn(). See pfnmap_io.h for the rules.
 */
#include <kunit/test.h>
#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/module.h>
#include <linux/pgtable.h>
#include <linux/sched/mm.h>
#include <linux/processor.h>

#include "mm_kunit.h"
#include "pfnmap_io.h"
#include "user_fork.h"
#include "user_vma.h"

static const char *cache_name(unsigned long cache)
{
	return cache == WB ? "WB" : cache == WC ? "WC" : cache == UC ? "UC-" :
	       cache == NOT_MAPPED ? "no mapping" : "another mode";
}

/*
 * Maps page frame @i as UC- for a moment, and returns the mode that the mapping had:
 * UC-, or the mode with which the page frame is tracked; or what mmap() or munmap()
 * returned if one of them failed.
 */
static long cache_if_mapped(struct kunit *test, unsigned long i)
{
	long addr = map_io(test, i, 1, UC);
	unsigned long cache;
	int err;

	if (IS_ERR_VALUE(addr))
		return addr;
	cache = cache_at(addr);
	err = vm_munmap(addr, PAGE_SIZE);

	return err ?: cache;
}

/* Whether @nr page frames from @first on are tracked as WC, or none of them at all. */
static const char *check_tracked(struct kunit *test, unsigned long first, unsigned long nr,
				 bool tracked)
{
	unsigned long i, expected = tracked ? WC : UC;

	for (i = first; i < first + nr; i++) {
		long found = cache_if_mapped(test, i);

		if (found != expected)
			return mm_kunit_wrong(test,
					      "page frame %lu mapped as UC-: expected %s, found %s (%ld)",
					      i, cache_name(expected), cache_name(found), found);
	}
	return NULL;
}

/* -- remap_pfn_range() ----------------------------------------------------- */

/*
 * While all of a VMA is mapped by remap_pfn_range(), its page frames, and only
 * these, are tracked with the mode of the mapping, so that a second mapping cannot
 * have another mode. A second one with the same mode is counted: the page frames are
 * tracked until the last one is gone, be its size a multiple of PAGE_SIZE or not.
 */
static void pfnmap_track_while_mapped(struct kunit *test)
{
	struct pfnmap_driver *drv = test->priv;
	long addr, other;

	addr = map_io(test, 0, NR_PAGES, WC);
	PFNMAP_IO_ASSERT_ADDR(test, addr, "all page frames as WC");
	PFNMAP_IO_EXPECT_CACHE(test, addr, WC, "the first page");
	PFNMAP_IO_EXPECT_CACHE(test, addr + SIZE - PAGE_SIZE, WC, "the last page");
	MM_KUNIT_EXPECT(test, check_tracked(test, 0, NR_PAGES, true));
	MM_KUNIT_EXPECT(test, check_tracked(test, NR_PAGES, 1, false));

	/* The second mapping, of one byte less. */
	drv->rest = 1;
	other = map_io(test, 0, NR_PAGES, WC);
	drv->rest = 0;
	PFNMAP_IO_ASSERT_ADDR(test, other, "all page frames as WC, once more");
	PFNMAP_IO_EXPECT_CACHE(test, other, WC, "the first page of the second mapping");
	KUNIT_ASSERT_EQ(test, vm_munmap(addr, SIZE), 0);
	MM_KUNIT_EXPECT(test, check_tracked(test, 0, NR_PAGES, true));
	KUNIT_ASSERT_EQ(test, vm_munmap(other, SIZE), 0);
	MM_KUNIT_EXPECT(test, check_tracked(test, 0, NR_PAGES, false));
}

/*
 * A mapping that asks for WC while the page frames are mapped as UC- succeeds and is
 * UC-, because accesses that are cached less than was asked for are slower, but not
 * wrong ("can be more restrictive", pat.rst).
 */
static void pfnmap_track_stricter(struct kunit *test)
{
	long addr = map_io(test, 0, NR_PAGES, UC);

	PFNMAP_IO_ASSERT_ADDR(test, addr, "all page frames as UC-");
	PFNMAP_IO_EXPECT_CACHE(test, addr, UC, "the first mapping");
	addr = map_io(test, 0, NR_PAGES, WC);
	PFNMAP_IO_ASSERT_ADDR(test, addr, "all page frames as WC");
	PFNMAP_IO_EXPECT_CACHE(test, addr, UC, "the second mapping");
}

/*
 * A mapping that fails for want of memory, whichever allocation fails, leaves nothing
 * tracked, because nobody would ever end it, and the device could not be mapped with
 * another mode any more. mmap() returns -ENOMEM, or -EINVAL if it is the tracking
 * that fails.
 */
static void pfnmap_track_no_memory(struct kunit *test)
{
	/* Two page tables have to be allocated on each level. */
	const unsigned long at = user_table_border() - PAGE_SIZE;
	struct pfnmap_driver *drv = test->priv;
	struct mm_kunit_failing fail;

	mm_kunit_fail_setup(test, MM_KUNIT_FAIL_ONE);
	mm_kunit_for_each_failing(test, &fail) {
		long addr;

		drv->pfn = PHYS_PFN(drv->start);
		drv->cache = WC;
		drv->fail = &fail;
		addr = user_mmap(drv->file, at, SIZE, RW, MAP_SHARED | MAP_FIXED, 0);
		drv->fail = NULL;
		if (!fail.reached) {
			KUNIT_ASSERT_EQ_MSG(test, addr, at, "mmap() if no allocation fails");
			KUNIT_ASSERT_EQ_MSG(test, vm_munmap(at, SIZE), 0,
					    "munmap() if no allocation fails");
		} else if (addr != -EINVAL) {
			KUNIT_EXPECT_EQ_MSG(test, addr, -ENOMEM, "mmap() if allocation %u fails",
					    fail.nth);
		}
		MM_KUNIT_EXPECT_MSG(test, check_tracked(test, 0, NR_PAGES, false),
				    "allocation %u", fail.nth);
	}
}

/*
 * A fork shares the tracking: the page frames are tracked until the mappings of the
 * parent and of the child are gone, in whatever order, because the child's page
 * tables map them with the same mode as the parent's.
 */
static void pfnmap_track_fork(struct kunit *test)
{
	struct mm_struct *child, *parent;
	unsigned long cache;
	long addr;

	/* The parent unmaps first. */
	addr = map_io(test, 0, NR_PAGES, WC);
	PFNMAP_IO_ASSERT_ADDR(test, addr, "all page frames as WC");
	child = user_fork(test);
	parent = user_fork_enter(child);
	cache = cache_at(addr + PAGE_SIZE);
	user_fork_leave(parent);
	KUNIT_EXPECT_EQ_MSG(test, cache, WC, "cache mode of the child's second page");
	KUNIT_ASSERT_EQ(test, vm_munmap(addr, SIZE), 0);
	MM_KUNIT_EXPECT(test, check_tracked(test, 0, NR_PAGES, true));
	user_fork_exit(test, child);
	MM_KUNIT_EXPECT(test, check_tracked(test, 0, NR_PAGES, false));

	/* The child exits first. */
	addr = map_io(test, 0, NR_PAGES, WC);
	PFNMAP_IO_ASSERT_ADDR(test, addr, "all page frames as WC, once more");
	child = user_fork(test);
	user_fork_exit(test, child);
	MM_KUNIT_EXPECT(test, check_tracked(test, 0, NR_PAGES, true));
	KUNIT_ASSERT_EQ(test, vm_munmap(addr, SIZE), 0);
	MM_KUNIT_EXPECT(test, check_tracked(test, 0, NR_PAGES, false));
}

/*
 * Memory is mapped as WB and not tracked, whatever mode is asked for, because the
 * kernel's direct mapping of it is WB, and the mode would be another one.
 */
static void pfnmap_of_memory(struct kunit *test)
{
	struct pfnmap_driver *drv = test->priv;
	long addr;

	drv->start = page_to_phys(mm_kunit_pages(test, GFP_KERNEL, 0));
	addr = map_io(test, 0, 1, UC);
	PFNMAP_IO_ASSERT_ADDR(test, addr, "memory as UC-");
	PFNMAP_IO_EXPECT_CACHE(test, addr, WB, "memory, UC- asked for");
	addr = map_io(test, 0, 1, WC);
	PFNMAP_IO_ASSERT_ADDR(test, addr, "memory as WC");
	PFNMAP_IO_EXPECT_CACHE(test, addr, WB, "memory, WC asked for");
	addr = map_part(test, 0, 1, WC);
	PFNMAP_IO_ASSERT_ADDR(test, addr, "memory as WC, part of the VMA");
	PFNMAP_IO_EXPECT_CACHE(test, addr, WB, "memory, WC asked for part of the VMA");
}

/* -- vmf_insert_pfn() and others ------------------------------------------- */

static vm_fault_t insert_pfn(struct vm_fault *vmf, struct pfnmap_driver *drv)
{
	return vmf_insert_pfn(vmf->vma, vmf->address, drv->pfn + vmf->pgoff);
}

static vm_fault_t insert_pfn_prot(struct vm_fault *vmf, struct pfnmap_driver *drv)
{
	return vmf_insert_pfn_prot(vmf->vma, vmf->address, drv->pfn + vmf->pgoff,
				   pfnmap_io_prot(vmf->vma, drv));
}

static vm_fault_t insert_mixed(struct vm_fault *vmf, struct pfnmap_driver *drv)
{
	return vmf_insert_mixed(vmf->vma, vmf->address, drv->pfn + vmf->pgoff);
}

static const struct insert {
	const char *desc;
	vm_fault_t (*insert)(struct vm_fault *vmf, struct pfnmap_driver *drv);
	vm_flags_t flags;
} inserts[] = {
	{ .desc = "vmf_insert_pfn", .insert = insert_pfn, .flags = VM_PFNMAP },
	{ .desc = "vmf_insert_pfn_prot", .insert = insert_pfn_prot, .flags = VM_PFNMAP },
	{ .desc = "vmf_insert_mixed", .insert = insert_mixed, .flags = VM_MIXEDMAP },
};

KUNIT_ARRAY_PARAM_DESC(insert, inserts, desc);

/*
 * A page frame that ->fault maps gets the mode with which it is tracked, or UC- if it
 * is not, whatever protection the driver asks for: the driver need not know of the
 * other mappings with which its own must agree.
 */
static void vmf_insert_pfn_follows_tracking(struct kunit *test)
{
	const struct insert *row = test->param_value;
	struct pfnmap_driver *drv = test->priv;
	long addr, io;

	drv->vm_ops = &pfnmap_io_vm_ops;
	drv->insert = row->insert;
	drv->flags = row->flags;
	addr = map_io(test, 0, NR_PAGES, WB);
	PFNMAP_IO_ASSERT_ADDR(test, addr, "all page frames by ->fault");
	KUNIT_EXPECT_EQ_MSG(test, user_fault(addr, 0), VM_FAULT_NOPAGE,
			    "fault at the first page");
	PFNMAP_IO_EXPECT_CACHE(test, addr, UC, "the first page, not tracked");

	/* Have them tracked. */
	drv->vm_ops = NULL;
	io = map_io(test, 0, NR_PAGES, WC);
	PFNMAP_IO_ASSERT_ADDR(test, io, "all page frames as WC");
	PFNMAP_IO_EXPECT_CACHE(test, io, WC, "the mapping that is tracked");

	drv->cache = WB;
	KUNIT_EXPECT_EQ_MSG(test, user_fault(addr + PAGE_SIZE, 0), VM_FAULT_NOPAGE,
			    "fault at the second page");
	PFNMAP_IO_EXPECT_CACHE(test, addr + PAGE_SIZE, WC, "the second page, tracked as WC");
}

static void clear_l1tf(void *unused)
{
	clear_bit(X86_BUG_L1TF, (unsigned long *)boot_cpu_data.x86_capability);
}

/*
 * On CPUs with L1TF, only an administrator can have PROT_NONE mappings of page frames
 * from l1tf_pfn_limit() on, be it by mmap(), mprotect() or a fault. The kernel inverts
 * the address in such an entry, so for a page frame that high it is the address of
 * memory, and the CPU speculatively reads what its cache has of that memory
 * (comment on pfn_modify_allowed(), Documentation/admin-guide/hw-vuln/l1tf.rst).
 */
static void pfnmap_l1tf(struct kunit *test)
{
	const unsigned long limit = l1tf_pfn_limit();
	long none, readable, low, faulting, mixed, admin, protect;
	struct pfnmap_driver *drv = test->priv;
	vm_fault_t fault, mixed_fault;
	const struct cred *old;
	struct cred *cred;

	if (!IS_ENABLED(CONFIG_64BIT))
		kunit_skip(test, "needs CONFIG_64BIT");
	if (!boot_cpu_has_bug(X86_BUG_L1TF)) {
		KUNIT_ASSERT_EQ(test, kunit_add_action(test, clear_l1tf, NULL), 0);
		set_cpu_bug(&boot_cpu_data, X86_BUG_L1TF);
	}
	cred = prepare_creds();
	KUNIT_ASSERT_NOT_NULL(test, cred);
	cap_lower(cred->cap_effective, CAP_SYS_ADMIN);
	drv->cache = UC;
	old = override_creds(cred);

	/* remap_pfn_range() by ->mmap */
	drv->pfn = limit;
	none = user_mmap(drv->file, 0, PAGE_SIZE, PROT_NONE, MAP_SHARED, 0);
	readable = user_mmap(drv->file, 0, PAGE_SIZE, PROT_READ, MAP_SHARED, 0);
	protect = mm_kunit_mprotect(readable, PAGE_SIZE, PROT_NONE);
	drv->pfn = limit - 1;
	low = user_mmap(drv->file, 0, PAGE_SIZE, PROT_NONE, MAP_SHARED, 0);

	/* vmf_insert_pfn() and vmf_insert_mixed() by ->fault */
	drv->pfn = limit;
	drv->vm_ops = &pfnmap_io_vm_ops;
	drv->insert = insert_pfn;
	drv->flags = VM_PFNMAP;
	faulting = user_mmap(drv->file, 0, PAGE_SIZE, PROT_NONE, MAP_SHARED, 0);
	fault = user_fault(faulting, 0);
	drv->insert = insert_mixed;
	drv->flags = VM_MIXEDMAP;
	mixed = user_mmap(drv->file, 0, PAGE_SIZE, PROT_NONE, MAP_SHARED, 0);
	mixed_fault = user_fault(mixed, 0);

	put_cred(revert_creds(old));
	drv->vm_ops = NULL;
	admin = user_mmap(drv->file, 0, PAGE_SIZE, PROT_NONE, MAP_SHARED, 0);

	KUNIT_EXPECT_EQ_MSG(test, none, -EACCES, "mmap(PROT_NONE) of the limit");
	PFNMAP_IO_EXPECT_ADDR(test, readable, "the limit with PROT_READ");
	KUNIT_EXPECT_EQ_MSG(test, protect, -EACCES, "mprotect(PROT_NONE) of the limit");
	PFNMAP_IO_EXPECT_ADDR(test, low, "the page frame below the limit");
	KUNIT_EXPECT_EQ_MSG(test, fault, VM_FAULT_SIGBUS,
			    "fault that calls vmf_insert_pfn() with the limit");
	KUNIT_EXPECT_EQ_MSG(test, mixed_fault, VM_FAULT_SIGBUS,
			    "fault that calls vmf_insert_mixed() with the limit");
	PFNMAP_IO_EXPECT_ADDR(test, admin, "the limit by an administrator");
}

/* -- today's implementation, not promised ---------------------------------- */

/*
 * If parts of a VMA are unmapped, all of its page frames stay tracked until the last
 * part is gone, because only the range as a whole is remembered. It would do to track
 * those that are still mapped.
 *
 *	addr
 *	|---- p0 ----|---- p1 ----|---- p2 ----|
 *	 ^ second     ^ first      ^ third munmap()
 */
static void pfnmap_track_until_last_part(struct kunit *test)
{
	long addr = map_io(test, 0, NR_PAGES, WC);

	PFNMAP_IO_ASSERT_ADDR(test, addr, "all page frames as WC");
	KUNIT_ASSERT_EQ(test, vm_munmap(addr + PAGE_SIZE, PAGE_SIZE), 0);
	MM_KUNIT_EXPECT(test, check_tracked(test, 0, NR_PAGES, true));
	KUNIT_ASSERT_EQ(test, vm_munmap(addr, PAGE_SIZE), 0);
	MM_KUNIT_EXPECT(test, check_tracked(test, 0, NR_PAGES, true));
	KUNIT_ASSERT_EQ(test, vm_munmap(addr + 2 * PAGE_SIZE, PAGE_SIZE), 0);
	MM_KUNIT_EXPECT(test, check_tracked(test, 0, NR_PAGES, false));
}

/*
 * remap_pfn_range() of a part of a VMA has the mode with which the page frames are
 * tracked, or UC- if they are not; it tracks nothing itself, because a VMA can
 * remember one range only. A range of which some page frames are tracked and some
 * are not, or with another mode, is -EINVAL, as it would need two modes.
 *
 *	|- left out -|---- p0 ----|---- p1 ----|---- p2 ----|	map_part()
 */
static void pfnmap_part_of_vma(struct kunit *test)
{
	struct pfnmap_driver *drv = test->priv;
	long addr, part;

	/* All but the last page of a VMA. */
	drv->rest = PAGE_SIZE;
	part = map_io(test, 0, NR_PAGES, WC);
	drv->rest = 0;
	PFNMAP_IO_ASSERT_ADDR(test, part, "all but the end of a VMA as WC");
	PFNMAP_IO_EXPECT_CACHE(test, part, UC, "the first page, the VMA's end is left out");
	MM_KUNIT_EXPECT(test, check_tracked(test, 0, NR_PAGES, false));

	/* All but the first page. */
	part = map_part(test, 0, NR_PAGES, WC);
	PFNMAP_IO_ASSERT_ADDR(test, part, "all but the start of a VMA as WC");
	PFNMAP_IO_EXPECT_CACHE(test, part, UC, "the first page, the VMA's start is left out");
	MM_KUNIT_EXPECT(test, check_tracked(test, 0, NR_PAGES, false));

	/* The same while the page frames are tracked. */
	addr = map_io(test, 0, NR_PAGES, WC);
	PFNMAP_IO_ASSERT_ADDR(test, addr, "all of a VMA as WC");
	PFNMAP_IO_EXPECT_CACHE(test, addr, WC, "the mapping of all of a VMA");
	part = map_part(test, 1, 2, WB);
	PFNMAP_IO_ASSERT_ADDR(test, part, "part of a VMA as WB");
	PFNMAP_IO_EXPECT_CACHE(test, part, WC, "the part's first page, tracked as WC");
	PFNMAP_IO_EXPECT_CACHE(test, part + PAGE_SIZE, WC,
			       "the part's second page, tracked as WC");

	/* Page frames behind those that are tracked. */
	KUNIT_EXPECT_EQ_MSG(test, map_part(test, NR_PAGES - 1, 2, WC), -EINVAL,
			    "the last page frame that is tracked and the next one");
	KUNIT_EXPECT_EQ_MSG(test, map_part(test, 1, NR_PAGES, WC), -EINVAL,
			    "two page frames that are tracked and the next one");

	/* The end of the part does not end the tracking. */
	KUNIT_ASSERT_EQ(test, vm_munmap(part - PAGE_SIZE, 3 * PAGE_SIZE), 0);
	MM_KUNIT_EXPECT(test, check_tracked(test, 0, NR_PAGES, true));
}

/*
 * The second remap_pfn_range() of all of a VMA returns -EINVAL, because a VMA can
 * remember one range only, and mmap() that fails for this reason leaves nothing
 * tracked.
 */
static void pfnmap_track_twice(struct kunit *test)
{
	struct pfnmap_driver *drv = test->priv;

	drv->twice = true;
	KUNIT_EXPECT_EQ_MSG(test, map_io(test, 0, NR_PAGES, WC), -EINVAL,
			    "mmap() with remap_pfn_range() twice");
	drv->twice = false;
	MM_KUNIT_EXPECT(test, check_tracked(test, 0, NR_PAGES, false));
}

static struct kunit_case pfnmap_io_cases[] = {
	KUNIT_CASE(pfnmap_track_while_mapped),
	KUNIT_CASE(pfnmap_track_stricter),
	KUNIT_CASE(pfnmap_track_no_memory),
	KUNIT_CASE(pfnmap_track_fork),
	KUNIT_CASE(pfnmap_of_memory),
	KUNIT_CASE_PARAM(vmf_insert_pfn_follows_tracking, insert_gen_params),
	KUNIT_CASE(pfnmap_l1tf),
	KUNIT_CASE(pfnmap_track_until_last_part),
	KUNIT_CASE(pfnmap_part_of_vma),
	KUNIT_CASE(pfnmap_track_twice),
	{}
};

static struct kunit_suite pfnmap_io_suite = {
	.name = "pfnmap_io",
	.init = pfnmap_io_init,
	.test_cases = pfnmap_io_cases,
};

kunit_test_suite(pfnmap_io_suite);

MODULE_DESCRIPTION("KUnit tests for the cache mode of I/O memory in user space");
MODULE_LICENSE("GPL");
