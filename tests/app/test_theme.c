/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/theme.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "app/app.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static void test_roles_are_unique_and_explained(void **state)
{
	const char *help;

	(void)state;
	for (unsigned i = 0; theme_role(i, &help); i++) {
		assert_true(strlen(help) > 0 && strlen(help) <= 60);
		for (unsigned k = 0; k < i; k++)
			assert_string_not_equal(theme_role(i, NULL),
						theme_role(k, NULL));
	}
}

static void test_colors(void **state)
{
	static const struct {
		const char *text;
		enum color_kind kind;
		uint32_t rgb;
		unsigned index, ansi;
	} cases[] = {
		{"default", COLOR_KIND_DEFAULT, 0, 0, 0},
		{"red", COLOR_KIND_SET, 0xcd0000, 1, 1},
		{"brightwhite", COLOR_KIND_SET, 0xffffff, 15, 15},
		{"196", COLOR_KIND_SET, 0xff0000, 196, 9},
		{"#ff0000", COLOR_KIND_SET, 0xff0000, 196, 9},
		{"#d7dde4/253", COLOR_KIND_SET, 0xd7dde4, 253, 7},
		{"#FFD166/221/yellow", COLOR_KIND_SET, 0xffd166, 221, 3},
		{"$ring", COLOR_KIND_PALETTE, 0, 9, 0},
	};
	char why[128];

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct color c;

		assert_int_equal(
			0, color_parse(&c, cases[i].text, why, sizeof(why)));
		assert_int_equal(cases[i].kind, c.kind);
		assert_int_equal(cases[i].rgb, c.rgb);
		assert_int_equal(cases[i].index, c.index);
		assert_int_equal(cases[i].ansi, c.ansi);
	}
}

static void test_what_is_no_color(void **state)
{
	static const char *const texts[] = {
		"",         "rouge",         "256",
		"-1",       "#ff00",         "#gg0000",
		"#ff0000/", "#ff0000/256",   "#ff0000/1/200",
		"$frob",    "#ff0000/1/2/3",
	};
	char why[128];

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++) {
		struct color c;

		assert_int_not_equal(
			0, color_parse(&c, texts[i], why, sizeof(why)));
	}
}

static void test_styles(void **state)
{
	static const struct {
		const char *text;
		unsigned fg, bg, attrs, mono;
	} cases[] = {
		{"", 0, 0, 0, 0},
		{"red", 1, 0, 0, 0},
		{"red on blue", 1, 4, 0, 0},
		{"on blue", 0, 4, 0, 0},
		{"red on blue +bold +underline", 1, 4,
		 ATTR_BOLD | ATTR_UNDERLINE, ATTR_BOLD | ATTR_UNDERLINE},
		{"+bold red", 1, 0, ATTR_BOLD, ATTR_BOLD},
		{"red +bold | reverse,bold", 1, 0, ATTR_BOLD,
		 ATTR_REVERSE | ATTR_BOLD},
		{"red +bold |", 1, 0, ATTR_BOLD, 0},
		{"red | none", 1, 0, 0, 0},
		{"| reverse", 0, 0, 0, ATTR_REVERSE},
	};
	char why[256];

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct style st;

		assert_int_equal(
			0, style_parse(&st, cases[i].text, why, sizeof(why)));
		assert_int_equal(cases[i].fg, st.fg.index);
		assert_int_equal(cases[i].bg, st.bg.index);
		assert_int_equal(cases[i].attrs, st.attrs);
		assert_int_equal(cases[i].mono, st.mono);
	}
}

static void test_what_is_no_style(void **state)
{
	static const char *const texts[] = {
		"red blue", "red on",     "red on blue green", "red on on blue",
		"+loud",    "red | loud", "red on blue on x",
	};
	char why[256];

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++) {
		struct style st;

		why[0] = '\0';
		assert_int_equal(EINVAL,
				 style_parse(&st, texts[i], why, sizeof(why)));
		assert_true(why[0]);
	}
}

static void test_palette_is_looked_up_late(void **state)
{
	struct theme t;
	char why[128];
	unsigned role;

	(void)state;
	theme_init(&t);
	assert_int_equal(0, theme_color(&t, "call.ring", "$ring on $bg", why,
					sizeof(why)));
	assert_int_equal(0,
			 theme_palette(&t, "ring", "yellow", why, sizeof(why)));
	assert_true(theme_role_find(&role, "call.ring"));
	assert_int_equal(3, theme_style(&t, role).fg.index);
	assert_int_equal(COLOR_KIND_DEFAULT, theme_style(&t, role).bg.kind);
	assert_int_equal(EINVAL,
			 theme_palette(&t, "ring", "$fg", why, sizeof(why)));
	assert_int_equal(ENOENT,
			 theme_color(&t, "call.rign", "red", why, sizeof(why)));
	assert_string_equal(
		"there is no role call.rign; did you mean call.ring?", why);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_roles_are_unique_and_explained),
		cmocka_unit_test(test_colors),
		cmocka_unit_test(test_what_is_no_color),
		cmocka_unit_test(test_styles),
		cmocka_unit_test(test_what_is_no_style),
		cmocka_unit_test(test_palette_is_looked_up_late),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
