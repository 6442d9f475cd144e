// SPDX-License-Identifier: GPL-2.0-only
/*
 * What user space can do with kernel memory that a driver maps: every node of
 * the sample driver (CONFIG_ADDRMAP), mapped shared and private.
 *
 * Each test has a buffer of its own, of which page n starts with n + 1.
 */
#define _GNU_SOURCE
#define _FILE_OFFSET_BITS 64
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>

#include "kselftest_harness.h"
#include "vm_util.h"
#include "../../../../mm/addrmap/addrmap.h"

#define NR_PAGES 16

static sigjmp_buf fault_env;

static void fault_handler(int sig)
{
	siglongjmp(fault_env, sig);
}

/* The signal that reading (or else writing back) the byte at @p raises, or 0. */
static int access_signal(volatile char *p, bool write)
{
	int sig;

	signal(SIGSEGV, fault_handler);
	signal(SIGBUS, fault_handler);
	sig = sigsetjmp(fault_env, 1);
	if (!sig) {
		char c = *p;

		if (write)
			*p = c;
	}
	signal(SIGSEGV, SIG_DFL);
	signal(SIGBUS, SIG_DFL);

	return sig;
}

static int open_node(const char *node, int flags)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "/dev/addrmap/%s", node);
	return open(path, flags | O_CLOEXEC);
}

static int get_info(int fd, struct addrmap_info *info)
{
	*info = (struct addrmap_info) { .size = sizeof(*info) };

	return ioctl(fd, ADDRMAP_INFO, info);
}

static int set_length(int fd, __u64 length)
{
	struct addrmap_set_length sl = { .size = sizeof(sl), .length = length };

	return ioctl(fd, ADDRMAP_SET_LENGTH, &sl);
}

static int translate(int fd, __u64 offset, struct addrmap_translate *tr)
{
	*tr = (struct addrmap_translate) {
		.size = sizeof(*tr),
		.offset = offset,
	};

	return ioctl(fd, ADDRMAP_TRANSLATE, tr);
}

static long transfer(int fd, __u64 offset, void *p, size_t len, bool to_buffer)
{
	struct addrmap_transfer tr = {
		.size = sizeof(tr),
		.flags = to_buffer ? ADDRMAP_TRANSFER_TO_BUFFER : 0,
		.offset = offset,
		.addr = (uintptr_t)p,
		.length = len,
	};

	return ioctl(fd, ADDRMAP_TRANSFER, &tr);
}

/* Memory of @nr pages between two that cannot be accessed. */
static char *guarded(size_t nr)
{
	char *p = mmap(NULL, (nr + 2) * psize(), PROT_NONE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		return NULL;
	p += psize();
	if (mprotect(p, nr * psize(), PROT_READ | PROT_WRITE))
		return NULL;

	return p;
}

/* The exit status of @fn(@arg) in a child, or what it was killed by plus 256. */
static int in_child(int (*fn)(void *arg), void *arg)
{
	int status;
	pid_t pid = fork();

	if (!pid)
		_exit(fn(arg));
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return -1;

	return WIFEXITED(status) ? WEXITSTATUS(status) : 256 + WTERMSIG(status);
}

FIXTURE(addrmap)
{
	int fd;
	size_t nr;	/* pages of the buffer */
	char *map;	/* all of it, but for a refused kind of mapping */
};

FIXTURE_VARIANT(addrmap)
{
	const char *node;
	int flags;	/* MAP_SHARED or MAP_PRIVATE */
	bool refused;	/* mmap() with @flags fails with EINVAL */
	bool pinnable;	/* get_user_pages() works on the mapping */
	bool device;	/* the memory is a device's: there is one buffer only */
};

#define VARIANT(_name, _node, ...)				\
	FIXTURE_VARIANT_ADD(addrmap, _name)			\
	{							\
		.node = _node,					\
		__VA_ARGS__					\
	}

VARIANT(pfn_shared, "pfn", .flags = MAP_SHARED);
VARIANT(pfn_private, "pfn", .flags = MAP_PRIVATE);
VARIANT(pages_shared, "pages", .flags = MAP_SHARED, .pinnable = true);
VARIANT(pages_private, "pages", .flags = MAP_PRIVATE, .pinnable = true);
VARIANT(vmalloc_shared, "vmalloc", .flags = MAP_SHARED, .pinnable = true);
VARIANT(vmalloc_private, "vmalloc", .flags = MAP_PRIVATE, .pinnable = true);
VARIANT(fault_shared, "fault", .flags = MAP_SHARED, .pinnable = true);
VARIANT(fault_private, "fault", .flags = MAP_PRIVATE, .pinnable = true);
VARIANT(pfn_fault_shared, "pfn-fault", .flags = MAP_SHARED);
VARIANT(pfn_fault_private, "pfn-fault", .flags = MAP_PRIVATE, .refused = true);
VARIANT(huge_shared, "huge", .flags = MAP_SHARED, .pinnable = true);
VARIANT(huge_private, "huge", .flags = MAP_PRIVATE, .pinnable = true);
VARIANT(io_shared, "io", .flags = MAP_SHARED, .device = true);
VARIANT(io_private, "io", .flags = MAP_PRIVATE, .refused = true, .device = true);

FIXTURE_SETUP(addrmap)
{
	struct addrmap_info info;
	char *page;

	self->fd = open_node(variant->node, O_RDWR);
	if (self->fd < 0 && errno == ENOENT)
		SKIP(return, variant->device ?
		     "needs CONFIG_ADDRMAP and its parameters io_start, io_length" :
		     "needs CONFIG_ADDRMAP");
	if (self->fd < 0 && errno == EACCES)
		SKIP(return, "needs root");
	ASSERT_GE(self->fd, 0);

	if (!variant->device) {
		ASSERT_EQ(set_length(self->fd, NR_PAGES * psize()), 0);
	}
	ASSERT_EQ(get_info(self->fd, &info), 0);
	self->nr = info.length / psize();
	ASSERT_GE(self->nr, NR_PAGES);
	page = calloc(1, psize());
	ASSERT_NE(page, NULL);
	for (size_t i = 0; i < self->nr; i++) {
		page[0] = i + 1;
		ASSERT_EQ(pwrite(self->fd, page, psize(), i * psize()),
			  (ssize_t)psize());
	}
	free(page);

	self->map = mmap(NULL, self->nr * psize(), PROT_READ | PROT_WRITE,
			 variant->flags, self->fd, 0);
	if (variant->refused) {
		ASSERT_EQ(self->map, MAP_FAILED);
	} else {
		ASSERT_NE(self->map, MAP_FAILED);
	}
}

FIXTURE_TEARDOWN(addrmap)
{
	if (self->map != MAP_FAILED)
		munmap(self->map, self->nr * psize());
	close(self->fd);
}

/* For the tests of what a mapping does once there is one. */
#define NEEDS_MAPPING()						\
	do {							\
		if (variant->refused)				\
			return;					\
	} while (0)

/* The page that starts at @p, as byte 0 of it says. */
#define EXPECT_PAGE(p, n)	EXPECT_EQ(*(volatile char *)(p), (char)((n) + 1))

static char buffer_byte(int fd, off_t offset)
{
	char c = 0;

	return pread(fd, &c, 1, offset) == 1 ? c : 0;
}

/* A mapping shows what the buffer has, in the same order. */
TEST_F(addrmap, map_reads_buffer)
{
	NEEDS_MAPPING();
	for (size_t i = 0; i < self->nr; i++)
		EXPECT_PAGE(self->map + i * psize(), i);
}

/* Whoever write()s changes what a mapping shows, until it has a copy. */
TEST_F(addrmap, map_sees_write)
{
	char c = 99;

	NEEDS_MAPPING();
	EXPECT_PAGE(self->map + psize(), 1);
	ASSERT_EQ(pwrite(self->fd, &c, 1, psize()), 1);
	EXPECT_EQ(self->map[psize()], 99);

	self->map[2 * psize()] = 50;
	ASSERT_EQ(pwrite(self->fd, &c, 1, 2 * psize()), 1);
	EXPECT_EQ(self->map[2 * psize()],
		  variant->flags == MAP_SHARED ? 99 : 50);
}

/* A shared mapping writes to the buffer, a private one to a copy of the page. */
TEST_F(addrmap, write_to_map)
{
	char *other;

	NEEDS_MAPPING();
	other = mmap(NULL, psize(), PROT_READ, variant->flags, self->fd,
		     3 * psize());
	ASSERT_NE(other, MAP_FAILED);
	self->map[3 * psize()] = 77;
	self->map[4 * psize() - 1] = 78;

	EXPECT_EQ(self->map[3 * psize()], 77);
	EXPECT_EQ(self->map[4 * psize() - 1], 78);
	if (variant->flags == MAP_SHARED) {
		EXPECT_EQ(buffer_byte(self->fd, 3 * psize()), 77);
		EXPECT_EQ(buffer_byte(self->fd, 4 * psize() - 1), 78);
		EXPECT_EQ(*other, 77);
	} else {
		EXPECT_EQ(buffer_byte(self->fd, 3 * psize()), 4);
		EXPECT_EQ(buffer_byte(self->fd, 4 * psize() - 1), 0);
		EXPECT_PAGE(other, 3);
	}
	/* The neighbours have not changed. */
	EXPECT_PAGE(self->map + 2 * psize(), 2);
	EXPECT_PAGE(self->map + 4 * psize(), 4);
	munmap(other, psize());
}

struct fork_arg {
	char *map;
	bool shared;
};

static int fork_child(void *p)
{
	struct fork_arg *arg = p;
	char *map = arg->map;

	/* What the parent wrote before fork() is there. */
	if (map[0] != 70 || map[psize()] != 2)
		return 1;
	map[0] = 71;
	map[psize()] = 72;
	map[2 * psize()] = 73;
	if (munmap(map + 4 * psize(), psize()))
		return 2;
	return map[0] != 71 || map[psize()] != 72 || map[2 * psize()] != 73;
}

/* After fork() a shared mapping is still the buffer; of a private one, each has its own. */
TEST_F(addrmap, fork)
{
	struct fork_arg arg = { self->map, variant->flags == MAP_SHARED };

	NEEDS_MAPPING();
	self->map[0] = 70;
	ASSERT_EQ(in_child(fork_child, &arg), 0);
	EXPECT_EQ(self->map[0], arg.shared ? 71 : 70);
	EXPECT_EQ(self->map[psize()], arg.shared ? 72 : 2);
	EXPECT_EQ(self->map[2 * psize()], arg.shared ? 73 : 3);
	EXPECT_EQ(buffer_byte(self->fd, psize()), arg.shared ? 72 : 2);
	EXPECT_PAGE(self->map + 4 * psize(), 4);
}

/* Pieces of a mapping live and die for themselves. */
TEST_F(addrmap, munmap_partial)
{
	NEEDS_MAPPING();
	ASSERT_EQ(munmap(self->map + 5 * psize(), 2 * psize()), 0);
	EXPECT_PAGE(self->map + 4 * psize(), 4);
	EXPECT_EQ(access_signal(self->map + 5 * psize(), false), SIGSEGV);
	EXPECT_EQ(access_signal(self->map + 6 * psize(), false), SIGSEGV);
	EXPECT_PAGE(self->map + 7 * psize(), 7);
	ASSERT_EQ(munmap(self->map, 5 * psize()), 0);
	EXPECT_PAGE(self->map + (self->nr - 1) * psize(), self->nr - 1);
}

/* Moved, a mapping shows the same, copies included. */
TEST_F(addrmap, mremap_move)
{
	size_t len = 4 * psize();
	char *to = guarded(4), *from = self->map + 2 * psize();

	NEEDS_MAPPING();
	ASSERT_NE(to, NULL);
	from[psize()] = 60;
	ASSERT_EQ(mremap(from, len, len, MREMAP_MAYMOVE | MREMAP_FIXED, to), to);
	EXPECT_PAGE(to, 2);
	EXPECT_EQ(to[psize()], 60);
	EXPECT_PAGE(to + 2 * psize(), 4);
	EXPECT_PAGE(to + 3 * psize(), 5);
	EXPECT_EQ(access_signal(from, false), SIGSEGV);
	EXPECT_PAGE(self->map + psize(), 1);
	EXPECT_PAGE(self->map + 6 * psize(), 6);
	if (variant->flags == MAP_SHARED) {
		EXPECT_EQ(buffer_byte(self->fd, 3 * psize()), 60);
	}
	EXPECT_EQ(munmap(to, len), 0);
}

/* What was checked by mmap() stays true: no mapping grows past the buffer. */
TEST_F(addrmap, mremap_resize)
{
	size_t len = self->nr * psize();

	NEEDS_MAPPING();
	EXPECT_EQ(mremap(self->map, len, len + psize(), MREMAP_MAYMOVE), MAP_FAILED);
	EXPECT_EQ(errno, EFAULT);
	ASSERT_EQ(mremap(self->map, len, len - psize(), 0), self->map);
	EXPECT_EQ(access_signal(self->map + len - psize(), false), SIGSEGV);
	EXPECT_PAGE(self->map + len - 2 * psize(), self->nr - 2);
	/* Not even to what it was. */
	EXPECT_EQ(mremap(self->map, len - psize(), len, MREMAP_MAYMOVE), MAP_FAILED);
	EXPECT_EQ(errno, EFAULT);
}

/* mmap() over a part of it replaces just that. */
TEST_F(addrmap, map_fixed_over)
{
	NEEDS_MAPPING();
	ASSERT_EQ(mmap(self->map + 3 * psize(), psize(), PROT_READ,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0),
		  self->map + 3 * psize());
	EXPECT_EQ(self->map[3 * psize()], 0);
	EXPECT_PAGE(self->map + 2 * psize(), 2);
	EXPECT_PAGE(self->map + 4 * psize(), 4);
}

/* Two mappings of different sizes and offsets show the same buffer. */
TEST_F(addrmap, two_mappings)
{
	char *other;

	NEEDS_MAPPING();
	other = mmap(NULL, 3 * psize(), PROT_READ | PROT_WRITE, variant->flags,
		     self->fd, 7 * psize());
	ASSERT_NE(other, MAP_FAILED);
	for (int i = 0; i < 3; i++)
		EXPECT_PAGE(other + i * psize(), 7 + i);
	other[psize()] = 61;
	EXPECT_EQ(self->map[8 * psize()], variant->flags == MAP_SHARED ? 61 : 9);
	ASSERT_EQ(munmap(self->map, self->nr * psize()), 0);
	self->map = MAP_FAILED;
	EXPECT_EQ(other[psize()], 61);
	EXPECT_PAGE(other + 2 * psize(), 9);
	EXPECT_EQ(munmap(other, 3 * psize()), 0);
}

/* The memory lives as long as somebody maps it. */
TEST_F(addrmap, map_outlives_close)
{
	NEEDS_MAPPING();
	close(self->fd);
	for (size_t i = 0; i < self->nr; i++)
		EXPECT_PAGE(self->map + i * psize(), i);
	self->map[0] = 5;
	EXPECT_EQ(self->map[0], 5);
	self->fd = open_node(variant->node, O_RDWR);
	ASSERT_GE(self->fd, 0);
}

/* The buffer cannot be changed under a mapping, nor under a part of one. */
TEST_F(addrmap, set_length_mapped)
{
	NEEDS_MAPPING();
	if (variant->device) {
		EXPECT_EQ(set_length(self->fd, psize()), -1);
		EXPECT_EQ(errno, EOPNOTSUPP);
		return;
	}
	EXPECT_EQ(set_length(self->fd, psize()), -1);
	EXPECT_EQ(errno, EBUSY);
	/* In pieces, moved: it still counts. */
	ASSERT_EQ(munmap(self->map + psize(), psize()), 0);
	EXPECT_EQ(set_length(self->fd, psize()), -1);
	EXPECT_EQ(errno, EBUSY);
	ASSERT_EQ(munmap(self->map, psize()), 0);
	EXPECT_EQ(set_length(self->fd, psize()), -1);
	EXPECT_EQ(errno, EBUSY);
	ASSERT_EQ(munmap(self->map, self->nr * psize()), 0);
	EXPECT_EQ(set_length(self->fd, psize()), 0);
	EXPECT_EQ(buffer_byte(self->fd, 0), 0);
}

static int child_exits(void *arg)
{
	return 0;
}

/* A child's copy of a mapping counts until the child is gone. */
TEST_F(addrmap, set_length_after_child)
{
	NEEDS_MAPPING();
	if (variant->device)
		return;
	ASSERT_EQ(in_child(child_exits, NULL), 0);
	ASSERT_EQ(munmap(self->map, self->nr * psize()), 0);
	EXPECT_EQ(set_length(self->fd, psize()), 0);
}

static int child_maps(void *arg)
{
	char *map = mmap(NULL, psize(), PROT_READ, MAP_SHARED, *(int *)arg, 0);

	return map == MAP_FAILED || munmap(map, psize());
}

/* Another process may be half-way through mmap(), which nobody can see. */
TEST_F(addrmap, set_length_mapped_by_child)
{
	int fd = open_node(variant->node, O_RDWR);

	NEEDS_MAPPING();
	if (variant->device)
		return;
	ASSERT_GE(fd, 0);
	ASSERT_EQ(in_child(child_maps, &fd), 0);
	EXPECT_EQ(set_length(fd, psize()), -1);
	EXPECT_EQ(errno, EBUSY);
	close(fd);
}

/* Bad arguments of mmap() are refused, and nothing is left of the attempt. */
TEST_F(addrmap, mmap_bad_args)
{
	const size_t ps = psize(), len = self->nr * ps;
	const struct {
		size_t len;
		off_t offset;
		int err;
	} bad[] = {
		{ 0, 0, EINVAL },
		{ ps, 1, EINVAL },
		{ len + 1, 0, EINVAL },
		{ len + ps, 0, EINVAL },
		{ ps, len, EINVAL },
		{ 2 * ps, len - ps, EINVAL },
		{ len, ps, EINVAL },
		{ ps, (off_t)1 << 40, EINVAL },
		/* Offset and length overflow, in bytes and in pages. */
		{ SIZE_MAX - ps + 1, len, ENOMEM },
		{ SIZE_MAX, 0, ENOMEM },
	};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		void *p = mmap(NULL, bad[i].len, PROT_READ, variant->flags,
			       self->fd, bad[i].offset);

		EXPECT_EQ(p, MAP_FAILED) {
			TH_LOG("row %zu", i);
		}
		if (variant->refused && bad[i].err == EINVAL)
			continue;
		EXPECT_EQ(errno, bad[i].err) {
			TH_LOG("row %zu: %s", i, strerror(errno));
		}
	}
}

/* Data is not code, at no time. */
TEST_F(addrmap, exec_refused)
{
	EXPECT_EQ(mmap(NULL, psize(), PROT_READ | PROT_EXEC, variant->flags,
		       self->fd, 0), MAP_FAILED);
	EXPECT_EQ(errno, EPERM);
	NEEDS_MAPPING();
	EXPECT_EQ(mprotect(self->map, psize(), PROT_READ | PROT_EXEC), -1);
	EXPECT_EQ(errno, EACCES);
	EXPECT_EQ(access_signal(self->map, true), 0);
}

/* Who could not write() cannot write to the buffer by a mapping either. */
TEST_F(addrmap, read_only_open)
{
	int fd = open_node(variant->node, O_RDONLY);
	char c = 0, *p;

	ASSERT_GE(fd, 0);
	EXPECT_EQ(write(fd, &c, 1), -1);
	EXPECT_EQ(errno, EBADF);
	EXPECT_EQ(transfer(fd, 0, &c, 1, true), -1);
	EXPECT_EQ(errno, EBADF);
	EXPECT_EQ(transfer(fd, 0, &c, 1, false), 1);

	p = mmap(NULL, psize(), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	EXPECT_EQ(p, MAP_FAILED);
	EXPECT_EQ(errno, EACCES);
	p = mmap(NULL, psize(), PROT_READ, MAP_SHARED, fd, 0);
	ASSERT_NE(p, MAP_FAILED);
	EXPECT_EQ(mprotect(p, psize(), PROT_READ | PROT_WRITE), -1);
	EXPECT_EQ(errno, EACCES);
	EXPECT_EQ(access_signal(p, false), 0);
	EXPECT_EQ(access_signal(p, true), SIGSEGV);
	munmap(p, psize());
	close(fd);
}

TEST_F(addrmap, write_only_open)
{
	int fd = open_node(variant->node, O_WRONLY);
	char c = 1;

	ASSERT_GE(fd, 0);
	EXPECT_EQ(read(fd, &c, 1), -1);
	EXPECT_EQ(errno, EBADF);
	EXPECT_EQ(transfer(fd, 0, &c, 1, false), -1);
	EXPECT_EQ(errno, EBADF);
	EXPECT_EQ(mmap(NULL, psize(), PROT_READ, MAP_SHARED, fd, 0), MAP_FAILED);
	EXPECT_EQ(errno, EACCES);
	close(fd);
}

/* read(), write() and lseek() treat the buffer as a file of fixed size. */
TEST_F(addrmap, file_position)
{
	off_t len = self->nr * psize();
	char b[16] = { 0 };

	EXPECT_EQ(lseek(self->fd, 0, SEEK_END), len);
	EXPECT_EQ(read(self->fd, b, sizeof(b)), 0);
	EXPECT_EQ(write(self->fd, b, sizeof(b)), -1);
	EXPECT_EQ(errno, ENOSPC);
	EXPECT_EQ(write(self->fd, b, 0), 0);
	EXPECT_EQ(lseek(self->fd, -5, SEEK_CUR), len - 5);
	EXPECT_EQ(write(self->fd, b, sizeof(b)), 5);
	EXPECT_EQ(lseek(self->fd, len - 3, SEEK_SET), len - 3);
	EXPECT_EQ(read(self->fd, b, sizeof(b)), 3);
	EXPECT_EQ(lseek(self->fd, 0, SEEK_CUR), len);
	EXPECT_EQ(lseek(self->fd, len + 1, SEEK_SET), -1);
	EXPECT_EQ(errno, EINVAL);
	EXPECT_EQ(lseek(self->fd, -1, SEEK_SET), -1);
	EXPECT_EQ(errno, EINVAL);
	EXPECT_EQ(lseek(self->fd, 0, 77), -1);
	EXPECT_EQ(errno, EINVAL);
	EXPECT_EQ(pread(self->fd, b, 1, (off_t)1 << 62), 0);
	EXPECT_EQ(pwrite(self->fd, b, 1, (off_t)1 << 62), -1);
	EXPECT_EQ(errno, ENOSPC);
	EXPECT_EQ(pread(self->fd, b, 1, -1), -1);
	EXPECT_EQ(errno, EINVAL);
}

/* Over pages, at odd offsets and lengths, from several pieces of memory. */
TEST_F(addrmap, read_write_unaligned)
{
	size_t len = 3 * psize() + 123, off = psize() - 7;
	char *in = malloc(len), *out = malloc(len);
	struct iovec iov[3] = {
		{ in, 11 }, { in + 11, psize() }, { in + 11 + psize(), len - 11 - psize() }
	};

	ASSERT_NE(in, NULL);
	ASSERT_NE(out, NULL);
	for (size_t i = 0; i < len; i++)
		in[i] = i * 31 + (i >> 8);
	ASSERT_EQ(pwritev(self->fd, iov, 3, off), (ssize_t)len);
	ASSERT_EQ(pread(self->fd, out, len, off), (ssize_t)len);
	EXPECT_EQ(memcmp(in, out, len), 0);
	EXPECT_EQ(buffer_byte(self->fd, off + len), 0);
	if (!variant->refused) {
		EXPECT_EQ(memcmp(self->map + off, in, len), 0);
	}
	free(in);
	free(out);
}

/* Memory that ends too soon: what was copied counts, and no more. */
TEST_F(addrmap, read_write_fault)
{
	char *p = guarded(1), *end = p + psize();
	ssize_t n;

	ASSERT_NE(p, NULL);
	EXPECT_EQ(pread(self->fd, end, 1, 0), -1);
	EXPECT_EQ(errno, EFAULT);
	EXPECT_EQ(pwrite(self->fd, end, 1, 0), -1);
	EXPECT_EQ(errno, EFAULT);
	EXPECT_EQ(read(self->fd, (void *)-4096L, 10), -1);
	EXPECT_EQ(errno, EFAULT);
	EXPECT_EQ(lseek(self->fd, 0, SEEK_CUR), 0);

	memset(p, 0x55, psize());
	n = read(self->fd, end - 128, 256);
	EXPECT_GT(n, 0);
	EXPECT_LE(n, 128);
	EXPECT_EQ(lseek(self->fd, 0, SEEK_CUR), n);
	EXPECT_PAGE(end - 128, 0);

	lseek(self->fd, psize(), SEEK_SET);
	memset(p, 0x55, psize());
	n = write(self->fd, end - 128, 256);
	EXPECT_GT(n, 0);
	EXPECT_LE(n, 128);
	EXPECT_EQ(lseek(self->fd, 0, SEEK_CUR), (off_t)psize() + n);
	EXPECT_EQ(buffer_byte(self->fd, psize() + n - 1), 0x55);
	EXPECT_EQ(buffer_byte(self->fd, psize() + n), 0);
}

/* A mapping of the buffer is memory to read() into as well, even of itself. */
TEST_F(addrmap, read_into_own_map)
{
	NEEDS_MAPPING();
	EXPECT_EQ(pread(self->fd, self->map + 3 * psize(), 2 * psize(), 0),
		  2 * (ssize_t)psize());
	EXPECT_PAGE(self->map + 3 * psize(), 0);
	EXPECT_PAGE(self->map + 4 * psize(), 1);
	EXPECT_EQ(pwrite(self->fd, self->map + 5 * psize(), psize(), 6 * psize()),
		  (ssize_t)psize());
	EXPECT_EQ(buffer_byte(self->fd, 6 * psize()), 6);
}

TEST_F(addrmap, splice)
{
	char in[128], out[sizeof(in)] = { 0 };
	loff_t off = psize() - 50;
	int p[2];

	for (size_t i = 0; i < sizeof(in); i++)
		in[i] = i + 3;
	ASSERT_EQ(pipe(p), 0);
	ASSERT_EQ(write(p[1], in, sizeof(in)), (ssize_t)sizeof(in));
	ASSERT_EQ(splice(p[0], NULL, self->fd, &off, sizeof(in), 0),
		  (ssize_t)sizeof(in));
	EXPECT_EQ(off, (loff_t)(psize() - 50 + sizeof(in)));
	off = psize() - 50;
	ASSERT_EQ(splice(self->fd, &off, p[1], NULL, sizeof(in), 0),
		  (ssize_t)sizeof(in));
	ASSERT_EQ(read(p[0], out, sizeof(out)), (ssize_t)sizeof(out));
	EXPECT_EQ(memcmp(in, out, sizeof(in)), 0);
	/* At the end there is nothing more to be had. */
	off = self->nr * psize();
	EXPECT_EQ(splice(self->fd, &off, p[1], NULL, 1, SPLICE_F_NONBLOCK), 0);
	close(p[0]);
	close(p[1]);
}

/* What the kernel does not know of is refused, and nothing is written. */
TEST_F(addrmap, ioctl_bad_args)
{
	struct {
		union {
			struct addrmap_info info;
			struct addrmap_translate tr;
			struct addrmap_transfer xfer;
			struct addrmap_set_length sl;
		};
		char more[8192];
	} arg;
	const struct {
		unsigned int cmd;
		__u32 size;
	} cmds[] = {
		{ ADDRMAP_INFO, sizeof(arg.info) },
		{ ADDRMAP_TRANSLATE, sizeof(arg.tr) },
		{ ADDRMAP_TRANSFER, sizeof(arg.xfer) },
		{ ADDRMAP_SET_LENGTH, sizeof(arg.sl) },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cmds); i++) {
		unsigned int cmd = cmds[i].cmd;
		__u32 size = cmds[i].size;

		memset(&arg, 0, sizeof(arg));
		EXPECT_EQ(ioctl(self->fd, cmd, &arg), -1);
		EXPECT_EQ(errno, EINVAL);
		arg.info.size = size - 1;
		EXPECT_EQ(ioctl(self->fd, cmd, &arg), -1);
		EXPECT_EQ(errno, EINVAL);
		arg.info.size = UINT_MAX;
		EXPECT_EQ(ioctl(self->fd, cmd, &arg), -1);
		EXPECT_EQ(errno, E2BIG);
		arg.info.size = size + 8;
		((char *)&arg)[size + 7] = 1;
		EXPECT_EQ(ioctl(self->fd, cmd, &arg), -1);
		EXPECT_EQ(errno, E2BIG);
		memset(&arg, 0, sizeof(arg));
		arg.info.size = size;
		arg.info.flags = 0x80000000;
		EXPECT_EQ(ioctl(self->fd, cmd, &arg), -1);
		EXPECT_EQ(errno, EINVAL);
		EXPECT_EQ(ioctl(self->fd, cmd, NULL), -1);
		EXPECT_EQ(errno, EFAULT);
		EXPECT_EQ(ioctl(self->fd, cmd, (void *)-8L), -1);
		EXPECT_EQ(errno, EFAULT);
		/* The same number with a direction or a size is another one. */
		EXPECT_EQ(ioctl(self->fd, cmd | (1u << 30), &arg), -1);
		EXPECT_EQ(errno, ENOTTY);
		EXPECT_EQ(ioctl(self->fd, cmd | (8u << 16), &arg), -1);
		EXPECT_EQ(errno, ENOTTY);
	}
	EXPECT_EQ(ioctl(self->fd, _IO(ADDRMAP_IOC_MAGIC, 4), &arg), -1);
	EXPECT_EQ(errno, ENOTTY);
	EXPECT_EQ(ioctl(self->fd, 0x5401 /* TCGETS */, &arg), -1);
	EXPECT_EQ(errno, ENOTTY);

	/* A larger struct with nothing new in it is fine. */
	memset(&arg, 0, sizeof(arg));
	arg.info.size = sizeof(arg.info) + 64;
	EXPECT_EQ(ioctl(self->fd, ADDRMAP_INFO, &arg), 0);
	EXPECT_EQ(arg.info.size, sizeof(arg.info) + 64);
	EXPECT_EQ(arg.info.length, self->nr * psize());
	EXPECT_EQ(arg.info.version, ADDRMAP_VERSION);
	EXPECT_EQ(arg.info.state, variant->device ? 0 : ADDRMAP_STATE_PRIVATE);
	/* But the kernel does not look for long. */
	if (psize() < sizeof(arg)) {
		arg.info.size = psize() + 1;
		EXPECT_EQ(ioctl(self->fd, ADDRMAP_INFO, &arg), -1);
		EXPECT_EQ(errno, E2BIG);
	}
}

TEST_F(addrmap, set_length_bad_args)
{
	const __u64 bad[] = {
		0, 1, psize() - 1, psize() + 1, ADDRMAP_MAX_LENGTH + psize(),
		1ULL << 32, 1ULL << 63, -1ULL, -(__u64)psize(),
	};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		EXPECT_EQ(set_length(self->fd, bad[i]), -1);
		EXPECT_EQ(errno, EINVAL);
	}
	EXPECT_EQ(buffer_byte(self->fd, psize()), 2);
}

/* The page frames are those that are mapped, where user space can see them. */
TEST_F(addrmap, translate)
{
	struct addrmap_translate tr, next;
	int pagemap = open("/proc/self/pagemap", O_RDONLY);

	for (size_t i = 0; i < self->nr; i++) {
		ASSERT_EQ(translate(self->fd, i * psize() + 5, &tr), 0);
		EXPECT_NE(tr.pfn, 0);
		EXPECT_EQ(tr.phys, tr.pfn * psize() + 5);
		if (!variant->pinnable || variant->flags != MAP_SHARED)
			continue;
		FORCE_READ(self->map[i * psize()]);
		EXPECT_EQ(pagemap_get_pfn(pagemap, self->map + i * psize()), tr.pfn);
	}
	ASSERT_EQ(translate(self->fd, 0, &tr), 0);
	ASSERT_EQ(translate(self->fd, psize(), &next), 0);
	/* One is said to be contiguous, and one to the kernel. */
	if (!strncmp(variant->node, "pfn", 3)) {
		EXPECT_EQ(next.pfn, tr.pfn + 1);
	}
	if (!strcmp(variant->node, "vmalloc") || !strcmp(variant->node, "pages")) {
		EXPECT_EQ(next.kaddr, tr.kaddr + psize());
	}

	EXPECT_EQ(translate(self->fd, self->nr * psize(), &tr), -1);
	EXPECT_EQ(errno, EINVAL);
	EXPECT_EQ(translate(self->fd, -1ULL, &tr), -1);
	EXPECT_EQ(errno, EINVAL);
	close(pagemap);
}

static int translate_as_user(void *arg)
{
	struct addrmap_translate tr;

	if (setresuid(65534, 65534, 65534))
		return 10;
	/* An open file may be handed to anybody. */
	if (translate(*(int *)arg, 0, &tr))
		return 11;
	return tr.kaddr || tr.pfn || tr.phys;
}

static int open_as_user(void *arg)
{
	if (setresgid(65534, 65534, 65534) || setresuid(65534, 65534, 65534))
		return 10;
	return open_node(arg, O_RDONLY) >= 0 || errno != EACCES;
}

static int map_private_as_user(void *arg)
{
	if (setresuid(65534, 65534, 65534))
		return -1;
	return mmap(NULL, psize(), PROT_READ, MAP_PRIVATE, *(int *)arg, 0) ==
	       MAP_FAILED ? errno : 0;
}

TEST_F(addrmap, unprivileged)
{
	EXPECT_EQ(in_child(translate_as_user, &self->fd), 0);
	/* /proc/PID/maps would show a physical address. */
	if (!strcmp(variant->node, "pfn"))
		EXPECT_EQ(in_child(map_private_as_user, &self->fd), EPERM);
	EXPECT_EQ(in_child(open_as_user, (void *)variant->node), 0);
}

/* Through pinned user pages: unaligned on both sides, over several pages. */
/* What follows a mapping is not what follows it in the buffer. */
TEST_F(addrmap, debugger_reads_past_end)
{
	int mem = open("/proc/self/mem", O_RDONLY);
	char *end = self->map + 8 * psize(), b[16];
	ssize_t n;

	NEEDS_MAPPING();
	ASSERT_GE(mem, 0);
	ASSERT_EQ(mmap(end, (self->nr - 8) * psize(), PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0), end);
	memset(end, 0x55, 8);
	n = pread(mem, b, sizeof(b), (uintptr_t)end - 8);
	/* Without pages, nothing tells what a private mapping has copied. */
	if (n < 0 && variant->flags == MAP_PRIVATE) {
		EXPECT_EQ(errno, EIO);
	} else {
		ASSERT_EQ(n, (ssize_t)sizeof(b));
		EXPECT_EQ(b[7], 0);
		EXPECT_EQ(memcmp(b + 8, end, 8), 0);
	}
	close(mem);
}

/* How many pages are pinned, in the whole machine. */
static long pinned(void)
{
	int refresh = open("/proc/sys/vm/stat_refresh", O_WRONLY);
	FILE *f = fopen("/proc/vmstat", "r");
	long sum = 0, value;
	char name[64];

	/* Each CPU keeps some of the count to itself. */
	if (refresh >= 0) {
		write(refresh, "1", 1);
		close(refresh);
	}
	while (f && fscanf(f, "%63s %ld", name, &value) == 2) {
		if (!strcmp(name, "nr_foll_pin_acquired"))
			sum += value;
		else if (!strcmp(name, "nr_foll_pin_released"))
			sum -= value;
	}
	if (f)
		fclose(f);
	return sum;
}

TEST_F(addrmap, transfer)
{
	size_t len = 5 * psize() + 100;
	char *p = guarded(8), *end = p + 8 * psize();
	char *from = p + 3, *to = malloc(len);
	long pins = pinned();

	ASSERT_NE(p, NULL);
	ASSERT_NE(to, NULL);
	for (size_t i = 0; i < len; i++)
		from[i] = i * 7 + (i >> 9);
	ASSERT_EQ(transfer(self->fd, psize() + 9, from, len, true), (long)len);
	ASSERT_EQ(pread(self->fd, to, len, psize() + 9), (ssize_t)len);
	EXPECT_EQ(memcmp(from, to, len), 0);
	EXPECT_EQ(buffer_byte(self->fd, psize() + 8), 0);
	EXPECT_EQ(buffer_byte(self->fd, psize() + 9 + len), 0);

	memset(p, 0, 8 * psize());
	ASSERT_EQ(transfer(self->fd, psize() + 9, end - len, len, false), (long)len);
	EXPECT_EQ(memcmp(end - len, to, len), 0);
	EXPECT_EQ(end[-(long)len - 1], 0);

	/* Up to the page that cannot be pinned. */
	EXPECT_EQ(transfer(self->fd, 0, end - psize() - 5, 2 * psize(), false),
		  (long)psize() + 5);
	EXPECT_EQ(transfer(self->fd, 0, end, psize(), false), -1);
	EXPECT_EQ(errno, EFAULT);
	/* Nothing is to be written where it is not allowed. */
	ASSERT_EQ(mprotect(p, 8 * psize(), PROT_READ), 0);
	EXPECT_EQ(transfer(self->fd, 0, p, 1, false), -1);
	EXPECT_EQ(errno, EFAULT);
	EXPECT_EQ(transfer(self->fd, 0, p, 1, true), 1);
	EXPECT_EQ(pinned(), pins);
	free(to);
}

/*
 * Clean pages are dropped when memory is short, since nobody has written to them.
 * Who did so behind the back of the page tables has to tell when unpinning them.
 */
TEST_F(addrmap, transfer_to_clean_page)
{
	char *p = guarded(2);

	ASSERT_NE(p, NULL);
	memset(p, 'u', 2 * psize());
	ASSERT_EQ(madvise(p, 2 * psize(), MADV_FREE), 0);
	ASSERT_EQ(transfer(self->fd, psize(), p, psize(), false), (long)psize());
	ASSERT_EQ(madvise(p, 2 * psize(), MADV_PAGEOUT), 0);
	if (p[psize()])
		SKIP(return, "needs a MADV_PAGEOUT that drops clean pages");
	EXPECT_PAGE(p, 1);
}

TEST_F(addrmap, transfer_bad_args)
{
	const size_t ps = psize(), len = self->nr * ps;
	char *p = guarded(1);
	const struct {
		__u64 offset;
		void *addr;
		__u64 len;
		int err;
	} bad[] = {
		{ 0, p, 0, EINVAL },
		{ len, p, 1, EINVAL },
		{ len - 1, p, 2, EINVAL },
		{ 0, p, len + 1, EINVAL },
		{ -1ULL, p, 2, EINVAL },
		{ 1, p, -1ULL, EINVAL },
		{ 0, NULL, 1, EFAULT },
		{ 0, (void *)-1L, 1, EFAULT },
		{ 0, (void *)-4096L, 2 * ps, EFAULT },
	};

	ASSERT_NE(p, NULL);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		for (int to_buffer = 0; to_buffer < 2; to_buffer++) {
			struct addrmap_transfer tr = {
				.size = sizeof(tr),
				.flags = to_buffer,
				.offset = bad[i].offset,
				.addr = (uintptr_t)bad[i].addr,
				.length = bad[i].len,
			};

			EXPECT_EQ(ioctl(self->fd, ADDRMAP_TRANSFER, &tr), -1);
			EXPECT_EQ(errno, bad[i].err) {
				TH_LOG("row %zu: %s", i, strerror(errno));
			}
		}
	}
}

/* Pages that a mapping has can be pinned, if it has pages to the kernel. */
TEST_F(addrmap, transfer_own_map)
{
	NEEDS_MAPPING();
	if (!variant->pinnable) {
		EXPECT_EQ(transfer(self->fd, 0, self->map + psize(), 1, true), -1);
		EXPECT_EQ(errno, EFAULT);
		return;
	}
	EXPECT_EQ(transfer(self->fd, 0, self->map + psize(), 2 * psize(), true),
		  2 * (long)psize());
	EXPECT_EQ(buffer_byte(self->fd, 0), 2);
	EXPECT_EQ(buffer_byte(self->fd, psize()), 3);
	EXPECT_EQ(transfer(self->fd, 9 * psize(), self->map + 4 * psize(), 10, false),
		  10);
	EXPECT_PAGE(self->map + 4 * psize(), 9);
}

struct other_arg {
	const char *node;
	char *map;
};

static int other_process(void *p)
{
	struct other_arg *arg = p;
	int fd = open_node(arg->node, O_RDWR);
	char c = 0;

	if (fd < 0 || pread(fd, &c, 1, 0) != 1 || c != 40)
		return 1;
	c = 41;
	return pwrite(fd, &c, 1, psize()) != 1;
}

/* All who open a node share a buffer: two processes, one by write(), one by mmap(). */
TEST_F(addrmap, shared_buffer)
{
	int fd = open_node(variant->node, O_RDWR);
	struct other_arg arg = { .node = variant->node };

	NEEDS_MAPPING();
	ASSERT_GE(fd, 0);
	arg.map = mmap(NULL, 2 * psize(), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	ASSERT_NE(arg.map, MAP_FAILED);
	arg.map[0] = 40;
	EXPECT_EQ(in_child(other_process, &arg), 0);
	EXPECT_EQ(arg.map[psize()], 41);
	/* The private buffer is another one. */
	if (!variant->device) {
		EXPECT_EQ(buffer_byte(self->fd, psize()), 2);
	}
	munmap(arg.map, 2 * psize());
	close(fd);
}

/* Nobody sees what others left in the memory. */
TEST_F(addrmap, new_buffer_zero)
{
	size_t len = 64 * psize();
	char *p = malloc(len), *zero = calloc(1, len);

	if (variant->device)
		return;
	ASSERT_NE(p, NULL);
	ASSERT_NE(zero, NULL);
	for (int i = 0; i < 8; i++) {
		int fd = open_node(variant->node, O_RDWR);

		ASSERT_GE(fd, 0);
		ASSERT_EQ(set_length(fd, len), 0);
		memset(p, 0xee, len);
		ASSERT_EQ(pread(fd, p, len, 0), (ssize_t)len);
		EXPECT_EQ(memcmp(p, zero, len), 0);
		memset(p, 0xee, len);
		ASSERT_EQ(pwrite(fd, p, len, 0), (ssize_t)len);
		close(fd);
	}
	free(p);
	free(zero);
}

/* Code that is in use by a mapping cannot go away, even if no file is open. */
TEST_F(addrmap, module_unload_refused)
{
	NEEDS_MAPPING();
	close(self->fd);
	EXPECT_EQ(syscall(SYS_delete_module, "addrmap", O_NONBLOCK), -1);
	if (errno == ENOENT) {
		self->fd = -1;
		SKIP(return, "needs CONFIG_ADDRMAP=m");
	}
	EXPECT_EQ(errno, EAGAIN);
	EXPECT_PAGE(self->map, 0);
	self->fd = open_node(variant->node, O_RDWR);
	ASSERT_GE(self->fd, 0);
}

static int write_text(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY);
	int err = fd < 0 || write(fd, text, strlen(text)) < 0;

	if (fd >= 0)
		close(fd);
	return err;
}

static long mem_free(void)
{
	FILE *f = fopen("/proc/meminfo", "r");
	char line[128];
	long kib = 0;

	while (f && fgets(line, sizeof(line), f) &&
	       sscanf(line, "MemFree: %ld", &kib) != 1)
		;
	if (f)
		fclose(f);
	return kib << 10;
}

/* Everything that allocates, and its undoing; 0 or the errno of what failed. */
static int use_node(const char *node, int flags, bool device, size_t len)
{
	int fd = open_node(node, O_RDWR), err = 0;
	char buf[64], *map;

	if (fd < 0)
		return errno;
	if (device) {
		len = psize();
	} else if (set_length(fd, len)) {
		err = errno;
		close(fd);
		return err;
	}
	map = mmap(NULL, len, PROT_READ | PROT_WRITE, flags, fd, 0);
	if (map == MAP_FAILED) {
		err = errno;
	} else {
		map[0] = 1;
		munmap(map, len);
	}
	if (!err && pwrite(fd, "x", 1, 0) != 1)
		err = errno;
	if (!err && transfer(fd, 0, buf, sizeof(buf), false) != sizeof(buf))
		err = errno;
	close(fd);

	return err;
}

/* How many allocations there were to fail; *@err is what came without a failure. */
static int fail_each(struct __test_metadata *_metadata,
		     const FIXTURE_VARIANT(addrmap) *variant, int fail_nth,
		     size_t len, int *err)
{
	for (int n = 1; ; n++) {
		char text[16];

		snprintf(text, sizeof(text), "%d", n);
		ASSERT_GT(pwrite(fail_nth, text, strlen(text), 0), 0);
		*err = use_node(variant->node, variant->flags, variant->device, len);
		/* If it is not 0 there was nothing left to fail, but for this. */
		memset(text, 0, sizeof(text));
		if (pread(fail_nth, text, sizeof(text) - 1, 0) <= 0 || atoi(text)) {
			pwrite(fail_nth, "0", 1, 0);
			return n - 1;
		}
		/* A failing copy is a fault. x86 says EINVAL of device memory. */
		if (*err && *err != ENOMEM && *err != EFAULT && *err != ENFILE &&
		    !(variant->device && *err == EINVAL)) {
			ASSERT_EQ(*err, 0);
		}
	}
}

/* Each allocation fails in turn: that is reported, and nothing is lost. */
TEST_F(addrmap, alloc_fails)
{
	static const char * const setup[][2] = {
		{ "/sys/kernel/debug/failslab/ignore-gfp-wait", "N" },
		{ "/sys/kernel/debug/fail_page_alloc/ignore-gfp-wait", "N" },
		{ "/sys/kernel/debug/fail_page_alloc/ignore-gfp-highmem", "N" },
		{ "/sys/kernel/debug/fail_page_alloc/min-order", "0" },
		/* Hundreds of call traces would tell nothing. */
		{ "/sys/kernel/debug/failslab/verbose", "0" },
		{ "/sys/kernel/debug/fail_page_alloc/verbose", "0" },
	};
	const size_t len = 512 * psize();
	int fail_nth, failed, err;
	long lost = LONG_MAX;

	NEEDS_MAPPING();
	for (size_t i = 0; i < ARRAY_SIZE(setup); i++) {
		if (write_text(setup[i][0], setup[i][1]))
			SKIP(return, "needs debugfs, CONFIG_FAILSLAB, CONFIG_FAIL_PAGE_ALLOC");
	}
	/* There with CONFIG_FAULT_INJECTION_USERCOPY; then copies fail, too. */
	write_text("/sys/kernel/debug/fail_usercopy/verbose", "0");
	fail_nth = open("/proc/thread-self/fail-nth", O_RDWR);
	ASSERT_GE(fail_nth, 0);

	/* Some memory goes to caches and stays there, but not every time. */
	for (int pass = 0; pass < 5 && lost > (long)len / 2; pass++) {
		lost = mem_free();
		failed = fail_each(_metadata, variant, fail_nth, len, &err);
		lost -= mem_free();
		EXPECT_EQ(err, 0);
		EXPECT_GT(failed, 3);
	}
	EXPECT_LE(lost, (long)len / 2) {
		TH_LOG("%d failures, %ld KiB lost each time", failed, lost >> 10);
	}
	close(fail_nth);
}

struct race {
	int fd;
	size_t nr;
	int flags;
	atomic_bool stop;
	atomic_int bad;
};

static void *race_resize(void *p)
{
	struct race *race = p;
	unsigned int seed = 1;

	while (!race->stop) {
		if (set_length(race->fd, (1 + rand_r(&seed) % race->nr) * psize()) &&
		    errno != EBUSY)
			race->bad++;
	}
	return NULL;
}

static void *race_map(void *p)
{
	struct race *race = p;
	unsigned int seed = 2;

	while (!race->stop) {
		size_t len = (1 + rand_r(&seed) % race->nr) * psize();
		char *map = mmap(NULL, len, PROT_READ | PROT_WRITE, race->flags,
				 race->fd, 0);

		if (map == MAP_FAILED) {
			if (errno != EINVAL)
				race->bad++;
			continue;
		}
		/* mmap() said that the buffer has this, so it must stay. */
		map[0] = 1;
		map[len - 1] = 1;
		/* In two pieces, of which the second is not yet another's. */
		if (munmap(map, psize()))
			race->bad++;
		if (len > psize() && munmap(map + psize(), len - psize()))
			race->bad++;
	}
	return NULL;
}

static void *race_copy(void *p)
{
	struct race *race = p;
	size_t len = race->nr * psize();
	char *b = malloc(len);

	while (!race->stop) {
		ssize_t n = pread(race->fd, b, len, 0);

		if (n <= 0 || n % psize())
			race->bad++;
		n = pwrite(race->fd, b, len, 0);
		if (n <= 0 || n % psize())
			race->bad++;
		if (transfer(race->fd, 0, b, psize(), true) < 0)
			race->bad++;
	}
	free(b);
	return NULL;
}

static void *race_fork(void *p)
{
	struct race *race = p;

	while (!race->stop) {
		if (in_child(child_exits, NULL))
			race->bad++;
		usleep(1000);
	}
	return NULL;
}

/*
 * Threads map, unmap, resize, copy and fork at once. A buffer that was freed
 * under a mapping is a crash here, or a report of KASAN or of the page allocator.
 */
TEST_F(addrmap, race)
{
	void *(*fns[])(void *) = {
		race_map, race_map, race_copy, race_fork, race_resize
	};
	struct race race = {
		.fd = open_node(variant->node, O_RDWR),
		.nr = NR_PAGES,
		.flags = variant->flags,
	};
	size_t nr = ARRAY_SIZE(fns) - variant->device;
	pthread_t threads[ARRAY_SIZE(fns)];

	NEEDS_MAPPING();
	ASSERT_GE(race.fd, 0);
	for (size_t i = 0; i < nr; i++)
		ASSERT_EQ(pthread_create(&threads[i], NULL, fns[i], &race), 0);
	usleep(500000);
	race.stop = true;
	for (size_t i = 0; i < nr; i++)
		pthread_join(threads[i], NULL);
	EXPECT_EQ(race.bad, 0);
	close(race.fd);
}

/* The blocks of /dev/addrmap/huge are mapped as such. */
TEST(huge_pmd)
{
	__u64 pmd = read_pmd_pagesize();
	int fd = open_node("huge", O_RDWR);
	char *map;

	if (fd < 0)
		SKIP(return, "needs CONFIG_ADDRMAP");
	if (!pmd || pmd > ADDRMAP_SHARED_LENGTH)
		SKIP(return, "needs CONFIG_TRANSPARENT_HUGEPAGE and PMDs of 2 MiB");
	ASSERT_EQ(set_length(fd, 4 * pmd), 0);
	map = mmap(NULL, 4 * pmd, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	ASSERT_NE(map, MAP_FAILED);
	if (sizeof(long) == 4) {
		/* The address space is too small to align mappings unasked. */
		munmap(map, 4 * pmd);
		map = mmap(NULL, 5 * pmd, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		ASSERT_NE(map, MAP_FAILED);
		map += -(uintptr_t)map % pmd;
		ASSERT_EQ(mmap(map, 4 * pmd, PROT_READ | PROT_WRITE,
			       MAP_SHARED | MAP_FIXED, fd, 0), map);
	}
	EXPECT_EQ((uintptr_t)map % pmd, 0);
	for (int i = 0; i < 4; i++)
		map[i * pmd + psize()] = i + 1;
	EXPECT_TRUE(check_huge_file(map, 4, pmd));
	for (int i = 0; i < 4; i++)
		EXPECT_EQ(buffer_byte(fd, i * pmd + psize()), i + 1);

	/* A part of a block: the rest of it is mapped by pages from now on. */
	ASSERT_EQ(munmap(map + pmd + psize(), psize()), 0);
	EXPECT_EQ(access_signal(map + pmd + psize(), false), SIGSEGV);
	EXPECT_EQ(access_signal(map + pmd + 2 * psize(), true), 0);
	EXPECT_EQ(map[3 * pmd + psize()], 4);
	munmap(map, 4 * pmd);

	/* Private: read by blocks, written to by pages. */
	map = mmap(NULL, 2 * pmd, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	ASSERT_NE(map, MAP_FAILED);
	EXPECT_EQ(map[psize()], 1);
	EXPECT_EQ(map[pmd + psize()], 2);
	map[psize()] = 9;
	EXPECT_EQ(map[psize()], 9);
	EXPECT_EQ(buffer_byte(fd, psize()), 1);
	EXPECT_EQ(map[2 * psize()], 0);
	munmap(map, 2 * pmd);

	/* No block lies in the mapping as an entry for it would show it. */
	map = mmap(NULL, 3 * pmd, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(map, MAP_FAILED);
	map += -(uintptr_t)map % pmd;
	ASSERT_EQ(mmap(map, 2 * pmd, PROT_READ, MAP_SHARED | MAP_FIXED, fd,
		       psize()), map);
	EXPECT_EQ(map[0], 1);
	EXPECT_EQ(map[pmd], 2);
	ASSERT_EQ(mmap(map, psize(), PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS |
		       MAP_FIXED, -1, 0), map);
	ASSERT_EQ(mmap(map + psize(), 2 * pmd - psize(), PROT_READ,
		       MAP_SHARED | MAP_FIXED, fd, psize()), map + psize());
	EXPECT_EQ(map[psize()], 1);
	EXPECT_EQ(access_signal(map, false), SIGSEGV);
	munmap(map, 2 * pmd);
	close(fd);
}

/* One fault maps what is around it, too, as far as the mapping goes. */
TEST(fault_around)
{
	int fd = open_node("fault", O_RDWR);
	const size_t len = NR_PAGES * psize();
	unsigned char there[NR_PAGES] = {};
	char *map;

	if (fd < 0)
		SKIP(return, "needs CONFIG_ADDRMAP");
	ASSERT_EQ(set_length(fd, 2 * len), 0);
	/* What is around begins and ends at a multiple of this, or of more. */
	map = mmap(NULL, 2 * len, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(map, MAP_FAILED);
	map += -(uintptr_t)map % len;
	ASSERT_EQ(mmap(map, len, PROT_READ, MAP_SHARED | MAP_FIXED, fd, 0), map);
	EXPECT_EQ(access_signal(map, false), 0);
	ASSERT_EQ(mincore(map, len, there), 0);
	for (int i = 0; i < NR_PAGES; i++)
		EXPECT_EQ(there[i] & 1, 1);
	munmap(map, len);
	close(fd);
}

TEST_HARNESS_MAIN
