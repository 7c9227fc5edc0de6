/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ui/view.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "base/thread.h"

/* What the views share, and the screen they make together. */

static view_h *const views[PANE_COUNT] = {
	[PANE_CALLS] = view_calls,
	[PANE_TRANSFERS] = view_transfers,
	[PANE_DIRECTORY] = view_directory,
	[PANE_LADDER] = view_ladder,
	[PANE_MESSAGE] = view_message,
	[PANE_TRACE] = view_trace,
	[PANE_LOG] = view_log,
	[PANE_HISTORY] = view_history,
	[PANE_HELP] = view_help,
};

char *view_time(char *buf, size_t size, uint64_t ms)
{
	const uint64_t s = ms / 1000;
	const unsigned h = (unsigned)(s / 3600);

	if (h)
		snprintf(buf, size, "%u:%02u:%02u", h, (unsigned)(s / 60 % 60),
			 (unsigned)(s % 60));
	else
		snprintf(buf, size, "%u:%02u", (unsigned)(s / 60),
			 (unsigned)(s % 60));

	return buf;
}

unsigned view_first(unsigned n, unsigned sel, int h)
{
	const unsigned rows = h > 0 ? (unsigned)h : 0;

	if (n <= rows || sel >= n || sel < rows / 2)
		return 0;
	if (sel + (rows + 1) / 2 >= n)
		return n - rows;

	return sel - rows / 2;
}

bool view_has_keys(const struct desk *d, enum pane pane)
{
	if (pane == PANE_COUNT)
		return true; /* the picker */

	/* what is typed goes to the line, but what is looked for is here */
	return d->focus == pane &&
	       (d->line.use == LINE_NONE || d->line.use == LINE_FIND ||
		d->line.use == LINE_CONFIRM);
}

struct rect view_header(struct canvas *c, struct rect r, const struct desk *d,
			enum pane pane, const char *left, const char *right)
{
	const bool keys = view_has_keys(d, pane);
	const unsigned rule = role(keys ? "rule.focus" : "rule");
	const unsigned head = role(keys ? "header.focus" : "header");
	int used = 0, room = r.w - 4;

	if (r.h < 1)
		return r;
	canvas_hline(c, r.y, r.x, r.w, rule,
		     keys ? GLYPH_LINE_FOCUS : GLYPH_LINE);
	if (room > 2) {
		canvas_text(c, r.y, r.x + 1, 1, head, " ");
		used = canvas_text(c, r.y, r.x + 2, room, head, left);
		canvas_text(c, r.y, r.x + 2 + used, 1, head, " ");
	}
	room -= used + 3;
	if (right[0] && room >= (int)text_width(right) + 1) {
		char text[128];

		snprintf(text, sizeof(text), " %s ", right);
		canvas_right(c, r.y, r.x + 2 + used + 1, r.w - used - 4, head,
			     text);
	}
	r.y++;
	r.h--;

	return r;
}

static void too_small(struct canvas *c)
{
	const int y = c->rows / 2;

	canvas_printf(c, y, 0, c->cols, role("strong"),
		      "too small: %d x %d, wants %d x %d", c->cols, c->rows,
		      SMALL_COLS, SMALL_ROWS);
}

/* Where a vertical bar meets a header line it stays a bar, as drawn */
static void bars(struct canvas *c, const struct layout *l)
{
	for (unsigned i = 0; i < l->barc; i++)
		canvas_vline(c, l->barv[i].y, l->barv[i].x, l->barv[i].h,
			     role("rule"), GLYPH_BAR);
}

static void box(struct canvas *c, struct rect r)
{
	const unsigned ro = role("rule.focus");

	canvas_fill(c, r, role("text"));
	canvas_hline(c, r.y, r.x, r.w, ro, GLYPH_LINE);
	canvas_hline(c, r.y + r.h - 1, r.x, r.w, ro, GLYPH_LINE);
	canvas_vline(c, r.y, r.x, r.h, ro, GLYPH_BAR);
	canvas_vline(c, r.y, r.x + r.w - 1, r.h, ro, GLYPH_BAR);
	canvas_glyph(c, r.y, r.x, ro, GLYPH_BOX_TL);
	canvas_glyph(c, r.y, r.x + r.w - 1, ro, GLYPH_BOX_TR);
	canvas_glyph(c, r.y + r.h - 1, r.x, ro, GLYPH_BOX_BL);
	canvas_glyph(c, r.y + r.h - 1, r.x + r.w - 1, ro, GLYPH_BOX_BR);
}

static void draw_panes(struct canvas *c, const struct layout *l,
		       const struct desk *d)
{
	for (unsigned i = 0; i < PANE_COUNT; i++) {
		struct rect r = l->pane[i];

		if (r.h < 1 || (i == PANE_HELP && l->overlay))
			continue;
		views[i](c, r, d);
	}
	if (l->picker.h > 0)
		view_picker(c, l->picker, d);
	if (l->side.h > 0)
		view_side(c, l->side, d);
	bars(c, l);
	if (l->overlay) {
		struct rect r = l->pane[PANE_HELP];

		box(c, r);
		r.y++;
		r.x += 2;
		r.h -= 2;
		r.w -= 4;
		view_help(c, r, d);
	}
}

void view_screen(struct canvas *c, const struct desk *d)
{
	struct layout l;

	ASSERT_UI();
	layout_make(&l, c->rows, c->cols, d);
	canvas_clear(c);
	if (l.small)
		too_small(c);
	else
		draw_panes(c, &l, d);
	view_title(c, l.title, d);
	view_alert(c, l.alert, d);
	view_last(c, l.log, d);
	view_hints(c, l.hints, d);
	view_prompt(c, l.prompt, d);
	if (d->offers.n && !l.small)
		view_offers(c, l.log, d);
}

/* ---- the mouse --------------------------------------------------------- */

static bool inside(struct rect r, int y, int x)
{
	return y >= r.y && y < r.y + r.h && x >= r.x && x < r.x + r.w;
}

/* Which row of its list a pane shows there; -1: none */
static int row_at(const struct desk *d, enum pane pane, struct rect r, int y)
{
	const int at = y - r.y - 1; /* below the header */
	const unsigned n = desk_rows(d, pane);
	unsigned sel = desk_row(d, pane), first;

	if (at < 0 ||
	    (pane != PANE_CALLS && pane != PANE_DIRECTORY &&
	     pane != PANE_TRACE && pane != PANE_LOG && pane != PANE_HISTORY))
		return -1;
	if (sel == DESK_NO_ROW)
		sel = 0;
	first = view_first(n, sel, r.h - 1);

	return first + (unsigned)at < n ? (int)first + at : -1;
}

struct view_spot view_at(const struct desk *d, int rows, int cols, int y, int x)
{
	struct view_spot s = {PANE_COUNT, -1, -1, -1};
	struct hint v[HINTS_MAX];
	struct layout l;

	layout_make(&l, rows, cols, d);
	if (inside(l.hints, y, x)) {
		const unsigned n = hints_now(d, v);
		int at = l.hints.x + 1;

		for (unsigned i = 0; i < n; i++) {
			const int w = view_hint_width(&v[i]);

			if (x >= at && x < at + w)
				s.hint = (int)i;
			at += w + 2;
		}
		return s;
	}
	if (inside(l.picker, y, x)) {
		const int h = l.picker.h - 2;
		const int at = y - l.picker.y - 2;

		if (at >= 0)
			s.choice =
				(int)view_first(d->pick.n, d->pick.sel, h) + at;
		return s;
	}
	if (l.overlay && inside(l.pane[PANE_HELP], y, x)) {
		s.pane = PANE_HELP;
		return s;
	}
	for (unsigned i = 0; i < PANE_COUNT; i++) {
		if (!inside(l.pane[i], y, x))
			continue;
		s.pane = (enum pane)i;
		s.row = row_at(d, s.pane, l.pane[i], y);
	}

	return s;
}
