/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ui/tty.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include "app/alloc.h"
#include "base/clock.h"
#include "base/text.h"
#include "base/thread.h"

enum {
	CLOSE_MS = 500,   /* for the last bytes                          */
	KERNEL_MAX = 2048 /* bytes that may wait in the kernel (serial)  */
};

struct tty {
	int in, out;
	int fd; /* ours */
	struct termios saved;
	bool raw;
	char *wait;
	size_t waitc, room;
	uint64_t bytes;
};

/* ---- crashes ----------------------------------------------------------- */

/* The first ones always: also a sanitizer's report is to be read.  The others
 * only where nobody has asked for them. */
static const int deadly[] = {SIGSEGV, SIGBUS, SIGFPE,  SIGILL, SIGABRT,
			     SIGTERM, SIGHUP, SIGQUIT, SIGINT};

enum { DEADLY = sizeof(deadly) / sizeof(deadly[0]), ALWAYS = 5 };

/* All a handler may look at; written while it is not armed */
static struct {
	volatile sig_atomic_t armed;
	int in, fd;
	struct termios saved;
	char back[512];
	size_t len;
	int err, kept[2]; /* the real stderr, and what is kept of it */
	struct sigaction before[DEADLY];
	bool ours[DEADLY];
} crash = {.err = -1};

static void give_stderr_back(void)
{
	char buf[512];
	ssize_t n;

	if (crash.err < 0)
		return;
	(void)dup2(crash.err, STDERR_FILENO); /* it was open */
	while ((n = read(crash.kept[0], buf, sizeof(buf))) > 0) {
		if (write(STDERR_FILENO, buf, (size_t)n) != n)
			break;
	}
}

static void on_deadly(int signo)
{
	struct pollfd p = {.fd = crash.fd, .events = POLLOUT};
	int err = errno;

	if (crash.armed) {
		crash.armed = 0;
		(void)poll(&p, 1, CLOSE_MS);
		if (write(crash.fd, crash.back, crash.len) < 0)
			(void)0; /* nobody is left to be told */
		(void)tcsetattr(crash.in, TCSANOW, &crash.saved);
		give_stderr_back();
	}
	for (unsigned i = 0; i < DEADLY; i++) {
		if (deadly[i] == signo)
			sigaction(signo, &crash.before[i], NULL);
	}
	raise(signo); /* blocked until we return */
	errno = err;
}

static void arm(const struct tty *t, const char *back)
{
	struct sigaction sa = {.sa_handler = on_deadly};

	crash.in = t->in;
	crash.fd = t->fd;
	crash.saved = t->saved;
	text_cut(crash.back, sizeof(crash.back), back);
	crash.len = strlen(crash.back);
	crash.armed = 1;
	sigfillset(&sa.sa_mask);
	for (unsigned i = 0; i < DEADLY; i++) {
		sigaction(deadly[i], NULL, &crash.before[i]);
		crash.ours[i] =
			i < ALWAYS || crash.before[i].sa_handler == SIG_DFL;
		if (crash.ours[i])
			sigaction(deadly[i], &sa, NULL);
	}
}

/* Who has taken a signal since keeps it. */
static void disarm(void)
{
	struct sigaction now;

	crash.armed = 0;
	for (unsigned i = 0; i < DEADLY; i++) {
		if (crash.ours[i] && sigaction(deadly[i], NULL, &now) == 0 &&
		    now.sa_handler == on_deadly)
			sigaction(deadly[i], &crash.before[i], NULL);
	}
}

/* ---- stderr ------------------------------------------------------------ */

/* A pipe that nobody reads and that does not block: full is full. */
static void keep_stderr(void)
{
	if (!isatty(STDERR_FILENO) ||
	    pipe2(crash.kept, O_CLOEXEC | O_NONBLOCK) < 0)
		return;
	crash.err = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
	if (crash.err < 0 || dup2(crash.kept[1], STDERR_FILENO) < 0) {
		if (crash.err >= 0)
			close(crash.err);
		close(crash.kept[0]);
		close(crash.kept[1]);
		crash.err = -1;
	}
}

static void release_stderr(void)
{
	if (crash.err < 0)
		return;
	give_stderr_back();
	close(crash.err);
	close(crash.kept[0]);
	close(crash.kept[1]);
	crash.err = -1;
}

/* ---- the line ---------------------------------------------------------- */

/*
 * stdin, stdout and stderr are mostly one open file: made not to block, none
 * of them would, nor would the shell's after us.  So we open our own.
 */
static int open_again(int fd)
{
	struct stat st, again;
	char path[64];
	int own;

	if (ttyname_r(fd, path, sizeof(path)) || fstat(fd, &st) < 0)
		return -1;
	own = open(path, O_WRONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	if (own >= 0 &&
	    (fstat(own, &again) < 0 || st.st_rdev != again.st_rdev)) {
		close(own);
		own = -1;
	}

	return own;
}

int tty_open(struct tty **tp, int in, int out)
{
	struct tty *t;
	struct termios saved;
	int fd;

	ASSERT_UI();
	if (!isatty(in) || !isatty(out))
		return ENOTTY;
	if (tcgetattr(in, &saved) < 0)
		return errno;
	fd = open_again(out);
	if (fd < 0)
		fd = fcntl(out, F_DUPFD_CLOEXEC, 3); /* it may block */
	if (fd < 0)
		return errno;

	t = alloc_zero(sizeof(*t));
	t->in = in;
	t->out = out;
	t->fd = fd;
	t->saved = saved;
	*tp = t;

	return 0;
}

void tty_close(struct tty *t)
{
	if (!t)
		return;
	tty_cooked(t);
	close(t->fd);
	free(t->wait);
	free(t);
}

void tty_raw(struct tty *t, const char *back)
{
	struct termios raw = t->saved;

	if (t->raw)
		return;
	t->raw = true;
	keep_stderr();
	arm(t, back);
	raw.c_iflag &= ~(tcflag_t)(IGNBRK | BRKINT | PARMRK | ISTRIP | INLCR |
				   IGNCR | ICRNL | IXON);
	raw.c_oflag &= ~(tcflag_t)OPOST;
	raw.c_lflag &= ~(tcflag_t)(ECHO | ECHONL | ICANON | ISIG | IEXTEN);
	raw.c_cflag &= ~(tcflag_t)(CSIZE | PARENB);
	raw.c_cflag |= CS8;
	raw.c_cc[VMIN] = 1;
	raw.c_cc[VTIME] = 0;
	(void)tcsetattr(t->in, TCSANOW, &raw); /* gone: read() will tell */
}

void tty_cooked(struct tty *t)
{
	uint64_t end = clock_ms() + CLOSE_MS;
	struct pollfd p = {.fd = t->fd, .events = POLLOUT};

	if (!t->raw)
		return;
	while (!tty_flush(t) && clock_ms() < end)
		(void)poll(&p, 1, (int)(end - clock_ms()));
	t->waitc = 0;
	t->raw = false;
	disarm();
	(void)tcsetattr(t->in, TCSANOW, &t->saved);
	release_stderr();
}

void tty_put(struct tty *t, const void *bytes, size_t n)
{
	if (t->waitc + n > t->room) {
		t->room = 2 * (t->waitc + n);
		t->wait = alloc_grow(t->wait, t->room, 1);
	}
	memcpy(t->wait + t->waitc, bytes, n);
	t->waitc += n;
	t->bytes += n;
}

void tty_puts(struct tty *t, const char *s)
{
	tty_put(t, s, strlen(s));
}

bool tty_flush(struct tty *t)
{
	size_t at = 0;

	while (at < t->waitc) {
		ssize_t n = write(t->fd, t->wait + at, t->waitc - at);

		if (n > 0)
			at += (size_t)n;
		else if (n < 0 && errno == EAGAIN)
			break;
		else if (n < 0 && errno != EINTR)
			at = t->waitc; /* gone: read() will tell */
	}
	if (at)
		memmove(t->wait, t->wait + at, t->waitc - at);
	t->waitc -= at;

	return t->waitc == 0;
}

bool tty_choked(struct tty *t)
{
	int n = 0;

	return !tty_flush(t) ||
	       (ioctl(t->fd, TIOCOUTQ, &n) == 0 && n > KERNEL_MAX);
}

bool tty_size(const struct tty *t, int *rowsp, int *colsp)
{
	struct winsize ws;

	if (ioctl(t->fd, TIOCGWINSZ, &ws) < 0 || !ws.ws_row || !ws.ws_col)
		return false;
	*rowsp = ws.ws_row;
	*colsp = ws.ws_col;

	return true;
}

uint64_t tty_bytes(const struct tty *t)
{
	return t->bytes;
}
