/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/option.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static struct options options;

static int setup(void **state)
{
	(void)state;
	options_init(&options);

	return 0;
}

static int teardown(void **state)
{
	(void)state;
	options_done(&options);

	return 0;
}

static void test_table(void **state)
{
	bool engine[EOPT_COUNT] = {false};
	char why[256];

	(void)state;
	for (unsigned i = 0; option_row(i); i++) {
		const struct option *o = option_row(i);

		assert_true(!i || strcmp(option_row(i - 1)->name, o->name) < 0);
		assert_true(strlen(o->help) > 0 && strlen(o->help) <= 60);
		assert_true(o->help[strlen(o->help) - 1] != '.');
		assert_true(o->type != OPTION_NUMBER || o->unit);
		assert_true(o->type != OPTION_CHOICE || o->choices);
		/* a default is a value like any other */
		assert_int_equal(0, option_set(&options, o->name, o->def, why,
					       sizeof(why)));
		assert_string_equal(o->def, option_get(&options, o->name));
		if (o->engine >= 0)
			engine[o->engine] = true;
	}
	/* whatever the engine reads can be set */
	for (int e = 0; e < EOPT_COUNT; e++)
		assert_true(engine[e]);
}

static void test_values(void **state)
{
	static const struct {
		const char *name, *value;
		int err;
		const char *kept;
	} cases[] = {
		{"mouse", "off", 0, "off"},
		{"mouse", "no", 0, "off"},
		{"mouse", "true", 0, "on"},
		{"mouse", "maybe", EINVAL, "on"},
		{"mouse", "", EINVAL, "on"},
		{"hold_warn", "0", 0, "0"},
		{"hold_warn", "3600", 0, "3600"},
		{"hold_warn", "3601", ERANGE, "3600"},
		{"hold_warn", "-1", ERANGE, "3600"},
		{"hold_warn", "6 0", ERANGE, "3600"},
		{"transfer_timeout", "60", 0, "60"},
		{"transfer_timeout", "59", ERANGE, "60"},
		{"transfer_timeout", "1801", ERANGE, "60"},
		{"on_terminal_loss", "keep", 0, "keep"},
		{"on_terminal_loss", "kee", EINVAL, "keep"},
		{"on_terminal_loss", "keep hangup", EINVAL, "keep"},
		{"tls_ca", "/etc/ssl/x.pem", 0, "/etc/ssl/x.pem"},
		{"tls_ca", "", 0, ""},
	};
	char why[256];

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		why[0] = '\0';
		assert_int_equal(cases[i].err,
				 option_set(&options, cases[i].name,
					    cases[i].value, why, sizeof(why)));
		assert_int_equal(cases[i].err != 0, why[0] != '\0');
		assert_string_equal(cases[i].kept,
				    option_get(&options, cases[i].name));
	}
}

static void test_unknown_name_gets_a_hint(void **state)
{
	char why[256];

	(void)state;
	assert_int_equal(ENOENT, option_set(&options, "hold_warm", "1", why,
					    sizeof(why)));
	assert_string_equal(
		"there is no option hold_warm; did you mean hold_warn?", why);
}

static void test_requests(void **state)
{
	struct request req = {0};
	char why[256];

	(void)state;
	assert_false(option_request(&options, "mouse", &req));
	assert_false(option_request(&options, "frob", &req));
	assert_int_equal(0, option_set(&options, "ring_timeout", "30", why,
				       sizeof(why)));
	assert_true(option_request(&options, "ring_timeout", &req));
	assert_int_equal(REQ_OPTION, req.type);
	assert_int_equal(EOPT_RING_TIMEOUT, req.option);
	assert_int_equal(30, req.value);
	assert_int_equal(0, option_set(&options, "dns_server", "127.0.0.1", why,
				       sizeof(why)));
	assert_true(option_request(&options, "dns_server", &req));
	assert_string_equal("127.0.0.1", req.u.text);
	assert_true(option_given(&options, "dns_server"));
	assert_false(option_given(&options, "tls_ca"));
}

int main(void)
{
#define TEST(t) cmocka_unit_test_setup_teardown(t, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_table),
		TEST(test_values),
		TEST(test_unknown_name_gets_a_hint),
		TEST(test_requests),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
