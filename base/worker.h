/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef BASE_WORKER_H
#define BASE_WORKER_H

#include <stdbool.h>

/**
 * @file worker.h  One job on a thread of its own.
 *
 * For calls that block.  The job shares with its starter only what it is
 * given, and the starter keeps its hands off that until worker_done().
 *
 * Threads: the starter's.    Blocks: only worker_free().
 */

struct worker;

typedef void(worker_h)(void *arg);

/**
 * Start a job; all signals are blocked in its thread.
 *
 * @param wp   Set on success; yours, release with worker_free()
 * @param arg  Borrowed until the job is done
 *
 * @return 0, or the errno of eventfd(2) or pthread_create(3)
 */
int worker_start(struct worker **wp, worker_h *runh, void *arg);

/** Can be read when the job is done */
int worker_fd(const struct worker *w);

/** Is it?  What the job wrote may be read then. */
bool worker_done(const struct worker *w);

/** Wait for the job, then free; NULL is fine */
void worker_free(struct worker *w);

#endif
