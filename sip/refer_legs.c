/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdio.h>

#include "sip/refer_priv.h"

/*
 * The calls under a referral: what their ends tell about it (transfer.md 5.3),
 * and what becomes of them when it is over.
 */

enum {
	TG_MS = 2000,
	D2_GRACE_MS = 2000,
	CONSULT_WAIT_MS = 30000,
};

/* ---- after the outcome ------------------------------------------------- */

static void on_d2_grace(void *arg)
{
	struct refer_status *r = arg;

	ASSERT_SIP();

	if (r->d2 && !r->d2->ended)
		call_hangup_saying(r->d2, "transferred");
}

void refer_let_go(struct refer_status *r)
{
	struct call *d1 = r->d1;

	ASSERT_SIP();

	if (r->d2 && call_is_up(r->d2))
		tmr_start(&r->tmr_g, D2_GRACE_MS, on_d2_grace, r);
	if (d1 && !d1->ended)
		call_hangup_saying(d1, "transferred");
}

bool refer_would_resume(const struct call *c)
{
	ASSERT_SIP();
	return c->e->return_on_fail && !c->e->stopping && call_is_up(c) &&
	       !call_other_talking(c);
}

static void resume(struct call *c)
{
	if (refer_would_resume(c) && c->want != SDP_SENDRECV)
		(void)call_hold(c, false, NULL, NULL);
}

/*
 * Nobody is pulled into a conversation: with another call talking the caller
 * stays on hold, and the user decides.
 */
void refer_take_back(struct refer_status *r, enum stage stage)
{
	struct call *back = r->d1;
	struct le *le;

	ASSERT_SIP();

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
	if (back)
		resume(back);
}

void refer_say_who_is_left(struct refer_status *r)
{
	char *const say = r->info.say;
	const size_t size = sizeof(r->info.say), n = strlen(say);
	const bool d1_up = r->d1 && call_is_up(r->d1);
	const bool d2_up = r->d2 && call_is_up(r->d2);

	ASSERT_SIP();

	if (d2_up)
		(void)snprintf(
			say + n, size - n, "; %s is on the line, %s", r->name,
			d1_up ? "the caller on hold" : "the caller has left");
	else
		(void)snprintf(say + n, size - n, "%s; %s",
			       refer_is_blind(r) ? "" : "; the target has left",
			       !d1_up ? "the caller has left"
			       : refer_would_resume(r->d1)
				       ? "the caller is back with you"
				       : "the caller is on hold");
}

/* ---- their ends -------------------------------------------------------- */

/* The caller is still here, and nobody tells what became of it */
static void caller_stayed(struct refer_status *r)
{
	struct call *d1 = r->d1;
	const bool d2_up = r->d2 && call_is_up(r->d2);

	refer_finish(r, r->info.state, OUTCOME_UNKNOWN,
		     d2_up ? "No result was reported; the caller and "
			     "%s are still with you"
			   : "%s has left without a result; the caller "
			     "is still here",
		     r->name);
	if (!d2_up && r->d1 == d1)
		resume(d1);
}

static void caller_left(struct refer_status *r)
{
	if (r->info.state >= REFER_TRYING)
		refer_finish(r, r->info.state, OUTCOME_UNKNOWN,
			     "The PBX took the call (last: %u %s)",
			     r->info.code, r->info.text);
	else
		refer_finish(r, r->info.state, OUTCOME_UNKNOWN,
			     "The caller hung up before the transfer was "
			     "reported");
}

static void on_grace(void *arg)
{
	struct refer_status *r = arg;

	ASSERT_SIP();

	if (!refer_live(r))
		return;
	if (r->d1 && call_is_up(r->d1)) {
		caller_stayed(r);
	} else if (refer_is_blind(r)) {
		caller_left(r);
	} else if (r->d2 && call_is_up(r->d2)) {
		/* a late 2xx may still come */
		refer_tell(r, r->info.state,
			   "The caller's call ended; %s is still on the line",
			   r->name);
		resume(r->d2);
		if (r->info.sub == SUB_CLOSED)
			refer_finish(r, r->info.state, OUTCOME_UNKNOWN,
				     "The caller left; no result was reported");
	} else if (r->we_left || r->we_left_target) {
		/* that we ended them tells nothing */
		refer_finish(r, r->info.state, OUTCOME_UNKNOWN,
			     "You left; no result was reported");
	} else {
		refer_finish(r, REFER_SUCCEEDED, OUTCOME_SUCCEEDED_INFERRED,
			     "Both calls ended: the caller is most "
			     "likely connected to %s",
			     r->name);
	}
}

void refer_wait_for_legs(struct refer_status *r)
{
	ASSERT_SIP();
	tmr_start(&r->tmr_g, CONSULT_WAIT_MS, on_grace, r);
}

void refer_judge_soon(struct refer_status *r)
{
	ASSERT_SIP();

	if (!refer_live(r) || r->d1 || r->we_left || r->release ||
	    tmr_isrunning(&r->tmr_g))
		return;
	tmr_start(&r->tmr_g, TG_MS, on_grace, r);
	refer_tell(r, r->info.state,
		   "The caller's call ended, checking result");
}

/* Before anything was sent: there is nobody to be transferred any more */
static void caller_left_early(struct refer_status *r, bool by_peer)
{
	struct call *d2 = r->d2;
	const bool drop = (r->armed || r->blind_next) && d2;

	if (r->stage < STAGE_CALLING && !r->info.consult &&
	    r->info.kind == KIND_BLIND) {
		refer_finish(r, REFER_IDLE, OUTCOME_NOT_SENT,
			     "Cannot transfer: the call has ended");
		return;
	}
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
}

static void d1_ended(struct refer_status *r, struct call *c, bool by_peer)
{
	call_hold_forget(c, r);
	r->d1 = NULL;
	list_unlink(&r->le_call);
	if (!refer_live(r))
		return;
	if (r->stage < STAGE_SENT) {
		caller_left_early(r, by_peer);
		return;
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
	tmr_cancel(&r->tmr_g);
	refer_judge_soon(r);
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
