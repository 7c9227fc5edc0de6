/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WIRE_RIG_H
#define WIRE_RIG_H

#include "base/msg.h"
#include "sip/engine.h"
#include "tests/wire/peer.h"

/**
 * @file rig.h  The engine on the test bench: requests in, events kept.
 *
 * Every event is checked as it comes: its texts are clean, a request has
 * exactly one reply, a transfer exactly one outcome and nothing after it, a
 * transfer's state never goes back, an ended call stays ended.
 *
 * Threads: one (the engine has its own).
 */

enum {
	RIG_TCP = 1 << 0,     /* peer b is a TCP peer                     */
	RIG_V6 = 1 << 1,      /* everything on [::1]                      */
	RIG_BANK = 1 << 2,    /* accept_refer                             */
	RIG_ACCOUNT = 1 << 3, /* account 100@b with a password, no REGISTER */
	RIG_OUT = 1 << 4,     /* that account: refer_mode out             */
	RIG_KEEP = 1 << 5,    /* return_on_fail off                       */
	RIG_LAX = 1 << 6,     /* unclaimed requests are no failure        */
	RIG_NONE = 1 << 7,    /* no engine: the case makes its own        */
	RIG_UDP = 1 << 8,     /* the engine listens on UDP alone          */
};

/** Serials from here on are not the rig's */
#define RIG_FOREIGN 0x70000000u

struct rig_ev {
	struct rig_ev *next;
	struct event ev;
	bool taken;
};

struct rig {
	struct engine *e;
	char listen[LISTEN_MAX][64];
	unsigned listenc;
	unsigned flags;
	struct rig_ev *evs;
	struct rig_ev **tail;
	struct peer *b, *c, *d; /* transferee, target, another one       */
	struct leg lb, lc, ld;  /* their dialogs with the engine         */
	uint32_t account;       /* with RIG_ACCOUNT                      */
	uint32_t *serials;      /* posted                                */
	unsigned *replies;
	unsigned serialc;
	bool stopping, stopped;
	bool passed;
};

/* ---- the run of one case ---------------------------------------------- */

struct wcase {
	const char *name;
	void (*fn)(struct rig *r);
	unsigned flags;
};

/** Run all (or those matching argv[1]) as cmocka tests; for main() */
int wire_main(const char *group, const struct wcase *cases, size_t n, int argc,
	      char **argv);
#define WIRE_MAIN(group, cases)                                                \
	int main(int argc, char **argv)                                        \
	{                                                                      \
		return wire_main(group, cases,                                 \
				 sizeof(cases) / sizeof(cases[0]), argc,       \
				 argv);                                        \
	}

/** A further peer, freed with the rig */
struct peer *rig_peer(struct rig *r, const char *name, enum peer_kind kind);
/** Where the engine listens: "udp:" or "tcp:", of the rig's family */
const char *rig_addr(const struct rig *r, const char *kind);
/** A URI that reaches the engine */
const char *rig_uri(const struct rig *r, const char *user, const char *kind);

/* ---- requests --------------------------------------------------------- */

/** Post; the reply is checked, not waited for.  @return the serial */
uint32_t rig_post(struct rig *r, const struct request *req);
/** Post and wait until it was taken.  @return the id in the reply */
uint32_t rig_do(struct rig *r, const struct request *req);
/** The same, short */
uint32_t rig_req(struct rig *r, enum req_type type, uint32_t id,
		 const char *text);
/** Post and wait until it was refused, with words.  @return its errno */
int rig_refused(struct rig *r, const struct request *req);
int rig_req_refused(struct rig *r, enum req_type type, uint32_t id,
		    const char *text);
void rig_option(struct rig *r, enum engine_option opt, uint32_t value,
		const char *text);
const struct reply_info *rig_reply(struct rig *r, uint32_t serial);

/* ---- events ----------------------------------------------------------- */

enum { ANY = -1 };

/** The next call event with these; id 0: any.  Earlier ones are passed by */
const struct call_info *rig_call(struct rig *r, uint32_t id, int state);
/** The next incoming call that rings */
const struct call_info *rig_incoming(struct rig *r);
/** The newest that is known of a call; NULL: nothing */
const struct call_info *rig_call_now(struct rig *r, uint32_t id);
/** Wait until the newest of a call is in this state */
const struct call_info *rig_call_is(struct rig *r, uint32_t id, int state);
/** Wait for a call event with consult_of */
const struct call_info *rig_consult_call(struct rig *r, uint32_t caller);
/** The next transfer event with these; id 0: any, values may be ANY */
const struct transfer_info *rig_transfer(struct rig *r, uint32_t id, int state,
					 int sub, int outcome, int code);
/** Wait for the outcome; it must be this one */
const struct transfer_info *rig_outcome(struct rig *r, uint32_t id,
					enum outcome outcome);
/** The newest of a transfer, NULL: nothing yet */
const struct transfer_info *rig_transfer_now(struct rig *r, uint32_t id);
/** Has the transfer an outcome? */
bool rig_has_outcome(struct rig *r, uint32_t id);
/** How many transfer events of this id came so far */
unsigned rig_transfer_count(struct rig *r, uint32_t id);
const struct account_info *rig_account(struct rig *r, uint32_t id, int state);
const struct account_info *rig_account_now(struct rig *r, uint32_t id);
unsigned rig_account_count(struct rig *r, uint32_t id, int state);
/** Every event so far, in order */
const struct rig_ev *rig_events(struct rig *r);

/* ---- time ------------------------------------------------------------- */

/** All that was sent to the engine and is due there has been dealt with */
void rig_sync(struct rig *r);
/** Let time pass in steps of at most half a second */
void rig_pass(struct rig *r, uint64_t ms);
/** The same, in one leap: timers fire once */
void rig_leap(struct rig *r, uint64_t ms);

/* ---- calls ------------------------------------------------------------ */

/** Call peer p and be answered.  @return the call's id */
uint32_t rig_call_up(struct rig *r, struct peer *p, struct leg *d);
/** The same with headers in the 200, or another account */
struct call_prm {
	const char *uri;     /* to dial; NULL: the peer's              */
	const char *contact; /* value of Contact in the 200            */
	const char *extra;   /* headers of the 200 (Allow, Supported)  */
	uint32_t account;
};
uint32_t rig_call_up_prm(struct rig *r, struct peer *p, struct leg *d,
			 const struct call_prm *prm);
/** Be called by the peer and answer */
uint32_t rig_call_in(struct rig *r, struct peer *p, struct leg *d,
		     const char *extra);
/** Receive a hold (or unhold) re-INVITE and accept it */
void leg_expect_hold(struct leg *d);
void leg_expect_resume(struct leg *d);

/* ---- transfers -------------------------------------------------------- */

struct ref {
	uint32_t id;            /* of the transfer                     */
	const struct sipmsg *m; /* the REFER                           */
	char event[48];         /* "refer;id=CSEQ"                     */
};

/** transfer command, hold, REFER received (not answered) */
void rig_refer(struct rig *r, uint32_t call, struct leg *d, const char *target,
	       struct ref *ref);
/** The same, REFER answered 202 */
void rig_refer_202(struct rig *r, uint32_t call, struct leg *d,
		   const char *target, struct ref *ref);
/** Receive the REFER of a request already posted */
void ref_take(struct leg *d, struct ref *ref, uint32_t id);
/** Answer it */
void ref_reply(struct leg *d, struct ref *ref, unsigned code,
	       const char *reason, const char *extra);
/** NOTIFY in the referral: code 0: no body; its 200 has come */
void ref_notify(struct leg *d, const struct ref *ref, unsigned code,
		const char *reason, const char *substate);
#define TERMINATED "terminated;reason=noresource"
#define ACTIVE "active;expires=600"

/** We hang up on B, and the outcome is "succeeded" */
void rig_goes_well(struct rig *r, uint32_t call, const struct ref *ref);
/** B's call is up still, and it is we who end it now */
void rig_call_alive(struct rig *r, uint32_t call);

/** consult, B held, C called and answered.  @return the consult call */
uint32_t rig_consult_up(struct rig *r, uint32_t call, struct leg *db,
			struct peer *c, struct leg *dc,
			const struct call_prm *prm);
/** complete, hold of C, REFER received at B (not answered) */
void rig_complete(struct rig *r, uint32_t call, struct leg *db, struct leg *dc,
		  struct ref *ref);

#endif
