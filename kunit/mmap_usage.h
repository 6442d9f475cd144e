/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a mapping costs, and what a process sees of it, for the suites of mmap().
 */
#ifndef _MM_TESTS_MMAP_USAGE_H
#define _MM_TESTS_MMAP_USAGE_H

#include <kunit/test.h>
#include <linux/file.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/sizes.h>

#include "mm_kunit.h"
#include "user_vma.h"

/* -- accounting ------------------------------------------------------------- */

/**
 * struct mmap_usage - what a mapping costs, and what its end has to give back
 * @total_vm: pages of all mappings of the process
 * @locked_vm: pages of its locked mappings
 * @tables: bytes of its page tables
 * @rss: pages that are resident
 * @map_count: number of its VMAs
 * @writable: writable shared mappings of the file
 * @file_refs: references to the file
 * @other_refs: references to the second file, 0 without one
 */
struct mmap_usage {
	unsigned long total_vm;
	unsigned long locked_vm;
	unsigned long tables;
	unsigned long rss;
	int map_count;
	int writable;
	long file_refs;
	long other_refs;
};

/* Reads the accounting of current->mm, and of one or two files. */
static inline struct mmap_usage mmap_usage_of(struct file *filp, struct file *other)
{
	struct mm_struct *mm = current->mm;

	return (struct mmap_usage) {
		.total_vm = mm->total_vm,
		.locked_vm = mm->locked_vm,
		.tables = mm_pgtables_bytes(mm),
		.rss = get_mm_rss_sum(mm),
		.map_count = mm->map_count,
		.writable = atomic_read(&filp->f_mapping->i_mmap_writable),
		.file_refs = file_count(filp),
		.other_refs = other ? file_count(other) : 0,
	};
}

/**
 * MMAP_EXPECT_SAME_USAGE() - expect the accounting to be as it was
 * @test: the case
 * @found: the struct mmap_usage of now
 * @old: the struct mmap_usage of then
 * @fmt: after what, as for printf(), with its arguments
 *
 * With PAE, a process starts with page tables that are freed when nothing needs
 * them any more, so there the tables may have become fewer.
 */
#define MMAP_EXPECT_SAME_USAGE(test, found, old, fmt, ...)			\
do {										\
	const struct mmap_usage __found = (found), __old = (old);		\
										\
	KUNIT_EXPECT_EQ_MSG(test, __found.total_vm, __old.total_vm,		\
			    "total_vm " fmt, ##__VA_ARGS__);			\
	KUNIT_EXPECT_EQ_MSG(test, __found.locked_vm, __old.locked_vm,		\
			    "locked_vm " fmt, ##__VA_ARGS__);			\
	if (IS_ENABLED(CONFIG_X86_PAE))						\
		KUNIT_EXPECT_LE_MSG(test, __found.tables, __old.tables,		\
				    "bytes of page tables " fmt, ##__VA_ARGS__); \
	else									\
		KUNIT_EXPECT_EQ_MSG(test, __found.tables, __old.tables,		\
				    "bytes of page tables " fmt, ##__VA_ARGS__); \
	KUNIT_EXPECT_EQ_MSG(test, __found.rss, __old.rss,			\
			    "resident pages " fmt, ##__VA_ARGS__);		\
	KUNIT_EXPECT_EQ_MSG(test, __found.map_count, __old.map_count,		\
			    "map_count " fmt, ##__VA_ARGS__);			\
	KUNIT_EXPECT_EQ_MSG(test, __found.writable, __old.writable,		\
			    "i_mmap_writable " fmt, ##__VA_ARGS__);		\
	KUNIT_EXPECT_EQ_MSG(test, __found.file_refs, __old.file_refs,		\
			    "references to the file " fmt, ##__VA_ARGS__);	\
	KUNIT_EXPECT_EQ_MSG(test, __found.other_refs, __old.other_refs,		\
			    "references to the other file " fmt, ##__VA_ARGS__); \
} while (0)

/* -- what the process sees -------------------------------------------------- */

/* Looks for a VMA in the nr_pages pages at addr, where there should be none. */
static inline const char *mmap_check_hole(struct kunit *test, unsigned long addr,
					  unsigned long nr_pages)
{
	unsigned long end = addr + nr_pages * PAGE_SIZE, vm_start = 0, vm_end = 0;
	struct vm_area_struct *vma;

	mmap_read_lock(current->mm);
	vma = find_vma_intersection(current->mm, addr, end);
	if (vma) {
		vm_start = vma->vm_start;
		vm_end = vma->vm_end;
	}
	mmap_read_unlock(current->mm);
	if (vm_end)
		return mm_kunit_wrong(test,
				      "%#lx to %#lx: expected no VMA, found one from %#lx to %#lx",
				      addr, end, vm_start, vm_end);
	return NULL;
}

/*
 * Compares what the process reads in nr_pages pages at addr with what the pages
 * have in the direct mapping. buf is a page of memory for what is read.
 */
static inline const char *mmap_check_contents(struct kunit *test, void *buf, unsigned long addr,
					      struct page **pages, unsigned long nr_pages)
{
	const u8 *found = buf, *expected;
	unsigned long i, left, at;

	for (i = 0; i < nr_pages; i++, addr += PAGE_SIZE) {
		left = copy_from_user(buf, (void __user *)addr, PAGE_SIZE);
		if (left)
			return mm_kunit_wrong(test,
					      "page %lu at %#lx: expected to read all of it, found %lu bytes unreadable",
					      i, addr, left);
		expected = page_address(pages[i]);
		for (at = 0; at < PAGE_SIZE && found[at] == expected[at]; at++)
			;
		if (at == PAGE_SIZE)
			continue;
		at &= ~3UL;
		return mm_kunit_wrong(test, "page %lu at %#lx, byte %lu: expected %#x, found %#x",
				      i, addr, at, *(u32 *)(expected + at), *(u32 *)(found + at));
	}

	return NULL;
}

/* Writes a word as the process does. Returns 0 or -EFAULT. */
static inline int mmap_write(unsigned long addr, u32 value)
{
	return user_write(addr, value) ? 0 : -EFAULT;
}

/* Reads a word as the process does. Returns the word, or -EFAULT. */
static inline s64 mmap_read(unsigned long addr)
{
	u32 value;

	if (get_user(value, (u32 __user *)addr))
		return -EFAULT;
	return value;
}

/**
 * struct vma_info - what is to be known of a VMA without holding the mmap_lock
 * @start: vm_start
 * @end: vm_end, 0 if there is no VMA
 * @pgoff: vm_pgoff
 * @flags: vm_flags, without VM_SOFTDIRTY
 * @prot: vm_page_prot
 * @ops: vm_ops
 * @private: vm_private_data
 * @file: vm_file
 */
struct vma_info {
	unsigned long start;
	unsigned long end;
	pgoff_t pgoff;
	vm_flags_t flags;
	pgprot_t prot;
	const struct vm_operations_struct *ops;
	void *private;
	struct file *file;
};

/* Returns a copy of the VMA at addr; all 0 if there is none. */
static inline struct vma_info vma_at(unsigned long addr)
{
	struct vma_info info = {};
	struct vm_area_struct *vma;

	mmap_read_lock(current->mm);
	vma = vma_lookup(current->mm, addr);
	if (vma) {
		info = (struct vma_info) {
			.start = vma->vm_start,
			.end = vma->vm_end,
			.pgoff = vma->vm_pgoff,
			.flags = vma->vm_flags & ~VM_SOFTDIRTY,
			.prot = vma->vm_page_prot,
			.ops = vma->vm_ops,
			.private = vma->vm_private_data,
			.file = vma->vm_file,
		};
	}
	mmap_read_unlock(current->mm);

	return info;
}

/* -- anonymous memory ------------------------------------------------------- */

/* Maps private anonymous memory; asserts that it works. */
static inline unsigned long mmap_anon(struct kunit *test, unsigned long addr,
				      unsigned long nr_pages, unsigned long flags)
{
	addr = vm_mmap(NULL, addr, nr_pages * PAGE_SIZE, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | flags, 0);
	KUNIT_ASSERT_FALSE_MSG(test, IS_ERR_VALUE(addr), "anonymous mmap() returned %ld",
			       (long)addr);

	return addr;
}

/* Returns an address with nothing in the nr_pages pages from there, nor around them. */
static inline unsigned long mmap_room(struct kunit *test, unsigned long nr_pages)
{
	unsigned long addr = mmap_anon(test, 0, nr_pages + 2, 0);

	KUNIT_ASSERT_EQ(test, vm_munmap(addr, (nr_pages + 2) * PAGE_SIZE), 0);

	return addr + PAGE_SIZE;
}

/*
 * Other tasks change Committed_AS as well. A case that wants an exact number tries
 * so many times to get it.
 */
#define COMMIT_TRIES	5

#endif /* _MM_TESTS_MMAP_USAGE_H */
