/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/match.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static void test_case_and_accents_do_not_matter(void **state)
{
	static const struct {
		const char *text, *folded;
	} cases[] = {
		{"Dana Ortiz", "dana ortiz"},
		{"M\xc3\xbcller & S\xc3\xb6hne", "muller & sohne"},
		{"STRA\xc3\x9f"
		 "E",
		 "strasse"},
		{"\xc3\x86gir \xc5\x81\xc3\xb3\xc5\xba", "aegir loz"},
		{"Nguy\xe1\xbb\x85n", "nguyen"},
		/* the same letter in two characters */
		{"e\xcc\x81t", "et"},
		{"\xc5\x9et\xc8\x9b\xc4\xb1\xc4\xb0", "sttii"},
		{"\xd0\x96", "\xd0\xb6"},                 /* Cyrillic */
		{"\xce\xa9", "\xcf\x89"},                 /* Greek */
		{"\xc3\x97\xc3\xb7", "\xc3\x97\xc3\xb7"}, /* signs stay */
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct letter a[LETTERS_MAX], b[LETTERS_MAX];
		unsigned n = match_fold(a, LETTERS_MAX, cases[i].text);
		unsigned m = match_fold(b, LETTERS_MAX, cases[i].folded);

		if (n != m)
			fail_msg("%s: %u letters", cases[i].text, n);
		for (unsigned k = 0; k < n; k++)
			if (a[k].c != b[k].c)
				fail_msg("%s: letter %u is U+%04X",
					 cases[i].text, k, a[k].c);
	}
}

static void test_where_words_begin(void **state)
{
	static const struct {
		const char *text, *starts; /* a line below the text */
	} cases[] = {
		{"Dana Ortiz", "^    ^    "},
		{"O'Brien-Lee", "^ ^     ^  "},
		{" (x) 9a", "  ^  ^ "},
		/* no blanks between words: any character may begin one */
		{"\xe6\x97\xa5\xe6\x9c\xac", "^^"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct letter v[LETTERS_MAX];
		unsigned n = match_fold(v, LETTERS_MAX, cases[i].text);

		assert_int_equal(strlen(cases[i].starts), n);
		for (unsigned k = 0; k < n; k++)
			assert_int_equal(cases[i].starts[k] == '^', v[k].start);
	}
}

/* marks as a text: '^' for each character that matched */
static const char *shown(uint64_t marks)
{
	static char buf[65];
	unsigned n = 0;

	for (unsigned i = 0; i < 64; i++) {
		buf[i] = marks >> i & 1 ? '^' : ' ';
		n = marks >> i & 1 ? i + 1 : n;
	}
	buf[n] = '\0';

	return buf;
}

static void test_letters_in_order(void **state)
{
	static const struct {
		const char *typed, *text, *marks; /* NULL: no match */
	} cases[] = {
		{"dana", "Dana Ortiz", "^^^^"},
		{"do", "Dana Ortiz", "^    ^"},
		/* the best way, not the first one */
		{"ar", "Alan Reyes", "^    ^"},
		{"an", "Alba Ana", "     ^^"},
		{"oz", "Dana Ortiz", "     ^   ^"},
		{"mue", "M\xc3\xbcller", "^^  ^"},
		{"mul", "M\xc3\xbcller", "^^^"},
		{"ss", "Gro\xc3\x9f", "   ^"},
		{"nad", "Dana", NULL},
		{"danao", "Dana", NULL},
		{"", "Dana", NULL},
		{"x", "", NULL},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		uint64_t marks = 99;
		int score = match_subsequence(cases[i].typed, cases[i].text,
					      &marks);

		assert_int_equal(!cases[i].marks, score < 0);
		assert_int_equal(score, match_subsequence(cases[i].typed,
							  cases[i].text, NULL));
		if (strcmp(cases[i].marks ? cases[i].marks : "",
			   shown(marks)) != 0)
			fail_msg("%s in %s: '%s'", cases[i].typed,
				 cases[i].text, shown(marks));
	}
}

static void test_what_is_the_better_match(void **state)
{
	static const struct {
		const char *typed, *better, *worse;
	} cases[] = {
		{"ort", "Dana Ortiz", "Victor Tan"}, /* in one piece */
		{"ort", "Dana Ortiz", "Short"},      /* begins a word */
		{"bt", "Bob Taylor", "Bartok"},      /* two words */
		{"mt", "Matt", "Mallot"},            /* less left out */
		{"ar", "Bxaxxr", "Bxaxxxr"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		int a = match_subsequence(cases[i].typed, cases[i].better,
					  NULL);
		int b = match_subsequence(cases[i].typed, cases[i].worse, NULL);

		if (a <= b)
			fail_msg("%s: %d %d", cases[i].typed, a, b);
	}
}

static void test_the_beginning_of_a_word(void **state)
{
	static const struct {
		const char *typed, *text, *marks;
	} cases[] = {
		{"ort", "Dana Ortiz", "     ^^^"},
		{"tiz", "Dana Ortiz", NULL},
		{"dana or", "Dana Ortiz", "^^^^^^^"},
		{"\xe5\xa4\xaa", "\xe6\x97\xa5\xe6\x9c\xac\xe5\xa4\xaa", "  ^"},
		{"danax", "Dana", NULL},
		{"", "Dana", NULL},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct letter a[LETTERS_MAX], b[LETTERS_MAX];
		unsigned n = match_fold(a, LETTERS_MAX, cases[i].typed);
		unsigned m = match_fold(b, LETTERS_MAX, cases[i].text);
		uint64_t marks = 0;

		assert_int_equal(cases[i].marks != NULL,
				 match_word(a, n, b, m, &marks));
		assert_string_equal(cases[i].marks ? cases[i].marks : "",
				    shown(marks));
	}
}

/* Whatever bytes: no read behind the end, marks stay in 64 */
static void test_long_and_broken_texts(void **state)
{
	char text[2000], typed[TYPED_MAX + 2];
	uint64_t marks;

	(void)state;
	memset(text, 'x', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	memset(typed, 'x', sizeof(typed));
	typed[TYPED_MAX + 1] = '\0';
	assert_int_equal(-1, match_subsequence(typed, text, &marks));
	typed[TYPED_MAX] = '\0';
	assert_true(match_subsequence(typed, text, &marks) > 0);
	assert_true(marks == UINT64_MAX);
	for (unsigned c = 0x80; c < 0x100; c++) {
		char broken[] = {(char)c, '\0', 'x', '\0'};

		(void)match_subsequence("x", broken, &marks);
		broken[1] = 'x';
		broken[2] = '\0';
		assert_true(match_subsequence("x", broken, &marks) >= 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_case_and_accents_do_not_matter),
		cmocka_unit_test(test_where_words_begin),
		cmocka_unit_test(test_letters_in_order),
		cmocka_unit_test(test_what_is_the_better_match),
		cmocka_unit_test(test_the_beginning_of_a_word),
		cmocka_unit_test(test_long_and_broken_texts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
