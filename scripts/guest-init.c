// SPDX-License-Identifier: GPL-2.0-only
/*
 * The init of the machine of scripts/selftest --arch: loads the driver, runs the
 * programs of /programs that the kernel's argument guest_run=NAME,NAME lists, removes
 * the driver, prints the kernel's log after "guest: log", and in the end "guest: status
 * N". Bit 0 of N is that a program failed, bit 1 that the driver did wrong when it was
 * loaded or removed, as with scripts/guest.sh.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/klog.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define LOG_SIZE (8 << 20)

static char io[160];	/* the driver's parameters */

static void put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY);

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		printf("guest: cannot write to %s: %m\n", path);
	close(fd);
}

static unsigned long get(const char *folder, const char *name)
{
	char path[300], text[20] = "";
	int fd;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	fd = open(path, O_RDONLY);
	if (fd < 0 || read(fd, text, sizeof(text) - 1) < 0)
		text[0] = 0;
	close(fd);
	return strtoul(text, NULL, 0);
}

/*
 * The nodes "io" and "io-huge" need a device's memory: the first MiB and the second half
 * of BAR 2 of QEMU's ivshmem.
 */
static void find_io(void)
{
	DIR *dir = opendir("/sys/bus/pci/devices");
	struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		unsigned long start, end;
		char path[300];
		FILE *f;

		snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s", entry->d_name);
		if (get(path, "vendor") != 0x1af4 || get(path, "device") != 0x1110)
			continue;
		strcat(path, "/resource");
		f = fopen(path, "r");
		*strrchr(path, '/') = 0;
		if (f && fscanf(f, "%*[^\n]\n%*[^\n]\n%lx %lx", &start, &end) == 2) {
			unsigned long half = (end - start + 1) / 2;

			snprintf(io, sizeof(io),
				 "io_start=%#lx io_length=%lu io_huge_start=%#lx io_huge_length=%lu",
				 start, 1ul << 20, start + half, half);
			strcat(path, "/enable");
			put(path, "1");
		}
		if (f)
			fclose(f);
	}
	if (dir)
		closedir(dir);
}

static int load(void)
{
	int fd = open("/addrmap.ko", O_RDONLY);
	int err = syscall(SYS_finit_module, fd, io, 0);

	if (err)
		printf("guest: the driver cannot be loaded: %m\n");
	close(fd);
	return err;
}

static int unload(void)
{
	int err = syscall(SYS_delete_module, "addrmap", O_NONBLOCK);

	if (err)
		printf("guest: the driver cannot be removed: %m\n");
	return err;
}

/* Runs a program; the kernel's log is told of each case. */
static int run(const char *name)
{
	char line[4096], path[300];
	int pipes[2], status;
	const char *at;
	FILE *f, *log;
	pid_t pid;

	snprintf(path, sizeof(path), "/programs/%s", name);
	printf("# running ./%s\n", name);
	fflush(stdout);
	if (pipe(pipes))
		return 1;
	pid = fork();
	if (!pid) {
		dup2(pipes[1], 1);
		dup2(pipes[1], 2);
		close(pipes[0]);
		close(pipes[1]);
		chdir("/programs");
		if (!strcmp(name, "pfnmap"))
			execl(path, name, "--", "/dev/addrmap/pfn", NULL);
		execl(path, name, NULL);
		perror(path);
		_exit(1);
	}
	close(pipes[1]);
	f = fdopen(pipes[0], "r");
	log = fopen("/dev/kmsg", "w");
	while (fgets(line, sizeof(line), f)) {
		printf("%s", line);
		fflush(stdout);
		at = strstr(line, "#  RUN  ");
		if (at && log) {
			at += strspn(at, "# RUN");
			fprintf(log, "kselftest: running %.*s\n", (int)strcspn(at, " \n"), at);
			fflush(log);
		}
	}
	if (log)
		fclose(log);
	fclose(f);
	if (waitpid(pid, &status, 0) != pid)
		return 1;
	/* 4 is that all was skipped */
	return !WIFEXITED(status) || (WEXITSTATUS(status) && WEXITSTATUS(status) != 4);
}

int main(void)
{
	/* What the kernel does not know of its arguments is in the environment. */
	char *names = getenv("guest_run"), *log = malloc(LOG_SIZE);
	int status = 0, len;

	mkdir("/proc", 0755);
	mkdir("/sys", 0755);
	mkdir("/tmp", 01777);
	mount("dev", "/dev", "devtmpfs", 0, NULL);
	mount("proc", "/proc", "proc", 0, NULL);
	mount("sys", "/sys", "sysfs", 0, NULL);
	mount("debug", "/sys/kernel/debug", "debugfs", 0, NULL);
	mount("tmp", "/tmp", "tmpfs", 0, NULL);
	put("/proc/sys/kernel/printk_devkmsg", "on");
	setenv("PATH", "/programs", 1);
	find_io();

	if (load()) {
		status = 2;
	} else {
		for (char *name = strtok(names, ","); name; name = strtok(NULL, ","))
			status |= run(name);
		/* It leaves nothing behind that would keep it from being loaded again. */
		if (unload() || load() || unload())
			status |= 2;
	}
	len = log ? klogctl(3 /* read all */, log, LOG_SIZE) : -1;
	printf("guest: log\n%.*s\nguest: status %d\n", len > 0 ? len : 0, log ? log : "",
	       len < 0 ? 2 : status);
	fflush(stdout);
	sync();
	reboot(RB_AUTOBOOT);
	return 0;
}
