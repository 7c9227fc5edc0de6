/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/verb_priv.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "app/alloc.h"
#include "app/exitcode.h"
#include "base/clock.h"
#include "base/text.h"

/*
 * One call:
 *
 *   START --dial--> ASKED --reply--> UP --ended--> DONE
 *     |               | refused        \-- time is over: hangup, still UP
 *     | (accounts     v
 *     |  register)   DONE
 */
enum step { START, ASKED, UP, DONE };

struct call_verb {
	struct app *app;
	struct out *out;
	char target[PATH_MAX_LEN];
	uint32_t for_ms;
	enum step step;
	uint64_t began;
	uint32_t serial;
	uint32_t call;
	bool answered, hung_up;
	uint64_t talk_ends; /* 0: no limit */
	int code;
};

void call_verb_new(struct call_verb **vp, struct app *app, struct out *out,
		   const char *target, uint32_t for_ms)
{
	struct call_verb *v = alloc_zero(sizeof(*v));

	v->app = app;
	v->out = out;
	text_copy(v->target, sizeof(v->target), target);
	v->for_ms = for_ms;
	v->began = clock_ms();
	*vp = v;
}

void call_verb_free(struct call_verb *v)
{
	free(v);
}

static void finish(struct call_verb *v, int code)
{
	v->step = DONE;
	v->code = code;
}

static void on_reply(struct call_verb *v, const struct reply_info *r)
{
	if (v->step != ASKED || r->serial != v->serial)
		return;
	if (!r->err) {
		v->call = r->id;
		v->step = UP;
		return;
	}
	out_complain(v->out, "%s cannot be called: %s", v->target, r->error);
	finish(v, r->err == EINVAL || r->err == EOVERFLOW ? EXIT_USAGE
							  : EXIT_TARGET);
}

static void on_call(struct call_verb *v, const struct call_info *c)
{
	/* the first news may come before the reply that names the call */
	if (v->step == ASKED && c->dir == CALL_OUT)
		v->call = c->id;
	if (c->id != v->call || v->step == DONE)
		return;

	if (c->state == CALL_TALKING && !v->answered) {
		v->answered = true;
		if (v->for_ms)
			v->talk_ends = clock_ms() + v->for_ms;
	}
	if (c->state == CALL_ENDED)
		finish(v, exitcode_call(v->answered, c->code));
}

static void event(void *self, const struct event *ev)
{
	struct call_verb *v = self;

	if (ev->type == EV_REPLY)
		on_reply(v, &ev->u.reply);
	else if (ev->type == EV_CALL)
		on_call(v, &ev->u.call);
}

/* A registrar often takes no calls from whom it does not know yet. */
bool verb_accounts_settled(const struct app *app, uint64_t began)
{
	const struct model *m = &app->model;

	if (clock_ms() >= began + VERB_REGISTER_WAIT_MS)
		return true;
	if (app->pendingc)
		return false;
	if (m->accountc < app->posted)
		return false;
	for (unsigned i = 0; i < m->accountc; i++) {
		if (m->accounts[i].state == ACCOUNT_REGISTERING)
			return false;
	}

	return true;
}

static void tick(void *self)
{
	struct call_verb *v = self;
	struct request req = {.type = REQ_DIAL};

	if (v->step == START && verb_accounts_settled(v->app, v->began)) {
		text_copy(req.u.text, sizeof(req.u.text), v->target);
		v->serial = app_request(v->app, &req);
		v->step = ASKED;
		if (!v->serial)
			finish(v, EXIT_INTERNAL);
	}
	if (v->step == UP && v->talk_ends && !v->hung_up &&
	    clock_ms() >= v->talk_ends) {
		req.type = REQ_HANGUP;
		req.id = v->call;
		v->hung_up = app_request(v->app, &req) != 0;
	}
}

static int until(uint64_t when)
{
	uint64_t now = clock_ms();

	return when > now ? (int)(when - now) : 0;
}

static int timeout_ms(const void *self)
{
	const struct call_verb *v = self;

	if (v->step == START)
		return until(v->began + VERB_REGISTER_WAIT_MS);
	if (v->step == UP && v->talk_ends && !v->hung_up)
		return until(v->talk_ends);

	return -1;
}

static bool done(const void *self, int *codep)
{
	const struct call_verb *v = self;

	if (v->step != DONE)
		return false;
	*codep = v->code;

	return true;
}

struct robot call_verb_robot(struct call_verb *v)
{
	return (struct robot){
		.self = v,
		.event = event,
		.tick = tick,
		.timeout_ms = timeout_ms,
		.done = done,
	};
}
