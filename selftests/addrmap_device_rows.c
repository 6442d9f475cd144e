// SPDX-License-Identifier: GPL-2.0-only
/*
 * What addrmap_matrix --device does with a mapping that is not the sample
 * driver's, and what comes of it with each kind of mapping. The rows have the
 * names of those of addrmap_matrix.c, which says what they are about. Here the
 * mapping is read-only and so is what is done with it, but for those rows that
 * need --write.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <linux/fs.h>
#include <linux/futex.h>
#include <linux/io_uring.h>
#include <linux/mempolicy.h>
#include <linux/userfaultfd.h>

#include "addrmap_device.h"

#ifndef MADV_DONTNEED_LOCKED
#define MADV_DONTNEED_LOCKED	24
#endif
#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE		25
#endif
#ifndef MADV_GUARD_INSTALL
#define MADV_GUARD_INSTALL	102
#define MADV_GUARD_REMOVE	103
#endif
#ifndef UFFD_FEATURE_WP_ASYNC
#define UFFD_FEATURE_WP_ASYNC	0x8000
#endif
#ifndef __NR_mseal
#define __NR_mseal		462
#endif

/* As in linux/fs.h since 6.7: a program may be built with older headers. */
struct scan_arg {
	__u64 size, flags, start, end, walk_end, vec, vec_len, max_pages;
	__u64 category_inverted, category_mask, category_anyof_mask;
	__u64 return_mask;
};

#define SCAN		_IOWR('f', 16, struct scan_arg)
#define SCAN_PRESENT	0x8

#define LACKS		"not in this kernel"
#define SHORT		"too short"
#define PAGE(op, n)	((op)->map + (n) * page_size())

static const char *result(long ret)
{
	return ret >= 0 ? "ok" : errno == ENOSYS ? LACKS : device_errno();
}

/* What @fn says in a child of the operation's process, or how the child ends. */
static const char *fork_and(const char *(*fn)(struct op *op, long arg),
			    struct op *op, long arg)
{
	static char text[32];
	ssize_t n = 0;
	int status, p[2];
	pid_t pid;

	if (pipe(p))
		return device_errno();
	pid = fork();
	if (!pid) {
		const char *s = fn(op, arg);

		_exit(write(p[1], s, strlen(s)) < 0);
	}
	close(p[1]);
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return "no child";
	if (WIFSIGNALED(status))
		return WTERMSIG(status) == SIGKILL ? "SIGKILL" : "killed";
	n = read(p[0], text, sizeof(text) - 1);
	text[n > 0 ? n : 0] = '\0';

	return text;
}

static const char *in_child(struct op *op, long write)
{
	return device_touch(op->map, write);
}

static const char *row_read(struct op *op, long unused)
{
	return device_touch(op->map, false);
}

static const char *row_close(struct op *op, long unused)
{
	close(op->fd);

	return device_touch(op->map, false);
}

static const char *row_prot_none(struct op *op, long unused)
{
	const char *s;

	device_touch(op->map, false);
	if (mprotect(op->map, op->len, PROT_NONE))
		return device_errno();
	s = device_touch(op->map, false);
	if (strcmp(s, "SIGSEGV"))
		return s;
	if (mprotect(op->map, op->len, PROT_READ))
		return device_errno();

	return device_touch(op->map, false);
}

static const char *tables(struct op *op, long unused)
{
	bool faults = device_faults(op->map);
	const char *s = device_touch(op->map, false);

	return strcmp(s, "ok") ? s : faults ? "absent" : "mapped";
}

static const char *row_fork_tables(struct op *op, long unused)
{
	device_touch(op->map, false);

	return fork_and(tables, op, 0);
}

static const char *row_fork_read(struct op *op, long unused)
{
	return fork_and(in_child, op, false);
}

static const char *row_mremap_grow(struct op *op, long unused)
{
	return result((long)mremap(op->map, op->len, op->len + page_size(),
				   MREMAP_MAYMOVE));
}

/* To an aligned place, as huge pages need it. */
static char *room(size_t len)
{
	char *p = mmap(NULL, len + (2UL << 20), PROT_NONE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return p + -(uintptr_t)p % (2UL << 20);
}

static const char *row_mremap_move(struct op *op, long several)
{
	char *to = room(op->len), *from = op->map;

	if (several && op->len < 3 * page_size())
		return SHORT;
	if (several && mprotect(PAGE(op, 1), page_size(), PROT_NONE))
		return device_errno();
	if (mremap(from, op->len, op->len, MREMAP_MAYMOVE | MREMAP_FIXED, to) != to)
		return several && errno == EFAULT ? LACKS : device_errno();
	if (strcmp(device_touch(from, false), "SIGSEGV"))
		return "still there";

	return device_touch(to, false);
}

static const char *row_mremap_shrink(struct op *op, long unused)
{
	if (op->len < 2 * page_size())
		return SHORT;
	if (mremap(op->map, op->len, op->len - page_size(), 0) != op->map)
		return device_errno();
	if (strcmp(device_touch(op->map + op->len - page_size(), false), "SIGSEGV"))
		return "still there";

	return device_touch(op->map, false);
}

static const char *row_mremap_dup(struct op *op, long unused)
{
	return result((long)mremap(op->map, 0, op->len, MREMAP_MAYMOVE));
}

static const char *row_mremap_dontunmap(struct op *op, long unused)
{
	return result((long)mremap(op->map, op->len, op->len, MREMAP_MAYMOVE |
				   MREMAP_DONTUNMAP, NULL));
}

static const char *row_munmap_part(struct op *op, long fixed)
{
	if (op->len < 3 * page_size())
		return SHORT;
	if (fixed ? mmap(PAGE(op, 1), page_size(), PROT_NONE, MAP_PRIVATE |
			 MAP_ANONYMOUS | MAP_FIXED, -1, 0) == MAP_FAILED :
		    munmap(PAGE(op, 1), page_size()) != 0)
		return device_errno();
	if (strcmp(device_touch(PAGE(op, 1), false), "SIGSEGV"))
		return "still there";
	if (strcmp(device_touch(PAGE(op, 0), false), "ok"))
		return "neighbour lost";

	return device_touch(PAGE(op, 2), false);
}

/* madvise() says EINVAL of what it does not know, on any memory. */
static bool kernel_has(long advice)
{
	char *p = mmap(NULL, page_size(), PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	bool has = !madvise(p, page_size(), advice) || errno != EINVAL;

	munmap(p, page_size());

	return has;
}

static const char *row_madvise(struct op *op, long advice)
{
	if (advice != MADV_COLLAPSE && !kernel_has(advice))
		return LACKS;

	return result(madvise(op->map, op->len, advice));
}

static const char *row_dontneed(struct op *op, long advice)
{
	device_touch(op->map, false);
	if (madvise(op->map, op->len, advice))
		return kernel_has(advice) ? device_errno() : LACKS;

	return device_touch(op->map, false);
}

static const char *row_dontfork(struct op *op, long unused)
{
	if (madvise(op->map, op->len, MADV_DONTFORK))
		return device_errno();

	return fork_and(in_child, op, false);
}

static const char *row_populate_dropped(struct op *op, long unused)
{
	if (madvise(op->map, op->len, MADV_DONTNEED))
		return device_errno();

	return row_madvise(op, MADV_POPULATE_READ);
}

static const char *row_flag(struct op *op, const char *flag, const char *yes,
			    const char *no)
{
	char flags[TEXT_LEN];

	if (!device_vma(op->map, NULL, NULL, NULL, flags, sizeof(flags)))
		return "no VMA";

	return device_flag(flags, flag) ? yes : no;
}

static const char *row_ksm(struct op *op, long unused)
{
	if (madvise(op->map, op->len, MADV_MERGEABLE))
		return kernel_has(MADV_MERGEABLE) ? device_errno() : LACKS;

	return row_flag(op, "mg", "mergeable", "ignored");
}

static const char *row_mlock(struct op *op, long undo)
{
	if (mlock(op->map, op->len) || (undo && munlock(op->map, op->len)))
		return device_errno();

	return row_flag(op, "lo", "locked", "ok");
}

static const char *row_mlock_dropped(struct op *op, long unused)
{
	if (madvise(op->map, op->len, MADV_DONTNEED))
		return device_errno();

	return result(mlock(op->map, op->len));
}

static const char *row_map_populate(struct op *op, long flags)
{
	munmap(op->map, op->len);
	op->map = device_map(op, op->len, PROT_READ, MAP_SHARED | flags,
			     op->dev->offset);
	if (op->map == MAP_FAILED)
		return device_errno();

	return device_faults(op->map) ? "absent" : "mapped";
}

static const char *row_mincore(struct op *op, long unused)
{
	unsigned char in_core = 0;

	device_touch(op->map, false);
	if (mincore(op->map, page_size(), &in_core))
		return device_errno();

	return in_core & 1 ? "mapped" : "absent";
}

static const char *row_msync(struct op *op, long flags)
{
	return result(msync(op->map, op->len, flags));
}

static const char *row_pipe(struct op *op, long splice)
{
	struct iovec iov = { op->map, 1 };
	int p[2];
	char byte;

	if (pipe(p))
		return device_errno();
	if ((splice ? vmsplice(p[1], &iov, 1, 0) : write(p[1], op->map, 1)) != 1)
		return device_errno();

	return read(p[0], &byte, 1) == 1 ? "ok" : device_errno();
}

static const char *row_process_vm(struct op *op, long write)
{
	char byte;
	struct iovec local = { &byte, 1 }, remote = { op->map, 1 };

	if (!write)
		return result(process_vm_readv(getpid(), &local, 1, &remote, 1, 0));
	byte = *op->map;

	return result(process_vm_writev(getpid(), &local, 1, &remote, 1, 0));
}

static const char *row_proc_mem(struct op *op, long unused)
{
	int fd = open("/proc/self/mem", O_RDONLY);
	char byte;

	return result(pread(fd, &byte, 1, (uintptr_t)op->map));
}

static const char *row_io_uring(struct op *op, long unused)
{
	struct iovec iov = { op->map, page_size() };
	struct io_uring_params params = { 0 };
	int fd = syscall(__NR_io_uring_setup, 1, &params);

	if (fd < 0)
		return LACKS;

	return result(syscall(__NR_io_uring_register, fd,
			      IORING_REGISTER_BUFFERS, &iov, 1));
}

/* The value is another one, or the time is up at once: both have seen it. */
static const char *row_futex(struct op *op, long op_flags)
{
	struct timespec now = { 0, 1 };

	if (!syscall(__NR_futex, op->map, FUTEX_WAIT | op_flags,
		     ~__atomic_load_n((int *)op->map, __ATOMIC_RELAXED), &now, NULL, 0))
		return "ok";

	return errno == EAGAIN || errno == ETIMEDOUT ? "ok" : device_errno();
}

static const char *row_uffd(struct op *op, long mode)
{
	struct uffdio_api api = {
		.api = UFFD_API,
		.features = mode == UFFDIO_REGISTER_MODE_WP ?
			    UFFD_FEATURE_WP_ASYNC : 0,
	};
	struct uffdio_register reg = {
		.range = { (uintptr_t)op->map, op->len },
		.mode = mode,
	};
	int fd = syscall(__NR_userfaultfd, O_CLOEXEC);

	if (fd < 0)
		return LACKS;
	if (ioctl(fd, UFFDIO_API, &api))
		return LACKS;

	return result(ioctl(fd, UFFDIO_REGISTER, &reg));
}

static const char *row_mseal(struct op *op, long unused)
{
	if (syscall(__NR_mseal, op->map, op->len, 0))
		return result(-1);
	if (!munmap(op->map, page_size()) || errno != EPERM)
		return "munmap";

	return device_touch(op->map, false);
}

static const char *row_vm_flags(struct op *op, long unused)
{
	static const char * const names[] = {
		"sh", "pf", "io", "de", "ac", "dc", "dd", "mm", "hg", "ht"
	};
	static char text[TEXT_LEN];
	char flags[TEXT_LEN];

	if (!device_vma(op->map, NULL, NULL, NULL, flags, sizeof(flags)))
		return "no VMA";
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (device_flag(flags, names[i])) {
			strcat(text, text[0] ? " " : "");
			strcat(text, names[i]);
		}
	}

	return text;
}

static const char *row_maps_offset(struct op *op, long unused)
{
	unsigned long long offset;

	if (!device_vma(op->map, &offset, NULL, NULL, NULL, 0))
		return "no VMA";

	return offset == op->dev->offset ? "offset" : "another";
}

static const char *row_smaps(struct op *op, long unused)
{
	long rss;

	device_touch(op->map, false);
	if (!device_vma(op->map, NULL, &rss, NULL, NULL, 0))
		return "no VMA";

	return rss ? "file" : "none";
}

static const char *row_pagemap(struct op *op, long unused)
{
	int fd = open("/proc/self/pagemap", O_RDONLY);
	__u64 entry = 0;

	device_touch(op->map, false);
	if (pread(fd, &entry, sizeof(entry), (uintptr_t)op->map / page_size() *
		  sizeof(entry)) != sizeof(entry))
		return LACKS;

	return !(entry >> 63) ? "absent" : entry & 1ULL << 61 ? "file" : "anon";
}

static const char *row_pagemap_scan(struct op *op, long unused)
{
	__u64 region[3];
	struct scan_arg arg = {
		.size = sizeof(arg),
		.start = (uintptr_t)op->map,
		.end = (uintptr_t)op->map + page_size(),
		.vec = (uintptr_t)region,
		.vec_len = 1,
		.category_mask = SCAN_PRESENT,
		.return_mask = SCAN_PRESENT,
	};
	int ret, fd = open("/proc/self/pagemap", O_RDONLY);

	device_touch(op->map, false);
	ret = ioctl(fd, SCAN, &arg);
	if (ret < 0)
		return errno == ENOTTY ? LACKS : device_errno();

	return ret ? "mapped" : "absent";
}

static const char *row_move_pages(struct op *op, long unused)
{
	void *page = op->map;
	int status = 0;

	device_touch(op->map, false);
	if (syscall(__NR_move_pages, 0, 1UL, &page, NULL, &status, 0))
		return result(-1);
	errno = -status;

	return result(status < 0 ? -1 : 0);
}

static const char *row_mbind(struct op *op, long flags)
{
	unsigned long nodes = 1;

	return result(syscall(__NR_mbind, op->map, op->len, MPOL_PREFERRED,
			      &nodes, 8 * sizeof(nodes), flags));
}

/* Private mappings */

static char *map_private(struct op *op, int prot)
{
	munmap(op->map, op->len);
	op->map = device_map(op, op->len, prot, MAP_PRIVATE, op->dev->offset);

	return op->map;
}

/* Not touched: where a private mapping is wrong, that can end the kernel. */
static const char *row_private_map(struct op *op, long prot)
{
	return result(map_private(op, prot) == MAP_FAILED ? -1 : 0);
}

/* Sets of kinds */
enum {
	RAW		= 1 << KIND_RAW,
	RAW_FAULT	= 1 << KIND_RAW_FAULT,
	PAGES		= 1 << KIND_PAGES,
	ALL		= (1 << NR_KINDS) - 1,
	RAWS		= RAW | RAW_FAULT,
	/* The driver's, or those of a file system that behaves as one. */
	OURS		= ALL & ~(1 << KIND_CACHED),
};

/*
 * A "|" stands between what different versions or drivers do, all of it right.
 * Without a result there is nothing to expect.
 */
const struct device_row device_rows[] = {
	{ "read", row_read, 0, false, { { ALL, "ok" } } },
	{ "close", row_close, 0, false, { { ALL, "ok" } } },
	{ "mprotect_none", row_prot_none, 0, false, { { ALL, "ok" } } },
	{ "fork_read", row_fork_read, 0, false, { { ALL, "ok" } } },
	{ "fork_tables", row_fork_tables, 0, false,
	  { { RAWS | PAGES, "mapped" }, { ALL, "absent" } } },
	{ "mremap_grow", row_mremap_grow, 0, false,
	  { { OURS, "EFAULT" }, { ALL, "ok" } } },
	{ "mremap_move", row_mremap_move, false, false, { { ALL, "ok" } } },
	{ "mremap_move_several", row_mremap_move, true, false, { { ALL, "ok" } } },
	{ "mremap_shrink", row_mremap_shrink, 0, false, { { ALL, "ok" } } },
	{ "mremap_dup", row_mremap_dup, 0, false,
	  { { OURS, "EFAULT" }, { ALL, "ok" } } },
	{ "mremap_dontunmap", row_mremap_dontunmap, 0, false,
	  { { OURS, "EINVAL" }, { ALL, "ok" } } },
	{ "munmap_part", row_munmap_part, false, false, { { ALL, "ok" } } },
	{ "map_fixed", row_munmap_part, true, false, { { ALL, "ok" } } },
	{ "madvise_dontneed", row_dontneed, MADV_DONTNEED, false,
	  { { RAWS, "EINVAL" }, { PAGES, "SIGBUS" }, { ALL, "ok" } } },
	{ "madvise_dontneed_locked", row_dontneed, MADV_DONTNEED_LOCKED, false,
	  { { RAWS, "EINVAL" }, { PAGES, "SIGBUS" }, { ALL, "ok" } } },
	{ "madvise_free", row_madvise, MADV_FREE, false, { { ALL, "EINVAL" } } },
	{ "madvise_cold", row_madvise, MADV_COLD, false,
	  { { RAWS, "EINVAL" }, { ALL, "ok" } } },
	{ "madvise_pageout", row_madvise, MADV_PAGEOUT, false,
	  { { RAWS, "EINVAL" }, { ALL, "ok" } } },
	{ "madvise_willneed", row_madvise, MADV_WILLNEED, false,
	  { { ALL, "ok" } } },
	{ "madvise_dontfork", row_dontfork, 0, false, { { ALL, "SIGSEGV" } } },
	{ "madvise_dofork", row_madvise, MADV_DOFORK, false,
	  { { OURS, "EINVAL|ok" }, { ALL, "ok" } } },
	{ "madvise_dontdump", row_madvise, MADV_DONTDUMP, false,
	  { { ALL, "ok" } } },
	{ "madvise_dodump", row_madvise, MADV_DODUMP, false,
	  { { OURS, "EINVAL" }, { ALL, "ok" } } },
	{ "madvise_wipeonfork", row_madvise, MADV_WIPEONFORK, false,
	  { { ALL, "EINVAL" } } },
	{ "madvise_keeponfork", row_madvise, MADV_KEEPONFORK, false,
	  { { ALL, "ok" } } },
	{ "madvise_populate_read", row_madvise, MADV_POPULATE_READ, false,
	  { { RAWS, "EINVAL" }, { ALL, "ok" } } },
	{ "madvise_populate_dropped", row_populate_dropped, 0, false,
	  { { RAWS, "EINVAL" }, { PAGES, "EFAULT" }, { ALL, "ok" } } },
	{ "madvise_populate_write_read_only", row_madvise, MADV_POPULATE_WRITE,
	  false, { { ALL, "EINVAL" } } },
	{ "madvise_collapse", row_madvise, MADV_COLLAPSE, false,
	  { { OURS, "EINVAL" } } },
	{ "madvise_mergeable", row_ksm, 0, false, { { ALL, "ignored" } } },
	{ "madvise_guard_install", row_madvise, MADV_GUARD_INSTALL, false,
	  { { OURS, "EINVAL" }, { ALL, "ok|EINVAL" } } },
	{ "madvise_guard_remove", row_madvise, MADV_GUARD_REMOVE, false,
	  { { OURS, "EINVAL" }, { ALL, "ok|EINVAL" } } },
	{ "mlock", row_mlock, false, false,
	  { { OURS, "ok" }, { ALL, "locked" } } },
	{ "munlock", row_mlock, true, false, { { ALL, "ok" } } },
	{ "mlock_dropped", row_mlock_dropped, 0, false,
	  { { RAWS, "EINVAL" }, { PAGES, "ENOMEM" }, { ALL, "ok" } } },
	{ "map_populate", row_map_populate, MAP_POPULATE, false,
	  { { RAW_FAULT, "absent" }, { ALL, "mapped" } } },
	/* mincore() leaves VM_PFNMAP out up to 7.2. */
	{ "mincore_accessed", row_mincore, 0, false,
	  { { RAWS, "mapped|absent" }, { ALL, "mapped" } } },
	{ "msync_sync", row_msync, MS_SYNC, false,
	  { { OURS, "EINVAL" }, { ALL, "ok" } } },
	{ "msync_async", row_msync, MS_ASYNC, false, { { ALL, "ok" } } },
	{ "msync_invalidate", row_msync, MS_INVALIDATE, false, { { ALL, "ok" } } },
	{ "write_from", row_pipe, false, false, { { ALL, "ok" } } },
	{ "vmsplice", row_pipe, true, false,
	  { { RAWS, "EFAULT" }, { ALL, "ok" } } },
	{ "process_vm_readv", row_process_vm, false, false,
	  { { RAWS, "EFAULT" }, { ALL, "ok" } } },
	/* Raw frames can be read so if the driver has ->access, as it should. */
	{ "proc_mem_read", row_proc_mem, 0, false, { { ALL, "ok" } } },
	{ "futex_private", row_futex, FUTEX_PRIVATE_FLAG, false,
	  { { ALL, "ok" } } },
	{ "futex_shared", row_futex, 0, false,
	  { { OURS, "EFAULT" }, { ALL, "ok" } } },
	{ "userfaultfd_missing", row_uffd, UFFDIO_REGISTER_MODE_MISSING, false,
	  { { OURS, "EINVAL" }, { ALL, "ok|EINVAL|EPERM" } } },
	{ "userfaultfd_wp_async", row_uffd, UFFDIO_REGISTER_MODE_WP, false,
	  { { OURS, "EINVAL" }, { ALL, "ok|EINVAL|EPERM" } } },
	{ "mseal", row_mseal, 0, false, { { ALL, "ok" } } },
	{ "vm_flags", row_vm_flags, 0, false,
	  { { RAW, "sh pf io de dd" }, { RAW_FAULT, "sh pf de dd" },
	    { PAGES, "sh de dd mm" } } },
	{ "maps_offset", row_maps_offset, 0, false, { { ALL, "offset" } } },
	{ "smaps", row_smaps, 0, false, { { RAWS, "none" }, { ALL, "file" } } },
	{ "pagemap", row_pagemap, 0, false,
	  { { RAWS, "absent" }, { ALL, "file" } } },
	{ "pagemap_scan", row_pagemap_scan, 0, false,
	  { { RAWS, "absent" }, { ALL, "mapped" } } },
	{ "move_pages_status", row_move_pages, 0, false,
	  { { RAWS, "ENOENT" }, { ALL, "ok" } } },
	{ "mbind_strict", row_mbind, MPOL_MF_STRICT, false, { { ALL, "ok" } } },
	{ "private", row_private_map, PROT_READ, false,
	  { { RAW_FAULT, "EINVAL|EPERM" }, { ALL, "ok" } } },
	{ "private_write", row_private_map, PROT_READ | PROT_WRITE, false,
	  { { RAW_FAULT, "EINVAL|EPERM" }, { ALL, "ok" } } },
	{ "madvise_populate_write", row_madvise, MADV_POPULATE_WRITE, true,
	  { { RAWS, "EINVAL" }, { ALL, "ok" } } },
	{ "process_vm_writev", row_process_vm, true, true,
	  { { RAWS, "EFAULT" }, { ALL, "ok" } } },
	{ "io_uring_register_buffers", row_io_uring, 0, true,
	  { { RAWS, "EFAULT" }, { ALL, "ok" } } },
	{ NULL }
};

const char *device_expected(const struct device_row *row, enum kind kind)
{
	for (size_t i = 0; i < ARRAY_SIZE(row->want); i++)
		if (row->want[i].kinds & 1U << kind)
			return row->want[i].result;

	return NULL;
}
