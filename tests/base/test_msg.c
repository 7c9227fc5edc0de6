/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "base/msg.h"

/* Every list of names below is copied from the contract, in its order */

typedef const char *(name_h)(int v);

#define NAMER(fn, type)                                                        \
	static const char *name_##fn(int v)                                    \
	{                                                                      \
		return fn((type)v);                                            \
	}

NAMER(transp_name, enum transp)
NAMER(account_state_name, enum account_state)
NAMER(call_dir_name, enum call_dir)
NAMER(call_state_name, enum call_state)
NAMER(transfer_kind_name, enum transfer_kind)
NAMER(refer_state_name, enum refer_state)
NAMER(refer_sub_name, enum refer_sub)
NAMER(outcome_name, enum outcome)
NAMER(request_name, enum req_type)

struct names {
	name_h *nameh;
	int count;
	const char *names; /* space separated; "-" is NULL */
};

static const struct names tables[] = {
	{name_transp_name, TRANSP_COUNT, "udp tcp tls"},
	{name_account_state_name, ACCOUNT_STATE_COUNT,
	 "off registering registered failed"},
	{name_call_dir_name, 2, "in out"},
	{name_call_state_name, CALL_STATE_COUNT,
	 "dialing ringing early talking held ended"},
	{name_transfer_kind_name, KIND_COUNT, "blind attended semi"},
	{name_refer_state_name, REFER_STATE_COUNT,
	 "idle refer-requested refer-accepted refer-rejected refer-failed "
	 "trying alerted succeeded failed redirected"},
	{name_refer_sub_name, SUB_COUNT, "none wait active unsub closed"},
	{name_outcome_name, OUTCOME_COUNT,
	 "- succeeded succeeded-inferred redirected failed rejected not-sent "
	 "no-answer no-reports unknown timed-out stopped"},
	{name_request_name, REQ_COUNT,
	 "nop quit account register unregister set dial progress answer reject "
	 "hangup hold resume mute dtmf transfer consult complete swap takeback "
	 "join unwatch referred-answer referred-call referred-notify"},
};

static void names_are_the_contracts(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
		const struct names *t = &tables[i];
		char list[512];
		char *save = NULL, *name;
		int v = 0;

		strcpy(list, t->names);
		for (name = strtok_r(list, " ", &save); name;
		     name = strtok_r(NULL, " ", &save), v++) {
			if (!strcmp(name, "-"))
				assert_null(t->nameh(v));
			else
				assert_string_equal(t->nameh(v), name);
		}
		assert_int_equal(v, t->count);
		assert_string_equal(t->nameh(t->count), "?");
		assert_string_equal(t->nameh(-1), "?");
		assert_string_equal(t->nameh(1 << 30), "?");
	}
}

static void commands_fit_the_reply(void **state)
{
	(void)state;
	for (int i = 0; i < REQ_COUNT; i++)
		assert_true(strlen(request_name((enum req_type)i)) <
			    sizeof(((struct reply_info *)NULL)->command));
}

static const struct {
	enum ev_type type;
	enum post_class class;
} classes[] = {
	{EV_HELLO, POST_HISTORY},   {EV_ACCOUNT, POST_STATE},
	{EV_CALL, POST_STATE},      {EV_TRANSFER, POST_HISTORY},
	{EV_REFERRED, POST_STATE},  {EV_REPLY, POST_HISTORY},
	{EV_LOG, POST_CHATTER},     {EV_TRACE, POST_CHATTER},
	{EV_DROPPED, POST_HISTORY}, {EV_STOPPED, POST_HISTORY},
};

static void events_have_their_class(void **state)
{
	uint64_t key;

	(void)state;
	assert_int_equal(sizeof(classes) / sizeof(classes[0]), EV_COUNT);
	for (size_t i = 0; i < EV_COUNT; i++) {
		struct event ev = {.type = classes[i].type};

		key = 0;
		assert_int_equal(event_class(&ev, &key), classes[i].class);
	}
}

static struct event call(uint32_t id, enum call_state st)
{
	struct event ev = {.type = EV_CALL};

	ev.u.call.id = id;
	ev.u.call.state = st;
	return ev;
}

static void keys_tell_things_apart(void **state)
{
	struct event ev[6] = {
		[0] = call(1, CALL_TALKING),
		[1] = call(2, CALL_TALKING),
		[2] = {.type = EV_ACCOUNT, .u.account = {.id = 1}},
		[3] = {.type = EV_REFERRED, .u.referred = {.id = 1}},
		[4] = call(UINT32_MAX, CALL_HELD),
		[5] = {.type = EV_ACCOUNT, .u.account = {.id = UINT32_MAX}},
	};
	uint64_t key[6] = {0}, again = 0;

	(void)state;
	for (int i = 0; i < 6; i++) {
		assert_int_equal(event_class(&ev[i], &key[i]), POST_STATE);
		for (int k = 0; k < i; k++)
			assert_true(key[i] != key[k]);
	}
	ev[0].u.call.state = CALL_HELD;
	ev[0].t = 7;
	assert_int_equal(event_class(&ev[0], &again), POST_STATE);
	assert_true(again == key[0]);
}

static void last_news_are_history(void **state)
{
	struct event ended = call(1, CALL_ENDED);
	struct event account = {.type = EV_ACCOUNT,
				.u.account = {.id = 1, .gone = true}};
	struct event referred = {.type = EV_REFERRED,
				 .u.referred = {.id = 1, .gone = true}};
	uint64_t key;

	(void)state;
	assert_int_equal(event_class(&ended, &key), POST_HISTORY);
	assert_int_equal(event_class(&account, &key), POST_HISTORY);
	assert_int_equal(event_class(&referred, &key), POST_HISTORY);
}

static void end_of_a_call_is_never_merged_away(void **state)
{
	struct event ev = {.type = EV_REPLY}, got;
	struct post *p = NULL;
	unsigned filled = 0;

	(void)state;
	assert_int_equal(post_new(&p, sizeof(ev), event_class), 0);
	assert_true(fcntl(post_write_fd(p), F_SETPIPE_SZ, 4096) > 0);
	while (!post_put(p, &ev))
		filled++;
	filled++;

	ev = call(1, CALL_RINGING);
	post_put(p, &ev);
	ev = (struct event){.type = EV_TRANSFER, .u.transfer = {.id = 5}};
	post_put(p, &ev);
	ev = call(1, CALL_TALKING);
	post_put(p, &ev);
	ev = call(1, CALL_ENDED);
	post_put(p, &ev);
	ev = call(1, CALL_HELD); /* there should be none; were there one */
	post_put(p, &ev);
	assert_int_equal(post_waiting(p), 4);

	while (filled--) {
		assert_int_equal(post_take(p, &got), 0);
		assert_int_equal(got.type, EV_REPLY);
		post_flush(p);
	}
	assert_int_equal(post_take(p, &got), 0);
	assert_int_equal(got.type, EV_CALL);
	assert_int_equal(got.u.call.state, CALL_HELD);
	post_flush(p);
	assert_int_equal(post_take(p, &got), 0);
	assert_int_equal(got.type, EV_TRANSFER);
	assert_int_equal(got.u.transfer.id, 5);
	post_flush(p);
	assert_int_equal(post_take(p, &got), 0);
	assert_int_equal(got.type, EV_CALL);
	assert_int_equal(got.u.call.state, CALL_ENDED); /* the last word */
	post_free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_are_the_contracts),
		cmocka_unit_test(commands_fit_the_reply),
		cmocka_unit_test(events_have_their_class),
		cmocka_unit_test(keys_tell_things_apart),
		cmocka_unit_test(last_news_are_history),
		cmocka_unit_test(end_of_a_call_is_never_merged_away),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
