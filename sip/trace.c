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
	"response=", "cnonce=", "nonce=", "rspauth=", "nextnonce="};

static void blank_params(char *p, const char *end)
{
	size_t i;

	for (; p < end; p++) {
		for (i = 0; i < COUNT_OF(secret_params); i++) {
			const size_t n = strlen(secret_params[i]);
			char *q;

			if ((size_t)(end - p) < n ||
			    strncasecmp(p, secret_params[i], n))
				continue;
			q = p + n;
			if (q < end && *q == '"')
				q++;
			for (; q < end && *q != '"' && *q != ','; q++)
				*q = '*';
			p = q > p + n ? q - 1 : p;
			break;
		}
	}
}

/* A folded header goes on in the next line: the blank after it tells */
static void redact(char *buf, size_t len)
{
	char *p = buf, *end = buf + len;
	bool secret = false;

	while (p < end) {
		char *eol = memchr(p, '\n', (size_t)(end - p));
		char *stop = eol ? eol : end;
		size_t i;

		if (stop - p <= 1)
			break; /* the body */
		if (*p != ' ' && *p != '\t') {
			secret = false;
			for (i = 0; i < COUNT_OF(secret_headers); i++) {
				const char *h = secret_headers[i];
				const char *a = p;

				/* "Authorization :" is legal too */
				while (*h && *h != ':' && a < stop &&
				       (*a | 0x20) == *h) {
					a++;
					h++;
				}
				while (a < stop && (*a == ' ' || *a == '\t'))
					a++;
				if (*h == ':' && a < stop && *a == ':')
					secret = true;
			}
		}
		if (secret)
			blank_params(p, stop);
		p = stop + 1;
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
