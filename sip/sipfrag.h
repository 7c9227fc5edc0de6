/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SIP_SIPFRAG_H
#define SIP_SIPFRAG_H

#include <stdbool.h>
#include <stddef.h>

#include "base/msg.h"

/**
 * @file sipfrag.h  The status line in the body of a refer NOTIFY (RFC 3420).
 *
 * Tolerant as transfer.md 2.4 says: CRLF, LF or no line end, empty or missing
 * reason, leading blank lines, headers or a body behind the first line, lower
 * case "sip/2.0", a multipart body whose first sipfrag part counts.  At most
 * SIPFRAG_READ_MAX bytes are looked at, the first line at most 256.
 *
 * Threads: any.    Blocks: never.
 */

enum { SIPFRAG_READ_MAX = 1024 };

struct sipfrag {
	unsigned code;       /* 100..699                         */
	char text[TEXT_MAX]; /* the reason phrase, clean         */
};

/**
 * Read a NOTIFY body.
 *
 * @param ctype  Content-Type value, may be NULL or ""; not NUL-terminated
 *
 * @return 0, ENOENT (empty), EBADMSG (no status line, code out of range)
 */
int sipfrag_decode(struct sipfrag *sf, const char *ctype, size_t ctypelen,
		   const char *body, size_t len);

/** Reason phrase of RFC 3261 and its kin for a code; never NULL */
const char *sip_reason(unsigned code);

/**
 * The words a user reads for a target's answer (transfer.md 5.1, the phrase
 * table), such as "busy" or "no such number"; never NULL.
 */
const char *sip_phrase(unsigned code);

#endif
