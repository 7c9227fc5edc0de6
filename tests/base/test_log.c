/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "base/log.h"
#include "base/text.h"

struct diary {
	unsigned n;
	enum log_level level;
	char tag[64];
	char text[LOG_TEXT_MAX];
	bool chatty; /* logs from within the sink */
};

static void on_line(enum log_level level, const char *tag, const char *text,
		    void *arg)
{
	struct diary *d = arg;

	d->n++;
	d->level = level;
	assert_true(strlen(tag) < LOG_TAG_MAX);
	assert_true(strlen(text) < LOG_TEXT_MAX);
	strcpy(d->tag, tag);
	strcpy(d->text, text);
	errno = EIO;
	if (d->chatty)
		log_error("sink", "again");
}

static int quiet(void **state)
{
	(void)state;
	log_sink(NULL, NULL);
	log_level_set(LOG_WARN);
	return 0;
}

static void only_warnings_by_default(void **state)
{
	struct diary d = {0};

	(void)state;
	assert_int_equal(log_level(), LOG_WARN);
	log_sink(on_line, &d);
	log_info("t", "no");
	log_debug("t", "no");
	assert_int_equal(d.n, 0);
	log_warn("t", "w");
	assert_int_equal(d.n, 1);
	log_error("t", "e");
	assert_int_equal(d.n, 2);
}

static void level_decides_what_is_made(void **state)
{
	struct diary d = {0};

	(void)state;
	log_sink(on_line, &d);
	for (int set = LOG_ERROR; set <= LOG_DEBUG; set++) {
		log_level_set((enum log_level)set);
		assert_int_equal(log_level(), set);
		for (int l = LOG_ERROR; l <= LOG_DEBUG; l++) {
			d.n = 0;
			log_write((enum log_level)l, "t", "x");
			assert_int_equal(d.n, l <= set);
			if (d.n)
				assert_int_equal(d.level, l);
		}
	}
}

static void line_is_formatted(void **state)
{
	struct diary d = {0};

	(void)state;
	log_sink(on_line, &d);
	log_warn("call 3", "%s: %d of %u", "sip:a@b", -1, 7u);
	assert_string_equal(d.tag, "call 3");
	assert_string_equal(d.text, "sip:a@b: -1 of 7");
}

static void texts_and_tags_are_cleaned(void **state)
{
	struct diary d = {0};

	(void)state;
	log_sink(on_line, &d);
	log_warn("a\x1b", "%s\n",
		 "\x1b]52;c;AAAA\x07 \xc2\x9b"
		 "2J \xe2\x80\xae");
	assert_string_equal(d.tag, "a\xef\xbf\xbd");
	assert_string_equal(d.text, "\xef\xbf\xbd]52;c;AAAA\xef\xbf\xbd "
				    "\xef\xbf\xbd"
				    "2J \xef\xbf\xbd ");
}

static void long_text_is_cut_between_characters(void **state)
{
	char text[3 * LOG_TEXT_MAX];
	struct diary d = {0};

	(void)state;
	log_sink(on_line, &d);
	for (size_t shift = 0; shift < 3; shift++) {
		size_t n;

		/* 3-byte characters at every phase to the buffer's end */
		memset(text, 'a', shift);
		for (n = shift; n + 3 < sizeof(text); n += 3)
			memcpy(text + n, "\xe2\x82\xac", 3);
		text[n] = '\0';
		log_warn("t", "%s", text);
		assert_true(strlen(d.text) >= LOG_TEXT_MAX - 3);
		assert_memory_equal(d.text, text, strlen(d.text));
		assert_int_equal((strlen(d.text) - shift) % 3, 0);
		assert_true(text_is_clean(d.text));
	}
	/* What is taken out leaves room; not for half a character, though */
	for (size_t n = 0; n + 3 < sizeof(text); n += 3) {
		memcpy(text + n, n % 2 ? "\xe2\x82\xac" : "\xe2\x80\x8b", 3);
		text[n + 3] = '\0';
		log_warn("t", "%s", text);
		assert_null(strstr(d.text, "\xef\xbf\xbd"));
		assert_int_equal(strlen(d.text) % 3, 0);
		log_warn("t", "a%s", text);
		assert_null(strstr(d.text, "\xef\xbf\xbd"));
	}
	log_warn("a tag that is far longer than fits", "x");
	assert_int_equal(strlen(d.tag), LOG_TAG_MAX - 1);
}

static void sink_that_logs_does_not_recurse(void **state)
{
	struct diary d = {.chatty = true};

	(void)state;
	log_sink(on_line, &d);
	log_warn("t", "first");
	assert_int_equal(d.n, 1);
	assert_string_equal(d.text, "first");
	log_warn("t", "second"); /* and the guard is open again */
	assert_int_equal(d.n, 2);
	assert_string_equal(d.text, "second");
}

static void errno_survives(void **state)
{
	struct diary d = {0};

	(void)state;
	log_sink(on_line, &d);
	errno = ENOENT;
	log_warn("t", "x");
	assert_int_equal(d.n, 1);
	assert_int_equal(errno, ENOENT);
}

static void *other(void *arg)
{
	log_error("other", "nowhere"); /* this thread has no sink yet */
	log_sink(on_line, arg);
	log_error("other", "mine");
	return NULL;
}

static void sink_is_each_threads_own(void **state)
{
	struct diary mine = {0}, theirs = {0};
	pthread_t th;

	(void)state;
	log_sink(on_line, &mine);
	assert_int_equal(pthread_create(&th, NULL, other, &theirs), 0);
	assert_int_equal(pthread_join(th, NULL), 0);
	assert_int_equal(mine.n, 0);
	assert_int_equal(theirs.n, 1);
	assert_string_equal(theirs.text, "mine");
	log_error("t", "x");
	assert_int_equal(mine.n, 1);
	assert_int_equal(theirs.n, 1);
}

static void levels_have_names(void **state)
{
	static const char *const names[] = {"error", "warn", "info", "debug"};
	enum log_level level;

	(void)state;
	for (int i = 0; i < 4; i++) {
		assert_string_equal(log_level_name((enum log_level)i),
				    names[i]);
		level = (enum log_level)((i + 1) % 4);
		assert_true(log_level_find(&level, names[i]));
		assert_int_equal(level, i);
	}
	assert_string_equal(log_level_name((enum log_level)4), "?");
	assert_string_equal(log_level_name((enum log_level) - 1), "?");
	level = LOG_INFO;
	assert_false(log_level_find(&level, "warning"));
	assert_false(log_level_find(&level, ""));
	assert_false(log_level_find(&level, "DEBUG"));
	assert_int_equal(level, LOG_INFO);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_warnings_by_default),
		cmocka_unit_test_setup(level_decides_what_is_made, quiet),
		cmocka_unit_test_setup(line_is_formatted, quiet),
		cmocka_unit_test_setup(texts_and_tags_are_cleaned, quiet),
		cmocka_unit_test_setup(long_text_is_cut_between_characters,
				       quiet),
		cmocka_unit_test_setup(sink_that_logs_does_not_recurse, quiet),
		cmocka_unit_test_setup(errno_survives, quiet),
		cmocka_unit_test_setup(sink_is_each_threads_own, quiet),
		cmocka_unit_test_setup(levels_have_names, quiet),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
