/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/desk.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "app/command.h"
#include "base/text.h"
#include "tests/app/stage.h"

static struct stage s;
static struct desk *const d = &s.desk;

static int setup(void **state)
{
	(void)state;
	stage_open(&s);
	stage_directory(&s, "Alan Reyes,202,Sales\nAlice Lee,201,Sales\n"
			    "Bob Harris,205\n");

	return 0;
}

static int teardown(void **state)
{
	(void)state;
	stage_close(&s);

	return 0;
}

static void call(double t, uint32_t id, enum call_dir dir,
		 enum call_state state)
{
	struct call_info c = {.id = id, .dir = dir, .state = state};

	snprintf(c.peer, sizeof(c.peer), "sip:%u@h", 300 + id);
	snprintf(c.name, sizeof(c.name), "Name%u Last", id);
	text_copy(c.local, sizeof(c.local), dir == CALL_IN ? "main" : "");
	stage_call(&s, t, c);
}

/* Transfer `id` of a call to 202 begins and, with a code, fails */
static void transfer(double t, uint32_t id, uint32_t of, unsigned code)
{
	struct transfer_info x = {.id = id,
				  .call = of,
				  .state = REFER_REQUESTED,
				  .target = "sip:202@h"};

	if (code) {
		x.state = code < 300 ? REFER_SUCCEEDED : REFER_FAILED;
		x.outcome = code < 300 ? OUTCOME_SUCCEEDED : OUTCOME_FAILED;
		x.caller_back = code >= 300;
		x.code = code;
		text_copy(x.text, sizeof(x.text), "Busy Here");
	}
	stage_transfer(&s, t, x);
}

static void is_selected(uint32_t id)
{
	const struct call_info *c = model_selected(&s.app.model);

	assert_int_equal(id, c ? c->id : 0);
}

static const struct request *posted(enum req_type type, uint32_t id)
{
	const struct request *req = fake_last(&s.fake, type);

	assert_int_equal(id, req->id);

	return req;
}

/* ---- what is known of calls
 * -------------------------------------------------- */

static void test_times_of_a_call(void **state)
{
	const struct desk_call *k;

	(void)state;
	call(1, 1, CALL_IN, CALL_RINGING);
	call(3, 1, CALL_IN, CALL_TALKING);
	call(10, 1, CALL_IN, CALL_HELD);
	/* the same once more, with a counter changed: nothing new */
	call(12, 1, CALL_IN, CALL_HELD);
	k = desk_call(d, 1);
	assert_int_equal(1000, k->began_ms);
	assert_int_equal(3000, k->answered_ms);
	assert_int_equal(10000, k->held_ms);
	call(20, 1, CALL_IN, CALL_TALKING);
	assert_int_equal(0, desk_call(d, 1)->held_ms);
	assert_int_equal(3000, desk_call(d, 1)->answered_ms);
	call(21, 1, CALL_IN, CALL_HELD);
	assert_int_equal(21000, desk_call(d, 1)->held_ms);
	call(30, 1, CALL_IN, CALL_ENDED);
	k = desk_call(d, 1);
	assert_int_equal(30000, k->ended_ms);
	assert_int_equal(0, k->held_ms);
	assert_null(desk_call(d, 2));
}

static void test_past_calls(void **state)
{
	(void)state;
	call(1, 1, CALL_IN, CALL_RINGING);
	call(5, 1, CALL_IN, CALL_ENDED);
	call(6, 2, CALL_IN, CALL_RINGING);
	call(8, 2, CALL_IN, CALL_TALKING);
	call(20, 2, CALL_IN, CALL_ENDED);
	call(21, 3, CALL_OUT, CALL_DIALING);
	call(22, 3, CALL_OUT, CALL_ENDED);
	assert_int_equal(3, past_count(d->past));
	assert_int_equal(PAST_OUT, past_at(d->past, 0)->kind);
	assert_int_equal(0, past_at(d->past, 0)->lasted_s);
	assert_int_equal(PAST_IN, past_at(d->past, 1)->kind);
	assert_int_equal(12, past_at(d->past, 1)->lasted_s);
	assert_string_equal("Name2 Last", past_at(d->past, 1)->name);
	assert_int_equal(PAST_MISSED, past_at(d->past, 2)->kind);
	/* told twice, written once */
	call(22, 3, CALL_OUT, CALL_ENDED);
	assert_int_equal(3, past_count(d->past));
}

static void test_caller_who_comes_back(void **state)
{
	struct alert a;

	(void)state;
	call(1, 1, CALL_IN, CALL_TALKING);
	transfer(10, 1, 1, 0);
	transfer(12, 1, 1, 200);
	call(12, 1, CALL_IN, CALL_ENDED);
	stage_call(&s, 75,
		   (struct call_info){.id = 2,
				      .dir = CALL_IN,
				      .state = CALL_RINGING,
				      .name = "Dana",
				      .peer = "sip:301@elsewhere"});
	assert_int_equal(1, desk_call(d, 2)->returned);
	assert_int_equal(2, desk_tale(d, 1)->came_back);
	desk_alert(d, &a);
	assert_int_equal(ALERT_RING, a.kind);
	assert_string_equal("BACK 0:00   Dana  301   sent to Alan Reyes 1:03 "
			    "before",
			    a.text);
	/* somebody else, and long after */
	call(80, 3, CALL_IN, CALL_RINGING);
	assert_int_equal(0, desk_call(d, 3)->returned);
	stage_call(&s, 12 + 1801,
		   (struct call_info){.id = 4,
				      .dir = CALL_IN,
				      .state = CALL_RINGING,
				      .peer = "sip:301@h"});
	assert_int_equal(0, desk_call(d, 4)->returned);
}

static void test_alert_is_the_oldest_that_is_not_silenced(void **state)
{
	struct alert a;

	(void)state;
	desk_alert(d, &a);
	assert_int_equal(ALERT_NONE, a.kind);
	call(1, 1, CALL_IN, CALL_RINGING);
	call(2, 2, CALL_IN, CALL_RINGING);
	stage_at(&s, 9);
	desk_alert(d, &a);
	assert_string_equal("RINGING 0:08   Name1 Last  301 → main", a.text);
	assert_string_equal("F2 answer  F9 reject", a.keys);
	app_line(&s.app, "silence 1");
	desk_alert(d, &a);
	assert_string_equal("RINGING 0:07   Name2 Last  302 → main", a.text);
	app_line(&s.app, "silence 2");
	desk_alert(d, &a);
	assert_int_equal(ALERT_NONE, a.kind);
}

static void test_ringing_is_told(void **state)
{
	(void)state;
	call(1, 1, CALL_IN, CALL_RINGING);
	assert_true(d->bell);
	assert_string_equal("", d->notify);
	assert_string_equal("incoming call from Name1 Last on main",
			    stage_note(&s));
	d->bell = false;
	app_line(&s.app, "set notify desktop");
	call(2, 2, CALL_IN, CALL_RINGING);
	assert_false(d->bell);
	assert_string_equal("Name2 Last is calling", d->notify);
	app_line(&s.app, "set notify off");
	d->notify[0] = '\0';
	call(3, 3, CALL_IN, CALL_RINGING);
	assert_false(d->bell);
	assert_string_equal("", d->notify);
}

static void test_long_hold_is_told_once(void **state)
{
	(void)state;
	call(1, 1, CALL_IN, CALL_HELD);
	d->bell = false;
	stage_at(&s, 120);
	assert_false(d->bell);
	stage_at(&s, 121);
	assert_true(d->bell);
	assert_string_equal("Name1 Last is on hold for 120 s", stage_note(&s));
	d->bell = false;
	stage_at(&s, 130);
	assert_false(d->bell);
}

/* ---- failures ------------------------------------------------------------ */

static void fail_one(void)
{
	call(1, 1, CALL_IN, CALL_HELD);
	transfer(2, 1, 1, 0);
	transfer(3, 1, 1, 486);
	assert_int_equal(1, desk_failure(d)->info.id);
}

static void test_failure_is_an_alert(void **state)
{
	struct alert a;

	(void)state;
	fail_one();
	stage_at(&s, 10);
	desk_alert(d, &a);
	assert_int_equal(ALERT_FAIL, a.kind);
	assert_string_equal("TRANSFER FAILED  486 Busy Here   Name1 Last is "
			    "on hold 0:09",
			    a.text);
	assert_string_equal("Enter resume", a.keys);
	/* there Enter is for something else */
	app_line(&s.app, "focus directory");
	desk_alert(d, &a);
	assert_string_equal("H resume", a.keys);
	/* who rings comes first */
	call(11, 2, CALL_IN, CALL_RINGING);
	desk_alert(d, &a);
	assert_int_equal(ALERT_RING, a.kind);
}

static void test_failure_settles_when_talking_again(void **state)
{
	(void)state;
	fail_one();
	call(4, 1, CALL_IN, CALL_TALKING);
	assert_null(desk_failure(d));
}

static void test_failure_settles_with_the_call(void **state)
{
	(void)state;
	fail_one();
	call(4, 1, CALL_IN, CALL_ENDED);
	assert_null(desk_failure(d));
}

static void test_failure_settles_by_another_transfer(void **state)
{
	(void)state;
	fail_one();
	transfer(4, 2, 1, 0);
	assert_null(desk_failure(d));
	assert_int_equal(2, desk_tale(d, 1)->again);
	assert_string_equal("202", desk_tale(d, 1)->again_to);
	assert_ptr_equal(desk_tale(d, 2), desk_tale_of(d, 1));
}

static void test_failure_of_one_stays_while_others_talk(void **state)
{
	(void)state;
	fail_one();
	call(4, 2, CALL_OUT, CALL_TALKING);
	assert_int_equal(1, desk_failure(d)->info.id);
}

static void test_enter_resumes_after_a_failure(void **state)
{
	(void)state;
	fail_one();
	stage_at(&s, 10);
	stage_keys(&s, "Enter");
	posted(REQ_RESUME, 1);
}

static void test_caller_on_hold_before_the_consultation(void **state)
{
	(void)state;
	call(5, 1, CALL_IN, CALL_HELD);
	stage_transfer(&s, 9,
		       (struct transfer_info){.id = 1,
					      .call = 1,
					      .kind = KIND_ATTENDED,
					      .target = "sip:202@h"});
	assert_int_equal(5000, desk_tale(d, 1)->held_ms);
}

static void test_targets_are_said_by_name(void **state)
{
	struct transfer_info x = {.id = 1, .call = 1, .target = "sip:202@h"};

	(void)state;
	call(1, 1, CALL_IN, CALL_HELD);
	text_copy(x.say, sizeof(x.say), "202 is ringing");
	stage_transfer(&s, 2, x);
	assert_string_equal("Alan Reyes is ringing", desk_tale(d, 1)->info.say);
	assert_string_equal("T1 Name1 Last → Alan Reyes: Alan Reyes is "
			    "ringing",
			    stage_note(&s));
	text_copy(x.say, sizeof(x.say), "2020 is ringing, 1202 too");
	stage_transfer(&s, 3, x);
	assert_string_equal("2020 is ringing, 1202 too",
			    desk_tale(d, 1)->info.say);
}

/* ---- selection and focus
 * ------------------------------------------------------ */

static void test_first_call_is_selected_and_enter_answers(void **state)
{
	(void)state;
	stage_keys(&s, "p");
	assert_int_equal(PANE_DIRECTORY, d->focus);
	call(1, 1, CALL_IN, CALL_RINGING);
	is_selected(1);
	assert_int_equal(PANE_CALLS, d->focus);
	stage_at(&s, 2);
	stage_keys(&s, "Enter");
	posted(REQ_ANSWER, 1);
}

static void test_new_calls_take_nothing(void **state)
{
	(void)state;
	call(1, 1, CALL_IN, CALL_TALKING);
	stage_keys(&s, "p :");
	stage_type(&s, "dial 02");
	call(2, 2, CALL_IN, CALL_RINGING);
	is_selected(1);
	assert_int_equal(PANE_DIRECTORY, d->focus);
	assert_int_equal(LINE_COMMAND, d->line.use);
	assert_string_equal("dial 02", d->line.text);
	assert_int_equal(7, d->line.cursor);
	/* and it is answered without a word being lost */
	stage_at(&s, 3);
	stage_keys(&s, "F2");
	posted(REQ_ANSWER, 2);
	assert_string_equal("dial 02", d->line.text);
}

static void test_first_call_closes_nothing_that_is_open(void **state)
{
	(void)state;
	stage_keys(&s, "?");
	call(1, 1, CALL_IN, CALL_RINGING);
	is_selected(1);
	assert_int_equal(PANE_HELP, d->focus);
	call(2, 1, CALL_IN, CALL_ENDED);
	stage_keys(&s, "Esc p /");
	stage_type(&s, "bo");
	call(9, 2, CALL_IN, CALL_RINGING);
	assert_int_equal(PANE_DIRECTORY, d->focus);
	assert_string_equal("bo", d->find[PANE_DIRECTORY]);
}

static void test_after_the_end_nothing_is_selected_for_a_while(void **state)
{
	(void)state;
	call(1, 1, CALL_IN, CALL_TALKING);
	call(2, 2, CALL_IN, CALL_RINGING);
	is_selected(1);
	call(10, 1, CALL_IN, CALL_ENDED);
	is_selected(0);
	/* news of the other do not select it either */
	call(10.2, 2, CALL_IN, CALL_RINGING);
	is_selected(0);
	stage_keys(&s, "x");
	assert_int_equal(0, s.fake.n);
	stage_at(&s, 10.59);
	is_selected(0);
	stage_at(&s, 10.6);
	is_selected(2);
}

static void test_a_call_that_comes_right_after_the_end(void **state)
{
	(void)state;
	call(1, 1, CALL_IN, CALL_TALKING);
	call(10, 1, CALL_IN, CALL_ENDED);
	call(10.3, 2, CALL_IN, CALL_RINGING);
	is_selected(0);
	stage_at(&s, 10.7);
	is_selected(2);
}

static void test_of_several_none_is_selected_by_itself(void **state)
{
	(void)state;
	call(1, 1, CALL_IN, CALL_TALKING);
	call(2, 2, CALL_IN, CALL_HELD);
	call(3, 3, CALL_IN, CALL_HELD);
	call(4, 1, CALL_IN, CALL_ENDED);
	stage_at(&s, 60);
	is_selected(0);
	stage_keys(&s, "3");
	is_selected(3);
	stage_keys(&s, "Up");
	is_selected(2);
	stage_keys(&s, "Up Up");
	is_selected(2);
}

/* ---- other news, time
 * ----------------------------------------------------------------- */

static void test_refused_requests_and_dropped_lines_are_told(void **state)
{
	struct event ev = {.type = EV_DROPPED, .t = 1, .u.dropped = 7};

	(void)state;
	app_event(&s.app, &ev);
	assert_int_equal(7, d->dropped);
	assert_string_equal("7 lines of log or trace dropped", stage_note(&s));
	app_line(&s.app, "dial 202");
	fake_answer(&s.fake, &s.app, 22, 0, "no account");
	assert_string_equal("dial: no account", stage_note(&s));
}

static void test_when_it_wants_to_be_told_the_time(void **state)
{
	(void)state;
	assert_int_equal(-1, desk_timeout_ms(d));
	d->still = false;
	d->now_ms = 10250;
	assert_int_equal(750, desk_timeout_ms(d));
	d->select_ms = 10600;
	assert_int_equal(350, desk_timeout_ms(d));
	d->dirty = false;
	desk_tick(d, 10900);
	assert_false(d->dirty);
	desk_tick(d, 11000);
	assert_true(d->dirty);
}

static void test_many_calls_come_and_go(void **state)
{
	(void)state;
	for (uint32_t i = 1; i <= 1000; i++) {
		struct event ev = {.type = EV_CALL, .t = i};

		ev.u.call.id = i;
		ev.u.call.dir = CALL_IN;
		ev.u.call.state = CALL_RINGING;
		text_copy(ev.u.call.peer, sizeof(ev.u.call.peer), "sip:x@h");
		app_event(&s.app, &ev);
		ev.u.call.state = CALL_ENDED;
		app_event(&s.app, &ev);
		ev = (struct event){.type = EV_TRANSFER, .t = i};
		ev.u.transfer.id = i;
		ev.u.transfer.call = i;
		ev.u.transfer.outcome = OUTCOME_SUCCEEDED;
		app_event(&s.app, &ev);
	}
	assert_true(d->callc < 200);
	assert_true(d->talec <= 200);
	assert_int_equal(1000, d->tales[d->talec - 1].info.id);
	assert_non_null(desk_call(d, 1000));
	assert_null(desk_call(d, 1));
}

int main(void)
{
#define TEST(t) cmocka_unit_test_setup_teardown(t, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_times_of_a_call),
		TEST(test_past_calls),
		TEST(test_caller_who_comes_back),
		TEST(test_alert_is_the_oldest_that_is_not_silenced),
		TEST(test_ringing_is_told),
		TEST(test_long_hold_is_told_once),
		TEST(test_failure_is_an_alert),
		TEST(test_failure_settles_when_talking_again),
		TEST(test_failure_settles_with_the_call),
		TEST(test_failure_settles_by_another_transfer),
		TEST(test_failure_of_one_stays_while_others_talk),
		TEST(test_enter_resumes_after_a_failure),
		TEST(test_caller_on_hold_before_the_consultation),
		TEST(test_targets_are_said_by_name),
		TEST(test_first_call_is_selected_and_enter_answers),
		TEST(test_new_calls_take_nothing),
		TEST(test_first_call_closes_nothing_that_is_open),
		TEST(test_after_the_end_nothing_is_selected_for_a_while),
		TEST(test_a_call_that_comes_right_after_the_end),
		TEST(test_of_several_none_is_selected_by_itself),
		TEST(test_refused_requests_and_dropped_lines_are_told),
		TEST(test_when_it_wants_to_be_told_the_time),
		TEST(test_many_calls_come_and_go),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
