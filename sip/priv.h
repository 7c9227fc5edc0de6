/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SIP_PRIV_H
#define SIP_PRIV_H

#include <stdatomic.h>

#include "base/log.h"
#include "base/msg.h"
#include "base/text.h"
#include "base/thread.h"
#include "sip/auth.h"
#include "sip/dlg.h"
#include "sip/engine.h"
#include "sip/offer.h"
#include "sip/recompat.h"
#include "sip/refer.h"
#include "sip/replaces.h"
#include "sip/resolve.h"
#include "sip/rq.h"
#include "sip/sipfrag.h"
#include "sip/stack.h"
#include "sip/target.h"

/**
 * @file priv.h  What the files of sip/ share: the engine and its children.
 *
 * A tree of owners: engine -> stacks, accounts, calls, referrals.  News goes
 * up only through engine_publish() and its sisters here.
 *
 * Threads: SIP.
 */

#define COUNT_OF(a) (sizeof(a) / sizeof((a)[0]))

struct account;
struct call;
struct referred;
struct registrar;

struct engine {
	/* immutable after start */
	struct thread *thread; /* engine.c */
	bool robot, accept_refer, trace;
	char software[64];
	char user[64];
	enum transp p2p_transport;
	char login_user[64], login_password[64];
	uint8_t secret[32]; /* keys our server-side nonces */
	struct post *down, *up;

	/* any thread */
	_Atomic uint32_t serial;
	struct waiters *waiters; /* refer_sync.c */

	/* SIP thread */
	struct list stacks;
	struct list accounts;
	struct list calls;
	struct list ended;  /* calls waiting for their last answer */
	struct list refers; /* live and tombstones, oldest first   */
	struct list referreds;
	struct list rqs;        /* requests that have no answer yet */
	struct hash *calls_ht;  /* by Call-ID                  */
	struct hash *calls_id;  /* by number                   */
	struct hash *refers_ht; /* by Call-ID                  */
	struct registrar *registrar;
	struct resolver *resolver;
	struct tls *tls;
	struct tls_door *door;
	struct rc_fd fd_down, fd_up;
	bool up_armed;
	bool turn_hook;      /* timer.h tells of a turn's end */
	struct tmr tmr_turn; /* where it does not             */
	struct event *turnv; /* of this turn, not yet posted  */
	size_t turnc, turn_size, reply_at;
	struct tmr tmr_stop;
	struct tmr tmr_pace;
	bool stopping;
	uint32_t n_account, n_call, n_refer, n_referred;
	unsigned refers_live, refers_over; /* of engine.refers */
	uint64_t n_trace;

	/* tests run code of theirs on the SIP thread by the next REQ_NOP */
	void (*nop_h)(struct engine *e, void *arg);
	void *nop_arg;

	/* options */
	bool follow_redirects;
	bool tls_verify;
	bool return_on_fail;
	char tls_ca[PATH_MAX_LEN], tls_cert[PATH_MAX_LEN];
	char dns_server[64];
	uint32_t ring_timeout_s, transfer_timeout_s;
};

/* ---- engine.c, requests.c, dispatch.c -------------------------------------
 */

struct call *engine_call(struct engine *e, uint32_t id);
/** One row of the table of requests.c, and its reply */
void engine_take_request(struct engine *e, const struct request *req);
void engine_stop(struct engine *e);
/** Stop is under way: go on as soon as nothing is left */
void engine_stop_check(struct engine *e);
/** Every request outside what libre's transactions keep for themselves */
bool engine_on_request(struct stack *st, const struct sip_msg *msg);
bool engine_on_response(struct stack *st, const struct sip_msg *msg);
/** What we say in Supported: */
static inline const char *engine_supported(const struct engine *e)
{
	return e->accept_refer ? "replaces" : "tdialog";
}

/** Methods we take part in, for Allow: */
#define SIP_ALLOW "INVITE, ACK, CANCEL, BYE, OPTIONS, REFER, NOTIFY"

/* ---- publish.c -------------------------------------------------------- */

/**
 * A new event, told at the end of this turn.  Type and time are set; the
 * caller fills its part of u whole, before anything else.
 */
struct event *engine_event(struct engine *e, enum ev_type type);
/** Keep a place for the reply to the request that is being carried out */
void engine_asking(struct engine *e);
struct event *engine_reply(struct engine *e);
void publish_start(struct engine *e);
void publish_turn(struct engine *e);
/** Tell what is left, waiting a little for a late reader; closes nothing */
void publish_stop(struct engine *e);

/* ---- refer_sync.c ----------------------------------------------------- */

int waiters_new(struct waiters **wp);
void waiters_free(struct waiters *w);
/** The outcome (or refusal) of the request with this serial */
void waiters_wake(struct engine *e, uint32_t serial, int err,
		  const struct transfer_info *info);

/* ---- account.c, register.c
 * -------------------------------------------------------- */

struct account {
	struct le le;
	struct engine *e;
	uint32_t id;
	struct account_prm prm;  /* password moved into cred      */
	char user[NAME_MAX_LEN]; /* user part of the AOR          */
	char domain[URI_MAX];    /* host[:port] of the AOR        */
	bool p2p;                /* the one nobody configured     */
	struct codecs codecs;    /* to offer                      */
	struct auth_cred cred;
	struct account_info info;
	struct dlg *reg; /* Call-ID and CSeq of REGISTER  */
	struct rq *rq;
	struct auth *auth;
	struct tmr tmr;
	struct tmr tmr_ka;
	unsigned failures;
	bool want;             /* wants to be registered        */
	bool leaving;          /* unregistering is under way    */
	bool relearnt, raised; /* done once in this round */
	uint32_t asked;        /* Expires of the last REGISTER [s] */
	uint64_t bound_until;  /* a binding may stand there [ms] */
	char stale[URI_MAX];   /* a Contact to be taken back, "": none */
	struct sa pub;         /* our address as the server sees it */
	struct sa met;         /* its server, by the name of the AOR */
	struct sip_keepalive *ka;
};

int account_add(struct engine *e, const struct account_prm *prm,
		struct account **ap, char *why, size_t size);
struct account *account_find(struct engine *e, uint32_t id);
/** The first one; makes the peer-to-peer account when there is none */
struct account *account_first(struct engine *e);
/** For an incoming request: by the user part of the Request-URI; of several
 *  the one whose server it came from, then the one whose domain it names */
struct account *account_for(struct engine *e, const struct sip_msg *msg);
void account_register(struct account *a);
void account_unregister(struct account *a);
void account_publish(struct account *a);
/** The only way to a new state: publishes */
void account_set_state(struct account *a, enum account_state state,
		       unsigned code, const char *text);
/** The outbound proxy as a Route value, "": none */
void account_route(const struct account *a, char *dst, size_t size);
/**
 * May this next hop learn our digest answers?  The account's server and
 * outbound proxy, by name or by the address REGISTER went to; by TLS who has
 * proven one of their names.
 *
 * @param st  The stack the request leaves by
 */
bool account_trusts(const struct account *a, struct stack *st, enum transp tp,
		    const char *host, const struct sa *hop);
/** A request went to host at dst: where the account's server is found */
void account_met(struct account *a, const char *host, const struct sa *dst);
/** The AOR to stand in From and Referred-By, seen from stack st */
int account_aor(const struct account *a, const char *user,
		const struct stack *st, enum transp tp, char *dst, size_t size);
/** Contact URI for a dialog that leaves by st and tp; user NULL: the account's
 */
int account_contact(const struct account *a, const char *user,
		    const struct stack *st, enum transp tp, char *dst,
		    size_t size);
/** Any account still saying goodbye? */
bool accounts_leaving(const struct engine *e);

/* ---- call.c ----------------------------------------------------------- */

typedef void(call_hold_h)(int err, unsigned code, const char *text, void *arg);

/** One wish of somebody to know how a hold or resume ended */
struct hold_wait {
	struct le le;
	call_hold_h *h;
	void *arg;
};

struct call {
	struct le le;    /* engine.calls or .ended        */
	struct le he;    /* engine.calls_ht               */
	struct le he_id; /* engine.calls_id */
	struct engine *e;
	struct account *acc;
	struct dlg *dlg;
	struct auth *auth;
	struct offer *offer;
	struct rq *inv;        /* our INVITE or re-INVITE       */
	struct sip_strans *st; /* the peer's INVITE, unanswered */
	struct sip_msg *inv_msg;
	struct rq *ack;    /* to send again for each 2xx    */
	uint32_t inv_cseq; /* of the INVITE we ACKed last   */
	struct mbuf *ok;   /* our 2xx until its ACK         */
	struct sip_msg *ok_msg;
	uint32_t ok_wait_ms;
	uint64_t ok_until;
	struct tmr tmr_ok;            /* resend it                     */
	struct tmr tmr_ring;          /* give up ringing               */
	struct tmr tmr_glare;         /* re-INVITE after a 491         */
	struct list holders;          /* struct hold_wait              */
	struct list refers;           /* referrals that move this call */
	struct refer_status *consult; /* this call is a consult leg of */
	struct referred *referred;    /* made for an incoming referral */
	struct call *replaced;        /* ends when we are answered     */
	struct call_info info;
	enum sdp_dir want, have; /* our direction: wished, agreed */
	unsigned glares;
	uint32_t peer_cseq;      /* the peer's highest, NOTIFY apart */
	uint32_t refer_parallel; /* 0 unknown, 1 no, 2 yes        */
	uint32_t redirects;
	char *headers;              /* of our first INVITE           */
	char final_target[URI_MAX]; /* what was dialled, as a URI    */
	bool confirmed;             /* 2xx seen or ACK received      */
	bool established;           /* both ways: may REFER, BYE     */
	bool canceling;
	bool bye_sent;
	bool ended;
	bool offerless;      /* our answer is due in the ACK  */
	bool features_known; /* a Supported header came        */
	bool peer_replaces, peer_tdialog, peer_no_refer;
	bool cur_is_hold; /* direction of the INVITE in flight */
	struct rq *bye;
	struct list forks; /* dialogs of further 2xx        */
};

/** as: who calls, peer to peer; NULL: the account.  headers: NULL, or more
 *  of them */
int call_dial(struct engine *e, struct account *acc, const char *uri,
	      const struct dial_prm *as, const char *headers,
	      uint32_t consult_of, struct referred *referred, struct call **cp);
void call_incoming(struct engine *e, struct stack *st,
		   const struct sip_msg *msg);
void call_request(struct call *c, struct stack *st, const struct sip_msg *msg);
/** Older than what came before it; then 500 has been sent */
bool call_overtaken(struct call *c, struct stack *st,
		    const struct sip_msg *msg);
void call_ack(struct call *c, const struct sip_msg *msg);
struct call *call_of_dialog(struct engine *e, const struct sip_msg *msg);
/** A 2xx no transaction knows: again, or of another branch */
bool call_stray_2xx(struct engine *e, struct stack *st,
		    const struct sip_msg *msg);
int call_progress(struct call *c, unsigned code);
int call_answer(struct call *c);
int call_reject(struct call *c, unsigned code);
/** CANCEL, BYE or 487/603, whatever the state wants; always ends */
void call_hangup(struct call *c);
void call_hangup_saying(struct call *c, const char *text);
/** h (may be NULL) is called exactly once: err 0 done, EPROTO refused with
 *  code, ETIMEDOUT, ECONNRESET the call ended */
int call_dtmf(struct call *c, const char *digits);
/** Everything gone, without a word on the wire */
void calls_flush(struct engine *e);
void referreds_flush(struct engine *e);
int call_hold(struct call *c, bool hold, call_hold_h *h, void *arg);
/** Put every talking call but c (may be NULL) on hold */
void calls_hold_others(struct engine *e, const struct call *c);
/** The same, then resume c; it stays held when one of them cannot be */
int call_resume_alone(struct call *c);
/** Forget every waiter with this argument */
void call_hold_forget(struct call *c, void *arg);
void call_publish(struct call *c);
bool call_is_up(const struct call *c);
/** Another call than c is talking */
bool call_other_talking(const struct call *c);

/* ---- referee.c: somebody asks us -------------------------------------- */

void referred_incoming(struct call *c, struct stack *st,
		       const struct sip_msg *msg);
struct referred *referred_find(struct engine *e, uint32_t id);
int referred_answer(struct referred *r, unsigned code);
int referred_call(struct referred *r, bool manual, uint32_t *idp);
int referred_notify(struct referred *r, unsigned code, bool final);
/** The call made for it has news */
void referred_progress(struct referred *r, struct call *c, unsigned code);
void referred_session_ended(struct call *c);
bool referred_subscribe(struct engine *e, struct stack *st,
			const struct sip_msg *msg);

/* ---- msgs.c: looking at messages -------------------------------------- */

/** The header of exactly this name (or compact form), first or nth; libre's
 *  own lookup compares a 12-bit hash only */
const struct sip_hdr *msg_hdr(const struct sip_msg *msg, const char *name,
			      const char *compact);
unsigned msg_hdr_count(const struct sip_msg *msg, const char *name,
		       const char *compact);
/**
 * Walk over all values of a header, also where several stand in one line with
 * commas between (libre keeps such lines whole):
 *
 *	struct msg_values v = {.msg = msg, .name = "Contact", .compact = "m"};
 *	while (msg_values_next(&v, &val)) ...
 */
struct msg_values {
	const struct sip_msg *msg;
	const char *name, *compact;
	struct le *le;
	const char *p, *end;
	bool begun;
};
bool msg_values_next(struct msg_values *v, struct pl *val);
/** Comma-separated values of all headers of that name hold this token */
bool msg_hdr_has(const struct sip_msg *msg, const char *name,
		 const char *compact, const char *token);
/** Value of ;name=value in pl; false when absent (l is 0 for ";name") */
bool msg_param(const struct pl *pl, const char *name, struct pl *val);
/** No control characters: it may stand in a header of ours */
bool msg_is_plain(const struct pl *pl);
/** The same, but for tabs and line folding (RFC 3261 7.3.1) */
bool msg_is_text(const struct pl *pl);
/** A copy with blanks for tabs, and folds undone.  0, EBADMSG, ENOMEM */
int msg_unfold(char **dst, const struct pl *pl);
/** To, From, Call-ID and CSeq stand there once each, and what libre took for
 *  them is what bears their names; so does the topmost Via */
bool msg_core_is_named(const struct sip_msg *msg);
/** Clean copy of a reason phrase, or the standard one when it is empty */
void msg_reason(char *dst, size_t size, const struct sip_msg *msg);
/** Seconds of Retry-After [s], 0: none */
uint32_t msg_retry_after(const struct sip_msg *msg);

/* ---- quiet.c ---------------------------------------------------------- */

/** What libre prints goes to the log from now on, not to the terminal */
void quiet_libre(void);

/* ---- trace.c ---------------------------------------------------------- */

/** Overwrite with '*' what a password could be guessed from */
void trace_redact(char *buf, size_t len);
void trace_handler(bool tx, enum sip_transp tp, const struct sa *src,
		   const struct sa *dst, const uint8_t *pkt, size_t len,
		   void *arg);

/* ---- registrar.c ------------------------------------------------------ */

int registrar_alloc(struct registrar **rp, struct engine *e);
/** REGISTER, or a request for a user that has registered: true when taken */
bool registrar_request(struct registrar *r, struct stack *st,
		       const struct sip_msg *msg);
/** A response on its way through us */
bool registrar_response(struct registrar *r, struct stack *st,
			const struct sip_msg *msg);

#endif
