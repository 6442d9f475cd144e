// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests for kmap_local_page() and kmap_atomic().
 *
 * With CONFIG_HIGHMEM each task has a stack of slots for these mappings: the
 * cases at the end look at that stack.
 */
#include <kunit/run-in-irq-context.h>
#include <kunit/test.h>
#include <linux/cpumask.h>
#include <linux/debug_locks.h>
#include <linux/highmem.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/pgtable.h>
#include <linux/preempt.h>
#include <linux/sched.h>
#include <linux/string.h>

#include "highmem_page.h"
#include "mm_kunit.h"

/*
 * Mappings of a task nest, also of one page, and any address in a page will
 * do to undo the last of them.
 */
static void kmap_local_nested(struct kunit *test)
{
	struct page *page = highmem_test_page_of(test, 1);
	struct page *other = highmem_test_page_of(test, 2);
	int step = kmap_local_step(page);
	void *a, *b, *c;

	a = kmap_local_page(page);
	b = kmap_local_page(other);
	c = kmap_local_page(page);
	KUNIT_EXPECT_EQ(test, kmap_local_depth(), 3 * step);
	KUNIT_EXPECT_TRUE(test, shows(a, 1));
	KUNIT_EXPECT_TRUE(test, shows(b, 2));
	KUNIT_EXPECT_TRUE(test, shows(c, 1));
	if (step)
		KUNIT_EXPECT_PTR_NE(test, a, c);
	else
		KUNIT_EXPECT_PTR_EQ(test, a, c);

	memset(c, 3, PAGE_SIZE);
	kunmap_local(c + PAGE_SIZE - 1);
	KUNIT_EXPECT_EQ(test, kmap_local_depth(), 2 * step);
	KUNIT_EXPECT_TRUE(test, shows(a, 3));
	KUNIT_EXPECT_TRUE(test, shows(b, 2));
	kunmap_local(b + PAGE_SIZE / 2);
	KUNIT_EXPECT_EQ(test, kmap_local_depth(), step);
	KUNIT_EXPECT_TRUE(test, shows(a, 3));
	kunmap_local(a + 1);
	KUNIT_EXPECT_EQ(test, kmap_local_depth(), 0);
}

/* Whose first slot has a neighbour that is none. */
static void stay_on_first_cpu(void)
{
	set_cpus_allowed_ptr(current, cpumask_of(0));
}

/*
 * Each address of a mapping leads back to the page, as long as the task has
 * it mapped. Callers should keep the page instead, so that warns.
 */
static void kmap_to_page_of_local(struct kunit *test)
{
	struct page *page[3], *first[3], *last[3];
	void *addr[3];

	stay_on_first_cpu();
	for (int i = 0; i < 3; i++)
		page[i] = highmem_test_page(test);
	for (int i = 0; i < 3; i++)
		addr[i] = kmap_local_page(page[i]);
	kunit_warning_suppress(test) {
		for (int i = 0; i < 3; i++) {
			first[i] = kmap_to_page(addr[i]);
			last[i] = kmap_to_page(addr[i] + PAGE_SIZE - 1);
		}
		EXPECT_WARNINGS(test, kmap_local_takes_slot(page[0]) ? 6 : 0);
	}
	kunmap_local(addr[2]);
	if (kmap_local_takes_slot(page[0]) && !IS_ENABLED(CONFIG_DEBUG_VIRTUAL))
		kunit_warning_suppress(test)
			KUNIT_EXPECT_PTR_NE(test, kmap_to_page(addr[2]),
					    page[2]);
	kunmap_local(addr[1]);
	kunmap_local(addr[0]);
	for (int i = 0; i < 3; i++) {
		KUNIT_EXPECT_PTR_EQ(test, first[i], page[i]);
		KUNIT_EXPECT_PTR_EQ(test, last[i], page[i]);
	}
}

struct context {
	int preempt;
	int pagefault;
	int migration;
};

static struct context context(void)
{
	return (struct context) {
		.preempt = preempt_count(),
		.pagefault = current->pagefault_disabled,
#ifdef CONFIG_SMP
		.migration = current->migration_disabled,
#endif
	};
}

/* Levels the contexts in @ctx[] went through: 0, 1, 2, 3, 2, 1, 0 mappings. */
#define CONTEXTS	7

static void expect_contexts(struct kunit *test, const struct context *ctx,
			    int preempt, int pagefault, int migration)
{
	for (int i = 0; i < CONTEXTS; i++) {
		int level = min(i, CONTEXTS - 1 - i);

		KUNIT_EXPECT_EQ_MSG(test, ctx[i].preempt - ctx[0].preempt,
				    level * preempt, "step %d", i);
		KUNIT_EXPECT_EQ_MSG(test, ctx[i].pagefault - ctx[0].pagefault,
				    level * pagefault, "step %d", i);
		KUNIT_EXPECT_EQ_MSG(test, ctx[i].migration - ctx[0].migration,
				    level * migration, "step %d", i);
	}
}

/*
 * The user of a local mapping may fault, sleep and be preempted, that is why
 * it replaces kmap_atomic(). It only has to stay on the CPU of the slot.
 */
static void kmap_local_context(struct kunit *test)
{
	struct page *page = highmem_test_page(test);
	bool slot = kmap_local_takes_slot(page);
	struct context ctx[CONTEXTS];
	void *a, *b, *c;

	ctx[0] = context();
	a = kmap_local_page(page);
	ctx[1] = context();
	b = kmap_local_page_prot(page, PAGE_KERNEL);
	ctx[2] = context();
	c = kmap_local_folio(page_folio(page), 0);
	ctx[3] = context();
	kunmap_local(c);
	ctx[4] = context();
	kunmap_local(b);
	ctx[5] = context();
	kunmap_local(a);
	ctx[6] = context();
	expect_contexts(test, ctx, 0, 0, IS_ENABLED(CONFIG_SMP) && slot);
}

/*
 * Users of kmap_atomic() rely on faults failing instead of sleeping, and many
 * on not being preempted. Both nest, whatever the page is.
 */
static void kmap_atomic_context(struct kunit *test)
{
	struct page *page = highmem_test_page(test);
	const bool rt = IS_ENABLED(CONFIG_PREEMPT_RT);
	struct context ctx[CONTEXTS];
	void *a, *b, *c;

	ctx[0] = context();
	a = kmap_atomic(page);
	ctx[1] = context();
	b = kmap_atomic_prot(page, PAGE_KERNEL);
	ctx[2] = context();
	c = kmap_atomic_pfn(page_to_pfn(page));
	ctx[3] = context();
	kunmap_atomic(c);
	ctx[4] = context();
	kunmap_atomic(b);
	ctx[5] = context();
	kunmap_atomic(a);
	ctx[6] = context();

	/* Staying on the CPU is the price of a slot, nothing to rely on. */
	for (int i = 0; i < CONTEXTS; i++)
		ctx[i].migration = 0;
	expect_contexts(test, ctx, IS_ENABLED(CONFIG_PREEMPT_COUNT) && !rt, 1,
			0);
}

/*
 * Tasks on one CPU share its slots: each must find its own pages there after
 * the other has run.
 */
static void kmap_local_across_schedule(struct kunit *test)
{
	struct page *page = highmem_test_page_of(test, 1);
	struct page *other = highmem_test_page_of(test, 2);
	struct kmap_thread *t = kmap_thread_create(test, 3, true);
	void *a, *b;

	stay_on_first_cpu();
	a = kmap_local_page(page);
	b = kmap_local_page(other);
	kthread_bind(t->task, raw_smp_processor_id());
	wake_up_process(t->task);
	KUNIT_EXPECT_TRUE(test, kmap_thread_has_mapped(t));
	KUNIT_EXPECT_TRUE(test, shows(a, 1));
	KUNIT_EXPECT_TRUE(test, shows(b, 2));
	KUNIT_EXPECT_EQ(test, kmap_local_depth(), 2 * kmap_local_step(page));
	if (kmap_local_takes_slot(page)) {
		/* An address of the other's, which is also one of ours. */
		kunit_warning_suppress(test)
			KUNIT_EXPECT_PTR_EQ(test, kmap_to_page(t->addr), page);
	}
	kunmap_local(b);
	kunmap_local(a);

	kmap_thread_stop(test, t);
	KUNIT_EXPECT_TRUE(test, t->ok);
	if (kmap_local_takes_slot(page)) {
		KUNIT_EXPECT_PTR_EQ(test, t->addr, a);
		KUNIT_EXPECT_PTR_EQ(test, t->inner, b);
	}
}

static bool kmap_local_irq_fn(void *data)
{
	int ctx = in_hardirq() ? 2 : in_serving_softirq() ? 1 : 0;
	struct page **pages = data;
	int depth = kmap_local_depth();
	void *a, *b;
	bool ok;

	a = kmap_local_page(pages[ctx]);
	b = kmap_local_page(pages[3]);
	ok = shows(a, ctx) && shows(b, 3);
	kunmap_local(b);
	kunmap_local(a);

	return ok && kmap_local_depth() == depth;
}

/*
 * An interrupt may come at any time, also while a slot is taken or given back,
 * and must leave the mappings of the task alone.
 */
static void kmap_local_in_irq(struct kunit *test)
{
	struct page *pages[4];

	for (int i = 0; i < ARRAY_SIZE(pages); i++)
		pages[i] = highmem_test_page_of(test, i);
	/* The warnings of interrupts are those of the task they interrupt. */
	kunit_warning_suppress(test) {
		kunit_run_irq_test(test, kmap_local_irq_fn, 10000, pages);
		KUNIT_EXPECT_SUPPRESSED_WARNING_COUNT(test, 0);
	}
}

/* An offset names the page, and the byte in it, that the address is of. */
static void kmap_local_folio_offset(struct kunit *test)
{
	static const size_t offsets[] = {
		0, 1, PAGE_SIZE - 1, PAGE_SIZE, 2 * PAGE_SIZE - 1,
		3 * PAGE_SIZE + 5, 4 * PAGE_SIZE - 1,
	};
	const struct highmem_zone *zone = test->param_value;
	struct folio *folio = highmem_test_folio(test, zone->gfp, 2);

	for (int i = 0; i < 4; i++)
		memset_page(folio_page(folio, i), 0, i, PAGE_SIZE);

	for (int i = 0; i < ARRAY_SIZE(offsets); i++) {
		size_t offset = offsets[i];
		u8 *addr = kmap_local_folio(folio, offset);

		KUNIT_EXPECT_EQ_MSG(test, *addr, offset / PAGE_SIZE, "%d", i);
		KUNIT_EXPECT_EQ_MSG(test, offset_in_page(addr),
				    offset_in_page(offset), "%d", i);
		if (!kmap_local_takes_slot(folio_page(folio, 0)))
			KUNIT_EXPECT_PTR_EQ_MSG(test, (void *)addr,
						folio_address(folio) + offset,
						"%d", i);
		kunmap_local(addr);
	}
	KUNIT_EXPECT_EQ(test, kmap_local_depth(), 0);
}

/* A panic must not take a slot: it may be why it happened. */
static void kmap_local_page_from_panic(struct kunit *test)
{
	struct page *page = highmem_test_page(test);
	void *addr = kmap_local_page_try_from_panic(page);

	if (PageHighMem(page))
		KUNIT_EXPECT_NULL(test, addr);
	else
		KUNIT_EXPECT_PTR_EQ(test, addr, page_address(page));
	KUNIT_EXPECT_EQ(test, kmap_local_depth(), 0);
}

#ifdef CONFIG_KMAP_LOCAL
/*
 * A slot shows the page that was mapped there last. Without HIGHMEM, too, for
 * the slots serve io_mapping_map_local_wc() as well.
 */
static void kmap_local_slot_reuse(struct kunit *test)
{
	struct folio *one = highmem_test_folio(test, GFP_KERNEL, 0);
	struct folio *two = highmem_test_folio(test, GFP_KERNEL, 0);
	void *addr, *again;

	memset(folio_address(one), 1, PAGE_SIZE);
	memset(folio_address(two), 2, PAGE_SIZE);
	/* Keeps the task on this CPU, and so in its slots. */
	migrate_disable();
	addr = __kmap_local_pfn_prot(folio_pfn(one), PAGE_KERNEL);
	KUNIT_EXPECT_TRUE(test, shows(addr, 1));
	kunmap_local_indexed(addr);
	again = __kmap_local_pfn_prot(folio_pfn(two), PAGE_KERNEL);
	KUNIT_EXPECT_PTR_EQ(test, again, addr);
	KUNIT_EXPECT_TRUE(test, shows(again, 2));
	kunmap_local_indexed(again);
	migrate_enable();
}
#endif

/* Low memory is mapped already, and for any access, whatever is asked for. */
static void kmap_local_prot_lowmem(struct kunit *test)
{
	struct folio *folio = highmem_test_folio(test, GFP_KERNEL, 0);
	struct page *page = folio_page(folio, 0);
	void *local, *atomic;

	if (kmap_local_takes_slot(page))
		kunit_skip(test, "needs CONFIG_DEBUG_KMAP_LOCAL_FORCE_MAP=n");

	local = kmap_local_page_prot(page, PAGE_KERNEL_RO);
	memset(local, 1, PAGE_SIZE);
	kunmap_local(local);
	atomic = kmap_atomic_prot(page, PAGE_KERNEL_RO);
	kunmap_atomic(atomic);
	KUNIT_EXPECT_PTR_EQ(test, local, page_address(page));
	KUNIT_EXPECT_PTR_EQ(test, atomic, page_address(page));
	KUNIT_EXPECT_TRUE(test, shows(page_address(page), 1));
}

#ifdef CONFIG_HIGHMEM
static bool in_local_slots(const void *addr)
{
	return (unsigned long)addr >= __fix_to_virt(FIX_KMAP_END) &&
	       (unsigned long)addr < __fix_to_virt(FIX_KMAP_BEGIN) + PAGE_SIZE;
}

/* The slot of the last mapping is of @page and has @prot. */
static bool top_slot_is(const struct page *page, pgprot_t prot)
{
	return pte_val(current->kmap_ctrl.pteval[kmap_local_depth() - 1]) ==
	       pte_val(pfn_pte(page_to_pfn(page), prot));
}

/* All functions that have a @prot map with it, the others for any access. */
static void kmap_local_prot(struct kunit *test)
{
	struct page *page = highmem_test_page(test);
	unsigned long pfn = page_to_pfn(page);
	void *addr;
	bool ok;

	addr = kmap_local_page(page);
	KUNIT_EXPECT_TRUE(test, top_slot_is(page, kmap_prot));
	kunmap_local(addr);
	addr = kmap_local_folio(page_folio(page), 0);
	KUNIT_EXPECT_TRUE(test, top_slot_is(page, kmap_prot));
	kunmap_local(addr);
	addr = kmap_local_pfn(pfn);
	KUNIT_EXPECT_TRUE(test, top_slot_is(page, kmap_prot));
	kunmap_local(addr);
	addr = kmap_local_page_prot(page, PAGE_KERNEL_RO);
	KUNIT_EXPECT_TRUE(test, top_slot_is(page, PAGE_KERNEL_RO));
	kunmap_local(addr);

	addr = kmap_atomic(page);
	ok = top_slot_is(page, kmap_prot);
	kunmap_atomic(addr);
	KUNIT_EXPECT_TRUE(test, ok);
	addr = kmap_atomic_pfn(pfn);
	ok = top_slot_is(page, kmap_prot);
	kunmap_atomic(addr);
	KUNIT_EXPECT_TRUE(test, ok);
	addr = kmap_atomic_prot(page, PAGE_KERNEL_RO);
	ok = top_slot_is(page, PAGE_KERNEL_RO);
	kunmap_atomic(addr);
	KUNIT_EXPECT_TRUE(test, ok);
}

/*
 * A slot shows the page last mapped there, the way it was asked for, and
 * nothing once unmapped. The task remembers it for when it is scheduled in.
 */
static void kmap_local_slot(struct kunit *test)
{
	struct page *outer = highmem_test_page_of(test, 0);
	struct page *page = highmem_test_page_of(test, 1);
	struct page *other = highmem_test_page_of(test, 2);
	void *pin, *addr, *again;

	/* Keeps the task on this CPU, and so in its slots. */
	pin = kmap_local_page(outer);

	addr = kmap_local_page(page);
	KUNIT_EXPECT_TRUE(test, in_local_slots(addr));
	KUNIT_EXPECT_TRUE(test, is_kmap_addr(addr));
#ifndef arch_kmap_local_map_idx
	KUNIT_EXPECT_EQ(test, (unsigned long)addr,
			__fix_to_virt(FIX_KMAP_BEGIN + kmap_local_depth() - 1 +
				      KM_MAX_IDX * raw_smp_processor_id()));
#endif
	KUNIT_EXPECT_TRUE(test, PAGE_ALIGNED(addr));
	KUNIT_EXPECT_TRUE(test, shows(addr, 1));
	KUNIT_EXPECT_EQ(test, pte_pfn(pte_at(addr)), page_to_pfn(page));
	KUNIT_EXPECT_TRUE(test, pte_write(pte_at(addr)));
	KUNIT_EXPECT_TRUE(test, top_slot_is(page, kmap_prot));
	kunmap_local(addr);
	KUNIT_EXPECT_TRUE(test, pte_none(pte_at(addr)));

	again = kmap_local_page_prot(other, PAGE_KERNEL_RO);
	KUNIT_EXPECT_PTR_EQ(test, again, addr);
	KUNIT_EXPECT_TRUE(test, shows(again, 2));
	KUNIT_EXPECT_EQ(test, pte_pfn(pte_at(again)), page_to_pfn(other));
	KUNIT_EXPECT_EQ(test, pte_write(pte_at(again)),
			pte_write(pfn_pte(0, PAGE_KERNEL_RO)));
	kunmap_local(again);

	KUNIT_EXPECT_TRUE(test, shows(pin, 0));
	kunmap_local(pin);
}

/* A task may hold as many mappings as its stack has room for. */
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
		KUNIT_EXPECT_TRUE_MSG(test, shows(addr[i], i), "depth %d", i);
		kunmap_local(addr[i]);
		KUNIT_EXPECT_EQ(test, kmap_local_depth(), i * step);
		KUNIT_EXPECT_TRUE(test, pte_none(pte_at(addr[i])));
	}
	KUNIT_EXPECT_NULL(test, memchr_inv(current->kmap_ctrl.pteval, 0,
					   sizeof(current->kmap_ctrl.pteval)));
}

/* The debugging option leaves a hole on both sides, to catch overruns. */
static void kmap_local_guards(struct kunit *test)
{
	struct page *page = highmem_test_page(test);
	void *addr[3];

	if (!IS_ENABLED(CONFIG_DEBUG_KMAP_LOCAL))
		kunit_skip(test, "needs CONFIG_DEBUG_KMAP_LOCAL");

	for (int i = 0; i < ARRAY_SIZE(addr); i++)
		addr[i] = kmap_local_page(page);
	for (int i = ARRAY_SIZE(addr) - 1; i >= 0; i--) {
		KUNIT_EXPECT_TRUE(test, pte_present(pte_at(addr[i])));
		KUNIT_EXPECT_TRUE(test, pte_none(pte_at(addr[i] - PAGE_SIZE)));
		KUNIT_EXPECT_TRUE(test, pte_none(pte_at(addr[i] + PAGE_SIZE)));
		kunmap_local(addr[i]);
	}
}

/* Any page frame can be mapped, also one of low memory or without a page. */
static void kmap_local_pfn_any(struct kunit *test)
{
	struct folio *low = highmem_test_folio(test, GFP_KERNEL, 0);
	struct page *page = folio_page(low, 0);
	unsigned long pfn = PHYS_PFN(-PAGE_SIZE);
	void *addr, *none;

	memset_page(page, 0, 1, PAGE_SIZE);
	addr = kmap_local_pfn(page_to_pfn(page));
	KUNIT_EXPECT_TRUE(test, in_local_slots(addr));
	KUNIT_EXPECT_TRUE(test, shows(addr, 1));

	/* Not to be touched. */
	none = kmap_local_pfn(pfn);
	KUNIT_EXPECT_FALSE(test, pfn_valid(pfn));
	KUNIT_EXPECT_TRUE(test, in_local_slots(none));
	KUNIT_EXPECT_EQ(test, pte_pfn(pte_at(none)), pfn);
	kunmap_local(none);
	KUNIT_EXPECT_TRUE(test, pte_none(pte_at(none)));
	kunmap_local(addr);
	KUNIT_EXPECT_EQ(test, kmap_local_depth(), 0);
}

/* The mapping of a folio ends with the page: what follows is not the folio. */
static void kmap_local_folio_single_page(struct kunit *test)
{
	struct folio *folio = highmem_test_folio(test, GFP_HIGHUSER, 2);
	struct page *outer = highmem_test_page(test);
	void *pin = kmap_local_page(outer), *addr;

	addr = kmap_local_folio(folio, PAGE_SIZE + 5) - 5;
	KUNIT_EXPECT_EQ(test, pte_pfn(pte_at(addr)), folio_pfn(folio) + 1);
	KUNIT_EXPECT_NE(test, pte_pfn(pte_at(addr + PAGE_SIZE)),
			folio_pfn(folio) + 2);
	KUNIT_EXPECT_NE(test, pte_pfn(pte_at(addr - PAGE_SIZE)),
			folio_pfn(folio));
	kunmap_local(addr);
	kunmap_local(pin);
}

/* Tasks on different CPUs have different slots. */
static void kmap_local_other_cpu(struct kunit *test)
{
	struct page *page = highmem_test_page_of(test, 1);
	struct kmap_thread *t = kmap_thread_create(test, 2, true);
	void *addr;

	if (num_online_cpus() < 2)
		kunit_skip(test, "needs two CPUs");

	addr = kmap_local_page(page);
	kthread_bind(t->task, cpumask_any_but(cpu_online_mask,
					      raw_smp_processor_id()));
	wake_up_process(t->task);
	KUNIT_EXPECT_TRUE(test, kmap_thread_has_mapped(t));
	KUNIT_EXPECT_TRUE(test, shows(addr, 1));
	KUNIT_EXPECT_PTR_NE(test, t->addr, addr);
	kunmap_local(addr);

	kmap_thread_stop(test, t);
	KUNIT_EXPECT_TRUE(test, t->ok);
}

/* The mappings are the parent's: its child would unmap them once more. */
static void kmap_local_fork_inherits_nothing(struct kunit *test)
{
	struct task_struct *child = kunit_kzalloc(test, sizeof(*child),
						  GFP_KERNEL);
	struct page *page = highmem_test_page(test);
	void *addr;

	KUNIT_ASSERT_NOT_NULL(test, child);
	kunit_warning_suppress(test) {
		kmap_local_fork(child);
		EXPECT_WARNINGS(test, 0);
	}

	addr = kmap_local_page(page);
	child->kmap_ctrl = current->kmap_ctrl;
	kunmap_local(addr);
	kunit_warning_suppress(test) {
		kmap_local_fork(child);
		EXPECT_WARNINGS(test, 1);
	}
	KUNIT_EXPECT_NULL(test, memchr_inv(&child->kmap_ctrl, 0,
					   sizeof(child->kmap_ctrl)));
}

/* Low memory has an address: no slot is taken for it, nor given back. */
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
	KUNIT_EXPECT_TRUE(test, shows(addr, 1));
	kunmap_local(addr);
}

/* Who interrupts a hard interrupt would need slots that nobody counted on. */
static void kmap_local_in_nested_irq(struct kunit *test)
{
	struct page *page = highmem_test_page(test);
	void *addr;

	kunit_warning_suppress(test) {
		preempt_count_add(HARDIRQ_OFFSET);
		addr = kmap_local_page(page);
		kunmap_local(addr);
		preempt_count_sub(HARDIRQ_OFFSET);
		EXPECT_WARNINGS(test, 1);
	}
	kunit_warning_suppress(test) {
		local_irq_disable();
		preempt_count_add(HARDIRQ_OFFSET);
		addr = kmap_local_page(page);
		kunmap_local(addr);
		preempt_count_sub(HARDIRQ_OFFSET);
		local_irq_enable();
		EXPECT_WARNINGS(test, 0);
	}
	KUNIT_EXPECT_EQ(test, kmap_local_depth(), 0);
}

/*
 * The slots are empty while another task runs. What the task remembers of them
 * must be what was mapped: an entry in a used slot, none in a guard.
 */
static void kmap_local_sched_checks(struct kunit *test)
{
	pte_t *pteval = current->kmap_ctrl.pteval;
	struct page *page = highmem_test_page_of(test, 1);
	void *addr = kmap_local_page(page);
	int used = kmap_local_depth() - 1;
	int warnings[3] = {};
	pte_t saved = pteval[used];
	bool out, in;

	kunit_warning_suppress(test) {
		preempt_disable();
		__kmap_local_sched_out();
		out = pte_none(pte_at(addr));
		__kmap_local_sched_in();
		in = pte_same(pte_at(addr), saved);
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
	KUNIT_EXPECT_TRUE(test, out);
	KUNIT_EXPECT_TRUE(test, in);
	KUNIT_EXPECT_TRUE(test, shows(addr, 1));
	kunmap_local(addr);
	KUNIT_EXPECT_EQ(test, warnings[0], 0);
#ifdef __WARN_FLAGS
	KUNIT_EXPECT_EQ(test, warnings[1], 2);
	KUNIT_EXPECT_EQ(test, warnings[2],
			IS_ENABLED(CONFIG_DEBUG_KMAP_LOCAL) ? 4 : 2);
#endif
}

/* What a task leaves mapped when it returns to user mode is reported. */
static void kmap_local_left_mapped(struct kunit *test)
{
	struct page *page = highmem_test_page(test);
	bool reported[2];
	int silent;
	void *addr;

	if (IS_ENABLED(CONFIG_LOCKDEP))
		kunit_skip(test, "lockdep would lose track of locks");
	if (!debug_locks)
		kunit_skip(test, "needs that nothing was reported before");

	silent = xchg(&debug_locks_silent, 1);
	kmap_assert_nomap();
	reported[0] = !xchg(&debug_locks, 1);
	addr = kmap_local_page(page);
	kmap_assert_nomap();
	reported[1] = !xchg(&debug_locks, 1);
	kunmap_local(addr);
	debug_locks_silent = silent;

	KUNIT_EXPECT_FALSE(test, reported[0]);
	KUNIT_EXPECT_TRUE(test, reported[1]);
}

/* The misuse that would corrupt the stack is reported. */
static void kunmap_local_out_of_order(struct kunit *test)
{
	struct page *page = highmem_test_page(test);
	struct page *other = highmem_test_page(test);
	void *a, *b;

	a = kmap_local_page(page);
	b = kmap_local_page(other);
	kunit_warning_suppress(test) {
		kunmap_local(a);
		EXPECT_WARNINGS(test, 1);
	}
	KUNIT_EXPECT_EQ(test, kmap_local_depth(), kmap_local_step(page));
	if (!IS_ENABLED(CONFIG_KMAP_LOCAL_NON_LINEAR_PTE_ARRAY)) {
		/* The stack gives up its newest slot in any case. */
		KUNIT_EXPECT_TRUE(test, pte_none(pte_at(b)));
		KUNIT_EXPECT_EQ(test, pte_pfn(pte_at(a)), page_to_pfn(page));
	}
	kunit_warning_suppress(test) {
		kunmap_local(b);
		EXPECT_WARNINGS(test, 1);
	}
	KUNIT_EXPECT_EQ(test, kmap_local_depth(), 0);
}

/* So is an address that is none of the kernel's, and nothing is unmapped. */
static void kunmap_local_user_address(struct kunit *test)
{
	struct page *page = highmem_test_page_of(test, 1);
	void *addr = kmap_local_page(page);

	kunit_warning_suppress(test) {
		kunmap_local((void *)PAGE_SIZE);
		EXPECT_WARNINGS(test, 1);
	}
	KUNIT_EXPECT_EQ(test, kmap_local_depth(), kmap_local_step(page));
	KUNIT_EXPECT_TRUE(test, shows(addr, 1));
	kunmap_local(addr);
}

/* The addresses around the slots are not slots: they may be of low memory. */
static void kunmap_local_around_slots(struct kunit *test)
{
	const int warnings = IS_ENABLED(CONFIG_DEBUG_KMAP_LOCAL_FORCE_MAP);
	struct page *page = highmem_test_page_of(test, 1);
	void *addr = kmap_local_page(page);
	int step = kmap_local_step(page);

	kunit_warning_suppress(test) {
		kunmap_local((void *)__fix_to_virt(FIX_KMAP_END) - 1);
		KUNIT_EXPECT_EQ(test, kmap_local_depth(), step);
		EXPECT_WARNINGS(test, warnings);
		kunmap_local((void *)__fix_to_virt(FIX_KMAP_BEGIN) + PAGE_SIZE);
		KUNIT_EXPECT_EQ(test, kmap_local_depth(), step);
		EXPECT_WARNINGS(test, 2 * warnings);
		kunmap_local((void *)PAGE_OFFSET);
		KUNIT_EXPECT_EQ(test, kmap_local_depth(), step);
		EXPECT_WARNINGS(test, 3 * warnings);
	}
	KUNIT_EXPECT_TRUE(test, shows(addr, 1));
	kunmap_local(addr);
}

#endif /* CONFIG_HIGHMEM */

static int kmap_local_test_init(struct kunit *test)
{
	mm_kunit_init(test);
	/* A page may still have the address of its last user. */
	kmap_flush_unused();
	return 0;
}

static struct kunit_case kmap_local_cases[] = {
	KUNIT_CASE_PARAM(kmap_local_nested, highmem_zone_gen_params),
	KUNIT_CASE_PARAM(kmap_to_page_of_local, highmem_zone_gen_params),
	KUNIT_CASE_PARAM(kmap_local_context, highmem_zone_gen_params),
	KUNIT_CASE_PARAM(kmap_atomic_context, highmem_zone_gen_params),
	KUNIT_CASE_PARAM(kmap_local_across_schedule, highmem_zone_gen_params),
	KUNIT_CASE_PARAM(kmap_local_in_irq, highmem_zone_gen_params),
	KUNIT_CASE_PARAM(kmap_local_folio_offset, highmem_zone_gen_params),
	KUNIT_CASE_PARAM(kmap_local_page_from_panic, highmem_zone_gen_params),
#ifdef CONFIG_KMAP_LOCAL
	KUNIT_CASE(kmap_local_slot_reuse),
#endif
	KUNIT_CASE(kmap_local_prot_lowmem),
	KUNIT_CASE_HIGHMEM(kmap_local_prot),
	KUNIT_CASE_HIGHMEM(kmap_local_slot),
	KUNIT_CASE_HIGHMEM(kmap_local_depth_limit),
	KUNIT_CASE_HIGHMEM(kmap_local_guards),
	KUNIT_CASE_HIGHMEM(kmap_local_pfn_any),
	KUNIT_CASE_HIGHMEM(kmap_local_folio_single_page),
	KUNIT_CASE_HIGHMEM(kmap_local_lowmem_inside_highmem),
	KUNIT_CASE_HIGHMEM(kmap_local_other_cpu),
	KUNIT_CASE_HIGHMEM(kmap_local_fork_inherits_nothing),
	KUNIT_CASE_HIGHMEM(kmap_local_in_nested_irq),
	KUNIT_CASE_HIGHMEM(kmap_local_sched_checks),
	KUNIT_CASE_HIGHMEM(kmap_local_left_mapped),
	KUNIT_CASE_HIGHMEM(kunmap_local_out_of_order),
	KUNIT_CASE_HIGHMEM(kunmap_local_user_address),
	KUNIT_CASE_HIGHMEM(kunmap_local_around_slots),
	{}
};

static struct kunit_suite kmap_local_suite = {
	.name = "kmap_local",
	.init = kmap_local_test_init,
	.test_cases = kmap_local_cases,
};

kunit_test_suite(kmap_local_suite);

MODULE_DESCRIPTION("KUnit tests for kmap_local_page() and kmap_atomic()");
MODULE_LICENSE("GPL");
