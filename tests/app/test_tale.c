/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/tale.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/text.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* ---- telling it ---------------------------------------------------------- */

struct news {
	double t; /* [s] */
	enum refer_state state;
	unsigned code; /* of the last status line */
	unsigned refer_code;
	enum outcome outcome;
};

static struct event event_of(enum transfer_kind kind, const struct news *n)
{
	struct event ev = {.type = EV_TRANSFER, .t = n->t};
	struct transfer_info *x = &ev.u.transfer;

	x->id = 3;
	x->call = 1;
	x->consult = kind == KIND_BLIND ? 0 : 2;
	x->kind = kind;
	x->state = n->state;
	x->code = n->code;
	x->refer_code = n->refer_code;
	x->outcome = n->outcome;

	return ev;
}

static void tell(struct tale *t, enum transfer_kind kind, const struct news *v)
{
	for (unsigned i = 0; v[i].t > 0; i++) {
		const struct event ev = event_of(kind, &v[i]);

		if (i)
			tale_add(t, &ev);
		else
			tale_init(t, &ev);
	}
}

static void tell_call(struct tale *t, double at, uint32_t id,
		      enum call_state state)
{
	struct event ev = {.type = EV_CALL, .t = at};

	ev.u.call.id = id;
	ev.u.call.state = state;
	tale_consult(t, &ev);
}

/* "+REFER+0.00 +202+0.04 >100 0:03 .200 !486": done, now, to do, failed */
static const char *marks(const struct tale *t, double now)
{
	static char text[256];
	struct tale_mark v[TALE_MARKS];
	const unsigned n = tale_marks(t, (uint64_t)(now * 1000), v);

	text[0] = '\0';
	for (unsigned i = 0; i < n; i++) {
		const size_t at = strlen(text);

		snprintf(text + at, sizeof(text) - at, "%s%c%s%s%s",
			 i ? "  " : "", "x>.!"[v[i].mark], v[i].label,
			 v[i].time[0] ? " " : "", v[i].time);
	}

	return text;
}

/* ---- the way
 * ----------------------------------------------------------------- */

static const struct way {
	const char *what;
	struct news v[8];
	double now;
	const char *marks;
} blind[] = {
	{"holding",
	 {{1, REFER_IDLE, 0, 0, 0}},
	 3.5,
	 ">hold 0:02  .REFER  .202  .180  .200"},
	{"hold failed",
	 {{1, REFER_IDLE, 0, 0, 0}, {4, REFER_IDLE, 0, 0, OUTCOME_NOT_SENT}},
	 99,
	 "!hold 0:03  .REFER  .202  .180  .200"},
	{"sent",
	 {{1, REFER_IDLE, 0, 0, 0}, {2, REFER_REQUESTED, 0, 0, 0}},
	 5,
	 ">REFER 0:03  .202  .100  .180  .200"},
	{"accepted",
	 {{2, REFER_REQUESTED, 0, 0, 0}, {2.04, REFER_ACCEPTED, 202, 202, 0}},
	 5,
	 "xREFER +0.00  >202 0:02  .100  .180  .200"},
	{"trying",
	 {{2, REFER_REQUESTED, 0, 0, 0},
	  {2.04, REFER_ACCEPTED, 202, 202, 0},
	  {2.11, REFER_TRYING, 100, 202, 0}},
	 5,
	 "xREFER +0.00  x202 +0.04  >100 0:02  .180  .200"},
	{"ringing",
	 {{2, REFER_REQUESTED, 0, 0, 0},
	  {2.04, REFER_ACCEPTED, 202, 202, 0},
	  {2.11, REFER_TRYING, 100, 202, 0},
	  {2.5, REFER_ALERTED, 180, 202, 0}},
	 5,
	 "xREFER +0.00  x202 +0.04  x100 +0.11  >180 0:02  .200"},
	{"rang with 183",
	 {{2, REFER_REQUESTED, 0, 0, 0},
	  {2.04, REFER_ACCEPTED, 202, 202, 0},
	  {2.5, REFER_ALERTED, 180, 202, 0},
	  {2.6, REFER_ALERTED, 183, 202, 0},
	  {12, REFER_SUCCEEDED, 200, 202, OUTCOME_SUCCEEDED}},
	 99,
	 "xREFER +0.00  x202 +0.04  x100 +0.50  x183 +0.50  x200 +10.00"},
	{"NOTIFY before the 202",
	 {{2, REFER_REQUESTED, 0, 0, 0},
	  {2.02, REFER_TRYING, 100, 0, 0},
	  {2.5, REFER_ALERTED, 180, 0, 0},
	  {2.6, REFER_ALERTED, 180, 202, 0}},
	 5,
	 "xREFER +0.00  x202  x100 +0.02  >180 0:02  .200"},
	{"busy at once",
	 {{2, REFER_REQUESTED, 0, 0, 0},
	  {2.04, REFER_ACCEPTED, 202, 202, 0},
	  {2.11, REFER_TRYING, 100, 202, 0},
	  {5.4, REFER_FAILED, 486, 202, OUTCOME_FAILED}},
	 99,
	 "xREFER +0.00  x202 +0.04  x100 +0.11  !486 +3.40  .done"},
	{"rang, then declined",
	 {{2, REFER_REQUESTED, 0, 0, 0},
	  {2.04, REFER_ACCEPTED, 202, 202, 0},
	  {2.11, REFER_TRYING, 100, 202, 0},
	  {2.5, REFER_ALERTED, 180, 202, 0},
	  {5, REFER_FAILED, 603, 202, OUTCOME_FAILED}},
	 99,
	 "xREFER +0.00  x202 +0.04  x100 +0.11  x180 +0.50  !603 +3.00"},
	{"REFER refused",
	 {{2, REFER_REQUESTED, 0, 0, 0},
	  {2.3, REFER_REJECTED, 403, 403, OUTCOME_REJECTED}},
	 99,
	 "xREFER +0.00  !403 +0.30  .done"},
	{"REFER not answered",
	 {{2, REFER_REQUESTED, 0, 0, 0},
	  {34, REFER_FAILED_TO_SEND, 408, 0, OUTCOME_NO_ANSWER}},
	 99,
	 "xREFER +0.00  !none +32.00  .done"},
	{"no reports",
	 {{2, REFER_REQUESTED, 0, 0, 0},
	  {2.04, REFER_ACCEPTED, 202, 202, 0},
	  {42.04, REFER_ACCEPTED, 202, 202, OUTCOME_NO_REPORTS}},
	 99,
	 "xREFER +0.00  x202 +0.04  .100  !? +40.04  .done"},
	{"taken back",
	 {{2, REFER_REQUESTED, 0, 0, 0},
	  {2.04, REFER_ACCEPTED, 202, 202, 0},
	  {2.5, REFER_ALERTED, 180, 202, 0},
	  {5, REFER_ALERTED, 180, 202, OUTCOME_STOPPED}},
	 99,
	 "xREFER +0.00  x202 +0.04  x100 +0.50  x180 +0.50  .? +3.00"},
	{"inferred",
	 {{2, REFER_REQUESTED, 0, 0, 0},
	  {2.04, REFER_ACCEPTED, 202, 202, 0},
	  {5, REFER_SUCCEEDED, 202, 202, OUTCOME_SUCCEEDED_INFERRED}},
	 99,
	 "xREFER +0.00  x202 +0.04  .100  .180  xdone +3.00"},
};

static void test_marks_of_a_blind_transfer(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(blind); i++) {
		struct tale t;

		tell(&t, KIND_BLIND, blind[i].v);
		if (strcmp(blind[i].marks, marks(&t, blind[i].now)) != 0)
			fail_msg("%s:\n %s\n %s", blind[i].what, blind[i].marks,
				 marks(&t, blind[i].now));
	}
}

static void test_marks_of_a_consultation(void **state)
{
	static const struct news idle[] = {{1, REFER_IDLE, 0, 0, 0}, {0}};
	static const struct news sent = {20, REFER_REQUESTED, 0, 0, 0};
	struct event ev = event_of(KIND_ATTENDED, &sent);
	struct tale t;

	(void)state;
	tell(&t, KIND_ATTENDED, idle);
	assert_string_equal(">hold 0:02  .dial  .talk  .REFER  .done",
			    marks(&t, 3));
	tell_call(&t, 4, 1, CALL_HELD);
	assert_string_equal("xhold 0:01  .dial  .talk  .REFER  .done",
			    marks(&t, 5));
	tell_call(&t, 5, 2, CALL_DIALING);
	tell_call(&t, 6, 2, CALL_RINGING);
	assert_string_equal("xhold 0:04  >dial 0:03  .talk  .REFER  .done",
			    marks(&t, 8));
	tell_call(&t, 8.5, 2, CALL_TALKING);
	assert_string_equal("xhold 0:10  xdial +3.50  >talk 0:05  .REFER  "
			    ".done",
			    marks(&t, 14));
	/* somebody else's call is nothing to it */
	tell_call(&t, 15, 7, CALL_TALKING);
	assert_int_equal(8500, t.talked_ms);
	tale_add(&t, &ev);
	assert_string_equal(">REFER 0:01  .202  .100  .180  .200",
			    marks(&t, 21));
}

static void test_marks_of_a_consultation_that_failed(void **state)
{
	static const struct news idle[] = {{1, REFER_IDLE, 0, 0, 0}, {0}};
	static const struct news over = {9, REFER_IDLE, 486, 0, OUTCOME_FAILED};
	struct event ev = event_of(KIND_ATTENDED, &over);
	struct tale t;

	(void)state;
	tell(&t, KIND_ATTENDED, idle);
	tell_call(&t, 2, 1, CALL_HELD);
	tell_call(&t, 3, 2, CALL_DIALING);
	tale_add(&t, &ev);
	assert_string_equal("xhold 0:07  !dial 0:06  .talk  .REFER  .done",
			    marks(&t, 99));
}

/* ---- times, steps, results
 * ---------------------------------------------------- */

static void test_time_of_refer_is_the_engines(void **state)
{
	struct event ev = {.type = EV_TRANSFER, .t = 10};
	struct tale t;

	(void)state;
	ev.u.transfer.id = 1;
	ev.u.transfer.state = REFER_TRYING;
	ev.u.transfer.since_refer_ms = 1500;
	tale_init(&t, &ev);
	assert_int_equal(8500, t.refer_ms);
	assert_int_equal(10000, t.began_ms);
	/* the first one counts */
	ev.t = 11;
	ev.u.transfer.since_refer_ms = 0;
	tale_add(&t, &ev);
	assert_int_equal(8500, t.refer_ms);
	/* of another transfer */
	ev.u.transfer.id = 2;
	ev.u.transfer.state = REFER_FAILED;
	tale_add(&t, &ev);
	assert_int_equal(REFER_TRYING, t.info.state);
	assert_int_equal(2, t.stepc);
}

static void test_only_the_last_steps_are_kept(void **state)
{
	struct event ev = {.type = EV_TRANSFER, .t = 1};
	struct tale t;

	(void)state;
	ev.u.transfer.id = 1;
	ev.u.transfer.state = REFER_TRYING;
	tale_init(&t, &ev);
	for (unsigned i = 1; i < TALE_STEPS + 5; i++) {
		ev.t = 1 + i;
		ev.u.transfer.code = 100 + i;
		tale_add(&t, &ev);
	}
	assert_int_equal(TALE_STEPS + 5, t.stepc);
	assert_int_equal(105, tale_at(&t, 0)->code);
	assert_int_equal(100 + TALE_STEPS + 4,
			 tale_at(&t, TALE_STEPS - 1)->code);
	assert_null(tale_at(&t, TALE_STEPS));
}

static void test_what_counts_as_failed(void **state)
{
	static const bool failed[OUTCOME_COUNT] = {
		[OUTCOME_REDIRECTED] = true, [OUTCOME_FAILED] = true,
		[OUTCOME_REJECTED] = true,   [OUTCOME_NOT_SENT] = true,
		[OUTCOME_NO_ANSWER] = true,  [OUTCOME_NO_REPORTS] = true,
		[OUTCOME_UNKNOWN] = true,    [OUTCOME_TIMED_OUT] = true,
	};

	(void)state;
	for (unsigned i = 0; i < OUTCOME_COUNT; i++) {
		struct event ev = {.type = EV_TRANSFER, .t = 1};
		struct tale t;

		ev.u.transfer.id = 1;
		ev.u.transfer.outcome = (enum outcome)i;
		ev.u.transfer.caller_back = true;
		tale_init(&t, &ev);
		assert_int_equal(failed[i], tale_failed(&t));
		/* there is somebody to decide about */
		assert_int_equal(failed[i], t.open);
		ev.u.transfer.caller_back = false;
		tale_init(&t, &ev);
		assert_false(t.open);
	}
}

static void test_results(void **state)
{
	static const struct {
		enum transfer_kind kind;
		enum outcome outcome;
		unsigned code;
		const char *again, *result;
	} cases[] = {
		{KIND_BLIND, OUTCOME_NONE, 180, NULL, ""},
		{KIND_BLIND, OUTCOME_SUCCEEDED, 200, NULL, "6.2 s"},
		{KIND_ATTENDED, OUTCOME_SUCCEEDED, 200, NULL,
		 "6.2 s  attended"},
		{KIND_BLIND, OUTCOME_FAILED, 480, NULL, "480"},
		{KIND_BLIND, OUTCOME_FAILED, 480, "201", "480 → retried 201"},
		{KIND_BLIND, OUTCOME_NO_REPORTS, 202, NULL, "no-reports"},
		{KIND_BLIND, OUTCOME_STOPPED, 180, NULL, "stopped"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const struct news v[] = {
			{1, REFER_REQUESTED, 0, 0, 0},
			{7.2, REFER_TRYING, cases[i].code, 202,
			 cases[i].outcome},
			{0},
		};
		char result[TEXT_MAX];
		struct tale t;

		tell(&t, cases[i].kind, v);
		if (cases[i].again) {
			t.again = 9;
			text_copy(t.again_to, sizeof(t.again_to),
				  cases[i].again);
		}
		tale_result(&t, result, sizeof(result));
		assert_string_equal(cases[i].result, result);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_marks_of_a_blind_transfer),
		cmocka_unit_test(test_marks_of_a_consultation),
		cmocka_unit_test(test_marks_of_a_consultation_that_failed),
		cmocka_unit_test(test_time_of_refer_is_the_engines),
		cmocka_unit_test(test_only_the_last_steps_are_kept),
		cmocka_unit_test(test_what_counts_as_failed),
		cmocka_unit_test(test_results),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
