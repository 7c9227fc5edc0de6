/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sip/priv.h"
#include "sip/refer_priv.h"

/* Who a message is for, when libre's transactions do not know it. */

static void answer_options(struct stack *st, const struct sip_msg *msg)
{
	(void)sip_treplyf(NULL, NULL, st->sip, msg, false, 200, "OK",
			  "Allow: " SIP_ALLOW "\r\n"
			  "Accept: application/sdp, message/sipfrag\r\n"
			  "Supported: %s\r\n"
			  "Allow-Events: refer\r\n"
			  "Content-Length: 0\r\n\r\n",
			  engine_supported(st->e));
}

static void answer_unknown(struct stack *st, const struct sip_msg *msg)
{
	const bool known = !pl_strcmp(&msg->met, "INFO") ||
			   !pl_strcmp(&msg->met, "MESSAGE") ||
			   !pl_strcmp(&msg->met, "UPDATE") ||
			   !pl_strcmp(&msg->met, "PRACK") ||
			   !pl_strcmp(&msg->met, "SUBSCRIBE") ||
			   !pl_strcmp(&msg->met, "REGISTER") ||
			   !pl_strcmp(&msg->met, "PUBLISH");

	(void)sip_treplyf(NULL, NULL, st->sip, msg, false, known ? 405 : 501,
			  known ? "Method Not Allowed" : "Not Implemented",
			  "Allow: " SIP_ALLOW "\r\n"
			  "Content-Length: 0\r\n\r\n");
}

/* The bank's phone "login": who asks it to transfer, or registers in its
 * name, must prove himself */
static bool challenged(struct stack *st, const struct sip_msg *msg)
{
	struct engine *e = st->e;
	const struct call *c = NULL;
	char hdrs[1024];

	if (!e->login_user[0])
		return false;
	if (!pl_strcmp(&msg->met, "REGISTER")) {
		if (pl_strcmp(&msg->to.uri.user, e->login_user))
			return false;
	} else if (!pl_strcmp(&msg->met, "REFER")) {
		c = call_of_dialog(e, msg);
		if (!c || strcmp(c->info.local, e->login_user) != 0)
			return false;
	} else {
		return false;
	}
	if (!auth_check(msg, "cordpair", e->login_user, e->login_password,
			e->secret))
		return false;
	if (auth_challenge_print(hdrs, sizeof(hdrs), "cordpair", e->secret))
		hdrs[0] = '\0';
	(void)sip_treplyf(NULL, NULL, st->sip, msg, false, 401, "Unauthorized",
			  "%sContent-Length: 0\r\n\r\n", hdrs);
	return true;
}

static void request_in_dialog(struct stack *st, const struct sip_msg *msg)
{
	struct engine *e = st->e;
	struct call *c;

	if (!pl_strcmp(&msg->met, "NOTIFY")) {
		refer_notify(e, st, msg);
		return;
	}
	c = call_of_dialog(e, msg);
	if (c && call_overtaken(c, st, msg))
		return;
	if (!pl_strcmp(&msg->met, "SUBSCRIBE")) {
		if (referred_subscribe(e, st, msg))
			return;
		/* nobody gets to watch a referral he has not made */
		(void)sip_treply(NULL, st->sip, msg, c ? 403 : 481,
				 c ? "Forbidden"
				   : "Subscription Does Not Exist");
		return;
	}
	if (!c) {
		/* without a transaction: strangers get no memory of ours */
		(void)sip_reply(st->sip, msg, 481,
				"Call/Transaction Does Not Exist");
		return;
	}
	call_request(c, st, msg);
}

/* A request that begins something, or stands alone */
static void request_alone(struct stack *st, const struct sip_msg *msg)
{
	struct engine *e = st->e;

	if (challenged(st, msg))
		return;
	if (e->registrar && registrar_request(e->registrar, st, msg))
		return;
	if (e->stopping)
		(void)sip_treply(NULL, st->sip, msg, 503,
				 "Service Unavailable");
	else if (!pl_strcmp(&msg->met, "INVITE"))
		call_incoming(e, st, msg);
	else if (!pl_strcmp(&msg->met, "OPTIONS"))
		answer_options(st, msg);
	else if (!pl_strcmp(&msg->met, "NOTIFY"))
		refer_notify(e, st, msg);
	else if (!pl_strcmp(&msg->met, "REFER"))
		(void)sip_treply(NULL, st->sip, msg, 403,
				 "Forbidden (REFER outside of a call)");
	else if (!pl_strcmp(&msg->met, "BYE"))
		(void)sip_treply(NULL, st->sip, msg, 481,
				 "Call/Transaction Does Not Exist");
	else
		answer_unknown(st, msg);
}

bool engine_on_request(struct stack *st, const struct sip_msg *msg)
{
	struct engine *e = st->e;
	struct call *c;

	ASSERT_SIP();

	if (!msg_core_is_named(msg)) {
		/* libre answers no ACK */
		(void)sip_reply(st->sip, msg, 400,
				"Bad Request (Via, To, From, Call-ID or CSeq)");
		return true;
	}
	if (!pl_strcmp(&msg->met, "ACK")) {
		c = call_of_dialog(e, msg);
		if (c)
			call_ack(c, msg);
		else if (e->registrar)
			(void)registrar_request(e->registrar, st, msg);
		return true;
	}
	if (msg->uri.scheme.l == 0 || !pl_isset(&msg->callid) ||
	    !pl_isset(&msg->from.tag)) {
		(void)sip_reply(st->sip, msg, 400,
				"Bad Request (Call-ID or From tag missing)");
		return true;
	}
	if (!pl_strcmp(&msg->met, "CANCEL")) {
		if (!e->registrar || !registrar_request(e->registrar, st, msg))
			(void)sip_reply(st->sip, msg, 481,
					"Call/Transaction Does Not Exist");
		return true;
	}
	if (!pl_isset(&msg->to.tag)) {
		request_alone(st, msg);
		return true;
	}
	if (!call_of_dialog(e, msg) && e->registrar &&
	    registrar_request(e->registrar, st, msg))
		return true;
	if (!challenged(st, msg))
		request_in_dialog(st, msg);
	return true;
}

bool engine_on_response(struct stack *st, const struct sip_msg *msg)
{
	struct engine *e = st->e;

	ASSERT_SIP();

	if (!pl_strcmp(&msg->cseq.met, "INVITE") && msg->scode >= 200 &&
	    msg->scode < 300 && call_stray_2xx(e, st, msg))
		return true;
	if (e->registrar && registrar_response(e->registrar, st, msg))
		return true;
	log_debug("sip", "answer %u nobody waits for", msg->scode);
	return true;
}
