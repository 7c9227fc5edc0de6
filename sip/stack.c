/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sip/stack.h"

#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sip/priv.h"

enum {
	HASH_SIZE = 1024,     /* transaction tables; powers of two */
	UDP_BUFFER = 4 << 20, /* bursts of thousands, not of a hundred */
};

struct listen_spec {
	bool kind[TRANSP_COUNT];
	struct sa addr;
	uint16_t port;
	uint16_t tls_port;
	bool any;      /* every address of the family       */
	bool fallback; /* a taken port is no error          */
};

enum transp transp_of(enum sip_transp tp)
{
	switch (tp) {
	case SIP_TRANSP_TCP:
		return TRANSP_TCP;
	case SIP_TRANSP_TLS:
		return TRANSP_TLS;
	default:
		return TRANSP_UDP;
	}
}

enum sip_transp transp_re(enum transp tp)
{
	static const enum sip_transp map[TRANSP_COUNT] = {
		[TRANSP_UDP] = SIP_TRANSP_UDP,
		[TRANSP_TCP] = SIP_TRANSP_TCP,
		[TRANSP_TLS] = SIP_TRANSP_TLS,
	};

	return map[tp];
}

static void stack_destructor(void *arg)
{
	struct stack *st = arg;

	list_unlink(&st->le);
	mem_deref(st->lreq);
	mem_deref(st->lresp);
	mem_deref(st->sip);
}

void stack_tune(struct stack *st, const struct sip_msg *msg)
{
	struct tcp_conn *tc;
	int fd, one = 1;

	ASSERT_SIP();

	if (msg->tp == SIP_TRANSP_UDP) {
		if (!st->buffered && msg->sock) {
			st->buffered = true;
			(void)udp_sockbuf_set(msg->sock, UDP_BUFFER);
		}
		return;
	}
	/* without this each small message waits 40 ms for an ACK */
	tc = sip_msg_tcpconn(msg);
	if (!tc)
		return;
	fd = RC_TCP_CONN_FD(tc);
	if (fd >= 0)
		(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one,
				 sizeof(one));
}

static bool on_request(const struct sip_msg *msg, void *arg)
{
	struct stack *st = arg;

	ASSERT_SIP();
	stack_tune(st, msg);
	return engine_on_request(st, msg);
}

static bool on_response(const struct sip_msg *msg, void *arg)
{
	struct stack *st = arg;

	ASSERT_SIP();
	stack_tune(st, msg);
	return engine_on_response(st, msg);
}

static int stack_new(struct stack **stp, struct engine *e,
		     const struct sa *addr)
{
	struct stack *st = mem_zalloc(sizeof(*st), stack_destructor);
	int err;

	if (!st)
		return ENOMEM;
	st->e = e;
	st->addr = *addr;
	sa_set_port(&st->addr, 0);
	err = sip_alloc(&st->sip, NULL, HASH_SIZE, HASH_SIZE, 256, e->software,
			NULL, st);
	if (err)
		goto out;
	err = sip_listen(&st->lreq, st->sip, true, on_request, st);
	if (!err)
		err = sip_listen(&st->lresp, st->sip, false, on_response, st);
	if (err)
		goto out;
	if (e->trace)
		sip_set_trace_handler(st->sip, trace_handler);
	list_append(&e->stacks, &st->le, st);
out:
	if (err)
		mem_deref(st);
	else
		*stp = st;
	return err;
}

static struct stack *stack_at(struct engine *e, const struct sa *addr)
{
	struct le *le;

	for (le = e->stacks.head; le; le = le->next) {
		struct stack *st = le->data;

		if (sa_cmp(&st->addr, addr, SA_ADDR))
			return st;
	}
	return NULL;
}

/* libre binds; the port it got is asked of it afterwards */
static int transp_open(struct stack *st, enum transp tp, uint16_t port)
{
	struct sa sa = st->addr, got;
	int err;

	sa_set_port(&sa, port);
	if (tp == TRANSP_TLS)
		err = sip_transp_add(st->sip, SIP_TRANSP_TLS, &sa, st->e->tls);
	else
		err = sip_transp_add(st->sip, transp_re(tp), &sa);
	if (err)
		return err;
	err = sip_transp_laddr(st->sip, &got, transp_re(tp), &sa);
	if (err)
		return err;
	st->port[tp] = sa_port(&got);
	return 0;
}

/* UDP and TCP on the same port; where that is taken for TCP and nobody asked
 * for it, TCP has one of its own */
static int stack_listen(struct stack *st, const struct listen_spec *spec)
{
	uint16_t port = spec->port;
	int err = 0;

	if (spec->kind[TRANSP_UDP]) {
		err = transp_open(st, TRANSP_UDP, port);
		if (err == EADDRINUSE && spec->fallback)
			err = transp_open(st, TRANSP_UDP, 0);
		if (err)
			return err;
		port = st->port[TRANSP_UDP];
	}
	if (spec->kind[TRANSP_TCP]) {
		err = transp_open(st, TRANSP_TCP, port);
		if (err == EADDRINUSE && (spec->fallback || !spec->port))
			err = transp_open(st, TRANSP_TCP, 0);
		if (err)
			return err;
	}
	if (spec->kind[TRANSP_TLS]) {
		err = transp_open(st, TRANSP_TLS, spec->tls_port);
		if (err == EADDRINUSE && spec->fallback)
			err = transp_open(st, TRANSP_TLS, 0);
	}
	return err;
}

static int parse_listen(struct listen_spec *spec, const char *text, char *why,
			size_t size)
{
	const char *p = text, *colon;
	uint32_t port;
	unsigned i;

	memset(spec, 0, sizeof(*spec));
	for (i = 0; i < TRANSP_COUNT; i++) {
		const char *name = transp_name((enum transp)i);
		const size_t n = strlen(name);

		if (!strncmp(text, name, n) && text[n] == ':') {
			spec->kind[i] = true;
			p = text + n + 1;
		}
	}
	if (p == text)
		for (i = 0; i < TRANSP_COUNT; i++)
			spec->kind[i] = true;

	if (sa_decode(&spec->addr, p, strlen(p))) {
		(void)snprintf(why, size,
			       "--listen %s: not [udp:|tcp:|tls:]ADDR:PORT "
			       "with a numeric address",
			       text);
		return EINVAL;
	}
	colon = strrchr(p, ':');
	if (!colon || !text_u32(colon + 1, 0, 65535, &port)) {
		(void)snprintf(why, size,
			       "--listen %s: the port must be 0 to "
			       "65535 (0: a free one)",
			       text);
		return EINVAL;
	}
	spec->port = (uint16_t)port;
	spec->tls_port = spec->port;
	if (p == text && spec->port)
		spec->tls_port = (uint16_t)(spec->port + 1);
	spec->any = sa_is_any(&spec->addr);
	return 0;
}

static int listen_one(struct engine *e, const struct listen_spec *spec,
		      const struct sa *addr)
{
	struct stack *st = stack_at(e, addr);
	int err;

	if (!st) {
		err = stack_new(&st, e, addr);
		if (err)
			return err;
	}
	err = stack_listen(st, spec);
	if (err && !st->port[TRANSP_UDP] && !st->port[TRANSP_TCP] &&
	    !st->port[TRANSP_TLS])
		mem_deref(st);
	return err;
}

/* every address of the machine but link-local ones, which need a scope */
static int listen_all(struct engine *e, const struct listen_spec *spec, int af)
{
	struct ifaddrs *ifs, *ifa;
	int err = EADDRNOTAVAIL;

	if (getifaddrs(&ifs))
		return errno;
	for (ifa = ifs; ifa; ifa = ifa->ifa_next) {
		struct sa sa;
		int lerr;

		if (!ifa->ifa_addr || !(ifa->ifa_flags & IFF_UP))
			continue;
		if (ifa->ifa_addr->sa_family != AF_INET &&
		    ifa->ifa_addr->sa_family != AF_INET6)
			continue;
		if (sa_set_sa(&sa, ifa->ifa_addr) || sa_is_linklocal(&sa))
			continue;
		if (af != AF_UNSPEC && sa_af(&sa) != af)
			continue;
		lerr = listen_one(e, spec, &sa);
		if (!lerr)
			err = 0;
		else if (err && lerr != EADDRNOTAVAIL)
			err = lerr;
	}
	freeifaddrs(ifs);
	return err;
}

static void listen_words(char *why, size_t size, const char *what, int err)
{
	if (err == EADDRINUSE)
		(void)snprintf(why, size,
			       "cannot listen on %s: the port is in use; stop "
			       "the other program or give another --listen",
			       what);
	else if (err == EADDRNOTAVAIL)
		(void)snprintf(why, size,
			       "cannot listen on %s: this machine has no such "
			       "address",
			       what);
	else if (err == EACCES)
		(void)snprintf(why, size,
			       "cannot listen on %s: not allowed; take a port "
			       "above 1023",
			       what);
	else
		(void)snprintf(why, size, "cannot listen on %s: %s", what,
			       strerror(err));
}

int stacks_open(struct engine *e, const char *const *listenv, unsigned listenc,
		char *why, size_t size)
{
	struct listen_spec spec;
	unsigned i;
	int err;

	ASSERT_SIP();

	if (!listenc) {
		memset(&spec, 0, sizeof(spec));
		for (i = 0; i < TRANSP_COUNT; i++)
			spec.kind[i] = true;
		spec.port = SIP_PORT;
		spec.tls_port = SIP_PORT_TLS;
		spec.fallback = true;
		err = listen_all(e, &spec, AF_UNSPEC);
		if (err)
			listen_words(why, size, "any address", err);
		return err;
	}
	for (i = 0; i < listenc; i++) {
		err = parse_listen(&spec, listenv[i], why, size);
		if (err)
			return err;
		if (spec.any)
			err = listen_all(e, &spec, sa_af(&spec.addr));
		else
			err = listen_one(e, &spec, &spec.addr);
		if (err) {
			listen_words(why, size, listenv[i], err);
			return err;
		}
	}
	return 0;
}

void stacks_close(struct engine *e, bool force)
{
	struct le *le;

	ASSERT_SIP();

	if (force) {
		for (le = e->stacks.head; le; le = le->next) {
			struct stack *st = le->data;

			sip_close(st->sip, true);
		}
		return;
	}
	list_flush(&e->stacks);
}

void stacks_hello(const struct engine *e, struct hello_info *h)
{
	struct le *le;
	unsigned i;

	ASSERT_SIP();

	for (le = e->stacks.head; le; le = le->next) {
		const struct stack *st = le->data;

		for (i = 0; i < TRANSP_COUNT; i++) {
			struct sa sa;

			if (!st->port[i] || h->listenc >= LISTEN_MAX)
				continue;
			stack_laddr(st, (enum transp)i, &sa);
			(void)re_snprintf(h->listen[h->listenc++],
					  sizeof(h->listen[0]), "%s:%J",
					  transp_name((enum transp)i), &sa);
		}
	}
}

/* a connected UDP socket sends nothing, but knows its source address */
static int source_address(const struct sa *dst, struct sa *src)
{
	struct sa to = *dst;
	socklen_t len;
	int fd, err = 0;

	if (!sa_port(&to))
		sa_set_port(&to, SIP_PORT);
	fd = socket(sa_af(dst), SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return errno;
	if (connect(fd, &to.u.sa, to.len)) {
		err = errno;
		goto out;
	}
	len = sizeof(src->u);
	if (getsockname(fd, &src->u.sa, &len))
		err = errno;
	else
		src->len = len;
out:
	(void)close(fd);
	return err;
}

struct stack *stack_for(struct engine *e, enum transp tp, const struct sa *dst)
{
	struct stack *first = NULL;
	unsigned n = 0;
	struct sa src;
	struct le *le;

	ASSERT_SIP();

	for (le = e->stacks.head; le; le = le->next) {
		struct stack *st = le->data;

		if (sa_af(&st->addr) != sa_af(dst) || !st->port[tp])
			continue;
		if (!first)
			first = st;
		n++;
	}
	if (n <= 1)
		return first;
	if (source_address(dst, &src))
		return first;
	for (le = e->stacks.head; le; le = le->next) {
		struct stack *st = le->data;

		if (st->port[tp] && sa_cmp(&st->addr, &src, SA_ADDR))
			return st;
	}
	return first;
}

void stack_laddr(const struct stack *st, enum transp tp, struct sa *sa)
{
	ASSERT_SIP();
	*sa = st->addr;
	sa_set_port(sa, st->port[tp]);
}
