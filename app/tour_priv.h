/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef APP_TOUR_PRIV_H
#define APP_TOUR_PRIV_H

#include "app/tour.h"

/**
 * @file tour_priv.h  What tour.c, which goes from step to step, and
 *                    tour_tell.c, which explains them, share.
 *
 * Threads: UI.
 */

enum { TOUR_LEGS = 3, TOUR_SEEN_MAX = 8, TOUR_OUTBOX_MAX = 8 };

enum tour_way { WAY_HELD, WAY_STRAIGHT, WAY_CONSULT };

struct tour_leg {
	const char *title;
	const char *name; /* in the result */
	const char *target;
	enum tour_way way;
	unsigned fails; /* the code it should fail with, 0: succeeds */
};

enum tour_step {
	STEP_BEGIN,
	STEP_CALLING,
	STEP_HOLDING,
	STEP_CONSULTING,
	STEP_TRANSFER,
	STEP_BACK,
	STEP_ENDING,
	STEP_DONE,
};

struct tour_seen {
	uint32_t id;
	enum call_state state;
	unsigned code;
	char text[TEXT_MAX];
	char who[NAME_MAX_LEN];
};

struct tour_result {
	bool ended, right;
	char text[TEXT_MAX];
};

struct tour {
	struct port port;
	tour_say_h *sayh;
	void *arg;
	char bank[URI_MAX];

	unsigned leg;
	enum tour_step step;
	uint64_t limit; /* of the whole [ms]; 0: not begun         */
	uint64_t due;   /* of the step, 0: none                    */
	bool hung_up;   /* ENDING: we did it                       */
	bool gone;      /* the engine takes nothing any more       */

	uint32_t serial; /* of the request that began the step    */
	uint32_t caller; /* call ids of this leg, 0: not known    */
	uint32_t consult;
	struct tour_seen seenv[TOUR_SEEN_MAX]; /* the youngest last          */
	unsigned seenc;

	struct transfer_info last; /* printed of this leg's        */
	struct tour_result resultv[TOUR_LEGS];

	struct request outv[TOUR_OUTBOX_MAX];
	unsigned outc;
};

extern const struct tour_leg tour_legs[TOUR_LEGS];

/** The leg it is on */
const struct tour_leg *tour_leg_of(const struct tour *t);

/** A line for the reader */
void tour_say(struct tour *t, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/** A call has come into another state; s is how it was */
void tour_tell_call(struct tour *t, const struct tour_seen *s,
		    const struct call_info *info);

/** What is new since t->last */
void tour_tell_transfer(struct tour *t, const struct transfer_info *info);

/** How the legs ended */
void tour_tell_result(struct tour *t);

/** What the step waits for */
const char *tour_awaited(const struct tour *t);

#endif
