/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/config.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/builtin.h"
#include "app/command.h"
#include "app/nearest.h"
#include "base/file.h"
#include "base/log.h"
#include "base/text.h"

enum { DEPTH_MAX = 8 };

#define THEME_END ".theme"

struct reader {
	struct app *app;
	const char *file;
	bool config, preset;
	unsigned lineno; /* last one read */
};

static int read_line(const char *text, unsigned lineno, void *arg)
{
	struct reader *r = arg;
	struct origin origin = {r->file, lineno, r->config, r->preset};
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

/* ---- built-in ---------------------------------------------------------- */

static const struct builtin *builtin_find(const struct builtin *v,
					  const char *name)
{
	while (v->name && strcmp(v->name, name) != 0)
		v++;

	return v->name ? v : NULL;
}

static void read_builtin(struct app *app, const struct builtin *b, bool preset)
{
	struct reader r = {
		.app = app, .file = b->file, .config = true, .preset = preset};

	for (unsigned i = 0; b->lines[i]; i++)
		(void)read_line(b->lines[i], i + 1, &r); /* always 0 */
}

/* ---- keys -------------------------------------------------------------- */

/* The keys of the table hold everywhere until something binds them anew. */
static void table_keys(struct keymap *map)
{
	char names[64], *save, *name;
	struct key key;

	for (const struct command *c = commands; c->name; c++) {
		text_copy(names, sizeof(names), c->keys ? c->keys : "");
		save = NULL;
		for (name = strtok_r(names, " ", &save); name;
		     name = strtok_r(NULL, " ", &save)) {
			if (key_parse(&key, name))
				keymap_bind(map, 0, &key, c->name, false);
		}
	}
}

void config_keys(struct app *app, const char *name)
{
	const struct builtin *base = builtin_find(builtin_keys, "default");
	const struct builtin *b = builtin_find(builtin_keys, name);

	keymap_reset(&app->keymap);
	table_keys(&app->keymap);
	if (base)
		read_builtin(app, base, true);
	if (b && b != base)
		read_builtin(app, b, true);
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

static bool theme_file(const char *file, char *name, size_t size)
{
	size_t len = strlen(file), end = strlen(THEME_END);

	return len > end && strcmp(file + len - end, THEME_END) == 0 &&
	       text_ncopy(name, size, file, len - end) == 0 &&
	       text_is_clean(name);
}

static int is_theme(const struct dirent *entry)
{
	char name[64];

	return theme_file(entry->d_name, name, sizeof(name)) &&
	       !builtin_find(builtin_themes, name);
}

/* What of the i are not found in this folder are left for the next. */
static bool name_in(const char *dir, unsigned *ip, char *buf, size_t size)
{
	struct dirent **v;
	int n = scandir(dir, &v, is_theme, alphasort);
	bool found = n > 0 && *ip < (unsigned)n;

	if (n < 0) /* there is no such folder */
		return false;
	if (found)
		(void)theme_file(v[*ip]->d_name, buf, size); /* looked at */
	else
		*ip -= (unsigned)n;
	while (n-- > 0)
		free(v[n]);
	free(v);

	return found;
}

bool config_theme_name(unsigned i, char *buf, size_t size)
{
	char dir[PATH_MAX_LEN];

	for (const struct builtin *b = builtin_themes; b->name; b++) {
		if (i-- == 0)
			return text_copy(buf, size, b->name) == 0;
	}
	for (unsigned d = 0; d < 2; d++) {
		if (!theme_dir(d, dir, sizeof(dir)) &&
		    name_in(dir, &i, buf, size))
			return true;
	}

	return false;
}

void config_theme_next(const char *name, char *buf, size_t size)
{
	unsigned next = 0;

	/* a name may be there twice, in both folders */
	for (unsigned i = 0; config_theme_name(i, buf, size); i++) {
		if (strcmp(buf, name) == 0)
			next = i + 1;
	}
	if (!config_theme_name(next, buf, size))
		(void)config_theme_name(0, buf, size); /* there is one */
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
	const struct builtin *b = builtin_find(builtin_themes, name);
	int err = ENOENT;

	if (strchr(name, '/') || !name[0] || strlen(name) >= 64)
		return unknown_theme(name, why, size);

	theme_init(&app->theme);
	text_cut(app->theme.name, sizeof(app->theme.name), name);
	for (unsigned i = 0; err == ENOENT && i < 2; i++) {
		if (theme_dir(i, dir, sizeof(dir)))
			continue;
		snprintf(path, sizeof(path), "%s/%s" THEME_END, dir, name);
		app->theming = true;
		err = read_file(app, path, true);
		app->theming = false;
	}
	if (err == ENOENT && b) {
		read_builtin(app, b, false);
		err = 0;
	}
	if (!err)
		return 0;

	app->theme = before;
	if (err == ENOENT)
		return unknown_theme(name, why, size);
	snprintf(why, size, "the theme %s cannot be read: %s", name,
		 in_words(err));

	return err;
}
