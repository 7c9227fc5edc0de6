/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The scripted peer against itself: what the wire tests stand on. */
#include "tests/wire/peer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct pair {
	const char *name;
	enum peer_kind kind;
	const char *host;
};

/* clang-format off */
static const struct pair pairs[] = {
	{"udp",     PEER_UDP, "127.0.0.1"},
	{"tcp",     PEER_TCP, "127.0.0.1"},
	{"udp/ip6", PEER_UDP, "::1"},
	{"tcp/ip6", PEER_TCP, "::1"},
};
/* clang-format on */

static struct peer *a, *b;

static void make(const struct pair *q)
{
	char addr[80];

	ladder_clear();
	a = peer_new("a", q->kind, q->host);
	b = peer_new("b", q->kind, q->host);
	snprintf(addr, sizeof(addr), "%s:%u", b->host, b->port);
	peer_aim(a, addr);
	snprintf(addr, sizeof(addr), "%s:%u", a->host, a->port);
	peer_aim(b, addr);
}

static int drop(void **state)
{
	(void)state;
	while (peers_first())
		peer_free(peers_first());
	return 0;
}

static void call_up(struct leg *da, struct leg *db)
{
	const struct sipmsg *m;
	uint32_t cseq;

	leg_to(da, a, peer_uri(b, "b"));
	cseq = leg_invite(da, NULL, "sendrecv");
	m = peer_expect(b, "INVITE");
	assert_int_equal(m->cseq, cseq);
	assert_string_equal(sdp_dir(m), "sendrecv");
	leg_from(db, b, m);
	leg_reply(db, m, 180, "Ringing", NULL);
	leg_reply(db, m, 200, "OK", "sendrecv");
	m = peer_expect_code(a, "INVITE", 180);
	assert_string_equal(m->to_tag, db->ltag);
	m = peer_expect_answer(a, "INVITE", cseq, 2);
	assert_string_equal(sipmsg_hdr(m, "content-type"), "application/sdp");
	leg_learn(da, m);
	leg_ack(da);
	assert_int_equal(peer_expect(b, "ACK")->cseq, cseq);
}

static void a_call_with_hold_refer_notify_and_bye(void **state)
{
	struct leg da, db;
	const struct sipmsg *m;
	struct refto rt;
	uint32_t cseq;

	make(*state);
	call_up(&da, &db);

	b->autos = AUTO_REINVITE;
	cseq = leg_invite(&da, NULL, "sendonly");
	m = peer_expect_answer(a, "INVITE", cseq, 200);
	assert_string_equal(sdp_dir(m), "recvonly");
	leg_ack(&da);

	cseq = leg_request(&da, "REFER",
			   "Refer-To: <sip:c@h?Replaces=x%40y%3Bto-tag%3D1"
			   "%3bfrom-tag%3D2&Require=replaces>\r\n",
			   NULL, NULL);
	m = peer_expect(b, "REFER");
	refto_parse(&rt, m);
	assert_string_equal(rt.uri, "sip:c@h");
	assert_string_equal(rt.callid, "x@y");
	assert_string_equal(rt.to_tag, "1");
	assert_string_equal(rt.from_tag, "2");
	assert_string_equal(rt.require, "replaces");
	peer_reply(b, m, 202, "Accepted", "X-Extra: 1\r\n");
	m = peer_expect_answer(a, "REFER", cseq, 202);
	assert_string_equal(sipmsg_hdr(m, "x-extra"), "1");
	assert_null(sipmsg_hdr(m, "X-Extr"));

	cseq = leg_notify(&db, "refer", "active;expires=60",
			  "SIP/2.0 100 Trying\r\n");
	m = peer_expect(a, "NOTIFY");
	assert_int_equal(m->cseq, cseq);
	assert_int_equal(m->body_len, 20);
	assert_string_equal(sipmsg_hdr(m, "event"), "refer");
	peer_reply(a, m, 200, "OK", NULL);
	(void)peer_expect_answer(b, "NOTIFY", cseq, 200);
	cseq = leg_notify(&db, NULL, NULL, NULL);
	m = peer_expect(a, "NOTIFY");
	assert_null(sipmsg_hdr(m, "event"));
	assert_null(sipmsg_hdr(m, "subscription-state"));
	peer_reply(a, m, 481, "Gone", NULL);
	(void)peer_expect_answer(b, "NOTIFY", cseq, 4);

	b->autos = AUTO_BYE;
	leg_bye(&da);
	peer_done(a);
	peer_done(b);
}

static void what_comes_twice_is_answered_twice_and_seen_once(void **state)
{
	struct leg da, db;
	const struct sipmsg *m;

	make(*state);
	call_up(&da, &db);
	snprintf(da.next_branch, sizeof(da.next_branch), "z9hG4bKsame");
	(void)leg_request(&da, "INFO", NULL, NULL, NULL);
	m = peer_expect(b, "INFO");
	peer_reply(b, m, 200, "OK", NULL);
	(void)peer_expect_code(a, "INFO", 200);
	peer_raw(a, m->raw, m->len);
	peer_none(b, "INFO");
	/* a later one proves that the copy was dealt with */
	(void)leg_request(&da, "OPTIONS", NULL, NULL, NULL);
	(void)peer_expect(b, "OPTIONS");
	peer_none(b, "INFO");
	assert_int_equal(b->dups, 1);
	assert_int_equal(peer_count(b, "INFO"), 1);
	peer_none(a, "INFO");
	assert_int_equal(a->dups, 1);
}

static void cancel_has_the_branch_of_its_invite(void **state)
{
	struct leg da;
	const struct sipmsg *inv, *m;

	make(*state);
	leg_to(&da, a, peer_uri(b, "b"));
	(void)leg_invite(&da, NULL, "sendrecv");
	inv = peer_expect(b, "INVITE");
	leg_cancel(&da);
	m = peer_expect(b, "CANCEL");
	assert_string_equal(m->branch, inv->branch);
	assert_string_equal(m->uri, inv->uri);
	assert_int_equal(m->cseq, inv->cseq);
	assert_string_equal(m->to_tag, "");
}

static void a_stream_is_cut_into_messages(void **state)
{
	static const char two[] =
		"\r\n\r\nOPTIONS sip:x SIP/2.0\r\nVia: SIP/2.0/TCP h;branch=z1"
		"\r\nFrom: <sip:a>;tag=1\r\nTo: <sip:b>\r\nCall-ID: i\r\n"
		"CSeq: 1 OPTIONS\r\nContent-Length: 3\r\n\r\nabc"
		"INFO sip:x SIP/2.0\r\nVia: SIP/2.0/TCP h;branch=z2"
		"\r\nFrom: <sip:a>;tag=1\r\nTo: <sip:b>\r\nCall-ID: i\r\n"
		"CSeq: 2 INFO\r\ncontent-length: 0\r\n\r\n";
	const struct sipmsg *m;
	int conn;

	(void)state;
	make(&pairs[1]);
	conn = peer_connect(a);
	for (size_t i = 0; i < sizeof(two) - 1; i++)
		peer_raw_conn(a, conn, two + i, 1);
	m = peer_expect(b, "OPTIONS");
	assert_int_equal(m->body_len, 3);
	assert_memory_equal(m->body, "abc", 3);
	assert_string_equal(peer_expect(b, "INFO")->branch, "z2");
	peer_reset(a);
	peer_expect_closed(b);
}

static void any_text_can_be_sent(void **state)
{
	struct leg da, db;
	const struct sipmsg *m;

	make(*state);
	call_up(&da, &db);
	(void)leg_text(&da,
		       "FOO [target] SIP/2.0\r\n[via]\r\n[from]\r\n[to]\r\n"
		       "[callid]\r\n[cseq] FOO\r\nX: [[x]]\r\n[len]\r\n\r\n",
		       "a\0b", 3);
	m = peer_expect(b, "FOO");
	assert_int_equal(m->body_len, 3);
	assert_memory_equal(m->body, "a\0b", 3);
	assert_string_equal(sipmsg_hdr(m, "x"), "[[x]]");
	assert_string_equal(m->uri, peer_uri(b, "b"));
	assert_string_equal(m->to_tag, db.ltag);
	assert_string_equal(m->from_tag, da.ltag);
	assert_string_equal(m->callid, db.callid);
}

static void what_is_no_message_is_none(void **state)
{
	static const char *const bad[] = {
		"",
		"\r\n\r\n",
		"hello\r\n\r\n",
		"INVITE\r\n\r\n",
		"INVITE sip:x SIP/2.0\r\nno colon\r\n\r\n",
		"SIP/2.0 x\r\n\r\n",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_null(sipmsg_parse(bad[i], strlen(bad[i])));
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		CMUnitTestFunction fn;
		bool once;
	} fns[] = {
		{"call, hold, REFER, NOTIFY, BYE",
		 a_call_with_hold_refer_notify_and_bye, false},
		{"twice", what_comes_twice_is_answered_twice_and_seen_once,
		 false},
		{"CANCEL", cancel_has_the_branch_of_its_invite, false},
		{"any text", any_text_can_be_sent, false},
		{"stream", a_stream_is_cut_into_messages, true},
		{"no message", what_is_no_message_is_none, true},
	};
	struct CMUnitTest tests[32] = {0};
	static char names[32][80];
	size_t n = 0;

	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	for (size_t i = 0; i < sizeof(fns) / sizeof(fns[0]); i++) {
		for (size_t k = 0; k < (fns[i].once ? 1 : 4); k++) {
			snprintf(names[n], sizeof(names[n]), "%s (%s)",
				 fns[i].name,
				 fns[i].once ? "once" : pairs[k].name);
			tests[n].name = names[n];
			tests[n].test_func = fns[i].fn;
			tests[n].teardown_func = drop;
			memcpy(&tests[n].initial_state,
			       &(const void *){&pairs[k]}, sizeof(void *));
			++n;
		}
	}
	return _cmocka_run_group_tests("peer", tests, n, NULL, NULL);
}
