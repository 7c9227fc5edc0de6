/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "app/bank.h"
#include "app/exitcode.h"
#include "app/loop.h"
#include "app/tour.h"
#include "app/verb.h"
#include "program.h"
#include "base/file.h"
#include "sip/refer.h"
#include "ui/console.h"
#include "ui/plain.h"

/* The engine, and the robots that drive it: one for each verb. */

enum { DEFAULT_LIMIT_MS = 600 * 1000 };

/* ---- the engine --------------------------------------------------------- */

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

int program_start(struct program *p, const struct engine_prm *prm)
{
	int err = engine_new(&p->engine, prm, p->why, sizeof(p->why));

	if (err)
		return program_complain(
			err == ENOMEM ? EXIT_INTERNAL : EXIT_USAGE, p->why);
	p->port = (struct port){
		.engine = p->engine,
		.post = port_post,
		.serial = port_serial,
		.refer_sync = port_refer_sync,
	};

	return 0;
}

struct engine_prm program_engine_prm(const struct program *p)
{
	const struct cli *cli = &p->cli;

	return (struct engine_prm){
		.listenv = cli->listen,
		.listenc = cli->listenc,
		.software = SOFTWARE,
		.user = "cordpair",
		.transport = cli->transport,
		.trace = p->trace != NULL || p->screen,
	};
}

/* Drive a robot on the engine until one of them has ended. */
int program_run(struct program *p, const struct robot *robot, bool quiet,
		const char *prefix)
{
	struct loop_prm prm = {
		.app = &p->app,
		.robot = robot,
		.out = p->screen ? NULL : p->out,
		.quiet = quiet,
		.prefix = prefix,
		.signal_fd = p->signal_fd,
		.event_fd = engine_event_fd(p->engine),
		.take = port_take,
		.tap = program_event,
		.tap_arg = p,
	};
	int code;

	p->running = true;
	code = loop_run(&prm);
	p->running = false;

	return code;
}

void program_stop(struct program *p)
{
	engine_free(p->engine);
	p->engine = NULL;
}

/* ---- the verbs ---------------------------------------------------------- */

/* Where a file of the user's state goes; NULL: it is not kept */
static const char *state_file(char *path, size_t size, const char *name)
{
	return file_state_path(path, size, name) ? NULL : path;
}

/* What was wrong before there was a log to read it in */
static void tell_early(struct program *p)
{
	const unsigned max = sizeof(p->early) / sizeof(p->early[0]);

	for (unsigned i = 0; i < p->earlyc && i < max; i++)
		desk_note(&p->desk, p->early[i].level, "%s", p->early[i].text);
	if (p->earlyc > max)
		desk_note(&p->desk, LOG_WARN, "and %u more: check-config",
			  p->earlyc - max);
}

/* The console on a screen; guide: lead a newcomer through the demo */
static int on_screen(struct program *p, bool guide)
{
	char lines[PATH_MAX_LEN], past[PATH_MAX_LEN];
	struct console *console;
	struct robot robot;
	int code;

	desk_init(&p->desk, &p->app,
		  guide ? NULL : state_file(past, sizeof(past), "past"));
	p->desk.guided = guide;
	tell_early(p);
	if (console_new(&console, &p->desk,
			state_file(lines, sizeof(lines), "lines"), p->why,
			sizeof(p->why))) {
		code = program_complain(EXIT_USAGE, p->why);
		goto out;
	}
	robot = console_robot(console);
	code = program_run(p, &robot, false, NULL);
	console_free(console);
out:
	program_stop(p);
	desk_done(&p->desk);

	return code;
}

int verb_console(struct program *p)
{
	return p->screen ? on_screen(p, false) : verb_plain(p);
}

int verb_plain(struct program *p)
{
	struct plain *plain;
	struct robot robot;
	int code;

	plain_new(&plain, &p->app, STDIN_FILENO);
	robot = plain_robot(plain);
	code = program_run(p, &robot, false, NULL);
	program_stop(p);
	plain_free(plain);

	return code;
}

int verb_call(struct program *p)
{
	struct call_verb *v;
	struct robot robot;
	int code;

	call_verb_new(&v, &p->app, p->out, p->cli.args[0], p->cli.for_ms);
	robot = call_verb_robot(v);
	code = program_run(p, &robot, false, NULL);
	program_stop(p);
	call_verb_free(v);

	return code;
}

int verb_xfer(struct program *p)
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
	code = program_run(p, &robot, false, NULL);
	program_stop(p);
	xfer_verb_free(v);

	return code;
}

int verb_run(struct program *p)
{
	struct robot robot = script_robot(p->script);
	int code = program_run(p, &robot, false, p->cli.json ? NULL : "# ");

	program_stop(p);

	return code;
}

int program_interrupted(void *self, int signo)
{
	(void)self, (void)signo; /* that is how a bank closes */

	return EXIT_OK;
}

void program_bank_prm(struct engine_prm *prm)
{
	prm->user = "bank";
	prm->robot = true;
	prm->registrar = true;
	prm->accept_refer = true;
	prm->login_user = BANK_LOGIN;
	prm->login_password = BANK_LOGIN;
}

int verb_bank(struct program *p)
{
	struct bank *bank = NULL;
	struct robot robot;
	int code;

	if (bank_new(&bank, &p->port))
		return program_complain(EXIT_INTERNAL,
					"the bank cannot be opened");
	robot = bank_robot(bank);
	robot.interrupted = program_interrupted;
	code = program_run(p, &robot, false, NULL);
	program_stop(p);
	bank_free(bank);

	return code;
}

static void tour_say(const char *line, void *arg)
{
	out_say(arg, "%s", line);
}

int verb_demo(struct program *p)
{
	struct tour *tour = NULL;
	struct robot robot;
	int code;

	if (p->screen)
		return on_screen(p, true);
	if (tour_new(&tour, &p->port, p->bank, tour_say, p->out))
		return program_complain(EXIT_INTERNAL, "the tour cannot begin");
	robot = tour_robot(tour);
	code = program_run(p, &robot, true, NULL);
	program_stop(p);
	tour_free(tour);

	return code;
}
