/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WIRE_PEER_H
#define WIRE_PEER_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

/**
 * @file peer.h  A SIP party made of a socket and nothing else, so it can lie.
 *
 * A peer runs on the test's own thread: it sends what it is told to send,
 * byte for byte when asked, and keeps what it receives until the test claims
 * it.  While a test waits for one peer all peers (and the watched descriptors)
 * are served.  What fails fails the cmocka test at hand, after the ladder of
 * everything that was said has been printed.
 *
 * Threads: one.    Blocks: peer_expect*() until what is expected came, at
 * most PEER_DEADLINE_MS.
 */

enum {
	PEER_DEADLINE_MS = 5000,
	PEER_CONNS = 48,
	SIPMSG_HDRS = 160,
};

/* ---- messages -------------------------------------------------------- */

struct sipmsg {
	struct sipmsg *next;
	bool claimed;
	bool request;
	char method[24]; /* of a response: the one in its CSeq */
	unsigned code;   /* 0: a request                       */
	char uri[512];   /* Request-URI, or the reason phrase  */
	uint32_t cseq;
	char callid[1000];
	char branch[192];
	char from_tag[128];
	char to_tag[128];
	struct sockaddr_storage src;
	int conn; /* TCP connection, -1: UDP            */
	unsigned hdrc;
	struct {
		const char *name;
		const char *val;
	} hdrv[SIPMSG_HDRS];
	const char *body;
	size_t body_len;
	size_t len;
	char *raw;  /* as received                        */
	char *text; /* cut up                             */
};

/** Read a message; NULL when it is none.  sipmsg_free() */
struct sipmsg *sipmsg_parse(const char *raw, size_t len);
void sipmsg_free(struct sipmsg *m);

/** Value of the nth header of exactly this name (case folded); NULL: none */
const char *sipmsg_nth(const struct sipmsg *m, const char *name, unsigned nth);
const char *sipmsg_hdr(const struct sipmsg *m, const char *name);
unsigned sipmsg_count(const struct sipmsg *m, const char *name);

/** Is the token in the comma separated values of the header? */
bool sipmsg_lists(const struct sipmsg *m, const char *name, const char *token);

/** The URI in the <> (or bare) of a From, To, Contact, Refer-To */
void sip_addr_uri(char *dst, size_t size, const char *val);

/** A Refer-To taken apart, escapes undone */
struct refto {
	char uri[512];
	char callid[1000];
	char to_tag[128];
	char from_tag[128];
	char require[64];
	bool replaces;
	bool early_only;
};
void refto_parse(struct refto *rt, const struct sipmsg *m);

/* ---- peers ----------------------------------------------------------- */

enum peer_kind { PEER_UDP, PEER_TCP };

enum {
	AUTO_REINVITE = 1 << 0, /* 200 with an answer, ACK swallowed        */
	AUTO_BYE = 1 << 1,
	AUTO_ANY = 1 << 2, /* everything; for the end of a test        */
};

struct leg;

struct peer {
	struct peer *next;
	char name[16];
	enum peer_kind kind;
	int fd;        /* UDP socket, or TCP listener                */
	int rtp;       /* where its SDP points to                    */
	char host[64]; /* "127.0.0.1" or "[::1]"                     */
	unsigned port;
	unsigned rtp_port;
	struct sockaddr_storage engine;
	socklen_t engine_len;
	int connv[PEER_CONNS];
	char *rxv[PEER_CONNS];
	size_t rxlen[PEER_CONNS];
	unsigned autos;
	bool keep_dups; /* hand out retransmissions too               */
	unsigned dups;  /* retransmissions seen                       */
	struct sipmsg *inbox;
	struct sipmsg **tail;
	struct answer *answers; /* to be said again                        */
	struct leg *legs;
	uint64_t rtp_count;
};

/** @param host  "127.0.0.1", "127.0.0.2" or "::1" */
struct peer *peer_new(const char *name, enum peer_kind kind, const char *host);
void peer_free(struct peer *p);

/** Where what it sends by itself goes; "udp:127.0.0.1:5060", "[::1]:5060" */
void peer_aim(struct peer *p, const char *addr);

/** sip:USER@HOST:PORT[;transport=tcp] */
const char *peer_uri(const struct peer *p, const char *user);

/* receiving */
const struct sipmsg *peer_expect(struct peer *p, const char *method);
/** code: 200, or a class: 2 */
const struct sipmsg *peer_expect_code(struct peer *p, const char *method,
				      unsigned code);
/** The same, of this CSeq */
const struct sipmsg *peer_expect_answer(struct peer *p, const char *method,
					uint32_t cseq, unsigned code);
/** The final answer, whatever it is */
const struct sipmsg *peer_expect_final(struct peer *p, const char *method,
				       uint32_t cseq);
/** Nothing unclaimed of this method (a request) lies here now */
void peer_none(struct peer *p, const char *method);
/** Requests of this method so far, claimed or not, without retransmissions */
unsigned peer_count(struct peer *p, const char *method);
/** Unclaimed request or NULL, without waiting */
const struct sipmsg *peer_peek(struct peer *p, const char *method);
/** Wait until the peer has had n requests of this method */
void peer_expect_count(struct peer *p, const char *method, unsigned n);
/** Fail when a request was received that no one claimed (ACK apart) */
void peer_done(struct peer *p);
uint64_t peer_rtp(struct peer *p);

/* sending */
void peer_raw(struct peer *p, const void *bytes, size_t len);
void peer_raw_conn(struct peer *p, int conn, const void *bytes, size_t len);
int peer_connect(struct peer *p);
void peer_reset(struct peer *p); /* RST on every TCP connection */
/** Wait until the other end has closed every TCP connection */
void peer_expect_closed(struct peer *p);
/** extra: header lines with CRLF, or NULL.  To gets a tag if it has none */
void peer_reply(struct peer *p, const struct sipmsg *m, unsigned code,
		const char *reason, const char *extra);
void peer_reply_body(struct peer *p, const struct sipmsg *m, unsigned code,
		     const char *reason, const char *to_tag, const char *extra,
		     const char *ctype, const void *body, size_t len);

/* ---- dialogs, from the peer's end ------------------------------------ */

struct leg {
	struct leg *next;
	struct peer *p;
	char callid[1000];
	char ltag[128];
	char rtag[128];
	char local[512]; /* URIs of From and To                        */
	char remote[512];
	char target[512];      /* Request-URI of what we send                */
	char contact[512];     /* value of our Contact                       */
	char extra[512];       /* headers of our 1xx and 2xx to INVITE       */
	char route[512];       /* "Route: ...\r\n" or ""                     */
	char branch[192];      /* of the last request sent                   */
	char next_branch[192]; /* take this one for the next               */
	uint32_t lcseq;
	uint32_t invite_cseq; /* of the last INVITE sent                   */
	uint32_t rcseq;
	uint32_t ack_cseq; /* swallow this ACK                           */
	unsigned sdp_version;
	int conn;
	char dir[16]; /* direction of our last answer               */
	const struct sipmsg *invite;
};

/* A leg is the test's and must live as long as its peer. */

/** The dialog an incoming INVITE (or REFER) begins; we are the UAS */
void leg_from(struct leg *d, struct peer *p, const struct sipmsg *m);
/** A dialog we are going to begin */
void leg_to(struct leg *d, struct peer *p, const char *uri);
/** Take To tag, target and routes of a response to our INVITE */
void leg_learn(struct leg *d, const struct sipmsg *resp);

/** Answer within the dialog: our tag, Contact and d->extra */
void leg_reply(struct leg *d, const struct sipmsg *m, unsigned code,
	       const char *reason, const char *sdp_dir);

/** Send a request; body NUL-terminated or NULL.  @return its CSeq */
uint32_t leg_request(struct leg *d, const char *method, const char *extra,
		     const char *ctype, const char *body);
uint32_t leg_request_body(struct leg *d, const char *method, const char *extra,
			  const char *ctype, const void *body, size_t len);
/** INVITE with an offer of this direction (NULL: none) */
uint32_t leg_invite(struct leg *d, const char *extra, const char *dir);
void leg_ack(struct leg *d);
/** CANCEL of the INVITE sent last */
void leg_cancel(struct leg *d);

/**
 * Send any text; in it [target] [via] [from] [to] [callid] [cseq] [n] (the
 * bare number) [contact] [route] [len] are filled in; CSeq is counted up when
 * it has [cseq] or [n].
 *
 * @param d    The dialog whose tags and targets are used
 * @param body Appended behind the text; NULL: none
 *
 * @return the CSeq used
 */
uint32_t leg_text(struct leg *d, const char *text, const void *body,
		  size_t len);

/** A NOTIFY; event or substate NULL: no such header.  @return its CSeq */
uint32_t leg_notify(struct leg *d, const char *event, const char *substate,
		    const char *body);
uint32_t leg_notify_body(struct leg *d, const char *event, const char *substate,
			 const char *ctype, const void *body, size_t len);
/** The same, and its 200 has come */
void leg_notify_ok(struct leg *d, const char *event, const char *substate,
		   const char *body);

/** Receive a BYE of this dialog and answer it */
void leg_expect_bye(struct leg *d, unsigned code);
/** Send BYE, receive the 200 */
void leg_bye(struct leg *d);

void sdp_make(char *dst, size_t size, struct peer *p, const char *dir,
	      unsigned version);
/** Direction an SDP body asks for; "sendrecv" when nothing is said */
const char *sdp_dir(const struct sipmsg *m);
/** Answer to that direction */
const char *sdp_flip(const char *dir);

/* ---- serving all of them --------------------------------------------- */

/** Serve all peers and watched descriptors; 0: only what is there now [ms] */
void peers_serve(int timeout_ms);

/** All of them, a list by .next */
struct peer *peers_first(void);

typedef void(peers_watch_h)(void *arg);
/** One descriptor more to serve; fd -1: none */
void peers_watch(int fd, peers_watch_h *h, void *arg);
typedef bool(peers_until_h)(void *arg);
/** Serve until h says yes; false when the deadline passed */
bool peers_until(peers_until_h *h, void *arg);

/* ---- the ladder: what was said, printed when a test fails ------------- */

void ladder_clear(void);
void ladder_add(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void ladder_print(void);
/** Print the ladder, then fail the test */
void wire_fail(const char *fmt, ...)
	__attribute__((format(printf, 1, 2), noreturn));
#define wire_assert(x)                                                         \
	do {                                                                   \
		if (!(x))                                                      \
			wire_fail("%s:%d: %s", __FILE__, __LINE__, #x);        \
	} while (0)

#endif
