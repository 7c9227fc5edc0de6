/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Calls, out and in: RFC 3261, 3264, 5407. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/wire/dns.h"
#include "tests/wire/rig.h"

static uint32_t dial(struct rig *r)
{
	return rig_req(r, REQ_DIAL, 0, peer_uri(r->b, "b"));
}

/* Claimed is what is done: Replaces by the bank only (RFC 3891 6.2, G42) */
static void check_supported(const struct rig *r, const struct sipmsg *m)
{
	wire_assert(sipmsg_lists(m, "Supported", "replaces") ==
		    ((r->flags & RIG_BANK) != 0));
}

/* ---- out -------------------------------------------------------------- */

static void the_invite(struct rig *r)
{
	uint32_t call = dial(r);
	const struct sipmsg *m = peer_expect(r->b, "INVITE");
	const struct call_info *c = rig_call(r, call, CALL_DIALING);

	wire_assert(c->dir == CALL_OUT);
	wire_assert(!strcmp(c->peer, peer_uri(r->b, "b")));
	wire_assert(!strcmp(m->uri, peer_uri(r->b, "b")));
	wire_assert(sipmsg_count(m, "Contact") == 1);
	wire_assert(sipmsg_count(m, "Via") == 1);
	wire_assert(!strncmp(m->branch, "z9hG4bK", 7));
	wire_assert(!*m->to_tag && *m->from_tag);
	wire_assert(atoi(sipmsg_hdr(m, "Max-Forwards")) == 70);
	wire_assert(sipmsg_lists(m, "Allow", "REFER"));
	wire_assert(sipmsg_lists(m, "Allow", "NOTIFY"));
	wire_assert(!sipmsg_lists(m, "Allow", "UPDATE"));
	check_supported(r, m);
	wire_assert(!strcmp(sipmsg_hdr(m, "User-Agent"), "cordpair-test"));
	wire_assert(!strcmp(sipmsg_hdr(m, "Content-Type"), "application/sdp"));
	wire_assert(strstr(m->body, "PCMU/8000"));
	wire_assert(strstr(m->body, "PCMA/8000"));
	wire_assert(strstr(m->body, "telephone-event/8000"));
	leg_from(&r->lb, r->b, m);
	leg_reply(&r->lb, m, 100, "Trying", NULL);
	rig_sync(r);
	wire_assert(rig_call_now(r, call)->state == CALL_DIALING);
	leg_reply(&r->lb, m, 180, "Ringing", NULL);
	c = rig_call(r, call, CALL_RINGING);
	wire_assert(c->code == 180);
	leg_reply(&r->lb, m, 200, "OK", "sendrecv");
	m = peer_expect(r->b, "ACK");
	wire_assert(m->cseq == r->lb.invite->cseq);
	wire_assert(!strcmp(m->to_tag, r->lb.ltag));
	wire_assert(strcmp(m->branch, r->lb.invite->branch));
	(void)rig_call_is(r, call, CALL_TALKING);
	/* 50 packets a second, give or take the test's own time */
	rig_pass(r, 500);
	wire_assert(peer_rtp(r->b) > 0);
	leg_bye(&r->lb);
	(void)rig_call_is(r, call, CALL_ENDED);
}

/* Peer to peer one may call in any name; it lasts for the whole dialog */
static void call_as_another(struct rig *r)
{
	struct request req = {.type = REQ_DIAL, .flags = DIAL_AS};
	const struct sipmsg *m;
	uint32_t call;

	snprintf(req.u.dial.target, sizeof(req.u.dial.target), "%s",
		 peer_uri(r->b, "b"));
	snprintf(req.u.dial.user, sizeof(req.u.dial.user), "+442079460958");
	snprintf(req.u.dial.name, sizeof(req.u.dial.name), "Müller <Söhne>");
	call = rig_do(r, &req);
	m = peer_expect(r->b, "INVITE");
	wire_assert(!strncmp(sipmsg_hdr(m, "From"),
			     "\"Müller <Söhne>\" <sip:+442079460958@",
			     strlen("\"Müller <Söhne>\" <sip:+442079460958@")));
	wire_assert(strstr(sipmsg_hdr(m, "Contact"), "<sip:+442079460958@"));
	leg_from(&r->lb, r->b, m);
	leg_reply(&r->lb, m, 200, "OK", "sendrecv");
	(void)peer_expect(r->b, "ACK");
	(void)rig_call_is(r, call, CALL_TALKING);
	rig_req(r, REQ_HANGUP, call, "");
	m = peer_expect(r->b, "BYE");
	wire_assert(strstr(sipmsg_hdr(m, "From"), "\" <sip:+442079460958@"));
	peer_reply(r->b, m, 200, "OK", NULL);
	(void)rig_call_is(r, call, CALL_ENDED);
}

static void early_media(struct rig *r)
{
	uint32_t call = dial(r);
	const struct sipmsg *m = peer_expect(r->b, "INVITE");

	leg_from(&r->lb, r->b, m);
	leg_reply(&r->lb, m, 183, "Session Progress", "sendrecv");
	(void)rig_call(r, call, CALL_EARLY);
	leg_reply(&r->lb, m, 180, "Ringing", NULL);
	rig_sync(r);
	leg_reply(&r->lb, m, 200, "OK", "sendrecv");
	(void)peer_expect(r->b, "ACK");
	(void)rig_call_is(r, call, CALL_TALKING);
	rig_call_alive(r, call);
}

static void refused(struct rig *r)
{
	static const unsigned codes[] = {400, 403, 404, 408, 480, 484, 486,
					 488, 500, 503, 600, 603, 699};

	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
		uint32_t call = dial(r);
		const struct sipmsg *m = peer_expect(r->b, "INVITE");
		const struct call_info *c;

		peer_reply(r->b, m, codes[i], "Such Is Life", NULL);
		/* of the same transaction (RFC 3261 17.1.1.3) */
		wire_assert(
			!strcmp(peer_expect(r->b, "ACK")->branch, m->branch));
		c = rig_call(r, call, CALL_ENDED);
		wire_assert(c->code == codes[i]);
		wire_assert(*c->text);
	}
}

static void no_answer_at_all(struct rig *r)
{
	uint32_t call = dial(r);
	const struct call_info *c;

	(void)peer_expect(r->b, "INVITE");
	rig_pass(r, 33000);
	c = rig_call_is(r, call, CALL_ENDED);
	wire_assert(c->code == 408 || c->code == 0);
	wire_assert(*c->text);
	wire_assert(r->b->dups >= 5);
}

static void rings_too_long(struct rig *r)
{
	uint32_t call;
	const struct sipmsg *m, *inv;

	rig_option(r, EOPT_RING_TIMEOUT, 20, "");
	call = dial(r);
	inv = peer_expect(r->b, "INVITE");
	leg_from(&r->lb, r->b, inv);
	leg_reply(&r->lb, inv, 180, "Ringing", NULL);
	(void)rig_call(r, call, CALL_RINGING);
	rig_pass(r, 19000);
	peer_none(r->b, "CANCEL");
	rig_pass(r, 1500);
	m = peer_expect(r->b, "CANCEL");
	peer_reply(r->b, m, 200, "OK", NULL);
	peer_reply_body(r->b, inv, 487, "Request Terminated", r->lb.ltag, NULL,
			NULL, NULL, 0);
	(void)peer_expect(r->b, "ACK");
	(void)rig_call_is(r, call, CALL_ENDED);
}

static void no_such_name(struct rig *r)
{
	struct dns *dns = dns_new();
	const struct call_info *c;
	uint32_t call;

	rig_option(r, EOPT_DNS_SERVER, 0, dns_addr(dns));
	call = rig_req(r, REQ_DIAL, 0, "sip:x@nothing.invalid");
	c = dns_ended(r, dns, call);
	if (!strstr(c->text, "nothing.invalid"))
		wire_fail("the name is not in \"%s\"", c->text);
	dns_free(dns);
}

/* Nobody listens there */
static void nobody_home(struct rig *r)
{
	struct peer *gone = rig_peer(r, "gone", PEER_TCP);
	char uri[128];
	uint32_t call;

	snprintf(uri, sizeof(uri), "%s", peer_uri(gone, "x"));
	peer_free(gone);
	call = rig_req(r, REQ_DIAL, 0, uri);
	rig_pass(r, 33000);
	wire_assert(*rig_call_is(r, call, CALL_ENDED)->text);
}

static void bad_targets(struct rig *r)
{
	static const char *const bad[] = {
		"",
		"sip:",
		"nobody",
		"sip:a@",
		"http://x/",
		"sip:a@h:0",
		"sip:a@h:x",
		"sip:a b@h",
		"sip:a@[::g]",
		"sip:a@h\r\nX: y",
		"sip:a@h?X=1",
		"mailto:a@b",
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		int err = rig_req_refused(r, REQ_DIAL, 0, bad[i]);

		if (err != EINVAL)
			wire_fail("\"%s\": %d", bad[i], err);
	}
}

static void unknown_numbers(struct rig *r)
{
	static const enum req_type types[] = {
		REQ_ANSWER,  REQ_REJECT,   REQ_HANGUP,  REQ_HOLD, REQ_RESUME,
		REQ_MUTE,    REQ_TRANSFER, REQ_SWAP,    REQ_JOIN, REQ_COMPLETE,
		REQ_CONSULT, REQ_TAKEBACK, REQ_UNWATCH,
	};

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		wire_assert(rig_req_refused(r, types[i], 4711,
					    "sip:a@127.0.0.1") == ENOENT);
	(void)rig_req_refused(r, REQ_DTMF, 4711, "1");
	(void)rig_req_refused(r, REQ_REGISTER, 4711, NULL);
	(void)rig_req_refused(r, REQ_DIAL, 4711, "sip:a@127.0.0.1");
}

/* ---- CANCEL ------------------------------------------------------------ */

static void cancelled(struct rig *r)
{
	uint32_t call = dial(r);
	const struct sipmsg *m, *inv = peer_expect(r->b, "INVITE");

	leg_from(&r->lb, r->b, inv);
	leg_reply(&r->lb, inv, 180, "Ringing", NULL);
	(void)rig_call(r, call, CALL_RINGING);
	rig_req(r, REQ_HANGUP, call, NULL);
	m = peer_expect(r->b, "CANCEL");
	wire_assert(!strcmp(m->branch, inv->branch));
	wire_assert(!strcmp(m->uri, inv->uri));
	wire_assert(m->cseq == inv->cseq);
	wire_assert(!*m->to_tag);
	peer_reply(r->b, m, 200, "OK", NULL);
	peer_reply_body(r->b, inv, 487, "Request Terminated", r->lb.ltag, NULL,
			NULL, NULL, 0);
	(void)peer_expect(r->b, "ACK");
	(void)rig_call_is(r, call, CALL_ENDED);
}

/* No CANCEL before a provisional answer (RFC 3261 9.1) */
static void cancel_before_provisional(struct rig *r)
{
	uint32_t call = dial(r);
	const struct sipmsg *m, *inv = peer_expect(r->b, "INVITE");

	rig_req(r, REQ_HANGUP, call, NULL);
	rig_sync(r);
	peer_none(r->b, "CANCEL");
	peer_reply(r->b, inv, 100, "Trying", NULL);
	m = peer_expect(r->b, "CANCEL");
	peer_reply(r->b, m, 200, "OK", NULL);
	peer_reply(r->b, inv, 487, "Request Terminated", NULL);
	(void)peer_expect(r->b, "ACK");
	(void)rig_call_is(r, call, CALL_ENDED);
}

static void cancel_before_200(struct rig *r)
{
	uint32_t call = dial(r);
	const struct sipmsg *inv = peer_expect(r->b, "INVITE");

	rig_req(r, REQ_HANGUP, call, NULL);
	rig_sync(r);
	leg_from(&r->lb, r->b, inv);
	leg_reply(&r->lb, inv, 200, "OK", "sendrecv");
	(void)peer_expect(r->b, "ACK");
	leg_expect_bye(&r->lb, 200);
	(void)rig_call_is(r, call, CALL_ENDED);
}

static void cancel_crosses_200(struct rig *r)
{
	uint32_t call = dial(r);
	const struct sipmsg *m, *inv = peer_expect(r->b, "INVITE");

	leg_from(&r->lb, r->b, inv);
	leg_reply(&r->lb, inv, 180, "Ringing", NULL);
	(void)rig_call(r, call, CALL_RINGING);
	rig_req(r, REQ_HANGUP, call, NULL);
	m = peer_expect(r->b, "CANCEL");
	leg_reply(&r->lb, inv, 200, "OK", "sendrecv");
	(void)peer_expect(r->b, "ACK");
	leg_expect_bye(&r->lb, 200);
	peer_reply(r->b, m, 481, "Too Late", NULL);
	(void)rig_call_is(r, call, CALL_ENDED);
}

/* CANCEL is answered and then nothing: the call must not ring for ever */
static void cancel_without_487(struct rig *r)
{
	uint32_t call = dial(r);
	const struct sipmsg *m, *inv = peer_expect(r->b, "INVITE");

	leg_from(&r->lb, r->b, inv);
	leg_reply(&r->lb, inv, 180, "Ringing", NULL);
	(void)rig_call(r, call, CALL_RINGING);
	rig_req(r, REQ_HANGUP, call, NULL);
	m = peer_expect(r->b, "CANCEL");
	peer_reply(r->b, m, 200, "OK", NULL);
	rig_pass(r, 34000);
	(void)rig_call_is(r, call, CALL_ENDED);
}

/* ---- 3xx ---------------------------------------------------------------- */

static void redirect_shown(struct rig *r)
{
	uint32_t call = dial(r);
	const struct sipmsg *m = peer_expect(r->b, "INVITE");
	const struct call_info *c;
	char extra[400];

	snprintf(extra, sizeof(extra),
		 "Contact: <%s>;q=0.5, \"C\" <sip:other@127.0.0.9>\r\n",
		 peer_uri(r->c, "c"));
	peer_reply(r->b, m, 302, "Moved Temporarily", extra);
	(void)peer_expect(r->b, "ACK");
	c = rig_call(r, call, CALL_ENDED);
	wire_assert(c->code == 302);
	if (!strstr(c->contacts, peer_uri(r->c, "c")) ||
	    !strstr(c->contacts, "sip:other@127.0.0.9"))
		wire_fail("contacts: %s", c->contacts);
	rig_sync(r);
	peer_none(r->c, "INVITE");
}

static void redirect_followed(struct rig *r)
{
	const struct sipmsg *m;
	char extra[400];
	uint32_t call;

	rig_option(r, EOPT_FOLLOW_REDIRECTS, 1, "");
	call = dial(r);
	m = peer_expect(r->b, "INVITE");
	snprintf(extra, sizeof(extra), "Contact: <%s>\r\n",
		 peer_uri(r->c, "c"));
	peer_reply(r->b, m, 302, "Moved Temporarily", extra);
	(void)peer_expect(r->b, "ACK");
	m = peer_expect(r->c, "INVITE");
	wire_assert(!strcmp(m->uri, peer_uri(r->c, "c")));
	leg_from(&r->lc, r->c, m);
	leg_reply(&r->lc, m, 200, "OK", "sendrecv");
	(void)peer_expect(r->c, "ACK");
	(void)rig_call_is(r, call, CALL_TALKING);
	rig_req(r, REQ_HANGUP, call, NULL);
	leg_expect_bye(&r->lc, 200);
	(void)rig_call_is(r, call, CALL_ENDED);
}

/* In a circle: it ends some time */
static void redirect_in_a_circle(struct rig *r)
{
	char extra[400];
	uint32_t call;
	unsigned n = 0;

	rig_option(r, EOPT_FOLLOW_REDIRECTS, 1, "");
	call = dial(r);
	snprintf(extra, sizeof(extra), "Contact: <%s>\r\n",
		 peer_uri(r->b, "b"));
	while (rig_call_now(r, call) == NULL ||
	       rig_call_now(r, call)->state != CALL_ENDED) {
		const struct sipmsg *m = peer_expect(r->b, "INVITE");

		peer_reply(r->b, m, 302, "Moved Temporarily", extra);
		(void)peer_expect(r->b, "ACK");
		rig_sync(r);
		if (++n > 20)
			wire_fail("followed %u times", n);
	}
}

/* ---- forks and retransmissions --------------------------------------------
 */

static void forked_2xx(struct rig *r)
{
	static struct leg other;
	uint32_t call = dial(r);
	const struct sipmsg *m, *inv = peer_expect(r->b, "INVITE");

	leg_from(&r->lb, r->b, inv);
	leg_from(&other, r->b, inv);
	leg_reply(&r->lb, inv, 180, "Ringing", NULL);
	leg_reply(&other, inv, 180, "Ringing", NULL);
	leg_reply(&r->lb, inv, 200, "OK", "sendrecv");
	m = peer_expect(r->b, "ACK");
	wire_assert(!strcmp(m->to_tag, r->lb.ltag));
	leg_reply(&other, inv, 200, "OK", "sendrecv");
	m = peer_expect(r->b, "ACK");
	wire_assert(!strcmp(m->to_tag, other.ltag));
	m = peer_expect(r->b, "BYE");
	wire_assert(!strcmp(m->to_tag, other.ltag));
	peer_reply(r->b, m, 200, "OK", NULL);
	(void)rig_call_is(r, call, CALL_TALKING);
	rig_call_alive(r, call);
}

static void early_fork_fails_other_answers(struct rig *r)
{
	static struct leg other;
	uint32_t call = dial(r);
	const struct sipmsg *m, *inv = peer_expect(r->b, "INVITE");

	leg_from(&other, r->b, inv);
	leg_from(&r->lb, r->b, inv);
	leg_reply(&other, inv, 183, "Session Progress", "sendrecv");
	(void)rig_call(r, call, CALL_EARLY);
	leg_reply(&r->lb, inv, 200, "OK", "sendrecv");
	m = peer_expect(r->b, "ACK");
	wire_assert(!strcmp(m->to_tag, r->lb.ltag));
	(void)rig_call_is(r, call, CALL_TALKING);
	rig_call_alive(r, call);
}

static void repeated_2xx_is_acked_again(struct rig *r)
{
	uint32_t call = rig_call_up(r, r->b, &r->lb);

	for (unsigned i = 0; i < 3; i++) {
		const struct sipmsg *m;

		leg_reply(&r->lb, r->lb.invite, 200, "OK", "sendrecv");
		m = peer_expect(r->b, "ACK");
		wire_assert(m->cseq == r->lb.invite->cseq);
		wire_assert(!strcmp(m->to_tag, r->lb.ltag));
	}
	rig_call_alive(r, call);
}

/* ---- hold ------------------------------------------------------------------
 */

static void hold_and_resume(struct rig *r)
{
	uint32_t call = rig_call_up(r, r->b, &r->lb);
	const struct sipmsg *m;
	unsigned v1 = 0, v2 = 0;

	(void)sscanf(strstr(r->lb.invite->body, "\no=") + 3, "%*s %*s %u", &v1);
	rig_req(r, REQ_HOLD, call, NULL);
	m = peer_expect(r->b, "INVITE");
	wire_assert(!strcmp(sdp_dir(m), "sendonly") ||
		    !strcmp(sdp_dir(m), "inactive"));
	wire_assert(!strstr(m->body, "0.0.0.0"));
	(void)sscanf(strstr(m->body, "\no=") + 3, "%*s %*s %u", &v2);
	wire_assert(v2 > v1); /* RFC 3264 8 */
	wire_assert(rig_call_now(r, call)->state != CALL_HELD);
	r->lb.ack_cseq = m->cseq;
	leg_reply(&r->lb, m, 200, "OK", "recvonly");
	(void)rig_call_is(r, call, CALL_HELD);
	rig_req(r, REQ_RESUME, call, NULL);
	leg_expect_resume(&r->lb);
	(void)rig_call_is(r, call, CALL_TALKING);
	(void)rig_req_refused(r, REQ_RESUME, call, NULL);
	rig_call_alive(r, call);
}

static void hold_refused(struct rig *r)
{
	static const unsigned codes[] = {488, 500, 403};
	uint32_t call = rig_call_up(r, r->b, &r->lb);

	for (unsigned i = 0; i < 3; i++) {
		const struct sipmsg *m;
		const struct call_info *c;

		rig_req(r, REQ_HOLD, call, NULL);
		m = peer_expect(r->b, "INVITE");
		peer_reply(r->b, m, codes[i], "No", NULL);
		(void)peer_expect(r->b, "ACK");
		rig_sync(r);
		c = rig_call_now(r, call);
		wire_assert(c->state == CALL_TALKING);
		/* it is noticed */
		wire_assert(c->code == codes[i]);
		wire_assert(*c->text);
	}
	rig_call_alive(r, call);
}

static void hold_491(struct rig *r)
{
	uint32_t call = rig_call_up(r, r->b, &r->lb);
	const struct sipmsg *m;

	rig_req(r, REQ_HOLD, call, NULL);
	m = peer_expect(r->b, "INVITE");
	peer_reply(r->b, m, 491, "Request Pending", NULL);
	(void)peer_expect(r->b, "ACK");
	rig_pass(r, 2000); /* ours: 2.1 to 4 s */
	peer_none(r->b, "INVITE");
	rig_pass(r, 2100);
	leg_expect_hold(&r->lb);
	(void)rig_call_is(r, call, CALL_HELD);
	rig_call_alive(r, call);
}

static void hold_491_their_call(struct rig *r)
{
	uint32_t call = rig_call_in(r, r->b, &r->lb, NULL);
	const struct sipmsg *m;

	rig_req(r, REQ_HOLD, call, NULL);
	m = peer_expect(r->b, "INVITE");
	peer_reply(r->b, m, 491, "Request Pending", NULL);
	(void)peer_expect(r->b, "ACK");
	rig_pass(r, 2100); /* theirs: 0 to 2 s */
	leg_expect_hold(&r->lb);
	(void)rig_call_is(r, call, CALL_HELD);
	rig_call_alive(r, call);
}

/* 481 and 408 to a re-INVITE: the dialog is gone (RFC 3261 12.2.1.2) */
static void hold_481(struct rig *r)
{
	uint32_t call = rig_call_up(r, r->b, &r->lb);
	const struct sipmsg *m;

	r->b->autos = AUTO_BYE;
	rig_req(r, REQ_HOLD, call, NULL);
	m = peer_expect(r->b, "INVITE");
	peer_reply(r->b, m, 481, "Call Does Not Exist", NULL);
	(void)peer_expect(r->b, "ACK");
	(void)rig_call_is(r, call, CALL_ENDED);
}

static void held_by_the_peer(struct rig *r)
{
	static const char *const dirs[] = {"sendonly", "inactive"};
	uint32_t call = rig_call_up(r, r->b, &r->lb);

	for (unsigned i = 0; i < 2; i++) {
		const struct sipmsg *m;
		uint32_t n = leg_invite(&r->lb, NULL, dirs[i]);

		m = peer_expect_answer(r->b, "INVITE", n, 200);
		wire_assert(!strcmp(sdp_dir(m), i ? "inactive" : "recvonly"));
		leg_ack(&r->lb);
		rig_sync(r);
		wire_assert(rig_call_now(r, call)->remote_hold);
		wire_assert(rig_call_now(r, call)->state == CALL_TALKING);
		/* and we hold as well: nothing flows */
		rig_req(r, REQ_HOLD, call, NULL);
		m = peer_expect(r->b, "INVITE");
		wire_assert(!strcmp(sdp_dir(m), "inactive") ||
			    !strcmp(sdp_dir(m), "sendonly"));
		r->lb.ack_cseq = m->cseq;
		leg_reply(&r->lb, m, 200, "OK", "inactive");
		(void)rig_call_is(r, call, CALL_HELD);
		rig_req(r, REQ_RESUME, call, NULL);
		m = peer_expect(r->b, "INVITE");
		wire_assert(strcmp(sdp_dir(m), "inactive"));
		wire_assert(strcmp(sdp_dir(m), "sendonly"));
		r->lb.ack_cseq = m->cseq;
		leg_reply(&r->lb, m, 200, "OK", "inactive");
		(void)rig_call_is(r, call, CALL_TALKING);
		n = leg_invite(&r->lb, NULL, "sendrecv");
		m = peer_expect_answer(r->b, "INVITE", n, 200);
		wire_assert(!strcmp(sdp_dir(m), "sendrecv"));
		leg_ack(&r->lb);
		rig_sync(r);
		wire_assert(!rig_call_now(r, call)->remote_hold);
	}
	rig_call_alive(r, call);
}

static void held_by_zero_address(struct rig *r)
{
	uint32_t call = rig_call_up(r, r->b, &r->lb);
	char sdp[700], *c;
	uint32_t n;

	sdp_make(sdp, sizeof(sdp), r->b, "sendrecv", r->lb.sdp_version++);
	c = strstr(sdp, "c=IN IP4 127.0.0.1");
	wire_assert(c);
	memcpy(c, "c=IN IP4 0.0.0.0\r\n", 18);
	memmove(c + 18, c + 20, strlen(c + 20) + 1);
	n = leg_request(&r->lb, "INVITE", NULL, "application/sdp", sdp);
	r->lb.invite_cseq = n;
	(void)peer_expect_answer(r->b, "INVITE", n, 200);
	leg_ack(&r->lb);
	rig_sync(r);
	wire_assert(rig_call_now(r, call)->remote_hold);
	n = leg_invite(&r->lb, NULL, "sendrecv");
	(void)peer_expect_answer(r->b, "INVITE", n, 200);
	leg_ack(&r->lb);
	rig_sync(r);
	wire_assert(!rig_call_now(r, call)->remote_hold);
	rig_call_alive(r, call);
}

/* ---- re-INVITE by the peer
 * --------------------------------------------------- */

static void their_bad_offer(struct rig *r)
{
	static const char *const bad[] = {
		"rubbish",
		"v=0\r\no=x 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1"
		"\r\nt=0 0\r\nm=video 4000 RTP/AVP 96\r\n"
		"a=rtpmap:96 H264/90000\r\n",
		"v=0\r\no=x 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1"
		"\r\nt=0 0\r\nm=audio 4000 RTP/AVP 96\r\n"
		"a=rtpmap:96 iLBC/8000\r\n",
	};
	uint32_t call = rig_call_up(r, r->b, &r->lb);

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		uint32_t n = leg_request(&r->lb, "INVITE", NULL,
					 "application/sdp", bad[i]);
		const struct sipmsg *m = peer_expect_final(r->b, "INVITE", n);

		r->lb.invite_cseq = n;
		if (m->code / 100 != 4)
			wire_fail("a bad offer was answered %u", m->code);
		snprintf(r->lb.next_branch, sizeof(r->lb.next_branch), "%s",
			 r->lb.branch);
		leg_ack(&r->lb);
		rig_sync(r);
		wire_assert(rig_call_now(r, call)->state == CALL_TALKING);
	}
	rig_call_alive(r, call);
}

/* Without an offer: ours comes in the 200, their answer in the ACK */
static void their_reinvite_without_offer(struct rig *r)
{
	uint32_t call = rig_call_up(r, r->b, &r->lb);
	uint32_t n = leg_invite(&r->lb, NULL, NULL);
	const struct sipmsg *m = peer_expect_answer(r->b, "INVITE", n, 200);
	char sdp[700], text[300];

	wire_assert(strstr(m->body, "m=audio"));
	sdp_make(sdp, sizeof(sdp), r->b, "sendrecv", r->lb.sdp_version++);
	snprintf(text, sizeof(text),
		 "ACK [target] SIP/2.0\r\n[via]\r\nMax-Forwards: 70\r\n[from]"
		 "\r\n[to]\r\n[callid]\r\nCSeq: %u ACK\r\n"
		 "Content-Type: application/sdp\r\n[len]\r\n\r\n",
		 n);
	(void)leg_text(&r->lb, text, sdp, strlen(sdp));
	rig_sync(r);
	wire_assert(rig_call_now(r, call)->state == CALL_TALKING);
	rig_call_alive(r, call);
}

/* Ours is under way: theirs gets 491 (RFC 3261 14.2) */
static void their_reinvite_crosses_ours(struct rig *r)
{
	uint32_t call = rig_call_up(r, r->b, &r->lb);
	const struct sipmsg *m;
	uint32_t n;

	rig_req(r, REQ_HOLD, call, NULL);
	m = peer_expect(r->b, "INVITE");
	n = leg_invite(&r->lb, NULL, "sendrecv");
	(void)peer_expect_answer(r->b, "INVITE", n, 491);
	snprintf(r->lb.next_branch, sizeof(r->lb.next_branch), "%s",
		 r->lb.branch);
	leg_ack(&r->lb);
	r->lb.ack_cseq = m->cseq;
	leg_reply(&r->lb, m, 200, "OK", "recvonly");
	(void)rig_call_is(r, call, CALL_HELD);
	rig_call_alive(r, call);
}

static void their_new_contact_is_used(struct rig *r)
{
	uint32_t call = rig_call_up(r, r->b, &r->lb);
	const struct sipmsg *m;
	uint32_t n;

	snprintf(r->lb.contact, sizeof(r->lb.contact), "<%s>",
		 peer_uri(r->c, "moved"));
	n = leg_invite(&r->lb, NULL, "sendrecv");
	(void)peer_expect_answer(r->b, "INVITE", n, 200);
	leg_ack(&r->lb);
	rig_sync(r);
	rig_req(r, REQ_HANGUP, call, NULL);
	m = peer_expect(r->c, "BYE");
	wire_assert(!strcmp(m->uri, peer_uri(r->c, "moved")));
	peer_reply(r->c, m, 200, "OK", NULL);
	(void)rig_call_is(r, call, CALL_ENDED);
}

static void an_old_cseq_is_refused(struct rig *r)
{
	uint32_t call = rig_call_up(r, r->b, &r->lb);
	uint32_t n = leg_invite(&r->lb, NULL, "sendrecv");

	(void)peer_expect_answer(r->b, "INVITE", n, 200);
	leg_ack(&r->lb);
	r->lb.lcseq -= 5;
	n = leg_invite(&r->lb, NULL, "sendrecv");
	(void)peer_expect_answer(r->b, "INVITE", n, 500);
	snprintf(r->lb.next_branch, sizeof(r->lb.next_branch), "%s",
		 r->lb.branch);
	leg_ack(&r->lb);
	r->lb.lcseq += 10;
	rig_call_alive(r, call);
}

/* Route set of the 2xx: loose routing through d */
static void route_set(struct rig *r)
{
	char extra[400];
	struct call_prm prm = {.contact = "<sip:b@203.0.113.9>",
			       .extra = extra};
	const struct sipmsg *m;
	uint32_t call;

	/* the callee's list is in the order seen from it: ours is reversed,
	 * so the hop next to us stands last */
	snprintf(extra, sizeof(extra),
		 "Record-Route: <sip:p2.example;lr>\r\n"
		 "Record-Route: <sip:%s:%u;lr;x=1>\r\n",
		 r->b->host, r->b->port);
	call = rig_call_up_prm(r, r->b, &r->lb, &prm);
	rig_req(r, REQ_HANGUP, call, NULL);
	m = peer_expect(r->b, "BYE");
	wire_assert(!strcmp(m->uri, "sip:b@203.0.113.9"));
	wire_assert(strstr(sipmsg_nth(m, "Route", 0), ";lr;x=1"));
	wire_assert(sipmsg_count(m, "Route") == 2 ||
		    strstr(sipmsg_hdr(m, "Route"), "p2.example"));
	peer_reply(r->b, m, 200, "OK", NULL);
	(void)rig_call_is(r, call, CALL_ENDED);
}

/* ---- BYE --------------------------------------------------------------------
 */

static void bye_crosses(struct rig *r)
{
	uint32_t call = rig_call_up(r, r->b, &r->lb);
	const struct sipmsg *m, *a;
	uint32_t n;

	rig_req(r, REQ_HANGUP, call, NULL);
	m = peer_expect(r->b, "BYE");
	n = leg_request(&r->lb, "BYE", NULL, NULL, NULL);
	a = peer_expect_final(r->b, "BYE", n);
	wire_assert(a->code == 200 || a->code == 481);
	peer_reply(r->b, m, 481, "Gone", NULL);
	(void)rig_call_is(r, call, CALL_ENDED);
}

static void bye_not_answered(struct rig *r)
{
	uint32_t call = rig_call_up(r, r->b, &r->lb);

	rig_req(r, REQ_HANGUP, call, NULL);
	(void)peer_expect(r->b, "BYE");
	rig_pass(r, 33000);
	(void)rig_call_is(r, call, CALL_ENDED);
	wire_assert(r->b->dups >= 5);
}

/* A 200 lost its ACK: it is said again, and after 32 s the call ends */
static void no_ack(struct rig *r)
{
	const struct sipmsg *m;
	uint32_t call, n;

	leg_to(&r->lb, r->b, rig_uri(r, "cordpair", "udp:"));
	n = leg_invite(&r->lb, NULL, "sendrecv");
	call = rig_incoming(r)->id;
	rig_req(r, REQ_ANSWER, call, NULL);
	m = peer_expect_answer(r->b, "INVITE", n, 200);
	leg_learn(&r->lb, m);
	rig_pass(r, 31000);
	wire_assert(r->b->dups >= 5);
	rig_pass(r, 5000);
	leg_expect_bye(&r->lb, 200);
	(void)rig_call_is(r, call, CALL_ENDED);
}

/* ---- in
 * ------------------------------------------------------------------------ */

static void incoming(struct rig *r)
{
	const struct call_info *c;
	const struct sipmsg *m;
	uint32_t n;

	leg_to(&r->lb, r->b, rig_uri(r, "cordpair", "udp:"));
	n = leg_invite(&r->lb, NULL, "sendrecv");
	c = rig_incoming(r);
	wire_assert(c->dir == CALL_IN);
	wire_assert(!strcmp(c->peer, peer_uri(r->b, "b")));
	wire_assert(!strcmp(c->local, "cordpair"));
	m = peer_expect_answer(r->b, "INVITE", n, 180);
	wire_assert(*m->to_tag);
	wire_assert(sipmsg_hdr(m, "Contact"));
	rig_req(r, REQ_ANSWER, c->id, NULL);
	m = peer_expect_answer(r->b, "INVITE", n, 200);
	check_supported(r, m);
	wire_assert(sipmsg_lists(m, "Allow", "REFER"));
	leg_learn(&r->lb, m);
	leg_ack(&r->lb);
	(void)rig_call_is(r, c->id, CALL_TALKING);
	leg_bye(&r->lb);
	(void)rig_call_is(r, c->id, CALL_ENDED);
}

static void incoming_rejected(struct rig *r)
{
	static const unsigned codes[] = {486, 603, 480, 302};

	for (unsigned i = 0; i < 3; i++) {
		struct request req = {.type = REQ_REJECT, .code = codes[i]};
		uint32_t n;

		leg_to(&r->lb, r->b, rig_uri(r, "cordpair", "udp:"));
		n = leg_invite(&r->lb, NULL, "sendrecv");
		req.id = rig_incoming(r)->id;
		(void)rig_do(r, &req);
		(void)peer_expect_answer(r->b, "INVITE", n, codes[i]);
		snprintf(r->lb.next_branch, sizeof(r->lb.next_branch), "%s",
			 r->lb.branch);
		leg_ack(&r->lb);
		(void)rig_call_is(r, req.id, CALL_ENDED);
	}
}

static void incoming_cancelled(struct rig *r)
{
	uint32_t call, n;

	leg_to(&r->lb, r->b, rig_uri(r, "cordpair", "udp:"));
	n = leg_invite(&r->lb, NULL, "sendrecv");
	call = rig_incoming(r)->id;
	(void)peer_expect_answer(r->b, "INVITE", n, 180);
	leg_cancel(&r->lb);
	(void)peer_expect_answer(r->b, "CANCEL", n, 200);
	(void)peer_expect_answer(r->b, "INVITE", n, 487);
	snprintf(r->lb.next_branch, sizeof(r->lb.next_branch), "%s",
		 r->lb.branch);
	leg_ack(&r->lb);
	(void)rig_call_is(r, call, CALL_ENDED);
	(void)rig_req_refused(r, REQ_ANSWER, call, NULL);
}

static void incoming_cancel_behind_the_answer(struct rig *r)
{
	const struct sipmsg *m;
	uint32_t call, n;

	leg_to(&r->lb, r->b, rig_uri(r, "cordpair", "udp:"));
	n = leg_invite(&r->lb, NULL, "sendrecv");
	call = rig_incoming(r)->id;
	rig_req(r, REQ_ANSWER, call, NULL);
	m = peer_expect_answer(r->b, "INVITE", n, 200);
	leg_cancel(&r->lb);
	(void)peer_expect_final(r->b, "CANCEL", n);
	leg_learn(&r->lb, m);
	leg_ack(&r->lb);
	(void)rig_call_is(r, call, CALL_TALKING);
	rig_call_alive(r, call);
}

/* The offer may come late: ours in the 200, theirs in the ACK */
static void incoming_without_offer(struct rig *r)
{
	const struct sipmsg *m;
	char sdp[700], text[300];
	uint32_t call, n;

	leg_to(&r->lb, r->b, rig_uri(r, "cordpair", "udp:"));
	n = leg_invite(&r->lb, NULL, NULL);
	call = rig_incoming(r)->id;
	rig_req(r, REQ_ANSWER, call, NULL);
	m = peer_expect_answer(r->b, "INVITE", n, 200);
	wire_assert(strstr(m->body, "m=audio"));
	leg_learn(&r->lb, m);
	sdp_make(sdp, sizeof(sdp), r->b, "sendrecv", 1);
	snprintf(text, sizeof(text),
		 "ACK [target] SIP/2.0\r\n[via]\r\nMax-Forwards: 70\r\n[from]"
		 "\r\n[to]\r\n[callid]\r\nCSeq: %u ACK\r\n"
		 "Content-Type: application/sdp\r\n[len]\r\n\r\n",
		 n);
	(void)leg_text(&r->lb, text, sdp, strlen(sdp));
	(void)rig_call_is(r, call, CALL_TALKING);
	rig_pass(r, 500);
	wire_assert(peer_rtp(r->b) > 0);
	rig_call_alive(r, call);
}

static void incoming_bad_offer(struct rig *r)
{
	const struct sipmsg *m;
	uint32_t n;

	leg_to(&r->lb, r->b, rig_uri(r, "cordpair", "udp:"));
	n = leg_request(&r->lb, "INVITE", NULL, "application/sdp",
			"v=0\r\no=x 1 1 IN IP4 127.0.0.1\r\ns=-\r\n"
			"c=IN IP4 127.0.0.1\r\nt=0 0\r\n"
			"m=audio 4000 RTP/AVP 96\r\na=rtpmap:96 iLBC/8000\r\n");
	m = peer_expect_final(r->b, "INVITE", n);
	wire_assert(m->code == 488);
}

/* Peer to peer the user part does not matter */
static void incoming_for_anybody(struct rig *r)
{
	static const char *const users[] = {"cordpair", "stranger", "100"};

	for (unsigned i = 0; i < 3; i++) {
		struct request req = {.type = REQ_REJECT, .code = 486};
		const struct call_info *c;
		uint32_t n;

		leg_to(&r->lb, r->b, rig_uri(r, users[i], "udp:"));
		n = leg_invite(&r->lb, NULL, "sendrecv");
		c = rig_incoming(r);
		wire_assert(!strcmp(c->local, users[i]));
		req.id = c->id;
		(void)rig_do(r, &req);
		(void)peer_expect_answer(r->b, "INVITE", n, 486);
		snprintf(r->lb.next_branch, sizeof(r->lb.next_branch), "%s",
			 r->lb.branch);
		leg_ack(&r->lb);
		(void)rig_call_is(r, req.id, CALL_ENDED);
	}
}

static void incoming_required_extension(struct rig *r)
{
	const struct sipmsg *m;
	uint32_t n;

	leg_to(&r->lb, r->b, rig_uri(r, "cordpair", "udp:"));
	n = leg_invite(&r->lb, "Require: 100rel, foo\r\n", "sendrecv");
	m = peer_expect_final(r->b, "INVITE", n);
	wire_assert(m->code == 420);
	wire_assert(sipmsg_lists(m, "Unsupported", "foo"));
}

/* ---- Replaces to us (RFC 3891 3)
 * -------------------------------------------------- */

/* What of the dialog's Replaces is wrong */
enum wrong { NO_FROM_TAG, NO_DIALOG, BAD_FROM_TAG, TWO, EARLY_ONLY };

static void replaces(struct rig *r, enum wrong wrong, unsigned code)
{
	uint32_t call = rig_call_up(r, r->b, &r->lb);
	const struct leg *d = &r->lb;
	char hdr[700];
	const struct sipmsg *m;
	uint32_t n;

	snprintf(hdr, sizeof(hdr), "Replaces: %s;to-tag=%s%s%s%s\r\n%s",
		 wrong == NO_DIALOG ? "nothing" : d->callid, d->rtag,
		 wrong == NO_FROM_TAG ? "" : ";from-tag=",
		 wrong == NO_FROM_TAG    ? ""
		 : wrong == BAD_FROM_TAG ? "wrong"
					 : d->ltag,
		 wrong == EARLY_ONLY ? ";early-only" : "",
		 wrong == TWO ? "Replaces: x;to-tag=1;from-tag=2\r\n" : "");
	leg_to(&r->lc, r->c, rig_uri(r, "cordpair", "udp:"));
	n = leg_invite(&r->lc, hdr, "sendrecv");
	m = peer_expect_final(r->c, "INVITE", n);
	if (m->code != code)
		wire_fail("%s: %u instead of %u", hdr, m->code, code);
	rig_call_alive(r, call);
}

static void replaces_bad(struct rig *r)
{
	replaces(r, NO_FROM_TAG, 400);
	replaces(r, NO_DIALOG, 481);
	replaces(r, BAD_FROM_TAG, 481);
	replaces(r, TWO, 400);
	replaces(r, EARLY_ONLY, 486);
}

/* The right one: answered, and the old call ends after it, not before */
static void replaces_right(struct rig *r)
{
	uint32_t call = rig_call_up(r, r->b, &r->lb);
	const struct leg *d = &r->lb;
	const struct call_info *c;
	char hdr[700];
	uint32_t n, id = 0;

	snprintf(hdr, sizeof(hdr),
		 "Replaces: %s;from-tag=%s;x=y;to-tag=%s\r\n"
		 "Require: replaces\r\nReferred-By: <sip:boss@x>\r\n",
		 d->callid, d->ltag, d->rtag);
	leg_to(&r->lc, r->c, rig_uri(r, "cordpair", "udp:"));
	n = leg_invite(&r->lc, hdr, "sendrecv");
	leg_learn(&r->lc, peer_expect_answer(r->c, "INVITE", n, 200));
	leg_ack(&r->lc);
	leg_expect_bye(&r->lb, 200);
	(void)rig_call_is(r, call, CALL_ENDED);
	for (const struct rig_ev *e = rig_events(r); e; e = e->next) {
		c = &e->ev.u.call;
		if (e->ev.type == EV_CALL && c->replaces == call) {
			id = c->id;
			wire_assert(!strcmp(c->referred_by, "<sip:boss@x>") ||
				    !strcmp(c->referred_by, "sip:boss@x"));
		}
	}
	wire_assert(id);
	(void)rig_call_is(r, id, CALL_TALKING);
	leg_bye(&r->lc);
	(void)rig_call_is(r, id, CALL_ENDED);
}

/* The console does not do it, so whoever needs it is told */
static void replaces_required(struct rig *r)
{
	uint32_t call = rig_call_up(r, r->b, &r->lb);
	const struct sipmsg *m;
	uint32_t n;

	leg_to(&r->lc, r->c, rig_uri(r, "cordpair", "udp:"));
	n = leg_invite(&r->lc,
		       "Require: replaces\r\n"
		       "Replaces: x;to-tag=1;from-tag=2\r\n",
		       "sendrecv");
	m = peer_expect_final(r->c, "INVITE", n);
	wire_assert(m->code == 420);
	wire_assert(sipmsg_lists(m, "Unsupported", "replaces"));
	rig_call_alive(r, call);
}

/* ---- everything else
 * ---------------------------------------------------------------- */

static void options(struct rig *r)
{
	const struct sipmsg *m;
	uint32_t n;

	leg_to(&r->lb, r->b, rig_uri(r, "cordpair", "udp:"));
	n = leg_request(&r->lb, "OPTIONS", "Accept: application/sdp\r\n", NULL,
			NULL);
	m = peer_expect_answer(r->b, "OPTIONS", n, 200);
	wire_assert(sipmsg_lists(m, "Allow", "INVITE"));
	wire_assert(sipmsg_lists(m, "Allow", "REFER"));
	wire_assert(sipmsg_lists(m, "Allow", "BYE"));
	check_supported(r, m);
}

static void unknown_method(struct rig *r)
{
	static const char *const methods[] = {"FOO",   "PUBLISH", "INFO",
					      "PRACK", "UPDATE",  "X"};

	leg_to(&r->lb, r->b, rig_uri(r, "cordpair", "udp:"));
	for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
		uint32_t n = leg_request(&r->lb, methods[i], NULL, NULL, NULL);
		const struct sipmsg *m = peer_expect_final(r->b, methods[i], n);

		if (m->code != 405 && m->code != 501 && m->code != 481)
			wire_fail("%s: %u", methods[i], m->code);
		if (m->code == 405)
			wire_assert(sipmsg_hdr(m, "Allow"));
	}
}

static void requests_of_unknown_dialogs(struct rig *r)
{
	static const char *const methods[] = {"BYE",  "NOTIFY", "REFER",
					      "INFO", "INVITE", "SUBSCRIBE"};

	leg_to(&r->lb, r->b, rig_uri(r, "cordpair", "udp:"));
	snprintf(r->lb.rtag, sizeof(r->lb.rtag), "nobody");
	for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
		uint32_t n = leg_request(&r->lb, methods[i],
					 "Event: refer\r\n"
					 "Subscription-State: active\r\n"
					 "Refer-To: <sip:a@b>\r\n",
					 NULL, NULL);
		const struct sipmsg *m = peer_expect_final(r->b, methods[i], n);

		if (m->code != 481 && !(i == 3 && m->code / 100 >= 4) &&
		    !(i == 5 && m->code / 100 >= 4))
			wire_fail("%s: %u", methods[i], m->code);
	}
	/* a CANCEL of nothing */
	{
		r->lb.invite_cseq = 77;
		snprintf(r->lb.branch, sizeof(r->lb.branch), "z9hG4bKnone");
		leg_cancel(&r->lb);
		(void)peer_expect_answer(r->b, "CANCEL", 77, 481);
	}
}

static void refer_to_us(struct rig *r)
{
	uint32_t call = rig_call_up(r, r->b, &r->lb);
	char hdr[300];
	uint32_t n;

	snprintf(hdr, sizeof(hdr), "Refer-To: <%s>\r\n", peer_uri(r->c, "c"));
	n = leg_request(&r->lb, "REFER", hdr, NULL, NULL);
	(void)peer_expect_answer(r->b, "REFER", n, 603);
	rig_sync(r);
	peer_none(r->c, "INVITE");
	peer_none(r->b, "NOTIFY");
	rig_call_alive(r, call);
}

static void refer_out_of_dialog(struct rig *r)
{
	char hdr[300];
	uint32_t n;

	leg_to(&r->lb, r->b, rig_uri(r, "cordpair", "udp:"));
	snprintf(hdr, sizeof(hdr), "Refer-To: <%s>\r\n", peer_uri(r->c, "c"));
	n = leg_request(&r->lb, "REFER", hdr, NULL, NULL);
	(void)peer_expect_answer(r->b, "REFER", n, 403);
	rig_sync(r);
	peer_none(r->c, "INVITE");
}

static void dtmf(struct rig *r)
{
	uint32_t call = rig_call_up(r, r->b, &r->lb);
	uint64_t before;

	rig_pass(r, 200);
	before = peer_rtp(r->b);
	rig_req(r, REQ_DTMF, call, "12#");
	(void)rig_req_refused(r, REQ_DTMF, call, "xyz");
	rig_pass(r, 2000);
	wire_assert(peer_rtp(r->b) > before);
	rig_req(r, REQ_MUTE, call, NULL);
	rig_sync(r);
	wire_assert(rig_call_now(r, call)->muted);
	rig_call_alive(r, call);
}

static void dtmf_on_hold(struct rig *r)
{
	struct request req = {.type = REQ_DTMF, .u.text = "1"};
	const struct reply_info *reply;
	uint32_t call = rig_call_up(r, r->b, &r->lb);

	rig_req(r, REQ_HOLD, call, NULL);
	leg_expect_hold(&r->lb);
	(void)rig_call_is(r, call, CALL_HELD);
	req.id = call;
	reply = rig_reply(r, rig_post(r, &req));
	wire_assert(reply->err == ENOTCONN);
	wire_assert(strstr(reply->error, "resume the call first"));
	rig_call_alive(r, call);
}

static void many_at_once(struct rig *r)
{
	enum { N = 20 };
	static struct leg legs[N];
	uint32_t ids[N];

	for (unsigned i = 0; i < N; i++)
		ids[i] = rig_call_up(r, r->b, &legs[i]);
	for (unsigned i = N; i-- > 0;) {
		rig_req(r, REQ_HANGUP, ids[i], NULL);
		leg_expect_bye(&legs[i], 200);
		(void)rig_call_is(r, ids[i], CALL_ENDED);
	}
}

/* clang-format off */
static const struct wcase cases[] = {
	{"the INVITE, answered", the_invite, 0},
	{"a call in another name", call_as_another, 0},
	{"the INVITE over TCP", the_invite, RIG_TCP},
	{"the INVITE over IPv6", the_invite, RIG_V6},
	{"early media", early_media, 0},
	{"refused with all sorts of codes", refused, 0},
	{"no answer at all", no_answer_at_all, 0},
	{"rings too long", rings_too_long, 0},
	{"a name that is not there", no_such_name, 0},
	{"nobody listens there", nobody_home, 0},
	{"bad targets", bad_targets, 0},
	{"calls and accounts that are not there", unknown_numbers, 0},
	{"CANCEL", cancelled, 0},
	{"no CANCEL before a provisional answer", cancel_before_provisional, 0},
	{"hung up, then 200 without a provisional", cancel_before_200, 0},
	{"CANCEL crosses the 200", cancel_crosses_200, 0},
	{"CANCEL without 487", cancel_without_487, 0},
	{"3xx shown, not followed", redirect_shown, 0},
	{"3xx followed when told so", redirect_followed, 0},
	{"3xx in a circle", redirect_in_a_circle, 0},
	{"a second 2xx of a fork gets ACK and BYE", forked_2xx, 0},
	{"early media of one branch, 2xx of another", early_fork_fails_other_answers, 0},
	{"a repeated 2xx is ACKed again", repeated_2xx_is_acked_again, 0},
	{"hold and resume", hold_and_resume, 0},
	{"hold refused", hold_refused, 0},
	{"hold gets 491", hold_491, 0},
	{"hold gets 491 in a call they made", hold_491_their_call, 0},
	{"hold gets 481", hold_481, 0},
	{"held by sendonly and inactive", held_by_the_peer, 0},
	{"held by c=0.0.0.0", held_by_zero_address, 0},
	{"their bad offer", their_bad_offer, 0},
	{"their re-INVITE without offer", their_reinvite_without_offer, 0},
	{"their re-INVITE crosses ours", their_reinvite_crosses_ours, 0},
	{"their new Contact is used", their_new_contact_is_used, 0},
	{"an old CSeq", an_old_cseq_is_refused, 0},
	{"route set", route_set, 0},
	{"BYE crosses BYE", bye_crosses, 0},
	{"BYE not answered", bye_not_answered, 0},
	{"no ACK", no_ack, 0},
	{"incoming", incoming, 0},
	{"incoming, rejected", incoming_rejected, 0},
	{"incoming, cancelled", incoming_cancelled, 0},
	{"incoming, CANCEL behind the answer", incoming_cancel_behind_the_answer, 0},
	{"incoming without offer", incoming_without_offer, 0},
	{"incoming with a bad offer", incoming_bad_offer, 0},
	{"incoming for any user", incoming_for_anybody, 0},
	{"incoming with Require", incoming_required_extension, 0},
	{"the bank: INVITE with a bad Replaces", replaces_bad, RIG_BANK},
	{"the bank: INVITE with Replaces", replaces_right, RIG_BANK},
	{"the console: INVITE that requires Replaces", replaces_required, 0},
	{"the bank: the INVITE", the_invite, RIG_BANK},
	{"the bank: OPTIONS", options, RIG_BANK},
	{"OPTIONS", options, 0},
	{"unknown methods", unknown_method, 0},
	{"requests of unknown dialogs", requests_of_unknown_dialogs, 0},
	{"REFER to us is declined", refer_to_us, 0},
	{"REFER out of a dialog is forbidden", refer_out_of_dialog, 0},
	{"digits and mute", dtmf, 0},
	{"digits on hold", dtmf_on_hold, 0},
	{"twenty calls", many_at_once, 0},
};
/* clang-format on */

WIRE_MAIN("calls", cases)
