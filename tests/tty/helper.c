/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/tty/helper.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

__attribute__((noreturn)) static void run(int in, int out, char *const argv[],
					  char *const env[], const char *dir)
{
	/* not to outlive a harness that was killed */
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	(void)signal(SIGPIPE, SIG_DFL);
	(void)setpgid(0, 0);
	if (dup2(in, STDIN_FILENO) >= 0 && dup2(out, STDOUT_FILENO) >= 0 &&
	    !chdir(dir))
		execvpe(argv[0], argv, env);
	fprintf(stderr, "%s: %s\n", argv[0], strerror(errno));
	_exit(127);
}

int helper_start(struct helper *h, const char *name, char *const argv[],
		 char *const env[], const char *dir)
{
	int in[2], out[2];

	*h = (struct helper){.in = -1, .out = -1};
	snprintf(h->name, sizeof(h->name), "%s", name);
	if (pipe2(in, O_CLOEXEC))
		return errno;
	if (pipe2(out, O_CLOEXEC)) {
		(void)close(in[0]);
		(void)close(in[1]);
		return errno;
	}
	h->pid = fork();
	if (!h->pid)
		run(in[0], out[1], argv, env, dir);
	(void)close(in[0]);
	(void)close(out[1]);
	h->in = in[1];
	h->out = out[0];
	if (h->pid < 0) {
		h->pid = 0;
		return errno;
	}
	return fcntl(h->out, F_SETFL, O_NONBLOCK) ? errno : 0;
}

void helper_read(struct helper *h)
{
	ssize_t n = 1;

	while (h->out >= 0 && n > 0) {
		size_t room = sizeof(h->said) - 1 - h->len;

		if (!room) { /* the older half has been looked at long ago */
			size_t half = sizeof(h->said) / 2;

			h->len -= half;
			memmove(h->said, h->said + half, h->len);
			h->told = h->told > half ? h->told - half : 0;
			continue;
		}
		n = read(h->out, h->said + h->len, room);
		if (n > 0)
			h->len += (size_t)n;
		if (n == 0) {
			(void)close(h->out);
			h->out = -1;
		}
	}
	h->said[h->len] = '\0';
}

bool helper_tell(struct helper *h, const char *line)
{
	return h->in >= 0 && dprintf(h->in, "%s\n", line) > 0;
}

bool helper_told(struct helper *h, const char *text)
{
	char *line = h->said + h->told, *end;

	for (; (end = strchr(line, '\n')); line = end + 1) {
		char *at;

		*end = '\0';
		at = strstr(line, text);
		*end = '\n';
		if (!at)
			continue;
		h->told = (size_t)(end + 1 - h->said);
		return true;
	}
	return false;
}

bool helper_address(const struct helper *h, char *buf, size_t size)
{
	static const char key[] = "\"listen\"";
	const char *end = strchr(h->said, '\n');
	const char *at = strstr(h->said, key);
	size_t n;

	if (!end)
		return false;
	n = (size_t)(end - h->said);
	if (at && at < end) { /* ["udp:127.0.0.1:5060", ... */
		at += strcspn(at, "[");
		at += strcspn(at, ":") + 1;
		n = strcspn(at, "\"");
	} else {
		at = h->said;
	}
	snprintf(buf, size, "%.*s", (int)n, at);
	return true;
}

void helper_stop(struct helper *h, int signo)
{
	if (h->in >= 0)
		(void)close(h->in);
	/* it may not have come as far as to lead a group of its own */
	if (h->pid && signo && kill(-h->pid, signo))
		(void)kill(h->pid, signo);
	while (h->pid && waitpid(h->pid, NULL, 0) < 0 && errno == EINTR)
		;
	if (h->out >= 0)
		(void)close(h->out);
	h->in = h->out = -1;
	h->pid = 0;
}
