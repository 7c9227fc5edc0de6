/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/text.h"

#include <errno.h>
#include <locale.h>
#include <string.h>
#include <wchar.h>

enum {
	REPLACEMENT = 0xfffd,
	MARKS_MAX = 2, /* combining marks in a row */
};

#define BROKEN UINT32_MAX /* no code point */

struct range {
	uint32_t from, to;
};

/* clang-format off */

/* Would end the line, or turn around what stands beside it */
static const struct range harmful[] = {
	{0x0000, 0x001f}, {0x007f, 0x009f},
	{0x061c, 0x061c}, {0x200e, 0x200f}, {0x2028, 0x202e},
	{0x2066, 0x2069}, {0xfdd0, 0xfdef},
};

/* Not to be seen, so two texts may look the same and differ */
static const struct range invisible[] = {
	{0x00ad, 0x00ad}, {0x034f, 0x034f}, {0x17b4, 0x17b5},
	{0x180b, 0x180f}, {0x200b, 0x200d}, {0x2060, 0x2065},
	{0x206a, 0x206f}, {0xfe00, 0xfe0f}, {0xfeff, 0xfeff},
	{0xfff9, 0xfffb}, {0x1bca0, 0x1bca3}, {0x1d173, 0x1d17a},
	{0xe0000, 0xe0fff},
};

static const struct range white[] = {
	{0x0009, 0x000d}, {0x0020, 0x0020}, {0x00a0, 0x00a0},
	{0x1680, 0x1680}, {0x2000, 0x200a}, {0x202f, 0x202f},
	{0x205f, 0x205f}, {0x3000, 0x3000},
};

/* Only where the C library has no UTF-8 locale: the common ones */
static const struct range marks[] = {
	{0x0300, 0x036f}, {0x0483, 0x0489}, {0x0591, 0x05bd},
	{0x0610, 0x061a}, {0x064b, 0x065f}, {0x0e31, 0x0e31},
	{0x0e34, 0x0e3a}, {0x0e47, 0x0e4e}, {0x1160, 0x11ff},
	{0x1ab0, 0x1aff}, {0x1dc0, 0x1dff}, {0x20d0, 0x20ff},
	{0xfe20, 0xfe2f},
};

static const struct range wide[] = {
	{0x1100, 0x115f}, {0x2e80, 0x303e}, {0x3041, 0xa4cf},
	{0xac00, 0xd7a3}, {0xf900, 0xfaff}, {0xfe30, 0xfe6f},
	{0xff00, 0xff60}, {0xffe0, 0xffe6}, {0x1f300, 0x1f64f},
	{0x1f900, 0x1f9ff}, {0x20000, 0x3fffd},
};

/* clang-format on */

#define IN(table, cp) in(table, sizeof(table) / sizeof((table)[0]), cp)

static locale_t utf8_locale; /* immutable once main() runs; 0: none */

/* Here and not at the first use, which may be on a thread in a hurry */
__attribute__((constructor)) static void open_locale(void)
{
	utf8_locale = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
}

static bool in(const struct range *v, size_t n, uint32_t cp)
{
	for (size_t i = 0; i < n && v[i].from <= cp; i++)
		if (cp <= v[i].to)
			return true;
	return false;
}

/* Cells of one code point; 0: a combining mark */
static unsigned cells(uint32_t cp)
{
	locale_t old;
	int n;

	if (cp < 0x300)
		return 1;
	if (!utf8_locale) {
		if (IN(marks, cp))
			return 0;
		return IN(wide, cp) ? 2 : 1;
	}

	old = uselocale(utf8_locale);
	n = wcwidth((wchar_t)cp);
	(void)uselocale(old); /* it was valid a moment ago */
	return n < 0 ? 1 : (unsigned)n;
}

/* ---- UTF-8 ----------------------------------------------------------- */

/* Bytes that belong to a lead byte, and the bounds of the first of them:
   they keep out overlong forms, surrogates and all beyond U+10FFFF */
static unsigned tail_of(unsigned char lead, unsigned char *minp,
			unsigned char *maxp)
{
	*minp = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
	*maxp = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;

	if (lead >= 0xc2 && lead <= 0xdf)
		return 1;
	if (lead >= 0xe0 && lead <= 0xef)
		return 2;
	if (lead >= 0xf0 && lead <= 0xf4)
		return 3;
	return 0;
}

/* Take one code point, or BROKEN for as many bytes as began one; len > 0 */
static uint32_t decode(const char *s, size_t len, size_t *eatenp)
{
	unsigned char lead = (unsigned char)s[0], min, max;
	unsigned tail = tail_of(lead, &min, &max);
	uint32_t cp;

	*eatenp = 1;
	if (lead < 0x80)
		return lead;
	if (!tail)
		return BROKEN;

	cp = lead & (0x3fu >> tail);
	for (size_t i = 1; i <= tail; i++) {
		unsigned char c = i < len ? (unsigned char)s[i] : 0;

		if (c < min || c > max)
			return BROKEN;
		cp = cp << 6 | (c & 0x3f);
		*eatenp = i + 1;
		min = 0x80;
		max = 0xbf;
	}
	return cp;
}

static size_t encode(char out[4], uint32_t cp)
{
	if (cp < 0x80) {
		out[0] = (char)cp;
		return 1;
	}
	if (cp < 0x800) {
		out[0] = (char)(0xc0 | cp >> 6);
		out[1] = (char)(0x80 | (cp & 0x3f));
		return 2;
	}
	if (cp < 0x10000) {
		out[0] = (char)(0xe0 | cp >> 12);
		out[1] = (char)(0x80 | (cp >> 6 & 0x3f));
		out[2] = (char)(0x80 | (cp & 0x3f));
		return 3;
	}
	out[0] = (char)(0xf0 | cp >> 18);
	out[1] = (char)(0x80 | (cp >> 12 & 0x3f));
	out[2] = (char)(0x80 | (cp >> 6 & 0x3f));
	out[3] = (char)(0x80 | (cp & 0x3f));
	return 4;
}

/* ---- cleaning -------------------------------------------------------- */

/* What was let through last: cleaning twice must change nothing more, so
   only that counts, not what was taken out in between. */
struct cleaner {
	bool space;
	unsigned marks;
};

/* What becomes of a code point: itself, another, or 0 for nothing */
static uint32_t clean(struct cleaner *c, uint32_t cp)
{
	bool after_space = c->space;

	if (cp >= 0x20 && cp < 0x7f && cp != ' ') {
		*c = (struct cleaner){0};
		return cp;
	}
	if (cp != BROKEN && IN(white, cp)) {
		*c = (struct cleaner){.space = true};
		return after_space ? 0 : ' ';
	}
	if (cp == BROKEN || IN(harmful, cp) || (cp & 0xfffe) == 0xfffe)
		cp = REPLACEMENT;
	if (IN(invisible, cp))
		return 0;
	if (!cells(cp)) {
		if (c->marks == MARKS_MAX)
			return 0;
		c->marks++;
		c->space = false;
		return cp;
	}
	*c = (struct cleaner){0};
	return cp;
}

void text_clean(char *dst, size_t size, const char *src, size_t len)
{
	struct cleaner c = {0};
	size_t n = 0, eaten;

	if (!size)
		return;
	for (size_t i = 0; i < len; i += eaten) {
		uint32_t cp = clean(&c, decode(src + i, len - i, &eaten));
		char out[4];
		size_t outlen;

		if (!cp)
			continue;
		outlen = encode(out, cp);
		if (n + outlen >= size)
			break;
		memcpy(dst + n, out, outlen);
		n += outlen;
	}
	dst[n] = '\0';
}

bool text_is_clean(const char *s)
{
	struct cleaner c = {0};
	size_t len = strlen(s), eaten;

	for (size_t i = 0; i < len; i += eaten) {
		uint32_t cp = decode(s + i, len - i, &eaten);

		if (clean(&c, cp) != cp)
			return false;
	}
	return true;
}

size_t text_width(const char *s)
{
	size_t len = strlen(s), width = 0, eaten;

	for (size_t i = 0; i < len; i += eaten)
		width += cells(decode(s + i, len - i, &eaten));
	return width;
}

/* ---- copying --------------------------------------------------------- */

int text_copy(char *dst, size_t size, const char *src)
{
	return text_ncopy(dst, size, src, strlen(src));
}

int text_ncopy(char *dst, size_t size, const char *src, size_t len)
{
	if (!size)
		return EOVERFLOW;
	dst[0] = '\0';
	if (len >= size)
		return EOVERFLOW;
	if (!len)
		return 0;
	if (memchr(src, '\0', len))
		return EINVAL; /* it would be cut there, by whoever reads it */
	memcpy(dst, src, len);
	dst[len] = '\0';
	return 0;
}

void text_cut(char *dst, size_t size, const char *src)
{
	size_t len = strlen(src);

	if (!size)
		return;
	if (len >= size) {
		size_t back = 0;

		len = size - 1;
		while (back < 3 && back < len &&
		       (src[len - back] & 0xc0) == 0x80)
			back++;
		/* More than three are no character at all */
		if ((src[len - back] & 0xc0) != 0x80)
			len -= back;
	}
	memmove(dst, src, len);
	dst[len] = '\0';
}

/* ---- reading --------------------------------------------------------- */

/* Digits up to the first other byte; false without any, or over max */
static bool digits(const char **sp, uint64_t max, uint64_t *np)
{
	const char *s = *sp;
	uint64_t n = 0;

	for (; *s >= '0' && *s <= '9'; s++) {
		n = n * 10 + (uint64_t)(*s - '0');
		if (n > max)
			return false;
	}
	if (s == *sp)
		return false;
	*sp = s;
	*np = n;
	return true;
}

bool text_u32(const char *s, uint32_t min, uint32_t max, uint32_t *np)
{
	uint64_t n;

	if (!digits(&s, max, &n) || *s || n < min)
		return false;
	*np = (uint32_t)n;
	return true;
}

bool text_seconds(const char *s, uint32_t *msp)
{
	uint64_t sec, ms = 0;

	if (!digits(&s, UINT32_MAX / 1000, &sec))
		return false;
	if (*s == '.') {
		const char *frac = ++s;
		ptrdiff_t n;

		if (!digits(&s, 999, &ms))
			return false;
		n = s - frac;
		if (n > 3)
			return false; /* finer than we can keep */
		for (; n < 3; n++)
			ms *= 10;
	}
	ms += sec * 1000;
	if (*s || ms > UINT32_MAX)
		return false;
	*msp = (uint32_t)ms;
	return true;
}

bool text_begins(const char *s, const char *prefix)
{
	return !strncmp(s, prefix, strlen(prefix));
}

uint64_t text_hash(const char *s, size_t len)
{
	uint64_t h = 0xcbf29ce484222325u;

	for (size_t i = 0; i < len; i++)
		h = (h ^ (unsigned char)s[i]) * 0x100000001b3u;

	return h;
}
