/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef APP_OPTION_H
#define APP_OPTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/msg.h"

/**
 * @file option.h  What `set OPTION VALUE` can set.
 *
 * Threads: UI.    Blocks: never.
 */

enum option_type { OPTION_BOOL, OPTION_NUMBER, OPTION_CHOICE, OPTION_TEXT };

/** One row of the table; all static */
struct option {
	const char *name;
	enum option_type type;
	const char *unit;    /* of a number, or NULL               */
	uint32_t min, max;   /* of a number                        */
	const char *choices; /* of a choice, space separated       */
	const char *def;     /* as typed                           */
	int engine;          /* enum engine_option, or -1          */
	const char *help;    /* one line, at most 60 columns       */
};

/** Values, one for each row */
struct options {
	char (*values)[PATH_MAX_LEN];
	bool *given; /* set by somebody, not the default   */
};

void options_init(struct options *o);
void options_done(struct options *o);

/** i-th row; NULL after the last */
const struct option *option_row(unsigned i);

/** Row of that name, or NULL */
const struct option *option_find(const char *name);

/**
 * Check and store.
 *
 * @param why  On error what is wrong with it, and what it could be
 *
 * @return 0, ENOENT (no such option), EINVAL, ERANGE, EOVERFLOW
 */
int option_set(struct options *o, const char *name, const char *value,
	       char *why, size_t size);

/** The value as it is stored ("on", "120"); the name must exist */
const char *option_get(const struct options *o, const char *name);
bool option_bool(const struct options *o, const char *name);
uint32_t option_number(const struct options *o, const char *name);

/** Has somebody set it? */
bool option_given(const struct options *o, const char *name);

/** Fill in a REQ_OPTION; false: the engine does not read this one */
bool option_request(const struct options *o, const char *name,
		    struct request *req);

/** "on or off", "5 to 600 seconds", "keep or hangup" into buf; returns buf */
const char *option_range(const struct option *row, char *buf, size_t size);

#endif
