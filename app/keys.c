/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/keys.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "app/alloc.h"
#include "base/text.h"

static const struct {
	const char *name;
	uint32_t code;
} names[] = {
	/* the first name of a code is the one shown */
	{"Enter", KEYSYM_ENTER},
	{"Return", KEYSYM_ENTER},
	{"Tab", KEYSYM_TAB},
	{"Esc", KEYSYM_ESC},
	{"Escape", KEYSYM_ESC},
	{"Backspace", KEYSYM_BACKSPACE},
	{"BSpace", KEYSYM_BACKSPACE},
	{"Delete", KEYSYM_DELETE},
	{"Del", KEYSYM_DELETE},
	{"Insert", KEYSYM_INSERT},
	{"Home", KEYSYM_HOME},
	{"End", KEYSYM_END},
	{"PageUp", KEYSYM_PAGE_UP},
	{"PageDown", KEYSYM_PAGE_DOWN},
	{"Up", KEYSYM_UP},
	{"Down", KEYSYM_DOWN},
	{"Left", KEYSYM_LEFT},
	{"Right", KEYSYM_RIGHT},
	{"Space", ' '},
	{"Less", '<'},
	{"Greater", '>'},
};

static const struct {
	const char *name, *help;
} contexts[] = {
	{"all", "Everywhere, unless the context binds the key itself"},
	{"calls", "The list of calls"},
	{"transfers", "The transfers and their steps"},
	{"directory", "The directory"},
	{"picker", "Choosing a target"},
	{"ladder", "The SIP ladder of a call"},
	{"trace", "The SIP trace"},
	{"log", "The log"},
	{"history", "Past calls and transfers"},
	{"help", "The help"},
	{"prompt", "While a command line is typed"},
	{"dtmf", "While digits go to the other party"},
};

enum {
	NAMES = sizeof(names) / sizeof(names[0]),
	CONTEXTS = sizeof(contexts) / sizeof(contexts[0]),
};

const char *key_context(unsigned i, const char **helpp)
{
	if (i >= CONTEXTS)
		return NULL;
	if (helpp)
		*helpp = contexts[i].help;

	return contexts[i].name;
}

bool key_context_find(unsigned *ip, const char *name)
{
	for (unsigned i = 0; i < CONTEXTS; i++) {
		if (strcmp(contexts[i].name, name) == 0) {
			*ip = i;
			return true;
		}
	}

	return false;
}

/* Exactly one character of UTF-8 and nothing after it; 0: it is not. */
static uint32_t one_char(const char *s)
{
	const unsigned char *p = (const unsigned char *)s;
	unsigned more = p[0] < 0x80    ? 0
			: p[0] >= 0xf0 ? 3
			: p[0] >= 0xe0 ? 2
				       : 1;
	uint32_t code = more ? p[0] & (0x3fu >> more) : p[0];

	if (p[0] <= ' ' || p[0] == 0x7f || !text_is_clean(s))
		return 0;
	for (unsigned i = 1; i <= more; i++)
		code = code << 6 | (p[i] & 0x3fu);

	return p[more + 1] == '\0' ? code : 0;
}

static bool named(struct key *key, const char *name)
{
	uint32_t f;

	for (unsigned i = 0; i < NAMES; i++) {
		if (strcasecmp(names[i].name, name) == 0) {
			key->code = names[i].code;
			return true;
		}
	}
	if ((name[0] == 'F' || name[0] == 'f') &&
	    text_u32(name + 1, 1, 24, &f)) {
		key->code = KEYSYM_F1 + f - 1;
		return true;
	}

	return false;
}

bool key_parse(struct key *key, const char *name)
{
	struct key k = {0};
	char word[32];
	size_t len = strlen(name);
	const char *p = word;

	if (!len || len >= sizeof(word))
		return false;
	if (len > 2 && name[0] == '<' && name[len - 1] == '>')
		text_ncopy(word, sizeof(word), name + 1, len - 2);
	else
		text_copy(word, sizeof(word), name);

	while (p[0] && p[1] == '-' && p[2]) {
		if (p[0] == 'C' || p[0] == 'c')
			k.mods |= MOD_CTRL;
		else if (p[0] == 'M' || p[0] == 'm' || p[0] == 'A')
			k.mods |= MOD_META;
		else if (p[0] == 'S' || p[0] == 's')
			k.mods |= MOD_SHIFT;
		else
			return false;
		p += 2;
	}
	if (!named(&k, p))
		k.code = one_char(p);
	if (!k.code)
		return false;

	/* terminals send no case with C-, and shift makes another character */
	if (k.mods & MOD_CTRL && k.code >= 'A' && k.code <= 'Z')
		k.code += 'a' - 'A';
	if (k.mods & MOD_SHIFT && k.code < KEYSYM_NAMED && k.code != ' ')
		return false;
	*key = k;

	return true;
}

static void put_char(char *dst, uint32_t code)
{
	unsigned char *p = (unsigned char *)dst;

	if (code < 0x80) {
		*p++ = (unsigned char)code;
	} else if (code < 0x800) {
		*p++ = (unsigned char)(0xc0 | code >> 6);
		*p++ = (unsigned char)(0x80 | (code & 0x3f));
	} else if (code < 0x10000) {
		*p++ = (unsigned char)(0xe0 | code >> 12);
		*p++ = (unsigned char)(0x80 | (code >> 6 & 0x3f));
		*p++ = (unsigned char)(0x80 | (code & 0x3f));
	} else {
		*p++ = (unsigned char)(0xf0 | code >> 18);
		*p++ = (unsigned char)(0x80 | (code >> 12 & 0x3f));
		*p++ = (unsigned char)(0x80 | (code >> 6 & 0x3f));
		*p++ = (unsigned char)(0x80 | (code & 0x3f));
	}
	*p = '\0';
}

const char *key_format(const struct key *key, char *buf, size_t size)
{
	char word[16] = "";

	if (key->code >= KEYSYM_F1)
		snprintf(word, sizeof(word), "F%u", key->code - KEYSYM_F1 + 1);
	for (unsigned i = 0; !word[0] && i < NAMES; i++) {
		if (names[i].code == key->code)
			text_copy(word, sizeof(word), names[i].name);
	}
	if (!word[0])
		put_char(word, key->code);
	snprintf(buf, size, "%s%s%s%s", key->mods & MOD_CTRL ? "C-" : "",
		 key->mods & MOD_META ? "M-" : "",
		 key->mods & MOD_SHIFT ? "S-" : "", word);

	return buf;
}

void keymap_init(struct keymap *map)
{
	*map = (struct keymap){0};
}

void keymap_done(struct keymap *map)
{
	for (unsigned i = 0; i < map->n; i++)
		free(map->v[i].line);
	free(map->v);
	keymap_init(map);
}

static struct binding *lookup(const struct keymap *map, unsigned context,
			      const struct key *key)
{
	for (unsigned i = 0; i < map->n; i++) {
		struct binding *b = &map->v[i];

		if (b->context == context && b->key.code == key->code &&
		    b->key.mods == key->mods)
			return b;
	}

	return NULL;
}

void keymap_reset(struct keymap *map)
{
	unsigned n = 0;

	for (unsigned i = 0; i < map->n; i++) {
		if (map->v[i].user)
			map->v[n++] = map->v[i];
		else
			free(map->v[i].line);
	}
	map->n = n;
}

bool keymap_bind(struct keymap *map, unsigned context, const struct key *key,
		 const char *line, bool user)
{
	struct binding *b = lookup(map, context, key);
	bool twice = b && b->user;

	if (twice && !user)
		return false;
	if (!b) {
		map->v = alloc_grow(map->v, map->n + 1, sizeof(*map->v));
		b = &map->v[map->n++];
		*b = (struct binding){.context = context, .key = *key};
	}
	free(b->line);
	/* a binding taken away stays as an empty one: it hides the one of
	 * `all`, and says that the user wanted it so */
	b->line = line ? alloc_text(line) : NULL;
	b->user = user;

	return twice;
}

const char *keymap_own(const struct keymap *map, unsigned context,
		       const struct key *key)
{
	const struct binding *b = lookup(map, context, key);

	return b ? b->line : NULL;
}

const char *keymap_find(const struct keymap *map, unsigned context,
			const struct key *key)
{
	const struct binding *b = lookup(map, context, key);

	if (!b)
		b = lookup(map, 0, key);

	return b ? b->line : NULL;
}
