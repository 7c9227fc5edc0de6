/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef UI_VIEW_H
#define UI_VIEW_H

#include "app/desk.h"
#include "ui/canvas.h"
#include "ui/layout.h"

/**
 * @file view.h  The views: functions of the desk onto a canvas.
 *
 * A view has no memory and no effect but on its rectangle.
 *
 * Threads: UI.    Blocks: never.
 */

typedef void(view_h)(struct canvas *c, struct rect r, const struct desk *d);

view_h view_title, view_alert, view_last, view_hints, view_prompt;
view_h view_calls, view_directory, view_transfers, view_ladder, view_message;
view_h view_offers; /* over the panes; r: the row it stands on */
view_h view_trace, view_log, view_history, view_help, view_picker, view_side;

/** Everything: layout, panes, bars, fixed rows, overlay */
void view_screen(struct canvas *c, const struct desk *d);

/* ---- what the views share (view.c) ------------------------------------ */

/**
 * The header line of a pane over the first row of r: "═ Calls 3 ═══ right ═".
 *
 * @return r without that row
 */
struct rect view_header(struct canvas *c, struct rect r, const struct desk *d,
			enum pane pane, const char *left, const char *right);

/** Do keys go to this pane now (PANE_COUNT: the picker)?  Not while a line is
 *  typed: what is chosen there is shown, but not as what is moved */
bool view_has_keys(const struct desk *d, enum pane pane);

/** First row to show so that row `sel` of n is seen in h rows */
unsigned view_first(unsigned n, unsigned sel, int h);

/** "0:07", "12:34", "1:02:03" into buf (at least 12 bytes); returns buf */
char *view_time(char *buf, size_t size, uint64_t ms);

/** One SIP message in a row: time of time_w cells, direction, what it is */
void view_message_line(struct canvas *c, struct rect r,
		       const struct sip_line *l, int time_w);

/** Has this pane the keys?  PANE_COUNT: the picker */
bool view_has_keys(const struct desk *d, enum pane pane);

/** Cells of a hint [columns] */
int view_hint_width(const struct hint *h);

/** The line as it is typed, from column x on, with the cursor; returns x */
int view_typed(struct canvas *c, struct rect r, const struct desk *d, int x);

/** What lies at a cell, for the mouse */
struct view_spot {
	enum pane pane; /* PANE_COUNT: none */
	int row;        /* of the pane's list, -1: none         */
	int hint;       /* number of the hint, -1: none         */
	int choice;     /* row of picker or palette, -1: none   */
};
struct view_spot view_at(const struct desk *d, int rows, int cols, int y,
			 int x);

#endif
