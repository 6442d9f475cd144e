// SPDX-License-Identifier: GPL-2.0-only
/*
 * addrmap_stress, concurrent mode: actors, two threads in each of two processes,
 * map the same buffers and own some bytes of each of their pages.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <sys/wait.h>

#include "addrmap_stress.h"

#define NR_THREADS	2
#define NR_AREAS	4
#define AREA_PAGES	8
#define OWN_LEN		64
/* The pages of all areas of the actors, behind which are their private buffers */
#define AREAS_PAGES	(NR_ACTORS * NR_AREAS * AREA_PAGES)

/* Every page begins with this, which nobody changes. */
struct head {
	unsigned int magic, node, page, check;
};

/* Where an actor maps something. */
struct area {
	char *home, *at;
	int node, prot;
	size_t page, nr;	/* nr is 0: nothing is mapped */
	bool shared;
	unsigned int version[AREA_PAGES];	/* of copies, 0: there is none */
};

/* What all actors see: restores of the mappings, and who wrote which bytes. */
static struct state {
	unsigned int restores, restored;	/* begun, and done */
	unsigned int version[NR_NODES][NR_PAGES][NR_ACTORS];
} *st;

static int node_fd[NR_NODES];
static char *homes;		/* of all areas of the actors of a process */
static __thread struct area areas[NR_AREAS];

static struct head head_of(int node, unsigned int page)
{
	unsigned int magic = 0xadd70000;

	return (struct head) { magic, node, page, ~(magic + node * 256 + page) };
}

/* Where the actor's own bytes are in a page. */
static size_t own_at(int actor)
{
	return ps / (NR_ACTORS + 1) * (actor + 1);
}

static const char *own_bytes(int actor, unsigned int version)
{
	static __thread char own[OWN_LEN];

	for (size_t n = 0; n < OWN_LEN; n++)
		own[n] = (version >> n % 4 * 8) + n * 7 + actor;

	return own;
}

static unsigned int *version_of(int node, size_t page)
{
	return &st->version[node][page][now.who];
}

/* The version of the actor's bytes in page @i of an area; NULL: who knows? */
static unsigned int *area_version(struct area *a, size_t i)
{
	if (a->shared)
		return version_of(a->node, a->page + i);
	if (nodes[a->node].revoke)
		return NULL;

	return a->version[i] ? &a->version[i] :
	       version_of(a->node, a->page + i);
}

/* The bytes are new: @version of them, in a copy if the area is private. */
static void set_version(struct area *a, size_t i, unsigned int version)
{
	if (a->shared)
		*version_of(a->node, a->page + i) = version;
	else
		a->version[i] = version;
}

static unsigned int new_version(void)
{
	return now.key << 1 | 1;
}

static struct area *pick_area(unsigned int n)
{
	return &areas[pick(n, NR_AREAS)];
}

/* An area that is mapped, and a page of it. */
static struct area *pick_page(unsigned int n, size_t *page)
{
	struct area *a = pick_area(n);

	for (size_t i = 0; i < NR_AREAS && !a->nr; i++)
		a = &areas[i];
	if (!a->nr)
		return NULL;
	*page = pick(n + 1, a->nr);
	about(a->node, (a->page + *page) * ps, a->shared ? "shared" : "private");

	return a;
}

/* Did an access raise @sig rightly? */
static bool access_done(struct area *a, int sig, bool write)
{
	int want = a->prot & (write ? PROT_WRITE : PROT_READ) ? 0 : SIGSEGV;

	if (sig != want && (want || sig != SIGBUS || !nodes[a->node].revoke))
		fail("expected signal %d, found %d", want, sig);

	return !sig;
}

static void check_area_page(struct area *a, size_t i)
{
	struct head head = head_of(a->node, a->page + i), found;
	unsigned int *version = area_version(a, i);
	char own[OWN_LEN];

	about(a->node, (a->page + i) * ps, a->shared ? "shared" : "private");
	if (!access_done(a, copy_signal(&found, a->at + i * ps, sizeof(found)),
			 false))
		return;
	same((char *)&found, (char *)&head, sizeof(head));
	if (access_done(a, copy_signal(own, a->at + i * ps + own_at(now.who),
				       OWN_LEN), false) && version)
		same(own, own_bytes(now.who, *version), OWN_LEN);
}

static void race_load(void)
{
	size_t i;
	struct area *a = pick_page(1, &i);

	if (a)
		check_area_page(a, i);
}

static void race_io(bool write, int node, size_t page)
{
	size_t pos = page * ps + own_at(now.who);
	char own[OWN_LEN];

	about(node, pos, "own bytes");
	if (write) {
		*version_of(node, page) = new_version();
		expect(result(pwrite(node_fd[node],
				     own_bytes(now.who, new_version()), OWN_LEN,
				     pos)), OWN_LEN);
	} else if (expect(result(pread(node_fd[node], own, OWN_LEN, pos)),
			  OWN_LEN)) {
		same(own, own_bytes(now.who, *version_of(node, page)), OWN_LEN);
	}
}

static void race_store(void)
{
	size_t i;
	struct area *a = pick_page(1, &i);

	if (!a)
		return;
	if (access_done(a, copy_signal(a->at + i * ps + own_at(now.who),
				       own_bytes(now.who, new_version()),
				       OWN_LEN), true))
		set_version(a, i, new_version());
	else if (a->shared && a->prot & PROT_WRITE)
		/* It may have ended in the middle of them. */
		race_io(true, a->node, a->page + i);
}

static int pick_node(unsigned int n)
{
	int node = pick(n, NR_NODES);

	return has_node[node] ? node : 0;
}

static void race_read(void)
{
	race_io(false, pick_node(1), pick(2, NR_PAGES));
}

static void race_write(void)
{
	race_io(true, pick_node(1), pick(2, NR_PAGES));
}

/* The driver pins a page of some node's, to copy from or to another's. */
static void race_transfer(void)
{
	bool to_buffer = one_in(3, 2);
	int node = pick_node(4);
	size_t page = pick(5, NR_PAGES), i, off = own_at(now.who);
	struct area *a = pick_page(1, &i);
	unsigned int *version;
	long got;

	if (!a)
		return;
	got = result(addrmap_transfer(node_fd[node], page * ps + off,
				      a->at + i * ps + off, OWN_LEN,
				      to_buffer));
	if (!(a->prot & (to_buffer ? PROT_READ : PROT_WRITE)) ||
	    (nodes[a->node].raw && a->shared)) {
		expect(got, -EFAULT);
		return;
	}
	/* A copy of raw frames may be pinned, and what is revoked may not. */
	if (got == -EFAULT && (nodes[a->node].raw || nodes[a->node].revoke))
		return;
	if (!expect(got, OWN_LEN))
		return;
	version = area_version(a, i);
	if (!to_buffer)
		set_version(a, i, *version_of(node, page));
	else if (version)
		*version_of(node, page) = *version;
	else
		race_io(true, node, page);
}

/* Unmap the last pages of an area, or the first. */
static void race_munmap(void)
{
	struct area *a = pick_area(1);
	size_t keep = one_in(2, 2) ? pick(2, AREA_PAGES) : 0, gone;
	bool first = one_in(3, 2);

	if (keep >= a->nr)
		return;
	gone = a->nr - keep;
	about(a->node, a->page * ps, "%s %zu of %zu pages",
	      first ? "first" : "last", gone, a->nr);
	expect(result(munmap(a->at + (first ? 0 : keep * ps), gone * ps)), 0);
	a->nr = keep;
	if (first) {
		a->at += gone * ps;
		a->page += gone;
		memmove(a->version, a->version + gone,
			keep * sizeof(*a->version));
	}
}

static void race_mmap(void)
{
	struct area *a = pick_area(1);
	int node = pick_node(2);
	size_t nr = 1 + pick(3, AREA_PAGES), page;
	bool shared = one_in(4, 2);
	int prot = one_in(5, 4) ? PROT_READ : PROT_READ | PROT_WRITE;
	long got;

	if (!shared && nodes[node].shared_only)
		return;
	page = pick(6, NR_PAGES - nr + 1);
	about(node, page * ps, "%zu pages, %s", nr,
	      shared ? "shared" : "private");
	if (a->nr)
		expect(result(munmap(a->at, a->nr * ps)), 0);
	a->nr = 0;
	got = result((long)mmap(a->home, nr * ps, prot, MAP_FIXED |
				(shared ? MAP_SHARED : MAP_PRIVATE),
				node_fd[node], page * ps));
	if ((got == -ENODEV && nodes[node].revoke) ||
	    !expect(got, (long)a->home))
		return;
	*a = (struct area) {
		.home = a->home, .at = a->home, .node = node, .page = page,
		.nr = nr, .shared = shared, .prot = prot,
	};
}

/* Move the last pages of an area to the place of one that has none. */
static void race_move(void)
{
	struct area *a = pick_area(1), *to = pick_area(2), moved = *a;
	size_t from = one_in(3, 2) ? pick(3, AREA_PAGES) : 0;

	if (from >= a->nr || to->nr)
		return;
	moved.home = to->home;
	moved.at = to->home;
	moved.nr = a->nr - from;
	moved.page += from;
	memmove(moved.version, a->version + from,
		moved.nr * sizeof(*moved.version));
	about(a->node, moved.page * ps, "%zu pages", moved.nr);
	if (expect(result((long)mremap(a->at + from * ps, moved.nr * ps,
				       moved.nr * ps,
				       MREMAP_MAYMOVE | MREMAP_FIXED,
				       to->home)), (long)to->home)) {
		*to = moved;
		a->nr = from;
	}
}

static void race_mprotect(void)
{
	size_t i;
	struct area *a = pick_page(1, &i);

	if (!a)
		return;
	a->prot ^= PROT_WRITE;
	expect(result(mprotect(a->at, a->nr * ps, a->prot)), 0);
}

static void race_dontneed(void)
{
	size_t i;
	struct area *a = pick_page(1, &i);

	if (!a || nodes[a->node].raw || !nodes[a->node].refault)
		return;
	expect(result(madvise(a->at + i * ps, ps, MADV_DONTNEED)), 0);
	a->version[i] = 0;
}

static void check_areas(void)
{
	for (struct area *a = areas; a < areas + NR_AREAS; a++)
		for (size_t i = 0; i < a->nr && !failed(); i++)
			check_area_page(a, i);
}

static void race_fork(void)
{
	pid_t pid = fork();

	if (!pid) {
		check_areas();
		_exit(0);
	}
	if (expect(pid < 0 ? -errno : 0, 0))
		reap(pid);
}

/* Another thread's mapping: there or not, but no other memory. */
static void race_peek(void)
{
	size_t n = pick(1, AREAS_PAGES);
	struct head found, head;

	if (copy_signal(&found, homes + n * ps, sizeof(found)))
		return;
	about(0, 0, "page %zu", n);
	head = head_of(found.node % NR_NODES, found.page % NR_PAGES);
	same((char *)&found, (char *)&head, sizeof(head));
}

/* A buffer that comes and goes. */
static void race_private(void)
{
	size_t nr = 1 + pick(1, NR_PAGES), len = nr * ps, at = pick(2, len);
	char byte = 1, *p = homes + (AREAS_PAGES + now.who * NR_PAGES) * ps;
	int node = pick_node(3), fd, sig;
	long got;

	if (nodes[node].device)
		return;
	about(node, at, "%zu pages", nr);
	fd = addrmap_open(nodes[node].name, O_RDWR);
	if (addrmap_set_length(fd, len)) {
		expect(-errno, -ENOMEM);
		close(fd);
		return;
	}
	got = result((long)mmap(p, len, PROT_READ | PROT_WRITE,
				MAP_SHARED | MAP_FIXED, fd, 0));
	close(fd);
	if ((got == -ENODEV && nodes[node].revoke) || !expect(got, (long)p))
		return;
	sig = copy_signal(&byte, p + at, 1);
	if (sig && !nodes[node].revoke)
		fail("expected no signal, found %d", sig);
	else if (!sig)
		expect(byte, 0);
	copy_signal(p + at, "x", 1);
	expect(result(munmap(p, len)), 0);
}

/* While nobody gives the memory back, no mapping shows it. */
static void race_revoke(void)
{
	unsigned int restored;
	int node = 0, sig;
	char byte;

	while (!nodes[node].revoke)
		node++;
	about(node, 0, "all mappings");
	restored = __atomic_load_n(&st->restored, __ATOMIC_SEQ_CST);
	expect(result(addrmap_revoke(node_fd[node], 0)), 0);
	for (struct area *a = areas; a < areas + NR_AREAS; a++) {
		if (!a->nr || a->node != node)
			continue;
		sig = copy_signal(&byte, a->at + pick(1, a->nr) * ps, 1);
		if (sig != SIGBUS && restored ==
		    __atomic_load_n(&st->restores, __ATOMIC_SEQ_CST))
			fail("expected signal %d, found %d", SIGBUS, sig);
	}
	if (one_in(2, 8))
		return;
	__atomic_add_fetch(&st->restores, 1, __ATOMIC_SEQ_CST);
	expect(result(addrmap_revoke(node_fd[node], ADDRMAP_REVOKE_RESTORE)),
	       0);
	__atomic_add_fetch(&st->restored, 1, __ATOMIC_SEQ_CST);
}

static const struct op races[] = {
	{ "mmap", race_mmap, 10 }, { "munmap", race_munmap, 4 },
	{ "move", race_move, 4 }, { "mprotect", race_mprotect, 4 },
	{ "DONTNEED", race_dontneed, 4 }, { "load", race_load, 10 },
	{ "store", race_store, 14 }, { "read", race_read, 4 },
	{ "write", race_write, 4 }, { "transfer", race_transfer, 8 },
	{ "fork", race_fork, 1 }, { "peek", race_peek, 8 },
	{ "private buffer", race_private, 4 }, { "revoke", race_revoke, 4 },
};

static pthread_barrier_t threads_are_there;

static void *actor(void *arg)
{
	now.who = (long)arg;
	/* Nobody is to get memory there once the addresses are in use. */
	pthread_barrier_wait(&threads_are_there);
	for (int n = 0; n < NR_AREAS; n++)
		areas[n].home = homes +
				(now.who * NR_AREAS + n) * AREA_PAGES * ps;
	for (now.step = 0; now.step < NR_STEPS && !stopped(); now.step++) {
		const struct op *op;

		now.key = (now.who + 1) << 20 | now.step;
		op = pick_op(races, ARRAY_SIZE(races));
		now.op = op->name;
		op->fn();
	}
	now.op = "check all";
	check_areas();

	return NULL;
}

/* The threads of a process; the actors have numbers from @first on. */
static void race(long first)
{
	pthread_t thread[NR_THREADS];

	pthread_barrier_init(&threads_are_there, NULL, NR_THREADS + 1);
	for (long n = 0; n < NR_THREADS; n++) {
		if (pthread_create(&thread[n], NULL, actor, (void *)(first + n)))
			fail("no thread");
	}
	homes = free_range((AREAS_PAGES + NR_ACTORS * NR_PAGES) * ps);
	pthread_barrier_wait(&threads_are_there);
	for (int n = 0; n < NR_THREADS; n++)
		pthread_join(thread[n], NULL);
}

/* Each page has its head and the bytes of its owners, at the end as well. */
static void set_or_check(bool check)
{
	for (int n = 0; n < NR_NODES * NR_PAGES && !failed(); n++) {
		int node = n / NR_PAGES, page = n % NR_PAGES;
		struct head head = head_of(node, page), found;

		if (!has_node[node])
			continue;
		about(node, page * ps, "all pages");
		if (!check)
			expect(result(pwrite(node_fd[node], &head, sizeof(head),
					     page * ps)), sizeof(head));
		else if (expect(result(pread(node_fd[node], &found,
					     sizeof(found), page * ps)),
				sizeof(head)))
			same((char *)&found, (char *)&head, sizeof(head));
		for (now.who = 0; now.who < NR_ACTORS; now.who++)
			race_io(!check, node, page);
	}
}

void run_race(const int *unused, int nr)
{
	pid_t leader, pid;
	sem_t never;

	memset(st, 0, sizeof(*st));
	leader = fork();
	if (leader) {
		sem_init(&never, 0, 0);
		wait_for(&never, leader, 0);
		reap(leader);
		return;
	}
	start_process();
	now.op = "begin and end";
	for (int n = 0; n < NR_NODES; n++)
		node_fd[n] = has_node[n] ?
			     addrmap_open(nodes[n].name, O_RDWR) : -1;
	set_or_check(false);
	pid = fork();
	if (!pid)
		prctl(PR_SET_PDEATHSIG, SIGKILL);
	race(pid ? 0 : NR_THREADS);
	if (pid) {
		reap(pid);
		set_or_check(true);
	}
	_exit(0);
}

void prepare_race(void)
{
	st = map_anon(sizeof(*st), MAP_SHARED);
}
