/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "media/stream.h"

#include <errno.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "sip/recompat.h"

#include "base/clock.h"
#include "base/thread.h"
#include "sip/timer.h"

enum { LIMIT_MS = 10000, TE_PT = 101, GOT_MAX = 512 };

/* ---- running the loop until something is so ---------------------------- */

typedef bool(cond_h)(void *arg);

struct wait {
	struct tmr tmr;
	uint64_t limit;
	cond_h *condh;
	void *arg;
	bool met;
};

static void on_look(void *arg)
{
	struct wait *w = arg;

	w->met = w->condh(w->arg);
	if (w->met || clock_us() / 1000 > w->limit) {
		re_cancel();
		return;
	}
	tmr_start(&w->tmr, 2, on_look, w);
}

static bool run_until(cond_h *condh, void *arg)
{
	struct wait w = {.condh = condh, .arg = arg};

	w.limit = clock_us() / 1000 + LIMIT_MS;
	tmr_init(&w.tmr);
	tmr_start(&w.tmr, 1, on_look, &w);
	assert_int_equal(re_main(NULL), 0);
	tmr_cancel(&w.tmr);

	return w.met;
}

/* ---- a peer that keeps all it hears ------------------------------------ */

struct heard {
	uint8_t pt;
	bool marker;
	uint32_t ts;
	uint16_t seq;
	size_t len;
	uint8_t data[160];
};

struct peer {
	struct rtp_sock *rtp;
	struct heard v[GOT_MAX];
	unsigned n;
};

static void on_peer_rtp(const struct sa *src, const struct rtp_header *hdr,
			struct mbuf *mb, void *arg)
{
	struct peer *p = arg;
	struct heard *h = &p->v[p->n];

	(void)src;
	assert_true(p->n < GOT_MAX);
	h->pt = hdr->pt;
	h->marker = hdr->m;
	h->ts = hdr->ts;
	h->seq = hdr->seq;
	h->len = mbuf_get_left(mb);
	assert_true(h->len <= sizeof(h->data));
	memcpy(h->data, mbuf_buf(mb), h->len);
	++p->n;
}

static void loopback(struct sa *sa, const char *addr, uint16_t port)
{
	assert_int_equal(sa_set_str(sa, addr, port), 0);
}

static void peer_open(struct peer *p)
{
	struct sa sa;

	memset(p, 0, sizeof(*p));
	loopback(&sa, "127.0.0.1", 0);
	assert_int_equal(rtp_listen(&p->rtp, IPPROTO_UDP, &sa, 10000, 60000,
				    false, on_peer_rtp, NULL, p),
			 0);
}

static void peer_close(struct peer *p)
{
	p->rtp = mem_deref(p->rtp);
}

static void peer_send(struct peer *p, uint16_t port)
{
	struct mbuf *mb = mbuf_alloc(256);
	struct sa sa;

	loopback(&sa, "127.0.0.1", port);
	mb->pos = RTP_HEADER_SIZE;
	assert_int_equal(mbuf_fill(mb, 0xff, 160), 0);
	mb->pos = RTP_HEADER_SIZE;
	assert_int_equal(rtp_send(p->rtp, &sa, false, false, 0, 0, mb), 0);
	mem_deref(mb);
}

static struct stream *open_stream(const char *addr)
{
	struct stream *s = NULL;
	struct sa sa;

	loopback(&sa, addr, 0);
	if (stream_alloc(&s, &sa))
		return NULL;

	return s;
}

static void to_port(struct stream *s, const char *addr, uint16_t port)
{
	struct sa sa;

	loopback(&sa, addr, port);
	assert_int_equal(stream_remote(s, &sa), 0);
}

/* ---- conditions --------------------------------------------------------- */

struct rx_min {
	struct stream **v;
	unsigned n;
	uint64_t min;
};

static bool rx_reached(void *arg)
{
	const struct rx_min *m = arg;
	unsigned i;

	for (i = 0; i < m->n; ++i) {
		if (stream_stats(m->v[i]).rx_packets < m->min)
			return false;
	}

	return true;
}

struct got_min {
	const struct peer *p;
	unsigned min;
};

static bool got_reached(void *arg)
{
	const struct got_min *g = arg;

	return g->p->n >= g->min;
}

/* ---- tests --------------------------------------------------------------- */

static void test_two_streams_exchange_silence(void **state)
{
	static const struct {
		const char *addr;
		int pt;
	} casev[] = {
		{"127.0.0.1", STREAM_PCMU},
		{"127.0.0.1", STREAM_PCMA},
		{"::1", STREAM_PCMU},
	};
	size_t i;

	(void)state;

	for (i = 0; i < sizeof(casev) / sizeof(casev[0]); ++i) {
		const char *addr = casev[i].addr;
		struct stream *v[2] = {open_stream(addr), open_stream(addr)};
		struct rx_min want = {.v = v, .n = 2, .min = 10};
		unsigned k;

		if (!v[0] && strchr(addr, ':')) {
			print_message("no IPv6 here: not tested\n");
			continue;
		}
		assert_non_null(v[0]);
		assert_non_null(v[1]);

		to_port(v[0], addr, stream_port(v[1]));
		to_port(v[1], addr, stream_port(v[0]));
		stream_set(v[0], casev[i].pt, true, true);
		stream_set(v[1], casev[i].pt, true, true);
		assert_true(run_until(rx_reached, &want));

		for (k = 0; k < 2; ++k) {
			struct stream_stats st = stream_stats(v[k]);

			assert_int_equal(stream_port(v[k]) % 2, 0);
			assert_int_equal(st.rx_bytes, st.rx_packets * 160);
			assert_int_equal(st.tx_bytes, st.tx_packets * 160);
			assert_int_equal(st.tx_errors, 0);
			assert_int_equal(st.rx_refused, 0);
			assert_true(st.rx_last_ms + 1000 > clock_ms());
			mem_deref(v[k]);
		}
		assert_int_equal(timer_count(), 0);
	}
}

static void test_silence_is_one_steady_talkspurt(void **state)
{
	static const struct {
		int pt;
		uint8_t silence;
	} casev[] = {{STREAM_PCMU, 0xff}, {STREAM_PCMA, 0xd5}};
	size_t i;

	(void)state;

	for (i = 0; i < sizeof(casev) / sizeof(casev[0]); ++i) {
		struct peer p;
		struct got_min want = {.p = &p, .min = 20};
		struct stream *s = open_stream("127.0.0.1");
		uint64_t began = clock_us();
		unsigned k;

		peer_open(&p);
		to_port(s, "127.0.0.1", sa_port(rtp_local(p.rtp)));
		stream_set(s, casev[i].pt, true, true);
		assert_true(run_until(got_reached, &want));
		assert_true(clock_us() - began >= 19 * 20 * 1000);

		for (k = 0; k < 20; ++k) {
			const struct heard *h = &p.v[k];

			assert_int_equal(h->pt, casev[i].pt);
			assert_int_equal(h->marker, k == 0);
			assert_int_equal(h->len, 160);
			assert_int_equal(h->data[0], casev[i].silence);
			assert_int_equal(h->data[159], casev[i].silence);
			if (!k)
				continue;
			assert_int_equal((uint16_t)(h->seq - h[-1].seq), 1);
			assert_int_equal((h->ts - h[-1].ts) % 160, 0);
			assert_true(h->ts - h[-1].ts >= 160);
		}
		mem_deref(s);
		peer_close(&p);
	}
}

static unsigned count_pt(const struct peer *p, uint8_t pt)
{
	unsigned i, n = 0;

	for (i = 0; i < p->n; ++i)
		n += p->v[i].pt == pt;

	return n;
}

static bool digits_done(void *arg)
{
	const struct peer *p = arg;

	/* three digits of seven packets, and sound again behind them */
	return count_pt(p, TE_PT) >= 21 && p->v[p->n - 1].pt == 0 &&
	       p->v[p->n - 5].pt == 0;
}

static void test_dtmf_arrives_digit_by_digit(void **state)
{
	static const uint8_t eventv[] = {1, 10, 15};
	static const uint16_t durationv[] = {160, 320, 480, 640, 800, 800, 800};
	struct stream *s = open_stream("127.0.0.1");
	uint32_t ts[3] = {0};
	struct peer p;
	unsigned i, n = 0;

	(void)state;

	peer_open(&p);
	to_port(s, "127.0.0.1", sa_port(rtp_local(p.rtp)));
	stream_set(s, STREAM_PCMU, true, true);
	assert_int_equal(stream_dtmf(s, TE_PT, "1*"), 0);
	assert_int_equal(stream_dtmf(s, TE_PT, "d"), 0);
	assert_true(run_until(digits_done, &p));
	assert_int_equal(count_pt(&p, TE_PT), 21);

	for (i = 0; i < p.n; ++i) {
		const struct heard *h = &p.v[i];
		unsigned digit = n / 7;
		unsigned step = n % 7;

		if (h->pt != TE_PT)
			continue;

		assert_int_equal(h->len, 4);
		assert_int_equal(h->data[0], eventv[digit]);
		assert_int_equal(h->data[1] >> 7, step >= 4);
		assert_int_equal(h->data[2] << 8 | h->data[3], durationv[step]);
		assert_int_equal(h->marker, step == 0);
		if (step == 0)
			ts[digit] = h->ts;
		assert_int_equal(h->ts, ts[digit]);
		++n;
	}
	for (i = 1; i < 3; ++i) {
		/* tone and a pause that a receiver can hear */
		assert_true(ts[i] - ts[i - 1] >= 800 + 400);
	}

	mem_deref(s);
	peer_close(&p);
}

static void test_dtmf_refuses_what_it_cannot_send(void **state)
{
	static const struct {
		int pt;
		const char *digits;
		int err;
	} casev[] = {
		{TE_PT, "", EINVAL},    {TE_PT, "12x", EINVAL},
		{TE_PT, "1 2", EINVAL}, {TE_PT, NULL, EINVAL},
		{128, "1", EINVAL},     {-1, "1", EINVAL},
		{TE_PT, "12", 0},
	};
	struct stream *s = open_stream("127.0.0.1");
	char many[STREAM_DTMF_MAX];
	size_t i;

	(void)state;

	/* nowhere to send to yet */
	assert_int_equal(stream_dtmf(s, TE_PT, "1"), ENOTCONN);
	to_port(s, "127.0.0.1", 10002);
	stream_set(s, STREAM_PCMU, false, true);
	assert_int_equal(stream_dtmf(s, TE_PT, "1"), ENOTCONN);

	stream_set(s, STREAM_PCMU, true, true);
	for (i = 0; i < sizeof(casev) / sizeof(casev[0]); ++i) {
		assert_int_equal(stream_dtmf(s, casev[i].pt, casev[i].digits),
				 casev[i].err);
	}

	memset(many, '5', sizeof(many) - 1);
	many[sizeof(many) - 1] = '\0';
	assert_int_equal(stream_dtmf(s, TE_PT, many), EOVERFLOW);
	many[sizeof(many) - 2] = '\0';
	assert_int_equal(stream_dtmf(s, TE_PT, many), 0);

	mem_deref(s);
}

static void test_held_sends_nothing(void **state)
{
	struct stream *v[2] = {open_stream("127.0.0.1"),
			       open_stream("127.0.0.1")};
	struct rx_min want = {.v = v, .n = 2, .min = 5};
	struct stream_stats held;

	(void)state;

	to_port(v[0], "127.0.0.1", stream_port(v[1]));
	to_port(v[1], "127.0.0.1", stream_port(v[0]));
	stream_set(v[0], STREAM_PCMU, true, true);
	stream_set(v[1], STREAM_PCMU, true, true);
	assert_true(run_until(rx_reached, &want));

	stream_set(v[0], STREAM_PCMU, false, true);
	held = stream_stats(v[0]);
	want.n = 1;
	want.min = held.rx_packets + 15;
	assert_true(run_until(rx_reached, &want));
	assert_int_equal(stream_stats(v[0]).tx_packets, held.tx_packets);
	assert_int_equal(stream_stats(v[1]).rx_packets, held.tx_packets);

	/* and talks again */
	stream_set(v[0], STREAM_PCMU, true, true);
	want.v = v + 1;
	want.min = held.tx_packets + 5;
	assert_true(run_until(rx_reached, &want));

	mem_deref(v[0]);
	mem_deref(v[1]);
}

static void test_not_told_to_receive_counts_nothing(void **state)
{
	struct stream *v[2] = {open_stream("127.0.0.1"),
			       open_stream("127.0.0.1")};
	struct rx_min want = {.v = v, .n = 1, .min = 10};

	(void)state;

	to_port(v[0], "127.0.0.1", stream_port(v[1]));
	to_port(v[1], "127.0.0.1", stream_port(v[0]));
	stream_set(v[0], STREAM_PCMU, true, true);
	stream_set(v[1], STREAM_PCMU, true, false);
	assert_true(run_until(rx_reached, &want));
	assert_int_equal(stream_stats(v[1]).rx_packets, 0);
	assert_true(stream_stats(v[0]).tx_packets >= 10);

	mem_deref(v[0]);
	mem_deref(v[1]);
}

static void test_held_keeps_the_door_open(void **state)
{
	struct stream *s = open_stream("127.0.0.1");
	struct peer p;
	struct got_min want = {.p = &p};
	unsigned i;

	(void)state;

	peer_open(&p);
	to_port(s, "127.0.0.1", sa_port(rtp_local(p.rtp)));
	stream_set(s, STREAM_PCMU, false, true);

	for (i = 1; i <= 3; ++i) {
		clock_advance(STREAM_KEEPALIVE_MS);
		want.min = i;
		assert_true(run_until(got_reached, &want));
		assert_int_equal(p.n, i);
		assert_int_equal(p.v[i - 1].len, 0);
		assert_true(p.v[i - 1].pt > 95);
	}
	assert_int_equal(stream_stats(s).tx_packets, 0);

	/* where there is nobody there is no door */
	to_port(s, "127.0.0.1", 0);
	assert_int_equal(timer_count(), 0);

	mem_deref(s);
	peer_close(&p);
}

static void test_no_place_to_send_to(void **state)
{
	static const struct {
		const char *addr;
		uint16_t port;
	} casev[] = {{"127.0.0.1", 0}, {"0.0.0.0", 10002}};
	struct stream *s = open_stream("127.0.0.1");
	struct sa sa;
	size_t i;

	(void)state;

	stream_set(s, STREAM_PCMU, true, true);
	assert_int_equal(timer_count(), 0);
	for (i = 0; i < sizeof(casev) / sizeof(casev[0]); ++i) {
		to_port(s, "127.0.0.1", 10002);
		assert_int_equal(timer_count(), 1);
		to_port(s, casev[i].addr, casev[i].port);
		assert_int_equal(timer_count(), 0);
	}
	loopback(&sa, "::1", 10002);
	assert_int_equal(stream_remote(s, &sa), EAFNOSUPPORT);
	assert_int_equal(stream_remote(s, NULL), EINVAL);

	mem_deref(s);
}

static bool rx_or_refused(void *arg)
{
	const struct rx_min *m = arg;
	struct stream_stats st = stream_stats(m->v[0]);

	return st.rx_packets + st.rx_refused >= m->min;
}

static void test_agreed_source_wins(void **state)
{
	struct stream *s = open_stream("127.0.0.1");
	struct rx_min want = {.v = &s, .n = 1};
	struct peer agreed, other;
	struct got_min got = {.p = &other, .min = 3};

	(void)state;

	peer_open(&agreed);
	peer_open(&other);

	/* before an answer came nobody counts */
	stream_set(s, STREAM_PCMU, true, true);
	peer_send(&other, stream_port(s));
	want.min = 1;
	assert_true(run_until(rx_or_refused, &want));
	assert_int_equal(stream_stats(s).rx_refused, 1);

	/* then the first that is heard, as if behind a NAT: sent to, too */
	to_port(s, "127.0.0.1", sa_port(rtp_local(agreed.rtp)));
	peer_send(&other, stream_port(s));
	want.min = 2;
	assert_true(run_until(rx_or_refused, &want));
	assert_int_equal(stream_stats(s).rx_packets, 1);
	assert_true(run_until(got_reached, &got));

	/* a re-INVITE that changes nothing does not forget it */
	to_port(s, "127.0.0.1", sa_port(rtp_local(agreed.rtp)));
	got.min = other.n + 3;
	assert_true(run_until(got_reached, &got));

	/* but the agreed one takes it over for good */
	peer_send(&agreed, stream_port(s));
	want.min = 3;
	assert_true(run_until(rx_or_refused, &want));
	assert_int_equal(stream_stats(s).rx_packets, 2);
	peer_send(&other, stream_port(s));
	want.min = 4;
	assert_true(run_until(rx_or_refused, &want));
	assert_int_equal(stream_stats(s).rx_packets, 2);
	assert_int_equal(stream_stats(s).rx_refused, 2);
	got.p = &agreed;
	got.min = agreed.n + 3;
	assert_true(run_until(got_reached, &got));

	mem_deref(s);
	peer_close(&agreed);
	peer_close(&other);
}

static void test_garbage_does_no_harm(void **state)
{
	struct stream *s = open_stream("127.0.0.1");
	struct rx_min want = {.v = &s, .n = 1, .min = 1};
	struct udp_sock *us;
	struct mbuf *mb = mbuf_alloc(2048);
	struct peer p;
	struct sa sa;
	unsigned i;

	(void)state;

	loopback(&sa, "127.0.0.1", 0);
	assert_int_equal(udp_listen(&us, &sa, NULL, NULL), 0);
	peer_open(&p);
	to_port(s, "127.0.0.1", sa_port(rtp_local(p.rtp)));
	stream_set(s, STREAM_PCMU, true, true);

	/* no more than the socket's buffer holds */
	for (i = 0; i < 60; ++i) {
		size_t len = i < 40 ? i : i * 23;
		size_t k;

		mbuf_rewind(mb);
		for (k = 0; k < len; ++k) {
			uint32_t r = (uint32_t)(k * 2654435761u + i * 40503u);

			(void)mbuf_write_u8(mb, (uint8_t)(r >> 13));
		}
		/* never version 2, or it would be RTP */
		if (len)
			mb->buf[0] &= i % 2 ? 0x3f : 0x7f;
		mb->pos = 0;
		loopback(&sa, "127.0.0.1",
			 (uint16_t)(stream_port(s) + i % 3 / 2));
		assert_int_equal(udp_send(us, &sa, mb), 0);
	}

	peer_send(&p, stream_port(s));
	assert_true(run_until(rx_reached, &want));
	assert_int_equal(stream_stats(s).rx_packets, 1);
	assert_int_equal(stream_stats(s).rx_bytes, 160);

	mem_deref(mb);
	mem_deref(us);
	mem_deref(s);
	peer_close(&p);
}

static void test_many_streams_share_the_ticker(void **state)
{
	enum { N = 200 };
	static struct stream *v[N];
	struct rx_min want = {.v = v, .n = N, .min = 10};
	uint64_t lo = UINT64_MAX, hi = 0;
	unsigned i;

	(void)state;

	for (i = 0; i < N; ++i) {
		v[i] = open_stream("127.0.0.1");
		assert_non_null(v[i]);
	}
	for (i = 0; i < N; ++i) {
		to_port(v[i], "127.0.0.1", stream_port(v[i ^ 1]));
		stream_set(v[i], STREAM_PCMU, true, true);
	}
	assert_int_equal(timer_count(), 1);
	assert_true(run_until(rx_reached, &want));

	for (i = 0; i < N; ++i) {
		uint64_t tx = stream_stats(v[i]).tx_packets;

		lo = tx < lo ? tx : lo;
		hi = tx > hi ? tx : hi;
	}
	assert_true(hi - lo <= 1);

	/* they leave in the middle of it, from both ends */
	for (i = 0; i < N; i += 2)
		v[i] = mem_deref(v[i]);
	want.v = v + 1;
	want.n = 1;
	v[0] = open_stream("127.0.0.1");
	to_port(v[0], "127.0.0.1", stream_port(v[1]));
	to_port(v[1], "127.0.0.1", stream_port(v[0]));
	stream_set(v[0], STREAM_PCMU, true, true);
	want.min = stream_stats(v[1]).rx_packets + 3;
	assert_true(run_until(rx_reached, &want));

	mem_deref(v[0]);
	for (i = 1; i < N; i += 2)
		mem_deref(v[i]);
	assert_int_equal(timer_count(), 0);
}

static void test_release_closes_the_sockets(void **state)
{
	struct stream *s = open_stream("127.0.0.1");
	uint16_t port = stream_port(s);
	unsigned i;

	(void)state;

	for (i = 0; i < 2; ++i) {
		struct udp_sock *us = NULL;
		struct sa sa;

		loopback(&sa, "127.0.0.1", (uint16_t)(port + i));
		assert_int_equal(udp_listen(&us, &sa, NULL, NULL), EADDRINUSE);
	}
	mem_deref(s);
	for (i = 0; i < 2; ++i) {
		struct udp_sock *us = NULL;
		struct sa sa;

		loopback(&sa, "127.0.0.1", (uint16_t)(port + i));
		assert_int_equal(udp_listen(&us, &sa, NULL, NULL), 0);
		mem_deref(us);
	}
}

static int setup(void **state)
{
	(void)state;
	thread_adopt(THREAD_SIP);

	return libre_init();
}

static int teardown(void **state)
{
	(void)state;
	libre_close();

	return 0;
}

int main(void)
{
	const struct CMUnitTest testv[] = {
		cmocka_unit_test(test_two_streams_exchange_silence),
		cmocka_unit_test(test_silence_is_one_steady_talkspurt),
		cmocka_unit_test(test_dtmf_arrives_digit_by_digit),
		cmocka_unit_test(test_dtmf_refuses_what_it_cannot_send),
		cmocka_unit_test(test_held_sends_nothing),
		cmocka_unit_test(test_not_told_to_receive_counts_nothing),
		cmocka_unit_test(test_held_keeps_the_door_open),
		cmocka_unit_test(test_no_place_to_send_to),
		cmocka_unit_test(test_agreed_source_wins),
		cmocka_unit_test(test_garbage_does_no_harm),
		cmocka_unit_test(test_many_streams_share_the_ticker),
		cmocka_unit_test(test_release_closes_the_sockets),
	};

	return cmocka_run_group_tests(testv, setup, teardown);
}
