/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ui/layout.h"

#include <string.h>

enum {
	TOP_ROWS = 2,    /* title, alert                */
	BOTTOM_ROWS = 3, /* log line, hints, prompt     */
	LOWER_ROWS = 8,  /* trace and log at 120 x 40   */
	MAIN_MIN = 6,    /* what the main panes keep    */
	HELP_COLS = 88,
	HELP_ROWS = 20,
	TRACE_COLS = 68,
};

int layout_call_rows(int rows, int cols, unsigned calls)
{
	const int usual = cols >= HUGE_COLS && rows >= 45   ? 9
			  : cols >= WIDE_COLS && rows >= 30 ? 7
							    : 5;
	const int most = rows - TOP_ROWS - BOTTOM_ROWS - 1 - MAIN_MIN;
	int want = calls > (unsigned)usual && calls < 1000 ? (int)calls : usual;

	if (calls >= 1000)
		want = most;
	if (want > most)
		want = most;

	return want > 1 ? want : 1;
}

static struct rect cut_rows(struct rect *from, int h)
{
	struct rect r = *from;

	if (h > from->h)
		h = from->h;
	if (h < 0)
		h = 0;
	r.h = h;
	from->y += h;
	from->h -= h;

	return r;
}

/* The left part; a bar and the rest stay */
static struct rect cut_cols(struct layout *l, struct rect *from, int w)
{
	struct rect r = *from;

	r.w = w;
	if (from->h > 0)
		l->barv[l->barc++] =
			(struct rect){from->y, from->x + w, from->h, 1};
	from->x += w + 1;
	from->w -= w + 1;

	return r;
}

static bool picks(const struct desk *d)
{
	return d->line.use == LINE_TARGET || d->line.use == LINE_PALETTE;
}

/* What takes the place of the rest: one pane, or ladder and message */
static void full(struct layout *l, struct rect r, const struct desk *d)
{
	struct rect text = r;

	if (d->full != PANE_LADDER) {
		l->pane[d->full] = r;
		return;
	}
	if (r.w >= WIDE_COLS - 1) {
		l->pane[PANE_LADDER] = cut_cols(l, &text, r.w * 7 / 12);
		l->pane[PANE_MESSAGE] = text;
		return;
	}
	/* one below the other: a ladder wants the height, until it is read */
	text.h = d->focus == PANE_MESSAGE ? r.h * 2 / 3 : r.h / 4 + 1;
	text.y = r.y + r.h - text.h;
	l->pane[PANE_LADDER] = r;
	l->pane[PANE_LADDER].h -= text.h;
	l->pane[PANE_MESSAGE] = text;
}

static void narrow(struct layout *l, struct rect r, const struct desk *d)
{
	if (picks(d)) {
		l->picker = cut_cols(l, &r, r.w * 50 / 80);
		l->side = r;
		return;
	}
	l->pane[PANE_DIRECTORY] = cut_cols(l, &r, r.w * 38 / 80);
	l->pane[PANE_TRANSFERS] = r;
}

static void wide(struct layout *l, struct rect r, const struct desk *d,
		 bool trace)
{
	struct rect lower = {0}, right;

	if (r.h > LOWER_ROWS + MAIN_MIN) {
		lower = r;
		lower.h = trace ? LOWER_ROWS : r.h * 11 / 35;
		lower.y = r.y + r.h - lower.h;
		if (trace)
			r.h -= lower.h;
	}
	right = r;
	if (trace) {
		l->pane[PANE_TRANSFERS] = cut_cols(l, &right, r.w * 70 / 120);
		if (lower.h) {
			l->pane[PANE_TRACE] =
				cut_cols(l, &lower, lower.w * 70 / 120);
			l->pane[PANE_LOG] = lower;
		}
	} else {
		struct rect left = cut_cols(l, &right, r.w * 80 / 131);

		if (lower.h) {
			l->pane[PANE_LOG] = left;
			l->pane[PANE_LOG].h = lower.h;
			l->pane[PANE_LOG].y = lower.y;
			left.h -= lower.h;
		}
		l->pane[PANE_TRANSFERS] = left;
	}
	if (picks(d))
		l->picker = right;
	else
		l->pane[PANE_DIRECTORY] = right;
}

/* Help lies over the panes where there is room beside it */
static void overlay(struct layout *l, int rows, int cols)
{
	const int w = cols < HELP_COLS ? cols : HELP_COLS;
	const int room = rows - TOP_ROWS - BOTTOM_ROWS;
	const int h = room - 2 < HELP_ROWS ? room : HELP_ROWS + 2;

	l->overlay = true;
	l->pane[PANE_HELP] =
		(struct rect){TOP_ROWS + (room - h) / 2, (cols - w) / 2, h, w};
}

static void too_small(struct layout *l, int rows, int cols)
{
	l->small = true;
	l->title = (struct rect){0, 0, 1, cols};
	if (rows > 2)
		l->alert = (struct rect){1, 0, 1, cols};
	if (rows > 1)
		l->prompt = (struct rect){rows - 1, 0, 1, cols};
	if (rows > 3)
		l->hints = (struct rect){rows - 2, 0, 1, cols};
}

void layout_make(struct layout *l, int rows, int cols, const struct desk *d)
{
	struct rect body;
	bool help_over;

	memset(l, 0, sizeof(*l));
	if (rows < SMALL_ROWS || cols < SMALL_COLS) {
		too_small(l, rows, cols);
		return;
	}
	l->title = (struct rect){0, 0, 1, cols};
	l->alert = (struct rect){1, 0, 1, cols};
	l->log = (struct rect){rows - 3, 0, 1, cols};
	l->hints = (struct rect){rows - 2, 0, 1, cols};
	l->prompt = (struct rect){rows - 1, 0, 1, cols};
	body = (struct rect){TOP_ROWS, 0, rows - TOP_ROWS - BOTTOM_ROWS, cols};

	if (d->zoom != PANE_COUNT && !picks(d)) {
		l->pane[d->zoom] = body;
		return;
	}
	help_over = d->full == PANE_HELP && cols >= WIDE_COLS &&
		    rows >= HELP_ROWS + 8;
	/* there is no room for both: the one that has the keys is seen */
	if (cols < WIDE_COLS && d->full != PANE_COUNT && !picks(d) &&
	    d->focus != PANE_CALLS) {
		full(l, body, d);
		return;
	}
	if (cols >= HUGE_COLS && d->full != PANE_TRACE) {
		struct rect left = cut_cols(l, &body, cols - TRACE_COLS - 1);

		l->pane[PANE_TRACE] = body;
		body = left;
	}
	l->pane[PANE_CALLS] = cut_rows(
		&body, 1 + layout_call_rows(rows, cols,
					    model_calls_up(&d->app->model)));
	if (cols >= WIDE_COLS && d->full != PANE_COUNT && !help_over &&
	    !picks(d))
		full(l, body, d);
	else if (cols < WIDE_COLS)
		narrow(l, body, d);
	else
		wide(l, body, d, cols < HUGE_COLS);
	if (help_over)
		overlay(l, rows, cols);
}
