/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/builtin.h"

#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "app/app.h"
#include "app/command.h"
#include "app/config.h"
#include "base/log.h"
#include "base/thread.h"

/* What a terminal may be able to show */
enum level { RGB, INDEXED, ANSI, LEVELS };

static const char *const level_names[] = {"#rrggbb", "256", "16"};

static struct app app;

static void on_log(enum log_level level, const char *tag, const char *text,
		   void *arg)
{
	(void)level, (void)tag, (void)arg;
	fail_msg("%s", text);
}

static int setup(void **state)
{
	(void)state;
	thread_adopt(THREAD_UI);
	if (setenv("XDG_CONFIG_HOME", "/nonexistent", 1))
		return -1;
	app_init(&app);
	log_sink(on_log, NULL);

	return 0;
}

static int teardown(void **state)
{
	(void)state;
	log_sink(NULL, NULL);
	app_done(&app);

	return 0;
}

static void take(const char *name)
{
	char why[256];

	assert_int_equal(0, config_theme(&app, name, why, sizeof(why)));
	assert_string_equal(name, app.theme.name);
}

static struct style style_of(const char *role)
{
	unsigned i;

	assert_true(theme_role_find(&i, role));

	return theme_style(&app.theme, i);
}

static uint32_t rgb_of(const struct color *c, enum level level)
{
	struct color plain;
	char number[8], why[64];

	if (level == RGB)
		return c->rgb;
	snprintf(number, sizeof(number), "%d",
		 level == ANSI ? c->ansi : c->index);
	assert_int_equal(0, color_parse(&plain, number, why, sizeof(why)));

	return plain.rgb;
}

/* ---- contrast as WCAG 2 has it ---------------------------------------- */

static double linear(uint32_t byte)
{
	double v = byte / 255.0;

	return v <= 0.03928 ? v / 12.92 : pow((v + 0.055) / 1.055, 2.4);
}

static double luminance(uint32_t rgb)
{
	return 0.2126 * linear(rgb >> 16 & 255) +
	       0.7152 * linear(rgb >> 8 & 255) + 0.0722 * linear(rgb & 255);
}

static double contrast(uint32_t a, uint32_t b)
{
	double x = luminance(a) + 0.05, y = luminance(b) + 0.05;

	return x > y ? x / y : y / x;
}

static void test_contrast(void **state)
{
	(void)state;
	assert_true(fabs(contrast(0, 0xffffff) - 21) < 0.01);
	assert_true(fabs(contrast(0x777777, 0xffffff) - 4.48) < 0.01);
}

/* ---- the themes -------------------------------------------------------- */

static void test_every_role_is_set_without_a_complaint(void **state)
{
	(void)state;
	for (const struct builtin *b = builtin_themes; b->name; b++) {
		take(b->name); /* on_log() fails for a line that is wrong */
		assert_int_equal(0, app.errors);
		for (unsigned i = 0; theme_role(i, NULL); i++) {
			if (!app.theme.set[i])
				fail_msg("%s: %s is not set", b->name,
					 theme_role(i, NULL));
		}
	}
}

static void test_every_text_can_be_read(void **state)
{
	(void)state;
	for (const struct builtin *b = builtin_themes; b->name; b++) {
		take(b->name);
		for (unsigned i = 0; theme_role(i, NULL); i++) {
			struct style st = theme_style(&app.theme, i);

			/* lines are no text */
			if (strcmp(theme_role(i, NULL), "rule") == 0 ||
			    st.fg.kind != COLOR_KIND_SET ||
			    st.bg.kind != COLOR_KIND_SET)
				continue;
			for (enum level l = RGB; l < LEVELS; l++) {
				double c = contrast(rgb_of(&st.fg, l),
						    rgb_of(&st.bg, l));

				if (c < 4.5)
					fail_msg("%s: %s in %s: %.2f", b->name,
						 theme_role(i, NULL),
						 level_names[l], c);
			}
		}
	}
}

static bool same_color(const struct color *a, const struct color *b,
		       enum level level)
{
	return a->kind == b->kind && (a->kind != COLOR_KIND_SET ||
				      rgb_of(a, level) == rgb_of(b, level));
}

/* These stand side by side, and are told apart at a glance. */
static void test_what_means_something_else_looks_different(void **state)
{
	static const char *const groups[][7] = {
		{"alert.ring", "alert.fail", "alert.info"},
		{"call.ring", "call.talk", "call.hold", "call.consult",
		 "call.dial", "call.ended"},
		{"blf.idle", "blf.ring", "blf.busy", "blf.dnd", "blf.off"},
		{"step.done", "step.now", "step.todo", "step.fail"},
		{"text", "select", "select.blur", "match"},
		{"log.warn", "log.error"},
	};

	(void)state;
	for (const struct builtin *b = builtin_themes; b->name; b++) {
		take(b->name);
		for (size_t g = 0; g < sizeof(groups) / sizeof(groups[0]); g++)
			for (unsigned i = 0; groups[g][i]; i++)
				for (unsigned k = 0; k < i; k++) {
					struct style x = style_of(groups[g][i]);
					struct style y = style_of(groups[g][k]);
					bool same = x.mono == y.mono;

					for (enum level l = RGB; l < LEVELS;
					     l++)
						same |= x.attrs == y.attrs &&
							same_color(&x.fg, &y.fg,
								   l) &&
							same_color(&x.bg, &y.bg,
								   l);
					if (same)
						fail_msg("%s: %s is %s",
							 b->name, groups[g][i],
							 groups[g][k]);
				}
	}
}

static void test_mono_has_no_colour(void **state)
{
	(void)state;
	take("mono");
	for (unsigned i = 0; theme_role(i, NULL); i++) {
		struct style st = theme_style(&app.theme, i);

		assert_int_equal(COLOR_KIND_DEFAULT, st.fg.kind);
		assert_int_equal(COLOR_KIND_DEFAULT, st.bg.kind);
	}
}

static void test_next_goes_round(void **state)
{
	static const char *const order[] = {"night", "day",  "nord",
					    "okabe", "mono", "terminal"};

	(void)state;
	for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
		struct run run = {.app = &app};

		assert_int_equal(0, command_run(&run, "theme next"));
		assert_string_equal(order[i], app.theme.name);
		assert_string_equal(order[i],
				    option_get(&app.options, "theme"));
	}
}

static void test_each_change_has_another_serial(void **state)
{
	struct theme before;
	char why[256];
	unsigned seen;

	(void)state;
	seen = app.theme.serial;
	take("terminal"); /* once more */
	assert_int_not_equal(seen, app.theme.serial);
	seen = app.theme.serial;
	assert_int_equal(
		0, theme_palette(&app.theme, "fg", "red", why, sizeof(why)));
	assert_int_not_equal(seen, app.theme.serial);
	seen = app.theme.serial;
	assert_int_equal(
		0, theme_color(&app.theme, "text", "red", why, sizeof(why)));
	assert_int_not_equal(seen, app.theme.serial);
	/* what was refused is no change */
	seen = app.theme.serial;
	assert_int_not_equal(
		0, theme_color(&app.theme, "text", "rde", why, sizeof(why)));
	assert_int_not_equal(0, config_theme(&app, "x", why, sizeof(why)));
	assert_int_equal(seen, app.theme.serial);
	/* a preview that is given up, then another one of the same length */
	before = app.theme;
	take("night");
	seen = app.theme.serial;
	app.theme = before;
	take("day");
	assert_int_not_equal(seen, app.theme.serial);
}

int main(void)
{
#define TEST(t) cmocka_unit_test_setup_teardown(t, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_contrast),
		TEST(test_every_role_is_set_without_a_complaint),
		TEST(test_every_text_can_be_read),
		TEST(test_what_means_something_else_looks_different),
		TEST(test_mono_has_no_colour),
		TEST(test_next_goes_round),
		TEST(test_each_change_has_another_serial),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
