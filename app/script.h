/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef APP_SCRIPT_H
#define APP_SCRIPT_H

#include <stdbool.h>
#include <stddef.h>

#include "app/app.h"
#include "app/out.h"
#include "app/robot.h"

/**
 * @file script.h  `cordpair run FILE`: command lines, wait, expect, sleep.
 *
 * A command waits for its reply before the next line runs.  `wait` looks at
 * what has come since the last `wait` for the same thing, so that nothing is
 * missed however fast it was; a command forgets what is known about the call
 * it names, so that nothing old is taken for its effect.  `expect` looks at
 * the newest event of its kind (with id=: of that thing).  Each wait and
 * each expect is one line of TAP.
 *
 * Threads: UI.    Blocks: never.
 */

struct script;

/**
 * Read a script and check every line of it.
 *
 * @param sp    Set on success; yours, release with script_free()
 * @param app   Borrowed
 * @param path  Borrowed; "-": stdin
 * @param out   Borrowed; TAP goes there unless it is JSON
 * @param why   On error "FILE:LINE: what is wrong", or why it cannot be read
 *
 * @return 0, EINVAL for a line that is wrong, or the errno of reading
 */
int script_new(struct script **sp, struct app *app, struct out *out,
	       const char *path, char *why, size_t size);
void script_free(struct script *s);

struct robot script_robot(struct script *s);

#endif
