/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef APP_VERB_H
#define APP_VERB_H

#include <stdbool.h>
#include <stdint.h>

#include "app/app.h"
#include "app/out.h"
#include "app/robot.h"

/**
 * @file verb.h  `cordpair call` and `cordpair xfer`, as robots.
 *
 * Threads: UI; `xfer` runs refer_sync() on a worker.    Blocks: never, but
 *          the free functions until the worker is done.
 */

struct call_verb;
struct xfer_verb;

/**
 * @param app     Borrowed, started
 * @param out     Borrowed; what is not in the events is said here
 * @param target  Copied
 * @param for_ms  Hang up after so much talk; 0: the other end does [ms]
 */
void call_verb_new(struct call_verb **vp, struct app *app, struct out *out,
		   const char *target, uint32_t for_ms);
void call_verb_free(struct call_verb *v);
struct robot call_verb_robot(struct call_verb *v);

struct xfer_prm {
	const char *caller, *target; /* copied                            */
	enum transfer_kind kind;
	unsigned flags;    /* TRANSFER_NO_HOLD, TRANSFER_RELEASE */
	uint32_t limit_ms; /* of the transfer                   */
};

void xfer_verb_new(struct xfer_verb **vp, struct app *app, struct out *out,
		   const struct xfer_prm *prm);
/** Free only when the engine has ended: the worker must come back */
void xfer_verb_free(struct xfer_verb *v);
struct robot xfer_verb_robot(struct xfer_verb *v);

#endif
