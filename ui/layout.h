/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef UI_LAYOUT_H
#define UI_LAYOUT_H

#include "app/desk.h"
#include "ui/canvas.h"

/**
 * @file layout.h  Which part of the screen belongs to whom.
 *
 * Fixed rows: the title on top, the alert below it (always kept free, so
 * that nothing jumps when it rings); at the bottom the last line of the log,
 * the hints and the command line.  Between them the panes.  A pane's first
 * row is its header; columns are parted by one bar.
 *
 *   below 60 x 15     too small: only a notice, title, alert and prompt
 *   to 109 columns    Directory | Transfers; ladder, trace, log, history and
 *                     help take the place of everything between
 *   110 to 189        Transfers | Directory, below them Trace | Log; help
 *                     lies over it; the ladder takes the lower part
 *   190 and more      the trace is a column of its own
 *
 * Threads: any.    Blocks: never.
 */

enum { SMALL_ROWS = 15, SMALL_COLS = 60, WIDE_COLS = 110, HUGE_COLS = 190 };

struct layout {
	bool small;
	struct rect title, alert, log, hints, prompt;
	struct rect pane[PANE_COUNT]; /* h is 0 where it is not shown */
	struct rect picker;           /* list of targets or commands  */
	struct rect side;             /* what is known about the one  */
	bool overlay;                 /* help lies over the panes     */
	unsigned barc;                /* vertical bars                */
	struct rect barv[4];
};

/** Panes never overlap and never leave the screen, whatever its size */
void layout_make(struct layout *l, int rows, int cols, const struct desk *d);

/** Rows the list of calls gets: 5, 7 or 9, more when there are more calls */
int layout_call_rows(int rows, int cols, unsigned calls);

#endif
