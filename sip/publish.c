/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <poll.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/post.h"
#include "sip/priv.h"
#include "sip/timer.h"

/*
 * Events on their way up.  What happens in one turn of the loop is kept until
 * the turn's end and written then: each write wakes the reader, and what is on
 * its way to the wire should not wait for that.
 *
 * The reply to a request goes before the news the request makes, so that who
 * asked knows the number of what it hears of: its place is kept free.
 */

static void on_writable(int flags, void *arg);

static void arm(struct engine *e, bool waiting)
{
	const int fd = post_write_fd(e->up);

	if (waiting == e->up_armed)
		return;
	e->up_armed = waiting;
	if (waiting)
		(void)RC_FD_LISTEN(&e->fd_up, fd, FD_WRITE, on_writable, e);
	else
		RC_FD_CLOSE(&e->fd_up, fd);
}

/* The number of what had to be dropped is news itself */
static bool tell_dropped(struct engine *e)
{
	struct event ev;

	memset(&ev, 0, sizeof(ev));
	ev.u.dropped = post_dropped(e->up);
	if (!ev.u.dropped)
		return false;
	ev.type = EV_DROPPED;
	ev.t = clock_since_start();
	return post_put(e->up, &ev);
}

static void on_writable(int flags, void *arg)
{
	struct engine *e = arg;

	(void)flags;
	ASSERT_SIP();
	arm(e, post_flush(e->up) || tell_dropped(e));
}

static void on_turn_timer(void *arg)
{
	publish_turn(arg);
}

struct event *engine_event(struct engine *e, enum ev_type type)
{
	struct event *ev;

	ASSERT_SIP();

	if (e->turnc == e->turn_size) {
		const size_t size = e->turn_size ? e->turn_size * 2 : 16;
		struct event *v = realloc(e->turnv, size * sizeof(*v));

		if (!v)
			abort();
		e->turnv = v;
		e->turn_size = size;
	}
	ev = &e->turnv[e->turnc++];
	ev->type = type;
	ev->t = clock_since_start();
	if (!e->turn_hook)
		tmr_start(&e->tmr_turn, 0, on_turn_timer, e);
	return ev;
}

void engine_asking(struct engine *e)
{
	ASSERT_SIP();
	e->reply_at = e->turnc;
	(void)engine_event(e, EV_REPLY);
}

struct event *engine_reply(struct engine *e)
{
	ASSERT_SIP();
	return &e->turnv[e->reply_at];
}

void publish_turn(struct engine *e)
{
	bool waiting = false;
	size_t i;

	ASSERT_SIP();

	if (!e->turnc)
		return;
	for (i = 0; i < e->turnc; i++) {
		struct event *ev = &e->turnv[i];
		const size_t n = event_size(ev->type);

		memset((char *)ev + n, 0, sizeof(*ev) - n);
		waiting = post_put(e->up, ev);
	}
	e->turnc = 0;
	arm(e, waiting || tell_dropped(e));
}

static void on_turn_end(void *arg)
{
	publish_turn(arg);
}

static void on_log(enum log_level level, const char *tag, const char *text,
		   void *arg)
{
	struct log_info *l = &engine_event(arg, EV_LOG)->u.log;

	memset(l, 0, sizeof(*l));
	l->level = (int)level;
	text_cut(l->tag, sizeof(l->tag), tag);
	text_cut(l->text, sizeof(l->text), text);
}

void publish_start(struct engine *e)
{
	tmr_init(&e->tmr_turn);
	e->turn_hook = timer_turn_end(on_turn_end, e);
	log_sink(on_log, e);
}

/* The loop has gone, so here waiting is allowed: for a reader that is late,
 * not for one that sleeps. */
void publish_stop(struct engine *e)
{
	const uint64_t until = clock_us() + 2000000;
	struct pollfd pfd = {.fd = post_write_fd(e->up), .events = POLLOUT};

	ASSERT_SIP();

	log_sink(NULL, NULL);
	(void)timer_turn_end(NULL, NULL);
	tmr_cancel(&e->tmr_turn);
	publish_turn(e);
	arm(e, false);
	while (post_flush(e->up) && clock_us() < until)
		(void)poll(&pfd, 1, 100);
}
