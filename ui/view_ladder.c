/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "base/text.h"
#include "ui/view.h"

/*
 * SIP as it went over the wire: the ladder of a call and its transfer, one
 * message in full, and the trace of all.
 *
 * A lifeline is drawn for whom our stack has exchanged messages with.  The
 * target of a blind transfer has exchanged none: what is known of it was
 * reported by NOTIFY, so its arrows are dotted and its line says so.
 */

enum { TIME_W = 12, DELTA_W = 6, LINE_X = 26 };

static const char *sip_role(const struct sip_line *l)
{
	static const char *const roles[] = {"sip.request", "sip.1xx", "sip.2xx",
					    "sip.3xx", "sip.4xx"};
	const unsigned class = l->code / 100;

	return roles[class < 4 ? class : 4];
}

static char *clock_of(char *buf, size_t size, uint64_t wall_us, bool hours)
{
	const time_t s = (time_t)(wall_us / 1000000);
	const unsigned ms = (unsigned)(wall_us / 1000 % 1000);
	struct tm tm;

	if (!localtime_r(&s, &tm))
		memset(&tm, 0, sizeof(tm));
	if (hours)
		snprintf(buf, size, "%02d:%02d:%02d.%03u", tm.tm_hour,
			 tm.tm_min, tm.tm_sec, ms);
	else
		snprintf(buf, size, "%02d:%02d.%02u", tm.tm_min, tm.tm_sec,
			 ms / 10);

	return buf;
}

/* "INVITE", "200 OK", "NOTIFY 180", "REFER → 202" */
static void label_of(const struct canvas *c, const struct sip_line *l,
		     char *buf, size_t size)
{
	char number[NAME_MAX_LEN];
	const char *to;

	if (l->code)
		snprintf(buf, size, "%u %s", l->code, l->what);
	else if (l->report)
		snprintf(buf, size, "%s %u", l->method, l->report);
	else if (strcmp(l->method, "REFER") == 0 &&
		 (to = strstr(l->what, "<sip")))
		snprintf(buf, size, "REFER %s %s", glyph(c, GLYPH_OUT),
			 desk_number(to + 1, number, sizeof(number)));
	else
		snprintf(buf, size, "%s", l->method);
}

/* Where to go on behind a method: the longest must not touch what follows */
static int after_word(int w, int usual)
{
	return w + 3 > usual ? w + 3 : usual;
}

void view_message_line(struct canvas *c, struct rect r,
		       const struct sip_line *l, int time_w)
{
	char time[16], word[24];
	int x = r.x + 1;

	clock_of(time, sizeof(time), l->wall_us, time_w > 8);
	canvas_text(c, r.y, x, time_w > 8 ? TIME_W : 8, role("muted"), time);
	x += time_w > 8 ? TIME_W + 1 : 9;
	canvas_glyph(c, r.y, x, role("muted"), l->tx ? GLYPH_OUT : GLYPH_IN);
	if (l->code)
		snprintf(word, sizeof(word), "%u", l->code);
	else
		snprintf(word, sizeof(word), "%s", l->method);
	x += after_word(canvas_text(c, r.y, x + 2, 9, role(sip_role(l)), word),
			9);
	canvas_text(c, r.y, x, r.x + r.w - x, role("text"), l->what);
}

/* ---- the trace ---------------------------------------------------------- */

static uint32_t call_of(const struct desk *d, uint64_t dialog)
{
	const struct model *m = &d->app->model;

	for (unsigned i = m->callc; dialog && i-- > 0;) {
		if (m->calls[i].dialog == dialog)
			return m->calls[i].id;
	}

	return 0;
}

static void trace_row(struct canvas *c, struct rect r, const struct desk *d,
		      const struct sip_line *l)
{
	const uint32_t call = call_of(d, l->dialog);
	char time[16], word[24], id[12] = "-";
	int x = r.x + 1;

	clock_of(time, sizeof(time), l->wall_us, r.w >= 76);
	x += canvas_text(c, r.y, x, TIME_W, role("muted"), time) + 1;
	if (call)
		snprintf(id, sizeof(id), "%u", call);
	x += canvas_printf(c, r.y, x, 5, role("strong"), "%2s", id) + 1;
	canvas_glyph(c, r.y, x, role("muted"), l->tx ? GLYPH_OUT : GLYPH_IN);
	if (l->code)
		snprintf(word, sizeof(word), "%u", l->code);
	else
		snprintf(word, sizeof(word), "%s", l->method);
	x += after_word(canvas_text(c, r.y, x + 2, 9, role(sip_role(l)), word),
			10);
	canvas_text(c, r.y, x, r.x + r.w - x, role("text"), l->what);
}

void view_trace(struct canvas *c, struct rect r, const struct desk *d)
{
	const unsigned n = siplog_count(d->sip);
	const unsigned sel = desk_row(d, PANE_TRACE);
	const bool live = !d->row[PANE_TRACE];
	char right[64];
	unsigned first;

	snprintf(right, sizeof(right), "all calls %s %s", glyph(c, GLYPH_DOT),
		 live ? "live" : "held, f follows");
	r = view_header(c, r, d, PANE_TRACE, "SIP trace", right);
	if (!n)
		return;
	first = view_first(n, sel, r.h);
	for (int i = 0; i < r.h && first + (unsigned)i < n; i++) {
		const unsigned at = first + (unsigned)i;
		const struct rect row = {r.y + i, r.x, 1, r.w};

		trace_row(c, row, d, siplog_at(d->sip, at));
		if (at == sel && d->focus == PANE_TRACE)
			canvas_role(c, row, role("select"));
	}
}

/* ---- the ladder ---------------------------------------------------------- */

struct ladder {
	const struct desk *d;
	const struct call_info *one, *two; /* caller, consult call or NULL */
	const struct tale *tale;           /* or NULL                     */
	int x[3];                          /* lifelines: caller, us, target */
	bool reported; /* the target's line is what NOTIFYs say */
	bool third;
};

static void ladder_init(struct ladder *k, const struct desk *d, struct rect r)
{
	const struct model *m = &d->app->model;
	const int step = (r.w - LINE_X - 8) / 2;

	*k = (struct ladder){.d = d, .tale = desk_tale_of(d, d->ladder)};
	k->one = model_call(m, k->tale ? k->tale->info.call : d->ladder);
	k->two = k->tale ? model_call(m, k->tale->info.consult) : NULL;
	k->reported = k->tale && !k->two;
	k->third = k->tale != NULL;
	for (int i = 0; i < 3; i++)
		k->x[i] = r.x + LINE_X + i * step;
}

static void names(struct canvas *c, struct rect r, const struct ladder *k,
		  const struct sip_line *first)
{
	const int w = k->x[1] - k->x[0] - 1;
	char name[NAME_MAX_LEN], shorter[NAME_MAX_LEN];

	if (r.h < 2)
		return;
	if (k->one)
		desk_name(k->d, k->one, name, sizeof(name));
	else
		text_copy(name, sizeof(name), k->tale ? k->tale->caller : "");
	desk_short(name, shorter, sizeof(shorter));
	canvas_text(c, r.y, k->x[0] - 5, w, role("strong"), shorter);
	canvas_text(c, r.y, k->x[1] - 1, w, role("strong"), "us");
	canvas_text(c, r.y + 1, r.x + 1, TIME_W, role("muted"), "time");
	canvas_text(c, r.y + 1, r.x + TIME_W + 3, 4, role("muted"),
		    c->ascii ? "+ms" : "Δms");
	if (first) {
		canvas_text(c, r.y + 1, k->x[0] - 7, w, role("muted"),
			    first->tx ? first->dst : first->src);
		canvas_text(c, r.y + 1, k->x[1] - 7, w, role("muted"),
			    first->tx ? first->src : first->dst);
	}
	if (!k->third)
		return;
	desk_short(k->tale->target, shorter, sizeof(shorter));
	canvas_printf(c, r.y, k->x[2] - 5, r.x + r.w - k->x[2] + 4,
		      role("strong"), "%s%s%s", shorter,
		      strcmp(shorter, k->tale->number) == 0 ? "" : " ",
		      strcmp(shorter, k->tale->number) == 0 ? ""
							    : k->tale->number);
	canvas_text(c, r.y + 1, k->x[2] - 7, r.x + r.w - k->x[2] + 6,
		    role("muted"), k->reported ? "(via NOTIFY)" : "");
}

static void lifelines(struct canvas *c, int y, const struct ladder *k)
{
	for (int i = 0; i < (k->third ? 3 : 2); i++)
		canvas_glyph(c, y, k->x[i], role("rule"), GLYPH_BAR);
}

static void arrow(struct canvas *c, int y, int from, int to, const char *label,
		  const char *ro, bool seen)
{
	const int left = from < to ? from : to;
	const int w = (from < to ? to - from : from - to) - 1;
	const int len = (int)text_width(label);
	const int room = w - 4;
	const int shown = len < room ? len : room;
	const int at = left + 1 + (w - shown - 2) / 2;

	if (w < 4)
		return;
	canvas_hline(c, y, left + 1, w, role("rule"),
		     seen ? GLYPH_DASH : GLYPH_SEEN);
	canvas_text(c, y, at, 1, role(ro), " ");
	canvas_text(c, y, at + 1, shown, role(ro), label);
	canvas_text(c, y, at + 1 + shown, 1, role(ro), " ");
	canvas_glyph(c, y, from < to ? left + w : left + 1, role(ro),
		     from < to ? GLYPH_ARROW_R : GLYPH_ARROW_L);
}

static void message_row(struct canvas *c, struct rect r, const struct ladder *k,
			const struct sip_line *l, uint64_t before_us)
{
	const bool second = k->two && l->dialog == k->two->dialog;
	const int peer = second ? k->x[2] : k->x[0];
	char time[16], delta[16], label[128];
	const uint64_t ms = before_us && l->wall_us > before_us
				    ? (l->wall_us - before_us) / 1000
				    : 0;

	canvas_text(c, r.y, r.x + 1, TIME_W, role("muted"),
		    clock_of(time, sizeof(time), l->wall_us, true));
	if (before_us) {
		if (ms < 100000)
			snprintf(delta, sizeof(delta), "+%u", (unsigned)ms);
		else
			snprintf(delta, sizeof(delta), "+%us",
				 (unsigned)(ms / 1000));
		canvas_right(c, r.y, r.x + TIME_W + 1, DELTA_W, role("muted"),
			     delta);
	}
	lifelines(c, r.y, k);
	label_of(c, l, label, sizeof(label));
	arrow(c, r.y, l->tx ? k->x[1] : peer, l->tx ? peer : k->x[1], label,
	      sip_role(l), true);
}

static void report_row(struct canvas *c, struct rect r, const struct ladder *k,
		       const struct sip_line *l)
{
	const unsigned code = l->report;
	char label[48], time[16];

	canvas_text(c, r.y, r.x + 1, TIME_W, role("muted"),
		    clock_of(time, sizeof(time), l->wall_us, true));
	canvas_right(c, r.y, r.x + TIME_W + 1, DELTA_W, role("muted"), "+0");
	lifelines(c, r.y, k);
	snprintf(label, sizeof(label), "%u reported", code);
	arrow(c, r.y, k->x[2], k->x[1], label,
	      code >= 300   ? "sip.4xx"
	      : code >= 200 ? "sip.2xx"
			    : "sip.1xx",
	      false);
}

static bool reports(const struct ladder *k, const struct sip_line *l)
{
	return k->reported && l->report > 100;
}

/* Rows below a header of two; a NOTIFY's report is a row more */
static void rows(struct canvas *c, struct rect r, const struct ladder *k,
		 const struct sip_line *const *v, unsigned n, unsigned sel)
{
	/* enough before the chosen one to fill half, reports counted */
	unsigned first = view_first(n, sel, r.h);
	int y;

	for (;; first++) {
		unsigned used = 0;

		for (unsigned i = first; i < n && i <= sel; i++)
			used += 1u + reports(k, v[i]);
		if (used <= (unsigned)r.h || first >= sel)
			break;
	}
	y = r.y;
	for (unsigned i = first; i < n && y < r.y + r.h; i++) {
		const struct rect row = {y++, r.x, 1, r.w};

		message_row(c, row, k, v[i], i ? v[i - 1]->wall_us : 0);
		if (i == sel) {
			canvas_text(c, row.y, r.x, 1, role("strong"), ">");
			canvas_role(c, (struct rect){row.y, r.x, 1, 19},
				    role(k->d->focus == PANE_LADDER
						 ? "select"
						 : "select.blur"));
		}
		if (reports(k, v[i]) && y < r.y + r.h)
			report_row(c, (struct rect){y++, r.x, 1, r.w}, k, v[i]);
	}
}

static void title(const struct canvas *c, const struct ladder *k, char *dst,
		  size_t size)
{
	char name[NAME_MAX_LEN] = "";

	if (k->one)
		desk_name(k->d, k->one, name, sizeof(name));
	snprintf(dst, size, "Ladder  call %u  %s%s%s%s%s", k->d->ladder, name,
		 k->tale ? " " : "", k->tale ? glyph(c, GLYPH_OUT) : "",
		 k->tale ? " " : "", k->tale ? k->tale->target : "");
}

void view_ladder(struct canvas *c, struct rect r, const struct desk *d)
{
	const struct sip_line *v[LADDER_MAX];
	const unsigned n = desk_ladder(d, v, LADDER_MAX);
	const unsigned sel = desk_row(d, PANE_LADDER);
	char left[3 * NAME_MAX_LEN], right[64];
	struct ladder k;

	ladder_init(&k, d, r);
	title(c, &k, left, sizeof(left));
	snprintf(right, sizeof(right), "%u messages %s %s", n,
		 glyph(c, GLYPH_DOT), d->row[PANE_LADDER] ? "held" : "live");
	r = view_header(c, r, d, PANE_LADDER, left, right);
	names(c, r, &k, n ? v[0] : NULL);
	r.y += 2;
	r.h -= 2;
	if (n && r.h > 0)
		rows(c, r, &k, v, n, sel);
	else if (r.h > 0)
		canvas_text(c, r.y, r.x + 2, r.w - 2, role("muted"),
			    "no message of it is kept any more");
}

/* ---- one message --------------------------------------------------------- */

static void text_row(struct canvas *c, struct rect r, const char *text,
		     bool body)
{
	const char *colon = strchr(text, ':');
	const int w = body || !colon || strchr(text, ' ') < colon
			      ? 0
			      : (int)(colon - text);

	if (w)
		canvas_printf(c, r.y, r.x + 1, r.w - 1, role("sip.header"),
			      "%.*s:", w, text);
	canvas_text(c, r.y, r.x + 1 + (w ? w + 1 : 0),
		    r.w - 1 - (w ? w + 1 : 0), role("text"),
		    w ? text + w + 1 : text);
}

/* Headers that every message has and nobody looks for; and the empty line */
static bool routine(const char *text)
{
	static const char *const names[] = {
		"Via:",       "From:",       "To:",
		"Call-ID:",   "CSeq:",       "Max-Forwards:",
		"Contact:",   "User-Agent:", "Allow:",
		"Supported:", "Server:",     "Record-Route:",
		"Route:",     "Accept:",     "Content-Length:",
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strncasecmp(text, names[i], strlen(names[i])) == 0)
			return true;
	}

	return text[0] == '\0';
}

void view_message(struct canvas *c, struct rect r, const struct desk *d)
{
	const struct sip_line *v[LADDER_MAX], *l = NULL;
	const unsigned n = desk_ladder(d, v, LADDER_MAX);
	const unsigned sel = desk_row(d, PANE_LADDER);
	char left[160] = "Message", right[32] = "", text[1024], label[128];
	/* a glance; Enter shows all of it */
	const bool few = r.h <= 8 && d->focus != PANE_MESSAGE;
	bool body = false;
	int y;

	if (n && sel < n)
		l = v[sel];
	if (l) {
		label_of(c, l, label, sizeof(label));
		snprintf(left, sizeof(left), "%s %s", label,
			 glyph(c, l->tx ? GLYPH_OUT : GLYPH_IN));
		snprintf(right, sizeof(right), "message %u", sel + 1);
	}
	r = view_header(c, r, d, PANE_MESSAGE, left, right);
	y = r.y - (int)d->scroll[PANE_MESSAGE];
	for (unsigned row = 0; l && siplog_row(l, row, text, sizeof(text));
	     row++) {
		if (y >= r.y + r.h)
			break;
		if (few && (row == 0 || (!body && routine(text)))) {
			body |= text[0] == '\0';
			continue;
		}
		if (y >= r.y)
			text_row(c, (struct rect){y, r.x, 1, r.w}, text,
				 body || row == 0);
		y++;
		body |= text[0] == '\0';
	}
}
