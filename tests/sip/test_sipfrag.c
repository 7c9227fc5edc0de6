/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a NOTIFY body may look like: transfer.md 2.4, E04-E11, E48 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/text.h"
#include "sip/sipfrag.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define FFFD "\xef\xbf\xbd"

struct body_case {
	const char *name;
	const char *ctype;
	const char *body;
	int err;
	unsigned code;
	const char *text;
};

/* clang-format off */
static const struct body_case casev[] = {
	{"CRLF", "message/sipfrag", "SIP/2.0 180 Ringing\r\n", 0, 180, "Ringing"},
	{"CRLF CRLF", "message/sipfrag", "SIP/2.0 200 OK\r\n\r\n", 0, 200, "OK"},
	{"LF", "message/sipfrag", "SIP/2.0 180 Ringing\n", 0, 180, "Ringing"},
	{"CR alone", "message/sipfrag", "SIP/2.0 180 Ringing\r", 0, 180, "Ringing"},
	{"no line end", "message/sipfrag", "SIP/2.0 100 Trying", 0, 100, "Trying"},
	{"empty reason with blank", "message/sipfrag", "SIP/2.0 200 \r\n", 0, 200, ""},
	{"empty reason without", "message/sipfrag", "SIP/2.0 200\r\n", 0, 200, ""},
	{"empty reason, no end", "message/sipfrag", "SIP/2.0 200", 0, 200, ""},
	{"headers behind", "message/sipfrag",
	 "SIP/2.0 486 Busy Here\r\nContact: <sip:a@b>\r\nTo: x\r\n", 0, 486, "Busy Here"},
	{"headers and a body behind", "message/sipfrag",
	 "SIP/2.0 200 OK\r\nContent-Length: 4\r\n\r\nv=0\r\n", 0, 200, "OK"},
	{"junk behind", "message/sipfrag", "SIP/2.0 200 OK\n\x01\x02\xff", 0, 200, "OK"},
	{"leading blank lines", "message/sipfrag",
	 "\r\n\r\nSIP/2.0 603 Decline\r\n", 0, 603, "Decline"},
	{"leading LF and blanks", "message/sipfrag",
	 "\n \t\n  SIP/2.0 603 Decline\n", 0, 603, "Decline"},
	{"lower case", "message/sipfrag", "sip/2.0 404 not found\r\n", 0, 404, "not found"},
	{"two blanks", "message/sipfrag", "SIP/2.0  180  Ringing \r\n", 0, 180, "Ringing"},
	{"number as reason", "message/sipfrag", "SIP/2.0 486 486\r\n", 0, 486, "486"},
	{"wrong reason", "message/sipfrag", "SIP/2.0 183 Ringing\r\n", 0, 183, "Ringing"},
	{"lowest", "message/sipfrag", "SIP/2.0 100\r\n", 0, 100, ""},
	{"highest", "message/sipfrag", "SIP/2.0 699 x\r\n", 0, 699, "x"},

	{"version parameter", "message/sipfrag;version=2.0",
	 "SIP/2.0 180 Ringing\r\n", 0, 180, "Ringing"},
	{"case of the type", "Message/SipFrag; Version=2.0",
	 "SIP/2.0 180 Ringing\r\n", 0, 180, "Ringing"},
	{"no type", NULL, "SIP/2.0 180 Ringing\r\n", 0, 180, "Ringing"},
	{"empty type", "", "SIP/2.0 180 Ringing\r\n", 0, 180, "Ringing"},
	{"wrong type", "text/plain", "SIP/2.0 180 Ringing\r\n", 0, 180, "Ringing"},

	{"multipart", "multipart/mixed;boundary=xyz",
	 "--xyz\r\nContent-Type: message/sipfrag\r\n\r\nSIP/2.0 180 Ringing\r\n--xyz--\r\n",
	 0, 180, "Ringing"},
	{"multipart, quoted boundary", "Multipart/Related; type=\"a\"; Boundary=\"x y\"",
	 "--x y\r\ncontent-type:message/sipfrag;version=2.0\r\n\r\nSIP/2.0 486 Busy\r\n--x y--",
	 0, 486, "Busy"},
	{"multipart, second part", "multipart/mixed; boundary=b",
	 "preamble\r\n--b\r\nContent-Type: application/sdp\r\n\r\nv=0\r\nSIP/2.0 200 OK\r\n"
	 "--b\r\nContent-ID: <1>\r\nc: message/sipfrag\r\n\r\nSIP/2.0 603 Decline\r\n--b--\r\n",
	 0, 603, "Decline"},
	{"multipart, LF", "multipart/mixed; boundary=b",
	 "--b\nContent-Type: message/sipfrag\n\nSIP/2.0 404 Not Found\n--b--\n",
	 0, 404, "Not Found"},
	{"multipart, boundary not told", "multipart/mixed",
	 "--q\r\nContent-Type: message/sipfrag\r\n\r\nSIP/2.0 180 Ringing\r\n--q--\r\n",
	 0, 180, "Ringing"},
	{"multipart, a longer boundary inside", "multipart/mixed; boundary=b",
	 "--b\r\nContent-Type: message/sipfrag\r\n\r\n\r\n--bb\r\nSIP/2.0 180 Ringing\r\n--b--\r\n",
	 EBADMSG, 0, NULL},
	{"multipart that is none", "multipart/mixed;boundary=b",
	 "SIP/2.0 180 Ringing\r\n", 0, 180, "Ringing"},
	{"multipart without sipfrag", "multipart/mixed;boundary=b",
	 "--b\r\nContent-Type: text/plain\r\n\r\nSIP/2.0 200 OK\r\n--b--\r\n",
	 EBADMSG, 0, NULL},
	{"multipart, empty part", "multipart/mixed;boundary=b",
	 "--b\r\nContent-Type: message/sipfrag\r\n\r\n--b--\r\n", ENOENT, 0, NULL},
	{"multipart, no end of headers", "multipart/mixed;boundary=b",
	 "--b\r\nContent-Type: message/sipfrag\r\n", EBADMSG, 0, NULL},

	{"empty", "message/sipfrag", "", ENOENT, 0, NULL},
	{"blank lines only", "message/sipfrag", "\r\n \r\n", ENOENT, 0, NULL},
	{"code 099", "message/sipfrag", "SIP/2.0 099 Odd\r\n", EBADMSG, 0, NULL},
	{"code 700", "message/sipfrag", "SIP/2.0 700 Odd\r\n", EBADMSG, 0, NULL},
	{"code 000", "message/sipfrag", "SIP/2.0 000\r\n", EBADMSG, 0, NULL},
	{"code of two digits", "message/sipfrag", "SIP/2.0 18 Ringing\r\n", EBADMSG, 0, NULL},
	{"code of four digits", "message/sipfrag", "SIP/2.0 1800 Ringing\r\n", EBADMSG, 0, NULL},
	{"negative code", "message/sipfrag", "SIP/2.0 -18 Ringing\r\n", EBADMSG, 0, NULL},
	{"code with a letter", "message/sipfrag", "SIP/2.0 1e2 Ringing\r\n", EBADMSG, 0, NULL},
	{"reason not apart", "message/sipfrag", "SIP/2.0 486Busy\r\n", EBADMSG, 0, NULL},
	{"no code", "message/sipfrag", "SIP/2.0\r\n", EBADMSG, 0, NULL},
	{"no blank", "message/sipfrag", "SIP/2.0180 Ringing\r\n", EBADMSG, 0, NULL},
	{"other version", "message/sipfrag", "SIP/3.0 200 OK\r\n", EBADMSG, 0, NULL},
	{"HTTP", "message/sipfrag", "HTTP/1.1 200 OK\r\n", EBADMSG, 0, NULL},
	{"request line", "message/sipfrag",
	 "INVITE sip:a@b SIP/2.0\r\n", EBADMSG, 0, NULL},
	{"headers only", "message/sipfrag",
	 "From: <sip:a@b>\r\nSIP/2.0 200 OK\r\n", EBADMSG, 0, NULL},

	{"escape sequences", "message/sipfrag",
	 "SIP/2.0 486 \x1b]52;c;AAAA\x07 gone\r\n", 0, 486,
	 FFFD "]52;c;AAAA" FFFD " gone"},
	{"format specifiers", "message/sipfrag", "SIP/2.0 486 %n%s%x\r\n", 0, 486, "%n%s%x"},
	{"C1 as UTF-8", "message/sipfrag", "SIP/2.0 486 \xc2\x9b" "31m\r\n", 0, 486, FFFD "31m"},
	{"UTF-8 stays", "message/sipfrag", "SIP/2.0 486 Besetzt \xc3\xbc\r\n", 0, 486,
	 "Besetzt \xc3\xbc"},
};
/* clang-format on */

/* On the heap and not terminated, so that a sanitizer sees every step too
 * far */
static char *exactly(const char *p, size_t len)
{
	char *copy = malloc(len ? len : 1);

	assert_non_null(copy);
	if (len)
		memcpy(copy, p, len);

	return copy;
}

static int decode(struct sipfrag *sf, const char *ctype, const char *body,
		  size_t len)
{
	const size_t typelen = ctype ? strlen(ctype) : 0;
	char *type = ctype ? exactly(ctype, typelen) : NULL;
	char *copy = exactly(body, len);
	const int err = sipfrag_decode(sf, type, typelen, copy, len);

	free(type);
	free(copy);

	return err;
}

static void test_bodies(void **state)
{
	(void)state;

	for (size_t i = 0; i < COUNT(casev); i++) {
		const struct body_case *c = &casev[i];
		struct sipfrag sf = {7, "untouched"};
		const int err = decode(&sf, c->ctype, c->body, strlen(c->body));

		if (err != c->err)
			fail_msg("%s: error %d, not %d", c->name, err, c->err);

		if (err) {
			assert_int_equal(sf.code, 7);
			assert_string_equal(sf.text, "untouched");
			continue;
		}

		if (sf.code != c->code || strcmp(sf.text, c->text))
			fail_msg("%s: %u \"%s\"", c->name, sf.code, sf.text);

		assert_true(text_is_clean(sf.text));
	}
}

static void test_long_bodies_are_cut(void **state)
{
	const size_t len = 64 * 1024;
	char *body = malloc(len);
	struct sipfrag sf;

	(void)state;
	assert_non_null(body);

	/* a reason without end */
	memset(body, 'r', len);
	memcpy(body, "SIP/2.0 503 ", 12);
	assert_int_equal(decode(&sf, NULL, body, len), 0);
	assert_int_equal(sf.code, 503);
	assert_int_equal(strlen(sf.text), sizeof(sf.text) - 1);

	/* a status line farther in than is looked at */
	memset(body, '\n', len);
	memcpy(body + SIPFRAG_READ_MAX, "SIP/2.0 200 OK\n", 15);
	assert_int_equal(decode(&sf, NULL, body, len), ENOENT);

	memset(body, '\n', len);
	memcpy(body + SIPFRAG_READ_MAX - 15, "SIP/2.0 200 OK\n", 15);
	assert_int_equal(decode(&sf, NULL, body, len), 0);
	assert_int_equal(sf.code, 200);

	free(body);
}

static void test_null_bytes(void **state)
{
	static const char in_reason[] = "SIP/2.0 486 Bu\0sy\r\n";
	static const char in_code[] = "SIP/2.0 4\0"
				      "6 Busy\r\n";
	struct sipfrag sf;

	(void)state;

	assert_int_equal(decode(&sf, NULL, in_reason, sizeof(in_reason) - 1),
			 0);
	assert_string_equal(sf.text, "Bu" FFFD "sy");

	assert_int_equal(decode(&sf, NULL, in_code, sizeof(in_code) - 1),
			 EBADMSG);
	assert_int_equal(sipfrag_decode(&sf, NULL, 0, NULL, 0), ENOENT);
}

static void test_phrases(void **state)
{
	/* clang-format off */
	static const struct {
		unsigned code;
		const char *phrase;
	} phrasev[] = {
		{404, "no such number"}, {604, "no such number"},
		{410, "no such number"}, {408, "no answer"},
		{480, "unavailable"}, {486, "busy"}, {600, "busy"},
		{487, "cancelled"}, {603, "declined"}, {607, "declined"},
		{608, "declined"}, {403, "not allowed"},
		{401, "target wants login"}, {407, "target wants login"},
		{484, "number incomplete"}, {488, "no common media"},
		{606, "no common media"}, {481, "consult call gone"},
		{420, "target cannot take over"}, {491, "try again"},
		{500, "network problem"}, {503, "network problem"},
		{599, "network problem"}, {300, "redirected"},
		{302, "redirected"}, {399, "redirected"},
		{180, "ringing"}, {200, "answered"},
	};
	/* clang-format on */

	(void)state;

	for (size_t i = 0; i < COUNT(phrasev); i++)
		assert_string_equal(sip_phrase(phrasev[i].code),
				    phrasev[i].phrase);

	for (unsigned code = 0; code < 1000; code++) {
		assert_true(*sip_phrase(code));
		assert_true(*sip_reason(code));
	}

	assert_string_equal(sip_reason(486), "Busy Here");
	assert_string_equal(sip_reason(180), "Ringing");
	assert_string_equal(sip_reason(603), "Decline");
}

int main(void)
{
	const struct CMUnitTest testv[] = {
		cmocka_unit_test(test_bodies),
		cmocka_unit_test(test_long_bodies_are_cut),
		cmocka_unit_test(test_null_bytes),
		cmocka_unit_test(test_phrases),
	};

	return cmocka_run_group_tests_name("sipfrag", testv, NULL, NULL);
}
