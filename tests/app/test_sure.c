/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What would lose calls is asked about first, and y alone means it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "app/desk.h"
#include "base/text.h"
#include "base/thread.h"
#include "tests/app/fake_port.h"

static struct fake fake;
static struct app app;
static struct desk desk;

static int setup(void **state)
{
	(void)state;
	thread_adopt(THREAD_UI);
	app_init(&app);
	fake_init(&fake, &app);
	desk_init(&desk, &app, NULL);
	desk_shown(&desk);

	return 0;
}

static int teardown(void **state)
{
	(void)state;
	desk_done(&desk);
	app_done(&app);

	return 0;
}

static void key(const char *name)
{
	struct key k;

	assert_true(key_parse(&k, name));
	desk_key(&desk, &k);
}

static void test_suspend_without_calls_just_does(void **state)
{
	(void)state;
	key("C-z");
	assert_true(desk.suspend);
}

static void test_suspend_asks_while_calls_are_up(void **state)
{
	static const char *const ways[] = {"n", "Enter", "Esc", "C-z"};

	(void)state;
	fake_call(&app, 1, CALL_TALKING, "sip:44@x");
	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		key("C-z");
		assert_int_equal(desk.line.use, LINE_CONFIRM);
		assert_non_null(strstr(desk.line.question, "1 call would"));
		key(ways[i]);
		assert_int_equal(desk.line.use, LINE_NONE);
		assert_false(desk.suspend);
	}
	key("C-z");
	key("y");
	assert_true(desk.suspend);

	/* y is no answer to what is asked the next time */
	desk.suspend = false;
	(void)app_line(&app, "suspend");
	assert_int_equal(desk.line.use, LINE_CONFIRM);
	assert_false(desk.suspend);
}

static void test_what_is_asked_goes_away_by_itself(void **state)
{
	(void)state;
	fake_call(&app, 1, CALL_TALKING, "sip:44@x");
	(void)app_line(&app, "suspend");
	desk_tick(&desk, desk.now_ms + 4999);
	assert_int_equal(desk.line.use, LINE_CONFIRM);
	desk_tick(&desk, desk.now_ms + 1);
	assert_int_equal(desk.line.use, LINE_NONE);
	assert_false(desk.suspend);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_suspend_without_calls_just_does),
		T(test_suspend_asks_while_calls_are_up),
		T(test_what_is_asked_goes_away_by_itself),
	};

	return cmocka_run_group_tests_name("sure", tests, NULL, NULL);
}
