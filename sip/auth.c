/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sip/auth.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include "sip/recompat.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/text.h"
#include "base/thread.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

enum {
	VALUE_MAX = 1024, /* of one parameter              */
	REALMS_MAX = 8,   /* more is nobody's good will    */
	STALES_MAX = 3,   /* in a row for one request      */
	HEX_MAX = 2 * EVP_MAX_MD_SIZE + 1,
	CNONCE_BYTES = 16,
	NONCE_AGE_MAX_MS = 300000, /* of those we hand out          */
	NONCE_TIME_LEN = 16,
	NONCE_LEN = NONCE_TIME_LEN + 32,
};

struct algorithm {
	const char *name;
	const EVP_MD *(*md)(void);
	bool sess;   /* session variant: the first nonces count */
	bool strong; /* better than MD5                         */
};

/* clang-format off */
static const struct algorithm algorithmv[] = {
	{"MD5",              EVP_md5,        false, false},
	{"MD5-sess",         EVP_md5,        true,  false},
	{"SHA-256",          EVP_sha256,     false, true},
	{"SHA-256-sess",     EVP_sha256,     true,  true},
	{"SHA-512-256",      EVP_sha512_256, false, true},
	{"SHA-512-256-sess", EVP_sha512_256, true,  true},
};
/* clang-format on */

static const struct algorithm *algorithm_find(const char *name)
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
static int hash_join(char hex[HEX_MAX], const struct algorithm *alg,
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
	const struct algorithm *alg = algorithm_find(algorithm);
	char ha1[HEX_MAX], ha2[HEX_MAX], hex[HEX_MAX], count[9];
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

/* ---- reading --------------------------------------------------------- */

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

/**
 * Take the next piece off a list of challenges or credentials.
 *
 * @param name  A scheme when `val` says NULL afterwards, else a parameter
 *
 * @return 0, ENOENT at the end, EOVERFLOW (the value, read over), EBADMSG
 */
static int piece_read(struct pl *rest, struct pl *name, char *val, size_t size,
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

/* libre finds headers by twelve bits of a hash of their name */
static bool header_is(const struct sip_hdr *hdr, const char *name)
{
	return !pl_strcasecmp(&hdr->name, name);
}

/* Is `word` in the comma separated list? */
static bool list_has(const char *list, const char *word)
{
	const size_t l = strlen(word);

	while (*list) {
		size_t n;

		list += strspn(list, " \t,");
		n = strcspn(list, " \t,");
		if (n == l && !strncasecmp(list, word, l))
			return true;
		list += n;
	}

	return false;
}

/* ---- the client ------------------------------------------------------ */

/** What one challenge asks for */
struct demand {
	const struct algorithm *alg;
	bool named; /* the algorithm was given by name */
	bool qop;
	bool stale;
	char *nonce;
	char *opaque; /* NULL: none */
};

struct realm {
	struct le le;
	char *name;
	bool proxy;
	bool strong; /* has offered better than MD5, ever          */
	bool tried;  /* credentials went out for this request      */
	unsigned stales;
	uint32_t nc;
	char cnonce[2 * CNONCE_BYTES + 1];
	struct demand now; /* nonce NULL: none yet                       */

	unsigned round; /* of the message that made `next`            */
	bool next_strong;
	struct demand next;
};

struct auth {
	struct auth_cred cred;
	struct list realms;
	unsigned round;
};

static void demand_clear(struct demand *d)
{
	mem_deref(d->nonce);
	mem_deref(d->opaque);
	memset(d, 0, sizeof(*d));
}

static void realm_destructor(void *arg)
{
	struct realm *r = arg;

	list_unlink(&r->le);
	demand_clear(&r->now);
	demand_clear(&r->next);
	mem_deref(r->name);
}

static void auth_destructor(void *arg)
{
	struct auth *a = arg;

	list_flush(&a->realms);
	secret_wipe(&a->cred, sizeof(a->cred));
}

int auth_alloc(struct auth **ap, const struct auth_cred *cred)
{
	struct auth *a;

	ASSERT_SIP();

	a = mem_zalloc(sizeof(*a), auth_destructor);
	if (!a)
		return ENOMEM;

	if (cred)
		a->cred = *cred;

	*ap = a;

	return 0;
}

void auth_fresh(struct auth *a)
{
	ASSERT_SIP();

	if (!a)
		return;

	for (struct le *le = a->realms.head; le; le = le->next) {
		struct realm *r = le->data;

		r->tried = false;
		r->stales = 0;
	}
}

/** A challenge while it is read */
struct challenge {
	bool any; /* there is one                                */
	bool digest;
	bool bad;
	bool has_realm, has_nonce, has_opaque, has_algorithm, has_qop;
	bool stale;
	bool qop_auth;
	char realm[256];
	char nonce[VALUE_MAX];
	char opaque[VALUE_MAX];
	char algorithm[32];
};

static int realm_get(struct realm **rp, struct auth *a, const char *name,
		     bool proxy)
{
	struct realm *r;
	int err;

	for (struct le *le = a->realms.head; le; le = le->next) {
		r = le->data;

		if (r->proxy == proxy && !strcmp(r->name, name)) {
			*rp = r;
			return 0;
		}
	}

	if (list_count(&a->realms) >= REALMS_MAX)
		return EBADMSG;

	r = mem_zalloc(sizeof(*r), realm_destructor);
	if (!r)
		return ENOMEM;

	r->proxy = proxy;
	list_append(&a->realms, &r->le, r);

	err = str_dup(&r->name, name);
	if (err) {
		mem_deref(r);
		return err;
	}

	*rp = r;

	return 0;
}

/* Keep a whole challenge in mind; 0, or what is wrong with it */
static int challenge_take(struct auth *a, const struct challenge *ch,
			  bool proxy)
{
	const struct algorithm *alg;
	struct realm *r;
	int err;

	/* other schemes, Basic above all, are never answered */
	if (!ch->digest)
		return ENOSYS;

	if (ch->bad || !ch->has_realm || !ch->has_nonce || !*ch->nonce)
		return EBADMSG;

	alg = algorithm_find(ch->has_algorithm ? ch->algorithm : NULL);
	if (!alg || (ch->has_algorithm && !*ch->algorithm))
		return ENOSYS;
	if (ch->has_qop && !ch->qop_auth)
		return ENOSYS;

	err = realm_get(&r, a, ch->realm, proxy);
	if (err)
		return err;

	if (r->round != a->round) {
		r->round = a->round;
		r->next_strong = false;
		demand_clear(&r->next);
	}

	r->next_strong |= alg->strong;

	/* the topmost that we know is the one to answer */
	if (r->next.nonce)
		return 0;

	r->next.alg = alg;
	r->next.named = ch->has_algorithm;
	r->next.qop = ch->has_qop;
	r->next.stale = ch->stale;
	if (ch->has_opaque) {
		err = str_dup(&r->next.opaque, ch->opaque);
		if (err)
			return err;
	}

	return str_dup(&r->next.nonce, ch->nonce);
}

/* A value that does not fit or is broken spoils its challenge only */
static void challenge_param(struct challenge *ch, const struct pl *name,
			    const char *val, int err)
{
	/* clang-format off */
	const struct {
		const char *name;
		char *dst;
		size_t size;
		bool *hasp;
	} fieldv[] = {
		{"realm", ch->realm, sizeof(ch->realm), &ch->has_realm},
		{"nonce", ch->nonce, sizeof(ch->nonce), &ch->has_nonce},
		{"opaque", ch->opaque, sizeof(ch->opaque), &ch->has_opaque},
		{"algorithm", ch->algorithm, sizeof(ch->algorithm),
		 &ch->has_algorithm},
	};
	/* clang-format on */

	for (size_t i = 0; i < COUNT(fieldv); i++) {
		if (pl_strcasecmp(name, fieldv[i].name))
			continue;

		if (*fieldv[i].hasp || err)
			ch->bad = true; /* twice: which one counts? */
		*fieldv[i].hasp = true;

		/* an algorithm of such a length is none we know */
		if (text_copy(fieldv[i].dst, fieldv[i].size, val))
			ch->bad = true;
		return;
	}

	if (!pl_strcasecmp(name, "qop")) {
		ch->has_qop = true;
		ch->qop_auth |= !err && list_has(val, "auth");
	} else if (!pl_strcasecmp(name, "stale")) {
		ch->stale = !err && !strcasecmp(val, "true");
	}
}

/* The worse news wins: that all else was in order does not help */
static void verdict_add(int *errp, int err)
{
	static const int orderv[] = {EBADMSG, ENOSYS, EPERM, EAUTH, ENOMEM};
	size_t was = 0, is = 0;

	for (size_t i = 0; i < COUNT(orderv); i++) {
		if (orderv[i] == *errp)
			was = i;
		if (orderv[i] == err)
			is = i;
	}

	if (is > was)
		*errp = err;
}

/* All challenges of one header line; several may be joined by commas */
static void header_read(struct auth *a, struct challenge *ch,
			const struct sip_hdr *hdr, bool proxy, int *errp)
{
	struct pl rest = hdr->val;

	memset(ch, 0, sizeof(*ch));

	for (;;) {
		char val[VALUE_MAX];
		bool param = false;
		struct pl name;
		const int err =
			piece_read(&rest, &name, val, sizeof(val), &param);

		if (!err && !param) {
			if (ch->any)
				verdict_add(errp, challenge_take(a, ch, proxy));

			memset(ch, 0, sizeof(*ch));
			ch->any = true;
			ch->digest = !pl_strcasecmp(&name, "Digest");
			continue;
		}

		if (err == EBADMSG)
			ch->bad = true; /* and what follows is lost */
		if (err && err != EOVERFLOW)
			break;

		challenge_param(ch, &name, val, err);
	}

	verdict_add(errp, ch->any ? challenge_take(a, ch, proxy) : EBADMSG);
}

/* Make the realm's newest challenge the one to answer */
static int realm_advance(struct realm *r)
{
	uint8_t rnd[CNONCE_BYTES];

	if (r->strong && !r->next_strong)
		return EPERM;

	r->strong |= r->next_strong;

	if (r->tried) {
		if (!r->next.stale || r->stales >= STALES_MAX)
			return EAUTH;
		++r->stales;
	}

	if (RAND_bytes(rnd, sizeof(rnd)) != 1)
		return ENOMEM;

	for (size_t i = 0; i < sizeof(rnd); i++)
		(void)snprintf(r->cnonce + 2 * i, 3, "%02x", rnd[i]);

	demand_clear(&r->now);
	r->now = r->next;
	memset(&r->next, 0, sizeof(r->next));
	r->nc = 0;
	r->tried = true;

	return 0;
}

int auth_challenged(struct auth *a, const struct sip_msg *msg)
{
	struct challenge *ch;
	bool ready = false;
	int verdict = EBADMSG;

	ASSERT_SIP();

	if (!a || !msg)
		return EBADMSG;

	ch = mem_zalloc(sizeof(*ch), NULL);
	if (!ch)
		return ENOMEM;

	++a->round;

	for (struct le *le = msg->hdrl.head; le; le = le->next) {
		const struct sip_hdr *hdr = le->data;

		if (header_is(hdr, "WWW-Authenticate"))
			header_read(a, ch, hdr, false, &verdict);
		else if (header_is(hdr, "Proxy-Authenticate"))
			header_read(a, ch, hdr, true, &verdict);
	}

	mem_deref(ch);

	for (struct le *le = a->realms.head; le; le = le->next) {
		struct realm *r = le->data;
		int err;

		if (r->round != a->round || !r->next.nonce)
			continue;

		if (!*a->cred.user)
			return ENOENT;

		err = realm_advance(r);
		if (err)
			verdict_add(&verdict, err);
		else
			ready = true;
	}

	/* a wrong password stays wrong whatever else was asked for */
	if (ready && verdict != EAUTH && verdict != ENOMEM)
		return 0;

	return verdict;
}

/* ---- writing --------------------------------------------------------- */

/* The inside of a quoted string */
static int quoted_print(struct re_printf *pf, const void *arg)
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

static int realm_encode(struct mbuf *mb, const struct auth_cred *cred,
			struct realm *r, const char *method, const char *uri)
{
	const struct demand *d = &r->now;
	const char *qop = d->qop ? "auth" : NULL;
	char response[HEX_MAX];
	int err;

	++r->nc;

	err = digest_response(response, sizeof(response), d->alg->name,
			      cred->user, r->name, cred->password, method, uri,
			      d->nonce, r->cnonce, r->nc, qop);
	if (err)
		return err;

	err = mbuf_printf(mb,
			  "%sAuthorization: Digest username=\"%H\""
			  ", realm=\"%H\", nonce=\"%H\", uri=\"%H\""
			  ", response=\"%s\"",
			  r->proxy ? "Proxy-" : "", quoted_print, cred->user,
			  quoted_print, r->name, quoted_print, d->nonce,
			  quoted_print, uri, response);
	if (d->named)
		err |= mbuf_printf(mb, ", algorithm=%s", d->alg->name);
	if (d->opaque)
		err |= mbuf_printf(mb, ", opaque=\"%H\"", quoted_print,
				   d->opaque);
	if (qop || d->alg->sess)
		err |= mbuf_printf(mb, ", cnonce=\"%s\"", r->cnonce);
	if (qop)
		err |= mbuf_printf(mb, ", qop=%s, nc=%08x", qop, r->nc);

	err |= mbuf_write_str(mb, "\r\n");

	return err;
}

int auth_encode(struct mbuf *mb, struct auth *a, const char *method,
		const char *uri)
{
	int err = 0;

	ASSERT_SIP();

	if (!mb || !a)
		return 0;

	for (struct le *le = a->realms.head; le && !err; le = le->next) {
		struct realm *r = le->data;

		if (r->now.nonce)
			err = realm_encode(mb, &a->cred, r, method, uri);
	}

	return err;
}

/* ---- the server ------------------------------------------------------ */

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
	char uri[VALUE_MAX];
	char response[HEX_MAX];
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
	char text[VALUE_MAX];
	bool param;
	int err;

	memset(c, 0, sizeof(*c));

	if (piece_read(&rest, &name, text, sizeof(text), &param) || param ||
	    pl_strcasecmp(&name, "Digest"))
		return false;

	for (;;) {
		err = piece_read(&rest, &name, text, sizeof(text), &param);
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
	const struct algorithm *alg = algorithm_find(c->algorithm);
	char met[32], right[HEX_MAX], given[HEX_MAX];
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

		if (header_is(hdr, "Authorization") &&
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
			quoted_print, realm, nonce, offerv[i]);

		if (l < 0) {
			if (size)
				*dst = '\0';
			return EOVERFLOW;
		}
		n += (size_t)l;
	}

	return 0;
}
