/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/tty/keys.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SHIFT = 1, META = 2, CTRL = 4 }; /* as in xterm's parameter, less 1 */

/* clang-format off */
static const struct {
	const char *name;
	char kind;        /* '=' as it stands, 'A'.. its last byte, '~' number */
	const char *text;
} names[] = {
	{"Enter", '=', "\r"},    {"Tab", '=', "\t"},  {"Esc", '=', "\x1b"},
	{"Space", '=', " "},     {"BS", '=', "\x7f"}, {"lt", '=', "<"},
	{"Up", 'A', "["},        {"Down", 'B', "["},  {"Right", 'C', "["},
	{"Left", 'D', "["},      {"End", 'F', "["},   {"Home", 'H', "["},
	{"F1", 'P', "O"},        {"F2", 'Q', "O"},    {"F3", 'R', "O"},
	{"F4", 'S', "O"},        {"Ins", '~', "2"},   {"Del", '~', "3"},
	{"PageUp", '~', "5"},    {"PageDown", '~', "6"},
	{"F5", '~', "15"},       {"F6", '~', "17"},   {"F7", '~', "18"},
	{"F8", '~', "19"},       {"F9", '~', "20"},   {"F10", '~', "21"},
	{"F11", '~', "23"},      {"F12", '~', "24"},
};
/* clang-format on */

/* A key without a name: one character, perhaps of several bytes */
static int plain_key(char *out, size_t size, const char *name, unsigned mods)
{
	const char *esc = mods & META ? "\x1b" : "";

	if (!(mods & CTRL))
		return snprintf(out, size, "%s%s", esc, name);
	if (name[1] || !strchr("@[\\]^_?", name[0]) == !isalpha(name[0]))
		return 0;
	if (name[0] == '?')
		return snprintf(out, size, "%s\x7f", esc);
	return snprintf(out, size, "%s%c", esc, name[0] & 0x1f);
}

static int named_key(char *out, size_t size, char kind, const char *text,
		     unsigned mods)
{
	if (kind == '=' && text[0] == '\t' && mods & SHIFT)
		return snprintf(out, size, "\x1b[Z");
	if (kind == '=')
		return snprintf(out, size, "%s%s", mods & META ? "\x1b" : "",
				text);
	if (kind == '~' && mods)
		return snprintf(out, size, "\x1b[%s;%u~", text, mods + 1);
	if (kind == '~')
		return snprintf(out, size, "\x1b[%s~", text);
	if (mods)
		return snprintf(out, size, "\x1b[1;%u%c", mods + 1, kind);
	return snprintf(out, size, "\x1b%s%c", text, kind);
}

/* What stands between the brackets; 0: there is no such key */
static int one_key(char *out, size_t size, const char *name)
{
	unsigned mods = 0;

	while (name[0] && name[1] == '-' && name[2]) {
		unsigned mod = name[0] == 'C'   ? CTRL
			       : name[0] == 'M' ? META
			       : name[0] == 'S' ? SHIFT
						: 0;

		if (!mod)
			return 0;
		mods |= mod;
		name += 2;
	}
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (!strcmp(names[i].name, name))
			return named_key(out, size, names[i].kind,
					 names[i].text, mods);
	/* one character, not a word that was spelt wrong */
	if (!name[0] || ((name[0] & 0x80) == 0 && name[1]))
		return 0;
	return plain_key(out, size, name, mods);
}

size_t keys_bytes(char *out, size_t size, const char *keys, const char **whatp)
{
	size_t n = 0;

	while (*keys && n + 16 < size) {
		const char *end = *keys == '<' ? strchr(keys, '>') : NULL;
		char name[32];
		int len;

		if (!end) {
			out[n++] = *keys++;
			continue;
		}
		snprintf(name, sizeof(name), "%.*s", (int)(end - keys - 1),
			 keys + 1);
		len = one_key(out + n, size - n, name);
		if (len <= 0) {
			*whatp = keys;
			return 0;
		}
		n += (size_t)len;
		keys = end + 1;
	}
	return n;
}

size_t keys_escaped(char *out, size_t size, const char *text)
{
	static const char from[] = "ernt\\", to[] = "\x1b\r\n\t\\";
	size_t n = 0;

	while (*text && n < size) {
		const char *at;
		char hex[3] = "";

		if (*text != '\\' || !text[1]) {
			out[n++] = *text++;
			continue;
		}
		at = strchr(from, text[1]);
		if (at) {
			out[n++] = to[at - from];
			text += 2;
		} else if (text[1] == 'x' && text[2] && text[3]) {
			memcpy(hex, text + 2, 2);
			out[n++] = (char)strtoul(hex, NULL, 16);
			text += 4;
		} else {
			out[n++] = *text++;
		}
	}
	return n;
}
