/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>

#include "sip/priv.h"

/*
 * Every message as it crossed the wire, inside of TLS, in pieces that fit an
 * event.  Digest answers and nonces are what a password can be guessed from,
 * so they are blanked here, before anything leaves the SIP thread.
 *
 * What may be shown is listed, not what is secret: of Digest credentials that
 * read without a doubt the parameters below, of all others the scheme.
 */

static const char *const secret_headers[] = {
	"authorization",
	"proxy-authorization",
	"authentication-info",
	"proxy-authentication-info",
};

static const char *const schemes[] = {"Digest", "Basic", "Bearer"};

static const char *const harmless_params[] = {
	"username", "realm", "uri", "algorithm", "opaque", "qop", "nc",
};

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static bool is_token(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
	       (c >= 'A' && c <= 'Z') || (c && strchr("!#$%&'*+-._`~", c));
}

static char *skip_blanks(char *p, const char *end)
{
	while (p < end && is_blank(*p))
		p++;
	return p;
}

static char *skip_token(char *p, const char *end)
{
	while (p < end && is_token(*p))
		p++;
	return p;
}

static bool is_one_of(const char *p, const char *end, const char *const *v,
		      size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		const size_t len = strlen(v[i]);

		if ((size_t)(end - p) == len && !strncasecmp(p, v[i], len))
			return true;
	}
	return false;
}

/* lines stay lines, and a folded one stays folded */
static void blank_out(char *p, const char *end)
{
	bool folding = false;

	for (p = skip_blanks(p, end); p < end; p++) {
		if (*p == '\r' || *p == '\n')
			folding = true;
		else if (!folding || !is_blank(*p)) {
			folding = false;
			*p = '*';
		}
	}
}

/* behind a value, quoted or not; NULL: it is neither */
static char *skip_value(char *p, const char *end)
{
	if (p == end || *p != '"') {
		char *q = p;

		while (q<end && * q> ' ' && *q < 0x7f && !strchr("\",;", *q))
			q++;
		return q > p ? q : NULL;
	}
	for (p++; p < end && *p != '"'; p++) {
		if (*p == '\\')
			p++;
		if (p == end || ((unsigned char)*p < ' ' && *p != '\t'))
			return NULL;
	}
	return p < end ? p + 1 : NULL;
}

/* name=value, name=value: false when it is anything else.  blank: the values
 * that are not known to be harmless are overwritten, quotes stay */
static bool params_walk(char *p, const char *end, bool blank)
{
	for (p = skip_blanks(p, end); p < end; p = skip_blanks(p + 1, end)) {
		char *const name = p, *name_end, *val;

		name_end = p = skip_token(p, end);
		p = skip_blanks(p, end);
		if (name_end == name || p == end || *p != '=')
			return false;
		val = skip_blanks(p + 1, end);
		p = skip_value(val, end);
		if (!p)
			return false;
		if (blank && !is_one_of(name, name_end, harmless_params,
					COUNT_OF(harmless_params))) {
			const bool quoted = *val == '"';

			blank_out(val + quoted, p - quoted);
		}
		p = skip_blanks(p, end);
		if (p == end)
			break;
		if (*p != ',')
			return false;
	}
	return true;
}

/* the name of a secret header, colon and all, stands at p: behind it, or NULL
 * ("Authorization :" is legal too) */
static char *skip_secret_name(char *p, const char *end)
{
	char *const name_end = skip_token(p, end);
	char *const colon = skip_blanks(name_end, end);

	if (colon < end && *colon == ':' &&
	    is_one_of(p, name_end, secret_headers, COUNT_OF(secret_headers)))
		return colon + 1;
	return NULL;
}

static void redact_value(char *p, const char *end, bool has_scheme)
{
	bool digest = true;

	if (has_scheme) {
		char *const scheme = skip_blanks(p, end);
		char *const scheme_end = skip_token(scheme, end);

		/* what is no scheme we know may be the secret itself */
		if (scheme_end < end && is_blank(*scheme_end) &&
		    is_one_of(scheme, scheme_end, schemes, COUNT_OF(schemes))) {
			digest = is_one_of(scheme, scheme_end, schemes, 1);
			p = scheme_end;
		}
	}
	if (digest && params_walk(p, end, false))
		(void)params_walk(p, end, true);
	else
		blank_out(p, end);
}

/* behind the line, at whatever somebody may take for its end */
static char *next_line(char *p, const char *end)
{
	while (p < end && *p != '\r' && *p != '\n')
		p++;
	if (p + 1 < end && p[0] == '\r' && p[1] == '\n')
		p++;
	return p < end ? p + 1 : p;
}

/* The body as well: it may be a piece of another message */
void trace_redact(char *buf, size_t len)
{
	char *p = buf, *const end = buf + len;

	while (p < end) {
		char *stop = next_line(p, end), *val;

		/* a folded header goes on in the next line */
		while (stop < end && (*stop == ' ' || *stop == '\t'))
			stop = next_line(stop, end);
		while (p < stop && (*p == ' ' || *p == '\t'))
			p++;
		val = skip_secret_name(p, stop);
		if (val) {
			redact_value(val, stop,
				     !is_one_of(p, skip_token(p, stop),
						secret_headers + 2, 2));
			p = stop;
		} else {
			p = next_line(p, end);
		}
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
	trace_redact(copy, len);

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
