/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <stdio.h>

#include "base/clock.h"
#include "sip/priv.h"

/*
 * The bank's registrar, and the small proxy that makes it of use: a request
 * for a user who has registered goes to where he is, before the bank's own
 * phones get it.  Stateless (RFC 3261 16.11), without Record-Route: once a
 * dialog stands its ends talk directly.
 */

enum { BINDINGS_MAX = 256, EXPIRES_MAX_S = 3600, MAX_FORWARDS = 70 };

#define BRANCH "z9hG4bKcordpair"

struct binding {
	struct le le;
	char user[NAME_MAX_LEN];
	char contact[URI_MAX];
	struct sa src; /* where REGISTER came from */
	enum transp tp;
	uint64_t until;
};

struct registrar {
	struct engine *e;
	struct list bindings; /* newest last */
};

static void binding_destructor(void *arg)
{
	struct binding *b = arg;

	list_unlink(&b->le);
}

static void registrar_destructor(void *arg)
{
	struct registrar *r = arg;

	list_flush(&r->bindings);
}

int registrar_alloc(struct registrar **rp, struct engine *e)
{
	struct registrar *r = mem_zalloc(sizeof(*r), registrar_destructor);

	ASSERT_SIP();

	if (!r)
		return ENOMEM;
	r->e = e;
	*rp = r;
	return 0;
}

static void drop_expired(struct registrar *r)
{
	const uint64_t now = clock_ms();
	struct le *le = r->bindings.head;

	while (le) {
		struct binding *b = le->data;

		le = le->next;
		if (b->until <= now)
			mem_deref(b);
	}
}

static struct binding *find(struct registrar *r, const struct pl *user)
{
	struct le *le;

	drop_expired(r);
	for (le = r->bindings.tail; le; le = le->prev) {
		struct binding *b = le->data;

		if (!pl_strcmp(user, b->user))
			return b;
	}
	return NULL;
}

static bool is_own_address(const struct engine *e, const struct uri *uri)
{
	struct sa sa;
	struct le *le;
	char host[64];

	if (text_ncopy(host, sizeof(host), uri->host.p, uri->host.l) ||
	    sa_set_str(&sa, host, uri->port ? uri->port : SIP_PORT))
		return false;
	for (le = e->stacks.head; le; le = le->next) {
		const struct stack *st = le->data;
		unsigned i;

		if (!sa_cmp(&st->addr, &sa, SA_ADDR))
			continue;
		for (i = 0; i < TRANSP_COUNT; i++)
			if (st->port[i] && st->port[i] == sa_port(&sa))
				return true;
	}
	return false;
}

static void bind_contact(struct registrar *r, const struct sip_msg *msg,
			 const struct pl *user, const struct sip_addr *addr,
			 uint32_t expires)
{
	char contact[URI_MAX];
	struct binding *b = NULL;
	struct le *le;

	if (text_ncopy(contact, sizeof(contact), addr->auri.p, addr->auri.l) ||
	    !uri_is_sane(contact))
		return;
	/* a way back to ourselves would go round and round */
	if (is_own_address(r->e, &addr->uri))
		return;
	for (le = r->bindings.head; le; le = le->next) {
		b = le->data;
		if (!pl_strcmp(user, b->user) && uri_same(b->contact, contact))
			break;
		b = NULL;
	}
	if (!expires) {
		mem_deref(b);
		return;
	}
	if (!b) {
		if (list_count(&r->bindings) >= BINDINGS_MAX)
			return;
		b = mem_zalloc(sizeof(*b), binding_destructor);
		if (!b)
			return;
		if (text_ncopy(b->user, sizeof(b->user), user->p, user->l)) {
			mem_deref(b);
			return;
		}
		list_append(&r->bindings, &b->le, b);
	}
	text_cut(b->contact, sizeof(b->contact), contact);
	b->src = msg->src;
	b->tp = transp_of(msg->tp);
	b->until = clock_ms() + expires * 1000ull;
}

static void on_register(struct registrar *r, struct stack *st,
			const struct sip_msg *msg)
{
	struct msg_values v = {.msg = msg, .name = "Contact", .compact = "m"};
	const struct pl *user = &msg->to.uri.user;
	struct pl val;
	uint32_t expires = EXPIRES_MAX_S;
	struct mbuf *mb;
	struct le *le;

	if (pl_isset(&msg->expires))
		expires = pl_u32(&msg->expires);
	if (!user->l) {
		(void)sip_treply(NULL, st->sip, msg, 400,
				 "Bad Request (To without user)");
		return;
	}
	while (msg_values_next(&v, &val)) {
		uint32_t own = expires;
		struct sip_addr addr;
		struct binding *b;
		struct pl param;

		if (!pl_strcmp(&val, "*")) {
			while (!expires && (b = find(r, user)))
				mem_deref(b);
			continue;
		}
		if (sip_addr_decode(&addr, &val))
			continue;
		if (msg_param(&addr.params, "expires", &param) && param.l)
			own = pl_u32(&param);
		if (own > EXPIRES_MAX_S)
			own = EXPIRES_MAX_S;
		bind_contact(r, msg, user, &addr, own);
	}

	mb = mbuf_alloc(512);
	if (!mb)
		return;
	drop_expired(r);
	for (le = r->bindings.head; le; le = le->next) {
		const struct binding *b = le->data;

		if (!pl_strcmp(user, b->user))
			(void)mbuf_printf(
				mb, "Contact: <%s>;expires=%u\r\n", b->contact,
				(unsigned)((b->until - clock_ms()) / 1000));
	}
	(void)sip_treplyf(NULL, NULL, st->sip, msg, false, 200, "OK",
			  "%bContent-Length: 0\r\n\r\n", mb->buf, mb->end);
	mem_deref(mb);
}

/* ---- the proxy --------------------------------------------------------- */

/* where the contact says, or where its REGISTER came from */
static int destination(const struct binding *b, struct sa *dst, enum transp *tp)
{
	char host[URI_MAX], param[16];
	unsigned port = uri_port(b->contact);

	*tp = TRANSP_UDP;
	if (!uri_param(param, sizeof(param), b->contact, "transport")) {
		if (!str_casecmp(param, "tcp"))
			*tp = TRANSP_TCP;
		else if (!str_casecmp(param, "tls"))
			*tp = TRANSP_TLS;
	}
	if (uri_host(host, sizeof(host), b->contact))
		return EINVAL;
	if (!port)
		port = *tp == TRANSP_TLS ? SIP_PORT_TLS : SIP_PORT;
	if (sa_set_str(dst, host, (uint16_t)port)) {
		*dst = b->src;
		*tp = b->tp;
	}
	return 0;
}

static uint32_t max_forwards(const struct sip_msg *msg)
{
	const uint32_t n =
		pl_isset(&msg->maxfwd) ? pl_u32(&msg->maxfwd) : MAX_FORWARDS;

	return n < MAX_FORWARDS ? n : MAX_FORWARDS;
}

static void forward(struct registrar *r, const struct sip_msg *msg,
		    const struct binding *b)
{
	struct mbuf *mb = mbuf_alloc(2048);
	struct stack *st;
	struct sa dst, laddr;
	enum transp tp;
	struct le *le;
	bool first = true;
	int err;

	if (!mb)
		return;
	if (destination(b, &dst, &tp) || !(st = stack_for(r->e, tp, &dst)))
		goto out;
	stack_laddr(st, tp, &laddr);
	err = mbuf_printf(mb, "%r %s SIP/2.0\r\n", &msg->met, b->contact);
	/* the branch is the same for a retransmission, a CANCEL and the ACK
	 * of a refusal, so the next hop finds its transaction */
	err |= mbuf_printf(
		mb, "Via: SIP/2.0/%s %J;branch=" BRANCH "%08x%08x;rport\r\n",
		sip_transp_name(transp_re(tp)), &laddr,
		hash_joaat_pl(&msg->via.branch), hash_joaat_pl(&msg->callid));
	err |= mbuf_printf(mb, "Max-Forwards: %u\r\n", max_forwards(msg) - 1);
	for (le = msg->hdrl.head; le; le = le->next) {
		const struct sip_hdr *hdr = le->data;

		if (!pl_strcasecmp(&hdr->name, "Max-Forwards"))
			continue;
		if (!pl_strcasecmp(&hdr->name, "Via") ||
		    !pl_strcasecmp(&hdr->name, "v")) {
			err |= mbuf_printf(mb, "Via: %r", &hdr->val);
			if (first)
				err |= mbuf_printf(mb, ";received=%j;x-port=%u",
						   &msg->src,
						   sa_port(&msg->src));
			first = false;
			err |= mbuf_write_str(mb, "\r\n");
			continue;
		}
		err |= mbuf_printf(mb, "%r: %r\r\n", &hdr->name, &hdr->val);
	}
	err |= mbuf_write_str(mb, "\r\n");
	err |= mbuf_write_mem(mb, mbuf_buf(msg->mb), mbuf_get_left(msg->mb));
	if (!err) {
		mb->pos = 0;
		err = sip_send(st->sip, NULL, transp_re(tp), &dst, mb);
	}
	if (err)
		log_warn("registrar", "a %.*s for %s could not be passed on",
			 (int)msg->met.l, msg->met.p, b->user);
out:
	mem_deref(mb);
}

bool registrar_request(struct registrar *r, struct stack *st,
		       const struct sip_msg *msg)
{
	struct binding *b;

	ASSERT_SIP();

	if (!pl_strcmp(&msg->met, "REGISTER")) {
		on_register(r, st, msg);
		return true;
	}
	if (pl_isset(&msg->to.tag) && pl_strcmp(&msg->met, "ACK"))
		return false;
	if (!is_own_address(r->e, &msg->uri))
		return false;
	b = find(r, &msg->uri.user);
	if (!b)
		return false;
	if (max_forwards(msg) == 0) {
		(void)sip_reply(st->sip, msg, 483, "Too Many Hops");
		return true;
	}
	forward(r, msg, b);
	return true;
}

bool registrar_response(struct registrar *r, struct stack *st,
			const struct sip_msg *msg)
{
	struct mbuf *mb;
	struct sip_via next;
	struct le *le;
	struct sa dst;
	struct pl val;
	unsigned via = 0;
	int err = 0;

	(void)r;
	ASSERT_SIP();

	if (msg->via.branch.l < strlen(BRANCH) ||
	    memcmp(msg->via.branch.p, BRANCH, strlen(BRANCH)))
		return false;
	mb = mbuf_alloc(2048);
	if (!mb)
		return true;
	err = mbuf_printf(mb, "SIP/2.0 %u %r\r\n", msg->scode, &msg->reason);
	for (le = msg->hdrl.head; le; le = le->next) {
		const struct sip_hdr *hdr = le->data;

		if (!pl_strcasecmp(&hdr->name, "Via") ||
		    !pl_strcasecmp(&hdr->name, "v")) {
			if (via++ == 0)
				continue;
			if (via == 2) {
				err |= sip_via_decode(&next, &hdr->val);
				if (err)
					goto out;
				dst = next.addr;
				if (msg_param(&next.params, "received", &val))
					(void)sa_set(&dst, &val,
						     sa_port(&next.addr));
				if (msg_param(&next.params, "x-port", &val))
					sa_set_port(&dst,
						    (uint16_t)pl_u32(&val));
			}
		}
		err |= mbuf_printf(mb, "%r: %r\r\n", &hdr->name, &hdr->val);
	}
	if (via < 2)
		goto out;
	err |= mbuf_write_str(mb, "\r\n");
	err |= mbuf_write_mem(mb, mbuf_buf(msg->mb), mbuf_get_left(msg->mb));
	if (!err) {
		mb->pos = 0;
		(void)sip_send(st->sip, NULL, next.tp, &dst, mb);
	}
out:
	mem_deref(mb);
	return true;
}
