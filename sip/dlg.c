/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sip/dlg.h"

#include <errno.h>

#include "sip/priv.h"

enum { ROUTES_MAX = 16 };

static void routes_flush(struct dlg *d)
{
	unsigned i;

	for (i = 0; i < d->routec; i++)
		mem_deref(d->routev[i]);
	d->routev = mem_deref(d->routev);
	d->routec = 0;
}

static void dlg_destructor(void *arg)
{
	struct dlg *d = arg;

	routes_flush(d);
	mem_deref(d->callid);
	mem_deref(d->ltag);
	mem_deref(d->rtag);
	mem_deref(d->local);
	mem_deref(d->remote);
	mem_deref(d->local_uri);
	mem_deref(d->user);
	mem_deref(d->remote_uri);
	mem_deref(d->target);
	mem_deref(d->first_route);
	mem_deref(d->hop_key);
}

static struct dlg *dlg_new(void)
{
	struct dlg *d = mem_zalloc(sizeof(*d), dlg_destructor);

	if (d) {
		sa_init(&d->peer, AF_UNSPEC);
		sa_init(&d->hop, AF_UNSPEC);
		d->lseq = rand_u16();
	}
	return d;
}

static int route_add(struct dlg *d, const struct pl *val)
{
	char **v;
	int err;

	if (d->routec >= ROUTES_MAX)
		return E2BIG;
	v = mem_realloc(d->routev, (d->routec + 1) * sizeof(*v));
	if (!v) {
		v = mem_zalloc((d->routec + 1) * sizeof(*v), NULL);
		if (!v)
			return ENOMEM;
		if (d->routev)
			memcpy(v, d->routev, d->routec * sizeof(*v));
		mem_deref(d->routev);
	}
	d->routev = v;
	err = msg_unfold(&d->routev[d->routec], val);
	if (!err)
		d->routec++;
	return err;
}

/* Record-Route values in the order of the message, or turned round */
static int routes_learn(struct dlg *d, const struct sip_msg *msg, bool reverse)
{
	struct msg_values v = {.msg = msg, .name = "Record-Route"};
	struct pl valv[ROUTES_MAX];
	unsigned i, n = 0;
	int err = 0;

	while (n < ROUTES_MAX && msg_values_next(&v, &valv[n])) {
		if (!msg_is_text(&valv[n]))
			return EBADMSG;
		n++;
	}
	routes_flush(d);
	for (i = 0; i < n && !err; i++)
		err = route_add(d, &valv[reverse ? n - 1 - i : i]);
	return err;
}

static int contact_learn(struct dlg *d, const struct sip_msg *msg)
{
	struct msg_values v = {.msg = msg, .name = "Contact", .compact = "m"};
	struct sip_addr addr;
	struct pl val;
	char *target;
	int err;

	if (!msg_values_next(&v, &val))
		return ENOENT;
	err = sip_addr_decode(&addr, &val);
	if (err)
		return err;
	/* the URI goes into our request lines and Refer-To as it is */
	if (!msg_is_text(&val) || !msg_is_plain(&addr.auri))
		return EBADMSG;
	if (pl_strcasecmp(&addr.uri.scheme, "sip") &&
	    pl_strcasecmp(&addr.uri.scheme, "sips"))
		return EPROTONOSUPPORT;
	err = pl_strdup(&target, &addr.auri);
	if (err)
		return err;
	mem_deref(d->target);
	d->target = target;
	return 0;
}

int dlg_uac(struct dlg **dp, const char *local_uri, const char *local_name,
	    const char *uri, const char *route)
{
	struct dlg *d = dlg_new();
	int err;

	ASSERT_SIP();

	if (!d)
		return ENOMEM;
	d->uac = true;
	err = re_sdprintf(&d->callid, "%016llx%08x", rand_u64(), rand_u32());
	err |= re_sdprintf(&d->ltag, "%016llx", rand_u64());
	if (local_name && local_name[0])
		err |= re_sdprintf(&d->local, "\"%s\" <%s>", local_name,
				   local_uri);
	else
		err |= re_sdprintf(&d->local, "<%s>", local_uri);
	err |= re_sdprintf(&d->remote, "<%s>", uri);
	err |= str_dup(&d->local_uri, local_uri);
	err |= str_dup(&d->remote_uri, uri);
	err |= str_dup(&d->target, uri);
	if (!err && route && route[0]) {
		struct pl pl;

		pl_set_str(&pl, route);
		err = route_add(d, &pl);
		if (!err)
			err = str_dup(&d->first_route, route);
	}
	if (err)
		mem_deref(d);
	else
		*dp = d;
	return err;
}

int dlg_restart(struct dlg *d, const char *target)
{
	char *copy;
	struct pl pl;
	int err = str_dup(&copy, target);

	ASSERT_SIP();

	if (err)
		return err;
	mem_deref(d->target);
	d->target = copy;
	d->rtag = mem_deref(d->rtag);
	sa_init(&d->hop, AF_UNSPEC);
	routes_flush(d);
	if (!d->first_route)
		return 0;
	pl_set_str(&pl, d->first_route);
	return route_add(d, &pl);
}

/* a To or From value without its tag, so that we can write it with ours */
static int untag(char **dst, const struct sip_taddr *a)
{
	char *name;
	int err;

	if (!msg_is_text(&a->val) || !msg_is_plain(&a->auri))
		return EBADMSG;
	if (!pl_isset(&a->dname))
		return re_sdprintf(dst, "<%r>", &a->auri);
	err = msg_unfold(&name, &a->dname);
	if (err)
		return err;
	err = re_sdprintf(dst, "\"%s\" <%r>", name, &a->auri);
	mem_deref(name);
	return err;
}

/* What of ours or his is not fit to be copied?  NULL: all is well */
static int identity(struct dlg *d, const struct sip_msg *msg, const char **badp)
{
	int err;

	*badp = "Call-ID";
	if (!msg_is_plain(&msg->callid))
		return EBADMSG;
	*badp = "From";
	if (!msg_is_plain(&msg->from.tag))
		return EBADMSG;
	err = untag(&d->remote, &msg->from);
	if (err)
		return err;
	*badp = "To";
	err = untag(&d->local, &msg->to);
	if (err)
		return err;
	err = pl_strdup(&d->callid, &msg->callid);
	err |= re_sdprintf(&d->ltag, "%016llx", msg->tag);
	err |= pl_strdup(&d->rtag, &msg->from.tag);
	err |= pl_strdup(&d->local_uri, &msg->to.auri);
	err |= pl_strdup(&d->remote_uri, &msg->from.auri);
	return err;
}

int dlg_uas(struct dlg **dp, struct stack *st, const struct sip_msg *msg,
	    const char **badp)
{
	struct dlg *d = dlg_new();
	int err;

	ASSERT_SIP();

	if (!d)
		return ENOMEM;
	d->st = st;
	d->tp = transp_of(msg->tp);
	d->peer = msg->src;
	err = identity(d, msg, badp);
	if (!err) {
		*badp = "Record-Route";
		err = routes_learn(d, msg, false);
	}
	if (!err) {
		*badp = "Contact";
		err = contact_learn(d, msg);
	}
	if (err)
		mem_deref(d);
	else
		*dp = d;
	return err;
}

int dlg_learn(struct dlg *d, const struct sip_msg *msg)
{
	char *rtag;
	int err;

	ASSERT_SIP();

	if (!pl_isset(&msg->to.tag))
		return EBADMSG;
	err = pl_strdup(&rtag, &msg->to.tag);
	if (err)
		return err;
	mem_deref(d->rtag);
	d->rtag = rtag;
	d->peer = msg->src;
	/* an early answer without Contact leaves the target as it is */
	(void)contact_learn(d, msg);
	return routes_learn(d, msg, true);
}

static struct dlg *dlg_clone(const struct dlg *o)
{
	struct dlg *d = dlg_new();

	if (!d)
		return NULL;
	d->st = o->st;
	d->tp = o->tp;
	d->uac = o->uac;
	d->lseq = o->lseq;
	d->callid = mem_ref(o->callid);
	d->ltag = mem_ref(o->ltag);
	d->local = mem_ref(o->local);
	d->remote = mem_ref(o->remote);
	d->local_uri = mem_ref(o->local_uri);
	d->user = mem_ref(o->user);
	d->remote_uri = mem_ref(o->remote_uri);
	d->target = mem_ref(o->target);
	return d;
}

int dlg_fork(struct dlg **dp, const struct dlg *o, const struct sip_msg *msg)
{
	struct dlg *d = dlg_clone(o);
	int err = d ? dlg_learn(d, msg) : ENOMEM;

	ASSERT_SIP();

	if (err)
		mem_deref(d);
	else
		*dp = d;
	return err;
}

int dlg_sibling(struct dlg **dp, const struct dlg *o, const struct pl *rtag)
{
	struct dlg *d = dlg_clone(o);
	int err = d ? pl_strdup(&d->rtag, rtag) : ENOMEM;

	ASSERT_SIP();

	if (err)
		mem_deref(d);
	else
		*dp = d;
	return err;
}

bool dlg_match_half(const struct dlg *d, const struct sip_msg *msg)
{
	const struct pl *ltag = msg->req ? &msg->to.tag : &msg->from.tag;

	ASSERT_SIP();
	return !pl_strcmp(&msg->callid, d->callid) && !pl_strcmp(ltag, d->ltag);
}

bool dlg_match(const struct dlg *d, const struct sip_msg *msg)
{
	const struct pl *rtag = msg->req ? &msg->from.tag : &msg->to.tag;

	ASSERT_SIP();

	if (!dlg_match_half(d, msg))
		return false;
	if (!d->rtag || !d->rtag[0])
		return !pl_isset(rtag);
	return !pl_strcmp(rtag, d->rtag);
}

int dlg_refresh(struct dlg *d, const struct sip_msg *msg)
{
	ASSERT_SIP();
	d->peer = msg->src;
	return contact_learn(d, msg);
}

uint32_t dlg_glare_ms(const struct dlg *d)
{
	ASSERT_SIP();
	return d->uac ? 2100 + rand_u16() % 190 * 10 : rand_u16() % 200 * 10;
}
