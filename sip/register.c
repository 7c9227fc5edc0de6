/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <stdio.h>

#include "base/clock.h"
#include "sip/priv.h"

/*
 *            account_register()                 2xx
 *   OFF ───────────────────────► REGISTERING ────────► REGISTERED
 *    ▲                            ▲    │ 4xx-6xx,           │ 90 % of expires,
 *    │                   back-off │    ▼ no answer          ▼ connection lost
 *    │                           FAILED              REGISTERING
 *    └── account_unregister(): REGISTER Expires 0, where a binding may stand;
 *        behind the answer to one that is under way (leaving)
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

/* ---- how it went ------------------------------------------------------- */

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
	account_set_state(a, ACCOUNT_FAILED, code, text);
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
static uint32_t granted_s(const struct account *a, const struct sip_msg *msg)
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

	ASSERT_SIP();

	a->ka = mem_deref(a->ka);
	tmr_cancel(&a->tmr_ka);
	if (!a->want)
		return;
	log_warn("account", "%s: connection lost (%s)", a->info.aor,
		 strerror(err));
	account_set_state(a, ACCOUNT_REGISTERING, 0,
			  "connection lost, registering again");
	tmr_start(&a->tmr, 200, on_timer, a);
}

/* Two line ends keep a NAT's hole open and find a dead connection.  libre's
 * own keepalive wants an answer to each (STUN, pong) and most PBXs give none,
 * so it is used only to hear of a closed connection. */
static void on_keepalive(void *arg)
{
	struct account *a = arg;
	struct mbuf *mb = mbuf_alloc(4);

	ASSERT_SIP();

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

static bool may_be_bound(const struct account *a)
{
	return a->bound_until > clock_ms();
}

static void left(struct account *a, unsigned code)
{
	a->leaving = false;
	a->bound_until = 0;
	a->ka = mem_deref(a->ka);
	account_set_state(a, ACCOUNT_OFF, code, "not registered");
	engine_stop_check(a->e);
	if (a->want)
		account_register(a);
}

static void registered(struct account *a, const struct sip_msg *msg)
{
	uint32_t expires = granted_s(a, msg);
	char reason[TEXT_MAX], contact[URI_MAX];

	if (expires < EXPIRES_MIN_S)
		expires = EXPIRES_MIN_S;
	if (expires > EXPIRES_MAX_S)
		expires = EXPIRES_MAX_S;
	a->bound_until = clock_ms() + expires * 1000ull;

	if (account_contact(a, NULL, a->reg->st, a->reg->tp, contact,
			    sizeof(contact)))
		contact[0] = '\0';
	if (!a->relearnt && learn_public(a, msg)) {
		/* our Contact was wrong: once more with the right one */
		a->relearnt = true;
		text_cut(a->stale, sizeof(a->stale), contact);
		(void)send_register(a, a->prm.regint);
		return;
	}
	a->stale[0] = '\0';
	a->failures = 0;
	a->info.expires = expires;
	a->info.tp = a->reg->tp;
	tmr_start(&a->tmr, expires * 900ull, on_timer, a);
	keep_alive(a, msg);
	msg_reason(reason, sizeof(reason), msg);
	account_set_state(a, ACCOUNT_REGISTERED, msg->scode, reason);
}

/* 423: true when it is asked again, for as long as the server wants */
static bool asked_for_longer(struct account *a, const struct sip_msg *msg)
{
	const struct sip_hdr *hdr = msg_hdr(msg, "Min-Expires", NULL);
	const uint32_t min = hdr ? pl_u32(&hdr->val) : 0;

	if (a->raised || min <= a->prm.regint || min > EXPIRES_MAX_S)
		return false;
	a->raised = true;
	a->prm.regint = min;
	(void)send_register(a, min);
	return true;
}

/* What to do about it, and only the user can: so there is no hurry */
static bool refusal_words(char *dst, size_t size, const struct account *a,
			  unsigned code, const char *why)
{
	switch (code) {
	case 401:
	case 407:
		if (a->cred.password[0])
			(void)snprintf(dst, size,
				       ": %s; check auth_user and "
				       "password_file",
				       why ? why : "login failed");
		else
			(void)snprintf(dst, size,
				       ": it wants a login and this account "
				       "has no password; add password_file or "
				       "password_command");
		return true;
	case 403:
		(void)snprintf(dst, size,
			       ": the server does not let %s register; check "
			       "the user and its rights there",
			       a->user);
		return true;
	case 404:
		(void)snprintf(dst, size, ": the server knows no user %s",
			       a->user);
		return true;
	case 408:
		(void)snprintf(dst, size,
			       ": something behind the server does not answer");
		return false;
	default:
		return false;
	}
}

static void refused(struct account *a, const struct sip_msg *msg,
		    const char *why)
{
	char reason[TEXT_MAX], words[TEXT_MAX] = "", text[2 * TEXT_MAX];
	const bool slow =
		refusal_words(words, sizeof(words), a, msg->scode, why);

	msg_reason(reason, sizeof(reason), msg);
	(void)snprintf(text, sizeof(text), "%s%s", reason, words);
	failed(a, msg->scode, text, msg_retry_after(msg), slow);
}

static void unanswered(struct account *a, int err, const char *why)
{
	char text[TEXT_MAX];

	(void)snprintf(text, sizeof(text), "%s%s", why ? why : strerror(err),
		       err == EPROTONOSUPPORT
			       ? ""
			       : "; is the server right and the network up?");
	failed(a, err == ETIMEDOUT ? 408 : 0, text, 0, false);
}

static void on_answer(int err, const struct sip_msg *msg, bool again,
		      const char *why, void *arg)
{
	struct account *a = arg;
	const bool ok = !err && msg->scode < 300;

	ASSERT_SIP();

	if (again && a->leaving && a->asked) {
		/* it has not bound us, and need not any more */
		rq_forget(&a->rq);
		if (!may_be_bound(a) || send_register(a, 0))
			left(a, msg->scode);
		return;
	}
	if (again || (msg && msg->scode < 200))
		return;
	if (a->leaving) {
		/* what was under way may have bound us first */
		if (a->asked && (ok || may_be_bound(a)) && !a->want &&
		    !send_register(a, 0))
			return;
		left(a, err ? 0 : msg->scode);
	} else if (err) {
		unanswered(a, err, why);
	} else if (ok) {
		registered(a, msg);
	} else if (msg->scode != 423 || !asked_for_longer(a, msg)) {
		refused(a, msg, why);
	}
}

/* ---- asking ------------------------------------------------------------ */

static int make_reg(struct account *a)
{
	char uri[URI_MAX], route[URI_MAX + 8];
	int err;

	(void)snprintf(uri, sizeof(uri), "sip:%.*s", (int)(sizeof(uri) - 8),
		       a->domain);
	account_route(a, route, sizeof(route));
	err = dlg_uac(&a->reg, a->info.aor, NULL, uri, route);
	if (err)
		return err;
	/* To is the AOR, not the Request-URI */
	mem_deref(a->reg->remote);
	a->reg->remote = mem_ref(a->reg->local);
	return 0;
}

/* a Contact that was wrong is taken back where the right one is given */
static void stale_contact(const struct account *a, char *dst, size_t size)
{
	dst[0] = '\0';
	if (a->stale[0])
		(void)snprintf(dst, size, "Contact: <%s>;expires=0\r\n",
			       a->stale);
}

static int send_register(struct account *a, uint32_t expires)
{
	char hdrs[URI_MAX + 160], stale[URI_MAX + 32];
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
	a->asked = expires;
	prm.dlg = a->reg;
	stale_contact(a, stale, sizeof(stale));
	(void)snprintf(hdrs, sizeof(hdrs),
		       "%sExpires: %u\r\nAllow: " SIP_ALLOW "\r\n", stale,
		       expires);
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
		account_set_state(a, ACCOUNT_REGISTERING, 0, "registering");
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
	account_set_state(a, ACCOUNT_REGISTERING, 0, "registering");
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
	/* a REGISTER that is out is answered first: behind a goodbye it might
	 * bind us again */
	a->leaving = rq_has_left(a->rq);
	if (a->leaving)
		return;
	rq_forget(&a->rq);
	a->leaving = may_be_bound(a) && !send_register(a, 0);
	if (!a->leaving && a->info.state != ACCOUNT_OFF)
		account_set_state(a, ACCOUNT_OFF, 0, "not registered");
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
