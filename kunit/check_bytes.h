/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Checks of memory that is too large for KUNIT_EXPECT_MEMEQ(), which prints all of
 * it.
 */
#ifndef _MM_TESTS_CHECK_BYTES_H
#define _MM_TESTS_CHECK_BYTES_H

#include <kunit/test.h>
#include <linux/string.h>
#include <linux/types.h>

#include "mm_kunit.h"

/**
 * check_bytes() - compare memory, for MM_KUNIT_EXPECT()
 * @test: the case
 * @found: what is there
 * @expected: what should be there
 * @size: how many bytes
 *
 * Return: NULL if both are the same, or where the first difference is.
 */
static inline const char *check_bytes(struct kunit *test, const void *found,
				      const void *expected, size_t size)
{
	const u8 *f = found, *e = expected;
	size_t i;

	if (!memcmp(f, e, size))
		return NULL;
	for (i = 0; i < size - 1 && f[i] == e[i]; i++)
		;
	return mm_kunit_wrong(test, "byte %zu of %zu: expected %#x, found %#x", i, size, e[i],
			      f[i]);
}

/**
 * check_filled() - look at memory whose bytes are all the same, for MM_KUNIT_EXPECT()
 * @test: the case
 * @found: what is there
 * @value: what each byte should be
 * @size: how many bytes
 *
 * Return: NULL if they are, or where the first byte is that is not.
 */
static inline const char *check_filled(struct kunit *test, const void *found, u8 value,
				       size_t size)
{
	const u8 *bad = memchr_inv(found, value, size);

	if (!bad)
		return NULL;
	return mm_kunit_wrong(test, "byte %td of %zu: expected %#x, found %#x",
			      bad - (const u8 *)found, size, value, *bad);
}

#endif /* _MM_TESTS_CHECK_BYTES_H */
