/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/fields.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <locale.h>

#include <jansson.h>

#include "base/text.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* contract section 3, to the letter and in its order */
static const struct {
	enum ev_type type;
	const char *names;
} contract[] = {
	{EV_HELLO, "hello v version listen"},
	{EV_ACCOUNT, "account id aor state code text expires"},
	{EV_CALL, "call id account dir peer name state remote_hold code text "
		  "transfer"},
	{EV_TRANSFER, "transfer id call consult kind target state sub outcome "
		      "code text"},
	{EV_REPLY, "reply serial command ok error"},
	{EV_LOG, "log level tag text"},
	{EV_DROPPED, "log level tag text"},
};

static void test_names_are_those_of_the_contract(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(contract); i++) {
		struct event ev = {.type = contract[i].type};
		struct fields f;
		char names[256];
		size_t at;

		assert_true(fields_of(&f, &ev));
		at = (size_t)snprintf(names, sizeof(names), "%s", f.ev);
		for (unsigned k = 0; k < f.n; k++)
			at += (size_t)snprintf(names + at, sizeof(names) - at,
					       " %s", f.v[k].name);
		assert_string_equal(contract[i].names, names);
	}
}

static void test_what_the_outside_does_not_see(void **state)
{
	static const enum ev_type types[] = {EV_REFERRED, EV_TRACE, EV_STOPPED};
	struct fields f;

	(void)state;
	for (size_t i = 0; i < COUNT(types); i++) {
		struct event ev = {.type = types[i]};

		assert_false(fields_of(&f, &ev));
	}
}

static char *json_of(const struct event *ev)
{
	char *line = fields_json(ev);
	json_t *parsed = json_loads(line, JSON_REJECT_DUPLICATES, NULL);

	assert_non_null(parsed);
	json_decref(parsed);
	assert_null(strchr(line, '\n'));

	return line;
}

static void test_a_call_as_json(void **state)
{
	struct event ev = {.type = EV_CALL, .t = 12.3456};
	char *line;

	(void)state;
	ev.u.call.id = 3;
	ev.u.call.account = 1;
	ev.u.call.state = CALL_HELD;
	ev.u.call.code = 200;
	ev.u.call.transfer = 2;
	text_copy(ev.u.call.peer, sizeof(ev.u.call.peer), "sip:a@h");
	text_copy(ev.u.call.name, sizeof(ev.u.call.name),
		  "M\xc3\xbcller \"M\"");
	text_copy(ev.u.call.text, sizeof(ev.u.call.text), "OK");
	line = json_of(&ev);
	assert_string_equal(
		"{\"t\":12.346,\"ev\":\"call\",\"id\":3,\"account\":1,"
		"\"dir\":\"in\",\"peer\":\"sip:a@h\",\"name\":"
		"\"M\xc3\xbcller \\\"M\\\"\",\"state\":\"held\","
		"\"remote_hold\":false,\"code\":200,\"text\":\"OK\","
		"\"transfer\":2}",
		line);
	free(line);
}

static void test_outcome_is_null_while_it_lasts(void **state)
{
	struct event ev = {.type = EV_TRANSFER};
	char *line;

	(void)state;
	line = json_of(&ev);
	assert_non_null(strstr(line, "\"outcome\":null,"));
	free(line);
	ev.u.transfer.outcome = OUTCOME_TIMED_OUT;
	line = json_of(&ev);
	assert_non_null(strstr(line, "\"outcome\":\"timed-out\","));
	free(line);
}

static void test_time_has_three_decimals_in_any_locale(void **state)
{
	static const struct {
		double t;
		const char *text;
	} cases[] = {
		{0, "{\"t\":0.000,"},
		{0.0004, "{\"t\":0.000,"},
		{1, "{\"t\":1.000,"},
		{86400.25, "{\"t\":86400.250,"},
	};

	(void)state;
	setlocale(LC_ALL, "de_DE.UTF-8"); /* where it is installed */
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct event ev = {.type = EV_LOG, .t = cases[i].t};
		char *line = json_of(&ev);

		assert_true(text_begins(line, cases[i].text));
		free(line);
	}
	setlocale(LC_ALL, "C");
}

static void test_nothing_unclean_gets_out(void **state)
{
	struct event ev = {.type = EV_CALL};
	char *line;

	(void)state;
	text_copy(ev.u.call.name, sizeof(ev.u.call.name),
		  "\x1b]52;c;\x07 \xc2\x9b \xe2\x80\xae \xff");
	line = json_of(&ev);
	assert_true(text_is_clean(line));
	free(line);
}

static void test_comparing(void **state)
{
	static const struct {
		const char *name, *value;
		bool equal;
	} cases[] = {
		{"id", "7", true},         {"id", "07", false},
		{"id", "", false},         {"kind", "blind", true},
		{"kind", "Blind", false},  {"outcome", "null", true},
		{"outcome", "", false},    {"state", "idle", true},
		{"target", "sip:x", true}, {"target", "sip:", false},
	};
	struct event ev = {.type = EV_TRANSFER};
	struct fields f;

	(void)state;
	ev.u.transfer.id = 7;
	text_copy(ev.u.transfer.target, sizeof(ev.u.transfer.target), "sip:x");
	assert_true(fields_of(&f, &ev));
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_int_equal(cases[i].equal,
				 field_equals(fields_find(&f, cases[i].name),
					      cases[i].value));
	assert_null(fields_find(&f, "frob"));
}

static void test_one_of_a_list_is_enough(void **state)
{
	struct event ev = {.type = EV_HELLO};
	struct fields f;

	(void)state;
	ev.u.hello.listenc = 2;
	text_copy(ev.u.hello.listen[0], 64, "udp:127.0.0.1:5060");
	text_copy(ev.u.hello.listen[1], 64, "tcp:127.0.0.1:5060");
	assert_true(fields_of(&f, &ev));
	assert_true(
		field_equals(fields_find(&f, "listen"), "tcp:127.0.0.1:5060"));
	assert_false(field_equals(fields_find(&f, "listen"), "tls:x"));
	char *line = json_of(&ev);

	assert_non_null(strstr(line, "[\"udp:127.0.0.1:5060\","
				     "\"tcp:127.0.0.1:5060\"]"));
	free(line);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names_are_those_of_the_contract),
		cmocka_unit_test(test_what_the_outside_does_not_see),
		cmocka_unit_test(test_a_call_as_json),
		cmocka_unit_test(test_outcome_is_null_while_it_lasts),
		cmocka_unit_test(test_time_has_three_decimals_in_any_locale),
		cmocka_unit_test(test_nothing_unclean_gets_out),
		cmocka_unit_test(test_comparing),
		cmocka_unit_test(test_one_of_a_list_is_enough),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
