// SPDX-License-Identifier: GPL-2.0-only
/*
 * addrmap_stress, sequential mode: a model of the nodes' buffers, of what is
 * mapped where, and of what each operation returns and does to them.
 */
#define _GNU_SOURCE
#define _FILE_OFFSET_BITS 64
#include <fcntl.h>
#include <linux/sched.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>

#include "addrmap_stress.h"

#define NR_PROCS	3
#define NR_FILES	4	/* that a process has open at a time */
#define NR_OPENS	24	/* in a sequence */
#define NR_BUFS		(NR_NODES + NR_OPENS)
/* Most of what happens, happens in the first pages of a process' arena. */
#define BUSY_PAGES	40

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

/* The model, and what the processes tell each other: all see it. */
static struct state {
	sem_t turn[NR_PROCS], done;
	int step;		/* to be done, -1: end */
	bool leaves;		/* a process ends */
	pid_t pid[NR_PROCS];	/* 0: there is none */
	int nr_descs, nr_bufs, next_vma;
	struct desc desc[NR_OPENS];
	size_t length[NR_BUFS];	/* 0: not known yet */
	int mappings[NR_PROCS][NR_BUFS];
	bool revoked[NR_NODES];
	unsigned int epoch[NR_NODES];	/* one more by each revoke */
} *st;

static char *bytes;		/* of all buffers, BIG each */
static char *copies;		/* of all slots of all arenas, a page each */
static struct slot *slots;	/* of all processes, nr_slots each */
static size_t nr_slots;

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

static char *buf_at(int buf, size_t offset)
{
	return bytes + buf * BIG + offset;
}

static bool is_copy(struct slot *s)
{
	/* What was revoked, was so with its copies. */
	if (s->copied && s->epoch != st->epoch[s->node])
		s->copied = false;

	return s->copied;
}

static char *at_page(size_t i)
{
	return base + i * ps;
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
	if (st->revoked[s->node] || (s->gone && !is_copy(s)))
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
	s->epoch = st->epoch[s->node];
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
	st->next_vma++;
	for (; i < nr_slots && arena[i].buf >= 0 && arena[i].vma == vma; i++)
		arena[i].vma = st->next_vma;
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

	memset(st->mappings[who], 0, sizeof(st->mappings[who]));
	for (size_t i = 0; i < nr_slots; i++) {
		if (s[i].buf >= 0 && (!i || s[i - 1].buf < 0 ||
				      s[i - 1].vma != s[i].vma))
			st->mappings[who][s[i].buf]++;
	}
}

static void fill(char *p, size_t len)
{
	char first = draw(now.key, 15);

	for (size_t n = 0; n < len; n++)
		p[n] = first + n * 7 + (n >> 8) * 3;
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

/* ---- The operations ---- */

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
	struct desc *d = &st->desc[f->desc];
	size_t n;

	if (f->desc < 0 || d->mode == O_WRONLY)
		return;
	for (size_t off = 0; off < st->length[d->buf] && !failed(); off += n) {
		n = st->length[d->buf] - off;
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
	d = &st->desc[f->desc];
	for (int n = 0; n < NR_PROCS; n++)
		want += st->mappings[n][d->buf];
	about(d->node, 0, "mappings");
	if (!expect(result(ioctl(f->fd, ADDRMAP_INFO, &info)), 0))
		return;
	expect(info.mappings, want);
	about(d->node, 0, "length");
	expect(info.length, st->length[d->buf]);
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
		st->length[d->buf] = info.length;
	close(fd);
}

static void new_buffer(struct file *f, struct desc *d, size_t len)
{
	long got = result(addrmap_set_length(f->fd, len));

	/* There may be no such memory in one piece, or at all. */
	if (got == -ENOMEM || !expect(got, 0))
		return;
	d->own = true;
	d->buf = NR_NODES + st->nr_bufs++;
	st->length[d->buf] = len;
	/* It is zero, but with each page the same, much would go unnoticed. */
	if (d->mode == O_RDONLY || one_in(10, 4))
		return;
	fill(buf_at(d->buf, 0), len);
	expect(result(pwrite(f->fd, buf_at(d->buf, 0), len, 0)), len);
}

static void op_open(void)
{
	static const int modes[] = {
		O_RDWR, O_RDWR, O_RDWR, O_RDWR, O_RDWR, O_RDONLY, O_RDONLY,
		O_WRONLY,
	};
	size_t len = one_in(1, 16) ? BIG : (1 + pick(1, NR_PAGES)) * ps;
	struct desc *d = &st->desc[st->nr_descs];
	int n = pick(2, NR_NODES);
	struct file *f = NULL;

	/* The one that can do more than the others is to be there more often. */
	for (int i = 0; i < NR_NODES && one_in(5, 4); i++)
		n = nodes[i].revoke ? i : n;
	for (int i = 0; i < NR_FILES; i++) {
		if (file[i].desc < 0)
			f = &file[i];
	}
	if (!f || st->nr_descs == NR_OPENS || !has_node[n])
		return;
	*d = (struct desc) { .node = n, .buf = n, .mode = modes[pick(3, 8)] };
	about(n, 0, "mode %d, %zu bytes", d->mode, len);
	f->fd = addrmap_open(nodes[n].name, d->mode);
	if (!expect(f->fd < 0 ? -errno : 0, 0))
		return;
	f->desc = st->nr_descs++;
	if (!nodes[n].device && !one_in(4, 12))
		new_buffer(f, d, len);
	if (!d->own && !st->length[n])
		learn_shared(d);
}

static void op_close(void)
{
	struct file *f = pick_file(1);

	if (!f)
		return;
	about(st->desc[f->desc].node, 0, "file");
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
	d = &st->desc[f->desc];
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
	size_t max = st->length[d->buf] / ps;

	if (d->mode == O_WRONLY ||
	    (d->mode == O_RDONLY && shared && prot & PROT_WRITE))
		return -EACCES;
	if (pgoff >= max || nr > max - pgoff)
		return -EINVAL;
	if (prot & PROT_EXEC)
		return -EPERM;
	if (!shared && nodes[d->node].shared_only)
		return -EINVAL;

	return st->revoked[d->node] ? -ENODEV : 0;
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
	d = &st->desc[f->desc];
	max = st->length[d->buf] / ps;
	pgoff = one_in(6, 2) ? pick(6, max) : 0;
	/* Mostly inside, often up to the last page, sometimes too far. */
	if (!one_in(7, 16) && nr > max - pgoff)
		nr = max - pgoff;
	else if (one_in(8, 4) && max - pgoff + 1 <= nr_slots - at)
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
	p = mmap(at_page(at), nr * ps, prot,
		 (shared ? MAP_SHARED : MAP_PRIVATE) | (err ? 0 : MAP_FIXED),
		 f->fd, pgoff * ps);
	if (!expect(result((long)p), err ?: (long)(at_page(at))))
		return;
	forget(at, nr);
	st->next_vma++;
	for (size_t i = 0; i < nr; i++)
		arena[at + i] = (struct slot) {
			.buf = d->buf, .node = d->node, .pgoff = pgoff + i,
			.prot = prot, .vma = st->next_vma, .shared = shared,
			.rdonly = d->mode == O_RDONLY && shared,
		};
}

static void op_munmap(void)
{
	size_t at = pick_mapped(1), nr = pick_nr(2, nr_slots - at);

	about_pages(at, nr, "", 0);
	if (expect(result(munmap(at_page(at), nr * ps)), 0))
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
	p = mremap(at_page(at), nr * ps, to * ps,
		   one_in(5, 2) ? MREMAP_MAYMOVE : 0);
	if (expect(result((long)p), fails ? -EFAULT :
		   (long)(at_page(at))) && nr > to)
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
	p = mremap(at_page(at), nr * ps, nr * ps,
		   MREMAP_MAYMOVE | MREMAP_FIXED, base + to * ps);
	if (!expect(result((long)p), overlap ? -EINVAL :
		    (long)(base + to * ps)))
		return;
	forget(to, nr);
	st->next_vma++;
	for (size_t i = 0; i < nr; i++) {
		struct slot *s = &arena[to + i];

		*s = arena[at + i];
		s->vma = st->next_vma;
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
	expect(result(mprotect(at_page(at), nr * ps, prot)), err);
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
	expect(result(madvise(at_page(at), nr * ps, advice)), err ?: holes);
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
	sig = copy_signal(at_page(at) + off, plain, len);
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
	size_t max = st->length[d->buf];

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
	char *mem = s ? at_page(at) + off : plain;
	struct file *f = pick_file(4);
	struct desc *d;
	long got, want;

	if (!f)
		return;
	d = &st->desc[f->desc];
	/* From a page to itself is memcpy() of what overlaps. */
	if (s && (s->buf == d->buf || (pin && may_pin(s))))
		return;
	max = st->length[d->buf];
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
	if (!expect(result(got), want) || !want)
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
	if (expect(result(pread(direct_fd, at_page(at), ps, 0)),
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
	uintptr_t addr = (uintptr_t)at_page(at) + off;
	struct slot *s;
	char path[40];
	long got;

	if (!st->pid[who])
		who = now.who;
	s = &slots[who * nr_slots + at];
	about(s->buf < 0 ? 0 : s->node, s->buf < 0 ? 0 : s->pgoff * ps,
	      "%s process %d, page %zu+%zu, %zu bytes",
	      write ? "write" : "read", who, at, off, len);
	if (s->buf >= 0 && expected_signal(s, write) == SIGSEGV)
		return;
	works = can_pin(s, write) ||
		(s->buf >= 0 && nodes[s->node].raw && s->shared);
	snprintf(path, sizeof(path), "/proc/%d/mem", st->pid[who]);
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

	iov.iov_base = at_page(at) + off;
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

	/* Mostly of the node that can do it. */
	for (int i = 0; i < NR_FILES && !one_in(2, 4); i++) {
		if (file[i].desc >= 0 &&
		    nodes[st->desc[file[i].desc].node].revoke)
			f = &file[i];
	}
	if (!f)
		return;
	n = st->desc[f->desc].node;
	restore = st->revoked[n];
	about(n, 0, "%s", restore ? "restore" : "take away");
	if (!expect(result(addrmap_revoke(f->fd, restore)),
		    nodes[n].revoke ? 0 : -ENOTTY))
		return;
	st->revoked[n] = !restore;
	st->epoch[n] += !restore;
	for (size_t i = 0; i < nr_slots; i++) {
		if (arena[i].buf >= 0 && arena[i].node == n)
			check_page(i, 0, ps);
	}
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

	while (n < NR_PROCS && st->pid[n])
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
		st->pid[n] = pid;
	}
}

static void op_exit(void)
{
	if (!now.who)
		return;
	op_check();
	st->leaves = true;
}

static const struct op ops[] = {
	/* These two come first, see take_turns(). */
	{ "open", op_open, 6 }, { "mmap", op_mmap, 14 },
	{ "close", op_close, 3 }, { "munmap", op_munmap, 5 },
	{ "resize", op_resize, 5 }, { "move", op_move, 5 },
	{ "mprotect", op_mprotect, 6 },
	{ "madvise", op_madvise, 6 }, { "load", op_load, 12 },
	{ "store", op_store, 14 }, { "copy", op_copy, 20 },
	{ "direct I/O", op_direct, 4 },
	{ "/proc/PID/mem", op_proc_mem, 5 }, { "vmsplice", op_vmsplice, 3 },
	{ "read a pipe", op_read_pipe, 3 }, { "set length", op_set_length, 1 },
	{ "revoke", op_revoke, 5 }, { "fork", op_fork, 3 },
	{ "exit", op_exit, 2 }, { "check", op_check, 2 },
	{ "info", op_info, 3 },
};

/* ---- The processes ---- */

static const struct op last_op = { "last check", op_check, 0 };

static void take_turns(void)
{
	for (;;) {
		const struct op *op = &last_op;
		int who = now.who;
		bool leaves;

		while (sem_wait(&st->turn[who]))
			;
		now.step = st->step;
		now.key = now.step;
		/* Without open files and mappings there is not much to do. */
		if (now.step >= 2 * NR_FILES)
			op = pick_op(ops, ARRAY_SIZE(ops));
		else if (now.step >= 0)
			op = &ops[now.step / NR_FILES];
		now.op = op->name;
		about(0, 0, "nothing");
		op->fn();
		/* The other side of a fork() has done so already. */
		if (now.who != who)
			continue;
		count_mappings(who);
		leaves = now.step < 0 || st->leaves;
		if (verbose && now.step >= 0)
			ksft_print_msg("step %d, process %d: %s %s, node %s, offset %#zx\n",
				       now.step, who, now.op, now.detail,
				       nodes[now.node].name, now.offset);
		fflush(stdout);
		sem_post(&st->done);
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

/* Let process @who do step @step, or end if that is -1. */
static void turn(int who, int step)
{
	pid_t pid = st->pid[who];

	st->step = step;
	sem_post(&st->turn[who]);
	wait_for(&st->done, pid, who);
	now = sh->last[who];
	if (failed())
		kill(pid, SIGKILL);
	if (step < 0 || st->leaves || failed()) {
		st->leaves = false;
		reap(pid);
		st->pid[who] = 0;
		memset(st->mappings[who], 0, sizeof(st->mappings[who]));
	}
}

void run_sequential(const int *steps, int nr)
{
	pid_t pid;

	memset(st, 0, sizeof(*st));
	/* Back to zero, and no memory until it is used. */
	madvise(bytes, NR_BUFS * BIG, MADV_REMOVE);
	for (size_t i = 0; i < NR_PROCS * nr_slots; i++)
		slots[i] = (struct slot) { .buf = -1 };
	for (int n = 0; n < NR_PROCS; n++)
		sem_init(&st->turn[n], 1, 0);
	sem_init(&st->done, 1, 0);
	arena = slots;
	pid = fork();
	if (!pid)
		first_process();
	st->pid[0] = pid;
	for (int i = 0; i < nr && !stopped(); i++) {
		int who = draw(steps[i], 14) % NR_PROCS;

		turn(st->pid[who] ? who : 0, steps[i]);
	}
	for (int n = 0; n < NR_PROCS; n++) {
		if (st->pid[n] && !failed())
			turn(n, -1);
		if (!st->pid[n])
			continue;
		kill(st->pid[n], SIGKILL);
		waitpid(st->pid[n], NULL, 0);
	}
}

void prepare_sequential(void)
{
	nr_slots = BIG / ps + BUSY_PAGES;
	st = map_anon(sizeof(*st), MAP_SHARED);
	bytes = map_anon(NR_BUFS * BIG, MAP_SHARED);
	copies = map_anon(NR_PROCS * nr_slots * ps, MAP_SHARED);
	slots = map_anon(NR_PROCS * nr_slots * sizeof(*slots), MAP_SHARED);
	plain = map_anon((NR_PAGES + 8) * ps, MAP_PRIVATE);
	/* From now on, nobody is to get memory at addresses of the kernel's choice. */
	base = free_range(nr_slots * ps);
}
