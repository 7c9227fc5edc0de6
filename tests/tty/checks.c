/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a scenario expects. */
#include "tests/tty/play.h"

#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "tests/tty/keys.h"
#include "tests/tty/snap.h"

/* Where something is to be; a negative row counts from below */
struct spot {
	int row, col;
	const char *text;
	char now[4096];
	bool found;
};

static int row_of(const struct play *p, int row)
{
	return row < 0 ? row + p->tty.rows : row;
}

/* Nothing more can come: no use to wait */
static bool is_over(const struct play *p)
{
	return p->tty.ended && p->tty.eof;
}

static bool stands(struct play *p, void *arg)
{
	int row, col;

	return tty_find(&p->tty, arg, &row, &col);
}

static bool stands_or_over(struct play *p, void *arg)
{
	return stands(p, arg) || is_over(p);
}

static bool is_gone(struct play *p, void *arg)
{
	return !stands(p, arg);
}

static void check_expect(struct play *p, char *rest)
{
	rest = play_unquote(rest);
	play_until(p, stands_or_over, rest, p->patience_ms);
	if (!stands(p, rest))
		play_fail(p, "\"%s\" is not on the screen", rest);
}

static void check_gone(struct play *p, char *rest)
{
	rest = play_unquote(rest);
	if (!play_until(p, is_gone, rest, p->patience_ms))
		play_fail(p, "\"%s\" is still on the screen", rest);
}

/* An empty text stands where nothing else does */
static bool stands_there(struct play *p, void *arg)
{
	struct spot *spot = arg;

	tty_text(&p->tty, row_of(p, spot->row), spot->col, spot->now,
		 sizeof(spot->now), NULL);
	spot->found = *spot->text ? !strncmp(spot->now, spot->text,
					     strlen(spot->text))
				  : !*spot->now;
	return spot->found || is_over(p);
}

static void check_at(struct play *p, char *rest)
{
	struct spot spot;

	rest = play_ints(p, rest, 2, &spot.row, &spot.col);
	spot.text = play_unquote(rest);
	play_until(p, stands_there, &spot, p->patience_ms);
	if (!spot.found)
		play_fail(p, "at %d %d stands \"%s\", not \"%s\"", spot.row,
			  spot.col, spot.now, spot.text);
}

static bool is_there(struct play *p, void *arg)
{
	const struct spot *spot = arg;
	int row, col;
	bool shown = tty_cursor(&p->tty, &row, &col);

	if (spot->row == INT_MIN)
		return !shown;
	return shown && row == row_of(p, spot->row) && col == spot->col;
}

static void check_cursor(struct play *p, char *rest)
{
	struct spot spot = {.row = INT_MIN};
	int row, col;
	bool shown;

	if (strcmp(rest, "hidden") != 0)
		play_ints(p, rest, 2, &spot.row, &spot.col);
	if (play_until(p, is_there, &spot, p->patience_ms))
		return;
	shown = tty_cursor(&p->tty, &row, &col);
	play_fail(p, "the cursor is %sat %d %d, not %s", shown ? "" : "hidden ",
		  row, col, rest);
}

static bool is_titled(struct play *p, void *arg)
{
	return !strcmp(p->tty.title, arg);
}

static void check_title(struct play *p, char *rest)
{
	rest = play_unquote(rest);
	if (!play_until(p, is_titled, rest, p->patience_ms))
		play_fail(p, "the title is \"%s\", not \"%s\"", p->tty.title,
			  rest);
}

/* ---- at once ---------------------------------------------------------- */

static void style_at(struct play *p, int row, int col, const char *want)
{
	char style[TTY_STYLE_MAX];

	tty_style(&p->tty, row, col, style);
	if (strcmp(style, want) != 0)
		play_fail(p, "at %d %d the style is \"%s\", not \"%s\"", row,
			  col, style, want);
}

static void check_style(struct play *p, char *rest)
{
	int row, col;

	rest = play_ints(p, rest, 2, &row, &col);
	style_at(p, row_of(p, row), col, rest);
}

/* Every cell of the text is to have it */
static void check_styleof(struct play *p, char *rest)
{
	char *end = rest[0] == '"' ? strchr(rest + 1, '"') : NULL;
	char buf[4096];
	int cols[4096], row, col;

	if (!end || end[1] != ' ')
		play_wrong(p, "styleof \"TEXT\" STYLE");
	*end = '\0';
	rest++;
	if (!play_until(p, stands, rest, p->patience_ms) ||
	    !tty_find(&p->tty, rest, &row, &col))
		play_fail(p, "\"%s\" is not on the screen", rest);
	tty_text(&p->tty, row, col, buf, sizeof(buf), cols);
	for (size_t i = 0; rest[i]; i++)
		style_at(p, row, cols[i], end + 2);
}

static void check_mode(struct play *p, char *rest)
{
	int mode;
	bool on;

	rest = play_ints(p, rest, 1, &mode);
	on = tty_mode(&p->tty, (unsigned)mode, mode == 7 || mode == 25);
	if (on != !strcmp(rest, "on"))
		play_fail(p, "mode %d is %s", mode, on ? "on" : "off");
}

static void check_bells(struct play *p, char *rest)
{
	unsigned rung = p->tty.bells - p->mark_bells;
	int n;

	play_ints(p, rest, 1, &n);
	if (rung != (unsigned)n)
		play_fail(p, "the bell rang %u times, not %d", rung, n);
}

static void check_bytes(struct play *p, char *rest)
{
	uint64_t bytes = p->tty.bytes - p->mark_bytes;
	int max;

	play_ints(p, rest, 1, &max);
	if (bytes > (uint64_t)max)
		play_fail(p, "%llu bytes were written, more than %d",
			  (unsigned long long)bytes, max);
}

static void check_snap(struct play *p, char *rest)
{
	const char *slash = strrchr(rest, '/');
	char golden[PATH_MAX], actual[NAME_MAX];

	play_path(p, rest, golden, sizeof(golden));
	snprintf(actual, sizeof(actual), "%s.actual", slash ? slash + 1 : rest);
	if (!snap_compare(&p->tty, golden, actual))
		play_fail(p, "the screen is not as in %s", rest);
}

/* ---- the end ---------------------------------------------------------- */

static bool has_ended(struct play *p, void *arg)
{
	(void)arg;
	return p->tty.ended;
}

static const char *end_name(int status, char *buf, size_t size)
{
	if (WIFSIGNALED(status))
		snprintf(buf, size, "SIG%s", sigabbrev_np(WTERMSIG(status)));
	else
		snprintf(buf, size, "%d", WEXITSTATUS(status));
	return buf;
}

static void check_exit(struct play *p, char *rest)
{
	int ms = p->patience_ms;
	char *limit = rest + strcspn(rest, " ");
	char how[32];

	if (*limit) {
		*limit++ = '\0';
		play_ints(p, limit, 1, &ms);
	}
	if (!p->tty.vt)
		play_wrong(p, "no program was spawned");
	if (!play_until(p, has_ended, NULL, ms))
		play_fail(p, "the program has not ended");
	tty_pump(&p->tty, 0, NULL, 0); /* its last words */
	end_name(p->tty.status, how, sizeof(how));
	if (strcmp(how, rest) != 0)
		play_fail(p, "it ended with %s, not %s", how, rest);
}

static bool has_stopped(struct play *p, void *arg)
{
	siginfo_t info = {0};

	(void)arg;
	return p->tty.pid &&
	       !waitid(P_PID, (id_t)p->tty.pid, &info, WSTOPPED | WNOHANG) &&
	       info.si_pid == p->tty.pid;
}

/* Nothing tells us when: we look every now and then */
static void check_stopped(struct play *p, char *rest)
{
	int left = p->patience_ms;

	(void)rest;
	while (!has_stopped(p, NULL)) {
		if (left <= 0)
			play_fail(p, "the program has not stopped");
		tty_pump(&p->tty, 10, NULL, 0);
		left -= 10;
	}
}

static void check_restored(struct play *p, char *rest)
{
	char buf[64];
	const char *what = tty_unrestored(&p->tty, buf, sizeof(buf));

	(void)rest;
	if (what)
		play_fail(p, "the terminal is not as before: %s", what);
}

static void check_unsaid(struct play *p, char *rest)
{
	char bytes[REST_MAX];
	const char *text = play_unquote(rest);
	size_t n = keys_escaped(bytes, sizeof(bytes), text);

	if (memmem(p->tty.said, p->tty.bytes, bytes, n))
		play_fail(p, "\"%s\" was written to the terminal", text);
}

const struct act checks[] = {
	{"at", check_at},
	{"bells", check_bells},
	{"bytes", check_bytes},
	{"cursor", check_cursor},
	{"exit", check_exit},
	{"expect", check_expect},
	{"gone", check_gone},
	{"mode", check_mode},
	{"restored", check_restored},
	{"snap", check_snap},
	{"stopped", check_stopped},
	{"style", check_style},
	{"styleof", check_styleof},
	{"title", check_title},
	{"unsaid", check_unsaid},
	{NULL, NULL},
};
