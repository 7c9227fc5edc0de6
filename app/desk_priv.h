/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef APP_DESK_PRIV_H
#define APP_DESK_PRIV_H

#include "app/command.h"
#include "app/desk.h"

/**
 * @file desk_priv.h  What the files of the desk share.
 *
 * Threads: UI.    Blocks: never.
 */

struct desk_call *desk_call_edit(struct desk *d, uint32_t id);
struct tale *desk_tale_edit(struct desk *d, uint32_t id);

/** Failures the user has decided about are no alerts any more */
void desk_settle(struct desk *d);

/** The command needs an argument that no key can give */
bool desk_lacks(const struct command *cmd);

/** Run a command with what is chosen in the picker; false: nothing is */
bool desk_choose(struct desk *d, const struct command *cmd);

/** Keep what each key would do; news: what has changed since is no doing of
 *  the user's, so a key pressed now may be meant for what was before */
void desk_learn(struct desk *d, bool news);

/** Would this line of a key ("hold | resume") run that part of it now?  True
 *  also for one that is in it when none of them can run */
bool desk_would(const struct desk *d, const char *bound, const char *part);

/** The directory has changed under the picker */
void desk_pick_again(struct desk *d);

/** Run the line of a key: the first of "hold | resume" that can run now, or
 *  ask for what it lacks */
void desk_run(struct desk *d, const char *line);

#endif
