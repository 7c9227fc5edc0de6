/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef APP_LOOP_H
#define APP_LOOP_H

#include <stdbool.h>

#include "app/app.h"
#include "app/out.h"
#include "app/robot.h"

/**
 * @file loop.h  One poll() that drives a robot.
 *
 * It ends when the robot is done, the user quits, a signal comes, the output
 * cannot be written or the engine goes.  Then it asks the engine to stop and
 * takes its last news, for at most STOP_MS.
 *
 * Threads: UI.    Blocks: until the end.
 */

enum { LOOP_STOP_MS = 2500 }; /* the engine takes 2 s at most */

struct loop_prm {
	struct app *app;
	const struct robot *robot;
	struct out *out;    /* NULL: nothing is printed                   */
	bool quiet;         /* print the diary only, no events            */
	const char *prefix; /* in front of each sentence ("# "), or NULL  */
	int signal_fd;      /* signalfd(2), or -1                         */
	int event_fd;       /* the engine's                               */
	int (*take)(void *engine, struct event *ev); /* as engine_take()   */
	/** Sees every event first (trace files); NULL: nobody does */
	void (*tap)(const struct event *ev, void *arg);
	void *tap_arg;
};

/** @return the exit code */
int loop_run(const struct loop_prm *prm);

#endif
