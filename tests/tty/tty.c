/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/tty/tty.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utmp.h>

#include "app/alloc.h"

enum { POLL_MAX = 16 };

/* ---- what the terminal notes ------------------------------------------ */

static void set_mode(struct tty *t, unsigned mode, bool on)
{
	unsigned i = 0;

	t->frames += mode == 2026 && on;
	while (i < t->modes.n && t->modes.v[i].mode != mode)
		i++;
	if (i == TTY_MODES_MAX)
		return;
	t->modes.v[i].mode = mode;
	t->modes.v[i].on = on;
	if (i == t->modes.n)
		t->modes.n++;
}

/* libvterm does not tell which modes are on: find "CSI ? n ; n h" or "l" */
static void note_modes(struct tty *t, const char *bytes, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		char c = bytes[i];
		char *seq = t->modes.seq, *end;
		size_t at = t->modes.len;

		if (c == '\x1b') {
			t->modes.len = 1;
			continue;
		}
		if (!at)
			continue;
		if ((at == 1 && c == '[') || (at == 2 && c == '?') ||
		    (at >= 3 && at < sizeof(t->modes.seq) - 1 &&
		     ((c >= '0' && c <= '9') || c == ';'))) {
			seq[t->modes.len++] = c;
			continue;
		}
		t->modes.len = 0;
		if (at < 4 || (c != 'h' && c != 'l'))
			continue;
		seq[at] = '\0';
		for (char *s = seq + 3; *s; s = *end ? end + 1 : end) {
			set_mode(t, (unsigned)strtoul(s, &end, 10), c == 'h');
			if (*end && *end != ';')
				break;
		}
	}
}

bool tty_mode(const struct tty *t, unsigned mode, bool dflt)
{
	for (unsigned i = 0; i < t->modes.n; i++)
		if (t->modes.v[i].mode == mode)
			return t->modes.v[i].on;
	return dflt;
}

static int on_prop(VTermProp prop, VTermValue *val, void *arg)
{
	struct tty *t = arg;

	if (prop != VTERM_PROP_TITLE)
		return 1;
#if VTERM_VERSION_MAJOR == 0 && VTERM_VERSION_MINOR < 2
	snprintf(t->title, sizeof(t->title), "%s", val->string);
#else
	if (val->string.initial)
		t->title[0] = '\0';
	strncat(t->title, val->string.str,
		val->string.len < sizeof(t->title) - strlen(t->title)
			? val->string.len
			: sizeof(t->title) - strlen(t->title) - 1);
#endif
	return 1;
}

static int on_bell(void *arg)
{
	struct tty *t = arg;

	t->bells++;
	return 1;
}

static void on_answer(const char *s, size_t len, void *arg)
{
	tty_write(arg, s, len);
}

static void open_screen(struct tty *t)
{
	static const VTermScreenCallbacks callbacks = {
		.settermprop = on_prop,
		.bell = on_bell,
	};

	t->vt = vterm_new(t->rows, t->cols);
	vterm_set_utf8(t->vt, 1);
	vterm_output_set_callback(t->vt, on_answer, t);
	t->screen = vterm_obtain_screen(t->vt);
	vterm_screen_set_callbacks(t->screen, &callbacks, t);
	vterm_screen_enable_altscreen(t->screen, 1);
	vterm_screen_reset(t->screen, 1);
}

/* ---- the program ------------------------------------------------------ */

static struct termios sane_termios(void)
{
	struct termios tio = {
		.c_iflag = ICRNL | IXON | IUTF8,
		.c_oflag = OPOST | ONLCR,
		.c_cflag = CREAD | CS8 | B38400,
		.c_lflag = ICANON | ECHO | ECHOE | ECHOK | ECHOCTL | ECHOKE |
			   ISIG | IEXTEN,
	};

	tio.c_cc[VINTR] = 0x03;
	tio.c_cc[VQUIT] = 0x1c;
	tio.c_cc[VERASE] = 0x7f;
	tio.c_cc[VKILL] = 0x15;
	tio.c_cc[VEOF] = 0x04;
	tio.c_cc[VSTART] = 0x11;
	tio.c_cc[VSTOP] = 0x13;
	tio.c_cc[VSUSP] = 0x1a;
	tio.c_cc[VREPRINT] = 0x12;
	tio.c_cc[VWERASE] = 0x17;
	tio.c_cc[VLNEXT] = 0x16;
	tio.c_cc[VDISCARD] = 0x0f;
	tio.c_cc[VMIN] = 1;
	return tio;
}

__attribute__((noreturn)) static void run(char *const argv[], char *const env[],
					  const char *dir)
{
	sigset_t none;

	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	/* not to outlive a harness that was killed */
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (!chdir(dir))
		execvpe(argv[0], argv, env);
	fprintf(stderr, "%s: %s\n", argv[0], strerror(errno));
	_exit(127);
}

/* A pty as a shell would hand it over, and what the kernel made of that */
static int open_pty(struct tty *t, int *slavep)
{
	struct winsize size = {0};

	size.ws_row = (unsigned short)t->rows;
	size.ws_col = (unsigned short)t->cols;
	t->sane = sane_termios();
	if (openpty(&t->fd, slavep, NULL, &t->sane, &size))
		return errno;
	if (tcgetattr(*slavep, &t->sane) || fcntl(t->fd, F_SETFD, FD_CLOEXEC) ||
	    fcntl(t->fd, F_SETFL, O_NONBLOCK)) {
		(void)close(*slavep);
		return errno;
	}
	return 0;
}

int tty_spawn(struct tty *t, char *const argv[], char *const env[],
	      const char *dir)
{
	int rows = t->rows, cols = t->cols, slave = -1;
	int err;

	tty_done(t);
	*t = (struct tty){.fd = -1, .pidfd = -1, .rows = rows, .cols = cols};
	err = open_pty(t, &slave);
	if (err)
		return err;
	t->pid = fork();
	if (!t->pid) {
		(void)login_tty(slave); /* it would show at once */
		run(argv, env, dir);
	}
	(void)close(slave); /* the program has its own */
	if (t->pid < 0) {
		t->pid = 0;
		return errno;
	}
	t->pidfd = pidfd_open(t->pid, 0);
	if (t->pidfd < 0)
		return errno;
	open_screen(t);
	return 0;
}

void tty_hangup(struct tty *t)
{
	if (t->fd >= 0)
		(void)close(t->fd); /* nothing of ours is lost with it */
	t->fd = -1;
}

static void reap(struct tty *t)
{
	pid_t pid;

	if (!t->pid)
		return;
	do
		pid = waitpid(t->pid, &t->status, 0);
	while (pid < 0 && errno == EINTR);
	t->pid = 0;
	t->ended = true;
}

void tty_done(struct tty *t)
{
	if (t->pid) {
		/* login_tty made it the leader of a group of its own */
		(void)kill(-t->pid, SIGKILL);
		(void)kill(t->pid, SIGKILL);
		reap(t);
	}
	tty_hangup(t);
	if (t->pidfd >= 0)
		(void)close(t->pidfd);
	t->pidfd = -1;
	if (t->vt)
		vterm_free(t->vt);
	t->vt = NULL;
	free(t->said);
	t->said = NULL;
	t->saidcap = 0;
	free(t->out);
	t->out = NULL;
	t->outlen = t->outcap = 0;
}

void tty_resize(struct tty *t, int rows, int cols)
{
	struct winsize size = {0};

	size.ws_row = (unsigned short)rows;
	size.ws_col = (unsigned short)cols;
	t->rows = rows;
	t->cols = cols;
	if (t->vt)
		vterm_set_size(t->vt, rows, cols);
	if (t->fd >= 0)
		(void)ioctl(t->fd, TIOCSWINSZ, &size); /* gone: seen later */
}

/* ---- bytes ------------------------------------------------------------ */

void tty_write(struct tty *t, const void *bytes, size_t n)
{
	if (t->outlen + n > t->outcap) {
		t->outcap = 2 * (t->outlen + n);
		t->out = alloc_grow(t->out, t->outcap, 1);
	}
	memcpy(t->out + t->outlen, bytes, n);
	t->outlen += n;
}

/* Take all there is now; false: there is no program at the other end */
static bool drain(struct tty *t)
{
	char buf[16384];
	ssize_t n;

	/* not for ever, it may write faster than we read */
	for (int i = 0; i < 16; i++) {
		n = read(t->fd, buf, sizeof(buf));
		if (n <= 0)
			return n < 0 && (errno == EAGAIN || errno == EINTR);
		if (t->bytes + (size_t)n > t->saidcap) {
			t->saidcap = 2 * (t->bytes + (size_t)n);
			t->said = alloc_grow(t->said, t->saidcap, 1);
		}
		memcpy(t->said + t->bytes, buf, (size_t)n);
		t->bytes += (size_t)n;
		note_modes(t, buf, (size_t)n);
		(void)vterm_input_write(t->vt, buf, (size_t)n);
	}
	return true;
}

static void flush(struct tty *t)
{
	ssize_t n = write(t->fd, t->out, t->outlen);

	if (n <= 0)
		return; /* full for now, or gone: then drain() sees it */
	t->outlen -= (size_t)n;
	memmove(t->out, t->out + n, t->outlen);
}

void tty_pump(struct tty *t, int wait_ms, const int *more, unsigned morec)
{
	struct pollfd v[POLL_MAX];
	nfds_t n = 2;

	v[0] = (struct pollfd){.fd = t->eof ? -1 : t->fd, .events = POLLIN};
	if (t->outlen)
		v[0].events |= POLLOUT;
	v[1] = (struct pollfd){.fd = t->pid ? t->pidfd : -1, .events = POLLIN};
	for (unsigned i = 0; i < morec && n < POLL_MAX; i++)
		v[n++] = (struct pollfd){.fd = more[i], .events = POLLIN};
	if (poll(v, n, wait_ms) <= 0)
		return;
	if (v[0].revents & POLLOUT)
		flush(t);
	/* EIO: the last program has let go of the terminal.  The descriptor
	   is kept, for what it left behind in the terminal's settings. */
	if (v[0].revents & (POLLIN | POLLHUP))
		t->eof = !drain(t);
	if (v[1].revents)
		reap(t);
}

/* ---- what is on it ---------------------------------------------------- */

static size_t encode(char out[4], uint32_t cp)
{
	if (cp < 0x80) {
		out[0] = (char)cp;
		return 1;
	}
	if (cp < 0x800) {
		out[0] = (char)(0xc0 | cp >> 6);
		out[1] = (char)(0x80 | (cp & 0x3f));
		return 2;
	}
	if (cp < 0x10000) {
		out[0] = (char)(0xe0 | cp >> 12);
		out[1] = (char)(0x80 | (cp >> 6 & 0x3f));
		out[2] = (char)(0x80 | (cp & 0x3f));
		return 3;
	}
	out[0] = (char)(0xf0 | cp >> 18);
	out[1] = (char)(0x80 | (cp >> 12 & 0x3f));
	out[2] = (char)(0x80 | (cp >> 6 & 0x3f));
	out[3] = (char)(0x80 | (cp & 0x3f));
	return 4;
}

size_t tty_cell(const struct tty *t, int row, int col, char out[TTY_CELL_MAX])
{
	VTermPos pos = {.row = row, .col = col};
	VTermScreenCell cell = {0};
	size_t n = 0;

	(void)vterm_screen_get_cell(t->screen, pos, &cell);
	if (cell.chars[0] == (uint32_t)-1)
		return 0;
	if (!cell.chars[0]) {
		out[0] = ' ';
		return 1;
	}
	for (int i = 0; i < VTERM_MAX_CHARS_PER_CELL && cell.chars[i]; i++)
		n += encode(out + n, cell.chars[i]);
	return n;
}

char *tty_text(const struct tty *t, int row, int col, char *buf, size_t size,
	       int *cols)
{
	size_t n = 0, full = 0;

	for (; t->vt && row >= 0 && row < t->rows && col < t->cols; col++) {
		char out[TTY_CELL_MAX];
		size_t len = tty_cell(t, row, col, out);

		if (n + len >= size)
			break;
		memcpy(buf + n, out, len);
		for (size_t i = 0; cols && i < len; i++)
			cols[n + i] = col;
		n += len;
		if (len && (len > 1 || out[0] != ' '))
			full = n;
	}
	buf[full] = '\0';
	return buf;
}

bool tty_find(const struct tty *t, const char *text, int *rowp, int *colp)
{
	char buf[4096];
	int cols[sizeof(buf)];

	for (int row = 0; row < t->rows; row++) {
		const char *at = strstr(
			tty_text(t, row, 0, buf, sizeof(buf), cols), text);

		if (!at)
			continue;
		*rowp = row;
		*colp = *at ? cols[at - buf] : 0;
		return true;
	}
	return false;
}

static void add_color(char *buf, const char *what, const VTermColor *c,
		      bool dflt)
{
	size_t n = strlen(buf);

	if (dflt)
		return;
	if (VTERM_COLOR_IS_INDEXED(c))
		snprintf(buf + n, TTY_STYLE_MAX - n, " %s=%d", what,
			 c->indexed.idx);
	else
		snprintf(buf + n, TTY_STYLE_MAX - n, " %s=#%02x%02x%02x", what,
			 c->rgb.red, c->rgb.green, c->rgb.blue);
}

char *tty_style(const struct tty *t, int row, int col, char buf[TTY_STYLE_MAX])
{
	VTermPos pos = {.row = row, .col = col};
	VTermScreenCell cell = {0};
	char full[TTY_STYLE_MAX] = "";

	if (t->vt)
		(void)vterm_screen_get_cell(t->screen, pos, &cell);
	if (cell.attrs.bold)
		strcat(full, " bold");
	if (cell.attrs.underline)
		strcat(full, " underline");
	if (cell.attrs.italic)
		strcat(full, " italic");
	if (cell.attrs.blink)
		strcat(full, " blink");
	if (cell.attrs.reverse)
		strcat(full, " reverse");
	if (cell.attrs.strike)
		strcat(full, " strike");
	add_color(full, "fg", &cell.fg, VTERM_COLOR_IS_DEFAULT_FG(&cell.fg));
	add_color(full, "bg", &cell.bg, VTERM_COLOR_IS_DEFAULT_BG(&cell.bg));
	snprintf(buf, TTY_STYLE_MAX, "%s", *full ? full + 1 : "plain");
	return buf;
}

bool tty_cursor(const struct tty *t, int *rowp, int *colp)
{
	VTermPos pos = {0};

	if (t->vt)
		vterm_state_get_cursorpos(vterm_obtain_state(t->vt), &pos);
	*rowp = pos.row;
	*colp = pos.col;
	return tty_mode(t, 25, true);
}

const char *tty_unrestored(const struct tty *t, char *buf, size_t size)
{
	struct termios now;

	for (unsigned i = 0; i < t->modes.n; i++) {
		unsigned mode = t->modes.v[i].mode;
		bool on = t->modes.v[i].on;

		if (mode ==
		    12) /* the cursor blinks or not: a matter of taste */
			continue;
		if (on == (mode == 25 || mode == 7))
			continue;
		snprintf(buf, size, "mode ?%u is still %s", mode,
			 on ? "on" : "off");
		return buf;
	}
	if (t->fd < 0 || tcgetattr(t->fd, &now))
		return "its settings cannot be read";
	if (now.c_lflag != t->sane.c_lflag)
		return "c_lflag (echo, lines, signals) is not as it was";
	if (now.c_iflag != t->sane.c_iflag)
		return "c_iflag is not as it was";
	if (now.c_oflag != t->sane.c_oflag)
		return "c_oflag is not as it was";
	if (memcmp(now.c_cc, t->sane.c_cc, sizeof(now.c_cc)) != 0)
		return "its special characters are not as they were";
	return NULL;
}
