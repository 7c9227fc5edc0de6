/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SIP_DIGEST_H
#define SIP_DIGEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <openssl/evp.h>

#include "sip/recompat.h"

/**
 * @file digest.h  What both sides of a digest login need: sums and pieces.
 *
 * Threads: any.    Blocks: never.
 */

enum {
	DIGEST_VALUE_MAX = 1024, /* of one parameter             */
	DIGEST_HEX_MAX = 2 * EVP_MAX_MD_SIZE + 1,
};

struct digest_alg {
	const char *name;
	const EVP_MD *(*md)(void);
	bool sess;   /* session variant: the first nonces count */
	bool strong; /* better than MD5                         */
};

/** NULL or "": MD5.  @return NULL: not known */
const struct digest_alg *digest_alg_find(const char *name);

/**
 * The one line of digest arithmetic.
 *
 * @param dst  65 bytes or more; lower-case hex
 *
 * @return 0, ENOSYS (algorithm), ENOMEM, EOVERFLOW
 */
int digest_response(char *dst, size_t size, const char *algorithm,
		    const char *user, const char *realm, const char *password,
		    const char *method, const char *uri, const char *nonce,
		    const char *cnonce, uint32_t nc, const char *qop);

/**
 * Take the next piece off a list of challenges or credentials.
 *
 * @param name        A scheme, or the name of a parameter
 * @param val         The parameter's value, quotes and escapes undone
 * @param is_paramp   Set: is it a parameter?
 *
 * @return 0, ENOENT at the end, EOVERFLOW (the value, read over), EBADMSG
 */
int digest_piece(struct pl *rest, struct pl *name, char *val, size_t size,
		 bool *is_paramp);

/** "%H": the inside of a quoted string.  EINVAL: no character for a header */
int digest_quoted(struct re_printf *pf, const void *arg);

#endif
