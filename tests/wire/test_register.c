/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Accounts: REGISTER, logins, refresh, and what to do when it fails. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
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

/* Add an account whose registrar is peer b; its REGISTER is on the way */
static uint32_t add(struct rig *r, uint32_t regint)
{
	struct request req = {.type = REQ_ACCOUNT};
	struct account_prm *a = &req.u.account;

	snprintf(a->aor, sizeof(a->aor), "sip:100@%s:%u", r->b->host,
		 r->b->port);
	snprintf(a->name, sizeof(a->name), "Front Desk");
	snprintf(a->auth_user, sizeof(a->auth_user), "100");
	snprintf(a->password, sizeof(a->password), "secret");
	a->regint = regint;
	if (r->flags & RIG_TCP) {
		a->transport = TRANSP_TCP;
		a->transport_set = true;
	}
	return rig_do(r, &req);
}

/* 200 with the Contact it sent and this time */
static void granted(struct rig *r, const struct sipmsg *m, const char *expires)
{
	char extra[700];

	snprintf(extra, sizeof(extra), "Contact: %s;expires=%s\r\n",
		 sipmsg_hdr(m, "Contact"), expires);
	peer_reply(r->b, m, 200, "OK", extra);
}

static unsigned expires_of(const struct sipmsg *m)
{
	const char *c = sipmsg_hdr(m, "Contact");
	const char *p = c ? strstr(c, ";expires=") : NULL;

	if (p)
		return (unsigned)atoi(p + 9);
	wire_assert(sipmsg_hdr(m, "Expires"));
	return (unsigned)atoi(sipmsg_hdr(m, "Expires"));
}

/* The way in: un-REGISTER is answered by the end of the case (AUTO_ANY) */
static uint32_t registered(struct rig *r, uint32_t regint)
{
	uint32_t id = add(r, regint);
	const struct sipmsg *m = peer_expect(r->b, "REGISTER");
	char expires[16];

	snprintf(expires, sizeof(expires), "%u", regint);
	granted(r, m, expires);
	(void)rig_account(r, id, ACCOUNT_REGISTERED);
	return id;
}

static void plain(struct rig *r)
{
	uint32_t id = add(r, 300);
	const struct account_info *a;
	const struct sipmsg *m = peer_expect(r->b, "REGISTER");
	char uri[300], aor[300];

	(void)rig_account(r, id, ACCOUNT_REGISTERING);
	/* Request-URI: the domain alone; To and From: the AOR (10.2) */
	wire_assert(!strchr(m->uri, '@'));
	snprintf(aor, sizeof(aor), "sip:100@%s:%u", r->b->host, r->b->port);
	sip_addr_uri(uri, sizeof(uri), sipmsg_hdr(m, "To"));
	wire_assert(!strcmp(uri, aor));
	sip_addr_uri(uri, sizeof(uri), sipmsg_hdr(m, "From"));
	wire_assert(!strcmp(uri, aor));
	wire_assert(!*m->to_tag);
	wire_assert(sipmsg_count(m, "Contact") == 1);
	wire_assert(expires_of(m) == 300);
	granted(r, m, "300");
	a = rig_account(r, id, ACCOUNT_REGISTERED);
	wire_assert(a->expires == 300);
	wire_assert(a->code == 200);
	wire_assert(!strcmp(a->aor, aor));
}

static void refreshed(struct rig *r)
{
	uint32_t id = add(r, 300);
	const struct sipmsg *m, *first = peer_expect(r->b, "REGISTER");

	granted(r, first, "100"); /* less than asked for: counts */
	wire_assert(rig_account(r, id, ACCOUNT_REGISTERED)->expires == 100);
	rig_pass(r, 40000);
	peer_none(r->b, "REGISTER");
	rig_pass(r, 59000);
	m = peer_expect(r->b, "REGISTER");
	wire_assert(!strcmp(m->callid, first->callid));
	wire_assert(m->cseq == first->cseq + 1);
	wire_assert(!strcmp(m->from_tag, first->from_tag));
	wire_assert(!strcmp(sipmsg_hdr(m, "Contact"),
			    sipmsg_hdr(first, "Contact")));
	granted(r, m, "100");
	rig_pass(r, 30000);
	wire_assert(rig_account_now(r, id)->state == ACCOUNT_REGISTERED);
	wire_assert(rig_account_count(r, id, ACCOUNT_FAILED) == 0);
}

static void with_login(struct rig *r, const struct login *l)
{
	uint32_t id = add(r, 300);
	const struct sipmsg *m = peer_expect(r->b, "REGISTER");
	uint32_t first = m->cseq;

	peer_reply(r->b, m, l->proxy ? 407 : 401, "Who?", login_challenge(l));
	m = peer_expect(r->b, "REGISTER");
	wire_assert(m->cseq == first + 1);
	login_check(m, l);
	granted(r, m, "300");
	(void)rig_account(r, id, ACCOUNT_REGISTERED);
	wire_assert(rig_account_count(r, id, ACCOUNT_FAILED) == 0);
	/* the refresh: with the nonce it knows, counted up */
	rig_pass(r, 295000);
	m = peer_expect(r->b, "REGISTER");
	if (login_find(m, l)) {
		login_check(m, l);
		if (!l->no_qop)
			wire_assert(login_nc(m, l) == 2);
	} else {
		peer_reply(r->b, m, l->proxy ? 407 : 401, "Who?",
			   login_challenge(l));
		m = peer_expect(r->b, "REGISTER");
		login_check(m, l);
	}
	granted(r, m, "300");
	rig_sync(r);
	wire_assert(rig_account_now(r, id)->state == ACCOUNT_REGISTERED);
}

static void login_md5(struct rig *r)
{
	with_login(r, &md5);
}

static void login_sha256(struct rig *r)
{
	struct login l = md5;

	l.algorithm = "SHA-256";
	with_login(r, &l);
}

static void login_proxy(struct rig *r)
{
	struct login l = md5;

	l.proxy = true;
	with_login(r, &l);
}

static void login_2069(struct rig *r)
{
	struct login l = md5;

	l.algorithm = NULL;
	l.no_qop = true;
	with_login(r, &l);
}

static void stale(struct rig *r)
{
	struct login l = md5;
	uint32_t id = add(r, 300);
	const struct sipmsg *m = peer_expect(r->b, "REGISTER");

	peer_reply(r->b, m, 401, "Who?", login_challenge(&l));
	m = peer_expect(r->b, "REGISTER");
	l.nonce = "n-2";
	l.stale = true;
	peer_reply(r->b, m, 401, "Who?", login_challenge(&l));
	m = peer_expect(r->b, "REGISTER");
	login_check(m, &l);
	granted(r, m, "300");
	(void)rig_account(r, id, ACCOUNT_REGISTERED);
}

static void wrong_password(struct rig *r)
{
	uint32_t id = add(r, 300);
	const struct account_info *a;
	const struct sipmsg *m = peer_expect(r->b, "REGISTER");

	peer_reply(r->b, m, 401, "Who?", login_challenge(&md5));
	m = peer_expect(r->b, "REGISTER");
	peer_reply(r->b, m, 401, "Who?", login_challenge(&md5));
	a = rig_account(r, id, ACCOUNT_FAILED);
	wire_assert(a->code == 401);
	wire_assert(strstr(a->text, "password"));
	/* and it does not hammer: that locks accounts */
	rig_pass(r, 5000);
	wire_assert(peer_count(r->b, "REGISTER") == 2);
}

static void too_brief(struct rig *r)
{
	uint32_t id = add(r, 60);
	const struct sipmsg *m = peer_expect(r->b, "REGISTER");

	wire_assert(expires_of(m) == 60);
	peer_reply(r->b, m, 423, "Interval Too Brief", "Min-Expires: 600\r\n");
	m = peer_expect(r->b, "REGISTER");
	wire_assert(expires_of(m) == 600);
	granted(r, m, "600");
	wire_assert(rig_account(r, id, ACCOUNT_REGISTERED)->expires == 600);
}

/* 423 again and again, or without Min-Expires: no loop */
static void too_brief_for_ever(struct rig *r)
{
	uint32_t id = add(r, 60);
	const struct sipmsg *m;
	unsigned n = 0;

	while (rig_account_count(r, id, ACCOUNT_FAILED) == 0) {
		m = peer_expect(r->b, "REGISTER");
		peer_reply(r->b, m, 423, "Interval Too Brief",
			   n % 2 ? "Min-Expires: 600\r\n" : NULL);
		rig_sync(r);
		if (++n > 5)
			wire_fail("%u REGISTERs", n);
	}
	wire_assert(rig_account(r, id, ACCOUNT_FAILED)->code == 423);
}

/* Fails, waits longer each time, and comes back by itself */
static void back_off(struct rig *r, unsigned code)
{
	uint32_t id = add(r, 300);
	const struct account_info *a;
	const struct sipmsg *m = peer_expect(r->b, "REGISTER");
	uint64_t gap[3] = {0};

	for (unsigned i = 0; i < 3; i++) {
		if (code) {
			peer_reply(r->b, m, code, "No", NULL);
			rig_sync(r);
		} else {
			rig_pass(r, 32500);
		}
		a = rig_account(r, id, ACCOUNT_FAILED);
		wire_assert(a->code == code || a->code == 408 || a->code == 0);
		wire_assert(*a->text);
		wire_assert(!a->expires);
		while (!peer_peek(r->b, "REGISTER")) {
			rig_pass(r, 1000);
			gap[i] += 1000;
			if (gap[i] > 2 * 3600 * 1000)
				wire_fail("it never tries again");
		}
		m = peer_expect(r->b, "REGISTER");
	}
	/* grows, unless it is slow from the start as nobody but the user can
	 * put it right */
	if (gap[0] < 2000 || (gap[0] < 60000 && gap[2] <= gap[0]))
		wire_fail("no back-off: %llu %llu %llu ms",
			  (unsigned long long)gap[0],
			  (unsigned long long)gap[1],
			  (unsigned long long)gap[2]);
	granted(r, m, "300");
	(void)rig_account(r, id, ACCOUNT_REGISTERED);
}

static void back_off_503(struct rig *r)
{
	back_off(r, 503);
}

static void back_off_403(struct rig *r)
{
	back_off(r, 403);
}

static void back_off_404(struct rig *r)
{
	back_off(r, 404);
}

static void back_off_408(struct rig *r)
{
	back_off(r, 0);
}

static void retry_after(struct rig *r)
{
	uint32_t id = add(r, 300);
	const struct sipmsg *m = peer_expect(r->b, "REGISTER");

	peer_reply(r->b, m, 503, "Overloaded", "Retry-After: 120\r\n");
	(void)rig_account(r, id, ACCOUNT_FAILED);
	rig_pass(r, 118000);
	peer_none(r->b, "REGISTER");
	for (unsigned i = 0; i < 120 && !peer_peek(r->b, "REGISTER"); i++)
		rig_pass(r, 1000);
	granted(r, peer_expect(r->b, "REGISTER"), "300");
	(void)rig_account(r, id, ACCOUNT_REGISTERED);
}

static void a_refresh_fails(struct rig *r)
{
	uint32_t id = registered(r, 100);
	const struct account_info *a;

	rig_pass(r, 99000);
	peer_reply(r->b, peer_expect(r->b, "REGISTER"), 500, "No", NULL);
	a = rig_account(r, id, ACCOUNT_FAILED);
	wire_assert(a->code == 500);
	for (unsigned i = 0; i < 3600 && !peer_peek(r->b, "REGISTER"); i++)
		rig_pass(r, 1000);
	granted(r, peer_expect(r->b, "REGISTER"), "100");
	(void)rig_account(r, id, ACCOUNT_REGISTERED);
}

static void unregistered(struct rig *r)
{
	uint32_t id = registered(r, 300);
	const struct sipmsg *m;

	rig_req(r, REQ_UNREGISTER, id, NULL);
	m = peer_expect(r->b, "REGISTER");
	wire_assert(expires_of(m) == 0);
	granted(r, m, "0");
	(void)rig_account(r, id, ACCOUNT_OFF);
	rig_pass(r, 600000);
	peer_none(r->b, "REGISTER");
	/* and again */
	rig_req(r, REQ_REGISTER, id, NULL);
	m = peer_expect(r->b, "REGISTER");
	wire_assert(expires_of(m) == 300);
	granted(r, m, "300");
	(void)rig_account(r, id, ACCOUNT_REGISTERED);
}

static void not_registering(struct rig *r)
{
	uint32_t id = add(r, 0);

	(void)rig_account(r, id, ACCOUNT_OFF);
	rig_pass(r, 60000);
	peer_none(r->b, "REGISTER");
}

static void by_an_outbound_proxy(struct rig *r)
{
	struct request req = {.type = REQ_ACCOUNT};
	struct account_prm *a = &req.u.account;
	const struct sipmsg *m;
	uint32_t id;

	snprintf(a->aor, sizeof(a->aor), "sip:100@pbx.example");
	snprintf(a->outbound, sizeof(a->outbound), "sip:%s:%u", r->b->host,
		 r->b->port);
	a->regint = 300;
	id = rig_do(r, &req);
	m = peer_expect(r->b, "REGISTER");
	wire_assert(!strcmp(m->uri, "sip:pbx.example"));
	granted(r, m, "300");
	(void)rig_account(r, id, ACCOUNT_REGISTERED);
	/* calls go the same way, and bare numbers are of its domain */
	id = rig_req(r, REQ_DIAL, id, "200");
	m = peer_expect(r->b, "INVITE");
	wire_assert(!strcmp(m->uri, "sip:200@pbx.example"));
	wire_assert(strstr(sipmsg_hdr(m, "From"), "sip:100@pbx.example"));
	peer_reply(r->b, m, 404, "Not Found", NULL);
	(void)peer_expect(r->b, "ACK");
	(void)rig_call_is(r, id, CALL_ENDED);
}

/* The registrar may list others' bindings too: ours is the one that counts */
static void other_bindings(struct rig *r)
{
	uint32_t id = add(r, 300);
	const struct sipmsg *m = peer_expect(r->b, "REGISTER");
	char extra[900];

	snprintf(extra, sizeof(extra),
		 "Contact: <sip:100@192.0.2.1>;expires=3000, %s;expires=200\r\n"
		 "Expires: 7000\r\n",
		 sipmsg_hdr(m, "Contact"));
	peer_reply(r->b, m, 200, "OK", extra);
	wire_assert(rig_account(r, id, ACCOUNT_REGISTERED)->expires == 200);
}

static void absurd_expires(struct rig *r)
{
	static const char *const times[] = {"0", "1", "4294967295", "-5", "x"};

	for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
		uint32_t id = add(r, 300);
		const struct sipmsg *m = peer_expect(r->b, "REGISTER");
		unsigned before = peer_count(r->b, "REGISTER");

		granted(r, m, times[i]);
		rig_sync(r);
		/* no storm */
		for (unsigned k = 0; k < 10; k++) {
			rig_pass(r, 500);
			while ((m = peer_peek(r->b, "REGISTER"))) {
				m = peer_expect(r->b, "REGISTER");
				granted(r, m, times[i]);
			}
		}
		if (peer_count(r->b, "REGISTER") - before > 5)
			wire_fail("expires=%s: %u REGISTERs in 5 s", times[i],
				  peer_count(r->b, "REGISTER") - before);
		rig_req(r, REQ_UNREGISTER, id, NULL);
		rig_sync(r);
		while ((m = peer_peek(r->b, "REGISTER"))) {
			m = peer_expect(r->b, "REGISTER");
			granted(r, m, "0");
			rig_sync(r);
		}
	}
}

static void bad_accounts(struct rig *r)
{
	static const char *const bad[] = {
		"",           "nonsense",      "sip:",      "sip:@h",
		"mailto:a@b", "sip:a@h:99999", "sip:a b@h", "sip:a@h\r\nX: y"};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct request req = {.type = REQ_ACCOUNT};

		snprintf(req.u.account.aor, sizeof(req.u.account.aor), "%s",
			 bad[i]);
		if (rig_refused(r, &req) != EINVAL)
			wire_fail("\"%s\"", bad[i]);
	}
}

/* The registrar's connection dies: a new one is made and we register again */
static void connection_lost(struct rig *r)
{
	uint32_t id = registered(r, 300);

	peer_reset(r->b);
	for (unsigned i = 0; i < 3600 && !peer_peek(r->b, "REGISTER"); i++)
		rig_pass(r, 1000);
	granted(r, peer_expect(r->b, "REGISTER"), "300");
	rig_sync(r);
	wire_assert(rig_account_now(r, id)->state == ACCOUNT_REGISTERED);
}

static void incoming_call_for_the_account(struct rig *r)
{
	uint32_t id = registered(r, 300);
	const struct call_info *c;
	uint32_t n;

	leg_to(&r->lb, r->b, rig_uri(r, "100", "udp:"));
	n = leg_invite(&r->lb, NULL, "sendrecv");
	c = rig_incoming(r);
	wire_assert(c->account == id);
	wire_assert(!strcmp(c->local, "100"));
	leg_cancel(&r->lb);
	(void)peer_expect_answer(r->b, "INVITE", n, 487);
	snprintf(r->lb.next_branch, sizeof(r->lb.next_branch), "%s",
		 r->lb.branch);
	leg_ack(&r->lb);
	(void)rig_call_is(r, c->id, CALL_ENDED);
}

/* clang-format off */
static const struct wcase cases[] = {
	{"registered", plain, 0},
	{"registered over TCP", plain, RIG_TCP},
	{"registered over IPv6", plain, RIG_V6},
	{"refreshed in time", refreshed, 0},
	{"MD5", login_md5, 0},
	{"SHA-256", login_sha256, 0},
	{"407", login_proxy, 0},
	{"as RFC 2069", login_2069, 0},
	{"stale", stale, 0},
	{"wrong password", wrong_password, 0},
	{"423 with Min-Expires", too_brief, 0},
	{"423 for ever", too_brief_for_ever, 0},
	{"503: back-off", back_off_503, 0},
	{"403: back-off", back_off_403, 0},
	{"404: back-off", back_off_404, 0},
	{"no answer: back-off", back_off_408, 0},
	{"Retry-After", retry_after, 0},
	{"a refresh fails", a_refresh_fails, 0},
	{"unregistered and registered again", unregistered, 0},
	{"regint=0", not_registering, 0},
	{"by an outbound proxy", by_an_outbound_proxy, 0},
	{"others' bindings", other_bindings, 0},
	{"absurd expires", absurd_expires, 0},
	{"bad accounts", bad_accounts, 0},
	{"connection lost", connection_lost, RIG_TCP},
	{"incoming call for the account", incoming_call_for_the_account, 0},
};
/* clang-format on */

WIRE_MAIN("register", cases)
