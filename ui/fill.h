/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef UI_FILL_H
#define UI_FILL_H

#include <stddef.h>

#include "app/complete.h"

/**
 * @file fill.h  What a line becomes by completion.
 *
 * Words with blanks get quotes (base/lex.h), also when the user has opened
 * them already.
 *
 * Threads: UI.    Blocks: as complete_line().
 */

/** As complete_line(), but a word in quotes that are still open is found,
 *  too */
void fill_find(struct candidates *c, const struct app *app, const char *line,
	       size_t cursor);

/** The line up to the cursor with candidate i for its last word; yours,
 *  free() */
char *fill_one(const struct candidates *c, const char *line, unsigned i);

/** ... with what all of them begin with (its quotes stay open), or as it was
 *  where they do not go on from what is there; yours, free()
 *  @param line  Ends at the cursor */
char *fill_all(const struct candidates *c, const char *line);

#endif
