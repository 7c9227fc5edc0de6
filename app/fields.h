/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef APP_FIELDS_H
#define APP_FIELDS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/msg.h"

/**
 * @file fields.h  An event as an ordered list of names and values.
 *
 * What --json prints, what `wait` and `expect` compare and what the man page
 * lists is this one list.
 *
 * Threads: any.    Blocks: never.
 */

enum field_type {
	FIELD_NULL,
	FIELD_NUMBER,
	FIELD_BOOL,
	FIELD_TEXT,
	FIELD_LIST
};

struct field {
	const char *name; /* static                               */
	enum field_type type;
	uint64_t number;        /* FIELD_NUMBER, FIELD_BOOL             */
	const char *text;       /* borrowed from the event              */
	const char (*list)[64]; /* borrowed; number of them in `number` */
};

enum { FIELDS_MAX = 12 };

struct fields {
	const char *ev; /* "call", "transfer" ...               */
	unsigned n;
	struct field v[FIELDS_MAX];
	char buf[64]; /* for a text the event does not hold   */
};

/**
 * Take an event apart.
 *
 * @param ev  Borrowed as long as f is used
 *
 * @return false when the outside does not see this kind of event
 */
bool fields_of(struct fields *f, const struct event *ev);

/** The field of that name, or NULL */
const struct field *fields_find(const struct fields *f, const char *name);

/** Is the field's value written like this?  Of a list: one of its members. */
bool field_equals(const struct field *field, const char *value);

/** Type of the event with that name ("call"); false: there is none */
bool fields_event(enum ev_type *typep, const char *name);

/** Name of the i-th kind of event that the outside sees; NULL after them */
const char *fields_event_name(unsigned i);

/** The event as one line of JSON without its end; yours, free(3) */
char *fields_json(const struct event *ev);

#endif
