// SPDX-License-Identifier: GPL-2.0-only
/*
 * What user space can do with kernel memory that a driver maps: every node of
 * the sample driver (CONFIG_ADDRMAP), mapped shared and private.
 *
 * The tests of the fixture addrmap_node are about the file, those of addrmap
 * about a mapping of it. Each test has a buffer of its own, of which page n
 * starts with n + 1.
 */
#define _GNU_SOURCE
#define _FILE_OFFSET_BITS 64
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>

#include "kselftest_harness.h"
#include "vm_util.h"
#include "addrmap_util.h"

/*
 * Seconds for a test that does a lot, because the harness' limit of 30 must not
 * decide on a kernel with KASAN and lockdep in an emulated machine.
 */
#define SLOW_TIMEOUT	600

/* How often each thread of the race does what it does, at least. */
#define RACE_ROUNDS	20

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

/*
 * Open @node, with a buffer of @nr pages of its own or the device's memory that
 * there is, number its pages and map all of it.
 */
static void map_node(struct __test_metadata *_metadata, const char *node,
		     int flags, int *fd, size_t *nr, char **map)
{
	const char *missing = addrmap_missing(node);
	struct addrmap_info info;
	char *page;

	*map = MAP_FAILED;
	if (missing)
		SKIP(return, "%s", missing);
	*fd = addrmap_open(node, O_RDWR);
	ASSERT_GE(*fd, 0) {
		TH_LOG("/dev/addrmap/%s: %s", node, strerror(errno));
	}

	if (!addrmap_is_device(node)) {
		ASSERT_EQ(addrmap_set_length(*fd, NR_PAGES * psize()), 0) {
			TH_LOG("/dev/addrmap/%s: %s", node, strerror(errno));
		}
	}
	ASSERT_EQ(ioctl(*fd, ADDRMAP_INFO, &info), 0);
	*nr = info.length / psize();
	page = calloc(1, psize());
	ASSERT_NE(page, NULL);
	for (size_t i = 0; i < *nr; i++) {
		page[0] = i + 1;
		ASSERT_EQ(pwrite(*fd, page, psize(), i * psize()),
			  (ssize_t)psize());
	}
	free(page);

	*map = mmap(NULL, *nr * psize(), PROT_READ | PROT_WRITE, flags, *fd, 0);
	ASSERT_NE(*map, MAP_FAILED) {
		TH_LOG("/dev/addrmap/%s: %s", node, strerror(errno));
	}
}

FIXTURE(addrmap_node)
{
	int fd;
	size_t nr;	/* pages of the buffer */
	char *map;	/* all of it, shared */
};

FIXTURE_VARIANT(addrmap_node)
{
	const char *node;
	bool no_private; /* mmap(MAP_PRIVATE) fails with EINVAL */
	bool pages;	/* what is mapped are pages to the memory manager */
	bool no_frames;	/* the driver does not know the page frames */
	bool device;	/* the memory is a device's: there is one buffer only */
};

#define NODE(_name, _node, ...)					\
	FIXTURE_VARIANT_ADD(addrmap_node, _name)		\
	{							\
		.node = _node,					\
		__VA_ARGS__					\
	}

NODE(pfn, "pfn");
NODE(pages, "pages", .pages = true);
NODE(vmalloc, "vmalloc", .pages = true);
NODE(fault, "fault", .pages = true);
NODE(fault_around, "fault-around", .pages = true);
NODE(pfn_fault, "pfn-fault", .no_private = true);
NODE(pfn_fault_around, "pfn-fault-around", .no_private = true);
NODE(huge, "huge", .pages = true);
NODE(pfn_huge, "pfn-huge", .no_private = true);
NODE(segments, "segments", .no_private = true);
NODE(written, "written", .pages = true);
NODE(pfn_written, "pfn-written", .no_private = true);
NODE(revoke, "revoke", .pages = true);
NODE(dma, "dma", .no_private = true, .no_frames = true);
NODE(io, "io", .no_private = true, .device = true);
NODE(io_huge, "io-huge", .no_private = true, .device = true);

FIXTURE_SETUP(addrmap_node)
{
	map_node(_metadata, variant->node, MAP_SHARED, &self->fd, &self->nr,
		 &self->map);
}

FIXTURE_TEARDOWN(addrmap_node)
{
	if (self->map != MAP_FAILED)
		munmap(self->map, self->nr * psize());
	close(self->fd);
}

FIXTURE(addrmap)
{
	int fd;
	size_t nr;	/* pages of the buffer */
	char *map;	/* all of it */
};

FIXTURE_VARIANT(addrmap)
{
	const char *node;
	int flags;	/* MAP_SHARED or MAP_PRIVATE */
	bool pinnable;	/* get_user_pages() works on the mapping */
	bool device;	/* the memory is a device's: there is one buffer only */
};

#define MAPPING(_name, _node, ...)				\
	FIXTURE_VARIANT_ADD(addrmap, _name)			\
	{							\
		.node = _node,					\
		__VA_ARGS__					\
	}

/* Those that there are: see the test private_refused. */
MAPPING(pfn_shared, "pfn", .flags = MAP_SHARED);
MAPPING(pfn_private, "pfn", .flags = MAP_PRIVATE);
MAPPING(pages_shared, "pages", .flags = MAP_SHARED, .pinnable = true);
MAPPING(pages_private, "pages", .flags = MAP_PRIVATE, .pinnable = true);
MAPPING(vmalloc_shared, "vmalloc", .flags = MAP_SHARED, .pinnable = true);
MAPPING(vmalloc_private, "vmalloc", .flags = MAP_PRIVATE, .pinnable = true);
MAPPING(fault_shared, "fault", .flags = MAP_SHARED, .pinnable = true);
MAPPING(fault_private, "fault", .flags = MAP_PRIVATE, .pinnable = true);
MAPPING(fault_around_shared, "fault-around", .flags = MAP_SHARED, .pinnable = true);
MAPPING(fault_around_private, "fault-around", .flags = MAP_PRIVATE, .pinnable = true);
MAPPING(pfn_fault_shared, "pfn-fault", .flags = MAP_SHARED);
MAPPING(pfn_fault_around_shared, "pfn-fault-around", .flags = MAP_SHARED);
MAPPING(huge_shared, "huge", .flags = MAP_SHARED, .pinnable = true);
MAPPING(huge_private, "huge", .flags = MAP_PRIVATE, .pinnable = true);
MAPPING(pfn_huge_shared, "pfn-huge", .flags = MAP_SHARED);
MAPPING(segments_shared, "segments", .flags = MAP_SHARED);
MAPPING(written_shared, "written", .flags = MAP_SHARED, .pinnable = true);
MAPPING(written_private, "written", .flags = MAP_PRIVATE, .pinnable = true);
MAPPING(pfn_written_shared, "pfn-written", .flags = MAP_SHARED);
MAPPING(revoke_shared, "revoke", .flags = MAP_SHARED, .pinnable = true);
MAPPING(revoke_private, "revoke", .flags = MAP_PRIVATE, .pinnable = true);
MAPPING(dma_shared, "dma", .flags = MAP_SHARED);
MAPPING(io_shared, "io", .flags = MAP_SHARED, .device = true);
MAPPING(io_huge_shared, "io-huge", .flags = MAP_SHARED, .device = true);

FIXTURE_SETUP(addrmap)
{
	map_node(_metadata, variant->node, variant->flags, &self->fd,
		 &self->nr, &self->map);
}

FIXTURE_TEARDOWN(addrmap)
{
	if (self->map != MAP_FAILED)
		munmap(self->map, self->nr * psize());
	close(self->fd);
}

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
	for (size_t i = 0; i < self->nr; i++)
		EXPECT_PAGE(self->map + i * psize(), i);
}

/* Whoever write()s changes what a mapping shows, until it has a copy. */
TEST_F(addrmap, map_sees_write)
{
	char c = 99;

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
	close(self->fd);
	for (size_t i = 0; i < self->nr; i++)
		EXPECT_PAGE(self->map + i * psize(), i);
	self->map[0] = 5;
	EXPECT_EQ(self->map[0], 5);
	self->fd = addrmap_open(variant->node, O_RDWR);
	ASSERT_GE(self->fd, 0);
}

static int child_exits(void *arg)
{
	return 0;
}

/*
 * Each VMA counts once, in pieces, moved, or a child's, until it is unmapped: what
 * ->mapped and ->open take, ->close gives back.
 */
TEST_F(addrmap, mappings_counted)
{
	char *to = guarded(1);

	ASSERT_NE(to, NULL);
	EXPECT_EQ(addrmap_mappings(self->fd), 1);
	ASSERT_EQ(munmap(self->map + psize(), psize()), 0);
	EXPECT_EQ(addrmap_mappings(self->fd), 2);
	ASSERT_EQ(mremap(self->map, psize(), psize(), MREMAP_MAYMOVE |
			 MREMAP_FIXED, to), to);
	EXPECT_EQ(addrmap_mappings(self->fd), 2);
	ASSERT_EQ(in_child(child_exits, NULL), 0);
	EXPECT_EQ(addrmap_mappings(self->fd), 2);
	ASSERT_EQ(munmap(to, psize()), 0);
	EXPECT_EQ(addrmap_mappings(self->fd), 1);
	ASSERT_EQ(munmap(self->map, self->nr * psize()), 0);
	EXPECT_EQ(addrmap_mappings(self->fd), 0);
	self->map = MAP_FAILED;
}

/* A file gets a buffer of its own once, whether the first one is mapped or not. */
TEST_F(addrmap_node, set_length_twice)
{
	EXPECT_EQ(addrmap_set_length(self->fd, psize()), -1);
	EXPECT_EQ(errno, variant->device ? EOPNOTSUPP : EBUSY);
	EXPECT_EQ(buffer_byte(self->fd, psize()), 2);
	EXPECT_PAGE(self->map + psize(), 1);
}

/*
 * A mapping stays what it is when the file gets another buffer: the shared one,
 * which is not freed. What is mapped from then on is the new one.
 */
TEST_F(addrmap_node, set_length_while_mapped)
{
	int other = addrmap_open(variant->node, O_RDWR);
	int fd = addrmap_open(variant->node, O_RDWR);
	char c = 91, *before, *after;

	if (variant->device)
		SKIP(return, "needs a node whose buffer is not a device's memory");
	ASSERT_GE(other, 0);
	ASSERT_GE(fd, 0);
	before = mmap(NULL, psize(), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	ASSERT_NE(before, MAP_FAILED);
	ASSERT_EQ(addrmap_set_length(fd, psize()), 0);
	after = mmap(NULL, psize(), PROT_READ, MAP_SHARED, fd, 0);
	ASSERT_NE(after, MAP_FAILED);

	ASSERT_EQ(pwrite(fd, &c, 1, 0), 1);
	c = 92;
	ASSERT_EQ(pwrite(other, &c, 1, 0), 1);
	EXPECT_EQ(*before, 92);
	EXPECT_EQ(*after, 91);
	*before = 93;
	EXPECT_EQ(buffer_byte(other, 0), 93);
	munmap(before, psize());
	munmap(after, psize());
	close(other);
	close(fd);
}

/*
 * What would not be private is not mapped at all, rather than shared. That it cannot
 * be written to now is no reason, because mprotect() can change that.
 */
TEST_F(addrmap_node, private_refused)
{
	for (int prot = PROT_READ; prot <= (PROT_READ | PROT_WRITE); prot += PROT_WRITE) {
		char *p = mmap(NULL, psize(), prot, MAP_PRIVATE, self->fd, 0);

		if (variant->no_private) {
			EXPECT_EQ(p, MAP_FAILED) {
				TH_LOG("prot %#x", prot);
			}
			EXPECT_EQ(errno, EINVAL) {
				TH_LOG("prot %#x: %s", prot, strerror(errno));
			}
			continue;
		}
		ASSERT_NE(p, MAP_FAILED) {
			TH_LOG("prot %#x: %s", prot, strerror(errno));
		}
		EXPECT_PAGE(p, 0);
		EXPECT_EQ(munmap(p, psize()), 0);
	}
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
		EXPECT_EQ(errno, bad[i].err) {
			TH_LOG("row %zu: %s", i, strerror(errno));
		}
	}
}

/* Data is not code, at no time: or who can write to a device could run what he wrote. */
TEST_F(addrmap, exec_refused)
{
	EXPECT_EQ(mmap(NULL, psize(), PROT_READ | PROT_EXEC, variant->flags,
		       self->fd, 0), MAP_FAILED);
	EXPECT_EQ(errno, EPERM);
	EXPECT_EQ(mprotect(self->map, psize(), PROT_READ | PROT_EXEC), -1);
	EXPECT_EQ(errno, EACCES);
	EXPECT_EQ(access_signal(self->map, true), 0);
}

/* Who could not write() cannot write to the buffer by a mapping either. */
TEST_F(addrmap_node, read_only_open)
{
	int fd = addrmap_open(variant->node, O_RDONLY);
	char c = 0, *p;

	ASSERT_GE(fd, 0);
	EXPECT_EQ(write(fd, &c, 1), -1);
	EXPECT_EQ(errno, EBADF);
	EXPECT_EQ(addrmap_transfer(fd, 0, &c, 1, true), -1);
	EXPECT_EQ(errno, EBADF);
	EXPECT_EQ(addrmap_transfer(fd, 0, &c, 1, false), 1);

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

/*
 * Who could not read() cannot read the buffer by a mapping or a transfer either. Not
 * even to write can it be mapped, because CPUs cannot map what is only written.
 */
TEST_F(addrmap_node, write_only_open)
{
	int fd = addrmap_open(variant->node, O_WRONLY);
	char c = 1;

	ASSERT_GE(fd, 0);
	EXPECT_EQ(read(fd, &c, 1), -1);
	EXPECT_EQ(errno, EBADF);
	EXPECT_EQ(addrmap_transfer(fd, 0, &c, 1, false), -1);
	EXPECT_EQ(errno, EBADF);
	EXPECT_EQ(mmap(NULL, psize(), PROT_READ, MAP_SHARED, fd, 0), MAP_FAILED);
	EXPECT_EQ(errno, EACCES);
	close(fd);
}

/* read(), write() and lseek() treat the buffer as a file of fixed size. */
TEST_F(addrmap_node, file_position)
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
TEST_F(addrmap_node, read_write_unaligned)
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
	EXPECT_EQ(memcmp(self->map + off, in, len), 0);
	free(in);
	free(out);
}

/* Memory that ends too soon: what was copied counts, and no more. */
TEST_F(addrmap_node, read_write_fault)
{
	char *p = guarded(1), *end = p + psize();
	ssize_t n;

	ASSERT_NE(p, NULL);
	EXPECT_EQ(pread(self->fd, end, 1, 0), -1);
	EXPECT_EQ(errno, EFAULT);
	EXPECT_EQ(pwrite(self->fd, end, 1, 0), -1);
	EXPECT_EQ(errno, EFAULT);
	EXPECT_EQ(read(self->fd, (void *)-(long)psize(), 10), -1);
	EXPECT_EQ(errno, EFAULT);
	EXPECT_EQ(lseek(self->fd, 0, SEEK_CUR), 0);

	memset(p, 0x55, psize());
	n = read(self->fd, end - 128, 256);
	EXPECT_GT(n, 0);
	EXPECT_LE(n, 128);
	EXPECT_EQ(lseek(self->fd, 0, SEEK_CUR), n);
	EXPECT_PAGE(end - 128, 0);

	/* What is behind that stays, whatever it was. */
	memset(p, 0x11, psize());
	ASSERT_EQ(pwrite(self->fd, p, psize(), psize()), (ssize_t)psize());
	lseek(self->fd, psize(), SEEK_SET);
	memset(p, 0x55, psize());
	n = write(self->fd, end - 128, 256);
	EXPECT_GT(n, 0);
	EXPECT_LE(n, 128);
	EXPECT_EQ(lseek(self->fd, 0, SEEK_CUR), (off_t)psize() + n);
	EXPECT_EQ(buffer_byte(self->fd, psize() + n - 1), 0x55);
	EXPECT_EQ(buffer_byte(self->fd, psize() + n), 0x11);
}

/* A mapping of the buffer is memory to read() into as well, even of itself. */
TEST_F(addrmap, read_into_own_map)
{
	EXPECT_EQ(pread(self->fd, self->map + 3 * psize(), 2 * psize(), 0),
		  2 * (ssize_t)psize());
	EXPECT_PAGE(self->map + 3 * psize(), 0);
	EXPECT_PAGE(self->map + 4 * psize(), 1);
	EXPECT_EQ(pwrite(self->fd, self->map + 5 * psize(), psize(), 6 * psize()),
		  (ssize_t)psize());
	EXPECT_EQ(buffer_byte(self->fd, 6 * psize()), 6);
}

/*
 * splice() moves data to and from the buffer as write() and read() do, at the offset
 * it is given and over the end of a page, because sendfile() and cp go that way.
 */
TEST_F(addrmap_node, splice)
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
TEST_F(addrmap_node, ioctl_bad_args)
{
	struct addrmap_transfer xfer = { .addr = (uintptr_t)&xfer, .length = 1 };
	const unsigned int cmds[] = {
		ADDRMAP_INFO, ADDRMAP_TRANSLATE, ADDRMAP_TRANSFER,
		ADDRMAP_SET_LENGTH,
	};
	char arg[256] = { 0 };

	for (size_t i = 0; i < ARRAY_SIZE(cmds); i++) {
		const struct {
			unsigned int cmd;
			void *arg;
			int err;
		} bad[] = {
			{ .cmd = cmds[i], .arg = NULL, .err = EFAULT },
			{ .cmd = cmds[i], .arg = (void *)-8L, .err = EFAULT },
			/* The same number with another direction or size is another one. */
			{ .cmd = cmds[i] ^ (3u << 30), .arg = arg, .err = ENOTTY },
			{ .cmd = cmds[i] ^ (8u << 16), .arg = arg, .err = ENOTTY },
		};

		for (size_t j = 0; j < ARRAY_SIZE(bad); j++) {
			EXPECT_EQ(ioctl(self->fd, bad[j].cmd, bad[j].arg), -1) {
				TH_LOG("cmds[%zu] %#x, bad[%zu]", i, bad[j].cmd, j);
			}
			EXPECT_EQ(errno, bad[j].err) {
				TH_LOG("cmds[%zu] %#x, bad[%zu]: %s", i, bad[j].cmd, j,
				       strerror(errno));
			}
		}
	}
	EXPECT_EQ(ioctl(self->fd, _IO(ADDRMAP_IOC_MAGIC, 15), arg), -1);
	EXPECT_EQ(errno, ENOTTY);
	EXPECT_EQ(ioctl(self->fd, 0x5401 /* TCGETS */, arg), -1);
	EXPECT_EQ(errno, ENOTTY);
	/* Those of other nodes. */
	if (strcmp(variant->node, "revoke")) {
		EXPECT_EQ(ioctl(self->fd, ADDRMAP_REVOKE, arg), -1);
		EXPECT_EQ(errno, ENOTTY);
	}
	if (!strstr(variant->node, "written")) {
		EXPECT_EQ(ioctl(self->fd, ADDRMAP_WRITTEN, arg), -1);
		EXPECT_EQ(errno, ENOTTY);
	}

	xfer.flags = 0x80000000;
	EXPECT_EQ(ioctl(self->fd, ADDRMAP_TRANSFER, &xfer), -1);
	EXPECT_EQ(errno, EINVAL);
	xfer.flags = 0;
	xfer.reserved = 1;
	EXPECT_EQ(ioctl(self->fd, ADDRMAP_TRANSFER, &xfer), -1);
	EXPECT_EQ(errno, EINVAL);
	EXPECT_EQ(xfer.done, 0);
}

/* What could not be told has failed: who goes by the result would use an old struct. */
TEST_F(addrmap_node, ioctl_read_only_struct)
{
	union {
		struct addrmap_info info;
		struct addrmap_translate translate;
		struct addrmap_transfer transfer;
	} *arg = (void *)guarded(1);
	char byte = 1;

	ASSERT_NE(arg, NULL);
	arg->transfer.addr = (uintptr_t)&byte;
	arg->transfer.length = 1;
	ASSERT_EQ(mprotect(arg, psize(), PROT_READ), 0);
	EXPECT_EQ(ioctl(self->fd, ADDRMAP_TRANSFER, arg), -1);
	EXPECT_EQ(errno, EFAULT);
	EXPECT_EQ(ioctl(self->fd, ADDRMAP_INFO, arg), -1);
	EXPECT_EQ(errno, EFAULT);
	EXPECT_EQ(ioctl(self->fd, ADDRMAP_TRANSLATE, arg), -1);
	EXPECT_EQ(errno, EFAULT);
}

#ifdef __x86_64__
/* ioctl() as a 32-bit program calls it: 0 or -errno. */
static long ioctl_32(int fd, unsigned int cmd, void *arg)
{
	int ret;

	asm volatile("int $0x80"
		     : "=a" (ret)
		     : "a" (54), "b" (fd), "c" (cmd), "d" (arg)
		     : "memory", "r8", "r9", "r10", "r11");
	return ret;
}

static int ioctl_32_child(void *p)
{
	return -ioctl_32(*(int *)p, ADDRMAP_INFO, NULL);
}

/* 32-bit programs have the same ioctls, because the structs are the same for them. */
TEST_F(addrmap_node, ioctl_32)
{
	struct addrmap_info *info = mmap(NULL, psize(), PROT_READ | PROT_WRITE,
					 MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	struct addrmap_translate *tr = (void *)info;
	int err = in_child(ioctl_32_child, &self->fd);

	if (err == 256 + SIGSEGV)
		SKIP(return, "needs CONFIG_IA32_EMULATION");
	EXPECT_EQ(err, EFAULT);
	ASSERT_NE(info, MAP_FAILED);
	EXPECT_EQ(ioctl_32(self->fd, ADDRMAP_INFO, info), 0);
	EXPECT_EQ(info->length, self->nr * psize());
	tr->offset = psize() + 5;
	EXPECT_EQ(ioctl_32(self->fd, ADDRMAP_TRANSLATE, tr), 0);
	EXPECT_EQ(tr->offset, psize() + 5);
	EXPECT_EQ(tr->kaddr % psize(), 5);
	EXPECT_EQ(ioctl_32(self->fd, _IO(ADDRMAP_IOC_MAGIC, 15), info), -ENOTTY);
	munmap(info, psize());
}
#endif

/*
 * ADDRMAP_INFO fills all of the struct, whatever was in it, and tells the buffer of
 * this file from the shared one, because a file may have a buffer of its own.
 */
TEST_F(addrmap_node, info)
{
	int fd = addrmap_open(variant->node, O_RDWR);
	struct addrmap_info info;

	memset(&info, 0xee, sizeof(info));
	ASSERT_EQ(ioctl(self->fd, ADDRMAP_INFO, &info), 0);
	EXPECT_EQ(info.length, self->nr * psize());
	EXPECT_EQ(info.mappings, 1);
	EXPECT_EQ(info.state, variant->device ? 0 : ADDRMAP_STATE_PRIVATE);
	EXPECT_EQ(info.reserved, 0);

	/* The buffer that is shared. */
	ASSERT_GE(fd, 0);
	memset(&info, 0xee, sizeof(info));
	ASSERT_EQ(ioctl(fd, ADDRMAP_INFO, &info), 0);
	EXPECT_EQ(info.length, variant->device ? self->nr * psize() :
		  ADDRMAP_SHARED_LENGTH);
	EXPECT_EQ(info.state, 0);
	EXPECT_EQ(info.reserved, 0);
	close(fd);
}

/*
 * A length is refused if it is 0, in the middle of a page or more than the driver
 * gives: a mapping has whole pages, so the end of one would show what is behind.
 */
TEST_F(addrmap_node, set_length_bad_args)
{
	const __u64 bad[] = {
		0, 1, psize() - 1, psize() + 1, ADDRMAP_MAX_LENGTH + psize(),
		1ULL << 32, 1ULL << 63, -1ULL, -(__u64)psize(),
	};
	int fd = addrmap_open(variant->node, O_RDWR);

	ASSERT_GE(fd, 0);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		EXPECT_EQ(addrmap_set_length(fd, bad[i]), -1) {
			TH_LOG("length %#llx", (unsigned long long)bad[i]);
		}
		EXPECT_EQ(errno, EINVAL) {
			TH_LOG("length %#llx: %s", (unsigned long long)bad[i],
			       strerror(errno));
		}
	}
	/* What was refused does not count as the one time. */
	EXPECT_EQ(addrmap_set_length(fd, psize()), variant->device ? -1 : 0);
	close(fd);
}

/*
 * The largest length is granted if there is such memory, and used to its last byte.
 * The kernel does not warn if there is not, because it is up to user space how much it
 * asks for.
 */
TEST_F_TIMEOUT(addrmap_node, set_length_max, SLOW_TIMEOUT)
{
	int fd = addrmap_open(variant->node, O_RDWR), ret;
	char c = 7, *p;

	ASSERT_GE(fd, 0);
	ret = addrmap_set_length(fd, ADDRMAP_MAX_LENGTH);
	if (variant->device) {
		EXPECT_EQ(ret, -1);
		EXPECT_EQ(errno, EOPNOTSUPP);
		close(fd);
		return;
	}
	if (ret) {
		ASSERT_EQ(errno, ENOMEM);
		close(fd);
		SKIP(return, "needs %lu MiB of free memory",
		     (unsigned long)ADDRMAP_MAX_LENGTH >> 20);
	}
	ASSERT_EQ(pwrite(fd, &c, 1, ADDRMAP_MAX_LENGTH - 1), 1);
	p = mmap(NULL, psize(), PROT_READ, MAP_SHARED, fd, ADDRMAP_MAX_LENGTH - psize());
	ASSERT_NE(p, MAP_FAILED);
	EXPECT_EQ(p[psize() - 1], 7);
	EXPECT_EQ(mmap(NULL, 2 * psize(), PROT_READ, MAP_SHARED, fd,
		       ADDRMAP_MAX_LENGTH - psize()), MAP_FAILED);
	EXPECT_EQ(errno, EINVAL);
	munmap(p, psize());
	close(fd);
}

/* The page frames are those that are mapped, where user space can see them. */
TEST_F(addrmap_node, translate)
{
	struct addrmap_translate tr, next;
	int pagemap = open("/proc/self/pagemap", O_RDONLY);

	for (size_t i = 0; i < self->nr; i++) {
		/* Whatever was there before. */
		tr = (struct addrmap_translate) { i * psize() + 5, 2, 3, 4 };
		ASSERT_EQ(ioctl(self->fd, ADDRMAP_TRANSLATE, &tr), 0) {
			TH_LOG("page %zu: %s", i, strerror(errno));
		}
		EXPECT_EQ(tr.offset, i * psize() + 5);
		/* 0 for high memory. */
		if (tr.kaddr || sizeof(long) == 8) {
			EXPECT_EQ(tr.kaddr % psize(), 5) {
				TH_LOG("page %zu", i);
			}
		}
		if (variant->no_frames) {
			EXPECT_EQ(tr.pfn, 0) {
				TH_LOG("page %zu", i);
			}
			EXPECT_EQ(tr.phys, 0) {
				TH_LOG("page %zu", i);
			}
			EXPECT_NE(tr.kaddr, 0) {
				TH_LOG("page %zu", i);
			}
			continue;
		}
		EXPECT_NE(tr.pfn, 0) {
			TH_LOG("page %zu", i);
		}
		EXPECT_EQ(tr.phys, tr.pfn * psize() + 5) {
			TH_LOG("page %zu", i);
		}
		if (!variant->pages)
			continue;
		FORCE_READ(self->map[i * psize()]);
		EXPECT_EQ(pagemap_get_pfn(pagemap, self->map + i * psize()), tr.pfn) {
			TH_LOG("page %zu", i);
		}
	}
	ASSERT_EQ(addrmap_translate(self->fd, 0, &tr), 0);
	ASSERT_EQ(addrmap_translate(self->fd, psize(), &next), 0);
	/* One is said to be contiguous, and one to the kernel. */
	if (!strncmp(variant->node, "pfn", 3)) {
		EXPECT_EQ(next.pfn, tr.pfn + 1);
	}
	if (!strcmp(variant->node, "vmalloc") || !strcmp(variant->node, "pages") ||
	    !strcmp(variant->node, "dma")) {
		EXPECT_EQ(next.kaddr, tr.kaddr + psize());
	}

	EXPECT_EQ(addrmap_translate(self->fd, self->nr * psize(), &tr), -1);
	EXPECT_EQ(errno, EINVAL);
	EXPECT_EQ(addrmap_translate(self->fd, -1ULL, &tr), -1);
	EXPECT_EQ(errno, EINVAL);
	close(pagemap);
}

static int translate_as_user(void *arg)
{
	struct addrmap_translate tr = { .kaddr = 2, .pfn = 3, .phys = 4 };

	if (setresuid(65534, 65534, 65534))
		return 10;
	/* An open file may be handed to anybody. */
	if (ioctl(*(int *)arg, ADDRMAP_TRANSLATE, &tr))
		return 11;
	return tr.kaddr || tr.pfn || tr.phys;
}

static int open_refused(const char *node)
{
	return addrmap_open(node, O_RDONLY) < 0 && errno == EACCES &&
	       addrmap_open(node, O_WRONLY) < 0 && errno == EACCES;
}

static int open_as_user(void *arg)
{
	if (setgroups(0, NULL) || setresgid(65534, 65534, 65534) ||
	    setresuid(65534, 65534, 65534))
		return 10;
	return !open_refused(arg);
}

/* The group of the node is root's. */
static int open_as_group(void *arg)
{
	return setresuid(65534, 65534, 65534) ? 10 : !open_refused(arg);
}

static int map_private_as_user(void *arg)
{
	if (setresuid(65534, 65534, 65534))
		return -1;
	return mmap(NULL, psize(), PROT_READ, MAP_PRIVATE, *(int *)arg, 0) ==
	       MAP_FAILED ? errno : 0;
}

/*
 * Who is not root cannot open the node, and is told no address through a file that
 * he was handed: the addresses of the kernel's memory help to attack it.
 */
TEST_F(addrmap_node, unprivileged)
{
	EXPECT_EQ(in_child(translate_as_user, &self->fd), 0);
	/* /proc/PID/maps would show a physical address. */
	if (!strcmp(variant->node, "pfn"))
		EXPECT_EQ(in_child(map_private_as_user, &self->fd), EPERM);
	EXPECT_EQ(in_child(open_as_user, (void *)variant->node), 0);
	EXPECT_EQ(in_child(open_as_group, (void *)variant->node), 0);
}

/* What follows a mapping is not what follows it in the buffer. */
TEST_F(addrmap, debugger_reads_past_end)
{
	int mem = open("/proc/self/mem", O_RDONLY);
	char *end = self->map + 8 * psize(), b[16];
	ssize_t n;

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

/*
 * A debugger sees what the process does: at any offset, over the end of a page, and
 * copies, not what was there before. It writes to where the process may.
 */
TEST_F(addrmap, debugger_at_offset)
{
	int mem = open("/proc/self/mem", O_RDWR);
	char b[16], *map, *at;
	ssize_t n;

	ASSERT_GE(mem, 0);
	map = mmap(NULL, 4 * psize(), PROT_READ | PROT_WRITE, variant->flags,
		   self->fd, 3 * psize());
	ASSERT_NE(map, MAP_FAILED);
	/* Where a segment ends, too: see the test segments_seam. */
	at = map + 3 * psize() - 7;
	memcpy(at, "0123456789abcdef", sizeof(b));
	n = pread(mem, b, sizeof(b), (uintptr_t)at);
	/* Without pages, nothing tells what a private mapping has copied. */
	if (n < 0 && variant->flags == MAP_PRIVATE) {
		EXPECT_EQ(errno, EIO);
	} else {
		ASSERT_EQ(n, (ssize_t)sizeof(b));
		EXPECT_EQ(memcmp(b, "0123456789abcdef", sizeof(b)), 0);
		ASSERT_EQ(pwrite(mem, "ghijklmnopqrstuv", sizeof(b), (uintptr_t)at),
			  (ssize_t)sizeof(b));
		EXPECT_EQ(memcmp(at, "ghijklmnopqrstuv", sizeof(b)), 0);
		EXPECT_EQ(at[sizeof(b)], 0);
		EXPECT_EQ(at[-1], 0);
	}
	if (variant->flags == MAP_SHARED) {
		ASSERT_EQ(pread(self->fd, b, sizeof(b), 6 * psize() - 7),
			  (ssize_t)sizeof(b));
		EXPECT_EQ(memcmp(b, "ghijklmnopqrstuv", sizeof(b)), 0);
		ASSERT_EQ(mprotect(map, 4 * psize(), PROT_READ), 0);
		EXPECT_EQ(pwrite(mem, "w", 1, (uintptr_t)at), -1);
		EXPECT_EQ(errno, EIO);
		EXPECT_EQ(*(volatile char *)at, 'g');
	}
	munmap(map, 4 * psize());
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

/* Through pinned user pages: unaligned on both sides, over several pages. */
TEST_F(addrmap_node, transfer)
{
	size_t len = 5 * psize() + 100;
	char *p = guarded(8), *end = p + 8 * psize();
	char *from = p + 3, *to = malloc(len);
	long pins = pinned();

	ASSERT_NE(p, NULL);
	ASSERT_NE(to, NULL);
	for (size_t i = 0; i < len; i++)
		from[i] = i * 7 + (i >> 9);
	ASSERT_EQ(addrmap_transfer(self->fd, psize() + 9, from, len, true), (long)len);
	ASSERT_EQ(pread(self->fd, to, len, psize() + 9), (ssize_t)len);
	EXPECT_EQ(memcmp(from, to, len), 0);
	EXPECT_EQ(buffer_byte(self->fd, psize() + 8), 0);
	EXPECT_EQ(buffer_byte(self->fd, psize() + 9 + len), 0);

	memset(p, 0, 8 * psize());
	ASSERT_EQ(addrmap_transfer(self->fd, psize() + 9, end - len, len, false), (long)len);
	EXPECT_EQ(memcmp(end - len, to, len), 0);
	EXPECT_EQ(end[-(long)len - 1], 0);

	/* Up to the page that cannot be pinned. */
	EXPECT_EQ(addrmap_transfer(self->fd, 0, end - psize() - 5, 2 * psize(), false),
		  (long)psize() + 5);
	EXPECT_EQ(addrmap_transfer(self->fd, 0, end, psize(), false), -1);
	EXPECT_EQ(errno, EFAULT);
	/* Nothing is to be written where it is not allowed. */
	ASSERT_EQ(mprotect(p, 8 * psize(), PROT_READ), 0);
	EXPECT_EQ(addrmap_transfer(self->fd, 0, p, 1, false), -1);
	EXPECT_EQ(errno, EFAULT);
	EXPECT_EQ(addrmap_transfer(self->fd, 0, p, 1, true), 1);
	/* Others pin pages, too, as for direct I/O, but not for ever. */
	for (int i = 0; i < 1000 && pinned() > pins; i++)
		usleep(10000);
	EXPECT_LE(pinned(), pins);
	free(to);
}

/*
 * Clean pages are dropped when memory is short, since nobody has written to them.
 * Who did so behind the back of the page tables has to tell when unpinning them, and
 * who has read them has not, or they would be kept for nothing.
 */
TEST_F(addrmap_node, transfer_to_clean_page)
{
	char *p = guarded(3);

	ASSERT_NE(p, NULL);
	memset(p, 'u', 3 * psize());
	ASSERT_EQ(madvise(p, 3 * psize(), MADV_FREE), 0);
	ASSERT_EQ(addrmap_transfer(self->fd, psize(), p, psize(), false), (long)psize());
	ASSERT_EQ(addrmap_transfer(self->fd, 3 * psize(), p + 2 * psize(), psize(), true),
		  (long)psize());
	ASSERT_EQ(madvise(p, 3 * psize(), MADV_PAGEOUT), 0);
	if (p[psize()])
		SKIP(return, "needs a MADV_PAGEOUT that drops clean pages");
	EXPECT_PAGE(p, 1);
	EXPECT_EQ(p[2 * psize()], 0);
	EXPECT_EQ(buffer_byte(self->fd, 3 * psize()), 'u');
}

/*
 * A transfer fails as a whole if its range is not all in the buffer or its memory is
 * none of user space: the offset and the length come from user space, and their sum
 * may overflow.
 */
TEST_F(addrmap_node, transfer_bad_args)
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
		{ 0, (void *)-ps, 2 * ps, EFAULT },
	};

	ASSERT_NE(p, NULL);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		for (int to_buffer = 0; to_buffer < 2; to_buffer++) {
			struct addrmap_transfer tr = {
				.offset = bad[i].offset,
				.addr = (uintptr_t)bad[i].addr,
				.length = bad[i].len,
				.flags = to_buffer,
			};

			EXPECT_EQ(ioctl(self->fd, ADDRMAP_TRANSFER, &tr), -1) {
				TH_LOG("row %zu, to_buffer %d", i, to_buffer);
			}
			EXPECT_EQ(errno, bad[i].err) {
				TH_LOG("row %zu, to_buffer %d: %s", i, to_buffer,
				       strerror(errno));
			}
		}
	}
}

/* Pages that a mapping has can be pinned, if it has pages to the kernel. */
TEST_F(addrmap, transfer_own_map)
{
	if (!variant->pinnable) {
		EXPECT_EQ(addrmap_transfer(self->fd, 0, self->map + psize(), 1, true), -1);
		EXPECT_EQ(errno, EFAULT);
		return;
	}
	EXPECT_EQ(addrmap_transfer(self->fd, 0, self->map + psize(), 2 * psize(), true),
		  2 * (long)psize());
	EXPECT_EQ(buffer_byte(self->fd, 0), 2);
	EXPECT_EQ(buffer_byte(self->fd, psize()), 3);
	EXPECT_EQ(addrmap_transfer(self->fd, 9 * psize(), self->map + 4 * psize(), 10, false),
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
	int fd = addrmap_open(arg->node, O_RDWR);
	char c = 0;

	if (fd < 0 || pread(fd, &c, 1, 0) != 1 || c != 40)
		return 1;
	c = 41;
	return pwrite(fd, &c, 1, psize()) != 1;
}

/* All who open a node share a buffer: two processes, one by write(), one by mmap(). */
TEST_F(addrmap_node, shared_buffer)
{
	int fd = addrmap_open(variant->node, O_RDWR);
	struct other_arg arg = { .node = variant->node };

	ASSERT_GE(fd, 0);
	arg.map = mmap(NULL, 2 * psize(), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	ASSERT_NE(arg.map, MAP_FAILED);
	arg.map[0] = 40;
	EXPECT_EQ(in_child(other_process, &arg), 0);
	EXPECT_EQ(arg.map[psize()], 41);
	/* A buffer of one's own is another one, but there is one device only. */
	EXPECT_EQ(buffer_byte(self->fd, psize()), variant->device ? 41 : 2);
	munmap(arg.map, 2 * psize());
	close(fd);
}

/* Nobody sees what others left in the memory. */
TEST_F_TIMEOUT(addrmap_node, new_buffer_zero, SLOW_TIMEOUT)
{
	size_t len = 64 * psize();
	char *p = malloc(len), *zero = calloc(1, len);

	if (variant->device) {
		EXPECT_EQ(addrmap_set_length(self->fd, len), -1);
		EXPECT_EQ(errno, EOPNOTSUPP);
		return;
	}
	ASSERT_NE(p, NULL);
	ASSERT_NE(zero, NULL);
	for (int i = 0; i < 8; i++) {
		int fd = addrmap_open(variant->node, O_RDWR);

		ASSERT_GE(fd, 0) {
			TH_LOG("file %d: %s", i, strerror(errno));
		}
		ASSERT_EQ(addrmap_set_length(fd, len), 0) {
			TH_LOG("file %d: %s", i, strerror(errno));
		}
		memset(p, 0xee, len);
		ASSERT_EQ(pread(fd, p, len, 0), (ssize_t)len);
		EXPECT_EQ(memcmp(p, zero, len), 0) {
			TH_LOG("file %d of /dev/addrmap/%s: memory is not cleared",
			       i, variant->node);
		}
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
	close(self->fd);
	EXPECT_EQ(syscall(SYS_delete_module, "addrmap", O_NONBLOCK), -1);
	if (errno == ENOENT) {
		self->fd = -1;
		SKIP(return, "needs CONFIG_ADDRMAP=m");
	}
	EXPECT_EQ(errno, EAGAIN);
	EXPECT_PAGE(self->map, 0);
	self->fd = addrmap_open(variant->node, O_RDWR);
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

/* Free memory, with that on the lists of each CPU, which MemFree leaves out. */
static long mem_free(void)
{
	FILE *f = fopen("/proc/zoneinfo", "r");
	long pages = 0, value;
	char line[128];

	while (f && fgets(line, sizeof(line), f)) {
		if (sscanf(line, " pages free %ld", &value) == 1 ||
		    sscanf(line, " count: %ld", &value) == 1)
			pages += value;
	}
	if (f)
		fclose(f);

	return pages * psize();
}

/* Everything that allocates, and its undoing; 0 or the errno of what failed. */
static int use_node(const char *node, int flags, bool device, size_t len)
{
	int fd = addrmap_open(node, O_RDWR), err = 0;
	char buf[64], *map;

	if (fd < 0)
		return errno;
	if (device) {
		len = psize();
	} else if (addrmap_set_length(fd, len)) {
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
	if (!err && addrmap_transfer(fd, 0, buf, sizeof(buf), false) != sizeof(buf))
		err = errno;
	close(fd);

	return err;
}

/*
 * How many allocations there were to fail; *@err is what came without a failure.
 * Ends early if less than @enough bytes of memory are free, which is a leak that
 * the machine would not survive.
 */
static int fail_each(struct __test_metadata *_metadata,
		     const FIXTURE_VARIANT(addrmap) *variant, int fail_nth,
		     size_t len, long enough, int *err)
{
	*err = 0;
	for (int n = 1; ; n++) {
		char text[16];

		if (n % 16 == 0 && mem_free() < enough)
			return n - 1;
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
TEST_F_TIMEOUT(addrmap, alloc_fails, SLOW_TIMEOUT)
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
	const long len = ADDRMAP_SHARED_LENGTH;
	int fail_nth, failed, err;
	long lost = 0;

	for (size_t i = 0; i < ARRAY_SIZE(setup); i++) {
		if (write_text(setup[i][0], setup[i][1]))
			SKIP(return, "needs debugfs, CONFIG_FAILSLAB, CONFIG_FAIL_PAGE_ALLOC");
	}
	/* There with CONFIG_FAULT_INJECTION_USERCOPY; then copies fail, too. */
	write_text("/sys/kernel/debug/fail_usercopy/verbose", "0");
	fail_nth = open("/proc/thread-self/fail-nth", O_RDWR);
	ASSERT_GE(fail_nth, 0);

	/*
	 * Some memory goes to caches and stays there, but not every time, and
	 * not sixteen times the buffer.
	 */
	for (int pass = 0; pass < 5; pass++) {
		lost = mem_free();
		failed = fail_each(_metadata, variant, fail_nth, len,
				   lost - 16 * len, &err);
		lost -= mem_free();
		EXPECT_EQ(err, 0) {
			TH_LOG("pass %d, %d allocations failed: %s", pass, failed,
			       strerror(err));
		}
		EXPECT_GT(failed, 3) {
			TH_LOG("pass %d", pass);
		}
		if (lost <= len / 2 || lost > 16 * len)
			break;
	}
	EXPECT_LE(lost, len / 2) {
		TH_LOG("/dev/addrmap/%s: %d allocations failed, %ld KiB are lost",
		       variant->node, failed, lost >> 10);
	}
	close(fail_nth);
}

/*
 * The memory of a buffer is free again when the file is closed, whoever is charged for
 * it, or those who open a node would use up the machine.
 */
TEST_F_TIMEOUT(addrmap_node, close_frees_buffer, SLOW_TIMEOUT)
{
	const long len = 64 * psize(), nr = 128;
	long lost = 0;

	if (variant->device)
		SKIP(return, "needs a node whose buffer is not a device's memory");
	/* Others use memory, too, but not that much each time. */
	for (int pass = 0; pass < 3; pass++) {
		lost = mem_free();
		for (long i = 0; i < nr; i++) {
			int fd = addrmap_open(variant->node, O_RDWR);

			ASSERT_GE(fd, 0);
			ASSERT_EQ(addrmap_set_length(fd, len), 0);
			close(fd);
		}
		lost -= mem_free();
		if (lost <= nr * len / 2)
			break;
	}
	EXPECT_LE(lost, nr * len / 2) {
		TH_LOG("/dev/addrmap/%s: %ld KiB of %ld KiB are lost",
		       variant->node, lost >> 10, nr * len >> 10);
	}
}

FIXTURE(addrmap_charge)
{
	char mnt[32];		/* cgroup2 */
	char group[64];		/* a new cgroup, which the test is in */
};

FIXTURE_SETUP(addrmap_charge)
{
	char path[96];

	strcpy(self->mnt, "/tmp/addrmap-XXXXXX");
	ASSERT_NE(mkdtemp(self->mnt), NULL);
	if (mount("cgroup2", self->mnt, "cgroup2", 0, NULL))
		SKIP(return, "needs CONFIG_MEMCG");
	snprintf(path, sizeof(path), "%s/cgroup.subtree_control", self->mnt);
	if (write_text(path, "+memory"))
		SKIP(return, "needs CONFIG_MEMCG, not used by cgroup v1");
	/* The buffer that all files share is allocated by the first open(). */
	for (size_t i = 0; i < ARRAY_SIZE(addrmap_nodes); i++) {
		int fd = addrmap_open(addrmap_nodes[i], O_RDWR);

		ASSERT_GE(fd, 0);
		close(fd);
	}
	snprintf(self->group, sizeof(self->group), "%s/addrmap-test-%d", self->mnt,
		 getpid());
	ASSERT_EQ(mkdir(self->group, 0755), 0);
	snprintf(path, sizeof(path), "%s/cgroup.procs", self->group);
	ASSERT_EQ(write_text(path, "0"), 0);
}

FIXTURE_TEARDOWN(addrmap_charge)
{
	char path[96];

	if (self->group[0]) {
		snprintf(path, sizeof(path), "%s/cgroup.procs", self->mnt);
		write_text(path, "0");
		rmdir(self->group);
	}
	umount(self->mnt);
	rmdir(self->mnt);
}

/* What @name of memory.stat is in the cgroup, or -1. */
static long group_stat(const char *group, const char *name)
{
	char path[96], line[128], found[64];
	long value, result = -1;
	FILE *f;

	snprintf(path, sizeof(path), "%s/memory.stat", group);
	f = fopen(path, "r");
	while (f && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%63s %ld", found, &value) == 2 &&
		    !strcmp(found, name))
			result = value;
	}
	if (f)
		fclose(f);

	return result;
}

/*
 * Wait until @name of memory.stat is at least @from and at most @to: it may be two
 * seconds late, and some memory is freed after a grace period of RCU. The last value.
 */
static long wait_for_stat(const char *group, const char *name, long from, long to)
{
	long value = group_stat(group, name);

	for (int i = 0; i < 100 && (value < from || value > to); i++) {
		usleep(100000);
		value = group_stat(group, name);
	}

	return value;
}

/*
 * Who has a buffer allocated is charged for its pages and for the array of them, or the
 * limits of a cgroup would be of no use. When the files are closed nobody is any more.
 */
TEST_F_TIMEOUT(addrmap_charge, buffers, SLOW_TIMEOUT)
{
	/* Not "vmalloc" and "dma", whose memory nobody is charged for. */
	static const struct {
		const char *node;
		size_t pages;	/* of a buffer */
		bool array;	/* there is a pointer to each of them */
	} rows[] = {
		{ "pfn", 64 },
		{ "pages", 512, true },
		{ "fault", 512, true },
		{ "fault-around", 512, true },
		{ "pfn-fault", 64 },
		{ "pfn-fault-around", 64 },
		{ "huge", 512 },
		{ "pfn-huge", 64 },
		{ "segments", 64 },
		{ "written", 512, true },
		{ "pfn-written", 64 },
		{ "revoke", 512, true },
	};
	int fd[32];

	for (size_t row = 0; row < ARRAY_SIZE(rows); row++) {
		const long ptrs = ARRAY_SIZE(fd) * rows[row].pages * sizeof(void *);
		const long len = ARRAY_SIZE(fd) * rows[row].pages * psize();
		const char *node = rows[row].node;
		long found;

		for (size_t i = 0; i < ARRAY_SIZE(fd); i++) {
			fd[i] = addrmap_open(node, O_RDWR);
			ASSERT_GE(fd[i], 0);
			ASSERT_EQ(addrmap_set_length(fd[i], len / ARRAY_SIZE(fd)), 0) {
				TH_LOG("/dev/addrmap/%s: %s", node, strerror(errno));
			}
		}
		found = wait_for_stat(self->group, "kernel", len, LONG_MAX);
		EXPECT_GE(found, len) {
			TH_LOG("/dev/addrmap/%s: KiB charged: expected %ld, found %ld",
			       node, len >> 10, found >> 10);
		}
		if (rows[row].array) {
			found = wait_for_stat(self->group, "slab_unreclaimable", ptrs,
					      LONG_MAX);
			EXPECT_GE(found, ptrs) {
				TH_LOG("/dev/addrmap/%s: KiB of arrays: expected %ld, found %ld",
				       node, ptrs >> 10, found >> 10);
			}
		}

		for (size_t i = 0; i < ARRAY_SIZE(fd); i++)
			close(fd[i]);
		wait_for_stat(self->group, "slab_unreclaimable", 0, ptrs / 2);
		found = wait_for_stat(self->group, "kernel", 0, len / 2);
		EXPECT_LE(found, len / 2) {
			TH_LOG("/dev/addrmap/%s: KiB charged after close(): expected 0, found %ld",
			       node, found >> 10);
		}
	}
}

/*
 * All that an open file and its buffer take is freed when the file is closed: of each
 * file not a page is left, and not a pointer.
 */
TEST_F_TIMEOUT(addrmap_charge, close_frees, SLOW_TIMEOUT)
{
	const long nr = 4096;
	long kernel = 0, slab = 0, found;

	/* The first ones leave what is there once for all. */
	for (int pass = 0; pass < 2; pass++) {
		for (size_t i = 0; i < ARRAY_SIZE(addrmap_nodes); i++) {
			const char *node = addrmap_nodes[i];

			/* Of this one a buffer is a whole block. */
			if (!strcmp(node, "huge"))
				continue;
			for (long n = 0; n < (pass ? nr : nr / 8); n++) {
				int fd = addrmap_open(node, O_RDWR);

				ASSERT_GE(fd, 0);
				ASSERT_EQ(addrmap_set_length(fd, psize()), 0);
				close(fd);
			}
			if (!pass)
				continue;
			found = wait_for_stat(self->group, "kernel", 0,
					      kernel + nr / 2 * psize()) - kernel;
			EXPECT_LE(found, nr / 2 * (long)psize()) {
				TH_LOG("/dev/addrmap/%s: bytes left: expected 0, found %ld",
				       node, found);
			}
			found = wait_for_stat(self->group, "slab_unreclaimable", 0,
					      slab + nr / 2 * 8) - slab;
			EXPECT_LE(found, nr / 2 * 8) {
				TH_LOG("/dev/addrmap/%s: bytes of slabs: expected 0, found %ld",
				       node, found);
			}
		}
		/* Until what memory.stat says is not late any more. */
		usleep(2500000);
		kernel = group_stat(self->group, "kernel");
		slab = group_stat(self->group, "slab_unreclaimable");
	}
}

struct race {
	const char *node;
	int fd;
	size_t nr;
	int flags;
	atomic_bool stop;
	atomic_int bad;
};

/* What one of the threads does, how often it has, and for whom. */
struct racer {
	void (*round)(struct race *race, unsigned int *seed);
	atomic_int rounds;
	struct race *race;
	pthread_t thread;
};

/* Maps the first page of a file now and then, which may get another buffer. */
static int child_maps(void *arg)
{
	int fd = *(int *)arg;

	for (int i = 0; i < 20; i++) {
		char *map = mmap(NULL, psize(), PROT_READ | PROT_WRITE,
				 MAP_SHARED, fd, 0);

		if (map == MAP_FAILED)
			return 1;
		/* mmap() said that the buffer has this, so it must stay. */
		map[psize() - 1]++;
		if (munmap(map, psize()))
			return 2;
	}

	return 0;
}

/*
 * Two processes map a file, of which one also gives it a buffer of its own. The
 * other is anywhere in mmap() at that time. How often it went wrong.
 */
static int set_length_race(const char *node, size_t length, unsigned int delay)
{
	int fd = addrmap_open(node, O_RDWR), status, bad;
	pid_t pid;

	if (fd < 0)
		return 1;
	pid = fork();
	if (!pid)
		_exit(child_maps(&fd));
	usleep(delay);
	bad = !!addrmap_set_length(fd, length);
	bad += !!child_maps(&fd);
	bad += pid < 0 || waitpid(pid, &status, 0) != pid || status;
	close(fd);

	return bad;
}

/*
 * ADDRMAP_SET_LENGTH in one process, mmap() of the same file in another: both
 * succeed, and when both are done, nobody maps the buffer that was shared.
 */
TEST_F_TIMEOUT(addrmap_node, set_length_race, SLOW_TIMEOUT)
{
	int fd = addrmap_open(variant->node, O_RDWR);

	if (variant->device)
		SKIP(return, "needs a node whose buffer is not a device's memory");
	ASSERT_GE(fd, 0);
	for (unsigned int i = 0; i < 100; i++) {
		EXPECT_EQ(set_length_race(variant->node, psize(), i * 20), 0) {
			TH_LOG("round %u", i);
		}
	}
	EXPECT_EQ(addrmap_mappings(fd), 0);
	close(fd);
}

/* Two processes do something with the same file at once, again and again. */
struct rounds {
	atomic_int go, done;	/* the round to start, and that is over */
	int fd;
	int delay;		/* before the other process does its part */
	long (*part)(int fd);
	long result;		/* of that */
};

#define NR_ROUNDS	500

static void spin(int n)
{
	for (volatile int i = 0; i < n; i++)
		;
}

static void start_round(struct rounds *r, int round, int fd)
{
	/* Each of the two is late by more and more, then the other one. */
	int late = (round % 64 - 32) * 20;

	r->fd = fd;
	r->delay = late;
	r->go = round;
	spin(-late);
}

static void end_round(struct rounds *r, int round)
{
	while (r->done != round)
		sched_yield();
}

static int do_rounds(void *arg)
{
	struct rounds *r = arg;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (int round = 1; round <= NR_ROUNDS; round++) {
		while (r->go != round)
			sched_yield();
		spin(r->delay);
		r->result = r->part(r->fd);
		r->done = round;
	}

	return 0;
}

/*
 * Start a process that does @part in each round. It has memory of its own, but the
 * same file descriptors.
 */
static struct rounds *start_rounds(long (*part)(int fd), pid_t *pid)
{
	static char stack[1 << 16] __attribute__((aligned(64)));
	struct rounds *r = mmap(NULL, psize(), PROT_READ | PROT_WRITE,
				MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (r == MAP_FAILED)
		return NULL;
	r->part = part;
	*pid = clone(do_rounds, stack + sizeof(stack), CLONE_FILES | SIGCHLD, r);

	return *pid < 0 ? NULL : r;
}

static long part_set_length(int fd)
{
	return addrmap_set_length(fd, 8 * psize()) ? errno : 0;
}

/*
 * If two processes set the length of a file at once, one of them does it and the other
 * one is refused, because a file gets a buffer of its own once.
 */
TEST_F_TIMEOUT(addrmap_node, set_length_at_once, SLOW_TIMEOUT)
{
	struct rounds *r;
	pid_t pid;

	if (variant->device)
		SKIP(return, "needs a node whose buffer is not a device's memory");
	r = start_rounds(part_set_length, &pid);
	ASSERT_NE(r, NULL);
	for (int round = 1; round <= NR_ROUNDS; round++) {
		int fd = addrmap_open(variant->node, O_RDWR);
		long mine;

		ASSERT_GE(fd, 0);
		start_round(r, round, fd);
		mine = part_set_length(fd);
		end_round(r, round);
		ASSERT_EQ(mine + r->result, EBUSY) {
			TH_LOG("/dev/addrmap/%s, round %d: errno %ld here, %ld there",
			       variant->node, round, mine, r->result);
		}
		close(fd);
	}
	EXPECT_EQ(waitpid(pid, NULL, 0), pid);
	munmap(r, psize());
}

/* The byte of the second page that mmap() of two pages shows, or -errno. */
static long part_map(int fd)
{
	char *map = mmap(NULL, 2 * psize(), PROT_READ, MAP_SHARED, fd, 0);
	long byte;

	if (map == MAP_FAILED)
		return -errno;
	byte = access_signal(map + psize(), false) ? -EFAULT :
	       *(volatile unsigned char *)(map + psize());
	munmap(map, 2 * psize());

	return byte;
}

/*
 * mmap() of two pages, while another process gives the file a buffer of one page,
 * either maps the shared buffer or fails, because what was checked against the length
 * of a buffer has to be a mapping of that buffer.
 */
TEST_F_TIMEOUT(addrmap_node, mmap_during_set_length, SLOW_TIMEOUT)
{
	int shared = addrmap_open(variant->node, O_RDWR);
	unsigned char byte = 0x5a;
	struct rounds *r;
	pid_t pid;

	if (variant->device)
		SKIP(return, "needs a node whose buffer is not a device's memory");
	ASSERT_EQ(pwrite(shared, &byte, 1, psize()), 1);
	r = start_rounds(part_map, &pid);
	ASSERT_NE(r, NULL);
	for (int round = 1; round <= NR_ROUNDS; round++) {
		int fd = addrmap_open(variant->node, O_RDWR);

		ASSERT_GE(fd, 0);
		start_round(r, round, fd);
		ASSERT_EQ(addrmap_set_length(fd, psize()), 0);
		end_round(r, round);
		if (r->result != -EINVAL) {
			ASSERT_EQ(r->result, byte) {
				TH_LOG("/dev/addrmap/%s, round %d: byte of page 1",
				       variant->node, round);
			}
		}
		close(fd);
	}
	EXPECT_EQ(waitpid(pid, NULL, 0), pid);
	munmap(r, psize());
	close(shared);
}

static void race_set_length(struct race *race, unsigned int *seed)
{
	race->bad += set_length_race(race->node,
				     (1 + rand_r(seed) % race->nr) * psize(),
				     rand_r(seed) % 2000);
}

static void race_map(struct race *race, unsigned int *seed)
{
	size_t len = (1 + rand_r(seed) % race->nr) * psize();
	char *map = mmap(NULL, len, PROT_READ | PROT_WRITE, race->flags,
			 race->fd, 0);

	if (map == MAP_FAILED) {
		race->bad++;
		return;
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

static void race_copy(struct race *race, unsigned int *seed)
{
	size_t len = race->nr * psize();
	char *b = malloc(len);
	ssize_t n;

	n = pread(race->fd, b, len, 0);
	if (n <= 0 || n % psize())
		race->bad++;
	n = pwrite(race->fd, b, len, 0);
	if (n <= 0 || n % psize())
		race->bad++;
	if (addrmap_transfer(race->fd, 0, b, psize(), true) < 0)
		race->bad++;
	free(b);
}

static void race_fork(struct race *race, unsigned int *seed)
{
	if (in_child(child_exits, NULL))
		race->bad++;
	usleep(1000);
}

static void *race_thread(void *p)
{
	struct racer *racer = p;
	unsigned int seed = (uintptr_t)racer;

	while (!racer->race->stop) {
		racer->round(racer->race, &seed);
		racer->rounds++;
	}

	return NULL;
}

/*
 * Threads and processes map, unmap, set the length, copy and fork at once. A buffer that
 * was freed under a mapping is a crash here, or a report of KASAN or of the page allocator.
 */
TEST_F_TIMEOUT(addrmap, race, SLOW_TIMEOUT)
{
	struct race race = {
		.node = variant->node,
		.fd = addrmap_open(variant->node, O_RDWR),
		.nr = NR_PAGES,
		.flags = variant->flags,
	};
	struct racer racers[] = {
		{ race_map }, { race_map }, { race_copy }, { race_fork },
		{ race_set_length },
	};
	size_t nr = ARRAY_SIZE(racers) - variant->device;
	int bad;

	ASSERT_GE(race.fd, 0);
	for (size_t i = 0; i < nr; i++) {
		racers[i].race = &race;
		ASSERT_EQ(pthread_create(&racers[i].thread, NULL, race_thread,
					 &racers[i]), 0);
	}
	/* However long it takes: a slow machine does the same as a fast one. */
	for (size_t i = 0; i < nr; i++) {
		while (racers[i].rounds < RACE_ROUNDS)
			usleep(1000);
	}
	race.stop = true;
	for (size_t i = 0; i < nr; i++)
		pthread_join(racers[i].thread, NULL);
	bad = race.bad;
	EXPECT_EQ(bad, 0);
	close(race.fd);
}

/*
 * The blocks of /dev/addrmap/huge are mapped as such, because an entry for each page
 * costs a fault and memory: a mapping by the offset of the file, and as far as it
 * reaches. munmap() of one page splits the entry of its block:
 *
 *	|0        |1        |2        |3        |
 *	|HHHHHHHHH|p-ppppppp|HHHHHHHHH|HHHHHHHHH|	H: by block, p: by page
 */
TEST(huge_pmd)
{
	__u64 pmd = read_pmd_pagesize();
	int fd = addrmap_open("huge", O_RDWR);
	struct vma vma;
	char *map;

	ASSERT_GE(fd, 0);
	if (!pmd)
		SKIP(return, "needs CONFIG_TRANSPARENT_HUGEPAGE");
	/* The driver's blocks are no larger, see huge.c. */
	if (pmd > ADDRMAP_SHARED_LENGTH)
		SKIP(return, "needs PMDs of at most %lu KiB",
		     ADDRMAP_SHARED_LENGTH >> 10);
	ASSERT_EQ(addrmap_set_length(fd, 4 * pmd), 0);
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
	ASSERT_TRUE(find_vma(map, &vma));
	EXPECT_EQ(vma.pmd, 4 * (long)pmd / 1024);
	for (int i = 0; i < 4; i++) {
		EXPECT_EQ(buffer_byte(fd, i * pmd + psize()), i + 1) {
			TH_LOG("block %d", i);
		}
	}

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

/*
 * Blocks are mapped as such if the policy for THP is "madvise", too, because the driver
 * has done what madvise() would do; and not if it is "never".
 */
TEST(huge_policy)
{
	const char *path = "/sys/kernel/mm/transparent_hugepage/enabled";
	char was[64] = "", *word, *end, *map;
	__u64 pmd = read_pmd_pagesize();
	struct vma vma[2] = {};
	int policy, fd;

	policy = open(path, O_RDWR);
	if (policy < 0 || read(policy, was, sizeof(was) - 1) <= 0)
		SKIP(return, "needs CONFIG_TRANSPARENT_HUGEPAGE");
	if (pmd > ADDRMAP_SHARED_LENGTH)
		SKIP(return, "needs PMDs of at most %lu KiB",
		     ADDRMAP_SHARED_LENGTH >> 10);
	fd = addrmap_open("huge", O_RDWR);
	ASSERT_GE(fd, 0);
	ASSERT_EQ(addrmap_set_length(fd, pmd), 0);
	map = mmap(NULL, 2 * pmd, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(map, MAP_FAILED);
	map += -(uintptr_t)map % pmd;
	for (int i = 0; i < 2; i++) {
		const char *to = i ? "never" : "madvise";

		if (pwrite(policy, to, strlen(to), 0) < 0)
			break;
		mmap(map, pmd, PROT_READ, MAP_SHARED | MAP_FIXED, fd, 0);
		FORCE_READ(*map);
		find_vma(map, &vma[i]);
	}
	word = strchr(was, '[');
	end = strchr(was, ']');
	if (word && end)
		EXPECT_EQ(pwrite(policy, word + 1, end - word - 1, 0), end - word - 1);
	EXPECT_EQ(vma[0].pmd, (long)pmd / 1024) {
		TH_LOG("KiB mapped by huge entries, madvise");
	}
	EXPECT_EQ(vma[1].pmd, 0) {
		TH_LOG("KiB mapped by huge entries, never");
	}
	munmap(map, pmd);
	close(policy);
	close(fd);
}

FIXTURE(addrmap_pfn_huge)
{
	int fd;
	size_t pmd;	/* bytes of a huge page, 0: there are none of raw frames */
	char *map;	/* two of them at a suitable address, all of the buffer */
};

FIXTURE_SETUP(addrmap_pfn_huge)
{
	char *map;

	self->fd = addrmap_open("pfn-huge", O_RDWR);
	ASSERT_GE(self->fd, 0);
	if (!addrmap_has_raw_huge())
		SKIP(return, "needs CONFIG_ARCH_SUPPORTS_PMD_PFNMAP");
	if (!addrmap_sees_frames())
		SKIP(return, "needs a mincore() that sees VM_PFNMAP, as of 7.3");
	self->pmd = read_pmd_pagesize();
	/* The driver's blocks are no larger, see pfn_huge.c. */
	if (self->pmd > ADDRMAP_SHARED_LENGTH)
		SKIP(return, "needs PMDs of at most %lu KiB",
		     ADDRMAP_SHARED_LENGTH >> 10);
	ASSERT_EQ(addrmap_set_length(self->fd, 2 * self->pmd), 0);
	for (size_t i = 0; i < 2 * self->pmd; i += psize()) {
		unsigned char c = i / psize() % 251;

		ASSERT_EQ(pwrite(self->fd, &c, 1, i), 1);
	}
	map = mmap(NULL, 3 * self->pmd, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS,
		   -1, 0);
	ASSERT_NE(map, MAP_FAILED);
	map += -(uintptr_t)map % self->pmd;
	self->map = mmap(map, 2 * self->pmd, PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_FIXED, self->fd, 0);
	ASSERT_EQ(self->map, map);
}

FIXTURE_TEARDOWN(addrmap_pfn_huge)
{
	if (self->map)
		munmap(self->map, 2 * self->pmd);
	close(self->fd);
}

/* Page @n of the buffer, as byte 0 of the page at @p says. */
#define EXPECT_FRAME(p, n)					\
do {								\
	EXPECT_EQ(*(volatile unsigned char *)(p), (n) % 251) {	\
		TH_LOG("page %zu", (size_t)(n));		\
	}							\
} while (0)

/* The first access maps all of a block. It is not counted as memory of the process. */
TEST_F(addrmap_pfn_huge, first_access)
{
	size_t nr = self->pmd / psize();
	struct vma vma;

	EXPECT_EQ(addrmap_faults(self->map + 5 * psize(), psize()), 1);
	EXPECT_EQ(addrmap_faults(self->map, self->pmd), 0);
	EXPECT_EQ(addrmap_faults(self->map + self->pmd, self->pmd), 1);
	for (size_t i = 0; i < 2 * nr; i++)
		EXPECT_FRAME(self->map + i * psize(), i);
	self->map[self->pmd - 1] = 91;
	EXPECT_EQ(buffer_byte(self->fd, self->pmd - 1), 91);
	ASSERT_TRUE(find_vma(self->map, &vma));
	EXPECT_EQ(vma.rss, 0);
	EXPECT_EQ(vma.pmd, 0);
}

/* The kernel chooses an address that is suitable, if the address space is large. */
TEST_F(addrmap_pfn_huge, address)
{
	char *map;

	if (sizeof(long) == 4)
		SKIP(return, "needs a 64-bit program");
	/* One behind the other, they would not be at multiples of a block. */
	for (int i = 0; i < 3; i++) {
		map = mmap(NULL, self->pmd + psize(), PROT_READ, MAP_SHARED,
			   self->fd, 0);
		ASSERT_NE(map, MAP_FAILED);
		EXPECT_EQ((uintptr_t)map % self->pmd, 0) {
			TH_LOG("mapping %d is at %p", i, map);
		}
	}
}

/* The policy for THP is not for raw frames, which nobody allocates on an access. */
TEST_F(addrmap_pfn_huge, policy)
{
	const char *path = "/sys/kernel/mm/transparent_hugepage/enabled";
	char was[64] = "", *word, *end;
	int fd = open(path, O_RDWR);

	if (fd < 0 || read(fd, was, sizeof(was) - 1) <= 0 || pwrite(fd, "never", 5, 0) != 5)
		SKIP(return, "needs to write to %s", path);
	EXPECT_EQ(addrmap_faults(self->map, 2 * self->pmd), 2);
	word = strchr(was, '[');
	end = strchr(was, ']');
	if (word && end)
		EXPECT_EQ(pwrite(fd, word + 1, end - word - 1, 0), end - word - 1);
	close(fd);
}

/* Without a part of it, the rest of a block is mapped frame by frame, as it was. */
TEST_F(addrmap_pfn_huge, munmap_part)
{
	size_t nr = self->pmd / psize();

	EXPECT_EQ(addrmap_faults(self->map, 2 * self->pmd), 2);
	ASSERT_EQ(munmap(self->map + 3 * psize(), 2 * psize()), 0);
	EXPECT_EQ(access_signal(self->map + 3 * psize(), false), SIGSEGV);
	EXPECT_EQ(access_signal(self->map + 4 * psize(), false), SIGSEGV);
	EXPECT_EQ(addrmap_faults(self->map, 3 * psize()), 3);
	EXPECT_EQ(addrmap_faults(self->map + 5 * psize(),
				 self->pmd - 5 * psize()), nr - 5);
	EXPECT_EQ(addrmap_faults(self->map + self->pmd, self->pmd), 0);
	for (size_t i = 0; i < 2 * nr; i++) {
		if (i != 3 && i != 4) {
			EXPECT_FRAME(self->map + i * psize(), i);
		}
	}
}

/* A whole block keeps its entry, with other rights. A part has rights of its own. */
TEST_F(addrmap_pfn_huge, mprotect)
{
	size_t nr = self->pmd / psize();

	EXPECT_EQ(addrmap_faults(self->map, 2 * self->pmd), 2);
	ASSERT_EQ(mprotect(self->map, self->pmd, PROT_READ), 0);
	EXPECT_EQ(addrmap_faults(self->map, 2 * self->pmd), 0);
	EXPECT_EQ(access_signal(self->map + 7 * psize(), true), SIGSEGV);
	EXPECT_EQ(access_signal(self->map + self->pmd, true), 0);
	ASSERT_EQ(mprotect(self->map, self->pmd, PROT_READ | PROT_WRITE), 0);
	EXPECT_EQ(access_signal(self->map + 7 * psize(), true), 0);
	EXPECT_EQ(addrmap_faults(self->map, 2 * self->pmd), 0);

	ASSERT_EQ(mprotect(self->map + 7 * psize(), psize(), PROT_READ), 0);
	EXPECT_EQ(addrmap_faults(self->map, self->pmd), nr);
	EXPECT_EQ(access_signal(self->map + 6 * psize(), true), 0);
	EXPECT_EQ(access_signal(self->map + 7 * psize(), true), SIGSEGV);
	EXPECT_EQ(access_signal(self->map + 8 * psize(), true), 0);
	EXPECT_EQ(addrmap_faults(self->map + self->pmd, self->pmd), 0);
	for (size_t i = 0; i < 2 * nr; i++)
		EXPECT_FRAME(self->map + i * psize(), i);
}

struct pfn_huge_arg {
	char *map;
	size_t pmd;
};

static int pfn_huge_child(void *p)
{
	struct pfn_huge_arg *arg = p;

	/* The entry of the first block was copied, for the second there is none. */
	if (addrmap_faults(arg->map, arg->pmd) != 0)
		return 1;
	if (addrmap_faults(arg->map + arg->pmd, arg->pmd) != 1)
		return 2;
	arg->map[2 * psize()] = 81;
	if (munmap(arg->map + psize(), psize()))
		return 3;
	return arg->map[2 * psize()] != 81;
}

/* fork() copies the entry. What the child unmaps stays in the parent. */
TEST_F(addrmap_pfn_huge, fork)
{
	struct pfn_huge_arg arg = { self->map, self->pmd };

	EXPECT_FRAME(self->map, 0);
	ASSERT_EQ(in_child(pfn_huge_child, &arg), 0);
	EXPECT_EQ(addrmap_faults(self->map, self->pmd), 0);
	EXPECT_FRAME(self->map + psize(), 1);
	EXPECT_EQ(self->map[2 * psize()], 81);
	EXPECT_EQ(buffer_byte(self->fd, 2 * psize()), 81);
}

/* Moved to another suitable address, the entry moves along; else it is mapped anew. */
TEST_F(addrmap_pfn_huge, mremap)
{
	size_t len = 2 * self->pmd;
	char *to = mmap(NULL, 2 * len, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	ASSERT_NE(to, MAP_FAILED);
	to += -(uintptr_t)to % self->pmd;
	EXPECT_EQ(addrmap_faults(self->map, len), 2);
	ASSERT_EQ(mremap(self->map, len, len, MREMAP_MAYMOVE | MREMAP_FIXED, to), to);
	EXPECT_EQ(access_signal(self->map, false), SIGSEGV);
	self->map = to;
	EXPECT_EQ(addrmap_faults(to, len), 0);
	for (size_t i = 0; i < len / psize(); i++)
		EXPECT_FRAME(to + i * psize(), i);

	ASSERT_EQ(mremap(to, len, len, MREMAP_MAYMOVE | MREMAP_FIXED,
			 to + len + psize()), to + len + psize());
	self->map = to + len + psize();
	for (size_t i = 0; i < len / psize(); i++)
		EXPECT_FRAME(self->map + i * psize(), i);
}

/* A block that is at another offset in its PMD than in the buffer is mapped by frames. */
TEST_F(addrmap_pfn_huge, unsuitable)
{
	size_t nr = self->pmd / psize(), len = self->pmd;

	/* Page 1 of the buffer at the start of a PMD. */
	ASSERT_EQ(mmap(self->map, len, PROT_READ, MAP_SHARED | MAP_FIXED, self->fd,
		       psize()), self->map);
	EXPECT_EQ(addrmap_faults(self->map, len), nr);
	for (size_t i = 0; i < nr; i++)
		EXPECT_FRAME(self->map + i * psize(), i + 1);

	/* A page less than a block at either end. */
	ASSERT_EQ(mmap(self->map, len - psize(), PROT_READ, MAP_SHARED | MAP_FIXED,
		       self->fd, 0), self->map);
	EXPECT_EQ(addrmap_faults(self->map, len - psize()), nr - 1);
	ASSERT_EQ(mmap(self->map + psize(), len - psize(), PROT_READ,
		       MAP_SHARED | MAP_FIXED, self->fd, psize()), self->map + psize());
	EXPECT_EQ(addrmap_faults(self->map + psize(), len - psize()), nr - 1);
	for (size_t i = 1; i < nr; i++)
		EXPECT_FRAME(self->map + i * psize(), i);
}

/*
 * One fault maps what is behind it, too, up to a multiple of 64 pages (see
 * fault_around.c, pfn_fault_around.c), and nothing before it, behind the mapping or
 * with other contents: else each page costs a fault, or foreign memory is mapped.
 */
FIXTURE(around)
{
	int fd;
};

FIXTURE_VARIANT(around)
{
	const char *node;
	bool raw;	/* page frames, which mincore() does not always see */
};

FIXTURE_VARIANT_ADD(around, fault_around)
{
	.node = "fault-around",
};

FIXTURE_VARIANT_ADD(around, pfn_fault_around)
{
	.node = "pfn-fault-around",
	.raw = true,
};

FIXTURE_SETUP(around)
{
	self->fd = addrmap_open(variant->node, O_RDWR);
	ASSERT_GE(self->fd, 0);
}

FIXTURE_TEARDOWN(around)
{
	close(self->fd);
}

TEST_F(around, window)
{
	const size_t around = 64, nr = 80, first = 10;
	const size_t align = around * psize();
	unsigned char there[80] = {};
	char *map;

	if (variant->raw && !addrmap_sees_frames())
		SKIP(return, "needs a mincore() that sees VM_PFNMAP, as of 7.3");
	/* More than is mapped. */
	ASSERT_EQ(addrmap_set_length(self->fd, (nr + 16) * psize()), 0);
	for (size_t i = 0; i < nr; i++) {
		char c = i + 1;

		ASSERT_EQ(pwrite(self->fd, &c, 1, i * psize()), 1);
	}
	map = mmap(NULL, 3 * align, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(map, MAP_FAILED);
	map += -(uintptr_t)map % align;
	ASSERT_EQ(mmap(map, nr * psize(), PROT_READ, MAP_SHARED | MAP_FIXED,
		       self->fd, 0), map);
	EXPECT_EQ(access_signal(map + first * psize(), false), 0);
	ASSERT_EQ(mincore(map, nr * psize(), there), 0);
	for (size_t i = 0; i < nr; i++) {
		EXPECT_EQ(there[i] & 1, i >= first && i < around) {
			TH_LOG("page %zu", i);
		}
	}
	/* The last pages of the mapping. */
	EXPECT_EQ(access_signal(map + (nr - 2) * psize(), false), 0);
	ASSERT_EQ(mincore(map, nr * psize(), there), 0);
	EXPECT_EQ(there[nr - 3] & 1, 0);
	EXPECT_EQ(there[nr - 1] & 1, 1);
	EXPECT_EQ(access_signal(map + nr * psize(), false), SIGSEGV);
	for (size_t i = 0; i < nr; i++)
		EXPECT_PAGE(map + i * psize(), i);
	munmap(map, nr * psize());
}

/*
 * The segments of /dev/addrmap/segments are 1, 2, 3 ... pages long (segments.c). A
 * fault maps the rest of the segment, and neither what follows it in memory nor
 * the segment that follows it in the mapping.
 *
 *	|0|1 2|3 4 5|6 7 8 9|
 *	       ^ read first
 */
TEST(segments_seam)
{
	int fd = addrmap_open("segments", O_RDWR);
	unsigned char there[10] = {};
	char *map, *part;

	if (!addrmap_sees_frames())
		SKIP(return, "needs a mincore() that sees VM_PFNMAP, as of 7.3");
	ASSERT_GE(fd, 0);
	ASSERT_EQ(addrmap_set_length(fd, 10 * psize()), 0);
	for (int i = 0; i < 10; i++) {
		char c = i + 1;

		ASSERT_EQ(pwrite(fd, &c, 1, i * psize()), 1);
	}
	map = mmap(NULL, 10 * psize(), PROT_READ, MAP_SHARED, fd, 0);
	ASSERT_NE(map, MAP_FAILED);
	EXPECT_PAGE(map + 4 * psize(), 4);
	ASSERT_EQ(mincore(map, 10 * psize(), there), 0);
	for (int i = 0; i < 10; i++) {
		EXPECT_EQ(there[i] & 1, i == 4 || i == 5) {
			TH_LOG("page %d", i);
		}
	}
	for (int i = 0; i < 10; i++)
		EXPECT_PAGE(map + i * psize(), i);

	/* From the middle of a segment to the middle of another. */
	part = mmap(NULL, 3 * psize(), PROT_READ, MAP_SHARED, fd, 5 * psize());
	ASSERT_NE(part, MAP_FAILED);
	for (int i = 0; i < 3; i++)
		EXPECT_PAGE(part + i * psize(), 5 + i);
	munmap(part, 3 * psize());
	munmap(map, 10 * psize());
	close(fd);
}

/*
 * What x86's list of cache modes, @f, has for the page at @phys: its first line is
 * a title, the others are "PAT: [mem 0xFIRST-0xEND] MODE".
 */
static const char *cache_mode(FILE *f, unsigned long long phys, char mode[32])
{
	unsigned long long first, end;
	char line[128];

	rewind(f);
	while (fgets(line, sizeof(line), f)) {
		if (sscanf(line, "PAT: [mem %llx-%llx] %31s", &first, &end, mode) == 3 &&
		    phys >= first && phys < end)
			return mode;
	}

	return "none";
}

/*
 * The device's memory is of one kind for all who map it, uncached or, with the
 * parameter io_wc, write-combining.
 */
TEST(io_cache_mode)
{
	int param = open("/sys/module/addrmap/parameters/io_wc", O_RDONLY);
	FILE *f = fopen("/sys/kernel/debug/x86/pat_memtype_list", "r");
	const char *missing = addrmap_missing("io");
	char *map, wc = 0, mode[32];
	struct addrmap_translate tr;
	int fd;

	if (missing)
		SKIP(return, "%s", missing);
	if (!f)
		SKIP(return, "needs x86 with CONFIG_X86_PAT, debugfs");
	ASSERT_EQ(read(param, &wc, 1), 1);
	fd = addrmap_open("io", O_RDWR);
	ASSERT_GE(fd, 0);
	map = mmap(NULL, psize(), PROT_READ, MAP_SHARED, fd, psize());
	ASSERT_NE(map, MAP_FAILED);
	ASSERT_EQ(addrmap_translate(fd, psize(), &tr), 0);
	EXPECT_STREQ(cache_mode(f, tr.phys, mode),
		     wc == 'Y' ? "write-combining" : "uncached-minus");
	munmap(map, psize());
	close(fd);
	close(param);
	fclose(f);
}

FIXTURE(addrmap_written)
{
	int fd;
	size_t nr;	/* pages of the buffer */
	char *map;	/* all of it */
};

FIXTURE_VARIANT(addrmap_written)
{
	const char *node;
};

FIXTURE_VARIANT_ADD(addrmap_written, written) { .node = "written" };
FIXTURE_VARIANT_ADD(addrmap_written, pfn_written) { .node = "pfn-written" };

FIXTURE_SETUP(addrmap_written)
{
	map_node(_metadata, variant->node, MAP_SHARED, &self->fd, &self->nr,
		 &self->map);
}

FIXTURE_TEARDOWN(addrmap_written)
{
	munmap(self->map, self->nr * psize());
	close(self->fd);
}

#define EXPECT_WRITTEN(fd, offset, first, nr)			\
do {								\
	__u64 _first = 0;					\
								\
	EXPECT_EQ(addrmap_written(fd, offset, &_first), nr);	\
	EXPECT_EQ(_first, (__u64)(first) * psize());		\
} while (0)

#define EXPECT_NOT_WRITTEN(fd)	EXPECT_WRITTEN(fd, 0, self->nr, 0)

static int write_page_5(void *arg)
{
	char *map = arg;

	map[5 * psize()]++;
	return 0;
}

/*
 * The driver learns of each page that a process writes to, however it does so,
 * and not of a page that it reads.
 */
TEST_F(addrmap_written, by_mapping)
{
	struct iovec local = { "x", 1 }, remote = { self->map + 7 * psize(), 1 };
	int mem = open("/proc/self/mem", O_RDWR);
	char b[32];

	EXPECT_NOT_WRITTEN(self->fd);
	for (size_t i = 0; i < self->nr; i++)
		EXPECT_PAGE(self->map + i * psize(), i);
	EXPECT_NOT_WRITTEN(self->fd);

	self->map[2 * psize()]++;
	self->map[4 * psize() - 1]++;
	EXPECT_WRITTEN(self->fd, 0, 2, 2);
	EXPECT_NOT_WRITTEN(self->fd);
	ASSERT_EQ(in_child(write_page_5, self->map), 0);
	EXPECT_WRITTEN(self->fd, 0, 5, 1);
	/* The kernel, for the process; a debugger; who pins the page. */
	ASSERT_EQ(pread(self->fd, self->map + 6 * psize(), 1, 0), 1);
	EXPECT_WRITTEN(self->fd, 0, 6, 1);
	ASSERT_EQ(pwrite(mem, b, sizeof(b), (uintptr_t)self->map + 9 * psize() - 9),
		  (ssize_t)sizeof(b));
	EXPECT_WRITTEN(self->fd, 0, 8, 2);
	if (process_vm_writev(getpid(), &local, 1, &remote, 1, 0) == 1) {
		EXPECT_WRITTEN(self->fd, 0, 7, 1);
	}
	EXPECT_NOT_WRITTEN(self->fd);
	/* Up to the end of a page is not the next one. */
	ASSERT_EQ(pwrite(mem, b, 1, (uintptr_t)self->map + 11 * psize() - 1), 1);
	EXPECT_WRITTEN(self->fd, 0, 10, 1);
	EXPECT_NOT_WRITTEN(self->fd);
	/* A debugger that has just looked, or that could not write. */
	ASSERT_EQ(pread(mem, b, sizeof(b), (uintptr_t)self->map + 9 * psize() - 9),
		  (ssize_t)sizeof(b));
	ASSERT_EQ(mprotect(self->map, self->nr * psize(), PROT_READ), 0);
	EXPECT_EQ(pwrite(mem, b, 1, (uintptr_t)self->map + 2 * psize() + 100), -1);
	ASSERT_EQ(mprotect(self->map, self->nr * psize(), PROT_READ | PROT_WRITE), 0);
	EXPECT_NOT_WRITTEN(self->fd);

	/* Moved, and protected for a while, the mapping is still known. */
	self->map[0]++;
	ASSERT_EQ(mprotect(self->map, psize(), PROT_READ), 0);
	EXPECT_WRITTEN(self->fd, 0, 0, 1);
	ASSERT_EQ(mprotect(self->map, psize(), PROT_READ | PROT_WRITE), 0);
	self->map[0]++;
	EXPECT_WRITTEN(self->fd, 0, 0, 1);
	EXPECT_NOT_WRITTEN(self->fd);
	close(mem);
}

/*
 * The search starts where it is told to, ends at the first page that was not written
 * to, and forgets nothing that it has not told of, or somebody would not update it.
 */
TEST_F(addrmap_written, written_search)
{
	struct addrmap_written *arg = (void *)guarded(1);

	ASSERT_NE(arg, NULL);
	self->map[psize()]++;
	self->map[3 * psize()]++;
	self->map[4 * psize()]++;
	self->map[(self->nr - 1) * psize()]++;
	EXPECT_WRITTEN(self->fd, self->nr * psize(), self->nr, 0);
	EXPECT_WRITTEN(self->fd, 4 * psize(), 4, 1);
	EXPECT_WRITTEN(self->fd, 5 * psize(), self->nr - 1, 1);
	EXPECT_WRITTEN(self->fd, 0, 1, 1);
	EXPECT_WRITTEN(self->fd, 0, 3, 1);
	EXPECT_NOT_WRITTEN(self->fd);

	/* It cannot be told. */
	self->map[psize()]++;
	self->map[2 * psize()]++;
	self->map[4 * psize()]++;
	ASSERT_EQ(mprotect(arg, psize(), PROT_READ), 0);
	EXPECT_EQ(ioctl(self->fd, ADDRMAP_WRITTEN, arg), -1);
	EXPECT_EQ(errno, EFAULT);
	EXPECT_WRITTEN(self->fd, 0, 1, 2);
	EXPECT_WRITTEN(self->fd, 0, 4, 1);
	EXPECT_NOT_WRITTEN(self->fd);
}

/*
 * write() and transfers are the driver's own doing, and a copy is not the buffer; what
 * is bad is refused.
 */
TEST_F(addrmap_written, not_by_mapping)
{
	char c = 1, *copy;
	__u64 first;

	ASSERT_EQ(pwrite(self->fd, &c, 1, 0), 1);
	ASSERT_EQ(addrmap_transfer(self->fd, psize(), &c, 1, true), 1);
	EXPECT_NOT_WRITTEN(self->fd);
	copy = mmap(NULL, 3 * psize(), PROT_READ | PROT_WRITE, MAP_PRIVATE, self->fd, 0);
	if (copy != MAP_FAILED) {
		EXPECT_PAGE(copy + psize(), 0);
		copy[psize()]++;
		copy[2 * psize()]++;
		munmap(copy, 3 * psize());
		EXPECT_NOT_WRITTEN(self->fd);
	}
	EXPECT_EQ(addrmap_written(self->fd, 1, &first), -1);
	EXPECT_EQ(errno, EINVAL);
	EXPECT_EQ(addrmap_written(self->fd, (self->nr + 1) * psize(), &first), -1);
	EXPECT_EQ(errno, EINVAL);
	EXPECT_EQ(ioctl(self->fd, ADDRMAP_WRITTEN, NULL), -1);
	EXPECT_EQ(errno, EFAULT);
}

struct writer {
	volatile unsigned int *page;
	int mem;	/* /proc/self/mem to write by, or -1 */
	atomic_uint go, done;
};

static void *write_rounds(void *p)
{
	struct writer *w = p;
	unsigned int round = 0;

	while (round != UINT_MAX) {
		while (w->go == round)
			sched_yield();
		round = w->go;
		if (w->mem < 0)
			*w->page = round;
		else
			pwrite(w->mem, &round, sizeof(round), (uintptr_t)w->page);
		w->done = round;
	}

	return NULL;
}

/*
 * One thread writes, by @map or @mem, while another one copies the page each time that
 * ADDRMAP_WRITTEN tells of it. In how many rounds the copy was not the last write.
 */
static unsigned int written_race(int fd, char *map, int mem)
{
	struct writer w = { .page = (volatile unsigned int *)map, .mem = mem };
	unsigned int copy = 0, lost = 0;
	pthread_t thread;

	*w.page = 0;
	if (pthread_create(&thread, NULL, write_rounds, &w))
		return UINT_MAX;
	for (unsigned int round = 1; round <= 2000; round++) {
		bool last;

		w.go = round;
		do {
			__u64 first;

			/* The last time, it has been written. */
			last = w.done == round;
			if (addrmap_written(fd, 0, &first) > 0)
				pread(fd, &copy, sizeof(copy), 0);
			/* Mapped read-only again by a read, now and then. */
			if (round % 3 == 0)
				FORCE_READ(*w.page);
		} while (!last);
		lost += copy != round;
	}
	w.go = UINT_MAX;
	pthread_join(thread, NULL);

	return lost;
}

/*
 * No write gets lost that is made while ADDRMAP_WRITTEN looks: whoever copies a
 * page when it is told of has all that was written in the end.
 */
TEST_F_TIMEOUT(addrmap_written, race, SLOW_TIMEOUT)
{
	EXPECT_EQ(written_race(self->fd, self->map, -1), 0);
}

/*
 * The same holds for writes of a debugger by ->access, because the driver itself makes
 * them. Where there are pages, the debugger has pinned them when it writes.
 */
TEST_F_TIMEOUT(addrmap_written, race_debugger, SLOW_TIMEOUT)
{
	int mem = open("/proc/self/mem", O_RDWR);

	if (!strcmp(variant->node, "written"))
		SKIP(return, "needs a mapping that cannot be pinned");
	ASSERT_GE(mem, 0);
	EXPECT_EQ(written_race(self->fd, self->map, mem), 0);
	close(mem);
}

/* Opens the device by another node, which is removed again; -1 if it cannot. */
static int open_second_node(void)
{
	const char *path = "/dev/addrmap-revoke-test";
	struct stat st;
	int fd;

	unlink(path);
	if (stat("/dev/addrmap/revoke", &st) ||
	    mknod(path, S_IFCHR | 0600, st.st_rdev))
		return -1;
	fd = open(path, O_RDWR | O_CLOEXEC);
	unlink(path);

	return fd;
}

/*
 * ADDRMAP_REVOKE reaches every mapping of every buffer, be it private and copied,
 * or made through another device node: an access is a SIGBUS, since the memory is
 * not to be used any more. With ADDRMAP_REVOKE_RESTORE the mappings work again,
 * and copies are gone.
 */
TEST(revoke_all_mappings)
{
	struct addrmap_revoke reserved = { ADDRMAP_REVOKE_RESTORE, 1 };
	int fd = addrmap_open("revoke", O_RDWR);
	int own = addrmap_open("revoke", O_RDWR);
	int second = open_second_node();
	char *maps[5];

	ASSERT_GE(fd, 0);
	ASSERT_GE(own, 0);
	ASSERT_GE(second, 0);
	ASSERT_EQ(addrmap_set_length(own, psize()), 0);
	for (int i = 0; i < 5; i++) {
		/* The last one is of the buffer's last page. */
		maps[i] = mmap(NULL, psize(), PROT_READ | PROT_WRITE,
			       i == 1 ? MAP_PRIVATE : MAP_SHARED,
			       i == 2 ? own : i == 3 ? second : fd,
			       i == 4 ? ADDRMAP_SHARED_LENGTH - psize() : 0);
		ASSERT_NE(maps[i], MAP_FAILED) {
			TH_LOG("mapping %d: %s", i, strerror(errno));
		}
	}
	*maps[0] = 10;
	*maps[1] = 11;
	*maps[2] = 12;
	EXPECT_EQ(*(volatile char *)maps[3], 10);
	*maps[4] = 14;

	ASSERT_EQ(addrmap_revoke(fd, 0), 0);
	for (int i = 0; i < 5; i++) {
		EXPECT_EQ(access_signal(maps[i], false), SIGBUS) {
			TH_LOG("mapping %d", i);
		}
		EXPECT_EQ(access_signal(maps[i], true), SIGBUS) {
			TH_LOG("mapping %d", i);
		}
	}
	EXPECT_EQ(mmap(NULL, psize(), PROT_READ, MAP_SHARED, fd, 0), MAP_FAILED);
	EXPECT_EQ(errno, ENODEV);
	EXPECT_EQ(buffer_byte(fd, 0), 10);
	EXPECT_EQ(addrmap_revoke(fd, 2), -1);
	EXPECT_EQ(errno, EINVAL);
	EXPECT_EQ(ioctl(fd, ADDRMAP_REVOKE, &reserved), -1);
	EXPECT_EQ(errno, EINVAL);
	EXPECT_EQ(ioctl(fd, ADDRMAP_REVOKE, NULL), -1);
	EXPECT_EQ(errno, EFAULT);

	ASSERT_EQ(addrmap_revoke(fd, ADDRMAP_REVOKE_RESTORE), 0);
	EXPECT_EQ(*(volatile char *)maps[0], 10);
	EXPECT_EQ(*(volatile char *)maps[1], 10);
	EXPECT_EQ(*(volatile char *)maps[2], 12);
	EXPECT_EQ(*(volatile char *)maps[4], 14);
	EXPECT_EQ(access_signal(maps[0], true), 0);
	for (int i = 0; i < 5; i++)
		munmap(maps[i], psize());
	EXPECT_EQ(addrmap_mappings(fd), 0);
	close(second);
	close(own);
	close(fd);
}

struct toucher {
	char *map;
	atomic_bool stop;
	atomic_int rounds;
};

static void *touch_again(void *p)
{
	struct toucher *t = p;

	while (!t->stop) {
		if (!sigsetjmp(fault_env, 1))
			(*(volatile char *)t->map)++;
		t->rounds++;
	}

	return NULL;
}

/*
 * A page fault that is under way during ADDRMAP_REVOKE leaves no entry behind:
 * when the ioctl has returned, nothing gets to the buffer by the mapping.
 */
TEST(revoke_race)
{
	int fd = addrmap_open("revoke", O_RDWR);
	struct toucher t = { 0 };
	pthread_t thread;

	ASSERT_GE(fd, 0);
	ASSERT_EQ(addrmap_set_length(fd, psize()), 0);
	t.map = mmap(NULL, psize(), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	ASSERT_NE(t.map, MAP_FAILED);
	signal(SIGBUS, fault_handler);
	ASSERT_EQ(pthread_create(&thread, NULL, touch_again, &t), 0);
	for (int i = 0; i < 2000; i++) {
		int rounds;
		char c;

		ASSERT_EQ(addrmap_revoke(fd, 0), 0);
		c = buffer_byte(fd, 0);
		rounds = t.rounds;
		while (t.rounds < rounds + 2)
			usleep(100);
		EXPECT_EQ(buffer_byte(fd, 0), c) {
			TH_LOG("round %d", i);
		}
		ASSERT_EQ(addrmap_revoke(fd, ADDRMAP_REVOKE_RESTORE), 0);
		/* Not for long: the next one is to come with a fault under way. */
		for (volatile int n = 0; n < i % 50 * 100; n++)
			;
	}
	t.stop = true;
	pthread_join(thread, NULL);
	signal(SIGBUS, SIG_DFL);
	munmap(t.map, psize());
	close(fd);
}

int main(int argc, char **argv)
{
	/* To list the tests takes no node. */
	if (argc == 1 || (strcmp(argv[1], "-l") && strcmp(argv[1], "-h")))
		addrmap_need_nodes();

	return test_harness_run(argc, argv);
}
