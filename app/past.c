/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/past.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <jansson.h>

#include "app/address.h"
#include "app/alloc.h"
#include "base/file.h"
#include "base/log.h"
#include "base/text.h"

enum {
	FILE_MAX = 16 << 20, /* bytes: far more than we ever write */
	LINE_MAX_LEN = 16384,
	TOLD_MAX = 20, /* wrong lines, one by one */
	LINES_MAX = 2 * PAST_MAX,
};

struct pasts {
	char path[PATH_MAX_LEN]; /* "": none                             */
	unsigned lines;          /* of the file                          */
	bool cut;                /* its last line has no end             */
	bool told;               /* that it cannot be written            */
	unsigned first, n;       /* oldest, how many                     */
	struct past v[PAST_MAX]; /* ring                                 */
};

static const char *const kinds[] = {"in", "missed", "out", "transfer"};

static void keep(struct pasts *p, const struct past *one)
{
	p->v[(p->first + p->n) % PAST_MAX] = *one;
	if (p->n < PAST_MAX)
		p->n++;
	else
		p->first = (p->first + 1) % PAST_MAX;
}

/* ---- one line ------------------------------------------------------------ */

static int find_name(const char *s, const char *(*name)(int), int n)
{
	for (int i = 0; i < n; i++)
		if (name(i) && strcmp(name(i), s) == 0)
			return i;

	return -1;
}

static const char *kind_word(int i)
{
	return kinds[i];
}

static const char *how_word(int i)
{
	return transfer_kind_name((enum transfer_kind)i);
}

static const char *outcome_word(int i)
{
	return outcome_name((enum outcome)i);
}

static bool take_text(char *dst, size_t size, const json_t *o, const char *name)
{
	const json_t *v = json_object_get(o, name);

	dst[0] = '\0';
	if (!v)
		return true;
	if (!json_is_string(v))
		return false;
	text_clean(dst, size, json_string_value(v), json_string_length(v));

	return json_string_length(v) < size;
}

static bool take_number(json_int_t *np, json_int_t max, const json_t *o,
			const char *name)
{
	const json_t *v = json_object_get(o, name);

	*np = v ? json_integer_value(v) : 0;

	return (!v || json_is_integer(v)) && *np >= 0 && *np <= max;
}

/* A word of a list; where it is left out the first one */
static bool take_word(int *np, const json_t *o, const char *name,
		      const char *(*word)(int), int n)
{
	const json_t *v = json_object_get(o, name);
	const char *s = json_string_value(v);

	*np = s ? find_name(s, word, n) : 0;

	return (!v || s) && *np >= 0;
}

/* NULL, or why not (static) */
static const char *from_json(struct past *one, const json_t *o)
{
	json_int_t when, lasted, code;
	int kind, how, outcome;

	memset(one, 0, sizeof(*one));
	if (!json_is_object(o) || !json_object_get(o, "kind"))
		return "it is no call";
	if (!take_word(&kind, o, "kind", kind_word, PAST_TRANSFER + 1) ||
	    !take_word(&how, o, "how", how_word, KIND_COUNT) ||
	    !take_word(&outcome, o, "outcome", outcome_word, OUTCOME_COUNT))
		return "it has a word that is not known";
	if (!take_number(&when, INT64_MAX / 2, o, "when") ||
	    !take_number(&lasted, UINT32_MAX, o, "lasted") ||
	    !take_number(&code, 999, o, "code"))
		return "it has a number that cannot be";
	one->kind = (enum past_kind)kind;
	one->how = (enum transfer_kind)how;
	one->outcome = (enum outcome)outcome;
	one->when = (time_t)when;
	one->lasted_s = (uint32_t)lasted;
	one->code = (unsigned)code;
	if (!take_text(one->peer, sizeof(one->peer), o, "peer") ||
	    !take_text(one->name, sizeof(one->name), o, "name") ||
	    !take_text(one->target, sizeof(one->target), o, "target") ||
	    !take_text(one->target_name, sizeof(one->target_name), o,
		       "target_name") ||
	    !take_text(one->text, sizeof(one->text), o, "text"))
		return "it has a text that is too long";

	return NULL;
}

static void put_text(json_t *o, const char *name, const char *s)
{
	char clean[URI_MAX];

	if (!s[0])
		return;
	text_clean(clean, sizeof(clean), s, strlen(s));
	json_object_set_new(o, name, json_string(clean));
}

static void put_number(json_t *o, const char *name, json_int_t n)
{
	if (n)
		json_object_set_new(o, name, json_integer(n));
}

/* With its end of line; yours, free(3) */
static char *to_line(const struct past *one)
{
	json_t *o = json_object();
	char *text, *line;
	size_t len;

	json_object_set_new(o, "when", json_integer(one->when));
	json_object_set_new(o, "kind", json_string(kinds[one->kind]));
	put_number(o, "lasted", one->lasted_s);
	put_number(o, "code", one->code);
	put_text(o, "peer", one->peer);
	put_text(o, "name", one->name);
	if (one->kind == PAST_TRANSFER)
		put_text(o, "how", how_word((int)one->how));
	if (one->outcome != OUTCOME_NONE)
		put_text(o, "outcome", outcome_word((int)one->outcome));
	put_text(o, "target", one->target);
	put_text(o, "target_name", one->target_name);
	put_text(o, "text", one->text);
	text = json_dumps(o, JSON_COMPACT | JSON_PRESERVE_ORDER);
	json_decref(o);
	len = text ? strlen(text) : 0;
	line = alloc_zero(len + 2);
	memcpy(line, text ? text : "", len);
	line[len] = '\n';
	free(text);

	return line;
}

/* ---- reading ------------------------------------------------------------- */

static const char *read_line(struct pasts *p, const char *s, size_t len)
{
	json_error_t error;
	struct past one;
	const char *why;
	json_t *o;

	if (len > LINE_MAX_LEN)
		return "the line is too long";
	o = json_loadb(s, len, 0, &error);
	if (!o)
		return "it is not JSON";
	why = from_json(&one, o);
	json_decref(o);
	if (!why)
		keep(p, &one);

	return why;
}

static void read_lines(struct pasts *p, const char *text, size_t len)
{
	unsigned wrong = 0;

	for (size_t at = 0; at < len;) {
		const char *line = text + at;
		const char *nl = memchr(line, '\n', len - at);
		size_t n = nl ? (size_t)(nl - line) : len - at;
		const char *why = n ? read_line(p, line, n) : NULL;

		p->lines++;
		p->cut = !nl;
		at += n + 1;
		if (why && wrong++ < TOLD_MAX)
			log_error("past", "%s:%u: %s", p->path, p->lines, why);
	}
	if (wrong > TOLD_MAX)
		log_error("past", "%s: %u more lines are wrong", p->path,
			  wrong - TOLD_MAX);
}

void past_new(struct pasts **pp, const char *path)
{
	struct pasts *p = alloc_zero(sizeof(*p));
	struct stat st;
	char *text;
	size_t len;
	int err;

	*pp = p;
	if (!path || !path[0])
		return;
	err = file_expand(p->path, sizeof(p->path), path);
	if (!err)
		err = file_read(&text, &len, &st, p->path, FILE_MAX);
	if (err == ENOENT && p->path[0])
		return;
	if (err) {
		/* what cannot be read is not ours to write to */
		log_error("past", "%s: %s; calls are remembered until the end",
			  path, strerror(err));
		p->path[0] = '\0';
		return;
	}
	read_lines(p, text, len);
	free(text);
}

void past_free(struct pasts *p)
{
	free(p);
}

/* ---- writing ------------------------------------------------------------- */

/* Opened each time: another console may have put a new one in its place */
static int append(struct pasts *p, const char *line)
{
	size_t len = strlen(line);
	struct stat st;
	ssize_t n;
	int err = 0, fd = -1;

	for (int i = 0; fd < 0 && i < 2; i++) {
		fd = open(p->path,
			  O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY |
				  O_NONBLOCK,
			  0600);
		if (fd >= 0 || errno != ENOENT)
			break;
		err = file_make_parent(p->path);
		if (err)
			return err;
	}
	if (fd < 0)
		return errno;
	/* whom one talks to is nobody else's business */
	if (fstat(fd, &st) ||
	    (S_ISREG(st.st_mode) && (st.st_mode & 077) && fchmod(fd, 0600))) {
		err = errno;
		goto out;
	}
	if (p->cut && write(fd, "\n", 1) != 1) {
		err = errno;
		goto out;
	}
	p->cut = false;
	n = write(fd, line, len);
	if (n < 0) {
		err = errno;
	} else {
		p->cut = (size_t)n < len;
		err = p->cut ? ENOSPC : 0;
	}
out:
	if (close(fd) && !err)
		err = errno;

	return err;
}

/* The newest lines of the file, also those another console has written */
static int compact(struct pasts *p)
{
	size_t len, at;
	unsigned n = 0;
	struct stat st;
	char *text;
	int err = file_read(&text, &len, &st, p->path, FILE_MAX);

	if (err)
		return err;
	for (at = len; at > 0; at--) {
		if (text[at - 1] == '\n' && n++ == PAST_MAX)
			break;
	}
	err = file_replace(p->path, text + at, len - at, 0600);
	free(text);
	p->lines = PAST_MAX;

	return err;
}

void past_add(struct pasts *p, const struct past *one)
{
	char *line;
	int err;

	keep(p, one);
	if (!p->path[0])
		return;
	line = to_line(one);
	err = append(p, line);
	free(line);
	if (!err && ++p->lines >= LINES_MAX)
		err = compact(p);
	if (!err || p->told)
		return;
	p->told = true;
	log_error("past", "%s: %s; calls are remembered until the end", p->path,
		  strerror(err));
}

/* ---- what there is ------------------------------------------------------- */

unsigned past_count(const struct pasts *p)
{
	return p->n;
}

const struct past *past_at(const struct pasts *p, unsigned i)
{
	return i < p->n ? &p->v[(p->first + p->n - 1 - i) % PAST_MAX] : NULL;
}

const struct past *past_transfer_of(const struct pasts *p, const char *peer)
{
	for (unsigned i = 0; i < p->n; i++) {
		const struct past *one = past_at(p, i);

		if (one->kind == PAST_TRANSFER &&
		    address_same_party(one->peer, peer))
			return one;
	}

	return NULL;
}
