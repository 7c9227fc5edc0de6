/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Logins on INVITE, REFER and what follows in the dialog: E17, T129. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/wire/digest.h"
#include "tests/wire/rig.h"

static const struct login www = {
	.realm = "pbx",
	.nonce = "n-one",
	.algorithm = "MD5",
	.user = "100",
	.password = "secret",
};
static const struct login proxy = {
	.realm = "edge",
	.nonce = "n-two",
	.algorithm = "SHA-256",
	.user = "100",
	.password = "secret",
	.proxy = true,
};

static const char *target(struct rig *r)
{
	return peer_uri(r->c, "target");
}

static void challenge(struct peer *p, const struct sipmsg *m,
		      const struct login *l)
{
	peer_reply(p, m, l->proxy ? 407 : 401, "Who?", login_challenge(l));
}

static void e17(struct rig *r)
{
	uint32_t call = rig_call_up(r, r->b, &r->lb);
	uint32_t first;
	char callid[256];
	struct ref ref;

	rig_refer(r, call, &r->lb, target(r), &ref);
	first = ref.m->cseq;
	snprintf(callid, sizeof(callid), "%s", ref.m->callid);
	challenge(r->b, ref.m, &www);
	ref_take(&r->lb, &ref, ref.id);
	wire_assert(ref.m->cseq == first + 1);
	login_check(ref.m, &www);
	challenge(r->b, ref.m, &proxy);
	ref_take(&r->lb, &ref, ref.id);
	wire_assert(ref.m->cseq == first + 2);
	wire_assert(!strcmp(ref.m->callid, callid));
	login_check(ref.m, &www);
	login_check(ref.m, &proxy);
	wire_assert(sipmsg_count(ref.m, "Refer-To") == 1);
	ref_reply(&r->lb, &ref, 202, "Accepted", NULL);
	(void)rig_transfer(r, ref.id, REFER_ACCEPTED, SUB_WAIT, OUTCOME_NONE,
			   202);
	/* the id is the third CSeq */
	ref_notify(&r->lb, &ref, 180, "Ringing", ACTIVE);
	(void)rig_transfer(r, ref.id, REFER_ALERTED, SUB_ACTIVE, OUTCOME_NONE,
			   180);
	ref_notify(&r->lb, &ref, 200, "OK", TERMINATED);
	rig_goes_well(r, call, &ref);
}

/* Peers that count from the first REFER are understood too (G14) */
static void e17_id_of_the_first(struct rig *r)
{
	uint32_t call = rig_call_up(r, r->b, &r->lb);
	char event[48];
	struct ref ref;

	rig_refer(r, call, &r->lb, target(r), &ref);
	snprintf(event, sizeof(event), "refer;id=%u", ref.m->cseq);
	challenge(r->b, ref.m, &www);
	ref_take(&r->lb, &ref, ref.id);
	ref_reply(&r->lb, &ref, 202, "Accepted", NULL);
	leg_notify_ok(&r->lb, event, TERMINATED, "SIP/2.0 200 OK\r\n");
	rig_goes_well(r, call, &ref);
}

static void wrong_password(struct rig *r)
{
	static const struct login other = {
		.realm = "pbx",
		.nonce = "n-other",
		.algorithm = "MD5",
		.user = "100",
		.password = "secret",
	};
	uint32_t call = rig_call_up(r, r->b, &r->lb);
	const struct transfer_info *t;
	struct ref ref;

	r->b->autos = AUTO_REINVITE;
	rig_refer(r, call, &r->lb, target(r), &ref);
	challenge(r->b, ref.m, &www);
	ref_take(&r->lb, &ref, ref.id);
	/* the same realm again, and not because the nonce is old */
	challenge(r->b, ref.m, &other);
	t = rig_outcome(r, ref.id, OUTCOME_REJECTED);
	wire_assert(t->state == REFER_REJECTED);
	wire_assert(t->refer_code == 401);
	rig_sync(r);
	peer_none(r->b, "REFER");
	rig_call_alive(r, call);
}

static void stale(struct rig *r)
{
	struct login fresh = www;
	uint32_t call = rig_call_up(r, r->b, &r->lb);
	struct ref ref;

	fresh.nonce = "n-fresh";
	fresh.stale = true;
	rig_refer(r, call, &r->lb, target(r), &ref);
	challenge(r->b, ref.m, &www);
	ref_take(&r->lb, &ref, ref.id);
	login_check(ref.m, &www);
	challenge(r->b, ref.m, &fresh);
	ref_take(&r->lb, &ref, ref.id);
	login_check(ref.m, &fresh);
	ref_reply(&r->lb, &ref, 202, "Accepted", NULL);
	ref_notify(&r->lb, &ref, 200, "OK", TERMINATED);
	rig_goes_well(r, call, &ref);
}

/* The peer-to-peer account has no password */
static void nothing_to_log_in_with(struct rig *r)
{
	uint32_t call = rig_call_up(r, r->b, &r->lb);
	const struct transfer_info *t;
	struct ref ref;

	r->b->autos = AUTO_REINVITE;
	rig_refer(r, call, &r->lb, target(r), &ref);
	challenge(r->b, ref.m, &proxy);
	t = rig_outcome(r, ref.id, OUTCOME_REJECTED);
	wire_assert(t->refer_code == 407);
	rig_call_alive(r, call);
}

/* Of one realm the topmost algorithm we know (RFC 8760) */
static void topmost_known(struct rig *r)
{
	static const struct {
		const char *first, *second, *taken;
	} v[] = {
		{"SHA-256", "MD5", "SHA-256"},
		{"WHIRLPOOL-9", "SHA-256", "SHA-256"},
		{"MD5", "SHA-256", "MD5"},
	};

	/* the strong ones first: after them MD5 alone is not answered (Z18),
	 * so each has a realm of its own */
	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
		uint32_t call = rig_call_up(r, r->b, &r->lb);
		char realm[16], both[1300];
		struct login l = www;
		struct ref ref;

		snprintf(realm, sizeof(realm), "realm-%zu", i);
		l.realm = realm;
		rig_refer(r, call, &r->lb, target(r), &ref);
		l.algorithm = v[i].second;
		snprintf(both, sizeof(both), "%s", login_challenge(&l));
		l.algorithm = v[i].first;
		{
			char text[1300];

			snprintf(text, sizeof(text), "%s%.600s",
				 login_challenge(&l), both);
			peer_reply(r->b, ref.m, 401, "Who?", text);
		}
		ref_take(&r->lb, &ref, ref.id);
		l.algorithm = v[i].taken;
		login_check(ref.m, &l);
		wire_assert(sipmsg_count(ref.m, "Authorization") == 1);
		ref_reply(&r->lb, &ref, 202, "Accepted", NULL);
		ref_notify(&r->lb, &ref, 200, "OK", TERMINATED);
		rig_goes_well(r, call, &ref);
	}
}

static void unknown_algorithm_alone(struct rig *r)
{
	uint32_t call = rig_call_up(r, r->b, &r->lb);
	struct login l = www;
	struct ref ref;

	r->b->autos = AUTO_REINVITE;
	l.algorithm = "WHIRLPOOL-9";
	rig_refer(r, call, &r->lb, target(r), &ref);
	challenge(r->b, ref.m, &l);
	(void)rig_outcome(r, ref.id, OUTCOME_REJECTED);
	rig_sync(r);
	peer_none(r->b, "REFER");
	rig_call_alive(r, call);
}

/* Once a realm could SHA-256, MD5 alone is not answered any more (Z18) */
static void no_downgrade(struct rig *r)
{
	uint32_t call = rig_call_up(r, r->b, &r->lb);
	struct login l = www;
	struct ref ref;

	r->b->autos = AUTO_REINVITE;
	l.algorithm = "SHA-256";
	rig_refer(r, call, &r->lb, target(r), &ref);
	challenge(r->b, ref.m, &l);
	ref_take(&r->lb, &ref, ref.id);
	login_check(ref.m, &l);
	l.algorithm = "MD5";
	l.nonce = "n-weak";
	l.stale = true;
	challenge(r->b, ref.m, &l);
	(void)rig_outcome(r, ref.id, OUTCOME_REJECTED);
	rig_sync(r);
	peer_none(r->b, "REFER");
	rig_call_alive(r, call);
}

/* As old servers ask: no algorithm, no qop */
static void as_rfc_2069(struct rig *r)
{
	uint32_t call = rig_call_up(r, r->b, &r->lb);
	struct login l = www;
	struct ref ref;

	l.algorithm = NULL;
	l.no_qop = true;
	rig_refer(r, call, &r->lb, target(r), &ref);
	challenge(r->b, ref.m, &l);
	ref_take(&r->lb, &ref, ref.id);
	login_check(ref.m, &l);
	ref_reply(&r->lb, &ref, 202, "Accepted", NULL);
	ref_notify(&r->lb, &ref, 200, "OK", TERMINATED);
	rig_goes_well(r, call, &ref);
}

/* INVITE, its ACK, the hold, the BYE: everything may be asked to log in */
static void on_the_call(struct rig *r)
{
	uint32_t call = rig_req(r, REQ_DIAL, r->account, peer_uri(r->b, "b"));
	const struct sipmsg *m = peer_expect(r->b, "INVITE");
	uint32_t first = m->cseq;
	struct login next = proxy;

	challenge(r->b, m, &proxy);
	m = peer_expect(r->b, "ACK");
	wire_assert(m->cseq == first);
	m = peer_expect(r->b, "INVITE");
	wire_assert(m->cseq == first + 1);
	login_check(m, &proxy);
	wire_assert(strstr(m->body, "m=audio"));
	leg_from(&r->lb, r->b, m);
	leg_reply(&r->lb, m, 180, "Ringing", NULL);
	leg_reply(&r->lb, m, 200, "OK", "sendrecv");
	m = peer_expect(r->b, "ACK");
	wire_assert(m->cseq == first + 1);
	(void)rig_call_is(r, call, CALL_TALKING);

	/* the nonce has grown old when we hold */
	rig_req(r, REQ_HOLD, call, NULL);
	m = peer_expect(r->b, "INVITE");
	next.nonce = "n-later";
	next.stale = true;
	challenge(r->b, m, &next);
	(void)peer_expect(r->b, "ACK");
	m = peer_expect(r->b, "INVITE");
	login_check(m, &next);
	r->lb.ack_cseq = m->cseq;
	leg_reply(&r->lb, m, 200, "OK", "recvonly");
	(void)rig_call_is(r, call, CALL_HELD);

	rig_req(r, REQ_HANGUP, call, NULL);
	m = peer_expect(r->b, "BYE");
	next.nonce = "n-last";
	challenge(r->b, m, &next);
	m = peer_expect(r->b, "BYE");
	login_check(m, &next);
	peer_reply(r->b, m, 200, "OK", NULL);
	(void)rig_call_is(r, call, CALL_ENDED);
}

static void invite_with_a_wrong_password(struct rig *r)
{
	uint32_t call = rig_req(r, REQ_DIAL, r->account, peer_uri(r->b, "b"));
	const struct sipmsg *m = peer_expect(r->b, "INVITE");
	const struct call_info *c;

	challenge(r->b, m, &www);
	(void)peer_expect(r->b, "ACK");
	m = peer_expect(r->b, "INVITE");
	login_check(m, &www);
	challenge(r->b, m, &www);
	(void)peer_expect(r->b, "ACK");
	c = rig_call_is(r, call, CALL_ENDED);
	wire_assert(c->code == 401);
	rig_sync(r);
	peer_none(r->b, "INVITE");
}

/* SUBSCRIBE is asked too */
static void on_the_unsubscribe(struct rig *r)
{
	uint32_t call = rig_call_up(r, r->b, &r->lb);
	const struct sipmsg *m;
	struct ref ref;

	r->b->autos = AUTO_REINVITE;
	rig_refer_202(r, call, &r->lb, target(r), &ref);
	ref_notify(&r->lb, &ref, 100, "Trying", ACTIVE);
	rig_req(r, REQ_UNWATCH, call, NULL);
	m = peer_expect(r->b, "SUBSCRIBE");
	challenge(r->b, m, &www);
	m = peer_expect(r->b, "SUBSCRIBE");
	login_check(m, &www);
	peer_reply(r->b, m, 200, "OK", "Expires: 0\r\n");
	ref_notify(&r->lb, &ref, 0, "", "terminated;reason=timeout");
	(void)rig_outcome(r, ref.id, OUTCOME_STOPPED);
	rig_call_alive(r, call);
}

/* Never Basic */
static void basic(struct rig *r)
{
	uint32_t call = rig_call_up(r, r->b, &r->lb);
	struct ref ref;

	r->b->autos = AUTO_REINVITE;
	rig_refer(r, call, &r->lb, target(r), &ref);
	ref_reply(&r->lb, &ref, 401, "Who?",
		  "WWW-Authenticate: Basic realm=\"pbx\"\r\n");
	(void)rig_outcome(r, ref.id, OUTCOME_REJECTED);
	rig_sync(r);
	peer_none(r->b, "REFER");
	rig_call_alive(r, call);
}

/* clang-format off */
static const struct wcase cases[] = {
	{"E17 REFER 401, then 407, then 202", e17, RIG_ACCOUNT},
	{"E17 NOTIFY with the id of the first REFER", e17_id_of_the_first, RIG_ACCOUNT},
	{"wrong password on REFER", wrong_password, RIG_ACCOUNT},
	{"stale nonce on REFER", stale, RIG_ACCOUNT},
	{"no credentials", nothing_to_log_in_with, 0},
	{"T129 the topmost algorithm we know", topmost_known, RIG_ACCOUNT},
	{"T129 an unknown algorithm alone", unknown_algorithm_alone, RIG_ACCOUNT},
	{"Z18 no downgrade to MD5", no_downgrade, RIG_ACCOUNT},
	{"a challenge without algorithm and qop", as_rfc_2069, RIG_ACCOUNT},
	{"407 on INVITE, re-INVITE and BYE", on_the_call, RIG_ACCOUNT},
	{"wrong password on INVITE", invite_with_a_wrong_password, RIG_ACCOUNT},
	{"401 on the SUBSCRIBE that unsubscribes", on_the_unsubscribe, RIG_ACCOUNT},
	{"never Basic", basic, RIG_ACCOUNT},
};
/* clang-format on */

WIRE_MAIN("refer_auth", cases)
