/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef APP_VERB_PRIV_H
#define APP_VERB_PRIV_H

#include "app/verb.h"

/**
 * @file verb_priv.h  What both verbs do before the first call.
 *
 * Threads: UI.    Blocks: never.
 */

enum { VERB_REGISTER_WAIT_MS = 8000 };

/** Is every account registered, failed or off?  After a while: never mind */
bool verb_accounts_settled(const struct app *app, uint64_t began_ms);

#endif
