/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/exitcode.h"

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

static void test_call_that_was_answered_is_good(void **state)
{
	(void)state;
	assert_int_equal(0, exitcode_call(true, 0));
	assert_int_equal(0, exitcode_call(true, 486));
}

/* contract section 4, every row that a code decides */
static void test_code_of_the_target(void **state)
{
	static const struct {
		unsigned sip;
		int code;
	} cases[] = {
		{486, 10}, {600, 10}, {408, 11}, {480, 11}, {487, 11},
		{603, 12}, {607, 12}, {404, 16}, {500, 16}, {503, 16},
		{488, 16}, {608, 16}, {401, 16}, {0, 16},   {302, 20},
		{300, 20}, {399, 20},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct transfer_info t = {.outcome = OUTCOME_FAILED,
					  .code = cases[i].sip};

		assert_int_equal(cases[i].code,
				 exitcode_call(false, cases[i].sip));
		assert_int_equal(cases[i].code, exitcode_transfer(&t));
	}
}

static void test_every_outcome(void **state)
{
	static const int codes[OUTCOME_COUNT] = {
		[OUTCOME_NONE] = 1,
		[OUTCOME_SUCCEEDED] = 0,
		[OUTCOME_SUCCEEDED_INFERRED] = 0,
		[OUTCOME_REDIRECTED] = 20,
		[OUTCOME_FAILED] = 10,
		[OUTCOME_REJECTED] = 13,
		[OUTCOME_NOT_SENT] = 18,
		[OUTCOME_NO_ANSWER] = 18,
		[OUTCOME_NO_REPORTS] = 14,
		[OUTCOME_UNKNOWN] = 15,
		[OUTCOME_TIMED_OUT] = 19,
		[OUTCOME_STOPPED] = 15,
	};

	(void)state;
	for (int o = 0; o < OUTCOME_COUNT; o++) {
		struct transfer_info t = {.outcome = (enum outcome)o,
					  .code = 486};

		assert_int_equal(codes[o], exitcode_transfer(&t));
	}
}

static void test_every_code_is_explained(void **state)
{
	static const int codes[] = {0,  1,  2,  10, 11, 12, 13,
				    14, 15, 16, 17, 18, 19, 20};
	unsigned i = 0;
	int code;

	(void)state;
	for (; exitcode_row(i, &code); i++)
		assert_int_equal(codes[i], code);
	assert_int_equal(COUNT(codes), i);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_call_that_was_answered_is_good),
		cmocka_unit_test(test_code_of_the_target),
		cmocka_unit_test(test_every_outcome),
		cmocka_unit_test(test_every_code_is_explained),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
