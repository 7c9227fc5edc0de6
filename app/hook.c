/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/hook.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "app/alloc.h"
#include "app/app.h"
#include "base/log.h"
#include "base/shell.h"
#include "base/text.h"
#include "base/thread.h"

enum hook { RINGING, ANSWERED, ENDED, TRANSFERRED, FAILED, HOOKS, NO_HOOK };

/* clang-format off */
static const struct {
	const char *name, *help;
} eventv[HOOKS] = {
	[RINGING]     = {"ringing", "Somebody calls"},
	[ANSWERED]    = {"answered", "A call was answered, here or there"},
	[ENDED]       = {"ended", "A call is over, whoever ended it"},
	[TRANSFERRED] = {"transferred", "A transfer has succeeded"},
	[FAILED]      = {"failed", "A transfer has failed, or nobody knows"},
};

enum variable {
	V_EVENT, V_CALL, V_DIRECTION, V_PEER, V_NAME, V_LOCAL, V_CODE, V_TEXT,
	V_TRANSFER, V_TARGET, V_OUTCOME, VARIABLES
};

static const struct {
	const char *name, *help;
} variablev[VARIABLES] = {
	[V_EVENT]     = {"CORDPAIR_EVENT", "What happened: ringing ..."},
	[V_CALL]      = {"CORDPAIR_CALL", "Number of the call"},
	[V_DIRECTION] = {"CORDPAIR_DIRECTION", "in or out"},
	[V_PEER]      = {"CORDPAIR_PEER", "Address of the other party"},
	[V_NAME]      = {"CORDPAIR_NAME",
			 "Its name, by the directory or as it says itself"},
	[V_LOCAL]     = {"CORDPAIR_LOCAL", "Whom it called here"},
	[V_CODE]      = {"CORDPAIR_CODE", "Last SIP status code, 0: none"},
	[V_TEXT]      = {"CORDPAIR_TEXT", "The same in words"},
	[V_TRANSFER]  = {"CORDPAIR_TRANSFER",
			 "Number of the transfer, empty where there is none"},
	[V_TARGET]    = {"CORDPAIR_TARGET", "Where it went"},
	[V_OUTCOME]   = {"CORDPAIR_OUTCOME", "How it ended: succeeded ..."},
};
/* clang-format on */

struct running {
	enum hook hook;
	pid_t pid; /* 0: the place is free */
	int pidfd, out;
	unsigned lines;
	size_t len;
	char line[LOG_TEXT_MAX];
};

struct hooks {
	char *commandv[HOOKS];
	struct running runv[HOOKS_AT_ONCE];
	int epoll;
};

struct hooks *hooks_new(void)
{
	struct hooks *h = alloc_zero(sizeof(*h));

	h->epoll = epoll_create1(EPOLL_CLOEXEC);

	return h;
}

static void forget(struct running *r)
{
	close(r->out);
	close(r->pidfd);
	r->pid = 0;
}

void hooks_free(struct hooks *h)
{
	if (!h)
		return;
	for (unsigned i = 0; i < HOOKS_AT_ONCE; i++) {
		if (h->runv[i].pid)
			forget(&h->runv[i]);
	}
	for (unsigned i = 0; i < HOOKS; i++)
		free(h->commandv[i]);
	if (h->epoll >= 0)
		close(h->epoll);
	free(h);
}

const char *hook_event(unsigned i, const char **helpp)
{
	if (i >= HOOKS)
		return NULL;
	if (helpp)
		*helpp = eventv[i].help;

	return eventv[i].name;
}

const char *hook_variable(unsigned i, const char **helpp)
{
	if (i >= VARIABLES)
		return NULL;
	if (helpp)
		*helpp = variablev[i].help;

	return variablev[i].name;
}

int hook_set(struct hooks *h, const char *event, const char *command)
{
	ASSERT_UI();
	for (unsigned i = 0; i < HOOKS; i++) {
		if (strcmp(eventv[i].name, event) != 0)
			continue;
		free(h->commandv[i]);
		h->commandv[i] = command ? alloc_text(command) : NULL;
		return 0;
	}

	return ENOENT;
}

/* ---- what happened ------------------------------------------------------- */

static bool is_up(enum call_state state)
{
	return state == CALL_TALKING || state == CALL_HELD;
}

/* States merge on their way: what was in between may never have been told */
static enum hook of_call(const struct model *m, const struct call_info *c)
{
	const struct call_info *was = model_call(m, c->id);

	if (was && was->state == CALL_ENDED)
		return NO_HOOK;
	if (c->state == CALL_ENDED)
		return ENDED;
	if (is_up(c->state) && (!was || !is_up(was->state)))
		return ANSWERED;
	if (c->state == CALL_RINGING && c->dir == CALL_IN && !was)
		return RINGING;

	return NO_HOOK;
}

static enum hook of_transfer(const struct model *m,
			     const struct transfer_info *t)
{
	const struct transfer_info *was = model_transfer(m, t->id);

	if (was && was->outcome != OUTCOME_NONE)
		return NO_HOOK;
	switch (t->outcome) {
	case OUTCOME_NONE:
	case OUTCOME_STOPPED:
		return NO_HOOK;
	case OUTCOME_SUCCEEDED:
	case OUTCOME_SUCCEEDED_INFERRED:
		return TRANSFERRED;
	default:
		return FAILED;
	}
}

/* ---- the environment ----------------------------------------------------- */

typedef char value[URI_MAX];

static void number(value v, uint32_t n)
{
	snprintf(v, sizeof(value), "%u", n);
}

static void describe_call(value *v, const struct app *app,
			  const struct call_info *c)
{
	const struct contact *who =
		app->directory ? directory_by_address(app->directory, c->peer)
			       : NULL;

	number(v[V_CALL], c->id);
	text_cut(v[V_DIRECTION], sizeof(value), call_dir_name(c->dir));
	text_cut(v[V_PEER], sizeof(value), c->peer);
	text_cut(v[V_NAME], sizeof(value), who ? who->name : c->name);
	text_cut(v[V_LOCAL], sizeof(value), c->local);
	number(v[V_CODE], c->code);
	text_cut(v[V_TEXT], sizeof(value), c->text);
}

static void describe_transfer(value *v, const struct app *app,
			      const struct transfer_info *t)
{
	const struct call_info *c = model_call(&app->model, t->call);

	if (c)
		describe_call(v, app, c);
	number(v[V_CALL], t->call);
	number(v[V_TRANSFER], t->id);
	text_cut(v[V_TARGET], sizeof(value), t->target);
	text_cut(v[V_OUTCOME], sizeof(value), outcome_name(t->outcome));
	number(v[V_CODE], t->code);
	text_cut(v[V_TEXT], sizeof(value), t->text);
}

/* Ours over what we were started with; free the strings, then the array */
static char **environment(value *v)
{
	unsigned n = 0, ours = 0;
	char **env;

	while (environ[n])
		n++;
	env = alloc_zero((n + VARIABLES + 1) * sizeof(*env));
	for (; ours < VARIABLES; ours++) {
		const size_t size =
			strlen(variablev[ours].name) + strlen(v[ours]) + 2;

		env[ours] = alloc_zero(size);
		snprintf(env[ours], size, "%s=%s", variablev[ours].name,
			 v[ours]);
	}
	for (unsigned i = 0; i < n; i++) {
		/* of a hook that started us */
		if (!text_begins(environ[i], "CORDPAIR_"))
			env[ours++] = environ[i];
	}

	return env;
}

static void environment_free(char **env)
{
	for (unsigned i = 0; i < VARIABLES; i++)
		free(env[i]);
	free(env);
}

/* ---- running ------------------------------------------------------------- */

static bool watch(struct hooks *h, int fd, struct running *r)
{
	struct epoll_event ev = {.events = EPOLLIN, .data = {.ptr = r}};

	return !epoll_ctl(h->epoll, EPOLL_CTL_ADD, fd, &ev);
}

static struct running *place(struct hooks *h)
{
	for (unsigned i = 0; i < HOOKS_AT_ONCE; i++) {
		if (!h->runv[i].pid)
			return &h->runv[i];
	}

	return NULL;
}

static void run(struct hooks *h, enum hook hook, value *v)
{
	struct running *r = place(h);
	char **env;
	int err;

	if (!r) {
		log_warn("hook", "%s: %d hooks run already; left out",
			 eventv[hook].name, HOOKS_AT_ONCE);
		return;
	}
	*r = (struct running){.hook = hook, .pidfd = -1, .out = -1};
	env = environment(v);
	err = shell_spawn(&r->pid, &r->out, h->commandv[hook], env, true);
	environment_free(env);
	if (err) {
		log_warn("hook", "%s: the command cannot be started: %s",
			 eventv[hook].name, strerror(err));
		r->pid = 0;
		return;
	}
	r->pidfd = pidfd_open(r->pid, 0);
	if (r->pidfd >= 0 && watch(h, r->pidfd, r) && watch(h, r->out, r))
		return;
	log_warn("hook", "%s: the command cannot be followed: %s",
		 eventv[hook].name, strerror(errno));
	(void)kill(-r->pid, SIGKILL);
	while (waitpid(r->pid, NULL, 0) < 0 && errno == EINTR)
		;
	forget(r);
}

void hooks_news(struct hooks *h, const struct app *app, const struct event *ev)
{
	enum hook hook = NO_HOOK;
	value v[VARIABLES] = {{0}};

	ASSERT_UI();
	if (ev->type == EV_CALL)
		hook = of_call(&app->model, &ev->u.call);
	else if (ev->type == EV_TRANSFER)
		hook = of_transfer(&app->model, &ev->u.transfer);
	if (hook == NO_HOOK || !h->commandv[hook])
		return;
	text_cut(v[V_EVENT], sizeof(value), eventv[hook].name);
	if (ev->type == EV_CALL)
		describe_call(v, app, &ev->u.call);
	else
		describe_transfer(v, app, &ev->u.transfer);
	run(h, hook, v);
}

/* ---- what they say ------------------------------------------------------- */

static void end_line(struct running *r)
{
	char clean[LOG_TEXT_MAX];

	if (r->lines == HOOK_LINES_MAX)
		log_warn("hook",
			 "%s: prints more than %d lines; the rest is "
			 "left out",
			 eventv[r->hook].name, HOOK_LINES_MAX);
	text_clean(clean, sizeof(clean), r->line, r->len);
	if (r->len && r->lines < HOOK_LINES_MAX)
		log_info("hook", "%s: %s", eventv[r->hook].name, clean);
	r->lines += r->lines <= HOOK_LINES_MAX;
	r->len = 0;
}

/* Not for ever: it may print faster than we read; as read(2) */
static ssize_t read_some(struct running *r)
{
	char buf[4096];
	ssize_t n = read(r->out, buf, sizeof(buf));

	for (ssize_t i = 0; i < n; i++) {
		if (buf[i] == '\n' || r->len == sizeof(r->line) / 2)
			end_line(r);
		if (buf[i] != '\n')
			r->line[r->len++] = buf[i];
	}

	return n;
}

static bool ended(struct running *r)
{
	int status;

	if (waitpid(r->pid, &status, WNOHANG) != r->pid)
		return false;
	/* what it left in the pipe; who runs on in its name is not heard */
	for (int i = 0; i < 16 && read_some(r) > 0; i++)
		;
	if (r->len)
		end_line(r);
	if (WIFSIGNALED(status))
		log_warn("hook", "%s: killed by signal %d",
			 eventv[r->hook].name, WTERMSIG(status));
	else if (WEXITSTATUS(status))
		log_warn("hook", "%s: exit code %d", eventv[r->hook].name,
			 WEXITSTATUS(status));
	forget(r);

	return true;
}

void hooks_serve(struct hooks *h)
{
	struct epoll_event v[2 * HOOKS_AT_ONCE];
	int n = epoll_wait(h->epoll, v, 2 * HOOKS_AT_ONCE, 0);

	ASSERT_UI();
	for (int i = 0; i < n; i++) {
		struct running *r = v[i].data.ptr;

		if (!r->pid || ended(r))
			continue;
		/* it has closed its output, but not ended */
		if (read_some(r) == 0)
			(void)epoll_ctl(h->epoll, EPOLL_CTL_DEL, r->out, NULL);
	}
}

int hooks_fd(const struct hooks *h)
{
	return h->epoll;
}

unsigned hooks_running(const struct hooks *h)
{
	unsigned n = 0;

	for (unsigned i = 0; i < HOOKS_AT_ONCE; i++)
		n += h->runv[i].pid != 0;

	return n;
}
