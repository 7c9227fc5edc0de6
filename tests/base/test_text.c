/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <limits.h>
#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>
#include <cmocka.h>

#include "base/text.h"

#define R "\xef\xbf\xbd" /* U+FFFD */
#define ACUTE "\xcc\x81" /* U+0301, combining */

/* ---- copying --------------------------------------------------------- */

static void copying_is_whole_or_not_at_all(void **state)
{
	char buf[8];

	(void)state;
	assert_int_equal(text_copy(buf, sizeof(buf), ""), 0);
	assert_string_equal(buf, "");
	assert_int_equal(text_copy(buf, sizeof(buf), "sip:a@b"), 0);
	assert_string_equal(buf, "sip:a@b");
	assert_int_equal(text_copy(buf, sizeof(buf), "sip:a@bc"), EOVERFLOW);
	assert_string_equal(buf, "");
	assert_int_equal(text_copy(buf, 0, ""), EOVERFLOW);
	assert_int_equal(text_copy(buf, 1, ""), 0);
}

static void counted_copying_never_cuts_either(void **state)
{
	char buf[8];

	(void)state;
	assert_int_equal(text_ncopy(buf, sizeof(buf), "sip:a@b.example", 7), 0);
	assert_string_equal(buf, "sip:a@b");
	assert_int_equal(text_ncopy(buf, sizeof(buf), "sip:a@bc", 8),
			 EOVERFLOW);
	assert_string_equal(buf, "");
	assert_int_equal(text_ncopy(buf, sizeof(buf), NULL, 0), 0);
	assert_string_equal(buf, "");
	/* it would be another address to all who read it */
	strcpy(buf, "xx");
	assert_int_equal(text_ncopy(buf, sizeof(buf), "a@b\0.c", 6), EINVAL);
	assert_string_equal(buf, "");
	assert_int_equal(text_ncopy(buf, 0, "a", 1), EOVERFLOW);
}

struct cut {
	const char *src;
	size_t size;
	const char *want;
};

static const struct cut cuts[] = {
	{"", 4, ""},
	{"abc", 4, "abc"},
	{"abcd", 4, "abc"},
	{"abcd", 1, ""},
	{"a\xc3\xb6", 4, "a\xc3\xb6"},
	{"ab\xc3\xb6", 4, "ab"},
	{"\xe2\x82\xac", 4, "\xe2\x82\xac"},
	{"\xe2\x82\xac", 3, ""},
	{"\xe2\x82\xac", 2, ""},
	{"a\xe2\x82\xac", 4, "a"},
	{"a\xe2\x82\xac"
	 "b",
	 5, "a\xe2\x82\xac"},
	{"\xf0\x9f\x93\x9e", 4, ""},
	{"\xf0\x9f\x93\x9ex", 5, "\xf0\x9f\x93\x9e"},
	{"\xf0\x9f\x93\x9e\xf0\x9f\x93\x9e", 8, "\xf0\x9f\x93\x9e"},
	{"\x80\x80\x80\x80\x80\x80", 6, "\x80\x80\x80\x80\x80"},
	{"a\x80\x80\x80\x80\x80", 6, "a\x80\x80\x80\x80"},
};

static void cutting_keeps_characters_whole(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cuts) / sizeof(cuts[0]); i++) {
		const struct cut *c = &cuts[i];
		char buf[16];

		memset(buf, 'x', sizeof(buf));
		text_cut(buf, c->size, c->src);
		assert_string_equal(buf, c->want);
		assert_int_equal(buf[c->size], 'x');
	}
}

static void cutting_to_nothing_writes_nothing(void **state)
{
	char buf[2] = "x";

	(void)state;
	text_cut(buf, 0, "abc");
	text_clean(buf, 0, "abc", 3);
	assert_int_equal(buf[0], 'x');
}

/* ---- cleaning -------------------------------------------------------- */

struct cleaning {
	const char *src;
	size_t len; /* 0: up to the NUL */
	const char *want;
};

static const struct cleaning cleanings[] = {
	{"", 0, ""},
	{"Busy Here", 0, "Busy Here"},
	{"%n%s%d", 0, "%n%s%d"},
	{"J\xc3\xb6rg \xe2\x82\xac \xf0\x9f\x93\x9e", 0,
	 "J\xc3\xb6rg \xe2\x82\xac \xf0\x9f\x93\x9e"},
	/* what terminals obey */
	{"\x1b]52;c;cm0=\x07", 0, R "]52;c;cm0=" R},
	{"\x1b[2J\x1b[31mred", 0, R "[2J" R "[31mred"},
	{"\x1bP1$r\x1b\\", 0, R "P1$r" R "\\"},
	{"a\x08\x08"
	 "b\x7f",
	 0, "a" R R "b" R},
	{"a\0b", 3, "a" R "b"},
	{"\0", 1, R},
	{"abc", 2, "ab"},
	/* C1 as bytes, and encoded */
	{"\x9b"
	 "31m",
	 0, R "31m"},
	{"\x80\x9f", 0, R R},
	{"\xc2\x9b"
	 "31m",
	 0, R "31m"},
	{"\xc2\x80\xc2\x85\xc2\x9d\xc2\x9f", 0, R R R R},
	{"\xc2\xa1", 0, "\xc2\xa1"},
	/* overlong: of NUL, of ESC, of '/', of U+009B, the longest ones */
	{"\xc0\x80", 0, R R},
	{"\xc0\x9b[2J", 0, R R "[2J"},
	{"\xc1\xbf", 0, R R},
	{"\xe0\x80\xaf", 0, R R R},
	{"\xe0\x82\x9b", 0, R R R},
	{"\xe0\x9f\xbf", 0, R R R},
	{"\xf0\x80\x80\xaf", 0, R R R R},
	{"\xf0\x8f\xbf\xbf", 0, R R R R},
	{"\xe0\xa0\x80", 0, "\xe0\xa0\x80"},
	{"\xf0\x90\x80\x80", 0, "\xf0\x90\x80\x80"},
	/* surrogates, alone and in pairs */
	{"\xed\xa0\x80", 0, R R R},
	{"\xed\xbf\xbf", 0, R R R},
	{"\xed\xa0\xbd\xed\xb8\x80", 0, R R R R R R},
	{"\xed\x9f\xbb", 0, "\xed\x9f\xbb"},
	{"\xee\x80\x80", 0, "\xee\x80\x80"},
	/* beyond U+10FFFF, and lead bytes that never were */
	{"\xf4\x90\x80\x80", 0, R R R R},
	{"\xf5\x80\x80\x80", 0, R R R R},
	{"\xf8\x88\x80\x80\x80", 0, R R R R R},
	{"\xfe\xff", 0, R R},
	/* broken off: one for what began, and the next is not eaten */
	{"\xe2\x82", 0, R},
	{"\xe2\x82z", 0, R "z"},
	{"\xe2\x82\x1b[", 0, R R "["},
	{"\xf0\x9f\x93", 0, R},
	{"\xf0\x9f\x93\xf0\x9f\x93\x9e", 0, R "\xf0\x9f\x93\x9e"},
	{"\xc3", 0, R},
	{"\xc3\xc3\xb6", 0, R "\xc3\xb6"},
	{"\xbf", 0, R},
	{"ab\xc3\xb6", 3, "ab" R}, /* the count cuts one */
	{"\xe2\x82\xac", 2, R},
	/* lines that are none */
	{"a\xe2\x80\xa8"
	 "b\xe2\x80\xa9"
	 "c",
	 0, "a" R "b" R "c"},
	/* direction: marks, embeddings, overrides, isolates */
	{"\xe2\x80\xae"
	 "cba",
	 0, R "cba"},
	{"\xe2\x80\x8e\xe2\x80\x8f\xd8\x9c", 0, R R R},
	{"\xe2\x80\xaa\xe2\x80\xab\xe2\x80\xac\xe2\x80\xad", 0, R R R R},
	{"\xe2\x81\xa6\xe2\x81\xa7\xe2\x81\xa8\xe2\x81\xa9", 0, R R R R},
	/* not to be seen: nothing stays */
	{"al\xe2\x80\x8bice", 0, "alice"},
	{"a\xe2\x80\x8c"
	 "b\xe2\x80\x8d"
	 "c\xe2\x81\xa0"
	 "d",
	 0, "abcd"},
	{"\xef\xbb\xbf"
	 "a\xef\xbb\xbf",
	 0, "a"},
	{"a\xc2\xad"
	 "b",
	 0, "ab"},
	{"\xe2\x9d\xa4\xef\xb8\x8f", 0, "\xe2\x9d\xa4"},
	{"a\xf3\xa0\x81\xa1\xf3\xa0\x81\xbf", 0, "a"},
	/* noncharacters */
	{"\xef\xb7\x90\xef\xb7\xaf", 0, R R},
	{"\xef\xbf\xbe\xef\xbf\xbf", 0, R R},
	{"\xf0\x9f\xbf\xbe\xf4\x8f\xbf\xbf", 0, R R},
	{"\xef\xb7\x8f\xef\xb7\xb0", 0, "\xef\xb7\x8f\xef\xb7\xb0"},
	{R, 0, R},
	/* white space */
	{"a  b", 0, "a b"},
	{"a\t\r\n \v\f b", 0, "a b"},
	{"  a ", 0, " a "},
	{"Busy\r\n Here", 0, "Busy Here"},
	{"a\xc2\xa0\xe2\x80\x83\xe3\x80\x80"
	 "b",
	 0, "a b"},
	{"a \xe2\x80\x8b b", 0, "a b"},
	{"a \x1b b", 0, "a " R " b"},
	/* combining marks */
	{"e" ACUTE, 0, "e" ACUTE},
	{"e" ACUTE ACUTE, 0, "e" ACUTE ACUTE},
	{"e" ACUTE ACUTE ACUTE ACUTE "x" ACUTE, 0, "e" ACUTE ACUTE "x" ACUTE},
	{"e" ACUTE "\xcc\x88\xcc\xa7\xe2\x83\x9d", 0, "e" ACUTE "\xcc\x88"},
	{"e" ACUTE ACUTE "\xe2\x80\x8d" ACUTE, 0, "e" ACUTE ACUTE},
	{" " ACUTE " ", 0, " " ACUTE " "},
};

static void network_text_becomes_harmless(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cleanings) / sizeof(cleanings[0]); i++) {
		const struct cleaning *c = &cleanings[i];
		size_t len = c->len ? c->len : strlen(c->src);
		char *src = malloc(len ? len : 1); /* ends where it ends */
		char buf[64];

		assert_non_null(src);
		memcpy(src, c->src, len);
		memset(buf, 'x', sizeof(buf));
		text_clean(buf, sizeof(buf), src, len);
		print_message("%zu: %s\n", i, buf);
		assert_string_equal(buf, c->want);
		assert_int_equal(buf[strlen(c->want) + 1], 'x');
		assert_true(text_is_clean(buf));
		if (strlen(c->src) == len)
			assert_int_equal(text_is_clean(c->src),
					 !strcmp(c->src, c->want));
		free(src);
	}
}

static void cleaning_fits_any_buffer(void **state)
{
	static const char src[] = "a\xc3\xb6\xe2\x82\xac\xf0\x9f\x93\x9e\x1b."
				  "\xc3\xb6";
	static const char *const want[] = {
		"", /* size 1 */
		"a",
		"a",
		"a\xc3\xb6",
		"a\xc3\xb6",
		"a\xc3\xb6",
		"a\xc3\xb6\xe2\x82\xac",
		"a\xc3\xb6\xe2\x82\xac",
		"a\xc3\xb6\xe2\x82\xac",
		"a\xc3\xb6\xe2\x82\xac",
		"a\xc3\xb6\xe2\x82\xac\xf0\x9f\x93\x9e",
		"a\xc3\xb6\xe2\x82\xac\xf0\x9f\x93\x9e",
		"a\xc3\xb6\xe2\x82\xac\xf0\x9f\x93\x9e",
		"a\xc3\xb6\xe2\x82\xac\xf0\x9f\x93\x9e" R,
		"a\xc3\xb6\xe2\x82\xac\xf0\x9f\x93\x9e" R ".",
		"a\xc3\xb6\xe2\x82\xac\xf0\x9f\x93\x9e" R ".",
		"a\xc3\xb6\xe2\x82\xac\xf0\x9f\x93\x9e" R ".\xc3\xb6",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); i++) {
		char buf[20];

		memset(buf, 'x', sizeof(buf));
		text_clean(buf, i + 1, src, sizeof(src) - 1);
		assert_string_equal(buf, want[i]);
		assert_int_equal(buf[i + 1], 'x');
	}
}

static void long_hostile_text_is_cut(void **state)
{
	static const char *const bits[] = {"\x1b",         "\xc2\x9b",
					   ACUTE,          "a  ",
					   "\xe2\x80\x8b", "\xf0\x9f\x93\x9e"};
	char src[4096], buf[193];

	(void)state;
	for (size_t i = 0; i < sizeof(bits) / sizeof(bits[0]); i++) {
		size_t len = strlen(bits[i]), n = 0;

		while (n + len <= sizeof(src)) {
			memcpy(src + n, bits[i], len);
			n += len;
		}
		text_clean(buf, sizeof(buf), src, n);
		assert_true(text_is_clean(buf));
	}
	/* the last one fills it as far as whole characters go */
	assert_int_equal(strlen(buf), 192);
	assert_memory_equal(buf, src, 192);
}

/* Every code point but the surrogates, told by the contract of text_clean()
   what shall become of it */
static const char *fate(uint32_t cp)
{
	static const struct {
		uint32_t from, to;
		const char *fate;
	} rows[] = {
		{0x09, 0x0d, " "},      {0x20, 0x20, " "},
		{0x00, 0x1f, R},        {0x7f, 0x9f, R},
		{0xa0, 0xa0, " "},      {0xad, 0xad, ""},
		{0x34f, 0x34f, ""},     {0x61c, 0x61c, R},
		{0x1680, 0x1680, " "},  {0x17b4, 0x17b5, ""},
		{0x180b, 0x180f, ""},   {0x2000, 0x200a, " "},
		{0x200b, 0x200d, ""},   {0x200e, 0x200f, R},
		{0x2028, 0x202e, R},    {0x202f, 0x202f, " "},
		{0x205f, 0x205f, " "},  {0x2060, 0x2065, ""},
		{0x2066, 0x2069, R},    {0x206a, 0x206f, ""},
		{0x3000, 0x3000, " "},  {0xfdd0, 0xfdef, R},
		{0xfe00, 0xfe0f, ""},   {0xfeff, 0xfeff, ""},
		{0xfff9, 0xfffb, ""},   {0x1bca0, 0x1bca3, ""},
		{0x1d173, 0x1d17a, ""},
	};

	if (cp % 0x10000 >= 0xfffe)
		return R;
	if (cp >= 0xe0000 && cp <= 0xe0fff)
		return "";
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].from <= cp && cp <= rows[i].to)
			return rows[i].fate;
	return NULL; /* stays what it is */
}

static void every_code_point_meets_its_fate(void **state)
{
	locale_t utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
	locale_t old;

	(void)state;
	assert_true(utf8 != (locale_t)0);
	old = uselocale(utf8);
	for (uint32_t cp = 0; cp <= 0x10ffff; cp++) {
		char enc[MB_LEN_MAX], src[16], buf[16], want[16];
		mbstate_t mbs = {0};
		const char *what = fate(cp);
		size_t n;

		if (cp >= 0xd800 && cp <= 0xdfff)
			continue;
		n = wcrtomb(enc, (wchar_t)cp, &mbs);
		if (n == (size_t)-1)
			fail_msg("U+%04X", cp);
		src[0] = 'a';
		memcpy(src + 1, enc, n);
		src[n + 1] = 'b';
		text_clean(buf, sizeof(buf), src, n + 2);
		if (what)
			snprintf(want, sizeof(want), "a%sb", what);
		else
			snprintf(want, sizeof(want), "a%.*sb", (int)n, enc);
		if (strcmp(buf, want) || !text_is_clean(buf))
			fail_msg("U+%04X", cp);
	}
	(void)uselocale(old);
	freelocale(utf8);
}

/* The C library's decoder is the judge of what is UTF-8; only that it goes
   on beyond U+10FFFF, as UTF-8 once did */
static void what_is_not_utf8_is_replaced(void **state)
{
	locale_t utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
	locale_t old;

	(void)state;
	assert_true(utf8 != (locale_t)0);
	old = uselocale(utf8);
	srand(5);
	for (uint32_t i = 0; i < 1000000; i++) {
		/* all pairs of a lead and a second byte, any others */
		unsigned char s[4] = {(unsigned char)(0x80 | (i >> 8 & 0x7f)),
				      (unsigned char)i,
				      (unsigned char)(0x70 + rand() % 0x60),
				      (unsigned char)(0x70 + rand() % 0x60)};
		mbstate_t mbs = {0};
		wchar_t wc;
		size_t n = mbrtowc(&wc, (char *)s, 4, &mbs);
		bool broken =
			n == (size_t)-1 || n == (size_t)-2 || wc > 0x10ffff;
		char buf[16];

		text_clean(buf, sizeof(buf), (char *)s, 4);
		assert_true(text_is_clean(buf));
		if (broken)
			assert_memory_equal(buf, R, 3);
		else if (!fate((uint32_t)wc))
			assert_memory_equal(buf, s, n);
	}
	(void)uselocale(old);
	freelocale(utf8);
}

static void cleaning_twice_changes_nothing(void **state)
{
	static const char *const bits[] = {
		"a",
		" ",
		"\t",
		ACUTE,
		"\xe2\x80\x8b",
		"\xe2\x80\xae",
		"\x1b",
		"\xc2",
		"\x9b",
		"\xe2\x80",
		"\xf0\x9f",
		"\x93",
		"\xef\xbb\xbf",
		"\xe3\x80\x80",
		"\xe1\x85\xa0",
		"\xef\xbf\xbe",
		R,
	};

	(void)state;
	srand(6);
	for (int i = 0; i < 200000; i++) {
		char src[64] = "", once[64], twice[64];
		size_t size = 1 + (size_t)rand() % sizeof(once);

		for (int k = rand() % 12; k > 0; k--)
			strcat(src, bits[(size_t)rand() %
					 (sizeof(bits) / sizeof(bits[0]))]);
		text_clean(once, size, src, strlen(src));
		text_clean(twice, sizeof(twice), once, strlen(once));
		assert_string_equal(once, twice);
		assert_true(text_is_clean(once));
		text_clean(once, sizeof(once), src, strlen(src));
		assert_int_equal(text_is_clean(src), !strcmp(src, once));
	}
}

static void locale_of_the_program_does_not_matter(void **state)
{
	char buf[16];

	(void)state;
	for (int i = 0; i < 2; i++) {
		assert_non_null(setlocale(LC_ALL, i ? "C.UTF-8" : "C"));
		text_clean(buf, sizeof(buf), "e" ACUTE ACUTE ACUTE, 7);
		assert_string_equal(buf, "e" ACUTE ACUTE);
		assert_int_equal(text_width("\xe4\xb8\xad"), 2);
		/* and we leave it as it was */
		assert_string_equal(setlocale(LC_ALL, NULL),
				    i ? "C.UTF-8" : "C");
		assert_true(uselocale((locale_t)0) == LC_GLOBAL_LOCALE);
	}
	setlocale(LC_ALL, "C");
}

/* ---- width ----------------------------------------------------------- */

static const struct {
	const char *s;
	size_t width;
} widths[] = {
	{"", 0},
	{"Alice", 5},
	{"J\xc3\xb6rg", 4},
	{"e" ACUTE "x", 2},
	{"\xe4\xb8\xad\xe6\x96\x87", 4},
	{"\xed\x95\x9c", 2},
	{"\xef\xbc\xa1", 2},
	{"\xf0\x9f\x93\x9e", 2},
	{"\xe2\x82\xac", 1},
	{R, 1},
	{"\xee\x80\x80", 1}, /* private use */
	{"\xf3\xb0\x80\x80", 1},
	{"\xe2\x94\x80", 1}, /* a line to draw with */
};

static void width_is_in_columns(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(widths) / sizeof(widths[0]); i++)
		assert_int_equal(text_width(widths[i].s), widths[i].width);
}

/* ---- numbers --------------------------------------------------------- */

static const struct {
	const char *s;
	uint32_t min, max;
	bool ok;
	uint32_t n;
} numbers[] = {
	{"0", 0, 10, true, 0},
	{"10", 0, 10, true, 10},
	{"11", 0, 10, false, 0},
	{"4", 5, 10, false, 0},
	{"5", 5, 10, true, 5},
	{"007", 0, 10, true, 7},
	{"4294967295", 0, UINT32_MAX, true, UINT32_MAX},
	{"4294967296", 0, UINT32_MAX, false, 0},
	{"18446744073709551617", 0, UINT32_MAX, false, 0},
	{"99999999999999999999999999999999", 0, UINT32_MAX, false, 0},
	{"", 0, 10, false, 0},
	{" 1", 0, 10, false, 0},
	{"1 ", 0, 10, false, 0},
	{"+1", 0, 10, false, 0},
	{"-1", 0, UINT32_MAX, false, 0},
	{"-0", 0, 10, false, 0},
	{"0x1", 0, 10, false, 0},
	{"1.0", 0, 10, false, 0},
	{"1a", 0, 10, false, 0},
	{"a", 0, 10, false, 0},
};

static void number_is_the_whole_string(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		uint32_t n = 4711;

		assert_int_equal(text_u32(numbers[i].s, numbers[i].min,
					  numbers[i].max, &n),
				 numbers[i].ok);
		assert_int_equal(n, numbers[i].ok ? numbers[i].n : 4711);
	}
}

static const struct {
	const char *s;
	bool ok;
	uint32_t ms;
} seconds[] = {
	{"0", true, 0},
	{"30", true, 30000},
	{"1.5", true, 1500},
	{"1.05", true, 1050},
	{"1.005", true, 1005},
	{"0.001", true, 1},
	{"0.0", true, 0},
	{"600", true, 600000},
	{"4294967", true, 4294967000u},
	{"4294967.295", true, UINT32_MAX},
	{"4294967.296", false, 0},
	{"4294968", false, 0},
	{"99999999999999999999999", false, 0},
	{"1.0005", false, 0},
	{"1.0000", false, 0},
	{"1.", false, 0},
	{".5", false, 0},
	{".", false, 0},
	{"", false, 0},
	{"-1", false, 0},
	{"+1", false, 0},
	{"1s", false, 0},
	{"1.5.5", false, 0},
	{"1,5", false, 0},
	{"1e3", false, 0},
	{" 1", false, 0},
	{"inf", false, 0},
	{"nan", false, 0},
};

static void seconds_become_milliseconds(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(seconds) / sizeof(seconds[0]); i++) {
		uint32_t ms = 4711;

		print_message("%s\n", seconds[i].s);
		assert_int_equal(text_seconds(seconds[i].s, &ms),
				 seconds[i].ok);
		assert_int_equal(ms, seconds[i].ok ? seconds[i].ms : 4711);
	}
}

static void prefixes_are_found(void **state)
{
	(void)state;
	assert_true(text_begins("sip:a", "sip:"));
	assert_true(text_begins("sip:", "sip:"));
	assert_true(text_begins("x", ""));
	assert_true(text_begins("", ""));
	assert_false(text_begins("sip", "sip:"));
	assert_false(text_begins("", "sip:"));
	assert_false(text_begins("SIP:a", "sip:"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(copying_is_whole_or_not_at_all),
		cmocka_unit_test(counted_copying_never_cuts_either),
		cmocka_unit_test(cutting_keeps_characters_whole),
		cmocka_unit_test(cutting_to_nothing_writes_nothing),
		cmocka_unit_test(network_text_becomes_harmless),
		cmocka_unit_test(cleaning_fits_any_buffer),
		cmocka_unit_test(long_hostile_text_is_cut),
		cmocka_unit_test(every_code_point_meets_its_fate),
		cmocka_unit_test(what_is_not_utf8_is_replaced),
		cmocka_unit_test(cleaning_twice_changes_nothing),
		cmocka_unit_test(locale_of_the_program_does_not_matter),
		cmocka_unit_test(width_is_in_columns),
		cmocka_unit_test(number_is_the_whole_string),
		cmocka_unit_test(seconds_become_milliseconds),
		cmocka_unit_test(prefixes_are_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
