/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/tty/snap.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { STYLES_MAX = 62, ROW_BYTES = 8192 };

struct legend {
	unsigned n;
	char styles[STYLES_MAX][TTY_STYLE_MAX];
};

static const char letters[] =
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789?";

static char letter_of(struct legend *l, const char *style)
{
	unsigned i = 0;

	if (!strcmp(style, "plain"))
		return '.';
	while (i < l->n && strcmp(l->styles[i], style) != 0)
		i++;
	if (i == l->n && l->n < STYLES_MAX)
		snprintf(l->styles[l->n++], TTY_STYLE_MAX, "%s", style);
	return letters[i];
}

static void write_golden(const struct tty *t, FILE *f)
{
	struct legend legend = {0};
	int row, col;
	bool shown;

	for (row = 0; row < t->rows; row++) {
		char buf[ROW_BYTES], style[TTY_STYLE_MAX];
		int len = 0;

		fprintf(f, "|%s\n",
			tty_text(t, row, 0, buf, sizeof(buf), NULL));
		for (col = 0; col < t->cols && col < ROW_BYTES; col++) {
			buf[col] = letter_of(&legend,
					     tty_style(t, row, col, style));
			if (buf[col] != '.')
				len = col + 1;
		}
		if (len)
			fprintf(f, ":%.*s\n", len, buf);
	}
	shown = tty_cursor(t, &row, &col);
	if (shown)
		fprintf(f, "@ %d %d\n", row, col);
	else
		fprintf(f, "@ hidden\n");
	for (unsigned i = 0; i < legend.n; i++)
		fprintf(f, "%c = %s\n", letters[i], legend.styles[i]);
}

static char *read_all(const char *path)
{
	FILE *f = fopen(path, "r");
	char *text = NULL;
	size_t size = 0;

	if (!f)
		return NULL;
	if (getdelim(&text, &size, '\0', f) < 0 && text)
		text[0] = '\0';
	fclose(f); /* only read from */
	return text;
}

static bool write_all(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	if (!f || fputs(text, f) < 0 || fclose(f)) {
		fprintf(stderr, "%s: %s\n", path, strerror(errno));
		return false;
	}
	return true;
}

/* Rows keep their place, so line by line is enough to see what differs */
static void show_diff(const char *want, const char *have)
{
	for (unsigned line = 1; *want || *have; line++) {
		size_t w = strcspn(want, "\n"), h = strcspn(have, "\n");

		if (w != h || memcmp(want, have, w) != 0)
			fprintf(stderr, "%3u -%.*s\n    +%.*s\n", line, (int)w,
				want, (int)h, have);
		want += w + (want[w] == '\n');
		have += h + (have[h] == '\n');
	}
}

bool snap_compare(const struct tty *t, const char *golden, const char *actual)
{
	const char *update = getenv("UPDATE_GOLDEN");
	char *have = NULL, *want = NULL;
	size_t size;
	FILE *f = open_memstream(&have, &size);
	bool same = false;

	if (!f)
		abort();
	write_golden(t, f);
	if (fclose(f))
		abort();
	want = read_all(golden);
	if (want && !strcmp(want, have)) {
		same = true;
		goto out;
	}
	if (update && *update) {
		same = write_all(golden, have);
		goto out;
	}
	if (want)
		show_diff(want, have);
	else
		fprintf(stderr, "%s: %s\n", golden, strerror(errno));
	if (write_all(actual, have))
		fprintf(stderr, "the screen was kept as %s\n", actual);

out:
	free(want);
	free(have);
	return same;
}

void snap_show(const struct tty *t, FILE *f)
{
	char buf[ROW_BYTES];
	int row, col;
	bool shown = tty_cursor(t, &row, &col);

	for (int i = 0; i < t->rows; i++)
		fprintf(f, "%3d |%s\n", i,
			tty_text(t, i, 0, buf, sizeof(buf), NULL));
	fprintf(f, "cursor %d %d%s, title \"%s\"\n", row, col,
		shown ? "" : " (hidden)", t->title);
}

/* ---- ANSI ------------------------------------------------------------- */

static void write_color(FILE *f, int base, const char *color)
{
	unsigned r, g, b;

	if (sscanf(color, "#%2x%2x%2x", &r, &g, &b) == 3)
		fprintf(f, ";%d;2;%u;%u;%u", base, r, g, b);
	else
		fprintf(f, ";%d;5;%s", base, color);
}

static void write_style(FILE *f, char *style)
{
	static const char *const words[] = {"bold",   "1", "italic",    "3",
					    "blink",  "5", "underline", "4",
					    "strike", "9", "reverse",   "7"};
	char *save = NULL;

	fputs("\x1b[0", f);
	for (char *w = strtok_r(style, " ", &save); w;
	     w = strtok_r(NULL, " ", &save)) {
		for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i += 2)
			if (!strcmp(w, words[i]))
				fprintf(f, ";%s", words[i + 1]);
		if (!strncmp(w, "fg=", 3))
			write_color(f, 38, w + 3);
		if (!strncmp(w, "bg=", 3))
			write_color(f, 48, w + 3);
	}
	fputc('m', f);
}

bool snap_ansi(const struct tty *t, const char *path)
{
	FILE *f = fopen(path, "w");

	if (!f)
		return false;
	for (int row = 0; row < t->rows; row++) {
		char last[TTY_STYLE_MAX] = "";

		for (int col = 0; col < t->cols; col++) {
			char text[TTY_CELL_MAX], style[TTY_STYLE_MAX];

			tty_style(t, row, col, style);
			if (strcmp(style, last) != 0) {
				strcpy(last, style);
				write_style(f, style);
			}
			fwrite(text, 1, tty_cell(t, row, col, text), f);
		}
		fputs("\x1b[0m\n", f);
	}
	return !fclose(f);
}
