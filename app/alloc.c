/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/alloc.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *or_abort(void *p)
{
	if (!p) {
		fputs("cordpair: out of memory\n", stderr);
		abort();
	}

	return p;
}

void *alloc_zero(size_t size)
{
	return or_abort(calloc(1, size));
}

void *alloc_grow(void *p, size_t n, size_t size)
{
	if (size && n > SIZE_MAX / size)
		return or_abort(NULL);

	return or_abort(realloc(p, n * size));
}

char *alloc_text(const char *s)
{
	return or_abort(strdup(s));
}
