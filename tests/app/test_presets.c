/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/builtin.h"

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
#include "app/command.h"
#include "app/config.h"
#include "base/log.h"
#include "base/text.h"
#include "base/thread.h"

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
	log_sink(on_log, NULL);
	app_init(&app);

	return 0;
}

static int teardown(void **state)
{
	(void)state;
	log_sink(NULL, NULL);
	app_done(&app);

	return 0;
}

static int run_line(const char *line)
{
	struct run run = {.app = &app};

	return command_run(&run, line);
}

static void take(const char *name)
{
	char line[64];

	snprintf(line, sizeof(line), "set keys %s", name);
	assert_int_equal(0, run_line(line));
}

static const char *bound(const char *context, const char *name)
{
	struct key key;
	unsigned i;

	assert_true(key_parse(&key, name) && key_context_find(&i, context));

	return keymap_find(&app.keymap, i, &key);
}

static void test_every_preset_of_the_option_is_there(void **state)
{
	char why[256];

	(void)state;
	for (const struct builtin *b = builtin_keys; b->name; b++) {
		assert_int_equal(0, option_set(&app.options, "keys", b->name,
					       why, sizeof(why)));
		take(b->name); /* on_log() fails for a line that is wrong */
		assert_int_equal(0, app.errors);
	}
	assert_non_null(strstr(option_find("keys")->choices, "desk vim"));
}

/* Only bind lines, each part of them a command, no key twice in a context. */
static void test_lines(void **state)
{
	(void)state;
	for (const struct builtin *b = builtin_keys; b->name; b++) {
		struct keymap seen;

		keymap_init(&seen);
		for (unsigned i = 0; b->lines[i]; i++) {
			char why[256] = "";
			struct cmdline line;
			unsigned context = 0;
			struct key key;

			if (command_parse(&line, &app, b->lines[i], why,
					  sizeof(why)))
				fail_msg("%s:%u: %s", b->file, i + 1, why);
			if (!line.cmd)
				continue;
			assert_string_equal("bind", line.cmd->name);
			assert_true(key_parse(&key, line.arg[1]));
			if (line.arg[0])
				assert_true(key_context_find(&context,
							     line.arg[0]));
			if (keymap_bind(&seen, context, &key, "x", true))
				fail_msg("%s:%u: %s is there twice", b->file,
					 i + 1, line.arg[1]);
		}
		assert_true(seen.n > 0);
		keymap_done(&seen);
	}
}

static void test_at_the_desk_what_is_typed_is_a_target(void **state)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyz"
				    "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789+*#";
	const char *context;

	(void)state;
	take("desk");
	for (unsigned c = 0; (context = key_context(c, NULL)); c++) {
		for (const char *p = plain; *p; p++) {
			const char name[] = {*p, '\0'};

			if (bound(context, name))
				fail_msg("%s runs %s in %s", name,
					 bound(context, name), context);
		}
	}
	assert_string_equal("transfer", bound("calls", "F4"));
	assert_string_equal("complete", bound("calls", "F5"));
	assert_string_equal("hold | resume", bound("calls", "F7"));
	assert_true(text_begins(bound("calls", "F8"), "takeback"));
	assert_true(text_begins(bound("calls", "F9"), "reject"));
}

static void test_another_preset_leaves_nothing_of_the_last(void **state)
{
	(void)state;
	assert_string_equal("answer", bound("all", "a"));
	take("desk");
	assert_null(bound("all", "a"));
	take("vim");
	assert_string_equal("answer", bound("all", "a"));
	assert_string_not_equal("transfer",
				bound("all", "F4") ? bound("all", "F4") : "");
	take("default");
	assert_string_equal("answer", bound("all", "a"));
}

static void test_what_the_user_binds_stays(void **state)
{
	(void)state;
	assert_int_equal(0, run_line("bind F4 mute"));
	assert_int_equal(0, run_line("bind x none"));
	take("desk");
	assert_string_equal("mute", bound("all", "F4"));
	assert_int_equal(0, run_line("bind F5 hangup"));
	take("default");
	assert_string_equal("mute", bound("all", "F4"));
	assert_string_equal("hangup", bound("all", "F5"));
	assert_null(bound("all", "x"));
}

static void test_each_part_of_a_line_is_a_command(void **state)
{
	(void)state;
	assert_int_equal(0, run_line("bind h hold | resume"));
	assert_string_equal("hold | resume", bound("all", "h"));
	assert_int_equal(ENOENT, run_line("bind h hold | resum"));
	assert_int_equal(EINVAL, run_line("bind h hold |"));
	assert_int_equal(EINVAL, run_line("bind h hold | | resume"));
	assert_int_equal(EINVAL, run_line("bind h \"\""));
	assert_string_equal("hold | resume", bound("all", "h"));
}

int main(void)
{
#define TEST(t) cmocka_unit_test_setup_teardown(t, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_every_preset_of_the_option_is_there),
		TEST(test_lines),
		TEST(test_at_the_desk_what_is_typed_is_a_target),
		TEST(test_another_preset_leaves_nothing_of_the_last),
		TEST(test_what_the_user_binds_stays),
		TEST(test_each_part_of_a_line_is_a_command),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
