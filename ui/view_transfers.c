/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/text.h"
#include "ui/view.h"

/*
 * Transfers: the one that matters now with its way, what to do next and its
 * messages; the others below, a row each.
 */

enum { MESSAGES = 64, SLOT_LEAST = 7, AIRY = 11 };

/* Where the next row goes */
struct place {
	struct canvas *c;
	struct rect r;
	const struct desk *d;
	int y;
};

static bool room(const struct place *p)
{
	return p->y < p->r.y + p->r.h;
}

/* The one to show in full: of the selected call, else the newest that goes on
 * or waits for a decision */
static const struct tale *shown(const struct desk *d)
{
	const struct tale *t = desk_tale_of(d, d->app->model.selected);

	if (t && (t->open || t->info.outcome == OUTCOME_NONE))
		return t;
	for (unsigned i = d->talec; i-- > 0;) {
		t = &d->tales[i];
		if (t->open || t->info.outcome == OUTCOME_NONE)
			return t;
	}

	return NULL;
}

static void head(struct place *p, const struct tale *t)
{
	const int w = p->r.w - 1;
	char time[16];

	if (tale_failed(t) && t->info.code < 300) {
		canvas_printf(p->c, p->y++, p->r.x + 1, w, role("step.fail"),
			      "%s T%u %s", glyph(p->c, GLYPH_FAIL), t->info.id,
			      t->info.say);
		return;
	}
	if (tale_failed(t)) {
		canvas_printf(
			p->c, p->y++, p->r.x + 1, w, role("step.fail"),
			"%s T%u %u %s from %s %s", glyph(p->c, GLYPH_FAIL),
			t->info.id, t->info.code, t->info.text, t->target,
			strcmp(t->target, t->number) == 0 ? "" : t->number);
		return;
	}
	view_time(time, sizeof(time), desk_since(p->d, t->refer_ms));
	canvas_printf(p->c, p->y++, p->r.x + 1, w, role("strong"),
		      "T%u%s%s %s %s%s%s%s%s", t->info.id,
		      t->info.kind != KIND_BLIND ? " attended  "
		      : p->r.w >= 60             ? " blind  "
						 : " ",
		      t->caller, glyph(p->c, GLYPH_OUT), t->target,
		      strcmp(t->target, t->number) == 0 ? "" : " ",
		      strcmp(t->target, t->number) == 0 ? "" : t->number,
		      t->refer_ms ? "  " : "", t->refer_ms ? time : "");
}

/* Text of the engine, in up to so many rows */
static void say(struct place *p, const char *text, int rows)
{
	const int w = p->r.w - 1;

	for (; *text && rows > 0 && room(p); rows--) {
		size_t cut = strlen(text);
		char line[TEXT_MAX];

		/* the last row is cut by the canvas, the others at a blank */
		while (rows > 1 && cut) {
			if (!text_ncopy(line, sizeof(line), text, cut) &&
			    (int)text_width(line) <= w)
				break;
			do
				cut--;
			while (cut && text[cut] != ' ');
		}
		if (!cut || rows == 1)
			cut = strlen(text);
		canvas_printf(p->c, p->y++, p->r.x + 1, w, role("strong"),
			      "%.*s", (int)cut, text);
		text += cut + strspn(text + cut, " ");
	}
}

/* What goes on, in words: "Alan ◐ ringing, Dana waits on hold" */
static void sentence(struct place *p, const struct tale *t)
{
	const struct model *m = &p->d->app->model;
	const struct call_info *c = model_call(m, t->info.call);
	const struct call_info *two = model_call(m, t->info.consult);
	const struct desk_call *k = desk_call(p->d, t->info.call);
	const bool held = c && c->state == CALL_HELD;
	char caller[NAME_MAX_LEN], target[NAME_MAX_LEN], time[16];
	const int x = p->r.x + 1, w = p->r.w - 1;

	desk_short(t->caller, caller, sizeof(caller));
	desk_short(t->target, target, sizeof(target));
	if (held && t->info.state == REFER_ALERTED)
		canvas_printf(p->c, p->y++, x, w, role("strong"),
			      "%s %s ringing, %s waits on hold", target,
			      glyph(p->c, GLYPH_RINGS), caller);
	else if (held && k && !t->refer_ms && two && two->state == CALL_TALKING)
		canvas_printf(p->c, p->y++, x, w, role("strong"),
			      "You talk to %s. %s is on hold %s.", target,
			      caller,
			      view_time(time, sizeof(time),
					desk_since(p->d, k->held_ms)));
	else
		say(p, t->info.say, p->r.h >= AIRY ? 2 : 1);
}

static void way(struct place *p, const struct tale *t)
{
	static const struct {
		const char *role;
		enum glyph glyph;
	} looks[] = {
		[MARK_DONE] = {"step.done", GLYPH_DONE},
		[MARK_NOW] = {"step.now", GLYPH_NOW},
		[MARK_TODO] = {"step.todo", GLYPH_TODO},
		[MARK_FAIL] = {"step.fail", GLYPH_FAIL},
	};
	struct tale_mark v[TALE_MARKS];
	const unsigned n = tale_marks(t, p->d->now_ms, v);
	unsigned first = 0;
	int slot = (p->r.w - 1) / TALE_MARKS;

	if (slot > 15)
		slot = 15;
	/* where there is no room for all: what is, and what is to come */
	for (; slot < SLOT_LEAST && first + 1 < n; first++)
		slot = (p->r.w - 1) / (int)(n - first - 1);
	for (unsigned i = first; i < n && room(p); i++) {
		int x = p->r.x + 1 + (int)(i - first) * slot, used;
		const unsigned ro = role(looks[v[i].mark].role);

		canvas_glyph(p->c, p->y, x, ro, looks[v[i].mark].glyph);
		used = 2 +
		       canvas_printf(p->c, p->y, x + 1, slot - 1, ro, " %s",
				     v[i].label) -
		       1;
		if (i + 1 < n)
			canvas_hline(p->c, p->y, x + used + 1, slot - used - 2,
				     role("rule"), GLYPH_LINE);
		if (p->y + 1 < p->r.y + p->r.h)
			canvas_text(p->c, p->y + 1, x + 2, slot - 2,
				    role("muted"), v[i].time);
	}
	p->y += 2;
}

static void next_keys(struct place *p)
{
	struct hint v[HINTS_MAX];
	const unsigned n = hints_now(p->d, v);
	int x = p->r.x + 1;

	for (unsigned i = 0; i < n && i < 3 && room(p); i++) {
		if (x + view_hint_width(&v[i]) >= p->r.x + p->r.w)
			break;
		x += canvas_text(p->c, p->y, x, p->r.w, role("hint.key"),
				 v[i].key_name);
		x += canvas_printf(p->c, p->y, x, p->r.w, role("hint"), " %s",
				   v[i].label) +
		     2;
	}
	p->y++;
}

/* Failed: what can be done now, one below the other */
static void recovery(struct place *p, const struct tale *t)
{
	const bool keys = p->d->focus == PANE_TRANSFERS;
	const unsigned sel = desk_row(p->d, PANE_TRANSFERS);
	const struct desk_call *k = desk_call(p->d, t->info.call);
	struct hint v[HINTS_MAX];
	const unsigned n = hints_recovery(p->d, v);
	char time[16];

	if (room(p))
		canvas_printf(p->c, p->y++, p->r.x + 1, p->r.w - 1,
			      role("strong"), "%s is still yours%s%s",
			      t->caller, k && k->held_ms ? ", on hold " : "",
			      k && k->held_ms
				      ? view_time(time, sizeof(time),
						  desk_since(p->d, k->held_ms))
				      : "");
	for (unsigned i = 0; i < n && room(p); i++, p->y++) {
		const struct rect r = {p->y, p->r.x, 1, p->r.w};

		canvas_text(p->c, p->y, p->r.x, 1, role("strong"),
			    i == sel ? ">" : " ");
		canvas_printf(p->c, p->y, p->r.x + 2, 6, role("hint.key"), "%s",
			      v[i].key_name);
		canvas_text(p->c, p->y, p->r.x + 8, p->r.w - 8, role("text"),
			    v[i].label);
		if (i == sel)
			canvas_role(p->c, r,
				    role(keys ? "select" : "select.blur"));
	}
}

/* What went over the wire for it, the newest at the bottom */
static void messages(struct place *p, const struct tale *t)
{
	const struct sip_line *v[MESSAGES];
	uint64_t dialogs[16];
	const unsigned d = desk_dialogs(p->d, t->info.call, dialogs, 16);
	unsigned n = siplog_of(p->d->sip, dialogs, d, v, MESSAGES), keep = 0;
	int left = p->r.y + p->r.h - p->y - 1;

	for (unsigned i = 0; i < n; i++) {
		const bool about =
			strcmp(v[i]->method, "REFER") == 0 ||
			(strcmp(v[i]->method, "NOTIFY") == 0 && !v[i]->code) ||
			(t->info.kind != KIND_BLIND &&
			 strcmp(v[i]->method, "INVITE") == 0 &&
			 v[i]->code != 100);

		if (about)
			v[keep++] = v[i];
	}
	if (left > (p->r.w < 60 ? 4 : 6))
		left = p->r.w < 60 ? 4 : 6;
	if (left < 1 || !keep)
		return;
	p->y++;
	for (unsigned i = keep > (unsigned)left ? keep - (unsigned)left : 0;
	     i < keep; i++)
		view_message_line(p->c,
				  (struct rect){p->y++, p->r.x, 1, p->r.w},
				  v[i], p->r.w < 60 ? 6 : 9);
}

static void detail(struct place *p, const struct tale *t)
{
	const bool airy = p->r.h >= AIRY;

	head(p, t);
	if (t->open) {
		way(p, t);
		recovery(p, t);
	} else {
		p->y += airy;
		way(p, t);
		p->y += airy;
		if (room(p))
			sentence(p, t);
		if (room(p))
			next_keys(p);
	}
	if (room(p))
		messages(p, t);
}

/* One that is over, or goes on beside the one in full */
static void brief(struct place *p, const struct tale *t, bool chosen)
{
	const bool over = t->info.outcome != OUTCOME_NONE;
	char result[TEXT_MAX + 16] = "";
	int w = 0;

	if (over)
		tale_result(t, result, sizeof(result));
	else
		snprintf(result, sizeof(result), "%u %s", t->info.code,
			 t->info.text);
	w = (int)text_width(result);
	if (w > p->r.w / 2)
		w = p->r.w / 2;
	canvas_text(p->c, p->y, p->r.x, 1, role("strong"), chosen ? ">" : " ");
	canvas_text(p->c, p->y, p->r.x + 1, 6, role("muted"), t->wall);
	canvas_glyph(p->c, p->y, p->r.x + 7,
		     role(!over            ? "step.now"
			  : tale_failed(t) ? "step.fail"
					   : "step.done"),
		     !over            ? GLYPH_NOW
		     : tale_failed(t) ? GLYPH_FAIL
				      : GLYPH_DONE);
	canvas_printf(p->c, p->y, p->r.x + 9, p->r.w - 11 - w, role("text"),
		      "%s %s %s", t->caller, glyph(p->c, GLYPH_OUT), t->target);
	canvas_right(p->c, p->y, p->r.x + p->r.w - 1 - w, w, role("muted"),
		     result);
	if (chosen)
		canvas_role(p->c, (struct rect){p->y, p->r.x, 1, p->r.w},
			    role(p->d->focus == PANE_TRANSFERS
					 ? "select"
					 : "select.blur"));
	p->y++;
}

/* Nothing yet today: what there was before */
static void before(struct place *p)
{
	for (unsigned i = 0; i < past_count(p->d->past) && room(p); i++) {
		const struct past *t = past_at(p->d->past, i);
		char when[16] = "";
		struct tm tm;

		if (t->kind != PAST_TRANSFER)
			continue;
		if (localtime_r(&t->when, &tm))
			(void)strftime(when, sizeof(when), "%d.%m.", &tm);
		canvas_printf(p->c, p->y++, p->r.x + 1, p->r.w - 2,
			      role("muted"), "%s %s %s %s %s", when,
			      glyph(p->c, t->outcome == OUTCOME_SUCCEEDED
						  ? GLYPH_DONE
						  : GLYPH_FAIL),
			      t->name, glyph(p->c, GLYPH_OUT), t->target_name);
	}
}

static void headline(const struct canvas *c, const struct desk *d, int w,
		     char *right, size_t size)
{
	unsigned active = 0, good = 0, bad = 0;

	for (unsigned i = 0; i < d->talec; i++) {
		const struct tale *t = &d->tales[i];

		if (t->info.outcome == OUTCOME_NONE || t->open)
			active++;
		if (t->info.outcome == OUTCOME_NONE)
			continue;
		if (tale_failed(t))
			bad++;
		else
			good++;
	}
	if (w < 60)
		snprintf(right, size, "%u active", active);
	else
		snprintf(right, size, "%u active %s %u ok %s %u failed today",
			 active, glyph(c, GLYPH_DOT), good, glyph(c, GLYPH_DOT),
			 bad);
}

void view_transfers(struct canvas *c, struct rect r, const struct desk *d)
{
	const struct tale *t = shown(d);
	const unsigned sel =
		desk_failure(d) ? DESK_NO_ROW : desk_row(d, PANE_TRANSFERS);
	struct place p = {.c = c, .d = d};
	char right[64];

	headline(c, d, r.w, right, sizeof(right));
	p.r = view_header(c, r, d, PANE_TRANSFERS, "Transfers", right);
	p.y = p.r.y;
	if (t && room(&p)) {
		detail(&p, t);
		p.y++;
		if (p.r.w >= 60 && p.y + 1 < p.r.y + p.r.h && d->talec > 1)
			canvas_text(c, p.y++, p.r.x + 1, p.r.w - 1,
				    role("muted"), "today");
	}
	for (unsigned i = 0; i < d->talec && room(&p); i++) {
		const struct tale *o = &d->tales[d->talec - 1 - i];

		if (o != t)
			brief(&p, o, i == sel && d->focus == PANE_TRANSFERS);
	}
	if (!d->talec)
		before(&p);
}
