/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Calls that are not up yet, or no more: what an 18x taught counts for its
 * branch only, and what comes late is still answered for. */
#include <stdio.h>
#include <string.h>

#include "tests/wire/digest.h"
#include "tests/wire/rig.h"

static const struct login login = {
	.realm = "pbx",
	.nonce = "n-1",
	.algorithm = "MD5",
	.user = "100",
	.password = "secret",
	.proxy = true,
};

/* ---- another INVITE after a 18x ------------------------------------------ */

/* A 183 that makes an early dialog with a route and a target of its own, both
 * of them at d's */
static void early(struct rig *r, const struct sipmsg *invite)
{
	leg_from(&r->lb, r->b, invite);
	snprintf(r->lb.contact, sizeof(r->lb.contact), "<%s>",
		 peer_uri(r->d, "early"));
	snprintf(r->lb.extra, sizeof(r->lb.extra),
		 "Record-Route: <%s;lr>\r\nSupported: replaces\r\n",
		 peer_uri(r->d, "route"));
	leg_reply(&r->lb, invite, 183, "Session Progress", NULL);
}

/* As if there had been no 18x */
static void as_new(struct rig *r, const struct sipmsg *m, const char *uri,
		   const char *route)
{
	const char *was = sipmsg_hdr(m, "Route");

	wire_assert(!*m->to_tag);
	wire_assert(!strcmp(m->uri, uri));
	if (route ? !was || strcmp(was, route) : was != NULL)
		wire_fail("Route: %s", was ? was : "none");
	wire_assert(sipmsg_count(m, "Route") <= 1);
	wire_assert(peer_count(r->d, "INVITE") == 0);
}

static void answered(struct rig *r, struct peer *p, struct leg *d,
		     const struct sipmsg *m, uint32_t call)
{
	leg_from(d, p, m);
	leg_reply(d, m, 200, "OK", "sendrecv");
	(void)peer_expect(p, "ACK");
	(void)rig_call_is(r, call, CALL_TALKING);
	rig_req(r, REQ_HANGUP, call, NULL);
	leg_expect_bye(d, 200);
	(void)rig_call_is(r, call, CALL_ENDED);
}

static void challenged(struct rig *r, uint32_t account, const char *uri,
		       const char *route)
{
	uint32_t call = rig_req(r, REQ_DIAL, account, uri);
	const struct sipmsg *m = peer_expect(r->b, "INVITE");

	early(r, m);
	(void)rig_call_is(r, call, CALL_DIALING);
	peer_reply_body(r->b, m, 407, "Who?", "pbx", login_challenge(&login),
			NULL, NULL, 0);
	(void)peer_expect(r->b, "ACK");
	m = peer_expect(r->b, "INVITE");
	login_check(m, &login);
	as_new(r, m, uri, route);
	answered(r, r->b, &r->lb, m, call);
}

static void early_then_407(struct rig *r)
{
	challenged(r, r->account, peer_uri(r->b, "bob"), NULL);
}

/* The account's own route is the first one, and comes back */
static void early_then_407_by_a_proxy(struct rig *r)
{
	struct request req = {.type = REQ_ACCOUNT};
	struct account_prm *a = &req.u.account;
	char route[200];

	snprintf(a->aor, sizeof(a->aor), "sip:100@pbx.invalid");
	snprintf(a->password, sizeof(a->password), "secret");
	snprintf(a->outbound, sizeof(a->outbound), "%s",
		 peer_uri(r->b, "proxy"));
	snprintf(route, sizeof(route), "<%s;lr>", a->outbound);
	challenged(r, rig_do(r, &req), "sip:bob@pbx.invalid", route);
}

static void early_then_302(struct rig *r)
{
	const struct sipmsg *m;
	char extra[300];
	uint32_t call;

	rig_option(r, EOPT_FOLLOW_REDIRECTS, 1, "");
	call = rig_req(r, REQ_DIAL, 0, peer_uri(r->b, "bob"));
	m = peer_expect(r->b, "INVITE");
	early(r, m);
	snprintf(extra, sizeof(extra), "Contact: <%s>\r\n",
		 peer_uri(r->c, "c"));
	peer_reply(r->b, m, 302, "Moved Temporarily", extra);
	(void)peer_expect(r->b, "ACK");
	m = peer_expect(r->c, "INVITE");
	as_new(r, m, peer_uri(r->c, "c"), NULL);
	answered(r, r->c, &r->lc, m, call);
}

/* ---- BYE of an early dialog ---------------------------------------------- */

/* One branch says goodbye: the INVITE is given up, and who answers it all the
 * same is ended properly */
static void early_bye_then_200(struct rig *r, bool another)
{
	uint32_t call = rig_req(r, REQ_DIAL, 0, peer_uri(r->b, "b"));
	const struct sipmsg *m, *inv = peer_expect(r->b, "INVITE");
	static struct leg other;
	struct leg *late = another ? &other : &r->lb;

	leg_from(&other, r->b, inv);
	leg_from(&r->lb, r->b, inv);
	leg_reply(&r->lb, inv, 180, "Ringing", NULL);
	(void)rig_call_is(r, call, CALL_RINGING);
	leg_bye(&r->lb);
	(void)rig_call_is(r, call, CALL_ENDED);
	m = peer_expect(r->b, "CANCEL");
	peer_reply(r->b, m, 200, "OK", NULL);
	leg_reply(late, inv, 200, "OK", "sendrecv");
	m = peer_expect(r->b, "ACK");
	wire_assert(m->cseq == inv->cseq && !strcmp(m->to_tag, late->ltag));
	m = peer_expect(r->b, "BYE");
	wire_assert(!strcmp(m->to_tag, late->ltag));
	peer_reply(r->b, m, 200, "OK", NULL);
}

static void early_bye_then_its_200(struct rig *r)
{
	early_bye_then_200(r, false);
}

static void early_bye_then_another_200(struct rig *r)
{
	early_bye_then_200(r, true);
}

/* ---- forgotten, and challenged ------------------------------------------- */

/* What gives up a subscription is sent again with a login although nothing of
 * the transfer is there any more to hear of it */
static void goodbye_is_challenged_late(struct rig *r)
{
	uint32_t call = rig_call_up(r, r->b, &r->lb);
	const struct sipmsg *m;
	struct ref ref;

	rig_refer_202(r, call, &r->lb, peer_uri(r->c, "target"), &ref);
	ref_notify(&r->lb, &ref, 200, "OK", ACTIVE);
	rig_goes_well(r, call, &ref);
	rig_pass(r, 5500);
	m = peer_expect(r->b, "SUBSCRIBE");
	/* each within the 32 s it waits for an answer; in between the transfer
	 * has been forgotten */
	for (unsigned i = 0; i < 2; i++) {
		struct login who = login;

		who.realm = i ? "second" : "first";
		rig_pass(r, 30500);
		peer_reply(r->b, m, 407, "Who?", login_challenge(&who));
		m = peer_expect(r->b, "SUBSCRIBE");
		login_check(m, &who);
	}
	peer_reply(r->b, m, 200, "OK", NULL);
}

/* but nobody is registered who has been told not to be */
static void register_given_up(struct rig *r)
{
	struct request req = {.type = REQ_ACCOUNT};
	struct account_prm *a = &req.u.account;
	const struct sipmsg *m;
	uint32_t id;

	snprintf(a->aor, sizeof(a->aor), "sip:100@%s:%u", r->b->host,
		 r->b->port);
	snprintf(a->password, sizeof(a->password), "secret");
	a->regint = 300;
	id = rig_do(r, &req);
	m = peer_expect(r->b, "REGISTER");
	rig_req(r, REQ_UNREGISTER, id, NULL);
	peer_reply(r->b, m, 407, "Who?", login_challenge(&login));
	(void)rig_account(r, id, ACCOUNT_OFF);
	rig_pass(r, 2000);
	peer_none(r->b, "REGISTER");
}

/* clang-format off */
static const struct wcase cases[] = {
	{"183, then 407", early_then_407, RIG_ACCOUNT},
	{"183, then 407 by a proxy", early_then_407_by_a_proxy, 0},
	{"183, then 302", early_then_302, 0},
	{"BYE before the answer, then a 200", early_bye_then_its_200, 0},
	{"BYE before the answer, then another's 200", early_bye_then_another_200, 0},
	{"a goodbye nobody waits for is challenged", goodbye_is_challenged_late, RIG_ACCOUNT},
	{"a REGISTER that was given up is challenged", register_given_up, 0},
};
/* clang-format on */

WIRE_MAIN("early", cases)
