/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef APP_CONTACT_H
#define APP_CONTACT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/msg.h"

/**
 * @file contact.h  One entry of a directory, and how files give it.
 *
 * Threads: any.    Blocks: never.
 */

struct contact {
	char name[NAME_MAX_LEN];
	char number[NAME_MAX_LEN]; /* number, user@host or URI */
	char department[64];
	char note[NAME_MAX_LEN];
	uint64_t used_ms; /* last dialled or transferred to; 0: never */
};

enum contact_field {
	CONTACT_NAME,
	CONTACT_NUMBER,
	CONTACT_DEPARTMENT,
	CONTACT_NOTE,
	CONTACT_FIELDS
};

/** Where a reader puts what it finds; lines count from 1 */
struct contact_sink {
	void (*contact)(const struct contact *c, unsigned line, void *arg);
	void (*wrong)(unsigned line, const char *why, void *arg);
	/** Something was read but not kept: written again, it would be lost */
	void (*lost)(unsigned line, const char *what, void *arg);
	void *arg;
};

enum { CONTACT_WHY_MAX = 128 };

/** Clean a text into a field; true when it had to be cut */
bool contact_set(struct contact *c, enum contact_field field, const char *s,
		 size_t len);

/** What is wrong with it (static), or NULL.  cut: the number was */
const char *contact_wrong(const struct contact *c, bool cut);

/** Where the first byte that is not UTF-8 stands; len: nowhere */
size_t contact_not_utf8(const char *s, size_t len);

#endif
