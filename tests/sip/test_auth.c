/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Digest: the RFCs' own numbers, and every kind of challenge (Z8, Z18) */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "sip/recompat.h"

#include "base/clock.h"
#include "base/text.h"
#include "base/thread.h"
#include "sip/auth.h"
#include "sip/digest.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static const struct auth_cred bob = {"bob", "zanzibar"};
static const uint8_t secret[32] = {1, 2, 3, 4};

/* ---- arithmetic ------------------------------------------------------ */

struct vector {
	const char *name;
	const char *algorithm, *user, *realm, *password, *uri, *nonce, *cnonce;
	const char *qop;
	const char *response;
};

#define RFC2617                                                                \
	"Mufasa", "testrealm@host.com", "Circle Of Life", "/dir/index.html",   \
		"dcd98b7102dd2f0e8b11d0f600bfb0c093", "0a4f113b"
#define RFC7616                                                                \
	"Mufasa", "http-auth@example.org", "Circle of Life",                   \
		"/dir/index.html",                                             \
		"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v",                \
		"f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"

/* Those without an RFC in the name: worked out with Python's hashlib.
 * RFC 7616 3.9.2 prints what a cut SHA-512 gives; its erratum 4897 has the
 * number of the real SHA-512/256. */
/* clang-format off */
static const struct vector vectorv[] = {
	{"RFC 2617 3.5", "MD5", RFC2617, "auth", "6629fae49393a05397450978507c4ef1"},
	{"algorithm left out", NULL, RFC2617, "auth", "6629fae49393a05397450978507c4ef1"},
	{"algorithm in lower case", "md5", RFC2617, "auth", "6629fae49393a05397450978507c4ef1"},
	{"RFC 7616 3.9.1 MD5", "MD5", RFC7616, "auth", "8ca523f5e9506fed4657c9700eebdbec"},
	{"RFC 7616 3.9.1 SHA-256", "SHA-256", RFC7616, "auth",
	 "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"},
	{"RFC 7616 3.9.2, erratum", "SHA-512-256", "J\xc3\xa4s\xc3\xb8n Doe", "api@example.org",
	 "Secret, or not?", "/doe.json", "5TsQWLVdgBdmrQ0XsxbDODV+57QdFR34I9HAbC/RVvkK",
	 "NTg6RKcb9boFIAS3KrFK9BGeh+iDa/sm6jUMp2wds69v", "auth",
	 "3798d4131c277846293534c3edc11bd8a5e4cdcbff78b05db9d95eeb1cec68a5"},
	{"MD5, no qop", "MD5", RFC2617, NULL, "670fd8c2df070c60b045671b8b24ff02"},
	{"SHA-256, no qop", "SHA-256", RFC2617, "",
	 "e71f89d8267982ee1cd4dfb3637698eaf2f55848fe056aee7be175262aab5d2a"},
	{"MD5-sess", "MD5-sess", RFC2617, "auth", "8e3825c57e897f5a0dec6c2d4e5059d0"},
	{"SHA-256-sess", "SHA-256-sess", RFC2617, "auth",
	 "b8822e12417cb7750f4e2b8515f0dcf25b7dd26993e80bee1426201446a7f59b"},
	{"SHA-512-256-sess", "SHA-512-256-sess", RFC2617, "auth",
	 "0d21f0db3ec5cda5b850c0afa3bc29b4a3c5a6191959ff1baf511d4b38eb6b1e"},
};
/* clang-format on */

static void test_vectors(void **state)
{
	(void)state;

	for (size_t i = 0; i < COUNT(vectorv); i++) {
		const struct vector *v = &vectorv[i];
		char hex[65];

		assert_int_equal(digest_response(hex, sizeof(hex), v->algorithm,
						 v->user, v->realm, v->password,
						 "GET", v->uri, v->nonce,
						 v->cnonce, 1, v->qop),
				 0);
		if (strcmp(hex, v->response))
			fail_msg("%s: %s", v->name, hex);
	}
}

static void test_arithmetic_refuses(void **state)
{
	char hex[65];

	(void)state;

	assert_int_equal(digest_response(hex, sizeof(hex), "SHA-512", RFC2617,
					 "GET", 1, "auth"),
			 ENOSYS);
	assert_int_equal(digest_response(hex, 64, "SHA-256", "u", "r", "p",
					 "GET", "/", "n", "c", 1, "auth"),
			 EOVERFLOW);
	assert_int_equal(digest_response(hex, 33, "MD5", "u", "r", "p", "GET",
					 "/", "n", "c", 1, "auth"),
			 0);
}

/* ---- tools ----------------------------------------------------------- */

static struct sip_msg *message(const char *start, const char *headers)
{
	struct mbuf *mb = mbuf_alloc(1024);
	struct sip_msg *msg = NULL;

	assert_non_null(mb);
	assert_int_equal(
		mbuf_printf(mb,
			    "%s\r\n"
			    "Via: SIP/2.0/UDP 127.0.0.1;branch=z9hG4bK1\r\n"
			    "From: <sip:a@h>;tag=1\r\n"
			    "To: <sip:b@h>;tag=2\r\n"
			    "Call-ID: 1\r\n"
			    "CSeq: 1 REGISTER\r\n"
			    "%sContent-Length: 0\r\n\r\n",
			    start, headers),
		0);
	mb->pos = 0;
	assert_int_equal(sip_msg_decode(&msg, mb), 0);
	mem_deref(mb);

	return msg;
}

static int challenge_of(struct auth *a, struct auth_tries *tries,
			const char *headers)
{
	struct sip_msg *msg = message("SIP/2.0 401 Unauthorized", headers);
	const int err = auth_challenged(a, tries, msg);

	mem_deref(msg);

	return err;
}

/* Most cases are about one request after the other */
static struct auth_tries tries;

static void next_request(void)
{
	memset(&tries, 0, sizeof(tries));
}

static int challenge(struct auth *a, const char *headers)
{
	return challenge_of(a, &tries, headers);
}

/* What goes out, until the next call */
static const char *headers_of(struct auth *a)
{
	static char text[8192];
	struct mbuf *mb = mbuf_alloc(256);

	assert_non_null(mb);
	assert_int_equal(auth_encode(mb, a, "REGISTER", "sip:h"), 0);
	assert_true(mb->end < sizeof(text));
	memcpy(text, mb->buf, mb->end);
	text[mb->end] = '\0';
	mem_deref(mb);

	return text;
}

/* The value of a parameter in there; "" when it is not */
static const char *param(const char *text, const char *name)
{
	static char val[2048];
	struct pl pl;
	char re[64];

	val[0] = '\0';

	(void)re_snprintf(re, sizeof(re), "[ ,]+%s=\"[^\"]*\"", name);
	if (!re_regex(text, strlen(text), re, NULL, &pl))
		(void)pl_strcpy(&pl, val, sizeof(val));

	(void)re_snprintf(re, sizeof(re), "[ ,]+%s=[^\",\r]+", name);
	if (!*val && !re_regex(text, strlen(text), re, NULL, &pl))
		(void)pl_strcpy(&pl, val, sizeof(val));

	return val;
}

static struct auth *auth_new(const struct auth_cred *cred)
{
	struct auth *a = NULL;

	next_request();
	assert_int_equal(auth_alloc(&a, cred), 0);

	return a;
}

#define SHA                                                                    \
	"WWW-Authenticate: Digest realm=\"r\", nonce=\"s1\", algorithm=SHA-256, qop=\"auth\"\r\n"
#define MD5                                                                    \
	"WWW-Authenticate: Digest realm=\"r\", nonce=\"m1\", algorithm=MD5, qop=\"auth\"\r\n"

/* ---- the client ------------------------------------------------------ */

struct choice_case {
	const char *name;
	const char *headers;
	int err;
	const char *nonce; /* of the challenge that is answered */
};

/* clang-format off */
static const struct choice_case choicev[] = {
	{"MD5", MD5, 0, "m1"},
	{"SHA-256 before MD5", SHA MD5, 0, "s1"},
	{"MD5 before SHA-256: the topmost", MD5 SHA, 0, "m1"},
	{"unknown algorithms are passed over",
	 "WWW-Authenticate: Digest realm=\"r\", nonce=\"x\", algorithm=SHA3-256, qop=\"auth\"\r\n"
	 "WWW-Authenticate: Digest realm=\"r\", nonce=\"y\", algorithm=AKAv1-MD5\r\n" SHA, 0, "s1"},
	{"only an unknown algorithm",
	 "WWW-Authenticate: Digest realm=\"r\", nonce=\"x\", algorithm=SHA3-256\r\n", ENOSYS, NULL},
	{"no algorithm: MD5", "WWW-Authenticate: Digest realm=\"r\",nonce=\"n\"\r\n", 0, "n"},
	{"several in one line, joined by commas",
	 "WWW-Authenticate: Digest realm=\"r\", nonce=\"x\", algorithm=FOO, "
	 "Digest algorithm=\"SHA-256\",realm=\"r\" , nonce=\"s2\",qop=\"auth,auth-int\", Basic realm=\"r\"\r\n",
	 0, "s2"},
	{"Basic first", "WWW-Authenticate: Basic realm=\"r\"\r\n" MD5, 0, "m1"},
	{"Basic first, joined", "WWW-Authenticate: Basic realm=\"r\", Digest realm=\"r\", nonce=\"n\"\r\n", 0, "n"},
	{"Basic only", "WWW-Authenticate: Basic realm=\"r\"\r\n", ENOSYS, NULL},
	{"a scheme with a bare token", "WWW-Authenticate: Negotiate YII=, Digest realm=\"r\", nonce=\"n\"\r\n", 0, "n"},
	{"auth-int only", "WWW-Authenticate: Digest realm=\"r\", nonce=\"n\", qop=\"auth-int\"\r\n", ENOSYS, NULL},
	{"names in any case", "www-authenticate: DIGEST Realm=\"r\", NONCE=\"n\", Algorithm=md5\r\n", 0, "n"},
	{"empty elements", "WWW-Authenticate: Digest ,, realm=\"r\",\t, nonce=\"n\",\r\n", 0, "n"},
	{"blanks round =", "WWW-Authenticate: Digest realm = \"r\" , nonce\t=\t\"n\"\r\n", 0, "n"},
	{"folded", "WWW-Authenticate: Digest realm=\"r\",\r\n nonce=\"n\"\r\n", 0, "n"},
	{"nonce as a token", "WWW-Authenticate: Digest realm=\"r\", nonce=a/b+c==\r\n", 0, "a/b+c=="},
	{"unknown parameters", "WWW-Authenticate: Digest realm=\"r\", charset=UTF-8, userhash=false, x=\"a,b\", nonce=\"n\"\r\n", 0, "n"},
	{"a header of libre's twin hash is none",
	 "P-5089: Digest realm=\"r\", nonce=\"n\"\r\n", EBADMSG, NULL},

	{"no challenge at all", "", EBADMSG, NULL},
	{"empty", "WWW-Authenticate:\r\n", EBADMSG, NULL},
	{"no nonce", "WWW-Authenticate: Digest realm=\"r\"\r\n", EBADMSG, NULL},
	{"empty nonce", "WWW-Authenticate: Digest realm=\"r\", nonce=\"\"\r\n", EBADMSG, NULL},
	{"no realm", "WWW-Authenticate: Digest nonce=\"n\"\r\n", EBADMSG, NULL},
	{"two realms in one", "WWW-Authenticate: Digest realm=\"r\", realm=\"q\", nonce=\"n\"\r\n", EBADMSG, NULL},
	{"open quote", "WWW-Authenticate: Digest realm=\"r\", nonce=\"n\r\n", EBADMSG, NULL},
	{"escape at the end", "WWW-Authenticate: Digest realm=\"r\", nonce=\"n\\\r\n", EBADMSG, NULL},
	{"line end in a value", "WWW-Authenticate: Digest realm=\"r\r\n X: y\", nonce=\"n\"\r\n", EBADMSG, NULL},
	{"junk", "WWW-Authenticate: Digest realm=\"r\", @@@, nonce=\"n\"\r\n", EBADMSG, NULL},
	{"junk behind a good one", "WWW-Authenticate: Digest realm=\"r\", nonce=\"n\", Digest @\r\n", 0, "n"},
};
/* clang-format on */

static void test_which_challenge_is_answered(void **state)
{
	(void)state;

	for (size_t i = 0; i < COUNT(choicev); i++) {
		const struct choice_case *c = &choicev[i];
		struct auth *a = auth_new(&bob);
		const int err = challenge(a, c->headers);

		if (err != c->err)
			fail_msg("%s: error %d, not %d", c->name, err, c->err);

		if (err)
			assert_string_equal(headers_of(a), "");
		else if (strcmp(param(headers_of(a), "nonce"), c->nonce))
			fail_msg("%s: %s", c->name, headers_of(a));

		mem_deref(a);
	}
}

static void test_long_values_spoil_their_challenge_only(void **state)
{
	char big[4000], headers[8000];
	struct auth *a = auth_new(&bob);

	(void)state;

	memset(big, 'n', sizeof(big) - 1);
	big[sizeof(big) - 1] = '\0';

	(void)re_snprintf(headers, sizeof(headers),
			  "WWW-Authenticate: Digest realm=\"r\", nonce=\"%s\""
			  "\r\n" MD5,
			  big);
	assert_int_equal(challenge(a, headers), 0);
	assert_string_equal(param(headers_of(a), "nonce"), "m1");

	big[1000] = '\0';
	(void)re_snprintf(headers, sizeof(headers),
			  "WWW-Authenticate: Digest realm=\"q\", nonce=\"%s\""
			  ", opaque=\"%s\"\r\n",
			  big, big);
	mem_deref(a);
	a = auth_new(&bob);
	assert_int_equal(challenge(a, headers), 0);
	assert_string_equal(param(headers_of(a), "nonce"), big);
	assert_string_equal(param(headers_of(a), "opaque"), big);

	mem_deref(a);
}

/* libre's own reader and arithmetic agree with what we write */
static void test_libre_accepts_our_answer(void **state)
{
	struct auth *a = auth_new(&bob);
	struct httpauth_digest_resp resp;
	struct pl method = PL("REGISTER"), hval;
	uint8_t ha1[16];

	(void)state;

	assert_int_equal(challenge(a, "WWW-Authenticate: Digest realm=\"a b\", "
				      "nonce=\"n,1\", opaque=\"o=2\", "
				      "qop=\"auth\"\r\n"),
			 0);
	for (int i = 0; i < 2; i++) {
		const char *text = headers_of(a);

		assert_true(text_begins(text, "Authorization: Digest "));
		assert_string_equal(text + strlen(text) - 2, "\r\n");
		pl_set_str(&hval, text + 15);

		assert_int_equal(httpauth_digest_response_decode(&resp, &hval),
				 0);
		assert_int_equal(md5_printf(ha1, "bob:a b:zanzibar"), 0);
		assert_int_equal(
			httpauth_digest_response_auth(&resp, &method, ha1), 0);
		assert_int_equal(pl_u32(&resp.nc), i + 1);
	}

	mem_deref(a);
}

static void test_parameters_of_the_answer(void **state)
{
	struct auth *a = auth_new(&bob);
	char first[64];

	(void)state;

	/* RFC 2069: no qop, so neither cnonce nor nc */
	assert_int_equal(challenge(a, "WWW-Authenticate: Digest realm=\"r\", "
				      "nonce=\"n\"\r\n"),
			 0);
	assert_null(strstr(headers_of(a), "qop"));
	assert_null(strstr(headers_of(a), "cnonce"));
	assert_null(strstr(headers_of(a), "nc="));
	assert_null(strstr(headers_of(a), "algorithm"));
	assert_null(strstr(headers_of(a), "opaque"));
	mem_deref(a);

	a = auth_new(&bob);
	assert_int_equal(challenge(a, "WWW-Authenticate: Digest realm=\"r\", "
				      "nonce=\"n\", qop=\"auth\", opaque=\"\", "
				      "algorithm=sha-256\r\n"),
			 0);
	assert_string_equal(param(headers_of(a), "nc"), "00000001");
	assert_string_equal(param(headers_of(a), "nc"), "00000002");
	assert_string_equal(param(headers_of(a), "qop"), "auth");
	assert_string_equal(param(headers_of(a), "algorithm"), "SHA-256");
	assert_string_equal(param(headers_of(a), "username"), "bob");
	assert_string_equal(param(headers_of(a), "uri"), "sip:h");
	assert_non_null(strstr(headers_of(a), ", opaque=\"\""));
	assert_int_equal(strlen(param(headers_of(a), "response")), 64);
	(void)text_copy(first, sizeof(first), param(headers_of(a), "cnonce"));
	assert_int_equal(strlen(first), 32);

	/* a new nonce: counted from 1, another cnonce */
	next_request();
	assert_int_equal(challenge(a, SHA), 0);
	assert_string_equal(param(headers_of(a), "nc"), "00000001");
	assert_string_not_equal(param(headers_of(a), "cnonce"), first);
	mem_deref(a);

	/* a session algorithm needs the cnonce even without qop */
	a = auth_new(&bob);
	assert_int_equal(challenge(a, "WWW-Authenticate: Digest realm=\"r\", "
				      "nonce=\"n\", algorithm=MD5-sess\r\n"),
			 0);
	assert_null(strstr(headers_of(a), "qop"));
	assert_int_equal(strlen(param(headers_of(a), "cnonce")), 32);
	mem_deref(a);
}

static void test_quotes_are_escaped(void **state)
{
	const struct auth_cred odd = {"b\"o\\b", "p\"w"};
	struct auth *a = auth_new(&odd);
	char hex[65];

	(void)state;

	assert_int_equal(challenge(a, "WWW-Authenticate: Digest "
				      "realm=\"a\\\"b\\\\c, d\", "
				      "nonce=\"n\\n\"\r\n"),
			 0);
	assert_non_null(strstr(headers_of(a), "username=\"b\\\"o\\\\b\""));
	assert_non_null(strstr(headers_of(a), "realm=\"a\\\"b\\\\c, d\""));
	assert_non_null(strstr(headers_of(a), "nonce=\"nn\""));

	/* hashed as what they stand for */
	assert_int_equal(digest_response(hex, sizeof(hex), "MD5", odd.user,
					 "a\"b\\c, d", odd.password, "REGISTER",
					 "sip:h", "nn", NULL, 0, NULL),
			 0);
	assert_non_null(strstr(headers_of(a), hex));

	mem_deref(a);
}

static void test_no_line_ends_get_out(void **state)
{
	const struct auth_cred evil = {"bob\r\nX-Evil: 1", "p"};
	struct auth *a = auth_new(&evil);
	struct mbuf *mb = mbuf_alloc(256);

	(void)state;

	assert_int_equal(challenge(a, MD5), 0);
	assert_int_not_equal(auth_encode(mb, a, "REGISTER", "sip:h"), 0);

	mem_deref(mb);
	mem_deref(a);
}

static void test_wrong_password(void **state)
{
	struct auth *a = auth_new(&bob);

	(void)state;

	assert_int_equal(challenge(a, MD5), 0);
	assert_int_equal(challenge(a, MD5), EAUTH);
	assert_int_equal(challenge(a, "WWW-Authenticate: Digest realm=\"r\", "
				      "nonce=\"new\", stale=false\r\n"),
			 EAUTH);

	/* the same realm may be tried again for a new request */
	next_request();
	assert_int_equal(challenge(a, MD5), 0);
	assert_int_equal(challenge(a, MD5), EAUTH);

	/* refused in one realm: another one does not help */
	assert_int_equal(challenge(a,
				   MD5 "WWW-Authenticate: Digest realm=\"q\", "
				       "nonce=\"n\"\r\n"),
			 EAUTH);

	mem_deref(a);
}

/* Two requests of a call challenged at once: each has its own first try */
static void test_two_requests_at_once(void **state)
{
	struct auth *a = auth_new(&bob);
	struct auth_tries one = {0}, two = {0};

	(void)state;

	assert_int_equal(challenge_of(a, &one, MD5), 0);
	assert_string_equal(param(headers_of(a), "nonce"), "m1");
	assert_int_equal(challenge_of(a, &two,
				      "WWW-Authenticate: Digest realm=\"r\", "
				      "nonce=\"new\"\r\n"),
			 0);
	assert_string_equal(param(headers_of(a), "nonce"), "new");

	/* and each is told when its answer was wrong */
	assert_int_equal(challenge_of(a, &one, MD5), EAUTH);
	assert_int_equal(challenge_of(a, &two, MD5), EAUTH);

	mem_deref(a);
}

static void test_stale_nonces(void **state)
{
	static const char stale[] = "WWW-Authenticate: Digest realm=\"r\", "
				    "nonce=\"new\", Stale=TRUE, qop=auth\r\n";
	struct auth *a = auth_new(&bob);
	int n = 0;

	(void)state;

	assert_int_equal(challenge(a, MD5), 0);
	assert_string_equal(param(headers_of(a), "nonce"), "m1");
	assert_int_equal(challenge(a, stale), 0);
	assert_string_equal(param(headers_of(a), "nonce"), "new");
	assert_string_equal(param(headers_of(a), "nc"), "00000002");

	/* but not for ever */
	while (!challenge(a, stale))
		assert_true(++n < 10);
	assert_int_equal(challenge(a, stale), EAUTH);

	next_request();
	assert_int_equal(challenge(a, stale), 0);

	mem_deref(a);
}

static void test_no_credentials(void **state)
{
	static const struct auth_cred nobody;
	struct auth *a = auth_new(&nobody);

	(void)state;

	assert_int_equal(challenge(a, MD5), ENOENT);
	assert_string_equal(headers_of(a), "");
	mem_deref(a);

	a = auth_new(NULL);
	assert_int_equal(challenge(a, MD5), ENOENT);
	mem_deref(a);
}

static void test_no_way_back_to_md5(void **state)
{
	struct auth *a = auth_new(&bob);

	(void)state;

	assert_int_equal(challenge(a, SHA MD5), 0);
	next_request();
	assert_int_equal(challenge(a, MD5), EPERM);
	assert_string_equal(param(headers_of(a), "nonce"), "s1");

	/* what else is there is answered */
	assert_int_equal(challenge(a, MD5 SHA), 0);
	assert_int_equal(challenge(a, "WWW-Authenticate: Digest realm=\"q\", "
				      "nonce=\"n\"\r\n" MD5),
			 0);
	mem_deref(a);

	/* an unknown algorithm does not count as better */
	a = auth_new(&bob);
	assert_int_equal(challenge(a, "WWW-Authenticate: Digest realm=\"r\", "
				      "nonce=\"n\", algorithm=X\r\n" MD5),
			 0);
	next_request();
	assert_int_equal(challenge(a, MD5), 0);
	mem_deref(a);
}

static void test_several_realms(void **state)
{
	struct auth *a = auth_new(&bob);
	const char *text;

	(void)state;

	assert_int_equal(challenge(a, MD5
				   "Proxy-Authenticate: Digest realm=\"r\", "
				   "nonce=\"p1\"\r\n"),
			 0);
	text = headers_of(a);
	assert_non_null(strstr(text, "\r\nProxy-Authorization: Digest "));
	assert_true(text_begins(text, "Authorization: Digest "));
	assert_non_null(strstr(text, "nonce=\"m1\""));
	assert_non_null(strstr(text, "nonce=\"p1\""));

	/* the next proxy on the way */
	assert_int_equal(challenge(a, "Proxy-Authenticate: Digest "
				      "realm=\"q\", nonce=\"q1\"\r\n"),
			 0);
	text = headers_of(a);
	assert_non_null(strstr(text, "nonce=\"p1\""));
	assert_non_null(strstr(text, "nonce=\"q1\""));

	mem_deref(a);
}

static void test_realms_are_bounded(void **state)
{
	struct auth *a = auth_new(&bob);
	int err = 0, n = 0;

	(void)state;

	while (!err) {
		char headers[128];

		assert_true(++n < 100);
		(void)re_snprintf(headers, sizeof(headers),
				  "WWW-Authenticate: Digest realm=\"r%d\", "
				  "nonce=\"n\"\r\n",
				  n);
		err = challenge(a, headers);
	}
	assert_int_equal(err, EBADMSG);

	mem_deref(a);
}

/* ---- the server ------------------------------------------------------ */

/* Our client against our server; 0 or what auth_check() says */
static int log_in(const struct auth_cred *cred, const char *challenges)
{
	struct auth *a = auth_new(cred);
	struct sip_msg *msg;
	int err;

	assert_int_equal(challenge(a, challenges), 0);
	msg = message("REGISTER sip:h SIP/2.0", headers_of(a));
	err = auth_check(msg, "bank", "bob", "zanzibar", secret);
	mem_deref(msg);
	mem_deref(a);

	return err;
}

static void test_server_challenges(void **state)
{
	const struct auth_cred wrong = {"bob", "zanzibaR"};
	const struct auth_cred other = {"bo", "zanzibar"};
	char text[512], twice[1024], *md5;
	struct sip_msg *msg;

	(void)state;

	assert_int_equal(
		auth_challenge_print(text, sizeof(text), "bank", secret), 0);
	md5 = strstr(text, "\r\n") + 2;
	assert_true(text_begins(text, "WWW-Authenticate: Digest "));
	assert_non_null(strstr(text, "algorithm=SHA-256"));
	assert_non_null(strstr(md5, "algorithm=MD5"));

	assert_int_equal(log_in(&bob, text), 0);
	assert_int_equal(log_in(&bob, md5), 0);
	assert_int_equal(log_in(&wrong, text), EAUTH);
	assert_int_equal(log_in(&wrong, md5), EAUTH);
	assert_int_equal(log_in(&other, text), EAUTH);

	/* nothing sent, or for another realm */
	msg = message("REGISTER sip:h SIP/2.0", "");
	assert_int_equal(auth_check(msg, "bank", "bob", "zanzibar", secret),
			 EAUTH);
	mem_deref(msg);
	assert_int_equal(log_in(&bob, MD5), EAUTH);

	/* another realm's credentials before the right ones */
	(void)re_snprintf(twice, sizeof(twice), "%s%s", MD5, text);
	assert_int_equal(log_in(&bob, twice), 0);

	assert_int_equal(auth_challenge_print(text, 100, "bank", secret),
			 EOVERFLOW);
	assert_string_equal(text, "");
}

static void test_server_nonces(void **state)
{
	uint8_t stranger[32] = {9};
	char text[512], forged[512], *nonce;

	(void)state;

	/* made with another key */
	assert_int_equal(
		auth_challenge_print(text, sizeof(text), "bank", stranger), 0);
	assert_int_equal(log_in(&bob, text), EAUTH);

	/* made for another realm */
	assert_int_equal(
		auth_challenge_print(text, sizeof(text), "bunk", secret), 0);
	nonce = strstr(text, "bunk");
	nonce[1] = 'a';
	nonce = strstr(nonce, "bunk");
	nonce[1] = 'a';
	assert_int_equal(log_in(&bob, text), EAUTH);

	/* with the time moved, or cut short */
	assert_int_equal(
		auth_challenge_print(text, sizeof(text), "bank", secret), 0);
	for (int i = 0; i < 3; i++) {
		memcpy(forged, text, sizeof(forged));
		nonce = strstr(forged, "nonce=\"") + 7;
		if (i == 0)
			nonce[15] = nonce[15] == 'f' ? '0' : 'f';
		else if (i == 1)
			nonce[0] = 'g';
		else
			memmove(nonce, nonce + 1, strlen(nonce));
		*(strstr(forged, "\r\n") + 2) = '\0';
		assert_int_equal(log_in(&bob, forged), EAUTH);
	}

	/* in time, then too old */
	clock_advance(290000);
	assert_int_equal(log_in(&bob, text), 0);
	clock_advance(20000);
	assert_int_equal(log_in(&bob, text), EAUTH);
}

static void test_server_reads_anything(void **state)
{
	/* clang-format off */
	static const char *const junkv[] = {
		"Authorization: \r\n",
		"Authorization: Basic Ym9iOnphbnppYmFy\r\n",
		"Authorization: Digest\r\n",
		"Authorization: Digest username=\"bob\"\r\n",
		"Authorization: Digest username=\"bob\", realm=\"bank\", nonce=\"\", uri=\"\", response=\"\"\r\n",
		"Authorization: Digest username=\"bob\", realm=\"bank\", nonce=\"x\r\n",
		"Authorization: Digest Digest Digest\r\n",
		"Authorization: ====\r\n",
	};
	/* clang-format on */

	(void)state;

	for (size_t i = 0; i < COUNT(junkv); i++) {
		struct sip_msg *msg =
			message("REGISTER sip:h SIP/2.0", junkv[i]);

		assert_int_equal(
			auth_check(msg, "bank", "bob", "zanzibar", secret),
			EAUTH);
		mem_deref(msg);
	}
}

int main(void)
{
	const struct CMUnitTest testv[] = {
		cmocka_unit_test(test_vectors),
		cmocka_unit_test(test_arithmetic_refuses),
		cmocka_unit_test(test_which_challenge_is_answered),
		cmocka_unit_test(test_long_values_spoil_their_challenge_only),
		cmocka_unit_test(test_libre_accepts_our_answer),
		cmocka_unit_test(test_parameters_of_the_answer),
		cmocka_unit_test(test_quotes_are_escaped),
		cmocka_unit_test(test_no_line_ends_get_out),
		cmocka_unit_test(test_wrong_password),
		cmocka_unit_test(test_two_requests_at_once),
		cmocka_unit_test(test_stale_nonces),
		cmocka_unit_test(test_no_credentials),
		cmocka_unit_test(test_no_way_back_to_md5),
		cmocka_unit_test(test_several_realms),
		cmocka_unit_test(test_realms_are_bounded),
		cmocka_unit_test(test_server_challenges),
		cmocka_unit_test(test_server_nonces),
		cmocka_unit_test(test_server_reads_anything),
	};

	thread_adopt(THREAD_SIP);

	return cmocka_run_group_tests_name("auth", testv, NULL, NULL);
}
