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

/* clang-format off */
static const struct wcase cases[] = {
	{"over the caller's own connection", over_the_callers_connection, RIG_TCP},
	{"the caller's connection has gone", his_connection_has_gone, RIG_TCP},
	{"a way we do not listen on", no_way_of_that_kind, RIG_UDP},
};
/* clang-format on */

WIRE_MAIN("ways", cases)
