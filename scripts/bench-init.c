// SPDX-License-Identifier: GPL-2.0-only
/*
 * The init of scripts/bench's machine: what it costs a process to map memory of each
 * kind and read a byte of each page, to unmap it, and to read() and write() it. Prints
 * lines
 *
 *	bench: NAME PAGES map PS unmap PS read PS write PS
 *
 * with picoseconds a page, where a nanosecond is an instruction under qemu -icount;
 * without read and write if there is no such call. "bench: NAME PAGES - REASON" is one
 * that cannot be measured here. The pages are there before, unless the name says
 * otherwise. The lowest of some rounds counts.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/dma-heap.h>
#include <linux/memfd.h>
#include <linux/udmabuf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "../driver/addrmap.h"

#define PAGE	4096UL
#define HUGE	(2UL << 20)
#define ROUNDS	4
#define CHUNK	(16 * PAGE)	/* of read() and write() */
#define BENCH_RESERVED	0x38000000	/* as scripts/bench tells the kernel */

struct memory {
	const char *name;
	int (*open)(const char *path, size_t len);
	const char *path;
	int flags;	/* of mmap() */
	off_t offset;	/* of mmap() */
	size_t least, most;	/* bytes; most is not limited if it is 0 */
	int write;	/* each page is written to, not read */
	int no_file;	/* read() and write() are not of the memory */
};

static int node_open(const char *path, size_t len)
{
	struct addrmap_set_length arg = { .length = len };
	int fd = open(path, O_RDWR);

	if (fd >= 0 && ioctl(fd, ADDRMAP_SET_LENGTH, &arg))
		return -1;
	return fd;
}

static int heap_open(const char *path, size_t len)
{
	struct dma_heap_allocation_data arg = { .len = len, .fd_flags = O_RDWR | O_CLOEXEC };
	int heap = open(path, O_RDWR);

	if (heap < 0 || ioctl(heap, DMA_HEAP_IOCTL_ALLOC, &arg))
		return -1;
	close(heap);
	return arg.fd;
}

static int new_memfd(size_t len, unsigned int flags)
{
	int fd = memfd_create("bench", flags);

	return fd < 0 || ftruncate(fd, len) ? -1 : fd;
}

/* The file is not used, or its memory is at an offset. */
static int plain_open(const char *path, size_t len)
{
	(void)len;
	return open(path, O_RDWR);
}

/* A memfd whose pages are there. */
static int memfd_open(const char *path, size_t len)
{
	int fd = new_memfd(len, MFD_ALLOW_SEALING);

	(void)path;
	return fd < 0 || fallocate(fd, 0, 0, len) ? -1 : fd;
}

static int hugetlb_open(const char *path, size_t len)
{
	int fd = new_memfd(len, MFD_HUGETLB);

	(void)path;
	return fd < 0 || fallocate(fd, 0, 0, len) ? -1 : fd;
}

static int udmabuf_open(const char *path, size_t len)
{
	struct udmabuf_create arg = { .flags = UDMABUF_FLAGS_CLOEXEC, .size = len };
	int dev = open(path, O_RDWR), buf;

	arg.memfd = memfd_open(NULL, len);
	if (dev < 0 || (int)arg.memfd < 0 || fcntl(arg.memfd, F_ADD_SEALS, F_SEAL_SHRINK))
		return -1;
	buf = ioctl(dev, UDMABUF_CREATE, &arg);
	close(arg.memfd);
	close(dev);
	return buf;
}

static const struct memory memories[] = {
	{ "addrmap/pages", node_open, "/dev/addrmap/pages" },
	{ "addrmap/vmalloc", node_open, "/dev/addrmap/vmalloc" },
	{ "addrmap/fault", node_open, "/dev/addrmap/fault" },
	{ "addrmap/fault-around", node_open, "/dev/addrmap/fault-around" },
	{ "addrmap/pfn", node_open, "/dev/addrmap/pfn" },
	{ "addrmap/pfn-fault", node_open, "/dev/addrmap/pfn-fault" },
	{ "addrmap/pfn-fault-around", node_open, "/dev/addrmap/pfn-fault-around" },
	{ "addrmap/huge", node_open, "/dev/addrmap/huge" },
	{ "addrmap/pfn-huge", node_open, "/dev/addrmap/pfn-huge" },
	/* the first half of ivshmem's BAR of 2 MiB */
	{ "addrmap/io", plain_open, "/dev/addrmap/io", .most = 256 * PAGE },
	/* memory that the kernel does not use: memmap= on its command line */
	{ "/dev/mem", plain_open, "/dev/mem", .offset = BENCH_RESERVED, .no_file = 1 },
	{ "dma-heap/system", heap_open, "/dev/dma_heap/system" },
	{ "udmabuf", udmabuf_open, "/dev/udmabuf" },
	{ "memfd", memfd_open },
	{ "memfd,MAP_POPULATE", memfd_open, .flags = MAP_POPULATE },
	{ "hugetlb", hugetlb_open, .least = HUGE, .no_file = 1 },
	/* memory of the process alone, which comes with the first write */
	{ "anonymous", plain_open, "/dev/null", MAP_ANONYMOUS, .write = 1, .no_file = 1 },
	{ "anonymous,MAP_POPULATE", plain_open, "/dev/null", MAP_ANONYMOUS | MAP_POPULATE,
	  .no_file = 1 },
};

static const size_t lengths[] = { PAGE, 16 * PAGE, 256 * PAGE, 4096 * PAGE, 16384 * PAGE };

static unsigned long now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000UL + t.tv_nsec;
}

static void put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY);

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		printf("bench: cannot write to %s: %m\n", path);
	close(fd);
}

static unsigned long lower(unsigned long a, unsigned long b)
{
	return a < b ? a : b;
}

/* What read() or write() of all of the memory takes, or 0 if there is no such call. */
static unsigned long copy_all(int fd, size_t len, int write)
{
	static char buf[CHUNK];
	unsigned long start = now();

	for (size_t done = 0; done < len;) {
		size_t want = lower(len - done, CHUNK);
		ssize_t n = write ? pwrite(fd, buf, want, done) : pread(fd, buf, want, done);

		if (n <= 0)
			return 0;
		done += n;
	}
	return now() - start;
}

static void measure(const struct memory *m, size_t len)
{
	unsigned long map = -1UL, unmap = -1UL, rd = -1UL, wr = -1UL, nr = len / PAGE;
	int shared = m->flags & MAP_ANONYMOUS ? MAP_PRIVATE : MAP_SHARED;
	int fd = m->open(m->path, len);

	if (fd < 0) {
		printf("bench: %s %lu - %s\n", m->name, nr, strerror(errno));
		return;
	}
	sleep(2);	/* until what the kernel does in the background is done */
	for (int round = 0; round < ROUNDS; round++) {
		unsigned long start = now(), mapped, done;
		char *p = mmap(NULL, len, PROT_READ | PROT_WRITE, shared | m->flags,
			       m->flags & MAP_ANONYMOUS ? -1 : fd, m->offset);

		if (p == MAP_FAILED) {
			printf("bench: %s %lu - mmap: %s\n", m->name, nr, strerror(errno));
			close(fd);
			return;
		}
		for (size_t i = 0; i < len; i += PAGE) {
			if (m->write)
				*(volatile char *)(p + i) = 1;
			else
				*(volatile char *)(p + i);
		}
		mapped = now();
		munmap(p, len);
		done = now();
		map = lower(map, mapped - start);
		unmap = lower(unmap, done - mapped);
		if (m->no_file)
			continue;
		wr = lower(wr, copy_all(fd, len, 1));
		rd = lower(rd, copy_all(fd, len, 0));
	}
	printf("bench: %s %lu map %lu unmap %lu", m->name, nr, map * 1000 / nr, unmap * 1000 / nr);
	if (!m->no_file && rd && wr)
		printf(" read %lu write %lu", rd * 1000 / nr, wr * 1000 / nr);
	printf("\n");
	close(fd);
}

int main(void)
{
	mkdir("/proc", 0755);
	mkdir("/cg", 0755);
	mount("dev", "/dev", "devtmpfs", 0, NULL);
	mount("proc", "/proc", "proc", 0, NULL);
	/* The root cgroup is not charged. */
	if (mount("cg", "/cg", "cgroup2", 0, NULL) || mkdir("/cg/bench", 0755))
		printf("bench: memory is not charged: %m\n");
	else
		put("/cg/bench/cgroup.procs", "0");
	put("/proc/sys/vm/nr_hugepages", "40");

	for (size_t i = 0; i < sizeof(memories) / sizeof(*memories); i++)
		for (size_t j = 0; j < sizeof(lengths) / sizeof(*lengths); j++)
			if (lengths[j] >= memories[i].least &&
			    (!memories[i].most || lengths[j] <= memories[i].most))
				measure(memories + i, lengths[j]);
	printf("bench: end\n");
	fflush(stdout);
	reboot(RB_AUTOBOOT);
	return 0;
}
