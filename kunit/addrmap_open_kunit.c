// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests for the sample driver in mm/addrmap/: two open() at the same time.
 */
#include <kunit/test.h>
#include <linux/anon_inodes.h>
#include <linux/atomic.h>
#include <linux/completion.h>
#include <linux/container_of.h>
#include <linux/err.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/jiffies.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/mutex.h>

#include "addrmap_node.h"

/**
 * struct first_open - a node that is opened again while its buffer is being allocated
 * @node: the node
 * @tech: its technique
 * @allocs: how many buffers were allocated
 * @again: the second open() has returned
 * @started: the thread that does it runs
 * @err: what it returned
 */
struct first_open {
	struct addrmap_node node;
	struct addrmap_technique tech;
	atomic_t allocs;
	struct completion again;
	bool started;
	int err;
};

/* addrmap_open() of @first, and addrmap_release(). 0 or -errno. */
static int open_and_release(struct first_open *first)
{
	static const struct file_operations no_fops;
	struct file *filp = anon_inode_getfile("[first_open]", &no_fops, &first->node.misc,
					       O_RDWR);
	int err;

	if (IS_ERR(filp))
		return PTR_ERR(filp);
	err = addrmap_open(NULL, filp);
	if (!err)
		addrmap_release(NULL, filp);
	fput(filp);

	return err;
}

static int open_again(void *data)
{
	struct first_open *first = data;

	first->err = open_and_release(first);
	complete_all(&first->again);

	return 0;
}

static int first_open_alloc(struct addrmap_buffer *buf)
{
	struct first_open *first = container_of(buf->tech, struct first_open, tech);

	/* The other one has all the time that it needs, if nothing holds it up. */
	if (atomic_inc_return(&first->allocs) == 1 &&
	    !IS_ERR(kthread_run(open_again, first, "addrmap_kunit"))) {
		first->started = true;
		wait_for_completion_timeout(&first->again, HZ / 5);
	}

	return 0;
}

static void first_open_free(struct addrmap_buffer *buf)
{
}

/*
 * The buffer that files share is allocated once, even if a node is opened twice at the
 * same time, because of two buffers one would be lost.
 */
static void open_allocates_once(struct kunit *test)
{
	struct first_open *first = kunit_kzalloc(test, sizeof(*first), GFP_KERNEL);
	int err;

	KUNIT_ASSERT_NOT_NULL(test, first);
	first->tech.alloc = first_open_alloc;
	first->tech.free = first_open_free;
	first->node.tech = &first->tech;
	mutex_init(&first->node.lock);
	init_completion(&first->again);

	err = open_and_release(first);
	if (first->started)
		wait_for_completion(&first->again);
	addrmap_buffer_free(first->node.shared);
	KUNIT_EXPECT_EQ_MSG(test, err, 0, "first open()");
	KUNIT_EXPECT_EQ_MSG(test, first->started, true, "thread of the second open()");
	KUNIT_EXPECT_EQ_MSG(test, first->err, 0, "second open()");
	KUNIT_EXPECT_EQ_MSG(test, atomic_read(&first->allocs), 1, "buffers that were allocated");
}

static struct kunit_case addrmap_open_cases[] = {
	KUNIT_CASE(open_allocates_once),
	{}
};

static struct kunit_suite addrmap_open_suite = {
	.name = "addrmap_open",
	.test_cases = addrmap_open_cases,
};

kunit_test_suite(addrmap_open_suite);

MODULE_DESCRIPTION("KUnit tests for open() of the sample driver");
MODULE_LICENSE("GPL");
