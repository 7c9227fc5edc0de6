/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>
#include <utmp.h>

#include <cmocka.h>

#include <vterm.h>

#include "app/theme.h"

/*
 * term_show on a terminal of libvterm's: what it shows, and what is left when
 * it has gone.
 */

enum {
	ROWS = 24,
	COLS = 80,
	DEADLINE_MS = 5000,
	MORE_MS = 1000,
	RAW_MAX = 1 << 20
};

static struct {
	pid_t pid;
	int master, told; /* told: what it writes to descriptor 3 */
	int status;
	VTerm *vt;
	VTermScreen *screen;
	struct termios before;
	bool alt, cursor;
	int mouse, bells;
	char raw[RAW_MAX + 1]; /* all it ever sent */
	size_t rawn;
} it;

/* ---- the terminal ------------------------------------------------------ */

static int on_prop(VTermProp prop, VTermValue *val, void *arg)
{
	(void)arg;
	if (prop == VTERM_PROP_ALTSCREEN)
		it.alt = val->boolean;
	else if (prop == VTERM_PROP_CURSORVISIBLE)
		it.cursor = val->boolean;
	else if (prop == VTERM_PROP_MOUSE)
		it.mouse = val->number;

	return 1;
}

static int on_bell(void *arg)
{
	(void)arg;
	it.bells++;

	return 1;
}

static const VTermScreenCallbacks callbacks = {.settermprop = on_prop,
					       .bell = on_bell};

static int setup(void **state)
{
	static const char before[] = "before\r\n";

	(void)state;
	memset(&it, 0, sizeof(it));
	it.vt = vterm_new(ROWS, COLS);
	vterm_set_utf8(it.vt, 1);
	it.screen = vterm_obtain_screen(it.vt);
	vterm_screen_set_callbacks(it.screen, &callbacks, NULL);
	vterm_screen_enable_altscreen(it.screen, 1);
	vterm_screen_reset(it.screen, 1);
	vterm_input_write(it.vt, before, strlen(before));
	it.cursor = true;

	return 0;
}

static int teardown(void **state)
{
	(void)state;
	if (it.pid > 0) {
		kill(it.pid, SIGKILL);
		waitpid(it.pid, NULL, 0);
	}
	close(it.master);
	close(it.told);
	vterm_free(it.vt);

	return 0;
}

/* env: NAME=VALUE, or NULL */
static void start(const char *term, const char *env, const char *colors,
		  const char *sync, const char *theme)
{
	struct winsize ws = {.ws_row = ROWS, .ws_col = COLS};
	int told[2], slave;

	assert_int_equal(0, pipe(told));
	assert_int_equal(0, openpty(&it.master, &slave, NULL, NULL, &ws));
	assert_int_equal(0, tcgetattr(slave, &it.before));
	it.told = told[0];
	it.pid = fork();
	assert_true(it.pid >= 0);
	if (it.pid == 0) {
		clearenv();
		setenv("LC_ALL", "C.UTF-8", 1);
		setenv("LINES", "5", 1);
		setenv("COLUMNS", "10", 1);
		setenv("TERM", term, 1);
		if (env)
			putenv((char *)(uintptr_t)env);
		dup2(told[1], 3);
		login_tty(slave);
		execl(TERM_SHOW, TERM_SHOW, colors, sync, theme, NULL);
		_exit(127);
	}
	close(slave);
	close(told[1]);
}

/* Whatever comes, until then; false: it has gone, or nothing came */
static bool take(void)
{
	struct pollfd p = {.fd = it.master, .events = POLLIN};
	ssize_t n;

	if (poll(&p, 1, DEADLINE_MS) <= 0)
		fail_msg("it says nothing any more");
	n = read(it.master, it.raw + it.rawn, RAW_MAX - it.rawn);
	if (n <= 0)
		return false;
	vterm_input_write(it.vt, it.raw + it.rawn, (size_t)n);
	it.rawn += (size_t)n;
	it.raw[it.rawn] = '\0';

	return true;
}

/* The same, where nothing more is no mistake by itself */
static bool more(void)
{
	struct pollfd p = {.fd = it.master, .events = POLLIN};

	return poll(&p, 1, MORE_MS) > 0 && take();
}

static VTermScreenCell cell(int y, int x)
{
	VTermScreenCell c;

	assert_true(vterm_screen_get_cell(it.screen,
					  (VTermPos){.row = y, .col = x}, &c));

	return c;
}

static const char *row(int y)
{
	static char text[4 * 200];
	int rows, cols;
	size_t n;

	vterm_get_size(it.vt, &rows, &cols);
	n = vterm_screen_get_text(
		it.screen, text, sizeof(text) - 1,
		(VTermRect){.start_row = y, .end_row = y + 1, .end_col = cols});
	text[n] = '\0';
	while (n && text[n - 1] == ' ')
		text[--n] = '\0';

	return text;
}

/* That one or a later: two may come in one piece */
static void await_frame(unsigned n)
{
	unsigned here = 0;

	while (sscanf(row(0), "frame %u", &here) != 1 || here < n) {
		if (!take())
			fail_msg("it ended before frame %u; it said: %s", n,
				 it.raw);
	}
}

static void type(char byte)
{
	assert_int_equal(1, write(it.master, &byte, 1));
}

/* It says on its own line that it has got there */
static void await_told(void)
{
	struct pollfd p = {.fd = it.told, .events = POLLIN};
	char byte;

	assert_int_equal(1, poll(&p, 1, DEADLINE_MS));
	assert_int_equal(1, read(it.told, &byte, 1));
}

static int await_end(void)
{
	while (take())
		;
	assert_int_equal(it.pid, waitpid(it.pid, &it.status, 0));
	it.pid = 0;

	return it.status;
}

/* ---- what is asked ------------------------------------------------------ */

static void as_it_was(void)
{
	struct termios now;

	assert_false(it.alt);
	assert_true(it.cursor);
	assert_int_equal(VTERM_PROP_MOUSE_NONE, it.mouse);
	assert_string_equal("before", row(0));
	assert_int_equal(0, tcgetattr(it.master, &now));
	assert_int_equal(it.before.c_iflag, now.c_iflag);
	assert_int_equal(it.before.c_oflag, now.c_oflag);
	assert_int_equal(it.before.c_lflag, now.c_lflag);
	/* modes that libvterm does not tell of */
	assert_non_null(strstr(it.raw, "\x1b[?2004l"));
	assert_non_null(strstr(it.raw, "\x1b[?1004l"));
}

static VTermScreenCell look(const char *role)
{
	unsigned i;

	assert_true(theme_role_find(&i, role));

	return cell(1 + (int)i % 21, 20 * ((int)i / 21));
}

static int number(const VTermColor *c)
{
	return VTERM_COLOR_IS_DEFAULT_FG(c) || VTERM_COLOR_IS_DEFAULT_BG(c) ? -1
	       : VTERM_COLOR_IS_INDEXED(c) ? c->indexed.idx
					   : -2;
}

static int background(int y, int x)
{
	VTermScreenCell c = cell(y, x);

	return number(&c.bg);
}

/* A frame comes in more than one piece: what is looked for may be in the next
 */
static void assert_look(const char *role, int fg, int bg, bool bold,
			bool underline, bool reverse)
{
	VTermScreenCell c;
	bool right;

	do {
		c = look(role);
		right = number(&c.fg) == fg && number(&c.bg) == bg &&
			c.attrs.bold == bold &&
			!c.attrs.underline == !underline &&
			c.attrs.reverse == reverse;
	} while (!right && more());
	if (!right)
		fail_msg("%s: %d on %d%s%s%s", role, number(&c.fg),
			 number(&c.bg), c.attrs.bold ? " bold" : "",
			 c.attrs.underline ? " underline" : "",
			 c.attrs.reverse ? " reverse" : "");
}

static void test_text_stands_where_it_was_put(void **state)
{
	unsigned i;

	(void)state;
	start("xterm-256color", NULL, "auto", "auto", "terminal");
	await_frame(1);
	assert_true(it.alt);
	assert_false(it.cursor);
	assert_true(theme_role_find(&i, "blf.busy"));
	assert_non_null(strstr(row(1 + (int)i % 21), "blf.busy"));
	/* wide, combining, and what follows them */
	assert_int_equal(0x65e5, cell(1, 50).chars[0]);
	assert_int_equal(2, cell(1, 50).width);
	assert_int_equal(0x672c, cell(1, 52).chars[0]);
	assert_int_equal('e', cell(1, 55).chars[0]);
	assert_int_equal(0x301, cell(1, 55).chars[1]);
	assert_int_equal(0xfc, cell(1, 57).chars[0]);
	assert_int_equal('|', cell(1, 58).chars[0]);
	type('c');
	await_frame(2);
	assert_true(it.cursor);
	type('q');
	assert_int_equal(0, await_end());
	as_it_was();
	assert_string_equal("the end", row(1));
}

static void test_one_changed_cell_is_few_bytes(void **state)
{
	size_t before;

	(void)state;
	start("xterm-256color", NULL, "auto", "off", "night");
	await_frame(1);
	type('c');
	await_frame(2);
	type('c');
	await_frame(3);
	before = it.rawn;
	type('c');
	await_frame(4);
	assert_true(it.rawn - before <= 64); /* with the cursor's coming */
	type('q');
	assert_int_equal(0, await_end());
}

static void test_a_repaint_draws_all(void **state)
{
	size_t before;

	(void)state;
	start("xterm-256color", NULL, "auto", "auto", "night");
	await_frame(1);
	vterm_input_write(it.vt, "\x1b[2Jrubbish", 11);
	before = it.rawn;
	type('r');
	await_frame(2);
	while (!strstr(row(21), "log.error"))
		assert_true(take());
	assert_true(it.rawn - before > 500);
	assert_null(strstr(row(22), "rubbish"));
}

static void test_256_colours(void **state)
{
	(void)state;
	start("xterm-256color", "NO_COLOR=", "auto", "auto", "night");
	await_frame(1);
	assert_look("text", 253, 233, false, false, false);
	assert_look("call.ring", 232, 221, false, false, false);
	assert_look("call.talk", 115, 233, true, false, false);
	assert_look("call.dial", 116, 233, false, true, false);
	/* the blank rest of the screen too */
	while (background(23, 79) != 233 && more())
		;
	assert_int_equal(233, background(23, 79));
}

static void test_eight_colours(void **state)
{
	(void)state;
	start("xterm", NULL, "auto", "auto", "night");
	await_frame(1);
	assert_look("text", 7, 0, false, false, false);
	assert_look("call.ring", 0, 3, false, false, false);
	/* bright black would not be seen on black */
	assert_look("rule", 7, 0, false, false, false);
	assert_look("step.fail", 1, 0, true, false, false);
}

static void test_the_terminals_own_colours(void **state)
{
	(void)state;
	start("xterm-256color", NULL, "8", "auto", "terminal");
	await_frame(1);
	assert_look("text", -1, -1, false, false, false);
	assert_look("call.ring", 0, 3, false, false, false);
	assert_look("alert.fail", 1, -1, true, false, true);
}

static void test_without_colours(void **state)
{
	static const struct {
		const char *env, *colors;
	} cases[] = {{"NO_COLOR=1", "auto"}, {NULL, "mono"}};

	for (size_t i = 0; i < 2; i++) {
		start("xterm-256color", cases[i].env, cases[i].colors, "auto",
		      "night");
		await_frame(1);
		assert_look("text", -1, -1, false, false, false);
		assert_look("call.ring", -1, -1, false, false, true);
		assert_look("alert.fail", -1, -1, false, true, true);
		assert_look("select.blur", -1, -1, true, true, false);
		teardown(state);
		setup(state);
	}
}

static void test_no_color_does_not_overrule_the_configuration(void **state)
{
	(void)state;
	start("xterm-256color", "NO_COLOR=1", "256", "auto", "night");
	await_frame(1);
	assert_look("text", 253, 233, false, false, false);
}

static void test_a_theme_changes_what_is_on_the_screen(void **state)
{
	(void)state;
	start("xterm-256color", NULL, "auto", "auto", "night");
	await_frame(1);
	type('n'); /* day */
	await_frame(2);
	type('c');
	await_frame(3); /* so that the one before is here whole */
	assert_look("text", 234, 231, false, false, false);
	assert_look("call.ring", 231, 94, false, false, false);
	assert_look("log.error", 124, 231, true, false, false);
}

static void test_sizes(void **state)
{
	static const int sizes[][2] = {{50, 200}, {1, 1}, {2, 300}, {24, 80}};
	unsigned frame = 1;

	(void)state;
	start("xterm-256color", NULL, "auto", "auto", "night");
	await_frame(1);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct winsize ws = {.ws_row = (unsigned short)sizes[i][0],
				     .ws_col = (unsigned short)sizes[i][1]};

		assert_int_equal(0, ioctl(it.master, TIOCSWINSZ, &ws));
		vterm_set_size(it.vt, ws.ws_row, ws.ws_col);
		type('c');
		frame++;
		if (ws.ws_col > 8) {
			await_frame(frame);
			continue;
		}
		/* no room for more than this */
		while (cell(0, 0).chars[0] != 'f')
			assert_true(take());
	}
	while (!strstr(row(21), "log.error"))
		assert_true(take());
	type('q');
	assert_int_equal(0, await_end());
}

static void test_away_and_back(void **state)
{
	(void)state;
	start("xterm-256color", NULL, "auto", "auto", "night");
	await_frame(1);
	type('m');
	await_frame(2);
	assert_int_equal(VTERM_PROP_MOUSE_DRAG, it.mouse);
	type('l');
	await_told();
	while (it.alt)
		assert_true(take());
	as_it_was();
	it.raw[it.rawn = 0] = '\0';
	type('c');
	type('\r'); /* the terminal may be cooked still */
	await_frame(3);
	assert_true(it.alt);
	assert_int_equal(VTERM_PROP_MOUSE_DRAG, it.mouse);
	while (!strstr(row(21), "log.error"))
		assert_true(take());
	type('q');
	assert_int_equal(0, await_end());
	as_it_was();
}

static void test_a_deadly_signal_leaves_the_terminal_as_it_was(void **state)
{
	static const int signals[] = {SIGTERM, SIGHUP, SIGSEGV, SIGABRT,
				      SIGINT};

	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
		start("xterm-256color", NULL, "auto", "on", "night");
		await_frame(1);
		type('m');
		await_frame(2);
		if (signals[i] == SIGSEGV)
			type('s');
		else
			kill(it.pid, signals[i]);
		assert_int_not_equal(0, await_end());
		if (WIFSIGNALED(it.status))
			assert_int_equal(signals[i], WTERMSIG(it.status));
		as_it_was();
		teardown(state);
		setup(state);
	}
}

static void test_stderr_comes_when_the_screen_has_gone(void **state)
{
	(void)state;
	start("xterm-256color", NULL, "auto", "auto", "night");
	await_frame(1);
	type('e');
	await_frame(2);
	type('e');
	await_frame(3);
	assert_null(strstr(it.raw, "says"));
	type('q');
	assert_int_equal(0, await_end());
	assert_string_equal("a library says something", row(1));
	assert_string_equal("a library says something", row(2));
	assert_string_equal("the end", row(3));
}

static void test_an_assertion_can_be_read(void **state)
{
	(void)state;
	start("xterm-256color", NULL, "auto", "auto", "night");
	await_frame(1);
	type('a');
	assert_int_not_equal(0, await_end());
	as_it_was();
	assert_string_equal("an assertion says why", row(1));
}

static void test_frames_in_brackets(void **state)
{
	static const struct {
		const char *sync;
		bool asks, before, after;
	} cases[] = {
		{"auto", true, false, true},
		{"on", false, true, true},
		{"off", false, false, false},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		start("xterm-256color", NULL, "auto", cases[i].sync, "night");
		await_frame(1);
		type('y'); /* the terminal has said that it can */
		await_frame(2);
		assert_int_equal(cases[i].asks,
				 strstr(it.raw, "\x1b[?2026$p") != NULL);
		type('q');
		await_end();
		assert_int_equal(cases[i].after,
				 strstr(it.raw, "\x1b[?2026h") != NULL);
		*strstr(it.raw, "log.error") = '\0'; /* the first frame */
		assert_int_equal(cases[i].before,
				 strstr(it.raw, "\x1b[?2026h") != NULL);
		teardown(state);
		setup(state);
	}
}

static void test_titles_and_notices_are_clean(void **state)
{
	(void)state;
	start("xterm-256color", NULL, "auto", "auto", "night");
	await_frame(1);
	type('t');
	await_frame(2);
	type('o');
	await_frame(3);
	type('b');
	await_frame(4);
	assert_int_equal(1, it.bells);
	assert_non_null(strstr(it.raw, "\x1b]2;a"));
	assert_non_null(strstr(it.raw, "\x1b]9;4,3,50"));
	assert_null(strstr(it.raw, "\x1b]52"));
	assert_null(strstr(it.raw, "\xc2\x9b"));
	assert_null(strstr(it.raw, "\x1b]9;4;"));
}

static void test_a_console_is_not_asked_what_it_cannot_answer(void **state)
{
	(void)state;
	start("linux", NULL, "auto", "auto", "night");
	await_frame(1);
	type('t');
	await_frame(2);
	type('o');
	await_frame(3);
	assert_null(strstr(it.raw, "\x1b]2"));
	assert_null(strstr(it.raw, "\x1b]9"));
	assert_null(strstr(it.raw, "$p"));
	assert_look("text", 7, 0, false, false, false);
}

static void test_keys_of_terminfo(void **state)
{
	(void)state;
	start("xterm-256color", NULL, "auto", "auto", "night");
	await_frame(1);
	type('k');
	await_frame(2);
	while (strcmp(row(23), "F1 is ESC OP") != 0)
		assert_true(take());
}

static void test_who_does_not_read_does_not_stop_it(void **state)
{
	(void)state;
	start("xterm-256color", NULL, "auto", "auto", "night");
	await_frame(1);
	type('f');
	await_told();
	/* and what it had begun to send it ends */
	await_frame(2);
	while (strncmp(row(23), "skipped ", 8) != 0)
		assert_true(take());
	assert_true(atoi(row(23) + 8) > 0);
	type('q');
	assert_int_equal(0, await_end());
	as_it_was();
}

static void test_terminals_that_will_not_do(void **state)
{
	static const struct {
		const char *term, *why;
	} cases[] = {
		{"dumb", "cannot move its cursor; use --plain"},
		{"no-such-thing", "'no-such-thing' (TERM) is not known here"},
		{"", "TERM is not set"},
		{"unknown", "--plain"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		/* what ncurses keeps of a terminal it refuses is no leak of
		 * ours, and would change the exit code */
		start(cases[i].term, "LSAN_OPTIONS=detect_leaks=0", "auto",
		      "auto", "night");
		await_end();
		assert_int_equal(2, WEXITSTATUS(it.status));
		assert_non_null(strstr(it.raw, cases[i].why));
		assert_non_null(strstr(it.raw, "--plain"));
		/* not one byte that steers */
		assert_null(strchr(it.raw, '\x1b'));
		teardown(state);
		setup(state);
	}
}

static void test_no_terminal_at_all(void **state)
{
	char line[256] = "";
	FILE *f = popen(TERM_SHOW " auto auto night 2>&1 </dev/null", "r");

	(void)state;
	assert_non_null(f);
	assert_non_null(fgets(line, sizeof(line), f));
	assert_int_equal(2, WEXITSTATUS(pclose(f)));
	assert_non_null(strstr(line, "needs a terminal"));
	assert_non_null(strstr(line, "--plain"));
}

int main(void)
{
#define TEST(t) cmocka_unit_test_setup_teardown(t, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_text_stands_where_it_was_put),
		TEST(test_one_changed_cell_is_few_bytes),
		TEST(test_a_repaint_draws_all),
		TEST(test_256_colours),
		TEST(test_eight_colours),
		TEST(test_the_terminals_own_colours),
		TEST(test_without_colours),
		TEST(test_no_color_does_not_overrule_the_configuration),
		TEST(test_a_theme_changes_what_is_on_the_screen),
		TEST(test_sizes),
		TEST(test_away_and_back),
		TEST(test_a_deadly_signal_leaves_the_terminal_as_it_was),
		TEST(test_stderr_comes_when_the_screen_has_gone),
		TEST(test_an_assertion_can_be_read),
		TEST(test_frames_in_brackets),
		TEST(test_titles_and_notices_are_clean),
		TEST(test_a_console_is_not_asked_what_it_cannot_answer),
		TEST(test_keys_of_terminfo),
		TEST(test_who_does_not_read_does_not_stop_it),
		TEST(test_terminals_that_will_not_do),
		TEST(test_no_terminal_at_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
