/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef APP_ALLOC_H
#define APP_ALLOC_H

#include <stddef.h>

/**
 * @file alloc.h  Memory that is there, or the program ends.
 *
 * Threads: any.    Blocks: never.    Errors: none, it aborts.
 */

/** Zeroed memory; yours, free(3) */
void *alloc_zero(size_t size);

/** Room for n of size bytes in place of p; what is new is not zeroed */
void *alloc_grow(void *p, size_t n, size_t size);

/** A copy of a string; yours, free(3) */
char *alloc_text(const char *s);

#endif
