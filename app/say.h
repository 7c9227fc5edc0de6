/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef APP_SAY_H
#define APP_SAY_H

#include <stdbool.h>
#include <stddef.h>

#include "base/msg.h"

/**
 * @file say.h  An event as one sentence, for ears as well as for eyes.
 *
 * Threads: any.    Blocks: never.
 */

enum { SAY_MAX = 2048 };

/** false: there is nothing to say about this kind of event */
bool say_event(char *dst, size_t size, const struct event *ev);

#endif
