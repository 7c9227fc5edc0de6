/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "app/desk_priv.h"
#include "base/text.h"
#include "base/thread.h"

/* The lists of the panes: how long they are, which row is chosen, where
 * something is found. */

unsigned desk_ladder(const struct desk *d, const struct sip_line **v,
		     unsigned max)
{
	uint64_t dialogs[16];
	const unsigned n = desk_dialogs(d, d->ladder, dialogs, 16);

	return siplog_of(d->sip, dialogs, n, v, max);
}

static unsigned diary_rows(const struct desk *d)
{
	return d->diaryc < DIARY_MAX ? (unsigned)d->diaryc : DIARY_MAX;
}

unsigned desk_rows(const struct desk *d, enum pane pane)
{
	const struct sip_line *v[LADDER_MAX];
	struct hint hints[HINTS_MAX];

	switch (pane) {
	case PANE_CALLS:
		return model_calls_up(&d->app->model);
	case PANE_TRANSFERS:
		return desk_failure(d) ? hints_recovery(d, hints) : d->talec;
	case PANE_DIRECTORY:
		return d->app->directory ? directory_count(d->app->directory)
					 : 0;
	case PANE_LADDER:
		return desk_ladder(d, v, LADDER_MAX);
	case PANE_TRACE:
		return siplog_count(d->sip);
	case PANE_LOG:
		return diary_rows(d);
	case PANE_HISTORY:
		return past_count(d->past);
	default:
		return 0;
	}
}

static unsigned row_of_call(const struct desk *d)
{
	const struct call_info *v[256];
	const unsigned n = desk_calls(d, v, 256);

	for (unsigned i = 0; i < n; i++) {
		if (v[i]->id == d->app->model.selected)
			return i;
	}

	return DESK_NO_ROW;
}

static unsigned row_of_serial(const struct desk *d, enum pane pane,
			      uint64_t serial)
{
	const struct sip_line *v[LADDER_MAX];
	const unsigned n = desk_rows(d, pane);

	if (pane == PANE_LADDER)
		(void)desk_ladder(d, v, LADDER_MAX);
	for (unsigned i = 0; i < n; i++) {
		const uint64_t here = pane == PANE_LADDER
					      ? v[i]->serial
					      : siplog_at(d->sip, i)->serial;

		if (here >= serial)
			return i;
	}

	return n ? n - 1 : 0;
}

unsigned desk_row(const struct desk *d, enum pane pane)
{
	const uint64_t row = d->row[pane];
	const unsigned n = desk_rows(d, pane);

	if (pane == PANE_CALLS)
		return row_of_call(d);
	if (!n)
		return DESK_NO_ROW;
	switch (pane) {
	case PANE_LADDER:
	case PANE_TRACE:
		return row ? row_of_serial(d, pane, row) : n - 1;
	case PANE_LOG:
		/* rows stand oldest first, as they came */
		return !row || row <= d->diaryc - n
			       ? (row ? 0 : n - 1)
			       : (unsigned)(row - 1 - (d->diaryc - n));
	default:
		return row < n ? (unsigned)row : n - 1;
	}
}

void desk_row_set(struct desk *d, enum pane pane, unsigned i)
{
	const struct sip_line *lines[LADDER_MAX];
	const struct call_info *v[256];
	const unsigned n = desk_rows(d, pane);
	const bool last = i + 1 >= n;

	if (i >= n)
		return;
	d->dirty = true;
	switch (pane) {
	case PANE_CALLS:
		if (i < desk_calls(d, v, 256))
			model_select(&d->app->model, v[i]->id);
		break;
	case PANE_LADDER:
		(void)desk_ladder(d, lines, LADDER_MAX);
		d->row[pane] = last ? 0 : lines[i]->serial;
		d->scroll[PANE_MESSAGE] = 0;
		break;
	case PANE_TRACE:
		d->row[pane] = last ? 0 : siplog_at(d->sip, i)->serial;
		break;
	case PANE_LOG:
		d->row[pane] = last ? 0 : d->diaryc - n + 1 + i;
		break;
	default:
		d->row[pane] = i;
		break;
	}
}

/* The message of the ladder that is shown in full, or NULL */
static const struct sip_line *message(const struct desk *d)
{
	const struct sip_line *v[LADDER_MAX];
	const unsigned n = desk_ladder(d, v, LADDER_MAX);
	const unsigned at = desk_row(d, PANE_LADDER);

	return n && at < n ? v[at] : NULL;
}

/* Rows of a pane that is only read: at most so many */
static unsigned text_rows(const struct desk *d, enum pane pane)
{
	const struct sip_line *l = pane == PANE_MESSAGE ? message(d) : NULL;
	char row[16];
	unsigned n = 0;

	if (pane == PANE_HELP)
		n = d->app->keymap.n;
	/* each context has a heading, and a blank before it */
	for (unsigned i = 0; pane == PANE_HELP && key_context(i, NULL); i++)
		n += 2;
	while (l && siplog_row(l, n, row, sizeof(row)))
		n++;

	return n;
}

void desk_move(struct desk *d, int rows)
{
	const enum pane pane = d->focus;
	unsigned n, at;

	ASSERT_UI();
	d->dirty = true;
	if (d->line.use == LINE_TARGET || d->line.use == LINE_PALETTE) {
		int sel = (int)d->pick.sel + rows;

		if (sel >= (int)d->pick.n)
			sel = (int)d->pick.n - 1;
		d->pick.sel = sel > 0 ? (unsigned)sel : 0;
		d->pick.blank = false;
		return;
	}
	if (pane == PANE_HELP || pane == PANE_MESSAGE) {
		const int end = (int)text_rows(d, pane) - 1;
		int top = (int)d->scroll[pane] + rows;

		if (top > end)
			top = end;
		d->scroll[pane] = top > 0 ? (unsigned)top : 0;
		return;
	}
	n = desk_rows(d, pane);
	if (!n)
		return;
	at = desk_row(d, pane);
	if (at == DESK_NO_ROW)
		at = rows > 0 ? 0 : n - 1;
	else if (rows < 0)
		at = (unsigned)-rows < at ? at - (unsigned)-rows : 0;
	else
		at = at + (unsigned)rows < n ? at + (unsigned)rows : n - 1;
	desk_row_set(d, pane, at);
}

/* ---- searching --------------------------------------------------------- */

static void text_of_row(const struct desk *d, enum pane pane, unsigned i,
			char *dst, size_t size)
{
	const struct sip_line *v[LADDER_MAX], *s = NULL;
	const struct call_info *calls[256];
	const struct diary_line *l;
	const struct contact *who;
	const struct past *p;
	char name[NAME_MAX_LEN];

	dst[0] = '\0';
	switch (pane) {
	case PANE_CALLS:
		if (i < desk_calls(d, calls, 256))
			snprintf(dst, size, "%s %s %s",
				 desk_name(d, calls[i], name, sizeof(name)),
				 calls[i]->peer, calls[i]->local);
		break;
	case PANE_TRANSFERS:
		if (i < d->talec)
			snprintf(dst, size, "%s %s %s",
				 d->tales[d->talec - 1 - i].caller,
				 d->tales[d->talec - 1 - i].target,
				 d->tales[d->talec - 1 - i].info.say);
		break;
	case PANE_DIRECTORY:
		who = directory_at(d->app->directory, i);
		snprintf(dst, size, "%s %s %s %s", who->name, who->number,
			 who->department, who->note);
		break;
	case PANE_LADDER:
		if (i < desk_ladder(d, v, LADDER_MAX))
			s = v[i];
		break;
	case PANE_TRACE:
		s = siplog_at(d->sip, i);
		break;
	case PANE_LOG:
		l = desk_diary(d, desk_rows(d, pane) - 1 - i);
		if (l)
			snprintf(dst, size, "%s %s", l->tag, l->text);
		break;
	case PANE_HISTORY:
		p = past_at(d->past, i);
		snprintf(dst, size, "%s %s %s %s", p->name, p->peer, p->target,
			 p->text);
		break;
	default:
		break;
	}
	if (s)
		snprintf(dst, size, "%s %u %s", s->method, s->code, s->what);
}

/* In the message that is read: to the next row that holds it */
static bool find_in_message(struct desk *d, int step, bool here)
{
	const struct sip_line *l = message(d);
	const unsigned n = text_rows(d, PANE_MESSAGE);
	const unsigned at = d->scroll[PANE_MESSAGE];
	char text[2 * URI_MAX];

	for (unsigned k = here ? 0 : 1; k <= n; k++) {
		const unsigned i =
			step > 0 ? (at + k) % n : (at + n - k % n) % n;

		if (siplog_row(l, i, text, sizeof(text)) &&
		    strcasestr(text, d->find[PANE_MESSAGE])) {
			d->scroll[PANE_MESSAGE] = i;
			return true;
		}
	}

	return false;
}

bool desk_find(struct desk *d, int step, bool here)
{
	const enum pane pane = d->focus;
	const unsigned n = desk_rows(d, pane);
	unsigned at = desk_row(d, pane);
	char text[2 * URI_MAX];

	d->dirty = true;
	if (!d->find[pane][0])
		return false;
	if (pane == PANE_MESSAGE && text_rows(d, pane))
		return find_in_message(d, step, here);
	/* help shows only what fits; nothing can be found in nothing */
	if (!n)
		return false;
	if (at == DESK_NO_ROW)
		at = 0;
	for (unsigned k = here ? 0 : 1; k <= n; k++) {
		const unsigned i =
			step > 0 ? (at + k) % n : (at + n - k % n) % n;

		text_of_row(d, pane, i, text, sizeof(text));
		if (strcasestr(text, d->find[pane])) {
			desk_row_set(d, pane, i);
			return true;
		}
	}
	desk_note(d, LOG_WARN, "%s: nothing found", d->find[pane]);

	return false;
}
