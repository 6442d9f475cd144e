// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a program can do with each kind of mapping of kernel memory: a matrix
 * of operations (rows) and of the nodes of the sample driver (CONFIG_ADDRMAP),
 * mapped shared and private (columns).
 *
 * Each cell is observed with a new mapping in a process of its own, and is a
 * short string that does not vary: see legend[]. By default the cells are the
 * results of a test, with --markdown or --csv they are printed as they are.
 */
#define _GNU_SOURCE
#define _FILE_OFFSET_BITS 64
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <link.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/utsname.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <linux/fs.h>
#include <linux/futex.h>
#include <linux/io_uring.h>
#include <linux/magic.h>
#include <linux/mempolicy.h>
#include <linux/mman.h>
#include <linux/userfaultfd.h>

#include "kselftest.h"
#include "vm_util.h"
#include "addrmap_device.h"
#include "addrmap_util.h"
#include "../../../../mm/gup_test.h"

#ifndef __NR_mseal
#define __NR_mseal		462
#endif
#ifndef PR_SET_MEMORY_MERGE
#define PR_SET_MEMORY_MERGE	67
#endif

/* Where get_user_pages_fast() reads page tables: those that select HAVE_GUP_FAST. */
#if defined(__x86_64__) || defined(__i386__) || defined(__aarch64__) ||	\
	defined(__powerpc64__) || defined(__s390x__) || defined(__riscv) ||	\
	defined(__loongarch__)
#define GUP_FAST 1
#else
#define GUP_FAST 0
#endif

/* Seconds until a cell counts as hanging: far more than any machine needs. */
#define TIMEOUT		300
#define RESULT_LEN	80

/* Starts the result of a cell that cannot be observed; the reason follows. */
#define SKIP		"SKIP "

enum {
	PFN_S		= 1 << 0,
	PFN_P		= 1 << 1,
	PAGES_S		= 1 << 2,
	PAGES_P		= 1 << 3,
	VMALLOC_S	= 1 << 4,
	VMALLOC_P	= 1 << 5,
	FAULT_S		= 1 << 6,
	FAULT_P		= 1 << 7,
	HUGE_S		= 1 << 8,
	HUGE_P		= 1 << 9,
	PFN_FAULT	= 1 << 10,
	IO		= 1 << 11,
	AROUND_S	= 1 << 12,
	AROUND_P	= 1 << 13,
	REVOKE_S	= 1 << 14,
	REVOKE_P	= 1 << 15,
	SEGMENTS	= 1 << 16,
	DEFIO_S		= 1 << 17,
	DEFIO_P		= 1 << 18,
	PFN_DEFIO	= 1 << 19,
	DMA		= 1 << 20,
	PFN_HUGE	= 1 << 21,
	PFN_AROUND	= 1 << 22,
	IO_HUGE		= 1 << 23,
	PFN		= PFN_S | PFN_P,
	PAGES		= PAGES_S | PAGES_P,
	VMALLOC		= VMALLOC_S | VMALLOC_P,
	FAULT		= FAULT_S | FAULT_P,
	/* The driver is asked before a page of it becomes writable. */
	DEFIO		= DEFIO_S | DEFIO_P,
	AROUND		= AROUND_S | AROUND_P,
	HUGE		= HUGE_S | HUGE_P,
	RAW_HUGE	= PFN_HUGE | IO_HUGE,
	/* VM_PFNMAP: the memory manager does not look for pages in it. */
	RAW		= PFN | PFN_FAULT | SEGMENTS | PFN_DEFIO | DMA | IO |
			  RAW_HUGE | PFN_AROUND,
	/* It is, and mmap() maps nothing yet. */
	RAW_FAULT	= PFN_FAULT | SEGMENTS | PFN_DEFIO | RAW_HUGE |
			  PFN_AROUND,
	/* mmap() has filled the page tables. */
	EAGER		= PFN | PAGES | VMALLOC | DMA | IO,
	/* It has, and there is no ->fault to do so again. */
	NO_REFAULT	= PAGES | VMALLOC,
	PRIVATE		= PFN_P | PAGES_P | VMALLOC_P | FAULT_P | HUGE_P |
			  AROUND_P | REVOKE_P | DEFIO_P,
	SHARED		= PFN_S | PAGES_S | VMALLOC_S | FAULT_S | HUGE_S |
			  PFN_FAULT | IO | AROUND_S | REVOKE_S | SEGMENTS |
			  DEFIO_S | PFN_DEFIO | DMA | RAW_HUGE | PFN_AROUND,
	ALL		= SHARED | PRIVATE,
	/*
	 * With columns: only if mincore() leaves VM_PFNMAP out, as Linux does
	 * up to 7.2. Later ones look at its page tables as at all others.
	 */
	IF_MINCORE_SKIPS_RAW = 1 << 30,
};

/* In the order of the bits. What is not here is refused: see private_refused. */
static const struct column {
	const char *node;
	int flags;
} columns[] = {
	{ "pfn", MAP_SHARED },		{ "pfn", MAP_PRIVATE },
	{ "pages", MAP_SHARED },	{ "pages", MAP_PRIVATE },
	{ "vmalloc", MAP_SHARED },	{ "vmalloc", MAP_PRIVATE },
	{ "fault", MAP_SHARED },	{ "fault", MAP_PRIVATE },
	{ "huge", MAP_SHARED },		{ "huge", MAP_PRIVATE },
	{ "pfn-fault", MAP_SHARED },	{ "io", MAP_SHARED },
	{ "fault-around", MAP_SHARED },	{ "fault-around", MAP_PRIVATE },
	{ "revoke", MAP_SHARED },	{ "revoke", MAP_PRIVATE },
	{ "segments", MAP_SHARED },	{ "written", MAP_SHARED },
	{ "written", MAP_PRIVATE },	{ "pfn-written", MAP_SHARED },
	{ "dma", MAP_SHARED },		{ "pfn-huge", MAP_SHARED },
	{ "pfn-fault-around", MAP_SHARED }, { "io-huge", MAP_SHARED },
};

static const char * const legend[][2] = {
	{ "ok", "it works, and the contents are right" },
	{ "EFAULT, ...", "it is refused with that error" },
	{ "SIGBUS, ...", "accessing the mapping raises that signal" },
	{ "buffer", "it is the kernel's memory that is written to, or used" },
	{ "copy", "it is a private copy of the page, made on this occasion or before" },
	{ "absent, mapped", "whether the page tables have the page" },
	{ "kept, lost", "whether the last write to the mapping is still there" },
	{ "file, anon", "how what is mapped is accounted; none: not at all" },
	{ "-", "not observed" },
};

/* A mapping whose page n starts with n + 1. */
struct cell {
	const struct row *row;
	const struct column *column;
	unsigned int bit;	/* of the column */
	int fd;
	char *map;
	size_t len;
};

#define PAGE(c, n)	((c)->map + (n) * psize())

static const char *error(void)
{
	return strerrorname_np(errno);
}

static const char *result(long ret)
{
	return ret < 0 ? error() : "ok";
}

static char get(char *p)
{
	return *(volatile char *)p;
}

/* What @fn says in a child: nothing that it does to itself stays. */
static const char *run(const char *(*fn)(struct cell *c, long arg),
		       struct cell *c, long arg)
{
	static char last[RESULT_LEN];
	int status;
	pid_t pid;
	char *text = mmap(NULL, RESULT_LEN, PROT_READ | PROT_WRITE,
			  MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	/* For one that leaves by exit(). */
	snprintf(text, RESULT_LEN, "exited");
	fflush(stdout);
	pid = fork();
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		alarm(TIMEOUT);
		snprintf(text, RESULT_LEN, "%s", fn(c, arg));
		_exit(0);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		snprintf(last, sizeof(last), "no child: %s", error());
	else if (WIFEXITED(status))
		snprintf(last, sizeof(last), "%s", text);
	else if (WTERMSIG(status) == SIGALRM)
		snprintf(last, sizeof(last), "timeout");
	else
		snprintf(last, sizeof(last), "killed by SIG%s",
			 sigabbrev_np(WTERMSIG(status)));
	munmap(text, RESULT_LEN);

	return last;
}

static sigjmp_buf fault_env;

static void fault_handler(int sig)
{
	siglongjmp(fault_env, sig);
}

/* Reads page @n. Returns "ok", or the signal that the access raises. */
static const char *touch(struct cell *c, long n)
{
	int sig;

	signal(SIGSEGV, fault_handler);
	signal(SIGBUS, fault_handler);
	sig = sigsetjmp(fault_env, 1);
	if (!sig)
		get(PAGE(c, n));
	signal(SIGSEGV, SIG_DFL);
	signal(SIGBUS, SIG_DFL);

	return !sig ? "ok" : sig == SIGBUS ? "SIGBUS" : "SIGSEGV";
}

/* Is reading it a page fault? What the question itself touches is touched before. */
static bool faults(char *p)
{
	struct rusage before, after;

	getrusage(RUSAGE_SELF, &after);
	getrusage(RUSAGE_SELF, &before);
	getrusage(RUSAGE_SELF, &before);
	get(p);
	getrusage(RUSAGE_SELF, &after);

	return after.ru_minflt + after.ru_majflt >
	       before.ru_minflt + before.ru_majflt;
}

static char buffer_byte(struct cell *c, size_t n)
{
	char value = 0;

	return pread(c->fd, &value, 1, n * psize()) == 1 ? value : 0;
}

static bool set_buffer_byte(struct cell *c, size_t n, char value)
{
	return pwrite(c->fd, &value, 1, n * psize()) == 1;
}

/*
 * Returns where @value went that was written to page @n: to the buffer, or to a
 * copy.
 */
static const char *wrote(struct cell *c, size_t n, char value)
{
	if (get(PAGE(c, n)) != value)
		return "lost";
	return buffer_byte(c, n) == value ? "buffer" : "copy";
}

/* Returns what page @n of the mapping shows now: the buffer, or a copy. */
static const char *shows(struct cell *c, size_t n)
{
	char value = get(PAGE(c, n)) + 100;

	if (!set_buffer_byte(c, n, value))
		return "no buffer";
	return get(PAGE(c, n)) == value ? "buffer" : "copy";
}

/*
 * Returns the same as shows(), or "absent" if page @n could be seen only by a
 * page fault.
 */
static const char *populated(struct cell *c, size_t n)
{
	return faults(PAGE(c, n)) ? "absent" : shows(c, n);
}

static __u64 buffer_pfn(struct cell *c, size_t n)
{
	struct addrmap_translate tr;

	return addrmap_translate(c->fd, n * psize(), &tr) ? 0 : tr.pfn;
}

/* At a multiple of the length, as huge pages need it. The space around is ours. */
static char *map_node(struct cell *c, int fd, int prot, int flags)
{
	char *p = mmap(NULL, 2 * c->len, PROT_NONE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		return p;
	p += -(uintptr_t)p % c->len;

	return mmap(p, c->len, prot, c->column->flags | MAP_FIXED | flags, fd, 0);
}

static int open_node(const struct column *column, int flags)
{
	return addrmap_open(column->node, flags);
}

static bool has_flag(struct vma *vma, const char *flag)
{
	char *s = strstr(vma->flags, flag);

	return s && (s == vma->flags || s[-1] == ' ');
}

static bool readable(const char *path)
{
	return !access(path, R_OK);
}

/* Access, and what becomes of it */

/* Reads each page. The process sees the buffer, page by page. */
static const char *row_read(struct cell *c, long unused)
{
	const char *s = touch(c, 1);

	return strcmp(s, "ok") ? s : get(PAGE(c, 1)) == 2 ? "ok" : "wrong";
}

/*
 * Looks whether page tables are filled before the first access: either mmap()
 * fills them, or ->fault does on access.
 */
static const char *row_first_access(struct cell *c, long unused)
{
	return faults(PAGE(c, 5)) ? "absent" : "mapped";
}

/*
 * Writes to a page. The write reaches the buffer through a shared mapping, and
 * a copy in a private one, because others must not see it.
 */
static const char *row_write(struct cell *c, long unused)
{
	*PAGE(c, 3) = 77;

	return wrote(c, 3, 77);
}

/*
 * Changes the buffer and reads it through the mapping, if @write after a write
 * there. A private mapping has the buffer's page until it writes to the page.
 */
static const char *row_update(struct cell *c, long write)
{
	get(PAGE(c, 3));
	if (write)
		*PAGE(c, 3) = 77;

	return shows(c, 3);
}

/*
 * Closes the file and reads the mapping. It still works, because the VMA holds
 * a reference to the file, and the file one to the buffer.
 */
static const char *row_close(struct cell *c, long unused)
{
	close(c->fd);
	*PAGE(c, 2) = 77;

	return row_read(c, 0);
}

/*
 * Maps a file that was opened read-only, and makes the mapping writable by
 * mprotect(). A shared mapping must not write to what open() refused; a private
 * one writes to copies only.
 */
static const char *row_read_only_file(struct cell *c, long unused)
{
	int fd = open_node(c->column, O_RDONLY);
	char *p = map_node(c, fd, PROT_READ, 0), byte;

	if (p == MAP_FAILED || mprotect(p, psize(), PROT_READ | PROT_WRITE))
		return error();
	if (pread(fd, &byte, 1, 0) != 1 || get(p) != byte)
		return "wrong";
	*p = byte + 1;

	return pread(fd, &byte, 1, 0) == 1 && get(p) == byte ? "buffer" : "copy";
}

/*
 * Takes all access away by mprotect(PROT_NONE) and gives it back. The pages are
 * the same afterwards, because only the protection of the entries changes.
 */
static const char *row_prot_none(struct cell *c, long unused)
{
	*PAGE(c, 2) = 77;
	if (mprotect(c->map, c->len, PROT_NONE))
		return error();
	if (strcmp(touch(c, 2), "SIGSEGV"))
		return "no SIGSEGV";
	if (mprotect(c->map, c->len, PROT_READ | PROT_WRITE))
		return error();
	if (get(PAGE(c, 2)) != 77)
		return "lost";

	return row_read(c, 0);
}

/* In a child: writes to page 3 and reports what it has seen. */
static const char *write_in_child(struct cell *c, long old)
{
	if (get(PAGE(c, 3)) != old)
		return "lost";
	*PAGE(c, 3) = 88;

	return "ok";
}

/*
 * Forks, and lets the child write; if @before, the parent has a copy already.
 * Parent and child share what is shared, and each has its own copies of what is
 * private.
 */
static const char *row_fork_write(struct cell *c, long before)
{
	const char *s;

	get(PAGE(c, 3));
	if (before)
		*PAGE(c, 3) = before;
	s = run(write_in_child, c, before ?: 4);
	if (strcmp(s, "ok"))
		return s;

	return get(PAGE(c, 3)) == 88 ? "buffer" : "copy";
}

/*
 * Looks at the page tables of a child. fork() copies the entries of VM_PFNMAP
 * and VM_MIXEDMAP, because nothing else could map them again, and leaves others
 * to ->fault.
 */
static const char *row_fork_tables(struct cell *c, long unused)
{
	get(PAGE(c, 5));

	return run(row_first_access, c, 0);
}

/* In a child: has the mapping and exits. */
static const char *do_nothing(struct cell *c, long unused)
{
	return "ok";
}

/*
 * Lets a child with the mapping exit, and then unmaps it. The driver counts the
 * VMAs, and there is none left: so ->close was called for each of them.
 */
static const char *row_exit(struct cell *c, long unused)
{
	run(do_nothing, c, 0);
	munmap(c->map, c->len);

	return addrmap_mappings(c->fd) ? "held" : "ok";
}

/* Moving, resizing, replacing */

/*
 * Makes the mapping larger. That is refused for VM_DONTEXPAND, because the
 * driver has checked the length in mmap() only.
 */
static const char *row_mremap_grow(struct cell *c, long unused)
{
	return result((long)mremap(c->map, c->len, c->len + psize(),
				   MREMAP_MAYMOVE));
}

/*
 * Moves the mapping, if @several after it was split into several VMAs. All that
 * the page tables have moves with it, copies included.
 */
static const char *row_mremap_move(struct cell *c, long several)
{
	char *to = mmap(NULL, 2 * c->len, PROT_NONE,
			MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char *from = c->map;

	*PAGE(c, 3) = 77;
	/* Three VMAs instead of one. */
	if (several && mprotect(PAGE(c, 6), psize(), PROT_READ))
		return error();
	if (mremap(from, c->len, c->len, MREMAP_MAYMOVE | MREMAP_FIXED, to) != to)
		return error();
	if (strcmp(touch(c, 1), "SIGSEGV"))
		return "still there";
	c->map = to;
	if (get(PAGE(c, 3)) != 77)
		return "lost";
	if (get(PAGE(c, 6)) != 7)
		return "wrong";

	return row_read(c, 0);
}

/*
 * Makes the mapping shorter. That always works, and nothing is mapped behind
 * the new end.
 */
static const char *row_mremap_shrink(struct cell *c, long unused)
{
	if (mremap(c->map, c->len, 4 * psize(), 0) != c->map)
		return error();
	if (strcmp(touch(c, 4), "SIGSEGV"))
		return "still there";

	return row_read(c, 0);
}

/*
 * Maps the same once more by an old length of 0. That counts as growth for a
 * shared mapping, and makes no sense for a private one.
 */
static const char *row_mremap_dup(struct cell *c, long unused)
{
	return result((long)mremap(c->map, 0, c->len, MREMAP_MAYMOVE));
}

/*
 * Moves the pages and leaves the VMA behind (MREMAP_DONTUNMAP). That is refused
 * for VM_DONTEXPAND and VM_PFNMAP, because the old VMA could not be faulted in
 * again.
 */
static const char *row_mremap_dontunmap(struct cell *c, long unused)
{
	return result((long)mremap(c->map, c->len, c->len,
				   MREMAP_MAYMOVE | MREMAP_DONTUNMAP, NULL));
}

/*
 * Unmaps two pages in the middle. Their neighbours stay, because a VMA can be
 * split anywhere unless ->may_split refuses.
 */
static const char *row_munmap_part(struct cell *c, long unused)
{
	if (munmap(PAGE(c, 5), 2 * psize()))
		return error();
	if (strcmp(touch(c, 5), "SIGSEGV") || strcmp(touch(c, 6), "SIGSEGV"))
		return "still there";
	if (get(PAGE(c, 4)) != 5 || get(PAGE(c, 7)) != 8)
		return "wrong";

	return row_read(c, 0);
}

/*
 * Maps anonymous memory over a page by MAP_FIXED. The page goes as with
 * munmap(), its neighbours stay.
 */
static const char *row_map_fixed(struct cell *c, long unused)
{
	if (mmap(PAGE(c, 5), psize(), PROT_READ,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == MAP_FAILED)
		return error();
	if (get(PAGE(c, 5)) || get(PAGE(c, 4)) != 5 || get(PAGE(c, 6)) != 7)
		return "wrong";

	return row_read(c, 0);
}

/*
 * Maps the node over itself by MAP_FIXED so that the driver refuses. The old
 * mapping is gone all the same, because it goes before the driver is asked.
 */
static const char *row_map_fixed_fails(struct cell *c, long unused)
{
	if (mmap(PAGE(c, 5), psize(), PROT_READ, c->column->flags | MAP_FIXED,
		 c->fd, (off_t)ADDRMAP_MAX_LENGTH) != MAP_FAILED)
		return "no error";
	if (get(PAGE(c, 4)) != 5 || get(PAGE(c, 6)) != 7)
		return "wrong";

	return touch(c, 5);
}

/* madvise() */

/*
 * Gives the advice for the whole mapping. The VMA decides whether it is accepted,
 * because the driver is not asked.
 */
static const char *row_madvise(struct cell *c, long advice)
{
	return result(madvise(PAGE(c, 2), 4 * psize(), advice));
}

/*
 * Writes to a page and drops it by MADV_DONTNEED. The next access asks ->fault
 * for the page; without ->fault it is a SIGBUS. VM_PFNMAP refuses.
 */
static const char *row_dontneed(struct cell *c, long advice)
{
	const char *s;

	*PAGE(c, 3) = 77;
	if (madvise(PAGE(c, 2), 4 * psize(), advice))
		return error();
	s = touch(c, 3);
	if (strcmp(s, "ok"))
		return s;

	return get(PAGE(c, 3)) == 77 ? "kept" : "lost";
}

/*
 * Asks for reclaim of a page that was written to. Nothing is lost: a driver's
 * pages are on no LRU list, and copies come back from swap.
 */
static const char *row_reclaim(struct cell *c, long advice)
{
	get(PAGE(c, 4));
	*PAGE(c, 3) = 77;
	if (madvise(PAGE(c, 2), 4 * psize(), advice) ||
	    madvise(c->map, c->len, advice))
		return error();

	return get(PAGE(c, 3)) == 77 && get(PAGE(c, 4)) == 5 ? "kept" : "lost";
}

/*
 * In a child: gives the advice for the mapping of the parent, by
 * process_madvise().
 */
static const char *cold_of_parent(struct cell *c, long advice)
{
	struct iovec iov = { PAGE(c, 2), 4 * psize() };
	int pidfd = syscall(__NR_pidfd_open, getppid(), 0);

	return result(syscall(__NR_process_madvise, pidfd, &iov, 1, advice, 0));
}

/*
 * Gives the advice from another process. The result is that of madvise(),
 * because the VMA decides.
 */
static const char *row_process_madvise(struct cell *c, long advice)
{
	get(PAGE(c, 3));

	return run(cold_of_parent, c, advice);
}

/*
 * Reads the mapping in a child after MADV_DONTFORK. The child does not have it, because
 * a device may write to the parent's pages, which fork() must not make COW.
 */
static const char *row_dontfork(struct cell *c, long unused)
{
	if (madvise(c->map, c->len, MADV_DONTFORK))
		return error();

	return run(touch, c, 1);
}

/*
 * Populates two pages by MADV_POPULATE_*. get_user_pages() does it, so
 * VM_PFNMAP refuses.
 */
static const char *row_madvise_populate(struct cell *c, long advice)
{
	if (madvise(PAGE(c, 4), 2 * psize(), advice))
		return error();

	return populated(c, 5);
}

/*
 * Drops pages and populates them again. Without ->fault there is nothing to
 * populate from.
 */
static const char *row_populate_dropped(struct cell *c, long unused)
{
	if (madvise(PAGE(c, 4), 2 * psize(), MADV_DONTNEED))
		return error();

	return row_madvise_populate(c, MADV_POPULATE_READ);
}

/*
 * Populates a mapping for writing that is not writable. That is refused,
 * because no write fault can succeed.
 */
static const char *row_populate_write_read_only(struct cell *c, long unused)
{
	if (mprotect(c->map, c->len, PROT_READ))
		return error();

	return row_madvise_populate(c, MADV_POPULATE_WRITE);
}

/*
 * Looks whether a huge page is mapped, after the advice, if any. The driver's
 * ->huge_fault is asked unless MADV_NOHUGEPAGE forbids it; MADV_HUGEPAGE makes
 * no huge page where the driver has none.
 */
static const char *row_huge(struct cell *c, long advice)
{
	char line[64] = "";
	FILE *f = fopen("/sys/kernel/mm/transparent_hugepage/enabled", "r");
	struct vma vma;

	if (!f)
		return SKIP "needs CONFIG_TRANSPARENT_HUGEPAGE";
	/* It is not about raw frames. */
	if (!fgets(line, sizeof(line), f) ||
	    (!(c->bit & RAW_HUGE) && strstr(line, "[never]")))
		return SKIP "needs transparent_hugepage/enabled other than never";
	if (c->bit & (HUGE | RAW_HUGE) && c->len != read_pmd_pagesize())
		return SKIP "needs PMDs no larger than the driver's buffer";
	if (c->bit & RAW_HUGE && !addrmap_has_raw_huge())
		return SKIP "needs CONFIG_ARCH_SUPPORTS_PMD_PFNMAP";
	if (advice && madvise(c->map, c->len, advice))
		return error();
	get(PAGE(c, 1));
	/* What is raw is not counted, but the first access maps the last page, too. */
	if (c->bit & RAW_HUGE)
		return faults(c->map + c->len - psize()) ? "pte" : "pmd";

	return find_vma(c->map, &vma) && vma.pmd ? "pmd" : "pte";
}

/*
 * Marks the mapping for KSM, by madvise() or for all of the process by prctl().
 * Special VMAs are ignored, because KSM merges anonymous pages.
 */
static const char *row_ksm(struct cell *c, long advice)
{
	struct vma vma;
	char *p = c->map;

	if (!readable("/sys/kernel/mm/ksm/run"))
		return SKIP "needs CONFIG_KSM";
	if (advice) {
		if (madvise(c->map, c->len, advice))
			return error();
	} else {
		if (prctl(PR_SET_MEMORY_MERGE, 1, 0, 0, 0))
			return error();
		p = map_node(c, c->fd, PROT_READ | PROT_WRITE, 0);
		if (p == MAP_FAILED)
			return error();
	}
	if (!find_vma(p, &vma))
		return "no VMA";

	return has_flag(&vma, "mg") ? "mergeable" : "ignored";
}

/*
 * Poisons a page of VM_PFNMAP. That is refused, because there is no page to
 * poison.
 */
static const char *row_hwpoison(struct cell *c, long advice)
{
	if (!readable("/proc/sys/vm/memory_failure_recovery"))
		return SKIP "needs CONFIG_MEMORY_FAILURE";

	return result(madvise(PAGE(c, 5), psize(), advice));
}

/* mlock(), munlock() and what is in memory */

/* Returns "locked" if the VMA at @p has VM_LOCKED. */
static const char *locked(char *p)
{
	struct vma vma;

	return !find_vma(p, &vma) || has_flag(&vma, "lo") ? "locked" : "ok";
}

/*
 * Locks the mapping, if @undo also unlocks it. Special VMAs never get
 * VM_LOCKED, because what they map cannot be reclaimed.
 */
static const char *row_mlock(struct cell *c, long undo)
{
	if (mlock(c->map, c->len) || (undo && munlock(c->map, c->len)))
		return error();

	return locked(c->map);
}

/*
 * Looks whether mlock() has populated the mapping. It does so where
 * get_user_pages() can, and breaks COW.
 */
static const char *row_mlock_populates(struct cell *c, long unused)
{
	if (mlock(c->map, c->len))
		return error();

	return populated(c, 5);
}

/*
 * Drops pages and locks them. Without ->fault they cannot come back, and
 * mlock() fails.
 */
static const char *row_mlock_dropped(struct cell *c, long unused)
{
	if (madvise(PAGE(c, 4), 2 * psize(), MADV_DONTNEED))
		return error();

	return result(mlock(PAGE(c, 4), 2 * psize()));
}

static int set_mlock_limit(void)
{
	struct rlimit limit = { psize(), psize() };

	return setrlimit(RLIMIT_MEMLOCK, &limit) ||
	       setresuid(65534, 65534, 65534);
}

/*
 * Locks more than RLIMIT_MEMLOCK allows. That fails for every mapping, because
 * the limit is checked before the VMAs are looked at.
 */
static const char *row_mlock_limit(struct cell *c, long map)
{
	if (set_mlock_limit())
		return "setup";

	return result(map ? (long)map_node(c, c->fd, PROT_READ, MAP_LOCKED) :
		      mlock(c->map, 4 * psize()));
}

/*
 * Locks all of the process, what is mapped now or what will be. The mapping is
 * treated as by mlock().
 */
static const char *row_mlockall(struct cell *c, long how)
{
	if (mlockall(how))
		return error();
	if (how == MCL_FUTURE)
		c->map = map_node(c, c->fd, PROT_READ | PROT_WRITE, 0);

	return c->map == MAP_FAILED ? error() : locked(c->map);
}

/*
 * Maps with MAP_POPULATE or MAP_LOCKED. The pages are populated as by mlock().
 */
static const char *row_map_populate(struct cell *c, long flags)
{
	c->map = map_node(c, c->fd, PROT_READ | PROT_WRITE, flags);
	if (c->map == MAP_FAILED)
		return error();

	return populated(c, 5);
}

/*
 * Asks mincore() for a page before or after an access. It looks at the page
 * tables, because the file has no page cache.
 */
static const char *row_mincore(struct cell *c, long access)
{
	unsigned char in_core = 0;

	if (access)
		get(PAGE(c, 5));
	if (mincore(PAGE(c, 5), psize(), &in_core))
		return error();

	return in_core & 1 ? "mapped" : "absent";
}

/*
 * Asks mincore() as a user who cannot write to the file. All pages seem to be
 * there, because their state would tell what others do.
 */
static const char *row_mincore_user(struct cell *c, long unused)
{
	return setresuid(65534, 65534, 65534) ? "setup" : row_mincore(c, 0);
}

/*
 * Synchronises the mapping. MS_SYNC asks the file's ->fsync for a shared
 * mapping, and the file has none.
 */
static const char *row_msync(struct cell *c, long flags)
{
	*PAGE(c, 3) = 77;

	return result(msync(c->map, c->len, flags));
}

/*
 * Synchronises a mapping of a file that was opened read-only. The mapping
 * counts as private, so ->fsync is not asked.
 */
static const char *row_msync_read_only(struct cell *c, long flags)
{
	char *p = map_node(c, open_node(c->column, O_RDONLY), PROT_READ, 0);

	return result(p == MAP_FAILED ? -1 : msync(p, c->len, flags));
}

/* Those who access user memory: by its addresses, or by pinning its pages */

/*
 * Reads from a pipe into the mapping, or writes from the mapping to a pipe.
 * copy_to_user() and copy_from_user() are accesses as any other.
 */
static const char *row_pipe(struct cell *c, long into)
{
	char byte = 77;
	int p[2];

	if (pipe(p))
		return error();
	if (!into)
		return write(p[1], PAGE(c, 5), 1) != 1 ? error() :
		       read(p[0], &byte, 1) == 1 && byte == 6 ? "ok" : "wrong";
	if (write(p[1], &byte, 1) != 1 || read(p[0], PAGE(c, 5), 1) != 1)
		return error();

	return wrote(c, 5, 77);
}

/*
 * Has the driver pin a page by pin_user_pages_fast() and read or write it. The
 * pin needs a struct page, and for writing a page that is the process's own.
 */
static const char *row_transfer(struct cell *c, long into)
{
	if (addrmap_transfer(c->fd, 9 * psize(), PAGE(c, 5), 1, !into) != 1)
		return error();
	if (into)
		return wrote(c, 5, 10);

	return buffer_byte(c, 9) == 6 ? "ok" : "wrong";
}

#define NEEDS_GUP_FAST	SKIP "needs HAVE_GUP_FAST"
#define PIN_LONGTERM_TEST_START_64	_IOC(_IOC_WRITE, 'g', 7, 24)

#define WRITE	PIN_LONGTERM_TEST_FLAG_USE_WRITE
#define FAST	PIN_LONGTERM_TEST_FLAG_USE_FAST
#define COPIED	0x100	/* write to the page before */

/*
 * Pins a page by gup_test, for reading or writing, for long or not, by the fast
 * path or the slow one. A page that stays pinned must be the one that the
 * process sees later. The slow path sees the flags of the VMA first, the fast
 * path sees the page tables only.
 */
static const char *row_pin(struct cell *c, long how)
{
	struct pin_longterm_test pin = {
		.addr = (uintptr_t)PAGE(c, 5),
		.size = psize(),
		.flags = how & (WRITE | FAST),
	};
	struct {
		struct pin_longterm_test pin;
		char padding[24 - sizeof(pin)];
	} padded = { .pin = pin };
	int fd = open("/sys/kernel/debug/gup_test", O_RDWR);
	char *page = malloc(psize());
	__u64 to = (uintptr_t)page;

	if (fd < 0)
		return SKIP "needs CONFIG_GUP_TEST, debugfs";
	if (how & FAST && !GUP_FAST)
		return NEEDS_GUP_FAST;
	if (how & COPIED)
		*PAGE(c, 5) = 77;
	/* For a 64-bit kernel, the struct has padding at its end. */
	if (ioctl(fd, PIN_LONGTERM_TEST_START, &pin) &&
	    (errno != EINVAL || sizeof(pin) == sizeof(padded) ||
	     ioctl(fd, PIN_LONGTERM_TEST_START_64, &padded)))
		return error();
	if (!set_buffer_byte(c, 5, 99) ||
	    ioctl(fd, PIN_LONGTERM_TEST_READ, &to))
		return error();

	return page[0] == 99 ? "buffer" : "copy";
}

/*
 * Reads into the mapping by direct I/O, which pins the page. A file on tmpfs
 * would be copied instead, so the file system has to be another one.
 */
static const char *row_direct_read(struct cell *c, long unused)
{
	int fd = open("/proc/self/exe", O_RDONLY | O_DIRECT);
	struct statfs st;
	ssize_t n;

	if (fd < 0 || fstatfs(fd, &st) || st.f_type == TMPFS_MAGIC ||
	    st.f_type == RAMFS_MAGIC || st.f_type == OVERLAYFS_SUPER_MAGIC)
		return SKIP "needs O_DIRECT in this program's file system";
	n = read(fd, PAGE(c, 5), psize());
	if (n <= 0)
		return n ? error() : "no data";

	return wrote(c, 5, ELFMAG0);
}

/*
 * Gives a page to a pipe by vmsplice(), unmaps it, closes the file and reads the
 * pipe. The pipe has a reference to the page, which outlives the buffer.
 */
static const char *row_vmsplice(struct cell *c, long unused)
{
	struct iovec iov = { PAGE(c, 5), 1 };
	char byte = 0;
	int p[2];

	if (pipe(p) || vmsplice(p[1], &iov, 1, 0) != 1)
		return error();
	munmap(c->map, c->len);
	close(c->fd);

	return read(p[0], &byte, 1) == 1 && byte == 6 ? "ok" : "wrong";
}

/*
 * Reads or writes the mapping by process_vm_readv() or process_vm_writev(),
 * which use the slow path of GUP. Reading does not copy the page.
 */
static const char *row_process_vm(struct cell *c, long write)
{
	char byte = 77;
	struct iovec local = { &byte, 1 }, remote = { PAGE(c, 5), 1 };

	if ((write ? process_vm_writev(getpid(), &local, 1, &remote, 1, 0) :
		     process_vm_readv(getpid(), &local, 1, &remote, 1, 0)) != 1)
		return error();
	if (write)
		return wrote(c, 5, 77);

	return byte == 6 ? shows(c, 5) : "wrong";
}

/*
 * Reads or writes the mapping through /proc/self/mem. Where GUP fails, ->access
 * is asked, which knows the buffer only, not the copies.
 */
static const char *row_proc_mem(struct cell *c, long write)
{
	int fd = open("/proc/self/mem", O_RDWR);
	off_t pos = (uintptr_t)PAGE(c, 5);
	char byte = 77;

	if (write)
		return pwrite(fd, &byte, 1, pos) != 1 ? error() : wrote(c, 5, 77);

	return pread(fd, &byte, 1, pos) != 1 ? error() :
	       byte == 6 ? "ok" : "wrong";
}

enum { PEEK, POKE, POKE_READ_ONLY };

/*
 * Reads or writes the mapping of a child as its debugger. A write is forced on
 * a copy, and never on what others see.
 */
static const char *row_ptrace(struct cell *c, long how)
{
	const char *s = "ok";
	char *p = PAGE(c, 5);
	long word = 0;
	pid_t pid;

	get(p);
	if (how == POKE_READ_ONLY && mprotect(c->map, c->len, PROT_READ))
		return error();
	pid = fork();
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		ptrace(PTRACE_TRACEME, 0, NULL, NULL);
		raise(SIGSTOP);
		_exit(0);
	}
	waitpid(pid, NULL, 0);

	errno = 0;
	if (how == PEEK) {
		word = ptrace(PTRACE_PEEKDATA, pid, p, NULL);
		if (errno)
			s = error();
		else if (((char *)&word)[0] != 6)
			s = "wrong";
	} else {
		memset(&word, 77, sizeof(word));
		if (ptrace(PTRACE_POKEDATA, pid, p, word))
			s = error();
		else
			s = buffer_byte(c, 5) == 77 ? "buffer" : "copy";
		/* The child's, not this process' own. */
		if (!strcmp(s, "copy") &&
		    ptrace(PTRACE_PEEKDATA, pid, p, NULL) != word)
			s = "lost";
	}
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);

	return s;
}

/*
 * Registers the mapping as a fixed buffer of io_uring. Its pages are pinned for
 * long and for writing.
 */
static const char *row_io_uring(struct cell *c, long unused)
{
	struct iovec iov = { PAGE(c, 5), psize() };
	struct io_uring_params params = { 0 };
	int fd = syscall(__NR_io_uring_setup, 1, &params);

	if (fd < 0)
		return SKIP "needs CONFIG_IO_URING, kernel.io_uring_disabled=0";
	if (syscall(__NR_io_uring_register, fd, IORING_REGISTER_BUFFERS, &iov, 1))
		return error();

	return shows(c, 5);
}

/* Without a timeout it does not matter how long its members are. */
#if __SIZEOF_LONG__ == 4 && defined(__NR_futex_time64)
#define FUTEX	__NR_futex_time64
#else
#define FUTEX	__NR_futex
#endif

/* Waits for a futex whose value has changed, so that it returns at once. */
static const char *futex_wait(struct cell *c, int op)
{
	errno = 0;
	syscall(FUTEX, PAGE(c, 5), op, 0, NULL, NULL, 0);

	/* The value is another one, which it has seen then. */
	return errno == EAGAIN ? "ok" : error();
}

/*
 * Uses a private futex in the mapping. It works everywhere, because the address
 * alone is the key.
 */
static const char *row_futex_private(struct cell *c, long unused)
{
	return futex_wait(c, FUTEX_WAIT | FUTEX_PRIVATE_FLAG);
}

/*
 * Uses a shared futex in the mapping. The key is the inode of a file's page, or
 * the address of an anonymous page; a driver's page has neither.
 */
static const char *row_futex_shared(struct cell *c, long how)
{
	const char *s;

	if (how & COPIED && !GUP_FAST)
		return NEEDS_GUP_FAST;
	if (how & COPIED)
		*PAGE(c, 5) = 77;
	else if (!(how & WRITE))
		mprotect(c->map, c->len, PROT_READ);
	s = futex_wait(c, FUTEX_WAIT);

	return strcmp(s, "ok") ? s : shows(c, 5);
}

/*
 * Registers the mapping for userfaultfd. That is refused, because faults of a
 * special VMA are for its driver.
 */
static const char *row_uffd(struct cell *c, long mode)
{
	struct uffdio_api api = {
		.api = UFFD_API,
		/* This mode is for any memory, but for special VMAs. */
		.features = mode == UFFDIO_REGISTER_MODE_WP ?
			    UFFD_FEATURE_WP_ASYNC : 0,
	};
	struct uffdio_register reg = {
		.range = { (uintptr_t)c->map, c->len },
		.mode = mode,
	};
	int fd = syscall(__NR_userfaultfd, O_CLOEXEC);

	if (fd < 0)
		return SKIP "needs CONFIG_USERFAULTFD";
	if (ioctl(fd, UFFDIO_API, &api))
		return SKIP "needs UFFD_FEATURE_WP_ASYNC";

	return result(ioctl(fd, UFFDIO_REGISTER, &reg));
}

#define SEALED(call)	((long)(call) == -1 && errno == EPERM)

/*
 * Seals the mapping and tries to unmap, move, replace and protect it, or gives
 * the advice. All that would change the VMA is refused; pages of a file may be
 * dropped.
 */
static const char *row_mseal(struct cell *c, long advice)
{
	if (syscall(__NR_mseal, c->map, c->len, 0))
		return errno == ENOSYS ? SKIP "needs mseal()" : error();
	if (advice)
		return row_dontneed(c, advice);
	if (!SEALED(munmap(PAGE(c, 1), psize())))
		return "munmap";
	if (!SEALED(mprotect(PAGE(c, 1), psize(), PROT_READ)))
		return "mprotect";
	if (!SEALED(mremap(c->map, c->len, psize(), 0)))
		return "mremap";
	if (!SEALED(mmap(PAGE(c, 1), psize(), PROT_READ,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0)))
		return "mmap";

	return row_read(c, 0);
}

/* What others are told of it: /proc, core dumps, NUMA */

/*
 * Reads VmFlags of smaps. There are the flags that the driver and
 * remap_pfn_range() have set.
 */
static const char *row_vmflags(struct cell *c, long unused)
{
	static const char * const names[] = {
		"sh", "me", "pf", "io", "lo", "de", "ac", "dd", "mm", "hg"
	};
	static char text[RESULT_LEN];
	struct vma vma;

	if (!find_vma(c->map, &vma))
		return "no VMA";
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (has_flag(&vma, names[i])) {
			strcat(text, text[0] ? " " : "");
			strcat(text, names[i]);
		}
	}

	return text;
}

/*
 * Reads the offset in /proc/self/maps. A private mapping by remap_pfn_range()
 * shows the physical address instead, because vm_pgoff tells copies from raw
 * frames.
 */
static const char *row_maps_offset(struct cell *c, long unused)
{
	char *p = mmap(NULL, psize(), PROT_READ, c->column->flags, c->fd,
		       2 * psize());
	struct vma vma;

	if (p == MAP_FAILED || !find_vma(p, &vma))
		return error();
	if (vma.offset == 2 * psize())
		return "offset";

	return vma.offset == buffer_pfn(c, 2) * psize() ? "physical" : "wrong";
}

static const char *kinds(bool file, bool anon)
{
	return file && anon ? "file, anon" : file ? "file" :
	       anon ? "anon" : "none";
}

/*
 * Reads Rss, Shared and Private of smaps, if @write after a write. Pages that
 * the page tables hold references to are counted; raw page frames are not.
 */
static const char *row_smaps(struct cell *c, long write)
{
	struct vma vma;

	get(PAGE(c, 5));
	if (write)
		*PAGE(c, 5) = 77;
	get(PAGE(c, 6));
	if (!find_vma(c->map, &vma))
		return "no VMA";

	return vma.shared ? "shared" : kinds(vma.rss > vma.anon, vma.anon);
}

static long status_kb(const char *field)
{
	FILE *f = fopen("/proc/self/status", "r");
	char line[128];
	long kb = 0;

	while (f && fgets(line, sizeof(line), f))
		add_field(line, field, &kb);
	if (f)
		fclose(f);

	return kb;
}

/*
 * Reads RssFile and RssAnon of /proc/self/status, if @write after a write. They
 * count as smaps does, for the whole process.
 */
static const char *row_status(struct cell *c, long write)
{
	long enough = NR_PAGES * psize() / 1024;
	long file = 0, anon = 0;

	/* The second time, nothing else is accessed for the first time. */
	for (int i = 0; i < 2; i++) {
		munmap(c->map, c->len);
		file = status_kb("RssFile:");
		anon = status_kb("RssAnon:");
		c->map = map_node(c, c->fd, PROT_READ | PROT_WRITE, 0);
		for (int n = 0; n < NR_PAGES; n++) {
			get(PAGE(c, n));
			if (write)
				*PAGE(c, n) = 77;
		}
		file = status_kb("RssFile:") - file;
		anon = status_kb("RssAnon:") - anon;
	}

	return kinds(file >= enough, anon >= enough);
}

/*
 * Reads /proc/self/pagemap, if @write after a write. VM_PFNMAP shows no pages,
 * not even copies.
 */
static const char *row_pagemap(struct cell *c, long write)
{
	int fd = open("/proc/self/pagemap", O_RDONLY);
	static char text[RESULT_LEN];
	__u64 entry;

	get(PAGE(c, 5));
	if (write)
		*PAGE(c, 5) = 77;
	entry = pagemap_get_entry(fd, PAGE(c, 5));
	if (!(entry & PM_PRESENT))
		return "absent";
	snprintf(text, sizeof(text), "%s%s%s",
		 entry & PM_FILE ? "file" : "anon",
		 entry & PM_MMAP_EXCLUSIVE ? ", exclusive" : "",
		 pagemap_get_pfn(fd, PAGE(c, 5)) == buffer_pfn(c, 5) ?
		 ", buffer" : "");

	return text;
}

/*
 * Asks PAGEMAP_SCAN for present pages. It leaves VM_PFNMAP out, as pagemap
 * does.
 */
static const char *row_pagemap_scan(struct cell *c, long unused)
{
	struct page_region region;
	struct pm_scan_arg arg = {
		.size = sizeof(arg),
		.start = (uintptr_t)PAGE(c, 5),
		.end = (uintptr_t)PAGE(c, 6),
		.vec = (uintptr_t)&region,
		.vec_len = 1,
		.category_mask = PAGE_IS_PRESENT,
		.return_mask = PAGE_IS_PRESENT,
	};
	int ret, fd = open("/proc/self/pagemap", O_RDONLY);

	get(PAGE(c, 5));
	ret = ioctl(fd, PAGEMAP_SCAN, &arg);

	return ret < 0 ? error() : ret ? "mapped" : "absent";
}

/*
 * Clears the soft-dirty bits and writes. Where there is a page its entry is
 * write-protected, so the write is noticed; raw entries are not.
 */
static const char *row_soft_dirty(struct cell *c, long unused)
{
	int fd = open("/proc/self/pagemap", O_RDONLY);

	if (!softdirty_supported())
		return SKIP "needs CONFIG_MEM_SOFT_DIRTY";
	get(PAGE(c, 5));
	clear_softdirty();
	if (pagemap_get_entry(fd, PAGE(c, 5)) & PM_SOFT_DIRTY)
		return "not cleared";
	*PAGE(c, 5) = 77;

	return pagemap_get_entry(fd, PAGE(c, 5)) & PM_SOFT_DIRTY ?
	       "dirty" : "clean";
}

/*
 * Reads how often the buffer's page is mapped, if @write after a write. The
 * mapping is counted in the page until a copy takes its place.
 */
static const char *row_kpagecount(struct cell *c, long write)
{
	int fd = open("/proc/kpagecount", O_RDONLY);
	__u64 count = 0;

	if (fd < 0)
		return SKIP "needs CONFIG_PROC_PAGE_MONITOR";
	get(PAGE(c, 5));
	if (write)
		*PAGE(c, 5) = 77;
	/* A device's memory may be behind the end. */
	if (pread(fd, &count, sizeof(count),
		  buffer_pfn(c, 5) * sizeof(count)) < 0)
		return error();

	return count ? "mapped" : "absent";
}

/*
 * Returns "dumped" if the core file has the contents at @addr, not just the
 * segment.
 */
static const char *in_core_file(const char *path, uintptr_t addr)
{
	int fd = open(path, O_RDONLY);
	const char *s = "absent";
	ElfW(Ehdr) elf;
	ElfW(Phdr) seg;

	if (fd < 0 || read(fd, &elf, sizeof(elf)) != sizeof(elf))
		return "no core file";
	for (int i = 0; i < elf.e_phnum; i++) {
		if (pread(fd, &seg, sizeof(seg),
			  elf.e_phoff + i * sizeof(seg)) != sizeof(seg))
			return "short core file";
		if (seg.p_type == PT_LOAD && addr >= seg.p_vaddr &&
		    addr - seg.p_vaddr < seg.p_filesz)
			s = "dumped";
	}
	close(fd);

	return s;
}

/* In a child: aborts, with all kinds of VMAs asked for. */
static const char *dump_core(struct cell *c, long unused)
{
	struct rlimit limit = { RLIM_INFINITY, RLIM_INFINITY };
	int fd = open("/proc/self/coredump_filter", O_WRONLY);

	*PAGE(c, 5) = 77;
	/* All kinds of VMAs. */
	if (write(fd, "0x1ff", 5) != 5 || setrlimit(RLIMIT_CORE, &limit))
		return "setup";
	abort();
}

/*
 * Lets a child dump core and looks for the mapping. VM_DONTDUMP leaves it out,
 * because reading a device's registers may do something to it.
 */
static const char *row_core_dump(struct cell *c, long unused)
{
	char dir[] = "/tmp/addrmap_matrix.XXXXXX", pattern[8] = "";
	int fd = open("/proc/sys/kernel/core_pattern", O_RDONLY);
	const char *s = "no core file";
	struct dirent *entry;
	DIR *d;

	if (fd < 0 || read(fd, pattern, sizeof(pattern) - 1) < 0 ||
	    strcmp(pattern, "core\n"))
		return SKIP "needs CONFIG_COREDUMP, kernel.core_pattern=core";
	if (!mkdtemp(dir) || chdir(dir))
		return error();
	run(dump_core, c, 0);
	d = opendir(".");
	while (d && (entry = readdir(d))) {
		/* core, or core.PID */
		if (entry->d_name[0] == '.')
			continue;
		s = in_core_file(entry->d_name, (uintptr_t)c->map);
		unlink(entry->d_name);
	}
	rmdir(dir);

	return s;
}

#define NEEDS_NUMA	SKIP "needs CONFIG_NUMA_MIGRATION"

static int page_node(void *page)
{
	int status;

	return syscall(__NR_move_pages, 0, 1, &page, NULL, &status, 0) ?
	       -errno : status;
}

/*
 * Asks move_pages() for the node of a page, or to move it to the node it is on.
 * The struct page knows the node, so a raw page frame has no answer.
 */
static const char *row_move_pages(struct cell *c, long move)
{
	void *page = PAGE(c, 5);
	int node, status;

	get(page);
	status = page_node(page);
	if (status == -ENOSYS)
		return NEEDS_NUMA;
	node = status < 0 ? 0 : status;
	if (move && syscall(__NR_move_pages, 0, 1, &page, &node, &status,
			    MPOL_MF_MOVE))
		return error();

	return status < 0 ? strerrorname_np(-status) : "ok";
}

/*
 * Binds the mapping to the node of its page, with MPOL_MF_STRICT. That fails
 * only for pages on other nodes, and raw page frames are not looked at.
 */
static const char *row_mbind(struct cell *c, long flags)
{
	unsigned long nodes;
	int node;

	/* Before, it is an oops. Linux 7.3 is known by mincore(), as it cannot be tried. */
	if (c->bit & IO_HUGE && c->len != NR_PAGES * psize() && !addrmap_sees_frames())
		return SKIP "needs Linux 7.3, whose mbind() asks for the page first";
	get(PAGE(c, 5));
	node = page_node(PAGE(c, 5));
	if (node == -ENOSYS)
		return NEEDS_NUMA;
	nodes = 1UL << (node < 0 ? 0 : node);

	return result(syscall(__NR_mbind, PAGE(c, 5), psize(), MPOL_BIND,
			      &nodes, 8 * sizeof(nodes), flags));
}

/* What is the same for several rows. */
#define WRITTEN	{ { SHARED, "buffer" }, { ALL, "copy" } }
#define PINNED	{ { RAW, "EFAULT" }, { SHARED, "buffer" }, { ALL, "copy" } }
/* For long, and for writing, of which a driver that is to be asked could not know. */
#define PINNED_LONG_WRITE						\
		{ { RAW | DEFIO_S, "EFAULT" }, { SHARED, "buffer" },	\
		  { ALL, "copy" } }
#define DROPPED	{ { RAW, "EINVAL" }, { NO_REFAULT, "SIGBUS" },		\
		  { SHARED, "kept" }, { ALL, "lost" } }
#define FILLED	{ { RAW_FAULT, "absent" }, { RAW | SHARED, "buffer" },	\
		  { ALL, "copy" } }

/*
 * The first of @want that has the column says what is to be observed. If none
 * has, there is no such cell.
 */
static const struct row {
	const char *name;
	const char *(*fn)(struct cell *c, long arg);
	long arg;
	struct {
		unsigned int columns;
		const char *result;
	} want[12];
} rows[] = {
	/* Access */
	{ "read", row_read, 0, { { ALL, "ok" } } },
	{ "first_access", row_first_access, 0,
	  { { EAGER, "mapped" }, { ALL, "absent" } } },
	{ "write", row_write, 0, WRITTEN },
	{ "update", row_update, false, { { ALL, "buffer" } } },
	{ "update_after_write", row_update, true, WRITTEN },
	{ "close", row_close, 0, { { ALL, "ok" } } },
	{ "mprotect_write_read_only_file", row_read_only_file, 0,
	  { { SHARED, "EACCES" }, { ALL, "copy" } } },
	{ "mprotect_none", row_prot_none, 0, { { ALL, "ok" } } },
	{ "fork_write", row_fork_write, 0, WRITTEN },
	{ "fork_write_copied", row_fork_write, 77, WRITTEN },
	{ "fork_tables", row_fork_tables, 0,
	  { { HUGE | FAULT | DEFIO, "absent" }, { ALL, "mapped" } } },
	{ "exit", row_exit, 0, { { ALL, "ok" } } },

	/* Moving, resizing, replacing */
	{ "mremap_grow", row_mremap_grow, 0, { { ALL, "EFAULT" } } },
	{ "mremap_move", row_mremap_move, false, { { ALL, "ok" } } },
	{ "mremap_move_several", row_mremap_move, true, { { ALL, "ok" } } },
	{ "mremap_shrink", row_mremap_shrink, 0, { { ALL, "ok" } } },
	{ "mremap_dup", row_mremap_dup, 0,
	  { { SHARED, "EFAULT" }, { ALL, "EINVAL" } } },
	{ "mremap_dontunmap", row_mremap_dontunmap, 0, { { ALL, "EINVAL" } } },
	{ "munmap_part", row_munmap_part, 0, { { ALL, "ok" } } },
	{ "map_fixed", row_map_fixed, 0, { { ALL, "ok" } } },
	{ "map_fixed_fails", row_map_fixed_fails, 0, { { ALL, "SIGSEGV" } } },

	/* madvise() */
	{ "madvise_dontneed", row_dontneed, MADV_DONTNEED, DROPPED },
	{ "madvise_dontneed_locked", row_dontneed, MADV_DONTNEED_LOCKED, DROPPED },
	/* Only anonymous memory has contents that can be given up. */
	{ "madvise_free", row_madvise, MADV_FREE, { { ALL, "EINVAL" } } },
	{ "madvise_cold", row_reclaim, MADV_COLD,
	  { { RAW, "EINVAL" }, { ALL, "kept" } } },
	{ "madvise_pageout", row_reclaim, MADV_PAGEOUT,
	  { { RAW, "EINVAL" }, { ALL, "kept" } } },
	{ "process_madvise_cold", row_process_madvise, MADV_COLD,
	  { { RAW, "EINVAL" }, { ALL, "ok" } } },
	/* Whether the file can do something about it is ignored. */
	{ "madvise_willneed", row_madvise, MADV_WILLNEED, { { ALL, "ok" } } },
	/* A hole can be punched in regular files only, shared and writable. */
	{ "madvise_remove", row_madvise, MADV_REMOVE,
	  { { SHARED, "ENODEV" }, { ALL, "EACCES" } } },
	{ "madvise_dontfork", row_dontfork, 0, { { ALL, "SIGSEGV" } } },
	/* What a driver does not want to be done cannot be asked for. */
	{ "madvise_dofork", row_madvise, MADV_DOFORK, { { ALL, "EINVAL" } } },
	{ "madvise_dontdump", row_madvise, MADV_DONTDUMP, { { ALL, "ok" } } },
	{ "madvise_dodump", row_madvise, MADV_DODUMP, { { ALL, "EINVAL" } } },
	/* A child can start with zeros only where there is no file. */
	{ "madvise_wipeonfork", row_madvise, MADV_WIPEONFORK,
	  { { ALL, "EINVAL" } } },
	{ "madvise_keeponfork", row_madvise, MADV_KEEPONFORK, { { ALL, "ok" } } },
	{ "madvise_populate_read", row_madvise_populate, MADV_POPULATE_READ,
	  { { RAW, "EINVAL" }, { ALL, "buffer" } } },
	{ "madvise_populate_write", row_madvise_populate, MADV_POPULATE_WRITE,
	  { { RAW, "EINVAL" }, { SHARED, "buffer" }, { ALL, "copy" } } },
	{ "madvise_populate_write_read_only", row_populate_write_read_only, 0,
	  { { ALL, "EINVAL" } } },
	{ "madvise_populate_dropped", row_populate_dropped, 0,
	  { { RAW, "EINVAL" }, { NO_REFAULT, "EFAULT" }, { ALL, "buffer" } } },
	{ "huge_page", row_huge, 0,
	  { { HUGE | RAW_HUGE, "pmd" }, { ALL, "pte" } } },
	{ "madvise_hugepage", row_huge, MADV_HUGEPAGE,
	  { { HUGE | RAW_HUGE, "pmd" }, { ALL, "pte" } } },
	{ "madvise_nohugepage", row_huge, MADV_NOHUGEPAGE, { { ALL, "pte" } } },
	/* Neither is there a page cache, nor would its pages be the driver's. */
	{ "madvise_collapse", row_madvise, MADV_COLLAPSE, { { ALL, "EINVAL" } } },
	{ "madvise_mergeable", row_ksm, MADV_MERGEABLE, { { ALL, "ignored" } } },
	{ "prctl_memory_merge", row_ksm, 0, { { ALL, "ignored" } } },
	/* Guard regions are those of a VMA that the memory manager fills. */
	{ "madvise_guard_install", row_madvise, MADV_GUARD_INSTALL,
	  { { ALL, "EINVAL" } } },
	{ "madvise_guard_remove", row_madvise, MADV_GUARD_REMOVE,
	  { { ALL, "EINVAL" } } },
	/* Elsewhere, it would do what it says to the driver's pages. */
	{ "madvise_hwpoison", row_hwpoison, MADV_HWPOISON, { { RAW, "EFAULT" } } },

	/* mlock(), and what is in memory */
	{ "mlock", row_mlock, false, { { ALL, "ok" } } },
	{ "mlock_populates", row_mlock_populates, 0, FILLED },
	{ "mlock_dropped", row_mlock_dropped, 0,
	  { { RAW, "EINVAL" }, { NO_REFAULT, "ENOMEM" }, { ALL, "ok" } } },
	{ "mlock_limit", row_mlock_limit, false, { { ALL, "ENOMEM" } } },
	{ "munlock", row_mlock, true, { { ALL, "ok" } } },
	{ "mlockall_current", row_mlockall, MCL_CURRENT, { { ALL, "ok" } } },
	{ "mlockall_future", row_mlockall, MCL_FUTURE, { { ALL, "ok" } } },
	{ "map_populate", row_map_populate, MAP_POPULATE, FILLED },
	{ "map_locked", row_map_populate, MAP_LOCKED, FILLED },
	{ "map_locked_limit", row_mlock_limit, true, { { ALL, "EAGAIN" } } },
	{ "mincore", row_mincore, false,
	  { { RAW | IF_MINCORE_SKIPS_RAW, "absent" }, { EAGER, "mapped" },
	    { ALL, "absent" } } },
	{ "mincore_accessed", row_mincore, true,
	  { { RAW | IF_MINCORE_SKIPS_RAW, "absent" }, { ALL, "mapped" } } },
	{ "mincore_user", row_mincore_user, 0, { { ALL, "mapped" } } },
	{ "msync_sync", row_msync, MS_SYNC,
	  { { SHARED, "EINVAL" }, { ALL, "ok" } } },
	{ "msync_sync_read_only", row_msync_read_only, MS_SYNC,
	  { { ALL, "ok" } } },
	{ "msync_async", row_msync, MS_ASYNC, { { ALL, "ok" } } },
	{ "msync_invalidate", row_msync, MS_INVALIDATE, { { ALL, "ok" } } },

	/* Those who access user memory */
	{ "write_from", row_pipe, false, { { ALL, "ok" } } },
	{ "read_into", row_pipe, true, WRITTEN },
	{ "direct_read_into", row_direct_read, 0, PINNED },
	{ "vmsplice", row_vmsplice, 0, { { RAW, "EFAULT" }, { ALL, "ok" } } },
	{ "process_vm_readv", row_process_vm, false,
	  { { RAW, "EFAULT" }, { ALL, "buffer" } } },
	{ "process_vm_writev", row_process_vm, true, PINNED },
	{ "proc_mem_read", row_proc_mem, false,
	  { { PFN_P, "EIO" }, { ALL, "ok" } } },
	{ "proc_mem_write", row_proc_mem, true,
	  { { PFN_P, "EIO" }, { SHARED, "buffer" }, { ALL, "copy" } } },
	{ "ptrace_peek", row_ptrace, PEEK, { { PFN_P, "EIO" }, { ALL, "ok" } } },
	{ "ptrace_poke", row_ptrace, POKE,
	  { { PFN_P, "EIO" }, { SHARED, "buffer" }, { ALL, "copy" } } },
	{ "ptrace_poke_read_only", row_ptrace, POKE_READ_ONLY,
	  { { PFN_P | SHARED, "EIO" }, { ALL, "copy" } } },
	{ "io_uring_register_buffers", row_io_uring, 0, PINNED_LONG_WRITE },
	{ "pin_fast", row_transfer, false, { { RAW, "EFAULT" }, { ALL, "ok" } } },
	{ "pin_fast_write", row_transfer, true, PINNED },
	{ "pin_longterm", row_pin, 0, PINNED },
	{ "pin_longterm_write", row_pin, WRITE, PINNED_LONG_WRITE },
	{ "pin_longterm_fast", row_pin, FAST, PINNED },
	{ "pin_longterm_fast_write", row_pin, FAST | WRITE, PINNED_LONG_WRITE },
	{ "pin_longterm_copied", row_pin, WRITE | COPIED, PINNED_LONG_WRITE },
	{ "pin_longterm_fast_copied", row_pin, FAST | WRITE | COPIED,
	  { { PFN_P, "copy" }, { RAW | DEFIO_S, "EFAULT" }, { SHARED, "buffer" },
	    { ALL, "copy" } } },
	{ "futex_private", row_futex_private, 0, { { ALL, "ok" } } },
	{ "futex_shared", row_futex_shared, WRITE,
	  { { RAW | SHARED, "EFAULT" }, { ALL, "copy" } } },
	{ "futex_shared_copied", row_futex_shared, COPIED,
	  { { SHARED, "EFAULT" }, { ALL, "copy" } } },
	{ "futex_shared_read_only", row_futex_shared, 0, { { ALL, "EFAULT" } } },
	{ "userfaultfd_missing", row_uffd, UFFDIO_REGISTER_MODE_MISSING,
	  { { ALL, "EINVAL" } } },
	{ "userfaultfd_minor", row_uffd, UFFDIO_REGISTER_MODE_MINOR,
	  { { ALL, "EINVAL" } } },
	{ "userfaultfd_wp_async", row_uffd, UFFDIO_REGISTER_MODE_WP,
	  { { ALL, "EINVAL" } } },
	{ "mseal", row_mseal, 0, { { ALL, "ok" } } },
	{ "mseal_dontneed", row_mseal, MADV_DONTNEED, DROPPED },

	/* What others are told of it */
	{ "vm_flags", row_vmflags, 0,
	  { { PFN_S | DMA | IO | IO_HUGE, "sh pf io de dd" }, { PFN_P, "pf io de ac dd" },
	    { RAW_FAULT, "sh pf de dd" }, { HUGE_S, "sh de dd hg" },
	    { HUGE_P, "de ac dd hg" }, { FAULT_S | DEFIO_S, "sh de dd" },
	    { FAULT_P | DEFIO_P, "de ac dd" }, { SHARED, "sh de dd mm" },
	    { ALL, "de ac dd mm" } } },
	{ "maps_offset", row_maps_offset, 0,
	  { { PFN_P, "physical" }, { ALL, "offset" } } },
	{ "smaps", row_smaps, false, { { RAW, "none" }, { ALL, "file" } } },
	{ "smaps_written", row_smaps, true,
	  { { PFN_P, "anon" }, { RAW, "none" }, { SHARED, "file" },
	    { ALL, "file, anon" } } },
	{ "status", row_status, false, { { RAW, "none" }, { ALL, "file" } } },
	{ "status_written", row_status, true,
	  { { PRIVATE, "anon" }, { RAW, "none" }, { ALL, "file" } } },
	{ "pagemap", row_pagemap, false,
	  { { RAW, "absent" }, { ALL, "file, exclusive, buffer" } } },
	{ "pagemap_written", row_pagemap, true,
	  { { RAW, "absent" }, { SHARED, "file, exclusive, buffer" },
	    { ALL, "anon, exclusive" } } },
	{ "pagemap_scan", row_pagemap_scan, 0,
	  { { RAW, "absent" }, { ALL, "mapped" } } },
	{ "soft_dirty", row_soft_dirty, 0, { { RAW, "clean" }, { ALL, "dirty" } } },
	{ "kpagecount", row_kpagecount, false,
	  { { RAW, "absent" }, { ALL, "mapped" } } },
	{ "kpagecount_written", row_kpagecount, true,
	  { { RAW | PRIVATE, "absent" }, { ALL, "mapped" } } },
	{ "core_dump", row_core_dump, 0, { { ALL, "absent" } } },
	{ "move_pages_status", row_move_pages, false,
	  { { RAW, "ENOENT" }, { ALL, "ok" } } },
	{ "move_pages", row_move_pages, true, { { RAW, "EFAULT" }, { ALL, "ok" } } },
	{ "mbind_strict", row_mbind, MPOL_MF_STRICT, { { ALL, "ok" } } },
};

/* Does mincore() say the same of VM_PFNMAP, whatever the page tables have? */
static bool mincore_skips_raw;

static const char *expected(const struct row *row, unsigned int bit)
{
	for (size_t i = 0; i < ARRAY_SIZE(row->want); i++) {
		unsigned int columns = row->want[i].columns;

		if (columns & bit &&
		    (mincore_skips_raw || !(columns & IF_MINCORE_SKIPS_RAW)))
			return row->want[i].result;
	}

	return NULL;
}

static unsigned int nr_cells(void)
{
	unsigned int nr = 0;

	for (size_t r = 0; r < ARRAY_SIZE(rows); r++)
		for (size_t i = 0; i < ARRAY_SIZE(columns); i++)
			nr += !!expected(&rows[r], 1U << i);

	return nr;
}

/*
 * In the process of a cell: makes a buffer of its own whose pages are numbered,
 * maps it, and runs the row.
 */
static const char *observe(struct cell *c, long unused)
{
	__u64 pmd = read_pmd_pagesize();

	c->len = NR_PAGES * psize();
	if (c->bit & (HUGE | RAW_HUGE) && pmd && pmd <= ADDRMAP_SHARED_LENGTH)
		c->len = pmd;
	c->fd = open_node(c->column, O_RDWR);
	if (c->fd < 0)
		return "no node";
	if (!(c->bit & (IO | IO_HUGE)) && addrmap_set_length(c->fd, c->len))
		return "no buffer";
	for (int n = 0; n < NR_PAGES; n++)
		if (!set_buffer_byte(c, n, n + 1))
			return "no buffer";
	c->map = map_node(c, c->fd, PROT_READ | PROT_WRITE, 0);
	if (c->map == MAP_FAILED)
		return "no mapping";

	return c->row->fn(c, c->row->arg);
}

/* What the kernel has is seen by what it does, not by its version. */
static void probe_mincore(void)
{
	static const struct row row = {
		.name = "mincore", .fn = row_mincore, .arg = true,
	};
	struct cell c = { .row = &row, .column = &columns[0], .bit = PFN_S };

	mincore_skips_raw = !strcmp(run(observe, &c, 0), "absent");
}

enum format { KTAP, MARKDOWN, CSV };

static const char *mode(const struct column *column)
{
	return column->flags == MAP_SHARED ? "shared" : "private";
}

static void print_head(enum format format)
{
	struct utsname name;

	uname(&name);
	if (format == KTAP) {
		ksft_print_header();
		ksft_print_msg("%s %s\n", name.release, name.machine);
		ksft_set_plan(nr_cells());
	} else if (format == CSV) {
		printf("# Linux %s %s, %zu-bit program\nrow", name.release,
		       name.machine, 8 * sizeof(long));
		for (size_t i = 0; i < ARRAY_SIZE(columns); i++)
			printf(",%s %s", columns[i].node, mode(&columns[i]));
		puts("");
	} else {
		printf("# Mappings of kernel memory on Linux %s %s, %zu-bit program\n\n|",
		       name.release, name.machine, 8 * sizeof(long));
		for (size_t i = 0; i < ARRAY_SIZE(columns); i++)
			printf(" | %s %s", columns[i].node, mode(&columns[i]));
		printf(" |\n|---");
		for (size_t i = 0; i < ARRAY_SIZE(columns); i++)
			printf("|---");
		puts("|");
	}
}

static void print_legend(enum format format)
{
	for (size_t i = 0; format != KTAP && i < ARRAY_SIZE(legend); i++)
		printf("%s%s: %s\n", format == CSV ? "# " : i ? "* " : "\n* ",
		       legend[i][0], legend[i][1]);
}

/* One cell: what was observed, the reason why it was not, or what it should be. */
static void print_cell(enum format format, struct cell *c, const char *seen,
		       const char *skip, const char *want)
{
	const char *name = c->row->name, *node = c->column->node;
	bool fail = !skip && strcmp(seen, want);

	if (format == KTAP) {
		char result[128];

		/* The name is the same whatever the result is. */
		snprintf(result, sizeof(result), "%s: %s %s", name, node,
			 mode(c->column));
		if (fail)
			ksft_print_msg("%s: expected %s, observed %s\n", result,
				       want, seen);
		if (skip)
			ksft_test_result_code(KSFT_SKIP, result, "%s", skip);
		else
			ksft_test_result(!fail, "%s\n", result);
		return;
	}
	/* There can be a comma in it. */
	printf(format == CSV ? ",\"%s\"" : fail ? " **%s** |" : " %s |",
	       skip ? "-" : seen);
	if (fail)
		fprintf(stderr, "%s: %s %s: expected %s, observed %s\n", name,
			node, mode(c->column), want, seen);
	if (fail)
		ksft_inc_fail_cnt();
	else if (skip)
		ksft_inc_xskip_cnt();
	else
		ksft_inc_pass_cnt();
}

static void usage(FILE *f, const char *name)
{
	fprintf(f, "Usage: %s [--markdown | --csv | --help]\n"
		"       %s --device PATH [...], see --device --help\n\n"
		"Observe what can be done with each kind of mapping of kernel memory.\n"
		"Without an option, test that it is as expected.\n\n"
		"  --markdown  print what was observed as a table, * where not expected\n"
		"  --csv       the same for other programs\n"
		"  --device    look at a file that is not the sample driver's; needs no module\n",
		name, name);
}

int main(int argc, char **argv)
{
	const char *missing[ARRAY_SIZE(columns)];
	enum format format = KTAP;

	for (int i = 1; i < argc; i++)
		if (!strncmp(argv[i], "--device", strlen("--device")))
			return addrmap_device_main(argc, argv);
	if (argc == 2 && !strcmp(argv[1], "--help")) {
		usage(stdout, argv[0]);
		return 0;
	}
	if (argc == 2 && !strcmp(argv[1], "--markdown")) {
		format = MARKDOWN;
	} else if (argc == 2 && !strcmp(argv[1], "--csv")) {
		format = CSV;
	} else if (argc > 1) {
		usage(stderr, argv[0]);
		return KSFT_FAIL;
	}

	addrmap_need_nodes();
	for (size_t i = 0; i < ARRAY_SIZE(columns); i++)
		missing[i] = addrmap_missing(columns[i].node);
	probe_mincore();
	print_head(format);
	for (const struct row *row = rows; row < rows + ARRAY_SIZE(rows); row++) {
		if (format != KTAP)
			printf(format == CSV ? "%s" : "| %s |", row->name);
		for (size_t i = 0; i < ARRAY_SIZE(columns); i++) {
			struct cell c = {
				.row = row,
				.column = &columns[i],
				.bit = 1U << i,
			};
			const char *want = expected(row, c.bit);
			const char *skip = missing[i], *seen = "";

			if (!want) {
				if (format != KTAP)
					printf(format == CSV ? ",\"-\"" : " - |");
				continue;
			}
			if (!skip) {
				seen = run(observe, &c, 0);
				if (!strncmp(seen, SKIP, strlen(SKIP)))
					skip = seen + strlen(SKIP);
			}
			print_cell(format, &c, seen, skip, want);
		}
		if (format != KTAP)
			puts("");
	}
	print_legend(format);
	if (format == KTAP)
		ksft_finished();

	return ksft_get_fail_cnt() ? KSFT_FAIL : KSFT_PASS;
}
