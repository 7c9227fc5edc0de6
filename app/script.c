/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/script.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/alloc.h"
#include "app/command.h"
#include "app/exitcode.h"
#include "app/fields.h"
#include "app/nearest.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/text.h"

enum {
	WAIT_MS = 30000,
	REPLY_MS = 30000,
	NOTES_MAX = 4096, /* events remembered */
	STEPS_MAX = 100000,
};

struct step {
	char *text;
	unsigned lineno;
};

/* An event that came: what wait and expect compare. */
struct note {
	struct event *ev; /* cut to what its kind needs */
	uint32_t id;      /* of the thing it is about, 0: none */
	bool seen;        /* by a wait, or too old for one */
};

enum doing { IDLE, REPLYING, WAITING, SLEEPING, ENDED };

struct script {
	struct app *app;
	struct out *out;
	char *path;
	struct step *steps;
	unsigned stepc, next;
	struct note *notes;
	unsigned notec;
	enum doing doing;
	uint32_t serial;     /* REPLYING */
	uint64_t deadline;   /* REPLYING, WAITING, SLEEPING */
	struct cmdline line; /* the wait that goes on */
	unsigned tests, failed;
	bool bailed;
};

/* ---- events remembered -------------------------------------------------- */

static uint32_t event_id(const struct event *ev)
{
	switch (ev->type) {
	case EV_ACCOUNT:
		return ev->u.account.id;
	case EV_CALL:
		return ev->u.call.id;
	case EV_TRANSFER:
		return ev->u.transfer.id;
	default:
		return 0;
	}
}

static void forget_oldest(struct script *s)
{
	unsigned n = NOTES_MAX / 4;

	for (unsigned i = 0; i < n; i++)
		free(s->notes[i].ev);
	memmove(s->notes, s->notes + n, (s->notec - n) * sizeof(*s->notes));
	s->notec -= n;
}

static void note(struct script *s, const struct event *ev)
{
	size_t size = event_size(ev->type);
	struct note *n;

	if (!s->notes)
		s->notes = alloc_grow(NULL, NOTES_MAX, sizeof(*s->notes));
	if (s->notec == NOTES_MAX)
		forget_oldest(s);
	n = &s->notes[s->notec++];
	n->ev = alloc_zero(size);
	memcpy(n->ev, ev, size);
	n->id = event_id(ev);
	n->seen = false;
}

/* What was known of a call is old once a command changes it. */
static void forget_call(struct script *s, uint32_t call)
{
	for (unsigned i = 0; call && i < s->notec; i++) {
		if (s->notes[i].ev->type == EV_CALL && s->notes[i].id == call)
			s->notes[i].seen = true;
	}
}

/* ---- FIELD=VALUE --------------------------------------------------------- */

static bool split(const char *pair, char *name, size_t size,
		  const char **valuep)
{
	const char *eq = strchr(pair, '=');

	if (!eq || text_ncopy(name, size, pair, (size_t)(eq - pair)))
		return false;
	*valuep = eq + 1;

	return true;
}

/* The words of a wait or expect that are comparisons; a number at the end of
 * a wait is its limit. */
static unsigned pairs(const struct cmdline *line)
{
	unsigned n = line->restc;

	if (n && line->cmd->args[1] == ARG_WAIT &&
	    !strchr(line->restv[n - 1], '='))
		n--;

	return n;
}

static bool matches(const struct cmdline *line, const struct event *ev)
{
	struct fields f;

	if (!fields_of(&f, ev) || strcmp(f.ev, line->arg[0]) != 0)
		return false;
	for (unsigned i = 0; i < pairs(line); i++) {
		const struct field *field;
		const char *value;
		char name[32];

		if (!split(line->restv[i], name, sizeof(name), &value))
			return false;
		field = fields_find(&f, name);
		if (!field || !field_equals(field, value))
			return false;
	}

	return true;
}

static int check_event(const char *name, char *why, size_t size)
{
	struct nearest near;
	enum ev_type type;
	char hint[64];

	if (fields_event(&type, name))
		return 0;
	nearest_init(&near, name);
	for (unsigned i = 0; fields_event_name(i); i++)
		nearest_try(&near, fields_event_name(i));
	snprintf(why, size, "there is no event %s%s", name,
		 nearest_hint(&near, hint, sizeof(hint)));

	return EINVAL;
}

static int check_field(const char *event, const char *pair, char *why,
		       size_t size)
{
	struct event ev = {0};
	struct fields f;
	struct nearest near;
	char name[32], hint[64];
	const char *value;

	if (!split(pair, name, sizeof(name), &value)) {
		snprintf(why, size, "'%s' is not FIELD=VALUE", pair);
		return EINVAL;
	}
	(void)fields_event(&ev.type, event); /* check_event() was there */
	(void)fields_of(&f, &ev);
	if (fields_find(&f, name))
		return 0;
	nearest_init(&near, name);
	for (unsigned i = 0; i < f.n; i++)
		nearest_try(&near, f.v[i].name);
	snprintf(why, size, "a %s event has no field %s%s", event, name,
		 nearest_hint(&near, hint, sizeof(hint)));

	return EINVAL;
}

/* ---- reading ---------------------------------------------------------------
 */

static int check(const struct script *s, const char *text, char *why,
		 size_t size)
{
	struct cmdline line;
	uint32_t ms;
	int err = command_parse(&line, s->app, text, why, size);

	if (err || !line.cmd || line.cmd->needs != NEEDS_SCRIPT)
		return err;
	if (line.cmd->args[0] == ARG_SECONDS) {
		if (text_seconds(line.arg[0], &ms))
			return 0;
		snprintf(why, size, "'%s' are no seconds", line.arg[0]);
		return EINVAL;
	}
	err = check_event(line.arg[0], why, size);
	for (unsigned i = 0; !err && i < pairs(&line); i++)
		err = check_field(line.arg[0], line.restv[i], why, size);
	if (!err && pairs(&line) < line.restc &&
	    !text_seconds(line.restv[line.restc - 1], &ms)) {
		snprintf(why, size, "'%s' is neither FIELD=VALUE nor seconds",
			 line.restv[line.restc - 1]);
		err = EINVAL;
	}

	return err;
}

struct reading {
	struct script *s;
	char *why;
	size_t size;
	unsigned lineno;
	bool told;
};

static int read_line(const char *text, unsigned lineno, void *arg)
{
	struct reading *r = arg;
	struct script *s = r->s;
	char reason[2 * TEXT_MAX], clean[2 * TEXT_MAX];
	int err = check(s, text, reason, sizeof(reason));

	r->lineno = lineno;
	if (!err && s->stepc == STEPS_MAX) {
		snprintf(reason, sizeof(reason), "the script is too long");
		err = E2BIG;
	}
	if (err) {
		text_clean(clean, sizeof(clean), reason, strlen(reason));
		snprintf(r->why, r->size, "%s:%u: %s", s->path, lineno, clean);
		r->told = true;
		return EINVAL;
	}
	if ((s->stepc & (s->stepc - 1)) == 0)
		s->steps = alloc_grow(s->steps, s->stepc ? 2 * s->stepc : 1,
				      sizeof(*s->steps));
	s->steps[s->stepc++] = (struct step){alloc_text(text), lineno};

	return 0;
}

int script_new(struct script **sp, struct app *app, struct out *out,
	       const char *path, char *why, size_t size)
{
	struct script *s = alloc_zero(sizeof(*s));
	struct reading r = {.s = s, .why = why, .size = size};
	int err;

	s->app = app;
	s->out = out;
	s->path = alloc_text(path);
	app->script = true;
	err = file_lines(path, read_line, &r);
	if (err == EOVERFLOW && !r.told)
		snprintf(why, size, "%s:%u: the line is too long", path,
			 r.lineno + 1);
	else if (err && !r.told)
		snprintf(why, size, "%s: %s", path, strerror(err));
	if (err) {
		script_free(s);
		return err;
	}
	*sp = s;

	return 0;
}

void script_free(struct script *s)
{
	if (!s)
		return;
	for (unsigned i = 0; i < s->stepc; i++)
		free(s->steps[i].text);
	for (unsigned i = 0; i < s->notec; i++)
		free(s->notes[i].ev);
	free(s->steps);
	free(s->notes);
	free(s->path);
	free(s);
}

/* ---- running ----------------------------------------------------------------
 */

static const struct step *current(const struct script *s)
{
	return &s->steps[s->next - 1];
}

/* The reply of a line that only scripts have, for --json. */
static void reply(struct script *s, const char *error)
{
	struct event ev = {.type = EV_REPLY, .t = clock_since_start()};
	struct reply_info *r = &ev.u.reply;

	if (!out_json(s->out))
		return;
	r->serial = s->app->port->serial(s->app->port->engine);
	r->err = error[0] ? EPROTO : 0;
	text_cut(r->command, sizeof(r->command), s->line.cmd->name);
	text_cut(r->error, sizeof(r->error), error);
	out_event(s->out, &ev, "", false);
}

static void result(struct script *s, bool held, const char *error)
{
	char clean[512];
	const char *text = current(s)->text;

	s->tests++;
	s->failed += !held;
	text_clean(clean, sizeof(clean), text, strlen(text));
	/* a # would begin a directive of TAP */
	for (char *p = clean; *p; p++) {
		if (*p == '#')
			*p = '.';
	}
	out_say(s->out, "%sok %u - %s", held ? "" : "not ", s->tests, clean);
	if (!held)
		out_say(s->out, "# %s:%u: %s", s->path, current(s)->lineno,
			error);
	reply(s, held ? "" : error);
}

/* The newest event that could have been meant, field by field. */
static void diagnose(const struct script *s, const struct event *ev)
{
	char *json;

	if (!ev) {
		out_say(s->out, "# there was no %s event", s->line.arg[0]);
		return;
	}
	json = fields_json(ev);
	out_say(s->out, "# it is: %s", json);
	free(json);
}

static uint32_t wanted_id(const struct cmdline *line)
{
	uint32_t id;

	for (unsigned i = 0; i < pairs(line); i++) {
		if (text_begins(line->restv[i], "id=") &&
		    text_u32(line->restv[i] + 3, 1, UINT32_MAX, &id))
			return id;
	}

	return 0;
}

static const struct event *newest(const struct script *s)
{
	uint32_t id = wanted_id(&s->line);
	enum ev_type type = EV_COUNT;

	(void)fields_event(&type, s->line.arg[0]); /* checked when read */
	for (unsigned i = s->notec; i-- > 0;) {
		const struct note *n = &s->notes[i];

		if (n->ev->type == type && (!id || n->id == id))
			return n->ev;
	}

	return NULL;
}

static void expect(struct script *s)
{
	const struct event *ev = newest(s);
	bool held = ev && matches(&s->line, ev);

	result(s, held, "it is not so");
	if (!held)
		diagnose(s, ev);
}

/* Did what we wait for come?  What came before it of that thing is old. */
static bool came(struct script *s)
{
	for (unsigned i = 0; i < s->notec; i++) {
		const struct note *n = &s->notes[i];

		if (n->seen || !matches(&s->line, n->ev))
			continue;
		for (unsigned k = 0; k <= i; k++) {
			if (s->notes[k].ev->type == n->ev->type &&
			    s->notes[k].id == n->id)
				s->notes[k].seen = true;
		}
		return true;
	}

	return false;
}

static void begin_wait(struct script *s)
{
	uint32_t ms = WAIT_MS;

	if (pairs(&s->line) < s->line.restc)
		(void)text_seconds(s->line.restv[s->line.restc - 1],
				   &ms); /* checked when read */
	s->doing = WAITING;
	s->deadline = clock_ms() + ms;
}

static void begin_sleep(struct script *s)
{
	uint32_t ms = 0;

	(void)text_seconds(s->line.arg[0], &ms); /* checked when read */
	s->doing = SLEEPING;
	s->deadline = clock_ms() + ms;
}

static uint32_t named_call(const struct script *s)
{
	uint32_t n;

	for (unsigned i = 0; i < COMMAND_ARGS; i++) {
		enum arg_kind kind = s->line.cmd->args[i];

		if (kind != ARG_CALL_OPT && kind != ARG_CALL)
			continue;
		if (s->line.arg[i] &&
		    text_u32(s->line.arg[i], 1, UINT32_MAX, &n))
			return n;
		return s->app->model.selected;
	}

	return 0;
}

static void begin_command(struct script *s, const char *text)
{
	forget_call(s, named_call(s));
	s->doing = REPLYING;
	s->deadline = clock_ms() + REPLY_MS;
	s->serial = UINT32_MAX; /* a reply given at once names itself */
	s->serial = app_line(s->app, text);
	if (!s->serial)
		s->doing = IDLE;
}

static void begin(struct script *s, const char *text)
{
	char why[2 * TEXT_MAX];

	/* the same parser has taken it before */
	(void)command_parse(&s->line, s->app, text, why, sizeof(why));
	if (!s->line.cmd)
		return;
	if (s->line.cmd->needs != NEEDS_SCRIPT) {
		begin_command(s, text);
	} else if (s->line.cmd->args[0] == ARG_SECONDS) {
		begin_sleep(s);
	} else if (s->line.cmd->args[1] == ARG_WAIT) {
		begin_wait(s);
	} else {
		expect(s);
	}
}

static void end(struct script *s)
{
	s->doing = ENDED;
	if (!s->bailed)
		out_say(s->out, "1..%u", s->tests);
}

static void bail(struct script *s, const char *why)
{
	s->bailed = true;
	out_say(s->out, "Bail out! %s:%u: %s", s->path, current(s)->lineno,
		why);
	end(s);
}

static bool late(const struct script *s)
{
	return clock_ms() >= s->deadline;
}

/* Has what goes on come to its end?  Replies are noted as they come. */
static void look(struct script *s)
{
	switch (s->doing) {
	case WAITING:
		if (came(s)) {
			s->doing = IDLE;
			result(s, true, "");
		} else if (late(s)) {
			s->doing = IDLE;
			result(s, false, "it did not come in time");
			diagnose(s, newest(s));
		}
		break;
	case SLEEPING:
		if (late(s)) {
			s->doing = IDLE;
			reply(s, "");
		}
		break;
	case REPLYING:
		for (unsigned i = s->notec; i-- > 0;) {
			if (s->notes[i].ev->type == EV_REPLY &&
			    s->notes[i].ev->u.reply.serial == s->serial) {
				s->doing = IDLE;
				return;
			}
		}
		if (late(s))
			bail(s, "the engine did not reply");
		break;
	default:
		break;
	}
}

static void tick(void *self)
{
	struct script *s = self;

	look(s);
	while (s->doing == IDLE) {
		if (s->next == s->stepc || s->app->quit) {
			end(s);
			return;
		}
		s->next++;
		begin(s, current(s)->text);
		look(s);
	}
}

static void event(void *self, const struct event *ev)
{
	struct script *s = self;
	struct fields f;

	/* replies to lines of a sourced file are nobody's */
	if (!fields_of(&f, ev) ||
	    (ev->type == EV_REPLY && s->doing != REPLYING))
		return;
	note(s, ev);
}

static int timeout_ms(const void *self)
{
	const struct script *s = self;
	uint64_t now = clock_ms();

	if (s->doing == IDLE || s->doing == ENDED)
		return -1;

	return s->deadline > now ? (int)(s->deadline - now) : 0;
}

static bool done(const void *self, int *codep)
{
	const struct script *s = self;

	if (s->doing != ENDED)
		return false;
	*codep = s->failed || s->bailed ? EXIT_INTERNAL : EXIT_OK;

	return true;
}

struct robot script_robot(struct script *s)
{
	if (!out_json(s->out))
		out_say(s->out, "TAP version 13");

	return (struct robot){
		.self = s,
		.event = event,
		.tick = tick,
		.timeout_ms = timeout_ms,
		.done = done,
	};
}
