/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/wire/peer.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static void copy_n(char *dst, size_t size, const char *src, size_t len)
{
	if (len >= size)
		len = size - 1;
	memcpy(dst, src, len);
	dst[len] = '\0';
}

/* Value of ";name=" behind the <> of a header value */
static void tag_of(char *dst, size_t size, const char *val, const char *name)
{
	const char *p = val ? strchr(val, '>') : NULL;
	size_t n = strlen(name);

	dst[0] = '\0';
	if (!val)
		return;
	if (!p)
		p = val;

	while ((p = strchr(p, ';'))) {
		++p;
		while (*p == ' ')
			++p;
		if (!strncasecmp(p, name, n) && p[n] == '=') {
			p += n + 1;
			copy_n(dst, size, p, strcspn(p, "; ,\t"));
			return;
		}
	}
}

static bool first_line(struct sipmsg *m, char *line)
{
	char *sp = strchr(line, ' ');

	if (!sp)
		return false;

	if (!strncasecmp(line, "SIP/2.0 ", 8)) {
		m->code = (unsigned)atoi(line + 8);
		sp = strchr(sp + 1, ' ');
		copy_n(m->uri, sizeof(m->uri), sp ? sp + 1 : "",
		       sp ? strlen(sp + 1) : 0);
		return m->code >= 100;
	}

	m->request = true;
	copy_n(m->method, sizeof(m->method), line, (size_t)(sp - line));
	copy_n(m->uri, sizeof(m->uri), sp + 1, strcspn(sp + 1, " "));
	return strstr(sp, "SIP/2.0") != NULL;
}

static void known_headers(struct sipmsg *m)
{
	const char *val;

	val = sipmsg_hdr(m, "CSeq");
	if (val) {
		char *end;

		m->cseq = (uint32_t)strtoul(val, &end, 10);
		while (*end == ' ')
			++end;
		if (!m->request)
			copy_n(m->method, sizeof(m->method), end, strlen(end));
	}
	val = sipmsg_hdr(m, "Call-ID");
	if (val)
		copy_n(m->callid, sizeof(m->callid), val, strlen(val));
	tag_of(m->branch, sizeof(m->branch), sipmsg_hdr(m, "Via"), "branch");
	tag_of(m->from_tag, sizeof(m->from_tag), sipmsg_hdr(m, "From"), "tag");
	tag_of(m->to_tag, sizeof(m->to_tag), sipmsg_hdr(m, "To"), "tag");
}

struct sipmsg *sipmsg_parse(const char *raw, size_t len)
{
	struct sipmsg *m = calloc(1, sizeof(*m));
	char *line, *next, *end;

	if (!m)
		abort();
	m->raw = malloc(len + 1);
	m->text = malloc(len + 1);
	if (!m->raw || !m->text)
		abort();
	memcpy(m->raw, raw, len);
	memcpy(m->text, raw, len);
	m->raw[len] = m->text[len] = '\0';
	m->len = len;
	m->conn = -1;

	end = strstr(m->text, "\r\n\r\n");
	if (!end)
		goto bad;
	m->body = m->raw + (end - m->text) + 4;
	m->body_len = len - (size_t)(end - m->text) - 4;
	end[2] = '\0';
	/* a folded line is part of the one before */
	for (char *c = m->text; (c = strstr(c, "\r\n")); c += 2) {
		if (c[2] == ' ' || c[2] == '\t')
			c[0] = c[1] = ' ';
	}

	line = m->text;
	next = strstr(line, "\r\n");
	*next = '\0';
	if (!first_line(m, line))
		goto bad;

	for (line = next + 2; *line; line = next + 2) {
		char *colon, *name_end;

		next = strstr(line, "\r\n");
		if (!next)
			goto bad;
		*next = '\0';
		colon = strchr(line, ':');
		if (!colon || m->hdrc == SIPMSG_HDRS)
			goto bad;
		for (name_end = colon; name_end > line; --name_end) {
			if (name_end[-1] != ' ' && name_end[-1] != '\t')
				break;
		}
		*name_end = '\0';
		*colon = '\0';
		++colon;
		while (*colon == ' ' || *colon == '\t')
			++colon;
		m->hdrv[m->hdrc].name = line;
		m->hdrv[m->hdrc].val = colon;
		++m->hdrc;
	}

	known_headers(m);
	return m;

bad:
	sipmsg_free(m);
	return NULL;
}

void sipmsg_free(struct sipmsg *m)
{
	if (!m)
		return;
	free(m->raw);
	free(m->text);
	free(m);
}

const char *sipmsg_nth(const struct sipmsg *m, const char *name, unsigned nth)
{
	for (unsigned i = 0; i < m->hdrc; i++) {
		if (strcasecmp(m->hdrv[i].name, name))
			continue;
		if (nth-- == 0)
			return m->hdrv[i].val;
	}
	return NULL;
}

const char *sipmsg_hdr(const struct sipmsg *m, const char *name)
{
	return sipmsg_nth(m, name, 0);
}

unsigned sipmsg_count(const struct sipmsg *m, const char *name)
{
	unsigned n = 0;

	while (sipmsg_nth(m, name, n))
		++n;
	return n;
}

bool sipmsg_lists(const struct sipmsg *m, const char *name, const char *token)
{
	const char *val;
	size_t n = strlen(token);

	for (unsigned i = 0; (val = sipmsg_nth(m, name, i)); i++) {
		while (*val) {
			size_t len;

			val += strspn(val, ", \t");
			len = strcspn(val, ", \t");
			if (len == n && !strncasecmp(val, token, n))
				return true;
			val += len;
		}
	}
	return false;
}

void sip_addr_uri(char *dst, size_t size, const char *val)
{
	const char *lt = strchr(val, '<');

	if (lt)
		copy_n(dst, size, lt + 1, strcspn(lt + 1, ">"));
	else
		copy_n(dst, size, val, strcspn(val, "; \t"));
}

static void unescape(char *s)
{
	char *d = s;

	for (; *s; ++s) {
		unsigned v;

		if (s[0] == '%' && isxdigit((unsigned char)s[1]) &&
		    isxdigit((unsigned char)s[2]) &&
		    sscanf(s + 1, "%2x", &v) == 1) {
			*d++ = (char)v;
			s += 2;
			continue;
		}
		*d++ = *s;
	}
	*d = '\0';
}

static void replaces_parse(struct refto *rt, char *val)
{
	char *save = NULL;
	char *p = strtok_r(val, ";", &save);

	rt->replaces = true;
	if (p)
		copy_n(rt->callid, sizeof(rt->callid), p, strlen(p));
	while ((p = strtok_r(NULL, ";", &save))) {
		if (!strncasecmp(p, "to-tag=", 7))
			copy_n(rt->to_tag, sizeof(rt->to_tag), p + 7,
			       strlen(p + 7));
		else if (!strncasecmp(p, "from-tag=", 9))
			copy_n(rt->from_tag, sizeof(rt->from_tag), p + 9,
			       strlen(p + 9));
		else if (!strcasecmp(p, "early-only"))
			rt->early_only = true;
	}
}

void refto_parse(struct refto *rt, const struct sipmsg *m)
{
	const char *val = sipmsg_hdr(m, "Refer-To");
	char uri[1024];
	char *hdrs, *p, *save = NULL;

	memset(rt, 0, sizeof(*rt));
	if (!val)
		return;
	sip_addr_uri(uri, sizeof(uri), val);
	hdrs = strchr(uri, '?');
	if (hdrs)
		*hdrs++ = '\0';
	copy_n(rt->uri, sizeof(rt->uri), uri, strlen(uri));
	if (!hdrs)
		return;

	for (p = strtok_r(hdrs, "&", &save); p;
	     p = strtok_r(NULL, "&", &save)) {
		char *eq = strchr(p, '=');

		if (!eq)
			continue;
		*eq++ = '\0';
		unescape(eq);
		if (!strcasecmp(p, "Replaces"))
			replaces_parse(rt, eq);
		else if (!strcasecmp(p, "Require"))
			copy_n(rt->require, sizeof(rt->require), eq,
			       strlen(eq));
	}
}
