/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/alloc.h"
#include "app/csv.h"
#include "app/directory_priv.h"
#include "base/file.h"
#include "base/text.h"

enum { NEW_FILE_MODE = 0600 };

/* What ours is to become */
struct merge {
	const struct directory *ours, *other;
	struct contact *v; /* by line of our file, then what is new */
	unsigned n;
	unsigned *place; /* where in v an entry of ours stands      */
	bool *taken;     /* v[i] stands for one of the other's      */
	unsigned added, changed;
};

static int by_line(const void *pa, const void *pb)
{
	const struct entry *a = *(struct entry *const *)pa;
	const struct entry *b = *(struct entry *const *)pb;

	return (a->line > b->line) - (a->line < b->line);
}

/* Entries of one file as they stand in it; yours, free(3) */
static struct entry **in_order(const struct directory *d, unsigned *np)
{
	struct entry **v = alloc_zero((d->n + 1) * sizeof(struct entry *));
	unsigned n = 0;

	for (unsigned i = 0; i < d->n; i++)
		if (d->v[i]->file == 0)
			v[n++] = d->v[i];
	qsort(v, n, sizeof(struct entry *), by_line);
	*np = n;

	return v;
}

/* The entry of a file with this number (and name), or NULL */
static const struct entry *find(const struct merge *m,
				const struct directory *d,
				const struct entry *e, bool named)
{
	struct address_key key;

	address_key(&key, e->c.number);
	for (unsigned i = directory_run(d, key.hash);
	     i < d->n && d->by_hash[i]->hash == key.hash; i++) {
		const struct entry *o = d->by_hash[i];

		if (o->file != 0 || !directory_same(o, &key))
			continue;
		if (d == m->ours && !named && m->taken[m->place[o->at]])
			continue;
		if (!named || strcmp(o->c.name, e->c.name) == 0)
			return o;
	}

	return NULL;
}

/* An empty text says nothing new */
static bool renew(char *dst, size_t size, const char *src)
{
	if (!src[0] || strcmp(dst, src) == 0)
		return false;
	text_cut(dst, size, src);

	return true;
}

static void update(struct merge *m, unsigned at, const struct contact *from)
{
	struct contact *c = &m->v[at];
	bool changed = renew(c->name, sizeof(c->name), from->name);

	changed |=
		renew(c->department, sizeof(c->department), from->department);
	changed |= renew(c->note, sizeof(c->note), from->note);
	m->changed += changed;
	m->taken[at] = true;
}

/* First those of the same number and name, so that the other name of a number
 * two people share is not taken for a new one of the first */
static void merge(struct merge *m)
{
	unsigned oursc, otherc;
	struct entry **ours = in_order(m->ours, &oursc);
	struct entry **other = in_order(m->other, &otherc);

	m->v = alloc_zero((oursc + otherc + 1) * sizeof(*m->v));
	m->taken = alloc_zero(oursc + otherc + 1);
	m->place = alloc_zero((m->ours->n + 1) * sizeof(*m->place));
	for (unsigned i = 0; i < oursc; i++) {
		m->place[ours[i]->at] = i;
		m->v[m->n++] = ours[i]->c;
	}
	for (unsigned pass = 0; pass < 2; pass++) {
		for (unsigned i = 0; i < otherc; i++) {
			const struct entry *e = other[i], *o;

			if (!e || find(m, m->other, e, true) != e) {
				other[i] = NULL; /* it stands there twice */
				continue;
			}
			o = find(m, m->ours, e, pass == 0);
			if (o)
				update(m, m->place[o->at], &e->c);
			else if (pass)
				m->v[m->n++] = e->c;
			m->added += !o && pass;
			if (o)
				other[i] = NULL;
		}
	}
	free(ours);
	free(other);
}

static int write_file(const struct merge *m, const char *path)
{
	char *text = NULL;
	size_t len = 0;
	FILE *f = open_memstream(&text, &len);
	int err;

	if (!f)
		return errno;
	csv_head(f);
	for (unsigned i = 0; i < m->n; i++)
		csv_write(f, &m->v[i]);
	if (fclose(f)) {
		err = errno;
	} else {
		err = file_make_parent(path);
		if (!err)
			err = file_replace(path, text, len, NEW_FILE_MODE);
	}
	free(text);

	return err;
}

/* May our file be written again?  0 or errno with why */
static int check_ours(struct directory *d, char *why, size_t size)
{
	struct file *f = &d->files[0];

	if (!d->filec) {
		snprintf(why, size, "there is no directory to import into");
		return ENOENT;
	}
	(void)directory_poll(d); /* what it says now */
	if (f->failed) {
		snprintf(why, size, "%s: it cannot be read", f->path);
		return EIO;
	}
	if (f->vcard) {
		snprintf(why, size,
			 "%s has vCards: name a CSV file with set "
			 "directory",
			 f->path);
		return EINVAL;
	}
	if (f->lost_line) {
		snprintf(why, size,
			 "%s:%u: %s would be lost; take it out of the file "
			 "first",
			 f->path, f->lost_line, f->lost);
		return EINVAL;
	}

	return 0;
}

static int check_merged(const struct merge *m, const char *path, char *why,
			size_t size)
{
	if (!m->other->n) {
		snprintf(why, size, "%s: there is no entry in it", path);
		return ENODATA;
	}
	if (m->n > DIRECTORY_MAX) {
		snprintf(why, size, "%s: together they are more than %d", path,
			 DIRECTORY_MAX);
		return EOVERFLOW;
	}

	return 0;
}

int directory_import(struct directory *d, const char *path, char *why,
		     size_t size)
{
	struct directory *other;
	struct merge m = {.ours = d};
	unsigned wrong = 0, again;
	int err;

	directory_new(&other);
	m.other = other;
	err = check_ours(d, why, size);
	if (err)
		goto out;
	other->filec = 1;
	err = file_expand(other->files[0].path, sizeof(other->files[0].path),
			  path);
	if (!err)
		err = directory_read(other, 0, &wrong);
	if (err) {
		snprintf(why, size, "%s: %s", path, directory_error(err));
		goto out;
	}
	merge(&m);
	err = check_merged(&m, path, why, size);
	if (err)
		goto out;
	if (m.added || m.changed)
		err = write_file(&m, d->files[0].path);
	if (err) {
		snprintf(why, size, "%s: %s", d->files[0].path,
			 directory_error(err));
		goto out;
	}
	(void)directory_read(d, 0, &again); /* it was just written */
	snprintf(why, size, "%s: %u new, %u changed, %u known already%s", path,
		 m.added, m.changed, other->n - m.added - m.changed,
		 wrong ? "; what is wrong was left out" : "");
out:
	directory_free(other);
	free(m.v);
	free(m.taken);
	free(m.place);

	return err;
}
