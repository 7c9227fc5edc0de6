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

/* ---- keys that mean what was drawn
 * ---------------------------------------------- */

static void test_key_that_meant_something_else_is_ignored_once(void **state)
{
	(void)state;
	call(1, 1, CALL_IN, CALL_TALKING);
	call(10, 1, CALL_IN, CALL_HELD); /* h was hold, is resume */
	stage_at(&s, 10.3);
	stage_keys(&s, "h");
	assert_int_equal(0, s.fake.n);
	assert_int_equal('h', d->ignored.code);
	assert_int_equal(10300, d->ignored_ms);
	stage_keys(&s, "h");
	posted(REQ_RESUME, 1);
	stage_at(&s, 10.7);
	assert_int_equal(0, d->ignored_ms);
}

static void test_key_works_again_after_the_guard(void **state)
{
	(void)state;
	call(1, 1, CALL_IN, CALL_TALKING);
	call(10, 1, CALL_IN, CALL_HELD);
	stage_at(&s, 10.4);
	stage_keys(&s, "h");
	posted(REQ_RESUME, 1);
}

static void test_news_that_were_not_drawn_yet_guard_too(void **state)
{
	struct event ev = {.type = EV_CALL, .t = 10};
	const struct key key = {.code = 'h'};

	(void)state;
	call(1, 1, CALL_IN, CALL_TALKING);
	stage_at(&s, 10);
	ev.u.call = *model_call(&s.app.model, 1);
	ev.u.call.state = CALL_HELD;
	app_event(&s.app, &ev);
	desk_key(d, &key);
	assert_int_equal(0, s.fake.n);
}

static void test_enter_is_guarded_by_what_it_stands_for(void **state)
{
	(void)state;
	call(1, 1, CALL_IN, CALL_TALKING); /* Enter: its ladder */
	call(10, 1, CALL_IN, CALL_HELD);   /* Enter: resume     */
	stage_at(&s, 10.1);
	stage_keys(&s, "Enter");
	assert_int_equal(0, s.fake.n);
	assert_int_equal(PANE_COUNT, d->full);
	stage_keys(&s, "Enter");
	posted(REQ_RESUME, 1);
}

static void test_what_the_user_changes_is_not_guarded(void **state)
{
	(void)state;
	call(1, 1, CALL_IN, CALL_TALKING);
	call(2, 2, CALL_OUT, CALL_TALKING);
	stage_at(&s, 20);
	stage_keys(&s, "2 x");
	posted(REQ_HANGUP, 2);
	stage_keys(&s, "1 :");
	stage_type(&s, "select 2");
	stage_keys(&s, "Enter m");
	posted(REQ_MUTE, 2);
}

static void test_guard_can_be_switched_off(void **state)
{
	(void)state;
	app_line(&s.app, "set key_guard 0");
	call(1, 1, CALL_IN, CALL_TALKING);
	call(10, 1, CALL_IN, CALL_HELD);
	stage_keys(&s, "h");
	posted(REQ_RESUME, 1);
}

static void test_chain_runs_the_first_that_can(void **state)
{
	(void)state;
	call(1, 1, CALL_IN, CALL_TALKING);
	stage_at(&s, 5);
	stage_keys(&s, "h");
	posted(REQ_HOLD, 1);
	call(6, 1, CALL_IN, CALL_HELD);
	stage_at(&s, 9);
	stage_keys(&s, "h");
	posted(REQ_RESUME, 1);
	/* neither can: the first says why */
	call(10, 1, CALL_IN, CALL_ENDED);
	stage_at(&s, 20);
	stage_keys(&s, "h");
	assert_string_equal("hold: no call selected, and there is none",
			    stage_note(&s));
}

/* ---- questions
 * ----------------------------------------------------------------- */

static void test_held_caller_is_not_lost_by_one_key(void **state)
{
	(void)state;
	call(1, 1, CALL_IN, CALL_HELD);
	stage_at(&s, 5);
	stage_keys(&s, "x");
	assert_int_equal(0, s.fake.n);
	assert_int_equal(LINE_CONFIRM, d->line.use);
	assert_string_equal("hang up Name1 Last, on hold? y/n",
			    d->line.question);
	stage_keys(&s, "x");
	assert_int_equal(LINE_NONE, d->line.use);
	stage_keys(&s, "x Enter");
	assert_int_equal(0, s.fake.n);
	assert_int_equal(LINE_NONE, d->line.use);
	stage_keys(&s, "x y");
	posted(REQ_HANGUP, 1);
	assert_int_equal(LINE_NONE, d->line.use);
}

static void test_question_goes_away(void **state)
{
	(void)state;
	call(1, 1, CALL_IN, CALL_HELD);
	stage_at(&s, 5);
	stage_keys(&s, "x");
	stage_at(&s, 9.9);
	assert_int_equal(LINE_CONFIRM, d->line.use);
	stage_at(&s, 10);
	assert_int_equal(LINE_NONE, d->line.use);
	/* by time, and with its call */
	stage_keys(&s, "x");
	call(11, 2, CALL_OUT, CALL_ENDED);
	assert_int_equal(LINE_CONFIRM, d->line.use);
	call(11, 1, CALL_IN, CALL_ENDED);
	assert_int_equal(LINE_NONE, d->line.use);
	assert_int_equal(0, s.fake.n);
}

static void test_answer_works_during_a_question(void **state)
{
	(void)state;
	call(1, 1, CALL_IN, CALL_HELD);
	call(2, 2, CALL_IN, CALL_RINGING);
	stage_at(&s, 5);
	stage_keys(&s, "x F2");
	posted(REQ_ANSWER, 2);
	assert_int_equal(LINE_CONFIRM, d->line.use);
}

static void test_quit_asks_while_there_are_calls(void **state)
{
	(void)state;
	call(1, 1, CALL_IN, CALL_TALKING);
	stage_at(&s, 5);
	stage_keys(&s, "C-q");
	assert_false(s.app.quit);
	assert_string_equal("end 1 call and leave? y/n", d->line.question);
	stage_keys(&s, "n");
	assert_false(s.app.quit);
	stage_keys(&s, "C-q y");
	assert_true(s.app.quit);
}

static void test_quit_without_calls(void **state)
{
	(void)state;
	stage_keys(&s, "C-q");
	assert_true(s.app.quit);
}

/* ---- the picker
 * ------------------------------------------------------------------ */

static void test_picker_blind(void **state)
{
	(void)state;
	call(1, 1, CALL_IN, CALL_TALKING);
	stage_at(&s, 5);
	stage_keys(&s, "t");
	assert_int_equal(LINE_TARGET, d->line.use);
	assert_string_equal("Transfer Name1 Last to", d->pick.title);
	stage_type(&s, "al");
	assert_string_equal("Alan Reyes", d->pick.v[0].name);
	assert_string_equal("Alice Lee", d->pick.v[1].name);
	assert_int_equal(0, d->pick.sel);
	/* the text as it is comes last */
	assert_string_equal("al", d->pick.v[d->pick.n - 1].text);
	assert_string_equal("as typed", d->pick.v[d->pick.n - 1].note);
	stage_keys(&s, "Down Enter");
	assert_string_equal("201", posted(REQ_TRANSFER, 1)->u.text);
	assert_int_equal(LINE_NONE, d->line.use);
}

static void test_picker_attended(void **state)
{
	(void)state;
	call(1, 1, CALL_IN, CALL_TALKING);
	stage_at(&s, 5);
	stage_keys(&s, "t");
	stage_type(&s, "bob");
	stage_keys(&s, "C-t");
	assert_string_equal("205", posted(REQ_CONSULT, 1)->u.text);
	assert_int_equal(LINE_NONE, d->line.use);
	stage_keys(&s, "T");
	assert_string_equal("Ask for Name1 Last", d->pick.title);
}

static void test_picker_stays_with_whom_it_was_opened_for(void **state)
{
	(void)state;
	call(1, 1, CALL_IN, CALL_TALKING);
	call(2, 2, CALL_IN, CALL_TALKING);
	model_select(&s.app.model, 1);
	stage_at(&s, 5);
	stage_keys(&s, "t");
	stage_type(&s, "bob");
	model_select(&s.app.model, 2);
	stage_at(&s, 9);
	stage_keys(&s, "C-t");
	posted(REQ_CONSULT, 1);
}

static void test_picker_numbers(void **state)
{
	(void)state;
	stage_keys(&s, "d");
	stage_type(&s, "20");
	/* a number is meant as it stands, unless it is somebody's */
	assert_string_equal("20", d->pick.v[0].text);
	stage_type(&s, "5");
	assert_string_equal("Bob Harris", d->pick.v[0].name);
	stage_keys(&s, "Enter");
	assert_string_equal("205", posted(REQ_DIAL, 0)->u.text);
	stage_keys(&s, "d");
	stage_type(&s, "x@h");
	assert_int_equal(1, d->pick.n);
	stage_keys(&s, "Enter");
	assert_string_equal("x@h", posted(REQ_DIAL, 0)->u.text);
}

static void test_picker_offers_recent_ones_first(void **state)
{
	(void)state;
	call(1, 1, CALL_OUT, CALL_DIALING);
	call(2, 1, CALL_OUT, CALL_ENDED);
	stage_at(&s, 5);
	stage_keys(&s, "d");
	assert_string_equal("sip:301@h", d->pick.v[0].text);
	stage_keys(&s, "Enter");
	assert_string_equal("sip:301@h", posted(REQ_DIAL, 0)->u.text);
}

static void test_caller_is_no_target_of_his_own(void **state)
{
	(void)state;
	call(1, 1, CALL_IN, CALL_TALKING);
	call(2, 1, CALL_IN, CALL_ENDED);
	stage_call(&s, 5,
		   (struct call_info){.id = 2,
				      .dir = CALL_IN,
				      .state = CALL_TALKING,
				      .peer = "sip:301@h"});
	stage_at(&s, 9);
	stage_keys(&s, "t");
	for (unsigned i = 0; i < d->pick.n; i++)
		assert_string_not_equal("sip:301@h", d->pick.v[i].text);
}

static void test_nothing_to_choose_keeps_the_picker(void **state)
{
	(void)state;
	/* not even the first of the directory, until he was gone to */
	stage_keys(&s, "d Enter");
	assert_int_equal(3, d->pick.n);
	assert_int_equal(LINE_TARGET, d->line.use);
	assert_int_equal(0, s.fake.n);
	stage_keys(&s, "Esc");
	assert_int_equal(LINE_NONE, d->line.use);
	stage_keys(&s, "d Down Enter");
	assert_string_equal("201", posted(REQ_DIAL, 0)->u.text);
}

static void test_palette(void **state)
{
	(void)state;
	call(1, 1, CALL_IN, CALL_TALKING);
	stage_at(&s, 5);
	stage_keys(&s, "C-p");
	assert_true(d->pick.n > 40);
	stage_type(&s, "mute");
	assert_string_equal("mute", d->pick.v[0].name);
	assert_string_equal("m", d->pick.v[0].number);
	stage_keys(&s, "Enter");
	posted(REQ_MUTE, 1);
	/* one that lacks its argument asks for it */
	stage_keys(&s, "C-p");
	stage_type(&s, "transfer");
	stage_keys(&s, "Enter");
	assert_int_equal(LINE_TARGET, d->line.use);
	assert_string_equal("transfer", d->pick.cmd->name);
}

/* ---- digits, paste
 * ---------------------------------------------------------------- */

static void test_digits_go_out_one_by_one(void **state)
{
	(void)state;
	call(1, 1, CALL_IN, CALL_TALKING);
	stage_at(&s, 5);
	stage_keys(&s, "D 1 *");
	assert_int_equal(2, s.fake.n);
	assert_string_equal("1", s.fake.requests[0].u.text);
	assert_string_equal("*", posted(REQ_DTMF, 1)->u.text);
	stage_keys(&s, "#");
	assert_string_equal("#", posted(REQ_DTMF, 1)->u.text);
	assert_string_equal("1*#", d->line.text);
	/* no digit, and control keys are none */
	stage_keys(&s, "x C-c C-d Up");
	assert_int_equal(3, s.fake.n);
	stage_keys(&s, "Esc");
	assert_int_equal(LINE_NONE, d->line.use);
}

static void test_digits_end_with_their_call(void **state)
{
	(void)state;
	call(1, 1, CALL_IN, CALL_TALKING);
	call(2, 2, CALL_IN, CALL_RINGING);
	stage_at(&s, 5);
	stage_keys(&s, "D M-a");
	posted(REQ_ANSWER, 2);
	call(6, 2, CALL_IN, CALL_ENDED);
	assert_int_equal(LINE_DIGITS, d->line.use);
	call(7, 1, CALL_IN, CALL_ENDED);
	assert_int_equal(LINE_NONE, d->line.use);
}

static void test_paste_opens_the_command_line_and_runs_nothing(void **state)
{
	(void)state;
	call(1, 1, CALL_IN, CALL_TALKING);
	stage_at(&s, 5);
	desk_paste(d, "hangup 1");
	assert_int_equal(0, s.fake.n);
	assert_int_equal(LINE_COMMAND, d->line.use);
	assert_string_equal("hangup 1", d->line.text);
	assert_true(d->line.given);
	/* while a line is open it is readline's */
	desk_paste(d, "x");
	assert_string_equal("hangup 1", d->line.text);
	stage_keys(&s, "Enter");
	posted(REQ_HANGUP, 1);
}

/* ---- moving about
 * ------------------------------------------------------------------ */

static void test_back_closes_the_topmost_first(void **state)
{
	(void)state;
	call(1, 1, CALL_IN, CALL_TALKING);
	stage_at(&s, 5);
	stage_keys(&s, "L /");
	stage_type(&s, "talking");
	stage_keys(&s, "Enter z :");
	assert_int_equal(LINE_COMMAND, d->line.use);
	assert_true(desk_back(d));
	assert_int_equal(LINE_NONE, d->line.use);
	assert_int_equal(PANE_LOG, d->zoom);
	assert_true(desk_back(d));
	assert_int_equal(PANE_COUNT, d->zoom);
	assert_string_equal("talking", d->find[PANE_LOG]);
	assert_true(desk_back(d));
	assert_string_equal("", d->find[PANE_LOG]);
	assert_int_equal(PANE_LOG, d->full);
	assert_true(desk_back(d));
	assert_int_equal(PANE_COUNT, d->full);
	assert_int_equal(PANE_CALLS, d->focus);
	assert_false(desk_back(d));
}

static void test_find_goes_round(void **state)
{
	(void)state;
	stage_keys(&s, "p /");
	stage_type(&s, "al");
	stage_keys(&s, "Enter");
	assert_int_equal(0, desk_row(d, PANE_DIRECTORY));
	stage_keys(&s, "n");
	assert_int_equal(1, desk_row(d, PANE_DIRECTORY));
	stage_keys(&s, "n");
	assert_int_equal(0, desk_row(d, PANE_DIRECTORY));
	stage_keys(&s, "N");
	assert_int_equal(1, desk_row(d, PANE_DIRECTORY));
	app_line(&s.app, "find nobody");
	assert_string_equal("nobody: nothing found", stage_note(&s));
	assert_int_equal(1, desk_row(d, PANE_DIRECTORY));
}

static void test_find_in_a_message(void **state)
{
	(void)state;
	call(1, 1, CALL_IN, CALL_TALKING);
	stage_sip(&s, 1, true, 1, "INVITE sip:x@h SIP/2.0", "1 INVITE",
		  "Event: one\r\nSubject: two\r\n", "");
	stage_at(&s, 5);
	stage_keys(&s, "l Enter");
	assert_int_equal(PANE_MESSAGE, d->focus);
	app_line(&s.app, "find subject");
	assert_int_equal(4, d->scroll[PANE_MESSAGE]);
	app_line(&s.app, "find e");
	assert_int_equal(4, d->scroll[PANE_MESSAGE]);
	stage_keys(&s, "n");
	assert_int_equal(5, d->scroll[PANE_MESSAGE]);
	stage_keys(&s, "N N");
	assert_int_equal(3, d->scroll[PANE_MESSAGE]);
	app_line(&s.app, "move last");
	assert_int_equal(6, d->scroll[PANE_MESSAGE]);
}

static void test_find_finds_calls(void **state)
{
	(void)state;
	call(1, 1, CALL_IN, CALL_TALKING);
	call(2, 2, CALL_IN, CALL_HELD);
	stage_at(&s, 5);
	app_line(&s.app, "find name2");
	is_selected(2);
	app_line(&s.app, "find 301");
	is_selected(1);
}

static void test_panes_in_turn(void **state)
{
	(void)state;
	stage_keys(&s, "Tab");
	assert_int_equal(PANE_TRANSFERS, d->focus);
	stage_keys(&s, "Tab Tab");
	assert_int_equal(PANE_CALLS, d->focus);
	stage_keys(&s, "S-Tab");
	assert_int_equal(PANE_DIRECTORY, d->focus);
	stage_keys(&s, "z Tab");
	assert_int_equal(PANE_CALLS, d->zoom);
	stage_keys(&s, "z g Tab");
	assert_int_equal(PANE_CALLS, d->focus);
	assert_int_equal(PANE_TRACE, d->full);
	stage_keys(&s, "Tab");
	assert_int_equal(PANE_TRACE, d->focus);
	stage_keys(&s, "g");
	assert_int_equal(PANE_COUNT, d->full);
}

static void test_list_follows_until_the_user_moves(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 5; i++)
		desk_note(d, LOG_INFO, "line %u", i);
	app_line(&s.app, "log");
	assert_int_equal(desk_rows(d, PANE_LOG) - 1, desk_row(d, PANE_LOG));
	stage_keys(&s, "Up");
	const unsigned at = desk_row(d, PANE_LOG);

	desk_note(d, LOG_INFO, "one more");
	assert_int_equal(at, desk_row(d, PANE_LOG));
	/* also when the oldest fall out */
	for (unsigned i = 0; i < DIARY_MAX; i++)
		desk_note(d, LOG_INFO, "many");
	assert_int_equal(0, desk_row(d, PANE_LOG));
	stage_keys(&s, "f");
	assert_int_equal(DIARY_MAX - 1, desk_row(d, PANE_LOG));
}

static void test_scrolling_has_an_end(void **state)
{
	unsigned end;

	(void)state;
	stage_keys(&s, "?");
	stage_keys(&s, "Up");
	assert_int_equal(0, d->scroll[PANE_HELP]);
	app_line(&s.app, "move last");
	end = d->scroll[PANE_HELP];
	assert_true(end < 400);
	app_line(&s.app, "move last");
	assert_int_equal(end, d->scroll[PANE_HELP]);
}

static void test_mouse(void **state)
{
	(void)state;
	call(1, 1, CALL_IN, CALL_TALKING);
	call(2, 2, CALL_IN, CALL_HELD);
	stage_at(&s, 5);
	desk_click(d, PANE_CALLS, 1, false);
	is_selected(2);
	/* the wheel chooses nobody */
	desk_wheel(d, PANE_CALLS, -3);
	is_selected(2);
	desk_wheel(d, PANE_DIRECTORY, 1);
	assert_int_equal(PANE_CALLS, d->focus);
	assert_int_equal(1, desk_row(d, PANE_DIRECTORY));
	desk_click(d, PANE_CALLS, 1, true);
	posted(REQ_RESUME, 2);
	desk_click(d, PANE_TRANSFERS, -1, false);
	assert_int_equal(PANE_TRANSFERS, d->focus);
}

static void test_preset_desk_types_targets_at_once(void **state)
{
	(void)state;
	app_line(&s.app, "set keys desk");
	stage_at(&s, 1);
	stage_type(&s, "bo");
	assert_int_equal(LINE_TARGET, d->line.use);
	assert_string_equal("dial", d->pick.cmd->name);
	assert_string_equal("bo", d->line.text);
	stage_keys(&s, "Enter");
	assert_string_equal("205", posted(REQ_DIAL, 0)->u.text);
	call(2, 1, CALL_IN, CALL_TALKING);
	stage_at(&s, 9);
	stage_type(&s, "al");
	assert_string_equal("consult", d->pick.cmd->name);
	stage_keys(&s, "F4");
	assert_string_equal("202", posted(REQ_TRANSFER, 1)->u.text);
}

int main(void)
{
#define TEST(t) cmocka_unit_test_setup_teardown(t, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_key_that_meant_something_else_is_ignored_once),
		TEST(test_key_works_again_after_the_guard),
		TEST(test_news_that_were_not_drawn_yet_guard_too),
		TEST(test_enter_is_guarded_by_what_it_stands_for),
		TEST(test_what_the_user_changes_is_not_guarded),
		TEST(test_guard_can_be_switched_off),
		TEST(test_chain_runs_the_first_that_can),
		TEST(test_held_caller_is_not_lost_by_one_key),
		TEST(test_question_goes_away),
		TEST(test_answer_works_during_a_question),
		TEST(test_quit_asks_while_there_are_calls),
		TEST(test_quit_without_calls),
		TEST(test_picker_blind),
		TEST(test_picker_attended),
		TEST(test_picker_stays_with_whom_it_was_opened_for),
		TEST(test_picker_numbers),
		TEST(test_picker_offers_recent_ones_first),
		TEST(test_caller_is_no_target_of_his_own),
		TEST(test_nothing_to_choose_keeps_the_picker),
		TEST(test_palette),
		TEST(test_digits_go_out_one_by_one),
		TEST(test_digits_end_with_their_call),
		TEST(test_paste_opens_the_command_line_and_runs_nothing),
		TEST(test_back_closes_the_topmost_first),
		TEST(test_find_goes_round),
		TEST(test_find_in_a_message),
		TEST(test_find_finds_calls),
		TEST(test_panes_in_turn),
		TEST(test_list_follows_until_the_user_moves),
		TEST(test_scrolling_has_an_end),
		TEST(test_mouse),
		TEST(test_preset_desk_types_targets_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
