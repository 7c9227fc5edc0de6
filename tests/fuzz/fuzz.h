/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef FUZZ_FUZZ_H
#define FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/**
 * @file fuzz.h  What the fuzz targets share.
 *
 * A target splits its input at the first line end where it needs two.  Every
 * piece is copied to a block of exactly its size, so that AddressSanitizer
 * sees a read of one byte too many.
 */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Unlike assert() it is there in every build */
#define CHECK(cond)                                                            \
	do {                                                                   \
		if (!(cond)) {                                                 \
			(void)fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, \
				      __LINE__, #cond);                        \
			abort();                                               \
		}                                                              \
	} while (0)

/** Bytes, not terminated; free() */
static inline char *fuzz_bytes(const uint8_t *data, size_t size)
{
	char *p = calloc(size ? size : 1, 1);

	CHECK(p);
	if (size)
		memcpy(p, data, size);

	return p;
}

/** Text up to the first NUL, terminated; free() */
static inline char *fuzz_text(const uint8_t *data, size_t size)
{
	const uint8_t *nul = size ? memchr(data, 0, size) : NULL;
	char *p;

	if (nul)
		size = (size_t)(nul - data);

	p = malloc(size + 1);
	CHECK(p);
	if (size)
		memcpy(p, data, size);
	p[size] = '\0';

	return p;
}

/** Length of the first line; *restp is where the next begins */
static inline size_t fuzz_line(const uint8_t *data, size_t size, size_t *restp)
{
	const uint8_t *end = size ? memchr(data, '\n', size) : NULL;
	const size_t len = end ? (size_t)(end - data) : 0;

	*restp = end ? len + 1 : 0;

	return len;
}

#endif
