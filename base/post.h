/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef BASE_POST_H
#define BASE_POST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * @file post.h  One-way post between two threads.
 *
 * Records are plain values of one fixed size, written whole into a pipe, so
 * nothing is shared and nobody has to free anything.  When the pipe is full
 * the writer's records wait in an outbox: *state* merges there by key (the
 * newest wins, in the place of the first), *history* queues and is never
 * merged or lost, *chatter* is dropped and counted.
 *
 * Threads: post_put(), post_flush(), post_waiting(), post_dropped() the
 *          writer only; post_send() any thread; post_take() the reader only.
 * Blocks:  never.    Errors: 0 or a positive errno.
 */

enum post_class {
	POST_STATE,   /* whole state of one thing: merges by key        */
	POST_HISTORY, /* each one counts, in order                      */
	POST_CHATTER, /* may be dropped; the number dropped is told     */
};

struct post;

/** Says of what class a record is, and for POST_STATE by what key it merges */
typedef enum post_class(post_class_h)(const void *record, uint64_t *keyp);

/**
 * Make an empty post.
 *
 * @param pp      Set on success; yours, release with post_free()
 * @param size    Size of one record [bytes], at most PIPE_BUF
 * @param classh  Borrowed; NULL: every record is history
 *
 * @return 0, EINVAL, or the errno of pipe2(2)
 */
int post_new(struct post **pp, size_t size, post_class_h *classh);

/** Close both ends and forget what waits; NULL is fine */
void post_free(struct post *p);

/**
 * Writer: post one record (copied).  Never fails and never blocks: what the
 * pipe does not take waits in the outbox (or is counted as dropped).
 *
 * @return true when something waits in the outbox: call post_flush() when
 *         post_write_fd() can be written
 */
bool post_put(struct post *p, const void *record);

/** Writer: drain the outbox; true when something still waits */
bool post_flush(struct post *p);

/** Reader: nothing more will be taken; senders get EPIPE */
void post_hang_up(struct post *p);

/** Writer: nothing more will come; the reader gets EPIPE behind the last */
void post_finish(struct post *p);

/** Writer: how many records wait in the outbox */
size_t post_waiting(const struct post *p);

/** Writer: how many chatter records were dropped since the last call */
uint64_t post_dropped(struct post *p);

/**
 * Any thread: write one record past the outbox, whole or not at all.
 *
 * @return 0, EAGAIN when the pipe is full, EPIPE when the reader is gone
 */
int post_send(struct post *p, const void *record);

/**
 * Reader: take the next record.
 *
 * @return 0, EAGAIN when there is none, EPIPE when the writer is gone
 */
int post_take(struct post *p, void *record);

/** The end to poll for reading / for writing */
int post_read_fd(const struct post *p);
int post_write_fd(const struct post *p);

#endif
