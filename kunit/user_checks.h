/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Checks of what the page tables map for the process of a case, for the suites of
 * fault handlers. user_vma.h has user_pte_at(), which reads an entry.
 */
#ifndef _MM_TESTS_USER_CHECKS_H
#define _MM_TESTS_USER_CHECKS_H

#include <kunit/test.h>
#include <linux/highmem.h>
#include <linux/mm.h>
#include <linux/pgtable.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "mm_kunit.h"
#include "user_vma.h"

/**
 * USER_EXPECT_PTE() - expect a property of the page table entry for an address
 * @test: the case
 * @addr: the user address
 * @property: write, dirty, young or another one that has a function pte_*()
 * @expected: whether the entry has it
 */
#define USER_EXPECT_PTE(test, addr, property, expected)				\
do {										\
	unsigned long __addr = (addr);						\
										\
	KUNIT_EXPECT_EQ_MSG(test, !!pte_##property(user_pte_at(__addr)), expected, \
			    "pte_" #property "() of the entry for %lx", __addr);	\
} while (0)

/**
 * user_check_none() - look for an empty page table entry
 * @test: the case
 * @addr: the user address
 *
 * Return: NULL if nothing is mapped at @addr, else what is.
 */
static inline const char *user_check_none(struct kunit *test, unsigned long addr)
{
	pte_t pte = user_pte_at(addr);

	if (pte_none(pte))
		return NULL;
	return mm_kunit_wrong(test, "at %lx: expected no entry, found %llx (pfn %lx)",
			      addr, (u64)pte_val(pte), (unsigned long)pte_pfn(pte));
}

/**
 * user_check_no_pages() - look for pages that can be had without a fault
 * @test: the case
 * @addr: the user address
 * @nr_pages: how many pages from there on
 *
 * Return: NULL if get_user_pages() finds none of them, else the first that it finds.
 */
static inline const char *user_check_no_pages(struct kunit *test, unsigned long addr,
					      unsigned long nr_pages)
{
	unsigned long i;

	for (i = 0; i < nr_pages; i++, addr += PAGE_SIZE) {
		struct page *page = user_page(addr, 0);

		if (page)
			return mm_kunit_wrong(test, "page %lu: expected none, found pfn %lx",
					      i, page_to_pfn(page));
	}

	return NULL;
}

/**
 * user_check_pfn() - look for a page frame in the page table
 * @test: the case
 * @addr: the user address
 * @pfn: the page frame
 * @special: whether it is raw: its struct page, if any, must not be touched
 *
 * Return: NULL if it is mapped at @addr, else what is.
 */
static inline const char *user_check_pfn(struct kunit *test, unsigned long addr,
					 unsigned long pfn, bool special)
{
	pte_t pte = user_pte_at(addr);

	if (!pte_present(pte))
		return mm_kunit_wrong(test, "at %lx: expected pfn %lx, found entry %llx",
				      addr, pfn, (u64)pte_val(pte));
	if (pte_pfn(pte) != pfn)
		return mm_kunit_wrong(test, "at %lx: expected pfn %lx, found %lx",
				      addr, pfn, (unsigned long)pte_pfn(pte));
	if (IS_ENABLED(CONFIG_ARCH_HAS_PTE_SPECIAL) && !!pte_special(pte) != special)
		return mm_kunit_wrong(test, "at %lx: expected pte_special() to be %d, found %d",
				      addr, special, !!pte_special(pte));

	return NULL;
}

/**
 * user_check_page() - look for a page in the page table
 * @test: the case
 * @addr: the user address
 * @page: the page
 *
 * Return: NULL if it is mapped at @addr, and not as a raw page frame; else what is.
 */
static inline const char *user_check_page(struct kunit *test, unsigned long addr,
					  struct page *page)
{
	return user_check_pfn(test, addr, page_to_pfn(page), false);
}

/**
 * user_check_reads() - compare what the process reads with the contents of a page
 * @test: the case
 * @addr: the user address
 * @page: the page
 *
 * Return: NULL if all bytes are equal, else the first one that is not.
 */
static inline const char *user_check_reads(struct kunit *test, unsigned long addr,
					   struct page *page)
{
	u8 *found = kunit_kmalloc(test, PAGE_SIZE, GFP_KERNEL);
	const char *wrong = NULL;
	unsigned long left, i;
	u8 *expected;

	if (!found)
		return "no memory for the check";
	left = copy_from_user(found, (void __user *)addr, PAGE_SIZE);
	if (left)
		return mm_kunit_wrong(test, "at %lx: expected to read all, %lu bytes are missing",
				      addr, left);
	expected = kmap_local_page(page);
	for (i = 0; i < PAGE_SIZE && found[i] == expected[i]; i++)
		;
	if (i < PAGE_SIZE)
		wrong = mm_kunit_wrong(test, "byte %lu at %lx: expected %#x, found %#x",
				       i, addr, expected[i], found[i]);
	kunmap_local(expected);
	kunit_kfree(test, found);

	return wrong;
}

/* Returns the first word of a page, where user_write() writes. */
static inline u32 user_first_word(struct page *page)
{
	u32 value = 0;

	memcpy_from_page((char *)&value, page, 0, sizeof(value));
	return value;
}

#endif /* _MM_TESTS_USER_CHECKS_H */
