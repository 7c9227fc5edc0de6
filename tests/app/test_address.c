/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/address.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static void test_what_could_be_called(void **state)
{
	static const char *const good[] = {
		"204",
		"*97",
		"Dana Ortiz",
		"dana@pbx.example",
		"sip:a@b",
		"SIP:a@b",
		"sips:a@b:5061;transport=tls",
		"sip:127.0.0.1:5060",
		"sip:a@[::1]",
		"sip:a@[2001:db8::1]:5060;lr",
		"sip:a#b@h",
		"tel:+12125550147",
		"tel:+1-212;phone-context=x",
		"host:5060",
		"sip:a@b?Subject=x",
	};
	const char *why = "";

	(void)state;
	for (size_t i = 0; i < COUNT(good); i++) {
		if (address_check(good[i], &why))
			fail_msg("%s: %s", good[i], why);
	}
}

static void test_what_could_not(void **state)
{
	static const char *const bad[] = {
		"",
		"sip:",
		"sip:@h",
		"sip:a@",
		"sip:a@;x",
		"sip:a@:5060",
		"sip:a@[::1",
		"sip:a@[]",
		"sip:a@[::1]x",
		"sip:a@h:0",
		"sip:a@h:65536",
		"sip:a@h:",
		"sip:a@h:x",
		"sip:a b@h",
		"a b@h",
		"http://h",
		"mailto:a@h",
		"<sip:a@h>",
		"\"A\" <sip:a@h>",
		"sip:a@h\r\nX: y",
		"sip:\x1b[2J@h",
		"sip:a\xff@h",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		const char *why = NULL;

		if (!address_check(bad[i], &why))
			fail_msg("%s", bad[i]);
		assert_non_null(why);
	}
}

static void test_too_long(void **state)
{
	char uri[1024];
	const char *why;

	(void)state;
	memset(uri, 'a', sizeof(uri));
	memcpy(uri, "sip:", 4);
	uri[511] = '\0';
	assert_int_equal(0, address_check(uri, &why));
	uri[511] = 'a';
	uri[512] = '\0';
	assert_int_equal(EOVERFLOW, address_check(uri, &why));
}

static void test_same(void **state)
{
	(void)state;
	assert_true(address_same("sip:a@h", "sip:a@h"));
	assert_true(address_same("sip:a@h", "a@h"));
	assert_false(address_same("sip:a@h", "sip:A@h"));
	assert_false(address_same("sip:a@h", "sip:b@h"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_could_be_called),
		cmocka_unit_test(test_what_could_not),
		cmocka_unit_test(test_too_long),
		cmocka_unit_test(test_same),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
