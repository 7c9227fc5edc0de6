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
	TN_MS = 32000,
	TG_MS = 2000,
	TT_MS = 5000,
	TU_MS = 32000,
	TZ_MS = 64000,
	D2_GRACE_MS = 2000,
	CONSULT_WAIT_MS = 30000,
	RESENDS_MAX = 3,
	REFRESHES_MAX = 20,
	REFRESH_GAP_MS = 30000,
	EXPIRES_DEFAULT_S = 180,
	EXPIRES_MIN_S = 30,
	EXPIRES_MAX_S = 3600,
	PER_CALL_MAX = 8,
	LIVE_MAX = 512,
	TOMBSTONES_MAX = 128,
};

static void on_go(void *arg);
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
	return rs->info.state;
}

bool refer_status_subscribed(const struct refer_status *rs)
{
	return rs->info.sub == SUB_WAIT || rs->info.sub == SUB_ACTIVE;
}

struct call *refer_status_session(const struct refer_status *rs)
{
	return rs->d1;
}

const struct transfer_info *refer_status_info(const struct refer_status *rs)
{
	return &rs->info;
}

void refer_status_on_state(struct refer_status *rs, refer_state_h *h,
			   void *arg)
{
	rs->stateh = h;
	rs->state_arg = arg;
}

bool refer_live(const struct refer_status *r)
{
	return r->stage > STAGE_NEW && r->stage < STAGE_DONE;
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
	struct event ev;

	if (r->t_refer)
		r->info.since_refer_ms = (uint32_t)(clock_ms() - r->t_refer);
	memset(&ev, 0, offsetof(struct event, u));
	ev.type = EV_TRANSFER;
	ev.u.transfer = r->info;
	engine_publish(r->e, &ev);
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

void refer_tell(struct refer_status *r, enum refer_state state,
		const char *fmt, ...)
{
	const enum refer_state was = set_state(r, state);
	va_list ap;

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

/* tombstones are many and small use: the oldest go first */
static void bury(struct engine *e)
{
	struct le *le = e->refers.head;
	unsigned n = 0;

	for (; le; le = le->next) {
		const struct refer_status *o = le->data;

		n += o->stage == STAGE_DONE;
	}
	for (le = e->refers.head; le && n > TOMBSTONES_MAX;) {
		struct refer_status *o = le->data;

		le = le->next;
		if (o->stage == STAGE_DONE) {
			list_unlink(&o->le);
			mem_deref(o);
			n--;
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
static void take_back(struct refer_status *r)
{
	struct call *back = r->d1;

	/* a consultation: the one the user was with comes first */
	if (r->info.kind != KIND_BLIND && r->d2 && call_is_up(r->d2) &&
	    r->stage >= STAGE_HOLDING2)
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
		call_hangup(r->d2);
}

/* after success both our legs are of no use any more */
static void let_go(struct refer_status *r)
{
	struct call *d1 = r->d1;

	if (r->d2 && call_is_up(r->d2))
		tmr_start(&r->tmr_g, D2_GRACE_MS, on_d2_grace, r);
	if (d1 && !d1->ended)
		call_hangup(d1);
}

void refer_finish(struct refer_status *r, enum refer_state state,
		  enum outcome outcome, const char *fmt, ...)
{
	const enum refer_state was = r->info.state;
	const bool good = outcome == OUTCOME_SUCCEEDED ||
			  outcome == OUTCOME_SUCCEEDED_INFERRED;
	const bool restore = !good && outcome != OUTCOME_NO_REPORTS &&
			     (outcome != OUTCOME_UNKNOWN || r->taken_back);
	struct call *d1 = r->d1;
	va_list ap;

	if (!refer_live(r))
		return;
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

	(void)mem_ref(r);
	if (restore)
		take_back(r);
	r->stage = STAGE_DONE;
	if (r->doneh) {
		refer_done_h *h = r->doneh;

		r->doneh = NULL;
		h(r, r->done_arg);
	}
	if (d1 && r->d1)
		mark_call(d1, 0);
	if (r->d2) {
		mark_call(r->d2, 0);
		if (r->d2->consult == r)
			r->d2->consult = NULL;
	}
	list_unlink(&r->le_call);
	if (good)
		let_go(r);
	if (r->info.sub == SUB_ACTIVE && good)
		; /* TT gives it up */
	else if (r->info.sub == SUB_NONE && !r->accepted)
		refer_close_sub(r);
	tmr_start(&r->tmr_z, TZ_MS, on_tombstone, r);
	if (d1 && !d1->ended)
		refer_kick(d1);
	engine_stop_check(r->e);
	mem_deref(r);
}

/* ---- subscription ------------------------------------------------------ */

void refer_close_sub(struct refer_status *r)
{
	tmr_cancel(&r->tmr_e);
	tmr_cancel(&r->tmr_n);
	tmr_cancel(&r->tmr_t);
	tmr_cancel(&r->tmr_u);
	r->info.sub = SUB_CLOSED;
}

static void on_unsub_timeout(void *arg)
{
	struct refer_status *r = arg;

	ASSERT_SIP();

	refer_close_sub(r);
	refer_finish(r, r->info.state, OUTCOME_STOPPED,
		     "Stopped watching; the transfer may still complete");
}

/* RFC 6665 4.1.2.2: after these the subscription is over */
static bool kills_subscription(unsigned code)
{
	return code == 404 || code == 405 || code == 410 || code == 416 ||
	       (code >= 480 && code <= 485) || code == 489 || code == 501 ||
	       code == 604;
}

static void on_subscribe_answer(int err, const struct sip_msg *msg, bool again,
				const char *why, void *arg)
{
	struct refer_status *r = arg;

	(void)why;
	ASSERT_SIP();

	if (again || (msg && msg->scode < 200))
		return;
	if (r->unsub_sent) {
		engine_stop_check(r->e);
		/* 2xx: the last NOTIFY comes, or TU ends the wait */
		if (!err && msg->scode < 300)
			return;
		if (r->stage == STAGE_DONE)
			refer_close_sub(r);
		else
			on_unsub_timeout(r);
		return;
	}
	if (!err && msg->scode < 300) {
		refer_arm_expiry(r, pl_isset(&msg->expires)
					    ? pl_u32(&msg->expires)
					    : EXPIRES_DEFAULT_S);
		return;
	}
	if (err || kills_subscription(msg->scode)) {
		refer_close_sub(r);
		refer_finish(r, r->info.state, OUTCOME_UNKNOWN,
			     "Reports expired");
	}
}

void refer_subscribe(struct refer_status *r, uint32_t expires)
{
	char hdrs[160], id[32] = "";
	struct rq_prm prm = {
		.e = r->e,
		.method = "SUBSCRIBE",
		.dlg = r->dlg,
		.acc = r->acc,
		.auth = r->auth,
		.headers = hdrs,
		.contact = true,
		.h = on_subscribe_answer,
		.arg = r,
	};

	if (!r->dlg)
		return;
	if (r->id_used)
		(void)snprintf(id, sizeof(id), ";id=%u", r->id_seen);
	(void)snprintf(hdrs, sizeof(hdrs),
		       "Event: refer%s\r\n"
		       "Accept: message/sipfrag\r\n"
		       "Expires: %u\r\n",
		       id, expires);
	rq_forget(&r->sub_rq);
	if (!expires)
		r->unsub_sent = true;
	if (rq_send(&r->sub_rq, &prm))
		log_warn("refer", "SUBSCRIBE could not be sent");
}

void refer_unsubscribe(struct refer_status *r)
{
	if (r->unsub_sent || r->info.sub == SUB_CLOSED)
		return;
	r->info.sub = SUB_UNSUB;
	tmr_cancel(&r->tmr_e);
	refer_subscribe(r, 0);
	tmr_start(&r->tmr_u, TU_MS, on_unsub_timeout, r);
}

static void on_never_terminated(void *arg)
{
	struct refer_status *r = arg;

	ASSERT_SIP();
	refer_unsubscribe(r);
}

void refer_arm_give_up(struct refer_status *r)
{
	tmr_start(&r->tmr_t, TT_MS, on_never_terminated, r);
}

static void on_expired(void *arg)
{
	struct refer_status *r = arg;
	const uint64_t now = clock_ms();

	ASSERT_SIP();

	/* a refresh only where it can be of use, and never a storm (G20) */
	if (r->info.sub == SUB_ACTIVE && r->info.code > 100 &&
	    r->info.code < 200 && r->expires_s >= EXPIRES_MIN_S &&
	    r->refreshes < REFRESHES_MAX &&
	    (!r->refreshed_at || now - r->refreshed_at >= REFRESH_GAP_MS)) {
		r->refreshes++;
		r->refreshed_at = now;
		refer_subscribe(r, EXPIRES_DEFAULT_S);
		return;
	}
	refer_close_sub(r);
	refer_finish(r, r->info.state, OUTCOME_UNKNOWN,
		     "Reports expired (last: %u %s)", r->info.code,
		     r->info.text);
}

void refer_arm_expiry(struct refer_status *r, uint32_t expires_s)
{
	r->expires_s = expires_s;
	if (expires_s < EXPIRES_MIN_S)
		expires_s = EXPIRES_MIN_S;
	if (expires_s > EXPIRES_MAX_S)
		expires_s = EXPIRES_MAX_S;
	/* a refresh must be in time, the verdict only after it */
	if (r->expires_s >= EXPIRES_MIN_S && r->refreshes < REFRESHES_MAX &&
	    r->info.code > 100)
		tmr_start(&r->tmr_e, expires_s * 900ull, on_expired, r);
	else
		tmr_start(&r->tmr_e, expires_s * 1000ull + 5000, on_expired,
			  r);
}

int refer_terminate_subscription(struct refer_status *r)
{
	ASSERT_SIP();

	if (r->stage < STAGE_SENT)
		return ENOENT;
	if (r->stage == STAGE_DONE || r->unsub_wanted || r->unsub_sent ||
	    r->info.sub == SUB_CLOSED)
		return EALREADY;
	r->unsub_wanted = true;
	if (r->notified)
		refer_unsubscribe(r);
	refer_tell(r, r->info.state,
		   "Stopped watching; the transfer may still complete");
	return 0;
}

/* ---- sending ----------------------------------------------------------- */

static void on_no_reports(void *arg)
{
	struct refer_status *r = arg;

	ASSERT_SIP();

	/* without an answer to the REFER its own timer speaks (TF) */
	if (!r->accepted)
		return;
	refer_close_sub(r);
	refer_finish(r, r->info.state,
		     r->unsub_wanted ? OUTCOME_STOPPED : OUTCOME_NO_REPORTS,
		     "No progress reports from the caller's phone");
}

static void on_longest(void *arg)
{
	struct refer_status *r = arg;
	const uint32_t s = r->limit_ms / 1000;

	ASSERT_SIP();

	if (r->notified)
		refer_unsubscribe(r);
	if (s >= 120)
		refer_finish(r, r->info.state, OUTCOME_TIMED_OUT,
			     "No result after %u min; the caller is back with "
			     "you",
			     s / 60);
	else
		refer_finish(r, r->info.state, OUTCOME_TIMED_OUT,
			     "No result after %u s; the caller is back with "
			     "you",
			     s);
}

void refer_kick(struct call *d1)
{
	struct le *le;

	for (le = d1->refers.head; le; le = le->next) {
		struct refer_status *r = le->data;

		if (r->stage == STAGE_QUEUED && !tmr_isrunning(&r->tmr_go))
			tmr_start(&r->tmr_go, 0, on_go, r);
	}
}

/* UCMA: the first referral of a session shows by its first NOTIFY whether the
 * peer can tell several apart (;id=); until then, or when it cannot, the
 * others wait. */
static unsigned ahead(const struct refer_status *r)
{
	unsigned n = 0;
	struct le *le;

	if (r->d1->refer_parallel == 2)
		return 0;
	for (le = r->d1->refers.head; le && le != &r->le_call; le = le->next) {
		const struct refer_status *o = le->data;

		n += refer_live(o);
	}
	return n;
}

static bool is_private_contact(const struct call *c)
{
	char gr[8];

	if (!uri_param(gr, sizeof(gr), c->dlg->target, "gr"))
		return false;
	return uri_host_is_private(c->dlg->target);
}

bool refer_contact_first(const struct refer_status *r)
{
	return r->acc->p2p || !is_private_contact(r->d2);
}

/* where the other party of a call can be reached: dialled, or From */
static const char *aor_of(const struct call *c)
{
	return c->info.dir == CALL_OUT ? c->final_target : c->dlg->remote_uri;
}

static int write_refer_to(const struct refer_status *r, char *dst, size_t size)
{
	const struct call *to = r->reverse ? r->d1 : r->d2;
	struct replaces rep;
	int err;

	if (!to)
		return refer_to_encode(dst, size, r->info.target, NULL, false);
	memset(&rep, 0, sizeof(rep));
	err = text_copy(rep.callid, sizeof(rep.callid), to->dlg->callid);
	err |= text_copy(rep.to_tag, sizeof(rep.to_tag), to->dlg->rtag);
	err |= text_copy(rep.from_tag, sizeof(rep.from_tag), to->dlg->ltag);
	if (err)
		return EOVERFLOW;
	if (r->use_contact)
		return refer_to_encode(dst, size, to->dlg->target, &rep,
				       false);
	return refer_to_encode(dst, size, aor_of(to), &rep, !r->tried_other);
}

static void on_refer_answer(int err, const struct sip_msg *msg, bool again,
			    const char *why, void *arg);

/* A new dialog beside the call's (RFC 5589 6.1), tied to it by Target-Dialog */
static int make_outside_dialog(struct refer_status *r)
{
	struct dlg *d1 = r->d1->dlg;
	int err;

	err = dlg_uac(&r->dlg, d1->local_uri, NULL, d1->target,
		      d1->routec ? d1->routev[0] : NULL);
	if (err)
		return err;
	mem_deref(r->dlg->remote);
	r->dlg->remote = mem_ref(d1->remote);
	return 0;
}

static bool wants_outside(const struct refer_status *r)
{
	char gr[URI_MAX];

	if (r->refused_ood || r->reverse)
		return false;
	if (r->acc->prm.refer_mode == REFER_MODE_OUT)
		return true;
	return r->acc->prm.refer_mode == REFER_MODE_AUTO &&
	       r->d1->peer_tdialog &&
	       !uri_param(gr, sizeof(gr), r->d1->dlg->target, "gr");
}

void refer_send(struct refer_status *r)
{
	struct call *asked = r->reverse ? r->d2 : r->d1;
	char to[2048], by[URI_MAX], extra[URI_MAX] = "";
	char hdrs[4096];
	struct rq_prm prm = {
		.e = r->e,
		.method = "REFER",
		.acc = r->acc,
		.headers = hdrs,
		.contact = true,
		.h = on_refer_answer,
		.arg = r,
	};
	int err, n;

	if (!asked || !call_is_up(asked)) {
		refer_finish(r, REFER_IDLE, OUTCOME_NOT_SENT,
			     "Cannot transfer: the call has ended");
		return;
	}
	hash_unlink(&r->he);
	r->dlg = mem_deref(r->dlg);
	r->auth = mem_deref(r->auth);
	r->auth = mem_ref(asked->auth);
	r->out_of_dialog = wants_outside(r);
	if (r->out_of_dialog) {
		err = make_outside_dialog(r);
		if (err)
			goto out;
		(void)snprintf(extra, sizeof(extra),
			       "Target-Dialog: %s;local-tag=%s;remote-tag=%s"
			       "\r\nRequire: tdialog\r\n",
			       r->d1->dlg->callid, r->d1->dlg->rtag,
			       r->d1->dlg->ltag);
	} else {
		r->dlg = mem_ref(asked->dlg);
	}
	hash_append(r->e->refers_ht, hash_joaat_str(r->dlg->callid), &r->he,
		    r);
	err = write_refer_to(r, to, sizeof(to));
	if (!err)
		err = account_aor(r->acc, asked->dlg->st, asked->dlg->tp, by,
				  sizeof(by));
	if (err)
		goto out;
	n = snprintf(hdrs, sizeof(hdrs),
		     "Refer-To: %s\r\n"
		     "Referred-By: <%s>\r\n"
		     "Accept: message/sipfrag\r\n"
		     "%s%s",
		     to, by, extra, r->headers ? r->headers : "");
	if (n < 0 || (size_t)n >= sizeof(hdrs)) {
		err = EOVERFLOW;
		goto out;
	}
	prm.dlg = r->dlg;
	prm.auth = r->auth;
	err = rq_send(&r->rq, &prm);
	if (err)
		goto out;
	r->stage = STAGE_SENT;
	if (r->idc < REFER_IDS)
		r->idv[r->idc++] = rq_cseq(r->rq);
	if (!r->t_refer)
		r->t_refer = clock_ms();
	tmr_start(&r->tmr_n, TN_MS, on_no_reports, r);
	if (r->reverse)
		refer_tell(r, REFER_REQUESTED, "Asking %s to pick up the caller",
			   r->name);
	else
		refer_tell(r, REFER_REQUESTED,
			   "Asking the caller's phone to call %s", r->name);
out:
	if (err)
		refer_finish(r, REFER_FAILED_TO_SEND, OUTCOME_NOT_SENT,
			     "Cannot transfer: %s", strerror(err));
}

static void on_held2(int err, unsigned code, const char *text, void *arg)
{
	struct refer_status *r = arg;

	ASSERT_SIP();
	if (!refer_live(r) || err == ECONNRESET)
		return;
	if (err)
		log_warn("refer", "%s cannot be held (%u %s)", r->name, code,
			 text);
	refer_send(r);
}

void refer_complete(struct refer_status *r)
{
	r->armed = false;
	r->stage = STAGE_HOLDING2;
	if (!r->d1 || !call_is_up(r->d1) || !r->d2 || !call_is_up(r->d2)) {
		refer_finish(r, REFER_IDLE, OUTCOME_NOT_SENT,
			     "Cannot transfer: one of the calls has ended");
		return;
	}
	refer_tell(r, r->info.state, "Transferring the caller to %s", r->name);
	if (r->no_hold || call_hold(r->d2, true, on_held2, r))
		refer_send(r);
}

static void on_held(int err, unsigned code, const char *text, void *arg)
{
	struct refer_status *r = arg;

	ASSERT_SIP();
	if (r->stage != STAGE_HOLDING || err == ECONNRESET)
		return;
	if (err)
		log_warn("refer", "the caller cannot be held (%u %s)", code,
			 text);
	if (r->d2)
		refer_complete(r);
	else
		refer_send(r);
}

/* The next step of what has been begun, from the loop */
static void on_go(void *arg)
{
	struct refer_status *r = arg;
	unsigned n;

	ASSERT_SIP();

	if (r->stage == STAGE_SENT) { /* TR */
		refer_send(r);
		return;
	}
	if (r->stage != STAGE_QUEUED)
		return;
	if (!r->d1 || !call_is_up(r->d1)) {
		refer_finish(r, REFER_IDLE, OUTCOME_NOT_SENT,
			     "Cannot transfer: the call has ended");
		return;
	}
	n = ahead(r);
	if (n) {
		refer_tell(r, REFER_IDLE, "Transfer queued (%u ahead)", n);
		return;
	}
	r->stage = STAGE_HOLDING;
	if (!r->no_hold && r->d1->have == SDP_SENDRECV) {
		refer_tell(r, REFER_IDLE, "Holding the caller");
		if (!call_hold(r->d1, true, on_held, r))
			return;
	}
	on_held(0, 0, "", r);
}

/* ---- the answer to the REFER ------------------------------------------- */

void refer_start_limit(struct refer_status *r)
{
	if (!tmr_isrunning(&r->tmr_m))
		tmr_start(&r->tmr_m, r->limit_ms, on_longest, r);
}

static bool send_later(struct refer_status *r, const struct sip_msg *msg)
{
	const uint32_t after = msg_retry_after(msg);
	uint32_t wait;

	if (msg->scode != 491 && !(msg->scode == 500 && after))
		return false;
	if (r->resends++ >= RESENDS_MAX)
		return false;
	wait = r->dlg->uac ? 2100 + rand_u16() % 190 * 10
			   : rand_u16() % 200 * 10;
	if (after && after <= 10 && wait < after * 1000)
		wait = after * 1000;
	tmr_cancel(&r->tmr_n);
	tmr_start(&r->tmr_go, wait, on_go, r);
	refer_tell(r, r->info.state,
		   "The caller's phone is busy signalling, retrying");
	return true;
}

static void rejected(struct refer_status *r, const struct sip_msg *msg,
		     const char *why)
{
	const unsigned code = msg->scode;
	char text[TEXT_MAX];

	text_cut(text, sizeof(text), r->info.text);
	if (send_later(r, msg))
		return;
	if (r->out_of_dialog && (code == 420 || code == 481 || code == 403 ||
				 code == 404 || code == 405 || code == 501)) {
		r->refused_ood = true;
		refer_tell(r, r->info.state, "Retrying inside the call");
		refer_send(r);
		return;
	}
	if (r->d2 && call_is_up(r->d2) && !r->reverse &&
	    !r->d2->peer_no_refer &&
	    (code == 405 || code == 501 || code == 420)) {
		/* RFC 5589 7.4: the target can be asked instead */
		r->reverse = true;
		r->resends = 0;
		refer_send(r);
		return;
	}
	tmr_cancel(&r->tmr_n);
	if (code < 400)
		refer_finish(r, REFER_REJECTED, OUTCOME_REJECTED,
			     "Transfer request redirected (%u)", code);
	else if (code == 405 || code == 501)
		refer_finish(r, REFER_REJECTED, OUTCOME_REJECTED,
			     "The caller's phone cannot be transferred (%u)",
			     code);
	else if (code == 401 || code == 407 || code == 403)
		refer_finish(r, REFER_REJECTED, OUTCOME_REJECTED,
			     "Transfer refused: not authorised (%u)%s%s", code,
			     why ? "; " : "", why ? why : "");
	else
		refer_finish(r, REFER_REJECTED, OUTCOME_REJECTED,
			     "Transfer refused: %s (%u %s)", sip_phrase(code),
			     code, text);
}

static void on_refer_answer(int err, const struct sip_msg *msg, bool again,
			    const char *why, void *arg)
{
	struct refer_status *r = arg;
	const struct sip_hdr *hdr;

	ASSERT_SIP();

	if (r->stage != STAGE_SENT)
		return;
	if (err) {
		if (r->notified) {
			log_info("refer", "no answer to the REFER, but "
					  "reports of it: they count");
			return;
		}
		refer_finish(r, REFER_FAILED_TO_SEND,
			     err == ETIMEDOUT ? OUTCOME_NO_ANSWER
					      : OUTCOME_NOT_SENT,
			     err == ETIMEDOUT
				     ? "No answer to the transfer request"
				     : "Network error: %s",
			     why ? why : strerror(err));
		return;
	}
	/* what a report has said already counts more than the answer */
	if (!r->notified) {
		r->info.code = msg->scode;
		msg_reason(r->info.text, sizeof(r->info.text), msg);
	}
	if (again) {
		if (r->idc < REFER_IDS)
			r->idv[r->idc++] = rq_cseq(r->rq);
		tmr_start(&r->tmr_n, TN_MS, on_no_reports, r);
		refer_tell(r, r->info.state, "Authenticating");
		return;
	}
	if (msg->scode < 200) {
		refer_tell(r, r->info.state, NULL);
		return;
	}
	r->info.refer_code = msg->scode;
	if (msg->scode >= 300) {
		if (r->notified) {
			log_info("refer", "%u to the REFER after reports of "
					  "it: they count",
				 msg->scode);
			refer_tell(r, r->info.state, NULL);
			return;
		}
		rejected(r, msg, why);
		return;
	}

	r->accepted = true;
	if (r->out_of_dialog && !r->dlg->rtag)
		(void)dlg_learn(r->dlg, msg);
	refer_start_limit(r);
	hdr = msg_hdr(msg, "Refer-Sub", NULL);
	if (hdr && !pl_strcasecmp(&hdr->val, "false") && !r->notified) {
		r->info.sub = SUB_NONE;
		refer_finish(r, REFER_ACCEPTED, OUTCOME_NO_REPORTS,
			     "Accepted (no progress reports)");
		if (r->release && r->d1)
			call_hangup(r->d1);
		return;
	}
	if (r->info.sub == SUB_NONE)
		r->info.sub = SUB_WAIT;
	if (r->release && r->d1 && !r->d1->ended) {
		struct call *d1 = r->d1;

		r->we_left = true;
		refer_tell(r, REFER_ACCEPTED, "Handed over; watching result");
		call_hangup(d1);
	} else if (r->notified) {
		refer_tell(r, REFER_ACCEPTED, NULL);
	} else {
		refer_tell(r, REFER_ACCEPTED,
			   "Accepted, waiting for progress");
	}
}

bool refer_try_other(struct refer_status *r, unsigned code)
{
	static const unsigned codes[] = {403, 404, 408, 480, 481, 604};
	size_t i;

	if (!r->d2 || r->tried_other || r->reverse)
		return false;
	if (!r->d1 || !call_is_up(r->d1) || !call_is_up(r->d2))
		return false;
	for (i = 0; i < COUNT_OF(codes) && codes[i] != code; i++)
		;
	if (i == COUNT_OF(codes))
		return false;
	/* the same place said twice would fail twice */
	if (uri_same(r->d2->dlg->target, aor_of(r->d2)))
		return false;
	r->tried_other = true;
	r->use_contact = !r->use_contact;
	refer_tell(r, r->info.state, "Retrying via the %s of %s",
		   r->use_contact ? "contact" : "address", r->name);
	r->notified = false;
	r->accepted = false;
	r->info.sub = SUB_NONE;
	r->notify_cseq = 0;
	refer_send(r);
	return true;
}

/* ---- beginning --------------------------------------------------------- */

void refer_start(struct refer_status *r, struct call *d1, struct call *d2,
		 enum transfer_kind kind, const char *target)
{
	bury(r->e);
	r->info.id = ++r->e->n_refer;
	r->info.call = d1->info.id;
	r->info.kind = kind;
	r->info.consult = d2 ? d2->info.id : 0;
	text_cut(r->info.target, sizeof(r->info.target), target);
	if (uri_user(r->name, sizeof(r->name), target) || !r->name[0])
		text_cut(r->name, sizeof(r->name), target);
	r->acc = d1->acc;
	r->d1 = d1;
	r->d2 = d2;
	if (!r->limit_ms)
		r->limit_ms = r->e->transfer_timeout_s * 1000;
	list_append(&r->e->refers, &r->le, mem_ref(r));
	list_append(&d1->refers, &r->le_call, r);
	if (d2) {
		d2->consult = r;
		r->use_contact = refer_contact_first(r);
	}
	mark_call(d1, r->info.id);
	mark_call(d2, r->info.id);
}

static int refuse(char *why, size_t size, int err, const char *text)
{
	text_cut(why, size, text);
	return err;
}

static bool is_ourselves(const struct call *c, const char *uri)
{
	char own[URI_MAX];

	if (!account_aor(c->acc, c->dlg->st, c->dlg->tp, own, sizeof(own)) &&
	    uri_same(own, uri))
		return true;
	return !account_contact(c->acc, c->dlg->st, c->dlg->tp, own,
				sizeof(own)) &&
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
		return refuse(why, whysize, EINVAL,
			      "Cannot transfer: the status object was used "
			      "before");
	if (!call_is_up(call))
		return refuse(why, whysize, ENOTCONN,
			      "Cannot transfer: the call is not up");
	if (prm->consult) {
		if (prm->consult == call)
			return refuse(why, whysize, EINVAL,
				      "Cannot transfer: a call cannot be "
				      "joined with itself");
		if (!call_is_up(prm->consult))
			return refuse(why, whysize, ENOTCONN,
				      "Cannot transfer: the other call is not "
				      "up");
		text_cut(uri, sizeof(uri), aor_of(prm->consult));
	} else {
		err = target_uri(uri, sizeof(uri),
				 prm->target ? prm->target : "",
				 call->acc->p2p ? "" : call->acc->domain, why,
				 whysize);
		if (err)
			return err;
		if (uri_same(uri, call->info.peer) ||
		    uri_same(uri, call->dlg->target))
			return refuse(why, whysize, EINVAL,
				      "Cannot transfer: the target is the "
				      "caller");
		if (is_ourselves(call, uri))
			return refuse(why, whysize, EINVAL,
				      "Cannot transfer: the target is this "
				      "phone");
	}
	if (count_live(&call->refers) >= PER_CALL_MAX ||
	    count_live(&call->e->refers) >= LIVE_MAX)
		return refuse(why, whysize, EAGAIN,
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
	tmr_start(&rs->tmr_go, 0, on_go, rs);
	return 0;
}

int refer_end(const struct refer_status *rs, struct refer_result *res)
{
	memset(res, 0, sizeof(*res));
	if (rs->stage != STAGE_DONE)
		return EAGAIN;
	res->info = rs->info;
	res->refer_code = rs->info.refer_code;
	switch (rs->info.outcome) {
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
		break;
	}
	return 0;
}

/* ---- the calls under it ------------------------------------------------ */

void refer_wait_for_legs(struct refer_status *r)
{
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
	if (r->info.kind != KIND_BLIND) {
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

		refer_finish(r, REFER_IDLE, OUTCOME_STOPPED,
			     !d2 ? "The caller hung up; %s was not called"
			     : call_is_up(d2)
				     ? "The caller hung up; you are with %s"
				     : "The caller hung up; %s is still being "
				       "called",
			     r->name);
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
		refer_tell(r, r->info.state, "You left; watching result");
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

void refer_call_ended(struct call *c, bool by_peer)
{
	struct le *le = c->e->refers.head;

	ASSERT_SIP();

	while (le) {
		struct refer_status *r = le->data;

		le = le->next;
		(void)mem_ref(r);
		if (r->d1 == c)
			d1_ended(r, c, by_peer);
		if (r->d2 == c) {
			r->d2 = NULL;
			call_hold_forget(c, r);
			c->consult = NULL;
			/* the target left to be with the caller, most
			 * likely: only a closed subscription needs a guess */
			if (r->stage == STAGE_SENT && !r->d1 &&
			    !tmr_isrunning(&r->tmr_g))
				tmr_start(&r->tmr_g, TG_MS, on_grace, r);
			else if (r->stage == STAGE_SENT)
				refer_tell(r, r->info.state,
					   "%s has left, confirming", r->name);
		}
		mem_deref(r);
	}
}

struct refer_status *refer_of_call(const struct call *c)
{
	struct le *le;

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

/* ---- commands ---------------------------------------------------------- */

int transfer_ask(struct call *c, const struct request *req, uint32_t *idp,
		 char *why, size_t size)
{
	struct refer_prm prm = {
		.target = req->u.text,
		.limit_ms = req->value,
		.serial = req->serial,
		.no_hold = req->flags & TRANSFER_NO_HOLD,
		.release = req->flags & TRANSFER_RELEASE,
	};
	struct refer_status *rs;
	int err;

	if (req->id2) {
		prm.consult = engine_call(c->e, req->id2);
		if (!prm.consult)
			return refuse(why, size, ENOENT,
				      "Cannot transfer: the other call is "
				      "gone");
		rs = prm.consult->consult;
		if (rs && refer_live(rs) && rs->d1 == c) {
			/* a consultation that is under way is completed */
			rs->info.serial = req->serial;
			rs->release = prm.release;
			if (prm.limit_ms)
				rs->limit_ms = prm.limit_ms;
			return consult_complete(c, idp, why, size);
		}
	}
	err = refer_status_new(&rs, c->e);
	if (err)
		return err;
	err = refer_begin(c, rs, &prm, NULL, NULL, why, size);
	if (!err)
		*idp = rs->info.id;
	mem_deref(rs);
	return err;
}

int transfer_takeback(struct call *c, char *why, size_t size)
{
	struct refer_status *r = refer_of_call(c);
	struct call *d1, *d2;

	if (!r) {
		if (!call_is_up(c))
			return refuse(why, size, ENOTCONN,
				      "the call is not up");
		return call_hold(c, false, NULL, NULL);
	}
	d1 = r->d1;
	d2 = r->d2;
	if (r->stage < STAGE_SENT) {
		(void)mem_ref(r);
		refer_finish(r, REFER_IDLE, OUTCOME_STOPPED,
			     "Taken back; the caller is with you");
		/* the consult call goes first: nobody talks to both */
		if (d2 && !d2->ended)
			call_hangup(d2);
		if (d1 && call_is_up(d1) && d1->want != SDP_SENDRECV)
			(void)call_hold(d1, false, NULL, NULL);
		mem_deref(r);
		return 0;
	}
	r->taken_back = true;
	r->unsub_wanted = true;
	if (r->notified)
		refer_unsubscribe(r);
	refer_tell(r, r->info.state,
		   "A transfer request cannot be recalled; stopped watching");
	if (d1 && call_is_up(d1))
		(void)call_hold(d1, false, NULL, NULL);
	return 0;
}

/* ---- stopping ---------------------------------------------------------- */

void refers_stop(struct engine *e)
{
	struct le *le;

	for (le = e->refers.head; le; le = le->next) {
		struct refer_status *r = le->data;

		if (r->stage == STAGE_SENT && r->notified &&
		    refer_status_subscribed(r))
			refer_unsubscribe(r);
	}
}

bool refers_leaving(const struct engine *e)
{
	struct le *le;

	for (le = e->refers.head; le; le = le->next) {
		const struct refer_status *r = le->data;

		if (r->sub_rq)
			return true;
	}
	return false;
}

void refers_flush(struct engine *e)
{
	struct le *le;

	while ((le = e->refers.head) != NULL) {
		struct refer_status *r = le->data;

		if (refer_live(r)) {
			r->e->return_on_fail = false;
			refer_finish(r, r->info.state,
				     r->stage == STAGE_SENT ? OUTCOME_STOPPED
							    : OUTCOME_NOT_SENT,
				     "The program was ended");
		}
		list_unlink(&r->le);
		mem_deref(r);
	}
}
