/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <stdio.h>

#include "base/file.h"
#include "sip/priv.h"

/*
 *            account_register()                 2xx
 *   OFF ───────────────────────► REGISTERING ────────► REGISTERED
 *    ▲                            ▲    │ 4xx-6xx,           │ 90 % of expires,
 *    │                   back-off │    ▼ no answer          ▼ connection lost
 *    │                           FAILED              REGISTERING
 *    └── account_unregister(): REGISTER Expires 0
 *
 * Back-off: 5 s doubled up to 5 min (each a little random, so that a PBX that
 * restarts is not met by all at once); Retry-After counts more.  A wrong
 * password is tried again after 5 min only: servers lock accounts.
 */

enum {
	BACKOFF_MIN_S = 5,
	BACKOFF_MAX_S = 300,
	EXPIRES_MIN_S = 10,
	EXPIRES_MAX_S = 86400,
	KEEPALIVE_S = 25,
	NEVER_S = 1000000,
};

static void on_timer(void *arg);
static int send_register(struct account *a, uint32_t expires);

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

static void set_state(struct account *a, enum account_state state,
		      unsigned code, const char *text)
{
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

int account_add(struct engine *e, const struct account_prm *prm,
		struct account **ap, char *why, size_t size)
{
	struct account *a;
	char uri[URI_MAX];
	unsigned port;
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
	a->prm = *prm;
	secret_wipe(a->prm.password, sizeof(a->prm.password));
	text_cut(a->info.aor, sizeof(a->info.aor), uri);
	err = uri_user(a->user, sizeof(a->user), uri);
	if (!err) {
		char host[URI_MAX];

		err = uri_host(host, sizeof(host), uri);
		port = uri_port(uri);
		if (strchr(host, ':'))
			(void)snprintf(a->domain, sizeof(a->domain), "[%s]",
				       host);
		else
			text_cut(a->domain, sizeof(a->domain), host);
		if (port) {
			const size_t n = strlen(a->domain);

			(void)snprintf(a->domain + n, sizeof(a->domain) - n,
				       ":%u", port);
		}
	}
	if (!err && !a->user[0]) {
		(void)snprintf(why, size,
			       "account %s has no user: write sip:USER@DOMAIN",
			       prm->aor);
		err = EINVAL;
	}
	text_cut(a->cred.user, sizeof(a->cred.user),
		 prm->auth_user[0] ? prm->auth_user : a->user);
	text_cut(a->cred.password, sizeof(a->cred.password), prm->password);
	if (!err)
		err = auth_alloc(&a->auth, &a->cred);
	if (err) {
		mem_deref(a);
		return err;
	}
	*ap = a;
	if (prm->regint)
		account_register(a);
	else
		set_state(a, ACCOUNT_OFF, 0, "not registering (regint=0)");
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
	a->p2p = true;
	text_cut(a->user, sizeof(a->user), e->user);
	if (auth_alloc(&a->auth, &a->cred)) {
		mem_deref(a);
		return NULL;
	}
	if (st)
		(void)account_aor(a, NULL, st, e->p2p_transport, a->info.aor,
				  sizeof(a->info.aor));
	set_state(a, ACCOUNT_OFF, 0, "peer to peer, no registrar");
	return a;
}

struct account *account_for(struct engine *e, const struct sip_msg *msg)
{
	struct le *le;

	ASSERT_SIP();

	for (le = e->accounts.head; le; le = le->next) {
		struct account *a = le->data;

		if (!pl_strcmp(&msg->uri.user, a->user))
			return a;
	}
	return account_first(e);
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

static bool same_host(const char *uri, const char *host)
{
	char own[URI_MAX];

	return uri[0] && !uri_host(own, sizeof(own), uri) &&
	       !str_casecmp(own, host);
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
	if (a && !a->p2p &&
	    (same_host(a->info.aor, host) || same_host(a->prm.outbound, host)))
		a->met = *dst;
}

/* ---- registering ------------------------------------------------------- */

static uint32_t backoff_ms(const struct account *a, uint32_t retry_after)
{
	uint32_t s = BACKOFF_MIN_S;
	unsigned i;

	for (i = 1; i < a->failures && s < BACKOFF_MAX_S; i++)
		s *= 2;
	if (s > BACKOFF_MAX_S)
		s = BACKOFF_MAX_S;
	/* what the server asks for is a minimum */
	if (retry_after >= s)
		return (retry_after < 3600 ? retry_after : 3600) * 1000 +
		       rand_u16() % 1000;
	return s * 1000 - rand_u16() % (s * 100 + 1);
}

static void failed(struct account *a, unsigned code, const char *text,
		   uint32_t retry_after, bool slow)
{
	a->failures++;
	tmr_cancel(&a->tmr_ka);
	if (slow && a->failures < 7)
		a->failures = 7;
	if (a->want)
		tmr_start(&a->tmr, backoff_ms(a, retry_after), on_timer, a);
	set_state(a, ACCOUNT_FAILED, code, text);
	log_warn("account", "%s: %s", a->info.aor, text);
}

/* what the registrar saw us as: received and rport of our Via */
static bool learn_public(struct account *a, const struct sip_msg *msg)
{
	struct pl rport, received;
	struct sa sa, own;

	if (msg->tp != SIP_TRANSP_UDP || !a->reg->st)
		return false;
	stack_laddr(a->reg->st, TRANSP_UDP, &own);
	sa = own;
	if (msg_param(&msg->via.params, "received", &received) && received.l) {
		char host[64];

		if (!text_ncopy(host, sizeof(host), received.p, received.l))
			(void)sa_set_str(&sa, host, sa_port(&own));
	}
	if (msg_param(&msg->via.params, "rport", &rport) && pl_u32(&rport))
		sa_set_port(&sa, (uint16_t)pl_u32(&rport));
	if (sa_cmp(&sa, &own, SA_ALL) || sa_cmp(&sa, &a->pub, SA_ALL))
		return false;
	a->pub = sa;
	return true;
}

/* our binding's own expiry, else the header, else what we asked for */
static uint32_t granted(const struct account *a, const struct sip_msg *msg)
{
	struct msg_values v = {.msg = msg, .name = "Contact", .compact = "m"};
	char own[URI_MAX], uri[URI_MAX];
	struct sip_addr addr;
	struct pl val, param;

	if (account_contact(a, NULL, a->reg->st, a->reg->tp, own, sizeof(own)))
		own[0] = '\0';
	while (msg_values_next(&v, &val)) {
		if (sip_addr_decode(&addr, &val) ||
		    text_ncopy(uri, sizeof(uri), addr.auri.p, addr.auri.l))
			continue;
		if (uri_same(uri, own) &&
		    msg_param(&addr.params, "expires", &param) && param.l)
			return pl_u32(&param);
	}
	if (pl_isset(&msg->expires))
		return pl_u32(&msg->expires);
	return a->prm.regint;
}

static void on_link_lost(int err, void *arg)
{
	struct account *a = arg;

	a->ka = mem_deref(a->ka);
	tmr_cancel(&a->tmr_ka);
	if (!a->want)
		return;
	log_warn("account", "%s: connection lost (%s)", a->info.aor,
		 strerror(err));
	set_state(a, ACCOUNT_REGISTERING, 0,
		  "connection lost, registering "
		  "again");
	tmr_start(&a->tmr, 200, on_timer, a);
}

/* Two line ends keep a NAT's hole open and find a dead connection.  libre's
 * own keepalive wants an answer to each (STUN, pong) and most PBXs give none,
 * so it is used only to hear of a closed connection. */
static void on_keepalive(void *arg)
{
	struct account *a = arg;
	struct mbuf *mb = mbuf_alloc(4);

	tmr_start(&a->tmr_ka, KEEPALIVE_S * 1000, on_keepalive, a);
	if (!mb || !a->reg->st)
		goto out;
	(void)mbuf_write_str(mb, "\r\n\r\n");
	mb->pos = 0;
	(void)sip_send(a->reg->st->sip, NULL, transp_re(a->reg->tp),
		       &a->reg->hop, mb);
out:
	mem_deref(mb);
}

static void keep_alive(struct account *a, const struct sip_msg *msg)
{
	if (a->reg->tp != TRANSP_UDP && !a->ka)
		(void)sip_keepalive_start(&a->ka, a->reg->st->sip, msg, NEVER_S,
					  on_link_lost, a);
	tmr_start(&a->tmr_ka, KEEPALIVE_S * 1000, on_keepalive, a);
}

static void on_answer(int err, const struct sip_msg *msg, bool again,
		      const char *why, void *arg)
{
	struct account *a = arg;
	char text[TEXT_MAX], reason[TEXT_MAX];
	uint32_t expires;

	ASSERT_SIP();

	if (again || (msg && msg->scode < 200))
		return;
	if (a->leaving) {
		a->leaving = false;
		a->ka = mem_deref(a->ka);
		set_state(a, ACCOUNT_OFF, msg ? msg->scode : 0,
			  "not registered");
		engine_stop_check(a->e);
		if (a->want)
			account_register(a);
		return;
	}
	if (err) {
		(void)snprintf(text, sizeof(text),
			       "%s; is the server right and the network up?",
			       why ? why : strerror(err));
		failed(a, err == ETIMEDOUT ? 408 : 0, text, 0, false);
		return;
	}
	msg_reason(reason, sizeof(reason), msg);
	if (msg->scode < 300) {
		expires = granted(a, msg);
		if (!a->relearnt && learn_public(a, msg)) {
			a->relearnt = true;
			/* our Contact was wrong: once more with the right */
			(void)send_register(a, a->prm.regint);
			return;
		}
		if (expires < EXPIRES_MIN_S)
			expires = EXPIRES_MIN_S;
		if (expires > EXPIRES_MAX_S)
			expires = EXPIRES_MAX_S;
		a->failures = 0;
		a->info.expires = expires;
		tmr_start(&a->tmr, expires * 900ull, on_timer, a);
		keep_alive(a, msg);
		set_state(a, ACCOUNT_REGISTERED, msg->scode, reason);
		return;
	}
	if (msg->scode == 423 && !a->raised) {
		const struct sip_hdr *hdr = msg_hdr(msg, "Min-Expires", NULL);
		uint32_t min = hdr ? pl_u32(&hdr->val) : 0;

		if (min > a->prm.regint && min <= 86400) {
			a->raised = true;
			a->prm.regint = min;
			(void)send_register(a, min);
			return;
		}
	}
	switch (msg->scode) {
	case 401:
	case 407:
		if (a->cred.password[0])
			(void)snprintf(text, sizeof(text),
				       "%s: %s; check auth_user and "
				       "password_file",
				       reason, why ? why : "login failed");
		else
			(void)snprintf(text, sizeof(text),
				       "%s: it wants a login and this account "
				       "has no password; add password_file or "
				       "password_command",
				       reason);
		break;
	case 403:
		(void)snprintf(text, sizeof(text),
			       "%s: the server does not let %s register; "
			       "check the user and its rights there",
			       reason, a->user);
		break;
	case 404:
		(void)snprintf(text, sizeof(text),
			       "%s: the server knows no user %s", reason,
			       a->user);
		break;
	case 408:
		(void)snprintf(text, sizeof(text),
			       "%s: something behind the server does not "
			       "answer",
			       reason);
		break;
	default:
		text_cut(text, sizeof(text), reason);
		break;
	}
	failed(a, msg->scode, text, msg_retry_after(msg),
	       msg->scode == 401 || msg->scode == 407 || msg->scode == 403 ||
		       msg->scode == 404);
}

static int make_reg(struct account *a)
{
	char uri[URI_MAX], route[URI_MAX + 8];
	int err;

	(void)snprintf(uri, sizeof(uri), "sip:%.*s", (int)(sizeof(uri) - 8),
		       a->domain);
	route[0] = '\0';
	if (a->prm.outbound[0])
		(void)snprintf(route, sizeof(route), "<%s%s>", a->prm.outbound,
			       strstr(a->prm.outbound, ";lr") ? "" : ";lr");
	err = dlg_uac(&a->reg, a->info.aor, NULL, uri, route);
	if (err)
		return err;
	/* To is the AOR, not the Request-URI */
	mem_deref(a->reg->remote);
	a->reg->remote = mem_ref(a->reg->local);
	return 0;
}

static int send_register(struct account *a, uint32_t expires)
{
	char hdrs[128];
	struct rq_prm prm = {
		.e = a->e,
		.method = "REGISTER",
		.acc = a,
		.auth = a->auth,
		.headers = hdrs,
		.contact = true,
		.h = on_answer,
		.arg = a,
	};
	int err;

	if (!a->reg) {
		err = make_reg(a);
		if (err)
			return err;
	}
	rq_forget(&a->rq);
	prm.dlg = a->reg;
	(void)snprintf(hdrs, sizeof(hdrs),
		       "Expires: %u\r\nAllow: " SIP_ALLOW "\r\n", expires);
	return rq_send(&a->rq, &prm);
}

static void on_timer(void *arg)
{
	struct account *a = arg;
	int err;

	ASSERT_SIP();

	a->relearnt = a->raised = false;
	if (a->info.state != ACCOUNT_REGISTERED &&
	    a->info.state != ACCOUNT_REGISTERING)
		set_state(a, ACCOUNT_REGISTERING, 0, "registering");
	err = send_register(a, a->prm.regint);
	if (err)
		failed(a, 0, strerror(err), 0, false);
}

void account_register(struct account *a)
{
	ASSERT_SIP();

	if (a->p2p)
		return;
	a->want = true;
	if (a->leaving)
		return;
	if (!a->prm.regint)
		a->prm.regint = 300;
	a->failures = 0;
	a->relearnt = a->raised = false;
	tmr_cancel(&a->tmr);
	set_state(a, ACCOUNT_REGISTERING, 0, "registering");
	if (send_register(a, a->prm.regint))
		failed(a, 0, "out of memory", 0, false);
}

void account_unregister(struct account *a)
{
	ASSERT_SIP();

	a->want = false;
	tmr_cancel(&a->tmr);
	tmr_cancel(&a->tmr_ka);
	if (a->p2p || a->leaving)
		return;
	if (a->info.state != ACCOUNT_REGISTERED) {
		rq_forget(&a->rq);
		if (a->info.state != ACCOUNT_OFF)
			set_state(a, ACCOUNT_OFF, 0, "not registered");
		return;
	}
	a->leaving = true;
	if (send_register(a, 0)) {
		a->leaving = false;
		set_state(a, ACCOUNT_OFF, 0, "not registered");
	}
}

bool accounts_leaving(const struct engine *e)
{
	struct le *le;

	ASSERT_SIP();

	for (le = e->accounts.head; le; le = le->next) {
		const struct account *a = le->data;

		if (a->leaving)
			return true;
	}
	return false;
}
