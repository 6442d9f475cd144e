// SPDX-License-Identifier: GPL-2.0-only
/*
 * addrmap_stress --device PATH: actors, two threads in each of two processes, map,
 * unmap, move, protect and access the pages of a device at once, as the concurrent
 * mode of addrmap_stress does with the sample driver. Mappings are shared ones.
 *
 * With --write each page has a head that nobody changes, and bytes of each actor
 * that no other one writes. Without it, each page is to show what it did before,
 * which does not tell pages apart that have the same in them.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <time.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "addrmap_device.h"

#define NR_THREADS	2
#define NR_ACTORS	(2 * NR_THREADS)
#define NR_AREAS	4
#define NR_ROUNDS	4
#define OWN_LEN		64
#define ALIGNMENT	(2UL << 20)

/* Every page begins with this, if it is written to. */
struct head {
	unsigned int magic, page, check;
};

/* Where an actor maps something; nr is 0: nothing is mapped. */
struct area {
	char *home, *at;
	size_t page, nr;
	int prot;
};

/* What all actors see. */
static struct state {
	bool failed;
	long ops, maps, loads, stores;
	unsigned int version[DEVICE_PAGES][NR_ACTORS];
} *st;

static struct device *dev;
static struct op *ref;		/* a mapping that stays */
static char *before;		/* what it showed at first */
static char *homes;
static size_t ps, nr_pages;
static bool fixed, any_offset, any_length, contents, writing;
static time_t end;

static __thread struct {
	unsigned int who;
	__u64 random;
	const char *doing;
	struct area areas[NR_AREAS];
	sigjmp_buf fault_env;
} me;

static size_t below(size_t limit)
{
	me.random ^= me.random << 13;
	me.random ^= me.random >> 7;
	me.random ^= me.random << 17;

	return me.random % limit;
}

__printf(1, 2)
static void failure(const char *fmt, ...)
{
	char text[TEXT_LEN];
	va_list ap;

	if (__atomic_exchange_n(&st->failed, true, __ATOMIC_SEQ_CST))
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	device_say(HAZARD, "race", "%s: %.120s", me.doing, text);
}

static bool stopped(void)
{
	return __atomic_load_n(&st->failed, __ATOMIC_SEQ_CST) || time(NULL) >= end;
}

static void count(long *n)
{
	__atomic_add_fetch(n, 1, __ATOMIC_RELAXED);
}

static void fault_handler(int sig)
{
	siglongjmp(me.fault_env, sig);
}

/* memcpy(), or the signal that it raises */
static int copy(void *to, const void *from, size_t len)
{
	int sig = sigsetjmp(me.fault_env, 1);

	if (!sig)
		memcpy(to, from, len);

	return sig;
}

static struct head head_of(size_t page)
{
	return (struct head) { 0xadd7de71, page, ~(0xadd7de71 + page) };
}

static size_t own_at(unsigned int actor)
{
	return ps / (NR_ACTORS + 1) * (actor + 1);
}

static void own_bytes(char *own, unsigned int actor, unsigned int version)
{
	for (size_t i = 0; i < OWN_LEN; i++)
		own[i] = (version >> i % 4 * 8) + i * 7 + actor;
}

/* Is @found what the page has, now or at first? A device may change it. */
static bool as_before(const char *found, size_t page)
{
	char now[256];

	for (int i = 0; i < 3; i++) {
		if (!memcmp(found, before + page * ps, sizeof(now)))
			return true;
		memcpy(now, ref->map + page * ps, sizeof(now));
		if (!memcmp(found, now, sizeof(now)))
			return true;
		if (memcmp(now, before + page * ps, sizeof(now)))
			return true;
	}

	return false;
}

/* @p shows page @page of the device, and what is expected of it. */
static void check_contents(const char *p, size_t page)
{
	struct head head = head_of(page), found;
	char own[OWN_LEN], wanted[OWN_LEN], some[256];

	if (!writing) {
		if (!copy(some, p, sizeof(some)) && !as_before(some, page))
			failure("page %zu does not show what it did before", page);
		return;
	}
	if (copy(&found, p, sizeof(found)) || copy(own, p + own_at(me.who), OWN_LEN))
		return;
	own_bytes(wanted, me.who, st->version[page][me.who]);
	if (memcmp(&found, &head, sizeof(head)))
		failure("page %zu: expected its head, found %s %u", page,
			found.magic == head.magic ? "that of page" : "other memory,",
			found.magic == head.magic ? found.page : found.magic);
	else if (memcmp(own, wanted, OWN_LEN))
		failure("page %zu: the bytes of actor %u are not what it wrote last",
			page, me.who);
}

/* Page @i of an area: there, if it may be read, and the right one. */
static void load(struct area *a, size_t i)
{
	int want = a->prot & PROT_READ ? 0 : SIGSEGV, sig;
	char byte;

	sig = copy(&byte, a->at + i * ps, 1);
	count(&st->loads);
	if (sig != want)
		failure("page %zu of %zu from page %zu: expected %s, found %s",
			i, a->nr, a->page, want ? "SIGSEGV" : "no signal",
			!sig ? "no signal" : sig == SIGBUS ? "SIGBUS" : "SIGSEGV");
	else if (!sig && contents && a->page + i < nr_pages)
		check_contents(a->at + i * ps, a->page + i);
}

static struct area *pick_area(bool mapped)
{
	struct area *a = &me.areas[below(NR_AREAS)];

	for (size_t i = 0; i < NR_AREAS && !!a->nr != mapped; i++)
		a = &me.areas[i];

	return !!a->nr == mapped ? a : NULL;
}

static void race_map(void)
{
	struct area *a = &me.areas[below(NR_AREAS)];
	size_t total = dev->len / ps, page = any_offset ? below(total) : 0;
	size_t nr = any_length ? 1 + below(total - page) : total - page;
	int prot = PROT_READ | (writing && below(4) ? PROT_WRITE : 0);
	char *p;

	if (a->nr && munmap(a->at, a->nr * ps))
		return;
	a->nr = 0;
	p = mmap(fixed ? a->home : NULL, nr * ps, prot, MAP_SHARED |
		 (fixed ? MAP_FIXED : 0), ref->fd, dev->offset + page * ps);
	if (p == MAP_FAILED)
		return;
	count(&st->maps);
	*a = (struct area) {
		.home = a->home, .at = p, .page = page, .nr = nr, .prot = prot,
	};
}

/* The first pages of an area, or the last, or all; some cannot be split. */
static void race_unmap(void)
{
	struct area *a = pick_area(true);
	size_t gone;

	if (!a)
		return;
	gone = 1 + below(a->nr);
	if (below(2)) {
		if (munmap(a->at, gone * ps))
			return;
		a->at += gone * ps;
		a->page += gone;
	} else if (munmap(a->at + (a->nr - gone) * ps, gone * ps)) {
		return;
	}
	a->nr -= gone;
}

static void race_move(void)
{
	struct area *a = pick_area(true), *to = pick_area(false);

	if (!a || !to || !fixed ||
	    mremap(a->at, a->nr * ps, a->nr * ps, MREMAP_MAYMOVE | MREMAP_FIXED,
		   to->home) == MAP_FAILED)
		return;
	*to = (struct area) {
		.home = to->home, .at = to->home, .page = a->page, .nr = a->nr,
		.prot = a->prot,
	};
	a->nr = 0;
}

static void race_protect(void)
{
	struct area *a = pick_area(true);
	int prot = !below(4) ? PROT_NONE : writing && below(2) ?
		   PROT_READ | PROT_WRITE : PROT_READ;

	if (a && !mprotect(a->at, a->nr * ps, prot))
		a->prot = prot;
}

static void race_load(void)
{
	struct area *a = pick_area(true);

	if (a)
		load(a, below(a->nr));
}

static void race_store(void)
{
	struct area *a = pick_area(true);
	char own[OWN_LEN];
	size_t i, page;

	if (!a || !writing || !(a->prot & PROT_WRITE))
		return;
	i = below(a->nr);
	page = a->page + i;
	if (page >= nr_pages)
		return;
	own_bytes(own, me.who, ++st->version[page][me.who]);
	count(&st->stores);
	if (copy(a->at + i * ps + own_at(me.who), own, OWN_LEN))
		failure("page %zu: a signal", page);
}

/* What is dropped comes back by ->fault; page tables that mmap() fills do not. */
static void race_dontneed(void)
{
	struct area *a = pick_area(true);

	if (a && (dev->kind == KIND_FAULT || dev->kind == KIND_CACHED))
		madvise(a->at, a->nr * ps, MADV_DONTNEED);
}

/* The kernel reads it: raw frames may be refused. */
static void race_pipe(void)
{
	struct area *a = pick_area(true);
	int p[2];

	if (!a || dev->io || pipe(p))
		return;
	if (write(p[1], a->at + below(a->nr) * ps, 1) != 1 &&
	    (errno != EFAULT || a->prot & PROT_READ))
		failure("write() to a pipe: %s", device_errno());
	close(p[0]);
	close(p[1]);
}

/* Another actor's: there or not, but no other memory. */
static void race_peek(void)
{
	struct head found, head;
	char *p;

	if (!fixed || !contents || !writing)
		return;
	p = homes + below(NR_THREADS * NR_AREAS) * ALIGNMENT + below(nr_pages) * ps;
	if (copy(&found, p, sizeof(found)))
		return;
	head = head_of(found.page % DEVICE_PAGES);
	if (memcmp(&found, &head, sizeof(head)))
		failure("expected the head of a page, found other memory, %u", found.magic);
}

static void check_all(void)
{
	for (struct area *a = me.areas; a < me.areas + NR_AREAS; a++)
		for (size_t i = 0; i < a->nr && !st->failed; i++)
			load(a, i);
}

static void race_fork(void)
{
	pid_t pid;
	int status = 0;

	if (device_flag(dev->vm_flags, "dc") || below(8))
		return;
	pid = fork();
	if (!pid) {
		check_all();
		_exit(0);
	}
	if (pid > 0 && waitpid(pid, &status, 0) == pid && WIFSIGNALED(status))
		failure("a child was killed by %d", WTERMSIG(status));
}

static const struct {
	const char *name;
	void (*fn)(void);
	unsigned int weight;
} races[] = {
	{ "map", race_map, 10 }, { "unmap", race_unmap, 6 },
	{ "move", race_move, 4 }, { "protect", race_protect, 4 },
	{ "load", race_load, 12 }, { "store", race_store, 12 },
	{ "DONTNEED", race_dontneed, 4 }, { "pipe", race_pipe, 2 },
	{ "peek", race_peek, 6 }, { "fork", race_fork, 1 },
};

static void *actor(void *arg)
{
	unsigned int sum = 0, n;
	size_t i;

	me.who = (long)arg;
	me.random = (dev->seed + me.who + 1) * 0x9e3779b97f4a7c15;
	for (i = 0; i < ARRAY_SIZE(races); i++)
		sum += races[i].weight;
	for (i = 0; i < NR_AREAS; i++)
		me.areas[i].home = homes + (me.who % NR_THREADS * NR_AREAS + i) * ALIGNMENT;
	while (!stopped()) {
		n = below(sum);
		for (i = 0; n >= races[i].weight; i++)
			n -= races[i].weight;
		me.doing = races[i].name;
		count(&st->ops);
		races[i].fn();
	}
	me.doing = "at the end";
	check_all();
	for (i = 0; i < NR_AREAS; i++)
		if (me.areas[i].nr)
			munmap(me.areas[i].at, me.areas[i].nr * ps);

	return NULL;
}

static void run_process(long first)
{
	pthread_t thread[NR_THREADS];

	/* As the addresses of what is unmapped: nobody else is to get them. */
	homes = mmap(NULL, (NR_THREADS * NR_AREAS + 1) * ALIGNMENT, PROT_NONE,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	homes += -(uintptr_t)homes % ALIGNMENT;
	for (long n = 0; n < NR_THREADS; n++)
		if (pthread_create(&thread[n], NULL, actor, (void *)(first + n)))
			failure("no thread");
	for (int n = 0; n < NR_THREADS && !st->failed; n++)
		pthread_join(thread[n], NULL);
}

/* Two processes, for @seconds; false if one was killed. */
static bool run_round(unsigned int seconds)
{
	int status, bad = 0;
	pid_t pid[2];

	end = time(NULL) + seconds;
	for (int n = 0; n < 2; n++) {
		pid[n] = fork();
		if (!pid[n]) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			signal(SIGSEGV, fault_handler);
			signal(SIGBUS, fault_handler);
			run_process(n * NR_THREADS);
			_exit(0);
		}
	}
	for (int n = 0; n < 2; n++) {
		if (waitpid(pid[n], &status, 0) != pid[n] || !WIFSIGNALED(status))
			continue;
		bad = WTERMSIG(status);
	}
	me.doing = "race";
	if (bad)
		failure("a process was killed by signal %d", bad);

	return !st->failed;
}

/* Which of these a device takes is found once, before they can be in each other's way. */
static void find_ways(void)
{
	size_t some = dev->len > ps ? dev->len - ps : ps;
	char *home = mmap(NULL, dev->len + ALIGNMENT, PROT_NONE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), *p;

	p = device_map(ref, some, PROT_READ, MAP_SHARED, dev->offset);
	any_length = p != MAP_FAILED;
	if (p != MAP_FAILED)
		munmap(p, some);
	p = device_map(ref, ps, PROT_READ, MAP_SHARED, dev->offset + dev->len - ps);
	any_offset = any_length && p != MAP_FAILED && dev->cookie != ALL_COOKIES;
	if (p != MAP_FAILED)
		munmap(p, ps);
	home += -(uintptr_t)home % ALIGNMENT;
	fixed = dev->len <= ALIGNMENT &&
		mmap(home, dev->len, PROT_READ, MAP_SHARED | MAP_FIXED, ref->fd,
		     dev->offset) != MAP_FAILED;
}

static void set_or_restore(char *map, bool restore)
{
	for (size_t n = 0; n < nr_pages; n++) {
		struct head head = head_of(n);

		if (restore) {
			memcpy(map + n * ps, before + n * ps, ps);
			continue;
		}
		memcpy(map + n * ps, &head, sizeof(head));
		for (unsigned int actor = 0; actor < NR_ACTORS; actor++)
			own_bytes(map + n * ps + own_at(actor), actor, 0);
	}
}

static bool shown_by_twin(void)
{
	struct head head = head_of(0);
	char *p = device_map(ref, dev->len, PROT_READ, MAP_SHARED, dev->offset);
	bool shown = p != MAP_FAILED && !memcmp(p, &head, sizeof(head));

	if (p != MAP_FAILED)
		munmap(p, dev->len);

	return shown;
}

/**
 * device_stress() - several threads and processes use a device at once
 * @op: the open file and a mapping of it
 * @unused: unused
 *
 * Return: "ok", or "-" if that could not be done; what is wrong is told by
 * device_say().
 */
const char *device_stress(struct op *op, long unused)
{
	static char text[TEXT_LEN];
	unsigned int each = (op->dev->seconds + NR_ROUNDS - 1) / NR_ROUNDS;
	long lost, least = LONG_MAX;
	char *map = op->map;

	dev = op->dev;
	ref = op;
	ps = page_size();
	nr_pages = pages(op);
	for (size_t n = 0; n < nr_pages; n++)
		if (strcmp(device_touch(map + n * ps, false), "ok"))
			return "-";
	st = mmap(NULL, sizeof(*st), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	before = malloc(nr_pages * ps);
	if (st == MAP_FAILED || !before)
		return "-";
	find_ways();
	/* What is read of a device's registers is another thing each time. */
	contents = dev->twins && !dev->io;
	writing = dev->write && dev->may_write && contents;
	if (contents)
		memcpy(before, map, nr_pages * ps);
	if (writing) {
		set_or_restore(map, false);
		/* Both may have been nothing but zeros. */
		if (!shown_by_twin()) {
			set_or_restore(map, true);
			contents = false;
			writing = false;
		}
	}
	for (int round = 0; round < NR_ROUNDS; round++) {
		lost = device_unaccounted();
		if (!run_round(each))
			break;
		lost = device_unaccounted() - lost;
		least = lost < least ? lost : least;
		dev->seed++;
	}
	if (!st->failed && least >= (long)st->maps / NR_ROUNDS / 2 && least >= 64)
		device_say(HAZARD, "pages-leak", "%ld pages or more are lost in %u s of it",
			   least, each);
	if (writing)
		set_or_restore(map, true);
	snprintf(text, sizeof(text), "%ld operations, %ld mappings, %ld loads, %ld stores%s%s",
		 st->ops, st->maps, st->loads, st->stores,
		 contents ? "" : "; contents not compared",
		 any_offset && any_length ? "" : "; only whole mappings, or from the start");
	device_say(NOTE, "raced", "%s", text);
	if (!st->maps)
		device_say(NOTE, "not-judged", "it cannot be mapped more than once");

	return "ok";
}
