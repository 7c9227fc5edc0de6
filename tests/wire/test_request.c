/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A request on its way: names on the way, logins side by side, no way. */
#include <stdio.h>
#include <string.h>

#include "tests/wire/digest.h"
#include "tests/wire/rig.h"

static const struct login md5 = {
	.realm = "pbx",
	.nonce = "n-1",
	.algorithm = "MD5",
	.user = "100",
	.password = "secret",
};

/* The Contact is a name: its ACK waits for that, and counts all the same */
static void ack_waits_for_a_name(struct rig *r)
{
	char contact[64];
	const struct call_prm prm = {.contact = contact};
	uint32_t call;

	snprintf(contact, sizeof(contact), "<sip:b@localhost:%u>", r->b->port);
	call = rig_call_up_prm(r, r->b, &r->lb, &prm);
	for (unsigned i = 0; i < 3; i++) {
		const struct sipmsg *m;

		leg_reply(&r->lb, r->lb.invite, 200, "OK", "sendrecv");
		m = peer_expect(r->b, "ACK");
		wire_assert(m->cseq == r->lb.invite->cseq);
		wire_assert(strstr(m->uri, "localhost"));
	}
	rig_call_alive(r, call);
}

/* Two requests of a call challenged at the same time, each with a nonce of
 * its own: both get through */
static void two_logins_at_once(struct rig *r)
{
	uint32_t call = rig_call_up(r, r->b, &r->lb);
	struct login one = md5, two = md5;
	const struct sipmsg *sub, *bye;
	struct ref ref;

	two.nonce = "n-2";
	r->b->autos = AUTO_REINVITE;
	rig_refer_202(r, call, &r->lb, peer_uri(r->c, "target"), &ref);
	ref_notify(&r->lb, &ref, 100, "Trying", ACTIVE);
	rig_req(r, REQ_UNWATCH, call, NULL);
	sub = peer_expect(r->b, "SUBSCRIBE");
	rig_req(r, REQ_HANGUP, call, NULL);
	bye = peer_expect(r->b, "BYE");

	peer_reply(r->b, sub, 401, "Who?", login_challenge(&one));
	sub = peer_expect(r->b, "SUBSCRIBE");
	login_check(sub, &one);
	peer_reply(r->b, bye, 401, "Who?", login_challenge(&two));
	bye = peer_expect(r->b, "BYE");
	login_check(bye, &two);
	peer_reply(r->b, sub, 200, "OK", "Expires: 0\r\n");
	peer_reply(r->b, bye, 200, "OK", NULL);
	ref_notify(&r->lb, &ref, 0, "", "terminated;reason=timeout");
	(void)rig_outcome(r, ref.id, OUTCOME_STOPPED);
}

/* A login is the account's server's: who is met in a dialog elsewhere does not
 * get it unasked with what the server has asked for */
static void no_login_for_the_contact(struct rig *r)
{
	struct peer *far = peer_new("far", PEER_UDP, "127.0.0.2");
	static struct leg leg; /* outlives the case */
	const struct sipmsg *m;
	uint32_t call;

	call = rig_req(r, REQ_DIAL, r->account, peer_uri(r->b, "b"));
	m = peer_expect(r->b, "INVITE");
	peer_reply(r->b, m, 401, "Who?", login_challenge(&md5));
	(void)peer_expect(r->b, "ACK");
	m = peer_expect(r->b, "INVITE");
	login_check(m, &md5);
	leg_from(&leg, r->b, m);
	snprintf(leg.contact, sizeof(leg.contact), "<%s>",
		 peer_uri(far, "far"));
	leg_reply(&leg, m, 200, "OK", "sendrecv");
	m = peer_expect(far, "ACK");
	wire_assert(!sipmsg_hdr(m, "Authorization"));
	(void)rig_call_is(r, call, CALL_TALKING);
	rig_req(r, REQ_HANGUP, call, NULL);
	m = peer_expect(far, "BYE");
	wire_assert(!sipmsg_hdr(m, "Authorization"));
	peer_reply(far, m, 200, "OK", NULL);
	(void)rig_call_is(r, call, CALL_ENDED);
}

static void unknown_transport(struct rig *r)
{
	static const char words[] =
		"transport sctp is not supported: udp, tcp or tls";
	struct request req = {.type = REQ_ACCOUNT};
	struct account_prm *a = &req.u.account;
	const struct call_info *c;
	const struct account_info *i;
	uint32_t id;

	id = rig_req(r, REQ_DIAL, 0, "sip:b@127.0.0.1;transport=sctp");
	c = rig_call_is(r, id, CALL_ENDED);
	if (strcmp(c->text, words) != 0)
		wire_fail("%s", c->text);

	snprintf(a->aor, sizeof(a->aor), "sip:100@pbx.example");
	snprintf(a->outbound, sizeof(a->outbound),
		 "sip:127.0.0.1:9;transport=SCTP");
	a->regint = 300;
	id = rig_do(r, &req);
	i = rig_account(r, id, ACCOUNT_FAILED);
	if (strcmp(i->text, "transport SCTP is not supported: udp, tcp or tls"))
		wire_fail("%s", i->text);
}

/* clang-format off */
static const struct wcase cases[] = {
	{"an ACK that waits for a name", ack_waits_for_a_name, 0},
	{"two requests log in at once", two_logins_at_once, RIG_ACCOUNT},
	{"no login for a Contact elsewhere", no_login_for_the_contact, RIG_ACCOUNT},
	{"a transport that is unknown", unknown_transport, 0},
};
/* clang-format on */

WIRE_MAIN("request", cases)
