/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef APP_COMPLETE_H
#define APP_COMPLETE_H

#include <stddef.h>

#include "app/app.h"

/**
 * @file complete.h  What could stand where the cursor is in a command line.
 *
 * Threads: UI.    Blocks: for themes as the disk does.
 */

enum { CANDIDATES_MAX = 64 };

struct candidate {
	char text[URI_MAX];      /* to be inserted (not quoted)  */
	char help[NAME_MAX_LEN]; /* what it is, "" when plain    */
};

struct candidates {
	size_t from; /* where in the line the word begins */
	unsigned n;
	struct candidate v[CANDIDATES_MAX];
};

/** Fill c for the word that ends at the cursor (an offset in bytes) */
void complete_line(struct candidates *c, const struct app *app,
		   const char *line, size_t cursor);

#endif
