/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the files of addrmap_matrix --device and addrmap_stress --device share.
 * They need neither the sample driver nor a kernel tree, so that the programs also
 * can be built alone:
 *
 * gcc -O2 -static -Daddrmap_device_main=main -o addrmap_device addrmap_device*.c
 * gcc -O2 -static -Daddrmap_device_stress_main=main -o addrmap_device_stress \
 *	addrmap_device*.c
 */
#ifndef _MM_ADDRMAP_DEVICE_H
#define _MM_ADDRMAP_DEVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <linux/types.h>

#ifndef ARRAY_SIZE
#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))
#endif

#ifndef __printf
#define __printf(a, b)	__attribute__((format(printf, a, b)))
#endif

/* Pages that the operations use, if the device lets less than all be mapped. */
#define DEVICE_PAGES	16
#define TEXT_LEN	160

enum kind { KIND_RAW, KIND_RAW_FAULT, KIND_PAGES, KIND_FAULT, KIND_HUGE, KIND_CACHED, NR_KINDS };

/* Which offsets may be other objects, or the same one again: none is wrong then. */
enum cookie { NO_COOKIES, FAR_COOKIES, ALL_COOKIES };

/* What all processes know of the device; is settled before the first operation. */
struct device {
	const char *name;	/* as the user wrote it */
	const char *path;	/* or NULL, if there is none to open */
	const struct opener *opener;
	const char *setup;
	const char *unbind;
	bool write;
	unsigned int timeout;	/* seconds, for one operation */
	unsigned int seconds;	/* of addrmap_stress, 0 for addrmap_matrix */
	__u64 seed;

	int flags;		/* of open() */
	bool may_write;		/* by mmap(), of what was opened so */
	__u64 offset;
	bool offset_given;
	size_t size;		/* where it ends; 0 if nobody knows */
	bool size_given;
	size_t len;		/* what the operations map */
	enum cookie cookie;

	enum kind kind;
	bool io;		/* device memory, perhaps: no stray access */
	bool twins;		/* a second mapping shows the same */
	bool fresh;		/* each mapping has memory of its own */
	char vm_flags[TEXT_LEN];
};

/* A way to get a file that can be mapped from one that cannot, or from none. */
struct opener {
	const char *name;	/* as in "name:" or "name:PATH" */
	const char *pattern;	/* of paths that are opened so, too */
	const char *path;	/* if none is given */
	/* Returns a file descriptor; may set offset and size of @dev. */
	int (*open)(struct device *dev, const char *path, int flags);
	enum cookie cookie;
	const char *help;
};

extern const struct opener device_openers[];
const struct opener *device_find_opener(const char *name, const char **path);
int device_open(struct device *dev, int flags);

/* In the process of an operation: the open file, and what it maps. */
struct op {
	struct device *dev;
	int fd;
	char *map;
	size_t len;
};

enum level { NOTE, HAZARD };

struct finding {
	enum level level;
	char id[32];
	char text[TEXT_LEN];
};

__printf(3, 4)
void device_say(enum level level, const char *id, const char *fmt, ...);

void *device_map(struct op *op, size_t len, int prot, int flags,
		 __u64 offset);
const char *device_touch(const char *p, bool write);
bool device_faults(const char *p);
bool device_vma(const char *p, unsigned long long *offset, long *rss, long *pmd,
		char *flags, size_t len);
bool device_flag(const char *flags, const char *flag);
__u64 device_pfn(const char *p);
const char *device_errno(void);
bool device_watch_log(void);
void device_read_log(const char *during);
long device_unaccounted(void);

/* The rows: a name, what was seen and what the kind does. */
struct device_row {
	const char *name;
	const char *(*fn)(struct op *op, long arg);
	long arg;
	bool write;
	struct {
		unsigned int kinds;
		const char *result;
	} want[3];
};

extern const struct device_row device_rows[];
const char *device_expected(const struct device_row *row, enum kind kind);

/* The hazards: each of these says by device_say() what it sees. */
struct device_check {
	const char *name;
	const char *(*fn)(struct op *op, long arg);
	long arg;
	bool write;
};

extern const struct device_check device_checks[];

/* What may make a driver free memory that is mapped */
enum event {
	CLOSED, OPENED_AGAIN, CHILD_EXITED, TWIN_UNMAPPED, PART_UNMAPPED, UNBOUND,
	NR_EVENTS
};

const char *device_check_freed(struct op *op, long event);
const char *device_stress(struct op *op, long unused);

enum device_format { FORMAT_TEXT, FORMAT_MARKDOWN, FORMAT_JSON, FORMAT_TAP };

extern enum device_format device_format;
void device_print_head(struct device *dev, bool log);
void device_print_result(const char *name, const char *seen, const char *want,
			 bool differs, bool hazard);
void device_print_finding(const struct finding *f);
void device_count_finding(const struct finding *f);
unsigned int device_print_end(struct device *dev, const struct finding *findings,
			      unsigned int nr, bool empty);

int addrmap_device_main(int argc, char **argv);
int addrmap_device_stress_main(int argc, char **argv);

/* Reads what the compiler must not remember. */
static inline char device_get(const char *p)
{
	return __atomic_load_n(p, __ATOMIC_RELAXED);
}

static inline size_t page_size(void)
{
	return sysconf(_SC_PAGESIZE);
}

static inline char *page_at(struct op *op, size_t n)
{
	return op->map + n * page_size();
}

/* How many of them are looked at. */
static inline size_t pages(struct op *op)
{
	size_t n = op->len / page_size();

	return n < DEVICE_PAGES ? n : DEVICE_PAGES;
}

#endif /* _MM_ADDRMAP_DEVICE_H */
