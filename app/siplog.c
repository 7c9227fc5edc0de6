/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/siplog.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "app/alloc.h"
#include "app/capture.h"
#include "app/pieces.h"
#include "app/sipmsg.h"
#include "base/text.h"

struct entry {
	struct sip_line line;
	uint32_t total, start; /* what of it was seen, for the capture */
	char *raw;
};

struct siplog {
	struct entry *v; /* a ring: [first, first + n) */
	unsigned room, first, n;
	size_t bytes, bytes_max;
	uint64_t serial;
	struct pieces pieces;
	bool complete; /* siplog_take() got one to its end */
};

void siplog_new(struct siplog **sp, unsigned lines, size_t bytes)
{
	struct siplog *s = alloc_zero(sizeof(*s));

	s->room = lines ? lines : 1;
	s->bytes_max = bytes;
	s->v = alloc_zero(s->room * sizeof(*s->v));
	*sp = s;
}

static struct entry *entry_at(const struct siplog *s, unsigned i)
{
	return &s->v[(s->first + i) % s->room];
}

static void drop_oldest(struct siplog *s)
{
	struct entry *e = entry_at(s, 0);

	s->bytes -= e->line.len;
	free(e->raw);
	*e = (struct entry){0};
	s->first = (s->first + 1) % s->room;
	s->n--;
}

void siplog_free(struct siplog *s)
{
	if (!s)
		return;
	while (s->n)
		drop_oldest(s);
	pieces_done(&s->pieces);
	free(s->v);
	free(s);
}

/* ---- messages come in ------------------------------------------------ */

static void on_message(const struct pieces *p, void *arg)
{
	struct siplog *s = arg;
	size_t len = p->len < s->bytes_max ? p->len : s->bytes_max;
	struct entry *e;
	struct sip_line *l;

	while (s->n && (s->n == s->room || s->bytes + len > s->bytes_max))
		drop_oldest(s);

	e = entry_at(s, s->n++);
	*e = (struct entry){.total = p->head.total, .start = p->start};
	e->raw = alloc_zero(len + 1);
	if (len)
		memcpy(e->raw, p->data, len);
	s->bytes += len;
	s->complete = true;

	l = &e->line;
	l->serial = ++s->serial;
	l->wall_us = p->head.wall_us;
	l->tx = p->head.tx;
	l->tp = p->head.tp;
	text_clean(l->src, sizeof(l->src), p->head.src, strlen(p->head.src));
	text_clean(l->dst, sizeof(l->dst), p->head.dst, strlen(p->head.dst));
	l->raw = e->raw;
	l->len = len;
	if (p->start)
		text_copy(l->what, sizeof(l->what), "(its begin is missing)");
	else
		sipmsg_summary(l);
}

bool siplog_take(struct siplog *s, const struct trace_info *piece)
{
	s->complete = false;
	/* one that cannot be: the trace says so, when there is one */
	(void)pieces_add(&s->pieces, piece, on_message, s);

	return s->complete;
}

/* ---- and are looked at ----------------------------------------------- */

unsigned siplog_count(const struct siplog *s)
{
	return s->n;
}

const struct sip_line *siplog_at(const struct siplog *s, unsigned i)
{
	return i < s->n ? &entry_at(s, i)->line : NULL;
}

static bool is_of(const struct sip_line *l, const uint64_t *dialogs, unsigned n)
{
	for (unsigned i = 0; l->dialog && i < n; i++)
		if (dialogs[i] == l->dialog)
			return true;

	return false;
}

unsigned siplog_of(const struct siplog *s, const uint64_t *dialogs, unsigned n,
		   const struct sip_line **v, unsigned max)
{
	unsigned count = 0;

	for (unsigned i = s->n; i > 0 && count < max; i--) {
		const struct sip_line *l = siplog_at(s, i - 1);

		if (is_of(l, dialogs, n))
			v[count++] = l;
	}
	for (unsigned i = 0; i < count / 2; i++) {
		const struct sip_line *l = v[i];

		v[i] = v[count - 1 - i];
		v[count - 1 - i] = l;
	}

	return count;
}

const struct sip_line *siplog_find(const struct siplog *s, uint64_t serial)
{
	uint64_t oldest;

	if (!s->n)
		return NULL;
	oldest = siplog_at(s, 0)->serial;
	if (serial < oldest || serial - oldest >= s->n)
		return NULL;

	return siplog_at(s, (unsigned)(serial - oldest));
}

bool siplog_row(const struct sip_line *l, unsigned row, char *dst, size_t size)
{
	const char *p = l->raw, *end = p + l->len, *eol;

	dst[0] = '\0';
	for (; p < end; p = eol + 1, row--) {
		size_t len;

		eol = memchr(p, '\n', (size_t)(end - p));
		if (!eol)
			eol = end;
		if (row)
			continue;
		len = (size_t)(eol - p);
		if (len && p[len - 1] == '\r')
			len--;
		text_clean(dst, size, p, len);
		return true;
	}

	return false;
}

/* ---- capture file ---------------------------------------------------- */

static int save_one(struct capture *c, const struct entry *e)
{
	char note[PIECES_NOTE_MAX];
	const struct capture_msg m = {
		.wall_us = e->line.wall_us,
		.src = e->line.src,
		.dst = e->line.dst,
		.data = e->raw,
		.len = e->line.len,
		.note = note,
	};

	pieces_note(note, sizeof(note), e->total, e->start, e->line.len);

	return capture_write(c, &m);
}

int siplog_save(const struct siplog *s, const uint64_t *dialogs, unsigned n,
		const char *path, unsigned *savedp, char *why, size_t size)
{
	struct capture *c = NULL;
	unsigned saved = 0;
	FILE *f;
	int err;

	err = capture_file(&f, path, why, size);
	if (!err)
		err = capture_new(&c, f, path, why, size);
	if (err)
		return err;

	err = capture_flush(c);
	for (unsigned i = 0; !err && i < s->n; i++) {
		const struct entry *e = entry_at(s, i);

		if (dialogs && !is_of(&e->line, dialogs, n))
			continue;
		err = save_one(c, e);
		saved++;
	}
	capture_free(c);
	if (err)
		(void)snprintf(why, size,
			       "cannot write %s: %s; make room or choose "
			       "another file",
			       path, strerror(err));
	else
		*savedp = saved;

	return err;
}
