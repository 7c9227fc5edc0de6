/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef APP_TOUR_H
#define APP_TOUR_H

#include <stdbool.h>

#include "app/port.h"
#include "app/robot.h"
#include "base/msg.h"

/**
 * @file tour.h  The scripted tour: three transfers against a phone bank.
 *
 * A robot drives an engine and explains each step: a held caller goes on to
 * "slow" and arrives, one sent to "busy" comes back, one goes to "echo" after
 * a consultation.  It is for people who see their first transfer.
 *
 * Threads: UI.    Blocks: never.
 */

enum { TOUR_LIMIT_MS = 60000 };

struct tour;

/** A line for the reader, without its end; borrowed for the call */
typedef void(tour_say_h)(const char *line, void *arg);

/**
 * Make a tour; it begins with the first tour_tick().
 *
 * @param tp             Set on success; yours, release with tour_free()
 * @param port           Copied; what it points to is borrowed
 * @param bank_hostport  Where the bank listens: "127.0.0.1:5070",
 *                       "[::1]:5070", also with URI parameters behind
 * @param say            Called for each line, from inside the others
 *
 * @return 0, EINVAL (not an address), EOVERFLOW
 */
int tour_new(struct tour **tp, const struct port *port,
	     const char *bank_hostport, tour_say_h *say, void *arg);

/** Tell it what its engine says; all of it, in order */
void tour_event(struct tour *t, const struct event *ev);

/** When to call tour_tick() at the latest [ms]; -1: no need */
int tour_timeout_ms(const struct tour *t);

/** Do what is due */
void tour_tick(struct tour *t);

/** Is it over?  Exit code 0: all three ended as they should, else 1 */
bool tour_done(const struct tour *t, int *exitcode);

/** NULL is fine */
void tour_free(struct tour *t);

/** The same as what app/loop.h drives; borrows the tour */
struct robot tour_robot(struct tour *t);

#endif
