/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/loop.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "app/exitcode.h"
#include "base/clock.h"
#include "base/thread.h"

enum { EVENTS_A_TURN = 256 };

enum { ON_SIGNAL, ON_EVENT, ON_HOOK, ON_ROBOT, ON_OUT, FDS };

struct loop {
	const struct loop_prm *prm;
	int signo;
	bool greeted; /* EV_HELLO came: from now on the robot may read */
	bool gone;    /* the engine's end was reached */
};

static bool hidden(const struct event *ev)
{
	return ev->type == EV_LOG && ev->u.log.level > (int)log_level() &&
	       strcmp(ev->u.log.tag, "help") != 0;
}

static void on_news(const struct event *ev, enum news news, void *arg)
{
	const struct loop_prm *prm = ((struct loop *)arg)->prm;

	if (prm->out && news != NEWS_QUIET && !hidden(ev) &&
	    (!prm->quiet || ev->type == EV_LOG))
		out_event(prm->out, ev, prm->prefix ? prm->prefix : "",
			  news == NEWS_LISTED);
	if (prm->robot->event && (news != NEWS_LISTED || prm->robot->listed))
		prm->robot->event(prm->robot->self, ev);
}

static void take_events(struct loop *l)
{
	const struct loop_prm *prm = l->prm;
	struct event ev;

	for (int i = 0; i < EVENTS_A_TURN && !l->gone; i++) {
		int err = prm->take(prm->app->port->engine, &ev);

		if (err == EAGAIN)
			return;
		if (err) {
			l->gone = true;
			return;
		}
		if (prm->tap)
			prm->tap(&ev, prm->tap_arg);
		if (ev.type == EV_HELLO)
			l->greeted = true;
		if (ev.type == EV_STOPPED)
			l->gone = true;
		app_event(prm->app, &ev);
	}
}

static void take_signal(struct loop *l)
{
	const struct robot *r = l->prm->robot;
	struct signalfd_siginfo info;
	int signo;

	if (read(l->prm->signal_fd, &info, sizeof(info)) != sizeof(info))
		return;
	signo = (int)info.ssi_signo;
	if (!r->signal || !r->signal(r->self, signo))
		l->signo = signo;
}

/* Wait for something, at most this long [ms]; -1: as long as it takes. */
static void turn(struct loop *l, int timeout_ms, bool ending)
{
	const struct loop_prm *prm = l->prm;
	const struct robot *r = prm->robot;
	bool full = prm->out && out_full(prm->out);
	struct pollfd p[FDS] = {
		[ON_SIGNAL] = {.fd = l->signo ? -1 : prm->signal_fd,
			       .events = POLLIN},
		[ON_EVENT] = {.fd = full && !ending ? -1 : prm->event_fd,
			      .events = POLLIN},
		[ON_HOOK] = {.fd = hooks_fd(prm->app->hooks), .events = POLLIN},
		[ON_ROBOT] = {.fd = -1, .events = POLLIN},
		[ON_OUT] = {.fd = -1, .events = POLLOUT},
	};

	if (r->fd && l->greeted && !full && !ending)
		p[ON_ROBOT].fd = r->fd(r->self);
	if (prm->out && out_waits(prm->out))
		p[ON_OUT].fd = out_fd(prm->out);
	if (poll(p, FDS, timeout_ms) < 0)
		return; /* EINTR; anything else shows at the next read */

	if (p[ON_SIGNAL].revents)
		take_signal(l);
	if (p[ON_OUT].revents)
		out_write(prm->out);
	if (p[ON_EVENT].revents)
		take_events(l);
	if (p[ON_HOOK].revents)
		hooks_serve(prm->app->hooks);
	if (p[ON_ROBOT].revents)
		r->input(r->self);
	if (r->tick && !ending)
		r->tick(r->self);
}

/* Ask the engine to end and take what it still has to say. */
static void stop(struct loop *l)
{
	struct app *app = l->prm->app;
	uint64_t until = clock_us() / 1000 + LOOP_STOP_MS;
	struct request req = {.type = REQ_STOP};
	bool asked = false;

	while (!l->gone) {
		uint64_t now = clock_us() / 1000;

		if (!asked)
			asked = app_request(app, &req) != 0;
		if (now >= until)
			return;
		turn(l, asked ? (int)(until - now) : 10, true);
	}
}

static bool ended(const struct loop *l, int *codep)
{
	const struct loop_prm *prm = l->prm;
	const struct robot *r = prm->robot;

	if (prm->out && out_error(prm->out)) {
		*codep = EXIT_INTERNAL;
		return true;
	}
	if (r->done && r->done(r->self, codep))
		return true;
	if (l->signo) {
		*codep = r->interrupted ? r->interrupted(r->self, l->signo)
					: EXIT_SIGNAL + l->signo;
		return true;
	}
	if (prm->app->quit) {
		*codep = EXIT_OK;
		return true;
	}
	/* nobody told it to: something broke in there */
	*codep = EXIT_INTERNAL;

	return l->gone;
}

int loop_run(const struct loop_prm *prm)
{
	struct loop l = {.prm = prm};
	const struct robot *r = prm->robot;
	int code, late;

	ASSERT_UI();
	prm->app->newsh = on_news;
	prm->app->arg = &l;
	if (r->tick)
		r->tick(r->self);

	while (!ended(&l, &code))
		turn(&l, r->timeout_ms ? r->timeout_ms(r->self) : -1, false);

	stop(&l);
	/* the last news may have told how it went after all */
	if (l.signo && r->last_word && r->done(r->self, &late))
		code = late;
	if (prm->out && out_error(prm->out))
		code = EXIT_INTERNAL;
	prm->app->newsh = NULL;

	return code;
}
