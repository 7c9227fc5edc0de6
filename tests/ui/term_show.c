/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <locale.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "app/app.h"
#include "app/config.h"
#include "base/thread.h"
#include "ui/term.h"

/*
 * term_show COLORS SYNC THEME: each role by its name, each in its look.  Then
 * one byte, one deed, and the number in the first row counts up.  What went
 * wrong at the start is said on stderr, exit code 2.
 */

static struct app app;
static struct term *term;
static struct canvas canvas;
static struct term_prm prm = {.in = STDIN_FILENO, .out = STDOUT_FILENO};
static char last[64]; /* last row */
static unsigned frame;

/* The decoder has no part in this: notes what it would be told. */
bool decoder_add(struct decoder *d, const char *seq, const struct key *key)
{
	(void)d;
	if (key->code == KEYSYM_F1 && !key->mods && seq[0] == '\x1b')
		snprintf(last, sizeof(last), "F1 is ESC %s", seq + 1);

	return true;
}

static void put(int y, int x, unsigned role, const char *text)
{
	for (; *text; x++) {
		struct cell *c = &canvas.cells[y * canvas.cols + x];
		size_t n = 1;

		while (((unsigned char)text[n] & 0xc0) == 0x80)
			n++;
		/* e and its accent, and two wide ones, are all there is */
		if (strncmp(text + n, "\xcc\x81", 2) == 0)
			n += 2;
		if (y >= canvas.rows || x >= canvas.cols)
			return;
		memset(c->text, 0, sizeof(c->text));
		memcpy(c->text, text, n);
		c->role = (uint8_t)role;
		c->width = (unsigned char)text[0] >= 0xe5 ? 2 : 1;
		if (c->width == 2 && ++x < canvas.cols)
			memset(c + 1, 0, sizeof(*c));
		text += n;
	}
}

static void fill(const char *text)
{
	free(canvas.cells);
	canvas.cells = calloc((size_t)(canvas.rows * canvas.cols),
			      sizeof(*canvas.cells));
	for (int i = 0; i < canvas.rows * canvas.cols; i++) {
		canvas.cells[i].text[0] = text[0];
		canvas.cells[i].width = 1;
	}
}

static void draw(void)
{
	const char *name;
	char first[32];

	(void)term_size(term, &canvas.rows, &canvas.cols);
	fill(" ");
	for (unsigned i = 0; (name = theme_role(i, NULL)); i++)
		put(1 + (int)i % 21, 20 * ((int)i / 21), i, name);
	put(1, 50, 0, "\xe6\x97\xa5\xe6\x9c\xac|e\xcc\x81|\xc3\xbc|");
	put(canvas.rows - 1, 0, 0, last);
	snprintf(first, sizeof(first), "frame %u", frame);
	put(0, 0, 0, first);
	canvas.cursor_y = frame % 2 ? -1 : 0;
	canvas.cursor_x = 5;
	term_theme(term, &app.theme);
	term_draw(term, &canvas);
}

static void tell(void)
{
	if (write(3, "", 1) != 1)
		abort();
}

/* Faster than anybody looks, as a console would: what cannot go, waits. */
static void flood(void)
{
	unsigned skipped = 0;

	for (unsigned i = 0; i < 500; i++) {
		if (term_choked(term)) {
			skipped++;
			continue;
		}
		fill(i % 2 ? "x" : "o");
		term_draw(term, &canvas);
	}
	snprintf(last, sizeof(last), "skipped %u", skipped);
	tell();
	while (term_choked(term))
		poll(NULL, 0, 10);
}

static void next_theme(void)
{
	char name[64], why[256];

	config_theme_next(app.theme.name, name, sizeof(name));
	if (config_theme(&app, name, why, sizeof(why)))
		abort();
}

static bool act(char deed)
{
	char byte;

	switch (deed) {
	case 'a':
		fputs("an assertion says why\n", stderr);
		abort();
	case 'b':
		term_bell(term);
		break;
	case 'e':
		fputs("a library says something\n", stderr);
		break;
	case 'f':
		flood();
		break;
	case 'k':
		term_keys(term, NULL);
		break;
	case 'l':
		term_leave(term);
		tell();
		if (read(STDIN_FILENO, &byte, 1) != 1)
			return false;
		term_enter(term);
		break;
	case 'm':
		term_mouse(term, true);
		break;
	case 'n':
		next_theme();
		break;
	case 'o':
		term_notify(term, "4;3;50\x1b]52;c;aGFsbG8=\a ring");
		break;
	case 'q':
		return false;
	case 'r':
		term_repaint(term);
		break;
	case 's':
		raise(SIGSEGV);
		break;
	case 't':
		term_title(term, "a\x1b]52;c;aGFsbG8=\a\xc2\x9b"
				 "b");
		break;
	case 'y':
		term_can_sync(term, true);
		break;
	default: /* only another frame */
		break;
	}

	return true;
}

int main(int argc, char *argv[])
{
	const struct rlimit no_core = {0};
	char why[256], deed;
	int err;

	if (argc != 4)
		return 64;
	setlocale(LC_ALL, "");
	setrlimit(RLIMIT_CORE, &no_core);
	thread_adopt(THREAD_UI);
	app_init(&app);
	if (config_theme(&app, argv[3], why, sizeof(why)))
		return 64;
	prm.colors = argv[1];
	prm.sync = argv[2];
	err = term_open(&term, &prm, why, sizeof(why));
	if (err) {
		fprintf(stderr, "%s: %s\n", strerror(err), why);
		return 2;
	}
	do {
		frame++;
		draw();
	} while (read(STDIN_FILENO, &deed, 1) == 1 && act(deed));
	term_close(term);
	free(canvas.cells);
	app_done(&app);
	puts("the end");

	return 0;
}
