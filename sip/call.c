/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <stdio.h>

#include "base/clock.h"
#include "sip/priv.h"
#include "sip/refer_priv.h"

/*
 * One call: the INVITE usage on libre's transactions and our dialog.  libre's
 * own sipsess hides refused re-INVITEs, the 2xx of a second branch and the
 * headers of answers, all of which a transfer depends on.
 *
 *            call_dial()                          call_incoming()
 *                │                                      │
 *             DIALING ──18x──► RINGING/EARLY         RINGING (in)
 *                │   └─────────────┬──┘                 │ call_answer()
 *                │ 3xx-6xx,        │ 2xx: ACK           │ 200 ... ACK
 *                │ no answer       ▼                    ▼
 *                │        ┌────► TALKING ◄──────────────┘
 *                │ resume │         │ hold: re-INVITE sendonly
 *                │        └────── HELD
 *                ▼                  │ BYE from either side
 *              ENDED ◄──────────────┘
 *
 * ENDED is told at once; the object stays in engine.ended until the last
 * answer (to BYE or CANCEL) is in, so that stopping can wait for it.
 *
 * What holds always (call_check): a call that is confirmed has a dialog with
 * a remote tag; only a confirmed one is TALKING or HELD; at most one INVITE of
 * ours is in flight, and none while the peer's waits for our answer.
 */

enum {
	T1_MS = 500,
	T2_MS = 4000,
	TIMEOUT_MS = 64 * T1_MS,
	REDIRECTS_MAX = 5,
	GLARES_MAX = 6,
	FORKS_MAX = 8,
};

struct fork {
	struct le le;
	struct dlg *dlg;
	struct mbuf *ack;
};

static void fork_destructor(void *arg)
{
	struct fork *f = arg;

	list_unlink(&f->le);
	mem_deref(f->dlg);
	mem_deref(f->ack);
}

static void holders_tell(struct call *c, int err, unsigned code,
			 const char *text);
static void modify_next(struct call *c);

static void call_destructor(void *arg)
{
	struct call *c = arg;

	list_unlink(&c->le);
	hash_unlink(&c->he);
	tmr_cancel(&c->tmr_ok);
	tmr_cancel(&c->tmr_ring);
	tmr_cancel(&c->tmr_glare);
	list_flush(&c->holders);
	list_flush(&c->forks);
	rq_forget(&c->inv);
	rq_forget(&c->bye);
	/* a server transaction has us as its argument: answer it */
	if (c->st)
		(void)sip_treply(&c->st, c->dlg->st->sip, c->inv_msg, 480,
				 "Temporarily Unavailable");
	mem_deref(c->inv_msg);
	mem_deref(c->ack);
	mem_deref(c->ok);
	mem_deref(c->ok_msg);
	mem_deref(c->auth);
	mem_deref(c->offer);
	mem_deref(c->dlg);
	mem_deref(c->replaced);
}

static void call_check(const struct call *c)
{
	assert(!c->confirmed || (c->dlg && c->dlg->rtag));
	assert(c->confirmed || (c->info.state != CALL_TALKING &&
				c->info.state != CALL_HELD));
	assert(!(c->inv && c->st));
	(void)c;
}

static struct call *call_new(struct engine *e, struct account *acc)
{
	struct call *c = mem_zalloc(sizeof(*c), call_destructor);

	if (!c)
		return NULL;
	c->e = e;
	c->acc = acc;
	tmr_init(&c->tmr_ok);
	tmr_init(&c->tmr_ring);
	tmr_init(&c->tmr_glare);
	c->want = c->have = SDP_SENDRECV;
	c->info.account = acc->id;
	return c;
}

/* a number is given only to what users get to see */
static void call_enter(struct call *c)
{
	c->info.id = ++c->e->n_call;
	list_append(&c->e->calls, &c->le, c);
	hash_append(c->e->calls_ht, hash_joaat_str(c->dlg->callid), &c->he, c);
}

void call_publish(struct call *c)
{
	struct event ev;

	call_check(c);
	if (c->offer)
		offer_stats(c->offer, &c->info.rx_packets,
			    &c->info.tx_packets);
	memset(&ev, 0, offsetof(struct event, u));
	ev.type = EV_CALL;
	ev.u.call = c->info;
	engine_publish(c->e, &ev);
}

static void call_set_state(struct call *c, enum call_state state)
{
	if (c->info.state != state)
		log_debug("call", "%u: %s -> %s", c->info.id,
			  call_state_name(c->info.state),
			  call_state_name(state));
	c->info.state = state;
	if (c->offer)
		offer_apply(c->offer, state == CALL_TALKING);
	call_publish(c);
}

bool call_is_up(const struct call *c)
{
	return c->established && !c->ended;
}

bool call_other_talking(const struct call *c)
{
	struct le *le;

	for (le = c->e->calls.head; le; le = le->next) {
		const struct call *o = le->data;

		if (o != c && o->info.state == CALL_TALKING)
			return true;
	}
	return false;
}

static void say(struct call *c, unsigned code, const char *text)
{
	c->info.code = code;
	text_cut(c->info.text, sizeof(c->info.text), text);
}

/* Still answers to wait for?  Then the object stays, unseen. */
static void call_leave(struct call *c)
{
	list_unlink(&c->le);
	if (c->bye || c->inv) {
		list_append(&c->e->ended, &c->le, c);
		return;
	}
	mem_deref(c);
}

static void on_last_answer(struct call *c)
{
	struct engine *e = c->e;

	if (!c->bye && !c->inv)
		mem_deref(c);
	engine_stop_check(e);
}

/**
 * The one end of every call: tells everybody, once.
 */
static void call_end(struct call *c, unsigned code, const char *text,
		     bool by_peer)
{
	struct engine *e = c->e;

	if (c->ended)
		return;
	c->ended = true;
	c->established = false;
	tmr_cancel(&c->tmr_ok);
	tmr_cancel(&c->tmr_ring);
	tmr_cancel(&c->tmr_glare);
	c->ok = mem_deref(c->ok);
	c->ok_msg = mem_deref(c->ok_msg);
	if (c->confirmed)
		rq_forget(&c->inv);
	say(c, code, text);
	c->confirmed = false;
	call_set_state(c, CALL_ENDED);
	c->offer = mem_deref(c->offer);
	holders_tell(c, ECONNRESET, code, text);

	(void)mem_ref(c);
	list_unlink(&c->le); /* engine_call() must not find it any more */
	consult_call_news(c, by_peer);
	refer_call_ended(c, by_peer);
	if (c->referred)
		referred_progress(c->referred, c, code ? code : 487);
	referred_session_ended(c);
	list_append(&e->ended, &c->le, c);
	(void)mem_deref(c);

	call_leave(c);
	engine_stop_check(e);
}

/* ---- BYE --------------------------------------------------------------- */

static void on_bye_answer(int err, const struct sip_msg *msg, bool again,
			  const char *why, void *arg)
{
	struct call *c = arg;

	/* 481 and 408: it is gone there as well, which is what we wanted */
	(void)err;
	(void)why;
	if (again || (msg && msg->scode < 200))
		return;
	on_last_answer(c);
}

static void send_bye(struct call *c)
{
	struct rq_prm prm = {
		.e = c->e,
		.method = "BYE",
		.dlg = c->dlg,
		.acc = c->acc,
		.auth = c->auth,
		.h = on_bye_answer,
		.arg = c,
	};

	if (c->bye_sent)
		return;
	c->bye_sent = true;
	if (rq_send(&c->bye, &prm))
		log_warn("call", "%u: BYE could not be sent", c->info.id);
}

void call_hangup(struct call *c)
{
	ASSERT_SIP();

	if (c->ended)
		return;
	if (c->confirmed || c->ok) {
		/* before the ACK a BYE must wait (RFC 3261 15), but no user
		 * should: the dialog stands, and every peer takes it */
		send_bye(c);
		call_end(c, 0, "you hung up", false);
	} else if (c->st) {
		(void)call_reject(c, c->e->stopping ? 480 : 603);
	} else if (c->inv) {
		if (c->canceling)
			return;
		c->canceling = true;
		say(c, 0, "cancelling");
		rq_cancel(c->inv);
		call_publish(c);
	} else {
		call_end(c, 0, "you hung up", false);
	}
}

/* ---- offers ------------------------------------------------------------ */

static int ensure_offer(struct call *c, const struct stack *st)
{
	if (c->offer)
		return 0;
	return offer_alloc(&c->offer, &st->addr);
}

/* Our direction for the next description */
static enum sdp_dir direction(const struct call *c)
{
	if (c->want != SDP_SENDRECV && c->offer && offer_remote_holds(c->offer))
		return SDP_INACTIVE; /* both hold (RFC 5359 2.1) */
	return c->want;
}

static void remote_hold_changed(struct call *c)
{
	c->info.remote_hold = c->offer && offer_remote_holds(c->offer);
}

/* ---- calling ----------------------------------------------------------- */

static int invite(struct call *c, const char *headers);

static int on_prepare(struct stack *st, enum transp tp, struct mbuf **bodyp,
		      void *arg)
{
	struct call *c = arg;
	char aor[URI_MAX];
	int err;

	if (c->acc->p2p && !c->dlg->rtag) {
		err = account_aor(c->acc, st, tp, aor, sizeof(aor));
		if (err)
			return err;
		c->dlg->local = mem_deref(c->dlg->local);
		c->dlg->local_uri = mem_deref(c->dlg->local_uri);
		err = re_sdprintf(&c->dlg->local, "<%s>", aor);
		if (!err)
			err = str_dup(&c->dlg->local_uri, aor);
		if (err)
			return err;
	}
	/* another of our addresses than the first try's */
	if (!c->confirmed)
		c->offer = mem_deref(c->offer);
	err = ensure_offer(c, st);
	if (err)
		return err;
	return offer_encode(c->offer, true, direction(c), bodyp);
}

static void learn_peer(struct call *c, const struct sip_msg *msg)
{
	if (msg_hdr(msg, "Supported", "k")) {
		c->peer_replaces = msg_hdr_has(msg, "Supported", "k",
					       "replaces");
		c->peer_tdialog = msg_hdr_has(msg, "Supported", "k",
					      "tdialog");
	}
	if (msg_hdr(msg, "Allow", NULL))
		c->peer_no_refer = !msg_hdr_has(msg, "Allow", NULL, "REFER");
}

static bool has_sdp(const struct sip_msg *msg)
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
		say(c, 408, text);
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

static void ack_2xx(struct call *c, uint32_t cseq, struct mbuf *body)
{
	int err;

	c->inv_cseq = cseq;
	c->ack = mem_deref(c->ack);
	err = rq_ack(&c->ack, c->e, c->dlg, c->acc, c->auth, cseq,
		     body ? "application/sdp" : NULL, body);
	if (err)
		log_warn("call", "%u: ACK could not be sent: %s", c->info.id,
			 strerror(err));
}

static void show_contacts(struct call *c, const struct sip_msg *msg)
{
	struct le *le;

	c->info.contacts[0] = '\0';
	for (le = msg->hdrl.head; le; le = le->next) {
		const struct sip_hdr *hdr = le->data;
		struct sip_addr addr;
		char uri[URI_MAX];
		size_t n = strlen(c->info.contacts);

		if (pl_strcasecmp(&hdr->name, "Contact") &&
		    pl_strcasecmp(&hdr->name, "m"))
			continue;
		if (sip_addr_decode(&addr, &hdr->val) ||
		    text_ncopy(uri, sizeof(uri), addr.auri.p, addr.auri.l) ||
		    !uri_is_sane(uri))
			continue;
		if (n + strlen(uri) + 2 > sizeof(c->info.contacts))
			break;
		(void)snprintf(c->info.contacts + n,
			       sizeof(c->info.contacts) - n, "%s%s",
			       n ? " " : "", uri);
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
	c->dlg->rtag = mem_deref(c->dlg->rtag);
	c->dlg->target = mem_deref(c->dlg->target);
	sa_init(&c->dlg->hop, AF_UNSPEC);
	if (str_dup(&c->dlg->target, first))
		return false;
	text_cut(c->info.peer, sizeof(c->info.peer), first);
	return !invite(c, NULL);
}

static void answered(struct call *c, const struct sip_msg *msg)
{
	int err;

	tmr_cancel(&c->tmr_ring);
	learn_peer(c, msg);
	err = dlg_learn(c->dlg, msg);
	if (err) {
		/* without a tag there is nothing to ACK or BYE within */
		call_end(c, msg->scode, "the answer has no To tag", true);
		return;
	}
	ack_2xx(c, msg->cseq.num, NULL);
	c->confirmed = c->established = true;
	if (c->canceling) {
		/* answered while our CANCEL was on its way */
		send_bye(c);
		call_canceled(c);
		return;
	}
	if (has_sdp(msg))
		err = offer_decode(c->offer, false, msg->mb);
	else
		err = c->info.state == CALL_EARLY ? 0 : ENODATA;
	if (err) {
		send_bye(c);
		call_end(c, 488,
			 err == ENOTSUP
				 ? "no common codec with the other side"
				 : "the answer's session description is "
				   "unreadable",
			 false);
		return;
	}
	c->have = c->want;
	remote_hold_changed(c);
	say(c, msg->scode, "");
	msg_reason(c->info.text, sizeof(c->info.text), msg);
	call_set_state(c, CALL_TALKING);
	consult_call_news(c, false);
	if (!c->ended && c->referred)
		referred_progress(c->referred, c, msg->scode);
	if (!c->ended)
		modify_next(c);
}

static void on_invite_answer(int err, const struct sip_msg *msg, bool again,
			     const char *why, void *arg)
{
	struct call *c = arg;
	enum call_state state;
	char text[TEXT_MAX];

	ASSERT_SIP();

	if (again)
		return;
	if (c->ended) {
		/* the object only waited for this */
		if (!err && msg->scode >= 200)
			on_last_answer(c);
		else if (err)
			on_last_answer(c);
		return;
	}
	if (err) {
		if (c->canceling)
			call_canceled(c);
		else
			call_end(c, err == ETIMEDOUT ? 408 : 0,
				 why ? why : strerror(err), true);
		return;
	}
	if (msg->scode == 100)
		return;
	if (msg->scode < 200) {
		if (c->canceling)
			return;
		if (pl_isset(&msg->to.tag))
			(void)dlg_learn(c->dlg, msg);
		learn_peer(c, msg);
		state = c->info.state;
		if (has_sdp(msg) && !offer_decode(c->offer, false, msg->mb)) {
			state = CALL_EARLY;
			remote_hold_changed(c);
		} else if (msg->scode == 180 && state == CALL_DIALING) {
			state = CALL_RINGING;
		}
		msg_reason(text, sizeof(text), msg);
		say(c, msg->scode, text);
		call_set_state(c, state);
		consult_call_news(c, false);
		if (!c->ended && c->referred)
			referred_progress(c->referred, c, msg->scode);
		return;
	}
	if (msg->scode < 300) {
		answered(c, msg);
		return;
	}
	msg_reason(text, sizeof(text), msg);
	if (c->canceling) {
		call_canceled(c);
		return;
	}
	if (msg->scode < 400) {
		show_contacts(c, msg);
		if (redirected(c)) {
			say(c, msg->scode, text);
			call_publish(c);
			return;
		}
	}
	if (why && (msg->scode == 401 || msg->scode == 407)) {
		char words[TEXT_MAX * 2];

		(void)snprintf(words, sizeof(words), "%s: %s", text, why);
		text_cut(text, sizeof(text), words);
	}
	call_end(c, msg->scode, text, true);
}

static int invite(struct call *c, const char *headers)
{
	char hdrs[2048];
	struct rq_prm prm = {
		.e = c->e,
		.method = "INVITE",
		.dlg = c->dlg,
		.acc = c->acc,
		.auth = c->auth,
		.headers = hdrs,
		.ctype = "application/sdp",
		.contact = true,
		.prep = on_prepare,
		.h = on_invite_answer,
		.arg = c,
	};
	int n;

	n = snprintf(hdrs, sizeof(hdrs),
		     "Allow: " SIP_ALLOW "\r\nSupported: %s\r\n%s",
		     c->e->accept_refer ? "replaces" : "tdialog",
		     headers ? headers : "");
	if (n < 0 || (size_t)n >= sizeof(hdrs))
		return EOVERFLOW;
	if (c->e->ring_timeout_s)
		tmr_start(&c->tmr_ring, c->e->ring_timeout_s * 1000ull,
			  on_ring_timeout, c);
	return rq_send(&c->inv, &prm);
}

int call_dial(struct engine *e, struct account *acc, const char *uri,
	      const char *headers, uint32_t consult_of,
	      struct referred *referred, struct call **cp)
{
	char route[URI_MAX + 8] = "";
	struct call *c;
	int err;

	ASSERT_SIP();

	c = call_new(e, acc);
	if (!c)
		return ENOMEM;
	c->info.dir = CALL_OUT;
	c->info.consult_of = consult_of;
	if (acc->prm.outbound[0])
		(void)snprintf(route, sizeof(route), "<%s%s>",
			       acc->prm.outbound,
			       strstr(acc->prm.outbound, ";lr") ? "" : ";lr");
	err = text_copy(c->info.peer, sizeof(c->info.peer), uri);
	if (!err)
		err = text_copy(c->final_target, sizeof(c->final_target), uri);
	if (!err)
		err = dlg_uac(&c->dlg, acc->p2p ? "sip:-" : acc->info.aor,
			      acc->prm.name, uri, route);
	if (!err)
		err = auth_alloc(&c->auth, &acc->cred);
	if (err)
		goto out;
	call_enter(c);
	if (referred) {
		c->referred = referred;
		c->info.referred = referred_id(referred);
	}
	err = invite(c, headers);
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
	struct rq_prm bye = {.e = e, .method = "BYE"};

	(void)st;
	for (le = list_head(hash_list(e->calls_ht,
				      hash_joaat_pl(&msg->callid)));
	     le; le = le->next) {
		c = le->data;
		if (dlg_match_half(c->dlg, msg))
			break;
		c = NULL;
	}
	if (!c || msg->cseq.num != c->inv_cseq)
		return false;
	if (!pl_strcmp(&msg->to.tag, c->dlg->rtag ? c->dlg->rtag : "")) {
		(void)rq_ack_again(e, c->dlg, c->ack);
		return true;
	}

	/* another branch answered too: take it and end it (RFC 3261
	 * 13.2.2.4); the caller is with the first */
	for (le = c->forks.head; le; le = le->next) {
		f = le->data;
		if (dlg_match(f->dlg, msg)) {
			(void)rq_ack_again(e, f->dlg, f->ack);
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
	(void)rq_ack(&f->ack, e, f->dlg, c->acc, c->auth, msg->cseq.num, NULL,
		     NULL);
	bye.dlg = f->dlg;
	bye.acc = c->acc;
	bye.auth = c->auth;
	(void)rq_send(NULL, &bye);
	return true;
}

/* ---- being called ------------------------------------------------------ */

static void on_cancel(void *arg)
{
	struct call *c = arg;

	ASSERT_SIP();

	(void)sip_treply(&c->st, c->dlg->st->sip, c->inv_msg, 487,
			 "Request Terminated");
	call_end(c, 487, "the caller gave up", true);
}

static bool require_unknown(struct stack *st, const struct sip_msg *msg)
{
	const struct sip_hdr *hdr = msg_hdr(msg, "Require", NULL);
	const bool ours = st->e->accept_refer;

	if (!hdr)
		return false;
	if (ours && !pl_strcasecmp(&hdr->val, "replaces") &&
	    msg_hdr_count(msg, "Require", NULL) == 1)
		return false;
	(void)sip_treplyf(NULL, NULL, st->sip, msg, false, 420,
			  "Bad Extension",
			  "Unsupported: %r\r\nContent-Length: 0\r\n\r\n",
			  &hdr->val);
	return true;
}

/**
 * INVITE with Replaces (RFC 3891 3), for the bank's phones.
 *
 * @return 0 with *oldp set or NULL; else the code to answer
 */
static unsigned replaces_wanted(struct engine *e, const struct sip_msg *msg,
				struct call **oldp)
{
	const struct sip_hdr *hdr = msg_hdr(msg, "Replaces", NULL);
	struct replaces r;
	struct le *le;

	*oldp = NULL;
	if (!hdr || !e->accept_refer)
		return 0;
	if (msg_hdr_count(msg, "Replaces", NULL) != 1 ||
	    msg_hdr(msg, "Join", NULL) ||
	    replaces_decode(&r, hdr->val.p, hdr->val.l))
		return 400;
	for (le = list_head(hash_list(e->calls_ht, hash_joaat_str(r.callid)));
	     le; le = le->next) {
		struct call *c = le->data;

		if (!replaces_match(&r, c->dlg->callid, c->dlg->ltag,
				    c->dlg->rtag ? c->dlg->rtag : ""))
			continue;
		if (c->ended)
			return 603;
		if (c->confirmed && r.early_only)
			return 486;
		/* an early dialog only its originator may give away */
		if (!c->confirmed && !c->inv)
			return 481;
		*oldp = c;
		return 0;
	}
	return 481;
}

void call_incoming(struct engine *e, struct stack *st,
		   const struct sip_msg *msg)
{
	const struct sip_hdr *hdr;
	struct call *c = NULL, *old = NULL;
	struct account *acc;
	unsigned code;
	int err;

	ASSERT_SIP();

	if (require_unknown(st, msg))
		return;
	if (mbuf_get_left(msg->mb) && !has_sdp(msg)) {
		(void)sip_treplyf(NULL, NULL, st->sip, msg, false, 415,
				  "Unsupported Media Type",
				  "Accept: application/sdp\r\n"
				  "Content-Length: 0\r\n\r\n");
		return;
	}
	code = replaces_wanted(e, msg, &old);
	if (code) {
		(void)sip_treply(NULL, st->sip, msg, (uint16_t)code,
				 sip_reason(code));
		return;
	}
	acc = account_for(e, msg);
	if (acc)
		c = call_new(e, acc);
	if (!c) {
		(void)sip_treply(NULL, st->sip, msg, 500,
				 "Server Internal Error");
		return;
	}
	err = dlg_uas(&c->dlg, st, msg);
	if (err) {
		(void)sip_treply(NULL, st->sip, msg, 400,
				 "Bad Request (Contact)");
		mem_deref(c);
		return;
	}
	err = auth_alloc(&c->auth, &acc->cred);
	if (!err)
		err = ensure_offer(c, st);
	if (!err && has_sdp(msg)) {
		err = offer_decode(c->offer, true, msg->mb);
		if (err == EBADMSG || err == ENOTSUP) {
			(void)sip_treply(NULL, st->sip, msg,
					 err == EBADMSG ? 400 : 488,
					 err == EBADMSG
						 ? "Bad Session Description"
						 : "Not Acceptable Here");
			mem_deref(c);
			return;
		}
	} else {
		c->offerless = true;
	}
	if (!err)
		err = sip_strans_alloc(&c->st, st->sip, msg, on_cancel, c);
	if (err) {
		(void)sip_treply(NULL, st->sip, msg, 500,
				 "Server Internal Error");
		mem_deref(c);
		return;
	}
	c->inv_msg = mem_ref((void *)(uintptr_t)msg);
	c->peer_inv_cseq = msg->cseq.num;
	learn_peer(c, msg);
	c->info.dir = CALL_IN;
	text_cut(c->info.peer, sizeof(c->info.peer), c->dlg->remote_uri);
	if (!uri_is_sane(c->info.peer))
		text_clean(c->info.peer, sizeof(c->info.peer),
			   c->dlg->remote_uri, strlen(c->dlg->remote_uri));
	text_clean(c->info.name, sizeof(c->info.name),
		   msg->from.dname.p ? msg->from.dname.p : "",
		   msg->from.dname.l);
	text_clean(c->info.local, sizeof(c->info.local),
		   msg->uri.user.p ? msg->uri.user.p : "", msg->uri.user.l);
	hdr = msg_hdr(msg, "Referred-By", "b");
	if (hdr)
		text_clean(c->info.referred_by, sizeof(c->info.referred_by),
			   hdr->val.p, hdr->val.l);
	remote_hold_changed(c);
	call_enter(c);
	if (old) {
		c->replaced = mem_ref(old);
		c->info.replaces = old->info.id;
		if (call_answer(c))
			(void)call_reject(c, 500);
		return;
	}
	if (!e->any_user)
		(void)call_progress(c, 180);
	call_set_state(c, CALL_RINGING);
}

int call_progress(struct call *c, unsigned code)
{
	char contact[URI_MAX];

	ASSERT_SIP();

	if (!c->st || c->confirmed || code < 180 || code > 199)
		return EINVAL;
	if (account_contact(c->acc, c->dlg->st, c->dlg->tp, contact,
			    sizeof(contact)))
		return EOVERFLOW;
	return sip_treplyf(&c->st, NULL, c->dlg->st->sip, c->inv_msg, true,
			   (uint16_t)code, sip_reason(code),
			   "Contact: <%s>\r\n"
			   "Allow: " SIP_ALLOW "\r\n"
			   "Supported: %s\r\n"
			   "Content-Length: 0\r\n\r\n",
			   contact, c->e->accept_refer ? "replaces" : "tdialog");
}

static void ok_send_again(struct call *c)
{
	struct sa dst;
	struct pl pl;

	sip_reply_addr(&dst, c->ok_msg,
		       !msg_param_exists(&c->ok_msg->via.params, "rport",
					 &pl));
	c->ok->pos = 0;
	(void)sip_send(c->dlg->st->sip, c->ok_msg->sock, c->ok_msg->tp, &dst,
		       c->ok);
}

static void on_ok_timer(void *arg)
{
	struct call *c = arg;

	ASSERT_SIP();

	if (clock_ms() >= c->ok_until) {
		send_bye(c);
		call_end(c, 408, "the caller never confirmed (no ACK)", true);
		return;
	}
	ok_send_again(c);
	c->ok_wait_ms = c->ok_wait_ms * 2 < T2_MS ? c->ok_wait_ms * 2 : T2_MS;
	tmr_start(&c->tmr_ok, c->ok_wait_ms, on_ok_timer, c);
}

/* 200 to an INVITE of the peer, said again until its ACK comes */
static int send_ok(struct call *c)
{
	char contact[URI_MAX];
	struct mbuf *body = NULL, *mb = NULL;
	int err;

	err = account_contact(c->acc, c->dlg->st, c->dlg->tp, contact,
			      sizeof(contact));
	if (!err)
		err = offer_encode(c->offer, c->offerless, direction(c),
				   &body);
	if (!err)
		err = sip_treplyf(&c->st, &mb, c->dlg->st->sip, c->inv_msg,
				  true, 200, "OK",
				  "Contact: <%s>\r\n"
				  "Allow: " SIP_ALLOW "\r\n"
				  "Supported: %s\r\n"
				  "Content-Type: application/sdp\r\n"
				  "Content-Length: %zu\r\n\r\n%b",
				  contact,
				  c->e->accept_refer ? "replaces" : "tdialog",
				  body->end, body->buf, body->end);
	mem_deref(body);
	if (err)
		return err;
	mem_deref(c->ok);
	mem_deref(c->ok_msg);
	c->ok = mb;
	c->ok_msg = c->inv_msg;
	c->inv_msg = NULL;
	c->ok_wait_ms = T1_MS;
	c->ok_until = clock_ms() + TIMEOUT_MS;
	tmr_start(&c->tmr_ok, T1_MS, on_ok_timer, c);
	return 0;
}

int call_answer(struct call *c)
{
	int err;

	ASSERT_SIP();

	if (!c->st || c->confirmed || c->ok)
		return EINVAL;
	err = send_ok(c);
	if (err)
		return err;
	call_publish(c);
	return 0;
}

int call_reject(struct call *c, unsigned code)
{
	ASSERT_SIP();

	if (!c->st || c->confirmed || code < 300 || code > 699)
		return EINVAL;
	(void)sip_treply(&c->st, c->dlg->st->sip, c->inv_msg, (uint16_t)code,
			 sip_reason(code));
	call_end(c, code, "refused here", false);
	return 0;
}

void call_ack(struct call *c, const struct sip_msg *msg)
{
	struct call *old;
	const bool first = !c->confirmed;

	ASSERT_SIP();

	if (!c->ok || msg->cseq.num != c->ok_msg->cseq.num)
		return;
	tmr_cancel(&c->tmr_ok);
	c->ok = mem_deref(c->ok);
	c->ok_msg = mem_deref(c->ok_msg);
	c->confirmed = c->established = true;
	if (c->offerless) {
		c->offerless = false;
		if (!has_sdp(msg) || offer_decode(c->offer, false, msg->mb)) {
			send_bye(c);
			call_end(c, 488, "no usable answer in the ACK", false);
			return;
		}
		remote_hold_changed(c);
	}
	if (!first) {
		call_set_state(c, c->info.state);
		modify_next(c);
		return;
	}
	say(c, 200, "OK");
	call_set_state(c, CALL_TALKING);
	old = c->replaced;
	c->replaced = NULL;
	if (old) {
		if (!old->ended)
			call_hangup(old);
		mem_deref(old);
	}
	modify_next(c);
}

struct call *call_of_dialog(struct engine *e, const struct sip_msg *msg)
{
	struct le *le;

	for (le = list_head(hash_list(e->calls_ht,
				      hash_joaat_pl(&msg->callid)));
	     le; le = le->next) {
		struct call *c = le->data;

		if (!c->ended && dlg_match(c->dlg, msg))
			return c;
	}
	return NULL;
}

/* ---- inside the dialog ------------------------------------------------- */

static void peer_bye(struct call *c, struct stack *st,
		     const struct sip_msg *msg)
{
	(void)sip_treply(NULL, st->sip, msg, 200, "OK");
	if (c->st)
		(void)sip_treply(&c->st, st->sip, c->inv_msg, 487,
				 "Request Terminated");
	call_end(c, 0, "the other side hung up", true);
}

static void peer_reinvite(struct call *c, struct stack *st,
			  const struct sip_msg *msg)
{
	int err = 0;

	if (msg->cseq.num < c->peer_inv_cseq) {
		(void)sip_treply(NULL, st->sip, msg, 500,
				 "Server Internal Error (CSeq)");
		return;
	}
	if (c->ok || c->st || !c->confirmed) {
		(void)sip_treplyf(NULL, NULL, st->sip, msg, false, 500,
				  "Server Internal Error (one at a time)",
				  "Retry-After: %u\r\n"
				  "Content-Length: 0\r\n\r\n",
				  rand_u16() % 10);
		return;
	}
	if (c->inv) {
		(void)sip_treply(NULL, st->sip, msg, 491, "Request Pending");
		return;
	}
	if (require_unknown(st, msg))
		return;
	c->peer_inv_cseq = msg->cseq.num;
	c->offerless = !has_sdp(msg);
	if (!c->offerless)
		err = offer_decode(c->offer, true, msg->mb);
	if (err) {
		(void)sip_treply(NULL, st->sip, msg, 488,
				 "Not Acceptable Here");
		return;
	}
	(void)dlg_refresh(c->dlg, msg);
	c->inv_msg = mem_ref((void *)(uintptr_t)msg);
	if (sip_strans_alloc(&c->st, st->sip, msg, NULL, NULL) || send_ok(c)) {
		c->inv_msg = mem_deref(c->inv_msg);
		return;
	}
	remote_hold_changed(c);
	learn_peer(c, msg);
	call_set_state(c, c->info.state);
}

void call_request(struct call *c, struct stack *st, const struct sip_msg *msg)
{
	ASSERT_SIP();

	if (!pl_strcmp(&msg->met, "BYE")) {
		peer_bye(c, st, msg);
	} else if (!pl_strcmp(&msg->met, "INVITE")) {
		peer_reinvite(c, st, msg);
	} else if (!pl_strcmp(&msg->met, "REFER")) {
		referred_incoming(c, st, msg);
	} else if (!pl_strcmp(&msg->met, "OPTIONS")) {
		(void)sip_treplyf(NULL, NULL, st->sip, msg, false, 200, "OK",
				  "Allow: " SIP_ALLOW "\r\n"
				  "Content-Length: 0\r\n\r\n");
	} else {
		(void)sip_treplyf(NULL, NULL, st->sip, msg, false, 405,
				  "Method Not Allowed",
				  "Allow: " SIP_ALLOW "\r\n"
				  "Content-Length: 0\r\n\r\n");
	}
}

/* ---- hold and resume --------------------------------------------------- */

static void holders_tell(struct call *c, int err, unsigned code,
			 const char *text)
{
	struct list all = c->holders;
	struct le *le;

	/* a handler may ask for the next change: to it, a fresh list */
	list_init(&c->holders);
	for (le = all.head; le; le = le->next)
		le->list = &all;
	(void)mem_ref(c);
	while ((le = all.head) != NULL) {
		struct hold_wait *w = le->data;

		list_unlink(&w->le);
		w->h(err, code, text, w->arg);
		mem_deref(w);
	}
	mem_deref(c);
}

void call_hold_forget(struct call *c, void *arg)
{
	struct le *le = c->holders.head;

	while (le) {
		struct hold_wait *w = le->data;

		le = le->next;
		if (w->arg == arg) {
			list_unlink(&w->le);
			mem_deref(w);
		}
	}
}

static void on_modify_answer(int err, const struct sip_msg *msg, bool again,
			     const char *why, void *arg);

static void on_glare(void *arg)
{
	ASSERT_SIP();
	modify_next(arg);
}

static int on_prepare_modify(struct stack *st, enum transp tp,
			     struct mbuf **bodyp, void *arg)
{
	struct call *c = arg;

	(void)st;
	(void)tp;
	return offer_encode(c->offer, true, direction(c), bodyp);
}

/* Send the next re-INVITE when something is wished and nothing is pending */
static void modify_next(struct call *c)
{
	struct rq_prm prm = {
		.e = c->e,
		.method = "INVITE",
		.dlg = c->dlg,
		.acc = c->acc,
		.auth = c->auth,
		.headers = "Allow: " SIP_ALLOW "\r\n",
		.ctype = "application/sdp",
		.contact = true,
		.prep = on_prepare_modify,
		.h = on_modify_answer,
		.arg = c,
	};
	int err;

	if (!call_is_up(c) || c->inv || c->st || c->ok ||
	    tmr_isrunning(&c->tmr_glare))
		return;
	if (c->want == c->have) {
		if (c->holders.head)
			holders_tell(c, 0, 200, "OK");
		return;
	}
	c->cur_is_hold = c->want != SDP_SENDRECV;
	err = rq_send(&c->inv, &prm);
	if (err)
		holders_tell(c, err, 0, strerror(err));
}

static void on_modify_answer(int err, const struct sip_msg *msg, bool again,
			     const char *why, void *arg)
{
	struct call *c = arg;
	char text[TEXT_MAX], reason[TEXT_MAX];
	const char *what = c->cur_is_hold ? "hold" : "resume";

	ASSERT_SIP();

	if (again || (msg && msg->scode < 200))
		return;
	if (c->ended) {
		on_last_answer(c);
		return;
	}
	if (err) {
		/* RFC 3261 12.2.1.2: a dialog that does not answer is over */
		(void)snprintf(text, sizeof(text), "no answer to %s: %s", what,
			       why ? why : strerror(err));
		send_bye(c);
		call_end(c, 408, text, true);
		return;
	}
	msg_reason(reason, sizeof(reason), msg);
	if (msg->scode < 300) {
		(void)dlg_refresh(c->dlg, msg);
		ack_2xx(c, msg->cseq.num, NULL);
		if (has_sdp(msg) && offer_decode(c->offer, false, msg->mb))
			log_warn("call", "%u: unreadable answer to %s",
				 c->info.id, what);
		c->glares = 0;
		c->have = c->cur_is_hold ? SDP_SENDONLY : SDP_SENDRECV;
		remote_hold_changed(c);
		say(c, msg->scode, reason);
		call_set_state(c, c->cur_is_hold ? CALL_HELD : CALL_TALKING);
		modify_next(c);
		return;
	}
	if (msg->scode == 491 && c->glares++ < GLARES_MAX) {
		/* who owns the Call-ID waits longer (RFC 3261 14.1) */
		const uint32_t wait = c->dlg->uac
					      ? 2100 + rand_u16() % 190 * 10
					      : rand_u16() % 200 * 10;

		tmr_start(&c->tmr_glare, wait, on_glare, c);
		return;
	}
	if (msg->scode == 481 || msg->scode == 408) {
		(void)snprintf(text, sizeof(text), "the call is gone (%u %s)",
			       msg->scode, reason);
		send_bye(c);
		call_end(c, msg->scode, text, true);
		return;
	}
	c->glares = 0;
	c->want = c->have;
	(void)snprintf(text, sizeof(text), "%s refused: %s", what, reason);
	say(c, msg->scode, text);
	call_set_state(c, c->info.state);
	holders_tell(c, EPROTO, msg->scode, reason);
}

int call_hold(struct call *c, bool hold, call_hold_h *h, void *arg)
{
	struct hold_wait *w;

	ASSERT_SIP();

	if (!call_is_up(c))
		return ENOTCONN;
	if (h) {
		w = mem_zalloc(sizeof(*w), NULL);
		if (!w)
			return ENOMEM;
		w->h = h;
		w->arg = arg;
		list_append(&c->holders, &w->le, w);
	}
	c->want = hold ? SDP_SENDONLY : SDP_SENDRECV;
	modify_next(c);
	return 0;
}

int call_dtmf(struct call *c, const char *digits)
{
	return c->offer ? offer_dtmf(c->offer, digits) : ENOTCONN;
}

void calls_flush(struct engine *e)
{
	struct le *le;

	while ((le = e->calls.head) || (le = e->ended.head)) {
		struct call *c = le->data;

		c->ended = true;
		c->referred = NULL;
		mem_deref(c);
	}
}
