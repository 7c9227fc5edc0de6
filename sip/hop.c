/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sip/hop.h"

#include <errno.h>
#include <stdio.h>

#include "sip/priv.h"

static int parse(struct hop *h, struct uri *uri, const struct dlg *d)
{
	struct pl pl, val;
	int err;

	if (d->routec) {
		struct sip_addr addr;

		pl_set_str(&pl, d->routev[0]);
		err = sip_addr_decode(&addr, &pl);
		if (err)
			return err;
		*uri = addr.uri;
		pl = addr.auri;
		/* a strict router wants to be the Request-URI itself */
		if (msg_param_exists(&uri->params, "lr", &val)) {
			err = pl_strdup(&h->ruri, &pl);
			if (err)
				return err;
		}
	} else {
		pl_set_str(&pl, d->target);
		err = uri_decode(uri, &pl);
		if (err)
			return err;
	}
	if (!h->ruri) {
		err = str_dup(&h->ruri, d->target);
		if (err)
			return err;
	}
	return pl_strdup(&h->key, &pl);
}

static int transport(struct hop *h, const struct uri *uri,
		     const struct engine *e, const struct dlg *d,
		     const struct account *acc, char *why, size_t size)
{
	struct pl val;
	unsigned i;

	if (!pl_strcasecmp(&uri->scheme, "sips")) {
		h->tp = TRANSP_TLS;
		return 0;
	}
	if (!msg_param_decode(&uri->params, "transport", &val)) {
		char name[16];

		for (i = 0; i < TRANSP_COUNT; i++) {
			h->tp = (enum transp)i;
			if (!pl_strcasecmp(&val, transp_name(h->tp)))
				return 0;
		}
		text_clean(name, sizeof(name), val.p, val.l);
		(void)snprintf(why, size,
			       "transport %s is not supported: udp, tcp or tls",
			       name);
		return EPROTONOSUPPORT;
	}
	/* the account's own choice holds for what it sends first */
	if (acc && acc->prm.transport_set && !d->rtag)
		h->tp = acc->prm.transport;
	else if (acc && acc->p2p && !d->rtag)
		h->tp = e->p2p_transport;
	else
		h->tp = TRANSP_UDP;
	return 0;
}

/* an address proves no name: the domain it stands for must */
static void name_to_verify(struct hop *h, const struct account *acc)
{
	struct pl pl, host, port;
	struct sa sa;

	text_cut(h->verify, sizeof(h->verify), h->host);
	if (sa_set_str(&sa, h->host, 1) || !acc || acc->p2p || !acc->domain[0])
		return;
	pl_set_str(&pl, acc->domain);
	if (!uri_decode_hostport(&pl, &host, &port))
		(void)text_ncopy(h->verify, sizeof(h->verify), host.p, host.l);
}

int hop_find(struct hop *h, const struct engine *e, const struct dlg *d,
	     const struct account *acc, char *why, size_t size)
{
	struct uri uri;
	int err;

	ASSERT_SIP();

	hop_done(h);
	why[0] = '\0';
	err = parse(h, &uri, d);
	if (err)
		return err;
	err = text_ncopy(h->host, sizeof(h->host), uri.host.p, uri.host.l);
	if (err)
		return err;
	h->port = uri.port;
	err = transport(h, &uri, e, d, acc, why, size);
	if (err)
		return err;
	name_to_verify(h, acc);
	return 0;
}

void hop_of_dialog(struct hop *h, const struct dlg *d)
{
	ASSERT_SIP();

	hop_done(h);
	h->ruri = mem_ref(d->hop_key);
	h->key = mem_ref(d->hop_key);
	h->tp = d->hop_tp;
	(void)re_snprintf(h->host, sizeof(h->host), "%j", &d->hop);
}

void hop_done(struct hop *h)
{
	ASSERT_SIP();

	mem_deref(h->ruri);
	mem_deref(h->key);
	memset(h, 0, sizeof(*h));
}
