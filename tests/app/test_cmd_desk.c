/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/command.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/text.h"
#include "tests/app/stage.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static struct stage s;
static struct desk *const d = &s.desk;

static int setup(void **state)
{
	(void)state;
	stage_open(&s);
	stage_directory(&s, "Alan Reyes,202,Sales\nBob Harris,205\n");

	return 0;
}

static int teardown(void **state)
{
	(void)state;
	stage_close(&s);

	return 0;
}

/* Call 1 talks and is selected, 2 is on hold after a transfer to 202 that
 * failed, 3 rings. */
static void some_calls(void)
{
	struct transfer_info x = {.id = 1,
				  .call = 2,
				  .state = REFER_REQUESTED,
				  .target = "sip:202@h"};

	stage_call(&s, 1,
		   (struct call_info){
			   .id = 1, .state = CALL_TALKING, .peer = "sip:1@h"});
	stage_call(&s, 1,
		   (struct call_info){
			   .id = 2, .state = CALL_TALKING, .peer = "sip:2@h"});
	stage_call(&s, 2,
		   (struct call_info){
			   .id = 2, .state = CALL_HELD, .peer = "sip:2@h"});
	stage_transfer(&s, 2, x);
	x.state = REFER_FAILED;
	x.outcome = OUTCOME_FAILED;
	x.code = 486;
	x.caller_back = true;
	stage_transfer(&s, 3, x);
	stage_call(&s, 4,
		   (struct call_info){.id = 3,
				      .dir = CALL_IN,
				      .state = CALL_RINGING,
				      .peer = "sip:3@h"});
	stage_sip(&s, 4, true, 1, "INVITE sip:1@h SIP/2.0", "1 INVITE", "", "");
	stage_sip(&s, 4, false, 1, "SIP/2.0 200 OK", "1 INVITE", "", "");
	stage_sip(&s, 4, true, 1, "ACK sip:1@h SIP/2.0", "1 ACK", "", "");
	app_line(&s.app, "select 1");
	stage_at(&s, 10);
}

/* ---- what each row changes ----------------------------------------------- */

static bool closed(void)
{
	return d->full == PANE_COUNT && d->focus == PANE_CALLS;
}

static bool command_line(void)
{
	return d->line.use == LINE_COMMAND && !strcmp(d->line.text, "dial 2") &&
	       d->line.given && d->line.cursor == 6;
}

static bool palette(void)
{
	return d->line.use == LINE_PALETTE && d->pick.n > 40;
}

static bool ladder_of_1(void)
{
	return d->full == PANE_LADDER && d->focus == PANE_LADDER &&
	       d->ladder == 1 && desk_rows(d, PANE_LADDER) == 3;
}

static bool ladder_of_2(void)
{
	return d->full == PANE_LADDER && d->ladder == 2;
}

static bool in_directory(void)
{
	return d->focus == PANE_DIRECTORY && d->full == PANE_COUNT;
}

static bool at_bob(void)
{
	return in_directory() && desk_row(d, PANE_DIRECTORY) == 1;
}

static bool at_alan(void)
{
	return in_directory() && desk_row(d, PANE_DIRECTORY) == 0;
}

static bool finding(void)
{
	return d->line.use == LINE_FIND;
}

static bool in_transfers(void)
{
	return d->focus == PANE_TRANSFERS;
}

static bool in_log(void)
{
	return d->full == PANE_LOG && d->focus == PANE_LOG;
}

static bool in_trace(void)
{
	return d->full == PANE_TRACE && d->focus == PANE_TRACE;
}

static bool in_history(void)
{
	return d->full == PANE_HISTORY && d->focus == PANE_HISTORY;
}

static bool at_first(void)
{
	return in_trace() && desk_row(d, PANE_TRACE) == 0;
}

static bool at_last(void)
{
	return in_trace() && desk_row(d, PANE_TRACE) == 2 &&
	       !d->row[PANE_TRACE];
}

static bool all_keys(void)
{
	return d->full == PANE_HELP && d->all_keys;
}

static bool selected_3(void)
{
	return s.app.model.selected == 3 && d->focus == PANE_CALLS;
}

static bool repaints(void)
{
	return d->repaint;
}

/* with calls up it asks first (test_sure.c) */
static bool suspends(void)
{
	return d->line.use == LINE_CONFIRM;
}

static bool zoomed(void)
{
	return d->zoom == PANE_CALLS;
}

static bool saved(void)
{
	return !strncmp(stage_note(&s), "3 messages written to ", 22);
}

static bool silenced(void)
{
	return desk_call(d, 3)->silenced;
}

static bool retries(void)
{
	return s.fake.n && s.fake.requests[s.fake.n - 1].type == REQ_TRANSFER &&
	       s.fake.requests[s.fake.n - 1].id == 2 &&
	       !strcmp(s.fake.requests[s.fake.n - 1].u.text, "sip:202@h");
}

static bool to_voicemail(void)
{
	return s.fake.n && s.fake.requests[s.fake.n - 1].type == REQ_TRANSFER &&
	       s.fake.requests[s.fake.n - 1].id == 2 &&
	       !strcmp(s.fake.requests[s.fake.n - 1].u.text, "*202");
}

/* Run on one desk, one after the other */
static const struct row {
	const char *line;
	bool (*changed)(void);
} rows[] = {
	{"default", ladder_of_1},
	{"back", closed},
	{"command \"dial 2\"", command_line},
	{"back", closed},
	{"commands", palette},
	{"back", closed},
	{"directory", in_directory},
	{"find bob", at_bob},
	{"find 2", at_bob},
	{"next", at_alan},
	{"previous", at_bob},
	{"find", finding},
	{"back", in_directory},
	{"focus calls", closed},
	{"focus next", in_transfers},
	{"focus previous", closed},
	{"log", in_log},
	{"trace", in_trace},
	{"move first", at_first},
	{"follow", at_last},
	{"move up", NULL},
	{"move down", at_last},
	{"history", in_history},
	{"history", closed},
	{"keys", all_keys},
	{"keys", NULL},
	{"back", closed},
	{"ladder", ladder_of_1},
	{"save \"%s/saved.pcap\"", saved},
	{"ladder 2", ladder_of_2},
	{"nth 3", selected_3},
	{"back", closed},
	{"redraw", repaints},
	{"suspend", suspends},
	{"zoom", zoomed},
	{"zoom", closed},
	{"silence 3", silenced},
	{"retry 2", retries},
	{"set voicemail *{}", NULL},
	{"voicemail 2", to_voicemail},
};

static void test_every_row_of_the_console_changes_something(void **state)
{
	bool run[80] = {false};
	char line[256], name[32];

	(void)state;
	some_calls();
	for (size_t i = 0; i < COUNT(rows); i++) {
		const unsigned posted = s.fake.n;

		if (strstr(rows[i].line, "%s"))
			snprintf(line, sizeof(line), "save \"%s/saved.pcap\"",
				 s.home);
		else
			text_copy(line, sizeof(line), rows[i].line);
		text_ncopy(name, sizeof(name), line, strcspn(line, " "));
		run[command_find(name) - commands] = true;
		d->dirty = false;
		assert_int_not_equal(0, app_line(&s.app, line));
		if (s.fake.n > posted)
			fake_answer(&s.fake, &s.app, 0, 0, "");
		if (s.reply.err)
			fail_msg("%s: %s", line, s.reply.error);
		if (rows[i].changed && !rows[i].changed())
			fail_msg("%s has not changed what it should", line);
		assert_true(d->dirty);
	}
	for (const struct command *c = commands; c->name; c++) {
		if (c->needs == NEEDS_CONSOLE && !run[c - commands])
			fail_msg("%s was not run", c->name);
	}
}

/* ---- refusals ------------------------------------------------------------ */

static void test_refusals(void **state)
{
	static const struct {
		const char *line, *error;
	} cases[] = {
		{"focus kitchen",
		 "there is no pane kitchen: next, previous, calls, "
		 "transfers, directory, ladder, trace, log, history, help"},
		{"move left", "it is up, down, page-up, page-down, first or "
			      "last, not left"},
		{"nth 7", "no call's number ends in 7"},
		{"nth x", "it is a digit, not x"},
		{"save x.pcap", "no ladder was opened yet"},
		{"retry 1", "no transfer of call 1 was tried"},
		{"voicemail 1", "say where it is: set voicemail TARGET, {} "
				"stands for the number"},
	};

	(void)state;
	some_calls();
	for (size_t i = 0; i < COUNT(cases); i++) {
		app_line(&s.app, cases[i].line);
		assert_int_not_equal(0, s.reply.err);
		assert_string_equal(cases[i].error, s.reply.error);
	}
	assert_int_equal(0, s.fake.n);
}

static void test_ladder_without_any_call(void **state)
{
	(void)state;
	app_line(&s.app, "ladder");
	assert_string_equal("there was no call yet", s.reply.error);
	assert_int_equal(PANE_COUNT, d->full);
	/* nothing to close, nothing to do: no error */
	app_line(&s.app, "back");
	assert_int_equal(0, s.reply.err);
	app_line(&s.app, "default");
	assert_int_equal(0, s.reply.err);
	assert_int_equal(0, s.fake.n);
}

static void test_retry_of_a_consultation_consults(void **state)
{
	struct transfer_info x = {.id = 1,
				  .call = 1,
				  .kind = KIND_ATTENDED,
				  .consult = 2,
				  .target = "sip:204@h"};

	(void)state;
	stage_call(&s, 1,
		   (struct call_info){
			   .id = 1, .state = CALL_HELD, .peer = "sip:1@h"});
	stage_transfer(&s, 1, x);
	app_line(&s.app, "retry 1");
	assert_string_equal("no transfer of call 1 was tried", s.reply.error);
	x.outcome = OUTCOME_FAILED;
	x.caller_back = true;
	stage_transfer(&s, 2, x);
	app_line(&s.app, "retry 1");
	assert_int_equal(1, fake_last(&s.fake, REQ_CONSULT)->id);
	assert_string_equal("sip:204@h",
			    fake_last(&s.fake, REQ_CONSULT)->u.text);
}

static void test_voicemail_without_braces_is_one_for_all(void **state)
{
	(void)state;
	some_calls();
	app_line(&s.app, "set voicemail sip:mail@h");
	app_line(&s.app, "voicemail 2");
	assert_string_equal("sip:mail@h",
			    fake_last(&s.fake, REQ_TRANSFER)->u.text);
}

static void test_nth_goes_on_to_the_next_that_ends_so(void **state)
{
	static const uint32_t ids[] = {4, 14, 24, 5};

	(void)state;
	for (size_t i = 0; i < COUNT(ids); i++)
		stage_call(&s, 1,
			   (struct call_info){.id = ids[i],
					      .state = CALL_TALKING,
					      .peer = "sip:1@h"});
	model_select(&s.app.model, 5);
	app_line(&s.app, "nth 4");
	assert_int_equal(4, s.app.model.selected);
	app_line(&s.app, "nth 4");
	assert_int_equal(14, s.app.model.selected);
	app_line(&s.app, "nth 4");
	assert_int_equal(24, s.app.model.selected);
	app_line(&s.app, "nth 4");
	assert_int_equal(4, s.app.model.selected);
}

/* Its time is taken by another thread, and rounded */
static void test_news_ahead_of_the_clock_has_just_come(void **state)
{
	struct alert a;

	(void)state;
	stage_call(&s, 10.0006,
		   (struct call_info){.id = 1,
				      .dir = CALL_IN,
				      .state = CALL_RINGING,
				      .peer = "sip:44@x"});
	d->now_ms = 10000;
	desk_alert(d, &a);
	assert_int_equal(ALERT_RING, a.kind);
	assert_non_null(strstr(a.text, "RINGING 0:00 "));
}

int main(void)
{
#define TEST(t) cmocka_unit_test_setup_teardown(t, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_every_row_of_the_console_changes_something),
		TEST(test_refusals),
		TEST(test_ladder_without_any_call),
		TEST(test_retry_of_a_consultation_consults),
		TEST(test_voicemail_without_braces_is_one_for_all),
		TEST(test_nth_goes_on_to_the_next_that_ends_so),
		TEST(test_news_ahead_of_the_clock_has_just_come),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
