/* SPDX-License-Identifier: GPL-2.0-only */
/* What the files of addrmap_stress share; addrmap_stress.c says what it is. */
#ifndef _MM_ADDRMAP_STRESS_H
#define _MM_ADDRMAP_STRESS_H

#include <semaphore.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/prctl.h>

#include "vm_util.h"
#include "addrmap_util.h"

#define NR_NODES	16
/* A sequence has at most that many operations, an actor in a race just these. */
#define NR_STEPS	200
/* A buffer is at most this large, a huge page on most machines. */
#define BIG		ADDRMAP_SHARED_LENGTH

/* What a node promises, or does not. */
struct node {
	const char *name;
	bool raw;		/* page tables without references: no pinning */
	bool refault;		/* what was zapped comes back */
	bool shared_only;	/* no private mappings */
	bool device;		/* one buffer for all */
	bool revoke;		/* the driver can take the mappings away */
};

extern const struct node nodes[NR_NODES];
extern bool has_node[NR_NODES];
extern size_t ps;		/* of a page */
extern bool verbose;

/* What is being done, for whoever reads that it failed. */
struct context {
	int step, who, node;
	unsigned long long key;	/* of the random numbers */
	size_t offset;
	const char *op;
	char detail[120];
};

extern __thread struct context now;

#define NR_ACTORS	4

/* What all processes of a sequence see. */
struct shared {
	bool failed, stop;
	char why[600];
	struct context where;		/* it failed */
	struct context last[NR_ACTORS];	/* what each of them was doing */
};

extern struct shared *sh;

struct op {
	const char *name;
	void (*fn)(void);
	unsigned int weight;	/* how often, compared with others */
};

/* Random numbers, the same whenever and wherever an operation asks for them */
unsigned long long draw(unsigned long long key, unsigned int n);
size_t pick(unsigned int n, size_t limit);
bool one_in(unsigned int n, size_t times);
const struct op *pick_op(const struct op *list, size_t nr);

/* What is being done, and how it failed */
__printf(3, 4)
void about(int node, size_t offset, const char *fmt, ...);
__printf(1, 2)
void fail(const char *fmt, ...);
bool failed(void);
bool stopped(void);
long result(long got);
bool expect(long got, long want);
bool same(const char *found, const char *expected, size_t len);
int copy_signal(void *to, const void *from, size_t len);

/* Memory, and processes */
void *map_anon(size_t len, int flags);
char *free_range(size_t len);
void start_process(void);
void reap(pid_t pid);
void wait_for(sem_t *sem, pid_t pid, int who);

/* A file that can be read by direct I/O, or -1; and its first page */
extern int direct_fd;
extern char *direct_bytes;

/* The modes: make them ready, and run a sequence */
void prepare_sequential(void);
void run_sequential(const int *steps, int nr);
void prepare_race(void);
void run_race(const int *steps, int nr);

/* Of addrmap_device.c: on a file that is not the sample driver's */
int addrmap_device_stress_main(int argc, char **argv);

#endif /* _MM_ADDRMAP_STRESS_H */
