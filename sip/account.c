/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <stdio.h>

#include "base/file.h"
#include "sip/priv.h"

/* Who we are: identities, and which of them something is for. */

static void account_destructor(void *arg)
{
	struct account *a = arg;

	list_unlink(&a->le);
	tmr_cancel(&a->tmr);
	tmr_cancel(&a->tmr_ka);
	rq_forget(&a->rq);
	mem_deref(a->ka);
	mem_deref(a->reg);
	mem_deref(a->auth);
	secret_wipe(&a->cred, sizeof(a->cred));
}

void account_publish(struct account *a)
{
	ASSERT_SIP();
	engine_event(a->e, EV_ACCOUNT)->u.account = a->info;
}

void account_set_state(struct account *a, enum account_state state,
		       unsigned code, const char *text)
{
	ASSERT_SIP();

	a->info.state = state;
	a->info.code = code;
	if (state != ACCOUNT_REGISTERED)
		a->info.expires = 0;
	text_cut(a->info.text, sizeof(a->info.text), text);
	account_publish(a);
}

static struct account *account_new(struct engine *e)
{
	struct account *a = mem_zalloc(sizeof(*a), account_destructor);

	if (!a)
		return NULL;
	a->e = e;
	a->id = a->info.id = ++e->n_account;
	tmr_init(&a->tmr);
	tmr_init(&a->tmr_ka);
	sa_init(&a->pub, AF_UNSPEC);
	sa_init(&a->met, AF_UNSPEC);
	list_append(&e->accounts, &a->le, a);
	return a;
}

/* host[:port] of the AOR, as it stands in a URI */
static void domain_of(char *dst, size_t size, const char *uri)
{
	const unsigned port = uri_port(uri);
	char host[URI_MAX];

	if (uri_host(host, sizeof(host), uri))
		return;
	if (strchr(host, ':'))
		(void)snprintf(dst, size, "[%s]", host);
	else
		text_cut(dst, size, host);
	if (port) {
		const size_t n = strlen(dst);

		(void)snprintf(dst + n, size - n, ":%u", port);
	}
}

/* what the user wrote, taken apart */
static int account_read(struct account *a, const struct account_prm *prm,
			const char *uri, char *why, size_t size)
{
	int err;

	a->prm = *prm;
	secret_wipe(a->prm.password, sizeof(a->prm.password));
	text_cut(a->info.aor, sizeof(a->info.aor), uri);
	domain_of(a->domain, sizeof(a->domain), uri);
	err = uri_user(a->user, sizeof(a->user), uri);
	if (!err && !a->user[0]) {
		(void)snprintf(why, size,
			       "account %s has no user: write sip:USER@DOMAIN",
			       prm->aor);
		err = EINVAL;
	}
	if (!err)
		err = codecs_parse(&a->codecs, prm->codecs, why, size);
	if (err)
		return err;
	if (a->codecs.skipped[0])
		log_info("account",
			 "%s: codecs %s are not in this version: left out", uri,
			 a->codecs.skipped);
	text_cut(a->cred.user, sizeof(a->cred.user),
		 prm->auth_user[0] ? prm->auth_user : a->user);
	text_cut(a->cred.password, sizeof(a->cred.password), prm->password);
	return auth_alloc(&a->auth, &a->cred);
}

int account_add(struct engine *e, const struct account_prm *prm,
		struct account **ap, char *why, size_t size)
{
	struct account *a;
	char uri[URI_MAX];
	int err;

	ASSERT_SIP();

	err = target_uri(uri, sizeof(uri), prm->aor, "", why, size);
	if (err)
		return err;
	if (prm->outbound[0] && !uri_is_sane(prm->outbound)) {
		(void)snprintf(why, size,
			       "outbound=%s is not a SIP URI (sip:HOST:PORT)",
			       prm->outbound);
		return EINVAL;
	}
	a = account_new(e);
	if (!a)
		return ENOMEM;
	err = account_read(a, prm, uri, why, size);
	if (err) {
		mem_deref(a);
		return err;
	}
	*ap = a;
	if (prm->regint)
		account_register(a);
	else
		account_set_state(a, ACCOUNT_OFF, 0,
				  "not registering (regint=0)");
	return 0;
}

struct account *account_find(struct engine *e, uint32_t id)
{
	struct le *le;

	ASSERT_SIP();

	for (le = e->accounts.head; le; le = le->next) {
		struct account *a = le->data;

		if (a->id == id)
			return a;
	}
	return NULL;
}

struct account *account_first(struct engine *e)
{
	struct account *a = list_ledata(e->accounts.head);
	struct stack *st = list_ledata(e->stacks.head);

	ASSERT_SIP();

	if (a)
		return a;
	a = account_new(e);
	if (!a)
		return NULL;
	a->p2p = a->info.p2p = true;
	text_cut(a->user, sizeof(a->user), e->user);
	(void)codecs_parse(&a->codecs, "", NULL, 0);
	if (auth_alloc(&a->auth, &a->cred)) {
		mem_deref(a);
		return NULL;
	}
	if (st)
		(void)account_aor(a, NULL, st, e->p2p_transport, a->info.aor,
				  sizeof(a->info.aor));
	account_set_state(a, ACCOUNT_OFF, 0, "peer to peer, no registrar");
	return a;
}

static bool same_host(const char *uri, const char *host)
{
	char own[URI_MAX];

	return uri[0] && !uri_host(own, sizeof(own), uri) &&
	       !str_casecmp(own, host);
}

static bool is_of_domain(const struct account *a, const struct pl *pl)
{
	char uri[URI_MAX], host[URI_MAX];

	return !text_ncopy(uri, sizeof(uri), pl->p, pl->l) &&
	       !uri_host(host, sizeof(host), uri) &&
	       same_host(a->info.aor, host) &&
	       uri_port(a->info.aor) == uri_port(uri);
}

/* where it came from is a fact, what To says is what the caller typed */
static unsigned likeness(const struct account *a, const struct sip_msg *msg)
{
	unsigned n = 1;

	if (sa_isset(&a->met, SA_ADDR) && sa_cmp(&a->met, &msg->src, SA_ADDR))
		n += sa_cmp(&a->met, &msg->src, SA_ALL) ? 4 : 2;
	if (is_of_domain(a, &msg->ruri) || is_of_domain(a, &msg->to.auri))
		n++;
	return n;
}

struct account *account_for(struct engine *e, const struct sip_msg *msg)
{
	struct account *best = NULL;
	unsigned most = 0;
	struct le *le;

	ASSERT_SIP();

	for (le = e->accounts.head; le; le = le->next) {
		struct account *a = le->data;
		unsigned n;

		if (pl_strcmp(&msg->uri.user, a->user))
			continue;
		n = likeness(a, msg);
		if (n > most) {
			most = n;
			best = a;
		}
	}
	return best ? best : account_first(e);
}

void account_route(const struct account *a, char *dst, size_t size)
{
	const char *uri = a->prm.outbound;

	ASSERT_SIP();

	dst[0] = '\0';
	if (uri[0])
		(void)snprintf(dst, size, "<%s%s>", uri,
			       strstr(uri, ";lr") ? "" : ";lr");
}

int account_aor(const struct account *a, const char *user,
		const struct stack *st, enum transp tp, char *dst, size_t size)
{
	struct sa sa;
	int n;

	ASSERT_SIP();

	if (!a->p2p)
		return text_copy(dst, size, a->info.aor);
	stack_laddr(st, tp, &sa);
	n = re_snprintf(dst, size, "sip:%s@%J", user ? user : a->user, &sa);
	return n < 0 ? EOVERFLOW : 0;
}

int account_contact(const struct account *a, const char *user,
		    const struct stack *st, enum transp tp, char *dst,
		    size_t size)
{
	struct sa sa;
	int n;

	ASSERT_SIP();

	stack_laddr(st, tp, &sa);
	/* behind a NAT the server told us what others see (RFC 3581) */
	if (tp == TRANSP_UDP && sa_isset(&a->pub, SA_ALL) &&
	    sa_af(&a->pub) == sa_af(&sa))
		sa = a->pub;
	n = re_snprintf(dst, size, "sip:%s@%J%s%s", user ? user : a->user, &sa,
			tp == TRANSP_UDP ? "" : ";transport=",
			tp == TRANSP_UDP ? "" : transp_name(tp));
	return n < 0 ? EOVERFLOW : 0;
}

static bool has_proven(const char *uri, struct stack *st, const struct sa *hop)
{
	char own[URI_MAX];

	return uri[0] && !uri_host(own, sizeof(own), uri) &&
	       tls_proven(st, hop, own);
}

bool account_trusts(const struct account *a, struct stack *st, enum transp tp,
		    const char *host, const struct sa *hop)
{
	ASSERT_SIP();

	if (!a || a->p2p)
		return true; /* it has nothing to give away */
	if (tp == TRANSP_TLS && tls_checks(a->e))
		return has_proven(a->info.aor, st, hop) ||
		       has_proven(a->prm.outbound, st, hop);
	if (same_host(a->info.aor, host) || same_host(a->prm.outbound, host))
		return true;
	return sa_isset(hop, SA_ADDR) && sa_isset(&a->met, SA_ADDR) &&
	       sa_cmp(&a->met, hop, SA_ADDR);
}

void account_met(struct account *a, const char *host, const struct sa *dst)
{
	ASSERT_SIP();

	if (a && !a->p2p &&
	    (same_host(a->info.aor, host) || same_host(a->prm.outbound, host)))
		a->met = *dst;
}
