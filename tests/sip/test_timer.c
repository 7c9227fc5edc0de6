/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The timing wheel, by itself and in libre's place */
#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <dlfcn.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sip/recompat.h"

#include "base/clock.h"
#include "sip/timer.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

#if RE_AT_LEAST(2, 4)

int main(void)
{
	return 77; /* libre's own timers are in use there: skipped */
}

#else

/** A timer that notes when it fired */
struct note {
	struct tmr tmr;
	unsigned num;
	uint64_t seq; /* of its last start */
};

static unsigned firedv[256];
static unsigned firedc;

static void on_note(void *arg)
{
	const struct note *note = arg;

	assert_true(firedc < COUNT(firedv));
	firedv[firedc++] = note->num;
}

static void poll_once(void)
{
	firedc = 0;
	tmr_poll(NULL);
}

/* ---- order ----------------------------------------------------------- */

static void test_one_millisecond_fires_in_start_order(void **state)
{
	struct note v[64];

	(void)state;

	memset(v, 0, sizeof(v));

	/* all due at the very same time, but not started at it */
	for (unsigned i = 0; i < COUNT(v); i++) {
		v[i].num = i;
		tmr_start(&v[i].tmr, 90000, on_note, &v[i]);
		while (i && v[i].tmr.jfs != v[0].tmr.jfs)
			tmr_start(&v[i].tmr, v[0].tmr.jfs - clock_ms(), on_note,
				  &v[i]);
		if (i == 20)
			clock_advance(3000);
		if (i == 40)
			clock_advance(65000);
		if (i % 20 == 0)
			poll_once();
		assert_int_equal(firedc, 0);
	}

	/* the restarted one goes to the end */
	tmr_start(&v[5].tmr, v[0].tmr.jfs - clock_ms(), on_note, &v[5]);
	assert_int_equal(v[5].tmr.jfs, v[0].tmr.jfs);

	clock_advance(22000);
	poll_once();

	assert_int_equal(firedc, COUNT(v));
	for (unsigned i = 0; i < firedc; i++)
		assert_int_equal(firedv[i], i == firedc - 1 ? 5
					    : i < 5         ? i
							    : i + 1);
	assert_int_equal(timer_count(), 0);
}

static void test_a_jump_fires_in_order_of_expiry(void **state)
{
	/* digit borders of the wheel and what libre uses */
	static const uint64_t delayv[] = {
		32000, 1,    0,      64,   63,      65,       500,   4096,
		4095,  4097, 262144, 5000, 262143,  64000,    10000, 3600000,
		2,     128,  127,    129,  7200001, 16777216,
	};
	struct note v[COUNT(delayv)];
	const uint64_t before = timer_count();

	(void)state;

	memset(v, 0, sizeof(v));
	for (unsigned i = 0; i < COUNT(v); i++) {
		v[i].num = i;
		tmr_start(&v[i].tmr, delayv[i], on_note, &v[i]);
	}
	assert_int_equal(timer_count() - before, COUNT(v));

	clock_advance(32000);
	poll_once();
	assert_int_equal(firedc, 16);
	for (unsigned i = 1; i < firedc; i++)
		assert_true(delayv[firedv[i - 1]] < delayv[firedv[i]]);

	clock_advance(5 * 3600000);
	poll_once();
	assert_int_equal(firedc, COUNT(v) - 16);
	for (unsigned i = 1; i < firedc; i++)
		assert_true(delayv[firedv[i - 1]] < delayv[firedv[i]]);

	assert_int_equal(timer_count(), before);
	for (unsigned i = 0; i < COUNT(v); i++)
		assert_false(tmr_isrunning(&v[i].tmr));
}

/* ---- from inside a handler ------------------------------------------- */

static unsigned laps;

static void on_again(void *arg)
{
	++laps;
	tmr_start(arg, 0, on_again, arg);
}

static struct tmr ping, pong;

static void on_pong(void *arg);

static void on_ping(void *arg)
{
	++laps;
	tmr_start(&pong, 0, on_pong, arg);
}

static void on_pong(void *arg)
{
	++laps;
	tmr_start(&ping, 0, on_ping, arg);
}

static void test_no_delay_waits_for_the_next_poll(void **state)
{
	struct tmr tmr;

	(void)state;

	tmr_init(&tmr);
	laps = 0;

	tmr_start(&tmr, 0, on_again, &tmr);
	for (unsigned i = 1; i <= 50; i++) {
		assert_int_equal(tmr_next_timeout(NULL), 1);
		tmr_poll(NULL);
		assert_int_equal(laps, i);
	}
	tmr_cancel(&tmr);
	assert_int_equal(timer_count(), 0);

	laps = 0;
	tmr_start(&ping, 0, on_ping, NULL);
	for (unsigned i = 1; i <= 50; i++) {
		tmr_poll(NULL);
		assert_int_equal(laps, i);
	}
	tmr_cancel(&ping);
	tmr_cancel(&pong);
	assert_int_equal(timer_count(), 0);
}

struct cutter {
	struct note note;
	struct tmr *cut;
	struct note *restart;
	uint64_t delay;
};

static void on_cutter(void *arg)
{
	struct cutter *c = arg;

	on_note(&c->note);

	if (c->cut)
		tmr_cancel(c->cut);
	if (c->restart)
		tmr_start(&c->restart->tmr, c->delay, on_note, c->restart);
}

static void test_handlers_may_touch_any_timer(void **state)
{
	struct cutter c[4];
	struct note later;

	(void)state;

	memset(c, 0, sizeof(c));
	memset(&later, 0, sizeof(later));
	later.num = 9;

	for (unsigned i = 0; i < COUNT(c); i++) {
		c[i].note.num = i;
		tmr_start(&c[i].note.tmr, 100, on_cutter, &c[i]);
	}
	tmr_start(&later.tmr, 100000, on_note, &later);

	c[0].cut = &c[1].note.tmr; /* of the same list, not yet fired */
	c[2].cut = &c[0].note.tmr; /* has fired: nothing to do        */
	c[2].restart = &later;     /* comes nearer                    */
	c[2].delay = 5;
	c[3].cut = &c[3].note.tmr; /* itself                          */

	clock_advance(200);
	poll_once();
	assert_int_equal(firedc, 3);
	assert_int_equal(firedv[0], 0);
	assert_int_equal(firedv[1], 2);
	assert_int_equal(firedv[2], 3);
	assert_int_equal(timer_count(), 1);

	clock_advance(10);
	poll_once();
	assert_int_equal(firedc, 1);
	assert_int_equal(firedv[0], 9);

	/* a restart with no delay, taken back by the next handler */
	for (unsigned i = 0; i < 2; i++) {
		memset(&c[i], 0, sizeof(c[i]));
		c[i].note.num = i;
		tmr_start(&c[i].note.tmr, 100, on_cutter, &c[i]);
	}
	c[0].restart = &later;
	c[0].delay = 0;
	c[1].cut = &later.tmr;
	clock_advance(200);
	poll_once();
	assert_int_equal(firedc, 2);
	assert_int_equal(timer_count(), 0);
	assert_int_equal(tmr_next_timeout(NULL), 0);
}

static void on_free(void *arg)
{
	free(arg);
}

static void test_a_handler_may_free_its_timer(void **state)
{
	(void)state;

	for (unsigned i = 0; i < 100; i++) {
		struct tmr *tmr = calloc(1, sizeof(*tmr));

		assert_non_null(tmr);
		tmr_start(tmr, i * 7, on_free, tmr);
	}

	clock_advance(1000);
	tmr_poll(NULL);
	assert_int_equal(timer_count(), 0);
}

static void on_jump(void *arg)
{
	struct note *note = arg;

	/* time passes while a handler runs: what is due now waits */
	clock_advance(5000);
	tmr_start(&note->tmr, 10000, on_note, note);
	on_note(note);
}

static void test_a_slow_handler(void **state)
{
	struct note a = {.num = 1}, b = {.num = 2};

	(void)state;

	tmr_start(&a.tmr, 10, on_jump, &a);
	tmr_start(&b.tmr, 4000, on_note, &b);

	clock_advance(20);
	poll_once();
	assert_int_equal(firedc, 1);

	poll_once();
	assert_int_equal(firedc, 1);
	assert_int_equal(firedv[0], 2);

	clock_advance(10000);
	poll_once();
	assert_int_equal(firedc, 1);
	assert_int_equal(firedv[0], 1);
}

static unsigned nested;

static void on_nested(void *arg)
{
	(void)arg;
	++nested;
	tmr_poll(NULL);
}

static void test_a_poll_inside_a_poll_does_nothing(void **state)
{
	struct tmr a, b;

	(void)state;

	tmr_init(&a);
	tmr_init(&b);
	tmr_start(&a, 1, on_nested, NULL);
	tmr_start(&b, 2, on_nested, NULL);
	clock_advance(10);
	tmr_poll(NULL);
	assert_int_equal(nested, 2);
}

/* ---- what is told ---------------------------------------------------- */

static void test_expire_and_limits(void **state)
{
	struct note v[3];
	char *text = NULL;

	(void)state;

	memset(v, 0, sizeof(v));

	assert_int_equal(tmr_next_timeout(NULL), 0);
	assert_int_equal(tmr_get_expire(NULL), 0);
	assert_int_equal(tmr_get_expire(&v[0].tmr), 0);
	tmr_cancel(NULL);
	tmr_init(NULL);
	tmr_start(NULL, 1, on_note, NULL);
	tmr_cancel(&v[0].tmr);

	/* the farthest there is; epoll takes an int */
	tmr_start(&v[0].tmr, UINT64_MAX, on_note, &v[0]);
	assert_int_equal(v[0].tmr.jfs, UINT64_MAX);
	assert_int_equal(tmr_next_timeout(NULL), INT_MAX);

	tmr_start(&v[1].tmr, 50000, on_note, &v[1]);
	assert_in_range(tmr_get_expire(&v[1].tmr), 49000, 50000);
	assert_in_range(tmr_next_timeout(NULL), 1, 50000);
	clock_advance(20000);
	assert_in_range(tmr_get_expire(&v[1].tmr), 29000, 30000);

	assert_true(re_sdprintf(&text, "%H", tmr_status, NULL) == 0);
	assert_non_null(strstr(text, "Timers (2):\n"));
	mem_deref(text);

	poll_once();
	assert_int_equal(firedc, 0);

	tmr_start(&v[1].tmr, 0, NULL, NULL);
	assert_false(tmr_isrunning(&v[1].tmr));
	assert_int_equal(timer_count(), 1);
	tmr_cancel(&v[0].tmr);
	assert_int_equal(timer_count(), 0);
	assert_int_equal(tmr_next_timeout(NULL), 0);
}

/* The loop sleeps as told and wakes no more often than the wheel is high */
static void test_sleeping_as_told(void **state)
{
	static const uint64_t delayv[] = {1,    63,    64,     500,
					  4096, 32000, 600000, 86400000};
	(void)state;

	for (unsigned i = 0; i < COUNT(delayv); i++) {
		struct note note = {.num = 1};
		unsigned wakes = 0;

		tmr_start(&note.tmr, delayv[i], on_note, &note);

		for (firedc = 0; !firedc; wakes++) {
			const uint64_t left = tmr_get_expire(&note.tmr);
			const uint64_t to = tmr_next_timeout(NULL);

			assert_true(to >= 1);
			assert_true(to <= (left ? left : 1));

			clock_advance(to);
			poll_once();
		}
		assert_true(wakes <= 8);
	}
}

static void *other_thread(void *arg)
{
	struct note note = {.num = 1};
	uint64_t *countp = arg;

	assert_int_equal(timer_count(), 0);
	tmr_start(&note.tmr, 10, on_note, &note);
	*countp = timer_count();
	tmr_cancel(&note.tmr);

	return NULL;
}

static void test_each_thread_has_its_own(void **state)
{
	struct note note = {.num = 7};
	uint64_t count = 0;
	pthread_t thread;

	(void)state;

	tmr_start(&note.tmr, 10, on_note, &note);
	assert_int_equal(pthread_create(&thread, NULL, other_thread, &count),
			 0);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_int_equal(count, 1);
	assert_int_equal(timer_count(), 1);
	tmr_cancel(&note.tmr);
}

/* ---- many, against a model ------------------------------------------- */

enum { MANY = 100000, ROUNDS = 40 };

static struct note *many;
static struct note **sorted;
static struct note **fired;
static size_t many_firedc;
static uint64_t many_seq;

static void on_many(void *arg)
{
	assert_true(many_firedc < MANY);
	fired[many_firedc++] = arg;
}

static uint64_t rnd(void)
{
	static uint64_t x = 88172645463325252ull;

	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;

	return x;
}

static void many_start(struct note *note)
{
	static const uint64_t spanv[] = {2,     64,    500,    4096,
					 32000, 64000, 700000, 40000000};
	note->seq = ++many_seq;
	tmr_start(&note->tmr, rnd() % spanv[rnd() % COUNT(spanv)], on_many,
		  note);
}

static int by_expiry(const void *pa, const void *pb)
{
	const struct note *a = *(struct note *const *)pa;
	const struct note *b = *(struct note *const *)pb;

	if (a->tmr.jfs != b->tmr.jfs)
		return a->tmr.jfs < b->tmr.jfs ? -1 : 1;

	return a->seq < b->seq ? -1 : a->seq > b->seq;
}

static void test_many_against_a_sorted_model(void **state)
{
	static const uint64_t stepv[] = {0,   1,    3,     40,    70,
					 500, 5000, 32000, 300000};
	size_t total = 0;

	(void)state;

	many = calloc(MANY, sizeof(*many));
	sorted = calloc(MANY, sizeof(*sorted));
	fired = calloc(MANY, sizeof(*fired));
	assert_non_null(many);
	assert_non_null(sorted);
	assert_non_null(fired);

	for (size_t i = 0; i < MANY; i++)
		many_start(&many[i]);

	for (unsigned round = 0; round < ROUNDS; round++) {
		size_t n = 0;
		uint64_t before, to;

		for (unsigned i = 0; i < MANY / 10; i++) {
			struct note *note = &many[rnd() % MANY];

			if (rnd() & 1)
				many_start(note);
			else
				tmr_cancel(&note->tmr);
		}

		for (size_t i = 0; i < MANY; i++) {
			if (tmr_isrunning(&many[i].tmr))
				sorted[n++] = &many[i];
		}
		assert_int_equal(timer_count(), n);
		qsort(sorted, n, sizeof(*sorted), by_expiry);

		/* never later than the first of them */
		before = clock_ms();
		to = tmr_next_timeout(NULL);
		assert_true(to >= 1);
		assert_true(to == 1 || before + to <= sorted[0]->tmr.jfs + 1);

		clock_advance(stepv[rnd() % COUNT(stepv)]);

		before = clock_ms();
		many_firedc = 0;
		tmr_poll(NULL);

		/* all that were due and none that was not, in order */
		for (size_t i = 0; i < many_firedc; i++) {
			assert_ptr_equal(fired[i], sorted[i]);
			assert_false(tmr_isrunning(&fired[i]->tmr));
		}
		assert_true(many_firedc == n ||
			    sorted[many_firedc]->tmr.jfs > before);
		if (many_firedc)
			assert_true(sorted[many_firedc - 1]->tmr.jfs <=
				    clock_ms());
		total += many_firedc;
	}

	assert_true(total > MANY / 2);

	for (size_t i = 0; i < MANY; i++)
		tmr_cancel(&many[i].tmr);
	assert_int_equal(timer_count(), 0);
	assert_int_equal(tmr_next_timeout(NULL), 0);

	free(many);
	free(sorted);
	free(fired);
}

/* ---- in libre's place ------------------------------------------------ */

static void *libre_symbol(const char *name)
{
	void *lib = dlopen("libre.so.0", RTLD_LAZY | RTLD_NOLOAD);
	void *sym;

	if (!lib)
		lib = dlopen("libre.so.1", RTLD_LAZY | RTLD_NOLOAD);
	if (!lib)
		return NULL;

	sym = dlsym(lib, name);
	(void)dlclose(lib);

	return sym;
}

static void test_the_linker_takes_ours(void **state)
{
	/* clang-format off */
	static const struct {
		const char *name;
		void (*ours)(void);
	} symbolv[] = {
#define SYMBOL(name) {#name, (void (*)(void))name}
		SYMBOL(tmr_init), SYMBOL(tmr_start), SYMBOL(tmr_cancel),
		SYMBOL(tmr_poll), SYMBOL(tmr_next_timeout),
		SYMBOL(tmr_get_expire), SYMBOL(tmr_jiffies),
		SYMBOL(tmr_debug), SYMBOL(tmr_status),
#undef SYMBOL
	};
	/* clang-format on */

	(void)state;

	for (size_t i = 0; i < COUNT(symbolv); i++) {
		void *theirs = libre_symbol(symbolv[i].name);
		void *ours;

		memcpy(&ours, &symbolv[i].ours, sizeof(ours));

		/* what everybody is given, libre itself included */
		assert_ptr_equal(dlsym(RTLD_DEFAULT, symbolv[i].name), ours);

		/* and libre, when it is a shared library, has one to replace */
		if (theirs)
			assert_ptr_not_equal(theirs, ours);
	}
}

static void on_guard(void *arg)
{
	*(bool *)arg = true;
	re_cancel();
}

static void on_answer(int err, const struct sip_msg *msg, void *arg)
{
	int *errp = arg;

	(void)msg;

	*errp = err;
	re_cancel();
}

/* A SIP transaction waits 32 s for a silent peer: libre starts that timer, we
 * let it fire at once */
static void test_a_transaction_of_libre_times_out_when_we_say(void **state)
{
	struct sip_request *req = NULL;
	struct sockaddr_in sin = {.sin_family = AF_INET};
	socklen_t len = sizeof(sin);
	const uint64_t began = clock_us();
	struct sip *sip = NULL;
	int answer = -1, fd;
	bool late = false;
	struct tmr guard;
	struct sa laddr;
	char uri[64];

	(void)state;

	assert_int_equal(libre_init(), 0);

	fd = socket(AF_INET, SOCK_DGRAM, 0);
	assert_true(fd >= 0);
	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(bind(fd, (struct sockaddr *)&sin, sizeof(sin)), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&sin, &len), 0);

	assert_int_equal(sip_alloc(&sip, NULL, 16, 16, 16, "test", NULL, NULL),
			 0);
	assert_int_equal(sa_set_str(&laddr, "127.0.0.1", 0), 0);
	assert_int_equal(sip_transp_add(sip, SIP_TRANSP_UDP, &laddr), 0);

	assert_int_equal(timer_count(), 0);
	(void)re_snprintf(uri, sizeof(uri), "sip:127.0.0.1:%u",
			  ntohs(sin.sin_port));
	assert_int_equal(sip_requestf(&req, sip, true, "OPTIONS", uri, NULL,
				      NULL, NULL, on_answer, &answer,
				      "Call-ID: 1\r\n"
				      "From: <sip:a@h>;tag=1\r\n"
				      "To: <sip:b@h>\r\n"
				      "CSeq: 1 OPTIONS\r\n"
				      "Content-Length: 0\r\n\r\n"),
			 0);

	/* libre started them, and they are in our wheel */
	assert_true(timer_count() >= 1);

	tmr_init(&guard);
	tmr_start(&guard, 60000, on_guard, &late);
	clock_advance(32000);

	assert_int_equal(re_main(NULL), 0);
	assert_int_equal(answer, ETIMEDOUT);
	assert_false(late);

	tmr_cancel(&guard);
	mem_deref(sip);
	(void)close(fd);
	assert_int_equal(timer_count(), 0);
	libre_close();

	/* generous: it is the 32 s that matter */
	assert_true(clock_us() - began < 20000000);
}

int main(void)
{
	const struct CMUnitTest testv[] = {
		cmocka_unit_test(test_one_millisecond_fires_in_start_order),
		cmocka_unit_test(test_a_jump_fires_in_order_of_expiry),
		cmocka_unit_test(test_no_delay_waits_for_the_next_poll),
		cmocka_unit_test(test_handlers_may_touch_any_timer),
		cmocka_unit_test(test_a_handler_may_free_its_timer),
		cmocka_unit_test(test_a_slow_handler),
		cmocka_unit_test(test_a_poll_inside_a_poll_does_nothing),
		cmocka_unit_test(test_expire_and_limits),
		cmocka_unit_test(test_sleeping_as_told),
		cmocka_unit_test(test_each_thread_has_its_own),
		cmocka_unit_test(test_many_against_a_sorted_model),
		cmocka_unit_test(test_the_linker_takes_ours),
		cmocka_unit_test(
			test_a_transaction_of_libre_times_out_when_we_say),
	};

	return cmocka_run_group_tests_name("timer", testv, NULL, NULL);
}

#endif
