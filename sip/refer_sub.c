/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdio.h>

#include "base/clock.h"
#include "sip/refer_priv.h"

/*
 * The implicit subscription of a referral: when it is refreshed, given up and
 * taken for closed.  Refreshing is bounded in every way a peer could turn into
 * a storm (transfer.md G20).
 */

enum {
	TT_MS = 5000,
	TU_MS = 32000,
	REFRESHES_MAX = 20,
	REFRESH_GAP_MS = 30000,
	EXPIRES_DEFAULT_S = 180,
	EXPIRES_MIN_S = 30,
	EXPIRES_MAX_S = 3600,
	NEVER_S = 1000000,
};

void refer_close_sub(struct refer_status *r)
{
	ASSERT_SIP();
	tmr_cancel(&r->tmr_e);
	tmr_cancel(&r->tmr_n);
	tmr_cancel(&r->tmr_t);
	tmr_cancel(&r->tmr_u);
	r->info.sub = SUB_CLOSED;
}

static void on_unsub_timeout(void *arg)
{
	struct refer_status *r = arg;

	ASSERT_SIP();

	refer_close_sub(r);
	refer_finish(r, r->info.state, OUTCOME_STOPPED, "No more reports");
}

/* RFC 6665 4.1.2.2: after these the subscription is over */
static bool kills_subscription(unsigned code)
{
	return code == 404 || code == 405 || code == 410 || code == 416 ||
	       (code >= 480 && code <= 485) || code == 489 || code == 501 ||
	       code == 604;
}

static void on_expired(void *arg);

static void on_subscribe_answer(int err, const struct sip_msg *msg, bool again,
				const char *why, void *arg)
{
	struct refer_status *r = arg;

	(void)why;
	ASSERT_SIP();

	if (again || (msg && msg->scode < 200))
		return;
	if (r->unsub_sent) {
		engine_stop_check(r->e);
		/* 2xx: the last NOTIFY comes, or TU ends the wait */
		if (!err && msg->scode < 300)
			return;
		if (r->stage == STAGE_DONE)
			refer_close_sub(r);
		else
			on_unsub_timeout(r);
		return;
	}
	if (!err && msg->scode < 300) {
		refer_arm_expiry(r, pl_isset(&msg->expires)
					    ? pl_u32(&msg->expires)
					    : EXPIRES_DEFAULT_S);
		return;
	}
	if (!err && !kills_subscription(msg->scode)) {
		/* it stands, but not for longer */
		r->expires_s = 0;
		tmr_start(&r->tmr_e, EXPIRES_MIN_S * 1000, on_expired, r);
		return;
	}
	refer_close_sub(r);
	refer_finish(r, r->info.state, OUTCOME_UNKNOWN, "Reports expired");
}

void refer_subscribe(struct refer_status *r, uint32_t expires)
{
	char hdrs[160], id[32] = "";
	struct rq_prm prm = {
		.e = r->e,
		.method = "SUBSCRIBE",
		.dlg = r->dlg,
		.acc = r->acc,
		.auth = r->auth,
		.headers = hdrs,
		.contact = true,
		.h = on_subscribe_answer,
		.arg = r,
	};

	ASSERT_SIP();

	if (!r->dlg)
		return;
	if (r->id_used)
		(void)snprintf(id, sizeof(id), ";id=%u", r->id_seen);
	(void)snprintf(hdrs, sizeof(hdrs),
		       "Event: refer%s\r\n"
		       "Accept: message/sipfrag\r\n"
		       "Expires: %u\r\n",
		       id, expires);
	rq_forget(&r->sub_rq);
	if (!expires)
		r->unsub_sent = true;
	if (rq_send(&r->sub_rq, &prm))
		log_warn("refer", "SUBSCRIBE could not be sent");
}

void refer_unsubscribe(struct refer_status *r)
{
	ASSERT_SIP();
	if (r->unsub_sent || r->info.sub == SUB_CLOSED)
		return;
	r->info.sub = SUB_UNSUB;
	tmr_cancel(&r->tmr_e);
	refer_subscribe(r, 0);
	tmr_start(&r->tmr_u, TU_MS, on_unsub_timeout, r);
}

/* Without ids the peer cannot tell which of two is given up, and may take it
 * for the newer (linphone does). */
static bool would_hit_another(const struct refer_status *r)
{
	struct le *le;

	if (r->id_used || !r->dlg)
		return false;
	for (le = r->e->refers.head; le; le = le->next) {
		const struct refer_status *o = le->data;

		if (o != r && o->dlg == r->dlg && o->stage == STAGE_SENT)
			return true;
	}
	return false;
}

static void on_never_terminated(void *arg)
{
	struct refer_status *r = arg;

	ASSERT_SIP();
	if (would_hit_another(r)) {
		refer_close_sub(r);
		return;
	}
	refer_unsubscribe(r);
}

void refer_arm_give_up(struct refer_status *r)
{
	ASSERT_SIP();
	tmr_start(&r->tmr_t, TT_MS, on_never_terminated, r);
}

static void on_expired(void *arg)
{
	struct refer_status *r = arg;
	const uint64_t now = clock_ms();

	ASSERT_SIP();

	/* a refresh only where it can be of use, and never a storm (G20) */
	if (r->info.sub == SUB_ACTIVE && r->info.code > 100 &&
	    r->info.code < 200 && r->expires_s >= EXPIRES_MIN_S &&
	    r->refreshes < REFRESHES_MAX &&
	    (!r->refreshed_at || now - r->refreshed_at >= REFRESH_GAP_MS)) {
		r->refreshes++;
		r->refreshed_at = now;
		refer_subscribe(r, EXPIRES_DEFAULT_S);
		return;
	}
	refer_close_sub(r);
	refer_finish(r, r->info.state, OUTCOME_UNKNOWN,
		     "Reports expired (last: %u %s)", r->info.code,
		     r->info.text);
}

void refer_arm_expiry(struct refer_status *r, uint32_t expires_s)
{
	ASSERT_SIP();
	r->expires_s = expires_s;
	if (expires_s < EXPIRES_MIN_S)
		expires_s = EXPIRES_MIN_S;
	if (expires_s > EXPIRES_MAX_S)
		expires_s = EXPIRES_MAX_S;
	/* a refresh must be in time, the verdict only after it */
	if (r->expires_s >= 2 * EXPIRES_MIN_S && r->refreshes < REFRESHES_MAX &&
	    r->info.code > 100)
		tmr_start(&r->tmr_e, expires_s * 900ull, on_expired, r);
	else
		tmr_start(&r->tmr_e, expires_s * 1000ull + 5000, on_expired, r);
}

void refer_unwatch(struct refer_status *r)
{
	ASSERT_SIP();
	r->unsub_wanted = true;
	if (r->notified)
		refer_unsubscribe(r);
	else if (r->accepted)
		r->info.sub = SUB_UNSUB;
}

void refer_give_up(struct refer_status *r, const char *words)
{
	ASSERT_SIP();
	refer_unwatch(r);
	/* without a report yet there is nothing to wait for */
	if (r->accepted && !r->notified)
		refer_finish(r, r->info.state, OUTCOME_STOPPED, "%s", words);
	else
		refer_tell(r, r->info.state, "%s", words);
}

int refer_terminate_subscription(struct refer_status *r)
{
	ASSERT_SIP();

	if (r->stage < STAGE_SENT)
		return ENOENT;
	if (r->stage == STAGE_DONE || r->unsub_wanted || r->unsub_sent ||
	    r->info.sub == SUB_CLOSED)
		return EALREADY;
	refer_give_up(r, "Stopped watching; the transfer may still complete");
	return 0;
}

/* ---- the link the reports come by -------------------------------------- */

static void on_link_told(void *arg)
{
	struct refer_status *r = arg;

	ASSERT_SIP();
	refer_tell(r, r->info.state, "Link lost; still waiting for reports");
}

static void on_link_lost(int err, void *arg)
{
	struct refer_status *r = arg;

	ASSERT_SIP();
	log_info("refer", "transfer %u: connection lost (%s)", r->info.id,
		 strerror(err));
	/* libre walks its list: nothing may be forgotten from in here */
	tmr_start(&r->tmr_l, 0, on_link_told, r);
}

void refer_watch_link(struct refer_status *r, const struct sip_msg *msg)
{
	ASSERT_SIP();
	/* libre's keepalive, to hear of the end; it never sends anything */
	if (refer_live(r) && !r->ka && msg->tp != SIP_TRANSP_UDP)
		(void)sip_keepalive_start(&r->ka, r->dlg->st->sip, msg, NEVER_S,
					  on_link_lost, r);
}
