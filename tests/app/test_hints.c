/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/hints.h"

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

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static struct stage s;
static struct desk *const d = &s.desk;

/* ---- situations ---------------------------------------------------------- */

static struct call_info call(uint32_t id, enum call_dir dir,
			     enum call_state state)
{
	struct call_info c = {.id = id, .dir = dir, .state = state};

	snprintf(c.peer, sizeof(c.peer), "sip:%u@h", 200 + id);
	snprintf(c.name, sizeof(c.name), "Name%u Last", id);

	return c;
}

static void idle(void)
{
}

static void rings(void)
{
	stage_call(&s, 1, call(1, CALL_IN, CALL_RINGING));
}

static void talks(void)
{
	stage_call(&s, 1, call(1, CALL_IN, CALL_TALKING));
}

static void held(void)
{
	stage_call(&s, 1, call(1, CALL_OUT, CALL_HELD));
}

static void dials(void)
{
	stage_call(&s, 1, call(1, CALL_OUT, CALL_DIALING));
}

static void talks_and_rings(void)
{
	talks();
	stage_call(&s, 2, call(2, CALL_IN, CALL_RINGING));
}

static void consults(void)
{
	struct call_info two = call(2, CALL_OUT, CALL_TALKING);
	struct transfer_info x = {.id = 1,
				  .call = 1,
				  .consult = 2,
				  .kind = KIND_ATTENDED,
				  .target = "sip:202@h"};

	held();
	stage_transfer(&s, 2, x);
	two.consult_of = 1;
	stage_call(&s, 3, two);
}

static struct transfer_info moving(void)
{
	return (struct transfer_info){.id = 1,
				      .call = 1,
				      .state = REFER_TRYING,
				      .target = "sip:202@h"};
}

static void watches(void)
{
	held();
	stage_transfer(&s, 2, moving());
}

static void failed(void)
{
	struct transfer_info x = moving();

	watches();
	x.state = REFER_FAILED;
	x.code = 486;
	x.outcome = OUTCOME_FAILED;
	x.caller_back = true;
	stage_transfer(&s, 3, x);
}

static void failed_beside_a_talk(void)
{
	failed();
	stage_call(&s, 4, call(2, CALL_OUT, CALL_TALKING));
	model_select(&s.app.model, 2);
}

static void returned(void)
{
	struct transfer_info x = moving();

	watches();
	x.state = REFER_SUCCEEDED;
	x.outcome = OUTCOME_SUCCEEDED;
	stage_transfer(&s, 3, x);
	stage_call(&s, 3, call(1, CALL_OUT, CALL_ENDED));
	x.call = 11;
	stage_call(&s, 60,
		   (struct call_info){.id = 11,
				      .dir = CALL_IN,
				      .state = CALL_RINGING,
				      .peer = "sip:201@h"});
	stage_call(&s, 65,
		   (struct call_info){.id = 11,
				      .dir = CALL_IN,
				      .state = CALL_TALKING,
				      .peer = "sip:201@h"});
}

static const struct situation {
	const char *name;
	void (*play)(void);
} situations[] = {
	{"idle", idle},         {"rings", rings},
	{"talks", talks},       {"held", held},
	{"dials", dials},       {"talks and rings", talks_and_rings},
	{"consults", consults}, {"watches", watches},
	{"failed", failed},     {"failed beside a talk", failed_beside_a_talk},
	{"returned", returned},
};

/* Where the user is then, by command lines */
static const char *const places[] = {
	"",
	"focus transfers",
	"focus directory",
	"ladder",
	"trace",
	"log",
	"history",
	"help",
	"zoom",
	"command",
	"commands",
	"find",
	"dial?",
	"transfer?",
	"hangup?",
	"dtmf?",
};

static const char *const presets[] = {"default", "desk", "vim"};

static void go(const char *place)
{
	const struct call_info *c = model_selected(&s.app.model);
	const size_t len = strlen(place);
	char name[32];

	if (!len)
		return;
	if (place[len - 1] != '?') {
		app_line(&s.app, place);
		return;
	}
	text_ncopy(name, sizeof(name), place, len - 1);
	if (strcmp(name, "hangup") == 0)
		desk_confirm(d, 0, "hangup 1", "hang up?");
	else
		desk_ask(d, command_find(name),
			 c && strcmp(name, "dial") != 0 ? c->id : 0);
}

static void play(const struct situation *sit, const char *preset,
		 const char *place)
{
	char line[64];

	stage_open(&s);
	stage_directory(&s, "Alan Reyes,202\nBob Harris,205\n");
	snprintf(line, sizeof(line), "set keys %s", preset);
	app_line(&s.app, line);
	app_line(&s.app, "set voicemail *{}");
	sit->play();
	stage_at(&s, 100);
	go(place);
	stage_at(&s, 101);
	s.reply = (struct reply_info){0};
	s.replies = 0;
}

/* ---- what a key has run
 * ------------------------------------------------------- */

/* The command that was run, refused or asked for an argument by the last key */
static const char *has_run(unsigned pendings)
{
	if (s.app.pendingc > pendings)
		return s.app.pending[s.app.pendingc - 1].command;
	if (s.replies)
		return s.reply.command;
	if (d->line.use == LINE_CONFIRM)
		return strncmp(d->line.text, "hangup", 6) == 0 ? "hangup"
							       : d->line.text;
	if (d->line.use == LINE_TARGET || d->line.use == LINE_DIGITS)
		return d->pick.cmd->name;
	if (d->line.use == LINE_COMMAND)
		return d->line.text;

	return "nothing";
}

/* Presses hint number i in that situation */
static void press(const struct situation *sit, const char *preset,
		  const char *place, unsigned i)
{
	struct hint v[HINTS_MAX];
	unsigned n, pendings;
	char word[32];

	play(sit, preset, place);
	n = hints_now(d, v);
	assert_true(i < n);
	pendings = s.app.pendingc;
	if (!desk_wants(d, &v[i].key))
		fail_msg("%s, %s, %s: %s goes to readline", sit->name, preset,
			 place, v[i].key_name);
	desk_key(d, &v[i].key);
	text_ncopy(word, sizeof(word), v[i].line, strcspn(v[i].line, " "));
	if (strncmp(has_run(pendings), word, strlen(word)) != 0 &&
	    /* "default" runs what Enter stands for now */
	    strcmp(word, "default") != 0)
		fail_msg("%s, %s, %s: %s says %s (%s) but runs %s", sit->name,
			 preset, place, v[i].key_name, v[i].label, v[i].line,
			 has_run(pendings));
	if (s.replies && s.reply.err)
		fail_msg("%s, %s, %s: %s says %s but: %s", sit->name, preset,
			 place, v[i].key_name, v[i].label, s.reply.error);
	if (d->diaryc && desk_diary(d, 0)->level <= LOG_WARN &&
	    strcmp(desk_diary(d, 0)->wall, d->wall) == 0)
		fail_msg("%s, %s, %s: %s says %s but: %s", sit->name, preset,
			 place, v[i].key_name, v[i].label, stage_note(&s));
	stage_close(&s);
}

static void test_each_key_runs_what_its_hint_says(void **state)
{
	unsigned pressed = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(situations); i++) {
		for (size_t k = 0; k < COUNT(places); k++) {
			for (size_t p = 0; p < COUNT(presets); p++) {
				struct hint v[HINTS_MAX];
				unsigned n;

				play(&situations[i], presets[p], places[k]);
				n = hints_now(d, v);
				stage_close(&s);
				for (unsigned h = 0; h < n; h++) {
					if (!v[h].line[0])
						continue;
					press(&situations[i], presets[p],
					      places[k], h);
					pressed++;
				}
			}
		}
	}
	assert_true(pressed > 1000);
}

static void test_no_two_hints_have_one_key(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(situations); i++) {
		for (size_t k = 0; k < COUNT(places); k++) {
			struct hint v[HINTS_MAX];
			unsigned n;

			play(&situations[i], "default", places[k]);
			n = hints_now(d, v);
			for (unsigned a = 0; a < n; a++) {
				for (unsigned b = 0; b < a; b++) {
					if (strcmp(v[a].key_name,
						   v[b].key_name) == 0)
						fail_msg("%s, %s: %s twice",
							 situations[i].name,
							 places[k],
							 v[a].key_name);
				}
			}
			stage_close(&s);
		}
	}
}

/* ---- the words
 * ---------------------------------------------------------------- */

static const char *bar(void)
{
	static char text[512];
	struct hint v[HINTS_MAX];
	const unsigned n = hints_now(d, v);

	text[0] = '\0';
	for (unsigned i = 0; i < n; i++) {
		const size_t at = strlen(text);

		snprintf(text + at, sizeof(text) - at, "%s%s %s", i ? "  " : "",
			 v[i].key_name, v[i].label);
	}

	return text;
}

static void test_what_is_hinted(void **state)
{
	static const struct {
		void (*play)(void);
		const char *place, *bar;
	} cases[] = {
		{idle, "",
		 "d dial  : command  / find  Tab pane  p directory  g trace  "
		 "F8 theme  ? help  C-q quit"},
		{rings, "",
		 "a answer  r reject  i silence  Tab pane  : command  ? help"},
		{talks, "",
		 "t transfer  T ask first  h hold  m mute  D digits  "
		 "x hang up  d dial  l ladder  ? help"},
		{held, "",
		 "t transfer  T ask first  H resume  m mute  D digits  "
		 "x hang up  d dial  l ladder  ? help"},
		{dials, "", "x hang up  d dial  l ladder  ? help"},
		{talks_and_rings, "",
		 "a answer  r reject  i silence  t transfer  h hold  Tab pane  "
		 ": command  ? help"},
		{talks_and_rings, "command",
		 "F2 answer  F9 reject  Tab complete  Enter run  C-r history  "
		 "Esc cancel"},
		{consults, "",
		 "c complete  s swap  u back to Name1  x hang up Alan  "
		 "m mute  l ladder  ? help"},
		{watches, "",
		 "u take back  x drop  l ladder  d dial  Tab pane  "
		 "? help"},
		{failed, "",
		 "Enter resume  y retry  t other  v voicemail  x hang up  "
		 "l why (ladder)  ? help"},
		{talks, "transfer?",
		 "Enter blind  C-t attended  ↑↓ choose  C-u clear  Esc cancel"},
		{idle, "dial?", "Enter dial  ↑↓ choose  C-u clear  Esc cancel"},
		{talks, "hangup?", "y yes  n no"},
		{talks, "dtmf?", "0-9 * # send  Esc done"},
		{idle, "help",
		 "/ find a key  ↑↓ scroll  k all keys  Esc close"},
		{talks, "ladder",
		 "↑↓ message  Enter raw  f follow  w save pcap  / find  "
		 "z zoom  Esc back"},
		{returned, "",
		 "y send again  t transfer  T ask first  h hold  m mute  "
		 "D digits  x hang up  d dial  l ladder  ? help"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const struct situation sit = {"", cases[i].play};

		play(&sit, "default", cases[i].place);
		if (strcmp(cases[i].bar, bar()) != 0)
			fail_msg("case %zu:\n %s\n %s", i, cases[i].bar, bar());
		stage_close(&s);
	}
}

static void test_hints_follow_what_is_bound(void **state)
{
	const struct situation sit = {"", talks};

	(void)state;
	play(&sit, "default", "");
	app_line(&s.app, "bind -c calls F5 hold");
	app_line(&s.app, "bind t none");
	app_line(&s.app, "bind h none");
	assert_string_equal("T ask first  F5 hold  m mute  D digits  "
			    "x hang up  d dial  l ladder  ? help",
			    bar());
	/* what another context has for its own is not shown there */
	app_line(&s.app, "focus transfers");
	assert_null(strstr(bar(), "F5"));
	stage_close(&s);
}

static void test_of_a_chain_the_part_that_runs_is_hinted(void **state)
{
	const struct situation sit = {"", held};
	struct key key;
	char name[16];

	(void)state;
	play(&sit, "desk", "ladder");
	/* F8 is takeback | back: it would take the caller back */
	assert_true(hint_key(d, desk_context(d), "back", &key));
	assert_string_equal("Esc", key_format(&key, name, sizeof(name)));
	stage_close(&s);
}

/* ---- ways out
 * ------------------------------------------------------------------ */

static void test_ways_out_of_a_failure(void **state)
{
	const struct situation sit = {"", failed};
	const struct situation beside = {"", failed_beside_a_talk};
	struct hint v[HINTS_MAX];

	(void)state;
	play(&sit, "default", "focus transfers");
	assert_int_equal(5, hints_recovery(d, v));
	assert_string_equal("talk to Name1 again", v[0].label);
	assert_string_equal("try Alan once more", v[1].label);
	assert_string_equal("another target", v[2].label);
	assert_string_equal("Alan's voicemail", v[3].label);
	assert_string_equal("hang up Name1", v[4].label);
	assert_string_equal("x", v[4].key_name);
	app_line(&s.app, "set voicemail \"\"");
	assert_int_equal(4, hints_recovery(d, v));
	stage_close(&s);

	/* x would hang up the other: it is not said to hang up this one */
	play(&beside, "default", "focus transfers");
	assert_int_equal(5, hints_recovery(d, v));
	assert_string_equal("", v[4].key_name);
	assert_string_equal("", v[1].key_name);
	stage_at(&s, 110);
	stage_keys(&s, "Down Enter");
	assert_int_equal(1, fake_last(&s.fake, REQ_TRANSFER)->id);
	stage_close(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_key_runs_what_its_hint_says),
		cmocka_unit_test(test_no_two_hints_have_one_key),
		cmocka_unit_test(test_what_is_hinted),
		cmocka_unit_test(test_hints_follow_what_is_bound),
		cmocka_unit_test(test_of_a_chain_the_part_that_runs_is_hinted),
		cmocka_unit_test(test_ways_out_of_a_failure),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
