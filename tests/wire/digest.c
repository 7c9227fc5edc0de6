/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/wire/digest.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static void hash(char *hex, const char *algorithm, const char *text)
{
	const EVP_MD *md = algorithm && !strncasecmp(algorithm, "SHA-256", 7)
				   ? EVP_sha256()
				   : EVP_md5();
	unsigned char raw[EVP_MAX_MD_SIZE];
	unsigned n = 0;

	if (!EVP_Digest(text, strlen(text), raw, &n, md, NULL))
		wire_fail("no %s here", algorithm ? algorithm : "MD5");
	for (unsigned i = 0; i < n; i++)
		sprintf(hex + 2 * i, "%02x", raw[i]);
}

/* Value of name=value or name="value" in a Digest header */
static void param(char *dst, size_t size, const char *val, const char *name)
{
	size_t n = strlen(name);
	const char *p = val + strcspn(val, " ");

	dst[0] = '\0';
	while (*p) {
		const char *v;
		size_t len;

		p += strspn(p, " ,\t");
		v = p + strcspn(p, "=,");
		if (*v != '=')
			return;
		if (v[1] == '"')
			len = strcspn(v + 2, "\"") + 2;
		else
			len = strcspn(v + 1, ",");
		if ((size_t)(v - p) == n && !strncasecmp(p, name, n)) {
			if (v[1] == '"')
				snprintf(dst, size, "%.*s", (int)(len - 2),
					 v + 2);
			else
				snprintf(dst, size, "%.*s", (int)len, v + 1);
			return;
		}
		p = v + 1 + len;
	}
}

const char *login_challenge(const struct login *l)
{
	static char ring[4][600];
	static unsigned at;
	char *s = ring[at++ % 4];

	snprintf(s, sizeof(ring[0]),
		 "%s: Digest realm=\"%s\", nonce=\"%s\"%s%s%s%s\r\n",
		 l->proxy ? "Proxy-Authenticate" : "WWW-Authenticate", l->realm,
		 l->nonce, l->algorithm ? ", algorithm=" : "",
		 l->algorithm ? l->algorithm : "",
		 l->no_qop ? "" : ", qop=\"auth\"",
		 l->stale ? ", stale=true" : "");
	return s;
}

const char *login_find(const struct sipmsg *m, const struct login *l)
{
	const char *name = l->proxy ? "Proxy-Authorization" : "Authorization";
	const char *val;

	for (unsigned i = 0; (val = sipmsg_nth(m, name, i)); i++) {
		char realm[128];

		param(realm, sizeof(realm), val, "realm");
		if (!strncasecmp(val, "Digest ", 7) && !strcmp(realm, l->realm))
			return val;
	}
	return NULL;
}

unsigned login_nc(const struct sipmsg *m, const struct login *l)
{
	const char *val = login_find(m, l);
	char nc[32];

	if (!val)
		return 0;
	param(nc, sizeof(nc), val, "nc");
	return (unsigned)strtoul(nc, NULL, 16);
}

void login_check(const struct sipmsg *m, const struct login *l)
{
	const char *val = login_find(m, l);
	char user[128], nonce[256], uri[600], response[128], cnonce[256];
	char nc[32], qop[32], algorithm[32];
	char ha1[130], ha2[130], want[130], text[1600];

	if (!val)
		wire_fail("%s without credentials for %s", m->method, l->realm);
	param(user, sizeof(user), val, "username");
	param(nonce, sizeof(nonce), val, "nonce");
	param(uri, sizeof(uri), val, "uri");
	param(response, sizeof(response), val, "response");
	param(cnonce, sizeof(cnonce), val, "cnonce");
	param(nc, sizeof(nc), val, "nc");
	param(qop, sizeof(qop), val, "qop");
	param(algorithm, sizeof(algorithm), val, "algorithm");

	wire_assert(!strcmp(user, l->user));
	wire_assert(!strcmp(nonce, l->nonce));
	wire_assert(!strcmp(uri, m->uri));
	wire_assert(!l->algorithm || !strcasecmp(algorithm, l->algorithm));
	if (!l->no_qop) {
		wire_assert(!strcmp(qop, "auth"));
		wire_assert(strlen(nc) == 8 && *cnonce);
	}

	snprintf(text, sizeof(text), "%s:%s:%s", user, l->realm, l->password);
	hash(ha1, l->algorithm, text);
	snprintf(text, sizeof(text), "%s:%s", m->method, uri);
	hash(ha2, l->algorithm, text);
	if (l->no_qop)
		snprintf(text, sizeof(text), "%s:%s:%s", ha1, nonce, ha2);
	else
		snprintf(text, sizeof(text), "%s:%s:%s:%s:%s:%s", ha1, nonce,
			 nc, cnonce, qop, ha2);
	hash(want, l->algorithm, text);
	if (strcmp(want, response))
		wire_fail("%s: response %s should be %s", m->method, response,
			  want);
}
