/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/nearest.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static void test_edits(void **state)
{
	static const struct {
		const char *a, *b;
		unsigned edits;
	} cases[] = {
		{"", "", 0},         {"a", "", 1},          {"abc", "abc", 0},
		{"abc", "abd", 1},   {"abc", "acb", 1},     {"abc", "bca", 2},
		{"dail", "dial", 1}, {"hold", "resume", 6},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		assert_int_equal(cases[i].edits,
				 nearest_edits(cases[i].a, cases[i].b));
		assert_int_equal(cases[i].edits,
				 nearest_edits(cases[i].b, cases[i].a));
	}
}

static void test_hints(void **state)
{
	static const char *const names[] = {"dial", "hold", "transfer",
					    "transfers"};
	static const struct {
		const char *word, *best;
	} cases[] = {
		{"dail", "dial"},
		{"hol", "hold"},
		{"transferr", "transfer"},
		{"tr", "transfer"},
		{"frobnicate", NULL},
		{"x", NULL},
		{"xfer", NULL},
		{"", NULL},
		{"a word that is much too long to be one of ours", NULL},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct nearest n;
		char hint[64], want[64] = "";

		nearest_init(&n, cases[i].word);
		for (size_t k = 0; k < COUNT(names); k++)
			nearest_try(&n, names[k]);
		if (cases[i].best)
			snprintf(want, sizeof(want), "; did you mean %s?",
				 cases[i].best);
		assert_string_equal(want, nearest_hint(&n, hint, sizeof(hint)));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_edits),
		cmocka_unit_test(test_hints),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
