/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the demo tells a newcomer, by what goes on. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "app/config.h"
#include "app/desk.h"
#include "app/guide.h"
#include "base/thread.h"
#include "tests/app/fake_port.h"

static struct fake fake;
static struct app app;
static struct desk desk;

static int setup(void **state)
{
	(void)state;
	thread_adopt(THREAD_UI);
	app_init(&app);
	fake_init(&fake, &app);
	desk_init(&desk, &app, NULL);
	desk.guided = true;

	return 0;
}

static int teardown(void **state)
{
	(void)state;
	desk_done(&desk);
	app_done(&app);

	return 0;
}

static void tell(const struct event *ev)
{
	app_event(&app, ev);
	desk_event(&desk, ev);
	/* long enough that nothing is too late for the next key */
	desk_tick(&desk, desk.now_ms + 2000);
	desk_shown(&desk);
}

static void call(uint32_t id, enum call_state state, const char *name)
{
	struct event ev = {.type = EV_CALL};

	ev.t = (double)desk.now_ms / 1000;
	ev.u.call.id = id;
	ev.u.call.dir = CALL_IN;
	ev.u.call.state = state;
	snprintf(ev.u.call.peer, sizeof(ev.u.call.peer), "sip:%u@x", id);
	snprintf(ev.u.call.name, sizeof(ev.u.call.name), "%s", name);
	tell(&ev);
}

/* The one a consultation is held with */
static void consulted(uint32_t id, uint32_t caller, enum call_state state)
{
	struct event ev = {.type = EV_CALL};

	ev.t = (double)desk.now_ms / 1000;
	ev.u.call.id = id;
	ev.u.call.dir = CALL_OUT;
	ev.u.call.state = state;
	ev.u.call.consult_of = caller;
	snprintf(ev.u.call.peer, sizeof(ev.u.call.peer), "sip:alice@x");
	tell(&ev);
}

struct move {
	uint32_t id, call, consult;
	enum transfer_kind kind;
	enum refer_state state;
	enum outcome outcome;
	unsigned code;
	const char *target;
};

static void moves(const struct move *m)
{
	struct event ev = {.type = EV_TRANSFER};
	struct transfer_info *t = &ev.u.transfer;

	ev.t = (double)desk.now_ms / 1000;
	t->id = m->id;
	t->call = m->call;
	t->consult = m->consult;
	t->kind = m->kind;
	t->state = m->state;
	t->outcome = m->outcome;
	t->code = m->code;
	t->caller_back = m->outcome == OUTCOME_FAILED;
	snprintf(t->target, sizeof(t->target), "sip:%s@x", m->target);
	tell(&ev);
}

static void blind(uint32_t id, uint32_t to, const char *target,
		  enum refer_state state, enum outcome outcome, unsigned code)
{
	moves(&(struct move){.id = id,
			     .call = to,
			     .target = target,
			     .state = state,
			     .outcome = outcome,
			     .code = code});
}

/* Every part, parted by |, must be in the line */
static void says(const char *parts)
{
	char line[3 * TEXT_MAX], want[128];

	assert_true(guide_line(&desk, line, sizeof(line)));
	/* at 80 columns none of it is lost */
	assert_in_range(strlen(line), 1, 78);
	while (*parts) {
		size_t len = strcspn(parts, "|");

		snprintf(want, sizeof(want), "%.*s", (int)len, parts);
		if (!strstr(line, want))
			fail_msg("'%s' lacks '%s'", line, want);
		parts += len + (parts[len] == '|');
	}
}

static void key(const char *name)
{
	struct key k;

	assert_true(key_parse(&k, name));
	desk_key(&desk, &k);
}

static void test_a_newcomer_is_led_through_three_transfers(void **state)
{
	(void)state;
	says("first caller rings in a moment");
	call(1, CALL_RINGING, "Dana Ortiz");
	says("Dana Ortiz rings|press a |F2");
	call(1, CALL_TALKING, "Dana Ortiz");
	says("Dana|press t, type alan, Enter");
	key("t");
	says("Type alan");
	desk_typed(&desk, "alan", 4);
	says("Enter transfers to alan|Esc");
	desk_leave(&desk);

	blind(1, 1, "alan", REFER_REQUESTED, OUTCOME_NONE, 0);
	says("Dana's phone is asked to call alan|u takes back");
	blind(1, 1, "alan", REFER_ALERTED, OUTCOME_NONE, 180);
	says("alan is ringing|Dana");
	blind(1, 1, "alan", REFER_SUCCEEDED, OUTCOME_SUCCEEDED, 200);
	call(1, CALL_ENDED, "Dana Ortiz");
	says("alan answered: Dana is there|next caller");

	call(2, CALL_RINGING, "Kim Lee");
	says("Kim Lee rings");
	call(2, CALL_TALKING, "Kim Lee");
	says("press t, type bob, Enter");
	call(2, CALL_HELD, "Kim Lee");
	blind(2, 2, "bob", REFER_TRYING, OUTCOME_NONE, 100);
	blind(2, 2, "bob", REFER_FAILED, OUTCOME_FAILED, 486);
	says("bob is busy|Kim is still yours|Enter takes back|y tries again");
	call(2, CALL_TALKING, "Kim Lee");
	says("press T, type alice, Enter");

	call(2, CALL_HELD, "Kim Lee");
	moves(&(struct move){
		.id = 3, .call = 2, .kind = KIND_ATTENDED, .target = "alice"});
	says("alice is called|Kim waits on hold|u takes");
	consulted(3, 2, CALL_DIALING);
	moves(&(struct move){.id = 3,
			     .call = 2,
			     .consult = 3,
			     .kind = KIND_ATTENDED,
			     .target = "alice"});
	consulted(3, 2, CALL_TALKING);
	says("You talk to alice alone|c connects Kim|s swaps|u takes back");
	moves(&(struct move){.id = 3,
			     .call = 2,
			     .consult = 3,
			     .kind = KIND_ATTENDED,
			     .state = REFER_SUCCEEDED,
			     .outcome = OUTCOME_SUCCEEDED,
			     .code = 200,
			     .target = "alice"});
	call(2, CALL_ENDED, "Kim Lee");
	call(3, CALL_ENDED, "");
	says("That is it|? help|C-p all commands|C-q quits");
}

static void test_it_follows_what_the_user_does_instead(void **state)
{
	(void)state;
	/* the failure first: the lesson of the failure is done */
	call(1, CALL_TALKING, "Dana Ortiz");
	call(1, CALL_HELD, "Dana Ortiz");
	blind(1, 1, "carla", REFER_FAILED, OUTCOME_FAILED, 603);
	says("carla declined|Dana is still yours");
	call(1, CALL_TALKING, "Dana Ortiz");
	says("type alan");
	/* put on hold by hand */
	call(1, CALL_HELD, "Dana Ortiz");
	says("Dana is on hold: H takes Dana back");
	blind(2, 1, "alan", REFER_SUCCEEDED, OUTCOME_SUCCEEDED, 200);
	call(1, CALL_ENDED, "Dana Ortiz");
	call(2, CALL_TALKING, "Kim Lee");
	says("type alice");
	/* hung up: that taught nothing, and nobody insists */
	call(2, CALL_ENDED, "Kim Lee");
	says("alan answered|next caller");
	/* a caller comes while a line is typed: that counts more */
	desk_open(&desk, LINE_COMMAND, "");
	says("Tab completes");
	call(3, CALL_RINGING, "Acme Ltd");
	says("Acme Ltd rings: press F2");
}

static void test_its_keys_are_the_users(void **state)
{
	(void)state;
	config_keys(&app, "desk");
	call(1, CALL_RINGING, "Dana Ortiz");
	says("press F2 to answer");
	call(1, CALL_TALKING, "Dana Ortiz");
	says("press F4, type alan");

	config_keys(&app, "default");
	(void)app_line(&app, "bind t none");
	(void)app_line(&app, "bind C-b transfer");
	says("press C-b, type alan");
	(void)app_line(&app, "bind C-b none");
	says("press :transfer, type alan");
}

static void test_where_nothing_helps_nothing_is_said(void **state)
{
	char line[TEXT_MAX];

	(void)state;
	desk_open(&desk, LINE_FIND, "x");
	assert_false(guide_line(&desk, line, sizeof(line)));
	assert_string_equal(line, "");
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_a_newcomer_is_led_through_three_transfers),
		T(test_it_follows_what_the_user_does_instead),
		T(test_its_keys_are_the_users),
		T(test_where_nothing_helps_nothing_is_said),
	};

	return cmocka_run_group_tests_name("guide", tests, NULL, NULL);
}
