/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef APP_MODEL_H
#define APP_MODEL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/msg.h"

/**
 * @file model.h  What the engine last said, and where the user is.
 *
 * The only state on the UI side.  It changes when an event is applied and
 * when the user selects, never because a command was given: commands post
 * and wait for the news like everybody.
 *
 * Calls and transfers that have ended stay for a while, so that they can be
 * asked for; the oldest of them go first.  Pointers into the model hold
 * until the next model_apply().
 *
 * Threads: UI.    Blocks: never.
 */

enum { MODEL_ENDED_MAX = 64 }; /* ended calls kept, and ended transfers */

struct model {
	struct account_info *accounts; /* by id, ascending */
	unsigned accountc;
	struct call_info *calls; /* by id, ascending */
	unsigned callc;
	struct transfer_info *transfers; /* by id, ascending */
	unsigned transferc;
	uint32_t selected;  /* call; 0: none */
	uint32_t last_call; /* highest id heard of */
	uint32_t last_transfer;
	bool stopped; /* the engine has gone */
	bool paced;   /* the console selects the only call, in its own time */
};

void model_init(struct model *m);
void model_done(struct model *m);

/** Apply an event; what the model does not keep is ignored */
void model_apply(struct model *m, const struct event *ev);

/** NULL when it is not (or no longer) known */
const struct account_info *model_account(const struct model *m, uint32_t id);
const struct call_info *model_call(const struct model *m, uint32_t id);
const struct transfer_info *model_transfer(const struct model *m, uint32_t id);

/** The selected call while it is up, else NULL */
const struct call_info *model_selected(const struct model *m);

/** Incoming call that rings longest, or NULL */
const struct call_info *model_ringing(const struct model *m);

/** The live call that consults for this one, or NULL */
const struct call_info *model_consult(const struct model *m, uint32_t call);

/** Newest transfer without an outcome (of that call; 0: of any), or NULL */
const struct transfer_info *model_pending(const struct model *m, uint32_t call);

/** How many calls are up (not ended) / how many transfers last */
unsigned model_calls_up(const struct model *m);
unsigned model_transfers_pending(const struct model *m);

/** Select a call by id; 0: none */
void model_select(struct model *m, uint32_t call);

#endif
