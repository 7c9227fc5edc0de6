/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sip/digest.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <strings.h>

#include <openssl/evp.h>

#include "base/file.h"
#include "base/text.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* clang-format off */
static const struct digest_alg algorithmv[] = {
	{"MD5",              EVP_md5,        false, false},
	{"MD5-sess",         EVP_md5,        true,  false},
	{"SHA-256",          EVP_sha256,     false, true},
	{"SHA-256-sess",     EVP_sha256,     true,  true},
	{"SHA-512-256",      EVP_sha512_256, false, true},
	{"SHA-512-256-sess", EVP_sha512_256, true,  true},
};
/* clang-format on */

const struct digest_alg *digest_alg_find(const char *name)
{
	if (!name || !*name)
		return &algorithmv[0];

	for (size_t i = 0; i < COUNT(algorithmv); i++) {
		if (!strcasecmp(algorithmv[i].name, name))
			return &algorithmv[i];
	}

	return NULL;
}

/* ---- arithmetic ------------------------------------------------------ */

/* Hex of the hash of "a:b:c"; the list ends with NULL */
static int hash_join(char hex[DIGEST_HEX_MAX], const struct digest_alg *alg,
		     const char *const *partv)
{
	unsigned char md[EVP_MAX_MD_SIZE];
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	unsigned len = 0;
	int err = ENOSYS;

	if (!ctx)
		return ENOMEM;

	/* MD5 may be forbidden on this machine */
	if (EVP_DigestInit_ex(ctx, alg->md(), NULL) != 1)
		goto out;

	for (size_t i = 0; partv[i]; i++) {
		if (i && EVP_DigestUpdate(ctx, ":", 1) != 1)
			goto out;
		if (EVP_DigestUpdate(ctx, partv[i], strlen(partv[i])) != 1)
			goto out;
	}

	if (EVP_DigestFinal_ex(ctx, md, &len) != 1)
		goto out;

	for (unsigned i = 0; i < len; i++)
		(void)snprintf(hex + 2 * i, 3, "%02x", md[i]); /* 2 digits */
	err = 0;

out:
	EVP_MD_CTX_free(ctx);
	secret_wipe(md, sizeof(md));

	return err;
}

int digest_response(char *dst, size_t size, const char *algorithm,
		    const char *user, const char *realm, const char *password,
		    const char *method, const char *uri, const char *nonce,
		    const char *cnonce, uint32_t nc, const char *qop)
{
	const struct digest_alg *alg = digest_alg_find(algorithm);
	char ha1[DIGEST_HEX_MAX], ha2[DIGEST_HEX_MAX], hex[DIGEST_HEX_MAX],
		count[9];
	int err;

	if (!alg)
		return ENOSYS;

	if (!cnonce)
		cnonce = "";

	err = hash_join(ha1, alg,
			(const char *const[]){user, realm, password, NULL});
	if (!err && alg->sess) {
		err = hash_join(
			hex, alg,
			(const char *const[]){ha1, nonce, cnonce, NULL});
		memcpy(ha1, hex, sizeof(ha1));
	}
	if (err)
		goto out;

	err = hash_join(ha2, alg, (const char *const[]){method, uri, NULL});
	if (err)
		goto out;

	if (qop && *qop) {
		(void)snprintf(count, sizeof(count), "%08" PRIx32, nc);
		err = hash_join(hex, alg,
				(const char *const[]){ha1, nonce, count, cnonce,
						      qop, ha2, NULL});
	} else {
		err = hash_join(hex, alg,
				(const char *const[]){ha1, nonce, ha2, NULL});
	}
	if (!err)
		err = text_copy(dst, size, hex);

out:
	secret_wipe(ha1, sizeof(ha1));

	return err;
}

/* ---- text ------------------------------------------------------------ */

static bool is_lws(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static bool is_tchar(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
	       (c >= 'A' && c <= 'Z') || (c && strchr("!#$%&'*+-.^_`|~", c));
}

static void skip_lws(struct pl *pl)
{
	while (pl->l && is_lws(*pl->p))
		pl_advance(pl, 1);
}

/* The value of a parameter, quoted or not.  Too long: EOVERFLOW, and all of it
 * is read over */
static int value_read(char *dst, size_t size, struct pl *rest)
{
	bool quoted = rest->l && *rest->p == '"';
	size_t n = 0;

	if (quoted)
		pl_advance(rest, 1);

	for (; rest->l; pl_advance(rest, 1)) {
		char c = *rest->p;

		if (quoted && c == '"') {
			pl_advance(rest, 1);
			quoted = false;
			break;
		}
		if (quoted && c == '\\' && rest->l > 1) {
			pl_advance(rest, 1);
			c = *rest->p;
		} else if (!quoted && (c == ',' || is_lws(c))) {
			break;
		}

		/* it would come back in our own header */
		if (((unsigned char)c < 0x20 && c != '\t') || c == 0x7f)
			return EBADMSG;

		if (n < size)
			dst[n++] = c;
	}

	if (quoted)
		return EBADMSG;

	if (n == size) {
		*dst = '\0';
		return EOVERFLOW;
	}

	dst[n] = '\0';

	return 0;
}

int digest_piece(struct pl *rest, struct pl *name, char *val, size_t size,
		 bool *is_paramp)
{
	while (rest->l && (is_lws(*rest->p) || *rest->p == ','))
		pl_advance(rest, 1);

	if (!rest->l)
		return ENOENT;

	name->p = rest->p;
	while (rest->l && is_tchar(*rest->p))
		pl_advance(rest, 1);
	name->l = (size_t)(rest->p - name->p);

	if (!name->l)
		return EBADMSG;

	skip_lws(rest);

	*is_paramp = rest->l && *rest->p == '=';
	if (!*is_paramp)
		return 0;

	pl_advance(rest, 1);
	skip_lws(rest);

	return value_read(val, size, rest);
}

int digest_quoted(struct re_printf *pf, const void *arg)
{
	const char *s = arg;
	int err = 0;

	for (; *s && !err; s++) {
		const unsigned char c = (unsigned char)*s;

		if ((c < 0x20 && c != '\t') || c == 0x7f)
			return EINVAL;

		if (c == '"' || c == '\\')
			err = pf->vph("\\", 1, pf->arg);
		if (!err)
			err = pf->vph(s, 1, pf->arg);
	}

	return err;
}
