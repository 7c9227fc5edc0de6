/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Host names, asked of a name server of our own on loopback */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include <cmocka.h>

#include "sip/recompat.h"

#include "base/clock.h"
#include "base/thread.h"
#include "sip/resolve.h"
#include "sip/timer.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

enum {
	TYPE_A = 1,
	TYPE_AAAA = 28,
	TYPE_SRV = 33,
	RCODE_SERVFAIL = 2,
	RCODE_NXDOMAIN = 3,
	DEADLINE_MS = 20000,
};

/* ---- a name server --------------------------------------------------- */

struct srv {
	uint16_t priority, weight, port;
	const char *target; /* NULL: the end */
};

/** What it knows of a name; what is not listed does not exist */
struct record {
	const char *name;
	uint16_t type;
	enum { RECORD, NO_DATA, SILENCE, FAILURE, GARBAGE, BROKEN } how;
	const char *addrv[6];
	struct srv srvv[6];
};

/* clang-format off */
static const struct record recordv[] = {
	{"plain.test", TYPE_A, RECORD, {"192.0.2.1", "192.0.2.2"}, {{0}}},
	{"plain.test", TYPE_AAAA, NO_DATA, {NULL}, {{0}}},
	{"six.test", TYPE_A, NO_DATA, {NULL}, {{0}}},
	{"six.test", TYPE_AAAA, RECORD, {"::1"}, {{0}}},
	{"both.test", TYPE_A, RECORD, {"127.0.0.1"}, {{0}}},
	{"both.test", TYPE_AAAA, RECORD, {"::1"}, {{0}}},
	{"half.test", TYPE_A, RECORD, {"192.0.2.3"}, {{0}}},
	{"half.test", TYPE_AAAA, SILENCE, {NULL}, {{0}}},
	{"empty.test", TYPE_A, NO_DATA, {NULL}, {{0}}},
	{"empty.test", TYPE_AAAA, NO_DATA, {NULL}, {{0}}},
	{"silent.test", TYPE_A, SILENCE, {NULL}, {{0}}},
	{"silent.test", TYPE_AAAA, SILENCE, {NULL}, {{0}}},
	{"fails.test", TYPE_A, FAILURE, {NULL}, {{0}}},
	{"fails.test", TYPE_AAAA, FAILURE, {NULL}, {{0}}},
	{"garbage.test", TYPE_A, GARBAGE, {NULL}, {{0}}},
	{"garbage.test", TYPE_AAAA, GARBAGE, {NULL}, {{0}}},
	{"broken.test", TYPE_A, BROKEN, {NULL}, {{0}}},
	{"broken.test", TYPE_AAAA, BROKEN, {NULL}, {{0}}},

	{"_sip._udp.srv.test", TYPE_SRV, RECORD, {NULL},
	 {{20, 0, 5082, "b.srv.test"}, {10, 0, 5081, "a.srv.test"}}},
	{"_sip._tcp.srv.test", TYPE_SRV, RECORD, {NULL}, {{1, 1, 5083, "b.srv.test"}}},
	{"_sips._tcp.srv.test", TYPE_SRV, RECORD, {NULL}, {{1, 1, 5084, "a.srv.test"}}},
	{"a.srv.test", TYPE_A, RECORD, {"192.0.2.10"}, {{0}}},
	{"b.srv.test", TYPE_A, RECORD, {"192.0.2.20", "192.0.2.21"}, {{0}}},
	{"srv.test", TYPE_A, RECORD, {"192.0.2.99"}, {{0}}},

	{"_sip._udp.dot.test", TYPE_SRV, RECORD, {NULL}, {{0, 0, 0, ""}}},
	{"dot.test", TYPE_A, RECORD, {"192.0.2.30"}, {{0}}},

	{"_sip._udp.badsrv.test", TYPE_SRV, BROKEN, {NULL}, {{0}}},
	{"badsrv.test", TYPE_A, RECORD, {"192.0.2.40"}, {{0}}},

	{"_sip._udp.lost.test", TYPE_SRV, RECORD, {NULL}, {{1, 1, 5085, "gone.test"}}},
	{"lost.test", TYPE_A, RECORD, {"192.0.2.50"}, {{0}}},
};
/* clang-format on */

struct server {
	struct udp_sock *us;
	char addr[64];
	unsigned asked;
	char first[256]; /* the first name it was asked for */
};

static const struct record *record_find(const char *name, uint16_t type,
					bool *existsp)
{
	*existsp = false;

	for (size_t i = 0; i < COUNT(recordv); i++) {
		if (strcasecmp(recordv[i].name, name))
			continue;
		*existsp = true;
		if (recordv[i].type == type)
			return &recordv[i];
	}

	return NULL;
}

static void put16(struct mbuf *mb, unsigned n)
{
	assert_int_equal(mbuf_write_u16(mb, htons((uint16_t)n)), 0);
}

static void put_name(struct mbuf *mb, const char *name)
{
	while (*name) {
		const size_t l = strcspn(name, ".");

		assert_int_equal(mbuf_write_u8(mb, (uint8_t)l), 0);
		assert_int_equal(mbuf_write_mem(mb, (const uint8_t *)name, l),
				 0);
		name += l;
		name += *name == '.';
	}
	assert_int_equal(mbuf_write_u8(mb, 0), 0);
}

/* The head of one answer, its name being the question's */
static void put_answer(struct mbuf *mb, uint16_t type, size_t len)
{
	put16(mb, 0xc00c);
	put16(mb, type);
	put16(mb, 1);
	put16(mb, 0);
	put16(mb, 60);
	put16(mb, (unsigned)len);
}

static unsigned put_answers(struct mbuf *mb, const struct record *r)
{
	unsigned n = 0;

	for (; n < COUNT(r->addrv) && r->addrv[n]; n++) {
		struct sa sa;

		assert_int_equal(sa_set_str(&sa, r->addrv[n], 0), 0);
		if (r->type == TYPE_A) {
			const uint32_t in = htonl(sa_in(&sa));

			put_answer(mb, r->type, 4);
			(void)mbuf_write_mem(mb, (const uint8_t *)&in, 4);
		} else {
			uint8_t in6[16];

			sa_in6(&sa, in6);
			put_answer(mb, r->type, 16);
			(void)mbuf_write_mem(mb, in6, 16);
		}
	}

	for (unsigned i = 0; i < COUNT(r->srvv) && r->srvv[i].target; i++) {
		const struct srv *s = &r->srvv[i];

		/* a name takes a length for each dot and one at both ends */
		put_answer(mb, r->type,
			   6 + (*s->target ? strlen(s->target) + 2 : 1));
		put16(mb, s->priority);
		put16(mb, s->weight);
		put16(mb, s->port);
		put_name(mb, s->target);
		++n;
	}

	return n;
}

static void on_question(const struct sa *src, struct mbuf *mb, void *arg)
{
	struct server *server = arg;
	const struct record *r;
	unsigned flags = 0x8180, n = 0;
	size_t question;
	struct mbuf *out;
	char name[256];
	size_t l = 0;
	uint16_t type;
	bool exists;

	if (mbuf_get_left(mb) < 17)
		return;

	question = mb->pos + 12;
	mb->pos = question;

	for (;;) {
		uint8_t label = mbuf_read_u8(mb);

		if (!label)
			break;
		if (l)
			name[l++] = '.';
		assert_true(l + label < sizeof(name) &&
			    mbuf_get_left(mb) >= label);
		(void)mbuf_read_mem(mb, (uint8_t *)name + l, label);
		l += label;
	}
	name[l] = '\0';
	type = ntohs(mbuf_read_u16(mb));
	mb->pos += 2;

	if (!server->asked++)
		memcpy(server->first, name, sizeof(server->first));

	r = record_find(name, type, &exists);
	if (r && r->how == SILENCE)
		return;

	if (!exists)
		flags |= RCODE_NXDOMAIN;
	else if (r && r->how == FAILURE)
		flags |= RCODE_SERVFAIL;

	out = mbuf_alloc(512);
	assert_non_null(out);

	if (r && r->how == GARBAGE) {
		(void)mbuf_fill(out, 0xa5, 40);
	} else {
		(void)mbuf_write_mem(out, mb->buf + question - 12, 2);
		put16(out, flags);
		put16(out, 1);
		put16(out, 0); /* filled in below */
		put16(out, 0);
		put16(out, 0);
		(void)mbuf_write_mem(out, mb->buf + question,
				     mb->pos - question);

		if (r && r->how == BROKEN) {
			/* says there is an answer, which then ends early */
			put_answer(out, r->type, 400);
			n = 1;
		} else if (r) {
			n = put_answers(out, r);
		}

		out->buf[6] = 0;
		out->buf[7] = (uint8_t)n;
	}

	out->pos = 0;
	assert_int_equal(udp_send(server->us, src, out), 0);
	mem_deref(out);
}

/* ---- asking ---------------------------------------------------------- */

struct result {
	unsigned calls;
	int err;
	unsigned addrc;
	char addrs[512]; /* "192.0.2.1:5060 ..." */
	char why[256];
	struct resolve_query *q;
	bool dropq;
};

static struct server server;
static struct resolver *resolver;

static void on_deadline(void *arg)
{
	*(bool *)arg = true;
	re_cancel();
}

/* Runs until a handler calls re_cancel() */
static void run(void)
{
	struct tmr tmr;
	bool late = false;

	tmr_init(&tmr);
	tmr_start(&tmr, DEADLINE_MS, on_deadline, &late);
	assert_int_equal(re_main(NULL), 0);
	tmr_cancel(&tmr);
	assert_false(late);
}

static void on_result(int err, const struct sa *addrv, unsigned addrc,
		      const char *why, void *arg)
{
	struct result *res = arg;
	size_t n = 0;

	assert_true(addrc <= RESOLVE_ADDRS_MAX);
	assert_int_equal(err == 0, addrc > 0);
	assert_int_equal(err == 0, *why == '\0');

	++res->calls;
	res->err = err;
	res->addrc = addrc;
	str_ncpy(res->why, why, sizeof(res->why));

	res->addrs[0] = '\0';
	for (unsigned i = 0; i < addrc; i++)
		n += (size_t)re_snprintf(res->addrs + n, sizeof(res->addrs) - n,
					 "%s%J", i ? " " : "", &addrv[i]);

	if (res->dropq)
		res->q = mem_deref(res->q);

	re_cancel();
}

static void ask(struct result *res, const char *host, uint16_t port,
		enum transp tp)
{
	memset(res, 0, sizeof(*res));
	assert_int_equal(
		resolve(&res->q, resolver, host, port, tp, on_result, res), 0);

	/* never from inside */
	assert_int_equal(res->calls, 0);
}

static int set_up(void **state)
{
	struct sa sa;

	(void)state;

	memset(&server, 0, sizeof(server));
	assert_int_equal(sa_set_str(&sa, "127.0.0.1", 0), 0);
	assert_int_equal(udp_listen(&server.us, &sa, on_question, &server), 0);
	assert_int_equal(udp_local_get(server.us, &sa), 0);
	(void)re_snprintf(server.addr, sizeof(server.addr), "%J", &sa);

	assert_int_equal(resolver_alloc(&resolver, server.addr), 0);

	return 0;
}

static int tear_down(void **state)
{
	(void)state;

	resolver = mem_deref(resolver);
	server.us = mem_deref(server.us);

	/* whatever was asked: no timer stays */
	assert_int_equal(timer_count(), 0);

	return 0;
}

/* ---- answers --------------------------------------------------------- */

struct answer_case {
	const char *host;
	uint16_t port;
	enum transp tp;
	int err;
	const char *addrs; /* or what the words must have */
};

/* clang-format off */
static const struct answer_case answerv[] = {
	{"plain.test", 5070, TRANSP_UDP, 0, "192.0.2.1:5070 192.0.2.2:5070"},
	{"PLAIN.test", 5070, TRANSP_UDP, 0, "192.0.2.1:5070 192.0.2.2:5070"},
	{"plain.test", 0, TRANSP_UDP, 0, "192.0.2.1:5060 192.0.2.2:5060"},
	{"plain.test", 0, TRANSP_TLS, 0, "192.0.2.1:5061 192.0.2.2:5061"},
	{"six.test", 5060, TRANSP_TCP, 0, "[::1]:5060"},

	{"srv.test", 0, TRANSP_UDP, 0, "192.0.2.10:5081 192.0.2.20:5082 192.0.2.21:5082"},
	{"srv.test", 0, TRANSP_TCP, 0, "192.0.2.20:5083 192.0.2.21:5083"},
	{"srv.test", 0, TRANSP_TLS, 0, "192.0.2.10:5084"},
	{"srv.test", 5070, TRANSP_UDP, 0, "192.0.2.99:5070"},
	{"badsrv.test", 0, TRANSP_UDP, 0, "192.0.2.40:5060"},

	{"nowhere.test", 0, TRANSP_UDP, ENOENT, "no such host name: nowhere.test"},
	{"nowhere.test", 5060, TRANSP_UDP, ENOENT, "no such host name: nowhere.test"},
	{"empty.test", 5060, TRANSP_UDP, ENOENT, "without an address: empty.test"},
	{"dot.test", 0, TRANSP_UDP, ENOENT, "takes no calls"},
	{"lost.test", 0, TRANSP_UDP, ENOENT, "no such host name"},
	{"fails.test", 5060, TRANSP_UDP, EIO, "fails.test"},
	{"broken.test", 5060, TRANSP_UDP, EIO, "broken.test"},
	{"", 5060, TRANSP_UDP, ENOENT, "no such host name"},
};
/* clang-format on */

static void test_answers(void **state)
{
	(void)state;

	for (size_t i = 0; i < COUNT(answerv); i++) {
		const struct answer_case *c = &answerv[i];
		struct result res;

		ask(&res, c->host, c->port, c->tp);
		run();
		mem_deref(res.q);

		if (res.calls != 1 || res.err != c->err)
			fail_msg("%s: error %d: %s", c->host, res.err, res.why);

		if (!res.err && strcmp(res.addrs, c->addrs))
			fail_msg("%s: %s", c->host, res.addrs);
		if (res.err && !strstr(res.why, c->addrs))
			fail_msg("%s: %s", c->host, res.why);
	}
}

static void test_both_families(void **state)
{
	struct result res;

	(void)state;

	ask(&res, "both.test", 5060, TRANSP_UDP);
	run();
	mem_deref(res.q);

	/* IPv6 first only where this machine has it */
	if (strcmp(res.addrs, "[::1]:5060 127.0.0.1:5060"))
		assert_string_equal(res.addrs, "127.0.0.1:5060 [::1]:5060");
}

static void test_numbers_are_not_asked_for(void **state)
{
	/* clang-format off */
	static const struct answer_case casev[] = {
		{"192.0.2.77", 0, TRANSP_UDP, 0, "192.0.2.77:5060"},
		{"192.0.2.77", 0, TRANSP_TLS, 0, "192.0.2.77:5061"},
		{"192.0.2.77", 5099, TRANSP_TCP, 0, "192.0.2.77:5099"},
		{"2001:db8::1", 0, TRANSP_UDP, 0, "[2001:db8::1]:5060"},
		{"[2001:db8::1]", 5070, TRANSP_UDP, 0, "[2001:db8::1]:5070"},
	};
	/* clang-format on */

	(void)state;

	for (size_t i = 0; i < COUNT(casev); i++) {
		struct result res;

		ask(&res, casev[i].host, casev[i].port, casev[i].tp);
		run();
		mem_deref(res.q);
		assert_int_equal(res.err, 0);
		assert_string_equal(res.addrs, casev[i].addrs);
	}

	assert_int_equal(server.asked, 0);
}

static void test_hosts_file_comes_first(void **state)
{
	struct result res;

	(void)state;

	ask(&res, "localhost", 0, TRANSP_UDP);
	run();
	mem_deref(res.q);

	assert_int_equal(res.err, 0);
	assert_non_null(strstr(res.addrs, ":5060"));
	assert_true(strstr(res.addrs, "127.0.0.1") || strstr(res.addrs, "::1"));
	assert_int_equal(server.asked, 0);
}

static void test_srv_is_asked_first(void **state)
{
	struct result res;

	(void)state;

	ask(&res, "plain.test", 0, TRANSP_TLS);
	run();
	mem_deref(res.q);

	assert_string_equal(server.first, "_sips._tcp.plain.test");
}

/* ---- no answers ------------------------------------------------------ */

/* c-ares has a clock of its own: our limit ends it, in no time */
static void test_silence_ends_at_the_limit(void **state)
{
	static const char *const hostv[] = {"silent.test", "garbage.test"};
	const uint64_t began = clock_us();

	(void)state;

	for (size_t i = 0; i < COUNT(hostv); i++) {
		struct result res;

		ask(&res, hostv[i], 5060, TRANSP_UDP);
		clock_advance(RESOLVE_LIMIT_MS);
		run();
		mem_deref(res.q);

		assert_int_equal(res.calls, 1);
		assert_int_equal(res.err, ETIMEDOUT);
		assert_non_null(strstr(res.why, hostv[i]));
	}

	/* nothing was waited for */
	assert_true(clock_us() - began < RESOLVE_LIMIT_MS * 1000);
}

static void test_one_silent_family_costs_little(void **state)
{
	const uint64_t began = clock_ms();
	struct result res;

	(void)state;

	ask(&res, "half.test", 5060, TRANSP_UDP);
	run();
	mem_deref(res.q);

	assert_int_equal(res.err, 0);
	assert_string_equal(res.addrs, "192.0.2.3:5060");
	assert_true(clock_ms() - began < RESOLVE_LIMIT_MS);
}

static void on_stop(void *arg)
{
	(void)arg;
	re_cancel();
}

/* "Connection refused" comes as an error of the socket, which must be read or
 * the loop spins */
static void test_nobody_listens(void **state)
{
	struct result res;
	struct tmr tmr;
	clock_t cpu;

	(void)state;

	server.us = mem_deref(server.us);

	ask(&res, "plain.test", 5060, TRANSP_UDP);

	tmr_init(&tmr);
	tmr_start(&tmr, 200, on_stop, NULL);
	cpu = clock();
	run();
	cpu = clock() - cpu;
	tmr_cancel(&tmr);
	assert_true(cpu < CLOCKS_PER_SEC / 20);

	if (!res.calls) {
		clock_advance(RESOLVE_LIMIT_MS);
		run();
	}
	mem_deref(res.q);

	assert_int_equal(res.calls, 1);
	assert_true(res.err == EIO || res.err == ETIMEDOUT);
}

static void test_no_way_to_the_server(void **state)
{
	struct result res;

	(void)state;

	mem_deref(resolver);
	assert_int_equal(resolver_alloc(&resolver, "255.255.255.255"), 0);

	ask(&res, "plain.test", 5060, TRANSP_UDP);
	run();
	mem_deref(res.q);

	assert_int_equal(res.err, EIO);
	assert_non_null(strstr(res.why, "cannot be reached"));
}

/* ---- letting go ------------------------------------------------------ */

static void test_a_query_let_go_stays_silent(void **state)
{
	static const char *const hostv[] = {"plain.test",  "srv.test",
					    "silent.test", "192.0.2.1",
					    "localhost",   ""};
	struct result resv[COUNT(hostv)];
	struct tmr tmr;

	(void)state;

	for (size_t i = 0; i < COUNT(hostv); i++) {
		ask(&resv[i], hostv[i], 0, TRANSP_UDP);
		resv[i].q = mem_deref(resv[i].q);
	}

	/* the answers come, to nobody; the last is for another query */
	for (int i = 0; i < 2; i++) {
		struct result res;

		ask(&res, "srv.test", 0, TRANSP_UDP);
		run();
		mem_deref(res.q);
		assert_int_equal(res.calls, 1);
	}

	clock_advance(RESOLVE_LIMIT_MS);
	tmr_init(&tmr);
	tmr_start(&tmr, 1, on_stop, NULL);
	run();

	for (size_t i = 0; i < COUNT(hostv); i++)
		assert_int_equal(resv[i].calls, 0);
}

static void test_a_handler_may_let_go(void **state)
{
	static const char *const hostv[] = {"plain.test", "nowhere.test",
					    "192.0.2.1", "silent.test"};

	(void)state;

	for (size_t i = 0; i < COUNT(hostv); i++) {
		struct result res;

		ask(&res, hostv[i], 5060, TRANSP_UDP);
		res.dropq = true;
		if (!strcmp(hostv[i], "silent.test"))
			clock_advance(RESOLVE_LIMIT_MS);
		run();
		assert_int_equal(res.calls, 1);
		assert_null(res.q);
	}
}

static void test_a_query_holds_its_resolver(void **state)
{
	struct result res;

	(void)state;

	ask(&res, "plain.test", 5060, TRANSP_UDP);
	resolver = mem_deref(resolver);
	run();
	assert_int_equal(res.err, 0);
	mem_deref(res.q);

	/* and one that is let go on the way takes it along */
	assert_int_equal(resolver_alloc(&resolver, server.addr), 0);
	ask(&res, "plain.test", 5060, TRANSP_UDP);
	resolver = mem_deref(resolver);
	mem_deref(res.q);
	assert_int_equal(res.calls, 0);
}

static void test_many_at_once(void **state)
{
	struct result resv[50];
	size_t left = COUNT(resv);

	(void)state;

	for (size_t i = 0; i < COUNT(resv); i++)
		ask(&resv[i], i % 2 ? "srv.test" : "plain.test", 0, TRANSP_UDP);

	while (left) {
		run();
		left = 0;
		for (size_t i = 0; i < COUNT(resv); i++)
			left += !resv[i].calls;
	}

	for (size_t i = 0; i < COUNT(resv); i++) {
		assert_int_equal(resv[i].calls, 1);
		assert_int_equal(resv[i].err, 0);
		assert_int_equal(resv[i].addrc, i % 2 ? 3 : 2);
		mem_deref(resv[i].q);
	}
}

static void test_bad_arguments(void **state)
{
	struct resolver *r = NULL;
	struct resolve_query *q = NULL;

	(void)state;

	assert_int_equal(resolver_alloc(&r, "not an address"), EINVAL);
	assert_null(r);
	assert_int_equal(resolve(&q, NULL, "h", 0, TRANSP_UDP, on_result, NULL),
			 EINVAL);
	assert_int_equal(
		resolve(&q, resolver, "h", 0, TRANSP_COUNT, on_result, NULL),
		EINVAL);
	assert_null(q);

	/* the system's own */
	assert_int_equal(resolver_alloc(&r, ""), 0);
	mem_deref(r);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest testv[] = {
		TEST(test_answers),
		TEST(test_both_families),
		TEST(test_numbers_are_not_asked_for),
		TEST(test_hosts_file_comes_first),
		TEST(test_srv_is_asked_first),
		TEST(test_silence_ends_at_the_limit),
		TEST(test_one_silent_family_costs_little),
		TEST(test_nobody_listens),
		TEST(test_no_way_to_the_server),
		TEST(test_a_query_let_go_stays_silent),
		TEST(test_a_handler_may_let_go),
		TEST(test_a_query_holds_its_resolver),
		TEST(test_many_at_once),
		TEST(test_bad_arguments),
	};
	int failed;

	thread_adopt(THREAD_SIP);
	if (libre_init())
		return 1;

	failed = cmocka_run_group_tests_name("resolve", testv, NULL, NULL);

	libre_close();

	return failed;
}
