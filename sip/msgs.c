/* SPDX-License-Identifier: GPL-3.0-or-later */
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

bool msg_values_next(struct msg_values *v, struct pl *val)
{
	for (;;) {
		const char *stop;

		while (v->p < v->end &&
		       (*v->p == ' ' || *v->p == '\t' || *v->p == ','))
			v->p++;
		if (v->p < v->end) {
			stop = value_end(v->p, v->end);
			val->p = v->p;
			val->l = (size_t)(stop - v->p);
			v->p = stop;
			while (val->l && (val->p[val->l - 1] == ' ' ||
					  val->p[val->l - 1] == '\t'))
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

bool msg_core_is_named(const struct sip_msg *msg)
{
	const struct sip_hdr *to = msg_hdr(msg, "To", "t");
	const struct sip_hdr *from = msg_hdr(msg, "From", "f");
	const struct sip_hdr *id = msg_hdr(msg, "Call-ID", "i");
	const struct sip_hdr *cseq = msg_hdr(msg, "CSeq", NULL);

	return to && to->val.p == msg->to.val.p && from &&
	       from->val.p == msg->from.val.p && id &&
	       id->val.p == msg->callid.p && cseq &&
	       msg->cseq.met.p >= cseq->val.p &&
	       msg->cseq.met.p < cseq->val.p + cseq->val.l &&
	       msg_hdr_count(msg, "To", "t") == 1 &&
	       msg_hdr_count(msg, "From", "f") == 1 &&
	       msg_hdr_count(msg, "Call-ID", "i") == 1 &&
	       msg_hdr_count(msg, "CSeq", NULL) == 1;
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
