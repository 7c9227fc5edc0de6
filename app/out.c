/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/out.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/alloc.h"
#include "app/fields.h"
#include "app/say.h"
#include "base/clock.h"

enum { FULL = 1 << 20, CLOSE_MS = 2000, SAID = 256 };

/* What was said last of a call, as a hash of the sentence. */
struct said {
	uint32_t call;
	uint32_t hash;
};

struct out {
	int fd, errfd;
	bool json;
	int err;
	char *buf;
	size_t at, len, size; /* buf[at .. len) waits */
	double t;             /* of the newest event printed */
	struct said said[SAID];
};

void out_new(struct out **op, int fd, int errfd, bool json)
{
	struct out *o = alloc_zero(sizeof(*o));

	o->fd = fd;
	o->errfd = errfd;
	o->json = json;
	*op = o;
}

static void put(struct out *o, const char *s, size_t n)
{
	if (o->err || !n)
		return;
	if (o->at == o->len)
		o->at = o->len = 0;
	if (o->len + n > o->size) {
		o->size = 2 * (o->len + n);
		o->buf = alloc_grow(o->buf, o->size, 1);
	}
	memcpy(o->buf + o->len, s, n);
	o->len += n;
}

static void line(struct out *o, const char *prefix, const char *s)
{
	put(o, prefix, strlen(prefix));
	put(o, s, strlen(s));
	put(o, "\n", 1);
	/* people wait for it: what goes out at once goes out now */
	out_write(o);
}

/* What stderr does not take is lost: there is nobody left to tell. */
static void complain(const struct out *o, const char *s)
{
	char buf[SAY_MAX + 1];
	int n = snprintf(buf, sizeof(buf), "%s\n", s);

	if (write(o->errfd, buf, (size_t)n) < 0)
		return;
}

static bool is_complaint(const struct event *ev)
{
	return (ev->type == EV_REPLY && ev->u.reply.err) ||
	       ev->type == EV_DROPPED ||
	       (ev->type == EV_LOG && strcmp(ev->u.log.tag, "help") != 0);
}

/* FNV-1a */
static uint32_t hash_of(const char *s)
{
	uint32_t h = 2166136261u;

	for (; *s; s++)
		h = (h ^ (unsigned char)*s) * 16777619u;

	return h;
}

/* Much of a call can change that no sentence tells. */
static bool said_before(struct out *o, const struct event *ev,
			const char *sentence)
{
	struct said now = {.hash = hash_of(sentence)};
	struct said *was;

	if (ev->type != EV_CALL)
		return false;
	now.call = ev->u.call.id;
	was = &o->said[now.call % SAID];
	if (was->call == now.call && was->hash == now.hash)
		return true;
	*was = now;

	return false;
}

void out_event(struct out *o, const struct event *ev, const char *prefix,
	       bool listed)
{
	char sentence[SAY_MAX];
	struct fields f;
	char *json;

	if (!fields_of(&f, ev))
		return;
	if (o->json) {
		/* ours may have overtaken one that was still in the pipe */
		struct event late = *ev;

		late.t = o->t = ev->t > o->t ? ev->t : o->t;
		json = fields_json(&late);
		line(o, "", json);
		free(json);
	} else if (say_event(sentence, sizeof(sentence), ev)) {
		if (said_before(o, ev, sentence) && !listed)
			return;
		if (is_complaint(ev) && !prefix[0])
			complain(o, sentence);
		else
			line(o, prefix, sentence);
	}
}

void out_say(struct out *o, const char *fmt, ...)
{
	char sentence[SAY_MAX];
	va_list ap;

	if (o->json)
		return;
	va_start(ap, fmt);
	vsnprintf(sentence, sizeof(sentence), fmt, ap);
	va_end(ap);
	line(o, "", sentence);
}

void out_complain(struct out *o, const char *fmt, ...)
{
	char sentence[SAY_MAX];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(sentence, sizeof(sentence), fmt, ap);
	va_end(ap);
	complain(o, sentence);
}

bool out_json(const struct out *o)
{
	return o->json;
}

int out_fd(const struct out *o)
{
	return o->fd;
}

bool out_waits(const struct out *o)
{
	return o->at < o->len && !o->err;
}

bool out_full(const struct out *o)
{
	return out_waits(o) && o->len - o->at > FULL;
}

/*
 * The descriptor is the user's and stays blocking, for it is shared with
 * whoever gave it to us.  A pipe that polls writable takes PIPE_BUF bytes.
 */
void out_write(struct out *o)
{
	struct pollfd p = {.fd = o->fd, .events = POLLOUT};

	while (out_waits(o) && poll(&p, 1, 0) > 0) {
		size_t n = o->len - o->at;
		ssize_t done;

		if (n > PIPE_BUF)
			n = PIPE_BUF;
		done = write(o->fd, o->buf + o->at, n);
		if (done < 0 && (errno == EINTR || errno == EAGAIN))
			return;
		if (done < 0)
			o->err = errno;
		else
			o->at += (size_t)done;
	}
}

int out_error(const struct out *o)
{
	return o->err;
}

int out_close(struct out *o)
{
	uint64_t until = clock_us() / 1000 + CLOSE_MS;
	int err;

	if (!o)
		return 0;
	out_write(o);
	while (out_waits(o)) {
		struct pollfd p = {.fd = o->fd, .events = POLLOUT};
		uint64_t now = clock_us() / 1000;

		if (now >= until || poll(&p, 1, (int)(until - now)) == 0)
			break;
		out_write(o);
	}
	err = o->err ? o->err : out_waits(o) ? EAGAIN : 0;
	free(o->buf);
	free(o);

	return err;
}
