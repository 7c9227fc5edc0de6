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

/* The same user at two servers: each call is for the account it belongs to */
static uint32_t add_at(struct rig *r, struct peer *p)
{
	struct request req = {.type = REQ_ACCOUNT};
	const struct sipmsg *m;
	char extra[700];
	uint32_t id;

	snprintf(req.u.account.aor, sizeof(req.u.account.aor), "sip:100@%s:%u",
		 p->host, p->port);
	req.u.account.regint = 300;
	id = rig_do(r, &req);
	m = peer_expect(p, "REGISTER");
	snprintf(extra, sizeof(extra), "Contact: %s;expires=300\r\n",
		 sipmsg_hdr(m, "Contact"));
	peer_reply(p, m, 200, "OK", extra);
	(void)rig_account(r, id, ACCOUNT_REGISTERED);
	return id;
}

static void is_for(struct rig *r, struct peer *from, const struct peer *domain,
		   uint32_t account)
{
	static struct leg legv[8]; /* they outlive the case */
	static unsigned legc;
	struct leg *leg = &legv[legc++ % 8];
	const struct call_info *c;
	uint32_t n;

	leg_to(leg, from, rig_uri(r, "100", "udp:"));
	if (domain)
		snprintf(leg->remote, sizeof(leg->remote), "%s",
			 peer_uri(domain, "100"));
	n = leg_invite(leg, NULL, "sendrecv");
	c = rig_incoming(r);
	if (c->account != account)
		wire_fail("for account %u, not %u", c->account, account);
	rig_req(r, REQ_REJECT, c->id, NULL);
	(void)peer_expect_answer(from, "INVITE", n, 603);
	memcpy(leg->next_branch, leg->branch, sizeof(leg->next_branch));
	leg_ack(leg);
	(void)rig_call_is(r, c->id, CALL_ENDED);
}

static void two_accounts_of_one_user(struct rig *r)
{
	uint32_t one = add_at(r, r->b), two = add_at(r, r->c);

	/* by the server it comes from, whatever To says */
	is_for(r, r->b, NULL, one);
	is_for(r, r->c, NULL, two);
	is_for(r, r->c, r->b, two);
	/* by the domain that was called */
	is_for(r, r->d, r->b, one);
	is_for(r, r->d, r->c, two);
	/* by the user alone */
	is_for(r, r->d, NULL, one);
}

/* Behind a NAT: the public address is registered, the private one taken back */
static void private_contact_taken_back(struct rig *r)
{
	uint32_t id = add(r, 300);
	const struct sipmsg *m = peer_expect(r->b, "REGISTER");
	char text[2000], own[200], pub[200], via[300];

	snprintf(via, sizeof(via), "%s", sipmsg_hdr(m, "Via"));
	wire_assert(strstr(via, ";rport"));
	*strstr(via, ";rport") = '\0'; /* it stands last */
	sip_addr_uri(own, sizeof(own), sipmsg_hdr(m, "Contact"));
	snprintf(text, sizeof(text),
		 "SIP/2.0 200 OK\r\n"
		 "Via: %s;received=192.0.2.7;rport=4711\r\n"
		 "From: %s\r\nTo: %s;tag=1\r\nCall-ID: %s\r\nCSeq: %s\r\n"
		 "Contact: <%s>;expires=300\r\nContent-Length: 0\r\n\r\n",
		 via, sipmsg_hdr(m, "From"), sipmsg_hdr(m, "To"), m->callid,
		 sipmsg_hdr(m, "CSeq"), own);
	peer_raw(r->b, text, strlen(text));

	m = peer_expect(r->b, "REGISTER");
	wire_assert(sipmsg_count(m, "Contact") == 2);
	sip_addr_uri(pub, sizeof(pub), sipmsg_nth(m, "Contact", 0));
	wire_assert(!strcmp(pub, "sip:100@192.0.2.7:4711"));
	snprintf(text, sizeof(text), "<%s>;expires=0", own);
	wire_assert(!strcmp(text, sipmsg_nth(m, "Contact", 1)));
	granted(r, m, "300");
	(void)rig_account(r, id, ACCOUNT_REGISTERED);
	/* once is enough */
	rig_pass(r, 275000);
	m = peer_expect(r->b, "REGISTER");
	wire_assert(sipmsg_count(m, "Contact") == 1);
	granted(r, m, "300");
}

/* A goodbye before the answer might be overtaken by it */
static void unregistered_while_registering(struct rig *r)
{
	uint32_t id = add(r, 300);
	const struct sipmsg *m = peer_expect(r->b, "REGISTER");

	rig_req(r, REQ_UNREGISTER, id, NULL);
	rig_sync(r);
	peer_none(r->b, "REGISTER");
	granted(r, m, "300");
	m = peer_expect(r->b, "REGISTER");
	wire_assert(expires_of(m) == 0);
	granted(r, m, "0");
	(void)rig_account(r, id, ACCOUNT_OFF);
	wire_assert(rig_account_count(r, id, ACCOUNT_REGISTERED) == 0);

	/* refused: there is nothing to take back */
	rig_req(r, REQ_REGISTER, id, NULL);
	m = peer_expect(r->b, "REGISTER");
	rig_req(r, REQ_UNREGISTER, id, NULL);
	peer_reply(r->b, m, 503, "No", NULL);
	(void)rig_account(r, id, ACCOUNT_OFF);
	rig_pass(r, 600000);
	peer_none(r->b, "REGISTER");
}

/* A refresh failed, but what was granted before may stand there still */
static void unregistered_after_a_failure(struct rig *r)
{
	uint32_t id = registered(r, 1000);
	const struct sipmsg *m;

	rig_leap(r, 901000);
	peer_reply(r->b, peer_expect(r->b, "REGISTER"), 500, "No", NULL);
	(void)rig_account(r, id, ACCOUNT_FAILED);
	rig_req(r, REQ_UNREGISTER, id, NULL);
	m = peer_expect(r->b, "REGISTER");
	wire_assert(expires_of(m) == 0);
	granted(r, m, "0");
	(void)rig_account(r, id, ACCOUNT_OFF);
	rig_pass(r, 600000);
	peer_none(r->b, "REGISTER");
}

static uint32_t add_codecs(struct rig *r, const char *list)
{
	struct request req = {.type = REQ_ACCOUNT};

	snprintf(req.u.account.aor, sizeof(req.u.account.aor), "sip:100@%s:%u",
		 r->b->host, r->b->port);
	snprintf(req.u.account.codecs, sizeof(req.u.account.codecs), "%s",
		 list);
	return rig_do(r, &req);
}

static void offers(struct rig *r, uint32_t account, const char *formats)
{
	uint32_t id = rig_req(r, REQ_DIAL, account, peer_uri(r->b, "b"));
	const struct sipmsg *m = peer_expect(r->b, "INVITE");
	const char *line = strstr(m->body, "m=audio");

	if (!line || !strstr(line, formats) || strstr(m->body, "m=video"))
		wire_fail("not %s in %s", formats, m->body);
	peer_reply(r->b, m, 404, "Not Found", NULL);
	(void)peer_expect(r->b, "ACK");
	(void)rig_call_is(r, id, CALL_ENDED);
}

static void codecs_in_offers(struct rig *r)
{
	struct request req = {.type = REQ_ACCOUNT};

	offers(r, add_codecs(r, ""), " RTP/AVP 0 8 101\r\n");
	offers(r, add_codecs(r, "pcma,pcmu"), " RTP/AVP 8 0 101\r\n");
	offers(r, add_codecs(r, "PCMA,telephone-event"), " RTP/AVP 8 101\r\n");
	offers(r, add_codecs(r, "opus,g722,pcmu"), " RTP/AVP 0 101\r\n");

	snprintf(req.u.account.aor, sizeof(req.u.account.aor), "sip:1@h");
	snprintf(req.u.account.codecs, sizeof(req.u.account.codecs),
		 "pcma,mp3");
	wire_assert(rig_refused(r, &req) == EINVAL);
}

/* who calls with all of them is answered with those of the account */
static void codecs_in_answers(struct rig *r)
{
	const struct call_info *c;
	const struct sipmsg *m;
	uint32_t n;

	(void)add_codecs(r, "pcma");
	leg_to(&r->lb, r->b, rig_uri(r, "100", "udp:"));
	n = leg_invite(&r->lb, NULL, "sendrecv");
	c = rig_incoming(r);
	rig_req(r, REQ_ANSWER, c->id, NULL);
	m = peer_expect_answer(r->b, "INVITE", n, 200);
	if (!strstr(m->body, " RTP/AVP 8 101\r\n"))
		wire_fail("%s", m->body);
	leg_learn(&r->lb, m);
	leg_ack(&r->lb);
	(void)rig_call_is(r, c->id, CALL_TALKING);
	leg_bye(&r->lb);
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
	{"two accounts of one user", two_accounts_of_one_user, 0},
	{"the private Contact is taken back", private_contact_taken_back, 0},
	{"unregistered while registering", unregistered_while_registering, 0},
	{"unregistered after a failure", unregistered_after_a_failure, 0},
	{"codecs in offers", codecs_in_offers, 0},
	{"codecs in answers", codecs_in_answers, 0},
};
/* clang-format on */

WIRE_MAIN("register", cases)
