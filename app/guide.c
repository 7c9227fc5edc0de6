/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/guide.h"

#include <stdio.h>
#include <string.h>

#include "app/command.h"
#include "app/desk.h"
#include "base/text.h"
#include "base/thread.h"

/*
 * Three lessons: a transfer that goes well, one that fails, one that is
 * announced.  Which of them are done is read from the tales of transfers, in
 * whatever order the user came by them.
 */

enum { KEY_LEN = 24, SHORT_LEN = 24 };

struct lesson {
	const char *command;
	const char *type; /* part of a name in the demo's directory */
	const char *say;  /* {key}, {caller} */
};

static const struct lesson lessons[] = {
	{"transfer", "alan",
	 "You talk to {caller}: press {key}, type alan, Enter: on to Alan"},
	{"transfer", "bob",
	 "Now one that fails: press {key}, type bob, Enter: Bob is busy"},
	{"consult", "alice",
	 "Now ask before: press {key}, type alice, Enter: talk to Alice first"},
};

static const struct lesson *lesson_now(const struct desk *d)
{
	bool done[3] = {false, false, false};

	for (unsigned i = 0; i < d->talec; i++) {
		const struct tale *t = &d->tales[i];

		if (t->info.outcome == OUTCOME_NONE)
			continue;
		if (tale_failed(t))
			done[1] = true;
		else if (t->info.kind != KIND_BLIND)
			done[2] = true;
		else if (t->info.outcome != OUTCOME_STOPPED)
			done[0] = true;
	}
	for (unsigned i = 0; i < 3; i++) {
		if (!done[i])
			return &lessons[i];
	}

	return NULL;
}

/* The key that runs a line, or how it is typed */
static const char *key_of(const struct desk *d, const char *line,
			  char buf[KEY_LEN])
{
	struct key key;

	if (hint_key(d, desk_context(d), line, &key))
		return key_format(&key, buf, KEY_LEN);
	snprintf(buf, KEY_LEN, ":%s", line);

	return buf;
}

static const char *caller_of(const struct desk *d, const struct call_info *c,
			     char buf[SHORT_LEN])
{
	char name[NAME_MAX_LEN];

	return desk_short(desk_name(d, c, name, sizeof(name)), buf, SHORT_LEN);
}

/* ---- what is said ------------------------------------------------------- */

static void say_lesson(const struct lesson *l, const struct desk *d,
		       const char *caller, char *dst, size_t size)
{
	char key[KEY_LEN];
	size_t at = 0;

	key_of(d, l->command, key);
	dst[0] = '\0';
	for (const char *p = l->say; *p && at + 1 < size;) {
		const char *word = text_begins(p, "{key}")      ? key
				   : text_begins(p, "{caller}") ? caller
								: NULL;

		if (word)
			p = strchr(p, '}') + 1;
		at += (size_t)(word ? snprintf(dst + at, size - at, "%s", word)
				    : snprintf(dst + at, size - at, "%c",
					       *p++));
	}
}

static void say_end(const struct desk *d, char *dst, size_t size)
{
	char help[KEY_LEN], all[KEY_LEN], quit[KEY_LEN];

	snprintf(
		dst, size,
		"That is it: %s help, %s all commands, %s quits; callers go on",
		key_of(d, "help", help), key_of(d, "commands", all),
		key_of(d, "quit", quit));
}

static const char *failed_how(const struct tale *t)
{
	switch (t->info.code) {
	case 486:
	case 600:
		return "is busy";
	case 603:
		return "declined";
	case 404:
		return "is not known";
	case 408:
	case 480:
		return "is not there";
	default:
		return "was not reached";
	}
}

static void say_failure(const struct desk *d, const struct tale *t, char *dst,
			size_t size)
{
	char back[KEY_LEN], again[KEY_LEN], who[SHORT_LEN], whom[SHORT_LEN];

	desk_short(t->caller, who, sizeof(who));
	desk_short(t->target, whom, sizeof(whom));
	snprintf(dst, size,
		 "%s %s; %s is still yours: %s takes back, %s tries again",
		 whom, failed_how(t), who, key_of(d, "default", back),
		 key_of(d, "retry", again));
}

static void say_consult(const struct desk *d, const struct tale *t, char *dst,
			size_t size)
{
	char who[SHORT_LEN], whom[SHORT_LEN];
	char done[KEY_LEN], swap[KEY_LEN], back[KEY_LEN];

	desk_short(t->caller, who, sizeof(who));
	desk_short(t->target, whom, sizeof(whom));
	key_of(d, "takeback", back);
	if (t->talked_ms)
		snprintf(dst, size,
			 "You talk to %s alone: %s connects %s, %s swaps, "
			 "%s takes back",
			 whom, key_of(d, "complete", done), who,
			 key_of(d, "swap", swap), back);
	else
		snprintf(dst, size,
			 "%s is called, %s waits on hold; %s takes %s back",
			 whom, who, back, who);
}

static void say_referral(const struct desk *d, const struct tale *t, char *dst,
			 size_t size)
{
	char who[SHORT_LEN], whom[SHORT_LEN], back[KEY_LEN];

	desk_short(t->caller, who, sizeof(who));
	desk_short(t->target, whom, sizeof(whom));
	key_of(d, "takeback", back);
	if (t->info.state == REFER_ALERTED)
		snprintf(dst, size,
			 "%s is ringing; %s stays on hold until then; "
			 "%s takes %s back",
			 whom, who, back, who);
	else
		snprintf(dst, size,
			 "%s's phone is asked to call %s: watch Transfers; "
			 "%s takes back",
			 who, whom, back);
}

/* Nobody is there; the last one went on, or there was none yet */
static void say_waiting(const struct desk *d, char *dst, size_t size)
{
	const struct tale *t = d->talec ? &d->tales[d->talec - 1] : NULL;
	char who[SHORT_LEN], whom[SHORT_LEN];

	if (!t) {
		snprintf(dst, size,
			 "Real calls, all inside this computer; the first "
			 "caller rings in a moment");
		return;
	}
	desk_short(t->caller, who, sizeof(who));
	desk_short(t->target, whom, sizeof(whom));
	if (t->info.outcome != OUTCOME_NONE && !tale_failed(t) &&
	    t->info.outcome != OUTCOME_STOPPED)
		snprintf(dst, size,
			 "%s answered: %s is there now; the next caller comes "
			 "in a moment",
			 whom, who);
	else
		snprintf(dst, size, "The next caller comes in a moment");
}

static void say_ringing(const struct desk *d, const struct call_info *c,
			char *dst, size_t size)
{
	char who[NAME_MAX_LEN], key[KEY_LEN], any[KEY_LEN] = "";
	struct key k;

	key_of(d, "answer", key);
	desk_name(d, c, who, sizeof(who));
	if (hint_any_key(d, "answer", &k))
		key_format(&k, any, sizeof(any));
	if (any[0] && strcmp(any, key) != 0)
		snprintf(dst, size,
			 "%.24s rings: press %s to answer (%s also while you "
			 "type)",
			 who, key, any);
	else
		snprintf(dst, size, "%.24s rings: press %s to answer", who,
			 key);
}

/* The picker is open: which name to type, then what Enter does */
static void say_picker(const struct desk *d, char *dst, size_t size)
{
	const struct lesson *l = lesson_now(d);
	const struct desk_pick *p = &d->pick;
	const struct choice *one = p->n ? &p->v[p->sel] : NULL;
	const char *does = !p->cmd ? "takes"
			   : strcmp(p->cmd->name, "transfer") == 0
				   ? "transfers to"
			   : strcmp(p->cmd->name, "consult") == 0 ? "asks"
								  : "calls";

	if (one && d->line.text[0])
		snprintf(dst, size, "Enter %s %.32s; Esc gives up", does,
			 one->name[0] ? one->name : one->text);
	else
		snprintf(dst, size,
			 "Type %s, or part of any name in the directory, or a "
			 "number",
			 l ? l->type : "alan");
}

static bool say_call(const struct desk *d, const struct call_info *c, char *dst,
		     size_t size)
{
	const struct lesson *l = lesson_now(d);
	char who[SHORT_LEN], key[KEY_LEN];

	caller_of(d, c, who);
	if (c->state == CALL_HELD)
		snprintf(dst, size, "%s is on hold: %s takes %s back", who,
			 key_of(d, "resume", key), who);
	else if (c->state != CALL_TALKING)
		return false;
	else if (l)
		say_lesson(l, d, who, dst, size);
	else
		say_end(d, dst, size);

	return true;
}

static bool say_line(const struct desk *d, char *dst, size_t size)
{
	switch (d->line.use) {
	case LINE_TARGET:
		say_picker(d, dst, size);
		return true;
	case LINE_COMMAND:
		snprintf(dst, size,
			 "Tab completes, Enter runs it, Esc gives it up");
		return true;
	default:
		return false;
	}
}

bool guide_line(const struct desk *d, char *dst, size_t size)
{
	const struct model *m = &d->app->model;
	const struct call_info *c = model_selected(m);
	const struct call_info *rings = model_ringing(m);
	const struct tale *fail = desk_failure(d);
	const struct tale *t = c ? desk_tale_of(d, c->id) : NULL;
	const bool moves = t && t->info.outcome == OUTCOME_NONE;

	ASSERT_UI();
	dst[0] = '\0';
	if (rings)
		say_ringing(d, rings, dst, size);
	else if (d->line.use != LINE_NONE)
		return say_line(d, dst, size);
	else if (fail && (!c || c->id == fail->info.call))
		say_failure(d, fail, dst, size);
	else if (moves && !t->refer_ms && t->info.kind != KIND_BLIND)
		say_consult(d, t, dst, size);
	else if (moves)
		say_referral(d, t, dst, size);
	else if (c)
		return say_call(d, c, dst, size);
	else if (model_calls_up(m))
		return false;
	else if (lesson_now(d))
		say_waiting(d, dst, size);
	else
		say_end(d, dst, size);

	return true;
}
