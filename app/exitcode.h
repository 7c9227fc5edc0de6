/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef APP_EXITCODE_H
#define APP_EXITCODE_H

#include <stdbool.h>

#include "base/msg.h"

/**
 * @file exitcode.h  What `call` and `xfer` end with.
 *
 * Threads: any.    Blocks: never.
 */

enum exit_code {
	EXIT_OK = 0,
	EXIT_INTERNAL = 1,
	EXIT_USAGE = 2,
	EXIT_BUSY = 10,
	EXIT_NO_ANSWER = 11,
	EXIT_DECLINED = 12,
	EXIT_REJECTED = 13,
	EXIT_NO_REPORTS = 14,
	EXIT_UNKNOWN = 15,
	EXIT_TARGET = 16,
	EXIT_CALLER = 17,
	EXIT_NOT_SENT = 18,
	EXIT_TIMED_OUT = 19,
	EXIT_REDIRECTED = 20,
	EXIT_SIGNAL = 128, /* + its number */
};

/** For the man page: i-th code and what it says; NULL after the last */
const char *exitcode_row(unsigned i, int *codep);

/** Of a call that has ended: was it answered, its last code (0: none) */
int exitcode_call(bool answered, unsigned code);

/** Of a transfer's last news */
int exitcode_transfer(const struct transfer_info *t);

#endif
