/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/bench/bench.h"

#include <arpa/inet.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
	SLOTS = 64, /* transfers under way at the same time      */
	MSG_MAX = 8192,
	PART_MAX = 512,
	BUFFER = 4 << 20,
	TICK_MS = 100,
	RESEND_NS = 500000000,
};

struct responder {
	pid_t pid;
	int fd;
	uint16_t port;
	struct wire_log *log;
	size_t size;
};

/** One piece of a message, not terminated */
struct part {
	const char *p;
	size_t len;
};

struct message {
	struct part line;    /* first line                             */
	struct part viav[8]; /* whole lines                            */
	unsigned viac;
	struct part from, to, call_id, cseq, contact, refer_to;
	struct part method; /* of CSeq                                */
};

/** A transfer under way: what its NOTIFYs are made of */
struct slot {
	uint32_t id;    /* 0: free; else its number + 1           */
	unsigned stage; /* NOTIFY that waits for its answer       */
	uint64_t sent_ns;
	struct sockaddr_in dst;
	char uri[PART_MAX];
	char from[PART_MAX];
	char to[PART_MAX];
	char call_id[PART_MAX];
};

static const char *const frags[REPORTS] = {
	"SIP/2.0 100 Trying",
	"SIP/2.0 180 Ringing",
	"SIP/2.0 200 OK",
};

static struct responder *self; /* in the far end's process only */
static struct slot slotv[SLOTS];

/* ---- reading ------------------------------------------------------------ */

static struct part trim(const char *p, size_t len)
{
	while (len && (*p == ' ' || *p == '\t')) {
		p++;
		len--;
	}
	while (len && (p[len - 1] == ' ' || p[len - 1] == '\t'))
		len--;
	return (struct part){p, len};
}

static bool named(struct part name, const char *want)
{
	return name.len == strlen(want) && !strncasecmp(name.p, want, name.len);
}

static void header(struct message *m, struct part line)
{
	const char *colon = memchr(line.p, ':', line.len);
	struct part name, value;

	if (!colon)
		return;
	name = trim(line.p, (size_t)(colon - line.p));
	value = trim(colon + 1, line.len - (size_t)(colon + 1 - line.p));

	if (named(name, "Via")) {
		if (m->viac < sizeof(m->viav) / sizeof(m->viav[0]))
			m->viav[m->viac++] = line;
	} else if (named(name, "From")) {
		m->from = value;
	} else if (named(name, "To")) {
		m->to = value;
	} else if (named(name, "Call-ID")) {
		m->call_id = value;
	} else if (named(name, "CSeq")) {
		m->cseq = value;
	} else if (named(name, "Contact")) {
		m->contact = value;
	} else if (named(name, "Refer-To")) {
		m->refer_to = value;
	}
}

static bool decode(struct message *m, const char *p, size_t len)
{
	const char *end = p + len, *nl;

	memset(m, 0, sizeof(*m));
	for (; p < end && (nl = memchr(p, '\n', (size_t)(end - p)));
	     p = nl + 1) {
		struct part line = {p, (size_t)(nl - p)};

		if (line.len && line.p[line.len - 1] == '\r')
			line.len--;
		if (!line.len)
			break;
		if (!m->line.len)
			m->line = line;
		else
			header(m, line);
	}
	nl = memchr(m->cseq.p ? m->cseq.p : "", ' ', m->cseq.len);
	if (nl)
		m->method = trim(nl, m->cseq.len - (size_t)(nl - m->cseq.p));

	return m->line.len && m->viac && m->from.len && m->to.len &&
	       m->call_id.len && m->method.len;
}

static bool has_tag(struct part to)
{
	return memmem(to.p, to.len, ";tag=", 5) != NULL;
}

/** What stands in <>, or all of it */
static struct part uri_of(struct part p)
{
	const char *lt = p.len ? memchr(p.p, '<', p.len) : NULL;
	const char *gt =
		lt ? memchr(lt, '>', p.len - (size_t)(lt - p.p)) : NULL;

	return gt ? (struct part){lt + 1, (size_t)(gt - lt - 1)} : p;
}

/* ---- writing ------------------------------------------------------------ */

static void put(const struct sockaddr_in *dst, const char *buf, int len)
{
	/* what the kernel does not take is lost, as on any network */
	(void)sendto(self->fd, buf, (size_t)len, 0, (const void *)dst,
		     sizeof(*dst));
}

static void reply(const struct sockaddr_in *dst, const struct message *m,
		  const char *status, bool sdp)
{
	char buf[MSG_MAX], body[256];
	int n, b = 0;
	unsigned i;

	body[0] = '\0';
	if (sdp)
		b = snprintf(body, sizeof(body),
			     "v=0\r\no=far 1 1 IN IP4 127.0.0.1\r\ns=-\r\n"
			     "c=IN IP4 127.0.0.1\r\nt=0 0\r\n"
			     "m=audio 40000 RTP/AVP 0\r\n"
			     "a=rtpmap:0 PCMU/8000\r\na=inactive\r\n");

	n = snprintf(buf, sizeof(buf), "SIP/2.0 %s\r\n", status);
	for (i = 0; i < m->viac; i++)
		n += snprintf(buf + n, sizeof(buf) - (size_t)n, "%.*s\r\n",
			      (int)m->viav[i].len, m->viav[i].p);
	n += snprintf(buf + n, sizeof(buf) - (size_t)n,
		      "From: %.*s\r\nTo: %.*s%s\r\nCall-ID: %.*s\r\n"
		      "CSeq: %.*s\r\nContact: <sip:far@127.0.0.1:%u>\r\n"
		      "Allow: INVITE, ACK, BYE, CANCEL, REFER, NOTIFY\r\n"
		      "%sContent-Length: %d\r\n\r\n%s",
		      (int)m->from.len, m->from.p, (int)m->to.len, m->to.p,
		      has_tag(m->to) ? "" : ";tag=far", (int)m->call_id.len,
		      m->call_id.p, (int)m->cseq.len, m->cseq.p, self->port,
		      sdp ? "Content-Type: application/sdp\r\n" : "", b, body);
	if (n < (int)sizeof(buf))
		put(dst, buf, n);
}

static void notify(struct slot *s)
{
	char buf[MSG_MAX];
	const bool last = s->stage == REPORTS - 1;
	const uint32_t id = s->id - 1;
	_Atomic uint64_t *stamp;
	uint64_t none = 0;
	int n;

	n = snprintf(buf, sizeof(buf),
		     "NOTIFY %s SIP/2.0\r\n"
		     "Via: SIP/2.0/UDP 127.0.0.1:%u;"
		     "branch=z9hG4bK-n-%u-%u\r\n"
		     "From: %s\r\nTo: %s\r\nCall-ID: %s\r\n"
		     "CSeq: %u NOTIFY\r\nMax-Forwards: 70\r\n"
		     "Contact: <sip:far@127.0.0.1:%u>\r\nEvent: refer\r\n"
		     "Subscription-State: %s\r\n"
		     "Content-Type: message/sipfrag;version=2.0\r\n"
		     "Content-Length: %zu\r\n\r\n%s\r\n",
		     s->uri, self->port, id, s->stage, s->from, s->to,
		     s->call_id, s->stage + 1, self->port,
		     last ? "terminated;reason=noresource"
			  : "active;expires=60",
		     strlen(frags[s->stage]) + 2, frags[s->stage]);
	if (n >= (int)sizeof(buf))
		return;

	stamp = &self->log->wirev[id].notify_ns[s->stage];
	s->sent_ns = wall_ns();
	if (!atomic_compare_exchange_strong(stamp, &none, s->sent_ns))
		atomic_fetch_add(&self->log->repeated, 1);
	put(&s->dst, buf, n);
}

/* ---- what comes --------------------------------------------------------- */

static bool keep(char *to, struct part p)
{
	if (p.len >= PART_MAX)
		return false;
	memcpy(to, p.p, p.len);
	to[p.len] = '\0';
	return true;
}

static void on_refer(const struct sockaddr_in *src, const struct message *m,
		     uint64_t at)
{
	const struct part target = uri_of(m->refer_to);
	uint64_t none = 0;
	struct slot *s;
	uint32_t id;

	atomic_fetch_add(&self->log->refers, 1);
	if (target.len < 6 || strncasecmp(target.p, "sip:t", 5)) {
		reply(src, m, "400 Bad Refer-To", false);
		return;
	}
	id = (uint32_t)strtoul(target.p + 5, NULL, 10);
	if (id >= self->log->wirec) {
		reply(src, m, "404 Not Found", false);
		return;
	}
	reply(src, m, "202 Accepted", false);
	if (!atomic_compare_exchange_strong(&self->log->wirev[id].refer_ns,
					    &none, at)) {
		atomic_fetch_add(&self->log->repeated, 1);
		return;
	}

	s = &slotv[id % SLOTS];
	s->id = id + 1;
	s->stage = 0;
	s->dst = *src;
	if (!keep(s->uri, uri_of(m->contact)) || !keep(s->from, m->to) ||
	    !keep(s->to, m->from) || !keep(s->call_id, m->call_id)) {
		s->id = 0;
		return;
	}
	notify(s);
}

static void on_response(const struct message *m)
{
	const char *b = memmem(m->viav[0].p, m->viav[0].len, "z9hG4bK-n-", 10);
	unsigned long id, stage;
	struct slot *s;
	char *end;

	if (!b)
		return;
	id = strtoul(b + 10, &end, 10);
	stage = *end == '-' ? strtoul(end + 1, NULL, 10) : REPORTS;
	s = &slotv[id % SLOTS];
	if (s->id != id + 1 || s->stage != stage)
		return;
	if (++s->stage < REPORTS)
		notify(s);
	else
		s->id = 0;
}

static void on_message(const struct sockaddr_in *src, const char *p, size_t len,
		       uint64_t at)
{
	struct message m;

	if (!decode(&m, p, len))
		return;
	if (m.line.len > 8 && !memcmp(m.line.p, "SIP/2.0 ", 8)) {
		on_response(&m);
	} else if (named(m.method, "INVITE")) {
		if (!has_tag(m.to)) {
			atomic_fetch_add(&self->log->invites, 1);
			reply(src, &m, "180 Ringing", false);
		}
		reply(src, &m, "200 OK", true);
	} else if (named(m.method, "REFER")) {
		on_refer(src, &m, at);
	} else if (named(m.method, "BYE")) {
		atomic_fetch_add(&self->log->byes, 1);
		reply(src, &m, "200 OK", false);
	} else if (!named(m.method, "ACK")) {
		reply(src, &m, "200 OK", false);
	}
}

/* ---- its process -------------------------------------------------------- */

static uint64_t arrived(struct msghdr *mh)
{
	struct cmsghdr *c;

	for (c = CMSG_FIRSTHDR(mh); c; c = CMSG_NXTHDR(mh, c)) {
		struct timespec ts;

		if (c->cmsg_level != SOL_SOCKET ||
		    c->cmsg_type != SCM_TIMESTAMPNS)
			continue;
		memcpy(&ts, CMSG_DATA(c), sizeof(ts));
		return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
	}
	return wall_ns();
}

static void drain(void)
{
	static char buf[65536];

	for (;;) {
		char control[128];
		struct sockaddr_in src;
		struct iovec iov = {buf, sizeof(buf)};
		struct msghdr mh = {
			.msg_name = &src,
			.msg_namelen = sizeof(src),
			.msg_iov = &iov,
			.msg_iovlen = 1,
			.msg_control = control,
			.msg_controllen = sizeof(control),
		};
		ssize_t n = recvmsg(self->fd, &mh, MSG_DONTWAIT);

		if (n < 0)
			return;
		on_message(&src, buf, (size_t)n, arrived(&mh));
	}
}

static void resend(void)
{
	const uint64_t now = wall_ns();
	unsigned i;

	for (i = 0; i < SLOTS; i++)
		if (slotv[i].id && now - slotv[i].sent_ns > RESEND_NS)
			notify(&slotv[i]);
}

static _Noreturn void serve(struct responder *r)
{
	struct epoll_event ev = {.events = EPOLLIN};
	int ep = epoll_create1(EPOLL_CLOEXEC);

	self = r;
	/* not to outlive the one that measures */
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (ep < 0 || epoll_ctl(ep, EPOLL_CTL_ADD, r->fd, &ev))
		_exit(1);
	for (;;) {
		const int n = epoll_wait(ep, &ev, 1, TICK_MS);

		if (n > 0)
			drain();
		else if (!n)
			resend();
		else if (errno != EINTR)
			_exit(1);
	}
}

static int listen_udp(struct responder *r)
{
	struct sockaddr_in sa = {.sin_family = AF_INET};
	socklen_t len = sizeof(sa);
	const int size = BUFFER, on = 1;

	sa.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	r->fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (r->fd < 0 || bind(r->fd, (void *)&sa, sizeof(sa)) ||
	    getsockname(r->fd, (void *)&sa, &len) ||
	    setsockopt(r->fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof(on)))
		return errno;
	/* past the limit where we may, else as much as is given */
	if (setsockopt(r->fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)))
		(void)setsockopt(r->fd, SOL_SOCKET, SO_RCVBUF, &size,
				 sizeof(size));
	r->port = ntohs(sa.sin_port);
	return 0;
}

int responder_start(struct responder **rp, uint32_t count)
{
	struct responder *r = calloc(1, sizeof(*r));
	int err;

	if (!r)
		return ENOMEM;
	r->fd = -1;
	r->size = sizeof(*r->log) + count * sizeof(r->log->wirev[0]);
	r->log = mmap(NULL, r->size, PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	if (r->log == MAP_FAILED) {
		r->log = NULL;
		err = errno;
		goto out;
	}
	r->log->wirec = count;
	err = listen_udp(r);
	if (err)
		goto out;
	r->pid = fork();
	if (r->pid < 0)
		err = errno;
	else if (!r->pid)
		serve(r);
out:
	if (err)
		responder_stop(r);
	else
		*rp = r;
	return err;
}

uint16_t responder_port(const struct responder *r)
{
	return r->port;
}

struct wire_log *responder_log(const struct responder *r)
{
	return r->log;
}

void responder_stop(struct responder *r)
{
	if (!r)
		return;
	if (r->pid > 0) {
		(void)kill(r->pid, SIGKILL);
		(void)waitpid(r->pid, NULL, 0);
	}
	if (r->fd >= 0)
		close(r->fd);
	if (r->log)
		(void)munmap(r->log, r->size);
	free(r);
}
