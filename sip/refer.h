/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SIP_REFER_H
#define SIP_REFER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/msg.h"

/**
 * @file refer.h  Refer a session to another target, and know what became of
 *                it: UCMA 1.0's SignalingSession.Refer in C.
 *
 * | here                              | UCMA                               |
 * |-----------------------------------|------------------------------------|
 * | struct refer_status               | ReferStatus                        |
 * | refer_status_new()                | new ReferStatus(context)           |
 * | refer_status_state()              | ReferStatus.State                  |
 * | refer_status_subscribed()         | ReferStatus.IsSubscriptionActive   |
 * | refer_status_session()            | ReferStatus.Session                |
 * | refer_status_on_state()           | ReferStatus.StateChanged           |
 * | refer_begin(), refer_done_h       | BeginRefer, its AsyncCallback      |
 * | refer_end()                       | EndRefer                           |
 * | refer_sync()                      | Refer                              |
 * | refer_terminate_subscription()    | TerminateSubscription              |
 * | EINVAL, ENOTCONN at once          | ArgumentException,                 |
 * |                                   | InvalidOperationException          |
 * | refer_done_h with err             | RealTimeException from EndRefer    |
 *
 * A referral here is whole: it holds the session first, sends the REFER, reads
 * the NOTIFYs, ends the session when the target answered and takes the caller
 * back when it did not.  It outlives its session: the subscription ends with
 * the final NOTIFY, with its time, or when it is given up.
 *
 * Threads: SIP, but for refer_sync() (any other, and not the UI's).
 * Lifetime: struct refer_status is mem_alloc()ed; mem_deref() gives up the
 *           caller's reference.  Once begun, the engine holds one of its own
 *           until everything about it has ended.
 */

struct call;
struct engine;
struct refer_status;

/** UCMA StateChanged: every change, and all else that is told of it (then
 *  was == is).  Never from inside refer_begin(). */
typedef void(refer_state_h)(struct refer_status *rs, enum refer_state was,
			    enum refer_state is, void *arg);

/**
 * UCMA's AsyncCallback: called exactly once for each refer_begin() that
 * returned 0, when the outcome is known.  Never from inside refer_begin().
 */
typedef void(refer_done_h)(struct refer_status *rs, void *arg);

/** What EndRefer returns or throws */
struct refer_result {
	int err;             /* 0: the REFER was accepted, or the user
				stopped it; EPROTO: it was rejected (code);
				ETIMEDOUT: no answer; ENOTCONN: it could
				not be sent (info.say says why)            */
	unsigned refer_code; /* SipResponseData: final answer to REFER     */
	struct transfer_info info; /* as it stood at the outcome             */
};

struct refer_prm {
	const char *target;   /* URI, or what target_uri() makes one of    */
	struct call *consult; /* attended: REFER with Replaces of this one  */
	const char *headers;  /* more header lines, each with CRLF; or NULL */
	uint32_t limit_ms;    /* TM; 0: the engine's option                 */
	uint32_t serial;      /* goes into transfer_info.serial             */
	bool no_hold;
	bool release; /* BYE on the 2xx (UCMA Unattended)           */
};

/** A new status object, Idle; single use.  0 or ENOMEM */
int refer_status_new(struct refer_status **rsp, struct engine *e);

enum refer_state refer_status_state(const struct refer_status *rs);
bool refer_status_subscribed(const struct refer_status *rs);
/** NULL before use and after the session has ended */
struct call *refer_status_session(const struct refer_status *rs);
const struct transfer_info *refer_status_info(const struct refer_status *rs);
void refer_status_on_state(struct refer_status *rs, refer_state_h *h,
			   void *arg);

/**
 * Begin a referral.
 *
 * @param call  The session: dialog established, else ENOTCONN
 * @param why   On error why nothing was sent, in words
 *
 * @return 0: doneh will be called; EINVAL (target bad, or the caller or we
 *         ourselves, or the status object was used before), ENOTCONN (a
 *         session is not up), EALREADY (the consult call is being used),
 *         EAGAIN (too many at once), EOVERFLOW (target too long), ENOMEM.
 *         On error nothing was sent and the state is still Idle.
 */
int refer_begin(struct call *call, struct refer_status *rs,
		const struct refer_prm *prm, refer_done_h *doneh, void *arg,
		char *why, size_t whysize);

/** The result, from when doneh is called; EAGAIN before */
int refer_end(const struct refer_status *rs, struct refer_result *res);

/**
 * Give up the subscription: SUBSCRIBE with Expires 0, not before the first
 * NOTIFY (RFC 6665 wants a subscription to end).  The state stays as it is.
 *
 * The referral ends with OUTCOME_STOPPED when the peer has ended the
 * subscription, or with the result when that comes first.  With no NOTIFY yet
 * it ends at once (before the answer to the REFER: with that answer), and the
 * SUBSCRIBE follows the first NOTIFY.
 *
 * @return 0, EALREADY (over, or given up before), ENOENT (no REFER was sent)
 */
int refer_terminate_subscription(struct refer_status *rs);

/**
 * The blocking form: begin, wait for the outcome.
 *
 * @param req  A REQ_TRANSFER
 * @param res  Filled also on error; info.say says why when the engine refused
 *
 * Threads: a worker's.  @return 0 there is an outcome; EDEADLK at once on the
 * UI or the SIP thread, nothing sent; ENOENT no such call; the others as of
 * refer_begin(); ESHUTDOWN the engine stopped first.
 */
int refer_sync(struct engine *e, const struct request *req,
	       struct refer_result *res);

#endif
