/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "tests/bench/storm.h"
#include "tests/tty/tty.h"

/*
 * How fast the console is for who sits before it: on a pty, with a terminal
 * of libvterm's behind.  A key counts when its letter stands on that screen.
 *
 *   bench_console DESK CORDPAIR    prints the table
 */

enum {
	SIZES = 2,
	KEYS = 1000,
	BURSTS = 10,
	BURST = 40,
	RATE = 10000, /* events a second */
	CALLS = 10,   /* whose clocks run */
	LOST_MS = 2000,
	STARTS = 20,
	CLOCKS_MS = 6000,
	STORM_MS = 3000,
	IDLE_MS = 10000,
	SETUP_MS = 10000,
};

static const struct {
	int rows, cols;
} sizes[SIZES] = {{24, 80}, {50, 200}};

struct keys {
	double ms[KEYS];
	unsigned n, lost;
};

/* What is measured at one size of the screen */
struct figures {
	struct keys idle, storm;
	double clocks; /* bytes a second */
	double frame;  /* bytes of one, in the storm */
	double frames; /* a second */
	double busy;   /* of a core, by the console in the storm [%] */
	double rate;   /* events a second that came through */
	double dropped;
};

static const char *desk, *cordpair;
static const char *const env[] = {
	"TERM=xterm-256color", "LC_ALL=C.UTF-8",     "TZ=UTC",
	"HOME=/nonexistent",   "PATH=/usr/bin:/bin", NULL};

__attribute__((noreturn)) static void fail(const char *what)
{
	fprintf(stderr, "bench_console: %s\n", what);
	exit(1);
}

static double now_ms(void)
{
	return (double)clock_us() / 1000;
}

/* ---- the terminal -------------------------------------------------------- */

static void spawn(struct tty *t, unsigned size, const char *const argv[])
{
	t->rows = sizes[size].rows;
	t->cols = sizes[size].cols;
	if (tty_spawn(t, (char *const *)argv, (char *const *)env, "/"))
		fail("no terminal");
}

/* Let it run, reading what it writes */
static void pass(struct tty *t, double ms)
{
	const double until = now_ms() + ms;

	for (double left = ms; left > 0; left = until - now_ms())
		tty_pump(t, (int)left + 1, NULL, 0);
}

static bool wait_text(struct tty *t, const char *text, double ms)
{
	const double until = now_ms() + ms;
	int row, col;

	while (!tty_find(t, text, &row, &col)) {
		if (now_ms() >= until || t->ended)
			return false;
		tty_pump(t, 10, NULL, 0);
	}

	return true;
}

static void need_text(struct tty *t, const char *text)
{
	if (!wait_text(t, text, SETUP_MS))
		fail(text);
}

/* Until a letter stands in the bottom row; how long it took, -1: lost */
static double wait_cell(struct tty *t, int col, char want, double from)
{
	char cell[TTY_CELL_MAX];

	for (;;) {
		const double now = now_ms();

		if (tty_cell(t, t->rows - 1, col, cell) == 1 && cell[0] == want)
			return now - from;
		if (now > from + LOST_MS || t->ended)
			return -1;
		tty_pump(t, 1, NULL, 0);
	}
}

/* ---- keys ---------------------------------------------------------------- */

static void clear_line(struct tty *t)
{
	tty_write(t, "\x15", 1);
	if (wait_cell(t, 1, ' ', now_ms()) < 0)
		fail("the line is not cleared");
}

/* At no fixed pace, so that no frame's time is met on purpose */
static void type_keys(struct tty *t, struct keys *k)
{
	enum { LINE = 50 };
	unsigned seed = 1;

	tty_write(t, ":", 1);
	if (wait_cell(t, 0, ':', now_ms()) < 0)
		fail("no command line");
	for (unsigned i = 0; i < KEYS; i++) {
		const char c = (char)('a' + i % 26);
		const int col = 1 + (int)(i % LINE);
		double from, took;

		if (i && i % LINE == 0)
			clear_line(t);
		seed = seed * 1103515245 + 12345;
		pass(t, 1 + seed / 65536 % 12);
		from = now_ms();
		tty_write(t, &c, 1);
		took = wait_cell(t, col, c, from);
		if (took < 0)
			k->lost++;
		else
			k->ms[k->n++] = took;
	}
	clear_line(t);
}

/* Many at once, as from a keyboard that repeats or a hand that knows */
static void type_bursts(struct tty *t, struct keys *k)
{
	for (unsigned i = 0; i < BURSTS; i++) {
		char burst[BURST];

		for (unsigned j = 0; j < BURST; j++)
			burst[j] = (char)('a' + (i + j) % 26);
		tty_write(t, burst, BURST);
		for (unsigned j = 0; j < BURST; j++)
			k->lost += wait_cell(t, 1 + (int)j, burst[j],
					     now_ms()) < 0;
		clear_line(t);
	}
}

static int by_size(const void *a, const void *b)
{
	const double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static double percentile(struct keys *k, unsigned percent)
{
	if (!k->n)
		return -1;
	qsort(k->ms, k->n, sizeof(k->ms[0]), by_size);

	return k->ms[(k->n - 1) * percent / 100];
}

/* ---- processes ----------------------------------------------------------- */

/* Time on a processor, all threads [ms] */
static double cpu_ms(pid_t pid)
{
	clockid_t clock;
	struct timespec at;

	if (clock_getcpuclockid(pid, &clock) || clock_gettime(clock, &at))
		fail("it has ended");

	return (double)at.tv_sec * 1e3 + (double)at.tv_nsec / 1e6;
}

static struct storm *open_storm(int *fdp)
{
	struct storm *s;

	*fdp = memfd_create("storm", 0);
	if (*fdp < 0 || ftruncate(*fdp, sizeof(*s)) < 0)
		fail("no memory");
	s = mmap(NULL, sizeof(*s), PROT_READ | PROT_WRITE, MAP_SHARED, *fdp, 0);
	if (s == MAP_FAILED)
		fail("no memory");

	return s;
}

static void spawn_desk(struct tty *t, unsigned size, unsigned calls,
		       unsigned rate, int fd)
{
	char c[16], r[16], f[16];
	const char *const argv[] = {desk, c, r, f, NULL};

	snprintf(c, sizeof(c), "%u", calls);
	snprintf(r, sizeof(r), "%u", rate);
	snprintf(f, sizeof(f), "%d", fd);
	spawn(t, size, argv);
	need_text(t, "Caller 1");
	pass(t, 500);
}

static void measure_size(unsigned size, struct figures *f)
{
	struct tty t = {.fd = -1, .pidfd = -1};
	uint64_t bytes, taken, dropped;
	unsigned frames;
	double from, cpu;
	int fd;
	struct storm *s = open_storm(&fd);

	spawn_desk(&t, size, CALLS, 0, fd);
	bytes = t.bytes;
	from = now_ms();
	pass(&t, CLOCKS_MS);
	f->clocks = (double)(t.bytes - bytes) * 1e3 / (now_ms() - from);
	type_keys(&t, &f->idle);
	type_bursts(&t, &f->idle);
	tty_done(&t);

	spawn_desk(&t, size, CALLS, RATE, fd);
	bytes = t.bytes;
	frames = t.frames;
	taken = s->taken;
	dropped = s->dropped;
	cpu = cpu_ms(t.pid);
	from = now_ms();
	pass(&t, STORM_MS);
	from = now_ms() - from;
	f->busy = (cpu_ms(t.pid) - cpu) * 100 / from;
	frames = t.frames - frames;
	f->frame = frames ? (double)(t.bytes - bytes) / frames : 0;
	f->frames = frames * 1e3 / from;
	f->rate = (double)(s->taken - taken) * 1e3 / from;
	f->dropped = (double)(s->dropped - dropped) * 1e3 / from;
	type_keys(&t, &f->storm);
	type_bursts(&t, &f->storm);
	tty_done(&t);
	(void)munmap(s, sizeof(*s));
	(void)close(fd);
}

/* ---- the program itself -------------------------------------------------- */

static double measure_start(double *worstp)
{
	const char *const argv[] = {cordpair,   "--config",        "/dev/null",
				    "--listen", "udp:127.0.0.1:0", NULL};
	struct keys k = {.n = 0};
	struct tty t = {.fd = -1, .pidfd = -1};

	for (unsigned i = 0; i < STARTS; i++) {
		double from = now_ms();

		spawn(&t, 0, argv);
		while (!wait_text(&t, "help", 1)) {
			if (t.ended || now_ms() > from + SETUP_MS)
				fail("the console does not come up");
			tty_pump(&t, 1, NULL, 0);
		}
		k.ms[k.n++] = now_ms() - from;
		tty_done(&t);
	}
	*worstp = percentile(&k, 100);

	return percentile(&k, 50);
}

static pid_t start_bank(char *address, size_t size)
{
	char line[1024] = "", *at;
	int fds[2];
	size_t n = 0;
	pid_t pid;

	if (pipe(fds) || (pid = fork()) < 0)
		fail("no bank");
	if (!pid) {
		(void)dup2(fds[1], STDOUT_FILENO);
		(void)close(fds[0]);
		execl(cordpair, cordpair, "bank", "--json", "--listen",
		      "udp:127.0.0.1:0", (char *)NULL);
		_exit(127);
	}
	(void)close(fds[1]);
	while (n + 1 < sizeof(line) && !strchr(line, '\n') &&
	       read(fds[0], line + n, 1) == 1)
		line[++n] = '\0';
	at = strstr(line, "\"udp:");
	if (!at)
		fail("the bank does not listen");
	snprintf(address, size, "%.*s", (int)strcspn(at + 5, "\""), at + 5);
	/* fds[0] stays open: a bank that cannot print would end */

	return pid;
}

/* Of a core, with three callers on hold and nobody at the keys [%] */
static double measure_idle(void)
{
	const char *const argv[] = {cordpair,   "--config",        "/dev/null",
				    "--listen", "udp:127.0.0.1:0", NULL};
	struct tty t = {.fd = -1, .pidfd = -1};
	char address[64], line[128];
	pid_t bank = start_bank(address, sizeof(address));
	double cpu, from, percent;

	spawn(&t, 0, argv);
	need_text(&t, "help");
	for (unsigned i = 1; i <= 3; i++) {
		snprintf(line, sizeof(line), ":dial sip:answer@%s\r", address);
		tty_write(&t, line, strlen(line));
		need_text(&t, "TALK");
		snprintf(line, sizeof(line), ":hold %u\r", i);
		tty_write(&t, line, strlen(line));
		snprintf(line, sizeof(line), "%u on hold", i);
		need_text(&t, line);
	}
	pass(&t, 2000);
	cpu = cpu_ms(t.pid);
	from = now_ms();
	pass(&t, IDLE_MS);
	percent = (cpu_ms(t.pid) - cpu) * 100 / (now_ms() - from);
	tty_done(&t);
	(void)kill(bank, SIGTERM);
	(void)waitpid(bank, NULL, 0);

	return percent;
}

/* ---- the table ----------------------------------------------------------- */

static void row(const char *what, int digits, double a, double b,
		const char *goal, double limit)
{
	char x[32], y[32] = "";

	snprintf(x, sizeof(x), "%.*f", digits, a);
	if (b >= 0)
		snprintf(y, sizeof(y), "%.*f", digits, b);
	printf("%-44s %9s %9s   %s%s\n", what, x, y, goal,
	       limit < 0                  ? ""
	       : a <= limit && b <= limit ? ": reached"
					  : ": MISSED");
}

static void print(struct figures f[SIZES])
{
	const double none = -1;

	printf("%-44s %9s %9s   goal\n", "", "80x24", "200x50");
#define BOTH(member) f[0].member, f[1].member
#define BOTH_OF(keys, percent)                                                 \
	percentile(&f[0].keys, percent), percentile(&f[1].keys, percent)
	puts("at rest, 10 calls up");
	row("  key -> screen, p50 [ms]", 2, BOTH_OF(idle, 50), "", none);
	row("  key -> screen, p99 [ms]", 2, BOTH_OF(idle, 99), "under 16", 16);
	row("  keys lost of 1400", 0, BOTH(idle.lost), "none", 0);
	row("  bytes a second, 10 clocks", 0, BOTH(clocks), "under 200", 200);
	puts("in a storm of 10 000 events a second");
	row("  key -> screen, p50 [ms]", 2, BOTH_OF(storm, 50), "", none);
	row("  key -> screen, p99 [ms]", 2, BOTH_OF(storm, 99), "under 16", 16);
	row("  key -> screen, the slowest [ms]", 2, BOTH_OF(storm, 100), "",
	    none);
	row("  keys lost of 1400", 0, BOTH(storm.lost), "none", 0);
	row("  events a second that came through", 0, BOTH(rate), "", none);
	row("  log and trace dropped a second", 0, BOTH(dropped), "", none);
	row("  frames a second", 1, BOTH(frames), "at most 30", 31);
	row("  bytes of a frame", 0, BOTH(frame), "", none);
	row("  of a core, all threads [%]", 1, BOTH(busy), "", none);
#undef BOTH
#undef BOTH_OF
}

int main(int argc, char *argv[])
{
	static struct figures f[SIZES];
	double start, worst;

	if (argc != 3) {
		fprintf(stderr, "usage: bench_console DESK CORDPAIR\n");
		return 2;
	}
	desk = argv[1];
	cordpair = argv[2];
	(void)signal(SIGPIPE, SIG_IGN);
	for (unsigned i = 0; i < SIZES; i++) {
		fprintf(stderr, "console of %d x %d\n", sizes[i].cols,
			sizes[i].rows);
		measure_size(i, &f[i]);
	}
	fprintf(stderr, "the program itself\n");
	start = measure_start(&worst);
	print(f);
	puts("the program itself, 80x24");
	row("  start -> first frame, median of 20 [ms]", 1, start, -1,
	    "under 50", 50);
	row("  start -> first frame, the slowest [ms]", 1, worst, -1, "", -1);
	row("  3 calls on hold, of a core [%]", 3, measure_idle(), -1,
	    "under 0.2", 0.2);

	return 0;
}
