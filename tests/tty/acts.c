/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a scenario does. */
#include "tests/tty/play.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/alloc.h"
#include "tests/tty/keys.h"
#include "tests/tty/snap.h"

static void act_env(struct play *p, char *rest)
{
	play_env(p, rest);
}

static void act_set(struct play *p, char *rest)
{
	char *value = rest + strcspn(rest, " ");

	if (*value)
		*value++ = '\0';
	play_set(p, rest, play_unquote(value));
}

/* Folders on the way to it are made, each as only its owner may read */
static void act_file(struct play *p, char *rest)
{
	FILE *f;

	snprintf(p->wrote, sizeof(p->wrote), "%s/%s", p->home, rest);
	for (char *at = p->wrote + strlen(p->home) + 1; (at = strchr(at, '/'));
	     at++) {
		*at = '\0';
		if (mkdir(p->wrote, 0700) && errno != EEXIST)
			play_wrong(p, "%s: %s", p->wrote, strerror(errno));
		*at = '/';
	}
	f = fopen(p->wrote, "w");
	if (!f || fclose(f))
		play_wrong(p, "%s: %s", p->wrote, strerror(errno));
}

static void act_size(struct play *p, char *rest)
{
	play_ints(p, rest, 2, &p->tty.rows, &p->tty.cols);
	if (p->tty.rows < 1 || p->tty.cols < 1)
		play_wrong(p, "no terminal is that small");
}

static void act_patience(struct play *p, char *rest)
{
	play_ints(p, rest, 1, &p->patience_ms);
}

/* ---- programs --------------------------------------------------------- */

/* As a shell takes the line, and in its place: no shell stays between */
static void act_spawn(struct play *p, char *rest)
{
	char line[REST_MAX + 8];
	char *argv[] = {(char[]){"sh"}, (char[]){"-c"}, line, NULL};
	int err;

	snprintf(line, sizeof(line), "exec %s", rest);
	err = tty_spawn(&p->tty, argv, p->env, p->home);
	if (err)
		play_wrong(p, "%s: %s", rest, strerror(err));
	p->mark_bytes = 0;
	p->mark_bells = 0;
}

static bool has_address(struct play *p, void *arg)
{
	char *address = arg;
	const struct helper *h = p->helpers[p->helperc - 1];

	return helper_address(h, address, PATH_MAX);
}

static void act_start(struct play *p, char *rest)
{
	char line[REST_MAX + 8], address[PATH_MAX];
	char *argv[] = {(char[]){"sh"}, (char[]){"-c"}, line, NULL};
	char *command = rest + strcspn(rest, " ");
	struct helper *h;
	int err;

	if (*command)
		*command++ = '\0';
	if (p->helperc == HELPERS_MAX)
		play_wrong(p, "too many programs");
	snprintf(line, sizeof(line), "exec %s", command);
	h = alloc_zero(sizeof(*h));
	p->helpers[p->helperc++] = h;
	err = helper_start(h, rest, argv, p->env, p->home);
	if (err)
		play_wrong(p, "%s: %s", command, strerror(err));
	if (!play_until(p, has_address, address, p->patience_ms))
		play_fail(p, "%s has printed no line", h->name);
	play_set(p, h->name, address);
}

static void act_tell(struct play *p, char *rest)
{
	char *line = rest + strcspn(rest, " ");

	if (*line)
		*line++ = '\0';
	if (!helper_tell(play_helper(p, rest), line))
		play_fail(p, "%s does not listen", rest);
}

struct told {
	struct helper *h;
	const char *text;
};

static bool was_told(struct play *p, void *arg)
{
	struct told *told = arg;

	(void)p;
	return helper_told(told->h, told->text);
}

static void act_told(struct play *p, char *rest)
{
	char *text = rest + strcspn(rest, " ");
	struct told told;

	if (*text)
		*text++ = '\0';
	told = (struct told){play_helper(p, rest), play_unquote(text)};
	if (!play_until(p, was_told, &told, p->patience_ms))
		play_fail(p, "%s has not said \"%s\"", rest, told.text);
}

static void act_stop(struct play *p, char *rest)
{
	helper_stop(play_helper(p, rest), SIGTERM);
}

static void act_signal(struct play *p, char *rest)
{
	int signo = 1;

	if (!strncmp(rest, "SIG", 3))
		rest += 3;
	while (signo < 32 && strcmp(sigabbrev_np(signo), rest) != 0)
		signo++;
	if (signo == 32)
		play_wrong(p, "there is no signal '%s'", rest);
	if (!p->tty.pid || kill(p->tty.pid, signo))
		play_fail(p, "the program has ended");
}

static void act_hangup(struct play *p, char *rest)
{
	(void)rest;
	tty_hangup(&p->tty);
}

/* ---- input ------------------------------------------------------------ */

/* "-x N " at the start: how often */
static char *times(struct play *p, char *rest, int *np)
{
	*np = 1;
	if (strncmp(rest, "-x ", 3) != 0)
		return rest;
	return play_ints(p, rest + 3, 1, np);
}

static void type(struct play *p, const char *bytes, size_t n, int count)
{
	if (!p->tty.vt)
		play_wrong(p, "no program was spawned");
	while (count-- > 0)
		tty_write(&p->tty, bytes, n);
}

static void act_keys(struct play *p, char *rest)
{
	char out[REST_MAX];
	const char *what = "";
	int count;
	size_t n;

	rest = play_unquote(times(p, rest, &count));
	n = keys_bytes(out, sizeof(out), rest, &what);
	if (!n)
		play_wrong(p, "there is no such key: '%s'", what);
	type(p, out, n, count);
}

static void act_text(struct play *p, char *rest)
{
	int count;

	rest = play_unquote(times(p, rest, &count));
	type(p, rest, strlen(rest), count);
}

static void act_raw(struct play *p, char *rest)
{
	char out[REST_MAX];
	int count;
	size_t n;

	rest = play_unquote(times(p, rest, &count));
	n = keys_escaped(out, sizeof(out), rest);
	type(p, out, n, count);
}

static void act_paste(struct play *p, char *rest)
{
	if (!tty_mode(&p->tty, 2004, false))
		play_fail(p, "the program has not asked for marked pastes");
	type(p, "\x1b[200~", 6, 1);
	act_raw(p, rest);
	type(p, "\x1b[201~", 6, 1);
}

static void mouse(struct play *p, int button, int row, int col, char how)
{
	char out[48];
	int n = snprintf(out, sizeof(out), "\x1b[<%d;%d;%d%c", button, col + 1,
			 row + 1, how);

	if (!tty_mode(&p->tty, 1006, false))
		play_fail(p, "the program has not asked for the mouse");
	type(p, out, (size_t)n, 1);
}

static void act_click(struct play *p, char *rest)
{
	int row, col, button = 1;

	rest = play_ints(p, rest, 2, &row, &col);
	if (*rest)
		play_ints(p, rest, 1, &button);
	if (row < 0)
		row += p->tty.rows;
	mouse(p, button - 1, row, col, 'M');
	mouse(p, button - 1, row, col, 'm');
}

static void act_wheel(struct play *p, char *rest)
{
	int row, col;

	rest = play_ints(p, rest, 2, &row, &col);
	if (strcmp(rest, "up") != 0 && strcmp(rest, "down") != 0)
		play_wrong(p, "wheel ROW COL up|down");
	if (row < 0)
		row += p->tty.rows;
	mouse(p, strcmp(rest, "up") ? 65 : 64, row, col, 'M');
}

static void act_resize(struct play *p, char *rest)
{
	int rows, cols;

	play_ints(p, rest, 2, &rows, &cols);
	tty_resize(&p->tty, rows, cols);
}

static bool is_titled(struct play *p, void *arg)
{
	return !strcmp(p->tty.title, arg) || (p->tty.ended && p->tty.eof);
}

static void act_sync(struct play *p, char *rest)
{
	char title[32];
	int n;

	(void)rest;
	n = snprintf(title, sizeof(title), "\x1b[990;%u~", ++p->sync);
	type(p, title, (size_t)n, 1);
	snprintf(title, sizeof(title), "sync %u", p->sync);
	if (!play_until(p, is_titled, title, p->patience_ms) ||
	    strcmp(p->tty.title, title) != 0)
		play_fail(p, p->tty.ended
				     ? "the program has ended"
				     : "the program does not come in step");
}

/* ---- the rest --------------------------------------------------------- */

static void act_mark(struct play *p, char *rest)
{
	(void)rest;
	p->mark_bytes = p->tty.bytes;
	p->mark_bells = p->tty.bells;
}

static void act_source(struct play *p, char *rest)
{
	char path[PATH_MAX];

	play_file(p, play_path(p, rest, path, sizeof(path)));
}

static void act_ansi(struct play *p, char *rest)
{
	if (!snap_ansi(&p->tty, rest))
		play_wrong(p, "%s: %s", rest, strerror(errno));
}

const struct act acts[] = {
	{"ansi", act_ansi},         {"click", act_click},
	{"env", act_env},           {"file", act_file},
	{"hangup", act_hangup},     {"keys", act_keys},
	{"mark", act_mark},         {"paste", act_paste},
	{"patience", act_patience}, {"raw", act_raw},
	{"resize", act_resize},     {"set", act_set},
	{"signal", act_signal},     {"size", act_size},
	{"source", act_source},     {"spawn", act_spawn},
	{"start", act_start},       {"stop", act_stop},
	{"sync", act_sync},         {"tell", act_tell},
	{"text", act_text},         {"told", act_told},
	{"wheel", act_wheel},       {NULL, NULL},
};
