/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <cmocka.h>

#include "base/clock.h"

enum { DAY_MS = 24 * 3600 * 1000 };

static void time_never_goes_back(void **state)
{
	uint64_t us = clock_us(), ms = clock_ms();
	double t = clock_since_start();

	(void)state;
	assert_true(t >= 0);
	for (int i = 0; i < 100000; i++) {
		uint64_t us2 = clock_us(), ms2 = clock_ms();
		double t2 = clock_since_start();

		assert_true(us2 >= us);
		assert_true(ms2 >= ms);
		assert_true(t2 >= t);
		us = us2;
		ms = ms2;
		t = t2;
	}
	assert_true(t > 0);
}

static void start_is_when_the_program_started(void **state)
{
	double before = clock_since_start();
	uint64_t us = clock_us();
	double after;

	(void)state;
	while (clock_us() - us < 2000)
		;
	after = clock_since_start();
	assert_true(after - before > 0.0019); /* 2 ms, roundly */
	assert_true(after < 60); /* this program has only just begun */
}

static void advance_moves_milliseconds_only(void **state)
{
	uint64_t us = clock_us(), ms = clock_ms();
	double t = clock_since_start();

	(void)state;
	clock_advance(30000);
	assert_true(clock_ms() >= ms + 30000);
	clock_advance(600000);
	assert_true(clock_ms() >= ms + 630000);
	assert_true(clock_ms() < ms + 630000 + 20000);
	assert_true(clock_us() < us + 20000000);
	assert_true(clock_since_start() < t + 20);
}

static long wall_now(void)
{
	struct timespec ts;
	struct tm tm;

	clock_gettime(CLOCK_REALTIME, &ts);
	localtime_r(&ts.tv_sec, &tm);
	return ((tm.tm_hour * 60 + tm.tm_min) * 60 + tm.tm_sec) * 1000L +
	       ts.tv_nsec / 1000000;
}

static void wall_is_the_time_of_day(void **state)
{
	char buf[13];
	int h, m, s, ms, end = 0;
	long before, after, now;

	(void)state;
	before = wall_now();
	assert_ptr_equal(clock_wall(buf, sizeof(buf)), buf);
	after = wall_now();

	assert_int_equal(strlen(buf), 12);
	assert_int_equal(
		sscanf(buf, "%2d:%2d:%2d.%3d%n", &h, &m, &s, &ms, &end), 4);
	assert_int_equal(end, 12);
	now = ((h * 60 + m) * 60 + s) * 1000L + ms;
	/* midnight may pass in between */
	assert_true((now - before + DAY_MS) % DAY_MS <=
		    (after - before + DAY_MS) % DAY_MS);
}

static void wall_stays_in_a_small_buffer(void **state)
{
	char buf[8] = "xxxxxxx";

	(void)state;
	clock_wall(buf, 6);
	assert_int_equal(strlen(buf), 5);
	assert_int_equal(buf[6], 'x');
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(time_never_goes_back),
		cmocka_unit_test(start_is_when_the_program_started),
		cmocka_unit_test(advance_moves_milliseconds_only),
		cmocka_unit_test(wall_is_the_time_of_day),
		cmocka_unit_test(wall_stays_in_a_small_buffer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
