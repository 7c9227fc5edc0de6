/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "app/desk_priv.h"
#include "app/handlers.h"
#include "base/file.h"
#include "base/text.h"

/* Commands about the screen.  Those with NEEDS_CONSOLE have a desk. */

enum { PAGE_ROWS = 10, END_ROWS = 1000000 };

static struct desk *desk(const struct run *run)
{
	return run->app->desk;
}

int cmd_back(struct run *run, const struct cmdline *line)
{
	(void)line;                 /* no arguments */
	(void)desk_back(desk(run)); /* nothing to close: nothing happens */

	return 0;
}

int cmd_command(struct run *run, const struct cmdline *line)
{
	desk_open(desk(run), LINE_COMMAND, line->rest);

	return 0;
}

int cmd_commands(struct run *run, const struct cmdline *line)
{
	(void)line; /* no arguments */
	desk_open(desk(run), LINE_PALETTE, "");

	return 0;
}

static int run_line(struct run *run, const char *text)
{
	struct run inner = {.app = run->app, .serial = run->serial};
	int err = command_run(&inner, text);

	run->posted = inner.posted;
	if (err)
		return refuse(run, err, "%s", inner.error);

	return 0;
}

/* Ask whom to call, with this one in the line already */
static void pick(struct desk *d, const char *text)
{
	const struct call_info *c = model_selected(&d->app->model);
	const bool up =
		c && (c->state == CALL_TALKING || c->state == CALL_HELD);

	desk_ask(d, command_find(up ? "transfer" : "dial"), up ? c->id : 0);
	desk_open(d, LINE_TARGET, text);
}

/* One of the ways out of a failure, or what Enter stands for */
static int next(struct run *run)
{
	struct desk *d = desk(run);
	const struct tale *t = desk_failure(d);
	struct hint v[HINTS_MAX];
	const unsigned n = hints_recovery(d, v);
	const unsigned at = desk_row(d, PANE_TRANSFERS);
	char line[TEXT_MAX];

	if (d->focus == PANE_TRANSFERS && t && at < n &&
	    strcmp(v[at].line, "default") != 0) {
		model_select(&run->app->model, t->info.call);
		desk_run(d, v[at].line);
		return 0;
	}

	return desk_next(d, line, sizeof(line))[0] ? run_line(run, line) : 0;
}

int cmd_default(struct run *run, const struct cmdline *line)
{
	struct desk *d = desk(run);
	const unsigned at = desk_row(d, d->focus);
	const struct past *p;

	(void)line; /* no arguments */
	switch (d->focus) {
	case PANE_DIRECTORY:
		if (at != DESK_NO_ROW)
			pick(d, directory_at(run->app->directory, at)->number);
		return 0;
	case PANE_LADDER:
		d->focus = PANE_MESSAGE;
		return 0;
	case PANE_MESSAGE:
		d->focus = PANE_LADDER;
		return 0;
	case PANE_HISTORY:
		p = at == DESK_NO_ROW ? NULL : past_at(d->past, at);
		if (p)
			pick(d, p->kind == PAST_TRANSFER ? p->target : p->peer);
		return 0;
	case PANE_HELP:
		desk_show(d, PANE_HELP);
		return 0;
	case PANE_TRACE:
	case PANE_LOG:
		return 0;
	default:
		return next(run);
	}
}

int cmd_directory(struct run *run, const struct cmdline *line)
{
	(void)line; /* no arguments */
	desk_show(desk(run), PANE_DIRECTORY);

	return 0;
}

int cmd_find(struct run *run, const struct cmdline *line)
{
	struct desk *d = desk(run);

	if (!line->rest[0]) {
		desk_open(d, LINE_FIND, "");
		return 0;
	}
	text_cut(d->find[d->focus], sizeof(d->find[0]), line->rest);
	(void)desk_find(d, 1, true); /* told when there is none */

	return 0;
}

int cmd_next(struct run *run, const struct cmdline *line)
{
	(void)line; /* no arguments */
	(void)desk_find(desk(run), 1, false);

	return 0;
}

int cmd_previous(struct run *run, const struct cmdline *line)
{
	(void)line; /* no arguments */
	(void)desk_find(desk(run), -1, false);

	return 0;
}

int cmd_focus(struct run *run, const struct cmdline *line)
{
	struct desk *d = desk(run);
	enum pane pane;

	if (strcmp(line->arg[0], "next") == 0)
		desk_focus(d, 1);
	else if (strcmp(line->arg[0], "previous") == 0)
		desk_focus(d, -1);
	else if (pane_find(&pane, line->arg[0]))
		desk_show(d, pane);
	else
		return refuse(run, ENOENT,
			      "there is no pane %s: next, previous, calls, "
			      "transfers, directory, ladder, trace, log, "
			      "history, help",
			      line->arg[0]);

	return 0;
}

int cmd_follow(struct run *run, const struct cmdline *line)
{
	struct desk *d = desk(run);

	(void)line; /* no arguments */
	if (d->focus == PANE_LADDER || d->focus == PANE_TRACE ||
	    d->focus == PANE_LOG)
		d->row[d->focus] = 0;
	else
		desk_move(d, END_ROWS);
	d->dirty = true;

	return 0;
}

int cmd_history(struct run *run, const struct cmdline *line)
{
	(void)line; /* no arguments */
	desk_show(desk(run), PANE_HISTORY);

	return 0;
}

int cmd_keys(struct run *run, const struct cmdline *line)
{
	struct desk *d = desk(run);

	(void)line; /* no arguments */
	d->all_keys = !d->all_keys;
	d->scroll[PANE_HELP] = 0;
	if (d->full != PANE_HELP)
		desk_show(d, PANE_HELP);

	return 0;
}

int cmd_ladder(struct run *run, const struct cmdline *line)
{
	struct desk *d = desk(run);
	uint32_t call = line->call;

	if (!call && d->talec)
		call = d->tales[d->talec - 1].info.call;
	if (!call)
		call = run->app->model.last_call;
	if (!call)
		return refuse(run, ENOENT, "there was no call yet");
	if (d->full == PANE_LADDER && d->ladder == call) {
		desk_show(d, PANE_LADDER);
		return 0;
	}
	d->ladder = call;
	d->row[PANE_LADDER] = 0;
	if (d->full == PANE_LADDER)
		d->focus = PANE_LADDER;
	else
		desk_show(d, PANE_LADDER);

	return 0;
}

int cmd_log(struct run *run, const struct cmdline *line)
{
	(void)line; /* no arguments */
	desk_show(desk(run), PANE_LOG);

	return 0;
}

int cmd_trace(struct run *run, const struct cmdline *line)
{
	(void)line; /* no arguments */
	desk_show(desk(run), PANE_TRACE);

	return 0;
}

int cmd_move(struct run *run, const struct cmdline *line)
{
	static const struct {
		const char *name;
		int rows;
	} moves[] = {
		{"up", -1},
		{"down", 1},
		{"page-up", -PAGE_ROWS},
		{"page-down", PAGE_ROWS},
		{"first", -END_ROWS},
		{"last", END_ROWS},
	};

	for (unsigned i = 0; i < sizeof(moves) / sizeof(moves[0]); i++) {
		if (strcmp(line->arg[0], moves[i].name) == 0) {
			desk_move(desk(run), moves[i].rows);
			return 0;
		}
	}

	return refuse(run, EINVAL,
		      "it is up, down, page-up, page-down, first or last, "
		      "not %s",
		      line->arg[0]);
}

/* Numbers of calls are never used again, so they grow; their last digit is
 * a key.  Pressed again it goes to the next that ends so. */
int cmd_nth(struct run *run, const struct cmdline *line)
{
	struct model *m = &run->app->model;
	uint32_t digit, first = 0, after = 0;

	if (!text_u32(line->arg[0], 0, 9, &digit))
		return refuse(run, EINVAL, "it is a digit, not %s",
			      line->arg[0]);
	for (unsigned i = 0; i < m->callc; i++) {
		const struct call_info *c = &m->calls[i];

		if (c->state == CALL_ENDED || c->id % 10 != digit)
			continue;
		if (!first)
			first = c->id;
		if (!after && c->id > m->selected && m->selected &&
		    m->selected % 10 == digit)
			after = c->id;
	}
	if (!first)
		return refuse(run, ENOENT, "no call's number ends in %u",
			      digit);
	model_select(m, after ? after : first);
	desk(run)->focus = PANE_CALLS;
	desk(run)->zoom = PANE_COUNT;
	desk(run)->dirty = true;

	return 0;
}

int cmd_redraw(struct run *run, const struct cmdline *line)
{
	(void)line; /* no arguments */
	desk(run)->repaint = true;

	return 0;
}

/* While the program is stopped nothing answers for its calls */
int cmd_suspend(struct run *run, const struct cmdline *line)
{
	struct desk *d = desk(run);
	const unsigned n = model_calls_up(&run->app->model);

	(void)line; /* no arguments */
	if (n && !d->sure)
		desk_confirm(d, 0, "suspend",
			     "stop? SIP stops too: %u call%s would go silent "
			     "and be lost  y/n",
			     n, n == 1 ? "" : "s");
	else
		d->suspend = true;

	return 0;
}

/* The last transfer of the call, or the one it came back from */
static const struct tale *tale_of(const struct desk *d, uint32_t call)
{
	const struct tale *t = desk_tale_of(d, call);
	const struct desk_call *k = desk_call(d, call);

	if (!t && k && k->returned)
		t = desk_tale(d, k->returned);

	return t && t->info.outcome != OUTCOME_NONE ? t : NULL;
}

int cmd_retry(struct run *run, const struct cmdline *line)
{
	const struct tale *t =
		desk(run) ? tale_of(desk(run), line->call) : NULL;
	char text[URI_MAX + 64], word[URI_MAX];

	if (!t)
		return refuse(run, ENOENT, "no transfer of call %u was tried",
			      line->call);
	if (lex_quote(word, sizeof(word), t->info.target))
		return refuse(run, EOVERFLOW, "its target is too long");
	/* who was to be talked to first, still is */
	snprintf(text, sizeof(text), "%s %u %s",
		 t->info.kind == KIND_BLIND ? "transfer" : "consult",
		 line->call, word);

	return run_line(run, text);
}

int cmd_voicemail(struct run *run, const struct cmdline *line)
{
	const char *form = option_get(&run->app->options, "voicemail");
	const struct tale *t =
		desk(run) ? tale_of(desk(run), line->call) : NULL;
	const char *at = strstr(form, "{}");
	char target[URI_MAX], word[URI_MAX], text[URI_MAX + 64];

	if (!form[0])
		return refuse(run, ENOENT,
			      "say where it is: set voicemail TARGET, {} "
			      "stands for the number");
	if (!t)
		return refuse(run, ENOENT,
			      "call %u was not transferred to anybody",
			      line->call);
	if (at)
		snprintf(target, sizeof(target), "%.*s%s%s", (int)(at - form),
			 form, t->number, at + 2);
	else
		text_cut(target, sizeof(target), form);
	if (lex_quote(word, sizeof(word), target))
		return refuse(run, EOVERFLOW, "the target is too long");
	snprintf(text, sizeof(text), "transfer %u %s", line->call, word);

	return run_line(run, text);
}

int cmd_save(struct run *run, const struct cmdline *line)
{
	struct desk *d = desk(run);
	uint64_t dialogs[16];
	unsigned n, saved;
	char path[PATH_MAX_LEN], why[TEXT_MAX];
	int err;

	if (!d->ladder)
		return refuse(run, ENOENT, "no ladder was opened yet");
	n = desk_dialogs(d, d->ladder, dialogs, 16);
	if (file_expand(path, sizeof(path), line->arg[0]))
		return refuse(run, EINVAL, "the name of the file is too long");
	err = siplog_save(d->sip, dialogs, n, path, &saved, why, sizeof(why));
	if (err)
		return refuse(run, err, "%s", why);
	desk_note(d, LOG_INFO, "%u messages written to %s", saved, path);

	return 0;
}

int cmd_silence(struct run *run, const struct cmdline *line)
{
	struct desk_call *k =
		desk(run) ? desk_call_edit(desk(run), line->call) : NULL;

	if (k) {
		k->silenced = true;
		desk(run)->dirty = true;
	}

	return 0;
}

int cmd_toggle(struct run *run, const struct cmdline *line)
{
	const struct option *o = option_find(line->arg[0]);
	char text[80];

	if (!o || o->type != OPTION_BOOL)
		return refuse(run, EINVAL, "%s is no on/off option",
			      line->arg[0]);
	snprintf(text, sizeof(text), "set %s %s", o->name,
		 option_bool(&run->app->options, o->name) ? "off" : "on");

	return run_line(run, text);
}

int cmd_zoom(struct run *run, const struct cmdline *line)
{
	struct desk *d = desk(run);

	(void)line; /* no arguments */
	d->zoom = d->zoom == PANE_COUNT ? d->focus : PANE_COUNT;
	d->dirty = true;

	return 0;
}
