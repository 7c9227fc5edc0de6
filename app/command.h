/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef APP_COMMAND_H
#define APP_COMMAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "app/app.h"
#include "base/lex.h"

/**
 * @file command.h  The table of all commands, and running a line with it.
 *
 * Parsing, refusals, help, completion, keys and the man page read this one
 * table; none of it is written twice.
 *
 * Threads: UI.    Blocks: never.
 */

enum arg_kind {
	ARG_END,
	ARG_CALL_OPT, /* [N]: may be left out: the selected call */
	ARG_ACCOUNT_OPT,
	ARG_CODE_OPT,
	ARG_CONTEXT_OPT, /* [-c CONTEXT] */
	ARG_CALL,
	ARG_TARGET,
	ARG_DIGITS,
	ARG_OPTION,
	ARG_VALUE,
	ARG_KEY,
	ARG_PALETTE,
	ARG_ROLE,
	ARG_AOR,
	ARG_FILE,
	ARG_THEME,
	ARG_EVENT,
	ARG_SECONDS,
	ARG_COMMAND_OPT, /* name of a command */
	ARG_WORD,        /* one of a few words: see the help */
	ARG_HOOK,        /* what a hook is for */
	/* all that is left of the line */
	ARG_STYLE,
	ARG_SHELL,    /* a command for the shell */
	ARG_LINE,     /* a whole command line */
	ARG_TEXT_OPT, /* [TEXT...] */
	ARG_PARAMS,   /* [PARAM=VALUE...] */
	ARG_MATCHES,  /* FIELD=VALUE... */
	ARG_WAIT,     /* [FIELD=VALUE...] [SECONDS] */
	ARG_KIND_COUNT
};

/** What must be so for a command to make sense; a call is the one meant */
enum needs {
	NEEDS_NOTHING,
	NEEDS_CALL,    /* not ended                       */
	NEEDS_RINGING, /* incoming and ringing            */
	NEEDS_UP,      /* talking or held                 */
	NEEDS_TALKING,
	NEEDS_HELD,
	NEEDS_CONSULT,  /* it consults, or is consulted for */
	NEEDS_TRANSFER, /* a transfer lasts                */
	NEEDS_SCRIPT,   /* only `run` has it               */
	NEEDS_CONSOLE,  /* only the full screen has it     */
	NEEDS_COUNT
};

enum { COMMAND_ARGS = 4 };

/** A line taken apart */
struct cmdline {
	const struct command *cmd;
	const char *arg[COMMAND_ARGS]; /* as cmd->args; NULL: left out   */
	uint32_t call;                 /* the one meant; 0: none         */
	unsigned restc;                /* words of a last argument that  */
	char *const *restv;            /* takes all that is left         */
	char rest[LEX_LINE_MAX];       /* the same as a line             */
	struct words words;
};

/** One run of a command */
struct run {
	struct app *app;
	const struct origin *origin; /* NULL: typed */
	uint32_t serial;             /* of the reply there will be     */
	bool posted;                 /* the engine will give the reply */
	char command[32];
	char error[TEXT_MAX]; /* why it was refused             */
};

typedef int(command_h)(struct run *run, const struct cmdline *line);

struct command {
	const char *name; /* typed                                       */
	const char *keys; /* default keys, space separated, or NULL      */
	enum arg_kind args[COMMAND_ARGS];
	enum needs needs; /* what must be so                             */
	bool config;      /* may stand in a configuration                */
	const char *help; /* one line, imperative, no full stop          */
	command_h *run;   /* NULL: the script runs it (NEEDS_SCRIPT)     */
};

/** The table, sorted by name; ends with a row without name */
extern const struct command commands[];

const struct command *command_find(const char *name);

/** "transfer [N] TARGET" into buf; returns buf */
const char *command_usage(const struct command *cmd, char *buf, size_t size);

/** How an argument is written in the usage: "[N]", "TARGET" */
const char *arg_usage(enum arg_kind kind);

/**
 * Take a line apart and check it as far as the line alone tells.
 *
 * @param line  Filled; line->cmd is NULL for an empty line or a comment
 * @param why   On error what is wrong and what to do; begins with the
 *              command's name unless named is set
 */
int command_parse(struct cmdline *line, const struct app *app, const char *text,
		  char *why, size_t size);

/** The call a command means without a number / a line means; 0: none */
uint32_t command_meant(const struct app *app, const struct command *cmd);
uint32_t command_call(const struct app *app, const struct cmdline *line);

/** Why the command cannot run now (static or in buf), NULL: it can */
const char *command_refusal(const struct app *app, const struct command *cmd,
			    uint32_t call, char *buf, size_t size);

/** Run one line; 0 (done or posted) or errno with run->error */
int command_run(struct run *run, const char *text);

/** For handlers: say why not; returns err */
int refuse(struct run *run, int err, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/** For handlers: post, and let the engine's reply be the command's */
int run_post(struct run *run, struct request *req);

#endif
