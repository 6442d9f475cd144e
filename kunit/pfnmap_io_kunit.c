// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests for mapping I/O memory to user space: how it is cached, and
 * generic_access_phys().
 *
 * On x86, mapping the same memory with different cache modes can corrupt it.
 * So mappings of all of a VMA are tracked, for as long as anything is left of
 * the VMA, and whatever else maps the same page frames has to follow suit.
 *
 * None of the memory is accessed here, but for the BIOS, which can be read.
 */
#include <kunit/test.h>
#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/io.h>
#include <linux/ioport.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/pgtable.h>
#include <linux/sched/mm.h>
#include <linux/sizes.h>

#ifdef __HAVE_PFNMAP_TRACKING
#include <asm/memtype.h>

#include "mm_kunit.h"
#include "test_pages.h"
#include "user_fork.h"
#include "user_vma.h"

#define RW		(PROT_READ | PROT_WRITE)
#define NR_PAGES	3
#define SIZE		(NR_PAGES * PAGE_SIZE)

#define WB		cachemode2protval(_PAGE_CACHE_MODE_WB)
#define WC		cachemode2protval(_PAGE_CACHE_MODE_WC)
#define UC		cachemode2protval(_PAGE_CACHE_MODE_UC_MINUS)

struct driver {
	struct user_file *file;
	struct resource res;	/* I/O addresses that nobody else uses */
	unsigned long pfn;	/* the first one to map */
	unsigned long offset;	/* map that much less, at the start of the VMA, */
	unsigned long rest;	/* or at its end */
	unsigned long cache;	/* the cache mode to ask for */
	unsigned int fail_nth;	/* the allocation to fail, */
	bool failed;		/* and whether it did */
	bool twice;
	bool mixed;		/* faults map pages that might be normal ones, */
	unsigned int huge;	/* or huge ones of this order, as if by madvise() */
	vm_fault_t (*insert)(struct vm_fault *vmf, struct driver *drv);
};

static pgprot_t driver_prot(struct vm_area_struct *vma, struct driver *drv)
{
	return __pgprot((pgprot_val(vma->vm_page_prot) & ~_PAGE_CACHE_MASK) | drv->cache);
}

static vm_fault_t driver_fault(struct vm_fault *vmf)
{
	struct driver *drv = vmf->vma->vm_private_data;

	return drv->insert(vmf, drv);
}

#ifdef CONFIG_TRANSPARENT_HUGEPAGE
static vm_fault_t driver_huge_fault(struct vm_fault *vmf, unsigned int order)
{
	struct driver *drv = vmf->vma->vm_private_data;

	if (order != drv->huge)
		return VM_FAULT_FALLBACK;
#ifdef CONFIG_HAVE_ARCH_TRANSPARENT_HUGEPAGE_PUD
	if (order == PUD_ORDER)
		return vmf_insert_pfn_pud(vmf, drv->pfn, false);
#endif
	return vmf_insert_pfn_pmd(vmf, drv->pfn, false);
}
#endif

static const struct vm_operations_struct driver_vm_ops = {
	.fault = driver_fault,
#ifdef CONFIG_TRANSPARENT_HUGEPAGE
	.huge_fault = driver_huge_fault,
#endif
};

static int driver_mmap(struct vm_area_struct *vma, void *data)
{
	unsigned long size = vma->vm_end - vma->vm_start;
	struct driver *drv = data;
	int err;

	if (drv->insert) {
		vma->vm_ops = &driver_vm_ops;
		vma->vm_private_data = drv;
		vm_flags_set(vma, (drv->mixed ? VM_MIXEDMAP : VM_PFNMAP) |
			     (drv->huge ? VM_HUGEPAGE : 0));
		return 0;
	}

	if (drv->fail_nth)
		fail_from(drv->fail_nth);
	err = remap_pfn_range(vma, vma->vm_start + drv->offset, drv->pfn,
			      size - drv->offset - drv->rest,
			      driver_prot(vma, drv));
	if (drv->fail_nth)
		drv->failed = fail_stop();
	if (drv->twice && !err)
		err = remap_pfn_range(vma, vma->vm_start, drv->pfn, size, driver_prot(vma, drv));

	return err;
}

KUNIT_DEFINE_ACTION_WRAPPER(release_resource_action, release_resource, struct resource *);

/* The first page frame of @size bytes above 4 GB that are nobody's. */
static unsigned long high_pfn(struct kunit *test, unsigned long size)
{
	struct resource *res = kunit_kzalloc(test, sizeof(*res), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, res);
	if (sizeof(res->start) == sizeof(u32))
		kunit_skip(test, "needs CONFIG_64BIT or CONFIG_X86_PAE");
	res->name = "pfnmap_io KUnit test";
	if (allocate_resource(&iomem_resource, res, size, (resource_size_t)SZ_4G,
			      iomem_resource.end, size, NULL, NULL))
		kunit_skip(test, "needs unused I/O addresses above 4 GB");
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, release_resource_action, res), 0);

	return PHYS_PFN(res->start);
}

/* Maps @nr page frames from @first on, as mode @cache. */
static long map_io(struct kunit *test, unsigned long first, unsigned long nr,
		   unsigned long cache)
{
	struct driver *drv = test->priv;

	drv->pfn = PHYS_PFN(drv->res.start) + first;
	drv->cache = cache;

	return user_mmap(drv->file, 0, nr * PAGE_SIZE + drv->offset, RW, MAP_SHARED, 0);
}

/* The same, but not all of the VMA, so that it is not tracked. */
static long map_part(struct kunit *test, unsigned long first, unsigned long nr,
		     unsigned long cache)
{
	struct driver *drv = test->priv;
	long addr;

	drv->offset = PAGE_SIZE;
	addr = map_io(test, first, nr, cache);
	drv->offset = 0;

	return IS_ERR_VALUE(addr) ? addr : addr + PAGE_SIZE;
}

static unsigned long cache_at(unsigned long addr)
{
	return pte_flags(user_pte_at(addr)) & _PAGE_CACHE_MASK;
}

/*
 * Whether page frame @i is tracked as mode WC: whoever maps it as UC- then gets
 * WC, since one page frame must not be mapped with two modes at a time.
 */
static bool tracked(struct kunit *test, unsigned long i)
{
	long addr = map_io(test, i, 1, UC);
	unsigned long cache;

	KUNIT_EXPECT_FALSE(test, IS_ERR_VALUE(addr));
	if (IS_ERR_VALUE(addr))
		return false;
	cache = cache_at(addr);
	KUNIT_EXPECT_TRUE(test, cache == UC || cache == WC);
	KUNIT_EXPECT_EQ(test, vm_munmap(addr, PAGE_SIZE), 0);

	return cache == WC;
}

static void expect_tracked(struct kunit *test, bool expected)
{
	int i;

	for (i = 0; i < NR_PAGES; i++)
		KUNIT_EXPECT_EQ_MSG(test, tracked(test, i), expected, "page %d", i);
}

static long map_all(struct kunit *test, unsigned long cache)
{
	long addr = map_io(test, 0, NR_PAGES, cache);

	KUNIT_ASSERT_FALSE(test, IS_ERR_VALUE(addr));
	return addr;
}

static void pfnmap_track_while_mapped(struct kunit *test)
{
	struct driver *drv = test->priv;
	long addr = map_all(test, WC), other;

	KUNIT_EXPECT_EQ(test, cache_at(addr), WC);
	KUNIT_EXPECT_EQ(test, cache_at(addr + SIZE - PAGE_SIZE), WC);
	expect_tracked(test, true);
	KUNIT_EXPECT_FALSE(test, tracked(test, NR_PAGES));

	/* The same again is no conflict, and is counted; be it in whole pages or not. */
	drv->rest = 1;
	other = map_all(test, WC);
	KUNIT_EXPECT_EQ(test, cache_at(other), WC);
	KUNIT_ASSERT_EQ(test, vm_munmap(addr, SIZE), 0);
	drv->rest = 0;
	expect_tracked(test, true);
	KUNIT_ASSERT_EQ(test, vm_munmap(other, SIZE), 0);
	expect_tracked(test, false);
}

/* What is stricter than asked for is not refused. */
static void pfnmap_track_stricter(struct kunit *test)
{
	long addr = map_all(test, UC);

	KUNIT_EXPECT_EQ(test, cache_at(addr), UC);
	addr = map_all(test, WC);
	KUNIT_EXPECT_EQ(test, cache_at(addr), UC);
}

/* Nobody remembers which part of the VMA had which page frames. */
static void pfnmap_track_until_last_part(struct kunit *test)
{
	long addr = map_all(test, WC);

	KUNIT_ASSERT_EQ(test, vm_munmap(addr + PAGE_SIZE, PAGE_SIZE), 0);
	expect_tracked(test, true);
	KUNIT_ASSERT_EQ(test, vm_munmap(addr, PAGE_SIZE), 0);
	expect_tracked(test, true);
	KUNIT_ASSERT_EQ(test, vm_munmap(addr + 2 * PAGE_SIZE, PAGE_SIZE), 0);
	expect_tracked(test, false);
}

/* Parts follow what is tracked, and otherwise are uncached; they are not tracked. */
static void pfnmap_part_of_vma(struct kunit *test)
{
	struct driver *drv = test->priv;
	long addr, part;

	drv->rest = PAGE_SIZE;
	part = map_all(test, WC);
	KUNIT_EXPECT_EQ(test, cache_at(part), UC);
	drv->rest = 0;
	expect_tracked(test, false);

	part = map_part(test, 0, NR_PAGES, WC);
	KUNIT_ASSERT_FALSE(test, IS_ERR_VALUE(part));
	KUNIT_EXPECT_EQ(test, cache_at(part), UC);
	expect_tracked(test, false);

	addr = map_all(test, WC);
	KUNIT_EXPECT_EQ(test, cache_at(addr), WC);
	part = map_part(test, 1, 2, WB);
	KUNIT_ASSERT_FALSE(test, IS_ERR_VALUE(part));
	KUNIT_EXPECT_EQ(test, cache_at(part), WC);
	KUNIT_EXPECT_EQ(test, cache_at(part + PAGE_SIZE), WC);
	/* There is one cache mode for a range. */
	KUNIT_EXPECT_EQ(test, map_part(test, NR_PAGES - 1, 2, WC), -EINVAL);
	KUNIT_EXPECT_EQ(test, map_part(test, 1, NR_PAGES, WC), -EINVAL);
	KUNIT_ASSERT_EQ(test, vm_munmap(part - PAGE_SIZE, 3 * PAGE_SIZE), 0);
	expect_tracked(test, true);
}

/* A VMA has one range. */
static void pfnmap_track_twice(struct kunit *test)
{
	struct driver *drv = test->priv;

	drv->twice = true;
	KUNIT_EXPECT_EQ(test, map_io(test, 0, NR_PAGES, WC), -EINVAL);
	drv->twice = false;
	expect_tracked(test, false);
}

/* The kernel has its memory mapped already, as write-back memory. */
static void pfnmap_of_memory(struct kunit *test)
{
	struct driver *drv = test->priv;
	long addr;

	drv->res.start = page_to_phys(own_page(test));
	addr = map_io(test, 0, 1, UC);
	KUNIT_ASSERT_FALSE(test, IS_ERR_VALUE(addr));
	KUNIT_EXPECT_EQ(test, cache_at(addr), WB);
	addr = map_io(test, 0, 1, WC);
	KUNIT_ASSERT_FALSE(test, IS_ERR_VALUE(addr));
	KUNIT_EXPECT_EQ(test, cache_at(addr), WB);
	addr = map_part(test, 0, 1, WC);
	KUNIT_ASSERT_FALSE(test, IS_ERR_VALUE(addr));
	KUNIT_EXPECT_EQ(test, cache_at(addr), WB);
}

static void pfnmap_track_no_memory(struct kunit *test)
{
	struct driver *drv = test->priv;
	unsigned int nth, errors = 0;

	fail_alloc_setup(test, FAIL_ONE);
	drv->failed = true;
	for (nth = 1; drv->failed && nth < 100; nth++) {
		const unsigned long at = user_largest_table() - PAGE_SIZE;
		long addr;

		drv->pfn = PHYS_PFN(drv->res.start);
		drv->cache = WC;
		drv->fail_nth = nth;
		addr = user_mmap(drv->file, at, SIZE, RW, MAP_SHARED | MAP_FIXED, 0);
		drv->fail_nth = 0;
		if (IS_ERR_VALUE(addr)) {
			errors++;
			/* Whatever keeps it from being tracked is -EINVAL. */
			if (addr != -EINVAL)
				KUNIT_EXPECT_EQ(test, addr, -ENOMEM);
		} else {
			KUNIT_ASSERT_EQ(test, vm_munmap(at, SIZE), 0);
		}
		expect_tracked(test, false);
	}
	KUNIT_EXPECT_FALSE(test, drv->failed);
	KUNIT_EXPECT_GT(test, errors, 0);
}

/* Who has it from his parent needs it no less, and maybe for longer. */
static void pfnmap_track_fork(struct kunit *test)
{
	long addr = map_all(test, WC);
	struct mm_struct *child = user_fork(test), *parent;
	unsigned long cache;

	parent = user_fork_enter(child);
	cache = cache_at(addr + PAGE_SIZE);
	user_fork_leave(parent);
	KUNIT_EXPECT_EQ(test, cache, WC);
	KUNIT_ASSERT_EQ(test, vm_munmap(addr, SIZE), 0);
	expect_tracked(test, true);
	user_fork_exit(test, child);
	expect_tracked(test, false);

	/* The other way round. */
	addr = map_all(test, WC);
	child = user_fork(test);
	user_fork_exit(test, child);
	expect_tracked(test, true);
	KUNIT_ASSERT_EQ(test, vm_munmap(addr, SIZE), 0);
	expect_tracked(test, false);
}

static vm_fault_t insert_pfn(struct vm_fault *vmf, struct driver *drv)
{
	return vmf_insert_pfn(vmf->vma, vmf->address, drv->pfn + vmf->pgoff);
}

static vm_fault_t insert_pfn_prot(struct vm_fault *vmf, struct driver *drv)
{
	return vmf_insert_pfn_prot(vmf->vma, vmf->address, drv->pfn + vmf->pgoff,
				   driver_prot(vmf->vma, drv));
}

static vm_fault_t insert_mixed(struct vm_fault *vmf, struct driver *drv)
{
	return vmf_insert_mixed(vmf->vma, vmf->address, drv->pfn + vmf->pgoff);
}

static const struct insert {
	const char *desc;
	vm_fault_t (*insert)(struct vm_fault *vmf, struct driver *drv);
	bool mixed;
} inserts[] = {
	{ "vmf_insert_pfn", insert_pfn },
	{ "vmf_insert_pfn_prot", insert_pfn_prot },
	{ "vmf_insert_mixed", insert_mixed, true },
};

KUNIT_ARRAY_PARAM_DESC(insert, inserts, desc);

/* So do single pages, whatever protection they are to have. */
static void vmf_insert_pfn_follows_tracking(struct kunit *test)
{
	const struct insert *c = test->param_value;
	struct driver *drv = test->priv;
	long addr, io;

	drv->insert = c->insert;
	drv->mixed = c->mixed;
	addr = map_io(test, 0, NR_PAGES, WB);
	KUNIT_ASSERT_FALSE(test, IS_ERR_VALUE(addr));
	KUNIT_EXPECT_EQ(test, user_fault(addr, 0), VM_FAULT_NOPAGE);
	KUNIT_EXPECT_EQ(test, cache_at(addr), UC);

	drv->insert = NULL;
	io = map_all(test, WC);
	KUNIT_EXPECT_EQ(test, cache_at(io), WC);
	drv->insert = c->insert;
	drv->cache = WB;
	KUNIT_EXPECT_EQ(test, user_fault(addr + PAGE_SIZE, 0), VM_FAULT_NOPAGE);
	KUNIT_EXPECT_EQ(test, cache_at(addr + PAGE_SIZE), WC);
}

#ifdef CONFIG_TRANSPARENT_HUGEPAGE
/* The cache mode of the huge page at @addr, where the PAT bit is another one. */
static unsigned long cache_of(unsigned long addr, unsigned long *mask)
{
	struct follow_pfnmap_args args = { .address = addr };
	unsigned long cache = ULONG_MAX;

	mmap_read_lock(current->mm);
	args.vma = vma_lookup(current->mm, addr);
	if (args.vma && !follow_pfnmap_start(&args)) {
		cache = pgprot_val(args.pgprot) & (_PAGE_PWT | _PAGE_PCD);
		*mask = args.addr_mask;
		follow_pfnmap_end(&args);
	}
	mmap_read_unlock(current->mm);

	return cache;
}

/* And huge pages, too: one of @size, whose first page frame is tracked as mode WC. */
static void expect_huge_follows(struct kunit *test, unsigned long size)
{
	struct driver *drv = test->priv;
	unsigned long mask = 0;
	long addr;

	drv->insert = insert_pfn;
	drv->huge = get_order(size);
	drv->cache = WB;
	addr = user_mmap(drv->file, SZ_1G, size, RW, MAP_SHARED | MAP_FIXED, 0);
	KUNIT_ASSERT_FALSE(test, IS_ERR_VALUE(addr));
	KUNIT_EXPECT_EQ(test, user_fault(addr, 0), VM_FAULT_NOPAGE);
	KUNIT_EXPECT_EQ(test, cache_of(addr + PAGE_SIZE, &mask), WC);
	KUNIT_EXPECT_EQ(test, mask, ~(size - 1));
}

static void vmf_insert_pfn_pmd_follows_tracking(struct kunit *test)
{
	long addr;

	if (!has_transparent_hugepage() || PMD_SIZE > SZ_2M)
		kunit_skip(test, "needs huge pages of 2 MB");
	addr = map_io(test, 0, SZ_2M / PAGE_SIZE, WC);
	KUNIT_ASSERT_FALSE(test, IS_ERR_VALUE(addr));
	expect_huge_follows(test, PMD_SIZE);
}
#endif

#if defined(CONFIG_TRANSPARENT_HUGEPAGE) && defined(CONFIG_HAVE_ARCH_TRANSPARENT_HUGEPAGE_PUD)
static void vmf_insert_pfn_pud_follows_tracking(struct kunit *test)
{
	struct driver *drv = test->priv;
	long addr;

	drv->pfn = high_pfn(test, PUD_SIZE);
	drv->cache = WC;
	addr = user_mmap(drv->file, 0, PAGE_SIZE, RW, MAP_SHARED, 0);
	KUNIT_ASSERT_FALSE(test, IS_ERR_VALUE(addr));
	expect_huge_follows(test, PUD_SIZE);
}
#endif

static void clear_l1tf(void *unused)
{
	clear_bit(X86_BUG_L1TF, (unsigned long *)boot_cpu_data.x86_capability);
}

/*
 * On processors that look memory up for entries that are not present too, only
 * the administrator may have such entries of page frames as high as those into
 * which the kernel turns them.
 */
static void pfnmap_l1tf(struct kunit *test)
{
	const unsigned long limit = l1tf_pfn_limit();
	long none, readable, low, faulting, mixed, admin, protect;
	vm_fault_t fault = 0, mixed_fault = 0;
	struct driver *drv = test->priv;
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
	drv->pfn = limit;
	old = override_creds(cred);
	none = user_mmap(drv->file, 0, PAGE_SIZE, PROT_NONE, MAP_SHARED, 0);
	readable = user_mmap(drv->file, 0, PAGE_SIZE, PROT_READ, MAP_SHARED, 0);
	protect = mm_kunit_mprotect(readable, PAGE_SIZE, PROT_NONE);
	drv->pfn = limit - 1;
	low = user_mmap(drv->file, 0, PAGE_SIZE, PROT_NONE, MAP_SHARED, 0);
	drv->pfn = limit;
	drv->insert = insert_pfn;
	faulting = user_mmap(drv->file, 0, PAGE_SIZE, PROT_NONE, MAP_SHARED, 0);
	fault = user_fault(faulting, 0);
	drv->insert = insert_mixed;
	drv->mixed = true;
	mixed = user_mmap(drv->file, 0, PAGE_SIZE, PROT_NONE, MAP_SHARED, 0);
	mixed_fault = user_fault(mixed, 0);
	drv->insert = NULL;
	put_cred(revert_creds(old));
	admin = user_mmap(drv->file, 0, PAGE_SIZE, PROT_NONE, MAP_SHARED, 0);
	KUNIT_EXPECT_EQ(test, none, -EACCES);
	KUNIT_EXPECT_FALSE(test, IS_ERR_VALUE(readable));
	KUNIT_EXPECT_EQ(test, protect, -EACCES);
	KUNIT_EXPECT_FALSE(test, IS_ERR_VALUE(low));
	KUNIT_EXPECT_EQ(test, fault, VM_FAULT_SIGBUS);
	KUNIT_EXPECT_EQ(test, mixed_fault, VM_FAULT_SIGBUS);
	KUNIT_EXPECT_FALSE(test, IS_ERR_VALUE(admin));
}

/* === generic_access_phys() === */

#define BIOS		0xf0000

static int access_io(unsigned long addr, void *buf, int len, int write)
{
	struct vm_area_struct *vma;
	int ret = -ENOENT;

	mmap_read_lock(current->mm);
	vma = vma_lookup(current->mm, addr);
	if (vma)
		ret = generic_access_phys(vma, addr, buf, len, write);
	mmap_read_unlock(current->mm);

	return ret;
}

static void generic_access_phys_reads(struct kunit *test)
{
	struct driver *drv = test->priv;
	void *bios = memremap(BIOS, 2 * PAGE_SIZE, MEMREMAP_WB);
	char *expected = kunit_kmalloc(test, 2 * PAGE_SIZE, GFP_KERNEL);
	char *buf = kunit_kzalloc(test, 2 * PAGE_SIZE, GFP_KERNEL);
	long addr;

	KUNIT_ASSERT_NOT_NULL(test, bios);
	KUNIT_ASSERT_NOT_NULL(test, expected);
	KUNIT_ASSERT_NOT_NULL(test, buf);
	memcpy(expected, bios, 2 * PAGE_SIZE);
	memunmap(bios);

	drv->res.start = BIOS;
	addr = map_io(test, 0, 2, WB);
	KUNIT_ASSERT_FALSE(test, IS_ERR_VALUE(addr));
	KUNIT_EXPECT_EQ(test, access_io(addr + 100, buf, 300, 0), 300);
	KUNIT_EXPECT_MEMEQ(test, buf, expected + 100, 300);
	KUNIT_EXPECT_EQ(test, access_io(addr + PAGE_SIZE, buf, PAGE_SIZE, 0), PAGE_SIZE);
	KUNIT_EXPECT_MEMEQ(test, buf, expected + PAGE_SIZE, PAGE_SIZE);
}

/* It can do no more than the process could. */
static void generic_access_phys_refuses(struct kunit *test)
{
	struct driver *drv = test->priv;
	char buf[8] = {};
	long addr, ret;

	addr = map_part(test, 0, 1, UC);
	KUNIT_ASSERT_FALSE(test, IS_ERR_VALUE(addr));
	KUNIT_EXPECT_EQ(test, access_io(addr - PAGE_SIZE, buf, 8, 0), -EINVAL);

	drv->file = user_file_open(test, O_RDONLY, driver_mmap, drv);
	drv->pfn = PHYS_PFN(drv->res.start);
	addr = user_mmap(drv->file, 0, PAGE_SIZE, PROT_READ, MAP_SHARED, 0);
	KUNIT_ASSERT_FALSE(test, IS_ERR_VALUE(addr));
	KUNIT_EXPECT_EQ(test, access_io(addr, buf, 8, FOLL_WRITE), -EINVAL);

	/* Memory in use is nobody's device. Until 7.2 it was ioremap() that said so. */
	drv->pfn = page_to_pfn(own_page(test));
	addr = user_mmap(drv->file, 0, PAGE_SIZE, PROT_READ, MAP_SHARED, 0);
	KUNIT_ASSERT_FALSE(test, IS_ERR_VALUE(addr));
	kunit_warning_suppress(test) {
		ret = access_io(addr, buf, 8, 0);
		if (ret != -ENOMEM)
			KUNIT_EXPECT_SUPPRESSED_WARNING_COUNT(test, 0);
	}
	if (ret != -ENOMEM)
		KUNIT_EXPECT_EQ(test, ret, -EINVAL);
}

/*
 * Page frames above 4 GB are found again as others are. Not a byte is read, as
 * nobody knows what may be there.
 */
static void generic_access_phys_above_4_gb(struct kunit *test)
{
	struct driver *drv = test->priv;
	char byte = 0;
	long addr;

	drv->pfn = high_pfn(test, PAGE_SIZE);
	drv->cache = UC;
	addr = user_mmap(drv->file, 0, PAGE_SIZE, RW, MAP_SHARED, 0);
	KUNIT_ASSERT_FALSE(test, IS_ERR_VALUE(addr));
	KUNIT_EXPECT_EQ(test, access_io(addr + 1, &byte, 0, 0), 0);
}

static int pfnmap_io_init(struct kunit *test)
{
	struct driver *drv = kunit_kzalloc(test, sizeof(*drv), GFP_KERNEL);

	mm_kunit_init(test);
	KUNIT_ASSERT_NOT_NULL(test, drv);
	if (!pat_enabled())
		kunit_skip(test, "needs a CPU with PAT");
	drv->res.name = "pfnmap_io KUnit test";
	drv->res.start = 0;
	if (allocate_resource(&iomem_resource, &drv->res, SZ_2M, SZ_16M, U32_MAX, SZ_2M, NULL,
			      NULL))
		kunit_skip(test, "needs unused I/O addresses");
	test->priv = drv;
	drv->file = user_file_open(test, O_RDWR, driver_mmap, drv);

	return 0;
}

static void pfnmap_io_exit(struct kunit *test)
{
	struct driver *drv = test->priv;

	if (drv)
		release_resource(&drv->res);
}
#else
static void pfnmap_tracking(struct kunit *test)
{
	kunit_skip(test, "needs an architecture that tracks cache modes");
}

#define pfnmap_io_init NULL
#define pfnmap_io_exit NULL
#endif

static struct kunit_case pfnmap_io_cases[] = {
#ifdef __HAVE_PFNMAP_TRACKING
	KUNIT_CASE(pfnmap_track_while_mapped),
	KUNIT_CASE(pfnmap_track_stricter),
	KUNIT_CASE(pfnmap_track_until_last_part),
	KUNIT_CASE(pfnmap_part_of_vma),
	KUNIT_CASE(pfnmap_track_twice),
	KUNIT_CASE(pfnmap_of_memory),
	KUNIT_CASE(pfnmap_track_no_memory),
	KUNIT_CASE(pfnmap_track_fork),
	KUNIT_CASE(pfnmap_l1tf),
	KUNIT_CASE_PARAM(vmf_insert_pfn_follows_tracking, insert_gen_params),
#ifdef CONFIG_TRANSPARENT_HUGEPAGE
	KUNIT_CASE(vmf_insert_pfn_pmd_follows_tracking),
#endif
#if defined(CONFIG_TRANSPARENT_HUGEPAGE) && defined(CONFIG_HAVE_ARCH_TRANSPARENT_HUGEPAGE_PUD)
	KUNIT_CASE(vmf_insert_pfn_pud_follows_tracking),
#endif
	KUNIT_CASE(generic_access_phys_reads),
	KUNIT_CASE(generic_access_phys_refuses),
	KUNIT_CASE(generic_access_phys_above_4_gb),
#else
	KUNIT_CASE(pfnmap_tracking),
#endif
	{}
};

static struct kunit_suite pfnmap_io_suite = {
	.name = "pfnmap_io",
	.init = pfnmap_io_init,
	.exit = pfnmap_io_exit,
	.test_cases = pfnmap_io_cases,
};

kunit_test_suite(pfnmap_io_suite);

MODULE_DESCRIPTION("KUnit tests for mapping I/O memory to user space");
MODULE_LICENSE("GPL");
