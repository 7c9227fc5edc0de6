/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A referral that is watched: refreshes in time and not too many of them, and
 * one outcome whatever its application does meanwhile. */
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "base/thread.h"
#include "sip/priv.h"
#include "sip/refer.h"
#include "tests/wire/rig.h"

/* ---- little time is granted ---------------------------------------------- */

/* Granted so many seconds again and again, for two minutes */
static void granted(struct rig *r, unsigned expires)
{
	uint32_t call = rig_call_up(r, r->b, &r->lb);
	char state[40], extra[40];
	struct ref ref;
	unsigned n = 0;

	snprintf(state, sizeof(state), "active;expires=%u", expires);
	snprintf(extra, sizeof(extra), "Expires: %u\r\n", expires);
	rig_refer_202(r, call, &r->lb, peer_uri(r->c, "target"), &ref);
	ref_notify(&r->lb, &ref, 180, "Ringing", state);
	for (unsigned s = 0; s < 120; s++) {
		rig_pass(r, 1000);
		if (rig_has_outcome(r, ref.id))
			wire_fail("given up after %u s of %u", s, expires);
		while (peer_peek(r->b, "SUBSCRIBE")) {
			const struct sipmsg *m = peer_expect(r->b, "SUBSCRIBE");

			++n;
			peer_reply(r->b, m, 200, "OK", extra);
			ref_notify(&r->lb, &ref, 180, "Ringing", state);
		}
	}
	if (n == 0 || n > 4)
		wire_fail("%u SUBSCRIBEs in 120 s of %u", n, expires);
	ref_notify(&r->lb, &ref, 200, "OK", TERMINATED);
	rig_goes_well(r, call, &ref);
}

static void granted_30_to_34(struct rig *r)
{
	for (unsigned s = 30; s <= 34; s++)
		granted(r, s);
}

/* A refresh that fails for now: what was granted holds (RFC 6665 4.1.2.2) */
static void refused_for_now(struct rig *r, bool result)
{
	uint32_t call = rig_call_up(r, r->b, &r->lb);
	struct ref ref;

	r->b->autos = AUTO_REINVITE;
	rig_refer_202(r, call, &r->lb, peer_uri(r->c, "target"), &ref);
	ref_notify(&r->lb, &ref, 180, "Ringing", "active;expires=60");
	rig_pass(r, 55000);
	peer_reply(r->b, peer_expect(r->b, "SUBSCRIBE"), 500, "Later", NULL);
	rig_pass(r, 5000);
	wire_assert(!rig_has_outcome(r, ref.id));
	if (result) {
		ref_notify(&r->lb, &ref, 200, "OK", TERMINATED);
		rig_goes_well(r, call, &ref);
		return;
	}
	rig_pass(r, 30000);
	(void)rig_outcome(r, ref.id, OUTCOME_UNKNOWN);
	peer_none(r->b, "SUBSCRIBE");
	rig_call_alive(r, call);
}

static void refused_for_now_then_a_result(struct rig *r)
{
	refused_for_now(r, true);
}

static void refused_for_now_then_nothing(struct rig *r)
{
	refused_for_now(r, false);
}

/* ---- from inside a handler ----------------------------------------------- */

enum act { ACT_HANGUP, ACT_HANGUP_C, ACT_UNWATCH, ACT_TRANSFER, ACT_COUNT };

static const char *const act_names[] = {"hangup", "hangup of C", "terminate",
					"transfer"};

/* What the test does with b after the REFER */
enum way { WAY_SUCCEEDS, WAY_FAILS, WAY_REJECTED, WAY_NO_ANSWER };

/* one referral and what its handler does the first time it is in a state */
struct appl {
	struct refer_status *rs, *next;
	uint32_t call, consult;
	char target[64];
	enum act act;
	enum refer_state at;
	bool acted, release;
	int begin_err;
	_Atomic unsigned donec; /* read while the SIP thread runs */
	_Atomic unsigned next_donec;
};

static void on_next_done(struct refer_status *rs, void *arg)
{
	struct appl *a = arg;

	(void)rs;
	a->next_donec++;
}

static void act(struct appl *a, struct engine *e)
{
	struct refer_prm prm = {.target = a->target};
	struct call *c =
		engine_call(e, a->act == ACT_HANGUP_C ? a->consult : a->call);
	char why[TEXT_MAX];

	switch (a->act) {
	case ACT_HANGUP:
	case ACT_HANGUP_C:
		if (c)
			call_hangup(c);
		break;
	case ACT_UNWATCH:
		(void)refer_terminate_subscription(a->rs);
		break;
	default:
		if (!c || refer_status_new(&a->next, e))
			break;
		if (refer_begin(c, a->next, &prm, on_next_done, a, why,
				sizeof(why)))
			a->next = mem_deref(a->next);
		break;
	}
}

static struct engine *the_engine;

static void on_state(struct refer_status *rs, enum refer_state was,
		     enum refer_state is, void *arg)
{
	struct appl *a = arg;

	(void)rs;
	(void)was;
	if (is != a->at || a->acted)
		return;
	a->acted = true;
	act(a, the_engine);
}

static void on_done(struct refer_status *rs, void *arg)
{
	struct appl *a = arg;

	(void)rs;
	a->donec++;
}

static void begin(struct engine *e, void *arg)
{
	struct appl *a = arg;
	struct refer_prm prm = {.release = a->release};
	char why[TEXT_MAX];

	the_engine = e;
	prm.consult = a->consult ? engine_call(e, a->consult) : NULL;
	prm.target = a->consult ? NULL : a->target;
	a->begin_err = refer_status_new(&a->rs, e);
	if (a->begin_err)
		return;
	refer_status_on_state(a->rs, on_state, a);
	a->begin_err = refer_begin(engine_call(e, a->call), a->rs, &prm,
				   on_done, a, why, sizeof(why));
}

static void drop(struct engine *e, void *arg)
{
	struct appl *a = arg;

	(void)e;
	a->rs = mem_deref(a->rs);
	a->next = mem_deref(a->next);
}

static void on_sip(struct rig *r, void (*f)(struct engine *, void *),
		   struct appl *a)
{
	r->e->nop_h = f;
	r->e->nop_arg = a;
	(void)rig_req(r, REQ_NOP, 0, NULL);
}

static void report(struct rig *r, const struct ref *ref, unsigned code,
		   const char *substate)
{
	char body[64];

	snprintf(body, sizeof(body), "SIP/2.0 %u Whatever\r\n", code);
	(void)leg_notify(&r->lb, ref->event, substate, body);
	rig_sync(r);
}

static void go(struct rig *r, struct ref *ref, enum way way)
{
	if (way == WAY_REJECTED) {
		ref_reply(&r->lb, ref, 603, "Decline", NULL);
	} else if (way != WAY_NO_ANSWER) {
		ref_reply(&r->lb, ref, 202, "Accepted", NULL);
		rig_sync(r);
		report(r, ref, 100, ACTIVE);
		report(r, ref, 180, ACTIVE);
		report(r, ref, way == WAY_FAILS ? 486 : 200, TERMINATED);
	}
	for (unsigned i = 0; i < 3; i++)
		rig_leap(r, 33000);
}

/* The rig fails on a second outcome and on anything behind one */
static void one(struct rig *r, bool attended, bool release, enum way way,
		enum refer_state at, enum act what)
{
	static struct appl a;
	struct ref ref;

	memset(&a, 0, sizeof(a));
	r->b->autos = r->c->autos = AUTO_REINVITE | AUTO_BYE;
	a.call = rig_call_up(r, r->b, &r->lb);
	if (attended)
		a.consult = rig_call_up(r, r->c, &r->lc);
	snprintf(a.target, sizeof(a.target), "sip:charly@127.0.0.1:9");
	a.act = what;
	a.at = at;
	a.release = release;
	on_sip(r, begin, &a);
	wire_assert(a.begin_err == 0);
	ref_take(&r->lb, &ref, 0);
	/* what is begun meanwhile comes to its end too */
	r->b->autos |= AUTO_ANY;
	r->c->autos |= AUTO_ANY;
	go(r, &ref, way);
	if (a.donec != 1 || (a.next && a.next_donec != 1))
		wire_fail("%s at %s: %u and %u completions", act_names[what],
			  refer_state_name(at), a.donec, a.next_donec);
	wire_assert(a.acted);
	on_sip(r, drop, &a);
	if (rig_call_now(r, a.call)->state != CALL_ENDED)
		rig_req(r, REQ_HANGUP, a.call, NULL);
	if (attended && rig_call_now(r, a.consult)->state != CALL_ENDED)
		rig_req(r, REQ_HANGUP, a.consult, NULL);
	(void)rig_call_is(r, a.call, CALL_ENDED);
	if (attended)
		(void)rig_call_is(r, a.consult, CALL_ENDED);
}

static void from_inside(struct rig *r, bool attended, bool release)
{
	static const struct {
		enum way way;
		enum refer_state at;
	} v[] = {
		{WAY_SUCCEEDS, REFER_REQUESTED},
		{WAY_SUCCEEDS, REFER_ACCEPTED},
		{WAY_SUCCEEDS, REFER_TRYING},
		{WAY_SUCCEEDS, REFER_ALERTED},
		{WAY_SUCCEEDS, REFER_SUCCEEDED},
		{WAY_FAILS, REFER_FAILED},
		{WAY_REJECTED, REFER_REJECTED},
		{WAY_NO_ANSWER, REFER_FAILED_TO_SEND},
	};

	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
		for (unsigned k = 0; k < ACT_COUNT; k++) {
			if (k != ACT_HANGUP_C || attended)
				one(r, attended, release, v[i].way, v[i].at,
				    (enum act)k);
		}
	}
}

static void blind(struct rig *r)
{
	from_inside(r, false, false);
}

static void blind_and_released(struct rig *r)
{
	from_inside(r, false, true);
}

static void attended(struct rig *r)
{
	from_inside(r, true, false);
}

/* clang-format off */
static const struct wcase cases[] = {
	{"30 to 34 s are granted each time", granted_30_to_34, 0},
	{"a refresh gets 500, then a result comes", refused_for_now_then_a_result, 0},
	{"a refresh gets 500, then nothing comes", refused_for_now_then_nothing, 0},
	{"one outcome whatever a handler does: blind", blind, RIG_LAX},
	{"one outcome whatever a handler does: released", blind_and_released, RIG_LAX},
	{"one outcome whatever a handler does: attended", attended, RIG_LAX},
};
/* clang-format on */

WIRE_MAIN("watching", cases)
