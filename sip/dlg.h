/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SIP_DLG_H
#define SIP_DLG_H

#include <stdbool.h>
#include <stdint.h>

#include "base/msg.h"
#include "sip/recompat.h"

struct account;
struct stack;

/**
 * @file dlg.h  A dialog (RFC 3261 12): identity, route set, remote target.
 *
 * Our own in place of libre's struct sip_dialog, which on 1.1.0 hides both
 * tags (Replaces and Target-Dialog need them), takes a NOTIFY's Contact for
 * a new target unasked, and shares one remote CSeq between the INVITE usage
 * and the subscriptions.
 *
 * A struct dlg also carries requests outside of a dialog (REGISTER): it is
 * then just Call-ID, From tag and CSeq.
 *
 * Threads: SIP.    Lifetime: mem_ref()/mem_deref(); a referral holds one of
 * its own, so it outlives the call.
 */
struct dlg {
	struct stack *st; /* where it began; NULL before the first send */
	enum transp tp;
	char *callid;
	char *ltag, *rtag; /* rtag NULL: not established              */
	char *local;       /* From value without tag: <uri> or "n" <uri> */
	char *remote;      /* To value without tag                    */
	char *local_uri;
	char *user; /* of our Contact; NULL: the account's     */
	char *remote_uri;
	char *target;  /* Request-URI: peer's Contact             */
	char **routev; /* Route values, in order                  */
	unsigned routec;
	struct sa peer;    /* where its last message came from        */
	struct sa hop;     /* next hop, resolved; port 0: not yet     */
	char *first_route; /* given to dlg_uac(); NULL: none         */
	char *hop_key;     /* the hop it was resolved for             */
	enum transp hop_tp;
	uint32_t lseq; /* last CSeq used                          */
	bool uac;      /* we own the Call-ID                      */
};

/** A new one from us: To and Request-URI are uri */
int dlg_uac(struct dlg **dp, const char *local_uri, const char *local_name,
	    const char *uri, const char *route);

/**
 * A new one from a request we received.
 *
 * @param badp  On EBADMSG and ENOENT the header that will not do
 */
int dlg_uas(struct dlg **dp, struct stack *st, const struct sip_msg *msg,
	    const char **badp);

/** Learn tag, route set and target from an answer to our first request */
int dlg_learn(struct dlg *d, const struct sip_msg *msg);

/** Back to before any answer: no tag, the first route, this target; what a
 *  18x taught does not hold for the next INVITE */
int dlg_restart(struct dlg *d, const char *target);

/** A sibling: same Call-ID and From tag, the answer's To tag (a fork) */
int dlg_fork(struct dlg **dp, const struct dlg *d, const struct sip_msg *msg);

/** The same with a remote tag that a request brought; no routes learnt */
int dlg_sibling(struct dlg **dp, const struct dlg *d, const struct pl *rtag);

/** Is the request within this dialog (Call-ID and both tags)? */
bool dlg_match(const struct dlg *d, const struct sip_msg *msg);

/** Call-ID and our tag only: any branch of a fork */
bool dlg_match_half(const struct dlg *d, const struct sip_msg *msg);

/** Target refresh by Contact (RFC 3261 12.2) */
int dlg_refresh(struct dlg *d, const struct sip_msg *msg);

/** How long to wait after a 491 [ms]: who owns the Call-ID waits longer
 *  (RFC 3261 14.1) */
uint32_t dlg_glare_ms(const struct dlg *d);

#endif
