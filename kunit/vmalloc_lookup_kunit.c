// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests for lookups of vmalloc addresses: find_vm_area(), vmalloc_to_page(),
 * is_vmalloc_addr(), vmalloc_dump_obj() and /proc/vmallocinfo.
 */
#include <kunit/test.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/nodemask.h>
#include <linux/pgtable.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "mm_kunit.h"
#include "vmallocinfo.h"
#include "vmap_pages.h"

/* -- lookups --------------------------------------------------------------- */

/*
 * find_vm_area() finds the area for each address in it, the guard page
 * included, because callers have pointers into the middle of their memory. No
 * address outside of the area finds it.
 */
static void find_vm_area_any_address(struct kunit *test)
{
	unsigned int count = 4 * NR_VMAP_PAGES;
	struct page **array = vmap_pages_repeat(test, count, 1);
	void *addr = vmap_pages_map(test, array, count, VM_MAP, PAGE_KERNEL);
	struct vm_struct *area = find_vm_area(addr);

	KUNIT_ASSERT_NOT_NULL(test, area);
	for (unsigned int i = 0; i <= count; i++) {
		KUNIT_EXPECT_PTR_EQ_MSG(test, find_vm_area(addr + i * PAGE_SIZE), area,
					"first byte of page %u of %u", i, count);
		KUNIT_EXPECT_PTR_EQ_MSG(test, find_vm_area(addr + i * PAGE_SIZE + 1), area,
					"second byte of page %u of %u", i, count);
	}
	KUNIT_EXPECT_PTR_EQ(test, find_vm_area(addr + area->size - 1), area);
	KUNIT_EXPECT_PTR_NE(test, find_vm_area(addr + area->size), area);
	KUNIT_EXPECT_PTR_NE(test, find_vm_area(addr - 1), area);

	vmap_pages_unmap(test, addr);
	KUNIT_EXPECT_NULL(test, find_vm_area(addr));
}

/*
 * vmalloc_to_page() returns the page for any address in it, and NULL where
 * nothing is mapped, because callers have pointers to objects in their memory.
 * vmalloc_to_pfn() ignores the offset as well.
 */
static void vmalloc_to_page_any_offset(struct kunit *test)
{
	struct page **array = vmap_pages_array(test, VMAP_DESCENDING);
	void *addr = vmap_pages_map(test, array, 2, VM_MAP, PAGE_KERNEL);

	KUNIT_EXPECT_PTR_EQ(test, vmalloc_to_page(addr + 1), array[0]);
	KUNIT_EXPECT_PTR_EQ(test, vmalloc_to_page(addr + PAGE_SIZE - 1), array[0]);
	KUNIT_EXPECT_PTR_EQ(test, vmalloc_to_page(addr + PAGE_SIZE), array[1]);
	KUNIT_EXPECT_PTR_EQ(test, vmalloc_to_page(addr + 2 * PAGE_SIZE - 1), array[1]);
	KUNIT_EXPECT_NULL(test, vmalloc_to_page(addr + 2 * PAGE_SIZE));
	KUNIT_EXPECT_EQ(test, vmalloc_to_pfn(addr + 1), page_to_pfn(array[0]));
	KUNIT_EXPECT_EQ(test, vmalloc_to_pfn(addr + 2 * PAGE_SIZE - 1),
			page_to_pfn(array[1]));
}

/*
 * vmalloc_to_page() finds the pages of memory that is mapped by large entries,
 * because the caller of vmalloc_huge() does not know how its memory is mapped.
 */
static void vmalloc_to_page_huge(struct kunit *test)
{
	void *addr = vmalloc_huge(min_t(unsigned long, PMD_SIZE, SZ_4M), GFP_KERNEL);
	struct vm_struct *area;

	KUNIT_ASSERT_NOT_NULL(test, addr);
	mm_kunit_manage(test, mm_kunit_vfree, addr);
	area = find_vm_area(addr);
	KUNIT_ASSERT_NOT_NULL(test, area);
	MM_KUNIT_EXPECT(test, vmap_pages_check_mapped(test, addr, area->pages, area->nr_pages));
}

/* Looks whether @addr is mapped to the pages that its area has, one after the other. */
static const char *check_area_pages(struct kunit *test, void *addr, unsigned long nr)
{
	struct vm_struct *area = find_vm_area(addr);
	unsigned long i;

	if (!area || area->nr_pages != nr)
		return mm_kunit_wrong(test, "pages of the area: expected %lu, found %d", nr,
				      area ? (int)area->nr_pages : -1);
	for (i = 0; i < nr; i++)
		if (vmalloc_to_page(addr + i * PAGE_SIZE) != area->pages[i])
			return mm_kunit_wrong(test, "page %lu: expected pfn %lx, found %lx", i,
					      page_to_pfn(area->pages[i]),
					      vmalloc_to_pfn(addr + i * PAGE_SIZE));

	return NULL;
}

/*
 * If one of several large pages cannot be had, vmalloc_huge() maps small ones, and each
 * address shows the page that the area has for it: a large entry for small pages would
 * show memory of somebody else.
 */
static void vmalloc_huge_no_large_page(struct kunit *test)
{
	/* The allocator of areas asks for two blocks in one piece, and then for the third. */
	unsigned long size = 3 * min_t(unsigned long, PMD_SIZE, SZ_4M);
	struct mm_kunit_failing fail;
	struct page *apart[32];
	void *addr;

	/* So that small pages do not follow each other, as after a longer time. */
	for (int i = 0; i < ARRAY_SIZE(apart); i++) {
		apart[i] = alloc_page(GFP_KERNEL);
		mm_kunit_page(test);
	}
	for (int i = 0; i < ARRAY_SIZE(apart); i++)
		if (apart[i])
			__free_page(apart[i]);

	mm_kunit_fail_setup(test, MM_KUNIT_FAIL_PAGE);
	mm_kunit_for_each_failing(test, &fail) {
		mm_kunit_fail_begin(&fail);
		addr = vmalloc_huge(size, GFP_KERNEL);
		mm_kunit_fail_end(&fail);
		if (!fail.reached)
			KUNIT_EXPECT_NOT_NULL_MSG(test, addr, "without a failing allocation");
		if (addr)
			MM_KUNIT_EXPECT_MSG(test, check_area_pages(test, addr, size >> PAGE_SHIFT),
					    "allocation %u", fail.nth);
		vfree(addr);
	}
}

/*
 * is_vmalloc_addr() is true from VMALLOC_START up to, and without, VMALLOC_END
 * and false for the direct map, NULL and what ERR_PTR() makes, because kvfree()
 * chooses between vfree() and kfree() by it. is_vmalloc_or_module_addr()
 * includes the same range.
 */
static void is_vmalloc_addr_area_bounds(struct kunit *test)
{
	void *virt = kunit_kmalloc(test, 1, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, virt);
	KUNIT_EXPECT_EQ(test, is_vmalloc_addr((void *)VMALLOC_START - 1), false);
	KUNIT_EXPECT_EQ(test, is_vmalloc_addr((void *)VMALLOC_START), true);
	KUNIT_EXPECT_EQ(test, is_vmalloc_addr((void *)VMALLOC_END - 1), true);
	KUNIT_EXPECT_EQ(test, is_vmalloc_addr((void *)VMALLOC_END), false);

	KUNIT_EXPECT_EQ(test, is_vmalloc_addr(NULL), false);
	KUNIT_EXPECT_EQ(test, is_vmalloc_addr(ERR_PTR(-EPERM)), false);
	KUNIT_EXPECT_EQ(test, is_vmalloc_addr(virt), false);
	KUNIT_EXPECT_EQ(test, is_vmalloc_or_module_addr(virt), false);
	KUNIT_EXPECT_EQ(test, is_vmalloc_or_module_addr(ERR_PTR(-EPERM)), false);
	KUNIT_EXPECT_EQ(test, is_vmalloc_or_module_addr((void *)VMALLOC_START), true);
	KUNIT_EXPECT_EQ(test, is_vmalloc_or_module_addr((void *)VMALLOC_END - 1), true);
}

/*
 * find_vm_area() returns NULL for mappings of vm_map_ram(), because vfree()
 * frees what it finds.
 */
static void find_vm_area_of_vm_map_ram(struct kunit *test)
{
	static const unsigned int counts[] = { 1, BITS_PER_LONG + 1 };

	for (int i = 0; i < ARRAY_SIZE(counts); i++) {
		struct page **array = vmap_pages_repeat(test, counts[i], 1);
		void *addr = vm_map_ram(array, counts[i], NUMA_NO_NODE);

		KUNIT_ASSERT_NOT_NULL_MSG(test, addr, "vm_map_ram() of %u pages", counts[i]);
		KUNIT_EXPECT_NULL_MSG(test, find_vm_area(addr), "area of %u pages", counts[i]);
		vm_unmap_ram(addr, counts[i]);
	}
}

/*
 * vmalloc_dump_obj() describes an address of an area and returns false for any
 * other address, so that mem_dump_obj() goes on to look for what it is.
 */
static void vmalloc_dump_obj_finds_area(struct kunit *test)
{
	void *buf = kunit_kmalloc(test, PAGE_SIZE, GFP_KERNEL);
	struct vm_struct *area = vmap_pages_area(test, get_vm_area(PAGE_SIZE, VM_MAP));
	struct page *page = test->priv;
	void *addr = area->addr, *ram;

	if (!IS_ENABLED(CONFIG_PRINTK))
		kunit_skip(test, "needs CONFIG_PRINTK");
	KUNIT_ASSERT_NOT_NULL(test, buf);
	ram = vm_map_ram(&page, 1, NUMA_NO_NODE);
	KUNIT_ASSERT_NOT_NULL(test, ram);
	KUNIT_EXPECT_EQ(test, vmalloc_dump_obj(ram), false);
	vm_unmap_ram(ram, 1);
	KUNIT_EXPECT_EQ(test, vmalloc_dump_obj(addr), true);
	KUNIT_EXPECT_EQ(test, vmalloc_dump_obj(buf), false);
	vmap_pages_free_area(test, area);
	KUNIT_EXPECT_EQ(test, vmalloc_dump_obj(addr), false);
}

/*
 * vmalloc_dump_obj() finds the area for an object anywhere in it, in its last
 * page as well, because mem_dump_obj() gets pointers to single objects.
 */
static void vmalloc_dump_obj_inside_area(struct kunit *test)
{
	unsigned int nr = 40;
	struct vm_struct *area = vmap_pages_area(test, get_vm_area(nr * PAGE_SIZE,
								   VM_MAP | VM_NO_GUARD));

	if (!IS_ENABLED(CONFIG_PRINTK))
		kunit_skip(test, "needs CONFIG_PRINTK");
	for (unsigned int i = 0; i < nr; i++) {
		KUNIT_EXPECT_EQ_MSG(test, vmalloc_dump_obj(area->addr + i * PAGE_SIZE), true,
				    "page %u", i);
		KUNIT_EXPECT_EQ_MSG(test, vmalloc_dump_obj(area->addr + i * PAGE_SIZE + 8), true,
				    "page %u, inside", i);
	}
}

/* -- /proc/vmallocinfo ----------------------------------------------------- */

static const struct line {
	const char *desc;
	unsigned long flags;
	const char *words;
	phys_addr_t phys;
} lines[] = {
	{ .desc = "no_flags", .flags = 0, .words = "" },
	{ .desc = "vmap", .flags = VM_MAP, .words = " vmap" },
	{ .desc = "ioremap", .flags = VM_IOREMAP, .words = " phys=%pa ioremap",
	  .phys = SZ_1G },
	{ .desc = "sparse", .flags = VM_SPARSE, .words = " sparse" },
	{ .desc = "vmalloc", .flags = VM_ALLOC, .words = " vmalloc" },
	{ .desc = "usermap", .flags = VM_MAP | VM_USERMAP, .words = " vmap user" },
	{ .desc = "dma_coherent", .flags = VM_DMA_COHERENT, .words = " dma-coherent" },
	{ .desc = "all",
	  .flags = VM_IOREMAP | VM_SPARSE | VM_ALLOC | VM_MAP | VM_USERMAP | VM_DMA_COHERENT,
	  .words = " phys=%pa ioremap sparse vmalloc vmap user dma-coherent",
	  .phys = PAGE_SIZE },
	{ .desc = "uninitialized", .flags = VM_MAP | VM_UNINITIALIZED, .words = NULL },
};

KUNIT_ARRAY_PARAM_DESC(line, lines, desc);

/*
 * The line of an area in /proc/vmallocinfo has its address range with the guard
 * page, its caller if that is known, its physical address and a word for each
 * flag, because users look there for who has the address space (proc.rst). An
 * area that is not initialized yet has no line.
 */
static void vmallocinfo_area(struct kunit *test)
{
	const struct line *row = test->param_value;
	struct vm_struct *area = vmap_pages_area(test, get_vm_area(37 * PAGE_SIZE, 0));
	char rest[KSYM_SYMBOL_LEN + 80], words[80];

	area->phys_addr = row->phys;
	area->flags = row->flags;
	snprintf(words, sizeof(words), row->words ?: " vmap", &row->phys);
	snprintf(rest, sizeof(rest), " %pS%s", area->caller, words);
	MM_KUNIT_EXPECT(test,
			vmallocinfo_check(test, area->addr, 38 * PAGE_SIZE, rest, !!row->words));
	area->flags = 0;

	/* Without a caller, the line has none. */
	area->caller = NULL;
	area->phys_addr = 0;
	MM_KUNIT_EXPECT(test, vmallocinfo_check(test, area->addr, 38 * PAGE_SIZE, "", true));
}

/*
 * The line of an area in /proc/vmallocinfo counts the pages that belong to the
 * area, in total and for each node, and says whether their array is in vmalloc
 * memory, as proc.rst says, because users look there for who has the memory.
 */
static void vmallocinfo_pages(struct kunit *test)
{
	char rest[KSYM_SYMBOL_LEN + 80], nodes[16] = "";
	struct page *page = test->priv, **array;
	void *addr;

	if (IS_ENABLED(CONFIG_NUMA) && page_to_nid(page) != page_to_nid(page + NR_VMAP_PAGES - 1))
		kunit_skip(test, "needs pages of one NUMA node");
	if (IS_ENABLED(CONFIG_NUMA))
		snprintf(nodes, sizeof(nodes), " N%d=%d", page_to_nid(page), NR_VMAP_PAGES);

	for (int vmalloced = 0; vmalloced <= 1; vmalloced++) {
		array = vmap_pages_new_array(test, VMAP_ASCENDING, vmalloced);
		vmap_pages_get(array, NR_VMAP_PAGES);
		addr = vmap(array, NR_VMAP_PAGES, VM_MAP | VM_MAP_PUT_PAGES, PAGE_KERNEL);
		KUNIT_ASSERT_NOT_NULL_MSG(test, addr, "vmap(), array of %s",
					  vmalloced ? "vmalloc()" : "kmalloc()");
		snprintf(rest, sizeof(rest), " %pS pages=%d vmap%s%s",
			 find_vm_area(addr)->caller, NR_VMAP_PAGES, vmalloced ? " vpages" : "",
			 nodes);
		MM_KUNIT_EXPECT_MSG(test,
				    vmallocinfo_check(test, addr,
						      (NR_VMAP_PAGES + 1) * PAGE_SIZE, rest,
						      true),
				    "array of %s", vmalloced ? "vmalloc()" : "kmalloc()");
		vfree(addr);
	}
}

/*
 * Address space that waits for a flush is listed as "unpurged vm_area", because
 * it is in use until then. vm_unmap_aliases() frees it.
 */
static void vmallocinfo_unpurged(struct kunit *test)
{
	struct page **array = vmap_pages_array(test, VMAP_ASCENDING);
	unsigned long size = (NR_VMAP_PAGES + 1) * PAGE_SIZE;
	bool seen = false;

	/* Others may flush at any moment, so one of four tries has to show it. */
	for (int tries = 0; tries < 4 && !seen; tries++) {
		void *addr = vmap_pages_map(test, array, NR_VMAP_PAGES, VM_MAP, PAGE_KERNEL);

		vmap_pages_unmap(test, addr);
		seen = vmallocinfo_has(test, addr, size, " unpurged vm_area");
		vm_unmap_aliases();
		MM_KUNIT_EXPECT_MSG(test, vmallocinfo_check(test, addr, size, " unpurged vm_area",
							    false), "try %d", tries);
	}
	KUNIT_EXPECT_EQ_MSG(test, seen, true,
			    "whether the line of the unmapped area is there, in one of 4 tries");
}

/*
 * /proc/vmallocinfo can be read by root only, because kernel addresses help
 * attackers.
 */
static void vmallocinfo_mode(struct kunit *test)
{
	struct file *file = vmallocinfo_open(test);
	umode_t mode = file_inode(file)->i_mode;

	fput(file);
	KUNIT_EXPECT_EQ(test, mode, S_IFREG | 0400);
}

/* -- today's implementation, not promised ---------------------------------- */

/*
 * vmalloc_to_pfn() of an address that is not mapped is not a valid page frame,
 * so that the caller does not take another page for the one at the address.
 */
static void vmalloc_to_pfn_unmapped(struct kunit *test)
{
	struct page *page = test->priv;
	void *addr = vmap_pages_map(test, &page, 1, VM_MAP, PAGE_KERNEL);

	if (IS_ENABLED(CONFIG_SPARSEMEM) && !IS_ENABLED(CONFIG_SPARSEMEM_VMEMMAP))
		kunit_skip(test, "needs CONFIG_FLATMEM or CONFIG_SPARSEMEM_VMEMMAP");
	KUNIT_EXPECT_EQ(test, pfn_valid(vmalloc_to_pfn(addr)), true);
	KUNIT_EXPECT_EQ(test, pfn_valid(vmalloc_to_pfn(addr + PAGE_SIZE)), false);
}

/*
 * vmalloc_to_page() of the direct map is the page itself where the direct map
 * has page tables, and NULL where it has none: on UML and MIPS, and on PowerPC with
 * block address translation or a hash table.
 */
static void vmalloc_to_page_direct_map(struct kunit *test)
{
	void *buf = kunit_kmalloc(test, PAGE_SIZE, GFP_KERNEL);
	struct page *page;

	if (IS_ENABLED(CONFIG_DEBUG_VIRTUAL))
		kunit_skip(test, "needs CONFIG_DEBUG_VIRTUAL=n");
	KUNIT_ASSERT_NOT_NULL(test, buf);
	page = vmalloc_to_page(buf);
	if (IS_ENABLED(CONFIG_UML) || IS_ENABLED(CONFIG_MIPS) ||
	    (IS_ENABLED(CONFIG_PPC) && !page))
		KUNIT_EXPECT_NULL(test, page);
	else
		KUNIT_EXPECT_PTR_EQ(test, page, virt_to_page(buf));
}

static struct kunit_case vmalloc_lookup_test_cases[] = {
	KUNIT_CASE(find_vm_area_any_address),
	KUNIT_CASE(find_vm_area_of_vm_map_ram),
	KUNIT_CASE(vmalloc_to_page_any_offset),
	KUNIT_CASE(vmalloc_to_page_huge),
	KUNIT_CASE(vmalloc_huge_no_large_page),
	KUNIT_CASE(is_vmalloc_addr_area_bounds),
	KUNIT_CASE(vmalloc_dump_obj_finds_area),
	KUNIT_CASE(vmalloc_dump_obj_inside_area),
	KUNIT_CASE_PARAM(vmallocinfo_area, line_gen_params),
	KUNIT_CASE(vmallocinfo_pages),
	KUNIT_CASE(vmallocinfo_unpurged),
	KUNIT_CASE(vmallocinfo_mode),
	KUNIT_CASE(vmalloc_to_pfn_unmapped),
	KUNIT_CASE(vmalloc_to_page_direct_map),
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
