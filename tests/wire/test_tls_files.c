/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tls_ca and tls_cert: a file that will not do is refused with words, and what
 * was in force before it still is. */
#include <arpa/inet.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

#include "tests/wire/rig.h"

/* ---- files --------------------------------------------------------------- */

struct pair {
	EVP_PKEY *key;
	X509 *cert;
};

enum file { GOOD, CERT_ALONE, KEY_OF_ANOTHER, RUBBISH, PIPE, MISSING, FILES };

struct files {
	char dir[64];
	char path[FILES][96];
	struct pair good, other;
};

/* Its own authority, for 127.0.0.1 */
static void pair_make(struct pair *p, const char *name)
{
	X509_NAME *n;
	X509_EXTENSION *ext;

	p->key = EVP_EC_gen("P-256");
	p->cert = X509_new();
	wire_assert(p->key && p->cert);
	(void)X509_set_version(p->cert, 2);
	(void)ASN1_INTEGER_set(X509_get_serialNumber(p->cert), 1);
	(void)X509_gmtime_adj(X509_getm_notBefore(p->cert), -3600);
	(void)X509_gmtime_adj(X509_getm_notAfter(p->cert), 3600);
	n = X509_get_subject_name(p->cert);
	(void)X509_NAME_add_entry_by_txt(
		n, "CN", MBSTRING_ASC, (const unsigned char *)name, -1, -1, 0);
	(void)X509_set_issuer_name(p->cert, n);
	(void)X509_set_pubkey(p->cert, p->key);
	ext = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name,
				  "IP:127.0.0.1");
	wire_assert(ext && X509_add_ext(p->cert, ext, -1));
	X509_EXTENSION_free(ext);
	wire_assert(X509_sign(p->cert, p->key, EVP_sha256()) > 0);
}

static void pem(const char *path, X509 *cert, EVP_PKEY *key)
{
	FILE *f = fopen(path, "w");

	wire_assert(f);
	if (cert)
		wire_assert(PEM_write_X509(f, cert));
	if (key)
		wire_assert(PEM_write_PrivateKey(f, key, NULL, NULL, 0, NULL,
						 NULL));
	if (!cert && !key)
		(void)fputs("rubbish\n", f);
	(void)fclose(f);
}

static void files_new(struct files *f)
{
	snprintf(f->dir, sizeof(f->dir), "/tmp/cordpair-tls-XXXXXX");
	wire_assert(mkdtemp(f->dir));
	for (unsigned i = 0; i < FILES; i++)
		snprintf(f->path[i], sizeof(f->path[i]), "%s/%u", f->dir, i);
	pair_make(&f->good, "good");
	pair_make(&f->other, "other");
	pem(f->path[GOOD], f->good.cert, f->good.key);
	pem(f->path[CERT_ALONE], f->other.cert, NULL);
	pem(f->path[KEY_OF_ANOTHER], f->other.cert, f->good.key);
	pem(f->path[RUBBISH], NULL, NULL);
	wire_assert(!mkfifo(f->path[PIPE], 0600));
}

static void files_free(struct files *f)
{
	for (unsigned i = 0; i < FILES; i++)
		(void)unlink(f->path[i]);
	(void)rmdir(f->dir);
	EVP_PKEY_free(f->good.key);
	EVP_PKEY_free(f->other.key);
	X509_free(f->good.cert);
	X509_free(f->other.cert);
}

static void refused(struct rig *r, enum engine_option opt, const char *path)
{
	struct request req = {.type = REQ_OPTION, .option = opt};
	const struct reply_info *y;

	snprintf(req.u.text, sizeof(req.u.text), "%s", path);
	y = rig_reply(r, rig_post(r, &req));
	if (!y->err || !strstr(y->error, path))
		wire_fail("%s: %d \"%s\"", path, y->err, y->error);
}

/* ---- what the engine shows ----------------------------------------------- */

static int tcp_socket(unsigned port, bool listens)
{
	struct sockaddr_in in = {.sin_family = AF_INET};
	struct timeval limit = {.tv_sec = PEER_DEADLINE_MS / 1000};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	in.sin_port = htons((uint16_t)port);
	wire_assert(fd >= 0);
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	if (listens)
		wire_assert(!bind(fd, (struct sockaddr *)&in, sizeof(in)) &&
			    !listen(fd, 4));
	else
		wire_assert(!connect(fd, (struct sockaddr *)&in, sizeof(in)));
	return fd;
}

/* Who calls us by TLS is shown the certificate of this name */
static void shows(struct rig *r, const char *name)
{
	const char *addr = rig_addr(r, "tls:");
	int fd = tcp_socket((unsigned)atoi(strrchr(addr, ':') + 1), false);
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
	SSL *ssl = ctx ? SSL_new(ctx) : NULL;
	char got[80] = "";
	X509 *cert = NULL;

	wire_assert(ssl && SSL_set_fd(ssl, fd));
	if (SSL_connect(ssl) == 1)
		cert = SSL_get1_peer_certificate(ssl);
	if (cert)
		(void)X509_NAME_get_text_by_NID(X509_get_subject_name(cert),
						NID_commonName, got,
						sizeof(got));
	X509_free(cert);
	SSL_free(ssl);
	SSL_CTX_free(ctx);
	(void)close(fd);
	if (strcmp(got, name) != 0)
		wire_fail("it shows \"%s\" instead of \"%s\"", got, name);
}

static void bad_certs(struct rig *r, const struct files *f, const char *name)
{
	shows(r, name);
	for (unsigned i = GOOD + 1; i < FILES; i++) {
		refused(r, EOPT_TLS_CERT, f->path[i]);
		ladder_add("     .. %s", f->path[i]);
		shows(r, name);
	}
	refused(r, EOPT_TLS_CERT, f->dir);
	shows(r, name);
}

static void bad_tls_cert(struct rig *r)
{
	struct files f;

	files_new(&f);
	/* its own making first */
	bad_certs(r, &f, "cordpair");
	rig_option(r, EOPT_TLS_CERT, 0, f.path[GOOD]);
	bad_certs(r, &f, "good");
	rig_option(r, EOPT_TLS_CERT, 0, "");
	shows(r, "cordpair");
	files_free(&f);
}

/* ---- whom it trusts ------------------------------------------------------ */

/* A call by TLS to who shows the good one: does the INVITE come? */
static void trusts_the_good_one(struct rig *r, const struct files *f)
{
	int fd, lfd = tcp_socket(0, true);
	SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
	SSL *ssl = ctx ? SSL_new(ctx) : NULL;
	struct sockaddr_in in;
	socklen_t len = sizeof(in);
	char uri[80], got[16] = "";
	uint32_t call;

	wire_assert(ssl && SSL_use_certificate(ssl, f->good.cert) &&
		    SSL_use_PrivateKey(ssl, f->good.key));
	wire_assert(!getsockname(lfd, (struct sockaddr *)&in, &len));
	snprintf(uri, sizeof(uri), "sip:x@127.0.0.1:%u;transport=tls",
		 ntohs(in.sin_port));
	call = rig_req(r, REQ_DIAL, 0, uri);
	fd = accept(lfd, NULL, NULL);
	wire_assert(fd >= 0 && SSL_set_fd(ssl, fd));
	/* empty lines before a message are none (RFC 3261 7.5) */
	if (SSL_accept(ssl) == 1)
		while (SSL_read(ssl, got, 7) > 0 && got[0] == '\r')
			memset(got, 0, sizeof(got));
	SSL_free(ssl);
	SSL_CTX_free(ctx);
	(void)close(fd);
	(void)close(lfd);
	if (strcmp(got, "INVITE ") != 0)
		wire_fail("no INVITE: \"%s\"", got);
	rig_pass(r, 33000);
	(void)rig_call_is(r, call, CALL_ENDED);
}

static void bad_tls_ca(struct rig *r)
{
	struct files f;

	files_new(&f);
	rig_option(r, EOPT_TLS_CA, 0, f.path[GOOD]);
	for (unsigned i = RUBBISH; i < FILES; i++) {
		refused(r, EOPT_TLS_CA, f.path[i]);
		/* this looks at the files in force once more */
		rig_option(r, EOPT_TLS_VERIFY, 1, "");
		rig_option(r, EOPT_TLS_CERT, 0, "");
	}
	trusts_the_good_one(r, &f);
	files_free(&f);
}

/* clang-format off */
static const struct wcase cases[] = {
	{"tls_cert: bad ones", bad_tls_cert, 0},
	{"tls_ca: bad ones", bad_tls_ca, 0},
};
/* clang-format on */

WIRE_MAIN("tls-files", cases)
