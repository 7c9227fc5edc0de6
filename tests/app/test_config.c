/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/config.h"

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

#include <sys/stat.h>

#include "app/command.h"
#include "base/log.h"
#include "base/text.h"
#include "base/thread.h"
#include "tests/app/fake_port.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static struct app app;
static char dir[64];
static char logged[8192]; /* "level text\n" each */

static void on_log(enum log_level level, const char *tag, const char *text,
		   void *arg)
{
	size_t len = strlen(logged);

	(void)tag, (void)arg;
	snprintf(logged + len, sizeof(logged) - len, "%s %s\n",
		 log_level_name(level), text);
}

static int setup(void **state)
{
	(void)state;
	thread_adopt(THREAD_UI);
	text_copy(dir, sizeof(dir), "/tmp/cordpair-config.XXXXXX");
	if (!mkdtemp(dir) || setenv("XDG_CONFIG_HOME", dir, 1) || chdir(dir))
		return -1;
	app_init(&app);
	logged[0] = '\0';
	log_sink(on_log, NULL);

	return 0;
}

static int teardown(void **state)
{
	char command[128];

	(void)state;
	log_sink(NULL, NULL);
	app_done(&app);
	snprintf(command, sizeof(command), "rm -rf %s", dir);

	return chdir("/") || system(command);
}

static void write_file(const char *name, const char *text, mode_t mode)
{
	FILE *f = fopen(name, "w");

	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	fclose(f);
	assert_int_equal(0, chmod(name, mode));
}

static const char *load(const char *name)
{
	static char why[512];

	why[0] = '\0';

	return config_load(&app, name, why, sizeof(why)) ? why : "";
}

static void test_good(void **state)
{
	(void)state;
	write_file("good",
		   "# all kinds of lines\n"
		   "\n"
		   "set transfer_timeout 120   # seconds\n"
		   "set mouse off\r\n"
		   "account sip:100@pbx.example name=\"The desk\" regint=0 "
		   "transport=tcp\n"
		   "bind F5 \"dial sip:204@pbx.example\"\n"
		   "bind -c calls C-t transfer\n"
		   "palette ring \"#ffd166/221/yellow\"\n"
		   "color call.ring $ring +bold | reverse\n"
		   "theme terminal",
		   0600);
	assert_string_equal("", load("good"));
	assert_string_equal("", logged);
	assert_int_equal(0, app.errors);
	assert_int_equal(120, option_number(&app.options, "transfer_timeout"));
	assert_false(option_bool(&app.options, "mouse"));
	assert_int_equal(1, app.accountc);
	assert_string_equal("The desk", app.accounts[0].draft.prm.name);
	assert_string_equal("good:5: ", app.accounts[0].where);
}

static void test_every_wrong_line_is_told_and_the_rest_is_read(void **state)
{
	(void)state;
	write_file("bad",
		   "frobnicate\n"
		   "set ring_timeout 30\n"
		   "set frob 1\n"
		   "dial sip:a@h\n"
		   "account sip:a@h frob=1\n"
		   "set tls_ca \"x\n"
		   "color call.rign red\n"
		   "bind F99 hold\n"
		   "wait call\n"
		   "set hold_warn 7\n",
		   0600);
	assert_string_equal("", load("bad"));
	assert_string_equal(
		"error bad:1: frobnicate: there is no command frobnicate; "
		"help lists them\n"
		"error bad:3: set: there is no option frob\n"
		"error bad:4: dial: it does not belong in a configuration\n"
		"error bad:5: account: an account has no parameter frob\n"
		"error bad:6: a quote is opened but not closed\n"
		"error bad:7: color: there is no role call.rign; did you mean "
		"call.ring?\n"
		"error bad:8: bind: 'F99' is no key; keys are x, Enter, F4, "
		"C-t, M-a, S-Tab ...\n"
		"error bad:9: wait: it does not belong in a configuration\n",
		logged);
	assert_int_equal(8, app.errors);
	assert_int_equal(30, option_number(&app.options, "ring_timeout"));
	assert_int_equal(7, option_number(&app.options, "hold_warn"));
}

static void test_default_file_may_be_missing_a_named_one_not(void **state)
{
	(void)state;
	assert_string_equal("", load(NULL));
	assert_string_equal("none: there is no such file", load("none"));
	assert_non_null(strstr(load("."), "directory"));
	assert_int_equal(0, mkdir("cordpair", 0700));
	write_file("cordpair/config", "set hold_warn 9\n", 0600);
	assert_string_equal("", load(NULL));
	assert_int_equal(9, option_number(&app.options, "hold_warn"));
}

static void test_source_names_both_files(void **state)
{
	(void)state;
	write_file("inner", "\nfrobnicate\nset hold_warn 3\n", 0600);
	write_file("outer", "source inner\nsource none\n", 0600);
	assert_string_equal("", load("outer"));
	assert_non_null(strstr(logged, "error inner:2: frobnicate: "));
	assert_non_null(strstr(logged, "error outer:1: source: 1 of the lines "
				       "of inner are wrong\n"));
	assert_non_null(strstr(logged, "error outer:2: source: none: there is "
				       "no such file\n"));
	assert_int_equal(3, option_number(&app.options, "hold_warn"));
}

static void test_files_that_read_each_other_end(void **state)
{
	(void)state;
	write_file("loop", "source loop\n", 0600);
	assert_string_equal("", load("loop"));
	assert_non_null(strstr(logged, "read each other"));
	assert_int_equal(0, app.depth);
}

static void test_a_line_that_is_too_long(void **state)
{
	char *text = malloc(70000);

	(void)state;
	assert_non_null(text);
	memset(text, 'x', 69999);
	text[69999] = '\0';
	memcpy(text, "set a b\n", 8);
	write_file("long", text, 0600);
	free(text);
	assert_string_equal("", load("long"));
	assert_non_null(strstr(logged, "error long:2: the line is too long"));
}

static void test_tls_verify_off_is_said_loudly(void **state)
{
	(void)state;
	write_file("loud", "set tls_verify off\n", 0600);
	assert_string_equal("", load("loud"));
	assert_true(text_begins(logged, "warn loud:1: TLS certificates are NOT "
					"checked"));
	assert_int_equal(0, app.errors);
}

static void test_a_key_bound_twice_is_told(void **state)
{
	(void)state;
	write_file("keys", "bind x hold\nbind x mute\n", 0600);
	assert_string_equal("", load("keys"));
	assert_string_equal("warn keys:2: x is bound twice; this line counts\n",
			    logged);
}

static void test_passwords(void **state)
{
	static const struct {
		mode_t mode;
		const char *param, *why; /* NULL: it is had */
	} cases[] = {
		{0600, "password_file=secret", NULL},
		{0400, "password_file=secret", NULL},
		{0644, "password_file=secret", ""},
		{0640, "password_file=secret", ""},
		{0600, "password_file=none", ""},
		{0600, "\"password_command=echo geheim\"", NULL},
		{0600, "\"password_command=false\"", ""},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		char text[128], why[512] = "";

		logged[0] = '\0';
		app.errors = 0;
		unlink("secret");
		write_file("secret", "geheim\n", cases[i].mode);
		snprintf(text, sizeof(text), "account sip:a@h %s\n",
			 cases[i].param);
		write_file("one", text, 0600);
		assert_string_equal("", load("one"));
		assert_int_equal(0, app_secrets(&app, why, sizeof(why)));
		assert_int_equal(cases[i].why ? 0 : 1, app.accountc);
		assert_null(strstr(logged, "geheim"));
		if (cases[i].why) {
			assert_true(
				text_begins(logged, "error one:1: account: "));
			assert_int_equal(1, app.errors);
			continue;
		}
		assert_string_equal("geheim",
				    app.accounts[0].draft.prm.password);
		app.accountc = 0;
	}
}

static void test_of_a_look_only_nothing_comes(void **state)
{
	(void)state;
	app.dry = true;
	write_file("one",
		   "account sip:a@h \"password_command=touch ran\"\n"
		   "set ring_timeout 20\n",
		   0600);
	assert_string_equal("", load("one"));
	assert_string_equal("", logged);
	assert_int_not_equal(0, access("ran", F_OK));
	write_file("secret", "x\n", 0644);
	write_file("two", "account sip:a@h password_file=secret\n", 0600);
	assert_string_equal("", load("two"));
	assert_true(text_begins(logged, "error two:1: account: "));
}

static void test_start_posts_what_was_read(void **state)
{
	struct fake fake;
	struct port port;

	(void)state;
	write_file("conf",
		   "account sip:a@h regint=60 refer_mode=out\n"
		   "set dns_server 127.0.0.1:5353\nset mouse off\n"
		   "account sip:b@h outbound=sip:10.0.0.1\n",
		   0600);
	assert_string_equal("", load("conf"));
	fake_init(&fake, &app);
	port = fake.port;
	app.port = NULL;
	app_start(&app, &port);
	assert_int_equal(3, fake.n);
	assert_int_equal(REQ_OPTION, fake.requests[0].type);
	assert_int_equal(EOPT_DNS_SERVER, fake.requests[0].option);
	assert_int_equal(REQ_ACCOUNT, fake.requests[1].type);
	assert_int_equal(60, fake.requests[1].u.account.regint);
	assert_int_equal(REFER_MODE_OUT, fake.requests[1].u.account.refer_mode);
	assert_string_equal("sip:10.0.0.1",
			    fake.requests[2].u.account.outbound);
	/* what the engine does not take is told with its line, and no reply
	 * to a line somebody typed */
	fake_answer(&fake, &app, EINVAL, 0, "no such proxy");
	assert_string_equal("error conf:4: account: no such proxy\n", logged);
	assert_int_equal(NEWS_QUIET, fake.kinds[0]);
}

static void test_themes(void **state)
{
	char why[256], name[64];
	unsigned role;

	(void)state;
	assert_int_equal(0, mkdir("cordpair", 0700));
	assert_int_equal(0, mkdir("cordpair/themes", 0700));
	/* a theme is looks, whoever made it */
	write_file("cordpair/themes/mine.theme",
		   "color call.ring red\nfrob\nhook ringing reboot\n"
		   "bind a quit\n",
		   0600);
	write_file("cordpair/themes/notes.txt", "", 0600);
	assert_int_equal(0, config_theme(&app, "mine", why, sizeof(why)));
	assert_string_equal("mine", app.theme.name);
	assert_true(theme_role_find(&role, "call.ring"));
	assert_int_equal(1, theme_style(&app.theme, role).fg.index);
	assert_non_null(strstr(logged, "mine.theme:2: frob: "));
	assert_non_null(strstr(logged, "mine.theme:3: hook: it does not "
				       "belong in a theme"));
	assert_non_null(strstr(logged, "mine.theme:4: bind: it does not "
				       "belong in a theme"));
	assert_int_equal(ENOENT, config_theme(&app, "mien", why, sizeof(why)));
	assert_string_equal("there is no theme mien; did you mean mine?", why);
	assert_string_equal("mine", app.theme.name);
	assert_int_equal(ENOENT, config_theme(&app, "../x", why, sizeof(why)));
	assert_true(config_theme_name(0, name, sizeof(name)));
	assert_string_equal("terminal", name);
	assert_true(config_theme_name(6, name, sizeof(name)));
	assert_string_equal("mine", name);
	assert_false(config_theme_name(7, name, sizeof(name)));
}

static void test_sourced_by_hand_it_may_do_things(void **state)
{
	struct fake fake;

	(void)state;
	fake_init(&fake, &app);
	write_file("todo", "dial sip:a@h\nset hold_warn 5\n", 0600);
	app_line(&app, "source todo");
	assert_string_equal("", fake_reply(&fake)->error);
	assert_string_equal("source", fake_reply(&fake)->command);
	fake_last(&fake, REQ_DIAL);
	/* the one line that was typed has had its one reply */
	fake_answer(&fake, &app, 0, 1, "");
	assert_int_equal(NEWS_QUIET, fake.kinds[fake.newsc - 1]);
}

int main(void)
{
#define TEST(t) cmocka_unit_test_setup_teardown(t, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_good),
		TEST(test_every_wrong_line_is_told_and_the_rest_is_read),
		TEST(test_default_file_may_be_missing_a_named_one_not),
		TEST(test_source_names_both_files),
		TEST(test_files_that_read_each_other_end),
		TEST(test_a_line_that_is_too_long),
		TEST(test_tls_verify_off_is_said_loudly),
		TEST(test_a_key_bound_twice_is_told),
		TEST(test_passwords),
		TEST(test_of_a_look_only_nothing_comes),
		TEST(test_start_posts_what_was_read),
		TEST(test_themes),
		TEST(test_sourced_by_hand_it_may_do_things),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
