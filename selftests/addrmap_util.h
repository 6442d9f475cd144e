/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What addrmap.c and addrmap_matrix.c share: the nodes of the sample driver
 * (CONFIG_ADDRMAP), and what /proc/self/smaps says of a mapping.
 */
#ifndef _MM_ADDRMAP_UTIL_H
#define _MM_ADDRMAP_UTIL_H

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/utsname.h>

#include "kselftest.h"
#include "../../../../mm/addrmap/addrmap.h"

/*
 * How much of a mapping the tests use, in pages. The buffer that the users of
 * a node share is that large with pages of up to 128 KiB, the memory of a
 * device for the node "io" has to be.
 */
#define NR_PAGES	16

/*
 * The nodes that the driver always has. There are three more: "dma" where there is
 * DMA, and "io" and "io-huge", if a device's memory was found for them by the
 * parameters io_start and io_length, and io_huge_start and io_huge_length.
 */
static const char * const addrmap_nodes[] = {
	"pfn", "pages", "vmalloc", "fault", "fault-around", "pfn-fault", "huge",
	"pfn-huge", "segments", "written", "pfn-written", "revoke",
	"pfn-fault-around",
};

#define NEEDS_IO	"needs a device: modprobe addrmap io_start= io_length="
#define NEEDS_IO_HUGE	"needs a device: modprobe addrmap io_huge_start= io_huge_length="

/* The node shows the memory of a device: there is one buffer, of that length. */
static inline bool addrmap_is_device(const char *node)
{
	return !strcmp(node, "io") || !strcmp(node, "io-huge");
}

static inline int addrmap_open(const char *node, int flags)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "/dev/addrmap/%s", node);
	return open(path, flags | O_CLOEXEC);
}

/*
 * End the program as skipped if the kernel has no driver, or the user no
 * access to it: then there is nothing to test. A node that is missing while
 * others are there is a failure, which is left to the tests of that node.
 *
 * To be called before anything is printed, since the plan is that no test runs.
 */
static inline void addrmap_need_nodes(void)
{
	bool denied = false;

	for (size_t i = 0; i < ARRAY_SIZE(addrmap_nodes); i++) {
		int fd = addrmap_open(addrmap_nodes[i], O_RDWR);

		if (fd >= 0)
			close(fd);
		if (fd < 0 && (errno == EACCES || errno == EPERM))
			denied = true;
		else if (fd >= 0 || errno != ENOENT)
			return;
	}

	ksft_print_header();
	if (denied)
		ksft_exit_skip("no access to /dev/addrmap: needs root\n");
	/* The directory is there for a driver that is built in, too. */
	if (!access("/sys/module/addrmap", F_OK))
		ksft_exit_fail_msg("addrmap is loaded, but there is no /dev/addrmap: see dmesg\n");
	ksft_exit_skip("no /dev/addrmap: modprobe addrmap (CONFIG_ADDRMAP)\n");
}

static inline int addrmap_set_length(int fd, __u64 length)
{
	struct addrmap_set_length sl = { .length = length };

	return ioctl(fd, ADDRMAP_SET_LENGTH, &sl);
}

/* How many VMAs map the buffer of @fd, or -1. */
static inline long addrmap_mappings(int fd)
{
	struct addrmap_info info;

	return ioctl(fd, ADDRMAP_INFO, &info) ? -1 : (long)info.mappings;
}

/* How many bytes were copied through pinned pages, or -1. */
static inline long addrmap_transfer(int fd, __u64 offset, void *p, size_t len,
				    bool to_buffer)
{
	struct addrmap_transfer tr = {
		.offset = offset,
		.addr = (uintptr_t)p,
		.length = len,
		.flags = to_buffer ? ADDRMAP_TRANSFER_TO_BUFFER : 0,
	};

	return ioctl(fd, ADDRMAP_TRANSFER, &tr) ? -1 : (long)tr.done;
}

static inline int addrmap_revoke(int fd, __u32 flags)
{
	struct addrmap_revoke arg = { .flags = flags };

	return ioctl(fd, ADDRMAP_REVOKE, &arg);
}

/*
 * The first pages from @offset on that mappings have written to. How many there
 * are, with their offset in *@first, or -1.
 */
static inline long addrmap_written(int fd, __u64 offset, __u64 *first)
{
	struct addrmap_written arg = { .offset = offset };

	if (ioctl(fd, ADDRMAP_WRITTEN, &arg))
		return -1;
	*first = arg.offset;

	return arg.length / sysconf(_SC_PAGESIZE);
}

static inline int addrmap_translate(int fd, __u64 offset,
				    struct addrmap_translate *tr)
{
	*tr = (struct addrmap_translate) { .offset = offset };

	return ioctl(fd, ADDRMAP_TRANSLATE, tr);
}

/*
 * Why a test of @node is to be skipped, or NULL. Of all nodes, only three may be
 * missing: "io" and "io-huge" for want of a device, and "dma" where there is no DMA.
 */
static inline const char *addrmap_missing(const char *node)
{
	struct addrmap_info info;
	const char *missing = NULL;
	int fd;

	if (!strcmp(node, "dma")) {
		fd = addrmap_open(node, O_RDWR);
		if (fd >= 0)
			close(fd);
		return fd < 0 && errno == ENOENT ? "needs CONFIG_HAS_DMA" : NULL;
	}
	if (!addrmap_is_device(node))
		return NULL;
	fd = addrmap_open(node, O_RDWR);
	if (fd < 0 && errno == ENOENT)
		return strcmp(node, "io") ? NEEDS_IO_HUGE : NEEDS_IO;
	if (fd < 0)
		return NULL;
	if (!ioctl(fd, ADDRMAP_INFO, &info) &&
	    info.length / sysconf(_SC_PAGESIZE) < NR_PAGES)
		missing = "needs an io_length= and an io_huge_length= of 16 pages";
	close(fd);

	return missing;
}

/* Are raw frames mapped by huge entries: is there CONFIG_ARCH_SUPPORTS_PMD_PFNMAP? */
static inline bool addrmap_has_raw_huge(void)
{
	static const char * const machines[] = {
		"x86_64", "aarch64", "riscv64", "ppc64", "ppc64le",
	};
	struct utsname name;

	if (access("/sys/kernel/mm/transparent_hugepage", F_OK) || uname(&name))
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(machines); i++) {
		if (!strcmp(name.machine, machines[i]))
			return true;
	}

	return false;
}

/*
 * How many page faults it is to read each page from @p on: how many have no page
 * table entry when it is their turn. getrusage() would count faults on code, stack and
 * data of this program, too, which come and go: as when the next page of the code is
 * just being read from the disk, or when compaction moves one. Before 7.3, mincore()
 * does not see page frames, see addrmap_sees_frames().
 */
static inline long addrmap_faults(volatile char *p, size_t len)
{
	size_t page = sysconf(_SC_PAGESIZE);
	long faults = 0;

	for (size_t i = 0; i < len; i += page) {
		unsigned char there = 0;

		mincore((void *)(p + i), page, &there);
		faults += !(there & 1);
		p[i];
	}

	return faults;
}

/* Does mincore() see page frames, as of the node "pfn", all of which mmap() maps? */
static inline bool addrmap_sees_frames(void)
{
	size_t page = sysconf(_SC_PAGESIZE);
	int fd = addrmap_open("pfn", O_RDWR);
	unsigned char there = 0;
	void *p;

	p = mmap(NULL, page, PROT_READ, MAP_SHARED, fd, 0);
	if (p != MAP_FAILED) {
		mincore(p, page, &there);
		munmap(p, page);
	}
	close(fd);

	return there & 1;
}

/* What /proc/self/smaps says of a VMA. */
struct vma {
	unsigned long long offset;
	long rss, anon, shared, pmd;	/* kB; pmd: of files, by huge pages */
	char flags[512];
};

static inline void add_field(const char *line, const char *name, long *value)
{
	if (!strncmp(line, name, strlen(name)))
		*value += strtol(line + strlen(name), NULL, 10);
}

/* The VMA that has @addr; false if there is none. */
static inline bool find_vma(const char *addr, struct vma *vma)
{
	unsigned long p = (unsigned long)addr, start, end;
	FILE *f = fopen("/proc/self/smaps", "r");
	unsigned long long offset;
	bool found = false;
	char line[512];

	*vma = (struct vma) { 0 };
	while (f && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%lx-%lx %*s %llx", &start, &end, &offset) == 3) {
			if (found)
				break;
			found = p >= start && p < end;
			vma->offset = offset;
		} else if (found) {
			add_field(line, "Rss:", &vma->rss);
			add_field(line, "Anonymous:", &vma->anon);
			add_field(line, "Shared_Clean:", &vma->shared);
			add_field(line, "Shared_Dirty:", &vma->shared);
			add_field(line, "FilePmdMapped:", &vma->pmd);
			if (!strncmp(line, "VmFlags: ", 9))
				snprintf(vma->flags, sizeof(vma->flags), "%s",
					 line + 9);
		}
	}
	if (f)
		fclose(f);

	return found;
}

#endif /* _MM_ADDRMAP_UTIL_H */
