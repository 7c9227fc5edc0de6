/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SIP_REFER_PRIV_H
#define SIP_REFER_PRIV_H

#include "sip/priv.h"

/**
 * @file refer_priv.h  The inside of a referral, for the refer_*.c, consult.c
 *                     and transfer.c.
 *
 * Threads: SIP.
 */

/** How far it is, beside the UCMA state that is shown */
enum stage {
	STAGE_NEW,      /* a status object, not begun                       */
	STAGE_QUEUED,   /* begun; waits for its turn                        */
	STAGE_HOLDING,  /* holding the caller                               */
	STAGE_CALLING,  /* consult: the target's phone has not answered     */
	STAGE_TALKING,  /* consult: the user talks to the target            */
	STAGE_HOLDING2, /* consult: holding the target before the REFER     */
	STAGE_SENT,     /* the REFER is out                                 */
	STAGE_DONE,     /* there is an outcome; late NOTIFYs still come     */
};

enum { REFER_IDS = 8 };

struct refer_status {
	struct le le;      /* engine.refers                        */
	struct le he;      /* engine.refers_ht, once it is sent    */
	struct le le_call; /* call.refers of d1                    */
	struct engine *e;
	struct account *acc;
	struct call *d1; /* the caller's; NULL: ended            */
	struct call *d2; /* the consult call; NULL: none, ended  */
	struct dlg *dlg; /* REFER and NOTIFYs                    */
	struct auth *auth;
	struct rq *rq;     /* REFER                                */
	struct rq *sub_rq; /* SUBSCRIBE                            */
	struct transfer_info info;
	enum stage stage;
	char *headers;           /* of the application                   */
	char name[NAME_MAX_LEN]; /* the target, for the texts            */
	uint32_t limit_ms;
	uint64_t t_refer; /* when the REFER went out [ms]         */

	refer_state_h *stateh;
	void *state_arg;
	refer_done_h *doneh;
	void *done_arg;

	uint32_t idv[REFER_IDS]; /* CSeqs of the REFERs we sent          */
	unsigned idc;
	uint32_t oldv[REFER_IDS]; /* of a first try (X10) */
	unsigned oldc;
	bool id_used;         /* the peer writes ;id=                 */
	uint32_t id_seen;     /* which                                */
	uint32_t notify_cseq; /* highest taken                        */
	bool notified;        /* any NOTIFY came                      */
	bool accepted;        /* a 2xx came                           */

	bool no_hold, release, armed;
	bool blind_next;  /* X12: a blind one when the leg is gone */
	bool plain;       /* a consult that ends as a blind one   */
	bool use_contact; /* form of Refer-To in a consult        */
	bool tried_other; /* X10 was done                         */
	bool reverse;     /* X6: the target is asked instead      */
	bool out_of_dialog;
	bool refused_ood;
	bool unsub_wanted, unsub_sent;
	bool retry_later;    /* not tried now: caller back */
	bool we_left;        /* we ended d1 ourselves                */
	bool we_left_target; /* and d2 */
	unsigned resends;    /* TR                                   */
	unsigned refreshes;
	uint64_t refreshed_at;
	uint32_t expires_s;

	struct tmr tmr_go;        /* next step, from the loop; TR         */
	struct tmr tmr_n;         /* TN no NOTIFY at all                  */
	struct tmr tmr_e;         /* TE subscription runs out             */
	struct tmr tmr_m;         /* TM longest time                      */
	struct tmr tmr_g;         /* TG grace after a call's end          */
	struct tmr tmr_t;         /* TT 2xx but not terminated            */
	struct tmr tmr_u;         /* TU answer to SUBSCRIBE 0             */
	struct tmr tmr_z;         /* TZ tombstone                         */
	struct tmr tmr_l;         /* tell that the link was lost          */
	struct sip_keepalive *ka; /* of the reports' connection     */
};

/* ---- refer.c ---------------------------------------------------------- */

/** What EndRefer makes of an outcome; any thread */
void refer_result_of(struct refer_result *res,
		     const struct transfer_info *info);
bool refer_live(const struct refer_status *r);
/** No second leg from whose end anything could be told */
bool refer_is_blind(const struct refer_status *r);
void refer_start(struct refer_status *r, struct call *d1, struct call *d2,
		 enum transfer_kind kind, const char *target);
/** Next step of what was begun, from the loop (struct refer_status) */
void refer_go(void *arg);
/** Write why and return err */
int refer_refuse(char *why, size_t size, int err, const char *text);
/** Where the other party can be called: as dialled, or From */
const char *call_address(const struct call *c);
/** Tell the state, with words; state may be what it is */
void refer_tell(struct refer_status *r, enum refer_state state, const char *fmt,
		...) __attribute__((format(printf, 3, 4)));
/** The outcome, once; words as refer_tell(); takes the caller back */
void refer_finish(struct refer_status *r, enum refer_state state,
		  enum outcome outcome, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
/** Send the REFER now (again): everything is held */
void refer_send(struct refer_status *r);
/** Hold d2, then send: a consultation is to be completed */
void refer_complete(struct refer_status *r);
/** Refer-To by Contact rather than by address (G27) */
bool refer_contact_first(const struct call *to);
/** Go on with those that wait for their turn on this call */
void refer_kick(struct call *d1);
/** Another try with the other form of Refer-To (X10): true when on its way */
bool refer_try_other(struct refer_status *r, unsigned code);
/** SUBSCRIBE within the subscription */
void refer_subscribe(struct refer_status *r, uint32_t expires);
/** SUBSCRIBE with Expires 0, once */
void refer_unsubscribe(struct refer_status *r);
/** Without going back: the SUBSCRIBE 0 leaves as soon as it may */
void refer_unwatch(struct refer_status *r);
/** The same, told with these words; ends it where nothing is to come */
void refer_give_up(struct refer_status *r, const char *words);
/** Tell when the connection this came by is lost */
void refer_watch_link(struct refer_status *r, const struct sip_msg *msg);
void refer_start_limit(struct refer_status *r);
void refer_arm_give_up(struct refer_status *r);
void refer_close_sub(struct refer_status *r);
void refer_arm_expiry(struct refer_status *r, uint32_t expires_s);

/** The live transfer with this number, or of the call with this number */
struct refer_status *refer_of(struct engine *e, uint32_t id);
struct refer_status *refer_of_call(const struct call *c);
void refers_stop(struct engine *e);
bool refers_leaving(const struct engine *e);
void refers_flush(struct engine *e);

int transfer_ask(struct call *c, const struct request *req, uint32_t *idp,
		 char *why, size_t size);
int transfer_takeback(struct call *c, char *why, size_t size);

/* ---- refer_legs.c ----------------------------------------------------- */

void refer_call_ended(struct call *c, bool by_peer);
/** The subscription has ended without a result: what do the calls tell? */
void refer_wait_for_legs(struct refer_status *r);
/** It was taken; should the caller have left before, judge in TG */
void refer_judge_soon(struct refer_status *r);
/** After a success: both our legs are of no use any more */
void refer_let_go(struct refer_status *r);
/** After a failure at this stage: talk again to who is left */
void refer_take_back(struct refer_status *r, enum stage stage);
/** Would a failure bring this call back to the user by itself? */
bool refer_would_resume(const struct call *c);
/** After a failure: the words get an end that tells who is left */
void refer_say_who_is_left(struct refer_status *r);

/* ---- refer_notify.c --------------------------------------------------- */

/** Answers every NOTIFY */
void refer_notify(struct engine *e, struct stack *st,
		  const struct sip_msg *msg);

/* ---- consult.c -------------------------------------------------------- */

int consult_ask(struct call *c, const struct request *req, uint32_t *idp,
		char *why, size_t size);
int consult_complete(struct call *c, uint32_t serial, uint32_t *idp, char *why,
		     size_t size);
int consult_takeback(struct call *c, char *why, size_t size);
int consult_swap(struct call *c, char *why, size_t size);
int consult_join(struct call *a, struct call *b, uint32_t serial, uint32_t *idp,
		 char *why, size_t size);
/** The consultation of c that rings at uri goes on as a blind transfer (X12).
 *  ENOENT: there is none such */
int consult_to_blind(struct call *c, const char *uri, uint32_t *idp);
/** Answered while our CANCEL was on its way: it is wanted all the same */
bool consult_wants_answer(struct call *c);
/** The call's state has changed: it may be a consult leg */
void consult_call_news(struct call *c, bool by_peer);

/* ---- referee.c -------------------------------------------------------- */

uint32_t referred_id(const struct referred *r);
/** User part of the phone that was asked, a mem object or NULL */
char *referred_user(const struct referred *r);

/** Its dialog is known: NOTIFYs find it from now on */
void refer_enter(struct refer_status *r);

#endif
