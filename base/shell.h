/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef BASE_SHELL_H
#define BASE_SHELL_H

#include <stdbool.h>
#include <sys/types.h>

/**
 * @file shell.h  A command of the user's, run by the shell beside us.
 *
 * Threads: not SIP.    Blocks: never.    Errors: 0 or a positive errno.
 */

/**
 * Start `sh -c COMMAND` as the leader of a group of its own, without input.
 *
 * @param pidp  Yours to wait for; kill(-pid) reaches all it has started
 * @param fdp   Its output, not blocking; yours, close(2)
 * @param env   Its environment; NULL: ours
 * @param both  What it says to stderr comes by *fdp too
 */
int shell_spawn(pid_t *pidp, int *fdp, const char *command, char *const *env,
		bool both);

#endif
