/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/lex.h"

struct split {
	const char *line;
	size_t n;
	const char *v[6];
	size_t at[6];
};

static const struct split splits[] = {
	{"", 0, {0}, {0}},
	{" \t  ", 0, {0}, {0}},
	{"# a comment", 0, {0}, {0}},
	{"  #", 0, {0}, {0}},
	{"dial", 1, {"dial"}, {0}},
	{"  dial  ", 1, {"dial"}, {2}},
	{"dial sip:a@b", 2, {"dial", "sip:a@b"}, {0, 5}},
	{"a\tb \t c", 3, {"a", "b", "c"}, {0, 2, 6}},
	/* # begins a comment only at the start of a word */
	{"dial sip:a#b@h", 2, {"dial", "sip:a#b@h"}, {0, 5}},
	{"dial a# # b", 2, {"dial", "a#"}, {0, 5}},
	{"a #b c", 1, {"a"}, {0}},
	{"a \"#b\" c", 3, {"a", "#b", "c"}, {0, 2, 7}},
	{"\"\"#b", 1, {"#b"}, {0}},
	/* a comment may hold anything */
	{"a # \" \x1b", 1, {"a"}, {0}},
	/* quotes */
	{"\"\"", 1, {""}, {0}},
	{"a \"\" b", 3, {"a", "", "b"}, {0, 2, 5}},
	{"\"two words\"", 1, {"two words"}, {0}},
	{"name=\"Ann Lee\" x", 2, {"name=Ann Lee", "x"}, {0, 15}},
	{"a\"b c\"d\" e\"", 1, {"ab cd e"}, {0}},
	{"\"a\"\"b\"", 1, {"ab"}, {0}},
	{"\"a\tb\"", 1, {"a\tb"}, {0}},
	/* escapes inside quotes, nowhere else */
	{"\"say \\\"hi\\\"\"", 1, {"say \"hi\""}, {0}},
	{"\"a\\\\b\"", 1, {"a\\b"}, {0}},
	{"\"a\\nb\"", 1, {"a\\nb"}, {0}},
	{"\"\\\\\" x", 2, {"\\", "x"}, {0, 5}},
	{"a\\b \\", 2, {"a\\b", "\\"}, {0, 4}},
	{"a\\ b", 2, {"a\\", "b"}, {0, 3}},
	/* beyond ASCII */
	{"dial J\xc3\xb6rg", 2, {"dial", "J\xc3\xb6rg"}, {0, 5}},
	{"\xc2\xa0", 1, {"\xc2\xa0"}, {0}},
};

static void lines_become_words(void **state)
{
	static struct words w;

	(void)state;
	for (size_t i = 0; i < sizeof(splits) / sizeof(splits[0]); i++) {
		const struct split *c = &splits[i];
		const char *why = "untouched";

		memset(&w, 0xa5, sizeof(w));
		print_message("%s\n", c->line);
		assert_int_equal(lex_line(&w, c->line, &why), 0);
		assert_string_equal(why, "untouched");
		assert_int_equal(w.n, c->n);
		for (size_t k = 0; k < c->n; k++) {
			assert_string_equal(w.v[k], c->v[k]);
			assert_int_equal(w.at[k], c->at[k]);
		}
		assert_null(w.v[w.n]);
	}
}

struct refusal {
	const char *line;
	int err;
	const char *why;
};

static const struct refusal refusals[] = {
	{"\"", EINVAL, "quote"},           {"a \"b", EINVAL, "quote"},
	{"a \"b \\\"", EINVAL, "quote"},   {"a \"b # c", EINVAL, "quote"},
	{"a \"b\\", EINVAL, "quote"},      {"a\nb", EINVAL, "control"},
	{"a\r", EINVAL, "control"},        {"\x1b[2J", EINVAL, "control"},
	{"a \"\x07\"", EINVAL, "control"}, {"a \x7f", EINVAL, "control"},
	{"a\xc2\x9b", EINVAL, "control"},  {"\x01", EINVAL, "control"},
};

static void bad_lines_are_refused(void **state)
{
	static struct words w;

	(void)state;
	for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
		const struct refusal *c = &refusals[i];
		const char *why = NULL;

		memset(&w, 0xa5, sizeof(w));
		assert_int_equal(lex_line(&w, c->line, &why), c->err);
		assert_non_null(why);
		assert_non_null(strstr(why, c->why));
		assert_int_equal(w.n, 0);
		assert_null(w.v[0]);
		assert_int_equal(lex_line(&w, c->line, NULL), c->err);
	}
}

static void length_has_a_limit(void **state)
{
	static struct words w;
	static char line[LEX_LINE_MAX + 1];
	const char *why = NULL;

	(void)state;
	memset(line, 'a', LEX_LINE_MAX - 1);
	assert_int_equal(lex_line(&w, line, &why), 0);
	assert_int_equal(w.n, 1);
	assert_string_equal(w.v[0], line);

	line[LEX_LINE_MAX - 1] = 'a';
	assert_int_equal(lex_line(&w, line, &why), EOVERFLOW);
	assert_non_null(strstr(why, "longer"));
	assert_int_equal(w.n, 0);

	memset(line, ' ', LEX_LINE_MAX); /* also where nothing is in it */
	assert_int_equal(lex_line(&w, line, &why), EOVERFLOW);
}

static void number_of_words_has_a_limit(void **state)
{
	static struct words w;
	char line[2 * LEX_WORDS_MAX + 8] = "";
	const char *why = NULL;

	(void)state;
	for (int i = 0; i < LEX_WORDS_MAX; i++)
		strcat(line, "a ");
	assert_int_equal(lex_line(&w, line, &why), 0);
	assert_int_equal(w.n, LEX_WORDS_MAX);
	assert_null(w.v[LEX_WORDS_MAX]);

	strcat(line, "# c");
	assert_int_equal(lex_line(&w, line, &why), 0);

	line[2 * LEX_WORDS_MAX] = 'b';
	assert_int_equal(lex_line(&w, line, &why), E2BIG);
	assert_non_null(strstr(why, "words"));
	assert_int_equal(w.n, 0);
}

static void words_are_copied(void **state)
{
	static struct words w;
	char line[] = "one two";

	(void)state;
	assert_int_equal(lex_line(&w, line, NULL), 0);
	memset(line, 'x', sizeof(line) - 1);
	assert_string_equal(w.v[0], "one");
	assert_string_equal(w.v[1], "two");
}

struct quoted {
	const char *word;
	const char *text;
};

static const struct quoted quotes[] = {
	{"dial", "dial"},         {"", "\"\""},     {"a b", "\"a b\""},
	{"a\tb", "\"a\tb\""},     {"#a", "\"#a\""}, {"a#b", "a#b"},
	{"a\"b", "\"a\\\"b\""},   {"a\\b", "a\\b"}, {"a \\", "\"a \\\\\""},
	{"\xc3\xb6", "\xc3\xb6"},
};

static void quoting_is_as_short_as_can_be(void **state)
{
	char buf[64];

	(void)state;
	for (size_t i = 0; i < sizeof(quotes) / sizeof(quotes[0]); i++) {
		const struct quoted *c = &quotes[i];
		size_t len = strlen(c->text);

		assert_int_equal(lex_quote(buf, sizeof(buf), c->word), 0);
		assert_string_equal(buf, c->text);

		/* it fits exactly, and no byte less will do */
		memset(buf, 'x', sizeof(buf));
		assert_int_equal(lex_quote(buf, len + 1, c->word), 0);
		assert_string_equal(buf, c->text);
		assert_int_equal(buf[len + 1], 'x');
		for (size_t size = 1; size <= len; size++) {
			memset(buf, 'x', sizeof(buf));
			assert_int_equal(lex_quote(buf, size, c->word),
					 EOVERFLOW);
			assert_string_equal(buf, "");
			assert_int_equal(buf[size], 'x');
		}
		assert_int_equal(lex_quote(buf, 0, c->word), EOVERFLOW);
	}
	assert_int_equal(lex_quote(buf, sizeof(buf), "a\nb"), EINVAL);
	assert_string_equal(buf, "");
	assert_int_equal(lex_quote(buf, sizeof(buf), "\xc2\x85"), EINVAL);
}

static void quoting_refuses_what_no_line_can_hold(void **state)
{
	static char word[LEX_LINE_MAX + 1], buf[2 * LEX_LINE_MAX];

	(void)state;
	memset(word, 'a', LEX_LINE_MAX - 1);
	assert_int_equal(lex_quote(buf, sizeof(buf), word), 0);
	word[0] = ' ';
	assert_int_equal(lex_quote(buf, sizeof(buf), word), EOVERFLOW);
	assert_string_equal(buf, "");
}

static void quoted_words_come_back(void **state)
{
	static const char alphabet[] = "ab #\"\\\t=";
	static struct words w;

	(void)state;
	srand(2);
	for (int i = 0; i < 20000; i++) {
		char word[3][9], line[128] = "";
		const char *why = "";

		for (int k = 0; k < 3; k++) {
			char quoted[32];
			int len = rand() % 9;

			for (int j = 0; j < len; j++)
				word[k][j] = alphabet[(size_t)rand() %
						      (sizeof(alphabet) - 1)];
			word[k][len] = '\0';
			assert_int_equal(
				lex_quote(quoted, sizeof(quoted), word[k]), 0);
			strcat(line, quoted);
			strcat(line, k < 2 ? " " : "");
		}
		assert_int_equal(lex_line(&w, line, &why), 0);
		assert_int_equal(w.n, 3);
		for (int k = 0; k < 3; k++)
			assert_string_equal(w.v[k], word[k]);
	}
}

static void any_bytes_do_no_harm(void **state)
{
	static struct words w;

	(void)state;
	srand(3);
	for (int i = 0; i < 50000; i++) {
		char line[40];
		size_t len = (size_t)rand() % sizeof(line);

		for (size_t k = 0; k < len; k++)
			line[k] = (char)(rand() % 3 ? 1 + rand() % 255
						    : "\" #\\"[rand() % 4]);
		line[len ? len - 1 : 0] = '\0';
		if (lex_line(&w, line, NULL)) {
			assert_int_equal(w.n, 0);
			continue;
		}
		for (size_t k = 0; k < w.n; k++) {
			assert_true(w.v[k] >= w.buf);
			assert_true(w.v[k] + strlen(w.v[k]) <
				    w.buf + sizeof(w.buf));
			assert_true(w.at[k] < strlen(line));
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_become_words),
		cmocka_unit_test(bad_lines_are_refused),
		cmocka_unit_test(length_has_a_limit),
		cmocka_unit_test(number_of_words_has_a_limit),
		cmocka_unit_test(words_are_copied),
		cmocka_unit_test(quoting_is_as_short_as_can_be),
		cmocka_unit_test(quoting_refuses_what_no_line_can_hold),
		cmocka_unit_test(quoted_words_come_back),
		cmocka_unit_test(any_bytes_do_no_harm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
