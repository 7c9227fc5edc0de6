/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Commands of the user's run when something happens, beside us. */
#include "app/hook.h"

#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/log.h"
#include "base/text.h"
#include "base/thread.h"
#include "tests/app/fake_port.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

enum { PATIENCE_MS = 10000 };

static struct fake fake;
static struct app app;
static char logged[64 * 1024];
static unsigned lines, warnings;

static void on_log(enum log_level level, const char *tag, const char *text,
		   void *arg)
{
	const size_t at = strlen(logged);

	(void)arg;
	if (strcmp(tag, "hook") != 0)
		return;
	lines++;
	warnings += level == LOG_WARN;
	snprintf(logged + at, sizeof(logged) - at, "%s\n", text);
}

static int setup(void **state)
{
	(void)state;
	thread_adopt(THREAD_UI);
	/* as the program does: neither is for the command */
	signal(SIGPIPE, SIG_IGN);
	logged[0] = '\0';
	lines = warnings = 0;
	log_level_set(LOG_INFO);
	log_sink(on_log, NULL);
	app_init(&app);
	fake_init(&fake, &app);

	return 0;
}

static int teardown(void **state)
{
	(void)state;
	app_done(&app);
	log_sink(NULL, NULL);

	return 0;
}

static uint64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);

	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* Serve until no more than so many run */
static void until(unsigned running)
{
	const uint64_t end = now_ms() + PATIENCE_MS;

	while (hooks_running(app.hooks) > running) {
		struct pollfd p = {hooks_fd(app.hooks), POLLIN, 0};

		assert_true(now_ms() < end);
		if (poll(&p, 1, 1000) > 0)
			hooks_serve(app.hooks);
	}
}

static const char *error_of(const char *line)
{
	(void)app_line(&app, line);

	return fake_reply(&fake)->error;
}

static void call(uint32_t id, enum call_dir dir, enum call_state state)
{
	struct event ev = {.type = EV_CALL};

	ev.u.call.id = id;
	ev.u.call.dir = dir;
	ev.u.call.state = state;
	ev.u.call.code = 180;
	text_copy(ev.u.call.peer, sizeof(ev.u.call.peer), "sip:44@x");
	text_copy(ev.u.call.name, sizeof(ev.u.call.name),
		  "Dana `id` $(id) \"; exit 3; '");
	text_copy(ev.u.call.local, sizeof(ev.u.call.local), "sales");
	app_event(&app, &ev);
}

static void transfer(uint32_t id, uint32_t of, enum outcome outcome)
{
	struct event ev = {.type = EV_TRANSFER};

	ev.u.transfer.id = id;
	ev.u.transfer.call = of;
	ev.u.transfer.outcome = outcome;
	ev.u.transfer.code = 486;
	text_copy(ev.u.transfer.target, sizeof(ev.u.transfer.target),
		  "sip:202@x");
	app_event(&app, &ev);
}

static void test_each_thing_that_happens_runs_its_hook_once(void **state)
{
	const char *name;
	char line[64];

	(void)state;
	for (unsigned i = 0; (name = hook_event(i, NULL)); i++) {
		snprintf(line, sizeof(line), "hook %s \"echo %s\"", name, name);
		assert_string_equal(error_of(line), "");
	}
	call(1, CALL_IN, CALL_RINGING);
	until(0);
	call(1, CALL_IN, CALL_RINGING);
	call(1, CALL_IN, CALL_TALKING);
	until(0);
	call(1, CALL_IN, CALL_HELD);
	call(1, CALL_IN, CALL_TALKING);
	transfer(1, 1, OUTCOME_NONE);
	transfer(1, 1, OUTCOME_FAILED);
	until(0);
	transfer(2, 1, OUTCOME_STOPPED);
	transfer(3, 1, OUTCOME_SUCCEEDED);
	until(0);
	call(1, CALL_IN, CALL_ENDED);
	until(0);
	call(1, CALL_IN, CALL_ENDED);
	/* what we call rings there, not here; its answer is one */
	call(2, CALL_OUT, CALL_DIALING);
	call(2, CALL_OUT, CALL_RINGING);
	call(2, CALL_OUT, CALL_TALKING);
	until(0);
	assert_string_equal(logged, "ringing: ringing\n"
				    "answered: answered\n"
				    "failed: failed\n"
				    "transferred: transferred\n"
				    "ended: ended\n"
				    "answered: answered\n");
}

static void test_what_happened_is_in_the_environment(void **state)
{
	static const char *const want[] = {
		"failed: CORDPAIR_CALL=1\n",
		"failed: CORDPAIR_CODE=486\n",
		"failed: CORDPAIR_DIRECTION=in\n",
		"failed: CORDPAIR_EVENT=failed\n",
		"failed: CORDPAIR_LOCAL=sales\n",
		/* as it came: no shell has read it */
		"failed: CORDPAIR_NAME=Dana `id` $(id) \"; exit 3; '\n",
		"failed: CORDPAIR_OUTCOME=rejected\n",
		"failed: CORDPAIR_PEER=sip:44@x\n",
		"failed: CORDPAIR_TARGET=sip:202@x\n",
		"failed: CORDPAIR_TRANSFER=7\n",
	};

	(void)state;
	assert_int_equal(setenv("CORDPAIR_OLD", "of who started us", 1), 0);
	assert_string_equal(error_of("hook failed env"), "");
	call(1, CALL_IN, CALL_TALKING);
	transfer(7, 1, OUTCOME_REJECTED);
	until(0);
	for (size_t i = 0; i < COUNT(want); i++) {
		if (!strstr(logged, want[i]))
			fail_msg("no %sin:\n%s", want[i], logged);
	}
	assert_non_null(strstr(logged, "failed: PATH="));
	assert_null(strstr(logged, "CORDPAIR_OLD"));
	/* the table says what there is */
	for (unsigned i = 0; hook_variable(i, NULL); i++)
		assert_non_null(strstr(logged, hook_variable(i, NULL)));
}

static void test_name_does_no_harm_in_a_shell(void **state)
{
	(void)state;
	assert_string_equal(
		error_of(
			"hook ringing \"printf '%s.' \\\"$CORDPAIR_NAME\\\"\""),
		"");
	call(1, CALL_IN, CALL_RINGING);
	until(0);
	assert_string_equal(logged,
			    "ringing: Dana `id` $(id) \"; exit 3; '.\n");
}

static void test_how_it_ended_is_told_when_badly(void **state)
{
	(void)state;
	(void)app_line(&app, "hook ringing \"echo no >&2; exit 3\"");
	(void)app_line(&app, "hook answered \"kill -9 $$\"");
	call(1, CALL_IN, CALL_RINGING);
	until(0);
	assert_string_equal(logged, "ringing: no\nringing: exit code 3\n");
	call(1, CALL_IN, CALL_TALKING);
	until(0);
	assert_non_null(strstr(logged, "answered: killed by signal 9\n"));
	assert_int_equal(warnings, 2);
	/* nobody is left behind */
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
}

static void test_no_more_than_some_run_at_once(void **state)
{
	(void)state;
	/* they wait for each other's end: none can end by itself */
	(void)app_line(&app, "hook ringing \"kill -STOP $$; echo on\"");
	for (unsigned i = 1; i <= HOOKS_AT_ONCE + 2; i++)
		call(i, CALL_IN, CALL_RINGING);
	assert_int_equal(hooks_running(app.hooks), HOOKS_AT_ONCE);
	assert_string_equal(logged, "ringing: 8 hooks run already; left out\n"
				    "ringing: 8 hooks run already; left out\n");
	for (unsigned i = 0; i < HOOKS_AT_ONCE; i++) {
		siginfo_t info;

		assert_int_equal(waitid(P_ALL, 0, &info, WSTOPPED), 0);
		assert_int_equal(kill(info.si_pid, SIGCONT), 0);
	}
	until(0);
	assert_int_equal(lines, 2 + HOOKS_AT_ONCE);
	/* there is room again */
	call(100, CALL_IN, CALL_RINGING);
	assert_int_equal(hooks_running(app.hooks), 1);
	{
		siginfo_t info;

		assert_int_equal(waitid(P_ALL, 0, &info, WSTOPPED), 0);
		assert_int_equal(kill(info.si_pid, SIGCONT), 0);
	}
	until(0);
}

static void test_who_prints_without_end_is_not_heard_for_ever(void **state)
{
	(void)state;
	(void)app_line(&app, "hook ringing \"i=0; while [ $i -lt 5000 ]; do "
			     "echo line $i; i=$((i+1)); done\"");
	call(1, CALL_IN, CALL_RINGING);
	until(0);
	assert_int_equal(lines, HOOK_LINES_MAX + 1);
	assert_non_null(strstr(logged, "ringing: line 0\n"));
	assert_non_null(strstr(logged, "ringing: line 99\n"));
	assert_null(strstr(logged, "ringing: line 100\n"));
	assert_non_null(strstr(logged, "prints more than 100 lines"));
}

static void test_what_it_prints_is_clean(void **state)
{
	(void)state;
	(void)app_line(&app, "hook ringing \"printf '\\\\033]0;x\\\\007 "
			     "\\\\202\\\\n\\\\n end'\"");
	call(1, CALL_IN, CALL_RINGING);
	until(0);
	assert_string_equal(logged, "ringing: \xef\xbf\xbd]0;x\xef\xbf\xbd "
				    "\xef\xbf\xbd\n"
				    "ringing: end\n");
}

/* Neither our blocked signals nor our deafness to SIGPIPE are its own */
static void test_its_signals_are_as_in_a_shell(void **state)
{
	sigset_t set, was;

	(void)state;
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, &was);
	(void)app_line(&app, "hook ringing \"kill -TERM $$; echo deaf\"");
	(void)app_line(&app, "hook answered \"kill -PIPE $$; echo deaf\"");
	call(1, CALL_IN, CALL_RINGING);
	call(1, CALL_IN, CALL_TALKING);
	until(0);
	sigprocmask(SIG_SETMASK, &was, NULL);
	assert_null(strstr(logged, "deaf"));
	assert_int_equal(warnings, 2);
}

/* A program in the background keeps the pipe: it is not waited for */
static void test_what_it_leaves_behind_is_not_waited_for(void **state)
{
	const uint64_t began = now_ms();

	(void)state;
	(void)app_line(&app, "hook ringing \"sleep 60 & echo $!\"");
	call(1, CALL_IN, CALL_RINGING);
	until(0);
	assert_true(now_ms() - began < PATIENCE_MS);
	assert_int_equal(lines, 1);
	/* it lives on, and it is ours to end */
	assert_int_equal(kill(atoi(logged + strlen("ringing: ")), SIGKILL), 0);
}

static void test_none_takes_it_away(void **state)
{
	(void)state;
	(void)app_line(&app, "hook ringing echo once more");
	(void)app_line(&app, "hook ringing echo twice");
	call(1, CALL_IN, CALL_RINGING);
	until(0);
	assert_string_equal(logged, "ringing: twice\n");
	(void)app_line(&app, "hook ringing none");
	call(2, CALL_IN, CALL_RINGING);
	assert_int_equal(hooks_running(app.hooks), 0);
	assert_int_equal(lines, 1);
}

static void test_nonsense_is_refused(void **state)
{
	(void)state;
	assert_string_equal(error_of("hook ringin echo"),
			    "there is no event ringin; did you mean ringing?");
	assert_string_equal(error_of("hook xyz echo"),
			    "there is no event xyz; ringing, answered, ended, "
			    "transferred and failed are");
	assert_string_equal(error_of("hook ringing \"\""),
			    "the command is empty");
	assert_string_equal(error_of("hook ringing"),
			    "something is missing after ringing; it is: hook "
			    "EVENT COMMAND");
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_each_thing_that_happens_runs_its_hook_once),
		T(test_what_happened_is_in_the_environment),
		T(test_name_does_no_harm_in_a_shell),
		T(test_how_it_ended_is_told_when_badly),
		T(test_no_more_than_some_run_at_once),
		T(test_who_prints_without_end_is_not_heard_for_ever),
		T(test_what_it_prints_is_clean),
		T(test_its_signals_are_as_in_a_shell),
		T(test_what_it_leaves_behind_is_not_waited_for),
		T(test_none_takes_it_away),
		T(test_nonsense_is_refused),
	};

	return cmocka_run_group_tests_name("hook", tests, NULL, NULL);
}
