/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef TESTS_APP_FAKE_PORT_H
#define TESTS_APP_FAKE_PORT_H

#include "app/app.h"

/**
 * @file fake_port.h  An engine that only writes down what it was asked.
 *
 * Threads: the test's, but fake_port.refer_sync() the worker's.
 */

enum { FAKE_MAX = 64, NEWS_MAX = 256 };

struct fake {
	struct port port;
	uint32_t serial; /* last one given out            */
	int post_err;    /* what posting returns          */
	struct request requests[FAKE_MAX];
	unsigned n;
	/* what refer_sync() was asked and says */
	struct request refer;
	struct transfer_info refer_last;
	int refer_err;
	/* what the app told */
	struct event news[NEWS_MAX];
	enum news kinds[NEWS_MAX];
	unsigned newsc;
};

/** The fake is the app's port from now on; news is noted */
void fake_init(struct fake *f, struct app *app);

/** The newest request; it must be of this type */
const struct request *fake_last(const struct fake *f, enum req_type type);

/** The newest reply the app told; there must be one */
const struct reply_info *fake_reply(const struct fake *f);

/** The engine speaks */
void fake_call(struct app *app, uint32_t id, enum call_state state,
	       const char *peer);
void fake_event(struct app *app, const struct event *ev);
/** The reply to the newest request: 0 or errno, the thing it made */
void fake_answer(struct fake *f, struct app *app, int err, uint32_t id,
		 const char *error);

#endif
