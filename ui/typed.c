/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ui/typed.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/alloc.h"
#include "base/file.h"
#include "base/log.h"
#include "base/text.h"

struct typed {
	char *path;
	char *v[TYPED_LINES];
	unsigned n;
	bool changed;
};

/* An account's line names commands and files that lead to its password */
static bool is_secret(const char *line)
{
	return strcasestr(line, "password") || text_begins(line, "account");
}

static void forget(struct typed *t, unsigned i)
{
	free(t->v[i]);
	t->n--;
	memmove(t->v + i, t->v + i + 1, (t->n - i) * sizeof(t->v[0]));
}

static bool add(struct typed *t, const char *line)
{
	if (!*line || *line == ' ' || is_secret(line))
		return false;
	for (unsigned i = 0; i < t->n; i++) {
		if (strcmp(t->v[i], line) != 0)
			continue;
		if (i == t->n - 1)
			return false;
		forget(t, i);
		break;
	}
	if (t->n == TYPED_LINES)
		forget(t, 0);
	t->v[t->n++] = alloc_text(line);
	return true;
}

static int on_line(const char *line, unsigned lineno, void *arg)
{
	char clean[2 * PATH_MAX];

	(void)lineno;
	text_clean(clean, sizeof(clean), line, strlen(line));
	(void)add(arg, clean); /* the same as before, or nothing: left out */
	return 0;
}

void typed_new(struct typed **tp, const char *path)
{
	struct typed *t = alloc_zero(sizeof(*t));
	int err;

	*tp = t;
	if (!path)
		return;
	t->path = alloc_text(path);
	err = file_lines(path, on_line, t);
	if (err && err != ENOENT)
		log_warn("console", "%s: the history cannot be read (%s)", path,
			 strerror(err));
}

/* The folders on the way to it; what cannot be made shows at the file */
static void make_folders(const char *path)
{
	char folder[PATH_MAX];

	if (text_copy(folder, sizeof(folder), path))
		return;
	for (char *at = folder + 1; (at = strchr(at, '/')); at++) {
		*at = '\0';
		(void)mkdir(folder, 0700);
		*at = '/';
	}
}

/* Beside the file, then in its place: nobody sees half of it */
static int save(const struct typed *t)
{
	char temp[PATH_MAX];
	FILE *f = NULL;
	int err = 0, fd, n;

	n = snprintf(temp, sizeof(temp), "%s.XXXXXX", t->path);
	if (n < 0 || (size_t)n >= sizeof(temp))
		return ENAMETOOLONG;
	make_folders(t->path);
	fd = mkstemp(temp); /* 0600 */
	if (fd < 0)
		return errno;
	f = fdopen(fd, "w");
	if (!f) {
		err = errno;
		(void)close(fd);
		goto out;
	}
	for (unsigned i = 0; i < t->n; i++)
		fprintf(f, "%s\n", t->v[i]);
	if (fflush(f) || ferror(f) || fsync(fd))
		err = errno;
	if (fclose(f) && !err)
		err = errno;
	if (!err && rename(temp, t->path))
		err = errno;

out:
	if (err)
		(void)unlink(temp);
	return err;
}

void typed_free(struct typed *t)
{
	int err = 0;

	if (!t)
		return;
	if (t->path && t->changed)
		err = save(t);
	if (err)
		log_warn("console", "%s: the history cannot be written (%s)",
			 t->path, strerror(err));
	while (t->n)
		forget(t, t->n - 1);
	free(t->path);
	free(t);
}

void typed_add(struct typed *t, const char *line)
{
	if (add(t, line))
		t->changed = true;
}

unsigned typed_count(const struct typed *t)
{
	return t->n;
}

const char *typed_at(const struct typed *t, unsigned i)
{
	return t->v[i];
}
