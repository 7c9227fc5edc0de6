/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/verb_priv.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "app/alloc.h"
#include "app/exitcode.h"
#include "base/clock.h"
#include "base/text.h"
#include "base/worker.h"

/*
 * One transfer, from the first call to the last hangup:
 *
 *   START -> DIALED -> CALLING --talks--> REFERRING (worker) ----> SETTLING
 *                         |                  ^                       |   ^
 *                         |        attended, |it talks               v   |
 *                         \--> CONSULTING ---+                    ENDING |
 *                                 | semi, it rings                   |   |
 *                                 v                                  v   |
 *                              COMPLETING --outcome------------+   DONE  |
 *                                                              \---------/
 *
 * SETTLING waits for what a success does to the caller's call, so that the
 * last line can say where the caller is; ENDING hangs up what is still up.
 * What fails on the way goes straight to ENDING.
 */
enum step {
	START,
	DIALED,     /* no reply yet: v->caller is not known          */
	CALLING,    /* until the caller talks                        */
	CONSULTING, /* until the target rings (semi) or talks        */
	COMPLETING, /* REQ_COMPLETE is posted                        */
	REFERRING,  /* the worker sits in refer_sync()               */
	SETTLING,
	ENDING,
	DONE,
};

enum { SETTLE_MS = 3000, END_MS = 3000 };

struct job {
	const struct port *port;
	struct request req;
	struct transfer_info last;
	int err;
};

struct xfer_verb {
	struct app *app;
	struct out *out;
	char caller_uri[PATH_MAX_LEN], target[PATH_MAX_LEN];
	enum transfer_kind kind;
	unsigned flags;
	uint32_t limit_ms;
	enum step step;
	uint64_t began, deadline; /* of START; of the later steps, 0: none */
	uint32_t serial;          /* of the request that waits, 0: none    */
	uint32_t caller;          /* its call                              */
	uint32_t consult;
	bool asked_complete; /* REQ_COMPLETE was taken                */
	struct job job;
	struct worker *worker;
	struct transfer_info last; /* newest news of our transfer          */
	bool have_last;
	const char *fate; /* of the caller, for the last line     */
	int code;
};

void xfer_verb_new(struct xfer_verb **vp, struct app *app, struct out *out,
		   const struct xfer_prm *prm)
{
	struct xfer_verb *v = alloc_zero(sizeof(*v));

	v->app = app;
	v->out = out;
	text_copy(v->caller_uri, sizeof(v->caller_uri), prm->caller);
	text_copy(v->target, sizeof(v->target), prm->target);
	v->kind = prm->kind;
	v->flags = prm->flags;
	v->limit_ms = prm->limit_ms;
	v->began = clock_ms();
	*vp = v;
}

void xfer_verb_free(struct xfer_verb *v)
{
	if (!v)
		return;
	worker_free(v->worker);
	free(v);
}

static void go(struct xfer_verb *v, enum step step, uint32_t limit_ms)
{
	v->step = step;
	v->deadline = limit_ms ? clock_ms() + limit_ms : 0;
}

static void fail(struct xfer_verb *v, int code)
{
	v->code = code;
	go(v, ENDING, END_MS);
}

static void request(struct xfer_verb *v, struct request *req)
{
	v->serial = app_request(v->app, req);
	if (!v->serial)
		fail(v, EXIT_INTERNAL);
}

/* ---- the steps --------------------------------------------------------- */

static void dial(struct xfer_verb *v)
{
	struct request req = {.type = REQ_DIAL};

	text_copy(req.u.text, sizeof(req.u.text), v->caller_uri);
	go(v, DIALED, 0);
	request(v, &req);
}

static void consult(struct xfer_verb *v)
{
	struct request req = {.type = REQ_CONSULT, .id = v->caller};

	text_copy(req.u.text, sizeof(req.u.text), v->target);
	go(v, CONSULTING, v->limit_ms);
	request(v, &req);
}

static void complete(struct xfer_verb *v)
{
	struct request req = {.type = REQ_COMPLETE, .id = v->caller};

	go(v, COMPLETING, v->limit_ms);
	request(v, &req);
}

static void refer_job(void *arg)
{
	struct job *job = arg;

	job->err =
		job->port->refer_sync(job->port->engine, &job->req, &job->last);
}

static void refer(struct xfer_verb *v)
{
	struct job *job = &v->job;

	job->port = v->app->port;
	job->req = (struct request){
		.type = REQ_TRANSFER,
		.serial = job->port->serial(job->port->engine),
		.id = v->caller,
		.id2 = v->consult,
		.flags = v->flags,
		.value = v->limit_ms,
	};
	text_copy(job->req.u.text, sizeof(job->req.u.text), v->target);
	go(v, REFERRING, 0);
	if (worker_start(&v->worker, refer_job, job))
		fail(v, EXIT_INTERNAL);
}

static void judge(struct xfer_verb *v)
{
	v->code = exitcode_transfer(&v->last);
	go(v, SETTLING, v->code == EXIT_OK ? SETTLE_MS : 1);
}

/* ---- what is heard ----------------------------------------------------- */

static void on_reply(struct xfer_verb *v, const struct reply_info *r)
{
	if (!v->serial || r->serial != v->serial)
		return;
	v->serial = 0;
	if (v->step == DIALED && !r->err) {
		v->caller = r->id;
		go(v, CALLING, 0);
	} else if (v->step == DIALED) {
		out_complain(v->out, "%s cannot be called: %s", v->caller_uri,
			     r->error);
		fail(v, r->err == EINVAL || r->err == EOVERFLOW ? EXIT_USAGE
								: EXIT_CALLER);
	} else if (v->step == CONSULTING && r->err) {
		out_complain(v->out, "%s cannot be called: %s", v->target,
			     r->error);
		fail(v, r->err == EINVAL || r->err == EOVERFLOW ? EXIT_USAGE
								: EXIT_TARGET);
	} else if (v->step == COMPLETING && r->err) {
		out_complain(v->out, "The transfer cannot be completed: %s",
			     r->error);
		fail(v, EXIT_NOT_SENT);
	} else if (v->step == COMPLETING) {
		v->asked_complete = true;
	}
}

static bool before_transfer(const struct xfer_verb *v)
{
	return v->step == DIALED || v->step == CALLING || v->step == CONSULTING;
}

static void on_caller(struct xfer_verb *v, const struct call_info *c)
{
	if (c->state == CALL_ENDED && before_transfer(v)) {
		fail(v, EXIT_CALLER);
		return;
	}
	if (v->step == CALLING && c->state == CALL_TALKING) {
		if (v->kind == KIND_BLIND)
			refer(v);
		else
			consult(v);
	}
}

static void on_consult(struct xfer_verb *v, const struct call_info *c)
{
	bool rings = c->state == CALL_RINGING || c->state == CALL_EARLY;
	bool talks = c->state == CALL_TALKING;

	v->consult = c->id;
	if (c->state == CALL_ENDED) {
		/* with COMPLETING, too: nothing was referred to yet */
		if (v->step == CONSULTING ||
		    (v->step == COMPLETING && !v->have_last))
			fail(v, exitcode_call(false, c->code));
		return;
	}
	if (v->step != CONSULTING)
		return;
	if (v->kind == KIND_SEMI && (rings || talks))
		complete(v);
	else if (v->kind == KIND_ATTENDED && talks)
		refer(v);
}

static void on_call(struct xfer_verb *v, const struct call_info *c)
{
	/* news may come before the reply that names the call */
	if (v->step == DIALED && !v->caller && c->dir == CALL_OUT) {
		v->caller = c->id;
		go(v, CALLING, 0);
	}
	if (c->id == v->caller)
		on_caller(v, c);
	else if (c->consult_of == v->caller || c->id == v->consult)
		on_consult(v, c);
}

static void on_transfer(struct xfer_verb *v, const struct transfer_info *t)
{
	if (t->call != v->caller)
		return;
	v->last = *t;
	v->have_last = true;
}

static void event(void *self, const struct event *ev)
{
	struct xfer_verb *v = self;

	if (v->step == DONE)
		return;
	switch (ev->type) {
	case EV_REPLY:
		on_reply(v, &ev->u.reply);
		break;
	case EV_CALL:
		on_call(v, &ev->u.call);
		break;
	case EV_TRANSFER:
		on_transfer(v, &ev->u.transfer);
		break;
	default:
		break;
	}
}

/* ---- where the caller is ------------------------------------------------ */

static bool is_up(const struct xfer_verb *v, uint32_t id)
{
	const struct call_info *c = model_call(&v->app->model, id);

	return c && c->state != CALL_ENDED;
}

/* How the caller is when all is over, before the calls are hung up */
static const char *fate(const struct xfer_verb *v)
{
	const struct call_info *c = model_call(&v->app->model, v->caller);

	if (v->code == EXIT_OK)
		return "is with the target now";
	if (!c || v->code == EXIT_CALLER)
		return "was not there to be transferred";
	if (c->state != CALL_ENDED)
		return "was still here, and was hung up";
	if (v->flags & TRANSFER_RELEASE)
		return "was let go before the result was known";
	if (v->code == EXIT_UNKNOWN || v->code == EXIT_NO_REPORTS)
		return "has left; nobody knows where to";

	return "has hung up";
}

/* The outcome as the beginning of a sentence */
static const char *outcome_words(enum outcome outcome)
{
	static const char *const words[OUTCOME_COUNT] = {
		[OUTCOME_SUCCEEDED] = "Transfer succeeded",
		[OUTCOME_SUCCEEDED_INFERRED] = "Transfer most likely succeeded",
		[OUTCOME_REDIRECTED] = "Transfer redirected",
		[OUTCOME_FAILED] = "Transfer failed",
		[OUTCOME_REJECTED] = "Transfer refused",
		[OUTCOME_NOT_SENT] = "Transfer not sent",
		[OUTCOME_NO_ANSWER] = "Transfer request not answered",
		[OUTCOME_NO_REPORTS] = "Transfer accepted, but no reports came",
		[OUTCOME_UNKNOWN] = "Transfer with unknown result",
		[OUTCOME_TIMED_OUT] = "Transfer timed out",
		[OUTCOME_STOPPED] = "Transfer stopped",
	};

	return words[outcome];
}

static void say_end(const struct xfer_verb *v)
{
	const struct transfer_info *t = &v->last;

	if (!v->have_last || !outcome_words(t->outcome))
		out_say(v->out, "No transfer: the caller, %s, %s.",
			v->caller_uri, v->fate);
	else if (t->code)
		out_say(v->out, "%s, %u%s%s: the caller, %s, %s.",
			outcome_words(t->outcome), t->code,
			t->text[0] ? " " : "", t->text, v->caller_uri, v->fate);
	else
		out_say(v->out, "%s: the caller, %s, %s.",
			outcome_words(t->outcome), v->caller_uri, v->fate);
}

static void hang_up(struct xfer_verb *v)
{
	const struct model *m = &v->app->model;

	v->fate = fate(v);
	for (unsigned i = 0; i < m->callc; i++) {
		struct request req = {.type = REQ_HANGUP, .id = m->calls[i].id};

		if (m->calls[i].state != CALL_ENDED)
			app_request(v->app, &req);
	}
}

/* ---- the robot ----------------------------------------------------------- */

static void worker_back(struct xfer_verb *v)
{
	const struct job *job = &v->job;

	if (!worker_done(v->worker))
		return;
	if (!job->err) {
		/* its word and the last event are the same; either may be
		 * the first to be here, and the event must be printed */
		if (v->have_last && v->last.outcome != OUTCOME_NONE)
			judge(v);
		return;
	}
	if (v->have_last && v->last.outcome != OUTCOME_NONE) {
		judge(v);
		return;
	}
	out_complain(v->out, "%s%s",
		     text_begins(job->last.say, "Cannot transfer")
			     ? ""
			     : "Nothing was sent: ",
		     job->last.say[0] ? job->last.say : strerror(job->err));
	fail(v, job->err == EINVAL || job->err == EOVERFLOW ? EXIT_USAGE
							    : EXIT_NOT_SENT);
}

static bool late(const struct xfer_verb *v)
{
	return v->deadline && clock_ms() >= v->deadline;
}

static void tick(void *self)
{
	struct xfer_verb *v = self;
	enum step before;

	do {
		before = v->step;
		switch (v->step) {
		case START:
			if (verb_accounts_settled(v->app, v->began))
				dial(v);
			break;
		case CONSULTING:
			if (late(v))
				fail(v, EXIT_TIMED_OUT);
			break;
		case COMPLETING:
			if (v->have_last && v->last.outcome != OUTCOME_NONE)
				judge(v);
			else if (late(v))
				fail(v, EXIT_TIMED_OUT);
			break;
		case REFERRING:
			worker_back(v);
			break;
		case SETTLING:
			if (!is_up(v, v->caller) || late(v))
				go(v, ENDING, END_MS);
			break;
		case ENDING:
			if (!v->fate)
				hang_up(v);
			if (model_calls_up(&v->app->model) && !late(v))
				break;
			say_end(v);
			v->step = DONE;
			break;
		default:
			break;
		}
	} while (v->step != before);
}

static int timeout_ms(const void *self)
{
	const struct xfer_verb *v = self;
	uint64_t now = clock_ms();
	uint64_t when = v->deadline;

	if (v->step == START)
		when = v->began + VERB_REGISTER_WAIT_MS;
	if (!when)
		return -1;

	return when > now ? (int)(when - now) : 0;
}

static int fd(const void *self)
{
	const struct xfer_verb *v = self;

	/* once it is done it stays readable: do not spin on it */
	return v->worker && !worker_done(v->worker) ? worker_fd(v->worker) : -1;
}

static void input(void *self)
{
	(void)self; /* tick looks at the worker */
}

static bool done(const void *self, int *codep)
{
	const struct xfer_verb *v = self;

	if (v->step != DONE)
		return false;
	*codep = v->code;

	return true;
}

static int interrupted(void *self, int signo)
{
	struct xfer_verb *v = self;

	/* the REFER cannot be called back: nobody knows what it did */
	if (v->step == REFERRING || v->step == COMPLETING)
		return EXIT_UNKNOWN;

	return EXIT_SIGNAL + signo;
}

struct robot xfer_verb_robot(struct xfer_verb *v)
{
	return (struct robot){
		.self = v,
		.event = event,
		.tick = tick,
		.timeout_ms = timeout_ms,
		.fd = fd,
		.input = input,
		.done = done,
		.interrupted = interrupted,
		.last_word = true,
	};
}
