/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What may happen to a blind transfer on its way: E18-E35, E43-E45, E47, E50
 * (E17 is in test_refer_auth.c, E46 in test_quit.c, E48-E49 in
 * test_hostile.c). */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "tests/wire/dns.h"
#include "tests/wire/rig.h"

#define TRYING "SIP/2.0 100 Trying\r\n"
#define RINGING "SIP/2.0 180 Ringing\r\n"
#define BUSY "SIP/2.0 486 Busy Here\r\n"
#define OK "SIP/2.0 200 OK\r\n"

static const char *target(struct rig *r)
{
	return peer_uri(r->c, "target");
}

/* Fail it, and wait until the caller talks to us again */
static void fails_and_comes_back(struct rig *r, uint32_t call,
				 const struct ref *ref)
{
	ref_notify(&r->lb, ref, 486, "Busy Here", TERMINATED);
	(void)rig_outcome(r, ref->id, OUTCOME_FAILED);
	(void)rig_call_is(r, call, CALL_TALKING);
}

/* ---- E18: glare -------------------------------------------------------- */

static void e18(struct rig *r)
{
	uint32_t call = rig_call_up(r, r->b, &r->lb);
	struct ref ref;
	uint32_t first;

	rig_refer(r, call, &r->lb, target(r), &ref);
	first = ref.m->cseq;
	for (unsigned i = 0; i < 2; i++) {
		ref_reply(&r->lb, &ref, 491, "Request Pending", NULL);
		rig_pass(r, 2000); /* 2.1 to 4 s: the Call-ID is ours */
		peer_none(r->b, "REFER");
		rig_pass(r, 2100);
		ref_take(&r->lb, &ref, ref.id);
	}
	wire_assert(ref.m->cseq > first);
	wire_assert(rig_transfer_now(r, ref.id)->state == REFER_REQUESTED);
	ref_reply(&r->lb, &ref, 202, "Accepted", NULL);
	ref_notify(&r->lb, &ref, 200, "OK", TERMINATED);
	rig_goes_well(r, call, &ref);
}

static void e18_for_ever(struct rig *r)
{
	uint32_t call = rig_call_up(r, r->b, &r->lb);
	const struct transfer_info *t;
	struct ref ref;

	r->b->autos = AUTO_REINVITE;
	rig_refer(r, call, &r->lb, target(r), &ref);
	for (unsigned i = 0; i < 3; i++) {
		ref_reply(&r->lb, &ref, 491, "Request Pending", NULL);
		rig_pass(r, 4100);
		ref_take(&r->lb, &ref, ref.id);
	}
	ref_reply(&r->lb, &ref, 491, "Request Pending", NULL);
	t = rig_outcome(r, ref.id, OUTCOME_REJECTED);
	wire_assert(t->refer_code == 491);
	rig_pass(r, 10000);
	peer_none(r->b, "REFER");
	rig_call_alive(r, call);
}

/* The peer called: the Call-ID is its, so we wait 0 to 2 s */
static void e18_their_call(struct rig *r)
{
	uint32_t call = rig_call_in(r, r->b, &r->lb, NULL);
	struct ref ref;

	rig_refer(r, call, &r->lb, target(r), &ref);
	ref_reply(&r->lb, &ref, 491, "Request Pending", NULL);
	rig_pass(r, 2100);
	ref_take(&r->lb, &ref, ref.id);
	ref_reply(&r->lb, &ref, 202, "Accepted", NULL);
	ref_notify(&r->lb, &ref, 200, "OK", TERMINATED);
	rig_goes_well(r, call, &ref);
}

static void e18_500_retry_after(struct rig *r)
{
	uint32_t call = rig_call_up(r, r->b, &r->lb);
	struct ref ref;

	rig_refer(r, call, &r->lb, target(r), &ref);
	ref_reply(&r->lb, &ref, 500, "Busy", "Retry-After: 3\r\n");
	rig_pass(r, 4100);
	ref_take(&r->lb, &ref, ref.id);
	ref_reply(&r->lb, &ref, 202, "Accepted", NULL);
	ref_notify(&r->lb, &ref, 200, "OK", TERMINATED);
	rig_goes_well(r, call, &ref);
}

/* ---- E19-E21: more than one REFER in a dialog --------------------------- */

static void e19(struct rig *r)
{
	uint32_t call = rig_call_up(r, r->b, &r->lb);
	struct ref one, two;

	rig_refer_202(r, call, &r->lb, target(r), &one);
	r->b->autos = AUTO_REINVITE;
	two.id = rig_req(r, REQ_TRANSFER, call, peer_uri(r->d, "other"));
	rig_sync(r);
	peer_none(r->b, "REFER"); /* it waits, as UCMA's does */
	wire_assert(two.id != one.id);
	wire_assert(rig_transfer_now(r, two.id)->state == REFER_IDLE);

	ref_notify(&r->lb, &one, 100, "Trying", ACTIVE); /* with id */
	ref_take(&r->lb, &two, two.id);
	ref_reply(&r->lb, &two, 202, "Accepted", NULL);
	wire_assert(two.m->cseq > one.m->cseq);
	ref_notify(&r->lb, &two, 180, "Ringing", ACTIVE);
	(void)rig_transfer(r, two.id, REFER_ALERTED, ANY, OUTCOME_NONE, 180);
	wire_assert(rig_transfer_now(r, one.id)->state == REFER_TRYING);
	ref_notify(&r->lb, &one, 486, "Busy Here", TERMINATED);
	(void)rig_outcome(r, one.id, OUTCOME_FAILED);
	wire_assert(rig_transfer_now(r, two.id)->state == REFER_ALERTED);
	ref_notify(&r->lb, &two, 200, "OK", TERMINATED);
	rig_goes_well(r, call, &two);
}

static void e20(struct rig *r)
{
	uint32_t call = rig_call_up(r, r->b, &r->lb);
	struct ref one, two;

	rig_refer_202(r, call, &r->lb, target(r), &one);
	r->b->autos = AUTO_REINVITE;
	two.id = rig_req(r, REQ_TRANSFER, call, peer_uri(r->d, "other"));
	leg_notify_ok(&r->lb, "refer", ACTIVE, TRYING);
	(void)rig_transfer(r, one.id, REFER_TRYING, ANY, ANY, 100);
	rig_sync(r);
	peer_none(r->b, "REFER"); /* no id: one after the other */
	leg_notify_ok(&r->lb, "refer", TERMINATED, BUSY);
	(void)rig_outcome(r, one.id, OUTCOME_FAILED);
	ref_take(&r->lb, &two, two.id);
	ref_reply(&r->lb, &two, 202, "Accepted", NULL);
	leg_notify_ok(&r->lb, "refer", ACTIVE, RINGING);
	(void)rig_transfer(r, two.id, REFER_ALERTED, ANY, OUTCOME_NONE, 180);
	leg_notify_ok(&r->lb, "refer", TERMINATED, OK);
	rig_goes_well(r, call, &two);
}

static void e20_id_then_none(struct rig *r)
{
	uint32_t call = rig_call_up(r, r->b, &r->lb);
	struct ref ref;

	rig_refer_202(r, call, &r->lb, target(r), &ref);
	leg_notify_ok(&r->lb, ref.event, ACTIVE, TRYING);
	leg_notify_ok(&r->lb, "refer", ACTIVE, RINGING);
	(void)rig_transfer(r, ref.id, REFER_ALERTED, SUB_ACTIVE, OUTCOME_NONE,
			   180);
	leg_notify_ok(&r->lb, "refer", TERMINATED, OK);
	rig_goes_well(r, call, &ref);
}

static void e20_none_then_id(struct rig *r)
{
	uint32_t call = rig_call_up(r, r->b, &r->lb);
	struct ref ref;

	rig_refer_202(r, call, &r->lb, target(r), &ref);
	leg_notify_ok(&r->lb, "refer", ACTIVE, TRYING);
	leg_notify_ok(&r->lb, ref.event, ACTIVE, RINGING);
	(void)rig_transfer(r, ref.id, REFER_ALERTED, SUB_ACTIVE, OUTCOME_NONE,
			   180);
	leg_notify_ok(&r->lb, ref.event, TERMINATED, OK);
	rig_goes_well(r, call, &ref);
}

static void e21(struct rig *r)
{
	uint32_t call = rig_call_up(r, r->b, &r->lb);
	struct ref one, two;

	r->b->autos = AUTO_REINVITE;
	rig_refer_202(r, call, &r->lb, target(r), &one);
	fails_and_comes_back(r, call, &one);

	two.id = rig_req(r, REQ_TRANSFER, call, target(r));
	ref_take(&r->lb, &two, two.id);
	ref_reply(&r->lb, &two, 202, "Accepted", NULL);
	wire_assert(two.id > one.id);
	wire_assert(two.m->cseq > one.m->cseq);
	/* without an id: the first is over, so it is the second's */
	leg_notify_ok(&r->lb, "refer", ACTIVE, TRYING);
	(void)rig_transfer(r, two.id, REFER_TRYING, SUB_ACTIVE, OUTCOME_NONE,
			   100);
	/* late news of the first is answered and does no harm */
	leg_notify_ok(&r->lb, one.event, TERMINATED, BUSY);
	rig_sync(r);
	wire_assert(rig_transfer_now(r, two.id)->state == REFER_TRYING);
	ref_notify(&r->lb, &two, 200, "OK", TERMINATED);
	rig_goes_well(r, call, &two);
}

/* ---- E22-E26: NOTIFYs out of order, twice, of all kinds ------------------ */

/* Send a NOTIFY with this CSeq */
static void notify_at(struct leg *d, uint32_t cseq, const char *event,
		      const char *substate, const char *body)
{
	uint32_t last = d->lcseq;

	d->lcseq = cseq - 1;
	(void)leg_notify(d, event, substate, body);
	d->lcseq = last > cseq ? last : cseq;
	(void)peer_expect_answer(d->p, "NOTIFY", cseq, 200);
}

static void e22_late_180(struct rig *r)
{
	uint32_t call = rig_call_up(r, r->b, &r->lb);
	const struct transfer_info *t;
	struct ref ref;
	uint32_t n;

	rig_refer_202(r, call, &r->lb, target(r), &ref);
	n = r->lb.lcseq;
	notify_at(&r->lb, n + 2, ref.event, TERMINATED, OK);
	leg_expect_bye(&r->lb, 200);
	t = rig_outcome(r, ref.id, OUTCOME_SUCCEEDED);
	notify_at(&r->lb, n + 1, ref.event, ACTIVE, RINGING);
	rig_sync(r);
	wire_assert(t == rig_transfer_now(r, ref.id));
	(void)rig_call_is(r, call, CALL_ENDED);
}

static void e22_late_final(struct rig *r)
{
	uint32_t call = rig_call_up(r, r->b, &r->lb);
	struct ref ref;
	uint32_t n;

	rig_refer_202(r, call, &r->lb, target(r), &ref);
	n = r->lb.lcseq;
	notify_at(&r->lb, n + 2, ref.event, ACTIVE, RINGING);
	(void)rig_transfer(r, ref.id, REFER_ALERTED, ANY, OUTCOME_NONE, 180);
	notify_at(&r->lb, n + 1, ref.event, TERMINATED, OK);
	(void)rig_transfer(r, ref.id, REFER_SUCCEEDED, ANY, ANY, 200);
	rig_goes_well(r, call, &ref);
}

static void e22_late_100(struct rig *r)
{
	uint32_t call = rig_call_up(r, r->b, &r->lb);
	struct ref ref;
	uint32_t n;

	rig_refer_202(r, call, &r->lb, target(r), &ref);
	n = r->lb.lcseq;
	notify_at(&r->lb, n + 2, ref.event, ACTIVE, RINGING);
	notify_at(&r->lb, n + 1, ref.event, ACTIVE, TRYING);
	rig_sync(r);
	wire_assert(rig_transfer_now(r, ref.id)->state == REFER_ALERTED);
	ref_notify(&r->lb, &ref, 200, "OK", TERMINATED);
	rig_goes_well(r, call, &ref);
}

static void e23(struct rig *r)
{
	uint32_t call = rig_call_up(r, r->b, &r->lb);
	struct ref ref;
	unsigned before;

	rig_refer_202(r, call, &r->lb, target(r), &ref);
	r->b->keep_dups = true;
	for (unsigned i = 0; i < 4; i++) {
		/* the very same message, branch and all */
		snprintf(r->lb.next_branch, sizeof(r->lb.next_branch),
			 "z9hG4bKagain");
		if (i)
			--r->lb.lcseq;
		ref_notify(&r->lb, &ref, 180, "Ringing", ACTIVE);
		if (!i) {
			(void)rig_transfer(r, ref.id, REFER_ALERTED, ANY, ANY,
					   180);
			before = rig_transfer_count(r, ref.id);
		}
	}
	rig_sync(r);
	wire_assert(rig_transfer_count(r, ref.id) == before);
	r->b->keep_dups = false;
	ref_notify(&r->lb, &ref, 200, "OK", TERMINATED);
	rig_goes_well(r, call, &ref);
}

static void e23_same_cseq_new_branch(struct rig *r)
{
	uint32_t call = rig_call_up(r, r->b, &r->lb);
	struct ref ref;
	unsigned before;

	rig_refer_202(r, call, &r->lb, target(r), &ref);
	ref_notify(&r->lb, &ref, 180, "Ringing", ACTIVE);
	(void)rig_transfer(r, ref.id, REFER_ALERTED, ANY, ANY, 180);
	before = rig_transfer_count(r, ref.id);
	--r->lb.lcseq;
	ref_notify(&r->lb, &ref, 180, "Ringing", ACTIVE);
	rig_sync(r);
	wire_assert(rig_transfer_count(r, ref.id) == before);
	ref_notify(&r->lb, &ref, 200, "OK", TERMINATED);
	rig_goes_well(r, call, &ref);
}

struct step {
	unsigned code;
	const char *reason;
	const char *sub;
	enum refer_state state;
};

/* Each NOTIFY makes one event with its code and leads to its state */
static void steps(struct rig *r, const struct step *v, size_t n)
{
	uint32_t call = rig_call_up(r, r->b, &r->lb);
	enum outcome last = OUTCOME_FAILED;
	struct ref ref;

	r->b->autos = AUTO_REINVITE;
	rig_refer_202(r, call, &r->lb, target(r), &ref);
	for (size_t i = 0; i < n; i++) {
		const struct transfer_info *t;

		ref_notify(&r->lb, &ref, v[i].code, v[i].reason, v[i].sub);
		t = rig_transfer(r, ref.id, ANY, ANY, ANY, (int)v[i].code);
		if (t->state != v[i].state)
			wire_fail("%u leads to %s", v[i].code,
				  refer_state_name(t->state));
		wire_assert(!strcmp(t->text, v[i].reason));
	}
	if (v[n - 1].state == REFER_REDIRECTED)
		last = OUTCOME_REDIRECTED;
	(void)rig_outcome(r, ref.id, last);
	(void)rig_call_is(r, call, CALL_TALKING);
	rig_call_alive(r, call);
}

static void e24(struct rig *r)
{
	static const struct step v[] = {
		{180, "Ringing", ACTIVE, REFER_ALERTED},
		{183, "Session Progress", ACTIVE, REFER_ALERTED},
		{180, "Ringing", ACTIVE, REFER_ALERTED},
		{181, "Call Is Being Forwarded", ACTIVE, REFER_ALERTED},
		{486, "Busy Here", TERMINATED, REFER_FAILED},
	};

	steps(r, v, 5);
}

static void e24_from_below(struct rig *r)
{
	static const struct step v[] = {
		{100, "Trying", ACTIVE, REFER_TRYING},
		{181, "Call Is Being Forwarded", ACTIVE, REFER_TRYING},
		{182, "Queued", ACTIVE, REFER_TRYING},
		{183, "Session Progress", ACTIVE, REFER_TRYING},
		{180, "Ringing", ACTIVE, REFER_ALERTED},
		{100, "Trying", ACTIVE, REFER_ALERTED},
		{603, "Decline", TERMINATED, REFER_FAILED},
	};

	steps(r, v, 7);
}

static void e25(struct rig *r)
{
	static const struct step v[] = {
		{100, "Trying", ACTIVE, REFER_TRYING},
		{199, "Early Dialog Terminated", ACTIVE, REFER_TRYING},
		{180, "Ringing", ACTIVE, REFER_ALERTED},
		{199, "Early Dialog Terminated", ACTIVE, REFER_ALERTED},
		{480, "Temporarily Unavailable", TERMINATED, REFER_FAILED},
	};

	steps(r, v, 5);
}

static void e26(struct rig *r)
{
	static const struct step v[] = {
		{100, "Trying", ACTIVE, REFER_TRYING},
		{302, "Moved Temporarily", TERMINATED, REFER_REDIRECTED},
	};

	steps(r, v, 2);
	peer_none(r->c, "INVITE");
}

/* Every answer of the target has words of its own, with the code */
static void every_answer_in_words(struct rig *r)
{
	static const unsigned codes[] = {400, 401, 403, 404, 408, 410, 420, 480,
					 481, 484, 486, 487, 488, 491, 500, 503,
					 600, 603, 604, 606, 607, 699};
	uint32_t call = rig_call_up(r, r->b, &r->lb);
	struct ref ref;

	r->b->autos = AUTO_REINVITE;
	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
		const struct transfer_info *t;
		char num[8];

		rig_refer_202(r, call, &r->lb, target(r), &ref);
		ref_notify(&r->lb, &ref, codes[i], "Reason", TERMINATED);
		t = rig_outcome(r, ref.id, OUTCOME_FAILED);
		wire_assert(t->code == codes[i]);
		wire_assert(!strcmp(t->text, "Reason"));
		snprintf(num, sizeof(num), "%u", codes[i]);
		if (!strstr(t->say, num))
			wire_fail("%u is not in \"%s\"", codes[i], t->say);
		(void)rig_call_is(r, call, CALL_TALKING);
	}
	rig_call_alive(r, call);
}

/* ---- E27, E28: the subscription ------------------------------------------ */

static void e27_zero_storm(struct rig *r)
{
	uint32_t call = rig_call_up(r, r->b, &r->lb);
	struct ref ref;

	r->b->autos = AUTO_REINVITE;
	rig_refer_202(r, call, &r->lb, target(r), &ref);
	for (unsigned i = 0; i < 100; i++)
		ref_notify(&r->lb, &ref, 180, "Ringing", "active;expires=0");
	rig_pass(r, 29000);
	wire_assert(peer_count(r->b, "SUBSCRIBE") == 0);
	wire_assert(!rig_has_outcome(r, ref.id));
	rig_pass(r, 10000); /* clamped to 30 s, and 5 more */
	(void)rig_outcome(r, ref.id, OUTCOME_UNKNOWN);
	rig_pass(r, 60000);
	wire_assert(peer_count(r->b, "SUBSCRIBE") == 0);
	rig_call_alive(r, call);
}

static void e27_one(struct rig *r)
{
	uint32_t call = rig_call_up(r, r->b, &r->lb);
	struct ref ref;

	r->b->autos = AUTO_REINVITE;
	rig_refer_202(r, call, &r->lb, target(r), &ref);
	ref_notify(&r->lb, &ref, 180, "Ringing", "active;expires=1");
	rig_pass(r, 40000);
	(void)rig_outcome(r, ref.id, OUTCOME_UNKNOWN);
	wire_assert(peer_count(r->b, "SUBSCRIBE") == 0);
	rig_call_alive(r, call);
}

/* Ringing and a decent time: asked once more; a refusal ends it */
static void e27_refresh_refused(struct rig *r)
{
	uint32_t call = rig_call_up(r, r->b, &r->lb);
	const struct sipmsg *m;
	struct ref ref;

	r->b->autos = AUTO_REINVITE;
	rig_refer_202(r, call, &r->lb, target(r), &ref);
	ref_notify(&r->lb, &ref, 180, "Ringing", "active;expires=60");
	rig_pass(r, 66000);
	m = peer_expect(r->b, "SUBSCRIBE");
	wire_assert(atoi(sipmsg_hdr(m, "Expires")) > 0);
	wire_assert(!strcasecmp(sipmsg_hdr(m, "Event"), ref.event));
	peer_reply(r->b, m, 481, "Subscription Does Not Exist", NULL);
	(void)rig_outcome(r, ref.id, OUTCOME_UNKNOWN);
	rig_pass(r, 60000);
	peer_none(r->b, "SUBSCRIBE");
	rig_call_alive(r, call);
}

static void e27_refresh_granted(struct rig *r)
{
	uint32_t call = rig_call_up(r, r->b, &r->lb);
	const struct sipmsg *m;
	struct ref ref;

	rig_refer_202(r, call, &r->lb, target(r), &ref);
	ref_notify(&r->lb, &ref, 180, "Ringing", "active;expires=60");
	rig_pass(r, 66000);
	m = peer_expect(r->b, "SUBSCRIBE");
	peer_reply(r->b, m, 200, "OK", "Expires: 60\r\n");
	ref_notify(&r->lb, &ref, 180, "Ringing", "active;expires=60");
	rig_pass(r, 20000);
	wire_assert(!rig_has_outcome(r, ref.id));
	ref_notify(&r->lb, &ref, 200, "OK", TERMINATED);
	rig_goes_well(r, call, &ref);
}

/* libre loops here: 200 with Expires 0 to every refresh */
static void e27_refresh_storm(struct rig *r)
{
	uint32_t call = rig_call_up(r, r->b, &r->lb);
	struct ref ref;
	unsigned n = 0;

	r->b->autos = AUTO_REINVITE;
	rig_refer_202(r, call, &r->lb, target(r), &ref);
	ref_notify(&r->lb, &ref, 180, "Ringing", "active;expires=60");
	for (unsigned i = 0; i < 60; i++) {
		const struct sipmsg *m;

		rig_pass(r, 5000);
		while ((m = peer_peek(r->b, "SUBSCRIBE"))) {
			peer_expect(r->b, "SUBSCRIBE");
			peer_reply(r->b, m, 200, "OK", "Expires: 0\r\n");
			++n;
			rig_sync(r);
		}
	}
	/* 300 s: at most one in 30 s */
	if (n > 10)
		wire_fail("%u SUBSCRIBEs in 300 s", n);
	rig_call_alive(r, call);
}

static void e27_none(struct rig *r)
{
	uint32_t call = rig_call_up(r, r->b, &r->lb);
	const struct sipmsg *m;
	struct ref ref;

	r->b->autos = AUTO_REINVITE;
	rig_refer_202(r, call, &r->lb, target(r), &ref);
	ref_notify(&r->lb, &ref, 180, "Ringing", "active");
	rig_pass(r, 120000);
	wire_assert(peer_count(r->b, "SUBSCRIBE") == 0);
	wire_assert(!rig_has_outcome(r, ref.id));
	for (unsigned i = 0; i < 70 && !peer_peek(r->b, "SUBSCRIBE"); i++)
		rig_pass(r, 1000); /* 180 s are meant */
	m = peer_expect(r->b, "SUBSCRIBE");
	peer_reply(r->b, m, 481, "Subscription Does Not Exist", NULL);
	(void)rig_outcome(r, ref.id, OUTCOME_UNKNOWN);
	rig_call_alive(r, call);
}

static void e27_huge(struct rig *r)
{
	static const char *const expires[] = {
		"4294967295", "99999999999999999999", "-1", "abc", ""};
	uint32_t call = rig_call_up(r, r->b, &r->lb);
	struct ref ref;

	r->b->autos = AUTO_REINVITE;
	for (size_t i = 0; i < sizeof(expires) / sizeof(expires[0]); i++) {
		char state[64];

		snprintf(state, sizeof(state), "active;expires=%s", expires[i]);
		rig_refer_202(r, call, &r->lb, target(r), &ref);
		ref_notify(&r->lb, &ref, 180, "Ringing", state);
		rig_pass(r, 25000);
		wire_assert(!rig_has_outcome(r, ref.id));
		wire_assert(peer_count(r->b, "SUBSCRIBE") == 0);
		fails_and_comes_back(r, call, &ref);
	}
	rig_call_alive(r, call);
}

/* Up to the answer to our SUBSCRIBE with Expires 0 */
static const struct sipmsg *unwatched(struct rig *r, uint32_t *callp,
				      struct ref *ref)
{
	const struct sipmsg *m;

	*callp = rig_call_up(r, r->b, &r->lb);
	r->b->autos = AUTO_REINVITE;
	rig_refer_202(r, *callp, &r->lb, target(r), ref);
	ref_notify(&r->lb, ref, 180, "Ringing", ACTIVE);
	(void)rig_transfer(r, ref->id, REFER_ALERTED, ANY, ANY, 180);
	rig_req(r, REQ_UNWATCH, *callp, NULL);
	m = peer_expect(r->b, "SUBSCRIBE");
	wire_assert(!strcmp(sipmsg_hdr(m, "Expires"), "0"));
	(void)rig_transfer(r, ref->id, REFER_ALERTED, SUB_UNSUB, OUTCOME_NONE,
			   ANY);
	return m;
}

static void e28_refused(struct rig *r)
{
	static const unsigned codes[] = {481, 489, 405, 500};

	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
		struct ref ref;
		uint32_t call;
		const struct transfer_info *t;
		const struct sipmsg *m = unwatched(r, &call, &ref);

		peer_reply(r->b, m, codes[i], "No", NULL);
		t = rig_outcome(r, ref.id, OUTCOME_STOPPED);
		wire_assert(t->state == REFER_ALERTED);
		wire_assert(t->sub == SUB_CLOSED);
		rig_call_alive(r, call);
	}
}

static void e28_timeout(struct rig *r)
{
	struct ref ref;
	uint32_t call;

	(void)unwatched(r, &call, &ref);
	rig_pass(r, 33000);
	(void)rig_outcome(r, ref.id, OUTCOME_STOPPED);
	rig_call_alive(r, call);
}

static void e28_no_notify(struct rig *r)
{
	struct ref ref;
	uint32_t call;
	const struct sipmsg *m = unwatched(r, &call, &ref);

	peer_reply(r->b, m, 200, "OK", "Expires: 0\r\n");
	rig_pass(r, 33000);
	(void)rig_outcome(r, ref.id, OUTCOME_STOPPED);
	rig_call_alive(r, call);
}

/* KB2621832: a notifier that goes on must get its 200s, not a dead call */
static void e28_late_notify(struct rig *r)
{
	struct ref ref;
	uint32_t call;
	const struct sipmsg *m = unwatched(r, &call, &ref);
	const struct transfer_info *t;
	uint32_t cseq;

	peer_reply(r->b, m, 200, "OK", "Expires: 0\r\n");
	ref_notify(&r->lb, &ref, 0, "", "terminated;reason=timeout");
	t = rig_outcome(r, ref.id, OUTCOME_STOPPED);
	rig_pass(r, 10000);
	ref_notify(&r->lb, &ref, 200, "OK", TERMINATED);
	rig_sync(r);
	wire_assert(t == rig_transfer_now(r, ref.id));
	rig_pass(r, 60000); /* the tombstone is gone after 64 s */
	cseq = leg_notify(&r->lb, ref.event, TERMINATED, OK);
	(void)peer_expect_answer(r->b, "NOTIFY", cseq, 481);
	rig_call_alive(r, call);
}

/* The result comes while we unsubscribe */
static void e28_result_while_leaving(struct rig *r)
{
	struct ref ref;
	uint32_t call;
	const struct sipmsg *m = unwatched(r, &call, &ref);
	const struct transfer_info *t;

	peer_reply(r->b, m, 200, "OK", "Expires: 0\r\n");
	ref_notify(&r->lb, &ref, 200, "OK", TERMINATED);
	rig_sync(r);
	t = rig_transfer_now(r, ref.id);
	wire_assert(t->outcome == OUTCOME_SUCCEEDED ||
		    t->outcome == OUTCOME_STOPPED);
	if (t->outcome == OUTCOME_SUCCEEDED)
		leg_expect_bye(&r->lb, 200);
	else
		rig_call_alive(r, call);
}

/* ---- E29-E32: what the REFER is answered ----------------------------------
 */

static void e29_false(struct rig *r)
{
	uint32_t call = rig_call_up(r, r->b, &r->lb);
	const struct transfer_info *t;
	struct ref ref;

	r->b->autos = AUTO_REINVITE;
	rig_refer(r, call, &r->lb, target(r), &ref);
	ref_reply(&r->lb, &ref, 202, "Accepted", "Refer-Sub: false\r\n");
	rig_pass(r, 33000);
	t = rig_outcome(r, ref.id, OUTCOME_NO_REPORTS);
	wire_assert(t->state == REFER_ACCEPTED);
	wire_assert(t->sub == SUB_NONE || t->sub == SUB_CLOSED);
	peer_none(r->b, "SUBSCRIBE");
	rig_call_alive(r, call);
}

static void e29_true(struct rig *r)
{
	uint32_t call = rig_call_up(r, r->b, &r->lb);
	struct ref ref;

	rig_refer(r, call, &r->lb, target(r), &ref);
	ref_reply(&r->lb, &ref, 202, "Accepted", "Refer-Sub: true\r\n");
	(void)rig_transfer(r, ref.id, REFER_ACCEPTED, SUB_WAIT, OUTCOME_NONE,
			   202);
	ref_notify(&r->lb, &ref, 200, "OK", TERMINATED);
	rig_goes_well(r, call, &ref);
}

/* It said there would be no reports, and reports */
static void e29_false_but_reports(struct rig *r)
{
	uint32_t call = rig_call_up(r, r->b, &r->lb);
	struct ref ref;

	r->b->autos = AUTO_REINVITE;
	rig_refer(r, call, &r->lb, target(r), &ref);
	ref_reply(&r->lb, &ref, 202, "Accepted", "Refer-Sub: false\r\n");
	ref_notify(&r->lb, &ref, 100, "Trying", ACTIVE);
	ref_notify(&r->lb, &ref, 200, "OK", TERMINATED);
	rig_sync(r);
	if (peer_peek(r->b, "BYE")) {
		rig_goes_well(r, call, &ref);
		return;
	}
	(void)rig_outcome(r, ref.id, OUTCOME_NO_REPORTS);
	rig_call_alive(r, call);
}

static void e30(struct rig *r, unsigned code)
{
	uint32_t call = rig_call_up(r, r->b, &r->lb);
	const struct transfer_info *t;
	const struct sipmsg *m;
	struct ref ref;
	uint64_t rtp;
	char num[8];

	r->b->autos = AUTO_REINVITE;
	rig_refer(r, call, &r->lb, target(r), &ref);
	ref_reply(&r->lb, &ref, code, "No", NULL);
	for (unsigned i = 0; code == 491 && i < 3; i++) {
		rig_pass(r, 4100);
		ref_take(&r->lb, &ref, ref.id);
		ref_reply(&r->lb, &ref, code, "No", NULL);
	}
	t = rig_outcome(r, ref.id, OUTCOME_REJECTED);
	wire_assert(t->state == REFER_REJECTED);
	wire_assert(t->refer_code == code && t->code == code);
	wire_assert(t->sub == SUB_NONE || t->sub == SUB_CLOSED);
	snprintf(num, sizeof(num), "%u", code);
	if (!strstr(t->say, num))
		wire_fail("%s is not in \"%s\"", num, t->say);

	/* the call is up: it takes a re-INVITE, and sound flows again */
	(void)rig_call_is(r, call, CALL_TALKING);
	m = peer_expect_answer(r->b, "INVITE",
			       leg_invite(&r->lb, NULL, "sendrecv"), 200);
	leg_ack(&r->lb);
	wire_assert(!strcmp(sdp_dir(m), "sendrecv"));
	rtp = peer_rtp(r->b);
	rig_pass(r, 500);
	if (peer_rtp(r->b) <= rtp)
		wire_fail("no sound after %u", code);
	rig_call_alive(r, call);
}

#define E30(code)                                                              \
	static void e30_##code(struct rig *r)                                  \
	{                                                                      \
		e30(r, code);                                                  \
	}
E30(400)
E30(403)
E30(404)
E30(405)
E30(420)
E30(480)
E30(481)
E30(484)
E30(486)
E30(491)
E30(500)
E30(501)
E30(503)
E30(603)
E30(302)

static void e31(struct rig *r)
{
	uint32_t call = rig_call_up(r, r->b, &r->lb);
	const struct transfer_info *t;
	struct ref ref;

	r->b->autos = AUTO_REINVITE;
	rig_refer(r, call, &r->lb, target(r), &ref);
	rig_pass(r, 31000);
	wire_assert(!rig_has_outcome(r, ref.id));
	rig_pass(r, 1500);
	t = rig_outcome(r, ref.id, OUTCOME_NO_ANSWER);
	wire_assert(t->state == REFER_FAILED_TO_SEND);
	wire_assert(t->refer_code == 0);
	wire_assert(r->b->dups >= 5); /* it was sent again and again */
	rig_call_alive(r, call);
}

/* The hold's 200 moves the peer to a name that is not there */
static void e32(struct rig *r)
{
	struct dns *dns = dns_new();
	uint32_t call = rig_call_up(r, r->b, &r->lb);
	const struct transfer_info *t;
	const struct sipmsg *m;
	uint32_t id;

	rig_option(r, EOPT_DNS_SERVER, 0, dns_addr(dns));
	id = rig_req(r, REQ_TRANSFER, call, target(r));
	m = peer_expect(r->b, "INVITE");
	snprintf(r->lb.contact, sizeof(r->lb.contact),
		 "<sip:b@nothing.invalid:5070>");
	r->lb.ack_cseq = m->cseq;
	leg_reply(&r->lb, m, 200, "OK", "recvonly");
	t = dns_outcome(r, dns, id);
	wire_assert(t->outcome == OUTCOME_NOT_SENT);
	wire_assert(t->state == REFER_FAILED_TO_SEND);
	if (!strstr(t->say, "nothing.invalid"))
		wire_fail("the name is not in \"%s\"", t->say);
	rig_sync(r);
	wire_assert(rig_call_now(r, call)->state == CALL_HELD);
	/* nor can the BYE be sent; the call ends here all the same */
	rig_req(r, REQ_HANGUP, call, NULL);
	(void)dns_ended(r, dns, call);
	dns_free(dns);
}

/* ---- E33-E35: meanwhile in the call ---------------------------------------
 */

static void e33(struct rig *r)
{
	uint32_t call = rig_call_up(r, r->b, &r->lb);
	const struct sipmsg *m;
	struct ref ref;
	uint32_t cseq;

	rig_refer_202(r, call, &r->lb, target(r), &ref);
	ref_notify(&r->lb, &ref, 100, "Trying", ACTIVE);

	/* re-INVITE while held: we stay silent */
	cseq = leg_invite(&r->lb, NULL, "recvonly");
	m = peer_expect_answer(r->b, "INVITE", cseq, 200);
	wire_assert(!strcmp(sdp_dir(m), "sendonly") ||
		    !strcmp(sdp_dir(m), "inactive"));
	leg_ack(&r->lb);
	/* a session refresh: the same again with a timer */
	cseq = leg_invite(&r->lb, "Session-Expires: 90;refresher=uac\r\n",
			  "recvonly");
	(void)peer_expect_answer(r->b, "INVITE", cseq, 200);
	leg_ack(&r->lb);
	/* UPDATE: not promised in Allow, so refused, and the call lives */
	m = peer_expect_final(r->b, "UPDATE",
			      leg_request(&r->lb, "UPDATE", NULL, NULL, NULL));
	wire_assert(m->code == 200 || m->code == 405 || m->code == 501);
	(void)peer_expect_answer(
		r->b, "OPTIONS",
		leg_request(&r->lb, "OPTIONS", NULL, NULL, NULL), 200);
	m = peer_expect_final(r->b, "INFO",
			      leg_request(&r->lb, "INFO", NULL, NULL, NULL));
	wire_assert(m->code == 200 || m->code == 405 || m->code == 501 ||
		    m->code == 415 || m->code == 469);
	wire_assert(!rig_has_outcome(r, ref.id));
	ref_notify(&r->lb, &ref, 180, "Ringing", ACTIVE);
	(void)rig_transfer(r, ref.id, REFER_ALERTED, ANY, OUTCOME_NONE, 180);
	ref_notify(&r->lb, &ref, 200, "OK", TERMINATED);
	rig_goes_well(r, call, &ref);
}

static void e34(struct rig *r)
{
	uint32_t call = rig_call_up(r, r->b, &r->lb);
	const struct sipmsg *m;
	struct ref ref;
	uint32_t cseq;

	rig_refer_202(r, call, &r->lb, target(r), &ref);
	ref_notify(&r->lb, &ref, 100, "Trying", ACTIVE);
	cseq = leg_invite(&r->lb, NULL, "sendrecv");
	m = peer_expect_answer(r->b, "INVITE", cseq, 200);
	wire_assert(!strcmp(sdp_dir(m), "sendonly") ||
		    !strcmp(sdp_dir(m), "inactive"));
	leg_ack(&r->lb);
	rig_sync(r);
	wire_assert(rig_call_now(r, call)->state == CALL_HELD);
	ref_notify(&r->lb, &ref, 486, "Busy Here", TERMINATED);
	leg_expect_resume(&r->lb);
	(void)rig_outcome(r, ref.id, OUTCOME_FAILED);
	(void)rig_call_is(r, call, CALL_TALKING);
	rig_call_alive(r, call);
}

static void e35(struct rig *r)
{
	uint32_t call = rig_call_up(r, r->b, &r->lb);
	struct ref ref;

	rig_refer_202(r, call, &r->lb, target(r), &ref);
	ref_notify(&r->lb, &ref, 180, "Ringing", ACTIVE);
	rig_pass(r, 300000); /* not a packet from B */
	wire_assert(rig_call_now(r, call)->state == CALL_HELD);
	wire_assert(!rig_has_outcome(r, ref.id));
	ref_notify(&r->lb, &ref, 200, "OK", TERMINATED);
	rig_goes_well(r, call, &ref);
}

/* ---- E43-E45 ---------------------------------------------------------------
 */

static void e43(struct rig *r)
{
	uint32_t call = rig_call_up(r, r->b, &r->lb);
	static const char *const bad[] = {
		"",
		"sip:",
		"sip:x",
		"nobody",
		"sip:a@",
		"http://x/",
		"mailto:a@b",
		"sip:a@h:99999",
		"sip:a@h\nX: y",
		"sip:a b@h",
		"sip:a@h?Replaces=1",
		"<sip:a@h>",
	};
	char same[300];
	size_t kept = 0;

	wire_assert(rig_req_refused(r, REQ_TRANSFER, call,
				    peer_uri(r->b, "b")) == EINVAL);
	snprintf(same, sizeof(same), "%s;x=y", peer_uri(r->b, "b"));
	wire_assert(rig_req_refused(r, REQ_TRANSFER, call, same) == EINVAL);
	wire_assert(rig_req_refused(r, REQ_TRANSFER, call,
				    rig_uri(r, "cordpair", "udp:")) == EINVAL);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct request req = {.type = REQ_TRANSFER, .id = call};
		const struct reply_info *y;

		snprintf(req.u.text, sizeof(req.u.text), "%s", bad[i]);
		y = rig_reply(r, rig_post(r, &req));
		/* "sip:x" is a host and may be called */
		if (!y->err && !strcmp(bad[i], "sip:x")) {
			kept = y->id;
			break;
		}
		if (y->err != EINVAL)
			wire_fail("\"%s\": %d", bad[i], y->err);
	}
	wire_assert(rig_req_refused(r, REQ_TRANSFER, call + 1000, target(r)) ==
		    ENOENT);
	rig_sync(r);
	if (!kept) {
		peer_none(r->b, "INVITE");
		peer_none(r->b, "REFER");
	}
	rig_call_alive(r, call);
	rig_sync(r);
	wire_assert(rig_req_refused(r, REQ_TRANSFER, call, target(r)) != 0);
}

/* Not up: nothing is sent (UCMA's InvalidOperation) */
static void e43_not_up(struct rig *r)
{
	uint32_t call = rig_req(r, REQ_DIAL, 0, peer_uri(r->b, "b"));
	const struct sipmsg *m = peer_expect(r->b, "INVITE");

	wire_assert(rig_req_refused(r, REQ_TRANSFER, call, target(r)) ==
		    ENOTCONN);
	leg_from(&r->lb, r->b, m);
	leg_reply(&r->lb, m, 180, "Ringing", NULL);
	(void)rig_call_is(r, call, CALL_RINGING);
	wire_assert(rig_req_refused(r, REQ_TRANSFER, call, target(r)) ==
		    ENOTCONN);
	rig_sync(r);
	peer_none(r->b, "REFER");
	peer_reply(r->b, m, 486, "Busy Here", NULL);
	(void)rig_call_is(r, call, CALL_ENDED);
	wire_assert(rig_req_refused(r, REQ_TRANSFER, call, target(r)) != 0);
}

/* The longest a transfer may last [ms]; 0: the engine's own 600 s */
static void e44(struct rig *r, uint32_t limit_ms)
{
	uint32_t call = rig_call_up(r, r->b, &r->lb);
	struct request req = {
		.type = REQ_TRANSFER, .id = call, .value = limit_ms};
	const struct transfer_info *t;
	const struct sipmsg *m;
	struct ref ref;

	snprintf(req.u.text, sizeof(req.u.text), "%s", target(r));
	ref.id = rig_do(r, &req);
	leg_expect_hold(&r->lb);
	ref_take(&r->lb, &ref, ref.id);
	ref_reply(&r->lb, &ref, 202, "Accepted", NULL);
	ref_notify(&r->lb, &ref, 180, "Ringing", "active;expires=3600");
	rig_pass(r, (limit_ms ? limit_ms : 600000) - 2000);
	wire_assert(!rig_has_outcome(r, ref.id));
	peer_none(r->b, "SUBSCRIBE");
	r->b->autos = AUTO_REINVITE;
	rig_pass(r, 3000);
	m = peer_expect(r->b, "SUBSCRIBE");
	wire_assert(!strcmp(sipmsg_hdr(m, "Expires"), "0"));
	peer_reply(r->b, m, 200, "OK", "Expires: 0\r\n");
	ref_notify(&r->lb, &ref, 0, "", "terminated;reason=timeout");
	t = rig_outcome(r, ref.id, OUTCOME_TIMED_OUT);
	wire_assert(t->state == REFER_ALERTED);
	(void)rig_call_is(r, call, CALL_TALKING); /* the caller is back */
	rig_call_alive(r, call);
}

static void e44_default(struct rig *r)
{
	e44(r, 0);
}

static void e44_limit(struct rig *r)
{
	e44(r, 60000);
}

static void e44_option(struct rig *r)
{
	uint32_t call = rig_call_up(r, r->b, &r->lb);
	struct ref ref;

	rig_option(r, EOPT_TRANSFER_TIMEOUT, 90, "");
	r->b->autos = AUTO_REINVITE;
	rig_refer_202(r, call, &r->lb, target(r), &ref);
	ref_notify(&r->lb, &ref, 180, "Ringing", "active;expires=3600");
	rig_pass(r, 88000);
	wire_assert(!rig_has_outcome(r, ref.id));
	rig_pass(r, 3000);
	peer_reply(r->b, peer_expect(r->b, "SUBSCRIBE"), 481, "Gone", NULL);
	(void)rig_outcome(r, ref.id, OUTCOME_TIMED_OUT);
	rig_call_alive(r, call);
}

static void e45(struct rig *r)
{
	uint32_t call = rig_call_up(r, r->b, &r->lb);
	const struct transfer_info *t;
	const struct sipmsg *m;
	struct ref ref;

	r->b->autos = AUTO_REINVITE;
	rig_refer_202(r, call, &r->lb, target(r), &ref);
	rig_req(r, REQ_UNWATCH, call, NULL);
	rig_sync(r);
	peer_none(r->b, "SUBSCRIBE");
	t = rig_outcome(r, ref.id, OUTCOME_STOPPED);
	wire_assert(t->state == REFER_ACCEPTED);
	ref_notify(&r->lb, &ref, 100, "Trying", ACTIVE);
	m = peer_expect(r->b, "SUBSCRIBE");
	wire_assert(!strcmp(sipmsg_hdr(m, "Expires"), "0"));
	peer_reply(r->b, m, 200, "OK", "Expires: 0\r\n");
	ref_notify(&r->lb, &ref, 0, "", "terminated;reason=timeout");
	rig_call_alive(r, call);
}

static void e45_before_the_answer(struct rig *r)
{
	uint32_t call = rig_call_up(r, r->b, &r->lb);
	const struct sipmsg *m;
	struct ref ref;

	r->b->autos = AUTO_REINVITE;
	rig_refer(r, call, &r->lb, target(r), &ref);
	rig_req(r, REQ_UNWATCH, call, NULL);
	ref_reply(&r->lb, &ref, 202, "Accepted", NULL);
	rig_sync(r);
	peer_none(r->b, "SUBSCRIBE");
	ref_notify(&r->lb, &ref, 100, "Trying", ACTIVE);
	m = peer_expect(r->b, "SUBSCRIBE");
	peer_reply(r->b, m, 200, "OK", "Expires: 0\r\n");
	ref_notify(&r->lb, &ref, 0, "", "terminated;reason=timeout");
	(void)rig_outcome(r, ref.id, OUTCOME_STOPPED);
	rig_call_alive(r, call);
}

/* Nothing to unsubscribe from ever came */
static void e45_and_nothing(struct rig *r)
{
	uint32_t call = rig_call_up(r, r->b, &r->lb);
	struct ref ref;
	const struct transfer_info *t;

	r->b->autos = AUTO_REINVITE;
	rig_refer_202(r, call, &r->lb, target(r), &ref);
	rig_req(r, REQ_UNWATCH, call, NULL);
	rig_pass(r, 33000);
	wire_assert(rig_has_outcome(r, ref.id));
	t = rig_transfer_now(r, ref.id);
	wire_assert(t->outcome == OUTCOME_STOPPED);
	peer_none(r->b, "SUBSCRIBE");
	rig_call_alive(r, call);
}

/* ---- E47: many -------------------------------------------------------------
 */

enum { MANY = 32 };
static struct leg many[MANY];

static void e47(struct rig *r)
{
	static struct ref refs[MANY];
	static uint32_t calls[MANY];
	unsigned talking = 0;

	for (unsigned i = 0; i < MANY; i++)
		calls[i] = rig_call_up(r, r->b, &many[i]);
	r->b->autos = AUTO_REINVITE;
	for (unsigned i = 0; i < MANY; i++) {
		refs[i].id = rig_req(r, REQ_TRANSFER, calls[i], target(r));
		ref_take(&many[i], &refs[i], refs[i].id);
		wire_assert(!strcmp(refs[i].m->callid, many[i].callid));
	}
	for (unsigned i = 0; i < MANY; i++)
		ref_reply(&many[i], &refs[i], 202, "Accepted", NULL);
	for (unsigned i = MANY; i-- > 0;)
		ref_notify(&many[i], &refs[i], 180, "Ringing", ACTIVE);
	for (unsigned i = 0; i < MANY; i++)
		(void)rig_transfer(r, refs[i].id, REFER_ALERTED, SUB_ACTIVE,
				   OUTCOME_NONE, 180);
	for (unsigned i = 0; i < MANY; i++) {
		if (i % 2) {
			ref_notify(&many[i], &refs[i], 200, "OK", TERMINATED);
			leg_expect_bye(&many[i], 200);
		} else {
			ref_notify(&many[i], &refs[i], 486, "Busy Here",
				   TERMINATED);
		}
	}
	for (unsigned i = 0; i < MANY; i++)
		(void)rig_outcome(r, refs[i].id,
				  i % 2 ? OUTCOME_SUCCEEDED : OUTCOME_FAILED);
	rig_sync(r);
	/* one caller can be talked to, the others that came back wait */
	for (unsigned i = 0; i < MANY; i++) {
		enum call_state state = rig_call_now(r, calls[i])->state;

		wire_assert(i % 2 ? state == CALL_ENDED
				  : state == CALL_TALKING ||
					    state == CALL_HELD);
		talking += state == CALL_TALKING;
	}
	wire_assert(talking == 1);
}

/* Of one call at most four at a time */
static void e47_of_one_call(struct rig *r)
{
	uint32_t call = rig_call_up(r, r->b, &r->lb);
	struct ref refs[4];

	r->b->autos = AUTO_REINVITE;
	rig_refer_202(r, call, &r->lb, target(r), &refs[0]);
	ref_notify(&r->lb, &refs[0], 100, "Trying", ACTIVE);
	for (unsigned i = 1; i < 4; i++) {
		refs[i].id = rig_req(r, REQ_TRANSFER, call, target(r));
		ref_take(&r->lb, &refs[i], refs[i].id);
		ref_reply(&r->lb, &refs[i], 202, "Accepted", NULL);
	}
	(void)rig_req_refused(r, REQ_TRANSFER, call, target(r));
	for (unsigned i = 4; i-- > 1;) {
		ref_notify(&r->lb, &refs[i], 486, "Busy Here", TERMINATED);
		(void)rig_outcome(r, refs[i].id, OUTCOME_FAILED);
	}
	ref_notify(&r->lb, &refs[0], 200, "OK", TERMINATED);
	rig_goes_well(r, call, &refs[0]);
}

/* ---- E50 and the REFER in a dialog of its own -------------------------------
 */

static const struct call_prm gruu = {
	.extra = "Allow: INVITE, ACK, BYE, REFER, NOTIFY\r\n"
		 "Supported: replaces, tdialog\r\n",
};

static uint32_t call_up_gruu(struct rig *r)
{
	struct call_prm prm = gruu;
	static char contact[300];

	snprintf(contact, sizeof(contact), "<%s;gr=urn:x>",
		 peer_uri(r->b, "b"));
	prm.contact = contact;
	prm.account = r->account;
	return rig_call_up_prm(r, r->b, &r->lb, &prm);
}

/* REFER outside of the dialog; *d is the dialog it makes */
static void refer_outside(struct rig *r, uint32_t call, struct ref *ref,
			  struct leg *d)
{
	rig_refer(r, call, &r->lb, target(r), ref);
	wire_assert(strcmp(ref->m->callid, r->lb.callid));
	wire_assert(!*ref->m->to_tag);
	leg_from(d, r->b, ref->m);
}

static void refer_in_a_new_dialog(struct rig *r)
{
	uint32_t call = call_up_gruu(r);
	const struct sipmsg *m;
	static struct leg d;
	struct ref ref;
	const char *td;
	char tags[400];

	refer_outside(r, call, &ref, &d);
	m = ref.m;
	wire_assert(strstr(m->uri, ";gr=urn:x"));
	wire_assert(sipmsg_lists(m, "Require", "tdialog"));
	td = sipmsg_hdr(m, "Target-Dialog");
	wire_assert(td && !strncmp(td, r->lb.callid, strlen(r->lb.callid)));
	/* the tags as the peer sees them */
	snprintf(tags, sizeof(tags), "local-tag=%s", r->lb.ltag);
	wire_assert(strstr(td, tags));
	snprintf(tags, sizeof(tags), "remote-tag=%s", r->lb.rtag);
	wire_assert(strstr(td, tags));

	peer_reply_body(r->b, m, 202, "Accepted", d.ltag,
			"Contact: <sip:b@127.0.0.1>\r\n", NULL, NULL, 0);
	(void)rig_transfer(r, ref.id, REFER_ACCEPTED, SUB_WAIT, OUTCOME_NONE,
			   202);
	leg_notify_ok(&d, "refer", ACTIVE, TRYING);
	leg_notify_ok(&d, "refer", TERMINATED, OK);
	rig_goes_well(r, call, &ref);
}

/* The peer does not know the dialog: once more inside the call */
static void refer_481_outside_then_inside(struct rig *r)
{
	static const unsigned codes[] = {481, 420};

	for (unsigned i = 0; i < 2; i++) {
		uint32_t call = call_up_gruu(r);
		static struct leg d;
		struct ref ref;

		refer_outside(r, call, &ref, &d);
		peer_reply(r->b, ref.m, codes[i], "No",
			   codes[i] == 420 ? "Unsupported: tdialog\r\n" : NULL);
		ref_take(&r->lb, &ref, ref.id);
		wire_assert(!strcmp(ref.m->callid, r->lb.callid));
		wire_assert(!sipmsg_hdr(ref.m, "Require"));
		ref_reply(&r->lb, &ref, 202, "Accepted", NULL);
		ref_notify(&r->lb, &ref, 200, "OK", TERMINATED);
		rig_goes_well(r, call, &ref);
	}
}

static void e50(struct rig *r)
{
	uint32_t call = call_up_gruu(r);
	static struct leg d1, d2;
	struct ref ref;
	bool succeeded = false;

	refer_outside(r, call, &ref, &d1);
	leg_from(&d2, r->b, ref.m);
	peer_reply_body(r->b, ref.m, 202, "Accepted", d1.ltag,
			"Contact: <sip:b@127.0.0.1>\r\n", NULL, NULL, 0);
	leg_notify_ok(&d1, "refer", ACTIVE, TRYING);
	leg_notify_ok(&d2, "refer", ACTIVE, RINGING);
	leg_notify_ok(&d1, "refer", ACTIVE, RINGING);
	/* one branch fails, the other does it */
	leg_notify_ok(&d2, "refer", TERMINATED, BUSY);
	rig_sync(r);
	peer_none(r->b, "BYE");
	wire_assert(rig_call_now(r, call)->state != CALL_ENDED);
	r->b->autos = AUTO_REINVITE;
	leg_notify_ok(&d1, "refer", TERMINATED, OK);
	leg_expect_bye(&r->lb, 200);
	(void)rig_call_is(r, call, CALL_ENDED);
	for (const struct rig_ev *n = rig_events(r); n; n = n->next) {
		if (n->ev.type == EV_TRANSFER &&
		    n->ev.u.transfer.outcome == OUTCOME_SUCCEEDED)
			succeeded = true;
	}
	wire_assert(succeeded);
}

/* ---- 5.1 asked of the table
 * -------------------------------------------------- */

/* probation and giveup with a time: failed or unknown, and the caller back */
static void retry_after_in_the_substate(struct rig *r)
{
	static const char *const states[] = {
		"terminated;reason=probation;retry-after=30",
		"terminated;reason=giveup;retry-after=30",
	};
	uint32_t call = rig_call_up(r, r->b, &r->lb);
	struct ref ref;

	r->b->autos = AUTO_REINVITE;
	for (unsigned i = 0; i < 2; i++) {
		const struct transfer_info *t;

		rig_refer_202(r, call, &r->lb, target(r), &ref);
		ref_notify(&r->lb, &ref, 100, "Trying", ACTIVE);
		ref_notify(&r->lb, &ref, 0, "", states[i]);
		(void)rig_call_is(r, call, CALL_TALKING);
		t = rig_transfer_now(r, ref.id);
		wire_assert(t->outcome == OUTCOME_FAILED ||
			    t->outcome == OUTCOME_UNKNOWN);
		if (!strstr(t->say, "30"))
			wire_fail("when to try again is not in \"%s\"", t->say);
	}
	rig_call_alive(r, call);
}

/* Without return_on_fail the caller waits on hold */
static void the_caller_stays_on_hold(struct rig *r)
{
	uint32_t call = rig_call_up(r, r->b, &r->lb);
	struct ref ref;

	rig_refer_202(r, call, &r->lb, target(r), &ref);
	ref_notify(&r->lb, &ref, 486, "Busy Here", TERMINATED);
	(void)rig_outcome(r, ref.id, OUTCOME_FAILED);
	rig_sync(r);
	peer_none(r->b, "INVITE");
	wire_assert(rig_call_now(r, call)->state == CALL_HELD);
	rig_req(r, REQ_RESUME, call, NULL);
	leg_expect_resume(&r->lb);
	(void)rig_call_is(r, call, CALL_TALKING);
	rig_call_alive(r, call);
}

/* takeback ends the waiting: the caller talks, the watching stops */
static void taken_back(struct rig *r)
{
	uint32_t call = rig_call_up(r, r->b, &r->lb);
	const struct sipmsg *m;
	struct ref ref;

	rig_refer_202(r, call, &r->lb, target(r), &ref);
	ref_notify(&r->lb, &ref, 180, "Ringing", ACTIVE);
	(void)rig_transfer(r, ref.id, REFER_ALERTED, ANY, ANY, 180);
	rig_req(r, REQ_TAKEBACK, call, NULL);
	leg_expect_resume(&r->lb);
	m = peer_expect(r->b, "SUBSCRIBE");
	wire_assert(!strcmp(sipmsg_hdr(m, "Expires"), "0"));
	peer_reply(r->b, m, 200, "OK", "Expires: 0\r\n");
	ref_notify(&r->lb, &ref, 0, "", "terminated;reason=timeout");
	(void)rig_outcome(r, ref.id, OUTCOME_STOPPED);
	(void)rig_call_is(r, call, CALL_TALKING);
	rig_call_alive(r, call);
}

/* clang-format off */
static const struct wcase cases[] = {
	{"E18 REFER 491 twice, then 202", e18, 0},
	{"E18 REFER 491 for ever", e18_for_ever, 0},
	{"E18 REFER 491 in a call they made", e18_their_call, 0},
	{"E18 REFER 500 with Retry-After", e18_500_retry_after, 0},
	{"E19 two REFERs, with ids", e19, 0},
	{"E20 two REFERs, no ids", e20, 0},
	{"E20 id, then no id", e20_id_then_none, 0},
	{"E20 no id, then id", e20_none_then_id, 0},
	{"E21 a second REFER after a failed one", e21, 0},
	{"E22 a 180 behind the final NOTIFY", e22_late_180, 0},
	{"E22 a final NOTIFY with a lower CSeq", e22_late_final, 0},
	{"E22 a 100 behind the 180", e22_late_100, 0},
	{"E23 a NOTIFY sent four times", e23, 0},
	{"E23 a NOTIFY sent again with another branch", e23_same_cseq_new_branch, 0},
	{"E24 180, 183, 180, 181, 486", e24, 0},
	{"E24 100, 181, 182, 183, 180, 100, 603", e24_from_below, 0},
	{"E25 199", e25, 0},
	{"E26 a 3xx sipfrag", e26, 0},
	{"every answer of the target in words", every_answer_in_words, 0},
	{"E27 active;expires=0, a hundred times", e27_zero_storm, 0},
	{"E27 active;expires=1", e27_one, 0},
	{"E27 a refresh refused", e27_refresh_refused, 0},
	{"E27 a refresh granted", e27_refresh_granted, 0},
	{"E27 every refresh granted for 0 s", e27_refresh_storm, 0},
	{"E27 active without expires", e27_none, 0},
	{"E27 expires=4294967295 and nonsense", e27_huge, 0},
	{"E28 SUBSCRIBE 0 refused", e28_refused, 0},
	{"E28 SUBSCRIBE 0 not answered", e28_timeout, 0},
	{"E28 SUBSCRIBE 0 answered, no NOTIFY", e28_no_notify, 0},
	{"E28 a late NOTIFY gets a 200 (KB2621832)", e28_late_notify, 0},
	{"E28 the result comes while unsubscribing", e28_result_while_leaving, 0},
	{"E29 Refer-Sub: false", e29_false, 0},
	{"E29 Refer-Sub: true", e29_true, 0},
	{"E29 Refer-Sub: false, and reports", e29_false_but_reports, 0},
	{"E30 REFER 302", e30_302, 0},
	{"E30 REFER 400", e30_400, 0},
	{"E30 REFER 403", e30_403, 0},
	{"E30 REFER 404", e30_404, 0},
	{"E30 REFER 405", e30_405, 0},
	{"E30 REFER 420", e30_420, 0},
	{"E30 REFER 480", e30_480, 0},
	{"E30 REFER 481", e30_481, 0},
	{"E30 REFER 484", e30_484, 0},
	{"E30 REFER 486", e30_486, 0},
	{"E30 REFER 491", e30_491, 0},
	{"E30 REFER 500", e30_500, 0},
	{"E30 REFER 501", e30_501, 0},
	{"E30 REFER 503", e30_503, 0},
	{"E30 REFER 603", e30_603, 0},
	{"E31 REFER not answered for 32 s", e31, 0},
	{"E32 a name that is not there", e32, RIG_KEEP},
	{"E33 re-INVITE, session refresh, UPDATE during a referral", e33, 0},
	{"E34 B unholds itself", e34, 0},
	{"E35 no RTP while held", e35, 0},
	{"E43 target is the caller, we ourselves, or nonsense", e43, RIG_LAX},
	{"E43 the call is not up", e43_not_up, 0},
	{"E44 no result within 600 s", e44_default, 0},
	{"E44 no result within the given limit", e44_limit, 0},
	{"E44 no result within the option's limit", e44_option, 0},
	{"E45 unwatched before the first NOTIFY", e45, 0},
	{"E45 unwatched before the 202", e45_before_the_answer, 0},
	{"E45 unwatched, and no NOTIFY ever", e45_and_nothing, 0},
	{"E47 32 referrals at once", e47, 0},
	{"E47 four referrals of one call", e47_of_one_call, 0},
	{"T118 REFER in a dialog of its own", refer_in_a_new_dialog, 0},
	{"T118 REFER by account option out", refer_in_a_new_dialog, RIG_ACCOUNT | RIG_OUT},
	{"481 or 420 outside: once more inside", refer_481_outside_then_inside, 0},
	{"E50 a forked REFER: two notifiers", e50, 0},
	{"reason=probation and giveup with retry-after", retry_after_in_the_substate, 0},
	{"return_on_fail off: the caller stays on hold", the_caller_stays_on_hold, RIG_KEEP},
	{"takeback during a transfer", taken_back, 0},
};
/* clang-format on */

WIRE_MAIN("refer_odd", cases)
