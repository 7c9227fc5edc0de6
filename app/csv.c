/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/csv.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "app/alloc.h"

enum {
	CELLS_MAX = 64,
	QUOTED_MAX = 65536, /* between two quotes: more is one forgotten */
	LOOK_AHEAD = 20,    /* records that tell the separator */
};

/* A record at a time: cell i is cells[i] .. cells[i + 1] of buf */
struct csv {
	const char *p, *end;
	unsigned line; /* of p */
	char sep;
	unsigned first; /* line where the record began */
	char *buf;
	size_t len, size;
	size_t cells[CELLS_MAX + 1];
	unsigned n;
	unsigned wrong_line;
	char why[CONTACT_WHY_MAX]; /* "": the record is right */
};

static void put(struct csv *r, const char *s, size_t len)
{
	if (r->len + len >= r->size) {
		r->size = 2 * (r->len + len + 1);
		r->buf = alloc_grow(r->buf, r->size, 1);
	}
	memcpy(r->buf + r->len, s, len);
	r->len += len;
}

/* Behind the end of line at p: LF, CR LF, or the CR of old */
static const char *line_end(const char *p, const char *end)
{
	return p + 1 < end && p[0] == '\r' && p[1] == '\n' ? p + 2 : p + 1;
}

static bool at_line_end(const struct csv *r)
{
	return r->p < r->end && (*r->p == '\n' || *r->p == '\r');
}

static void skip_blanks(struct csv *r)
{
	while (r->p < r->end && *r->p == ' ')
		r->p++;
}

/* From behind the opening quote to behind the closing one and its blanks */
static bool quoted(struct csv *r)
{
	const char *stop =
		r->end - r->p > QUOTED_MAX ? r->p + QUOTED_MAX : r->end;

	while (r->p < stop) {
		const char *p = r->p;

		while (p < stop && *p != '"' && *p != '\n' && *p != '\r')
			p++;
		put(r, r->p, (size_t)(p - r->p));
		r->p = p;
		if (p == stop)
			break;
		if (*p != '"') {
			r->p = line_end(p, r->end);
			r->line++;
			put(r, "\n", 1);
			continue;
		}
		r->p++;
		if (r->p < r->end && *r->p == '"') {
			put(r, "\"", 1);
			r->p++;
			continue;
		}
		skip_blanks(r);
		if (r->p == r->end || *r->p == r->sep || at_line_end(r))
			return true;
		snprintf(r->why, sizeof(r->why),
			 "something stands behind a closing quote");
		return false;
	}
	snprintf(r->why, sizeof(r->why), "a quote is opened but not closed");

	return false;
}

static bool cell(struct csv *r)
{
	const char *begin = r->p;

	skip_blanks(r);
	if (r->p < r->end && *r->p == '"') {
		r->p++;
		return quoted(r);
	}
	r->p = begin;
	while (r->p < r->end && *r->p != r->sep && !at_line_end(r))
		r->p++;
	put(r, begin, (size_t)(r->p - begin));

	return true;
}

/* Only what is text may be in it; begin: where the record begins */
static void check_text(struct csv *r, const char *begin)
{
	size_t len = (size_t)(r->p - begin);
	size_t bad = contact_not_utf8(begin, len);
	const char *nul = memchr(begin, '\0', len), *line = begin;

	if (nul && (size_t)(nul - begin) < bad)
		bad = (size_t)(nul - begin);
	if (bad == len)
		return;
	r->wrong_line = r->first;
	for (const char *p = begin; p < begin + bad; p++) {
		if (*p == '\n' || (*p == '\r' && p[1] != '\n')) {
			r->wrong_line++;
			line = p + 1;
		}
	}
	if (!begin[bad])
		snprintf(r->why, sizeof(r->why), "byte %zu is NUL",
			 (size_t)(begin + bad - line) + 1);
	else
		snprintf(r->why, sizeof(r->why),
			 "byte %zu (0x%02x) is not UTF-8, perhaps Latin-1; "
			 "save the file as UTF-8",
			 (size_t)(begin + bad - line) + 1,
			 (unsigned char)begin[bad]);
}

/* The next record, right or wrong; false: there is none */
static bool next(struct csv *r)
{
	const char *begin = r->p;

	if (r->p == r->end)
		return false;
	r->first = r->wrong_line = r->line;
	r->len = 0;
	r->n = 0;
	r->why[0] = '\0';
	r->cells[0] = 0;
	for (;;) {
		if (!cell(r))
			break;
		if (r->n < CELLS_MAX)
			r->cells[++r->n] = r->len;
		if (r->p == r->end || *r->p != r->sep)
			break;
		r->p++;
	}
	if (r->why[0]) {
		/* only its first line is lost: what follows may be right */
		r->line = r->first;
		for (r->p = begin; r->p < r->end && !at_line_end(r);)
			r->p++;
	} else {
		check_text(r, begin);
	}
	if (r->p < r->end) {
		r->p = line_end(r->p, r->end);
		r->line++;
	}

	return true;
}

static size_t cell_len(const struct csv *r, unsigned i)
{
	return i < r->n ? r->cells[i + 1] - r->cells[i] : 0;
}

static const char *cell_at(const struct csv *r, unsigned i)
{
	return i < r->n ? r->buf + r->cells[i] : "";
}

static bool is_blank(const struct csv *r)
{
	for (size_t i = 0; i < r->len; i++)
		if (r->buf[i] != ' ' && r->buf[i] != '\t')
			return false;

	return !r->why[0];
}

/* ---- columns ----------------------------------------------------------- */

static const struct {
	const char *name;
	enum contact_field field;
} heads[] = {
	{"name", CONTACT_NAME},         {"full name", CONTACT_NAME},
	{"display name", CONTACT_NAME}, {"number", CONTACT_NUMBER},
	{"phone", CONTACT_NUMBER},      {"phone number", CONTACT_NUMBER},
	{"telephone", CONTACT_NUMBER},  {"extension", CONTACT_NUMBER},
	{"sip", CONTACT_NUMBER},        {"department", CONTACT_DEPARTMENT},
	{"note", CONTACT_NOTE},         {"notes", CONTACT_NOTE},
};

/* Which field a column name stands for, or CONTACT_FIELDS */
static enum contact_field head(const struct csv *r, unsigned i)
{
	struct contact c;

	contact_set(&c, CONTACT_NAME, cell_at(r, i), cell_len(r, i));
	for (size_t k = 0; k < sizeof(heads) / sizeof(heads[0]); k++) {
		if (strcasecmp(heads[k].name, c.name) == 0)
			return heads[k].field;
	}

	return CONTACT_FIELDS;
}

/* Is the record a line of column names?  Where each field stands then, the
 * number of columns: nowhere. */
static bool header(const struct csv *r, unsigned columns[CONTACT_FIELDS])
{
	bool found = false;

	for (unsigned i = 0; i < CONTACT_FIELDS; i++)
		columns[i] = CELLS_MAX;
	for (unsigned i = 0; i < r->n; i++) {
		enum contact_field f = head(r, i);

		if (f == CONTACT_FIELDS || columns[f] != CELLS_MAX)
			continue;
		columns[f] = i;
		found |= f == CONTACT_NAME || f == CONTACT_NUMBER;
	}

	return found;
}

/* Does the second cell look like somebody's number? */
static bool numbers(const struct csv *r)
{
	struct contact c;

	contact_set(&c, CONTACT_NUMBER, cell_at(r, 1), cell_len(r, 1));
	if (!c.number[0])
		return false;

	return c.number[strspn(c.number, "+0123456789*#-./() ")] == '\0' ||
	       strchr(c.number, '@') || strncasecmp(c.number, "sip", 3) == 0 ||
	       strncasecmp(c.number, "tel:", 4) == 0;
}

static char find_separator(const struct csv *start)
{
	static const char separators[] = {',', ';', '\t'};
	unsigned best = 0, columns[CONTACT_FIELDS];
	char sep = ',';

	for (size_t i = 0; i < sizeof(separators); i++) {
		struct csv r = *start;
		unsigned sense = 0;

		r.sep = separators[i];
		for (unsigned k = 0; k < LOOK_AHEAD && next(&r); k++) {
			if (r.n < 2 || r.why[0])
				continue;
			sense += 1 + 2 * numbers(&r);
			if (k == 0 && header(&r, columns))
				sense += 4 * LOOK_AHEAD;
		}
		free(r.buf);
		if (sense > best) {
			best = sense;
			sep = separators[i];
		}
	}

	return sep;
}

/* ---- reading ------------------------------------------------------------ */

static void entry(const struct csv *r, const unsigned columns[CONTACT_FIELDS],
		  const struct contact_sink *sink)
{
	struct contact c = {0};
	bool cut[CONTACT_FIELDS];
	bool used[CELLS_MAX + 1] = {false};
	const char *why;

	for (unsigned f = 0; f < CONTACT_FIELDS; f++) {
		cut[f] = contact_set(&c, (enum contact_field)f,
				     cell_at(r, columns[f]),
				     cell_len(r, columns[f]));
		used[columns[f]] = true;
	}
	why = contact_wrong(&c, cut[CONTACT_NUMBER]);
	if (why) {
		sink->wrong(r->first, why, sink->arg);
		return;
	}
	if (cut[CONTACT_NAME] || cut[CONTACT_DEPARTMENT] || cut[CONTACT_NOTE])
		sink->lost(r->first, "a text that is too long", sink->arg);
	for (unsigned i = 0; i < r->n; i++) {
		if (!used[i] && cell_len(r, i))
			sink->lost(r->first, "a column of no known name",
				   sink->arg);
	}
	sink->contact(&c, r->first, sink->arg);
}

void csv_read(const char *text, size_t len, const struct contact_sink *sink)
{
	struct csv r = {.p = text, .end = text + len, .line = 1};
	unsigned columns[CONTACT_FIELDS];
	bool first = true;

	r.sep = find_separator(&r);
	while (next(&r)) {
		if (is_blank(&r))
			continue;
		if (r.why[0]) {
			sink->wrong(r.wrong_line, r.why, sink->arg);
			continue;
		}
		if (first && header(&r, columns)) {
			first = false;
			if (columns[CONTACT_NAME] != CELLS_MAX &&
			    columns[CONTACT_NUMBER] != CELLS_MAX)
				continue;
			sink->wrong(r.first,
				    columns[CONTACT_NAME] == CELLS_MAX
					    ? "no column is called name"
					    : "no column is called number",
				    sink->arg);
			break;
		}
		for (unsigned f = 0; first && f < CONTACT_FIELDS; f++)
			columns[f] = f;
		first = false;
		entry(&r, columns, sink);
	}
	free(r.buf);
}

/* ---- writing ------------------------------------------------------------ */

void csv_head(FILE *f)
{
	fputs("name,number,department,note\n", f);
}

static void write_cell(FILE *f, const char *s, char end)
{
	bool quote = strpbrk(s, ",;\"") || s[0] == ' ';

	if (quote)
		fputc('"', f);
	for (; *s; s++) {
		if (*s == '"')
			fputc('"', f);
		fputc(*s, f);
	}
	if (quote)
		fputc('"', f);
	fputc(end, f);
}

void csv_write(FILE *f, const struct contact *c)
{
	write_cell(f, c->name, ',');
	write_cell(f, c->number, ',');
	write_cell(f, c->department, ',');
	write_cell(f, c->note, '\n');
}
