/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One blind transfer, and what peers make of it: E01-E16, and what a REFER
 * must look like (RFC 3515, 3892). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "tests/wire/rig.h"

#define TRYING "SIP/2.0 100 Trying\r\n"
#define RINGING "SIP/2.0 180 Ringing\r\n"
#define OK "SIP/2.0 200 OK\r\n"

static const char *target(struct rig *r)
{
	return peer_uri(r->c, "target");
}

static void the_refer_itself(struct rig *r)
{
	uint32_t call = rig_call_up(r, r->b, &r->lb);
	const struct sipmsg *m;
	struct ref ref;
	char aor[256], by[256];

	rig_refer(r, call, &r->lb, "sip:1,2;x=3@h;user=phone", &ref);
	m = ref.m;
	wire_assert(sipmsg_count(m, "Refer-To") == 1);
	wire_assert(!strcmp(sipmsg_hdr(m, "Refer-To"),
			    "<sip:1,2;x=3@h;user=phone>"));
	wire_assert(sipmsg_count(m, "Contact") == 1);
	wire_assert(!strcmp(sipmsg_hdr(m, "Contact"),
			    sipmsg_hdr(r->lb.invite, "Contact")));
	wire_assert(sipmsg_count(m, "Referred-By") == 1);
	sip_addr_uri(by, sizeof(by), sipmsg_hdr(m, "Referred-By"));
	sip_addr_uri(aor, sizeof(aor), sipmsg_hdr(r->lb.invite, "From"));
	wire_assert(!strcmp(by, aor));
	wire_assert(sipmsg_hdr(m, "Referred-By")[0] == '<');
	wire_assert(sipmsg_count(m, "Max-Forwards") == 1);
	/* in the dialog: its tags, its target, a higher CSeq */
	wire_assert(!strcmp(m->callid, r->lb.callid));
	wire_assert(!strcmp(m->to_tag, r->lb.ltag));
	wire_assert(!strcmp(m->from_tag, r->lb.rtag));
	wire_assert(!strcmp(m->uri, peer_uri(r->b, "b")));
	wire_assert(m->cseq > r->lb.invite->cseq);
	(void)rig_transfer(r, ref.id, REFER_REQUESTED, SUB_NONE, OUTCOME_NONE,
			   ANY);
	ref_reply(&r->lb, &ref, 202, "Accepted", NULL);
	(void)rig_transfer(r, ref.id, REFER_ACCEPTED, SUB_WAIT, OUTCOME_NONE,
			   202);
	ref_notify(&r->lb, &ref, 100, "Trying", ACTIVE);
	(void)rig_transfer(r, ref.id, REFER_TRYING, SUB_ACTIVE, OUTCOME_NONE,
			   100);
	ref_notify(&r->lb, &ref, 180, "Ringing", ACTIVE);
	(void)rig_transfer(r, ref.id, REFER_ALERTED, SUB_ACTIVE, OUTCOME_NONE,
			   180);
	ref_notify(&r->lb, &ref, 200, "OK", TERMINATED);
	(void)rig_transfer(r, ref.id, REFER_SUCCEEDED, SUB_CLOSED, ANY, 200);
	rig_goes_well(r, call, &ref);
}

static void without_holding_first(struct rig *r)
{
	uint32_t call = rig_call_up(r, r->b, &r->lb);
	struct request req = {
		.type = REQ_TRANSFER, .id = call, .flags = TRANSFER_NO_HOLD};
	struct ref ref;

	snprintf(req.u.text, sizeof(req.u.text), "%s", target(r));
	ref_take(&r->lb, &ref, rig_do(r, &req));
	peer_none(r->b, "INVITE");
	ref_reply(&r->lb, &ref, 202, "Accepted", NULL);
	ref_notify(&r->lb, &ref, 200, "OK", TERMINATED);
	rig_goes_well(r, call, &ref);
}

static void refer_waits_for_the_end_of_the_hold(struct rig *r)
{
	uint32_t call = rig_call_up(r, r->b, &r->lb);
	const struct sipmsg *m;
	struct ref ref;
	uint32_t id = rig_req(r, REQ_TRANSFER, call, target(r));

	m = peer_expect(r->b, "INVITE");
	rig_sync(r);
	peer_none(r->b, "REFER");
	leg_reply(&r->lb, m, 100, "Trying", NULL);
	rig_sync(r);
	peer_none(r->b, "REFER");
	r->lb.ack_cseq = m->cseq;
	leg_reply(&r->lb, m, 200, "OK", "recvonly");
	ref_take(&r->lb, &ref, id);
	ref_reply(&r->lb, &ref, 202, "Accepted", NULL);
	ref_notify(&r->lb, &ref, 200, "OK", TERMINATED);
	rig_goes_well(r, call, &ref);
}

static void refer_goes_out_though_the_hold_was_refused(struct rig *r)
{
	uint32_t call = rig_call_up(r, r->b, &r->lb);
	uint32_t id = rig_req(r, REQ_TRANSFER, call, target(r));
	const struct sipmsg *m = peer_expect(r->b, "INVITE");
	struct ref ref;

	peer_reply(r->b, m, 488, "Not Acceptable Here", NULL);
	(void)peer_expect(r->b, "ACK");
	ref_take(&r->lb, &ref, id);
	ref_reply(&r->lb, &ref, 202, "Accepted", NULL);
	ref_notify(&r->lb, &ref, 200, "OK", TERMINATED);
	rig_goes_well(r, call, &ref);
}

static void e01(struct rig *r)
{
	uint32_t call = rig_call_up(r, r->b, &r->lb);
	struct ref ref;

	rig_refer(r, call, &r->lb, target(r), &ref);
	ref_notify(&r->lb, &ref, 100, "Trying", ACTIVE);
	(void)rig_transfer(r, ref.id, REFER_TRYING, SUB_ACTIVE, OUTCOME_NONE,
			   100);
	ref_notify(&r->lb, &ref, 200, "OK", TERMINATED);
	ref_reply(&r->lb, &ref, 202, "Accepted", NULL);
	(void)rig_transfer(r, ref.id, REFER_SUCCEEDED, ANY, ANY, 200);
	rig_goes_well(r, call, &ref);
}

/* The NOTIFY wins over an error that comes behind it (G01) */
static void e01_error_after_notify(struct rig *r)
{
	uint32_t call = rig_call_up(r, r->b, &r->lb);
	struct ref ref;

	rig_refer(r, call, &r->lb, target(r), &ref);
	ref_notify(&r->lb, &ref, 100, "Trying", ACTIVE);
	ref_reply(&r->lb, &ref, 500, "Confused", NULL);
	rig_sync(r);
	wire_assert(!rig_has_outcome(r, ref.id));
	ref_notify(&r->lb, &ref, 200, "OK", TERMINATED);
	rig_goes_well(r, call, &ref);
}

static void e02(struct rig *r)
{
	uint32_t call = rig_call_up(r, r->b, &r->lb);
	struct ref ref;

	r->b->autos = AUTO_REINVITE;
	rig_refer_202(r, call, &r->lb, target(r), &ref);
	rig_pass(r, 31000);
	wire_assert(!rig_has_outcome(r, ref.id));
	rig_pass(r, 1500);
	(void)rig_transfer(r, ref.id, REFER_ACCEPTED, SUB_CLOSED,
			   OUTCOME_NO_REPORTS, ANY);
	peer_none(r->b, "SUBSCRIBE");
	rig_call_alive(r, call);
}

static void e03(struct rig *r)
{
	uint32_t call = rig_call_up(r, r->b, &r->lb);
	struct ref ref;

	rig_refer(r, call, &r->lb, target(r), &ref);
	ref_reply(&r->lb, &ref, 200, "OK", NULL);
	(void)rig_transfer(r, ref.id, REFER_ACCEPTED, SUB_WAIT, OUTCOME_NONE,
			   200);
	ref_notify(&r->lb, &ref, 100, "Trying", ACTIVE);
	ref_notify(&r->lb, &ref, 200, "OK", TERMINATED);
	rig_goes_well(r, call, &ref);
}

static void e04(struct rig *r)
{
	uint32_t call = rig_call_up(r, r->b, &r->lb);
	struct ref ref;

	r->b->autos = AUTO_REINVITE;
	rig_refer_202(r, call, &r->lb, target(r), &ref);
	ref_notify(&r->lb, &ref, 100, "Trying", TERMINATED);
	(void)rig_transfer(r, ref.id, REFER_TRYING, SUB_CLOSED, ANY, 100);
	rig_pass(r, 5000);
	(void)rig_outcome(r, ref.id, OUTCOME_UNKNOWN);
	peer_none(r->b, "SUBSCRIBE");
	rig_call_alive(r, call);
}

static void e05(struct rig *r)
{
	uint32_t call = rig_call_up(r, r->b, &r->lb);
	struct ref ref;

	rig_refer_202(r, call, &r->lb, target(r), &ref);
	ref_notify(&r->lb, &ref, 200, "OK", TERMINATED);
	(void)rig_transfer(r, ref.id, REFER_SUCCEEDED, SUB_CLOSED, ANY, 200);
	rig_goes_well(r, call, &ref);
}

static void e06(struct rig *r)
{
	uint32_t call = rig_call_up(r, r->b, &r->lb);
	const struct sipmsg *m;
	struct ref ref;

	rig_refer_202(r, call, &r->lb, target(r), &ref);
	ref_notify(&r->lb, &ref, 200, "OK", ACTIVE);
	(void)rig_transfer(r, ref.id, REFER_SUCCEEDED, ANY, ANY, 200);
	leg_expect_bye(&r->lb, 200);
	rig_pass(r, 4500);
	peer_none(r->b, "SUBSCRIBE");
	rig_pass(r, 1000);
	m = peer_expect(r->b, "SUBSCRIBE");
	wire_assert(!strcmp(sipmsg_hdr(m, "Expires"), "0"));
	wire_assert(!strcasecmp(sipmsg_hdr(m, "Event"), ref.event));
	wire_assert(!strcmp(m->callid, r->lb.callid));
	peer_reply(r->b, m, 200, "OK", "Expires: 0\r\n");
	ref_notify(&r->lb, &ref, 200, "OK", TERMINATED);
	(void)rig_outcome(r, ref.id, OUTCOME_SUCCEEDED);
	(void)rig_call_is(r, call, CALL_ENDED);
	rig_pass(r, 40000);
	peer_none(r->b, "SUBSCRIBE");
}

/* The same, but the peer ends the subscription by itself in time */
static void e06_ended_in_time(struct rig *r)
{
	uint32_t call = rig_call_up(r, r->b, &r->lb);
	struct ref ref;

	rig_refer_202(r, call, &r->lb, target(r), &ref);
	ref_notify(&r->lb, &ref, 200, "OK", ACTIVE);
	leg_expect_bye(&r->lb, 200);
	rig_pass(r, 3000);
	ref_notify(&r->lb, &ref, 200, "OK", TERMINATED);
	(void)rig_outcome(r, ref.id, OUTCOME_SUCCEEDED);
	rig_pass(r, 40000);
	peer_none(r->b, "SUBSCRIBE");
	(void)rig_call_is(r, call, CALL_ENDED);
}

static void e07_not_asked(struct rig *r)
{
	static const char *const reasons[] = {"deactivated", "timeout",
					      "noresource", "invariant"};
	uint32_t call = rig_call_up(r, r->b, &r->lb);
	const struct transfer_info *t;
	char state[64];
	struct ref ref;

	r->b->autos = AUTO_REINVITE;
	for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++) {
		(void)rig_call_is(r, call, CALL_TALKING);
		rig_req(r, REQ_HOLD, call, NULL);
		(void)rig_call_is(r, call, CALL_HELD);
		rig_refer_202(r, call, &r->lb, target(r), &ref);
		ref_notify(&r->lb, &ref, 100, "Trying", ACTIVE);
		snprintf(state, sizeof(state), "terminated;reason=%s",
			 reasons[i]);
		ref_notify(&r->lb, &ref, 0, "", state);
		rig_pass(r, 5000);
		t = rig_outcome(r, ref.id, OUTCOME_UNKNOWN);
		wire_assert(t->state == REFER_TRYING);
		wire_assert(t->sub == SUB_CLOSED);
		if (rig_call_now(r, call)->state == CALL_HELD)
			rig_req(r, REQ_RESUME, call, NULL);
	}
	peer_none(r->b, "SUBSCRIBE");
	(void)rig_call_is(r, call, CALL_TALKING);
	rig_call_alive(r, call);
}

static void e07_rejected(struct rig *r)
{
	uint32_t call = rig_call_up(r, r->b, &r->lb);
	struct ref ref;

	rig_refer_202(r, call, &r->lb, target(r), &ref);
	ref_notify(&r->lb, &ref, 100, "Trying", "pending;expires=60");
	(void)rig_transfer(r, ref.id, REFER_TRYING, ANY, OUTCOME_NONE, 100);
	ref_notify(&r->lb, &ref, 0, "", "terminated;reason=rejected");
	leg_expect_resume(&r->lb);
	(void)rig_outcome(r, ref.id, OUTCOME_FAILED);
	(void)rig_call_is(r, call, CALL_TALKING);
	rig_call_alive(r, call);
}

static void e07_after_unsubscribe(struct rig *r)
{
	uint32_t call = rig_call_up(r, r->b, &r->lb);
	const struct sipmsg *m;
	const struct transfer_info *t;
	struct ref ref;

	rig_refer_202(r, call, &r->lb, target(r), &ref);
	ref_notify(&r->lb, &ref, 180, "Ringing", ACTIVE);
	(void)rig_transfer(r, ref.id, REFER_ALERTED, ANY, ANY, 180);
	rig_req(r, REQ_UNWATCH, call, NULL);
	m = peer_expect(r->b, "SUBSCRIBE");
	wire_assert(!strcmp(sipmsg_hdr(m, "Expires"), "0"));
	wire_assert(!strcasecmp(sipmsg_hdr(m, "Event"), ref.event));
	peer_reply(r->b, m, 200, "OK", "Expires: 0\r\n");
	ref_notify(&r->lb, &ref, 0, "", "terminated;reason=timeout");
	t = rig_outcome(r, ref.id, OUTCOME_STOPPED);
	wire_assert(t->state == REFER_ALERTED);
	wire_assert(t->code == 180);
	wire_assert(t->sub == SUB_CLOSED);
	rig_call_alive(r, call);
}

static void e08(struct rig *r)
{
	uint32_t call = rig_call_up(r, r->b, &r->lb);
	struct ref ref;

	rig_refer_202(r, call, &r->lb, target(r), &ref);
	leg_notify_ok(&r->lb, ref.event, NULL, TRYING);
	(void)rig_transfer(r, ref.id, REFER_TRYING, SUB_ACTIVE, OUTCOME_NONE,
			   100);
	leg_notify_ok(&r->lb, ref.event, NULL, RINGING);
	(void)rig_transfer(r, ref.id, REFER_ALERTED, SUB_ACTIVE, OUTCOME_NONE,
			   180);
	leg_notify_ok(&r->lb, ref.event, NULL, OK);
	(void)rig_transfer(r, ref.id, REFER_SUCCEEDED, SUB_CLOSED, ANY, 200);
	rig_goes_well(r, call, &ref);
}

static void e09(struct rig *r)
{
	uint32_t call = rig_call_up(r, r->b, &r->lb);
	struct ref ref;

	rig_refer_202(r, call, &r->lb, target(r), &ref);
	leg_notify_ok(&r->lb, NULL, ACTIVE, TRYING);
	(void)rig_transfer(r, ref.id, REFER_TRYING, SUB_ACTIVE, OUTCOME_NONE,
			   100);
	leg_notify_ok(&r->lb, NULL, TERMINATED, OK);
	(void)rig_transfer(r, ref.id, REFER_SUCCEEDED, SUB_CLOSED, ANY, 200);
	rig_goes_well(r, call, &ref);
}

static void e10(struct rig *r)
{
	static const char *const forms[] = {
		"Refer",           "refer ; id=1",   "REFER",
		"refer;ID=%u",     "refer;id=%u",    " refer ;id = %u",
		"refer;x=y;id=%u", "refer;id=77777",
	};
	uint32_t call = rig_call_up(r, r->b, &r->lb);
	struct ref ref;

	r->b->autos = AUTO_REINVITE;
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		char event[64];
		const char *u = strstr(forms[i], "%u");

		snprintf(event, sizeof(event), "%.*s",
			 (int)(u ? u - forms[i] : (long)strlen(forms[i])),
			 forms[i]);
		rig_req(r, REQ_HOLD, call, NULL);
		(void)rig_call_is(r, call, CALL_HELD);
		rig_refer_202(r, call, &r->lb, target(r), &ref);
		if (u)
			snprintf(event + strlen(event),
				 sizeof(event) - strlen(event), "%u",
				 ref.m->cseq);
		leg_notify_ok(&r->lb, event, ACTIVE, TRYING);
		(void)rig_transfer(r, ref.id, REFER_TRYING, SUB_ACTIVE,
				   OUTCOME_NONE, 100);
		leg_notify_ok(&r->lb, event, TERMINATED,
			      "SIP/2.0 486 Busy Here\r\n");
		(void)rig_transfer(r, ref.id, REFER_FAILED, SUB_CLOSED, ANY,
				   486);
		(void)rig_outcome(r, ref.id, OUTCOME_FAILED);
		(void)rig_call_is(r, call, CALL_TALKING);
	}
	rig_call_alive(r, call);
}

struct body {
	const char *name;
	const char *ctype;
	const char *body;
	unsigned code; /* 0: says nothing */
};

/* clang-format off */
static const struct body bodies[] = {
	{"CRLF", "message/sipfrag;version=2.0", "SIP/2.0 180 Ringing\r\n", 180},
	{"LF", "message/sipfrag", "SIP/2.0 180 Ringing\n", 180},
	{"no line end", "message/sipfrag;version=2.0", "SIP/2.0 180 Ringing", 180},
	{"empty reason", "message/sipfrag", "SIP/2.0 180 \r\n", 180},
	{"no reason", "message/sipfrag", "SIP/2.0 180\r\n", 180},
	{"no reason, no line end", "message/sipfrag", "SIP/2.0 180", 180},
	{"headers", "message/sipfrag",
	 "SIP/2.0 180 Ringing\r\nTo: <sip:c@h>;tag=1\r\n\r\nbody", 180},
	{"blank lines first", "message/sipfrag", "\r\n\r\nSIP/2.0 180 Ringing\r\n", 180},
	{"small letters", "Message/SipFrag", "sip/2.0 180 ringing\r\n", 180},
	{"no type", NULL, "SIP/2.0 180 Ringing\r\n", 180},
	{"wrong type", "text/plain", "SIP/2.0 180 Ringing\r\n", 180},
	{"multipart", "multipart/mixed;boundary=xx",
	 "--xx\r\nContent-Type: message/sipfrag\r\n\r\nSIP/2.0 180 Ringing\r\n\r\n"
	 "--xx--\r\n", 180},
	{"no body", NULL, "", 0},
	{"a request line", "message/sipfrag", "INVITE sip:c@h SIP/2.0\r\n", 0},
	{"headers only", "message/sipfrag", "To: <sip:c@h>\r\n", 0},
	{"code 99", "message/sipfrag", "SIP/2.0 99 Low\r\n", 0},
	{"code 700", "message/sipfrag", "SIP/2.0 700 High\r\n", 0},
	{"code 2000", "message/sipfrag", "SIP/2.0 2000 OK\r\n", 0},
	{"rubbish", "message/sipfrag", "\x01\x02\xff\xfe%s%n", 0},
};
/* clang-format on */

static void e11(struct rig *r)
{
	uint32_t call = rig_call_up(r, r->b, &r->lb);
	struct ref ref;

	r->b->autos = AUTO_REINVITE;
	for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
		const struct body *b = &bodies[i];
		uint32_t cseq;

		ladder_add("     -- body: %s", b->name);
		rig_req(r, REQ_HOLD, call, NULL);
		(void)rig_call_is(r, call, CALL_HELD);
		rig_refer_202(r, call, &r->lb, target(r), &ref);
		ref_notify(&r->lb, &ref, 100, "Trying", ACTIVE);
		(void)rig_transfer(r, ref.id, REFER_TRYING, ANY, ANY, 100);
		cseq = leg_notify_body(&r->lb, ref.event, ACTIVE, b->ctype,
				       b->body, strlen(b->body));
		(void)peer_expect_answer(r->b, "NOTIFY", cseq, 200);
		if (b->code)
			(void)rig_transfer(r, ref.id, REFER_ALERTED, ANY, ANY,
					   (int)b->code);
		rig_sync(r);
		wire_assert(rig_transfer_now(r, ref.id)->state ==
			    (b->code ? REFER_ALERTED : REFER_TRYING));
		ref_notify(&r->lb, &ref, 486, "Busy Here", TERMINATED);
		(void)rig_outcome(r, ref.id, OUTCOME_FAILED);
		(void)rig_call_is(r, call, CALL_TALKING);
	}
	rig_call_alive(r, call);
}

/* How much of a body fits: libre reads 8 KiB a datagram and keeps at most
 * 64 KiB of a stream */
static void big_body(struct rig *r, size_t len)
{
	uint32_t call = rig_call_up(r, r->b, &r->lb);
	char *body = malloc(len + 1);
	struct ref ref;
	uint32_t cseq;

	if (!body)
		abort();
	memset(body, 'x', len);
	body[len] = '\0';
	memcpy(body, RINGING, strlen(RINGING));
	rig_refer_202(r, call, &r->lb, target(r), &ref);
	cseq = leg_notify_body(&r->lb, ref.event, ACTIVE, "message/sipfrag",
			       body, len);
	(void)peer_expect_answer(r->b, "NOTIFY", cseq, 200);
	(void)rig_transfer(r, ref.id, REFER_ALERTED, ANY, ANY, 180);
	free(body);
	ref_notify(&r->lb, &ref, 200, "OK", TERMINATED);
	rig_goes_well(r, call, &ref);
}

static void e11_big_udp(struct rig *r)
{
	big_body(r, 7000);
}

static void e11_big_tcp(struct rig *r)
{
	big_body(r, 64000);
}

static void e12(struct rig *r)
{
	uint32_t call = rig_call_up(r, r->b, &r->lb);
	struct ref ref;

	rig_refer_202(r, call, &r->lb, target(r), &ref);
	ref_notify(&r->lb, &ref, 100, "Trying", ACTIVE);
	leg_bye(&r->lb);
	(void)rig_call_is(r, call, CALL_ENDED);
	rig_pass(r, 1500);
	wire_assert(!rig_has_outcome(r, ref.id));
	ref_notify(&r->lb, &ref, 200, "OK", TERMINATED);
	(void)rig_transfer(r, ref.id, REFER_SUCCEEDED, SUB_CLOSED, ANY, 200);
	(void)rig_outcome(r, ref.id, OUTCOME_SUCCEEDED);
	rig_sync(r);
	peer_none(r->b, "BYE");
}

/* The BYE comes before any answer to the REFER */
static void e12_bye_before_the_answer(struct rig *r)
{
	uint32_t call = rig_call_up(r, r->b, &r->lb);
	struct ref ref;

	rig_refer(r, call, &r->lb, target(r), &ref);
	leg_bye(&r->lb);
	(void)rig_call_is(r, call, CALL_ENDED);
	ref_reply(&r->lb, &ref, 202, "Accepted", NULL);
	ref_notify(&r->lb, &ref, 200, "OK", TERMINATED);
	(void)rig_outcome(r, ref.id, OUTCOME_SUCCEEDED);
	peer_none(r->b, "BYE");
}

/* Nothing follows the BYE: judged by 5.3 after the grace time */
static void e12_bye_and_nothing(struct rig *r)
{
	static const struct {
		unsigned code;
		enum refer_state state;
	} last[] = {{0, REFER_ACCEPTED}, {180, REFER_ALERTED}};

	for (size_t i = 0; i < 2; i++) {
		uint32_t call = rig_call_up(r, r->b, &r->lb);
		const struct transfer_info *t;
		struct ref ref;

		rig_refer_202(r, call, &r->lb, target(r), &ref);
		if (last[i].code)
			ref_notify(&r->lb, &ref, last[i].code, "Ringing",
				   ACTIVE);
		leg_bye(&r->lb);
		(void)rig_call_is(r, call, CALL_ENDED);
		rig_pass(r, 1500);
		wire_assert(!rig_has_outcome(r, ref.id));
		rig_pass(r, 1000);
		t = rig_outcome(r, ref.id, OUTCOME_UNKNOWN);
		wire_assert(t->state == last[i].state);
		peer_none(r->b, "BYE");
	}
}

static void e13(struct rig *r)
{
	uint32_t call = rig_call_up(r, r->b, &r->lb);
	const struct sipmsg *m;
	struct ref ref;
	uint32_t n, b;

	rig_refer_202(r, call, &r->lb, target(r), &ref);
	n = leg_notify(&r->lb, ref.event, TERMINATED, OK);
	b = leg_request(&r->lb, "BYE", NULL, NULL, NULL);
	(void)peer_expect_answer(r->b, "NOTIFY", n, 200);
	/* our own BYE may have left between the two: then 481 is as good */
	m = peer_expect_final(r->b, "BYE", b);
	wire_assert(m->code == 200 || m->code == 481);
	(void)rig_call_is(r, call, CALL_ENDED);
	(void)rig_outcome(r, ref.id, OUTCOME_SUCCEEDED);
	rig_sync(r);
	m = peer_peek(r->b, "BYE");
	if (m)
		leg_expect_bye(&r->lb, 481);
	rig_sync(r);
}

/* The same the other way round: BYE overtakes the final NOTIFY (G05) */
static void e13_bye_first(struct rig *r)
{
	uint32_t call = rig_call_up(r, r->b, &r->lb);
	struct ref ref;
	uint32_t n, b;

	rig_refer_202(r, call, &r->lb, target(r), &ref);
	b = leg_request(&r->lb, "BYE", NULL, NULL, NULL);
	n = leg_notify(&r->lb, ref.event, TERMINATED, OK);
	(void)peer_expect_answer(r->b, "BYE", b, 200);
	(void)peer_expect_answer(r->b, "NOTIFY", n, 200);
	(void)rig_call_is(r, call, CALL_ENDED);
	(void)rig_outcome(r, ref.id, OUTCOME_SUCCEEDED);
	rig_sync(r);
	peer_none(r->b, "BYE");
}

static void e14(struct rig *r)
{
	uint32_t call = rig_call_up(r, r->b, &r->lb);
	const struct sipmsg *m;
	struct ref ref;
	uint32_t b;

	rig_refer_202(r, call, &r->lb, target(r), &ref);
	ref_notify(&r->lb, &ref, 200, "OK", TERMINATED);
	m = peer_expect(r->b, "BYE");
	b = leg_request(&r->lb, "BYE", NULL, NULL, NULL);
	peer_reply(r->b, m, 481, "Call/Transaction Does Not Exist", NULL);
	/* our dialog is over or not: both answers are right */
	m = peer_expect_final(r->b, "BYE", b);
	wire_assert(m->code == 200 || m->code == 481);
	(void)rig_outcome(r, ref.id, OUTCOME_SUCCEEDED);
	(void)rig_call_is(r, call, CALL_ENDED);
}

static void e15_released(struct rig *r)
{
	uint32_t call = rig_call_up(r, r->b, &r->lb);
	struct request req = {
		.type = REQ_TRANSFER, .id = call, .flags = TRANSFER_RELEASE};
	struct ref ref;

	snprintf(req.u.text, sizeof(req.u.text), "%s", target(r));
	ref.id = rig_do(r, &req);
	leg_expect_hold(&r->lb);
	ref_take(&r->lb, &ref, ref.id);
	ref_reply(&r->lb, &ref, 202, "Accepted", NULL);
	leg_expect_bye(&r->lb, 200);
	(void)rig_call_is(r, call, CALL_ENDED);
	rig_pass(r, 5000);
	wire_assert(!rig_has_outcome(r, ref.id));
	ref_notify(&r->lb, &ref, 200, "OK", TERMINATED);
	(void)rig_transfer(r, ref.id, REFER_SUCCEEDED, ANY, ANY, 200);
	(void)rig_outcome(r, ref.id, OUTCOME_SUCCEEDED);
	peer_none(r->b, "BYE");
}

static void e15_hung_up(struct rig *r)
{
	uint32_t call = rig_call_up(r, r->b, &r->lb);
	struct ref ref;

	rig_refer_202(r, call, &r->lb, target(r), &ref);
	ref_notify(&r->lb, &ref, 100, "Trying", ACTIVE);
	rig_req(r, REQ_HANGUP, call, NULL);
	leg_expect_bye(&r->lb, 200);
	(void)rig_call_is(r, call, CALL_ENDED);
	rig_pass(r, 5000);
	wire_assert(!rig_has_outcome(r, ref.id));
	ref_notify(&r->lb, &ref, 200, "OK", TERMINATED);
	(void)rig_outcome(r, ref.id, OUTCOME_SUCCEEDED);
}

static void e16(struct rig *r)
{
	uint32_t call = rig_call_up(r, r->b, &r->lb);
	struct ref ref;

	rig_refer_202(r, call, &r->lb, target(r), &ref);
	ref_notify(&r->lb, &ref, 180, "Ringing", ACTIVE);
	(void)rig_transfer(r, ref.id, REFER_ALERTED, ANY, ANY, 180);
	peer_reset(r->b);
	rig_sync(r);
	wire_assert(!rig_has_outcome(r, ref.id));
	wire_assert(rig_call_now(r, call)->state == CALL_HELD);
	/* on a new connection */
	r->lb.conn = peer_connect(r->b);
	ref_notify(&r->lb, &ref, 200, "OK", TERMINATED);
	(void)rig_transfer(r, ref.id, REFER_SUCCEEDED, ANY, ANY, 200);
	rig_goes_well(r, call, &ref);
}

/* The REFER is on its way when the connection dies */
static void e16_before_the_answer(struct rig *r)
{
	uint32_t call = rig_call_up(r, r->b, &r->lb);
	const struct transfer_info *t;
	struct ref ref;

	rig_refer(r, call, &r->lb, target(r), &ref);
	r->b->autos = AUTO_REINVITE;
	peer_reset(r->b);
	rig_pass(r, 33000);
	wire_assert(rig_has_outcome(r, ref.id));
	t = rig_transfer_now(r, ref.id);
	wire_assert(t->outcome == OUTCOME_NO_ANSWER ||
		    t->outcome == OUTCOME_NOT_SENT);
	wire_assert(t->state == REFER_FAILED_TO_SEND);
	rig_call_alive(r, call);
}

/* clang-format off */
static const struct wcase cases[] = {
	{"REFER: one Refer-To in <>, Contact, Referred-By, in the dialog", the_refer_itself, 0},
	{"REFER over TCP", the_refer_itself, RIG_TCP},
	{"REFER over IPv6", the_refer_itself, RIG_V6},
	{"REFER over TCP and IPv6", the_refer_itself, RIG_TCP | RIG_V6},
	{"no hold when told so", without_holding_first, 0},
	{"REFER waits for the end of the hold", refer_waits_for_the_end_of_the_hold, 0},
	{"a refused hold does not stop the REFER", refer_goes_out_though_the_hold_was_refused, 0},
	{"E01 NOTIFY 100 and 200 before the 202", e01, 0},
	{"E01 an error behind a NOTIFY does not count", e01_error_after_notify, 0},
	{"E02 202, then nothing for 32 s", e02, 0},
	{"E03 200 instead of 202", e03, 0},
	{"E04 a single NOTIFY terminated 100", e04, 0},
	{"E05 a single NOTIFY terminated 200", e05, 0},
	{"E06 200 but active, never terminated", e06, 0},
	{"E06 200 active, terminated in time", e06_ended_in_time, 0},
	{"E07 terminated without body, not asked", e07_not_asked, 0},
	{"E07 terminated;reason=rejected without body", e07_rejected, 0},
	{"E07 terminated without body after unsubscribing", e07_after_unsubscribe, 0},
	{"E08 no Subscription-State", e08, 0},
	{"E09 no Event", e09, 0},
	{"E10 Event in all spellings", e10, 0},
	{"E11 bodies", e11, 0},
	{"E11 7 KB body over UDP", e11_big_udp, 0},
	{"E11 64 KB body over TCP", e11_big_tcp, RIG_TCP},
	{"E12 BYE from B, then NOTIFY 200", e12, 0},
	{"E12 BYE from B before the answer to REFER", e12_bye_before_the_answer, 0},
	{"E12 BYE from B, then nothing", e12_bye_and_nothing, 0},
	{"E13 NOTIFY 200 and BYE back to back", e13, 0},
	{"E13 BYE and NOTIFY 200 back to back", e13_bye_first, 0},
	{"E14 our BYE crosses theirs", e14, 0},
	{"E15 NOTIFY 5 s after our BYE (released)", e15_released, 0},
	{"E15 NOTIFY 5 s after our BYE (hung up)", e15_hung_up, 0},
	{"E16 B resets TCP in the middle of a referral", e16, RIG_TCP},
	{"E16 B resets TCP before it answered the REFER", e16_before_the_answer, RIG_TCP},
};
/* clang-format on */

WIRE_MAIN("refer_basic", cases)
