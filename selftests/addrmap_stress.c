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
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <time.h>
#include <linux/magic.h>
#include <sys/vfs.h>
#include <sys/wait.h>

#include "addrmap_stress.h"

/* Seconds after which something hangs, on a slow machine, too. */
#define PATIENCE	300
/* Seconds to make a sequence that fails shorter. */
#define SHRINK_TIME	60
/* What that many runs in a row leave is lost. */
#define NR_REPEATS	8
#define FEW_REPEATS	3	/* while there are many sequences to try */

const struct node nodes[NR_NODES] = {
	{ .name = "pfn", .raw = true },
	{ .name = "pages" },
	{ .name = "vmalloc" },
	{ .name = "fault", .refault = true },
	{ .name = "fault-around", .refault = true },
	{ .name = "pfn-fault", .raw = true, .refault = true,
	  .shared_only = true },
	{ .name = "pfn-fault-around", .raw = true, .refault = true,
	  .shared_only = true },
	{ .name = "huge", .refault = true },
	{ .name = "pfn-huge", .raw = true, .refault = true,
	  .shared_only = true },
	{ .name = "segments", .raw = true, .refault = true,
	  .shared_only = true },
	{ .name = "written", .refault = true },
	{ .name = "pfn-written", .raw = true, .refault = true,
	  .shared_only = true },
	{ .name = "dma", .raw = true, .shared_only = true },
	{ .name = "revoke", .refault = true, .revoke = true },
	{ .name = "io", .raw = true, .shared_only = true, .device = true },
	{ .name = "io-huge", .raw = true, .refault = true,
	  .shared_only = true, .device = true },
};

bool has_node[NR_NODES];

struct shared *sh;
__thread struct context now;
size_t ps;
bool verbose;
int direct_fd = -1;
char *direct_bytes;

static unsigned long long seed;
static int interrupted_by;	/* a signal */

/* The same in each process that comes to an operation, and each time. */
unsigned long long draw(unsigned long long key, unsigned int n)
{
	unsigned long long z = seed * 0x9e3779b97f4a7c15 ^
		     (key * 16 + n) * 0xd1342543de82ef95;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb;

	return (z ^ (z >> 31)) >> 1;
}

/* The operation's n-th random number below @limit. */
size_t pick(unsigned int n, size_t limit)
{
	return draw(now.key, n) % limit;
}

bool one_in(unsigned int n, size_t times)
{
	return draw(now.key, n) / 4096 % times == 0;
}

const struct op *pick_op(const struct op *list, size_t nr)
{
	unsigned int n, sum = 0;

	for (size_t i = 0; i < nr; i++)
		sum += list[i].weight;
	n = pick(0, sum);
	while (n >= list->weight)
		n -= list++->weight;

	return list;
}

void about(int node, size_t offset, const char *fmt, ...)
{
	va_list args;

	now.node = node;
	now.offset = offset;
	va_start(args, fmt);
	vsnprintf(now.detail, sizeof(now.detail), fmt, args);
	va_end(args);
	sh->last[now.who] = now;
}

void fail(const char *fmt, ...)
{
	va_list args;
	int n;

	if (__atomic_exchange_n(&sh->failed, true, __ATOMIC_SEQ_CST))
		return;
	sh->where = now;
	n = snprintf(sh->why, sizeof(sh->why),
		     "seed %llu, step %d, process %d: %s %s, node %s, offset %#zx: ",
		     seed, now.step, now.who, now.op,
		     now.detail, now.node < 0 ? "any" : nodes[now.node].name,
		     now.offset);
	va_start(args, fmt);
	vsnprintf(sh->why + n, sizeof(sh->why) - n, fmt, args);
	va_end(args);
}

bool failed(void)
{
	return __atomic_load_n(&sh->failed, __ATOMIC_SEQ_CST);
}

bool stopped(void)
{
	if (__atomic_load_n(&interrupted_by, __ATOMIC_SEQ_CST))
		__atomic_store_n(&sh->stop, true, __ATOMIC_SEQ_CST);

	return failed() || __atomic_load_n(&sh->stop, __ATOMIC_SEQ_CST);
}

/* What a system call returned, as -errno if it failed. */
long result(long got)
{
	return got == -1 ? -errno : got;
}

/* An address is none, even if it is negative as a number. */
static bool is_error(long value)
{
	return value < 0 && value >= -4095;
}

/* Is @got what it has to be, and not an error? */
bool expect(long got, long want)
{
	if (got != want)
		fail("expected %ld %s, found %ld %s",
		     want, is_error(want) ? strerror(-want) : "",
		     got, is_error(got) ? strerror(-got) : "");

	return got == want && !is_error(got);
}

bool same(const char *found, const char *expected, size_t len)
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
int copy_signal(void *to, const void *from, size_t len)
{
	int sig = sigsetjmp(fault_env, 0);

	if (!sig) {
		__atomic_store_n(&may_fault, true, __ATOMIC_SEQ_CST);
		memcpy(to, from, len);
	}
	__atomic_store_n(&may_fault, false, __ATOMIC_SEQ_CST);

	return sig;
}

void *map_anon(size_t len, int flags)
{
	void *p = mmap(NULL, len, PROT_READ | PROT_WRITE,
		       flags | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (p == MAP_FAILED)
		ksft_exit_fail_perror("mmap");

	return p;
}

/* Addresses for mappings, with nothing at them. */
char *free_range(size_t len)
{
	char *p = map_anon(len + 2 * BIG, MAP_PRIVATE);

	munmap(p, len + 2 * BIG);

	return (char *)(((uintptr_t)p + BIG - 1) / BIG * BIG);
}

/* The first thing that a process of a sequence does. */
void start_process(void)
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

/* Process @pid has ended, or does so now: was it killed? */
void reap(pid_t pid)
{
	int status = 0;

	waitpid(pid, &status, 0);
	if (WIFSIGNALED(status))
		fail("expected no signal, killed by %d", WTERMSIG(status));
}

/*
 * Wait until @sem is posted, or process @pid has ended. What hangs may be beyond
 * SIGKILL, so that is the end.
 */
void wait_for(sem_t *sem, pid_t pid, int who)
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
		/* Tell them that they are to stop, if they are. */
		stopped();
		waitid(P_PID, pid, &info, WEXITED | WNOHANG | WNOWAIT);
		if (info.si_pid)
			return;
	}
	now = sh->last[who];
	fail("hangs for %d seconds", PATIENCE);
	ksft_exit_fail_msg("%s\n", sh->why);
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

/* Pages that only a list of a CPU's still has: MAP_POPULATE there drains it. */
static void drain_lists(void)
{
	cpu_set_t all, one;

	if (sched_getaffinity(0, sizeof(all), &all))
		return;
	for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
		if (!CPU_ISSET(cpu, &all))
			continue;
		CPU_ZERO(&one);
		CPU_SET(cpu, &one);
		sched_setaffinity(0, sizeof(one), &one);
		munmap(map_anon(ps, MAP_PRIVATE | MAP_POPULATE), ps);
	}
	sched_setaffinity(0, sizeof(all), &all);
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
		"nr_page_table_pages", "nr_vmalloc", NULL
	};
	static const char * const pinned[] = { "nr_foll_pin_acquired", NULL };
	static const char * const unpinned[] = { "nr_foll_pin_released", NULL };

	drain_lists();
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
	{ "concurrent", run_race, true },
};

/* How many mappings there are of the buffers that files share, and no revoke. */
static void shared_mappings(long *mappings)
{
	for (int n = 0; n < NR_NODES; n++) {
		int fd = has_node[n] ? addrmap_open(nodes[n].name, O_RDWR) : -1;

		if (fd < 0)
			continue;
		if (nodes[n].revoke)
			addrmap_revoke(fd, ADDRMAP_REVOKE_RESTORE);
		mappings[n] = addrmap_mappings(fd);
		close(fd);
	}
}

static void run_once(struct mode *mode, const int *steps, int nr)
{
	long tainted = read_number("/proc/sys/kernel/tainted");
	long before[NR_NODES] = { 0 }, after[NR_NODES] = { 0 };

	memset(sh, 0, sizeof(*sh));
	now = (struct context) { .op = "start", .step = -1 };
	shared_mappings(before);
	mode->run(steps, nr);
	shared_mappings(after);
	now.op = "end";
	for (int n = 0; n < NR_NODES; n++) {
		about(n, 0, "of all processes");
		if (after[n] != before[n])
			fail("mappings that are counted: expected %ld, found %ld",
			     before[n], after[n]);
	}
	tainted ^= read_number("/proc/sys/kernel/tainted");
	if (tainted)
		fail("the kernel complains: it is tainted by %#lx", tainted);
}

/* What there is more of @left than @before, at the end of what takes a moment. */
static bool is_lost(const long *before, long *left, long least)
{
	for (int wait = 0; wait < 5; wait++) {
		bool lost = false;

		measure(left);
		for (int i = 0; i < NR_LEFT; i++)
			lost |= left[i] - before[i] >= least;
		if (!lost)
			return false;
		usleep(20000);
	}

	return true;
}

/*
 * Run a sequence. If it seems to leave something, that may be what is there once
 * for all, or others' doing: does it get more and more with each run?
 */
static bool run(struct mode *mode, const int *steps, int nr, int repeats)
{
	long before[NR_LEFT], left[NR_LEFT] = { 0 };
	bool lost;

	measure(before);
	run_once(mode, steps, nr);
	verbose = false;
	lost = !stopped() && is_lost(before, left, 1);
	memcpy(before, left, sizeof(before));
	for (int n = 1; n <= repeats && lost; n++) {
		run_once(mode, steps, nr);
		lost = !stopped() && is_lost(before, left, n);
	}
	about(-1, 0, "of %d runs", repeats);
	for (int i = 0; i < NR_LEFT && lost; i++) {
		if (left[i] - before[i] >= repeats)
			fail("expected all %s back, found %ld missing",
			     left_names[i], left[i] - before[i]);
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
			if (run(mode, shorter, nr - chunk, FEW_REPEATS) ||
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
	bool list = mode->run == run_sequential, again;

	ksft_print_msg("%s\n", sh->why);
	if (list)
		nr = shrink(mode, steps, nr);
	verbose = list;
	again = !run(mode, steps, nr, NR_REPEATS);
	if (again)
		ksft_print_msg("%s\n", sh->why);
	ksft_print_msg("%s: --%s --seed %llu%s",
		       again ? "replay" : "does not fail again", mode->name,
		       seed, list ? " --steps " : "\n");
	for (int i = 0; i < nr && list; i++)
		printf("%d%c", steps[i], i + 1 < nr ? ',' : '\n');
}

static void test(struct mode *mode, int *steps, int nr, long seconds, bool one)
{
	time_t start = time(NULL), told = start;
	unsigned long long first = seed;
	bool ok;

	ksft_print_msg("%s: seed %llu\n", mode->name, seed);
	do {
		ok = run(mode, steps, nr, NR_REPEATS);
		if (!ok || one || stopped())
			break;
		seed++;
		if (time(NULL) > told + 5) {
			told = time(NULL);
			ksft_print_msg("%s: up to seed %llu\n", mode->name, seed);
		}
	} while (time(NULL) < start + seconds);
	ksft_print_msg("%s: %llu sequences in %ld s\n", mode->name,
		       seed - first + 1, time(NULL) - start);
	if (!ok)
		report(mode, steps, nr);
	ksft_test_result(ok && !sh->stop, "%s\n", mode->name);
}

static void interrupted(int sig)
{
	__atomic_store_n(&interrupted_by, sig, __ATOMIC_SEQ_CST);
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
	sh = map_anon(sizeof(*sh), MAP_SHARED);
	for (int n = 0; n < NR_NODES; n++) {
		const char *missing = addrmap_missing(nodes[n].name);
		int fd = addrmap_open(nodes[n].name, O_RDWR);

		if (missing)
			ksft_print_msg("without %s: %s\n", nodes[n].name,
				       missing);
		else if (fd < 0)
			ksft_exit_fail_msg("no node %s: %s\n", nodes[n].name,
					   strerror(errno));
		has_node[n] = !missing;
		close(fd);
	}
	prepare_direct();
	prepare_race();
	prepare_sequential();
	signal(SIGINT, interrupted);
	signal(SIGTERM, interrupted);
}

static void help(void)
{
	fprintf(stderr,
		"usage: addrmap_stress [--seconds N] [--seed N] [--sequential | --concurrent]\n"
		"                      [--steps N,N...]\n"
		"Each mode takes N seconds (10). With --seed, just that sequence is run, if\n"
		"--seconds is not given; --steps is a part of it.\n"
		"       addrmap_stress --device PATH [...]\n"
		"looks at a file that is not the sample driver's; needs no module.\n");
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

	for (int i = 1; i < argc; i++)
		if (!strncmp(argv[i], "--device", strlen("--device")))
			return addrmap_device_stress_main(argc, argv);
	seed = time(NULL);
	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (c == 't') {
			seconds = atol(optarg);
		} else if (c == 's') {
			seed = strtoull(optarg, NULL, 0);
			one = true;
		} else if (c == 'n') {
			verbose = true;
			modes[1].chosen = false;
			for (char *p = strtok(optarg, ","); p && nr < NR_STEPS;
			     p = strtok(NULL, ","))
				steps[nr++] = atoi(p);
		} else if (c < 2) {
			modes[!c].chosen = false;
		} else {
			help();
		}
	}
	ps = psize();
	addrmap_need_nodes();
	ksft_print_header();
	prepare();
	for (; !nr; nr = NR_STEPS)
		for (int i = 0; i < NR_STEPS; i++)
			steps[i] = i;
	ksft_set_plan(modes[0].chosen + modes[1].chosen);
	for (c = 0; c < 2 && !interrupted_by; c++) {
		unsigned long long s = seed;

		if (modes[c].chosen)
			test(&modes[c], steps, nr, seconds ?: 10,
			     one && !seconds);
		seed = s;
	}
	/* Nothing is left behind, so die of the signal as is usual. */
	if (interrupted_by) {
		signal(interrupted_by, SIG_DFL);
		raise(interrupted_by);
	}
	ksft_finished();
}
