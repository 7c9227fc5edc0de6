/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sip/resolve.h"

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>
#include <arpa/nameser.h>
#include <sys/socket.h>

#include <ares.h>

#include "sip/recompat.h"

#include "base/text.h"
#include "base/thread.h"

/*
 * c-ares keeps a callback for every question and cannot drop a single one, so
 * between a question and its query stands a `job`: when the query goes first,
 * the job stays behind with q == NULL until c-ares gives it back.
 *
 * A name is looked for in /etc/hosts first (there is no SRV in it), then SRV
 * is asked, then A and AAAA of each target at the same time.  A server that
 * answers the one and swallows the other costs GRACE_MS, not the whole limit.
 */
enum {
	TRY_MS = 1500, /* first wait for an answer; doubled each round */
	TRIES = 3,
	GRACE_MS = 300,  /* for the rest, once there is an address       */
	TARGETS_MAX = 4, /* of an SRV answer                             */
	FAMILY_MAX = 4,  /* addresses of one target and family           */
	HOST_SIZE = 256,
};

struct resolver {
	ares_channel channel;
	struct tmr tmr; /* when c-ares wants to be called */
	struct list fds;
	bool library;
};

/** A socket of c-ares */
struct sock {
	struct le le;
	struct resolver *r;
	struct rc_fd fd;
	int num;
};

struct family {
	struct sa v[FAMILY_MAX];
	unsigned n;
};

struct target {
	char host[HOST_SIZE];
	uint16_t port;
	struct family ip4, ip6;
};

struct resolve_query {
	struct resolver *r;
	struct list jobs;
	struct tmr tmr_limit;
	struct tmr tmr_done;
	resolve_h *h;
	void *arg;
	enum transp tp;
	uint16_t port; /* to use when SRV has no say */
	char host[HOST_SIZE];
	struct target targetv[TARGETS_MAX];
	unsigned targetc;
	int status; /* ARES_*: the worst so far */
	bool over;
};

struct job {
	struct le le;
	struct resolve_query *q; /* NULL: it has gone         */
	struct target *target;   /* NULL: the SRV question    */
	int family;
};

/* ---- c-ares in libre's loop ------------------------------------------ */

static void on_timer(void *arg);

static void rearm(struct resolver *r)
{
	struct timeval tv;

	if (!ares_timeout(r->channel, NULL, &tv)) {
		tmr_cancel(&r->tmr);
		return;
	}

	tmr_start(&r->tmr,
		  (uint64_t)tv.tv_sec * 1000 + (uint64_t)tv.tv_usec / 1000 + 1,
		  on_timer, r);
}

static void on_timer(void *arg)
{
	struct resolver *r = arg;

	ASSERT_SIP();

	ares_process_fd(r->channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
	rearm(r);
}

static void on_socket(int flags, void *arg)
{
	const struct sock *sock = arg;
	struct resolver *r = sock->r;
	const int num = sock->num; /* c-ares may close it below */

	ASSERT_SIP();

	/* an error is read like an answer: "connection refused" */
	ares_process_fd(r->channel,
			flags & (FD_READ | FD_EXCEPT) ? num : ARES_SOCKET_BAD,
			flags & FD_WRITE ? num : ARES_SOCKET_BAD);
	rearm(r);
}

static void sock_destructor(void *arg)
{
	struct sock *sock = arg;

	RC_FD_CLOSE(&sock->fd, sock->num);
	list_unlink(&sock->le);
}

static struct sock *sock_get(struct resolver *r, int num)
{
	struct sock *sock;

	for (struct le *le = r->fds.head; le; le = le->next) {
		sock = le->data;
		if (sock->num == num)
			return sock;
	}

	sock = mem_zalloc(sizeof(*sock), sock_destructor);
	if (!sock)
		return NULL;

	sock->r = r;
	sock->num = num;
	list_append(&r->fds, &sock->le, sock);

	return sock;
}

static void on_sock_state(void *arg, ares_socket_t num, int readable,
			  int writable)
{
	struct sock *sock = sock_get(arg, num);
	const int flags = (readable ? FD_READ : 0) | (writable ? FD_WRITE : 0);

	if (!sock)
		return; /* out of memory: the limit ends the query */

	/* a socket that cannot be watched is like a silent server */
	if (!flags || RC_FD_LISTEN(&sock->fd, num, flags, on_socket, sock))
		mem_deref(sock);
}

static void resolver_destructor(void *arg)
{
	struct resolver *r = arg;

	/* every query holds the resolver: what is left has no owner */
	if (r->channel)
		ares_destroy(r->channel);

	tmr_cancel(&r->tmr);
	list_flush(&r->fds);

	if (r->library)
		ares_library_cleanup();
}

int resolver_alloc(struct resolver **rp, const char *server)
{
	struct ares_options opt;
	struct resolver *r;
	int err = 0;

	ASSERT_SIP();

	r = mem_zalloc(sizeof(*r), resolver_destructor);
	if (!r)
		return ENOMEM;

	tmr_init(&r->tmr);

	if (ares_library_init(ARES_LIB_INIT_ALL) != ARES_SUCCESS) {
		err = ENOMEM;
		goto out;
	}
	r->library = true;

	memset(&opt, 0, sizeof(opt));
	opt.timeout = TRY_MS;
	opt.tries = TRIES;
	opt.sock_state_cb = on_sock_state;
	opt.sock_state_cb_data = r;

	if (ares_init_options(&r->channel, &opt,
			      ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES |
				      ARES_OPT_SOCK_STATE_CB)) {
		r->channel = NULL;
		err = EIO;
		goto out;
	}

	if (server && *server &&
	    ares_set_servers_ports_csv(r->channel, server) != ARES_SUCCESS)
		err = EINVAL;

out:
	if (err)
		mem_deref(r);
	else
		*rp = r;

	return err;
}

/* ---- the end of a query ---------------------------------------------- */

/* Is there a way there?  Sends nothing: UDP connect() only looks it up */
static bool is_reachable(const struct sa *sa)
{
	const int fd = socket(sa_af(sa), SOCK_DGRAM | SOCK_CLOEXEC, 0);
	bool way;

	if (fd < 0)
		return false;

	way = !connect(fd, &sa->u.sa, sa->len);
	(void)close(fd);

	return way;
}

static unsigned family_put(struct sa *addrv, unsigned n, const struct family *f,
			   uint16_t port)
{
	for (unsigned i = 0; i < f->n && n < RESOLVE_ADDRS_MAX; i++) {
		addrv[n] = f->v[i];
		sa_set_port(&addrv[n], port);
		++n;
	}

	return n;
}

/* All addresses, targets in SRV's order, IPv6 first where it leads anywhere */
static unsigned addresses(struct sa *addrv, const struct resolve_query *q)
{
	unsigned n = 0;

	for (unsigned i = 0; i < q->targetc; i++) {
		const struct target *t = &q->targetv[i];
		const bool six = t->ip6.n && is_reachable(&t->ip6.v[0]);

		if (six)
			n = family_put(addrv, n, &t->ip6, t->port);
		n = family_put(addrv, n, &t->ip4, t->port);
		if (!six)
			n = family_put(addrv, n, &t->ip6, t->port);
	}

	return n;
}

static int status_errno(int status, const char **wordsp)
{
	switch (status) {

	case ARES_ENOTFOUND:
	case ARES_EBADNAME:
		*wordsp = "no such host name";
		return ENOENT;

	case ARES_ENODATA:
		*wordsp = "host name without an address";
		return ENOENT;

	case ARES_ESERVICE:
		*wordsp = "host takes no calls this way";
		return ENOENT;

	case ARES_ETIMEOUT:
		*wordsp = "the name server does not answer, asked for";
		return ETIMEDOUT;

	case ARES_ECONNREFUSED:
		*wordsp = "the name server cannot be reached, asked for";
		return EIO;

	default:
		*wordsp = "the name server has no usable answer for";
		return EIO;
	}
}

static void on_done(void *arg)
{
	struct resolve_query *q = arg;
	struct sa addrv[RESOLVE_ADDRS_MAX];
	char why[HOST_SIZE + 64] = "";
	unsigned n;
	int err = 0;

	ASSERT_SIP();

	n = addresses(addrv, q);
	if (!n) {
		const char *words;

		err = status_errno(q->status, &words);
		(void)snprintf(why, sizeof(why), "%s: %s", words, q->host);
	}

	/* the handler may let go of the query */
	mem_ref(q);
	q->h(err, addrv, n, why, q->arg);
	mem_deref(q);
}

/* Tell, soon; no answer counts any more */
static void finish(struct resolve_query *q)
{
	if (q->over)
		return;

	q->over = true;
	tmr_cancel(&q->tmr_limit);
	tmr_start(&q->tmr_done, 0, on_done, q);
}

static void on_limit(void *arg)
{
	struct resolve_query *q = arg;

	ASSERT_SIP();

	q->status = ARES_ETIMEOUT;
	q->over = true;
	on_done(q);
}

static void query_destructor(void *arg)
{
	struct resolve_query *q = arg;

	tmr_cancel(&q->tmr_limit);
	tmr_cancel(&q->tmr_done);

	while (q->jobs.head) {
		struct job *job = q->jobs.head->data;

		list_unlink(&job->le);
		job->q = NULL;
	}

	mem_deref(q->r);
}

/* ---- questions and answers ------------------------------------------- */

static void job_destructor(void *arg)
{
	struct job *job = arg;

	list_unlink(&job->le);
}

static struct job *job_new(struct resolve_query *q, struct target *target,
			   int family)
{
	struct job *job = mem_zalloc(sizeof(*job), job_destructor);

	if (!job)
		return NULL;

	job->q = q;
	job->target = target;
	job->family = family;
	list_append(&q->jobs, &job->le, job);

	return job;
}

/* c-ares gives a job back; NULL: nobody waits for it any more */
static struct resolve_query *job_end(struct job *job)
{
	struct resolve_query *q = job->q;

	mem_deref(job);

	return q && !q->over ? q : NULL;
}

/* That a name is not there counts least: another server may not have known */
static void status_add(struct resolve_query *q, int status)
{
	static const int orderv[] = {ARES_ENODATA,  ARES_ENOTFOUND,
				     ARES_EBADNAME, ARES_ESERVICE,
				     ARES_ETIMEOUT, ARES_ECONNREFUSED};
	unsigned was = ARRAY_SIZE(orderv), is = ARRAY_SIZE(orderv);

	if (status == ARES_SUCCESS)
		return;

	for (unsigned i = 0; i < ARRAY_SIZE(orderv); i++) {
		if (orderv[i] == q->status)
			was = i;
		if (orderv[i] == status)
			is = i;
	}

	if (q->status == ARES_SUCCESS || is > was)
		q->status = status;
}

static bool has_address(const struct resolve_query *q)
{
	for (unsigned i = 0; i < q->targetc; i++) {
		if (q->targetv[i].ip4.n || q->targetv[i].ip6.n)
			return true;
	}

	return false;
}

static void family_add(struct family *f, const struct sockaddr *addr)
{
	if (f->n < FAMILY_MAX && !sa_set_sa(&f->v[f->n], addr))
		++f->n;
}

static void on_addrinfo(void *arg, int status, int timeouts,
			struct ares_addrinfo *info)
{
	struct job *job = arg;
	struct target *target = job->target;
	struct resolve_query *q = job_end(job);

	(void)timeouts;

	if (q) {
		struct ares_addrinfo_node *node = info ? info->nodes : NULL;

		for (; node; node = node->ai_next)
			family_add(node->ai_family == AF_INET6 ? &target->ip6
							       : &target->ip4,
				   node->ai_addr);

		status_add(q, status);

		if (!q->jobs.head)
			finish(q);
		else if (has_address(q) &&
			 tmr_get_expire(&q->tmr_limit) > GRACE_MS)
			tmr_start(&q->tmr_limit, GRACE_MS, on_limit, q);
	}

	if (info)
		ares_freeaddrinfo(info);
}

static void ask_addresses(struct resolve_query *q)
{
	struct resolver *r = q->r;

	q->status = ARES_SUCCESS;

	/* all jobs first: an answer may come before the call returns, and the
	 * last one ends the query */
	for (unsigned i = 0; i < q->targetc; i++) {
		(void)job_new(q, &q->targetv[i], AF_INET);
		(void)job_new(q, &q->targetv[i], AF_INET6);
	}

	if (!q->jobs.head) {
		q->status = ARES_ENOMEM;
		finish(q);
		return;
	}

	for (struct le *le = q->jobs.head, *next; le; le = next) {
		struct job *job = le->data;
		const struct ares_addrinfo_hints hints = {
			.ai_family = job->family,
			.ai_socktype = SOCK_DGRAM,
		};

		next = le->next;
		ares_getaddrinfo(r->channel, job->target->host, NULL, &hints,
				 on_addrinfo, job);
	}

	rearm(r);
}

/* RFC 2782: by priority; within one, at random by weight */
static void srv_sort(struct ares_srv_reply **v, unsigned n)
{
	for (unsigned i = 0; i + 1 < n; i++) {
		uint32_t sum = 0, pick;

		for (unsigned k = i + 1; k < n; k++) {
			if (v[k]->priority < v[i]->priority) {
				struct ares_srv_reply *t = v[i];

				v[i] = v[k];
				v[k] = t;
			}
		}

		for (unsigned k = i; k < n; k++) {
			if (v[k]->priority == v[i]->priority)
				sum += v[k]->weight;
		}

		pick = rand_u32() % (sum + 1);

		for (unsigned k = i; k < n; k++) {
			struct ares_srv_reply *t = v[k];

			if (t->priority != v[i]->priority)
				continue;

			if (pick <= t->weight) {
				v[k] = v[i];
				v[i] = t;
				break;
			}
			pick -= t->weight;
		}
	}
}

/* The answer into targets; ARES_* */
static int srv_take(struct resolve_query *q, const unsigned char *buf, int len)
{
	struct ares_srv_reply *reply = NULL, *v[16];
	unsigned n = 0;
	int status;

	status = ares_parse_srv_reply(buf, len, &reply);
	if (status)
		return status;

	for (struct ares_srv_reply *s = reply; s && n < ARRAY_SIZE(v);
	     s = s->next)
		v[n++] = s;

	srv_sort(v, n);

	/* a single "." says: not here, and not by A either */
	if (n == 1 && (!*v[0]->host || !strcmp(v[0]->host, "."))) {
		status = ARES_ESERVICE;
		goto out;
	}

	for (unsigned i = 0; i < n && q->targetc < TARGETS_MAX; i++) {
		struct target *t = &q->targetv[q->targetc];

		if (!v[i]->port ||
		    text_copy(t->host, sizeof(t->host), v[i]->host))
			continue;

		t->port = v[i]->port;
		++q->targetc;
	}

	status = q->targetc ? ARES_SUCCESS : ARES_EBADRESP;

out:
	ares_free_data(reply);

	return status;
}

static void ask_plain(struct resolve_query *q)
{
	memcpy(q->targetv[0].host, q->host, sizeof(q->host));
	q->targetv[0].port = q->port;
	q->targetc = 1;

	ask_addresses(q);
}

static void on_srv(void *arg, int status, int timeouts, unsigned char *buf,
		   int len)
{
	struct resolve_query *q = job_end(arg);

	(void)timeouts;

	if (!q)
		return;

	if (status == ARES_SUCCESS)
		status = srv_take(q, buf, len);

	if (status == ARES_ESERVICE) {
		q->status = status;
		finish(q);
	} else if (status == ARES_SUCCESS) {
		ask_addresses(q);
	} else {
		/* no SRV, or none that can be read: the host itself */
		ask_plain(q);
	}
}

static void ask_srv(struct resolve_query *q)
{
	static const char *const prefixv[] = {
		[TRANSP_UDP] = "_sip._udp",
		[TRANSP_TCP] = "_sip._tcp",
		[TRANSP_TLS] = "_sips._tcp",
	};
	char name[HOST_SIZE + 16];
	struct job *job = job_new(q, NULL, AF_UNSPEC);

	if (!job) {
		q->status = ARES_ENOMEM;
		finish(q);
		return;
	}

	(void)snprintf(name, sizeof(name), "%s.%s", prefixv[q->tp], q->host);

	ares_query(q->r->channel, name, ns_c_in, ns_t_srv, on_srv, job);
	rearm(q->r);
}

/* An address as such, or out of /etc/hosts */
static bool answer_known(struct resolve_query *q)
{
	static const int familyv[] = {AF_INET, AF_INET6};
	struct target *t = &q->targetv[0];
	struct sa sa;

	t->port = q->port;

	if (!sa_set_str(&sa, q->host, q->port)) {
		struct family *f = sa_af(&sa) == AF_INET6 ? &t->ip6 : &t->ip4;

		f->v[0] = sa;
		f->n = 1;
		q->targetc = 1;
		return true;
	}

	for (unsigned i = 0; i < ARRAY_SIZE(familyv); i++) {
		struct family *f = familyv[i] == AF_INET6 ? &t->ip6 : &t->ip4;
		struct hostent *he = NULL;

		if (ares_gethostbyname_file(q->r->channel, q->host, familyv[i],
					    &he))
			continue;

		for (char **p = he->h_addr_list; *p && f->n < FAMILY_MAX; p++) {
			struct sa *to = &f->v[f->n];

			if (he->h_addrtype == AF_INET6) {
				sa_set_in6(to, (const uint8_t *)*p, 0);
			} else {
				uint32_t in;

				memcpy(&in, *p, sizeof(in));
				sa_set_in(to, ntohl(in), 0);
			}
			++f->n;
		}

		ares_free_hostent(he);
	}

	q->targetc = t->ip4.n || t->ip6.n ? 1 : 0;

	return q->targetc;
}

int resolve(struct resolve_query **qp, struct resolver *r, const char *host,
	    uint16_t port, enum transp tp, resolve_h *h, void *arg)
{
	struct resolve_query *q;
	size_t len;

	ASSERT_SIP();

	if (!qp || !r || !host || !h || tp >= TRANSP_COUNT)
		return EINVAL;

	q = mem_zalloc(sizeof(*q), query_destructor);
	if (!q)
		return ENOMEM;

	q->r = mem_ref(r);
	q->h = h;
	q->arg = arg;
	q->tp = tp;
	q->port = port ? port : tp == TRANSP_TLS ? SIP_PORT_TLS : SIP_PORT;

	tmr_init(&q->tmr_done);
	tmr_init(&q->tmr_limit);
	tmr_start(&q->tmr_limit, RESOLVE_LIMIT_MS, on_limit, q);

	*qp = q;

	len = strlen(host);
	if (len > 1 && *host == '[' && host[len - 1] == ']') {
		++host;
		len -= 2;
	}

	if (!len || text_ncopy(q->host, sizeof(q->host), host, len)) {
		text_cut(q->host, sizeof(q->host), host);
		q->status = ARES_EBADNAME;
		finish(q);
	} else if (answer_known(q)) {
		finish(q);
	} else if (port) {
		ask_plain(q);
	} else {
		ask_srv(q);
	}

	return 0;
}
