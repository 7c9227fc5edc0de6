/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/thread.h"

static void *other(void *arg)
{
	enum thread_role *seen = arg;

	seen[0] = thread_role();
	thread_adopt(THREAD_SIP);
	seen[1] = thread_role();
	return NULL;
}

static void role_is_each_threads_own(void **state)
{
	enum thread_role seen[2] = {THREAD_UI, THREAD_UI};
	pthread_t th;

	(void)state;
	assert_int_equal(thread_role(), THREAD_NONE);
	thread_adopt(THREAD_UI);
	assert_int_equal(thread_role(), THREAD_UI);
	ASSERT_UI();

	assert_int_equal(pthread_create(&th, NULL, other, seen), 0);
	assert_int_equal(pthread_join(th, NULL), 0);
	assert_int_equal(seen[0], THREAD_NONE);
	assert_int_equal(seen[1], THREAD_SIP);
	assert_int_equal(thread_role(), THREAD_UI);
}

static void role_can_be_changed(void **state)
{
	(void)state;
	thread_adopt(THREAD_SIP);
	assert_int_equal(thread_role(), THREAD_SIP);
	ASSERT_SIP();
	thread_adopt(THREAD_NONE);
	assert_int_equal(thread_role(), THREAD_NONE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(role_is_each_threads_own),
		cmocka_unit_test(role_can_be_changed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
