/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef APP_GUIDE_H
#define APP_GUIDE_H

#include <stdbool.h>
#include <stddef.h>

struct desk;

/**
 * @file guide.h  What a newcomer is told in the demo.
 *
 * One line that says what to press next.  It is made of what goes on and of
 * the transfers there were, so it follows whatever the user does instead and
 * never stands in his way.  Keys are those of the key map.
 *
 * Threads: UI.    Blocks: never.
 */

/** The line for this moment, clean; false: nothing to say */
bool guide_line(const struct desk *d, char *dst, size_t size);

#endif
