/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdio.h>
#include <string.h>

#include "app/command.h"
#include "app/guide.h"
#include "base/text.h"
#include "ui/view.h"

/* The rows that are always there: title, alert, last log line, hints, line. */

/* ---- title ------------------------------------------------------------- */

static const struct {
	const char *word;
	enum glyph glyph;
} account_words[ACCOUNT_STATE_COUNT] = {
	[ACCOUNT_OFF] = {"not registered", GLYPH_FREE},
	[ACCOUNT_REGISTERING] = {"registering", GLYPH_RINGS},
	[ACCOUNT_REGISTERED] = {"registered", GLYPH_BUSY},
	[ACCOUNT_FAILED] = {"NOT REGISTERED", GLYPH_FAIL},
};

/* The one in trouble counts most, then the first */
static const struct account_info *account_shown(const struct model *m)
{
	for (unsigned i = 0; i < m->accountc; i++) {
		if (m->accounts[i].state == ACCOUNT_FAILED)
			return &m->accounts[i];
	}

	return m->accountc ? &m->accounts[0] : NULL;
}

static void title_left(struct canvas *c, struct rect r, const struct model *m,
		       unsigned ro)
{
	const struct account_info *a = account_shown(m);
	int x = r.x + 1;

	x += canvas_text(c, r.y, x, r.w - 1, ro, "cordpair");
	if (!a)
		return;
	x += canvas_printf(c, r.y, x, r.x + r.w - x, ro, "  %s",
			   text_begins(a->aor, "sip:") ? a->aor + 4 : a->aor);
	if (m->accountc > 1)
		x += canvas_printf(c, r.y, x, r.x + r.w - x, ro, " +%u",
				   m->accountc - 1);
	x += canvas_printf(c, r.y, x, r.x + r.w - x, ro, "  %s %s",
			   glyph(c, account_words[a->state].glyph),
			   a->p2p ? "peer to peer"
				  : account_words[a->state].word);
	if (a->state == ACCOUNT_REGISTERED)
		(void)canvas_printf(c, r.y, x, r.x + r.w - x, ro, " %s",
				    a->tp == TRANSP_TLS   ? "TLS"
				    : a->tp == TRANSP_TCP ? "TCP"
							  : "UDP");
}

static void count(char *buf, size_t size, unsigned n, const char *what)
{
	const size_t at = strlen(buf);

	snprintf(buf + at, size - at, "%s%u %s%s", at ? "  " : "", n, what,
		 n == 1 ? "" : "s");
}

void view_title(struct canvas *c, struct rect r, const struct desk *d)
{
	const struct model *m = &d->app->model;
	const unsigned ro = role("title");
	unsigned ringing = 0, moving = model_transfers_pending(m), failed = 0;
	char right[128] = "";
	size_t at;
	int w;

	canvas_fill(c, r, ro);
	for (unsigned i = 0; i < m->callc; i++)
		ringing += m->calls[i].dir == CALL_IN &&
			   m->calls[i].state == CALL_RINGING;
	for (unsigned i = 0; i < d->talec; i++)
		failed += d->tales[i].open;
	count(right, sizeof(right), model_calls_up(m), "call");
	at = strlen(right);
	if (ringing)
		snprintf(right + at, sizeof(right) - at, " %u ringing",
			 ringing);
	if (moving)
		count(right, sizeof(right), moving, "transfer");
	at = strlen(right);
	if (failed)
		snprintf(right + at, sizeof(right) - at, "  %u FAILED", failed);
	at = strlen(right);
	snprintf(right + at, sizeof(right) - at, "  %s ", d->wall);
	w = (int)strlen(right) < r.w ? (int)strlen(right) : r.w;
	canvas_right(c, r.y, r.x, r.w, ro, right);
	r.w -= w + 1;
	if (r.w > 9)
		title_left(c, r, m, ro);
}

/* ---- alert ------------------------------------------------------------- */

void view_alert(struct canvas *c, struct rect r, const struct desk *d)
{
	static const enum glyph signs[] = {
		[ALERT_NONE] = GLYPH_DOT,
		[ALERT_RING] = GLYPH_RING,
		[ALERT_FAIL] = GLYPH_FAIL,
		[ALERT_INFO] = GLYPH_DOT,
	};
	static const char *const roles[] = {
		[ALERT_NONE] = "text",
		[ALERT_RING] = "alert.ring",
		[ALERT_FAIL] = "alert.fail",
		[ALERT_INFO] = "alert.info",
	};
	struct alert a;
	unsigned ro;
	int w;

	if (r.h < 1)
		return;
	desk_alert(d, &a);
	if (a.kind == ALERT_NONE)
		return;
	ro = role(roles[a.kind]);
	canvas_fill(c, r, ro);
	w = (int)text_width(a.keys);
	if (w + 12 < r.w)
		canvas_right(c, r.y, r.x, r.w - 1, ro, a.keys);
	else
		w = 0;
	canvas_glyph(c, r.y, r.x + 1, ro, signs[a.kind]);
	canvas_text(c, r.y, r.x + 3, r.w - w - 6, ro, a.text);
}

/* ---- the last of the log ------------------------------------------------ */

void view_last(struct canvas *c, struct rect r, const struct desk *d)
{
	const struct diary_line *l;
	char guide[3 * TEXT_MAX];
	unsigned i = 0;

	if (r.h < 1)
		return;
	if (d->guided && guide_line(d, guide, sizeof(guide))) {
		canvas_text(c, r.y, r.x + 1, r.w - 2, role("prompt"), guide);
		return;
	}
	/* what only a tester wants to read stays in the log */
	while ((l = desk_diary(d, i)) && l->level > LOG_INFO)
		i++;
	if (!l)
		return;
	canvas_printf(c, r.y, r.x + 1, r.w - 2,
		      role(l->level == LOG_ERROR  ? "log.error"
			   : l->level == LOG_WARN ? "log.warn"
						  : "muted"),
		      "%s%s %s%s%s", l->level <= LOG_WARN ? "! " : "", l->wall,
		      l->tag[0] && strcmp(l->tag, "help") != 0 ? l->tag : "",
		      l->tag[0] && strcmp(l->tag, "help") != 0 ? ": " : "",
		      l->text);
}

/* ---- hints ------------------------------------------------------------- */

int view_hint_width(const struct hint *h)
{
	return (int)(text_width(h->key_name) + 1 + text_width(h->label));
}

void view_hints(struct canvas *c, struct rect r, const struct desk *d)
{
	struct hint v[HINTS_MAX];
	const unsigned n = hints_now(d, v);
	int x = r.x + 1;

	if (r.h < 1)
		return;
	for (unsigned i = 0; i < n; i++) {
		/* half a hint helps nobody */
		if (x + view_hint_width(&v[i]) > r.x + r.w)
			break;
		x += canvas_text(c, r.y, x, r.w,
				 role(v[i].blink ? "alert.info" : "hint.key"),
				 v[i].key_name);
		x += canvas_text(c, r.y, x, r.w, role("hint"), " ");
		x += canvas_text(c, r.y, x, r.w,
				 role(v[i].blink ? "alert.info" : "hint"),
				 v[i].label);
		x += 2;
	}
}

/* ---- the line ---------------------------------------------------------- */

int view_typed(struct canvas *c, struct rect r, const struct desk *d, int x)
{
	const struct desk_line *l = &d->line;
	char before[LEX_LINE_MAX];
	const char *from = l->text;
	int room = r.x + r.w - x, at;

	if (text_ncopy(before, sizeof(before), l->text, l->cursor))
		before[0] = '\0';
	at = (int)text_width(before);
	/* a long line moves under the cursor, by characters */
	while (at >= room - 1 && *from) {
		char one[8] = "";
		size_t n = 1;

		while ((from[n] & 0xc0) == 0x80)
			n++;
		if (n < sizeof(one))
			memcpy(one, from, n);
		at -= (int)text_width(one);
		from += n;
	}
	canvas_text(c, r.y, x, room, role("input"), from);
	c->cursor_y = r.y;
	c->cursor_x = x + at;

	return x;
}

/* What Enter would run: it teaches the grammar */
static void preview(struct canvas *c, struct rect r, const struct desk *d)
{
	const struct desk_pick *p = &d->pick;
	const struct choice *one = p->n && !p->blank ? &p->v[p->sel] : NULL;
	const struct call_info *call = model_call(&d->app->model, p->call);
	char name[NAME_MAX_LEN];
	int x = r.x;

	if (!p->cmd || !one)
		return;
	x += canvas_text(c, r.y, x, r.w, role("prompt"), p->cmd->name);
	if (call)
		x += canvas_printf(c, r.y, x, r.x + r.w - x, role("muted"),
				   " %u %s %s", p->call,
				   desk_name(d, call, name, sizeof(name)),
				   glyph(c, GLYPH_OUT));
	(void)canvas_printf(c, r.y, x, r.x + r.w - x, role("input"), " %s %s",
			    one->name, one->number);
}

void view_prompt(struct canvas *c, struct rect r, const struct desk *d)
{
	const struct desk_line *l = &d->line;
	int x = r.x;

	if (r.h < 1)
		return;
	switch (l->use) {
	case LINE_NONE:
		break;
	case LINE_TARGET:
	case LINE_PALETTE:
		preview(c, r, d);
		break;
	case LINE_CONFIRM:
		x += canvas_text(c, r.y, x, r.w, role("strong"), l->question);
		c->cursor_y = r.y;
		c->cursor_x = x + 1 < r.x + r.w ? x + 1 : x;
		break;
	case LINE_DIGITS:
		x += canvas_text(c, r.y, x, r.w, role("alert.info"),
				 "DIGITS GO OUT ");
		(void)view_typed(c, r, d, x + 1);
		break;
	default:
		x += canvas_text(c, r.y, x, r.w, role("prompt"), l->lead);
		(void)view_typed(c, r, d, x);
		break;
	}
}
