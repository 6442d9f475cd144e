// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests for the cache mode with which x86 maps I/O memory to user space in huge
 * pages: vmf_insert_pfn_pmd() and vmf_insert_pfn_pud(). See pfnmap_io.h for the rules.
 */
#include <kunit/test.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/module.h>
#include <linux/pgtable.h>
#include <linux/sizes.h>

#include "mm_kunit.h"
#include "pfnmap_io.h"
#include "user_vma.h"

/* An address for huge pages of all sizes. */
#define HUGE_ADDR	SZ_1G

static vm_fault_t no_fault(struct vm_fault *vmf, struct pfnmap_driver *drv)
{
	return VM_FAULT_SIGBUS;
}

static vm_fault_t huge_fault(struct vm_fault *vmf, unsigned int order)
{
	struct pfnmap_driver *drv = vmf->vma->vm_private_data;

	if (order != drv->huge)
		return VM_FAULT_FALLBACK;
	if (IS_ENABLED(CONFIG_HAVE_ARCH_TRANSPARENT_HUGEPAGE_PUD) && order == PUD_ORDER)
		return vmf_insert_pfn_pud(vmf, drv->pfn, false);
	return vmf_insert_pfn_pmd(vmf, drv->pfn, false);
}

static const struct vm_operations_struct huge_vm_ops = {
	.fault = pfnmap_io_fault,
	.huge_fault = huge_fault,
};

/**
 * struct huge_mapping - what became of a fault at HUGE_ADDR
 * @addr: what mmap() returned
 * @fault: what the fault returned
 * @found: there is a mapping
 * @cache: its cache mode. The PAT bit is another one here, and 0 for WC and WB
 * @mask: the addresses that it maps, as of struct follow_pfnmap_args
 */
struct huge_mapping {
	long addr;
	vm_fault_t fault;
	bool found;
	unsigned long cache;
	unsigned long mask;
};

/* Maps a huge page of @size at drv->pfn, which is to be WB, by a fault. */
static struct huge_mapping map_huge(struct kunit *test, unsigned long size)
{
	struct follow_pfnmap_args args = { .address = HUGE_ADDR + PAGE_SIZE };
	struct pfnmap_driver *drv = test->priv;
	struct huge_mapping ret = { };

	drv->vm_ops = &huge_vm_ops;
	drv->insert = no_fault;
	drv->flags = VM_PFNMAP | VM_HUGEPAGE;
	drv->huge = get_order(size);
	drv->cache = WB;
	ret.addr = user_mmap(drv->file, HUGE_ADDR, size, RW, MAP_SHARED | MAP_FIXED, 0);
	if (IS_ERR_VALUE(ret.addr))
		return ret;
	ret.fault = user_fault(ret.addr, 0);

	mmap_read_lock(current->mm);
	args.vma = vma_lookup(current->mm, args.address);
	if (args.vma && !follow_pfnmap_start(&args)) {
		ret.found = true;
		ret.cache = pgprot_val(args.pgprot) & (_PAGE_PWT | _PAGE_PCD);
		ret.mask = args.addr_mask;
		follow_pfnmap_end(&args);
	}
	mmap_read_unlock(current->mm);

	return ret;
}

/* Whether it is one huge page of @size, with the mode WC. */
static const char *check_huge(struct kunit *test, const struct huge_mapping *huge,
			      unsigned long size)
{
	if (IS_ERR_VALUE(huge->addr))
		return mm_kunit_wrong(test, "mmap(): expected an address, found %ld", huge->addr);
	if (huge->fault != VM_FAULT_NOPAGE)
		return mm_kunit_wrong(test, "fault: expected VM_FAULT_NOPAGE, found %#x",
				      huge->fault);
	if (!huge->found)
		return "fault: expected a mapping, found none";
	if (huge->mask != ~(size - 1))
		return mm_kunit_wrong(test, "address mask: expected %lx, found %lx",
				      ~(size - 1), huge->mask);
	if (huge->cache != WC)
		return mm_kunit_wrong(test, "cache mode: expected %lx, found %lx",
				      (unsigned long)WC, huge->cache);
	return NULL;
}

/*
 * A huge page that vmf_insert_pfn_pmd() maps gets the mode with which its page frames
 * are tracked, as a single page does, because the mode belongs to the addresses, and
 * not to the page table that maps them.
 */
static void vmf_insert_pfn_pmd_follows_tracking(struct kunit *test)
{
	struct huge_mapping huge;
	long addr;

	if (!has_transparent_hugepage() || PMD_SIZE > SZ_2M)
		kunit_skip(test, "needs huge pages of 2 MB");

	addr = map_io(test, 0, SZ_2M / PAGE_SIZE, WC);
	PFNMAP_IO_ASSERT_ADDR(test, addr, "2 MB as WC");
	huge = map_huge(test, PMD_SIZE);
	MM_KUNIT_EXPECT(test, check_huge(test, &huge, PMD_SIZE));
}

/*
 * A huge page of 1 GB that vmf_insert_pfn_pud() maps gets the mode with which its first
 * page frame is tracked, because the mode belongs to the addresses. The function looks
 * at no other page frame.
 */
static void vmf_insert_pfn_pud_follows_tracking(struct kunit *test)
{
	struct pfnmap_driver *drv = test->priv;
	struct huge_mapping huge;
	long addr;

	if (!IS_ENABLED(CONFIG_HAVE_ARCH_TRANSPARENT_HUGEPAGE_PUD))
		kunit_skip(test, "needs CONFIG_HAVE_ARCH_TRANSPARENT_HUGEPAGE_PUD");

	drv->pfn = pfnmap_io_high_pfn(test, PUD_SIZE);
	drv->cache = WC;
	addr = map_drv(test, 1);
	PFNMAP_IO_ASSERT_ADDR(test, addr, "the first page of 1 GB as WC");
	huge = map_huge(test, PUD_SIZE);
	MM_KUNIT_EXPECT(test, check_huge(test, &huge, PUD_SIZE));
}

static struct kunit_case pfnmap_io_huge_cases[] = {
	KUNIT_CASE(vmf_insert_pfn_pmd_follows_tracking),
	KUNIT_CASE(vmf_insert_pfn_pud_follows_tracking),
	{}
};

static struct kunit_suite pfnmap_io_huge_suite = {
	.name = "pfnmap_io_huge",
	.init = pfnmap_io_init,
	.test_cases = pfnmap_io_huge_cases,
};

kunit_test_suite(pfnmap_io_huge_suite);

MODULE_DESCRIPTION("KUnit tests for the cache mode of huge pages of I/O memory");
MODULE_LICENSE("GPL");
