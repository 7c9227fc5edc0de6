/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/bench/bench.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "base/msg.h"
#include "base/thread.h"
#include "sip/engine.h"

/* cordpair's engine, from engine_post() to engine_take() */

static struct engine *engine;
static uint32_t nudge_serial;
static bool resting;

static int post(struct request *req, const char *text)
{
	req->serial = engine_serial(engine);
	if (strlen(text) >= sizeof(req->u.text))
		return EOVERFLOW;
	strcpy(req->u.text, text);
	return engine_post(engine, req);
}

static int dial(const char *uri)
{
	struct request req;

	memset(&req, 0, sizeof(req));
	req.type = REQ_DIAL;
	return post(&req, uri);
}

static int transfer(uint32_t call, const char *target)
{
	struct request req;

	memset(&req, 0, sizeof(req));
	req.type = REQ_TRANSFER;
	req.id = call;
	req.flags = TRANSFER_NO_HOLD;
	return post(&req, target);
}

static int nudge(void)
{
	struct request req;
	int err;

	memset(&req, 0, sizeof(req));
	req.type = REQ_NOP;
	err = post(&req, "");
	nudge_serial = req.serial;
	return err;
}

static int rest(void)
{
	resting = true;
	return 0;
}

static void tell(enum news_kind kind, uint32_t call, unsigned code,
		 const char *why)
{
	struct news news;

	memset(&news, 0, sizeof(news));
	news.kind = kind;
	news.call = call;
	news.code = code;
	(void)snprintf(news.why, sizeof(news.why), "%s", why);
	measure_news(&news);
}

static void on_call(const struct call_info *call)
{
	/* the whole state of a call may come more than once */
	static uint32_t newest;

	if (call->state == CALL_TALKING && call->id > newest) {
		newest = call->id;
		tell(NEWS_UP, call->id, call->code, "");
	} else if (call->state == CALL_ENDED && call->id > newest) {
		tell(NEWS_BAD, call->id, call->code, call->text);
	}
}

static void on_transfer(const struct transfer_info *t)
{
	switch (t->state) {
	case REFER_TRYING:
	case REFER_ALERTED:
	case REFER_SUCCEEDED:
		tell(NEWS_REPORT, t->call, t->code, "");
		break;
	default:
		break;
	}
	if (t->outcome != OUTCOME_NONE)
		tell(NEWS_DONE, t->call, t->code, t->say);
}

static void on_event(const struct event *ev)
{
	switch (ev->type) {
	case EV_CALL:
		on_call(&ev->u.call);
		break;
	case EV_TRANSFER:
		on_transfer(&ev->u.transfer);
		break;
	case EV_REPLY:
		if (ev->u.reply.err)
			tell(NEWS_BAD, 0, 0, ev->u.reply.error);
		else if (ev->u.reply.serial == nudge_serial)
			tell(NEWS_NUDGED, 0, 0, "");
		break;
	case EV_STOPPED:
		tell(NEWS_BAD, 0, 0, "the engine has stopped");
		break;
	default:
		break;
	}
}

static int start(void)
{
	char where[64], why[256] = "";
	const char *listenv[] = {where};
	const struct engine_prm prm = {
		.listenv = listenv,
		.listenc = 1,
		.software = "bench",
		.user = "bench",
		.transport = TRANSP_UDP,
	};
	int err;

	thread_adopt(THREAD_UI);
	(void)snprintf(where, sizeof(where), "udp:127.0.0.1:%u", free_port());
	err = engine_new(&engine, &prm, why, sizeof(why));
	if (err)
		fprintf(stderr, "engine: %s\n", why);
	return err;
}

static int run(void)
{
	struct pollfd pfd = {.fd = engine_event_fd(engine), .events = POLLIN};
	struct event ev;

	measure_begin();
	while (!measure_done()) {
		const int n = poll(&pfd, 1, resting ? REST_MS : SILENCE_MS);

		if (n < 0 && errno != EINTR)
			return errno;
		if (!n && !resting)
			return ETIMEDOUT;
		if (!n) {
			resting = false;
			measure_rested();
		}
		while (!measure_done() && !engine_take(engine, &ev))
			on_event(&ev);
	}
	return 0;
}

static void stop(void)
{
	engine_free(engine);
}

int main(int argc, char *argv[])
{
	static const struct subject ours = {"ours", start, dial, transfer,
					    nudge,  rest,  run,  stop};

	return measure_main(argc, argv, &ours);
}
