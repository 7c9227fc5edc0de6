/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/alloc.h"
#include "app/desk_priv.h"
#include "base/text.h"
#include "base/thread.h"

/*
 * How the user moves: keys become command lines, panes get the keys.
 *
 * A key means what the screen said when it was pressed.  desk_learn() keeps
 * what every key would do; when news have changed that a moment ago, or have
 * not been drawn yet, the key is for what was there before and is ignored once.
 * What the user has changed himself he knows of.
 */

struct meaning {
	struct key key;
	const struct command *cmd; /* NULL: nothing now */
	uint32_t call;
	uint64_t next;       /* of Enter: hash of what it runs, 0: nothing */
	uint64_t changed_ms; /* 0: long ago */
};

/* ---- what a key would do ----------------------------------------------- */

unsigned desk_context(const struct desk *d)
{
	static const char *const of_line[] = {
		[LINE_NONE] = NULL,       [LINE_COMMAND] = "prompt",
		[LINE_TARGET] = "picker", [LINE_PALETTE] = "picker",
		[LINE_FIND] = "prompt",   [LINE_CONFIRM] = "prompt",
		[LINE_DIGITS] = "dtmf",
	};
	const char *name = of_line[d->line.use];
	unsigned i = 0;

	if (!name)
		name = d->focus == PANE_MESSAGE ? "ladder"
						: pane_name(d->focus);
	(void)key_context_find(&i, name); /* a name of ours */

	return i;
}

/* One part of "hold | resume" */
struct action {
	char line[256];
	const struct command *cmd; /* NULL: no such command, or no sense now */
	uint32_t call;
	bool lacks; /* an argument */
	char why[TEXT_MAX];
};

static bool resolve_part(const struct desk *d, struct action *a)
{
	struct cmdline line;
	char buf[TEXT_MAX];
	const char *why;
	char name[32];
	size_t len = strcspn(a->line, " ");

	a->cmd = NULL;
	if (!text_ncopy(name, sizeof(name), a->line, len))
		a->cmd = command_find(name);
	if (!a->cmd) {
		snprintf(a->why, sizeof(a->why), "there is no command %.64s",
			 a->line);
		return false;
	}
	a->lacks = a->line[len] == '\0' && desk_lacks(a->cmd);
	if (a->lacks) {
		/* in the picker it is about whom it was opened for */
		a->call = d->line.use == LINE_TARGET && d->pick.call
				  ? d->pick.call
				  : command_meant(d->app, a->cmd);
	} else {
		if (command_parse(&line, d->app, a->line, a->why,
				  sizeof(a->why)))
			return false;
		a->call = command_call(d->app, &line);
	}
	why = command_refusal(d->app, a->cmd, a->call, buf, sizeof(buf));
	if (why)
		snprintf(a->why, sizeof(a->why), "%s: %s", a->cmd->name, why);

	return !why;
}

/* The first part that can run now; else false, and why the first cannot */
static bool resolve(const struct desk *d, const char *line, struct action *a)
{
	struct action part;
	bool first = true;

	while (line) {
		const char *bar = strstr(line, " | ");
		size_t len = bar ? (size_t)(bar - line) : strlen(line);

		memset(&part, 0, sizeof(part));
		if (text_ncopy(part.line, sizeof(part.line), line, len))
			return false;
		if (resolve_part(d, &part)) {
			*a = part;
			return true;
		}
		if (first)
			*a = part;
		first = false;
		line = bar ? bar + 3 : NULL;
	}

	return false;
}

bool desk_would(const struct desk *d, const char *bound, const char *part)
{
	const size_t len = strlen(part);
	struct action a;
	const char *p = bound;

	while (strncmp(p, part, len) != 0 ||
	       (p[len] && !text_begins(p + len, " | "))) {
		p = strstr(p, " | ");
		if (!p)
			return false;
		p += 3;
	}

	return !strchr(bound, '|') || !resolve(d, bound, &a) ||
	       strcmp(a.line, part) == 0;
}

static uint64_t next_of(const struct desk *d, const struct command *cmd)
{
	char line[TEXT_MAX];

	if (!cmd || strcmp(cmd->name, "default") != 0 ||
	    !desk_next(d, line, sizeof(line))[0])
		return 0;

	return text_hash(line, strlen(line));
}

void desk_learn(struct desk *d, bool news)
{
	const struct keymap *map = &d->app->keymap;
	const bool same = d->meaningc == map->n;

	if (!same) {
		d->meanings = alloc_grow(d->meanings, map->n + 1,
					 sizeof(*d->meanings));
		memset(d->meanings, 0, (map->n + 1) * sizeof(*d->meanings));
	}
	d->meaningc = map->n;
	for (unsigned i = 0; i < map->n; i++) {
		struct meaning *m = &d->meanings[i];
		struct action a = {.cmd = NULL};
		const bool can =
			map->v[i].line && resolve(d, map->v[i].line, &a);
		const struct command *cmd = can ? a.cmd : NULL;
		const uint64_t next = next_of(d, cmd);

		if (news && same && m->cmd &&
		    (cmd != m->cmd || a.call != m->call ||
		     (m->next && next != m->next)))
			m->changed_ms = d->now_ms;
		m->key = map->v[i].key;
		m->cmd = cmd;
		m->call = can ? a.call : 0;
		m->next = next;
	}
}

void desk_shown(struct desk *d)
{
	ASSERT_UI();
	desk_learn(d, true);
}

/* It would have done something else a moment ago */
static bool just_changed(struct desk *d, const struct key *key,
			 const char *line)
{
	const uint64_t guard = option_number(&d->app->options, "key_guard");
	const struct keymap *map = &d->app->keymap;

	for (unsigned i = 0; i < map->n && i < d->meaningc; i++) {
		struct meaning *m = &d->meanings[i];

		if (map->v[i].line != line)
			continue;
		if (!m->changed_ms || d->now_ms >= m->changed_ms + guard)
			return false;
		m->changed_ms = 0;
		d->ignored = *key;
		d->ignored_ms = d->now_ms;
		return true;
	}

	return false;
}

/* ---- running it -------------------------------------------------------- */

static const struct call_info *held(const struct desk *d, uint32_t call)
{
	const struct call_info *c = model_call(&d->app->model, call);

	return c && c->state == CALL_HELD ? c : NULL;
}

void desk_run(struct desk *d, const char *line)
{
	const struct call_info *c;
	struct action a;
	char name[NAME_MAX_LEN];
	unsigned up;

	ASSERT_UI();
	d->dirty = true;
	if (!resolve(d, line, &a)) {
		desk_note(d, LOG_WARN, "%s", a.why);
		return;
	}
	/* a caller on hold is not lost by one key, nor are all of them */
	c = strcmp(a.cmd->name, "hangup") == 0 ? held(d, a.call) : NULL;
	if (c) {
		snprintf(a.line, sizeof(a.line), "hangup %u", a.call);
		desk_confirm(d, a.call, a.line, "hang up %s, on hold? y/n",
			     desk_name(d, c, name, sizeof(name)));
		return;
	}
	up = model_calls_up(&d->app->model);
	if (strcmp(a.cmd->name, "quit") == 0 && up) {
		desk_confirm(d, 0, "quit", "end %u call%s and leave? y/n", up,
			     up == 1 ? "" : "s");
		return;
	}
	if (!a.lacks)
		(void)app_line(d->app, a.line);
	else if (d->line.use == LINE_TARGET && desk_choose(d, a.cmd))
		return;
	else
		desk_ask(d, a.cmd, a.call);
}

static void key_digit(struct desk *d, const struct key *key)
{
	struct desk_line *l = &d->line;
	const size_t len = strlen(l->text);
	char line[64];

	if (key->code == KEYSYM_ESC || key->code == KEYSYM_ENTER) {
		desk_leave(d);
		return;
	}
	if (key->mods || key->code > 'd' ||
	    !strchr("0123456789*#ABCDabcd", (int)key->code))
		return;
	snprintf(line, sizeof(line), "dtmf %u \"%c\"", d->pick.call,
		 (char)key->code);
	(void)app_line(d->app, line);
	if (len + 1 < sizeof(l->text)) {
		l->text[len] = (char)key->code;
		l->text[len + 1] = '\0';
		l->cursor = len + 1;
	}
	d->dirty = true;
}

static void key_question(struct desk *d, const struct key *key)
{
	char line[LEX_LINE_MAX];

	text_copy(line, sizeof(line), d->line.text);
	desk_leave(d);
	if (key->code != 'y' && key->code != 'Y')
		return;
	d->sure = true;
	(void)app_line(d->app, line);
	d->sure = false;
}

static bool is_letter(const struct key *key)
{
	return key->code < KEYSYM_NAMED && key->code > ' ' && !key->mods;
}

static bool types_first(const struct desk *d)
{
	return strcmp(option_get(&d->app->options, "keys"), "desk") == 0 &&
	       d->focus != PANE_HELP && d->focus != PANE_LADDER &&
	       d->focus != PANE_MESSAGE;
}

/* Preset "desk": what is typed goes to the target field at once */
static void key_types(struct desk *d, const struct key *key)
{
	const struct call_info *c = model_selected(&d->app->model);
	const bool up =
		c && (c->state == CALL_TALKING || c->state == CALL_HELD);
	char text[8];

	desk_ask(d, command_find(up ? "consult" : "dial"), up ? c->id : 0);
	desk_open(d, LINE_TARGET, key_format(key, text, sizeof(text)));
}

bool desk_wants(const struct desk *d, const struct key *key)
{
	const char *line;

	if (d->line.use == LINE_NONE || d->line.use == LINE_CONFIRM ||
	    d->line.use == LINE_DIGITS)
		return true;
	if (key->code >= KEYSYM_F1 && key->code < KEYSYM_F1 + 24)
		return true;
	if (key->mods & MOD_META && keymap_find(&d->app->keymap, 0, key) &&
	    strcmp(keymap_find(&d->app->keymap, 0, key), "answer") == 0)
		return true;
	line = keymap_own(&d->app->keymap, desk_context(d), key);

	return line != NULL;
}

void desk_key(struct desk *d, const struct key *key)
{
	/* such as answer: they work whatever is being typed */
	const bool any = key->code >= KEYSYM_F1 || key->mods & MOD_META;
	const char *line;

	ASSERT_UI();
	desk_learn(d, true);
	if (d->line.use == LINE_CONFIRM && !any) {
		key_question(d, key);
		desk_learn(d, false);
		return;
	}
	if (d->line.use == LINE_DIGITS && !any) {
		key_digit(d, key);
		return;
	}
	line = keymap_find(&d->app->keymap, desk_context(d), key);
	if (!line) {
		if (d->line.use == LINE_NONE && is_letter(key) &&
		    types_first(d))
			key_types(d, key);
		return;
	}
	d->dirty = true;
	if (just_changed(d, key, line))
		return;
	desk_run(d, line);
	desk_learn(d, false);
}

/* ---- panes ------------------------------------------------------------- */

void desk_show(struct desk *d, enum pane pane)
{
	const bool full = pane == PANE_LADDER || pane == PANE_TRACE ||
			  pane == PANE_LOG || pane == PANE_HISTORY ||
			  pane == PANE_HELP;

	ASSERT_UI();
	d->dirty = true;
	d->zoom = PANE_COUNT;
	if (full && d->full == pane) {
		d->full = PANE_COUNT;
		d->focus = PANE_CALLS;
		return;
	}
	d->full = full ? pane : PANE_COUNT;
	d->focus = pane;
}

void desk_focus(struct desk *d, int step)
{
	static const enum pane plain[] = {PANE_CALLS, PANE_TRANSFERS,
					  PANE_DIRECTORY};
	const enum pane ladder[] = {PANE_LADDER, PANE_MESSAGE, PANE_CALLS};
	const enum pane full[] = {d->full, PANE_CALLS};
	const enum pane *v = plain;
	unsigned n = 3, at = 0;

	ASSERT_UI();
	if (d->full == PANE_LADDER) {
		v = ladder;
	} else if (d->full != PANE_COUNT) {
		v = full;
		n = 2;
	}
	for (unsigned i = 0; i < n; i++) {
		if (v[i] == d->focus)
			at = i;
	}
	d->focus = v[(at + n + (unsigned)(step % (int)n + (int)n)) % n];
	if (d->zoom != PANE_COUNT)
		d->zoom = d->focus;
	d->dirty = true;
}

bool desk_back(struct desk *d)
{
	ASSERT_UI();
	d->dirty = true;
	if (d->line.use != LINE_NONE)
		desk_leave(d);
	else if (d->zoom != PANE_COUNT)
		d->zoom = PANE_COUNT;
	else if (d->find[d->focus][0])
		d->find[d->focus][0] = '\0';
	else if (d->focus == PANE_MESSAGE)
		d->focus = PANE_LADDER;
	else if (d->full != PANE_COUNT)
		desk_show(d, d->full);
	else if (d->focus != PANE_CALLS)
		d->focus = PANE_CALLS;
	else
		return false;

	return true;
}

/* ---- the mouse --------------------------------------------------------- */

void desk_click(struct desk *d, enum pane pane, int row, bool twice)
{
	ASSERT_UI();
	if (d->line.use != LINE_NONE)
		desk_leave(d);
	d->focus = pane;
	d->dirty = true;
	if (row >= 0)
		desk_row_set(d, pane, (unsigned)row);
	if (twice && row >= 0)
		desk_run(d, "default");
	desk_learn(d, false);
}

void desk_click_hint(struct desk *d, unsigned hint)
{
	struct hint v[HINTS_MAX];

	ASSERT_UI();
	if (hint < hints_now(d, v) && v[hint].line[0])
		desk_run(d, v[hint].line);
	desk_learn(d, false);
}

void desk_click_choice(struct desk *d, unsigned choice, bool twice)
{
	ASSERT_UI();
	if (choice >= d->pick.n)
		return;
	d->pick.sel = choice;
	d->pick.blank = false;
	d->dirty = true;
	if (twice)
		desk_enter(d, d->line.text);
}

void desk_wheel(struct desk *d, enum pane pane, int rows)
{
	const enum pane was = d->focus;

	ASSERT_UI();
	if (pane >= PANE_COUNT)
		return;
	/* the wheel looks, it does not choose whom a key would hit */
	if (pane == PANE_CALLS)
		return;
	d->focus = pane;
	desk_move(d, rows);
	d->focus = was;
}
