/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/text.h"
#include "ui/view.h"

/* Log and history: what was. */

static void log_row(struct canvas *c, struct rect r, const struct diary_line *l)
{
	const bool bad = l->level <= LOG_WARN;
	const unsigned ro = role(l->level == LOG_ERROR  ? "log.error"
				 : l->level == LOG_WARN ? "log.warn"
							: "text");
	int x = r.x + 1;

	x += canvas_printf(c, r.y, x, 11, role("muted"), "%-8s %s", l->wall,
			   bad ? "!" : " ") +
	     1;
	if (l->tag[0] && strcmp(l->tag, "help") != 0)
		x += canvas_printf(c, r.y, x, r.x + r.w - x, role("muted"),
				   "%s: ", l->tag);
	canvas_text(c, r.y, x, r.x + r.w - x, ro, l->text);
}

void view_log(struct canvas *c, struct rect r, const struct desk *d)
{
	const unsigned n = desk_rows(d, PANE_LOG);
	const unsigned sel = desk_row(d, PANE_LOG);
	const char *level = log_level_name(log_level());
	unsigned first;

	r = view_header(c, r, d, PANE_LOG, "Log",
			d->row[PANE_LOG] ? "held, f follows" : level);
	if (!n)
		return;
	first = view_first(n, sel, r.h);
	for (int i = 0; i < r.h && first + (unsigned)i < n; i++) {
		const unsigned at = first + (unsigned)i;
		const struct rect row = {r.y + i, r.x, 1, r.w};

		log_row(c, row, desk_diary(d, n - 1 - at));
		if (at == sel && d->focus == PANE_LOG)
			canvas_role(c, row, role("select"));
	}
}

/* ---- history ------------------------------------------------------------- */

static void past_row(struct canvas *c, struct rect r, const struct past *p)
{
	static const struct {
		const char *word, *role;
		enum glyph glyph;
	} kinds[] = {
		[PAST_IN] = {"in", "text", GLYPH_IN},
		[PAST_MISSED] = {"missed", "log.warn", GLYPH_IN},
		[PAST_OUT] = {"out", "text", GLYPH_OUT},
		[PAST_TRANSFER] = {"moved", "text", GLYPH_XFER},
	};
	const bool good = p->kind != PAST_TRANSFER ||
			  p->outcome == OUTCOME_SUCCEEDED ||
			  p->outcome == OUTCOME_SUCCEEDED_INFERRED;
	const unsigned ro = role(good ? kinds[p->kind].role : "step.fail");
	char when[32] = "", lasted[16], number[NAME_MAX_LEN];
	const int right = r.x + r.w;
	int x = r.x + 1;
	struct tm tm;

	if (localtime_r(&p->when, &tm))
		(void)strftime(when, sizeof(when), "%a %d.%m. %H:%M", &tm);
	x += canvas_text(c, r.y, x, 18, role("muted"), when) + 2;
	canvas_glyph(c, r.y, x, ro, kinds[p->kind].glyph);
	canvas_text(c, r.y, x + 2, 7, ro, kinds[p->kind].word);
	x += 10;
	view_time(lasted, sizeof(lasted), p->lasted_s * 1000ull);
	canvas_right(c, r.y, right - 9, 8, role("muted"),
		     p->lasted_s ? lasted : "");
	if (p->kind == PAST_TRANSFER)
		canvas_printf(c, r.y, x, right - x - 10, role("text"),
			      "%s %s %s  %s", p->name, glyph(c, GLYPH_OUT),
			      p->target_name, good ? "" : p->text);
	else
		canvas_printf(c, r.y, x, right - x - 10, role("text"),
			      "%s  %s  %s", p->name,
			      desk_number(p->peer, number, sizeof(number)),
			      p->code >= 300 ? p->text : "");
}

void view_history(struct canvas *c, struct rect r, const struct desk *d)
{
	const unsigned n = past_count(d->past);
	const unsigned sel = desk_row(d, PANE_HISTORY);
	char right[32];
	unsigned first;

	snprintf(right, sizeof(right), "%u", n);
	r = view_header(c, r, d, PANE_HISTORY, "Calls and transfers before",
			right);
	if (!n && r.h > 0)
		canvas_text(c, r.y, r.x + 2, r.w - 2, role("muted"),
			    "nothing yet");
	first = view_first(n, sel == DESK_NO_ROW ? 0 : sel, r.h);
	for (int i = 0; i < r.h && first + (unsigned)i < n; i++) {
		const struct rect row = {r.y + i, r.x, 1, r.w};

		past_row(c, row, past_at(d->past, first + (unsigned)i));
		if (first + (unsigned)i == sel && d->focus == PANE_HISTORY)
			canvas_role(c, row, role("select"));
	}
}
