/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef UI_TTY_H
#define UI_TTY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * @file tty.h  The line to the terminal: its modes, and bytes out.
 *
 * What is sent waits here while the terminal takes nothing, so a stalled
 * connection never stops the program.  A crash gives the terminal back with
 * write(2) and tcsetattr(3) alone.
 *
 * While the line is raw, what libraries print to a stderr that is a terminal
 * is kept (the first 64 KiB) and printed when the line is given back.
 *
 * Threads: UI.    Blocks: never, but for tty_cooked().
 */

struct tty;

/**
 * @param in   Borrowed; its modes are changed by tty_raw()
 * @param out  Borrowed
 *
 * @return 0, ENOTTY, or the errno of tcgetattr(3)
 */
int tty_open(struct tty **tp, int in, int out);
void tty_close(struct tty *t);

/** No echo, no signals, bytes as they are; back is what a crash sends */
void tty_raw(struct tty *t, const char *back);

/** As it was before; waits at most half a second for what is to be sent */
void tty_cooked(struct tty *t);

/** Send, or keep until it can be sent */
void tty_put(struct tty *t, const void *bytes, size_t n);
void tty_puts(struct tty *t, const char *s);

/** Send what waits; true: nothing waits any more */
bool tty_flush(struct tty *t);

/** More than a little waits, here or in the kernel */
bool tty_choked(struct tty *t);

/** Rows and columns from the kernel; false: it does not know */
bool tty_size(const struct tty *t, int *rowsp, int *colsp);

/** All bytes that were put */
uint64_t tty_bytes(const struct tty *t);

#endif
