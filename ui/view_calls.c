/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "ui/view.h"

/* The calls: who, how long, and what is happening to him. */

enum { SHOWN_MAX = 6000 };

struct columns {
	int number, name, peer, local, time, more; /* where each begins    */
	int id_w, name_w, peer_w, local_w;
};

struct word {
	const char *text, *role;
	enum glyph glyph;
};

/* Its REFER is out and nobody knows yet: it is held, but for that */
static bool moves(const struct desk *d, uint32_t call)
{
	const struct tale *t = desk_tale_of(d, call);

	return t && t->info.outcome == OUTCOME_NONE && t->refer_ms &&
	       t->info.call == call;
}

static struct word word_of(const struct desk *d, const struct call_info *c)
{
	if (moves(d, c->id))
		return (struct word){"XFER", "call.consult", GLYPH_XFER};
	switch (c->state) {
	case CALL_TALKING:
		if (c->consult_of)
			return (struct word){"CONS", "call.consult",
					     GLYPH_TALK};
		return (struct word){"TALK", "call.talk", GLYPH_TALK};
	case CALL_HELD:
		return (struct word){"HOLD", "call.hold", GLYPH_HOLD};
	case CALL_RINGING:
		if (c->dir == CALL_IN)
			return (struct word){"RING", "call.ring", GLYPH_RING};
		return (struct word){"RING", "call.dial", GLYPH_DIAL};
	case CALL_ENDED:
		return (struct word){"END", "call.ended", GLYPH_ENDED};
	default:
		return (struct word){"DIAL", "call.dial", GLYPH_DIAL};
	}
}

/* Widths as the screen allows: names give way before numbers do */
static struct columns columns(int w, uint32_t highest)
{
	struct columns k = {.id_w = 1};
	int left;

	for (; highest >= 10; highest /= 10)
		k.id_w++;
	k.name = 11 + k.id_w;
	left = w - k.name - 9 - 15; /* time, what happens */
	k.name_w = w >= WIDE_COLS ? 27 : left * 18 / 44;
	k.peer_w = w >= WIDE_COLS ? 18 : left * 18 / 44;
	k.local_w = left - k.name_w - k.peer_w;
	if (k.local_w > 11)
		k.local_w = 11;
	if (k.local_w < 0)
		k.local_w = 0;
	k.peer = k.name + k.name_w;
	k.local = k.peer + k.peer_w;
	k.time = k.local + k.local_w;
	k.more = k.time + 9;

	return k;
}

/* "hold 1:02", "→ Alan 180", "talking": what goes on, and its role */
static const char *what(const struct canvas *c, const struct desk *d,
			const struct call_info *i, char *buf, size_t size)
{
	const struct desk_call *k = desk_call(d, i->id);
	const struct tale *t = desk_tale_of(d, i->id);
	const uint32_t warn = option_number(&d->app->options, "hold_warn");
	char time[16], name[NAME_MAX_LEN];

	if (moves(d, i->id)) {
		if (t->info.code)
			snprintf(buf, size, "%s %s %u", glyph(c, GLYPH_OUT),
				 desk_short(t->target, name, sizeof(name)),
				 t->info.code);
		else
			snprintf(buf, size, "%s %s", glyph(c, GLYPH_OUT),
				 desk_short(t->target, name, sizeof(name)));
		return "call.consult";
	}
	if (i->state == CALL_HELD && k && k->held_ms) {
		const uint64_t ms = desk_since(d, k->held_ms);

		snprintf(buf, size, "hold %s",
			 view_time(time, sizeof(time), ms));
		return warn && ms >= warn * 1000ull ? "log.warn" : "muted";
	}
	if (i->state == CALL_HELD)
		snprintf(buf, size, "hold");
	else if (i->remote_hold)
		snprintf(buf, size, "holds you");
	else if (i->muted)
		snprintf(buf, size, "muted");
	else if (i->consult_of && i->state == CALL_TALKING)
		snprintf(buf, size, "talking");
	else if (k && k->returned && i->state == CALL_RINGING)
		snprintf(buf, size, "is back");
	else if (i->state == CALL_EARLY)
		snprintf(buf, size, "early media");
	else
		buf[0] = '\0';

	return i->muted || i->remote_hold ? "log.warn" : "muted";
}

/* Which transfer it belongs to, joined with its partner in the row below */
static void pairing(struct canvas *c, int y, int x, int max,
		    const struct desk *d, const struct call_info *i)
{
	const struct tale *t = desk_tale_of(d, i->id);

	if (!t || max < 3)
		return;
	if (t->open && t->info.call == i->id)
		canvas_printf(c, y, x, max, role("step.fail"), "%sT%u",
			      glyph(c, GLYPH_FAIL), t->info.id);
	else if (t->info.outcome == OUTCOME_NONE && t->info.consult)
		canvas_printf(c, y, x, max, role("call.consult"), "%sT%u",
			      glyph(c, t->info.call == i->id ? GLYPH_PAIR_TOP
							     : GLYPH_PAIR_END),
			      t->info.id);
}

static void row(struct canvas *c, struct rect r, const struct desk *d,
		const struct columns *k, const struct call_info *i)
{
	const struct desk_call *times = desk_call(d, i->id);
	const struct word w = word_of(d, i);
	const bool chosen = d->app->model.selected == i->id;
	const unsigned ro = role(w.role);
	char name[NAME_MAX_LEN], number[NAME_MAX_LEN], time[16], more[96];
	const char *more_role = what(c, d, i, more, sizeof(more));
	const int right = r.x + r.w;
	int x = r.x + k->more, used;

	if (chosen)
		canvas_text(c, r.y, r.x, 1, role("strong"), ">");
	canvas_printf(c, r.y, r.x + 1, k->id_w, role("strong"), "%*u", k->id_w,
		      i->id);
	canvas_glyph(c, r.y, r.x + k->id_w + 2, ro, w.glyph);
	canvas_printf(c, r.y, r.x + k->id_w + 3, 5, ro, " %s", w.text);
	canvas_glyph(c, r.y, r.x + k->id_w + 9, role("muted"),
		     i->dir == CALL_IN ? GLYPH_IN : GLYPH_OUT);
	desk_name(d, i, name, sizeof(name));
	desk_number(i->peer, number, sizeof(number));
	canvas_text(c, r.y, r.x + k->name, k->name_w - 1, role("text"), name);
	if (strcmp(name, number) != 0)
		canvas_text(c, r.y, r.x + k->peer, k->peer_w - 1, role("muted"),
			    number);
	canvas_text(c, r.y, r.x + k->local, k->local_w - 1, role("muted"),
		    i->local);
	view_time(time, sizeof(time),
		  desk_since(d, times ? times->began_ms : d->now_ms));
	canvas_right(c, r.y, r.x + k->time, 7, role("text"), time);
	used = canvas_text(c, r.y, x, right - x, role(more_role), more);
	x += used ? used + 1 : 0;
	pairing(c, r.y, x, right - x, d, i);
	if (chosen)
		canvas_role(c, r,
			    role(view_has_keys(d, PANE_CALLS) ? "select"
							      : "select.blur"));
}

static void headline(const struct desk *d, const struct canvas *c, char *left,
		     size_t lsize, char *right, size_t rsize)
{
	const unsigned up = model_calls_up(&d->app->model);
	unsigned held = 0;
	uint64_t longest = 0;
	char time[16];

	for (unsigned i = 0; i < d->callc; i++) {
		const struct desk_call *k = &d->calls[i];

		if (!k->held_ms || k->ended_ms || moves(d, k->id))
			continue;
		held++;
		if (desk_since(d, k->held_ms) > longest)
			longest = desk_since(d, k->held_ms);
	}
	snprintf(left, lsize, "Calls %u", up);
	right[0] = '\0';
	if (held)
		snprintf(right, rsize, "%u on hold %s %s%s", held,
			 glyph(c, GLYPH_DOT), held > 1 ? "longest " : "",
			 view_time(time, sizeof(time), longest));
}

static void nobody(struct canvas *c, struct rect r, const struct desk *d)
{
	const struct tale *t = d->talec ? &d->tales[d->talec - 1] : NULL;
	const bool bad = t && tale_failed(t);
	char result[TEXT_MAX];
	int x = r.x + 2;

	x += canvas_text(c, r.y, x, r.w - 2, role("muted"), "no calls");
	if (!t || t->info.outcome == OUTCOME_NONE)
		return;
	tale_result(t, result, sizeof(result));
	canvas_printf(c, r.y, x + 3, r.x + r.w - x - 3, role("muted"),
		      "last %s %s %s%s%s  %s %s %s, %s", t->caller,
		      glyph(c, GLYPH_OUT), t->target,
		      strcmp(t->target, t->number) == 0 ? "" : " ",
		      strcmp(t->target, t->number) == 0 ? "" : t->number,
		      glyph(c, bad ? GLYPH_FAIL : GLYPH_DONE),
		      bad ? "failed" : "transferred", t->wall, result);
}

void view_calls(struct canvas *c, struct rect r, const struct desk *d)
{
	static const struct call_info *v[SHOWN_MAX]; /* too big for a stack */
	const unsigned n = desk_calls(d, v, SHOWN_MAX);
	const unsigned sel = desk_row(d, PANE_CALLS);
	struct columns k;
	char left[32], right[64];
	unsigned first;

	headline(d, c, left, sizeof(left), right, sizeof(right));
	r = view_header(c, r, d, PANE_CALLS, left, right);
	if (r.h < 1)
		return;
	if (!n) {
		nobody(c, r, d);
		return;
	}
	k = columns(r.w, v[n - 1]->id);
	first = view_first(n, sel == DESK_NO_ROW ? 0 : sel, r.h);
	for (int i = 0; i < r.h && first + (unsigned)i < n; i++)
		row(c, (struct rect){r.y + i, r.x, 1, r.w}, d, &k,
		    v[first + (unsigned)i]);
}
