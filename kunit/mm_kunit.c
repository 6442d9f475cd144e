// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the KUnit suites of mm/ have in common.
 */
#include <kunit/test.h>
#include <linux/bits.h>
#include <linux/bug.h>
#include <linux/debugfs.h>
#include <linux/fault-inject.h>
#include <linux/gfp.h>
#include <linux/highmem.h>
#include <linux/kmsg_dump.h>
#include <linux/mm.h>
#include <linux/panic.h>
#include <linux/string.h>
#include <linux/syscalls.h>
#include <linux/vmalloc.h>
#include <asm/sections.h>
#include <asm/syscall.h>

#include "mm_kunit.h"

/* -- splats of the kernel -------------------------------------------------- */

/* What a splat leaves behind even if nothing of it is in the log. */
#define SPLAT_TAINTS	(BIT(TAINT_WARN) | BIT(TAINT_BAD_PAGE) | \
			 BIT(TAINT_DIE) | BIT(TAINT_SOFTLOCKUP))

struct splat_watch {
	struct kunit *test;
	struct kmsg_dump_iter log;	/* from here on it is the case's */
	unsigned long taints;		/* before the case */
};

/* Whether @line of the log is the first one of a splat. */
static bool is_splat(const char *line)
{
	static const char * const begin[] = {
		"WARNING: ", "BUG: ", "INFO: ", "kernel BUG at ", "UBSAN: ", "Oops",
	};
	int i;

	/* "[    1.234567] " and, with PRINTK_CALLER, "[    T1] " */
	while (*line == '[') {
		line = strchr(line, ']');
		if (!line)
			return false;
		line = skip_spaces(line + 1);
	}
	for (i = 0; i < ARRAY_SIZE(begin); i++)
		if (str_has_prefix(line, begin[i]))
			return true;

	return false;
}

static void check_for_splats(void *data)
{
	struct splat_watch *watch = data;
	unsigned long taints = get_taint() & SPLAT_TAINTS & ~watch->taints;
	struct kunit *test = watch->test;
	char line[256];
	size_t len;

	while (kmsg_dump_get_line(&watch->log, false, line, sizeof(line) - 1, &len)) {
		line[len] = '\0';
		if (is_splat(line))
			KUNIT_FAIL(test, "%s: the kernel complains: %s", test->name, line);
	}
	KUNIT_EXPECT_EQ_MSG(test, taints, 0, "%s: the kernel is tainted", test->name);
}

/**
 * mm_kunit_rearm_warnings() - let every WARN_ON_ONCE() warn once more
 *
 * So that the number of warnings which a case counts does not depend on what
 * ran before it. Where WARN() traps, lib/bug.c counts suppressed warnings
 * before it looks whether they have been given; elsewhere (UML) it does not.
 */
void mm_kunit_rearm_warnings(void)
{
	generic_bug_clear_once();
	memset(__start_once, 0, __end_once - __start_once);
}

/**
 * mm_kunit_init() - the init of a suite, or the first thing that it does
 * @test: the case that is about to run
 *
 * The case fails if the kernel complains before it has ended and what it
 * allocated has been freed: by a warning that is not suppressed, a bad page, a
 * report of a sanitizer or of lockdep.
 *
 * Return: 0, as an init does; asserts if it is short of memory.
 */
int mm_kunit_init(struct kunit *test)
{
	struct splat_watch *watch = kunit_kzalloc(test, sizeof(*watch), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, watch);
	watch->test = test;
	watch->taints = get_taint();
	kmsg_dump_rewind(&watch->log);
	watch->log.cur_seq = watch->log.next_seq;	/* the log's end */
	KUNIT_ASSERT_EQ(test, kunit_add_action(test, check_for_splats, watch), 0);
	mm_kunit_rearm_warnings();

	return 0;
}

/* -- objects that are freed when the case ends ------------------------------ */

/**
 * mm_kunit_manage() - leave an object to the case
 * @test: the case
 * @action: what frees @object when the case ends; also for kunit_release_action()
 * @object: the object. NULL is taken for an allocation that failed
 *
 * Return: @object; asserts, and frees it, if that cannot be had.
 */
void *mm_kunit_manage(struct kunit *test, kunit_action_t *action, void *object)
{
	KUNIT_ASSERT_NOT_NULL(test, object);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, action, object), 0);

	return object;
}

/**
 * mm_kunit_put_page() - put_page() as a deferred action
 * @page: the struct page
 */
void mm_kunit_put_page(void *page)
{
	put_page(page);
}

/**
 * mm_kunit_vunmap() - vunmap() as a deferred action
 * @addr: what vmap() returned
 */
void mm_kunit_vunmap(void *addr)
{
	vunmap(addr);
}

/**
 * mm_kunit_vfree() - vfree() as a deferred action
 * @addr: what vmalloc() returned
 */
void mm_kunit_vfree(void *addr)
{
	vfree(addr);
}

/**
 * mm_kunit_pages() - a folio, or a page for order 0
 * @test: the case, which owns one reference; it is dropped when the case ends
 * @gfp: from where
 * @order: of 1 << @order pages, which are compound
 *
 * Return: the first page; asserts if there is none.
 */
struct page *mm_kunit_pages(struct kunit *test, gfp_t gfp, unsigned int order)
{
	return mm_kunit_manage(test, mm_kunit_put_page, alloc_pages(gfp | __GFP_COMP, order));
}

/**
 * mm_kunit_split_pages() - pages whose frames follow each other
 * @test: the case, which owns one reference of each; dropped when the case ends
 * @gfp: from where
 * @nr_pages: how many. Each is a page of its own, as after split_page()
 *
 * Return: the first of them; asserts if there are none.
 */
struct page *mm_kunit_split_pages(struct kunit *test, gfp_t gfp, unsigned int nr_pages)
{
	unsigned int order = get_order(nr_pages * PAGE_SIZE);
	struct page *page = alloc_pages(gfp, order);
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, page);
	split_page(page, order);
	for (i = nr_pages; i < 1U << order; i++)
		__free_page(page + i);
	for (i = 0; i < nr_pages; i++)
		mm_kunit_manage(test, mm_kunit_put_page, page + i);

	return page;
}

/**
 * mm_kunit_vmalloc() - zeroed memory of vmalloc() that may be mapped to user space
 * @test: the case; the memory is freed when it ends
 * @size: in bytes
 *
 * Return: its address; asserts if there is none.
 */
void *mm_kunit_vmalloc(struct kunit *test, unsigned long size)
{
	return mm_kunit_manage(test, mm_kunit_vfree, vmalloc_user(size));
}

#define PATTERN(id)	(0x5eed0000 + (id))

/**
 * mm_kunit_fill() - give a page contents that tell it from others
 * @page: the page, of high memory as well
 * @id: below 65536
 */
void mm_kunit_fill(struct page *page, u32 id)
{
	void *addr = kmap_local_page(page);

	memset32(addr, PATTERN(id), PAGE_SIZE / sizeof(u32));
	kunmap_local(addr);
	flush_dcache_page(page);
}

/**
 * mm_kunit_is_filled() - look for the contents that mm_kunit_fill() gives
 * @page: the page, of high memory as well
 * @id: as given there
 *
 * Return: whether all of the page has them.
 */
bool mm_kunit_is_filled(struct page *page, u32 id)
{
	u32 *p = kmap_local_page(page);
	bool ret = p[0] == PATTERN(id) && !memcmp(p, p + 1, PAGE_SIZE - sizeof(u32));

	kunmap_local(p);
	return ret;
}

/**
 * mm_kunit_wrong() - what a check returns that found something wrong
 * @test: the case; the text is freed when it ends
 * @fmt: the object, what was expected, and what was found, as for printf()
 *
 * Return: the text, never NULL.
 */
const char *mm_kunit_wrong(struct kunit *test, const char *fmt, ...)
{
	char *text = kunit_kzalloc(test, 256, GFP_KERNEL);
	va_list args;

	if (!text)
		return fmt;
	va_start(args, fmt);
	vsnprintf(text, 256, fmt, args);
	va_end(args);

	return text;
}

/* -- allocations that fail ------------------------------------------------- */

#if defined(CONFIG_FAIL_PAGE_ALLOC) && defined(CONFIG_FAILSLAB) && \
	defined(CONFIG_FAULT_INJECTION_DEBUG_FS)
/*
 * The settings of Documentation/fault-injection/ have one interface, debugfs.
 * A file there has the address of the variable that it shows.
 */
static void *fault_setting(struct kunit *test, const char *capability, const char *name)
{
	struct dentry *dir = debugfs_lookup(capability, NULL);
	struct dentry *file = dir ? debugfs_lookup(name, dir) : NULL;
	void *variable = file ? d_inode(file)->i_private : NULL;

	dput(file);
	dput(dir);
	if (!variable)
		kunit_skip(test, "needs debugfs, which has no %s/%s", capability, name);

	return variable;
}

static struct fault_attr *fault_attr_of(struct kunit *test, const char *capability)
{
	return container_of((unsigned long *)fault_setting(test, capability, "verbose"),
			    struct fault_attr, verbose);
}

struct saved_setting {
	size_t size;
	void *variable;
	u8 value[];
};

static void restore_setting(void *data)
{
	struct saved_setting *saved = data;

	memcpy(saved->variable, saved->value, saved->size);
}

/* Has the setting at @variable, of @size bytes, restored after the case. */
static void save_setting(struct kunit *test, void *variable, size_t size)
{
	struct saved_setting *saved = kunit_kzalloc(test, sizeof(*saved) + size, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, saved);
	saved->size = size;
	saved->variable = variable;
	memcpy(saved->value, variable, size);
	KUNIT_ASSERT_EQ(test, kunit_add_action(test, restore_setting, saved), 0);
}

#define change_setting(test, variable, new)				\
do {									\
	typeof(variable) __variable = (variable);			\
									\
	save_setting(test, __variable, sizeof(*__variable));		\
	*__variable = (new);						\
} while (0)

static void change_bool(struct kunit *test, const char *capability, const char *name, bool value)
{
	bool *variable = fault_setting(test, capability, name);

	change_setting(test, variable, value);
}

/* Threads that have not set make_it_fail are left alone. */
static void change_attr(struct kunit *test, const char *capability, enum mm_kunit_fail mode)
{
	struct fault_attr *attr = fault_attr_of(test, capability);

	change_setting(test, &attr->task_filter, true);
	change_setting(test, &attr->verbose, 0);
	change_setting(test, &attr->times, (atomic_t)ATOMIC_INIT(-1));
	change_setting(test, &attr->probability, mode == MM_KUNIT_FAIL_ALL ? 100 : 0);
}

/**
 * mm_kunit_fail_setup() - prepare allocations to fail
 * @test: the case that wants it; the settings are restored when it ends
 * @mode: which of them
 *
 * Nothing fails before mm_kunit_fail_begin(), and nothing of other threads.
 * __GFP_NOFAIL allocations never fail. Skips the case if the kernel cannot do it.
 */
void mm_kunit_fail_setup(struct kunit *test, enum mm_kunit_fail mode)
{
	u32 *min_order = fault_setting(test, "fail_page_alloc", "min-order");

	change_attr(test, "fail_page_alloc", mode);
	change_bool(test, "fail_page_alloc", "ignore-gfp-highmem", false);
	change_bool(test, "fail_page_alloc", "ignore-gfp-wait", false);
	change_setting(test, min_order, 0);
	if (mode == MM_KUNIT_FAIL_PAGE)
		return;
	change_attr(test, "failslab", mode);
	change_bool(test, "failslab", "ignore-gfp-wait", false);
}
#else
void mm_kunit_fail_setup(struct kunit *test, enum mm_kunit_fail mode)
{
	kunit_skip(test, "needs CONFIG_FAIL_PAGE_ALLOC, FAILSLAB and FAULT_INJECTION_DEBUG_FS");
}
#endif

/* -- system calls ---------------------------------------------------------- */

#ifdef CONFIG_ARCH_HAS_SYSCALL_WRAPPER
/* Here they take their arguments from the registers of the process. */
#if defined(CONFIG_X86_64)
#define SYSCALL(name)	__x64_sys_##name
#elif defined(CONFIG_X86_32)
#define SYSCALL(name)	__ia32_sys_##name
#elif defined(CONFIG_ARM64)
#define SYSCALL(name)	__arm64_sys_##name
#elif defined(CONFIG_RISCV)
#define SYSCALL(name)	__riscv_sys_##name
#elif defined(CONFIG_S390)
#define SYSCALL(name)	__s390x_sys_##name
#else
#define SYSCALL(name)	sys_##name
#endif

asmlinkage long SYSCALL(mprotect)(const struct pt_regs *regs);
asmlinkage long SYSCALL(mremap)(const struct pt_regs *regs);

#define call(name, ...)							\
({									\
	const unsigned long __args[6] = { __VA_ARGS__ };		\
	struct pt_regs __regs = {};					\
									\
	syscall_set_arguments(current, &__regs, __args);		\
	SYSCALL(name)(&__regs);						\
})
#else
#define call(name, ...)	sys_##name(__VA_ARGS__)
#endif

/**
 * mm_kunit_mprotect() - mprotect(2) in the address space of the case
 * @start: as there
 * @len: as there, in bytes
 * @prot: as there
 *
 * Return: 0, or -errno.
 */
int mm_kunit_mprotect(unsigned long start, size_t len, unsigned long prot)
{
	return call(mprotect, start, len, prot);
}

/**
 * mm_kunit_mremap() - mremap(2) in the address space of the case
 * @addr: as there
 * @old_len: as there, in bytes
 * @new_len: as there, in bytes
 * @flags: as there
 * @new_addr: as there
 *
 * Return: the new address, or -errno.
 */
unsigned long mm_kunit_mremap(unsigned long addr, unsigned long old_len,
			      unsigned long new_len, unsigned long flags,
			      unsigned long new_addr)
{
	return call(mremap, addr, old_len, new_len, flags, new_addr);
}
