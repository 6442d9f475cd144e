// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests for the sample driver in mm/addrmap/: what one of its nodes does, and
 * the others do not.
 */
#include <kunit/test.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/module.h>
#include <linux/uaccess.h>

#include "addrmap_node.h"
#include "free_iomem.h"
#include "mm_kunit.h"
#ifdef CONFIG_X86
#include <asm/memtype.h>
#endif

/* -- segments -------------------------------------------------------------- */

/*
 * A fault maps the segment from the page on that was accessed, and ends at the end of
 * the segment and of the mapping, because the memory behind a segment belongs to
 * somebody else (mm/addrmap/segments.c).
 *
 *	page	 0 |1 2|3 4 5|6 7 8 9|10 ...
 *	all	      ^       ^ accessed
 *	part	  |--- ---|
 *		       ^ accessed
 */
static void segments_seam(struct kunit *test)
{
	struct file *filp = ADDRMAP_OPEN_NAME(test, "addrmap/segments", O_RDWR);
	char __user *all, *part;
	unsigned long n;

	KUNIT_ASSERT_EQ_MSG(test, set_length(test, filp, LENGTH), 0, "ADDRMAP_SET_LENGTH");
	all = ADDRMAP_MAP(test, filp, NR_PAGES, MAP_SHARED, 0);
	part = ADDRMAP_MAP(test, filp, 4, MAP_SHARED, 1);

	KUNIT_EXPECT_EQ_MSG(test, byte_at(all + 2 * PAGE_SIZE), 0, "byte of page 2");
	KUNIT_EXPECT_EQ_MSG(test, byte_at(all + 7 * PAGE_SIZE), 0, "byte of page 7");
	for (n = 0; n < NR_PAGES; n++)
		KUNIT_EXPECT_EQ_MSG(test, entry_of(all, n).pfn,
				    n == 2 || (n >= 7 && n <= 9) ? buffer_pfn(test, filp, n) : 0,
				    "frame of page %lu after page 2 and 7", n);

	KUNIT_EXPECT_EQ_MSG(test, byte_at(part + 2 * PAGE_SIZE), 0, "byte of page 3");
	for (n = 0; n < 4; n++)
		KUNIT_EXPECT_EQ_MSG(test, entry_of(part, n).pfn,
				    n >= 2 ? buffer_pfn(test, filp, 1 + n) : 0,
				    "frame of page %lu of the buffer, of which 1 to 4 are mapped",
				    1 + n);
}

/*
 * Each page of the mapping shows the frame that is at its offset in the buffer, be it
 * the first or the last one of its segment, and no other page of the buffer has that
 * frame, because the segments follow each other without gap or overlap in the file.
 */
static void segments_all_pages(struct kunit *test)
{
	struct file *filp = ADDRMAP_OPEN_NAME(test, "addrmap/segments", O_RDWR);
	unsigned long n, other;
	char __user *mem;

	KUNIT_ASSERT_EQ_MSG(test, set_length(test, filp, LENGTH), 0, "ADDRMAP_SET_LENGTH");
	mem = ADDRMAP_MAP(test, filp, NR_PAGES, MAP_SHARED, 0);
	for (n = NR_PAGES; n--; ) {
		unsigned long pfn = buffer_pfn(test, filp, n);

		KUNIT_EXPECT_EQ_MSG(test, byte_at(mem + n * PAGE_SIZE), 0, "byte of page %lu", n);
		KUNIT_EXPECT_NE_MSG(test, pfn, 0, "frame of page %lu", n);
		KUNIT_EXPECT_EQ_MSG(test, entry_of(mem, n).pfn, pfn,
				    "frame that is mapped for page %lu", n);
		for (other = 0; other < n; other++)
			KUNIT_EXPECT_NE_MSG(test, buffer_pfn(test, filp, other), pfn,
					    "frame of pages %lu and %lu", other, n);
	}
}

/* -- written and pfn-written ----------------------------------------------- */

static const struct node_case written_nodes[] = {
	{ .name = "addrmap/written" },
	{ .name = "addrmap/pfn-written", .pfnmap = true, .shared = true },
};

KUNIT_ARRAY_PARAM_DESC(written_node, written_nodes, name);

/**
 * EXPECT_WRITTEN() - expect the next pages that ADDRMAP_WRITTEN tells of
 * @test: the case
 * @filp: the file
 * @pgoff: the page from where on it looks
 * @first: the first page
 * @nr: how many pages
 * @what: after what
 */
#define EXPECT_WRITTEN(test, filp, pgoff, first, nr, what)			\
do {										\
	unsigned long __first, __nr;						\
										\
	KUNIT_EXPECT_EQ_MSG(test, written(test, filp, pgoff, &__first, &__nr), 0, \
			    "ADDRMAP_WRITTEN from page %d, %s", pgoff, what);	\
	KUNIT_EXPECT_EQ_MSG(test, __first, first, "first page, %s", what);	\
	KUNIT_EXPECT_EQ_MSG(test, __nr, nr, "number of pages, %s", what);	\
} while (0)

/* The same if there are none: then the first page is the end of the buffer. */
#define EXPECT_NOT_WRITTEN(test, filp, pgoff, what)				\
	EXPECT_WRITTEN(test, filp, pgoff, NR_PAGES, 0, what)

/*
 * ADDRMAP_WRITTEN tells of each page that was written to through a mapping, once, and
 * of no page that was read, because a driver is to update what has changed, and only
 * that (mm/addrmap/addrmap.h).
 */
static void written_once(struct kunit *test)
{
	struct file *filp = ADDRMAP_OPEN_PRIVATE(test);
	char __user *mem = ADDRMAP_MAP(test, filp, NR_PAGES, MAP_SHARED, 0);

	EXPECT_NOT_WRITTEN(test, filp, 0, "before the first write");
	/* Pages 3 and 7 are mapped, read-only, when they are written to. */
	KUNIT_ASSERT_EQ(test, byte_at(mem + 3 * PAGE_SIZE), 0);
	KUNIT_ASSERT_EQ(test, byte_at(mem + 5 * PAGE_SIZE), 0);
	KUNIT_ASSERT_EQ(test, byte_at(mem + 7 * PAGE_SIZE), 0);
	EXPECT_NOT_WRITTEN(test, filp, 0, "after reading");
	KUNIT_ASSERT_EQ(test, touch(mem, 2), 0);
	KUNIT_ASSERT_EQ(test, touch(mem, 3), 0);
	KUNIT_ASSERT_EQ(test, touch(mem, 7), 0);
	KUNIT_ASSERT_EQ(test, touch(mem, NR_PAGES - 1), 0);

	EXPECT_WRITTEN(test, filp, 0, 2, 2, "writes to pages 2, 3, 7 and the last");
	EXPECT_WRITTEN(test, filp, 4, 7, 1, "from page 4 on");
	EXPECT_WRITTEN(test, filp, 8, NR_PAGES - 1, 1, "from page 8 on");
	EXPECT_NOT_WRITTEN(test, filp, NR_PAGES, "from the end on");
	EXPECT_NOT_WRITTEN(test, filp, 0, "the second time");
}

/*
 * A write that comes after ADDRMAP_WRITTEN is told of the next time, whichever mapping it
 * is made through, because the page has become read-only in all mappings.
 */
static void written_again(struct kunit *test)
{
	struct file *filp = ADDRMAP_OPEN_PRIVATE(test);
	char __user *one = ADDRMAP_MAP(test, filp, 4, MAP_SHARED, 2);
	char __user *two = ADDRMAP_MAP(test, filp, NR_PAGES, MAP_SHARED, 0);

	KUNIT_ASSERT_EQ(test, touch(one, 1), 0);
	KUNIT_ASSERT_EQ(test, touch(two, 3), 0);
	EXPECT_WRITTEN(test, filp, 0, 3, 1, "writes through both mappings");
	KUNIT_ASSERT_EQ(test, touch(one, 1), 0);
	EXPECT_WRITTEN(test, filp, 0, 3, 1, "another write through the first mapping");
	KUNIT_ASSERT_EQ(test, touch(two, 3), 0);
	EXPECT_WRITTEN(test, filp, 0, 3, 1, "another write through the second mapping");
	KUNIT_EXPECT_EQ_MSG(test, byte_at(one + PAGE_SIZE), 1, "the byte that was written");
}

/*
 * A page counts as written to after its mapping is gone, because what was written is in
 * the buffer still.
 */
static void written_unmapped(struct kunit *test)
{
	struct file *filp = ADDRMAP_OPEN_PRIVATE(test);
	char __user *mem = ADDRMAP_MAP(test, filp, 4, MAP_SHARED, 0);

	KUNIT_ASSERT_EQ(test, touch(mem, 1), 0);
	KUNIT_ASSERT_EQ_MSG(test, unmap(mem, 0, 4), 0, "munmap()");
	EXPECT_WRITTEN(test, filp, 0, 1, 1, "a write, and munmap()");
}

/*
 * Each buffer has its own account of what was written, and making its pages read-only
 * leaves those of others alone, although all mappings are in one address_space.
 */
static void written_own_buffer(struct kunit *test)
{
	struct file *filp = ADDRMAP_OPEN_PRIVATE(test);
	struct file *other = ADDRMAP_OPEN_PRIVATE(test);
	char __user *mem = ADDRMAP_MAP(test, filp, 4, MAP_SHARED, 0);
	char __user *others = ADDRMAP_MAP(test, other, 4, MAP_SHARED, 0);

	KUNIT_ASSERT_EQ(test, touch(mem, 2), 0);
	EXPECT_NOT_WRITTEN(test, other, 0, "a write to another buffer");
	KUNIT_ASSERT_EQ(test, touch(others, 2), 0);
	EXPECT_WRITTEN(test, filp, 0, 2, 1, "a write to both buffers");
	EXPECT_WRITTEN(test, other, 0, 2, 1, "and to the other one");
}

/*
 * write() and writes to a private mapping do not count, because the driver knows of the
 * former, and the latter go to a copy, which is not the buffer.
 */
static void written_not_by_mapping(struct kunit *test)
{
	const struct node_case *row = test->param_value;
	struct file *filp = ADDRMAP_OPEN_PRIVATE(test);
	char __user *mem;

	KUNIT_ASSERT_EQ(test, write_byte(filp, 41), 1);
	EXPECT_NOT_WRITTEN(test, filp, 0, "after write()");
	if (row->shared)
		return;
	mem = ADDRMAP_MAP(test, filp, 4, MAP_PRIVATE, 0);
	KUNIT_ASSERT_EQ(test, byte_at(mem), 41);
	KUNIT_ASSERT_EQ(test, touch(mem, 0), 0);
	KUNIT_ASSERT_EQ(test, touch(mem, 1), 0);
	EXPECT_NOT_WRITTEN(test, filp, 0, "after writes to a private mapping");
}

/*
 * What a debugger writes through a mapping counts, too, because it changes the buffer as
 * the process itself would. One byte at each side of the end of a page is two pages.
 */
static void written_by_debugger(struct kunit *test)
{
	const struct node_case *row = test->param_value;
	struct file *filp = ADDRMAP_OPEN_PRIVATE(test);
	char __user *mem = ADDRMAP_MAP(test, filp, 6, MAP_SHARED, 0);
	unsigned long addr = (unsigned long)mem + 3 * PAGE_SIZE - 1;
	u8 bytes[2] = {};

	/* Without it, ->access is never called. */
	if (row->pfnmap && !IS_ENABLED(CONFIG_HAVE_IOREMAP_PROT))
		kunit_skip(test, "needs CONFIG_HAVE_IOREMAP_PROT");

	KUNIT_EXPECT_EQ_MSG(test, access_remote_vm(current->mm, addr, bytes, 2, 0), 2,
			    "access_remote_vm() for reading");
	EXPECT_NOT_WRITTEN(test, filp, 0, "after a debugger has read");
	KUNIT_EXPECT_EQ_MSG(test, access_remote_vm(current->mm, addr, bytes, 2, FOLL_WRITE), 2,
			    "access_remote_vm() for writing");
	EXPECT_WRITTEN(test, filp, 0, 2, 2, "after a debugger has written to pages 2 and 3");
}

/*
 * ADDRMAP_WRITTEN refuses an offset that is not of a page or behind the end, with
 * -EINVAL, and if it cannot tell what was written (-EFAULT), it does not forget it,
 * because nobody else knows (mm/addrmap/addrmap.h).
 */
static void written_refused(struct kunit *test)
{
	static const u64 bad[] = { 1, PAGE_SIZE - 1, LENGTH + PAGE_SIZE, LENGTH + 1, U64_MAX };
	struct file *filp = ADDRMAP_OPEN_PRIVATE(test);
	char __user *mem = ADDRMAP_MAP(test, filp, 4, MAP_SHARED, 0);
	struct addrmap_written arg = {};
	char __user *uarg = user_mem(test, PAGE_SIZE);
	int i;

	KUNIT_ASSERT_EQ(test, touch(mem, 1), 0);
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		arg.offset = bad[i];
		KUNIT_EXPECT_EQ_MSG(test, do_ioctl(test, filp, ADDRMAP_WRITTEN, &arg, sizeof(arg)),
				    -EINVAL, "ADDRMAP_WRITTEN from %llu on", bad[i]);
	}

	arg.offset = 0;
	KUNIT_ASSERT_EQ(test, copy_to_user(uarg, &arg, sizeof(arg)), 0);
	KUNIT_ASSERT_EQ(test, mm_kunit_mprotect((unsigned long)uarg, PAGE_SIZE, PROT_READ), 0);
	KUNIT_EXPECT_EQ_MSG(test, node_ioctl(filp, ADDRMAP_WRITTEN, uarg), -EFAULT,
			    "ADDRMAP_WRITTEN of a struct that is read-only");
	EXPECT_WRITTEN(test, filp, 0, 1, 1, "a write, -EINVAL and -EFAULT");
}

/*
 * A page frame is mapped read-only if it is read first, and again after ADDRMAP_WRITTEN,
 * and writable after a write, because a write is noticed by its page fault alone, and
 * there is to be one such fault, not more.
 */
static void written_entry(struct kunit *test)
{
	struct file *filp = ADDRMAP_OPEN_NAME(test, "addrmap/pfn-written", O_RDWR);
	struct entry read, wrote, first, after;
	char __user *mem;

	KUNIT_ASSERT_EQ_MSG(test, set_length(test, filp, LENGTH), 0, "ADDRMAP_SET_LENGTH");
	mem = ADDRMAP_MAP(test, filp, 2, MAP_SHARED, 0);
	KUNIT_ASSERT_EQ(test, byte_at(mem), 0);
	read = entry_of(mem, 0);
	KUNIT_ASSERT_EQ(test, touch(mem, 0), 0);
	wrote = entry_of(mem, 0);
	KUNIT_ASSERT_EQ(test, touch(mem, 1), 0);
	first = entry_of(mem, 1);
	EXPECT_WRITTEN(test, filp, 0, 0, 2, "writes to both pages");
	after = entry_of(mem, 1);

	KUNIT_EXPECT_EQ_MSG(test, read.pfn, buffer_pfn(test, filp, 0), "frame that was read");
	KUNIT_EXPECT_EQ_MSG(test, read.writable, false, "after reading");
	KUNIT_EXPECT_EQ_MSG(test, wrote.pfn, read.pfn, "frame that was written to");
	KUNIT_EXPECT_EQ_MSG(test, wrote.writable, true, "after a write");
	KUNIT_EXPECT_EQ_MSG(test, first.writable, true, "if the first access is a write");
	KUNIT_EXPECT_EQ_MSG(test, after.pfn, first.pfn, "frame after ADDRMAP_WRITTEN");
	KUNIT_EXPECT_EQ_MSG(test, after.writable, false, "after ADDRMAP_WRITTEN");
}

/* -- dma ------------------------------------------------------------------- */

/*
 * What is written at the kernel address is seen by who maps the memory, and the reverse,
 * page by page and at once, because the memory is coherent: neither side has to flush
 * anything (Documentation/core-api/dma-api.rst). A mapping from page 1 on starts there.
 */
static void dma_kernel_address(struct kunit *test)
{
	struct addrmap_translate tr;
	struct file *filp;
	char __user *mem;
	unsigned long n;

	if (!IS_ENABLED(CONFIG_HAS_DMA))
		kunit_skip(test, "needs CONFIG_HAS_DMA");
	filp = ADDRMAP_OPEN_NAME(test, "addrmap/dma", O_RDWR);
	KUNIT_ASSERT_EQ_MSG(test, set_length(test, filp, LENGTH), 0, "ADDRMAP_SET_LENGTH");
	mem = ADDRMAP_MAP(test, filp, NR_PAGES - 1, MAP_SHARED, 1);
	for (n = 1; n < NR_PAGES; n++) {
		char __user *p = mem + (n - 1) * PAGE_SIZE;
		u8 *kaddr;

		KUNIT_ASSERT_EQ_MSG(test, translate(test, filp, n * PAGE_SIZE, &tr), 0,
				    "ADDRMAP_TRANSLATE of page %lu", n);
		kaddr = (u8 *)(unsigned long)tr.kaddr;
		KUNIT_ASSERT_NOT_NULL_MSG(test, kaddr, "kernel address of page %lu", n);
		WRITE_ONCE(*kaddr, n + 50);
		KUNIT_EXPECT_EQ_MSG(test, byte_at(p), n + 50, "page %lu of the mapping", n);
		KUNIT_EXPECT_EQ_MSG(test, put_user((u8)(n + 100), (u8 __user *)p + 1), 0,
				    "a write to page %lu of the mapping", n);
		KUNIT_EXPECT_EQ_MSG(test, READ_ONCE(kaddr[1]), n + 100,
				    "page %lu at the kernel address", n);
	}
}

/* -- io -------------------------------------------------------------------- */

#ifdef CONFIG_X86
static const struct io_row {
	const char *desc;
	bool wc;
	enum page_cache_mode mode;
} io_rows[] = {
	{ .desc = "uncached", .wc = false, .mode = _PAGE_CACHE_MODE_UC_MINUS },
	{ .desc = "write_combining", .wc = true, .mode = _PAGE_CACHE_MODE_WC },
};

KUNIT_ARRAY_PARAM_DESC(io, io_rows, desc);

/*
 * The page table entries have the cache mode that the driver was told, because what is
 * cached does not reach the device, and they show the device's memory from the offset
 * of the mapping on. A mapping that ends behind that memory is refused.
 */
static void io_cache_mode(struct kunit *test)
{
	const struct io_row *row = test->param_value;
	struct addrmap_buffer *buf = kunit_kzalloc(test, sizeof(*buf), GFP_KERNEL);
	struct file *filp;
	char __user *mem;
	unsigned long n;

	if (!pat_enabled())
		kunit_skip(test, "needs CONFIG_X86_PAT and a CPU with PAT");
	KUNIT_ASSERT_NOT_NULL(test, buf);
	buf->tech = &addrmap_io;
	buf->length = LENGTH;
	buf->wc = row->wc;
	buf->phys = free_iomem(test, LENGTH, SZ_16M, U32_MAX, PAGE_SIZE);
	if (!buf->phys)
		kunit_skip(test, "needs a machine with unused I/O addresses below 4 GB");
	filp = open_buffer(test, buf);

	KUNIT_EXPECT_EQ_MSG(test, map(filp, LENGTH, PROT_READ, MAP_SHARED, 1), -EINVAL,
			    "mmap() of a page behind the end");
	mem = ADDRMAP_MAP(test, filp, 3, MAP_SHARED, 2);
	for (n = 0; n < 3; n++) {
		struct entry entry = entry_of(mem, n);

		KUNIT_EXPECT_EQ_MSG(test, entry.pfn, PHYS_PFN(buf->phys) + 2 + n,
				    "frame of page %lu", n);
		KUNIT_EXPECT_EQ_MSG(test, pgprot_val(entry.pgprot) & _PAGE_CACHE_MASK,
				    cachemode2protval(row->mode), "cache mode of page %lu", n);
	}
	/* Before @buf is freed. */
	KUNIT_EXPECT_EQ_MSG(test, unmap(mem, 0, 3), 0, "munmap()");
}
#endif /* CONFIG_X86 */

/* -- ->access -------------------------------------------------------------- */

KUNIT_ARRAY_PARAM_DESC(node, nodes, name);

/*
 * A debugger reads and writes what a shared mapping shows, from page to page, at the
 * offset that the mapping has in the buffer, up to the end of the mapping and no further,
 * because what comes next in the buffer is not mapped. It does not write to a mapping
 * that is read-only and shared, because others would see it.
 */
static void access_by_debugger(struct kunit *test)
{
	const struct node_case *row = test->param_value;
	struct file *filp = ADDRMAP_OPEN_PRIVATE(test);
	struct mm_struct *mm = current->mm;
	u8 *data = pattern(test, 14);
	unsigned long addr, end;
	u8 seen[4] = {};

	/* Without it, ->access is never called. */
	if (row->pfnmap && !IS_ENABLED(CONFIG_HAVE_IOREMAP_PROT))
		kunit_skip(test, "needs CONFIG_HAVE_IOREMAP_PROT");
	KUNIT_ASSERT_EQ(test, fill_buffer(filp, data), LENGTH);
	/* Pages 1 to 4 of the buffer, of which the last is not mapped any more. */
	addr = (unsigned long)ADDRMAP_MAP(test, filp, 4, MAP_SHARED, 1);
	end = addr + 3 * PAGE_SIZE;
	KUNIT_ASSERT_EQ(test, vm_munmap(end, PAGE_SIZE), 0);

	KUNIT_EXPECT_EQ_MSG(test, access_remote_vm(mm, addr + PAGE_SIZE - 2, seen, 4, 0), 4,
			    "bytes read at the end of page 1");
	KUNIT_EXPECT_MEMEQ(test, seen, data + 2 * PAGE_SIZE - 2, 4);
	KUNIT_EXPECT_EQ_MSG(test, access_remote_vm(mm, end - 3, seen, 4, 0), 3,
			    "bytes read at the end of the mapping");
	KUNIT_EXPECT_MEMEQ(test, seen, data + 4 * PAGE_SIZE - 3, 3);

	memset(seen, 99, sizeof(seen));
	memset(data + 3 * PAGE_SIZE - 1, 99, 2);
	memset(data + 4 * PAGE_SIZE - 1, 99, 1);
	KUNIT_EXPECT_EQ_MSG(test, access_remote_vm(mm, addr + 2 * PAGE_SIZE - 1, seen, 2,
						   FOLL_WRITE), 2,
			    "bytes written at the end of page 2");
	KUNIT_EXPECT_EQ_MSG(test, access_remote_vm(mm, end - 1, seen, 4, FOLL_WRITE), 1,
			    "bytes written at the end of the mapping");
	KUNIT_ASSERT_EQ(test, mm_kunit_mprotect(addr, 3 * PAGE_SIZE, PROT_READ), 0);
	KUNIT_EXPECT_EQ_MSG(test, access_remote_vm(mm, addr, seen, 1, FOLL_WRITE | FOLL_FORCE), 0,
			    "bytes written to a mapping that is read-only");
	MM_KUNIT_EXPECT(test, check_buffer(test, filp, data));
}

static struct kunit_case addrmap_technique_cases[] = {
	KUNIT_CASE(segments_seam),
	KUNIT_CASE(segments_all_pages),
	KUNIT_CASE_PARAM(written_once, written_node_gen_params),
	KUNIT_CASE_PARAM(written_again, written_node_gen_params),
	KUNIT_CASE_PARAM(written_unmapped, written_node_gen_params),
	KUNIT_CASE_PARAM(written_own_buffer, written_node_gen_params),
	KUNIT_CASE_PARAM(written_not_by_mapping, written_node_gen_params),
	KUNIT_CASE_PARAM(written_by_debugger, written_node_gen_params),
	KUNIT_CASE_PARAM(written_refused, written_node_gen_params),
	KUNIT_CASE(written_entry),
	KUNIT_CASE(dma_kernel_address),
#ifdef CONFIG_X86
	KUNIT_CASE_PARAM(io_cache_mode, io_gen_params),
#endif
	KUNIT_CASE_PARAM(access_by_debugger, node_gen_params),
	{}
};

static struct kunit_suite addrmap_technique_suite = {
	.name = "addrmap_technique",
	.init = addrmap_node_init,
	.test_cases = addrmap_technique_cases,
};

kunit_test_suite(addrmap_technique_suite);

MODULE_DESCRIPTION("KUnit tests for single nodes of the sample driver in mm/addrmap/");
MODULE_LICENSE("GPL");
