/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Peers that mean no good: E48, E49, section 4 of the transfer rules, and
 * bytes that are no SIP. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "tests/wire/rig.h"

#define TRYING "SIP/2.0 100 Trying\r\n"
#define OK "SIP/2.0 200 OK\r\n"

static const char *target(struct rig *r)
{
	return peer_uri(r->c, "target");
}

/* The engine still works: an OPTIONS is answered, a call goes through */
static void still_works(struct rig *r)
{
	static struct leg d;
	uint32_t call;

	leg_to(&d, r->d, rig_uri(r, "cordpair", "udp:"));
	(void)peer_expect_answer(r->d, "OPTIONS",
				 leg_request(&d, "OPTIONS", NULL, NULL, NULL),
				 200);
	call = rig_req(r, REQ_DIAL, 0, peer_uri(r->d, "d"));
	leg_from(&r->ld, r->d, peer_expect(r->d, "INVITE"));
	leg_reply(&r->ld, r->ld.invite, 200, "OK", "sendrecv");
	(void)peer_expect(r->d, "ACK");
	(void)rig_call_is(r, call, CALL_TALKING);
	rig_req(r, REQ_HANGUP, call, NULL);
	leg_expect_bye(&r->ld, 200);
	(void)rig_call_is(r, call, CALL_ENDED);
}

/* ---- E48: texts ---------------------------------------------------------- */

/* clang-format off */
static const char *const nasty[] = {
	"\x1b]52;c;cm0gLXJmIC8=\x07",     /* sets the clipboard             */
	"\x1b[2J\x1b[H\x1b[31mred",
	"\x1b]0;title\x1b\\",
	"\xc2\x9b" "31m C1 as UTF-8",
	"\x9b" "31m C1 raw",
	"\xe2\x80\xae" "desrever",        /* right-to-left override         */
	"\xe2\x81\xa6" "isolate",
	"a\xe2\x80\x8b\xe2\x80\x8d" "b",  /* zero width                     */
	"\xe2\x80\xa8" "line\xe2\x80\xa9" "paragraph",
	"a\xcc\x80\xcc\x81\xcc\x82\xcc\x83\xcc\x84",
	"\xff\xfe\xc0\xaf\xed\xa0\x80",   /* no UTF-8                       */
	"%s%n%x%1000000d",
	"tab\there \x08\x08\x7f",
	"\x0e\x0f shift",
};
/* clang-format on */

static void e48_sipfrag(struct rig *r)
{
	uint32_t call = rig_call_up(r, r->b, &r->lb);
	struct ref ref;

	r->b->autos = AUTO_REINVITE;
	for (size_t i = 0; i < sizeof(nasty) / sizeof(nasty[0]); i++) {
		const struct transfer_info *t;

		rig_refer_202(r, call, &r->lb, target(r), &ref);
		/* cleanness itself is checked of every event by the rig */
		ref_notify(&r->lb, &ref, 183, nasty[i], ACTIVE);
		(void)rig_transfer(r, ref.id, REFER_TRYING, ANY, ANY, 183);
		ref_notify(&r->lb, &ref, 486, nasty[i], TERMINATED);
		t = rig_outcome(r, ref.id, OUTCOME_FAILED);
		wire_assert(t->code == 486);
		wire_assert(!strchr(t->text, '\x1b'));
		(void)rig_call_is(r, call, CALL_TALKING);
	}
	rig_call_alive(r, call);
}

static void e48_long_reason(struct rig *r)
{
	uint32_t call = rig_call_up(r, r->b, &r->lb);
	char body[4200];
	struct ref ref;

	r->b->autos = AUTO_REINVITE;
	rig_refer_202(r, call, &r->lb, target(r), &ref);
	snprintf(body, sizeof(body), "SIP/2.0 180 ");
	memset(body + 12, 'x', 4096);
	snprintf(body + 12 + 4096, 4, "\r\n");
	leg_notify_ok(&r->lb, ref.event, ACTIVE, body);
	rig_sync(r);
	ref_notify(&r->lb, &ref, 200, "OK", TERMINATED);
	rig_goes_well(r, call, &ref);
}

static void e48_elsewhere(struct rig *r)
{
	for (size_t i = 0; i < sizeof(nasty) / sizeof(nasty[0]); i++) {
		struct request req = {.type = REQ_REJECT, .code = 486};
		const struct sipmsg *m;
		const struct call_info *c;
		char extra[300];
		uint32_t call, n;

		/* a reason phrase */
		call = rig_req(r, REQ_DIAL, 0, peer_uri(r->b, "b"));
		m = peer_expect(r->b, "INVITE");
		snprintf(extra, sizeof(extra),
			 "Contact: \"%s\" <sip:x@127.0.0.1>\r\n"
			 "Warning: 399 h \"%s\"\r\nServer: %s\r\n",
			 nasty[i], nasty[i], nasty[i]);
		peer_reply(r->b, m, i % 2 ? 302 : 480, nasty[i], extra);
		(void)peer_expect(r->b, "ACK");
		(void)rig_call_is(r, call, CALL_ENDED);

		/* a caller's name, and who sent it */
		leg_to(&r->lb, r->b, rig_uri(r, "cordpair", "udp:"));
		snprintf(extra, sizeof(extra),
			 "Referred-By: \"%s\" <sip:x@y>\r\nSubject: %s\r\n"
			 "User-Agent: %s\r\n",
			 nasty[i], nasty[i], nasty[i]);
		n = leg_text(&r->lb,
			     "OPTIONS [target] SIP/2.0\r\n[via]\r\n[from]\r\n"
			     "[to]\r\n[callid]\r\n[cseq] OPTIONS\r\n"
			     "User-Agent: \x1b[2J\r\n[len]\r\n\r\n",
			     NULL, 0);
		(void)peer_expect_answer(r->b, "OPTIONS", n, 200);
		n = leg_invite(&r->lb, extra, "sendrecv");
		c = rig_incoming(r);
		req.id = c->id;
		(void)rig_do(r, &req);
		(void)peer_expect_answer(r->b, "INVITE", n, 486);
		snprintf(r->lb.next_branch, sizeof(r->lb.next_branch), "%s",
			 r->lb.branch);
		leg_ack(&r->lb);
		(void)rig_call_is(r, req.id, CALL_ENDED);
	}
}

/* The call that rings here now, 0: none */
static uint32_t rings(struct rig *r)
{
	rig_sync(r);
	for (const struct rig_ev *e = rig_events(r); e; e = e->next) {
		if (e->ev.type == EV_CALL && e->ev.u.call.dir == CALL_IN &&
		    rig_call_now(r, e->ev.u.call.id)->state == CALL_RINGING)
			return e->ev.u.call.id;
	}
	return 0;
}

static void e48_display_name(struct rig *r)
{
	for (size_t i = 0; i < sizeof(nasty) / sizeof(nasty[0]); i++) {
		struct request req = {.type = REQ_REJECT, .code = 603};
		char text[700];
		char sdp[700];
		uint32_t n;

		leg_to(&r->lb, r->b, rig_uri(r, "cordpair", "udp:"));
		sdp_make(sdp, sizeof(sdp), r->b, "sendrecv", 1);
		snprintf(text, sizeof(text),
			 "INVITE [target] SIP/2.0\r\n[via]\r\n"
			 "From: \"%s\" <sip:evil@127.0.0.1>;tag=x%zu\r\n"
			 "[to]\r\n[callid]\r\n[cseq] INVITE\r\n[contact]\r\n"
			 "Content-Type: application/sdp\r\n[len]\r\n\r\n",
			 nasty[i], i);
		n = leg_text(&r->lb, text, sdp, strlen(sdp));
		req.id = rings(r);
		if (!req.id)
			continue; /* dropped or refused as malformed */
		(void)rig_do(r, &req);
		(void)peer_expect_answer(r->b, "INVITE", n, 603);
		(void)rig_call_is(r, req.id, CALL_ENDED);
	}
	still_works(r);
}

/* ---- E49: names with the same 12-bit hash in libre -------------------------
 */

static void e49_event(struct rig *r)
{
	static const char *const extras[] = {
		"P-5089: message-summary\r\nEvent: refer\r\n",
		"Event: refer\r\nP-5089: message-summary\r\n",
		"P-5089: message-summary\r\n",
	};
	uint32_t call = rig_call_up(r, r->b, &r->lb);
	struct ref ref;

	r->b->autos = AUTO_REINVITE;
	for (size_t i = 0; i < sizeof(extras) / sizeof(extras[0]); i++) {
		char hdrs[300];
		uint32_t n;

		rig_refer_202(r, call, &r->lb, target(r), &ref);
		/* a made-up Subscription-State before the real one, too */
		snprintf(hdrs, sizeof(hdrs),
			 "%sP-7397: terminated;reason=noresource\r\n"
			 "Subscription-State: active;expires=60\r\n",
			 extras[i]);
		n = leg_request(&r->lb, "NOTIFY", hdrs, "message/sipfrag",
				TRYING);
		(void)peer_expect_answer(r->b, "NOTIFY", n, 200);
		(void)rig_transfer(r, ref.id, REFER_TRYING, SUB_ACTIVE,
				   OUTCOME_NONE, 100);
		ref_notify(&r->lb, &ref, 486, "Busy Here", TERMINATED);
		(void)rig_outcome(r, ref.id, OUTCOME_FAILED);
		(void)rig_call_is(r, call, CALL_TALKING);
	}
	rig_call_alive(r, call);
}

/* Nothing but made-up names, and no referral: refused */
static void e49_nothing_real(struct rig *r)
{
	uint32_t call = rig_call_up(r, r->b, &r->lb);
	const struct sipmsg *m;
	uint32_t n = leg_request(&r->lb, "NOTIFY",
				 "P-5089: refer\r\nP-7397: active\r\n",
				 "message/sipfrag", OK);

	m = peer_expect_final(r->b, "NOTIFY", n);
	wire_assert(m->code == 481 || m->code == 489);
	rig_call_alive(r, call);
}

static void e49_replaces(struct rig *r)
{
	uint32_t call = rig_call_up(r, r->b, &r->lb);
	struct request req = {.type = REQ_REJECT, .code = 486};
	const struct call_info *c;
	char hdr[600];
	uint32_t n;

	leg_to(&r->lc, r->c, rig_uri(r, "cordpair", "udp:"));
	snprintf(hdr, sizeof(hdr), "P-1509: %s;to-tag=%s;from-tag=%s\r\n",
		 r->lb.callid, r->lb.rtag, r->lb.ltag);
	n = leg_invite(&r->lc, hdr, "sendrecv");
	c = rig_incoming(r);
	wire_assert(c->replaces == 0);
	req.id = c->id;
	(void)rig_do(r, &req);
	(void)peer_expect_answer(r->c, "INVITE", n, 486);
	rig_call_alive(r, call);
}

static const struct referred_info *referred(struct rig *r)
{
	const struct referred_info *f = NULL;

	rig_sync(r);
	for (const struct rig_ev *n = rig_events(r); n; n = n->next) {
		if (n->ev.type == EV_REFERRED && !n->ev.u.referred.gone)
			f = &n->ev.u.referred;
	}
	return f;
}

static void e49_refer_to(struct rig *r)
{
	uint32_t call = rig_call_up(r, r->b, &r->lb);
	const struct referred_info *f;
	uint32_t n =
		leg_request(&r->lb, "REFER", "P-3259: <sip:evil@127.0.0.1>\r\n",
			    NULL, NULL);

	(void)peer_expect_answer(r->b, "REFER", n, 400);
	wire_assert(!referred(r));
	n = leg_request(&r->lb, "REFER",
			"P-3259: <sip:evil@127.0.0.1>\r\n"
			"Refer-To: <sip:good@127.0.0.1>\r\n",
			NULL, NULL);
	f = referred(r);
	wire_assert(f && !strcmp(f->target, "sip:good@127.0.0.1"));
	{
		struct request req = {
			.type = REQ_REFERRED_ANSWER, .id = f->id, .code = 603};

		(void)rig_do(r, &req);
	}
	(void)peer_expect_answer(r->b, "REFER", n, 603);
	rig_call_alive(r, call);
}

/* ---- NOTIFYs that are not the notifier's
 * ------------------------------------- */

static void notify_with_wrong_tags(struct rig *r)
{
	uint32_t call = rig_call_up(r, r->b, &r->lb);
	struct ref ref;
	char tag[128];
	uint32_t n;

	rig_refer_202(r, call, &r->lb, target(r), &ref);
	snprintf(tag, sizeof(tag), "%s", r->lb.rtag);
	snprintf(r->lb.rtag, sizeof(r->lb.rtag), "wrong");
	n = leg_notify(&r->lb, ref.event, TERMINATED, OK);
	(void)peer_expect_answer(r->b, "NOTIFY", n, 481);
	snprintf(r->lb.rtag, sizeof(r->lb.rtag), "%s", tag);
	snprintf(tag, sizeof(tag), "%s", r->lb.ltag);
	snprintf(r->lb.ltag, sizeof(r->lb.ltag), "wrong");
	n = leg_notify(&r->lb, ref.event, TERMINATED, OK);
	(void)peer_expect_answer(r->b, "NOTIFY", n, 481);
	snprintf(r->lb.ltag, sizeof(r->lb.ltag), "%s", tag);
	n = leg_notify(&r->lb, "foo", ACTIVE, OK);
	(void)peer_expect_answer(r->b, "NOTIFY", n, 489);
	wire_assert(!rig_has_outcome(r, ref.id));
	ref_notify(&r->lb, &ref, 200, "OK", TERMINATED);
	rig_goes_well(r, call, &ref);
}

/* Z12: right tags, but from somewhere else, with a Contact of its own */
static void notify_from_another_port(struct rig *r)
{
	uint32_t call = rig_call_up(r, r->b, &r->lb);
	static struct leg thief;
	struct ref ref;

	rig_refer_202(r, call, &r->lb, target(r), &ref);
	ref_notify(&r->lb, &ref, 100, "Trying", ACTIVE);
	leg_from(&thief, r->d, r->lb.invite);
	snprintf(thief.ltag, sizeof(thief.ltag), "%s", r->lb.ltag);
	thief.lcseq = r->lb.lcseq + 10;
	(void)peer_expect_final(r->d, "NOTIFY",
				leg_notify(&thief, ref.event, TERMINATED, OK));
	rig_sync(r);
	wire_assert(rig_transfer_now(r, ref.id)->state == REFER_TRYING);
	wire_assert(!rig_has_outcome(r, ref.id));
	ref_notify(&r->lb, &ref, 200, "OK", TERMINATED);
	/* the BYE goes to b, not to the thief */
	rig_goes_well(r, call, &ref);
	peer_none(r->d, "BYE");
}

/* A Contact in the notifier's own NOTIFY does not move the dialog either */
static void notify_with_a_new_contact(struct rig *r)
{
	uint32_t call = rig_call_up(r, r->b, &r->lb);
	struct ref ref;

	rig_refer_202(r, call, &r->lb, target(r), &ref);
	snprintf(r->lb.contact, sizeof(r->lb.contact), "<%s>",
		 peer_uri(r->d, "thief"));
	ref_notify(&r->lb, &ref, 100, "Trying", ACTIVE);
	ref_notify(&r->lb, &ref, 200, "OK", TERMINATED);
	rig_goes_well(r, call, &ref);
	peer_none(r->d, "BYE");
}

static void notify_flood(struct rig *r)
{
	uint32_t call = rig_call_up(r, r->b, &r->lb);
	struct ref ref;

	rig_refer_202(r, call, &r->lb, target(r), &ref);
	for (unsigned i = 0; i < 100; i++) {
		uint32_t n = 0;

		for (unsigned k = 0; k < 30; k++)
			n = leg_notify(&r->lb, ref.event, ACTIVE,
				       k % 2 ? "SIP/2.0 183 Progress\r\n"
					     : "SIP/2.0 180 Ringing\r\n");
		(void)peer_expect_answer(r->b, "NOTIFY", n, 200);
	}
	rig_sync(r);
	wire_assert(!rig_has_outcome(r, ref.id));
	ref_notify(&r->lb, &ref, 200, "OK", TERMINATED);
	rig_goes_well(r, call, &ref);
}

/* Whoever wants to know what we know */
static void subscribe_to_us(struct rig *r)
{
	static const char *const events[] = {"refer", "presence", "dialog",
					     "message-summary"};

	leg_to(&r->lb, r->b, rig_uri(r, "cordpair", "udp:"));
	for (unsigned i = 0; i < 4; i++) {
		char hdrs[100];
		const struct sipmsg *m;
		uint32_t n;

		snprintf(hdrs, sizeof(hdrs), "Event: %s\r\nExpires: 3600\r\n",
			 events[i]);
		n = leg_request(&r->lb, "SUBSCRIBE", hdrs, NULL, NULL);
		m = peer_expect_final(r->b, "SUBSCRIBE", n);
		if (m->code / 100 != 4 && m->code / 100 != 5)
			wire_fail("SUBSCRIBE to %s: %u", events[i], m->code);
	}
	rig_sync(r);
	peer_none(r->b, "NOTIFY");
}

/* ---- what is no SIP, or hardly
 * ------------------------------------------------ */

struct mouth {
	int fd;
};

/* A socket that only talks */
static struct mouth mouth_udp(struct rig *r)
{
	struct mouth m = {.fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)};

	if (m.fd < 0 ||
	    connect(m.fd, (struct sockaddr *)&r->d->engine, r->d->engine_len))
		wire_fail("no socket");
	return m;
}

static void say(const struct mouth *m, const void *bytes, size_t len)
{
	/* ECONNREFUSED of an earlier one is no matter */
	(void)send(m->fd, bytes, len, MSG_NOSIGNAL);
}

static void garbage(struct rig *r)
{
	static const char *const lines[] = {
		"",
		"\r\n",
		"\r\n\r\n",
		"x",
		"\r\n\r\n\r\n\r\nx",
		"SIP/2.0",
		"SIP/2.0 200 OK\r\n\r\n",
		"INVITE\r\n\r\n",
		"INVITE sip:cordpair SIP/2.0\r\n\r\n",
		"INVITE sip:cordpair SIP/2.0\r\nVia: x\r\n\r\n",
		"OPTIONS sip:a SIP/3.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1"
		"\r\nFrom: <sip:a>;tag=1\r\nTo: <sip:b>\r\nCall-ID: 1\r\n"
		"CSeq: 1 OPTIONS\r\n\r\n",
		"OPTIONS sip:a SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK2"
		"\r\nFrom: \r\nTo: \r\nCall-ID: \r\nCSeq: \r\n\r\n",
		"NOTIFY sip:a SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK3"
		"\r\nFrom: <sip:a>;tag=1\r\nTo: <sip:b>;tag=2\r\nCall-ID: 1"
		"\r\nCSeq: 4294967296 NOTIFY\r\nContent-Length: -1\r\n\r\n",
		"NOTIFY sip:a SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK4"
		"\r\nFrom: <sip:a>;tag=1\r\nTo: <sip:b>;tag=2\r\nCall-ID: 1"
		"\r\nCSeq: 1 NOTIFY\r\nContent-Length: 99999999\r\n\r\nx",
		"SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK5\r\n"
		"From: <sip:a>;tag=1\r\nTo: <sip:b>;tag=2\r\nCall-ID: 1\r\n"
		"CSeq: 1 INVITE\r\nContact: <sip:127.0.0.1:9>\r\n\r\n",
		"SIP/2.0 999999 X\r\nVia: SIP/2.0/UDP h\r\n\r\n",
		"INVITE sip:cordpair@127.0.0.1 SIP/2.0\r\n: no name\r\n\r\n",
		"\xff\xfe\xfd\xfc\xfb\xfa\xf9\xf8",
		"{\"jsonrpc\":\"2.0\"}",
		"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
	};
	struct mouth m = mouth_udp(r);

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		say(&m, lines[i], strlen(lines[i]));
		rig_sync(r);
	}
	(void)close(m.fd);
	still_works(r);
}

/* Messages of a call with bytes changed at random, always the same ones */
static void mutations(struct rig *r)
{
	uint32_t call = rig_call_up(r, r->b, &r->lb);
	struct mouth m = mouth_udp(r);
	const struct sipmsg *ref_m;
	struct ref ref;
	char seed[3][1500];
	size_t len[3];
	uint32_t x = 12345;

	rig_refer_202(r, call, &r->lb, target(r), &ref);
	ref_m = ref.m;
	len[0] = ref_m->len < sizeof(seed[0]) ? ref_m->len : sizeof(seed[0]);
	memcpy(seed[0], ref_m->raw, len[0]);
	len[1] = r->lb.invite->len;
	wire_assert(len[1] < sizeof(seed[1]));
	memcpy(seed[1], r->lb.invite->raw, len[1]);
	len[2] = (size_t)snprintf(
		seed[2], sizeof(seed[2]),
		"NOTIFY sip:cordpair@127.0.0.1 SIP/2.0\r\n"
		"Via: SIP/2.0/UDP 127.0.0.1:9;branch=z9hG4bKm;rport\r\n"
		"From: <sip:b@127.0.0.1>;tag=%s\r\n"
		"To: <sip:cordpair@127.0.0.1>;tag=%s\r\nCall-ID: %s\r\n"
		"CSeq: 7 NOTIFY\r\nEvent: refer\r\n"
		"Subscription-State: active;expires=60\r\n"
		"Content-Type: message/sipfrag\r\nContent-Length: 20\r\n\r\n"
		"SIP/2.0 100 Trying\r\n",
		r->lb.ltag, "not-quite", r->lb.callid);
	for (unsigned i = 0; i < 1500; i++) {
		char msg[1500];
		size_t n = len[i % 3];

		memcpy(msg, seed[i % 3], n);
		for (unsigned k = 0; k < 1 + i % 7; k++) {
			x = x * 1664525 + 1013904223;
			msg[(x >> 8) % n] = (char)(x >> 24);
		}
		if (i % 11 == 0)
			n = 1 + (x >> 5) % n; /* cut short */
		say(&m, msg, n);
		if (i % 20 == 0)
			rig_sync(r);
	}
	(void)close(m.fd);
	rig_sync(r);
	r->b->autos = AUTO_ANY;
	still_works(r);
}

static void half_a_message(struct rig *r)
{
	static const char half[] =
		"OPTIONS sip:cordpair@127.0.0.1 SIP/2.0\r\n"
		"Via: SIP/2.0/TCP 127.0.0.1:9;branch=z9hG4bKhalf\r\nFrom: <si";
	struct peer *t = rig_peer(r, "t", PEER_TCP);
	static struct leg d;
	int conn = peer_connect(t);

	peer_raw_conn(t, conn, half, sizeof(half) - 1);
	rig_sync(r);
	peer_reset(t);
	rig_sync(r);

	/* the same in pieces, completed */
	leg_to(&d, t, rig_uri(r, "cordpair", "tcp:"));
	{
		char msg[600];
		int n = snprintf(
			msg, sizeof(msg),
			"OPTIONS sip:cordpair@127.0.0.1 SIP/2.0\r\n"
			"Via: SIP/2.0/TCP %s:%u;branch=z9hG4bKwhole\r\n"
			"From: <sip:t@127.0.0.1>;tag=1\r\n"
			"To: <sip:cordpair@127.0.0.1>\r\nCall-ID: pieces\r\n"
			"CSeq: 5 OPTIONS\r\nContent-Length: 4\r\n\r\nbody",
			t->host, t->port);

		conn = peer_connect(t);
		for (int i = 0; i < n; i += 7) {
			peer_raw_conn(t, conn, msg + i,
				      (size_t)(n - i < 7 ? n - i : 7));
			rig_sync(r);
		}
		(void)peer_expect_answer(t, "OPTIONS", 5, 200);
	}
	peer_reset(t);
	still_works(r);
}

/* Headers without end: the connection goes, the engine stays */
static void endless_headers(struct rig *r)
{
	struct peer *t = rig_peer(r, "t", PEER_TCP);
	int conn = peer_connect(t);
	char line[1025];

	memset(line, 'x', 1024);
	memcpy(line, "X-Long: ", 8);
	memcpy(line + 1022, "\r\n", 3);
	peer_raw_conn(t, conn, "OPTIONS sip:cordpair@h SIP/2.0\r\n", 32);
	for (unsigned i = 0; i < 80 && t->connv[conn] >= 0; i++) {
		peer_raw_conn(t, conn, line, 1024);
		rig_sync(r);
	}
	peer_expect_closed(t);
	still_works(r);
}

static void headers_of_64k(struct rig *r)
{
	struct peer *t = rig_peer(r, "t", PEER_TCP);
	char *msg = malloc(70000);
	size_t n = 0;
	int conn = peer_connect(t);

	if (!msg)
		abort();
	n += (size_t)snprintf(msg, 70000,
			      "OPTIONS sip:cordpair@127.0.0.1 SIP/2.0\r\n"
			      "Via: SIP/2.0/TCP %s:%u;branch=z9hG4bKbig\r\n"
			      "From: <sip:t@127.0.0.1>;tag=1\r\n"
			      "To: <sip:cordpair@127.0.0.1>\r\nCall-ID: big\r\n"
			      "CSeq: 9 OPTIONS\r\n",
			      t->host, t->port);
	while (n < 64000)
		n += (size_t)snprintf(msg + n, 70000 - n, "X-%zu: %0100d\r\n",
				      n, 0);
	n += (size_t)snprintf(msg + n, 70000 - n, "Content-Length: 0\r\n\r\n");
	peer_raw_conn(t, conn, msg, n);
	free(msg);
	/* served or thrown out, but not both dead */
	rig_sync(r);
	still_works(r);
}

static void without_content_length(struct rig *r)
{
	static const char msg[] =
		"OPTIONS sip:cordpair@127.0.0.1 SIP/2.0\r\n"
		"Via: SIP/2.0/TCP 127.0.0.1:9;branch=z9hG4bKnl\r\n"
		"From: <sip:t@h>;tag=1\r\nTo: <sip:cordpair@h>\r\n"
		"Call-ID: nl\r\nCSeq: 1 OPTIONS\r\n\r\n";
	struct peer *t = rig_peer(r, "t", PEER_TCP);
	int conn = peer_connect(t);

	peer_raw_conn(t, conn, msg, sizeof(msg) - 1);
	peer_raw_conn(t, conn, msg, sizeof(msg) - 1);
	rig_sync(r);
	still_works(r);
}

static void keepalives(struct rig *r)
{
	struct peer *t = rig_peer(r, "t", PEER_TCP);
	static struct leg d;
	int conn = peer_connect(t);
	struct mouth m = mouth_udp(r);

	for (unsigned i = 0; i < 20; i++) {
		peer_raw_conn(t, conn, "\r\n\r\n", 4);
		say(&m, "\r\n\r\n", 4);
		say(&m, "", 1);
	}
	leg_to(&d, t, rig_uri(r, "cordpair", "tcp:"));
	d.conn = conn;
	(void)peer_expect_answer(t, "OPTIONS",
				 leg_request(&d, "OPTIONS", NULL, NULL, NULL),
				 200);
	(void)close(m.fd);
	peer_reset(t);
	still_works(r);
}

static void compact_names(struct rig *r)
{
	uint32_t call = rig_call_up(r, r->b, &r->lb);
	struct ref ref;
	uint32_t n;

	rig_refer_202(r, call, &r->lb, target(r), &ref);
	n = leg_text(&r->lb,
		     "NOTIFY [target] SIP/2.0\r\n[via]\r\nMax-Forwards: 70\r\n"
		     "[from]\r\n[to]\r\n[callid]\r\n[cseq] NOTIFY\r\n"
		     "[contact]\r\no: refer\r\n"
		     "Subscription-State: terminated;reason=noresource\r\n"
		     "c: message/sipfrag\r\n[len]\r\n\r\n",
		     OK, strlen(OK));
	(void)peer_expect_answer(r->b, "NOTIFY", n, 200);
	rig_goes_well(r, call, &ref);
}

/* Long names, tags and addresses: refused or carried whole, never cut */
static void long_things(struct rig *r)
{
	static char longer[3000];
	static const unsigned lens[] = {100, 250, 500, 1000, 2000};

	for (unsigned i = 0; i < 5; i++) {
		char text[4000];
		uint32_t n;
		const struct sipmsg *m;

		memset(longer, 'y', lens[i]);
		longer[lens[i]] = '\0';
		leg_to(&r->lb, r->b, rig_uri(r, "cordpair", "udp:"));
		snprintf(text, sizeof(text),
			 "OPTIONS [target] SIP/2.0\r\n[via]\r\n"
			 "From: <sip:%s@h>;tag=1\r\n[to]\r\n[callid]\r\n"
			 "[cseq] OPTIONS\r\n[contact]\r\n[len]\r\n\r\n",
			 longer);
		n = leg_text(&r->lb, text, NULL, 0);
		m = peer_expect_final(r->b, "OPTIONS", n);
		wire_assert(m->code >= 200);
		/* an INVITE from an address too long to be shown whole */
		snprintf(text, sizeof(text),
			 "INVITE [target] SIP/2.0\r\n[via]\r\n"
			 "From: <sip:%s@h>;tag=1\r\n[to]\r\n[callid]\r\n"
			 "[cseq] INVITE\r\n[contact]\r\n[len]\r\n\r\n",
			 longer);
		n = leg_text(&r->lb, text, NULL, 0);
		rig_sync(r);
		for (const struct rig_ev *e = rig_events(r); e; e = e->next) {
			const struct call_info *c = &e->ev.u.call;

			if (e->ev.type != EV_CALL || c->state != CALL_RINGING ||
			    rig_call_now(r, c->id)->state != CALL_RINGING)
				continue;
			if (!strstr(c->peer, longer))
				wire_fail("an address of %u is shown as "
					  "\"%.20s...\"",
					  lens[i], c->peer);
			{
				struct request req = {.type = REQ_REJECT,
						      .id = c->id,
						      .code = 486};

				(void)rig_do(r, &req);
			}
		}
		m = peer_expect_final(r->b, "INVITE", n);
		wire_assert(m->code >= 400);
	}
}

/* A 200 whose Contact and tag are absurd */
static void odd_2xx(struct rig *r)
{
	static const char *const contacts[] = {
		"",
		"Contact: *\r\n",
		"Contact: <>\r\n",
		"Contact: <mailto:x@y>\r\n",
		"Contact: <sip:\x1b[2J@127.0.0.1>\r\n",
		"Contact: <sip:x@127.0.0.1:99999>\r\n",
		"Contact: <sip:x@[::g]>\r\n",
		"Contact: <sip:a@nothing.invalid>\r\n",
	};

	r->b->autos = AUTO_ANY;
	for (size_t i = 0; i < sizeof(contacts) / sizeof(contacts[0]); i++) {
		uint32_t call = rig_req(r, REQ_DIAL, 0, peer_uri(r->c, "c"));
		const struct sipmsg *m = peer_expect(r->c, "INVITE");
		char sdp[700];

		sdp_make(sdp, sizeof(sdp), r->c, "sendrecv", 1);
		peer_reply_body(r->c, m, 200, "OK", "odd", contacts[i],
				"application/sdp", sdp, strlen(sdp));
		rig_sync(r);
		(void)rig_reply(r, rig_post(r, &(struct request){
						       .type = REQ_HANGUP,
						       .id = call,
					       }));
		rig_pass(r, 40000);
		(void)rig_call_is(r, call, CALL_ENDED);
	}
	still_works(r);
}

/* Answers to an INVITE whose SDP is absurd: no crash, no silent "talking" */
static void odd_answers(struct rig *r)
{
	static const char *const sdps[] = {
		"",
		"x",
		"v=0\r\n",
		"v=0\r\nm=audio 0 RTP/AVP 0\r\n",
		"v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n"
		"m=audio 99999 RTP/AVP 0\r\n",
		"v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\n"
		"c=IN IP4 300.1.1.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n",
		"v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=\x1b[2J\r\n"
		"c=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 77\r\n",
	};

	for (size_t i = 0; i < sizeof(sdps) / sizeof(sdps[0]); i++) {
		uint32_t call = rig_req(r, REQ_DIAL, 0, peer_uri(r->b, "b"));
		const struct sipmsg *m = peer_expect(r->b, "INVITE");
		char extra[200];

		snprintf(extra, sizeof(extra), "Contact: <%s>\r\n",
			 peer_uri(r->b, "b"));
		peer_reply_body(r->b, m, 200, "OK", "odd", extra,
				"application/sdp", sdps[i], strlen(sdps[i]));
		(void)peer_expect(r->b, "ACK");
		rig_sync(r);
		if (rig_call_now(r, call)->state != CALL_ENDED &&
		    !peer_peek(r->b, "BYE"))
			rig_req(r, REQ_HANGUP, call, NULL);
		peer_reply(r->b, peer_expect(r->b, "BYE"), 200, "OK", NULL);
		(void)rig_call_is(r, call, CALL_ENDED);
	}
}

/* clang-format off */
static const struct wcase cases[] = {
	{"E48 escapes in the sipfrag", e48_sipfrag, 0},
	{"E48 a reason of 4 KB", e48_long_reason, 0},
	{"E48 escapes in reasons, Contacts, Referred-By", e48_elsewhere, RIG_LAX},
	{"E48 escapes in the display name", e48_display_name, RIG_LAX},
	{"E49 P-5089, P-7397 beside the real ones", e49_event, 0},
	{"E49 P-5089, P-7397 alone", e49_nothing_real, 0},
	{"E49 P-1509 is no Replaces", e49_replaces, 0},
	{"E49 P-3259 is no Refer-To", e49_refer_to, RIG_BANK},
	{"NOTIFY with wrong tags, of another package", notify_with_wrong_tags, 0},
	{"Z12 NOTIFY from another port", notify_from_another_port, 0},
	{"Z12 NOTIFY with a new Contact", notify_with_a_new_contact, 0},
	{"Z10 NOTIFY flood", notify_flood, 0},
	{"SUBSCRIBE to us", subscribe_to_us, 0},
	{"garbage", garbage, RIG_LAX},
	{"mutations", mutations, RIG_LAX},
	{"half a message over TCP", half_a_message, 0},
	{"headers without end", endless_headers, 0},
	{"64 KiB of headers", headers_of_64k, RIG_LAX},
	{"no Content-Length over TCP", without_content_length, RIG_LAX},
	{"keepalives", keepalives, 0},
	{"compact header names", compact_names, 0},
	{"long addresses", long_things, RIG_LAX},
	{"2xx with an odd Contact", odd_2xx, RIG_LAX},
	{"2xx with an odd answer", odd_answers, RIG_LAX},
};
/* clang-format on */

WIRE_MAIN("hostile", cases)
