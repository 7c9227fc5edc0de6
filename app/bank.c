/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/bank.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "app/alloc.h"
#include "app/phone.h"
#include "app/vec.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "base/thread.h"

/*
 * A call that comes in           A REFER that comes in
 *
 *   RINGING ── wait ── answer      new ── wait ── answer ─┬─ nothing more
 *      └────── wait ── reject                             ├─ the engine calls
 *                                                         │  and reports
 *                                                         └─ call by hand ──
 *                                                            outcome ── NOTIFY
 *
 * A call is forgotten when it ended, a referral when there is nothing left
 * for the bank to do about it: its last request was posted, or the engine
 * says it is gone.  So a referral may outlive the call it came in.
 */

enum {
	CALLER_PATIENCE_MS = 30000,
	RETRY_MS = 5, /* the engine's pipe was full */
};

struct bank_call {
	uint32_t id;
	const struct phone *phone;
	uint64_t due; /* when it answers or refuses [ms], 0: it did */
	bool up;      /* it was answered                           */
};

struct bank_referral {
	uint32_t id;
	uint32_t call; /* 0: ended meanwhile                       */
	const struct phone *phone;
	uint64_t due;  /* when it answers the REFER, 0: it did     */
	unsigned last; /* code of the last NOTIFY, by hand only    */
	bool manual;
};

/* A request whose reply is not here yet; replies come in order */
struct asked {
	uint32_t serial;
	uint32_t id;
	enum req_type type;
};

struct bank {
	struct port port;
	struct vec calls;     /* struct bank_call, by id            */
	struct vec referrals; /* struct bank_referral, by id        */
	struct vec asked;     /* struct asked, oldest first         */
	struct vec outbox;    /* struct request, oldest first       */
	uint64_t due;         /* nothing is due before [ms]         */
	uint64_t retry;       /* send the outbox again [ms]         */
	uint32_t referred;    /* the highest referral id seen       */
	bool gone;            /* the engine takes nothing any more  */
	struct {
		char uri[URI_MAX];
		uint32_t every_ms;
		uint64_t next;     /* when to call [ms]; 0: not now */
		uint64_t patience; /* give up ringing [ms]; 0: no   */
		unsigned turn;     /* whose it is                   */
		uint32_t serial;   /* of the dial                   */
		uint32_t call;
	} caller;
};

static const uint64_t NEVER = UINT64_MAX;

/* ---- requests ------------------------------------------------------------ */

static void forget_all(struct bank *b)
{
	b->calls.n = b->referrals.n = b->asked.n = b->outbox.n = 0;
	b->due = b->retry = NEVER;
	b->caller.next = b->caller.patience = 0;
}

/* 0: the engine has it; else it is to be tried again, or never */
static int try_post(struct bank *b, const struct request *req)
{
	struct asked *a;
	int err = b->port.post(b->port.engine, req);

	if (!err) {
		a = vec_insert(&b->asked, b->asked.n);
		*a = (struct asked){req->serial, req->id, req->type};
	} else if (err != EAGAIN) {
		log_error("bank", "the engine has gone: %s", strerror(err));
		b->gone = true;
	}

	return err;
}

static void flush(struct bank *b)
{
	size_t i;

	for (i = 0; i < b->outbox.n; ++i) {
		if (try_post(b, vec_at(&b->outbox, i)))
			break;
	}
	if (b->gone) {
		forget_all(b);
		return;
	}

	b->outbox.n -= i;
	if (i)
		memmove(b->outbox.v, vec_at(&b->outbox, i),
			b->outbox.n * b->outbox.size);
	b->retry = b->outbox.n ? clock_ms() + RETRY_MS : NEVER;
}

static uint32_t post_request(struct bank *b, struct request *req)
{
	struct request *wait;

	if (b->gone)
		return 0;

	req->serial = b->port.serial(b->port.engine);
	wait = vec_insert(&b->outbox, b->outbox.n);
	*wait = *req;
	if (b->outbox.n == 1)
		flush(b);

	return req->serial;
}

static void post(struct bank *b, enum req_type type, uint32_t id, unsigned code,
		 unsigned flags)
{
	struct request req = {
		.type = type, .id = id, .code = code, .flags = flags};

	post_request(b, &req);
}

static void wake_at(struct bank *b, uint64_t due)
{
	if (due && due < b->due && !b->gone)
		b->due = due;
}

/* ---- calls --------------------------------------------------------------- */

static void call_due(struct bank *b, struct bank_call *c)
{
	c->due = 0;
	if (c->phone->reject)
		post(b, REQ_REJECT, c->id, c->phone->reject, 0);
	else
		post(b, REQ_ANSWER, c->id, 0, 0);
}

static struct bank_call *call_new(struct bank *b, const struct call_info *info)
{
	size_t i = vec_place(&b->calls, info->id);
	struct bank_call *c = vec_insert(&b->calls, i);

	c->id = info->id;
	/* a phone that calls out is one that would answer */
	c->phone = phone_find(info->dir == CALL_IN ? info->local : "answer");

	if (info->dir != CALL_IN || info->state != CALL_RINGING)
		return c;

	if (c->phone->ring)
		post(b, REQ_PROGRESS, c->id, 180, 0);
	if (!c->phone->wait_ms) {
		call_due(b, c);
		return c;
	}
	c->due = clock_ms() + c->phone->wait_ms;
	wake_at(b, c->due);

	return c;
}

/* ---- referrals ----------------------------------------------------------- */

static void refer_notify(struct bank *b, struct bank_referral *r, unsigned code,
			 bool final)
{
	if (!final && code == r->last)
		return;

	r->last = code;
	post(b, REQ_REFERRED_NOTIFY, r->id, code, final ? REFERRED_FINAL : 0);
}

/* The target answered or will not: the last word about it */
static void refer_outcome(struct bank *b, struct bank_referral *r,
			  unsigned code)
{
	if (r->phone->refer == REFER_LEAVER && r->call)
		post(b, REQ_HANGUP, r->call, 0, 0);
	refer_notify(b, r, code, true);
	vec_drop(&b->referrals, r->id);
}

static void refer_answer(struct bank *b, struct bank_referral *r)
{
	uint32_t id = r->id;

	r->due = 0;
	switch (r->phone->refer) {
	case REFER_AUTO:
		post(b, REQ_REFERRED_ANSWER, id, 202, 0);
		post(b, REQ_REFERRED_CALL, id, 0, 0);
		break;
	case REFER_SILENT:
		post(b, REQ_REFERRED_ANSWER, id, 202, 0);
		vec_drop(&b->referrals, id);
		break;
	case REFER_MINIMAL:
		post(b, REQ_REFERRED_ANSWER, id, 202, 0);
		refer_notify(b, r, 100, true);
		vec_drop(&b->referrals, id);
		break;
	case REFER_EARLY:
		r->manual = true;
		refer_notify(b, r, 100, false);
		refer_notify(b, r, 180, false);
		post(b, REQ_REFERRED_ANSWER, id, 202, 0);
		post(b, REQ_REFERRED_CALL, id, 0, REFERRED_MANUAL);
		break;
	case REFER_LEAVER:
		r->manual = true;
		post(b, REQ_REFERRED_ANSWER, id, 202, 0);
		refer_notify(b, r, 100, false);
		post(b, REQ_REFERRED_CALL, id, 0, REFERRED_MANUAL);
		break;
	case REFER_REFUSE:
		post(b, REQ_REFERRED_ANSWER, id, 501, 0);
		vec_drop(&b->referrals, id);
		break;
	}
}

static void on_referred(struct bank *b, const struct referred_info *info)
{
	const struct bank_call *c;
	struct bank_referral *r;

	if (info->gone) {
		vec_drop(&b->referrals, info->id);
		return;
	}
	if (info->id <= b->referred)
		return; /* news of one that was dealt with */
	b->referred = info->id;

	c = vec_find(&b->calls, info->call);
	if (!info->call) {
		/* whoever may call us must not make us call others */
		log_info("bank", "REFER outside of a call refused (403)");
		post(b, REQ_REFERRED_ANSWER, info->id, 403, 0);
		return;
	}
	if (!c) {
		post(b, REQ_REFERRED_ANSWER, info->id, 481, 0);
		return;
	}

	/* a second REFER in a call is a second referral (RFC 3515 2.4.6) */
	r = vec_insert(&b->referrals, b->referrals.n);
	r->id = info->id;
	r->call = info->call;
	r->phone = c->phone;
	if (!r->phone->refer_wait_ms) {
		refer_answer(b, r);
		return;
	}
	r->due = clock_ms() + r->phone->refer_wait_ms;
	wake_at(b, r->due);
}

/* What became of the call that a phone makes because of a REFER */
static void refer_call(struct bank *b, const struct call_info *info)
{
	struct bank_referral *r = vec_find(&b->referrals, info->referred);
	bool talked = info->code >= 200 && info->code < 300;

	if (!r || !r->manual || info->dir != CALL_OUT)
		return;

	switch (info->state) {
	case CALL_RINGING:
		refer_notify(b, r, 180, false);
		break;
	case CALL_TALKING:
	case CALL_HELD:
		refer_outcome(b, r, 200);
		break;
	case CALL_ENDED:
		/* answered and over before the news of it was read */
		if (talked)
			refer_outcome(b, r, 200);
		else
			refer_outcome(b, r,
				      info->code >= 300 ? info->code : 503);
		break;
	default:
		break;
	}
}

/* The call is over: the REFERs in it that wait want an answer all the same */
static void refer_orphans(struct bank *b, uint32_t call)
{
	size_t i = 0;

	while (i < b->referrals.n) {
		struct bank_referral *r = vec_at(&b->referrals, i);

		if (r->call == call && r->due) {
			uint32_t id = r->id;

			post(b, REQ_REFERRED_ANSWER, id, 487, 0);
			vec_drop(&b->referrals, id);
			continue;
		}
		if (r->call == call)
			r->call = 0;
		++i;
	}
}

/* ---- the phone that calls ------------------------------------------------ */

static void caller_rest(struct bank *b)
{
	b->caller.call = 0;
	b->caller.serial = 0;
	b->caller.patience = 0;
	if (!b->caller.every_ms)
		return;

	b->caller.next = clock_ms() + b->caller.every_ms;
	wake_at(b, b->caller.next);
}

/* Numbers that are kept free for stories (Ofcom, NANP, BNetzA) */
static const struct dial_prm callerv[] = {
	{.user = "+442079460958", .name = "Dana Ortiz"},
	{.user = "+12125550147", .name = "Kim Lee"},
	{.user = "+493023125014", .name = "Müller & Söhne"},
	{.user = "+14155550111", .name = "Acme Ltd"},
};

static void caller_dial(struct bank *b)
{
	const unsigned n = sizeof(callerv) / sizeof(callerv[0]);
	struct request req = {.type = REQ_DIAL, .flags = DIAL_AS};

	b->caller.next = 0;
	req.u.dial = callerv[b->caller.turn++ % n];
	memcpy(req.u.dial.target, b->caller.uri, sizeof(b->caller.uri));
	b->caller.serial = post_request(b, &req);
}

static void caller_call(struct bank *b, const struct call_info *info)
{
	switch (info->state) {
	case CALL_ENDED:
		caller_rest(b);
		break;
	case CALL_TALKING:
	case CALL_HELD:
		b->caller.patience = 0;
		break;
	default:
		break;
	}
}

static void caller_due(struct bank *b, uint64_t now)
{
	if (b->caller.next && now >= b->caller.next)
		caller_dial(b);

	if (b->caller.patience && now >= b->caller.patience) {
		b->caller.patience = 0;
		log_info("bank", "caller: nobody answers, gives up");
		post(b, REQ_HANGUP, b->caller.call, 0, 0);
	}
}

/* ---- events -------------------------------------------------------------- */

static void on_call(struct bank *b, const struct call_info *info)
{
	struct bank_call *c = vec_find(&b->calls, info->id);

	if (info->referred)
		refer_call(b, info);
	if (info->id == b->caller.call)
		caller_call(b, info);

	if (info->state == CALL_ENDED) {
		refer_orphans(b, info->id);
		vec_drop(&b->calls, info->id);
		return;
	}
	if (!c)
		c = call_new(b, info);
	else if (info->state != CALL_RINGING)
		c->due = 0;
	if (info->state == CALL_TALKING || info->state == CALL_HELD)
		c->up = true;
}

static void on_refused(struct bank *b, const struct asked *a, const char *error)
{
	struct bank_referral *r;

	log_warn("bank", "%s %u: %s", request_name(a->type), a->id, error);

	switch (a->type) {
	case REQ_DIAL:
		if (a->serial == b->caller.serial)
			caller_rest(b);
		break;
	case REQ_REFERRED_ANSWER:
		vec_drop(&b->referrals, a->id);
		break;
	case REQ_REFERRED_CALL:
		/* the transferor waits for a result */
		r = vec_find(&b->referrals, a->id);
		if (r)
			refer_outcome(b, r, 503);
		break;
	case REQ_HANGUP:
		/* it ended before we knew that it was ours */
		if (a->id == b->caller.call)
			caller_rest(b);
		break;
	default:
		break;
	}
}

static void on_taken(struct bank *b, const struct asked *a, uint32_t id)
{
	const struct bank_call *c;
	struct bank_referral *r;

	switch (a->type) {
	case REQ_DIAL:
		if (a->serial != b->caller.serial)
			break;
		b->caller.call = id;
		c = vec_find(&b->calls, id);
		if (c && c->up)
			break;
		b->caller.patience = clock_ms() + CALLER_PATIENCE_MS;
		wake_at(b, b->caller.patience);
		break;
	case REQ_REFERRED_CALL:
		/* from now on the engine reports by itself */
		r = vec_find(&b->referrals, a->id);
		if (r && !r->manual)
			vec_drop(&b->referrals, a->id);
		break;
	default:
		break;
	}
}

static void on_reply(struct bank *b, const struct reply_info *info)
{
	struct asked a;
	size_t i;

	for (i = 0; i < b->asked.n; ++i) {
		if (vec_id(&b->asked, i) == info->serial)
			break;
	}
	if (i == b->asked.n)
		return; /* somebody else's */

	memcpy(&a, vec_at(&b->asked, i), sizeof(a));
	vec_remove(&b->asked, i);

	if (info->err)
		on_refused(b, &a,
			   info->error[0] ? info->error : strerror(info->err));
	else
		on_taken(b, &a, info->id);
}

void bank_event(struct bank *b, const struct event *ev)
{
	ASSERT_UI();

	if (b->gone)
		return;

	switch (ev->type) {
	case EV_CALL:
		on_call(b, &ev->u.call);
		break;
	case EV_REFERRED:
		on_referred(b, &ev->u.referred);
		break;
	case EV_REPLY:
		on_reply(b, &ev->u.reply);
		break;
	case EV_STOPPED:
		b->gone = true;
		forget_all(b);
		break;
	default:
		break;
	}
}

/* ---- time ---------------------------------------------------------------- */

int bank_timeout_ms(const struct bank *b)
{
	uint64_t due = b->due < b->retry ? b->due : b->retry;
	uint64_t now;

	ASSERT_UI();

	if (due == NEVER)
		return -1;

	now = clock_ms();
	if (due <= now)
		return 0;

	return due - now < INT_MAX ? (int)(due - now) : INT_MAX;
}

void bank_tick(struct bank *b)
{
	uint64_t now = clock_ms();
	size_t i;

	ASSERT_UI();

	if (now >= b->retry)
		flush(b);
	if (now < b->due)
		return;

	/* whoever is not due yet wakes us again */
	b->due = NEVER;
	for (i = 0; i < b->calls.n; ++i) {
		struct bank_call *c = vec_at(&b->calls, i);

		if (c->due && now >= c->due)
			call_due(b, c);
		wake_at(b, c->due);
	}
	i = 0;
	while (i < b->referrals.n) {
		struct bank_referral *r = vec_at(&b->referrals, i);
		uint32_t id = r->id;

		if (r->due && now >= r->due)
			refer_answer(b, r);
		else
			wake_at(b, r->due);

		/* answering may end it */
		if (i < b->referrals.n && vec_id(&b->referrals, i) == id)
			++i;
	}
	caller_due(b, now);
	wake_at(b, b->caller.next);
	wake_at(b, b->caller.patience);
}

/* ---- life ---------------------------------------------------------------- */

int bank_caller(struct bank *b, const char *uri, uint32_t every_ms)
{
	char copy[URI_MAX];
	int err;

	ASSERT_UI();

	if (!uri) {
		b->caller.every_ms = 0;
		b->caller.next = 0;
		return 0;
	}
	if (!*uri || !every_ms)
		return EINVAL;

	err = text_copy(copy, sizeof(copy), uri);
	if (err)
		return err;

	memcpy(b->caller.uri, copy, sizeof(copy));
	b->caller.every_ms = every_ms;
	if (!b->caller.call && !b->caller.serial)
		caller_rest(b);

	return 0;
}

int bank_new(struct bank **bp, const struct port *port)
{
	struct bank *b;

	ASSERT_UI();

	b = alloc_zero(sizeof(*b));
	b->port = *port;
	b->calls.size = sizeof(struct bank_call);
	b->referrals.size = sizeof(struct bank_referral);
	b->asked.size = sizeof(struct asked);
	b->outbox.size = sizeof(struct request);
	b->due = b->retry = NEVER;
	*bp = b;

	return 0;
}

void bank_free(struct bank *b)
{
	if (!b)
		return;

	ASSERT_UI();
	free(b->calls.v);
	free(b->referrals.v);
	free(b->asked.v);
	free(b->outbox.v);
	free(b);
}

/* ---- as a robot -----------------------------------------------------------
 */

static void robot_event(void *self, const struct event *ev)
{
	bank_event(self, ev);
}

static int robot_timeout_ms(const void *self)
{
	return bank_timeout_ms(self);
}

static void robot_tick(void *self)
{
	bank_tick(self);
}

struct robot bank_robot(struct bank *b)
{
	return (struct robot){
		.self = b,
		.event = robot_event,
		.timeout_ms = robot_timeout_ms,
		.tick = robot_tick,
	};
}
