/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

/* A C library that has no UTF-8 locale to give */
#define newlocale(mask, name, base) ((void)(mask), (void)(name), (base))
#include "base/text.c"

static void marks_and_widths_are_known_all_the_same(void **state)
{
	char buf[16];

	(void)state;
	assert_true(utf8_locale == (locale_t)0);
	text_clean(buf, sizeof(buf), "e\xcc\x81\xcc\x81\xcc\x81x", 8);
	assert_string_equal(buf, "e\xcc\x81\xcc\x81x");
	assert_true(text_is_clean(buf));
	assert_false(text_is_clean("e\xcc\x81\xcc\x81\xcc\x81"));
	assert_int_equal(text_width(buf), 2);
	assert_int_equal(text_width("\xe4\xb8\xad\xe6\x96\x87"), 4);
	assert_int_equal(text_width("\xf0\x9f\x93\x9e"), 2);
	assert_int_equal(text_width("J\xc3\xb6rg \xe2\x82\xac"), 6);
}

static void tables_are_sorted(void **state)
{
	static const struct {
		const struct range *v;
		size_t n;
	} tables[] = {
		{harmful, sizeof(harmful) / sizeof(harmful[0])},
		{invisible, sizeof(invisible) / sizeof(invisible[0])},
		{white, sizeof(white) / sizeof(white[0])},
		{marks, sizeof(marks) / sizeof(marks[0])},
		{wide, sizeof(wide) / sizeof(wide[0])},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
		for (size_t k = 0; k < tables[i].n; k++) {
			const struct range *r = &tables[i].v[k];

			assert_true(r->from <= r->to);
			assert_true(!k || r[-1].to < r->from);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(marks_and_widths_are_known_all_the_same),
		cmocka_unit_test(tables_are_sorted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
