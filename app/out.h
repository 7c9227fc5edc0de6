/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef APP_OUT_H
#define APP_OUT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/msg.h"

/**
 * @file out.h  Lines to stdout that never make the program wait.
 *
 * What the reader does not take yet waits here; the loop writes it when the
 * descriptor can be written, and takes no more news while too much waits.
 *
 * Threads: UI.    Blocks: out_close() at most 2 s.
 */

struct out;

/**
 * @param fd    Where the lines go
 * @param errfd Where refusals and the diary go when they are sentences
 * @param json  Events as JSON, else as sentences
 */
void out_new(struct out **op, int fd, int errfd, bool json);

/** Write what waits, for at most 2 s; 0 or the errno of the first failure */
int out_close(struct out *o);

/**
 * An event in the form asked for; prefix: in front of a sentence.  What was
 * said of a call last is not said again, unless it is `listed`.
 */
void out_event(struct out *o, const struct event *ev, const char *prefix,
	       bool listed);

/** A line for people; not printed as JSON */
void out_say(struct out *o, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/** The same, of something that went wrong: to errfd */
void out_complain(struct out *o, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

bool out_json(const struct out *o);

/** For the loop */
int out_fd(const struct out *o);
bool out_waits(const struct out *o);
bool out_full(const struct out *o);
void out_write(struct out *o);
/** 0, or the errno of the first failure (EPIPE, ENOSPC ...) */
int out_error(const struct out *o);

#endif
