/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/bank.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/thread.h"

/* ---- an engine made of paper --------------------------------------------- */

enum { DIALOG = 7, REFERRAL = 3, TARGET_CALL = 9, SEEN_MAX = 64 };

static struct fake {
	struct bank *bank;
	uint32_t serial;
	int err;                       /* of the next posts              */
	struct request seen[SEEN_MAX]; /* since the test began           */
	unsigned n, taken;
	char text[1024];
	char logged[LOG_TEXT_MAX];
} fake;

static int fake_post(void *engine, const struct request *req)
{
	struct fake *f = engine;

	if (f->err)
		return f->err;

	assert_true(f->n < SEEN_MAX);
	f->seen[f->n++] = *req;

	return 0;
}

static uint32_t fake_serial(void *engine)
{
	struct fake *f = engine;

	return ++f->serial;
}

static void on_log(enum log_level level, const char *tag, const char *text,
		   void *arg)
{
	struct fake *f = arg;

	(void)level;
	assert_string_equal(tag, "bank");
	(void)snprintf(f->logged, sizeof(f->logged), "%s", text);
}

/* What was asked since the last look: "progress 7 180, answer 7" */
static const char *took(void)
{
	size_t at = 0;

	fake.text[0] = '\0';
	for (; fake.taken < fake.n; ++fake.taken) {
		const struct request *req = &fake.seen[fake.taken];
		char code[16] = "";

		if (req->code)
			(void)snprintf(code, sizeof(code), " %u", req->code);
		at += (size_t)snprintf(
			fake.text + at, sizeof(fake.text) - at, "%s%s %u%s%s%s",
			at ? ", " : "", request_name(req->type), req->id, code,
			req->flags & REFERRED_MANUAL ? " manual" : "",
			req->flags & REFERRED_FINAL ? " final" : "");
		if (req->type == REQ_DIAL)
			at += (size_t)snprintf(fake.text + at,
					       sizeof(fake.text) - at, " %s",
					       req->u.text);
	}

	return fake.text;
}

static int setup(void **state)
{
	struct port port = {
		.engine = &fake, .post = fake_post, .serial = fake_serial};

	(void)state;
	thread_adopt(THREAD_UI);
	memset(&fake, 0, sizeof(fake));
	log_sink(on_log, &fake);

	return bank_new(&fake.bank, &port);
}

static int teardown(void **state)
{
	(void)state;
	bank_free(fake.bank);
	log_sink(NULL, NULL);

	return 0;
}

/* ---- what the engine says ------------------------------------------------ */

static void say_call(uint32_t id, enum call_dir dir, enum call_state state,
		     const char *local)
{
	struct event ev = {.type = EV_CALL};

	ev.u.call.id = id;
	ev.u.call.dir = dir;
	ev.u.call.state = state;
	(void)snprintf(ev.u.call.local, sizeof(ev.u.call.local), "%s", local);
	bank_event(fake.bank, &ev);
}

/* The call that was made for the referral */
static void say_target(enum call_state state, unsigned code)
{
	struct event ev = {.type = EV_CALL};

	ev.u.call.id = TARGET_CALL;
	ev.u.call.dir = CALL_OUT;
	ev.u.call.state = state;
	ev.u.call.code = code;
	ev.u.call.referred = REFERRAL;
	bank_event(fake.bank, &ev);
}

static void say_referred(uint32_t id, uint32_t call, bool gone)
{
	struct event ev = {.type = EV_REFERRED};

	ev.u.referred.id = id;
	ev.u.referred.call = call;
	ev.u.referred.gone = gone;
	bank_event(fake.bank, &ev);
}

/* Answer the request that was posted as number i (from 0) */
static void say_reply(unsigned i, int err, uint32_t id)
{
	struct event ev = {.type = EV_REPLY};

	assert_true(i < fake.n);
	ev.u.reply.serial = fake.seen[i].serial;
	ev.u.reply.err = err;
	ev.u.reply.id = id;
	if (err)
		(void)snprintf(ev.u.reply.error, sizeof(ev.u.reply.error),
			       "it is gone");
	bank_event(fake.bank, &ev);
}

/* Replies to all that was asked and not yet answered: taken */
static void say_taken_all(unsigned from)
{
	for (; from < fake.n; ++from)
		say_reply(from, 0, 0);
}

static void pass(uint64_t ms)
{
	clock_advance(ms);
	bank_tick(fake.bank);
}

/* Nothing before so much time has passed, then exactly this */
static void expect_after(uint64_t began, unsigned wait_ms, const char *want)
{
	int timeout = bank_timeout_ms(fake.bank);

	assert_true(timeout >= 0 && (unsigned)timeout <= wait_ms);
	pass(wait_ms - 100);
	if (clock_ms() < began + wait_ms)
		assert_string_equal(took(), "");
	pass(100);
	assert_string_equal(took(), want);
}

static void talk_to(const char *user)
{
	say_call(DIALOG, CALL_IN, CALL_RINGING, user);
	say_call(DIALOG, CALL_IN, CALL_TALKING, user);
	(void)took();
	say_taken_all(0);
}

/* ---- tests ----------------------------------------------------------------
 */

static void test_each_phone_when_it_is_called(void **state)
{
	static const struct {
		const char *user;
		const char *at_once;
		unsigned wait_ms;
		const char *then;
	} casev[] = {
		{"answer", "progress 7 180", 500, "answer 7"},
		{"alice", "progress 7 180", 500, "answer 7"},
		{"", "progress 7 180", 500, "answer 7"},
		{"caller", "progress 7 180", 500, "answer 7"},
		{"echo", "answer 7", 0, NULL},
		{"slow", "progress 7 180", 5000, "answer 7"},
		{"noanswer", "progress 7 180", 60000, "reject 7 480"},
		{"busy", "reject 7 486", 0, NULL},
		{"decline", "reject 7 603", 0, NULL},
		{"unknown", "reject 7 404", 0, NULL},
		{"unavailable", "reject 7 480", 0, NULL},
		{"silent", "progress 7 180", 500, "answer 7"},
		{"minimal", "progress 7 180", 500, "answer 7"},
		{"early", "progress 7 180", 500, "answer 7"},
		{"leaver", "progress 7 180", 500, "answer 7"},
		{"norefer", "progress 7 180", 500, "answer 7"},
		{"login", "progress 7 180", 500, "answer 7"},
	};
	size_t i;

	(void)state;

	for (i = 0; i < sizeof(casev) / sizeof(casev[0]); ++i) {
		uint64_t began = clock_ms();

		print_message("phone \"%s\"\n", casev[i].user);
		say_call(DIALOG, CALL_IN, CALL_RINGING, casev[i].user);
		assert_string_equal(took(), casev[i].at_once);
		/* the same news again changes nothing */
		say_call(DIALOG, CALL_IN, CALL_RINGING, casev[i].user);
		assert_string_equal(took(), "");

		if (casev[i].then)
			expect_after(began, casev[i].wait_ms, casev[i].then);
		say_call(DIALOG, CALL_IN, CALL_ENDED, casev[i].user);
		assert_int_equal(bank_timeout_ms(fake.bank), -1);
		pass(100000);
		assert_string_equal(took(), "");
	}
}

static void test_each_phone_when_it_is_referred(void **state)
{
	static const struct {
		const char *user;
		unsigned wait_ms;
		const char *asked; /* when the REFER came               */
		const char *rings; /* when the target rings             */
		const char *talks; /* when the target answered          */
		const char *fails; /* when the target said 486 instead  */
	} casev[] = {
		{"answer", 0, "referred-answer 3 202, referred-call 3", "", "",
		 ""},
		{"bob", 0, "referred-answer 3 202, referred-call 3", "", "",
		 ""},
		{"echo", 0, "referred-answer 3 202, referred-call 3", "", "",
		 ""},
		{"login", 0, "referred-answer 3 202, referred-call 3", "", "",
		 ""},
		{"slow", 3000, "referred-answer 3 202, referred-call 3", "", "",
		 ""},
		{"silent", 0, "referred-answer 3 202", "", "", ""},
		{"minimal", 0,
		 "referred-answer 3 202, referred-notify 3 100 final", "", "",
		 ""},
		{"norefer", 0, "referred-answer 3 501", "", "", ""},
		{"early", 0,
		 "referred-notify 3 100, referred-notify 3 180, "
		 "referred-answer 3 202, referred-call 3 manual",
		 "", "referred-notify 3 200 final",
		 "referred-notify 3 486 final"},
		{"leaver", 0,
		 "referred-answer 3 202, referred-notify 3 100, "
		 "referred-call 3 manual",
		 "referred-notify 3 180",
		 "hangup 7, referred-notify 3 200 final",
		 "hangup 7, referred-notify 3 486 final"},
	};
	size_t i;

	for (i = 0; i < 2 * sizeof(casev) / sizeof(casev[0]); ++i) {
		bool fails = i % 2;
		size_t k = i / 2;
		uint64_t began;
		unsigned from;

		print_message("phone \"%s\", target %s\n", casev[k].user,
			      fails ? "is busy" : "answers");
		if (i)
			assert_int_equal(setup(state), 0);
		talk_to(casev[k].user);

		began = clock_ms();
		from = fake.n;
		say_referred(REFERRAL, DIALOG, false);
		if (casev[k].wait_ms)
			expect_after(began, casev[k].wait_ms, casev[k].asked);
		else
			assert_string_equal(took(), casev[k].asked);
		say_taken_all(from);
		say_referred(REFERRAL, DIALOG, false);
		assert_string_equal(took(), "");

		say_target(CALL_DIALING, 0);
		say_target(CALL_RINGING, 180);
		assert_string_equal(took(), casev[k].rings);
		say_target(fails ? CALL_ENDED : CALL_TALKING, fails ? 486 : 0);
		assert_string_equal(took(),
				    fails ? casev[k].fails : casev[k].talks);

		/* and nothing more, whatever comes */
		say_target(CALL_ENDED, 0);
		say_call(DIALOG, CALL_IN, CALL_ENDED, casev[k].user);
		say_referred(REFERRAL, DIALOG, true);
		pass(100000);
		assert_string_equal(took(), "");
		assert_int_equal(bank_timeout_ms(fake.bank), -1);
		if (i + 1 < 2 * sizeof(casev) / sizeof(casev[0]))
			assert_int_equal(teardown(state), 0);
	}
}

static void test_outcome_code_of_a_call_by_hand(void **state)
{
	static const struct {
		unsigned code;
		const char *notify;
	} casev[] = {
		{0, "referred-notify 3 503 final"},
		{180, "referred-notify 3 503 final"},
		{200, "referred-notify 3 200 final"}, /* was up meanwhile */
		{302, "referred-notify 3 302 final"},
		{487, "referred-notify 3 487 final"},
		{603, "referred-notify 3 603 final"},
	};
	size_t i;

	for (i = 0; i < sizeof(casev) / sizeof(casev[0]); ++i) {
		if (i)
			assert_int_equal(setup(state), 0);
		talk_to("early");
		say_referred(REFERRAL, DIALOG, false);
		(void)took();
		say_target(CALL_ENDED, casev[i].code);
		assert_string_equal(took(), casev[i].notify);
		if (i + 1 < sizeof(casev) / sizeof(casev[0]))
			assert_int_equal(teardown(state), 0);
	}
}

static void test_call_cancelled_while_it_rings(void **state)
{
	(void)state;

	say_call(DIALOG, CALL_IN, CALL_RINGING, "slow");
	assert_string_equal(took(), "progress 7 180");
	say_call(DIALOG, CALL_IN, CALL_ENDED, "slow");
	pass(5000);
	assert_string_equal(took(), "");
	assert_int_equal(bank_timeout_ms(fake.bank), -1);
}

static void test_many_calls_each_in_its_time(void **state)
{
	(void)state;

	say_call(1, CALL_IN, CALL_RINGING, "slow");
	say_call(2, CALL_IN, CALL_RINGING, "answer");
	say_call(3, CALL_IN, CALL_RINGING, "noanswer");
	say_call(4, CALL_IN, CALL_RINGING, "answer");
	(void)took();
	say_call(2, CALL_IN, CALL_ENDED, "answer");
	pass(500);
	assert_string_equal(took(), "answer 4");
	pass(4500);
	assert_string_equal(took(), "answer 1");
	pass(55000);
	assert_string_equal(took(), "reject 3 480");
}

static void test_refer_outside_of_a_call_is_refused(void **state)
{
	static const struct {
		uint32_t call;
		const char *want;
	} casev[] = {
		{0, "referred-answer 1 403"},
		{55, "referred-answer 2 481"}, /* a call that is gone */
	};
	uint32_t i;

	(void)state;

	for (i = 0; i < 2; ++i) {
		say_referred(i + 1, casev[i].call, false);
		assert_string_equal(took(), casev[i].want);
	}
}

static void test_two_refers_in_a_call_both_run(void **state)
{
	(void)state;

	talk_to("answer");
	say_referred(1, DIALOG, false);
	say_referred(2, DIALOG, false);
	assert_string_equal(took(), "referred-answer 1 202, referred-call 1, "
				    "referred-answer 2 202, referred-call 2");
}

static void test_refer_waiting_when_the_call_ends(void **state)
{
	(void)state;

	talk_to("slow");
	say_referred(REFERRAL, DIALOG, false);
	assert_string_equal(took(), "");
	say_call(DIALOG, CALL_IN, CALL_ENDED, "slow");
	assert_string_equal(took(), "referred-answer 3 487");
	pass(3000);
	assert_string_equal(took(), "");
}

static void test_leaver_whose_call_ended_reports_all_the_same(void **state)
{
	(void)state;

	talk_to("leaver");
	say_referred(REFERRAL, DIALOG, false);
	(void)took();
	say_call(DIALOG, CALL_IN, CALL_ENDED, "leaver");
	assert_string_equal(took(), "");
	say_target(CALL_TALKING, 0);
	assert_string_equal(took(), "referred-notify 3 200 final");
}

static void test_unsubscribed_referral_is_forgotten(void **state)
{
	(void)state;

	talk_to("early");
	say_referred(REFERRAL, DIALOG, false);
	(void)took();
	say_referred(REFERRAL, DIALOG, true);
	say_target(CALL_TALKING, 0);
	assert_string_equal(took(), "");
}

static void test_refused_requests_are_logged_and_nothing_hangs(void **state)
{
	static const struct {
		const char *user;
		unsigned refused; /* of those that the REFER brought */
		const char *then;
		const char *target_talks;
	} casev[] = {
		/* the call cannot be made: the transferor is told */
		{"answer", 1, "referred-notify 3 503 final", ""},
		{"early", 3, "referred-notify 3 503 final", ""},
		{"leaver", 2, "hangup 7, referred-notify 3 503 final", ""},
		/* the REFER is gone: so is the referral */
		{"early", 2, "", ""},
		/* a NOTIFY could not be sent: the next may */
		{"early", 0, "", "referred-notify 3 200 final"},
	};
	size_t i;

	for (i = 0; i < sizeof(casev) / sizeof(casev[0]); ++i) {
		unsigned from;

		if (i)
			assert_int_equal(setup(state), 0);
		talk_to(casev[i].user);
		from = fake.n;
		say_referred(REFERRAL, DIALOG, false);
		(void)took();
		say_reply(from + casev[i].refused, ENOENT, 0);
		assert_non_null(strstr(fake.logged, "it is gone"));
		assert_string_equal(took(), casev[i].then);
		say_target(CALL_TALKING, 0);
		assert_string_equal(took(), casev[i].target_talks);
		if (i + 1 < sizeof(casev) / sizeof(casev[0]))
			assert_int_equal(teardown(state), 0);
	}
}

static void test_full_pipe_loses_nothing_and_keeps_the_order(void **state)
{
	(void)state;

	fake.err = EAGAIN;
	say_call(1, CALL_IN, CALL_RINGING, "answer");
	say_call(2, CALL_IN, CALL_RINGING, "busy");
	assert_string_equal(took(), "");
	assert_in_range(bank_timeout_ms(fake.bank), 0, 10);
	pass(10);
	assert_string_equal(took(), "");

	fake.err = 0;
	say_call(3, CALL_IN, CALL_RINGING, "decline");
	pass(10);
	assert_string_equal(took(),
			    "progress 1 180, reject 2 486, reject 3 603");
	pass(490);
	assert_string_equal(took(), "answer 1");
	assert_int_equal(bank_timeout_ms(fake.bank), -1);
}

static void test_engine_gone_ends_it_all(void **state)
{
	struct event ev = {.type = EV_STOPPED};
	int way;

	for (way = 0; way < 2; ++way) {
		if (way)
			assert_int_equal(setup(state), 0);
		assert_int_equal(
			bank_caller(fake.bank, "sip:console@127.0.0.1", 1000),
			0);
		talk_to("slow");
		say_referred(REFERRAL, DIALOG, false);
		(void)took();
		if (way) {
			bank_event(fake.bank, &ev);
		} else {
			fake.err = EPIPE;
			say_call(8, CALL_IN, CALL_RINGING, "answer");
			assert_non_null(strstr(fake.logged, "gone"));
		}
		assert_int_equal(bank_timeout_ms(fake.bank), -1);
		fake.err = 0;
		say_call(DIALOG, CALL_IN, CALL_ENDED, "slow");
		say_call(9, CALL_IN, CALL_RINGING, "answer");
		pass(10000);
		assert_string_equal(took(), "");
		if (!way)
			assert_int_equal(teardown(state), 0);
	}
}

/* ---- the phone that calls --------------------------------------------------
 */

static const char *const DIAL = "dial 0 sip:console@127.0.0.1:5060";

static void caller_on(uint32_t every_ms)
{
	assert_int_equal(
		bank_caller(fake.bank, "sip:console@127.0.0.1:5060", every_ms),
		0);
}

static void test_caller_calls_again_after_each_call(void **state)
{
	int i;

	(void)state;

	caller_on(4000);
	for (i = 0; i < 3; ++i) {
		uint32_t id = (uint32_t)(20 + i);

		expect_after(clock_ms(), 4000, DIAL);
		say_reply(fake.n - 1, 0, id);
		say_call(id, CALL_OUT, CALL_DIALING, "");
		say_call(id, CALL_OUT, CALL_TALKING, "");
		/* as long as it lasts there is no other */
		pass(120000);
		assert_string_equal(took(), "");
		say_call(id, CALL_OUT, CALL_ENDED, "");
	}
}

static void test_each_call_is_somebody_elses(void **state)
{
	const struct dial_prm *first, *now, *before = NULL;

	(void)state;

	caller_on(4000);
	for (unsigned i = 0; i < 6; i++) {
		pass(4000);
		assert_string_equal(took(), DIAL);
		assert_true(fake.seen[i].flags & DIAL_AS);
		now = &fake.seen[i].u.dial;
		assert_true(now->user[0] && now->name[0]);
		assert_null(strpbrk(now->name, "\"\\<>"));
		if (before) {
			assert_string_not_equal(now->user, before->user);
			assert_string_not_equal(now->name, before->name);
		}
		before = now;
		say_reply(i, 0, 20 + i);
		say_call(20 + i, CALL_OUT, CALL_ENDED, "");
	}
	/* after a while one of them calls again */
	first = &fake.seen[0].u.dial;
	assert_string_equal(fake.seen[4].u.dial.user, first->user);
}

static void test_caller_gives_up_ringing(void **state)
{
	(void)state;

	caller_on(4000);
	pass(4000);
	assert_string_equal(took(), DIAL);
	say_reply(0, 0, 20);
	say_call(20, CALL_OUT, CALL_DIALING, "");
	say_call(20, CALL_OUT, CALL_RINGING, "");
	expect_after(clock_ms(), 30000, "hangup 20");
	say_call(20, CALL_OUT, CALL_ENDED, "");
	expect_after(clock_ms(), 4000, DIAL);
}

static void test_caller_tries_again_when_it_cannot_call(void **state)
{
	(void)state;

	/* refused at once */
	caller_on(4000);
	pass(4000);
	assert_string_equal(took(), DIAL);
	say_reply(0, ENETUNREACH, 0);
	expect_after(clock_ms(), 4000, DIAL);

	/* ended before the reply that says it was ours */
	say_call(20, CALL_OUT, CALL_ENDED, "");
	say_reply(1, 0, 20);
	pass(30000);
	assert_string_equal(took(), "hangup 20");
	say_reply(2, ENOENT, 0);
	expect_after(clock_ms(), 4000, DIAL);
}

static void test_caller_can_be_transferred(void **state)
{
	(void)state;

	caller_on(4000);
	pass(4000);
	assert_string_equal(took(), DIAL);
	say_call(20, CALL_OUT, CALL_DIALING, "");
	say_call(20, CALL_OUT, CALL_TALKING, "");
	say_reply(0, 0, 20);
	/* it was answered before we knew its number: nobody is impatient */
	pass(60000);
	assert_string_equal(took(), "");
	say_referred(REFERRAL, 20, false);
	assert_string_equal(took(), "referred-answer 3 202, referred-call 3");
}

static void test_caller_can_be_stopped_and_refuses_nonsense(void **state)
{
	char long_uri[URI_MAX + 2];

	(void)state;

	memset(long_uri, 'a', sizeof(long_uri) - 1);
	long_uri[sizeof(long_uri) - 1] = '\0';
	assert_int_equal(bank_caller(fake.bank, "", 1000), EINVAL);
	assert_int_equal(bank_caller(fake.bank, "sip:a@b", 0), EINVAL);
	assert_int_equal(bank_caller(fake.bank, long_uri, 1000), EOVERFLOW);
	assert_int_equal(bank_timeout_ms(fake.bank), -1);

	caller_on(4000);
	assert_int_equal(bank_caller(fake.bank, NULL, 0), 0);
	pass(4000);
	assert_string_equal(took(), "");
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest testv[] = {
		T(test_each_phone_when_it_is_called),
		T(test_each_phone_when_it_is_referred),
		T(test_outcome_code_of_a_call_by_hand),
		T(test_call_cancelled_while_it_rings),
		T(test_many_calls_each_in_its_time),
		T(test_refer_outside_of_a_call_is_refused),
		T(test_two_refers_in_a_call_both_run),
		T(test_refer_waiting_when_the_call_ends),
		T(test_leaver_whose_call_ended_reports_all_the_same),
		T(test_unsubscribed_referral_is_forgotten),
		T(test_refused_requests_are_logged_and_nothing_hangs),
		T(test_full_pipe_loses_nothing_and_keeps_the_order),
		T(test_engine_gone_ends_it_all),
		T(test_caller_calls_again_after_each_call),
		T(test_each_call_is_somebody_elses),
		T(test_caller_gives_up_ringing),
		T(test_caller_tries_again_when_it_cannot_call),
		T(test_caller_can_be_transferred),
		T(test_caller_can_be_stopped_and_refuses_nonsense),
	};
#undef T

	return cmocka_run_group_tests(testv, NULL, NULL);
}
