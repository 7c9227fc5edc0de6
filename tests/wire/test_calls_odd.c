/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Calls, where order, form or time is unusual: RFC 3261 7.3.1, 8.2.2, 12.2.2,
 * 13.2.2.4, 13.3.1; and one talking call at a time. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/wire/rig.h"

#define COUNT(v) (sizeof(v) / sizeof((v)[0]))

/* The ACK of an INVITE that was refused */
static void ack_refused(struct leg *d)
{
	snprintf(d->next_branch, sizeof(d->next_branch), "%s", d->branch);
	leg_ack(d);
}

/* ---- an answer that comes after the end ---------------------------------- */

static void hold_accepted_after_bye(struct rig *r)
{
	uint32_t call = rig_call_up(r, r->b, &r->lb);
	const struct sipmsg *inv, *ack;

	rig_req(r, REQ_HOLD, call, NULL);
	inv = peer_expect(r->b, "INVITE");
	rig_req(r, REQ_HANGUP, call, NULL);
	leg_expect_bye(&r->lb, 200);
	(void)rig_call_is(r, call, CALL_ENDED);
	leg_reply(&r->lb, inv, 200, "OK", "recvonly");
	ack = peer_expect(r->b, "ACK");
	wire_assert(ack->cseq == inv->cseq);
	wire_assert(!strcmp(ack->to_tag, r->lb.ltag));
}

static void hold_refused_after_bye(struct rig *r)
{
	uint32_t call = rig_call_up(r, r->b, &r->lb);
	const struct sipmsg *inv;

	rig_req(r, REQ_HOLD, call, NULL);
	inv = peer_expect(r->b, "INVITE");
	rig_req(r, REQ_HANGUP, call, NULL);
	leg_expect_bye(&r->lb, 200);
	(void)rig_call_is(r, call, CALL_ENDED);
	peer_reply(r->b, inv, 487, "Request Terminated", NULL);
	(void)peer_expect(r->b, "ACK");
	/* its transaction's, and no other */
	rig_sync(r);
	peer_none(r->b, "ACK");
}

/* ---- order and Require --------------------------------------------------- */

static const char *const in_dialog[] = {"OPTIONS",   "INFO",   "REFER",
					"SUBSCRIBE", "INVITE", "BYE"};

static void overtaken(struct rig *r)
{
	uint32_t call = rig_call_in(r, r->b, &r->lb, NULL);

	for (size_t i = 0; i < COUNT(in_dialog); i++) {
		const struct sipmsg *m;
		uint32_t n;

		n = leg_request(&r->lb, "OPTIONS", NULL, NULL, NULL);
		(void)peer_expect_answer(r->b, "OPTIONS", n, 200);
		r->lb.lcseq -= 2;
		n = leg_request(&r->lb, in_dialog[i], "Event: refer\r\n", NULL,
				NULL);
		m = peer_expect_final(r->b, in_dialog[i], n);
		if (m->code != 500)
			wire_fail("%s: %u", in_dialog[i], m->code);
		if (!strcmp(in_dialog[i], "INVITE")) {
			r->lb.invite_cseq = n;
			ack_refused(&r->lb);
		}
		r->lb.lcseq += 2;
	}
	rig_sync(r);
	wire_assert(rig_call_now(r, call)->state == CALL_TALKING);
	rig_call_alive(r, call);
}

static void required(struct rig *r)
{
	uint32_t call = rig_call_in(r, r->b, &r->lb, NULL);

	for (size_t i = 0; i < COUNT(in_dialog); i++) {
		const char *method = in_dialog[i];
		const bool known =
			strcmp(method, "INFO") && strcmp(method, "SUBSCRIBE");
		const struct sipmsg *m;
		uint32_t n;

		n = leg_request(&r->lb, method,
				"Require: replaces,\r\n tdialog\r\n"
				"Require: foo\r\n",
				NULL, NULL);
		m = peer_expect_final(r->b, method, n);
		/* the method is looked at first (RFC 3261 8.2.1) */
		if ((m->code == 420) != known)
			wire_fail("%s: %u", method, m->code);
		if (!known)
			continue;
		wire_assert(sipmsg_lists(m, "Unsupported", "foo"));
		/* what our Supported says is not among them */
		wire_assert(sipmsg_lists(m, "Unsupported", "replaces") !=
			    ((r->flags & RIG_BANK) != 0));
		wire_assert(sipmsg_lists(m, "Unsupported", "tdialog") ==
			    ((r->flags & RIG_BANK) != 0));
		if (!strcmp(method, "INVITE")) {
			r->lb.invite_cseq = n;
			ack_refused(&r->lb);
		}
	}
	rig_sync(r);
	wire_assert(rig_call_now(r, call)->state == CALL_TALKING);
	rig_call_alive(r, call);
}

/* An ACK cannot be answered, so whatever it requires it counts */
static void ack_that_requires(struct rig *r)
{
	uint32_t call, n;
	char text[300];

	leg_to(&r->lb, r->b, rig_uri(r, "cordpair", "udp:"));
	n = leg_invite(&r->lb, NULL, "sendrecv");
	call = rig_incoming(r)->id;
	rig_req(r, REQ_ANSWER, call, NULL);
	leg_learn(&r->lb, peer_expect_answer(r->b, "INVITE", n, 200));
	snprintf(text, sizeof(text),
		 "ACK [target] SIP/2.0\r\n[via]\r\nMax-Forwards: 70\r\n[from]"
		 "\r\n[to]\r\n[callid]\r\nCSeq: %u ACK\r\nRequire: foo\r\n"
		 "[len]\r\n\r\n",
		 n);
	(void)leg_text(&r->lb, text, NULL, 0);
	(void)rig_call_is(r, call, CALL_TALKING);
	rig_call_alive(r, call);
}

/* A CANCEL within the call cancels nothing, whatever it requires */
static void cancel_in_a_call(struct rig *r)
{
	uint32_t call = rig_call_in(r, r->b, &r->lb, NULL);
	char text[300];

	snprintf(text, sizeof(text),
		 "CANCEL [target] SIP/2.0\r\n[via]\r\nMax-Forwards: 70\r\n"
		 "[from]\r\n[to]\r\n[callid]\r\nCSeq: %u CANCEL\r\n"
		 "Require: foo\r\n[len]\r\n\r\n",
		 r->lb.lcseq - 1);
	(void)leg_text(&r->lb, text, NULL, 0);
	(void)peer_expect_answer(r->b, "CANCEL", r->lb.lcseq - 1, 481);
	rig_call_alive(r, call);
}

/* ---- an invitation that expires ------------------------------------------ */

static void expires(struct rig *r)
{
	static const struct {
		const char *hdr;
		unsigned after_s, code;
	} rows[] = {
		{"Expires: 10\r\n", 10, 487},
		{"Expires: 60\r\n", 30, 480},
		{"Expires: soon\r\n", 30, 480},
		{"Expires: -1\r\n", 30, 480},
		{"Expires: 99999999999999999999\r\n", 30, 480},
		{"Expires: 4294967295\r\n", 30, 480},
	};

	rig_option(r, EOPT_RING_TIMEOUT, 30, NULL);
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct sipmsg *m;
		uint32_t n, call;

		leg_to(&r->lb, r->b, rig_uri(r, "cordpair", "udp:"));
		n = leg_invite(&r->lb, rows[i].hdr, "sendrecv");
		call = rig_incoming(r)->id;
		rig_pass(r, rows[i].after_s * 1000 - 500);
		wire_assert(rig_call_now(r, call)->state == CALL_RINGING);
		rig_pass(r, 1000);
		m = peer_expect_final(r->b, "INVITE", n);
		if (m->code != rows[i].code)
			wire_fail("%s: %u", rows[i].hdr, m->code);
		ack_refused(&r->lb);
		wire_assert(rig_call_is(r, call, CALL_ENDED)->code ==
			    rows[i].code);
		wire_assert(*rig_call_now(r, call)->text);
	}
}

static void expires_at_once(struct rig *r)
{
	uint32_t n;

	leg_to(&r->lb, r->b, rig_uri(r, "cordpair", "udp:"));
	n = leg_invite(&r->lb, "Expires: 0\r\n", "sendrecv");
	(void)peer_expect_answer(r->b, "INVITE", n, 487);
	ack_refused(&r->lb);
}

/* One that was answered in time does not */
static void expires_answered(struct rig *r)
{
	uint32_t call = rig_call_in(r, r->b, &r->lb, "Expires: 10\r\n");

	rig_pass(r, 12000);
	wire_assert(rig_call_now(r, call)->state == CALL_TALKING);
	rig_call_alive(r, call);
}

/* ---- sent on to another -------------------------------------------------- */

struct referral {
	struct rig *r;
	uint32_t id;
};

static bool has_referral(void *arg)
{
	struct referral *f = arg;

	peers_serve(0);
	for (const struct rig_ev *e = rig_events(f->r); e; e = e->next) {
		if (e->ev.type == EV_REFERRED)
			f->id = e->ev.u.referred.id;
	}
	return f->id != 0;
}

static void redirect_keeps_headers(struct rig *r)
{
	struct request req = {.type = REQ_REFERRED_ANSWER, .code = 202};
	struct referral f = {.r = r};
	const struct sipmsg *m;
	char text[700];
	uint32_t out;

	rig_option(r, EOPT_FOLLOW_REDIRECTS, 1, "");
	(void)rig_call_in(r, r->b, &r->lb, NULL);
	snprintf(text, sizeof(text),
		 "Refer-To: <%s?Replaces=x%%40y%%3Bto-tag%%3D1%%3Bfrom-tag"
		 "%%3D2&Require=replaces>\r\nReferred-By: <sip:boss@x>\r\n",
		 peer_uri(r->c, "c"));
	(void)leg_request(&r->lb, "REFER", text, NULL, NULL);
	if (!peers_until(has_referral, &f))
		wire_fail("no referral came up");
	req.id = f.id;
	(void)rig_do(r, &req);
	out = rig_req(r, REQ_REFERRED_CALL, f.id, NULL);
	m = peer_expect(r->c, "INVITE");
	snprintf(text, sizeof(text), "Contact: <%s>\r\n", peer_uri(r->d, "d"));
	peer_reply(r->c, m, 302, "Moved Temporarily", text);
	(void)peer_expect(r->c, "ACK");
	for (unsigned i = 0; i < 2; i++) {
		/* whom he sends us to wants to know as well */
		wire_assert(!strcmp(sipmsg_hdr(m, "Replaces"),
				    "x@y;to-tag=1;from-tag=2"));
		wire_assert(sipmsg_lists(m, "Require", "replaces"));
		wire_assert(
			!strcmp(sipmsg_hdr(m, "Referred-By"), "<sip:boss@x>"));
		if (!i)
			m = peer_expect(r->d, "INVITE");
	}
	peer_reply(r->d, m, 486, "Busy Here", NULL);
	(void)peer_expect(r->d, "ACK");
	(void)rig_call_is(r, out, CALL_ENDED);
}

/* ---- one talking call at a time ------------------------------------------ */

static uint32_t ask_alone(struct rig *r, enum req_type type, uint32_t id,
			  const char *text)
{
	struct request req = {.type = type, .id = id, .flags = CALL_ALONE};

	snprintf(req.u.text, sizeof(req.u.text), "%s", text);
	return rig_do(r, &req);
}

static void dial_holds(struct rig *r)
{
	uint32_t one = rig_call_up(r, r->b, &r->lb), two;

	two = ask_alone(r, REQ_DIAL, 0, peer_uri(r->c, "c"));
	leg_expect_hold(&r->lb);
	(void)rig_call_is(r, one, CALL_HELD);
	leg_from(&r->lc, r->c, peer_expect(r->c, "INVITE"));
	leg_reply(&r->lc, r->lc.invite, 200, "OK", "sendrecv");
	(void)peer_expect(r->c, "ACK");
	(void)rig_call_is(r, two, CALL_TALKING);

	/* back to the first: the second is held before that */
	(void)ask_alone(r, REQ_RESUME, one, "");
	rig_sync(r);
	peer_none(r->b, "INVITE");
	leg_expect_hold(&r->lc);
	leg_expect_resume(&r->lb);
	(void)rig_call_is(r, two, CALL_HELD);
	(void)rig_call_is(r, one, CALL_TALKING);

	/* the first goes, so the second needs to hold nobody */
	rig_req(r, REQ_HANGUP, one, NULL);
	leg_expect_bye(&r->lb, 200);
	(void)ask_alone(r, REQ_RESUME, two, "");
	leg_expect_resume(&r->lc);
	(void)rig_call_is(r, two, CALL_TALKING);
	rig_req(r, REQ_HANGUP, two, NULL);
	leg_expect_bye(&r->lc, 200);
	(void)rig_call_is(r, two, CALL_ENDED);
}

/* What cannot be dialled puts nobody on hold */
static void bad_dial_holds_nobody(struct rig *r)
{
	struct request req = {
		.type = REQ_DIAL, .flags = CALL_ALONE, .u.text = "http://x/"};
	uint32_t call = rig_call_up(r, r->b, &r->lb);

	(void)rig_refused(r, &req);
	req = (struct request){
		.type = REQ_ANSWER, .flags = CALL_ALONE, .id = call};
	(void)rig_refused(r, &req);
	req.type = REQ_RESUME;
	(void)rig_refused(r, &req);
	rig_sync(r);
	peer_none(r->b, "INVITE");
	rig_call_alive(r, call);
}

static void answer_holds(struct rig *r)
{
	uint32_t one = rig_call_up(r, r->b, &r->lb), two, n;

	leg_to(&r->lc, r->c, rig_uri(r, "cordpair", "udp:"));
	n = leg_invite(&r->lc, NULL, "sendrecv");
	two = rig_incoming(r)->id;
	(void)ask_alone(r, REQ_ANSWER, two, "");
	leg_expect_hold(&r->lb);
	leg_learn(&r->lc, peer_expect_answer(r->c, "INVITE", n, 200));
	leg_ack(&r->lc);
	(void)rig_call_is(r, one, CALL_HELD);
	(void)rig_call_is(r, two, CALL_TALKING);
	rig_req(r, REQ_HANGUP, one, NULL);
	leg_expect_bye(&r->lb, 200);
	rig_req(r, REQ_HANGUP, two, NULL);
	leg_expect_bye(&r->lc, 200);
	(void)rig_call_is(r, two, CALL_ENDED);
}

static void consult_holds(struct rig *r)
{
	uint32_t one = rig_call_up(r, r->b, &r->lb);
	uint32_t two = rig_call_up(r, r->c, &r->lc);

	(void)ask_alone(r, REQ_CONSULT, one, peer_uri(r->d, "d"));
	leg_expect_hold(&r->lb);
	leg_expect_hold(&r->lc);
	(void)rig_call_is(r, two, CALL_HELD);
	(void)peer_expect(r->d, "INVITE");
	r->b->autos = r->c->autos = r->d->autos = AUTO_ANY;
}

/* The one who is talked to cannot be held: the other stays on hold */
static void resume_waits_in_vain(struct rig *r)
{
	uint32_t one = rig_call_up(r, r->b, &r->lb);
	uint32_t two = rig_call_up(r, r->c, &r->lc);

	rig_req(r, REQ_HOLD, one, NULL);
	leg_expect_hold(&r->lb);
	(void)rig_call_is(r, one, CALL_HELD);
	(void)ask_alone(r, REQ_RESUME, one, "");
	peer_reply(r->c, peer_expect(r->c, "INVITE"), 488, "No", NULL);
	(void)peer_expect(r->c, "ACK");
	rig_sync(r);
	peer_none(r->b, "INVITE");
	wire_assert(rig_call_now(r, one)->state == CALL_HELD);
	wire_assert(strstr(rig_call_now(r, one)->text, "not resumed"));
	wire_assert(rig_call_now(r, two)->state == CALL_TALKING);

	/* and when he hangs up instead there is nobody to hold */
	(void)ask_alone(r, REQ_RESUME, one, "");
	(void)peer_expect(r->c, "INVITE");
	leg_bye(&r->lc);
	leg_expect_resume(&r->lb);
	(void)rig_call_is(r, one, CALL_TALKING);
	rig_call_alive(r, one);
}

/* ---- tabs and folded lines ----------------------------------------------- */

struct line {
	const char *from, *to; /* up to the URI; NULL: the usual one   */
	const char *more;      /* headers; NULL: Contact alone         */
	const char *name;      /* what is made of it                   */
	const char *bad;       /* is named in the 400; NULL: it rings  */
};

#define CONTACT "Contact: <sip:b@127.0.0.1:9>\r\n"

static const struct line lines[] = {
	{"\"Bob\tB\" <", NULL, NULL, "Bob B", NULL},
	{"\"Bob\"\t<", NULL, NULL, "Bob", NULL},
	{"\"Bob\r\n\tB\" <", NULL, NULL, "Bob B", NULL},
	{"\"Bob\"\r\n <", NULL, NULL, "Bob", NULL},
	{"Bob\t<", NULL, NULL, "Bob", NULL},
	{"\t<", NULL, NULL, "", NULL},
	{NULL, "\"A\tB\"\r\n <", NULL, "", NULL},
	{NULL, NULL,
	 "[contact]\r\nRecord-Route: <sip:127.0.0.1:9;lr>,\r\n"
	 "\t<sip:127.0.0.2:9;lr>\t;x=\"\r\n y\"\r\n",
	 "", NULL},
	{NULL, NULL, "Contact:\t\"C\tC\"\r\n <sip:b@127.0.0.1:9>\r\n", "",
	 NULL},
	{"\"Bob\x01\" <", NULL, NULL, NULL, "From"},
	{"\"Bob\r B\" <", NULL, NULL, NULL, "From"},
	{"\"Bob\n B\" <", NULL, NULL, NULL, "From"},
	{NULL, "\"Bob\x7f\" <", NULL, NULL, "To"},
	{NULL, NULL, CONTACT "Record-Route: <sip:127.0.0.1;x=\x01>\r\n", NULL,
	 "Record-Route"},
	{NULL, NULL, "Contact: <sip:b@127.0.0.1:9;x=\x1b>\r\n", NULL,
	 "Contact"},
	{NULL, NULL, "Contact: <sip:b@127.0.0.1:9;x=\r\n y>\r\n", NULL,
	 "Contact"},
	{NULL, NULL, "", NULL, "Contact"},
};

/* INVITE made of these */
static uint32_t invite_of(struct rig *r, const struct line *l)
{
	char text[1500], sdp[700];

	leg_to(&r->lb, r->b, rig_uri(r, "cordpair", "udp:"));
	sdp_make(sdp, sizeof(sdp), r->b, "sendrecv", 1);
	snprintf(text, sizeof(text),
		 "INVITE [target] SIP/2.0\r\n[via]\r\n"
		 "From: %s%s>;tag=%s\r\nTo: %s%s>\r\n[callid]\r\n"
		 "[cseq] INVITE\r\n%sContent-Type: application/sdp\r\n"
		 "[len]\r\n\r\n",
		 l->from ? l->from : "<", r->lb.local, r->lb.ltag,
		 l->to ? l->to : "<", r->lb.remote,
		 l->more ? l->more : "[contact]\r\n");
	r->lb.invite_cseq = leg_text(&r->lb, text, sdp, strlen(sdp));
	return r->lb.invite_cseq;
}

static void folded_lines(struct rig *r)
{
	for (size_t i = 0; i < COUNT(lines); i++) {
		const struct line *l = &lines[i];
		uint32_t n = invite_of(r, l);
		const struct call_info *c;
		const struct sipmsg *m;
		char want[80];

		if (l->bad) {
			m = peer_expect_final(r->b, "INVITE", n);
			snprintf(want, sizeof(want), "(%s)", l->bad);
			if (m->code != 400 || !strstr(m->uri, want))
				wire_fail("row %zu: %u %s", i, m->code, m->uri);
			ack_refused(&r->lb);
			continue;
		}
		c = rig_incoming(r);
		if (strcmp(c->name, l->name))
			wire_fail("row %zu: the name is \"%s\"", i, c->name);
		wire_assert(!strcmp(c->peer, r->lb.local));
		leg_cancel(&r->lb);
		(void)peer_expect_answer(r->b, "INVITE", n, 487);
		ack_refused(&r->lb);
		(void)rig_call_is(r, c->id, CALL_ENDED);
	}
}

/* What we send in such a call is one line each */
static void folded_lines_are_not_repeated(struct rig *r)
{
	const struct line l = {.from = "\"Bob\r\n\tB\" <",
			       .to = "\"A\tB\"\r\n <"};
	uint32_t n = invite_of(r, &l);
	uint32_t call = rig_incoming(r)->id;
	const struct sipmsg *m;

	rig_req(r, REQ_ANSWER, call, NULL);
	leg_learn(&r->lb, peer_expect_answer(r->b, "INVITE", n, 200));
	leg_ack(&r->lb);
	(void)rig_call_is(r, call, CALL_TALKING);
	rig_req(r, REQ_HANGUP, call, NULL);
	m = peer_expect(r->b, "BYE");
	wire_assert(!memchr(m->raw, '\t', m->len));
	wire_assert(!strncmp(sipmsg_hdr(m, "To"), "\"Bob B\" <", 9));
	wire_assert(!strncmp(sipmsg_hdr(m, "From"), "\"A B\" <", 7));
	peer_reply(r->b, m, 200, "OK", NULL);
	(void)rig_call_is(r, call, CALL_ENDED);
}

/* clang-format off */
static const struct wcase cases[] = {
	{"hold is accepted after our BYE", hold_accepted_after_bye, 0},
	{"hold is accepted after our BYE, over TCP", hold_accepted_after_bye, RIG_TCP},
	{"hold is refused after our BYE", hold_refused_after_bye, 0},
	{"a request that was overtaken", overtaken, 0},
	{"the bank: a request that was overtaken", overtaken, RIG_BANK},
	{"a request that requires what we have not", required, 0},
	{"the bank: a request that requires what we have not", required, RIG_BANK},
	{"an ACK that requires what we have not", ack_that_requires, 0},
	{"CANCEL within a call", cancel_in_a_call, 0},
	{"an invitation that expires", expires, 0},
	{"an invitation that expires at once", expires_at_once, 0},
	{"an invitation answered in time", expires_answered, 0},
	{"3xx: Replaces and Referred-By go with it", redirect_keeps_headers, RIG_BANK | RIG_LAX},
	{"dial and resume put the other on hold", dial_holds, 0},
	{"a dial that is refused puts nobody on hold", bad_dial_holds_nobody, 0},
	{"answer puts the other on hold", answer_holds, 0},
	{"consult puts a third one on hold", consult_holds, RIG_LAX},
	{"resume while the other cannot be held", resume_waits_in_vain, 0},
	{"tabs and folded lines", folded_lines, 0},
	{"tabs and folded lines are not repeated", folded_lines_are_not_repeated, 0},
};
/* clang-format on */

WIRE_MAIN("calls_odd", cases)
