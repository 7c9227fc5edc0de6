/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SIP_REPLACES_H
#define SIP_REPLACES_H

#include <stdbool.h>
#include <stddef.h>

#include "base/msg.h"

/**
 * @file replaces.h  Replaces (RFC 3891) and Refer-To (RFC 3515) as text.
 *
 * Building follows transfer.md G22-G28, parsing Z4, Z5 and 2.3.
 *
 * Threads: any.    Blocks: never.
 */

struct replaces {
	char callid[256];
	char to_tag[128];   /* the target's local tag, our remote tag */
	char from_tag[128]; /* the target's remote tag, our local tag */
	bool early_only;
};

/**
 * Read the value of a Replaces header (already unescaped).
 *
 * @return 0, EBADMSG (not exactly one to-tag and one from-tag, bad tokens),
 *         EOVERFLOW
 */
int replaces_decode(struct replaces *r, const char *val, size_t len);

/** Write the value of a Replaces header; 0 or EOVERFLOW */
int replaces_encode(char *dst, size_t size, const struct replaces *r);

/** Same dialog: Call-ID and both tags; tag "0" matches an empty one */
bool replaces_match(const struct replaces *r, const char *callid,
		    const char *local_tag, const char *remote_tag);

/**
 * Build the value of a Refer-To header: always <...>, no display name.
 *
 * @param uri      Checked URI without headers
 * @param r        NULL: none; else "?Replaces=" with everything but the
 *                 unreserved escaped (also '+', '@', '%', ';')
 * @param require  Append "&Require=replaces" (only with an AOR, G28)
 *
 * @return 0, EOVERFLOW
 */
int refer_to_encode(char *dst, size_t size, const char *uri,
		    const struct replaces *r, bool require);

struct refer_to {
	char uri[URI_MAX];        /* without headers, without method       */
	struct replaces replaces; /* valid when has_replaces               */
	bool has_replaces;
	bool require_replaces; /* Require=replaces was asked for        */
};

/**
 * Read the value of a Refer-To header that a peer sent.
 *
 * Of the URI headers only Replaces and Require count; others are ignored,
 * but the whole is refused for %00-%1F or %7F anywhere, more than one
 * Replaces, a length over 512, bad tokens.  `maddr`, `ttl` and `lr` are
 * refused; `method` may only be INVITE.  Schemes: sip and sips.
 *
 * @return 0, EBADMSG (malformed: answer 400), EPROTONOSUPPORT (scheme or
 *         method: answer 603), EPERM (maddr, ttl, lr: 603), EOVERFLOW (400)
 */
int refer_to_decode(struct refer_to *rt, const char *val, size_t len);

#endif
