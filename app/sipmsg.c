/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/sipmsg.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/text.h"

/* A part of the message */
struct span {
	const char *p;
	size_t n;
};

enum header {
	H_CALL_ID,
	H_CSEQ,
	H_TO,
	H_REFER_TO,
	H_EVENT,
	H_STATE,
	H_TYPE,
	H_REASON,
	H_REPLACES,
	H_COUNT
};

static const struct {
	const char *name, *compact;
} headers[H_COUNT] = {
	[H_CALL_ID] = {"Call-ID", "i"},
	[H_CSEQ] = {"CSeq", NULL},
	[H_TO] = {"To", "t"},
	[H_REFER_TO] = {"Refer-To", "r"},
	[H_EVENT] = {"Event", "o"},
	[H_STATE] = {"Subscription-State", NULL},
	[H_TYPE] = {"Content-Type", "c"},
	[H_REASON] = {"Reason", NULL},
	[H_REPLACES] = {"Replaces", NULL},
};

static const char none[] = ""; /* where a header that is missing points */

struct message {
	struct span first; /* line */
	struct span head[H_COUNT];
	struct span body;
};

/* ---- cutting it up --------------------------------------------------- */

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static struct span trim(struct span s)
{
	while (s.n && is_blank(s.p[0])) {
		s.p++;
		s.n--;
	}
	while (s.n && is_blank(s.p[s.n - 1]))
		s.n--;

	return s;
}

/* Take a line off; without its end */
static struct span take_line(struct span *rest)
{
	const char *nl = rest->n ? memchr(rest->p, '\n', rest->n) : NULL;
	struct span line = {rest->p, nl ? (size_t)(nl - rest->p) : rest->n};
	size_t eaten = line.n + (nl != NULL);

	rest->p += eaten;
	rest->n -= eaten;
	if (line.n && line.p[line.n - 1] == '\r')
		line.n--;

	return line;
}

/* Take a word off, up to a blank */
static struct span take_word(struct span *rest)
{
	struct span word;

	*rest = trim(*rest);
	word = (struct span){rest->p, 0};
	while (word.n < rest->n && !is_blank(rest->p[word.n]))
		word.n++;
	rest->p += word.n;
	rest->n -= word.n;

	return word;
}

static bool is_word(struct span s, const char *word)
{
	return s.n == strlen(word) && strncasecmp(s.p, word, s.n) == 0;
}

static bool has_word(struct span s, const char *word)
{
	size_t n = strlen(word);

	for (size_t i = 0; i + n <= s.n; i++)
		if (strncasecmp(s.p + i, word, n) == 0)
			return true;

	return false;
}

/* The first of a name counts */
static void take_header(struct message *m, struct span line)
{
	const char *colon = memchr(line.p, ':', line.n);
	struct span name, value;

	if (!colon)
		return;
	name = trim((struct span){line.p, (size_t)(colon - line.p)});
	value = trim((struct span){colon + 1,
				   line.n - (size_t)(colon - line.p) - 1});
	for (int i = 0; i < H_COUNT; i++) {
		bool is = is_word(name, headers[i].name) ||
			  (headers[i].compact &&
			   is_word(name, headers[i].compact));

		if (is && m->head[i].p == none)
			m->head[i] = value;
	}
}

static void cut_up(struct message *m, const char *raw, size_t len)
{
	struct span rest = {raw, len < SIPMSG_HEAD ? len : SIPMSG_HEAD};
	size_t at;

	for (int i = 0; i < H_COUNT; i++)
		m->head[i] = (struct span){none, 0};
	while (rest.n && (rest.p[0] == '\r' || rest.p[0] == '\n')) {
		rest.p++;
		rest.n--;
	}
	m->first = take_line(&rest);
	while (rest.n) {
		struct span line = take_line(&rest);

		if (!line.n)
			break;
		/* a line that begins with a blank goes on with the one before:
		 * its value is both, with the line end in it */
		while (rest.n && (rest.p[0] == ' ' || rest.p[0] == '\t')) {
			struct span more = take_line(&rest);

			line.n = (size_t)(more.p + more.n - line.p);
		}
		take_header(m, line);
	}
	at = (size_t)(rest.p - raw);
	m->body = (struct span){rest.p, len - at < SIPMSG_HEAD ? len - at
							       : SIPMSG_HEAD};
}

/* ---- reading it ------------------------------------------------------ */

/* Three digits that are a status, or 0 */
static unsigned status_of(struct span s)
{
	unsigned code = 0;

	if (s.n != 3)
		return 0;
	for (size_t i = 0; i < 3; i++) {
		if (s.p[i] < '0' || s.p[i] > '9')
			return 0;
		code = code * 10 + (unsigned)(s.p[i] - '0');
	}

	return code >= 100 && code < 700 ? code : 0;
}

/* "SIP/2.0 180 Ringing"; its phrase is what is left of *line */
static unsigned take_status(struct span *line)
{
	if (!is_word(take_word(line), "SIP/2.0"))
		return 0;

	return status_of(take_word(line));
}

static void put(char *dst, size_t size, struct span s)
{
	s = trim(s);
	text_clean(dst, size, s.p, s.n);
}

/* Put it behind what is there, parted by blanks */
static void add(struct sip_line *l, const char *blanks, struct span s)
{
	size_t n = strlen(l->what);

	s = trim(s);
	if (!s.n)
		return;
	if (n) {
		text_cut(l->what + n, sizeof(l->what) - n, blanks);
		n = strlen(l->what);
	}
	put(l->what + n, sizeof(l->what) - n, s);
}

static void add_text(struct sip_line *l, const char *blanks, const char *text)
{
	add(l, blanks, (struct span){text, strlen(text)});
}

static void read_cseq(struct sip_line *l, struct span cseq)
{
	struct span number = take_word(&cseq);
	char digits[12] = "";

	(void)text_ncopy(digits, sizeof(digits), number.p, number.n);
	(void)text_u32(digits, 0, UINT32_MAX, &l->cseq); /* else 0 */
	if (l->code)
		put(l->method, sizeof(l->method), cseq);
}

/* ---- what matters, by method ----------------------------------------- */

/* Which way the sound goes, as the first that says so has it; NULL: unsaid.
 * *holdp: the other side is asked to be silent */
static const char *direction(struct span sdp, bool *holdp)
{
	static const char *const words[] = {"sendrecv", "sendonly", "recvonly",
					    "inactive"};
	const char *way = NULL;
	bool nowhere = false;

	while (sdp.n && !way) {
		struct span line = trim(take_line(&sdp));

		if (is_word(line, "c=IN IP4 0.0.0.0"))
			nowhere = true;
		if (line.n < 2 || line.p[0] != 'a' || line.p[1] != '=')
			continue;
		line.p += 2;
		line.n -= 2;
		for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
			if (is_word(line, words[i]))
				way = words[i];
	}
	*holdp = nowhere || (way && (way == words[1] || way == words[3]));

	return way;
}

/* "sip:202@pbx  sendonly (hold)"; the URI is cut before the rest is */
static void say_offer(struct sip_line *l, const struct message *m,
		      struct span uri)
{
	bool again = has_word(m->head[H_TO], ";tag="), hold = false;
	const char *way = NULL;
	char short_uri[120];

	put(short_uri, sizeof(short_uri), uri);
	add_text(l, "", short_uri);
	if (m->head[H_REPLACES].n)
		add_text(l, "  ", "Replaces");
	if (!has_word(m->head[H_TYPE], "sdp"))
		return;

	way = direction(m->body, &hold);
	if (!way)
		way = "sendrecv";
	if (again || hold || strcmp(way, "sendrecv") != 0)
		add_text(l, "  ", way);
	if (hold)
		add_text(l, " ", "(hold)");
}

static void say_notify(struct sip_line *l, const struct message *m)
{
	struct span event = m->head[H_EVENT], body = trim(m->body), frag;
	size_t n = 0;

	/* the id of an event tells a reader nothing */
	while (n < event.n && event.p[n] != ';')
		n++;
	event.n = n;
	event = trim(event);

	if (is_word(event, "refer") || has_word(m->head[H_TYPE], "sipfrag")) {
		frag = take_line(&body);
		add(l, "", frag);
		l->report = take_status(&frag);
	} else {
		add(l, "", event);
	}
	add(l, "   ", m->head[H_STATE]);
}

static void say_request(struct sip_line *l, const struct message *m,
			struct span uri)
{
	if (!m->first.n) {
		add_text(l, "", "keep-alive");
	} else if (!l->method[0]) {
		add(l, "", m->first);
	} else if (!strcmp(l->method, "REFER") && m->head[H_REFER_TO].n) {
		add_text(l, "", "Refer-To:");
		add(l, " ", m->head[H_REFER_TO]);
	} else if (!strcmp(l->method, "NOTIFY")) {
		say_notify(l, m);
	} else if (!strcmp(l->method, "INVITE") ||
		   !strcmp(l->method, "UPDATE")) {
		say_offer(l, m, uri);
	} else {
		add(l, "", uri);
		if (!strcmp(l->method, "SUBSCRIBE") ||
		    !strcmp(l->method, "PUBLISH"))
			add(l, "  ", m->head[H_EVENT]);
		add(l, "  ", m->head[H_REASON]);
	}
}

void sipmsg_summary(struct sip_line *l)
{
	struct message m;
	struct span line, word, uri;

	cut_up(&m, l->raw, l->len);
	if (m.head[H_CALL_ID].n)
		l->dialog = text_hash(m.head[H_CALL_ID].p, m.head[H_CALL_ID].n);

	line = m.first;
	l->code = take_status(&line);
	read_cseq(l, m.head[H_CSEQ]);
	if (l->code) {
		put(l->what, sizeof(l->what), line);
		return;
	}

	line = m.first;
	word = take_word(&line);
	uri = take_word(&line);
	if (is_word(take_word(&line), "SIP/2.0"))
		put(l->method, sizeof(l->method), word);
	say_request(l, &m, uri);
}
