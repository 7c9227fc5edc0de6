/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/bench/bench.h"

#include <arpa/inet.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"

/*
 *   WARM ──► CLEAN ──► FILL (idle calls) ──► SETTLE ──► ROW (transfers) ──► END
 *
 * CLEAN and SETTLE let the timers of finished transactions (32 s) pass with
 * clock_advance(); two nudges after it, for the timers run after the first.
 */
enum phase { WARM, CLEAN, FILL, SETTLE, ROW, END };

enum {
	WARM_TRANSFERS = 20,
	WINDOW = 32, /* calls placed at the same time        */
	PART = 1000, /* first and last thousand of a row     */
	FADE_MS = 40000,
	NUDGES = 2,
};

static struct {
	const struct subject *subject;
	struct responder *far;
	struct wire_log *log;
	enum phase phase;
	uint32_t calls;      /* idle calls wanted                    */
	uint32_t transfers;  /* transfers wanted in a row            */
	bool paced;          /* rest before each request */
	uint32_t call;       /* that talks, and waits for its turn */
	uint32_t placed, up; /* of the idle calls                    */
	uint32_t next;       /* number of the transfer under way     */
	uint32_t row;        /* number of the row's first transfer   */
	unsigned nudges;
	unsigned seen; /* reports of the transfer under way    */
	uint64_t asked_ns;
	uint64_t began_ns;   /* the row                              */
	uint64_t *ended_ns;  /* each transfer of the row             */
	uint64_t *refer_ns;  /* request -> REFER on the wire         */
	uint64_t *report_ns; /* NOTIFY on the wire -> event          */
	uint64_t reports;
	size_t heap, rss; /* before the idle calls [bytes]        */
	size_t rss_full;  /* right after they are up              */
	int failed;
} m;

uint64_t wall_ns(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_REALTIME, &ts); /* cannot fail on Linux */
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

uint16_t free_port(void)
{
	struct sockaddr_in sa = {.sin_family = AF_INET};
	socklen_t len = sizeof(sa);
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	sa.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd < 0 || bind(fd, (void *)&sa, sizeof(sa)) ||
	    getsockname(fd, (void *)&sa, &len))
		sa.sin_port = 0;
	if (fd >= 0)
		close(fd);
	return ntohs(sa.sin_port);
}

/* ---- memory ------------------------------------------------------------- */

static size_t heap_used(void)
{
	const struct mallinfo2 mi = mallinfo2();

	return mi.uordblks + mi.hblkhd;
}

/** Anonymous memory that is really there [bytes] */
static size_t rss_anon(void)
{
	FILE *f = fopen("/proc/self/status", "re");
	char line[128];
	unsigned long kib = 0;

	if (!f)
		return 0;
	while (fgets(line, sizeof(line), f))
		if (sscanf(line, "RssAnon: %lu", &kib) == 1)
			break;
	(void)fclose(f);
	return (size_t)kib * 1024;
}

/* ---- the measurement ---------------------------------------------------- */

static void bad(const char *what, const char *why)
{
	fprintf(stderr, "%s: %s: %s\n", m.subject->name, what, why);
	m.failed = 1;
	m.phase = END;
}

static void place(const char *user, uint32_t n)
{
	char uri[64];
	int err;

	(void)snprintf(uri, sizeof(uri), "sip:%s%u@127.0.0.1:%u", user, n,
		       responder_port(m.far));
	err = m.subject->dial(uri);
	if (err)
		bad("dial", strerror(err));
}

static void begin_clean(enum phase phase)
{
	int err;

	m.phase = phase;
	m.nudges = 0;
	clock_advance(FADE_MS);
	err = m.subject->nudge();
	if (err)
		bad("nudge", strerror(err));
}

static void begin_row(void)
{
	m.phase = ROW;
	m.row = m.next;
	m.began_ns = wall_ns();
	place("b", m.next);
}

static void begin_fill(void)
{
	m.phase = FILL;
	m.heap = heap_used();
	m.rss = rss_anon();
	for (m.placed = 0; m.placed < m.calls && m.placed < WINDOW; m.placed++)
		place("idle", m.placed);
	if (!m.calls)
		begin_row();
}

static double kib_a_call(size_t now, size_t before)
{
	return m.calls ? ((double)now - (double)before) / 1024.0 / m.calls : 0;
}

static void tell_memory(void)
{
	printf("rss_kib=%.2f\n", kib_a_call(m.rss_full, m.rss));
	printf("heap_kib=%.2f\n", kib_a_call(heap_used(), m.heap));
}

static void on_nudged(void)
{
	int err;

	if (++m.nudges < NUDGES) {
		err = m.subject->nudge();
		if (err)
			bad("nudge", strerror(err));
	} else if (m.phase == CLEAN) {
		begin_fill();
	} else if (m.phase == SETTLE) {
		tell_memory();
		begin_row();
	}
}

static void ask_transfer(uint32_t call)
{
	char target[64];
	int err;

	(void)snprintf(target, sizeof(target), "sip:t%u@127.0.0.1:%u", m.next,
		       responder_port(m.far));
	m.seen = 0;
	m.asked_ns = wall_ns();
	err = m.subject->transfer(call, target);
	if (err)
		bad("transfer", strerror(err));
}

static void on_up(uint32_t call)
{
	int err;

	if (m.phase == FILL) {
		if (m.placed < m.calls)
			place("idle", m.placed++);
		if (++m.up == m.calls) {
			m.rss_full = rss_anon();
			begin_clean(SETTLE);
		}
	} else if (m.paced) {
		m.call = call;
		err = m.subject->rest();
		if (err)
			bad("rest", strerror(err));
	} else {
		ask_transfer(call);
	}
}

void measure_rested(void)
{
	if (m.phase != END)
		ask_transfer(m.call);
}

static void on_report(unsigned code)
{
	static const unsigned codes[REPORTS] = {100, 180, 200};
	const uint64_t now = wall_ns();
	uint64_t sent;

	if (m.seen >= REPORTS || code != codes[m.seen])
		return;
	sent = atomic_load(&m.log->wirev[m.next].notify_ns[m.seen]);
	m.seen++;
	if (m.phase == ROW)
		m.report_ns[m.reports++] = now - sent;
}

static void on_done(unsigned code)
{
	const uint32_t n = m.next++;

	if (code != 200 || m.seen != REPORTS) {
		bad("transfer", "did not succeed by 100, 180, 200");
		return;
	}
	if (m.phase == WARM) {
		if (m.next == WARM_TRANSFERS)
			begin_clean(CLEAN);
		else
			place("b", m.next);
		return;
	}
	m.refer_ns[n - m.row] =
		atomic_load(&m.log->wirev[n].refer_ns) - m.asked_ns;
	m.ended_ns[n - m.row] = wall_ns();
	if (m.next - m.row == m.transfers)
		m.phase = END;
	else
		place("b", m.next);
}

void measure_news(const struct news *news)
{
	if (m.phase == END)
		return;
	switch (news->kind) {
	case NEWS_UP:
		on_up(news->call);
		break;
	case NEWS_REPORT:
		on_report(news->code);
		break;
	case NEWS_DONE:
		on_done(news->code);
		break;
	case NEWS_NUDGED:
		on_nudged();
		break;
	case NEWS_BAD:
		bad("told", news->why);
		break;
	}
}

bool measure_done(void)
{
	return m.phase == END;
}

void measure_begin(void)
{
	m.phase = WARM;
	place("b", m.next);
}

/* ---- result ------------------------------------------------------------- */

static int by_size(const void *a, const void *b)
{
	const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static void tell_times(const char *name, uint64_t *v, size_t n)
{
	qsort(v, n, sizeof(*v), by_size);
	printf("%s_p50_us=%.1f\n%s_p99_us=%.1f\n", name,
	       (double)v[n / 2] / 1000.0, name,
	       (double)v[n - 1 - n / 100] / 1000.0);
}

static double rate(uint32_t from, uint32_t to)
{
	const uint64_t began = from ? m.ended_ns[from - 1] : m.began_ns;

	return (to - from) * 1e9 / (double)(m.ended_ns[to - 1] - began);
}

static void tell(void)
{
	const uint32_t n = m.transfers;
	const uint32_t part = n < PART ? n : PART;

	tell_times("refer", m.refer_ns, n);
	tell_times("report", m.report_ns, m.reports);
	printf("rate=%.0f\n", rate(0, n));
	printf("rate_first=%.0f\n", rate(0, part));
	printf("rate_last=%.0f\n", rate(n - part, n));
	printf("repeated=%lu\n", (unsigned long)atomic_load(&m.log->repeated));
}

static void *room(size_t n)
{
	void *p = malloc(n * sizeof(uint64_t));

	if (!p)
		abort();
	memset(p, 1, n * sizeof(uint64_t)); /* not to grow while measuring */
	return p;
}

static void allow_files(void)
{
	struct rlimit rl;

	if (!getrlimit(RLIMIT_NOFILE, &rl)) {
		rl.rlim_cur = rl.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &rl);
	}
}

static bool number(const char *s, uint32_t *np)
{
	char *end;
	const unsigned long n = strtoul(s, &end, 10);

	if (!*s || *end || n > 1000000)
		return false;
	*np = (uint32_t)n;
	return true;
}

int measure_main(int argc, char *argv[], const struct subject *subject)
{
	int err;

	m.paced = argc == 4 && !strcmp(argv[3], "paced");
	if (argc != 3 + m.paced || !number(argv[1], &m.calls) ||
	    !number(argv[2], &m.transfers) || !m.transfers) {
		fprintf(stderr, "usage: %s CALLS TRANSFERS [paced]\n", argv[0]);
		return 2;
	}
	(void)signal(SIGPIPE, SIG_IGN);
	(void)setvbuf(stdout, NULL, _IOLBF, 0);
	allow_files();
	m.subject = subject;
	m.ended_ns = room(m.transfers);
	m.refer_ns = room(m.transfers);
	m.report_ns = room((size_t)m.transfers * REPORTS);

	/* forks: before there is a second thread */
	err = responder_start(&m.far, m.transfers + WARM_TRANSFERS);
	if (err) {
		fprintf(stderr, "far end: %s\n", strerror(err));
		return 1;
	}
	m.log = responder_log(m.far);

	err = subject->start();
	if (!err)
		err = subject->run();
	if (err)
		fprintf(stderr, "%s: %s\n", subject->name, strerror(err));
	subject->stop();
	if (!err && !m.failed)
		tell();
	responder_stop(m.far);
	free(m.ended_ns);
	free(m.refer_ns);
	free(m.report_ns);
	return err || m.failed ? 1 : 0;
}
