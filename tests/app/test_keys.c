/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/keys.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static void test_names(void **state)
{
	static const struct {
		const char *name;
		uint32_t code;
		unsigned mods;
		const char *shown;
	} cases[] = {
		{"x", 'x', 0, "x"},
		{"X", 'X', 0, "X"},
		{"?", '?', 0, "?"},
		{"-", '-', 0, "-"},
		{"C--", '-', MOD_CTRL, "C--"},
		{"C-t", 't', MOD_CTRL, "C-t"},
		{"C-T", 't', MOD_CTRL, "C-t"},
		{"<C-t>", 't', MOD_CTRL, "C-t"},
		{"M-a", 'a', MOD_META, "M-a"},
		{"C-M-a", 'a', MOD_CTRL | MOD_META, "C-M-a"},
		{"S-Tab", KEYSYM_TAB, MOD_SHIFT, "S-Tab"},
		{"Enter", KEYSYM_ENTER, 0, "Enter"},
		{"return", KEYSYM_ENTER, 0, "Enter"},
		{"F1", KEYSYM_F1, 0, "F1"},
		{"<F12>", KEYSYM_F1 + 11, 0, "F12"},
		{"Space", ' ', 0, "Space"},
		{"<", '<', 0, "Less"},
		{"\xc3\xbc", 0xfc, 0, "\xc3\xbc"},
		{"\xe2\x82\xac", 0x20ac, 0, "\xe2\x82\xac"},
		{"\xf0\x9f\x93\x9e", 0x1f4de, 0, "\xf0\x9f\x93\x9e"},
	};
	char buf[32];

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct key key, again;

		assert_true(key_parse(&key, cases[i].name));
		assert_int_equal(cases[i].code, key.code);
		assert_int_equal(cases[i].mods, key.mods);
		assert_string_equal(cases[i].shown,
				    key_format(&key, buf, sizeof(buf)));
		/* what is shown can be typed */
		assert_true(key_parse(&again, buf));
		assert_int_equal(key.code, again.code);
		assert_int_equal(key.mods, again.mods);
	}
}

static void test_what_is_no_key(void **state)
{
	static const char *const names[] = {
		"",     "xx",   "F0",   "F25",  "C-",   "Q-x",      "S-x",
		"<C->", "Entr", "\x1b", "\xff", "\xc3", "\xc2\x9b", " ",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(names); i++) {
		struct key key;

		assert_false(key_parse(&key, names[i]));
	}
}

static void test_contexts(void **state)
{
	unsigned i = 9, n = 0;
	const char *help;

	(void)state;
	while (key_context(n, &help)) {
		assert_true(strlen(help) > 0 && strlen(help) <= 60);
		assert_true(key_context_find(&i, key_context(n, NULL)));
		assert_int_equal(n, i);
		n++;
	}
	assert_string_equal("all", key_context(0, NULL));
	assert_false(key_context_find(&i, "frob"));
}

static void test_a_context_goes_before_all(void **state)
{
	struct keymap map;
	struct key x, y;

	(void)state;
	keymap_init(&map);
	assert_true(key_parse(&x, "x") && key_parse(&y, "y"));
	assert_null(keymap_find(&map, 0, &x));
	assert_false(keymap_bind(&map, 0, &x, "hangup", false));
	assert_string_equal("hangup", keymap_find(&map, 0, &x));
	assert_string_equal("hangup", keymap_find(&map, 3, &x));
	assert_null(keymap_find(&map, 3, &y));
	/* the table's own may be replaced without a word, the user's not */
	assert_false(keymap_bind(&map, 0, &x, "hold", true));
	assert_true(keymap_bind(&map, 0, &x, "mute", true));
	assert_false(keymap_bind(&map, 3, &x, "help", true));
	assert_string_equal("help", keymap_find(&map, 3, &x));
	assert_string_equal("mute", keymap_find(&map, 4, &x));
	/* taken away there, also what all had */
	keymap_bind(&map, 3, &x, NULL, true);
	assert_null(keymap_find(&map, 3, &x));
	assert_string_equal("mute", keymap_find(&map, 0, &x));
	keymap_done(&map);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_what_is_no_key),
		cmocka_unit_test(test_contexts),
		cmocka_unit_test(test_a_context_goes_before_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
