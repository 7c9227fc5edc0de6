/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "app/address.h"
#include "app/config.h"
#include "app/desk_priv.h"
#include "base/text.h"
#include "base/thread.h"

/*
 * The line at the bottom: commands, the picker of targets, the palette of
 * commands, searching, questions and digits.
 */

enum { QUESTION_MS = 5000, MATCHES = 48, RECENT = 8 };

void desk_open(struct desk *d, enum line_use use, const char *text)
{
	static const char *const leads[] = {
		[LINE_NONE] = "",          [LINE_COMMAND] = ":",
		[LINE_TARGET] = "to ",     [LINE_PALETTE] = "> ",
		[LINE_FIND] = "/",         [LINE_CONFIRM] = "",
		[LINE_DIGITS] = "digits ",
	};
	struct desk_line *l = &d->line;

	ASSERT_UI();
	l->use = use;
	text_clean(l->text, sizeof(l->text), text, strlen(text));
	/* a blank at the end waits for the next word, and is meant */
	if (text[0] && text[strlen(text) - 1] == ' ' &&
	    strlen(l->text) + 1 < sizeof(l->text) &&
	    (!l->text[0] || l->text[strlen(l->text) - 1] != ' '))
		strcat(l->text, " ");
	l->cursor = strlen(l->text);
	l->given = true;
	text_copy(l->lead, sizeof(l->lead), leads[use]);
	d->offers.n = 0;
	d->dirty = true;
	if (use == LINE_TARGET || use == LINE_PALETTE)
		desk_pick_again(d);
}

/* A theme is seen while its name is in the line, and stays with Enter */
static void try_theme(struct desk *d)
{
	char name[64], why[TEXT_MAX];
	const char *text = d->line.text;
	bool known = false;

	if (d->line.use == LINE_COMMAND && text_begins(text, "theme ")) {
		text += strlen("theme ");
		if (text_ncopy(name, sizeof(name), text, strcspn(text, " ")))
			name[0] = '\0';
		for (unsigned i = 0;
		     !known && config_theme_name(i, why, sizeof(why)); i++)
			known = strcmp(why, name) == 0;
	}
	if (known && !d->trying)
		d->theme_was = d->app->theme;
	if (!known && d->trying)
		d->app->theme = d->theme_was;
	d->trying = known;
	if (known && strcmp(d->app->theme.name, name) != 0)
		(void)config_theme(d->app, name, why, sizeof(why));
}

void desk_leave(struct desk *d)
{
	ASSERT_UI();
	if (d->line.use == LINE_FIND)
		d->find[d->focus][0] = '\0';
	memset(&d->line, 0, sizeof(d->line));
	try_theme(d);
	d->line.given = true;
	memset(&d->pick, 0, sizeof(d->pick));
	d->offers.n = 0;
	d->dirty = true;
}

void desk_confirm(struct desk *d, uint32_t call, const char *line,
		  const char *fmt, ...)
{
	char raw[TEXT_MAX];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(raw, sizeof(raw), fmt, ap);
	va_end(ap);
	desk_open(d, LINE_CONFIRM, line);
	text_clean(d->line.question, sizeof(d->line.question), raw,
		   strlen(raw));
	d->line.until_ms = d->now_ms + QUESTION_MS;
	d->line.call = call;
}

/* ---- asking for what a command lacks ------------------------------------ */

static enum arg_kind first_needed(const struct command *cmd)
{
	for (unsigned i = 0; i < COMMAND_ARGS && cmd->args[i]; i++) {
		if (arg_usage(cmd->args[i])[0] != '[')
			return cmd->args[i];
	}

	return ARG_END;
}

bool desk_lacks(const struct command *cmd)
{
	return first_needed(cmd) != ARG_END;
}

static void title(struct desk *d, const struct command *cmd, uint32_t call)
{
	const struct call_info *c = model_call(&d->app->model, call);
	char name[NAME_MAX_LEN];

	if (strcmp(cmd->name, "transfer") == 0 && c)
		snprintf(d->pick.title, sizeof(d->pick.title),
			 "Transfer %.100s to",
			 desk_name(d, c, name, sizeof(name)));
	else if (strcmp(cmd->name, "consult") == 0 && c)
		snprintf(d->pick.title, sizeof(d->pick.title), "Ask for %.100s",
			 desk_name(d, c, name, sizeof(name)));
	else
		snprintf(d->pick.title, sizeof(d->pick.title), "%s",
			 cmd->name[0] == 'd' ? "Call" : cmd->name);
}

void desk_ask(struct desk *d, const struct command *cmd, uint32_t call)
{
	char text[80];

	ASSERT_UI();
	switch (first_needed(cmd)) {
	case ARG_TARGET:
		memset(&d->pick, 0, sizeof(d->pick));
		d->pick.cmd = cmd;
		d->pick.call = call;
		title(d, cmd, call);
		desk_open(d, LINE_TARGET, "");
		break;
	case ARG_DIGITS:
		memset(&d->pick, 0, sizeof(d->pick));
		d->pick.cmd = cmd;
		d->pick.call = call;
		desk_open(d, LINE_DIGITS, "");
		break;
	default:
		snprintf(text, sizeof(text), "%s ", cmd->name);
		desk_open(d, LINE_COMMAND, text);
		break;
	}
}

/* ---- the picker -------------------------------------------------------- */

static struct choice *add(struct desk_pick *p)
{
	struct choice *c;

	if (p->n == CHOICES_MAX)
		return NULL;
	c = &p->v[p->n++];
	memset(c, 0, sizeof(*c));

	return c;
}

static void add_contact(struct desk *d, const struct contact *who,
			uint64_t marks)
{
	struct choice *c = add(&d->pick);

	if (!c)
		return;
	text_copy(c->text, sizeof(c->text), who->number);
	text_cut(c->name, sizeof(c->name), who->name);
	desk_number(who->number, c->number, sizeof(c->number));
	text_cut(c->note, sizeof(c->note),
		 who->department[0] ? who->department : who->note);
	c->lamp = desk_lamp(d, who->number);
	c->marks = marks;
}

static void add_typed(struct desk *d, const char *text)
{
	struct choice *c;
	const char *why;

	if (!text[0] || address_check(text, &why))
		return;
	c = add(&d->pick);
	if (!c)
		return;
	text_cut(c->text, sizeof(c->text), text);
	text_cut(c->number, sizeof(c->number), text);
	text_copy(c->note, sizeof(c->note), "as typed");
}

/* Nothing typed yet: whom calls went to lately, and who is on the line */
static void add_recent(struct desk *d)
{
	const struct call_info *for_whom =
		model_call(&d->app->model, d->pick.call);
	char his[NAME_MAX_LEN], own[NAME_MAX_LEN];

	for (unsigned i = 0; i < past_count(d->past) && d->pick.n < RECENT;
	     i++) {
		const struct past *p = past_at(d->past, i);
		const char *uri =
			p->kind == PAST_TRANSFER ? p->target : p->peer;
		const struct contact *who;
		bool twice = false;
		struct choice *c;

		/* nobody is sent to himself */
		if (for_whom &&
		    strcmp(desk_number(uri, his, sizeof(his)),
			   desk_number(for_whom->peer, own, sizeof(own))) == 0)
			continue;
		who = desk_contact(d, uri);
		for (unsigned k = 0; k < d->pick.n; k++)
			twice |= strcmp(d->pick.v[k].text,
					who ? who->number : uri) == 0;
		if (twice || (who && (add_contact(d, who, 0), true)))
			continue;
		c = add(&d->pick);
		text_copy(c->text, sizeof(c->text), uri);
		text_cut(c->name, sizeof(c->name),
			 p->kind == PAST_TRANSFER ? p->target_name : p->name);
		desk_number(uri, c->number, sizeof(c->number));
	}
}

/* A number that is dialled as it stands, or an address */
static bool is_number(const char *text)
{
	return text[0] && text[strspn(text, "+*#0123456789")] == '\0';
}

static void pick_targets(struct desk *d)
{
	struct match found[MATCHES];
	const char *text = d->line.text;
	struct directory *dir = d->app->directory;
	bool exact = false;
	unsigned n, matching;

	d->pick.n = 0;
	d->pick.all = dir ? directory_count(dir) : 0;
	if (!text[0])
		add_recent(d);
	/* whom one calls often may be meant, the first of the letters not */
	d->pick.blank = !text[0] && !d->pick.n;
	n = dir && !strpbrk(text, "@:")
		    ? directory_search(dir, text, found, MATCHES, &matching)
		    : 0;
	for (unsigned i = 0; i < n; i++)
		exact |= strcmp(directory_at(dir, found[i].index)->number,
				text) == 0;
	/* a whole number is meant as it is, unless it is somebody's */
	if (is_number(text) && !exact)
		add_typed(d, text);
	for (unsigned i = 0; i < n; i++) {
		const struct contact *who = directory_at(dir, found[i].index);
		bool twice = false;

		for (unsigned k = 0; k < d->pick.n; k++)
			twice |= strcmp(d->pick.v[k].text, who->number) == 0;
		if (!twice)
			add_contact(d, who, found[i].marks);
	}
	if (!is_number(text))
		add_typed(d, text);
}

/* The palette: the same, over all commands */
static void pick_commands(struct desk *d)
{
	int scores[CHOICES_MAX];
	struct key key;
	char why[TEXT_MAX];

	d->pick.n = 0;
	d->pick.all = 0;
	for (const struct command *cmd = commands; cmd->name; cmd++) {
		uint64_t marks = 0;
		int score = d->line.text[0]
				    ? match_subsequence(d->line.text, cmd->name,
							&marks)
				    : 0; /* nothing: all of them */
		struct choice c = {0};
		unsigned at;

		if (cmd->needs == NEEDS_SCRIPT)
			continue;
		d->pick.all++;
		if (score < 0) {
			score = match_subsequence(d->line.text, cmd->help,
						  NULL);
			/* its name counts more than what it does */
			score = score < 0 ? -1 : score / 4;
			marks = 0;
		}
		if (score < 0 || d->pick.n == CHOICES_MAX)
			continue;
		text_copy(c.text, sizeof(c.text), cmd->name);
		text_copy(c.name, sizeof(c.name), cmd->name);
		text_cut(c.note, sizeof(c.note), cmd->help);
		if (hint_key(d, 0, cmd->name, &key))
			key_format(&key, c.number, sizeof(c.number));
		c.marks = marks;
		c.lamp =
			command_refusal(d->app, cmd, command_meant(d->app, cmd),
					why, sizeof(why))
				? LAMP_AWAY
				: LAMP_NONE;
		for (at = d->pick.n; at && scores[at - 1] < score; at--) {
			scores[at] = scores[at - 1];
			d->pick.v[at] = d->pick.v[at - 1];
		}
		scores[at] = score;
		d->pick.v[at] = c;
		d->pick.n++;
	}
}

void desk_pick_again(struct desk *d)
{
	if (d->line.use == LINE_TARGET)
		pick_targets(d);
	else if (d->line.use == LINE_PALETTE)
		pick_commands(d);
	if (d->pick.sel >= d->pick.n)
		d->pick.sel = d->pick.n ? d->pick.n - 1 : 0;
}

void desk_typed(struct desk *d, const char *text, size_t cursor)
{
	struct desk_line *l = &d->line;
	const bool changed = strcmp(l->text, text) != 0;

	ASSERT_UI();
	if (l->use == LINE_NONE)
		return;
	text_cut(l->text, sizeof(l->text), text);
	l->cursor = cursor < strlen(l->text) ? cursor : strlen(l->text);
	d->dirty = true;
	if (!changed)
		return;
	d->pick.sel = 0;
	desk_pick_again(d);
	try_theme(d);
	if (l->use == LINE_FIND)
		text_cut(d->find[d->focus], sizeof(d->find[0]), text);
}

/* ---- Enter ------------------------------------------------------------- */

bool desk_choose(struct desk *d, const struct command *cmd)
{
	const struct desk_pick p = d->pick;
	char line[LEX_LINE_MAX], word[2 * URI_MAX];
	const char *target = p.n ? p.v[p.sel].text : d->line.text;

	if (p.blank || !target[0] || lex_quote(word, sizeof(word), target))
		return false;
	/* the directory knows it by its number now */
	if (p.call && cmd->args[0] == ARG_CALL_OPT)
		snprintf(line, sizeof(line), "%s %u %s", cmd->name, p.call,
			 word);
	else
		snprintf(line, sizeof(line), "%s %s", cmd->name, word);
	desk_leave(d);
	(void)app_line(d->app, line);

	return true;
}

static void enter_palette(struct desk *d)
{
	const struct command *cmd =
		d->pick.n ? command_find(d->pick.v[d->pick.sel].text) : NULL;

	desk_leave(d);
	if (cmd)
		desk_run(d, cmd->name);
}

void desk_enter(struct desk *d, const char *text)
{
	char line[LEX_LINE_MAX];
	enum line_use use = d->line.use;

	ASSERT_UI();
	text_cut(line, sizeof(line), text);
	desk_learn(d, true);
	switch (use) {
	case LINE_COMMAND:
		desk_leave(d);
		(void)app_line(d->app, line);
		break;
	case LINE_TARGET:
		(void)desk_choose(d, d->pick.cmd);
		break;
	case LINE_PALETTE:
		enter_palette(d);
		break;
	case LINE_FIND:
		memset(&d->line, 0, sizeof(d->line));
		d->line.given = true;
		desk_find(d, 1, true);
		break;
	default:
		desk_leave(d);
		break;
	}
	desk_learn(d, false);
	d->dirty = true;
}

void desk_paste(struct desk *d, const char *text)
{
	ASSERT_UI();
	/* pasted keys would run: pasted text waits for Enter */
	if (d->line.use == LINE_NONE)
		desk_open(d, LINE_COMMAND, text);
}
