/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef APP_NEAREST_H
#define APP_NEAREST_H

#include <stddef.h>

/**
 * @file nearest.h  The name that was probably meant.
 *
 * Threads: any.    Blocks: never.
 */

struct nearest {
	const char *word; /* borrowed */
	const char *best; /* borrowed; NULL: nothing comes near */
	unsigned edits;
};

void nearest_init(struct nearest *n, const char *word);

/** Offer a name (borrowed while n is used) */
void nearest_try(struct nearest *n, const char *name);

/** "; did you mean NAME?" or "" into buf; returns buf */
const char *nearest_hint(const struct nearest *n, char *buf, size_t size);

/** How many letters to add, drop, change or swap to get from a to b */
unsigned nearest_edits(const char *a, const char *b);

#endif
