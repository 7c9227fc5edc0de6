/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sip/auth.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include <openssl/rand.h>

#include "base/file.h"
#include "base/text.h"
#include "base/thread.h"
#include "sip/digest.h"

/* Who is asked to log in: challenges kept by realm, and their answers. */

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

enum {
	STALES_MAX = 3, /* in a row for one request      */
	CNONCE_BYTES = 16,
};

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

/** What one challenge asks for */
struct demand {
	const struct digest_alg *alg;
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
	bool strong;    /* has offered better than MD5, ever          */
	unsigned place; /* of it in struct auth_tries */
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

/** A challenge while it is read */
struct challenge {
	bool any; /* there is one                                */
	bool digest;
	bool bad;
	bool has_realm, has_nonce, has_opaque, has_algorithm, has_qop;
	bool stale;
	bool qop_auth;
	char realm[256];
	char nonce[DIGEST_VALUE_MAX];
	char opaque[DIGEST_VALUE_MAX];
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

	if (list_count(&a->realms) >= AUTH_REALMS_MAX)
		return EBADMSG;

	r = mem_zalloc(sizeof(*r), realm_destructor);
	if (!r)
		return ENOMEM;

	r->proxy = proxy;
	r->place = list_count(&a->realms);
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
	const struct digest_alg *alg;
	struct realm *r;
	int err;

	/* other schemes, Basic above all, are never answered */
	if (!ch->digest)
		return ENOSYS;

	if (ch->bad || !ch->has_realm || !ch->has_nonce || !*ch->nonce)
		return EBADMSG;

	alg = digest_alg_find(ch->has_algorithm ? ch->algorithm : NULL);
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
		char val[DIGEST_VALUE_MAX];
		bool param = false;
		struct pl name;
		const int err =
			digest_piece(&rest, &name, val, sizeof(val), &param);

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
static int realm_advance(struct realm *r, struct auth_try *t)
{
	uint8_t rnd[CNONCE_BYTES];

	if (r->strong && !r->next_strong)
		return EPERM;

	r->strong |= r->next_strong;

	if (t->tried) {
		if (!r->next.stale || t->stales >= STALES_MAX)
			return EAUTH;
		++t->stales;
	}

	if (RAND_bytes(rnd, sizeof(rnd)) != 1)
		return ENOMEM;

	for (size_t i = 0; i < sizeof(rnd); i++)
		(void)snprintf(r->cnonce + 2 * i, 3, "%02x", rnd[i]);

	demand_clear(&r->now);
	r->now = r->next;
	memset(&r->next, 0, sizeof(r->next));
	r->nc = 0;
	t->tried = true;

	return 0;
}

int auth_challenged(struct auth *a, struct auth_tries *tries,
		    const struct sip_msg *msg)
{
	struct challenge *ch;
	bool ready = false;
	int verdict = EBADMSG;

	ASSERT_SIP();

	if (!a || !tries || !msg)
		return EBADMSG;

	ch = mem_zalloc(sizeof(*ch), NULL);
	if (!ch)
		return ENOMEM;

	++a->round;

	for (struct le *le = msg->hdrl.head; le; le = le->next) {
		const struct sip_hdr *hdr = le->data;

		if (!pl_strcasecmp(&hdr->name, "WWW-Authenticate"))
			header_read(a, ch, hdr, false, &verdict);
		else if (!pl_strcasecmp(&hdr->name, "Proxy-Authenticate"))
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

		err = realm_advance(r, &tries->v[r->place]);
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

static int realm_encode(struct mbuf *mb, const struct auth_cred *cred,
			struct realm *r, const char *method, const char *uri)
{
	const struct demand *d = &r->now;
	const char *qop = d->qop ? "auth" : NULL;
	char response[DIGEST_HEX_MAX];
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
			  r->proxy ? "Proxy-" : "", digest_quoted, cred->user,
			  digest_quoted, r->name, digest_quoted, d->nonce,
			  digest_quoted, uri, response);
	if (d->named)
		err |= mbuf_printf(mb, ", algorithm=%s", d->alg->name);
	if (d->opaque)
		err |= mbuf_printf(mb, ", opaque=\"%H\"", digest_quoted,
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
