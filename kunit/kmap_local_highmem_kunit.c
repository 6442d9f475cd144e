// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests for local mappings of high memory, which exist with CONFIG_HIGHMEM.
 *
 * Each task has a stack of slots for its local mappings, which current->kmap_ctrl
 * counts and remembers. The addresses of the slots belong to the CPU.
 */
#include <kunit/test.h>
#include <linux/cpumask.h>
#include <linux/debug_locks.h>
#include <linux/highmem.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/pgtable.h>
#include <linux/preempt.h>
#include <linux/sched.h>
#include <linux/string.h>

#include "highmem_page.h"
#include "mm_kunit.h"

/* Expects an address to be that of a slot of kmap_local_page(). */
#define KMAP_EXPECT_IN_SLOTS(test, addr)					\
do {										\
	KUNIT_EXPECT_GE(test, (unsigned long)(addr), __fix_to_virt(FIX_KMAP_END)); \
	KUNIT_EXPECT_LT(test, (unsigned long)(addr),				\
			__fix_to_virt(FIX_KMAP_BEGIN) + PAGE_SIZE);		\
} while (0)

/* Returns the entry that the task remembers for its newest mapping. */
static u64 newest_entry(void)
{
	return pte_val(current->kmap_ctrl.pteval[kmap_local_depth() - 1]);
}

static u64 entry_of(const struct page *page, pgprot_t prot)
{
	return pte_val(pfn_pte(page_to_pfn(page), prot));
}

/*
 * The functions that are passed a protection map high memory with it, because their
 * callers want to write-protect the page or to choose its caching; all others map it
 * with kmap_prot, for any access.
 */
static void kmap_local_prot(struct kunit *test)
{
	struct page *page = highmem_test_page(test);
	u64 any = entry_of(page, kmap_prot), ro = entry_of(page, PAGE_KERNEL_RO);
	unsigned long pfn = page_to_pfn(page);
	void *addr;
	u64 found;

	addr = kmap_local_page(page);
	KUNIT_EXPECT_EQ_MSG(test, newest_entry(), any, "kmap_local_page()");
	kunmap_local(addr);
	addr = kmap_local_folio(page_folio(page), 0);
	KUNIT_EXPECT_EQ_MSG(test, newest_entry(), any, "kmap_local_folio()");
	kunmap_local(addr);
	addr = kmap_local_pfn(pfn);
	KUNIT_EXPECT_EQ_MSG(test, newest_entry(), any, "kmap_local_pfn()");
	kunmap_local(addr);
	addr = kmap_local_page_prot(page, PAGE_KERNEL_RO);
	KUNIT_EXPECT_EQ_MSG(test, newest_entry(), ro, "kmap_local_page_prot()");
	kunmap_local(addr);

	addr = kmap_atomic(page);
	found = newest_entry();
	kunmap_atomic(addr);
	KUNIT_EXPECT_EQ_MSG(test, found, any, "kmap_atomic()");
	addr = kmap_atomic_pfn(pfn);
	found = newest_entry();
	kunmap_atomic(addr);
	KUNIT_EXPECT_EQ_MSG(test, found, any, "kmap_atomic_pfn()");
	addr = kmap_atomic_prot(page, PAGE_KERNEL_RO);
	found = newest_entry();
	kunmap_atomic(addr);
	KUNIT_EXPECT_EQ_MSG(test, found, ro, "kmap_atomic_prot()");
}

/*
 * A slot shows the page that was mapped there last, with the protection that was asked
 * for, and nothing after kunmap_local(). The task remembers the entry, because it has
 * to be restored when the task is scheduled in.
 */
static void kmap_local_slot(struct kunit *test)
{
	struct page *outer = highmem_test_page_of(test, 0);
	struct page *page = highmem_test_page_of(test, 1);
	struct page *other = highmem_test_page_of(test, 2);
	void *pin, *addr, *again;

	/* This mapping keeps the task on its CPU, and so in its slots. */
	pin = kmap_local_page(outer);

	addr = kmap_local_page(page);
	KMAP_EXPECT_IN_SLOTS(test, addr);
	KUNIT_EXPECT_EQ(test, is_kmap_addr(addr), true);
#ifndef arch_kmap_local_map_idx
	KUNIT_EXPECT_EQ(test, (unsigned long)addr,
			__fix_to_virt(FIX_KMAP_BEGIN + kmap_local_depth() - 1 +
				      KM_MAX_IDX * raw_smp_processor_id()));
#endif
	KUNIT_EXPECT_EQ(test, offset_in_page(addr), 0);
	KUNIT_EXPECT_EQ(test, highmem_id_at(addr), 1);
	KUNIT_EXPECT_EQ(test, pte_pfn(highmem_pte_at(addr)), page_to_pfn(page));
	KUNIT_EXPECT_NE_MSG(test, pte_write(highmem_pte_at(addr)), 0,
			    "whether the entry is writable");
	KUNIT_EXPECT_EQ(test, newest_entry(), entry_of(page, kmap_prot));
	kunmap_local(addr);
	HIGHMEM_EXPECT_UNMAPPED(test, addr, "the slot");

	again = kmap_local_page_prot(other, PAGE_KERNEL_RO);
	KUNIT_EXPECT_PTR_EQ(test, again, addr);
	KUNIT_EXPECT_EQ(test, highmem_id_at(again), 2);
	KUNIT_EXPECT_EQ(test, pte_pfn(highmem_pte_at(again)), page_to_pfn(other));
	KUNIT_EXPECT_EQ(test, pte_write(highmem_pte_at(again)),
			pte_write(pfn_pte(0, PAGE_KERNEL_RO)));
	kunmap_local(again);

	KUNIT_EXPECT_EQ(test, highmem_id_at(pin), 0);
	kunmap_local(pin);
}

/*
 * A task may hold as many local mappings as its stack has room for, each of another
 * page, because callers of callers map pages, too. When the last one is unmapped, the
 * task remembers no entry.
 */
static void kmap_local_depth_limit(struct kunit *test)
{
	struct page *pages[KM_MAX_IDX];
	void *addr[KM_MAX_IDX];
	int step, nr;

	pages[0] = highmem_test_page_of(test, 0);
	step = kmap_local_step(pages[0]);
	nr = (KM_MAX_IDX - 1) / step;
	for (int i = 1; i < nr; i++)
		pages[i] = highmem_test_page_of(test, i);

	for (int i = 0; i < nr; i++)
		addr[i] = kmap_local_page(pages[i]);
	KUNIT_EXPECT_EQ(test, kmap_local_depth(), nr * step);
	for (int i = nr - 1; i >= 0; i--) {
		KUNIT_EXPECT_EQ_MSG(test, highmem_id_at(addr[i]), i, "mapping %d", i);
		kunmap_local(addr[i]);
		KUNIT_EXPECT_EQ_MSG(test, kmap_local_depth(), i * step,
				    "after unmapping %d", i);
		HIGHMEM_EXPECT_UNMAPPED(test, addr[i], "slot %d, the newest", i);
	}
	for (int i = 0; i < KM_MAX_IDX; i++)
		KUNIT_EXPECT_EQ_MSG(test, pte_val(current->kmap_ctrl.pteval[i]), 0,
				    "remembered entry %d", i);
}

/*
 * With CONFIG_DEBUG_KMAP_LOCAL no page is mapped next to a slot, so that an access
 * beyond the end of the page faults.
 */
static void kmap_local_guards(struct kunit *test)
{
	struct page *page = highmem_test_page(test);
	void *addr[3];

	if (!IS_ENABLED(CONFIG_DEBUG_KMAP_LOCAL))
		kunit_skip(test, "needs CONFIG_DEBUG_KMAP_LOCAL");

	for (int i = 0; i < ARRAY_SIZE(addr); i++)
		addr[i] = kmap_local_page(page);
	for (int i = ARRAY_SIZE(addr) - 1; i >= 0; i--) {
		KUNIT_EXPECT_NE_MSG(test, pte_present(highmem_pte_at(addr[i])), 0,
				    "whether slot %d is present", i);
		HIGHMEM_EXPECT_UNMAPPED(test, addr[i] - PAGE_SIZE, "the page below slot %d", i);
		HIGHMEM_EXPECT_UNMAPPED(test, addr[i] + PAGE_SIZE, "the page above slot %d", i);
		kunmap_local(addr[i]);
	}
}

/*
 * kmap_local_pfn() maps any page frame in a slot, also a frame of low memory or one
 * that has no struct page, because its callers have only a frame number.
 */
static void kmap_local_pfn_any(struct kunit *test)
{
	struct folio *low = highmem_test_folio(test, GFP_KERNEL, 0);
	struct page *page = folio_page(low, 0);
	unsigned long pfn = PHYS_PFN(-PAGE_SIZE);
	void *addr, *none;

	memset_page(page, 0, 1, PAGE_SIZE);
	addr = kmap_local_pfn(page_to_pfn(page));
	KMAP_EXPECT_IN_SLOTS(test, addr);
	KUNIT_EXPECT_EQ(test, highmem_id_at(addr), 1);

	/* No memory is there, so the mapping must not be accessed. */
	none = kmap_local_pfn(pfn);
	KUNIT_EXPECT_EQ(test, pfn_valid(pfn), 0);
	KMAP_EXPECT_IN_SLOTS(test, none);
	KUNIT_EXPECT_EQ(test, pte_pfn(highmem_pte_at(none)), pfn);
	kunmap_local(none);
	HIGHMEM_EXPECT_UNMAPPED(test, none, "the slot");
	kunmap_local(addr);
	KUNIT_EXPECT_EQ(test, kmap_local_depth(), 0);
}

/*
 * kmap_local_folio() maps one page of high memory only: the pages before and behind it
 * in the address space are not the folio's, so callers must stop at the page's end.
 */
static void kmap_local_folio_single_page(struct kunit *test)
{
	struct folio *folio = highmem_test_folio(test, GFP_HIGHUSER, 2);
	struct page *outer = highmem_test_page(test);
	void *pin = kmap_local_page(outer), *addr;

	addr = kmap_local_folio(folio, PAGE_SIZE + 5) - 5;
	KUNIT_EXPECT_EQ(test, pte_pfn(highmem_pte_at(addr)), folio_pfn(folio) + 1);
	KUNIT_EXPECT_NE(test, pte_pfn(highmem_pte_at(addr + PAGE_SIZE)), folio_pfn(folio) + 2);
	KUNIT_EXPECT_NE(test, pte_pfn(highmem_pte_at(addr - PAGE_SIZE)), folio_pfn(folio));
	kunmap_local(addr);
	kunmap_local(pin);
}

/*
 * A local mapping of low memory takes no slot and its unmapping gives none back, so
 * that the mappings of high memory around it stay as they are.
 */
static void kmap_local_lowmem_inside_highmem(struct kunit *test)
{
	struct page *page = highmem_test_page_of(test, 1);
	struct folio *low = highmem_test_folio(test, GFP_KERNEL, 0);
	int step = kmap_local_step(page);
	void *addr, *inner;

	addr = kmap_local_page(page);
	inner = kmap_local_folio(low, 0);
	KUNIT_EXPECT_EQ(test, kmap_local_depth(),
			step + kmap_local_step(folio_page(low, 0)));
	kunmap_local(inner);
	KUNIT_EXPECT_EQ(test, kmap_local_depth(), step);
	KUNIT_EXPECT_EQ(test, highmem_id_at(addr), 1);
	kunmap_local(addr);
}

/*
 * Tasks on different CPUs have different slots, because they use them at the same
 * time.
 */
static void kmap_local_other_cpu(struct kunit *test)
{
	struct page *page = highmem_test_page_of(test, 1);
	struct kmap_thread *t = kmap_thread_create(test, 2, true);
	void *addr;

	if (num_online_cpus() < 2)
		kunit_skip(test, "needs a machine with two CPUs");

	addr = kmap_local_page(page);
	kthread_bind(t->task, cpumask_any_but(cpu_online_mask, raw_smp_processor_id()));
	wake_up_process(t->task);
	MM_KUNIT_EXPECT(test, kmap_thread_mapped(test, t));
	KUNIT_EXPECT_EQ(test, highmem_id_at(addr), 1);
	KUNIT_EXPECT_PTR_NE(test, t->addr, addr);
	kunmap_local(addr);

	kmap_thread_stop(test, t);
	KMAP_EXPECT_THREAD_SAW(test, t, 2, 2);
}

/*
 * A new task has no local mappings, because those of its parent would be unmapped
 * twice. A parent that forks while it has mappings is buggy, so that warns.
 */
static void kmap_local_fork_inherits_nothing(struct kunit *test)
{
	struct task_struct *child = kunit_kzalloc(test, sizeof(*child), GFP_KERNEL);
	struct page *page = highmem_test_page(test);
	void *addr;

	KUNIT_ASSERT_NOT_NULL(test, child);
	kunit_warning_suppress(test) {
		kmap_local_fork(child);
		KUNIT_EXPECT_SUPPRESSED_WARNING_COUNT(test, 0);
	}

	addr = kmap_local_page(page);
	child->kmap_ctrl = current->kmap_ctrl;
	kunmap_local(addr);
	kunit_warning_suppress(test) {
		kmap_local_fork(child);
		KUNIT_EXPECT_SUPPRESSED_WARNING_COUNT(test, MM_KUNIT_WARN_ONCE(1));
	}
	KUNIT_EXPECT_EQ_MSG(test, child->kmap_ctrl.idx, 0, "slots of the child");
	KUNIT_EXPECT_PTR_EQ_MSG(test, memchr_inv(&child->kmap_ctrl, 0, sizeof(child->kmap_ctrl)),
				NULL, "first byte of the child's kmap_ctrl that is not 0");
}

/*
 * A local mapping in a hard interrupt warns if interrupts are enabled, because the
 * stack has no room for an interrupt that interrupts another one.
 */
static void kmap_local_in_nested_irq(struct kunit *test)
{
	struct page *page = highmem_test_page(test);
	int warnings[2];
	void *addr;

	kunit_warning_suppress(test) {
		preempt_count_add(HARDIRQ_OFFSET);
		addr = kmap_local_page(page);
		kunmap_local(addr);
		preempt_count_sub(HARDIRQ_OFFSET);
		warnings[0] = KUNIT_SUPPRESSED_WARNING_COUNT();
	}
	KUNIT_EXPECT_EQ_MSG(test, warnings[0], MM_KUNIT_WARN_ONCE(1),
			    "warnings with interrupts enabled");
	mm_kunit_rearm_warnings();
	kunit_warning_suppress(test) {
		local_irq_disable();
		preempt_count_add(HARDIRQ_OFFSET);
		addr = kmap_local_page(page);
		kunmap_local(addr);
		preempt_count_sub(HARDIRQ_OFFSET);
		local_irq_enable();
		warnings[1] = KUNIT_SUPPRESSED_WARNING_COUNT();
	}
	KUNIT_EXPECT_EQ_MSG(test, warnings[1], 0, "warnings with interrupts disabled");
	KUNIT_EXPECT_EQ(test, kmap_local_depth(), 0);
}

/*
 * kmap_assert_nomap() reports a task that returns to user mode with local mappings,
 * because the mapping would never be undone. It reports nothing without mappings.
 */
static void kmap_local_left_mapped(struct kunit *test)
{
	struct page *page = highmem_test_page(test);
	int reported[2];
	int silent;
	void *addr;

	if (IS_ENABLED(CONFIG_LOCKDEP))
		kunit_skip(test, "needs CONFIG_LOCKDEP=n, which would lose track of locks");
	if (!debug_locks)
		kunit_skip(test, "needs debug_locks, which an earlier report has switched off");

	/* A report switches debug_locks off. */
	silent = xchg(&debug_locks_silent, 1);
	kmap_assert_nomap();
	reported[0] = !xchg(&debug_locks, 1);
	addr = kmap_local_page(page);
	kmap_assert_nomap();
	reported[1] = !xchg(&debug_locks, 1);
	kunmap_local(addr);
	debug_locks_silent = silent;

	KUNIT_EXPECT_EQ_MSG(test, reported[0], 0, "reports without a mapping");
	KUNIT_EXPECT_EQ_MSG(test, reported[1], 1, "reports with a mapping");
}

/*
 * kunmap_local() of a user address warns and unmaps nothing, because the caller has
 * passed a wrong pointer.
 */
static void kunmap_local_user_address(struct kunit *test)
{
	struct page *page = highmem_test_page_of(test, 1);
	void *addr = kmap_local_page(page);

	kunit_warning_suppress(test) {
		kunmap_local((void *)PAGE_SIZE);
		KUNIT_EXPECT_SUPPRESSED_WARNING_COUNT(test, MM_KUNIT_WARN_ONCE(1));
	}
	KUNIT_EXPECT_EQ(test, kmap_local_depth(), kmap_local_step(page));
	KUNIT_EXPECT_EQ(test, highmem_id_at(addr), 1);
	kunmap_local(addr);
}

/*
 * kunmap_local() of an address outside of the slots unmaps nothing, because it may be
 * of low memory, which takes no slot. Where low memory takes slots, too
 * (CONFIG_DEBUG_KMAP_LOCAL_FORCE_MAP), such an address is wrong and warns.
 */
static void kunmap_local_around_slots(struct kunit *test)
{
	const struct {
		const char *desc;
		unsigned long addr;
	} rows[] = {
		{ .desc = "below_the_slots", .addr = __fix_to_virt(FIX_KMAP_END) - 1 },
		{ .desc = "above_the_slots", .addr = __fix_to_virt(FIX_KMAP_BEGIN) + PAGE_SIZE },
		{ .desc = "low_memory", .addr = PAGE_OFFSET },
	};
	const int warnings = IS_ENABLED(CONFIG_DEBUG_KMAP_LOCAL_FORCE_MAP);
	struct page *page = highmem_test_page_of(test, 1);
	void *addr = kmap_local_page(page);
	int step = kmap_local_step(page);

	for (int i = 0; i < ARRAY_SIZE(rows); i++) {
		mm_kunit_rearm_warnings();
		kunit_warning_suppress(test) {
			kunmap_local((void *)rows[i].addr);
			KUNIT_EXPECT_EQ_MSG(test, KUNIT_SUPPRESSED_WARNING_COUNT(),
					    MM_KUNIT_WARN_ONCE(warnings),
					    "warnings, %s", rows[i].desc);
		}
		KUNIT_EXPECT_EQ_MSG(test, kmap_local_depth(), step, "depth, %s", rows[i].desc);
	}
	KUNIT_EXPECT_EQ(test, highmem_id_at(addr), 1);
	kunmap_local(addr);
}

/* -- today's implementation, not promised ---------------------------------- */

/*
 * The slots of a task are empty while another task runs, and are filled again from
 * what the task remembers. A context switch warns of a used slot without an entry, and
 * with CONFIG_DEBUG_KMAP_LOCAL of a guard slot with one, on the way out and in.
 */
static void kmap_local_sched_checks(struct kunit *test)
{
	pte_t *pteval = current->kmap_ctrl.pteval;
	struct page *page = highmem_test_page_of(test, 1);
	void *addr = kmap_local_page(page);
	int used = kmap_local_depth() - 1;
	int warnings[3] = {};
	pte_t saved = pteval[used];
	pte_t out, in;

	kunit_warning_suppress(test) {
		preempt_disable();
		__kmap_local_sched_out();
		out = highmem_pte_at(addr);
		__kmap_local_sched_in();
		in = highmem_pte_at(addr);
		warnings[0] = KUNIT_SUPPRESSED_WARNING_COUNT();

		pteval[used] = __pte(0);
		__kmap_local_sched_out();
		__kmap_local_sched_in();
		pteval[used] = saved;
		warnings[1] = KUNIT_SUPPRESSED_WARNING_COUNT();

		if (IS_ENABLED(CONFIG_DEBUG_KMAP_LOCAL)) {
			pteval[used - 1] = saved;
			__kmap_local_sched_out();
			__kmap_local_sched_in();
			pteval[used - 1] = __pte(0);
		}
		warnings[2] = KUNIT_SUPPRESSED_WARNING_COUNT();
		preempt_enable();
	}
	KUNIT_EXPECT_TRUE_MSG(test, pte_none(out),
			      "slot while another task runs: expected no entry, found %llx",
			      (u64)pte_val(out));
	KUNIT_EXPECT_TRUE_MSG(test, pte_same(in, saved),
			      "slot when the task is back: expected entry %llx, found %llx",
			      (u64)pte_val(saved), (u64)pte_val(in));
	KUNIT_EXPECT_EQ(test, highmem_id_at(addr), 1);
	kunmap_local(addr);
	KUNIT_EXPECT_EQ_MSG(test, warnings[0], 0, "warnings of a correct stack");
	/* Each of the two ways has a WARN_ON_ONCE() of its own for each error. */
	KUNIT_EXPECT_EQ_MSG(test, warnings[1], 2 * MM_KUNIT_WARN_ONCE(1),
			    "warnings with a used slot without an entry");
	KUNIT_EXPECT_EQ_MSG(test, warnings[2],
			    (IS_ENABLED(CONFIG_DEBUG_KMAP_LOCAL) ? 4 : 2) * MM_KUNIT_WARN_ONCE(1),
			    "warnings with a guard slot with an entry in addition");
}

/*
 * Unmapping another mapping than the newest warns, because the kernel-doc of
 * kmap_local_page() says that it causes malfunction. The newest slot is given up
 * nevertheless, so the stack is empty in the end.
 */
static void kunmap_local_out_of_order(struct kunit *test)
{
	struct page *page = highmem_test_page(test);
	struct page *other = highmem_test_page(test);
	void *a, *b;

	a = kmap_local_page(page);
	b = kmap_local_page(other);
	kunit_warning_suppress(test) {
		kunmap_local(a);
		KUNIT_EXPECT_SUPPRESSED_WARNING_COUNT(test, MM_KUNIT_WARN_ONCE(1));
	}
	KUNIT_EXPECT_EQ(test, kmap_local_depth(), kmap_local_step(page));
	if (!IS_ENABLED(CONFIG_KMAP_LOCAL_NON_LINEAR_PTE_ARRAY)) {
		HIGHMEM_EXPECT_UNMAPPED(test, b, "the newest slot");
		KUNIT_EXPECT_EQ(test, pte_pfn(highmem_pte_at(a)), page_to_pfn(page));
	}
	mm_kunit_rearm_warnings();
	kunit_warning_suppress(test) {
		kunmap_local(b);
		KUNIT_EXPECT_SUPPRESSED_WARNING_COUNT(test, MM_KUNIT_WARN_ONCE(1));
	}
	KUNIT_EXPECT_EQ(test, kmap_local_depth(), 0);
}

static struct kunit_case kmap_local_highmem_cases[] = {
	KUNIT_CASE(kmap_local_prot),
	KUNIT_CASE(kmap_local_slot),
	KUNIT_CASE(kmap_local_depth_limit),
	KUNIT_CASE(kmap_local_guards),
	KUNIT_CASE(kmap_local_pfn_any),
	KUNIT_CASE(kmap_local_folio_single_page),
	KUNIT_CASE(kmap_local_lowmem_inside_highmem),
	KUNIT_CASE(kmap_local_other_cpu),
	KUNIT_CASE(kmap_local_fork_inherits_nothing),
	KUNIT_CASE(kmap_local_in_nested_irq),
	KUNIT_CASE(kmap_local_left_mapped),
	KUNIT_CASE(kunmap_local_user_address),
	KUNIT_CASE(kunmap_local_around_slots),
	KUNIT_CASE(kmap_local_sched_checks),
	KUNIT_CASE(kunmap_local_out_of_order),
	{}
};

static struct kunit_suite kmap_local_highmem_suite = {
	.name = "kmap_local_highmem",
	.init = highmem_test_init,
	.test_cases = kmap_local_highmem_cases,
};

kunit_test_suite(kmap_local_highmem_suite);

MODULE_DESCRIPTION("KUnit tests for the slots of kmap_local_page()");
MODULE_LICENSE("GPL");
