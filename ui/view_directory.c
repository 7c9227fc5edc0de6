/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdio.h>
#include <string.h>

#include "app/command.h"
#include "base/text.h"
#include "ui/view.h"

/* Whom one may call: the directory, the picker, and what is known of one. */

enum { NOTE_LEAST = 5 };

static const struct {
	const char *word, *role;
	enum glyph glyph;
} lamps[] = {
	[LAMP_NONE] = {"", "text", GLYPH_DOT},
	[LAMP_FREE] = {"idle", "blf.idle", GLYPH_FREE},
	[LAMP_RINGS] = {"ringing", "blf.ring", GLYPH_RINGS},
	[LAMP_BUSY] = {"in call", "blf.busy", GLYPH_BUSY},
	[LAMP_DND] = {"dnd", "blf.dnd", GLYPH_DND},
	[LAMP_AWAY] = {"", "blf.off", GLYPH_AWAY},
};

/* Letters of a name that matched what is typed */
static void mark(struct canvas *c, int y, int x, int max, const char *name,
		 uint64_t marks)
{
	const struct rect all = canvas_clip(c, (struct rect){y, x, 1, max});
	int at = 0;

	for (unsigned i = 0; i < 64 && *name && at < all.w; i++) {
		char one[8] = "";
		size_t n = 1;

		while ((name[n] & 0xc0) == 0x80)
			n++;
		memcpy(one, name, n < sizeof(one) ? n : sizeof(one) - 1);
		if (marks & (1ull << i))
			canvas_role(c,
				    (struct rect){y, x + at, 1,
						  (int)text_width(one)},
				    role("match"));
		at += (int)text_width(one);
		name += n;
	}
}

struct entry {
	const char *name, *number, *note;
	int name_w, number_w;
	enum lamp lamp;
	uint64_t marks;
	bool chosen, typed;
};

enum { NOTE_MIN = 10 };

/* Columns as wide as what stands in them wants and the pane allows */
struct widths {
	int name, number;
	int longest; /* name there is, and a blank */
};

static void widen(struct widths *k, const char *name, const char *number)
{
	const int name_w = (int)text_width(name) + 1;
	const int w = (int)text_width(number) + 2;

	if (w > k->number)
		k->number = w;
	if (name_w > k->longest)
		k->longest = name_w;
}

static void fit(struct widths *k, int w)
{
	k->name = w >= 60 ? 22 : 18;
	if (k->name > w / 2)
		k->name = w / 2;
	if (k->number < 5)
		k->number = 5;
	/* what is free in the names' column is better used by the notes */
	if (w - 4 - k->name - k->number < NOTE_MIN && k->longest < k->name)
		k->name = k->longest;
	if (k->number > w - 4 - k->name)
		k->number = w - 4 - k->name;
}

static void draw_entry(struct canvas *c, struct rect r, const struct entry *e,
		       bool keys)
{
	const int name_w = e->name_w, number_w = e->number_w;
	const int number_x = r.x + 4 + name_w;
	const unsigned ro = role(lamps[e->lamp].role);
	int x = number_x + number_w;

	canvas_text(c, r.y, r.x, 1, role("strong"), e->chosen ? ">" : " ");
	if (e->typed) {
		canvas_glyph(c, r.y, r.x + 2, role("muted"), GLYPH_OUT);
		canvas_text(c, r.y, r.x + 4, r.w - 14, role("text"), e->number);
		canvas_right(c, r.y, r.x, r.w - 1, role("muted"), e->note);
	} else {
		if (e->lamp != LAMP_NONE)
			canvas_glyph(c, r.y, r.x + 2, ro, lamps[e->lamp].glyph);
		canvas_text(c, r.y, r.x + 4, name_w - 1, role("text"), e->name);
		mark(c, r.y, r.x + 4, name_w - 1, e->name, e->marks);
		canvas_text(c, r.y, number_x, number_w - 1, role("muted"),
			    e->number);
		if (r.x + r.w - x > (int)strlen(lamps[e->lamp].word))
			x += canvas_text(c, r.y, x, r.x + r.w - x, ro,
					 lamps[e->lamp].word) +
			     (e->lamp != LAMP_NONE);
		/* a letter or two of it say nothing */
		if (r.x + r.w - x > NOTE_LEAST)
			canvas_text(c, r.y, x, r.x + r.w - x - 1, role("muted"),
				    e->note);
	}
	if (e->chosen)
		canvas_role(c, r, role(keys ? "select" : "select.blur"));
}

void view_directory(struct canvas *c, struct rect r, const struct desk *d)
{
	const struct directory *dir = d->app->directory;
	const unsigned n = dir ? directory_count(dir) : 0;
	const unsigned sel = desk_row(d, PANE_DIRECTORY);
	char right[32], number[NAME_MAX_LEN];
	struct widths k = {.name = 0};
	unsigned first;

	snprintf(right, sizeof(right), "%u", n);
	r = view_header(c, r, d, PANE_DIRECTORY, "Directory", n ? right : "");
	if (!n && r.h > 2) {
		canvas_text(c, r.y, r.x + 2, r.w - 2, role("muted"),
			    "nobody yet: import FILE");
		canvas_text(c, r.y + 1, r.x + 2, r.w - 2, role("muted"),
			    "(CSV: name,number; vCard)");
	}
	first = view_first(n, sel == DESK_NO_ROW ? 0 : sel, r.h);
	for (int i = 0; i < r.h && first + (unsigned)i < n; i++) {
		const struct contact *who =
			directory_at(dir, first + (unsigned)i);

		widen(&k, who->name,
		      desk_number(who->number, number, sizeof(number)));
	}
	fit(&k, r.w);
	for (int i = 0; i < r.h && first + (unsigned)i < n; i++) {
		const struct contact *who =
			directory_at(dir, first + (unsigned)i);
		const struct entry e = {
			.name = who->name,
			.number = desk_number(who->number, number,
					      sizeof(number)),
			.note = who->department[0] ? who->department
						   : who->note,
			.lamp = desk_lamp(d, who->number),
			.name_w = k.name,
			.number_w = k.number,
			.chosen = d->focus == PANE_DIRECTORY &&
				  first + (unsigned)i == sel,
		};

		draw_entry(c, (struct rect){r.y + i, r.x, 1, r.w}, &e,
			   view_has_keys(d, PANE_DIRECTORY));
	}
}

void view_picker(struct canvas *c, struct rect r, const struct desk *d)
{
	const struct desk_pick *p = &d->pick;
	const bool palette = d->line.use == LINE_PALETTE;
	char right[48];
	struct widths k = {.name = 0};
	unsigned first;
	int x;

	snprintf(right, sizeof(right), "%u of %u", p->n, p->all);
	r = view_header(c, r, d, PANE_COUNT, palette ? "Commands" : p->title,
			right);
	if (r.h < 1)
		return;
	x = r.x + 1;
	x += canvas_text(c, r.y, x, r.w - 1, role("prompt"), d->line.lead);
	(void)view_typed(c, (struct rect){r.y, r.x, 1, r.w}, d, x);
	r.y++;
	r.h--;
	first = view_first(p->n, p->sel, r.h);
	for (unsigned i = 0; i < p->n; i++) {
		if (p->v[i].name[0])
			widen(&k, p->v[i].name, p->v[i].number);
	}
	fit(&k, r.w);
	for (int i = 0; i < r.h && first + (unsigned)i < p->n; i++) {
		const struct choice *o = &p->v[first + (unsigned)i];
		const struct entry e = {
			.name = o->name,
			.number = o->number,
			.note = o->note,
			.lamp = o->lamp,
			.marks = o->marks,
			.name_w = k.name,
			.number_w = k.number,
			.chosen = first + (unsigned)i == p->sel && !p->blank,
			.typed = !o->name[0],
		};

		draw_entry(c, (struct rect){r.y + i, r.x, 1, r.w}, &e, true);
	}
}

/* ---- what is known of the one ------------------------------------------- */

static void last_transfer(struct canvas *c, struct rect r, const struct desk *d,
			  const struct choice *one)
{
	char his[NAME_MAX_LEN], mine[NAME_MAX_LEN];

	desk_number(one->text, mine, sizeof(mine));
	for (unsigned i = 0; i < past_count(d->past); i++) {
		const struct past *p = past_at(d->past, i);
		const bool good = p->outcome == OUTCOME_SUCCEEDED ||
				  p->outcome == OUTCOME_SUCCEEDED_INFERRED;

		if (p->kind != PAST_TRANSFER ||
		    strcmp(desk_number(p->target, his, sizeof(his)), mine) != 0)
			continue;
		canvas_printf(c, r.y, r.x, r.w, role("muted"),
			      "last transfer %s",
			      glyph(c, good ? GLYPH_DONE : GLYPH_FAIL));
		if (good && r.h > 1)
			canvas_printf(c, r.y + 1, r.x, r.w, role("muted"),
				      "answered after ~%u s", p->lasted_s);
		return;
	}
}

static void keys_for(struct canvas *c, struct rect r, const struct desk *d)
{
	struct hint v[HINTS_MAX];
	const unsigned n = hints_now(d, v);
	int y = r.y;

	for (unsigned i = 0; i < n && y < r.y + r.h; i++) {
		if (strcmp(v[i].key_name, "Enter") != 0 && !v[i].line[0])
			continue;
		canvas_printf(c, y, r.x, 6, role("hint.key"), "%s",
			      v[i].key_name);
		canvas_text(c, y, r.x + 6, r.w - 6, role("hint"), v[i].label);
		y++;
	}
}

void view_side(struct canvas *c, struct rect r, const struct desk *d)
{
	const struct choice *o =
		d->pick.n && !d->pick.blank ? &d->pick.v[d->pick.sel] : NULL;
	char title[3 * NAME_MAX_LEN] = "";
	const unsigned rule = role("rule");

	canvas_hline(c, r.y, r.x, r.w, rule, GLYPH_LINE);
	if (o)
		snprintf(title, sizeof(title), " %s%s%s ",
			 o->name[0] ? o->name : o->number,
			 o->name[0] ? " " : "", o->name[0] ? o->number : "");
	canvas_text(c, r.y, r.x + 1, r.w - 2, role("header"), title);
	r = (struct rect){r.y + 1, r.x + 1, r.h - 1, r.w - 1};
	if (!o || r.h < 4)
		return;
	if (lamps[o->lamp].word[0])
		canvas_printf(c, r.y, r.x, r.w, role(lamps[o->lamp].role),
			      "%s %s", glyph(c, lamps[o->lamp].glyph),
			      lamps[o->lamp].word);
	canvas_text(c, r.y + 1, r.x, r.w, role("muted"), o->note);
	keys_for(c, (struct rect){r.y + 3, r.x, r.h - 6, r.w}, d);
	if (r.h > 8)
		last_transfer(c, (struct rect){r.y + r.h - 3, r.x, 2, r.w}, d,
			      o);
}
