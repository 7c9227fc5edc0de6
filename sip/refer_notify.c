/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <stdio.h>

#include "sip/refer_priv.h"

/*
 * NOTIFYs of our referrals.  Real notifiers leave out what RFC 6665 wants or
 * write it their own way (transfer.md 3.2), so matching forgives all that
 * cannot be a mix-up: dialog and tags must be right, the rest is inferred.
 * Every NOTIFY is answered at once, by what is known before anything is told.
 */

enum { BRANCHES_MAX = 8 };

struct report {
	bool has_event, is_refer;
	bool has_id;
	uint32_t id;
	bool has_state; /* a Subscription-State header           */
	bool terminated, pending;
	bool has_expires;
	uint32_t expires;
	uint32_t retry_after;
	char reason[64];
	bool has_frag;
	struct sipfrag frag;
};

static bool word_is(const struct pl *pl, const char *word)
{
	const char *p = pl->p, *end = pl->p + pl->l;
	const size_t n = strlen(word);

	while (p < end && (*p == ' ' || *p == '\t'))
		p++;
	if ((size_t)(end - p) < n || strncasecmp(p, word, n))
		return false;
	p += n;
	return p == end || *p == ';' || *p == ' ' || *p == '\t';
}

static void read_report(struct report *rp, const struct sip_msg *msg)
{
	const struct sip_hdr *hdr;
	struct pl val;

	memset(rp, 0, sizeof(*rp));
	hdr = msg_hdr(msg, "Event", "o");
	if (hdr) {
		rp->has_event = true;
		rp->is_refer = word_is(&hdr->val, "refer");
		if (msg_param(&hdr->val, "id", &val) && val.l) {
			rp->has_id = true;
			rp->id = pl_u32(&val);
		}
	}
	hdr = msg_hdr(msg, "Subscription-State", NULL);
	if (hdr) {
		rp->has_state = true;
		rp->terminated = word_is(&hdr->val, "terminated");
		rp->pending = word_is(&hdr->val, "pending");
		if (msg_param(&hdr->val, "expires", &val) && val.l) {
			rp->has_expires = true;
			rp->expires = pl_u32(&val);
		}
		if (msg_param(&hdr->val, "retry-after", &val))
			rp->retry_after = pl_u32(&val);
		if (msg_param(&hdr->val, "reason", &val)) {
			/* seen in the wild: reason=reason=noresource */
			if (val.l > 7 && !strncasecmp(val.p, "reason=", 7)) {
				val.p += 7;
				val.l -= 7;
			}
			text_clean(rp->reason, sizeof(rp->reason), val.p,
				   val.l);
		}
	}
	hdr = msg_hdr(msg, "Content-Type", "c");
	rp->has_frag = !sipfrag_decode(
		&rp->frag, hdr ? hdr->val.p : "", hdr ? hdr->val.l : 0,
		(const char *)mbuf_buf(msg->mb), mbuf_get_left(msg->mb));
	if (!rp->has_state && rp->has_frag)
		rp->terminated = rp->frag.code >= 200;
}

static bool sent_with(const struct refer_status *r, uint32_t id)
{
	unsigned i;

	for (i = 0; i < r->idc; i++)
		if (r->idv[i] == id)
			return true;
	return false;
}

static bool of_first_try(const struct refer_status *r, uint32_t id)
{
	unsigned i;

	for (i = 0; i < r->oldc; i++)
		if (r->oldv[i] == id)
			return true;
	return false;
}

/* What a look through the referrals of a dialog found */
struct found {
	struct refer_status *exact; /* by its id                        */
	struct refer_status *first; /* the oldest live one              */
	struct refer_status *fresh; /* the oldest one without an id yet */
	struct refer_status *over;  /* the newest tombstone             */
	unsigned live, overs;
};

/* outside of a dialog the first NOTIFY may make it */
static bool is_of(const struct refer_status *r, const struct sip_msg *msg)
{
	return r->dlg &&
	       (dlg_match(r->dlg, msg) || (r->out_of_dialog && !r->dlg->rtag &&
					   dlg_match_half(r->dlg, msg)));
}

/* false: it is late news of a first try, and no more need be looked at */
static bool look_at(struct found *f, struct refer_status *r,
		    const struct report *rp)
{
	const bool same_id = rp->has_id && sent_with(r, rp->id);

	if (r->stage != STAGE_SENT) {
		f->overs++;
		f->over = r;
		if (same_id && !f->exact)
			f->exact = r;
		return true;
	}
	if (rp->has_id && of_first_try(r, rp->id))
		return false;
	f->live++;
	if (!f->first)
		f->first = r;
	if (!f->fresh && !r->id_used)
		f->fresh = r;
	if (same_id)
		f->exact = r;
	return true;
}

/**
 * Which referral is it of?
 *
 * @param tombp  Set when it is of one that is over
 */
static struct refer_status *match(struct engine *e, const struct sip_msg *msg,
				  const struct report *rp, bool *tombp)
{
	struct found f = {.live = 0};
	struct le *le;

	for (le = list_head(
		     hash_list(e->refers_ht, hash_joaat_pl(&msg->callid)));
	     le; le = le->next) {
		if (is_of(le->data, msg) && !look_at(&f, le->data, rp)) {
			*tombp = true;
			return le->data;
		}
	}
	*tombp = f.live == 0 && f.overs > 0;
	if (!rp->has_event && (f.live != 1 || !rp->has_frag))
		return NULL;
	if (f.exact) {
		*tombp = f.exact->stage != STAGE_SENT;
		return f.exact;
	}
	if (f.live == 1)
		return f.first;
	if (rp->has_id)
		return NULL;
	if (f.live)
		return f.fresh ? f.fresh : f.first;
	return f.overs == 1 ? f.over : NULL;
}

/*
 * A REFER outside of the call may fork: each phone that took it tells for
 * itself.  Their states are never merged (RFC 3515 3.9): a row each.
 */
static struct refer_status *branch(struct engine *e, const struct sip_msg *msg)
{
	struct refer_status *r = NULL, *b;
	struct le *le;

	for (le = list_head(
		     hash_list(e->refers_ht, hash_joaat_pl(&msg->callid)));
	     le; le = le->next) {
		r = le->data;
		if (r->out_of_dialog && r->d1 && r->dlg && r->dlg->rtag &&
		    dlg_match_half(r->dlg, msg))
			break;
		r = NULL;
	}
	if (!r || list_count(&r->d1->refers) >= BRANCHES_MAX ||
	    refer_status_new(&b, e))
		return NULL;
	if (dlg_sibling(&b->dlg, r->dlg, &msg->from.tag)) {
		mem_deref(b);
		return NULL;
	}
	b->auth = mem_ref(r->auth);
	b->limit_ms = r->limit_ms;
	b->out_of_dialog = b->accepted = true;
	b->t_refer = r->t_refer;
	b->idc = r->idc;
	memcpy(b->idv, r->idv, sizeof(b->idv));
	refer_start(b, r->d1, NULL, r->info.kind, r->info.target);
	b->info.state = REFER_ACCEPTED;
	b->stage = STAGE_SENT;
	refer_enter(b);
	mem_deref(b); /* the engine has it */
	return b;
}

static void learn_id(struct refer_status *r, const struct report *rp)
{
	if (rp->has_id) {
		r->id_used = true;
		r->id_seen = rp->id;
	}
	if (!r->d1 || r->d1->refer_parallel)
		return;
	r->d1->refer_parallel = rp->has_id ? 2 : 1;
	if (rp->has_id)
		refer_kick(r->d1);
}

/* Terminated with no result: what was the last that was heard? */
static void ended_early(struct refer_status *r, const struct report *rp,
			enum refer_state state)
{
	char words[TEXT_MAX];
	size_t n;

	if (rp->has_frag)
		(void)snprintf(words, sizeof(words),
			       "Reports ended early (%s); last: %u %s",
			       rp->reason[0] ? rp->reason : "no reason",
			       rp->frag.code, rp->frag.text);
	else
		(void)snprintf(words, sizeof(words), "Reports ended (%s)",
			       rp->reason[0] ? rp->reason : "no reason");
	n = strlen(words);
	if (r->unsub_wanted) {
		refer_finish(r, state, OUTCOME_STOPPED, "No more reports");
	} else if (!strcasecmp(rp->reason, "rejected")) {
		refer_finish(r, REFER_FAILED, OUTCOME_FAILED,
			     "The caller declined");
	} else if (rp->retry_after) {
		/* it was not tried now: the caller is to be talked to */
		r->retry_later = true;
		(void)snprintf(words + n, sizeof(words) - n,
			       "; try again in %u s", rp->retry_after);
		refer_finish(r, state, OUTCOME_UNKNOWN, "%s", words);
	} else if (!refer_is_blind(r)) {
		refer_wait_for_legs(r);
		refer_tell(r, state, "%s", words);
	} else {
		refer_finish(r, state, OUTCOME_UNKNOWN, "%s", words);
	}
}

static void provisional(struct refer_status *r, const struct report *rp)
{
	const unsigned code = rp->frag.code;
	const enum refer_state state =
		code == 180 ? REFER_ALERTED : REFER_TRYING;

	if (rp->terminated) {
		ended_early(r, rp, state);
		return;
	}
	switch (code) {
	case 100:
		if (rp->pending)
			refer_tell(r, state,
				   "Waiting for the caller's consent");
		else
			refer_tell(r, state, "Calling %s", r->name);
		break;
	case 180:
		refer_tell(r, state, "%s is ringing", r->name);
		break;
	case 181:
		refer_tell(r, state, "%s is being forwarded", r->name);
		break;
	case 182:
		refer_tell(r, state, "The call to %s is queued", r->name);
		break;
	case 183:
		refer_tell(r, state, "The call to %s is in progress", r->name);
		break;
	case 199:
		refer_tell(r, state, "A branch of the call to %s ended",
			   r->name);
		break;
	default:
		refer_tell(r, state, "%s: %u %s", r->name, code, rp->frag.text);
		break;
	}
}

static void final(struct refer_status *r, const struct report *rp)
{
	const unsigned code = rp->frag.code;
	char again[48] = "";

	if (code < 300) {
		if (!rp->terminated)
			refer_arm_give_up(r);
		refer_finish(r, REFER_SUCCEEDED, OUTCOME_SUCCEEDED,
			     "Transferred to %s", r->name);
		return;
	}
	if (code < 400) {
		refer_finish(r, REFER_REDIRECTED, OUTCOME_REDIRECTED,
			     "%s redirects elsewhere (%u)", r->name, code);
	} else {
		if (refer_try_other(r, code))
			return;
		if (rp->retry_after)
			(void)snprintf(again, sizeof(again),
				       "; try again in %u s", rp->retry_after);
		if (rp->terminated && !strcasecmp(rp->reason, "rejected"))
			refer_finish(r, REFER_FAILED, OUTCOME_FAILED,
				     "The caller declined (%u %s)%s", code,
				     rp->frag.text, again);
		else
			refer_finish(r, REFER_FAILED, OUTCOME_FAILED,
				     "%s: %s (%u %s)%s", r->name,
				     sip_phrase(code), code, rp->frag.text,
				     again);
	}
	/* linphone leaves a failure's subscription active */
	if (!rp->terminated)
		refer_arm_give_up(r);
}

static void without_status(struct refer_status *r, const struct report *rp)
{
	if (rp->terminated) {
		ended_early(r, rp, r->info.state);
		return;
	}
	log_info("refer", "a report without a readable status line");
	refer_tell(r, r->info.state, NULL);
}

/*
 * Tags are secrets of the two ends, but not from who reads along: over UDP a
 * report must also come from where the other side has been heard or is
 * reached (transfer.md Z12).
 */
static bool from_peer(const struct refer_status *r, const struct sip_msg *msg)
{
	const int part = msg->tp == SIP_TRANSP_UDP ? SA_ALL : SA_ADDR;

	if (r->out_of_dialog)
		return true;
	return sa_cmp(&msg->src, &r->dlg->peer, part) ||
	       sa_cmp(&msg->src, &r->dlg->hop, part);
}

/* A report tells as well as a 2xx that the REFER was taken (G01) */
static void taken_by_report(struct refer_status *r)
{
	if (r->info.sub == SUB_NONE)
		r->info.sub = SUB_WAIT;
	refer_tell(r, REFER_ACCEPTED, "Accepted, reports come already");
	refer_judge_soon(r);
}

static void process(struct refer_status *r, const struct sip_msg *msg,
		    const struct report *rp)
{
	const bool older = r->notified && msg->cseq.num < r->notify_cseq;
	const bool first = !r->notified && !r->accepted;

	if (r->notified && msg->cseq.num == r->notify_cseq)
		return;
	/* overtaken on the way: only a result is still news */
	if (older && !(rp->has_frag && rp->frag.code >= 200)) {
		refer_tell(r, r->info.state, NULL);
		return;
	}
	if (!older)
		r->notify_cseq = msg->cseq.num;
	r->notified = true;
	tmr_cancel(&r->tmr_n);
	refer_start_limit(r);
	if (r->out_of_dialog && !r->dlg->rtag) {
		if (pl_strdup(&r->dlg->rtag, &msg->from.tag))
			return;
	}
	learn_id(r, rp);
	refer_watch_link(r, msg);
	if (first)
		taken_by_report(r);
	if (rp->terminated) {
		refer_close_sub(r);
	} else if (r->info.sub != SUB_UNSUB) {
		r->info.sub = SUB_ACTIVE;
	}
	if (rp->has_frag) {
		r->info.code = rp->frag.code;
		text_cut(r->info.text, sizeof(r->info.text), rp->frag.text);
	}
	if (!rp->terminated && r->info.sub == SUB_ACTIVE)
		refer_arm_expiry(r, rp->has_expires ? rp->expires : 180);

	/* it goes on: the legs may still tell nothing for a while */
	if (tmr_isrunning(&r->tmr_g) && r->d1 && !r->d2)
		refer_wait_for_legs(r);

	(void)mem_ref(r);
	if (!rp->has_frag)
		without_status(r, rp);
	else if (rp->frag.code < 200)
		provisional(r, rp);
	else
		final(r, rp);
	if (refer_live(r) && r->unsub_wanted)
		refer_unsubscribe(r);
	/* the peer tells one at a time only: this one's end frees the next */
	if (r->d1 && rp->terminated)
		refer_kick(r->d1);
	mem_deref(r);
}

/* It is over; its subscription may not be */
static void after_the_end(struct refer_status *r, const struct report *rp)
{
	if (rp->terminated) {
		refer_close_sub(r);
		return;
	}
	/* given up before the first report: now it can be said */
	if (!r->unsub_wanted || r->notified)
		return;
	r->notified = true;
	learn_id(r, rp);
	refer_unsubscribe(r);
}

void refer_notify(struct engine *e, struct stack *st, const struct sip_msg *msg)
{
	struct refer_status *r;
	struct report rp;
	bool tomb;

	ASSERT_SIP();

	read_report(&rp, msg);
	if (rp.has_event && !rp.is_refer) {
		(void)sip_treplyf(NULL, NULL, st->sip, msg, false, 489,
				  "Bad Event",
				  "Allow-Events: refer\r\n"
				  "Content-Length: 0\r\n\r\n");
		return;
	}
	r = match(e, msg, &rp, &tomb);
	if (!r && !tomb && rp.has_event)
		r = branch(e, msg);
	if (!r && tomb && rp.has_event) {
		/* late news of what is over: a 481 here has made servers
		 * drop the new call (KB2621832) */
		(void)sip_treply(NULL, st->sip, msg, 200, "OK");
		return;
	}
	if (!r) {
		if (!rp.has_event)
			(void)sip_treplyf(NULL, NULL, st->sip, msg, false, 489,
					  "Bad Event",
					  "Allow-Events: refer\r\n"
					  "Content-Length: 0\r\n\r\n");
		else
			(void)sip_treply(NULL, st->sip, msg, 481,
					 "Subscription Does Not Exist");
		return;
	}
	if (!from_peer(r, msg)) {
		log_warn("refer", "a report of transfer %u from a stranger",
			 r->info.id);
		(void)sip_treply(NULL, st->sip, msg, 403, "Forbidden");
		return;
	}
	(void)sip_treply(NULL, st->sip, msg, 200, "OK");
	if (tomb) {
		log_info("refer", "late report of transfer %u: %u %s",
			 r->info.id, rp.frag.code, rp.frag.text);
		if (r->stage == STAGE_DONE)
			after_the_end(r, &rp);
		return;
	}
	process(r, msg, &rp);
}
