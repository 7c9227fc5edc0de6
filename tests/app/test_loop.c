/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/loop.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include <fcntl.h>
#include <signal.h>
#include <sys/signalfd.h>

#include "app/exitcode.h"
#include "base/post.h"
#include "base/text.h"
#include "base/thread.h"
#include "tests/app/fake_port.h"

static struct app app;
static struct fake fake;
static struct out *out;
static struct post *post;
static int pipe_fds[2];
static bool answers_stop;

/* An engine that is a pipe: what is put in comes out. */
static int take(void *engine, struct event *ev)
{
	(void)engine;

	return post_take(post, ev);
}

static int post_request(void *engine, const struct request *req)
{
	struct event ev = {.type = EV_STOPPED};
	struct fake *f = engine;

	f->requests[f->n++] = *req;
	if (req->type == REQ_STOP && answers_stop)
		post_put(post, &ev);

	return 0;
}

struct script_robot {
	unsigned events, calls;
	int ends_after; /* events; 0: never */
};

static void on_event(void *self, const struct event *ev)
{
	struct script_robot *r = self;

	r->events++;
	r->calls += ev->type == EV_CALL;
}

static bool done(const void *self, int *codep)
{
	const struct script_robot *r = self;

	*codep = 42;

	return r->ends_after && r->events >= (unsigned)r->ends_after;
}

static struct script_robot mind;
static struct robot robot;
static struct loop_prm prm;

static int setup(void **state)
{
	(void)state;
	thread_adopt(THREAD_UI);
	app_init(&app);
	fake_init(&fake, &app);
	fake.port.post = post_request;
	answers_stop = true;
	if (pipe2(pipe_fds, O_NONBLOCK) ||
	    post_new(&post, sizeof(struct event), event_class))
		return -1;
	out_new(&out, pipe_fds[1], pipe_fds[1], false);
	mind = (struct script_robot){0};
	robot = (struct robot){
		.self = &mind,
		.event = on_event,
		.done = done,
	};
	prm = (struct loop_prm){
		.app = &app,
		.robot = &robot,
		.out = out,
		.signal_fd = -1,
		.event_fd = post_read_fd(post),
		.take = take,
	};

	return 0;
}

static int teardown(void **state)
{
	(void)state;
	(void)out_close(out); /* some tests break it */
	close(pipe_fds[0]);
	close(pipe_fds[1]);
	post_free(post);
	app_done(&app);

	return 0;
}

static void call_comes(uint32_t id)
{
	struct event ev = {.type = EV_CALL};

	ev.u.call.id = id;
	ev.u.call.state = CALL_TALKING;
	text_copy(ev.u.call.peer, sizeof(ev.u.call.peer), "sip:a@h");
	post_put(post, &ev);
}

static const char *printed(void)
{
	static char buf[4096];
	ssize_t n;

	out_write(out);
	n = read(pipe_fds[0], buf, sizeof(buf) - 1);
	buf[n > 0 ? n : 0] = '\0';

	return buf;
}

static void test_it_prints_tells_the_robot_and_stops_the_engine(void **state)
{
	(void)state;
	call_comes(1);
	call_comes(2);
	mind.ends_after = 2;
	assert_int_equal(42, loop_run(&prm));
	assert_int_equal(2, mind.calls);
	assert_int_equal(1, fake.n);
	assert_int_equal(REQ_STOP, fake.requests[0].type);
	assert_true(app.model.stopped);
	assert_string_equal("Call 1: talking with sip:a@h.\n"
			    "Call 2: talking with sip:a@h.\n",
			    printed());
}

static void test_the_same_is_not_said_twice_of_a_call(void **state)
{
	(void)state;
	call_comes(1);
	call_comes(1);
	mind.ends_after = 2;
	assert_int_equal(42, loop_run(&prm));
	assert_int_equal(2, mind.calls);
	assert_string_equal("Call 1: talking with sip:a@h.\n", printed());
}

static void test_quit(void **state)
{
	(void)state;
	app.quit = true;
	assert_int_equal(EXIT_OK, loop_run(&prm));
	assert_int_equal(REQ_STOP, fake.requests[0].type);
}

static void test_an_engine_that_breaks_is_an_error(void **state)
{
	struct event ev = {.type = EV_STOPPED};

	(void)state;
	post_put(post, &ev);
	assert_int_equal(EXIT_INTERNAL, loop_run(&prm));
	assert_int_equal(0, fake.n);
}

static void test_a_signal_ends_it(void **state)
{
	sigset_t set;

	(void)state;
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	assert_int_equal(0, sigprocmask(SIG_BLOCK, &set, NULL));
	prm.signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	assert_true(prm.signal_fd >= 0);
	assert_int_equal(0, raise(SIGTERM));
	assert_int_equal(128 + SIGTERM, loop_run(&prm));
	assert_int_equal(REQ_STOP, fake.requests[0].type);
	close(prm.signal_fd);
}

static void test_output_that_cannot_be_written_ends_it(void **state)
{
	struct sigaction ignore = {.sa_handler = SIG_IGN};

	(void)state;
	sigaction(SIGPIPE, &ignore, NULL);
	close(pipe_fds[0]);
	pipe_fds[0] = -1;
	call_comes(1);
	assert_int_equal(EXIT_INTERNAL, loop_run(&prm));
	assert_int_equal(EPIPE, out_error(out));
	assert_int_equal(REQ_STOP, fake.requests[0].type);
}

static void test_quiet_prints_the_diary_only(void **state)
{
	struct event ev = {.type = EV_LOG};

	(void)state;
	ev.u.log.level = LOG_WARN;
	text_copy(ev.u.log.tag, sizeof(ev.u.log.tag), "sip");
	text_copy(ev.u.log.text, sizeof(ev.u.log.text), "beware");
	log_level_set(LOG_WARN);
	call_comes(1);
	post_put(post, &ev);
	ev.u.log.level = LOG_INFO;
	post_put(post, &ev);
	mind.ends_after = 3;
	prm.quiet = true;
	assert_int_equal(42, loop_run(&prm));
	assert_string_equal("Warning, sip: beware\n", printed());
}

static void test_a_slow_reader_does_not_stop_it(void **state)
{
	enum { CALLS = 200 };
	struct event ev = {.type = EV_CALL};
	char buf[65536];
	unsigned lines = 0;
	ssize_t n;

	(void)state;
	/* more than a pipe takes, and nobody reads before the end */
	memset(ev.u.call.peer, 'a', sizeof(ev.u.call.peer) - 1);
	for (uint32_t i = 1; i <= CALLS; i++) {
		ev.u.call.id = i;
		post_put(post, &ev);
	}
	mind.ends_after = CALLS;
	assert_int_equal(42, loop_run(&prm));
	assert_true(out_waits(out));
	while ((n = read(pipe_fds[0], buf, sizeof(buf))) > 0) {
		for (ssize_t i = 0; i < n; i++)
			lines += buf[i] == '\n';
		out_write(out);
	}
	assert_int_equal(CALLS, lines);
	assert_int_equal(0, out_error(out));
}

/* Reads one byte and is done. */
static bool was_read;
static int read_fd;

static int robot_fd(const void *self)
{
	(void)self;

	return was_read ? -1 : read_fd;
}

static void robot_input(void *self)
{
	/* nothing is read before the engine has said hello */
	assert_int_equal(1, ((struct script_robot *)self)->events);
	was_read = true;
}

static bool robot_done(const void *self, int *codep)
{
	(void)self;
	*codep = 7;

	return was_read;
}

static void test_hello_comes_before_any_command(void **state)
{
	struct event ev = {.type = EV_HELLO};

	(void)state;
	was_read = false;
	read_fd = open("/dev/null", O_RDONLY); /* can be read at once */
	robot.fd = robot_fd;
	robot.input = robot_input;
	robot.done = robot_done;
	post_put(post, &ev);
	assert_int_equal(7, loop_run(&prm));
	close(read_fd);
}

static void test_time_never_runs_backwards(void **state)
{
	struct event ev = {.type = EV_LOG, .t = 2};
	struct out *json;
	const char *text;

	(void)state;
	out_new(&json, pipe_fds[1], pipe_fds[1], true);
	out_event(json, &ev, "", false);
	ev.t = 1.5;
	out_event(json, &ev, "", false);
	ev.t = 2.5;
	out_event(json, &ev, "", false);
	assert_int_equal(0, out_close(json));
	text = printed();
	assert_true(text_begins(text, "{\"t\":2.000,"));
	text = strchr(text, '\n') + 1;
	assert_true(text_begins(text, "{\"t\":2.000,"));
	text = strchr(text, '\n') + 1;
	assert_true(text_begins(text, "{\"t\":2.500,"));
}

int main(void)
{
#define TEST(t) cmocka_unit_test_setup_teardown(t, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_it_prints_tells_the_robot_and_stops_the_engine),
		TEST(test_the_same_is_not_said_twice_of_a_call),
		TEST(test_quit),
		TEST(test_an_engine_that_breaks_is_an_error),
		TEST(test_a_signal_ends_it),
		TEST(test_output_that_cannot_be_written_ends_it),
		TEST(test_quiet_prints_the_diary_only),
		TEST(test_a_slow_reader_does_not_stop_it),
		TEST(test_hello_comes_before_any_command),
		TEST(test_time_never_runs_backwards),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
