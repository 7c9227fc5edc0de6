/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <string.h>

#include "sip/priv.h"

static bool is_named(const struct sip_hdr *hdr, const char *name,
		     const char *compact)
{
	return !pl_strcasecmp(&hdr->name, name) ||
	       (compact && !pl_strcasecmp(&hdr->name, compact));
}

const struct sip_hdr *msg_hdr(const struct sip_msg *msg, const char *name,
			      const char *compact)
{
	struct le *le;

	for (le = msg->hdrl.head; le; le = le->next) {
		const struct sip_hdr *hdr = le->data;

		if (is_named(hdr, name, compact))
			return hdr;
	}
	return NULL;
}

unsigned msg_hdr_count(const struct sip_msg *msg, const char *name,
		       const char *compact)
{
	unsigned n = 0;
	struct le *le;

	for (le = msg->hdrl.head; le; le = le->next)
		n += is_named(le->data, name, compact);
	return n;
}

/* up to the comma that ends a value: not one in quotes or in <> */
static const char *value_end(const char *p, const char *end)
{
	bool quoted = false, angled = false;

	for (; p < end; p++) {
		if (quoted) {
			if (*p == '\\' && p + 1 < end)
				p++;
			else if (*p == '"')
				quoted = false;
		} else if (*p == '"') {
			quoted = true;
		} else if (*p == '<') {
			angled = true;
		} else if (*p == '>') {
			angled = false;
		} else if (*p == ',' && !angled) {
			break;
		}
	}
	return p;
}

/* a line may be folded anywhere between values (RFC 3261 7.3.1) */
static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

bool msg_values_next(struct msg_values *v, struct pl *val)
{
	for (;;) {
		const char *stop;

		while (v->p < v->end && (is_blank(*v->p) || *v->p == ','))
			v->p++;
		if (v->p < v->end) {
			stop = value_end(v->p, v->end);
			val->p = v->p;
			val->l = (size_t)(stop - v->p);
			v->p = stop;
			while (val->l && is_blank(val->p[val->l - 1]))
				val->l--;
			return true;
		}
		v->le = v->begun ? v->le->next : v->msg->hdrl.head;
		v->begun = true;
		for (; v->le; v->le = v->le->next) {
			const struct sip_hdr *hdr = v->le->data;

			if (!is_named(hdr, v->name, v->compact))
				continue;
			v->p = hdr->val.p;
			v->end = hdr->val.p + hdr->val.l;
			break;
		}
		if (!v->le)
			return false;
	}
}

static bool list_has(const struct pl *val, const char *token)
{
	const size_t want = strlen(token);
	const char *p = val->p, *end = val->p + val->l;

	while (p < end) {
		const char *q;

		while (p < end && (*p == ' ' || *p == '\t' || *p == ','))
			p++;
		for (q = p; q < end && *q != ',' && *q != ' ' && *q != '\t' &&
			    *q != ';';
		     q++)
			;
		if ((size_t)(q - p) == want && !strncasecmp(p, token, want))
			return true;
		while (q < end && *q != ',')
			q++;
		p = q;
	}
	return false;
}

bool msg_hdr_has(const struct sip_msg *msg, const char *name,
		 const char *compact, const char *token)
{
	struct le *le;

	for (le = msg->hdrl.head; le; le = le->next) {
		const struct sip_hdr *hdr = le->data;

		if (is_named(hdr, name, compact) && list_has(&hdr->val, token))
			return true;
	}
	return false;
}

bool msg_param(const struct pl *pl, const char *name, struct pl *val)
{
	const size_t want = strlen(name);
	const char *p = pl->p, *end = pl->p + pl->l;
	bool quoted = false;

	while (p < end) {
		const char *q, *eq;

		for (; p < end && (quoted || *p != ';'); p++)
			if (*p == '"')
				quoted = !quoted;
		if (p >= end)
			break;
		p++;
		while (p < end && (*p == ' ' || *p == '\t'))
			p++;
		for (q = p; q < end && *q != ';' && *q != '='; q++)
			;
		for (eq = q; eq > p && (eq[-1] == ' ' || eq[-1] == '\t'); eq--)
			;
		if ((size_t)(eq - p) != want || strncasecmp(p, name, want)) {
			p = q;
			continue;
		}
		val->p = q;
		val->l = 0;
		if (q < end && *q == '=') {
			for (q++; q < end && (*q == ' ' || *q == '\t'); q++)
				;
			val->p = q;
			for (; q < end && *q != ';' && *q != ' ' && *q != '\t';
			     q++)
				;
			val->l = (size_t)(q - val->p);
		}
		return true;
	}
	return false;
}

bool msg_is_plain(const struct pl *pl)
{
	size_t i;

	for (i = 0; i < pl->l; i++) {
		const unsigned char c = (unsigned char)pl->p[i];

		if (c < 0x20 || c == 0x7f)
			return false;
	}
	return true;
}

bool msg_is_text(const struct pl *pl)
{
	size_t i;

	for (i = 0; i < pl->l; i++) {
		const unsigned char c = (unsigned char)pl->p[i];

		if (c == '\t')
			continue;
		if (c == '\r' && i + 2 < pl->l && pl->p[i + 1] == '\n' &&
		    (pl->p[i + 2] == ' ' || pl->p[i + 2] == '\t'))
			i++;
		else if (c < 0x20 || c == 0x7f)
			return false;
	}
	return true;
}

int msg_unfold(char **dst, const struct pl *pl)
{
	size_t i, n = 0;
	char *s;

	if (!msg_is_text(pl))
		return EBADMSG;
	s = mem_alloc(pl->l + 1, NULL);
	if (!s)
		return ENOMEM;
	/* behind a CRLF stands a blank, which is left */
	for (i = 0; i < pl->l; i++) {
		if (pl->p[i] != '\r' && pl->p[i] != '\n')
			s[n++] = pl->p[i] == '\t' ? ' ' : pl->p[i];
	}
	s[n] = '\0';
	*dst = s;
	return 0;
}

static bool is_within(const struct pl *part, const struct pl *whole)
{
	return part->p >= whole->p && part->p < whole->p + whole->l;
}

/* libre takes the last header of a hash for To and From, but its tag from
 * one before it when the last has none */
static bool addr_is_named(const struct sip_msg *msg, const char *name,
			  const char *compact, const struct sip_taddr *addr)
{
	const struct sip_hdr *hdr = msg_hdr(msg, name, compact);

	return hdr && hdr->val.p == addr->val.p &&
	       msg_hdr_count(msg, name, compact) == 1 &&
	       (!pl_isset(&addr->tag) || is_within(&addr->tag, &addr->val));
}

bool msg_core_is_named(const struct sip_msg *msg)
{
	const struct sip_hdr *id = msg_hdr(msg, "Call-ID", "i");
	const struct sip_hdr *cseq = msg_hdr(msg, "CSeq", NULL);
	const struct sip_hdr *via = msg_hdr(msg, "Via", "v");

	return addr_is_named(msg, "To", "t", &msg->to) &&
	       addr_is_named(msg, "From", "f", &msg->from) && id &&
	       id->val.p == msg->callid.p &&
	       msg_hdr_count(msg, "Call-ID", "i") == 1 && cseq &&
	       is_within(&msg->cseq.met, &cseq->val) &&
	       msg_hdr_count(msg, "CSeq", NULL) == 1 && via &&
	       via->val.p == msg->via.val.p;
}

void msg_reason(char *dst, size_t size, const struct sip_msg *msg)
{
	text_clean(dst, size, msg->reason.p ? msg->reason.p : "",
		   msg->reason.l);
	if (!dst[0])
		text_cut(dst, size, sip_reason(msg->scode));
}

uint32_t msg_retry_after(const struct sip_msg *msg)
{
	const struct sip_hdr *hdr = msg_hdr(msg, "Retry-After", NULL);

	return hdr ? pl_u32(&hdr->val) : 0;
}
