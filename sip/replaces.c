/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sip/replaces.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/text.h"
#include "sip/target.h"

enum { REFER_TO_LEN_MAX = 512 };

struct view {
	const char *p;
	size_t l;
};

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static bool is_alnum(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
	       (c >= 'A' && c <= 'Z');
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;

	return -1;
}

static void skip(struct view *v, size_t n)
{
	v->p += n;
	v->l -= n;
}

static void trim(struct view *v)
{
	while (v->l && is_blank(*v->p))
		skip(v, 1);
	while (v->l && is_blank(v->p[v->l - 1]))
		--v->l;
}

static bool view_is(const struct view *v, const char *word)
{
	return v->l == strlen(word) && !strncasecmp(v->p, word, v->l);
}

/* How far to the first of `stops` that is not inside a quoted string; false
 * when a string does not end */
static bool span(const struct view *v, const char *stops, size_t *np)
{
	bool quoted = false;
	size_t i;

	for (i = 0; i < v->l; i++) {
		const char c = v->p[i];

		if (quoted && c == '\\' && i + 1 < v->l)
			++i;
		else if (c == '"')
			quoted = !quoted;
		else if (!quoted && c && strchr(stops, c))
			break;
	}

	*np = i;

	return !quoted;
}

/* "name = value" apart; value.p is NULL without a '=' */
static void halve(const struct view *v, struct view *name, struct view *val)
{
	const char *eq = memchr(v->p, '=', v->l);

	*name = *v;
	val->p = NULL;
	val->l = 0;

	if (eq) {
		name->l = (size_t)(eq - v->p);
		val->p = eq + 1;
		val->l = v->l - name->l - 1;
		trim(val);
	}

	trim(name);
}

/* ---- Replaces -------------------------------------------------------- */

static bool all_of(const struct view *v, const char *marks)
{
	for (size_t i = 0; i < v->l; i++) {
		const char c = v->p[i];

		if (!is_alnum(c) && (!c || !strchr(marks, c)))
			return false;
	}

	return v->l > 0;
}

static bool is_token(const struct view *v)
{
	return all_of(v, "-.!%*_+`'~");
}

static bool is_word(const struct view *v)
{
	return all_of(v, "-.!%*_+`'~()<>:\\\"/[]?{}");
}

static bool is_callid(const struct view *v)
{
	const char *at = memchr(v->p, '@', v->l);
	struct view a = *v, b;

	if (!at)
		return is_word(v);

	a.l = (size_t)(at - v->p);
	b.p = at + 1;
	b.l = v->l - a.l - 1;

	return is_word(&a) && is_word(&b);
}

static int tag_take(char *dst, size_t size, const struct view *val)
{
	if (*dst || !is_token(val))
		return EBADMSG;

	return text_ncopy(dst, size, val->p, val->l);
}

static int param_take(struct replaces *r, const struct view *param)
{
	struct view name, val;

	halve(param, &name, &val);

	if (!is_token(&name))
		return EBADMSG;

	if (view_is(&name, "to-tag"))
		return tag_take(r->to_tag, sizeof(r->to_tag), &val);

	if (view_is(&name, "from-tag"))
		return tag_take(r->from_tag, sizeof(r->from_tag), &val);

	if (view_is(&name, "early-only"))
		r->early_only = true;

	return 0;
}

int replaces_decode(struct replaces *r, const char *val, size_t len)
{
	struct view rest = {val, len}, part;
	struct replaces got;
	int err;

	if (!val)
		return EBADMSG;

	memset(&got, 0, sizeof(got));

	/* a Call-ID may hold a lone '"', so quotes count behind it only */
	part = rest;
	while (part.l && *part.p != ';')
		skip(&part, 1);

	part.l = rest.l - part.l;
	part.p = rest.p;
	skip(&rest, part.l);
	trim(&part);

	if (!is_callid(&part))
		return EBADMSG;

	err = text_ncopy(got.callid, sizeof(got.callid), part.p, part.l);
	if (err)
		return err;

	while (rest.l) {
		size_t n;

		skip(&rest, 1);

		if (!span(&rest, ";,", &n))
			return EBADMSG;

		/* a comma: two values, of which none can be the right one */
		if (n < rest.l && rest.p[n] == ',')
			return EBADMSG;

		part.p = rest.p;
		part.l = n;
		skip(&rest, n);

		err = param_take(&got, &part);
		if (err)
			return err;
	}

	if (!*got.to_tag || !*got.from_tag)
		return EBADMSG;

	*r = got;

	return 0;
}

int replaces_encode(char *dst, size_t size, const struct replaces *r)
{
	const int n = snprintf(dst, size, "%s;to-tag=%s;from-tag=%s%s",
			       r->callid, *r->to_tag ? r->to_tag : "0",
			       *r->from_tag ? r->from_tag : "0",
			       r->early_only ? ";early-only" : "");

	if (n < 0 || (size_t)n >= size) {
		if (size)
			*dst = '\0';
		return EOVERFLOW;
	}

	return 0;
}

static bool tag_match(const char *asked, const char *ours)
{
	if (!ours)
		ours = "";

	return !strcmp(asked, ours) ||
	       (!*ours && (!*asked || !strcmp(asked, "0")));
}

bool replaces_match(const struct replaces *r, const char *callid,
		    const char *local_tag, const char *remote_tag)
{
	return r && callid && !strcmp(r->callid, callid) &&
	       tag_match(r->to_tag, local_tag) &&
	       tag_match(r->from_tag, remote_tag);
}

/* ---- Refer-To -------------------------------------------------------- */

int refer_to_encode(char *dst, size_t size, const char *uri,
		    const struct replaces *r, bool require)
{
	static const char hex[] = "0123456789ABCDEF";
	char plain[sizeof(struct replaces) + 64];
	char escaped[3 * sizeof(plain)];
	size_t n = 0;
	int l, err;

	plain[0] = '\0';

	if (r) {
		err = replaces_encode(plain, sizeof(plain), r);
		if (err)
			return err;
	}

	for (const char *p = plain; *p; p++) {
		const unsigned char c = (unsigned char)*p;

		if (is_alnum(*p) || strchr("-_.!~*'()", *p)) {
			escaped[n++] = *p;
		} else {
			escaped[n++] = '%';
			escaped[n++] = hex[c >> 4];
			escaped[n++] = hex[c & 15];
		}
	}
	escaped[n] = '\0';

	l = snprintf(dst, size, "<%s%s%s%s>", uri, r ? "?Replaces=" : "",
		     escaped,
		     !require ? ""
		     : r      ? "&Require=replaces"
			      : "?Require=replaces");

	if (l < 0 || (size_t)l >= size) {
		if (size)
			*dst = '\0';
		return EOVERFLOW;
	}

	return 0;
}

/* Nothing that ends a line, as itself or as an escape */
static bool is_harmless(const struct view *v)
{
	for (size_t i = 0; i < v->l; i++) {
		const unsigned char c = (unsigned char)v->p[i];
		int hi, lo;

		if ((c < 0x20 && c != '\t') || c == 0x7f)
			return false;

		if (c != '%' || v->l - i < 3)
			continue;

		hi = hex_digit(v->p[i + 1]);
		lo = hex_digit(v->p[i + 2]);
		if (hi < 0 || lo < 0)
			continue;
		if (hi < 2 || (hi == 7 && lo == 15))
			return false;
	}

	return true;
}

/* The URI between < and >, or bare up to the first ';' */
static int uri_find(struct view *uri, const struct view *val)
{
	struct view rest = *val, name;
	size_t n;

	trim(&rest);

	if (!span(&rest, "<", &n))
		return EBADMSG;

	if (n == rest.l) {
		/* bare: the parameters are the header's */
		if (!span(&rest, ";, \t", &n))
			return EBADMSG;

		uri->p = rest.p;
		uri->l = n;
		skip(&rest, n);
	} else {
		const char *end = memchr(rest.p + n, '>', rest.l - n);

		name.p = rest.p;
		name.l = n;

		/* a display name, not a bare URI with a '<' behind it */
		if (name.l && *name.p != '"' && memchr(name.p, ':', name.l))
			return EBADMSG;
		if (!end)
			return EBADMSG;

		uri->p = rest.p + n + 1;
		uri->l = (size_t)(end - uri->p);
		skip(&rest, (size_t)(end + 1 - rest.p));
	}

	trim(&rest);

	/* a second value: of which none can be the right one */
	if (!span(&rest, ",", &n) || n < rest.l)
		return EBADMSG;

	return rest.l && *rest.p != ';' ? EBADMSG : 0;
}

/* Undo escapes, once */
static int unescape(char *dst, size_t size, size_t *lenp, struct view v)
{
	size_t n = 0;

	while (v.l) {
		char c = *v.p;
		size_t eaten = 1;

		if (c == '%') {
			const int hi = v.l > 2 ? hex_digit(v.p[1]) : -1;
			const int lo = hi < 0 ? -1 : hex_digit(v.p[2]);

			if (lo < 0)
				return EBADMSG;

			c = (char)(hi << 4 | lo);
			eaten = 3;
		}

		if (n + 1 >= size)
			return EOVERFLOW;

		dst[n++] = c;
		skip(&v, eaten);
	}

	dst[n] = '\0';
	*lenp = n;

	return 0;
}

/* One URI header.  What is not asked for is dropped, never carried on */
static int header_take(struct refer_to *rt, const struct view *hdr)
{
	char buf[REFER_TO_LEN_MAX + 1];
	struct view name, val, plain;
	size_t n;
	int err;

	halve(hdr, &name, &val);
	if (!name.l || !val.p)
		return EBADMSG;

	err = unescape(buf, sizeof(buf), &n, name);
	if (err)
		return err;

	plain.p = buf;
	plain.l = n;

	if (view_is(&plain, "Replaces")) {
		if (rt->has_replaces)
			return EBADMSG;

		rt->has_replaces = true;

		err = unescape(buf, sizeof(buf), &n, val);
		return err ? err : replaces_decode(&rt->replaces, buf, n);
	}

	if (view_is(&plain, "Require")) {
		err = unescape(buf, sizeof(buf), &n, val);
		if (err)
			return err;

		plain.l = n;
		trim(&plain);
		rt->require_replaces |= view_is(&plain, "replaces");
		return 0;
	}

	return unescape(buf, sizeof(buf), &n, val);
}

static int headers_take(struct refer_to *rt, struct view rest)
{
	while (rest.l) {
		const char *amp = memchr(rest.p, '&', rest.l);
		struct view one = {rest.p,
				   amp ? (size_t)(amp - rest.p) : rest.l};
		const int err = header_take(rt, &one);

		if (err)
			return err;

		skip(&rest, one.l + (amp ? 1 : 0));
	}

	return 0;
}

/* One URI parameter; *keepp says whether it goes on to the target */
static int uri_param_check(const struct view *param, bool *keepp)
{
	char name[REFER_TO_LEN_MAX + 1], val[REFER_TO_LEN_MAX + 1];
	struct view n, v, plain = {name, 0};
	size_t l = 0;
	int err;

	*keepp = true;

	halve(param, &n, &v);

	/* escapes count for nothing: %6Daddr is maddr */
	err = unescape(name, sizeof(name), &plain.l, n);
	if (err)
		return err;

	if (view_is(&plain, "maddr") || view_is(&plain, "ttl") ||
	    view_is(&plain, "lr"))
		return EPERM;

	if (!view_is(&plain, "method"))
		return 0;

	*keepp = false;

	if (!v.p)
		return EBADMSG;

	err = unescape(val, sizeof(val), &l, v);

	return err ? err : strcasecmp(val, "INVITE") ? EPROTONOSUPPORT : 0;
}

/* The URI without its headers: copy all but `method` */
static int uri_take(struct refer_to *rt, const struct view *uri)
{
	const char *at = memchr(uri->p, '@', uri->l);
	struct view rest = *uri;
	const char *semi;
	size_t n;
	int err;

	if (at)
		skip(&rest, (size_t)(at + 1 - rest.p));

	semi = memchr(rest.p, ';', rest.l);
	n = semi ? (size_t)(semi - uri->p) : uri->l;

	err = text_ncopy(rt->uri, sizeof(rt->uri), uri->p, n);
	if (err)
		return err;

	rest.p = uri->p + n;
	rest.l = uri->l - n;

	while (rest.l) {
		struct view one;
		bool keep;

		skip(&rest, 1);
		semi = memchr(rest.p, ';', rest.l);
		one.p = rest.p;
		one.l = semi ? (size_t)(semi - rest.p) : rest.l;
		skip(&rest, one.l);

		err = uri_param_check(&one, &keep);
		if (err)
			return err;
		if (!keep)
			continue;

		if (n + 1 + one.l >= sizeof(rt->uri))
			return EOVERFLOW;

		rt->uri[n++] = ';';
		memcpy(rt->uri + n, one.p, one.l);
		n += one.l;
		rt->uri[n] = '\0';
	}

	return uri_is_sane(rt->uri) ? 0 : EBADMSG;
}

int refer_to_decode(struct refer_to *rt, const char *val, size_t len)
{
	struct view all = {val, len}, uri, scheme, headers = {NULL, 0};
	const char *mark;
	struct refer_to got;
	int err;

	if (!val)
		return EBADMSG;

	if (len > REFER_TO_LEN_MAX)
		return EOVERFLOW;

	if (!is_harmless(&all))
		return EBADMSG;

	memset(&got, 0, sizeof(got));

	err = uri_find(&uri, &all);
	if (err)
		return err;

	mark = memchr(uri.p, ':', uri.l);
	if (!mark)
		return EBADMSG;

	scheme.p = uri.p;
	scheme.l = (size_t)(mark - uri.p);

	if (!all_of(&scheme, "+-."))
		return EBADMSG;
	if (!view_is(&scheme, "sip") && !view_is(&scheme, "sips"))
		return EPROTONOSUPPORT;

	/* a '?' in the user part would be ambiguous: it opens the headers */
	mark = memchr(uri.p, '?', uri.l);
	if (mark) {
		headers.p = mark + 1;
		headers.l = uri.l - (size_t)(headers.p - uri.p);
		uri.l = (size_t)(mark - uri.p);
	}

	err = uri_take(&got, &uri);
	if (err)
		return err;

	/* the rest of the program compares schemes as bytes */
	for (char *p = got.uri; *p && *p != ':'; p++)
		*p = (char)(*p | 0x20);

	err = headers_take(&got, headers);
	if (err)
		return err;

	*rt = got;

	return 0;
}
