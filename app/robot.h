/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef APP_ROBOT_H
#define APP_ROBOT_H

#include <stdbool.h>

#include "base/msg.h"

/**
 * @file robot.h  Whoever sits where a user would be.
 *
 * The plain console, `call`, `xfer`, `run`, the bank and the tour are all
 * this set of callbacks on the same loop (app/loop.h).  A robot acts in its
 * tick; events only tell it something.
 *
 * Threads: UI.    Blocks: never.
 */
struct robot {
	void *self;
	/** News; also while the program ends.  NULL: it does not listen */
	void (*event)(void *self, const struct event *ev);
	/** When tick is due [ms], -1: only after an event.  NULL: never */
	int (*timeout_ms)(const void *self);
	/** Called after events, input and time.  NULL: it does nothing */
	void (*tick)(void *self);
	/** A descriptor to wait for, -1: none.  NULL: none */
	int (*fd)(const void *self);
	/** It can be read */
	void (*input)(void *self);
	/** Has it ended, and with what?  NULL: never by itself */
	bool (*done)(const void *self, int *codep);
	/** A signal came; true: it is not one that ends the program.  NULL:
	 *  each does */
	bool (*signal)(void *self, int signo);
	/** Told once of a signal; gives the exit code.  NULL: 128 + signo */
	int (*interrupted)(void *self, int signo);
	/** What is heard while the program ends may still be the result */
	bool last_word;
	/** It wants to hear what a command lists, too */
	bool listed;
};

#endif
