/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/hints.h"

#include <stdio.h>
#include <string.h>

#include "app/desk_priv.h"
#include "base/text.h"
#include "base/thread.h"

/*
 * What the user is likely to want, by what goes on.  Which key does it, and
 * whether it can be done now, is looked up: a row here never says more than
 * the words.  {caller} and {target} are first names.
 */

enum situation {
	SIT_COMMAND,
	SIT_TARGET,
	SIT_PALETTE,
	SIT_FIND,
	SIT_CONFIRM,
	SIT_DIGITS,
	SIT_HELP,
	SIT_LADDER,
	SIT_LISTS,
	SIT_FAIL,
	SIT_CONSULT,
	SIT_WATCH,
	SIT_RING,
	SIT_CALL,
	SIT_IDLE,
};

struct row {
	enum situation sit;
	const char *line; /* command line; NULL: readline's key */
	const char *key;  /* of readline */
	const char *label;
};

static const struct row rows[] = {
	{SIT_COMMAND, "answer", NULL, "answer"},
	{SIT_COMMAND, "reject", NULL, "reject"},
	{SIT_COMMAND, NULL, "Tab", "complete"},
	{SIT_COMMAND, NULL, "Enter", "run"},
	{SIT_COMMAND, NULL, "C-r", "history"},
	{SIT_COMMAND, NULL, "Esc", "cancel"},
	{SIT_TARGET, NULL, "Enter", "{do}"},
	{SIT_TARGET, "consult", NULL, "attended"},
	{SIT_TARGET, "transfer", NULL, "blind"},
	{SIT_TARGET, NULL, "↑↓", "choose"},
	{SIT_TARGET, NULL, "C-u", "clear"},
	{SIT_TARGET, NULL, "Esc", "cancel"},
	{SIT_TARGET, "answer", NULL, "answer"},
	{SIT_PALETTE, NULL, "Enter", "run"},
	{SIT_PALETTE, NULL, "↑↓", "choose"},
	{SIT_PALETTE, NULL, "Esc", "cancel"},
	{SIT_PALETTE, "answer", NULL, "answer"},
	{SIT_FIND, NULL, "Enter", "find"},
	{SIT_FIND, NULL, "Esc", "cancel"},
	{SIT_FIND, "answer", NULL, "answer"},
	{SIT_CONFIRM, NULL, "y", "yes"},
	{SIT_CONFIRM, NULL, "n", "no"},
	{SIT_DIGITS, NULL, "0-9 * #", "send"},
	{SIT_DIGITS, NULL, "Esc", "done"},
	{SIT_HELP, "find", NULL, "find a key"},
	{SIT_HELP, NULL, "↑↓", "scroll"},
	{SIT_HELP, "keys", NULL, "all keys"},
	{SIT_HELP, "back", NULL, "close"},
	{SIT_LADDER, "answer", NULL, "answer"},
	{SIT_LADDER, NULL, "↑↓", "message"},
	{SIT_LADDER, "default", NULL, "raw"},
	{SIT_LADDER, "follow", NULL, "follow"},
	{SIT_LADDER, "save", NULL, "save pcap"},
	{SIT_LADDER, "find", NULL, "find"},
	{SIT_LADDER, "zoom", NULL, "zoom"},
	{SIT_LADDER, "back", NULL, "back"},
	{SIT_LISTS, "answer", NULL, "answer"},
	{SIT_LISTS, NULL, "↑↓", "choose"},
	{SIT_LISTS, "default", NULL, "open"},
	{SIT_LISTS, "find", NULL, "find"},
	{SIT_LISTS, "next", NULL, "next"},
	{SIT_LISTS, "follow", NULL, "follow"},
	{SIT_LISTS, "zoom", NULL, "zoom"},
	{SIT_LISTS, "back", NULL, "back"},
	{SIT_FAIL, "answer", NULL, "answer"},
	{SIT_FAIL, "default", NULL, "resume"},
	{SIT_FAIL, "resume", NULL, "resume"},
	{SIT_FAIL, "retry", NULL, "retry"},
	{SIT_FAIL, "transfer", NULL, "other"},
	{SIT_FAIL, "voicemail", NULL, "voicemail"},
	{SIT_FAIL, "hangup", NULL, "hang up"},
	{SIT_FAIL, "ladder", NULL, "why (ladder)"},
	{SIT_FAIL, "help", NULL, "help"},
	{SIT_CONSULT, "answer", NULL, "answer"},
	{SIT_CONSULT, "complete", NULL, "complete"},
	{SIT_CONSULT, "swap", NULL, "swap"},
	{SIT_CONSULT, "takeback", NULL, "back to {caller}"},
	{SIT_CONSULT, "hangup", NULL, "hang up {name}"},
	{SIT_CONSULT, "mute", NULL, "mute"},
	{SIT_CONSULT, "ladder", NULL, "ladder"},
	{SIT_CONSULT, "help", NULL, "help"},
	{SIT_WATCH, "takeback", NULL, "take back"},
	{SIT_WATCH, "hangup", NULL, "drop"},
	{SIT_WATCH, "ladder", NULL, "ladder"},
	{SIT_WATCH, "answer", NULL, "answer"},
	{SIT_WATCH, "unwatch", NULL, "stop watching"},
	{SIT_WATCH, "dial", NULL, "dial"},
	{SIT_WATCH, "focus next", NULL, "pane"},
	{SIT_WATCH, "help", NULL, "help"},
	{SIT_RING, "answer", NULL, "answer"},
	{SIT_RING, "reject", NULL, "reject"},
	{SIT_RING, "silence", NULL, "silence"},
	{SIT_RING, "transfer", NULL, "transfer"},
	{SIT_RING, "hold", NULL, "hold"},
	{SIT_RING, "focus next", NULL, "pane"},
	{SIT_RING, "command", NULL, "command"},
	{SIT_RING, "help", NULL, "help"},
	{SIT_CALL, "retry", NULL, "send again"},
	{SIT_CALL, "transfer", NULL, "transfer"},
	{SIT_CALL, "consult", NULL, "ask first"},
	{SIT_CALL, "hold", NULL, "hold"},
	{SIT_CALL, "resume", NULL, "resume"},
	{SIT_CALL, "mute", NULL, "mute"},
	{SIT_CALL, "dtmf", NULL, "digits"},
	{SIT_CALL, "hangup", NULL, "hang up"},
	{SIT_CALL, "dial", NULL, "dial"},
	{SIT_CALL, "ladder", NULL, "ladder"},
	{SIT_CALL, "help", NULL, "help"},
	{SIT_IDLE, "dial", NULL, "dial"},
	{SIT_IDLE, "command", NULL, "command"},
	{SIT_IDLE, "find", NULL, "find"},
	{SIT_IDLE, "focus next", NULL, "pane"},
	{SIT_IDLE, "directory", NULL, "directory"},
	{SIT_IDLE, "trace", NULL, "trace"},
	{SIT_IDLE, "theme next", NULL, "theme"},
	{SIT_IDLE, "help", NULL, "help"},
	{SIT_IDLE, "quit", NULL, "quit"},
};

enum { ROWS = sizeof(rows) / sizeof(rows[0]) };

static enum situation situation_of_call(const struct desk *d)
{
	const struct model *m = &d->app->model;
	const struct call_info *c = model_selected(m);
	const struct tale *fail = desk_failure(d);
	const struct tale *t = c ? desk_tale_of(d, c->id) : NULL;

	if (fail && (!c || c->id == fail->info.call))
		return SIT_FAIL;
	if (t && t->info.outcome == OUTCOME_NONE && !t->refer_ms &&
	    t->info.kind != KIND_BLIND)
		return SIT_CONSULT;
	if (t && t->info.outcome == OUTCOME_NONE)
		return SIT_WATCH;
	if (model_ringing(m))
		return SIT_RING;

	return c ? SIT_CALL : SIT_IDLE;
}

static enum situation situation(const struct desk *d)
{
	static const enum situation of_line[] = {
		[LINE_COMMAND] = SIT_COMMAND, [LINE_TARGET] = SIT_TARGET,
		[LINE_PALETTE] = SIT_PALETTE, [LINE_FIND] = SIT_FIND,
		[LINE_CONFIRM] = SIT_CONFIRM, [LINE_DIGITS] = SIT_DIGITS,
	};

	if (d->line.use != LINE_NONE)
		return of_line[d->line.use];
	switch (d->focus) {
	case PANE_HELP:
		return SIT_HELP;
	case PANE_LADDER:
	case PANE_MESSAGE:
		return SIT_LADDER;
	case PANE_TRACE:
	case PANE_LOG:
	case PANE_HISTORY:
		return SIT_LISTS;
	default:
		return situation_of_call(d);
	}
}

bool hint_key(const struct desk *d, unsigned context, const char *line,
	      struct key *key)
{
	const struct keymap *map = &d->app->keymap;
	/* of `all` alone: what it is when nothing is typed */
	const bool typing = d->line.use != LINE_NONE && context;

	ASSERT_UI();
	for (unsigned pass = 0; pass < 2; pass++) {
		const unsigned where = pass ? 0 : context;

		for (unsigned i = 0; i < map->n; i++) {
			const struct binding *b = &map->v[i];

			if (b->context != where || !b->line ||
			    !desk_would(d, b->line, line))
				continue;
			/* the context has the key for something else */
			if (pass && context &&
			    keymap_find(map, context, &b->key) != b->line)
				continue;
			if (typing && !desk_wants(d, &b->key))
				continue;
			*key = b->key;
			return true;
		}
		if (!context)
			break;
	}

	return false;
}

bool hint_any_key(const struct desk *d, const char *line, struct key *key)
{
	const struct keymap *map = &d->app->keymap;

	for (unsigned i = 0; i < map->n; i++) {
		const struct binding *b = &map->v[i];

		if (b->context == 0 && b->line && b->key.code >= KEYSYM_F1 &&
		    desk_would(d, b->line, line)) {
			*key = b->key;
			return true;
		}
	}

	return hint_key(d, desk_context(d), line, key);
}

/* Names put into a label */
static void label(const struct desk *d, const char *text, char *dst,
		  size_t size)
{
	const struct call_info *c = model_selected(&d->app->model);
	const struct tale *t = c ? desk_tale_of(d, c->id) : NULL;
	char long_name[NAME_MAX_LEN], name[NAME_MAX_LEN] = "";
	const char *at = strchr(text, '{');

	if (!at) {
		text_cut(dst, size, text);
		return;
	}
	if (text_begins(at, "{do}"))
		text_cut(name, sizeof(name),
			 !d->pick.cmd                                 ? "run"
			 : strcmp(d->pick.cmd->name, "transfer") == 0 ? "blind"
			 : strcmp(d->pick.cmd->name, "consult") == 0
				 ? "attended"
				 : d->pick.cmd->name);
	else if (text_begins(at, "{caller}") && t)
		desk_short(t->caller, name, sizeof(name));
	else if (text_begins(at, "{target}") && t)
		desk_short(t->target, name, sizeof(name));
	else if (text_begins(at, "{name}") && c)
		desk_short(desk_name(d, c, long_name, sizeof(long_name)), name,
			   sizeof(name));
	snprintf(dst, size, "%.*s%s%s", (int)(at - text), text, name,
		 strchr(at, '}') + 1);
}

/* Whom the command of a hint is about */
static uint32_t about(const struct desk *d, const struct command *cmd)
{
	/* the picker was opened for somebody */
	if (d->line.use == LINE_TARGET && desk_lacks(cmd) && d->pick.call)
		return d->pick.call;

	return command_meant(d->app, cmd);
}

/* false: it cannot be done now, or no key does it */
static bool hint_of(const struct desk *d, const struct row *row, struct hint *h)
{
	char name[32], why[TEXT_MAX];
	const struct command *cmd;

	memset(h, 0, sizeof(*h));
	label(d, row->label, h->label, sizeof(h->label));
	if (!row->line) {
		text_cut(h->key_name, sizeof(h->key_name), row->key);
		return true;
	}
	if (text_ncopy(name, sizeof(name), row->line, strcspn(row->line, " ")))
		return false;
	cmd = command_find(name);
	if (!cmd ||
	    command_refusal(d->app, cmd, about(d, cmd), why, sizeof(why)))
		return false;
	/* Enter does it already */
	if (d->line.use == LINE_TARGET && d->pick.cmd == cmd)
		return false;
	if (d->line.use == LINE_TARGET && cmd->args[0] == ARG_CALL_OPT &&
	    cmd->args[1] == ARG_TARGET && !d->pick.call)
		return false;
	if (!hint_key(d, desk_context(d), row->line, &h->key))
		return false;
	key_format(&h->key, h->key_name, sizeof(h->key_name));
	text_cut(h->line, sizeof(h->line), row->line);
	h->blink = d->ignored_ms && d->ignored.code == h->key.code &&
		   d->ignored.mods == h->key.mods;

	return true;
}

/* Enter takes the caller back whose transfer has failed */
static bool enter_resumes(const struct desk *d)
{
	const struct tale *t = desk_failure(d);
	char next[TEXT_MAX], resume[32];

	if (!t)
		return false;
	snprintf(resume, sizeof(resume), "resume %u", t->info.call);

	return strcmp(desk_next(d, next, sizeof(next)), resume) == 0;
}

/* Some are of use only where there is something for them */
static bool of_use(const struct desk *d, const struct row *row)
{
	const struct call_info *c = model_selected(&d->app->model);
	const struct desk_call *k = c ? desk_call(d, c->id) : NULL;

	if (!row->line)
		return true;
	if (row->sit == SIT_CALL && strcmp(row->line, "retry") == 0)
		return k && k->returned;
	/* a line of the trace or of the log has nothing to be opened */
	if (row->sit == SIT_LISTS && strcmp(row->line, "default") == 0)
		return d->focus == PANE_HISTORY;
	if (row->sit == SIT_FAIL && strcmp(row->line, "default") == 0)
		return enter_resumes(d);
	if (row->sit == SIT_FAIL && strcmp(row->line, "resume") == 0)
		return !enter_resumes(d);
	if (strcmp(row->line, "voicemail") == 0)
		return option_get(&d->app->options, "voicemail")[0] != '\0';

	return true;
}

unsigned hints_now(const struct desk *d, struct hint v[HINTS_MAX])
{
	const enum situation sit = situation(d);
	unsigned n = 0;

	ASSERT_UI();
	for (unsigned i = 0; i < ROWS && n < HINTS_MAX; i++) {
		if (rows[i].sit == sit && of_use(d, &rows[i]) &&
		    hint_of(d, &rows[i], &v[n]))
			n++;
	}

	return n;
}

/* Its key only where that would be for the same call: others are chosen */
static bool way_out(const struct desk *d, const struct row *row,
		    const struct tale *t, struct hint *h)
{
	const struct command *cmd = command_find(row->line);
	const bool enter = strcmp(row->line, "default") == 0;
	char why[TEXT_MAX];
	bool key;

	memset(h, 0, sizeof(*h));
	if (!enter &&
	    command_refusal(d->app, cmd, t->info.call, why, sizeof(why)))
		return false;
	text_copy(h->line, sizeof(h->line), row->line);
	text_copy(h->label, sizeof(h->label), row->label);
	key = command_meant(d->app, cmd) == t->info.call;
	if (enter)
		key = d->focus == PANE_TRANSFERS || enter_resumes(d);
	if (key && hint_key(d, desk_context(d), row->line, &h->key))
		key_format(&h->key, h->key_name, sizeof(h->key_name));

	return true;
}

unsigned hints_recovery(const struct desk *d, struct hint v[HINTS_MAX])
{
	static const struct row ways[] = {
		{SIT_FAIL, "default", NULL, "talk to %c again"},
		{SIT_FAIL, "retry", NULL, "try %t once more"},
		{SIT_FAIL, "transfer", NULL, "another target"},
		{SIT_FAIL, "voicemail", NULL, "%t's voicemail"},
		{SIT_FAIL, "hangup", NULL, "hang up %c"},
	};
	const struct tale *t = desk_failure(d);
	unsigned n = 0;

	ASSERT_UI();
	for (unsigned i = 0; t && i < sizeof(ways) / sizeof(ways[0]); i++) {
		const char *text = ways[i].label, *at = strchr(text, '%');
		char name[NAME_MAX_LEN] = "";

		if ((strcmp(ways[i].line, "default") != 0 &&
		     !of_use(d, &ways[i])) ||
		    !way_out(d, &ways[i], t, &v[n]))
			continue;
		if (at) {
			desk_short(at[1] == 'c' ? t->caller : t->target, name,
				   sizeof(name));
			snprintf(v[n].label, sizeof(v[n].label), "%.*s%.24s%s",
				 (int)(at - text), text, name, at + 2);
		}
		n++;
	}

	return n;
}
