/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef APP_KEYS_H
#define APP_KEYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * @file keys.h  Names of keys, and which command line each one runs.
 *
 * A key is written as one character (`x`, `?`), as a name (`Enter`, `F4`,
 * `Up`) or as either with C-, M- or S- before it (`C-t`, `M-a`, `S-Tab`);
 * angle brackets round it are allowed.  A binding belongs to a context; what
 * a context does not bind is looked up in `all`.
 *
 * Threads: UI.    Blocks: never.
 */

enum { MOD_CTRL = 1 << 0, MOD_META = 1 << 1, MOD_SHIFT = 1 << 2 };

/** Keys that are no character; a character is its code point */
enum {
	KEYSYM_NAMED = 0x110000, /* beyond Unicode */
	KEYSYM_ENTER = KEYSYM_NAMED,
	KEYSYM_TAB,
	KEYSYM_ESC,
	KEYSYM_BACKSPACE,
	KEYSYM_DELETE,
	KEYSYM_INSERT,
	KEYSYM_HOME,
	KEYSYM_END,
	KEYSYM_PAGE_UP,
	KEYSYM_PAGE_DOWN,
	KEYSYM_UP,
	KEYSYM_DOWN,
	KEYSYM_LEFT,
	KEYSYM_RIGHT,
	KEYSYM_F1 /* ... KEYSYM_F1 + 23 */
};

struct key {
	uint32_t code;
	unsigned mods;
};

/** false: that is not the name of a key */
bool key_parse(struct key *key, const char *name);

/** The way keys are shown ("C-t", "F4", "Space"); returns buf */
const char *key_format(const struct key *key, char *buf, size_t size);

/** Where bindings hold; i-th name and its help, NULL after the last */
const char *key_context(unsigned i, const char **helpp);
bool key_context_find(unsigned *ip, const char *name);

struct binding {
	unsigned context;
	struct key key;
	char *line; /* command line */
	bool user;  /* bound by a bind line, not by table or preset */
};

struct keymap {
	struct binding *v;
	unsigned n;
};

void keymap_init(struct keymap *map);
void keymap_done(struct keymap *map);

/** Only what bind lines have bound stays */
void keymap_reset(struct keymap *map);

/**
 * Bind a key; an earlier binding in that context is replaced, but the user's
 * by the user only.
 *
 * @param line  Copied; NULL: take the binding away
 *
 * @return true when a bind line had bound that key there before
 */
bool keymap_bind(struct keymap *map, unsigned context, const struct key *key,
		 const char *line, bool user);

/** The line a key runs in this context itself, or NULL */
const char *keymap_own(const struct keymap *map, unsigned context,
		       const struct key *key);

/** The line a key runs in a context (then in `all`), or NULL */
const char *keymap_find(const struct keymap *map, unsigned context,
			const struct key *key);

#endif
