/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SIP_AUTH_H
#define SIP_AUTH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/msg.h"

struct mbuf;
struct sip_msg;

/**
 * @file auth.h  Digest access authentication, both sides (RFC 8760, 7616).
 *
 * libre 1.1.0 knows MD5 only, so this is our own; OpenSSL does the hashing.
 * MD5, MD5-sess, SHA-256, SHA-256-sess, SHA-512-256(-sess); qop=auth is sent
 * whenever offered, none when none was offered (RFC 2069 servers).  Of the
 * challenges of one realm the topmost whose algorithm we know is answered;
 * once a realm has offered better than MD5 to us, MD5 alone is not answered
 * any more (Z18).
 *
 * Threads: SIP.    Blocks: never.
 */

/** Challenges the requests of a call have met, one per realm: nonce and count.
 *  Which of them a request has answered is its own affair (auth_tries) */
struct auth;

/** Credentials of one account; copied */
struct auth_cred {
	char user[NAME_MAX_LEN];
	char password[NAME_MAX_LEN];
};

/** @return 0 or ENOMEM; *ap is mem_alloc()ed: yours, mem_deref() */
int auth_alloc(struct auth **ap, const struct auth_cred *cred);

enum { AUTH_REALMS_MAX = 8 }; /* more is nobody's good will */

/** What one request has tried, realm by realm; all zero for a new one */
struct auth_tries {
	struct auth_try {
		bool tried; /* a challenge was answered      */
		uint8_t stales;
	} v[AUTH_REALMS_MAX];
};

/**
 * Take the challenges of a 401 or 407.
 *
 * @return 0 send again with auth_encode(); EAUTH this request has answered
 *         already and the nonce was not stale (wrong password); ENOENT no
 *         credentials; ENOSYS no algorithm we know; EBADMSG no usable
 *         challenge; EPERM a downgrade to MD5 was refused
 */
int auth_challenged(struct auth *a, struct auth_tries *tries,
		    const struct sip_msg *msg);

/** Write Authorization / Proxy-Authorization headers, each with CRLF */
int auth_encode(struct mbuf *mb, struct auth *a, const char *method,
		const char *uri);

/* libre's own is 217, and only where its headers came first */
#undef EAUTH
#define EAUTH EACCES

/* ---- as a server (the phone bank) ------------------------------------ */

/**
 * Check a request's Authorization.
 *
 * @param secret  32 random bytes of this engine: nonces are made of time and
 *                a keyed hash, so no state is kept
 *
 * @return 0 right; EAUTH missing, wrong or stale: answer 401 with
 *         auth_challenge_print()
 */
int auth_check(const struct sip_msg *msg, const char *realm, const char *user,
	       const char *password, const uint8_t secret[32]);

/** The WWW-Authenticate headers (SHA-256 first, then MD5), each with CRLF */
int auth_challenge_print(char *dst, size_t size, const char *realm,
			 const uint8_t secret[32]);

#endif
