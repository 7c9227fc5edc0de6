/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "app/config.h"
#include "tests/ui/scenes.h"
#include "ui/view.h"

/*
 * picture SCENE THEME ROWS COLS [FG BG]: the console in one of the scenes of
 * scenes.h, drawn by its own views, as SVG on stdout.  FG and BG are what the
 * terminal has by itself.
 */

/* Of a font whose letters are three fifths of its size wide: most are */
enum { CELL_W = 9, CELL_H = 19, FONT = 15, BASE = 14, EDGE = 8 };

static uint32_t own_fg = 0xd0d0d0, own_bg = 0x101418;

struct look {
	uint32_t fg, bg;
	bool bold, italic, underline;
};

/* What dim text looks like in most terminals */
static uint32_t mix(uint32_t fg, uint32_t bg)
{
	uint32_t out = 0;

	for (unsigned shift = 0; shift < 24; shift += 8)
		out |= (((fg >> shift & 0xff) * 3 + (bg >> shift & 0xff) * 2) /
			5)
		       << shift;

	return out;
}

static struct look look_of(const struct theme *t, unsigned role)
{
	const struct style st = theme_style(t, role);
	struct look l = {
		.fg = st.fg.kind == COLOR_KIND_SET ? st.fg.rgb : own_fg,
		.bg = st.bg.kind == COLOR_KIND_SET ? st.bg.rgb : own_bg,
		.bold = st.attrs & ATTR_BOLD,
		.italic = st.attrs & ATTR_ITALIC,
		.underline = st.attrs & ATTR_UNDERLINE,
	};

	if (st.attrs & ATTR_DIM)
		l.fg = mix(l.fg, l.bg);
	if (st.attrs & ATTR_REVERSE) {
		const uint32_t fg = l.fg;

		l.fg = l.bg;
		l.bg = fg;
	}

	return l;
}

static const struct cell *cell_at(const struct canvas *c, int y, int x)
{
	return &c->cells[(size_t)y * (size_t)c->cols + (size_t)x];
}

static void put_text(const char *text)
{
	for (; *text; text++) {
		switch (*text) {
		case '<':
			fputs("&lt;", stdout);
			break;
		case '>':
			fputs("&gt;", stdout);
			break;
		case '&':
			fputs("&amp;", stdout);
			break;
		default:
			putchar(*text);
		}
	}
}

/* Lines are drawn, so that they meet whatever the font is */
static bool put_line(const char *text, int x, int y, uint32_t fg)
{
	static const struct {
		const char *text, *path;
	} lines[] = {
		{"─", "M0 9.5h9"},        {"═", "M0 7.5h9M0 11.5h9"},
		{"│", "M4.5 0v19"},       {"┌", "M9 9.5h-4.5v9.5"},
		{"┐", "M0 9.5h4.5v9.5"},  {"└", "M9 9.5h-4.5v-9.5"},
		{"┘", "M0 9.5h4.5v-9.5"},
	};

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		if (strcmp(lines[i].text, text) != 0)
			continue;
		printf("<path transform=\"translate(%d %d)\" d=\"%s\" "
		       "fill=\"none\" stroke=\"#%06x\"/>\n",
		       x, y, lines[i].path, (unsigned)fg);
		return true;
	}

	return false;
}

static bool plain(const struct cell *c)
{
	return c->text[0] > ' ' && c->text[0] < 0x7f && !c->text[1];
}

/* A word; anything but ASCII by itself, its width may be another */
static int put_word(const struct canvas *c, int y, int x, const struct look *l)
{
	const struct cell *first = cell_at(c, y, x);
	int px = EDGE + x * CELL_W, py = EDGE + y * CELL_H, n = 1;

	if (!first->width || strcmp(first->text, " ") == 0 ||
	    put_line(first->text, px, py, l->fg))
		return 1;
	printf("<text x=\"%d\" y=\"%d\" fill=\"#%06x\"%s%s>", px, py + BASE,
	       (unsigned)l->fg, l->bold ? " font-weight=\"bold\"" : "",
	       l->italic ? " font-style=\"italic\"" : "");
	put_text(first->text);
	while (plain(first) && x + n < c->cols) {
		const struct cell *next = cell_at(c, y, x + n);

		if (!plain(next) || next->role != first->role)
			break;
		put_text(next->text);
		n++;
	}
	puts("</text>");

	return n;
}

static void put_row(const struct canvas *c, const struct theme *t, int y)
{
	for (int x = 0, n; x < c->cols; x += n) {
		const struct look l = look_of(t, cell_at(c, y, x)->role);
		const int px = EDGE + x * CELL_W, py = EDGE + y * CELL_H;

		for (n = 1; x + n < c->cols && cell_at(c, y, x + n)->role ==
						       cell_at(c, y, x)->role;
		     n++)
			;
		if (l.bg != look_of(t, role("text")).bg)
			printf("<rect x=\"%d\" y=\"%d\" width=\"%d\" "
			       "height=\"%d\" fill=\"#%06x\"/>\n",
			       px, py, n * CELL_W, CELL_H, (unsigned)l.bg);
		for (int i = 0; i < n;)
			i += put_word(c, y, x + i, &l);
		if (l.underline)
			printf("<path d=\"M%d %dh%d\" stroke=\"#%06x\"/>\n", px,
			       py + BASE + 2, n * CELL_W, (unsigned)l.fg);
	}
}

static void put_cursor(const struct canvas *c, const struct theme *t)
{
	if (c->cursor_y < 0 || c->cursor_x < 0)
		return;
	printf("<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" "
	       "fill=\"#%06x\" opacity=\"0.6\"/>\n",
	       EDGE + c->cursor_x * CELL_W, EDGE + c->cursor_y * CELL_H, CELL_W,
	       CELL_H, (unsigned)look_of(t, role("input")).fg);
}

static void put_svg(const struct canvas *c, const struct theme *t)
{
	const int w = c->cols * CELL_W + 2 * EDGE,
		  h = c->rows * CELL_H + 2 * EDGE;

	printf("<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" "
	       "height=\"%d\" viewBox=\"0 0 %d %d\" font-size=\"%d\" "
	       "font-family=\"DejaVu Sans Mono, Menlo, Consolas, monospace\">\n"
	       "<!-- SPDX-License-Identifier: GPL-3.0-or-later -->\n"
	       "<rect width=\"%d\" height=\"%d\" rx=\"6\" fill=\"#%06x\"/>\n",
	       w, h, w, h, FONT, w, h, (unsigned)look_of(t, role("text")).bg);
	for (int y = 0; y < c->rows; y++)
		put_row(c, t, y);
	put_cursor(c, t);
	puts("</svg>");
}

int main(int argc, char *argv[])
{
	static struct stage s;
	const struct scene *scene = scenes;
	struct canvas c;
	char why[256];
	int err;

	if (argc != 5 && argc != 7) {
		fprintf(stderr,
			"usage: picture SCENE THEME ROWS COLS [RRGGBB RRGGBB]\n");
		return 2;
	}
	(void)setlocale(LC_CTYPE, "C.UTF-8");
	(void)setenv("TZ", "UTC", 1);
	tzset();
	if (argc == 7) {
		own_fg = (uint32_t)strtoul(argv[5], NULL, 16);
		own_bg = (uint32_t)strtoul(argv[6], NULL, 16);
	}
	while (scene->name && strcmp(scene->name, argv[1]) != 0)
		scene++;
	if (!scene->name) {
		fprintf(stderr, "picture: there is no scene %s\n", argv[1]);
		return 2;
	}
	scene_play(&s, scene);
	err = config_theme(&s.app, argv[2], why, sizeof(why));
	if (err) {
		fprintf(stderr, "picture: %s\n", why);
		return 2;
	}
	canvas_init(&c, atoi(argv[3]), atoi(argv[4]), false);
	view_screen(&c, &s.desk);
	put_svg(&c, &s.app.theme);
	canvas_done(&c);
	stage_close(&s);

	return 0;
}
