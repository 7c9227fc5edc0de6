/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ui/typed.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char home[] = "/tmp/test-typed-XXXXXX";
static char path[128];

static void test_each_line_once_the_newest_last(void **state)
{
	struct typed *t;

	(void)state;
	typed_new(&t, NULL);
	typed_add(t, "a");
	typed_add(t, "b");
	typed_add(t, "a");
	typed_add(t, "a");
	typed_add(t, "");
	typed_add(t, " a");
	typed_add(t, "account sip:a@h");
	typed_add(t, "x Password=y");
	assert_int_equal(2, typed_count(t));
	assert_string_equal("b", typed_at(t, 0));
	assert_string_equal("a", typed_at(t, 1));
	typed_free(t);
}

static void test_the_newest_are_written_and_read(void **state)
{
	struct typed *t;
	struct stat st;
	char line[32];

	(void)state;
	typed_new(&t, path);
	for (int i = 0; i < TYPED_LINES + 10; i++) {
		snprintf(line, sizeof(line), "hold %d", i);
		typed_add(t, line);
	}
	assert_int_equal(TYPED_LINES, typed_count(t));
	typed_free(t);
	assert_int_equal(0, stat(path, &st));
	assert_int_equal(0600, st.st_mode & 0777);
	typed_new(&t, path);
	assert_int_equal(TYPED_LINES, typed_count(t));
	assert_string_equal("hold 10", typed_at(t, 0));
	snprintf(line, sizeof(line), "hold %d", TYPED_LINES + 9);
	assert_string_equal(line, typed_at(t, TYPED_LINES - 1));
	typed_free(t);
}

/* Somebody else may have written there: nothing of it steers a terminal */
static void test_what_is_read_is_clean(void **state)
{
	FILE *f = fopen(path, "w");
	struct typed *t;

	(void)state;
	assert_non_null(f);
	fputs("a\x1b]0;x\x07\r\n\nb\n", f);
	assert_int_equal(0, fclose(f));
	typed_new(&t, path);
	assert_int_equal(2, typed_count(t));
	assert_null(strchr(typed_at(t, 0), '\x1b'));
	assert_string_equal("b", typed_at(t, 1));
	typed_free(t);
}

/* A file that cannot be written leaves the old one, and nothing beside it */
static void test_all_or_nothing(void **state)
{
	struct typed *t;
	char inside[160];

	(void)state;
	(void)unlink(path);
	assert_int_equal(0, mkdir(path, 0700)); /* rename(2) cannot */
	snprintf(inside, sizeof(inside), "%s/kept", path);
	assert_int_equal(0, mkdir(inside, 0700));
	typed_new(&t, path);
	typed_add(t, "hold 1");
	typed_free(t);
	assert_int_equal(0, rmdir(inside));
	assert_int_equal(0, rmdir(path));
	*strrchr(path, '/') = '\0';
	assert_int_equal(0, rmdir(path)); /* no temporary file */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_line_once_the_newest_last),
		cmocka_unit_test(test_the_newest_are_written_and_read),
		cmocka_unit_test(test_what_is_read_is_clean),
		cmocka_unit_test(test_all_or_nothing),
	};
	int failed;

	if (!mkdtemp(home))
		return 99;
	snprintf(path, sizeof(path), "%s/state/history", home);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	(void)rmdir(home);
	return failed;
}
