/* SPDX-License-Identifier: GPL-3.0-or-later */
/* From what was typed to a URI, and what a URI is made of: G22, G27, Z5 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/text.h"
#include "sip/target.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

struct typed_case {
	const char *typed;
	const char *domain;
	int err;
	const char *want; /* the URI, or a word of the reason */
};

/* clang-format off */
static const struct typed_case typedv[] = {
	{"sip:bob@h", "", 0, "sip:bob@h"},
	{"  sip:bob@h\t", "", 0, "sip:bob@h"},
	{"SIP:Bob@H", "", 0, "sip:Bob@H"},
	{"SIPS:bob@h", "", 0, "sips:bob@h"},
	{"sip:h", "", 0, "sip:h"},
	{"sip:bob@h:5070;transport=tcp", "d", 0, "sip:bob@h:5070;transport=tcp"},
	{"sip:bob@[2001:db8::1]:5070", "", 0, "sip:bob@[2001:db8::1]:5070"},
	{"sip:*67#@h", "", 0, "sip:*67#@h"},

	{"tel:+44-1632-960000", "pbx.example", 0, "sip:+441632960000@pbx.example;user=phone"},
	{"TEL:(01632) 960.000", "pbx.example", 0, "sip:01632960000@pbx.example;user=phone"},
	{"tel:204;phone-context=+44", "h:5070", 0, "sip:204;phone-context=+44@h:5070;user=phone"},
	{"tel:+441632960000", "", EINVAL, "account"},
	{"tel:", "h", EINVAL, "number"},
	{"tel:bob", "h", EINVAL, "number"},

	{"bob@h", "d", 0, "sip:bob@h"},
	{"bob@h:5070;transport=tcp", "", 0, "sip:bob@h:5070;transport=tcp"},
	{"bob@127.0.0.1", "", 0, "sip:bob@127.0.0.1"},
	{"bob@[::1]:5060", "", 0, "sip:bob@[::1]:5060"},
	{"+44 (1632) 960-000@h", "", 0, "sip:+441632960000@h"},
	{"b-o.b@h", "", 0, "sip:b-o.b@h"},
	{"j%C3%B6rg@h", "", 0, "sip:j%C3%B6rg@h"},
	{"j\xc3\xb6rg@h", "", 0, "sip:j%C3%B6rg@h"},
	{"#31#204@h", "", 0, "sip:%2331%23204@h"},

	{"204", "pbx.example", 0, "sip:204@pbx.example"},
	{"204", "h:5070;transport=tcp", 0, "sip:204@h:5070;transport=tcp"},
	{"+44 20/7946-0000", "h", 0, "sip:+442079460000@h"},
	{"(020) 7946.0000", "h", 0, "sip:02079460000@h"},
	{"*67#", "h", 0, "sip:*67%23@h"},
	{"bob", "h", 0, "sip:bob@h"},
	{"b-o.b", "h", 0, "sip:b-o.b@h"},
	{"a(b)", "h", 0, "sip:a(b)@h"},
	{"4-u", "h", 0, "sip:4-u@h"},
	{"50%", "h", 0, "sip:50%25@h"},
	{"who?", "h", 0, "sip:who%3F@h"},
	{"a\"b<c>", "h", 0, "sip:a%22b%3Cc%3E@h"},
	{"204", "", EINVAL, "sip:NUMBER@HOST"},
	{"bob", "", EINVAL, "sip:NAME@HOST"},
	{"12.34.56.78", "h", EINVAL, "dots"},
	{"bob smith", "h", EINVAL, "blank"},
	{"127.0.0.1:5060", "h", EINVAL, "sip:HOST:PORT"},

	{"", "h", EINVAL, "no target"},
	{"   ", "h", EINVAL, "no target"},
	{"sip:", "h", EINVAL, "no host"},
	{"sip:bob@", "h", EINVAL, "no host"},
	{"bob@", "h", EINVAL, "no host"},
	{"@h", "h", EINVAL, "no user"},
	{"sip:@h", "h", EINVAL, "no user"},
	{"bob@h@i", "h", EINVAL, "more than one @"},
	{"sip:bob@h:0", "h", EINVAL, "port"},
	{"sip:bob@h:65536", "h", EINVAL, "port"},
	{"sip:bob@h:", "h", EINVAL, "port"},
	{"sip:bob@h:50x", "h", EINVAL, "does not belong"},
	{"sip:bob@h?Replaces=x", "h", EINVAL, "header part"},
	{"sip:bo b@h", "h", EINVAL, "blank"},
	{"sip:bob@h_<>", "h", EINVAL, "<"},
	{"sip:bob@h%0d%0aX", "h", EINVAL, "control"},
	{"sip:b\xc3\xb6@h", "h", EINVAL, "%XX"},
	{"sip:b%4@h", "h", EINVAL, "hex"},
	{"bob@h\r\nX: y", "h", EINVAL, "control"},
	{"\x1b[2J", "h", EINVAL, "control"},
	{"http://h/", "h", EINVAL, "sip:"},
	{"mailto:bob@h", "h", EINVAL, "sip:"},
	{"bob:secret@h", "h", EINVAL, "sip:"},
	{"sip:bob@[::1", "h", EINVAL, "]"},
	{"sip:bob@[1.2.3.4]", "h", EINVAL, "IPv6"},
	{"sip:bob@h..i", "h", EINVAL, "host"},
	{"sip:bob@1.2.3", "h", EINVAL, "host"},
	{"sip:bob@1.2.3.256", "h", EINVAL, "host"},
	{"sip:bob@h;x=a,b", "h", EINVAL, "comma"},
};
/* clang-format on */

static void test_typed_targets(void **state)
{
	(void)state;

	for (size_t i = 0; i < COUNT(typedv); i++) {
		const struct typed_case *c = &typedv[i];
		char uri[URI_MAX], why[TEXT_MAX] = "";
		const int err = target_uri(uri, sizeof(uri), c->typed,
					   c->domain, why, sizeof(why));

		if (err != c->err)
			fail_msg("\"%s\": error %d (%s)", c->typed, err, why);

		if (!err) {
			if (strcmp(uri, c->want))
				fail_msg("\"%s\": %s", c->typed, uri);
			assert_true(uri_is_sane(uri));
			continue;
		}

		if (!strstr(why, c->want))
			fail_msg("\"%s\": the reason is: %s", c->typed, why);

		assert_string_equal(uri, "");
		assert_true(text_is_clean(why));
		assert_true(why[strlen(why) - 1] != '.');
	}
}

static void test_reasons_name_the_target(void **state)
{
	char uri[URI_MAX], why[TEXT_MAX];

	(void)state;

	assert_int_equal(
		target_uri(uri, sizeof(uri), "bob@", "h", why, sizeof(why)),
		EINVAL);
	assert_true(text_begins(why, "\"bob@\" "));

	/* short of room, or of interest */
	assert_int_equal(target_uri(uri, sizeof(uri), "bob@", "h", why, 8),
			 EINVAL);
	assert_string_equal(why, "\"bob@\" ");
	assert_int_equal(target_uri(uri, sizeof(uri), "bob@", "h", NULL, 0),
			 EINVAL);
}

static void test_long_targets_overflow(void **state)
{
	char uri[URI_MAX], why[TEXT_MAX], typed[4096];

	(void)state;

	memset(typed, 'a', sizeof(typed));

	typed[sizeof(typed) - 1] = '\0';
	assert_int_equal(
		target_uri(uri, sizeof(uri), typed, "h", why, sizeof(why)),
		EOVERFLOW);
	assert_non_null(strstr(why, "too long"));
	assert_string_equal(uri, "");

	/* "sip:" and "@h" around it just fit, then no more */
	typed[URI_MAX - 1 - 6] = '\0';
	assert_int_equal(
		target_uri(uri, sizeof(uri), typed, "h", why, sizeof(why)), 0);
	assert_int_equal(strlen(uri), URI_MAX - 1);

	typed[URI_MAX - 1 - 6] = 'a';
	typed[URI_MAX - 1 - 5] = '\0';
	assert_int_equal(
		target_uri(uri, sizeof(uri), typed, "h", why, sizeof(why)),
		EOVERFLOW);

	assert_int_equal(target_uri(uri, 9, "bob", "h", why, sizeof(why)),
			 EOVERFLOW);
	assert_int_equal(target_uri(uri, 10, "bob", "h", why, sizeof(why)), 0);
}

static void test_same_place(void **state)
{
	/* clang-format off */
	static const struct {
		const char *a, *b;
		bool same;
	} casev[] = {
		{"sip:bob@h", "sip:bob@h", true},
		{"sip:bob@h", "SIP:bob@H", true},
		{"sip:bob@h", "sip:bob@h.", true},
		{"sip:bob@h", "sip:bob@h:5060", true},
		{"sip:bob@h", "sip:bob@h:5060;transport=udp", true},
		{"sip:bob@h", "sip:bob@h;user=phone", true},
		{"sip:bob@h;transport=TLS", "sip:bob@h:5061;transport=tls", true},
		{"sips:bob@h", "sips:bob@h:5061", true},
		{"sip:bob@[::1]", "sip:bob@[0:0::0:1]:5060", true},
		{"sip:%62ob@h", "sip:bob@h", true},
		{"sip:bob:pw@h", "sip:bob@h", true},
		{"sip:h", "sip:h:5060", true},

		{"sip:bob@h", "sip:Bob@h", false},
		{"sip:bob@h", "sip:bobb@h", false},
		{"sip:bob@h", "sip:bob@i", false},
		{"sip:bob@h", "sip:h", false},
		{"sip:bob@h", "sips:bob@h", false},
		{"sip:bob@h", "sip:bob@h:5061", false},
		{"sip:bob@h", "sip:bob@h;transport=tcp", false},
		{"sip:bob@[::1]", "sip:bob@[::2]", false},
		{"sip:bob@[::1]", "sip:bob@h", false},
		{"bob", "bob", false},
		{"", "", false},
	};
	/* clang-format on */

	(void)state;

	for (size_t i = 0; i < COUNT(casev); i++) {
		if (uri_same(casev[i].a, casev[i].b) != casev[i].same ||
		    uri_same(casev[i].b, casev[i].a) != casev[i].same)
			fail_msg("%s and %s", casev[i].a, casev[i].b);
	}

	assert_false(uri_same(NULL, "sip:h"));
	assert_false(uri_same("sip:h", NULL));
}

static void test_parts(void **state)
{
	static const char uri[] =
		"sip:bob:pw@[2001:DB8::1]:5070;transport=tcp;lr;x=%41";
	char buf[64];

	(void)state;

	assert_int_equal(uri_user(buf, sizeof(buf), uri), 0);
	assert_string_equal(buf, "bob");
	assert_int_equal(uri_host(buf, sizeof(buf), uri), 0);
	assert_string_equal(buf, "2001:DB8::1");
	assert_int_equal(uri_port(uri), 5070);

	assert_int_equal(uri_param(buf, sizeof(buf), uri, "Transport"), 0);
	assert_string_equal(buf, "tcp");
	assert_int_equal(uri_param(buf, sizeof(buf), uri, "lr"), 0);
	assert_string_equal(buf, "");
	assert_int_equal(uri_param(buf, sizeof(buf), uri, "x"), 0);
	assert_string_equal(buf, "%41");
	assert_int_equal(uri_param(buf, sizeof(buf), uri, "tra"), ENOENT);
	assert_int_equal(uri_param(buf, sizeof(buf), uri, "r"), ENOENT);
	assert_int_equal(uri_param(buf, 3, uri, "transport"), EOVERFLOW);

	assert_int_equal(uri_user(buf, sizeof(buf), "sip:h"), 0);
	assert_string_equal(buf, "");
	assert_int_equal(uri_port("sip:h"), 0);
	assert_int_equal(uri_host(buf, 1, "sip:h"), EOVERFLOW);

	assert_int_equal(uri_user(buf, sizeof(buf), "junk"), EINVAL);
	assert_int_equal(uri_host(buf, sizeof(buf), NULL), EINVAL);
	assert_int_equal(uri_param(buf, sizeof(buf), "sip:", "x"), EINVAL);
	assert_int_equal(uri_port("sip:h:99999"), 0);
}

static void test_private_hosts(void **state)
{
	/* clang-format off */
	static const struct {
		const char *uri;
		bool is_private;
	} casev[] = {
		{"sip:a@10.1.2.3", true},      {"sip:a@11.0.0.1", false},
		{"sip:a@172.15.0.1", false},   {"sip:a@172.16.0.1", true},
		{"sip:a@172.31.9.9", true},    {"sip:a@172.32.0.1", false},
		{"sip:a@192.168.0.1", true},   {"sip:a@192.169.0.1", false},
		{"sip:a@127.0.0.1", true},     {"sip:a@127.9.9.9", true},
		{"sip:a@169.254.1.1", true},   {"sip:a@100.64.0.1", true},
		{"sip:a@100.128.0.1", false},  {"sip:a@0.0.0.0", true},
		{"sip:a@203.0.113.5", false},
		{"sip:a@[::1]", true},         {"sip:a@[::]", true},
		{"sip:a@[fe80::1]", true},     {"sip:a@[fd00::1]", true},
		{"sip:a@[2001:db8::1]", false},
		{"sip:a@[::ffff:10.0.0.1]", true},
		{"sip:a@[::ffff:203.0.113.5]", false},
		{"sip:a@localhost", true},     {"sip:a@LOCALHOST:5060", true},
		{"sip:a@x7.invalid", true},    {"sip:a@x7.Invalid.", true},
		{"sip:a@printer.local", true}, {"sip:a@notlocal", false},
		{"sip:a@pbx.example", false},  {"sip:a@invalid.example", false},
		{"rubbish", true},
	};
	/* clang-format on */

	(void)state;

	for (size_t i = 0; i < COUNT(casev); i++) {
		if (uri_host_is_private(casev[i].uri) != casev[i].is_private)
			fail_msg("%s", casev[i].uri);
	}
}

int main(void)
{
	const struct CMUnitTest testv[] = {
		cmocka_unit_test(test_typed_targets),
		cmocka_unit_test(test_reasons_name_the_target),
		cmocka_unit_test(test_long_targets_overflow),
		cmocka_unit_test(test_same_place),
		cmocka_unit_test(test_parts),
		cmocka_unit_test(test_private_hosts),
	};

	return cmocka_run_group_tests_name("target", testv, NULL, NULL);
}
