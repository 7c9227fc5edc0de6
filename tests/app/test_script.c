/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/script.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <fcntl.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/text.h"
#include "base/thread.h"
#include "tests/app/fake_port.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static struct app app;
static struct fake fake;
static struct out *out;
static int pipe_fds[2];
static char path[64];
static char printed[16384];
static char why[512];

static int setup(void **state)
{
	(void)state;
	thread_adopt(THREAD_UI);
	app_init(&app);
	fake_init(&fake, &app);
	if (pipe2(pipe_fds, O_NONBLOCK))
		return -1;
	out_new(&out, pipe_fds[1], pipe_fds[1], false);
	printed[0] = '\0';

	return 0;
}

static int teardown(void **state)
{
	(void)state;
	(void)out_close(out); /* a pipe that takes all */
	close(pipe_fds[0]);
	close(pipe_fds[1]);
	app_done(&app);

	return 0;
}

static int load(struct script **sp, const char *text)
{
	int fd, err;

	text_copy(path, sizeof(path), "/tmp/cordpair-script.XXXXXX");
	fd = mkstemp(path);
	assert_true(fd >= 0);
	assert_int_equal(strlen(text), write(fd, text, strlen(text)));
	close(fd);
	err = script_new(sp, &app, out, path, why, sizeof(why));
	unlink(path);

	return err;
}

static void pass_on(const struct robot *r)
{
	for (unsigned i = 0; i < fake.newsc; i++) {
		if (fake.kinds[i] != NEWS_LISTED)
			r->event(r->self, &fake.news[i]);
	}
	fake.newsc = 0;
}

/* A local command replies inside tick(); the loop would have passed it on. */
static const struct robot *running;

static void on_news(const struct event *ev, enum news news, void *arg)
{
	(void)arg;
	if (news != NEWS_LISTED)
		running->event(running->self, ev);
}

static int tick(const struct robot *r)
{
	int code = -1;

	running = r;
	app.newsh = on_news;
	r->tick(r->self);

	return r->done(r->self, &code) ? code : -1;
}

static int hears(const struct robot *r, uint32_t id, enum call_state state)
{
	running = r;
	app.newsh = on_news;
	fake_call(&app, id, state, "sip:b@h");

	return tick(r);
}

static int replies(const struct robot *r, int err, uint32_t id)
{
	running = r;
	app.newsh = on_news;
	fake_answer(&fake, &app, err, id, err ? "no" : "");

	return tick(r);
}

static const char *output(void)
{
	size_t len = strlen(printed);
	ssize_t n;

	out_write(out);
	n = read(pipe_fds[0], printed + len, sizeof(printed) - len - 1);
	printed[len + (n > 0 ? (size_t)n : 0)] = '\0';

	return printed;
}

static void
test_lines_that_are_wrong_are_told_before_anything_runs(void **state)
{
	static const struct {
		const char *line, *why;
	} cases[] = {
		{"frobnicate", "there is no command frobnicate; help lists "
			       "them"},
		{"wait", "something is missing after wait"},
		{"wait nothing", "there is no event nothing"},
		{"wait cal", "there is no event cal; did you mean call?"},
		{"wait call frob=1", "a call event has no field frob"},
		{"wait call long", "'long' is neither FIELD=VALUE nor "
				   "seconds"},
		{"wait call 5 state=held", "'5' is not FIELD=VALUE"},
		{"expect call", "something is missing after call"},
		{"expect call state", "'state' is not FIELD=VALUE"},
		{"expect call sate=held", "a call event has no field sate; "
					  "did you mean state?"},
		{"sleep", "something is missing after sleep"},
		{"sleep long", "'long' are no seconds"},
		{"dial \"a", "a quote is opened but not closed"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct script *s = NULL;
		char text[128], want[256];

		snprintf(text, sizeof(text), "# one\n%s\n", cases[i].line);
		assert_int_equal(EINVAL, load(&s, text));
		assert_null(s);
		snprintf(want, sizeof(want), "%s:2: %s", path, cases[i].why);
		assert_true(text_begins(why, want));
	}
	assert_int_equal(0, fake.n);
}

static void test_missing_file(void **state)
{
	struct script *s = NULL;

	(void)state;
	assert_int_equal(ENOENT, script_new(&s, &app, out, "/none/script", why,
					    sizeof(why)));
	assert_non_null(strstr(why, "/none/script"));
}

static void test_a_command_waits_for_its_reply(void **state)
{
	struct script *s;
	struct robot r;

	(void)state;
	assert_int_equal(0, load(&s, "dial sip:b@h\nhangup 1\n"));
	r = script_robot(s);
	assert_int_equal(-1, tick(&r));
	assert_int_equal(1, fake.n);
	assert_int_equal(-1, hears(&r, 1, CALL_DIALING));
	assert_int_equal(1, fake.n);
	assert_int_equal(-1, replies(&r, 0, 1));
	assert_int_equal(2, fake.n);
	fake_last(&fake, REQ_HANGUP);
	assert_int_equal(0, replies(&r, 0, 0));
	assert_string_equal("TAP version 13\n1..0\n", output());
	script_free(s);
}

static void test_wait_sees_what_came_while_the_command_ran(void **state)
{
	struct script *s;
	struct robot r;

	(void)state;
	assert_int_equal(0, load(&s, "dial sip:b@h\n"
				     "wait call state=talking\n"));
	r = script_robot(s);
	tick(&r);
	hears(&r, 1, CALL_DIALING);
	hears(&r, 1, CALL_TALKING);
	assert_int_equal(0, replies(&r, 0, 1));
	assert_string_equal("TAP version 13\nok 1 - wait call state=talking\n"
			    "1..1\n",
			    output());
	script_free(s);
}

static void test_two_calls_do_not_hide_each_other(void **state)
{
	struct script *s;
	struct robot r;

	(void)state;
	assert_int_equal(0, load(&s, "wait call id=1 state=talking\n"
				     "wait call id=2 state=talking\n"));
	r = script_robot(s);
	tick(&r);
	hears(&r, 2, CALL_TALKING);
	assert_int_equal(0, hears(&r, 1, CALL_TALKING));
	script_free(s);
}

static void test_an_old_state_is_not_taken_for_a_new_one(void **state)
{
	struct script *s;
	struct robot r;

	(void)state;
	assert_int_equal(0, load(&s, "wait call state=talking\n"
				     "hold 1\n"
				     "wait call state=held\n"
				     "resume 1\n"
				     "wait call state=talking\n"));
	r = script_robot(s);
	tick(&r);
	hears(&r, 1, CALL_TALKING);
	fake_last(&fake, REQ_HOLD);
	/* it is published once more before it is held */
	hears(&r, 1, CALL_TALKING);
	hears(&r, 1, CALL_HELD);
	replies(&r, 0, 0);
	fake_last(&fake, REQ_RESUME);
	assert_int_equal(-1, replies(&r, 0, 0));
	assert_int_equal(0, hears(&r, 1, CALL_TALKING));
	script_free(s);
}

static void test_wait_gives_up(void **state)
{
	struct script *s;
	struct robot r;

	(void)state;
	assert_int_equal(0, load(&s, "wait call state=talking 2.5\n"
				     "wait transfer\n"));
	r = script_robot(s);
	assert_int_equal(-1, tick(&r));
	assert_in_range(r.timeout_ms(r.self), 1, 2500);
	clock_advance(2500);
	assert_int_equal(-1, tick(&r));
	/* 30 s where nothing is said */
	assert_in_range(r.timeout_ms(r.self), 29000, 30000);
	clock_advance(30000);
	assert_int_equal(1, tick(&r));
	assert_non_null(strstr(output(), "not ok 1 - wait call state=talking "
					 "2.5\n"));
	assert_non_null(strstr(output(), "# there was no transfer event\n"));
	assert_non_null(strstr(output(), "1..2\n"));
	script_free(s);
}

static void test_expect_looks_at_the_newest(void **state)
{
	static const struct {
		const char *line;
		bool holds;
	} cases[] = {
		{"expect call state=held", true},
		{"expect call state=talking", false},
		{"expect call id=1 state=talking", true},
		{"expect call id=2 state=held peer=sip:b@h", true},
		{"expect call id=3 state=held", false},
		{"expect transfer outcome=null", false},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct script *s;
		struct robot r;
		char text[128];

		snprintf(text, sizeof(text), "sleep 1\n%s\n", cases[i].line);
		assert_int_equal(0, load(&s, text));
		r = script_robot(s);
		assert_int_equal(-1, tick(&r));
		hears(&r, 1, CALL_RINGING);
		hears(&r, 1, CALL_TALKING);
		hears(&r, 2, CALL_HELD);
		clock_advance(1000);
		assert_int_equal(cases[i].holds ? 0 : 1, tick(&r));
		script_free(s);
	}
}

static void
test_a_refused_command_is_no_failure_but_can_be_expected(void **state)
{
	struct script *s;
	struct robot r;

	(void)state;
	assert_int_equal(0, load(&s, "hangup 99\nexpect reply ok=false "
				     "command=hangup\n"));
	r = script_robot(s);
	assert_int_equal(0, tick(&r));
	assert_non_null(strstr(output(), "ok 1 - expect reply"));
	script_free(s);
}

static void test_engine_that_does_not_reply(void **state)
{
	struct script *s;
	struct robot r;

	(void)state;
	assert_int_equal(0, load(&s, "dial sip:b@h\nwait call\n"));
	r = script_robot(s);
	assert_int_equal(-1, tick(&r));
	clock_advance(30000);
	assert_int_equal(1, tick(&r));
	assert_non_null(strstr(output(), "Bail out! "));
	script_free(s);
}

static void test_quit_ends_it(void **state)
{
	struct script *s;
	struct robot r;

	(void)state;
	assert_int_equal(0, load(&s, "quit\ndial sip:b@h\n"));
	r = script_robot(s);
	assert_int_equal(0, tick(&r));
	assert_int_equal(0, fake.n);
	pass_on(&r);
	script_free(s);
}

int main(void)
{
#define TEST(t) cmocka_unit_test_setup_teardown(t, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_lines_that_are_wrong_are_told_before_anything_runs),
		TEST(test_missing_file),
		TEST(test_a_command_waits_for_its_reply),
		TEST(test_wait_sees_what_came_while_the_command_ran),
		TEST(test_two_calls_do_not_hide_each_other),
		TEST(test_an_old_state_is_not_taken_for_a_new_one),
		TEST(test_wait_gives_up),
		TEST(test_expect_looks_at_the_newest),
		TEST(test_a_refused_command_is_no_failure_but_can_be_expected),
		TEST(test_engine_that_does_not_reply),
		TEST(test_quit_ends_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
