/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef UI_TERM_H
#define UI_TERM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "app/theme.h"
#include "ui/canvas.h"
#include "ui/input.h"

/**
 * @file term.h  The terminal: a canvas out, modes on and off.
 *
 * The only file that knows ncurses.  ncurses finds what has changed; the
 * whole canvas is given to it each time.  Input is not its business: bytes
 * are read by the console and decoded by input.c.
 *
 * Whatever ends the program, the terminal is as it was: term_close(), and for
 * a crash a handler that needs nothing but write(2) and tcsetattr(3).
 *
 * Threads: UI.    Blocks: as the terminal does, see term_choked().
 */

struct term;

struct term_prm {
	int in, out;        /* descriptors, borrowed                     */
	const char *colors; /* auto mono 8 16 256 direct                 */
	const char *sync;   /* auto on off                               */
	bool mouse;
	bool ssh; /* a slow line: fewer frames                 */
};

/**
 * @param why  On error what is wrong with the terminal and what to do
 *
 * @return 0, ENOTTY, ENOENT (TERM unknown), ENOTSUP (it cannot move the
 *         cursor: --plain is for it)
 */
int term_open(struct term **tp, const struct term_prm *prm, char *why,
	      size_t size);
void term_close(struct term *t);

/** The size now, asked from the kernel; true: it has changed since */
bool term_size(struct term *t, int *rowsp, int *colsp);

/** Back to the shell for a while, and here again (all is drawn anew) */
void term_leave(struct term *t);
void term_enter(struct term *t);

/** Colours and attributes from now on */
void term_theme(struct term *t, const struct theme *theme);

/** Show it.  Bytes written so far, for benches: term_bytes() */
void term_draw(struct term *t, const struct canvas *c);
uint64_t term_bytes(const struct term *t);

/** Draw all anew with the next term_draw() */
void term_repaint(struct term *t);

/** More than a little still waits in the kernel: skip this frame */
bool term_choked(struct term *t);

void term_bell(struct term *t);
/** Titles and notices: sanitised here once more */
void term_title(struct term *t, const char *text);
void term_notify(struct term *t, const char *text);
void term_mouse(struct term *t, bool on);

/** It answered to our question: synchronised output it can */
void term_can_sync(struct term *t, bool can);

/** Give the decoder what terminfo says of the keys */
void term_keys(const struct term *t, struct decoder *d);

/** Colours it shows: 0 (attributes only), 8, 16, 256 or 0x1000000 */
unsigned term_colors(const struct term *t);

#endif
