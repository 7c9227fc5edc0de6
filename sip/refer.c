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
	TZ_MS = 64000,
	PER_CALL_MAX = 4,
	LIVE_MAX = 512,
	TOMBSTONES_MAX = 128,
};

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
	tmr_cancel(&r->tmr_l);
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
	mem_deref(r->ka);
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
	tmr_init(&r->tmr_l);
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
	ASSERT_SIP();
	return r->stage > STAGE_NEW && r->stage < STAGE_DONE;
}

bool refer_is_blind(const struct refer_status *r)
{
	ASSERT_SIP();
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
			hash_unlink(&o->he);
			list_unlink(&o->le);
			mem_deref(o);
		}
	}
}

static void on_tombstone(void *arg)
{
	struct refer_status *r = arg;

	ASSERT_SIP();

	/* its application may keep it; NOTIFYs find it no more */
	hash_unlink(&r->he);
	list_unlink(&r->le);
	mem_deref(r);
}

/* Nothing more is sent or waited for but what ends the subscription */
static void quiet(struct refer_status *r)
{
	tmr_cancel(&r->tmr_go);
	tmr_cancel(&r->tmr_n);
	tmr_cancel(&r->tmr_e);
	tmr_cancel(&r->tmr_m);
	tmr_cancel(&r->tmr_g);
	tmr_cancel(&r->tmr_l);
	r->ka = mem_deref(r->ka);
	if (r->d1)
		call_hold_forget(r->d1, r);
	if (r->d2)
		call_hold_forget(r->d2, r);
}

/* The outcome has been told: the calls follow it */
static void settle(struct refer_status *r, enum stage stage, bool good,
		   bool restore)
{
	if (restore)
		refer_take_back(r, stage);
	if (r->doneh) {
		refer_done_h *h = r->doneh;

		r->doneh = NULL;
		h(r, r->done_arg);
	}
	mark_call(r->d1, 0);
	mark_call(r->d2, 0);
	if (good)
		refer_let_go(r);
	tmr_start(&r->tmr_z, TZ_MS, on_tombstone, r);
	bury(r);
	if (r->d1 && !r->d1->ended)
		refer_kick(r->d1);
	engine_stop_check(r->e);
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
		stage == STAGE_SENT && !r->retry_later &&
		(outcome == OUTCOME_STOPPED || outcome == OUTCOME_UNKNOWN ||
		 outcome == OUTCOME_NO_REPORTS);
	const bool restore = !good && !watching_only;
	va_list ap;

	ASSERT_SIP();

	if (!refer_live(r))
		return;
	/* whatever a handler does now, there is no second outcome */
	r->stage = STAGE_DONE;
	r->e->refers_live--;
	r->e->refers_over++;
	(void)mem_ref(r);
	quiet(r);
	(void)set_state(r, state);
	r->info.outcome = outcome;
	r->info.caller_back = !good && r->d1 && call_is_up(r->d1);
	va_start(ap, fmt);
	(void)vsnprintf(r->info.say, sizeof(r->info.say), fmt, ap);
	va_end(ap);
	if (restore && stage >= STAGE_HOLDING2 && outcome != OUTCOME_STOPPED &&
	    (!refer_is_blind(r) || outcome == OUTCOME_TIMED_OUT))
		refer_say_who_is_left(r);
	publish(r, was);
	waiters_wake(r->e, r->info.serial, 0, &r->info);
	settle(r, stage, good, restore);
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
		r->use_contact = refer_contact_first(d2);
	}
	mark_call(d1, r->info.id);
	mark_call(d2, r->info.id);
}

void refer_enter(struct refer_status *r)
{
	const char *callid = r->dlg->callid;

	ASSERT_SIP();
	r->info.dialog = text_hash(callid, strlen(callid));
	hash_append(r->e->refers_ht, hash_joaat_str(callid), &r->he, r);
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

static int check_consult(const struct call *call, const struct call *consult,
			 char *uri, size_t size, char *why, size_t whysize)
{
	if (consult == call)
		return refer_refuse(why, whysize, EINVAL,
				    "Cannot transfer: a call cannot be "
				    "joined with itself");
	if (!call_is_up(consult))
		return refer_refuse(why, whysize, ENOTCONN,
				    "Cannot transfer: the other call is not "
				    "up");
	if (consult->consult && refer_live(consult->consult))
		return refer_refuse(why, whysize, EALREADY,
				    "Cannot transfer: the other call is part "
				    "of a transfer");
	if (!uri_is_sane(call_address(consult)))
		return refer_refuse(why, whysize, EINVAL,
				    "Cannot transfer: the other party's "
				    "address is malformed");
	text_cut(uri, size, call_address(consult));
	return 0;
}

static int check_target(const struct call *call, const char *target, char *uri,
			size_t size, char *why, size_t whysize)
{
	char words[TEXT_MAX] = "";
	int err = target_uri(uri, size, target ? target : "",
			     call->acc->p2p ? "" : call->acc->domain, words,
			     sizeof(words));

	if (err) {
		(void)snprintf(why, whysize, "Cannot transfer: %s", words);
		return err;
	}
	if (uri_same(uri, call->info.peer) || uri_same(uri, call->dlg->target))
		return refer_refuse(why, whysize, EINVAL,
				    "Cannot transfer: the target is the "
				    "caller");
	if (is_ourselves(call, uri))
		return refer_refuse(why, whysize, EINVAL,
				    "Cannot transfer: the target is this "
				    "phone");
	return 0;
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
		return refer_refuse(why, whysize, EINVAL,
				    "Cannot transfer: the status object was "
				    "used before");
	if (!call_is_up(call))
		return refer_refuse(why, whysize, ENOTCONN,
				    "Cannot transfer: the call is not up");
	err = prm->consult ? check_consult(call, prm->consult, uri, sizeof(uri),
					   why, whysize)
			   : check_target(call, prm->target, uri, sizeof(uri),
					  why, whysize);
	if (err)
		return err;
	if (count_live(&call->refers) >= PER_CALL_MAX ||
	    call->e->refers_live >= LIVE_MAX)
		return refer_refuse(why, whysize, EAGAIN,
				    "Cannot transfer: too many transfers at "
				    "once");
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
