/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/siplog.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#include <pcap/pcap.h>

#include "base/text.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static struct siplog *sl;
static uint64_t serial;

static int setup(void **state)
{
	(void)state;
	siplog_new(&sl, 8, 4096);
	serial = 0;

	return 0;
}

static int teardown(void **state)
{
	(void)state;
	siplog_free(sl);
	sl = NULL;

	return 0;
}

static struct trace_info piece_of(const char *data, size_t total, size_t offset,
				  size_t len)
{
	struct trace_info p = {
		.serial = serial,
		.wall_us = 1000000000123456 + serial,
		.total = (uint32_t)total,
		.offset = (uint32_t)offset,
		.len = (uint32_t)len,
		.tp = TRANSP_TCP,
		.tx = serial % 2,
		.src = "127.0.0.1:5060",
		.dst = "127.0.0.2:5060",
	};

	memcpy(p.data, data + offset, len);

	return p;
}

/* A whole message, in as many pieces as it needs; the line it has become */
static const struct sip_line *take_n(const char *data, size_t total)
{
	size_t at = 0;

	serial++;
	do {
		size_t len =
			total - at < TRACE_PIECE ? total - at : TRACE_PIECE;
		struct trace_info p = piece_of(data, total, at, len);

		at += len;
		assert_int_equal(siplog_take(sl, &p), at == total);
	} while (at < total);

	return siplog_at(sl, siplog_count(sl) - 1);
}

static const struct sip_line *take(const char *data)
{
	return take_n(data, strlen(data));
}

#define INVITE "INVITE sip:202@pbx SIP/2.0\r\n"
#define SDP "Content-Type: application/sdp\r\n\r\nv=0\r\nc=IN IP4 10.0.0.1\r\n"
#define AGAIN "To: <sip:202@pbx>;tag=7\r\n"
#define NOTIFY "NOTIFY sip:100@h SIP/2.0\r\n"
#define FRAG "Content-Type: message/sipfrag;version=2.0\r\n\r\n"

static const struct {
	const char *data;
	const char *method;
	unsigned code;
	uint32_t cseq;
	const char *what;
	unsigned report;
} casev[] = {
	{"REFER sip:dana@h SIP/2.0\r\nCSeq: 12 REFER\r\n"
	 "Refer-To: <sip:202@pbx>\r\n\r\n",
	 "REFER", 0, 12, "Refer-To: <sip:202@pbx>", 0},
	{"REFER sip:dana@h SIP/2.0\r\nr:<sip:202@pbx>\r\n\r\n", "REFER", 0, 0,
	 "Refer-To: <sip:202@pbx>", 0},
	{"REFER sip:dana@h SIP/2.0\r\nRefer-To:\r\n  <sip:202\r\n\t@pbx>\r\n"
	 "\r\n",
	 "REFER", 0, 0, "Refer-To: <sip:202 @pbx>", 0},
	{"REFER sip:dana@h SIP/2.0\nREFER-TO : <sip:2@p>\nRefer-To: x\n\n",
	 "REFER", 0, 0, "Refer-To: <sip:2@p>", 0},
	{"REFER sip:dana@h SIP/2.0\r\n\r\nRefer-To: <sip:in.body>\r\n", "REFER",
	 0, 0, "sip:dana@h", 0},

	{"SIP/2.0 202 Accepted\r\nCSeq: 12 REFER\r\n\r\n", "REFER", 202, 12,
	 "Accepted", 0},
	{"SIP/2.0 480 Temporarily  Unavailable\r\nCSeq:4294967295\tINVITE\r\n",
	 "INVITE", 480, 4294967295, "Temporarily Unavailable", 0},
	{"SIP/2.0 200 \r\nCSeq: 99999999999 BYE\r\n\r\n", "BYE", 200, 0, "", 0},
	{"SIP/2.0 200", "", 200, 0, "", 0},

	{NOTIFY "Event: refer;id=7\r\n"
		"Subscription-State: active;expires=57\r\n" FRAG
		"SIP/2.0 180 Ringing\r\n",
	 "NOTIFY", 0, 0, "SIP/2.0 180 Ringing   active;expires=57", 180},
	{NOTIFY "o: refer\r\nSubscription-State: terminated;reason=noresource"
		"\r\nc: message/sipfrag\r\n\r\n\r\nSIP/2.0 486 Busy Here",
	 "NOTIFY", 0, 0, "SIP/2.0 486 Busy Here   terminated;reason=noresource",
	 486},
	{NOTIFY "Event: refer\r\nSubscription-State: pending\r\n\r\n", "NOTIFY",
	 0, 0, "pending", 0},
	{NOTIFY "Event: refer\r\n" FRAG "what SIP/2.0 200 OK\r\n", "NOTIFY", 0,
	 0, "what SIP/2.0 200 OK", 0},
	{NOTIFY "Event: refer\r\n" FRAG "SIP/2.0 2000 OK\r\n", "NOTIFY", 0, 0,
	 "SIP/2.0 2000 OK", 0},
	{NOTIFY "Event: refer\r\n" FRAG "SIP/2.0 099 x\r\n", "NOTIFY", 0, 0,
	 "SIP/2.0 099 x", 0},
	{NOTIFY "Event: dialog;id=1\r\nSubscription-State: active\r\n\r\nx",
	 "NOTIFY", 0, 0, "dialog   active", 0},

	{INVITE "To: <sip:202@pbx>\r\n" SDP "a=sendrecv\r\n", "INVITE", 0, 0,
	 "sip:202@pbx", 0},
	{INVITE SDP, "INVITE", 0, 0, "sip:202@pbx", 0},
	{INVITE AGAIN SDP "m=audio 1 RTP/AVP 0\r\na=sendonly\r\n", "INVITE", 0,
	 0, "sip:202@pbx  sendonly (hold)", 0},
	{INVITE AGAIN SDP "a=inactive\r\n", "INVITE", 0, 0,
	 "sip:202@pbx  inactive (hold)", 0},
	{INVITE AGAIN SDP "a=sendrecv\r\n", "INVITE", 0, 0,
	 "sip:202@pbx  sendrecv", 0},
	{INVITE AGAIN SDP, "INVITE", 0, 0, "sip:202@pbx  sendrecv", 0},
	{INVITE AGAIN SDP "a=recvonly\r\n", "INVITE", 0, 0,
	 "sip:202@pbx  recvonly", 0},
	{INVITE AGAIN "c: application/sdp\r\n\r\nc=IN IP4 0.0.0.0\r\n",
	 "INVITE", 0, 0, "sip:202@pbx  sendrecv (hold)", 0},
	{INVITE AGAIN "\r\na=sendonly\r\n", "INVITE", 0, 0, "sip:202@pbx", 0},
	{INVITE "Replaces: 1@h;to-tag=a;from-tag=b\r\n\r\n", "INVITE", 0, 0,
	 "sip:202@pbx  Replaces", 0},
	{"UPDATE sip:2@p SIP/2.0\r\n" AGAIN SDP "a=sendonly\r\n", "UPDATE", 0,
	 0, "sip:2@p  sendonly (hold)", 0},

	{"BYE sip:2@p SIP/2.0\r\nReason: SIP;cause=200\r\n\r\n", "BYE", 0, 0,
	 "sip:2@p  SIP;cause=200", 0},
	{"SUBSCRIBE sip:2@p SIP/2.0\r\nEvent: dialog\r\n\r\n", "SUBSCRIBE", 0,
	 0, "sip:2@p  dialog", 0},
	{"\r\nACK sip:2@p SIP/2.0\r\n\r\n", "ACK", 0, 0, "sip:2@p", 0},

	/* what is none, and what is meant badly */
	{"\r\n\r\n", "", 0, 0, "keep-alive", 0},
	{"GET / HTTP/1.1\r\n\r\n", "", 0, 0, "GET / HTTP/1.1", 0},
	{"SIP/2.0 abc\r\n\r\n", "", 0, 0, "SIP/2.0 abc", 0},
	{"BYE \x1b]52;c;x\x07 SIP/2.0\r\n\r\n", "BYE", 0, 0,
	 "\xef\xbf\xbd]52;c;x\xef\xbf\xbd", 0},
	{"SIP/2.0 486 \xe2\x80\xaeysuB\r\n\r\n", "", 486, 0, "\xef\xbf\xbdysuB",
	 0},
	{NOTIFY "Event: refer\r\n" FRAG "SIP/2.0 200 \x1b[2J\r\n", "NOTIFY", 0,
	 0, "SIP/2.0 200 \xef\xbf\xbd[2J", 200},
	{"ABCDEFGHIJKLMNOPQRSTUVWXYZ sip:2@p SIP/2.0\r\n\r\n",
	 "ABCDEFGHIJKLMNO", 0, 0, "sip:2@p", 0},
};

static void test_summary_says_what_matters(void **state)
{
	(void)state;

	for (size_t i = 0; i < COUNT(casev); i++) {
		const struct sip_line *l = take(casev[i].data);

		if (strcmp(l->what, casev[i].what) != 0)
			fail_msg("%zu: \"%s\", not \"%s\"", i, l->what,
				 casev[i].what);
		assert_string_equal(l->method, casev[i].method);
		assert_int_equal(l->code, casev[i].code);
		assert_int_equal(l->cseq, casev[i].cseq);
		assert_int_equal(l->report, casev[i].report);
	}
}

static void test_any_beginning_of_a_message_will_do(void **state)
{
	(void)state;

	for (size_t i = 0; i < COUNT(casev); i++) {
		for (size_t n = 0; n <= strlen(casev[i].data); n++) {
			/* its size exactly, so that a sanitizer sees */
			char *data = malloc(n + 1);
			const struct sip_line *l;

			memcpy(data, casev[i].data, n);
			l = take_n(data, n);
			assert_int_equal(l->len, n);
			assert_true(text_is_clean(l->method));
			free(data);
		}
	}
}

static void test_line_has_who_when_and_what(void **state)
{
	const char *data = "OPTIONS sip:a@b SIP/2.0\r\nCall-ID:  x@y \r\n\r\n";
	const struct sip_line *l = take(data);

	(void)state;

	assert_int_equal(l->wall_us, 1000000000123457);
	assert_int_equal(l->dialog, text_hash("x@y", 3));
	assert_true(l->tx);
	assert_int_equal(l->tp, TRANSP_TCP);
	assert_string_equal(l->src, "127.0.0.1:5060");
	assert_string_equal(l->dst, "127.0.0.2:5060");
	assert_int_equal(l->len, strlen(data));
	assert_memory_equal(l->raw, data, l->len);

	assert_int_equal(take("BYE sip:a@b SIP/2.0\r\ni:x@y\r\n\r\n")->dialog,
			 text_hash("x@y", 3));
	assert_int_equal(take("BYE sip:a@b SIP/2.0\r\n\r\n")->dialog, 0);
}

static void test_long_uri_leaves_room_for_the_hold(void **state)
{
	char data[1024];

	(void)state;

	snprintf(data, sizeof(data),
		 "INVITE sip:%0300d@p SIP/2.0\r\n" AGAIN SDP "a=sendonly\r\n",
		 7);
	assert_non_null(strstr(take(data)->what, "  sendonly (hold)"));
}

static void test_pieces_become_a_message(void **state)
{
	static char big[70000];
	const struct sip_line *l;
	int n;

	(void)state;

	siplog_free(sl);
	siplog_new(&sl, 4, 100000);
	memset(big, 'x', sizeof(big));
	n = snprintf(big, sizeof(big), "MESSAGE sip:a@b SIP/2.0\r\n\r\n");
	big[n] = 'x';
	l = take_n(big, sizeof(big));
	assert_int_equal(l->len, sizeof(big));
	assert_memory_equal(l->raw, big, l->len);
	assert_string_equal(l->method, "MESSAGE");
}

static void test_what_is_missing_leaves_the_rest(void **state)
{
	const char *data = "BYE sip:a@b SIP/2.0\r\nTo: b\r\n\r\n";
	size_t len = strlen(data);
	struct trace_info head, tail, bad;

	(void)state;

	serial = 1;
	head = piece_of(data, len, 0, 23);
	serial = 2;
	tail = piece_of(data, len, 10, len - 10);
	bad = tail;
	bad.total = 2 * TRACE_PIECE;
	bad.len = TRACE_PIECE + 1;

	assert_false(siplog_take(sl, &head));
	assert_false(siplog_take(sl, &bad));
	assert_true(siplog_take(sl, &tail)); /* both are over now */
	assert_int_equal(siplog_count(sl), 2);
	assert_string_equal(siplog_at(sl, 0)->method, "BYE");
	assert_int_equal(siplog_at(sl, 0)->len, 23);
	assert_string_equal(siplog_at(sl, 1)->method, "");
	assert_string_equal(siplog_at(sl, 1)->what, "(its begin is missing)");
}

static void test_headers_beyond_the_limit_are_not_looked_at(void **state)
{
	static char big[140000];
	size_t n;

	(void)state;

	siplog_free(sl);
	siplog_new(&sl, 4, 1 << 20);
	n = (size_t)snprintf(big, sizeof(big), "REFER sip:a@b SIP/2.0\r\n");
	while (n < 66000)
		n += (size_t)snprintf(big + n, sizeof(big) - n,
				      "X: y\r\n y\r\n");
	n += (size_t)snprintf(big + n, sizeof(big) - n,
			      "Refer-To: <sip:late>\r\n\r\n");
	assert_string_equal(take_n(big, n)->what, "sip:a@b");
}

/* ---- keeping ----------------------------------------------------------- */

static void say_n(unsigned n, const char *callid, size_t len)
{
	char data[4096];

	memset(data, '.', sizeof(data));
	data[snprintf(data, sizeof(data),
		      "INFO sip:%u@b SIP/2.0\r\nCall-ID: %s\r\n\r\n", n,
		      callid)] = '.';
	take_n(data, len);
}

static void test_the_oldest_go_first(void **state)
{
	(void)state;

	for (unsigned i = 1; i <= 20; i++)
		say_n(i, "x", 100);
	assert_int_equal(siplog_count(sl), 8);
	for (unsigned i = 0; i < 8; i++) {
		char what[32];

		snprintf(what, sizeof(what), "sip:%u@b", 13 + i);
		assert_string_equal(siplog_at(sl, i)->what, what);
		assert_int_equal(siplog_at(sl, i)->serial, 13 + i);
		assert_ptr_equal(siplog_find(sl, 13 + i), siplog_at(sl, i));
	}
	assert_null(siplog_at(sl, 8));
	assert_null(siplog_find(sl, 12));
	assert_null(siplog_find(sl, 21));
	assert_null(siplog_find(sl, 0));
}

static void test_bytes_have_a_limit_too(void **state)
{
	(void)state;

	assert_null(siplog_find(sl, 1));
	for (unsigned i = 1; i <= 5; i++)
		say_n(i, "x", 1500); /* 4096 in all */
	assert_int_equal(siplog_count(sl), 2);
	say_n(6, "x", 3000);
	assert_int_equal(siplog_count(sl), 1);
	assert_int_equal(siplog_at(sl, 0)->serial, 6);

	/* one that is more than all is cut */
	siplog_free(sl);
	siplog_new(&sl, 8, 100);
	say_n(1, "x", 3000);
	assert_int_equal(siplog_count(sl), 1);
	assert_int_equal(siplog_at(sl, 0)->len, 100);
	assert_string_equal(siplog_at(sl, 0)->method, "INFO");
}

static void test_dialogs_are_picked_oldest_first(void **state)
{
	static const char *const idv[] = {"a", "b", "c", "a", "b", "c", "a"};
	const uint64_t ab[] = {text_hash("a", 1), text_hash("b", 1)};
	const uint64_t nobody[] = {0};
	const struct sip_line *v[8];

	(void)state;

	for (unsigned i = 0; i < COUNT(idv); i++)
		say_n(i, idv[i], 100);
	take("BYE sip:a@b SIP/2.0\r\n\r\n");

	assert_int_equal(siplog_of(sl, ab, 2, v, 8), 5);
	assert_int_equal(v[0]->serial, 1);
	assert_int_equal(v[1]->serial, 2);
	assert_int_equal(v[2]->serial, 4);
	assert_int_equal(v[3]->serial, 5);
	assert_int_equal(v[4]->serial, 7);
	/* the newest of them when there is no room for all */
	assert_int_equal(siplog_of(sl, ab, 2, v, 2), 2);
	assert_int_equal(v[0]->serial, 5);
	assert_int_equal(v[1]->serial, 7);
	assert_int_equal(siplog_of(sl, ab, 0, v, 8), 0);
	assert_int_equal(siplog_of(sl, nobody, 1, v, 8), 0);
}

/* ---- rows -------------------------------------------------------------- */

static void test_rows_are_clean(void **state)
{
	static const char *const rowv[] = {
		"BYE sip:a@b SIP/2.0",
		"To: \xef\xbf\xbd[31m x",
		"",
		"b\xef\xbf\xbd",
		"last",
	};
	const struct sip_line *l = take("BYE sip:a@b SIP/2.0\r\n"
					"To: \x1b[31m\tx\n\r\nb\xff\r\nlast");
	char row[64];
	unsigned i;

	(void)state;

	for (i = 0; siplog_row(l, i, row, sizeof(row)); i++) {
		assert_true(i < COUNT(rowv));
		assert_string_equal(row, rowv[i]);
		assert_true(text_is_clean(row));
	}
	assert_int_equal(i, COUNT(rowv));
	assert_false(siplog_row(l, 1000, row, sizeof(row)));

	/* a line end at the end begins no row */
	l = take("A\r\n\r\n");
	assert_true(siplog_row(l, 1, row, sizeof(row)));
	assert_false(siplog_row(l, 2, row, sizeof(row)));
	assert_true(siplog_row(l, 0, row, 2));
	assert_string_equal(row, "A");
}

/* ---- capture file ------------------------------------------------------ */

static unsigned packets(const char *path)
{
	char err[PCAP_ERRBUF_SIZE];
	pcap_t *p = pcap_open_offline(path, err);
	struct pcap_pkthdr *hdr;
	const uint8_t *bytes;
	unsigned n = 0;

	assert_non_null(p);
	while (pcap_next_ex(p, &hdr, &bytes) == 1) {
		assert_int_equal(hdr->ts.tv_sec, 1000000000);
		assert_int_equal(hdr->caplen, 20 + 8 + 100);
		assert_memory_equal(bytes + 28, "INFO sip:", 9);
		n++;
	}
	pcap_close(p);

	return n;
}

static void test_capture_has_the_dialogs_asked_for(void **state)
{
	const uint64_t a[] = {text_hash("a", 1)};
	char path[] = "/tmp/test_siplog.XXXXXX", why[256];
	unsigned saved = 0;
	struct stat st;
	int fd = mkstemp(path);

	(void)state;

	assert_true(fd >= 0);
	close(fd);
	assert_int_equal(chmod(path, 0666), 0);
	for (unsigned i = 0; i < 6; i++)
		say_n(i, i % 3 ? "a" : "b", 100);

	assert_int_equal(siplog_save(sl, a, 1, path, &saved, why, sizeof(why)),
			 0);
	assert_int_equal(saved, 4);
	assert_int_equal(packets(path), 4);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);

	assert_int_equal(
		siplog_save(sl, NULL, 0, path, &saved, why, sizeof(why)), 0);
	assert_int_equal(saved, 6);
	assert_int_equal(packets(path), 6);
	assert_int_equal(siplog_save(sl, a, 0, path, &saved, why, sizeof(why)),
			 0);
	assert_int_equal(saved, 0);
	assert_int_equal(packets(path), 0);
	assert_int_equal(unlink(path), 0);
}

static void test_capture_says_why_not(void **state)
{
	static const struct {
		const char *path;
		int err;
	} failv[] = {
		{"/tmp/no/such/folder/x", ENOENT},
		{"/tmp", EISDIR},
		{"/dev/full", ENOSPC},
	};
	char why[256];

	(void)state;

	say_n(1, "a", 100);
	for (size_t i = 0; i < COUNT(failv); i++) {
		unsigned saved = 77;

		why[0] = '\0';
		assert_int_equal(siplog_save(sl, NULL, 0, failv[i].path, &saved,
					     why, sizeof(why)),
				 failv[i].err);
		assert_non_null(strstr(why, failv[i].path));
		assert_non_null(strstr(why, strerror(failv[i].err)));
		assert_int_equal(saved, 77);
	}
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_summary_says_what_matters),
		T(test_any_beginning_of_a_message_will_do),
		T(test_line_has_who_when_and_what),
		T(test_long_uri_leaves_room_for_the_hold),
		T(test_pieces_become_a_message),
		T(test_what_is_missing_leaves_the_rest),
		T(test_headers_beyond_the_limit_are_not_looked_at),
		T(test_the_oldest_go_first),
		T(test_bytes_have_a_limit_too),
		T(test_dialogs_are_picked_oldest_first),
		T(test_rows_are_clean),
		T(test_capture_has_the_dialogs_asked_for),
		T(test_capture_says_why_not),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
