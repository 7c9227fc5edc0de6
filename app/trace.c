/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/trace.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "app/alloc.h"
#include "app/capture.h"
#include "app/pieces.h"
#include "base/log.h"
#include "base/text.h"
#include "base/thread.h"

struct trace_out {
	FILE *text;
	char text_path[PATH_MAX_LEN];
	struct capture *pcap;
	char pcap_path[PATH_MAX_LEN];
	struct pieces pieces;
};

/* ---- giving up ------------------------------------------------------------
 */

static void say_lost(const char *path, int err)
{
	log_error("trace",
		  "%s: %s: nothing more is written there; make room "
		  "or choose another file, and start again",
		  path, strerror(err ? err : EIO));
}

static void text_done(struct trace_out *t)
{
	int err;

	errno = 0;
	if (!fflush(t->text) && !ferror(t->text))
		return;

	err = errno;
	(void)fclose(t->text); /* it has failed already */
	t->text = NULL;
	say_lost(t->text_path, err);
}

static void pcap_done(struct trace_out *t, int err)
{
	if (!err)
		return;

	capture_free(t->pcap);
	t->pcap = NULL;
	say_lost(t->pcap_path, err);
}

/* ---- text -----------------------------------------------------------------
 */

/* Length of the valid UTF-8 character at p, 0 when it is not one */
static size_t utf8_len(const unsigned char *p, size_t left, uint32_t *cp)
{
	static const uint32_t minv[] = {0, 0, 0x80, 0x800, 0x10000};
	size_t n = *p < 0x80             ? 1
		   : (*p & 0xe0) == 0xc0 ? 2
		   : (*p & 0xf0) == 0xe0 ? 3
		   : (*p & 0xf8) == 0xf0 ? 4
					 : 0;
	size_t i;

	if (!n || n > left)
		return 0;

	*cp = n == 1 ? *p : *p & (0x7fu >> n);
	for (i = 1; i < n; ++i) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		*cp = *cp << 6 | (p[i] & 0x3fu);
	}
	if (*cp < minv[n] || *cp > 0x10ffff || (*cp >= 0xd800 && *cp < 0xe000))
		return 0;

	return n;
}

/* Could it do something to a terminal or to the order of what is read? */
static bool is_harmful(uint32_t cp)
{
	return cp < 0x20 || (cp >= 0x7f && cp < 0xa0) || cp == 0x061c ||
	       (cp >= 0x200b && cp <= 0x200f) ||
	       (cp >= 0x2028 && cp <= 0x202e) ||
	       (cp >= 0x2060 && cp <= 0x2069) || cp == 0xfeff;
}

static void put_safe(FILE *f, const char *data, size_t len)
{
	const unsigned char *p = (const unsigned char *)data;
	size_t i = 0;

	while (i < len) {
		uint32_t cp = 0;
		size_t n = utf8_len(p + i, len - i, &cp);
		bool ok = n && !is_harmful(cp);

		/* a bare CR would let the rest of a line cover its begin */
		if (p[i] == '\n' || p[i] == '\t' ||
		    (p[i] == '\r' && i + 1 < len && p[i + 1] == '\n'))
			ok = true;

		for (n = n ? n : 1; n; --n, ++i) {
			if (ok)
				(void)putc(p[i], f);
			else
				(void)fprintf(f, "\\x%02X", p[i]);
		}
	}
}

static void put_time(FILE *f, uint64_t wall_us)
{
	time_t s = (time_t)(wall_us / 1000000);
	struct tm tm;

	if (!localtime_r(&s, &tm))
		memset(&tm, 0, sizeof(tm));
	(void)fprintf(f, "%02d:%02d:%02d.%03u", tm.tm_hour, tm.tm_min,
		      tm.tm_sec, (unsigned)(wall_us / 1000 % 1000));
}

static void text_message(struct trace_out *t, const char *note)
{
	const struct trace_info *m = &t->pieces.head;

	put_time(t->text, m->wall_us);
	(void)fprintf(t->text, " %s %s ", m->tx ? ">>>" : "<<<",
		      transp_name(m->tp));
	put_safe(t->text, m->src, strlen(m->src));
	(void)fputs(" -> ", t->text);
	put_safe(t->text, m->dst, strlen(m->dst));
	(void)fprintf(t->text, ", %" PRIu32 " bytes%s%s\n", m->total,
		      *note ? ": " : "", note);
	put_safe(t->text, t->pieces.data, t->pieces.len);
	(void)fputs(t->pieces.len && t->pieces.data[t->pieces.len - 1] == '\n'
			    ? "\n"
			    : "\n\n",
		    t->text);
	text_done(t);
}

/* ---- putting together -----------------------------------------------------
 */

static void on_message(const struct pieces *p, void *arg)
{
	struct trace_out *t = arg;
	char note[PIECES_NOTE_MAX];

	pieces_note(note, sizeof(note), p->head.total, p->start, p->len);
	if (t->text)
		text_message(t, note);
	if (t->pcap) {
		const struct capture_msg m = {
			.wall_us = p->head.wall_us,
			.src = p->head.src,
			.dst = p->head.dst,
			.data = p->data,
			.len = p->len,
			.note = note,
		};

		pcap_done(t, capture_write(t->pcap, &m));
	}
}

void trace_event(struct trace_out *t, const struct event *ev)
{
	ASSERT_UI();

	if (ev->type == EV_TRACE && (t->text || t->pcap)) {
		if (!pieces_add(&t->pieces, &ev->u.trace, on_message, t))
			log_warn("trace",
				 "a piece that cannot be was left out");
	} else if (ev->type == EV_DROPPED && t->text) {
		/* a message that is open may still go on behind this */
		(void)fprintf(t->text,
			      "--- %" PRIu64 " messages were dropped here: "
			      "they came faster than they could be read\n\n",
			      ev->u.dropped);
		text_done(t);
	}
}

/* ---- files ----------------------------------------------------------------
 */

static bool is_same_file(FILE *a, FILE *b)
{
	struct stat sa, sb;

	return !fstat(fileno(a), &sa) && !fstat(fileno(b), &sb) &&
	       S_ISREG(sa.st_mode) && sa.st_dev == sb.st_dev &&
	       sa.st_ino == sb.st_ino;
}

int trace_open(struct trace_out **tp, const char *text_path,
	       const char *pcap_path, char *why, unsigned size)
{
	struct trace_out *t;
	FILE *capture = NULL;
	int err = 0;

	ASSERT_UI();

	t = alloc_zero(sizeof(*t));
	if (text_path)
		err = capture_file(&t->text, text_path, why, size);
	if (!err && pcap_path)
		err = capture_file(&capture, pcap_path, why, size);
	if (err)
		goto out;
	/* a file of that name was opened, so it fits */
	text_cut(t->text_path, sizeof(t->text_path),
		 text_path ? text_path : "");
	text_cut(t->pcap_path, sizeof(t->pcap_path),
		 pcap_path ? pcap_path : "");

	if (t->text && capture && is_same_file(t->text, capture)) {
		(void)snprintf(why, size,
			       "%s cannot be both the text and the capture: "
			       "name two files",
			       text_path);
		err = EINVAL;
		goto out;
	}
	if (capture) {
		err = capture_new(&t->pcap, capture, pcap_path, why, size);
		capture = NULL;
		if (!err)
			pcap_done(t, capture_flush(t->pcap));
	}

out:
	if (capture)
		(void)fclose(capture);
	if (err)
		trace_close(t);
	else
		*tp = t;
	return err;
}

void trace_close(struct trace_out *t)
{
	if (!t)
		return;

	ASSERT_UI();

	pieces_end(&t->pieces, on_message, t);
	/* all was flushed and checked behind each message */
	if (t->text)
		(void)fclose(t->text);
	capture_free(t->pcap);
	pieces_done(&t->pieces);
	free(t);
}
