/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/past.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <signal.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/log.h"
#include "base/text.h"
#include "base/thread.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static struct pasts *p;
static char dir[64], path[160];
static char told[8192];

static void on_log(enum log_level level, const char *tag, const char *text,
		   void *arg)
{
	size_t len = strlen(told);

	(void)arg;
	assert_int_equal(LOG_ERROR, level);
	assert_string_equal("past", tag);
	if (text_begins(text, dir))
		text += strlen(dir) + 1;
	snprintf(told + len, sizeof(told) - len, "%s\n", text);
}

static int setup(void **state)
{
	(void)state;
	thread_adopt(THREAD_UI);
	snprintf(dir, sizeof(dir), "/tmp/test_past.XXXXXX");
	if (!mkdtemp(dir))
		return -1;
	snprintf(path, sizeof(path), "%s/past", dir);
	told[0] = '\0';
	log_sink(on_log, NULL);
	p = NULL;

	return 0;
}

static int teardown(void **state)
{
	char command[128];

	(void)state;
	log_sink(NULL, NULL);
	past_free(p);
	snprintf(command, sizeof(command), "rm -r '%s'", dir);

	return system(command);
}

static void again(void)
{
	past_free(p);
	past_new(&p, path);
}

static void write_file(const char *text)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	fputs(text, f);
	assert_int_equal(0, fclose(f));
}

static const char *contents(void)
{
	static char buf[4096];
	FILE *f = fopen(path, "r");
	size_t n;

	assert_non_null(f);
	n = fread(buf, 1, sizeof(buf) - 1, f);
	buf[n] = '\0';
	fclose(f);

	return buf;
}

static unsigned lines(void)
{
	FILE *f = fopen(path, "r");
	unsigned n = 0;
	int c;

	assert_non_null(f);
	while ((c = getc(f)) != EOF)
		n += c == '\n';
	fclose(f);

	return n;
}

/* Texts of what there is, newest first */
static const char *listed(void)
{
	static char buf[1024];
	size_t n = 0;

	buf[0] = '\0';
	for (unsigned i = 0; i < past_count(p) && i < 20; i++)
		n += (size_t)snprintf(buf + n, sizeof(buf) - n, "%s%s",
				      i ? " " : "", past_at(p, i)->text);

	return buf;
}

static void add(const char *text)
{
	struct past one = {.kind = PAST_IN, .when = 7};

	text_copy(one.peer, sizeof(one.peer), "sip:a@h");
	text_copy(one.text, sizeof(one.text), text);
	past_add(p, &one);
}

static void test_what_was_is_known_the_next_time(void **state)
{
	static const struct past call = {
		.kind = PAST_MISSED,
		.when = 1700000000,
		.code = 487,
		.peer = "sip:dana@h",
		.name = "Dana \"D\" M\xc3\xbcller",
		.text = "back\\slash",
	};
	static const struct past transfer = {
		.kind = PAST_TRANSFER,
		.when = 1700000001,
		.lasted_s = 6,
		.code = 486,
		.outcome = OUTCOME_FAILED,
		.how = KIND_SEMI,
		.peer = "sip:a@h",
		.name = "A",
		.target = "sip:b@h",
		.target_name = "B",
		.text = "Busy Here",
	};
	struct stat st;

	(void)state;
	again();
	assert_int_equal(0, past_count(p));
	assert_null(past_at(p, 0));
	past_add(p, &call);
	past_add(p, &transfer);
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(2, past_count(p));
		assert_memory_equal(&transfer, past_at(p, 0), sizeof(call));
		assert_memory_equal(&call, past_at(p, 1), sizeof(call));
		assert_null(past_at(p, 2));
		again();
	}
	assert_string_equal(
		"{\"when\":1700000000,\"kind\":\"missed\",\"code\":487,"
		"\"peer\":\"sip:dana@h\",\"name\":\"Dana \\\"D\\\" "
		"M\xc3\xbcller\",\"text\":\"back\\\\slash\"}\n"
		"{\"when\":1700000001,\"kind\":\"transfer\",\"lasted\":6,"
		"\"code\":486,\"peer\":\"sip:a@h\",\"name\":\"A\","
		"\"how\":\"semi\",\"outcome\":\"failed\","
		"\"target\":\"sip:b@h\",\"target_name\":\"B\","
		"\"text\":\"Busy Here\"}\n",
		contents());
	assert_int_equal(0, stat(path, &st));
	assert_int_equal(0600, st.st_mode & 0777);
	assert_string_equal("", told);
}

static void test_only_its_owner_may_read_it(void **state)
{
	struct stat st;

	(void)state;
	write_file("");
	assert_int_equal(0, chmod(path, 0644));
	again();
	add("x");
	assert_int_equal(0, stat(path, &st));
	assert_int_equal(0600, st.st_mode & 0777);
}

static void test_folders_are_made(void **state)
{
	(void)state;
	snprintf(path, sizeof(path), "%s/a/b/past", dir);
	again();
	add("x");
	again();
	assert_string_equal("x", listed());
	assert_string_equal("", told);
}

static void test_broken_lines_are_told(void **state)
{
	static const struct {
		const char *line, *why; /* NULL: it is read */
	} cases[] = {
		{"{\"kind\":\"in\",\"text\":\"x\"}", NULL},
		{"{\"kind\":\"in\",\"text\":\"x\",\"new\":[1]}", NULL},
		{"", ""},
		{"{\"kind\":\"in\"", "it is not JSON"},
		{"{\"kind\":\"in\"} x", "it is not JSON"},
		{"{\"kind\":\"in\",\"text\":\"\xff\"}", "it is not JSON"},
		{"[]", "it is no call"},
		{"{\"when\":1}", "it is no call"},
		{"{\"kind\":\"out\",\"how\":\"x\"}",
		 "it has a word that is not known"},
		{"{\"kind\":7}", "it has a word that is not known"},
		{"{\"kind\":\"in\",\"outcome\":\"maybe\"}",
		 "it has a word that is not known"},
		{"{\"kind\":\"in\",\"when\":-1}",
		 "it has a number that cannot be"},
		{"{\"kind\":\"in\",\"when\":1.5}",
		 "it has a number that cannot be"},
		{"{\"kind\":\"in\",\"code\":1000}",
		 "it has a number that cannot be"},
		{"{\"kind\":\"in\",\"lasted\":4294967296}",
		 "it has a number that cannot be"},
		{"{\"kind\":\"in\",\"peer\":7}",
		 "it has a text that is too long"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		char text[256], expected[128] = "";
		bool right = !cases[i].why;

		snprintf(text, sizeof(text),
			 "{\"kind\":\"in\",\"text\":\"a\"}\n%s\n"
			 "{\"kind\":\"in\",\"text\":\"b\"}\n",
			 cases[i].line);
		if (!right && cases[i].why[0])
			snprintf(expected, sizeof(expected), "past:2: %s\n",
				 cases[i].why);
		told[0] = '\0';
		write_file(text);
		again();
		assert_string_equal(expected, told);
		assert_string_equal(right ? "b x a" : "b a", listed());
	}
}

static void test_texts_of_the_file_are_cleaned(void **state)
{
	(void)state;
	write_file("{\"kind\":\"in\",\"name\":\"a\\u001b]52;\\u202eb\"}\n");
	again();
	assert_int_equal(1, past_count(p));
	assert_true(text_is_clean(past_at(p, 0)->name));
	assert_string_equal("a\xef\xbf\xbd]52;\xef\xbf\xbd"
			    "b",
			    past_at(p, 0)->name);
}

/* As a full disk leaves it: what comes next begins a line of its own */
static void test_line_that_was_cut(void **state)
{
	(void)state;
	write_file("{\"kind\":\"in\",\"text\":\"a\"}\n{\"kind\":\"in\",\"te");
	again();
	assert_string_equal("past:2: it is not JSON\n", told);
	add("b");
	add("c");
	told[0] = '\0';
	again();
	assert_string_equal("c b a", listed());
	assert_string_equal("past:2: it is not JSON\n", told);
	assert_int_equal(4, lines());
}

static void test_newest_stay_and_the_file_is_kept_short(void **state)
{
	char text[16];
	unsigned most = 0;

	(void)state;
	again();
	for (unsigned i = 0; i < 3 * PAST_MAX + 10; i++) {
		snprintf(text, sizeof(text), "%u", i);
		add(text);
		if (i % 100 == 99 || i == 2 * PAST_MAX - 2)
			most = lines() > most ? lines() : most;
	}
	assert_int_equal(2 * PAST_MAX - 1, most);
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(PAST_MAX, past_count(p));
		assert_string_equal("3009", past_at(p, 0)->text);
		assert_string_equal("2010", past_at(p, PAST_MAX - 1)->text);
		again();
	}
	assert_int_equal(PAST_MAX + 10, lines());
}

static void test_two_consoles_share_the_file(void **state)
{
	struct pasts *other;

	(void)state;
	again();
	past_new(&other, path);
	for (unsigned i = 0; i < 2 * PAST_MAX - 1; i++)
		add("mine");
	past_add(other, past_at(p, 0));
	add("last");
	again();
	assert_int_equal(PAST_MAX, past_count(p));
	assert_string_equal("last", past_at(p, 0)->text);
	assert_int_equal(PAST_MAX, lines());
	past_free(other);
}

/* No room: told once, and known until the end */
static void test_full_disk(void **state)
{
	struct rlimit was, none;

	(void)state;
	signal(SIGXFSZ, SIG_IGN);
	again();
	add("a");
	assert_int_equal(0, getrlimit(RLIMIT_FSIZE, &was));
	none = was;
	none.rlim_cur = strlen(contents()) + 10;
	assert_int_equal(0, setrlimit(RLIMIT_FSIZE, &none));
	add("b");
	add("c");
	assert_int_equal(0, setrlimit(RLIMIT_FSIZE, &was));
	assert_string_equal("past: No space left on device; calls are "
			    "remembered until the end\n",
			    told);
	assert_string_equal("c b a", listed());
	add("d");
	told[0] = '\0';
	again();
	assert_string_equal("d a", listed());
	assert_string_equal("past:2: it is not JSON\n", told);
}

static void test_file_that_cannot_be(void **state)
{
	(void)state;
	/* a folder in its place: nothing is read, nothing written */
	assert_int_equal(0, mkdir(path, 0700));
	again();
	add("a");
	add("b");
	assert_string_equal("b a", listed());
	assert_string_equal("past: Is a directory; calls are remembered until "
			    "the end\n",
			    told);
	/* a file in the place of its folder */
	told[0] = '\0';
	assert_int_equal(0, rmdir(path));
	write_file("");
	snprintf(path + strlen(path), 8, "/past");
	past_free(p);
	past_new(&p, path);
	add("a");
	add("b");
	assert_string_equal("b a", listed());
	assert_string_equal("past/past: Not a directory; calls are remembered "
			    "until the end\n",
			    told);
}

static void test_without_a_file(void **state)
{
	(void)state;
	past_new(&p, NULL);
	add("a");
	add("b");
	assert_string_equal("b a", listed());
	assert_int_equal(-1, access(path, F_OK));
}

static void test_newest_transfer_of_a_caller(void **state)
{
	static const struct {
		enum past_kind kind;
		const char *peer, *text;
	} calls[] = {
		{PAST_TRANSFER, "sip:dana@h", "first"},
		{PAST_TRANSFER, "sip:dana@h:5060;transport=tcp", "second"},
		{PAST_IN, "sip:dana@h", "no transfer"},
		{PAST_TRANSFER, "sip:kim@h", "another"},
		{PAST_TRANSFER, "sip:+49301@a", "number"},
	};
	static const struct {
		const char *peer, *text;
	} cases[] = {
		{"sip:dana@h", "second"},
		{"sip:dana@H;tag=1", "second"},
		{"sip:dana@other", NULL},
		{"sip:kim@h", "another"},
		{"sip:+49-30-1@b;user=phone", "number"},
		{"sip:nobody@h", NULL},
		{"", NULL},
	};

	(void)state;
	past_new(&p, NULL);
	for (size_t i = 0; i < COUNT(calls); i++) {
		struct past one = {.kind = calls[i].kind};

		text_copy(one.peer, sizeof(one.peer), calls[i].peer);
		text_copy(one.text, sizeof(one.text), calls[i].text);
		past_add(p, &one);
	}
	for (size_t i = 0; i < COUNT(cases); i++) {
		const struct past *one = past_transfer_of(p, cases[i].peer);

		assert_int_equal(!cases[i].text, !one);
		if (one)
			assert_string_equal(cases[i].text, one->text);
	}
}

int main(void)
{
#define TEST(t) cmocka_unit_test_setup_teardown(t, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_what_was_is_known_the_next_time),
		TEST(test_only_its_owner_may_read_it),
		TEST(test_folders_are_made),
		TEST(test_broken_lines_are_told),
		TEST(test_texts_of_the_file_are_cleaned),
		TEST(test_line_that_was_cut),
		TEST(test_newest_stay_and_the_file_is_kept_short),
		TEST(test_two_consoles_share_the_file),
		TEST(test_full_disk),
		TEST(test_file_that_cannot_be),
		TEST(test_without_a_file),
		TEST(test_newest_transfer_of_a_caller),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
