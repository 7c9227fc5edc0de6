/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef UI_PROMPT_H
#define UI_PROMPT_H

#include <stdbool.h>
#include <stddef.h>

#include "app/desk.h"
#include "ui/input.h"

/**
 * @file prompt.h  The line that is typed: readline by its callbacks.
 *
 * The only file that knows readline.  It edits; the desk holds what it has
 * (desk->line), and the views draw that.  What the user's inputrc says counts,
 * history is kept in a file only its owner reads.
 *
 * Threads: UI.    Blocks: never, but for the history file.
 */

struct prompt;

/** Before the terminal is opened: readline must see it as it was.
 *  @param history  File, or NULL: none is kept */
void prompt_new(struct prompt **pp, struct desk *desk, const char *history);

/** Writes the history (whole or not at all) */
void prompt_free(struct prompt *p);

/** Open or close readline as desk->line.use says, with desk->line.text */
void prompt_sync(struct prompt *p);

/** Is a line being typed? */
bool prompt_open(const struct prompt *p);

/** A key that is no binding of the desk's; raw bytes go to readline whole */
void prompt_key(struct prompt *p, const struct input *in);

/** Text comes in at the cursor, controls taken out */
void prompt_paste(struct prompt *p, const char *text, size_t len);

/** Times readline asked for a byte it was not given; must stay 0 */
unsigned prompt_underruns(const struct prompt *p);

#endif
