/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef BASE_MSG_H
#define BASE_MSG_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/post.h"

/**
 * @file msg.h  The words the two threads have for each other.
 *
 * A *request* goes down (please do), an *event* comes up (this is how it is
 * now).  Both are plain values without pointers, at most PIPE_BUF bytes, so
 * one write(2) carries one whole.  Ids count up from 1 and are never used
 * again; 0 means "none".  Every text in an event is clean (text_clean) or a
 * checked address.
 *
 * Threads: any.
 */

enum {
	URI_MAX = 512,      /* an address; never cut               */
	NAME_MAX_LEN = 128, /* a name; may be cut                  */
	TEXT_MAX = 192,     /* a status line or a sentence         */
	PATH_MAX_LEN = 1024,
	LISTEN_MAX = 24,
};

/* ---- what things are ------------------------------------------------- */

enum transp { TRANSP_UDP, TRANSP_TCP, TRANSP_TLS, TRANSP_COUNT };

enum account_state {
	ACCOUNT_OFF, /* not registering (regint=0, or unregistered) */
	ACCOUNT_REGISTERING,
	ACCOUNT_REGISTERED,
	ACCOUNT_FAILED, /* trying again by itself, with back-off       */
	ACCOUNT_STATE_COUNT
};

enum call_dir { CALL_IN, CALL_OUT };

enum call_state {
	CALL_DIALING, /* out: nothing but 100 yet                        */
	CALL_RINGING, /* out: 180 came; in: it rings here                */
	CALL_EARLY,   /* out: early media (18x with an answer)           */
	CALL_TALKING,
	CALL_HELD,  /* held by us                                      */
	CALL_ENDED, /* last news of this call                          */
	CALL_STATE_COUNT
};

enum transfer_kind { KIND_BLIND, KIND_ATTENDED, KIND_SEMI, KIND_COUNT };

/** UCMA ReferState, same order (transfer.md 1.2) */
enum refer_state {
	REFER_IDLE,
	REFER_REQUESTED,
	REFER_ACCEPTED,
	REFER_REJECTED,
	REFER_FAILED_TO_SEND, /* UCMA ReferFailed: not sent or no response */
	REFER_TRYING,
	REFER_ALERTED,
	REFER_SUCCEEDED,
	REFER_FAILED,
	REFER_REDIRECTED,
	REFER_STATE_COUNT
};

/** The implicit subscription; UCMA IsSubscriptionActive is WAIT or ACTIVE */
enum refer_sub {
	SUB_NONE,
	SUB_WAIT,
	SUB_ACTIVE,
	SUB_UNSUB,
	SUB_CLOSED,
	SUB_COUNT
};

/** How a transfer ended; OUTCOME_NONE while it lasts */
enum outcome {
	OUTCOME_NONE,
	OUTCOME_SUCCEEDED,
	OUTCOME_SUCCEEDED_INFERRED,
	OUTCOME_REDIRECTED,
	OUTCOME_FAILED,
	OUTCOME_REJECTED,
	OUTCOME_NOT_SENT,
	OUTCOME_NO_ANSWER, /* no answer to the REFER              */
	OUTCOME_NO_REPORTS,
	OUTCOME_UNKNOWN,
	OUTCOME_TIMED_OUT,
	OUTCOME_STOPPED,
	OUTCOME_COUNT
};

/** As the contract writes them; "?" for a value out of range */
const char *transp_name(enum transp v);
const char *account_state_name(enum account_state v);
const char *call_dir_name(enum call_dir v);
const char *call_state_name(enum call_state v);
const char *transfer_kind_name(enum transfer_kind v);
const char *refer_state_name(enum refer_state v);
const char *refer_sub_name(enum refer_sub v);
/** NULL for OUTCOME_NONE */
const char *outcome_name(enum outcome v);

/* ---- events: up ------------------------------------------------------ */

enum ev_type {
	EV_HELLO,    /* history: listening, ready                            */
	EV_ACCOUNT,  /* state                                                */
	EV_CALL,     /* state                                                */
	EV_TRANSFER, /* history: every answer, every NOTIFY, every change    */
	EV_REFERRED, /* state: somebody asks us to transfer (incoming REFER) */
	EV_REPLY,    /* history: exactly one for each request                */
	EV_LOG,      /* chatter                                              */
	EV_TRACE,    /* chatter: a piece of a SIP message                    */
	EV_DROPPED,  /* history: so many chatter records were dropped        */
	EV_STOPPED,  /* history: the engine has gone; the last event         */
	EV_COUNT
};

struct hello_info {
	unsigned listenc;
	char listen[LISTEN_MAX][64]; /* "udp:127.0.0.1:5060"             */
};

struct account_info {
	uint32_t id;
	enum account_state state;
	uint32_t expires; /* granted [s]; 0 when not registered */
	unsigned code;    /* last final answer, 0: none         */
	char aor[URI_MAX];
	char text[TEXT_MAX]; /* in words, with what to do          */
	enum transp tp;      /* of the last REGISTER               */
	bool p2p;            /* the one nobody configured          */
	bool gone;           /* last news                          */
};

struct call_info {
	uint32_t id;
	uint32_t account;
	enum call_dir dir;
	enum call_state state;
	bool remote_hold; /* the peer holds us                  */
	bool muted;
	unsigned code;       /* last answer or cause, 0: none      */
	uint32_t transfer;   /* the transfer that moves this call  */
	uint32_t consult_of; /* the caller this consults for       */
	uint32_t referred;   /* made for this incoming referral    */
	uint32_t replaces;   /* takes the place of this call       */
	uint64_t rx_packets; /* RTP counted                        */
	uint64_t tx_packets;
	uint64_t dialog;           /* text_hash() of its Call-ID         */
	char peer[URI_MAX];        /* the other party's address          */
	char local[NAME_MAX_LEN];  /* user part that was called (in)     */
	char name[NAME_MAX_LEN];   /* the other party's display name     */
	char referred_by[URI_MAX]; /* unverified; "" none                */
	char contacts[URI_MAX];    /* of a 3xx, space separated          */
	char text[TEXT_MAX];       /* reason phrase or words             */
};

struct transfer_info {
	uint32_t id;
	uint32_t call;    /* the transferee's                   */
	uint32_t consult; /* 0: blind                           */
	uint32_t serial;  /* of the request that began it       */
	enum transfer_kind kind;
	enum refer_state state;
	enum refer_sub sub;
	enum outcome outcome;
	unsigned code;           /* last status line: REFER's answer,  */
	uint32_t since_refer_ms; /* time since REFER, 0 before [ms]    */
	unsigned refer_code;     /* final answer to REFER, 0: none     */
	bool caller_back;        /* the caller is (again) with us      */
	uint64_t dialog;         /* text_hash() of the REFER's Call-ID */
	char target[URI_MAX];
	char text[TEXT_MAX]; /* then each sipfrag's                */
	char say[TEXT_MAX];  /* what to tell the user, in words    */
};

struct referred_info {
	uint32_t id;
	uint32_t call;     /* dialog it came in; 0: out of one   */
	uint32_t new_call; /* the call it made                   */
	bool replaces;     /* target carries Replaces            */
	bool gone;
	char target[URI_MAX];
	char by[URI_MAX]; /* Referred-By, unverified            */
};

struct reply_info {
	uint32_t serial;
	int err;              /* 0 taken, else errno                */
	uint32_t id;          /* thing it made: call, transfer ...  */
	char command[32];     /* request_name()                     */
	char error[TEXT_MAX]; /* in words; "" when taken            */
};

struct log_info {
	int level; /* enum log_level                     */
	char tag[24];
	char text[512];
};

enum { TRACE_PIECE = 3200 };

/** A piece of one SIP message as it crossed the wire, secrets taken out */
struct trace_info {
	uint64_t serial;  /* of the message                     */
	uint64_t wall_us; /* time of day [us]                   */
	uint32_t total;   /* bytes of the whole message         */
	uint32_t offset;
	uint32_t len;
	enum transp tp;
	bool tx;
	char src[64]; /* "127.0.0.1:5060", "[::1]:5060"     */
	char dst[64];
	char data[TRACE_PIECE]; /* raw bytes, not clean               */
};

struct event {
	enum ev_type type;
	double t; /* seconds since start [s]            */
	union {
		struct hello_info hello;
		struct account_info account;
		struct call_info call;
		struct transfer_info transfer;
		struct referred_info referred;
		struct reply_info reply;
		struct log_info log;
		struct trace_info trace;
		uint64_t dropped;
	} u;
};

_Static_assert(sizeof(struct event) <= PIPE_BUF, "an event must fit a write");

/** Bytes of an event of this type that count; the rest is padding [bytes] */
size_t event_size(enum ev_type type);

/** post_class_h of events */
enum post_class event_class(const void *event, uint64_t *keyp);

/* ---- requests: down -------------------------------------------------- */

enum req_type {
	REQ_NOP,        /* wakes the loop; answered like any other         */
	REQ_STOP,       /* BYE, unsubscribe, unregister, end; at most 2 s  */
	REQ_ACCOUNT,    /* u.account: add one                              */
	REQ_REGISTER,   /* id: account, 0: all                             */
	REQ_UNREGISTER, /* id: account, 0: all                             */
	REQ_OPTION,     /* option, value or text                           */
	REQ_DIAL,       /* text: target; id: account, 0: the first         */
	REQ_PROGRESS,   /* id, code 180..183                               */
	REQ_ANSWER,     /* id                                              */
	REQ_REJECT,     /* id, code 300..699                               */
	REQ_HANGUP,     /* id                                              */
	REQ_HOLD,       /* id                                              */
	REQ_RESUME,     /* id                                              */
	REQ_MUTE,       /* id: toggles                                     */
	REQ_DTMF,       /* id, text: digits                                */
	REQ_TRANSFER,   /* id, text: target; flags TRANSFER_*; id2: a
			   consult call: attended; value: limit [ms]      */
	REQ_CONSULT,    /* id, text: target                                */
	REQ_COMPLETE,   /* id: caller or consult call                      */
	REQ_SWAP,       /* id                                              */
	REQ_TAKEBACK,   /* id                                              */
	REQ_JOIN,       /* id, id2                                         */
	REQ_UNWATCH,    /* id: call (its transfer) or transfer             */
	REQ_REFERRED_ANSWER, /* id: referral, code: answer to the REFER      */
	REQ_REFERRED_CALL,   /* id: call its target; REFERRED_MANUAL: no
				NOTIFY of its own                            */
	REQ_REFERRED_NOTIFY, /* id, code; REFERRED_FINAL: terminated         */
	REQ_COUNT
};

/** As typed: "dial", "transfer" ... */
const char *request_name(enum req_type type);

enum {
	TRANSFER_NO_HOLD = 1 << 0, /* REFER without holding first            */
	TRANSFER_RELEASE = 1 << 1, /* BYE on the 2xx to REFER                */
	REFERRED_MANUAL = 1 << 2,
	REFERRED_FINAL = 1 << 3,
	CALL_ALONE = 1 << 4, /* dial, answer, resume, consult: the talking
				calls are put on hold first */
	DIAL_AS = 1 << 5,    /* dial: u.dial says who calls, peer to peer    */
};

/** Options the engine itself reads; app/option.c has names and ranges */
enum engine_option {
	EOPT_FOLLOW_REDIRECTS, /* bool                                      */
	EOPT_TLS_CA,           /* text: PEM file or directory; "" system    */
	EOPT_TLS_CERT,         /* text: PEM file with certificate and key   */
	EOPT_TLS_VERIFY,       /* bool                                      */
	EOPT_RING_TIMEOUT,     /* [s] give up an unanswered outgoing call   */
	EOPT_TRANSFER_TIMEOUT, /* TM [s]                                    */
	EOPT_RETURN_ON_FAIL,   /* bool: unhold the caller by itself         */
	EOPT_DNS_SERVER,       /* text: ADDR[:PORT]; "" system              */
	EOPT_COUNT
};

struct account_prm {
	char aor[URI_MAX]; /* sip:user@domain                         */
	char name[NAME_MAX_LEN];
	char auth_user[NAME_MAX_LEN];
	char password[NAME_MAX_LEN]; /* wiped by the engine after use       */
	char outbound[URI_MAX];
	char codecs[NAME_MAX_LEN];
	enum transp transport;
	bool transport_set;
	uint32_t regint; /* [s]; 0: do not register                 */
	int refer_mode;  /* enum refer_mode                         */
};

enum refer_mode { REFER_MODE_AUTO, REFER_MODE_IN_DIALOG, REFER_MODE_OUT };

/** Begins as u.text does; user and name count with DIAL_AS only */
struct dial_prm {
	char target[URI_MAX];
	char user[NAME_MAX_LEN];
	char name[NAME_MAX_LEN]; /* without double quotes and backslashes */
};

struct request {
	enum req_type type;
	uint32_t serial; /* comes back in the one reply             */
	uint32_t id, id2;
	unsigned code;
	unsigned flags;
	enum engine_option option;
	uint32_t value;
	union {
		char text[PATH_MAX_LEN];
		struct dial_prm dial;
		struct account_prm account;
	} u;
};

_Static_assert(sizeof(struct request) <= PIPE_BUF, "a request too");

#endif
