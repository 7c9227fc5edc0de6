/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef UI_TYPED_H
#define UI_TYPED_H

#include <stddef.h>

/**
 * @file typed.h  Lines that were typed, for going back to: the newest
 *                TYPED_LINES, each once.
 *
 * What begins with a blank is not kept, nor what may hold a password.
 *
 * Threads: any.    Blocks: as the disk does, in _new and _free.
 */

enum { TYPED_LINES = 500 };

struct typed;

/** @param path  File they are read from (copied), NULL: none */
void typed_new(struct typed **tp, const char *path);

/** Writes the file when there is something new: whole or not at all, and only
 *  its owner may read it.  What goes wrong is logged */
void typed_free(struct typed *t);

void typed_add(struct typed *t, const char *line);

unsigned typed_count(const struct typed *t);
/** Oldest first */
const char *typed_at(const struct typed *t, unsigned i);

#endif
