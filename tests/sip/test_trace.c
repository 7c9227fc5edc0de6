/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a trace may show of logins: the message around them, nothing inside */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "sip/priv.h"

/* "XYZ" stands where a secret is, "ok" where something must stay */
/* clang-format off */
static const struct {
	const char *name, *line;
} casev[] = {
	{"as it should be",
	 "Authorization: Digest username=\"ok\", realm=\"ok\", nonce=\"XYZ\", "
	 "uri=\"sip:ok\", response=\"XYZ\", cnonce=\"XYZ\", nc=00000001, qop=ok"},
	{"to the proxy", "Proxy-Authorization: Digest response=\"XYZ\", realm=\"ok\""},
	{"values without quotes", "Authorization: Digest response=XYZ,realm=ok,nonce=XYZ"},
	{"other letters", "aUTHORIZATION: dIGEST rESPONSE=\"XYZ\", Realm=\"ok\""},
	{"blank before the colon", "Authorization : Digest response=\"XYZ\", realm=ok"},
	{"blanks round =", "Authorization: Digest response = \"XYZ\" , realm = \"ok\""},
	{"a comma in quotes", "Authorization: Digest realm=\"ok, ok\", response=\"XYZ\""},
	{"an escaped quote", "Authorization: Digest realm=\"o\\\"ok\", response=\"X\\\"YZXYZ\""},
	{"an unknown parameter", "Authorization: Digest realm=\"ok\", token=\"XYZ\", auth=XYZ"},
	{"a name that ends alike", "Authorization: Digest xresponse=XYZ, realm=ok"},
	{"folded", "Authorization: Digest realm=\"ok\",\r\n response=\"XYZ\",\r\n\tnonce=\"XYZ\""},
	{"folded before the value", "Authorization:\r\n Digest\r\n response=\r\n \"XYZ\""},
	{"folded before the colon", "Authorization\r\n : Digest response=\"XYZ\""},
	{"folded in quotes", "Authorization: Digest realm=\"a\r\n b\", response=\"XYZ\""},
	{"a fold of LF", "Authorization: Digest realm=ok,\n response=XYZ"},
	{"a fold of CR", "Authorization: Digest realm=ok,\r response=XYZ"},
	{"a stray quote", "Authorization: Digest realm=\"a\"\", response=\"XYZ\""},
	{"a stray quote in front", "Authorization: Digest \"realm=a, response=\"XYZ\""},
	{"a quote in a value", "Authorization: Digest realm=a\"b, response=\"XYZ\""},
	{"a quote never closed", "Authorization: Digest realm=\"a, response=XYZ"},
	{"a secret never closed", "Authorization: Digest response=\"XYZ"},
	{"a backslash at the end", "Authorization: Digest response=\"XYZ\\"},
	{"semicolons", "Authorization: Digest realm=\"a\"; response=\"XYZ\""},
	{"no comma", "Authorization: Digest realm=\"a\" response=\"XYZ\""},
	{"two commas", "Authorization: Digest realm=\"a\",, response=\"XYZ\""},
	{"no name", "Authorization: Digest =\"XYZ\""},
	{"no value", "Authorization: Digest response=, XYZ"},
	{"no =", "Authorization: Digest response \"XYZ\""},
	{"a control character", "Authorization: Digest realm=\"a\x01\", response=\"XYZ\""},
	{"Basic", "Authorization: Basic XYZXYZ=="},
	{"Bearer", "Authorization: Bearer XYZ.XYZ"},
	{"no scheme", "Authorization: XYZ"},
	{"no scheme we know", "Authorization: XYZ XYZ=\"XYZ\""},
	{"a scheme glued on", "Authorization: Basic,XYZ"},
	{"parameters, no scheme", "Authorization: response=\"XYZ\", realm=\"ok\""},
	{"two schemes", "Authorization: Digest Basic XYZ"},
	{"Authentication-Info", "Authentication-Info: nextnonce=\"XYZ\", rspauth=\"XYZ\", qop=ok"},
	{"Proxy-Authentication-Info", "Proxy-Authentication-Info: nextnonce=\"XYZ\", nc=ok"},
	{"Authentication-Info, broken", "Authentication-Info: nextnonce=\"XYZ"},
	{"a line that looks like a fold", " Authorization: Digest response=\"XYZ\""},
	{"a line that ends with CR", "X: y\rAuthorization: Digest response=\"XYZ\""},
	{"a line that ends with LF", "X: y\nAuthorization: Digest response=\"XYZ\""},
	{"nothing", "Authorization:"},
	{"in quotes before", "X: \"\r\nAuthorization: Basic XYZ"},
	{"a challenge", "WWW-Authenticate: Digest realm=\"ok\", nonce=\"ok\""},
	{"another header", "X-Authorization: ok"},
};
/* clang-format on */

static unsigned count(const char *text, const char *word)
{
	unsigned n = 0;

	for (; (text = strstr(text, word)) != NULL; text++)
		n++;
	return n;
}

/* Its length stays, also that of each line */
static void check(const char *name, const char *text)
{
	char got[2048];
	const size_t len = strlen(text);

	assert_true(len < sizeof(got));
	memcpy(got, text, len + 1);
	trace_redact(got, len);
	if (strstr(got, "XYZ"))
		fail_msg("%s: shown: %s", name, got);
	if (strlen(got) != len || count(got, "ok") != count(text, "ok") ||
	    count(got, "\n") != count(text, "\n"))
		fail_msg("%s: too much is gone: %s", name, got);
	if (!strstr(got, "Via: SIP/2.0/UDP 127.0.0.1;branch=ok\r\n"))
		fail_msg("%s: the line before is gone: %s", name, got);
}

static void test_headers(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(casev); i++) {
		char text[2048];

		snprintf(text, sizeof(text),
			 "REGISTER sip:ok SIP/2.0\r\n"
			 "Via: SIP/2.0/UDP 127.0.0.1;branch=ok\r\n"
			 "%s\r\n"
			 "Contact: <sip:ok>;expires=300\r\n\r\nok",
			 casev[i].line);
		check(casev[i].name, text);
		/* as the last line, cut off */
		snprintf(text, sizeof(text),
			 "Via: SIP/2.0/UDP 127.0.0.1;branch=ok\r\n%s",
			 casev[i].line);
		check(casev[i].name, text);
		/* in a message/sipfrag */
		snprintf(text, sizeof(text),
			 "NOTIFY sip:ok SIP/2.0\r\n"
			 "Via: SIP/2.0/UDP 127.0.0.1;branch=ok\r\n\r\n"
			 "SIP/2.0 200 OK\r\n%s\r\n",
			 casev[i].line);
		check(casev[i].name, text);
	}
}

/* Cut anywhere: nothing is read beyond, nothing shown (ASan watches) */
static void test_cut_anywhere(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(casev); i++) {
		const size_t all = strlen(casev[i].line);

		for (size_t n = 0; n <= all; n++) {
			char *got = test_malloc(n + 1);

			memcpy(got, casev[i].line, n);
			got[n] = '\0';
			trace_redact(got, n);
			if (strstr(got, "XYZ"))
				fail_msg("%s, %zu: %s", casev[i].name, n, got);
			test_free(got);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_headers),
		cmocka_unit_test(test_cut_anywhere),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
