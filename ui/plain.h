/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef UI_PLAIN_H
#define UI_PLAIN_H

#include "app/app.h"
#include "app/robot.h"

/**
 * @file plain.h  The console without a screen: lines in, lines out.
 *
 * Command lines come from a descriptor; what happens is printed by the loop.
 * When the input ends, so does the program: after the last command has its
 * reply and every transfer its outcome.  Calls that are up are hung up.
 *
 * Threads: UI.    Blocks: never.
 */

struct plain;

/** @param fd  Borrowed: where the lines come from */
void plain_new(struct plain **pp, struct app *app, int fd);
void plain_free(struct plain *p);
struct robot plain_robot(struct plain *p);

#endif
