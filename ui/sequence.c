/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ui/sequence.h"

#include <string.h>

enum { PARAMS_MAX = 4, CELL_MAX = 65535, ESC = 0x1b };

/* ---- tables ---------------------------------------------------------- */

/* clang-format off */

/* CSI 1 ; mods X, CSI X, SS3 X */
static const struct {
	char final;
	uint32_t code;
} letters[] = {
	{'A', KEYSYM_UP},   {'B', KEYSYM_DOWN},   {'C', KEYSYM_RIGHT},
	{'D', KEYSYM_LEFT}, {'H', KEYSYM_HOME},   {'F', KEYSYM_END},
	{'P', KEYSYM_F1},   {'Q', KEYSYM_F1 + 1}, {'R', KEYSYM_F1 + 2},
	{'S', KEYSYM_F1 + 3},
};

/* CSI number ; mods ~ */
static const uint32_t tildes[] = {
	[1] = KEYSYM_HOME, [2] = KEYSYM_INSERT, [3] = KEYSYM_DELETE,
	[4] = KEYSYM_END, [5] = KEYSYM_PAGE_UP, [6] = KEYSYM_PAGE_DOWN,
	[7] = KEYSYM_HOME, [8] = KEYSYM_END,
	[11] = KEYSYM_F1, [12] = KEYSYM_F1 + 1, [13] = KEYSYM_F1 + 2,
	[14] = KEYSYM_F1 + 3, [15] = KEYSYM_F1 + 4, [17] = KEYSYM_F1 + 5,
	[18] = KEYSYM_F1 + 6, [19] = KEYSYM_F1 + 7, [20] = KEYSYM_F1 + 8,
	[21] = KEYSYM_F1 + 9, [23] = KEYSYM_F1 + 10, [24] = KEYSYM_F1 + 11,
	[25] = KEYSYM_F1 + 12, [26] = KEYSYM_F1 + 13, [28] = KEYSYM_F1 + 14,
	[29] = KEYSYM_F1 + 15, [31] = KEYSYM_F1 + 16, [32] = KEYSYM_F1 + 17,
	[33] = KEYSYM_F1 + 18, [34] = KEYSYM_F1 + 19, [42] = KEYSYM_F1 + 20,
	[43] = KEYSYM_F1 + 21, [44] = KEYSYM_F1 + 22, [45] = KEYSYM_F1 + 23,
};

/* clang-format on */

/* SS3 j to y */
static const char keypad[] = "*+,-./0123456789";

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* ---- characters ------------------------------------------------------ */

struct key key_of_byte(unsigned char b)
{
	if (b == '\r')
		return (struct key){KEYSYM_ENTER, 0};
	if (b == '\t')
		return (struct key){KEYSYM_TAB, 0};
	if (b == ESC)
		return (struct key){KEYSYM_ESC, 0};
	if (b == 0x08 || b == 0x7f)
		return (struct key){KEYSYM_BACKSPACE, 0};
	if (b == 0)
		return (struct key){' ', MOD_CTRL};
	if (b < 0x20)
		return (struct key){b < 0x1b ? b + 0x60u : b + 0x40u, MOD_CTRL};

	return (struct key){b, 0};
}

static enum input_type out_key(struct input *in, uint32_t code, unsigned mods)
{
	in->key = (struct key){.code = code, .mods = mods};

	return INPUT_KEY;
}

/* Readline knows characters in their old form only: "C-r" is one byte */
static void raw_as_typed(struct input *in)
{
	struct key plain = {.code = in->key.code};
	size_t n = 0;
	char c = 0;

	if (in->key.mods & MOD_META)
		in->raw[n++] = ESC;
	if (plain.code == KEYSYM_ENTER)
		c = '\r';
	else if (plain.code == KEYSYM_TAB)
		c = '\t';
	else if (plain.code == KEYSYM_ESC)
		c = ESC;
	else if (plain.code == KEYSYM_BACKSPACE)
		c = 0x7f;
	else if (plain.code < 0x7f)
		c = (char)plain.code;

	if (!c) {
		key_format(&plain, in->raw + n, sizeof(in->raw) - n);
		in->rawlen = n + strlen(in->raw + n);
		return;
	}
	if (in->key.mods & MOD_CTRL && (c == ' ' || (c >= '@' && c < 0x7f)))
		c &= 0x1f;
	in->raw[n++] = c;
	in->rawlen = n;
}

/* A character that came as a number: CSI u and the like */
static enum input_type out_code(struct input *in, uint32_t code, unsigned mods)
{
	bool control = code < 0x20 || (code >= 0x7f && code < 0xa0);

	if (code == '\r' || code == '\t' || code == ESC || code == 0x08 ||
	    code == 0x7f)
		code = key_of_byte((unsigned char)code).code;
	else if (control || (code >= 0xd800 && code < 0xf900) ||
		 code > 0x10ffff) /* the private ones are keys of kitty's */
		return INPUT_UNKNOWN;

	if (code < KEYSYM_NAMED && code != ' ') {
		if (mods & MOD_CTRL && code >= 'A' && code <= 'Z')
			code += 'a' - 'A';
		else if (!(mods & MOD_CTRL) && mods & MOD_SHIFT &&
			 code >= 'a' && code <= 'z')
			code -= 'a' - 'A';
		mods &= ~(unsigned)MOD_SHIFT;
	}
	(void)out_key(in, code, mods);
	raw_as_typed(in);

	return INPUT_KEY;
}

/* ---- control sequences ----------------------------------------------- */

struct csi {
	char prefix; /* < = > ? or 0 */
	uint32_t p[PARAMS_MAX];
	unsigned n;
	char between; /* 0x20 to 0x2f, or 0 */
	char final;
};

static bool csi_parse(struct csi *c, const unsigned char *s, size_t n)
{
	size_t i = 2;

	*c = (struct csi){.final = (char)s[n - 1]};
	if (s[i] >= '<' && s[i] <= '?')
		c->prefix = (char)s[i++];
	for (; i < n - 1 && ((s[i] >= '0' && s[i] <= '9') || s[i] == ';');
	     i++) {
		uint32_t *p;

		if (!c->n)
			c->n = 1;
		p = &c->p[c->n - 1];
		if (s[i] == ';') {
			if (c->n++ == PARAMS_MAX)
				return false;
		} else if (*p > UINT32_MAX / 10 - 1) {
			*p = UINT32_MAX;
		} else {
			*p = *p * 10 + (s[i] - '0');
		}
	}
	if (i < n - 1 && s[i] >= 0x20 && s[i] < 0x30)
		c->between = (char)s[i++];

	return i == n - 1;
}

static unsigned mods_of(uint32_t p)
{
	unsigned bits = p > 1 && p < 256 ? p - 1 : 0;

	return (bits & 1 ? MOD_SHIFT : 0u) | (bits & 10 ? MOD_META : 0u) |
	       (bits & 4 ? MOD_CTRL : 0u);
}

static enum input_type on_mouse(struct input *in, const struct csi *c)
{
	uint32_t b = c->p[0], low = b & 3;
	bool wheel = b & 64, drag = b & 32, up = c->final == 'm';

	if (c->n != 3 || b > 127 || !c->p[1] || !c->p[2] ||
	    c->p[1] > CELL_MAX || c->p[2] > CELL_MAX)
		return INPUT_UNKNOWN;
	if (wheel ? low > 1 || up || drag : low == 3)
		return INPUT_UNKNOWN;

	in->mouse.what = wheel  ? (low ? MOUSE_DOWN : MOUSE_UP)
			 : up   ? MOUSE_RELEASE
			 : drag ? MOUSE_DRAG
				: MOUSE_PRESS;
	in->mouse.button = wheel ? 0 : (int)low + 1;
	in->mouse.x = (int)c->p[1] - 1;
	in->mouse.y = (int)c->p[2] - 1;
	in->mouse.mods = (b & 4 ? MOD_SHIFT : 0u) | (b & 8 ? MOD_META : 0u) |
			 (b & 16 ? MOD_CTRL : 0u);

	return INPUT_MOUSE;
}

static enum input_type on_tilde(struct input *in, const struct csi *c)
{
	unsigned mods = mods_of(c->p[1]);
	uint32_t number = c->p[0];

	if (c->final == '~' && number == 200)
		return INPUT_PASTE;
	if (c->final == '~' && number == 990) {
		in->mark = c->p[1];
		return INPUT_MARK;
	}
	if (c->final == '~' && number == 27 && c->n == 3)
		return out_code(in, c->p[2], mods);

	/* rxvt */
	if (c->final == '^' || c->final == '@')
		mods |= MOD_CTRL;
	if (c->final == '$' || c->final == '@')
		mods |= MOD_SHIFT;
	if (number < COUNT(tildes) && tildes[number] && c->n <= 2)
		return out_key(in, tildes[number], mods);

	return INPUT_UNKNOWN;
}

static enum input_type on_letter(struct input *in, char letter, unsigned mods,
				 unsigned lower)
{
	/* rxvt's arrows */
	if (letter >= 'a' && letter <= 'd') {
		letter = (char)(letter - 'a' + 'A');
		mods |= lower;
	}
	for (size_t i = 0; i < COUNT(letters); i++)
		if (letters[i].final == letter)
			return out_key(in, letters[i].code, mods);

	return INPUT_UNKNOWN;
}

enum input_type csi_read(struct input *in, const unsigned char *seq, size_t n)
{
	struct csi c;

	if (n == 4 && seq[2] == '[') /* F1 to F5 of linux */
		return seq[3] >= 'A' && seq[3] <= 'E'
			       ? out_key(in, KEYSYM_F1 + seq[3] - 'A', 0)
			       : INPUT_UNKNOWN;
	if (!csi_parse(&c, seq, n))
		return INPUT_UNKNOWN;
	if (c.prefix == '<' && (c.final == 'M' || c.final == 'm') && !c.between)
		return on_mouse(in, &c);
	if (c.prefix == '?' && c.between == '$' && c.final == 'y' && c.n == 2) {
		in->mode = c.p[0];
		in->value = c.p[1];
		return INPUT_MODE;
	}
	if (c.prefix || c.between)
		return INPUT_UNKNOWN;

	switch (c.final) {
	case '~':
	case '^':
	case '@':
	case '$':
		return on_tilde(in, &c);
	case 'u':
		if (c.n < 1 || c.n > 2)
			break;
		return out_code(in, c.p[0], mods_of(c.p[1]));
	case 'I':
	case 'O':
		if (c.n)
			break;
		in->focus = c.final == 'I';
		return INPUT_FOCUS;
	case 'Z':
		return out_key(in, KEYSYM_TAB, mods_of(c.p[1]) | MOD_SHIFT);
	default:
		/* with another first number it is an answer, not a key */
		if (c.n > 2 || c.p[0] > 1)
			break;
		return on_letter(in, c.final, mods_of(c.p[1]), MOD_SHIFT);
	}

	return INPUT_UNKNOWN;
}

enum input_type ss3_read(struct input *in, const unsigned char *seq, size_t n)
{
	unsigned char b = seq[n - 1];
	unsigned mods = 0;
	struct csi c;

	if (n > 3) { /* old xterms: SS3 5 A, SS3 1 ; 5 A */
		if (!csi_parse(&c, seq, n) || !c.n || c.n > 2)
			return INPUT_UNKNOWN;
		mods = mods_of(c.p[c.n - 1]);
	}
	if (b == 'M')
		return out_code(in, '\r', mods);
	if (b == 'I')
		return out_code(in, '\t', mods);
	if (b == 'X')
		return out_code(in, '=', mods);
	if (b >= 'j' && b <= 'y')
		return out_code(in, (uint32_t)keypad[b - 'j'], mods);

	return on_letter(in, (char)b, mods, MOD_CTRL);
}
