/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/account.h"

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

static void test_every_parameter(void **state)
{
	struct account_draft a;
	char why[256] = "";

	(void)state;
	assert_int_equal(0,
			 account_parse(&a,
				       "sip:100@pbx.example;name=Desk 1;"
				       "auth_user=u;transport=TLS;"
				       "outbound=sip:10.0.0.1:5070;regint=60;"
				       "refer_mode=in-dialog;codecs=pcma,PCMU;"
				       "srtp=off;password_file=/p;"
				       "password_command=cat /x",
				       why, sizeof(why)));
	assert_string_equal("sip:100@pbx.example", a.prm.aor);
	assert_string_equal("Desk 1", a.prm.name);
	assert_string_equal("u", a.prm.auth_user);
	assert_string_equal("sip:10.0.0.1:5070", a.prm.outbound);
	assert_string_equal("pcma,PCMU", a.prm.codecs);
	assert_string_equal("/p", a.password_file);
	assert_string_equal("cat /x", a.password_command);
	assert_int_equal(TRANSP_TLS, a.prm.transport);
	assert_true(a.prm.transport_set);
	assert_int_equal(60, a.prm.regint);
	assert_int_equal(REFER_MODE_IN_DIALOG, a.prm.refer_mode);
	assert_string_equal("", a.prm.password);
}

static void test_defaults(void **state)
{
	struct account_draft a;
	char why[256] = "";

	(void)state;
	assert_int_equal(0, account_parse(&a, "sips:a@h", why, sizeof(why)));
	assert_int_equal(300, a.prm.regint);
	assert_false(a.prm.transport_set);
	assert_int_equal(REFER_MODE_AUTO, a.prm.refer_mode);
}

static void test_what_is_wrong(void **state)
{
	static const struct {
		const char *text;
		int err;
		const char *word;
	} cases[] = {
		{"", EINVAL, "empty"},
		{"nobody", EINVAL, "sip:USER@DOMAIN"},
		{"tel:+1", EINVAL, "sip:USER@DOMAIN"},
		{"sip:h", EINVAL, "lacks the user"},
		{"sip:a@h;frob=1", ENOENT, "frob"},
		{"sip:a@h;regin=1", ENOENT, "did you mean regint?"},
		{"sip:a@h;regint", EINVAL, "PARAM=VALUE"},
		{"sip:a@h;regint=x", EINVAL, "regint"},
		{"sip:a@h;regint=-1", EINVAL, "regint"},
		{"sip:a@h;regint=86401", EINVAL, "86400"},
		{"sip:a@h;transport=sctp", EINVAL, "sctp"},
		{"sip:a@h;outbound=10.0.0.1", EINVAL, "outbound"},
		{"sip:a@h;refer_mode=maybe", EINVAL, "refer_mode"},
		{"sip:a@h;codecs=opus", EINVAL, "opus"},
		{"sip:a@h;codecs=pcma,frob", EINVAL, "'frob'"},
		{"sip:a@h;srtp=on", EINVAL, "srtp"},
		{"sip:a@h;name=", EINVAL, "name"},
		{"sip:a@h;password=geheim", EPERM, "password_file"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct account_draft a;
		char why[256] = "";

		assert_int_equal(cases[i].err, account_parse(&a, cases[i].text,
							     why, sizeof(why)));
		if (!strstr(why, cases[i].word))
			fail_msg("%s: %s", cases[i].text, why);
		assert_null(strstr(why, "geheim"));
	}
}

static void test_parameters_are_sorted_and_explained(void **state)
{
	const char *name, *value, *help, *before = "";

	(void)state;
	for (unsigned i = 0; (name = account_param(i, &value, &help)); i++) {
		assert_true(strcmp(before, name) < 0);
		assert_true(value[0] && help[0]);
		before = name;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_parameter),
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_what_is_wrong),
		cmocka_unit_test(test_parameters_are_sorted_and_explained),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
