/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which way a request takes within a call, and what is left when there is
 * none. */
#include <stdio.h>
#include <string.h>

#include "tests/wire/rig.h"

/* Be called over TCP by one whose Contact is this; NULL: a good one */
static uint32_t called(struct rig *r, const char *contact)
{
	uint32_t n, call;

	leg_to(&r->lb, r->b, rig_uri(r, "cordpair", "tcp:"));
	if (contact)
		snprintf(r->lb.contact, sizeof(r->lb.contact), "%s", contact);
	n = leg_invite(&r->lb, NULL, "sendrecv");
	call = rig_incoming(r)->id;
	rig_req(r, REQ_ANSWER, call, NULL);
	leg_learn(&r->lb, peer_expect_answer(r->b, "INVITE", n, 200));
	leg_ack(&r->lb);
	(void)rig_call_is(r, call, CALL_TALKING);
	return call;
}

/* His Contact leads nowhere, as behind a NAT: his connection leads to him */
static void over_the_callers_connection(struct rig *r)
{
	uint32_t call = called(r, "<sip:b@127.0.0.9:9;transport=tcp>");
	const struct sipmsg *m;
	struct ref ref;
	int conn = r->lb.conn;

	rig_refer_202(r, call, &r->lb, "sip:target@127.0.0.1:9", &ref);
	wire_assert(ref.m->conn == conn);
	ref_notify(&r->lb, &ref, 200, "OK", TERMINATED);
	m = peer_expect(r->b, "BYE");
	wire_assert(m->conn == conn);
	wire_assert(!strcmp(m->uri, "sip:b@127.0.0.9:9;transport=tcp"));
	peer_reply(r->b, m, 200, "OK", NULL);
	(void)rig_outcome(r, ref.id, OUTCOME_SUCCEEDED);
	(void)rig_call_is(r, call, CALL_ENDED);
}

/* It has gone: his Contact stays, although it was never used */
static void his_connection_has_gone(struct rig *r)
{
	uint32_t call = called(r, NULL);

	rig_req(r, REQ_HOLD, call, NULL);
	leg_expect_hold(&r->lb);
	(void)rig_call_is(r, call, CALL_HELD);
	peer_reset(r->b);
	rig_sync(r);
	rig_req(r, REQ_HANGUP, call, NULL);
	leg_expect_bye(&r->lb, 200);
	(void)rig_call_is(r, call, CALL_ENDED);
}

/* He moves to where we do not listen: what cannot be sent is said, and the
 * call goes on for what he sends */
static void no_way_of_that_kind(struct rig *r)
{
	uint32_t call = rig_call_in(r, r->b, &r->lb, NULL);
	const struct call_info *c;

	snprintf(r->lb.contact, sizeof(r->lb.contact), "<%s;transport=tcp>",
		 peer_uri(r->b, "b"));
	(void)peer_expect_answer(r->b, "INVITE",
				 leg_invite(&r->lb, NULL, "sendrecv"), 200);
	leg_ack(&r->lb);
	rig_sync(r);
	rig_req(r, REQ_HOLD, call, NULL);
	rig_sync(r);
	c = rig_call_now(r, call);
	wire_assert(c->state == CALL_TALKING);
	if (!strstr(c->text, "tcp"))
		wire_fail("hold: \"%s\"", c->text);
	snprintf(r->lb.contact, sizeof(r->lb.contact), "<%s>",
		 peer_uri(r->b, "b"));
	(void)peer_expect_answer(r->b, "INVITE",
				 leg_invite(&r->lb, NULL, "sendrecv"), 200);
	leg_ack(&r->lb);
	rig_call_alive(r, call);
}

/* Line ends keep the way of a registration open, and no other */
static void no_keepalive_without_a_registration(struct rig *r)
{
	struct request req = {.type = REQ_ACCOUNT};
	struct account_prm *a = &req.u.account;
	const struct sipmsg *m;
	char extra[300];
	uint32_t id;

	snprintf(a->aor, sizeof(a->aor), "sip:100@%s:%u", r->b->host,
		 r->b->port);
	a->regint = 300;
	a->transport = TRANSP_TCP;
	a->transport_set = true;
	id = rig_do(r, &req);
	m = peer_expect(r->b, "REGISTER");
	snprintf(extra, sizeof(extra), "Contact: %s;expires=300\r\n",
		 sipmsg_hdr(m, "Contact"));
	peer_reply(r->b, m, 200, "OK", extra);
	(void)rig_account(r, id, ACCOUNT_REGISTERED);
	peer_reset(r->b);
	(void)rig_account(r, id, ACCOUNT_REGISTERING);
	rig_pass(r, 500);
	peer_reply(r->b, peer_expect(r->b, "REGISTER"), 403, "Forbidden", NULL);
	(void)rig_account(r, id, ACCOUNT_FAILED);
	peer_reset(r->b);
	rig_pass(r, 100000);
	for (unsigned i = 0; i < PEER_CONNS; i++)
		wire_assert(r->b->connv[i] < 0);
}

/* clang-format off */
static const struct wcase cases[] = {
	{"over the caller's own connection", over_the_callers_connection, RIG_TCP},
	{"the caller's connection has gone", his_connection_has_gone, RIG_TCP},
	{"a way we do not listen on", no_way_of_that_kind, RIG_UDP},
	{"no keepalive without a registration", no_keepalive_without_a_registration, RIG_TCP},
};
/* clang-format on */

WIRE_MAIN("ways", cases)
