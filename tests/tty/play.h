/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef TESTS_TTY_PLAY_H
#define TESTS_TTY_PLAY_H

#include <stdint.h>

#include "tests/tty/helper.h"
#include "tests/tty/tty.h"

/**
 * @file play.h  A scenario that is played: what its commands share.
 *
 * A line is a command and the rest of the line; `{name}` in it is replaced by
 * a variable, double quotes round all of a text keep its blanks.  `#` begins
 * a comment line.  Whatever is waited for has a deadline.
 *
 * doing
 *   env NAME=VALUE      for programs that start from here on
 *   set NAME VALUE      a variable
 *   file PATH           in the home folder; the lines after it that begin
 *                       with `| ` are what is in it
 *   size ROWS COLS      of the terminal to come
 *   patience MS         how long to wait for what comes
 *   spawn COMMAND...    the program in the terminal, as a shell takes it
 *   start NAME COMMAND...  one beside it; {NAME} is the first address of its
 *                       hello, or its first line, which is waited for
 *   tell NAME LINE      to its stdin
 *   told NAME TEXT      wait until it has printed a line with TEXT; the next
 *                       told looks behind it
 *   stop NAME           SIGTERM, and wait for its end
 *   keys KEYS           `a`, `<Tab>`, `<C-t>`, `<F2>`, `<M-x>`, `<lt>`
 *   text TEXT, paste TEXT, raw BYTES   as it is; bracketed; paste and raw
 *                       know \e \r \n \t \\ \xNN.  `-x N ` before any of
 *                       these four: that many times over
 *   click ROW COL [BUTTON], wheel ROW COL up|down
 *   resize ROWS COLS, signal NAME, hangup
 *   sync                the program shows all that was typed (needs
 *                       UI_TEST=1: it answers CSI 990;N~ by the title
 *                       "sync N")
 *   mark                bytes and bells are counted from here
 *   source FILE         another scenario, seen from this one
 *   ansi FILE           the screen for a picture
 *
 * expecting; the first seven wait.  Rows and columns count from 0, negative
 * rows from below (-1: the last)
 *   expect TEXT, gone TEXT, at ROW COL TEXT
 *   cursor ROW COL | cursor hidden, title TEXT, exit CODE|SIGNAL [MS]
 *   stopped             by a signal, not ended
 *   style ROW COL STYLE, styleof "TEXT" STYLE   plain, or bold underline
 *                       italic blink reverse strike fg=N|#rrggbb bg=...
 *   mode N on|off       a DEC private mode
 *   bells N, bytes MAX  since mark
 *   unsaid BYTES        nothing like it has gone to the terminal yet
 *   snap FILE           see snap.h
 *   restored            the terminal is as the program found it
 */

enum { HELPERS_MAX = 8, VARS_MAX = 32, ENV_MAX = 64, REST_MAX = 8192 };

struct var {
	char name[32];
	char *value;
};

struct play {
	struct tty tty;
	struct helper *helpers[HELPERS_MAX];
	unsigned helperc;
	struct var vars[VARS_MAX];
	unsigned varc;
	char *env[ENV_MAX + 1];
	unsigned envc;
	char home[64];
	const char *file; /* that is read now */
	unsigned line;
	char wrote[1024]; /* file the `|` lines go into */
	int patience_ms;
	uint32_t sync;
	uint64_t mark_bytes;
	unsigned mark_bells;
};

typedef void(command_h)(struct play *p, char *rest);

struct act {
	const char *name;
	command_h *run;
};

extern const struct act acts[];   /* doing, NULL at the end     */
extern const struct act checks[]; /* expecting, NULL at the end */

/** An expectation that failed (exit status 1) / a scenario that is wrong (2):
 *  says where, shows the screen, ends everything */
__attribute__((noreturn, format(printf, 2, 3))) void
play_fail(struct play *p, const char *fmt, ...);
__attribute__((noreturn, format(printf, 2, 3))) void
play_wrong(struct play *p, const char *fmt, ...);

void play_file(struct play *p, const char *path);

/** A file as the scenario names it; returns buf */
char *play_path(const struct play *p, const char *name, char *buf, size_t size);

void play_set(struct play *p, const char *name, const char *value);
/** NAME=VALUE, replacing an earlier one */
void play_env(struct play *p, const char *pair);
struct helper *play_helper(struct play *p, const char *name);

/** Numbers at the start of rest; returns what follows them */
char *play_ints(struct play *p, char *rest, unsigned n, ...);
/** A text in quotes or not; returns it */
char *play_unquote(char *rest);

typedef bool(until_h)(struct play *p, void *arg);

/** Let everything run until it is so; false: too late */
bool play_until(struct play *p, until_h *untilh, void *arg, int ms);

#endif
