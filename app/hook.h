/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef APP_HOOK_H
#define APP_HOOK_H

#include <stddef.h>

#include "base/msg.h"

struct app;

/**
 * @file hook.h  Commands of the user's that run when something happens.
 *
 * What happened stands in their environment (hook_variable()), never in the
 * command itself: text from the network is no shell.  They run beside us, at
 * most HOOKS_AT_ONCE of them; what they print becomes lines of the log.  One
 * that still runs when the program ends goes on without it.
 *
 * Threads: UI.    Blocks: never.
 */

enum { HOOKS_AT_ONCE = 8, HOOK_LINES_MAX = 100 };

struct hooks;

struct hooks *hooks_new(void);
void hooks_free(struct hooks *h);

/** What a hook can be for; i-th name and its help, NULL after the last */
const char *hook_event(unsigned i, const char **helpp);

/** What a hook finds in its environment; the same way */
const char *hook_variable(unsigned i, const char **helpp);

/**
 * @param command  Copied; NULL: nothing runs any more
 *
 * @return 0, or ENOENT: there is no such event
 */
int hook_set(struct hooks *h, const char *event, const char *command);

/** News, before the model has it: run what is to be run */
void hooks_news(struct hooks *h, const struct app *app, const struct event *ev);

/** To wait for: can be read when hooks_serve() has something to do */
int hooks_fd(const struct hooks *h);
void hooks_serve(struct hooks *h);

/** How many run now */
unsigned hooks_running(const struct hooks *h);

#endif
