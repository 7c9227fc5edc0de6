/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/tale.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"

static uint64_t since_start_ms(const struct event *ev)
{
	return (uint64_t)(ev->t * 1000 + 0.5);
}

void tale_init(struct tale *t, const struct event *ev)
{
	memset(t, 0, sizeof(*t));
	t->info.id = ev->u.transfer.id;
	t->began_ms = since_start_ms(ev);
	tale_add(t, ev);
}

const struct tale_step *tale_at(const struct tale *t, unsigned i)
{
	unsigned kept = t->stepc < TALE_STEPS ? t->stepc : TALE_STEPS;

	if (i >= kept)
		return NULL;

	return &t->stepv[(t->stepc - kept + i) % TALE_STEPS];
}

static void add_step(struct tale *t, const struct event *ev)
{
	const struct transfer_info *x = &ev->u.transfer;
	struct tale_step *s = &t->stepv[t->stepc++ % TALE_STEPS];

	*s = (struct tale_step){
		.t_ms = since_start_ms(ev),
		.state = x->state,
		.code = x->code,
		/* the REFER's own answer stands in refer_code as well */
		.report = x->state >= REFER_TRYING && x->code,
	};
	text_cut(s->text, sizeof(s->text), x->text);
}

void tale_add(struct tale *t, const struct event *ev)
{
	const struct transfer_info *x = &ev->u.transfer;

	if (ev->type != EV_TRANSFER || x->id != t->info.id)
		return;
	t->info = *x;
	add_step(t, ev);
	if (!t->refer_ms && x->state >= REFER_REQUESTED)
		t->refer_ms = since_start_ms(ev) - x->since_refer_ms;
	if (!t->ended_ms && x->outcome != OUTCOME_NONE) {
		t->ended_ms = since_start_ms(ev);
		t->open = tale_failed(t) && x->caller_back;
	}
}

void tale_consult(struct tale *t, const struct event *ev)
{
	const struct call_info *c = &ev->u.call;

	if (ev->type != EV_CALL || t->info.outcome != OUTCOME_NONE)
		return;
	if (c->id == t->info.call && c->state == CALL_HELD && !t->held_ms)
		t->held_ms = since_start_ms(ev);
	if (!t->info.consult || c->id != t->info.consult)
		return;
	if (!t->dialed_ms)
		t->dialed_ms = since_start_ms(ev);
	if (c->state == CALL_TALKING && !t->talked_ms)
		t->talked_ms = since_start_ms(ev);
}

bool tale_failed(const struct tale *t)
{
	switch (t->info.outcome) {
	case OUTCOME_NONE:
	case OUTCOME_SUCCEEDED:
	case OUTCOME_SUCCEEDED_INFERRED:
	case OUTCOME_STOPPED:
		return false;
	default:
		return true;
	}
}

/* ---- the way ----------------------------------------------------------- */

struct way {
	const struct tale *t;
	uint64_t now_ms;
	struct tale_mark *v;
	unsigned n;
};

static void put(struct way *w, enum mark mark, const char *label,
		const char *when)
{
	struct tale_mark *m = &w->v[w->n++];

	m->mark = mark;
	text_cut(m->label, sizeof(m->label), label);
	text_cut(m->time, sizeof(m->time), when);
}

/* "+0.04" after the REFER, or from wherever it is counted */
static const char *after(char *buf, size_t size, uint64_t from, uint64_t at)
{
	uint64_t ms = (at > from ? at - from : 0) + 5; /* rounded */

	if (ms < 100000)
		snprintf(buf, size, "+%u.%02u", (unsigned)(ms / 1000),
			 (unsigned)(ms % 1000 / 10));
	else
		snprintf(buf, size, "+%u s", (unsigned)(ms / 1000));

	return buf;
}

/* "0:03": it goes on */
static const char *lasts(char *buf, size_t size, uint64_t from, uint64_t now)
{
	uint64_t s = (now > from ? now - from : 0) / 1000;

	snprintf(buf, size, "%u:%02u", (unsigned)(s / 60), (unsigned)(s % 60));

	return buf;
}

/* The first step in one of the states from lo to hi, or NULL */
static const struct tale_step *
first_in(const struct tale *t, enum refer_state lo, enum refer_state hi)
{
	const struct tale_step *s;

	for (unsigned i = 0; (s = tale_at(t, i)); i++) {
		if (s->state >= lo && s->state <= hi)
			return s;
	}

	return NULL;
}

static void put_at(struct way *w, enum mark mark, const char *label,
		   const struct tale_step *s)
{
	char when[16];

	put(w, mark, label,
	    !s ? ""
	    : mark == MARK_NOW
		    ? lasts(when, sizeof(when), s->t_ms, w->now_ms)
		    : after(when, sizeof(when), w->t->refer_ms, s->t_ms));
}

static void put_code(struct way *w, enum mark mark, unsigned code,
		     const char *instead, const struct tale_step *s)
{
	char label[16];

	snprintf(label, sizeof(label), "%u", code);
	put_at(w, mark, code ? label : instead, s);
}

/* The last report below 200 in that state: 180, 183 ... */
static unsigned last_code(const struct tale *t, enum refer_state state)
{
	const struct tale_step *s;
	unsigned code = 0;

	for (unsigned i = 0; (s = tale_at(t, i)); i++) {
		if (s->state == state && s->code >= 100 && s->code < 200)
			code = s->code;
	}

	return code;
}

/* The final code a NOTIFY brought, 0: none did, the last one is older */
static unsigned reported(const struct transfer_info *x)
{
	const bool was = x->outcome == OUTCOME_SUCCEEDED ||
			 x->outcome == OUTCOME_FAILED ||
			 x->outcome == OUTCOME_REDIRECTED;

	return was && x->code >= 200 ? x->code : 0;
}

/* REFER, its answer, 100, 18x, the result */
static unsigned referral_marks(struct way *w)
{
	const struct tale *t = w->t;
	const struct transfer_info *x = &t->info;
	const bool over = x->outcome != OUTCOME_NONE;
	const bool good = over && !tale_failed(t);
	const struct tale_step *sent, *took, *tried, *rang, *end;
	const enum refer_state state = x->state;
	unsigned code = last_code(t, REFER_ALERTED);

	sent = first_in(t, REFER_REQUESTED, REFER_REQUESTED);
	took = first_in(t, REFER_ACCEPTED, REFER_ACCEPTED);
	tried = first_in(t, REFER_TRYING, REFER_ALERTED);
	rang = first_in(t, REFER_ALERTED, REFER_ALERTED);
	end = over ? tale_at(t,
			     (t->stepc < TALE_STEPS ? t->stepc : TALE_STEPS) -
				     1)
		   : NULL;

	put_at(w, state == REFER_REQUESTED && !over ? MARK_NOW : MARK_DONE,
	       "REFER", sent);
	if (x->refer_code >= 300 || (over && !took && !tried)) {
		put_code(w, MARK_FAIL, x->refer_code, "none", end);
		put_at(w, MARK_TODO, "done", NULL);
		return w->n;
	}
	put_code(w,
		 state == REFER_ACCEPTED && !over ? MARK_NOW
		 : took || tried                  ? MARK_DONE
						  : MARK_TODO,
		 x->refer_code, "202", took);
	put_at(w,
	       state == REFER_TRYING && !over ? MARK_NOW
	       : tried                        ? MARK_DONE
					      : MARK_TODO,
	       "100", tried);
	if (rang || !over || good)
		put_code(w,
			 state == REFER_ALERTED && !over ? MARK_NOW
			 : rang                          ? MARK_DONE
							 : MARK_TODO,
			 code, "180", rang);
	if (!over) {
		put_at(w, MARK_TODO, "200", NULL);
	} else if (x->outcome == OUTCOME_STOPPED) {
		put_at(w, MARK_TODO, "?", end);
	} else if (good) {
		put_code(w, MARK_DONE, reported(x), "done", end);
	} else {
		put_code(w, MARK_FAIL, reported(x), "?", end);
	}
	if (w->n < TALE_MARKS)
		put_at(w, MARK_TODO, "done", NULL);

	return w->n;
}

/* Holding the caller before the REFER of a blind transfer */
static unsigned holding_marks(struct way *w)
{
	char when[16];
	const bool over = w->t->info.outcome != OUTCOME_NONE;

	put(w, over ? MARK_FAIL : MARK_NOW, "hold",
	    lasts(when, sizeof(when), w->t->began_ms,
		  over ? w->t->ended_ms : w->now_ms));
	put(w, MARK_TODO, "REFER", "");
	put(w, MARK_TODO, "202", "");
	put(w, MARK_TODO, "180", "");
	put(w, MARK_TODO, "200", "");

	return w->n;
}

/* hold, dial, talk, REFER, done */
static unsigned consult_marks(struct way *w)
{
	const struct tale *t = w->t;
	const bool over = t->info.outcome != OUTCOME_NONE;
	const uint64_t now = over ? t->ended_ms : w->now_ms;
	const enum mark doing = !over            ? MARK_NOW
				: tale_failed(t) ? MARK_FAIL
						 : MARK_TODO;
	char when[16];

	put(w, t->held_ms ? MARK_DONE : doing, "hold",
	    lasts(when, sizeof(when), t->held_ms ? t->held_ms : t->began_ms,
		  now));
	put(w,
	    t->talked_ms   ? MARK_DONE
	    : t->dialed_ms ? doing
			   : MARK_TODO,
	    "dial",
	    !t->dialed_ms ? ""
	    : t->talked_ms
		    ? after(when, sizeof(when), t->dialed_ms, t->talked_ms)
		    : lasts(when, sizeof(when), t->dialed_ms, now));
	put(w, t->talked_ms ? doing : MARK_TODO, "talk",
	    t->talked_ms ? lasts(when, sizeof(when), t->talked_ms, now) : "");
	put(w, MARK_TODO, "REFER", "");
	put(w, MARK_TODO, "done", "");

	return w->n;
}

unsigned tale_marks(const struct tale *t, uint64_t now_ms,
		    struct tale_mark v[TALE_MARKS])
{
	struct way w = {.t = t, .now_ms = now_ms, .v = v};

	if (t->refer_ms)
		return referral_marks(&w);
	if (t->info.kind == KIND_BLIND)
		return holding_marks(&w);

	return consult_marks(&w);
}

void tale_result(const struct tale *t, char *dst, size_t size)
{
	const struct transfer_info *x = &t->info;
	const uint64_t from = t->refer_ms ? t->refer_ms : t->began_ms;
	const uint64_t ms = t->ended_ms > from ? t->ended_ms - from : 0;
	const char *how = x->kind == KIND_BLIND ? "" : "  attended";

	if (x->outcome == OUTCOME_NONE)
		snprintf(dst, size, "%s", "");
	else if (!tale_failed(t) && x->outcome != OUTCOME_STOPPED)
		snprintf(dst, size, "%u.%u s%s", (unsigned)(ms / 1000),
			 (unsigned)(ms % 1000 / 100), how);
	else if (x->code >= 300)
		snprintf(dst, size, "%u%s%s", x->code,
			 t->again ? " → retried " : "", t->again_to);
	else
		snprintf(dst, size, "%s%s%s", outcome_name(x->outcome),
			 t->again ? " → retried " : "", t->again_to);
}
