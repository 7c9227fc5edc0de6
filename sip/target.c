/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sip/target.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/text.h"

enum {
	PORT_SIP = 5060,
	PORT_SIPS = 5061,
	HOST_LEN_MAX = 253,
	SHOWN_MAX = 64, /* of what was typed, in an error text */
};

struct view {
	const char *p;
	size_t l;
};

/** A URI's parts, as written; password and parameters may be empty */
struct parts {
	bool secure;
	bool has_user;
	bool is_ip6;
	struct view user;
	struct view host;   /* without [] */
	struct view params; /* without the first ';' */
	unsigned port;      /* 0: none */
};

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_alpha(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static int hex_digit(char c)
{
	if (is_digit(c))
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;

	return -1;
}

static bool begins_fold(const char *s, const char *prefix)
{
	return !strncasecmp(s, prefix, strlen(prefix));
}

/* One character, its escape undone.  Call on checked text only */
static unsigned char next_char(struct view *v)
{
	unsigned char c = (unsigned char)*v->p;
	size_t n = 1;

	if (c == '%' && v->l >= 3) {
		c = (unsigned char)(hex_digit(v->p[1]) << 4 |
				    hex_digit(v->p[2]));
		n = 3;
	}

	v->p += n;
	v->l -= n;

	return c;
}

static unsigned char fold(unsigned char c)
{
	return c >= 'A' && c <= 'Z' ? (unsigned char)(c | 0x20) : c;
}

static bool view_same(struct view a, struct view b, bool folded)
{
	while (a.l && b.l) {
		unsigned char ca = next_char(&a), cb = next_char(&b);

		if (folded) {
			ca = fold(ca);
			cb = fold(cb);
		}
		if (ca != cb)
			return false;
	}

	return !a.l && !b.l;
}

/* ---- checking -------------------------------------------------------- */

/* Printable ASCII without what ends a URI or opens a header part, and no
 * escape that stands for a control character; NULL or what is wrong */
static const char *chars_check(const char *s)
{
	for (; *s; s++) {
		const unsigned char c = (unsigned char)*s;
		int hi, lo;

		if (c == ' ')
			return "has a blank in it";
		if (c < 0x20 || c == 0x7f)
			return "has a control character in it";
		if (c > 0x7f)
			return "has a letter that must be written as %XX";
		if (strchr("<>\"\\", c))
			return "has one of < > \" \\ in it";
		if (c == '?')
			return "has a header part, leave out all from the ?";

		if (c != '%')
			continue;

		hi = hex_digit(s[1]);
		lo = hi < 0 ? -1 : hex_digit(s[2]);
		if (lo < 0)
			return "has a % without two hex digits behind it";
		if (hi < 2 || (hi == 7 && lo == 15))
			return "has an escaped control character in it";
	}

	return NULL;
}

static bool is_ip4(const struct view *host)
{
	char buf[INET_ADDRSTRLEN];
	struct in_addr in;

	return !text_ncopy(buf, sizeof(buf), host->p, host->l) &&
	       inet_pton(AF_INET, buf, &in) == 1;
}

static bool is_ip6(const struct view *host)
{
	char buf[INET6_ADDRSTRLEN];
	struct in6_addr in;

	return !text_ncopy(buf, sizeof(buf), host->p, host->l) &&
	       inet_pton(AF_INET6, buf, &in) == 1;
}

static bool is_host_name(const struct view *host)
{
	bool numeric = true;
	char last = '.';

	if (!host->l || host->l > HOST_LEN_MAX)
		return false;

	for (size_t i = 0; i < host->l; i++) {
		const char c = host->p[i];

		if (c == '.') {
			if (last == '.')
				return false;
		} else if (is_alpha(c) || c == '-' || c == '_') {
			numeric = false;
		} else if (!is_digit(c)) {
			return false;
		}
		last = c;
	}

	/* "10.0.0" would be an address to some resolvers, to others a name */
	return !numeric || is_ip4(host);
}

static const char *port_read(struct parts *u, struct view *rest)
{
	unsigned port = 0;
	size_t n = 0;

	++rest->p;
	--rest->l;

	for (; n < rest->l && is_digit(rest->p[n]) && n < 6; n++)
		port = port * 10 + (unsigned)(rest->p[n] - '0');

	if (!n || n > 5 || !port || port > 65535)
		return "has a port that is not within 1..65535";

	u->port = port;
	rest->p += n;
	rest->l -= n;

	return NULL;
}

static const char *host_read(struct parts *u, struct view *rest)
{
	size_t n = 0;

	if (rest->l && *rest->p == '[') {
		const char *end = memchr(rest->p, ']', rest->l);

		if (!end)
			return "has a [ without ]";

		u->host.p = rest->p + 1;
		u->host.l = (size_t)(end - u->host.p);
		u->is_ip6 = true;
		if (!is_ip6(&u->host))
			return "has no IPv6 address between [ and ]";

		n = u->host.l + 2;
	} else {
		while (n < rest->l && !strchr(":;", rest->p[n]))
			++n;

		u->host.p = rest->p;
		u->host.l = n;
		if (!n)
			return "has no host, write sip:USER@HOST";
		if (!is_host_name(&u->host))
			return "has no valid host name or address";
	}

	rest->p += n;
	rest->l -= n;

	return rest->l && *rest->p == ':' ? port_read(u, rest) : NULL;
}

/* NULL, or what is wrong: continues a sentence that names the URI */
static const char *uri_split(struct parts *u, const char *uri)
{
	struct view rest;
	const char *at, *why;

	memset(u, 0, sizeof(*u));

	if (strlen(uri) >= URI_MAX)
		return "is too long";

	why = chars_check(uri);
	if (why)
		return why;

	if (begins_fold(uri, "sips:")) {
		u->secure = true;
		rest.p = uri + 5;
	} else if (begins_fold(uri, "sip:")) {
		rest.p = uri + 4;
	} else {
		return "is no sip: or sips: address";
	}
	rest.l = strlen(rest.p);

	at = memchr(rest.p, '@', rest.l);
	if (at) {
		const char *colon;

		u->has_user = true;
		u->user.p = rest.p;
		u->user.l = (size_t)(at - rest.p);

		colon = memchr(u->user.p, ':', u->user.l);
		if (colon)
			u->user.l = (size_t)(colon - u->user.p);
		if (!u->user.l)
			return "has no user before the @";

		rest.l -= (size_t)(at + 1 - rest.p);
		rest.p = at + 1;

		if (memchr(rest.p, '@', rest.l))
			return "has more than one @";
	}

	why = host_read(u, &rest);
	if (why)
		return why;

	if (!rest.l)
		return NULL;

	if (*rest.p != ';')
		return "has something behind the host that does not belong";

	u->params.p = rest.p + 1;
	u->params.l = rest.l - 1;
	if (memchr(u->params.p, ',', u->params.l))
		return "has a comma in its parameters, write %2C";

	return NULL;
}

/* Value of a parameter; false: not there */
static bool param_find(struct view params, const char *name, struct view *valp)
{
	const struct view want = {name, strlen(name)};

	while (params.l) {
		const char *semi = memchr(params.p, ';', params.l);
		struct view one = {params.p,
				   semi ? (size_t)(semi - params.p) : params.l};
		const char *eq = memchr(one.p, '=', one.l);
		struct view key = {one.p, eq ? (size_t)(eq - one.p) : one.l};

		/* escapes count for nothing: %6Daddr is maddr */
		if (key.l && view_same(key, want, true)) {
			valp->p = eq ? eq + 1 : one.p + one.l;
			valp->l = one.l - (size_t)(valp->p - one.p);
			return true;
		}

		params.l -= one.l + (semi ? 1 : 0);
		params.p += one.l + (semi ? 1 : 0);
	}

	return false;
}

bool uri_is_sane(const char *uri)
{
	struct parts u;

	return uri && !uri_split(&u, uri);
}

static struct view transport_of(const struct parts *u)
{
	struct view tp;

	if (!param_find(u->params, "transport", &tp) || !tp.l) {
		tp.p = u->secure ? "tls" : "udp";
		tp.l = 3;
	}

	return tp;
}

static unsigned port_of(const struct parts *u)
{
	const struct view tls = {"tls", 3};

	if (u->port)
		return u->port;

	return u->secure || view_same(transport_of(u), tls, true) ? PORT_SIPS
								  : PORT_SIP;
}

static bool host_same(const struct parts *a, const struct parts *b)
{
	struct view ha = a->host, hb = b->host;

	if (a->is_ip6 != b->is_ip6)
		return false;

	if (a->is_ip6) {
		char sa[INET6_ADDRSTRLEN], sb[INET6_ADDRSTRLEN];
		struct in6_addr ia, ib;

		return !text_ncopy(sa, sizeof(sa), ha.p, ha.l) &&
		       !text_ncopy(sb, sizeof(sb), hb.p, hb.l) &&
		       inet_pton(AF_INET6, sa, &ia) == 1 &&
		       inet_pton(AF_INET6, sb, &ib) == 1 &&
		       !memcmp(&ia, &ib, sizeof(ia));
	}

	if (ha.l && ha.p[ha.l - 1] == '.')
		--ha.l;
	if (hb.l && hb.p[hb.l - 1] == '.')
		--hb.l;

	return view_same(ha, hb, true);
}

bool uri_same(const char *a, const char *b)
{
	struct parts ua, ub;

	if (!a || !b || uri_split(&ua, a) || uri_split(&ub, b))
		return false;

	return ua.secure == ub.secure && ua.has_user == ub.has_user &&
	       view_same(ua.user, ub.user, false) && host_same(&ua, &ub) &&
	       port_of(&ua) == port_of(&ub) &&
	       view_same(transport_of(&ua), transport_of(&ub), true);
}

int uri_user(char *dst, size_t size, const char *uri)
{
	struct parts u;

	if (!uri || uri_split(&u, uri))
		return EINVAL;

	return text_ncopy(dst, size, u.user.l ? u.user.p : "", u.user.l);
}

int uri_host(char *dst, size_t size, const char *uri)
{
	struct parts u;

	if (!uri || uri_split(&u, uri))
		return EINVAL;

	return text_ncopy(dst, size, u.host.p, u.host.l);
}

unsigned uri_port(const char *uri)
{
	struct parts u;

	return !uri || uri_split(&u, uri) ? 0 : u.port;
}

int uri_param(char *dst, size_t size, const char *uri, const char *name)
{
	struct parts u;
	struct view val;

	if (!uri || !name || uri_split(&u, uri))
		return EINVAL;

	if (!param_find(u.params, name, &val))
		return ENOENT;

	return text_ncopy(dst, size, val.p, val.l);
}

static bool ip4_is_private(uint32_t a)
{
	/* clang-format off */
	static const struct {
		uint32_t net;
		unsigned bits;
	} netv[] = {
		{0x00000000,  8}, {0x0a000000,  8}, {0x64400000, 10},
		{0x7f000000,  8}, {0xa9fe0000, 16}, {0xac100000, 12},
		{0xc0a80000, 16},
	};
	/* clang-format on */

	for (size_t i = 0; i < sizeof(netv) / sizeof(*netv); i++) {
		if (!((a ^ netv[i].net) >> (32 - netv[i].bits)))
			return true;
	}

	return false;
}

static bool ip6_is_private(const struct in6_addr *in)
{
	const uint8_t *a = in->s6_addr;

	if (IN6_IS_ADDR_V4MAPPED(in))
		return ip4_is_private((uint32_t)a[12] << 24 |
				      (uint32_t)a[13] << 16 |
				      (uint32_t)a[14] << 8 | a[15]);

	return IN6_IS_ADDR_UNSPECIFIED(in) || IN6_IS_ADDR_LOOPBACK(in) ||
	       IN6_IS_ADDR_V4COMPAT(in) || IN6_IS_ADDR_LINKLOCAL(in) ||
	       IN6_IS_ADDR_SITELOCAL(in) || (a[0] & 0xfe) == 0xfc;
}

static bool ends_in(const char *host, const char *label)
{
	const size_t n = strlen(host), l = strlen(label);

	return n >= l && !strcasecmp(host + n - l, label) &&
	       (n == l || host[n - l - 1] == '.');
}

bool uri_host_is_private(const char *uri)
{
	char host[HOST_LEN_MAX + 1];
	struct in6_addr in6;
	struct in_addr in;
	size_t n;

	/* what cannot be read cannot be reached */
	if (uri_host(host, sizeof(host), uri))
		return true;

	if (inet_pton(AF_INET, host, &in) == 1)
		return ip4_is_private(ntohl(in.s_addr));
	if (inet_pton(AF_INET6, host, &in6) == 1)
		return ip6_is_private(&in6);

	n = strlen(host);
	if (n && host[n - 1] == '.')
		host[n - 1] = '\0';

	return ends_in(host, "invalid") || ends_in(host, "localhost") ||
	       ends_in(host, "local");
}

/* ---- from what was typed --------------------------------------------- */

struct out {
	char *p;
	size_t size;
	size_t n;
	bool over;
};

static void out_char(struct out *o, char c)
{
	if (o->n + 1 < o->size)
		o->p[o->n++] = c;
	else
		o->over = true;
}

static void out_str(struct out *o, const char *s)
{
	while (*s)
		out_char(o, *s++);
}

/* A user part as typed: what the grammar lacks is escaped, so "#31" works;
 * what is escaped already stays so */
static void out_user(struct out *o, const char *p, size_t l, bool number)
{
	static const char hex[] = "0123456789ABCDEF";

	for (; l; p++, l--) {
		const unsigned char c = (unsigned char)*p;

		if (number && strchr("-.()/ ", c))
			continue;

		if (is_digit(*p) || is_alpha(*p) ||
		    (c && strchr("-_.!~*'()&=+$,;/", c)) ||
		    (c == '%' && l > 2 && hex_digit(p[1]) >= 0 &&
		     hex_digit(p[2]) >= 0)) {
			out_char(o, *p);
			continue;
		}

		out_char(o, '%');
		out_char(o, hex[c >> 4]);
		out_char(o, hex[c & 15]);
	}
}

/* Digits, * and #, perhaps with a + in front and separators between */
static bool is_number(const char *p, size_t l)
{
	bool any = false;

	for (size_t i = 0; i < l; i++) {
		if (is_digit(p[i]) || p[i] == '*' || p[i] == '#')
			any = true;
		else if (p[i] == '+' ? any : !strchr("-.()/ ", p[i]))
			return false;
	}

	return any;
}

static int refuse(char *why, size_t size, const char *typed, const char *fmt,
		  ...) __attribute__((format(printf, 4, 5)));

static int refuse(char *why, size_t size, const char *typed, const char *fmt,
		  ...)
{
	char shown[SHOWN_MAX], text[TEXT_MAX], all[SHOWN_MAX + TEXT_MAX + 4];
	va_list ap;

	text_clean(shown, sizeof(shown), typed, strlen(typed));

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap); /* only its end is cut */
	va_end(ap);

	(void)snprintf(all, sizeof(all), "\"%s\" %s", shown, text);

	if (why && size)
		text_cut(why, size, all);

	return EINVAL;
}

/* tel:NUMBER;params -> NUMBER;params, both in the user part (RFC 3261
 * 19.1.6) */
static int from_tel(struct out *o, const char *typed, const char *number,
		    const char *domain, char *why, size_t whysize)
{
	const size_t l = strcspn(number, ";");

	if (!is_number(number, l))
		return refuse(why, whysize, typed,
			      "has no number, write tel:+441632960000");

	if (!*domain)
		return refuse(why, whysize, typed,
			      "needs an account to call through, add one or "
			      "write sip:NUMBER@HOST");

	out_str(o, "sip:");
	out_user(o, number, l, true);
	out_user(o, number + l, strlen(number + l), false);
	out_char(o, '@');
	out_str(o, domain);
	out_str(o, ";user=phone");

	return 0;
}

static int from_address(struct out *o, const char *typed, const char *at,
			char *why, size_t whysize)
{
	const size_t l = (size_t)(at - typed);

	if (memchr(typed, ':', l))
		return refuse(why, whysize, typed,
			      "cannot be called, only sip:, sips: and tel: "
			      "addresses can");

	out_str(o, "sip:");
	out_user(o, typed, l, is_number(typed, l));
	out_str(o, at);

	return 0;
}

static int from_name(struct out *o, const char *typed, const char *domain,
		     char *why, size_t whysize)
{
	const struct view host = {typed, strlen(typed)};
	const bool number = is_number(typed, host.l);

	if (strchr(typed, ':'))
		return refuse(why, whysize, typed,
			      "is no name or number, write sip:HOST:PORT or "
			      "sip:USER@HOST");

	if (is_ip4(&host))
		return refuse(why, whysize, typed,
			      "may be a number or an address, write the "
			      "number without dots or sip:ADDRESS");

	if (!number && strpbrk(typed, " \t"))
		return refuse(why, whysize, typed,
			      "has a blank in it, write a number, a name of "
			      "one word or sip:USER@HOST");

	if (!*domain)
		return refuse(why, whysize, typed,
			      "has no host and there is no account to call "
			      "through, write sip:%s@HOST",
			      number ? "NUMBER" : "NAME");

	out_str(o, "sip:");
	out_user(o, typed, host.l, number);
	out_char(o, '@');
	out_str(o, domain);

	return 0;
}

int target_uri(char *dst, size_t size, const char *typed, const char *domain,
	       char *why, size_t whysize)
{
	char word[URI_MAX], made[URI_MAX];
	struct out o = {made, sizeof(made), 0, false};
	struct parts u;
	const char *at, *bad;
	size_t l;
	int err;

	if (dst && size)
		*dst = '\0';

	while (*typed == ' ' || *typed == '\t')
		++typed;

	l = strlen(typed);
	while (l && (typed[l - 1] == ' ' || typed[l - 1] == '\t'))
		--l;

	if (!l)
		return refuse(why, whysize, "",
			      "is no target, write a number, "
			      "a name or sip:USER@HOST");

	if (text_ncopy(word, sizeof(word), typed, l)) {
		(void)refuse(why, whysize, typed,
			     "is too long, at most %d characters can be called",
			     URI_MAX - 1);
		return EOVERFLOW;
	}

	for (size_t i = 0; i < l; i++) {
		const unsigned char c = (unsigned char)word[i];

		if (c < 0x20 || c == 0x7f)
			return refuse(why, whysize, word,
				      "has a control character in it, type it "
				      "again");
	}

	at = strchr(word, '@');

	if (begins_fold(word, "sips:") || begins_fold(word, "sip:")) {
		const char *colon = strchr(word, ':');

		/* the rest of the program compares schemes as bytes */
		out_str(&o, colon == word + 4 ? "sips" : "sip");
		out_str(&o, colon);
		err = 0;
	} else if (begins_fold(word, "tel:")) {
		err = from_tel(&o, word, word + 4, domain, why, whysize);
	} else if (at) {
		err = from_address(&o, word, at, why, whysize);
	} else {
		err = from_name(&o, word, domain, why, whysize);
	}
	if (err)
		return err;

	made[o.n] = '\0';

	if (o.over) {
		(void)refuse(why, whysize, word,
			     "is too long, at most %d characters can be called",
			     URI_MAX - 1);
		return EOVERFLOW;
	}

	bad = uri_split(&u, made);
	if (bad)
		return refuse(why, whysize, word, "%s", bad);

	err = text_copy(dst, size, made);
	if (err)
		(void)refuse(why, whysize, word, "is too long");

	return err;
}
