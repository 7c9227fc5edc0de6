/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/handlers.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "app/desk.h"
#include "app/nearest.h"
#include "app/say.h"
#include "base/text.h"

/* A line of a list: news for who reads along, a sentence for the console,
 * whose picture of things it must not touch */
static void list(struct app *app, struct event *ev)
{
	char text[SAY_MAX];

	if (!app->desk)
		app_news(app, ev, NEWS_LISTED);
	else if (say_event(text, sizeof(text), ev))
		app_tell(app, "%s", text);
}

int cmd_accounts(struct run *run, const struct cmdline *line)
{
	const struct model *m = &run->app->model;

	(void)line; /* no arguments */
	for (unsigned i = 0; i < m->accountc; i++) {
		struct event ev = {.type = EV_ACCOUNT,
				   .u.account = m->accounts[i]};

		list(run->app, &ev);
	}
	if (!m->accountc)
		app_tell(run->app, "There is no account.");

	return 0;
}

int cmd_calls(struct run *run, const struct cmdline *line)
{
	const struct model *m = &run->app->model;
	const struct call_info *c = model_selected(m);

	(void)line; /* no arguments */
	if (run->app->desk) {
		desk_show(run->app->desk, PANE_CALLS);
		return 0;
	}
	for (unsigned i = 0; i < m->callc; i++) {
		struct event ev = {.type = EV_CALL, .u.call = m->calls[i]};

		app_news(run->app, &ev, NEWS_LISTED);
	}
	if (c)
		app_tell(run->app, "Call %u is selected.", c->id);
	else if (model_calls_up(m))
		app_tell(run->app, "No call is selected.");
	else
		app_tell(run->app, "No call is up.");

	return 0;
}

int cmd_transfers(struct run *run, const struct cmdline *line)
{
	const struct model *m = &run->app->model;

	(void)line; /* no arguments */
	if (run->app->desk) {
		desk_show(run->app->desk, PANE_TRANSFERS);
		return 0;
	}
	for (unsigned i = 0; i < m->transferc; i++) {
		struct event ev = {.type = EV_TRANSFER,
				   .u.transfer = m->transfers[i]};

		app_news(run->app, &ev, NEWS_LISTED);
	}
	if (!m->transferc)
		app_tell(run->app, "There was no transfer.");

	return 0;
}

int cmd_select(struct run *run, const struct cmdline *line)
{
	model_select(&run->app->model, line->call);

	return 0;
}

int cmd_quit(struct run *run, const struct cmdline *line)
{
	(void)line; /* no arguments */
	run->app->quit = true;

	return 0;
}

static void help_set(struct app *app)
{
	const struct option *o;
	char range[80];

	for (unsigned i = 0; (o = option_row(i)); i++)
		app_tell(app, "%s %s: %s. It is %s.", o->name,
			 option_range(o, range, sizeof(range)), o->help,
			 *option_get(&app->options, o->name)
				 ? option_get(&app->options, o->name)
				 : "empty");
}

static void help_account(struct app *app)
{
	const char *name, *value, *help;

	for (unsigned i = 0; (name = account_param(i, &value, &help)); i++)
		app_tell(app, "%s=%s: %s.", name, value, help);
}

/* Does a bound line, "hold | resume", run this command first of all? */
static bool runs(const char *bound, const char *name)
{
	const size_t len = strlen(name);

	return strncmp(bound, name, len) == 0 &&
	       (!bound[len] || strncmp(bound + len, " | ", 3) == 0);
}

/* As they are bound now, not as they were made */
static void help_keys(struct app *app, const struct command *cmd)
{
	char keys[128] = "", name[32];

	for (unsigned i = 0; i < app->keymap.n; i++) {
		const struct binding *b = &app->keymap.v[i];
		const size_t at = strlen(keys);

		if (b->context == 0 && b->line && runs(b->line, cmd->name))
			snprintf(keys + at, sizeof(keys) - at, "%s%s",
				 at ? ", " : "",
				 key_format(&b->key, name, sizeof(name)));
	}
	if (keys[0])
		app_tell(app, "Keys: %s.", keys);
}

int cmd_help(struct run *run, const struct cmdline *line)
{
	const struct command *one = NULL;
	struct nearest near;
	char usage[128], hint[64];

	if (!line->arg[0] && run->app->desk) {
		desk_show(run->app->desk, PANE_HELP);
		return 0;
	}
	if (line->arg[0]) {
		one = command_find(line->arg[0]);
		nearest_init(&near, line->arg[0]);
		for (const struct command *c = commands; c->name; c++)
			nearest_try(&near, c->name);
		if (!one)
			return refuse(run, ENOENT, "there is no command %s%s",
				      line->arg[0],
				      nearest_hint(&near, hint, sizeof(hint)));
	}
	if (!one && run->app->desk) {
		desk_show(run->app->desk, PANE_HELP);
		return 0;
	}
	for (const struct command *c = commands; c->name; c++) {
		if (one && one != c)
			continue;
		app_tell(run->app, "%s: %s.",
			 command_usage(c, usage, sizeof(usage)), c->help);
	}
	if (one)
		help_keys(run->app, one);
	if (one && one->run == cmd_set)
		help_set(run->app);
	if (one && one->run == cmd_account)
		help_account(run->app);

	return 0;
}
