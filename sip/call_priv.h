/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SIP_CALL_PRIV_H
#define SIP_CALL_PRIV_H

#include "sip/priv.h"

/**
 * @file call_priv.h  What call.c, call_out.c, call_in.c and call_hold.c share.
 *
 * Threads: SIP.
 */

struct call *call_new(struct engine *e, struct account *acc);
/** Into the engine's lists: it has a number and can be found from now on */
void call_enter(struct call *c);
/** The only way to a new state: logs, sets the sound, publishes */
void call_set_state(struct call *c, enum call_state state);
/** The one end of every call: tells everybody, once */
void call_end(struct call *c, unsigned code, const char *text, bool by_peer);
/** The last answer it waited for is in */
void call_last_answer(struct call *c);
/** Last code and words, published with the next change */
void call_say(struct call *c, unsigned code, const char *text);
/** A request within the call, to be filled in further */
struct rq_prm call_rq(struct call *c, const char *method, rq_h *h);
void call_send_bye(struct call *c);
int call_ensure_offer(struct call *c, const struct stack *st);
/** Our direction for the next description */
enum sdp_dir call_direction(const struct call *c);
void call_note_remote_hold(struct call *c);
/** Supported and Allow of the other side */
void call_learn_peer(struct call *c, const struct sip_msg *msg);
bool msg_has_sdp(const struct sip_msg *msg);
/** True when it asks for what we cannot do; then 420 has been sent */
bool call_require_unknown(struct stack *st, const struct sip_msg *msg);
void call_ack_2xx(struct call *c, uint32_t cseq, struct mbuf *body);
/** 200 to an INVITE of the peer, said again until its ACK comes */
int call_send_ok(struct call *c);
/** Send the next re-INVITE when something is wished and nothing is pending */
void call_modify_next(struct call *c);
void call_holders_tell(struct call *c, int err, unsigned code,
		       const char *text);

#endif
