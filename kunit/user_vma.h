/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A user address space with a VMA of a file whose ->mmap belongs to the test.
 *
 * remap_pfn_range() and the other functions that fill a VMA may only be called
 * from ->mmap, where the VMA is the caller's and the mmap_lock is held for
 * writing. So a test gives user_file_open() the function that is to run there,
 * and user_mmap() returns what mmap(2) would have returned to a process.
 *
 * The address space belongs to the thread of the test case and goes when that
 * has ended, before what was there first is freed: what has to be seen after
 * the unmapping needs vm_munmap() in the case itself. Never assert while the
 * mmap_lock is held: an assertion ends the thread and leaves the lock behind.
 */
#ifndef _MM_TESTS_USER_VMA_H
#define _MM_TESTS_USER_VMA_H

#include <kunit/test.h>
#include <linux/anon_inodes.h>
#include <linux/err.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/mmap_lock.h>
#include <linux/module.h>
#include <linux/pgtable.h>
#include <linux/sched.h>
#include <linux/sched/mm.h>
#include <linux/uaccess.h>

#include "mm_kunit.h"

#define PROT_RW	(PROT_READ | PROT_WRITE)

/**
 * struct user_file - a file to be mapped by the thread of a test case
 * @filp: the open file, put when the test case ends
 * @mmap: what ->mmap does; its return value is what user_mmap() returns,
 *	unless it is 0. NULL maps nothing and succeeds
 * @data: for @mmap
 */
struct user_file {
	struct file *filp;
	int (*mmap)(struct vm_area_struct *vma, void *data);
	void *data;
};

static int user_file_mmap(struct file *filp, struct vm_area_struct *vma)
{
	struct user_file *uf = filp->private_data;

	return uf->mmap ? uf->mmap(vma, uf->data) : 0;
}

static const struct file_operations user_file_fops = {
	.owner = THIS_MODULE,
	.mmap = user_file_mmap,
};

KUNIT_DEFINE_ACTION_WRAPPER(user_file_put, fput, struct file *);

/*
 * The thread of a test case is waited for, but it may still be about to drop
 * its address space, and so to use what the driver has, or the next case wants.
 */
static void user_exit_mm(void *data)
{
	struct mm_struct *mm = data;
	int i;

	/* If somebody has leaked a reference, go on after some seconds. */
	for (i = 0; i < 5 * HZ && atomic_read(&mm->mm_users) > 1; i++)
		schedule_timeout_uninterruptible(1);
	mmput(mm);
}

/* Gives the thread of the test case an address space, if it has none. */
static inline void user_attach_mm(struct kunit *test)
{
	int err;

	if (current->mm)
		return;
	KUNIT_ASSERT_EQ(test, 0, kunit_attach_mm());
	mmget(current->mm);
	err = kunit_add_action(test, user_exit_mm, current->mm);
	if (err)
		mmput(current->mm);
	KUNIT_ASSERT_EQ(test, 0, err);
}

/* Opens a file that @fops map, for which its private_data is the user_file. */
static inline struct user_file *
user_file_open_fops(struct kunit *test, int flags,
		    const struct file_operations *fops, void *data)
{
	struct user_file *uf = kunit_kzalloc(test, sizeof(*uf), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, uf);
	uf->data = data;
	/* An inode of its own, for unmap_mapping_range() to work on. */
	uf->filp = anon_inode_create_getfile("[user_vma]", fops, uf, flags,
					     NULL);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, uf->filp);
	KUNIT_ASSERT_EQ(test, 0,
			kunit_add_action_or_reset(test, user_file_put,
						  uf->filp));
	user_attach_mm(test);

	return uf;
}

/* Opens a file for mapping, @flags being O_RDONLY or O_RDWR; never fails. */
static inline struct user_file *
user_file_open(struct kunit *test, int flags,
	       int (*mmap)(struct vm_area_struct *vma, void *data), void *data)
{
	struct user_file *uf = user_file_open_fops(test, flags,
						   &user_file_fops, data);

	uf->mmap = mmap;

	return uf;
}

/*
 * mmap(2) of @len bytes at page @pgoff of the file: the address, or -errno.
 * kunit_vm_mmap() cannot be used, since it takes an errno for an address.
 */
static inline long user_mmap(struct user_file *uf, unsigned long addr,
			     size_t len, unsigned long prot,
			     unsigned long flags, unsigned long pgoff)
{
	return vm_mmap(uf->filp, addr, len, prot, flags, pgoff << PAGE_SHIFT);
}

/*
 * The page mapped at @addr, NULL if there is none, or with FOLL_WRITE none
 * that can be written without a fault. Raw page frames cannot be looked up.
 */
static inline struct page *user_page(unsigned long addr,
				     unsigned int gup_flags)
{
	struct page *page;

	if (get_user_pages_unlocked(addr, 1, &page,
				    gup_flags | FOLL_NOFAULT) != 1)
		return NULL;
	put_page(page);

	return page;
}

/**
 * USER_READ_PAGE() - assert that the process can read a page
 * @test: the case
 * @addr: address of the page
 *
 * Return: a copy of the page, in a buffer of the case.
 */
#define USER_READ_PAGE(test, addr)						\
({										\
	struct kunit *__reader = (test);					\
	unsigned long __at = (addr);						\
	void *__page = kunit_kmalloc(__reader, PAGE_SIZE, GFP_KERNEL);		\
										\
	KUNIT_ASSERT_NOT_NULL(__reader, __page);				\
	KUNIT_ASSERT_EQ_MSG(__reader,						\
			    copy_from_user(__page, (void __user *)__at, PAGE_SIZE), 0, \
			    "bytes of the page at %lx that cannot be read", __at); \
	__page;									\
})

/* Whether the process can write @value at @addr. */
static inline bool user_write(unsigned long addr, u32 value)
{
	return !copy_to_user((void __user *)addr, &value, sizeof(value));
}

/*
 * Whether it is the test case that opens or closes @vma. If not, its thread
 * exits, and what belongs to the test may be gone already.
 */
static inline bool user_vma_in_test(const struct vm_area_struct *vma)
{
	return vma->vm_mm == current->mm;
}

/* Who holds the mmap_lock for writing keeps readers out, too, itself included. */
static inline bool user_mmap_lock_held_for_writing(struct mm_struct *mm)
{
	if (!mmap_read_trylock(mm))
		return true;
	mmap_read_unlock(mm);

	return false;
}

/*
 * A fault at @addr, as an access by the process would cause it: what
 * handle_mm_fault() returned. Unlike an access, it is not tried again when
 * the page is still not there.
 */
static inline vm_fault_t user_fault(unsigned long addr, unsigned int flags)
{
	struct mm_struct *mm = current->mm;
	vm_fault_t ret = VM_FAULT_SIGSEGV;
	struct vm_area_struct *vma;

	mmap_read_lock(mm);
	vma = vma_lookup(mm, addr);
	if (vma)
		ret = handle_mm_fault(vma, addr, flags, NULL);
	if (!(ret & (VM_FAULT_RETRY | VM_FAULT_COMPLETED)))
		mmap_read_unlock(mm);

	return ret;
}

/*
 * An address where two of the largest page tables meet of which user space has
 * several: a range across it needs two tables of each level below. How much such a
 * table maps is not always PGDIR_SIZE: with 5 levels on a CPU that has 4, or with 52
 * bits of virtual address on one that has 48, user space is no larger than that.
 *
 * Where user space does not begin at 0, as on arm, munmap() keeps the first table,
 * which holds what is mapped below FIRST_USER_ADDRESS. So the address is the end of
 * the second one.
 */
static inline unsigned long user_table_border(void)
{
	const unsigned long sizes[] = { PGDIR_SIZE, P4D_SIZE, PUD_SIZE };
	const unsigned int nr = FIRST_USER_ADDRESS ? 2 : 1;
	int i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++)
		if (sizes[i] <= TASK_SIZE / (nr + 1))
			return nr * sizes[i];
	return nr * PMD_SIZE;
}

static inline int user_pte_copy(pte_t *pte, unsigned long addr, void *data)
{
	*(pte_t *)data = ptep_get(pte);
	return 0;
}

/* The entry of the page table for @addr, which is pte_none() without a table. */
static inline pte_t user_pte_locked(unsigned long addr)
{
	pte_t pte = mm_kunit_no_pte();

	apply_to_existing_page_range(current->mm, addr & PAGE_MASK, PAGE_SIZE,
				     user_pte_copy, &pte);
	return pte;
}

/* The same, if the caller does not hold the mmap_lock. */
static inline pte_t user_pte_at(unsigned long addr)
{
	pte_t pte;

	mmap_read_lock(current->mm);
	pte = user_pte_locked(addr);
	mmap_read_unlock(current->mm);

	return pte;
}

static inline int user_pte_make_old(pte_t *pte, unsigned long addr, void *data)
{
	set_pte_at(current->mm, addr, pte, pte_mkold(pte_mkclean(ptep_get(pte))));
	return 0;
}

/* As if nobody had read the page at @addr for long, nor written to it. */
static inline void user_age(unsigned long addr)
{
	mmap_write_lock(current->mm);
	apply_to_existing_page_range(current->mm, addr & PAGE_MASK, PAGE_SIZE,
				     user_pte_make_old, NULL);
	mmap_write_unlock(current->mm);
}

#endif /* _MM_TESTS_USER_VMA_H */
