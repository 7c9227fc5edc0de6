/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/tour.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/thread.h"

/* ---- an engine and a bank made of paper -----------------------------------
 */

/* What goes wrong, and in which leg (1..3) */
enum fault {
	NONE,
	DIAL_REFUSED,
	CALLEE_BUSY,
	CALL_LOST, /* it ends as soon as it was answered           */
	HOLD_REFUSED,
	HOLD_SILENT,      /* no re-INVITE is ever answered                */
	TRANSFER_REFUSED, /* by the engine                                */
	PEER_REJECTS,     /* the REFER                                    */
	REFER_SILENT,     /* nothing comes back                           */
	NO_RESULT,        /* 202 and NOTIFY 100, then nothing             */
	WRONG_RESULT,     /* fails where it should succeed, or the reverse */
	WRONG_CODE,       /* fails with another code                      */
	INFERRED,         /* succeeds, but nobody said so                 */
	CALL_STAYS,       /* the result comes, no BYE                     */
	NOT_BACK,         /* the caller is taken off hold by us only      */
	NEVER_BACK,       /* not even then                                */
	BACK_BUT_GONE,
	CONSULT_REFUSED,
	CONSULT_BUSY,
	CONSULT_LOST_CALLER,
	STOPPED, /* the engine says goodbye                      */
	BROKEN_PIPE,
	LATE_REPLY,   /* the calls' events come before the replies    */
	EARLY_NOTIFY, /* NOTIFYs before the 202                       */
};

static struct fake {
	struct tour *tour;
	enum fault fault;
	unsigned leg, at; /* where we are, where the fault is */
	uint32_t serial, id;
	uint32_t caller, consult;
	struct request reqv[64];
	unsigned n, done;
	int err;
	char said[32768];
	size_t len;
	char asked[2048]; /* "dial sip:answer@bank:5070\n..." */
} fake;

static int fake_post(void *engine, const struct request *req)
{
	struct fake *f = engine;

	if (f->err)
		return f->err;

	assert_true(f->n < 64);
	f->reqv[f->n++] = *req;

	return 0;
}

static uint32_t fake_serial(void *engine)
{
	struct fake *f = engine;

	return ++f->serial;
}

static void on_line(const char *line, void *arg)
{
	struct fake *f = arg;

	assert_null(strchr(line, '\n'));
	f->len += (size_t)snprintf(f->said + f->len, sizeof(f->said) - f->len,
				   "%s\n", line);
	assert_true(f->len < sizeof(f->said));
}

static bool fault(enum fault what)
{
	return fake.fault == what && fake.leg == fake.at;
}

static void say_call(uint32_t id, enum call_state state, unsigned code,
		     const char *text)
{
	struct event ev = {.type = EV_CALL};

	ev.u.call.id = id;
	ev.u.call.dir = CALL_OUT;
	ev.u.call.state = state;
	ev.u.call.code = code;
	ev.u.call.consult_of = id == fake.consult ? fake.caller : 0;
	(void)snprintf(ev.u.call.text, sizeof(ev.u.call.text), "%s", text);
	(void)snprintf(ev.u.call.peer, sizeof(ev.u.call.peer),
		       "sip:%s@bank:5070",
		       id == fake.consult ? "echo" : "answer");
	tour_event(fake.tour, &ev);
}

static void say_transfer(enum refer_state state, unsigned code,
			 const char *text, unsigned refer_code,
			 enum outcome outcome)
{
	static unsigned ms;
	struct event ev = {.type = EV_TRANSFER};

	ev.u.transfer.id = fake.leg;
	ev.u.transfer.call = fake.caller;
	ev.u.transfer.consult = fake.consult;
	ev.u.transfer.state = state;
	ev.u.transfer.code = code;
	ev.u.transfer.refer_code = refer_code;
	ev.u.transfer.outcome = outcome;
	ev.u.transfer.since_refer_ms = ms += 5;
	(void)snprintf(ev.u.transfer.text, sizeof(ev.u.transfer.text), "%s",
		       text);
	(void)snprintf(ev.u.transfer.say, sizeof(ev.u.transfer.say), "it is %s",
		       refer_state_name(state));
	tour_event(fake.tour, &ev);
}

static void say_reply(const struct request *req, int err, uint32_t id)
{
	struct event ev = {.type = EV_REPLY};

	ev.u.reply.serial = req->serial;
	ev.u.reply.err = err;
	ev.u.reply.id = id;
	(void)snprintf(ev.u.reply.command, sizeof(ev.u.reply.command), "%s",
		       request_name(req->type));
	if (err)
		(void)snprintf(ev.u.reply.error, sizeof(ev.u.reply.error),
			       "not today");
	tour_event(fake.tour, &ev);
}

static void do_dial(const struct request *req)
{
	struct event stopped = {.type = EV_STOPPED};

	++fake.leg;
	fake.consult = 0;
	if (fault(DIAL_REFUSED)) {
		say_reply(req, ENETUNREACH, 0);
		return;
	}
	if (fault(STOPPED)) {
		tour_event(fake.tour, &stopped);
		return;
	}
	if (fault(BROKEN_PIPE))
		fake.err = EPIPE;

	fake.caller = ++fake.id;
	if (!fault(LATE_REPLY))
		say_reply(req, 0, fake.caller);
	say_call(fake.caller, CALL_DIALING, 0, "");
	say_call(fake.caller, CALL_RINGING, 180, "Ringing");
	if (fault(CALLEE_BUSY))
		say_call(fake.caller, CALL_ENDED, 486, "Busy Here");
	else
		say_call(fake.caller, CALL_TALKING, 200, "OK");
	if (fault(CALL_LOST))
		say_call(fake.caller, CALL_ENDED, 0, "");
	if (fault(LATE_REPLY))
		say_reply(req, 0, fake.caller);
}

static void do_hold(const struct request *req)
{
	if (fault(HOLD_REFUSED)) {
		say_reply(req, EBUSY, 0);
		return;
	}
	say_reply(req, 0, 0);
	if (!fault(HOLD_SILENT))
		say_call(fake.caller, CALL_HELD, 200, "OK");
}

static void do_consult(const struct request *req)
{
	if (fault(CONSULT_REFUSED)) {
		say_reply(req, EBUSY, 0);
		return;
	}
	/* as the engine does: the reply names the transfer, not a call */
	say_reply(req, 0, fake.leg);
	say_transfer(REFER_IDLE, 0, "", 0, OUTCOME_NONE);
	say_call(fake.caller, CALL_HELD, 200, "OK");
	fake.consult = ++fake.id;
	say_call(fake.consult, CALL_DIALING, 0, "");
	say_transfer(REFER_IDLE, 0, "", 0, OUTCOME_NONE);
	if (fault(CONSULT_LOST_CALLER)) {
		say_call(fake.caller, CALL_ENDED, 0, "");
		return;
	}
	if (fault(CONSULT_BUSY))
		say_call(fake.consult, CALL_ENDED, 480, "Unavailable");
	else
		say_call(fake.consult, CALL_TALKING, 200, "OK");
}

static void end_calls(void)
{
	if (fault(CALL_STAYS))
		return;
	if (fake.consult)
		say_call(fake.consult, CALL_ENDED, 0, "");
	say_call(fake.caller, CALL_ENDED, 0, "");
}

static void do_result(void)
{
	bool busy = fake.leg == 2;

	if (fault(WRONG_RESULT))
		busy = !busy;
	if (fault(INFERRED)) {
		end_calls();
		say_transfer(REFER_TRYING, 100, "Trying", 202,
			     OUTCOME_SUCCEEDED_INFERRED);
		return;
	}
	if (!busy) {
		say_transfer(REFER_ALERTED, 180, "Ringing", 202, OUTCOME_NONE);
		say_transfer(REFER_SUCCEEDED, 200, "OK", 202,
			     OUTCOME_SUCCEEDED);
		end_calls();
		return;
	}
	if (fault(WRONG_CODE))
		say_transfer(REFER_FAILED, 603, "Decline", 202, OUTCOME_FAILED);
	else
		say_transfer(REFER_FAILED, 486, "Busy Here", 202,
			     OUTCOME_FAILED);
	if (fault(BACK_BUT_GONE))
		say_call(fake.caller, CALL_ENDED, 0, "");
	else if (!fault(NOT_BACK) && !fault(NEVER_BACK))
		say_call(fake.caller, CALL_TALKING, 200, "OK");
}

static void do_transfer(const struct request *req)
{
	if (fault(TRANSFER_REFUSED)) {
		say_reply(req, EINVAL, 0);
		return;
	}
	say_reply(req, 0, fake.leg);
	say_transfer(REFER_IDLE, 0, "", 0, OUTCOME_NONE);
	say_call(fake.caller, CALL_HELD, 200, "OK");
	say_transfer(REFER_REQUESTED, 0, "", 0, OUTCOME_NONE);
	if (fault(REFER_SILENT))
		return;
	if (fault(PEER_REJECTS)) {
		say_transfer(REFER_REJECTED, 603, "Decline", 603,
			     OUTCOME_REJECTED);
		return;
	}
	if (fault(EARLY_NOTIFY))
		say_transfer(REFER_TRYING, 100, "Trying", 0, OUTCOME_NONE);
	else
		say_transfer(REFER_ACCEPTED, 202, "Accepted", 202,
			     OUTCOME_NONE);
	say_transfer(REFER_TRYING, 100, "Trying", 202, OUTCOME_NONE);
	if (!fault(NO_RESULT))
		do_result();
}

static void do_request(const struct request *req)
{
	size_t len = strlen(fake.asked);

	(void)snprintf(fake.asked + len, sizeof(fake.asked) - len, "%s %u %s\n",
		       request_name(req->type), req->id, req->u.text);
	assert_int_not_equal(req->serial, 0);

	switch (req->type) {
	case REQ_DIAL:
		do_dial(req);
		break;
	case REQ_HOLD:
		do_hold(req);
		break;
	case REQ_CONSULT:
		do_consult(req);
		break;
	case REQ_TRANSFER:
	case REQ_COMPLETE:
		do_transfer(req);
		break;
	case REQ_RESUME:
		say_reply(req, 0, 0);
		if (!fault(NEVER_BACK))
			say_call(fake.caller, CALL_TALKING, 200, "OK");
		break;
	case REQ_HANGUP:
		say_reply(req, 0, 0);
		if (!fault(CALL_STAYS))
			say_call(req->id, CALL_ENDED, 0, "");
		break;
	default:
		fail_msg("the tour asked for %s", request_name(req->type));
	}
}

/* Run a tour to its end; returns its exit code */
static int run_tour(enum fault what, unsigned at)
{
	struct port port = {
		.engine = &fake, .post = fake_post, .serial = fake_serial};
	int code = -1;
	unsigned turns;

	memset(&fake, 0, sizeof(fake));
	fake.fault = what;
	fake.at = at;
	thread_adopt(THREAD_UI);
	assert_int_equal(
		tour_new(&fake.tour, &port, "bank:5070", on_line, &fake), 0);

	for (turns = 0; !tour_done(fake.tour, &code); ++turns) {
		int timeout;

		assert_true(turns < 1000);
		if (fake.done < fake.n) {
			do_request(&fake.reqv[fake.done++]);
			continue;
		}
		timeout = tour_timeout_ms(fake.tour);
		assert_true(timeout >= 0 && timeout <= TOUR_LIMIT_MS);
		clock_advance((uint64_t)timeout);
		tour_tick(fake.tour);
	}
	assert_int_equal(tour_timeout_ms(fake.tour), -1);
	tour_free(fake.tour);

	return code;
}

static void assert_said(const char *text)
{
	if (!strstr(fake.said, text))
		fail_msg("not said: \"%s\" in:\n%s", text, fake.said);
}

/* ---- tests -----------------------------------------------------------------
 */

static void test_three_transfers_as_they_should_be(void **state)
{
	static const char *const said[] = {
		"Three transfers over real SIP, with the phones of the bank at "
		"bank:5070.",
		"1. The caller is put on hold",
		"  -> calling sip:answer@bank:5070, who plays the caller",
		"  <- answer rings (180 Ringing)\n",
		"  <- answer answers: you talk\n",
		"  -> putting answer on hold (re-INVITE)\n"
		"  <- answer is on hold\n"
		"  -> asking answer's phone to call sip:slow@bank:5070 (REFER)",
		"REFER is answered with 202 Accepted\n",
		"NOTIFY says 100 Trying\n",
		"NOTIFY says 180 Ringing\n",
		"NOTIFY says 200 OK\n",
		"it is alerted\n",
		"  => outcome: succeeded, ",
		"your call with it ended (BYE)",
		"NOTIFY says 486 Busy Here\n",
		"  => outcome: failed with 486 Busy Here, ",
		"  <- answer is off hold: you talk\n",
		"  => the caller is back with you; hanging up (BYE)\n",
		"  <- echo answers: you talk to it\n",
		"to take your place with echo (REFER with Replaces)",
		"Result: 3 of 3 transfers ended as they should.\n"
		"  1. to slow, from hold: succeeded after ",
		"  2. to busy: failed after ",
		"(486 Busy Here), the caller is back\n",
		"  3. to echo, by consultation: succeeded after ",
	};
	size_t i;

	(void)state;

	assert_int_equal(run_tour(NONE, 0), 0);
	for (i = 0; i < sizeof(said) / sizeof(said[0]); ++i)
		assert_said(said[i]);
	assert_null(strstr(fake.said, "!!"));
	assert_string_equal(fake.asked, "dial 0 sip:answer@bank:5070\n"
					"hold 1 \n"
					"transfer 1 sip:slow@bank:5070\n"
					"dial 0 sip:answer@bank:5070\n"
					"transfer 2 sip:busy@bank:5070\n"
					"hangup 2 \n"
					"dial 0 sip:answer@bank:5070\n"
					"consult 3 sip:echo@bank:5070\n"
					"complete 3 \n");
}

static void test_what_may_differ(void **state)
{
	static const struct {
		enum fault fault;
		unsigned at;
		const char *said;
	} casev[] = {
		{LATE_REPLY, 1, "3 of 3"},
		{EARLY_NOTIFY, 1, "REFER is answered with 202 "},
		{INFERRED, 3, "consultation: succeeded-inferred after"},
		{NOT_BACK, 2, "-> taking the caller off hold (re-INVITE)"},
	};
	size_t i;

	(void)state;

	for (i = 0; i < sizeof(casev) / sizeof(casev[0]); ++i) {
		assert_int_equal(run_tour(casev[i].fault, casev[i].at), 0);
		assert_said(casev[i].said);
		assert_said("Result: 3 of 3");
	}
}

static void test_each_way_to_fail_is_told_and_the_rest_goes_on(void **state)
{
	static const struct {
		enum fault fault;
		unsigned at;
		const char *said;
		unsigned right;
		const char *asked; /* among others */
	} casev[] = {
		{DIAL_REFUSED, 1, "!! dial was refused: not today", 2, NULL},
		{CALLEE_BUSY, 2, "!! the call to answer ended: 486 Busy Here",
		 2, NULL},
		{CALL_LOST, 1, "!! the call to answer ended too early", 2,
		 NULL},
		{HOLD_REFUSED, 1, "!! hold was refused: not today", 2,
		 "hangup 1"},
		{TRANSFER_REFUSED, 2, "!! transfer was refused: not today", 2,
		 "hangup 2"},
		{TRANSFER_REFUSED, 3, "!! complete was refused: not today", 2,
		 "hangup 3 \nhangup 4"},
		{PEER_REJECTS, 1,
		 "!! the transfer should have succeeded; outcome: rejected", 2,
		 "hangup 1"},
		{PEER_REJECTS, 2,
		 "!! the transfer should have failed; outcome: rejected", 2,
		 "hangup 2"},
		{WRONG_RESULT, 1,
		 "!! the transfer should have succeeded; outcome: failed", 2,
		 "hangup 1"},
		{WRONG_RESULT, 2,
		 "!! the transfer should have failed; outcome: succeeded", 2,
		 NULL},
		{WRONG_CODE, 2,
		 "!! the transfer should have failed; outcome: failed", 2,
		 "hangup 2"},
		{CALL_STAYS, 1, "!! the end of the call did not come", 2,
		 "hangup 1"},
		{CALL_STAYS, 3, "!! the end of the call did not come", 2,
		 "hangup 3 \nhangup 4"},
		{BACK_BUT_GONE, 2, "!! the call to answer ended", 2, NULL},
		{CONSULT_REFUSED, 3, "!! consult was refused: not today", 2,
		 "hangup 3"},
		{CONSULT_BUSY, 3, "!! the call to echo ended: 480 Unavailable",
		 2, "hangup 3"},
		{CONSULT_LOST_CALLER, 3, "!! the call to answer ended", 2,
		 "hangup 4"},

		/* these end it */
		{HOLD_SILENT, 1,
		 "!! time is up (60 s): still waiting for answer to accept "
		 "the hold",
		 0, "hangup 1"},
		{REFER_SILENT, 2,
		 "!! time is up (60 s): still waiting for an answer to the "
		 "REFER",
		 1, "hangup 2"},
		{NO_RESULT, 3,
		 "!! time is up (60 s): still waiting for a NOTIFY with the "
		 "result of the transfer",
		 2, "hangup 3 \nhangup 4"},
		{NEVER_BACK, 2,
		 "!! time is up (60 s): still waiting for the caller to come "
		 "off hold",
		 1, "hangup 2"},
		{STOPPED, 1, "!! the SIP engine has gone", 0, NULL},
		{STOPPED, 3, "!! the SIP engine has gone", 2, NULL},
		{BROKEN_PIPE, 2, "!! the SIP engine has gone", 1, NULL},
	};
	size_t i;

	(void)state;

	for (i = 0; i < sizeof(casev) / sizeof(casev[0]); ++i) {
		char result[64];

		assert_int_equal(run_tour(casev[i].fault, casev[i].at), 1);
		assert_said(casev[i].said);
		(void)snprintf(result, sizeof(result),
			       "Result: %u of 3 transfers", casev[i].right);
		assert_said(result);
		assert_said("NOT AS IT SHOULD: ");
		if (casev[i].asked && fake.done < fake.n) {
			/* hung up last, when it was over already */
			while (fake.done < fake.n) {
				size_t len = strlen(fake.asked);

				(void)snprintf(
					fake.asked + len,
					sizeof(fake.asked) - len, "%s %u \n",
					request_name(fake.reqv[fake.done].type),
					fake.reqv[fake.done].id);
				++fake.done;
			}
		}
		if (casev[i].asked && !strstr(fake.asked, casev[i].asked))
			fail_msg("case %zu did not ask for %s but\n%s", i,
				 casev[i].asked, fake.asked);
	}
}

static void test_full_pipe_only_delays_it(void **state)
{
	struct port port = {
		.engine = &fake, .post = fake_post, .serial = fake_serial};
	int i;

	(void)state;

	memset(&fake, 0, sizeof(fake));
	thread_adopt(THREAD_UI);
	assert_int_equal(
		tour_new(&fake.tour, &port, "[::1]:5070", on_line, &fake), 0);
	fake.err = EAGAIN;
	for (i = 0; i < 3; ++i) {
		tour_tick(fake.tour);
		assert_in_range(tour_timeout_ms(fake.tour), 1, 10);
		assert_int_equal(fake.n, 0);
	}
	fake.err = 0;
	tour_tick(fake.tour);
	assert_int_equal(fake.n, 1);
	assert_string_equal(fake.reqv[0].u.text, "sip:answer@[::1]:5070");
	tour_free(fake.tour);
}

static void test_addresses_that_are_none(void **state)
{
	struct port port = {
		.engine = &fake, .post = fake_post, .serial = fake_serial};
	static char longest[URI_MAX + 1];
	static const struct {
		const char *hostport;
		int err;
	} casev[] = {
		{"", EINVAL},         {"a b", EINVAL},
		{"a\x1b[m", EINVAL},  {"x@y:5060", EINVAL},
		{"h:5060>", EINVAL},  {"h?x=y", EINVAL},
		{longest, EOVERFLOW}, {"h:1;transport=tcp", 0},
	};
	size_t i;

	(void)state;

	memset(longest, 'a', URI_MAX);
	thread_adopt(THREAD_UI);
	for (i = 0; i < sizeof(casev) / sizeof(casev[0]); ++i) {
		struct tour *t = NULL;

		assert_int_equal(
			tour_new(&t, &port, casev[i].hostport, on_line, &fake),
			casev[i].err);
		assert_int_equal(t != NULL, !casev[i].err);
		tour_free(t);
	}
}

int main(void)
{
	const struct CMUnitTest testv[] = {
		cmocka_unit_test(test_three_transfers_as_they_should_be),
		cmocka_unit_test(test_what_may_differ),
		cmocka_unit_test(
			test_each_way_to_fail_is_told_and_the_rest_goes_on),
		cmocka_unit_test(test_full_pipe_only_delays_it),
		cmocka_unit_test(test_addresses_that_are_none),
	};

	return cmocka_run_group_tests(testv, NULL, NULL);
}
