/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ui/canvas.h"

#include <limits.h>
#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "app/theme.h"
#include "base/text.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static struct canvas c;
static char row[4096];

static int setup(void **state)
{
	(void)state;
	canvas_init(&c, 3, 10, false);

	return setlocale(LC_ALL, "C.UTF-8") ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	canvas_done(&c);

	return 0;
}

static const struct cell *at(int y, int x)
{
	return &c.cells[y * c.cols + x];
}

static void assert_row(int y, const char *text)
{
	assert_string_equal(canvas_row(&c, y, row, sizeof(row)), text);
}

/* What must hold of every canvas, whatever was drawn */
static void assert_sound(void)
{
	for (int y = 0; y < c.rows; y++) {
		int covered = 0;

		for (int x = 0; x < c.cols; x++) {
			const struct cell *cell = at(y, x);

			assert_non_null(memchr(cell->text, '\0', CELL_BYTES));
			assert_true(text_is_clean(cell->text));
			assert_true(cell->role < ROLES_MAX);
			assert_int_equal(cell->width == 0, covered == 1);
			assert_int_equal(cell->width == 0,
					 cell->text[0] == '\0');
			assert_int_equal(text_width(cell->text), cell->width);
			covered = cell->width == 2;
		}
		assert_int_equal(covered, 0);
	}
}

static void test_new_one_is_blank(void **state)
{
	(void)state;

	assert_int_equal(c.rows, 3);
	assert_int_equal(c.cols, 10);
	assert_int_equal(c.cursor_y, -1);
	assert_int_equal(c.cursor_x, -1);
	for (int y = 0; y < 3; y++)
		assert_row(y, "");
	assert_int_equal(at(2, 9)->role, role("text"));
	assert_sound();
}

static void test_there_is_always_one_cell(void **state)
{
	struct canvas small;

	(void)state;

	canvas_init(&small, 0, -7, false);
	assert_int_equal(small.rows, 1);
	assert_int_equal(small.cols, 1);
	assert_int_equal(canvas_text(&small, 0, 0, 9, 0, "ab"), 1);
	assert_string_equal(small.cells[0].text, "…");
	canvas_done(&small);
}

static void test_clear_takes_text_and_cursor(void **state)
{
	(void)state;

	canvas_text(&c, 1, 0, 10, role("prompt"), "日本");
	c.cursor_y = c.cursor_x = 1;
	canvas_clear(&c);
	assert_row(1, "");
	assert_int_equal(at(1, 0)->role, role("text"));
	assert_int_equal(c.cursor_y, -1);
	assert_int_equal(c.cursor_x, -1);
	assert_sound();
}

static void test_text_is_cut_by_cells(void **state)
{
	static const struct {
		const char *text;
		int max, used;
		const char *shown;
	} casev[] = {
		{"", 10, 0, ""},
		{"abc", 10, 3, "abc"},
		{"abc", 3, 3, "abc"},
		{"abcd", 3, 3, "ab…"},
		{"abc", 1, 1, "…"},
		{"abc", 0, 0, ""},
		{"abc", -1, 0, ""},
		{"0123456789", 99, 10, "0123456789"},
		{"0123456789a", 99, 10, "012345678…"},
		{"Müller", 6, 6, "Müller"},
		{"Müller", 5, 5, "Müll…"},
		{"日本太郎", 8, 8, "日本太郎"},
		{"日本太郎", 7, 7, "日本太…"},
		{"日本太郎", 6, 5, "日本…"},
		{"日本", 2, 1, "…"},
		{"a日", 3, 3, "a日"},
		{"e\xcc\x81tude", 5, 5, "e\xcc\x81tude"},
		{"e\xcc\x81tude", 2, 2, "e\xcc\x81…"},
		{"tude\xcc\x81", 3, 3, "tu…"},
		{"a  b", 10, 4, "a  b"}, /* views lay out with blanks */
	};

	(void)state;

	for (size_t i = 0; i < COUNT(casev); i++) {
		canvas_clear(&c);
		assert_int_equal(
			canvas_text(&c, 0, 0, casev[i].max, 0, casev[i].text),
			casev[i].used);
		assert_row(0, casev[i].shown);
		assert_sound();
	}
}

static void test_marks_stay_with_their_character(void **state)
{
	(void)state;

	canvas_text(&c, 0, 0, 10, 0, "e\xcc\x81\xcc\x82\xcc\x83x");
	assert_string_equal(at(0, 0)->text, "e\xcc\x81\xcc\x82");
	assert_string_equal(at(0, 1)->text, "x");

	/* one that has nothing to stand on is left out */
	canvas_text(&c, 1, 0, 10, 0, "\xcc\x81y");
	assert_string_equal(at(1, 0)->text, "y");

	canvas_text(&c, 2, 0, 10, 0, "日\xcc\x81z");
	assert_string_equal(at(2, 0)->text, "日\xcc\x81");
	assert_int_equal(at(2, 0)->width, 2);
	assert_string_equal(at(2, 2)->text, "z");
	assert_sound();
}

static void test_wide_characters_are_never_halved(void **state)
{
	static const struct {
		int x;
		const char *shown;
	} casev[] = {
		{0, "x 本"}, /* its second half goes  */
		{1, " x本"}, /* its first half goes   */
		{2, "日x"},
		{3, "日 x"},
	};

	(void)state;

	for (size_t i = 0; i < COUNT(casev); i++) {
		canvas_clear(&c);
		canvas_text(&c, 0, 0, 4, 0, "日本");
		canvas_text(&c, 0, casev[i].x, 1, 0, "x");
		assert_row(0, casev[i].shown);
		assert_sound();
	}

	/* a wide one over two halves */
	canvas_clear(&c);
	canvas_text(&c, 0, 0, 4, 0, "日本");
	canvas_text(&c, 0, 1, 2, 0, "太");
	assert_row(0, " 太");
	assert_sound();

	/* nor at the edges */
	canvas_clear(&c);
	canvas_text(&c, 0, -1, 6, 0, "日a");
	canvas_text(&c, 0, 7, 10, 0, "ab日");
	assert_row(0, " a     ab…");
	assert_sound();
}

static void test_filling_parts_wide_characters(void **state)
{
	(void)state;

	canvas_text(&c, 0, 0, 8, 0, "日本太郎");
	canvas_fill(&c, (struct rect){0, 3, 1, 2}, role("hint"));
	assert_row(0, "日    郎");
	assert_int_equal(at(0, 3)->role, role("hint"));
	assert_int_equal(at(0, 5)->role, 0);
	assert_sound();
}

static void test_what_lies_outside_is_not_drawn(void **state)
{
	static const int offv[] = {INT_MIN, -1000, -1, 0, 9, 10, INT_MAX};

	(void)state;

	for (size_t i = 0; i < COUNT(offv); i++) {
		for (size_t k = 0; k < COUNT(offv); k++) {
			int y = offv[i], x = offv[k];
			struct rect r = {y, x, INT_MAX, INT_MAX};

			canvas_text(&c, y, x, 5, 1, "日本日本");
			canvas_right(&c, y, x, INT_MAX, 1, "日本");
			canvas_hline(&c, y, x, INT_MAX, 1, GLYPH_LINE);
			canvas_vline(&c, y, x, INT_MAX, 1, GLYPH_BAR);
			canvas_glyph(&c, y, x, 1, GLYPH_BUSY);
			canvas_role(&c, r, 2);
			canvas_fill(&c, r, 2);
			assert_sound();
		}
	}
}

static void test_rects_are_clipped(void **state)
{
	static const struct {
		struct rect r, want;
	} casev[] = {
		{{0, 0, 3, 10}, {0, 0, 3, 10}},
		{{-1, -2, 3, 4}, {0, 0, 2, 2}},
		{{1, 8, 9, 9}, {1, 8, 2, 2}},
		{{5, 0, 1, 1}, {3, 0, 0, 1}},
		{{0, -5, 1, 5}, {0, 0, 1, 0}},
		{{1, 1, -4, 2}, {1, 1, 0, 2}},
		{{INT_MIN, INT_MAX, INT_MAX, INT_MAX}, {0, 10, 0, 0}},
	};

	(void)state;

	for (size_t i = 0; i < COUNT(casev); i++) {
		struct rect r = canvas_clip(&c, casev[i].r);

		assert_memory_equal(&r, &casev[i].want, sizeof(r));
	}
}

static void test_nothing_that_steers_gets_into_a_cell(void **state)
{
	static const struct {
		const char *text, *shown; /* NULL: as the C library likes */
	} casev[] = {
		{"a\x1b[2Jb", "a\xef\xbf\xbd[2Jb"},
		{"a\xc2\x9b"
		 "31m",
		 "a\xef\xbf\xbd"
		 "31m"},
		{"a\x9b\x33", "a\xef\xbf\xbd\x33"},
		{"a\x07\x7f", "a\xef\xbf\xbd\xef\xbf\xbd"},
		{"a\tb\nc\r", "a b c"},
		{"\xc3(", "\xef\xbf\xbd("},
		{"\xc3", "\xef\xbf\xbd"},
		{"\xe6\x97", "\xef\xbf\xbd\xef\xbf\xbd"},
		{"\xc0\xaf", "\xef\xbf\xbd\xef\xbf\xbd"},
		{"\xe2\x80\xae"
		 "x",
		 "\xef\xbf\xbdx"},
		{"a\xe2\x80\x8b"
		 "b",
		 "ab"},
		{"a\xef\xb8\x8f"
		 "b",
		 "ab"},
		{"\xf4\x8f\xbf\xbe", "\xef\xbf\xbd"},
		{"\xf5\x80\x80\x80x", NULL},
		{"\xed\xa0\x80x", NULL},
	};

	(void)state;

	for (size_t i = 0; i < COUNT(casev); i++) {
		canvas_clear(&c);
		canvas_text(&c, 0, 0, 10, 0, casev[i].text);
		if (casev[i].shown)
			assert_row(0, casev[i].shown);
		assert_sound();
	}
}

static void test_random_bytes_leave_it_sound(void **state)
{
	unsigned seed = 1;
	char text[40];

	(void)state;

	for (int i = 0; i < 20000; i++) {
		size_t n = (size_t)rand_r(&seed) % sizeof(text);

		for (size_t k = 0; k < n; k++)
			text[k] = (char)rand_r(&seed);
		text[n] = '\0';
		canvas_text(&c, rand_r(&seed) % 5 - 1, rand_r(&seed) % 14 - 3,
			    rand_r(&seed) % 14, 0, text);
		if (i % 16 == 0)
			assert_sound();
	}
	assert_sound();
}

static void test_without_utf8_other_characters_become_one_sign(void **state)
{
	(void)state;

	assert_non_null(setlocale(LC_ALL, "C"));
	assert_int_equal(canvas_text(&c, 0, 0, 10, 0, "Zoë 日本"), 6);
	assert_row(0, "Zo? ??");
}

static void test_right_ends_at_the_edge(void **state)
{
	(void)state;

	assert_int_equal(canvas_right(&c, 0, 2, 8, 0, "本1"), 3);
	assert_row(0, "       本1");
	assert_int_equal(canvas_right(&c, 1, 2, 3, 0, "abcdef"), 3);
	assert_row(1, "  ab…");
}

static void test_printf_writes_what_it_says(void **state)
{
	(void)state;

	assert_int_equal(canvas_printf(&c, 0, 1, 9, 0, "%-3s%d", "a", 7), 4);
	assert_row(0, " a  7");
	/* data is no format */
	assert_int_equal(canvas_text(&c, 1, 0, 9, 0, "%s%n"), 4);
	assert_row(1, "%s%n");
}

static void test_lines_have_a_length(void **state)
{
	(void)state;

	canvas_hline(&c, 0, 8, 9, 0, GLYPH_LINE_FOCUS);
	canvas_vline(&c, 1, 4, 9, 0, GLYPH_BAR);
	assert_row(0, "        ══");
	assert_row(1, "    │");
	assert_row(2, "    │");
}

static void test_role_changes_and_text_stays(void **state)
{
	(void)state;

	canvas_text(&c, 0, 0, 10, role("text"), "abcd");
	canvas_role(&c, (struct rect){0, 1, 1, 2}, role("select"));
	assert_row(0, "abcd");
	assert_int_equal(at(0, 0)->role, role("text"));
	assert_int_equal(at(0, 1)->role, role("select"));
	assert_int_equal(at(0, 2)->role, role("select"));
	assert_int_equal(at(0, 3)->role, role("text"));
}

static void test_roles_are_those_of_the_theme(void **state)
{
	const char *name;

	(void)state;

	for (unsigned i = 0; (name = theme_role(i, NULL)); i++)
		assert_int_equal(role(name), i);
}

static void test_signs_take_one_cell_in_both_sets(void **state)
{
	(void)state;

	for (int g = 0; g < GLYPH_COUNT; g++) {
		const char *s;

		c.ascii = false;
		s = glyph(&c, (enum glyph)g);
		assert_true(text_is_clean(s));
		assert_int_equal(text_width(s), 1);
		c.ascii = true;
		s = glyph(&c, (enum glyph)g);
		assert_int_equal(strlen(s), 1);
		assert_in_range(s[0], '!', '~');
	}
	assert_int_equal(canvas_glyph(&c, 0, 0, 0, GLYPH_HOLD), 1);
	canvas_text(&c, 0, 1, 2, 0, "abc");
	assert_row(0, "=a~");
}

static void test_row_fits_its_buffer(void **state)
{
	char buf[6];

	(void)state;

	canvas_text(&c, 0, 0, 10, 0, "日本");
	assert_string_equal(canvas_row(&c, 0, buf, sizeof(buf)), "日");
	assert_string_equal(canvas_row(&c, 0, buf, 1), "");
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_new_one_is_blank),
		T(test_there_is_always_one_cell),
		T(test_clear_takes_text_and_cursor),
		T(test_text_is_cut_by_cells),
		T(test_marks_stay_with_their_character),
		T(test_wide_characters_are_never_halved),
		T(test_filling_parts_wide_characters),
		T(test_what_lies_outside_is_not_drawn),
		T(test_rects_are_clipped),
		T(test_nothing_that_steers_gets_into_a_cell),
		T(test_random_bytes_leave_it_sound),
		T(test_without_utf8_other_characters_become_one_sign),
		T(test_right_ends_at_the_edge),
		T(test_printf_writes_what_it_says),
		T(test_lines_have_a_length),
		T(test_role_changes_and_text_stays),
		T(test_roles_are_those_of_the_theme),
		T(test_signs_take_one_cell_in_both_sets),
		T(test_row_fits_its_buffer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
