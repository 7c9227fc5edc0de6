/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <stdio.h>

#include "base/clock.h"
#include "sip/refer_priv.h"

/*
 * The REFER itself: its turn, the holds before it, what stands in it, and
 * what its answers mean.
 */

enum {
	TN_MS = 32000,
	RESENDS_MAX = 3,
	WARN_MS = 30000,
};

/* Whose phone was asked to call */
static const char *asked_name(const struct refer_status *r)
{
	return r->reverse ? r->name : "the caller's phone";
}

static void on_no_reports(void *arg)
{
	struct refer_status *r = arg;

	ASSERT_SIP();

	/* without an answer to the REFER its own timer speaks (TF) */
	if (!r->accepted)
		return;
	refer_close_sub(r);
	refer_finish(r, r->info.state, OUTCOME_NO_REPORTS,
		     "No progress reports from %s", asked_name(r));
}

static void on_longest(void *arg)
{
	struct refer_status *r = arg;
	const uint32_t s = r->limit_ms / 1000;

	ASSERT_SIP();

	refer_unwatch(r);
	if (s >= 120)
		refer_finish(r, r->info.state, OUTCOME_TIMED_OUT,
			     "No result after %u min", s / 60);
	else
		refer_finish(r, r->info.state, OUTCOME_TIMED_OUT,
			     "No result after %u s", s);
}

/* Two wait on hold: the user should know that it takes long */
static void on_long(void *arg)
{
	struct refer_status *r = arg;

	ASSERT_SIP();

	tmr_start(&r->tmr_m, r->limit_ms - WARN_MS, on_longest, r);
	refer_tell(r, r->info.state, "No result after %u s", WARN_MS / 1000);
}

void refer_start_limit(struct refer_status *r)
{
	ASSERT_SIP();
	if (tmr_isrunning(&r->tmr_m))
		return;
	if (refer_is_blind(r) || r->limit_ms <= WARN_MS)
		tmr_start(&r->tmr_m, r->limit_ms, on_longest, r);
	else
		tmr_start(&r->tmr_m, WARN_MS, on_long, r);
}

void refer_kick(struct call *d1)
{
	struct le *le;

	ASSERT_SIP();

	for (le = d1->refers.head; le; le = le->next) {
		struct refer_status *r = le->data;

		if (r->stage == STAGE_QUEUED && !tmr_isrunning(&r->tmr_go))
			tmr_start(&r->tmr_go, 0, refer_go, r);
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

		/* one nobody watches any more is in nobody's way */
		n += refer_live(o) && !o->unsub_wanted;
	}
	return n;
}

static bool is_private_contact(const struct call *c)
{
	char gr[URI_MAX];

	if (!uri_param(gr, sizeof(gr), c->dlg->target, "gr"))
		return false;
	return uri_host_is_private(c->dlg->target);
}

bool refer_contact_first(const struct call *to)
{
	ASSERT_SIP();
	return to->acc->p2p || !is_private_contact(to);
}

/* where the other party of a call can be reached: dialled, or From */
const char *call_address(const struct call *c)
{
	ASSERT_SIP();
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
		return refer_to_encode(dst, size, to->dlg->target, &rep, false);
	return refer_to_encode(dst, size, call_address(to), &rep,
			       !r->tried_other);
}

static void on_refer_answer(int err, const struct sip_msg *msg, bool again,
			    const char *why, void *arg);

/* Its reports may bear this number, and have their time from now (TN) */
static void note_cseq(struct refer_status *r)
{
	if (r->idc < REFER_IDS)
		r->idv[r->idc++] = rq_cseq(r->rq);
	tmr_start(&r->tmr_n, TN_MS, on_no_reports, r);
}

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

/* The dialog the REFER goes out in, and the headers this asks for.  Where
 * the ids are too long for a header of ours, the call's own will do. */
static int choose_dialog(struct refer_status *r, struct call *asked,
			 char *extra, size_t size)
{
	const struct dlg *d1 = r->d1 ? r->d1->dlg : NULL;
	int n;

	extra[0] = '\0';
	hash_unlink(&r->he);
	r->dlg = mem_deref(r->dlg);
	r->auth = mem_deref(r->auth);
	r->auth = mem_ref(asked->auth);
	r->acc = asked->acc;
	r->out_of_dialog = wants_outside(r);
	if (r->out_of_dialog) {
		n = snprintf(extra, size,
			     "Target-Dialog: %s;local-tag=%s;remote-tag=%s"
			     "\r\nRequire: tdialog\r\n",
			     d1->callid, d1->rtag, d1->ltag);
		if (n > 0 && (size_t)n < size)
			return make_outside_dialog(r);
		extra[0] = '\0';
		r->out_of_dialog = false;
	}
	r->dlg = mem_ref(asked->dlg);
	return 0;
}

static int write_headers(const struct refer_status *r, const struct call *asked,
			 const char *extra, char *dst, size_t size)
{
	char to[2048], by[URI_MAX];
	int err, n;

	err = write_refer_to(r, to, sizeof(to));
	if (!err)
		err = account_aor(r->acc, asked->dlg->user, asked->dlg->st,
				  asked->dlg->tp, by, sizeof(by));
	if (err)
		return err;
	n = snprintf(dst, size,
		     "Refer-To: %s\r\n"
		     "Referred-By: <%s>\r\n"
		     "Accept: message/sipfrag\r\n"
		     "%s%s",
		     to, by, extra, r->headers ? r->headers : "");
	return n < 0 || (size_t)n >= size ? EOVERFLOW : 0;
}

static int send_refer(struct refer_status *r, struct call *asked)
{
	char extra[1024], hdrs[4096];
	struct rq_prm prm = {
		.e = r->e,
		.method = "REFER",
		.headers = hdrs,
		.contact = true,
		.h = on_refer_answer,
		.arg = r,
	};
	int err;

	err = choose_dialog(r, asked, extra, sizeof(extra));
	if (err)
		return err;
	refer_enter(r);
	err = write_headers(r, asked, extra, hdrs, sizeof(hdrs));
	if (err)
		return err;
	prm.dlg = r->dlg;
	prm.acc = r->acc;
	prm.auth = r->auth;
	return rq_send(&r->rq, &prm);
}

void refer_send(struct refer_status *r)
{
	struct call *asked = r->reverse ? r->d2 : r->d1;
	int err;

	ASSERT_SIP();

	if (!r->d2 && !refer_is_blind(r)) {
		refer_finish(r, REFER_FAILED_TO_SEND, OUTCOME_NOT_SENT,
			     "Cannot transfer: the consult call has ended");
		return;
	}
	if (!asked || !call_is_up(asked)) {
		refer_finish(r, REFER_IDLE, OUTCOME_NOT_SENT,
			     "Cannot transfer: the call has ended");
		return;
	}
	err = send_refer(r, asked);
	if (err) {
		refer_finish(r, REFER_FAILED_TO_SEND, OUTCOME_NOT_SENT,
			     "Cannot transfer: %s", strerror(err));
		return;
	}
	r->stage = STAGE_SENT;
	note_cseq(r);
	if (!r->t_refer)
		r->t_refer = clock_ms();
	if (r->reverse)
		refer_tell(r, REFER_REQUESTED,
			   "Asking %s to pick up the caller", r->name);
	else
		refer_tell(r, REFER_REQUESTED,
			   "Asking the caller's phone to call %s", r->name);
}

/* The target is asked to take the caller over (RFC 5589 7.2, 7.4) */
static void send_reversed(struct refer_status *r)
{
	r->reverse = true;
	r->resends = 0;
	if (r->d1)
		r->use_contact = refer_contact_first(r->d1);
	refer_send(r);
}

/* The caller's phone said beforehand that it knows no REFER (X6) */
static bool must_reverse(const struct refer_status *r)
{
	const struct call *d1 = r->d1, *d2 = r->d2;

	return d1->peer_no_refer && !d2->peer_no_refer &&
	       (d1->peer_replaces || !d1->features_known) &&
	       (d2->peer_replaces || !d2->features_known);
}

static void send_consult(struct refer_status *r)
{
	if (r->d1 && r->d2 && must_reverse(r))
		send_reversed(r);
	else
		refer_send(r);
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
	send_consult(r);
}

void refer_complete(struct refer_status *r)
{
	ASSERT_SIP();
	r->armed = false;
	r->stage = STAGE_HOLDING2;
	if (!r->d1 || !call_is_up(r->d1) || !r->d2 || !call_is_up(r->d2)) {
		refer_finish(r, REFER_IDLE, OUTCOME_NOT_SENT,
			     "Cannot transfer: one of the calls has ended");
		return;
	}
	if (r->d2->features_known && !r->d2->peer_replaces &&
	    !r->d1->peer_no_refer) {
		/* it cannot take over a call (RFC 5589 7.7): it is left, and
		 * called anew by the caller's phone */
		struct call *d2 = r->d2;

		r->plain = true;
		r->d2 = NULL;
		d2->consult = NULL;
		refer_tell(r, r->info.state,
			   "The phone of %s cannot take the call over; "
			   "transferring without it",
			   r->name);
		call_hangup_saying(d2, "left, so that the caller can call it");
		refer_send(r);
		return;
	}
	refer_tell(r, r->info.state, "Transferring the caller to %s", r->name);
	if (r->no_hold || call_hold(r->d2, true, on_held2, r))
		send_consult(r);
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
void refer_go(void *arg)
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
	if (!r->no_hold &&
	    (r->d1->have == SDP_SENDRECV || r->d1->want == SDP_SENDRECV)) {
		refer_tell(r, REFER_IDLE, "Holding the caller");
		if (!call_hold(r->d1, true, on_held, r))
			return;
	}
	on_held(0, 0, "", r);
}

/* ---- the answer to the REFER ------------------------------------------- */

static bool send_later(struct refer_status *r, const struct sip_msg *msg)
{
	const uint32_t after = msg_retry_after(msg);
	uint32_t wait;

	if (msg->scode != 491 && !(msg->scode == 500 && after))
		return false;
	if (r->resends++ >= RESENDS_MAX)
		return false;
	wait = dlg_glare_ms(r->dlg);
	if (after && after <= 10 && wait < after * 1000)
		wait = after * 1000;
	tmr_cancel(&r->tmr_n);
	tmr_start(&r->tmr_go, wait, refer_go, r);
	refer_tell(r, r->info.state, "%s is busy signalling, retrying",
		   r->reverse ? r->name : "The caller's phone");
	return true;
}

/* Refused this way; is there another? */
static bool asks_otherwise(struct refer_status *r, unsigned code)
{
	if (r->out_of_dialog && (code == 420 || code == 481 || code == 403 ||
				 code == 404 || code == 405 || code == 501)) {
		r->refused_ood = true;
		refer_tell(r, r->info.state,
			   code == 420 ? "The caller's phone lacks tdialog, "
					 "trying without"
				       : "Retrying inside the call");
		refer_send(r);
		return true;
	}
	if (r->d2 && call_is_up(r->d2) && !r->reverse &&
	    !r->d2->peer_no_refer &&
	    (code == 405 || code == 501 || code == 420)) {
		send_reversed(r);
		return true;
	}
	return false;
}

static void rejected(struct refer_status *r, const struct sip_msg *msg,
		     const char *why)
{
	const unsigned code = msg->scode;
	char text[TEXT_MAX];

	text_cut(text, sizeof(text), r->info.text);
	if (send_later(r, msg) || asks_otherwise(r, code))
		return;
	if (code < 400)
		refer_finish(r, REFER_REJECTED, OUTCOME_REJECTED,
			     "Transfer request redirected (%u)", code);
	else if (code == 405 || code == 501)
		refer_finish(r, REFER_REJECTED, OUTCOME_REJECTED,
			     "%s cannot be transferred (%u)",
			     r->reverse ? "The target's phone, too,"
					: "The caller's phone",
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

/* 2xx: it was taken */
static void accepted(struct refer_status *r, const struct sip_msg *msg)
{
	const struct sip_hdr *hdr = msg_hdr(msg, "Refer-Sub", NULL);
	const bool silent =
		hdr && !pl_strcasecmp(&hdr->val, "false") && !r->notified;
	struct call *d1 = r->d1;
	const bool release = r->release && d1 && !d1->ended;

	r->accepted = true;
	if (r->out_of_dialog && !r->dlg->rtag)
		(void)dlg_learn(r->dlg, msg);
	refer_start_limit(r);
	refer_watch_link(r, msg);
	r->we_left |= release;
	if (!silent && r->info.sub == SUB_NONE)
		r->info.sub = SUB_WAIT;
	if (silent) {
		refer_finish(r, REFER_ACCEPTED, OUTCOME_NO_REPORTS,
			     "Accepted (no progress reports)");
	} else if (r->unsub_wanted && !r->notified) {
		refer_unwatch(r);
		refer_finish(r, REFER_ACCEPTED, OUTCOME_STOPPED,
			     "Accepted (not watched)");
	} else if (release) {
		refer_tell(r, REFER_ACCEPTED, "Handed over; watching result");
	} else if (r->notified) {
		refer_tell(r, REFER_ACCEPTED, NULL);
	} else {
		refer_tell(r, REFER_ACCEPTED, "Accepted, waiting for progress");
		refer_judge_soon(r);
	}
	if (release && r->d1)
		call_hangup_saying(r->d1, "handed over");
}

/* An answer to the REFER; its code and words stand in r->info */
static void answered(struct refer_status *r, const struct sip_msg *msg,
		     bool again, const char *why)
{
	if (again) {
		note_cseq(r);
		refer_tell(r, r->info.state, "Authenticating");
		return;
	}
	if (msg->scode < 200) {
		refer_tell(r, r->info.state, NULL);
		return;
	}
	r->info.refer_code = msg->scode;
	if (msg->scode < 300) {
		accepted(r, msg);
	} else if (r->notified) {
		log_info("refer",
			 "%u to the REFER after reports of it: they count",
			 msg->scode);
		refer_tell(r, r->info.state, NULL);
	} else {
		rejected(r, msg, why);
	}
}

static void on_refer_answer(int err, const struct sip_msg *msg, bool again,
			    const char *why, void *arg)
{
	struct refer_status *r = arg;
	const bool late = r->notified;
	const unsigned code = r->info.code;
	char text[TEXT_MAX];

	ASSERT_SIP();

	if (r->stage != STAGE_SENT)
		return;
	if (err) {
		if (late) {
			log_info("refer", "no answer to the REFER, but "
					  "reports of it: they count");
			return;
		}
		if (err == ETIMEDOUT)
			refer_finish(r, REFER_FAILED_TO_SEND, OUTCOME_NO_ANSWER,
				     "No answer to the transfer request");
		else
			refer_finish(r, REFER_FAILED_TO_SEND, OUTCOME_NOT_SENT,
				     "Network error: %s",
				     why ? why : strerror(err));
		return;
	}
	text_cut(text, sizeof(text), r->info.text);
	r->info.code = msg->scode;
	msg_reason(r->info.text, sizeof(r->info.text), msg);
	(void)mem_ref(r);
	answered(r, msg, again, why);
	if (late) {
		/* it has been told; what the reports said counts on */
		r->info.code = code;
		text_cut(r->info.text, sizeof(r->info.text), text);
	}
	mem_deref(r);
}

bool refer_try_other(struct refer_status *r, unsigned code)
{
	static const unsigned codes[] = {403, 404, 408, 480, 481, 604};
	size_t i;

	ASSERT_SIP();

	if (!r->d2 || r->tried_other || r->reverse)
		return false;
	if (!r->d1 || !call_is_up(r->d1) || !call_is_up(r->d2))
		return false;
	for (i = 0; i < COUNT_OF(codes) && codes[i] != code; i++)
		;
	if (i == COUNT_OF(codes))
		return false;
	/* the same place said twice would fail twice */
	if (uri_same(r->d2->dlg->target, call_address(r->d2)))
		return false;
	r->tried_other = true;
	r->use_contact = !r->use_contact;
	refer_tell(r, r->info.state, "Retrying via the %s of %s",
		   r->use_contact ? "contact" : "address", r->name);
	/* late news of the first try must not be taken for the second's */
	memcpy(r->oldv, r->idv, sizeof(r->oldv));
	r->oldc = r->idc;
	r->idc = 0;
	r->notified = false;
	r->accepted = false;
	r->info.sub = SUB_NONE;
	r->notify_cseq = 0;
	refer_send(r);
	return true;
}
