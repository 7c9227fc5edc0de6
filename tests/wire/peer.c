/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/wire/peer.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

enum {
	RX_MAX = 1 << 17,
	LADDER_LINES = 400,
	LADDER_WIDTH = 200,
	RCVBUF = 8 << 20,
};

/* What was answered to a request, for when it comes again */
struct answer {
	struct answer *next;
	char method[24];
	char branch[192];
	char *bytes; /* NULL: seen, not answered yet */
	size_t len;
};

static struct peer *all;
static int watch_fd = -1;
static peers_watch_h *watchh;
static void *watch_arg;

static char ladder[LADDER_LINES][LADDER_WIDTH];
static unsigned ladder_n;
static uint64_t ladder_start;

static uint64_t now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

/* ---- ladder ---------------------------------------------------------- */

void ladder_clear(void)
{
	ladder_n = 0;
	ladder_start = now_us();
}

void ladder_add(const char *fmt, ...)
{
	char *line = ladder[ladder_n % LADDER_LINES];
	int n = snprintf(line, LADDER_WIDTH, "%9.3f  ",
			 (double)(now_us() - ladder_start) / 1e6);
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(line + n, (size_t)(LADDER_WIDTH - n), fmt, ap);
	va_end(ap);
	for (char *c = line; *c; c++) {
		if ((unsigned char)*c < ' ' || *c == 127)
			*c = '.';
	}
	++ladder_n;
	if (getenv("WIRE_VERBOSE"))
		fprintf(stderr, "%s\n", line);
}

void ladder_print(void)
{
	unsigned from = ladder_n > LADDER_LINES ? ladder_n - LADDER_LINES : 0;

	for (unsigned i = from; i < ladder_n; i++)
		fprintf(stderr, "    %s\n", ladder[i % LADDER_LINES]);
}

void wire_fail(const char *fmt, ...)
{
	char why[512];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(why, sizeof(why), fmt, ap);
	va_end(ap);

	ladder_print();
	fprintf(stderr, "    WRONG: %s\n", why);
	fail();
	abort();
}

static void ladder_msg(const struct peer *p, const char *arrow, const char *raw,
		       size_t len)
{
	char first[120];
	const char *event = memmem(raw, len, "\r\nSubscription-State:", 21);
	const char *cseq = memmem(raw, len, "\r\nCSeq:", 7);
	size_t n = 0;

	while (n < len && n < sizeof(first) - 1 && raw[n] != '\r' &&
	       raw[n] != '\n') {
		first[n] = raw[n];
		++n;
	}
	first[n] = '\0';
	ladder_add("%-4s %s %s  (%.*s) %.*s", p->name, arrow, first,
		   cseq ? (int)strcspn(cseq + 2, "\r\n") : 0,
		   cseq ? cseq + 2 : "",
		   event ? (int)strcspn(event + 22, "\r\n") : 0,
		   event ? event + 22 : "");
	if (getenv("WIRE_VERBOSE"))
		fprintf(stderr, "%.*s\n", (int)len, raw);
}

/* ---- sockets --------------------------------------------------------- */

static socklen_t addr_set(struct sockaddr_storage *ss, const char *host,
			  unsigned port)
{
	struct sockaddr_in *in = (struct sockaddr_in *)ss;
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)ss;

	memset(ss, 0, sizeof(*ss));
	if (inet_pton(AF_INET, host, &in->sin_addr) == 1) {
		in->sin_family = AF_INET;
		in->sin_port = htons((uint16_t)port);
		return sizeof(*in);
	}
	if (inet_pton(AF_INET6, host, &in6->sin6_addr) == 1) {
		in6->sin6_family = AF_INET6;
		in6->sin6_port = htons((uint16_t)port);
		return sizeof(*in6);
	}
	wire_fail("not an address: %s", host);
}

static unsigned addr_port(const struct sockaddr_storage *ss)
{
	if (ss->ss_family == AF_INET6)
		return ntohs(((const struct sockaddr_in6 *)ss)->sin6_port);
	return ntohs(((const struct sockaddr_in *)ss)->sin_port);
}

static int bound(int type, const char *host, unsigned *portp)
{
	struct sockaddr_storage ss;
	socklen_t len = addr_set(&ss, host, 0);
	int size = RCVBUF;
	int fd = socket(ss.ss_family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&ss, len))
		wire_fail("cannot bind %s: %s", host, strerror(errno));
	/* as much as it gives: a burst must not be lost here */
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)))
		(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size,
				 sizeof(size));
	if (type == SOCK_STREAM && listen(fd, 16))
		wire_fail("listen: %s", strerror(errno));
	len = sizeof(ss);
	if (getsockname(fd, (struct sockaddr *)&ss, &len))
		wire_fail("getsockname: %s", strerror(errno));
	*portp = addr_port(&ss);
	return fd;
}

struct peer *peer_new(const char *name, enum peer_kind kind, const char *host)
{
	struct peer *p = calloc(1, sizeof(*p));
	bool v6 = strchr(host, ':') != NULL;

	if (!p)
		abort();
	snprintf(p->name, sizeof(p->name), "%s", name);
	snprintf(p->host, sizeof(p->host), v6 ? "[%s]" : "%s", host);
	p->kind = kind;
	p->fd = bound(kind == PEER_UDP ? SOCK_DGRAM : SOCK_STREAM, host,
		      &p->port);
	p->rtp = bound(SOCK_DGRAM, host, &p->rtp_port);
	for (unsigned i = 0; i < PEER_CONNS; i++)
		p->connv[i] = -1;
	p->tail = &p->inbox;
	p->next = all;
	all = p;
	return p;
}

void peer_free(struct peer *p)
{
	if (!p)
		return;
	for (struct peer **pp = &all; *pp; pp = &(*pp)->next) {
		if (*pp == p) {
			*pp = p->next;
			break;
		}
	}
	for (unsigned i = 0; i < PEER_CONNS; i++) {
		if (p->connv[i] >= 0)
			(void)close(p->connv[i]);
		free(p->rxv[i]);
	}
	(void)close(p->fd);
	(void)close(p->rtp);
	while (p->inbox) {
		struct sipmsg *m = p->inbox;

		p->inbox = m->next;
		sipmsg_free(m);
	}
	while (p->answers) {
		struct answer *a = p->answers;

		p->answers = a->next;
		free(a->bytes);
		free(a);
	}
	free(p);
}

void peer_aim(struct peer *p, const char *addr)
{
	char host[64];
	const char *colon = strrchr(addr, ':');
	size_t n;

	if (!strncmp(addr, "udp:", 4) || !strncmp(addr, "tcp:", 4))
		addr += 4;
	n = (size_t)(colon - addr);
	if (*addr == '[') {
		++addr;
		n -= 2;
	}
	snprintf(host, sizeof(host), "%.*s", (int)n, addr);
	p->engine_len = addr_set(&p->engine, host, (unsigned)atoi(colon + 1));
}

const char *peer_uri(const struct peer *p, const char *user)
{
	static char ring[8][256];
	static unsigned at;
	char *s = ring[at++ % 8];

	snprintf(s, sizeof(ring[0]), "sip:%s@%s:%u%s", user, p->host, p->port,
		 p->kind == PEER_TCP ? ";transport=tcp" : "");
	return s;
}

static int conn_add(struct peer *p, int fd)
{
	int on = 1;

	(void)fcntl(fd, F_SETFL, O_NONBLOCK);
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	for (int i = 0; i < PEER_CONNS; i++) {
		if (p->connv[i] < 0) {
			p->connv[i] = fd;
			p->rxlen[i] = 0;
			return i;
		}
	}
	wire_fail("%s: too many connections", p->name);
}

static void conn_drop(struct peer *p, int i)
{
	(void)close(p->connv[i]);
	p->connv[i] = -1;
	p->rxlen[i] = 0;
	ladder_add("%-4s -- connection %d closed", p->name, i);
}

int peer_connect(struct peer *p)
{
	int fd = socket(p->engine.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || connect(fd, (struct sockaddr *)&p->engine, p->engine_len))
		wire_fail("%s: connect: %s", p->name, strerror(errno));
	return conn_add(p, fd);
}

void peer_reset(struct peer *p)
{
	struct linger lg = {.l_onoff = 1, .l_linger = 0};

	for (int i = 0; i < PEER_CONNS; i++) {
		if (p->connv[i] < 0)
			continue;
		(void)setsockopt(p->connv[i], SOL_SOCKET, SO_LINGER, &lg,
				 sizeof(lg));
		conn_drop(p, i);
	}
	for (struct leg *d = p->legs; d; d = d->next)
		d->conn = -1;
}

static bool no_conns(void *arg)
{
	const struct peer *p = arg;

	for (unsigned i = 0; i < PEER_CONNS; i++) {
		if (p->connv[i] >= 0)
			return false;
	}
	return true;
}

void peer_expect_closed(struct peer *p)
{
	if (!peers_until(no_conns, p))
		wire_fail("%s: the connection is still open", p->name);
}

/* A write that waits: while the engine's window is full, serve the others */
static void conn_write(struct peer *p, int conn, const char *s, size_t len)
{
	uint64_t end = now_us() + PEER_DEADLINE_MS * 1000ULL;

	while (len) {
		ssize_t n = -1;

		if (p->connv[conn] < 0)
			return; /* closed meanwhile: what it wanted to see */
		n = send(p->connv[conn], s, len, MSG_NOSIGNAL);
		if (n > 0) {
			s += n;
			len -= (size_t)n;
			continue;
		}
		if (n < 0 && errno != EAGAIN) {
			conn_drop(p, conn);
			return;
		}
		if (now_us() > end)
			wire_fail("%s: the engine does not read", p->name);
		peers_serve(5);
	}
}

static void transmit(struct peer *p, const struct sockaddr_storage *to,
		     int conn, const char *s, size_t len)
{
	if (p->kind == PEER_UDP) {
		socklen_t n = to->ss_family == AF_INET6
				      ? sizeof(struct sockaddr_in6)
				      : sizeof(struct sockaddr_in);

		if (sendto(p->fd, s, len, 0, (const struct sockaddr *)to, n) <
		    0)
			wire_fail("%s: sendto: %s", p->name, strerror(errno));
		return;
	}
	if (conn < 0 || p->connv[conn] < 0)
		conn = peer_connect(p);
	conn_write(p, conn, s, len);
}

void peer_raw_conn(struct peer *p, int conn, const void *bytes, size_t len)
{
	ladder_msg(p, "->", bytes, len);
	transmit(p, &p->engine, conn, bytes, len);
}

void peer_raw(struct peer *p, const void *bytes, size_t len)
{
	int conn = -1;

	for (int i = 0; i < PEER_CONNS && conn < 0; i++) {
		if (p->connv[i] >= 0)
			conn = i;
	}
	peer_raw_conn(p, conn, bytes, len);
}

/* ---- receiving ------------------------------------------------------- */

static struct answer *answer_find(struct peer *p, const struct sipmsg *m)
{
	for (struct answer *a = p->answers; a; a = a->next) {
		if (!strcmp(a->branch, m->branch) &&
		    !strcmp(a->method, m->method))
			return a;
	}
	return NULL;
}

static bool is_dup_response(const struct peer *p, const struct sipmsg *m)
{
	for (const struct sipmsg *o = p->inbox; o; o = o->next) {
		if (!o->request && o->code == m->code && o->len == m->len &&
		    !memcmp(o->raw, m->raw, m->len))
			return true;
	}
	return false;
}

static struct leg *leg_find(const struct peer *p, const struct sipmsg *m)
{
	for (struct leg *d = p->legs; d; d = d->next) {
		if (!strcmp(d->callid, m->callid) &&
		    !strcmp(d->ltag, m->to_tag))
			return d;
	}
	return NULL;
}

/* true: answered by itself, the test shall not see it as unclaimed */
static bool answer_auto(struct peer *p, struct sipmsg *m)
{
	struct leg *d = leg_find(p, m);

	if (!strcmp(m->method, "ACK")) {
		if (d && d->ack_cseq == m->cseq)
			return true;
		return (p->autos & AUTO_ANY) != 0;
	}
	if (d && (p->autos & AUTO_REINVITE) && !strcmp(m->method, "INVITE")) {
		d->ack_cseq = m->cseq;
		leg_reply(d, m, 200, "OK", sdp_flip(sdp_dir(m)));
		return true;
	}
	if (d && (p->autos & AUTO_BYE) && !strcmp(m->method, "BYE")) {
		peer_reply(p, m, 200, "OK", NULL);
		return true;
	}
	if (p->autos & AUTO_ANY) {
		if (!strcmp(m->method, "INVITE"))
			peer_reply(p, m, 486, "Busy Here", NULL);
		else
			peer_reply(p, m, 200, "OK", NULL);
		return true;
	}
	return false;
}

static void receive(struct peer *p, const struct sockaddr_storage *src,
		    int conn, const char *raw, size_t len)
{
	struct sipmsg *m;
	struct answer *a;

	if (len < 20 && strspn(raw, "\r\n") == len)
		return; /* keepalive */
	ladder_msg(p, "<-", raw, len);
	m = sipmsg_parse(raw, len);
	if (!m)
		wire_fail("%s: received what is no SIP: %.*s", p->name,
			  (int)(len > 200 ? 200 : len), raw);
	m->src = *src;
	m->conn = conn;

	if (m->request && strcmp(m->method, "ACK") && !p->keep_dups) {
		a = answer_find(p, m);
		if (a) {
			++p->dups;
			if (a->bytes)
				transmit(p, src, conn, a->bytes, a->len);
			sipmsg_free(m);
			return;
		}
		a = calloc(1, sizeof(*a));
		if (!a)
			abort();
		snprintf(a->method, sizeof(a->method), "%s", m->method);
		snprintf(a->branch, sizeof(a->branch), "%s", m->branch);
		a->next = p->answers;
		p->answers = a;
	}
	if (!m->request && !p->keep_dups && is_dup_response(p, m)) {
		++p->dups;
		sipmsg_free(m);
		return;
	}

	*p->tail = m;
	p->tail = &m->next;
	if (m->request)
		m->claimed = answer_auto(p, m);
}

/* Cut whole messages out of a stream */
static void stream_cut(struct peer *p, int i, const struct sockaddr_storage *ss)
{
	for (;;) {
		char *buf = p->rxv[i];
		char *end, *cl;
		size_t total;
		size_t skip = 0;

		while (skip < p->rxlen[i] &&
		       (buf[skip] == '\r' || buf[skip] == '\n'))
			++skip;
		p->rxlen[i] -= skip;
		memmove(buf, buf + skip, p->rxlen[i]);
		buf[p->rxlen[i]] = '\0';

		end = strstr(buf, "\r\n\r\n");
		if (!end)
			return;
		cl = strcasestr(buf, "\r\nContent-Length:");
		if (!cl || cl > end)
			wire_fail("%s: no Content-Length over TCP", p->name);
		total = (size_t)(end - buf) + 4 + strtoul(cl + 17, NULL, 10);
		if (p->rxlen[i] < total)
			return;
		receive(p, ss, i, buf, total);
		p->rxlen[i] -= total;
		memmove(buf, buf + total, p->rxlen[i]);
	}
}

static void conn_read(struct peer *p, int i)
{
	struct sockaddr_storage ss = {0};
	socklen_t len = sizeof(ss);
	ssize_t n;

	if (!p->rxv[i])
		p->rxv[i] = malloc(RX_MAX);
	if (!p->rxv[i])
		abort();
	(void)getpeername(p->connv[i], (struct sockaddr *)&ss, &len);
	n = recv(p->connv[i], p->rxv[i] + p->rxlen[i], RX_MAX - 1 - p->rxlen[i],
		 0);
	if (n < 0 && errno == EAGAIN)
		return;
	if (n <= 0) {
		conn_drop(p, i);
		return;
	}
	p->rxlen[i] += (size_t)n;
	stream_cut(p, i, &ss);
}

static void udp_read(struct peer *p)
{
	static char buf[70000];

	for (;;) {
		struct sockaddr_storage ss;
		socklen_t len = sizeof(ss);
		ssize_t n = recvfrom(p->fd, buf, sizeof(buf) - 1, 0,
				     (struct sockaddr *)&ss, &len);

		if (n < 0)
			return;
		buf[n] = '\0';
		receive(p, &ss, -1, buf, (size_t)n);
	}
}

uint64_t peer_rtp(struct peer *p)
{
	char buf[2048];

	while (recv(p->rtp, buf, sizeof(buf), 0) > 0)
		++p->rtp_count;
	return p->rtp_count;
}

void peers_watch(int fd, peers_watch_h *h, void *arg)
{
	watch_fd = fd;
	watchh = h;
	watch_arg = arg;
}

static void serve_one(struct peer *p)
{
	if (p->kind == PEER_UDP) {
		udp_read(p);
		return;
	}
	for (;;) {
		int fd = accept4(p->fd, NULL, NULL, SOCK_CLOEXEC);

		if (fd < 0)
			break;
		(void)conn_add(p, fd);
	}
	for (int i = 0; i < PEER_CONNS; i++) {
		if (p->connv[i] >= 0)
			conn_read(p, i);
	}
}

void peers_serve(int timeout_ms)
{
	struct pollfd fds[512];
	nfds_t n = 0;

	for (struct peer *p = all; p; p = p->next) {
		fds[n++] = (struct pollfd){.fd = p->fd, .events = POLLIN};
		for (unsigned i = 0; i < PEER_CONNS && n < 500; i++) {
			if (p->connv[i] >= 0)
				fds[n++] = (struct pollfd){.fd = p->connv[i],
							   .events = POLLIN};
		}
	}
	if (watch_fd >= 0)
		fds[n++] = (struct pollfd){.fd = watch_fd, .events = POLLIN};

	if (timeout_ms > 0 && poll(fds, n, timeout_ms) <= 0)
		return;
	for (struct peer *p = all; p; p = p->next)
		serve_one(p);
	if (watch_fd >= 0)
		watchh(watch_arg);
}

bool peers_until(peers_until_h *h, void *arg)
{
	uint64_t end = now_us() + PEER_DEADLINE_MS * 1000ULL;

	peers_serve(0);
	while (!h(arg)) {
		if (now_us() > end)
			return false;
		peers_serve(20);
	}
	return true;
}

struct want {
	struct peer *p;
	const char *method;
	unsigned code; /* 0: request */
	uint32_t cseq; /* 0: any     */
	unsigned count;
	struct sipmsg *m;
};

enum { FINAL = 9 };

static bool code_fits(unsigned got, unsigned want)
{
	if (want == FINAL)
		return got >= 200;
	return want < 10 ? got / 100 == want : got == want;
}

static bool want_met(void *arg)
{
	struct want *w = arg;

	for (struct sipmsg *m = w->p->inbox; m; m = m->next) {
		if (m->claimed || m->request != (w->code == 0))
			continue;
		if (strcmp(m->method, w->method))
			continue;
		if (w->cseq && m->cseq != w->cseq)
			continue;
		if (w->code && !code_fits(m->code, w->code))
			continue;
		w->m = m;
		return true;
	}
	return false;
}

const struct sipmsg *peer_peek(struct peer *p, const char *method)
{
	struct want w = {.p = p, .method = method};

	peers_serve(0);
	return want_met(&w) ? w.m : NULL;
}

const struct sipmsg *peer_expect(struct peer *p, const char *method)
{
	struct want w = {.p = p, .method = method};

	if (!peers_until(want_met, &w))
		wire_fail("%s: no %s came", p->name, method);
	w.m->claimed = true;
	return w.m;
}

const struct sipmsg *peer_expect_answer(struct peer *p, const char *method,
					uint32_t cseq, unsigned code)
{
	struct want w = {.p = p, .method = method, .code = code, .cseq = cseq};

	if (!peers_until(want_met, &w))
		wire_fail("%s: no %u to %s came", p->name, code, method);
	w.m->claimed = true;
	return w.m;
}

const struct sipmsg *peer_expect_final(struct peer *p, const char *method,
				       uint32_t cseq)
{
	return peer_expect_answer(p, method, cseq, FINAL);
}

const struct sipmsg *peer_expect_code(struct peer *p, const char *method,
				      unsigned code)
{
	return peer_expect_answer(p, method, 0, code);
}

void peer_none(struct peer *p, const char *method)
{
	if (peer_peek(p, method))
		wire_fail("%s: a %s came that should not", p->name, method);
}

unsigned peer_count(struct peer *p, const char *method)
{
	unsigned n = 0;

	peers_serve(0);
	for (const struct sipmsg *m = p->inbox; m; m = m->next)
		n += m->request && !strcmp(m->method, method);
	return n;
}

static bool count_met(void *arg)
{
	const struct want *w = arg;

	return peer_count(w->p, w->method) >= w->count;
}

void peer_expect_count(struct peer *p, const char *method, unsigned n)
{
	struct want w = {.p = p, .method = method, .count = n};

	if (!peers_until(count_met, &w))
		wire_fail("%s: %u instead of %u %s", p->name,
			  peer_count(p, method), n, method);
}

void peer_done(struct peer *p)
{
	peers_serve(0);
	for (const struct sipmsg *m = p->inbox; m; m = m->next) {
		if (m->request && !m->claimed && strcmp(m->method, "ACK"))
			wire_fail("%s: a %s came that no one expected", p->name,
				  m->method);
	}
}

/* ---- answers --------------------------------------------------------- */

struct text {
	char *s;
	size_t len, size;
};

static void text_add(struct text *t, const char *s, size_t len)
{
	if (t->len + len + 1 > t->size) {
		t->size = (t->len + len + 1) * 2;
		t->s = realloc(t->s, t->size);
		if (!t->s)
			abort();
	}
	memcpy(t->s + t->len, s, len);
	t->len += len;
	t->s[t->len] = '\0';
}

static void text_fmt(struct text *t, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
static void text_fmt(struct text *t, const char *fmt, ...)
{
	char *s = NULL;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vasprintf(&s, fmt, ap);
	va_end(ap);
	if (n < 0)
		abort();
	text_add(t, s, (size_t)n);
	free(s);
}

void peer_reply_body(struct peer *p, const struct sipmsg *m, unsigned code,
		     const char *reason, const char *to_tag, const char *extra,
		     const char *ctype, const void *body, size_t len)
{
	static const char *const copied[] = {"Record-Route", "From", "To",
					     "Call-ID", "CSeq"};
	struct text t = {0};
	struct answer *a;
	const char *val;

	text_fmt(&t, "SIP/2.0 %u %s\r\n", code, reason);
	for (unsigned i = 0; (val = sipmsg_nth(m, "Via", i)); i++)
		text_fmt(&t, "Via: %s\r\n", val);
	for (unsigned k = 0; k < 5; k++) {
		for (unsigned i = 0; (val = sipmsg_nth(m, copied[k], i)); i++)
			text_fmt(&t, "%s: %s%s%s\r\n", copied[k], val,
				 k == 2 && !*m->to_tag && code > 100 ? ";tag="
								     : "",
				 k == 2 && !*m->to_tag && code > 100 ? to_tag
								     : "");
	}
	if (extra)
		text_fmt(&t, "%s", extra);
	if (ctype)
		text_fmt(&t, "Content-Type: %s\r\n", ctype);
	text_fmt(&t, "Content-Length: %zu\r\n\r\n", len);
	text_add(&t, body ? body : "", len);

	ladder_msg(p, "->", t.s, t.len);
	transmit(p, &m->src, m->conn, t.s, t.len);

	a = answer_find(p, m);
	if (!a || code < 200) {
		free(t.s);
		return;
	}
	free(a->bytes);
	a->bytes = t.s;
	a->len = t.len;
}

void peer_reply(struct peer *p, const struct sipmsg *m, unsigned code,
		const char *reason, const char *extra)
{
	char tag[64];

	snprintf(tag, sizeof(tag), "%s-%.24s", p->name, m->callid);
	for (char *c = tag; *c; c++) {
		if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUV"
			    "WXYZ0123456789-",
			    *c))
			*c = 'x';
	}
	peer_reply_body(p, m, code, reason, tag, extra, NULL, NULL, 0);
}

struct peer *peers_first(void)
{
	return all;
}
