/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * main.c: arguments and configuration; what the verbs do stands in verbs.c.
 */
#include <errno.h>
#include <fcntl.h>
#include <langinfo.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "app/address.h"
#include "app/config.h"
#include "app/directory.h"
#include "app/exitcode.h"
#include "base/clock.h"
#include "base/text.h"
#include "base/thread.h"
#include "program.h"

int program_complain(int code, const char *why)
{
	char clean[CLI_WHY_MAX];

	text_clean(clean, sizeof(clean), why, strlen(why));
	fprintf(stderr, "cordpair: %s\n", clean);

	return code;
}

/* ---- the diary -------------------------------------------------------------
 */

/* A log file that cannot be written is told once and left alone. */
static void write_log(struct program *p, enum log_level level, const char *tag,
		      const char *text)
{
	char line[LOG_TEXT_MAX + LOG_TAG_MAX + 64], wall[16];
	int n, fd = p->log_fd;

	if (fd < 0)
		return;
	n = snprintf(line, sizeof(line), "%s %-5s %s: %s\n",
		     clock_wall(wall, sizeof(wall)), log_level_name(level), tag,
		     text);
	if (write(fd, line, (size_t)n) == n)
		return;
	p->log_fd = -1;
	log_error("log", "%s cannot be written any more: %s", p->cli.log_file,
		  strerror(errno));
	close(fd);
}

/* The screen is not open yet, and will hide what stderr shows */
static void remember(struct program *p, enum log_level level, const char *text)
{
	const unsigned max = sizeof(p->early) / sizeof(p->early[0]);

	if (p->earlyc < max) {
		p->early[p->earlyc].level = level;
		text_cut(p->early[p->earlyc].text, LOG_TEXT_MAX, text);
	}
	p->earlyc++;
}

static void on_log(enum log_level level, const char *tag, const char *text,
		   void *arg)
{
	struct program *p = arg;

	write_log(p, level, tag, text);
	if (p->screen && !p->running && level <= LOG_WARN)
		remember(p, level, text);
	if (p->running)
		app_log(level, tag, text, &p->app);
	else if (strcmp(tag, "config") == 0 || strcmp(tag, "directory") == 0)
		fprintf(stderr, "%s\n", text); /* "FILE:LINE: why" */
	else if (level <= LOG_WARN)
		fprintf(stderr, "cordpair: %s\n", text);
}

void program_event(const struct event *ev, void *arg)
{
	struct program *p = arg;

	if (ev->type == EV_LOG)
		write_log(p, (enum log_level)ev->u.log.level, ev->u.log.tag,
			  ev->u.log.text);
	if (p->trace)
		trace_event(p->trace, ev);
	if (p->screen && ev->type == EV_HELLO && ev->u.hello.listenc)
		beside_call(p, strchr(ev->u.hello.listen[0], ':') + 1);
}

static int open_log(struct program *p)
{
	log_level_set(p->cli.log);
	if (!p->cli.log_file)
		return 0;
	p->log_fd = open(p->cli.log_file,
			 O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if (p->log_fd >= 0)
		return 0;
	snprintf(p->why, sizeof(p->why), "--log-file %s: %s", p->cli.log_file,
		 strerror(errno));

	return EINVAL;
}

/* ---- before the engine ------------------------------------------------------
 */

/* Whoever starts us without the three standard descriptors must not find SIP
 * on one of them.  A closed stdout stays one that cannot be written. */
static void open_std(void)
{
	for (int fd = 0; fd < 3; fd++) {
		if (fcntl(fd, F_GETFD) < 0 && errno == EBADF)
			(void)!open("/dev/null", fd == 2 ? O_WRONLY : O_RDONLY);
	}
}

static int print(const char *text)
{
	if (fputs(text, stdout) >= 0 && fflush(stdout) == 0)
		return EXIT_OK;

	fprintf(stderr, "cordpair: the output cannot be written: %s\n",
		strerror(errno));

	return EXIT_INTERNAL;
}

static int help(const struct cli *cli)
{
	char *text = cli_help(cli->verb);
	int code = print(text);

	free(text);

	return code;
}

static int set(struct program *p, const char *name, const char *value)
{
	char reason[CLI_WHY_MAX / 2];
	int err = option_set(&p->app.options, name, value, reason,
			     sizeof(reason));

	if (err)
		snprintf(p->why, sizeof(p->why), "%s", reason);

	return err;
}

/* What the command line says goes over what the configuration says. */
static int apply_options(struct program *p)
{
	const struct cli *cli = &p->cli;
	char seconds[16];
	int err = 0;

	if (cli->timeout_ms && cli->verb != VERB_XFER) {
		snprintf(seconds, sizeof(seconds), "%u",
			 cli->timeout_ms / 1000);
		err = set(p, "transfer_timeout", seconds);
	}
	if (!err && cli->ascii)
		err = set(p, "ascii", "on");
	if (!err && cli->no_mouse)
		err = set(p, "mouse", "off");
	if (!err && cli->keys)
		err = set(p, "keys", cli->keys);
	if (!err && cli->keys)
		config_keys(&p->app, cli->keys);
	if (!err && cli->theme)
		err = config_theme(&p->app, cli->theme, p->why, sizeof(p->why));
	if (!err && cli->theme)
		err = set(p, "theme", cli->theme);
	for (unsigned i = 0; !err && i < cli->accountc; i++) {
		char reason[CLI_WHY_MAX / 2];

		err = app_add_account(&p->app, cli->account[i], reason,
				      sizeof(reason));
		if (err)
			snprintf(p->why, sizeof(p->why), "--account: %s",
				 reason);
	}

	return err;
}

/* Phones of the bank, under names one can search for */
static void demo_directory(struct program *p)
{
	static const char csv[] =
		"name,number,department,note\n"
		"Alice Nguyen,answer,Sales,answers at once\n"
		"Alan Reyes,slow,Sales,answers after 5 seconds\n"
		"Bob Harris,busy,Support,always busy\n"
		"Carla Diaz,decline,Support,declines\n"
		"Dmitri Volkov,noanswer,Legal,lets it ring\n"
		"Emma Stone,unavailable,Finance,is not there\n"
		"Echo,echo,,sends the sound back\n"
		"Zoe Brandt,unknown,Finance,has left\n";
	char path[64];
	int fd = memfd_create("directory.csv", MFD_CLOEXEC);

	if (fd < 0 || write(fd, csv, sizeof(csv) - 1) < 0)
		return; /* it goes without */
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	directory_new(&p->directory);
	(void)directory_load(p->directory, path);
	p->app.directory = p->directory;
	/* it is looked at again: open to the end */
}

/* Whom the user may call: the console, scripts, and targets given by name */
static void open_directory(struct program *p)
{
	switch (p->cli.verb) {
	case VERB_CONSOLE:
	case VERB_RUN:
	case VERB_CALL:
	case VERB_XFER:
		directory_new(&p->directory);
		(void)directory_open(p->directory,
				     option_get(&p->app.options, "directory"));
		p->app.directory = p->directory; /* what is wrong was told */
		break;
	default:
		break;
	}
}

static int check_target(struct program *p, const char *what, unsigned arg)
{
	const char *uri = p->cli.args[arg];
	char *name = p->target[arg];
	const char *why;
	char reason[CLI_WHY_MAX / 2];
	int err = directory_target(p->directory, uri, name, URI_MAX, reason,
				   sizeof(reason));

	if (err == EINVAL) {
		snprintf(p->why, sizeof(p->why), "%s: %s", what, reason);
		return err;
	}
	if (!err)
		uri = p->cli.args[arg] = name;
	err = address_check(uri, &why);
	if (err)
		snprintf(p->why, sizeof(p->why), "%s '%.200s': %s", what, uri,
			 why);

	return err;
}

static int check_targets(struct program *p)
{
	const struct cli *cli = &p->cli;
	int err = 0;

	if (cli->verb == VERB_CALL)
		err = check_target(p, "TARGET", 0);
	if (cli->verb != VERB_XFER)
		return err;
	err = check_target(p, "CALLER", 0);
	if (!err)
		err = check_target(p, "TARGET", 1);
	if (!err && address_same(cli->args[0], cli->args[1])) {
		snprintf(p->why, sizeof(p->why),
			 "TARGET is the CALLER, %.200s; nobody can be "
			 "transferred to himself",
			 cli->args[0]);
		err = EINVAL;
	}

	return err;
}

/* 0, or the exit code of what was told already */
static int read_config(struct program *p)
{
	const struct cli *cli = &p->cli;
	const char *path = cli->config;

	if (cli->verb == VERB_CHECK_CONFIG) {
		p->app.dry = true;
		if (cli->args[0])
			path = cli->args[0];
	}
	/* the demo wants nothing configured, the bank no accounts */
	if (cli->verb == VERB_DEMO && !path)
		return 0;
	if (config_load(&p->app, path, p->why, sizeof(p->why)))
		return program_complain(EXIT_USAGE, p->why);

	/* on a screen it is told there, and goes on with the rest */
	if (p->screen)
		p->app.errors = 0;

	return p->app.errors ? EXIT_USAGE : 0;
}

/* What asks the program to leave */
static void signal_set(sigset_t *set)
{
	sigemptyset(set);
	sigaddset(set, SIGINT);
	sigaddset(set, SIGTERM);
	sigaddset(set, SIGHUP);
}

/* Password commands may take long: what stops the program stops them too.
 * 0, or the exit code of what was told already. */
static int read_secrets(struct program *p)
{
	const struct timespec now = {0};
	sigset_t set, was;
	int err, signo = -1;

	signal_set(&set);
	sigprocmask(SIG_BLOCK, &set, &was);
	err = app_secrets(&p->app, p->why, sizeof(p->why));
	if (err || p->app.errors)
		signo = sigtimedwait(&set, NULL, &now);
	sigprocmask(SIG_SETMASK, &was, NULL);
	if (signo > 0)
		return EXIT_SIGNAL + signo;
	if (err)
		return program_complain(EXIT_USAGE, p->why);

	/* a password of the configuration: told */
	return p->app.errors ? EXIT_USAGE : 0;
}

static int prepare(struct program *p)
{
	const struct cli *cli = &p->cli;
	int code;

	if (open_log(p))
		return program_complain(EXIT_USAGE, p->why);
	code = read_config(p);
	if (code || cli->verb == VERB_CHECK_CONFIG)
		return code;
	if (apply_options(p))
		return program_complain(EXIT_USAGE, p->why);
	open_directory(p);
	if (check_targets(p))
		return program_complain(EXIT_USAGE, p->why);
	code = read_secrets(p);
	if (code)
		return code;
	if (cli->audio && strcmp(cli->audio, "none") != 0)
		log_warn("audio", "this version has no sound yet: calls are "
				  "silent");
	if ((cli->trace || cli->pcap) &&
	    trace_open(&p->trace, cli->trace, cli->pcap, p->why,
		       sizeof(p->why)))
		return program_complain(EXIT_USAGE, p->why);
	if (cli->verb == VERB_RUN) {
		int err = script_new(&p->script, &p->app, p->out, cli->args[0],
				     p->why, sizeof(p->why));

		if (err == EINVAL && !cli->json) {
			out_say(p->out, "TAP version 13\nBail out! %s", p->why);
			return EXIT_USAGE;
		}
		if (err)
			return program_complain(EXIT_USAGE, p->why);
	}

	return 0;
}

void program_signals(struct program *p)
{
	sigset_t set;

	signal_set(&set);
	if (p->screen) {
		sigaddset(&set, SIGWINCH);
		sigaddset(&set, SIGTSTP);
		sigaddset(&set, SIGCONT);
	}
	sigprocmask(SIG_BLOCK, &set, NULL);
	p->signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

/* ---- main --------------------------------------------------------------- */

/*
 * On a screen a failed transfer waits for the user's key (Enter): nobody is
 * pulled into a conversation while he types.  The demo's account lets its
 * phones be dialled by their names.
 */
static int prepare_screen(struct program *p)
{
	char account[128];
	int err = 0;

	if (!option_given(&p->app.options, "return_on_fail"))
		err = set(p, "return_on_fail", "off");
	/* lines and dots would come out as question marks */
	if (!err && !option_given(&p->app.options, "ascii") &&
	    strcmp(nl_langinfo(CODESET), "UTF-8") != 0)
		err = set(p, "ascii", "on");
	if (err || p->cli.verb != VERB_DEMO)
		return err;
	snprintf(account, sizeof(account), "sip:demo@%s;regint=300", p->bank);
	err = app_add_account(&p->app, account, p->why, sizeof(p->why));
	if (!err && !option_given(&p->app.options, "voicemail"))
		err = set(p, "voicemail", "echo");
	if (!err)
		demo_directory(p);

	return err;
}

static bool wants_screen(const struct program *p)
{
	return (p->cli.verb == VERB_DEMO || (p->cli.verb == VERB_CONSOLE &&
					     !p->cli.plain && !p->cli.json)) &&
	       isatty(STDIN_FILENO) && isatty(STDOUT_FILENO);
}

static int work(struct program *p)
{
	static const char *const loopback[] = {"udp:127.0.0.1:0"};
	static int (*const verbs[VERB_COUNT])(struct program *) = {
		[VERB_CONSOLE] = verb_console, [VERB_DEMO] = verb_demo,
		[VERB_BANK] = verb_bank,       [VERB_CALL] = verb_call,
		[VERB_XFER] = verb_xfer,       [VERB_RUN] = verb_run,
	};
	enum verb verb = p->cli.verb;
	struct engine_prm prm;
	int code;

	p->screen = wants_screen(p);
	code = prepare(p);

	if (code || verb == VERB_CHECK_CONFIG)
		return code;
	if (verb == VERB_DEMO && beside_open(p))
		return EXIT_INTERNAL;
	if (p->screen && prepare_screen(p))
		return program_complain(EXIT_INTERNAL, p->why);

	program_signals(p);
	prm = program_engine_prm(p);
	if (verb == VERB_BANK)
		program_bank_prm(&prm);
	if (verb == VERB_DEMO && !prm.listenc) {
		prm.listenv = loopback;
		prm.listenc = 1;
	}
	code = program_start(p, &prm);
	if (code)
		return code;
	app_start(&p->app, &p->port);

	return verbs[verb](p);
}

int main(int argc, char *argv[])
{
	struct program p = {.signal_fd = -1, .log_fd = -1, .caller_fd = -1};
	int code, err;

	open_std();
	/* numbers in JSON keep their point: not all of the locale */
	setlocale(LC_CTYPE, "");
	setlocale(LC_COLLATE, "");
	setlocale(LC_TIME, "");
	(void)clock_since_start(); /* the start is now */
	thread_adopt(THREAD_UI);
	signal(SIGPIPE, SIG_IGN);

	if (cli_parse(&p.cli, argc, argv, p.why, sizeof(p.why)))
		return program_complain(EXIT_USAGE, p.why);
	if (p.cli.version)
		return print("cordpair " CORDPAIR_VERSION "\n");
	if (p.cli.help)
		return help(&p.cli);

	log_sink(on_log, &p);
	out_new(&p.out, STDOUT_FILENO, STDERR_FILENO, p.cli.json);
	app_init(&p.app);
	code = work(&p);

	program_stop(&p);
	beside_close(&p);
	script_free(p.script);
	trace_close(p.trace);
	app_done(&p.app);
	directory_free(p.directory);
	err = out_close(p.out);
	if (err) {
		fprintf(stderr, "cordpair: the output cannot be written: %s\n",
			strerror(err));
		code = EXIT_INTERNAL;
	}
	log_sink(NULL, NULL);
	if (p.log_fd >= 0)
		close(p.log_fd);
	if (p.signal_fd >= 0)
		close(p.signal_fd);

	return code;
}
