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
 * the name travels with the connection: whoever opens one leaves here where
 * it goes and what it must prove; SSL_new() (called by libre right below)
 * picks it up as ex-data, and at the start of the handshake it becomes SNI
 * and the name to verify.
 *
 * tls_reach() says it for our requests.  What libre sends by itself after a
 * connection was lost (CANCEL, ACK, an answer) goes through our tcp_connect(),
 * and must prove the name that was proven there before.
 *
 * Who opened the connection matters: libre sends to ADDR:PORT over any that
 * comes from there, also over one opened by the other side, which proves
 * nothing.  As libre opens none while it has one, a live one of ours to
 * ADDR:PORT is the one it will take.
 */

enum { FAILURES = 8, NAMES = 16, VERIFY_DEPTH = 5 };

/** A TLS connection we opened; lives as long as its SSL */
struct conn {
	struct le le; /* tls_door.conns */
	const SSL *ssl;
	struct sa local; /* of the stack it belongs to, no port */
	struct sa dst;
	bool client; /* surely; else known when the handshake begins */
	char host[NAME_MAX_LEN];
};

struct tls_door {
	struct list conns;
	struct conn next; /* for the SSL about to be made */
	bool armed;
	struct {
		struct sa dst;
		char host[NAME_MAX_LEN];
	} proven[NAMES];
	unsigned n_proven;
	struct {
		struct sa dst;
		char text[TEXT_MAX];
	} failed[FAILURES];
	unsigned n_failed;
	bool verify;
	bool trusts;    /* the system's authorities are loaded   */
	X509 *own_cert; /* shown while no tls_cert is set */
	EVP_PKEY *own_key;
	bool use_own;
};

static int ex_index = -1;
static _Thread_local struct tls_door *the_door;

static void on_new(void *parent, void *ptr, CRYPTO_EX_DATA *ad, int idx,
		   long argl, void *argp)
{
	struct conn *x;

	(void)ptr;
	(void)argl;
	(void)argp;
	if (!the_door || !the_door->armed)
		return;
	the_door->armed = false;
	x = malloc(sizeof(*x));
	if (!x)
		return;
	*x = the_door->next;
	x->ssl = parent;
	if (CRYPTO_set_ex_data(ad, idx, x))
		list_append(&the_door->conns, &x->le, x);
	else
		free(x);
}

static void on_free(void *parent, void *ptr, CRYPTO_EX_DATA *ad, int idx,
		    long argl, void *argp)
{
	struct conn *x = ptr;

	(void)parent;
	(void)ad;
	(void)idx;
	(void)argl;
	(void)argp;
	if (!x)
		return;
	list_unlink(&x->le);
	free(x);
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

static const char *proven_name(const struct sa *dst)
{
	unsigned i;

	for (i = 0; i < NAMES; i++) {
		if (the_door->proven[i].host[0] &&
		    sa_cmp(&the_door->proven[i].dst, dst, SA_ALL))
			return the_door->proven[i].host;
	}
	return NULL;
}

static void remember_name(const struct conn *x)
{
	struct tls_door *door = the_door;
	unsigned i;

	for (i = 0; i < NAMES; i++) {
		if (sa_cmp(&door->proven[i].dst, &x->dst, SA_ALL))
			break;
	}
	if (i == NAMES)
		i = door->n_proven++ % NAMES;
	door->proven[i].dst = x->dst;
	text_cut(door->proven[i].host, sizeof(door->proven[i].host), x->host);
}

static int on_verify(int ok, X509_STORE_CTX *store)
{
	SSL *ssl = X509_STORE_CTX_get_ex_data(
		store, SSL_get_ex_data_X509_STORE_CTX_idx());
	const struct conn *x = ssl ? SSL_get_ex_data(ssl, ex_index) : NULL;
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

static void accepting(SSL *ssl, struct conn *x)
{
	/* opened by the other side after all */
	if (x)
		list_unlink(&x->le);
	/* who calls us needs no certificate of his own */
	SSL_set_verify(ssl, SSL_VERIFY_NONE, NULL);
	if (the_door->use_own && the_door->own_cert) {
		(void)SSL_use_certificate(ssl, the_door->own_cert);
		(void)SSL_use_PrivateKey(ssl, the_door->own_key);
	}
}

/* Reading the system's authorities takes longer than all else at the start,
 * and who has no TLS needs none: with the first connection is early enough. */
static void trust_system(const SSL *ssl)
{
	if (the_door->trusts)
		return;
	the_door->trusts = true;
	(void)SSL_CTX_set_default_verify_paths(SSL_get_SSL_CTX(ssl));
	ERR_clear_error(); /* without any, verifying fails and tells */
}

static void connecting(SSL *ssl, struct conn *x)
{
	struct sa sa;

	if (the_door->verify)
		trust_system(ssl);
	if (!x) {
		/* a connection nobody said the name of proves nothing */
		if (the_door->verify)
			(void)SSL_set1_host(ssl, "no-name.invalid");
		return;
	}
	x->client = true;
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

static bool proves(const struct conn *x, const char *host);

static void on_info(const SSL *cssl, int where, int ret)
{
	/* OpenSSL hands it out const although only here it can be set */
	SSL *ssl = (SSL *)(uintptr_t)cssl;
	struct conn *x;

	(void)ret;
	if (!the_door)
		return;
	x = SSL_get_ex_data(ssl, ex_index);
	if (where & SSL_CB_HANDSHAKE_START) {
		if (SSL_is_server(ssl))
			accepting(ssl, x);
		else
			connecting(ssl, x);
	}
	if ((where & SSL_CB_HANDSHAKE_DONE) && x && proves(x, x->host))
		remember_name(x);
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
		list_clear(&e->door->conns);
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

/* ---- who is at the other end ------------------------------------------- */

static bool certified(const SSL *ssl, const char *host)
{
	X509 *cert = SSL_get0_peer_certificate(ssl);
	struct sa sa;

	if (!cert || SSL_get_verify_result(ssl) != X509_V_OK)
		return false;
	if (!sa_set_str(&sa, host, 1))
		return X509_check_ip_asc(cert, host, 0) == 1;
	return X509_check_host(cert, host, 0, 0, NULL) == 1;
}

/* before the handshake is over: what it is going to prove or die */
static bool proves(const struct conn *x, const char *host)
{
	if (!x->client)
		return false;
	if (!SSL_is_init_finished(x->ssl))
		return !str_casecmp(x->host, host);
	return certified(x->ssl, host);
}

static const struct conn *conn_find(const struct stack *st,
				    const struct sa *dst)
{
	struct le *le;

	for (le = st->e->door->conns.head; le; le = le->next) {
		const struct conn *x = le->data;

		if (sa_cmp(&x->dst, dst, SA_ALL) &&
		    sa_cmp(&x->local, &st->addr, SA_ADDR))
			return x;
	}
	return NULL;
}

/* An empty line is no message (RFC 3261 7.5), but opens a connection */
static int knock(struct stack *st, const struct sa *dst, const char *host)
{
	struct tls_door *door = st->e->door;
	struct mbuf *mb = mbuf_alloc(4);
	int err;

	if (!mb)
		return ENOMEM;
	memset(&door->next, 0, sizeof(door->next));
	door->next.client = true;
	door->next.local = st->addr;
	door->next.dst = *dst;
	text_cut(door->next.host, sizeof(door->next.host), host);
	door->armed = true;
	(void)mbuf_write_str(mb, "\r\n");
	mb->pos = 0;
	err = sip_send(st->sip, NULL, SIP_TRANSP_TLS, dst, mb);
	door->armed = false;
	mem_deref(mb);
	return err;
}

bool tls_checks(const struct engine *e)
{
	ASSERT_SIP();
	return context(e) && e->tls_verify;
}

int tls_reach(struct stack *st, const struct sa *dst, const char *host)
{
	const struct conn *x;
	int err;

	ASSERT_SIP();

	if (!context(st->e))
		return 0;
	x = conn_find(st, dst);
	if (!x) {
		err = knock(st, dst, host);
		if (err)
			return err;
		x = conn_find(st, dst);
	}
	if (!st->e->tls_verify || (x && proves(x, host)))
		return 0;
	if (x)
		remember_failure(dst, "the connection there is has not proven "
				      "this name");
	else
		remember_failure(dst, "it has called us, and who calls proves "
				      "no name; it has to close that "
				      "connection first");
	return EPROTO;
}

bool tls_proven(struct stack *st, const struct sa *dst, const char *host)
{
	const struct conn *x = st && st->e->door ? conn_find(st, dst) : NULL;

	ASSERT_SIP();

	return x && proves(x, host);
}

#if !RE_AT_LEAST(3, 0)
/*
 * In place of libre's: right after it comes SSL_new(), if this is to be TLS.
 * A plain connection leaves the door armed, but an SSL it does not belong to
 * turns out to be no client (accepting()) before it counts for anything.
 */
int tcp_connect(struct tcp_conn **tcp, const struct sa *peer, tcp_estab_h *eh,
		tcp_recv_h *rh, tcp_close_h *ch, void *arg)
{
	struct tls_door *door = the_door;
	struct tcp_conn *tc;
	const char *host;
	int err;

	if (!tcp || !peer)
		return EINVAL;
	err = tcp_conn_alloc(&tc, peer, eh, rh, ch, arg);
	if (err)
		return err;
	err = tcp_conn_connect(tc, peer);
	if (err) {
		mem_deref(tc);
		return err;
	}
	*tcp = tc;
	if (!door || (door->armed && door->next.client))
		return 0; /* knock() has said it */
	door->armed = false;
	host = proven_name(peer);
	if (host) {
		memset(&door->next, 0, sizeof(door->next));
		door->next.dst = *peer;
		text_cut(door->next.host, sizeof(door->next.host), host);
		door->armed = !tcp_conn_local_get(tc, &door->next.local);
	}
	return 0;
}
#endif

#if RC_TLS_NAMES
/* In place of libre's: what it would set, connecting() sets */
int tls_set_verify_server(struct tls_conn *tc, const char *host)
{
	(void)tc;
	(void)host;
	return 0;
}
#endif

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
