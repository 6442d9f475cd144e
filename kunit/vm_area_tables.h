/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Areas of the vmalloc address space at given addresses, and across the border of
 * two page tables.
 */
#ifndef _MM_TESTS_VM_AREA_TABLES_H
#define _MM_TESTS_VM_AREA_TABLES_H

#include <kunit/test.h>
#include <linux/mm.h>
#include <linux/pgtable.h>
#include <linux/vmalloc.h>

#include "vmap_pages.h"

/* Returns an area of @nr pages and, behind them, a guard page, which begins at @start. */
static inline struct vm_struct *area_at(struct kunit *test, unsigned long start,
					unsigned int nr, unsigned long flags)
{
	return vmap_pages_area(test, __get_vm_area_caller(nr * PAGE_SIZE, flags, start,
							  start + (nr + 1) * PAGE_SIZE, NULL));
}

static const struct level {
	const char *desc;
	int level;
} levels[] = {
	{ .desc = "pte_tables", .level = 1 },
	{ .desc = "pmd_tables", .level = 2 },
	{ .desc = "pud_tables", .level = 3 },
	{ .desc = "p4d_tables", .level = 4 },
};

KUNIT_ARRAY_PARAM_DESC(level, levels, desc);

/* Returns how many bytes one table of the level of this row maps. */
static inline unsigned long table_size(struct kunit *test)
{
	const struct level *row = test->param_value;
	unsigned long sizes[] = { PAGE_SIZE, PMD_SIZE, PUD_SIZE, P4D_SIZE, PGDIR_SIZE };
	unsigned long size = sizes[row->level];

	if (size == sizes[row->level - 1])
		kunit_skip(test, "needs a machine with level %d of page tables", row->level);
	if (size > VMALLOC_TOTAL / 8)
		kunit_skip(test, "needs %lu bytes of vmalloc addresses, 8 tables of level %d",
			   8 * size, row->level);

	return size;
}

static inline bool has_tables(unsigned long addr)
{
	pgd_t *pgd = pgd_offset_k(addr);
	p4d_t *p4d;
	pud_t *pud;

	if (pgd_none(*pgd))
		return false;
	p4d = p4d_offset(pgd, addr);
	if (p4d_none(*p4d))
		return false;
	pud = pud_offset(p4d, addr);
	if (pud_none(*pud))
		return false;

	return !pmd_none(*pmd_offset(pud, addr));
}

/*
 * Returns an area of 8 pages, of which 4 are mapped by one table and 4 by the next:
 *
 *      |---- p0 ... p3 ----|---- p4 ... p7 ----|
 *                          ^ border of two tables that do not exist yet
 */
static inline struct vm_struct *area_across(struct kunit *test, unsigned long flags)
{
	unsigned long size = table_size(test);
	unsigned long border = round_up(VMALLOC_START + VMALLOC_TOTAL / 2, size);

	while (has_tables(border) || has_tables(border - PAGE_SIZE)) {
		border += size;
		if (border >= VMALLOC_END - size)
			kunit_skip(test, "needs two tables side by side that do not exist yet");
	}

	return area_at(test, border - 4 * PAGE_SIZE, 8, flags);
}

#endif /* _MM_TESTS_VM_AREA_TABLES_H */
