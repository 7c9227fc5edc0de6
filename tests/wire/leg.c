/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/wire/peer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Ids need to differ, not to be secret */
static unsigned unique(void)
{
	static unsigned n;

	return ++n;
}

static void set(char *dst, size_t size, const char *src)
{
	if (snprintf(dst, size, "%s", src) >= (int)size)
		wire_fail("too long: %s", src);
}

/* ---- session descriptions -------------------------------------------- */

void sdp_make(char *dst, size_t size, struct peer *p, const char *dir,
	      unsigned version)
{
	bool v6 = p->host[0] == '[';
	char ip[64];

	snprintf(ip, sizeof(ip), "%s", v6 ? p->host + 1 : p->host);
	ip[strcspn(ip, "]")] = '\0';
	snprintf(dst, size,
		 "v=0\r\n"
		 "o=%s 4711 %u IN %s %s\r\n"
		 "s=-\r\n"
		 "c=IN %s %s\r\n"
		 "t=0 0\r\n"
		 "m=audio %u RTP/AVP 0 8 101\r\n"
		 "a=rtpmap:0 PCMU/8000\r\n"
		 "a=rtpmap:8 PCMA/8000\r\n"
		 "a=rtpmap:101 telephone-event/8000\r\n"
		 "a=fmtp:101 0-15\r\n"
		 "a=%s\r\n",
		 p->name, version, v6 ? "IP6" : "IP4", ip, v6 ? "IP6" : "IP4",
		 ip, p->rtp_port, dir);
}

const char *sdp_dir(const struct sipmsg *m)
{
	static const char *const dirs[] = {"sendonly", "recvonly", "inactive"};

	for (unsigned i = 0; i < 3; i++) {
		char line[32];

		snprintf(line, sizeof(line), "a=%s\r\n", dirs[i]);
		if (m->body && strstr(m->body, line))
			return dirs[i];
	}
	return "sendrecv";
}

const char *sdp_flip(const char *dir)
{
	if (!strcmp(dir, "sendonly"))
		return "recvonly";
	if (!strcmp(dir, "recvonly"))
		return "sendonly";
	return dir;
}

/* ---- dialogs --------------------------------------------------------- */

static void leg_begin(struct leg *d, struct peer *p)
{
	/* a test may use the same variable twice */
	for (struct peer *q = peers_first(); q; q = q->next) {
		for (struct leg **dp = &q->legs; *dp; dp = &(*dp)->next) {
			if (*dp == d) {
				*dp = d->next;
				break;
			}
		}
	}
	memset(d, 0, sizeof(*d));
	d->p = p;
	d->conn = -1;
	d->sdp_version = 1;
	d->lcseq = 100 + unique() % 50;
	snprintf(d->ltag, sizeof(d->ltag), "%s.%u", p->name, unique());
	snprintf(d->contact, sizeof(d->contact), "<%s>", peer_uri(p, p->name));
	set(d->extra, sizeof(d->extra),
	    "Allow: INVITE, ACK, CANCEL, BYE, OPTIONS, REFER, NOTIFY\r\n"
	    "Supported: replaces\r\n");
	d->next = p->legs;
	p->legs = d;
}

static void take_contact(struct leg *d, const struct sipmsg *m)
{
	const char *val = sipmsg_hdr(m, "Contact");

	if (val)
		sip_addr_uri(d->target, sizeof(d->target), val);
}

void leg_from(struct leg *d, struct peer *p, const struct sipmsg *m)
{
	leg_begin(d, p);
	set(d->callid, sizeof(d->callid), m->callid);
	set(d->rtag, sizeof(d->rtag), m->from_tag);
	sip_addr_uri(d->local, sizeof(d->local), sipmsg_hdr(m, "To"));
	sip_addr_uri(d->remote, sizeof(d->remote), sipmsg_hdr(m, "From"));
	take_contact(d, m);
	d->rcseq = m->cseq;
	d->invite = m;
	d->conn = m->conn;
}

void leg_to(struct leg *d, struct peer *p, const char *uri)
{
	leg_begin(d, p);
	snprintf(d->callid, sizeof(d->callid), "%u@%s", unique(), p->name);
	set(d->local, sizeof(d->local), peer_uri(p, p->name));
	set(d->remote, sizeof(d->remote), uri);
	set(d->target, sizeof(d->target), uri);
}

void leg_learn(struct leg *d, const struct sipmsg *resp)
{
	set(d->rtag, sizeof(d->rtag), resp->to_tag);
	take_contact(d, resp);
	d->conn = resp->conn;
}

void leg_reply(struct leg *d, const struct sipmsg *m, unsigned code,
	       const char *reason, const char *dir)
{
	char extra[1200], sdp[700];
	bool invite = !strcmp(m->method, "INVITE");

	snprintf(extra, sizeof(extra), "Contact: %s\r\n%s", d->contact,
		 d->extra);
	if (dir) {
		sdp_make(sdp, sizeof(sdp), d->p, dir, d->sdp_version++);
		snprintf(d->dir, sizeof(d->dir), "%s", dir);
	}
	peer_reply_body(d->p, m, code, reason, d->ltag,
			invite && code < 300 ? extra : NULL,
			dir ? "application/sdp" : NULL, dir ? sdp : NULL,
			dir ? strlen(sdp) : 0);
}

struct slot {
	const char *name;
	char val[1100];
};

uint32_t leg_text(struct leg *d, const char *text, const void *body, size_t len)
{
	size_t size = strlen(text) + len + 8192;
	char *out = malloc(size);
	size_t n = 0;
	bool count = strstr(text, "[cseq]") || strstr(text, "[n]");
	const char *kind = d->p->kind == PEER_TCP ? "TCP" : "UDP";
	struct slot slots[] = {
		{"target", ""}, {"via", ""},  {"from", ""}, {"to", ""},
		{"callid", ""}, {"cseq", ""}, {"n", ""},    {"contact", ""},
		{"route", ""},  {"len", ""},
	};

	if (!out)
		abort();
	if (count)
		++d->lcseq;
	if (*d->next_branch)
		set(d->branch, sizeof(d->branch), d->next_branch);
	else
		snprintf(d->branch, sizeof(d->branch), "z9hG4bK%s%u",
			 d->p->name, unique());
	*d->next_branch = '\0';

	set(slots[0].val, sizeof(slots[0].val), d->target);
	snprintf(slots[1].val, sizeof(slots[1].val),
		 "Via: SIP/2.0/%s %s:%u;branch=%s;rport", kind, d->p->host,
		 d->p->port, d->branch);
	snprintf(slots[2].val, sizeof(slots[2].val), "From: <%s>;tag=%s",
		 d->local, d->ltag);
	snprintf(slots[3].val, sizeof(slots[3].val), "To: <%s>%s%s", d->remote,
		 *d->rtag ? ";tag=" : "", d->rtag);
	snprintf(slots[4].val, sizeof(slots[4].val), "Call-ID: %s", d->callid);
	snprintf(slots[5].val, sizeof(slots[5].val), "CSeq: %u", d->lcseq);
	snprintf(slots[6].val, sizeof(slots[6].val), "%u", d->lcseq);
	snprintf(slots[7].val, sizeof(slots[7].val), "Contact: %s", d->contact);
	set(slots[8].val, sizeof(slots[8].val), d->route);
	snprintf(slots[9].val, sizeof(slots[9].val), "Content-Length: %zu",
		 len);

	for (const char *p = text; *p;) {
		unsigned i, k = sizeof(slots) / sizeof(slots[0]);

		for (i = 0; i < k; i++) {
			size_t w = strlen(slots[i].name);

			if (*p == '[' && !strncmp(p + 1, slots[i].name, w) &&
			    p[w + 1] == ']') {
				size_t v = strlen(slots[i].val);

				memcpy(out + n, slots[i].val, v);
				n += v;
				p += w + 2;
				break;
			}
		}
		if (i == k)
			out[n++] = *p++;
	}
	memcpy(out + n, body ? body : "", len);
	n += len;
	peer_raw_conn(d->p, d->conn, out, n);
	free(out);
	return d->lcseq;
}

uint32_t leg_request_body(struct leg *d, const char *method, const char *extra,
			  const char *ctype, const void *body, size_t len)
{
	size_t size = 1024 + (extra ? strlen(extra) : 0);
	char *text = malloc(size);
	uint32_t cseq;

	if (!text)
		abort();
	snprintf(text, size,
		 "%s [target] SIP/2.0\r\n"
		 "[via]\r\n"
		 "Max-Forwards: 70\r\n"
		 "[route][from]\r\n[to]\r\n[callid]\r\n[cseq] %s\r\n"
		 "[contact]\r\n"
		 "%s%s%s%s[len]\r\n\r\n",
		 method, method, extra ? extra : "",
		 ctype ? "Content-Type: " : "", ctype ? ctype : "",
		 ctype ? "\r\n" : "");
	cseq = leg_text(d, text, body, len);
	free(text);
	return cseq;
}

uint32_t leg_request(struct leg *d, const char *method, const char *extra,
		     const char *ctype, const char *body)
{
	return leg_request_body(d, method, extra, ctype, body,
				body ? strlen(body) : 0);
}

uint32_t leg_invite(struct leg *d, const char *extra, const char *dir)
{
	char hdrs[2048], sdp[700];

	snprintf(hdrs, sizeof(hdrs), "%s%s", d->extra, extra ? extra : "");
	if (dir)
		sdp_make(sdp, sizeof(sdp), d->p, dir, d->sdp_version++);
	d->invite_cseq =
		leg_request(d, "INVITE", hdrs, dir ? "application/sdp" : NULL,
			    dir ? sdp : NULL);
	return d->invite_cseq;
}

void leg_ack(struct leg *d)
{
	char text[256];

	snprintf(text, sizeof(text),
		 "ACK [target] SIP/2.0\r\n[via]\r\nMax-Forwards: 70\r\n"
		 "[route][from]\r\n[to]\r\n[callid]\r\nCSeq: %u ACK\r\n"
		 "[len]\r\n\r\n",
		 d->invite_cseq);
	(void)leg_text(d, text, NULL, 0);
}

void leg_cancel(struct leg *d)
{
	char text[1400];

	/* same branch and target as the INVITE, and no To tag */
	set(d->next_branch, sizeof(d->next_branch), d->branch);
	snprintf(text, sizeof(text),
		 "CANCEL %s SIP/2.0\r\n[via]\r\nMax-Forwards: 70\r\n"
		 "[from]\r\nTo: <%s>\r\n[callid]\r\nCSeq: %u CANCEL\r\n"
		 "[len]\r\n\r\n",
		 d->remote, d->remote, d->invite_cseq);
	(void)leg_text(d, text, NULL, 0);
}

uint32_t leg_notify_body(struct leg *d, const char *event, const char *substate,
			 const char *ctype, const void *body, size_t len)
{
	char extra[1200];

	snprintf(extra, sizeof(extra), "%s%s%s%s%s%s", event ? "Event: " : "",
		 event ? event : "", event ? "\r\n" : "",
		 substate ? "Subscription-State: " : "",
		 substate ? substate : "", substate ? "\r\n" : "");
	return leg_request_body(d, "NOTIFY", extra, ctype, body, len);
}

uint32_t leg_notify(struct leg *d, const char *event, const char *substate,
		    const char *body)
{
	return leg_notify_body(d, event, substate,
			       body ? "message/sipfrag;version=2.0" : NULL,
			       body, body ? strlen(body) : 0);
}

void leg_notify_ok(struct leg *d, const char *event, const char *substate,
		   const char *body)
{
	uint32_t cseq = leg_notify(d, event, substate, body);

	(void)peer_expect_answer(d->p, "NOTIFY", cseq, 200);
}

void leg_expect_bye(struct leg *d, unsigned code)
{
	const struct sipmsg *m = peer_expect(d->p, "BYE");

	if (strcmp(m->callid, d->callid))
		wire_fail("%s: BYE of another call", d->p->name);
	peer_reply(d->p, m, code, code == 200 ? "OK" : "Gone", NULL);
}

void leg_bye(struct leg *d)
{
	uint32_t cseq = leg_request(d, "BYE", NULL, NULL, NULL);

	(void)peer_expect_answer(d->p, "BYE", cseq, 200);
}
