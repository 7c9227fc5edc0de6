/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sip/rq.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "sip/priv.h"

/*
 * The way of a request:
 *
 *   rq_send ─► next hop ─► name lookup ─► libre transaction ─► answer
 *                 ▲            (or the dialog's cached hop)       │
 *                 └──────── 401/407: next CSeq, credentials ──────┘
 *
 * An rq holds two references while it lasts: the caller's slot (not counted,
 * cleared before the last call of h) and its own, dropped in rq_done().
 */

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
	unsigned tries;

	struct sip_request *req;
	struct resolve_query *query;
	struct tmr tmr;
	int err; /* to be told from the timer        */
	char why[TEXT_MAX];

	char *ruri;
	char *hop_key;
	char host[NAME_MAX_LEN];
	char verify[NAME_MAX_LEN];
	enum transp tp;
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
	mem_deref(rq->ruri);
	mem_deref(rq->hop_key);
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

	rq_done(rq, rq->err, NULL, rq->why);
}

static void rq_fail(struct rq *rq, int err, const char *why)
{
	rq->err = err;
	text_cut(rq->why, sizeof(rq->why), why);
	tmr_start(&rq->tmr, 0, on_fail_timer, rq);
}

static void send_error_words(const struct rq *rq, int err, char *why,
			     size_t size)
{
	char addr[64] = "";
	const char *tls = NULL;

	if (rq->addri > 0) {
		const struct sa *sa = &rq->addrv[rq->addri - 1];

		(void)re_snprintf(addr, sizeof(addr), "%J", sa);
		if (rq->tp == TRANSP_TLS && err != ECONNREFUSED &&
		    err != ETIMEDOUT)
			tls = tls_failure(rq->e, sa);
	}

	if (tls)
		(void)snprintf(why, size, "TLS with %s (%s) failed: %s",
			       rq->verify[0] ? rq->verify : rq->host, addr,
			       tls);
	else if (err == ETIMEDOUT)
		(void)snprintf(why, size, "no answer from %s in 32 s",
			       addr[0] ? addr : rq->host);
	else if (err == ECONNREFUSED)
		(void)snprintf(why, size, "nothing listens at %s (%s)", addr,
			       transp_name(rq->tp));
	else if (err == EPROTONOSUPPORT || err == EADDRNOTAVAIL)
		(void)snprintf(why, size,
			       "no listening %s address reaches %s (--listen)",
			       transp_name(rq->tp), addr[0] ? addr : rq->host);
	else
		(void)snprintf(why, size, "%s: %s", addr[0] ? addr : rq->host,
			       strerror(err));
}

/* Over a caller's own connection his Contact's host proves nothing */
static bool is_callers_own(const struct rq *rq, const struct sa *dst)
{
	return !rq->dlg->uac && rq->tp != TRANSP_UDP &&
	       sa_cmp(dst, &rq->dlg->peer, SA_ALL);
}

static bool is_trusted(const struct rq *rq)
{
	const struct sa *dst = &rq->addrv[rq->addri ? rq->addri - 1 : 0];

	return account_trusts(rq->acc, is_callers_own(rq, dst) ? "" : rq->host,
			      dst);
}

static void on_response(int err, const struct sip_msg *msg, void *arg)
{
	struct rq *rq = arg;
	char why[TEXT_MAX];

	ASSERT_SIP();

	if (err) {
		/* nothing came back over this address: the next one */
		if (err != ETIMEDOUT && !rq->canceled &&
		    (!rq->forgotten || says_goodbye(rq)) &&
		    rq->addri < rq->addrc && !rq_start(rq))
			return;

		send_error_words(rq, err, why, sizeof(why));
		/* what was resolved may have moved */
		sa_init(&rq->dlg->hop, AF_UNSPEC);
		rq_done(rq, err, NULL, why);
		return;
	}

	if (rq->dlg->st)
		stack_tune(rq->dlg->st, msg);
	if (msg->scode < 200) {
		if (rq->h)
			rq->h(0, msg, false, NULL, rq->arg);
		return;
	}

	if ((msg->scode == 401 || msg->scode == 407) && rq->auth &&
	    !rq->canceled && rq->tries < 5) {
		int aerr = is_trusted(rq) ? auth_challenged(rq->auth, msg)
					  : EREMOTE;

		if (!aerr) {
			rq->tries++;
			rq->cseq = ++rq->dlg->lseq;
			/* the handler may forget us, which may free us; a BYE
			 * forgotten long ago still goes out with its login */
			(void)mem_ref(rq);
			if (rq->h)
				rq->h(0, msg, true, NULL, rq->arg);
			if (mem_nrefs(rq) == 1) {
				mem_deref(rq);
				return;
			}
			mem_deref(rq);
			if (rq->forgotten && !says_goodbye(rq)) {
				mem_deref(rq);
				return;
			}
			aerr = rq_start(rq);
			if (aerr)
				rq_fail(rq, aerr, strerror(aerr));
			return;
		}
		if (aerr == EREMOTE)
			(void)snprintf(why, sizeof(why),
				       "a stranger asks for the login of this "
				       "account: not given");
		else if (aerr == ENOENT)
			(void)snprintf(why, sizeof(why),
				       "it wants a login and this account has "
				       "none (--account, password_file)");
		else if (aerr == EPERM)
			(void)snprintf(why, sizeof(why),
				       "it offers MD5 only where it offered "
				       "better before: refused");
		else if (aerr == ENOSYS)
			(void)snprintf(why, sizeof(why),
				       "it wants a login by an algorithm we do "
				       "not know");
		else
			(void)snprintf(why, sizeof(why),
				       "user or password is wrong");
		rq_done(rq, 0, msg, why);
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
	if (d->routec && str_cmp(rq->ruri, d->target) != 0)
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

		if (!account_contact(rq->acc, rq->dlg->user, d->st, rq->tp, uri,
				     sizeof(uri)))
			err |= mbuf_printf(mb, "Contact: <%s>\r\n", uri);
	}
	if (rq->auth)
		err |= auth_encode(mb, rq->auth, rq->method, rq->ruri);
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

static int transmit(struct rq *rq, struct mbuf *mb)
{
	const struct sa *dst = &rq->addrv[rq->addri++];
	struct dlg *d = rq->dlg;
	struct stack *st = d->st;
	struct mbuf *own = NULL;
	char host[64], param[32];
	struct uri route;
	int err;

	if (!st || sa_af(&st->addr) != sa_af(dst))
		st = stack_for(rq->e, rq->tp, dst);
	if (!st || !st->port[rq->tp])
		return EADDRNOTAVAIL;
	d->st = st;
	d->tp = rq->tp;
	if (!is_callers_own(rq, dst))
		account_met(rq->acc, rq->host, dst);
	/* a caller's own connection may go; his Contact stays */
	if (d->uac || !sa_cmp(dst, &d->peer, SA_ALL)) {
		d->hop = *dst;
		d->hop_tp = rq->tp;
		mem_deref(d->hop_key);
		d->hop_key = mem_ref(rq->hop_key);
	}

	if (rq->prep && rq->prepared != d->st) {
		struct mbuf *body = NULL;

		err = rq->prep(d->st, rq->tp, &body, rq->arg);
		if (err)
			return err;
		rq->prepared = d->st;
		mem_deref(rq->body);
		rq->body = body;
	}
	if (!mb) {
		err = write_message(rq, &own);
		if (err)
			return err;
		mb = own;
	}
	mb->pos = 0;

	/* the address is known: libre needs no DNS, only this */
	(void)re_snprintf(host, sizeof(host), "%j", dst);
	(void)re_snprintf(param, sizeof(param), ";transport=%s",
			  transp_name(rq->tp));
	memset(&route, 0, sizeof(route));
	pl_set_str(&route.scheme, "sip");
	pl_set_str(&route.host, host);
	pl_set_str(&route.params, param);
	route.port = sa_port(dst);

	if (rq->tp == TRANSP_TLS)
		tls_expect(rq->e, dst, rq->verify[0] ? rq->verify : host);

	if (rq->stateless)
		err = sip_request(NULL, d->st->sip, false, rq->method, -1,
				  rq->ruri, -1, &route, mb, 0, NULL, NULL,
				  NULL);
	else
		err = sip_request(&rq->req, d->st->sip, true, rq->method, -1,
				  rq->ruri, -1, &route, mb, 0, NULL,
				  on_response, rq);
	tls_expect(rq->e, NULL, NULL);
	mem_deref(own);
	return err;
}

static int transmit_any(struct rq *rq, struct mbuf *mb)
{
	int err = EHOSTUNREACH;

	while (rq->addri < rq->addrc) {
		err = transmit(rq, mb);
		if (!err)
			break;
	}
	return err;
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
	if (!d->uac && d->rtag && !d->routec && rq->tp != TRANSP_UDP &&
	    d->tp == rq->tp && sa_isset(&d->peer, SA_ALL))
		rq->addrv[rq->addrc++] = d->peer;
	for (i = 0; i < addrc && rq->addrc < RESOLVE_ADDRS_MAX; i++)
		rq->addrv[rq->addrc++] = addrv[i];
}

static void on_resolved(int err, const struct sa *addrv, unsigned addrc,
			const char *why, void *arg)
{
	struct rq *rq = arg;
	char words[TEXT_MAX];

	ASSERT_SIP();

	rq->query = mem_deref(rq->query);
	if (err) {
		rq_done(rq, err, NULL, why);
		return;
	}
	addresses(rq, addrv, addrc);
	err = transmit_any(rq, NULL);
	if (err) {
		send_error_words(rq, err, words, sizeof(words));
		rq_done(rq, err, NULL, words);
	} else if (rq->stateless) {
		rq_done(rq, 0, NULL, NULL);
	}
}

/* where the next copy goes: first route or target (RFC 3261 8.1.2, 12.2.1) */
static int next_hop(struct rq *rq, struct uri *uri, char **keyp)
{
	struct dlg *d = rq->dlg;
	struct pl pl, val;
	int err;

	rq->ruri = mem_deref(rq->ruri);
	if (d->routec) {
		struct sip_addr addr;

		pl_set_str(&pl, d->routev[0]);
		err = sip_addr_decode(&addr, &pl);
		if (err)
			return err;
		*uri = addr.uri;
		pl = addr.auri;
		if (msg_param_exists(&uri->params, "lr", &val)) {
			err = pl_strdup(&rq->ruri, &pl);
			if (err)
				return err;
		}
	} else {
		pl_set_str(&pl, d->target);
		err = uri_decode(uri, &pl);
		if (err)
			return err;
	}
	if (!rq->ruri) {
		err = str_dup(&rq->ruri, d->target);
		if (err)
			return err;
	}
	return pl_strdup(keyp, &pl);
}

static int hop_transp(const struct rq *rq, const struct uri *uri,
		      enum transp *tpp)
{
	struct pl val;

	if (!pl_strcasecmp(&uri->scheme, "sips")) {
		*tpp = TRANSP_TLS;
		return 0;
	}
	if (!msg_param_decode(&uri->params, "transport", &val)) {
		if (!pl_strcasecmp(&val, "udp"))
			*tpp = TRANSP_UDP;
		else if (!pl_strcasecmp(&val, "tcp"))
			*tpp = TRANSP_TCP;
		else if (!pl_strcasecmp(&val, "tls"))
			*tpp = TRANSP_TLS;
		else
			return EPROTONOSUPPORT;
		return 0;
	}
	/* the account's own choice holds for what it sends first */
	if (rq->acc && rq->acc->prm.transport_set && !rq->dlg->rtag)
		*tpp = rq->acc->prm.transport;
	else if (rq->acc && rq->acc->p2p && !rq->dlg->rtag)
		*tpp = rq->e->p2p_transport;
	else
		*tpp = TRANSP_UDP;
	return 0;
}

static int rq_start(struct rq *rq)
{
	struct dlg *d = rq->dlg;
	struct uri uri;
	char *key = NULL;
	enum transp tp;
	struct sa sa;
	int err;

	/* a second address of the same name */
	if (rq->started && rq->addri < rq->addrc && !rq->tries)
		return transmit_any(rq, NULL);
	rq->started = true;

	/* within a dialog the way is mostly known; TLS may have to prove its
	 * name again, so it takes the long one */
	if (!d->routec && d->hop_key && d->hop_tp != TRANSP_TLS &&
	    sa_isset(&d->hop, SA_ALL) && !str_cmp(d->hop_key, d->target)) {
		mem_deref(rq->ruri);
		mem_deref(rq->hop_key);
		rq->ruri = mem_ref(d->hop_key);
		rq->hop_key = mem_ref(d->hop_key);
		rq->tp = d->hop_tp;
		rq->addrv[0] = d->hop;
		rq->addrc = 1;
		rq->addri = 0;
		(void)re_snprintf(rq->host, sizeof(rq->host), "%j", &d->hop);
		return transmit_any(rq, NULL);
	}

	err = next_hop(rq, &uri, &key);
	if (err)
		return err;
	mem_deref(rq->hop_key);
	rq->hop_key = key;

	(void)text_ncopy(rq->host, sizeof(rq->host), uri.host.p, uri.host.l);
	err = hop_transp(rq, &uri, &tp);
	if (err)
		return err;
	rq->tp = tp;

	err = text_ncopy(rq->host, sizeof(rq->host), uri.host.p, uri.host.l);
	if (err)
		return err;
	text_cut(rq->verify, sizeof(rq->verify), rq->host);
	if (!sa_set_str(&sa, rq->host, 1) && rq->acc && !rq->acc->p2p &&
	    rq->acc->domain[0]) {
		/* an address proves no name: the domain it stands for must */
		struct pl pl, host, port;

		pl_set_str(&pl, rq->acc->domain);
		if (!uri_decode_hostport(&pl, &host, &port))
			(void)text_ncopy(rq->verify, sizeof(rq->verify), host.p,
					 host.l);
	}

	if (d->hop_key && !str_cmp(d->hop_key, key) && d->hop_tp == tp &&
	    sa_isset(&d->hop, SA_ALL)) {
		rq->addrv[0] = d->hop;
		rq->addrc = 1;
		rq->addri = 0;
		return transmit_any(rq, NULL);
	}
	if (!sa_set_str(
		    &sa, rq->host,
		    uri.port ? uri.port
			     : (tp == TRANSP_TLS ? SIP_PORT_TLS : SIP_PORT))) {
		addresses(rq, &sa, 1);
		return transmit_any(rq, NULL);
	}
	if (!rq->e->resolver)
		return ENOENT;
	return resolve(&rq->query, rq->e->resolver, rq->host, uri.port, tp,
		       on_resolved, rq);
}

int rq_send(struct rq **rqp, const struct rq_prm *prm)
{
	struct rq *rq;
	int err;

	ASSERT_SIP();

	if (!prm || !prm->dlg || !prm->method)
		return EINVAL;

	rq = mem_zalloc(sizeof(*rq), rq_destructor);
	if (!rq)
		return ENOMEM;
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
	if (prm->headers) {
		err = str_dup(&rq->headers, prm->headers);
		if (err)
			goto out;
	}
	list_append(&rq->e->rqs, &rq->le, rq);
	if (rq->auth)
		auth_fresh(rq->auth);
	rq->cseq = ++rq->dlg->lseq;

	err = rq_start(rq);
	if (err) {
		char why[TEXT_MAX];

		send_error_words(rq, err, why, sizeof(why));
		rq_fail(rq, err, why);
		err = 0;
	}
	if (rqp) {
		rq_forget(rqp); /* one at a time in a slot */
		rq->slot = rqp;
		*rqp = rq;
	}
out:
	if (err)
		mem_deref(rq);
	return err;
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
		rq_fail(rq, ECONNABORTED, "given up before it was sent");
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

int rq_ack(struct mbuf **mbp, struct engine *e, struct dlg *dlg,
	   struct account *acc, struct auth *auth, uint32_t cseq,
	   const char *ctype, struct mbuf *body)
{
	struct rq *rq;
	int err;

	ASSERT_SIP();

	rq = mem_zalloc(sizeof(*rq), rq_destructor);
	if (!rq)
		return ENOMEM;
	tmr_init(&rq->tmr);
	rq->e = e;
	rq->method = "ACK";
	rq->dlg = mem_ref(dlg);
	rq->acc = acc;
	rq->auth = mem_ref(auth);
	rq->cseq = cseq;
	rq->ctype = ctype;
	rq->body = mem_ref(body);
	rq->stateless = true;
	rq->contact = true;
	list_append(&e->rqs, &rq->le, rq);

	err = rq_start(rq);
	if (!err && mbp && !rq->query) {
		struct mbuf *mb = NULL;

		err = write_message(rq, &mb);
		if (!err) {
			mem_deref(*mbp);
			*mbp = mb;
		}
	}
	if (err || !rq->query)
		mem_deref(rq);
	return err;
}

int rq_ack_again(struct engine *e, struct dlg *dlg, struct mbuf *mb)
{
	struct rq *rq;
	int err;

	ASSERT_SIP();

	if (!mb || !dlg->st || !sa_isset(&dlg->hop, SA_ALL))
		return ENOENT;
	rq = mem_zalloc(sizeof(*rq), rq_destructor);
	if (!rq)
		return ENOMEM;
	rq->e = e;
	rq->method = "ACK";
	rq->dlg = mem_ref(dlg);
	rq->stateless = true;
	rq->tp = dlg->hop_tp;
	rq->addrv[0] = dlg->hop;
	rq->addrc = 1;
	rq->hop_key = mem_ref(dlg->hop_key);
	err = str_dup(&rq->ruri, dlg->target);
	if (!err)
		err = transmit(rq, mb);
	mem_deref(rq);
	return err;
}
