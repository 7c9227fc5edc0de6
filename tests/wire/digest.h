/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WIRE_DIGEST_H
#define WIRE_DIGEST_H

#include "tests/wire/peer.h"

/**
 * @file digest.h  Is the response of a login right?  Computed here from
 *                 RFC 7616 with OpenSSL, apart from the engine's own.
 *
 * Threads: one.    Blocks: never.
 */

/** What was asked and who should answer */
struct login {
	const char *realm;
	const char *nonce;
	const char *algorithm; /* "MD5", "SHA-256", NULL: not said (MD5)   */
	const char *user;
	const char *password;
	bool proxy; /* 407 and Proxy-Authorization              */
	bool stale;
	bool no_qop; /* as RFC 2069                              */
};

/** The challenge as header lines */
const char *login_challenge(const struct login *l);

/** Credentials for this realm in the request; NULL: none */
const char *login_find(const struct sipmsg *m, const struct login *l);

/** Fail unless the request carries the right answer to this challenge */
void login_check(const struct sipmsg *m, const struct login *l);

/** Nonce count of the credentials, 0: none */
unsigned login_nc(const struct sipmsg *m, const struct login *l);

#endif
