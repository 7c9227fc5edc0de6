/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/model.h"

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

#include "base/text.h"
#include "base/thread.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static struct model model;

static int setup(void **state)
{
	(void)state;
	thread_adopt(THREAD_UI);
	model_init(&model);

	return 0;
}

static int teardown(void **state)
{
	(void)state;
	model_done(&model);

	return 0;
}

static void call_is(uint32_t id, enum call_state state, uint32_t consult_of)
{
	struct event ev = {.type = EV_CALL};

	ev.u.call.id = id;
	ev.u.call.state = state;
	ev.u.call.consult_of = consult_of;
	model_apply(&model, &ev);
}

static void transfer_is(uint32_t id, uint32_t call, enum outcome outcome)
{
	struct event ev = {.type = EV_TRANSFER};

	ev.u.transfer.id = id;
	ev.u.transfer.call = call;
	ev.u.transfer.outcome = outcome;
	model_apply(&model, &ev);
}

static void dialed(uint32_t id)
{
	struct event ev = {.type = EV_REPLY};

	ev.u.reply.id = id;
	text_copy(ev.u.reply.command, sizeof(ev.u.reply.command), "dial");
	model_apply(&model, &ev);
}

static void test_the_newest_state_counts(void **state)
{
	static const uint32_t order[] = {3, 1, 7, 2, 5, 6, 4};

	(void)state;
	for (size_t i = 0; i < COUNT(order); i++)
		call_is(order[i], CALL_RINGING, 0);
	call_is(5, CALL_TALKING, 0);
	assert_int_equal(COUNT(order), model.callc);
	for (uint32_t id = 1; id <= 7; id++) {
		assert_int_equal(id, model.calls[id - 1].id);
		assert_int_equal(id == 5 ? CALL_TALKING : CALL_RINGING,
				 model_call(&model, id)->state);
	}
	assert_null(model_call(&model, 0));
	assert_null(model_call(&model, 8));
	assert_int_equal(7, model.last_call);
}

static void test_ended_ones_stay_for_a_while(void **state)
{
	(void)state;
	call_is(1, CALL_TALKING, 0);
	for (uint32_t id = 2; id <= 200; id++) {
		call_is(id, CALL_TALKING, 0);
		call_is(id, CALL_ENDED, 0);
		transfer_is(id, id, OUTCOME_FAILED);
	}
	assert_int_equal(MODEL_ENDED_MAX + 1, model.callc);
	assert_int_equal(MODEL_ENDED_MAX, model.transferc);
	/* what is up is never forgotten, of the others the newest stay */
	assert_non_null(model_call(&model, 1));
	assert_non_null(model_call(&model, 200));
	assert_non_null(model_call(&model, 200 - MODEL_ENDED_MAX + 1));
	assert_null(model_call(&model, 200 - MODEL_ENDED_MAX));
	assert_int_equal(1, model_calls_up(&model));
	assert_int_equal(0, model_transfers_pending(&model));
}

static void test_a_thousand_calls(void **state)
{
	(void)state;
	for (uint32_t id = 1; id <= 1000; id++)
		call_is(id, CALL_TALKING, 0);
	for (uint32_t id = 1; id <= 1000; id++)
		assert_int_equal(id, model_call(&model, id)->id);
	for (uint32_t id = 1; id <= 1000; id += 2)
		call_is(id, CALL_ENDED, 0);
	assert_int_equal(500, model_calls_up(&model));
	for (uint32_t id = 2; id <= 1000; id += 2)
		assert_non_null(model_call(&model, id));
}

static void test_the_only_call_is_selected_a_second_is_not(void **state)
{
	(void)state;
	assert_null(model_selected(&model));
	call_is(1, CALL_RINGING, 0);
	assert_int_equal(1, model_selected(&model)->id);
	call_is(2, CALL_RINGING, 0);
	assert_int_equal(1, model_selected(&model)->id);
	/* when it ends, a key that comes late must not hit the next one */
	call_is(1, CALL_ENDED, 0);
	assert_null(model_selected(&model));
	assert_int_equal(1, model_calls_up(&model));
}

static void test_what_the_user_dials_is_selected(void **state)
{
	(void)state;
	call_is(1, CALL_TALKING, 0);
	dialed(2);
	call_is(2, CALL_DIALING, 0);
	assert_int_equal(2, model_selected(&model)->id);
}

static void
test_a_consultation_is_selected_and_gives_the_caller_back(void **state)
{
	(void)state;
	call_is(1, CALL_TALKING, 0);
	call_is(2, CALL_DIALING, 1);
	assert_int_equal(2, model_selected(&model)->id);
	assert_int_equal(2, model_consult(&model, 1)->id);
	/* the user goes back to the caller: that is not changed again */
	model_select(&model, 1);
	call_is(2, CALL_RINGING, 1);
	assert_int_equal(1, model_selected(&model)->id);
	model_select(&model, 2);
	call_is(2, CALL_ENDED, 1);
	assert_int_equal(1, model_selected(&model)->id);
	assert_null(model_consult(&model, 1));
}

static void test_a_consultation_about_somebody_else_is_not(void **state)
{
	(void)state;
	call_is(1, CALL_HELD, 0);
	call_is(2, CALL_TALKING, 0);
	model_select(&model, 2);
	call_is(3, CALL_DIALING, 1);
	assert_int_equal(2, model_selected(&model)->id);
}

static void test_who_rings_longest(void **state)
{
	struct event ev = {.type = EV_CALL};

	(void)state;
	call_is(1, CALL_TALKING, 0);
	assert_null(model_ringing(&model));
	ev.u.call.id = 2;
	ev.u.call.dir = CALL_OUT;
	ev.u.call.state = CALL_RINGING;
	model_apply(&model, &ev);
	assert_null(model_ringing(&model));
	call_is(3, CALL_RINGING, 0);
	call_is(4, CALL_RINGING, 0);
	assert_int_equal(3, model_ringing(&model)->id);
}

static void test_which_transfer_lasts(void **state)
{
	(void)state;
	assert_null(model_pending(&model, 0));
	transfer_is(1, 5, OUTCOME_NONE);
	transfer_is(2, 6, OUTCOME_NONE);
	transfer_is(3, 5, OUTCOME_NONE);
	assert_int_equal(3, model_pending(&model, 0)->id);
	assert_int_equal(2, model_pending(&model, 6)->id);
	transfer_is(3, 5, OUTCOME_FAILED);
	assert_int_equal(1, model_pending(&model, 5)->id);
	assert_null(model_pending(&model, 7));
	assert_int_equal(2, model_transfers_pending(&model));
}

static void test_accounts_come_and_go(void **state)
{
	struct event ev = {.type = EV_ACCOUNT};

	(void)state;
	ev.u.account.id = 1;
	model_apply(&model, &ev);
	ev.u.account.id = 2;
	model_apply(&model, &ev);
	ev.u.account.id = 1;
	ev.u.account.gone = true;
	model_apply(&model, &ev);
	assert_null(model_account(&model, 1));
	assert_non_null(model_account(&model, 2));
	ev.type = EV_STOPPED;
	model_apply(&model, &ev);
	assert_true(model.stopped);
}

int main(void)
{
#define TEST(t) cmocka_unit_test_setup_teardown(t, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_the_newest_state_counts),
		TEST(test_ended_ones_stay_for_a_while),
		TEST(test_a_thousand_calls),
		TEST(test_the_only_call_is_selected_a_second_is_not),
		TEST(test_what_the_user_dials_is_selected),
		TEST(test_a_consultation_is_selected_and_gives_the_caller_back),
		TEST(test_a_consultation_about_somebody_else_is_not),
		TEST(test_who_rings_longest),
		TEST(test_which_transfer_lasts),
		TEST(test_accounts_come_and_go),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
