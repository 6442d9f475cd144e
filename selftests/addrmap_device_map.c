// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the files of addrmap_matrix --device do to a mapping, and ask of it.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>

#include "addrmap_device.h"

void *device_map(struct op *op, size_t len, int prot, int flags, __u64 offset)
{
	/* io_uring and others choose the address. */
	return mmap(NULL, len, prot, flags, op->fd, offset);
}

static sigjmp_buf fault_env;

static void fault_handler(int sig)
{
	siglongjmp(fault_env, sig);
}

/* Accesses the byte at @p; a write leaves what is there. */
const char *device_touch(const char *p, bool write)
{
	int sig;

	signal(SIGSEGV, fault_handler);
	signal(SIGBUS, fault_handler);
	sig = sigsetjmp(fault_env, 1);
	if (!sig && write)
		__atomic_fetch_or((char *)p, 0, __ATOMIC_SEQ_CST);
	else if (!sig)
		device_get(p);
	signal(SIGSEGV, SIG_DFL);
	signal(SIGBUS, SIG_DFL);

	return !sig ? "ok" : sig == SIGBUS ? "SIGBUS" : "SIGSEGV";
}

bool device_faults(const char *p)
{
	struct rusage before, after;

	/* What the question itself touches is touched before. */
	getrusage(RUSAGE_SELF, &after);
	device_touch((char *)&after, true);
	getrusage(RUSAGE_SELF, &before);
	device_touch(p, false);
	getrusage(RUSAGE_SELF, &after);

	return after.ru_minflt + after.ru_majflt >
	       before.ru_minflt + before.ru_majflt;
}

bool device_vma(const char *p, unsigned long long *offset, long *rss, long *pmd,
		char *flags, size_t len)
{
	unsigned long addr = (unsigned long)p, start, end;
	FILE *f = fopen("/proc/self/smaps", "r");
	unsigned long long off;
	bool found = false;
	char line[512];
	long kb;

	while (f && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%lx-%lx %*s %llx", &start, &end, &off) == 3) {
			if (found)
				break;
			found = addr >= start && addr < end;
			if (found && offset)
				*offset = off;
		} else if (found) {
			if (rss && sscanf(line, "Rss: %ld", &kb) == 1)
				*rss = kb;
			if (pmd && sscanf(line, "FilePmdMapped: %ld", &kb) == 1)
				*pmd = kb;
			if (flags && !strncmp(line, "VmFlags: ", 9)) {
				line[strcspn(line, "\n")] = '\0';
				line[strlen(line) - (strlen(line) > 9 &&
					line[strlen(line) - 1] == ' ')] = '\0';
				snprintf(flags, len, "%.*s", (int)len - 1, line + 9);
			}
		}
	}
	if (f)
		fclose(f);

	return found;
}

bool device_flag(const char *flags, const char *flag)
{
	const char *s = strstr(flags, flag);

	return s && (s == flags || s[-1] == ' ');
}

/* The frame of the page at @p, or 0: raw frames, and all of them to a plain user. */
__u64 device_pfn(const char *p)
{
	int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	__u64 entry = 0;

	if (pread(fd, &entry, sizeof(entry), (uintptr_t)p / page_size() *
		  sizeof(entry)) != sizeof(entry) || !(entry >> 63))
		entry = 0;
	close(fd);

	return entry & ((1ULL << 55) - 1);
}

/* The kernel's log */

static int kmsg = -1;

bool device_watch_log(void)
{
	kmsg = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (kmsg >= 0)
		lseek(kmsg, 0, SEEK_END);

	return kmsg >= 0;
}

void device_read_log(const char *during)
{
	static const char * const bad[] = {
		"WARNING:", "BUG:", "kernel BUG", "Oops", "Bad page", "Bad rss",
		"general protection", "unable to handle", "hung_task", "soft lockup",
	};
	char line[4096], *s;
	bool said = false;
	ssize_t n;

	while (kmsg >= 0 && ((n = read(kmsg, line, sizeof(line) - 1)) > 0 ||
			     (n < 0 && errno == EPIPE))) {
		if (n < 0)
			continue;
		line[n] = '\0';
		s = strchr(line, ';');
		if (!s || said)
			continue;
		s[strcspn(s, "\n")] = '\0';
		for (size_t i = 0; i < ARRAY_SIZE(bad) && !said; i++) {
			if (!strstr(s, bad[i]))
				continue;
			device_say(HAZARD, strstr(s, "Bad page state") ?
				   "reference-lost" : "kernel-complains", "during \"%s\": %.100s",
				   during, s + 1);
			said = true;
		}
	}
}
