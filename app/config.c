/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/config.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "app/command.h"
#include "app/nearest.h"
#include "app/terminal_theme.h"
#include "base/file.h"
#include "base/log.h"
#include "base/text.h"

enum { DEPTH_MAX = 8 };

#define THEME_END ".theme"

struct reader {
	struct app *app;
	const char *file;
	bool config;
	unsigned lineno; /* last one read */
};

static int read_line(const char *text, unsigned lineno, void *arg)
{
	struct reader *r = arg;
	struct origin origin = {r->file, lineno, r->config};
	struct run run = {.app = r->app, .origin = &origin};
	struct pending *p;
	int err;

	r->lineno = lineno;
	if (r->app->port)
		run.serial = r->app->port->serial(r->app->port->engine);
	err = command_run(&run, text);
	if (err) {
		r->app->errors++;
		log_error("config", "%s:%u: %s%s%s", r->file, lineno,
			  run.command, run.command[0] ? ": " : "", run.error);
	}
	if (run.posted) {
		p = app_pending(r->app, run.serial, run.command);
		snprintf(p->where, sizeof(p->where), "%s:%u: ", r->file,
			 lineno);
	}

	return 0;
}

/* 0, ELOOP, or the errno of reading; lines that are wrong are no error. */
static int read_file(struct app *app, const char *path, bool config)
{
	struct reader r = {.app = app, .file = path, .config = config};
	int err;

	if (app->depth == DEPTH_MAX)
		return ELOOP;
	app->depth++;
	err = file_lines(path, read_line, &r);
	app->depth--;
	if (err == EOVERFLOW) {
		app->errors++;
		log_error("config",
			  "%s:%u: the line is too long; what follows it was "
			  "not read",
			  path, r.lineno + 1);
		err = 0;
	}

	return err;
}

static const char *in_words(int err)
{
	switch (err) {
	case ENOENT:
		return "there is no such file";
	case EACCES:
	case EPERM:
		return "permission denied";
	case EISDIR:
		return "it is a directory";
	case ELOOP:
		return "files that read each other, or too deep";
	default:
		return strerror(err);
	}
}

int config_load(struct app *app, const char *path, char *why, size_t size)
{
	char fallback[PATH_MAX_LEN];
	int err;

	if (!path) {
		err = file_config_path(fallback, sizeof(fallback), "config");
		if (err == ENOENT)
			return 0;
		if (err) {
			snprintf(why, size, "the path is too long");
			return err;
		}
	}
	err = read_file(app, path ? path : fallback, true);
	if (err == ENOENT && !path)
		return 0;
	if (err)
		snprintf(why, size, "%s: %s", path ? path : fallback,
			 in_words(err));

	return err;
}

int config_source(struct app *app, const char *path, bool config, char *why,
		  size_t size)
{
	unsigned before = app->errors;
	int err = read_file(app, path, config);

	if (err) {
		snprintf(why, size, "%s: %s", path, in_words(err));
		return err;
	}
	if (app->errors > before) {
		snprintf(why, size, "%u of the lines of %s are wrong",
			 app->errors - before, path);
		return EINVAL;
	}

	return 0;
}

/* ---- themes ----------------------------------------------------------- */

static int theme_dir(unsigned i, char *buf, size_t size)
{
	switch (i) {
	case 0:
		return file_config_path(buf, size, "themes");
	case 1:
		return text_copy(buf, size, CORDPAIR_DATADIR "/themes");
	default:
		return ENOENT;
	}
}

static int read_builtin(struct app *app)
{
	struct reader r = {
		.app = app,
		.file = "terminal" THEME_END,
		.config = true,
	};
	char line[LEX_LINE_MAX];
	unsigned lineno = 0;

	for (const char *p = terminal_theme; *p;) {
		size_t len = strcspn(p, "\n");

		if (!text_ncopy(line, sizeof(line), p, len))
			(void)read_line(line, ++lineno, &r); /* always 0 */
		p += len + (p[len] == '\n');
	}

	return 0;
}

static bool is_theme(const char *file, char *name, size_t size)
{
	size_t len = strlen(file), end = strlen(THEME_END);

	return len > end && strcmp(file + len - end, THEME_END) == 0 &&
	       text_ncopy(name, size, file, len - end) == 0 &&
	       text_is_clean(name);
}

bool config_theme_name(unsigned i, char *buf, size_t size)
{
	char dir[PATH_MAX_LEN], name[64];

	if (i == 0)
		return text_copy(buf, size, "terminal") == 0;

	for (unsigned d = 0; d < 2; d++) {
		struct dirent *entry;
		DIR *handle;

		if (theme_dir(d, dir, sizeof(dir)))
			continue;
		handle = opendir(dir);
		while (handle && (entry = readdir(handle))) {
			if (!is_theme(entry->d_name, name, sizeof(name)) ||
			    strcmp(name, "terminal") == 0 || --i > 0)
				continue;
			text_cut(buf, size, name);
			closedir(handle);
			return true;
		}
		if (handle)
			closedir(handle);
	}

	return false;
}

static int unknown_theme(const char *name, char *why, size_t size)
{
	struct nearest near;
	char hint[96], other[16][64];

	nearest_init(&near, name);
	for (unsigned i = 0; i < 16; i++) {
		if (!config_theme_name(i, other[i], sizeof(other[i])))
			break;
		nearest_try(&near, other[i]);
	}
	snprintf(why, size, "there is no theme %s%s", name,
		 nearest_hint(&near, hint, sizeof(hint)));

	return ENOENT;
}

int config_theme(struct app *app, const char *name, char *why, size_t size)
{
	char dir[PATH_MAX_LEN], path[2 * PATH_MAX_LEN];
	struct theme before = app->theme;
	int err = ENOENT;

	if (strchr(name, '/') || !name[0] || strlen(name) >= 64)
		return unknown_theme(name, why, size);

	theme_init(&app->theme);
	text_cut(app->theme.name, sizeof(app->theme.name), name);
	for (unsigned i = 0; err == ENOENT && i < 2; i++) {
		if (theme_dir(i, dir, sizeof(dir)))
			continue;
		snprintf(path, sizeof(path), "%s/%s" THEME_END, dir, name);
		err = read_file(app, path, true);
	}
	if (err == ENOENT && strcmp(name, "terminal") == 0)
		err = read_builtin(app);
	if (!err)
		return 0;

	app->theme = before;
	if (err == ENOENT)
		return unknown_theme(name, why, size);
	snprintf(why, size, "the theme %s cannot be read: %s", name,
		 in_words(err));

	return err;
}
