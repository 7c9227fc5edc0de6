/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef TESTS_TTY_HELPER_H
#define TESTS_TTY_HELPER_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/**
 * @file helper.h  A program beside the one in the terminal: lines in, lines
 *                 out.  Its stderr is the harness's.
 *
 * Threads: the test's.    Blocks: helper_stop(), until it has ended.
 */

enum { HELPER_SAID_MAX = 256 * 1024 };

struct helper {
	char name[32];
	pid_t pid;
	int in, out;                /* ends of pipes; -1: closed          */
	char said[HELPER_SAID_MAX]; /* all it printed, then the newest    */
	size_t len;
	size_t told; /* up to here a scenario has waited */
};

/** 0 or errno */
int helper_start(struct helper *h, const char *name, char *const argv[],
		 char *const env[], const char *dir);

/** Read what it printed since */
void helper_read(struct helper *h);

/** A line to its stdin; false: it does not take any */
bool helper_tell(struct helper *h, const char *line);

/** A whole line with this text, not yet waited for; goes behind it */
bool helper_told(struct helper *h, const char *text);

/** How it is reached: the first address in its hello, else its first line.
 *  false: it has printed none yet */
bool helper_address(const struct helper *h, char *buf, size_t size);

/** End it, by a signal if it must be; signo 0: let it be */
void helper_stop(struct helper *h, int signo);

#endif
