/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <stdio.h>

#include "sip/call_priv.h"
#include "sip/refer_priv.h"

/*
 * One call: the INVITE usage on libre's transactions and our dialog.  libre's
 * own sipsess hides refused re-INVITEs, the 2xx of a second branch and the
 * headers of answers, all of which a transfer depends on.
 *
 *            call_dial()                          call_incoming()
 *                │                                      │
 *             DIALING ──18x──► RINGING/EARLY         RINGING (in)
 *                │   └─────────────┬──┘                 │ call_answer()
 *                │ 3xx-6xx,        │ 2xx: ACK           │ 200 ... ACK
 *                │ no answer       ▼                    ▼
 *                │        ┌────► TALKING ◄──────────────┘
 *                │ resume │         │ hold: re-INVITE sendonly
 *                │        └────── HELD
 *                ▼                  │ BYE from either side
 *              ENDED ◄──────────────┘
 *
 * ENDED is told at once; the object stays in engine.ended until the last
 * answer (to BYE or CANCEL) is in, so that stopping can wait for it.
 *
 * What holds always (call_check): a call that is confirmed has a dialog with
 * a remote tag; only a confirmed one is TALKING or HELD; at most one INVITE of
 * ours is in flight, and none while the peer's waits for our answer.
 */

static void call_destructor(void *arg)
{
	struct call *c = arg;

	list_unlink(&c->le);
	hash_unlink(&c->he);
	hash_unlink(&c->he_id);
	tmr_cancel(&c->tmr_ok);
	tmr_cancel(&c->tmr_ring);
	tmr_cancel(&c->tmr_glare);
	list_flush(&c->holders);
	list_flush(&c->forks);
	rq_forget(&c->inv);
	rq_forget(&c->bye);
	/* a server transaction has us as its argument: answer it */
	if (c->st)
		(void)sip_treply(&c->st, c->dlg->st->sip, c->inv_msg, 480,
				 "Temporarily Unavailable");
	mem_deref(c->inv_msg);
	mem_deref(c->ack);
	mem_deref(c->ok);
	mem_deref(c->ok_msg);
	mem_deref(c->auth);
	mem_deref(c->headers);
	mem_deref(c->offer);
	mem_deref(c->dlg);
	mem_deref(c->replaced);
}

static void call_check(const struct call *c)
{
	assert(!c->confirmed || (c->dlg && c->dlg->rtag));
	assert(c->confirmed ||
	       (c->info.state != CALL_TALKING && c->info.state != CALL_HELD));
	assert(!(c->inv && c->st));
	(void)c;
}

struct call *call_new(struct engine *e, struct account *acc)
{
	struct call *c = mem_zalloc(sizeof(*c), call_destructor);

	ASSERT_SIP();

	if (!c)
		return NULL;
	c->e = e;
	c->acc = acc;
	tmr_init(&c->tmr_ok);
	tmr_init(&c->tmr_ring);
	tmr_init(&c->tmr_glare);
	c->want = c->have = SDP_SENDRECV;
	c->info.account = acc->id;
	return c;
}

/* a number is given only to what users get to see */
void call_enter(struct call *c)
{
	ASSERT_SIP();
	c->info.id = ++c->e->n_call;
	c->info.dialog = text_hash(c->dlg->callid, strlen(c->dlg->callid));
	list_append(&c->e->calls, &c->le, c);
	hash_append(c->e->calls_ht, hash_joaat_str(c->dlg->callid), &c->he, c);
	hash_append(c->e->calls_id, c->info.id, &c->he_id, c);
}

void call_publish(struct call *c)
{
	ASSERT_SIP();
	call_check(c);
	if (c->offer)
		offer_stats(c->offer, &c->info.rx_packets, &c->info.tx_packets);
	engine_event(c->e, EV_CALL)->u.call = c->info;
}

void call_set_state(struct call *c, enum call_state state)
{
	ASSERT_SIP();
	if (c->info.state != state)
		log_debug("call", "%u: %s -> %s", c->info.id,
			  call_state_name(c->info.state),
			  call_state_name(state));
	c->info.state = state;
	if (c->offer)
		offer_apply(c->offer, state == CALL_TALKING);
	call_publish(c);
}

bool call_is_up(const struct call *c)
{
	ASSERT_SIP();
	return c->established && !c->ended;
}

bool call_other_talking(const struct call *c)
{
	struct le *le;

	ASSERT_SIP();

	for (le = c->e->calls.head; le; le = le->next) {
		const struct call *o = le->data;

		if (o != c && o->info.state == CALL_TALKING)
			return true;
	}
	return false;
}

void call_say(struct call *c, unsigned code, const char *text)
{
	ASSERT_SIP();
	c->info.code = code;
	text_cut(c->info.text, sizeof(c->info.text), text);
}

/* Still answers to wait for?  Then the object stays, unseen. */
static void call_leave(struct call *c)
{
	list_unlink(&c->le);
	if (c->bye || c->inv) {
		list_append(&c->e->ended, &c->le, c);
		return;
	}
	mem_deref(c);
}

void call_last_answer(struct call *c)
{
	struct engine *e = c->e;

	ASSERT_SIP();

	if (!c->bye && !c->inv)
		mem_deref(c);
	engine_stop_check(e);
}

/**
 * The one end of every call: tells everybody, once.
 */
void call_end(struct call *c, unsigned code, const char *text, bool by_peer)
{
	struct engine *e = c->e;

	ASSERT_SIP();

	if (c->ended)
		return;
	c->ended = true;
	c->established = false;
	tmr_cancel(&c->tmr_ok);
	tmr_cancel(&c->tmr_ring);
	tmr_cancel(&c->tmr_glare);
	c->ok = mem_deref(c->ok);
	c->ok_msg = mem_deref(c->ok_msg);
	if (c->confirmed)
		rq_forget(&c->inv);
	call_say(c, code, text);
	c->confirmed = false;
	call_set_state(c, CALL_ENDED);
	c->offer = mem_deref(c->offer);
	c->replaced = mem_deref(c->replaced);
	call_holders_tell(c, ECONNRESET, code, text);

	(void)mem_ref(c);
	list_unlink(&c->le);
	hash_unlink(&c->he_id); /* engine_call() must not find it */
	consult_call_news(c, by_peer);
	refer_call_ended(c, by_peer);
	if (c->referred)
		referred_progress(c->referred, c, code);
	referred_session_ended(c);
	list_append(&e->ended, &c->le, c);
	(void)mem_deref(c);

	call_leave(c);
	engine_stop_check(e);
}

/* ---- BYE --------------------------------------------------------------- */

static void on_bye_answer(int err, const struct sip_msg *msg, bool again,
			  const char *why, void *arg)
{
	struct call *c = arg;

	/* 481 and 408: it is gone there as well, which is what we wanted */
	(void)err;
	(void)why;
	ASSERT_SIP();

	if (again || (msg && msg->scode < 200))
		return;
	call_last_answer(c);
}

struct rq_prm call_rq(struct call *c, const char *method, rq_h *h)
{
	const struct rq_prm prm = {
		.e = c->e,
		.method = method,
		.dlg = c->dlg,
		.acc = c->acc,
		.auth = c->auth,
		.h = h,
		.arg = c,
	};

	ASSERT_SIP();

	return prm;
}

void call_send_bye(struct call *c)
{
	struct rq_prm prm = call_rq(c, "BYE", on_bye_answer);

	ASSERT_SIP();

	if (c->bye_sent)
		return;
	c->bye_sent = true;
	if (rq_send(&c->bye, &prm))
		log_warn("call", "%u: BYE could not be sent", c->info.id);
}

void call_hangup(struct call *c)
{
	ASSERT_SIP();
	call_hangup_saying(c, "you hung up");
}

void call_hangup_saying(struct call *c, const char *text)
{
	ASSERT_SIP();

	if (c->ended)
		return;
	if (c->confirmed || c->ok) {
		/* before the ACK a BYE must wait (RFC 3261 15), but no user
		 * should: the dialog stands, and every peer takes it */
		call_send_bye(c);
		call_end(c, 0, text, false);
	} else if (c->st) {
		(void)call_reject(c, c->e->stopping ? 480 : 603);
	} else if (c->inv) {
		if (c->canceling)
			return;
		c->canceling = true;
		call_say(c, 0, "cancelling");
		rq_cancel(c->inv);
		call_publish(c);
	} else {
		call_end(c, 0, text, false);
	}
}

/* ---- offers ------------------------------------------------------------ */

int call_ensure_offer(struct call *c, const struct stack *st)
{
	ASSERT_SIP();
	if (c->offer)
		return 0;
	return offer_alloc(&c->offer, &st->addr, &c->acc->codecs);
}

/* Our direction for the next description */
enum sdp_dir call_direction(const struct call *c)
{
	if (c->want != SDP_SENDRECV && c->offer && offer_remote_holds(c->offer))
		return SDP_INACTIVE; /* both hold (RFC 5359 2.1) */
	return c->want;
}

void call_note_remote_hold(struct call *c)
{
	ASSERT_SIP();
	c->info.remote_hold = c->offer && offer_remote_holds(c->offer);
}

/* ---- inside the dialog ------------------------------------------------- */

static void peer_bye(struct call *c, struct stack *st,
		     const struct sip_msg *msg)
{
	(void)sip_treply(NULL, st->sip, msg, 200, "OK");
	if (c->st)
		(void)sip_treply(&c->st, st->sip, c->inv_msg, 487,
				 "Request Terminated");
	/* one branch said goodbye before it answered: no other is wanted */
	if (c->inv && !c->confirmed)
		rq_cancel(c->inv);
	call_end(c, 0, "the other side hung up", true);
}

static void peer_reinvite(struct call *c, struct stack *st,
			  const struct sip_msg *msg)
{
	int err = 0;

	if (c->ok || c->st || !c->confirmed) {
		(void)sip_treplyf(NULL, NULL, st->sip, msg, false, 500,
				  "Server Internal Error (one at a time)",
				  "Retry-After: %u\r\n"
				  "Content-Length: 0\r\n\r\n",
				  rand_u16() % 10);
		return;
	}
	if (c->inv) {
		(void)sip_treply(NULL, st->sip, msg, 491, "Request Pending");
		return;
	}
	c->offerless = !msg_has_sdp(msg);
	if (!c->offerless)
		err = offer_decode(c->offer, true, msg->mb);
	if (err) {
		(void)sip_treply(NULL, st->sip, msg, 488,
				 "Not Acceptable Here");
		return;
	}
	(void)dlg_refresh(c->dlg, msg);
	c->inv_msg = mem_ref((void *)(uintptr_t)msg);
	if (sip_strans_alloc(&c->st, st->sip, msg, NULL, NULL) ||
	    call_send_ok(c)) {
		c->inv_msg = mem_deref(c->inv_msg);
		return;
	}
	call_note_remote_hold(c);
	call_learn_peer(c, msg);
	call_set_state(c, c->info.state);
}

static void peer_options(struct call *c, struct stack *st,
			 const struct sip_msg *msg)
{
	(void)c;
	(void)sip_treplyf(NULL, NULL, st->sip, msg, false, 200, "OK",
			  "Allow: " SIP_ALLOW "\r\n"
			  "Content-Length: 0\r\n\r\n");
}

bool call_overtaken(struct call *c, struct stack *st, const struct sip_msg *msg)
{
	ASSERT_SIP();

	if (msg->cseq.num < c->peer_cseq) {
		(void)sip_treply(NULL, st->sip, msg, 500,
				 "Server Internal Error (CSeq)");
		return true;
	}
	c->peer_cseq = msg->cseq.num;
	return false;
}

void call_request(struct call *c, struct stack *st, const struct sip_msg *msg)
{
	static const struct {
		const char *method;
		void (*take)(struct call *c, struct stack *st,
			     const struct sip_msg *msg);
	} methods[] = {
		{"BYE", peer_bye},
		{"INVITE", peer_reinvite},
		{"REFER", referred_incoming},
		{"OPTIONS", peer_options},
	};
	size_t i;

	ASSERT_SIP();

	for (i = 0; i < COUNT_OF(methods); i++) {
		if (pl_strcmp(&msg->met, methods[i].method))
			continue;
		if (!call_require_unknown(st, msg))
			methods[i].take(c, st, msg);
		return;
	}
	(void)sip_treplyf(NULL, NULL, st->sip, msg, false, 405,
			  "Method Not Allowed",
			  "Allow: " SIP_ALLOW "\r\n"
			  "Content-Length: 0\r\n\r\n");
}
