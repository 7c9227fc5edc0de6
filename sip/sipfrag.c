/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sip/sipfrag.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

#include "base/text.h"

enum { LINE_LEN_MAX = 256 };

/** A piece of somebody else's bytes */
struct view {
	const char *p;
	size_t l;
};

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static void trim(struct view *v)
{
	while (v->l && is_blank(*v->p)) {
		++v->p;
		--v->l;
	}
	while (v->l && is_blank(v->p[v->l - 1]))
		--v->l;
}

static bool begins(const struct view *v, const char *word)
{
	const size_t l = strlen(word);

	return v->l >= l && !strncasecmp(v->p, word, l);
}

/* Take a line off; its end may be CRLF, LF, CR or the end of all */
static bool next_line(struct view *rest, struct view *line)
{
	size_t l = 0;

	if (!rest->l)
		return false;

	while (l < rest->l && rest->p[l] != '\r' && rest->p[l] != '\n')
		++l;

	line->p = rest->p;
	line->l = l;

	if (l < rest->l && rest->p[l] == '\r')
		++l;
	if (l < rest->l && rest->p[l] == '\n' &&
	    (l == line->l || rest->p[l - 1] == '\r'))
		++l;

	rest->p += l;
	rest->l -= l;

	return true;
}

static int status_line(struct sipfrag *sf, struct view body)
{
	struct view line = {NULL, 0};
	unsigned code;

	do {
		if (!next_line(&body, &line))
			return ENOENT;

		trim(&line);
	} while (!line.l);

	if (line.l > LINE_LEN_MAX)
		line.l = LINE_LEN_MAX;

	if (!begins(&line, "SIP/2.0"))
		return EBADMSG;

	line.p += 7;
	line.l -= 7;

	if (!line.l || !is_blank(*line.p))
		return EBADMSG;

	trim(&line);

	if (line.l < 3 || !is_digit(line.p[0]) || !is_digit(line.p[1]) ||
	    !is_digit(line.p[2]))
		return EBADMSG;

	code = (unsigned)(line.p[0] - '0') * 100 +
	       (unsigned)(line.p[1] - '0') * 10 + (unsigned)(line.p[2] - '0');

	line.p += 3;
	line.l -= 3;

	if (line.l && !is_blank(*line.p))
		return EBADMSG;

	if (code < 100 || code > 699)
		return EBADMSG;

	trim(&line);

	sf->code = code;
	text_clean(sf->text, sizeof(sf->text), line.p, line.l);

	return 0;
}

/* The boundary parameter; empty when there is none */
static struct view boundary_of(struct view ctype)
{
	static const char name[] = "boundary=";
	struct view none = {NULL, 0};

	while (ctype.l) {
		const char *semi = memchr(ctype.p, ';', ctype.l);

		if (!semi)
			return none;

		ctype.l -= (size_t)(semi + 1 - ctype.p);
		ctype.p = semi + 1;
		trim(&ctype);

		if (!begins(&ctype, name))
			continue;

		ctype.p += sizeof(name) - 1;
		ctype.l -= sizeof(name) - 1;

		if (ctype.l && *ctype.p == '"') {
			const char *end;

			++ctype.p;
			--ctype.l;

			end = memchr(ctype.p, '"', ctype.l);
			if (!end)
				return none;

			ctype.l = (size_t)(end - ctype.p);
			return ctype;
		}

		semi = memchr(ctype.p, ';', ctype.l);
		if (semi)
			ctype.l = (size_t)(semi - ctype.p);

		trim(&ctype);
		return ctype;
	}

	return none;
}

static bool is_delimiter(const struct view *line, const struct view *boundary)
{
	const size_t l = 2 + boundary->l;

	if (line->l < l || line->p[0] != '-' || line->p[1] != '-')
		return false;

	/* without the parameter any such line will do */
	if (!boundary->l)
		return true;

	return !memcmp(line->p + 2, boundary->p, boundary->l) &&
	       (line->l == l || line->p[l] == '-' || is_blank(line->p[l]));
}

static bool is_sipfrag_header(struct view line)
{
	const char *colon = memchr(line.p, ':', line.l);
	struct view name;

	if (!colon)
		return false;

	name.p = line.p;
	name.l = (size_t)(colon - line.p);
	trim(&name);

	line.l -= (size_t)(colon + 1 - line.p);
	line.p = colon + 1;
	trim(&line);

	return ((name.l == 12 && begins(&name, "Content-Type")) ||
		(name.l == 1 && begins(&name, "c"))) &&
	       begins(&line, "message/sipfrag");
}

/* The content of the first part that is a sipfrag */
static bool multipart_find(struct view *part, const struct view *body,
			   const struct view *boundary)
{
	struct view rest = *body, line;
	bool inside = false;

	while (next_line(&rest, &line)) {
		bool found = false;

		if (!inside) {
			inside = is_delimiter(&line, boundary);
			continue;
		}

		while (line.l && !is_delimiter(&line, boundary)) {
			found |= is_sipfrag_header(line);

			if (!next_line(&rest, &line))
				return false;
		}

		if (line.l)
			continue;

		*part = rest;
		inside = false;

		while (next_line(&rest, &line)) {
			inside = is_delimiter(&line, boundary);
			if (inside)
				break;
		}

		if (found) {
			if (inside)
				part->l = (size_t)(line.p - part->p);

			return true;
		}
	}

	return false;
}

int sipfrag_decode(struct sipfrag *sf, const char *ctype, size_t ctypelen,
		   const char *body, size_t len)
{
	struct view type = {ctype, ctype ? ctypelen : 0};
	struct view all = {body, body ? len : 0};
	struct sipfrag found;
	int err;

	if (all.l > SIPFRAG_READ_MAX)
		all.l = SIPFRAG_READ_MAX;

	if (!all.l)
		return ENOENT;

	if (type.l)
		trim(&type);

	if (type.l && begins(&type, "multipart/")) {
		const struct view boundary = boundary_of(type);
		struct view part;

		/* some say multipart and send the line bare */
		if (multipart_find(&part, &all, &boundary))
			all = part;
	}

	err = status_line(&found, all);
	if (!err)
		*sf = found;

	return err;
}

/* clang-format off */
static const struct {
	unsigned code;
	const char *reason;
	const char *phrase; /* NULL: that of its class */
} statusv[] = {
	{100, "Trying",                        "calling"},
	{180, "Ringing",                       "ringing"},
	{181, "Call Is Being Forwarded",       "being forwarded"},
	{182, "Queued",                        "queued"},
	{183, "Session Progress",              "in progress"},
	{199, "Early Dialog Terminated",       "a branch ended"},
	{200, "OK",                            NULL},
	{202, "Accepted",                      NULL},
	{204, "No Notification",               NULL},
	{300, "Multiple Choices",              NULL},
	{301, "Moved Permanently",             NULL},
	{302, "Moved Temporarily",             NULL},
	{305, "Use Proxy",                     NULL},
	{380, "Alternative Service",           NULL},
	{400, "Bad Request",                   NULL},
	{401, "Unauthorized",                  "target wants login"},
	{402, "Payment Required",              NULL},
	{403, "Forbidden",                     "not allowed"},
	{404, "Not Found",                     "no such number"},
	{405, "Method Not Allowed",            NULL},
	{406, "Not Acceptable",                NULL},
	{407, "Proxy Authentication Required", "target wants login"},
	{408, "Request Timeout",               "no answer"},
	{410, "Gone",                          "no such number"},
	{412, "Conditional Request Failed",    NULL},
	{413, "Request Entity Too Large",      NULL},
	{414, "Request-URI Too Long",          NULL},
	{415, "Unsupported Media Type",        NULL},
	{416, "Unsupported URI Scheme",        NULL},
	{417, "Unknown Resource-Priority",     NULL},
	{420, "Bad Extension",                 "target cannot take over"},
	{421, "Extension Required",            NULL},
	{422, "Session Interval Too Small",    NULL},
	{423, "Interval Too Brief",            NULL},
	{424, "Bad Location Information",      NULL},
	{428, "Use Identity Header",           NULL},
	{429, "Provide Referrer Identity",     NULL},
	{430, "Flow Failed",                   NULL},
	{433, "Anonymity Disallowed",          NULL},
	{436, "Bad Identity Info",             NULL},
	{437, "Unsupported Credential",        NULL},
	{438, "Invalid Identity Header",       NULL},
	{439, "First Hop Lacks Outbound Support", NULL},
	{440, "Max-Breadth Exceeded",          NULL},
	{469, "Bad Info Package",              NULL},
	{470, "Consent Needed",                NULL},
	{480, "Temporarily Unavailable",       "unavailable"},
	{481, "Call/Transaction Does Not Exist", "consult call gone"},
	{482, "Loop Detected",                 NULL},
	{483, "Too Many Hops",                 NULL},
	{484, "Address Incomplete",            "number incomplete"},
	{485, "Ambiguous",                     NULL},
	{486, "Busy Here",                     "busy"},
	{487, "Request Terminated",            "cancelled"},
	{488, "Not Acceptable Here",           "no common media"},
	{489, "Bad Event",                     NULL},
	{491, "Request Pending",               "try again"},
	{493, "Undecipherable",                NULL},
	{494, "Security Agreement Required",   NULL},
	{500, "Server Internal Error",         NULL},
	{501, "Not Implemented",               NULL},
	{502, "Bad Gateway",                   NULL},
	{503, "Service Unavailable",           NULL},
	{504, "Server Time-out",               NULL},
	{505, "Version Not Supported",         NULL},
	{513, "Message Too Large",             NULL},
	{555, "Push Notification Service Not Supported", NULL},
	{580, "Precondition Failure",          NULL},
	{600, "Busy Everywhere",               "busy"},
	{603, "Decline",                       "declined"},
	{604, "Does Not Exist Anywhere",       "no such number"},
	{606, "Not Acceptable",                "no common media"},
	{607, "Unwanted",                      "declined"},
	{608, "Rejected",                      "declined"},
};

static const struct {
	const char *reason;
	const char *phrase;
} classv[] = {
	[1] = {"Progress",           "in progress"},
	[2] = {"OK",                 "answered"},
	[3] = {"Redirected",         "redirected"},
	[4] = {"Request Failure",    "refused"},
	[5] = {"Server Failure",     "network problem"},
	[6] = {"Global Failure",     "refused"},
};
/* clang-format on */

const char *sip_reason(unsigned code)
{
	for (size_t i = 0; i < sizeof(statusv) / sizeof(*statusv); i++) {
		if (statusv[i].code == code)
			return statusv[i].reason;
	}

	return code >= 100 && code <= 699 ? classv[code / 100].reason
					  : "Unknown";
}

const char *sip_phrase(unsigned code)
{
	for (size_t i = 0; i < sizeof(statusv) / sizeof(*statusv); i++) {
		if (statusv[i].code == code && statusv[i].phrase)
			return statusv[i].phrase;
	}

	return code >= 100 && code <= 699 ? classv[code / 100].phrase
					  : "no known answer";
}
