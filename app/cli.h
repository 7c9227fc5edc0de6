/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef APP_CLI_H
#define APP_CLI_H

#include <stdbool.h>
#include <stdint.h>

#include "base/log.h"
#include "base/msg.h"

/**
 * @file cli.h  Verbs and options: the tables, and reading argv with them.
 *
 * `--help` and the man page are made of the same tables.
 *
 * Threads: any.    Blocks: never.
 */

enum verb {
	VERB_CONSOLE,
	VERB_DEMO,
	VERB_BANK,
	VERB_CALL,
	VERB_XFER,
	VERB_RUN,
	VERB_CHECK_CONFIG,
	VERB_COUNT
};

enum { CLI_LIST_MAX = 16, CLI_WHY_MAX = 512 };

struct cli {
	enum verb verb;
	const char *args[2]; /* of the verb; NULL: left out          */
	bool help, version;
	bool plain, json, ascii, no_mouse;
	const char *config;
	const char *listen[CLI_LIST_MAX];
	unsigned listenc;
	const char *account[CLI_LIST_MAX];
	unsigned accountc;
	enum transp transport;
	const char *audio;
	uint32_t timeout_ms; /* 0: not given                         */
	uint32_t for_ms;     /* 0: not given                         */
	const char *trace, *pcap;
	enum log_level log;
	const char *log_file;
	const char *theme, *keys;
	bool attended, semi, no_hold, release;
};

/** A row of the table of verbs; all static */
struct cli_verb {
	const char *name; /* NULL: no verb at all */
	const char *args; /* "CALLER TARGET"      */
	unsigned argmin, argmax;
	const char *help;
};

/** A row of the table of options; all static */
struct cli_option {
	const char *name;
	char letter;     /* 0: none                              */
	const char *arg; /* NULL: takes none                     */
	unsigned verbs;  /* mask of 1 << VERB_x                  */
	const char *help;
};

/** i-th row; NULL after the last */
const struct cli_verb *cli_verb(unsigned i);
const struct cli_option *cli_option(unsigned i);

/**
 * Read the arguments.
 *
 * @param cli  Filled; borrows from argv
 * @param why  On error one line that says what is wrong and what to do
 *
 * @return 0 or EINVAL
 */
int cli_parse(struct cli *cli, int argc, char *argv[], char *why, size_t size);

/** --help of a verb (of all: VERB_CONSOLE); yours, free(3) */
char *cli_help(enum verb verb);

#endif
