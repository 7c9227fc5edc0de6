/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef UI_CANVAS_H
#define UI_CANVAS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * @file canvas.h  A grid of characters with roles: what the views draw on.
 *
 * No terminal is needed to draw or to look at one, so tests do.  Everything
 * is clipped: what does not fit is cut, a wide character that would stand
 * half outside becomes a blank.  Texts are cleaned again here
 * (text_is_clean), so nothing that steers a terminal ever stands in a cell.
 *
 * Threads: any.    Blocks: never.
 */

enum { CELL_BYTES = 16 }; /* one character with its combining marks, UTF-8 */

struct cell {
	char text[CELL_BYTES]; /* "" in the second cell of a wide character */
	uint8_t width;         /* 1 or 2; 0: second cell of the one before  */
	uint8_t role;          /* of theme.h                                */
};

struct rect {
	int y, x, h, w;
};

struct canvas {
	int rows, cols;
	struct cell *cells;     /* rows * cols                               */
	int cursor_y, cursor_x; /* -1: hidden                                */
	bool ascii;             /* glyphs and lines from the ASCII set       */
};

/** Signs by meaning, one cell each; UTF-8 and ASCII */
enum glyph {
	GLYPH_FREE,       /* ○ o */
	GLYPH_RINGS,      /* ◐ ! */
	GLYPH_BUSY,       /* ● * */
	GLYPH_DND,        /* ⊘ # */
	GLYPH_AWAY,       /* – - */
	GLYPH_TALK,       /* ► > */
	GLYPH_HOLD,       /* ‖ = */
	GLYPH_RING,       /* ♪ ! */
	GLYPH_DIAL,       /* … . */
	GLYPH_XFER,       /* » } */
	GLYPH_ENDED,      /* · - */
	GLYPH_DONE,       /* ✓ x */
	GLYPH_NOW,        /* ◐ > */
	GLYPH_TODO,       /* ○ . */
	GLYPH_FAIL,       /* ✗ ! */
	GLYPH_IN,         /* ← < */
	GLYPH_OUT,        /* → > */
	GLYPH_CUT,        /* … ~ (stands where a text was cut) */
	GLYPH_DOT,        /* · - (between two facts)          */
	GLYPH_PAIR_TOP,   /* ┐ \ */
	GLYPH_PAIR_END,   /* ┘ / */
	GLYPH_LINE,       /* ─ - */
	GLYPH_LINE_FOCUS, /* ═ = */
	GLYPH_BAR,        /* │ | */
	GLYPH_ARROW_L,    /* ◄ < */
	GLYPH_ARROW_R,    /* ► > */
	GLYPH_DASH,       /* ─ - (of an arrow's shaft)  */
	GLYPH_SEEN,       /* · . (of a shaft nobody saw: reported) */
	GLYPH_UP,         /* ↑ ^ */
	GLYPH_DOWN,       /* ↓ v */
	GLYPH_BOX_TL,
	GLYPH_BOX_TR,
	GLYPH_BOX_BL,
	GLYPH_BOX_BR, /* ┌┐└┘ + */
	GLYPH_COUNT
};

const char *glyph(const struct canvas *c, enum glyph g);

/** Make it this big (at least 1 x 1), all blank in role `text` */
void canvas_init(struct canvas *c, int rows, int cols, bool ascii);
void canvas_done(struct canvas *c);

/** All blank, cursor hidden */
void canvas_clear(struct canvas *c);

/** The part of r that is on the canvas; r itself may lie anywhere */
struct rect canvas_clip(const struct canvas *c, struct rect r);

/** Blank in this role */
void canvas_fill(struct canvas *c, struct rect r, unsigned role);

/**
 * Write text at (y, x), at most max cells; what is cut ends in GLYPH_CUT.
 * Line ends and tabs count as blanks.
 *
 * @return cells used
 */
int canvas_text(struct canvas *c, int y, int x, int max, unsigned role,
		const char *text);
int canvas_printf(struct canvas *c, int y, int x, int max, unsigned role,
		  const char *fmt, ...) __attribute__((format(printf, 6, 7)));

/** The same, so that the last cell used is the one before x + max */
int canvas_right(struct canvas *c, int y, int x, int max, unsigned role,
		 const char *text);

int canvas_glyph(struct canvas *c, int y, int x, unsigned role, enum glyph g);

/** n of them in a row / one below the other */
void canvas_hline(struct canvas *c, int y, int x, int n, unsigned role,
		  enum glyph g);
void canvas_vline(struct canvas *c, int y, int x, int n, unsigned role,
		  enum glyph g);

/** Only the role of what stands there (a selected row) */
void canvas_role(struct canvas *c, struct rect r, unsigned role);

/** Number of a role (theme.h) by its name; one that is not there is a bug */
unsigned role(const char *name);

/** One row as text, trailing blanks cut, into buf; returns buf */
char *canvas_row(const struct canvas *c, int y, char *buf, size_t size);

#endif
