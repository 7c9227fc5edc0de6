/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/desk.h"

#include <assert.h>
#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "app/alloc.h"
#include "app/desk_priv.h"
#include "base/clock.h"
#include "base/text.h"
#include "base/thread.h"

/*
 * The console's memory: what the news of the engine add up to.  How the user
 * moves in it stands in desk_move.c, what he types in desk_line.c, what views
 * ask in desk_look.c.
 */

enum {
	TALES_MAX = 200,
	ENDED_MAX = 64,
	TELL_WIDTH = 66, /* of a line the user asked for [columns] */
	LATE_MS = 600,   /* an ended call's keys hit no other       */
	RETURNED_MS = 30 * 60 * 1000,
	BLINK_MS = 300,
};

static const char *const panes[PANE_COUNT] = {
	[PANE_CALLS] = "calls",
	[PANE_TRANSFERS] = "transfers",
	[PANE_DIRECTORY] = "directory",
	[PANE_LADDER] = "ladder",
	[PANE_MESSAGE] = "message",
	[PANE_TRACE] = "trace",
	[PANE_LOG] = "log",
	[PANE_HISTORY] = "history",
	[PANE_HELP] = "help",
};

const char *pane_name(enum pane pane)
{
	return pane < PANE_COUNT ? panes[pane] : "?";
}

bool pane_find(enum pane *panep, const char *name)
{
	for (unsigned i = 0; i < PANE_COUNT; i++) {
		if (strcmp(panes[i], name) == 0) {
			*panep = (enum pane)i;
			return true;
		}
	}

	return false;
}

void desk_init(struct desk *d, struct app *app, const char *past)
{
	ASSERT_UI();
	memset(d, 0, sizeof(*d));
	d->app = app;
	app->desk = d;
	app->model.paced = true;
	d->diary = alloc_zero(DIARY_MAX * sizeof(*d->diary));
	siplog_new(&d->sip, SIPLOG_LINES, SIPLOG_BYTES);
	past_new(&d->past, past);
	d->focus = PANE_CALLS;
	d->full = d->zoom = PANE_COUNT;
	d->dirty = true;
	desk_tick(d, (uint64_t)(clock_since_start() * 1000));
}

void desk_done(struct desk *d)
{
	if (d->app) {
		d->app->desk = NULL;
		d->app->model.paced = false;
	}
	free(d->calls);
	free(d->tales);
	free(d->diary);
	free(d->meanings);
	siplog_free(d->sip);
	past_free(d->past);
	memset(d, 0, sizeof(*d));
}

/* ---- the diary --------------------------------------------------------- */

static void note(struct desk *d, enum log_level level, const char *tag,
		 const char *text)
{
	struct diary_line *l = &d->diary[d->diaryc % DIARY_MAX];

	l->serial = ++d->diaryc;
	l->level = level;
	text_copy(l->wall, sizeof(l->wall), d->wall);
	text_cut(l->tag, sizeof(l->tag), tag);
	text_cut(l->text, sizeof(l->text), text);
	d->dirty = true;
}

/* What the user asked for comes in lines that fit the pane at 80 columns */
static void tell(struct desk *d, const char *text)
{
	char line[TELL_WIDTH * 4 + 8];
	size_t indent = 0;

	while (*text) {
		size_t len = 0, next;

		/* as many words as fit; at least one */
		do {
			next = len + strspn(text + len, " ");
			next += strcspn(text + next, " ");
			if (next >= sizeof(line) - indent)
				next = sizeof(line) - indent - 1;
			snprintf(line, sizeof(line), "%*s%.*s", (int)indent, "",
				 (int)next, text);
			if (len && (text_width(line) > TELL_WIDTH))
				break;
			len = next;
		} while (text[len] && len + indent + 1 < sizeof(line));
		snprintf(line, sizeof(line), "%*s%.*s", (int)indent, "",
			 (int)len, text);
		note(d, LOG_INFO, "help", line);
		text += len + strspn(text + len, " ");
		indent = 2;
	}
	d->full = d->focus = PANE_LOG;
	d->zoom = PANE_COUNT;
	d->row[PANE_LOG] = 0;
}

void desk_note(struct desk *d, enum log_level level, const char *fmt, ...)
{
	char raw[LOG_TEXT_MAX], text[LOG_TEXT_MAX];
	va_list ap;

	ASSERT_UI();
	va_start(ap, fmt);
	vsnprintf(raw, sizeof(raw), fmt, ap);
	va_end(ap);
	text_clean(text, sizeof(text), raw, strlen(raw));
	note(d, level, "", text);
}

const struct diary_line *desk_diary(const struct desk *d, unsigned i)
{
	const uint64_t kept = d->diaryc < DIARY_MAX ? d->diaryc : DIARY_MAX;

	return i < kept ? &d->diary[(d->diaryc - 1 - i) % DIARY_MAX] : NULL;
}

/* ---- calls ------------------------------------------------------------- */

static unsigned lower_call(const struct desk *d, uint32_t id)
{
	unsigned lo = 0, hi = d->callc;

	while (lo < hi) {
		unsigned mid = lo + (hi - lo) / 2;

		if (d->calls[mid].id < id)
			lo = mid + 1;
		else
			hi = mid;
	}

	return lo;
}

static struct desk_call *find_call(const struct desk *d, uint32_t id)
{
	unsigned i = lower_call(d, id);

	return i < d->callc && d->calls[i].id == id ? &d->calls[i] : NULL;
}

const struct desk_call *desk_call(const struct desk *d, uint32_t id)
{
	return find_call(d, id);
}

struct desk_call *desk_call_edit(struct desk *d, uint32_t id)
{
	return find_call(d, id);
}

/* what the model has forgotten, we forget */
static void forget_calls(struct desk *d)
{
	unsigned n = 0;

	for (unsigned i = 0; i < d->callc; i++) {
		if (model_call(&d->app->model, d->calls[i].id))
			d->calls[n++] = d->calls[i];
	}
	d->callc = n;
}

static struct desk_call *make_call(struct desk *d, uint32_t id)
{
	unsigned i = lower_call(d, id);

	if (d->callc > d->app->model.callc + ENDED_MAX) {
		forget_calls(d);
		i = lower_call(d, id);
	}
	if ((d->callc & (d->callc - 1)) == 0)
		d->calls = alloc_grow(d->calls, d->callc ? 2 * d->callc : 1,
				      sizeof(*d->calls));
	memmove(&d->calls[i + 1], &d->calls[i],
		(d->callc - i) * sizeof(*d->calls));
	d->callc++;
	d->calls[i] = (struct desk_call){.id = id};

	return &d->calls[i];
}

/* Somebody we have sent on not long ago calls again. */
static uint32_t sent_before(const struct desk *d, const struct call_info *c,
			    uint64_t now_ms)
{
	char mine[URI_MAX], his[URI_MAX];

	for (unsigned i = d->talec; i-- > 0;) {
		const struct tale *t = &d->tales[i];

		if (t->info.outcome == OUTCOME_NONE || !t->ended_ms ||
		    now_ms - t->ended_ms > RETURNED_MS)
			continue;
		if (strcmp(desk_number(t->peer, mine, sizeof(mine)),
			   desk_number(c->peer, his, sizeof(his))) == 0)
			return t->info.id;
	}

	return 0;
}

static void rings(struct desk *d, struct desk_call *k,
		  const struct call_info *c)
{
	const char *how = option_get(&d->app->options, "notify");
	char name[NAME_MAX_LEN];
	struct tale *t;

	k->returned = sent_before(d, c, k->began_ms);
	t = desk_tale_edit(d, k->returned);
	desk_name(d, c, name, sizeof(name));
	if (t) {
		t->came_back = c->id;
		desk_note(d, LOG_WARN, "%s is back: sent to %s %u s ago", name,
			  t->target,
			  (unsigned)((k->began_ms - t->ended_ms) / 1000));
	} else {
		desk_note(d, LOG_INFO, "incoming call from %s%s%s", name,
			  c->local[0] ? " on " : "", c->local);
	}
	if (strcmp(how, "bell") == 0 || strcmp(how, "both") == 0)
		d->bell = true;
	if (strcmp(how, "desktop") == 0 || strcmp(how, "both") == 0)
		snprintf(d->notify, sizeof(d->notify), "%s is calling", name);
	/* nothing else is there and nothing is open: Enter answers */
	if (model_calls_up(&d->app->model) == 1 && d->full == PANE_COUNT &&
	    d->zoom == PANE_COUNT && d->line.use == LINE_NONE)
		d->focus = PANE_CALLS;
}

static void remember_call(struct desk *d, const struct desk_call *k,
			  const struct call_info *c)
{
	struct past p = {
		.kind = c->dir == CALL_OUT ? PAST_OUT
			: k->answered_ms   ? PAST_IN
					   : PAST_MISSED,
		.when = time(NULL) -
			(time_t)((k->ended_ms - k->began_ms) / 1000),
		.lasted_s =
			k->answered_ms
				? (uint32_t)((k->ended_ms - k->answered_ms) /
					     1000)
				: 0,
		.code = c->code,
	};

	text_copy(p.peer, sizeof(p.peer), c->peer);
	desk_name(d, c, p.name, sizeof(p.name));
	text_cut(p.text, sizeof(p.text), c->text);
	past_add(d->past, &p);
}

/* One short sentence for what is news about a call */
static void tell_call(struct desk *d, const struct call_info *c)
{
	char name[NAME_MAX_LEN];

	desk_name(d, c, name, sizeof(name));
	switch (c->state) {
	case CALL_DIALING:
		desk_note(d, LOG_INFO, "calling %s", name);
		break;
	case CALL_RINGING:
		if (c->dir == CALL_OUT)
			desk_note(d, LOG_INFO, "%s is ringing", name);
		break;
	case CALL_TALKING:
		desk_note(d, LOG_INFO, "talking with %s", name);
		break;
	case CALL_HELD:
		desk_note(d, LOG_INFO, "%s on hold", name);
		break;
	case CALL_ENDED:
		if (c->code >= 300)
			desk_note(d, LOG_WARN, "%s: %u %s", name, c->code,
				  c->text);
		else
			desk_note(d, LOG_INFO, "%s: %s", name,
				  c->text[0] ? c->text : "ended");
		break;
	default:
		break;
	}
}

/* The only call there is, but not at once: a late key must not hit it */
static void select_only(struct desk *d, uint64_t now_ms)
{
	struct model *m = &d->app->model;

	if (model_selected(m) || now_ms < d->select_ms ||
	    model_calls_up(m) != 1)
		return;
	for (unsigned i = 0; i < m->callc; i++) {
		if (m->calls[i].state != CALL_ENDED) {
			model_select(m, m->calls[i].id);
			d->dirty = true;
		}
	}
}

/* What is asked or typed about a call ends with it */
static void call_over(struct desk *d, const struct call_info *c)
{
	const enum line_use use = d->line.use;

	if ((use == LINE_DIGITS && d->pick.call == c->id) ||
	    (use == LINE_CONFIRM && d->line.call == c->id))
		desk_leave(d);
}

static void call_news(struct desk *d, const struct event *ev)
{
	const struct call_info *c = &ev->u.call;
	const uint64_t t_ms = (uint64_t)(ev->t * 1000 + 0.5);
	struct desk_call *k = find_call(d, c->id);
	const bool first = !k;

	if (first)
		k = make_call(d, c->id);
	if (!first && k->state == c->state && k->code == c->code)
		goto out;
	if (first)
		k->began_ms = t_ms;
	if ((c->state == CALL_TALKING || c->state == CALL_HELD) &&
	    !k->answered_ms)
		k->answered_ms = t_ms;
	if (c->state == CALL_HELD && k->state != CALL_HELD) {
		k->held_ms = t_ms;
		k->warned = false;
	}
	if (c->state != CALL_HELD)
		k->held_ms = 0;
	if (c->state == CALL_ENDED && !k->ended_ms) {
		k->ended_ms = t_ms;
		d->select_ms = t_ms + LATE_MS;
		remember_call(d, k, c);
		call_over(d, c);
	}
	select_only(d, t_ms);
	if (first && c->dir == CALL_IN && c->state == CALL_RINGING)
		rings(d, k, c);
	else if (first || k->state != c->state || c->state == CALL_ENDED)
		tell_call(d, c);
	k->state = c->state;
	k->code = c->code;
out:
	for (unsigned i = 0; i < d->talec; i++)
		tale_consult(&d->tales[i], ev);
	desk_settle(d);
	select_only(d, t_ms);
}

/* ---- transfers --------------------------------------------------------- */

struct tale *desk_tale_edit(struct desk *d, uint32_t id)
{
	for (unsigned i = d->talec; id && i-- > 0;) {
		if (d->tales[i].info.id == id)
			return &d->tales[i];
	}

	return NULL;
}

const struct tale *desk_tale(const struct desk *d, uint32_t id)
{
	for (unsigned i = d->talec; id && i-- > 0;) {
		if (d->tales[i].info.id == id)
			return &d->tales[i];
	}

	return NULL;
}

/* the oldest that is over makes room */
static void forget_tale(struct desk *d)
{
	for (unsigned i = 0; i < d->talec; i++) {
		if (d->tales[i].info.outcome == OUTCOME_NONE ||
		    d->tales[i].open)
			continue;
		memmove(&d->tales[i], &d->tales[i + 1],
			(d->talec - i - 1) * sizeof(*d->tales));
		d->talec--;
		return;
	}
}

static struct tale *make_tale(struct desk *d, const struct event *ev)
{
	const struct transfer_info *x = &ev->u.transfer;
	const struct call_info *c = model_call(&d->app->model, x->call);
	const struct contact *who = desk_contact(d, x->target);
	struct tale *t;

	if (d->talec >= TALES_MAX)
		forget_tale(d);
	d->tales = alloc_grow(d->tales, d->talec + 1, sizeof(*d->tales));
	t = &d->tales[d->talec++];
	tale_init(t, ev);
	text_copy(t->wall, sizeof(t->wall), "");
	text_ncopy(t->wall, sizeof(t->wall), d->wall, 5);
	if (c) {
		const struct desk_call *k = find_call(d, c->id);

		desk_name(d, c, t->caller, sizeof(t->caller));
		text_copy(t->peer, sizeof(t->peer), c->peer);
		t->held_ms = k ? k->held_ms : 0;
	}
	if (who)
		text_cut(t->target, sizeof(t->target), who->name);
	else
		desk_number(x->target, t->target, sizeof(t->target));
	desk_number(x->target, t->number, sizeof(t->number));
	if (d->app->directory)
		directory_used(d->app->directory, x->target, d->now_ms);
	/* a decision was made about what failed before */
	for (unsigned i = 0; i + 1 < d->talec; i++) {
		if (d->tales[i].info.call == x->call && d->tales[i].open) {
			d->tales[i].open = false;
			d->tales[i].again = x->id;
			text_cut(d->tales[i].again_to,
				 sizeof(d->tales[i].again_to), t->number);
		}
	}

	return t;
}

static void remember_tale(struct desk *d, const struct tale *t)
{
	const uint64_t from = t->refer_ms ? t->refer_ms : t->began_ms;
	struct past p = {
		.kind = PAST_TRANSFER,
		.when = time(NULL) -
			(time_t)((t->ended_ms - t->began_ms) / 1000),
		.lasted_s = (uint32_t)((t->ended_ms - from) / 1000),
		.code = t->info.code,
		.outcome = t->info.outcome,
		.how = t->info.kind,
	};

	text_copy(p.peer, sizeof(p.peer), t->peer);
	text_cut(p.name, sizeof(p.name), t->caller);
	text_copy(p.target, sizeof(p.target), t->info.target);
	text_cut(p.target_name, sizeof(p.target_name), t->target);
	text_cut(p.text, sizeof(p.text), t->info.say);
	past_add(d->past, &p);
}

/* The engine knows the target by its number: "202 is ringing" */
static void say_by_name(struct tale *t)
{
	const char *say = t->info.say, *at = strstr(say, t->number);
	const size_t len = strlen(t->number);
	char named[sizeof(t->info.say)];

	if (!at || !len || (at > say && at[-1] != ' ') ||
	    isalnum((unsigned char)at[len]))
		return;
	snprintf(named, sizeof(named), "%.*s%.100s%s", (int)(at - say), say,
		 t->target, at + len);
	text_cut(t->info.say, sizeof(t->info.say), named);
}

static void transfer_news(struct desk *d, const struct event *ev)
{
	struct tale *t = desk_tale_edit(d, ev->u.transfer.id);
	char was[TEXT_MAX] = "";
	bool over;

	if (t) {
		over = t->info.outcome != OUTCOME_NONE;
		text_copy(was, sizeof(was), t->info.say);
		tale_add(t, ev);
	} else {
		over = false;
		t = make_tale(d, ev);
	}
	say_by_name(t);
	if (t->info.say[0] && strcmp(was, t->info.say) != 0)
		desk_note(d, tale_failed(t) ? LOG_WARN : LOG_INFO,
			  "T%u %s → %s: %s", t->info.id, t->caller, t->target,
			  t->info.say);
	if (!over && t->info.outcome != OUTCOME_NONE) {
		remember_tale(d, t);
		if (tale_failed(t))
			d->bell = true;
	}
	desk_settle(d);
}

/*
 * A failure is settled when the user talks to the caller again, the caller
 * is gone or another transfer was begun (make_tale()).
 */
void desk_settle(struct desk *d)
{
	for (unsigned i = 0; i < d->talec; i++) {
		struct tale *t = &d->tales[i];
		const struct call_info *c;

		if (!t->open)
			continue;
		c = model_call(&d->app->model, t->info.call);
		if (!c || c->state == CALL_ENDED || c->state == CALL_TALKING)
			t->open = false;
	}
}

const struct tale *desk_failure(const struct desk *d)
{
	for (unsigned i = d->talec; i-- > 0;) {
		if (d->tales[i].open)
			return &d->tales[i];
	}

	return NULL;
}

const struct tale *desk_tale_of(const struct desk *d, uint32_t call)
{
	for (unsigned i = d->talec; call && i-- > 0;) {
		if (d->tales[i].info.call == call ||
		    (d->tales[i].info.consult == call &&
		     d->tales[i].info.outcome == OUTCOME_NONE))
			return &d->tales[i];
	}

	return NULL;
}

/* ---- other news -------------------------------------------------------- */

static void reply_news(struct desk *d, const struct reply_info *r)
{
	if (r->err)
		desk_note(d, LOG_WARN, "%s: %s", r->command,
			  r->error[0] ? r->error : "refused");
}

static void account_news(struct desk *d, const struct account_info *a)
{
	if (a->state == ACCOUNT_FAILED)
		desk_note(d, LOG_ERROR, "%s: %u %s", a->aor, a->code, a->text);
	else if (a->state == ACCOUNT_REGISTERED)
		desk_note(d, LOG_INFO, "%s registered", a->aor);
}

void desk_event(struct desk *d, const struct event *ev)
{
	ASSERT_UI();
	switch (ev->type) {
	case EV_CALL:
		call_news(d, ev);
		break;
	case EV_TRANSFER:
		transfer_news(d, ev);
		break;
	case EV_ACCOUNT:
		account_news(d, &ev->u.account);
		break;
	case EV_REPLY:
		reply_news(d, &ev->u.reply);
		break;
	case EV_LOG:
		if (strcmp(ev->u.log.tag, "help") == 0)
			tell(d, ev->u.log.text);
		else
			note(d, (enum log_level)ev->u.log.level, ev->u.log.tag,
			     ev->u.log.text);
		break;
	case EV_TRACE:
		if (!siplog_take(d->sip, &ev->u.trace))
			return;
		break;
	case EV_DROPPED:
		d->dropped += ev->u.dropped;
		desk_note(d, LOG_WARN, "%llu lines of log or trace dropped",
			  (unsigned long long)ev->u.dropped);
		break;
	default:
		break;
	}
	d->dirty = true;
}

/* ---- time -------------------------------------------------------------- */

static void warn_of_hold(struct desk *d)
{
	const uint32_t limit = option_number(&d->app->options, "hold_warn");
	char name[NAME_MAX_LEN];

	for (unsigned i = 0; limit && i < d->callc; i++) {
		struct desk_call *k = &d->calls[i];
		const struct call_info *c;

		if (!k->held_ms || k->warned ||
		    d->now_ms < k->held_ms + limit * 1000ull)
			continue;
		k->warned = true;
		c = model_call(&d->app->model, k->id);
		if (!c || c->state != CALL_HELD)
			continue;
		desk_note(d, LOG_WARN, "%s is on hold for %u s",
			  desk_name(d, c, name, sizeof(name)), limit);
		d->bell = true;
	}
}

void desk_tick(struct desk *d, uint64_t now_ms)
{
	char wall[16];
	bool second;

	ASSERT_UI();
	if (d->still && d->wall[0])
		now_ms = d->now_ms;
	second = now_ms / 1000 != d->now_ms / 1000;

	/* what runs by seconds is drawn by seconds */
	d->dirty |= second;
	d->now_ms = now_ms;
	if (!d->still || !d->wall[0])
		text_ncopy(d->wall, sizeof(d->wall),
			   clock_wall(wall, sizeof(wall)), 8);
	if (d->line.use == LINE_CONFIRM && now_ms >= d->line.until_ms)
		desk_leave(d);
	if (d->ignored_ms && now_ms >= d->ignored_ms + BLINK_MS) {
		d->ignored_ms = 0;
		d->dirty = true;
	}
	warn_of_hold(d);
	select_only(d, now_ms);
	if (second && d->app->directory && directory_poll(d->app->directory)) {
		desk_note(d, LOG_INFO, "directory read again: %u entries",
			  directory_count(d->app->directory));
		desk_pick_again(d);
	}
}

int desk_timeout_ms(const struct desk *d)
{
	uint64_t at = d->now_ms - d->now_ms % 1000 + 1000;

	if (d->still)
		return -1;
	/* what does not wait for the whole second */
	if (d->select_ms > d->now_ms && d->select_ms < at)
		at = d->select_ms;
	if (d->ignored_ms && d->ignored_ms + BLINK_MS < at)
		at = d->ignored_ms + BLINK_MS;

	return at > d->now_ms ? (int)(at - d->now_ms) : 0;
}
