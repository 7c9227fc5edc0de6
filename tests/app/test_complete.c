/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/complete.h"

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

#include "base/text.h"
#include "base/thread.h"
#include "tests/app/fake_port.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static struct app app;
static struct fake fake;

static int setup(void **state)
{
	(void)state;
	thread_adopt(THREAD_UI);
	if (setenv("XDG_CONFIG_HOME", "/none", 1))
		return -1;
	app_init(&app);
	fake_init(&fake, &app);
	fake_call(&app, 1, CALL_TALKING, "sip:dana@h");
	fake_call(&app, 2, CALL_ENDED, "sip:kim@h");
	fake_call(&app, 3, CALL_HELD, "sip:dana@h");

	return 0;
}

static int teardown(void **state)
{
	(void)state;
	app_done(&app);

	return 0;
}

static void test_what_could_stand_there(void **state)
{
	static const struct {
		const char *line; /* the cursor is at its end */
		size_t from;
		const char *candidates;
	} cases[] = {
		{"tra", 0, "transfer transfers"},
		{"  tra", 2, "transfer transfers"},
		{"zz", 0, ""},
		{"hold ", 5, "1 3"},
		{"hold 3", 5, "3"},
		{"hold 3 ", 7, ""},
		{"transfer ", 9, "1 3 sip:dana@h sip:kim@h"},
		{"transfer 1 sip:k", 11, "sip:kim@h"},
		{"join 1 ", 7, "1 3"},
		{"dial sip:d", 5, "sip:dana@h"},
		{"set hold", 4, "hold_warn"},
		{"set mouse ", 10, "on off"},
		{"set on_terminal_loss h", 21, "hangup"},
		{"set hold_warn ", 14, ""},
		{"set theme n", 10, "night nord"},
		{"theme t", 6, "terminal"},
		{"theme n", 6, "night nord next"},
		{"color call.r", 6, "call.ring"},
		{"palette sel", 8, "sel_fg sel_bg"},
		{"bind ", 5, "-c"},
		{"bind -c cal", 8, "calls"},
		{"bind x hol", 7, "hold"},
		{"bind -c calls x tra", 16, "transfer transfers"},
		{"hook ", 5, "ringing answered ended transferred failed"},
		{"hook an", 5, "answered"},
		{"hook ended tra", 11, ""},
		{"help hol", 5, "hold"},
		{"account sip:a@h pass", 16,
		 "password_command= password_file="},
		{"account sip:a@h regint=0 tr", 25, "transport="},
		{"frob ", 5, ""},
		{"dial \"open", 10, ""},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		static struct candidates c;
		char list[512] = "";
		size_t at = 0;

		complete_line(&c, &app, cases[i].line, strlen(cases[i].line));
		for (unsigned k = 0; k < c.n; k++)
			at += (size_t)snprintf(list + at, sizeof(list) - at,
					       "%s%s", k ? " " : "",
					       c.v[k].text);
		if (strcmp(cases[i].candidates, list) != 0)
			fail_msg("'%s': '%s'", cases[i].line, list);
		assert_int_equal(cases[i].from, c.from);
	}
}

static const char *offered(const char *line)
{
	static struct candidates c;
	static char list[512];
	size_t at = 0;

	list[0] = '\0';
	complete_line(&c, &app, line, strlen(line));
	for (unsigned k = 0; k < c.n; k++)
		at += (size_t)snprintf(list + at, sizeof(list) - at,
				       "%s%s (%s)", k ? ", " : "", c.v[k].text,
				       c.v[k].help);

	return list;
}

/* A name for which two numbers stand would be refused: then the number */
static void test_names_of_the_directory(void **state)
{
	static const struct {
		const char *line, *offered;
	} cases[] = {
		{"dial al", "Alan Reyes (202), Zo\xc3\xab Alm (240)"},
		{"transfer 1 ZOE", "Zo\xc3\xab Alm (240)"},
		{"consult 1 ki", "201 (Kim), 203 (Kim)"},
		{"dial 20", "202 (Alan Reyes), 201 (Kim), 203 (Kim)"},
		{"dial sip:k", "sip:kim@h ()"},
		/* letters in order are for the picker */
		{"dial ays", ""},
		{"hold al", ""},
	};
	char path[] = "/tmp/test_complete.XXXXXX";
	int fd = mkstemp(path);
	FILE *f = fdopen(fd, "w");

	(void)state;
	fputs("Alan Reyes,202\nZo\xc3\xab Alm,240\nKim,201\nKim,203\n", f);
	assert_int_equal(0, fclose(f));
	directory_new(&app.directory);
	assert_int_equal(0, directory_load(app.directory, path));
	assert_int_equal(0, unlink(path));
	for (size_t i = 0; i < COUNT(cases); i++) {
		if (strcmp(cases[i].offered, offered(cases[i].line)) != 0)
			fail_msg("%s: '%s'", cases[i].line,
				 offered(cases[i].line));
	}
	directory_free(app.directory);
	app.directory = NULL;
}

static void test_the_cursor_decides(void **state)
{
	static struct candidates c;

	(void)state;
	complete_line(&c, &app, "hold 3", 3);
	assert_int_equal(1, c.n);
	assert_string_equal("hold", c.v[0].text);
}

static void test_scripts_have_more(void **state)
{
	static struct candidates c;

	(void)state;
	complete_line(&c, &app, "wai", 3);
	assert_int_equal(0, c.n);
	app.script = true;
	complete_line(&c, &app, "wai", 3);
	assert_int_equal(1, c.n);
	complete_line(&c, &app, "wait transfer out", 17);
	assert_int_equal(1, c.n);
	assert_string_equal("outcome=", c.v[0].text);
}

static void test_candidates_say_what_they_are(void **state)
{
	static struct candidates c;

	(void)state;
	complete_line(&c, &app, "hold 3", 6);
	assert_string_equal("held sip:dana@h", c.v[0].help);
	complete_line(&c, &app, "tra", 3);
	assert_string_equal("Send the caller on without announcing",
			    c.v[0].help);
}

int main(void)
{
#define TEST(t) cmocka_unit_test_setup_teardown(t, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_what_could_stand_there),
		TEST(test_names_of_the_directory),
		TEST(test_the_cursor_decides),
		TEST(test_scripts_have_more),
		TEST(test_candidates_say_what_they_are),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
