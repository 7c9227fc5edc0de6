/* SPDX-License-Identifier: GPL-3.0-or-later */
/* We are the one who is asked to transfer: T201-T218, Z4, Z5 (the phone
 * bank's engine). */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "tests/wire/rig.h"

/* A referral that has just come up and nobody has looked at */
static struct rig_ev *find_referred(struct rig *r)
{
	peers_serve(0);
	for (struct rig_ev *n = r->evs; n; n = n->next) {
		if (n->ev.type == EV_REFERRED && !n->taken &&
		    !n->ev.u.referred.gone && !n->ev.u.referred.new_call)
			return n;
	}
	return NULL;
}

static bool has_referred(void *arg)
{
	return find_referred(arg) != NULL;
}

static const struct referred_info *referred(struct rig *r)
{
	struct rig_ev *n;

	if (!peers_until(has_referred, r))
		wire_fail("no referral came up");
	n = find_referred(r);
	n->taken = true;
	return &n->ev.u.referred;
}

/* REFER in b's dialog.  @return its CSeq */
static uint32_t refer(struct leg *d, const char *refer_to, const char *more)
{
	char hdrs[1400];

	snprintf(hdrs, sizeof(hdrs), "Refer-To: %s\r\n%s", refer_to,
		 more ? more : "");
	return leg_request(d, "REFER", hdrs, NULL, NULL);
}

static void answer(struct rig *r, uint32_t id, unsigned code)
{
	struct request req = {
		.type = REQ_REFERRED_ANSWER, .id = id, .code = code};

	(void)rig_do(r, &req);
}

/* Receive a NOTIFY of this referral, answer it; code 0: any */
static const struct sipmsg *notified(struct leg *d, uint32_t cseq,
				     unsigned code, bool final)
{
	const struct sipmsg *m = peer_expect(d->p, "NOTIFY");
	const char *state = sipmsg_hdr(m, "Subscription-State");
	char id[40];

	wire_assert(!strcmp(m->callid, d->callid));
	wire_assert(!strncasecmp(sipmsg_hdr(m, "Event"), "refer", 5));
	snprintf(id, sizeof(id), "id=%u", cseq);
	wire_assert(strstr(sipmsg_hdr(m, "Event"), id));
	wire_assert(!strncasecmp(sipmsg_hdr(m, "Content-Type"),
				 "message/sipfrag", 15));
	wire_assert(!strncmp(m->body, "SIP/2.0 ", 8));
	wire_assert(m->body_len > 14 &&
		    !memcmp(m->body + m->body_len - 2, "\r\n", 2));
	if (code && (unsigned)atoi(m->body + 8) != code)
		wire_fail("NOTIFY %.30s instead of %u", m->body, code);
	if (final) {
		wire_assert(!strncmp(state, "terminated", 10));
		wire_assert(strstr(state, "reason=noresource"));
	} else {
		wire_assert(!strncmp(state, "active", 6));
		wire_assert(strstr(state, "expires="));
		wire_assert(atoi(strstr(state, "expires=") + 8) >= 180);
	}
	peer_reply(d->p, m, 200, "OK", NULL);
	return m;
}

/* REFER accepted, INVITE received at c (in r->lc).  @return REFER's CSeq */
static uint32_t under_way(struct rig *r, const char *more, uint32_t *outp)
{
	uint32_t n, id;
	char to[300];

	(void)rig_call_in(r, r->b, &r->lb, NULL);
	snprintf(to, sizeof(to), "<%s>", peer_uri(r->c, "c"));
	n = refer(&r->lb, to, more);
	id = referred(r)->id;
	answer(r, id, 202);
	(void)peer_expect_answer(r->b, "REFER", n, 202);
	*outp = rig_req(r, REQ_REFERRED_CALL, id, NULL);
	leg_from(&r->lc, r->c, peer_expect(r->c, "INVITE"));
	return n;
}

static void goes_well(struct rig *r)
{
	uint32_t out, n = under_way(r, NULL, &out);
	const struct sipmsg *m;

	m = notified(&r->lb, n, 100, false);
	wire_assert(m->body_len == 20); /* SIP/2.0 100 Trying */
	leg_reply(&r->lc, r->lc.invite, 180, "Ringing", NULL);
	(void)notified(&r->lb, n, 180, false);
	leg_reply(&r->lc, r->lc.invite, 200, "OK", "sendrecv");
	(void)peer_expect(r->c, "ACK");
	(void)notified(&r->lb, n, 200, true);
	/* REFER does not end the old dialog: the transferor does (5589 5) */
	rig_sync(r);
	peer_none(r->b, "BYE");
	leg_bye(&r->lb);
	rig_sync(r);
	peer_none(r->c, "BYE");
	(void)rig_call_is(r, out, CALL_TALKING);
	leg_bye(&r->lc);
	(void)rig_call_is(r, out, CALL_ENDED);
}

static void target_refuses(struct rig *r)
{
	static const unsigned codes[] = {486, 603, 404, 302};

	for (unsigned i = 0; i < 4; i++) {
		uint32_t out, n = under_way(r, NULL, &out);

		(void)notified(&r->lb, n, 100, false);
		peer_reply(r->c, r->lc.invite, codes[i], "No", NULL);
		(void)peer_expect(r->c, "ACK");
		(void)notified(&r->lb, n, codes[i], true);
		(void)rig_call_is(r, out, CALL_ENDED);
		leg_bye(&r->lb);
		rig_sync(r);
	}
}

static void hung_up_by_us(struct rig *r)
{
	uint32_t out, n = under_way(r, NULL, &out);
	const struct sipmsg *m;

	(void)notified(&r->lb, n, 100, false);
	leg_reply(&r->lc, r->lc.invite, 180, "Ringing", NULL);
	(void)notified(&r->lb, n, 180, false);
	rig_req(r, REQ_HANGUP, out, NULL);
	m = peer_expect(r->c, "CANCEL");
	peer_reply(r->c, m, 200, "OK", NULL);
	peer_reply_body(r->c, r->lc.invite, 487, "Request Terminated",
			r->lc.ltag, NULL, NULL, NULL, 0);
	(void)peer_expect(r->c, "ACK");
	(void)notified(&r->lb, n, 487, true);
	(void)rig_call_is(r, out, CALL_ENDED);
}

/* T213, T214, T216: what the new INVITE carries */
static void what_the_invite_carries(struct rig *r)
{
	const struct sipmsg *m;
	char to[700];
	uint32_t n, id, out;

	(void)rig_call_in(r, r->b, &r->lb, NULL);
	/* b holds us: the new offer is fresh all the same */
	n = leg_invite(&r->lb, NULL, "sendonly");
	(void)peer_expect_answer(r->b, "INVITE", n, 200);
	leg_ack(&r->lb);
	snprintf(to, sizeof(to),
		 "<%s?Replaces=a%%40b%%3Bto-tag%%3D1%%3bfrom-tag%%3D2"
		 "&Require=replaces&Subject=x&Route=%%3Csip:evil%%3E>",
		 peer_uri(r->c, "c"));
	n = refer(&r->lb, to, "Referred-By: \"Boss\" <sip:boss@x>;y=z\r\n");
	id = referred(r)->id;
	answer(r, id, 200);
	(void)peer_expect_answer(r->b, "REFER", n, 200);
	out = rig_req(r, REQ_REFERRED_CALL, id, NULL);
	m = peer_expect(r->c, "INVITE");
	(void)notified(&r->lb, n, 100, false);
	wire_assert(!strcmp(m->uri, peer_uri(r->c, "c")));
	wire_assert(
		!strcmp(sipmsg_hdr(m, "Replaces"), "a@b;to-tag=1;from-tag=2"));
	wire_assert(sipmsg_lists(m, "Require", "replaces"));
	wire_assert(!strcmp(sipmsg_hdr(m, "Referred-By"),
			    "\"Boss\" <sip:boss@x>;y=z"));
	wire_assert(!sipmsg_hdr(m, "Subject"));
	wire_assert(!sipmsg_hdr(m, "Route"));
	wire_assert(!strcmp(sdp_dir(m), "sendrecv"));
	wire_assert(strcmp(m->callid, r->lb.callid));
	peer_reply(r->c, m, 481, "No Such Call", NULL);
	(void)peer_expect(r->c, "ACK");
	(void)notified(&r->lb, n, 481, true);
	(void)rig_call_is(r, out, CALL_ENDED);
}

struct bad {
	const char *to; /* [c]: where c is */
	unsigned code;
};

/* clang-format off */
static const struct bad bads[] = {
	{"<http://x/>", 603},
	{"<tel:123>", 603},
	{"<mailto:a@b>", 603},
	{"<file:///etc/passwd>", 603},
	{"<sip:c@h;method=BYE>", 603},
	{"<sip:c@h;maddr=127.0.0.1>", 603},
	{"<sip:c@h;lr>", 603},
	{"<sip:c@h;ttl=1>", 603},
	{"<sip:c@h?Replaces=a%0d%0aX-Evil:%201>", 400},
	{"<sip:c%0d%0aX@h>", 400},
	{"<sip:c@h?Replaces=a%3bto-tag%3d1>", 400},
	{"<sip:c@h?Replaces=a%3bto-tag%3d1%3bfrom-tag%3d2&Replaces=b%3bto-tag%3d1%3bfrom-tag%3d2>", 400},
	{"<>", 400},
	{"", 400},
	{"<sip:>", 400},
	{"<sip:c@h", 400},
	{"<sip:c@h>\r\nRefer-To: <sip:d@h>", 400},
};
/* clang-format on */

static void refused(struct rig *r)
{
	(void)rig_call_in(r, r->b, &r->lb, NULL);
	for (size_t i = 0; i < sizeof(bads) / sizeof(bads[0]); i++) {
		const struct sipmsg *m;
		uint32_t n = refer(&r->lb, bads[i].to, NULL);

		m = peer_expect_final(r->b, "REFER", n);
		if (m->code != bads[i].code)
			wire_fail("%s: %u instead of %u", bads[i].to, m->code,
				  bads[i].code);
		wire_assert(!has_referred(r));
	}
	(void)peer_expect_answer(r->b, "REFER",
				 leg_request(&r->lb, "REFER", NULL, NULL, NULL),
				 400);
	rig_sync(r);
	peer_none(r->c, "INVITE");
	leg_bye(&r->lb);
}

/* The robot says no */
static void declined(struct rig *r)
{
	uint32_t n, id;

	(void)rig_call_in(r, r->b, &r->lb, NULL);
	n = refer(&r->lb, "<sip:c@127.0.0.1>", NULL);
	id = referred(r)->id;
	answer(r, id, 501);
	(void)peer_expect_answer(r->b, "REFER", n, 501);
	rig_sync(r);
	peer_none(r->b, "NOTIFY");
	leg_bye(&r->lb);
}

/* T215: nobody listens any more; the new call lives */
static void notify_refused(struct rig *r)
{
	static const unsigned codes[] = {481, 489, 405};

	for (unsigned i = 0; i < 3; i++) {
		uint32_t out;
		const struct sipmsg *m;

		(void)under_way(r, NULL, &out);
		m = peer_expect(r->b, "NOTIFY");
		peer_reply(r->b, m, codes[i], "No", NULL);
		leg_bye(&r->lb);
		leg_reply(&r->lc, r->lc.invite, 180, "Ringing", NULL);
		leg_reply(&r->lc, r->lc.invite, 200, "OK", "sendrecv");
		(void)peer_expect(r->c, "ACK");
		(void)rig_call_is(r, out, CALL_TALKING);
		rig_sync(r);
		peer_none(r->b, "NOTIFY");
		leg_bye(&r->lc);
		(void)rig_call_is(r, out, CALL_ENDED);
	}
}

/* BYE at once, as Yealink does: still told how it went (RFC 5359 2.4) */
static void told_after_bye(struct rig *r)
{
	uint32_t out, n = under_way(r, NULL, &out);

	leg_bye(&r->lb);
	(void)notified(&r->lb, n, 100, false);
	leg_reply(&r->lc, r->lc.invite, 200, "OK", "sendrecv");
	(void)peer_expect(r->c, "ACK");
	(void)notified(&r->lb, n, 200, true);
	(void)rig_call_is(r, out, CALL_TALKING);
	leg_bye(&r->lc);
	(void)rig_call_is(r, out, CALL_ENDED);
}

/* T210: the last state wins */
static void many_answers(struct rig *r)
{
	uint32_t out, n = under_way(r, NULL, &out);
	const struct sipmsg *first = peer_expect(r->b, "NOTIFY");
	unsigned before;

	for (unsigned i = 0; i < 10; i++)
		leg_reply(&r->lc, r->lc.invite, i % 2 ? 180 : 183, "Ringing",
			  NULL);
	(void)rig_call_is(r, out, CALL_RINGING);
	rig_sync(r);
	peer_none(r->b, "NOTIFY"); /* one in flight at a time */
	peer_reply(r->b, first, 200, "OK", NULL);
	before = peer_count(r->b, "NOTIFY");
	(void)notified(&r->lb, n, 0, false);
	leg_reply(&r->lc, r->lc.invite, 200, "OK", "sendrecv");
	(void)peer_expect(r->c, "ACK");
	(void)notified(&r->lb, n, 200, true);
	wire_assert(peer_count(r->b, "NOTIFY") - before <= 2);
	leg_bye(&r->lc);
	(void)rig_call_is(r, out, CALL_ENDED);
}

/* T211: unsubscribing does not cancel */
static void unsubscribed(struct rig *r)
{
	uint32_t out, n = under_way(r, NULL, &out);
	const struct sipmsg *m;
	char hdrs[100];
	uint32_t s;

	(void)notified(&r->lb, n, 100, false);
	snprintf(hdrs, sizeof(hdrs), "Event: refer;id=%u\r\nExpires: 0\r\n", n);
	s = leg_request(&r->lb, "SUBSCRIBE", hdrs, NULL, NULL);
	m = peer_expect_answer(r->b, "SUBSCRIBE", s, 2);
	(void)m;
	rig_sync(r);
	while ((m = peer_peek(r->b, "NOTIFY"))) {
		m = peer_expect(r->b, "NOTIFY");
		wire_assert(!strncmp(sipmsg_hdr(m, "Subscription-State"),
				     "terminated", 10));
		peer_reply(r->b, m, 200, "OK", NULL);
	}
	peer_none(r->c, "CANCEL");
	leg_reply(&r->lc, r->lc.invite, 200, "OK", "sendrecv");
	(void)peer_expect(r->c, "ACK");
	(void)rig_call_is(r, out, CALL_TALKING);
	rig_sync(r);
	peer_none(r->b, "NOTIFY");
	leg_bye(&r->lc);
	(void)rig_call_is(r, out, CALL_ENDED);
}

/* T212 */
static void subscribe_unasked(struct rig *r)
{
	uint32_t n;

	(void)rig_call_in(r, r->b, &r->lb, NULL);
	n = leg_request(&r->lb, "SUBSCRIBE", "Event: refer\r\nExpires: 60\r\n",
			NULL, NULL);
	(void)peer_expect_answer(r->b, "SUBSCRIBE", n, 403);
	leg_bye(&r->lb);
}

/* Reports by hand, before the answer, as the "early" phone does */
static void reports_by_hand(struct rig *r)
{
	struct request req = {.type = REQ_REFERRED_NOTIFY, .code = 100};
	const struct sipmsg *m;
	uint32_t n;

	(void)rig_call_in(r, r->b, &r->lb, NULL);
	n = refer(&r->lb, "<sip:c@127.0.0.1>", NULL);
	req.id = referred(r)->id;
	(void)rig_do(r, &req);
	m = peer_expect(r->b, "NOTIFY");
	answer(r, req.id, 202);
	peer_reply(r->b, m, 200, "OK", NULL);
	(void)peer_expect_answer(r->b, "REFER", n, 202);
	req.code = 180;
	(void)rig_do(r, &req);
	(void)notified(&r->lb, n, 180, false);
	req.code = 200;
	req.flags = REFERRED_FINAL;
	(void)rig_do(r, &req);
	(void)notified(&r->lb, n, 200, true);
	(void)rig_refused(r, &req);
	leg_bye(&r->lb);
}

/* Two REFERs in a dialog are told apart */
static void two_at_once(struct rig *r)
{
	uint32_t out1, n1 = under_way(r, NULL, &out1);
	const struct sipmsg *inv1 = r->lc.invite;
	static struct leg second;
	uint32_t out2, n2, id;
	char to[300];

	(void)notified(&r->lb, n1, 100, false);
	snprintf(to, sizeof(to), "<%s>", peer_uri(r->d, "d"));
	n2 = refer(&r->lb, to, NULL);
	id = referred(r)->id;
	answer(r, id, 202);
	(void)peer_expect_answer(r->b, "REFER", n2, 202);
	out2 = rig_req(r, REQ_REFERRED_CALL, id, NULL);
	leg_from(&second, r->d, peer_expect(r->d, "INVITE"));
	(void)notified(&r->lb, n2, 100, false);
	peer_reply(r->c, inv1, 486, "Busy Here", NULL);
	(void)peer_expect(r->c, "ACK");
	(void)notified(&r->lb, n1, 486, true);
	leg_reply(&second, second.invite, 200, "OK", "sendrecv");
	(void)peer_expect(r->d, "ACK");
	(void)notified(&r->lb, n2, 200, true);
	(void)rig_call_is(r, out1, CALL_ENDED);
	leg_bye(&second);
	(void)rig_call_is(r, out2, CALL_ENDED);
	leg_bye(&r->lb);
}

/* A folded or hostile Referred-By must not become headers of its own */
static void odd_referred_by(struct rig *r)
{
	uint32_t out;

	(void)under_way(r, "Referred-By: <sip:a@b>\r\n ;x=y\r\n", &out);
	wire_assert(sipmsg_count(r->lc.invite, "Referred-By") <= 1);
	wire_assert(!sipmsg_hdr(r->lc.invite, " ;x=y"));
	peer_reply(r->b, peer_expect(r->b, "NOTIFY"), 481, "No", NULL);
	peer_reply(r->c, r->lc.invite, 486, "Busy Here", NULL);
	(void)peer_expect(r->c, "ACK");
	(void)rig_call_is(r, out, CALL_ENDED);
	leg_bye(&r->lb);
}

/* clang-format off */
static const struct wcase cases[] = {
	{"T206 T208 100, 180, 200", goes_well, RIG_BANK},
	{"the same over TCP", goes_well, RIG_BANK | RIG_TCP},
	{"T208 the target refuses", target_refuses, RIG_BANK},
	{"T217 hung up by us: 487", hung_up_by_us, RIG_BANK},
	{"T213 T214 T216 what the INVITE carries", what_the_invite_carries, RIG_BANK},
	{"T201-T205 Z4 Z5 refused", refused, RIG_BANK},
	{"declined by the robot", declined, RIG_BANK},
	{"T215 NOTIFY refused", notify_refused, RIG_BANK},
	{"told after the BYE", told_after_bye, RIG_BANK},
	{"T210 ten answers", many_answers, RIG_BANK},
	{"T211 unsubscribed", unsubscribed, RIG_BANK},
	{"T212 SUBSCRIBE unasked", subscribe_unasked, RIG_BANK},
	{"reports by hand", reports_by_hand, RIG_BANK},
	{"T207 two at once", two_at_once, RIG_BANK},
	{"odd Referred-By", odd_referred_by, RIG_BANK},
};
/* clang-format on */

WIRE_MAIN("referred", cases)
