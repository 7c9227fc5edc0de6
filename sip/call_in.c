/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <stdio.h>

#include "base/clock.h"
#include "sip/call_priv.h"

/* Being called: ringing, answering, and the 2xx until its ACK. */

enum { T1_MS = 500, T2_MS = 4000, TIMEOUT_MS = 64 * T1_MS };

static void refuse(struct call *c, unsigned code, const char *text)
{
	(void)sip_treply(&c->st, c->dlg->st->sip, c->inv_msg, (uint16_t)code,
			 sip_reason(code));
	call_end(c, code, text, false);
}

static void on_cancel(void *arg)
{
	struct call *c = arg;

	ASSERT_SIP();

	(void)sip_treply(&c->st, c->dlg->st->sip, c->inv_msg, 487,
			 "Request Terminated");
	call_end(c, 487, "the caller gave up", true);
}

bool call_require_unknown(struct stack *st, const struct sip_msg *msg)
{
	struct msg_values v = {.msg = msg, .name = "Require"};
	/* what our Supported says */
	const char *known = engine_supported(st->e);
	struct mbuf *mb = NULL;
	struct pl val;

	ASSERT_SIP();

	while (msg_values_next(&v, &val)) {
		if (!pl_strcasecmp(&val, known))
			continue;
		if (!mb && !(mb = mbuf_alloc(64)))
			break;
		if (msg_is_plain(&val))
			(void)mbuf_printf(mb, "%s%r", mb->pos ? ", " : "",
					  &val);
	}
	if (!mb)
		return false;
	(void)sip_treplyf(NULL, NULL, st->sip, msg, false, 420, "Bad Extension",
			  "Unsupported: %b\r\nContent-Length: 0\r\n\r\n",
			  mb->buf, mb->end);
	mem_deref(mb);
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

/* May it stand as the user part of our own Contact and From? */
static bool user_is_plain(const char *user)
{
	return user[strspn(user, "abcdefghijklmnopqrstuvwxyz"
				 "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
				 "-_.!~*'()&=+$%")] == '\0';
}

static void reply(struct stack *st, const struct sip_msg *msg, unsigned code,
		  const char *reason)
{
	(void)sip_treply(NULL, st->sip, msg, (uint16_t)code,
			 reason ? reason : sip_reason(code));
}

/* ---- ringing ----------------------------------------------------------- */

/* Seconds an INVITE is good for (RFC 3261 13.3.1); false: it does not say */
static bool expires_of(const struct sip_msg *msg, uint64_t *secondsp)
{
	const struct sip_hdr *hdr = msg_hdr(msg, "Expires", NULL);
	size_t i;

	if (!hdr || !hdr->val.l || hdr->val.l > 10)
		return false;
	for (i = 0; i < hdr->val.l; i++) {
		if (hdr->val.p[i] < '0' || hdr->val.p[i] > '9')
			return false;
	}
	*secondsp = pl_u64(&hdr->val);
	return true;
}

static void on_rang_enough(void *arg)
{
	ASSERT_SIP();
	refuse(arg, 480, "it rang too long");
}

static void on_invitation_over(void *arg)
{
	ASSERT_SIP();
	refuse(arg, 487, "the caller did not want to wait longer");
}

static void ring(struct call *c, const struct sip_msg *msg)
{
	const uint64_t most = c->e->ring_timeout_s;
	uint64_t expires;

	if (!c->e->robot && call_progress(c, 180)) {
		call_end(c, 503, "it cannot be answered where it came from",
			 true);
		return;
	}
	if (expires_of(msg, &expires) && (!most || expires < most))
		tmr_start(&c->tmr_ring, expires * 1000, on_invitation_over, c);
	else if (most)
		tmr_start(&c->tmr_ring, most * 1000, on_rang_enough, c);
	call_set_state(c, CALL_RINGING);
}

/* ---- an INVITE --------------------------------------------------------- */

/* May it make a call at all?  If not, it has been answered. */
static bool is_acceptable(struct engine *e, struct stack *st,
			  const struct sip_msg *msg, struct call **oldp)
{
	unsigned code;

	if (call_require_unknown(st, msg))
		return false;
	if (mbuf_get_left(msg->mb) && !msg_has_sdp(msg)) {
		(void)sip_treplyf(NULL, NULL, st->sip, msg, false, 415,
				  "Unsupported Media Type",
				  "Accept: application/sdp\r\n"
				  "Content-Length: 0\r\n\r\n");
		return false;
	}
	code = replaces_wanted(e, msg, oldp);
	if (code)
		reply(st, msg, code, NULL);
	return !code;
}

static int take_dialog(struct call *c, struct stack *st,
		       const struct sip_msg *msg)
{
	char words[64];
	const char *bad = NULL;
	int err = dlg_uas(&c->dlg, st, msg, &bad);

	if (err == ENOMEM) {
		reply(st, msg, 500, NULL);
		return err;
	}
	if (!err && msg->from.auri.l >= URI_MAX) {
		/* an address is never cut, so it must fit */
		err = EOVERFLOW;
		bad = "From too long";
	}
	if (err) {
		(void)snprintf(words, sizeof(words), "Bad Request (%s)", bad);
		reply(st, msg, 400, words);
	}
	return err;
}

static int take_offer(struct call *c, struct stack *st,
		      const struct sip_msg *msg)
{
	int err = call_ensure_offer(c, st);

	c->offerless = !msg_has_sdp(msg);
	if (!err && !c->offerless)
		err = offer_decode(c->offer, true, msg->mb);
	if (err == EBADMSG)
		reply(st, msg, 400, "Bad Session Description");
	else if (err)
		reply(st, msg, err == ENOTSUP ? 488 : 500, NULL);
	return err;
}

/* The call of an INVITE; NULL: none, and it has been answered */
static struct call *call_of_invite(struct engine *e, struct stack *st,
				   const struct sip_msg *msg)
{
	struct account *acc = account_for(e, msg);
	struct call *c = acc ? call_new(e, acc) : NULL;

	if (!c) {
		reply(st, msg, 500, NULL);
		return NULL;
	}
	if (take_dialog(c, st, msg))
		goto fail;
	if (auth_alloc(&c->auth, &acc->cred)) {
		reply(st, msg, 500, NULL);
		goto fail;
	}
	if (take_offer(c, st, msg))
		goto fail;
	if (sip_strans_alloc(&c->st, st->sip, msg, on_cancel, c)) {
		reply(st, msg, 500, NULL);
		goto fail;
	}
	c->inv_msg = mem_ref((void *)(uintptr_t)msg);
	return c;
fail:
	mem_deref(c);
	return NULL;
}

static void show_caller(struct call *c, const struct sip_msg *msg)
{
	const struct sip_hdr *hdr = msg_hdr(msg, "Referred-By", "b");
	struct call_info *info = &c->info;
	char *name;

	info->dir = CALL_IN;
	text_clean(info->peer, sizeof(info->peer), c->dlg->remote_uri,
		   strlen(c->dlg->remote_uri));
	if (!msg_unfold(&name, &msg->from.dname)) {
		text_clean(info->name, sizeof(info->name), name, strlen(name));
		mem_deref(name);
	}
	text_clean(info->local, sizeof(info->local),
		   msg->uri.user.p ? msg->uri.user.p : "", msg->uri.user.l);
	if (hdr)
		text_clean(info->referred_by, sizeof(info->referred_by),
			   hdr->val.p, hdr->val.l);
}

void call_incoming(struct engine *e, struct stack *st,
		   const struct sip_msg *msg)
{
	struct call *c, *old = NULL;

	ASSERT_SIP();

	if (!is_acceptable(e, st, msg, &old))
		return;
	c = call_of_invite(e, st, msg);
	if (!c)
		return;
	c->peer_cseq = msg->cseq.num;
	call_learn_peer(c, msg);
	show_caller(c, msg);
	if (e->robot && c->info.local[0] && user_is_plain(c->info.local))
		(void)str_dup(&c->dlg->user, c->info.local);
	call_note_remote_hold(c);
	call_enter(c);
	if (!old) {
		ring(c, msg);
		return;
	}
	c->replaced = mem_ref(old);
	c->info.replaces = old->info.id;
	if (call_answer(c))
		(void)call_reject(c, 500);
}

int call_progress(struct call *c, unsigned code)
{
	char contact[URI_MAX];

	ASSERT_SIP();

	if (!c->st || c->confirmed || code < 180 || code > 199)
		return EINVAL;
	if (account_contact(c->acc, c->dlg->user, c->dlg->st, c->dlg->tp,
			    contact, sizeof(contact)))
		return EOVERFLOW;
	return sip_treplyf(&c->st, NULL, c->dlg->st->sip, c->inv_msg, true,
			   (uint16_t)code, sip_reason(code),
			   "Contact: <%s>\r\n"
			   "Allow: " SIP_ALLOW "\r\n"
			   "Supported: %s\r\n"
			   "Content-Length: 0\r\n\r\n",
			   contact, engine_supported(c->e));
}

static void ok_send_again(struct call *c)
{
	struct sa dst;
	struct pl pl;

	sip_reply_addr(&dst, c->ok_msg,
		       !msg_param_exists(&c->ok_msg->via.params, "rport", &pl));
	c->ok->pos = 0;
	(void)sip_send(c->dlg->st->sip, c->ok_msg->sock, c->ok_msg->tp, &dst,
		       c->ok);
}

static void on_ok_timer(void *arg)
{
	struct call *c = arg;

	ASSERT_SIP();

	if (clock_ms() >= c->ok_until) {
		call_send_bye(c);
		call_end(c, 408, "the caller never confirmed (no ACK)", true);
		return;
	}
	ok_send_again(c);
	c->ok_wait_ms = c->ok_wait_ms * 2 < T2_MS ? c->ok_wait_ms * 2 : T2_MS;
	tmr_start(&c->tmr_ok, c->ok_wait_ms, on_ok_timer, c);
}

/* 200 to an INVITE of the peer, said again until its ACK comes */
int call_send_ok(struct call *c)
{
	char contact[URI_MAX];
	struct mbuf *body = NULL, *mb = NULL;
	int err;

	ASSERT_SIP();

	err = account_contact(c->acc, c->dlg->user, c->dlg->st, c->dlg->tp,
			      contact, sizeof(contact));
	if (!err)
		err = offer_encode(c->offer, c->offerless, call_direction(c),
				   &body);
	if (!err)
		err = sip_treplyf(&c->st, &mb, c->dlg->st->sip, c->inv_msg,
				  true, 200, "OK",
				  "Contact: <%s>\r\n"
				  "Allow: " SIP_ALLOW "\r\n"
				  "Supported: %s\r\n"
				  "Content-Type: application/sdp\r\n"
				  "Content-Length: %zu\r\n\r\n%b",
				  contact, engine_supported(c->e), body->end,
				  body->buf, body->end);
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
	err = call_send_ok(c);
	if (err)
		return err;
	tmr_cancel(&c->tmr_ring);
	call_publish(c);
	return 0;
}

int call_reject(struct call *c, unsigned code)
{
	ASSERT_SIP();

	if (!c->st || c->confirmed || code < 300 || code > 699)
		return EINVAL;
	refuse(c, code, "refused here");
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
	tmr_cancel(&c->tmr_ring);
	c->ok = mem_deref(c->ok);
	c->ok_msg = mem_deref(c->ok_msg);
	c->confirmed = c->established = true;
	if (c->offerless) {
		c->offerless = false;
		if (!msg_has_sdp(msg) ||
		    offer_decode(c->offer, false, msg->mb)) {
			call_send_bye(c);
			call_end(c, 488, "no usable answer in the ACK", false);
			return;
		}
		call_note_remote_hold(c);
	}
	if (!first) {
		call_set_state(c, c->info.state);
		call_modify_next(c);
		return;
	}
	call_say(c, 200, "OK");
	call_set_state(c, CALL_TALKING);
	old = c->replaced;
	c->replaced = NULL;
	if (old) {
		if (!old->ended)
			call_hangup_saying(old, "another call took its place");
		mem_deref(old);
	}
	call_modify_next(c);
}

struct call *call_of_dialog(struct engine *e, const struct sip_msg *msg)
{
	struct le *le;

	ASSERT_SIP();

	for (le = list_head(
		     hash_list(e->calls_ht, hash_joaat_pl(&msg->callid)));
	     le; le = le->next) {
		struct call *c = le->data;

		if (!c->ended && dlg_match(c->dlg, msg))
			return c;
	}
	return NULL;
}
