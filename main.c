/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * main.c: wires arguments, configuration, engine and a robot together.  The
 * only file that sees both sides of the house.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "app/address.h"
#include "app/app.h"
#include "app/bank.h"
#include "app/cli.h"
#include "app/config.h"
#include "app/directory.h"
#include "app/exitcode.h"
#include "app/loop.h"
#include "app/out.h"
#include "app/script.h"
#include "app/tour.h"
#include "app/trace.h"
#include "app/verb.h"
#include "base/clock.h"
#include "base/text.h"
#include "base/thread.h"
#include "sip/engine.h"
#include "sip/refer.h"
#include "ui/plain.h"

#define SOFTWARE "cordpair/" CORDPAIR_VERSION

enum { DEFAULT_LIMIT_MS = 600 * 1000 };

struct program {
	struct cli cli;
	struct app app;
	struct directory *directory;
	char target[2][URI_MAX]; /* of `call` and `xfer` */
	struct port port;
	struct engine *engine;
	struct out *out;
	struct trace_out *trace;
	struct script *script;
	int signal_fd;
	int log_fd;    /* --log-file, or -1 */
	bool running;  /* the loop shows the diary; else stderr does */
	pid_t child;   /* the bank of the demo, or 0 */
	char bank[64]; /* where it listens */
	char why[CLI_WHY_MAX];
};

static int complain(int code, const char *why)
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

static void on_log(enum log_level level, const char *tag, const char *text,
		   void *arg)
{
	struct program *p = arg;

	write_log(p, level, tag, text);
	if (p->running)
		app_log(level, tag, text, &p->app);
	else if (strcmp(tag, "config") == 0 || strcmp(tag, "directory") == 0)
		fprintf(stderr, "%s\n", text); /* "FILE:LINE: why" */
	else if (level <= LOG_WARN)
		fprintf(stderr, "cordpair: %s\n", text);
}

static void on_event(const struct event *ev, void *arg)
{
	struct program *p = arg;

	if (ev->type == EV_LOG)
		write_log(p, (enum log_level)ev->u.log.level, ev->u.log.tag,
			  ev->u.log.text);
	if (p->trace)
		trace_event(p->trace, ev);
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
		return complain(EXIT_USAGE, p->why);

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
		return complain(EXIT_USAGE, p->why);

	/* a password of the configuration: told */
	return p->app.errors ? EXIT_USAGE : 0;
}

static int prepare(struct program *p)
{
	const struct cli *cli = &p->cli;
	int code;

	if (open_log(p))
		return complain(EXIT_USAGE, p->why);
	code = read_config(p);
	if (code || cli->verb == VERB_CHECK_CONFIG)
		return code;
	if (apply_options(p))
		return complain(EXIT_USAGE, p->why);
	open_directory(p);
	if (check_targets(p))
		return complain(EXIT_USAGE, p->why);
	code = read_secrets(p);
	if (code)
		return code;
	if (cli->audio && strcmp(cli->audio, "none") != 0)
		log_warn("audio", "this version has no sound yet: calls are "
				  "silent");
	if ((cli->trace || cli->pcap) &&
	    trace_open(&p->trace, cli->trace, cli->pcap, p->why,
		       sizeof(p->why)))
		return complain(EXIT_USAGE, p->why);
	if (cli->verb == VERB_RUN) {
		int err = script_new(&p->script, &p->app, p->out, cli->args[0],
				     p->why, sizeof(p->why));

		if (err == EINVAL && !cli->json) {
			out_say(p->out, "TAP version 13\nBail out! %s", p->why);
			return EXIT_USAGE;
		}
		if (err)
			return complain(EXIT_USAGE, p->why);
	}

	return 0;
}

static void block_signals(struct program *p)
{
	sigset_t set;

	signal_set(&set);
	sigprocmask(SIG_BLOCK, &set, NULL);
	p->signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

/* ---- the engine
 * ---------------------------------------------------------------- */

static int port_post(void *engine, const struct request *req)
{
	return engine_post(engine, req);
}

static uint32_t port_serial(void *engine)
{
	return engine_serial(engine);
}

static int port_refer_sync(void *engine, const struct request *req,
			   struct transfer_info *last)
{
	struct refer_result result = {0};
	int err = refer_sync(engine, req, &result);

	*last = result.info;

	return err;
}

static int port_take(void *engine, struct event *ev)
{
	return engine_take(engine, ev);
}

static int start_engine(struct program *p, const struct engine_prm *prm)
{
	int err = engine_new(&p->engine, prm, p->why, sizeof(p->why));

	if (err)
		return complain(err == ENOMEM ? EXIT_INTERNAL : EXIT_USAGE,
				p->why);
	p->port = (struct port){
		.engine = p->engine,
		.post = port_post,
		.serial = port_serial,
		.refer_sync = port_refer_sync,
	};

	return 0;
}

static struct engine_prm engine_prm(const struct program *p)
{
	const struct cli *cli = &p->cli;

	return (struct engine_prm){
		.listenv = cli->listen,
		.listenc = cli->listenc,
		.software = SOFTWARE,
		.user = "cordpair",
		.transport = cli->transport,
		.trace = p->trace != NULL,
	};
}

/* Drive a robot on the engine until one of them has ended. */
static int run(struct program *p, const struct robot *robot, bool quiet,
	       const char *prefix)
{
	struct loop_prm prm = {
		.app = &p->app,
		.robot = robot,
		.out = p->out,
		.quiet = quiet,
		.prefix = prefix,
		.signal_fd = p->signal_fd,
		.event_fd = engine_event_fd(p->engine),
		.take = port_take,
		.tap = on_event,
		.tap_arg = p,
	};
	int code;

	p->running = true;
	code = loop_run(&prm);
	p->running = false;

	return code;
}

static void stop_engine(struct program *p)
{
	engine_free(p->engine);
	p->engine = NULL;
}

/* ---- the verbs
 * ------------------------------------------------------------------- */

static int verb_plain(struct program *p)
{
	struct plain *plain;
	struct robot robot;
	int code;

	plain_new(&plain, &p->app, STDIN_FILENO);
	robot = plain_robot(plain);
	code = run(p, &robot, false, NULL);
	stop_engine(p);
	plain_free(plain);

	return code;
}

static int verb_call(struct program *p)
{
	struct call_verb *v;
	struct robot robot;
	int code;

	call_verb_new(&v, &p->app, p->out, p->cli.args[0], p->cli.for_ms);
	robot = call_verb_robot(v);
	code = run(p, &robot, false, NULL);
	stop_engine(p);
	call_verb_free(v);

	return code;
}

static int verb_xfer(struct program *p)
{
	const struct cli *cli = &p->cli;
	struct xfer_prm prm = {
		.caller = cli->args[0],
		.target = cli->args[1],
		.kind = cli->attended ? KIND_ATTENDED
			: cli->semi   ? KIND_SEMI
				      : KIND_BLIND,
		.flags = (cli->no_hold ? TRANSFER_NO_HOLD : 0u) |
			 (cli->release ? TRANSFER_RELEASE : 0u),
		.limit_ms =
			cli->timeout_ms ? cli->timeout_ms : DEFAULT_LIMIT_MS,
	};
	struct xfer_verb *v;
	struct robot robot;
	int code;

	xfer_verb_new(&v, &p->app, p->out, &prm);
	robot = xfer_verb_robot(v);
	code = run(p, &robot, false, NULL);
	stop_engine(p);
	xfer_verb_free(v);

	return code;
}

static int verb_run(struct program *p)
{
	struct robot robot = script_robot(p->script);
	int code = run(p, &robot, false, p->cli.json ? NULL : "# ");

	stop_engine(p);

	return code;
}

static int bank_interrupted(void *self, int signo)
{
	(void)self, (void)signo; /* that is how a bank closes */

	return EXIT_OK;
}

static void bank_prm(struct engine_prm *prm)
{
	prm->user = "bank";
	prm->robot = true;
	prm->registrar = true;
	prm->accept_refer = true;
	prm->login_user = BANK_LOGIN;
	prm->login_password = BANK_LOGIN;
}

static int verb_bank(struct program *p)
{
	struct bank *bank = NULL;
	struct robot robot;
	int code;

	if (bank_new(&bank, &p->port))
		return complain(EXIT_INTERNAL, "the bank cannot be opened");
	robot = bank_robot(bank);
	robot.interrupted = bank_interrupted;
	code = run(p, &robot, false, NULL);
	stop_engine(p);
	bank_free(bank);

	return code;
}

static void tour_say(const char *line, void *arg)
{
	out_say(arg, "%s", line);
}

static int verb_demo(struct program *p)
{
	struct tour *tour = NULL;
	struct robot robot;
	int code;

	if (tour_new(&tour, &p->port, p->bank, tour_say, p->out))
		return complain(EXIT_INTERNAL, "the tour cannot begin");
	robot = tour_robot(tour);
	code = run(p, &robot, true, NULL);
	stop_engine(p);
	tour_free(tour);

	return code;
}

/* ---- the bank beside the demo
 * ------------------------------------------------------ */

struct beside {
	struct robot bank;
	int fd; /* where the parent waits for the address */
};

static void beside_event(void *self, const struct event *ev)
{
	struct beside *b = self;
	const char *at;

	b->bank.event(b->bank.self, ev);
	if (ev->type != EV_HELLO || b->fd < 0)
		return;
	at = strchr(ev->u.hello.listen[0], ':') + 1;
	/* a parent that is gone needs no address */
	(void)!write(b->fd, at, strlen(at));
	close(b->fd);
	b->fd = -1;
}

static int beside_timeout(const void *self)
{
	const struct beside *b = self;

	return b->bank.timeout_ms(b->bank.self);
}

static void beside_tick(void *self)
{
	const struct beside *b = self;

	b->bank.tick(b->bank.self);
}

static int run_beside(int fd)
{
	static const char *const listen[] = {"udp:127.0.0.1:0"};
	struct program child = {.signal_fd = -1, .log_fd = -1};
	struct engine_prm prm = {
		.listenv = listen,
		.listenc = 1,
		.software = SOFTWARE " bank",
	};
	struct beside b = {.fd = fd};
	struct robot robot = {
		.self = &b,
		.event = beside_event,
		.timeout_ms = beside_timeout,
		.tick = beside_tick,
		.interrupted = bank_interrupted,
	};
	struct bank *bank = NULL;
	int code;

	block_signals(&child);
	app_init(&child.app);
	out_new(&child.out, STDOUT_FILENO, STDERR_FILENO, false);
	bank_prm(&prm);
	code = start_engine(&child, &prm);
	if (code)
		goto out;
	app_start(&child.app, &child.port);
	code = EXIT_INTERNAL;
	if (!bank_new(&bank, &child.port)) {
		b.bank = bank_robot(bank);
		code = run(&child, &robot, true, NULL);
	}
	stop_engine(&child);
	bank_free(bank);
out:
	app_done(&child.app);
	(void)out_close(child.out); /* nothing was printed */
	close(child.signal_fd);

	return code;
}

/* Before any thread of ours starts: the child begins with a clean slate. */
static int open_bank(struct program *p)
{
	pid_t parent = getpid();
	int fds[2];
	ssize_t n;

	if (pipe2(fds, O_CLOEXEC))
		return errno;
	p->child = fork();
	if (p->child < 0)
		return errno;
	if (p->child == 0) {
		close(fds[0]);
		prctl(PR_SET_PDEATHSIG, SIGTERM);
		_exit(getppid() == parent ? run_beside(fds[1]) : EXIT_INTERNAL);
	}
	close(fds[1]);
	do {
		n = read(fds[0], p->bank, sizeof(p->bank) - 1);
	} while (n < 0 && errno == EINTR);
	close(fds[0]);

	return n > 0 ? 0 : EIO; /* the child has said why */
}

static void close_bank(const struct program *p)
{
	if (p->child <= 0)
		return;
	kill(p->child, SIGTERM);
	while (waitpid(p->child, NULL, 0) < 0 && errno == EINTR)
		;
}

/* ---- main
 * -----------------------------------------------------------------------------
 */

static int work(struct program *p)
{
	static const char *const loopback[] = {"udp:127.0.0.1:0"};
	static int (*const verbs[VERB_COUNT])(struct program *) = {
		[VERB_CONSOLE] = verb_plain, [VERB_DEMO] = verb_demo,
		[VERB_BANK] = verb_bank,     [VERB_CALL] = verb_call,
		[VERB_XFER] = verb_xfer,     [VERB_RUN] = verb_run,
	};
	enum verb verb = p->cli.verb;
	struct engine_prm prm;
	int code = prepare(p);

	if (code || verb == VERB_CHECK_CONFIG)
		return code;
	if ((verb == VERB_CONSOLE && !p->cli.plain && isatty(STDOUT_FILENO)) ||
	    (verb == VERB_DEMO && isatty(STDOUT_FILENO)))
		fputs(verb == VERB_DEMO
			      ? "cordpair: the full-screen console is not "
				"there yet; this is the tour\n"
			      : "cordpair: the full-screen console is not "
				"there yet; this is --plain, help lists the "
				"commands\n",
		      stderr);
	if (verb == VERB_DEMO && open_bank(p))
		return EXIT_INTERNAL;

	block_signals(p);
	prm = engine_prm(p);
	if (verb == VERB_BANK)
		bank_prm(&prm);
	if (verb == VERB_DEMO && !prm.listenc) {
		prm.listenv = loopback;
		prm.listenc = 1;
	}
	code = start_engine(p, &prm);
	if (code)
		return code;
	app_start(&p->app, &p->port);

	return verbs[verb](p);
}

int main(int argc, char *argv[])
{
	struct program p = {.signal_fd = -1, .log_fd = -1};
	int code, err;

	open_std();
	(void)clock_since_start(); /* the start is now */
	thread_adopt(THREAD_UI);
	signal(SIGPIPE, SIG_IGN);

	if (cli_parse(&p.cli, argc, argv, p.why, sizeof(p.why)))
		return complain(EXIT_USAGE, p.why);
	if (p.cli.version)
		return print("cordpair " CORDPAIR_VERSION "\n");
	if (p.cli.help)
		return help(&p.cli);

	log_sink(on_log, &p);
	out_new(&p.out, STDOUT_FILENO, STDERR_FILENO, p.cli.json);
	app_init(&p.app);
	code = work(&p);

	stop_engine(&p);
	close_bank(&p);
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
