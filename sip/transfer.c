/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>

#include "sip/refer_priv.h"

/* The user's commands upon referrals, and their part in stopping. */

/* A consultation that is under way goes on as this transfer */
static int take_over(struct call *c, const struct request *req, uint32_t *idp,
		     char *why, size_t size)
{
	struct call *d2 = req->id2 ? engine_call(c->e, req->id2) : NULL;
	struct refer_status *r = d2 ? d2->consult : refer_of_call(c);
	char uri[URI_MAX], words[TEXT_MAX];
	int err;

	if (!r || !refer_live(r) || r->d1 != c)
		return ENOENT;
	if (d2)
		err = consult_complete(c, req->serial, idp, why, size);
	else if (target_uri(uri, sizeof(uri), req->u.text,
			    c->acc->p2p ? "" : c->acc->domain, words,
			    sizeof(words)))
		err = ENOENT;
	else
		err = consult_to_blind(c, uri, idp);
	if (err)
		return err;
	r->info.serial = req->serial;
	r->release = req->flags & TRANSFER_RELEASE;
	if (req->value)
		r->limit_ms = req->value;
	return 0;
}

int transfer_ask(struct call *c, const struct request *req, uint32_t *idp,
		 char *why, size_t size)
{
	struct refer_prm prm = {
		.target = req->u.text,
		.limit_ms = req->value,
		.serial = req->serial,
		.no_hold = req->flags & TRANSFER_NO_HOLD,
		.release = req->flags & TRANSFER_RELEASE,
	};
	struct refer_status *rs;
	int err;

	ASSERT_SIP();

	if (req->id2) {
		prm.consult = engine_call(c->e, req->id2);
		if (!prm.consult)
			return refer_refuse(why, size, ENOENT,
					    "Cannot transfer: the other call "
					    "is gone");
	}
	err = take_over(c, req, idp, why, size);
	if (err != ENOENT)
		return err;
	err = refer_status_new(&rs, c->e);
	if (err)
		return err;
	err = refer_begin(c, rs, &prm, NULL, NULL, why, size);
	if (!err)
		*idp = rs->info.id;
	mem_deref(rs);
	return err;
}

int transfer_takeback(struct call *c, char *why, size_t size)
{
	struct refer_status *r = refer_of_call(c);
	struct call *d1, *d2;

	ASSERT_SIP();

	if (!r) {
		if (!consult_takeback(c, why, size))
			return 0;
		if (!call_is_up(c))
			return refer_refuse(why, size, ENOTCONN,
					    "the call is not up");
		return call_hold(c, false, NULL, NULL);
	}
	d1 = r->d1;
	d2 = r->d2;
	if (r->stage < STAGE_SENT) {
		(void)mem_ref(r);
		refer_finish(r, REFER_IDLE, OUTCOME_STOPPED,
			     "Taken back; the caller is with you");
		/* the consult call goes first: nobody talks to both */
		if (d2 && !d2->ended)
			call_hangup(d2);
		if (d1 && call_is_up(d1) && d1->want != SDP_SENDRECV)
			(void)call_hold(d1, false, NULL, NULL);
		mem_deref(r);
		return 0;
	}
	(void)mem_ref(r);
	if (r->unsub_wanted)
		refer_tell(r, r->info.state,
			   "A transfer request cannot be recalled");
	else
		refer_give_up(r, "A transfer request cannot be recalled; "
				 "stopped watching");
	if (r->d1 && call_is_up(r->d1))
		(void)call_hold(r->d1, false, NULL, NULL);
	mem_deref(r);
	return 0;
}

/* ---- stopping ---------------------------------------------------------- */

void refers_stop(struct engine *e)
{
	struct le *le;

	ASSERT_SIP();

	for (le = e->refers.head; le; le = le->next) {
		struct refer_status *r = le->data;

		if (r->stage == STAGE_SENT && r->notified &&
		    refer_status_subscribed(r))
			refer_unsubscribe(r);
	}
}

bool refers_leaving(const struct engine *e)
{
	struct le *le;

	ASSERT_SIP();

	for (le = e->refers.head; le; le = le->next) {
		const struct refer_status *r = le->data;

		if (r->sub_rq)
			return true;
	}
	return false;
}

void refers_flush(struct engine *e)
{
	struct le *le;

	ASSERT_SIP();

	while ((le = e->refers.head) != NULL) {
		struct refer_status *r = mem_ref(le->data);

		if (refer_live(r)) {
			r->e->return_on_fail = false;
			refer_finish(r, r->info.state,
				     r->stage == STAGE_SENT ? OUTCOME_STOPPED
							    : OUTCOME_NOT_SENT,
				     "The program was ended");
		}
		if (r->le.list) {
			list_unlink(&r->le);
			mem_deref(r);
		}
		mem_deref(r);
	}
}
