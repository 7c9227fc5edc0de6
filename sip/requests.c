/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "sip/priv.h"
#include "sip/refer_priv.h"

/*
 * What can be asked of the engine: one row and one function for each request,
 * one reply to each.  A refusal says why in words.
 */

struct call *engine_call(struct engine *e, uint32_t id)
{
	struct le *le;

	ASSERT_SIP();

	for (le = list_head(hash_list(e->calls_id, id)); le; le = le->next) {
		struct call *c = le->data;

		if (c->info.id == id)
			return c;
	}
	return NULL;
}

struct ask {
	struct engine *e;
	const struct request *req;
	struct call *call;  /* of req->id, where the row says so   */
	uint32_t id;        /* out: what was made                  */
	char why[TEXT_MAX]; /* out: on error                       */
};

static int refuse(struct ask *a, int err, const char *why)
{
	text_cut(a->why, sizeof(a->why), why);
	return err;
}

static int ask_nop(struct ask *a)
{
	void (*h)(struct engine *, void *) = a->e->nop_h;

	a->e->nop_h = NULL;
	if (h)
		h(a->e, a->e->nop_arg);
	return 0;
}

static int ask_stop(struct ask *a)
{
	engine_stop(a->e);
	return 0;
}

static int ask_account(struct ask *a)
{
	struct account_prm prm = a->req->u.account;
	struct account *acc;
	int err;

	err = account_add(a->e, &prm, &acc, a->why, sizeof(a->why));
	secret_wipe(&prm, sizeof(prm));
	if (!err)
		a->id = acc->id;
	return err;
}

static int each_account(struct ask *a, void (*f)(struct account *))
{
	struct account *acc;
	struct le *le;

	if (a->req->id) {
		acc = account_find(a->e, a->req->id);
		if (!acc)
			return refuse(a, ENOENT, "no such account");
		f(acc);
		return 0;
	}
	if (list_isempty(&a->e->accounts))
		return refuse(a, ENOENT, "no account is configured");
	for (le = a->e->accounts.head; le; le = le->next)
		f(le->data);
	return 0;
}

static int ask_register(struct ask *a)
{
	struct account *acc = account_find(a->e, a->req->id);

	if (acc && acc->p2p)
		return refuse(a, EINVAL,
			      "the peer-to-peer account has no registrar; add "
			      "one with --account or 'account'");
	return each_account(a, account_register);
}

static int ask_unregister(struct ask *a)
{
	return each_account(a, account_unregister);
}

/* A file that will not do leaves the one before in force */
static int tls_file(struct ask *a, char *path, size_t size)
{
	char was[PATH_MAX_LEN], again[TEXT_MAX];
	int err;

	text_cut(was, sizeof(was), path);
	err = text_copy(path, size, a->req->u.text);
	if (!err)
		err = tls_configure(a->e, a->why, sizeof(a->why));
	if (err) {
		text_cut(path, size, was);
		(void)tls_configure(a->e, again, sizeof(again));
	}
	return err;
}

static int ask_option(struct ask *a)
{
	struct engine *e = a->e;
	const struct request *req = a->req;
	struct resolver *r;
	int err;

	switch (req->option) {
	case EOPT_FOLLOW_REDIRECTS:
		e->follow_redirects = req->value;
		return 0;
	case EOPT_RETURN_ON_FAIL:
		e->return_on_fail = req->value;
		return 0;
	case EOPT_RING_TIMEOUT:
		e->ring_timeout_s = req->value;
		return 0;
	case EOPT_TRANSFER_TIMEOUT:
		e->transfer_timeout_s = req->value;
		return 0;
	case EOPT_TLS_VERIFY:
		e->tls_verify = req->value;
		return tls_configure(e, a->why, sizeof(a->why));
	case EOPT_TLS_CA:
		return tls_file(a, e->tls_ca, sizeof(e->tls_ca));
	case EOPT_TLS_CERT:
		return tls_file(a, e->tls_cert, sizeof(e->tls_cert));
	case EOPT_DNS_SERVER:
		err = text_copy(e->dns_server, sizeof(e->dns_server),
				req->u.text);
		if (err)
			return err;
		err = resolver_alloc(&r, e->dns_server);
		if (err)
			return refuse(a, err, "not ADDR or ADDR:PORT");
		mem_deref(e->resolver);
		e->resolver = r;
		return 0;
	default:
		return refuse(a, EINVAL, "no such option");
	}
}

static int ask_dial(struct ask *a)
{
	struct engine *e = a->e;
	struct account *acc;
	char uri[URI_MAX];
	struct call *c;
	int err;

	acc = a->req->id ? account_find(e, a->req->id) : account_first(e);
	if (!acc)
		return refuse(a, ENOENT, "no such account");
	err = target_uri(uri, sizeof(uri), a->req->u.text,
			 acc->p2p ? "" : acc->domain, a->why, sizeof(a->why));
	if (err)
		return err;
	if (a->req->flags & CALL_ALONE)
		calls_hold_others(e, NULL);
	err = call_dial(e, acc, uri,
			a->req->flags & DIAL_AS ? &a->req->u.dial : NULL, NULL,
			0, NULL, &c);
	if (!err)
		a->id = c->info.id;
	return err;
}

static int ask_progress(struct ask *a)
{
	int err = call_progress(a->call, a->req->code);

	return err ? refuse(a, err, "the call does not ring here") : 0;
}

static int ask_answer(struct ask *a)
{
	int err;

	if (a->req->flags & CALL_ALONE && a->call->st && !call_is_up(a->call))
		calls_hold_others(a->e, a->call);
	err = call_answer(a->call);
	return err ? refuse(a, err, "the call does not ring here") : 0;
}

static int ask_reject(struct ask *a)
{
	int err = call_reject(a->call, a->req->code ? a->req->code : 603);

	return err ? refuse(a, err, "the call does not ring here") : 0;
}

static int ask_hangup(struct ask *a)
{
	call_hangup(a->call);
	return 0;
}

static int ask_hold(struct ask *a)
{
	if (!call_is_up(a->call))
		return refuse(a, ENOTCONN, "the call is not up");
	if (a->call->info.state == CALL_HELD)
		return refuse(a, EALREADY, "the call is on hold already");
	return call_hold(a->call, true, NULL, NULL);
}

static int ask_resume(struct ask *a)
{
	if (!call_is_up(a->call))
		return refuse(a, ENOTCONN, "the call is not up");
	if (a->call->info.state == CALL_TALKING)
		return refuse(a, EALREADY, "the call is not on hold");
	if (a->req->flags & CALL_ALONE)
		return call_resume_alone(a->call);
	return call_hold(a->call, false, NULL, NULL);
}

static int ask_mute(struct ask *a)
{
	if (!call_is_up(a->call))
		return refuse(a, ENOTCONN, "the call is not up");
	a->call->info.muted = !a->call->info.muted;
	call_publish(a->call);
	return 0;
}

static int ask_dtmf(struct ask *a)
{
	int err;

	if (!call_is_up(a->call))
		return refuse(a, ENOTCONN, "the call is not up");
	err = call_dtmf(a->call, a->req->u.text);
	if (err == EINVAL)
		return refuse(a, err, "digits are 0-9 * # A-D");
	if (err == ENOTSUP)
		return refuse(a, err, "the peer takes no telephone-event");
	if (err == ENOTCONN)
		return refuse(a, err,
			      "no sound goes there now, so no digits; resume "
			      "the call first");
	return err;
}

static int ask_transfer(struct ask *a)
{
	return transfer_ask(a->call, a->req, &a->id, a->why, sizeof(a->why));
}

static int ask_consult(struct ask *a)
{
	int err = consult_ask(a->call, a->req, &a->id, a->why, sizeof(a->why));

	if (!err && a->req->flags & CALL_ALONE)
		calls_hold_others(a->e, a->call);
	return err;
}

static int ask_complete(struct ask *a)
{
	return consult_complete(a->call, a->req->serial, &a->id, a->why,
				sizeof(a->why));
}

static int ask_swap(struct ask *a)
{
	return consult_swap(a->call, a->why, sizeof(a->why));
}

static int ask_takeback(struct ask *a)
{
	return transfer_takeback(a->call, a->why, sizeof(a->why));
}

static int ask_join(struct ask *a)
{
	struct call *other = engine_call(a->e, a->req->id2);

	if (!other)
		return refuse(a, ENOENT, "no such call");
	return consult_join(a->call, other, a->req->serial, &a->id, a->why,
			    sizeof(a->why));
}

static int ask_unwatch(struct ask *a)
{
	struct refer_status *rs = refer_of(a->e, a->req->id);
	int err;

	if (!rs)
		return refuse(a, ENOENT, "no transfer of it is under way");
	err = refer_terminate_subscription(rs);
	if (err == ENOENT)
		return refuse(a, err, "the REFER has not been sent yet");
	if (err)
		return refuse(a, err, "it is not watched any more");
	return 0;
}

static int with_referred(struct ask *a, struct referred **rp)
{
	*rp = referred_find(a->e, a->req->id);
	return *rp ? 0 : refuse(a, ENOENT, "no such referral");
}

static int ask_referred_answer(struct ask *a)
{
	struct referred *r;
	int err = with_referred(a, &r);

	return err ? err : referred_answer(r, a->req->code);
}

static int ask_referred_call(struct ask *a)
{
	struct referred *r;
	int err = with_referred(a, &r);

	return err ? err
		   : referred_call(r, a->req->flags & REFERRED_MANUAL, &a->id);
}

static int ask_referred_notify(struct ask *a)
{
	struct referred *r;
	int err = with_referred(a, &r);

	return err ? err
		   : referred_notify(r, a->req->code,
				     a->req->flags & REFERRED_FINAL);
}

static const struct {
	int (*run)(struct ask *a);
	bool call; /* id is a call's and must exist       */
} ask_table[REQ_COUNT] = {
	/* clang-format off */
	[REQ_NOP]             = {ask_nop,             false},
	[REQ_STOP]            = {ask_stop,            false},
	[REQ_ACCOUNT]         = {ask_account,         false},
	[REQ_REGISTER]        = {ask_register,        false},
	[REQ_UNREGISTER]      = {ask_unregister,      false},
	[REQ_OPTION]          = {ask_option,          false},
	[REQ_DIAL]            = {ask_dial,            false},
	[REQ_PROGRESS]        = {ask_progress,        true},
	[REQ_ANSWER]          = {ask_answer,          true},
	[REQ_REJECT]          = {ask_reject,          true},
	[REQ_HANGUP]          = {ask_hangup,          true},
	[REQ_HOLD]            = {ask_hold,            true},
	[REQ_RESUME]          = {ask_resume,          true},
	[REQ_MUTE]            = {ask_mute,            true},
	[REQ_DTMF]            = {ask_dtmf,            true},
	[REQ_TRANSFER]        = {ask_transfer,        true},
	[REQ_CONSULT]         = {ask_consult,         true},
	[REQ_COMPLETE]        = {ask_complete,        true},
	[REQ_SWAP]            = {ask_swap,            true},
	[REQ_TAKEBACK]        = {ask_takeback,        true},
	[REQ_JOIN]            = {ask_join,            true},
	[REQ_UNWATCH]         = {ask_unwatch,         false},
	[REQ_REFERRED_ANSWER] = {ask_referred_answer, false},
	[REQ_REFERRED_CALL]   = {ask_referred_call,   false},
	[REQ_REFERRED_NOTIFY] = {ask_referred_notify, false},
	/* clang-format on */
};

void engine_take_request(struct engine *e, const struct request *req)
{
	struct ask a = {.e = e, .req = req};
	struct reply_info *y;
	int err;

	ASSERT_SIP();

	engine_asking(e);
	if ((unsigned)req->type >= REQ_COUNT) {
		err = refuse(&a, EINVAL, "no such request");
	} else if (e->stopping && req->type != REQ_STOP &&
		   req->type != REQ_NOP) {
		err = refuse(&a, ESHUTDOWN, "the program is stopping");
	} else if (ask_table[req->type].call &&
		   !(a.call = engine_call(e, req->id))) {
		(void)snprintf(a.why, sizeof(a.why), "call %u is gone",
			       req->id);
		err = ENOENT;
	} else {
		err = ask_table[req->type].run(&a);
	}
	if (err && !a.why[0])
		text_cut(a.why, sizeof(a.why), strerror(err));

	y = &engine_reply(e)->u.reply;
	memset(y, 0, sizeof(*y));
	y->serial = req->serial;
	y->err = err;
	y->id = a.id;
	text_cut(y->command, sizeof(y->command), request_name(req->type));
	text_clean(y->error, sizeof(y->error), a.why, err ? strlen(a.why) : 0);

	if (err && req->type == REQ_TRANSFER) {
		struct transfer_info info;

		memset(&info, 0, sizeof(info));
		text_cut(info.say, sizeof(info.say), y->error);
		waiters_wake(e, req->serial, err, &info);
	}
}
