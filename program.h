/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef PROGRAM_H
#define PROGRAM_H

#include <stdbool.h>
#include <sys/types.h>

#include "app/app.h"
#include "app/cli.h"
#include "app/desk.h"
#include "app/out.h"
#include "app/robot.h"
#include "app/script.h"
#include "app/trace.h"
#include "sip/engine.h"

/**
 * @file program.h  One run of the program: what main.c, verbs.c and beside.c
 *                  share.
 *
 * These are the only files that see both sides of the house.
 *
 * Threads: UI.    Blocks: verb_*() and beside_open(); nothing else.
 */

#define SOFTWARE "cordpair/" CORDPAIR_VERSION

struct program {
	struct cli cli;
	struct app app;
	struct desk desk; /* of the console on a screen */
	bool screen;
	struct directory *directory;
	char target[2][URI_MAX]; /* of `call` and `xfer` */
	struct port port;
	struct engine *engine;
	struct out *out;
	struct trace_out *trace;
	struct script *script;
	int signal_fd;
	int log_fd; /* --log-file, or -1 */
	struct {
		enum log_level level;
		char text[LOG_TEXT_MAX];
	} early[8];      /* said before there was a screen to say it on */
	unsigned earlyc; /* all there were */
	bool running;    /* the loop shows the diary; else stderr does */
	pid_t child;     /* the bank of the demo, or 0 */
	int caller_fd;   /* tells it where to call, or -1 */
	char bank[64];   /* where it listens */
	char why[CLI_WHY_MAX];
};

/** Say what is wrong on stderr; returns code */
int program_complain(int code, const char *why);

/** Every event of the engine passes here first; arg: the program */
void program_event(const struct event *ev, void *arg);

/** Signals come by p->signal_fd from now on */
void program_signals(struct program *p);

/* ---- verbs.c ----------------------------------------------------------- */

/** 0, or the exit code of what was told already */
int program_start(struct program *p, const struct engine_prm *prm);
struct engine_prm program_engine_prm(const struct program *p);
/** What makes an engine a bank's */
void program_bank_prm(struct engine_prm *prm);

/** Drive a robot on the engine until one of them has ended */
int program_run(struct program *p, const struct robot *robot, bool quiet,
		const char *prefix);
void program_stop(struct program *p);

/** The exit code of a signal where a signal is how it ends */
int program_interrupted(void *self, int signo);

typedef int(verb_h)(struct program *p);
verb_h verb_console, verb_plain, verb_call, verb_xfer, verb_run, verb_bank;
verb_h verb_demo;

/* ---- beside.c: the bank beside the demo --------------------------------- */

/** Start it before there is any thread; 0 or errno, it has said why */
int beside_open(struct program *p);
/** Where the console of the demo can be called: now somebody does */
void beside_call(struct program *p, const char *address);
void beside_close(struct program *p);

#endif
