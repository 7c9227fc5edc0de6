/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/address.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>
#include <strings.h>

#include "base/msg.h"
#include "base/text.h"

static const char *const schemes[] = {"sip:", "sips:", "tel:"};

/* Length of the scheme with its colon; 0: none; -1: one we cannot call */
static int scheme(const char *s)
{
	size_t n = 0;

	for (unsigned i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
		if (strncasecmp(s, schemes[i], strlen(schemes[i])) == 0)
			return (int)strlen(schemes[i]);
	}
	while (isalpha((unsigned char)s[n]))
		n++;

	/* "http://", "mailto:x"; but "host:5060" is a host with a port */
	return n && s[n] == ':' && !isdigit((unsigned char)s[n + 1]) ? -1 : 0;
}

/* Behind the @ (or all of it): [v6]:port or name:port, then ; or ? */
static const char *host_check(const char *host)
{
	size_t len = strcspn(host, ";?");
	const char *colon = memchr(host, ':', len);
	char port[8];
	uint32_t n;

	if (host[0] == '[') {
		const char *close = memchr(host, ']', len);

		if (!close || close == host + 1)
			return "the [ of the address is not closed";
		colon = close[1] == ':' ? close + 1 : NULL;
		if (!colon && close + 1 != host + len)
			return "something is wrong after the ]";
	}
	if (colon && (text_ncopy(port, sizeof(port), colon + 1,
				 len - (size_t)(colon + 1 - host)) ||
		      !text_u32(port, 1, 65535, &n)))
		return "a port is 1 to 65535";

	return NULL;
}

int address_check(const char *target, const char **whyp)
{
	int len = scheme(target);
	const char *rest = target + (len > 0 ? len : 0);
	const char *at = strrchr(rest, '@');
	const char *why = NULL;

	if (!target[0])
		why = "the address is empty";
	else if (strlen(target) >= URI_MAX)
		why = "the address is too long";
	else if (!text_is_clean(target))
		why = "the address has characters that cannot be in one";
	else if (len < 0)
		why = "only sip:, sips: and tel: can be called";
	else if (strpbrk(target, "<>\""))
		why = "give the address alone, without <>, \" and name";
	else if ((len > 0 || at) && strchr(target, ' '))
		why = "an address has no spaces";
	else if (!rest[0])
		why = "there is nothing after the colon";
	else if (at && (at == rest || !at[1] || strchr(";?:", at[1])))
		why = "an address is USER@HOST";
	else if (at || (len > 0 && !text_begins(target, "tel:")))
		why = host_check(at ? at + 1 : rest);
	if (!why)
		return 0;
	*whyp = why;

	return strlen(target) >= URI_MAX ? EOVERFLOW : EINVAL;
}

bool address_same(const char *a, const char *b)
{
	int la = scheme(a), lb = scheme(b);

	return strcmp(a + (la > 0 ? la : 0), b + (lb > 0 ? lb : 0)) == 0;
}

/* Digits, * and #, a + in front, separators between: then without them */
static bool strip_number(char *s)
{
	size_t n = 0, digits = 0;

	if (s[strspn(s, "+0123456789*# -.()/")])
		return false;
	for (const char *p = s; *p; p++) {
		if (*p == '+' && n)
			return false;
		digits += isdigit((unsigned char)*p) || *p == '*' || *p == '#';
	}
	if (!digits)
		return false;
	for (const char *p = s; *p; p++)
		if (!strchr(" -.()/", *p))
			s[n++] = *p;
	s[n] = '\0';

	return true;
}

void address_key(struct address_key *key, const char *uri)
{
	bool sip = strncasecmp(uri, "sip:", 4) == 0;
	bool sips = strncasecmp(uri, "sips:", 5) == 0;
	bool tel = strncasecmp(uri, "tel:", 4) == 0;
	const char *s = uri + (sips ? 5 : sip || tel ? 4 : 0);
	const char *at = tel ? NULL : strchr(s, '@');
	size_t len = at ? strcspn(s, ":;@") : strlen(s);

	key->user[0] = key->host[0] = '\0';
	if (at || (!sip && !sips))
		(void)text_ncopy(key->user, sizeof(key->user), s, len);
	if (at || sip || sips) {
		const char *host = at ? at + 1 : s;

		len = host[0] == '[' ? strcspn(host, "]")
				     : strcspn(host, ":;?");
		(void)text_ncopy(key->host, sizeof(key->host), host, len);
	}
	for (char *p = key->host; *p; p++)
		*p = (char)tolower((unsigned char)*p);
	key->number = strip_number(key->user);
	key->hash = text_hash(key->user, strlen(key->user));
}

bool address_same_party(const char *a, const char *b)
{
	struct address_key ka, kb;

	address_key(&ka, a);
	address_key(&kb, b);

	return ka.user[0] && strcmp(ka.user, kb.user) == 0 &&
	       (strcmp(ka.host, kb.host) == 0 || (ka.number && kb.number));
}
