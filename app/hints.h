/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef APP_HINTS_H
#define APP_HINTS_H

#include <stdbool.h>
#include <stddef.h>

#include "app/keys.h"

struct desk;

/**
 * @file hints.h  Which keys do what, now.
 *
 * Made of the key map and of what commands can run at this moment, so it
 * cannot lie.
 *
 * Threads: UI.    Blocks: never.
 */

enum { HINTS_MAX = 16 };

struct hint {
	struct key key;
	char key_name[16]; /* "C-t", "Enter"; several joined: "F2"     */
	char label[48];    /* what it does, "back to Dana"             */
	char line[128];    /* the command line it runs                 */
	bool blink;        /* its key was ignored just now             */
};

/** What the hint bar shows, the most useful first; returns how many */
unsigned hints_now(const struct desk *d, struct hint v[HINTS_MAX]);

/** What the picker of failures offers, in its order (Transfers pane) */
unsigned hints_recovery(const struct desk *d, struct hint v[HINTS_MAX]);

/** First key that runs this line in a context (or `all`), and does so while
 *  a line is typed if one is; context 0: when none is.  false: none */
bool hint_key(const struct desk *d, unsigned context, const char *line,
	      struct key *key);

/** One that works also while a line is typed, if there is one */
bool hint_any_key(const struct desk *d, const char *line, struct key *key);

#endif
