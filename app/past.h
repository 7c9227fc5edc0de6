/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef APP_PAST_H
#define APP_PAST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "base/msg.h"

/**
 * @file past.h  Calls and transfers that are over, also of days before.
 *
 * Kept in a file of one JSON object a line that only its owner may read; a
 * line that cannot be read is told and left out.  The newest PAST_MAX stay.
 *
 * Threads: any.    Blocks: as the disk does.
 */

enum { PAST_MAX = 1000 };

enum past_kind { PAST_IN, PAST_MISSED, PAST_OUT, PAST_TRANSFER };

struct past {
	enum past_kind kind;
	time_t when;       /* it began */
	uint32_t lasted_s; /* talk, or a transfer from REFER to outcome */
	unsigned code;
	enum outcome outcome; /* of a transfer                             */
	enum transfer_kind how;
	char peer[URI_MAX]; /* the other side, or the caller             */
	char name[NAME_MAX_LEN];
	char target[URI_MAX]; /* of a transfer                             */
	char target_name[NAME_MAX_LEN];
	char text[TEXT_MAX];
};

struct pasts;

/** @param path  NULL: only this run is kept */
void past_new(struct pasts **pp, const char *path);
void past_free(struct pasts *p);

/** Add one (copied) and write it */
void past_add(struct pasts *p, const struct past *one);

unsigned past_count(const struct pasts *p);
/** Newest first */
const struct past *past_at(const struct pasts *p, unsigned i);

/** The newest transfer of a caller, or NULL */
const struct past *past_transfer_of(const struct pasts *p, const char *peer);

#endif
