// SPDX-License-Identifier: GPL-2.0-only
/*
 * What addrmap_matrix --device looks for: how mistakes of a driver that maps
 * memory show in user space, without a module. A hazard is said only of what
 * cannot be right; what is unusual, but harmless as it is, is a note.
 *
 * A check ends without a word where it cannot tell.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <time.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "addrmap_device.h"

static void *map_shared(struct op *op, size_t len, __u64 offset)
{
	return device_map(op, len, PROT_READ, MAP_SHARED, offset);
}

/* Is the page at @p one that the mapping of @op shows as well? */
static bool alias(struct op *op, const char *p)
{
	__u64 pfn = device_pfn(p);

	for (size_t i = 0; i < op->len / page_size(); i++) {
		if (pfn ? device_pfn(page_at(op, i)) == pfn :
			  !memcmp(page_at(op, i), p, page_size()) &&
			  memcmp(p, p + 1, page_size() - 1))
			return true;
	}

	return false;
}

/*
 * Maps @len bytes at @offset, the last page of which is not the device's. A
 * kind that is mapped by mmap() is not read if it may be a device's memory, or
 * no memory at all: then it is enough that it was accepted. If ->fault maps what
 * may be a device's memory, only an access tells, which takes that the user has
 * said where the end is, and that the device may be written to.
 */
static bool beyond(struct op *op, __u64 offset, size_t len, const char *what)
{
	char *p = map_shared(op, len, offset), *last = p + len - page_size();
	bool eager = op->dev->kind == KIND_RAW || op->dev->kind == KIND_PAGES;
	const char *s;

	if (p == MAP_FAILED)
		return false;
	if ((op->dev->io && (eager || !op->dev->write || !op->dev->size_given)) ||
	    (op->dev->kind == KIND_RAW && offset >> 31)) {
		if (eager)
			device_say(HAZARD, "past-the-end", "%s is mapped", what);
		munmap(p, len);
		return eager;
	}
	s = device_touch(last, false);
	if (!strcmp(s, "SIGBUS")) {
		if (eager)
			device_say(NOTE, "accepts-too-much",
				   "%s is accepted, but not mapped", what);
	} else if (strcmp(s, "ok")) {
		device_say(HAZARD, "past-the-end", "%s is mapped: %s", what, s);
	} else if (alias(op, last)) {
		device_say(NOTE, "accepts-too-much",
			   "%s is accepted, and is the same memory again", what);
		s = "SIGBUS";
	} else {
		device_say(HAZARD, eager ? "past-the-end" : "fault-past-the-end",
			   "%s can be read", what);
	}
	munmap(p, len);

	/* Is there anything that is not the device's? */
	return strcmp(s, "SIGBUS");
}

static const char *check_past_end(struct op *op, long unused)
{
	struct device *dev = op->dev;
	size_t page = page_size();

	if (!dev->size && dev->kind != KIND_CACHED)
		device_say(NOTE, "end-not-judged", "where it ends is not known, see --length");
	/* What each mapping has for itself has no place that an offset could name. */
	if (dev->cookie == ALL_COOKIES || !dev->size || dev->kind == KIND_CACHED ||
	    dev->fresh)
		return "-";
	if (dev->len == dev->size)
		beyond(op, dev->offset, dev->size + page, "a page more than there is");
	if (dev->size > page)
		beyond(op, dev->offset + dev->size - page, 2 * page,
		       "the last page and the one behind it");
	beyond(op, dev->offset + dev->size, page, "the page behind the end");

	return "ok";
}

/* Offsets that are lost if they are multiplied, added to, or kept in an int. */
static const char *check_overflow(struct op *op, long unused)
{
	static const unsigned char bits[] = { 31, 32, 43, 44 };
	struct device *dev = op->dev;
	size_t page = page_size();
	char what[64];

	if (dev->cookie || dev->kind == KIND_CACHED || dev->fresh ||
	    (!dev->size && dev->io))
		return "-";
	for (size_t i = 0; i < ARRAY_SIZE(bits); i++) {
		__u64 offset = dev->offset + (1ULL << bits[i]);

		if (offset < dev->offset + dev->size || sizeof(long) == 4)
			continue;
		snprintf(what, sizeof(what), "offset + 2^%d", bits[i]);
		/* What is further away can end the machine. */
		if (beyond(op, offset, page, what))
			return "ok";
	}
	beyond(op, -(__u64)page, page, "the last page before 2^64");
	beyond(op, (1ULL << 63) - page, page, "the last page before 2^63");

	return "ok";
}

static const char *check_mremap(struct op *op, long unused)
{
	size_t page = page_size(), len = op->len;
	struct device *dev = op->dev;
	const char *s;
	char *p;

	if (dev->kind == KIND_CACHED || !dev->size || dev->cookie == ALL_COOKIES)
		return "-";
	/* The end of the mapping has to be that of the device. */
	p = op->map;
	if (len < dev->size) {
		p = map_shared(op, page, dev->offset + dev->size - page);
		len = page;
	}
	if (p == MAP_FAILED)
		return "-";
	p = mremap(p, len, len + page, MREMAP_MAYMOVE);
	if (p == MAP_FAILED)
		return "ok";
	if (dev->io) {
		device_say(HAZARD, "mremap-grows", "by a page");
		return "ok";
	}
	s = device_touch(p + len, false);
	if (strcmp(s, "SIGBUS"))
		device_say(HAZARD, "mremap-grows",
			   "by a page, and access to it is: %s", s);
	else
		device_say(NOTE, "no-dontexpand",
			   "mremap() grows it, since VM_DONTEXPAND is missing, but maps nothing there");

	return "ok";
}

/* What @prot is refused for by mmap(), or by open(), mprotect() gives. */
static void look_for_gain(struct op *op, int fd, int prot, const char *what)
{
	struct op other = { .dev = op->dev, .fd = fd, .len = op->len };
	char *p = device_map(&other, op->len, PROT_READ | prot, MAP_SHARED,
			     op->dev->offset);
	int error = errno;

	if (p != MAP_FAILED) {
		munmap(p, op->len);
		return;
	}
	/* For other reasons */
	if (error != EACCES && error != EPERM && error != EINVAL)
		return;
	munmap(op->map, op->len);
	p = map_shared(&other, op->len, op->dev->offset);
	if (p != MAP_FAILED && !mprotect(p, op->len, PROT_READ | prot))
		device_say(HAZARD, prot == PROT_WRITE ? "gains-write" :
			   "gains-exec", "%s: mmap() refuses it (%s), mprotect() does not",
			   what, strerrorname_np(error));
}

static const char *check_gains(struct op *op, long prot)
{
	look_for_gain(op, op->fd, prot, prot == PROT_EXEC ? "PROT_EXEC" : "PROT_WRITE");

	return "ok";
}

/* Here, the driver's flags may have undone what the core does. */
static const char *check_gains_read_only(struct op *op, long unused)
{
	struct op other = { .dev = op->dev, .len = op->len };
	char *p;

	/* Openers need to write to what they open. */
	if (op->dev->opener || op->dev->flags != O_RDWR)
		return "-";
	other.fd = device_open(op->dev, O_RDONLY);
	if (other.fd < 0)
		return "-";
	p = device_map(&other, op->len, PROT_READ, MAP_SHARED, op->dev->offset);
	if (p == MAP_FAILED)
		return "-";
	if (!mprotect(p, op->len, PROT_READ | PROT_WRITE))
		device_say(HAZARD, "gains-write",
			   "of a file that was opened read-only, a shared mapping becomes writable");

	return "ok";
}

static const char *check_page_tables(struct op *op, long write)
{
	char *p = device_map(op, op->len, write ? PROT_READ : PROT_NONE,
			     MAP_SHARED, op->dev->offset);

	if (p == MAP_FAILED)
		return "-";
	if (!strcmp(device_touch(p, write), "ok"))
		device_say(HAZARD, "page-tables-allow-more", "%s",
			   write ? "what is mapped PROT_READ can be written to" :
				   "what is mapped PROT_NONE can be read");

	return "ok";
}

/*
 * By its flags alone: the first access to such a mapping may be a BUG(), so the
 * shared one tells whether there is anything left to fault in.
 */
static const char *check_private_raw(struct op *op, long unused)
{
	char flags[TEXT_LEN], *p;

	p = device_map(op, op->len, PROT_READ, MAP_PRIVATE, op->dev->offset);
	if (p == MAP_FAILED ||
	    !device_vma(p, NULL, NULL, NULL, flags, sizeof(flags)))
		return "-";
	if (!device_flag(flags, "pf") || !device_flag(flags, "mw") ||
	    device_flag(flags, "sh"))
		return "ok";
	if (op->dev->kind == KIND_RAW_FAULT)
		device_say(HAZARD, "private-raw-frames",
			   "MAP_PRIVATE is accepted though ->fault maps raw frames (not touched)");

	return "ok";
}

/* Writes what is there to a private mapping: then there must be a copy. */
static const char *check_private_write(struct op *op, long unused)
{
	char *p, old, new;

	if (op->dev->kind == KIND_RAW_FAULT)
		return "-";
	p = device_map(op, op->len, PROT_READ | PROT_WRITE, MAP_PRIVATE,
		       op->dev->offset);
	if (p == MAP_FAILED)
		return "-";
	old = device_get(op->map);
	new = old ^ 0x55;
	if (strcmp(device_touch(p, false), "ok"))
		return "-";
	__atomic_store_n(p, new, __ATOMIC_SEQ_CST);
	if (device_get(op->map) == new) {
		device_say(HAZARD, "private-written-through",
			   "what is written to a MAP_PRIVATE mapping is seen by a shared one");
		__atomic_store_n(p, old, __ATOMIC_SEQ_CST);
	}

	return "ok";
}

/* Which pages can be told from all others, and do not change by themselves? */
static void find_unique(const char *p, size_t n, bool *unique)
{
	for (size_t i = 0; i < n; i++) {
		unique[i] = true;
		for (size_t j = 0; j < n; j++)
			if (j != i && !memcmp(p + i * page_size(),
					      p + j * page_size(), page_size()))
				unique[i] = false;
	}
}

/* Does @p show page @n of the map? By its frame or, if that is not told, its contents. */
static bool is_page(struct op *op, const char *p, size_t n, const bool *unique)
{
	__u64 pfn = device_pfn(p);

	return pfn ? pfn == device_pfn(page_at(op, n)) :
		     unique[n] && !memcmp(p, page_at(op, n), page_size());
}

/* @p shows the pages from @first on: the n-th is to be page @first + n of the map. */
static bool shows_wrong(struct op *op, const char *p, size_t first,
			const bool *unique, const char *what)
{
	size_t n = pages(op);

	for (size_t i = first; i < n; i++) {
		const char *q = p + (i - first) * page_size();

		if (strcmp(device_touch(q, false), "ok"))
			return false;
		if (is_page(op, q, i, unique))
			continue;
		for (size_t j = 0; j < n; j++) {
			if (j == i || !is_page(op, q, j, unique))
				continue;
			device_say(HAZARD, "wrong-page",
				   "%s: page %zu shows page %zu", what, i, j);
			return true;
		}
	}

	return false;
}

static const char *wrong_page(struct op *op, const bool *unique)
{
	size_t page = page_size();
	char *p;

	if (op->dev->cookie != ALL_COOKIES) {
		p = map_shared(op, op->len - page, op->dev->offset + page);
		if (p != MAP_FAILED)
			shows_wrong(op, p, 1, unique, "mapped at an offset of a page");
	}
	p = map_shared(op, op->len, op->dev->offset);
	if (p == MAP_FAILED)
		return "-";
	if (!munmap(p, page))
		shows_wrong(op, p + page, 1, unique,
			    "after munmap() of the first page of a mapping");
	p = map_shared(op, op->len, op->dev->offset);
	if (p == MAP_FAILED || op->len < 3 * page)
		return "-";
	if (!mprotect(p + page, page, PROT_NONE))
		shows_wrong(op, p + 2 * page, 2, unique,
			    "after mprotect() of the second page of a mapping");

	return "ok";
}

/* Each page was numbered by another mapping: has one the number of another page? */
static void written_elsewhere(struct op *op, const char *old)
{
	size_t n = pages(op);

	for (size_t i = 0; i < n; i++) {
		char c = device_get(page_at(op, i));

		if (c == 'a' + (char)i || c == old[i] || c < 'a' || c >= 'a' + (char)n)
			continue;
		device_say(HAZARD, "wrong-page", "what is written to page %d is in page %zu",
			   c - 'a', i);
		return;
	}
}

static const char *check_wrong_page(struct op *op, long write)
{
	bool unique[DEVICE_PAGES];
	size_t n = pages(op);
	char *p = NULL, old[DEVICE_PAGES] = { 0 };
	const char *s;

	if (n < 2 || !op->dev->twins)
		return "-";
	for (size_t i = 0; i < n; i++)
		if (strcmp(device_touch(page_at(op, i), false), "ok"))
			return "-";
	if (write) {
		p = device_map(op, op->len, PROT_READ | PROT_WRITE, MAP_SHARED,
			       op->dev->offset);
		if (p == MAP_FAILED)
			return "-";
		/* Of this mapping, the first access is a write. */
		for (size_t i = 0; i < n; i++)
			old[i] = device_get(page_at(op, i));
		for (size_t i = 0; i < n; i++)
			p[i * page_size()] = 'a' + i;
	}
	if (write)
		written_elsewhere(op, old);
	find_unique(op->map, n, unique);
	s = wrong_page(op, unique);
	for (size_t i = 0; write && i < n; i++)
		p[i * page_size()] = old[i];

	return s;
}

/* Free pages that a CPU keeps for itself, which MemFree leaves out. */
static long free_on_lists(void)
{
	FILE *f = fopen("/proc/zoneinfo", "r");
	long sum = 0, count;
	char line[128];

	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, " count: %ld", &count) == 1)
			sum += count;
	if (f)
		fclose(f);

	return sum;
}

/**
 * device_unaccounted() - memory that the kernel accounts to nobody
 *
 * That is what drivers have allocated. That others run does not change it by much.
 *
 * Return: pages
 */
long device_unaccounted(void)
{
	static const char * const known[] = {
		"MemFree:", "Buffers:", "Cached:", "SwapCached:", "AnonPages:",
		"Slab:", "KernelStack:", "PageTables:", "SecPageTables:",
		"Percpu:", "Hugetlb:", "Zswap:",
	};
	/* Each CPU has counts that it adds to the others when it is told to. */
	int fd = open("/proc/sys/vm/stat_refresh", O_RDONLY);
	bool exact = read(fd, &(char){ 0 }, 1) >= 0;
	FILE *f = fopen("/proc/meminfo", "r");
	char line[128], name[64];
	long sum = 0, kb;

	close(fd);
	while (f && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%63s %ld", name, &kb) != 2)
			continue;
		if (!strcmp(name, "MemTotal:"))
			sum += kb;
		for (size_t i = 0; i < ARRAY_SIZE(known); i++)
			if (!strcmp(name, known[i]))
				sum -= kb;
	}
	if (f)
		fclose(f);

	return sum * 1024 / (long)page_size() - (exact ? free_on_lists() : 0);
}

#define ROUNDS	4
#define MOST	256
#define LEAST	64

/* As a program does that uses the device, @times; false if there is no time for it. */
static bool use_device(struct device *dev, int times, time_t end)
{
	struct op op = { .dev = dev, .len = dev->len };

	while (times--) {
		if (time(NULL) > end)
			return false;
		op.fd = device_open(dev, dev->flags);
		op.map = op.fd < 0 ? MAP_FAILED : map_shared(&op, op.len, dev->offset);
		if (op.map == MAP_FAILED)
			return false;
		for (size_t n = 0; n < pages(&op); n++)
			device_touch(page_at(&op, n), false);
		munmap(op.map, op.len);
		close(op.fd);
	}

	return true;
}

static const char *check_leak(struct op *op, long unused)
{
	time_t start = time(NULL), end = start + 3 * op->dev->timeout;
	long least = LONG_MAX, before, now;
	bool done = true;
	int times = 0;

	/* Some can be opened only once. */
	munmap(op->map, op->len);
	close(op->fd);
	/* This fills caches, and tells how often there is time for. */
	while (done && times < MOST && (times < LEAST || time(NULL) < start + 2)) {
		done = use_device(op->dev, 1, end);
		times++;
	}
	/* What is lost each time is lost by all rounds, unlike what others do. */
	for (int round = 0; done && round < ROUNDS; round++) {
		before = device_unaccounted();
		done = use_device(op->dev, times, end);
		now = device_unaccounted() - before;
		least = now < least ? now : least;
	}
	if (!done) {
		device_say(NOTE, "leaks-not-judged",
			   "it cannot be opened and mapped often enough in %u seconds",
			   3 * op->dev->timeout);
		return "-";
	}
	if (least >= times * 9 / 10)
		device_say(HAZARD, "pages-leak",
			   "each open, mmap, read, munmap and close loses %ld pages or more (%ld in %d times)",
			   (least + times / 4) / times, least, times);

	return "ok";
}

static const char *check_flags(struct op *op, long unused)
{
	char flags[TEXT_LEN];

	if (!device_vma(op->map, NULL, NULL, NULL, flags, sizeof(flags)) ||
	    device_flag(flags, "dd"))
		return "ok";
	if (device_flag(flags, "pf") || device_flag(flags, "io"))
		device_say(NOTE, "dumped", "no VM_DONTDUMP on device memory or raw frames");
	else if (op->dev->kind != KIND_CACHED)
		device_say(NOTE, "dumped", "its pages are in core dumps: no VM_DONTDUMP");

	return "ok";
}

/* As nobody: may it be opened, and for writing? */
static const char *check_user(struct op *op, long unused)
{
	const char *path = op->dev->path;
	bool raw = op->dev->kind == KIND_RAW || op->dev->kind == KIND_RAW_FAULT;
	struct stat st;
	int fd;

	if (!path || op->dev->opener || stat(path, &st) || geteuid() ||
	    setresgid(65534, 65534, 65534) || setresuid(65534, 65534, 65534))
		return "-";
	fd = open(path, O_RDWR);
	if (fd < 0 && open(path, O_RDONLY) < 0)
		return "ok";
	if (fd >= 0 && raw)
		device_say(HAZARD, "anyone-may-write",
			   "any user may open it for writing (mode %04o)",
			   st.st_mode & 07777);
	else
		device_say(NOTE, "anyone-may-open", "any user may open it for %s (mode %04o)",
			   fd >= 0 ? "writing" : "reading", st.st_mode & 07777);

	return "ok";
}

static const char *check_physical(struct op *op, long unused)
{
	unsigned long long offset;
	char *p = device_map(op, op->len, PROT_READ, MAP_PRIVATE, op->dev->offset);

	if (op->dev->kind != KIND_RAW || p == MAP_FAILED ||
	    !device_vma(p, &offset, NULL, NULL, NULL, 0))
		return "-";
	if (offset != op->dev->offset)
		device_say(NOTE, "tells-address",
			   "/proc/PID/maps of a private mapping shows a physical address");

	return "ok";
}

/* Those that may end the kernel, if the driver is wrong, are the last. */
const struct device_check device_checks[] = {
	{ "flags", check_flags, 0, false },
	{ "user", check_user, 0, false },
	{ "physical address", check_physical, 0, false },
	{ "mprotect, write", check_gains, PROT_WRITE, false },
	{ "mprotect, exec", check_gains, PROT_EXEC, false },
	{ "mprotect, read-only file", check_gains_read_only, 0, false },
	{ "PROT_NONE", check_page_tables, false, false },
	{ "PROT_READ", check_page_tables, true, true },
	{ "private mapping", check_private_raw, 0, false },
	{ "private write", check_private_write, 0, true },
	{ "contents", check_wrong_page, false, false },
	{ "numbered contents", check_wrong_page, true, true },
	{ "leak", check_leak, 0, false },
	{ "mremap", check_mremap, 0, false },
	{ "past the end", check_past_end, 0, false },
	{ "offsets that overflow", check_overflow, 0, false },
	{ "close", device_check_freed, CLOSED, false },
	{ "second open", device_check_freed, OPENED_AGAIN, false },
	{ "exit of a child", device_check_freed, CHILD_EXITED, false },
	{ "second mapping", device_check_freed, TWIN_UNMAPPED, false },
	{ "partial munmap", device_check_freed, PART_UNMAPPED, false },
	{ "unbind", device_check_freed, UNBOUND, false },
	{ NULL }
};
