/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <stdio.h>

#include "base/clock.h"
#include "sip/refer_priv.h"

/*
 * Somebody asks us to call a target (RFC 3515, the notifier's side).  Whether
 * we do is the robot's or the user's decision; here are the means: answer the
 * REFER, call the target, tell what became of it.
 *
 *   REFER ─► EV_REFERRED ─► answered 2xx ─► calling ─► NOTIFY 100, 18x, final
 *                        └► refused
 *
 * One NOTIFY is in flight at a time; what happens meanwhile waits, the last
 * state wins, and the final one is always sent.  The new call lives its own
 * life: neither the old dialog's end nor a refused NOTIFY touches it.
 */

enum {
	EXPIRES_S = 600, /* longer than any INVITE rings (RFC 3515 3.4) */
	LIVE_MAX = 1024,
	AWAIT_MS = 32000,
};

struct referred {
	struct le le;
	struct engine *e;
	struct account *acc;
	struct call *call; /* the dialog it came in; NULL: ended   */
	struct call *out;  /* the call it made; NULL: none, over   */
	struct dlg *dlg;
	struct auth *auth;
	struct sip_strans *st; /* the REFER, unanswered                */
	struct sip_msg *msg;
	struct stack *stack;
	struct refer_to to;
	struct referred_info info;
	char by[URI_MAX]; /* Referred-By as it came               */
	uint32_t cseq;    /* of the REFER: the event's id         */
	uint64_t expires_at;
	struct rq *notify;
	unsigned code; /* last state told or to be told        */
	bool code_waits, final_waits;
	bool manual;
	bool over;       /* subscription terminated              */
	unsigned answer; /* waits for NOTIFYs before it          */
	bool awaited;    /* accepted, its call is still to come  */
	struct tmr tmr;  /* the subscription's end               */
};

static void referred_destructor(void *arg)
{
	struct referred *r = arg;

	list_unlink(&r->le);
	tmr_cancel(&r->tmr);
	rq_forget(&r->notify);
	if (r->st)
		(void)sip_treply(&r->st, r->stack->sip, r->msg, 603, "Decline");
	if (r->out)
		r->out->referred = NULL;
	mem_deref(r->msg);
	mem_deref(r->dlg);
	mem_deref(r->auth);
}

uint32_t referred_id(const struct referred *r)
{
	ASSERT_SIP();
	return r->info.id;
}

char *referred_user(const struct referred *r)
{
	ASSERT_SIP();
	return r->dlg->user;
}

static void publish(struct referred *r)
{
	engine_event(r->e, EV_REFERRED)->u.referred = r->info;
}

static void on_expired(void *arg);

/* Nothing more will come of it */
static void leave_when_over(struct referred *r)
{
	if (r->notify || r->out || r->st || r->info.gone)
		return;
	if (!r->over && (r->call || r->manual || r->awaited))
		return;
	r->info.gone = true;
	publish(r);
	mem_deref(r);
}

struct referred *referred_find(struct engine *e, uint32_t id)
{
	struct le *le;

	ASSERT_SIP();

	for (le = e->referreds.tail; le; le = le->prev) {
		struct referred *r = le->data;

		if (r->info.id == id)
			return r;
	}
	return NULL;
}

static void decline(struct stack *st, const struct sip_msg *msg, unsigned code)
{
	(void)sip_treply(NULL, st->sip, msg, (uint16_t)code, sip_reason(code));
}

void referred_incoming(struct call *c, struct stack *st,
		       const struct sip_msg *msg)
{
	struct engine *e = c->e;
	const struct sip_hdr *hdr;
	struct referred *r;
	struct refer_to to;
	int err;

	ASSERT_SIP();

	if (!e->accept_refer || list_count(&e->referreds) >= LIVE_MAX) {
		log_warn("refer",
			 "call %u: the other side asked us to call "
			 "somebody else (REFER): declined",
			 c->info.id);
		decline(st, msg, 603);
		return;
	}
	if (msg_hdr_count(msg, "Refer-To", "r") != 1) {
		decline(st, msg, 400);
		return;
	}
	hdr = msg_hdr(msg, "Refer-To", "r");
	err = refer_to_decode(&to, hdr->val.p, hdr->val.l);
	if (err) {
		decline(st, msg,
			err == EPROTONOSUPPORT || err == EPERM ? 603 : 400);
		return;
	}
	r = mem_zalloc(sizeof(*r), referred_destructor);
	if (!r) {
		decline(st, msg, 500);
		return;
	}
	r->e = e;
	r->acc = c->acc;
	r->call = c;
	r->dlg = mem_ref(c->dlg);
	r->auth = mem_ref(c->auth);
	r->stack = st;
	r->to = to;
	r->cseq = msg->cseq.num;
	r->expires_at = clock_ms() + EXPIRES_S * 1000ull;
	tmr_start(&r->tmr, EXPIRES_S * 1000ull, on_expired, r);
	hdr = msg_hdr(msg, "Referred-By", "b");
	if (hdr)
		(void)text_ncopy(r->by, sizeof(r->by), hdr->val.p, hdr->val.l);
	r->info.id = ++e->n_referred;
	r->info.call = c->info.id;
	r->info.replaces = to.has_replaces;
	text_cut(r->info.target, sizeof(r->info.target), to.uri);
	text_clean(r->info.by, sizeof(r->info.by), r->by, strlen(r->by));
	list_append(&e->referreds, &r->le, r);
	if (sip_strans_alloc(&r->st, st->sip, msg, NULL, NULL)) {
		decline(st, msg, 500);
		mem_deref(r);
		return;
	}
	r->msg = mem_ref((void *)(uintptr_t)msg);
	publish(r);
}

static void on_expired(void *arg)
{
	struct referred *r = arg;

	ASSERT_SIP();
	r->over = true;
	leave_when_over(r);
}

int referred_answer(struct referred *r, unsigned code)
{
	char contact[URI_MAX];
	int err;

	ASSERT_SIP();

	if (!r->st || r->answer)
		return EALREADY;
	if (code < 200 || code > 699)
		return EINVAL;
	/* reports asked for before the answer go out before it */
	if (r->notify) {
		r->answer = code;
		return 0;
	}
	err = account_contact(r->acc, r->dlg->user, r->stack,
			      transp_of(r->msg->tp), contact, sizeof(contact));
	if (err)
		return err;
	err = sip_treplyf(&r->st, NULL, r->stack->sip, r->msg, true,
			  (uint16_t)code, sip_reason(code),
			  "Contact: <%s>\r\n"
			  "%s"
			  "Allow: " SIP_ALLOW "\r\n"
			  "Content-Length: 0\r\n\r\n",
			  contact, code < 300 ? "Expires: 600\r\n" : "");
	r->st = NULL;
	r->msg = mem_deref(r->msg);
	r->awaited = code < 300;
	if (code >= 300) {
		r->over = true;
		leave_when_over(r);
	}
	return err;
}

/* ---- telling ----------------------------------------------------------- */

static void send_notify(struct referred *r);

static void on_notify_answer(int err, const struct sip_msg *msg, bool again,
			     const char *why, void *arg)
{
	struct referred *r = arg;

	(void)why;
	ASSERT_SIP();

	if (again || (msg && msg->scode < 200))
		return;
	(void)mem_ref(r);
	if (err || msg->scode >= 300) {
		/* he does not listen any more; the new call goes on */
		r->over = true;
		r->code_waits = false;
	}
	if (r->code_waits) {
		send_notify(r);
		goto out;
	}
	if (r->answer && r->st) {
		const unsigned code = r->answer;

		r->answer = 0;
		(void)referred_answer(r, code);
	}
	leave_when_over(r);
out:
	mem_deref(r);
}

static void send_notify(struct referred *r)
{
	struct mbuf *body = mbuf_alloc(64);
	const uint64_t now = clock_ms();
	char hdrs[160];
	struct rq_prm prm = {
		.e = r->e,
		.method = "NOTIFY",
		.dlg = r->dlg,
		.acc = r->acc,
		.auth = r->auth,
		.headers = hdrs,
		.ctype = "message/sipfrag;version=2.0",
		.body = body,
		.contact = true,
		.h = on_notify_answer,
		.arg = r,
	};

	if (!body)
		return;
	(void)mbuf_printf(body, "SIP/2.0 %u %s\r\n", r->code,
			  sip_reason(r->code));
	if (r->final_waits)
		(void)snprintf(hdrs, sizeof(hdrs),
			       "Event: refer;id=%u\r\n"
			       "Subscription-State: terminated;"
			       "reason=noresource\r\n",
			       r->cseq);
	else
		(void)snprintf(
			hdrs, sizeof(hdrs),
			"Event: refer;id=%u\r\n"
			"Subscription-State: active;expires=%u\r\n",
			r->cseq,
			r->expires_at > now
				? (unsigned)((r->expires_at - now) / 1000)
				: 0);
	r->code_waits = false;
	if (r->final_waits)
		r->over = true;
	if (rq_send(&r->notify, &prm))
		log_warn("referred", "NOTIFY could not be sent");
	mem_deref(body);
}

int referred_notify(struct referred *r, unsigned code, bool final)
{
	ASSERT_SIP();

	if (code < 100 || code > 699)
		return EINVAL;
	if (r->over)
		return EALREADY;
	/* the same again is no news (RFC 3515 3.10) */
	if (code == r->code && !final)
		return 0;
	r->code = code;
	r->code_waits = true;
	r->final_waits = r->final_waits || final;
	if (!r->notify)
		send_notify(r);
	return 0;
}

/* ---- the call ---------------------------------------------------------- */

int referred_call(struct referred *r, bool manual, uint32_t *idp)
{
	char hdrs[1600] = "", rep[700];
	struct call *c;
	size_t n = 0;
	int err;

	ASSERT_SIP();

	if (r->out)
		return EALREADY;
	r->manual = manual;
	r->awaited = false;
	tmr_start(&r->tmr, EXPIRES_S * 1000ull, on_expired, r);
	if (r->to.has_replaces) {
		err = replaces_encode(rep, sizeof(rep), &r->to.replaces);
		if (err)
			return err;
		n = (size_t)snprintf(
			hdrs, sizeof(hdrs), "Replaces: %s\r\n%s", rep,
			r->to.require_replaces ? "Require: replaces\r\n" : "");
	}
	if (r->by[0])
		(void)snprintf(hdrs + n, sizeof(hdrs) - n,
			       "Referred-By: %s\r\n", r->by);
	if (!manual)
		(void)referred_notify(r, 100, false);
	err = call_dial(r->e, r->acc, r->to.uri, NULL, hdrs, 0, r, &c);
	if (err) {
		if (!manual)
			(void)referred_notify(r, 503, true);
		return err;
	}
	r->out = c;
	r->info.new_call = c->info.id;
	*idp = c->info.id;
	publish(r);
	return 0;
}

void referred_progress(struct referred *r, struct call *c, unsigned code)
{
	ASSERT_SIP();

	if (!code)
		code = 503;
	if (code >= 200) {
		c->referred = NULL;
		r->out = NULL;
	}
	if (!r->manual)
		(void)referred_notify(r, code, code >= 200);
	leave_when_over(r);
}

void referred_session_ended(struct call *c)
{
	struct le *le = c->e->referreds.head;

	ASSERT_SIP();

	while (le) {
		struct referred *r = le->data;

		le = le->next;
		if (r->call != c)
			continue;
		r->call = NULL;
		if (r->st)
			(void)sip_treply(&r->st, r->stack->sip, r->msg, 481,
					 "Call/Transaction Does Not Exist");
		r->st = NULL;
		/* who asked may leave before the call he asked for is made */
		if (r->awaited)
			tmr_start(&r->tmr, AWAIT_MS, on_expired, r);
		leave_when_over(r);
	}
}

/* ---- SUBSCRIBE to what a REFER began ----------------------------------- */

bool referred_subscribe(struct engine *e, struct stack *st,
			const struct sip_msg *msg)
{
	const struct sip_hdr *hdr = msg_hdr(msg, "Event", "o");
	const uint32_t expires =
		pl_isset(&msg->expires) ? pl_u32(&msg->expires) : EXPIRES_S;
	struct pl id = PL_INIT;
	struct le *le;

	ASSERT_SIP();

	if (!hdr)
		return false;
	(void)msg_param(&hdr->val, "id", &id);
	for (le = e->referreds.head; le; le = le->next) {
		struct referred *r = le->data;

		if (r->over || !dlg_match(r->dlg, msg) ||
		    (id.l && pl_u32(&id) != r->cseq))
			continue;
		(void)sip_treplyf(NULL, NULL, st->sip, msg, false, 200, "OK",
				  "Expires: %u\r\n"
				  "Content-Length: 0\r\n\r\n",
				  expires < EXPIRES_S ? expires : EXPIRES_S);
		/* giving up the reports gives up nothing else (2.4.4) */
		r->final_waits = r->final_waits || !expires;
		r->code_waits = true;
		if (!r->code)
			r->code = 100;
		if (!r->notify)
			send_notify(r);
		return true;
	}
	return false;
}

void referreds_flush(struct engine *e)
{
	struct le *le;

	ASSERT_SIP();

	while ((le = e->referreds.head) != NULL)
		mem_deref(le->data);
}
