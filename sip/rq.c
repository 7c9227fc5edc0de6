/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sip/rq.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "sip/hop.h"
#include "sip/priv.h"

/*
 * The way of a request:
 *
 *   rq_send ─► next hop ─► name lookup ─► libre transaction ─► answer
 *                 ▲            (or the dialog's cached hop)       │
 *                 └──────── 401/407: next CSeq, credentials ──────┘
 *
 * While it lasts an rq belongs to itself, up to rq_done(); the caller's slot
 * does not count and is cleared before the last call of h.  Only an ACK is
 * kept by who sent it, to be said again.
 */

enum { CHALLENGES_MAX = 5 }; /* proxies on the way that want a login */

struct rq {
	struct le le; /* engine.rqs */
	struct rq **slot;
	struct engine *e;
	const char *method;
	struct dlg *dlg;
	struct account *acc;
	struct auth *auth;
	char *headers;
	const char *ctype;
	struct mbuf *body;
	bool contact;
	bool stateless;
	bool canceled;
	bool started;
	bool forgotten; /* nobody is told; the request may still go out */
	rq_prep_h *prep;
	struct stack *prepared;
	rq_h *h;
	void *arg;
	uint32_t cseq;
	unsigned challenges; /* answered with credentials          */
	struct auth_tries tries;

	struct sip_request *req;
	struct resolve_query *query;
	struct tmr tmr;
	int err; /* to be told from the timer        */
	char why[TEXT_MAX];

	struct mbuf *sent; /* an ACK, to be sent again           */
	struct hop hop;
	struct sa addrv[RESOLVE_ADDRS_MAX];
	unsigned addrc, addri;
};

static int rq_start(struct rq *rq);

static void rq_destructor(void *arg)
{
	struct rq *rq = arg;

	list_unlink(&rq->le);
	tmr_cancel(&rq->tmr);
	mem_deref(rq->query);
	mem_deref(rq->req);
	mem_deref(rq->dlg);
	mem_deref(rq->auth);
	mem_deref(rq->headers);
	mem_deref(rq->body);
	mem_deref(rq->sent);
	hop_done(&rq->hop);
}

/* These are worth sending also when nobody waits for the answer */
static bool says_goodbye(const struct rq *rq)
{
	return !strcmp(rq->method, "BYE") || !strcmp(rq->method, "SUBSCRIBE") ||
	       !strcmp(rq->method, "NOTIFY");
}

/* the last news: the slot is cleared first, so h may send again into it */
static void rq_done(struct rq *rq, int err, const struct sip_msg *msg,
		    const char *why)
{
	rq_h *h = rq->h;

	list_unlink(&rq->le);
	if (rq->slot) {
		*rq->slot = NULL;
		rq->slot = NULL;
	}
	rq->h = NULL;
	if (h)
		h(err, msg, false, why, rq->arg);
	mem_deref(rq);
}

static void on_fail_timer(void *arg)
{
	struct rq *rq = arg;

	ASSERT_SIP();

	rq_done(rq, rq->err, NULL, rq->why);
}

static void send_error_words(struct rq *rq, int err)
{
	const size_t size = sizeof(rq->why);
	const char *host = rq->hop.host, *tls = NULL;
	char addr[64] = "";

	/* said already */
	if (rq->why[0])
		return;
	if (rq->addri > 0) {
		const struct sa *sa = &rq->addrv[rq->addri - 1];

		(void)re_snprintf(addr, sizeof(addr), "%J", sa);
		if (rq->hop.tp == TRANSP_TLS && err != ECONNREFUSED &&
		    err != ETIMEDOUT)
			tls = tls_failure(rq->e, sa);
	}

	if (tls)
		(void)snprintf(rq->why, size, "TLS with %s (%s) failed: %s",
			       rq->hop.verify[0] ? rq->hop.verify : host, addr,
			       tls);
	else if (err == ETIMEDOUT)
		(void)snprintf(rq->why, size, "no answer from %s in 32 s",
			       addr[0] ? addr : host);
	else if (err == ECONNREFUSED)
		(void)snprintf(rq->why, size, "nothing listens at %s (%s)",
			       addr, transp_name(rq->hop.tp));
	else if (err == EPROTONOSUPPORT || err == EADDRNOTAVAIL)
		(void)snprintf(rq->why, size,
			       "no listening %s address reaches %s (--listen)",
			       transp_name(rq->hop.tp), addr[0] ? addr : host);
	else
		(void)snprintf(rq->why, size, "%s: %s", addr[0] ? addr : host,
			       strerror(err));
}

/* told later, from the timer: never from inside rq_send() */
static void rq_fail(struct rq *rq, int err)
{
	send_error_words(rq, err);
	rq->err = err;
	tmr_start(&rq->tmr, 0, on_fail_timer, rq);
}

/* where it goes now, or went last */
static const struct sa *rq_dst(const struct rq *rq)
{
	return &rq->addrv[rq->addri ? rq->addri - 1 : 0];
}

/* Over a caller's own connection his Contact's host proves nothing */
static bool is_callers_own(const struct rq *rq)
{
	return !rq->dlg->uac && rq->hop.tp != TRANSP_UDP &&
	       sa_cmp(rq_dst(rq), &rq->dlg->peer, SA_ALL);
}

static bool is_trusted(const struct rq *rq)
{
	return account_trusts(rq->acc, rq->dlg->st, rq->hop.tp,
			      is_callers_own(rq) ? "" : rq->hop.host,
			      rq_dst(rq));
}

/* true: another address of the same name is being tried */
static bool try_next(struct rq *rq, int err)
{
	return err != ETIMEDOUT && !rq->canceled &&
	       (!rq->forgotten || says_goodbye(rq)) && rq->addri < rq->addrc &&
	       !rq_start(rq);
}

static const char *login_words(int err)
{
	switch (err) {
	case EREMOTE:
		return "a stranger asks for the login of this account: not "
		       "given";
	case ENOENT:
		return "it wants a login and this account has none "
		       "(--account, password_file)";
	case EPERM:
		return "it offers MD5 only where it offered better before: "
		       "refused";
	case ENOSYS:
		return "it wants a login by an algorithm we do not know";
	default:
		return "user or password is wrong";
	}
}

/* once more, with credentials */
static void log_in(struct rq *rq, const struct sip_msg *msg)
{
	bool gone;
	int err;

	rq->challenges++;
	rq->cseq = ++rq->dlg->lseq;
	/* the handler may forget us, which may free us; a BYE forgotten long
	 * ago still goes out with its login */
	(void)mem_ref(rq);
	if (rq->h)
		rq->h(0, msg, true, NULL, rq->arg);
	gone = mem_nrefs(rq) == 1;
	mem_deref(rq);
	if (gone)
		return;
	if (rq->forgotten && !says_goodbye(rq)) {
		mem_deref(rq);
		return;
	}
	err = rq_start(rq);
	if (err)
		rq_fail(rq, err);
}

/* A re-INVITE that was accepted is ACKed, wanted or not, or it is accepted
 * for 32 s (RFC 3261 13.2.2.4) */
static void ack_forgotten(const struct rq *rq)
{
	const struct rq_prm prm = {
		.e = rq->e,
		.method = "ACK",
		.dlg = rq->dlg,
		.acc = rq->acc,
		.auth = rq->auth,
	};
	struct rq *ack = NULL;

	if (!rq_ack(&ack, &prm, rq->cseq))
		mem_deref(ack);
}

static void on_response(int err, const struct sip_msg *msg, void *arg)
{
	struct rq *rq = arg;

	ASSERT_SIP();

	if (err) {
		if (try_next(rq, err))
			return;
		send_error_words(rq, err);
		/* what was resolved may have moved */
		sa_init(&rq->dlg->hop, AF_UNSPEC);
		rq_done(rq, err, NULL, rq->why);
		return;
	}
	if (rq->dlg->st)
		stack_tune(rq->dlg->st, msg);
	if (msg->scode < 200) {
		if (rq->h)
			rq->h(0, msg, false, NULL, rq->arg);
		return;
	}
	if (rq->forgotten && msg->scode < 300 && rq->dlg->rtag &&
	    !strcmp(rq->method, "INVITE"))
		ack_forgotten(rq);
	if ((msg->scode == 401 || msg->scode == 407) && rq->auth &&
	    !rq->canceled && rq->challenges < CHALLENGES_MAX) {
		err = is_trusted(rq)
			      ? auth_challenged(rq->auth, &rq->tries, msg)
			      : EREMOTE;
		if (err)
			rq_done(rq, 0, msg, login_words(err));
		else
			log_in(rq, msg);
		return;
	}
	rq_done(rq, 0, msg, NULL);
}

static int write_message(struct rq *rq, struct mbuf **mbp)
{
	struct dlg *d = rq->dlg;
	struct mbuf *mb = mbuf_alloc(1024);
	unsigned i, skip = 0;
	int err;

	if (!mb)
		return ENOMEM;

	err = mbuf_write_str(mb, "Max-Forwards: 70\r\n");

	/* a strict router's URI is the Request-URI already; the target then
	 * stands last in the route (RFC 3261 12.2.1.1) */
	if (d->routec && str_cmp(rq->hop.ruri, d->target) != 0)
		skip = 1;
	for (i = skip; i < d->routec; i++)
		err |= mbuf_printf(mb, "Route: %s\r\n", d->routev[i]);
	if (skip)
		err |= mbuf_printf(mb, "Route: <%s>\r\n", d->target);

	err |= mbuf_printf(mb, "To: %s", d->remote);
	if (d->rtag && d->rtag[0])
		err |= mbuf_printf(mb, ";tag=%s", d->rtag);
	err |= mbuf_printf(mb,
			   "\r\nFrom: %s;tag=%s\r\n"
			   "Call-ID: %s\r\n"
			   "CSeq: %u %s\r\n",
			   d->local, d->ltag, d->callid, rq->cseq, rq->method);
	if (rq->contact) {
		char uri[URI_MAX];

		if (!account_contact(rq->acc, rq->dlg->user, d->st, rq->hop.tp,
				     uri, sizeof(uri)))
			err |= mbuf_printf(mb, "Contact: <%s>\r\n", uri);
	}
	if (rq->auth && is_trusted(rq))
		err |= auth_encode(mb, rq->auth, rq->method, rq->hop.ruri);
	err |= mbuf_printf(mb, "User-Agent: %s\r\n", rq->e->software);
	if (rq->headers)
		err |= mbuf_write_str(mb, rq->headers);
	if (rq->body) {
		err |= mbuf_printf(mb,
				   "Content-Type: %s\r\n"
				   "Content-Length: %zu\r\n\r\n",
				   rq->ctype, rq->body->end);
		err |= mbuf_write_mem(mb, rq->body->buf, rq->body->end);
	} else {
		err |= mbuf_write_str(mb, "Content-Length: 0\r\n\r\n");
	}
	if (err)
		mem_deref(mb);
	else {
		mb->pos = 0;
		*mbp = mb;
	}
	return err;
}

/* the stack it leaves by, remembered by the dialog with the way */
static int choose_stack(struct rq *rq)
{
	const struct sa *dst = rq_dst(rq);
	struct dlg *d = rq->dlg;
	struct stack *st = d->st;

	if (!st || sa_af(&st->addr) != sa_af(dst))
		st = stack_for(rq->e, rq->hop.tp, dst);
	if (!st || !st->port[rq->hop.tp])
		return EADDRNOTAVAIL;
	d->st = st;
	d->tp = rq->hop.tp;
	/* a caller's own connection may go; his Contact stays */
	if (d->uac || !sa_cmp(dst, &d->peer, SA_ALL)) {
		d->hop = *dst;
		d->hop_tp = rq->hop.tp;
		mem_deref(d->hop_key);
		d->hop_key = mem_ref(rq->hop.key);
	}
	return 0;
}

static int prepare(struct rq *rq)
{
	struct mbuf *body = NULL;
	int err;

	if (!rq->prep || rq->prepared == rq->dlg->st)
		return 0;
	err = rq->prep(rq->dlg->st, rq->hop.tp, &body, rq->arg);
	if (err)
		return err;
	rq->prepared = rq->dlg->st;
	mem_deref(rq->body);
	rq->body = body;
	return 0;
}

/* the address is known: libre needs no DNS, only this */
static int hand_over(struct rq *rq, struct mbuf *mb)
{
	const struct sa *dst = rq_dst(rq);
	const struct hop *h = &rq->hop;
	struct sip *sip = rq->dlg->st->sip;
	char host[64], param[32];
	struct uri route;

	(void)re_snprintf(host, sizeof(host), "%j", dst);
	(void)re_snprintf(param, sizeof(param), ";transport=%s",
			  transp_name(h->tp));
	memset(&route, 0, sizeof(route));
	pl_set_str(&route.scheme, "sip");
	pl_set_str(&route.host, host);
	pl_set_str(&route.params, param);
	route.port = sa_port(dst);

	mb->pos = 0;
	if (rq->stateless)
		return sip_request(NULL, sip, false, rq->method, -1, h->ruri,
				   -1, &route, mb, 0, NULL, NULL, NULL);
	return sip_request(&rq->req, sip, true, rq->method, -1, h->ruri, -1,
			   &route, mb, 0, NULL, on_response, rq);
}

static int transmit(struct rq *rq)
{
	struct mbuf *mb = NULL;
	int err;

	rq->addri++;
	err = choose_stack(rq);
	if (err)
		return err;
	if (rq->hop.tp == TRANSP_TLS && !is_callers_own(rq)) {
		err = tls_reach(rq->dlg->st, rq_dst(rq),
				rq->hop.verify[0] ? rq->hop.verify
						  : rq->hop.host);
		if (err)
			return err;
	}
	if (!is_callers_own(rq))
		account_met(rq->acc, rq->hop.host, rq_dst(rq));
	err = prepare(rq);
	if (!err && !rq->sent)
		err = write_message(rq, &mb);
	if (err)
		return err;
	if (rq->stateless && mb) {
		rq->sent = mb;
		mb = NULL;
	}
	err = hand_over(rq, mb ? mb : rq->sent);
	mem_deref(mb);
	return err;
}

static int transmit_any(struct rq *rq)
{
	int err = EHOSTUNREACH;

	while (rq->addri < rq->addrc) {
		err = transmit(rq);
		if (!err)
			break;
	}
	return err;
}

static int transmit_to(struct rq *rq, const struct sa *dst)
{
	rq->addrv[0] = *dst;
	rq->addrc = 1;
	rq->addri = 0;
	return transmit_any(rq);
}

/*
 * Who called us by TCP or TLS has a connection to us: what goes back to him
 * goes through it first.  His Contact may be behind a NAT, or prove no name.
 */
static void addresses(struct rq *rq, const struct sa *addrv, unsigned addrc)
{
	const struct dlg *d = rq->dlg;
	unsigned i;

	rq->addrc = rq->addri = 0;
	if (!d->uac && d->rtag && !d->routec && rq->hop.tp != TRANSP_UDP &&
	    d->tp == rq->hop.tp && sa_isset(&d->peer, SA_ALL))
		rq->addrv[rq->addrc++] = d->peer;
	for (i = 0; i < addrc && rq->addrc < RESOLVE_ADDRS_MAX; i++)
		rq->addrv[rq->addrc++] = addrv[i];
}

static void on_resolved(int err, const struct sa *addrv, unsigned addrc,
			const char *why, void *arg)
{
	struct rq *rq = arg;

	ASSERT_SIP();

	rq->query = mem_deref(rq->query);
	if (err) {
		rq_done(rq, err, NULL, why);
		return;
	}
	addresses(rq, addrv, addrc);
	err = transmit_any(rq);
	if (err)
		send_error_words(rq, err);
	if (err || rq->stateless)
		rq_done(rq, err, NULL, err ? rq->why : NULL);
}

static bool hop_is_known(const struct dlg *d)
{
	return d->hop_key && sa_isset(&d->hop, SA_ALL);
}

static int rq_start(struct rq *rq)
{
	struct dlg *d = rq->dlg;
	struct hop *h = &rq->hop;
	struct sa sa;
	int err;

	/* a second address of the same name */
	if (rq->started && rq->addri < rq->addrc && !rq->challenges)
		return transmit_any(rq);
	rq->started = true;

	/* within a dialog the way is mostly known; TLS may have to prove its
	 * name again, so it takes the long one */
	if (hop_is_known(d) && !d->routec && d->hop_tp != TRANSP_TLS &&
	    !str_cmp(d->hop_key, d->target)) {
		hop_of_dialog(h, d);
		return transmit_to(rq, &d->hop);
	}
	err = hop_find(h, rq->e, d, rq->acc, rq->why, sizeof(rq->why));
	if (err)
		return err;
	if (hop_is_known(d) && !str_cmp(d->hop_key, h->key) &&
	    d->hop_tp == h->tp)
		return transmit_to(rq, &d->hop);
	if (!sa_set_str(&sa, h->host,
			h->port ? h->port
				: (h->tp == TRANSP_TLS ? SIP_PORT_TLS
						       : SIP_PORT))) {
		addresses(rq, &sa, 1);
		return transmit_any(rq);
	}
	if (!rq->e->resolver)
		return ENOENT;
	return resolve(&rq->query, rq->e->resolver, h->host, h->port, h->tp,
		       on_resolved, rq);
}

static struct rq *rq_new(const struct rq_prm *prm)
{
	struct rq *rq = mem_zalloc(sizeof(*rq), rq_destructor);

	if (!rq)
		return NULL;
	tmr_init(&rq->tmr);
	rq->e = prm->e;
	rq->method = prm->method;
	rq->dlg = mem_ref(prm->dlg);
	rq->acc = prm->acc;
	rq->auth = mem_ref(prm->auth);
	rq->ctype = prm->ctype;
	rq->body = mem_ref(prm->body);
	rq->contact = prm->contact;
	rq->prep = prm->prep;
	rq->h = prm->h;
	rq->arg = prm->arg;
	if (prm->headers && str_dup(&rq->headers, prm->headers))
		return mem_deref(rq);
	list_append(&rq->e->rqs, &rq->le, rq);
	return rq;
}

int rq_send(struct rq **rqp, const struct rq_prm *prm)
{
	struct rq *rq;
	int err;

	ASSERT_SIP();

	if (!prm || !prm->dlg || !prm->method)
		return EINVAL;

	rq = rq_new(prm);
	if (!rq)
		return ENOMEM;
	rq->cseq = ++rq->dlg->lseq;
	err = rq_start(rq);
	if (err)
		rq_fail(rq, err);
	if (rqp) {
		rq_forget(rqp); /* one at a time in a slot */
		rq->slot = rqp;
		*rqp = rq;
	}
	return 0;
}

void rqs_flush(struct engine *e)
{
	struct le *le;

	ASSERT_SIP();

	while ((le = e->rqs.head) != NULL) {
		struct rq *rq = le->data;

		/* nobody is there to be told any more */
		list_unlink(&rq->le);
		rq->h = NULL;
		if (rq->slot)
			*rq->slot = NULL;
		mem_deref(rq);
	}
}

uint32_t rq_cseq(const struct rq *rq)
{
	return rq ? rq->cseq : 0;
}

void rq_cancel(struct rq *rq)
{
	ASSERT_SIP();
	if (!rq || rq->canceled)
		return;
	rq->canceled = true;
	if (rq->query) {
		/* it never left: there is nothing to cancel */
		rq->query = mem_deref(rq->query);
		text_cut(rq->why, sizeof(rq->why),
			 "given up before it was sent");
		rq_fail(rq, ECONNABORTED);
		return;
	}
	sip_request_cancel(rq->req);
}

void rq_forget(struct rq **rqp)
{
	struct rq *rq = rqp ? *rqp : NULL;

	ASSERT_SIP();

	if (!rq)
		return;
	*rqp = NULL;
	rq->slot = NULL;
	rq->h = NULL;
	rq->prep = NULL; /* its argument may be gone soon */
	rq->forgotten = true;
	/* what has not left yet and nobody wants need not leave */
	if (rq->query && !says_goodbye(rq)) {
		mem_deref(rq);
		return;
	}
	/* with a transaction it ends by itself; else nothing would end it */
	if (!rq->req && !rq->query && !tmr_isrunning(&rq->tmr))
		mem_deref(rq);
}

bool rq_has_left(const struct rq *rq)
{
	return rq && rq->req;
}

int rq_ack(struct rq **ackp, const struct rq_prm *prm, uint32_t cseq)
{
	struct rq *rq;
	int err;

	ASSERT_SIP();

	rq = rq_new(prm);
	if (!rq)
		return ENOMEM;
	rq->cseq = cseq;
	rq->stateless = true;
	rq->contact = true;
	err = rq_start(rq);
	if (!err) {
		mem_deref(*ackp);
		*ackp = mem_ref(rq);
	}
	/* while its name is looked up it belongs to itself as well */
	if (err || !rq->query) {
		list_unlink(&rq->le);
		mem_deref(rq);
	}
	return err;
}

int rq_ack_again(struct rq *ack)
{
	ASSERT_SIP();

	if (!ack)
		return ENOENT;
	/* it will leave as soon as its name is known */
	if (ack->query)
		return 0;
	if (ack->addri)
		ack->addri--;
	return transmit_any(ack);
}
