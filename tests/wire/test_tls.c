/* SPDX-License-Identifier: GPL-3.0-or-later */
/* TLS: whose connection it is, what it has proven, and what goes over it. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "tests/wire/digest.h"
#include "tests/wire/rig.h"

enum { RX_MAX = 65536, KEPT = 32 };

static const struct login md5 = {
	.realm = "pbx",
	.nonce = "n-1",
	.algorithm = "MD5",
	.user = "100",
	.password = "secret",
};

/* ---- a party of the test that speaks TLS ------------------------------- */

struct party {
	int listener, fd;
	unsigned port, conns;
	SSL_CTX *ctx;
	SSL *ssl;
	bool up, failed;
	char rx[RX_MAX];
	size_t len;
	struct sipmsg *keptv[KEPT];
	unsigned keptc;
};

static char ca_file[] = "/tmp/cordpair-tls-XXXXXX";

/* A certificate for this name (SAN), signed by itself */
static SSL_CTX *context_for(const char *san, bool trusted)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_method());
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *cert = X509_new();
	X509_EXTENSION *ext;

	X509_set_version(cert, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(cert), trusted ? 1 : 2);
	X509_gmtime_adj(X509_getm_notBefore(cert), -86400);
	X509_gmtime_adj(X509_getm_notAfter(cert), 86400);
	X509_NAME_add_entry_by_txt(
		X509_get_subject_name(cert), "CN", MBSTRING_ASC,
		(const unsigned char *)(trusted ? "one" : "two"), -1, -1, 0);
	X509_set_issuer_name(cert, X509_get_subject_name(cert));
	X509_set_pubkey(cert, key);
	ext = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, san);
	X509_add_ext(cert, ext, -1);
	X509_EXTENSION_free(ext);
	X509_sign(cert, key, EVP_sha256());
	wire_assert(SSL_CTX_use_certificate(ctx, cert) == 1);
	wire_assert(SSL_CTX_use_PrivateKey(ctx, key) == 1);
	if (trusted) {
		FILE *f = fopen(ca_file, "w");

		wire_assert(f && PEM_write_X509(f, cert));
		fclose(f);
	}
	X509_free(cert);
	EVP_PKEY_free(key);
	return ctx;
}

static struct sockaddr_in loopback(unsigned port)
{
	struct sockaddr_in sin = {.sin_family = AF_INET};

	sin.sin_port = htons((uint16_t)port);
	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return sin;
}

/* a socket on its own port, which a listener of its may have too */
static int bound(struct party *t)
{
	struct sockaddr_in sin = loopback(t->port);
	socklen_t len = sizeof(sin);
	const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on));
	wire_assert(!bind(fd, (struct sockaddr *)&sin, sizeof(sin)));
	wire_assert(!getsockname(fd, (struct sockaddr *)&sin, &len));
	t->port = ntohs(sin.sin_port);
	return fd;
}

static void nonblocking(int fd)
{
	fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
}

static void party_listen(struct party *t)
{
	t->listener = bound(t);
	nonblocking(t->listener);
	wire_assert(!listen(t->listener, 8));
}

static void party_begin(struct party *t, int fd, bool accepting)
{
	t->fd = fd;
	nonblocking(fd);
	t->ssl = SSL_new(t->ctx);
	SSL_set_fd(t->ssl, fd);
	if (accepting)
		SSL_set_accept_state(t->ssl);
	else
		SSL_set_connect_state(t->ssl);
	t->up = t->failed = false;
	t->len = 0;
	t->conns++;
}

static void party_hang_up(struct party *t)
{
	if (t->fd < 0)
		return;
	SSL_free(t->ssl);
	close(t->fd);
	t->ssl = NULL;
	t->fd = -1;
}

static struct party *party_make(const char *san)
{
	struct party *t = calloc(1, sizeof(*t));
	const int fd = mkstemp(ca_file);

	wire_assert(t && fd >= 0);
	close(fd);
	t->listener = t->fd = -1;
	t->ctx = context_for(san, true);
	return t;
}

static struct party *party_new(struct rig *r, const char *san)
{
	struct party *t = party_make(san);

	rig_option(r, EOPT_TLS_CA, 0, ca_file);
	return t;
}

static void party_free(struct party *t)
{
	party_hang_up(t);
	if (t->listener >= 0)
		close(t->listener);
	while (t->keptc)
		sipmsg_free(t->keptv[--t->keptc]);
	SSL_CTX_free(t->ctx);
	free(t);
	unlink(ca_file);
	memcpy(ca_file + sizeof(ca_file) - 7, "XXXXXX", 6);
}

static void party_serve(struct party *t)
{
	int n = 0;

	if (t->fd < 0 && t->listener >= 0) {
		const int fd = accept(t->listener, NULL, NULL);

		if (fd >= 0)
			party_begin(t, fd, true);
	}
	if (t->fd < 0 || t->failed)
		return;
	if (!t->up) {
		n = SSL_do_handshake(t->ssl);
		if (n == 1)
			t->up = true;
		else if (SSL_get_error(t->ssl, n) != SSL_ERROR_WANT_READ)
			t->failed = true;
	}
	while (t->up && t->len < RX_MAX - 1 &&
	       (n = SSL_read(t->ssl, t->rx + t->len,
			     (int)(RX_MAX - 1 - t->len))) > 0)
		t->len += (size_t)n;
	if (t->up && SSL_get_error(t->ssl, n) != SSL_ERROR_WANT_READ)
		t->failed = true;
	t->rx[t->len] = '\0';
}

/* Serve the party and all others until this is so */
static void party_until(struct party *t, bool (*h)(struct party *t),
			const char *what)
{
	for (unsigned i = 0; i < PEER_DEADLINE_MS / 5; i++) {
		struct pollfd pfd = {.fd = t->fd >= 0 ? t->fd : t->listener,
				     .events = POLLIN};

		peers_serve(0);
		party_serve(t);
		if (h(t))
			return;
		(void)poll(&pfd, 1, 5);
	}
	wire_fail("waited for %s; got %zu bytes: %s", what, t->len, t->rx);
}

static size_t message_len(struct party *t)
{
	size_t skip = strspn(t->rx, "\r\n");
	const char *end, *cl;

	memmove(t->rx, t->rx + skip, t->len - skip + 1);
	t->len -= skip;
	end = strstr(t->rx, "\r\n\r\n");
	if (!end)
		return 0;
	cl = strstr(t->rx, "\r\nContent-Length: ");
	wire_assert(cl && cl < end);
	skip = (size_t)(end + 4 - t->rx) + (size_t)atoi(cl + 18);
	return skip <= t->len ? skip : 0;
}

static bool has_message(struct party *t)
{
	return message_len(t) > 0;
}

static const struct sipmsg *party_expect(struct party *t, const char *method)
{
	struct sipmsg *m;
	size_t n;

	party_until(t, has_message, method);
	n = message_len(t);
	m = sipmsg_parse(t->rx, n);
	wire_assert(m && t->keptc < KEPT);
	t->keptv[t->keptc++] = m;
	t->len -= n;
	memmove(t->rx, t->rx + n, t->len + 1);
	if (strcmp(m->method, method) != 0)
		wire_fail("%s instead of %s", m->method, method);
	return m;
}

static void party_say(struct party *t, const char *text)
{
	wire_assert(SSL_write(t->ssl, text, (int)strlen(text)) > 0);
}

static void party_reply(struct party *t, const struct sipmsg *m, unsigned code,
			const char *reason, const char *extra)
{
	char text[4096];

	snprintf(text, sizeof(text),
		 "SIP/2.0 %u %s\r\nVia: %s\r\nFrom: %s\r\nTo: %s%s\r\n"
		 "Call-ID: %s\r\nCSeq: %s\r\n%sContent-Length: 0\r\n\r\n",
		 code, reason, sipmsg_hdr(m, "Via"), sipmsg_hdr(m, "From"),
		 sipmsg_hdr(m, "To"), *m->to_tag ? "" : ";tag=party", m->callid,
		 sipmsg_hdr(m, "CSeq"), extra);
	party_say(t, text);
}

static void party_grant(struct party *t, const struct sipmsg *m)
{
	char extra[700];

	snprintf(extra, sizeof(extra), "Contact: %s;expires=300\r\n",
		 sipmsg_hdr(m, "Contact"));
	party_reply(t, m, 200, "OK", extra);
}

static bool is_up(struct party *t)
{
	return t->up;
}

static bool has_failed(struct party *t)
{
	return t->failed;
}

static bool has_connection(struct party *t)
{
	return t->fd >= 0;
}

/* The account of this user at this host, which is the party */
static uint32_t add(struct rig *r, const struct party *t, const char *user,
		    const char *host)
{
	struct request req = {.type = REQ_ACCOUNT};
	struct account_prm *a = &req.u.account;

	snprintf(a->aor, sizeof(a->aor), "sip:%s@%s:%u", user, host, t->port);
	snprintf(a->auth_user, sizeof(a->auth_user), "100");
	snprintf(a->password, sizeof(a->password), "secret");
	a->regint = 300;
	a->transport = TRANSP_TLS;
	a->transport_set = true;
	return rig_do(r, &req);
}

/* What is still to be said goodbye to is said to nobody */
static void end(struct rig *r, struct party *t)
{
	party_free(t);
	rig_pass(r, 40000);
}

/* ---- cases ------------------------------------------------------------- */

/* Asked to log in, lost, and back with the login it knows */
static void registered(struct rig *r)
{
	struct party *t = party_new(r, "IP:127.0.0.1");
	const struct sipmsg *m;
	uint32_t id;

	party_listen(t);
	id = add(r, t, "100", "127.0.0.1");
	m = party_expect(t, "REGISTER");
	party_reply(t, m, 401, "Who?", login_challenge(&md5));
	m = party_expect(t, "REGISTER");
	login_check(m, &md5);
	party_grant(t, m);
	(void)rig_account(r, id, ACCOUNT_REGISTERED);

	party_hang_up(t);
	(void)rig_account(r, id, ACCOUNT_REGISTERING);
	rig_pass(r, 500);
	m = party_expect(t, "REGISTER");
	wire_assert(t->conns == 2);
	login_check(m, &md5);
	party_grant(t, m);
	(void)rig_account(r, id, ACCOUNT_REGISTERED);
	end(r, t);
}

/* No tls_ca: who vouches for the other side is what the system says */
static void system_authorities(struct rig *r)
{
	struct party *t = party_make("IP:127.0.0.1");
	uint32_t id;

	wire_assert(!setenv("SSL_CERT_FILE", ca_file, 1));
	party_listen(t);
	id = add(r, t, "100", "127.0.0.1");
	party_grant(t, party_expect(t, "REGISTER"));
	(void)rig_account(r, id, ACCOUNT_REGISTERED);
	wire_assert(!unsetenv("SSL_CERT_FILE"));
	end(r, t);
}

static void of_another_name(struct rig *r)
{
	struct party *t = party_new(r, "IP:127.0.0.2");
	const struct account_info *a;
	uint32_t id;

	party_listen(t);
	id = add(r, t, "100", "127.0.0.1");
	party_until(t, has_failed, "the end of the handshake");
	a = rig_account(r, id, ACCOUNT_FAILED);
	if (!strstr(a->text, "certificate is not for 127.0.0.1"))
		wire_fail("%s", a->text);
	end(r, t);
}

/* He calls us from the very address the registrar should be at */
static void opened_by_the_other_side(struct rig *r)
{
	struct party *t = party_new(r, "IP:127.0.0.1");
	const struct account_info *a;
	struct sockaddr_in sin;
	uint32_t id;
	int fd;

	fd = bound(t);
	sin = loopback((unsigned)atoi(strrchr(rig_addr(r, "tls:"), ':') + 1));
	wire_assert(!connect(fd, (struct sockaddr *)&sin, sizeof(sin)));
	party_begin(t, fd, false);
	party_until(t, is_up, "TLS");

	id = add(r, t, "100", "127.0.0.1");
	a = rig_account(r, id, ACCOUNT_FAILED);
	if (!strstr(a->text, "proves no name"))
		wire_fail("%s", a->text);
	party_serve(t);
	wire_assert(!strstr(t->rx, "REGISTER"));

	/* he goes, and the one who can prove it is asked */
	party_hang_up(t);
	party_listen(t);
	rig_pass(r, 6000);
	party_grant(t, party_expect(t, "REGISTER"));
	(void)rig_account(r, id, ACCOUNT_REGISTERED);
	end(r, t);
}

/* A connection is good for the names of its certificate, no others */
static void two_names_one_server(struct rig *r)
{
	struct party *t = party_new(r, "IP:127.0.0.1");
	const struct account_info *a;
	uint32_t id;

	party_listen(t);
	id = add(r, t, "100", "127.0.0.1");
	party_grant(t, party_expect(t, "REGISTER"));
	(void)rig_account(r, id, ACCOUNT_REGISTERED);

	id = add(r, t, "200", "localhost");
	a = rig_account(r, id, ACCOUNT_FAILED);
	if (!strstr(a->text, "localhost"))
		wire_fail("%s", a->text);
	party_serve(t);
	wire_assert(!strstr(t->rx, "REGISTER"));
	end(r, t);
}

static void two_names_both_proven(struct rig *r)
{
	struct party *t = party_new(r, "IP:127.0.0.1,DNS:localhost");
	uint32_t id;

	party_listen(t);
	id = add(r, t, "100", "127.0.0.1");
	party_grant(t, party_expect(t, "REGISTER"));
	(void)rig_account(r, id, ACCOUNT_REGISTERED);
	id = add(r, t, "200", "localhost");
	party_grant(t, party_expect(t, "REGISTER"));
	(void)rig_account(r, id, ACCOUNT_REGISTERED);
	wire_assert(t->conns == 1);
	end(r, t);
}

/* An INVITE that rings, and its connection is gone */
static uint32_t ringing(struct rig *r, struct party *t,
			const struct sipmsg **inv)
{
	char uri[64];
	uint32_t call;

	party_listen(t);
	snprintf(uri, sizeof(uri), "sip:b@127.0.0.1:%u;transport=tls", t->port);
	call = rig_req(r, REQ_DIAL, 0, uri);
	*inv = party_expect(t, "INVITE");
	party_reply(t, *inv, 180, "Ringing", "");
	(void)rig_call_is(r, call, CALL_RINGING);
	party_hang_up(t);
	rig_sync(r);
	return call;
}

static void cancel_by_a_new_connection(struct rig *r)
{
	struct party *t = party_new(r, "IP:127.0.0.1");
	const struct sipmsg *inv;
	const uint32_t call = ringing(r, t, &inv);

	rig_req(r, REQ_HANGUP, call, NULL);
	party_reply(t, party_expect(t, "CANCEL"), 200, "OK", "");
	wire_assert(t->conns == 2);
	party_reply(t, inv, 487, "Request Terminated", "");
	(void)party_expect(t, "ACK");
	(void)rig_call_is(r, call, CALL_ENDED);
	end(r, t);
}

static void cancel_to_nobody_else(struct rig *r)
{
	struct party *t = party_new(r, "IP:127.0.0.1");
	const struct sipmsg *inv;
	const uint32_t call = ringing(r, t, &inv);

	SSL_CTX_free(t->ctx);
	t->ctx = context_for("IP:127.0.0.1", false);
	rig_req(r, REQ_HANGUP, call, NULL);
	party_until(t, has_connection, "a connection");
	party_until(t, has_failed, "the end of the handshake");
	wire_assert(!t->len);
	end(r, t);
	(void)rig_call_is(r, call, CALL_ENDED);
}

/* clang-format off */
static const struct wcase cases[] = {
	{"registered, lost, registered", registered, 0},
	{"authorities of the system", system_authorities, 0},
	{"a certificate for another name", of_another_name, 0},
	{"a connection the other side opened", opened_by_the_other_side, 0},
	{"two accounts, one name proven", two_names_one_server, 0},
	{"two accounts, both proven", two_names_both_proven, 0},
	{"CANCEL by a new connection", cancel_by_a_new_connection, 0},
	{"CANCEL, but somebody else is there", cancel_to_nobody_else, 0},
};
/* clang-format on */

WIRE_MAIN("tls", cases)
