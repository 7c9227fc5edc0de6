/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * play [NAME=VALUE...] SCENARIO: a program in a terminal, driven by a file.
 * play.h tells the commands.  Exit status: 0 all was as expected, 1 it was
 * not, 2 the scenario is wrong.
 */
#include "tests/tty/play.h"

#include <errno.h>
#include <ftw.h>
#include <limits.h>
#include <locale.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/alloc.h"
#include "base/clock.h"
#include "tests/tty/snap.h"

static int remove_one(const char *path, const struct stat *st, int type,
		      struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	(void)remove(path); /* what stays stays in a temporary folder */
	return 0;
}

static void play_done(struct play *p)
{
	tty_done(&p->tty);
	for (unsigned i = 0; i < p->helperc; i++) {
		helper_stop(p->helpers[i], SIGKILL);
		free(p->helpers[i]);
	}
	for (unsigned i = 0; i < p->varc; i++)
		free(p->vars[i].value);
	for (unsigned i = 0; i < p->envc; i++)
		free(p->env[i]);
	if (p->home[0])
		(void)nftw(p->home, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

__attribute__((noreturn, format(printf, 3, 0))) static void
stop(struct play *p, int code, const char *fmt, va_list ap)
{
	fprintf(stderr, "%s:%u: ", p->file, p->line);
	vfprintf(stderr, fmt, ap);
	fputc('\n', stderr);
	if (code == 1 && p->tty.vt)
		snap_show(&p->tty, stderr);
	for (unsigned i = 0; code == 1 && i < p->helperc; i++) {
		const struct helper *h = p->helpers[i];
		size_t from = h->len > 2000 ? h->len - 2000 : 0;

		fprintf(stderr, "-- %s said:\n%s", h->name, h->said + from);
	}
	play_done(p);
	exit(code);
}

void play_fail(struct play *p, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	stop(p, 1, fmt, ap);
}

void play_wrong(struct play *p, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	stop(p, 2, fmt, ap);
}

/* ---- what commands share ---------------------------------------------- */

char *play_path(const struct play *p, const char *name, char *buf, size_t size)
{
	const char *slash = strrchr(p->file, '/');

	if (name[0] == '/' || !slash)
		snprintf(buf, size, "%s", name);
	else
		snprintf(buf, size, "%.*s/%s", (int)(slash - p->file), p->file,
			 name);
	return buf;
}

void play_set(struct play *p, const char *name, const char *value)
{
	unsigned i = 0;

	while (i < p->varc && strcmp(p->vars[i].name, name) != 0)
		i++;
	if (i == VARS_MAX)
		play_wrong(p, "too many variables");
	if (i == p->varc) {
		p->varc++;
		snprintf(p->vars[i].name, sizeof(p->vars[i].name), "%s", name);
	}
	free(p->vars[i].value);
	p->vars[i].value = alloc_text(value);
}

void play_env(struct play *p, const char *pair)
{
	size_t len = strcspn(pair, "=") + 1;
	unsigned i = 0;

	if (!strchr(pair, '='))
		play_wrong(p, "env NAME=VALUE, not '%s'", pair);
	while (i < p->envc && strncmp(p->env[i], pair, len) != 0)
		i++;
	if (i == ENV_MAX)
		play_wrong(p, "too many environment variables");
	if (i == p->envc)
		p->envc++;
	free(p->env[i]);
	p->env[i] = alloc_text(pair);
}

struct helper *play_helper(struct play *p, const char *name)
{
	for (unsigned i = 0; i < p->helperc; i++)
		if (!strcmp(p->helpers[i]->name, name))
			return p->helpers[i];
	play_wrong(p, "nothing was started as '%s'", name);
}

char *play_ints(struct play *p, char *rest, unsigned n, ...)
{
	va_list ap;

	va_start(ap, n);
	for (unsigned i = 0; i < n; i++) {
		char *end;
		long v = strtol(rest, &end, 10);

		if (end == rest || (*end && *end != ' '))
			play_wrong(p, "a number is missing at '%s'", rest);
		*va_arg(ap, int *) = (int)v;
		rest = end + strspn(end, " ");
	}
	va_end(ap);
	return rest;
}

char *play_unquote(char *rest)
{
	size_t n = strlen(rest);

	if (n < 2 || rest[0] != '"' || rest[n - 1] != '"')
		return rest;
	rest[n - 1] = '\0';
	return rest + 1;
}

bool play_until(struct play *p, until_h *untilh, void *arg, int ms)
{
	uint64_t deadline = clock_us() + (uint64_t)ms * 1000;

	for (;;) {
		uint64_t now = clock_us();
		int more[HELPERS_MAX];

		if (untilh(p, arg))
			return true;
		if (now >= deadline)
			return false;
		for (unsigned i = 0; i < p->helperc; i++)
			more[i] = p->helpers[i]->out;
		tty_pump(&p->tty, (int)((deadline - now) / 1000) + 1, more,
			 p->helperc);
		for (unsigned i = 0; i < p->helperc; i++)
			helper_read(p->helpers[i]);
	}
}

/* ---- reading ---------------------------------------------------------- */

/* {name} where there is such a variable; else it stays */
static void expand(struct play *p, char *out, size_t size, const char *in)
{
	size_t n = 0;

	while (*in && n + 1 < size) {
		size_t len = in[0] == '{' ? strcspn(in, "}") : 0;
		const char *value = NULL;

		for (unsigned i = 0; in[len] == '}' && i < p->varc; i++)
			if (strlen(p->vars[i].name) == len - 1 &&
			    !strncmp(p->vars[i].name, in + 1, len - 1))
				value = p->vars[i].value;
		if (!value) {
			out[n++] = *in++;
			continue;
		}
		n += (size_t)snprintf(out + n, size - n, "%s", value);
		in += len + 1;
	}
	if (n >= size - 1)
		play_wrong(p, "the line is too long");
	out[n] = '\0';
}

static void more_of_file(struct play *p, const char *text)
{
	FILE *f = p->wrote[0] ? fopen(p->wrote, "a") : NULL;

	if (!f)
		play_wrong(p, "'|' stands behind no `file`");
	fprintf(f, "%s\n", text[0] == ' ' ? text + 1 : text);
	if (fclose(f))
		play_wrong(p, "%s: %s", p->wrote, strerror(errno));
}

static void play_line(struct play *p, const char *line)
{
	const struct act *tables[] = {acts, checks};
	char rest[REST_MAX], name[16];
	size_t n;

	line += strspn(line, " \t");
	if (!*line || *line == '#')
		return;
	n = *line == '|' ? 1 : strcspn(line, " ");
	snprintf(name, sizeof(name), "%.*s", (int)n, line);
	line += n;
	expand(p, rest, sizeof(rest),
	       name[0] == '|' ? line : line + strspn(line, " "));
	if (name[0] == '|') {
		more_of_file(p, rest);
		return;
	}
	for (size_t i = 0; i < 2; i++) {
		for (const struct act *a = tables[i]; a->name; a++) {
			if (strcmp(a->name, name) != 0)
				continue;
			a->run(p, rest);
			return;
		}
	}
	play_wrong(p, "there is no command '%s'", name);
}

void play_file(struct play *p, const char *path)
{
	const char *file = p->file;
	unsigned number = p->line;
	FILE *f = fopen(path, "r");
	char *line = NULL;
	size_t size = 0;
	ssize_t n;

	if (!f)
		play_wrong(p, "%s: %s", path, strerror(errno));
	p->file = path;
	p->line = 0;
	while ((n = getline(&line, &size, f)) >= 0) {
		p->line++;
		if (n && line[n - 1] == '\n')
			line[n - 1] = '\0';
		play_line(p, line);
	}
	free(line);
	(void)fclose(f); /* only read from */
	p->file = file;
	p->line = number;
}

/* A world of its own: nothing of the user's settings gets in */
static void clean_env(struct play *p)
{
	static const char *const kept[] = {"PATH", "ASAN_OPTIONS",
					   "UBSAN_OPTIONS", "TSAN_OPTIONS",
					   "LSAN_OPTIONS"};
	/* clang-format off */
	static const struct {
		const char *name, *sub;
	} folders[] = {
		{"HOME", ""}, {"XDG_CONFIG_HOME", "/.config"},
		{"XDG_DATA_HOME", "/.local/share"},
		{"XDG_STATE_HOME", "/.local/state"},
		{"XDG_CACHE_HOME", "/.cache"}, {"XDG_RUNTIME_DIR", ""},
	};
	/* clang-format on */
	char pair[PATH_MAX];

	for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++) {
		const char *value = getenv(kept[i]);

		if (!value)
			continue;
		snprintf(pair, sizeof(pair), "%s=%s", kept[i], value);
		play_env(p, pair);
	}
	snprintf(p->home, sizeof(p->home), "/tmp/tty-XXXXXX");
	if (!mkdtemp(p->home))
		play_wrong(p, "%s: %s", p->home, strerror(errno));
	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
		snprintf(pair, sizeof(pair), "%s=%s%s", folders[i].name,
			 p->home, folders[i].sub);
		play_env(p, pair);
	}
	play_env(p, "LC_ALL=C.UTF-8");
	play_env(p, "TZ=UTC");
	play_env(p, "TERM=xterm-256color");
	play_env(p, "SHELL=/bin/sh");
	play_set(p, "home", p->home);
}

int main(int argc, char *argv[])
{
	static struct play p = {
		.tty = {.fd = -1, .pidfd = -1, .rows = 24, .cols = 80},
		.file = "play",
		.patience_ms = 10000};
	const char *patience = getenv("TTY_PATIENCE"); /* [ms] */

	if (argc < 2) {
		fputs("usage: play [NAME=VALUE...] SCENARIO\n", stderr);
		return 2;
	}
	(void)setlocale(LC_ALL, "C.UTF-8"); /* for messages only */
	(void)signal(SIGPIPE, SIG_IGN);
	if (patience)
		p.patience_ms = atoi(patience);
	clean_env(&p);
	for (int i = 1; i < argc - 1; i++) {
		char *value = strchr(argv[i], '=');

		if (!value)
			play_wrong(&p, "NAME=VALUE, not '%s'", argv[i]);
		*value = '\0';
		play_set(&p, argv[i], value + 1);
	}
	play_file(&p, argv[argc - 1]);
	play_done(&p);
	return 0;
}
