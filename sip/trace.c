/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>

#include "sip/priv.h"

/*
 * Every message as it crossed the wire, inside of TLS, in pieces that fit an
 * event.  Digest answers and nonces are what a password can be guessed from,
 * so they are blanked here, before anything leaves the SIP thread.
 */

static const char *const secret_headers[] = {
	"authorization:",
	"proxy-authorization:",
	"authentication-info:",
};

static const char *const secret_params[] = {
	"response", "cnonce", "nonce", "rspauth", "nextnonce",
};

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* behind the value at p, overwriting it: quoted, or up to the next comma */
static char *blank_value(char *p, const char *end)
{
	const bool quoted = p < end && *p == '"';

	if (quoted)
		p++;
	for (; p < end; p++) {
		if (quoted ? *p == '"' : *p == ',' || *p == ';' || is_blank(*p))
			break;
		if (quoted && *p == '\\' && p + 1 < end)
			*p++ = '*';
		*p = '*';
	}
	return quoted && p < end ? p + 1 : p;
}

static void blank_params(char *p, const char *end)
{
	size_t i;

	while (p < end) {
		char *q = p;

		/* a name begins here; the others are passed over */
		for (i = 0; i < COUNT_OF(secret_params); i++) {
			const size_t n = strlen(secret_params[i]);

			if ((size_t)(end - p) >= n &&
			    !strncasecmp(p, secret_params[i], n))
				q = p + n;
			while (q > p && q < end && is_blank(*q))
				q++;
			if (q > p && q < end && *q == '=')
				break;
			q = p;
		}
		if (q > p) {
			for (q++; q < end && is_blank(*q); q++)
				;
			p = blank_value(q, end);
		}
		/* on to the next name, not into a quoted value */
		for (bool quoted = false; p < end; p++) {
			if (quoted && *p == '\\' && p + 1 < end)
				p++;
			else if (*p == '"')
				quoted = !quoted;
			else if (!quoted &&
				 (*p == ',' || *p == ';' || is_blank(*p)))
				break;
		}
		while (p < end && (*p == ',' || *p == ';' || is_blank(*p)))
			p++;
	}
}

static bool is_secret_header(const char *p, const char *stop)
{
	size_t i;

	for (i = 0; i < COUNT_OF(secret_headers); i++) {
		const char *h = secret_headers[i];
		const char *a = p;

		/* "Authorization :" is legal too */
		while (*h != ':' && a < stop && (*a | 0x20) == (*h | 0x20)) {
			a++;
			h++;
		}
		while (a < stop && (*a == ' ' || *a == '\t'))
			a++;
		if (*h == ':' && a < stop && *a == ':')
			return true;
	}
	return false;
}

/* A folded header goes on in the next line: the blank after it tells */
static void redact(char *buf, size_t len)
{
	char *p = buf, *end = buf + len;

	while (p < end && (*p == '\r' || *p == '\n'))
		p++;
	while (p < end) {
		char *stop = p;

		do {
			char *eol = memchr(stop, '\n', (size_t)(end - stop));

			stop = eol ? eol + 1 : end;
		} while (stop < end && (*stop == ' ' || *stop == '\t'));
		if (stop - p <= 2 && (*p == '\r' || *p == '\n'))
			break; /* the body */
		if (is_secret_header(p, stop)) {
			char *colon = memchr(p, ':', (size_t)(stop - p));
			char *scheme = colon + 1;

			/* the scheme's name, then the parameters */
			while (scheme < stop && is_blank(*scheme))
				scheme++;
			while (scheme < stop && !is_blank(*scheme) &&
			       *scheme != '=')
				scheme++;
			if (scheme < stop && *scheme == '=')
				scheme = colon + 1;
			while (scheme < stop && is_blank(*scheme))
				scheme++;
			blank_params(scheme, stop);
		}
		p = stop;
	}
}

void trace_handler(bool tx, enum sip_transp tp, const struct sa *src,
		   const struct sa *dst, const uint8_t *pkt, size_t len,
		   void *arg)
{
	struct stack *st = arg;
	struct engine *e = st->e;
	struct timeval tv;
	size_t at = 0;
	char *copy;

	ASSERT_SIP();

	/* keepalives are no messages */
	if (len < 12)
		return;
	copy = malloc(len);
	if (!copy)
		return;
	memcpy(copy, pkt, len);
	redact(copy, len);

	(void)gettimeofday(&tv, NULL);
	e->n_trace++;
	while (at < len) {
		struct trace_info *t = &engine_event(e, EV_TRACE)->u.trace;
		const size_t n =
			len - at < TRACE_PIECE ? len - at : TRACE_PIECE;

		memset(t, 0, sizeof(*t));
		t->serial = e->n_trace;
		t->wall_us =
			(uint64_t)tv.tv_sec * 1000000 + (uint64_t)tv.tv_usec;
		t->total = (uint32_t)len;
		t->offset = (uint32_t)at;
		t->len = (uint32_t)n;
		t->tp = transp_of(tp);
		t->tx = tx;
		(void)re_snprintf(t->src, sizeof(t->src), "%J", src);
		(void)re_snprintf(t->dst, sizeof(t->dst), "%J", dst);
		memcpy(t->data, copy + at, n);
		at += n;
	}
	free(copy);
}
