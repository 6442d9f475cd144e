// SPDX-License-Identifier: GPL-2.0-only
/*
 * What addrmap_matrix --device looks for: memory that a driver gives back while it
 * is mapped.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "addrmap_device.h"

/*
 * Memory that is free now becomes ours, with a word in each page that is known.
 * What a driver has allocated is not movable, and is kept apart from what a
 * process gets: but pipes get it.
 */
#define SPRAY		(4UL << 20)
#define PIPES		16
#define PIPE_SIZE	(1UL << 20)
#define MAGIC		0x6d61704164647221ULL

static void spray(void)
{
	char *p = mmap(NULL, SPRAY, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int fd[2];

	if (p == MAP_FAILED)
		return;
	madvise(p, SPRAY, MADV_NOHUGEPAGE);
	for (size_t i = 0; i < SPRAY; i += page_size())
		*(__u64 *)(p + i) = MAGIC;
	for (int i = 0; i < PIPES && !pipe2(fd, O_NONBLOCK); i++) {
		fcntl(fd[1], F_SETPIPE_SZ, PIPE_SIZE);
		if (write(fd[1], p, PIPE_SIZE) < 0)
			break;
	}
}

static const char * const events[] = {
	[CLOSED] = "after close() of the file",
	[OPENED_AGAIN] = "after another process has opened and closed it",
	[CHILD_EXITED] = "after a child with the mapping has exited",
	[TWIN_UNMAPPED] = "after another mapping was unmapped",
	[PART_UNMAPPED] = "after a part of it was unmapped",
	[UNBOUND] = "after its driver was unbound",
};

static void wait_for(pid_t pid)
{
	if (pid > 0)
		waitpid(pid, NULL, 0);
}

/* KPF_BUDDY, KPF_SLAB, KPF_ANON: once a driver's frame gets them, others have it. */
static __u64 frame_flags(__u64 pfn)
{
	int fd = open("/proc/kpageflags", O_RDONLY);
	__u64 flags = 0;

	if (!pfn || fd < 0 ||
	    pread(fd, &flags, sizeof(flags), pfn * sizeof(flags)) != sizeof(flags))
		flags = 0;
	close(fd);

	return flags & 0x1480;
}

/*
 * The frames of the map, if they can be known. Raw ones have no entry in pagemap,
 * but the offset of a private mapping of them, which is no offset then.
 */
static void find_frames(struct op *op, __u64 *pfn, size_t n)
{
	unsigned long long offset;

	for (size_t i = 0; i < n; i++) {
		char *p = MAP_FAILED;

		pfn[i] = device_pfn(page_at(op, i));
		if (op->dev->kind == KIND_RAW && op->dev->twins && !op->dev->cookie)
			p = device_map(op, page_size(), PROT_READ, MAP_PRIVATE,
				       op->dev->offset + i * page_size());
		if (p == MAP_FAILED)
			continue;
		if (device_vma(p, &offset, NULL, NULL, NULL, 0) &&
		    offset != op->dev->offset + i * page_size())
			pfn[i] = offset / page_size();
		munmap(p, page_size());
	}
}

static bool run_unbind(struct device *dev)
{
	int status = system(dev->unbind);

	if (status)
		device_say(NOTE, "unbind-not-judged", "CMD of --unbind fails, status %d",
			   WEXITSTATUS(status));

	return !status;
}

/* Memory may stay for those who have it mapped, but registers do not. */
static const char *unbind_io(struct op *op)
{
	if (!run_unbind(op->dev))
		return "-";
	if (!strcmp(device_touch(op->map, false), "ok"))
		device_say(HAZARD, "outlives-unbind",
			   "after its driver was unbound, its memory can still be read");

	return "ok";
}

/**
 * device_check_freed() - is memory mapped that is not the device's any more?
 * @op: the open file and a mapping of it
 * @event: after which of enum event
 *
 * Return: "ok", or "-" if it cannot be told; what is wrong is told by device_say().
 */
const char *device_check_freed(struct op *op, long event)
{
	__u64 pfn[DEVICE_PAGES], flags[DEVICE_PAGES], offset = op->dev->offset;
	size_t n = pages(op), first = 0;
	cpu_set_t cpu;
	pid_t pid;
	char *p;

	if (event == UNBOUND && (!op->dev->unbind || op->dev->io))
		return op->dev->unbind ? unbind_io(op) : "-";
	if (op->dev->kind == KIND_CACHED)
		return "-";
	/* What may be written to has no registers that a read changes. */
	if (op->dev->io && !op->dev->write) {
		if (event == CLOSED)
			device_say(NOTE, "freed-not-judged",
				   "may be a device's memory, which is read only with --write");
		return "-";
	}
	if (event == OPENED_AGAIN && !op->dev->path)
		return "-";
	/* What this CPU frees is what it gets next. */
	CPU_ZERO(&cpu);
	CPU_SET(sched_getcpu(), &cpu);
	sched_setaffinity(0, sizeof(cpu), &cpu);
	for (size_t i = 0; i < n; i++) {
		if (strcmp(device_touch(page_at(op, i), false), "ok"))
			return "-";
	}
	find_frames(op, pfn, n);
	for (size_t i = 0; i < n; i++)
		flags[i] = frame_flags(pfn[i]);
	switch (event) {
	case CLOSED:
		close(op->fd);
		break;
	case OPENED_AGAIN:
		pid = fork();
		if (!pid) {
			close(op->fd);
			munmap(op->map, op->len);
			close(open(op->dev->path, op->dev->flags));
			_exit(0);
		}
		wait_for(pid);
		break;
	case CHILD_EXITED:
		pid = fork();
		if (!pid)
			_exit(device_get(op->map) == MAGIC % 128);
		wait_for(pid);
		break;
	case TWIN_UNMAPPED:
		p = device_map(op, op->len, PROT_READ, MAP_SHARED, offset);
		if (p == MAP_FAILED)
			return "-";
		for (size_t i = 0; i < n; i++)
			device_touch(p + i * page_size(), false);
		munmap(p, op->len);
		break;
	case PART_UNMAPPED:
		if (n < 2 || munmap(op->map, page_size()))
			return "-";
		first = 1;
		break;
	case UNBOUND:
		if (!run_unbind(op->dev))
			return "-";
		break;
	}
	spray();
	for (size_t i = first; i < n; i++) {
		const char *s = device_touch(page_at(op, i), false);

		if (strcmp(s, "ok")) {
			/* To lose the mapping is a right way to end it, too. */
			if (event == CHILD_EXITED || event == TWIN_UNMAPPED)
				device_say(HAZARD, "fork-loses-it",
					   "%s, page %zu is: %s", events[event], i, s);
			break;
		}
		if (*(__u64 *)page_at(op, i) == MAGIC || frame_flags(pfn[i]) & ~flags[i]) {
			device_say(HAZARD, "freed-while-mapped",
				   "%s, page %zu is memory of others", events[event], i);
			break;
		}
	}

	return "ok";
}
