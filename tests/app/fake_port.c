/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/app/fake_port.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/text.h"

static int post(void *engine, const struct request *req)
{
	struct fake *f = engine;

	if (f->post_err)
		return f->post_err;
	assert_true(f->n < FAKE_MAX);
	f->requests[f->n++] = *req;

	return 0;
}

static uint32_t serial(void *engine)
{
	return ++((struct fake *)engine)->serial;
}

static int refer_sync(void *engine, const struct request *req,
		      struct transfer_info *last)
{
	struct fake *f = engine;

	f->refer = *req;
	*last = f->refer_last;

	return f->refer_err;
}

static void on_news(const struct event *ev, enum news news, void *arg)
{
	struct fake *f = arg;

	assert_true(f->newsc < NEWS_MAX);
	f->kinds[f->newsc] = news;
	f->news[f->newsc++] = *ev;
}

void fake_init(struct fake *f, struct app *app)
{
	memset(f, 0, sizeof(*f));
	f->port = (struct port){
		.engine = f,
		.post = post,
		.serial = serial,
		.refer_sync = refer_sync,
	};
	app->port = &f->port;
	app->newsh = on_news;
	app->arg = f;
}

const struct request *fake_last(const struct fake *f, enum req_type type)
{
	assert_true(f->n > 0);
	assert_int_equal(type, f->requests[f->n - 1].type);

	return &f->requests[f->n - 1];
}

const struct reply_info *fake_reply(const struct fake *f)
{
	for (unsigned i = f->newsc; i-- > 0;) {
		if (f->news[i].type == EV_REPLY && f->kinds[i] == NEWS_SHOWN)
			return &f->news[i].u.reply;
	}
	fail_msg("there was no reply");

	return NULL;
}

void fake_event(struct app *app, const struct event *ev)
{
	app_event(app, ev);
}

void fake_call(struct app *app, uint32_t id, enum call_state state,
	       const char *peer)
{
	struct event ev = {.type = EV_CALL};

	ev.u.call.id = id;
	ev.u.call.dir = CALL_OUT;
	ev.u.call.state = state;
	text_copy(ev.u.call.peer, sizeof(ev.u.call.peer), peer);
	app_event(app, &ev);
}

void fake_answer(struct fake *f, struct app *app, int err, uint32_t id,
		 const char *error)
{
	struct event ev = {.type = EV_REPLY};
	const struct request *req;

	assert_true(f->n > 0);
	req = &f->requests[f->n - 1];
	ev.u.reply.serial = req->serial;
	ev.u.reply.err = err;
	ev.u.reply.id = id;
	text_copy(ev.u.reply.command, sizeof(ev.u.reply.command),
		  request_name(req->type));
	text_copy(ev.u.reply.error, sizeof(ev.u.reply.error), error);
	app_event(app, &ev);
}
