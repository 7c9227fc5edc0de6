/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef APP_ADDRESS_H
#define APP_ADDRESS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/msg.h"

/**
 * @file address.h  Could this be somebody to call?
 *
 * A first look, so that a slip is told at once and nothing is sent.  The
 * engine has the last word (sip/target.h).
 *
 * Threads: any.    Blocks: never.
 */

/**
 * @param whyp  On error set to a static text
 *
 * @return 0, EINVAL, EOVERFLOW
 */
int address_check(const char *target, const char **whyp);

/** The same party, as far as the text tells?  (The scheme aside.) */
bool address_same(const char *a, const char *b);

/** An address as two are compared */
struct address_key {
	char user[URI_MAX]; /* of a number: without visual separators */
	char host[URI_MAX]; /* small letters; "": none                */
	bool number;        /* the user part is a telephone number    */
	uint64_t hash;      /* of user                                */
};

void address_key(struct address_key *key, const char *uri);

/** Could it be the same person: parameters, ports and separators of numbers
 *  aside; a number may come by another host, a name may not */
bool address_same_party(const char *a, const char *b);

#endif
