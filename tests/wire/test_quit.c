/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Coming and going: E46, what an engine says when it cannot start. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "tests/wire/dns.h"
#include "tests/wire/rig.h"

static void quit(struct rig *r)
{
	struct request req = {.type = REQ_STOP};

	wire_assert(!rig_reply(r, rig_post(r, &req))->err);
}

static bool stopped(void *arg)
{
	return ((struct rig *)arg)->stopped;
}

/* Let the peers say what they say by themselves until the engine has gone;
 * the rig fails on any event behind EV_STOPPED */
static void gone(struct rig *r)
{
	struct event ev;

	if (!peers_until(stopped, r))
		wire_fail("it does not stop");
	for (unsigned i = 0;; i++) {
		int err = engine_take(r->e, &ev);

		if (err == EPIPE)
			break;
		if (err != EAGAIN || i > 2000000)
			wire_fail("%d instead of EPIPE behind the last event",
				  err);
	}
}

/* The 2 s it may take are over; something arrives, so the loop looks */
static void time_is_up(struct rig *r)
{
	clock_advance(2000);
	peer_raw(r->d, "\r\n\r\n", 4);
}

/* All at once: a caller on hold with a transfer under way, a call that talks,
 * one that rings there, one that rings here, a registration */
static void e46_all(struct rig *r, bool answers)
{
	struct request req = {.type = REQ_ACCOUNT};
	struct peer *reg = rig_peer(r, "reg", PEER_UDP);
	static struct leg out, in;
	const struct sipmsg *m, *ringing;
	char contact[300];
	struct ref ref;
	uint32_t call, n;

	snprintf(req.u.account.aor, sizeof(req.u.account.aor), "sip:200@%s:%u",
		 reg->host, reg->port);
	req.u.account.regint = 300;
	(void)rig_do(r, &req);
	m = peer_expect(reg, "REGISTER");
	snprintf(contact, sizeof(contact), "Contact: %s;expires=300\r\n",
		 sipmsg_hdr(m, "Contact"));
	peer_reply(reg, m, 200, "OK", contact);
	(void)rig_account(r, 1, ACCOUNT_REGISTERED);

	call = rig_call_up(r, r->b, &r->lb);
	rig_refer_202(r, call, &r->lb, peer_uri(r->c, "target"), &ref);
	ref_notify(&r->lb, &ref, 180, "Ringing", ACTIVE);
	(void)rig_transfer(r, ref.id, REFER_ALERTED, ANY, ANY, 180);
	(void)rig_call_up(r, r->c, &r->lc);
	(void)rig_req(r, REQ_DIAL, 0, peer_uri(r->d, "d"));
	ringing = peer_expect(r->d, "INVITE");
	leg_from(&out, r->d, ringing);
	leg_reply(&out, ringing, 180, "Ringing", NULL);
	leg_to(&in, r->d, rig_uri(r, "cordpair", "udp:"));
	n = leg_invite(&in, NULL, "sendrecv");
	(void)rig_incoming(r);

	quit(r);
	m = peer_expect(r->b, "SUBSCRIBE");
	wire_assert(!strcmp(sipmsg_hdr(m, "Expires"), "0"));
	wire_assert(!strncasecmp(sipmsg_hdr(m, "Event"), "refer", 5));
	if (answers)
		peer_reply(r->b, m, 200, "OK", NULL);
	m = peer_expect(r->b, "BYE");
	if (answers)
		peer_reply(r->b, m, 200, "OK", NULL);
	m = peer_expect(r->c, "BYE");
	if (answers)
		peer_reply(r->c, m, 200, "OK", NULL);
	m = peer_expect(r->d, "CANCEL");
	if (answers) {
		peer_reply(r->d, m, 200, "OK", NULL);
		peer_reply_body(r->d, ringing, 487, "Request Terminated",
				out.ltag, NULL, NULL, NULL, 0);
	}
	m = peer_expect_final(r->d, "INVITE", n);
	wire_assert(m->code >= 400);
	if (!answers)
		clock_advance(1900);
	m = peer_expect(reg, "REGISTER");
	wire_assert(strstr(sipmsg_hdr(m, "Contact"), "expires=0") ||
		    (sipmsg_hdr(m, "Expires") &&
		     !strcmp(sipmsg_hdr(m, "Expires"), "0")));
	if (answers)
		peer_reply(reg, m, 200, "OK", NULL);
	gone(r);
}

static void e46(struct rig *r)
{
	uint64_t start = clock_ms();

	e46_all(r, true);
	wire_assert(clock_ms() - start < 2000 + PEER_DEADLINE_MS);
}

/* Nobody answers: it is over within 2 s all the same */
static void e46_nobody_answers(struct rig *r)
{
	uint32_t call = rig_call_up(r, r->b, &r->lb);
	struct ref ref;

	rig_refer_202(r, call, &r->lb, peer_uri(r->c, "target"), &ref);
	ref_notify(&r->lb, &ref, 180, "Ringing", ACTIVE);
	quit(r);
	(void)peer_expect(r->b, "SUBSCRIBE");
	(void)peer_expect(r->b, "BYE");
	time_is_up(r);
	gone(r);
	(void)rig_outcome(r, ref.id, OUTCOME_STOPPED);
	wire_assert(rig_call_now(r, call)->state == CALL_ENDED);
}

static void idle(struct rig *r)
{
	quit(r);
	gone(r);
}

static void twice(struct rig *r)
{
	uint32_t call = rig_call_up(r, r->b, &r->lb);

	quit(r);
	quit(r);
	(void)peer_expect(r->b, "BYE");
	/* too late for anything new, and it says so */
	wire_assert(rig_req_refused(r, REQ_DIAL, 0, peer_uri(r->c, "c")) ==
		    ESHUTDOWN);
	rig_sync(r);
	peer_none(r->c, "INVITE");
	r->b->autos = AUTO_ANY;
	time_is_up(r);
	gone(r);
	wire_assert(rig_call_now(r, call)->state == CALL_ENDED);
}

/* REFER is out, and unanswered */
static void before_the_answer(struct rig *r)
{
	uint32_t call = rig_call_up(r, r->b, &r->lb);
	struct ref ref;

	rig_refer(r, call, &r->lb, peer_uri(r->c, "target"), &ref);
	quit(r);
	leg_expect_bye(&r->lb, 200);
	r->b->autos = AUTO_ANY;
	time_is_up(r);
	gone(r);
	wire_assert(rig_has_outcome(r, ref.id));
}

/* The hold before the REFER is out */
static void during_the_hold(struct rig *r)
{
	uint32_t call = rig_call_up(r, r->b, &r->lb);
	uint32_t id = rig_req(r, REQ_TRANSFER, call, peer_uri(r->c, "t"));

	(void)peer_expect(r->b, "INVITE");
	quit(r);
	(void)peer_expect(r->b, "BYE");
	time_is_up(r);
	gone(r);
	wire_assert(rig_has_outcome(r, id));
	wire_assert(rig_call_now(r, call)->state == CALL_ENDED);
}

/* Names are being looked up, and the name server is silent */
static void during_a_lookup(struct rig *r)
{
	struct dns *dns = dns_new();
	struct request req = {.type = REQ_ACCOUNT};

	rig_option(r, EOPT_DNS_SERVER, 0, dns_addr(dns));
	(void)rig_req(r, REQ_DIAL, 0, "sip:x@nothing.invalid");
	snprintf(req.u.account.aor, sizeof(req.u.account.aor),
		 "sip:100@nowhere.invalid");
	req.u.account.regint = 300;
	(void)rig_do(r, &req);
	rig_sync(r);
	quit(r);
	time_is_up(r);
	gone(r);
	dns_free(dns);
}

/* The caller's Contact is a name: hold, REFER and BYE wait for it */
static void during_a_lookup_in_a_call(struct rig *r)
{
	struct dns *dns = dns_new();
	uint32_t call = rig_call_up(r, r->b, &r->lb);
	uint32_t id;

	rig_option(r, EOPT_DNS_SERVER, 0, dns_addr(dns));
	snprintf(r->lb.contact, sizeof(r->lb.contact),
		 "<sip:b@nothing.invalid>");
	(void)peer_expect_answer(r->b, "INVITE",
				 leg_invite(&r->lb, NULL, "sendrecv"), 200);
	leg_ack(&r->lb);
	rig_sync(r);
	id = rig_req(r, REQ_TRANSFER, call, peer_uri(r->c, "t"));
	rig_sync(r);
	quit(r);
	time_is_up(r);
	gone(r);
	dns_free(dns);
	wire_assert(rig_has_outcome(r, id));
	wire_assert(rig_call_now(r, call)->state == CALL_ENDED);
}

/* After an outcome the tombstones do not hold it up */
static void after_an_outcome(struct rig *r)
{
	uint32_t call = rig_call_up(r, r->b, &r->lb);
	struct ref ref;

	rig_refer_202(r, call, &r->lb, peer_uri(r->c, "target"), &ref);
	ref_notify(&r->lb, &ref, 200, "OK", TERMINATED);
	rig_goes_well(r, call, &ref);
	quit(r);
	gone(r);
}

static void too_late(struct rig *r)
{
	struct request req = {.type = REQ_NOP, .serial = engine_serial(r->e)};

	quit(r);
	gone(r);
	wire_assert(engine_post(r->e, &req) == EPIPE);
}

/* The first event comes by itself, and says where it listens */
static void hello(struct rig *r)
{
	static const char *const listen[] = {"udp:127.0.0.1:0",
					     "tcp:127.0.0.1:0"};
	struct engine_prm prm = {.listenv = listen, .listenc = 2};
	struct engine *e = NULL;
	struct event ev;
	struct pollfd fd = {.events = POLLIN};
	char why[200];

	wire_assert(!engine_new(&e, &prm, why, sizeof(why)));
	r->e = e; /* freed whatever comes */
	fd.fd = engine_event_fd(e);
	wire_assert(poll(&fd, 1, PEER_DEADLINE_MS) == 1);
	wire_assert(!engine_take(e, &ev));
	wire_assert(ev.type == EV_HELLO);
	wire_assert(ev.u.hello.listenc == 2);
	for (unsigned i = 0; i < 2; i++) {
		unsigned port = 0;

		wire_assert(
			!strncmp(ev.u.hello.listen[i],
				 i ? "tcp:127.0.0.1:" : "udp:127.0.0.1:", 14));
		port = (unsigned)atoi(ev.u.hello.listen[i] + 14);
		wire_assert(port > 0);
	}
}

/* engine_free() alone is enough */
static void freed_without_a_word(struct rig *r)
{
	static const char *const listen[] = {"udp:127.0.0.1:0"};
	struct engine_prm prm = {.listenv = listen, .listenc = 1};
	struct engine *e = NULL;
	char why[200];

	(void)r;
	for (unsigned i = 0; i < 20; i++) {
		wire_assert(!engine_new(&e, &prm, why, sizeof(why)));
		engine_free(e);
	}
	engine_free(NULL);
}

static void cannot_start(struct rig *r)
{
	char taken[80];
	const char *listen[1];
	struct {
		const char *addr;
		int err;
	} v[] = {
		{taken, EADDRINUSE},
		{"udp:192.0.2.1:0", EADDRNOTAVAIL},
		{"udp:127.0.0.1:99999", EINVAL},
		{"udp:127.0.0.1", EINVAL},
		{"xyz:127.0.0.1:5060", EINVAL},
		{"udp:nonsense:5060", EINVAL},
		{"udp:[::g]:5060", EINVAL},
		{"", EINVAL},
	};

	(void)r;
	snprintf(taken, sizeof(taken), "udp:127.0.0.1:%u",
		 peer_new("taken", PEER_UDP, "127.0.0.1")->port);
	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
		struct engine_prm prm = {.listenv = listen, .listenc = 1};
		struct engine *e = NULL;
		char why[200] = "";
		int err;

		listen[0] = v[i].addr;
		err = engine_new(&e, &prm, why, sizeof(why));
		if (err != v[i].err)
			wire_fail("\"%s\": %d (%s) instead of %d", v[i].addr,
				  err, why, v[i].err);
		wire_assert(!e && *why);
	}
}

/* clang-format off */
static const struct wcase cases[] = {
	{"E46 calls, a transfer and a registration", e46, RIG_LAX},
	{"E46 nobody answers", e46_nobody_answers, RIG_LAX},
	{"idle", idle, 0},
	{"twice", twice, RIG_LAX},
	{"REFER not answered yet", before_the_answer, RIG_LAX},
	{"during the hold", during_the_hold, RIG_LAX},
	{"during a lookup", during_a_lookup, RIG_LAX},
	{"during a lookup in a call", during_a_lookup_in_a_call, RIG_LAX},
	{"after an outcome", after_an_outcome, 0},
	{"a request to an engine that has gone", too_late, 0},
	{"hello", hello, RIG_NONE},
	{"freed without a word", freed_without_a_word, RIG_NONE},
	{"what cannot start says why", cannot_start, RIG_NONE},
};
/* clang-format on */

WIRE_MAIN("quit", cases)
