/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sip/engine.h"

#include <errno.h>
#include <openssl/rand.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/post.h"
#include "sip/priv.h"
#include "sip/refer_priv.h"

/*
 * The SIP thread.  libre_init() and everything of libre happens here; requests
 * come up through one pipe, events leave by another, and nothing waits.
 *
 * Stopping is paced: a thousand BYEs at once would overflow the UDP buffer.
 *
 *   RUNNING ──REQ_STOP──► CALLS (BYE, 64 each 5 ms) ──none left──►
 *   ACCOUNTS (REGISTER Expires 0) ──answered──► CLOSED
 *        └───────────── 1.8 s after REQ_STOP at the latest ──────► CLOSED
 */

enum {
	TAKE_MAX = 64,          /* requests in a row before others' turn */
	FDS_MAX = 32768,
	STOP_LIMIT_MS = 1800,
	PACE_MS = 5,
	PACE_CALLS = 64,
};

struct start {
	struct engine *e;
	const struct engine_prm *prm;
	char *why;
	unsigned size;
	int err;
	bool done;
	pthread_mutex_t lock;
	pthread_cond_t cond;
};

/* ---- events up --------------------------------------------------------- */

static void on_up_writable(int flags, void *arg);

static void arm_up(struct engine *e, bool waiting)
{
	const int fd = post_write_fd(e->up);

	if (waiting == e->up_armed)
		return;
	e->up_armed = waiting;
	if (waiting)
		(void)RC_FD_LISTEN(&e->fd_up, fd, FD_WRITE, on_up_writable, e);
	else
		RC_FD_CLOSE(&e->fd_up, fd);
}

static void on_up_writable(int flags, void *arg)
{
	struct engine *e = arg;
	struct event ev;

	(void)flags;
	ASSERT_SIP();

	if (post_flush(e->up))
		return;
	arm_up(e, false);
	memset(&ev, 0, sizeof(ev));
	ev.u.dropped = post_dropped(e->up);
	if (ev.u.dropped) {
		ev.type = EV_DROPPED;
		engine_publish(e, &ev);
	}
}

void engine_publish(struct engine *e, struct event *ev)
{
	ASSERT_SIP();

	ev->t = clock_since_start();
	arm_up(e, post_put(e->up, ev));
}

static void on_log(enum log_level level, const char *tag, const char *text,
		   void *arg)
{
	struct engine *e = arg;
	struct event ev;

	memset(&ev, 0, sizeof(ev));
	ev.type = EV_LOG;
	ev.u.log.level = (int)level;
	text_cut(ev.u.log.tag, sizeof(ev.u.log.tag), tag);
	text_cut(ev.u.log.text, sizeof(ev.u.log.text), text);
	engine_publish(e, &ev);
}

/* ---- requests down ----------------------------------------------------- */

struct call *engine_call(struct engine *e, uint32_t id)
{
	struct le *le;

	for (le = e->calls.tail; le; le = le->prev) {
		struct call *c = le->data;

		if (c->info.id == id)
			return c;
	}
	return NULL;
}

struct ask {
	struct engine *e;
	const struct request *req;
	struct call *call;       /* of req->id, where the row says so   */
	uint32_t id;             /* out: what was made                  */
	char why[TEXT_MAX];      /* out: on error                       */
};

static int refuse(struct ask *a, int err, const char *why)
{
	text_cut(a->why, sizeof(a->why), why);
	return err;
}

static int ask_nop(struct ask *a)
{
	(void)a;
	return 0;
}

static void on_stop_limit(void *arg);
static void on_pace(void *arg);

static int ask_stop(struct ask *a)
{
	struct engine *e = a->e;

	if (e->stopping)
		return 0;
	e->stopping = true;
	e->stop_at = clock_ms();
	refers_stop(e);
	tmr_start(&e->tmr_stop, STOP_LIMIT_MS, on_stop_limit, e);
	tmr_start(&e->tmr_pace, 0, on_pace, e);
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
		err = text_copy(e->tls_ca, sizeof(e->tls_ca), req->u.text);
		return err ? err : tls_configure(e, a->why, sizeof(a->why));
	case EOPT_TLS_CERT:
		err = text_copy(e->tls_cert, sizeof(e->tls_cert), req->u.text);
		return err ? err : tls_configure(e, a->why, sizeof(a->why));
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
	err = call_dial(e, acc, uri, NULL, 0, NULL, &c);
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
	int err = call_answer(a->call);

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
	return err;
}

static int ask_transfer(struct ask *a)
{
	return transfer_ask(a->call, a->req, &a->id, a->why, sizeof(a->why));
}

static int ask_consult(struct ask *a)
{
	return consult_ask(a->call, a->req, &a->id, a->why, sizeof(a->why));
}

static int ask_complete(struct ask *a)
{
	return consult_complete(a->call, &a->id, a->why, sizeof(a->why));
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
	bool call;                /* id is a call's and must exist       */
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

static void take_request(struct engine *e, const struct request *req)
{
	struct ask a = {.e = e, .req = req};
	struct event ev;
	int err;

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

	memset(&ev, 0, sizeof(ev));
	ev.type = EV_REPLY;
	ev.u.reply.serial = req->serial;
	ev.u.reply.err = err;
	ev.u.reply.id = a.id;
	text_cut(ev.u.reply.command, sizeof(ev.u.reply.command),
		 request_name(req->type));
	text_clean(ev.u.reply.error, sizeof(ev.u.reply.error), a.why,
		   err ? strlen(a.why) : 0);
	engine_publish(e, &ev);

	if (err && req->type == REQ_TRANSFER) {
		struct transfer_info info;

		memset(&info, 0, sizeof(info));
		text_cut(info.say, sizeof(info.say), ev.u.reply.error);
		waiters_wake(e, req->serial, err, &info);
	}
}

static void on_down_readable(int flags, void *arg)
{
	struct engine *e = arg;
	struct request req;
	unsigned n = 0;

	(void)flags;
	ASSERT_SIP();

	while (n++ < TAKE_MAX && !post_take(e->down, &req)) {
		take_request(e, &req);
		secret_wipe(&req, sizeof(req));
	}
}

/* ---- messages ---------------------------------------------------------- */

static void answer_options(struct stack *st, const struct sip_msg *msg)
{
	(void)sip_treplyf(NULL, NULL, st->sip, msg, false, 200, "OK",
			  "Allow: " SIP_ALLOW "\r\n"
			  "Accept: application/sdp, message/sipfrag\r\n"
			  "Supported: %s\r\n"
			  "Allow-Events: refer\r\n"
			  "Content-Length: 0\r\n\r\n",
			  st->e->accept_refer ? "replaces" : "tdialog");
}

static void answer_unknown(struct stack *st, const struct sip_msg *msg)
{
	const bool known = !pl_strcmp(&msg->met, "INFO") ||
			   !pl_strcmp(&msg->met, "MESSAGE") ||
			   !pl_strcmp(&msg->met, "UPDATE") ||
			   !pl_strcmp(&msg->met, "PRACK") ||
			   !pl_strcmp(&msg->met, "SUBSCRIBE") ||
			   !pl_strcmp(&msg->met, "REGISTER") ||
			   !pl_strcmp(&msg->met, "PUBLISH");

	(void)sip_treplyf(NULL, NULL, st->sip, msg, false, known ? 405 : 501,
			  known ? "Method Not Allowed" : "Not Implemented",
			  "Allow: " SIP_ALLOW "\r\n"
			  "Content-Length: 0\r\n\r\n");
}

/* The bank's phone "login": who asks it for anything must prove himself */
static bool challenged(struct stack *st, const struct sip_msg *msg)
{
	struct engine *e = st->e;
	const struct pl *user = &msg->uri.user;
	char hdrs[1024];

	if (!e->login_user[0] || !pl_strcmp(&msg->met, "ACK") ||
	    !pl_strcmp(&msg->met, "BYE") || !pl_strcmp(&msg->met, "NOTIFY") ||
	    !pl_strcmp(&msg->met, "CANCEL"))
		return false;
	if (!pl_strcmp(&msg->met, "REGISTER"))
		user = &msg->to.uri.user;
	if (pl_strcmp(user, e->login_user))
		return false;
	if (!auth_check(msg, "cordpair", e->login_user, e->login_password,
			e->secret))
		return false;
	if (auth_challenge_print(hdrs, sizeof(hdrs), "cordpair", e->secret))
		hdrs[0] = '\0';
	(void)sip_treplyf(NULL, NULL, st->sip, msg, false, 401, "Unauthorized",
			  "%sContent-Length: 0\r\n\r\n", hdrs);
	return true;
}

static void request_in_dialog(struct stack *st, const struct sip_msg *msg)
{
	struct engine *e = st->e;
	struct call *c;

	if (!pl_strcmp(&msg->met, "NOTIFY")) {
		refer_notify(e, st, msg);
		return;
	}
	if (!pl_strcmp(&msg->met, "SUBSCRIBE")) {
		if (!referred_subscribe(e, st, msg))
			(void)sip_treply(NULL, st->sip, msg, 481,
					 "Subscription Does Not Exist");
		return;
	}
	c = call_of_dialog(e, msg);
	if (!c) {
		(void)sip_treply(NULL, st->sip, msg, 481,
				 "Call/Transaction Does Not Exist");
		return;
	}
	call_request(c, st, msg);
}

bool engine_on_request(struct stack *st, const struct sip_msg *msg)
{
	struct engine *e = st->e;
	struct call *c;

	if (!pl_strcmp(&msg->met, "ACK")) {
		c = call_of_dialog(e, msg);
		if (c)
			call_ack(c, msg);
		else if (e->registrar)
			(void)registrar_request(e->registrar, st, msg);
		return true;
	}
	if (msg->uri.scheme.l == 0 || !pl_isset(&msg->callid) ||
	    !pl_isset(&msg->from.tag)) {
		(void)sip_reply(st->sip, msg, 400,
				"Bad Request (Call-ID or From tag missing)");
		return true;
	}
	if (pl_isset(&msg->to.tag)) {
		if (!call_of_dialog(e, msg) && e->registrar &&
		    registrar_request(e->registrar, st, msg))
			return true;
		if (!challenged(st, msg))
			request_in_dialog(st, msg);
		return true;
	}
	if (!pl_strcmp(&msg->met, "CANCEL")) {
		if (!e->registrar || !registrar_request(e->registrar, st, msg))
			(void)sip_reply(st->sip, msg, 481,
					"Call/Transaction Does Not Exist");
		return true;
	}
	if (challenged(st, msg))
		return true;
	if (e->registrar && registrar_request(e->registrar, st, msg))
		return true;
	if (e->stopping) {
		(void)sip_treply(NULL, st->sip, msg, 503,
				 "Service Unavailable");
		return true;
	}
	if (!pl_strcmp(&msg->met, "INVITE"))
		call_incoming(e, st, msg);
	else if (!pl_strcmp(&msg->met, "OPTIONS"))
		answer_options(st, msg);
	else if (!pl_strcmp(&msg->met, "NOTIFY"))
		refer_notify(e, st, msg);
	else if (!pl_strcmp(&msg->met, "REFER"))
		(void)sip_treply(NULL, st->sip, msg, 403,
				 "Forbidden (REFER outside of a call)");
	else if (!pl_strcmp(&msg->met, "BYE"))
		(void)sip_treply(NULL, st->sip, msg, 481,
				 "Call/Transaction Does Not Exist");
	else
		answer_unknown(st, msg);
	return true;
}

bool engine_on_response(struct stack *st, const struct sip_msg *msg)
{
	struct engine *e = st->e;

	if (!pl_strcmp(&msg->cseq.met, "INVITE") && msg->scode >= 200 &&
	    msg->scode < 300 && call_stray_2xx(e, st, msg))
		return true;
	if (e->registrar && registrar_response(e->registrar, st, msg))
		return true;
	log_debug("sip", "answer %u nobody waits for", msg->scode);
	return true;
}

/* ---- stopping ---------------------------------------------------------- */

static void stop_now(struct engine *e)
{
	tmr_cancel(&e->tmr_stop);
	tmr_cancel(&e->tmr_pace);
	re_cancel();
}

static void on_stop_limit(void *arg)
{
	struct engine *e = arg;

	log_warn("sip", "stopped without waiting for the last answers");
	stop_now(e);
}

static void on_pace(void *arg)
{
	struct engine *e = arg;
	struct le *le = e->calls.head;
	unsigned n = 0;

	while (le && n < PACE_CALLS) {
		struct call *c = le->data;

		le = le->next;
		call_hangup(c);
		n++;
	}
	if (e->calls.head && n == PACE_CALLS) {
		tmr_start(&e->tmr_pace, PACE_MS, on_pace, e);
		return;
	}
	for (le = e->accounts.head; le; le = le->next)
		account_unregister(le->data);
	engine_stop_check(e);
}

static void on_stop_check(void *arg)
{
	struct engine *e = arg;

	if (list_isempty(&e->calls) && list_isempty(&e->ended) &&
	    !accounts_leaving(e) && !refers_leaving(e))
		stop_now(e);
}

void engine_stop_check(struct engine *e)
{
	/* from a timer: the caller may be in the middle of something */
	if (e->stopping && !tmr_isrunning(&e->tmr_pace))
		tmr_start(&e->tmr_pace, 0, on_stop_check, e);
}

/* ---- the thread -------------------------------------------------------- */

static int set_up(struct engine *e, const struct engine_prm *prm, char *why,
		  unsigned size)
{
	int err;

	e->tls_verify = true;
	e->return_on_fail = true;
	e->ring_timeout_s = 180;
	e->transfer_timeout_s = 600;

	err = hash_alloc(&e->calls_ht, 1024);
	if (!err)
		err = hash_alloc(&e->refers_ht, 256);
	if (!err)
		err = tls_open(e);
	if (!err)
		err = resolver_alloc(&e->resolver, "");
	if (err) {
		(void)snprintf(why, size, "cannot start: %s", strerror(err));
		return err;
	}
	err = stacks_open(e, prm->listenv, prm->listenc, why, size);
	if (err)
		return err;
	if (prm->registrar) {
		err = registrar_alloc(&e->registrar, e);
		if (err)
			return err;
	}
	err = RC_FD_LISTEN(&e->fd_down, post_read_fd(e->down), FD_READ,
			   on_down_readable, e);
	return err;
}

static void tear_down(struct engine *e)
{
	tmr_cancel(&e->tmr_stop);
	tmr_cancel(&e->tmr_pace);
	RC_FD_CLOSE(&e->fd_down, post_read_fd(e->down));

	/* transactions that still wait call back now, while all is there */
	stacks_close(e, true);
	refers_flush(e);
	calls_flush(e);
	referreds_flush(e);
	list_flush(&e->accounts);
	e->registrar = mem_deref(e->registrar);
	stacks_close(e, false);
	e->resolver = mem_deref(e->resolver);
	tls_close(e);
	e->calls_ht = mem_deref(e->calls_ht);
	e->refers_ht = mem_deref(e->refers_ht);
}

/* The loop has gone, so here waiting is allowed: for a reader that is late,
 * not for one that sleeps. */
static void last_words(struct engine *e)
{
	const uint64_t until = clock_us() + 2000000;
	struct pollfd pfd = {.fd = post_write_fd(e->up), .events = POLLOUT};

	while (post_flush(e->up) && clock_us() < until)
		(void)poll(&pfd, 1, 100);
}

static void *thread_main(void *arg)
{
	struct start *s = arg;
	struct engine *e = s->e;
	struct event ev;
	int err;

	thread_adopt(THREAD_SIP);
	log_sink(on_log, e);

	quiet_libre();
	err = libre_init();
	if (!err) {
		(void)fd_setsize(FDS_MAX);
		err = set_up(e, s->prm, s->why, s->size);
	}
	if (!err) {
		memset(&ev, 0, sizeof(ev));
		ev.type = EV_HELLO;
		stacks_hello(e, &ev.u.hello);
		engine_publish(e, &ev);
	}

	/* from here on s may be gone */
	(void)pthread_mutex_lock(&s->lock);
	s->err = err;
	s->done = true;
	(void)pthread_cond_signal(&s->cond);
	(void)pthread_mutex_unlock(&s->lock);

	if (!err)
		(void)re_main(NULL);

	tear_down(e);
	waiters_wake(e, 0, ESHUTDOWN, NULL);
	memset(&ev, 0, sizeof(ev));
	ev.type = EV_STOPPED;
	if (!err) {
		engine_publish(e, &ev);
		arm_up(e, false);
		last_words(e);
	}
	log_sink(NULL, NULL);
	libre_close();
	return NULL;
}

/* ---- the handle -------------------------------------------------------- */

static int copy_prm(struct engine *e, const struct engine_prm *prm)
{
	int err;

	e->any_user = prm->any_user;
	e->accept_refer = prm->accept_refer;
	e->trace = prm->trace;
	e->p2p_transport = prm->transport;
	err = text_copy(e->software, sizeof(e->software),
			prm->software ? prm->software
				      : "cordpair/" CORDPAIR_VERSION);
	err |= text_copy(e->user, sizeof(e->user),
			 prm->user ? prm->user : "cordpair");
	err |= text_copy(e->login_user, sizeof(e->login_user),
			 prm->login_user ? prm->login_user : "");
	err |= text_copy(e->login_password, sizeof(e->login_password),
			 prm->login_password ? prm->login_password : "");
	return err ? EOVERFLOW : 0;
}

int engine_new(struct engine **ep, const struct engine_prm *prm, char *why,
	       unsigned size)
{
	struct start s = {.prm = prm, .why = why, .size = size};
	struct engine *e;
	sigset_t all, was;
	int err;

	if (!ep || !prm || !why || !size)
		return EINVAL;
	why[0] = '\0';
	e = calloc(1, sizeof(*e));
	if (!e)
		return ENOMEM;
	waiters_init(e);
	err = copy_prm(e, prm);
	if (!err && RAND_bytes(e->secret, sizeof(e->secret)) != 1)
		err = EIO;
	if (!err)
		err = post_new(&e->down, sizeof(struct request), NULL);
	if (!err)
		err = post_new(&e->up, sizeof(struct event), event_class);
	if (err)
		goto out;

	s.e = e;
	(void)pthread_mutex_init(&s.lock, NULL);
	(void)pthread_cond_init(&s.cond, NULL);
	/* signals are the UI thread's */
	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_BLOCK, &all, &was);
	err = pthread_create(&e->thread, NULL, thread_main, &s);
	(void)pthread_sigmask(SIG_SETMASK, &was, NULL);
	if (err)
		goto out;

	(void)pthread_mutex_lock(&s.lock);
	while (!s.done)
		(void)pthread_cond_wait(&s.cond, &s.lock);
	err = s.err;
	(void)pthread_mutex_unlock(&s.lock);
	(void)pthread_cond_destroy(&s.cond);
	(void)pthread_mutex_destroy(&s.lock);
	if (err)
		(void)pthread_join(e->thread, NULL);
out:
	if (err) {
		if (!why[0])
			(void)snprintf(why, size, "cannot start: %s",
				       strerror(err));
		post_free(e->down);
		post_free(e->up);
		waiters_done(e);
		free(e);
	} else {
		*ep = e;
	}
	return err;
}

int engine_post(struct engine *e, const struct request *req)
{
	return post_send(e->down, req);
}

int engine_event_fd(const struct engine *e)
{
	return post_read_fd(e->up);
}

int engine_take(struct engine *e, struct event *ev)
{
	return post_take(e->up, ev);
}

uint32_t engine_serial(struct engine *e)
{
	return atomic_fetch_add(&e->serial, 1) + 1;
}

void engine_free(struct engine *e)
{
	struct request stop = {.type = REQ_STOP};

	if (!e)
		return;
	(void)engine_post(e, &stop);
	(void)pthread_join(e->thread, NULL);
	post_free(e->down);
	post_free(e->up);
	waiters_done(e);
	secret_wipe(e->login_password, sizeof(e->login_password));
	free(e);
}
