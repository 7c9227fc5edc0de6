/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef APP_BANK_H
#define APP_BANK_H

#include <stdint.h>

#include "app/port.h"
#include "app/robot.h"
#include "base/msg.h"

/**
 * @file bank.h  The phone bank: a robot where the user would be.
 *
 * The user part that was called says how a phone behaves, as a called party
 * and as the one who is asked to transfer (contract section 5; the table is
 * in phone.c).  Events of one engine go in, requests to it come out.  That
 * engine is started with robot, registrar, accept_refer and the login of
 * BANK_LOGIN; challenges and registered contacts are its own affair.
 *
 * Threads: UI.    Blocks: never.
 */

/** User and password of the phone that wants a login */
#define BANK_LOGIN "login"

struct bank;

/**
 * Make a bank.
 *
 * @param bp    Set on success; yours, release with bank_free()
 * @param port  Copied; what it points to is borrowed until bank_free()
 *
 * @return 0
 */
int bank_new(struct bank **bp, const struct port *port);

/** Tell it what its engine says; all of it, in order */
void bank_event(struct bank *b, const struct event *ev);

/** When to call bank_tick() at the latest [ms]; -1: no need */
int bank_timeout_ms(const struct bank *b);

/** Do what is due; harmless when nothing is */
void bank_tick(struct bank *b);

/**
 * Call somebody over and over, first after every_ms, each time in the name of
 * another of a few callers.
 * It never has two calls at a time, gives up when it rang for half a minute,
 * and waits every_ms between the end of a call and the next.
 *
 * @param uri       Copied; NULL: stop
 * @param every_ms  [ms], at least 1
 *
 * @return 0, EINVAL, EOVERFLOW
 */
int bank_caller(struct bank *b, const char *uri, uint32_t every_ms);

/** Forget all; posts nothing.  NULL is fine */
void bank_free(struct bank *b);

/** The same as what app/loop.h drives; borrows the bank */
struct robot bank_robot(struct bank *b);

#endif
