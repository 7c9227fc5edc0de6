/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/handlers.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "app/alloc.h"
#include "app/config.h"
#include "app/desk.h"
#include "app/hook.h"
#include "app/nearest.h"
#include "base/file.h"
#include "base/log.h"
#include "base/text.h"

static void where(const struct run *run, char *buf, size_t size)
{
	buf[0] = '\0';
	if (run->origin)
		snprintf(buf, size, "%s:%u: ", run->origin->file,
			 run->origin->line);
}

static bool names_file(const char *option)
{
	return strcmp(option, "tls_ca") == 0 ||
	       strcmp(option, "tls_cert") == 0 ||
	       strcmp(option, "directory") == 0;
}

int cmd_set(struct run *run, const struct cmdline *line)
{
	struct app *app = run->app;
	const char *name = line->arg[0], *value = line->arg[1];
	struct request req = {0};
	char why[2 * TEXT_MAX], at[PATH_MAX_LEN];
	int err;

	if (strcmp(name, "theme") == 0) {
		err = config_theme(app, value, why, sizeof(why));
		if (err)
			return refuse(run, err, "%s", why);
	}
	if (value[0] && names_file(name)) {
		err = file_expand(at, sizeof(at), value);
		if (!err && access(at, R_OK))
			err = errno;
		if (err)
			return refuse(run, err, "%s: %s: %s", name, value,
				      strerror(err));
	}
	err = option_set(&app->options, name, value, why, sizeof(why));
	if (err)
		return refuse(run, err, "%s", why);

	if (strcmp(name, "keys") == 0)
		config_keys(app, option_get(&app->options, name));
	if (strcmp(name, "tls_verify") == 0 &&
	    !option_bool(&app->options, name)) {
		where(run, at, sizeof(at));
		log_warn("tls",
			 "%sTLS certificates are NOT checked: anybody in "
			 "between can listen and pretend to be the other end",
			 at);
	}
	if (strcmp(name, "directory") == 0 && app->directory)
		(void)directory_open(app->directory, value); /* it tells */
	/* before the start, app_start() posts what was set */
	if (app->port && option_request(&app->options, name, &req))
		return run_post(run, &req);

	return 0;
}

int cmd_account(struct run *run, const struct cmdline *line)
{
	struct app *app = run->app;
	struct account_draft draft;
	struct request req = {.type = REQ_ACCOUNT};
	struct app_account *a;
	char why[2 * TEXT_MAX];
	int err;

	err = account_begin(&draft, line->arg[0], why, sizeof(why));
	for (unsigned i = 0; !err && i < line->restc; i++)
		err = account_set(&draft, line->restv[i], why, sizeof(why));
	if (err)
		return refuse(run, err, "%s", why);

	if (app->port) {
		err = account_secret(&draft, why, sizeof(why));
		if (err)
			return refuse(run, err, "%s", why);
		req.u.account = draft.prm;
		err = run_post(run, &req);
		secret_wipe(&draft, sizeof(draft));
		secret_wipe(&req, sizeof(req));
		return err;
	}
	if (app->dry) {
		err = account_check(&draft, why, sizeof(why));
		if (err)
			return refuse(run, err, "%s", why);
	}
	app->accounts = alloc_grow(app->accounts, app->accountc + 1,
				   sizeof(*app->accounts));
	a = &app->accounts[app->accountc++];
	a->draft = draft;
	where(run, a->where, sizeof(a->where));

	return 0;
}

static int bind_context(struct run *run, const char *name, unsigned *contextp)
{
	struct nearest near;
	char hint[64];
	const char *c;

	*contextp = 0;
	if (!name || key_context_find(contextp, name))
		return 0;
	nearest_init(&near, name);
	for (unsigned i = 0; (c = key_context(i, NULL)); i++)
		nearest_try(&near, c);

	return refuse(run, ENOENT, "there is no context %s%s", name,
		      nearest_hint(&near, hint, sizeof(hint)));
}

static int bind_command(struct run *run, const char *name)
{
	struct nearest near;
	char hint[64];

	if (!name || strcmp(name, "|") == 0)
		return refuse(run, EINVAL, "the command is empty");
	if (command_find(name))
		return 0;
	nearest_init(&near, name);
	for (const struct command *c = commands; c->name; c++)
		nearest_try(&near, c->name);

	return refuse(run, ENOENT, "there is no command %s%s", name,
		      nearest_hint(&near, hint, sizeof(hint)));
}

/* A key runs what could be typed; arguments may still be asked for.  Several
 * are parted by |: the first that can run, runs. */
static int bind_line(struct run *run, const char *text)
{
	struct words w;
	const char *why = "not a line";
	int err = lex_line(&w, text, &why);

	if (err)
		return refuse(run, err, "%s", why);
	err = bind_command(run, w.v[0]);
	for (size_t i = 0; !err && i < w.n; i++) {
		if (strcmp(w.v[i], "|") == 0)
			err = bind_command(run, w.v[i + 1]);
	}

	return err;
}

int cmd_bind(struct run *run, const struct cmdline *line)
{
	bool none = strcmp(line->arg[2], "none") == 0;
	char name[32], at[PATH_MAX_LEN];
	struct key key;
	unsigned context;
	int err;

	err = bind_context(run, line->arg[0], &context);
	if (err)
		return err;
	if (!key_parse(&key, line->arg[1]))
		return refuse(run, EINVAL,
			      "'%s' is no key; keys are x, Enter, F4, C-t, "
			      "M-a, S-Tab ...",
			      line->arg[1]);
	err = none ? 0 : bind_line(run, line->arg[2]);
	if (err)
		return err;
	if (keymap_bind(&run->app->keymap, context, &key,
			none ? NULL : line->arg[2],
			!run->origin || !run->origin->preset) &&
	    run->origin) {
		where(run, at, sizeof(at));
		log_warn("keys", "%s%s is bound twice; this line counts", at,
			 key_format(&key, name, sizeof(name)));
	}

	return 0;
}

int cmd_hook(struct run *run, const struct cmdline *line)
{
	const char *name = line->arg[0], *command = line->rest;
	struct nearest near;
	char hint[64];

	if (!command[0])
		return refuse(run, EINVAL, "the command is empty");
	if (strcmp(command, "none") == 0)
		command = NULL;
	if (!hook_set(run->app->hooks, name, command))
		return 0;
	nearest_init(&near, name);
	for (unsigned i = 0; hook_event(i, NULL); i++)
		nearest_try(&near, hook_event(i, NULL));

	return refuse(run, ENOENT, "there is no event %s%s", name,
		      near.best ? nearest_hint(&near, hint, sizeof(hint))
				: "; ringing, answered, ended, transferred "
				  "and failed are");
}

int cmd_import(struct run *run, const struct cmdline *line)
{
	char why[PATH_MAX_LEN + TEXT_MAX];
	int err;

	if (!run->app->directory)
		return refuse(run, ENOENT, "there is no directory here");
	err = directory_import(run->app->directory, line->arg[0], why,
			       sizeof(why));
	if (err)
		return refuse(run, err, "%s", why);
	if (run->app->desk)
		desk_note(run->app->desk, LOG_INFO, "%s", why);
	else
		app_tell(run->app, "%s", why);

	return 0;
}

int cmd_palette(struct run *run, const struct cmdline *line)
{
	char why[2 * TEXT_MAX];
	int err = theme_palette(&run->app->theme, line->arg[0], line->arg[1],
				why, sizeof(why));

	return err ? refuse(run, err, "%s", why) : 0;
}

int cmd_color(struct run *run, const struct cmdline *line)
{
	char why[2 * TEXT_MAX];
	int err = theme_color(&run->app->theme, line->arg[0], line->rest, why,
			      sizeof(why));

	return err ? refuse(run, err, "%s", why) : 0;
}

int cmd_source(struct run *run, const struct cmdline *line)
{
	bool config = run->origin && run->origin->config;
	char why[2 * TEXT_MAX];
	int err =
		config_source(run->app, line->arg[0], config, why, sizeof(why));

	return err ? refuse(run, err, "%s", why) : 0;
}

int cmd_theme(struct run *run, const struct cmdline *line)
{
	struct app *app = run->app;
	const char *name = line->arg[0];
	char why[2 * TEXT_MAX], next[64];
	int err;

	if (strcmp(name, "next") == 0) {
		config_theme_next(app->theme.name, next, sizeof(next));
		name = next;
	}
	err = config_theme(app, name, why, sizeof(why));
	if (err)
		return refuse(run, err, "%s", why);

	return option_set(&app->options, "theme", name, run->error,
			  sizeof(run->error));
}
