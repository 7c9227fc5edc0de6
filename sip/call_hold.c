/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <stdio.h>

#include "sip/call_priv.h"

/*
 * Hold and resume: one re-INVITE at a time brings what is agreed (have) to what
 * is wished (want); who asked is told how it ended.
 */

enum { GLARES_MAX = 6, MODIFY_MS = 32000 };

void call_holders_tell(struct call *c, int err, unsigned code, const char *text)
{
	struct list all = c->holders;
	struct le *le;

	ASSERT_SIP();

	/* a handler may ask for the next change: to it, a fresh list */
	list_init(&c->holders);
	for (le = all.head; le; le = le->next)
		le->list = &all;
	(void)mem_ref(c);
	while ((le = all.head) != NULL) {
		struct hold_wait *w = le->data;

		list_unlink(&w->le);
		w->h(err, code, text, w->arg);
		mem_deref(w);
	}
	mem_deref(c);
}

void call_hold_forget(struct call *c, void *arg)
{
	struct le *le = c->holders.head;

	ASSERT_SIP();

	while (le) {
		struct hold_wait *w = le->data;

		le = le->next;
		if (w->arg == arg) {
			list_unlink(&w->le);
			mem_deref(w);
		}
	}
}

static void on_modify_answer(int err, const struct sip_msg *msg, bool again,
			     const char *why, void *arg);

static void on_glare(void *arg)
{
	ASSERT_SIP();
	call_modify_next(arg);
}

static int on_prepare_modify(struct stack *st, enum transp tp,
			     struct mbuf **bodyp, void *arg)
{
	struct call *c = arg;

	(void)st;
	(void)tp;
	ASSERT_SIP();
	return offer_encode(c->offer, true, call_direction(c), bodyp);
}

/* A 100 stops every timer of the transaction, and nothing else may come */
static void on_modify_late(void *arg)
{
	struct call *c = arg;

	ASSERT_SIP();
	rq_forget(&c->inv);
	call_send_bye(c);
	call_end(c, 408, "no answer to hold or resume in 32 s", true);
}

/* Send the next re-INVITE when something is wished and nothing is pending */
void call_modify_next(struct call *c)
{
	struct rq_prm prm = call_rq(c, "INVITE", on_modify_answer);
	int err;

	ASSERT_SIP();

	if (!call_is_up(c) || c->inv || c->st || c->ok ||
	    tmr_isrunning(&c->tmr_glare))
		return;
	if (c->want == c->have) {
		if (c->holders.head)
			call_holders_tell(c, 0, 200, "OK");
		return;
	}
	c->cur_is_hold = c->want != SDP_SENDRECV;
	prm.headers = "Allow: " SIP_ALLOW "\r\n";
	prm.ctype = "application/sdp";
	prm.contact = true;
	prm.prep = on_prepare_modify;
	tmr_start(&c->tmr_ring, MODIFY_MS, on_modify_late, c);
	err = rq_send(&c->inv, &prm);
	if (err)
		call_holders_tell(c, err, 0, strerror(err));
}

static void modify_failed(struct call *c, int err, const char *why)
{
	const char *what = c->cur_is_hold ? "hold" : "resume";
	char text[TEXT_MAX];

	if (err == ETIMEDOUT) {
		/* RFC 3261 12.2.1.2: a dialog that does not answer is over */
		(void)snprintf(text, sizeof(text), "no answer to %s: %s", what,
			       why ? why : strerror(err));
		call_send_bye(c);
		call_end(c, 408, text, true);
		return;
	}
	/* it never got there: the call is as it was */
	c->want = c->have;
	(void)snprintf(text, sizeof(text), "%s could not be sent: %s", what,
		       why ? why : strerror(err));
	call_say(c, 0, text);
	call_set_state(c, c->info.state);
	call_holders_tell(c, err, 0, text);
}

static void modify_accepted(struct call *c, const struct sip_msg *msg)
{
	char reason[TEXT_MAX];

	(void)dlg_refresh(c->dlg, msg);
	call_ack_2xx(c, msg->cseq.num, NULL);
	if (msg_has_sdp(msg) && offer_decode(c->offer, false, msg->mb))
		log_warn("call", "%u: unreadable answer to %s", c->info.id,
			 c->cur_is_hold ? "hold" : "resume");
	c->glares = 0;
	c->have = c->cur_is_hold ? SDP_SENDONLY : SDP_SENDRECV;
	call_note_remote_hold(c);
	msg_reason(reason, sizeof(reason), msg);
	call_say(c, msg->scode, reason);
	call_set_state(c, c->cur_is_hold ? CALL_HELD : CALL_TALKING);
	call_modify_next(c);
}

static void modify_refused(struct call *c, const struct sip_msg *msg)
{
	char text[TEXT_MAX], reason[TEXT_MAX];

	if (msg->scode == 491 && c->glares++ < GLARES_MAX) {
		tmr_start(&c->tmr_glare, dlg_glare_ms(c->dlg), on_glare, c);
		return;
	}
	msg_reason(reason, sizeof(reason), msg);
	if (msg->scode == 481 || msg->scode == 408) {
		(void)snprintf(text, sizeof(text), "the call is gone (%u %s)",
			       msg->scode, reason);
		call_send_bye(c);
		call_end(c, msg->scode, text, true);
		return;
	}
	c->glares = 0;
	c->want = c->have;
	(void)snprintf(text, sizeof(text), "%s refused: %s",
		       c->cur_is_hold ? "hold" : "resume", reason);
	call_say(c, msg->scode, text);
	call_set_state(c, c->info.state);
	call_holders_tell(c, EPROTO, msg->scode, reason);
}

static void on_modify_answer(int err, const struct sip_msg *msg, bool again,
			     const char *why, void *arg)
{
	struct call *c = arg;

	ASSERT_SIP();

	if (again || (msg && msg->scode < 200))
		return;
	tmr_cancel(&c->tmr_ring);
	if (c->ended)
		call_last_answer(c);
	else if (err)
		modify_failed(c, err, why);
	else if (msg->scode < 300)
		modify_accepted(c, msg);
	else
		modify_refused(c, msg);
}

int call_hold(struct call *c, bool hold, call_hold_h *h, void *arg)
{
	struct hold_wait *w;

	ASSERT_SIP();

	if (!call_is_up(c))
		return ENOTCONN;
	if (h) {
		w = mem_zalloc(sizeof(*w), NULL);
		if (!w)
			return ENOMEM;
		w->h = h;
		w->arg = arg;
		list_append(&c->holders, &w->le, w);
	}
	c->want = hold ? SDP_SENDONLY : SDP_SENDRECV;
	call_modify_next(c);
	return 0;
}

/* ---- one talking call at a time ---------------------------------------- */

/* A call to be resumed when no other talks */
struct turn {
	struct engine *e;
	uint32_t id;
	unsigned waits;
	unsigned code; /* why one cannot be held */
	bool refused;
};

static void on_other_held(int err, unsigned code, const char *text, void *arg)
{
	struct turn *t = arg;
	struct call *c = engine_call(t->e, t->id);

	(void)text;
	ASSERT_SIP();

	if (err && err != ECONNRESET) {
		t->refused = true;
		t->code = code;
	}
	if (--t->waits)
		return;
	if (c && t->refused) {
		call_say(c, t->code,
			 "not resumed: who you talk to cannot be "
			 "put on hold");
		call_publish(c);
	} else if (c) {
		(void)call_hold(c, false, NULL, NULL);
	}
	mem_deref(t);
}

static void hold_others(struct engine *e, const struct call *c, struct turn *t)
{
	struct le *le = e->calls.head;

	while (le) {
		struct call *o = le->data;

		le = le->next;
		if (o == c || !call_is_up(o) || o->want != SDP_SENDRECV)
			continue;
		if (!t) {
			(void)call_hold(o, true, NULL, NULL);
			continue;
		}
		t->waits++;
		if (call_hold(o, true, on_other_held, t))
			on_other_held(ENOMEM, 0, "", t);
	}
}

void calls_hold_others(struct engine *e, const struct call *c)
{
	ASSERT_SIP();
	hold_others(e, c, NULL);
}

int call_resume_alone(struct call *c)
{
	struct turn *t = mem_zalloc(sizeof(*t), NULL);

	ASSERT_SIP();

	if (!t)
		return ENOMEM;
	t->e = c->e;
	t->id = c->info.id;
	t->waits = 1; /* ours, until all have been asked */
	hold_others(c->e, c, t);
	on_other_held(0, 0, "", t);
	return 0;
}

int call_dtmf(struct call *c, const char *digits)
{
	ASSERT_SIP();
	return c->offer ? offer_dtmf(c->offer, digits) : ENOTCONN;
}

void calls_flush(struct engine *e)
{
	struct le *le;

	ASSERT_SIP();

	while ((le = e->calls.head) || (le = e->ended.head)) {
		struct call *c = le->data;

		c->ended = true;
		c->referred = NULL;
		c->replaced = mem_deref(c->replaced);
		list_unlink(&c->le);
		mem_deref(c);
	}
}
