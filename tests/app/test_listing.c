/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the user asks for by a line is shown by the console, and is no news. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "app/desk.h"
#include "base/text.h"
#include "base/thread.h"
#include "tests/app/fake_port.h"

static struct fake fake;
static struct app app;
static struct desk desk;

/* As the loop does for the console */
static void on_news(const struct event *ev, enum news news, void *arg)
{
	(void)news;
	desk_event(arg, ev);
}

static int setup(void **state)
{
	(void)state;
	thread_adopt(THREAD_UI);
	app_init(&app);
	fake_init(&fake, &app);
	desk_init(&desk, &app, NULL);
	app.newsh = on_news;
	app.arg = &desk;

	return 0;
}

static int teardown(void **state)
{
	(void)state;
	desk_done(&desk);
	app_done(&app);

	return 0;
}

/* Is it in the log, in one of its newest n lines? */
static bool logged(const char *text, unsigned n)
{
	for (unsigned i = 0; i < n && desk_diary(&desk, i); i++) {
		if (strstr(desk_diary(&desk, i)->text, text))
			return true;
	}

	return false;
}

static void call(uint32_t id, enum call_state state)
{
	struct event ev = {.type = EV_CALL};

	ev.u.call.id = id;
	ev.u.call.state = state;
	text_copy(ev.u.call.name, sizeof(ev.u.call.name), "Dana Ortiz");
	text_copy(ev.u.call.peer, sizeof(ev.u.call.peer), "sip:44@x");
	app_event(&app, &ev);
}

static void test_help_alone_opens_the_help(void **state)
{
	(void)state;
	(void)app_line(&app, "help");
	assert_int_equal(desk.full, PANE_HELP);
	assert_int_equal(desk.focus, PANE_HELP);
	assert_int_equal(desk.diaryc, 0);
	/* its key closes it as well */
	(void)app_line(&app, "help");
	assert_int_equal(desk.full, PANE_COUNT);
}

static void test_help_of_a_command_opens_the_log(void **state)
{
	(void)state;
	desk.zoom = PANE_CALLS;
	(void)app_line(&app, "bind C-b transfer");
	(void)app_line(&app, "help transfer");
	assert_int_equal(desk.full, PANE_LOG);
	assert_int_equal(desk.focus, PANE_LOG);
	assert_int_equal(desk.zoom, PANE_COUNT);
	assert_true(logged("transfer [N] TARGET: Send the caller", 2));
	/* those that are bound, not those that were built in */
	assert_true(logged("Keys: t, C-b.", 1));
}

static void test_what_is_told_fits_the_pane(void **state)
{
	const struct diary_line *l;

	(void)state;
	(void)app_line(&app, "help set");
	for (unsigned i = 0; (l = desk_diary(&desk, i)); i++) {
		assert_in_range(text_width(l->text), 1, 66);
		assert_false(l->text[strlen(l->text) - 1] == ' ');
	}
	/* words are whole, and stand in their order */
	assert_true(logged("ring_timeout 5 to 600 seconds: Give up a call that "
			   "nobody answers.",
			   100));
	assert_true(logged("  It is 180.", 100));
}

static void test_a_word_wider_than_the_pane_is_no_endless_loop(void **state)
{
	char word[400];

	(void)state;
	memset(word, 'x', sizeof(word) - 1);
	word[sizeof(word) - 1] = '\0';
	app_tell(&app, "see %s there", word);
	assert_true(logged("there", 1));
	assert_true(logged("xxx", 3));
}

static void test_what_has_a_pane_is_listed_there(void **state)
{
	(void)state;
	call(1, CALL_TALKING);
	(void)app_line(&app, "log");
	(void)app_line(&app, "calls");
	assert_int_equal(desk.focus, PANE_CALLS);
	assert_int_equal(desk.full, PANE_COUNT);
	(void)app_line(&app, "transfers");
	assert_int_equal(desk.focus, PANE_TRANSFERS);
	(void)app_line(&app, "accounts");
	assert_true(logged("There is no account.", 1));
	assert_int_equal(desk.full, PANE_LOG);
}

static void
test_new_lists_are_seen_also_by_who_looked_at_old_lines(void **state)
{
	(void)state;
	(void)app_line(&app, "help set");
	desk_move(&desk, -5);
	assert_true(desk.row[PANE_LOG] > 0);
	(void)app_line(&app, "accounts");
	assert_int_equal(desk.row[PANE_LOG], 0);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_help_alone_opens_the_help),
		T(test_help_of_a_command_opens_the_log),
		T(test_what_is_told_fits_the_pane),
		T(test_a_word_wider_than_the_pane_is_no_endless_loop),
		T(test_what_has_a_pane_is_listed_there),
		T(test_new_lists_are_seen_also_by_who_looked_at_old_lines),
	};

	return cmocka_run_group_tests_name("listing", tests, NULL, NULL);
}
