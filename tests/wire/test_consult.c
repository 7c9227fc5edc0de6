/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Transfer by consultation: E36-E42, and the flows X1-X16 of RFC 5589 from
 * the transferor's side. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/wire/rig.h"

#define PLAIN "Allow: INVITE, ACK, CANCEL, BYE, OPTIONS, REFER, NOTIFY\r\n"
#define TDIALOG PLAIN "Supported: replaces, tdialog\r\n"

#define NO_REFER "Allow: INVITE, ACK, CANCEL, BYE\r\nSupported: replaces\r\n"
#define REPLACES PLAIN "Supported: replaces\r\n"

static const char *dialled(struct rig *r)
{
	return peer_uri(r->c, "charly");
}

static uint32_t talk(struct rig *r)
{
	return rig_call_up(r, r->b, &r->lb);
}

static uint32_t consult(struct rig *r, uint32_t call)
{
	struct call_prm prm = {.uri = dialled(r)};

	return rig_consult_up(r, call, &r->lb, r->c, &r->lc, &prm);
}

/* Refer-To names this URI and the dialog between us and d's peer */
static void check_replaces(const struct ref *ref, const struct leg *d,
			   const char *uri, bool require)
{
	const char *hdrs;
	struct refto rt;

	refto_parse(&rt, ref->m);
	if (strcmp(rt.uri, uri))
		wire_fail("Refer-To %s instead of %s", rt.uri, uri);
	wire_assert(rt.replaces);
	wire_assert(!strcmp(rt.callid, d->callid));
	/* as the target sees it: to-tag is its own (RFC 3891 3) */
	wire_assert(!strcmp(rt.to_tag, d->ltag));
	wire_assert(!strcmp(rt.from_tag, d->rtag));
	wire_assert(require ? !strcmp(rt.require, "replaces") : !*rt.require);
	wire_assert(!rt.early_only);
	/* everything but the unreserved is escaped (G24) */
	hdrs = strstr(sipmsg_hdr(ref->m, "Refer-To"), "Replaces=");
	wire_assert(hdrs);
	hdrs += strlen("Replaces=");
	wire_assert(hdrs[strspn(hdrs, "abcdefghijklmnopqrstuvwxyz"
				      "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
				      "-_.!~*'()%&=")] == '>');
	wire_assert(strcspn(hdrs, "=") >= strcspn(hdrs, "&>"));
}

/* With an account the address is good for everybody and a private Contact is
 * not; without one the Contact is all there is (G27) */
static void check_first(struct rig *r, const struct ref *ref)
{
	if (r->account)
		check_replaces(ref, &r->lc, dialled(r), true);
	else
		check_replaces(ref, &r->lc, peer_uri(r->c, "c"), false);
}

static void accepted(struct leg *d, struct ref *ref)
{
	ref_reply(d, ref, 202, "Accepted", NULL);
}

/* C has been taken over: it leaves us */
static void c_leaves(struct rig *r, uint32_t consulted)
{
	leg_bye(&r->lc);
	(void)rig_call_is(r, consulted, CALL_ENDED);
}

/* Has any event of this transfer told this? */
static bool told(struct rig *r, uint32_t id, const char *words)
{
	for (const struct rig_ev *v = rig_events(r); v; v = v->next)
		if (v->ev.type == EV_TRANSFER && v->ev.u.transfer.id == id &&
		    strstr(v->ev.u.transfer.say, words))
			return true;
	return false;
}

static void says(struct rig *r, uint32_t id, const char *words)
{
	if (!told(r, id, words))
		wire_fail("never told: \"%s\"", words);
}

/* ---- X1-X4: without consultation ----------------------------------------- */

static void x1(struct rig *r)
{
	static struct leg d2;
	uint32_t call, n;
	struct ref ref;
	const char *td;

	leg_to(&r->lb, r->b, rig_uri(r, "cordpair", "udp:"));
	snprintf(r->lb.contact, sizeof(r->lb.contact), "<%s;gr>",
		 peer_uri(r->b, "b"));
	snprintf(r->lb.extra, sizeof(r->lb.extra), "%s", TDIALOG);
	n = leg_invite(&r->lb, NULL, "sendrecv");
	call = rig_incoming(r)->id;
	rig_req(r, REQ_ANSWER, call, NULL);
	leg_learn(&r->lb, peer_expect_answer(r->b, "INVITE", n, 200));
	leg_ack(&r->lb);
	(void)rig_call_is(r, call, CALL_TALKING);

	rig_refer(r, call, &r->lb, dialled(r), &ref);
	wire_assert(strcmp(ref.m->callid, r->lb.callid));
	td = sipmsg_hdr(ref.m, "Target-Dialog");
	wire_assert(td && !strncmp(td, r->lb.callid, strlen(r->lb.callid)));
	leg_from(&d2, r->b, ref.m);
	peer_reply_body(r->b, ref.m, 202, "Accepted", d2.ltag,
			"Contact: <sip:b@127.0.0.1>\r\n", NULL, NULL, 0);
	leg_notify_ok(&d2, "refer", ACTIVE, "SIP/2.0 100 Trying\r\n");
	leg_notify_ok(&d2, "refer", TERMINATED, "SIP/2.0 200 OK\r\n");
	rig_goes_well(r, call, &ref);
}

static void x2(struct rig *r)
{
	uint32_t call = rig_call_in(r, r->b, &r->lb, NULL);
	struct ref ref;

	rig_refer_202(r, call, &r->lb, dialled(r), &ref);
	wire_assert(!strcmp(ref.m->callid, r->lb.callid));
	wire_assert(!strcmp(ref.m->to_tag, r->lb.ltag));
	wire_assert(!strcmp(ref.m->from_tag, r->lb.rtag));
	ref_notify(&r->lb, &ref, 100, "Trying", ACTIVE);
	ref_notify(&r->lb, &ref, 200, "OK", TERMINATED);
	rig_goes_well(r, call, &ref);
}

static void x3_x4(struct rig *r, unsigned code)
{
	uint32_t call = rig_call_in(r, r->b, &r->lb, NULL);
	struct ref ref;

	rig_refer_202(r, call, &r->lb, dialled(r), &ref);
	ref_notify(&r->lb, &ref, 100, "Trying", ACTIVE);
	ref_notify(&r->lb, &ref, code, "No", TERMINATED);
	leg_expect_resume(&r->lb);
	(void)rig_call_is(r, call, CALL_TALKING);
	(void)rig_outcome(r, ref.id, OUTCOME_FAILED);
	rig_call_alive(r, call);
}

static void x3(struct rig *r)
{
	x3_x4(r, 486);
}

static void x4(struct rig *r)
{
	x3_x4(r, 487);
}

/* ---- X5-X16: with ---------------------------------------------------------
 */

static void x5(struct rig *r)
{
	uint32_t call = talk(r);
	uint32_t consulted = consult(r, call);
	struct refto rt;
	struct ref ref;

	r->b->autos = AUTO_REINVITE; /* it may be back in between */
	rig_req(r, REQ_HANGUP, consulted, NULL);
	leg_expect_bye(&r->lc, 200);
	(void)rig_call_is(r, consulted, CALL_ENDED);
	rig_sync(r);
	rig_refer_202(r, call, &r->lb, dialled(r), &ref);
	refto_parse(&rt, ref.m);
	wire_assert(!rt.replaces);
	wire_assert(!strcmp(rt.uri, dialled(r)));
	ref_notify(&r->lb, &ref, 200, "OK", TERMINATED);
	rig_goes_well(r, call, &ref);
}

/* REFER to the target, which then takes the caller over: join the other way
 * round, with two calls of their own */
static void x6(struct rig *r)
{
	uint32_t call = talk(r);
	struct call_prm prm = {.uri = dialled(r), .account = r->account};
	struct request req = {.type = REQ_JOIN, .id2 = call};
	struct ref ref;

	r->b->autos = r->c->autos = AUTO_REINVITE;
	rig_req(r, REQ_HOLD, call, NULL);
	(void)rig_call_is(r, call, CALL_HELD);
	req.id = rig_call_up_prm(r, r->c, &r->lc, &prm);
	ref_take(&r->lc, &ref, rig_do(r, &req));
	check_replaces(&ref, &r->lb, peer_uri(r->b, "b"), r->account != 0);
	accepted(&r->lc, &ref);
	ref_notify(&r->lc, &ref, 100, "Trying", ACTIVE);
	/* C has called B with Replaces; B leaves us */
	leg_bye(&r->lb);
	(void)rig_call_is(r, call, CALL_ENDED);
	wire_assert(!rig_has_outcome(r, ref.id));
	ref_notify(&r->lc, &ref, 200, "OK", TERMINATED);
	leg_expect_bye(&r->lc, 200);
	(void)rig_outcome(r, ref.id, OUTCOME_SUCCEEDED);
	(void)rig_call_is(r, req.id, CALL_ENDED);
}

static void x7(struct rig *r)
{
	uint32_t call = talk(r);
	uint32_t consulted = consult(r, call);
	const struct transfer_info *t;
	struct ref ref;

	rig_complete(r, call, &r->lb, &r->lc, &ref);
	check_first(r, &ref);
	wire_assert(!strcmp(ref.m->callid, r->lb.callid));
	accepted(&r->lb, &ref);
	t = rig_transfer(r, ref.id, REFER_ACCEPTED, SUB_WAIT, OUTCOME_NONE,
			 202);
	wire_assert(t->kind == KIND_ATTENDED);
	wire_assert(t->call == call && t->consult == consulted);
	ref_notify(&r->lb, &ref, 100, "Trying", ACTIVE);
	(void)rig_transfer(r, ref.id, REFER_TRYING, SUB_ACTIVE, OUTCOME_NONE,
			   100);
	c_leaves(r, consulted);
	wire_assert(!rig_has_outcome(r, ref.id));
	ref_notify(&r->lb, &ref, 200, "OK", TERMINATED);
	rig_goes_well(r, call, &ref);
}

/* B cannot be asked: C is, and takes the caller over */
static void x8(struct rig *r)
{
	static const unsigned codes[] = {501, 405};

	for (unsigned i = 0; i < 2; i++) {
		uint32_t call = talk(r);
		uint32_t consulted = consult(r, call);
		struct ref ref;

		r->b->autos = r->c->autos = AUTO_REINVITE;
		rig_complete(r, call, &r->lb, &r->lc, &ref);
		ref_reply(&r->lb, &ref, codes[i], "No REFER here", NULL);
		ref_take(&r->lc, &ref, ref.id);
		check_replaces(&ref, &r->lb, peer_uri(r->b, "b"),
			       r->account != 0);
		accepted(&r->lc, &ref);
		leg_bye(&r->lb);
		ref_notify(&r->lc, &ref, 200, "OK", TERMINATED);
		rig_pass(r, 2500); /* it is C's to leave, for 2 s */
		leg_expect_bye(&r->lc, 200);
		(void)rig_outcome(r, ref.id, OUTCOME_SUCCEEDED);
		(void)rig_call_is(r, call, CALL_ENDED);
		(void)rig_call_is(r, consulted, CALL_ENDED);
		r->b->autos = r->c->autos = 0;
	}
}

/* And C cannot either: both are with us still */
static void x8_neither(struct rig *r)
{
	uint32_t call = talk(r);
	uint32_t consulted = consult(r, call);
	const struct transfer_info *t;
	struct ref ref;

	r->b->autos = r->c->autos = AUTO_REINVITE;
	rig_complete(r, call, &r->lb, &r->lc, &ref);
	ref_reply(&r->lb, &ref, 501, "Not Implemented", NULL);
	ref_take(&r->lc, &ref, ref.id);
	ref_reply(&r->lc, &ref, 501, "Not Implemented", NULL);
	t = rig_outcome(r, ref.id, OUTCOME_REJECTED);
	wire_assert(t->refer_code == 501);
	(void)rig_call_is(r, consulted, CALL_TALKING);
	wire_assert(rig_call_now(r, call)->state == CALL_HELD);
	rig_sync(r);
	peer_none(r->b, "REFER");
}

/* The caller's phone said that it knows no REFER: nothing is tried there */
static void x6_known_beforehand(struct rig *r)
{
	static const char *const contact = "sip:b@203.0.113.7:5060";
	char extra[500];
	struct call_prm b = {.contact = "<sip:b@203.0.113.7:5060>",
			     .extra = extra,
			     .account = r->account};
	struct call_prm c = {.uri = dialled(r), .extra = REPLACES};
	struct ref ref;
	uint32_t call;

	snprintf(extra, sizeof(extra),
		 NO_REFER "Record-Route: <sip:%s:%u;lr>\r\n", r->b->host,
		 r->b->port);
	call = rig_call_up_prm(r, r->b, &r->lb, &b);
	(void)rig_consult_up(r, call, &r->lb, r->c, &r->lc, &c);
	r->b->autos = r->c->autos = AUTO_REINVITE;
	ref_take(&r->lc, &ref, rig_req(r, REQ_COMPLETE, call, NULL));
	/* B's Contact is good for C, whatever C's own would be */
	check_replaces(&ref, &r->lb, contact, false);
	accepted(&r->lc, &ref);
	leg_bye(&r->lb);
	ref_notify(&r->lc, &ref, 200, "OK", TERMINATED);
	rig_pass(r, 2500);
	leg_expect_bye(&r->lc, 200);
	(void)rig_outcome(r, ref.id, OUTCOME_SUCCEEDED);
	wire_assert(peer_count(r->b, "REFER") == 0);
}

/* It knows none and the target takes no call over: who is here stays here */
static void x6_not_possible(struct rig *r)
{
	struct call_prm b = {.extra = NO_REFER};
	struct call_prm c = {.uri = dialled(r), .extra = PLAIN};
	uint32_t call = rig_call_up_prm(r, r->b, &r->lb, &b);
	uint32_t consulted = rig_consult_up(r, call, &r->lb, r->c, &r->lc, &c);
	struct ref ref;

	r->b->autos = r->c->autos = AUTO_REINVITE;
	rig_complete(r, call, &r->lb, &r->lc, &ref);
	ref_reply(&r->lb, &ref, 405, "Method Not Allowed", NULL);
	ref_take(&r->lc, &ref, ref.id);
	ref_reply(&r->lc, &ref, 603, "Decline", NULL);
	(void)rig_outcome(r, ref.id, OUTCOME_REJECTED);
	(void)rig_call_is(r, consulted, CALL_TALKING);
	wire_assert(rig_call_now(r, call)->state == CALL_HELD);
}

/* One form of the address fails, the other does it */
static void x10(struct rig *r)
{
	static const unsigned codes[] = {403, 404, 408, 480, 481, 604};

	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
		uint32_t call = talk(r);
		uint32_t consulted = consult(r, call);
		struct ref ref;
		uint32_t first;

		r->b->autos = r->c->autos = AUTO_REINVITE;
		rig_complete(r, call, &r->lb, &r->lc, &ref);
		check_first(r, &ref); /* X9 with an account */
		first = ref.m->cseq;
		accepted(&r->lb, &ref);
		ref_notify(&r->lb, &ref, codes[i], "No", TERMINATED);
		ref_take(&r->lb, &ref, ref.id);
		wire_assert(ref.m->cseq > first);
		check_replaces(&ref, &r->lc,
			       r->account ? peer_uri(r->c, "c") : dialled(r),
			       false);
		accepted(&r->lb, &ref);
		ref_notify(&r->lb, &ref, 100, "Trying", ACTIVE);
		c_leaves(r, consulted);
		ref_notify(&r->lb, &ref, 200, "OK", TERMINATED);
		leg_expect_bye(&r->lb, 200);
		(void)rig_call_is(r, call, CALL_ENDED);
		(void)rig_outcome(r, ref.id, OUTCOME_SUCCEEDED);
		r->b->autos = r->c->autos = 0;
	}
}

/* Both forms fail: once is enough */
static void x10_both_fail(struct rig *r)
{
	uint32_t call = talk(r);
	uint32_t consulted = consult(r, call);
	struct ref ref;

	r->b->autos = r->c->autos = AUTO_REINVITE;
	rig_complete(r, call, &r->lb, &r->lc, &ref);
	for (unsigned i = 0; i < 2; i++) {
		if (i)
			ref_take(&r->lb, &ref, ref.id);
		accepted(&r->lb, &ref);
		ref_notify(&r->lb, &ref, 404, "Not Found", TERMINATED);
	}
	(void)rig_call_is(r, consulted, CALL_TALKING);
	wire_assert(rig_call_now(r, call)->state == CALL_HELD);
	rig_sync(r);
	peer_none(r->b, "REFER");
}

/* consult, C rings (not yet answered).  @return the consult call */
static uint32_t ringing(struct rig *r, uint32_t call)
{
	const struct sipmsg *m;
	uint32_t id;

	rig_req(r, REQ_CONSULT, call, dialled(r));
	leg_expect_hold(&r->lb);
	m = peer_expect(r->c, "INVITE");
	leg_from(&r->lc, r->c, m);
	leg_reply(&r->lc, m, 180, "Ringing", NULL);
	id = rig_consult_call(r, call)->id;
	(void)rig_call_is(r, id, CALL_RINGING);
	wire_assert(rig_call_now(r, call)->state == CALL_HELD);
	return id;
}

static void c_answers(struct rig *r)
{
	leg_reply(&r->lc, r->lc.invite, 200, "OK", "sendrecv");
	(void)peer_expect(r->c, "ACK");
}

static void x11(struct rig *r)
{
	uint32_t call = talk(r);
	uint32_t consulted = ringing(r, call);
	const struct transfer_info *t;
	struct ref ref;
	uint32_t id;

	r->b->autos = r->c->autos = AUTO_REINVITE;
	id = rig_req(r, REQ_COMPLETE, call, NULL);
	rig_sync(r);
	peer_none(r->b, "REFER"); /* never Replaces of an early dialog */
	peer_none(r->c, "CANCEL");
	c_answers(r);
	ref_take(&r->lb, &ref, id);
	check_first(r, &ref);
	accepted(&r->lb, &ref);
	ref_notify(&r->lb, &ref, 100, "Trying", ACTIVE);
	c_leaves(r, consulted);
	ref_notify(&r->lb, &ref, 200, "OK", TERMINATED);
	leg_expect_bye(&r->lb, 200);
	(void)rig_call_is(r, call, CALL_ENDED);
	t = rig_outcome(r, id, OUTCOME_SUCCEEDED);
	wire_assert(t->kind == KIND_SEMI);
}

static void x11_c_does_not_answer(struct rig *r)
{
	uint32_t call = talk(r);
	uint32_t consulted = ringing(r, call);
	uint32_t id = rig_req(r, REQ_COMPLETE, call, NULL);

	peer_reply_body(r->c, r->lc.invite, 486, "Busy Here", r->lc.ltag, NULL,
			NULL, NULL, 0);
	(void)peer_expect(r->c, "ACK");
	leg_expect_resume(&r->lb);
	(void)rig_call_is(r, consulted, CALL_ENDED);
	(void)rig_call_is(r, call, CALL_TALKING);
	if (id && rig_transfer_now(r, id)) {
		rig_sync(r);
		wire_assert(rig_has_outcome(r, id));
		wire_assert(rig_transfer_now(r, id)->outcome !=
			    OUTCOME_SUCCEEDED);
	}
	peer_none(r->b, "REFER");
	rig_call_alive(r, call);
}

/* The caller leaves while it would have been transferred */
static void x11_b_leaves(struct rig *r)
{
	uint32_t call = talk(r);
	uint32_t consulted = ringing(r, call);
	const struct sipmsg *m;

	rig_req(r, REQ_COMPLETE, call, NULL);
	leg_bye(&r->lb);
	(void)rig_call_is(r, call, CALL_ENDED);
	m = peer_expect(r->c, "CANCEL");
	peer_reply(r->c, m, 200, "OK", NULL);
	peer_reply_body(r->c, r->lc.invite, 487, "Request Terminated",
			r->lc.ltag, NULL, NULL, NULL, 0);
	(void)peer_expect(r->c, "ACK");
	(void)rig_call_is(r, consulted, CALL_ENDED);
}

/* By the user's own hand: end the ringing call, then a blind transfer, and
 * not before the 487 */
static void x12(struct rig *r)
{
	uint32_t call = talk(r);
	uint32_t consulted = ringing(r, call);
	const struct sipmsg *m;
	struct refto rt;
	struct ref ref;

	r->b->autos = AUTO_REINVITE;
	rig_req(r, REQ_HANGUP, consulted, NULL);
	m = peer_expect(r->c, "CANCEL");
	peer_reply(r->c, m, 200, "OK", NULL);
	peer_reply_body(r->c, r->lc.invite, 487, "Request Terminated",
			r->lc.ltag, NULL, NULL, NULL, 0);
	(void)peer_expect(r->c, "ACK");
	(void)rig_call_is(r, consulted, CALL_ENDED);
	rig_refer_202(r, call, &r->lb, dialled(r), &ref);
	refto_parse(&rt, ref.m);
	wire_assert(!rt.replaces);
	ref_notify(&r->lb, &ref, 200, "OK", TERMINATED);
	rig_goes_well(r, call, &ref);
}

/* By command: the same target again, while it rings */
static uint32_t transfer_instead(struct rig *r, uint32_t call,
				 const struct sipmsg **cancelp)
{
	uint32_t id = rig_req(r, REQ_TRANSFER, call, dialled(r));

	*cancelp = peer_expect(r->c, "CANCEL");
	rig_sync(r);
	peer_none(r->b, "REFER"); /* not before the 487 */
	return id;
}

static void x12_by_command(struct rig *r)
{
	uint32_t call = talk(r);
	uint32_t consulted = ringing(r, call);
	const struct sipmsg *m;
	struct refto rt;
	struct ref ref;
	uint32_t id = transfer_instead(r, call, &m);

	peer_reply(r->c, m, 200, "OK", NULL);
	peer_reply_body(r->c, r->lc.invite, 487, "Request Terminated",
			r->lc.ltag, NULL, NULL, NULL, 0);
	(void)peer_expect(r->c, "ACK");
	ref_take(&r->lb, &ref, id);
	(void)rig_call_is(r, consulted, CALL_ENDED);
	refto_parse(&rt, ref.m);
	wire_assert(!rt.replaces);
	wire_assert(!strcmp(rt.uri, dialled(r)));
	accepted(&r->lb, &ref);
	ref_notify(&r->lb, &ref, 200, "OK", TERMINATED);
	rig_goes_well(r, call, &ref);
	wire_assert(rig_transfer_now(r, id)->kind == KIND_BLIND);
}

/* X13: answered all the same, so it is an attended one */
static void x13_by_command(struct rig *r)
{
	uint32_t call = talk(r);
	uint32_t consulted = ringing(r, call);
	const struct sipmsg *m;
	struct ref ref;
	uint32_t id = transfer_instead(r, call, &m);

	r->c->autos = AUTO_REINVITE;
	c_answers(r);
	peer_reply(r->c, m, 200, "OK", NULL);
	ref_take(&r->lb, &ref, id);
	check_first(r, &ref);
	accepted(&r->lb, &ref);
	c_leaves(r, consulted);
	ref_notify(&r->lb, &ref, 200, "OK", TERMINATED);
	rig_goes_well(r, call, &ref);
	wire_assert(rig_transfer_now(r, id)->kind == KIND_SEMI);
}

/* ... but not when the caller was taken back meanwhile, or has left */
static void x13_not_wanted(struct rig *r, bool b_leaves)
{
	uint32_t call = talk(r);
	uint32_t consulted = ringing(r, call);
	const struct sipmsg *m;

	(void)transfer_instead(r, call, &m);
	r->b->autos = AUTO_REINVITE;
	if (b_leaves)
		leg_bye(&r->lb);
	else
		rig_req(r, REQ_TAKEBACK, call, NULL);
	rig_sync(r);
	c_answers(r);
	peer_reply(r->c, m, 200, "OK", NULL);
	leg_expect_bye(&r->lc, 200);
	(void)rig_call_is(r, consulted, CALL_ENDED);
	rig_sync(r);
	peer_none(r->b, "REFER");
	if (!b_leaves)
		rig_call_alive(r, call);
}

static void x13_taken_back(struct rig *r)
{
	x13_not_wanted(r, false);
}

static void x13_b_leaves(struct rig *r)
{
	x13_not_wanted(r, true);
}

/* Another target is another transfer, and waits for its turn */
static void x12_other_target(struct rig *r)
{
	uint32_t call = talk(r);
	uint32_t consulted = ringing(r, call);
	uint32_t id = rig_req(r, REQ_TRANSFER, call, peer_uri(r->d, "dora"));

	rig_sync(r);
	peer_none(r->c, "CANCEL");
	says(r, id, "Transfer queued (1 ahead)");
	c_answers(r);
	(void)rig_call_is(r, consulted, CALL_TALKING);
}

/* The 200 crosses the CANCEL: the user wanted C gone, so BYE */
static void x13(struct rig *r)
{
	uint32_t call = talk(r);
	uint32_t consulted = ringing(r, call);
	const struct sipmsg *m;
	struct ref ref;

	r->b->autos = AUTO_REINVITE;
	rig_req(r, REQ_HANGUP, consulted, NULL);
	m = peer_expect(r->c, "CANCEL");
	leg_reply(&r->lc, r->lc.invite, 200, "OK", "sendrecv");
	peer_reply(r->c, m, 200, "OK", NULL);
	(void)peer_expect(r->c, "ACK");
	leg_expect_bye(&r->lc, 200);
	(void)rig_call_is(r, consulted, CALL_ENDED);
	rig_refer_202(r, call, &r->lb, dialled(r), &ref);
	ref_notify(&r->lb, &ref, 200, "OK", TERMINATED);
	rig_goes_well(r, call, &ref);
}

/* C cannot be taken over: it is left and called anew by B */
static void x14(struct rig *r)
{
	uint32_t call = talk(r);
	struct call_prm prm = {.uri = dialled(r), .extra = PLAIN};
	uint32_t consulted =
		rig_consult_up(r, call, &r->lb, r->c, &r->lc, &prm);
	struct refto rt;
	struct ref ref;
	uint32_t id;

	r->c->autos = AUTO_REINVITE;
	id = rig_req(r, REQ_COMPLETE, call, NULL);
	leg_expect_bye(&r->lc, 200);
	(void)rig_call_is(r, consulted, CALL_ENDED);
	ref_take(&r->lb, &ref, id);
	refto_parse(&rt, ref.m);
	wire_assert(!rt.replaces);
	wire_assert(!strcmp(rt.uri, dialled(r)));
	accepted(&r->lb, &ref);
	ref_notify(&r->lb, &ref, 200, "OK", TERMINATED);
	rig_goes_well(r, call, &ref);
}

static void x16(struct rig *r)
{
	uint32_t call = talk(r);
	uint32_t consulted = consult(r, call);
	char by[300], aor[300];
	struct ref ref;

	rig_complete(r, call, &r->lb, &r->lc, &ref);
	wire_assert(sipmsg_count(ref.m, "Referred-By") == 1);
	sip_addr_uri(by, sizeof(by), sipmsg_hdr(ref.m, "Referred-By"));
	sip_addr_uri(aor, sizeof(aor), sipmsg_hdr(r->lb.invite, "From"));
	wire_assert(!strcmp(by, aor));
	accepted(&r->lb, &ref);
	c_leaves(r, consulted);
	ref_notify(&r->lb, &ref, 200, "OK", TERMINATED);
	rig_goes_well(r, call, &ref);
}

/* ---- E36: C does not come
 * ---------------------------------------------------- */

static void e36_refuses(struct rig *r)
{
	static const unsigned codes[] = {486, 603, 480, 404, 500};

	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
		uint32_t call = talk(r);
		uint32_t consulted = ringing(r, call);
		const struct call_info *c;

		peer_reply_body(r->c, r->lc.invite, codes[i], "No", r->lc.ltag,
				NULL, NULL, NULL, 0);
		(void)peer_expect(r->c, "ACK");
		leg_expect_resume(&r->lb);
		c = rig_call_is(r, consulted, CALL_ENDED);
		wire_assert(c->code == codes[i]);
		(void)rig_call_is(r, call, CALL_TALKING);
		rig_call_alive(r, call);
	}
}

static void e36_kept_on_hold(struct rig *r)
{
	uint32_t call = talk(r);
	uint32_t consulted = ringing(r, call);

	peer_reply_body(r->c, r->lc.invite, 486, "Busy Here", r->lc.ltag, NULL,
			NULL, NULL, 0);
	(void)peer_expect(r->c, "ACK");
	(void)rig_call_is(r, consulted, CALL_ENDED);
	rig_sync(r);
	peer_none(r->b, "INVITE");
	wire_assert(rig_call_now(r, call)->state == CALL_HELD);
	rig_call_alive(r, call);
}

static void e36_does_not_answer(struct rig *r)
{
	uint32_t call, consulted;
	const struct sipmsg *m;

	rig_option(r, EOPT_RING_TIMEOUT, 30, "");
	call = talk(r);
	consulted = ringing(r, call);
	rig_pass(r, 31000);
	m = peer_expect(r->c, "CANCEL");
	peer_reply(r->c, m, 200, "OK", NULL);
	peer_reply_body(r->c, r->lc.invite, 487, "Request Terminated",
			r->lc.ltag, NULL, NULL, NULL, 0);
	(void)peer_expect(r->c, "ACK");
	(void)rig_call_is(r, consulted, CALL_ENDED);
	leg_expect_resume(&r->lb);
	(void)rig_call_is(r, call, CALL_TALKING);
	rig_call_alive(r, call);
}

static void e36_cancel_and_200_cross(struct rig *r)
{
	uint32_t call = talk(r);
	uint32_t consulted = ringing(r, call);
	const struct sipmsg *m;

	r->b->autos = AUTO_REINVITE;
	rig_req(r, REQ_TAKEBACK, call, NULL);
	m = peer_expect(r->c, "CANCEL");
	leg_reply(&r->lc, r->lc.invite, 200, "OK", "sendrecv");
	peer_reply(r->c, m, 200, "OK", NULL);
	(void)peer_expect(r->c, "ACK");
	leg_expect_bye(&r->lc, 200);
	(void)rig_call_is(r, consulted, CALL_ENDED);
	(void)rig_call_is(r, call, CALL_TALKING);
	rig_call_alive(r, call);
}

static void e36_hold_refused(struct rig *r)
{
	uint32_t call = talk(r);
	const struct sipmsg *m;

	rig_req(r, REQ_CONSULT, call, dialled(r));
	m = peer_expect(r->b, "INVITE");
	peer_reply(r->b, m, 488, "Not Acceptable Here", NULL);
	(void)peer_expect(r->b, "ACK");
	rig_sync(r);
	peer_none(r->c, "INVITE"); /* C1: stop */
	wire_assert(rig_call_now(r, call)->state == CALL_TALKING);
	rig_call_alive(r, call);
}

static void e36_hold_491(struct rig *r)
{
	uint32_t call = talk(r);
	const struct sipmsg *m;

	rig_req(r, REQ_CONSULT, call, dialled(r));
	m = peer_expect(r->b, "INVITE");
	peer_reply(r->b, m, 491, "Request Pending", NULL);
	(void)peer_expect(r->b, "ACK");
	rig_pass(r, 4100);
	leg_expect_hold(&r->lb);
	m = peer_expect(r->c, "INVITE");
	peer_reply(r->c, m, 486, "Busy Here", NULL);
	(void)peer_expect(r->c, "ACK");
	leg_expect_resume(&r->lb);
	(void)rig_call_is(r, call, CALL_TALKING);
	rig_call_alive(r, call);
}

/* ---- E37-E39, 5.3: who is left
 * ------------------------------------------------ */

struct verdict {
	const char *name;
	unsigned final;      /* 0: none                              */
	bool b_gone, c_gone; /* before the final NOTIFY              */
	enum outcome outcome;
	bool bye_b, bye_c;   /* we hang up                           */
	bool talk_b, talk_c; /* we talk again                        */
	unsigned wait_ms;    /* before the outcome                   */
};

/* clang-format off */
static const struct verdict verdicts[] = {
	{"2xx, both up",        200, 0, 0, OUTCOME_SUCCEEDED, 1, 1, 0, 0, 2500},
	{"2xx, C gone",         200, 0, 1, OUTCOME_SUCCEEDED, 1, 0, 0, 0, 0},
	{"2xx, B gone",         200, 1, 0, OUTCOME_SUCCEEDED, 0, 1, 0, 0, 2500},
	{"2xx, both gone",      200, 1, 1, OUTCOME_SUCCEEDED, 0, 0, 0, 0, 0},
	{"486, both up",        486, 0, 0, OUTCOME_FAILED, 0, 0, 0, 1, 0},
	{"486, C gone",         486, 0, 1, OUTCOME_FAILED, 0, 0, 1, 0, 0},
	{"486, B gone",         486, 1, 0, OUTCOME_FAILED, 0, 0, 0, 1, 0},
	{"486, both gone",      486, 1, 1, OUTCOME_FAILED, 0, 0, 0, 0, 0},
	{"none, both gone",     0,   1, 1, OUTCOME_SUCCEEDED_INFERRED, 0, 0, 0, 0, 2500},
	{"none, C gone",        0,   0, 1, OUTCOME_UNKNOWN, 0, 0, 1, 0, 32000},
};
/* clang-format on */

static void verdict(struct rig *r, const struct verdict *v)
{
	uint32_t call = talk(r);
	uint32_t consulted = consult(r, call);
	struct ref ref;

	r->b->autos = r->c->autos = AUTO_REINVITE;
	rig_complete(r, call, &r->lb, &r->lc, &ref);
	accepted(&r->lb, &ref);
	ref_notify(&r->lb, &ref, 180, "Ringing", ACTIVE);
	if (v->c_gone)
		c_leaves(r, consulted);
	if (v->b_gone) {
		leg_bye(&r->lb);
		(void)rig_call_is(r, call, CALL_ENDED);
	}
	rig_pass(r, 1500); /* the grace time is 2 s */
	wire_assert(!rig_has_outcome(r, ref.id));
	if (v->final)
		ref_notify(&r->lb, &ref, v->final, "Final", TERMINATED);
	if (v->wait_ms) {
		rig_sync(r);
		if (v->bye_b) {
			leg_expect_bye(&r->lb, 200);
			rig_sync(r);
		}
		rig_pass(r, v->wait_ms);
	}
	if (v->bye_b && !v->wait_ms)
		leg_expect_bye(&r->lb, 200);
	if (v->bye_c)
		leg_expect_bye(&r->lc, 200);
	(void)rig_outcome(r, ref.id, v->outcome);
	(void)rig_call_is(r, call,
			  v->talk_b               ? CALL_TALKING
			  : v->b_gone || v->bye_b ? CALL_ENDED
						  : CALL_HELD);
	(void)rig_call_is(r, consulted,
			  v->talk_c               ? CALL_TALKING
			  : v->c_gone || v->bye_c ? CALL_ENDED
						  : CALL_HELD);
	rig_sync(r);
}

#define VERDICT(n)                                                             \
	static void verdict_##n(struct rig *r)                                 \
	{                                                                      \
		verdict(r, &verdicts[n]);                                      \
	}
VERDICT(0)
VERDICT(1)
VERDICT(2)
VERDICT(3)
VERDICT(4)
VERDICT(5)
VERDICT(6)
VERDICT(7)
VERDICT(8)
VERDICT(9)

/* No final NOTIFY, B gone: we talk to C, but a late 2xx still counts */
static void e38_late_success(struct rig *r)
{
	uint32_t call = talk(r);
	uint32_t consulted = consult(r, call);
	struct ref ref;

	r->b->autos = r->c->autos = AUTO_REINVITE;
	rig_complete(r, call, &r->lb, &r->lc, &ref);
	accepted(&r->lb, &ref);
	ref_notify(&r->lb, &ref, 100, "Trying", ACTIVE);
	leg_bye(&r->lb);
	rig_pass(r, 2500);
	(void)rig_call_is(r, consulted, CALL_TALKING);
	wire_assert(!rig_has_outcome(r, ref.id));
	ref_notify(&r->lb, &ref, 200, "OK", TERMINATED);
	rig_pass(r, 2500);
	leg_expect_bye(&r->lc, 200);
	(void)rig_outcome(r, ref.id, OUTCOME_SUCCEEDED);
	(void)rig_call_is(r, consulted, CALL_ENDED);
	(void)rig_call_is(r, call, CALL_ENDED);
}

static void e38_no_success(struct rig *r)
{
	uint32_t call = talk(r);
	uint32_t consulted = consult(r, call);
	struct ref ref;

	r->b->autos = r->c->autos = AUTO_REINVITE | AUTO_BYE;
	rig_complete(r, call, &r->lb, &r->lc, &ref);
	accepted(&r->lb, &ref);
	ref_notify(&r->lb, &ref, 100, "Trying", "active;expires=60");
	leg_bye(&r->lb);
	rig_pass(r, 10000);
	(void)rig_call_is(r, consulted, CALL_TALKING);
	wire_assert(!rig_has_outcome(r, ref.id));
	r->b->autos = AUTO_ANY; /* a refresh, if it comes, is granted */
	rig_pass(r, 120000);
	(void)rig_outcome(r, ref.id, OUTCOME_UNKNOWN);
	wire_assert(rig_call_now(r, consulted)->state == CALL_TALKING);
}

static void e38_b_leaves_during_consultation(struct rig *r)
{
	uint32_t call = talk(r);
	uint32_t consulted = consult(r, call);

	leg_bye(&r->lb);
	(void)rig_call_is(r, call, CALL_ENDED);
	rig_pass(r, 5000);
	peer_none(r->c, "BYE");
	wire_assert(rig_call_now(r, consulted)->state == CALL_TALKING);
	(void)rig_req_refused(r, REQ_COMPLETE, consulted, NULL);
}

static void e38_b_leaves_while_c_rings(struct rig *r)
{
	uint32_t call = talk(r);
	uint32_t consulted = ringing(r, call);

	leg_bye(&r->lb);
	(void)rig_call_is(r, call, CALL_ENDED);
	rig_sync(r);
	peer_none(r->c, "CANCEL"); /* keep ringing C; ask the user */
	c_answers(r);
	(void)rig_call_is(r, consulted, CALL_TALKING);
}

static void c_leaves_during_consultation(struct rig *r)
{
	uint32_t call = talk(r);
	uint32_t consulted = consult(r, call);

	c_leaves(r, consulted);
	leg_expect_resume(&r->lb);
	(void)rig_call_is(r, call, CALL_TALKING);
	says(r, 1, "charly hung up; the caller is back with you");
	rig_call_alive(r, call);
}

static void c_leaves_and_nobody_is_resumed(struct rig *r)
{
	uint32_t call = talk(r);
	uint32_t consulted = consult(r, call);

	c_leaves(r, consulted);
	rig_sync(r);
	wire_assert(rig_call_now(r, call)->state == CALL_HELD);
	says(r, 1, "charly hung up; the caller is on hold");
	rig_call_alive(r, call);
}

/* The target has been taken over, says the first word; the last, that not */
static void c_gone_and_failed(struct rig *r)
{
	uint32_t call = talk(r);
	uint32_t consulted = consult(r, call);
	struct ref ref;

	r->b->autos = r->c->autos = AUTO_REINVITE;
	rig_complete(r, call, &r->lb, &r->lc, &ref);
	accepted(&r->lb, &ref);
	c_leaves(r, consulted);
	rig_sync(r);
	says(r, ref.id, "charly has been taken over, confirming");
	ref_notify(&r->lb, &ref, 486, "Busy Here", TERMINATED);
	(void)rig_call_is(r, call, CALL_TALKING);
	says(r, ref.id, "the target has left; the caller is back with you");
	rig_call_alive(r, call);
}

/* Two on hold for long: the user is told */
static void no_result_for_long(struct rig *r)
{
	uint32_t call = talk(r);
	struct ref ref;

	(void)consult(r, call);
	r->b->autos = r->c->autos = AUTO_REINVITE;
	rig_complete(r, call, &r->lb, &r->lc, &ref);
	accepted(&r->lb, &ref);
	ref_notify(&r->lb, &ref, 180, "Ringing", "active;expires=3600");
	rig_pass(r, 29000);
	wire_assert(!told(r, ref.id, "No result"));
	rig_pass(r, 1500);
	says(r, ref.id, "No result after 30 s");
	rig_pass(r, 568000);
	wire_assert(!rig_has_outcome(r, ref.id));
	rig_pass(r, 2000);
	(void)rig_outcome(r, ref.id, OUTCOME_TIMED_OUT);
	peer_reply(r->b, peer_expect(r->b, "SUBSCRIBE"), 481, "Gone", NULL);
}

/* probation in the middle of a consultation: both are back */
static void try_again_later(struct rig *r)
{
	uint32_t call = talk(r);
	uint32_t consulted = consult(r, call);
	struct ref ref;

	r->b->autos = r->c->autos = AUTO_REINVITE;
	rig_complete(r, call, &r->lb, &r->lc, &ref);
	accepted(&r->lb, &ref);
	ref_notify(&r->lb, &ref, 0, "",
		   "terminated;reason=probation;retry-after=30");
	(void)rig_call_is(r, consulted, CALL_TALKING);
	(void)rig_outcome(r, ref.id, OUTCOME_UNKNOWN);
	says(r, ref.id, "try again in 30 s");
	wire_assert(rig_call_now(r, call)->state == CALL_HELD);
}

/* ---- E40
 * ---------------------------------------------------------------------- */

static void e40(struct rig *r)
{
	uint32_t call = talk(r);
	uint32_t consulted = consult(r, call);
	const struct sipmsg *m;
	struct ref ref;

	rig_complete(r, call, &r->lb, &r->lc, &ref);
	accepted(&r->lb, &ref);
	ref_notify(&r->lb, &ref, 486, "Busy Here", TERMINATED);
	m = peer_expect(r->c, "INVITE");
	wire_assert(!strcmp(sdp_dir(m), "sendrecv"));
	peer_reply(r->c, m, 491, "Request Pending", NULL);
	(void)peer_expect(r->c, "ACK");
	rig_pass(r, 2000);
	peer_none(r->c, "INVITE");
	rig_pass(r, 2100);
	leg_expect_resume(&r->lc);
	(void)rig_call_is(r, consulted, CALL_TALKING);
	wire_assert(rig_call_now(r, call)->state == CALL_HELD);
	peer_none(r->b, "INVITE");
	(void)rig_outcome(r, ref.id, OUTCOME_FAILED);
	says(r, ref.id, "charly is on the line, the caller on hold");
	/* and again, now it works */
	rig_complete(r, call, &r->lb, &r->lc, &ref);
	accepted(&r->lb, &ref);
	c_leaves(r, consulted);
	ref_notify(&r->lb, &ref, 200, "OK", TERMINATED);
	rig_goes_well(r, call, &ref);
}

/* After the failure the attendant has the choice again (C4) */
static void e40_then(struct rig *r, enum req_type type)
{
	uint32_t call = talk(r);
	uint32_t consulted = consult(r, call);
	struct ref ref;

	r->b->autos = r->c->autos = AUTO_REINVITE;
	rig_complete(r, call, &r->lb, &r->lc, &ref);
	accepted(&r->lb, &ref);
	ref_notify(&r->lb, &ref, 486, "Busy Here", TERMINATED);
	(void)rig_outcome(r, ref.id, OUTCOME_FAILED);
	(void)rig_call_is(r, consulted, CALL_TALKING);
	rig_req(r, type, call, NULL);
	(void)rig_call_is(r, call, CALL_TALKING);
	if (type == REQ_SWAP) {
		(void)rig_call_is(r, consulted, CALL_HELD);
		return;
	}
	leg_expect_bye(&r->lc, 200);
	(void)rig_call_is(r, consulted, CALL_ENDED);
}

static void e40_then_takeback(struct rig *r)
{
	e40_then(r, REQ_TAKEBACK);
}

static void e40_then_swap(struct rig *r)
{
	e40_then(r, REQ_SWAP);
}

/* REFER itself refused, unanswered or without reports: both are still there */
static void e40_rejected(struct rig *r)
{
	uint32_t call = talk(r);
	uint32_t consulted = consult(r, call);
	struct ref ref;

	rig_complete(r, call, &r->lb, &r->lc, &ref);
	ref_reply(&r->lb, &ref, 603, "Decline", NULL);
	leg_expect_resume(&r->lc);
	(void)rig_outcome(r, ref.id, OUTCOME_REJECTED);
	(void)rig_call_is(r, consulted, CALL_TALKING);
	wire_assert(rig_call_now(r, call)->state == CALL_HELD);
	rig_sync(r);
}

static void e40_unanswered(struct rig *r)
{
	uint32_t call = talk(r);
	uint32_t consulted = consult(r, call);
	struct ref ref;

	rig_complete(r, call, &r->lb, &r->lc, &ref);
	r->c->autos = AUTO_REINVITE;
	rig_pass(r, 33000);
	(void)rig_outcome(r, ref.id, OUTCOME_NO_ANSWER);
	(void)rig_call_is(r, consulted, CALL_TALKING);
	wire_assert(rig_call_now(r, call)->state == CALL_HELD);
}

/* The hold of C is refused: REFER goes out all the same (C5) */
static void c_cannot_be_held(struct rig *r)
{
	uint32_t call = talk(r);
	uint32_t consulted = consult(r, call);
	const struct sipmsg *m;
	struct ref ref;
	uint32_t id = rig_req(r, REQ_COMPLETE, call, NULL);

	m = peer_expect(r->c, "INVITE");
	peer_reply(r->c, m, 488, "Not Acceptable Here", NULL);
	(void)peer_expect(r->c, "ACK");
	ref_take(&r->lb, &ref, id);
	accepted(&r->lb, &ref);
	c_leaves(r, consulted);
	ref_notify(&r->lb, &ref, 200, "OK", TERMINATED);
	rig_goes_well(r, call, &ref);
}

/* ---- E41
 * ---------------------------------------------------------------------- */

static void e41(struct rig *r)
{
	uint32_t call = talk(r);
	struct request req = {.type = REQ_JOIN, .id = call};
	struct refto rt;
	struct ref ref;

	r->b->autos = r->c->autos = AUTO_REINVITE;
	rig_req(r, REQ_HOLD, call, NULL);
	(void)rig_call_is(r, call, CALL_HELD);
	req.id2 = rig_call_in(r, r->c, &r->lc, NULL);
	ref_take(&r->lb, &ref, rig_do(r, &req));
	/* C's own tag is the one in its From */
	refto_parse(&rt, ref.m);
	wire_assert(!strcmp(rt.callid, r->lc.callid));
	wire_assert(!strcmp(rt.to_tag, r->lc.ltag));
	wire_assert(!strcmp(rt.from_tag, r->lc.rtag));
	accepted(&r->lb, &ref);
	c_leaves(r, req.id2);
	ref_notify(&r->lb, &ref, 200, "OK", TERMINATED);
	rig_goes_well(r, call, &ref);
}

/* Both called us */
static void e41_both_came_in(struct rig *r)
{
	struct request req = {.type = REQ_JOIN};
	struct refto rt;
	struct ref ref;

	r->b->autos = r->c->autos = AUTO_REINVITE;
	req.id = rig_call_in(r, r->b, &r->lb, NULL);
	rig_req(r, REQ_HOLD, req.id, NULL);
	(void)rig_call_is(r, req.id, CALL_HELD);
	req.id2 = rig_call_in(r, r->c, &r->lc, NULL);
	ref_take(&r->lb, &ref, rig_do(r, &req));
	refto_parse(&rt, ref.m);
	wire_assert(!strcmp(rt.callid, r->lc.callid));
	wire_assert(!strcmp(rt.to_tag, r->lc.ltag));
	wire_assert(!strcmp(rt.from_tag, r->lc.rtag));
	wire_assert(!strcmp(ref.m->callid, r->lb.callid));
	wire_assert(!strcmp(ref.m->from_tag, r->lb.rtag));
	accepted(&r->lb, &ref);
	c_leaves(r, req.id2);
	ref_notify(&r->lb, &ref, 200, "OK", TERMINATED);
	rig_goes_well(r, req.id, &ref);
}

static void join_refused(struct rig *r)
{
	uint32_t call = talk(r);
	struct request req = {.type = REQ_JOIN, .id = call, .id2 = call};
	const struct sipmsg *m;

	wire_assert(rig_refused(r, &req) == EINVAL);
	req.id2 = 999;
	wire_assert(rig_refused(r, &req) == ENOENT);
	req.id2 = rig_req(r, REQ_DIAL, 0, dialled(r));
	m = peer_expect(r->c, "INVITE");
	peer_reply(r->c, m, 180, "Ringing", NULL);
	(void)rig_call_is(r, req.id2, CALL_RINGING);
	wire_assert(rig_refused(r, &req) != 0);
	peer_reply(r->c, m, 486, "Busy Here", NULL);
	(void)rig_call_is(r, req.id2, CALL_ENDED);
	rig_sync(r);
	peer_none(r->b, "INVITE");
	peer_none(r->b, "REFER");
	wire_assert(rig_req_refused(r, REQ_COMPLETE, call, NULL) != 0);
	wire_assert(rig_req_refused(r, REQ_SWAP, call, NULL) != 0);
	rig_call_alive(r, call);
}

/* ---- E42: how C is named
 * --------------------------------------------------------- */

static void contact_form(struct rig *r, const char *contact, bool use_contact,
			 bool routed)
{
	uint32_t call = talk(r);
	char extra[600], value[300];
	struct call_prm prm = {
		.uri = dialled(r), .contact = value, .extra = extra};
	struct ref ref;
	uint32_t consulted;

	snprintf(value, sizeof(value), "<%s>", contact);
	snprintf(extra, sizeof(extra), "%sSupported: replaces\r\n", PLAIN);
	if (routed)
		snprintf(extra + strlen(extra), sizeof(extra) - strlen(extra),
			 "Record-Route: <sip:%s:%u;lr>\r\n", r->c->host,
			 r->c->port);
	consulted = rig_consult_up(r, call, &r->lb, r->c, &r->lc, &prm);
	rig_complete(r, call, &r->lb, &r->lc, &ref);
	if (use_contact)
		check_replaces(&ref, &r->lc, contact, false);
	else
		check_replaces(&ref, &r->lc, dialled(r), true);
	accepted(&r->lb, &ref);
	c_leaves(r, consulted);
	ref_notify(&r->lb, &ref, 200, "OK", TERMINATED);
	rig_goes_well(r, call, &ref);
}

static void e42_nat(struct rig *r)
{
	contact_form(r, "sip:c@192.168.1.5:5062", false, true);
}

static void e42_invalid(struct rig *r)
{
	contact_form(r, "sip:k7bd@3k8s9d2.invalid;transport=ws", false, true);
}

static void e42_gruu(struct rig *r)
{
	char contact[300];

	snprintf(contact, sizeof(contact), "%s;gr=urn:uuid:f81d",
		 peer_uri(r->c, "c"));
	contact_form(r, contact, true, false);
}

static void e42_public(struct rig *r)
{
	contact_form(r, "sip:c@203.0.113.7:5060", true, true);
}

/* A Call-ID and tags full of what must be escaped */
static void odd_dialog_ids(struct rig *r)
{
	uint32_t call = talk(r);
	struct request req = {.type = REQ_JOIN, .id = call};
	struct ref ref;
	uint32_t n;

	r->b->autos = r->c->autos = AUTO_REINVITE;
	rig_req(r, REQ_HOLD, call, NULL);
	(void)rig_call_is(r, call, CALL_HELD);
	leg_to(&r->lc, r->c, rig_uri(r, "cordpair", "udp:"));
	snprintf(r->lc.callid, sizeof(r->lc.callid),
		 "a%%b+c*d/e\"f{g}@h<i>?[j]:");
	snprintf(r->lc.ltag, sizeof(r->lc.ltag), "t+%%41!'`~.");
	n = leg_invite(&r->lc, NULL, "sendrecv");
	req.id2 = rig_incoming(r)->id;
	rig_req(r, REQ_ANSWER, req.id2, NULL);
	leg_learn(&r->lc, peer_expect_answer(r->c, "INVITE", n, 200));
	leg_ack(&r->lc);
	(void)rig_call_is(r, req.id2, CALL_TALKING);
	ref_take(&r->lb, &ref, rig_do(r, &req));
	{
		struct refto rt;

		refto_parse(&rt, ref.m);
		if (strcmp(rt.callid, r->lc.callid))
			wire_fail("Call-ID %s became %s", r->lc.callid,
				  rt.callid);
		wire_assert(!strcmp(rt.to_tag, r->lc.ltag));
	}
	accepted(&r->lb, &ref);
	c_leaves(r, req.id2);
	ref_notify(&r->lb, &ref, 200, "OK", TERMINATED);
	rig_goes_well(r, call, &ref);
}

/* ---- what the attendant does meanwhile
 * ---------------------------------------------- */

static void swap(struct rig *r)
{
	uint32_t call = talk(r);
	uint32_t consulted = consult(r, call);
	const struct sipmsg *m;

	rig_req(r, REQ_SWAP, call, NULL);
	m = peer_expect(r->c, "INVITE");
	wire_assert(!strcmp(sdp_dir(m), "sendonly") ||
		    !strcmp(sdp_dir(m), "inactive"));
	rig_sync(r);
	peer_none(r->b, "INVITE"); /* never both at once */
	r->lc.ack_cseq = m->cseq;
	leg_reply(&r->lc, m, 200, "OK", "recvonly");
	leg_expect_resume(&r->lb);
	(void)rig_call_is(r, call, CALL_TALKING);
	(void)rig_call_is(r, consulted, CALL_HELD);
	rig_sync(r);
	says(r, 1, "You talk to the caller; charly is on hold");
	/* and back, named by the other call */
	rig_req(r, REQ_SWAP, consulted, NULL);
	leg_expect_hold(&r->lb);
	leg_expect_resume(&r->lc);
	(void)rig_call_is(r, call, CALL_HELD);
	(void)rig_call_is(r, consulted, CALL_TALKING);
}

/* Who cannot be held is talked to still, and that is what is told */
static void swap_refused(struct rig *r)
{
	uint32_t call = talk(r);
	uint32_t consulted = consult(r, call);
	const struct sipmsg *m;

	rig_req(r, REQ_SWAP, call, NULL);
	m = peer_expect(r->c, "INVITE");
	rig_sync(r);
	wire_assert(!told(r, 1, "You talk to the caller"));
	peer_reply(r->c, m, 488, "Not Acceptable Here", NULL);
	(void)peer_expect(r->c, "ACK");
	rig_sync(r);
	says(r, 1, "The target cannot be held (488); not swapped");
	wire_assert(!told(r, 1, "You talk to the caller"));
	wire_assert(rig_call_now(r, call)->state == CALL_HELD);
	wire_assert(rig_call_now(r, consulted)->state == CALL_TALKING);
	peer_none(r->b, "INVITE");
}

static void swap_half_refused(struct rig *r)
{
	uint32_t call = talk(r);
	uint32_t consulted = consult(r, call);
	const struct sipmsg *m;

	rig_req(r, REQ_SWAP, call, NULL);
	leg_expect_hold(&r->lc);
	m = peer_expect(r->b, "INVITE");
	peer_reply(r->b, m, 488, "Not Acceptable Here", NULL);
	(void)peer_expect(r->b, "ACK");
	rig_sync(r);
	says(r, 1, "The caller cannot be resumed (488); both are on hold");
	wire_assert(!told(r, 1, "You talk to the caller"));
	wire_assert(rig_call_now(r, call)->state == CALL_HELD);
	wire_assert(rig_call_now(r, consulted)->state == CALL_HELD);
}

/* Twice at once: in the end one of them is talked to, never both */
static void swap_twice(struct rig *r)
{
	uint32_t call = talk(r);
	uint32_t consulted = consult(r, call);
	const struct sipmsg *m;

	rig_req(r, REQ_SWAP, call, NULL);
	rig_req(r, REQ_SWAP, call, NULL);
	m = peer_expect(r->c, "INVITE");
	r->lc.ack_cseq = m->cseq;
	r->b->autos = r->c->autos = AUTO_REINVITE;
	leg_reply(&r->lc, m, 200, "OK", "recvonly");
	rig_pass(r, 1000);
	wire_assert(
		(rig_call_now(r, call)->state == CALL_TALKING) +
			(rig_call_now(r, consulted)->state == CALL_TALKING) ==
		1);
}

static void takeback(struct rig *r)
{
	uint32_t call = talk(r);
	uint32_t consulted = consult(r, call);

	rig_req(r, REQ_TAKEBACK, call, NULL);
	leg_expect_bye(&r->lc, 200);
	leg_expect_resume(&r->lb);
	(void)rig_call_is(r, consulted, CALL_ENDED);
	(void)rig_call_is(r, call, CALL_TALKING);
	rig_call_alive(r, call);
}

static void takeback_while_ringing(struct rig *r)
{
	uint32_t call = talk(r);
	uint32_t consulted = ringing(r, call);
	const struct sipmsg *m;

	rig_req(r, REQ_TAKEBACK, call, NULL);
	m = peer_expect(r->c, "CANCEL");
	peer_reply(r->c, m, 200, "OK", NULL);
	peer_reply_body(r->c, r->lc.invite, 487, "Request Terminated",
			r->lc.ltag, NULL, NULL, NULL, 0);
	(void)peer_expect(r->c, "ACK");
	leg_expect_resume(&r->lb);
	(void)rig_call_is(r, consulted, CALL_ENDED);
	(void)rig_call_is(r, call, CALL_TALKING);
	rig_call_alive(r, call);
}

/* transfer N TARGET with a consult call named is the same as complete */
static void transfer_with_a_second_call(struct rig *r)
{
	uint32_t call = talk(r);
	uint32_t consulted = consult(r, call);
	struct request req = {
		.type = REQ_TRANSFER, .id = call, .id2 = consulted};
	struct ref ref;

	r->c->autos = AUTO_REINVITE;
	ref_take(&r->lb, &ref, rig_do(r, &req));
	check_first(r, &ref);
	accepted(&r->lb, &ref);
	c_leaves(r, consulted);
	ref_notify(&r->lb, &ref, 200, "OK", TERMINATED);
	rig_goes_well(r, call, &ref);
}

/* clang-format off */
static const struct wcase cases[] = {
	{"X1 basic transfer, new dialog", x1, 0},
	{"X2 basic transfer, dialog reuse", x2, 0},
	{"X3 target busy", x3, 0},
	{"X4 target does not answer", x4, 0},
	{"X5 consultation, target exposed", x5, 0},
	{"X6 consultation, REFER to the target", x6, 0},
	{"X7 attended transfer", x7, 0},
	{"X7 attended transfer with an account", x7, RIG_ACCOUNT},
	{"X7 attended transfer over TCP", x7, RIG_TCP},
	{"X7 attended transfer over IPv6", x7, RIG_V6},
	{"X6 the caller's Allow lacks REFER", x6_known_beforehand, 0},
	{"X6 the same, with an account", x6_known_beforehand, RIG_ACCOUNT},
	{"X6 the same, and the target cannot replace", x6_not_possible, 0},
	{"X8 one side lacks REFER", x8, 0},
	{"X8 neither side has REFER", x8_neither, 0},
	{"X9 X10 the address fails, the Contact works", x10, RIG_ACCOUNT},
	{"X10 the Contact fails, the address works", x10, 0},
	{"X10 both fail", x10_both_fail, 0},
	{"X10 both fail, with an account", x10_both_fail, RIG_ACCOUNT},
	{"X11 semi-attended: completes when C answers", x11, 0},
	{"X11 semi-attended: C is busy", x11_c_does_not_answer, 0},
	{"X11 semi-attended: B leaves", x11_b_leaves, 0},
	{"X12 CANCEL, 487, then blind", x12, 0},
	{"X12 by command", x12_by_command, 0},
	{"X12 by command, another target", x12_other_target, 0},
	{"X13 CANCEL crosses the 200", x13, 0},
	{"X13 by command: it is replaced", x13_by_command, 0},
	{"X13 by command, then taken back", x13_taken_back, 0},
	{"X13 by command, B leaves", x13_b_leaves, 0},
	{"X14 X15 target without Replaces", x14, 0},
	{"X16 Referred-By", x16, 0},
	{"E36 C refuses", e36_refuses, 0},
	{"E36 C refuses, the caller stays on hold", e36_kept_on_hold, RIG_KEEP},
	{"E36 C does not answer", e36_does_not_answer, 0},
	{"E36 CANCEL and 200 cross", e36_cancel_and_200_cross, 0},
	{"E36 the caller cannot be held", e36_hold_refused, 0},
	{"E36 491 to the hold", e36_hold_491, 0},
	{"5.3 2xx, both up", verdict_0, 0},
	{"E37 2xx, C gone first", verdict_1, 0},
	{"E38 2xx, B gone", verdict_2, 0},
	{"E39 2xx, both gone", verdict_3, 0},
	{"E40 486, both up: both restored", verdict_4, 0},
	{"E37 486, C gone", verdict_5, 0},
	{"E38 486, B gone", verdict_6, 0},
	{"E39 486, both gone", verdict_7, 0},
	{"E39 no final NOTIFY, both gone", verdict_8, 0},
	{"E37 no final NOTIFY, C gone", verdict_9, 0},
	{"E38 B gone, late 2xx", e38_late_success, 0},
	{"E38 B gone, nothing more", e38_no_success, 0},
	{"E38 B leaves during the consultation", e38_b_leaves_during_consultation, 0},
	{"E38 B leaves while C rings", e38_b_leaves_while_c_rings, 0},
	{"C leaves during the consultation", c_leaves_during_consultation, 0},
	{"C leaves, the caller stays on hold", c_leaves_and_nobody_is_resumed, RIG_KEEP},
	{"5.2 C gone and failed: in words", c_gone_and_failed, 0},
	{"TM of a consultation warns at 30 s", no_result_for_long, 0},
	{"retry-after in a consultation", try_again_later, 0},
	{"E40 unhold gets 491", e40, 0},
	{"E40 failed, then takeback", e40_then_takeback, 0},
	{"E40 failed, then swap", e40_then_swap, 0},
	{"E40 REFER refused", e40_rejected, 0},
	{"E40 REFER unanswered", e40_unanswered, 0},
	{"C cannot be held", c_cannot_be_held, 0},
	{"E41 the consult call came in", e41, 0},
	{"E41 both calls came in", e41_both_came_in, 0},
	{"join: what is refused", join_refused, 0},
	{"E42 Contact behind NAT", e42_nat, RIG_ACCOUNT},
	{"E42 Contact .invalid", e42_invalid, RIG_ACCOUNT},
	{"E42 Contact with gr", e42_gruu, RIG_ACCOUNT},
	{"E42 Contact with gr, no account", e42_gruu, 0},
	{"E42 Contact public, no account", e42_public, 0},
	{"E42 Contact public", e42_public, RIG_ACCOUNT},
	{"G24 odd Call-ID and tags", odd_dialog_ids, 0},
	{"swap", swap, 0},
	{"swap: the hold is refused", swap_refused, 0},
	{"swap: the resume is refused", swap_half_refused, 0},
	{"swap twice at once", swap_twice, 0},
	{"takeback", takeback, 0},
	{"takeback while C rings", takeback_while_ringing, 0},
	{"transfer with a second call", transfer_with_a_second_call, 0},
};
/* clang-format on */

WIRE_MAIN("consult", cases)
