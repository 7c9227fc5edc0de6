/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Both calls under a transfer: who left, who is held, and which try a report
 * is of. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "tests/wire/rig.h"

static uint32_t talk(struct rig *r)
{
	return rig_call_up(r, r->b, &r->lb);
}

static uint32_t consult(struct rig *r, uint32_t call)
{
	struct call_prm prm = {.uri = peer_uri(r->c, "charly")};

	return rig_consult_up(r, call, &r->lb, r->c, &r->lc, &prm);
}

/* Consulted and completed: the REFER is there, holds and BYEs are answered */
static uint32_t completed(struct rig *r, uint32_t *consulted, struct ref *ref)
{
	uint32_t call = talk(r);

	*consulted = consult(r, call);
	r->b->autos = r->c->autos = AUTO_REINVITE;
	rig_complete(r, call, &r->lb, &r->lc, ref);
	return call;
}

/* ---- X10: a report of the first try -------------------------------------- */

/* The second is under way when this comes; it is answered, and that is all */
static uint32_t news_of_the_first_try(struct rig *r, unsigned code,
				      uint32_t *consulted, struct ref *second)
{
	struct ref first;
	uint32_t call = completed(r, consulted, &first);

	ref_reply(&r->lb, &first, 202, "Accepted", NULL);
	ref_notify(&r->lb, &first, 404, "Not Found", ACTIVE);
	ref_take(&r->lb, second, first.id);
	wire_assert(second->m->cseq > first.m->cseq);
	ref_reply(&r->lb, second, 202, "Accepted", NULL);
	ref_notify(&r->lb, second, 100, "Trying", ACTIVE);
	ref_notify(&r->lb, &first, code, "Late", TERMINATED);
	rig_sync(r);
	wire_assert(!rig_has_outcome(r, second->id));
	wire_assert(rig_transfer_now(r, second->id)->sub == SUB_ACTIVE);
	wire_assert(rig_transfer_now(r, second->id)->code == 100);
	return call;
}

static void first_try_fails_again(struct rig *r)
{
	struct ref ref;
	uint32_t consulted;
	uint32_t call = news_of_the_first_try(r, 487, &consulted, &ref);

	leg_bye(&r->lc);
	(void)rig_call_is(r, consulted, CALL_ENDED);
	ref_notify(&r->lb, &ref, 200, "OK", TERMINATED);
	rig_goes_well(r, call, &ref);
}

/* The second is watched still, and so it can be given up */
static void first_try_ends(struct rig *r)
{
	struct ref ref;
	uint32_t consulted;
	uint32_t call = news_of_the_first_try(r, 0, &consulted, &ref);

	rig_req(r, REQ_UNWATCH, call, NULL);
	peer_reply(r->b, peer_expect(r->b, "SUBSCRIBE"), 200, "OK", NULL);
	ref_notify(&r->lb, &ref, 0, NULL, TERMINATED);
	(void)rig_outcome(r, ref.id, OUTCOME_STOPPED);
}

/* ---- we ended them ourselves --------------------------------------------- */

struct ends {
	bool c_first;
	bool b_by_us, c_by_us;
};

static void end(struct rig *r, struct leg *d, uint32_t id, bool by_us)
{
	if (by_us)
		rig_req(r, REQ_HANGUP, id, NULL);
	else
		leg_bye(d);
	(void)rig_call_is(r, id, CALL_ENDED);
}

/* Only what the others did tells anything about the result */
static void both_ended_by_us(struct rig *r)
{
	static const struct ends v[] = {
		{false, true, true}, {true, true, true},   {false, true, false},
		{true, true, false}, {false, false, true}, {true, false, true},
	};

	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
		struct ref ref;
		uint32_t consulted, call = completed(r, &consulted, &ref);

		r->b->autos |= AUTO_BYE;
		r->c->autos |= AUTO_BYE;
		ref_reply(&r->lb, &ref, 202, "Accepted", NULL);
		ref_notify(&r->lb, &ref, 100, "Trying", ACTIVE);
		if (v[i].c_first)
			end(r, &r->lc, consulted, v[i].c_by_us);
		end(r, &r->lb, call, v[i].b_by_us);
		if (!v[i].c_first)
			end(r, &r->lc, consulted, v[i].c_by_us);
		rig_pass(r, 32000);
		(void)rig_outcome(r, ref.id, OUTCOME_UNKNOWN);
		r->b->autos = r->c->autos = 0;
	}
}

/* ---- the consult call goes ----------------------------------------------- */

/* While a 491 is waited out: without it there is nothing to ask for, least of
 * all a blind transfer */
static void gone_while_a_491_is_waited_out(struct rig *r)
{
	struct ref ref;
	uint32_t consulted, call = completed(r, &consulted, &ref);

	ref_reply(&r->lb, &ref, 491, "Request Pending", NULL);
	(void)rig_transfer(r, ref.id, ANY, ANY, ANY, 491);
	leg_bye(&r->lc);
	(void)rig_call_is(r, consulted, CALL_ENDED);
	rig_pass(r, 4500);
	peer_none(r->b, "REFER");
	(void)rig_outcome(r, ref.id, OUTCOME_NOT_SENT);
	(void)rig_call_is(r, call, CALL_TALKING);
	rig_call_alive(r, call);
}

/* As long as reports come the legs need not tell anything */
static void gone_but_reports_go_on(struct rig *r)
{
	struct ref ref;
	uint32_t consulted, call = completed(r, &consulted, &ref);

	ref_reply(&r->lb, &ref, 202, "Accepted", NULL);
	ref_notify(&r->lb, &ref, 100, "Trying", ACTIVE);
	leg_bye(&r->lc);
	(void)rig_call_is(r, consulted, CALL_ENDED);
	for (unsigned i = 0; i < 3; i++) {
		rig_pass(r, 20000);
		wire_assert(!rig_has_outcome(r, ref.id));
		ref_notify(&r->lb, &ref, 180, "Ringing", ACTIVE);
	}
	ref_notify(&r->lb, &ref, 200, "OK", TERMINATED);
	rig_goes_well(r, call, &ref);
}

/* ---- one consultation, one owner ----------------------------------------- */

static void not_stolen(struct rig *r, enum req_type type)
{
	uint32_t call = talk(r);
	uint32_t consulted = consult(r, call);
	struct request req = {.type = type, .id2 = consulted};
	struct ref ref;

	r->b->autos = r->c->autos = r->d->autos = AUTO_REINVITE | AUTO_BYE;
	req.id = rig_call_up(r, r->d, &r->ld);
	wire_assert(rig_refused(r, &req) == EALREADY);
	rig_sync(r);
	peer_none(r->d, "REFER");
	/* and it goes on as it was */
	rig_complete(r, call, &r->lb, &r->lc, &ref);
	wire_assert(rig_refused(r, &req) == EALREADY);
	ref_reply(&r->lb, &ref, 202, "Accepted", NULL);
	leg_bye(&r->lc);
	ref_notify(&r->lb, &ref, 200, "OK", TERMINATED);
	(void)rig_outcome(r, ref.id, OUTCOME_SUCCEEDED);
	(void)rig_call_is(r, call, CALL_ENDED);
	rig_req(r, REQ_HANGUP, req.id, NULL);
}

static void join_steals_nothing(struct rig *r)
{
	not_stolen(r, REQ_JOIN);
}

static void transfer_steals_nothing(struct rig *r)
{
	not_stolen(r, REQ_TRANSFER);
}

/* A request that is refused changes nothing of what is under way */
static void refused_twice_changes_nothing(struct rig *r)
{
	struct ref ref;
	uint32_t consulted, call = completed(r, &consulted, &ref);
	struct request again = {
		.type = REQ_TRANSFER, .flags = TRANSFER_RELEASE, .value = 1000};
	uint32_t serial = rig_transfer_now(r, ref.id)->serial;

	again.id = call;
	again.id2 = consulted;
	(void)rig_refused(r, &again);
	ref_reply(&r->lb, &ref, 202, "Accepted", NULL);
	(void)rig_transfer(r, ref.id, REFER_ACCEPTED, ANY, ANY, 202);
	wire_assert(rig_transfer_now(r, ref.id)->serial == serial);
	rig_pass(r, 2000);
	peer_none(r->b, "BYE");
	wire_assert(!rig_has_outcome(r, ref.id));
	leg_bye(&r->lc);
	ref_notify(&r->lb, &ref, 200, "OK", TERMINATED);
	rig_goes_well(r, call, &ref);
}

/* ---- who is held --------------------------------------------------------- */

/* A resume is on its way when the transfer is asked for */
static void held_again_before_the_refer(struct rig *r)
{
	uint32_t id, call = talk(r);
	const struct sipmsg *m;
	struct ref ref;

	rig_req(r, REQ_HOLD, call, NULL);
	leg_expect_hold(&r->lb);
	(void)rig_call_is(r, call, CALL_HELD);
	rig_req(r, REQ_RESUME, call, NULL);
	m = peer_expect(r->b, "INVITE");
	id = rig_req(r, REQ_TRANSFER, call, peer_uri(r->c, "target"));
	rig_sync(r);
	peer_none(r->b, "REFER");
	r->lb.ack_cseq = m->cseq;
	leg_reply(&r->lb, m, 200, "OK", "sendrecv");
	leg_expect_hold(&r->lb);
	ref_take(&r->lb, &ref, id);
	ref_reply(&r->lb, &ref, 202, "Accepted", NULL);
	ref_notify(&r->lb, &ref, 200, "OK", TERMINATED);
	rig_goes_well(r, call, &ref);
}

/* The caller leaves while the target is on hold: one is left to talk to */
static void the_one_who_is_left(struct rig *r)
{
	uint32_t call = talk(r);
	uint32_t consulted = consult(r, call);

	r->b->autos = r->c->autos = AUTO_REINVITE;
	rig_req(r, REQ_SWAP, call, NULL);
	(void)rig_call_is(r, consulted, CALL_HELD);
	(void)rig_call_is(r, call, CALL_TALKING);
	leg_bye(&r->lb);
	(void)rig_call_is(r, call, CALL_ENDED);
	(void)rig_call_is(r, consulted, CALL_TALKING);
}

/* ---- a last report that says: not now ------------------------------------ */

static void last_100(struct rig *r, const char *substate, enum outcome outcome,
		     enum call_state state)
{
	uint32_t call = talk(r);
	struct ref ref;

	r->b->autos = AUTO_REINVITE;
	rig_refer_202(r, call, &r->lb, peer_uri(r->c, "target"), &ref);
	ref_notify(&r->lb, &ref, 100, "Trying", substate);
	(void)rig_outcome(r, ref.id, outcome);
	rig_sync(r);
	(void)rig_call_is(r, call, state);
	rig_call_alive(r, call);
}

static void declined_with_a_100(struct rig *r)
{
	last_100(r, "terminated;reason=rejected", OUTCOME_FAILED, CALL_TALKING);
}

static void put_off_with_a_100(struct rig *r)
{
	last_100(r, "terminated;reason=probation;retry-after=30",
		 OUTCOME_UNKNOWN, CALL_TALKING);
}

static void ended_with_a_100(struct rig *r)
{
	last_100(r, TERMINATED, OUTCOME_UNKNOWN, CALL_HELD);
}

/* clang-format off */
static const struct wcase cases[] = {
	{"X10 the first try's subscription ends", first_try_ends, 0},
	{"X10 the first try fails once more", first_try_fails_again, 0},
	{"both calls ended, one of them by us", both_ended_by_us, 0},
	{"the consult call ends while a 491 is waited out", gone_while_a_491_is_waited_out, 0},
	{"the consult call ends, and reports go on", gone_but_reports_go_on, 0},
	{"join takes no consult call from its transfer", join_steals_nothing, 0},
	{"transfer takes no consult call from its transfer", transfer_steals_nothing, 0},
	{"a second transfer is refused and changes nothing", refused_twice_changes_nothing, 0},
	{"held again when a resume is under way", held_again_before_the_refer, 0},
	{"B leaves while C is on hold", the_one_who_is_left, 0},
	{"100 and rejected", declined_with_a_100, 0},
	{"100, and to be tried later", put_off_with_a_100, 0},
	{"100, and nothing more", ended_with_a_100, 0},
};
/* clang-format on */

WIRE_MAIN("legs", cases)
