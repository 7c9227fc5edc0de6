/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ui/console.h"

#include <errno.h>
#include <langinfo.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "app/alloc.h"
#include "base/clock.h"
#include "base/text.h"
#include "base/thread.h"
#include "ui/input.h"
#include "ui/prompt.h"
#include "ui/term.h"
#include "ui/view.h"

enum {
	FRAME_MS = 33,
	FRAME_SSH_MS = 66,
	CHOKED_MS = 50,
	TWICE_MS = 400, /* between the clicks of a double click */
	WHEEL_ROWS = 3,
};

struct console {
	struct app *app;
	struct desk *desk;
	struct term *term;
	struct decoder *decoder;
	struct prompt *prompt;
	struct canvas canvas;
	bool ssh, test;
	bool lost;     /* the terminal has gone */
	bool choked;   /* the terminal has not taken the last frame yet */
	bool pressed;  /* a key since the last frame: draw at once */
	uint32_t mark; /* a test waits for this one, 0: none */
	uint64_t drawn_ms;
	unsigned theme; /* serial of what the terminal shows */
	bool mouse;
	struct {
		uint64_t ms;
		int y, x;
	} click;
};

static uint64_t now_ms(void)
{
	return (uint64_t)(clock_since_start() * 1000);
}

int console_new(struct console **cp, struct desk *desk, const char *history,
		char *why, size_t size)
{
	struct console *c = alloc_zero(sizeof(*c));
	struct options *o = &desk->app->options;
	const char *test = getenv("UI_TEST"), *ssh = getenv("SSH_CONNECTION");
	struct term_prm prm = {
		.in = STDIN_FILENO,
		.out = STDOUT_FILENO,
		.colors = option_get(o, "colors"),
		.sync = option_get(o, "sync_output"),
		.mouse = option_bool(o, "mouse"),
		.ssh = ssh && *ssh,
	};
	int err;

	ASSERT_UI();
	c->app = desk->app;
	c->desk = desk;
	c->ssh = prm.ssh;
	c->mouse = prm.mouse;
	c->test = test && strcmp(test, "1") == 0;
	/* readline wants to see the terminal as it was */
	prompt_new(&c->prompt, desk, history);
	err = term_open(&c->term, &prm, why, size);
	if (err) {
		console_free(c);
		return err;
	}
	decoder_new(&c->decoder, c->ssh ? INPUT_ESC_SSH_MS : INPUT_ESC_MS);
	term_keys(c->term, c->decoder);
	term_theme(c->term, &c->app->theme);
	c->theme = c->app->theme.serial;
	c->pressed = true; /* the first frame waits for none before it */
	*cp = c;

	return 0;
}

void console_free(struct console *c)
{
	if (!c)
		return;
	term_close(c->term);
	prompt_free(c->prompt);
	decoder_free(c->decoder);
	canvas_done(&c->canvas);
	free(c);
}

/* ---- what comes in ------------------------------------------------------ */

/* The window was closed, the line is dead: nobody looks any more */
static void lose(struct console *c)
{
	if (c->lost)
		return;
	c->lost = true;
	if (strcmp(option_get(&c->app->options, "on_terminal_loss"), "keep") !=
	    0)
		c->app->quit = true;
	else
		log_warn("console", "the terminal is gone; the calls go on");
}

static void on_mouse(struct console *c, const struct input *in)
{
	const uint64_t now = now_ms();
	const struct view_spot s =
		view_at(c->desk, c->canvas.rows, c->canvas.cols, in->mouse.y,
			in->mouse.x);
	bool twice;

	if (in->mouse.what == MOUSE_UP || in->mouse.what == MOUSE_DOWN) {
		const int rows =
			in->mouse.what == MOUSE_UP ? -WHEEL_ROWS : WHEEL_ROWS;

		desk_wheel(c->desk, s.pane, rows);
		return;
	}
	if (in->mouse.what != MOUSE_PRESS || in->mouse.button != 1)
		return;
	twice = c->click.ms && now - c->click.ms < TWICE_MS &&
		c->click.y == in->mouse.y && c->click.x == in->mouse.x;
	/* a third click is no second double one: what it would hit opened
	   under the pointer just now */
	c->click.ms = twice ? 0 : now;
	c->click.y = in->mouse.y;
	c->click.x = in->mouse.x;
	if (s.hint >= 0)
		desk_click_hint(c->desk, (unsigned)s.hint);
	else if (s.choice >= 0)
		desk_click_choice(c->desk, (unsigned)s.choice, twice);
	else if (s.pane != PANE_COUNT)
		desk_click(c->desk, s.pane, s.row, twice);
}

static void on_paste(struct console *c, const struct input *in)
{
	char text[LEX_LINE_MAX];

	if (prompt_open(c->prompt)) {
		prompt_paste(c->prompt, in->paste, in->pastelen);
		return;
	}
	text_clean(text, sizeof(text), in->paste, in->pastelen);
	desk_paste(c->desk, text);
}

static void on_input(struct console *c, const struct input *in)
{
	switch (in->type) {
	case INPUT_KEY:
		if (desk_wants(c->desk, &in->key))
			desk_key(c->desk, &in->key);
		else
			prompt_key(c->prompt, in);
		break;
	case INPUT_PASTE:
		on_paste(c, in);
		break;
	case INPUT_MOUSE:
		on_mouse(c, in);
		break;
	case INPUT_MODE:
		if (in->mode == 2026)
			term_can_sync(c->term,
				      in->value == 1 || in->value == 2);
		return;
	case INPUT_MARK:
		if (c->test)
			c->mark = in->mark;
		break;
	case INPUT_UNKNOWN:
		log_debug("console", "an unknown sequence of %zu bytes",
			  in->rawlen);
		return;
	default:
		return;
	}
	c->pressed = true;
	c->desk->dirty = true;
	/* the desk may have opened or closed the line */
	prompt_sync(c->prompt);
}

static void decode(struct console *c)
{
	struct input in;

	while (!c->app->quit && decoder_next(c->decoder, &in, clock_ms()))
		on_input(c, &in);
}

static void input(void *self)
{
	struct console *c = self;
	char buf[4096];
	ssize_t n = read(STDIN_FILENO, buf, sizeof(buf));

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (n <= 0) {
		lose(c);
		return;
	}
	desk_tick(c->desk, now_ms());
	decoder_feed(c->decoder, buf, (size_t)n, clock_ms());
	decode(c);
}

/* ---- what goes out ------------------------------------------------------ */

static void suspend(struct console *c)
{
	const struct timespec now = {0};
	sigset_t cont;

	c->desk->suspend = false;
	term_leave(c->term);
	(void)kill(getpid(), SIGSTOP); /* goes on here when it is continued */
	/* and knows it: on_signal() need not hear of it */
	sigemptyset(&cont);
	sigaddset(&cont, SIGCONT);
	(void)sigtimedwait(&cont, NULL, &now);
	term_enter(c->term);
	c->desk->dirty = true;
}

/* Options and themes that were changed */
static void settings(struct console *c)
{
	const bool mouse = option_bool(&c->app->options, "mouse");

	if (mouse != c->mouse)
		term_mouse(c->term, mouse);
	c->mouse = mouse;
	if (c->theme != c->app->theme.serial) {
		term_theme(c->term, &c->app->theme);
		c->theme = c->app->theme.serial;
		c->desk->dirty = true;
	}
}

static void signs(struct console *c)
{
	struct desk *d = c->desk;

	if (d->bell)
		term_bell(c->term);
	if (d->notify[0])
		term_notify(c->term, d->notify);
	if (d->repaint)
		term_repaint(c->term);
	d->dirty |= d->repaint;
	d->bell = d->repaint = false;
	d->notify[0] = '\0';
	if (d->suspend)
		suspend(c);
}

/* Lines and signs the locale has no letters for would be question marks */
static bool wants_ascii(const struct console *c)
{
	return option_bool(&c->app->options, "ascii") ||
	       strcmp(nl_langinfo(CODESET), "UTF-8") != 0;
}

static void draw(struct console *c)
{
	const bool ascii = wants_ascii(c);
	char title[32];
	int rows, cols;

	(void)term_size(c->term, &rows, &cols);
	if (rows != c->canvas.rows || cols != c->canvas.cols ||
	    ascii != c->canvas.ascii) {
		canvas_done(&c->canvas);
		canvas_init(&c->canvas, rows, cols, ascii);
	}
	/* what changes from here on is for the next frame */
	c->desk->dirty = false;
	view_screen(&c->canvas, c->desk);
	term_draw(c->term, &c->canvas);
	desk_shown(c->desk);
	c->drawn_ms = now_ms();
	c->pressed = false;
	if (c->mark) {
		snprintf(title, sizeof(title), "sync %u", c->mark);
		term_title(c->term, title);
		c->mark = 0;
	}
}

static uint64_t frame_ms(const struct console *c)
{
	return c->ssh ? FRAME_SSH_MS : FRAME_MS;
}

static void tick(void *self)
{
	struct console *c = self;

	desk_tick(c->desk, now_ms());
	if (c->lost)
		return;
	decode(c); /* Esc alone becomes a key by time */
	prompt_sync(c->prompt);
	settings(c);
	signs(c);
	/* asked each time: it also sends what waits */
	c->choked = term_choked(c->term);
	if (!c->desk->dirty || c->choked)
		return;
	if (c->pressed || now_ms() >= c->drawn_ms + frame_ms(c))
		draw(c);
}

static int timeout_ms(const void *self)
{
	const struct console *c = self;
	const uint64_t now = now_ms();
	int least = desk_timeout_ms(c->desk), t;

	if (c->lost)
		return least;
	t = decoder_timeout_ms(c->decoder, clock_ms());
	if (t >= 0 && (least < 0 || t < least))
		least = t;
	if (c->desk->dirty || c->choked) {
		t = c->choked ? CHOKED_MS
		    : now < c->drawn_ms + frame_ms(c)
			    ? (int)(c->drawn_ms + frame_ms(c) - now)
			    : 0;
		if (least < 0 || t < least)
			least = t;
	}

	return least;
}

static void event(void *self, const struct event *ev)
{
	struct console *c = self;

	desk_event(c->desk, ev);
}

static int fd(const void *self)
{
	const struct console *c = self;

	return c->lost ? -1 : STDIN_FILENO;
}

/* Without a terminal there is nobody left when the last call has ended */
static bool done(const void *self, int *codep)
{
	const struct console *c = self;

	if (!c->lost || model_calls_up(&c->app->model) ||
	    model_transfers_pending(&c->app->model))
		return false;
	*codep = 0;

	return true;
}

static bool on_signal(void *self, int signo)
{
	struct console *c = self;

	switch (signo) {
	case SIGHUP:
		lose(c);
		return c->lost && !c->app->quit;
	case SIGTSTP:
		c->desk->suspend = true;
		return true;
	case SIGCONT:
		if (c->lost)
			return true;
		/* stopped by somebody else: the terminal may be anything */
		term_leave(c->term);
		term_enter(c->term);
		c->desk->dirty = true;
		return true;
	case SIGWINCH:
		c->desk->dirty = true;
		c->pressed = true;
		return true;
	default:
		return false;
	}
}

static int interrupted(void *self, int signo)
{
	(void)self, (void)signo; /* however it is told to leave: it does */

	return 0;
}

struct robot console_robot(struct console *c)
{
	return (struct robot){
		.self = c,
		.event = event,
		.timeout_ms = timeout_ms,
		.tick = tick,
		.fd = fd,
		.input = input,
		.done = done,
		.signal = on_signal,
		.interrupted = interrupted,
		.listed = true,
	};
}
