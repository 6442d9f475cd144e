/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Two regions of emulated I/O memory (lib/logic_iomem.c), for the suites that test
 * the emulation.
 *
 * A region cannot be removed, so the two of a suite are added once and stay. They
 * lie side by side, with nothing around them:
 *
 *	| hole | first: two areas of 16 MB | second: a page | hole |
 *
 * Their operations record what they are asked for, and do what the case wants.
 */
#ifndef _MM_TESTS_EMULATED_IOMEM_H
#define _MM_TESTS_EMULATED_IOMEM_H

#include <kunit/test.h>
#include <linux/io.h>
#include <linux/ioport.h>
#include <linux/logic_iomem.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/sizes.h>

#include "free_iomem.h"
#include "io_mapping.h"
#include "mm_kunit.h"

/* The part of the address space that each mapping gets, and how many there are. */
#define AREA_SIZE	SZ_16M
#define NR_AREAS	128

#define FIRST_SIZE	(2 * AREA_SIZE)
#define SECOND_SIZE	PAGE_SIZE

static struct resource first, second;

enum op { OP_READ, OP_WRITE, OP_SET, OP_COPY_FROM, OP_COPY_TO, OP_UNMAP };

static const char * const op_names[] __maybe_unused = {
	[OP_READ] = "read",
	[OP_WRITE] = "write",
	[OP_SET] = "set",
	[OP_COPY_FROM] = "copy_from",
	[OP_COPY_TO] = "copy_to",
	[OP_UNMAP] = "unmap",
};

#define NR_CALLS	8

/**
 * struct call - a call of one of struct logic_iomem_ops
 * @op: which one
 * @mapping: whose private data it got: 1 is the first mapping of the case
 * @offset: as it got it
 * @size: as it got it
 * @value: that was to be written
 * @buffer: that was to be copied from or to
 */
struct call {
	enum op op;
	int mapping;
	unsigned int offset;
	int size;
	unsigned long value;
	const void *buffer;
};

/**
 * struct emulation - what the operations do, and what they were asked for
 * @map_error: with what to refuse a mapping
 * @map_offset: what ->map returns, the offset of the mapping in the region
 * @no_ops: give no operations to the mapping
 * @minimal: give it those operations only that it must have
 * @maps: calls of ->map
 * @region: the region of the last one
 * @offset: its offset there
 * @size: its size
 * @calls: calls of other operations
 * @call: the first of these
 */
static struct emulation {
	long map_error;
	long map_offset;
	bool no_ops;
	bool minimal;

	int maps;
	const struct resource *region;
	unsigned long offset;
	size_t size;

	int calls;
	struct call call[NR_CALLS];
} emulation;

static inline void note(enum op op, void *priv, unsigned int offset, int size,
			unsigned long value, const void *buffer)
{
	if (emulation.calls < NR_CALLS)
		emulation.call[emulation.calls] = (struct call){
			.op = op,
			.mapping = (long)priv,
			.offset = offset,
			.size = size,
			.value = value,
			.buffer = buffer,
		};
	emulation.calls++;
}

/* What the first call of ->read returns; the next one returns one more. */
#define READ_VALUE	0x8877665544332211ULL

static inline unsigned long emulated_read(void *priv, unsigned int offset, int size)
{
	note(OP_READ, priv, offset, size, 0, NULL);
	return READ_VALUE + emulation.calls - 1;
}

static inline void emulated_write(void *priv, unsigned int offset, int size,
				  unsigned long value)
{
	note(OP_WRITE, priv, offset, size, value, NULL);
}

static inline void emulated_set(void *priv, unsigned int offset, u8 value, int size)
{
	note(OP_SET, priv, offset, size, value, NULL);
}

static inline void emulated_copy_from(void *priv, void *buffer, unsigned int offset,
				      int size)
{
	note(OP_COPY_FROM, priv, offset, size, 0, buffer);
}

static inline void emulated_copy_to(void *priv, unsigned int offset,
				    const void *buffer, int size)
{
	note(OP_COPY_TO, priv, offset, size, 0, buffer);
}

static inline void emulated_unmap(void *priv)
{
	note(OP_UNMAP, priv, 0, 0, 0, NULL);
}

static const struct logic_iomem_ops all_ops = {
	.read = emulated_read,
	.write = emulated_write,
	.set = emulated_set,
	.copy_from = emulated_copy_from,
	.copy_to = emulated_copy_to,
	.unmap = emulated_unmap,
};

static const struct logic_iomem_ops minimal_ops = {
	.read = emulated_read,
	.write = emulated_write,
};

static inline long emulated_map(const struct resource *region, unsigned long offset,
				size_t size, const struct logic_iomem_ops **ops, void **data)
{
	emulation.maps++;
	emulation.region = region;
	emulation.offset = offset;
	emulation.size = size;

	if (!emulation.no_ops)
		*ops = emulation.minimal ? &minimal_ops : &all_ops;
	*data = (void *)(long)emulation.maps;
	return emulation.map_error ?: emulation.map_offset;
}

static inline long first_map(unsigned long offset, size_t size,
			     const struct logic_iomem_ops **ops, void **data)
{
	return emulated_map(&first, offset, size, ops, data);
}

static inline long second_map(unsigned long offset, size_t size,
			      const struct logic_iomem_ops **ops, void **data)
{
	return emulated_map(&second, offset, size, ops, data);
}

static const struct logic_iomem_region_ops first_ops = { .map = first_map };
static const struct logic_iomem_region_ops second_ops = { .map = second_map };

/**
 * check_call() - look at a recorded call, for MM_KUNIT_EXPECT()
 * @test: the case
 * @nr: which call, from 0 on
 * @op: the expected operation
 * @mapping: whose private data it has to get: 1 is the first mapping of the case
 * @offset: the offset it has to get
 * @size: the size it has to get
 *
 * Return: NULL, or what is wrong.
 */
static inline const char *check_call(struct kunit *test, int nr, enum op op, int mapping,
				     unsigned long offset, int size)
{
	struct call *call = &emulation.call[nr];

	if (nr >= emulation.calls || nr >= NR_CALLS)
		return mm_kunit_wrong(test, "call %d: expected %s, found %d calls",
				      nr, op_names[op], emulation.calls);
	if (call->op == op && call->mapping == mapping && call->offset == offset &&
	    call->size == size)
		return NULL;
	return mm_kunit_wrong(test,
			      "call %d: expected %s of mapping %d, offset %#lx, size %d, found %s of mapping %d, offset %#x, size %d",
			      nr, op_names[op], mapping, offset, size, op_names[call->op],
			      call->mapping, call->offset, call->size);
}

/* The number of the area that the mapping has. */
static inline unsigned long area_of(void __iomem *addr)
{
	return ((__force unsigned long)addr / AREA_SIZE) % NR_AREAS;
}

/**
 * emulated_iomem_init() - the init of a suite with emulated I/O memory
 * @test: the case that is about to run
 *
 * Return: 0, as an init does.
 */
static inline int emulated_iomem_init(struct kunit *test)
{
	emulation = (struct emulation){ };
	return mm_kunit_init(test);
}

/**
 * emulated_iomem_suite_init() - the suite_init of a suite with emulated I/O memory
 * @suite: the suite
 *
 * Return: 0, or -errno.
 */
static inline int emulated_iomem_suite_init(struct kunit_suite *suite)
{
	struct resource hole;
	int err;

	if (first.parent)
		return 0;

	err = request_free_iomem(&hole, suite->name,
				 FIRST_SIZE + SECOND_SIZE + 2 * PAGE_SIZE);
	if (err)
		return err;
	release_resource(&hole);

	first = DEFINE_RES_MEM_NAMED(hole.start + PAGE_SIZE, FIRST_SIZE, "KUnit test, first");
	second = DEFINE_RES_MEM_NAMED(first.end + 1, SECOND_SIZE, "KUnit test, second");
	err = logic_iomem_add_region(&first, &first_ops);
	if (err)
		return err;
	/* The regions would refer to a module that is gone. */
	__module_get(THIS_MODULE);
	return logic_iomem_add_region(&second, &second_ops);
}

#endif /* _MM_TESTS_EMULATED_IOMEM_H */
