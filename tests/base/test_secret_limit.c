/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

static bool old_kernel; /* one without pidfd_open(2) */

static int pidfd_of(pid_t pid, unsigned flags)
{
	if (old_kernel) {
		errno = ENOSYS;
		return -1;
	}
	return pidfd_open(pid, flags);
}

/* The same code, as patient as each test wants it */
static int patience_ms;

#define SECRET_COMMAND_MS patience_ms
#define pidfd_open pidfd_of
#include "base/file.c"

static int with_pidfd(void **state)
{
	(void)state;
	old_kernel = false;
	return 0;
}

static int without_pidfd(void **state)
{
	(void)state;
	old_kernel = true;
	return 0;
}

static const char *const endless[] = {
	"exec sleep 300",
	"sleep 300",
	"echo hunter2; sleep 300",
	"sleep 300 & sleep 300 & wait",
	"trap '' TERM INT HUP; while :; do sleep 300; done",
	"yes hunter2",
	"exec 2>&-; while :; do echo; done",
};

static void command_that_hangs_is_ended_with_its_children(void **state)
{
	(void)state;
	patience_ms = 100;
	for (size_t i = 0; i < sizeof(endless) / sizeof(endless[0]); i++) {
		struct pollfd pfd = {.events = POLLIN};
		uint64_t t0 = clock_us();
		const char *why = "";
		char buf[16] = "xxx", c;
		int fds[2];

		print_message("%s\n", endless[i]);
		/* All that the command starts holds this open */
		assert_int_equal(pipe(fds), 0);
		assert_int_equal(
			secret_from_command(buf, sizeof(buf), endless[i], &why),
			ETIMEDOUT);
		assert_true(clock_us() - t0 >= 100000);
		assert_true(clock_us() - t0 < 20 * 1000000);
		assert_string_equal(buf, "");
		assert_non_null(strstr(why, "did not end within"));
		assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
		assert_int_equal(errno, ECHILD);

		close(fds[1]);
		pfd.fd = fds[0];
		assert_int_equal(poll(&pfd, 1, 10000), 1);
		assert_int_equal(read(fds[0], &c, 1), 0);
		close(fds[0]);
	}
}

static void command_that_hangs_in_silence_is_ended(void **state)
{
	const char *why = "";
	char buf[16] = "xxx";

	(void)state;
	patience_ms = 100;
	assert_int_equal(secret_from_command(buf, sizeof(buf),
					     "echo x; exec >&-; sleep 300",
					     &why),
			 ETIMEDOUT);
	assert_string_equal(buf, "");
}

static void command_may_leave_an_agent_behind(void **state)
{
	const char *why = "";
	char buf[16] = "xxx", c;
	int fds[2];

	(void)state;
	patience_ms = 30000;
	assert_int_equal(pipe(fds), 0);
	/* It keeps stdout, so there is no end of file to wait for */
	assert_int_equal(secret_from_command(buf, sizeof(buf),
					     "sleep 300 & echo $!", &why),
			 0);
	close(fds[1]);
	/* It lives, for it holds the other pipe still: it is ours to end */
	assert_int_equal(kill((pid_t)strtol(buf, NULL, 10), SIGKILL), 0);
	assert_int_equal(read(fds[0], &c, 1), 0);
	close(fds[0]);
}

static void answer_in_time_is_taken(void **state)
{
	const char *why = "";
	char buf[16];

	(void)state;
	patience_ms = 30000;
	assert_int_equal(
		secret_from_command(buf, sizeof(buf), "echo hunter2", &why), 0);
	assert_string_equal(buf, "hunter2");
	assert_int_equal(secret_from_command(buf, sizeof(buf), "exit 3", &why),
			 ECHILD);
	assert_non_null(strstr(why, "exit code 3"));
}

static void advancing_the_clock_ends_no_command(void **state)
{
	const char *why = "";
	char buf[16];

	(void)state;
	patience_ms = 30000;
	clock_advance(3600000);
	assert_int_equal(
		secret_from_command(buf, sizeof(buf), "echo hunter2", &why), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(
			command_that_hangs_is_ended_with_its_children,
			with_pidfd),
		cmocka_unit_test_setup(command_that_hangs_in_silence_is_ended,
				       with_pidfd),
		cmocka_unit_test_setup(command_may_leave_an_agent_behind,
				       with_pidfd),
		cmocka_unit_test_setup(answer_in_time_is_taken, with_pidfd),
		cmocka_unit_test_setup(advancing_the_clock_ends_no_command,
				       with_pidfd),
		{"command_that_hangs_is_ended_without_pidfd",
		 command_that_hangs_is_ended_with_its_children, without_pidfd,
		 NULL, NULL},
		{"answer_in_time_is_taken_without_pidfd",
		 answer_in_time_is_taken, without_pidfd, NULL, NULL},
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
