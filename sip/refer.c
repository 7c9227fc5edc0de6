/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/clock.h"
#include "sip/refer_priv.h"

/*
 * One outgoing referral (the machine of transfer.md 5.1).  Two things move
 * apart from each other: the UCMA state, and the subscription.
 *
 *  state   Idle ─► Requested ─► Accepted ─► Trying ─► Alerted ─► Succeeded
 *            │         │  └► Rejected           │        ├─────► Failed
 *            │         └───► Failed to send     └────────┴─────► Redirected
 *            └ queued, holding, consulting
 *
 *  sub     none ─2xx─► wait ─NOTIFY─► active ─terminated─► closed
 *                        └──────────────┴─SUBSCRIBE 0─► unsub ─► closed
 *
 * What holds always: the state never moves backwards and is frozen once
 * final; there is one outcome, told last; after STAGE_DONE nothing is told;
 * the object lives TZ longer, so that late NOTIFYs get their 200.
 *
 * libre's sipevent_drefer() is not used: it hides the 2xx, has no Timer N and
 * lets a peer drive it into a SUBSCRIBE storm.
 */

enum {
	TG_MS = 2000,
	TZ_MS = 64000,
	D2_GRACE_MS = 2000,
	CONSULT_WAIT_MS = 30000,
	PER_CALL_MAX = 4,
	LIVE_MAX = 512,
	TOMBSTONES_MAX = 128,
};

static void on_grace(void *arg);

static void timers_cancel(struct refer_status *r)
{
	tmr_cancel(&r->tmr_go);
	tmr_cancel(&r->tmr_n);
	tmr_cancel(&r->tmr_e);
	tmr_cancel(&r->tmr_m);
	tmr_cancel(&r->tmr_g);
	tmr_cancel(&r->tmr_t);
	tmr_cancel(&r->tmr_u);
	tmr_cancel(&r->tmr_z);
}

static void refer_destructor(void *arg)
{
	struct refer_status *r = arg;

	timers_cancel(r);
	if (refer_live(r))
		r->e->refers_live--;
	else if (r->stage == STAGE_DONE)
		r->e->refers_over--;
	list_unlink(&r->le);
	list_unlink(&r->le_call);
	hash_unlink(&r->he);
	if (r->d1)
		call_hold_forget(r->d1, r);
	if (r->d2) {
		call_hold_forget(r->d2, r);
		if (r->d2->consult == r)
			r->d2->consult = NULL;
	}
	rq_forget(&r->rq);
	rq_forget(&r->sub_rq);
	mem_deref(r->dlg);
	mem_deref(r->auth);
	mem_deref(r->headers);
}

int refer_status_new(struct refer_status **rsp, struct engine *e)
{
	struct refer_status *r;

	ASSERT_SIP();

	r = mem_zalloc(sizeof(*r), refer_destructor);
	if (!r)
		return ENOMEM;
	r->e = e;
	tmr_init(&r->tmr_go);
	tmr_init(&r->tmr_n);
	tmr_init(&r->tmr_e);
	tmr_init(&r->tmr_m);
	tmr_init(&r->tmr_g);
	tmr_init(&r->tmr_t);
	tmr_init(&r->tmr_u);
	tmr_init(&r->tmr_z);
	*rsp = r;
	return 0;
}

enum refer_state refer_status_state(const struct refer_status *rs)
{
	ASSERT_SIP();
	return rs->info.state;
}

bool refer_status_subscribed(const struct refer_status *rs)
{
	ASSERT_SIP();
	return rs->info.sub == SUB_WAIT || rs->info.sub == SUB_ACTIVE;
}

struct call *refer_status_session(const struct refer_status *rs)
{
	ASSERT_SIP();
	return rs->d1;
}

const struct transfer_info *refer_status_info(const struct refer_status *rs)
{
	ASSERT_SIP();
	return &rs->info;
}

void refer_status_on_state(struct refer_status *rs, refer_state_h *h, void *arg)
{
	ASSERT_SIP();
	rs->stateh = h;
	rs->state_arg = arg;
}

bool refer_live(const struct refer_status *r)
{
	return r->stage > STAGE_NEW && r->stage < STAGE_DONE;
}

bool refer_is_blind(const struct refer_status *r)
{
	return r->info.kind == KIND_BLIND || r->plain;
}

/* ---- telling ----------------------------------------------------------- */

static int rank(enum refer_state s)
{
	static const int ranks[REFER_STATE_COUNT] = {
		[REFER_IDLE] = 0,           [REFER_REQUESTED] = 1,
		[REFER_ACCEPTED] = 2,       [REFER_TRYING] = 3,
		[REFER_ALERTED] = 4,        [REFER_REJECTED] = 5,
		[REFER_FAILED_TO_SEND] = 5, [REFER_SUCCEEDED] = 5,
		[REFER_FAILED] = 5,         [REFER_REDIRECTED] = 5,
	};

	return ranks[s];
}

static void publish(struct refer_status *r, enum refer_state was)
{
	struct transfer_info *t;

	if (r->t_refer)
		r->info.since_refer_ms = (uint32_t)(clock_ms() - r->t_refer);
	t = &engine_event(r->e, EV_TRANSFER)->u.transfer;
	*t = r->info;
	/* names of the other sides stand in it */
	text_clean(t->say, sizeof(t->say), r->info.say, strlen(r->info.say));
	if (r->stateh)
		r->stateh(r, was, r->info.state, r->state_arg);
}

static enum refer_state set_state(struct refer_status *r,
				  enum refer_state state)
{
	const enum refer_state was = r->info.state;

	if (rank(state) > rank(was))
		r->info.state = state;
	return was;
}

void refer_tell(struct refer_status *r, enum refer_state state, const char *fmt,
		...)
{
	const enum refer_state was = set_state(r, state);
	va_list ap;

	ASSERT_SIP();

	if (r->stage == STAGE_DONE)
		return;
	if (fmt) {
		va_start(ap, fmt);
		(void)vsnprintf(r->info.say, sizeof(r->info.say), fmt, ap);
		va_end(ap);
	}
	publish(r, was);
}

static void mark_call(struct call *c, uint32_t id)
{
	if (!c || c->info.transfer == id)
		return;
	c->info.transfer = id;
	if (!c->ended)
		call_publish(c);
}

/* tombstones are many and of small use: the oldest go first */
static void bury(struct refer_status *newest)
{
	struct engine *e = newest->e;
	struct le *le = e->refers.head;

	while (le && e->refers_over > TOMBSTONES_MAX) {
		struct refer_status *o = le->data;

		le = le->next;
		if (o->stage == STAGE_DONE && o != newest) {
			list_unlink(&o->le);
			mem_deref(o);
		}
	}
}

static void on_tombstone(void *arg)
{
	struct refer_status *r = arg;

	list_unlink(&r->le);
	mem_deref(r);
}

/* ---- the caller back --------------------------------------------------- */

/*
 * After a failure.  Nobody is pulled into a conversation: with another call
 * talking the caller stays on hold, and the user decides.
 */
static void take_back(struct refer_status *r, enum stage stage)
{
	struct call *back = r->d1;
	struct le *le;

	/* another of its transfers may yet succeed */
	for (le = r->d1 ? r->d1->refers.head : NULL; le; le = le->next) {
		const struct refer_status *o = le->data;

		if (o != r && o->stage == STAGE_SENT)
			return;
	}

	/* a consultation: the one the user was with comes first */
	if (!refer_is_blind(r) && r->d2 && call_is_up(r->d2) &&
	    stage >= STAGE_HOLDING2)
		back = r->d2;
	if (!r->e->return_on_fail || r->e->stopping || !back ||
	    !call_is_up(back) || call_other_talking(back))
		return;
	if (back->want != SDP_SENDRECV)
		(void)call_hold(back, false, NULL, NULL);
}

static void on_d2_grace(void *arg)
{
	struct refer_status *r = arg;

	if (r->d2 && !r->d2->ended)
		call_hangup_saying(r->d2, "transferred");
}

/* after success both our legs are of no use any more */
static void let_go(struct refer_status *r)
{
	struct call *d1 = r->d1;

	if (r->d2 && call_is_up(r->d2))
		tmr_start(&r->tmr_g, D2_GRACE_MS, on_d2_grace, r);
	if (d1 && !d1->ended)
		call_hangup_saying(d1, "transferred");
}

void refer_finish(struct refer_status *r, enum refer_state state,
		  enum outcome outcome, const char *fmt, ...)
{
	const enum refer_state was = r->info.state;
	const enum stage stage = r->stage;
	const bool good = outcome == OUTCOME_SUCCEEDED ||
			  outcome == OUTCOME_SUCCEEDED_INFERRED;
	/* who only stopped watching has changed nothing about the calls */
	const bool watching_only =
		stage == STAGE_SENT && !r->taken_back &&
		(outcome == OUTCOME_STOPPED || outcome == OUTCOME_UNKNOWN ||
		 outcome == OUTCOME_NO_REPORTS);
	const bool restore = !good && !watching_only;
	struct call *d1 = r->d1;
	va_list ap;

	ASSERT_SIP();

	if (!refer_live(r))
		return;
	/* whatever a handler does now, there is no second outcome */
	r->stage = STAGE_DONE;
	r->e->refers_live--;
	r->e->refers_over++;
	(void)mem_ref(r);
	tmr_cancel(&r->tmr_go);
	tmr_cancel(&r->tmr_n);
	tmr_cancel(&r->tmr_e);
	tmr_cancel(&r->tmr_m);
	tmr_cancel(&r->tmr_g);
	(void)set_state(r, state);
	r->info.outcome = outcome;
	r->info.caller_back = !good && d1 && call_is_up(d1);
	if (fmt) {
		va_start(ap, fmt);
		(void)vsnprintf(r->info.say, sizeof(r->info.say), fmt, ap);
		va_end(ap);
	}
	if (d1)
		call_hold_forget(d1, r);
	if (r->d2)
		call_hold_forget(r->d2, r);
	publish(r, was);
	waiters_wake(r->e, r->info.serial, 0, &r->info);

	if (restore)
		take_back(r, stage);
	if (r->doneh) {
		refer_done_h *h = r->doneh;

		r->doneh = NULL;
		h(r, r->done_arg);
	}
	if (d1 && r->d1)
		mark_call(d1, 0);
	mark_call(r->d2, 0);
	if (good)
		let_go(r);
	tmr_start(&r->tmr_z, TZ_MS, on_tombstone, r);
	bury(r);
	if (d1 && !d1->ended)
		refer_kick(d1);
	engine_stop_check(r->e);
	mem_deref(r);
}

/* ---- beginning --------------------------------------------------------- */

void refer_start(struct refer_status *r, struct call *d1, struct call *d2,
		 enum transfer_kind kind, const char *target)
{
	ASSERT_SIP();
	r->e->refers_live++;
	r->info.id = ++r->e->n_refer;
	r->info.call = d1->info.id;
	r->info.kind = kind;
	r->info.consult = d2 ? d2->info.id : 0;
	text_clean(r->info.target, sizeof(r->info.target), target,
		   strlen(target));
	if (uri_user(r->name, sizeof(r->name), r->info.target) || !r->name[0])
		text_cut(r->name, sizeof(r->name), r->info.target);
	r->acc = d1->acc;
	r->d1 = d1;
	r->d2 = d2;
	if (!r->limit_ms)
		r->limit_ms = r->e->transfer_timeout_s * 1000;
	list_append(&r->e->refers, &r->le, mem_ref(r));
	list_append(&d1->refers, &r->le_call, r);
	if (d2) {
		/* one that is over may still think it his */
		if (d2->consult)
			d2->consult->d2 = NULL;
		d2->consult = r;
		r->use_contact = refer_contact_first(r);
	}
	mark_call(d1, r->info.id);
	mark_call(d2, r->info.id);
}

int refer_refuse(char *why, size_t size, int err, const char *text)
{
	text_cut(why, size, text);
	return err;
}

static bool is_ourselves(const struct call *c, const char *uri)
{
	const char *user = c->dlg->user ? c->dlg->user : c->acc->user;
	char own[URI_MAX];

	/* mostly it is somebody else, and that is soon seen */
	if (uri_user(own, sizeof(own), uri) || str_cmp(own, user) != 0)
		return false;

	if (!account_aor(c->acc, c->dlg->user, c->dlg->st, c->dlg->tp, own,
			 sizeof(own)) &&
	    uri_same(own, uri))
		return true;
	return !account_contact(c->acc, c->dlg->user, c->dlg->st, c->dlg->tp,
				own, sizeof(own)) &&
	       uri_same(own, uri);
}

static unsigned count_live(const struct list *lst)
{
	unsigned n = 0;
	struct le *le;

	for (le = lst->head; le; le = le->next) {
		const struct refer_status *r = le->data;

		n += refer_live(r);
	}
	return n;
}

int refer_begin(struct call *call, struct refer_status *rs,
		const struct refer_prm *prm, refer_done_h *doneh, void *arg,
		char *why, size_t whysize)
{
	char uri[URI_MAX];
	int err;

	ASSERT_SIP();

	if (!call || !rs || !prm)
		return EINVAL;
	if (rs->stage != STAGE_NEW)
		return refer_refuse(
			why, whysize, EINVAL,
			"Cannot transfer: the status object was used "
			"before");
	if (!call_is_up(call))
		return refer_refuse(why, whysize, ENOTCONN,
				    "Cannot transfer: the call is not up");
	if (prm->consult) {
		if (prm->consult == call)
			return refer_refuse(why, whysize, EINVAL,
					    "Cannot transfer: a call cannot be "
					    "joined with itself");
		if (!call_is_up(prm->consult))
			return refer_refuse(
				why, whysize, ENOTCONN,
				"Cannot transfer: the other call is not "
				"up");
		if (prm->consult->consult && refer_live(prm->consult->consult))
			return refer_refuse(why, whysize, EALREADY,
					    "Cannot transfer: the other "
					    "call is part of a transfer");
		if (!uri_is_sane(call_address(prm->consult)))
			return refer_refuse(why, whysize, EINVAL,
					    "Cannot transfer: the other "
					    "party's address is malformed");
		text_cut(uri, sizeof(uri), call_address(prm->consult));
	} else {
		err = target_uri(
			uri, sizeof(uri), prm->target ? prm->target : "",
			call->acc->p2p ? "" : call->acc->domain, why, whysize);
		if (err)
			return err;
		if (uri_same(uri, call->info.peer) ||
		    uri_same(uri, call->dlg->target))
			return refer_refuse(
				why, whysize, EINVAL,
				"Cannot transfer: the target is the "
				"caller");
		if (is_ourselves(call, uri))
			return refer_refuse(
				why, whysize, EINVAL,
				"Cannot transfer: the target is this "
				"phone");
	}
	if (count_live(&call->refers) >= PER_CALL_MAX ||
	    call->e->refers_live >= LIVE_MAX)
		return refer_refuse(
			why, whysize, EAGAIN,
			"Cannot transfer: too many transfers at once");
	if (prm->headers) {
		err = str_dup(&rs->headers, prm->headers);
		if (err)
			return err;
	}
	rs->doneh = doneh;
	rs->done_arg = arg;
	rs->no_hold = prm->no_hold;
	rs->release = prm->release;
	rs->limit_ms = prm->limit_ms;
	rs->info.serial = prm->serial;
	refer_start(rs, call, prm->consult,
		    prm->consult ? KIND_ATTENDED : KIND_BLIND, uri);
	rs->stage = STAGE_QUEUED;
	tmr_start(&rs->tmr_go, 0, refer_go, rs);
	return 0;
}

int refer_end(const struct refer_status *rs, struct refer_result *res)
{
	ASSERT_SIP();
	memset(res, 0, sizeof(*res));
	if (rs->stage != STAGE_DONE)
		return EAGAIN;
	refer_result_of(res, &rs->info);
	return 0;
}

void refer_result_of(struct refer_result *res, const struct transfer_info *info)
{
	res->info = *info;
	res->refer_code = info->refer_code;
	switch (info->outcome) {
	case OUTCOME_REJECTED:
		res->err = EPROTO;
		break;
	case OUTCOME_NO_ANSWER:
		res->err = ETIMEDOUT;
		break;
	case OUTCOME_NOT_SENT:
		res->err = ENOTCONN;
		break;
	default:
		res->err = 0;
		break;
	}
}

/* ---- the calls under it ------------------------------------------------ */

void refer_wait_for_legs(struct refer_status *r)
{
	ASSERT_SIP();
	tmr_start(&r->tmr_g, CONSULT_WAIT_MS, on_grace, r);
}

static void on_grace(void *arg)
{
	struct refer_status *r = arg;
	const bool d2_up = r->d2 && call_is_up(r->d2);

	ASSERT_SIP();

	if (!refer_live(r))
		return;
	if (r->d1 && call_is_up(r->d1)) {
		/* reports ended without a result, and the legs tell nothing */
		refer_finish(r, r->info.state, OUTCOME_UNKNOWN,
			     d2_up ? "No result was reported; the caller and "
				     "%s are still with you"
				   : "%s has left without a result; the caller "
				     "is still here",
			     r->name);
		if (!d2_up && r->e->return_on_fail && r->d1 &&
		    call_is_up(r->d1) && !call_other_talking(r->d1))
			(void)call_hold(r->d1, false, NULL, NULL);
		return;
	}
	if (!refer_is_blind(r)) {
		if (!d2_up && (r->we_left || r->we_left_target)) {
			/* that we ended them tells nothing */
			refer_finish(r, r->info.state, OUTCOME_UNKNOWN,
				     "You left; no result was reported");
			return;
		}
		if (!d2_up) {
			refer_finish(r, REFER_SUCCEEDED,
				     OUTCOME_SUCCEEDED_INFERRED,
				     "Both calls ended: the caller is most "
				     "likely connected to %s",
				     r->name);
			return;
		}
		/* the caller left; a late 2xx may still come */
		refer_tell(r, r->info.state,
			   "The caller's call ended; %s is still on the line",
			   r->name);
		if (r->e->return_on_fail && r->d2->want != SDP_SENDRECV &&
		    !call_other_talking(r->d2))
			(void)call_hold(r->d2, false, NULL, NULL);
		if (r->info.sub == SUB_CLOSED)
			refer_finish(r, r->info.state, OUTCOME_UNKNOWN,
				     "The caller left; no result was reported");
		return;
	}
	if (rank(r->info.state) >= rank(REFER_TRYING))
		refer_finish(r, r->info.state, OUTCOME_UNKNOWN,
			     "The PBX took the call (last: %u %s)",
			     r->info.code, r->info.text);
	else
		refer_finish(r, r->info.state, OUTCOME_UNKNOWN,
			     "The caller hung up before the transfer was "
			     "reported");
}

static void d1_ended(struct refer_status *r, struct call *c, bool by_peer)
{
	call_hold_forget(c, r);
	r->d1 = NULL;
	list_unlink(&r->le_call);
	if (!refer_live(r))
		return;
	switch (r->stage) {
	case STAGE_QUEUED:
	case STAGE_HOLDING:
		if (!r->info.consult && r->info.kind == KIND_BLIND) {
			refer_finish(r, REFER_IDLE, OUTCOME_NOT_SENT,
				     "Cannot transfer: the call has ended");
			return;
		}
		/* fall through */
	case STAGE_CALLING:
	case STAGE_TALKING:
	case STAGE_HOLDING2: {
		struct call *d2 = r->d2;
		const bool drop = r->armed && d2;

		refer_finish(r, REFER_IDLE, OUTCOME_STOPPED, "%s%s%s",
			     by_peer ? "The caller hung up; "
				     : "You hung up on the caller; ",
			     !d2              ? "nobody was called yet"
			     : call_is_up(d2) ? "you are with "
			     : drop           ? "no need to call "
					      : "still calling ",
			     d2 ? r->name : "");
		/* the one who is left is to be talked to */
		if (!drop && d2 && call_is_up(d2) && d2->want != SDP_SENDRECV &&
		    by_peer && !call_other_talking(d2))
			(void)call_hold(d2, false, NULL, NULL);
		/* nobody is left to be connected to who answers */
		if (drop && !d2->ended)
			call_hangup(d2);
		return;
	}
	default:
		break;
	}
	if (r->release && r->we_left)
		return;
	if (!by_peer) {
		r->we_left = true;
		refer_tell(r, r->info.state,
			   r->unsub_wanted ? "You left"
					   : "You left; watching result");
		return;
	}
	if (!r->accepted && !r->notified) {
		refer_tell(r, r->info.state,
			   "The caller hung up; transfer request pending");
		return;
	}
	refer_tell(r, r->info.state,
		   "The caller's call ended, checking result");
	tmr_start(&r->tmr_g, TG_MS, on_grace, r);
}

static void d2_ended(struct refer_status *r, struct call *c, bool by_peer)
{
	r->d2 = NULL;
	c->consult = NULL;
	call_hold_forget(c, r);
	if (r->stage != STAGE_SENT)
		return;
	r->we_left_target = !by_peer;
	if (!r->d1) {
		if (!tmr_isrunning(&r->tmr_g))
			tmr_start(&r->tmr_g, TG_MS, on_grace, r);
		return;
	}
	/* the target left to be with the caller, most likely */
	if (!tmr_isrunning(&r->tmr_g))
		refer_wait_for_legs(r);
	refer_tell(r, r->info.state,
		   by_peer ? "%s has been taken over, confirming"
			   : "You hung up on %s; watching result",
		   r->name);
}

void refer_call_ended(struct call *c, bool by_peer)
{
	struct refer_status *r;
	struct le *le;

	ASSERT_SIP();

	while ((le = c->refers.head) != NULL) {
		r = mem_ref(le->data);
		d1_ended(r, c, by_peer);
		mem_deref(r);
	}
	r = c->consult;
	if (r) {
		(void)mem_ref(r);
		d2_ended(r, c, by_peer);
		mem_deref(r);
	}
}

struct refer_status *refer_of_call(const struct call *c)
{
	struct le *le;

	ASSERT_SIP();

	if (c->consult && refer_live(c->consult))
		return c->consult;
	for (le = c->refers.head; le; le = le->next) {
		struct refer_status *r = le->data;

		if (refer_live(r))
			return r;
	}
	return NULL;
}

struct refer_status *refer_of(struct engine *e, uint32_t id)
{
	struct call *c = engine_call(e, id);
	struct refer_status *r = c ? refer_of_call(c) : NULL;
	struct le *le;

	ASSERT_SIP();

	if (r)
		return r;
	for (le = e->refers.tail; le; le = le->prev) {
		r = le->data;
		/* the call may have gone while the report is awaited */
		if (refer_live(r) && (r->info.id == id || r->info.call == id))
			return r;
	}
	return NULL;
}
