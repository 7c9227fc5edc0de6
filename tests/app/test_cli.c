/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/cli.h"

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

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static struct cli cli;
static char why[CLI_WHY_MAX];

/* A command line as one string; the words stay until the next one. */
static int parse(const char *line)
{
	static char buf[512];
	static char name[] = "cordpair";
	char *argv[32] = {name}, *save = NULL;
	int argc = 1;

	snprintf(buf, sizeof(buf), "%s", line);
	for (char *w = strtok_r(buf, " ", &save); w;
	     w = strtok_r(NULL, " ", &save))
		argv[argc++] = w;
	why[0] = '\0';

	return cli_parse(&cli, argc, argv, why, sizeof(why));
}

static void test_verbs(void **state)
{
	static const struct {
		const char *line;
		enum verb verb;
		const char *args[2];
	} cases[] = {
		{"", VERB_CONSOLE, {NULL, NULL}},
		{"demo", VERB_DEMO, {NULL, NULL}},
		{"bank --json", VERB_BANK, {NULL, NULL}},
		{"call a", VERB_CALL, {"a", NULL}},
		{"--json call --for 3 a", VERB_CALL, {"a", NULL}},
		{"xfer a b --semi", VERB_XFER, {"a", "b"}},
		{"run -", VERB_RUN, {"-", NULL}},
		{"check-config", VERB_CHECK_CONFIG, {NULL, NULL}},
		{"check-config f", VERB_CHECK_CONFIG, {"f", NULL}},
		{"call -- -x", VERB_CALL, {"-x", NULL}},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		assert_int_equal(0, parse(cases[i].line));
		assert_int_equal(cases[i].verb, cli.verb);
		for (unsigned k = 0; k < 2; k++) {
			if (!cases[i].args[k])
				assert_null(cli.args[k]);
			else
				assert_string_equal(cases[i].args[k],
						    cli.args[k]);
		}
	}
}

static void test_values(void **state)
{
	(void)state;
	assert_int_equal(0, parse("xfer a b --timeout 5 --listen udp:[::1]:0 "
				  "--listen=127.0.0.1:5070 --account sip:x@y "
				  "--transport tls --log debug --log-file l "
				  "--trace t --pcap p --no-hold --release "
				  "--config c --audio alsa:hw0"));
	assert_int_equal(5000, cli.timeout_ms);
	assert_int_equal(2, cli.listenc);
	assert_string_equal("127.0.0.1:5070", cli.listen[1]);
	assert_string_equal("sip:x@y", cli.account[0]);
	assert_int_equal(TRANSP_TLS, cli.transport);
	assert_int_equal(LOG_DEBUG, cli.log);
	assert_string_equal("l", cli.log_file);
	assert_string_equal("t", cli.trace);
	assert_string_equal("p", cli.pcap);
	assert_string_equal("c", cli.config);
	assert_true(cli.no_hold && cli.release && !cli.semi && !cli.json);
	assert_int_equal(0, parse("--plain --json --ascii --no-mouse --theme x "
				  "--keys vim"));
	assert_true(cli.plain && cli.json && cli.ascii && cli.no_mouse);
	assert_int_equal(LOG_WARN, cli.log);
	assert_int_equal(0, parse("-h"));
	assert_true(cli.help);
	assert_int_equal(0, parse("call --version"));
	assert_true(cli.version);
}

static void test_what_is_wrong(void **state)
{
	static const struct {
		const char *line, *why;
	} cases[] = {
		{"frobnicate", "there is no verb 'frobnicate'; --help lists "
			       "them"},
		{"cal", "there is no verb 'cal'; did you mean call?"},
		{"--jsn", "there is no option --jsn; did you mean --json?"},
		{"--frobnicate=1",
		 "there is no option --frobnicate; --help lists "
		 "them"},
		{"-Q", "there is no option -Q; --help lists them"},
		{"--config", "--config wants FILE"},
		{"--plain=1", "--plain takes no value"},
		{"call", "call lacks TARGET; it is: cordpair call TARGET"},
		{"xfer a", "xfer lacks TARGET; it is: cordpair xfer CALLER "
			   "TARGET"},
		{"xfer", "xfer lacks CALLER TARGET; it is: cordpair xfer "
			 "CALLER TARGET"},
		{"call a b", "'b' is one too many; it is: cordpair call "
			     "TARGET"},
		{"--timeout 59", "--timeout is 60 to 1800 seconds, not 59"},
		{"xfer a b --timeout 4", "--timeout is 5 to 1800 seconds, not "
					 "4"},
		{"--timeout -60", "--timeout wants seconds, not '-60'"},
		{"call a --attended", "--attended is only for xfer"},
		{"bank --for 3", "--for is only for call"},
		{"bank --theme x", "--theme is not for bank"},
		{"check-config --json", "--json is not for check-config"},
		{"xfer a b --semi --attended", "--attended and --semi exclude "
					       "each other"},
		{"--json", "--json goes with --plain; add it"},
		{"--log loud", "--log is error, warn, info or debug, not "
			       "'loud'"},
		{"--listen nonsense", "--listen wants [udp:|tcp:|tls:]"
				      "ADDR:PORT ([ADDR] for IPv6), not "
				      "'nonsense'"},
		{"--audio loud", "--audio is pulse, alsa[:NAME], "
				 "file:IN.wav,OUT.wav, tone or none, not "
				 "'loud'"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		assert_int_equal(EINVAL, parse(cases[i].line));
		assert_string_equal(cases[i].why, why);
	}
}

static void test_listen(void **state)
{
	static const struct {
		const char *value;
		bool good;
	} cases[] = {
		{"127.0.0.1:5060", true},    {"udp:127.0.0.1:0", true},
		{"tls:[::1]:5061", true},    {"[::]:5060", true},
		{"sctp:127.0.0.1:0", false}, {"127.0.0.1", false},
		{"127.0.0.1:65536", false},  {"udp::5060", false},
		{"::1:5060", false},         {"udp:[::1]", false},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		char line[64];

		snprintf(line, sizeof(line), "--listen %s", cases[i].value);
		assert_int_equal(cases[i].good, parse(line) == 0);
	}
}

static void test_too_many(void **state)
{
	static char name[] = "cordpair", option[] = "--listen",
		    value[] = "127.0.0.1:0";
	char *argv[64] = {name};
	int argc = 1;

	(void)state;
	for (unsigned i = 0; i <= CLI_LIST_MAX; i++) {
		argv[argc++] = option;
		argv[argc++] = value;
	}
	assert_int_equal(EINVAL, cli_parse(&cli, argc, argv, why, sizeof(why)));
}

static void test_help_names_everything_in_80_columns(void **state)
{
	char *page = cli_help(VERB_CONSOLE), *save = NULL;
	char name[64];

	(void)state;
	for (unsigned i = 1; cli_verb(i); i++)
		assert_non_null(strstr(page, cli_verb(i)->name));
	for (unsigned i = 0; cli_option(i); i++) {
		snprintf(name, sizeof(name), "--%s", cli_option(i)->name);
		assert_non_null(strstr(page, name));
	}
	for (char *l = strtok_r(page, "\n", &save); l;
	     l = strtok_r(NULL, "\n", &save))
		assert_true(strlen(l) < 80);
	free(page);

	page = cli_help(VERB_CALL);
	assert_non_null(strstr(page, "cordpair call TARGET"));
	assert_non_null(strstr(page, "--for"));
	assert_null(strstr(page, "--semi"));
	free(page);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_verbs),
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_what_is_wrong),
		cmocka_unit_test(test_listen),
		cmocka_unit_test(test_too_many),
		cmocka_unit_test(test_help_names_everything_in_80_columns),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
