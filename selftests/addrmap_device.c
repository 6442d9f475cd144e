// SPDX-License-Identifier: GPL-2.0-only
/*
 * addrmap_matrix --device PATH: what can be done with a mapping of any file, and
 * which mistakes of its driver that shows. Needs no module; see
 * addrmap_device_rows.c for what is done, addrmap_device_hazard.c for what is
 * looked for, and addrmap_device_open.c for files that take more than open().
 *
 * Each operation runs in a process of its own, which opens and maps the file
 * anew and is ended if it hangs.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdarg.h>
#include <time.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <sys/sysmacros.h>
#include <linux/futex.h>

#include "addrmap_device.h"

enum { EXIT_CLEAN = 0, EXIT_HAZARD = 1, EXIT_USAGE = 2, EXIT_UNJUDGED = 125 };

/* Memory that the processes of the operations share with us. */
static struct shared {
	struct device dev;
	char text[TEXT_LEN];
	bool answered;
	unsigned int nr_findings;
	struct finding findings[64];
} *shared;

const char *device_errno(void)
{
	const char *s = strerrorname_np(errno);

	return s ?: "unknown error";
}

void device_say(enum level level, const char *id, const char *fmt, ...)
{
	struct finding *f = &shared->findings[shared->nr_findings], *old;
	va_list ap;

	if (shared->nr_findings == ARRAY_SIZE(shared->findings))
		return;
	f->level = level;
	snprintf(f->id, sizeof(f->id), "%s", id);
	va_start(ap, fmt);
	vsnprintf(f->text, sizeof(f->text), fmt, ap);
	va_end(ap);
	/* The same is found with numbers in the pages and without. */
	for (old = shared->findings; old < f; old++)
		if (!strcmp(old->id, f->id) && !strcmp(old->text, f->text))
			return;
	shared->nr_findings++;
	device_print_finding(f);
}

/* Processes */

static const char *run_child(struct device *dev,
			     const char *(*fn)(struct op *op, long arg),
			     long arg, bool map, int prot)
{
	struct op op = { .dev = dev };

	if (map) {
		op.fd = device_open(dev, dev->flags);
		if (op.fd < 0)
			return "cannot be opened again";
		op.len = dev->len;
		op.map = device_map(&op, op.len, prot, MAP_SHARED, dev->offset);
		if (op.map == MAP_FAILED)
			return "cannot be mapped again";
	}

	return fn(&op, arg);
}

static const char *run_for(struct device *dev, unsigned int seconds,
			   const char *(*fn)(struct op *op, long arg), long arg,
			   bool map, int prot)
{
	static char text[TEXT_LEN];
	struct timespec nap = { 0, 200000 };
	time_t end = time(NULL) + seconds + 1;
	int status = 0;
	pid_t pid, got;

	shared->answered = false;
	fflush(stdout);
	pid = fork();
	if (!pid) {
		setpgid(0, 0);
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		snprintf(shared->text, TEXT_LEN, "%s",
			 run_child(dev, fn, arg, map, prot));
		shared->answered = true;
		_exit(0);
	}
	if (pid < 0)
		return "no child";
	setpgid(pid, pid);
	/* Not all that hangs can be killed: so it is not waited for. */
	while (!(got = waitpid(pid, &status, WNOHANG)) && time(NULL) < end) {
		nanosleep(&nap, NULL);
		if (nap.tv_nsec < 10000000)
			nap.tv_nsec *= 2;
	}
	kill(-pid, SIGKILL);
	if (!got) {
		for (int i = 0; i < 10 && !(got = waitpid(pid, &status, WNOHANG)); i++)
			sleep(1);
		snprintf(text, sizeof(text), "hangs%s", got ? "" :
			 ", and cannot be killed");
	} else if (WIFSIGNALED(status)) {
		int sig = WTERMSIG(status);

		snprintf(text, sizeof(text), "%sSIG%s", sig == SIGBUS ||
			 sig == SIGSEGV ? "" : "killed by ", sigabbrev_np(sig));
	} else {
		snprintf(text, sizeof(text), "%s", shared->answered ?
			 shared->text : "killed");
	}

	return text;
}

/*
 * What @fn says in a process of its own, or how that one ended. What is slow on a
 * busy machine does not hang: so that is said only if it does so again, for longer.
 */
static const char *run(struct device *dev,
		       const char *(*fn)(struct op *op, long arg), long arg,
		       bool map, int prot)
{
	const char *s = run_for(dev, dev->timeout, fn, arg, map, prot);

	return strcmp(s, "hangs") ? s :
	       run_for(dev, 4 * dev->timeout, fn, arg, map, prot);
}

static bool no_answer(const char *text)
{
	return !strncmp(text, "hangs", 5) || !strncmp(text, "killed", 6);
}

/* What the device is */

/* Is the last page there, if @n pages are mapped, or if it is mapped alone? */
static bool reaches(struct op *op, size_t n, bool alone)
{
	size_t page = page_size(), len = alone ? page : n * page;
	__u64 offset = op->dev->offset + (alone ? (n - 1) * page : 0);
	char *p = device_map(op, len, PROT_READ, MAP_SHARED, offset);
	char flags[TEXT_LEN] = "";
	bool there = p != MAP_FAILED;

	if (there && device_vma(p, NULL, NULL, NULL, flags, sizeof(flags)) &&
	    !device_flag(flags, "io"))
		there = !strcmp(device_touch(p + len - page, false), "ok");
	if (p != MAP_FAILED)
		munmap(p, len);

	return there;
}

#define MOST_PAGES	(64UL << 20 >> 12)

/* How many pages that is true of; 0 if of none, or of more than we try. */
static size_t find_last(struct op *op, bool alone)
{
	size_t low = 1, high = 2;

	if (!reaches(op, 1, alone))
		return 0;
	while (high < MOST_PAGES && reaches(op, high, alone)) {
		low = high;
		high *= 2;
	}
	if (high >= MOST_PAGES)
		return 0;
	while (low + 1 < high) {
		size_t middle = (low + high) / 2;

		if (reaches(op, middle, alone))
			low = middle;
		else
			high = middle;
	}

	return low;
}

/* Where it ends, by the file's size or by what can be mapped; 0 if not found. */
static size_t find_size(struct op *op)
{
	size_t page = page_size();
	struct stat st;
	off_t size = 0;

	if (fstat(op->fd, &st))
		return 0;
	if (!S_ISCHR(st.st_mode))
		size = lseek(op->fd, 0, SEEK_END);
	if (size > 0 && (__u64)size > op->dev->offset)
		return (size - op->dev->offset + page - 1) / page * page;
	/* The memory of the machine */
	if (S_ISCHR(st.st_mode) && st.st_rdev == makedev(1, 1))
		return 0;

	/* If the machine does not survive that, this is the last it says. */
	fprintf(stderr, "addrmap_matrix: trying where %s ends; not with --length\n",
		op->dev->name);

	/* A driver that does not look at the length may look at the offset. */
	return (find_last(op, false) ?: find_last(op, true)) * page;
}

/* A shared futex needs a page of a file: those of a driver belong to none. */
static bool has_inode(char *p)
{
	struct timespec now = { 0, 1 };

	return !syscall(__NR_futex, p, FUTEX_WAIT, ~*(int *)p, &now, NULL, 0) ||
	       errno == EAGAIN || errno == ETIMEDOUT;
}

static const char *find_kind(struct op *op, long unused)
{
	struct device *dev = op->dev;
	bool eager = !device_faults(op->map);
	size_t len = op->len < DEVICE_PAGES * page_size() ? op->len :
		     DEVICE_PAGES * page_size();
	char *flags = dev->vm_flags, *p;

	device_vma(op->map, NULL, NULL, NULL, flags, TEXT_LEN);
	dev->io = device_flag(flags, "io");
	if (strcmp(device_touch(op->map, false), "ok")) {
		dev->kind = device_flag(flags, "pf") ? KIND_RAW_FAULT : KIND_FAULT;
		return "empty";
	}
	if (device_flag(flags, "pf"))
		dev->kind = eager ? KIND_RAW : KIND_RAW_FAULT;
	else if (device_flag(flags, "hg") || device_flag(flags, "ht"))
		dev->kind = KIND_HUGE;
	else if (device_flag(flags, "mm") && eager)
		dev->kind = KIND_PAGES;
	else if (!device_flag(flags, "mm") && !device_flag(flags, "de") &&
		 !device_flag(flags, "io") && has_inode(op->map))
		dev->kind = KIND_CACHED;
	else
		dev->kind = KIND_FAULT;
	p = device_map(op, op->len, PROT_READ, MAP_SHARED, dev->offset);
	if (p == MAP_FAILED || strcmp(device_touch(p + len - 1, false), "ok") ||
	    strcmp(device_touch(p, false), "ok"))
		return "ok";
	dev->fresh = device_pfn(p) != device_pfn(op->map);
	dev->twins = !dev->fresh && !memcmp(p, op->map, len);

	return "ok";
}

/*
 * Where the frames of raw mappings are. Those of RAM are no device's: what is read
 * there does nothing.
 */
static const char *find_ram(struct op *op, long unused)
{
	char *p = device_map(op, page_size(), PROT_READ, MAP_PRIVATE, op->dev->offset);
	char *q = device_map(op, page_size(), PROT_READ, MAP_PRIVATE, op->dev->offset);
	unsigned long long offset = 0, other, start, end;
	FILE *f = fopen("/proc/iomem", "r");
	char line[256];

	if (op->dev->kind != KIND_RAW || p == MAP_FAILED || !f ||
	    !device_vma(p, &offset, NULL, NULL, NULL, 0))
		return "-";
	if (q != MAP_FAILED && device_vma(q, &other, NULL, NULL, NULL, 0) &&
	    other != offset) {
		op->dev->fresh = true;
		op->dev->twins = false;
	}
	while (fgets(line, sizeof(line), f))
		if (sscanf(line, "%llx-%llx : System RAM", &start, &end) == 2 &&
		    strstr(line, "System RAM") && end &&
		    offset >= start && offset <= end)
			op->dev->io = false;

	return "ok";
}

/* In a child: opens the device, and sets its flags, size and length. */
static const char *settle(struct op *op, long unused)
{
	static char text[TEXT_LEN];
	struct device *dev = op->dev;
	size_t some = DEVICE_PAGES * page_size();
	char flags[TEXT_LEN], *p;

	dev->flags = O_RDWR;
	op->fd = device_open(dev, O_RDWR);
	if (op->fd < 0 && (errno == EACCES || errno == EPERM || errno == EROFS)) {
		dev->flags = O_RDONLY;
		op->fd = device_open(dev, O_RDONLY);
	}
	if (op->fd < 0) {
		snprintf(text, sizeof(text), "%s cannot be opened: %s%s",
			 dev->name, strerror(errno), errno == EACCES ||
			 errno == EPERM ? " (try as root)" : "");
		return text;
	}
	if (!dev->size)
		dev->size = find_size(op);
	dev->len = dev->size ?: some;
	if (dev->len > some && dev->cookie != ALL_COOKIES) {
		p = device_map(op, some, PROT_READ, MAP_SHARED, dev->offset);
		if (p != MAP_FAILED) {
			dev->len = some;
			munmap(p, some);
		}
	}
	while (!dev->size && dev->len > page_size() && !reaches(op, dev->len / page_size(), false))
		dev->len -= page_size();
	p = device_map(op, dev->len, PROT_READ, MAP_SHARED, dev->offset);
	if (p == MAP_FAILED) {
		snprintf(text, sizeof(text),
			 "%s cannot be mapped, %zu bytes at offset %#llx: %s%s",
			 dev->name, dev->len, (unsigned long long)dev->offset,
			 strerror(errno), errno == ENODEV ?
			 " (it has no mmap)" : "; see --offset, --length, --setup");
		return text;
	}
	/* hugetlbfs would map more than what it is asked for. */
	if (device_vma(p, NULL, NULL, NULL, flags, sizeof(flags)) &&
	    device_flag(flags, "ht") && dev->size)
		dev->len = dev->size;
	munmap(p, dev->len);
	p = device_map(op, dev->len, PROT_READ | PROT_WRITE, MAP_SHARED, dev->offset);
	dev->may_write = p != MAP_FAILED;

	return "ok";
}

/* Those that @name has found since the last time. Returns whether one is a hazard. */
static bool new_findings(const char *name, const char *seen)
{
	static unsigned int old;
	bool hazard = false;

	if (no_answer(seen))
		device_say(HAZARD, "no-answer", "%s: %s", name, seen);
	device_read_log(name);
	for (; old < shared->nr_findings; old++) {
		struct finding *f = &shared->findings[old];

		hazard |= f->level == HAZARD;
		device_count_finding(f);
	}

	return hazard;
}

/* Is it one of those in @want, between which there is a "|"? */
static bool as_usual(const char *seen, const char *want)
{
	size_t n = strlen(seen);

	for (const char *s = want; s; s = strchr(s, '|')) {
		s += *s == '|';
		if (!strncmp(s, seen, n) && (!s[n] || s[n] == '|'))
			return true;
	}

	return false;
}

static void run_rows(struct device *dev, bool empty)
{
	for (const struct device_row *row = device_rows; row->name; row++) {
		const char *want = device_expected(row, dev->kind), *seen;
		bool differs, hazard;

		/* A shared mapping of a read-only file is private to msync(). */
		if (!want || empty || (row->write && (!dev->write || !dev->may_write)) ||
		    (dev->flags == O_RDONLY && !strcmp(row->name, "msync_sync"))) {
			if (device_format == FORMAT_TAP)
				device_print_result(row->name, "-", "-", false, false);
			continue;
		}
		seen = run(dev, row->fn, row->arg, true, row->write ?
			   PROT_READ | PROT_WRITE : PROT_READ);
		hazard = new_findings(row->name, seen);
		differs = strncmp(seen, "not in", 6) && strcmp(seen, "too short") &&
			  !as_usual(seen, want);
		device_print_result(row->name, seen, want, differs, hazard);
	}
}

/* Its time is not that of one operation. */
static void run_stress(struct device *dev)
{
	const char *seen;
	bool hazard;

	seen = run_for(dev, dev->seconds + 4 * dev->timeout, device_stress, 0, true,
		       dev->write && dev->may_write ? PROT_READ | PROT_WRITE : PROT_READ);
	hazard = new_findings("stress", seen);
	device_print_result("stress", seen, NULL, false, hazard);
}

static void run_checks(struct device *dev)
{
	for (const struct device_check *c = device_checks; c->name; c++) {
		const char *seen = "-";
		bool hazard = false;

		if (!c->write || (dev->write && dev->may_write)) {
			seen = run(dev, c->fn, c->arg, true, c->write ?
				   PROT_READ | PROT_WRITE : PROT_READ);
			hazard = new_findings(c->name, seen);
		}
		device_print_result(c->name, seen, NULL, false, hazard);
	}
}

/* Called as it would be wrongly. */
static void usage(FILE *f)
{
	fprintf(f,
		"Usage: addrmap_matrix --device PATH [--offset N] [--length N] [--setup CMD]\n"
		"                      [--write] [--unbind CMD] [--timeout N]\n"
		"                      [--markdown | --json | --tap]\n"
		"       addrmap_stress --device PATH [--seconds N] [--seed N] and the same\n\n"
		"Map a file that can be mapped, and tell which kind of mapping that is, what\n"
		"system calls make of it that they do not of others of that kind, and mistakes\n"
		"of its driver. Needs no module; root sees more. A driver with a mistake can\n"
		"crash the kernel here as well: use a virtual machine.\n\n"
		"  --offset N   where to map; 0 is the default\n"
		"  --length N   where it ends, in bytes from there. Without it, that is found by\n"
		"               the size of the file or by what can be mapped\n"
		"  --setup CMD  sh runs CMD after each open(), with the file as FD 3, for the\n"
		"               ioctls that it takes; offset=N and length=N are read from it\n"
		"  --write      write to the device, too: numbers into its pages, which are\n"
		"               restored afterwards. Without it, nothing is written. With --length,\n"
		"               what is behind the end is read even if that may be a device's memory\n"
		"  --timeout N  seconds for an operation; 30. One that takes longer is tried once\n"
		"               more, four times as long, before it counts as hanging\n"
		"  --unbind CMD at the end, sh runs CMD while the file is mapped, to take the driver\n"
		"               away from the device: echo its name into the driver's unbind\n"
		"  --seconds N  how long addrmap_stress has several threads map, unmap, move and\n"
		"               access shared mappings of it at once; 10\n"
		"  --seed N     of their random numbers\n"
		"  --markdown, --json, --tap  print all results, not only what is unusual\n\n"
		"These are opened as they need it, by default or as NAME:PATH:\n\n");
	for (const struct opener *o = device_openers; o->name; o++)
		fprintf(f, "  %-11s %s\n", o->name, o->help);
	fprintf(f, "\nExit status: 0 no hazard, 1 hazards, 2 wrong use, 125 cannot be judged\n");
}

static void wrong(const char *fmt, ...)
{
	va_list ap;

	fprintf(stderr, "addrmap_matrix: ");
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fprintf(stderr, "; see --device --help\n");
	exit(EXIT_USAGE);
}

static __u64 parse_number(const char *option, const char *s, __u64 unit)
{
	unsigned long long n;
	char *end;

	errno = 0;
	n = strtoull(s, &end, 0);
	if (end == s || errno || s[0] == '-')
		wrong("%s is a number, not '%s'", option, s);
	if (*end && strchr("kKmMgG", *end)) {
		unsigned int bits = *end == 'k' || *end == 'K' ? 10 :
				    *end == 'm' || *end == 'M' ? 20 : 30;

		n = n >> (64 - bits) ? ~0ULL : n << bits;
		end++;
	}
	if (*end)
		wrong("%s is a number, not '%s'", option, s);
	if (n % unit)
		wrong("%s is a multiple of a page, %llu bytes, not '%s'", option,
		      (unsigned long long)unit, s);

	return n;
}

static void parse(struct device *dev, int argc, char **argv)
{
	static const struct option options[] = {
		{ "device", optional_argument, NULL, 'd' },
		{ "offset", required_argument, NULL, 'o' },
		{ "length", required_argument, NULL, 'l' },
		{ "setup", required_argument, NULL, 's' },
		{ "timeout", required_argument, NULL, 't' },
		{ "unbind", required_argument, NULL, 'u' },
		{ "seconds", required_argument, NULL, 'n' },
		{ "seed", required_argument, NULL, 'S' },
		{ "write", no_argument, NULL, 'w' },
		{ "markdown", no_argument, NULL, 'M' },
		{ "json", no_argument, NULL, 'J' },
		{ "tap", no_argument, NULL, 'T' },
		{ "help", no_argument, NULL, 'h' },
		{ }
	};
	int c;

	while ((c = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		switch (c) {
		case 'd':
			/* So that "--device --help" is no device of that name */
			if (optarg)
				dev->name = optarg;
			else if (optind < argc && argv[optind][0] != '-')
				dev->name = argv[optind++];
			break;
		case 'o':
			dev->offset = parse_number("--offset", optarg, page_size());
			dev->offset_given = true;
			break;
		case 'l':
			dev->size = parse_number("--length", optarg, 1);
			if (!dev->size || dev->size > 1ULL << 46)
				wrong("--length %s is no length", optarg);
			dev->size = (dev->size + page_size() - 1) & -page_size();
			dev->size_given = true;
			break;
		case 's':
			dev->setup = optarg;
			break;
		case 'u':
			dev->unbind = optarg;
			break;
		case 'n':
			if (!dev->seconds)
				wrong("--seconds is for addrmap_stress");
			dev->seconds = parse_number("--seconds", optarg, 1);
			if (!dev->seconds)
				wrong("--seconds is at least 1");
			break;
		case 'S':
			dev->seed = parse_number("--seed", optarg, 1);
			break;
		case 't':
			dev->timeout = parse_number("--timeout", optarg, 1);
			if (!dev->timeout || dev->timeout > 3600)
				wrong("--timeout is from 1 to 3600 seconds");
			break;
		case 'w':
			dev->write = true;
			break;
		case 'M':
		case 'J':
		case 'T':
			if (device_format != FORMAT_TEXT)
				wrong("one of --markdown, --json and --tap");
			device_format = c == 'M' ? FORMAT_MARKDOWN :
					c == 'J' ? FORMAT_JSON : FORMAT_TAP;
			break;
		case 'h':
			usage(stdout);
			exit(0);
		default:
			wrong("unknown option, or one without its value");
		}
	}
	if (optind < argc)
		wrong("unknown argument '%s'", argv[optind]);
	if (!dev->name || !*dev->name)
		wrong("--device needs the name of a file");
}

static void find_path(struct device *dev)
{
	struct stat st;

	dev->path = dev->name;
	dev->opener = device_find_opener(dev->name, &dev->path);
	if (dev->opener) {
		dev->cookie = dev->opener->cookie;
		if (dev->setup)
			wrong("%s is set up by itself: --setup is not for it", dev->name);
	}
	if (!dev->path)
		return;
	if (stat(dev->path, &st)) {
		if (!dev->opener && errno == ENOENT && strchr(dev->name, ':') &&
		    dev->name[0] != '/')
			wrong("there is no way to open named '%s'", dev->name);
		wrong("%s: %s", dev->path, strerror(errno));
	}
	if (S_ISDIR(st.st_mode))
		wrong("%s is a folder", dev->path);
}

static int device_main(int argc, char **argv, unsigned int seconds)
{
	struct device *dev;
	bool empty = false, log;
	const char *s;

	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED)
		return EXIT_UNJUDGED;
	dev = &shared->dev;
	dev->timeout = 30;
	dev->seconds = seconds;
	dev->seed = time(NULL);
	parse(dev, argc, argv);
	find_path(dev);

	log = device_watch_log();
	s = run(dev, settle, 0, false, 0);
	if (!strcmp(s, "ok")) {
		s = run(dev, find_kind, 0, true, PROT_READ);
		empty = !strcmp(s, "empty") || !strcmp(s, "SIGBUS");
	}
	if (strcmp(s, "ok") && !empty) {
		fprintf(stderr, "addrmap_matrix: %s%s\n", no_answer(s) ?
			"HAZARD no-answer: to look where it ends: " : "", s);
		return no_answer(s) ? EXIT_HAZARD : EXIT_UNJUDGED;
	}
	run(dev, find_ram, 0, true, PROT_READ);

	/* What nobody knows to be the device's is not written to. */
	if (dev->write && !dev->size && dev->kind != KIND_CACHED && !dev->fresh) {
		dev->write = false;
		device_say(NOTE, "end-not-known", "--write needs --length here");
	}

	device_print_head(dev, log);
	if (dev->seconds) {
		run_stress(dev);
	} else {
		run_rows(dev, empty);
		run_checks(dev);
	}

	return device_print_end(dev, shared->findings, shared->nr_findings, empty) ?
	       EXIT_HAZARD : EXIT_CLEAN;
}

/**
 * addrmap_device_main() - addrmap_matrix --device
 * @argc: number of arguments, with the program's name
 * @argv: the arguments
 *
 * Return: the exit status, as --help says.
 */
int addrmap_device_main(int argc, char **argv)
{
	return device_main(argc, argv, 0);
}

/**
 * addrmap_device_stress_main() - addrmap_stress --device
 * @argc: number of arguments, with the program's name
 * @argv: the arguments
 *
 * Return: the exit status, as --help says.
 */
int addrmap_device_stress_main(int argc, char **argv)
{
	return device_main(argc, argv, 10);
}
