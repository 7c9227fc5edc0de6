/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/wire/rig.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/text.h"

enum { STEP_MS = 500, TRANSFERS_MAX = 256 };

/* ---- what must hold for every event ----------------------------------- */

/* What was last seen of each transfer, by id */
struct track {
	enum refer_state state;
	enum refer_sub sub;
	enum outcome outcome;
	bool seen, retried;
};

static struct track tracks[TRANSFERS_MAX];
static bool call_ended[TRANSFERS_MAX * 4];

static void clean(const char *what, const char *s)
{
	if (!text_is_clean(s))
		wire_fail("%s is not clean: %s", what, s);
}

/* How far a state is; 9: final */
static int rank(enum refer_state s)
{
	switch (s) {
	case REFER_IDLE:
		return 0;
	case REFER_REQUESTED:
		return 1;
	case REFER_ACCEPTED:
		return 2;
	case REFER_TRYING:
		return 3;
	case REFER_ALERTED:
		return 4;
	default:
		return 9;
	}
}

static void check_transfer(const struct transfer_info *t)
{
	struct track *k;

	clean("transfer.target", t->target);
	clean("transfer.text", t->text);
	clean("transfer.say", t->say);
	wire_assert(t->id > 0 && t->id < TRANSFERS_MAX);
	wire_assert(t->state < REFER_STATE_COUNT && t->sub < SUB_COUNT &&
		    t->outcome < OUTCOME_COUNT);
	k = &tracks[t->id];

	if (k->outcome != OUTCOME_NONE)
		wire_fail("transfer %u: an event after its outcome", t->id);
	if (k->seen && rank(t->state) < rank(k->state)) {
		/* the other form of the target's address, once (X10) */
		bool again = t->kind != KIND_BLIND && !k->retried &&
			     rank(t->state) <= rank(REFER_REQUESTED);

		if (!again)
			wire_fail("transfer %u: from %s back to %s", t->id,
				  refer_state_name(k->state),
				  refer_state_name(t->state));
		k->retried = true;
	} else if (k->seen && rank(k->state) == 9 && t->state != k->state) {
		wire_fail("transfer %u: %s was final, now %s", t->id,
			  refer_state_name(k->state),
			  refer_state_name(t->state));
	} else if (k->seen && t->sub == SUB_NONE && t->kind != KIND_BLIND &&
		   !k->retried) {
		k->retried = k->sub != SUB_NONE;
	} else if (k->seen && t->sub < k->sub) {
		wire_fail("transfer %u: subscription from %s back to %s", t->id,
			  refer_sub_name(k->sub), refer_sub_name(t->sub));
	}
	k->seen = true;
	k->state = t->state;
	k->sub = t->sub;
	k->outcome = t->outcome;
}

static void check_reply(struct rig *r, const struct reply_info *y)
{
	clean("reply.command", y->command);
	clean("reply.error", y->error);
	for (unsigned i = 0; i < r->serialc; i++) {
		if (r->serials[i] != y->serial)
			continue;
		if (++r->replies[i] > 1)
			wire_fail("request %u (%s): a second reply", y->serial,
				  y->command);
		if ((y->err == 0) != (y->error[0] == '\0'))
			wire_fail("reply to %s: err %d but \"%s\"", y->command,
				  y->err, y->error);
		return;
	}
	/* a worker of the test asked by itself */
	if (y->serial >= RIG_FOREIGN)
		return;
	wire_fail("a reply to no request: %u %s", y->serial, y->command);
}

static void check_call(const struct call_info *c)
{
	clean("call.peer", c->peer);
	clean("call.local", c->local);
	clean("call.name", c->name);
	clean("call.referred_by", c->referred_by);
	clean("call.contacts", c->contacts);
	clean("call.text", c->text);
	wire_assert(c->id > 0 && c->id < TRANSFERS_MAX * 4);
	if (call_ended[c->id])
		wire_fail("call %u: an event after its end", c->id);
	call_ended[c->id] = c->state == CALL_ENDED;
}

static void check(struct rig *r, const struct event *ev)
{
	if (r->stopped)
		wire_fail("an event after the last");
	switch (ev->type) {
	case EV_HELLO:
		r->listenc = ev->u.hello.listenc;
		memcpy(r->listen, ev->u.hello.listen, sizeof(r->listen));
		break;
	case EV_CALL:
		check_call(&ev->u.call);
		break;
	case EV_TRANSFER:
		check_transfer(&ev->u.transfer);
		break;
	case EV_REPLY:
		check_reply(r, &ev->u.reply);
		break;
	case EV_ACCOUNT:
		clean("account.aor", ev->u.account.aor);
		clean("account.text", ev->u.account.text);
		break;
	case EV_REFERRED:
		clean("referred.target", ev->u.referred.target);
		clean("referred.by", ev->u.referred.by);
		break;
	case EV_LOG:
		clean("log.tag", ev->u.log.tag);
		clean("log.text", ev->u.log.text);
		break;
	case EV_STOPPED:
		r->stopped = true;
		break;
	default:
		break;
	}
}

static void note(const struct event *ev)
{
	const struct transfer_info *t = &ev->u.transfer;
	const struct call_info *c = &ev->u.call;
	const struct account_info *a = &ev->u.account;
	const char *out;

	switch (ev->type) {
	case EV_TRANSFER:
		out = outcome_name(t->outcome);
		ladder_add("     ** transfer %u: %s sub=%s %s %u \"%s\" say "
			   "\"%s\"",
			   t->id, refer_state_name(t->state),
			   refer_sub_name(t->sub), out ? out : "-", t->code,
			   t->text, t->say);
		break;
	case EV_CALL:
		ladder_add("     ** call %u: %s%s%s %u \"%s\"", c->id,
			   call_state_name(c->state),
			   c->remote_hold ? " (holds us)" : "",
			   c->consult_of ? " (consult)" : "", c->code, c->text);
		break;
	case EV_ACCOUNT:
		ladder_add("     ** account %u: %s %u \"%s\" expires %u", a->id,
			   account_state_name(a->state), a->code, a->text,
			   a->expires);
		break;
	case EV_REPLY:
		if (strcmp(ev->u.reply.command, request_name(REQ_NOP)) ||
		    ev->u.reply.err)
			ladder_add("     ** reply %u %s: %d %s",
				   ev->u.reply.serial, ev->u.reply.command,
				   ev->u.reply.err, ev->u.reply.error);
		break;
	case EV_LOG:
		ladder_add("     ** log %s: %s", ev->u.log.tag, ev->u.log.text);
		break;
	case EV_REFERRED:
		ladder_add("     ** referred %u to %s", ev->u.referred.id,
			   ev->u.referred.target);
		break;
	case EV_STOPPED:
		ladder_add("     ** stopped");
		break;
	default:
		break;
	}
}

static void take(void *arg)
{
	struct rig *r = arg;

	while (!r->stopped) {
		struct rig_ev *n = calloc(1, sizeof(*n));

		if (!n)
			abort();
		if (engine_take(r->e, &n->ev)) {
			free(n);
			return;
		}
		*r->tail = n;
		r->tail = &n->next;
		note(&n->ev);
		check(r, &n->ev);
	}
	/* nothing may come behind the last */
	peers_watch(-1, NULL, NULL);
}

/* ---- one case --------------------------------------------------------- */

static bool has_hello(void *arg)
{
	return ((struct rig *)arg)->listenc > 0;
}

const char *rig_addr(const struct rig *r, const char *kind)
{
	for (unsigned i = 0; i < r->listenc; i++) {
		bool v6 = strchr(r->listen[i], '[') != NULL;

		if (!strncmp(r->listen[i], kind, strlen(kind)) &&
		    v6 == ((r->flags & RIG_V6) != 0))
			return r->listen[i];
	}
	wire_fail("the engine does not listen on %s", kind);
}

const char *rig_uri(const struct rig *r, const char *user, const char *kind)
{
	static char uri[160];

	snprintf(uri, sizeof(uri), "sip:%s@%s%s", user, rig_addr(r, kind) + 4,
		 !strncmp(kind, "tcp", 3) ? ";transport=tcp" : "");
	return uri;
}

struct peer *rig_peer(struct rig *r, const char *name, enum peer_kind kind)
{
	struct peer *p =
		peer_new(name, kind, r->flags & RIG_V6 ? "::1" : "127.0.0.1");

	peer_aim(p, rig_addr(r, kind == PEER_TCP ? "tcp:" : "udp:"));
	return p;
}

static void rig_start(struct rig *r)
{
	static const char *const v4[] = {"udp:127.0.0.1:0", "tcp:127.0.0.1:0",
					 "tls:127.0.0.1:0"};
	static const char *const v6[] = {"udp:[::1]:0", "tcp:[::1]:0",
					 "tls:[::1]:0"};
	struct engine_prm prm = {
		.listenv = r->flags & RIG_V6 ? v6 : v4,
		.listenc = r->flags & RIG_UDP ? 1 : 3,
		.software = "cordpair-test",
		.user = "cordpair",
		.accept_refer = (r->flags & RIG_BANK) != 0,
	};
	char why[256] = "";
	int err = engine_new(&r->e, &prm, why, sizeof(why));

	if (err)
		wire_fail("engine_new: %d %s", err, why);
	peers_watch(engine_event_fd(r->e), take, r);
	/* test_quit.c proves that the hello comes without a request */
	(void)rig_post(r, &(struct request){.type = REQ_NOP});
	if (!peers_until(has_hello, r))
		wire_fail("no hello");

	r->b = rig_peer(r, "b", r->flags & RIG_TCP ? PEER_TCP : PEER_UDP);
	r->c = rig_peer(r, "c", r->flags & RIG_TCP ? PEER_TCP : PEER_UDP);
	r->d = rig_peer(r, "d", PEER_UDP);
	r->b->autos = r->c->autos = r->d->autos = 0;
	rig_option(r, EOPT_RETURN_ON_FAIL, !(r->flags & RIG_KEEP), "");

	if (r->flags & RIG_ACCOUNT) {
		struct request req = {.type = REQ_ACCOUNT};
		struct account_prm *a = &req.u.account;

		snprintf(a->aor, sizeof(a->aor), "sip:100@%s:%u", r->b->host,
			 r->b->port);
		snprintf(a->auth_user, sizeof(a->auth_user), "100");
		snprintf(a->password, sizeof(a->password), "secret");
		if (r->flags & RIG_OUT)
			a->refer_mode = REFER_MODE_OUT;
		r->account = rig_do(r, &req);
	}
}

static bool is_stopped(void *arg)
{
	return ((struct rig *)arg)->stopped;
}

static void stop(struct rig *r)
{
	struct request req = {.type = REQ_STOP};

	for (struct peer *p = peers_first(); p; p = p->next)
		p->autos |= AUTO_ANY;
	if (!r->stopping)
		(void)rig_post(r, &req);
	if (!peers_until(is_stopped, r))
		wire_fail("the engine does not stop");
}

/* The end of a case that went well so far */
static void rig_finish(struct rig *r)
{
	if (!r->stopped)
		rig_sync(r);
	if (!(r->flags & RIG_LAX)) {
		for (struct peer *p = peers_first(); p; p = p->next)
			peer_done(p);
	}
	if (!r->stopped)
		stop(r);
	for (unsigned i = 0; i < r->serialc; i++) {
		if (r->replies[i] != 1)
			wire_fail("request %u had %u replies", r->serials[i],
				  r->replies[i]);
	}
	for (unsigned i = 0; i < TRANSFERS_MAX; i++) {
		if (tracks[i].seen && tracks[i].outcome == OUTCOME_NONE)
			wire_fail("transfer %u never had an outcome", i);
	}
	for (const struct rig_ev *n = r->evs; n; n = n->next) {
		if (n->ev.type == EV_CALL && !call_ended[n->ev.u.call.id])
			wire_fail("call %u never ended", n->ev.u.call.id);
	}
}

static struct rig *current;

static void wire_run(void **state)
{
	const struct wcase *wc = *state;
	struct rig *r = calloc(1, sizeof(*r));

	if (!r)
		abort();
	current = r;
	r->flags = wc->flags;
	r->tail = &r->evs;
	memset(tracks, 0, sizeof(tracks));
	memset(call_ended, 0, sizeof(call_ended));
	ladder_clear();
	if (r->flags & RIG_NONE) {
		wc->fn(r);
	} else {
		rig_start(r);
		wc->fn(r);
		rig_finish(r);
	}
	r->passed = true;
}

static int wire_teardown(void **state)
{
	struct rig *r = current;

	(void)state;
	peers_watch(-1, NULL, NULL);
	if (!r)
		return 0;
	engine_free(r->e);
	while (peers_first())
		peer_free(peers_first());
	while (r->evs) {
		struct rig_ev *n = r->evs;

		r->evs = n->next;
		free(n);
	}
	free(r->serials);
	free(r->replies);
	free(r);
	current = NULL;
	return 0;
}

int wire_main(const char *group, const struct wcase *cases, size_t n, int argc,
	      char **argv)
{
	struct CMUnitTest *tests = calloc(n, sizeof(*tests));
	int failed;

	if (!tests)
		abort();
	(void)signal(SIGPIPE, SIG_IGN);
	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	for (size_t i = 0; i < n; i++) {
		tests[i].name = cases[i].name;
		tests[i].test_func = wire_run;
		tests[i].teardown_func = wire_teardown;
		/* cmocka hands it back, it does not write to it */
		memcpy(&tests[i].initial_state, &(const void *){&cases[i]},
		       sizeof(void *));
	}
	failed = _cmocka_run_group_tests(group, tests, n, NULL, NULL);
	free(tests);
	return failed;
}

/* ---- requests --------------------------------------------------------- */

uint32_t rig_post(struct rig *r, const struct request *req)
{
	struct request copy = *req;
	int err;

	copy.serial = engine_serial(r->e);
	r->serials = realloc(r->serials, (r->serialc + 1) * sizeof(uint32_t));
	r->replies = realloc(r->replies, (r->serialc + 1) * sizeof(unsigned));
	if (!r->serials || !r->replies)
		abort();
	r->serials[r->serialc] = copy.serial;
	r->replies[r->serialc] = 0;
	++r->serialc;
	if (copy.type != REQ_NOP)
		ladder_add("     => %s %u %u %s", request_name(copy.type),
			   copy.id, copy.id2,
			   copy.type == REQ_ACCOUNT ? copy.u.account.aor
						    : copy.u.text);
	err = engine_post(r->e, &copy);
	if (err)
		wire_fail("engine_post: %s", strerror(err));
	if (copy.type == REQ_STOP)
		r->stopping = true;
	return copy.serial;
}

struct reply_want {
	struct rig *r;
	uint32_t serial;
	const struct reply_info *y;
};

static bool reply_came(void *arg)
{
	struct reply_want *w = arg;

	for (const struct rig_ev *n = w->r->evs; n; n = n->next) {
		if (n->ev.type == EV_REPLY &&
		    n->ev.u.reply.serial == w->serial) {
			w->y = &n->ev.u.reply;
			return true;
		}
	}
	return false;
}

const struct reply_info *rig_reply(struct rig *r, uint32_t serial)
{
	struct reply_want w = {.r = r, .serial = serial};

	if (!peers_until(reply_came, &w))
		wire_fail("no reply to request %u", serial);
	return w.y;
}

uint32_t rig_do(struct rig *r, const struct request *req)
{
	const struct reply_info *y = rig_reply(r, rig_post(r, req));

	if (y->err)
		wire_fail("%s was refused: %s (%s)", y->command, y->error,
			  strerror(y->err));
	return y->id;
}

int rig_refused(struct rig *r, const struct request *req)
{
	const struct reply_info *y = rig_reply(r, rig_post(r, req));

	if (!y->err)
		wire_fail("%s was taken", y->command);
	return y->err;
}

static struct request request_of(enum req_type type, uint32_t id,
				 const char *text)
{
	struct request req = {.type = type, .id = id};

	if (text)
		snprintf(req.u.text, sizeof(req.u.text), "%s", text);
	return req;
}

uint32_t rig_req(struct rig *r, enum req_type type, uint32_t id,
		 const char *text)
{
	struct request req = request_of(type, id, text);

	return rig_do(r, &req);
}

int rig_req_refused(struct rig *r, enum req_type type, uint32_t id,
		    const char *text)
{
	struct request req = request_of(type, id, text);

	return rig_refused(r, &req);
}

void rig_option(struct rig *r, enum engine_option opt, uint32_t value,
		const char *text)
{
	struct request req = request_of(REQ_OPTION, 0, text);

	req.option = opt;
	req.value = value;
	(void)rig_do(r, &req);
}

/* ---- events ----------------------------------------------------------- */

struct ev_want {
	struct rig *r;
	uint32_t id;
	int state, sub, outcome, code;
	bool consult, incoming;
	const struct rig_ev *n;
};

static void pass_by(struct rig *r, const struct rig_ev *upto, uint32_t id)
{
	for (struct rig_ev *n = r->evs; n; n = n->next) {
		if (n->ev.type == upto->ev.type &&
		    (n->ev.type != EV_TRANSFER || n->ev.u.transfer.id == id) &&
		    (n->ev.type != EV_CALL || n->ev.u.call.id == id))
			n->taken = true;
		if (n == upto)
			return;
	}
}

static bool fits(int got, int want)
{
	return want == ANY || got == want;
}

static bool call_came(void *arg)
{
	struct ev_want *w = arg;

	for (const struct rig_ev *n = w->r->evs; n; n = n->next) {
		const struct call_info *c = &n->ev.u.call;

		if (n->ev.type != EV_CALL || n->taken)
			continue;
		if (w->consult ? c->consult_of != w->id
			       : (w->id && c->id != w->id))
			continue;
		if (!fits((int)c->state, w->state))
			continue;
		if (w->incoming &&
		    (c->dir != CALL_IN ||
		     rig_call_now(w->r, c->id)->state != CALL_RINGING))
			continue;
		w->n = n;
		return true;
	}
	return false;
}

const struct call_info *rig_incoming(struct rig *r)
{
	struct ev_want w = {.r = r, .state = CALL_RINGING, .incoming = true};

	if (!peers_until(call_came, &w))
		wire_fail("no incoming call rings");
	pass_by(r, w.n, w.n->ev.u.call.id);
	return &w.n->ev.u.call;
}

const struct call_info *rig_call(struct rig *r, uint32_t id, int state)
{
	struct ev_want w = {.r = r, .id = id, .state = state};

	if (!peers_until(call_came, &w))
		wire_fail("call %u does not become %s", id,
			  call_state_name((enum call_state)state));
	pass_by(r, w.n, w.n->ev.u.call.id);
	return &w.n->ev.u.call;
}

const struct call_info *rig_consult_call(struct rig *r, uint32_t caller)
{
	struct ev_want w = {
		.r = r, .id = caller, .state = ANY, .consult = true};

	if (!peers_until(call_came, &w))
		wire_fail("no consult call for call %u", caller);
	pass_by(r, w.n, w.n->ev.u.call.id);
	return &w.n->ev.u.call;
}

const struct call_info *rig_call_now(struct rig *r, uint32_t id)
{
	const struct call_info *c = NULL;

	peers_serve(0);
	for (const struct rig_ev *n = r->evs; n; n = n->next) {
		if (n->ev.type == EV_CALL && n->ev.u.call.id == id)
			c = &n->ev.u.call;
	}
	return c;
}

static bool call_is(void *arg)
{
	const struct ev_want *w = arg;
	const struct call_info *c = rig_call_now(w->r, w->id);

	return c && (int)c->state == w->state;
}

const struct call_info *rig_call_is(struct rig *r, uint32_t id, int state)
{
	struct ev_want w = {.r = r, .id = id, .state = state};

	if (!peers_until(call_is, &w))
		wire_fail("call %u is not %s", id,
			  call_state_name((enum call_state)state));
	return rig_call_now(r, id);
}

static bool transfer_came(void *arg)
{
	struct ev_want *w = arg;

	for (const struct rig_ev *n = w->r->evs; n; n = n->next) {
		const struct transfer_info *t = &n->ev.u.transfer;

		if (n->ev.type != EV_TRANSFER || n->taken)
			continue;
		if ((w->id && t->id != w->id) ||
		    !fits((int)t->state, w->state) ||
		    !fits((int)t->sub, w->sub) ||
		    !fits((int)t->outcome, w->outcome) ||
		    !fits((int)t->code, w->code))
			continue;
		w->n = n;
		return true;
	}
	return false;
}

const struct transfer_info *rig_transfer(struct rig *r, uint32_t id, int state,
					 int sub, int outcome, int code)
{
	struct ev_want w = {.r = r,
			    .id = id,
			    .state = state,
			    .sub = sub,
			    .outcome = outcome,
			    .code = code};
	const char *out;

	if (peers_until(transfer_came, &w)) {
		pass_by(r, w.n, w.n->ev.u.transfer.id);
		return &w.n->ev.u.transfer;
	}
	out = outcome > 0 ? outcome_name((enum outcome)outcome) : "-";
	wire_fail("no event: transfer %u state=%s sub=%s outcome=%s code=%d",
		  id,
		  state == ANY ? "any"
			       : refer_state_name((enum refer_state)state),
		  sub == ANY ? "any" : refer_sub_name((enum refer_sub)sub),
		  outcome == ANY ? "any" : out, code);
}

const struct transfer_info *rig_transfer_now(struct rig *r, uint32_t id)
{
	const struct transfer_info *t = NULL;

	peers_serve(0);
	for (const struct rig_ev *n = r->evs; n; n = n->next) {
		if (n->ev.type == EV_TRANSFER && n->ev.u.transfer.id == id)
			t = &n->ev.u.transfer;
	}
	return t;
}

bool rig_has_outcome(struct rig *r, uint32_t id)
{
	const struct transfer_info *t = rig_transfer_now(r, id);

	return t && t->outcome != OUTCOME_NONE;
}

static bool outcome_came(void *arg)
{
	const struct ev_want *w = arg;

	return rig_has_outcome(w->r, w->id);
}

const struct transfer_info *rig_outcome(struct rig *r, uint32_t id,
					enum outcome outcome)
{
	struct ev_want w = {.r = r, .id = id};
	const struct transfer_info *t;

	if (!peers_until(outcome_came, &w))
		wire_fail("transfer %u has no outcome (%s expected)", id,
			  outcome_name(outcome));
	t = rig_transfer_now(r, id);
	if (t->outcome != outcome)
		wire_fail("transfer %u ended %s instead of %s", id,
			  outcome_name(t->outcome), outcome_name(outcome));
	return t;
}

unsigned rig_transfer_count(struct rig *r, uint32_t id)
{
	unsigned n = 0;

	peers_serve(0);
	for (const struct rig_ev *v = r->evs; v; v = v->next)
		n += v->ev.type == EV_TRANSFER && v->ev.u.transfer.id == id;
	return n;
}

const struct account_info *rig_account_now(struct rig *r, uint32_t id)
{
	const struct account_info *a = NULL;

	peers_serve(0);
	for (const struct rig_ev *n = r->evs; n; n = n->next) {
		if (n->ev.type == EV_ACCOUNT && n->ev.u.account.id == id)
			a = &n->ev.u.account;
	}
	return a;
}

static bool account_is(void *arg)
{
	const struct ev_want *w = arg;
	const struct account_info *a = rig_account_now(w->r, w->id);

	return a && (int)a->state == w->state;
}

const struct account_info *rig_account(struct rig *r, uint32_t id, int state)
{
	struct ev_want w = {.r = r, .id = id, .state = state};

	if (!peers_until(account_is, &w))
		wire_fail("account %u is not %s", id,
			  account_state_name((enum account_state)state));
	return rig_account_now(r, id);
}

unsigned rig_account_count(struct rig *r, uint32_t id, int state)
{
	unsigned n = 0;

	peers_serve(0);
	for (const struct rig_ev *v = r->evs; v; v = v->next)
		n += v->ev.type == EV_ACCOUNT && v->ev.u.account.id == id &&
		     (int)v->ev.u.account.state == state;
	return n;
}

const struct rig_ev *rig_events(struct rig *r)
{
	peers_serve(0);
	return r->evs;
}

/* ---- time ------------------------------------------------------------- */

void rig_sync(struct rig *r)
{
	struct request req = {.type = REQ_NOP};

	/* a round of the loop reads first and fires timers then; what our
	 * peers answered by themselves meanwhile needs a round of its own */
	for (unsigned i = 0; i < 3; i++)
		(void)rig_reply(r, rig_post(r, &req));
	peers_serve(0);
	for (unsigned i = 0; i < 2; i++)
		(void)rig_reply(r, rig_post(r, &req));
	peers_serve(0);
}

void rig_leap(struct rig *r, uint64_t ms)
{
	ladder_add("     .. %llu ms pass", (unsigned long long)ms);
	clock_advance(ms);
	rig_sync(r);
}

void rig_pass(struct rig *r, uint64_t ms)
{
	struct request req = {.type = REQ_NOP};

	ladder_add("     .. %llu ms pass", (unsigned long long)ms);
	while (ms) {
		uint64_t step = ms > STEP_MS ? STEP_MS : ms;

		clock_advance(step);
		ms -= step;
		for (unsigned i = 0; i < 2; i++)
			(void)rig_reply(r, rig_post(r, &req));
		peers_serve(0);
	}
	rig_sync(r);
}

/* ---- calls ------------------------------------------------------------ */

static void answer(struct peer *p, struct leg *d, const struct call_prm *prm)
{
	const struct sipmsg *m = peer_expect(p, "INVITE");

	leg_from(d, p, m);
	if (prm && prm->contact)
		snprintf(d->contact, sizeof(d->contact), "%s", prm->contact);
	if (prm && prm->extra)
		snprintf(d->extra, sizeof(d->extra), "%s", prm->extra);
	leg_reply(d, m, 180, "Ringing", NULL);
	leg_reply(d, m, 200, "OK", "sendrecv");
	m = peer_expect(p, "ACK");
	wire_assert(m->cseq == d->rcseq);
}

uint32_t rig_call_up_prm(struct rig *r, struct peer *p, struct leg *d,
			 const struct call_prm *prm)
{
	uint32_t id =
		rig_req(r, REQ_DIAL, prm ? prm->account : 0,
			prm && prm->uri ? prm->uri : peer_uri(p, p->name));

	answer(p, d, prm);
	(void)rig_call_is(r, id, CALL_TALKING);
	return id;
}

uint32_t rig_call_up(struct rig *r, struct peer *p, struct leg *d)
{
	struct call_prm prm = {.account = r->account};

	return rig_call_up_prm(r, p, d, &prm);
}

uint32_t rig_call_in(struct rig *r, struct peer *p, struct leg *d,
		     const char *extra)
{
	const struct call_info *c;
	const struct sipmsg *m;
	uint32_t cseq, id;

	leg_to(d, p,
	       rig_uri(r, "cordpair", p->kind == PEER_TCP ? "tcp:" : "udp:"));
	cseq = leg_invite(d, extra, "sendrecv");
	c = rig_incoming(r);
	id = c->id;
	(void)rig_req(r, REQ_ANSWER, id, NULL);
	m = peer_expect_answer(p, "INVITE", cseq, 200);
	leg_learn(d, m);
	leg_ack(d);
	(void)rig_call_is(r, id, CALL_TALKING);
	return id;
}

/* Does the peer answer a re-INVITE by itself? */
static bool by_itself(const struct leg *d)
{
	return (d->p->autos & AUTO_REINVITE) != 0;
}

static void expect_reinvite(struct leg *d, bool hold)
{
	const struct sipmsg *m = peer_expect(d->p, "INVITE");
	const char *dir = sdp_dir(m);

	if (strcmp(m->callid, d->callid) || strcmp(m->to_tag, d->ltag))
		wire_fail("%s: INVITE of another dialog", d->p->name);
	if (hold ? strcmp(dir, "sendonly") && strcmp(dir, "inactive")
		 : strcmp(dir, "sendrecv") && strcmp(dir, "recvonly"))
		wire_fail("%s: re-INVITE with %s", d->p->name, dir);
	d->ack_cseq = m->cseq;
	leg_reply(d, m, 200, "OK", sdp_flip(dir));
}

void leg_expect_hold(struct leg *d)
{
	expect_reinvite(d, true);
}

void leg_expect_resume(struct leg *d)
{
	expect_reinvite(d, false);
}

/* ---- transfers -------------------------------------------------------- */

void ref_take(struct leg *d, struct ref *ref, uint32_t id)
{
	ref->m = peer_expect(d->p, "REFER");
	ref->id = id;
	snprintf(ref->event, sizeof(ref->event), "refer;id=%u", ref->m->cseq);
}

void rig_refer(struct rig *r, uint32_t call, struct leg *d, const char *target,
	       struct ref *ref)
{
	bool held = rig_call_now(r, call)->state == CALL_HELD;
	uint32_t id = rig_req(r, REQ_TRANSFER, call, target);

	if (!held && !by_itself(d))
		leg_expect_hold(d);
	ref_take(d, ref, id);
}

void rig_refer_202(struct rig *r, uint32_t call, struct leg *d,
		   const char *target, struct ref *ref)
{
	rig_refer(r, call, d, target, ref);
	ref_reply(d, ref, 202, "Accepted", NULL);
	(void)rig_transfer(r, ref->id, REFER_ACCEPTED, ANY, ANY, 202);
}

void ref_reply(struct leg *d, struct ref *ref, unsigned code,
	       const char *reason, const char *extra)
{
	char hdrs[600];

	snprintf(hdrs, sizeof(hdrs), "Contact: %s\r\n%s", d->contact,
		 extra ? extra : "");
	peer_reply(d->p, ref->m, code, reason, hdrs);
}

void ref_notify(struct leg *d, const struct ref *ref, unsigned code,
		const char *reason, const char *substate)
{
	char body[256];

	snprintf(body, sizeof(body), "SIP/2.0 %u %s\r\n", code, reason);
	leg_notify_ok(d, ref->event, substate, code ? body : NULL);
}

void rig_goes_well(struct rig *r, uint32_t call, const struct ref *ref)
{
	leg_expect_bye(&r->lb, 200);
	(void)rig_outcome(r, ref->id, OUTCOME_SUCCEEDED);
	(void)rig_call_is(r, call, CALL_ENDED);
}

void rig_call_alive(struct rig *r, uint32_t call)
{
	enum call_state state;

	rig_sync(r);
	peer_none(r->b, "BYE");
	state = rig_call_now(r, call)->state;
	if (state != CALL_TALKING && state != CALL_HELD)
		wire_fail("call %u is %s", call, call_state_name(state));
	(void)rig_req(r, REQ_HANGUP, call, NULL);
	leg_expect_bye(&r->lb, 200);
	(void)rig_call_is(r, call, CALL_ENDED);
}

uint32_t rig_consult_up(struct rig *r, uint32_t call, struct leg *db,
			struct peer *c, struct leg *dc,
			const struct call_prm *prm)
{
	bool held = rig_call_now(r, call)->state == CALL_HELD;
	uint32_t id;

	(void)rig_req(r, REQ_CONSULT, call,
		      prm && prm->uri ? prm->uri : peer_uri(c, c->name));
	if (!held && !by_itself(db))
		leg_expect_hold(db);
	id = rig_consult_call(r, call)->id;
	answer(c, dc, prm);
	(void)rig_call_is(r, id, CALL_TALKING);
	wire_assert(rig_call_now(r, call)->state == CALL_HELD);
	return id;
}

void rig_complete(struct rig *r, uint32_t call, struct leg *db, struct leg *dc,
		  struct ref *ref)
{
	uint32_t id = rig_req(r, REQ_COMPLETE, call, NULL);

	if (!by_itself(dc))
		leg_expect_hold(dc);
	ref_take(db, ref, id);
}
