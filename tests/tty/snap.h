/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef TESTS_TTY_SNAP_H
#define TESTS_TTY_SNAP_H

#include <stdbool.h>
#include <stdio.h>

#include "tests/tty/tty.h"

/**
 * @file snap.h  The screen as a file: golden ones to compare with, and ANSI
 *               for pictures.
 *
 * A golden has for each row `|` and the text, then, unless all of it is
 * plain, `:` and a letter for the style of each cell (`.`: plain).  Below
 * stand where the cursor is (`@ ROW COL`) and what the letters mean.
 *
 * Threads: the test's.    Blocks: as the disk does.
 */

/**
 * Compare with a golden file.  What differs is printed to stderr, the screen
 * kept as ACTUAL.  With UPDATE_GOLDEN in the environment the golden is
 * rewritten instead.
 *
 * @return false: it differs, or there is none
 */
bool snap_compare(const struct tty *t, const char *golden, const char *actual);

/** For a reader: rows between bars, numbered */
void snap_show(const struct tty *t, FILE *f);

/** As a terminal would take it; false: it cannot be written */
bool snap_ansi(const struct tty *t, const char *path);

#endif
