/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ui/plain.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/alloc.h"
#include "base/lex.h"

struct plain {
	struct app *app;
	int fd;
	bool eof;
	size_t len;
	char line[LEX_LINE_MAX + 1]; /* one too long is refused by lex_line() */
};

void plain_new(struct plain **pp, struct app *app, int fd)
{
	struct plain *p = alloc_zero(sizeof(*p));

	p->app = app;
	p->fd = fd;
	*pp = p;
}

void plain_free(struct plain *p)
{
	free(p);
}

static void run_line(struct plain *p)
{
	if (p->len && p->line[p->len - 1] == '\r')
		p->len--;
	p->line[p->len] = '\0';
	p->len = 0;
	app_line(p->app, p->line);
}

static void put(struct plain *p, char c)
{
	if (c == '\n') {
		run_line(p);
		return;
	}
	/* a zero would end the line early; this one is refused as well */
	if (c == '\0')
		c = '\x01';
	if (p->len < sizeof(p->line) - 1)
		p->line[p->len++] = c;
}

static void input(void *self)
{
	struct plain *p = self;
	char buf[4096];
	ssize_t n = read(p->fd, buf, sizeof(buf));

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	for (ssize_t i = 0; i < n && !p->app->quit; i++)
		put(p, buf[i]);
	if (n > 0)
		return;
	/* an end, or a terminal that is gone; the last line may lack its \n */
	if (p->len && !p->app->quit)
		run_line(p);
	p->eof = true;
}

static int fd(const void *self)
{
	const struct plain *p = self;

	return p->eof || p->app->quit ? -1 : p->fd;
}

static bool done(const void *self, int *codep)
{
	const struct plain *p = self;

	if (!p->eof || app_waiting(p->app) ||
	    model_transfers_pending(&p->app->model))
		return false;
	*codep = 0;

	return true;
}

static int interrupted(void *self, int signo)
{
	(void)self, (void)signo; /* however it is told to leave: it does */

	return 0;
}

struct robot plain_robot(struct plain *p)
{
	return (struct robot){
		.self = p,
		.fd = fd,
		.input = input,
		.done = done,
		.interrupted = interrupted,
	};
}
