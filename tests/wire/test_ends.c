/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The engine's own beginnings and ends: what fails leaves nothing behind, and
 * what ends waits for nobody and forgets nobody. */
#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/post.h"
#include "sip/priv.h"
#include "sip/refer.h"
#include "tests/wire/dns.h"
#include "tests/wire/rig.h"

enum { FLOOD = 600, PACE = 64 };

/* ---- helpers ------------------------------------------------------------- */

static void join(pthread_t thread, unsigned s, const char *what)
{
	struct timespec until;

	(void)clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += s;
	if (pthread_timedjoin_np(thread, NULL, &until))
		wire_fail("%s hangs", what);
}

static unsigned open_files(void)
{
	DIR *dir = opendir("/proc/self/fd");
	unsigned n = 0;

	wire_assert(dir);
	while (readdir(dir))
		n++;
	(void)closedir(dir);
	return n;
}

static bool stopped(void *arg)
{
	return ((struct rig *)arg)->stopped;
}

static void gone(struct rig *r)
{
	if (!peers_until(stopped, r))
		wire_fail("it does not stop");
}

/* An engine nobody takes an event of */
static struct engine *alone(void)
{
	static const char *const listen[] = {"udp:127.0.0.1:0"};
	struct engine_prm prm = {.listenv = listen, .listenc = 1};
	struct engine *e = NULL;
	char why[200];

	wire_assert(!engine_new(&e, &prm, why, sizeof(why)));
	return e;
}

/* Post all the same when its pipe is full just now */
static void put(struct engine *e, const struct request *req)
{
	uint64_t end = clock_us() + PEER_DEADLINE_MS * 1000ULL;
	int err;

	while ((err = engine_post(e, req)) == EAGAIN && clock_us() < end)
		(void)sched_yield();
	wire_assert(!err);
}

/* More replies than its pipe takes */
static void flood(struct engine *e)
{
	struct request nop = {.type = REQ_NOP};

	for (nop.serial = 1; nop.serial <= FLOOD; nop.serial++)
		put(e, &nop);
}

/* ---- beginning ----------------------------------------------------------- */

struct second {
	const char *addr; /* NULL: one that is taken */
	int err;
};

/* The first address listens already when the second will not do */
static void second_address_fails(struct rig *r)
{
	struct peer *taken = peer_new("taken", PEER_UDP, "127.0.0.1");
	struct peer *far = peer_new("far", PEER_UDP, "127.0.0.2");
	struct peer *tcp = peer_new("tcp", PEER_TCP, "127.0.0.1");
	struct peer *tmp = peer_new("tmp", PEER_UDP, "127.0.0.1");
	char addr[4][64], first[64], why[200];
	const struct second v[] = {
		{addr[0], EADDRINUSE},
		{addr[1], EADDRINUSE},
		{addr[2], EADDRINUSE},
		{addr[3], EADDRINUSE},
		{"udp:192.0.2.1:0", EADDRNOTAVAIL},
		{"nonsense", EINVAL},
	};
	unsigned before;

	(void)r;
	snprintf(first, sizeof(first), "127.0.0.1:%u", tmp->port);
	peer_free(tmp);
	snprintf(addr[0], sizeof(addr[0]), "udp:127.0.0.1:%u", taken->port);
	snprintf(addr[1], sizeof(addr[1]), "udp:127.0.0.2:%u", far->port);
	snprintf(addr[2], sizeof(addr[2]), "tcp:127.0.0.1:%u", tcp->port);
	snprintf(addr[3], sizeof(addr[3]), "127.0.0.2:%u", far->port);
	engine_free(alone()); /* what libre opens once is open */
	before = open_files();
	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
		const char *listen[] = {first, v[i].addr};
		struct engine_prm prm = {.listenv = listen, .listenc = 2};
		struct engine *e = NULL;
		int err = engine_new(&e, &prm, why, sizeof(why));

		if (err != v[i].err || e)
			wire_fail("%s: %d %s", v[i].addr, err, why);
		prm.listenc = 1;
		err = engine_new(&e, &prm, why, sizeof(why));
		if (err)
			wire_fail("after %s: %s", v[i].addr, why);
		engine_free(e);
	}
	if (open_files() != before)
		wire_fail("%u files were open, now %u", before, open_files());
}

/* ---- freed --------------------------------------------------------------- */

static void *work_free(void *arg)
{
	engine_free(arg);
	return NULL;
}

/* Nobody reads, and more waits than the pipe up takes */
static void freed_unread(struct rig *r)
{
	struct engine *e = alone();
	pthread_t thread;

	(void)r;
	flood(e);
	wire_assert(!pthread_create(&thread, NULL, work_free, e));
	join(thread, 8, "engine_free()");
}

/* Hold the SIP thread until nobody writes to it any more */
static void until_hung_up(struct engine *e, void *arg)
{
	struct pollfd pfd = {.fd = post_read_fd(e->down)};

	(void)arg;
	(void)poll(&pfd, 1, PEER_DEADLINE_MS);
}

/* The way down is full as well: the stop has no place in it */
static void freed_with_no_place_for_a_stop(struct rig *r)
{
	struct engine *e = alone();
	struct request nop = {.type = REQ_NOP};
	pthread_t thread;

	(void)r;
	e->nop_h = until_hung_up;
	do
		nop.serial++;
	while (!engine_post(e, &nop));
	wire_assert(!pthread_create(&thread, NULL, work_free, e));
	join(thread, 2 * PEER_DEADLINE_MS / 1000, "engine_free()");
}

/* ---- read late ----------------------------------------------------------- */

/* Every reply in its order, and the end behind them */
static void nothing_is_lost(struct rig *r)
{
	struct engine *e = alone();
	struct request stop = {.type = REQ_STOP, .serial = FLOOD + 1};
	struct pollfd pfd = {.fd = engine_event_fd(e), .events = POLLIN};
	uint32_t last = 0;
	struct event ev;
	bool over = false;
	int err;

	r->e = e; /* freed whatever comes */
	flood(e);
	put(e, &stop);
	/* it has left its loop and waits for a reader */
	while (engine_post(e, &stop) != EPIPE)
		(void)sched_yield();
	while ((err = engine_take(e, &ev)) != EPIPE) {
		if (err) {
			wire_assert(poll(&pfd, 1, PEER_DEADLINE_MS) == 1);
			continue;
		}
		wire_assert(!over);
		over = ev.type == EV_STOPPED;
		if (ev.type != EV_REPLY || ev.u.reply.serial == last)
			continue;
		wire_assert(ev.u.reply.serial == last + 1);
		last++;
	}
	wire_assert(last == FLOOD + 1 && over);
}

/* ---- workers ------------------------------------------------------------- */

struct worker {
	struct engine *e;
	struct request req;
	struct refer_result res;
	_Atomic unsigned n;
	int err;
};

/* Again and again until the engine is gone */
static void *work_on(void *arg)
{
	struct worker *w = arg;

	do {
		w->err = refer_sync(w->e, &w->req, &w->res);
		w->n++;
	} while (w->err != EPIPE);
	return NULL;
}

/* It ends, and what it still has to say finds no reader: whoever asks now is
 * sent away, not forgotten */
static void asked_during_the_end(struct rig *r)
{
	struct worker w = {.e = alone(), .req = {.type = REQ_TRANSFER}};
	struct request stop = {.type = REQ_STOP};
	pthread_t thread;

	r->e = w.e; /* freed whatever comes */
	flood(w.e);
	wire_assert(!pthread_create(&thread, NULL, work_on, &w));
	while (!w.n)
		(void)sched_yield();
	put(w.e, &stop);
	join(thread, 2 * PEER_DEADLINE_MS / 1000, "refer_sync()");
}

static void *work_once(void *arg)
{
	struct worker *w = arg;

	w->err = refer_sync(w->e, &w->req, &w->res);
	return NULL;
}

/* The outcome comes before the news that there will be none */
static void outcome_before_the_end(struct rig *r)
{
	struct worker w = {.e = r->e, .req = {.type = REQ_TRANSFER}};
	pthread_t thread;
	struct ref ref;

	w.req.id = rig_call_up(r, r->b, &r->lb);
	w.req.serial = RIG_FOREIGN;
	snprintf(w.req.u.text, sizeof(w.req.u.text), "sip:t@127.0.0.1:9");
	r->b->autos = AUTO_REINVITE | AUTO_BYE;
	wire_assert(!pthread_create(&thread, NULL, work_once, &w));
	ref_take(&r->lb, &ref, 1);
	ref_reply(&r->lb, &ref, 202, "Accepted", NULL);
	(void)rig_transfer(r, ref.id, REFER_ACCEPTED, ANY, ANY, 202);
	(void)rig_post(r, &(struct request){.type = REQ_STOP});
	gone(r);
	(void)rig_outcome(r, ref.id, OUTCOME_STOPPED);
	join(thread, PEER_DEADLINE_MS / 1000, "refer_sync()");
	wire_assert(w.err == 0 && w.res.err == 0);
	wire_assert(w.res.info.outcome == OUTCOME_STOPPED);
	wire_assert(w.res.refer_code == 202);
}

/* ---- paced --------------------------------------------------------------- */

/* Calls whose CANCEL is out already do not take the others' turns */
static void behind_those_being_cancelled(struct rig *r)
{
	uint32_t ids[PACE], call;

	for (unsigned i = 0; i < PACE; i++) {
		const struct sipmsg *m;

		ids[i] = rig_req(r, REQ_DIAL, 0, peer_uri(r->c, "c"));
		m = peer_expect(r->c, "INVITE");
		peer_reply(r->c, m, 180, "Ringing", NULL);
		(void)rig_call_is(r, ids[i], CALL_RINGING);
	}
	call = rig_call_up(r, r->b, &r->lb);
	for (unsigned i = 0; i < PACE; i++)
		rig_req(r, REQ_HANGUP, ids[i], NULL);
	peer_expect_count(r->c, "CANCEL", PACE);
	(void)rig_post(r, &(struct request){.type = REQ_STOP});
	leg_expect_bye(&r->lb, 200);
	(void)rig_call_is(r, call, CALL_ENDED);
	/* nobody answers the others: its time is up */
	clock_advance(2000);
	peer_raw(r->d, "\r\n\r\n", 4);
	gone(r);
}

/* ---- an ACK that never left ---------------------------------------------- */

/* Its way is a name, and the name server is silent */
static void ack_waits_for_a_name(struct rig *r)
{
	struct dns *dns = dns_new();
	const struct sipmsg *m;
	uint32_t call;

	rig_option(r, EOPT_DNS_SERVER, 0, dns_addr(dns));
	call = rig_req(r, REQ_DIAL, 0, peer_uri(r->b, "b"));
	m = peer_expect(r->b, "INVITE");
	leg_from(&r->lb, r->b, m);
	snprintf(r->lb.contact, sizeof(r->lb.contact),
		 "<sip:b@nothing.invalid>");
	leg_reply(&r->lb, m, 200, "OK", "sendrecv");
	(void)rig_call_is(r, call, CALL_TALKING);
	(void)rig_post(r, &(struct request){.type = REQ_STOP});
	(void)rig_call_is(r, call, CALL_ENDED);
	clock_advance(2000);
	peer_raw(r->d, "\r\n\r\n", 4);
	gone(r);
	dns_free(dns);
	wire_assert(peer_count(r->b, "ACK") == 0);
}

/* clang-format off */
static const struct wcase cases[] = {
	{"the second address cannot be listened on", second_address_fails, RIG_NONE},
	{"freed, and nobody reads", freed_unread, RIG_NONE},
	{"freed, and the way down is full", freed_with_no_place_for_a_stop, RIG_NONE},
	{"read late, and nothing is lost", nothing_is_lost, RIG_NONE},
	{"refer_sync() while it ends", asked_during_the_end, RIG_NONE},
	{"the outcome before the end", outcome_before_the_end, RIG_LAX},
	{"64 calls are being cancelled, one is up", behind_those_being_cancelled, RIG_LAX},
	{"an ACK waits for a name", ack_waits_for_a_name, RIG_LAX},
};
/* clang-format on */

WIRE_MAIN("ends", cases)
