/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ui/canvas.h"

#include <assert.h>
#include <langinfo.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include "app/alloc.h"
#include "app/theme.h"
#include "base/text.h"

enum {
	MARKS_MAX = 2, /* combining marks of one character */
	PRINTF_MAX = 4096,
};

/* clang-format off */

static const struct {
	const char *utf8, *ascii;
} glyphs[] = {
	[GLYPH_FREE]    = {"○", "o"},  [GLYPH_RINGS]    = {"◐", "!"},
	[GLYPH_BUSY]    = {"●", "*"},  [GLYPH_DND]      = {"⊘", "#"},
	[GLYPH_AWAY]    = {"–", "-"},
	[GLYPH_TALK]    = {"►", ">"},  [GLYPH_HOLD]     = {"‖", "="},
	[GLYPH_RING]    = {"♪", "!"},  [GLYPH_DIAL]     = {"…", "."},
	[GLYPH_XFER]    = {"»", "}"},  [GLYPH_ENDED]    = {"·", "-"},
	[GLYPH_DONE]    = {"✓", "x"},  [GLYPH_NOW]      = {"◐", ">"},
	[GLYPH_TODO]    = {"○", "."},  [GLYPH_FAIL]     = {"✗", "!"},
	[GLYPH_IN]      = {"←", "<"},  [GLYPH_OUT]      = {"→", ">"},
	[GLYPH_CUT]     = {"…", "~"},  [GLYPH_DOT]      = {"·", "-"},
	[GLYPH_PAIR_TOP] = {"┐", "\\"}, [GLYPH_PAIR_END] = {"┘", "/"},
	[GLYPH_LINE]    = {"─", "-"},  [GLYPH_LINE_FOCUS] = {"═", "="},
	[GLYPH_BAR]     = {"│", "|"},
	[GLYPH_ARROW_L] = {"◄", "<"},  [GLYPH_ARROW_R]  = {"►", ">"},
	[GLYPH_DASH]    = {"─", "-"},  [GLYPH_SEEN]     = {"·", "."},
	[GLYPH_UP]      = {"↑", "^"},  [GLYPH_DOWN]     = {"↓", "v"},
	[GLYPH_BOX_TL]  = {"┌", "+"},  [GLYPH_BOX_TR]   = {"┐", "+"},
	[GLYPH_BOX_BL]  = {"└", "+"},  [GLYPH_BOX_BR]   = {"┘", "+"},
};

/* clang-format on */

_Static_assert(sizeof(glyphs) / sizeof(glyphs[0]) == GLYPH_COUNT,
	       "a sign for each meaning");

const char *glyph(const struct canvas *c, enum glyph g)
{
	assert(g < GLYPH_COUNT);

	return c->ascii ? glyphs[g].ascii : glyphs[g].utf8;
}

unsigned role(const char *name)
{
	unsigned i = 0;
	bool found = theme_role_find(&i, name);

	assert(found);
	(void)found; /* without assert() it is shown as text */

	return i;
}

/* ---- characters ------------------------------------------------------ */

/* A character with its marks, as a cell takes it */
struct glyf {
	char text[CELL_BYTES];
	int width;
};

static bool is_utf8(void)
{
	return strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
}

/* Cells of the first character of s, -1: none can tell; *eatenp its bytes */
static int char_width(const char *s, size_t *eatenp)
{
	mbstate_t state = {0};
	wchar_t wc = 0;
	size_t n = mbrtowc(&wc, s, strnlen(s, MB_LEN_MAX), &state);

	*eatenp = 1;
	if (n == (size_t)-1 || n == (size_t)-2)
		return -1;
	*eatenp = n;

	return wcwidth(wc);
}

/* What does not end a character belongs to it */
static size_t skip_char(const char *s)
{
	size_t n = 1;

	while ((s[n] & 0xc0) == 0x80)
		n++;

	return n;
}

/*
 * One code point, made harmless; out is empty when nothing is to be seen of
 * it.  The rules are those of text_clean(), for a character alone: a row of
 * blanks is not squeezed here, views lay out with them.
 *
 * @return bytes eaten
 */
static size_t take_char(const char *s, bool utf8, char out[8], int *widthp)
{
	size_t eaten = 1, n;

	*widthp = 1;
	if ((unsigned char)*s >= 0x20 && (unsigned char)*s < 0x7f) {
		out[0] = *s;
		out[1] = '\0';
		return 1;
	}
	if ((unsigned char)*s >= 0x80 && !utf8) {
		text_copy(out, 8, "?");
		return skip_char(s);
	}

	char_width(s, &eaten);
	text_clean(out, 8, s, eaten);
	if (out[0]) {
		/* the C library takes some for one that text_clean() breaks */
		*widthp = char_width(out, &n);
		out[n] = '\0';
	}
	if (*widthp < 0) {
		/* a terminal would not know either */
		text_copy(out, 8, utf8 ? "\xef\xbf\xbd" : "?");
		*widthp = 1;
	}

	return eaten;
}

/* The next character that takes cells, with the marks behind it */
static bool next_glyf(const char **sp, bool utf8, struct glyf *g)
{
	const char *s = *sp;
	unsigned marks = 0;
	char out[8];
	size_t len = 0;

	*g = (struct glyf){0};
	while (*s) {
		int width;
		size_t eaten = take_char(s, utf8, out, &width);

		if (out[0] && width && g->width)
			break;
		s += eaten;
		/* a mark without a base is nothing, nor is the third */
		if (!out[0] || (!width && (!g->width || marks == MARKS_MAX)))
			continue;
		if (width)
			g->width = width;
		else
			marks++;
		memcpy(g->text + len, out, strlen(out) + 1);
		len += strlen(out);
	}
	*sp = s;

	return g->width > 0;
}

static long measure(const char *text)
{
	bool utf8 = is_utf8();
	struct glyf g;
	long width = 0;

	while (next_glyf(&text, utf8, &g))
		width += g.width;

	return width;
}

/* ---- cells ----------------------------------------------------------- */

void canvas_init(struct canvas *c, int rows, int cols, bool ascii)
{
	*c = (struct canvas){
		.rows = rows < 1 ? 1 : rows,
		.cols = cols < 1 ? 1 : cols,
		.ascii = ascii,
	};
	c->cells = alloc_zero((size_t)c->rows * (size_t)c->cols *
			      sizeof(*c->cells));
	canvas_clear(c);
}

void canvas_done(struct canvas *c)
{
	free(c->cells);
	*c = (struct canvas){0};
}

static struct cell *cell_at(const struct canvas *c, int y, int x)
{
	return &c->cells[(size_t)y * (size_t)c->cols + (size_t)x];
}

static bool inside(const struct canvas *c, int y, int x)
{
	return y >= 0 && y < c->rows && x >= 0 && x < c->cols;
}

static void set_cell(struct cell *cell, unsigned role, const char *text,
		     int width)
{
	text_copy(cell->text, sizeof(cell->text), text);
	cell->width = (uint8_t)width;
	cell->role = (uint8_t)role;
}

/* This cell is about to change: the other half of a wide one goes */
static void part(struct canvas *c, int y, int x)
{
	struct cell *cell = cell_at(c, y, x);

	if (cell->width == 0 && x > 0)
		set_cell(cell - 1, cell[-1].role, " ", 1);
	else if (cell->width == 2 && x + 1 < c->cols)
		set_cell(cell + 1, cell[1].role, " ", 1);
}

/* A sign of ours in a text, such as the arrow of a log line */
static const char *plain(const char *text)
{
	for (size_t i = 0; i < GLYPH_COUNT; i++) {
		if (strcmp(text, glyphs[i].utf8) == 0)
			return glyphs[i].ascii;
	}

	return text;
}

static void put(struct canvas *c, int y, int x, unsigned role, const char *text,
		int width)
{
	if (x < -1 || x >= c->cols)
		return;
	if (c->ascii && width == 1 && (text[0] & 0x80))
		text = plain(text);
	if (width == 2 && inside(c, y, x) && inside(c, y, x + 1)) {
		part(c, y, x);
		part(c, y, x + 1);
		set_cell(cell_at(c, y, x), role, text, 2);
		set_cell(cell_at(c, y, x + 1), role, "", 0);
		return;
	}
	for (int i = x; i < x + width; i++) {
		if (!inside(c, y, i))
			continue;
		part(c, y, i);
		set_cell(cell_at(c, y, i), role, width == 1 ? text : " ", 1);
	}
}

void canvas_clear(struct canvas *c)
{
	unsigned text = role("text");

	for (int i = 0; i < c->rows * c->cols; i++)
		set_cell(&c->cells[i], text, " ", 1);
	c->cursor_y = c->cursor_x = -1;
}

/* [from, from + len) cut to [0, limit) */
static void clip(int *fromp, int *lenp, int limit)
{
	long long from = *fromp, end = from + (*lenp > 0 ? *lenp : 0);

	if (end > limit)
		end = limit;
	if (from < 0)
		from = 0;
	if (from > limit)
		from = limit;
	*fromp = (int)from;
	*lenp = end > from ? (int)(end - from) : 0;
}

struct rect canvas_clip(const struct canvas *c, struct rect r)
{
	clip(&r.y, &r.h, c->rows);
	clip(&r.x, &r.w, c->cols);

	return r;
}

void canvas_fill(struct canvas *c, struct rect r, unsigned role)
{
	r = canvas_clip(c, r);
	for (int y = r.y; y < r.y + r.h; y++)
		for (int x = r.x; x < r.x + r.w; x++)
			put(c, y, x, role, " ", 1);
}

void canvas_role(struct canvas *c, struct rect r, unsigned role)
{
	r = canvas_clip(c, r);
	for (int y = r.y; y < r.y + r.h; y++)
		for (int x = r.x; x < r.x + r.w; x++)
			cell_at(c, y, x)->role = (uint8_t)role;
}

/* ---- writing --------------------------------------------------------- */

/* What of max cells from x on lies before the right edge */
static int room_at(const struct canvas *c, int x, int max)
{
	long long room = (long long)c->cols - x;

	return room < max ? (int)room : max;
}

int canvas_text(struct canvas *c, int y, int x, int max, unsigned role,
		const char *text)
{
	bool utf8 = is_utf8(), cut;
	struct glyf g;
	int used = 0;

	max = room_at(c, x, max);
	if (max <= 0)
		return 0;

	cut = measure(text) > max;
	while (next_glyf(&text, utf8, &g) && used + g.width <= max - cut) {
		put(c, y, x + used, role, g.text, g.width);
		used += g.width;
	}
	if (cut)
		used += canvas_glyph(c, y, x + used, role, GLYPH_CUT);

	return used;
}

int canvas_printf(struct canvas *c, int y, int x, int max, unsigned role,
		  const char *fmt, ...)
{
	char text[PRINTF_MAX] = "";
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap); /* cut: wider than all */
	va_end(ap);

	return canvas_text(c, y, x, max, role, text);
}

int canvas_right(struct canvas *c, int y, int x, int max, unsigned role,
		 const char *text)
{
	long width = measure(text);

	max = room_at(c, x, max);
	if (max > width)
		x += max - (int)width;

	return canvas_text(c, y, x, max, role, text);
}

int canvas_glyph(struct canvas *c, int y, int x, unsigned role, enum glyph g)
{
	put(c, y, x, role, glyph(c, g), 1);

	return 1;
}

void canvas_hline(struct canvas *c, int y, int x, int n, unsigned role,
		  enum glyph g)
{
	struct rect r = canvas_clip(c, (struct rect){y, x, 1, n});

	for (int i = 0; r.h && i < r.w; i++)
		canvas_glyph(c, r.y, r.x + i, role, g);
}

void canvas_vline(struct canvas *c, int y, int x, int n, unsigned role,
		  enum glyph g)
{
	struct rect r = canvas_clip(c, (struct rect){y, x, n, 1});

	for (int i = 0; r.w && i < r.h; i++)
		canvas_glyph(c, r.y + i, r.x, role, g);
}

/* ---- reading --------------------------------------------------------- */

char *canvas_row(const struct canvas *c, int y, char *buf, size_t size)
{
	size_t n = 0, end = 0;

	assert(size && y >= 0 && y < c->rows);

	for (int x = 0; x < c->cols; x++) {
		const char *text = cell_at(c, y, x)->text;
		size_t len = strlen(text);

		if (n + len >= size)
			break;
		memcpy(buf + n, text, len);
		n += len;
		if (len && strcmp(text, " ") != 0)
			end = n;
	}
	buf[end] = '\0';

	return buf;
}
