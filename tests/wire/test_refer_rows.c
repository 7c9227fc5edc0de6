/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The tables of transfer.md 5.1 and 5.3, row by row, where no numbered case
 * asks for the row: what is told, in which words, and how often. */
#include <stdio.h>
#include <string.h>

#include "tests/wire/rig.h"

#define TRYING "SIP/2.0 100 Trying\r\n"
#define GIVEN_UP "Stopped watching; the transfer may still complete"

static const char *target(struct rig *r)
{
	return peer_uri(r->c, "target");
}

/* How many events of this transfer tell this */
static unsigned told(struct rig *r, uint32_t id, const char *words)
{
	unsigned n = 0;

	for (const struct rig_ev *v = rig_events(r); v; v = v->next) {
		const struct transfer_info *t = &v->ev.u.transfer;

		n += v->ev.type == EV_TRANSFER && t->id == id &&
		     strstr(t->say, words);
	}
	return n;
}

static void says(struct rig *r, uint32_t id, const char *words)
{
	const struct transfer_info *t = rig_transfer_now(r, id);

	if (!strstr(t->say, words))
		wire_fail("\"%s\" instead of \"%s\"", t->say, words);
}

/* A SUBSCRIBE with Expires 0, answered */
static void unsubscribed(struct rig *r, const char *event)
{
	const struct sipmsg *m = peer_expect(r->b, "SUBSCRIBE");

	wire_assert(!strcmp(sipmsg_hdr(m, "Expires"), "0"));
	wire_assert(!strcmp(sipmsg_hdr(m, "Event"), event));
	peer_reply(r->b, m, 200, "OK", "Expires: 0\r\n");
}

/* ---- TM before the first NOTIFY ---------------------------------------- */

/* The REFER was answered, then nothing for as long as it may last */
static uint32_t silent_for_too_long(struct rig *r, struct ref *ref)
{
	uint32_t call = rig_call_up(r, r->b, &r->lb);
	struct request req = {.type = REQ_TRANSFER, .id = call, .value = 10000};

	r->b->autos = AUTO_REINVITE;
	snprintf(req.u.text, sizeof(req.u.text), "%s", target(r));
	ref_take(&r->lb, ref, rig_do(r, &req));
	ref_reply(&r->lb, ref, 202, "Accepted", NULL);
	rig_pass(r, 11000);
	wire_assert(rig_outcome(r, ref->id, OUTCOME_TIMED_OUT)->sub ==
		    SUB_UNSUB);
	says(r, ref->id, "No result after 10 s; the caller is back with you");
	(void)rig_call_is(r, call, CALL_TALKING);
	peer_none(r->b, "SUBSCRIBE");
	return call;
}

static void tm_then_the_first_notify(struct rig *r)
{
	struct ref ref;
	uint32_t call = silent_for_too_long(r, &ref);

	ref_notify(&r->lb, &ref, 100, "Trying", ACTIVE);
	unsubscribed(r, ref.event);
	ref_notify(&r->lb, &ref, 180, "Ringing", ACTIVE); /* crossing */
	ref_notify(&r->lb, &ref, 0, "", "terminated;reason=timeout");
	rig_sync(r);
	peer_none(r->b, "SUBSCRIBE"); /* once */
	rig_call_alive(r, call);
}

static void tm_then_a_notify_without_id(struct rig *r)
{
	struct ref ref;
	uint32_t call = silent_for_too_long(r, &ref);

	leg_notify_ok(&r->lb, "refer", ACTIVE, TRYING);
	unsubscribed(r, "refer");
	leg_notify_ok(&r->lb, "refer", "terminated;reason=timeout", NULL);
	rig_call_alive(r, call);
}

/* Nothing to give up where it ends with its first word */
static void tm_then_a_terminated_notify(struct rig *r)
{
	struct ref ref;
	uint32_t call = silent_for_too_long(r, &ref);

	ref_notify(&r->lb, &ref, 200, "OK", TERMINATED);
	rig_sync(r);
	peer_none(r->b, "SUBSCRIBE");
	rig_call_alive(r, call);
}

/* Not while another without id could be taken for it (would hit that one) */
static void tm_and_a_second_transfer(struct rig *r)
{
	struct ref one, two;
	uint32_t call = silent_for_too_long(r, &one);

	rig_refer_202(r, call, &r->lb, target(r), &two);
	leg_notify_ok(&r->lb, "refer", ACTIVE, TRYING);
	(void)rig_transfer(r, two.id, REFER_TRYING, SUB_ACTIVE, ANY, 100);
	rig_sync(r);
	peer_none(r->b, "SUBSCRIBE");
	leg_notify_ok(&r->lb, "refer", TERMINATED, "SIP/2.0 200 OK\r\n");
	rig_goes_well(r, call, &two);
}

/* The caller has left: he is not back */
static void tm_without_the_caller(struct rig *r)
{
	uint32_t call = rig_call_up(r, r->b, &r->lb);
	struct ref ref;

	rig_option(r, EOPT_TRANSFER_TIMEOUT, 60, "");
	r->b->autos = AUTO_REINVITE;
	rig_refer_202(r, call, &r->lb, target(r), &ref);
	ref_notify(&r->lb, &ref, 180, "Ringing", ACTIVE);
	rig_req(r, REQ_HANGUP, call, NULL);
	leg_expect_bye(&r->lb, 200);
	rig_pass(r, 61000);
	(void)rig_outcome(r, ref.id, OUTCOME_TIMED_OUT);
	says(r, ref.id, "No result after 60 s; the caller has left");
	unsubscribed(r, ref.event);
}

/* ---- the caller leaves before the REFER is taken ------------------------ */

static void caller_left(struct rig *r, bool notify, const char *words)
{
	uint32_t call = rig_call_up(r, r->b, &r->lb);
	struct ref ref;

	rig_refer(r, call, &r->lb, target(r), &ref);
	leg_bye(&r->lb);
	(void)rig_call_is(r, call, CALL_ENDED);
	rig_pass(r, 5000);
	wire_assert(!rig_has_outcome(r, ref.id));
	says(r, ref.id, "transfer request pending");
	if (notify)
		ref_notify(&r->lb, &ref, 100, "Trying", ACTIVE);
	else
		ref_reply(&r->lb, &ref, 202, "Accepted", NULL);
	rig_pass(r, 1500);
	wire_assert(!rig_has_outcome(r, ref.id));
	rig_pass(r, 1000);
	(void)rig_outcome(r, ref.id, OUTCOME_UNKNOWN);
	says(r, ref.id, words);
	if (notify) /* its time is over at once: do not wait for TF */
		ref_reply(&r->lb, &ref, 202, "Accepted", NULL);
}

static void caller_left_then_202(struct rig *r)
{
	caller_left(r, false, "The caller hung up before");
}

static void caller_left_then_notify(struct rig *r)
{
	caller_left(r, true, "The PBX took the call (last: 100 Trying)");
}

/* He would have been let go anyway: his end tells nothing */
static void caller_left_who_was_let_go(struct rig *r)
{
	uint32_t call = rig_call_up(r, r->b, &r->lb);
	struct request req = {
		.type = REQ_TRANSFER, .id = call, .flags = TRANSFER_RELEASE};
	struct ref ref;

	r->b->autos = AUTO_REINVITE;
	snprintf(req.u.text, sizeof(req.u.text), "%s", target(r));
	ref_take(&r->lb, &ref, rig_do(r, &req));
	leg_bye(&r->lb);
	(void)rig_call_is(r, call, CALL_ENDED);
	ref_reply(&r->lb, &ref, 202, "Accepted", NULL);
	rig_pass(r, 10000);
	wire_assert(!rig_has_outcome(r, ref.id));
	ref_notify(&r->lb, &ref, 200, "OK", TERMINATED);
	(void)rig_outcome(r, ref.id, OUTCOME_SUCCEEDED);
}

/* ... and by our own hand: it is watched to its end */
static void we_left_then_202(struct rig *r)
{
	uint32_t call = rig_call_up(r, r->b, &r->lb);
	struct ref ref;

	rig_refer(r, call, &r->lb, target(r), &ref);
	rig_req(r, REQ_HANGUP, call, NULL);
	leg_expect_bye(&r->lb, 200);
	ref_reply(&r->lb, &ref, 202, "Accepted", NULL);
	rig_pass(r, 10000);
	wire_assert(!rig_has_outcome(r, ref.id));
	ref_notify(&r->lb, &ref, 200, "OK", TERMINATED);
	(void)rig_outcome(r, ref.id, OUTCOME_SUCCEEDED);
}

/* ---- the link ----------------------------------------------------------- */

static void link_lost(struct rig *r)
{
	uint32_t call = rig_call_up(r, r->b, &r->lb);
	struct ref ref;

	rig_refer_202(r, call, &r->lb, target(r), &ref);
	for (unsigned i = 1; i <= 2; i++) {
		ref_notify(&r->lb, &ref, 180, "Ringing", ACTIVE);
		(void)rig_transfer(r, ref.id, REFER_ALERTED, ANY, ANY, 180);
		peer_reset(r->b);
		rig_sync(r);
		(void)rig_transfer(r, ref.id, REFER_ALERTED, SUB_ACTIVE,
				   OUTCOME_NONE, ANY);
		wire_assert(told(r, ref.id, "Link lost") == i);
		/* the next report comes by a new one */
		r->lb.conn = peer_connect(r->b);
	}
	ref_notify(&r->lb, &ref, 200, "OK", TERMINATED);
	rig_goes_well(r, call, &ref);
	peer_reset(r->b);
	rig_sync(r);
	wire_assert(told(r, ref.id, "Link lost") == 2);
}

/* ---- the order of states ------------------------------------------------- */

static void accepted_before_trying(struct rig *r)
{
	static const enum refer_state way[] = {
		REFER_IDLE,   REFER_REQUESTED, REFER_ACCEPTED,
		REFER_TRYING, REFER_SUCCEEDED,
	};
	uint32_t call = rig_call_up(r, r->b, &r->lb);
	struct ref ref;
	size_t i = 0;

	rig_refer(r, call, &r->lb, target(r), &ref);
	ref_notify(&r->lb, &ref, 100, "Trying", ACTIVE);
	ref_reply(&r->lb, &ref, 202, "Accepted", NULL);
	ref_notify(&r->lb, &ref, 200, "OK", TERMINATED);
	rig_goes_well(r, call, &ref);
	for (const struct rig_ev *v = rig_events(r); v; v = v->next) {
		const enum refer_state state = v->ev.u.transfer.state;

		if (v->ev.type != EV_TRANSFER || state == way[i])
			continue;
		if (state != way[++i])
			wire_fail("%s instead of %s", refer_state_name(state),
				  refer_state_name(way[i]));
	}
	wire_assert(i == sizeof(way) / sizeof(way[0]) - 1);
}

/* ---- TerminateSubscription ------------------------------------------------
 */

static void unwatched_while_it_rings(struct rig *r)
{
	uint32_t call = rig_call_up(r, r->b, &r->lb);
	struct ref ref;

	r->b->autos = AUTO_REINVITE;
	rig_refer_202(r, call, &r->lb, target(r), &ref);
	ref_notify(&r->lb, &ref, 180, "Ringing", ACTIVE);
	rig_req(r, REQ_UNWATCH, call, NULL);
	unsubscribed(r, ref.event);
	wire_assert(!rig_has_outcome(r, ref.id));
	ref_notify(&r->lb, &ref, 0, "", "terminated;reason=timeout");
	wire_assert(rig_outcome(r, ref.id, OUTCOME_STOPPED)->state ==
		    REFER_ALERTED);
	wire_assert(told(r, ref.id, GIVEN_UP) == 1);
	wire_assert(rig_call_now(r, call)->state == CALL_HELD);
	rig_call_alive(r, call);
}

/* Nothing has come, so nothing need be waited for */
static void unwatched_while_silent(struct rig *r)
{
	uint32_t call = rig_call_up(r, r->b, &r->lb);
	const struct transfer_info *t;
	struct ref ref;

	r->b->autos = AUTO_REINVITE;
	rig_refer_202(r, call, &r->lb, target(r), &ref);
	rig_req(r, REQ_UNWATCH, call, NULL);
	rig_sync(r);
	t = rig_outcome(r, ref.id, OUTCOME_STOPPED);
	wire_assert(t->state == REFER_ACCEPTED && t->sub == SUB_UNSUB);
	wire_assert(told(r, ref.id, GIVEN_UP) == 1);
	wire_assert(rig_call_now(r, call)->state == CALL_HELD);
	rig_pass(r, 33000);
	peer_none(r->b, "SUBSCRIBE");
	rig_call_alive(r, call);
}

static void unwatched_before_the_answer(struct rig *r, unsigned code)
{
	uint32_t call = rig_call_up(r, r->b, &r->lb);
	struct ref ref;

	r->b->autos = AUTO_REINVITE;
	rig_refer(r, call, &r->lb, target(r), &ref);
	rig_req(r, REQ_UNWATCH, call, NULL);
	rig_sync(r);
	wire_assert(!rig_has_outcome(r, ref.id));
	ref_reply(&r->lb, &ref, code, "Reason", NULL);
	rig_sync(r);
	(void)rig_outcome(r, ref.id,
			  code == 202 ? OUTCOME_STOPPED : OUTCOME_REJECTED);
	wire_assert(told(r, ref.id, GIVEN_UP) == 1);
	rig_call_alive(r, call);
}

static void unwatched_then_202(struct rig *r)
{
	unwatched_before_the_answer(r, 202);
}

static void unwatched_then_603(struct rig *r)
{
	unwatched_before_the_answer(r, 603);
}

static void taken_back_while_silent(struct rig *r)
{
	uint32_t call = rig_call_up(r, r->b, &r->lb);
	struct ref ref;

	r->b->autos = AUTO_REINVITE;
	rig_refer_202(r, call, &r->lb, target(r), &ref);
	rig_req(r, REQ_TAKEBACK, call, NULL);
	(void)rig_call_is(r, call, CALL_TALKING);
	(void)rig_outcome(r, ref.id, OUTCOME_STOPPED);
	wire_assert(told(r, ref.id, "stopped watching") == 1);
	ref_notify(&r->lb, &ref, 100, "Trying", ACTIVE);
	unsubscribed(r, ref.event);
	ref_notify(&r->lb, &ref, 0, "", "terminated;reason=timeout");
	rig_call_alive(r, call);
}

/* ---- ids too long for a header of ours ------------------------------------
 */

static void long_call_id(struct rig *r)
{
	uint32_t call, n;
	struct ref ref;

	leg_to(&r->lb, r->b, rig_uri(r, "cordpair", "udp:"));
	memset(r->lb.callid, 'x', 990);
	r->lb.callid[990] = '\0';
	snprintf(r->lb.contact, sizeof(r->lb.contact), "<%s;gr>",
		 peer_uri(r->b, "b"));
	snprintf(r->lb.extra, sizeof(r->lb.extra),
		 "Allow: INVITE, ACK, BYE, REFER, NOTIFY\r\n"
		 "Supported: replaces, tdialog\r\n");
	n = leg_invite(&r->lb, NULL, "sendrecv");
	call = rig_incoming(r)->id;
	rig_req(r, REQ_ANSWER, call, NULL);
	leg_learn(&r->lb, peer_expect_answer(r->b, "INVITE", n, 200));
	leg_ack(&r->lb);
	(void)rig_call_is(r, call, CALL_TALKING);
	rig_refer(r, call, &r->lb, target(r), &ref);
	wire_assert(!strcmp(ref.m->callid, r->lb.callid));
	wire_assert(!sipmsg_hdr(ref.m, "Target-Dialog"));
	wire_assert(!sipmsg_hdr(ref.m, "Require"));
	ref_reply(&r->lb, &ref, 202, "Accepted", NULL);
	ref_notify(&r->lb, &ref, 200, "OK", TERMINATED);
	rig_goes_well(r, call, &ref);
}

/* ---- words -----------------------------------------------------------------
 */

static void why_not(struct rig *r)
{
	static const char *const bad[] = {"", "sip:", "http://x/"};
	uint32_t call = rig_call_up(r, r->b, &r->lb);

	for (unsigned i = 0; i < 3; i++) {
		struct request req = {.type = REQ_TRANSFER, .id = call};
		const struct reply_info *y;

		snprintf(req.u.text, sizeof(req.u.text), "%s", bad[i]);
		y = rig_reply(r, rig_post(r, &req));
		if (strncmp(y->error, "Cannot transfer: ", 17))
			wire_fail("\"%s\": \"%s\"", bad[i], y->error);
	}
	rig_call_alive(r, call);
}

/* probation or giveup while it was tried: when to try again, caller back */
static void try_again_later(struct rig *r)
{
	uint32_t call = rig_call_up(r, r->b, &r->lb);
	struct ref ref;

	r->b->autos = AUTO_REINVITE;
	rig_refer_202(r, call, &r->lb, target(r), &ref);
	ref_notify(&r->lb, &ref, 180, "Ringing",
		   "terminated;reason=probation;retry-after=30");
	(void)rig_call_is(r, call, CALL_TALKING);
	(void)rig_outcome(r, ref.id, OUTCOME_UNKNOWN);
	says(r, ref.id, "last: 180 Ringing; try again in 30 s");
	rig_call_alive(r, call);
}

/* clang-format off */
static const struct wcase cases[] = {
	{"TM before the first NOTIFY, which then comes", tm_then_the_first_notify, 0},
	{"TM before the first NOTIFY, which has no id", tm_then_a_notify_without_id, 0},
	{"TM before the first NOTIFY, which is the last", tm_then_a_terminated_notify, 0},
	{"TM before the first NOTIFY, and another transfer", tm_and_a_second_transfer, 0},
	{"TM when the caller has left", tm_without_the_caller, 0},
	{"the caller leaves, then the 202", caller_left_then_202, 0},
	{"the caller leaves, then the first NOTIFY", caller_left_then_notify, 0},
	{"the caller leaves, who was to be let go", caller_left_who_was_let_go, 0},
	{"we leave, then the 202", we_left_then_202, 0},
	{"link lost", link_lost, RIG_TCP},
	{"a NOTIFY before the 2xx: accepted, then trying", accepted_before_trying, 0},
	{"unwatched while it rings: told once", unwatched_while_it_rings, 0},
	{"unwatched while silent: over at once", unwatched_while_silent, 0},
	{"unwatched before the 202", unwatched_then_202, 0},
	{"unwatched before the 603", unwatched_then_603, 0},
	{"taken back while silent", taken_back_while_silent, 0},
	{"a Call-ID too long for Target-Dialog: inside the call", long_call_id, 0},
	{"Cannot transfer: and why", why_not, 0},
	{"retry-after with the last 18x", try_again_later, 0},
};
/* clang-format on */

WIRE_MAIN("refer_rows", cases)
