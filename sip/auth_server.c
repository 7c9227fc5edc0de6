/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <openssl/crypto.h>
#include <openssl/hmac.h>

#include "base/clock.h"
#include "base/text.h"
#include "base/thread.h"
#include "sip/auth.h"
#include "sip/digest.h"

/* Who asks for logins: the phone bank. */

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

enum {
	NONCE_AGE_MAX_MS = 300000,
	NONCE_TIME_LEN = 16,
	NONCE_LEN = NONCE_TIME_LEN + 32,
};

/* A nonce for this moment, or the one that was made at `when` */
static int nonce_make(char dst[NONCE_LEN + 1], uint64_t when, const char *realm,
		      const uint8_t secret[32])
{
	unsigned char mac[EVP_MAX_MD_SIZE];
	char text[NONCE_TIME_LEN + 1 + 256];
	unsigned len = 0;
	int n;

	n = snprintf(text, sizeof(text), "%016" PRIx64 ":%s", when, realm);
	if (n < 0 || (size_t)n >= sizeof(text))
		return EOVERFLOW;

	if (!HMAC(EVP_sha256(), secret, 32, (const unsigned char *)text,
		  (size_t)n, mac, &len) ||
	    len < (NONCE_LEN - NONCE_TIME_LEN) / 2)
		return ENOSYS;

	memcpy(dst, text, NONCE_TIME_LEN);
	for (size_t i = 0; i < (NONCE_LEN - NONCE_TIME_LEN) / 2; i++)
		(void)snprintf(dst + NONCE_TIME_LEN + 2 * i, 3, "%02x", mac[i]);

	return 0;
}

static bool nonce_is_good(const char *nonce, const char *realm,
			  const uint8_t secret[32])
{
	const uint64_t now = clock_ms();
	char digits[NONCE_TIME_LEN + 1], made[NONCE_LEN + 1];
	uint64_t when;

	if (strlen(nonce) != NONCE_LEN)
		return false;

	memcpy(digits, nonce, NONCE_TIME_LEN);
	digits[NONCE_TIME_LEN] = '\0';
	if (strspn(digits, "0123456789abcdef") != NONCE_TIME_LEN)
		return false;

	when = strtoull(digits, NULL, 16);

	return !nonce_make(made, when, realm, secret) &&
	       !CRYPTO_memcmp(made, nonce, NONCE_LEN) && when <= now &&
	       now - when <= NONCE_AGE_MAX_MS;
}

/** Credentials while they are read */
struct credentials {
	char username[NAME_MAX_LEN];
	char realm[256];
	char nonce[NONCE_LEN + 1];
	char uri[DIGEST_VALUE_MAX];
	char response[DIGEST_HEX_MAX];
	char algorithm[32];
	char cnonce[256];
	char nc[9];
	char qop[16];
};

static bool credentials_read(struct credentials *c, const struct pl *val)
{
	/* clang-format off */
	const struct {
		const char *name;
		char *dst;
		size_t size;
	} fieldv[] = {
		{"username",  c->username,  sizeof(c->username)},
		{"realm",     c->realm,     sizeof(c->realm)},
		{"nonce",     c->nonce,     sizeof(c->nonce)},
		{"uri",       c->uri,       sizeof(c->uri)},
		{"response",  c->response,  sizeof(c->response)},
		{"algorithm", c->algorithm, sizeof(c->algorithm)},
		{"cnonce",    c->cnonce,    sizeof(c->cnonce)},
		{"nc",        c->nc,        sizeof(c->nc)},
		{"qop",       c->qop,       sizeof(c->qop)},
	};
	/* clang-format on */
	struct pl rest = *val, name;
	char text[DIGEST_VALUE_MAX];
	bool param;
	int err;

	memset(c, 0, sizeof(*c));

	if (digest_piece(&rest, &name, text, sizeof(text), &param) || param ||
	    pl_strcasecmp(&name, "Digest"))
		return false;

	for (;;) {
		err = digest_piece(&rest, &name, text, sizeof(text), &param);
		if (err == ENOENT)
			return true;
		if (err || !param)
			return false;

		for (size_t i = 0; i < COUNT(fieldv); i++) {
			if (pl_strcasecmp(&name, fieldv[i].name))
				continue;
			if (*fieldv[i].dst ||
			    text_copy(fieldv[i].dst, fieldv[i].size, text))
				return false;
		}
	}
}

static bool credentials_are_right(const struct credentials *c,
				  const struct pl *method, const char *realm,
				  const char *user, const char *password,
				  const uint8_t secret[32])
{
	const struct digest_alg *alg = digest_alg_find(c->algorithm);
	char met[32], right[DIGEST_HEX_MAX], given[DIGEST_HEX_MAX];
	uint32_t nc = 0;
	size_t n;

	if (strcmp(c->realm, realm) || strcmp(c->username, user) ||
	    !nonce_is_good(c->nonce, realm, secret))
		return false;

	/* what auth_challenge_print() offers, no more */
	if (!alg || alg->sess ||
	    text_ncopy(met, sizeof(met), method->p, method->l))
		return false;

	if (*c->qop) {
		if (strcasecmp(c->qop, "auth") || !*c->cnonce ||
		    strlen(c->nc) != 8 ||
		    strspn(c->nc, "0123456789abcdefABCDEF") != 8)
			return false;

		nc = (uint32_t)strtoul(c->nc, NULL, 16);
	}

	/* `uri` may differ from the Request-URI: proxies rewrite that one */
	if (digest_response(right, sizeof(right), alg->name, user, realm,
			    password, met, c->uri, c->nonce, c->cnonce, nc,
			    c->qop))
		return false;

	n = strlen(right);
	if (strlen(c->response) != n)
		return false;

	for (size_t i = 0; i <= n; i++) {
		const char ch = c->response[i];

		given[i] = ch >= 'A' && ch <= 'F' ? (char)(ch | 0x20) : ch;
	}

	return !CRYPTO_memcmp(right, given, n);
}

int auth_check(const struct sip_msg *msg, const char *realm, const char *user,
	       const char *password, const uint8_t secret[32])
{
	ASSERT_SIP();

	for (struct le *le = msg->hdrl.head; le; le = le->next) {
		const struct sip_hdr *hdr = le->data;
		struct credentials c;

		if (!pl_strcasecmp(&hdr->name, "Authorization") &&
		    credentials_read(&c, &hdr->val) &&
		    credentials_are_right(&c, &msg->met, realm, user, password,
					  secret))
			return 0;
	}

	return EAUTH;
}

int auth_challenge_print(char *dst, size_t size, const char *realm,
			 const uint8_t secret[32])
{
	static const char *const offerv[] = {"SHA-256", "MD5"};
	char nonce[NONCE_LEN + 1];
	size_t n = 0;
	int err;

	ASSERT_SIP();

	err = nonce_make(nonce, clock_ms(), realm, secret);
	if (err)
		return err;
	nonce[NONCE_LEN] = '\0';

	for (size_t i = 0; i < COUNT(offerv); i++) {
		const int l = re_snprintf(
			dst + n, size - n,
			"WWW-Authenticate: Digest realm=\"%H\""
			", nonce=\"%s\", algorithm=%s, qop=\"auth\"\r\n",
			digest_quoted, realm, nonce, offerv[i]);

		if (l < 0) {
			if (size)
				*dst = '\0';
			return EOVERFLOW;
		}
		n += (size_t)l;
	}

	return 0;
}
