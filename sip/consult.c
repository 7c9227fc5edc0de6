/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <stdio.h>

#include "sip/refer_priv.h"

/*
 * A transfer with consultation (transfer.md 5.2), up to its REFER; from there
 * it is refer.c's.
 *
 *   consult ─► HOLDING the caller ─► CALLING the target ─answered─► TALKING
 *                                        │ complete: armed            │
 *                                        └─answered─► (complete) ◄────┘
 *                                                         │
 *                                          HOLDING2 the target ─► SENT
 *
 * Semi-attended is the recommended kind (RFC 5589 7.6, figure 11): while the
 * target rings nothing is replaced; the transfer waits for the answer.  Who
 * will not wait asks for a blind transfer to the same target (figure 12):
 * CANCEL, and the REFER when the ringing has ended.  Should the target answer
 * all the same, its call is not thrown away: it is replaced as above.
 */

static void go_blind(struct refer_status *r)
{
	r->blind_next = false;
	if (r->d2)
		r->d2->consult = NULL;
	r->d2 = NULL;
	r->info.kind = KIND_BLIND;
	refer_send(r);
}

static void on_caller_held(int err, unsigned code, const char *text, void *arg)
{
	struct refer_status *r = arg;
	struct call *d1 = r->d1, *d2;

	ASSERT_SIP();

	if (r->stage != STAGE_HOLDING || !d1 || err == ECONNRESET)
		return;
	if (err) {
		r->info.code = code;
		text_cut(r->info.text, sizeof(r->info.text), text);
		refer_finish(r, REFER_IDLE, OUTCOME_NOT_SENT,
			     "The caller cannot be held (%u %s)", code, text);
		return;
	}
	if (r->blind_next) {
		go_blind(r);
		return;
	}
	r->stage = STAGE_CALLING;
	err = call_dial(d1->e, d1->acc, r->info.target, NULL, NULL, d1->info.id,
			NULL, &d2);
	if (err) {
		refer_finish(r, REFER_IDLE, OUTCOME_NOT_SENT,
			     "%s cannot be called: %s", r->name, strerror(err));
		return;
	}
	r->d2 = d2;
	d2->consult = r;
	d2->info.transfer = r->info.id;
	r->info.consult = d2->info.id;
	call_publish(d2);
	refer_tell(r, REFER_IDLE, "Calling %s", r->name);
}

static void on_consult_go(void *arg)
{
	struct refer_status *r = arg;

	ASSERT_SIP();

	if (r->stage != STAGE_HOLDING || !r->d1)
		return;
	refer_tell(r, REFER_IDLE, "Holding the caller");
	if (r->d1->have != SDP_SENDRECV)
		on_caller_held(0, 0, "", r);
	else if (call_hold(r->d1, true, on_caller_held, r))
		refer_finish(r, REFER_IDLE, OUTCOME_NOT_SENT,
			     "Cannot transfer: the call has ended");
}

int consult_ask(struct call *c, const struct request *req, uint32_t *idp,
		char *why, size_t size)
{
	struct refer_status *r;
	char uri[URI_MAX];
	int err;

	ASSERT_SIP();

	if (!call_is_up(c))
		return refer_refuse(why, size, ENOTCONN, "the call is not up");
	if (refer_of_call(c))
		return refer_refuse(why, size, EALREADY,
				    "a transfer of this call is under way "
				    "(takeback ends it)");
	err = target_uri(uri, sizeof(uri), req->u.text,
			 c->acc->p2p ? "" : c->acc->domain, why, size);
	if (err)
		return err;
	if (uri_same(uri, c->info.peer) || uri_same(uri, c->dlg->target))
		return refer_refuse(why, size, EINVAL,
				    "the target is the caller");
	err = refer_status_new(&r, c->e);
	if (err)
		return err;
	r->info.serial = req->serial;
	r->limit_ms = req->value;
	refer_start(r, c, NULL, KIND_ATTENDED, uri);
	r->stage = STAGE_HOLDING;
	tmr_start(&r->tmr_go, 0, on_consult_go, r);
	*idp = r->info.id;
	mem_deref(r);
	return 0;
}

/* The consultation a call is part of, from either side, before its REFER */
static struct refer_status *consultation(struct call *c)
{
	struct refer_status *r = refer_of_call(c);

	if (!r || r->info.kind == KIND_BLIND || r->stage >= STAGE_SENT)
		return NULL;
	return r;
}

/* Two calls that belong together: in a consultation, or left over from one
 * whose transfer failed. */
static bool pair_of(struct call *c, struct call **d1p, struct call **d2p)
{
	struct refer_status *r = refer_of_call(c);
	struct le *le;

	if (r) {
		if (r->stage != STAGE_TALKING)
			return false;
		*d1p = r->d1;
		*d2p = r->d2;
	} else {
		*d1p = c->info.consult_of
			       ? engine_call(c->e, c->info.consult_of)
			       : c;
		*d2p = c->info.consult_of ? c : NULL;
		for (le = c->e->calls.head; le && !*d2p; le = le->next) {
			struct call *o = le->data;

			if (o->info.consult_of == c->info.id)
				*d2p = o;
		}
	}
	return *d1p && *d2p && call_is_up(*d1p) && call_is_up(*d2p);
}

int consult_complete(struct call *c, uint32_t serial, uint32_t *idp, char *why,
		     size_t size)
{
	struct refer_status *r = consultation(c);
	struct call *d1, *d2;

	ASSERT_SIP();

	if (!r) {
		/* again, after a try that failed? */
		if (!refer_of_call(c) && pair_of(c, &d1, &d2))
			return consult_join(d1, d2, serial, idp, why, size);
		if (refer_of_call(c))
			return refer_refuse(why, size, EALREADY,
					    "the transfer is under way");
		return refer_refuse(
			why, size, ENOENT,
			"no consultation of this call is under way");
	}
	*idp = r->info.id;
	switch (r->stage) {
	case STAGE_HOLDING:
	case STAGE_CALLING:
		if (r->armed)
			return refer_refuse(why, size, EALREADY,
					    "it is transferred as soon as the "
					    "target answers");
		r->armed = true;
		r->info.kind = KIND_SEMI;
		refer_tell(r, REFER_IDLE, "Will transfer when %s answers",
			   r->name);
		return 0;
	case STAGE_TALKING:
		refer_complete(r);
		return 0;
	default:
		return refer_refuse(why, size, EALREADY,
				    "the transfer is under way");
	}
}

int consult_to_blind(struct call *c, const char *uri, uint32_t *idp)
{
	struct refer_status *r = consultation(c);

	ASSERT_SIP();

	if (!r || r->d1 != c || !uri_same(uri, r->info.target))
		return ENOENT;
	if (r->stage != STAGE_CALLING && (r->stage != STAGE_HOLDING || r->d2))
		return ENOENT;
	*idp = r->info.id;
	r->armed = false;
	r->blind_next = true;
	refer_tell(r, REFER_IDLE, "The caller is transferred to %s unannounced",
		   r->name);
	if (r->d2)
		call_hangup(r->d2);
	return 0;
}

bool consult_wants_answer(struct call *c)
{
	struct refer_status *r = c->consult;

	ASSERT_SIP();

	if (!r || !refer_live(r) || !r->blind_next || r->d2 != c)
		return false;
	r->blind_next = false;
	r->armed = true;
	r->info.kind = KIND_SEMI;
	return true;
}

static void on_swapped_in(int err, unsigned code, const char *text, void *arg)
{
	struct call *in = arg, *d1, *d2;
	struct refer_status *r = refer_of_call(in);

	(void)text;
	ASSERT_SIP();

	if (!r || !pair_of(in, &d1, &d2) || err == ECONNRESET)
		return;
	if (err)
		refer_tell(r, REFER_IDLE,
			   in == d1 ? "The caller cannot be resumed (%u); both "
				      "are on hold"
				    : "The target cannot be resumed (%u); both "
				      "are on hold",
			   code);
	else
		refer_tell(r, REFER_IDLE,
			   in == d1 ? "You talk to the caller; %s is on hold"
				    : "You talk to %s; the caller is on hold",
			   r->name);
}

static void on_swapped_out(int err, unsigned code, const char *text, void *arg)
{
	struct call *out = arg, *d1, *d2;
	struct refer_status *r = refer_of_call(out);

	(void)text;
	ASSERT_SIP();

	if (!pair_of(out, &d1, &d2) || err == ECONNRESET)
		return;
	if (!err) {
		struct call *in = out == d1 ? d2 : d1;

		/* never both at once: it comes back only now */
		(void)call_hold(in, false, on_swapped_in, in);
		return;
	}
	log_warn("call", "%u cannot be held (%u): not swapped", out->info.id,
		 code);
	if (r)
		refer_tell(r, REFER_IDLE,
			   out == d1 ? "The caller cannot be held (%u); not "
				       "swapped"
				     : "The target cannot be held (%u); not "
				       "swapped",
			   code);
}

int consult_swap(struct call *c, char *why, size_t size)
{
	struct call *d1, *d2, *out;

	ASSERT_SIP();

	if (!pair_of(c, &d1, &d2))
		return refer_refuse(why, size, ENOENT,
				    "no consultation of this call is up");
	out = d1->want == SDP_SENDRECV ? d1 : d2;
	return call_hold(out, true, on_swapped_out, out);
}

int consult_takeback(struct call *c, char *why, size_t size)
{
	struct call *d1, *d2;

	ASSERT_SIP();

	if (!pair_of(c, &d1, &d2))
		return refer_refuse(why, size, ENOENT,
				    "no consultation of this call is up");
	call_hangup(d2);
	return call_hold(d1, false, NULL, NULL);
}

int consult_join(struct call *a, struct call *b, uint32_t serial, uint32_t *idp,
		 char *why, size_t size)
{
	struct refer_prm prm = {.consult = b, .serial = serial};
	struct refer_status *rs;
	int err;

	ASSERT_SIP();

	rs = consultation(a);
	if (rs && (rs->d1 == b || rs->d2 == b))
		return consult_complete(a, serial, idp, why, size);
	err = refer_status_new(&rs, a->e);
	if (err)
		return err;
	err = refer_begin(a, rs, &prm, NULL, NULL, why, size);
	if (!err)
		*idp = rs->info.id;
	mem_deref(rs);
	return err;
}

/* ---- the consult leg's news -------------------------------------------- */

static void leg_failed(struct refer_status *r, const struct call *c)
{
	const unsigned code = c->info.code;
	char text[TEXT_MAX];

	text_cut(text, sizeof(text), c->info.text);
	if (r->blind_next) {
		go_blind(r);
		return;
	}
	r->d2 = NULL;
	r->info.code = code;
	text_cut(r->info.text, sizeof(r->info.text), text);
	if (c->canceling && code != 408)
		refer_finish(r, REFER_IDLE, OUTCOME_STOPPED,
			     "Consultation cancelled");
	else if (code)
		refer_finish(r, REFER_IDLE, OUTCOME_FAILED, "%s: %s (%u %s)",
			     r->name, sip_phrase(code), code, text);
	else
		refer_finish(r, REFER_IDLE, OUTCOME_FAILED, "%s: %s", r->name,
			     text);
}

static void leg_ended(struct refer_status *r, const struct call *c,
		      bool by_peer)
{
	const char *caller;

	switch (r->stage) {
	case STAGE_CALLING:
		leg_failed(r, c);
		break;
	case STAGE_TALKING:
	case STAGE_HOLDING2:
		r->d2 = NULL;
		caller = r->d1 && refer_would_resume(r->d1)
				 ? "the caller is back with you"
				 : "the caller is on hold";
		if (by_peer)
			refer_finish(r, REFER_IDLE, OUTCOME_STOPPED,
				     "%s hung up; %s", r->name, caller);
		else
			refer_finish(r, REFER_IDLE, OUTCOME_STOPPED,
				     "You hung up on %s; %s", r->name, caller);
		break;
	default:
		break;
	}
}

static void leg_answered(struct refer_status *r)
{
	r->use_contact = refer_contact_first(r->d2);
	r->stage = STAGE_TALKING;
	if (r->armed) {
		refer_tell(r, REFER_IDLE, "%s answered, transferring", r->name);
		refer_complete(r);
	} else {
		refer_tell(r, REFER_IDLE,
			   "You talk to %s; the caller is on hold", r->name);
	}
}

void consult_call_news(struct call *c, bool by_peer)
{
	struct refer_status *r = c->consult;

	ASSERT_SIP();

	if (!r || !refer_live(r) || r->d2 != c)
		return;
	if (c->info.state == CALL_ENDED)
		leg_ended(r, c, by_peer);
	else if (r->stage != STAGE_CALLING)
		return;
	else if (c->info.state == CALL_TALKING)
		leg_answered(r);
	else if (c->info.code > 100)
		refer_tell(r, REFER_IDLE,
			   r->armed ? "%s is ringing; will transfer on answer"
				    : "%s is ringing",
			   r->name);
}
