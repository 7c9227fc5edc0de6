/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/bench/storm.h"

#include <errno.h>
#include <locale.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <time.h>

#include "app/desk.h"
#include "app/loop.h"
#include "base/clock.h"
#include "base/post.h"
#include "base/text.h"
#include "base/thread.h"
#include "ui/console.h"

/*
 * The console with a storm in the engine's place: the records, the classes
 * and the pipe are the engine's, and whoever draws is the program's.
 */

enum { NS = 1000000000, BEAT_NS = 1000000, TRANSFERS = 4 };

static struct {
	struct post *up;
	unsigned calls, rate;
	struct storm *told;
	uint64_t n; /* events so far */
} storm;

/* ---- what the engine would say ------------------------------------------ */

static void put(struct event *ev)
{
	ev->t = clock_since_start();
	(void)post_put(storm.up, ev);
	storm.told->posted++;
}

static void call_event(unsigned id, enum call_state state)
{
	struct event ev = {.type = EV_CALL};
	struct call_info *c = &ev.u.call;

	c->id = id;
	c->account = 1;
	c->dir = id % 2 ? CALL_IN : CALL_OUT;
	c->state = state;
	c->dialog = id;
	c->rx_packets = storm.n;
	snprintf(c->peer, sizeof(c->peer), "sip:%u@pbx.example", 200 + id);
	snprintf(c->name, sizeof(c->name), "Caller %u", id);
	text_copy(c->local, sizeof(c->local), "main");
	put(&ev);
}

static void transfer_event(unsigned id, unsigned step)
{
	static const struct {
		enum refer_state state;
		unsigned code;
		const char *text;
	} steps[] = {
		{REFER_REQUESTED, 0, ""},
		{REFER_ACCEPTED, 202, "Accepted"},
		{REFER_TRYING, 100, "Trying"},
		{REFER_ALERTED, 180, "Ringing"},
	};
	struct event ev = {.type = EV_TRANSFER};
	struct transfer_info *x = &ev.u.transfer;

	x->id = id;
	x->call = id;
	x->kind = KIND_BLIND;
	x->dialog = id;
	x->state = steps[step % 4].state;
	x->sub = SUB_ACTIVE;
	x->code = steps[step % 4].code;
	x->since_refer_ms = step % 60000;
	snprintf(x->target, sizeof(x->target), "sip:%u@pbx.example", 300 + id);
	text_copy(x->text, sizeof(x->text), steps[step % 4].text);
	snprintf(x->say, sizeof(x->say), "report %u", step);
	put(&ev);
}

static void trace_event_of(unsigned id)
{
	struct event ev = {.type = EV_TRACE};
	struct trace_info *t = &ev.u.trace;
	int n;

	t->serial = storm.n + 1;
	t->wall_us = (uint64_t)time(NULL) * 1000000;
	t->tx = id % 2;
	text_copy(t->src, sizeof(t->src), "192.0.2.10:5060");
	text_copy(t->dst, sizeof(t->dst), "192.0.2.4:5060");
	n = snprintf(t->data, sizeof(t->data),
		     "NOTIFY sip:100@192.0.2.4:5060 SIP/2.0\r\n"
		     "Via: SIP/2.0/UDP 192.0.2.10:5060;branch=z9hG4bK%llu\r\n"
		     "From: <sip:%u@pbx.example>;tag=a%u\r\n"
		     "To: <sip:100@pbx.example>;tag=b%u\r\n"
		     "Call-ID: %u@192.0.2.10\r\n"
		     "CSeq: %llu NOTIFY\r\n"
		     "Event: refer\r\n"
		     "Subscription-State: active;expires=57\r\n"
		     "Content-Type: message/sipfrag\r\n"
		     "Content-Length: 21\r\n"
		     "\r\n"
		     "SIP/2.0 180 Ringing\r\n",
		     (unsigned long long)storm.n, 200 + id, id, id, id,
		     (unsigned long long)storm.n);
	t->total = t->len = (uint32_t)n;
	put(&ev);
}

static void log_event_of(unsigned id)
{
	struct event ev = {.type = EV_LOG};

	ev.u.log.level = LOG_INFO;
	text_copy(ev.u.log.tag, sizeof(ev.u.log.tag), "sip");
	snprintf(ev.u.log.text, sizeof(ev.u.log.text),
		 "call %u: report number %llu", id,
		 (unsigned long long)storm.n);
	put(&ev);
}

/* Half of them are messages, as on a busy wire; calls change, and some of
 * them are on their way to somebody else. */
static void next_event(void)
{
	const unsigned id = 1 + (unsigned)(storm.n / 10 % storm.calls);

	switch (storm.n % 10) {
	case 0:
	case 1:
		call_event(id, storm.n / 1000 % 2 ? CALL_HELD : CALL_TALKING);
		break;
	case 2:
		transfer_event(1 + id % TRANSFERS, (unsigned)(storm.n / 10));
		break;
	case 3:
	case 4:
		log_event_of(id);
		break;
	default:
		trace_event_of(id);
		break;
	}
	storm.n++;
}

/* ---- its thread ---------------------------------------------------------- */

static void begin(void)
{
	struct event ev = {.type = EV_HELLO};

	ev.u.hello.listenc = 1;
	text_copy(ev.u.hello.listen[0], sizeof(ev.u.hello.listen[0]),
		  "udp:127.0.0.1:5060");
	put(&ev);
	memset(&ev, 0, sizeof(ev));
	ev.type = EV_ACCOUNT;
	ev.u.account.id = 1;
	ev.u.account.state = ACCOUNT_REGISTERED;
	text_copy(ev.u.account.aor, sizeof(ev.u.account.aor),
		  "sip:100@pbx.example");
	put(&ev);
	for (unsigned i = 1; i <= storm.calls; i++)
		call_event(i, CALL_TALKING);
}

static void *blow(void *arg)
{
	struct timespec at;
	uint64_t due = 0, beats = 0;

	(void)arg;
	thread_adopt(THREAD_SIP);
	begin();
	clock_gettime(CLOCK_MONOTONIC, &at);
	while (storm.rate) {
		at.tv_nsec += BEAT_NS;
		if (at.tv_nsec >= NS) {
			at.tv_nsec -= NS;
			at.tv_sec++;
		}
		clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL);
		(void)post_flush(storm.up); /* what waits, waits */
		beats++;
		for (; due < beats * storm.rate / 1000; due++)
			next_event();
		storm.told->dropped += post_dropped(storm.up);
	}

	return NULL;
}

/* ---- the console --------------------------------------------------------- */

static int port_post(void *engine, const struct request *req)
{
	(void)engine, (void)req; /* nobody is asked for anything */

	return 0;
}

static uint32_t port_serial(void *engine)
{
	static uint32_t serial;

	(void)engine;

	return ++serial;
}

static int take(void *engine, struct event *ev)
{
	int err = post_take(storm.up, ev);

	(void)engine;
	storm.told->taken += !err;

	return err;
}

static int open_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGWINCH);
	sigprocmask(SIG_BLOCK, &set, NULL);

	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

static int run(struct app *app, struct console *console)
{
	struct port port = {.post = port_post, .serial = port_serial};
	struct robot robot = console_robot(console);
	struct loop_prm prm = {
		.app = app,
		.robot = &robot,
		.signal_fd = open_signals(),
		.event_fd = post_read_fd(storm.up),
		.take = take,
	};
	pthread_t thread;

	app_start(app, &port);
	if (pthread_create(&thread, NULL, blow, NULL))
		return 1;

	return loop_run(&prm);
}

int main(int argc, char *argv[])
{
	static struct app app;
	static struct desk desk;
	struct console *console;
	char why[256];

	if (argc != 4)
		return 2;
	setlocale(LC_CTYPE, "");
	thread_adopt(THREAD_UI);
	storm.calls = (unsigned)atoi(argv[1]);
	storm.rate = (unsigned)atoi(argv[2]);
	storm.told = mmap(NULL, sizeof(*storm.told), PROT_READ | PROT_WRITE,
			  MAP_SHARED, atoi(argv[3]), 0);
	if (storm.told == MAP_FAILED || !storm.calls ||
	    post_new(&storm.up, sizeof(struct event), event_class))
		return 1;
	app_init(&app);
	(void)option_set(&app.options, "sync_output", "on", why, sizeof(why));
	desk_init(&desk, &app, NULL);
	if (console_new(&console, &desk, NULL, why, sizeof(why))) {
		fprintf(stderr, "%s\n", why);
		return 1;
	}

	return run(&app, console);
}
