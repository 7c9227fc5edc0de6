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
 * target rings nothing is replaced; the transfer waits for the answer.
 */

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
	r->stage = STAGE_CALLING;
	err = call_dial(d1->e, d1->acc, r->info.target, NULL, d1->info.id, NULL,
			&d2);
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

struct swap {
	struct engine *e;
	uint32_t out, in;
};

static void on_swapped_out(int err, unsigned code, const char *text, void *arg)
{
	struct swap *sw = arg;
	struct call *in = engine_call(sw->e, sw->in);

	(void)text;
	ASSERT_SIP();

	/* never both at once: the other comes back only now */
	if (err)
		log_warn("call", "%u cannot be held (%u): not swapped", sw->out,
			 code);
	else if (in && call_is_up(in))
		(void)call_hold(in, false, NULL, NULL);
	mem_deref(sw);
}

int consult_swap(struct call *c, char *why, size_t size)
{
	struct call *d1, *d2, *out;
	struct refer_status *r = refer_of_call(c);
	struct swap *sw;
	int err;

	ASSERT_SIP();

	if (!pair_of(c, &d1, &d2))
		return refer_refuse(why, size, ENOENT,
				    "no consultation of this call is up");
	out = d1->want == SDP_SENDRECV ? d1 : d2;
	sw = mem_zalloc(sizeof(*sw), NULL);
	if (!sw)
		return ENOMEM;
	sw->e = c->e;
	sw->out = out->info.id;
	sw->in = out == d1 ? d2->info.id : d1->info.id;
	err = call_hold(out, true, on_swapped_out, sw);
	if (err) {
		mem_deref(sw);
		return err;
	}
	if (r)
		refer_tell(r, REFER_IDLE,
			   out == d2 ? "You talk to the caller; %s is on hold"
				     : "You talk to %s; the caller is on hold",
			   r->name);
	return 0;
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

void consult_call_news(struct call *c, bool by_peer)
{
	struct refer_status *r = c->consult;

	ASSERT_SIP();

	if (!r || !refer_live(r) || r->d2 != c)
		return;
	if (c->info.state == CALL_ENDED) {
		switch (r->stage) {
		case STAGE_CALLING:
			leg_failed(r, c);
			break;
		case STAGE_TALKING:
		case STAGE_HOLDING2:
			r->d2 = NULL;
			refer_finish(r, REFER_IDLE, OUTCOME_STOPPED,
				     by_peer ? "%s hung up; the caller is back "
					       "with you"
					     : "You hung up on %s; the caller "
					       "is back with you",
				     r->name);
			break;
		default:
			break;
		}
		return;
	}
	if (r->stage != STAGE_CALLING)
		return;
	if (c->info.state == CALL_TALKING) {
		r->use_contact = refer_contact_first(r);
		r->stage = STAGE_TALKING;
		if (r->armed) {
			refer_tell(r, REFER_IDLE, "%s answered, transferring",
				   r->name);
			refer_complete(r);
		} else {
			refer_tell(r, REFER_IDLE,
				   "You talk to %s; the caller is on hold",
				   r->name);
		}
	} else if (c->info.code > 100) {
		refer_tell(r, REFER_IDLE,
			   r->armed ? "%s is ringing; will transfer on answer"
				    : "%s is ringing",
			   r->name);
	}
}
