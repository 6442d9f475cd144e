// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests for the sample driver in mm/addrmap/: mappings of its nodes.
 */
#include <kunit/test.h>
#include <linux/completion.h>
#include <linux/cred.h>
#include <linux/fs.h>
#include <linux/kthread.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/module.h>
#include <linux/uaccess.h>

#include "addrmap_node.h"
#include "mm_kunit.h"
#include "user_vma.h"

KUNIT_ARRAY_PARAM_DESC(node, nodes, name);

/* -- ADDRMAP_SET_LENGTH ---------------------------------------------------- */

/*
 * A mapping goes on to show the buffer it was made of when the file gets another one by
 * ADDRMAP_SET_LENGTH, because nothing of that buffer is freed (mm/addrmap/addrmap.h). A
 * mapping that is made later shows the new one. Each is counted for its own buffer.
 */
static void set_length_mapped(struct kunit *test)
{
	struct file *other = ADDRMAP_OPEN(test, O_RDWR);
	struct file *filp = ADDRMAP_OPEN(test, O_RDWR);
	char __user *before = ADDRMAP_MAP(test, filp, 2, MAP_SHARED, 0);
	char __user *after;

	KUNIT_EXPECT_EQ_MSG(test, set_length(test, filp, LENGTH), 0,
			    "ADDRMAP_SET_LENGTH with a mapping");
	after = ADDRMAP_MAP(test, filp, 2, MAP_SHARED, 0);
	KUNIT_ASSERT_EQ(test, write_byte(filp, 21), 1);
	KUNIT_ASSERT_EQ(test, write_byte(other, 22), 1);
	KUNIT_EXPECT_EQ_MSG(test, byte_at(after), 21, "byte of the mapping made after");
	KUNIT_EXPECT_EQ_MSG(test, byte_at(before), 22, "byte of the mapping made before");
	ADDRMAP_EXPECT_MAPPINGS(test, filp, 1, "of its own");
	ADDRMAP_EXPECT_MAPPINGS(test, other, 1, "that is shared");

	KUNIT_EXPECT_EQ_MSG(test, unmap(before, 0, 2), 0, "munmap() of the first mapping");
	ADDRMAP_EXPECT_MAPPINGS(test, other, 0, "that is shared, after munmap()");
	KUNIT_EXPECT_EQ_MSG(test, byte_at(after), 21, "byte after munmap() of the other");
}

/* What ->mmap_prepare is given for a shared, readable mapping of @pages pages of @filp. */
static void describe(struct vm_area_desc *desc, struct file *filp, pgoff_t pgoff,
		     unsigned long pages)
{
	*desc = (struct vm_area_desc){
		.mm = current->mm,
		.file = filp,
		.vm_file = filp,
		.start = PAGE_SIZE,
		.end = PAGE_SIZE + pages * PAGE_SIZE,
		.pgoff = pgoff,
	};
	vma_desc_set_flags(desc, VMA_READ_BIT, VMA_SHARED_BIT, VMA_MAYREAD_BIT,
			   VMA_MAYSHARE_BIT);
}

/*
 * A mmap() that has chosen the shared buffer in ->mmap_prepare maps it, even if the file
 * gets a buffer of its own before ->mapped, because ->mmap_prepare hands its choice on
 * in private_data. Nor does ->mmap_prepare count the mapping, since mmap() may fail
 * after it (Documentation/filesystems/mmap_prepare.rst).
 */
static void set_length_during_mmap(struct kunit *test)
{
	struct file *other = ADDRMAP_OPEN(test, O_RDWR);
	struct file *filp = ADDRMAP_OPEN(test, O_RDWR);
	struct vm_area_desc desc;
	void *chosen;

	if (!filp->f_op->mmap_prepare)
		kunit_skip(test, "needs a node with ->mmap_prepare");

	describe(&desc, filp, 0, 1);
	KUNIT_ASSERT_EQ_MSG(test, filp->f_op->mmap_prepare(&desc), 0, "->mmap_prepare");
	chosen = desc.private_data;
	KUNIT_ASSERT_EQ_MSG(test, set_length(test, filp, PAGE_SIZE), 0, "ADDRMAP_SET_LENGTH");
	ADDRMAP_EXPECT_MAPPINGS(test, other, 0, "that was chosen, before ->mapped");

	KUNIT_EXPECT_EQ_MSG(test, desc.vm_ops->mapped(desc.start, desc.end, 0, filp,
						      &desc.private_data), 0, "->mapped");
	KUNIT_EXPECT_PTR_EQ_MSG(test, desc.private_data, chosen, "the buffer after ->mapped");
	ADDRMAP_EXPECT_MAPPINGS(test, other, 1, "that was chosen, after ->mapped");
	ADDRMAP_EXPECT_MAPPINGS(test, filp, 0, "that the file has now");
	{
		struct vm_area_struct vma = { .vm_private_data = desc.private_data };

		desc.vm_ops->close(&vma);
	}
	ADDRMAP_EXPECT_MAPPINGS(test, other, 0, "that was chosen, after ->close");
}

/*
 * Each VMA that maps the buffer counts as one, from mmap() on until it is unmapped,
 * because what a mapping holds is taken in ->mapped and ->open and given back in ->close
 * (kernel-doc of mm/addrmap/vma.c).
 *
 *	mem				two
 *	|-- p0 --|-- p1 --|-- p2 --|	|-- page --|
 *	 ^ third  ^ first  ^ fourth	 ^ second munmap()
 */
static void mappings_counted(struct kunit *test)
{
	struct file *filp = ADDRMAP_OPEN_PRIVATE(test);
	char __user *mem = ADDRMAP_MAP(test, filp, 3, MAP_SHARED, 2);
	char __user *two = ADDRMAP_MAP(test, filp, 1, MAP_SHARED, 0);

	ADDRMAP_EXPECT_MAPPINGS(test, filp, 2, "after two mmap()");
	KUNIT_EXPECT_EQ_MSG(test, unmap(mem, 1, 1), 0, "munmap() of p1");
	ADDRMAP_EXPECT_MAPPINGS(test, filp, 3, "without p1, which splits a mapping");
	KUNIT_EXPECT_EQ_MSG(test, unmap(two, 0, 1), 0, "munmap() of the second mapping");
	ADDRMAP_EXPECT_MAPPINGS(test, filp, 2, "with p0 and p2");
	KUNIT_EXPECT_EQ_MSG(test, unmap(mem, 0, 1), 0, "munmap() of p0");
	ADDRMAP_EXPECT_MAPPINGS(test, filp, 1, "with p2");
	KUNIT_EXPECT_EQ_MSG(test, unmap(mem, 2, 1), 0, "munmap() of p2");
	ADDRMAP_EXPECT_MAPPINGS(test, filp, 0, "after the last munmap()");
}

/* -- what a mapping shows -------------------------------------------------- */

/*
 * read(), write() and all shared mappings see the same memory, each at its offset in
 * the buffer, because they are views of one buffer and not copies of it.
 */
static void mmap_shared(struct kunit *test)
{
	struct file *filp = ADDRMAP_OPEN_PRIVATE(test);
	u8 *data = pattern(test, 11);
	char __user *all, *tail;

	KUNIT_ASSERT_EQ(test, fill_buffer(filp, data), LENGTH);
	all = ADDRMAP_MAP(test, filp, NR_PAGES, MAP_SHARED, 0);
	tail = ADDRMAP_MAP(test, filp, 2, MAP_SHARED, NR_PAGES - 2);
	MM_KUNIT_EXPECT(test, check_user(test, all, data, LENGTH));
	MM_KUNIT_EXPECT(test, check_user(test, tail, data + LENGTH - 2 * PAGE_SIZE,
					 2 * PAGE_SIZE));

	/* What is written to one mapping is in the other one, and in the buffer. */
	data[LENGTH - 5] ^= 0xff;
	KUNIT_EXPECT_EQ_MSG(test, put_user(data[LENGTH - 5], tail + 2 * PAGE_SIZE - 5), 0,
			    "a write to the mapping of the last pages");
	MM_KUNIT_EXPECT(test, check_buffer(test, filp, data));
	MM_KUNIT_EXPECT(test, check_user(test, all, data, LENGTH));
}

/*
 * A page of a private mapping shows the buffer until the process writes to the page.
 * From then on the page is a copy: what is written to it does not change the buffer, and
 * the other way round, as MAP_PRIVATE promises (mmap(2)). A node that cannot copy on
 * write refuses private mappings, even if they are not writable yet, because mprotect()
 * may make them so.
 */
static void mmap_private(struct kunit *test)
{
	const struct node_case *row = test->param_value;
	struct file *filp = ADDRMAP_OPEN_PRIVATE(test);
	u8 *data = pattern(test, 12);
	char __user *mem;

	if (row->shared) {
		KUNIT_EXPECT_EQ_MSG(test, map(filp, PAGE_SIZE, PROT_READ, MAP_PRIVATE, 1),
				    -EINVAL, "mmap() of a private mapping");
		return;
	}

	/* Pages 1 to 3 of the buffer, of which page 2 is written to. */
	KUNIT_ASSERT_EQ(test, fill_buffer(filp, data), LENGTH);
	mem = ADDRMAP_MAP(test, filp, 3, MAP_PRIVATE, 1);
	MM_KUNIT_EXPECT(test, check_user(test, mem, data + PAGE_SIZE, 3 * PAGE_SIZE));
	KUNIT_EXPECT_EQ_MSG(test, put_user((u8)~data[2 * PAGE_SIZE], mem + PAGE_SIZE), 0,
			    "a write to page 2");
	MM_KUNIT_EXPECT(test, check_buffer(test, filp, data));

	/*
	 * These bytes of the buffer change: the first two of page 2, and one of page 3.
	 * The copy of page 2 has the byte that the process has written, which happens to
	 * be the new one, and the old second byte.
	 */
	data[2 * PAGE_SIZE] ^= 0xff;
	data[2 * PAGE_SIZE + 1] ^= 0xff;
	data[3 * PAGE_SIZE] ^= 0xff;
	KUNIT_ASSERT_EQ(test, fill_buffer(filp, data), LENGTH);
	data[2 * PAGE_SIZE + 1] ^= 0xff;
	MM_KUNIT_EXPECT(test, check_user(test, mem, data + PAGE_SIZE, 3 * PAGE_SIZE));
}

/*
 * Without CAP_SYS_ADMIN, a private mapping is -EPERM if the node makes it with
 * remap_pfn_range(), because that stores the page frame number in vm_pgoff, and
 * /proc/PID/maps would show a physical address. Other mappings need no capability.
 */
static void mmap_private_without_cap(struct kunit *test)
{
	const struct node_case *row = test->param_value;
	struct file *filp = ADDRMAP_OPEN_PRIVATE(test);
	const struct cred *old;
	long shared, private;

	old = drop_sys_admin(test);
	shared = map(filp, PAGE_SIZE, PROT_READ, MAP_SHARED, 0);
	private = map(filp, PAGE_SIZE, PROT_READ, MAP_PRIVATE, 0);
	put_cred(revert_creds(old));
	ADDRMAP_EXPECT_ADDR(test, shared, "a shared mapping");
	if (row->shared)
		KUNIT_EXPECT_EQ_MSG(test, private, -EINVAL, "mmap() of a private mapping");
	else if (row->pfnmap)
		KUNIT_EXPECT_EQ_MSG(test, private, -EPERM, "mmap() of a private mapping");
	else
		ADDRMAP_EXPECT_ADDR(test, private, "a private mapping");
}

/*
 * mmap() of pages that are not all in the buffer is -EINVAL, and does not count as a
 * mapping, because there is nothing to be mapped behind the end.
 */
static void node_mmap_refused(struct kunit *test)
{
	static const struct {
		pgoff_t pgoff;
		unsigned long nr;
	} bad[] = {
		{ .pgoff = 0, .nr = NR_PAGES + 1 },
		{ .pgoff = 1, .nr = NR_PAGES },
		{ .pgoff = NR_PAGES - 1, .nr = 2 },
		{ .pgoff = NR_PAGES, .nr = 1 },
		{ .pgoff = ULONG_MAX >> PAGE_SHIFT, .nr = 1 },
		{ .pgoff = (ULONG_MAX >> PAGE_SHIFT) - 1, .nr = 1 },
	};
	struct file *filp = ADDRMAP_OPEN_PRIVATE(test);
	int i;

	for (i = 0; i < ARRAY_SIZE(bad); i++)
		KUNIT_EXPECT_EQ_MSG(test, map(filp, bad[i].nr * PAGE_SIZE, PROT_READ, MAP_SHARED,
					      bad[i].pgoff), -EINVAL,
				    "mmap() of %lu pages at page %lu", bad[i].nr, bad[i].pgoff);
	ADDRMAP_EXPECT_MAPPINGS(test, filp, 0, "after the refused ones");
}

/* The nodes that have ->mmap_prepare. */
static const char * const prepared[] = {
	"addrmap/pfn", "addrmap/pages", "addrmap/fault", "addrmap/fault-around",
	"addrmap/pfn-fault", "addrmap/pfn-fault-around", "addrmap/huge", "addrmap/pfn-huge",
	"addrmap/segments", "addrmap/written", "addrmap/pfn-written", "addrmap/revoke",
};

/*
 * ->mmap_prepare refuses an offset that wraps when the size of the mapping is added,
 * which mmap(2) of a process may ask for, because what is behind the wrap seems to be in
 * the buffer.
 */
static void mmap_prepare_offset_wraps(struct kunit *test)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(prepared); i++) {
		struct file *filp = ADDRMAP_OPEN_NAME(test, prepared[i], O_RDWR);
		struct vm_area_desc desc;

		describe(&desc, filp, ULONG_MAX >> PAGE_SHIFT, 2);
		KUNIT_EXPECT_EQ_MSG(test, filp->f_op->mmap_prepare(&desc), -EINVAL, "%s",
				    prepared[i]);
	}
}

/*
 * ->mmap_prepare refuses to map data to be executed, and takes VM_MAYEXEC away, because
 * mprotect() would give the right that mmap() has refused. Without that, only the file
 * system of the node may keep a process from it.
 */
static void mmap_prepare_not_executable(struct kunit *test)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(prepared); i++) {
		struct file *filp = ADDRMAP_OPEN_NAME(test, prepared[i], O_RDWR);
		struct vm_area_desc desc;

		describe(&desc, filp, 0, 1);
		vma_desc_set_flags(&desc, VMA_MAYEXEC_BIT);
		KUNIT_EXPECT_EQ_MSG(test, filp->f_op->mmap_prepare(&desc), 0, "%s", prepared[i]);
		KUNIT_EXPECT_EQ_MSG(test, !!vma_desc_test(&desc, VMA_MAYEXEC_BIT), false,
				    "VM_MAYEXEC of %s", prepared[i]);
		vma_desc_set_flags(&desc, VMA_EXEC_BIT, VMA_MAYEXEC_BIT);
		KUNIT_EXPECT_EQ_MSG(test, filp->f_op->mmap_prepare(&desc), -EPERM,
				    "%s, PROT_EXEC", prepared[i]);
	}
}

/* The flags of the VMA at @addr, or 0 without one. */
static vm_flags_t flags_at(unsigned long addr)
{
	struct vm_area_struct *vma;
	vm_flags_t flags = 0;

	mmap_read_lock(current->mm);
	vma = vma_lookup(current->mm, addr);
	if (vma)
		flags = vma->vm_flags;
	mmap_read_unlock(current->mm);

	return flags;
}

/*
 * A mapping of a file that is open for reading has no VM_MAYWRITE, and no mapping has
 * VM_MAYEXEC, because mprotect() goes by these flags. Each mapping has VM_DONTEXPAND,
 * because the buffer does not grow, and VM_DONTDUMP, because the buffer does not belong
 * to the process. A mapping that was made by page frame number has VM_PFNMAP.
 */
static void mmap_vm_flags(struct kunit *test)
{
	const vm_flags_t may = VM_WRITE | VM_MAYWRITE | VM_MAYEXEC;
	const vm_flags_t dont = VM_DONTEXPAND | VM_DONTDUMP;
	const struct node_case *row = test->param_value;
	struct file *rdonly = ADDRMAP_OPEN(test, O_RDONLY);
	struct file *rdwr = ADDRMAP_OPEN(test, O_RDWR);
	vm_flags_t flags;
	long addr;

	KUNIT_EXPECT_EQ_MSG(test, map(rdonly, PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, 0),
			    -EACCES, "mmap(PROT_WRITE) of a read-only file");
	addr = map(rdonly, PAGE_SIZE, PROT_READ, MAP_SHARED, 0);
	ADDRMAP_EXPECT_ADDR(test, addr, "a read-only file");
	flags = flags_at(addr);
	KUNIT_EXPECT_NE_MSG(test, flags, 0, "flags, read-only file");
	KUNIT_EXPECT_EQ_MSG(test, flags & may, 0, "VM_WRITE, VM_MAY*, read-only file");

	addr = map(rdwr, PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, 0);
	ADDRMAP_EXPECT_ADDR(test, addr, "a file");
	flags = flags_at(addr);
	KUNIT_EXPECT_EQ_MSG(test, flags & may, VM_WRITE | VM_MAYWRITE, "VM_WRITE, VM_MAY*");
	KUNIT_EXPECT_EQ_MSG(test, flags & dont, dont, "VM_DONTEXPAND and VM_DONTDUMP");
	/* It is not said how dma_mmap_coherent() maps. */
	if (!row->no_frames)
		KUNIT_EXPECT_EQ_MSG(test, !!(flags & VM_PFNMAP), row->pfnmap, "VM_PFNMAP");
}

/*
 * The buffer lives until the last mapping of the file is gone, even if the file is
 * closed, because a mapping keeps its file, and a file its buffer (comment in
 * mm/addrmap/internal.h). Then it is freed, once.
 */
static void mmap_outlives_close(struct kunit *test)
{
	const struct node_case *row = test->param_value;
	struct file *filp = ADDRMAP_OPEN_PRIVATE(test);
	int refs_mapped, refs_unmapped, err;
	u8 *data = pattern(test, 13);
	struct addrmap_translate tr;
	const char *wrong;
	char __user *mem;
	struct page *page;

	if (row->no_frames)
		kunit_skip(test, "needs a node that knows its page frames");

	KUNIT_ASSERT_EQ(test, fill_buffer(filp, data), LENGTH);
	mem = ADDRMAP_MAP(test, filp, NR_PAGES, MAP_SHARED, 0);
	KUNIT_ASSERT_EQ_MSG(test, translate(test, filp, 0, &tr), 0, "ADDRMAP_TRANSLATE");
	KUNIT_ASSERT_NE_MSG(test, tr.pfn, 0, "the first page frame");
	page = pfn_to_page(tr.pfn);
	get_page(page);

	kunit_release_action(test, put_file, filp);
	flush_delayed_fput();
	wrong = check_user(test, mem, data, LENGTH);
	refs_mapped = page_ref_count(page);
	err = unmap(mem, 0, NR_PAGES);
	flush_delayed_fput();
	refs_unmapped = page_ref_count(page);
	put_page(page);

	MM_KUNIT_EXPECT(test, wrong);
	KUNIT_EXPECT_GT_MSG(test, refs_mapped, 1, "references of the first page after close()");
	KUNIT_EXPECT_EQ_MSG(test, err, 0, "munmap()");
	/* The one of this case. */
	KUNIT_EXPECT_EQ_MSG(test, refs_unmapped, 1,
			    "references of the first page after munmap()");
}

/*
 * ->fault that makes the entry itself returns VM_FAULT_NOPAGE if there is one already,
 * and leaves it: two threads that touch a page at once both come to ->fault.
 */
static void fault_on_mapped_page(struct kunit *test)
{
	static const char * const names[] = {
		"addrmap/pfn-fault", "addrmap/pfn-fault-around", "addrmap/pfn-huge",
		"addrmap/revoke",
	};
	int i;

	for (i = 0; i < ARRAY_SIZE(names); i++) {
		struct file *filp = ADDRMAP_OPEN_NAME(test, names[i], O_RDWR);
		char __user *mem = ADDRMAP_MAP(test, filp, 1, MAP_SHARED, 0);
		struct vm_fault vmf = {
			.vma = vma_lookup(current->mm, (unsigned long)mem),
			.address = (unsigned long)mem,
		};
		vm_fault_t ret;

		KUNIT_ASSERT_NOT_NULL_MSG(test, vmf.vma, "VMA of %s", names[i]);
		KUNIT_ASSERT_EQ_MSG(test, write_byte(filp, 51 + i), 1, "%s", names[i]);
		KUNIT_ASSERT_EQ_MSG(test, byte_at(mem), 51 + i, "%s, the first thread", names[i]);
		mmap_read_lock(current->mm);
		ret = vmf.vma->vm_ops->fault(&vmf);
		mmap_read_unlock(current->mm);
		KUNIT_EXPECT_EQ_MSG(test, ret, VM_FAULT_NOPAGE, "%s, the second thread", names[i]);
		KUNIT_EXPECT_EQ_MSG(test, byte_at(mem), 51 + i, "%s, afterwards", names[i]);
	}
}

/* -- ADDRMAP_REVOKE -------------------------------------------------------- */

/*
 * After ADDRMAP_REVOKE no mapping of the node can be accessed, shared or with a private
 * copy, and mmap() is -ENODEV, because the memory is as good as gone. After
 * ADDRMAP_REVOKE_RESTORE both show the buffer (mm/addrmap/addrmap.h).
 */
static void revoke_mappings(struct kunit *test)
{
	struct file *filp = ADDRMAP_OPEN_NAME(test, "addrmap/revoke", O_RDWR);
	char __user *shared = ADDRMAP_MAP(test, filp, 1, MAP_SHARED, 0);
	char __user *private = ADDRMAP_MAP(test, filp, 1, MAP_PRIVATE, 0);
	int shared_byte, private_byte;
	long addr;

	KUNIT_ASSERT_EQ(test, write_byte(filp, 31), 1);
	KUNIT_ASSERT_EQ(test, put_user((u8)32, (u8 __user *)private), 0);
	KUNIT_EXPECT_EQ_MSG(test, byte_at(shared), 31, "shared mapping before");

	KUNIT_ASSERT_EQ_MSG(test, revoke(test, filp, 0), 0, "ADDRMAP_REVOKE");
	shared_byte = byte_at(shared);
	private_byte = byte_at(private);
	addr = map(filp, PAGE_SIZE, PROT_READ, MAP_SHARED, 0);
	KUNIT_EXPECT_EQ_MSG(test, revoke(test, filp, ADDRMAP_REVOKE_RESTORE), 0,
			    "ADDRMAP_REVOKE_RESTORE");
	KUNIT_EXPECT_EQ_MSG(test, shared_byte, -EFAULT, "shared mapping, revoked");
	KUNIT_EXPECT_EQ_MSG(test, private_byte, -EFAULT, "private copy, revoked");
	KUNIT_EXPECT_EQ_MSG(test, addr, -ENODEV, "mmap(), revoked");
	KUNIT_EXPECT_EQ_MSG(test, byte_at(shared), 31, "shared mapping, restored");
	KUNIT_EXPECT_EQ_MSG(test, byte_at(private), 31, "private mapping, restored");
}

/*
 * ->mapped is -ENODEV if ADDRMAP_REVOKE came after ->mmap_prepare, and counts nothing,
 * because nobody could see that mapping when the others were taken away.
 */
static void revoke_during_mmap(struct kunit *test)
{
	struct file *filp = ADDRMAP_OPEN_NAME(test, "addrmap/revoke", O_RDWR);
	struct vm_area_desc desc;
	int err;

	/* A buffer of this file, which mappings of other cases do not count for */
	KUNIT_ASSERT_EQ_MSG(test, set_length(test, filp, LENGTH), 0, "ADDRMAP_SET_LENGTH");
	describe(&desc, filp, 0, 1);
	KUNIT_ASSERT_EQ_MSG(test, filp->f_op->mmap_prepare(&desc), 0, "->mmap_prepare");
	KUNIT_ASSERT_EQ_MSG(test, revoke(test, filp, 0), 0, "ADDRMAP_REVOKE");
	err = desc.vm_ops->mapped(desc.start, desc.end, 0, filp, &desc.private_data);
	KUNIT_EXPECT_EQ_MSG(test, revoke(test, filp, ADDRMAP_REVOKE_RESTORE), 0,
			    "ADDRMAP_REVOKE_RESTORE");
	KUNIT_EXPECT_EQ_MSG(test, err, -ENODEV, "->mapped, revoked");
	ADDRMAP_EXPECT_MAPPINGS(test, filp, 0, "after ->mapped has failed");
}

/**
 * struct argument - where the argument of an ioctl() lies: nowhere before it is read
 * @page: the page that ->fault maps then
 * @mm: of the case
 * @mem: a mapping of the node, which another thread reads while ->fault waits
 * @byte: what it read
 * @done: when it has read
 * @started: the thread runs
 * @in_time: it has read before ->fault went on
 */
struct argument {
	struct page *page;
	struct mm_struct *mm;
	char __user *mem;
	int byte;
	struct completion done;
	bool started;
	bool in_time;
};

static int argument_thread(void *data)
{
	struct argument *arg = data;

	kthread_use_mm(arg->mm);
	arg->byte = byte_at(arg->mem);
	kthread_unuse_mm(arg->mm);
	complete(&arg->done);

	return 0;
}

static vm_fault_t argument_fault(struct vm_fault *vmf)
{
	struct argument *arg = vmf->vma->vm_private_data;

	if (IS_ERR(kthread_run(argument_thread, arg, "argument_kunit")))
		return VM_FAULT_OOM;
	arg->started = true;
	arg->in_time = wait_for_completion_timeout(&arg->done, HZ);
	get_page(arg->page);
	vmf->page = arg->page;

	return 0;
}

static const struct vm_operations_struct argument_vm_ops = { .fault = argument_fault };

static int argument_mmap(struct vm_area_struct *vma, void *data)
{
	vma->vm_private_data = data;
	vma->vm_ops = &argument_vm_ops;

	return 0;
}

/*
 * ADDRMAP_REVOKE reads its argument without the lock that ->fault takes, because that
 * memory may have to be faulted in as well, and may be a mapping of the node itself: then
 * it would wait for itself. Here another thread faults meanwhile, and needs not wait.
 */
static void revoke_reads_argument_unlocked(struct kunit *test)
{
	struct addrmap_revoke revoke = { .flags = ADDRMAP_REVOKE_RESTORE };
	struct file *filp = ADDRMAP_OPEN_NAME(test, "addrmap/revoke", O_RDWR);
	struct argument *arg = kunit_kzalloc(test, sizeof(*arg), GFP_KERNEL);
	struct user_file *uf;
	long addr, err;

	KUNIT_ASSERT_NOT_NULL(test, arg);
	arg->page = mm_kunit_page(test);
	memcpy_to_page(arg->page, 0, (char *)&revoke, sizeof(revoke));
	arg->mm = current->mm;
	arg->mem = ADDRMAP_MAP(test, filp, 1, MAP_SHARED, 0);
	init_completion(&arg->done);
	KUNIT_ASSERT_EQ(test, write_byte(filp, 41), 1);
	uf = user_file_open(test, O_RDWR, argument_mmap, arg);
	addr = user_mmap(uf, 0, PAGE_SIZE, PROT_RW, MAP_SHARED, 0);
	KUNIT_ASSERT_FALSE_MSG(test, IS_ERR_VALUE(addr), "mmap() returned %ld", addr);

	err = filp->f_op->unlocked_ioctl(filp, ADDRMAP_REVOKE, addr);
	if (arg->started && !arg->in_time)
		wait_for_completion_timeout(&arg->done, 10 * HZ);
	KUNIT_EXPECT_EQ_MSG(test, err, 0, "ADDRMAP_REVOKE");
	KUNIT_EXPECT_EQ_MSG(test, arg->in_time, true, "whether the other thread could fault");
	KUNIT_EXPECT_EQ_MSG(test, arg->byte, 41, "what the other thread has read");
	KUNIT_ASSERT_EQ(test, vm_munmap(addr, PAGE_SIZE), 0);
}

static struct kunit_case addrmap_map_cases[] = {
	KUNIT_CASE_PARAM(set_length_mapped, node_gen_params),
	KUNIT_CASE_PARAM(set_length_during_mmap, node_gen_params),
	KUNIT_CASE_PARAM(mappings_counted, node_gen_params),
	KUNIT_CASE_PARAM(mmap_shared, node_gen_params),
	KUNIT_CASE_PARAM(mmap_private, node_gen_params),
	KUNIT_CASE_PARAM(mmap_private_without_cap, node_gen_params),
	KUNIT_CASE_PARAM(node_mmap_refused, node_gen_params),
	KUNIT_CASE(mmap_prepare_offset_wraps),
	KUNIT_CASE(mmap_prepare_not_executable),
	KUNIT_CASE_PARAM(mmap_vm_flags, node_gen_params),
	KUNIT_CASE_PARAM(mmap_outlives_close, node_gen_params),
	KUNIT_CASE(fault_on_mapped_page),
	KUNIT_CASE(revoke_mappings),
	KUNIT_CASE(revoke_during_mmap),
	KUNIT_CASE(revoke_reads_argument_unlocked),
	{}
};

static struct kunit_suite addrmap_map_suite = {
	.name = "addrmap_map",
	.init = addrmap_node_init,
	.test_cases = addrmap_map_cases,
};

kunit_test_suite(addrmap_map_suite);

MODULE_DESCRIPTION("KUnit tests for mappings of the sample driver in mm/addrmap/");
MODULE_LICENSE("GPL");
