/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The lines of /proc/vmallocinfo, read through a mount that belongs to the suite.
 *
 * Addresses in the lines are hashed, as those that printk() prints. A case can
 * therefore look for the line of an address, but cannot read an address.
 */
#ifndef _MM_TESTS_VMALLOCINFO_H
#define _MM_TESTS_VMALLOCINFO_H

#include <kunit/test.h>
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/kallsyms.h>
#include <linux/mount.h>
#include <linux/random.h>
#include <linux/sizes.h>
#include <linux/string.h>
#include <linux/vmalloc.h>

#include "mm_kunit.h"

static struct vfsmount *vmallocinfo_mnt;

/* Early in boot, %p prints the same text for all addresses. */
static bool addresses_differ(void)
{
	char text[32];

	snprintf(text, sizeof(text), "%p", &vmallocinfo_mnt);

	return !strstr(text, "ptrval");
}

/* For the suite's suite_init and suite_exit. */
static int vmallocinfo_suite_init(struct kunit_suite *suite)
{
	struct file_system_type *proc = get_fs_type("proc");

	/* The key of the hash is set by a worker when there are random numbers. */
	if (!addresses_differ())
		wait_for_random_bytes();
	for (int i = 0; i < 100 && !addresses_differ(); i++)
		msleep(20);

	vmallocinfo_mnt = proc ? kern_mount(proc) : NULL;

	return PTR_ERR_OR_ZERO(vmallocinfo_mnt);
}

static void vmallocinfo_suite_exit(struct kunit_suite *suite)
{
	if (!IS_ERR_OR_NULL(vmallocinfo_mnt))
		kern_unmount(vmallocinfo_mnt);
}

static struct file *vmallocinfo_open(struct kunit *test)
{
	struct file *file;

	if (!vmallocinfo_mnt)
		kunit_skip(test, "needs CONFIG_PROC_FS");
	file = file_open_root_mnt(vmallocinfo_mnt, "vmallocinfo", O_RDONLY, 0);
	KUNIT_ASSERT_NOT_ERR_OR_NULL_MSG(test, file, "open() of /proc/vmallocinfo");

	return file;
}

/* Returns how often @text is in the file; it must identify the lines it counts. */
static unsigned int vmallocinfo_count(struct kunit *test, const char *text)
{
	struct file *file = vmallocinfo_open(test);
	char *buf = vmalloc(SZ_1M), *pos = buf;
	unsigned int n = 0;
	loff_t offset = 0;
	ssize_t len = 0;

	while (buf && offset < SZ_1M - 1) {
		len = kernel_read(file, buf + offset, SZ_1M - 1 - offset, &offset);
		if (len <= 0)
			break;
	}
	fput(file);
	if (buf)
		buf[offset] = '\0';
	while (pos && (pos = strstr(pos, text))) {
		pos += strlen(text);
		n++;
	}
	vfree(buf);
	KUNIT_ASSERT_NOT_NULL(test, buf);
	KUNIT_ASSERT_EQ_MSG(test, len, 0, "read() of /proc/vmallocinfo at %lld, its end",
			    offset);

	return n;
}

/* Returns whether there is a line about @size bytes at @addr that ends in @rest. */
static bool vmallocinfo_has(struct kunit *test, const void *addr,
			    unsigned long size, const char *rest)
{
	char line[KSYM_SYMBOL_LEN + 128];

	if (!addresses_differ())
		kunit_skip(test, "needs random numbers, by which %%p tells addresses apart");
	snprintf(line, sizeof(line), "0x%pK-0x%pK %7ld%s\n", addr, addr + size,
		 size, rest);

	return vmallocinfo_count(test, line);
}

/**
 * vmallocinfo_check() - check whether /proc/vmallocinfo has a line
 * @test: the case
 * @addr: where the address range of the line begins
 * @size: its size in bytes, with the guard page
 * @rest: what follows in the line
 * @listed: whether there has to be such a line
 *
 * Return: NULL, or what is wrong, for MM_KUNIT_EXPECT().
 */
static __maybe_unused const char *vmallocinfo_check(struct kunit *test, const void *addr,
						    unsigned long size, const char *rest,
						    bool listed)
{
	if (vmallocinfo_has(test, addr, size, rest) == listed)
		return NULL;

	return mm_kunit_wrong(test, "line \"%p %lu%s\": expected %s, found %s", addr, size, rest,
			      listed ? "one" : "none", listed ? "none" : "one");
}

#endif /* _MM_TESTS_VMALLOCINFO_H */
