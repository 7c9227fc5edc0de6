/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SIP_ENGINE_H
#define SIP_ENGINE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/msg.h"

/**
 * @file engine.h  The SIP engine: a thread, requests in, events out.
 *
 * Everything that is libre lives on the engine's own thread.  Others hold
 * this handle only: they post requests and take events.
 *
 * Threads: engine_new(), engine_take(), engine_free() the thread that owns
 *          the handle; engine_post() any.
 * Blocks:  engine_new() until the engine listens or has failed (it resolves
 *          nothing); engine_free() until the thread has ended: at most 1.8 s
 *          after a stop for the last answers of peers, and 2 s more when the
 *          last events do not fit into their pipe and nobody takes them.
 *          The others never.
 */

struct engine;

/** What an engine is made of; everything borrowed for engine_new() only */
struct engine_prm {
	const char *const *listenv; /* "[udp:|tcp:|tls:]ADDR:PORT"; none:   */
	unsigned listenc;           /* all kinds on every address           */
	const char *software;       /* User-Agent and Server                */
	const char *user;           /* user part of the peer-to-peer account
				       (default "cordpair")                 */
	enum transp transport;      /* of the peer-to-peer account          */
	bool trace;                 /* post EV_TRACE                        */

	/* for the phone bank */
	bool robot;                 /* a robot answers: no 180 by itself,
					  the called user part is its name     */
	bool registrar;             /* accept REGISTER, route to bindings   */
	bool accept_refer;          /* post EV_REFERRED (else answer 603)   */
	const char *login_user;     /* requests for this user part are      */
	const char *login_password; /* challenged first; NULL: none         */
};

/**
 * Start an engine.
 *
 * @param ep    Set on success; yours, release with engine_free()
 * @param why   On error what went wrong and what to do, in words
 * @param size  Size of why [bytes]
 *
 * @return 0, EINVAL (an address is malformed), EBUSY (libre has one loop a
 *         process, and it runs), EADDRINUSE, EADDRNOTAVAIL, ...
 */
int engine_new(struct engine **ep, const struct engine_prm *prm, char *why,
	       unsigned size);

/**
 * Post a request (copied).  Exactly one EV_REPLY with its serial follows; none
 * to what the engine has not come to when it stops: then EV_STOPPED is it.
 *
 * @return 0, EAGAIN (its pipe is full: nothing was taken), EPIPE (gone)
 */
int engine_post(struct engine *e, const struct request *req);

/** The end to poll for reading */
int engine_event_fd(const struct engine *e);

/** Next event; 0, EAGAIN when there is none, EPIPE after EV_STOPPED */
int engine_take(struct engine *e, struct event *ev);

/** A serial number no other caller gets; any thread */
uint32_t engine_serial(struct engine *e);

/** Stop if it still runs, join the thread, free all; NULL is fine */
void engine_free(struct engine *e);

#endif
