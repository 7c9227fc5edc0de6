/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <stdio.h>

#include "sip/call_priv.h"
#include "sip/refer_priv.h"

/* Calling: the first INVITE, its answers, and what may go wrong with them. */

enum { REDIRECTS_MAX = 5, FORKS_MAX = 8 };

/* a second phone that answered the same INVITE */
struct fork {
	struct le le;
	struct dlg *dlg;
	struct rq *ack;
};

static void fork_destructor(void *arg)
{
	struct fork *f = arg;

	list_unlink(&f->le);
	mem_deref(f->dlg);
	mem_deref(f->ack);
}

static int invite(struct call *c);

static int on_prepare(struct stack *st, enum transp tp, struct mbuf **bodyp,
		      void *arg)
{
	struct call *c = arg;
	char aor[URI_MAX], *old;
	size_t name;
	int err;

	ASSERT_SIP();

	if (c->acc->p2p && !c->dlg->rtag) {
		err = account_aor(c->acc, c->dlg->user, st, tp, aor,
				  sizeof(aor));
		if (err)
			return err;
		old = c->dlg->local;
		name = (size_t)(strrchr(old, '<') - old);
		c->dlg->local = NULL;
		c->dlg->local_uri = mem_deref(c->dlg->local_uri);
		err = re_sdprintf(&c->dlg->local, "%b<%s>", old, name, aor);
		mem_deref(old);
		if (!err)
			err = str_dup(&c->dlg->local_uri, aor);
		if (err)
			return err;
	}
	/* another of our addresses than the first try's */
	if (!c->confirmed)
		c->offer = mem_deref(c->offer);
	err = call_ensure_offer(c, st);
	if (err)
		return err;
	return offer_encode(c->offer, true, call_direction(c), bodyp);
}

void call_learn_peer(struct call *c, const struct sip_msg *msg)
{
	ASSERT_SIP();
	/* RFC 3891 6.2: who can take over a call must say so; phones that say
	 * nothing at all get the benefit of the doubt */
	if (msg_hdr(msg, "Supported", "k") || msg_hdr(msg, "Allow", NULL))
		c->features_known = true;
	if (msg_hdr(msg, "Supported", "k")) {
		c->peer_replaces =
			msg_hdr_has(msg, "Supported", "k", "replaces");
		c->peer_tdialog = msg_hdr_has(msg, "Supported", "k", "tdialog");
	}
	if (msg_hdr(msg, "Allow", NULL))
		c->peer_no_refer = !msg_hdr_has(msg, "Allow", NULL, "REFER");
}

bool msg_has_sdp(const struct sip_msg *msg)
{
	return mbuf_get_left(msg->mb) > 0 &&
	       msg_ctype_cmp(&msg->ctyp, "application", "sdp");
}

static void on_ring_timeout(void *arg)
{
	struct call *c = arg;
	char text[TEXT_MAX];

	ASSERT_SIP();

	(void)snprintf(text, sizeof(text), "no answer in %u s",
		       c->e->ring_timeout_s);
	call_hangup(c);
	if (!c->ended)
		call_say(c, 408, text);
}

/* our CANCEL has been heard, or there was nobody to hear it */
static void call_canceled(struct call *c)
{
	char text[TEXT_MAX] = "cancelled";
	const bool late = c->info.code == 408;

	if (late)
		text_cut(text, sizeof(text), c->info.text);
	call_end(c, late ? 408 : 487, text, false);
}

void call_ack_2xx(struct call *c, uint32_t cseq, struct mbuf *body)
{
	struct rq_prm prm = call_rq(c, "ACK", NULL);
	int err;

	ASSERT_SIP();

	c->inv_cseq = cseq;
	c->ack = mem_deref(c->ack);
	prm.ctype = body ? "application/sdp" : NULL;
	prm.body = body;
	err = rq_ack(&c->ack, &prm, cseq);
	if (err)
		log_warn("call", "%u: ACK could not be sent: %s", c->info.id,
			 strerror(err));
}

static void show_contacts(struct call *c, const struct sip_msg *msg)
{
	struct msg_values v = {.msg = msg, .name = "Contact", .compact = "m"};
	char *dst = c->info.contacts;
	const size_t size = sizeof(c->info.contacts);
	struct pl val;

	dst[0] = '\0';
	while (msg_values_next(&v, &val)) {
		const size_t n = strlen(dst);
		struct sip_addr addr;
		char uri[URI_MAX];

		if (sip_addr_decode(&addr, &val) ||
		    text_ncopy(uri, sizeof(uri), addr.auri.p, addr.auri.l) ||
		    !uri_is_sane(uri))
			continue;
		if (n + strlen(uri) + 2 > size)
			break;
		(void)snprintf(dst + n, size - n, "%s%s", n ? " " : "", uri);
	}
}

/* true: another INVITE is on its way to where the 3xx pointed */
static bool redirected(struct call *c)
{
	char first[URI_MAX];
	const char *blank = strchr(c->info.contacts, ' ');

	if (!c->e->follow_redirects || !c->info.contacts[0] ||
	    c->redirects++ >= REDIRECTS_MAX)
		return false;
	if (text_ncopy(first, sizeof(first), c->info.contacts,
		       blank ? (size_t)(blank - c->info.contacts)
			     : strlen(c->info.contacts)))
		return false;
	if (dlg_restart(c->dlg, first))
		return false;
	text_cut(c->info.peer, sizeof(c->info.peer), first);
	return !invite(c);
}

static void answered(struct call *c, const struct sip_msg *msg)
{
	int err;

	tmr_cancel(&c->tmr_ring);
	call_learn_peer(c, msg);
	err = dlg_learn(c->dlg, msg);
	if (err) {
		/* without a tag there is nothing to ACK or BYE within */
		call_end(c, msg->scode, "the answer has no To tag", true);
		return;
	}
	call_ack_2xx(c, msg->cseq.num, NULL);
	c->confirmed = c->established = true;
	if (c->canceling && consult_wants_answer(c))
		c->canceling = false;
	if (c->canceling) {
		/* answered while our CANCEL was on its way */
		call_send_bye(c);
		call_canceled(c);
		return;
	}
	if (msg_has_sdp(msg))
		err = offer_decode(c->offer, false, msg->mb);
	else
		err = c->info.state == CALL_EARLY ? 0 : ENODATA;
	if (err) {
		call_send_bye(c);
		call_end(c, 488,
			 err == ENOTSUP ? "no common codec with the other side"
					: "the answer's session description is "
					  "unreadable",
			 false);
		return;
	}
	c->have = c->want;
	call_note_remote_hold(c);
	call_say(c, msg->scode, "");
	msg_reason(c->info.text, sizeof(c->info.text), msg);
	call_set_state(c, CALL_TALKING);
	consult_call_news(c, false);
	if (!c->ended && c->referred)
		referred_progress(c->referred, c, msg->scode);
	if (!c->ended)
		call_modify_next(c);
}

static void progressing(struct call *c, const struct sip_msg *msg)
{
	enum call_state state = c->info.state;
	char text[TEXT_MAX];

	if (msg->scode == 100 || c->canceling)
		return;
	if (pl_isset(&msg->to.tag))
		(void)dlg_learn(c->dlg, msg);
	call_learn_peer(c, msg);
	if (msg_has_sdp(msg) && !offer_decode(c->offer, false, msg->mb)) {
		state = CALL_EARLY;
		call_note_remote_hold(c);
	} else if (msg->scode == 180 && state == CALL_DIALING) {
		state = CALL_RINGING;
	}
	msg_reason(text, sizeof(text), msg);
	call_say(c, msg->scode, text);
	call_set_state(c, state);
	consult_call_news(c, false);
	if (!c->ended && c->referred)
		referred_progress(c->referred, c, msg->scode);
}

static void refused(struct call *c, const struct sip_msg *msg, const char *why)
{
	char text[TEXT_MAX], words[TEXT_MAX * 2];

	if (c->canceling) {
		call_canceled(c);
		return;
	}
	msg_reason(text, sizeof(text), msg);
	if (msg->scode < 400) {
		show_contacts(c, msg);
		if (redirected(c)) {
			call_say(c, msg->scode, text);
			call_publish(c);
			return;
		}
	}
	if (why && (msg->scode == 401 || msg->scode == 407)) {
		(void)snprintf(words, sizeof(words), "%s: %s", text, why);
		text_cut(text, sizeof(text), words);
	}
	call_end(c, msg->scode, text, true);
}

static void on_invite_answer(int err, const struct sip_msg *msg, bool again,
			     const char *why, void *arg)
{
	struct call *c = arg;

	ASSERT_SIP();

	if (again) {
		/* a 18x before the challenge was of another branch */
		if (c->dlg->rtag)
			(void)dlg_restart(c->dlg, c->redirects
							  ? c->info.peer
							  : c->final_target);
		return;
	}
	if (c->ended) {
		/* the object only waited for this; an answer that comes all
		 * the same is taken and ended */
		if (!err && msg->scode >= 200 && msg->scode < 300 &&
		    !dlg_learn(c->dlg, msg)) {
			call_ack_2xx(c, msg->cseq.num, NULL);
			call_send_bye(c);
		}
		if (err || msg->scode >= 200)
			call_last_answer(c);
		return;
	}
	if (err && c->canceling)
		call_canceled(c);
	else if (err)
		call_end(c, err == ETIMEDOUT ? 408 : 0,
			 why ? why : strerror(err), true);
	else if (msg->scode < 200)
		progressing(c, msg);
	else if (msg->scode < 300)
		answered(c, msg);
	else
		refused(c, msg, why);
}

static int invite(struct call *c)
{
	char hdrs[2048];
	struct rq_prm prm = call_rq(c, "INVITE", on_invite_answer);
	int n;

	n = snprintf(hdrs, sizeof(hdrs),
		     "Allow: " SIP_ALLOW "\r\nSupported: %s\r\n%s",
		     engine_supported(c->e), c->headers ? c->headers : "");
	if (n < 0 || (size_t)n >= sizeof(hdrs))
		return EOVERFLOW;
	prm.headers = hdrs;
	prm.ctype = "application/sdp";
	prm.contact = true;
	prm.prep = on_prepare;
	if (c->e->ring_timeout_s)
		tmr_start(&c->tmr_ring, c->e->ring_timeout_s * 1000ull,
			  on_ring_timeout, c);
	return rq_send(&c->inv, &prm);
}

int call_dial(struct engine *e, struct account *acc, const char *uri,
	      const struct dial_prm *as, const char *headers,
	      uint32_t consult_of, struct referred *referred, struct call **cp)
{
	char route[URI_MAX + 8];
	struct call *c;
	int err;

	ASSERT_SIP();

	c = call_new(e, acc);
	if (!c)
		return ENOMEM;
	c->info.dir = CALL_OUT;
	c->info.consult_of = consult_of;
	account_route(acc, route, sizeof(route));
	err = text_copy(c->info.peer, sizeof(c->info.peer), uri);
	if (!err)
		err = text_copy(c->final_target, sizeof(c->final_target), uri);
	if (!err)
		err = dlg_uac(&c->dlg, acc->p2p ? "sip:-" : acc->info.aor,
			      as ? as->name : acc->prm.name, uri, route);
	if (!err && as)
		err = str_dup(&c->dlg->user, as->user);
	if (!err)
		err = auth_alloc(&c->auth, &acc->cred);
	/* kept: a 3xx changes whom we call, not why */
	if (!err && headers)
		err = str_dup(&c->headers, headers);
	if (err)
		goto out;
	call_enter(c);
	if (referred) {
		c->referred = referred;
		c->info.referred = referred_id(referred);
		/* the phone that was asked calls in its own name */
		c->dlg->user = mem_ref(referred_user(referred));
	}
	err = invite(c);
	if (err)
		goto out;
	call_set_state(c, CALL_DIALING);
	*cp = c;
out:
	if (err)
		mem_deref(c);
	return err;
}

bool call_stray_2xx(struct engine *e, struct stack *st,
		    const struct sip_msg *msg)
{
	struct call *c = NULL;
	struct fork *f;
	struct le *le;
	struct rq_prm prm;

	ASSERT_SIP();

	(void)st;
	for (le = list_head(
		     hash_list(e->calls_ht, hash_joaat_pl(&msg->callid)));
	     le; le = le->next) {
		c = le->data;
		if (dlg_match_half(c->dlg, msg))
			break;
		c = NULL;
	}
	if (!c || !c->dlg->uac || !c->inv_cseq || msg->cseq.num != c->inv_cseq)
		return false;
	if (!pl_strcmp(&msg->to.tag, c->dlg->rtag ? c->dlg->rtag : "")) {
		(void)rq_ack_again(c->ack);
		return true;
	}

	/* another branch answered too: take it and end it (RFC 3261
	 * 13.2.2.4); the caller is with the first */
	for (le = c->forks.head; le; le = le->next) {
		f = le->data;
		if (dlg_match(f->dlg, msg)) {
			(void)rq_ack_again(f->ack);
			return true;
		}
	}
	if (list_count(&c->forks) >= FORKS_MAX)
		return true;
	f = mem_zalloc(sizeof(*f), fork_destructor);
	if (!f || dlg_fork(&f->dlg, c->dlg, msg)) {
		mem_deref(f);
		return true;
	}
	list_append(&c->forks, &f->le, f);
	log_info("call", "%u: a second phone answered too; ended there",
		 c->info.id);
	prm = call_rq(c, "ACK", NULL);
	prm.dlg = f->dlg;
	(void)rq_ack(&f->ack, &prm, msg->cseq.num);
	prm.method = "BYE";
	(void)rq_send(NULL, &prm);
	return true;
}
