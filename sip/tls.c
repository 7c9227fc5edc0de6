/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "sip/priv.h"

/*
 * libre 1.1.0 takes any certificate and sends no SNI.  Its SSL_CTX is ours to
 * set, but one context has one name to check, and we have one context.  So
 * the name travels with the connection: tls_expect() leaves it here, SSL_new()
 * (called by libre right below our sip_request()) picks it up as ex-data, and
 * at the start of the handshake it becomes SNI and the name to verify.
 */

enum { FAILURES = 8, VERIFY_DEPTH = 5 };

struct expect {
	struct sa dst;
	char host[NAME_MAX_LEN];
};

struct tls_door {
	struct expect next;
	bool armed;
	struct {
		struct sa dst;
		char text[TEXT_MAX];
	} failed[FAILURES];
	unsigned n_failed;
	bool verify;
	X509 *own_cert; /* shown while no tls_cert is set */
	EVP_PKEY *own_key;
	bool use_own;
};

static int ex_index = -1;
static _Thread_local struct tls_door *the_door;

static void on_new(void *parent, void *ptr, CRYPTO_EX_DATA *ad, int idx,
		   long argl, void *argp)
{
	struct expect *x;

	(void)parent;
	(void)ptr;
	(void)argl;
	(void)argp;
	if (!the_door || !the_door->armed)
		return;
	x = malloc(sizeof(*x));
	if (!x)
		return;
	*x = the_door->next;
	if (!CRYPTO_set_ex_data(ad, idx, x))
		free(x);
}

static void on_free(void *parent, void *ptr, CRYPTO_EX_DATA *ad, int idx,
		    long argl, void *argp)
{
	(void)parent;
	(void)ad;
	(void)idx;
	(void)argl;
	(void)argp;
	free(ptr);
}

static void make_index(void)
{
	ex_index = CRYPTO_get_ex_new_index(CRYPTO_EX_INDEX_SSL, 0, NULL, on_new,
					   NULL, on_free);
}

static void remember_failure(const struct sa *dst, const char *text)
{
	struct tls_door *door = the_door;
	unsigned i;

	if (!door)
		return;
	i = door->n_failed++ % FAILURES;
	door->failed[i].dst = *dst;
	text_cut(door->failed[i].text, sizeof(door->failed[i].text), text);
}

static int on_verify(int ok, X509_STORE_CTX *store)
{
	SSL *ssl = X509_STORE_CTX_get_ex_data(
		store, SSL_get_ex_data_X509_STORE_CTX_idx());
	const struct expect *x = ssl ? SSL_get_ex_data(ssl, ex_index) : NULL;
	char text[TEXT_MAX];
	int code;

	if (ok || !x)
		return ok;
	code = X509_STORE_CTX_get_error(store);
	if (code == X509_V_ERR_HOSTNAME_MISMATCH ||
	    code == X509_V_ERR_IP_ADDRESS_MISMATCH)
		(void)snprintf(text, sizeof(text),
			       "its certificate is not for %s", x->host);
	else
		(void)snprintf(text, sizeof(text),
			       "its certificate is not trusted: %s (set tls_ca "
			       "FILE)",
			       X509_verify_cert_error_string(code));
	remember_failure(&x->dst, text);
	log_warn("tls", "%s: %s", x->host, text);
	return 0;
}

static void on_info(const SSL *cssl, int where, int ret)
{
	/* OpenSSL hands it out const although only here it can be set */
	SSL *ssl = (SSL *)(uintptr_t)cssl;
	const struct expect *x;
	struct sa sa;

	(void)ret;
	if (!(where & SSL_CB_HANDSHAKE_START) || !the_door)
		return;
	if (SSL_is_server(ssl)) {
		/* who calls us needs no certificate of his own */
		SSL_set_verify(ssl, SSL_VERIFY_NONE, NULL);
		if (the_door->use_own && the_door->own_cert) {
			(void)SSL_use_certificate(ssl, the_door->own_cert);
			(void)SSL_use_PrivateKey(ssl, the_door->own_key);
		}
		return;
	}
	x = SSL_get_ex_data(ssl, ex_index);
	if (!x) {
		/* a connection nobody said the name of proves nothing */
		if (the_door->verify)
			(void)SSL_set1_host(ssl, "no-name.invalid");
		return;
	}
	if (!sa_set_str(&sa, x->host, 1)) {
		if (the_door->verify)
			(void)X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl),
							    x->host);
		return;
	}
	(void)SSL_set_tlsext_host_name(ssl, x->host);
	if (the_door->verify)
		(void)SSL_set1_host(ssl, x->host);
}

static SSL_CTX *context(const struct engine *e)
{
#if RE_AT_LEAST(3, 0)
	(void)e;
	return NULL;
#else
	return e->tls ? tls_openssl_context(e->tls) : NULL;
#endif
}

/*
 * A certificate of our own making.  It proves nothing to anybody, but a proxy
 * that does not reuse our connection must be able to open one to our Contact.
 */
static void self_signed(struct tls_door *door)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *cert = X509_new();
	X509_NAME *name;

	if (!key || !cert)
		goto fail;
	(void)X509_set_version(cert, 2);
	(void)ASN1_INTEGER_set(X509_get_serialNumber(cert),
			       (long)(rand_u32() >> 1));
	(void)X509_gmtime_adj(X509_getm_notBefore(cert), -86400);
	(void)X509_gmtime_adj(X509_getm_notAfter(cert), 86400L * 365);
	name = X509_get_subject_name(cert);
	(void)X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
					 (const unsigned char *)"cordpair", -1,
					 -1, 0);
	(void)X509_set_issuer_name(cert, name);
	(void)X509_set_pubkey(cert, key);
	if (X509_sign(cert, key, EVP_sha256()) <= 0)
		goto fail;
	door->own_cert = cert;
	door->own_key = key;
	return;
fail:
	X509_free(cert);
	EVP_PKEY_free(key);
	ERR_clear_error();
}

int tls_open(struct engine *e)
{
	static CRYPTO_ONCE once = CRYPTO_ONCE_STATIC_INIT;
	SSL_CTX *ctx;
	int err;

	ASSERT_SIP();

	(void)CRYPTO_THREAD_run_once(&once, make_index);
	e->door = mem_zalloc(sizeof(*e->door), NULL);
	if (!e->door)
		return ENOMEM;
	the_door = e->door;
	err = tls_alloc(&e->tls, TLS_METHOD_SSLV23, NULL, NULL);
	if (err)
		return err;
	ctx = context(e);
	if (ctx) {
		(void)SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION);
		(void)SSL_CTX_set_default_verify_paths(ctx);
		SSL_CTX_set_verify_depth(ctx, VERIFY_DEPTH);
		SSL_CTX_set_info_callback(ctx, on_info);
		self_signed(e->door);
	}
	return tls_configure(e, NULL, 0);
}

void tls_close(struct engine *e)
{
	ASSERT_SIP();
	e->tls = mem_deref(e->tls);
	if (e->door) {
		X509_free(e->door->own_cert);
		EVP_PKEY_free(e->door->own_key);
	}
	e->door = mem_deref(e->door);
	the_door = NULL;
}

static const char *openssl_words(void)
{
	const char *reason = ERR_reason_error_string(ERR_peek_last_error());

	ERR_clear_error();
	return reason ? reason : "not PEM";
}

int tls_configure(struct engine *e, char *why, size_t size)
{
	SSL_CTX *ctx = context(e);
	struct stat sb;
	int ok = 1;

	ASSERT_SIP();

	if (!ctx)
		return 0;
	e->door->verify = e->tls_verify;
	e->door->use_own = !e->tls_cert[0];
	SSL_CTX_set_verify(ctx,
			   e->tls_verify ? SSL_VERIFY_PEER : SSL_VERIFY_NONE,
			   on_verify);
	if (e->tls_ca[0]) {
		if (stat(e->tls_ca, &sb)) {
			(void)snprintf(why, size, "%s: %s", e->tls_ca,
				       strerror(errno));
			return ENOENT;
		}
		if (!S_ISDIR(sb.st_mode) && !S_ISREG(sb.st_mode)) {
			(void)snprintf(why, size, "%s: no file", e->tls_ca);
			return EINVAL;
		}
		ok = S_ISDIR(sb.st_mode)
			     ? SSL_CTX_load_verify_dir(ctx, e->tls_ca)
			     : SSL_CTX_load_verify_file(ctx, e->tls_ca);
		if (!ok) {
			(void)snprintf(why, size,
				       "%s: no certificate in it (%s)",
				       e->tls_ca, openssl_words());
			return EBADMSG;
		}
	}
	if (e->tls_cert[0]) {
		if (stat(e->tls_cert, &sb)) {
			(void)snprintf(why, size, "%s: %s", e->tls_cert,
				       strerror(errno));
			return ENOENT;
		}
		if (!S_ISREG(sb.st_mode)) {
			(void)snprintf(why, size, "%s: no file", e->tls_cert);
			return EINVAL;
		}
		ok = SSL_CTX_use_certificate_chain_file(ctx, e->tls_cert) &&
		     SSL_CTX_use_PrivateKey_file(ctx, e->tls_cert,
						 SSL_FILETYPE_PEM);
		if (!ok) {
			(void)snprintf(why, size,
				       "%s: certificate and key are "
				       "not both in it (%s)",
				       e->tls_cert, openssl_words());
			return EBADMSG;
		}
	}
	return 0;
}

void tls_expect(struct engine *e, const struct sa *dst, const char *host)
{
	struct tls_door *door = e->door;

	ASSERT_SIP();

	if (!door)
		return;
	door->armed = host != NULL;
	if (host) {
		door->next.dst = *dst;
		text_cut(door->next.host, sizeof(door->next.host), host);
	}
}

const char *tls_failure(const struct engine *e, const struct sa *dst)
{
	const struct tls_door *door = e->door;
	unsigned i;

	ASSERT_SIP();

	for (i = 0; door && i < FAILURES; i++) {
		unsigned k = (door->n_failed + FAILURES - 1 - i) % FAILURES;

		if (door->failed[k].text[0] &&
		    sa_cmp(&door->failed[k].dst, dst, SA_ALL))
			return door->failed[k].text;
	}
	return NULL;
}
