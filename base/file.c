/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/file.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/lex.h"
#include "base/shell.h"
#include "base/text.h"
#include "base/thread.h"

/* How long a password command may take [ms]; a test has less patience */
#ifndef SECRET_COMMAND_MS
#define SECRET_COMMAND_MS 30000
#endif

#define ASSERT_NOT_SIP() assert(thread_role() != THREAD_SIP)

static int xdg_path(char *dst, size_t size, const char *variable,
		    const char *below_home, const char *name)
{
	const char *dir = getenv(variable);
	const char *sub = "";
	int n;

	ASSERT_NOT_SIP();
	if (!size)
		return EOVERFLOW;
	dst[0] = '\0';

	/* The specification says to ignore a relative one */
	if (!dir || dir[0] != '/') {
		dir = getenv("HOME");
		sub = below_home;
		if (!dir || !*dir)
			return ENOENT;
	}
	n = snprintf(dst, size, "%s%s/cordpair/%s", dir, sub, name);
	if (n < 0 || (size_t)n >= size) {
		dst[0] = '\0';
		return EOVERFLOW;
	}
	return 0;
}

int file_config_path(char *dst, size_t size, const char *name)
{
	return xdg_path(dst, size, "XDG_CONFIG_HOME", "/.config", name);
}

int file_state_path(char *dst, size_t size, const char *name)
{
	return xdg_path(dst, size, "XDG_STATE_HOME", "/.local/state", name);
}

/* ---- lines ----------------------------------------------------------- */

/* read(2) that waits, also where somebody made our stdin non-blocking */
static int read_some(int fd, char *buf, size_t size, size_t *np)
{
	for (;;) {
		struct pollfd pfd = {.fd = fd, .events = POLLIN};
		ssize_t n = read(fd, buf, size);

		if (n >= 0) {
			*np = (size_t)n;
			return 0;
		}
		if (errno == EAGAIN)
			(void)poll(&pfd, 1, -1); /* read() tells the error */
		else if (errno != EINTR)
			return errno;
	}
}

/* Hand on one line; buf[len] is ours to overwrite */
static int hand_line(char *buf, size_t len, unsigned lineno, file_line_h *lineh,
		     void *arg)
{
	if (len && buf[len - 1] == '\r')
		len--;
	if (len >= LEX_LINE_MAX)
		return EOVERFLOW;
	buf[len] = '\0';
	/* A NUL would hide the rest of its line; lex_line() refuses this */
	for (size_t i = 0; i < len; i++)
		if (!buf[i])
			buf[i] = '\1';
	return lineh(buf, lineno, arg);
}

int file_expand(char *dst, size_t size, const char *path)
{
	const char *home = "";
	int n;

	if (!size)
		return EOVERFLOW;
	dst[0] = '\0';
	if (path[0] == '~' && path[1] == '/') {
		home = getenv("HOME");
		if (!home || !*home)
			return ENOENT;
		path++;
	}
	n = snprintf(dst, size, "%s%s", home, path);
	if (n < 0 || (size_t)n >= size) {
		dst[0] = '\0';
		return EOVERFLOW;
	}
	return 0;
}

int file_lines(const char *path, file_line_h *lineh, void *arg)
{
	static const char bom[] = "\xef\xbb\xbf";
	char buf[2 * LEX_LINE_MAX + 1];
	char full[PATH_MAX];
	size_t start = 0, end = 0, n = 0;
	bool use_stdin = !strcmp(path, "-");
	bool eof = false;
	unsigned lineno = 0;
	int fd = STDIN_FILENO;
	int err = 0;

	ASSERT_NOT_SIP();
	if (!use_stdin) {
		err = file_expand(full, sizeof(full), path);
		if (err)
			return err;
		fd = open(full, O_RDONLY | O_CLOEXEC | O_NOCTTY);
		if (fd < 0)
			return errno;
	}

	while (!err) {
		char *line = buf + start;
		char *nl = memchr(line, '\n', end - start);

		if (nl || (eof && start < end)) {
			size_t len = nl ? (size_t)(nl - line) : end - start;

			start += len + (nl ? 1 : 0);
			if (!lineno++ && len >= 3 && !memcmp(line, bom, 3)) {
				line += 3;
				len -= 3;
			}
			err = hand_line(line, len, lineno, lineh, arg);
			continue;
		}
		if (eof)
			break;
		if (end - start > LEX_LINE_MAX + 3) {
			err = EOVERFLOW;
			break;
		}
		memmove(buf, line, end - start);
		end -= start;
		start = 0;
		err = read_some(fd, buf + end, sizeof(buf) - 1 - end, &n);
		eof = !err && !n;
		end += err ? 0 : n;
	}

	if (!use_stdin)
		(void)close(fd); /* only read from */
	return err;
}

/* ---- whole files ----------------------------------------------------- */

int file_read(char **textp, size_t *lenp, struct stat *st, const char *path,
	      size_t max)
{
	/* not to hang on a fifo before fstat() has told what it is */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	char *text = NULL;
	size_t len = 0, size = 0, n = 1;
	int err = 0;

	ASSERT_NOT_SIP();
	if (fd < 0)
		return errno;
	if (fstat(fd, st))
		err = errno;
	else if (S_ISDIR(st->st_mode))
		err = EISDIR;
	else if (!S_ISREG(st->st_mode) && !S_ISCHR(st->st_mode))
		err = EINVAL;
	else if (st->st_size > 0 && (size_t)st->st_size > max)
		err = EFBIG;
	while (!err && n) {
		if (len == size) {
			char *more;

			size = size ? 2 * size : (size_t)st->st_size + 4096;
			more = realloc(text, size);
			if (!more) {
				err = ENOMEM;
				break;
			}
			text = more;
		}
		err = read_some(fd, text + len, size - len, &n);
		len += err ? 0 : n;
		if (!err && len > max)
			err = EFBIG;
	}
	(void)close(fd); /* only read from */
	if (err) {
		free(text);
		return err;
	}
	*textp = text;
	*lenp = len;
	return 0;
}

/* ---- writing --------------------------------------------------------- */

int file_make_parent(const char *path)
{
	char dir[PATH_MAX];
	size_t len = strlen(path);

	ASSERT_NOT_SIP();
	if (len >= sizeof(dir))
		return ENAMETOOLONG;
	memcpy(dir, path, len + 1);
	for (char *p = dir + 1; len && (p = strchr(p, '/')); p++) {
		*p = '\0';
		if (mkdir(dir, 0700) && errno != EEXIST)
			return errno;
		*p = '/';
	}
	return 0;
}

static int write_all(int fd, const char *p, size_t len)
{
	while (len) {
		ssize_t n = write(fd, p, len);

		if (n < 0 && errno != EINTR)
			return errno;
		p += n < 0 ? 0 : n;
		len -= n < 0 ? 0 : (size_t)n;
	}
	return 0;
}

int file_replace(const char *path, const void *data, size_t len, unsigned mode)
{
	char real[PATH_MAX], temp[PATH_MAX + 8];
	struct stat st;
	int fd, err;

	ASSERT_NOT_SIP();
	if (realpath(path, real)) {
		if (stat(real, &st))
			return errno;
		mode = st.st_mode & 0777;
	} else if (errno != ENOENT) {
		return errno;
	} else if (snprintf(real, sizeof(real), "%s", path) >=
		   (int)sizeof(real)) {
		return ENAMETOOLONG;
	}
	(void)snprintf(temp, sizeof(temp), "%s.XXXXXX", real);
	fd = mkostemp(temp, O_CLOEXEC);
	if (fd < 0)
		return errno;
	err = write_all(fd, data, len);
	/* else a crash could leave an empty file under the old one's name */
	if (!err && (fchmod(fd, mode) || fsync(fd)))
		err = errno;
	if (close(fd) && !err)
		err = errno;
	if (!err && rename(temp, real))
		err = errno;
	if (err)
		(void)unlink(temp); /* it is the first error that counts */
	return err;
}

/* ---- secrets --------------------------------------------------------- */

enum { SECRET_RAW = 4096 };

void secret_wipe(void *p, size_t size)
{
	explicit_bzero(p, size);
}

/* Say what is wrong; returns err, so that an error is one line */
__attribute__((format(printf, 3, 4))) static int
say_why(const char **whyp, int err, const char *fmt, ...)
{
	static _Thread_local char text[2600];
	char raw[sizeof(text)];
	va_list ap;

	va_start(ap, fmt);
	if (vsnprintf(raw, sizeof(raw), fmt, ap) < 0)
		raw[0] = '\0';
	va_end(ap);
	text_clean(text, sizeof(text), raw, strlen(raw));
	if (whyp)
		*whyp = text;
	return err;
}

/* The first line of what was read; ENODATA when it is empty */
static int first_line(char *dst, size_t size, const char *raw, size_t n)
{
	const char *nl = memchr(raw, '\n', n);

	if (!nl && n == SECRET_RAW)
		return EOVERFLOW;
	if (nl)
		n = (size_t)(nl - raw);
	if (n && raw[n - 1] == '\r')
		n--;
	if (!n)
		return ENODATA;
	return text_ncopy(dst, size, raw, n);
}

static int open_secret(int *fdp, const char *path, const char **whyp)
{
	struct stat st;
	/* Not to hang on a fifo before fstat() has told what it is */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	int err = 0;

	if (fd < 0) {
		err = errno;
		if (err == ENOENT)
			return say_why(whyp, err,
				       "%s: no such file; put the password on "
				       "its first line, then chmod 600 %s",
				       path, path);
		return say_why(whyp, err, "%s: cannot be opened (%s)", path,
			       strerror(err));
	}

	if (fstat(fd, &st))
		err = say_why(whyp, errno, "%s: cannot be checked (%s)", path,
			      strerror(errno));
	else if (!S_ISREG(st.st_mode))
		err = say_why(whyp, EACCES,
			      "%s: not a plain file; name a file that holds "
			      "the password on its first line",
			      path);
	else if (st.st_uid != geteuid())
		err = say_why(whyp, EACCES,
			      "%s: belongs to another user (uid %lu); make "
			      "it yours (chown) or name a file of your own",
			      path, (unsigned long)st.st_uid);
	else if (st.st_mode & 077)
		err = say_why(whyp, EACCES,
			      "%s: others may read or change it (mode %03o); "
			      "chmod 600 %s",
			      path, (unsigned)st.st_mode & 0777, path);
	if (err)
		(void)close(fd);
	else
		*fdp = fd;
	return err;
}

int secret_from_file(char *dst, size_t size, const char *path,
		     const char **whyp)
{
	char full[PATH_MAX];
	char raw[SECRET_RAW];
	size_t n = 0, more = 1;
	int fd = -1;
	int err;

	ASSERT_NOT_SIP();
	if (size)
		dst[0] = '\0';
	err = file_expand(full, sizeof(full), path);
	if (err)
		return say_why(whyp, err, "%s: cannot be found (%s)", path,
			       strerror(err));
	path = full;
	err = open_secret(&fd, path, whyp);
	if (err)
		return err;

	while (!err && more && n < sizeof(raw) && !memchr(raw, '\n', n)) {
		err = read_some(fd, raw + n, sizeof(raw) - n, &more);
		n += err ? 0 : more;
	}
	(void)close(fd); /* only read from */
	if (err) {
		(void)say_why(whyp, err, "%s: cannot be read (%s)", path,
			      strerror(err));
		goto out;
	}

	err = first_line(dst, size, raw, n);
	if (err == ENODATA)
		(void)say_why(whyp, err,
			      "%s: its first line is empty; put the password "
			      "there",
			      path);
	else if (err == EOVERFLOW)
		(void)say_why(whyp, err,
			      "%s: its first line is too long for a password "
			      "(at most %zu bytes)",
			      path, size ? size - 1 : 0);
	else if (err)
		(void)say_why(whyp, err,
			      "%s: its first line is not text (it has a NUL "
			      "byte)",
			      path);

out:
	secret_wipe(raw, sizeof(raw));
	return err;
}

/* Take what there is now: the first bytes into raw, the rest nowhere.  Not
   for ever, it may come faster than we read.  True at the output's end. */
static bool drain(int fd, char *raw, size_t *np)
{
	char rest[512];
	ssize_t n = 1;
	bool eof = false;

	for (int i = 0; i < 16 && n > 0; i++) {
		bool full = *np == SECRET_RAW;

		n = full ? read(fd, rest, sizeof(rest))
			 : read(fd, raw + *np, SECRET_RAW - *np);
		if (n > 0)
			*np += full ? 0 : (size_t)n;
		else
			eof = n == 0 || (errno != EAGAIN && errno != EINTR);
	}
	secret_wipe(rest, sizeof(rest));
	return eof;
}

/* Gather output until the shell has ended.  What it left behind in the
   background (an agent) may keep the pipe open, so its end is not awaited. */
static int await_shell(pid_t pid, int fd, char *raw, size_t *np)
{
	uint64_t deadline = clock_us() + (uint64_t)SECRET_COMMAND_MS * 1000;
	struct pollfd v[3] = {{.fd = fd, .events = POLLIN},
			      {.fd = pidfd_open(pid, 0), .events = POLLIN},
			      {.events = POLLIN}};
	bool ended = false;
	sigset_t leave;
	int err = 0;

	/* Where the program keeps these for its loop they only tell here that
	   the user has had enough: the loop still gets them */
	(void)sigemptyset(&leave);
	(void)sigaddset(&leave, SIGINT);
	(void)sigaddset(&leave, SIGTERM);
	(void)sigaddset(&leave, SIGHUP);
	v[2].fd = signalfd(-1, &leave, SFD_CLOEXEC | SFD_NONBLOCK);

	while (!ended) {
		uint64_t now = clock_us();
		int n;

		if (now >= deadline) {
			err = ETIMEDOUT;
			break;
		}
		n = poll(v, 3, (int)((deadline - now) / 1000) + 1);
		if (n < 0 && errno != EINTR) {
			err = errno;
			break;
		}
		if (n <= 0)
			continue;
		if (v[2].revents) {
			err = EINTR;
			break;
		}
		ended = v[1].revents != 0;
		if (v[0].fd >= 0 && drain(v[0].fd, raw, np)) {
			v[0].fd = -1;
			/* No pidfd (an old kernel, a sandbox): this is the
			   best sign of the end there is */
			ended = ended || v[1].fd < 0;
		}
	}

	if (v[1].fd >= 0)
		(void)close(v[1].fd);
	if (v[2].fd >= 0)
		(void)close(v[2].fd);
	return err;
}

static int reap(pid_t pid, int *statusp)
{
	while (waitpid(pid, statusp, 0) < 0)
		if (errno != EINTR)
			return errno;
	return 0;
}

int secret_from_command(char *dst, size_t size, const char *command,
			const char **whyp)
{
	char raw[SECRET_RAW];
	size_t n = 0;
	int status = 0, fd = -1;
	pid_t pid = -1;
	int err, reap_err;

	ASSERT_NOT_SIP();
	if (size)
		dst[0] = '\0';
	err = shell_spawn(&pid, &fd, command, NULL, false);
	if (err)
		return say_why(whyp, err,
			       "the password command cannot be started (%s)",
			       strerror(err));

	err = await_shell(pid, fd, raw, &n);
	if (err)
		(void)kill(-pid, SIGKILL); /* it cannot be gone: not reaped */
	reap_err = reap(pid, &status);
	(void)close(fd);

	if (err == ETIMEDOUT)
		(void)say_why(whyp, err,
			      "the password command did not end within %d s; "
			      "it must not ask anything",
			      (SECRET_COMMAND_MS + 999) / 1000);
	else if (err == EINTR)
		(void)say_why(whyp, err, "the password command was stopped");
	else if (err || reap_err)
		err = say_why(whyp, ECHILD,
			      "the password command could not be followed (%s)",
			      strerror(err ? err : reap_err));
	else if (WIFSIGNALED(status))
		err = say_why(whyp, ECHILD,
			      "the password command was killed by signal %d; "
			      "try it in a shell",
			      WTERMSIG(status));
	else if (!WIFEXITED(status) || WEXITSTATUS(status))
		err = say_why(whyp, ECHILD,
			      "the password command failed (exit code %d); "
			      "try it in a shell",
			      WEXITSTATUS(status));
	if (err)
		goto out;

	err = first_line(dst, size, raw, n);
	if (err == ENODATA)
		err = say_why(whyp, ECHILD,
			      "the password command printed %s; it must print "
			      "the password on its first line",
			      n ? "an empty first line" : "nothing");
	else if (err == EOVERFLOW)
		(void)say_why(whyp, err,
			      "the password command printed a first line too "
			      "long for a password (at most %zu bytes)",
			      size ? size - 1 : 0);
	else if (err)
		(void)say_why(whyp, err,
			      "the password command printed a NUL byte; it "
			      "must print text");

out:
	secret_wipe(raw, sizeof(raw));
	return err;
}
