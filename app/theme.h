/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef APP_THEME_H
#define APP_THEME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * @file theme.h  How things look: roles, colours, styles.
 *
 * A role names what something means ("call.ring"), never a colour.  A style
 * is `[FG] [on BG] [+ATTR...] [| ATTR,...]`: colours, attributes, and what
 * stands for both where there is no colour.  A colour is `default`, a name
 * (red), 0 to 255, `#rrggbb[/256[/ansi]]` or `$KEY` of the palette; it is
 * `default` where it is left out.
 *
 * Threads: UI.    Blocks: never.
 */

enum color_kind { COLOR_KIND_DEFAULT, COLOR_KIND_SET, COLOR_KIND_PALETTE };

struct color {
	enum color_kind kind;
	uint32_t rgb;   /* 0xrrggbb                                   */
	uint8_t index;  /* of 256; also the palette's row             */
	uint8_t ansi;   /* of 16                                      */
	bool rgb_given; /* else rgb was computed from the index       */
};

enum {
	ATTR_BOLD = 1 << 0,
	ATTR_DIM = 1 << 1,
	ATTR_ITALIC = 1 << 2,
	ATTR_UNDERLINE = 1 << 3,
	ATTR_REVERSE = 1 << 4,
	ATTR_BLINK = 1 << 5,
};

struct style {
	struct color fg, bg;
	unsigned attrs;
	unsigned mono; /* attributes without colours */
};

enum { ROLES_MAX = 64, PALETTE_MAX = 24 };

struct theme {
	char name[64];
	struct color palette[PALETTE_MAX];
	struct style styles[ROLES_MAX];
	bool set[ROLES_MAX]; /* said by a color line */
	unsigned serial;     /* another one after each change, never twice */
};

void theme_init(struct theme *t);

/** i-th role and its meaning; NULL after the last */
const char *theme_role(unsigned i, const char **helpp);
bool theme_role_find(unsigned *ip, const char *name);

/** i-th key of the palette; NULL after the last */
const char *theme_palette_key(unsigned i, const char **helpp);

/** `palette KEY VALUE`; 0, ENOENT, EINVAL, why says what is wrong */
int theme_palette(struct theme *t, const char *key, const char *value,
		  char *why, size_t size);

/** `color ROLE STYLE`; the same */
int theme_color(struct theme *t, const char *role, const char *style, char *why,
		size_t size);

/** A style with its palette colours put in */
struct style theme_style(const struct theme *t, unsigned role);

/** The parsers by themselves */
int color_parse(struct color *c, const char *s, char *why, size_t size);
int style_parse(struct style *st, const char *s, char *why, size_t size);

#endif
