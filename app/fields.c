/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/fields.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "app/alloc.h"
#include "base/log.h"
#include "base/text.h"

static const struct {
	const char *name;
	enum ev_type type;
} events[] = {
	{"hello", EV_HELLO},       {"account", EV_ACCOUNT}, {"call", EV_CALL},
	{"transfer", EV_TRANSFER}, {"reply", EV_REPLY},     {"log", EV_LOG},
};

enum { EVENTS = sizeof(events) / sizeof(events[0]) };

static struct field *add(struct fields *f, const char *name,
			 enum field_type type)
{
	struct field *field = &f->v[f->n++];

	*field = (struct field){.name = name, .type = type};

	return field;
}

static void number(struct fields *f, const char *name, uint64_t value)
{
	add(f, name, FIELD_NUMBER)->number = value;
}

static void boolean(struct fields *f, const char *name, bool value)
{
	add(f, name, FIELD_BOOL)->number = value;
}

/* NULL is JSON's null */
static void text(struct fields *f, const char *name, const char *value)
{
	add(f, name, value ? FIELD_TEXT : FIELD_NULL)->text = value;
}

static void of_hello(struct fields *f, const struct hello_info *h)
{
	struct field *list;

	number(f, "v", 1);
	text(f, "version", CORDPAIR_VERSION);
	list = add(f, "listen", FIELD_LIST);
	list->list = h->listen;
	list->number = h->listenc;
}

static void of_account(struct fields *f, const struct account_info *a)
{
	number(f, "id", a->id);
	text(f, "aor", a->aor);
	text(f, "state", account_state_name(a->state));
	number(f, "code", a->code);
	text(f, "text", a->text);
	number(f, "expires", a->expires);
}

static void of_call(struct fields *f, const struct call_info *c)
{
	number(f, "id", c->id);
	number(f, "account", c->account);
	text(f, "dir", call_dir_name(c->dir));
	text(f, "peer", c->peer);
	text(f, "name", c->name);
	text(f, "state", call_state_name(c->state));
	boolean(f, "remote_hold", c->remote_hold);
	number(f, "code", c->code);
	text(f, "text", c->text);
	number(f, "transfer", c->transfer);
}

static void of_transfer(struct fields *f, const struct transfer_info *t)
{
	number(f, "id", t->id);
	number(f, "call", t->call);
	number(f, "consult", t->consult);
	text(f, "kind", transfer_kind_name(t->kind));
	text(f, "target", t->target);
	text(f, "state", refer_state_name(t->state));
	text(f, "sub", refer_sub_name(t->sub));
	text(f, "outcome", outcome_name(t->outcome));
	number(f, "code", t->code);
	text(f, "text", t->text);
}

static void of_reply(struct fields *f, const struct reply_info *r)
{
	number(f, "serial", r->serial);
	text(f, "command", r->command);
	boolean(f, "ok", r->err == 0);
	text(f, "error", r->error);
}

static void of_log(struct fields *f, const struct log_info *l)
{
	text(f, "level", log_level_name((enum log_level)l->level));
	text(f, "tag", l->tag);
	text(f, "text", l->text);
}

static void of_dropped(struct fields *f, uint64_t dropped)
{
	snprintf(f->buf, sizeof(f->buf),
		 "%" PRIu64 " log or trace records were dropped", dropped);
	text(f, "level", log_level_name(LOG_WARN));
	text(f, "tag", "post");
	text(f, "text", f->buf);
}

bool fields_of(struct fields *f, const struct event *ev)
{
	enum ev_type shown = ev->type == EV_DROPPED ? EV_LOG : ev->type;

	f->n = 0;
	f->ev = NULL;
	for (unsigned i = 0; i < EVENTS; i++) {
		if (events[i].type == shown)
			f->ev = events[i].name;
	}

	switch (ev->type) {
	case EV_HELLO:
		of_hello(f, &ev->u.hello);
		break;
	case EV_ACCOUNT:
		of_account(f, &ev->u.account);
		break;
	case EV_CALL:
		of_call(f, &ev->u.call);
		break;
	case EV_TRANSFER:
		of_transfer(f, &ev->u.transfer);
		break;
	case EV_REPLY:
		of_reply(f, &ev->u.reply);
		break;
	case EV_LOG:
		of_log(f, &ev->u.log);
		break;
	case EV_DROPPED:
		of_dropped(f, ev->u.dropped);
		break;
	default:
		break;
	}

	return f->ev != NULL;
}

const struct field *fields_find(const struct fields *f, const char *name)
{
	for (unsigned i = 0; i < f->n; i++) {
		if (strcmp(f->v[i].name, name) == 0)
			return &f->v[i];
	}

	return NULL;
}

bool field_equals(const struct field *field, const char *value)
{
	char digits[24];

	switch (field->type) {
	case FIELD_NULL:
		return strcmp(value, "null") == 0;
	case FIELD_BOOL:
		return strcmp(value, field->number ? "true" : "false") == 0;
	case FIELD_NUMBER:
		snprintf(digits, sizeof(digits), "%" PRIu64, field->number);
		return strcmp(value, digits) == 0;
	case FIELD_TEXT:
		return strcmp(value, field->text) == 0;
	case FIELD_LIST:
		for (uint64_t i = 0; i < field->number; i++) {
			if (strcmp(value, field->list[i]) == 0)
				return true;
		}
		break;
	}

	return false;
}

bool fields_event(enum ev_type *typep, const char *name)
{
	for (unsigned i = 0; i < EVENTS; i++) {
		if (strcmp(events[i].name, name) == 0) {
			*typep = events[i].type;
			return true;
		}
	}

	return false;
}

const char *fields_event_name(unsigned i)
{
	return i < EVENTS ? events[i].name : NULL;
}

/* ---- JSON ------------------------------------------------------------ */

/* What is not clean by now is a mistake of ours; it must not get out. */
static json_t *json_clean(const char *s)
{
	char clean[PATH_MAX_LEN];

	if (text_is_clean(s))
		return json_string(s);

	text_clean(clean, sizeof(clean), s, strlen(s));
	return json_string(clean);
}

static json_t *json_of(const struct field *field)
{
	json_t *list;

	switch (field->type) {
	case FIELD_NUMBER:
		return json_integer((json_int_t)field->number);
	case FIELD_BOOL:
		return json_boolean(field->number);
	case FIELD_TEXT:
		return json_clean(field->text);
	case FIELD_LIST:
		list = json_array();
		for (uint64_t i = 0; i < field->number; i++)
			json_array_append_new(list, json_clean(field->list[i]));
		return list;
	case FIELD_NULL:
		break;
	}

	return json_null();
}

char *fields_json(const struct event *ev)
{
	struct fields f;
	json_t *object;
	char *rest, *line;
	size_t size;
	uint64_t ms;

	if (!fields_of(&f, ev))
		return alloc_text("{}");

	object = json_object();
	json_object_set_new(object, "ev", json_string(f.ev));
	for (unsigned i = 0; i < f.n; i++)
		json_object_set_new(object, f.v[i].name, json_of(&f.v[i]));

	rest = json_dumps(object, JSON_COMPACT | JSON_PRESERVE_ORDER);
	json_decref(object);
	if (!rest)
		return alloc_text("{}");

	/* jansson counts significant digits, and printf's point is a matter
	 * of the locale: the time is written here, in front */
	ms = ev->t > 0 ? (uint64_t)(ev->t * 1000 + 0.5) : 0;
	size = strlen(rest) + 40;
	line = alloc_zero(size);
	snprintf(line, size, "{\"t\":%" PRIu64 ".%03u,%s", ms / 1000,
		 (unsigned)(ms % 1000), rest + 1);
	free(rest);

	return line;
}
