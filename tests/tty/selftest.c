/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A small full-screen program in plain escape sequences, for trying the
 * harness on.  It shows its size and what it reads, and does what single
 * letters say: b bell, c cursor off, d asks for the device attributes, f
 * floods, q leaves, r leaves without setting anything back.
 */
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

enum { SEEN_MAX = 3 * 14 + 1 };

static volatile sig_atomic_t resized = 1;

static void on_winch(int signo)
{
	(void)signo;
	resized = 1;
}

static void draw(const char *seen, size_t total)
{
	struct winsize size = {0};

	(void)ioctl(STDOUT_FILENO, TIOCGWINSZ, &size);
	printf("\x1b[H\x1b[2J%d x %d", size.ws_row, size.ws_col);
	printf("\x1b[2;1Hread %zu:%s", total, seen);
	printf("\x1b[3;3H\x1b[1;31mred\x1b[0m \x1b[7mback\x1b[0m "
	       "\x1b[4;38;5;99;48;2;1;2;3mboth\x1b[0m");
	printf("\x1b[4;1Hdemi-\xc3\xa9"
	       "e\xcc\x81 \xe6\x97\xa5\xe6\x9c\xac|");
	printf("\x1b[3;1H");
}

/* CSI 990 ; n ~ : all before it is on the screen.  Taken out; 0: none */
static int take_mark(char *buf, size_t *np)
{
	char *at = getenv("UI_TEST") ? strstr(buf, "\x1b[990;") : NULL;
	char *end = at ? strchr(at, '~') : NULL;
	int mark;

	if (!end)
		return 0;
	mark = atoi(at + 6);
	*np -= (size_t)(end + 1 - at);
	memmove(at, end + 1, strlen(end));
	return mark;
}

/* The newest few */
static void add_seen(char seen[SEEN_MAX], const char *buf, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		size_t len = strlen(seen);

		if (len + 4 > SEEN_MAX) {
			memmove(seen, seen + 3, len - 2);
			len -= 3;
		}
		snprintf(seen + len, SEEN_MAX - len, " %02x",
			 (unsigned char)buf[i]);
	}
}

static bool obey(const char *buf, bool *restorep)
{
	switch (buf[0]) {
	case 'b':
		printf("\a");
		break;
	case 'c':
		printf("\x1b[?25l");
		break;
	case 'd':
		printf("\x1b[c");
		break;
	case 'f':
		for (int i = 0; i < 20000; i++)
			printf("\x1b[6;1Hflood %06d", i);
		break;
	case 'r':
		*restorep = false;
		return false;
	case 'q':
		return false;
	default:
		break;
	}
	return true;
}

int main(void)
{
	struct sigaction winch = {.sa_handler = on_winch};
	struct pollfd in = {.fd = STDIN_FILENO, .events = POLLIN};
	sigset_t open, blocked = {0};
	struct termios before, raw;
	char buf[4096], seen[SEEN_MAX] = "";
	size_t total = 0;
	bool restore = true, go_on = true;

	(void)sigaction(SIGWINCH, &winch, NULL);
	(void)sigemptyset(&open);
	(void)sigaddset(&blocked, SIGWINCH);
	(void)sigprocmask(SIG_BLOCK, &blocked, NULL);
	if (tcgetattr(STDIN_FILENO, &before))
		return 1;
	raw = before;
	cfmakeraw(&raw);
	(void)tcsetattr(STDIN_FILENO, TCSANOW, &raw);
	printf("\x1b[?1049h\x1b[?2004h\x1b[?1002;1006h");
	while (go_on) {
		ssize_t got;
		size_t n;
		int mark;

		if (resized) {
			resized = 0;
			draw(seen, total);
		}
		fflush(stdout);
		/* the signal comes in here or not at all */
		if (ppoll(&in, 1, NULL, &open) < 0)
			continue;
		got = read(STDIN_FILENO, buf, sizeof(buf) - 1);
		if (got <= 0)
			break;
		n = (size_t)got;
		buf[n] = '\0';
		mark = take_mark(buf, &n);
		total += n;
		add_seen(seen, buf, n);
		draw(seen, total);
		go_on = obey(buf, &restore);
		if (mark)
			printf("\x1b]2;sync %d\x07", mark);
	}
	if (restore) {
		printf("\x1b[?1002;1006l\x1b[?2004l\x1b[?25h\x1b[?1049l");
		(void)tcsetattr(STDIN_FILENO, TCSANOW, &before);
	}
	fflush(stdout);
	return 3;
}
