/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/verb.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/select.h>
#include <fcntl.h>
#include <unistd.h>

#include <cmocka.h>

#include "app/exitcode.h"
#include "base/clock.h"
#include "base/text.h"
#include "base/thread.h"
#include "tests/app/fake_port.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static struct app app;
static struct fake fake;
static struct out *out;
static int pipe_fds[2];
static char said[8192];

static int setup(void **state)
{
	(void)state;
	thread_adopt(THREAD_UI);
	app_init(&app);
	fake_init(&fake, &app);
	if (pipe2(pipe_fds, O_NONBLOCK))
		return -1;
	out_new(&out, pipe_fds[1], pipe_fds[1], false);

	return 0;
}

static int teardown(void **state)
{
	(void)state;
	(void)out_close(out); /* a pipe that takes all */
	close(pipe_fds[0]);
	close(pipe_fds[1]);
	app_done(&app);

	return 0;
}

/* News reaches the robot as the loop would hand it on. */
static void pass_on(const struct robot *r)
{
	for (unsigned i = 0; i < fake.newsc; i++) {
		if (fake.kinds[i] != NEWS_LISTED)
			r->event(r->self, &fake.news[i]);
	}
	fake.newsc = 0;
	r->tick(r->self);
}

static const char *heard(void)
{
	ssize_t n;

	out_write(out);
	n = read(pipe_fds[0], said, sizeof(said) - 1);
	said[n > 0 ? n : 0] = '\0';

	return said;
}

static void call_is(const struct robot *r, uint32_t id, enum call_state state,
		    unsigned code, uint32_t consult_of)
{
	struct event ev = {.type = EV_CALL};

	ev.u.call.id = id;
	ev.u.call.dir = CALL_OUT;
	ev.u.call.state = state;
	ev.u.call.code = code;
	ev.u.call.consult_of = consult_of;
	text_copy(ev.u.call.peer, sizeof(ev.u.call.peer), "sip:b@h");
	app_event(&app, &ev);
	pass_on(r);
}

static void transfer_is(const struct robot *r, enum outcome outcome,
			unsigned code)
{
	struct event ev = {.type = EV_TRANSFER};

	ev.u.transfer.id = 1;
	ev.u.transfer.call = 1;
	ev.u.transfer.outcome = outcome;
	ev.u.transfer.code = code;
	app_event(&app, &ev);
	pass_on(r);
}

static void reply_is(const struct robot *r, int err, uint32_t id)
{
	fake_answer(&fake, &app, err, id, err ? "why not" : "");
	pass_on(r);
}

static int code_of(const struct robot *r)
{
	int code = -1;

	return r->done(r->self, &code) ? code : -1;
}

/* ---- call ---------------------------------------------------------------- */

static void test_call_ends_with_the_code_of_the_call(void **state)
{
	static const struct {
		bool talks;
		unsigned code;
		int exits;
	} cases[] = {
		{true, 200, 0},   {false, 486, 10}, {false, 480, 11},
		{false, 603, 12}, {false, 404, 16}, {false, 302, 20},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct call_verb *v;
		struct robot r;

		call_verb_new(&v, &app, out, "sip:b@h", 0);
		r = call_verb_robot(v);
		r.tick(r.self);
		assert_string_equal("sip:b@h",
				    fake_last(&fake, REQ_DIAL)->u.text);
		reply_is(&r, 0, (uint32_t)i + 1);
		call_is(&r, (uint32_t)i + 1, CALL_DIALING, 0, 0);
		if (cases[i].talks)
			call_is(&r, (uint32_t)i + 1, CALL_TALKING, 200, 0);
		assert_int_equal(-1, code_of(&r));
		/* somebody else's call changes nothing */
		call_is(&r, 99, CALL_ENDED, 486, 0);
		assert_int_equal(-1, code_of(&r));
		call_is(&r, (uint32_t)i + 1, CALL_ENDED, cases[i].code, 0);
		assert_int_equal(cases[i].exits, code_of(&r));
		call_verb_free(v);
	}
}

static void test_call_that_is_refused(void **state)
{
	struct call_verb *v;
	struct robot r;

	(void)state;
	call_verb_new(&v, &app, out, "204", 0);
	r = call_verb_robot(v);
	r.tick(r.self);
	reply_is(&r, EINVAL, 0);
	assert_int_equal(EXIT_USAGE, code_of(&r));
	assert_string_equal("204 cannot be called: why not\n", heard());
	call_verb_free(v);
}

static void test_call_for_some_seconds(void **state)
{
	struct call_verb *v;
	struct robot r;

	(void)state;
	call_verb_new(&v, &app, out, "sip:b@h", 2000);
	r = call_verb_robot(v);
	r.tick(r.self);
	reply_is(&r, 0, 1);
	call_is(&r, 1, CALL_TALKING, 200, 0);
	assert_in_range(r.timeout_ms(r.self), 1, 2000);
	clock_advance(2000);
	assert_int_equal(0, r.timeout_ms(r.self));
	r.tick(r.self);
	assert_int_equal(1, fake_last(&fake, REQ_HANGUP)->id);
	/* asked once */
	unsigned n = fake.n;

	r.tick(r.self);
	assert_int_equal(n, fake.n);
	assert_int_equal(-1, r.timeout_ms(r.self));
	call_is(&r, 1, CALL_ENDED, 0, 0);
	assert_int_equal(EXIT_OK, code_of(&r));
	call_verb_free(v);
}

static void test_call_waits_for_the_registration(void **state)
{
	struct event ev = {.type = EV_ACCOUNT};
	struct call_verb *v;
	struct robot r;

	(void)state;
	app.posted = 1;
	call_verb_new(&v, &app, out, "204", 0);
	r = call_verb_robot(v);
	r.tick(r.self);
	assert_int_equal(0, fake.n);
	ev.u.account.id = 1;
	ev.u.account.state = ACCOUNT_REGISTERING;
	app_event(&app, &ev);
	pass_on(&r);
	assert_int_equal(0, fake.n);
	ev.u.account.state = ACCOUNT_REGISTERED;
	app_event(&app, &ev);
	pass_on(&r);
	fake_last(&fake, REQ_DIAL);
	call_verb_free(v);
}

/* ---- xfer -----------------------------------------------------------------
 */

static struct xfer_verb *xfer(struct robot *r, enum transfer_kind kind,
			      unsigned flags)
{
	struct xfer_prm prm = {
		.caller = "sip:a@h",
		.target = "sip:t@h",
		.kind = kind,
		.flags = flags,
		.limit_ms = 30000,
	};
	struct xfer_verb *v;

	xfer_verb_new(&v, &app, out, &prm);
	*r = xfer_verb_robot(v);
	r->tick(r->self);
	assert_string_equal("sip:a@h", fake_last(&fake, REQ_DIAL)->u.text);
	reply_is(r, 0, 1);
	call_is(r, 1, CALL_RINGING, 180, 0);

	return v;
}

/* The worker is a thread: wait for it as the loop does. */
static void worker_ends(const struct robot *r)
{
	while (r->fd(r->self) >= 0) {
		fd_set set;

		FD_ZERO(&set);
		if (r->fd(r->self) < 0)
			break;
		FD_SET(r->fd(r->self), &set);
		assert_int_equal(1, select(FD_SETSIZE, &set, NULL, NULL,
					   &(struct timeval){.tv_sec = 10}));
	}
	r->tick(r->self);
}

static void test_blind_transfer_that_succeeds(void **state)
{
	struct xfer_verb *v;
	struct robot r;

	(void)state;
	v = xfer(&r, KIND_BLIND, TRANSFER_RELEASE);
	call_is(&r, 1, CALL_TALKING, 200, 0);
	worker_ends(&r);
	assert_int_equal(REQ_TRANSFER, fake.refer.type);
	assert_int_equal(1, fake.refer.id);
	assert_int_equal(0, fake.refer.id2);
	assert_int_equal(30000, fake.refer.value);
	assert_int_equal(TRANSFER_RELEASE, fake.refer.flags);
	assert_string_equal("sip:t@h", fake.refer.u.text);
	/* the worker is back, but the event is what is waited for */
	assert_int_equal(-1, code_of(&r));
	transfer_is(&r, OUTCOME_SUCCEEDED, 200);
	assert_int_equal(-1, code_of(&r));
	call_is(&r, 1, CALL_ENDED, 0, 0);
	assert_int_equal(EXIT_OK, code_of(&r));
	assert_string_equal("Transfer succeeded, 200: the caller, sip:a@h, is "
			    "with the target now.\n",
			    heard());
	xfer_verb_free(v);
}

static void test_caller_who_is_still_here_is_hung_up(void **state)
{
	struct xfer_verb *v;
	struct robot r;

	(void)state;
	v = xfer(&r, KIND_BLIND, 0);
	call_is(&r, 1, CALL_TALKING, 200, 0);
	worker_ends(&r);
	call_is(&r, 1, CALL_HELD, 200, 0);
	transfer_is(&r, OUTCOME_FAILED, 486);
	clock_advance(10);
	r.tick(r.self);
	assert_int_equal(1, fake_last(&fake, REQ_HANGUP)->id);
	assert_int_equal(-1, code_of(&r));
	call_is(&r, 1, CALL_ENDED, 0, 0);
	assert_int_equal(EXIT_BUSY, code_of(&r));
	assert_string_equal("Transfer failed, 486: the caller, sip:a@h, was "
			    "still here, and was hung up.\n",
			    heard());
	xfer_verb_free(v);
}

static void test_nothing_was_sent(void **state)
{
	struct xfer_verb *v;
	struct robot r;

	(void)state;
	fake.refer_err = ENOTCONN;
	text_copy(fake.refer_last.say, sizeof(fake.refer_last.say),
		  "the call has ended");
	v = xfer(&r, KIND_BLIND, 0);
	call_is(&r, 1, CALL_TALKING, 200, 0);
	worker_ends(&r);
	call_is(&r, 1, CALL_ENDED, 0, 0);
	assert_int_equal(EXIT_NOT_SENT, code_of(&r));
	assert_non_null(strstr(heard(), "Nothing was sent: the call has "
					"ended\n"));
	xfer_verb_free(v);
}

static void test_caller_who_does_not_answer(void **state)
{
	struct xfer_verb *v;
	struct robot r;

	(void)state;
	v = xfer(&r, KIND_BLIND, 0);
	call_is(&r, 1, CALL_ENDED, 486, 0);
	assert_int_equal(EXIT_CALLER, code_of(&r));
	assert_int_equal(0, fake.refer.type);
	xfer_verb_free(v);
}

static void test_attended_refers_when_the_target_talks(void **state)
{
	struct xfer_verb *v;
	struct robot r;

	(void)state;
	v = xfer(&r, KIND_ATTENDED, 0);
	call_is(&r, 1, CALL_TALKING, 200, 0);
	assert_string_equal("sip:t@h", fake_last(&fake, REQ_CONSULT)->u.text);
	assert_int_equal(1, fake_last(&fake, REQ_CONSULT)->id);
	reply_is(&r, 0, 2);
	call_is(&r, 1, CALL_HELD, 200, 0);
	call_is(&r, 2, CALL_RINGING, 180, 1);
	assert_int_equal(0, fake.refer.type);
	call_is(&r, 2, CALL_TALKING, 200, 1);
	worker_ends(&r);
	assert_int_equal(REQ_TRANSFER, fake.refer.type);
	assert_int_equal(2, fake.refer.id2);
	transfer_is(&r, OUTCOME_SUCCEEDED, 200);
	call_is(&r, 1, CALL_ENDED, 0, 0);
	call_is(&r, 2, CALL_ENDED, 0, 1);
	assert_int_equal(EXIT_OK, code_of(&r));
	xfer_verb_free(v);
}

static void test_consulted_target_is_busy(void **state)
{
	static const enum transfer_kind kinds[] = {KIND_ATTENDED, KIND_SEMI};

	(void)state;
	for (size_t i = 0; i < COUNT(kinds); i++) {
		struct xfer_verb *v;
		struct robot r;

		v = xfer(&r, kinds[i], 0);
		call_is(&r, 1, CALL_TALKING, 200, 0);
		reply_is(&r, 0, 2);
		call_is(&r, 2, CALL_ENDED, 486, 1);
		assert_int_equal(1, fake_last(&fake, REQ_HANGUP)->id);
		call_is(&r, 1, CALL_ENDED, 0, 0);
		assert_int_equal(EXIT_BUSY, code_of(&r));
		xfer_verb_free(v);
	}
}

static void test_semi_completes_while_it_rings(void **state)
{
	struct xfer_verb *v;
	struct robot r;

	(void)state;
	v = xfer(&r, KIND_SEMI, 0);
	call_is(&r, 1, CALL_TALKING, 200, 0);
	reply_is(&r, 0, 2);
	call_is(&r, 2, CALL_DIALING, 0, 1);
	fake_last(&fake, REQ_CONSULT);
	call_is(&r, 2, CALL_RINGING, 180, 1);
	assert_int_equal(1, fake_last(&fake, REQ_COMPLETE)->id);
	reply_is(&r, 0, 1);
	transfer_is(&r, OUTCOME_NONE, 0);
	transfer_is(&r, OUTCOME_SUCCEEDED_INFERRED, 0);
	call_is(&r, 1, CALL_ENDED, 0, 0);
	call_is(&r, 2, CALL_ENDED, 0, 1);
	assert_int_equal(EXIT_OK, code_of(&r));
	xfer_verb_free(v);
}

static void test_consultation_that_takes_too_long(void **state)
{
	struct xfer_verb *v;
	struct robot r;

	(void)state;
	v = xfer(&r, KIND_ATTENDED, 0);
	call_is(&r, 1, CALL_TALKING, 200, 0);
	reply_is(&r, 0, 2);
	call_is(&r, 2, CALL_RINGING, 180, 1);
	clock_advance(30000);
	r.tick(r.self);
	call_is(&r, 1, CALL_ENDED, 0, 0);
	call_is(&r, 2, CALL_ENDED, 487, 1);
	assert_int_equal(EXIT_TIMED_OUT, code_of(&r));
	xfer_verb_free(v);
}

static void test_calls_that_will_not_end_do_not_hold_it_up(void **state)
{
	struct xfer_verb *v;
	struct robot r;

	(void)state;
	v = xfer(&r, KIND_BLIND, 0);
	call_is(&r, 1, CALL_TALKING, 200, 0);
	worker_ends(&r);
	transfer_is(&r, OUTCOME_SUCCEEDED, 200);
	clock_advance(3000);
	r.tick(r.self);
	fake_last(&fake, REQ_HANGUP);
	clock_advance(3000);
	r.tick(r.self);
	assert_int_equal(EXIT_OK, code_of(&r));
	xfer_verb_free(v);
}

int main(void)
{
#define TEST(t) cmocka_unit_test_setup_teardown(t, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_call_ends_with_the_code_of_the_call),
		TEST(test_call_that_is_refused),
		TEST(test_call_for_some_seconds),
		TEST(test_call_waits_for_the_registration),
		TEST(test_blind_transfer_that_succeeds),
		TEST(test_caller_who_is_still_here_is_hung_up),
		TEST(test_nothing_was_sent),
		TEST(test_caller_who_does_not_answer),
		TEST(test_attended_refers_when_the_target_talks),
		TEST(test_consulted_target_is_busy),
		TEST(test_semi_completes_while_it_rings),
		TEST(test_consultation_that_takes_too_long),
		TEST(test_calls_that_will_not_end_do_not_hold_it_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
