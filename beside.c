/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "app/bank.h"
#include "app/exitcode.h"
#include "base/log.h"
#include "program.h"

/*
 * The bank beside the demo: a child with an engine of its own.  It tells us
 * where it listens, we tell it whom its caller is to call.
 */

struct beside {
	struct robot bank;
	struct bank *self;
	int fd;      /* where the parent waits for the address */
	int call_fd; /* the parent's address comes from there  */
	bool quiet;  /* a screen is in use: nothing is printed */
};

enum { CALLER_MS = 4000 };

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
	/* what is said from here on would stand across the console */
	if (b->quiet)
		log_sink(NULL, NULL);
}

static int beside_fd(const void *self)
{
	const struct beside *b = self;

	return b->call_fd;
}

/* Come once, whole: less than a pipe takes in one write */
static void beside_input(void *self)
{
	struct beside *b = self;
	char uri[128];
	ssize_t n = read(b->call_fd, uri, sizeof(uri) - 1);

	if (n > 0) {
		uri[n] = '\0';
		if (bank_caller(b->self, uri, CALLER_MS))
			log_warn("bank", "%s cannot be called", uri);
	}
	close(b->call_fd);
	b->call_fd = -1;
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

static int run_beside(int fd, int call_fd, bool quiet)
{
	static const char *const listen[] = {"udp:127.0.0.1:0"};
	struct program child = {.signal_fd = -1, .log_fd = -1};
	struct engine_prm prm = {
		.listenv = listen,
		.listenc = 1,
		.software = SOFTWARE " bank",
	};
	struct beside b = {.fd = fd, .call_fd = call_fd, .quiet = quiet};
	struct robot robot = {
		.self = &b,
		.event = beside_event,
		.timeout_ms = beside_timeout,
		.tick = beside_tick,
		.fd = beside_fd,
		.input = beside_input,
		.interrupted = program_interrupted,
	};
	struct bank *bank = NULL;
	int code;

	program_signals(&child);
	app_init(&child.app);
	out_new(&child.out, STDOUT_FILENO, STDERR_FILENO, false);
	program_bank_prm(&prm);
	code = program_start(&child, &prm);
	if (code)
		goto out;
	app_start(&child.app, &child.port);
	code = EXIT_INTERNAL;
	if (!bank_new(&bank, &child.port)) {
		b.bank = bank_robot(bank);
		b.self = bank;
		code = program_run(&child, &robot, true, NULL);
	}
	program_stop(&child);
	bank_free(bank);
out:
	app_done(&child.app);
	(void)out_close(child.out); /* nothing was printed */
	close(child.signal_fd);

	return code;
}

/* Before any thread of ours starts: the child begins with a clean slate. */
int beside_open(struct program *p)
{
	pid_t parent = getpid();
	int fds[2], call[2];
	ssize_t n;

	if (pipe2(fds, O_CLOEXEC) || pipe2(call, O_CLOEXEC))
		return errno;
	p->child = fork();
	if (p->child < 0)
		return errno;
	if (p->child == 0) {
		close(fds[0]);
		close(call[1]);
		prctl(PR_SET_PDEATHSIG, SIGTERM);
		_exit(getppid() == parent
			      ? run_beside(fds[1], call[0], p->screen)
			      : EXIT_INTERNAL);
	}
	close(fds[1]);
	close(call[0]);
	p->caller_fd = call[1];
	do {
		n = read(fds[0], p->bank, sizeof(p->bank) - 1);
	} while (n < 0 && errno == EINTR);
	close(fds[0]);

	return n > 0 ? 0 : EIO; /* the child has said why */
}

void beside_call(struct program *p, const char *address)
{
	char uri[128];
	int n = snprintf(uri, sizeof(uri), "sip:demo@%s", address);

	if (p->caller_fd < 0)
		return;
	/* a child that is gone needs none */
	(void)!write(p->caller_fd, uri, (size_t)n);
	close(p->caller_fd);
	p->caller_fd = -1;
}

void beside_close(struct program *p)
{
	if (p->child <= 0)
		return;
	if (p->caller_fd >= 0)
		close(p->caller_fd);
	p->caller_fd = -1;
	kill(p->child, SIGTERM);
	while (waitpid(p->child, NULL, 0) < 0 && errno == EINTR)
		;
}
