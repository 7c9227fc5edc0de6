/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Replaces and Refer-To, built and read: transfer.md G22-G28, G37, Z4, Z5 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "sip/replaces.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* Not terminated, so that a sanitizer sees every step too far */
static char *exactly(const char *p, size_t len)
{
	char *copy = malloc(len ? len : 1);

	assert_non_null(copy);
	if (len)
		memcpy(copy, p, len);

	return copy;
}

static int read_replaces(struct replaces *r, const char *val)
{
	const size_t len = strlen(val);
	char *copy = exactly(val, len);
	const int err = replaces_decode(r, copy, len);

	free(copy);

	return err;
}

static int read_refer_to(struct refer_to *rt, const char *val)
{
	const size_t len = strlen(val);
	char *copy = exactly(val, len);
	const int err = refer_to_decode(rt, copy, len);

	free(copy);

	return err;
}

/* ---- Replaces -------------------------------------------------------- */

struct replaces_case {
	const char *val;
	int err;
	const char *callid, *to, *from;
	bool early;
};

/* clang-format off */
static const struct replaces_case replacesv[] = {
	{"a@h;to-tag=1;from-tag=2", 0, "a@h", "1", "2", false},
	{"a@h;from-tag=2;to-tag=1", 0, "a@h", "1", "2", false},
	{" a@h ; To-Tag = 1 ;\tFROM-TAG= 2 ", 0, "a@h", "1", "2", false},
	{"a;to-tag=1;from-tag=2;early-only", 0, "a", "1", "2", true},
	{"a;early-only;to-tag=1;from-tag=2", 0, "a", "1", "2", true},
	{"a;x=y;to-tag=1;z;from-tag=2;q=\"a;to-tag=9\"", 0, "a", "1", "2", false},
	{"a;to-tag=0;from-tag=0", 0, "a", "0", "0", false},
	{"f81d4fae-7dec-11d0@[2001:db8::1];to-tag=1;from-tag=2", 0,
	 "f81d4fae-7dec-11d0@[2001:db8::1]", "1", "2", false},
	{"a+b%40\"<c>{d}?/:\\e@f;to-tag=1.2-3!*_+`'~;from-tag=%41", 0,
	 "a+b%40\"<c>{d}?/:\\e@f", "1.2-3!*_+`'~", "%41", false},

	{"", EBADMSG, NULL, NULL, NULL, false},
	{";to-tag=1;from-tag=2", EBADMSG, NULL, NULL, NULL, false},
	{"a@h", EBADMSG, NULL, NULL, NULL, false},
	{"a@h;to-tag=1", EBADMSG, NULL, NULL, NULL, false},
	{"a@h;from-tag=1", EBADMSG, NULL, NULL, NULL, false},
	{"a@h;to-tag=;from-tag=2", EBADMSG, NULL, NULL, NULL, false},
	{"a@h;to-tag;from-tag=2", EBADMSG, NULL, NULL, NULL, false},
	{"a@h;to-tag=1;to-tag=1;from-tag=2", EBADMSG, NULL, NULL, NULL, false},
	{"a@h;to-tag=1;from-tag=2;from-tag=3", EBADMSG, NULL, NULL, NULL, false},
	{"a@h;to-tag=1;from-tag=2,b@h;to-tag=1;from-tag=2", EBADMSG, NULL, NULL, NULL, false},
	{"a@h@h;to-tag=1;from-tag=2", EBADMSG, NULL, NULL, NULL, false},
	{"a@;to-tag=1;from-tag=2", EBADMSG, NULL, NULL, NULL, false},
	{"@a;to-tag=1;from-tag=2", EBADMSG, NULL, NULL, NULL, false},
	{"a b;to-tag=1;from-tag=2", EBADMSG, NULL, NULL, NULL, false},
	{"a;to-tag=1@2;from-tag=2", EBADMSG, NULL, NULL, NULL, false},
	{"a;to-tag=\"1\";from-tag=2", EBADMSG, NULL, NULL, NULL, false},
	{"a;to-tag=1 2;from-tag=2", EBADMSG, NULL, NULL, NULL, false},
	{"a;to-tag=1;from-tag=2;x=\"y", EBADMSG, NULL, NULL, NULL, false},
	{"a;to-tag=1;from-tag=2\r\nX-Evil: 1", EBADMSG, NULL, NULL, NULL, false},
	{"a\r\nX: 1;to-tag=1;from-tag=2", EBADMSG, NULL, NULL, NULL, false},
	{"a\x80;to-tag=1;from-tag=2", EBADMSG, NULL, NULL, NULL, false},
	{"a;to-tag=1;from-tag=2;;", EBADMSG, NULL, NULL, NULL, false},
};
/* clang-format on */

static void test_replaces_are_read(void **state)
{
	(void)state;

	for (size_t i = 0; i < COUNT(replacesv); i++) {
		const struct replaces_case *c = &replacesv[i];
		struct replaces r, again;
		char buf[1024];
		int err;

		memset(&r, 0x55, sizeof(r));
		again = r;

		err = read_replaces(&r, c->val);
		if (err != c->err)
			fail_msg("\"%s\": error %d, not %d", c->val, err,
				 c->err);

		if (err) {
			/* nothing half done */
			assert_memory_equal(&r, &again, sizeof(r));
			continue;
		}

		assert_string_equal(r.callid, c->callid);
		assert_string_equal(r.to_tag, c->to);
		assert_string_equal(r.from_tag, c->from);
		assert_int_equal(r.early_only, c->early);

		assert_int_equal(replaces_encode(buf, sizeof(buf), &r), 0);
		assert_int_equal(read_replaces(&again, buf), 0);
		assert_memory_equal(&r, &again, sizeof(r));
	}
}

static void test_long_replaces_are_refused(void **state)
{
	char val[4096];
	struct replaces r;

	(void)state;

	/* the longest that fits, then one more */
	for (int more = 0; more < 2; more++) {
		(void)snprintf(val, sizeof(val), "%0*d;to-tag=1;from-tag=2",
			       255 + more, 1);
		assert_int_equal(read_replaces(&r, val), more ? EOVERFLOW : 0);

		(void)snprintf(val, sizeof(val), "a;to-tag=%0*d;from-tag=2",
			       127 + more, 1);
		assert_int_equal(read_replaces(&r, val), more ? EOVERFLOW : 0);

		(void)snprintf(val, sizeof(val), "a;to-tag=1;from-tag=%0*d",
			       127 + more, 1);
		assert_int_equal(read_replaces(&r, val), more ? EOVERFLOW : 0);
	}

	memset(val, 'a', sizeof(val) - 1);
	val[sizeof(val) - 1] = '\0';
	assert_int_equal(read_replaces(&r, val), EOVERFLOW);
}

static void test_small_buffers_overflow(void **state)
{
	const struct replaces r = {"a@h", "1", "2", true};
	char buf[128];
	size_t need;

	(void)state;

	assert_int_equal(replaces_encode(buf, sizeof(buf), &r), 0);
	need = strlen(buf) + 1;
	assert_int_equal(replaces_encode(buf, need, &r), 0);
	assert_int_equal(replaces_encode(buf, need - 1, &r), EOVERFLOW);
	assert_string_equal(buf, "");

	assert_int_equal(refer_to_encode(buf, sizeof(buf), "sip:c@h", &r, true),
			 0);
	need = strlen(buf) + 1;
	assert_int_equal(refer_to_encode(buf, need, "sip:c@h", &r, true), 0);
	assert_int_equal(refer_to_encode(buf, need - 1, "sip:c@h", &r, true),
			 EOVERFLOW);
	assert_string_equal(buf, "");
}

static void test_replaces_match_both_tags(void **state)
{
	const struct replaces r = {"a@h", "1", "2", false};
	const struct replaces zero = {"a@h", "0", "2", false};
	const struct replaces zero2 = {"a@h", "1", "0", false};

	(void)state;

	assert_true(replaces_match(&r, "a@h", "1", "2"));
	assert_false(replaces_match(&r, "a@h", "2", "1"));
	assert_false(replaces_match(&r, "a@H", "1", "2"));
	assert_false(replaces_match(&r, "a@h", "1", "3"));
	assert_false(replaces_match(&r, "a@h", "3", "2"));
	assert_false(replaces_match(&r, "a@h", "", "2"));
	assert_false(replaces_match(&r, "a@h", "1", NULL));
	assert_false(replaces_match(&r, NULL, "1", "2"));

	assert_true(replaces_match(&zero, "a@h", "", "2"));
	assert_true(replaces_match(&zero, "a@h", NULL, "2"));
	assert_true(replaces_match(&zero, "a@h", "0", "2"));
	assert_false(replaces_match(&zero, "a@h", "1", "2"));
	assert_true(replaces_match(&zero2, "a@h", "1", ""));
	assert_false(replaces_match(&zero2, "a@h", "1", "2"));
}

/* ---- Refer-To -------------------------------------------------------- */

static void test_refer_to_is_built(void **state)
{
	/* clang-format off */
	static const struct replaces plain = {"a", "1", "2", false};
	static const struct replaces odd = {"x+y@1.2.3.4", "t%1", "f~2", false};
	static const struct replaces early = {"a", "1", "2", true};
	static const struct {
		const char *uri;
		const struct replaces *r;
		bool require;
		const char *want;
	} casev[] = {
		{"sip:c@h", NULL, false, "<sip:c@h>"},
		{"sip:1@h;user=phone", NULL, false, "<sip:1@h;user=phone>"},
		{"sip:c@h", &plain, false,
		 "<sip:c@h?Replaces=a%3Bto-tag%3D1%3Bfrom-tag%3D2>"},
		{"sip:c@h;transport=tcp", &odd, false,
		 "<sip:c@h;transport=tcp?Replaces=x%2By%401.2.3.4%3Bto-tag%3Dt%251%3Bfrom-tag%3Df~2>"},
		{"sip:c@h", &plain, true,
		 "<sip:c@h?Replaces=a%3Bto-tag%3D1%3Bfrom-tag%3D2&Require=replaces>"},
		{"sip:c@h", &early, false,
		 "<sip:c@h?Replaces=a%3Bto-tag%3D1%3Bfrom-tag%3D2%3Bearly-only>"},
		{"sip:c@h", NULL, true, "<sip:c@h?Require=replaces>"},
	};
	/* clang-format on */

	(void)state;

	for (size_t i = 0; i < COUNT(casev); i++) {
		struct refer_to rt;
		char buf[2048];

		assert_int_equal(refer_to_encode(buf, sizeof(buf), casev[i].uri,
						 casev[i].r, casev[i].require),
				 0);
		assert_string_equal(buf, casev[i].want);

		/* and read back */
		assert_int_equal(read_refer_to(&rt, buf), 0);
		assert_string_equal(rt.uri, casev[i].uri);
		assert_int_equal(rt.has_replaces, casev[i].r != NULL);
		assert_int_equal(rt.require_replaces, casev[i].require);
		if (casev[i].r)
			assert_memory_equal(&rt.replaces, casev[i].r,
					    sizeof(rt.replaces));
	}
}

static void test_longest_replaces_is_built(void **state)
{
	struct replaces r;
	char buf[4096];

	(void)state;

	memset(&r, 0, sizeof(r));
	memset(r.callid, '+', sizeof(r.callid) - 1);
	memset(r.to_tag, '+', sizeof(r.to_tag) - 1);
	memset(r.from_tag, '+', sizeof(r.from_tag) - 1);
	r.early_only = true;

	assert_int_equal(refer_to_encode(buf, sizeof(buf), "sip:c@h", &r, true),
			 0);
	assert_true(strlen(buf) > 3 * (255 + 127 + 127));
}

struct refer_to_case {
	const char *val;
	int err;
	const char *uri;
	const char *callid, *to, *from; /* NULL: no Replaces */
	bool require;
};

#define R "Replaces=a%3Bto-tag%3D1%3Bfrom-tag%3D2"

/* clang-format off */
static const struct refer_to_case refertov[] = {
	/* forms */
	{"<sip:c@h>", 0, "sip:c@h", NULL, NULL, NULL, false},
	{"sip:c@h", 0, "sip:c@h", NULL, NULL, NULL, false},
	{" \tsip:c@h ", 0, "sip:c@h", NULL, NULL, NULL, false},
	{"sip:c@h;user=phone", 0, "sip:c@h", NULL, NULL, NULL, false},
	{"<sip:c@h;user=phone>;x=y", 0, "sip:c@h;user=phone", NULL, NULL, NULL, false},
	{"Carol <sip:c@h>", 0, "sip:c@h", NULL, NULL, NULL, false},
	{"\"C, <sip:e@v> \\\" D\" <sip:c@h>", 0, "sip:c@h", NULL, NULL, NULL, false},
	{"\"50% off\" <sip:c@h>", 0, "sip:c@h", NULL, NULL, NULL, false},
	{"<SIPs:C@h:5061>", 0, "sips:C@h:5061", NULL, NULL, NULL, false},
	{"<sip:[::1]:5070;transport=tcp>", 0, "sip:[::1]:5070;transport=tcp", NULL, NULL, NULL, false},
	{"<sip:h?" R ">", 0, "sip:h", "a", "1", "2", false},

	/* escapes: either case, once, '+' is no blank */
	{"<sip:c@h?" R ">", 0, "sip:c@h", "a", "1", "2", false},
	{"<sip:c@h?Replaces=a%3bto-tag%3d1%3bfrom-tag%3d2>", 0, "sip:c@h", "a", "1", "2", false},
	{"<sip:c@h?rEPLACES=a%3Bfrom-tag%3D2%3Bto-tag%3D1>", 0, "sip:c@h", "a", "1", "2", false},
	{"<sip:c@h?%52eplaces=a%3Bto-tag%3D1%3Bfrom-tag%3D2>", 0, "sip:c@h", "a", "1", "2", false},
	{"<sip:c@h?Replaces=a%2540b%40h%3Bto-tag%3D1%3Bfrom-tag%3D2>", 0,
	 "sip:c@h", "a%40b@h", "1", "2", false},
	{"<sip:c@h?Replaces=a+b@h%3Bto-tag%3D1%3Bfrom-tag%3D2>", 0, "sip:c@h", "a+b@h", "1", "2", false},
	{"<sip:c@h?Replaces=a%2Bb%25c%3Bto-tag%3D1%3Bfrom-tag%3D2>", 0,
	 "sip:c@h", "a+b%c", "1", "2", false},
	{"<sip:c@h?Replaces=a@h;to-tag=1;from-tag=2>", 0, "sip:c@h", "a@h", "1", "2", false},
	{"sip:c@h?" R ";x=y", 0, "sip:c@h", "a", "1", "2", false},

	/* the other headers */
	{"<sip:c@h?" R "&Require=replaces>", 0, "sip:c@h", "a", "1", "2", true},
	{"<sip:c@h?require=Replaces&" R ">", 0, "sip:c@h", "a", "1", "2", true},
	{"<sip:c@h?Require=100rel&" R ">", 0, "sip:c@h", "a", "1", "2", false},
	{"<sip:c@h?From=%3Csip:e@v%3E&Route=%3Csip:e%3E&body=x&" R ">", 0, "sip:c@h", "a", "1", "2", false},
	{"<sip:c@h?Contact=%3Csip:e@v%3E>", 0, "sip:c@h", NULL, NULL, NULL, false},
	{"<sip:c@h?" R "&" R ">", EBADMSG, NULL, NULL, NULL, NULL, false},
	{"<sip:c@h?" R "&%72eplaces=b%3Bto-tag%3D1%3Bfrom-tag%3D2>", EBADMSG, NULL, NULL, NULL, NULL, false},

	/* injection */
	{"<sip:c@h?Replaces=a%0d%0aX-Evil:%201>", EBADMSG, NULL, NULL, NULL, NULL, false},
	{"<sip:c@h?Replaces=a%3Bto-tag%3D1%3Bfrom-tag%3D2%0D%0AX:1>", EBADMSG, NULL, NULL, NULL, NULL, false},
	{"<sip:c@h?Subject=x%0ay>", EBADMSG, NULL, NULL, NULL, NULL, false},
	{"<sip:c%00@h>", EBADMSG, NULL, NULL, NULL, NULL, false},
	{"<sip:c@h;x=%1f>", EBADMSG, NULL, NULL, NULL, NULL, false},
	{"<sip:c@h;x=%7F>", EBADMSG, NULL, NULL, NULL, NULL, false},
	{"<sip:c@h>;x=%0a", EBADMSG, NULL, NULL, NULL, NULL, false},
	{"<sip:c@h>\r\nX: y", EBADMSG, NULL, NULL, NULL, NULL, false},
	{"<sip:c\x1b@h>", EBADMSG, NULL, NULL, NULL, NULL, false},
	{"\"\x07\" <sip:c@h>", EBADMSG, NULL, NULL, NULL, NULL, false},

	/* bad tokens and broken escapes */
	{"<sip:c@h?Replaces=a>", EBADMSG, NULL, NULL, NULL, NULL, false},
	{"<sip:c@h?Replaces=>", EBADMSG, NULL, NULL, NULL, NULL, false},
	{"<sip:c@h?Replaces>", EBADMSG, NULL, NULL, NULL, NULL, false},
	{"<sip:c@h?=x>", EBADMSG, NULL, NULL, NULL, NULL, false},
	{"<sip:c@h?Replaces=a%3Bto-tag%3D1%20%3Bfrom-tag%3D2%22>", EBADMSG, NULL, NULL, NULL, NULL, false},
	{"<sip:c@h?Replaces=a%zz>", EBADMSG, NULL, NULL, NULL, NULL, false},
	{"<sip:c@h?Subject=%4>", EBADMSG, NULL, NULL, NULL, NULL, false},
	{"<sip:c%4@h>", EBADMSG, NULL, NULL, NULL, NULL, false},

	/* where the call would go */
	{"<sip:c@h;maddr=127.0.0.1>", EPERM, NULL, NULL, NULL, NULL, false},
	{"<sip:c@h;MADDR=127.0.0.1>", EPERM, NULL, NULL, NULL, NULL, false},
	{"<sip:c@h;%6daddr=127.0.0.1>", EPERM, NULL, NULL, NULL, NULL, false},
	{"<sip:c@h;ttl=1>", EPERM, NULL, NULL, NULL, NULL, false},
	{"<sip:c@h;lr>", EPERM, NULL, NULL, NULL, NULL, false},
	{"<sip:c@h;x=y;lr=on>", EPERM, NULL, NULL, NULL, NULL, false},
	{"<sip:c@h;method=INVITE;user=phone>", 0, "sip:c@h;user=phone", NULL, NULL, NULL, false},
	{"<sip:c@h;user=phone;method=invite>", 0, "sip:c@h;user=phone", NULL, NULL, NULL, false},
	{"<sip:c@h;method=BYE>", EPROTONOSUPPORT, NULL, NULL, NULL, NULL, false},
	{"<sip:c@h;METHOD=BYE>", EPROTONOSUPPORT, NULL, NULL, NULL, NULL, false},
	{"<sip:c@h;%4dethod=BYE>", EPROTONOSUPPORT, NULL, NULL, NULL, NULL, false},
	{"<sip:c@h;method=%42YE>", EPROTONOSUPPORT, NULL, NULL, NULL, NULL, false},
	{"<sip:c@h;method=INVITE;method=BYE>", EPROTONOSUPPORT, NULL, NULL, NULL, NULL, false},
	{"<sip:c@h;method>", EBADMSG, NULL, NULL, NULL, NULL, false},
	{"<tel:+441632960000>", EPROTONOSUPPORT, NULL, NULL, NULL, NULL, false},
	{"<http://h/>", EPROTONOSUPPORT, NULL, NULL, NULL, NULL, false},
	{"mailto:c@h", EPROTONOSUPPORT, NULL, NULL, NULL, NULL, false},
	{"<file:///etc/passwd>", EPROTONOSUPPORT, NULL, NULL, NULL, NULL, false},

	/* malformed */
	{"", EBADMSG, NULL, NULL, NULL, NULL, false},
	{"<>", EBADMSG, NULL, NULL, NULL, NULL, false},
	{"204", EBADMSG, NULL, NULL, NULL, NULL, false},
	{"<sip:>", EBADMSG, NULL, NULL, NULL, NULL, false},
	{"<sip:c@>", EBADMSG, NULL, NULL, NULL, NULL, false},
	{"<sip:c@h@i>", EBADMSG, NULL, NULL, NULL, NULL, false},
	{"<sip:c@h:0>", EBADMSG, NULL, NULL, NULL, NULL, false},
	{"<sip:c@h:65536>", EBADMSG, NULL, NULL, NULL, NULL, false},
	{"<sip:c d@h>", EBADMSG, NULL, NULL, NULL, NULL, false},
	{"<sip:c@h", EBADMSG, NULL, NULL, NULL, NULL, false},
	{"\"C <sip:c@h>", EBADMSG, NULL, NULL, NULL, NULL, false},
	{"sip:c@h <sip:d@h>", EBADMSG, NULL, NULL, NULL, NULL, false},
	{"<sip:c@h> junk", EBADMSG, NULL, NULL, NULL, NULL, false},
	{"<sip:c@h>, <sip:d@h>", EBADMSG, NULL, NULL, NULL, NULL, false},
	{"sip:c@h, sip:d@h", EBADMSG, NULL, NULL, NULL, NULL, false},
	{"<sip:c@h>;x=\"y", EBADMSG, NULL, NULL, NULL, NULL, false},
	{"<<sip:c@h>>", EBADMSG, NULL, NULL, NULL, NULL, false},
};
/* clang-format on */

static void test_refer_to_is_read(void **state)
{
	(void)state;

	for (size_t i = 0; i < COUNT(refertov); i++) {
		const struct refer_to_case *c = &refertov[i];
		struct refer_to rt, before;
		int err;

		memset(&rt, 0x55, sizeof(rt));
		before = rt;

		err = read_refer_to(&rt, c->val);
		if (err != c->err)
			fail_msg("%s: error %d, not %d", c->val, err, c->err);

		if (err) {
			assert_memory_equal(&rt, &before, sizeof(rt));
			continue;
		}

		if (strcmp(rt.uri, c->uri))
			fail_msg("%s: %s", c->val, rt.uri);

		assert_int_equal(rt.require_replaces, c->require);
		assert_int_equal(rt.has_replaces, c->callid != NULL);
		if (!c->callid)
			continue;

		assert_string_equal(rt.replaces.callid, c->callid);
		assert_string_equal(rt.replaces.to_tag, c->to);
		assert_string_equal(rt.replaces.from_tag, c->from);
	}
}

static void test_long_refer_to_is_refused(void **state)
{
	char val[4097];
	struct refer_to rt;

	(void)state;

	memset(val, 'a', sizeof(val));
	memcpy(val, "<sip:c@h;x=", 11);

	val[511] = '>';
	val[512] = '\0';
	assert_int_equal(read_refer_to(&rt, val), 0);
	assert_int_equal(strlen(rt.uri), 510);

	val[511] = 'a';
	val[512] = '>';
	val[513] = '\0';
	assert_int_equal(read_refer_to(&rt, val), EOVERFLOW);

	val[512] = val[513] = 'a';
	val[4095] = '>';
	val[4096] = '\0';
	assert_int_equal(read_refer_to(&rt, val), EOVERFLOW);

	/* a NUL is a control character like any other */
	assert_int_equal(refer_to_decode(&rt, "<sip:c\0@h>", 10), EBADMSG);
}

int main(void)
{
	const struct CMUnitTest testv[] = {
		cmocka_unit_test(test_replaces_are_read),
		cmocka_unit_test(test_long_replaces_are_refused),
		cmocka_unit_test(test_small_buffers_overflow),
		cmocka_unit_test(test_replaces_match_both_tags),
		cmocka_unit_test(test_refer_to_is_built),
		cmocka_unit_test(test_longest_replaces_is_built),
		cmocka_unit_test(test_refer_to_is_read),
		cmocka_unit_test(test_long_refer_to_is_refused),
	};

	return cmocka_run_group_tests_name("replaces", testv, NULL, NULL);
}
