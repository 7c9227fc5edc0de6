/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/app.h"

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/alloc.h"
#include "app/command.h"
#include "app/config.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/text.h"
#include "base/thread.h"

void app_init(struct app *app)
{
	char why[TEXT_MAX];

	memset(app, 0, sizeof(*app));
	model_init(&app->model);
	options_init(&app->options);
	app->hooks = hooks_new();
	keymap_init(&app->keymap);
	config_keys(app, "default");
	theme_init(&app->theme);
	(void)config_theme(app, "terminal", why, sizeof(why)); /* built in */
}

void app_done(struct app *app)
{
	model_done(&app->model);
	options_done(&app->options);
	keymap_done(&app->keymap);
	if (app->accounts)
		secret_wipe(app->accounts,
			    app->accountc * sizeof(*app->accounts));
	free(app->accounts);
	free(app->pending);
	hooks_free(app->hooks);
	memset(app, 0, sizeof(*app));
}

/* ---- what goes down --------------------------------------------------- */

struct pending *app_pending(struct app *app, uint32_t serial,
			    const char *command)
{
	struct pending *p;

	app->pending = alloc_grow(app->pending, app->pendingc + 1,
				  sizeof(*app->pending));
	p = &app->pending[app->pendingc++];
	*p = (struct pending){.serial = serial};
	text_cut(p->command, sizeof(p->command), command);

	return p;
}

uint32_t app_request(struct app *app, struct request *req)
{
	assert(app->port);
	req->serial = app->port->serial(app->port->engine);

	return app->port->post(app->port->engine, req) ? 0 : req->serial;
}

static void start_options(struct app *app)
{
	const struct option *o;

	for (unsigned i = 0; (o = option_row(i)); i++) {
		struct request req = {0};
		uint32_t serial;

		if (!option_given(&app->options, o->name) ||
		    !option_request(&app->options, o->name, &req))
			continue;
		serial = app_request(app, &req);
		if (serial)
			app_pending(app, serial, o->name);
	}
}

void app_start(struct app *app, const struct port *port)
{
	ASSERT_UI();
	app->port = port;
	start_options(app);
	for (unsigned i = 0; i < app->accountc; i++) {
		struct request req = {.type = REQ_ACCOUNT};
		struct app_account *a = &app->accounts[i];
		uint32_t serial;
		struct pending *p;

		req.u.account = a->draft.prm;
		serial = app_request(app, &req);
		secret_wipe(&req, sizeof(req));
		secret_wipe(&a->draft, sizeof(a->draft));
		if (!serial)
			continue;
		app->posted++;
		p = app_pending(app, serial, "account");
		text_copy(p->where, sizeof(p->where), a->where);
	}
	free(app->accounts);
	app->accounts = NULL;
	app->accountc = 0;
}

int app_secrets(struct app *app, char *why, size_t size)
{
	char reason[2 * TEXT_MAX];
	int err;

	for (unsigned i = 0; i < app->accountc;) {
		struct app_account *a = &app->accounts[i];

		err = account_secret(&a->draft, reason, sizeof(reason));
		if (!err) {
			i++;
			continue;
		}
		if (!a->where[0]) {
			snprintf(why, size, "%s: %s", a->draft.prm.aor, reason);
			return err;
		}
		app->errors++;
		log_error("config", "%saccount: %s", a->where, reason);
		memmove(a, a + 1, (app->accountc - i - 1) * sizeof(*a));
		app->accountc--;
	}

	return 0;
}

int app_add_account(struct app *app, const char *text, char *why, size_t size)
{
	struct account_draft draft;
	int err = account_parse(&draft, text, why, size);

	if (err)
		return err;
	app->accounts = alloc_grow(app->accounts, app->accountc + 1,
				   sizeof(*app->accounts));
	app->accounts[app->accountc] = (struct app_account){.draft = draft};
	app->accountc++;

	return 0;
}

uint32_t app_line(struct app *app, const char *line)
{
	struct run run = {.app = app};
	struct event ev = {.type = EV_REPLY};
	struct reply_info *r = &ev.u.reply;
	int err;

	assert(app->port);
	run.serial = app->port->serial(app->port->engine);
	err = command_run(&run, line);
	if (!err && !run.command[0])
		return 0;
	if (run.posted) {
		app_pending(app, run.serial, run.command)->typed = true;
		return run.serial;
	}
	r->serial = run.serial;
	r->err = err;
	text_cut(r->command, sizeof(r->command), run.command);
	text_cut(r->error, sizeof(r->error), run.error);
	app_news(app, &ev, NEWS_SHOWN);

	return run.serial;
}

unsigned app_waiting(const struct app *app)
{
	unsigned n = 0;

	for (unsigned i = 0; i < app->pendingc; i++)
		n += app->pending[i].typed;

	return n;
}

/* ---- what comes up ----------------------------------------------------- */

void app_news(struct app *app, struct event *ev, enum news news)
{
	ev->t = clock_since_start();
	if (app->newsh)
		app->newsh(ev, news, app->arg);
}

void app_tell(struct app *app, const char *fmt, ...)
{
	struct event ev = {.type = EV_LOG};
	struct log_info *l = &ev.u.log;
	char raw[sizeof(l->text)];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(raw, sizeof(raw), fmt, ap);
	va_end(ap);
	l->level = LOG_INFO;
	text_copy(l->tag, sizeof(l->tag), "help");
	text_clean(l->text, sizeof(l->text), raw, strlen(raw));
	app_news(app, &ev, NEWS_LISTED);
}

void app_log(enum log_level level, const char *tag, const char *text, void *arg)
{
	struct event ev = {.type = EV_LOG};

	ev.u.log.level = (int)level;
	text_cut(ev.u.log.tag, sizeof(ev.u.log.tag), tag);
	text_cut(ev.u.log.text, sizeof(ev.u.log.text), text);
	app_news(arg, &ev, NEWS_SHOWN);
}

/* The reply as the one who typed the line knows it, or quietly. */
static enum news answered(struct app *app, struct reply_info *r)
{
	struct pending p;
	unsigned i = 0;

	while (i < app->pendingc && app->pending[i].serial != r->serial)
		i++;
	if (i == app->pendingc)
		return NEWS_QUIET;
	p = app->pending[i];
	memmove(&app->pending[i], &app->pending[i + 1],
		(app->pendingc - i - 1) * sizeof(p));
	app->pendingc--;
	text_copy(r->command, sizeof(r->command), p.command);
	if (p.typed)
		return NEWS_SHOWN;
	if (r->err) {
		app->errors++;
		app->posted -= app->posted && strcmp(p.command, "account") == 0;
		log_error("config", "%s%s: %s", p.where, p.command, r->error);
	}

	return NEWS_QUIET;
}

void app_event(struct app *app, const struct event *ev)
{
	enum news news = NEWS_SHOWN;
	struct event shown;

	ASSERT_UI();
	hooks_news(app->hooks, app, ev);
	model_apply(&app->model, ev);
	if (ev->type == EV_REPLY) {
		shown = *ev;
		news = answered(app, &shown.u.reply);
		ev = &shown;
	}
	if (app->newsh)
		app->newsh(ev, news, app->arg);
}
