// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests for kmap_local_page() and kmap_atomic(): what holds for pages of low
 * and of high memory.
 *
 * kmap_local_highmem_kunit.c has the cases about the slots that each task has for
 * pages of high memory.
 */
#include <kunit/run-in-irq-context.h>
#include <kunit/test.h>
#include <linux/cpumask.h>
#include <linux/highmem.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/preempt.h>
#include <linux/sched.h>

#include "highmem_page.h"
#include "mm_kunit.h"

/*
 * The local mappings of a task nest, also those of one page, because functions that
 * map pages call each other. Any address in the page will do for kunmap_local(), so a
 * caller may advance its pointer.
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
	KUNIT_EXPECT_EQ(test, highmem_id_at(a), 1);
	KUNIT_EXPECT_EQ(test, highmem_id_at(b), 2);
	KUNIT_EXPECT_EQ(test, highmem_id_at(c), 1);
	if (step)
		KUNIT_EXPECT_PTR_NE(test, a, c);
	else
		KUNIT_EXPECT_PTR_EQ(test, a, c);

	memset(c, 3, PAGE_SIZE);
	kunmap_local(c + PAGE_SIZE - 1);
	KUNIT_EXPECT_EQ(test, kmap_local_depth(), 2 * step);
	KUNIT_EXPECT_EQ(test, highmem_id_at(a), 3);
	KUNIT_EXPECT_EQ(test, highmem_id_at(b), 2);
	kunmap_local(b + PAGE_SIZE / 2);
	KUNIT_EXPECT_EQ(test, kmap_local_depth(), step);
	KUNIT_EXPECT_EQ(test, highmem_id_at(a), 3);
	kunmap_local(a + 1);
	KUNIT_EXPECT_EQ(test, kmap_local_depth(), 0);
}

/* CPU 0: the fixmap entry next to slot 0 is not a kmap slot. */
static void stay_on_first_cpu(void)
{
	set_cpus_allowed_ptr(current, cpumask_of(0));
}

/*
 * kmap_to_page() returns the page for any address in a local mapping of the task, as
 * long as the page is mapped. A caller should rather remember the page, so the lookup
 * of a slot warns.
 */
static void kmap_to_page_of_local(struct kunit *test)
{
	struct page *page[3], *first[3], *last[3], *after = NULL;
	void *addr[3];
	bool slot;

	stay_on_first_cpu();
	for (int i = 0; i < 3; i++)
		page[i] = highmem_test_page(test);
	slot = kmap_local_takes_slot(page[0]);
	for (int i = 0; i < 3; i++)
		addr[i] = kmap_local_page(page[i]);
	kunit_warning_suppress(test) {
		for (int i = 0; i < 3; i++) {
			first[i] = kmap_to_page(addr[i]);
			last[i] = kmap_to_page(addr[i] + PAGE_SIZE - 1);
		}
		KUNIT_EXPECT_SUPPRESSED_WARNING_COUNT(test, slot ? MM_KUNIT_WARN_ONCE(6) : 0);
	}
	kunmap_local(addr[2]);
	if (slot && !IS_ENABLED(CONFIG_DEBUG_VIRTUAL)) {
		kunit_warning_suppress(test)
			after = kmap_to_page(addr[2]);
		KUNIT_EXPECT_PTR_NE(test, after, page[2]);
	}
	kunmap_local(addr[1]);
	kunmap_local(addr[0]);
	for (int i = 0; i < 3; i++) {
		KUNIT_EXPECT_PTR_EQ_MSG(test, first[i], page[i], "first byte of mapping %d", i);
		KUNIT_EXPECT_PTR_EQ_MSG(test, last[i], page[i], "last byte of mapping %d", i);
	}
}

/* What a mapping may disable in the task. */
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

/* The contexts in an array are those with 0, 1, 2, 3, 2, 1 and 0 mappings. */
#define CONTEXTS	7

/* Expects in how many levels each of the three is disabled by each mapping. */
#define KMAP_EXPECT_CONTEXTS(test, ctx, preempt_each, pagefault_each, migration_each)	\
do {											\
	for (int __i = 0; __i < CONTEXTS; __i++) {					\
		int __level = min(__i, CONTEXTS - 1 - __i);				\
											\
		KUNIT_EXPECT_EQ_MSG(test, (ctx)[__i].preempt - (ctx)[0].preempt,	\
				    __level * (preempt_each), "preemption, step %d", __i); \
		KUNIT_EXPECT_EQ_MSG(test, (ctx)[__i].pagefault - (ctx)[0].pagefault,	\
				    __level * (pagefault_each), "page faults, step %d", __i); \
		KUNIT_EXPECT_EQ_MSG(test, (ctx)[__i].migration - (ctx)[0].migration,	\
				    __level * (migration_each), "migration, step %d", __i); \
	}										\
} while (0)

/*
 * A local mapping disables neither preemption nor page faults, because its user may
 * sleep and fault: that is why it replaces kmap_atomic(). Migration is disabled where
 * the mapping takes a slot, which belongs to the CPU.
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
	KMAP_EXPECT_CONTEXTS(test, ctx, 0, 0, IS_ENABLED(CONFIG_SMP) && slot);
}

/*
 * kmap_atomic() disables page faults, and preemption without PREEMPT_RT, whatever the
 * page is, because its users rely on faults failing instead of sleeping. Both are
 * counted, so mappings nest. Migration is not looked at: it is the price of a slot.
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

	for (int i = 0; i < CONTEXTS; i++)
		ctx[i].migration = 0;
	KMAP_EXPECT_CONTEXTS(test, ctx, IS_ENABLED(CONFIG_PREEMPT_COUNT) && !rt, 1, 0);
}

/*
 * A task finds its own pages in its local mappings after another task has run on the
 * CPU with mappings of its own, because the slots belong to the CPU and a task may be
 * preempted while it has a page mapped. kmap_to_page() looks up the task's own mapping.
 */
static void kmap_local_across_schedule(struct kunit *test)
{
	struct page *page = highmem_test_page_of(test, 1);
	struct page *other = highmem_test_page_of(test, 2);
	struct kmap_thread *t = kmap_thread_create(test, 3, true);
	bool slot = kmap_local_takes_slot(page);
	struct page *found = NULL;
	void *a, *b;

	stay_on_first_cpu();
	a = kmap_local_page(page);
	b = kmap_local_page(other);
	kthread_bind(t->task, raw_smp_processor_id());
	wake_up_process(t->task);
	MM_KUNIT_EXPECT(test, kmap_thread_mapped(test, t));
	KUNIT_EXPECT_EQ(test, highmem_id_at(a), 1);
	KUNIT_EXPECT_EQ(test, highmem_id_at(b), 2);
	KUNIT_EXPECT_EQ(test, kmap_local_depth(), 2 * kmap_local_step(page));
	if (slot) {
		/* The other task's address is also one of this task. */
		kunit_warning_suppress(test)
			found = kmap_to_page(t->addr);
		KUNIT_EXPECT_PTR_EQ(test, found, page);
	}
	kunmap_local(b);
	kunmap_local(a);

	kmap_thread_stop(test, t);
	KMAP_EXPECT_THREAD_SAW(test, t, 3, 3);
	if (slot) {
		KUNIT_EXPECT_PTR_EQ(test, t->addr, a);
		KUNIT_EXPECT_PTR_EQ(test, t->inner, b);
	}
}

#define IRQ_CONTEXTS	3	/* the task, soft interrupts, hard interrupts */

/* Pages 0 to 2 are each of one context, page 3 is of all; page i is filled with i. */
struct irq_test {
	struct page *pages[IRQ_CONTEXTS + 1];
	int found[IRQ_CONTEXTS][2];
	int left[IRQ_CONTEXTS];
};

/* Records the first wrong contents, and the entries that mappings left behind. */
static bool kmap_local_irq_fn(void *data)
{
	int ctx = in_hardirq() ? 2 : in_serving_softirq() ? 1 : 0;
	int depth = kmap_local_depth();
	struct irq_test *irq = data;
	int left, found[2];
	void *a, *b;

	a = kmap_local_page(irq->pages[ctx]);
	b = kmap_local_page(irq->pages[IRQ_CONTEXTS]);
	found[0] = highmem_id_at(a);
	found[1] = highmem_id_at(b);
	kunmap_local(b);
	kunmap_local(a);
	left = kmap_local_depth() - depth;

	if (irq->found[ctx][0] == ctx)
		irq->found[ctx][0] = found[0];
	if (irq->found[ctx][1] == IRQ_CONTEXTS)
		irq->found[ctx][1] = found[1];
	if (!irq->left[ctx])
		irq->left[ctx] = left;

	return true;
}

/*
 * A local mapping may be made in any context, including interrupts, because the
 * kernel-doc of kmap_local_page() says so. An interrupt may come while the task takes a
 * slot or gives one back, and must leave the mappings of the task alone.
 */
static void kmap_local_in_irq(struct kunit *test)
{
	static const char *const context_names[] = { "task", "soft interrupt", "hard interrupt" };
	struct irq_test irq = {};

	for (int i = 0; i < ARRAY_SIZE(irq.pages); i++)
		irq.pages[i] = highmem_test_page_of(test, i);
	for (int i = 0; i < IRQ_CONTEXTS; i++) {
		irq.found[i][0] = i;
		irq.found[i][1] = IRQ_CONTEXTS;
	}
	/* The warnings of interrupts are those of the task they interrupt. */
	kunit_warning_suppress(test) {
		kunit_run_irq_test(test, kmap_local_irq_fn, 10000, &irq);
		KUNIT_EXPECT_SUPPRESSED_WARNING_COUNT(test, 0);
	}
	for (int i = 0; i < IRQ_CONTEXTS; i++) {
		KUNIT_EXPECT_EQ_MSG(test, irq.found[i][0], i,
				    "contents of the page of a %s", context_names[i]);
		KUNIT_EXPECT_EQ_MSG(test, irq.found[i][1], IRQ_CONTEXTS,
				    "contents of the common page in a %s", context_names[i]);
		KUNIT_EXPECT_EQ_MSG(test, irq.left[i], 0,
				    "entries that a %s left behind", context_names[i]);
	}
}

/*
 * kmap_local_folio() returns the address of the byte at the offset (kernel-doc), in
 * any page of the folio, because filesystems map the part of a folio that they work on.
 */
static void kmap_local_folio_offset(struct kunit *test)
{
	static const size_t offsets[] = {
		0, 1, PAGE_SIZE - 1, PAGE_SIZE, 2 * PAGE_SIZE - 1,
		3 * PAGE_SIZE + 5, 4 * PAGE_SIZE - 1,
	};
	const struct highmem_zone *row = test->param_value;
	struct folio *folio = highmem_test_folio(test, row->gfp, 2);

	for (int i = 0; i < 4; i++)
		memset_page(folio_page(folio, i), 0, i, PAGE_SIZE);

	for (int i = 0; i < ARRAY_SIZE(offsets); i++) {
		size_t offset = offsets[i];
		u8 *addr = kmap_local_folio(folio, offset);

		KUNIT_EXPECT_EQ_MSG(test, *addr, offset / PAGE_SIZE,
				    "contents at offset %zu", offset);
		KUNIT_EXPECT_EQ_MSG(test, offset_in_page(addr), offset_in_page(offset),
				    "byte in the page for offset %zu", offset);
		if (!kmap_local_takes_slot(folio_page(folio, 0)))
			KUNIT_EXPECT_PTR_EQ_MSG(test, (void *)addr,
						folio_address(folio) + offset,
						"address of offset %zu", offset);
		kunmap_local(addr);
	}
	KUNIT_EXPECT_EQ(test, kmap_local_depth(), 0);
}

/*
 * kmap_local_page_try_from_panic() takes no slot, because the slots may be what the
 * kernel panicked about: it returns page_address() of low memory and NULL for high
 * memory, which the panic screen then leaves out.
 */
static void kmap_local_page_from_panic(struct kunit *test)
{
	struct page *page = highmem_test_page(test);
	void *addr = kmap_local_page_try_from_panic(page);

	KUNIT_EXPECT_PTR_EQ(test, addr, PageHighMem(page) ? NULL : page_address(page));
	KUNIT_EXPECT_EQ(test, kmap_local_depth(), 0);
}

/*
 * The protection that is passed to kmap_local_page_prot() and kmap_atomic_prot() does
 * not matter for low memory, because the direct mapping has the page already, for any
 * access.
 */
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
	KUNIT_EXPECT_EQ(test, highmem_id_at(page_address(page)), 1);
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
	KUNIT_CASE(kmap_local_prot_lowmem),
	{}
};

static struct kunit_suite kmap_local_suite = {
	.name = "kmap_local",
	.init = highmem_test_init,
	.test_cases = kmap_local_cases,
};

kunit_test_suite(kmap_local_suite);

MODULE_DESCRIPTION("KUnit tests for kmap_local_page() and kmap_atomic()");
MODULE_LICENSE("GPL");
