/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SIP_RQ_H
#define SIP_RQ_H

#include <stdbool.h>
#include <stdint.h>

#include "base/msg.h"
#include "sip/recompat.h"

struct account;
struct auth;
struct dlg;
struct engine;
struct rq;
struct stack;

/**
 * @file rq.h  One request on its way: next hop, name lookup, login, answer.
 *
 * Wraps libre's client transaction (sip_request).  Works for INVITE and all
 * others, in a dialog or not.
 *
 * Threads: SIP.    Blocks: never.
 */

/**
 * Called for every answer, provisional ones too, and once with err when there
 * will be none (ETIMEDOUT, ENOENT: no such host, ECONNREFUSED ...; why then
 * says it in words).
 *
 * @param again  A challenge: the request goes out again with credentials,
 *               more news will come
 *
 * After a final answer or an error (and not again) the rq is gone: the
 * pointer given to rq_send() is NULL when the handler runs.
 */
typedef void(rq_h)(int err, const struct sip_msg *msg, bool again,
		   const char *why, void *arg);

/**
 * Called right before the first copy leaves (and again should it leave from
 * another of our addresses): only now is the local address known, so From of
 * the peer-to-peer account and the session description are made here.
 *
 * @param bodyp  Set to a new body, or leave it NULL
 */
typedef int(rq_prep_h)(struct stack *st, enum transp tp, struct mbuf **bodyp,
		       void *arg);

struct rq_prm {
	struct engine *e;
	const char *method;  /* static                                */
	struct dlg *dlg;     /* referenced while it lasts             */
	struct account *acc; /* Contact, transport, trust in a hop    */
	struct auth *auth;   /* NULL: challenges are plain answers    */
	const char *headers; /* complete lines; copied; may be NULL   */
	const char *ctype;   /* static; NULL: no body                 */
	struct mbuf *body;   /* referenced                            */
	bool contact;        /* write a Contact                       */
	rq_prep_h *prep;     /* may be NULL                           */
	rq_h *h;             /* may be NULL                           */
	void *arg;
};

/** Send.  Never calls h from inside.  0, ENOMEM, EINVAL */
int rq_send(struct rq **rqp, const struct rq_prm *prm);

/** The engine goes: forget all that waits, also for a name */
void rqs_flush(struct engine *e);

/** CSeq it went (or last went) out with; NULL: 0 */
uint32_t rq_cseq(const struct rq *rq);

/** INVITE only: CANCEL as soon as RFC 3261 9.1 lets it; h still gets the
 *  final answer */
void rq_cancel(struct rq *rq);

/** Forget it: h is not called any more.  What is out goes on by itself, and a
 *  re-INVITE that is accepted all the same is ACKed; what waits for a name is
 *  dropped, unless it is a BYE, SUBSCRIBE or NOTIFY */
void rq_forget(struct rq **rqp);

/** It is out and waits for its answer; false: it has not left yet */
bool rq_has_left(const struct rq *rq);

/**
 * ACK for a 2xx, sent by the dialog's route, at once or when the name of the
 * next hop is known.
 *
 * @param ackp  Set: to be said again for every retransmission of the 2xx by
 *              rq_ack_again(); yours, mem_deref().  What stood there is freed
 * @param prm   method is "ACK"; no handler, no slot
 */
int rq_ack(struct rq **ackp, const struct rq_prm *prm, uint32_t cseq);
int rq_ack_again(struct rq *ack);

#endif
