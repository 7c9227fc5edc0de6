/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/complete.h"

#include <stdio.h>
#include <string.h>

#include "app/command.h"
#include "app/config.h"
#include "app/fields.h"
#include "app/hook.h"
#include "base/lex.h"
#include "base/text.h"

static void offer(struct candidates *c, const char *prefix, const char *text,
		  const char *help)
{
	struct candidate *v = &c->v[c->n];

	if (c->n == CANDIDATES_MAX || !text_begins(text, prefix))
		return;
	if (text_copy(v->text, sizeof(v->text), text))
		return;
	text_cut(v->help, sizeof(v->help), help);
	c->n++;
}

static void offer_commands(struct candidates *c, const struct app *app,
			   const char *prefix)
{
	for (const struct command *cmd = commands; cmd->name; cmd++) {
		if ((cmd->needs != NEEDS_SCRIPT || app->script) &&
		    (cmd->needs != NEEDS_CONSOLE || app->desk))
			offer(c, prefix, cmd->name, cmd->help);
	}
}

static void offer_calls(struct candidates *c, const struct app *app,
			const char *prefix)
{
	char number[16], help[NAME_MAX_LEN];

	for (unsigned i = 0; i < app->model.callc; i++) {
		const struct call_info *call = &app->model.calls[i];

		if (call->state == CALL_ENDED)
			continue;
		snprintf(number, sizeof(number), "%u", call->id);
		snprintf(help, sizeof(help), "%s %s",
			 call_state_name(call->state),
			 call->name[0] ? call->name : call->peer);
		offer(c, prefix, number, help);
	}
}

/* Who is or was on the line is who is often meant again. */
static void offer_targets(struct candidates *c, const struct app *app,
			  const char *prefix)
{
	for (unsigned i = app->model.callc; i-- > 0;) {
		const struct call_info *call = &app->model.calls[i];
		bool twice = false;

		for (unsigned k = 0; k < c->n; k++)
			twice |= strcmp(c->v[k].text, call->peer) == 0;
		if (!twice)
			offer(c, prefix, call->peer, call->name);
	}
}

/* A name that two have stands for none of them: then it is the number. */
static bool has_twin(const struct directory *d, unsigned i)
{
	const struct contact *c = directory_at(d, i);
	const struct contact *before = i ? directory_at(d, i - 1) : NULL;
	const struct contact *after = directory_at(d, i + 1);

	return (before && strcmp(before->name, c->name) == 0) ||
	       (after && strcmp(after->name, c->name) == 0);
}

static void offer_directory(struct candidates *c, const struct app *app,
			    const char *prefix)
{
	const struct directory *d = app->directory;
	struct match v[CANDIDATES_MAX];
	unsigned n, all;

	if (!d)
		return;
	n = directory_search(d, prefix, v, CANDIDATES_MAX - c->n, &all);
	for (unsigned i = 0; i < n; i++) {
		const struct contact *who = directory_at(d, v[i].index);

		if (v[i].how == MATCH_NUMBER)
			offer(c, prefix, who->number, who->name);
		else if (v[i].how == MATCH_WORD && has_twin(d, v[i].index))
			offer(c, "", who->number, who->name);
		else if (v[i].how == MATCH_WORD)
			offer(c, "", who->name, who->number);
	}
}

static void offer_accounts(struct candidates *c, const struct app *app,
			   const char *prefix)
{
	char number[16];

	for (unsigned i = 0; i < app->model.accountc; i++) {
		snprintf(number, sizeof(number), "%u",
			 app->model.accounts[i].id);
		offer(c, prefix, number, app->model.accounts[i].aor);
	}
}

static void offer_options(struct candidates *c, const char *prefix)
{
	const struct option *o;

	for (unsigned i = 0; (o = option_row(i)); i++)
		offer(c, prefix, o->name, o->help);
}

static void offer_themes(struct candidates *c, const char *prefix)
{
	char name[64];

	for (unsigned i = 0; config_theme_name(i, name, sizeof(name)); i++)
		offer(c, prefix, name, "");
}

static void offer_values(struct candidates *c, const char *name,
			 const char *prefix)
{
	const struct option *o = option_find(name);
	char words[128], *save = NULL;

	if (!o)
		return;
	if (strcmp(name, "theme") == 0)
		offer_themes(c, prefix);
	text_copy(words, sizeof(words),
		  o->type == OPTION_BOOL ? "on off"
		  : o->choices           ? o->choices
					 : "");
	for (char *w = strtok_r(words, " ", &save); w;
	     w = strtok_r(NULL, " ", &save))
		offer(c, prefix, w, strcmp(w, o->def) == 0 ? "default" : "");
}

static void offer_params(struct candidates *c, const char *prefix)
{
	const char *name, *value, *help;
	char text[64];

	for (unsigned i = 0; (name = account_param(i, &value, &help)); i++) {
		snprintf(text, sizeof(text), "%s=", name);
		offer(c, prefix, text, help);
	}
}

static void offer_fields(struct candidates *c, const char *event,
			 const char *prefix)
{
	struct event ev = {0};
	struct fields f;
	char text[64];

	if (!fields_event(&ev.type, event) || !fields_of(&f, &ev))
		return;
	for (unsigned i = 0; i < f.n; i++) {
		snprintf(text, sizeof(text), "%s=", f.v[i].name);
		offer(c, prefix, text, "");
	}
}

typedef const char *(name_h)(unsigned i, const char **helpp);

static void offer_names(struct candidates *c, name_h *nameh, const char *prefix)
{
	const char *name, *help = "";

	for (unsigned i = 0; (name = nameh(i, &help)); i++)
		offer(c, prefix, name, help);
}

static void offer_kind(struct candidates *c, const struct app *app,
		       enum arg_kind kind, const struct words *w,
		       const char *prefix)
{
	const char *before = w->n > 1 ? w->v[1] : "";

	switch (kind) {
	case ARG_CALL:
	case ARG_CALL_OPT:
		offer_calls(c, app, prefix);
		break;
	case ARG_ACCOUNT_OPT:
		offer_accounts(c, app, prefix);
		break;
	case ARG_TARGET:
		offer_targets(c, app, prefix);
		offer_directory(c, app, prefix);
		break;
	case ARG_OPTION:
		offer_options(c, prefix);
		break;
	case ARG_VALUE:
		offer_values(c, before, prefix);
		break;
	case ARG_THEME:
		offer_themes(c, prefix);
		offer(c, prefix, "next", "the one after this");
		break;
	case ARG_ROLE:
		offer_names(c, theme_role, prefix);
		break;
	case ARG_PALETTE:
		offer_names(c, theme_palette_key, prefix);
		break;
	case ARG_CONTEXT_OPT:
		offer_names(c, key_context, prefix);
		break;
	case ARG_HOOK:
		offer_names(c, hook_event, prefix);
		break;
	case ARG_COMMAND_OPT:
	case ARG_LINE:
		offer_commands(c, app, prefix);
		break;
	case ARG_EVENT:
		for (unsigned i = 0; fields_event_name(i); i++)
			offer(c, prefix, fields_event_name(i), "");
		break;
	case ARG_PARAMS:
		offer_params(c, prefix);
		break;
	case ARG_MATCHES:
	case ARG_WAIT:
		offer_fields(c, before, prefix);
		break;
	default:
		break;
	}
}

static bool fills(enum arg_kind kind, const char *word)
{
	uint32_t n;

	switch (kind) {
	case ARG_CALL_OPT:
	case ARG_ACCOUNT_OPT:
	case ARG_CODE_OPT:
		return text_u32(word, 1, UINT32_MAX, &n);
	case ARG_CONTEXT_OPT:
		return strcmp(word, "-c") == 0;
	default:
		return true;
	}
}

/*
 * Which arguments could the next word be?  The words before it are dealt out
 * as command_parse() would; what may be left out may also be passed over.
 */
static void offer_next(struct candidates *c, const struct app *app,
		       const struct command *cmd, const struct words *w,
		       const char *prefix)
{
	size_t at = 1;

	for (unsigned i = 0; i < COMMAND_ARGS && cmd->args[i]; i++) {
		enum arg_kind kind = cmd->args[i];

		if (kind >= ARG_STYLE) { /* takes all that is left */
			if (kind != ARG_LINE || at == w->n)
				offer_kind(c, app, kind, w, prefix);
			return;
		}
		if (at < w->n && fills(kind, w->v[at])) {
			at += kind == ARG_CONTEXT_OPT ? 2 : 1;
			if (at == w->n + 1) { /* behind -c */
				offer_kind(c, app, kind, w, prefix);
				return;
			}
			continue;
		}
		if (at < w->n)
			continue;
		if (kind == ARG_CONTEXT_OPT) {
			offer(c, prefix, "-c", "only in one context");
			continue;
		}
		offer_kind(c, app, kind, w, prefix);
		if (arg_usage(kind)[0] != '[')
			return;
	}
}

void complete_line(struct candidates *c, const struct app *app,
		   const char *line, size_t cursor)
{
	char before[LEX_LINE_MAX], prefix[URI_MAX] = "";
	const struct command *cmd;
	struct words w;
	const char *why;

	c->n = 0;
	c->from = cursor;
	if (text_ncopy(before, sizeof(before), line, cursor) ||
	    lex_line(&w, before, &why))
		return;
	/* a word that touches the cursor is the one to complete */
	if (w.n && cursor && before[cursor - 1] != ' ' &&
	    before[cursor - 1] != '\t') {
		w.n--;
		c->from = w.at[w.n];
		if (text_copy(prefix, sizeof(prefix), w.v[w.n]))
			return;
	}
	if (!w.n) {
		offer_commands(c, app, prefix);
		return;
	}
	cmd = command_find(w.v[0]);
	if (cmd)
		offer_next(c, app, cmd, &w, prefix);
}
