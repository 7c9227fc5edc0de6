/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/lex.h"
#include "base/thread.h"

static char dir[PATH_MAX];

static const char *path_of(const char *name)
{
	static char path[PATH_MAX + 32];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	return path;
}

static const char *make(const char *name, const char *data, size_t len,
			mode_t mode)
{
	const char *path = path_of(name);
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, data, len), len);
	assert_int_equal(fchmod(fd, mode), 0);
	close(fd);
	return path;
}

static int make_dir(void **state)
{
	const char *tmp = getenv("TMPDIR");

	(void)state;
	snprintf(dir, sizeof(dir), "%s/cordpair-file-XXXXXX",
		 tmp ? tmp : "/tmp");
	return mkdtemp(dir) ? 0 : -1;
}

static int remove_dir(void **state)
{
	static const char *const names[] = {"lines", "secret", "link", "fifo",
					    "whole"};

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		(void)unlink(path_of(names[i]));
	return rmdir(dir);
}

/* ---- where ----------------------------------------------------------- */

static const struct {
	const char *xdg, *home;
	int err;
	const char *want;
} places[] = {
	{"/x", "/home/a", 0, "/x/cordpair/config"},
	{NULL, "/home/a", 0, "/home/a/.config/cordpair/config"},
	{"", "/home/a", 0, "/home/a/.config/cordpair/config"},
	{"relative", "/home/a", 0, "/home/a/.config/cordpair/config"},
	{"/x", NULL, 0, "/x/cordpair/config"},
	{NULL, NULL, ENOENT, ""},
	{NULL, "", ENOENT, ""},
};

static void set(const char *name, const char *value)
{
	if (value)
		setenv(name, value, 1);
	else
		unsetenv(name);
}

static void configuration_is_where_xdg_says(void **state)
{
	char buf[64];

	(void)state;
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		size_t len = strlen(places[i].want);

		set("XDG_CONFIG_HOME", places[i].xdg);
		set("HOME", places[i].home);
		strcpy(buf, "xxx");
		assert_int_equal(file_config_path(buf, sizeof(buf), "config"),
				 places[i].err);
		assert_string_equal(buf, places[i].want);
		if (places[i].err)
			continue;
		assert_int_equal(file_config_path(buf, len + 1, "config"), 0);
		assert_int_equal(file_config_path(buf, len, "config"),
				 EOVERFLOW);
		assert_string_equal(buf, "");
		assert_int_equal(file_config_path(buf, 0, "config"), EOVERFLOW);
	}
}

/* ---- lines ----------------------------------------------------------- */

struct heard {
	char text[64];
	size_t longest;
	unsigned n;
	unsigned stop_at;
};

static int on_line(const char *line, unsigned lineno, void *arg)
{
	struct heard *h = arg;

	assert_int_equal(lineno, ++h->n);
	if (strlen(line) > h->longest)
		h->longest = strlen(line);
	if (strlen(h->text) + strlen(line) + 2 < sizeof(h->text)) {
		strcat(h->text, line);
		strcat(h->text, "|");
	}
	return lineno == h->stop_at ? -77 : 0;
}

#define DATA(s) s, sizeof(s) - 1

static const struct {
	const char *data;
	size_t len;
	unsigned n;
	const char *want;
} files[] = {
	{DATA(""), 0, ""},
	{DATA("\n"), 1, "|"},
	{DATA("a"), 1, "a|"},
	{DATA("a\n"), 1, "a|"},
	{DATA("a\n\nb\n"), 3, "a||b|"},
	{DATA("a\r\nb\r\n"), 2, "a|b|"},
	{DATA("a\r\r\nb\r"), 2, "a\r|b|"},
	{DATA("\xef\xbb\xbf"
	      "a\n\xef\xbb\xbf"
	      "b"),
	 2,
	 "a|\xef\xbb\xbf"
	 "b|"},
	{DATA("a\0b\n\0\n"), 2, "a\1b|\1|"},
};

static void file_is_read_line_by_line(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		const char *path =
			make("lines", files[i].data, files[i].len, 0644);
		struct heard h = {.n = 0};

		assert_int_equal(file_lines(path, on_line, &h), 0);
		assert_int_equal(h.n, files[i].n);
		assert_string_equal(h.text, files[i].want);
	}
}

static void line_has_a_longest(void **state)
{
	static char data[3 * LEX_LINE_MAX];
	static const char *const ends[] = {"", "\n", "\r\n", "\nx\n"};

	(void)state;
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		for (size_t over = 0; over < 6; over++) {
			size_t len = LEX_LINE_MAX - 1 + over;
			struct heard h = {.n = 0};
			int err;

			memset(data, 'a', len + 2);
			data[1] = '\n';
			strcpy(data + 2 + len, ends[i]);
			err = file_lines(
				make("lines", data, strlen(data), 0644),
				on_line, &h);
			assert_int_equal(err, over ? EOVERFLOW : 0);
			assert_int_equal(h.n, over ? 1 : i == 3 ? 3 : 2);
			assert_int_equal(h.longest, over ? 1 : len);
		}
	}
	/* no end in sight at all */
	memset(data, 'a', sizeof(data));
	{
		struct heard h = {.n = 0};

		assert_int_equal(
			file_lines(make("lines", data, sizeof(data), 0644),
				   on_line, &h),
			EOVERFLOW);
		assert_int_equal(h.n, 0);
	}
}

static void many_lines_cross_the_buffer_whole(void **state)
{
	static char data[200000];
	struct heard h = {.n = 0};
	size_t n = 0;
	unsigned lines = 0;

	(void)state;
	for (; n + 1000 < sizeof(data); lines++) {
		size_t len = lines * 37 % 997;

		memset(data + n, 'a', len);
		data[n + len] = '\n';
		n += len + 1;
	}
	assert_int_equal(file_lines(make("lines", data, n, 0644), on_line, &h),
			 0);
	assert_int_equal(h.n, lines);
	assert_true(h.longest > 900 && h.longest < 997);
}

static void handler_can_stop(void **state)
{
	struct heard h = {.stop_at = 2};

	(void)state;
	assert_int_equal(
		file_lines(make("lines", "a\nb\nc\n", 6, 0644), on_line, &h),
		-77);
	assert_string_equal(h.text, "a|b|");
}

static void what_cannot_be_read_is_told(void **state)
{
	struct heard h = {.n = 0};

	(void)state;
	assert_int_equal(file_lines(path_of("missing"), on_line, &h), ENOENT);
	assert_int_equal(file_lines(dir, on_line, &h), EISDIR);
	assert_int_equal(h.n, 0);
}

static void dash_is_stdin(void **state)
{
	int saved = dup(STDIN_FILENO), fds[2];
	struct heard h = {.n = 0};

	(void)state;
	assert_int_equal(pipe(fds), 0);
	assert_int_equal(write(fds[1], "a\nb", 3), 3);
	close(fds[1]);
	assert_int_equal(dup2(fds[0], STDIN_FILENO), STDIN_FILENO);
	close(fds[0]);
	assert_int_equal(file_lines("-", on_line, &h), 0);
	assert_string_equal(h.text, "a|b|");
	assert_true(fcntl(STDIN_FILENO, F_GETFD) >= 0); /* still open */

	close(STDIN_FILENO);
	assert_int_equal(file_lines("-", on_line, &h), EBADF);
	if (saved >= 0) {
		dup2(saved, STDIN_FILENO);
		close(saved);
	}
}

struct feed {
	int fd;
	unsigned n;
};

/* Each line is only written when the one before it has been heard */
static int on_fed(const char *line, unsigned lineno, void *arg)
{
	struct feed *f = arg;

	(void)lineno;
	assert_string_equal(line, "x");
	if (++f->n < 3)
		assert_int_equal(write(f->fd, "x\n", 2), 2);
	else
		close(f->fd);
	return 0;
}

static void line_is_heard_when_it_is_written(void **state)
{
	int saved = dup(STDIN_FILENO), fds[2];
	struct feed f = {.n = 0};

	(void)state;
	assert_int_equal(pipe(fds), 0);
	f.fd = fds[1];
	assert_int_equal(write(fds[1], "x\n", 2), 2);
	assert_int_equal(dup2(fds[0], STDIN_FILENO), STDIN_FILENO);
	close(fds[0]);
	assert_int_equal(file_lines("-", on_fed, &f), 0);
	assert_int_equal(f.n, 3);
	if (saved >= 0) {
		dup2(saved, STDIN_FILENO);
		close(saved);
	}
}

static char state_of(pid_t pid)
{
	char path[64], st = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	f = fopen(path, "re");
	if (!f)
		return 0;
	if (fscanf(f, "%*d (%*[^)]) %c", &st) != 1)
		st = 0;
	fclose(f);
	return st;
}

static void stdin_that_does_not_block_is_waited_for(void **state)
{
	int saved = dup(STDIN_FILENO), in[2];
	struct heard h = {.n = 0};
	pid_t pid;

	(void)state;
	assert_int_equal(pipe2(in, O_NONBLOCK), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		uint64_t deadline = clock_us() + 5000000;

		close(in[0]);
		/* read() has given nothing by the time our parent sleeps */
		while (state_of(getppid()) != 'S' && clock_us() < deadline)
			;
		_exit(write(in[1], "late\n", 5) == 5 ? 0 : 1);
	}
	close(in[1]);
	assert_int_equal(dup2(in[0], STDIN_FILENO), STDIN_FILENO);
	close(in[0]);
	assert_int_equal(file_lines("-", on_line, &h), 0);
	assert_string_equal(h.text, "late|");
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	if (saved >= 0) {
		dup2(saved, STDIN_FILENO);
		close(saved);
	}
}

/* ---- secrets in files ------------------------------------------------ */

static const struct {
	mode_t mode;
	bool ok;
} modes[] = {
	{0600, true},  {0400, true},  {0700, true},  {0644, false},
	{0640, false}, {0604, false}, {0620, false}, {0602, false},
	{0610, false}, {0666, false}, {0601, false},
};

static void secret_file_is_its_owners_alone(void **state)
{
	char buf[32];

	(void)state;
	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		const char *why = NULL;
		const char *path =
			make("secret", "hunter2\nmore\n", 13, modes[i].mode);

		strcpy(buf, "xxx");
		if (modes[i].ok) {
			assert_int_equal(
				secret_from_file(buf, sizeof(buf), path, &why),
				0);
			assert_string_equal(buf, "hunter2");
			assert_null(why);
			continue;
		}
		assert_int_equal(secret_from_file(buf, sizeof(buf), path, &why),
				 EACCES);
		assert_string_equal(buf, "");
		assert_non_null(strstr(why, path));
		assert_non_null(strstr(why, "chmod 600 "));
		assert_null(strstr(why, "hunter2"));
		assert_int_equal(secret_from_file(buf, sizeof(buf), path, NULL),
				 EACCES);
	}
}

static const struct {
	const char *data;
	size_t len;
	int err;
	const char *want; /* the secret, or a word of why */
} contents[] = {
	{DATA("hunter2"), 0, "hunter2"},
	{DATA("hunter2\n"), 0, "hunter2"},
	{DATA("hunter2\r\n"), 0, "hunter2"},
	{DATA(" two words \n"), 0, " two words "},
	{DATA("p\xc3\xa4ss\xff\n"), 0, "p\xc3\xa4ss\xff"},
	{DATA("123456789012345"), 0, "123456789012345"},
	{DATA("1234567890123456"), EOVERFLOW, "15 bytes"},
	{DATA(""), ENODATA, "empty"},
	{DATA("\nhunter2\n"), ENODATA, "empty"},
	{DATA("\r\n"), ENODATA, "empty"},
	{DATA("hun\0ter2\n"), EINVAL, "NUL"},
};

static void secret_is_the_first_line(void **state)
{
	char buf[16];

	(void)state;
	for (size_t i = 0; i < sizeof(contents) / sizeof(contents[0]); i++) {
		const char *why = "";
		const char *path =
			make("secret", contents[i].data, contents[i].len, 0600);

		strcpy(buf, "xxx");
		assert_int_equal(secret_from_file(buf, sizeof(buf), path, &why),
				 contents[i].err);
		if (!contents[i].err) {
			assert_string_equal(buf, contents[i].want);
			continue;
		}
		assert_string_equal(buf, "");
		assert_non_null(strstr(why, path));
		assert_non_null(strstr(why, contents[i].want));
	}
}

static void secret_without_an_end_is_refused(void **state)
{
	static char data[5000], buf[6000];
	const char *why = "";

	(void)state;
	memset(data, 'a', sizeof(data));
	assert_int_equal(
		secret_from_file(buf, sizeof(buf),
				 make("secret", data, sizeof(data), 0600),
				 &why),
		EOVERFLOW);
	assert_string_equal(buf, "");
	data[100] = '\n'; /* but what follows does not matter */
	assert_int_equal(
		secret_from_file(buf, sizeof(buf),
				 make("secret", data, sizeof(data), 0600),
				 &why),
		0);
	assert_int_equal(strlen(buf), 100);
}

static void missing_secret_says_what_to_do(void **state)
{
	const char *why = NULL, *path = path_of("missing");
	char buf[16] = "x";

	(void)state;
	assert_int_equal(secret_from_file(buf, sizeof(buf), path, &why),
			 ENOENT);
	assert_string_equal(buf, "");
	assert_non_null(strstr(why, path));
	assert_non_null(strstr(why, "no such file"));
	assert_non_null(strstr(why, "chmod 600 "));
}

static void another_users_secret_is_refused(void **state)
{
	const char *why = NULL, *path = "/etc/passwd";
	char buf[16] = "x";

	(void)state;
	if (geteuid() == 0) {
		path = make("secret", "hunter2\n", 8, 0600);
		assert_int_equal(chown(path, 65534, (gid_t)-1), 0);
	}
	assert_int_equal(secret_from_file(buf, sizeof(buf), path, &why),
			 EACCES);
	assert_string_equal(buf, "");
	assert_non_null(strstr(why, path));
	assert_non_null(strstr(why, "another user"));
	(void)unlink(path_of("secret"));
}

static void secret_is_in_a_plain_file(void **state)
{
	const char *why = NULL;
	char buf[16] = "x";

	(void)state;
	assert_int_equal(secret_from_file(buf, sizeof(buf), dir, &why), EACCES);
	assert_non_null(strstr(why, "plain file"));

	/* nobody writes into it: this must not wait */
	assert_int_equal(mkfifo(path_of("fifo"), 0600), 0);
	why = NULL;
	assert_int_equal(
		secret_from_file(buf, sizeof(buf), path_of("fifo"), &why),
		EACCES);
	assert_non_null(strstr(why, "plain file"));
}

static void link_is_judged_by_what_it_names(void **state)
{
	char buf[16], target[PATH_MAX];
	const char *why = NULL;

	(void)state;
	strcpy(target, make("secret", "hunter2\n", 8, 0600));
	assert_int_equal(symlink(target, path_of("link")), 0);
	assert_int_equal(
		secret_from_file(buf, sizeof(buf), path_of("link"), &why), 0);
	assert_string_equal(buf, "hunter2");
	assert_int_equal(chmod(target, 0644), 0);
	assert_int_equal(
		secret_from_file(buf, sizeof(buf), path_of("link"), &why),
		EACCES);
}

static void why_is_fit_to_be_shown(void **state)
{
	const char *why = NULL;
	char buf[16];

	(void)state;
	assert_int_equal(secret_from_file(buf, sizeof(buf),
					  "/nowhere/\x1b]0;x\x07", &why),
			 ENOENT);
	assert_null(strpbrk(why, "\x1b\x07"));
}

/* ---- secrets from commands ------------------------------------------- */

static const struct {
	const char *command;
	int err;
	const char *want; /* the secret, or a word of why */
} commands[] = {
	{"echo hunter2", 0, "hunter2"},
	{"printf hunter2", 0, "hunter2"},
	{"echo hunter2; echo login: me", 0, "hunter2"},
	{"printf 'hunter2\\r\\n'", 0, "hunter2"},
	{"printf hun; printf ter2; echo", 0, "hunter2"},
	{"echo 123456789012345", 0, "123456789012345"},
	{"echo 1234567890123456", EOVERFLOW, "15 bytes"},
	{"false", ECHILD, "exit code 1"},
	{"echo hunter2; exit 3", ECHILD, "exit code 3"},
	{"exec 2>&-; /nowhere/at-all", ECHILD, "exit code 127"},
	{"kill -9 $$", ECHILD, "signal 9"},
	{"true", ECHILD, "printed nothing"},
	{"", ECHILD, "printed nothing"},
	{"echo", ECHILD, "empty first line"},
	{"echo; echo hunter2", ECHILD, "empty first line"},
	{"printf 'hun\\000ter2\\n'", EINVAL, "NUL"},
	/* more than a pipe holds, before and after the line's end */
	{"echo hunter2; head -c 300000 /dev/zero", 0, "hunter2"},
	{"head -c 300000 /dev/zero | tr '\\0' a", EOVERFLOW, "too long"},
	/* it has nothing to read, hears SIGPIPE, and leads its own group */
	{"if read x; then echo asked; else echo hunter2; fi", 0, "hunter2"},
	{"yes 2>&1 | head -n 1", 0, "y"},
	{"sh -c 'kill -PIPE $$; echo lives' || echo dies", 0, "dies"},
	{"kill -USR1 $$; echo lives", ECHILD, "signal 10"},
	{"read p c s pp pgrp x </proc/$$/stat; test $pgrp = $$ && echo ok", 0,
	 "ok"},
	{"-x; echo no option", 0, "no option"},
};

static void secret_is_what_the_command_prints(void **state)
{
	int null = open("/dev/null", O_WRONLY), err2 = dup(STDERR_FILENO);

	(void)state;
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		const char *why = "";
		char buf[16] = "xxx";
		int err;

		print_message("%s\n", commands[i].command);
		/* the shell's complaints are not the test's */
		dup2(null, STDERR_FILENO);
		err = secret_from_command(buf, sizeof(buf), commands[i].command,
					  &why);
		dup2(err2, STDERR_FILENO);

		assert_int_equal(err, commands[i].err);
		if (!commands[i].err) {
			assert_string_equal(buf, commands[i].want);
			assert_string_equal(why, "");
			continue;
		}
		assert_string_equal(buf, "");
		assert_non_null(strstr(why, "password command"));
		assert_non_null(strstr(why, commands[i].want));
		assert_null(strstr(why, "hunter2"));
	}
	close(null);
	close(err2);
}

static void exhausted_descriptors_are_told(void **state)
{
	struct rlimit old, none = {0, 0};
	const char *why = "";
	char buf[16] = "x";

	(void)state;
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
	none.rlim_max = old.rlim_max;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	assert_int_equal(secret_from_command(buf, sizeof(buf), "echo x", &why),
			 EMFILE);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
	assert_string_equal(buf, "");
	assert_non_null(strstr(why, "cannot be started"));
}

static void no_descriptor_is_left_open(void **state)
{
	int before = dup(STDERR_FILENO), after;
	struct heard h = {.n = 0};
	char buf[16];

	(void)state;
	close(before);
	(void)secret_from_command(buf, sizeof(buf), "echo hunter2", NULL);
	(void)secret_from_command(buf, sizeof(buf), "exit 1", NULL);
	(void)secret_from_file(buf, sizeof(buf), dir, NULL);
	(void)secret_from_file(buf, sizeof(buf), make("secret", "x\n", 2, 0600),
			       NULL);
	(void)secret_from_file(buf, sizeof(buf), make("secret", "x\n", 2, 0644),
			       NULL);
	(void)file_lines(make("lines", "x\n", 2, 0600), on_line, &h);
	(void)file_lines(dir, on_line, &h);
	after = dup(STDERR_FILENO);
	close(after);
	assert_int_equal(before, after);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1); /* no zombie */
}

static void wiped_is_gone(void **state)
{
	char buf[16] = "hunter2", zeros[16] = {0};

	(void)state;
	secret_wipe(buf, sizeof(buf));
	assert_memory_equal(buf, zeros, sizeof(buf));
}

/* ---- the door -------------------------------------------------------- */

static void try_lines(void)
{
	struct heard h = {.n = 0};

	(void)file_lines("/dev/null", on_line, &h);
}

static void try_path(void)
{
	char buf[64];

	(void)file_config_path(buf, sizeof(buf), "x");
}

static void try_secret(void)
{
	char buf[64];

	(void)secret_from_file(buf, sizeof(buf), "/dev/null", NULL);
}

static void try_command(void)
{
	char buf[64];

	(void)secret_from_command(buf, sizeof(buf), "true", NULL);
}

/* How a process ends that does this as that thread */
static int end_of(void (*tryh)(void), enum thread_role role)
{
	struct rlimit none = {0, 0};
	int status = 0;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (!pid) {
		int null = open("/dev/null", O_RDWR);

		dup2(null, STDERR_FILENO);
		setrlimit(RLIMIT_CORE, &none);
		signal(SIGABRT, SIG_DFL);
		thread_adopt(role);
		tryh();
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

static void sip_thread_does_not_touch_files(void **state)
{
	static void (*const tries[])(void) = {try_lines, try_path, try_secret,
					      try_command};

	(void)state;
#ifdef NDEBUG
	skip();
#endif
	for (size_t i = 0; i < sizeof(tries) / sizeof(tries[0]); i++) {
		int status = end_of(tries[i], THREAD_SIP);

		assert_true(WIFSIGNALED(status));
		assert_int_equal(WTERMSIG(status), SIGABRT);
		assert_int_equal(end_of(tries[i], THREAD_UI), 0);
		assert_int_equal(end_of(tries[i], THREAD_NONE), 0);
	}
}

static void test_home_is_expanded(void **state)
{
	char dst[64], tiny[4];

	(void)state;
	assert_int_equal(setenv("HOME", "/home/ann", 1), 0);
	assert_int_equal(file_expand(dst, sizeof(dst), "~/x/y"), 0);
	assert_string_equal(dst, "/home/ann/x/y");
	assert_int_equal(file_expand(dst, sizeof(dst), "/a/~/b"), 0);
	assert_string_equal(dst, "/a/~/b");
	assert_int_equal(file_expand(dst, sizeof(dst), "~bob/x"), 0);
	assert_string_equal(dst, "~bob/x");
	assert_int_equal(file_expand(tiny, sizeof(tiny), "~/x"), EOVERFLOW);
	assert_string_equal(tiny, "");
	assert_int_equal(unsetenv("HOME"), 0);
	assert_int_equal(file_expand(dst, sizeof(dst), "~/x"), ENOENT);
}

static void file_is_replaced_whole_or_not_at_all(void **state)
{
	struct stat st;
	char got[8] = "", at[PATH_MAX];
	int fd;

	(void)state;
	snprintf(at, sizeof(at), "%s", path_of("whole"));
	assert_int_equal(file_replace(at, "one", 3, 0640), 0);
	assert_int_equal(stat(at, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0640);
	/* the mode is what it was, whatever is said now; also behind a link */
	assert_int_equal(symlink("whole", path_of("link")), 0);
	assert_int_equal(file_replace(path_of("link"), "two!", 4, 0600), 0);
	assert_int_equal(lstat(path_of("link"), &st), 0);
	assert_true(S_ISLNK(st.st_mode));
	assert_int_equal(stat(at, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0640);
	fd = open(at, O_RDONLY | O_CLOEXEC);
	assert_int_equal(read(fd, got, sizeof(got)), 4);
	assert_string_equal(got, "two!");
	close(fd);
	/* what fails leaves nothing behind: remove_dir() would not do it */
	assert_int_equal(unlink(path_of("link")), 0);
	assert_int_equal(mkdir(path_of("link"), 0700), 0);
	assert_int_equal(file_replace(path_of("link"), "x", 1, 0600), EISDIR);
	assert_int_equal(rmdir(path_of("link")), 0);
	assert_int_equal(file_replace(path_of("no/where"), "x", 1, 0600),
			 ENOENT);
}

static void directories_of_a_file_are_made(void **state)
{
	struct stat st;

	(void)state;
	assert_int_equal(file_make_parent(path_of("a/b/c")), 0);
	assert_int_equal(file_make_parent(path_of("a/b/c")), 0);
	assert_int_equal(stat(path_of("a/b"), &st), 0);
	assert_int_equal(st.st_mode & 0777, 0700);
	assert_int_equal(stat(path_of("a/b/c"), &st), -1);
	make("whole", "x", 1, 0600);
	assert_int_equal(file_make_parent(path_of("whole/c/d")), ENOTDIR);
	assert_int_equal(rmdir(path_of("a/b")), 0);
	assert_int_equal(rmdir(path_of("a")), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_home_is_expanded),
		cmocka_unit_test(configuration_is_where_xdg_says),
		cmocka_unit_test(file_is_read_line_by_line),
		cmocka_unit_test(line_has_a_longest),
		cmocka_unit_test(many_lines_cross_the_buffer_whole),
		cmocka_unit_test(handler_can_stop),
		cmocka_unit_test(what_cannot_be_read_is_told),
		cmocka_unit_test(dash_is_stdin),
		cmocka_unit_test(line_is_heard_when_it_is_written),
		cmocka_unit_test(stdin_that_does_not_block_is_waited_for),
		cmocka_unit_test(file_is_replaced_whole_or_not_at_all),
		cmocka_unit_test(directories_of_a_file_are_made),
		cmocka_unit_test(secret_file_is_its_owners_alone),
		cmocka_unit_test(secret_is_the_first_line),
		cmocka_unit_test(secret_without_an_end_is_refused),
		cmocka_unit_test(missing_secret_says_what_to_do),
		cmocka_unit_test(another_users_secret_is_refused),
		cmocka_unit_test(secret_is_in_a_plain_file),
		cmocka_unit_test(link_is_judged_by_what_it_names),
		cmocka_unit_test(why_is_fit_to_be_shown),
		cmocka_unit_test(secret_is_what_the_command_prints),
		cmocka_unit_test(exhausted_descriptors_are_told),
		cmocka_unit_test(no_descriptor_is_left_open),
		cmocka_unit_test(wiped_is_gone),
		cmocka_unit_test(sip_thread_does_not_touch_files),
	};
	sigset_t set;

	/* as the program does; the commands must not notice */
	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
