/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ui/term.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <wchar.h>

#include "app/alloc.h"
#include "base/log.h"
#include "base/text.h"
#include "base/thread.h"
#include "ui/tty.h"

/* last: it brings macros with everyday names */
#include <ncurses.h>

enum { DIRECT = 0x1000000, MESSAGE_MAX = 256 };

#define SYNC_ON "\x1b[?2026h"
#define SYNC_OFF "\x1b[?2026l"
#define SYNC_ASK "\x1b[?2026$p"
#define MODES_ON "\x1b[?2004h\x1b[?1004h"
#define MODES_OFF "\x1b[?1004l\x1b[?2004l"
#define MOUSE_ON "\x1b[?1000h\x1b[?1002h\x1b[?1006h"
#define MOUSE_OFF "\x1b[?1006l\x1b[?1002l\x1b[?1000l"
#define TITLE_PUSH "\x1b[22;2t"
#define TITLE_POP "\x1b[23;2t"

struct look {
	attr_t attrs;
	int pair;
};

struct pair {
	int fg, bg;
};

/*
 * ncurses writes into a file in memory, never to the terminal: a frame is
 * then one piece that can be counted, put in brackets and sent without
 * waiting.  Modes and size of the line are ours too (tty.h); ncurses does not
 * even see that there is one.
 */
struct term {
	struct tty *tty;
	SCREEN *screen;
	FILE *out, *in; /* the file in memory; nothing is read */
	int fd;
	int rows, cols; /* as told by term_size() */
	bool here;      /* not left for the shell */
	bool repaint;
	bool modern; /* understands what xterm does: titles, questions */
	bool title;  /* was set */
	bool mouse;
	bool sync, sync_auto;
	bool defaults; /* it has colours of its own */
	unsigned colors;
	unsigned serial; /* of the theme */
	struct look looks[ROLES_MAX];
	struct pair pairs[ROLES_MAX + 1]; /* from 1 */
	int pairc;
};

/* ---- bytes of ncurses -------------------------------------------------- */

static void start_over(struct term *t)
{
	if (ftruncate(t->fd, 0) < 0 || lseek(t->fd, 0, SEEK_SET) < 0)
		log_error("term", "the frame cannot be emptied: %s",
			  strerror(errno));
}

/* What ncurses wrote since the last time goes out. */
static void pass_on(struct term *t, bool frame)
{
	off_t size = lseek(t->fd, 0, SEEK_CUR);
	char *buf;

	if (size <= 0)
		return;
	buf = alloc_zero((size_t)size);
	if (pread(t->fd, buf, (size_t)size, 0) == size) {
		if (frame && t->sync)
			tty_puts(t->tty, SYNC_ON);
		tty_put(t->tty, buf, (size_t)size);
		if (frame && t->sync)
			tty_puts(t->tty, SYNC_OFF);
	}
	free(buf);
	start_over(t);
}

static bool has_cap(const char *name)
{
	const char *cap = tigetstr(name);

	return cap && cap != (char *)-1 && cap[0];
}

/* A string of terminfo without its padding, $<5> */
static void append_cap(char *dst, size_t size, const char *name)
{
	const char *cap = has_cap(name) ? tigetstr(name) : "";
	size_t at = strlen(dst);

	while (*cap && at + 1 < size) {
		const char *end = cap[0] == '$' && cap[1] == '<'
					  ? strchr(cap, '>')
					  : NULL;

		if (end) {
			cap += end - cap + 1;
			continue;
		}
		dst[at++] = *cap++;
	}
	dst[at] = '\0';
}

/* Whatever was just being sent, CAN ends it. */
static void way_back(const struct term *t, char *buf, size_t size)
{
	snprintf(buf, size, "\x18%s%s%s%s", t->modern ? SYNC_OFF : "",
		 MOUSE_OFF, MODES_OFF, t->modern ? TITLE_POP : "");
	append_cap(buf, size, "sgr0");
	append_cap(buf, size, "cnorm");
	append_cap(buf, size, "rmcup");
	append_cap(buf, size, "op");
	if (!has_cap("rmcup")) /* the screen stays: begin below it */
		snprintf(buf + strlen(buf), size - strlen(buf), "\r\n");
}

/* ---- opening ----------------------------------------------------------- */

/* ncurses takes signals that nobody has; they are none of its business. */
static SCREEN *screen_new(const char *type, FILE *out, FILE *in)
{
	static const int taken[] = {SIGINT, SIGTERM, SIGTSTP, SIGWINCH};
	enum { TAKEN = sizeof(taken) / sizeof(taken[0]) };
	struct sigaction before[TAKEN];
	SCREEN *screen;

	for (unsigned i = 0; i < TAKEN; i++)
		sigaction(taken[i], NULL, &before[i]);
	/* LINES and COLUMNS are the shell's; without a size it would not go */
	use_env(FALSE);
	use_tioctl(TRUE);
	screen = newterm(type, out, in);
	for (unsigned i = 0; i < TAKEN; i++)
		sigaction(taken[i], &before[i], NULL);

	return screen;
}

static int unfit(int err, char *why, size_t size, const char *type)
{
	char shown[64];

	text_clean(shown, sizeof(shown), type, strlen(type));
	if (!type[0])
		snprintf(why, size,
			 "TERM is not set, so the terminal is not known; set "
			 "it, or use --plain");
	else if (err == ENOENT)
		snprintf(why, size,
			 "the terminal '%s' (TERM) is not known here; set TERM "
			 "to what it is, or use --plain",
			 shown);
	else
		snprintf(why, size,
			 "the terminal '%s' (TERM) cannot move its cursor; use "
			 "--plain",
			 shown);

	return err;
}

/* All colours are a matter of the terminal's description, not of the option
 * alone: the one of xterm is asked for in the place of the usual one. */
static bool wants_direct(const struct term_prm *prm, const char *type)
{
	const char *told = getenv("COLORTERM");

	return strcmp(prm->colors, "direct") == 0 && !strstr(type, "-direct") &&
	       (text_begins(type, "xterm") ||
		(told && (strcmp(told, "truecolor") == 0 ||
			  strcmp(told, "24bit") == 0)));
}

static int open_screen(struct term *t, const struct term_prm *prm, char *why,
		       size_t size)
{
	const char *type = getenv("TERM");

	if (!type || !type[0])
		return unfit(ENOENT, why, size, "");
	if (wants_direct(prm, type))
		t->screen = screen_new("xterm-direct", t->out, t->in);
	if (!t->screen)
		t->screen = screen_new(type, t->out, t->in);
	if (!t->screen)
		return unfit(ENOENT, why, size, type);
	if (!has_cap("cup") || !has_cap("clear"))
		return unfit(ENOTSUP, why, size, type);

	return 0;
}

static int open_files(struct term *t)
{
	int in;

	t->fd = memfd_create("frame", MFD_CLOEXEC);
	if (t->fd < 0)
		return errno;
	t->out = fdopen(t->fd, "w");
	in = open("/dev/null", O_RDONLY | O_CLOEXEC);
	t->in = in < 0 ? NULL : fdopen(in, "r");

	return t->out && t->in ? 0 : errno;
}

static unsigned choose_colors(const char *want, int has)
{
	const char *no = getenv("NO_COLOR");
	unsigned can = has >= DIRECT ? DIRECT
		       : has >= 256  ? 256
		       : has >= 16   ? 16
		       : has >= 8    ? 8
				     : 0;
	unsigned most = DIRECT;

	/* who sets a number in the configuration wants it all the same */
	if (strcmp(want, "mono") == 0 ||
	    (strcmp(want, "auto") == 0 && no && no[0]))
		return 0;
	if (strcmp(want, "auto") != 0 && strcmp(want, "direct") != 0)
		most = (unsigned)strtoul(want, NULL, 10);
	/* such a terminal knows eight by number, and all by value */
	if (can == DIRECT)
		return most > 8 ? DIRECT : most;

	return most < can ? most : can;
}

static void set_up(struct term *t, const struct term_prm *prm)
{
	int has = 0;

	if (has_colors() && start_color() == OK) {
		t->defaults = use_default_colors() == OK;
		has = COLORS;
	}
	t->colors = choose_colors(prm->colors, has);
	t->modern = tigetflag("XT") > 0 || (has_cap("smcup") && has >= 8);
	t->sync = strcmp(prm->sync, "on") == 0;
	t->sync_auto = strcmp(prm->sync, "auto") == 0;
	t->mouse = prm->mouse;
	nonl();
	typeahead(-1); /* frames are not to wait for whoever types */
	idcok(stdscr, FALSE);
	scrollok(stdscr, FALSE);
}

int term_open(struct term **tp, const struct term_prm *prm, char *why,
	      size_t size)
{
	struct term *t;
	int err;

	ASSERT_UI();
	t = alloc_zero(sizeof(*t));
	t->fd = -1;
	err = tty_open(&t->tty, prm->in, prm->out);
	if (err) {
		snprintf(why, size,
			 err == ENOTTY ? "the console needs a terminal; use "
					 "--plain for pipes and scripts"
				       : "the terminal cannot be used");
		goto out;
	}
	err = open_files(t);
	if (err) {
		snprintf(why, size, "no room for the screen: %s",
			 strerror(err));
		goto out;
	}
	err = open_screen(t, prm, why, size);
	if (err)
		goto out;
	set_up(t, prm);
	term_enter(t);
	if (t->modern && t->sync_auto)
		tty_puts(t->tty, SYNC_ASK);
	(void)tty_flush(t->tty); /* what waits, waits for the next frame */

out:
	if (err)
		term_close(t);
	else
		*tp = t;

	return err;
}

void term_close(struct term *t)
{
	if (!t)
		return;
	term_leave(t);
	tty_close(t->tty);
	if (t->screen)
		delscreen(t->screen);
	if (t->out)
		fclose(t->out);
	else if (t->fd >= 0)
		close(t->fd);
	if (t->in)
		fclose(t->in);
	free(t);
}

/* ---- here and away ----------------------------------------------------- */

static void modes(struct term *t, bool on)
{
	if (t->modern)
		tty_puts(t->tty, on ? TITLE_PUSH : TITLE_POP);
	tty_puts(t->tty, on ? MODES_ON : MODES_OFF);
	if (t->mouse)
		tty_puts(t->tty, on ? MOUSE_ON : MOUSE_OFF);
}

/* Without the endwin() before the first refresh() ncurses 6.4 would go on
 * flushing at each move of the cursor. */
void term_enter(struct term *t)
{
	char back[256];
	int rows, cols;

	if (t->here)
		return;
	way_back(t, back, sizeof(back));
	tty_raw(t->tty, back);
	t->here = true;
	if (!isendwin()) {
		endwin();
		start_over(t); /* nobody needs to see this */
	}
	(void)term_size(t, &rows, &cols); /* it may have changed meanwhile */
	t->rows = t->cols = 0;
	refresh();
	pass_on(t, false);
	modes(t, true);
	t->repaint = true;
	(void)tty_flush(t->tty); /* what waits, waits for the next frame */
}

void term_leave(struct term *t)
{
	if (!t->here)
		return;
	t->here = false;
	modes(t, false);
	endwin();
	pass_on(t, false);
	tty_cooked(t->tty);
}

bool term_size(struct term *t, int *rowsp, int *colsp)
{
	int rows = LINES, cols = COLS;
	bool changed;

	(void)tty_size(t->tty, &rows, &cols); /* else what terminfo says */
	if (rows != LINES || cols != COLS) {
		resizeterm(rows, cols);
		t->repaint = true;
	}
	changed = rows != t->rows || cols != t->cols;
	t->rows = rows;
	t->cols = cols;
	*rowsp = rows;
	*colsp = cols;

	return changed;
}

/* ---- colours ----------------------------------------------------------- */

static attr_t attrs_of(unsigned bits)
{
	static const struct {
		unsigned bit;
		attr_t attr;
	} map[] = {
		{ATTR_BOLD, WA_BOLD},       {ATTR_DIM, WA_DIM},
		{ATTR_ITALIC, WA_ITALIC},   {ATTR_UNDERLINE, WA_UNDERLINE},
		{ATTR_REVERSE, WA_REVERSE}, {ATTR_BLINK, WA_BLINK},
	};
	attr_t attrs = 0;

	for (size_t i = 0; i < sizeof(map) / sizeof(map[0]); i++) {
		if (bits & map[i].bit)
			attrs |= map[i].attr;
	}
	if ((attrs & WA_ITALIC) && !(term_attrs() & WA_ITALIC))
		attrs = (attrs & ~WA_ITALIC) | WA_UNDERLINE;

	return attrs & term_attrs();
}

/* The number ncurses wants; -1: the terminal's own */
static int number_of(const struct term *t, const struct color *c, int own)
{
	if (c->kind != COLOR_KIND_SET)
		return t->defaults ? -1 : own;

	switch (t->colors) {
	case 8: /* bright black on black would be nothing at all */
		return c->ansi < 8 ? c->ansi : c->ansi == 8 ? 7 : c->ansi - 8;
	case 16:
		return c->ansi;
	case 256:
		return c->index;
	default: /* below 8 it would be one of the eight */
		if (!c->rgb_given && c->index < 8)
			return c->index;
		return c->rgb < 8 ? 8 : (int)c->rgb;
	}
}

static int pair_of(struct term *t, int fg, int bg)
{
	int alike = 0;

	for (int i = 1; i <= t->pairc; i++) {
		if (t->pairs[i].bg != bg)
			continue;
		if (t->pairs[i].fg == fg)
			return i;
		alike = i;
	}
	if (fg == -1 && bg == -1)
		return 0;
	if (t->pairc + 1 < COLOR_PAIRS && t->pairc < ROLES_MAX &&
	    init_extended_pair(t->pairc + 1, fg, bg) == OK) {
		t->pairs[++t->pairc] = (struct pair){fg, bg};
		return t->pairc;
	}
	log_debug("term", "no colour pair is left for %d on %d", fg, bg);

	return alike;
}

void term_theme(struct term *t, const struct theme *theme)
{
	if (t->serial == theme->serial)
		return;
	t->serial = theme->serial;
	/* pairs that are defined anew change on the screen by themselves */
	t->pairc = 0;
	for (unsigned i = 0; theme_role(i, NULL); i++) {
		struct style st = theme_style(theme, i);
		struct look *look = &t->looks[i];

		look->attrs = attrs_of(t->colors ? st.attrs : st.mono);
		look->pair =
			t->colors
				? pair_of(t, number_of(t, &st.fg, COLOR_WHITE),
					  number_of(t, &st.bg, COLOR_BLACK))
				: 0;
	}
}

unsigned term_colors(const struct term *t)
{
	return t->colors;
}

/* ---- drawing ----------------------------------------------------------- */

/* UTF-8 whatever the locale is; the canvas lets only whole characters in. */
static size_t decode(wchar_t *dst, size_t max, const char *src)
{
	size_t n = 0;

	while (*src && n + 1 < max) {
		unsigned c = (unsigned char)*src++;
		unsigned more = c >= 0xf0 ? 3 : c >= 0xe0 ? 2 : c >= 0xc0;

		if (more)
			c &= 0x3fU >> more;
		while (more-- && ((unsigned char)*src & 0xc0) == 0x80)
			c = c << 6 | ((unsigned char)*src++ & 0x3fU);
		dst[n++] = (wchar_t)c;
	}
	dst[n] = L'\0';

	return n;
}

static void draw_cell(const struct term *t, int y, int x, const struct cell *c)
{
	const struct look *look = &t->looks[c->role];
	wchar_t text[CCHARW_MAX + 1];
	cchar_t ch;

	if (!decode(text, sizeof(text) / sizeof(text[0]), c->text))
		wcscpy(text, L" ");
	/* where the C library knows it otherwise, columns would shift */
	if (wcwidth(text[0]) != c->width || x + c->width > COLS)
		wcscpy(text, L"?");
	if (setcchar(&ch, text, look->attrs, 0, &look->pair) == OK)
		(void)mvadd_wch(y, x, &ch); /* ERR in the last cell: drawn */
}

void term_draw(struct term *t, const struct canvas *c)
{
	int rows = c->rows < LINES ? c->rows : LINES;
	int cols = c->cols < COLS ? c->cols : COLS;
	bool shown = c->cursor_y >= 0 && c->cursor_y < rows &&
		     c->cursor_x >= 0 && c->cursor_x < cols;

	if (!t->here)
		return;
	erase();
	for (int y = 0; y < rows; y++) {
		const struct cell *row = &c->cells[(size_t)y * c->cols];

		for (int x = 0; x < cols; x++) {
			if (row[x].width)
				draw_cell(t, y, x, &row[x]);
		}
	}
	(void)curs_set(shown); /* some cannot hide it */
	leaveok(stdscr, !shown);
	if (shown)
		move(c->cursor_y, c->cursor_x);
	if (t->repaint)
		clearok(curscr, TRUE);
	t->repaint = false;
	refresh();
	pass_on(t, true);
	(void)tty_flush(t->tty); /* term_choked() goes on with it */
}

uint64_t term_bytes(const struct term *t)
{
	return tty_bytes(t->tty);
}

void term_repaint(struct term *t)
{
	t->repaint = true;
}

bool term_choked(struct term *t)
{
	return tty_choked(t->tty);
}

/* ---- beside the screen ------------------------------------------------- */

static void say(struct term *t, const char *bytes)
{
	if (!t->here)
		return;
	tty_puts(t->tty, bytes);
	(void)tty_flush(t->tty); /* term_choked() goes on with it */
}

void term_bell(struct term *t)
{
	say(t, "\a");
}

void term_title(struct term *t, const char *text)
{
	char clean[MESSAGE_MAX], bytes[MESSAGE_MAX + 16];

	if (!t->modern)
		return;
	text_clean(clean, sizeof(clean), text, strlen(text));
	snprintf(bytes, sizeof(bytes), "\x1b]2;%s\x1b\\", clean);
	say(t, bytes);
}

/* One form only: some terminals know both, and would show it twice. */
void term_notify(struct term *t, const char *text)
{
	const char *type = getenv("TERM");
	bool urxvt = type && (text_begins(type, "rxvt-unicode") ||
			      text_begins(type, "foot"));
	char clean[MESSAGE_MAX], bytes[MESSAGE_MAX + 32];

	if (!t->modern)
		return;
	text_clean(clean, sizeof(clean), text, strlen(text));
	/* a semicolon parts fields, and "4;" would be another thing */
	for (char *p = clean; (p = strchr(p, ';'));)
		*p = ',';
	snprintf(bytes, sizeof(bytes), "\x1b]%s;%s\x1b\\",
		 urxvt ? "777;notify;cordpair" : "9", clean);
	say(t, bytes);
}

void term_mouse(struct term *t, bool on)
{
	if (t->mouse == on)
		return;
	t->mouse = on;
	say(t, on ? MOUSE_ON : MOUSE_OFF);
}

void term_can_sync(struct term *t, bool can)
{
	if (t->sync_auto)
		t->sync = can;
}

/* ---- keys -------------------------------------------------------------- */

static void add_key(struct decoder *d, const char *name, uint32_t code,
		    unsigned mods)
{
	struct key key = {.code = code, .mods = mods};
	const char *seq = tigetstr(name);

	if (seq && seq != (char *)-1 && seq[0])
		(void)decoder_add(d, seq, &key); /* refused: it knows better */
}

void term_keys(const struct term *t, struct decoder *d)
{
	static const struct {
		const char *name, *more; /* more: with a modifier */
		uint32_t code;
	} keys[] = {
		{"kcuu1", "kUP", KEYSYM_UP},
		{"kcud1", "kDN", KEYSYM_DOWN},
		{"kcub1", "kLFT", KEYSYM_LEFT},
		{"kcuf1", "kRIT", KEYSYM_RIGHT},
		{"khome", "kHOM", KEYSYM_HOME},
		{"kend", "kEND", KEYSYM_END},
		{"kpp", "kPRV", KEYSYM_PAGE_UP},
		{"knp", "kNXT", KEYSYM_PAGE_DOWN},
		{"kdch1", "kDC", KEYSYM_DELETE},
		{"kich1", "kIC", KEYSYM_INSERT},
		{"kent", NULL, KEYSYM_ENTER},
	};
	char name[16];

	(void)t; /* its terminfo is the one in use */
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		add_key(d, keys[i].name, keys[i].code, 0);
		/* kUP is with shift, kUP3 to kUP8 as xterm numbers them */
		for (unsigned n = 2; keys[i].more && n <= 8; n++) {
			unsigned bits = n - 1;
			unsigned mods = (bits & 1 ? MOD_SHIFT : 0) |
					(bits & 2 ? MOD_META : 0) |
					(bits & 4 ? MOD_CTRL : 0);

			if (n == 2)
				snprintf(name, sizeof(name), "%s",
					 keys[i].more);
			else
				snprintf(name, sizeof(name), "%s%u",
					 keys[i].more, n);
			add_key(d, name, keys[i].code, mods);
		}
	}
	add_key(d, "kcbt", KEYSYM_TAB, MOD_SHIFT);
	for (unsigned i = 1; i <= 12; i++) {
		snprintf(name, sizeof(name), "kf%u", i);
		add_key(d, name, KEYSYM_F1 + i - 1, 0);
	}
}
