/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/say.h"

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

#include "base/log.h"
#include "base/text.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static const char *said(const struct event *ev)
{
	static char sentence[SAY_MAX];

	return say_event(sentence, sizeof(sentence), ev) ? sentence : NULL;
}

static void test_calls(void **state)
{
	static const struct {
		struct call_info call;
		const char *sentence;
	} cases[] = {
		{{.id = 1, .dir = CALL_OUT, .peer = "sip:a@h"},
		 "Call 1: calling sip:a@h."},
		{{.id = 1,
		  .dir = CALL_OUT,
		  .state = CALL_RINGING,
		  .peer = "sip:a@h",
		  .name = "Ann"},
		 "Call 1: Ann, sip:a@h, is ringing."},
		{{.id = 2,
		  .dir = CALL_IN,
		  .state = CALL_RINGING,
		  .peer = "sip:a@h",
		  .local = "support"},
		 "Call 2: sip:a@h is calling support."},
		{{.id = 2,
		  .dir = CALL_IN,
		  .state = CALL_RINGING,
		  .peer = "sip:a@h",
		  .referred_by = "sip:b@h",
		  .replaces = 1},
		 "Call 2: sip:a@h is calling, to take the place of call 1, "
		 "sent by sip:b@h, which nobody has checked."},
		{{.id = 1,
		  .state = CALL_TALKING,
		  .peer = "sip:a@h",
		  .name = "Ann"},
		 "Call 1: talking with Ann, sip:a@h."},
		{{.id = 1,
		  .state = CALL_TALKING,
		  .peer = "sip:a@h",
		  .muted = true},
		 "Call 1: talking with sip:a@h, muted."},
		{{.id = 1,
		  .state = CALL_TALKING,
		  .peer = "sip:a@h",
		  .remote_hold = true},
		 "Call 1: sip:a@h has put us on hold."},
		{{.id = 1, .state = CALL_HELD, .peer = "sip:a@h"},
		 "Call 1: sip:a@h is on hold."},
		{{.id = 1,
		  .state = CALL_ENDED,
		  .peer = "sip:a@h",
		  .code = 486,
		  .text = "Busy Here"},
		 "Call 1: sip:a@h has ended, 486 Busy Here."},
		{{.id = 1,
		  .state = CALL_ENDED,
		  .peer = "sip:a@h",
		  .text = "you hung up."},
		 "Call 1: sip:a@h has ended, you hung up."},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct event ev = {.type = EV_CALL, .u.call = cases[i].call};

		assert_string_equal(cases[i].sentence, said(&ev));
	}
}

static void test_transfers_use_their_own_words(void **state)
{
	struct event ev = {.type = EV_TRANSFER};

	(void)state;
	ev.u.transfer.id = 4;
	ev.u.transfer.call = 7;
	text_copy(ev.u.transfer.say, sizeof(ev.u.transfer.say),
		  "busy: busy (486 Busy Here)");
	assert_string_equal("Transfer 4 of call 7: busy: busy (486 Busy Here).",
			    said(&ev));
	ev.u.transfer.outcome = OUTCOME_FAILED;
	assert_string_equal("Transfer 4 of call 7: busy: busy (486 Busy Here). "
			    "Outcome: failed.",
			    said(&ev));
}

static void test_the_others(void **state)
{
	struct event ev = {.type = EV_REPLY};

	(void)state;
	text_copy(ev.u.reply.command, sizeof(ev.u.reply.command), "hold");
	assert_string_equal("hold: done.", said(&ev));
	ev.u.reply.err = ENOENT;
	text_copy(ev.u.reply.error, sizeof(ev.u.reply.error), "no call");
	assert_string_equal("hold: no call.", said(&ev));

	ev = (struct event){.type = EV_LOG};
	ev.u.log.level = LOG_WARN;
	text_copy(ev.u.log.tag, sizeof(ev.u.log.tag), "tls");
	text_copy(ev.u.log.text, sizeof(ev.u.log.text), "x");
	assert_string_equal("Warning, tls: x", said(&ev));

	ev = (struct event){.type = EV_DROPPED, .u.dropped = 3};
	assert_string_equal("Warning: 3 log or trace records were dropped.",
			    said(&ev));
	ev.type = EV_TRACE;
	assert_null(said(&ev));
	ev.type = EV_STOPPED;
	assert_null(said(&ev));
}

static void test_accounts(void **state)
{
	static const struct {
		struct account_info account;
		const char *sentence;
	} cases[] = {
		{{.id = 1,
		  .aor = "sip:a@h",
		  .state = ACCOUNT_REGISTERED,
		  .expires = 300},
		 "Account 1, sip:a@h: registered for 300 seconds."},
		{{.id = 1,
		  .aor = "sip:a@h",
		  .state = ACCOUNT_FAILED,
		  .code = 403,
		  .text = "the password is wrong"},
		 "Account 1, sip:a@h: not registered, 403 the password is "
		 "wrong."},
		{{.id = 1, .aor = "sip:a@h"},
		 "Account 1, sip:a@h: is not registered."},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct event ev = {.type = EV_ACCOUNT,
				   .u.account = cases[i].account};

		assert_string_equal(cases[i].sentence, said(&ev));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_calls),
		cmocka_unit_test(test_transfers_use_their_own_words),
		cmocka_unit_test(test_the_others),
		cmocka_unit_test(test_accounts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
