/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/clock.h"
#include "base/post.h"

struct rec {
	enum post_class class;
	uint32_t from;
	uint64_t key;
	uint64_t serial;
	unsigned char pad[1300];
};

static enum post_class class_of(const void *record, uint64_t *keyp)
{
	const struct rec *r = record;

	*keyp = r->key;
	return r->class;
}

static struct rec rec(enum post_class class, uint64_t key, uint64_t serial)
{
	struct rec r;

	memset(&r, 0, sizeof(r));
	r.class = class;
	r.key = key;
	r.serial = serial;
	return r;
}

/* A pipe of one page: three of our records fill it */
static struct post *small_post(void)
{
	struct post *p = NULL;

	assert_int_equal(post_new(&p, sizeof(struct rec), class_of), 0);
	assert_true(fcntl(post_write_fd(p), F_SETPIPE_SZ, 4096) == 4096);
	return p;
}

/* Until it takes no more; returns how many it took */
static uint64_t fill(struct post *p)
{
	struct rec r = rec(POST_HISTORY, 0, 0);
	uint64_t n = 0;

	for (;; n++) {
		int err;

		r.serial = 1000000 + n;
		err = post_send(p, &r);
		if (err) {
			assert_int_equal(err, EAGAIN);
			assert_true(n > 0);
			return n;
		}
	}
}

static void skip_fill(struct post *p, uint64_t n)
{
	struct rec r;

	while (n--) {
		assert_int_equal(post_take(p, &r), 0);
		assert_true(r.serial >= 1000000);
	}
}

static void take(struct post *p, struct rec want)
{
	struct rec got;

	memset(&got, 0xa5, sizeof(got));
	assert_int_equal(post_take(p, &got), 0);
	assert_memory_equal(&got, &want, sizeof(got));
}

static bool put(struct post *p, struct rec r)
{
	return post_put(p, &r);
}

static bool ready(int fd, short what)
{
	struct pollfd pfd = {.fd = fd, .events = what};

	return poll(&pfd, 1, 0) == 1 && (pfd.revents & what);
}

/* ---- one thread ------------------------------------------------------ */

static void size_has_limits(void **state)
{
	struct post *p = NULL;

	(void)state;
	assert_int_equal(post_new(&p, 0, NULL), EINVAL);
	assert_int_equal(post_new(&p, PIPE_BUF + 1, NULL), EINVAL);
	assert_int_equal(post_new(NULL, 8, NULL), EINVAL);
	assert_null(p);
	assert_int_equal(post_new(&p, PIPE_BUF, NULL), 0);
	assert_non_null(p);
	post_free(p);
	post_free(NULL);
}

static void ends_neither_block_nor_survive_exec(void **state)
{
	struct post *p = small_post();
	int fds[2] = {post_read_fd(p), post_write_fd(p)};

	(void)state;
	assert_int_not_equal(fds[0], fds[1]);
	for (int i = 0; i < 2; i++) {
		assert_true(fcntl(fds[i], F_GETFL) & O_NONBLOCK);
		assert_true(fcntl(fds[i], F_GETFD) & FD_CLOEXEC);
	}
	post_free(p);
	assert_int_equal(fcntl(fds[0], F_GETFD), -1);
	assert_int_equal(fcntl(fds[1], F_GETFD), -1);
}

static void records_pass_in_order(void **state)
{
	struct post *p = small_post();
	struct rec got;

	(void)state;
	assert_int_equal(post_take(p, &got), EAGAIN);
	assert_false(ready(post_read_fd(p), POLLIN));
	assert_true(ready(post_write_fd(p), POLLOUT));

	assert_false(put(p, rec(POST_HISTORY, 0, 1)));
	assert_false(put(p, rec(POST_STATE, 7, 2)));
	assert_false(put(p, rec(POST_CHATTER, 0, 3)));
	assert_true(ready(post_read_fd(p), POLLIN));
	take(p, rec(POST_HISTORY, 0, 1));
	take(p, rec(POST_STATE, 7, 2));
	take(p, rec(POST_CHATTER, 0, 3));
	assert_int_equal(post_take(p, &got), EAGAIN);
	assert_int_equal(post_dropped(p), 0);
	post_free(p);
}

static void state_does_not_merge_while_there_is_room(void **state)
{
	struct post *p = small_post();

	(void)state;
	for (uint64_t i = 0; i < 3; i++)
		assert_false(put(p, rec(POST_STATE, 7, i)));
	for (uint64_t i = 0; i < 3; i++)
		take(p, rec(POST_STATE, 7, i));
	post_free(p);
}

static void state_merges_in_the_place_of_the_first(void **state)
{
	struct post *p = small_post();
	uint64_t n = fill(p);

	(void)state;
	assert_true(put(p, rec(POST_HISTORY, 0, 1)));
	assert_true(put(p, rec(POST_STATE, 7, 2)));
	assert_true(put(p, rec(POST_HISTORY, 7, 3)));
	assert_true(put(p, rec(POST_STATE, 8, 4)));
	assert_true(put(p, rec(POST_STATE, 7, 5)));
	assert_true(put(p, rec(POST_HISTORY, 7, 6)));
	assert_true(put(p, rec(POST_STATE, 8, 7)));
	assert_true(put(p, rec(POST_STATE, 7, 8)));
	assert_int_equal(post_waiting(p), 5);
	assert_true(post_flush(p)); /* there is no room yet */
	assert_int_equal(post_waiting(p), 5);

	skip_fill(p, n);
	assert_true(post_flush(p));
	take(p, rec(POST_HISTORY, 0, 1));
	take(p, rec(POST_STATE, 7, 8));
	take(p, rec(POST_HISTORY, 7, 3));
	assert_false(post_flush(p));
	take(p, rec(POST_STATE, 8, 7));
	take(p, rec(POST_HISTORY, 7, 6));
	assert_int_equal(post_waiting(p), 0);
	post_free(p);
}

static void what_has_gone_merges_no_more(void **state)
{
	struct post *p = small_post();
	uint64_t n = fill(p);

	(void)state;
	assert_true(put(p, rec(POST_STATE, 7, 1)));
	assert_true(put(p, rec(POST_HISTORY, 0, 2)));
	assert_true(put(p, rec(POST_HISTORY, 0, 3)));
	assert_true(put(p, rec(POST_HISTORY, 0, 4)));
	skip_fill(p, n);
	assert_true(post_flush(p)); /* 1 to 3 are in the pipe now */
	assert_int_equal(post_waiting(p), 1);
	assert_true(put(p, rec(POST_STATE, 7, 5)));
	assert_true(put(p, rec(POST_STATE, 7, 6)));
	assert_int_equal(post_waiting(p), 2);

	take(p, rec(POST_STATE, 7, 1));
	take(p, rec(POST_HISTORY, 0, 2));
	take(p, rec(POST_HISTORY, 0, 3));
	assert_false(post_flush(p));
	take(p, rec(POST_HISTORY, 0, 4));
	take(p, rec(POST_STATE, 7, 6));
	post_free(p);
}

static void nothing_overtakes_what_waits(void **state)
{
	struct post *p = small_post();
	uint64_t n = fill(p);

	(void)state;
	assert_true(put(p, rec(POST_HISTORY, 0, 1)));
	skip_fill(p, n); /* room again, but nobody has flushed */
	assert_true(put(p, rec(POST_HISTORY, 0, 2)));
	assert_false(post_flush(p));
	take(p, rec(POST_HISTORY, 0, 1));
	take(p, rec(POST_HISTORY, 0, 2));
	post_free(p);
}

static void chatter_is_dropped_and_counted(void **state)
{
	struct post *p = small_post();
	uint64_t n = fill(p);
	struct rec got;

	(void)state;
	/* the pipe is full and nothing waits: nothing to flush for */
	assert_false(put(p, rec(POST_CHATTER, 0, 1)));
	assert_int_equal(post_waiting(p), 0);
	assert_true(put(p, rec(POST_HISTORY, 0, 2)));
	assert_true(put(p, rec(POST_CHATTER, 0, 3)));
	skip_fill(p, n);
	/* room in the pipe, yet something waits */
	assert_true(put(p, rec(POST_CHATTER, 0, 4)));
	assert_int_equal(post_waiting(p), 1);
	assert_int_equal(post_dropped(p), 3);
	assert_int_equal(post_dropped(p), 0);

	assert_false(post_flush(p));
	assert_false(put(p, rec(POST_CHATTER, 0, 5)));
	assert_int_equal(post_dropped(p), 0);
	take(p, rec(POST_HISTORY, 0, 2));
	take(p, rec(POST_CHATTER, 0, 5));
	assert_int_equal(post_take(p, &got), EAGAIN);
	post_free(p);
}

static void without_classes_all_is_history(void **state)
{
	struct post *p = NULL;
	uint64_t n;

	(void)state;
	assert_int_equal(post_new(&p, sizeof(struct rec), NULL), 0);
	n = fill(p);
	for (uint64_t i = 0; i < 5; i++)
		assert_true(put(p, rec(POST_CHATTER, 1, i)));
	for (uint64_t i = 5; i < 10; i++)
		assert_true(put(p, rec(POST_STATE, 1, i)));
	assert_int_equal(post_waiting(p), 10);
	skip_fill(p, n);
	assert_false(post_flush(p));
	for (uint64_t i = 0; i < 5; i++)
		take(p, rec(POST_CHATTER, 1, i));
	for (uint64_t i = 5; i < 10; i++)
		take(p, rec(POST_STATE, 1, i));
	post_free(p);
}

static void waiting_records_keep_every_byte(void **state)
{
	struct post *p = small_post();
	struct rec r[4];

	(void)state;
	for (size_t tail = 0; tail <= sizeof(r[0].pad); tail += 37) {
		uint64_t n = fill(p);

		/* bytes up to here, zeros after; then longer ones merged
		   over shorter ones and the other way round */
		for (int i = 0; i < 4; i++) {
			r[i] = rec(i < 2 ? POST_STATE : POST_HISTORY,
				   (uint64_t)i, tail);
			memset(r[i].pad, 0x80 | i, tail);
		}
		put(p, rec(POST_STATE, 0, 0));
		post_put(p, &r[1]);
		for (int i = 0; i < 4; i++)
			post_put(p, &r[i]);
		r[1].pad[sizeof(r[1].pad) - 1] = 1;
		post_put(p, &r[1]);
		memset(r[1].pad, 0, sizeof(r[1].pad));
		post_put(p, &r[1]);
		assert_int_equal(post_waiting(p), 4);

		skip_fill(p, n);
		post_flush(p);
		for (int i = 0; i < 4; i++) {
			take(p, r[i]);
			post_flush(p);
		}
	}
	post_free(p);
}

static void record_of_nothing_but_zeros_waits_too(void **state)
{
	struct rec zero = rec(POST_STATE, 0, 0);
	struct post *p = NULL;
	uint64_t n;

	(void)state;
	memset(&zero, 0, sizeof(zero));
	assert_int_equal(post_new(&p, sizeof(zero), NULL), 0);
	n = fill(p);
	assert_true(post_put(p, &zero));
	skip_fill(p, n);
	assert_false(post_flush(p));
	take(p, zero);
	post_free(p);
}

/* ---- against a model that is too simple to be wrong ------------------- */

enum { MODEL_MAX = 4000 };

struct model {
	struct rec v[MODEL_MAX]; /* what waits */
	size_t n;
	struct rec sent[MODEL_MAX]; /* what the pipe must give */
	size_t first, end;
	uint64_t dropped;
};

static void model_put(struct model *m, const struct rec *r, bool full)
{
	if (!m->n && !full) {
		m->sent[m->end++] = *r;
		return;
	}
	if (r->class == POST_CHATTER) {
		m->dropped++;
		return;
	}
	for (size_t i = 0; r->class == POST_STATE && i < m->n; i++) {
		if (m->v[i].class == POST_STATE && m->v[i].key == r->key) {
			m->v[i] = *r;
			return;
		}
	}
	m->v[m->n++] = *r;
}

static void model_flush(struct model *m, size_t left)
{
	size_t gone = m->n - left;

	memcpy(m->sent + m->end, m->v, gone * sizeof(m->v[0]));
	memmove(m->v, m->v + gone, left * sizeof(m->v[0]));
	m->end += gone;
	m->n = left;
}

static void any_order_of_calls_agrees_with_the_model(void **state)
{
	(void)state;
	srand(4);
	for (int round = 0; round < 20; round++) {
		struct model *m = calloc(1, sizeof(*m));
		struct post *p = small_post();
		uint64_t dropped;
		struct rec r;
		bool waits;

		assert_non_null(m);
		for (uint64_t i = 0; i < 2000; i++) {
			int what = rand() % 10;

			if (what < 6) {
				bool room = ready(post_write_fd(p), POLLOUT);
				bool went;
				int class = rand() % 4;

				r = rec(class == 3 ? POST_STATE
						   : (enum post_class) class,
					(uint64_t)(rand() % 200) << 24, i + 1);
				memset(r.pad, rand() & 0xff,
				       (size_t)rand() % sizeof(r.pad));

				/* A page may take one more when poll() no
				   longer says so, never the other way round */
				waits = post_put(p, &r);
				dropped = post_dropped(p);
				went = !m->n && !waits && !dropped;
				if (!m->n && room)
					assert_true(went);
				if (!went)
					assert_true(m->n || !room);
				m->dropped = 0;
				model_put(m, &r, !went);
				assert_int_equal(dropped, m->dropped);
				assert_int_equal(waits, m->n > 0);
			} else if (what < 7) {
				post_flush(p);
				model_flush(m, post_waiting(p));
			} else if (post_take(p, &r) == 0) {
				assert_true(m->first < m->end);
				assert_memory_equal(&r, &m->sent[m->first],
						    sizeof(r));
				m->first++;
			} else {
				assert_int_equal(m->first, m->end);
			}
			assert_int_equal(post_waiting(p), m->n);
		}
		do {
			post_flush(p);
			model_flush(m, post_waiting(p));
			while (post_take(p, &r) == 0) {
				assert_true(m->first < m->end);
				assert_memory_equal(&r, &m->sent[m->first],
						    sizeof(r));
				m->first++;
			}
		} while (m->n);
		assert_int_equal(m->first, m->end);
		post_free(p);
		free(m);
	}
}

/* ---- much ------------------------------------------------------------ */

static void stays_fast_with_much_waiting(void **state)
{
	enum { MANY = 200000 };
	struct post *p = small_post();
	uint64_t n = fill(p), t0 = clock_us(), t1, t2, t3;
	struct rec r;

	(void)state;
	for (uint64_t i = 0; i < MANY; i++)
		put(p, rec(i & 1 ? POST_STATE : POST_HISTORY, i << 32, i));
	assert_int_equal(post_waiting(p), MANY);
	t1 = clock_us();
	for (uint64_t i = 1; i < MANY; i += 2)
		put(p, rec(POST_STATE, i << 32, MANY + i));
	assert_int_equal(post_waiting(p), MANY);
	t2 = clock_us();

	skip_fill(p, n);
	for (uint64_t i = 0; i < MANY; i++) {
		if (post_take(p, &r) == EAGAIN) {
			post_flush(p);
			assert_int_equal(post_take(p, &r), 0);
		}
		assert_true(r.serial == (i & 1 ? MANY + i : i));
	}
	assert_false(post_flush(p));
	assert_int_equal(post_take(p, &r), EAGAIN);
	t3 = clock_us();

	print_message("%d waiting: put %u ns, merge %u ns, drain %u ns each\n",
		      MANY, (unsigned)((t1 - t0) * 1000 / MANY),
		      (unsigned)((t2 - t1) * 2000 / MANY),
		      (unsigned)((t3 - t2) * 1000 / MANY));
	/* anything that looks through the queue takes minutes */
	assert_true(t3 - t0 < 15 * 1000000);
	post_free(p);
}

static void what_waits_is_freed(void **state)
{
	struct post *p = small_post();

	(void)state;
	fill(p);
	for (uint64_t i = 0; i < 3000; i++)
		put(p, rec(i % 2 ? POST_STATE : POST_HISTORY, i, i));
	assert_int_equal(post_waiting(p), 3000);
	post_free(p); /* the leak checker looks on */
}

/* ---- an end is gone -------------------------------------------------- */

/* Puts something else in the place of an end, so that post_free() still
   closes what it owns */
static void lose(int fd)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	assert_true(null >= 0);
	assert_true(dup2(null, fd) == fd);
	close(null);
}

static void reader_gone_is_epipe(void **state)
{
	struct post *p = small_post();
	struct rec r = rec(POST_HISTORY, 0, 1);

	(void)state;
	fill(p);
	assert_true(put(p, rec(POST_HISTORY, 0, 1)));
	assert_true(put(p, rec(POST_STATE, 1, 2)));
	lose(post_read_fd(p));
	assert_int_equal(post_send(p, &r), EPIPE);
	/* nobody will ever read what waits */
	assert_false(post_flush(p));
	assert_int_equal(post_waiting(p), 0);
	assert_false(post_put(p, &r));
	assert_false(put(p, rec(POST_CHATTER, 0, 3)));
	assert_int_equal(post_waiting(p), 0);
	assert_int_equal(post_dropped(p), 0);
	post_free(p);
}

static void writer_gone_is_epipe_after_the_last_record(void **state)
{
	struct post *p = small_post();
	struct rec got;

	(void)state;
	put(p, rec(POST_HISTORY, 0, 1));
	put(p, rec(POST_HISTORY, 0, 2));
	lose(post_write_fd(p));
	take(p, rec(POST_HISTORY, 0, 1));
	take(p, rec(POST_HISTORY, 0, 2));
	assert_int_equal(post_take(p, &got), EPIPE);
	assert_int_equal(post_take(p, &got), EPIPE);
	post_free(p);
}

/* ---- many threads ---------------------------------------------------- */

enum { SENDERS = 4, EACH = 4000 };

struct sender {
	struct post *p;
	uint32_t from;
};

static void stamp(struct rec *r, uint32_t from, uint64_t serial)
{
	*r = rec(POST_HISTORY, 0, serial);
	r->from = from;
	memset(r->pad, (int)((from * 31 + serial) & 0xff), sizeof(r->pad));
}

static void wait_for(int fd, short what)
{
	struct pollfd pfd = {.fd = fd, .events = what};

	(void)poll(&pfd, 1, 10000);
}

static void *send_all(void *arg)
{
	struct sender *s = arg;
	struct rec r;

	for (uint64_t i = 0; i < EACH; i++) {
		stamp(&r, s->from, i);
		while (post_send(s->p, &r) == EAGAIN)
			wait_for(post_write_fd(s->p), POLLOUT);
	}
	return NULL;
}

/* The writer proper: outbox and all */
static void *put_all(void *arg)
{
	struct sender *s = arg;
	bool waits = false;
	struct rec r;

	for (uint64_t i = 0; i < EACH; i++) {
		stamp(&r, s->from, i);
		waits = post_put(s->p, &r);
		if (waits && i % 64 == 0)
			waits = post_flush(s->p);
	}
	while (waits) {
		wait_for(post_write_fd(s->p), POLLOUT);
		waits = post_flush(s->p);
	}
	return NULL;
}

static void many_writers_do_not_tear_records(void **state)
{
	struct sender senders[SENDERS + 1];
	pthread_t th[SENDERS + 1];
	uint64_t next[SENDERS + 1] = {0};
	struct post *p = NULL;
	struct rec got, want;

	(void)state;
	assert_int_equal(post_new(&p, sizeof(struct rec), class_of), 0);
	/* some pages, so that full and not full take turns */
	assert_true(fcntl(post_write_fd(p), F_SETPIPE_SZ, 32768) > 0);

	for (uint32_t i = 0; i <= SENDERS; i++) {
		senders[i] = (struct sender){.p = p, .from = i};
		assert_int_equal(pthread_create(&th[i], NULL,
						i ? send_all : put_all,
						&senders[i]),
				 0);
	}
	for (int n = 0; n < (SENDERS + 1) * EACH;) {
		int err = post_take(p, &got);

		if (err) {
			assert_int_equal(err, EAGAIN);
			wait_for(post_read_fd(p), POLLIN);
			continue;
		}
		assert_true(got.from <= SENDERS);
		stamp(&want, got.from, next[got.from]++);
		assert_memory_equal(&got, &want, sizeof(got));
		n++;
	}
	for (int i = 0; i <= SENDERS; i++) {
		assert_int_equal(pthread_join(th[i], NULL), 0);
		assert_int_equal(next[i], EACH);
	}
	assert_int_equal(post_take(p, &got), EAGAIN);
	post_free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(size_has_limits),
		cmocka_unit_test(ends_neither_block_nor_survive_exec),
		cmocka_unit_test(records_pass_in_order),
		cmocka_unit_test(state_does_not_merge_while_there_is_room),
		cmocka_unit_test(state_merges_in_the_place_of_the_first),
		cmocka_unit_test(what_has_gone_merges_no_more),
		cmocka_unit_test(nothing_overtakes_what_waits),
		cmocka_unit_test(chatter_is_dropped_and_counted),
		cmocka_unit_test(without_classes_all_is_history),
		cmocka_unit_test(waiting_records_keep_every_byte),
		cmocka_unit_test(record_of_nothing_but_zeros_waits_too),
		cmocka_unit_test(any_order_of_calls_agrees_with_the_model),
		cmocka_unit_test(stays_fast_with_much_waiting),
		cmocka_unit_test(what_waits_is_freed),
		cmocka_unit_test(reader_gone_is_epipe),
		cmocka_unit_test(writer_gone_is_epipe_after_the_last_record),
		cmocka_unit_test(many_writers_do_not_tear_records),
	};

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
