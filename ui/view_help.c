/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdio.h>
#include <string.h>

#include "app/command.h"
#include "base/text.h"
#include "ui/view.h"

/*
 * The help, out of the key map and the command table as they are now.
 */

enum { ROWS_MAX = 400, KEY_W = 8 };

struct help_row {
	char key[24];
	char text[80]; /* with an empty key: a heading */
};

/* The usual ones, in the order one learns them */
static const struct {
	const char *group;
	struct {
		const char *line, *words; /* short: the columns are narrow */
	} rows[7];
} groups[] = {
	{"Calls",
	 {{"answer", "answer the oldest ringing"},
	  {"default", "answer, resume, show"},
	  {"hold", "hold or resume"},
	  {"hangup", "hang up, cancel"},
	  {"reject", "reject"},
	  {"mute", "mute"},
	  {"dtmf", "send digits"}}},
	{"Transfer",
	 {{"transfer", "blind: NAME Enter"},
	  {"consult", "attended: talk first"},
	  {"complete", "complete"},
	  {"swap", "swap"},
	  {"takeback", "take the caller back"},
	  {"retry", "try once more"},
	  {"ladder", "ladder of this call"}}},
	{"Move",
	 {{"nth 1", "select call"},
	  {"move down", "down; up too"},
	  {"focus next", "next pane"},
	  {"find", "find; n, N next"},
	  {"zoom", "zoom pane"},
	  {"back", "back"},
	  {"history", "calls before"}}},
	{"Tools",
	 {{"command", "command line"},
	  {"commands", "every command, fuzzy"},
	  {"dial", "dial"},
	  {"trace", "SIP trace"},
	  {"theme next", "next theme (:theme)"},
	  {"help", "this help"},
	  {"quit", "end all calls and leave"}}},
};

enum {
	GROUPS = sizeof(groups) / sizeof(groups[0]),
	GROUP_ROWS = 9, /* with heading and the row below */
};

/* Every key that runs the line, "a  F2" */
static void keys_of(const struct desk *d, const char *line, char *dst,
		    size_t size)
{
	const struct keymap *map = &d->app->keymap;
	const size_t len = strlen(line);
	char name[16];

	dst[0] = '\0';
	for (unsigned i = 0; i < map->n; i++) {
		const struct binding *b = &map->v[i];
		const size_t at = strlen(dst);

		if (b->context || !b->line ||
		    strncmp(b->line, line, len) != 0 ||
		    (b->line[len] && strncmp(b->line + len, " | ", 3) != 0))
			continue;
		key_format(&b->key, name, sizeof(name));
		if (at + strlen(name) + 3 > KEY_W)
			break;
		snprintf(dst + at, size - at, "%s%s", at ? "  " : "", name);
	}
}

static const char *help_of(const char *line)
{
	char name[32];
	const struct command *cmd = NULL;

	if (!text_ncopy(name, sizeof(name), line, strcspn(line, " ")))
		cmd = command_find(name);

	return cmd ? cmd->help : "";
}

static void short_help(struct canvas *c, struct rect r, const struct desk *d)
{
	const bool two = r.w >= 70;
	const int w = two ? r.w / 2 : r.w;
	char keys[32];

	for (unsigned g = 0; g < GROUPS; g++) {
		const int x = r.x + (two && g % 2 ? w : 0);
		int y = r.y + (int)(two ? g / 2 : g) * GROUP_ROWS -
			(int)d->scroll[PANE_HELP];

		if (y >= r.y && y < r.y + r.h)
			canvas_text(c, y, x + 1, w - 1, role("strong"),
				    groups[g].group);
		y++;
		for (unsigned i = 0; i < 7; i++, y++) {
			const char *line = groups[g].rows[i].line;

			if (y < r.y || y >= r.y + r.h)
				continue;
			keys_of(d, line, keys, sizeof(keys));
			if (strcmp(line, "nth 1") == 0 && keys[0])
				strcat(keys, "-9");
			canvas_text(c, y, x + 2, KEY_W, role("hint.key"),
				    keys[0] ? keys : "-");
			canvas_text(c, y, x + 3 + KEY_W, w - KEY_W - 4,
				    role("text"), groups[g].rows[i].words);
		}
	}
}

/* Only what is looked for, when something is */
static bool found(const struct desk *d, const struct binding *b)
{
	const char *find = d->find[PANE_HELP];
	char key[16];

	return !find[0] || strcasestr(b->line, find) ||
	       strcasestr(help_of(b->line), find) ||
	       strcmp(key_format(&b->key, key, sizeof(key)), find) == 0;
}

static unsigned all_rows(const struct desk *d, struct help_row *v, unsigned max)
{
	const struct keymap *map = &d->app->keymap;
	const char *help, *name;
	unsigned n = 0;

	for (unsigned k = 0; (name = key_context(k, &help)); k++) {
		bool headed = false;

		for (unsigned i = 0; i < map->n && n + 3 < max; i++) {
			const struct binding *b = &map->v[i];
			struct help_row *row;

			if (b->context != k || !b->line || !found(d, b))
				continue;
			if (!headed) {
				if (n)
					v[n++] = (struct help_row){{0}, {0}};
				v[n] = (struct help_row){{0}, {0}};
				snprintf(v[n].text, sizeof(v[n].text), "%s: %s",
					 name, help);
				n++;
			}
			headed = true;
			row = &v[n++];
			*row = (struct help_row){{0}, {0}};
			key_format(&b->key, row->key, sizeof(row->key));
			snprintf(row->text, sizeof(row->text), "%.24s  %.50s",
				 b->line, help_of(b->line));
		}
	}

	return n;
}

static void long_help(struct canvas *c, struct rect r, const struct desk *d)
{
	static struct help_row v[ROWS_MAX]; /* too big for a stack */
	const unsigned n = all_rows(d, v, ROWS_MAX);
	unsigned top = d->scroll[PANE_HELP];

	if (n > (unsigned)r.h && top > n - (unsigned)r.h)
		top = n - (unsigned)r.h;
	for (int i = 0; i < r.h && top + (unsigned)i < n; i++) {
		const struct help_row *row = &v[top + (unsigned)i];

		canvas_text(c, r.y + i, r.x + 2, KEY_W + 3, role("hint.key"),
			    row->key);
		canvas_text(c, r.y + i, r.x + (row->key[0] ? KEY_W + 5 : 1),
			    r.w - KEY_W - 6,
			    role(row->key[0] ? "text" : "strong"), row->text);
	}
}

void view_help(struct canvas *c, struct rect r, const struct desk *d)
{
	r = view_header(c, r, d, PANE_HELP, "Help",
			d->all_keys ? "every key, as your files have it"
				    : "live from your key file");
	if (d->all_keys || d->find[PANE_HELP][0])
		long_help(c, r, d);
	else
		short_help(c, r, d);
}
