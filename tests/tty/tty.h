/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef TESTS_TTY_TTY_H
#define TESTS_TTY_TTY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <termios.h>

#include <vterm.h>

/**
 * @file tty.h  A program in a terminal of ours: a pty, with libvterm as what
 *              stands in front of the user.
 *
 * What the program asks of the terminal (device attributes, position of the
 * cursor, modes) is answered.  It is read from at all times, also while keys
 * are on their way to it, so the two never wait for each other.
 *
 * Threads: the test's.    Blocks: tty_pump() as long as it is told.
 */

enum {
	TTY_MODES_MAX = 64,
	TTY_STYLE_MAX = 96,
	TTY_CELL_MAX = 4 * VTERM_MAX_CHARS_PER_CELL,
};

struct tty {
	int fd, pidfd; /* -1: none */
	pid_t pid;     /* 0: there was none, or it was reaped */
	bool ended;    /* status is valid */
	bool eof;      /* nobody holds its other end any more */
	int status;
	int rows, cols;
	VTerm *vt;
	VTermScreen *screen;
	struct termios sane; /* what the program found */
	char title[256];
	unsigned bells;
	uint64_t bytes; /* it wrote, answers not counted */
	char *said;     /* all of them */
	size_t saidcap;
	unsigned frames; /* that it put in brackets, mode 2026 */
	struct {         /* DEC private modes it has set or reset */
		unsigned n;
		struct {
			unsigned mode;
			bool on;
		} v[TTY_MODES_MAX];
		char seq[64]; /* of the sequence just coming in */
		size_t len;
	} modes;
	char *out; /* keys and answers on their way to it */
	size_t outlen, outcap;
};

/** Its environment, NULL ended, and where it starts; 0 or errno */
int tty_spawn(struct tty *t, char *const argv[], char *const env[],
	      const char *dir);

/** Ends the program if it still runs, and everything else */
void tty_done(struct tty *t);

/** Close the terminal: the program sees a line that was cut */
void tty_hangup(struct tty *t);

void tty_resize(struct tty *t, int rows, int cols);

/** Bytes as if typed; they leave with the next tty_pump() */
void tty_write(struct tty *t, const void *bytes, size_t n);

/** Read and write what there is, waiting at most this long for more [ms].
 *  @param more  A further descriptor to wake up for, or -1 */
void tty_pump(struct tty *t, int wait_ms, const int *more, unsigned morec);

/** Has the program switched this private mode on?  dflt: it said nothing */
bool tty_mode(const struct tty *t, unsigned mode, bool dflt);

/** One cell in UTF-8 (no NUL): nothing for the second of a wide character;
 *  returns the bytes */
size_t tty_cell(const struct tty *t, int row, int col, char out[TTY_CELL_MAX]);

/** What stands in a row from a cell on, trailing blanks cut; returns buf.
 *  @param cols  Filled with the cell of each byte, or NULL (then size long) */
char *tty_text(const struct tty *t, int row, int col, char *buf, size_t size,
	       int *cols);

/** Where a text stands; false: nowhere */
bool tty_find(const struct tty *t, const char *text, int *rowp, int *colp);

/** "plain" or "bold reverse fg=3 bg=#102030"; returns buf */
char *tty_style(const struct tty *t, int row, int col, char buf[TTY_STYLE_MAX]);

/** Where the cursor is; false: it is hidden */
bool tty_cursor(const struct tty *t, int *rowp, int *colp);

/** NULL, or what of the terminal is not as the program found it */
const char *tty_unrestored(const struct tty *t, char *buf, size_t size);

#endif
