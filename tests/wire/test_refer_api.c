/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * sip/refer.h as an application sees it: UCMA's Refer, BeginRefer, EndRefer,
 * ReferStatus.  The code of the cases that use the asynchronous form runs on
 * the SIP thread, as that form demands.
 */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/thread.h"
#include "sip/priv.h"
#include "sip/refer.h"
#include "tests/wire/rig.h"

enum { SEEN_MAX = 32 };

/* one referral as its application keeps it */
struct appl {
	struct refer_status *rs;
	struct call *call;
	uint32_t call_id;
	const char *target;
	int begin_err, again_err, end_err, stop_err;
	char why[TEXT_MAX];
	enum refer_state seen[SEEN_MAX];
	unsigned seenc;
	_Atomic unsigned donec; /* read while the SIP thread runs */
	bool inside, done_inside, state_inside;
	struct refer_result res;
	enum refer_state state_now;
	bool subscribed_now, has_session;
};

static void on_state(struct refer_status *rs, enum refer_state was,
		     enum refer_state is, void *arg)
{
	struct appl *a = arg;

	assert_int_equal(thread_role(), THREAD_SIP);
	assert_int_equal(refer_status_state(rs), is);
	if (a->inside)
		a->state_inside = true;
	if (was != is && a->seenc < SEEN_MAX)
		a->seen[a->seenc++] = is;
}

static void on_done(struct refer_status *rs, void *arg)
{
	struct appl *a = arg;

	if (a->inside)
		a->done_inside = true;
	a->donec++;
	a->end_err = refer_end(rs, &a->res);
}

static void begin(struct engine *e, void *arg)
{
	struct appl *a = arg;
	struct refer_prm prm = {.target = a->target};
	struct refer_result res;

	a->call = engine_call(e, a->call_id);
	if (refer_status_new(&a->rs, e))
		return;
	a->state_now = refer_status_state(a->rs);
	a->subscribed_now = refer_status_subscribed(a->rs);
	a->has_session = refer_status_session(a->rs) != NULL;
	a->stop_err = refer_terminate_subscription(a->rs);
	refer_status_on_state(a->rs, on_state, a);
	a->inside = true;
	a->begin_err = refer_begin(a->call, a->rs, &prm, on_done, a, a->why,
				   sizeof(a->why));
	a->inside = false;
	a->end_err = refer_end(a->rs, &res);
}

static void begin_again(struct engine *e, void *arg)
{
	struct appl *a = arg;
	struct refer_prm prm = {.target = a->target};

	(void)e;
	a->again_err = refer_begin(a->call, a->rs, &prm, on_done, a, a->why,
				   sizeof(a->why));
}

static void look(struct engine *e, void *arg)
{
	struct appl *a = arg;

	(void)e;
	a->state_now = refer_status_state(a->rs);
	a->subscribed_now = refer_status_subscribed(a->rs);
	a->has_session = refer_status_session(a->rs) != NULL;
}

static void stop_watching(struct engine *e, void *arg)
{
	struct appl *a = arg;

	look(e, arg);
	a->stop_err = refer_terminate_subscription(a->rs);
	a->again_err = refer_terminate_subscription(a->rs);
}

static void drop(struct engine *e, void *arg)
{
	struct appl *a = arg;

	(void)e;
	a->rs = mem_deref(a->rs);
}

/* Run it there and come back when it has */
static void on_sip(struct rig *r, void (*f)(struct engine *, void *),
		   struct appl *a)
{
	r->e->nop_h = f;
	r->e->nop_arg = a;
	(void)rig_req(r, REQ_NOP, 0, NULL);
	rig_sync(r);
}

static const char *other(struct rig *r)
{
	static char uri[64];

	(void)r;
	(void)snprintf(uri, sizeof(uri), "sip:charly@127.0.0.1:9");
	return uri;
}

static uint32_t begun(struct rig *r, struct appl *a, struct ref *ref)
{
	uint32_t call = rig_call_up(r, r->b, &r->lb);

	r->b->autos = AUTO_REINVITE;
	memset(a, 0, sizeof(*a));
	a->call_id = call;
	a->target = other(r);
	/* the REFER leaves right behind: do not wait for silence */
	r->e->nop_h = begin;
	r->e->nop_arg = a;
	(void)rig_req(r, REQ_NOP, 0, NULL);
	ref_take(&r->lb, ref, 1);
	assert_int_equal(a->begin_err, 0);
	return call;
}

static void whole_way(struct rig *r)
{
	static const enum refer_state way[] = {
		REFER_REQUESTED, REFER_ACCEPTED,  REFER_TRYING,
		REFER_ALERTED,   REFER_SUCCEEDED,
	};
	struct appl a;
	struct ref ref;
	uint32_t call = begun(r, &a, &ref);
	uint32_t n;
	unsigned i;

	/* as it was before it began: idle, unwatched, no session */
	assert_int_equal(a.state_now, REFER_IDLE);
	assert_false(a.subscribed_now);
	assert_false(a.has_session);
	assert_int_equal(a.stop_err, ENOENT);
	assert_int_equal(a.end_err, EAGAIN);
	assert_false(a.done_inside);
	assert_false(a.state_inside);

	ref_reply(&r->lb, &ref, 202, "Accepted", NULL);
	on_sip(r, look, &a);
	assert_int_equal(a.state_now, REFER_ACCEPTED);
	assert_true(a.subscribed_now);
	assert_true(a.has_session);
	ref_notify(&r->lb, &ref, 100, "Trying", ACTIVE);
	ref_notify(&r->lb, &ref, 180, "Ringing", ACTIVE);
	assert_int_equal(a.donec, 0);
	ref_notify(&r->lb, &ref, 200, "OK", TERMINATED);
	rig_goes_well(r, call, &ref);
	on_sip(r, look, &a);

	assert_int_equal(a.donec, 1);
	assert_int_equal(a.end_err, 0);
	assert_int_equal(a.res.err, 0);
	assert_int_equal(a.res.refer_code, 202);
	assert_int_equal(a.res.info.outcome, OUTCOME_SUCCEEDED);
	assert_int_equal(a.seenc, sizeof(way) / sizeof(way[0]));
	for (i = 0; i < a.seenc; i++)
		assert_int_equal(a.seen[i], way[i]);
	assert_false(a.subscribed_now);
	/* the application keeps it; to NOTIFYs it is gone after 64 s */
	rig_pass(r, 65000);
	n = leg_notify(&r->lb, ref.event, TERMINATED, "SIP/2.0 200 OK\r\n");
	(void)peer_expect_answer(r->b, "NOTIFY", n, 481);
	on_sip(r, drop, &a);
}

static void single_use(struct rig *r)
{
	struct appl a;
	struct ref ref;
	uint32_t call = begun(r, &a, &ref);

	on_sip(r, begin_again, &a);
	assert_int_equal(a.again_err, EINVAL);
	ref_reply(&r->lb, &ref, 202, "Accepted", NULL);
	ref_notify(&r->lb, &ref, 200, "OK", TERMINATED);
	rig_goes_well(r, call, &ref);
	on_sip(r, begin_again, &a);
	assert_int_equal(a.again_err, EINVAL);
	assert_int_equal(a.donec, 1);
	on_sip(r, drop, &a);
}

/* ArgumentException: nothing sent, still Idle */
static void arguments(struct rig *r)
{
	uint32_t call = rig_call_up(r, r->b, &r->lb);
	char self[128];
	const char *bad[] = {"", "sip:", "sip:x@h\r\nX: y", NULL, self};
	unsigned i;

	(void)snprintf(self, sizeof(self), "%s", rig_uri(r, "cordpair", "udp"));
	bad[3] = rig_call_now(r, call)->peer; /* the caller himself */
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct appl a = {.call_id = call, .target = bad[i]};

		on_sip(r, begin, &a);
		assert_int_equal(a.begin_err, EINVAL);
		assert_true(a.why[0] != '\0');
		on_sip(r, look, &a);
		assert_int_equal(a.state_now, REFER_IDLE);
		assert_int_equal(a.donec, 0);
		on_sip(r, drop, &a);
	}
	rig_call_alive(r, call);
}

/* InvalidOperationException: the session is not up */
static void not_established(struct rig *r)
{
	struct appl a = {.target = other(r)};
	struct request req = {.type = REQ_DIAL};

	(void)snprintf(req.u.text, sizeof(req.u.text), "%s",
		       peer_uri(r->b, "b"));
	a.call_id = rig_do(r, &req);
	leg_from(&r->lb, r->b, peer_expect(r->b, "INVITE"));
	on_sip(r, begin, &a);
	assert_int_equal(a.begin_err, ENOTCONN);
	assert_true(a.why[0] != '\0');
	on_sip(r, look, &a);
	assert_int_equal(a.state_now, REFER_IDLE);
	on_sip(r, drop, &a);
	leg_reply(&r->lb, r->lb.invite, 486, "Busy Here", NULL);
	(void)peer_expect(r->b, "ACK");
	(void)rig_call_is(r, a.call_id, CALL_ENDED);
}

/* RealTimeException: through the completion */
static void rejected(struct rig *r)
{
	struct appl a;
	struct ref ref;
	uint32_t call = begun(r, &a, &ref);

	ref_reply(&r->lb, &ref, 603, "Decline", NULL);
	(void)rig_outcome(r, ref.id, OUTCOME_REJECTED);
	on_sip(r, look, &a);
	assert_int_equal(a.donec, 1);
	assert_int_equal(a.res.err, EPROTO);
	assert_int_equal(a.res.refer_code, 603);
	assert_int_equal(a.state_now, REFER_REJECTED);
	on_sip(r, drop, &a);
	rig_call_alive(r, call);
}

static void never_answered(struct rig *r)
{
	struct appl a;
	struct ref ref;
	uint32_t call = begun(r, &a, &ref);

	rig_pass(r, 33000);
	(void)rig_outcome(r, ref.id, OUTCOME_NO_ANSWER);
	on_sip(r, look, &a);
	assert_int_equal(a.donec, 1);
	assert_int_equal(a.res.err, ETIMEDOUT);
	assert_int_equal(a.state_now, REFER_FAILED_TO_SEND);
	on_sip(r, drop, &a);
	rig_call_alive(r, call);
}

/* TerminateSubscription: "the state is not affected" */
static void terminate_leaves_the_state(struct rig *r)
{
	struct appl a;
	struct ref ref;
	uint32_t call = begun(r, &a, &ref);
	const struct sipmsg *m;

	ref_reply(&r->lb, &ref, 202, "Accepted", NULL);
	ref_notify(&r->lb, &ref, 180, "Ringing", ACTIVE);
	r->e->nop_h = stop_watching;
	r->e->nop_arg = &a;
	(void)rig_req(r, REQ_NOP, 0, NULL);
	m = peer_expect(r->b, "SUBSCRIBE");
	peer_reply(r->b, m, 200, "OK", "Expires: 0\r\n");
	assert_int_equal(a.state_now, REFER_ALERTED);
	assert_true(a.subscribed_now);
	assert_int_equal(a.stop_err, 0);
	assert_int_equal(a.again_err, EALREADY);
	on_sip(r, look, &a);
	assert_int_equal(a.state_now, REFER_ALERTED);
	assert_false(a.subscribed_now);
	assert_int_equal(a.donec, 0);
	ref_notify(&r->lb, &ref, 0, NULL, "terminated;reason=timeout");
	(void)rig_outcome(r, ref.id, OUTCOME_STOPPED);
	on_sip(r, look, &a);
	assert_int_equal(a.state_now, REFER_ALERTED);
	assert_int_equal(a.donec, 1);
	on_sip(r, drop, &a);
	rig_call_alive(r, call);
}

/* "pending subscriptions are cleaned up when the session ends" */
static void session_ends(struct rig *r)
{
	struct appl a, queued;
	struct ref ref;
	uint32_t call = begun(r, &a, &ref);

	ref_reply(&r->lb, &ref, 202, "Accepted", NULL);
	memset(&queued, 0, sizeof(queued));
	queued.call_id = call;
	queued.target = "sip:dora@127.0.0.1:9";
	on_sip(r, begin, &queued);
	if (queued.begin_err)
		fail_msg("%s", queued.why);
	leg_bye(&r->lb);
	(void)rig_call_is(r, call, CALL_ENDED);
	(void)rig_outcome(r, 2, OUTCOME_NOT_SENT);
	rig_pass(r, 3000);
	(void)rig_outcome(r, ref.id, OUTCOME_UNKNOWN);
	on_sip(r, look, &a);
	on_sip(r, look, &queued);
	assert_int_equal(a.donec, 1);
	assert_int_equal(queued.donec, 1);
	assert_int_equal(queued.res.err, ENOTCONN);
	assert_int_equal(queued.state_now, REFER_IDLE);
	assert_false(a.has_session);
	on_sip(r, drop, &a);
	on_sip(r, drop, &queued);
}

/* ---- the synchronous form ---------------------------------------------- */

struct worker {
	struct engine *e;
	struct request req;
	struct refer_result res;
	int err;
};

static void *work(void *arg)
{
	struct worker *w = arg;

	w->err = refer_sync(w->e, &w->req, &w->res);
	return NULL;
}

static void sync_on_sip(struct engine *e, void *arg)
{
	struct appl *a = arg;
	struct request req = {.type = REQ_TRANSFER, .id = a->call_id};

	a->begin_err = refer_sync(e, &req, &a->res);
}

static void sync_deadlock(struct rig *r)
{
	uint32_t call = rig_call_up(r, r->b, &r->lb);
	struct request req = {.type = REQ_TRANSFER, .id = call};
	struct appl a = {.call_id = call};
	struct refer_result res;
	const enum thread_role was = thread_role();

	(void)snprintf(req.u.text, sizeof(req.u.text), "%s", other(r));
	thread_adopt(THREAD_UI);
	assert_int_equal(refer_sync(r->e, &req, &res), EDEADLK);
	thread_adopt(was);
	on_sip(r, sync_on_sip, &a);
	assert_int_equal(a.begin_err, EDEADLK);
	/* and nothing was sent: a REFER would be a stranger to the rig */
	rig_call_alive(r, call);
}

static void start(struct rig *r, struct worker *w, pthread_t *thread,
		  uint32_t call)
{
	memset(w, 0, sizeof(*w));
	w->e = r->e;
	w->req.type = REQ_TRANSFER;
	w->req.id = call;
	w->req.serial = RIG_FOREIGN;
	(void)snprintf(w->req.u.text, sizeof(w->req.u.text), "%s", other(r));
	assert_int_equal(pthread_create(thread, NULL, work, w), 0);
}

static void sync_succeeds(struct rig *r)
{
	uint32_t call = rig_call_up(r, r->b, &r->lb);
	struct worker w;
	pthread_t thread;
	struct ref ref;

	r->b->autos = AUTO_REINVITE;
	start(r, &w, &thread, call);
	ref_take(&r->lb, &ref, 1);
	ref_reply(&r->lb, &ref, 202, "Accepted", NULL);
	ref_notify(&r->lb, &ref, 200, "OK", TERMINATED);
	rig_goes_well(r, call, &ref);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_int_equal(w.err, 0);
	assert_int_equal(w.res.err, 0);
	assert_int_equal(w.res.info.outcome, OUTCOME_SUCCEEDED);
	assert_int_equal(w.res.refer_code, 202);
}

static void sync_unknown_call(struct rig *r)
{
	struct worker w;
	pthread_t thread;

	start(r, &w, &thread, 77);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_int_equal(w.err, ENOENT);
	assert_true(w.res.info.say[0] != '\0');
}

static void sync_engine_stops(struct rig *r)
{
	uint32_t call = rig_call_up(r, r->b, &r->lb);
	struct worker w;
	pthread_t thread;
	struct ref ref;

	r->b->autos = AUTO_REINVITE | AUTO_BYE;
	start(r, &w, &thread, call);
	ref_take(&r->lb, &ref, 1);
	ref_reply(&r->lb, &ref, 202, "Accepted", NULL);
	rig_sync(r);
	r->stopping = true;
	(void)rig_post(r, &(struct request){.type = REQ_STOP});
	while (!r->stopped)
		peers_serve(100);
	assert_int_equal(pthread_join(thread, NULL), 0);
	/* an outcome, or the news that there will be none: never a hang */
	assert_true(w.err == ESHUTDOWN ||
		    w.res.info.outcome == OUTCOME_STOPPED ||
		    w.res.info.outcome == OUTCOME_UNKNOWN);
}

/* clang-format off */
static const struct wcase cases[] = {
	{"BeginRefer to success: states, one completion", whole_way, 0},
	{"a status object is single use", single_use, 0},
	{"ArgumentException: nothing sent", arguments, 0},
	{"InvalidOperationException: session not established", not_established, 0},
	{"RealTimeException: rejected", rejected, 0},
	{"RealTimeException: no answer", never_answered, 0},
	{"TerminateSubscription leaves the state", terminate_leaves_the_state, 0},
	{"the session's end ends what is pending", session_ends, 0},
	{"Refer on the UI or SIP thread: EDEADLK", sync_deadlock, 0},
	{"Refer blocks its worker until the outcome", sync_succeeds, 0},
	{"Refer of a call that is gone", sync_unknown_call, 0},
	{"Refer while the engine stops", sync_engine_stops, 0},
};
/* clang-format on */

WIRE_MAIN("refer-api", cases)
