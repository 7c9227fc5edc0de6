/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef APP_ADDRESS_H
#define APP_ADDRESS_H

#include <stdbool.h>

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

#endif
