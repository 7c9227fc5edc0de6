/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef APP_ACCOUNT_H
#define APP_ACCOUNT_H

#include <stddef.h>

#include "base/msg.h"

/**
 * @file account.h  `account AOR [PARAM=VALUE...]` into what the engine takes.
 *
 * Threads: any but the SIP thread.    Blocks: account_secret() as long as
 *          the file or the command takes (at most 30 s).
 */

struct account_draft {
	struct account_prm prm;
	char password_file[PATH_MAX_LEN];
	char password_command[PATH_MAX_LEN];
};

/** i-th parameter, what it is for; NULL after the last */
const char *account_param(unsigned i, const char **valuep, const char **helpp);

/** Begin with the address; 0, EINVAL, EOVERFLOW, why says what is wrong */
int account_begin(struct account_draft *a, const char *aor, char *why,
		  size_t size);

/** One `name=value`; 0, ENOENT, EINVAL, EPERM, EOVERFLOW */
int account_set(struct account_draft *a, const char *pair, char *why,
		size_t size);

/** `AOR;name=value;...` as --account has it */
int account_parse(struct account_draft *a, const char *text, char *why,
		  size_t size);

/** Fetch the password where there is one; 0 or errno, why says what to do */
int account_secret(struct account_draft *a, char *why, size_t size);

/** As account_secret(), but only look whether the file could be read */
int account_check(const struct account_draft *a, char *why, size_t size);

#endif
