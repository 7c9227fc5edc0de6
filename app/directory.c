/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/directory.h"

#include <errno.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "app/alloc.h"
#include "app/csv.h"
#include "app/directory_priv.h"
#include "app/vcard.h"
#include "base/file.h"
#include "base/log.h"
#include "base/text.h"

enum {
	FILE_MAX = 64 << 20, /* bytes; a larger one is no directory  */
	TOLD_MAX = 20,       /* wrong lines of one file, one by one   */
	RECENT_S = 2,        /* the coarsest time stamps of files [s] */
};

void directory_new(struct directory **dp)
{
	*dp = alloc_zero(sizeof(**dp));
}

static void entry_free(struct entry *e)
{
	free(e->user);
	free(e->host);
	free(e->letters);
	free(e->sort);
	free(e);
}

void directory_clear(struct directory *d)
{
	for (unsigned i = 0; i < d->n; i++)
		entry_free(d->v[i]);
	free(d->v);
	free(d->by_hash);
	memset(d, 0, sizeof(*d));
}

void directory_free(struct directory *d)
{
	if (!d)
		return;
	directory_clear(d);
	free(d);
}

/* ---- addresses ----------------------------------------------------------- */

bool directory_same(const struct entry *e, const struct address_key *key)
{
	return e->hash == key->hash && strcmp(e->user, key->user) == 0 &&
	       (strcmp(e->host, key->host) == 0 || (e->number && key->number));
}

unsigned directory_run(const struct directory *d, uint64_t hash)
{
	unsigned from = 0, to = d->n;

	while (from < to) {
		unsigned mid = from + (to - from) / 2;

		if (d->by_hash[mid]->hash < hash)
			from = mid + 1;
		else
			to = mid;
	}

	return from;
}

const struct contact *directory_by_address(const struct directory *d,
					   const char *uri)
{
	const struct entry *found = NULL;
	struct address_key key;

	address_key(&key, uri);
	for (unsigned i = directory_run(d, key.hash);
	     i < d->n && d->by_hash[i]->hash == key.hash; i++) {
		const struct entry *e = d->by_hash[i];

		if (!directory_same(e, &key))
			continue;
		if (strcmp(e->host, key.host) == 0)
			return &e->c;
		if (!found)
			found = e;
	}

	return found ? &found->c : NULL;
}

void directory_used(struct directory *d, const char *uri, uint64_t now_ms)
{
	struct address_key key;

	address_key(&key, uri);
	for (unsigned i = directory_run(d, key.hash);
	     i < d->n && d->by_hash[i]->hash == key.hash; i++) {
		if (directory_same(d->by_hash[i], &key))
			d->by_hash[i]->c.used_ms = now_ms;
	}
}

unsigned directory_count(const struct directory *d)
{
	return d->n;
}

const struct contact *directory_at(const struct directory *d, unsigned i)
{
	return i < d->n ? &d->v[i]->c : NULL;
}

/* ---- order --------------------------------------------------------------- */

/* Where the user has no language, letters without case and accents */
static void sort_key(struct entry *e)
{
	const char *locale = setlocale(LC_COLLATE, NULL);

	if (!locale || strcmp(locale, "POSIX") == 0 ||
	    (locale[0] == 'C' && (!locale[1] || locale[1] == '.'))) {
		e->sortlen = 3 * (size_t)e->letterc;
		e->sort = alloc_zero(e->sortlen + 1);
		for (unsigned i = 0; i < e->letterc; i++) {
			e->sort[3 * i] = (char)(e->letters[i].c >> 16);
			e->sort[3 * i + 1] = (char)(e->letters[i].c >> 8);
			e->sort[3 * i + 2] = (char)e->letters[i].c;
		}
		return;
	}
	e->sortlen = strxfrm(NULL, e->c.name, 0);
	e->sort = alloc_zero(e->sortlen + 1);
	(void)strxfrm(e->sort, e->c.name, e->sortlen + 1); /* it has room */
}

static int by_name(const void *pa, const void *pb)
{
	const struct entry *a = *(struct entry *const *)pa;
	const struct entry *b = *(struct entry *const *)pb;
	size_t len = a->sortlen < b->sortlen ? a->sortlen : b->sortlen;
	int order = memcmp(a->sort, b->sort, len);

	if (!order)
		order = (a->sortlen > b->sortlen) - (a->sortlen < b->sortlen);
	if (!order)
		order = strcmp(a->c.name, b->c.name);
	if (!order)
		order = (a->file > b->file) - (a->file < b->file);

	return order ? order : (a->line > b->line) - (a->line < b->line);
}

static int by_hash(const void *pa, const void *pb)
{
	const struct entry *a = *(struct entry *const *)pa;
	const struct entry *b = *(struct entry *const *)pb;

	if (a->hash != b->hash)
		return a->hash < b->hash ? -1 : 1;

	return (a->at > b->at) - (a->at < b->at);
}

static void sort(struct directory *d)
{
	if (!d->n)
		return;
	qsort(d->v, d->n, sizeof(*d->v), by_name);
	for (unsigned i = 0; i < d->n; i++)
		d->v[i]->at = i;
	d->by_hash = alloc_grow(d->by_hash, d->n, sizeof(*d->by_hash));
	memcpy(d->by_hash, d->v, d->n * sizeof(*d->v));
	qsort(d->by_hash, d->n, sizeof(*d->by_hash), by_hash);
}

/* ---- reading ------------------------------------------------------------- */

struct reading {
	struct directory *d;
	unsigned file;
	unsigned wrong;
	unsigned room;    /* for entries of this file      */
	bool full;        /* was told                      */
	struct entry **v; /* found; the old ones still hold */
	unsigned n;
};

const char *directory_error(int err)
{
	switch (err) {
	case ENOENT:
		return "there is no such file";
	case EACCES:
	case EPERM:
		return "permission denied";
	case EISDIR:
		return "it is a directory";
	case EINVAL:
		return "it is not a plain file";
	case EFBIG:
		return "it is larger than 64 MiB";
	default:
		return strerror(err);
	}
}

static void on_contact(const struct contact *c, unsigned line, void *arg)
{
	struct reading *r = arg;
	struct letter letters[LETTERS_MAX];
	const struct contact *old;
	struct address_key key;
	struct entry *e;

	if (r->n == r->room) {
		if (!r->full)
			log_error("directory",
				  "%s:%u: there are at most %d entries; the "
				  "rest is left out",
				  r->d->files[r->file].path, line,
				  DIRECTORY_MAX);
		r->wrong += !r->full;
		r->full = true;
		return;
	}
	address_key(&key, c->number);
	old = directory_by_address(r->d, c->number);
	e = alloc_zero(sizeof(*e));
	e->c = *c;
	e->c.used_ms = old ? old->used_ms : 0;
	e->file = r->file;
	e->line = line;
	e->user = alloc_text(key.user);
	e->host = alloc_text(key.host);
	e->number = key.number;
	e->hash = key.hash;
	e->letterc = match_fold(letters, LETTERS_MAX, c->name);
	e->letters = alloc_zero(e->letterc * sizeof(*letters) + 1);
	memcpy(e->letters, letters, e->letterc * sizeof(*letters));
	sort_key(e);
	if (!(r->n & (r->n - 1)))
		r->v = alloc_grow(r->v, r->n ? 2 * (size_t)r->n : 1,
				  sizeof(struct entry *));
	r->v[r->n++] = e;
}

static void on_lost(unsigned line, const char *what, void *arg)
{
	struct reading *r = arg;
	struct file *f = &r->d->files[r->file];

	if (f->lost_line)
		return;
	f->lost_line = line;
	text_cut(f->lost, sizeof(f->lost), what);
}

static void on_wrong(unsigned line, const char *why, void *arg)
{
	struct reading *r = arg;

	if (r->wrong++ < TOLD_MAX)
		log_error("directory", "%s:%u: %s", r->d->files[r->file].path,
			  line, why);
	on_lost(line, "a line that is wrong", r);
}

static void parse(struct reading *r, const char *text, size_t len)
{
	const struct contact_sink sink = {on_contact, on_wrong, on_lost, r};
	struct file *f = &r->d->files[r->file];

	if (len >= 2 && (memcmp(text, "\xff\xfe", 2) == 0 ||
			 memcmp(text, "\xfe\xff", 2) == 0)) {
		on_wrong(1, "the file is UTF-16; save it as UTF-8", r);
		return;
	}
	if (len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) {
		text += 3;
		len -= 3;
	}
	f->vcard = vcard_is(text, len);
	if (f->vcard)
		vcard_read(text, len, &sink);
	else
		csv_read(text, len, &sink);
	if (r->wrong > TOLD_MAX)
		log_error("directory", "%s: %u more lines are wrong", f->path,
			  r->wrong - TOLD_MAX);
}

/* What was found takes the place of what the file said before */
static void replace(struct reading *r)
{
	struct directory *d = r->d;
	unsigned n = 0;

	for (unsigned i = 0; i < d->n; i++) {
		if (d->v[i]->file == r->file)
			entry_free(d->v[i]);
		else
			d->v[n++] = d->v[i];
	}
	if (r->n)
		d->v = alloc_grow(d->v, n + r->n, sizeof(*d->v));
	for (unsigned i = 0; i < r->n; i++)
		d->v[n++] = r->v[i];
	d->n = n;
	free(r->v);
	sort(d);
}

static bool is_recent(const struct stat *st)
{
	time_t age = time(NULL) - st->st_mtim.tv_sec;

	return age >= 0 && age < RECENT_S;
}

int directory_read(struct directory *d, unsigned file, unsigned *wrongp)
{
	struct reading r = {.d = d, .file = file, .room = DIRECTORY_MAX};
	struct file *f = &d->files[file];
	struct stat st = {0};
	char *text = NULL;
	uint64_t hash;
	size_t len = 0;
	int err = file_read(&text, &len, &st, f->path, FILE_MAX);

	*wrongp = 0;
	f->st = st;
	if (err)
		return err;
	f->recent = is_recent(&st);
	hash = text_hash(text, len);
	f->failed = false;
	if (f->known && hash == f->hash) {
		free(text);
		return EALREADY;
	}
	f->known = true;
	f->hash = hash;
	f->lost_line = 0;
	for (unsigned i = 0; i < d->n; i++)
		r.room -= d->v[i]->file != file;
	parse(&r, text, len);
	replace(&r);
	free(text);
	*wrongp = r.wrong;

	return 0;
}

static unsigned find_file(const struct directory *d, const char *path)
{
	unsigned i = 0;

	while (i < d->filec && strcmp(d->files[i].path, path) != 0)
		i++;

	return i;
}

unsigned directory_load(struct directory *d, const char *path)
{
	unsigned i, wrong = 0;
	char full[PATH_MAX_LEN];
	int err = file_expand(full, sizeof(full), path);

	if (err) {
		log_error("directory", "%s: %s", path, directory_error(err));
		return 1;
	}
	i = find_file(d, full);
	if (i == DIRECTORY_FILES) {
		log_error("directory", "%s: at most %d files are read", path,
			  DIRECTORY_FILES);
		return 1;
	}
	if (i == d->filec) {
		d->filec++;
		d->files[i] = (struct file){0};
		text_copy(d->files[i].path, sizeof(d->files[i].path), full);
	}
	err = directory_read(d, i, &wrong);
	if (!err || err == EALREADY || err == ENOENT)
		return wrong;
	d->files[i].failed = true;
	log_error("directory", "%s: %s", path, directory_error(err));

	return 1;
}

unsigned directory_open(struct directory *d, const char *path)
{
	char buf[PATH_MAX_LEN];
	unsigned wrong = 0;

	directory_clear(d);
	if (path && path[0])
		return directory_load(d, path);
	if (!file_config_path(buf, sizeof(buf), "directory.csv"))
		wrong += directory_load(d, buf);
	if (!file_config_path(buf, sizeof(buf), "directory.vcf"))
		wrong += directory_load(d, buf);

	return wrong;
}

static bool poll_file(struct directory *d, unsigned i)
{
	struct file *f = &d->files[i];
	struct stat st = {0};
	unsigned wrong;
	int err = stat(f->path, &st) ? errno : 0;

	if (!f->recent && st.st_dev == f->st.st_dev &&
	    st.st_ino == f->st.st_ino && st.st_size == f->st.st_size &&
	    memcmp(&st.st_mtim, &f->st.st_mtim, sizeof(st.st_mtim)) == 0 &&
	    memcmp(&st.st_ctim, &f->st.st_ctim, sizeof(st.st_ctim)) == 0)
		return false;
	f->recent = false;
	if (!err)
		err = directory_read(d, i, &wrong);
	if (!err || err == EALREADY)
		return !err;
	if (!f->failed && (f->known || err != ENOENT)) {
		log_error("directory", "%s: %s%s", f->path,
			  directory_error(err),
			  f->known ? "; what it said is kept" : "");
		f->failed = true;
	}
	f->st = st;

	return false;
}

bool directory_poll(struct directory *d)
{
	bool changed = false;

	for (unsigned i = 0; i < d->filec; i++)
		changed |= poll_file(d, i);

	return changed;
}
