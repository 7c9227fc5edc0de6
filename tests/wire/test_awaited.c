/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A referral we have accepted and whose call is still to be made (the phone
 * bank's engine): how long it waits, and for whom. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "tests/wire/rig.h"

static const struct referred_info *newest(struct rig *r)
{
	const struct referred_info *i = NULL;

	for (const struct rig_ev *n = rig_events(r); n; n = n->next) {
		if (n->ev.type == EV_REFERRED)
			i = &n->ev.u.referred;
	}
	return i;
}

static bool has_one(void *arg)
{
	const struct referred_info *i = newest(arg);

	return i && !i->gone;
}

/* Called by b and asked to call c.  @return the referral, REFER's CSeq */
static uint32_t accepted(struct rig *r, uint32_t *cseq)
{
	struct request req = {.type = REQ_REFERRED_ANSWER, .code = 202};
	const struct sipmsg *m;
	char to[300];

	(void)rig_call_in(r, r->b, &r->lb, NULL);
	snprintf(to, sizeof(to), "Refer-To: <%s>\r\n", peer_uri(r->c, "c"));
	*cseq = leg_request(&r->lb, "REFER", to, NULL, NULL);
	if (!peers_until(has_one, r))
		wire_fail("no referral came up");
	req.id = newest(r)->id;
	(void)rig_do(r, &req);
	m = peer_expect_answer(r->b, "REFER", *cseq, 202);
	wire_assert(!strcmp(sipmsg_hdr(m, "Expires"), "600"));
	return req.id;
}

static void notified(struct rig *r, unsigned code, bool final)
{
	const struct sipmsg *m = peer_expect(r->b, "NOTIFY");
	const char *state = sipmsg_hdr(m, "Subscription-State");

	if (atoi(m->body + 8) != (int)code)
		wire_fail("NOTIFY %.30s instead of %u", m->body, code);
	wire_assert(!strncasecmp(state, final ? "terminated" : "active", 6));
	peer_reply(r->b, m, 200, "OK", NULL);
}

static uint32_t calls(struct rig *r, uint32_t id)
{
	uint32_t out = rig_req(r, REQ_REFERRED_CALL, id, NULL);

	leg_from(&r->lc, r->c, peer_expect(r->c, "INVITE"));
	peer_reply(r->c, r->lc.invite, 100, "Trying", NULL);
	notified(r, 100, false);
	return out;
}

static void answers(struct rig *r, uint32_t out)
{
	leg_reply(&r->lc, r->lc.invite, 200, "OK", "sendrecv");
	(void)peer_expect(r->c, "ACK");
	notified(r, 200, true);
	leg_bye(&r->lc);
	(void)rig_call_is(r, out, CALL_ENDED);
	rig_sync(r);
	wire_assert(newest(r)->gone);
}

/* Who asked hangs up at once: it is called all the same, and he is told for as
 * long as it rings */
static void made_after_he_left(struct rig *r)
{
	uint32_t n, out, id = accepted(r, &n);

	rig_option(r, EOPT_RING_TIMEOUT, 500, NULL);
	leg_bye(&r->lb);
	rig_pass(r, 20000);
	wire_assert(!newest(r)->gone);
	out = calls(r, id);
	rig_pass(r, 40000);
	leg_reply(&r->lc, r->lc.invite, 180, "Ringing", NULL);
	notified(r, 180, false);
	rig_pass(r, 100000);
	answers(r, out);
}

/* but nobody waits for ever */
static void never_made(struct rig *r)
{
	uint32_t n, id = accepted(r, &n);

	leg_bye(&r->lb);
	rig_pass(r, 31000);
	wire_assert(!newest(r)->gone);
	rig_pass(r, 2000);
	wire_assert(newest(r)->gone);
	wire_assert(rig_req_refused(r, REQ_REFERRED_CALL, id, NULL) == ENOENT);
	rig_sync(r);
	peer_none(r->c, "INVITE");
	peer_none(r->b, "NOTIFY");
}

/* While he stays there is no hurry */
static void made_late(struct rig *r)
{
	uint32_t n, out, id = accepted(r, &n);

	rig_pass(r, 300000);
	wire_assert(!newest(r)->gone);
	out = calls(r, id);
	leg_bye(&r->lb);
	rig_pass(r, 40000);
	answers(r, out);
}

/* up to what the answer to his REFER said */
static void made_too_late(struct rig *r)
{
	uint32_t n, id = accepted(r, &n);

	rig_pass(r, 598000);
	wire_assert(!newest(r)->gone);
	rig_pass(r, 3000);
	wire_assert(newest(r)->gone);
	wire_assert(rig_req_refused(r, REQ_REFERRED_CALL, id, NULL) == ENOENT);
	leg_bye(&r->lb);
}

/* He asks to be told on while the last word waits for its turn */
static void refreshed_before_the_last_word(struct rig *r)
{
	uint32_t n, s, out, id = accepted(r, &n);
	const struct sipmsg *m;
	char hdrs[100];

	out = rig_req(r, REQ_REFERRED_CALL, id, NULL);
	leg_from(&r->lc, r->c, peer_expect(r->c, "INVITE"));
	m = peer_expect(r->b, "NOTIFY");
	peer_reply(r->c, r->lc.invite, 486, "Busy Here", NULL);
	(void)peer_expect(r->c, "ACK");
	(void)rig_call_is(r, out, CALL_ENDED);
	snprintf(hdrs, sizeof(hdrs), "Event: refer;id=%u\r\nExpires: 60\r\n",
		 n);
	s = leg_request(&r->lb, "SUBSCRIBE", hdrs, NULL, NULL);
	(void)peer_expect_answer(r->b, "SUBSCRIBE", s, 2);
	peer_reply(r->b, m, 200, "OK", NULL);
	notified(r, 486, true);
	rig_sync(r);
	peer_none(r->b, "NOTIFY");
	wire_assert(newest(r)->gone);
	leg_bye(&r->lb);
}

/* clang-format off */
static const struct wcase cases[] = {
	{"who asked hangs up before the call is made", made_after_he_left, RIG_BANK},
	{"who asked hangs up, and no call is made", never_made, RIG_BANK},
	{"who asked waits", made_late, RIG_BANK},
	{"who asked waits, and no call is made", made_too_late, RIG_BANK},
	{"SUBSCRIBE before the last NOTIFY", refreshed_before_the_last_word, RIG_BANK},
};
/* clang-format on */

WIRE_MAIN("awaited", cases)
