/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/command.h"

#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "app/nearest.h"
#include "base/log.h"
#include "base/text.h"
#include "base/thread.h"

static const char *const usages[] = {
	[ARG_END] = "",
	[ARG_CALL_OPT] = "[N]",
	[ARG_ACCOUNT_OPT] = "[N]",
	[ARG_CODE_OPT] = "[CODE]",
	[ARG_CONTEXT_OPT] = "[-c CONTEXT]",
	[ARG_CALL] = "N",
	[ARG_TARGET] = "TARGET",
	[ARG_DIGITS] = "DIGITS",
	[ARG_OPTION] = "OPTION",
	[ARG_VALUE] = "VALUE",
	[ARG_KEY] = "KEY",
	[ARG_PALETTE] = "KEY",
	[ARG_ROLE] = "ROLE",
	[ARG_AOR] = "AOR",
	[ARG_FILE] = "FILE",
	[ARG_THEME] = "NAME",
	[ARG_EVENT] = "EVENT",
	[ARG_SECONDS] = "SECONDS",
	[ARG_COMMAND_OPT] = "[COMMAND]",
	[ARG_WORD] = "WORD",
	[ARG_HOOK] = "EVENT",
	[ARG_STYLE] = "STYLE",
	[ARG_SHELL] = "COMMAND",
	[ARG_LINE] = "COMMAND",
	[ARG_TEXT_OPT] = "[TEXT...]",
	[ARG_PARAMS] = "[PARAM=VALUE...]",
	[ARG_MATCHES] = "FIELD=VALUE...",
	[ARG_WAIT] = "[FIELD=VALUE...] [SECONDS]",
};

_Static_assert(sizeof(usages) / sizeof(usages[0]) == ARG_KIND_COUNT,
	       "a usage for each kind of argument");

const char *arg_usage(enum arg_kind kind)
{
	return usages[kind];
}

static bool optional(enum arg_kind kind)
{
	return usages[kind][0] == '[';
}

static bool takes_rest(enum arg_kind kind)
{
	return kind >= ARG_STYLE;
}

const struct command *command_find(const char *name)
{
	for (const struct command *c = commands; c->name; c++) {
		if (strcmp(c->name, name) == 0)
			return c;
	}

	return NULL;
}

const char *command_usage(const struct command *cmd, char *buf, size_t size)
{
	size_t at = (size_t)snprintf(buf, size, "%s", cmd->name);

	for (unsigned i = 0; i < COMMAND_ARGS && cmd->args[i]; i++)
		at += (size_t)snprintf(buf + at, size - at, " %s",
				       i && cmd->args[i] == ARG_CALL
					       ? "M"
					       : usages[cmd->args[i]]);

	return buf;
}

/* ---- taking a line apart --------------------------------------------- */

static int unknown(const char *name, char *why, size_t size)
{
	struct nearest near;
	char hint[64], shown[64];

	nearest_init(&near, name);
	for (const struct command *c = commands; c->name; c++)
		nearest_try(&near, c->name);
	text_clean(shown, sizeof(shown), name, strlen(name));
	snprintf(why, size, "there is no command %s%s", shown,
		 near.best ? nearest_hint(&near, hint, sizeof(hint))
			   : "; help lists them");

	return ENOENT;
}

static bool is_number(const char *s)
{
	uint32_t n;

	return text_u32(s, 1, UINT32_MAX, &n);
}

/* `reject 486`: a code, unless call 486 is there to be rejected */
static bool is_code(const struct app *app, const char *s)
{
	uint32_t n;

	return text_u32(s, 300, 699, &n) && !model_call(&app->model, n);
}

static bool fits(const struct cmdline *line, const struct app *app,
		 unsigned kind_at, const char *word, size_t spare)
{
	enum arg_kind kind = line->cmd->args[kind_at];

	switch (kind) {
	case ARG_CALL_OPT:
		if (line->cmd->args[kind_at + 1] == ARG_CODE_OPT &&
		    spare == 1 && is_code(app, word))
			return false;
		return is_number(word);
	case ARG_ACCOUNT_OPT:
		return is_number(word);
	case ARG_CONTEXT_OPT:
		return strcmp(word, "-c") == 0;
	default:
		return true;
	}
}

static int wrong_count(const struct cmdline *line, const char *what, char *why,
		       size_t size)
{
	char usage[128];

	snprintf(why, size, "%s; it is: %s", what,
		 command_usage(line->cmd, usage, sizeof(usage)));

	return EINVAL;
}

/* What is left of the line: one quoted word as it is, more words as typed. */
static int take_rest(struct cmdline *line, enum arg_kind last, size_t at,
		     char *why, size_t size)
{
	struct words *w = &line->words;
	size_t len = 0;

	line->restc = (unsigned)(w->n - at);
	line->restv = &w->v[at];
	if (line->restc == 1)
		return text_copy(line->rest, sizeof(line->rest), w->v[at]);

	for (size_t i = at; i < w->n; i++) {
		size_t room;

		if (i > at)
			line->rest[len++] = ' ';
		room = sizeof(line->rest) - len;
		/* a line is read once more, a style is not */
		if (last == ARG_LINE
			    ? lex_quote(line->rest + len, room - 1, w->v[i])
			    : text_copy(line->rest + len, room - 1, w->v[i])) {
			snprintf(why, size, "the line is too long");
			return EOVERFLOW;
		}
		len += strlen(line->rest + len);
	}

	return 0;
}

static int take_args(struct cmdline *line, const struct app *app, char *why,
		     size_t size)
{
	const struct command *cmd = line->cmd;
	struct words *w = &line->words;
	size_t at = 1, needed = 0;

	for (unsigned i = 0; i < COMMAND_ARGS && cmd->args[i]; i++)
		needed += !optional(cmd->args[i]);

	for (unsigned i = 0; i < COMMAND_ARGS && cmd->args[i]; i++) {
		enum arg_kind kind = cmd->args[i];
		size_t left = w->n - at;

		if (takes_rest(kind)) {
			if (!left && !optional(kind))
				break;
			int err = take_rest(line, kind, at, why, size);

			line->arg[i] = line->rest;
			needed = 0;
			at = w->n;
			if (err)
				return err;
			continue;
		}
		if (optional(kind)) {
			if (left <= needed ||
			    !fits(line, app, i, w->v[at], left - needed))
				continue;
			if (kind == ARG_CONTEXT_OPT)
				at++;
			if (at == w->n)
				break;
		} else {
			if (!left)
				break;
			needed--;
		}
		line->arg[i] = w->v[at++];
	}
	if (needed) {
		char what[96], given[48];

		text_clean(given, sizeof(given), w->v[w->n - 1],
			   strlen(w->v[w->n - 1]));
		snprintf(what, sizeof(what), "something is missing after %s",
			 given);
		return wrong_count(line, what, why, size);
	}
	if (at < w->n) {
		char what[96], word[48];

		text_clean(word, sizeof(word), w->v[at], strlen(w->v[at]));
		snprintf(what, sizeof(what), "'%s' is one word too many", word);
		return wrong_count(line, what, why, size);
	}

	return 0;
}

int command_parse(struct cmdline *line, const struct app *app, const char *text,
		  char *why, size_t size)
{
	const char *reason = "not a line";
	int err;

	memset(line->arg, 0, sizeof(line->arg));
	line->cmd = NULL;
	line->call = 0;
	line->restc = 0;
	line->restv = NULL;
	line->rest[0] = '\0';
	line->words.n = 0;

	err = lex_line(&line->words, text, &reason);
	if (err) {
		snprintf(why, size, "%s", reason);
		return err;
	}
	if (!line->words.n)
		return 0;

	line->cmd = command_find(line->words.v[0]);
	if (!line->cmd)
		return unknown(line->words.v[0], why, size);

	return take_args(line, app, why, size);
}

/* ---- may it run? ------------------------------------------------------ */

static bool ringing_in(const struct call_info *c)
{
	return c && c->dir == CALL_IN && c->state == CALL_RINGING;
}

static bool is_up(const struct call_info *c)
{
	return c->state == CALL_TALKING || c->state == CALL_HELD;
}

static const char *call_refusal(const struct app *app, enum needs needs,
				const struct call_info *c, char *buf,
				size_t size)
{
	const char *fmt = NULL;

	if (c->state == CALL_ENDED)
		fmt = "call %u has ended";
	else if (needs == NEEDS_RINGING && !ringing_in(c))
		fmt = c->dir == CALL_OUT ? "call %u is one you made"
					 : "call %u is answered already";
	else if (needs == NEEDS_TALKING && c->state == CALL_HELD)
		fmt = "call %u is on hold already";
	else if (needs == NEEDS_HELD && c->state == CALL_TALKING)
		fmt = "call %u is not on hold";
	else if ((needs == NEEDS_UP || needs == NEEDS_TALKING ||
		  needs == NEEDS_HELD) &&
		 !is_up(c))
		fmt = "call %u is not answered yet";
	else if (needs == NEEDS_CONSULT && !c->consult_of &&
		 !model_consult(&app->model, c->id))
		fmt = "there is no consultation for call %u; consult makes one";
	if (!fmt)
		return NULL;
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	snprintf(buf, size, fmt, c->id);
#pragma GCC diagnostic pop

	return buf;
}

const char *command_refusal(const struct app *app, const struct command *cmd,
			    uint32_t call, char *buf, size_t size)
{
	const struct call_info *c = model_call(&app->model, call);

	switch (cmd->needs) {
	case NEEDS_NOTHING:
	case NEEDS_COUNT:
		return NULL;
	case NEEDS_SCRIPT:
		return app->script ? NULL : "only scripts have it";
	case NEEDS_CONSOLE:
		return app->desk ? NULL : "only the console on a screen has it";
	case NEEDS_TRANSFER:
		/* its number may be a call's or a transfer's */
		if (call > app->model.last_call &&
		    call > app->model.last_transfer) {
			snprintf(buf, size, "there is no transfer %u", call);
			return buf;
		}
		if (call || model_pending(&app->model, 0))
			return NULL;
		return "no transfer is going on";
	default:
		break;
	}
	if (!call && cmd->needs == NEEDS_RINGING)
		return "no call is ringing";
	if (!call)
		return model_calls_up(&app->model)
			       ? "no call selected"
			       : "no call selected, and there is none";
	if (!c && call > app->model.last_call) {
		snprintf(buf, size, "there is no call %u", call);
		return buf;
	}
	/* made, but not heard of yet, or long gone: the engine knows */
	if (!c)
		return NULL;

	return call_refusal(app, cmd->needs, c, buf, size);
}

/* The call a line without a number means. */
uint32_t command_meant(const struct app *app, const struct command *cmd)
{
	const struct call_info *c = model_selected(&app->model);

	if (cmd->needs == NEEDS_RINGING && !ringing_in(c))
		c = model_ringing(&app->model);
	if (cmd->needs == NEEDS_TRANSFER) {
		const struct transfer_info *t;

		t = c ? model_pending(&app->model, c->id) : NULL;
		if (!t)
			t = model_pending(&app->model, 0);
		return t ? t->call : 0;
	}

	/* just made, and not heard of yet */
	if (!c && app->model.selected &&
	    !model_call(&app->model, app->model.selected))
		return app->model.selected;

	return c ? c->id : 0;
}

uint32_t command_call(const struct app *app, const struct cmdline *line)
{
	uint32_t n = 0;

	for (unsigned i = 0; i < COMMAND_ARGS; i++) {
		if (line->cmd->args[i] != ARG_CALL_OPT &&
		    line->cmd->args[i] != ARG_CALL)
			continue;
		if (!line->arg[i])
			return command_meant(app, line->cmd);
		if (!text_u32(line->arg[i], 1, UINT32_MAX, &n))
			n = UINT32_MAX;
		return n;
	}

	return 0;
}

/* ---- running ---------------------------------------------------------- */

int refuse(struct run *run, int err, const char *fmt, ...)
{
	char raw[2 * TEXT_MAX];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(raw, sizeof(raw), fmt, ap);
	va_end(ap);
	/* it quotes what was typed */
	text_clean(run->error, sizeof(run->error), raw, strlen(raw));

	return err;
}

int run_post(struct run *run, struct request *req)
{
	struct app *app = run->app;
	int err;

	if (app->dry)
		return 0;
	if (!app->port)
		return refuse(run, ENOTCONN, "the engine does not run");
	req->serial = run->serial;
	err = app->port->post(app->port->engine, req);
	if (err == EAGAIN)
		return refuse(run, err, "too much at once; try again");
	if (err)
		return refuse(run, err, "the engine has ended");
	run->posted = true;

	return 0;
}

/* Where it does not belong, or NULL.  A theme may come from anywhere and is
 * tried by looking at it: it must not be able to do anything. */
static const char *not_here(const struct run *run, const struct command *cmd)
{
	if (run->app->theming && strcmp(cmd->name, "palette") != 0 &&
	    strcmp(cmd->name, "color") != 0 && strcmp(cmd->name, "source") != 0)
		return "theme";
	if (run->origin && run->origin->config && !cmd->config)
		return "configuration";

	return NULL;
}

int command_run(struct run *run, const char *text)
{
	struct cmdline line;
	const char *why;
	char buf[TEXT_MAX], error[2 * TEXT_MAX] = "";
	int err;

	ASSERT_UI();
	run->error[0] = '\0';
	run->posted = false;
	err = command_parse(&line, run->app, text, error, sizeof(error));
	if (line.words.n)
		text_clean(run->command, sizeof(run->command), line.words.v[0],
			   strlen(line.words.v[0]));
	if (err)
		return refuse(run, err, "%s", error);
	if (!line.cmd)
		return 0;

	why = not_here(run, line.cmd);
	if (why)
		return refuse(run, EPERM, "it does not belong in a %s", why);
	line.call = command_call(run->app, &line);
	why = command_refusal(run->app, line.cmd, line.call, buf, sizeof(buf));
	if (why)
		return refuse(run, ENOENT, "%s", why);
	if (!line.cmd->run)
		return refuse(run, EPERM, "only scripts have it");

	return line.cmd->run(run, &line);
}
