/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef UI_CONSOLE_H
#define UI_CONSOLE_H

#include <stdbool.h>
#include <stddef.h>

#include "app/desk.h"
#include "app/robot.h"

/**
 * @file console.h  The console on a screen: terminal, desk and views tied
 *                  together.
 *
 * Keys are drawn at once, news at most 30 times a second (15 over ssh), and
 * nothing while the terminal still swallows the last frame.
 *
 * Threads: UI.    Blocks: as the terminal does.
 */

struct console;

/**
 * Take the terminal.
 *
 * @param desk     Borrowed
 * @param history  File of typed lines, or NULL
 * @param why      On error what is wrong and what to do
 *
 * @return 0, or as term_open()
 */
int console_new(struct console **cp, struct desk *desk, const char *history,
		char *why, size_t size);

/** Give the terminal back */
void console_free(struct console *c);
struct robot console_robot(struct console *c);

#endif
