// SPDX-License-Identifier: GPL-2.0-only
/*
 * Random operations on mappings of kernel memory, on the nodes of the sample
 * driver (CONFIG_ADDRMAP): what fsx is to file systems.
 *
 * Sequential mode: up to three processes take turns, one operation at a time,
 * and a model says what each has to return and what each byte has to be. What
 * an operation does depends on nothing but the seed, its number and the model's
 * state when it comes to it. So a sequence is a seed and a list of numbers, of
 * which any can be left out: that is how a sequence that fails is made short.
 *
 * Concurrent mode: two processes of two threads each do the like at once. Each
 * byte has one owner, who knows what is to be there; what a system call returns
 * is one of a few values if others can have a say in it.
 *
 * After each sequence nothing may be left: no page, pin, mapping or reference.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <getopt.h>
#include <pthread.h>
#include <semaphore.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <time.h>
#include <linux/magic.h>
#include <linux/sched.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/vfs.h>
#include <sys/wait.h>

#include "vm_util.h"
#include "addrmap_util.h"

#define NR_NODES	9
#define NR_PROCS	3
#define NR_FILES	4	/* that a process has open at a time */
#define NR_OPENS	24	/* in a sequence */
#define NR_BUFS		(NR_NODES + NR_OPENS)
#define NR_STEPS	200
/* A buffer is at most this large, which is a huge page on most machines. */
#define BIG		ADDRMAP_SHARED_LENGTH
/* Most of what happens, happens in the first pages of a process' arena. */
#define BUSY_PAGES	40
/* Seconds after which something hangs, on a slow machine, too. */
#define PATIENCE	300
/* Seconds to make a sequence that fails shorter. */
#define SHRINK_TIME	60
/* What is missing after that many runs in a row is lost. */
#define NR_REPEATS	6

/* What a node promises, or does not. */
static const struct node {
	const char *name;
	bool raw;		/* page tables without references: no pinning */
	bool refault;		/* what was zapped comes back */
	bool shared_only;	/* no private mappings */
	bool device;		/* one buffer for all */
	bool revoke;
} nodes[NR_NODES] = {
	{ .name = "pfn", .raw = true },
	{ .name = "pages" },
	{ .name = "vmalloc" },
	{ .name = "fault", .refault = true },
	{ .name = "fault-around", .refault = true },
	{ .name = "pfn-fault", .raw = true, .refault = true,
	  .shared_only = true },
	{ .name = "huge", .refault = true },
	{ .name = "revoke", .refault = true, .revoke = true },
	{ .name = "io", .raw = true, .shared_only = true, .device = true },
};

static bool has_node[NR_NODES];

/* What is being done, for whoever reads that it failed. */
struct context {
	int step, who, node;
	uint64_t key;		/* of the random numbers */
	size_t offset;
	const char *op;
	char detail[120];
};

/* An open file, whoever has a descriptor of it. */
struct desc {
	int node, buf, mode;
	bool own;		/* the buffer is its own */
};

/* A page of a process' arena. */
struct slot {
	int buf;		/* -1: nothing is mapped here */
	int node, prot;
	int vma;		/* the same for pages of the same VMA */
	unsigned int pgoff;
	bool shared, rdonly, dontfork;
	bool gone;		/* zapped, and nothing brings it back */
	bool copied;		/* a private copy */
	unsigned int epoch;	/* of the copy */
};

#define NR_ACTORS	4

/* What all processes of a sequence see. */
static struct shared {
	bool failed, stop, leaves;
	char why[600];
	struct context where;		/* it failed */
	/* Sequential mode */
	struct context last[NR_PROCS];
	sem_t turn[NR_PROCS], done;
	int step;		/* to be done, -1: end */
	pid_t pid[NR_PROCS];	/* 0: there is none */
	int nr_descs, nr_bufs, next_vma;
	struct desc desc[NR_OPENS];
	size_t length[NR_BUFS];	/* 0: not known yet */
	int mappings[NR_PROCS][NR_BUFS];
	bool revoked[NR_NODES];
	unsigned int epoch[NR_NODES];	/* one more by each revoke */
	/* Concurrent mode */
	unsigned int restores, restored;	/* begun, and done */
	unsigned int version[NR_NODES][NR_PAGES][NR_ACTORS];
} *sh;

static char *bytes;		/* of all buffers, BIG each */
static char *copies;		/* of all slots of all arenas, a page each */
static struct slot *slots;	/* of all processes, nr_slots each */
static size_t ps, nr_slots;

static uint64_t seed;
static __thread struct context now;
static bool verbose;

/* The same in each process that comes to an operation, and each time. */
static uint64_t draw(uint64_t key, unsigned int n)
{
	uint64_t z = seed * 0x9e3779b97f4a7c15 ^
		     (key * 16 + n) * 0xd1342543de82ef95;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb;

	return (z ^ (z >> 31)) >> 1;
}

/* The operation's n-th random number below @limit. */
static size_t pick(unsigned int n, size_t limit)
{
	return draw(now.key, n) % limit;
}

static bool one_in(unsigned int n, size_t times)
{
	return draw(now.key, n) / 4096 % times == 0;
}

__printf(3, 4)
static void about(int node, size_t offset, const char *fmt, ...)
{
	va_list args;

	now.node = node;
	now.offset = offset;
	va_start(args, fmt);
	vsnprintf(now.detail, sizeof(now.detail), fmt, args);
	va_end(args);
	if (now.who < NR_PROCS)
		sh->last[now.who] = now;
}

__printf(1, 2)
static void fail(const char *fmt, ...)
{
	va_list args;
	int n;

	if (__atomic_exchange_n(&sh->failed, true, __ATOMIC_SEQ_CST))
		return;
	sh->where = now;
	n = snprintf(sh->why, sizeof(sh->why),
		     "seed %llu, step %d, process %d: %s %s, node %s, offset %#zx: ",
		     (unsigned long long)seed, now.step, now.who, now.op,
		     now.detail, nodes[now.node].name, now.offset);
	va_start(args, fmt);
	vsnprintf(sh->why + n, sizeof(sh->why) - n, fmt, args);
	va_end(args);
}

static bool failed(void)
{
	return __atomic_load_n(&sh->failed, __ATOMIC_SEQ_CST);
}

static bool stopped(void)
{
	return failed() || __atomic_load_n(&sh->stop, __ATOMIC_SEQ_CST);
}

/* What a system call returned, as -errno if it failed. */
static long result(long got)
{
	return got == -1 ? -errno : got;
}

/* Is @got what it has to be, and not an error? */
static bool expect(long got, long want)
{
	if (got != want)
		fail("expected %ld%s%s, found %ld%s%s",
		     want, want < 0 ? " " : "", want < 0 ? strerror(-want) : "",
		     got, got < 0 ? " " : "", got < 0 ? strerror(-got) : "");

	return got == want && got >= 0;
}

static bool same(const char *found, const char *expected, size_t len)
{
	size_t n = 0;

	if (!memcmp(found, expected, len))
		return true;
	while (found[n] == expected[n])
		n++;
	fail("byte %zu of %zu: expected %#x, found %#x", n, len,
	     (unsigned char)expected[n], (unsigned char)found[n]);

	return false;
}

static __thread sigjmp_buf fault_env;
static __thread bool may_fault;

static void fault_handler(int sig)
{
	if (may_fault)
		siglongjmp(fault_env, sig);
	signal(sig, SIG_DFL);
}

/* memcpy(), or the signal that it raises. */
static int copy_signal(void *to, const void *from, size_t len)
{
	int sig = sigsetjmp(fault_env, 0);

	if (!sig) {
		__atomic_store_n(&may_fault, true, __ATOMIC_SEQ_CST);
		memcpy(to, from, len);
	}
	__atomic_store_n(&may_fault, false, __ATOMIC_SEQ_CST);

	return sig;
}

static void *map_anon(size_t len, int flags)
{
	void *p = mmap(NULL, len, PROT_READ | PROT_WRITE,
		       flags | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (p == MAP_FAILED)
		ksft_exit_fail_perror("mmap");

	return p;
}

/* Addresses for mappings, with nothing at them. */
static char *free_range(size_t len)
{
	char *p = map_anon(len + 2 * BIG, MAP_PRIVATE);

	munmap(p, len + 2 * BIG);

	return (char *)(((uintptr_t)p + BIG - 1) / BIG * BIG);
}

/* The first thing that a process of a sequence does. */
static void start_process(void)
{
	struct sigaction sa = {
		.sa_handler = fault_handler,
		.sa_flags = SA_NODEFER,
	};

	sigaction(SIGSEGV, &sa, NULL);
	sigaction(SIGBUS, &sa, NULL);
	/* The one that started it ends it, and it does not outlive that one. */
	signal(SIGINT, SIG_IGN);
	signal(SIGTERM, SIG_IGN);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
}

/* ---- Sequential mode: the model ---- */

/* What a process has: fork() copies it. */
static struct file {
	int fd;
	int desc;		/* -1: not open */
} file[NR_FILES];

static struct slot *arena;
static char *base;		/* the address of the arena, in all processes */
static char *plain;		/* ordinary memory */
static struct {
	int fd[2], buf;		/* buf is -1: empty */
	size_t at, len;
} held;				/* a pipe with a part of a buffer's page in it */

static int direct_fd = -1;	/* a file for O_DIRECT, and its first page */
static char *direct_bytes;

static char *buf_at(int buf, size_t offset)
{
	return bytes + buf * BIG + offset;
}

static bool is_copy(struct slot *s)
{
	/* What was revoked, was so with its copies. */
	if (s->copied && s->epoch != sh->epoch[s->node])
		s->copied = false;

	return s->copied;
}

/* The bytes of a page that is mapped. */
static char *content(struct slot *s)
{
	return is_copy(s) ? copies + (s - slots) * ps :
			    buf_at(s->buf, s->pgoff * ps);
}

static int expected_signal(struct slot *s, bool write)
{
	if (s->buf < 0 || !(s->prot & (write ? PROT_WRITE : PROT_READ)))
		return SIGSEGV;
	if (sh->revoked[s->node] || (s->gone && !is_copy(s)))
		return SIGBUS;

	return 0;
}

/* A page is about to be written to. */
static void make_copy(struct slot *s)
{
	if (s->shared || is_copy(s))
		return;
	memcpy(copies + (s - slots) * ps, content(s), ps);
	s->copied = true;
	s->epoch = sh->epoch[s->node];
}

/* Is the page one that the kernel can pin? */
static bool can_pin(struct slot *s, bool write)
{
	return !expected_signal(s, write) && !nodes[s->node].raw;
}

/* Whether a copy of raw frames can be pinned is up to the architecture. */
static bool may_pin(struct slot *s)
{
	return s->buf >= 0 && nodes[s->node].raw && is_copy(s);
}

/* No VMA goes over the start of page @i any more. */
static void split(size_t i)
{
	int vma;

	if (!i || i >= nr_slots || arena[i].buf < 0 || arena[i - 1].buf < 0 ||
	    arena[i].vma != arena[i - 1].vma)
		return;
	vma = arena[i].vma;
	sh->next_vma++;
	for (; i < nr_slots && arena[i].buf >= 0 && arena[i].vma == vma; i++)
		arena[i].vma = sh->next_vma;
}

static void forget(size_t i, size_t nr)
{
	split(i);
	split(i + nr);
	for (; nr; nr--, i++)
		arena[i] = (struct slot) { .buf = -1 };
}

/* How many pages from @i on are of the same VMA, at most @max. */
static size_t same_vma(size_t i, size_t max)
{
	size_t nr = 1;

	while (nr < max && i + nr < nr_slots && arena[i + nr].buf >= 0 &&
	       arena[i + nr].vma == arena[i].vma)
		nr++;

	return nr;
}

/* Count the VMAs of process @who by the buffers that they map. */
static void count_mappings(int who)
{
	struct slot *s = slots + who * nr_slots;

	memset(sh->mappings[who], 0, sizeof(sh->mappings[who]));
	for (size_t i = 0; i < nr_slots; i++) {
		if (s[i].buf >= 0 && (!i || s[i - 1].buf < 0 ||
				      s[i - 1].vma != s[i].vma))
			sh->mappings[who][s[i].buf]++;
	}
}

static void fill(char *p, size_t len)
{
	for (size_t n = 0; n < len; n++)
		p[n] = draw(now.key, 15) + n * 7 + (n >> 8);
}

static size_t pick_slot(int n)
{
	return one_in(n, 8) ? 0 : pick(n, BUSY_PAGES);
}

static size_t pick_nr(int n, size_t max)
{
	size_t nr = one_in(n, 16) ? BIG / ps : 1 + pick(n, 12);

	return nr < max ? nr : max;
}

/* A page that is mapped, if there is one. */
static size_t pick_mapped(int n)
{
	size_t from = pick_slot(n);

	for (size_t i = 0; i < nr_slots; i++) {
		if (arena[(from + i) % nr_slots].buf >= 0)
			return (from + i) % nr_slots;
	}

	return from;
}

static struct file *pick_file(int n)
{
	for (size_t i = 0; i < NR_FILES; i++) {
		struct file *f = &file[(pick(n, NR_FILES) + i) % NR_FILES];

		if (f->desc >= 0)
			return f;
	}

	return NULL;
}

/* A part of a page, often its first or its last bytes. */
static size_t pick_part(int n, size_t *off)
{
	size_t len = 1 + pick(n, 100);

	if (one_in(n, 2))
		*off = pick(n, ps - len + 1);
	else
		*off = one_in(n, 3) ? 0 : ps - len;

	return len;
}

/* What the operation is about if it is about @nr pages of the arena. */
static void about_pages(size_t at, size_t nr, const char *more, long value)
{
	struct slot *s = &arena[at];

	about(s->buf < 0 ? 0 : s->node, s->buf < 0 ? 0 : s->pgoff * ps,
	      "%zu+%zu%s %ld%s", at, nr, more, value,
	      s->buf < 0 ? " (not mapped)" : s->shared ? "" : " (private)");
}

/* ---- Sequential mode: the operations ---- */

static void check_page(size_t i, size_t off, size_t len)
{
	int want = expected_signal(&arena[i], false);
	int sig = copy_signal(plain, base + i * ps + off, len);

	if (sig != want)
		fail("reading page %zu: expected signal %d, found %d", i, want,
		     sig);
	else if (!sig)
		same(plain, content(&arena[i]) + off, len);
}

static void check_file(struct file *f)
{
	struct desc *d = &sh->desc[f->desc];
	size_t n;

	if (f->desc < 0 || d->mode == O_WRONLY)
		return;
	for (size_t off = 0; off < sh->length[d->buf] && !failed(); off += n) {
		n = sh->length[d->buf] - off;
		if (n > NR_PAGES * ps)
			n = NR_PAGES * ps;
		about(d->node, off, "read()");
		if (expect(result(pread(f->fd, plain, n, off)), n))
			same(plain, buf_at(d->buf, off), n);
	}
}

/* All that this process can see. */
static void op_check(void)
{
	for (size_t i = 0; i < nr_slots && !failed(); i++) {
		/* Where nothing is mapped, the page behind a mapping will do. */
		if (arena[i].buf < 0 && (!i || arena[i - 1].buf < 0))
			continue;
		about_pages(i, 1, " page", i);
		check_page(i, 0, ps);
	}
	for (int n = 0; n < NR_FILES; n++)
		check_file(&file[n]);
}

static void op_info(void)
{
	struct file *f = pick_file(1);
	struct addrmap_info info;
	struct desc *d;
	long want = 0;

	if (!f)
		return;
	d = &sh->desc[f->desc];
	for (int n = 0; n < NR_PROCS; n++)
		want += sh->mappings[n][d->buf];
	about(d->node, 0, "mappings");
	if (!expect(result(ioctl(f->fd, ADDRMAP_INFO, &info)), 0))
		return;
	expect(info.mappings, want);
	about(d->node, 0, "length");
	expect(info.length, sh->length[d->buf]);
	about(d->node, 0, "state");
	expect(info.state, d->own ? ADDRMAP_STATE_PRIVATE : 0);
}

/* The buffer that files share is what earlier sequences left. */
static void learn_shared(struct desc *d)
{
	int fd = addrmap_open(nodes[d->node].name, O_RDONLY);
	struct addrmap_info info;

	if (expect(result(ioctl(fd, ADDRMAP_INFO, &info)), 0) &&
	    expect(result(pread(fd, buf_at(d->buf, 0), BIG, 0)), info.length))
		sh->length[d->buf] = info.length;
	close(fd);
}

static void new_buffer(struct file *f, struct desc *d, size_t len)
{
	long got = result(addrmap_set_length(f->fd, len));

	/* There may be no such memory in one piece, or at all. */
	if (got == -ENOMEM || !expect(got, 0))
		return;
	d->own = true;
	d->buf = NR_NODES + sh->nr_bufs++;
	sh->length[d->buf] = len;
}

static void op_open(void)
{
	static const int modes[] = {
		O_RDWR, O_RDWR, O_RDWR, O_RDWR, O_RDWR, O_RDONLY, O_RDONLY,
		O_WRONLY,
	};
	size_t len = one_in(1, 16) ? BIG : (1 + pick(1, NR_PAGES)) * ps;
	struct desc *d = &sh->desc[sh->nr_descs];
	int n = pick(2, NR_NODES);
	struct file *f = NULL;

	for (int i = 0; i < NR_FILES; i++) {
		if (file[i].desc < 0)
			f = &file[i];
	}
	if (!f || sh->nr_descs == NR_OPENS || !has_node[n])
		return;
	*d = (struct desc) { .node = n, .buf = n, .mode = modes[pick(3, 8)] };
	about(n, 0, "mode %d, %zu bytes", d->mode, len);
	f->fd = addrmap_open(nodes[n].name, d->mode);
	if (!expect(f->fd < 0 ? -errno : 0, 0))
		return;
	f->desc = sh->nr_descs++;
	if (!nodes[n].device && !one_in(4, 12))
		new_buffer(f, d, len);
	if (!d->own && !sh->length[n])
		learn_shared(d);
}

static void op_close(void)
{
	struct file *f = pick_file(1);

	if (!f)
		return;
	about(sh->desc[f->desc].node, 0, "file");
	expect(result(close(f->fd)), 0);
	f->desc = -1;
}

static void op_set_length(void)
{
	size_t len = (1 + pick(1, NR_PAGES)) * ps;
	struct file *f = pick_file(2);
	struct desc *d;
	int err;

	if (!f)
		return;
	d = &sh->desc[f->desc];
	if (one_in(3, 2))
		len += 1 + pick(3, ps - 1);
	about(d->node, 0, "%zu", len);
	err = len % ps ? -EINVAL : nodes[d->node].device ? -EOPNOTSUPP :
	      d->own ? -EBUSY : 0;
	if (err)
		expect(result(addrmap_set_length(f->fd, len)), err);
	else
		new_buffer(f, d, len);
}

static int mmap_error(const struct desc *d, size_t pgoff, size_t nr, int prot,
		      bool shared)
{
	size_t max = sh->length[d->buf] / ps;

	if (d->mode == O_WRONLY ||
	    (d->mode == O_RDONLY && shared && prot & PROT_WRITE))
		return -EACCES;
	if (pgoff >= max || nr > max - pgoff)
		return -EINVAL;
	if (prot & PROT_EXEC)
		return -EPERM;
	if (!shared && nodes[d->node].shared_only)
		return -EINVAL;

	return sh->revoked[d->node] ? -ENODEV : 0;
}

static void op_mmap(void)
{
	static const int prots[] = {
		PROT_READ | PROT_WRITE, PROT_READ | PROT_WRITE,
		PROT_READ | PROT_WRITE, PROT_READ | PROT_WRITE,
		PROT_READ, PROT_READ, PROT_NONE, PROT_READ | PROT_EXEC,
	};
	size_t at = pick_slot(1), nr = pick_nr(2, nr_slots - at), max, pgoff;
	bool shared = one_in(3, 2);
	int prot = prots[pick(4, 8)], err;
	struct file *f = pick_file(5);
	struct desc *d;
	void *p;

	if (!f)
		return;
	d = &sh->desc[f->desc];
	max = sh->length[d->buf] / ps;
	pgoff = one_in(6, 4) ? pick(6, max) : 0;
	/* Mostly inside, often up to the last page, sometimes too far. */
	if (!one_in(7, 16) && nr > max - pgoff)
		nr = max - pgoff;
	else if (one_in(8, 8) && max - pgoff + 1 <= nr_slots - at)
		nr = max - pgoff + 1;
	else if (one_in(9, 32))
		pgoff = max + pick(9, 3);
	/* Which error comes first is nobody's business. */
	if (pgoff + nr > max)
		prot &= ~PROT_EXEC;
	err = mmap_error(d, pgoff, nr, prot, shared);
	about(d->node, pgoff * ps, "%zu pages at %zu, %s, prot %d", nr, at,
	      shared ? "shared" : "private", prot);
	/* A failing mmap() may or may not unmap what was there. */
	p = mmap(base + at * ps, nr * ps, prot,
		 (shared ? MAP_SHARED : MAP_PRIVATE) | (err ? 0 : MAP_FIXED),
		 f->fd, pgoff * ps);
	if (!expect(result((long)p), err ?: (long)(base + at * ps)))
		return;
	forget(at, nr);
	sh->next_vma++;
	for (size_t i = 0; i < nr; i++)
		arena[at + i] = (struct slot) {
			.buf = d->buf, .node = d->node, .pgoff = pgoff + i,
			.prot = prot, .vma = sh->next_vma, .shared = shared,
			.rdonly = d->mode == O_RDONLY && shared,
		};
}

static void op_munmap(void)
{
	size_t at = pick_mapped(1), nr = pick_nr(2, nr_slots - at);

	about_pages(at, nr, "", 0);
	if (expect(result(munmap(base + at * ps, nr * ps)), 0))
		forget(at, nr);
}

/* A mapping can become shorter, but not longer. */
static void op_resize(void)
{
	size_t at = pick_mapped(1), nr = same_vma(at, pick_nr(2, nr_slots));
	size_t to = one_in(3, 3) ? nr + 1 : 1 + pick(4, nr);
	bool fails = arena[at].buf < 0 || to > nr;
	void *p;

	about_pages(at, nr, " to", to);
	p = mremap(base + at * ps, nr * ps, to * ps,
		   one_in(5, 2) ? MREMAP_MAYMOVE : 0);
	if (expect(result((long)p), fails ? -EFAULT :
		   (long)(base + at * ps)) && nr > to)
		forget(at + to, nr - to);
}

static void op_move(void)
{
	size_t at = pick_mapped(1), nr = same_vma(at, pick_nr(2, nr_slots));
	size_t to = pick_slot(3);
	bool overlap;
	void *p;

	if (nr > nr_slots - to)
		nr = nr_slots - to;
	overlap = at < to + nr && to < at + nr;
	/* Whether what is at the destination is unmapped first, is not told. */
	if (arena[at].buf < 0)
		return;
	about_pages(at, nr, " to", to);
	p = mremap(base + at * ps, nr * ps, nr * ps,
		   MREMAP_MAYMOVE | MREMAP_FIXED, base + to * ps);
	if (!expect(result((long)p), overlap ? -EINVAL :
		    (long)(base + to * ps)))
		return;
	forget(to, nr);
	sh->next_vma++;
	for (size_t i = 0; i < nr; i++) {
		struct slot *s = &arena[to + i];

		*s = arena[at + i];
		s->vma = sh->next_vma;
		if (is_copy(s))
			memcpy(copies + (s - slots) * ps,
			       content(&arena[at + i]), ps);
	}
	forget(at, nr);
}

static void op_mprotect(void)
{
	static const int prots[] = {
		PROT_READ, PROT_READ, PROT_READ, PROT_NONE,
		PROT_READ | PROT_WRITE, PROT_READ | PROT_WRITE,
		PROT_READ | PROT_WRITE, PROT_READ | PROT_EXEC,
	};
	size_t at = pick_mapped(1), nr = pick_nr(2, nr_slots - at), done = 0;
	int prot = prots[pick(3, 8)], err = 0;

	/* VMA by VMA, up to the first for which it cannot be. */
	while (done < nr) {
		struct slot *s = &arena[at + done];

		if (s->buf < 0)
			err = -ENOMEM;
		else if (prot & PROT_EXEC || (s->rdonly && prot & PROT_WRITE))
			err = -EACCES;
		if (err)
			break;
		done++;
	}
	about_pages(at, nr, ", prot", prot);
	expect(result(mprotect(base + at * ps, nr * ps, prot)), err);
	if (done && arena[at].prot != prot)
		split(at);
	if (done && arena[at + done - 1].prot != prot)
		split(at + done);
	for (size_t i = at; i < at + done; i++)
		arena[i].prot = prot;
}

/* What madvise() does to a page; 0 or -errno. */
static int advise(size_t i, int advice)
{
	struct slot *s = &arena[i];

	if (advice == MADV_DOFORK || advice == MADV_WIPEONFORK ||
	    (advice != MADV_DONTFORK && nodes[s->node].raw))
		return -EINVAL;
	if (advice == MADV_DONTNEED) {
		s->copied = false;
		s->gone = !nodes[s->node].refault;
	} else if (advice == MADV_DONTFORK) {
		s->dontfork = true;
	}

	return 0;
}

static void op_madvise(void)
{
	static const int advices[] = {
		MADV_DONTNEED, MADV_DONTNEED, MADV_DONTNEED, MADV_DONTNEED,
		MADV_DONTFORK, MADV_DOFORK, MADV_COLD, MADV_WIPEONFORK,
	};
	size_t at = pick_mapped(1), nr = pick_nr(2, nr_slots - at);
	int advice = advices[pick(3, 8)], holes = 0, err = 0;

	about_pages(at, nr, ", advice", advice);
	if (advice == MADV_DONTFORK && !arena[at].dontfork)
		split(at);
	if (advice == MADV_DONTFORK && !arena[at + nr - 1].dontfork)
		split(at + nr);
	for (size_t i = at; i < at + nr && !err; i++) {
		if (arena[i].buf < 0)
			holes = -ENOMEM;
		else
			err = advise(i, advice);
	}
	expect(result(madvise(base + at * ps, nr * ps, advice)), err ?: holes);
}

static void op_load(void)
{
	size_t at = one_in(2, 16) ? pick_slot(1) : pick_mapped(1), off;
	size_t len = pick_part(3, &off);

	about_pages(at, 1, " byte", off);
	check_page(at, off, len);
}

static void op_store(void)
{
	size_t at = one_in(2, 16) ? pick_slot(1) : pick_mapped(1), off;
	size_t len = pick_part(3, &off);
	struct slot *s = &arena[at];
	int want = expected_signal(s, true), sig;

	about_pages(at, 1, " byte", off);
	fill(plain, len);
	sig = copy_signal(base + at * ps + off, plain, len);
	if (sig != want) {
		fail("expected signal %d, found %d", want, sig);
	} else if (!sig) {
		make_copy(s);
		memcpy(content(s) + off, plain, len);
	}
}

/* A buffer's part has been copied to memory: a page, or plain memory. */
static void copied_to(struct slot *s, size_t off, const char *from, size_t len)
{
	if (s) {
		make_copy(s);
		memcpy(content(s) + off, from, len);
	} else {
		same(plain, from, len);
	}
}

static long copy_error(struct desc *d, struct slot *s, size_t pos, size_t len,
		       bool to_buffer, bool pin)
{
	size_t max = sh->length[d->buf];

	if (d->mode == (to_buffer ? O_RDONLY : O_WRONLY))
		return -EBADF;
	if (pin && (pos >= max || len > max - pos))
		return -EINVAL;
	if (pos >= max && to_buffer)
		return -ENOSPC;
	if (s && pos < max && (pin ? !can_pin(s, !to_buffer) :
			       expected_signal(s, !to_buffer)))
		return -EFAULT;

	return 0;
}

/* read() and write(), or the driver pins the memory: of a page, or plain. */
static void op_copy(void)
{
	static const char * const names[2][2] = {
		{ "read", "transfer from" }, { "write", "transfer to" },
	};
	bool to_buffer = one_in(8, 2), pin = one_in(9, 2);
	size_t at = pick_mapped(1), off, len = pick_part(2, &off), max, pos;
	struct slot *s = one_in(3, 2) ? &arena[at] : NULL;
	char *mem = s ? base + at * ps + off : plain;
	struct file *f = pick_file(4);
	struct desc *d;
	long got, want;

	if (!f)
		return;
	d = &sh->desc[f->desc];
	/* From a page to itself is memcpy() of what overlaps. */
	if (s && (s->buf == d->buf || (pin && may_pin(s))))
		return;
	max = sh->length[d->buf];
	if (!s)
		len += pick(5, 3 * ps);
	pos = one_in(6, 16) ? max + pick(6, 2) : pick(6, max);
	if (pos < max && len > max - pos && (!pin || !one_in(7, 8)))
		len = max - pos;
	now.op = names[to_buffer][pin];
	about(d->node, pos, "%zu bytes, %s, page %zu of %s", len,
	      s ? "mapped" : "plain memory", at, s && s->buf >= 0 ?
	      nodes[s->node].name : "none");
	if (to_buffer && !s)
		fill(plain, len);
	want = copy_error(d, s, pos, len, to_buffer, pin) ?:
	       (long)(pos < max ? len : 0);
	got = pin ? addrmap_transfer(f->fd, pos, mem, len, to_buffer) :
	      to_buffer ? pwrite(f->fd, mem, len, pos) :
	      pread(f->fd, mem, len, pos);
	if (!expect(result(got), want))
		return;
	if (to_buffer)
		memcpy(buf_at(d->buf, pos), s ? content(s) + off : plain, want);
	else
		copied_to(s, off, buf_at(d->buf, pos), want);
}

/* A file's page gets into a mapping by direct I/O. */
static void op_direct(void)
{
	size_t at = pick_mapped(1);
	struct slot *s = &arena[at];

	if (direct_fd < 0 || may_pin(s))
		return;
	about_pages(at, 1, "", 0);
	if (expect(result(pread(direct_fd, base + at * ps, ps, 0)),
		   can_pin(s, true) ? (long)ps : -EFAULT))
		copied_to(s, 0, direct_bytes, ps);
}

/*
 * As a debugger does, who needs no mapping that can be pinned. What is not
 * permitted by the mapping is up to FOLL_FORCE, if that is allowed.
 */
static void op_proc_mem(void)
{
	size_t at = pick_mapped(1), off, len = pick_part(2, &off);
	int who = pick(3, NR_PROCS), fd;
	bool write = one_in(4, 2), works;
	uintptr_t addr = (uintptr_t)base + at * ps + off;
	struct slot *s;
	char path[40];
	long got;

	if (!sh->pid[who])
		who = now.who;
	s = &slots[who * nr_slots + at];
	about(s->buf < 0 ? 0 : s->node, s->buf < 0 ? 0 : s->pgoff * ps,
	      "%s process %d, page %zu+%zu, %zu bytes",
	      write ? "write" : "read", who, at, off, len);
	if (s->buf >= 0 && expected_signal(s, write) == SIGSEGV)
		return;
	works = can_pin(s, write) ||
		(s->buf >= 0 && nodes[s->node].raw && s->shared);
	snprintf(path, sizeof(path), "/proc/%d/mem", sh->pid[who]);
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (write)
		fill(plain, len);
	got = result(write ? pwrite(fd, plain, len, addr) :
			     pread(fd, plain, len, addr));
	close(fd);
	/* generic_access_phys() wants an entry that is there, and writable. */
	if (s->buf >= 0 && nodes[s->node].device && got == -EIO)
		return;
	if (!expect(got, works ? (long)len : -EIO))
		return;
	if (write) {
		make_copy(s);
		memcpy(content(s) + off, plain, len);
	} else {
		same(plain, content(s) + off, len);
	}
}

/* The pipe holds a reference to a page, not a copy, until somebody reads it. */
static void op_vmsplice(void)
{
	size_t at = pick_mapped(1), off;
	struct slot *s = &arena[at];
	struct iovec iov = { .iov_len = pick_part(2, &off) };

	iov.iov_base = base + at * ps + off;
	if (held.buf >= 0 || (s->buf >= 0 && !s->shared))
		return;
	about_pages(at, 1, " byte", off);
	if (expect(result(vmsplice(held.fd[1], &iov, 1, SPLICE_F_NONBLOCK)),
		   can_pin(s, false) ? (long)iov.iov_len : -EFAULT)) {
		held.buf = s->buf;
		held.at = s->pgoff * ps + off;
		held.len = iov.iov_len;
	}
}

static void op_read_pipe(void)
{
	if (held.buf < 0)
		return;
	about(0, held.at, "a page of a mapping");
	if (expect(result(read(held.fd[0], plain, ps)), held.len))
		same(plain, buf_at(held.buf, held.at), held.len);
	held.buf = -1;
}

static void op_revoke(void)
{
	struct file *f = pick_file(1);
	bool restore;
	int n;

	if (!f)
		return;
	n = sh->desc[f->desc].node;
	restore = sh->revoked[n];
	about(n, 0, "%s", restore ? "restore" : "take away");
	if (!expect(result(addrmap_revoke(f->fd, restore)),
		    nodes[n].revoke ? 0 : -ENOTTY))
		return;
	sh->revoked[n] = !restore;
	sh->epoch[n] += !restore;
}

static void new_pipe(void)
{
	held.buf = -1;
	if (pipe2(held.fd, O_CLOEXEC))
		fail("pipe2(): %s", strerror(errno));
}

/* The arena of a child of this process. */
static void inherit(int who)
{
	struct slot *to = slots + who * nr_slots;

	for (size_t i = 0; i < nr_slots; i++) {
		to[i] = arena[i];
		if (arena[i].buf >= 0 && arena[i].dontfork)
			to[i] = (struct slot) { .buf = -1 };
		else if (arena[i].buf >= 0 && is_copy(&arena[i]))
			memcpy(copies + (to + i - slots) * ps,
			       content(&arena[i]), ps);
	}
	count_mappings(who);
}

/* The new process takes its turns from now on, with all that was inherited. */
static void op_fork(void)
{
	/* The one who lets them take turns is the father of all. */
	struct clone_args args = { .flags = CLONE_PARENT };
	int n = 0;
	pid_t pid;

	while (n < NR_PROCS && sh->pid[n])
		n++;
	if (n == NR_PROCS)
		return;
	/* A pipe's content would be everybody's. */
	op_read_pipe();
	about(0, 0, "process %d", n);
	pid = syscall(SYS_clone3, &args, sizeof(args));
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		now.who = n;
		arena = slots + n * nr_slots;
		close(held.fd[0]);
		close(held.fd[1]);
		new_pipe();
	} else if (expect(result(pid), pid < 0 ? 0 : pid)) {
		inherit(n);
		sh->pid[n] = pid;
	}
}

static void op_exit(void)
{
	if (!now.who)
		return;
	op_check();
	sh->leaves = true;
}

static const struct op {
	const char *name;
	void (*fn)(void);
	unsigned int weight;
} ops[] = {
	{ "open", op_open, 6 }, { "close", op_close, 3 },
	{ "mmap", op_mmap, 14 }, { "munmap", op_munmap, 5 },
	{ "resize", op_resize, 5 },
	{ "move", op_move, 5 }, { "mprotect", op_mprotect, 6 },
	{ "madvise", op_madvise, 6 }, { "load", op_load, 12 },
	{ "store", op_store, 14 }, { "copy", op_copy, 20 },
	{ "direct I/O", op_direct, 4 },
	{ "/proc/PID/mem", op_proc_mem, 5 }, { "vmsplice", op_vmsplice, 3 },
	{ "read a pipe", op_read_pipe, 3 }, { "set length", op_set_length, 1 },
	{ "revoke", op_revoke, 3 }, { "fork", op_fork, 3 },
	{ "exit", op_exit, 2 }, { "check", op_check, 2 },
	{ "info", op_info, 3 },
};

static const struct op *pick_op(const struct op *list, size_t nr)
{
	unsigned int n, sum = 0;

	for (size_t i = 0; i < nr; i++)
		sum += list[i].weight;
	n = pick(0, sum);
	while (n >= list->weight)
		n -= list++->weight;

	return list;
}

/* ---- Sequential mode: the processes ---- */

static void take_turns(void)
{
	for (;;) {
		const struct op *op = &ops[ARRAY_SIZE(ops) - 2];
		int who = now.who;
		bool leaves;

		while (sem_wait(&sh->turn[who]))
			;
		now.step = sh->step;
		now.key = now.step;
		/* Without open files there is not much to do. */
		if (now.step >= NR_FILES)
			op = pick_op(ops, ARRAY_SIZE(ops));
		else if (now.step >= 0)
			op = ops;
		now.op = op->name;
		about(0, 0, "nothing");
		op->fn();
		/* The other side of a fork() has done so already. */
		if (now.who != who)
			continue;
		count_mappings(who);
		leaves = now.step < 0 || sh->leaves;
		if (verbose && now.step >= 0)
			ksft_print_msg("step %d, process %d: %s %s, node %s, offset %#zx\n",
				       now.step, who, now.op, now.detail,
				       nodes[now.node].name, now.offset);
		fflush(stdout);
		sem_post(&sh->done);
		if (leaves)
			_exit(0);
	}
}

static void first_process(void)
{
	start_process();
	for (int i = 0; i < NR_FILES; i++)
		file[i].desc = -1;
	new_pipe();
	take_turns();
}

/* Process @pid has ended, or does so now: was it killed? */
static void reap(pid_t pid)
{
	int status = 0;

	waitpid(pid, &status, 0);
	if (WIFSIGNALED(status))
		fail("expected no signal, killed by %d", WTERMSIG(status));
}

/* Wait until @sem is posted, or process @pid has ended. */
static void wait_for(sem_t *sem, pid_t pid)
{
	for (int i = 0; i < PATIENCE * 10; i++) {
		siginfo_t info = { 0 };
		struct timespec ts;

		clock_gettime(CLOCK_REALTIME, &ts);
		ts.tv_nsec += 100000000;
		ts.tv_sec += ts.tv_nsec / 1000000000;
		ts.tv_nsec %= 1000000000;
		if (!sem_timedwait(sem, &ts))
			return;
		waitid(P_PID, pid, &info, WEXITED | WNOHANG | WNOWAIT);
		if (info.si_pid)
			return;
	}
	fail("hangs for %d seconds", PATIENCE);
	kill(pid, SIGKILL);
}

/* Let process @who do step @step, or end if that is -1. */
static void turn(int who, int step)
{
	pid_t pid = sh->pid[who];

	sh->step = step;
	sem_post(&sh->turn[who]);
	wait_for(&sh->done, pid);
	now = sh->last[who];
	if (failed())
		kill(pid, SIGKILL);
	if (step < 0 || sh->leaves || failed()) {
		sh->leaves = false;
		reap(pid);
		sh->pid[who] = 0;
		memset(sh->mappings[who], 0, sizeof(sh->mappings[who]));
	}
}

static void run_sequential(const int *steps, int nr)
{
	pid_t pid;

	for (size_t i = 0; i < NR_PROCS * nr_slots; i++)
		slots[i] = (struct slot) { .buf = -1 };
	for (int n = 0; n < NR_PROCS; n++)
		sem_init(&sh->turn[n], 1, 0);
	sem_init(&sh->done, 1, 0);
	arena = slots;
	pid = fork();
	if (!pid)
		first_process();
	sh->pid[0] = pid;
	for (int i = 0; i < nr && !stopped(); i++) {
		int who = draw(steps[i], 14) % NR_PROCS;

		turn(sh->pid[who] ? who : 0, steps[i]);
	}
	for (int n = 0; n < NR_PROCS; n++) {
		if (sh->pid[n] && !failed())
			turn(n, -1);
		if (!sh->pid[n])
			continue;
		kill(sh->pid[n], SIGKILL);
		waitpid(sh->pid[n], NULL, 0);
	}
}

/* ---- Concurrent mode ---- */

#define NR_THREADS	2
#define NR_AREAS	4
#define AREA_PAGES	8
#define OWN_LEN		64
/* The pages of all areas of the actors, behind which are their private buffers */
#define AREAS_PAGES	(NR_ACTORS * NR_AREAS * AREA_PAGES)

/* Every page begins with this, which nobody changes. */
struct head {
	uint32_t magic, node, page, check;
};

/* Where an actor maps something. */
struct area {
	char *home, *at;
	int node, prot;
	size_t page, nr;	/* nr is 0: nothing is mapped */
	bool shared;
	unsigned int version[AREA_PAGES];	/* of copies, 0: there is none */
};

static int node_fd[NR_NODES];
static char *homes;		/* of all areas of the actors of a process */
static __thread struct area areas[NR_AREAS];

static struct head head_of(int node, uint32_t page)
{
	uint32_t magic = 0xadd70000;

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
	return &sh->version[node][page][now.who];
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
	if (got == -EFAULT && (nodes[a->node].raw || nodes[a->node].revoke ||
			       !(a->prot & (to_buffer ? PROT_READ : PROT_WRITE))))
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

static void race_munmap(void)
{
	struct area *a = pick_area(1);
	size_t from = one_in(2, 2) ? pick(2, AREA_PAGES) : 0;

	if (from >= a->nr)
		return;
	about(a->node, (a->page + from) * ps, "%zu pages", a->nr - from);
	expect(result(munmap(a->at + from * ps, (a->nr - from) * ps)), 0);
	a->nr = from;
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
	restored = __atomic_load_n(&sh->restored, __ATOMIC_SEQ_CST);
	expect(result(addrmap_revoke(node_fd[node], 0)), 0);
	for (struct area *a = areas; a < areas + NR_AREAS; a++) {
		if (!a->nr || a->node != node)
			continue;
		sig = copy_signal(&byte, a->at + pick(1, a->nr) * ps, 1);
		if (sig != SIGBUS && restored ==
		    __atomic_load_n(&sh->restores, __ATOMIC_SEQ_CST))
			fail("expected signal %d, found %d", SIGBUS, sig);
	}
	if (one_in(2, 8))
		return;
	__atomic_add_fetch(&sh->restores, 1, __ATOMIC_SEQ_CST);
	expect(result(addrmap_revoke(node_fd[node], ADDRMAP_REVOKE_RESTORE)),
	       0);
	__atomic_add_fetch(&sh->restored, 1, __ATOMIC_SEQ_CST);
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

static void run_concurrent(const int *unused, int nr)
{
	pid_t leader = fork(), pid;
	sem_t never;

	if (leader) {
		sem_init(&never, 0, 0);
		wait_for(&never, leader);
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

/* ---- Runs, and what they leave ---- */

enum { PAGES, PINS, REFERENCES, NR_LEFT };

static const char * const left_names[NR_LEFT] = {
	"pages", "pins", "references to the module",
};

static long read_number(const char *path)
{
	FILE *f = fopen(path, "r");
	long value = 0;

	if (f) {
		if (fscanf(f, "%ld", &value) != 1)
			value = 0;
		fclose(f);
	}

	return value;
}

/* The sum of the numbers of @path that have one of the @names. */
static long sum_of(const char *path, const char * const *names)
{
	FILE *f = fopen(path, "r");
	long sum = 0, value;
	char line[128], name[64];

	while (f && fgets(line, sizeof(line), f)) {
		if (sscanf(line, " pages %63s %ld", name, &value) != 2 &&
		    sscanf(line, " %63s %ld", name, &value) != 2)
			continue;
		for (int i = 0; names[i]; i++)
			sum += strcmp(name, names[i]) ? 0 : value;
	}
	if (f)
		fclose(f);

	return sum;
}

/*
 * What is not there any more. Pages that are neither free nor of a kind that is
 * counted are a driver's, for example. Each CPU keeps some of the counts to
 * itself until it is told not to.
 */
static void measure(long *left)
{
	static const char * const known[] = {
		"free", "count:", "nr_file_pages", "nr_anon_pages",
		"nr_slab_reclaimable", "nr_slab_unreclaimable",
		"nr_page_table_pages", NULL
	};
	static const char * const pinned[] = { "nr_foll_pin_acquired", NULL };
	static const char * const unpinned[] = { "nr_foll_pin_released", NULL };

	read_number("/proc/sys/vm/stat_refresh");
	left[PAGES] = -sum_of("/proc/zoneinfo", known);
	left[PINS] = sum_of("/proc/vmstat", pinned) -
		     sum_of("/proc/vmstat", unpinned);
	left[REFERENCES] = read_number("/sys/module/addrmap/refcnt");
}

static struct mode {
	const char *name;
	void (*run)(const int *steps, int nr);
	bool chosen;
} modes[] = {
	{ "sequential", run_sequential, true },
	{ "concurrent", run_concurrent, true },
};

/* Mappings are there again, and none is counted. */
static void clean_up(void)
{
	now.op = "after the end";
	for (int n = 0; n < NR_NODES; n++) {
		int fd = has_node[n] ? addrmap_open(nodes[n].name, O_RDWR) : -1;

		if (fd < 0)
			continue;
		about(n, 0, "mappings");
		if (nodes[n].revoke)
			addrmap_revoke(fd, ADDRMAP_REVOKE_RESTORE);
		expect(addrmap_mappings(fd), 0);
		close(fd);
	}
}

static void run_once(struct mode *mode, const int *steps, int nr)
{
	bool stop = sh->stop;
	long tainted = read_number("/proc/sys/kernel/tainted");

	memset(sh, 0, sizeof(*sh));
	sh->stop = stop;
	/* Back to zero, and no memory until it is used. */
	madvise(bytes, NR_BUFS * BIG, MADV_REMOVE);
	now = (struct context) { .op = "start", .step = -1 };
	mode->run(steps, nr);
	clean_up();
	tainted ^= read_number("/proc/sys/kernel/tainted");
	if (tainted)
		fail("the kernel complains: it is tainted by %#lx", tainted);
}

/* Run a sequence, again if it seems to leave something: does it do so always? */
static bool run(struct mode *mode, const int *steps, int nr)
{
	long least[NR_LEFT], before[NR_LEFT], after[NR_LEFT];
	bool lost = true;

	for (int n = 0; n < NR_REPEATS && lost; n++) {
		measure(before);
		run_once(mode, steps, nr);
		if (stopped())
			break;
		/* Some of it takes a moment, or is others' doing. */
		for (int wait = 0; wait < 5; wait++) {
			measure(after);
			lost = false;
			for (int i = 0; i < NR_LEFT; i++) {
				long more = after[i] - before[i];

				if (!n || more < least[i])
					least[i] = more;
				lost |= least[i] > 0;
			}
			if (!lost)
				break;
			usleep(20000);
		}
	}
	for (int i = 0; i < NR_LEFT && lost && !stopped(); i++) {
		if (least[i] > 0)
			fail("expected all %s back, found %ld missing after each of %d runs",
			     left_names[i], least[i], NR_REPEATS);
	}

	return !failed();
}

/* Leave steps out for as long as the sequence goes on to fail. */
static int shrink(struct mode *mode, int *steps, int nr)
{
	time_t end = time(NULL) + SHRINK_TIME;
	struct context where = sh->where;
	int shorter[NR_STEPS];

	for (int chunk = nr / 2; chunk; chunk /= 2) {
		for (int i = 0; i + chunk <= nr && time(NULL) < end;) {
			memcpy(shorter, steps, i * sizeof(*steps));
			memcpy(shorter + i, steps + i + chunk,
			       (nr - i - chunk) * sizeof(*steps));
			if (run(mode, shorter, nr - chunk) ||
			    strcmp(sh->where.op, where.op) ||
			    sh->where.node != where.node) {
				i += chunk;
				continue;
			}
			nr -= chunk;
			memcpy(steps, shorter, nr * sizeof(*steps));
		}
	}

	return nr;
}

static void report(struct mode *mode, int *steps, int nr)
{
	bool again;

	ksft_print_msg("%s\n", sh->why);
	if (mode->run == run_sequential) {
		nr = shrink(mode, steps, nr);
		verbose = true;
	}
	again = !run(mode, steps, nr);
	if (again)
		ksft_print_msg("%s\n", sh->why);
	ksft_print_msg("%s: --%s --seed %llu%s", again ? "replay" :
		       "does not fail again", mode->name,
		       (unsigned long long)seed, verbose ? " --steps " : "\n");
	for (int i = 0; i < nr && verbose; i++)
		printf("%d%c", steps[i], i + 1 < nr ? ',' : '\n');
	verbose = false;
}

static void test(struct mode *mode, int *steps, int nr, long seconds, bool one)
{
	time_t start = time(NULL), told = start;
	uint64_t first = seed;
	bool ok;

	ksft_print_msg("%s: seed %llu\n", mode->name, (unsigned long long)seed);
	do {
		ok = run(mode, steps, nr);
		if (!ok || one || sh->stop)
			break;
		seed++;
		if (time(NULL) > told + 5) {
			told = time(NULL);
			ksft_print_msg("%s: up to seed %llu\n", mode->name,
				       (unsigned long long)seed);
		}
	} while (time(NULL) < start + seconds);
	ksft_print_msg("%s: %llu sequences in %ld s\n", mode->name,
		       (unsigned long long)(seed - first + 1),
		       time(NULL) - start);
	if (!ok)
		report(mode, steps, nr);
	if (sh->stop)
		ksft_test_result_skip("%s: interrupted\n", mode->name);
	else
		ksft_test_result(ok, "%s\n", mode->name);
}

static void interrupted(int sig)
{
	__atomic_store_n(&sh->stop, true, __ATOMIC_SEQ_CST);
}

/* A file that can be read by direct I/O into pages, not through a cache. */
static void prepare_direct(void)
{
	int fd = open("/proc/self/exe", O_RDONLY | O_DIRECT | O_CLOEXEC);
	struct statfs st;

	direct_bytes = map_anon(ps, MAP_PRIVATE);
	if (fd < 0 || fstatfs(fd, &st) || st.f_type == TMPFS_MAGIC ||
	    st.f_type == RAMFS_MAGIC || st.f_type == OVERLAYFS_SUPER_MAGIC ||
	    pread(fd, direct_bytes, ps, 0) != (ssize_t)ps)
		ksft_print_msg("no direct I/O in this program's file system\n");
	else
		direct_fd = fd;
}

static void prepare(void)
{
	ps = psize();
	nr_slots = BIG / ps + BUSY_PAGES;
	sh = map_anon(sizeof(*sh), MAP_SHARED);
	bytes = map_anon(NR_BUFS * BIG, MAP_SHARED);
	copies = map_anon(NR_PROCS * nr_slots * ps, MAP_SHARED);
	slots = map_anon(NR_PROCS * nr_slots * sizeof(*slots), MAP_SHARED);
	plain = map_anon((NR_PAGES + 8) * ps, MAP_PRIVATE);
	for (int n = 0; n < NR_NODES; n++) {
		int fd = addrmap_missing(nodes[n].name) ? -1 :
			 addrmap_open(nodes[n].name, O_RDWR);

		has_node[n] = fd >= 0;
		close(fd);
		if (fd < 0)
			ksft_print_msg("without the node %s\n", nodes[n].name);
	}
	prepare_direct();
	/* From now on, no process gets memory at addresses that it has not chosen. */
	base = free_range(nr_slots * ps);
	signal(SIGINT, interrupted);
	signal(SIGTERM, interrupted);
}

static void usage(void)
{
	fprintf(stderr,
		"usage: addrmap_stress [--seconds N] [--seed N] [--sequential | --concurrent]\n"
		"                      [--steps N,N...]\n"
		"Each mode takes N seconds (10). With --seed, just that sequence is run, if\n"
		"--seconds is not given; --steps is a part of it.\n");
	exit(KSFT_FAIL);
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "seconds", required_argument, NULL, 't' },
		{ "seed", required_argument, NULL, 's' },
		{ "sequential", no_argument, NULL, 0 },
		{ "concurrent", no_argument, NULL, 1 },
		{ "steps", required_argument, NULL, 'n' },
		{ }
	};
	int steps[NR_STEPS], nr = 0, c;
	long seconds = 0;
	bool one = false;

	seed = time(NULL);
	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (c == 't') {
			seconds = atol(optarg);
		} else if (c == 's') {
			seed = strtoull(optarg, NULL, 0);
			one = true;
		} else if (c == 'n') {
			verbose = true;
			for (char *p = strtok(optarg, ","); p && nr < NR_STEPS;
			     p = strtok(NULL, ","))
				steps[nr++] = atoi(p);
		} else if (c < 2) {
			modes[!c].chosen = false;
		} else {
			usage();
		}
	}
	addrmap_need_nodes();
	ksft_print_header();
	prepare();
	for (; !nr; nr = NR_STEPS)
		for (int i = 0; i < NR_STEPS; i++)
			steps[i] = i;
	ksft_set_plan(modes[0].chosen + modes[1].chosen);
	for (c = 0; c < 2; c++) {
		uint64_t s = seed;

		if (modes[c].chosen)
			test(&modes[c], steps, nr, seconds ?: 10,
			     one && !seconds);
		seed = s;
	}
	ksft_finished();
}
