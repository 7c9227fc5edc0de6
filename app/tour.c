/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/tour_priv.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/alloc.h"
#include "base/clock.h"
#include "base/text.h"
#include "base/thread.h"

/*
 * One leg of the tour:
 *
 *   CALLING ─┬─ HOLDING ─── TRANSFER ─┬─ ENDING ── next leg, or the result
 *            ├─────────────────┘      │     │
 *            └─ CONSULTING ────┘      └─ BACK
 *
 * Whatever is not as it should be is noted (leg_wrong) and leads to ENDING,
 * which hangs up what is still there.
 */

enum {
	BACK_MS = 2000,   /* the engine takes the caller back by itself */
	ENDING_MS = 5000, /* then we hang up                            */
	RETRY_MS = 5,     /* the engine's pipe was full                 */
};

/* ---- requests ------------------------------------------------------------ */

static void flush(struct tour *t)
{
	unsigned i;
	int err = 0;

	for (i = 0; i < t->outc && !err; ++i) {
		err = t->port.post(t->port.engine, &t->outv[i]);
		if (err)
			break;
	}
	t->outc -= i;
	memmove(t->outv, t->outv + i, t->outc * sizeof(t->outv[0]));
	if (err && err != EAGAIN) {
		t->outc = 0;
		t->gone = true;
	}
}

static uint32_t post(struct tour *t, enum req_type type, uint32_t id,
		     const char *text)
{
	struct request *req = &t->outv[t->outc];

	/* a step asks for one thing, and hangs up two calls */
	if (t->gone || t->outc == TOUR_OUTBOX_MAX)
		return 0;

	memset(req, 0, sizeof(*req));
	req->type = type;
	req->serial = t->port.serial(t->port.engine);
	req->id = id;
	if (text)
		(void)snprintf(req->u.text, sizeof(req->u.text), "sip:%s@%s",
			       text, t->bank);
	++t->outc;
	flush(t);

	return req->serial;
}

/* ---- calls --------------------------------------------------------------- */

static struct tour_seen *seen_find(struct tour *t, uint32_t id)
{
	unsigned i;

	for (i = 0; id && i < t->seenc; ++i) {
		if (t->seenv[i].id == id)
			return &t->seenv[i];
	}

	return NULL;
}

static bool is_up(struct tour *t, uint32_t id)
{
	const struct tour_seen *s = seen_find(t, id);

	return s && s->state != CALL_ENDED;
}

static bool is_in(struct tour *t, uint32_t id, enum call_state state)
{
	const struct tour_seen *s = seen_find(t, id);

	return s && s->state == state;
}

static void who_of(char *dst, size_t size, const char *uri)
{
	const char *p = strchr(uri, ':');
	const char *at;

	p = p ? p + 1 : uri;
	at = strchr(p, '@');
	if (!at || text_ncopy(dst, size, p, (size_t)(at - p)))
		text_cut(dst, size, uri);
}

static void on_call(struct tour *t, const struct call_info *info)
{
	struct tour_seen *s = seen_find(t, info->id);

	if (info->dir != CALL_OUT)
		return;

	if (!s) {
		if (t->seenc == TOUR_SEEN_MAX) {
			memmove(t->seenv, t->seenv + 1,
				(TOUR_SEEN_MAX - 1) * sizeof(t->seenv[0]));
			--t->seenc;
		}
		s = &t->seenv[t->seenc++];
		memset(s, 0, sizeof(*s));
		s->id = info->id;
		s->state = CALL_DIALING;
		who_of(s->who, sizeof(s->who), info->peer);
	}
	if (s->state != info->state)
		tour_tell_call(t, s, info);
	s->state = info->state;
	s->code = info->code;
	memcpy(s->text, info->text, sizeof(s->text));
}

/* ---- steps --------------------------------------------------------------- */

static void go(struct tour *t, enum tour_step step, unsigned limit_ms)
{
	t->step = step;
	t->due = limit_ms ? clock_ms() + limit_ms : 0;
	t->hung_up = false;
}

static void leg_right(struct tour *t, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
static void leg_wrong(struct tour *t, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

static void leg_right(struct tour *t, const char *fmt, ...)
{
	struct tour_result *r = &t->resultv[t->leg];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(r->text, sizeof(r->text), fmt, ap);
	va_end(ap);
	r->ended = r->right = true;
}

/* Note the first thing that went wrong, and give the leg up */
static void leg_wrong(struct tour *t, const char *fmt, ...)
{
	struct tour_result *r = &t->resultv[t->leg];
	va_list ap;

	if (!r->ended || r->right) {
		va_start(ap, fmt);
		(void)vsnprintf(r->text, sizeof(r->text), fmt, ap);
		va_end(ap);
		r->ended = true;
		r->right = false;
		tour_say(t, "  !! %s", r->text);
	}
	if (t->step != STEP_DONE && t->step != STEP_ENDING)
		go(t, STEP_ENDING, 1);
}

static void hang_up(struct tour *t)
{
	if (is_up(t, t->caller))
		post(t, REQ_HANGUP, t->caller, NULL);
	if (is_up(t, t->consult))
		post(t, REQ_HANGUP, t->consult, NULL);
}

static void finish(struct tour *t)
{
	tour_tell_result(t);
	go(t, STEP_DONE, 0);
}

static void leg_begin(struct tour *t)
{
	t->caller = t->consult = t->seenc = 0;
	memset(&t->last, 0, sizeof(t->last));

	tour_say(t, "%s", "");
	tour_say(t, "%u. %s", t->leg + 1, tour_leg_of(t)->title);
	tour_say(t, "  -> calling sip:answer@%s, who plays the caller (INVITE)",
		 t->bank);
	t->serial = post(t, REQ_DIAL, 0, "answer");
	go(t, STEP_CALLING, 0);
}

static void transfer_begin(struct tour *t)
{
	struct tour_leg leg = *tour_leg_of(t);

	if (leg.way == WAY_CONSULT) {
		tour_say(
			t,
			"  -> asking answer's phone to take your place with %s "
			"(REFER with Replaces)",
			leg.target);
		t->serial = post(t, REQ_COMPLETE, t->caller, NULL);
	} else {
		tour_say(t,
			 "  -> asking answer's phone to call sip:%s@%s (REFER)",
			 leg.target, t->bank);
		t->serial = post(t, REQ_TRANSFER, t->caller, leg.target);
	}
	go(t, STEP_TRANSFER, 0);
}

static void caller_talks(struct tour *t)
{
	switch (tour_leg_of(t)->way) {
	case WAY_HELD:
		tour_say(t, "  -> putting answer on hold (re-INVITE)");
		t->serial = post(t, REQ_HOLD, t->caller, NULL);
		go(t, STEP_HOLDING, 0);
		break;
	case WAY_STRAIGHT:
		transfer_begin(t);
		break;
	case WAY_CONSULT:
		tour_say(t,
			 "  -> holding answer and calling sip:%s@%s to ask "
			 "(re-INVITE, INVITE)",
			 tour_leg_of(t)->target, t->bank);
		t->serial =
			post(t, REQ_CONSULT, t->caller, tour_leg_of(t)->target);
		go(t, STEP_CONSULTING, 0);
		break;
	}
}

/* Did a call that this step needs end?  Then the leg is over. */
static bool lost(struct tour *t, uint32_t id)
{
	const struct tour_seen *s = seen_find(t, id);

	if (!s || s->state != CALL_ENDED)
		return false;

	if (s->code)
		leg_wrong(t, "the call to %s ended: %u %s", s->who, s->code,
			  s->text);
	else
		leg_wrong(t, "the call to %s ended too early", s->who);

	return true;
}

/* Look at what is known and go on as far as that allows */
static void advance(struct tour *t)
{
	switch (t->step) {
	case STEP_CALLING:
		if (!lost(t, t->caller) && is_in(t, t->caller, CALL_TALKING))
			caller_talks(t);
		break;
	case STEP_HOLDING:
		if (!lost(t, t->caller) && is_in(t, t->caller, CALL_HELD))
			transfer_begin(t);
		break;
	case STEP_CONSULTING:
		if (!lost(t, t->caller) && !lost(t, t->consult) &&
		    is_in(t, t->consult, CALL_TALKING))
			transfer_begin(t);
		break;
	case STEP_BACK:
		if (lost(t, t->caller) || !is_in(t, t->caller, CALL_TALKING))
			break;
		tour_say(t,
			 "  => the caller is back with you; hanging up (BYE)");
		go(t, STEP_ENDING, ENDING_MS);
		hang_up(t);
		break;
	case STEP_ENDING:
		if (is_up(t, t->caller) || is_up(t, t->consult))
			break;
		if (++t->leg < TOUR_LEGS)
			leg_begin(t);
		else
			finish(t);
		break;
	default:
		break;
	}
}

/* ---- transfers ------------------------------------------------------------
 */

static void transfer_end(struct tour *t, const struct transfer_info *info)
{
	const char *name = outcome_name(info->outcome);
	unsigned ms = info->since_refer_ms;
	bool came = info->outcome == OUTCOME_SUCCEEDED ||
		    info->outcome == OUTCOME_SUCCEEDED_INFERRED;

	if (!tour_leg_of(t)->fails && came) {
		tour_say(t, "  => outcome: %s, %u.%03u s after the REFER", name,
			 ms / 1000, ms % 1000);
		leg_right(t, "%s after %u.%03u s", name, ms / 1000, ms % 1000);
		go(t, STEP_ENDING, ENDING_MS);
	} else if (tour_leg_of(t)->fails && info->outcome == OUTCOME_FAILED &&
		   info->code == tour_leg_of(t)->fails) {
		tour_say(
			t,
			"  => outcome: %s with %u %s, %u.%03u s after the REFER",
			name, info->code, info->text, ms / 1000, ms % 1000);
		leg_right(t, "%s after %u.%03u s (%u %s), the caller is back",
			  name, ms / 1000, ms % 1000, info->code, info->text);
		go(t, STEP_BACK, BACK_MS);
	} else {
		leg_wrong(t, "the transfer should have %s; outcome: %s%s%s",
			  tour_leg_of(t)->fails ? "failed" : "succeeded", name,
			  info->say[0] ? ", " : "", info->say);
	}
}

static void on_transfer(struct tour *t, const struct transfer_info *info)
{
	if (!t->caller || info->call != t->caller || t->last.outcome)
		return;

	tour_tell_transfer(t, info);
	t->last = *info;
	if (info->consult)
		t->consult = info->consult;
	if (t->step == STEP_CONSULTING)
		advance(t);
	if ((t->step == STEP_TRANSFER || t->step == STEP_CONSULTING) &&
	    info->outcome)
		transfer_end(t, info);
}

static void on_reply(struct tour *t, const struct reply_info *info)
{
	if (!t->serial || info->serial != t->serial)
		return;

	t->serial = 0;
	if (info->err) {
		leg_wrong(t, "%s was refused: %s", info->command,
			  info->error[0] ? info->error : strerror(info->err));
		return;
	}
	/* the consult call has no number before the caller is on hold; its
	 * transfer tells it then */
	if (t->step == STEP_CALLING)
		t->caller = info->id;
}

/* ---- doors ----------------------------------------------------------------
 */

static void engine_lost(struct tour *t)
{
	t->gone = true;
	if (t->step == STEP_DONE)
		return;

	if (t->leg < TOUR_LEGS)
		leg_wrong(t, "the SIP engine has gone");
	finish(t);
}

void tour_event(struct tour *t, const struct event *ev)
{
	ASSERT_UI();

	if (t->step == STEP_BEGIN || t->step == STEP_DONE)
		return;

	switch (ev->type) {
	case EV_CALL:
		on_call(t, &ev->u.call);
		break;
	case EV_TRANSFER:
		on_transfer(t, &ev->u.transfer);
		break;
	case EV_REPLY:
		on_reply(t, &ev->u.reply);
		break;
	case EV_STOPPED:
		engine_lost(t);
		return;
	default:
		return;
	}
	advance(t);
}

static void step_due(struct tour *t)
{
	t->due = 0;
	if (t->step == STEP_BACK) {
		tour_say(t, "  -> taking the caller off hold (re-INVITE)");
		post(t, REQ_RESUME, t->caller, NULL);
		return;
	}

	/* STEP_ENDING */
	if (t->hung_up) {
		/* the call will not end: it must not stop the others */
		t->caller = t->consult = 0;
		return;
	}
	if (t->resultv[t->leg].right)
		leg_wrong(t, "%s did not come: your call is still there",
			  tour_awaited(t));
	hang_up(t);
	t->hung_up = true;
	t->due = clock_ms() + ENDING_MS;
}

void tour_tick(struct tour *t)
{
	uint64_t now = clock_ms();

	ASSERT_UI();

	if (t->step == STEP_DONE)
		return;

	if (t->step == STEP_BEGIN) {
		t->limit = now + TOUR_LIMIT_MS;
		tour_say(
			t,
			"Three transfers over real SIP, with the phones of the "
			"bank at %s.",
			t->bank);
		tour_say(t,
			 "-> is sent, <- comes back, + is the time since the "
			 "REFER, which asks a phone to call another.");
		leg_begin(t);
	}
	if (t->outc)
		flush(t);
	if (t->gone) {
		engine_lost(t);
		return;
	}
	if (now >= t->limit) {
		leg_wrong(t, "time is up (%d s): still waiting for %s",
			  TOUR_LIMIT_MS / 1000, tour_awaited(t));
		hang_up(t);
		finish(t);
		return;
	}
	if (t->due && now >= t->due)
		step_due(t);
	advance(t);
}

int tour_timeout_ms(const struct tour *t)
{
	uint64_t now = clock_ms();
	uint64_t due = t->limit;

	ASSERT_UI();

	if (t->step == STEP_DONE)
		return -1;
	if (t->step == STEP_BEGIN || t->gone)
		return 0;

	if (t->due && t->due < due)
		due = t->due;
	if (t->outc && now + RETRY_MS < due)
		due = now + RETRY_MS;

	return due > now ? (int)(due - now) : 0;
}

bool tour_done(const struct tour *t, int *exitcode)
{
	unsigned i;

	ASSERT_UI();

	if (t->step != STEP_DONE)
		return false;

	*exitcode = 0;
	for (i = 0; i < TOUR_LEGS; ++i) {
		if (!t->resultv[i].right)
			*exitcode = 1;
	}

	return true;
}

int tour_new(struct tour **tp, const struct port *port,
	     const char *bank_hostport, tour_say_h *sayh, void *arg)
{
	struct tour *t;
	const char *p;

	ASSERT_UI();

	if (!*bank_hostport)
		return EINVAL;
	for (p = bank_hostport; *p; ++p) {
		if (*p <= ' ' || *p > '~' || strchr("<>\"@?", *p))
			return EINVAL;
	}
	/* the longest user part of the tour comes in front */
	if (strlen(bank_hostport) + sizeof("sip:answer@") > URI_MAX)
		return EOVERFLOW;

	t = alloc_zero(sizeof(*t));
	t->port = *port;
	t->sayh = sayh;
	t->arg = arg;
	(void)text_copy(t->bank, sizeof(t->bank), bank_hostport); /* it fits */
	*tp = t;

	return 0;
}

void tour_free(struct tour *t)
{
	free(t);
}

/* ---- as a robot -----------------------------------------------------------
 */

static void robot_event(void *self, const struct event *ev)
{
	tour_event(self, ev);
}

static int robot_timeout_ms(const void *self)
{
	return tour_timeout_ms(self);
}

static void robot_tick(void *self)
{
	tour_tick(self);
}

static bool robot_done(const void *self, int *codep)
{
	return tour_done(self, codep);
}

static int robot_interrupted(void *self, int signo)
{
	struct tour *t = self;

	if (t->step != STEP_DONE)
		tour_say(t, "Stopped by you.");
	t->step = STEP_DONE;
	return 128 + signo;
}

struct robot tour_robot(struct tour *t)
{
	return (struct robot){
		.self = t,
		.event = robot_event,
		.timeout_ms = robot_timeout_ms,
		.tick = robot_tick,
		.done = robot_done,
		.interrupted = robot_interrupted,
	};
}
