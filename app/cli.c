/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/cli.h"

#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/alloc.h"
#include "app/nearest.h"
#include "base/text.h"

enum {
	ALL = (1 << VERB_COUNT) - 1,
	XFER = 1 << VERB_XFER,
	CALL = 1 << VERB_CALL,
	CONSOLE = 1 << VERB_CONSOLE | 1 << VERB_DEMO,
	LINES = 1 << VERB_CONSOLE | 1 << VERB_BANK | CALL | XFER |
		1 << VERB_RUN,
	XFER_MIN_S = 5,
};

/* clang-format off */
static const struct cli_verb verbs[] = {
	[VERB_CONSOLE] = {NULL, "", 0, 0,
		"Open the console on the accounts of the configuration"},
	[VERB_DEMO] = {"demo", "", 0, 0,
		"The console with a phone bank beside it; without a terminal "
		"a tour that shows three transfers"},
	[VERB_BANK] = {"bank", "", 0, 0,
		"The phone bank alone: real SIP phones for trying things out"},
	[VERB_CALL] = {"call", "TARGET", 1, 1,
		"Place one call and report it"},
	[VERB_XFER] = {"xfer", "CALLER TARGET", 2, 2,
		"Call CALLER, transfer it to TARGET and report every step"},
	[VERB_RUN] = {"run", "FILE", 1, 1,
		"Run command lines from FILE (-: stdin) and print TAP"},
	[VERB_CHECK_CONFIG] = {"check-config", "[FILE]", 0, 1,
		"Read the configuration and say what is wrong with it"},
};

static const struct cli_option options[] = {
	{"account", 0, "AOR[;param=value...]", ALL,
	 "Add an account, as the account command does; repeatable"},
	{"ascii", 0, NULL, CONSOLE, "Draw with ASCII characters only"},
	{"attended", 0, NULL, XFER,
	 "Talk to TARGET first, complete when it answers"},
	{"audio", 0, "DEV", ALL,
	 "pulse, alsa[:NAME], file:IN.wav,OUT.wav, tone or none"},
	{"config", 0, "FILE", ALL,
	 "Configuration; default $XDG_CONFIG_HOME/cordpair/config"},
	{"for", 0, "SECONDS", CALL, "Hang up after so much talk"},
	{"help", 'h', NULL, ALL, "Print this and exit"},
	{"json", 0, NULL, LINES, "Print one JSON object a line"},
	{"keys", 0, "PRESET", CONSOLE, "default, desk or vim"},
	{"listen", 0, "[udp:|tcp:|tls:]ADDR:PORT", ALL,
	 "Where SIP listens; repeatable; default: all kinds on every "
	 "address, port 5060 and 5061, or free ones"},
	{"log", 0, "LEVEL", ALL,
	 "error, warn (default), info or debug"},
	{"log-file", 0, "FILE", ALL, "Also write the log there"},
	{"no-hold", 0, NULL, XFER, "Do not hold CALLER before the REFER"},
	{"no-mouse", 0, NULL, CONSOLE, "Leave the mouse to the terminal"},
	{"pcap", 0, "FILE", ALL,
	 "Write every SIP message to a capture file, secrets removed"},
	{"plain", 0, NULL, CONSOLE,
	 "No screen: command lines on stdin, events on stdout"},
	{"release", 0, NULL, XFER,
	 "Hang up CALLER on the 2xx to REFER, do not wait for the result"},
	{"semi", 0, NULL, XFER,
	 "Call TARGET first, complete while it rings: CALLER is passed on "
	 "when it answers"},
	{"theme", 0, "NAME", CONSOLE, "Theme of the console"},
	{"timeout", 0, "SECONDS", ALL,
	 "The longest a transfer may last: 60 to 1800, for xfer 5 to 1800; "
	 "default 600"},
	{"trace", 0, "FILE", ALL,
	 "Write every SIP message as text, secrets removed"},
	{"transport", 0, "udp|tcp|tls", ALL,
	 "Of the account that is there without any account"},
	{"version", 'V', NULL, ALL, "Print the version and exit"},
};
/* clang-format on */

enum {
	VERBS = sizeof(verbs) / sizeof(verbs[0]),
	OPTIONS = sizeof(options) / sizeof(options[0]),
};

const struct cli_verb *cli_verb(unsigned i)
{
	return i < VERBS ? &verbs[i] : NULL;
}

const struct cli_option *cli_option(unsigned i)
{
	return i < OPTIONS ? &options[i] : NULL;
}

struct parsing {
	struct cli *cli;
	unsigned given; /* rows of options[], as a mask */
	char *why;
	size_t size;
};

static int wrong(const struct parsing *p, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

static int wrong(const struct parsing *p, const char *fmt, ...)
{
	char raw[CLI_WHY_MAX];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(raw, sizeof(raw), fmt, ap);
	va_end(ap);
	/* it quotes the command line, which may be anything */
	text_clean(p->why, p->size, raw, strlen(raw));

	return EINVAL;
}

static const char *verb_name(enum verb v)
{
	return verbs[v].name ? verbs[v].name : "the console";
}

/* ---- values of options -----------------------------------------------------
 */

static int set_transport(const struct parsing *p, const char *value)
{
	for (int t = 0; t < TRANSP_COUNT; t++) {
		if (strcmp(transp_name((enum transp)t), value) == 0) {
			p->cli->transport = (enum transp)t;
			return 0;
		}
	}

	return wrong(p, "--transport is udp, tcp or tls, not '%s'", value);
}

static int set_log(const struct parsing *p, const char *value)
{
	if (log_level_find(&p->cli->log, value))
		return 0;

	return wrong(p, "--log is error, warn, info or debug, not '%s'", value);
}

static int set_audio(const struct parsing *p, const char *value)
{
	const char *file = text_begins(value, "file:") ? value + 5 : NULL;

	p->cli->audio = value;
	if (strcmp(value, "pulse") == 0 || strcmp(value, "alsa") == 0 ||
	    strcmp(value, "tone") == 0 || strcmp(value, "none") == 0 ||
	    (text_begins(value, "alsa:") && value[5]) ||
	    (file && strchr(file, ',') > file && strchr(file, ',')[1]))
		return 0;

	return wrong(p,
		     "--audio is pulse, alsa[:NAME], file:IN.wav,OUT.wav, "
		     "tone or none, not '%s'",
		     value);
}

static int set_seconds(const struct parsing *p, const char *name,
		       const char *value, uint32_t *msp)
{
	if (text_seconds(value, msp) && *msp)
		return 0;

	return wrong(p, "--%s wants seconds, not '%s'", name, value);
}

/* [kind:]ADDR:PORT as far as the text tells; the engine tries it */
static int add_listen(const struct parsing *p, const char *value)
{
	const char *addr = value;
	const char *colon;
	uint32_t port;

	for (int t = 0; t < TRANSP_COUNT; t++) {
		const char *name = transp_name((enum transp)t);
		size_t len = strlen(name);

		if (text_begins(value, name) && value[len] == ':')
			addr = value + len + 1;
	}
	colon = strrchr(addr, ':');
	if (!colon || colon == addr || !text_u32(colon + 1, 0, 65535, &port) ||
	    (addr[0] == '[' ? colon[-1] != ']' : strchr(addr, ':') != colon))
		return wrong(p,
			     "--listen wants [udp:|tcp:|tls:]ADDR:PORT "
			     "([ADDR] for IPv6), not '%s'",
			     value);
	if (p->cli->listenc == CLI_LIST_MAX)
		return wrong(p, "--listen %s is one too many", value);
	p->cli->listen[p->cli->listenc++] = value;

	return 0;
}

static int set_value(const struct parsing *p, const char *name,
		     const char *value)
{
	struct cli *cli = p->cli;
	const struct {
		const char *name, **textp;
	} texts[] = {
		{"config", &cli->config}, {"trace", &cli->trace},
		{"pcap", &cli->pcap},     {"log-file", &cli->log_file},
		{"theme", &cli->theme},   {"keys", &cli->keys},
	};

	if (!value[0])
		return wrong(p, "--%s wants something that is not empty", name);
	for (unsigned i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		if (strcmp(texts[i].name, name) == 0) {
			*texts[i].textp = value;
			return 0;
		}
	}
	if (strcmp(name, "transport") == 0)
		return set_transport(p, value);
	if (strcmp(name, "log") == 0)
		return set_log(p, value);
	if (strcmp(name, "audio") == 0)
		return set_audio(p, value);
	if (strcmp(name, "timeout") == 0)
		return set_seconds(p, name, value, &cli->timeout_ms);
	if (strcmp(name, "for") == 0)
		return set_seconds(p, name, value, &cli->for_ms);
	if (strcmp(name, "listen") == 0)
		return add_listen(p, value);
	if (cli->accountc == CLI_LIST_MAX)
		return wrong(p, "--account is there too often");
	cli->account[cli->accountc++] = value;

	return 0;
}

static void set_flag(struct cli *cli, const char *name)
{
	const struct {
		const char *name;
		bool *flagp;
	} flags[] = {
		{"help", &cli->help},         {"version", &cli->version},
		{"plain", &cli->plain},       {"json", &cli->json},
		{"ascii", &cli->ascii},       {"no-mouse", &cli->no_mouse},
		{"attended", &cli->attended}, {"semi", &cli->semi},
		{"no-hold", &cli->no_hold},   {"release", &cli->release},
	};

	for (unsigned i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
		if (strcmp(flags[i].name, name) == 0)
			*flags[i].flagp = true;
	}
}

/* ---- argv -------------------------------------------------------------------
 */

static int unknown_option(const struct parsing *p, const char *word)
{
	struct nearest near;
	char name[64], hint[64];
	const char *long_name = text_begins(word, "--") ? word + 2 : NULL;

	if (!long_name)
		return wrong(p, "there is no option -%c; --help lists them",
			     optopt);
	text_cut(name, sizeof(name), long_name);
	name[strcspn(name, "=")] = '\0';
	nearest_init(&near, name);
	for (unsigned i = 0; i < OPTIONS; i++)
		nearest_try(&near, options[i].name);
	if (near.best)
		snprintf(hint, sizeof(hint), "did you mean --%s?", near.best);

	return wrong(p, "there is no option --%s; %s", name,
		     near.best ? hint : "--help lists them");
}

static int read_options(struct parsing *p, int argc, char *argv[])
{
	struct option longs[OPTIONS + 1] = {0};
	int c, row, err = 0;

	for (unsigned i = 0; i < OPTIONS; i++) {
		longs[i].name = options[i].name;
		longs[i].has_arg =
			options[i].arg ? required_argument : no_argument;
		longs[i].val = 256 + (int)i;
	}
	optind = 0; /* from the beginning, also a second time */
	opterr = 0;
	while (!err) {
		/* where getopt looks, before it permutes */
		c = getopt_long(argc, argv, ":hV", longs, NULL);
		if (c == -1)
			break;
		if (c == 'h')
			p->cli->help = true;
		else if (c == 'V')
			p->cli->version = true;
		else if (c == ':' && optopt >= 256)
			err = wrong(p, "--%s wants %s",
				    options[optopt - 256].name,
				    options[optopt - 256].arg);
		else if (c == '?' && optopt >= 256)
			err = wrong(p, "--%s takes no value",
				    options[optopt - 256].name);
		else if (c == '?' || c == ':')
			err = unknown_option(p, argv[optind - 1]);
		if (err || c < 256)
			continue;
		row = c - 256;
		p->given |= 1u << row;
		if (options[row].arg)
			err = set_value(p, options[row].name, optarg);
		else
			set_flag(p->cli, options[row].name);
	}

	return err;
}

static int read_verb(struct parsing *p, int argc, char *argv[])
{
	struct cli *cli = p->cli;
	const struct cli_verb *v;
	struct nearest near;
	char hint[64];
	unsigned n;

	if (optind == argc)
		return 0;
	nearest_init(&near, argv[optind]);
	for (unsigned i = 1; i < VERBS; i++) {
		nearest_try(&near, verbs[i].name);
		if (strcmp(verbs[i].name, argv[optind]) == 0)
			cli->verb = (enum verb)i;
	}
	if (cli->verb == VERB_CONSOLE)
		return wrong(p, "there is no verb '%s'%s", argv[optind],
			     near.best ? nearest_hint(&near, hint, sizeof(hint))
				       : "; --help lists them");
	v = &verbs[cli->verb];
	optind++;
	n = (unsigned)(argc - optind);
	if (n > v->argmax)
		return wrong(p, "'%s' is one too many; it is: cordpair %s %s",
			     argv[optind + (int)v->argmax], v->name, v->args);
	for (unsigned i = 0; i < n; i++)
		cli->args[i] = argv[optind + (int)i];
	if (n < v->argmin && !cli->help && !cli->version)
		return wrong(p, "%s lacks %s; it is: cordpair %s %s", v->name,
			     strrchr(v->args, ' ') && n
				     ? strrchr(v->args, ' ') + 1
				     : v->args,
			     v->name, v->args);

	return 0;
}

static int check(const struct parsing *p)
{
	const struct cli *cli = p->cli;
	uint32_t min = cli->verb == VERB_XFER ? XFER_MIN_S : 60;

	for (unsigned i = 0; i < OPTIONS; i++) {
		const char *only = options[i].verbs == XFER   ? "xfer"
				   : options[i].verbs == CALL ? "call"
							      : NULL;

		if (!(p->given & 1u << i) || options[i].verbs & 1u << cli->verb)
			continue;
		if (only)
			return wrong(p, "--%s is only for %s", options[i].name,
				     only);
		return wrong(p, "--%s is not for %s", options[i].name,
			     verb_name(cli->verb));
	}
	if (cli->timeout_ms &&
	    (cli->timeout_ms < min * 1000 || cli->timeout_ms > 1800 * 1000))
		return wrong(p, "--timeout is %u to 1800 seconds, not %g", min,
			     cli->timeout_ms / 1000.0);
	if (cli->attended && cli->semi)
		return wrong(p, "--attended and --semi exclude each other");
	if ((cli->attended || cli->semi) && (cli->no_hold || cli->release))
		return wrong(p, "--no-hold and --release go with a blind "
				"transfer, not with --attended and --semi");
	if (cli->json && cli->verb == VERB_CONSOLE && !cli->plain)
		return wrong(p, "--json goes with --plain; add it");

	return 0;
}

int cli_parse(struct cli *cli, int argc, char *argv[], char *why, size_t size)
{
	struct parsing p = {.cli = cli, .why = why, .size = size};
	int err;

	*cli = (struct cli){.log = LOG_WARN};
	err = read_options(&p, argc, argv);
	if (!err)
		err = read_verb(&p, argc, argv);
	if (!err && !cli->help && !cli->version)
		err = check(&p);

	return err;
}

/* ---- --help
 * ------------------------------------------------------------------ */

enum { HELP_AT = 26, HELP_WIDTH = 79 };

struct page {
	char *buf;
	size_t len, size;
	unsigned column;
};

static void put(struct page *p, const char *s, size_t n)
{
	if (p->len + n + 1 > p->size) {
		p->size = 2 * (p->len + n + 1);
		p->buf = alloc_grow(p->buf, p->size, 1);
	}
	memcpy(p->buf + p->len, s, n);
	p->len += n;
	p->buf[p->len] = '\0';
	for (size_t i = 0; i < n; i++)
		p->column = s[i] == '\n' ? 0 : p->column + 1;
}

static void puts_at(struct page *p, unsigned column)
{
	if (p->column >= column)
		put(p, "\n", 1); /* also where the left side touches it */
	while (p->column < column)
		put(p, " ", 1);
}

/* Words from a column on, broken where the line ends. */
static void wrap(struct page *p, const char *s)
{
	puts_at(p, HELP_AT);
	while (*s) {
		size_t n = strcspn(s, " ");

		if (p->column + 1 + n > HELP_WIDTH)
			puts_at(p, HELP_AT);
		else if (p->column > HELP_AT)
			put(p, " ", 1);
		put(p, s, n);
		s += n;
		while (*s == ' ')
			s++;
	}
	put(p, "\n", 1);
}

static void put_text(struct page *p, const char *s)
{
	put(p, s, strlen(s));
}

static void put_verb(struct page *p, const struct cli_verb *v)
{
	put_text(p, "  cordpair");
	if (v->name) {
		put_text(p, " ");
		put_text(p, v->name);
	}
	if (v->args[0]) {
		put_text(p, " ");
		put_text(p, v->args);
	}
	wrap(p, v->help);
}

static void put_option(struct page *p, const struct cli_option *o)
{
	char letter[] = "  -?, ";

	letter[3] = o->letter;
	put_text(p, o->letter ? letter : "      ");
	put_text(p, "--");
	put_text(p, o->name);
	if (o->arg) {
		put_text(p, " ");
		put_text(p, o->arg);
	}
	wrap(p, o->help);
}

char *cli_help(enum verb verb)
{
	struct page p = {0};

	put_text(&p, "cordpair: a telephone console for the terminal, made "
		     "for transfers\n\n");
	for (unsigned i = 0; i < VERBS; i++) {
		if (verb == VERB_CONSOLE || verb == (enum verb)i)
			put_verb(&p, &verbs[i]);
	}
	put_text(&p, "\nOptions:\n");
	for (unsigned i = 0; i < OPTIONS; i++) {
		if (verb == VERB_CONSOLE || options[i].verbs & 1u << verb)
			put_option(&p, &options[i]);
	}
	put_text(&p, "\nThe man page, cordpair(1), has command lines, events "
		     "and exit codes.\n");

	return p.buf;
}
