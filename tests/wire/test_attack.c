/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Attacks: each case is one thing a peer once could do to us. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "tests/wire/digest.h"
#include "tests/wire/rig.h"

#define COUNT(v) (sizeof(v) / sizeof((v)[0]))

static const struct login login = {
	.realm = "pbx",
	.nonce = "n-1",
	.algorithm = "MD5",
	.user = "100",
	.password = "secret",
};

/* ---- helpers ------------------------------------------------------------- */

struct final_wait {
	struct peer *p;
	const char *branch;
	const struct sipmsg *m;
};

static bool final_came(void *arg)
{
	struct final_wait *w = arg;

	for (struct sipmsg *m = w->p->inbox; m; m = m->next) {
		if (m->request || m->code < 200 || strcmp(m->branch, w->branch))
			continue;
		m->claimed = true;
		w->m = m;
		return true;
	}
	return false;
}

/* The final answer to what was sent last, whatever its other headers say */
static const struct sipmsg *final_of(const struct leg *d)
{
	struct final_wait w = {.p = d->p, .branch = d->branch};

	if (!peers_until(final_came, &w))
		wire_fail("%s: no final answer", d->p->name);
	return w.m;
}

/* The ACK of an INVITE that was refused */
static void ack_refused(struct leg *d)
{
	snprintf(d->next_branch, sizeof(d->next_branch), "%s", d->branch);
	leg_ack(d);
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

/* Be called; the leg has been begun and its Contact set */
static uint32_t called(struct rig *r, struct leg *d)
{
	uint32_t n = leg_invite(d, NULL, "sendrecv");
	uint32_t call = rig_incoming(r)->id;

	rig_req(r, REQ_ANSWER, call, NULL);
	leg_learn(d, peer_expect_answer(d->p, "INVITE", n, 200));
	leg_ack(d);
	(void)rig_call_is(r, call, CALL_TALKING);
	return call;
}

/* ---- a name that is looked up while the call ends ------------------------ */

struct question {
	unsigned char bytes[600];
	size_t len;
	struct sockaddr_in from;
};

/* A name server that takes its time */
struct names {
	int fd;
	char addr[64];
	struct question qv[16];
	unsigned qc;
};

static void names_new(struct names *s)
{
	struct sockaddr_in in = {.sin_family = AF_INET};
	socklen_t len = sizeof(in);

	memset(s, 0, sizeof(*s));
	in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	s->fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (s->fd < 0 || bind(s->fd, (struct sockaddr *)&in, len) ||
	    getsockname(s->fd, (struct sockaddr *)&in, &len))
		wire_fail("no name server");
	snprintf(s->addr, sizeof(s->addr), "127.0.0.1:%u", ntohs(in.sin_port));
}

static bool names_asked(void *arg)
{
	struct names *s = arg;

	while (s->qc < COUNT(s->qv)) {
		struct question *q = &s->qv[s->qc];
		socklen_t len = sizeof(q->from);
		ssize_t n = recvfrom(s->fd, q->bytes, 500, 0,
				     (struct sockaddr *)&q->from, &len);

		if (n < 17)
			break;
		q->len = (size_t)n;
		++s->qc;
	}
	return s->qc > 0;
}

/* Every name is 127.0.0.1 */
static void names_answer(struct names *s)
{
	static const unsigned char a[] = {0xc0, 12, 0, 1, 0,   1, 0, 0,
					  0,    60, 0, 4, 127, 0, 0, 1};

	(void)names_asked(s);
	for (unsigned i = 0; i < s->qc; i++) {
		struct question *q = &s->qv[i];
		size_t end = 12;
		bool is_a;

		while (end < q->len && q->bytes[end])
			end += q->bytes[end] + 1U;
		end += 5;
		if (end > q->len)
			continue;
		is_a = q->bytes[end - 4] == 0 && q->bytes[end - 3] == 1;
		q->bytes[2] = 0x81;
		q->bytes[3] = 0x80;
		memset(q->bytes + 6, 0, 6);
		q->bytes[7] = is_a;
		if (is_a) {
			memcpy(q->bytes + end, a, sizeof(a));
			end += sizeof(a);
		}
		(void)sendto(s->fd, q->bytes, end, 0,
			     (struct sockaddr *)&q->from, sizeof(q->from));
	}
	s->qc = 0;
}

static void gone_while_looked_up(struct rig *r)
{
	static struct names names;
	uint32_t call;

	names_new(&names);
	rig_option(r, EOPT_DNS_SERVER, 0, names.addr);
	leg_to(&r->lb, r->b, rig_uri(r, "cordpair", "udp:"));
	snprintf(r->lb.contact, sizeof(r->lb.contact),
		 "<sip:b@slow.example.com:%u>", r->b->port);
	call = called(r, &r->lb);
	rig_req(r, REQ_HOLD, call, NULL);
	if (!peers_until(names_asked, &names))
		wire_fail("the name is not looked up");
	leg_bye(&r->lb);
	(void)rig_call_is(r, call, CALL_ENDED);
	rig_sync(r);
	names_answer(&names);
	rig_sync(r);
	(void)close(names.fd);
	wire_assert(peer_count(r->b, "INVITE") == 0);
	wire_assert(peer_count(r->b, "BYE") == 0);
}

/* ---- two REFERs under way ------------------------------------------------ */

/* A report of failure overtakes the answer to the first REFER, so there is a
 * second, which ref is then; the first is answered late, with this code */
static uint32_t two_refers(struct rig *r, struct ref *ref, unsigned code)
{
	struct call_prm prm = {.uri = peer_uri(r->c, "charly")};
	uint32_t call = rig_call_up(r, r->b, &r->lb);
	struct ref first;

	(void)rig_consult_up(r, call, &r->lb, r->c, &r->lc, &prm);
	r->b->autos = r->c->autos = AUTO_REINVITE;
	rig_complete(r, call, &r->lb, &r->lc, &first);
	ref_notify(&r->lb, &first, 404, "Not Found", "active;expires=60");
	ref_take(&r->lb, ref, first.id);
	wire_assert(ref->m->cseq > first.m->cseq);
	ref_reply(&r->lb, &first, code, "Late", NULL);
	rig_sync(r);
	/* it is not the answer to the second */
	wire_assert(rig_transfer_now(r, ref->id)->refer_code == 0);
	return call;
}

static void answers_in_odd_order(struct rig *r, unsigned code)
{
	struct ref ref;
	uint32_t call = two_refers(r, &ref, code);

	ref_reply(&r->lb, &ref, 401, "Who?", login_challenge(&login));
	ref_take(&r->lb, &ref, ref.id);
	login_check(ref.m, &login);
	wire_assert(!rig_has_outcome(r, ref.id));
	ref_reply(&r->lb, &ref, 202, "Accepted", NULL);
	leg_bye(&r->lc);
	ref_notify(&r->lb, &ref, 200, "OK", TERMINATED);
	rig_goes_well(r, call, &ref);
}

static void first_accepted_late(struct rig *r)
{
	answers_in_odd_order(r, 202);
}

static void first_refused_late(struct rig *r)
{
	answers_in_odd_order(r, 603);
}

/* The second is challenged until nothing of the transfer is there any more */
static void challenged_after_the_end(struct rig *r)
{
	struct ref ref;
	uint32_t call = two_refers(r, &ref, 202);

	ref_notify(&r->lb, &ref, 503, "Service Unavailable", TERMINATED);
	(void)rig_outcome(r, ref.id, OUTCOME_FAILED);
	for (unsigned i = 0; i < 2; i++) {
		char extra[100];

		rig_pass(r, 29000);
		snprintf(extra, sizeof(extra),
			 "WWW-Authenticate: Digest realm=\"r%u\","
			 "nonce=\"n%u\"\r\n",
			 i, i);
		ref_reply(&r->lb, &ref, 401, "Who?", extra);
		rig_sync(r);
		if (peer_peek(r->b, "REFER"))
			ref_take(&r->lb, &ref, ref.id);
	}
	rig_pass(r, 10000);
	ref_reply(&r->lb, &ref, 200, "OK", NULL);
	rig_sync(r);
	peer_none(r->b, "REFER");
	rig_call_alive(r, call);
}

/* ---- registrars that make a storm ---------------------------------------- */

typedef void registrar_h(struct peer *p, const struct sipmsg *m, unsigned n);

static void grants(struct peer *p, const struct sipmsg *m, const char *expires)
{
	char extra[700];

	snprintf(extra, sizeof(extra), "Contact: %s;expires=%s\r\n",
		 sipmsg_hdr(m, "Contact"), expires);
	peer_reply(p, m, 200, "OK", extra);
}

static void grants_2_30(struct peer *p, const struct sipmsg *m, unsigned n)
{
	(void)n;
	grants(p, m, "1073741824"); /* 900 of these are 0 in 32 bits */
}

static void grants_overflow(struct peer *p, const struct sipmsg *m, unsigned n)
{
	(void)n;
	grants(p, m, "4772186"); /* 900 of these are 104 in 32 bits */
}

static void sees_another_address(struct peer *p, const struct sipmsg *m,
				 unsigned n)
{
	const char *via = sipmsg_hdr(m, "Via");
	const char *rport = strstr(via, ";rport");
	char text[2000];
	int len;

	wire_assert(rport);
	len = snprintf(text, sizeof(text),
		       "SIP/2.0 200 OK\r\n"
		       "Via: %.*s;rport=%u;received=127.0.0.%u%s\r\n"
		       "From: %s\r\nTo: %s;tag=reg\r\nCall-ID: %s\r\n"
		       "CSeq: %u REGISTER\r\nContact: %s;expires=300\r\n"
		       "Content-Length: 0\r\n\r\n",
		       (int)(rport - via), via, 1000 + n, 2 + n % 200,
		       rport + 6, sipmsg_hdr(m, "From"), sipmsg_hdr(m, "To"),
		       m->callid, m->cseq, sipmsg_hdr(m, "Contact"));
	peer_raw(p, text, (size_t)len);
}

static void wants_a_second_more(struct peer *p, const struct sipmsg *m,
				unsigned n)
{
	char extra[40];

	snprintf(extra, sizeof(extra), "Min-Expires: %u\r\n", 300 + n);
	peer_reply(p, m, 423, "Interval Too Brief", extra);
}

static void no_storm(struct rig *r, registrar_h *h)
{
	struct request req = {.type = REQ_ACCOUNT};
	unsigned n = 0;

	snprintf(req.u.account.aor, sizeof(req.u.account.aor), "sip:100@%s:%u",
		 r->b->host, r->b->port);
	req.u.account.regint = 300;
	(void)rig_do(r, &req);
	for (unsigned i = 0; i < 10; i++) {
		while (peer_peek(r->b, "REGISTER")) {
			h(r->b, peer_expect(r->b, "REGISTER"), ++n);
			rig_sync(r);
			if (n > 5)
				wire_fail("%u REGISTERs in %u s", n, i / 2);
		}
		rig_pass(r, 500);
	}
	wire_assert(n > 0);
}

static void storm_2_30(struct rig *r)
{
	no_storm(r, grants_2_30);
}

static void storm_overflow(struct rig *r)
{
	no_storm(r, grants_overflow);
}

static void storm_rport(struct rig *r)
{
	no_storm(r, sees_another_address);
}

static void storm_423(struct rig *r)
{
	no_storm(r, wants_a_second_more);
}

/* ---- a re-INVITE that is never answered ---------------------------------- */

static void hold_with_100_only(struct rig *r)
{
	uint32_t call = rig_call_up(r, r->b, &r->lb);
	const struct call_info *c;

	rig_req(r, REQ_HOLD, call, NULL);
	peer_reply(r->b, peer_expect(r->b, "INVITE"), 100, "Trying", NULL);
	rig_pass(r, 31000);
	wire_assert(rig_call_now(r, call)->state == CALL_TALKING);
	rig_pass(r, 1500);
	leg_expect_bye(&r->lb, 200);
	c = rig_call_is(r, call, CALL_ENDED);
	wire_assert(c->code == 408);
	if (!strstr(c->text, "hold"))
		wire_fail("it ended with \"%s\"", c->text);
}

/* ---- a 2xx to an INVITE never sent --------------------------------------- */

static void stray_2xx(struct rig *r)
{
	uint32_t call = rig_call_in(r, r->b, &r->lb, NULL);

	for (unsigned i = 0; i < 3; i++) {
		char text[1200];
		int len = snprintf(
			text, sizeof(text),
			"SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP %s;branch=z9hG4bKs"
			"%u\r\nFrom: <sip:b@h>;tag=%s\r\nTo: <sip:x@h>;tag="
			"fork%u\r\nCall-ID: %s\r\nCSeq: 0 INVITE\r\n"
			"Contact: <%s>\r\nContent-Length: 0\r\n\r\n",
			rig_addr(r, "udp:") + 4, i, r->lb.rtag, i, r->lb.callid,
			peer_uri(r->d, "victim"));

		peer_raw(r->b, text, (size_t)len);
		rig_sync(r);
	}
	rig_pass(r, 5000);
	wire_assert(peer_count(r->d, "ACK") == 0);
	wire_assert(peer_count(r->d, "BYE") == 0);
	wire_assert(peer_count(r->b, "ACK") == 0);
	rig_call_alive(r, call);
}

/* ---- a stranger asks for the login --------------------------------------- */

static void no_login_for_strangers(struct rig *r)
{
	struct peer *e = peer_new("e", PEER_UDP, "127.0.0.2");
	const struct sipmsg *m;
	static struct leg le;
	uint32_t call;

	peer_aim(e, rig_addr(r, "udp:"));
	leg_to(&le, e, rig_uri(r, "100", "udp:"));
	call = called(r, &le);
	wire_assert(rig_call_now(r, call)->account == r->account);
	rig_req(r, REQ_HANGUP, call, NULL);
	m = peer_expect(e, "BYE");
	wire_assert(!sipmsg_hdr(m, "Authorization"));
	peer_reply(e, m, 401, "Who?", login_challenge(&login));
	(void)rig_call_is(r, call, CALL_ENDED);
	rig_pass(r, 5000);
	peer_none(e, "BYE");
	for (m = e->inbox; m; m = m->next) {
		wire_assert(!sipmsg_hdr(m, "Authorization"));
		wire_assert(!sipmsg_hdr(m, "Proxy-Authorization"));
	}

	/* the account's own server */
	leg_to(&r->lb, r->b, rig_uri(r, "100", "udp:"));
	call = called(r, &r->lb);
	rig_req(r, REQ_HANGUP, call, NULL);
	peer_reply(r->b, peer_expect(r->b, "BYE"), 401, "Who?",
		   login_challenge(&login));
	m = peer_expect(r->b, "BYE");
	login_check(m, &login);
	peer_reply(r->b, m, 200, "OK", NULL);
}

/* Connect from the peer's own address, not from any */
static int connect_from(struct peer *p)
{
	struct sockaddr_in in = {.sin_family = AF_INET};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || inet_pton(AF_INET, p->host, &in.sin_addr) != 1 ||
	    bind(fd, (struct sockaddr *)&in, sizeof(in)) ||
	    connect(fd, (struct sockaddr *)&p->engine, p->engine_len) ||
	    fcntl(fd, F_SETFL, O_NONBLOCK))
		wire_fail("%s: no connection", p->name);
	p->connv[0] = fd;
	return 0;
}

/* He names the server's host in his Contact, but is reached by his own
 * connection */
static void no_login_for_a_strangers_contact(struct rig *r)
{
	struct peer *e = peer_new("e", PEER_TCP, "127.0.0.2");
	static struct leg le;
	uint32_t call;

	peer_aim(e, rig_addr(r, "tcp:"));
	leg_to(&le, e, rig_uri(r, "100", "tcp:"));
	le.conn = connect_from(e);
	snprintf(le.contact, sizeof(le.contact), "<sip:e@%s:%u;transport=tcp>",
		 r->b->host, e->port);
	call = called(r, &le);
	wire_assert(rig_call_now(r, call)->account == r->account);
	rig_req(r, REQ_HANGUP, call, NULL);
	peer_reply(e, peer_expect(e, "BYE"), 401, "Who?",
		   login_challenge(&login));
	(void)rig_call_is(r, call, CALL_ENDED);
	rig_pass(r, 5000);
	for (const struct sipmsg *m = e->inbox; m; m = m->next)
		wire_assert(!sipmsg_hdr(m, "Authorization"));
}

/* ---- what a trace shows -------------------------------------------------- */

/* A message put together of its pieces */
struct seen {
	uint64_t serial;
	bool tx;
	size_t total, have;
	char *bytes;
};

struct tap {
	struct engine *e;
	char listen[2][64];
	bool hello;
	struct seen v[80];
	unsigned n;
	const char *callid; /* looked for                            */
	const struct seen *found;
};

static void tap_piece(struct tap *t, const struct trace_info *p)
{
	struct seen *s = t->n ? &t->v[t->n - 1] : NULL;

	if (!s || s->serial != p->serial) {
		if (t->n == COUNT(t->v))
			wire_fail("too many messages");
		s = &t->v[t->n++];
		s->serial = p->serial;
		s->tx = p->tx;
		s->total = p->total;
		s->bytes = calloc(1, s->total + 1);
		if (!s->bytes)
			abort();
	}
	wire_assert(p->len <= TRACE_PIECE && p->offset == s->have &&
		    p->offset + p->len <= s->total);
	memcpy(s->bytes + p->offset, p->data, p->len);
	s->have += p->len;
}

static void tap_take(void *arg)
{
	struct tap *t = arg;
	struct event ev;

	while (!engine_take(t->e, &ev)) {
		if (ev.type == EV_TRACE)
			tap_piece(t, &ev.u.trace);
		if (ev.type != EV_HELLO)
			continue;
		for (unsigned i = 0; i < 2; i++)
			snprintf(t->listen[i], sizeof(t->listen[i]), "%s",
				 ev.u.hello.listen[i]);
		t->hello = true;
	}
}

static bool tap_hello(void *arg)
{
	return ((struct tap *)arg)->hello;
}

static bool tap_has(void *arg)
{
	struct tap *t = arg;

	for (unsigned i = 0; i < t->n; i++) {
		const struct seen *s = &t->v[i];

		if (!s->tx && s->have == s->total &&
		    strstr(s->bytes, t->callid)) {
			t->found = s;
			return true;
		}
	}
	return false;
}

static void tap_new(struct tap *t, struct rig *r)
{
	static const char *const listen[] = {"udp:127.0.0.1:0",
					     "tcp:127.0.0.1:0"};
	struct engine_prm prm = {
		.listenv = listen, .listenc = 2, .trace = true};
	char why[200];

	memset(t, 0, sizeof(*t));
	wire_assert(!engine_new(&t->e, &prm, why, sizeof(why)));
	r->e = t->e; /* freed whatever comes */
	peers_watch(engine_event_fd(t->e), tap_take, t);
	if (!peers_until(tap_hello, t))
		wire_fail("no hello");
}

static void tap_close(struct tap *t)
{
	peers_watch(-1, NULL, NULL);
	for (unsigned i = 0; i < t->n; i++)
		free(t->v[i].bytes);
}

/* What is between S and E is secret; these marks are not sent */
#define S "\001"
#define E "\002"
/* clang-format off */
static const char *const secrets[] = {
	"Authorization: Digest username=\"u\", response=\"" S "SECRET" E
	"\"\r\n",
	"Authorization: Digest username=\"u\", response = \"" S "SECRET" E
	"\", uri=\"sip:a\"\r\n",
	"Authorization: Digest username=\"u\", response\t=\t\"" S "SECRET" E
	"\", algorithm=MD5\r\n",
	"Authorization: Digest username=\"u\",\r\n response=\"" S "SECRET" E
	"\"\r\n",
	"Authorization: Digest username=\"u\",\r\n\tresponse\r\n =\r\n\t\""
	S "SECRET" E "\",\r\n uri=\"sip:a\"\r\n",
	"Authorization:\r\n Digest response=\"" S "SECRET" E "\"\r\n",
	"Authorization: Digest nonce=\"" S "ab,SECRET" E "\", username=\"u\", "
	"cnonce=\"" S "SEC,RET" E "\"\r\n",
	"Authorization: Digest response=\"" S "SE\\\"CRET, nonce=\\\"SECRET" E
	"\", realm=\"x\"\r\n",
	"Authorization: Digest username=\"a\\\", response=b\", response=\"" S
	"SECRET" E "\"\r\n",
	"Authorization: Digest username=\"a, response=b\", response=\"" S
	"SECRET" E "\"\r\n",
	"Authorization: Digest nc=1, response=" S "SECRET" E ", cnonce=" S
	"SECRET" E "\r\n",
	"Authorization: Digest response=\"" S "SECRET" E "\",nonce=\"" S
	"SECRET" E "\",cnonce=\"" S "SECRET" E "\",qop=auth,nc=00000001\r\n",
	"AUTHORIZATION\t: Digest RESPONSE=\"" S "SECRET" E "\"\r\n",
	"authorization : digest Response=\"" S "SECRET" E "\"\r\n",
	"Proxy-Authorization: Digest realm=\"x\", response=\"" S "SECRET" E
	"\"\r\n",
	"Proxy-Authorization: Digest response=\"" S "SECRET" E "\"\r\n"
	"X-Between: response=\"no secret\"\r\n"
	"Authorization: Digest response=\"" S "SECRET" E "\"\r\n",
	"Authentication-Info: nextnonce=\"" S "SECRET" E "\", rspauth=\"" S
	"SECRET" E "\"\r\n",
};
/* clang-format on */

/* Without the marks; secret says of every byte whether it stood in them */
static size_t unmark(char *dst, bool *secret, const char *src)
{
	bool in = false;
	size_t n = 0;

	for (; *src; src++) {
		if (*src == *S || *src == *E) {
			in = *src == *S;
			continue;
		}
		secret[n] = in;
		dst[n++] = *src;
	}
	return n;
}

/* Send it with these headers, and look at what the trace has of it */
static void trace_one(struct tap *t, struct peer *p, const char *hdrs,
		      unsigned padding)
{
	static char text[9000], sent[9000];
	static bool secret[9000];
	static unsigned count;
	/* it may be a piece of another message: no secret there either */
	static const char body[] =
		"\r\nAuthorization: Digest response=\"" S "b" E "\"";
	char callid[32];
	size_t len, skip;

	snprintf(callid, sizeof(callid), "trace-%u-", ++count);
	snprintf(text, sizeof(text),
		 "OPTIONS sip:x@127.0.0.1 SIP/2.0\r\n"
		 "Via: SIP/2.0/%s %s:%u;branch=z9hG4bK%s;rport\r\n"
		 "X-Padding: %0*d\r\n"
		 "%s"
		 "From: <sip:e@127.0.0.1>;tag=1\r\nTo: <sip:x@127.0.0.1>\r\n"
		 "Call-ID: %s\r\nCSeq: 1 OPTIONS\r\n"
		 "Content-Type: text/plain\r\nContent-Length: %zu\r\n\r\n%s",
		 p->kind == PEER_TCP ? "TCP" : "UDP", p->host, p->port, callid,
		 (int)padding, 0, hdrs, callid, sizeof(body) - 3, body);
	len = unmark(sent, secret, text);
	if (p->kind == PEER_TCP)
		peer_raw(p, "\r\n\r\n\r\n", count % 3 * 2);
	peer_raw(p, sent, len);
	t->callid = callid;
	if (!peers_until(tap_has, t))
		wire_fail("not traced: %s", hdrs);

	wire_assert(t->found->total >= len);
	skip = t->found->total - len;
	wire_assert(strspn(t->found->bytes, "\r\n") >= skip);
	for (size_t i = 0; i < len; i++) {
		char c = t->found->bytes[skip + i];

		if (c != (secret[i] ? '*' : sent[i]))
			wire_fail("\"%c\" became \"%c\" at \"%.40s\" in %s",
				  sent[i], c, sent + (i > 20 ? i - 20 : 0),
				  hdrs);
	}
}

static void trace_secrets(struct rig *r, enum peer_kind kind)
{
	static struct tap t;
	struct peer *p;

	tap_new(&t, r);
	p = peer_new("p", kind, "127.0.0.1");
	peer_aim(p, t.listen[kind == PEER_TCP]);
	if (kind == PEER_TCP)
		(void)peer_connect(p);
	for (size_t i = 0; i < COUNT(secrets); i++) {
		trace_one(&t, p, secrets[i], 1);
		/* the headers lie across the seam of two pieces */
		trace_one(&t, p, secrets[i], TRACE_PIECE - 200);
	}
	tap_close(&t);
}

static void trace_udp(struct rig *r)
{
	trace_secrets(r, PEER_UDP);
}

static void trace_tcp(struct rig *r)
{
	trace_secrets(r, PEER_TCP);
}

/* Leading line ends in the same segment, and two messages in one */
static void trace_in_one_segment(struct rig *r)
{
	static struct tap t;
	char sent[3000];
	struct peer *p;
	size_t n = 0;

	tap_new(&t, r);
	p = peer_new("p", PEER_TCP, "127.0.0.1");
	peer_aim(p, t.listen[1]);
	for (unsigned i = 0; i < 2; i++)
		n += (size_t)snprintf(
			sent + n, sizeof(sent) - n,
			"%sOPTIONS sip:x@127.0.0.1 SIP/2.0\r\n"
			"Via: SIP/2.0/TCP %s:%u;branch=z9hG4bKseg%u;rport\r\n"
			"Authorization: Digest response=\"SECRET\", uri=\"x\""
			"\r\nFrom: <sip:e@127.0.0.1>;tag=1\r\n"
			"To: <sip:x@127.0.0.1>\r\nCall-ID: seg-%u-\r\n"
			"CSeq: 1 OPTIONS\r\nContent-Length: 4\r\n\r\nbody",
			i ? "\r\n" : "\r\n\r\n\r\n", p->host, p->port, i, i);
	(void)peer_connect(p);
	peer_raw(p, sent, n);
	for (unsigned i = 0; i < 2; i++) {
		t.callid = i ? "seg-1-" : "seg-0-";
		if (!peers_until(tap_has, &t))
			wire_fail("%s is not traced", t.callid);
		wire_assert(!strstr(t.found->bytes, "SECRET"));
		wire_assert(strstr(t.found->bytes, "response=\"******\", "
						   "uri=\"x\"\r\n"));
		wire_assert(strstr(t.found->bytes, "\r\n\r\nbody"));
	}
	tap_close(&t);
}

/* ---- bytes that belong into no header ------------------------------------ */

struct foul {
	const char *rr;      /* value of Record-Route, NULL: none       */
	const char *from;    /* up to the tag                           */
	const char *contact; /* NULL: a good one                        */
};

#define GOOD "<sip:e@127.0.0.1>"

static void foul_bytes(struct rig *r)
{
	static const struct foul fouls[] = {
		{NULL, GOOD, "<sip:t@127.0.0.1:9;x=\rX-Evil: 1>"},
		{NULL, GOOD, "<sip:t@127.0.0.1:9;x=\x1b[2J>"},
		{NULL, GOOD, "<sip:t\x01@127.0.0.1:9>"},
		{NULL, GOOD, "<sip:t@127.0.0.1:9>;x=\x7f"},
		{NULL, "\"a\rX-Evil: 1\" " GOOD, NULL},
		{NULL, "\"\x1b]0;x\x07\" " GOOD, NULL},
		{NULL, "<sip:e\x1b[2J@127.0.0.1>", NULL},
		{NULL, "<sip:e@127.0.0.1;x=\rX-Evil:1>", NULL},
		{"<sip:127.0.0.1:9;lr;x=\rX-Evil: 1>", GOOD, NULL},
		{"<sip:127.0.0.1:9;lr;x=\x01>", GOOD, NULL},
		{"<sip:127.0.0.1:9;lr>, <sip:127.0.0.1:9;lr;x=\x1b>", GOOD,
		 NULL},
	};

	for (size_t i = 0; i < COUNT(fouls); i++) {
		const struct foul *f = &fouls[i];
		const struct sipmsg *m;
		char text[1500], sdp[700];

		leg_to(&r->lb, r->b, rig_uri(r, "cordpair", "udp:"));
		if (f->contact)
			snprintf(r->lb.contact, sizeof(r->lb.contact), "%s",
				 f->contact);
		sdp_make(sdp, sizeof(sdp), r->b, "sendrecv", 1);
		snprintf(text, sizeof(text),
			 "INVITE [target] SIP/2.0\r\n[via]\r\n%s%s%s"
			 "From: %s;tag=x%zu\r\n[to]\r\n[callid]\r\n"
			 "[cseq] INVITE\r\n[contact]\r\n"
			 "Content-Type: application/sdp\r\n[len]\r\n\r\n",
			 f->rr ? "Record-Route: " : "", f->rr ? f->rr : "",
			 f->rr ? "\r\n" : "", f->from, i);
		r->lb.invite_cseq = leg_text(&r->lb, text, sdp, strlen(sdp));
		if (rings(r))
			wire_fail("row %zu rings", i);
		m = final_of(&r->lb);
		if (m->code != 400)
			wire_fail("row %zu: %u", i, m->code);
		ack_refused(&r->lb);
		/* an answer must repeat the From, and nothing else */
		if (f->contact || f->rr)
			wire_assert(!memmem(m->raw, m->len, "X-Evil", 6));
	}
	rig_sync(r);
	for (const struct rig_ev *e = rig_events(r); e; e = e->next)
		wire_assert(e->ev.type != EV_CALL);
}

/* ---- a REFER that must not be cut ---------------------------------------- */

static void refer_of_long_callid(struct rig *r)
{
	static const unsigned lens[] = {300, 400, 430, 440, 450, 460, 470};

	for (size_t i = 0; i < COUNT(lens); i++) {
		struct request req = {.type = REQ_TRANSFER,
				      .flags = TRANSFER_NO_HOLD};
		struct request hangup = {.type = REQ_HANGUP};
		char callid[512], text[2000], sdp[700], want[900];
		const struct sipmsg *m;
		const char *td;
		uint32_t n, t;

		memset(callid, 'c', lens[i]);
		callid[lens[i]] = '\0';
		leg_to(&r->lb, r->b, rig_uri(r, "100", "udp:"));
		sdp_make(sdp, sizeof(sdp), r->b, "sendrecv", 1);
		snprintf(text, sizeof(text),
			 "INVITE [target] SIP/2.0\r\n[via]\r\n[from]\r\n[to]"
			 "\r\nCall-ID: %s\r\n[cseq] INVITE\r\n[contact]\r\n%s"
			 "Content-Type: application/sdp\r\n[len]\r\n\r\n",
			 callid, "Supported: replaces, tdialog\r\n");
		n = leg_text(&r->lb, text, sdp, strlen(sdp));
		req.id = hangup.id = rig_incoming(r)->id;
		wire_assert(rig_call_now(r, req.id)->account == r->account);
		rig_req(r, REQ_ANSWER, req.id, NULL);
		leg_learn(&r->lb, peer_expect_answer(r->b, "INVITE", n, 200));
		snprintf(text, sizeof(text),
			 "ACK [target] SIP/2.0\r\n[via]\r\n[from]\r\n[to]\r\n"
			 "Call-ID: %s\r\nCSeq: %u ACK\r\n[len]\r\n\r\n",
			 callid, n);
		(void)leg_text(&r->lb, text, NULL, 0);
		(void)rig_call_is(r, req.id, CALL_TALKING);

		snprintf(req.u.text, sizeof(req.u.text), "%s",
			 peer_uri(r->c, "target"));
		t = rig_do(r, &req);
		m = peer_expect(r->b, "REFER");
		td = sipmsg_hdr(m, "Target-Dialog");
		if (td) {
			snprintf(want, sizeof(want),
				 "%s;local-tag=%s;remote-tag=%s", callid,
				 r->lb.ltag, r->lb.rtag);
			if (strcmp(td, want))
				wire_fail("Call-ID of %u: Target-Dialog %s",
					  lens[i], td);
			wire_assert(sipmsg_lists(m, "Require", "tdialog"));
		} else {
			wire_assert(!strcmp(sipmsg_hdr(m, "Call-ID"), callid));
			wire_assert(!strcmp(m->to_tag, r->lb.ltag));
		}
		wire_assert(sipmsg_hdr(m, "Content-Length"));
		wire_assert(sipmsg_count(m, "Refer-To") == 1);
		peer_reply(r->b, m, 603, "Decline", NULL);
		(void)rig_outcome(r, t, OUTCOME_REJECTED);
		(void)rig_do(r, &hangup);
		m = peer_expect(r->b, "BYE");
		wire_assert(!strcmp(sipmsg_hdr(m, "Call-ID"), callid));
		peer_reply(r->b, m, 200, "OK", NULL);
		(void)rig_call_is(r, req.id, CALL_ENDED);
	}
}

/* ---- names with the same hash as To, From, Call-ID and CSeq ---------------
 */

static void core_names(struct rig *r)
{
	static const char *const evil[] = {
		"P-1069: <sip:bob@127.0.0.1>\r\n",
		"P-4937: <sip:bob@127.0.0.1>;tag=evil\r\n",
		"P-4085: evil\r\n",
		"P-1306: 7 OPTIONS\r\n",
	};
	static const char *const real[] = {
		"[to]\r\n", "[from]\r\n", "[callid]\r\n", "[cseq] OPTIONS\r\n"};
	static const char *const methods[] = {"OPTIONS", "INVITE", "NOTIFY"};

	for (size_t i = 0; i < COUNT(evil) * COUNT(methods); i++) {
		const char *method = methods[i / COUNT(evil)];

		/* behind the real one, and instead of it */
		for (unsigned instead = 0; instead < 2; instead++) {
			const struct sipmsg *m;
			char text[1000];
			size_t n;

			leg_to(&r->lb, r->b, rig_uri(r, "cordpair", "udp:"));
			n = (size_t)snprintf(text, sizeof(text),
					     "%s [target] SIP/2.0\r\n[via]\r\n",
					     method);
			for (size_t k = 0; k < COUNT(real); k++) {
				bool at = k == i % COUNT(evil);

				if (at && instead)
					continue;
				n += (size_t)snprintf(
					text + n, sizeof(text) - n, "%s",
					k == 3 ? "[cseq] " : real[k]);
				if (k == 3)
					n += (size_t)snprintf(text + n,
							      sizeof(text) - n,
							      "%s\r\n", method);
			}
			snprintf(text + n, sizeof(text) - n,
				 "%s[contact]\r\n[len]\r\n\r\n",
				 evil[i % COUNT(evil)]);
			(void)leg_text(&r->lb, text, NULL, 0);
			m = final_of(&r->lb);
			if (m->code != 400)
				wire_fail("%s %s %s: %u", method,
					  instead ? "instead of" : "behind",
					  real[i % COUNT(evil)], m->code);
		}
	}
	rig_sync(r);
	for (const struct rig_ev *e = rig_events(r); e; e = e->next)
		wire_assert(e->ev.type != EV_CALL);
}

/* Before the real one: that is the one which counts, or it is refused */
static void core_names_before(struct rig *r)
{
	static const struct {
		const char *twin; /* NULL: of Via */
		const char *from_tag;
		unsigned code; /* 0: it rings */
	} rows[] = {
		{"P-1069: <sip:evil@127.0.0.1>", ";tag=real", 0},
		{"P-1069: <sip:evil@127.0.0.1>;tag=evil", ";tag=real", 400},
		{"P-4937: <sip:evil@127.0.0.1>;tag=evil", ";tag=real", 0},
		{"P-4937: <sip:evil@127.0.0.1>;tag=evil", "", 400},
		{"P-4085: evil", ";tag=real", 0},
		{"P-1306: 7 INVITE", ";tag=real", 0},
		{NULL, ";tag=real", 400},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		char twin[200], text[1000], sdp[700];
		const struct sipmsg *m;
		struct request req = {.type = REQ_REJECT};

		leg_to(&r->lb, r->b, rig_uri(r, "cordpair", "udp:"));
		snprintf(r->lb.next_branch, sizeof(r->lb.next_branch),
			 "z9hG4bKtwin%zu", i);
		snprintf(twin, sizeof(twin),
			 "P-1003: SIP/2.0/UDP %s:%u;branch=%s", r->b->host,
			 r->b->port, r->lb.next_branch);
		sdp_make(sdp, sizeof(sdp), r->b, "sendrecv", 1);
		snprintf(text, sizeof(text),
			 "INVITE [target] SIP/2.0\r\n%s\r\n[via]\r\n"
			 "From: <%s>%s\r\n[to]\r\n[callid]\r\n"
			 "[cseq] INVITE\r\n[contact]\r\n"
			 "Content-Type: application/sdp\r\n[len]\r\n\r\n",
			 rows[i].twin ? rows[i].twin : twin, r->lb.local,
			 rows[i].from_tag);
		r->lb.invite_cseq = leg_text(&r->lb, text, sdp, strlen(sdp));
		req.id = rings(r);
		if (!req.id != !!rows[i].code)
			wire_fail("row %zu %s", i,
				  req.id ? "rings" : "does not ring");
		if (req.id) {
			const char *peer = rig_call_now(r, req.id)->peer;

			wire_assert(!strcmp(peer, r->lb.local));
			req.code = 486;
			(void)rig_do(r, &req);
		}
		m = final_of(&r->lb);
		if (m->code != (rows[i].code ? rows[i].code : 486))
			wire_fail("row %zu: %u", i, m->code);
		wire_assert(!strcmp(m->callid, r->lb.callid));
		wire_assert(m->cseq == r->lb.invite_cseq);
		ack_refused(&r->lb);
	}
}

/* ---- ringing for ever ---------------------------------------------------- */

static void rings_for_ever(struct rig *r)
{
	const struct call_info *c;
	uint32_t n, call;

	rig_option(r, EOPT_RING_TIMEOUT, 30, NULL);
	leg_to(&r->lb, r->b, rig_uri(r, "cordpair", "udp:"));
	n = leg_invite(&r->lb, NULL, "sendrecv");
	call = rig_incoming(r)->id;
	rig_pass(r, 29000);
	wire_assert(rig_call_now(r, call)->state == CALL_RINGING);
	rig_pass(r, 1500);
	(void)peer_expect_answer(r->b, "INVITE", n, 480);
	ack_refused(&r->lb);
	c = rig_call_is(r, call, CALL_ENDED);
	wire_assert(*c->text);

	/* one that was answered is let alone */
	call = rig_call_in(r, r->b, &r->lb, NULL);
	rig_pass(r, 40000);
	rig_call_alive(r, call);
}

/* ---- what a transfer tells of a foul name -------------------------------- */

static void transfer_to_a_foul_name(struct rig *r)
{
	static const char *const froms[] = {
		"\"\x1b]52;c;eA==\x07\" <sip:evil@127.0.0.1>",
		"\"x\" <sip:evil\x1b[2J@127.0.0.1>",
		"\"x\" <sip:evil\xc2\x9b"
		"31m@127.0.0.1>",
		"\"x\" <sip:evil\xe2\x80\xae@127.0.0.1>",
		"\"\xe2\x80\xae\" <sip:evil%1b%5b2J@127.0.0.1>",
		"\"x\" <sip:\x9b"
		"31m@127.0.0.1>",
		"\"\xe2\x80\xae\xc2\x9b"
		"31m\" <sip:evil@127.0.0.1>",
	};
	struct request req = {.type = REQ_JOIN};
	unsigned joined = 0;

	r->b->autos = r->c->autos = AUTO_REINVITE | AUTO_BYE;
	req.id = rig_call_up(r, r->b, &r->lb);
	for (size_t i = 0; i < COUNT(froms); i++) {
		const struct reply_info *y;
		char text[1200], sdp[700];
		struct ref ref;

		leg_to(&r->lc, r->c, rig_uri(r, "cordpair", "udp:"));
		sdp_make(sdp, sizeof(sdp), r->c, "sendrecv", 1);
		snprintf(text, sizeof(text),
			 "INVITE [target] SIP/2.0\r\n[via]\r\n"
			 "From: %s;tag=%s\r\n[to]\r\n[callid]\r\n"
			 "[cseq] INVITE\r\n[contact]\r\n"
			 "Content-Type: application/sdp\r\n[len]\r\n\r\n",
			 froms[i], r->lc.ltag);
		r->lc.invite_cseq = leg_text(&r->lc, text, sdp, strlen(sdp));
		req.id2 = rings(r);
		if (!req.id2) {
			wire_assert(final_of(&r->lc)->code == 400);
			ack_refused(&r->lc);
			continue;
		}
		rig_req(r, REQ_ANSWER, req.id2, NULL);
		leg_learn(&r->lc, final_of(&r->lc));
		leg_ack(&r->lc);
		(void)rig_call_is(r, req.id2, CALL_TALKING);
		y = rig_reply(r, rig_post(r, &req));
		/* the rig looks whether every text is clean */
		if (!y->err) {
			++joined;
			ref_take(&r->lb, &ref, y->id);
			wire_assert(
				text_is_clean(sipmsg_hdr(ref.m, "Refer-To")));
			ref_reply(&r->lb, &ref, 603, "Decline", NULL);
			(void)rig_outcome(r, ref.id, OUTCOME_REJECTED);
		}
		rig_req(r, REQ_HANGUP, req.id2, NULL);
		(void)rig_call_is(r, req.id2, CALL_ENDED);
	}
	wire_assert(joined > 0);
	rig_req(r, REQ_HANGUP, req.id, NULL);
	(void)rig_call_is(r, req.id, CALL_ENDED);
}

/* clang-format off */
static const struct wcase cases[] = {
	{"BYE while the name is looked up for hold", gone_while_looked_up, 0},
	{"two REFERs, the first accepted late", first_accepted_late, RIG_ACCOUNT},
	{"two REFERs, the first refused late", first_refused_late, RIG_ACCOUNT},
	{"two REFERs, challenged after the end", challenged_after_the_end,
	 RIG_ACCOUNT},
	{"REGISTER: expires=1073741824", storm_2_30, RIG_LAX},
	{"REGISTER: expires=4772186", storm_overflow, RIG_LAX},
	{"REGISTER: another rport each time", storm_rport, RIG_LAX},
	{"REGISTER: 423 with a second more each time", storm_423, RIG_LAX},
	{"hold is answered by 100 only", hold_with_100_only, 0},
	{"stray 2xx with CSeq 0", stray_2xx, 0},
	{"no login for strangers", no_login_for_strangers, RIG_ACCOUNT},
	{"no login for a stranger's Contact", no_login_for_a_strangers_contact,
	 RIG_ACCOUNT | RIG_LAX},
	{"trace over UDP shows no secrets", trace_udp, RIG_NONE},
	{"trace over TCP shows no secrets", trace_tcp, RIG_NONE},
	{"trace of one segment shows no secrets", trace_in_one_segment,
	 RIG_NONE},
	{"control characters in what is copied", foul_bytes, 0},
	{"REFER for a long Call-ID", refer_of_long_callid, RIG_OUT | RIG_ACCOUNT},
	{"To, From, Call-ID and CSeq under other names", core_names, 0},
	{"the same before the real ones", core_names_before, 0},
	{"an incoming call rings for ever", rings_for_ever, 0},
	{"transfer to a foul name", transfer_to_a_foul_name, 0},
};
/* clang-format on */

WIRE_MAIN("attack", cases)
