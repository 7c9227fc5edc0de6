/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/command.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/text.h"
#include "base/thread.h"
#include "tests/app/fake_port.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static struct app app;
static struct fake fake;

static int setup(void **state)
{
	(void)state;
	thread_adopt(THREAD_UI);
	app_init(&app);
	fake_init(&fake, &app);

	return 0;
}

static int teardown(void **state)
{
	(void)state;
	app_done(&app);

	return 0;
}

/* ---- the table ------------------------------------------------------------
 */

static void test_names_are_sorted_and_unique(void **state)
{
	(void)state;
	for (const struct command *c = commands; c[1].name; c++)
		assert_true(strcmp(c[0].name, c[1].name) < 0);
}

static void test_help_fits_and_has_no_full_stop(void **state)
{
	(void)state;
	for (const struct command *c = commands; c->name; c++) {
		size_t len = strlen(c->help);

		assert_true(len > 0 && len <= 60);
		assert_true(c->help[0] >= 'A' && c->help[0] <= 'Z');
		assert_true(c->help[len - 1] != '.');
		assert_true(c->run || c->needs == NEEDS_SCRIPT);
	}
}

static void test_keys_are_keys_and_unique(void **state)
{
	struct key seen[64];
	unsigned n = 0;

	(void)state;
	for (const struct command *c = commands; c->name; c++) {
		char names[64], *save = NULL;

		text_copy(names, sizeof(names), c->keys ? c->keys : "");
		for (char *k = strtok_r(names, " ", &save); k;
		     k = strtok_r(NULL, " ", &save)) {
			struct key key;

			assert_true(key_parse(&key, k));
			for (unsigned i = 0; i < n; i++)
				assert_false(seen[i].code == key.code &&
					     seen[i].mods == key.mods);
			seen[n++] = key;
			assert_string_equal(c->name,
					    keymap_find(&app.keymap, 0, &key));
		}
	}
	assert_true(n > 10);
}

/* ---- the directory --------------------------------------------------------
 */

static char home[64]; /* where the files of a test stand; "": none */

static void write_file(const char *name, const char *text)
{
	FILE *f = fopen(name, "w");

	assert_non_null(f);
	fputs(text, f);
	assert_int_equal(0, fclose(f));
}

static int setup_directory(void **state)
{
	if (setup(state))
		return -1;
	snprintf(home, sizeof(home), "/tmp/test_command.XXXXXX");
	if (!mkdtemp(home) || chdir(home))
		return -1;
	write_file("people.csv", "Alan Reyes,202\nAlice Lee,sip:alice@h\n"
				 "Kim Lee,+49 30 1\n");
	directory_new(&app.directory);

	return directory_load(app.directory, "people.csv") ? -1 : 0;
}

static int teardown_directory(void **state)
{
	char command[128];

	directory_free(app.directory);
	snprintf(command, sizeof(command), "rm -r '%s'", home);

	return chdir("/") || system(command) ? -1 : teardown(state);
}

static void test_name_of_the_directory_becomes_a_number(void **state)
{
	static const struct {
		const char *line, *text;
	} cases[] = {
		{"dial \"Alan Reyes\"", "202"},
		{"dial alan", "202"},
		{"transfer 1 \"kim lee\"", "+49 30 1"},
		{"consult 1 alice", "sip:alice@h"},
		{"dial 202", "202"},
		{"dial sip:alan@h", "sip:alan@h"},
		{"dial nobody", "nobody"},
	};

	(void)state;
	fake_call(&app, 1, CALL_TALKING, "sip:dana@h");
	for (size_t i = 0; i < COUNT(cases); i++) {
		unsigned before = fake.n;

		app_line(&app, cases[i].line);
		if (fake.n != before + 1)
			fail_msg("%s: %s", cases[i].line,
				 fake_reply(&fake)->error);
		assert_string_equal(cases[i].text,
				    fake.requests[before].u.text);
	}
	/* he comes first from now on, who was refused does not */
	assert_int_not_equal(0, directory_at(app.directory, 0)->used_ms);
	assert_int_not_equal(0, directory_at(app.directory, 1)->used_ms);
	assert_int_not_equal(0, directory_at(app.directory, 2)->used_ms);
}

static void test_name_that_two_have_is_refused(void **state)
{
	(void)state;
	app_line(&app, "dial lee");
	assert_int_equal(0, fake.n);
	assert_int_equal(EINVAL, fake_reply(&fake)->err);
	assert_string_equal("'lee' may be Alice Lee (sip:alice@h) or Kim Lee "
			    "(+49 30 1); type more of the name, or the number",
			    fake_reply(&fake)->error);
	assert_int_equal(0, directory_at(app.directory, 1)->used_ms);
	/* the caller by his name is still the caller */
	fake_call(&app, 1, CALL_TALKING, "sip:alice@h");
	app_line(&app, "transfer 1 alice");
	assert_int_equal(0, fake.n);
	assert_string_equal("the target is the caller, sip:alice@h, itself",
			    fake_reply(&fake)->error);
}

static void test_changed_directory_counts_at_once(void **state)
{
	(void)state;
	write_file("people.csv", "Alan Reyes,303\n");
	app_line(&app, "dial alan");
	assert_string_equal("303", fake_last(&fake, REQ_DIAL)->u.text);
	write_file("other.csv", "Alan Other,404\n");
	app_line(&app, "set directory other.csv");
	app_line(&app, "dial alan");
	assert_string_equal("404", fake_last(&fake, REQ_DIAL)->u.text);
	app_line(&app, "set directory none.csv");
	assert_string_equal("directory: none.csv: No such file or directory",
			    fake_reply(&fake)->error);
	app_line(&app, "dial alan");
	assert_string_equal("404", fake_last(&fake, REQ_DIAL)->u.text);
}

static void test_import_says_what_it_did(void **state)
{
	(void)state;
	write_file("more.csv", "Zoe,240\nAlan R.,202\n");
	app_line(&app, "import more.csv");
	assert_int_equal(2, fake.newsc);
	assert_string_equal("more.csv: 1 new, 1 changed, 0 known already",
			    fake.news[0].u.log.text);
	assert_string_equal("", fake_reply(&fake)->error);
	assert_int_equal(4, directory_count(app.directory));
	app_line(&app, "import none.csv");
	assert_string_equal("none.csv: there is no such file",
			    fake_reply(&fake)->error);
	directory_free(app.directory);
	app.directory = NULL;
	app_line(&app, "import more.csv");
	assert_string_equal("there is no directory here",
			    fake_reply(&fake)->error);
}

/* ---- every row is run -------------------------------------------------------
 */

/* Calls 1 (talking, consulted about by 2), 2 (talking), 3 (held), 4 (rings
 * here); transfer 1 of call 1 lasts. */
static void some_calls(void)
{
	struct event ev = {.type = EV_CALL};

	fake_call(&app, 1, CALL_TALKING, "sip:one@h");
	ev.u.call.id = 2;
	ev.u.call.state = CALL_TALKING;
	ev.u.call.consult_of = 1;
	text_copy(ev.u.call.peer, sizeof(ev.u.call.peer), "sip:two@h");
	app_event(&app, &ev);
	fake_call(&app, 3, CALL_HELD, "sip:three@h");
	ev.u.call.id = 4;
	ev.u.call.consult_of = 0;
	ev.u.call.dir = CALL_IN;
	ev.u.call.state = CALL_RINGING;
	app_event(&app, &ev);
	ev = (struct event){.type = EV_TRANSFER};
	ev.u.transfer.id = 1;
	ev.u.transfer.call = 1;
	app_event(&app, &ev);
	ev = (struct event){.type = EV_ACCOUNT};
	ev.u.account.id = 1;
	app_event(&app, &ev);
	model_select(&app.model, 1);
}

static const struct row {
	const char *line;
	int posts; /* enum req_type, -1: nothing */
	uint32_t id, id2;
	const char *text;
} rows[] = {
	{"account sip:a@h regint=0 transport=tcp", REQ_ACCOUNT, 0, 0,
	 "sip:a@h"},
	{"accounts", -1, 0, 0, NULL},
	{"answer", REQ_ANSWER, 4, 0, NULL},
	{"answer 4", REQ_ANSWER, 4, 0, NULL},
	{"bind F5 dial sip:x@h", -1, 0, 0, NULL},
	{"calls", -1, 0, 0, NULL},
	{"color call.ring red on blue +bold", -1, 0, 0, NULL},
	{"complete", REQ_COMPLETE, 1, 0, NULL},
	{"complete 2", REQ_COMPLETE, 2, 0, NULL},
	{"consult 3 sip:x@h", REQ_CONSULT, 3, 0, "sip:x@h"},
	{"consult 204", REQ_CONSULT, 1, 0, "204"},
	{"dial sip:x@h", REQ_DIAL, 0, 0, "sip:x@h"},
	{"dial \"Dana Ortiz\"", REQ_DIAL, 0, 0, "Dana Ortiz"},
	{"dtmf 12#", REQ_DTMF, 1, 0, "12#"},
	{"dtmf 3 12", REQ_DTMF, 3, 0, "12"},
	{"hangup", REQ_HANGUP, 1, 0, NULL},
	{"hangup 4", REQ_HANGUP, 4, 0, NULL},
	{"help", -1, 0, 0, NULL},
	{"help transfer", -1, 0, 0, NULL},
	{"help set", -1, 0, 0, NULL},
	{"hold", REQ_HOLD, 1, 0, NULL},
	{"hook ringing echo \"$CORDPAIR_NAME\"", -1, 0, 0, NULL},
	{"import people.csv", -1, 0, 0, NULL},
	{"join 1 3", REQ_JOIN, 1, 3, NULL},
	{"mute", REQ_MUTE, 1, 0, NULL},
	{"palette ring \"#ff0000/196\"", -1, 0, 0, NULL},
	{"quit", -1, 0, 0, NULL},
	{"register", REQ_REGISTER, 0, 0, NULL},
	{"register 1", REQ_REGISTER, 1, 0, NULL},
	{"reject", REQ_REJECT, 4, 0, NULL},
	{"reject 603", REQ_REJECT, 4, 0, NULL},
	{"reject 4 603", REQ_REJECT, 4, 0, NULL},
	{"resume 3", REQ_RESUME, 3, 0, NULL},
	{"select 1", -1, 0, 0, NULL},
	{"set ring_timeout 30", REQ_OPTION, 0, 0, NULL},
	{"set mouse off", -1, 0, 0, NULL},
	{"silence", -1, 0, 0, NULL},
	{"source /dev/null", -1, 0, 0, NULL},
	{"swap", REQ_SWAP, 1, 0, NULL},
	{"takeback", REQ_TAKEBACK, 1, 0, NULL},
	{"theme terminal", -1, 0, 0, NULL},
	{"toggle mouse", -1, 0, 0, NULL},
	{"transfer 204", REQ_TRANSFER, 1, 0, "204"},
	{"transfer 3 204", REQ_TRANSFER, 3, 0, "204"},
	{"transfers", -1, 0, 0, NULL},
	{"unregister", REQ_UNREGISTER, 0, 0, NULL},
	{"unwatch", REQ_UNWATCH, 1, 0, NULL},
};

/* They want a desk as well as a call: test_cmd_desk.c */
static const char *const of_desk[] = {"retry", "voicemail"};

/* Those that begin to talk with somebody: others are put on hold */
static const char *const alone[] = {"answer", "consult", "dial", "resume"};

static bool is_one_of(const char *const *v, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++) {
		if (!strcmp(v[i], name))
			return true;
	}
	return false;
}

static void test_every_row_is_run(void **state)
{
	bool run[96] = {false};

	(void)state;
	some_calls();
	for (size_t i = 0; i < COUNT(rows); i++) {
		unsigned before = fake.n;
		char name[32];
		uint32_t serial;

		text_ncopy(name, sizeof(name), rows[i].line,
			   strcspn(rows[i].line, " "));
		run[command_find(name) - commands] = true;
		fake.newsc = 0;
		serial = app_line(&app, rows[i].line);
		assert_int_not_equal(0, serial);
		if (rows[i].posts < 0) {
			assert_int_equal(before, fake.n);
			assert_string_equal("", fake_reply(&fake)->error);
			continue;
		}
		if (fake.n != before + 1)
			fail_msg("%s: %s", rows[i].line,
				 fake_reply(&fake)->error);
		const struct request *req =
			fake_last(&fake, (enum req_type)rows[i].posts);

		assert_int_equal(serial, req->serial);
		assert_int_equal(rows[i].id, req->id);
		assert_int_equal(rows[i].id2, req->id2);
		assert_int_equal(
			is_one_of(alone, COUNT(alone), name) ? CALL_ALONE : 0,
			req->flags);
		if (rows[i].text)
			assert_string_equal(rows[i].text, req->u.text);
		/* nobody is told before the engine has replied */
		assert_int_equal(0, fake.newsc);
		fake_answer(&fake, &app, 0, 0, "");
		assert_int_equal(serial, fake_reply(&fake)->serial);
		assert_string_equal(name, fake_reply(&fake)->command);
	}
	for (const struct command *c = commands; c->name; c++)
		assert_true(run[c - commands] || c->needs == NEEDS_SCRIPT ||
			    c->needs == NEEDS_CONSOLE ||
			    is_one_of(of_desk, COUNT(of_desk), c->name));
	assert_true(app.quit);
	assert_false(option_bool(&app.options, "ascii"));
	assert_true(option_bool(&app.options, "mouse"));
	assert_int_equal(0, app_waiting(&app));
}

/* Something for each kind of argument, so that only the desk is missing */
static void fill_in(const struct command *cmd, char *dst, size_t size)
{
	snprintf(dst, size, "%s", cmd->name);
	for (unsigned i = 0; i < COMMAND_ARGS && cmd->args[i]; i++) {
		if (arg_usage(cmd->args[i])[0] != '[')
			text_cut(dst + strlen(dst), size - strlen(dst), " 1");
	}
}

static void test_rows_of_the_console_say_that_there_is_none(void **state)
{
	unsigned n = 0;

	(void)state;
	some_calls();
	for (const struct command *c = commands; c->name; c++) {
		char line[64];

		if (c->needs != NEEDS_CONSOLE)
			continue;
		fill_in(c, line, sizeof(line));
		app_line(&app, line);
		assert_int_not_equal(0, fake_reply(&fake)->err);
		assert_string_equal("only the console on a screen has it",
				    fake_reply(&fake)->error);
		n++;
	}
	assert_true(n > 15);
	app_line(&app, "retry 1");
	assert_string_equal("no transfer of call 1 was tried",
			    fake_reply(&fake)->error);
	app_line(&app, "voicemail 1");
	assert_string_equal("say where it is: set voicemail TARGET, {} "
			    "stands for the number",
			    fake_reply(&fake)->error);
	app_line(&app, "set voicemail *{}");
	app_line(&app, "voicemail 1");
	assert_string_equal("call 1 was not transferred to anybody",
			    fake_reply(&fake)->error);
	assert_int_equal(0, fake.n);
}

/* ---- refusals
 * ---------------------------------------------------------------- */

static const struct refusal {
	const char *line, *error;
} refusals[] = {
	{"frobnicate", "there is no command frobnicate; help lists them"},
	{"transfr 204", "there is no command transfr; did you mean transfer?"},
	{"dail x", "there is no command dail; did you mean dial?"},
	{"dial", "something is missing after dial; it is: dial TARGET"},
	{"dial a b", "'b' is one word too many; it is: dial TARGET"},
	{"dial \"a", "a quote is opened but not closed"},
	{"dial sip:", "there is nothing after the colon: 'sip:'"},
	{"dial http://x", "only sip:, sips: and tel: can be called: "
			  "'http://x'"},
	{"hold 7", "there is no call 7"},
	{"hold 5", "call 5 has ended"},
	{"hold 3", "call 3 is on hold already"},
	{"resume 1", "call 1 is not on hold"},
	{"hold 6", "call 6 is not answered yet"},
	{"answer 1", "call 1 is one you made"},
	{"complete 3", "there is no consultation for call 3; consult makes "
		       "one"},
	{"transfer 1 sip:one@h", "the target is the caller, sip:one@h, "
				 "itself"},
	{"join 1 1", "it takes two calls"},
	{"join 1 9", "there is no call 9"},
	{"join 1 x", "'x' is not the number of a call"},
	{"reject 4 200", "a code is 300 to 699, not '200'"},
	{"dtmf 12x", "digits are 0 to 9, *, # and A to D, not '12x'"},
	{"register 9", "there is no account 9"},
	{"unwatch 9", "there is no transfer 9"},
	{"set mouse perhaps", "mouse wants on or off, not 'perhaps'"},
	{"set ring_timeout 1", "ring_timeout wants 5 to 600 seconds, not '1'"},
	{"set ringtimeout 9", "there is no option ringtimeout; did you mean "
			      "ring_timeout?"},
	{"help holt", "there is no command holt; did you mean hold?"},
	{"toggle theme", "theme is no on/off option"},
	{"toggle mose", "mose is no on/off option"},
	{"theme nigth", "there is no theme nigth; did you mean night?"},
	{"wait call", "only scripts have it"},
	{"bind Foo hold", "'Foo' is no key; keys are x, Enter, F4, C-t, M-a, "
			  "S-Tab ..."},
	{"bind -c cals x hold", "there is no context cals; did you mean "
				"calls?"},
	{"bind x holt", "there is no command holt; did you mean hold?"},
	{"account nobody", "an account is sip:USER@DOMAIN, not 'nobody'"},
	{"account sip:a@h password=x", "a password does not stand here: use "
				       "password_file or password_command"},
};

static void test_refusals(void **state)
{
	(void)state;
	some_calls();
	fake_call(&app, 5, CALL_ENDED, "sip:five@h");
	fake_call(&app, 6, CALL_RINGING, "sip:six@h");
	for (size_t i = 0; i < COUNT(refusals); i++) {
		fake.newsc = 0;
		app_line(&app, refusals[i].line);
		assert_int_equal(0, fake.n);
		assert_int_not_equal(0, fake_reply(&fake)->err);
		assert_string_equal(refusals[i].error,
				    fake_reply(&fake)->error);
	}
}

static void test_without_calls_it_says_so(void **state)
{
	static const struct refusal cases[] = {
		{"hangup", "no call selected, and there is none"},
		{"transfer 204", "no call selected, and there is none"},
		{"answer", "no call is ringing"},
		{"unwatch", "no transfer is going on"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		app_line(&app, cases[i].line);
		assert_string_equal(cases[i].error, fake_reply(&fake)->error);
	}
	fake_call(&app, 1, CALL_TALKING, "sip:a@h");
	model_select(&app.model, 0);
	app_line(&app, "hangup");
	assert_string_equal("no call selected", fake_reply(&fake)->error);
}

static void test_nothing_is_no_command(void **state)
{
	static const char *const lines[] = {"", "  ", "# hold", "\t# x"};

	(void)state;
	for (size_t i = 0; i < COUNT(lines); i++)
		assert_int_equal(0, app_line(&app, lines[i]));
	assert_int_equal(0, fake.newsc);
}

static void test_what_is_typed_comes_back_clean(void **state)
{
	(void)state;
	app_line(&app, "frob\xff\xc2\x9b");
	assert_true(text_is_clean(fake_reply(&fake)->error));
	assert_true(text_is_clean(fake_reply(&fake)->command));
	app_line(&app, "dial \xe2\x80\xae"
		       "@");
	assert_true(text_is_clean(fake_reply(&fake)->error));
}

static void test_engine_that_takes_nothing(void **state)
{
	(void)state;
	fake.post_err = EAGAIN;
	app_line(&app, "dial sip:a@h");
	assert_string_equal("too much at once; try again",
			    fake_reply(&fake)->error);
	fake.post_err = EPIPE;
	app_line(&app, "dial sip:a@h");
	assert_string_equal("the engine has ended", fake_reply(&fake)->error);
	assert_int_equal(0, app_waiting(&app));
}

static void test_refused_by_the_engine(void **state)
{
	(void)state;
	app_line(&app, "dial 204");
	assert_int_equal(1, app_waiting(&app));
	fake_answer(&fake, &app, EINVAL, 0, "204 needs a domain");
	assert_string_equal("204 needs a domain", fake_reply(&fake)->error);
	assert_string_equal("dial", fake_reply(&fake)->command);
	assert_int_equal(0, app_waiting(&app));
}

static void test_requests_of_robots_are_no_news(void **state)
{
	struct request req = {.type = REQ_HANGUP, .id = 1};

	(void)state;
	assert_int_not_equal(0, app_request(&app, &req));
	fake_answer(&fake, &app, ENOENT, 0, "no such call");
	assert_int_equal(1, fake.newsc);
	assert_int_equal(NEWS_QUIET, fake.kinds[0]);
}

static void test_usage(void **state)
{
	static const struct {
		const char *name, *usage;
	} cases[] = {
		{"transfer", "transfer [N] TARGET"},
		{"join", "join N M"},
		{"bind", "bind [-c CONTEXT] KEY COMMAND"},
		{"wait", "wait EVENT [FIELD=VALUE...] [SECONDS]"},
		{"quit", "quit"},
	};
	char buf[128];

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_string_equal(cases[i].usage,
				    command_usage(command_find(cases[i].name),
						  buf, sizeof(buf)));
}

static void test_bound_line_is_kept_as_it_was_meant(void **state)
{
	struct key key;

	(void)state;
	app_line(&app, "bind -c calls F5 \"transfer 204\"");
	assert_string_equal("", fake_reply(&fake)->error);
	assert_true(key_parse(&key, "F5"));
	assert_string_equal("transfer 204", keymap_find(&app.keymap, 1, &key));
	app_line(&app, "bind F6 dial \"Dana Ortiz\"");
	assert_true(key_parse(&key, "F6"));
	assert_string_equal("dial \"Dana Ortiz\"",
			    keymap_find(&app.keymap, 0, &key));
	app_line(&app, "bind x none");
	assert_true(key_parse(&key, "x"));
	assert_null(keymap_find(&app.keymap, 0, &key));
}

int main(void)
{
#define TEST(t) cmocka_unit_test_setup_teardown(t, setup, teardown)
#define TEST_DIRECTORY(t)                                                      \
	cmocka_unit_test_setup_teardown(t, setup_directory, teardown_directory)
	const struct CMUnitTest tests[] = {
		TEST(test_names_are_sorted_and_unique),
		TEST(test_help_fits_and_has_no_full_stop),
		TEST(test_keys_are_keys_and_unique),
		TEST_DIRECTORY(test_name_of_the_directory_becomes_a_number),
		TEST_DIRECTORY(test_name_that_two_have_is_refused),
		TEST_DIRECTORY(test_changed_directory_counts_at_once),
		TEST_DIRECTORY(test_import_says_what_it_did),
		TEST_DIRECTORY(test_every_row_is_run),
		TEST(test_rows_of_the_console_say_that_there_is_none),
		TEST(test_refusals),
		TEST(test_without_calls_it_says_so),
		TEST(test_nothing_is_no_command),
		TEST(test_what_is_typed_comes_back_clean),
		TEST(test_engine_that_takes_nothing),
		TEST(test_refused_by_the_engine),
		TEST(test_requests_of_robots_are_no_news),
		TEST(test_usage),
		TEST(test_bound_line_is_kept_as_it_was_meant),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
