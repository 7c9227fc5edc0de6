/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/trace.h"

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>
#include <pcap/pcap.h>

#include "base/log.h"
#include "base/thread.h"

enum { BIG = 70000 };

static char dir[64];
static char text_path[128], pcap_path[128];
static char why[256];
static char content[3 * BIG];
static struct trace_out *out;

static struct {
	unsigned errors, warnings;
	char last[LOG_TEXT_MAX];
} logged;

static void on_log(enum log_level level, const char *tag, const char *text,
		   void *arg)
{
	(void)arg;
	assert_string_equal(tag, "trace");
	logged.errors += level == LOG_ERROR;
	logged.warnings += level == LOG_WARN;
	(void)snprintf(logged.last, sizeof(logged.last), "%s", text);
}

static int setup(void **state)
{
	(void)state;
	thread_adopt(THREAD_UI);
	memset(&logged, 0, sizeof(logged));
	log_sink(on_log, NULL);
	out = NULL;
	why[0] = '\0';

	(void)snprintf(dir, sizeof(dir), "/tmp/test_trace.XXXXXX");
	if (!mkdtemp(dir))
		return -1;
	(void)snprintf(text_path, sizeof(text_path), "%s/sip.txt", dir);
	(void)snprintf(pcap_path, sizeof(pcap_path), "%s/sip.pcap", dir);

	return 0;
}

static int teardown(void **state)
{
	(void)state;
	trace_close(out);
	log_sink(NULL, NULL);
	(void)unlink(text_path);
	(void)unlink(pcap_path);

	return rmdir(dir);
}

/* 2001-09-09 01:46:40.123456 UTC */
static struct event piece_of(uint64_t serial, const char *data, uint32_t total,
			     uint32_t offset, uint32_t len)
{
	struct event ev = {.type = EV_TRACE};
	struct trace_info *p = &ev.u.trace;

	assert_true(len <= sizeof(p->data));
	p->serial = serial;
	p->wall_us = 1000000000123456;
	p->total = total;
	p->offset = offset;
	p->len = len;
	p->tp = TRANSP_UDP;
	p->tx = true;
	(void)snprintf(p->src, sizeof(p->src), "127.0.0.1:5060");
	(void)snprintf(p->dst, sizeof(p->dst), "127.0.0.2:40123");
	memcpy(p->data, data + offset, len);

	return ev;
}

static struct event message_of(const char *data)
{
	uint32_t len = (uint32_t)strlen(data);

	return piece_of(1, data, len, 0, len);
}

static void write_event(struct event ev)
{
	trace_event(out, &ev);
}

static void open_both(void)
{
	assert_int_equal(
		trace_open(&out, text_path, pcap_path, why, sizeof(why)), 0);
}

static const char *read_text(void)
{
	FILE *f = fopen(text_path, "r");
	size_t n;

	assert_non_null(f);
	n = fread(content, 1, sizeof(content) - 1, f);
	content[n] = '\0';
	(void)fclose(f);

	return content;
}

/* ---- text ------------------------------------------------------------------
 */

static void test_text_shows_who_what_and_when(void **state)
{
	struct event ev = message_of("INVITE sip:a@b SIP/2.0\r\nTo: b\r\n\r\n");

	(void)state;

	open_both();
	write_event(ev);
	ev.u.trace.tx = false;
	ev.u.trace.tp = TRANSP_TLS;
	(void)snprintf(ev.u.trace.src, sizeof(ev.u.trace.src), "[::1]:5061");
	(void)snprintf(ev.u.trace.dst, sizeof(ev.u.trace.dst), "[::1]:40000");
	write_event(ev);

	/* it is on the disk before the file is closed */
	assert_string_equal(
		read_text(),
		"01:46:40.123 >>> udp 127.0.0.1:5060 -> 127.0.0.2:40123, "
		"33 bytes\n"
		"INVITE sip:a@b SIP/2.0\r\nTo: b\r\n\r\n\n"
		"01:46:40.123 <<< tls [::1]:5061 -> [::1]:40000, 33 bytes\n"
		"INVITE sip:a@b SIP/2.0\r\nTo: b\r\n\r\n\n");
}

static void test_text_is_safe_to_look_at(void **state)
{
	static const struct {
		const char *sent;
		size_t len;
		const char *shown;
	} casev[] = {
		{"a\tb\r\nc\n", 7, "a\tb\r\nc\n\n"},
		{"\x1b[2Jx", 5, "\\x1B[2Jx\n\n"},
		{"a\0b", 3, "a\\x00b\n\n"},
		{"a\x07\x7f", 3, "a\\x07\\x7F\n\n"},
		{"a\rb", 3, "a\\x0Db\n\n"},
		{"a\r", 2, "a\\x0D\n\n"},
		{"Zo\xc3\xab", 4, "Zo\xc3\xab\n\n"},
		{"\xe2\x82\xac\xf0\x9f\x93\x9e", 7,
		 "\xe2\x82\xac\xf0\x9f\x93\x9e\n\n"},
		{"\xc2\x9b\x33\x31m", 5, "\\xC2\\x9B31m\n\n"}, /* C1 CSI */
		{"\x9b\x31m", 3, "\\x9B1m\n\n"},
		{"\xc3", 1, "\\xC3\n\n"}, /* cut off */
		{"\xc3(", 2, "\\xC3(\n\n"},
		{"\xc0\xaf", 2, "\\xC0\\xAF\n\n"},          /* overlong */
		{"\xed\xa0\x80", 3, "\\xED\\xA0\\x80\n\n"}, /* surrogate */
		{"\xf4\x90\x80\x80", 4, "\\xF4\\x90\\x80\\x80\n\n"},
		{"\xff\xfe", 2, "\\xFF\\xFE\n\n"},
		{"\xe2\x80\xae"
		 "x",
		 4, "\\xE2\\x80\\xAEx\n\n"}, /* RLO */
		{"\xe2\x80\xa8", 3, "\\xE2\\x80\\xA8\n\n"},
		{"\xef\xbb\xbf", 3, "\\xEF\\xBB\\xBF\n\n"},
	};
	size_t i;

	(void)state;

	for (i = 0; i < sizeof(casev) / sizeof(casev[0]); ++i) {
		const char *body;

		open_both();
		write_event(piece_of(1, casev[i].sent, (uint32_t)casev[i].len,
				     0, (uint32_t)casev[i].len));
		body = strchr(read_text(), '\n') + 1;
		assert_string_equal(body, casev[i].shown);
		trace_close(out);
		out = NULL;
	}
}

static void test_pieces_become_a_message(void **state)
{
	static char big[BIG + 1];
	uint32_t at = 0;
	const char *body;

	(void)state;

	memset(big, 'x', BIG);
	big[0] = 'A';
	big[BIG - 1] = 'Z';
	open_both();
	while (at < BIG) {
		uint32_t len = BIG - at < TRACE_PIECE ? BIG - at : TRACE_PIECE;

		assert_string_equal(read_text(), "");
		write_event(piece_of(1, big, BIG, at, len));
		at += len;
	}
	read_text();
	assert_non_null(strstr(content, ", 70000 bytes\nA"));
	body = strchr(content, '\n') + 1;
	assert_int_equal(strlen(body), BIG + 2);
	assert_int_equal(memcmp(body, big, BIG), 0);
}

static void test_what_is_missing_is_said(void **state)
{
	static const char data[] = "0123456789";
	static const struct {
		uint32_t serial, offset, len;
	} casev[] = {
		{1, 0, 4},            /* 4..9 missing                  */
		{2, 6, 4},            /* 0..5 missing                  */
		{3, 0, 3}, {3, 7, 3}, /* a hole                        */
		{4, 0, 5}, {4, 5, 5}, /* whole                         */
		{5, 0, 2},            /* unfinished at the end         */
	};
	size_t i;

	(void)state;

	open_both();
	for (i = 0; i < sizeof(casev) / sizeof(casev[0]); ++i)
		write_event(piece_of(casev[i].serial, data, 10, casev[i].offset,
				     casev[i].len));
	trace_close(out);
	out = NULL;

#define HEAD "01:46:40.123 >>> udp 127.0.0.1:5060 -> 127.0.0.2:40123, 10 bytes"
#define PART(a, b) HEAD ": incomplete, only bytes " #a " to " #b " were kept\n"
	assert_string_equal(
		read_text(),
		PART(0, 4) "0123\n\n" PART(6, 10) "6789\n\n" PART(
			0, 3) "012\n\n" PART(7, 10) "789\n\n" HEAD
						    "\n0123456789\n\n" PART(
							    0, 2) "01\n\n");
#undef PART
#undef HEAD
}

static void test_pieces_that_cannot_be_are_left_out(void **state)
{
	static const struct {
		uint32_t total, offset, len;
	} casev[] = {
		{10, 11, 0},
		{10, 8, 3},
		{10, 0, TRACE_PIECE + 1},
		{10, UINT32_MAX, 2},
	};
	size_t i;

	(void)state;

	open_both();
	for (i = 0; i < sizeof(casev) / sizeof(casev[0]); ++i) {
		struct event ev = message_of("0123456789");

		ev.u.trace.total = casev[i].total;
		ev.u.trace.offset = casev[i].offset;
		ev.u.trace.len = casev[i].len;
		write_event(ev);
		assert_int_equal(logged.warnings, i + 1);
	}
	assert_string_equal(read_text(), "");

	/* an empty message is one */
	write_event(piece_of(9, "", 0, 0, 0));
	assert_non_null(strstr(read_text(), ", 0 bytes\n\n"));
}

static void test_dropped_messages_are_told(void **state)
{
	struct event ev = {.type = EV_DROPPED};

	(void)state;

	ev.u.dropped = 17;
	open_both();
	write_event(ev);
	assert_non_null(
		strstr(read_text(), "--- 17 messages were dropped here"));
}

static void test_other_events_are_nothing_to_it(void **state)
{
	int i;

	(void)state;

	open_both();
	for (i = 0; i < EV_COUNT; ++i) {
		struct event ev = {.type = (enum ev_type)i};

		if (i != EV_TRACE && i != EV_DROPPED)
			write_event(ev);
	}
	assert_string_equal(read_text(), "");
}

/* ---- files -----------------------------------------------------------------
 */

static void test_files_are_their_owners_only(void **state)
{
	const char *const pathv[] = {text_path, pcap_path};
	int i;

	(void)state;

	/* the second time they exist and are open to all */
	for (i = 0; i < 2; ++i) {
		size_t k;

		open_both();
		for (k = 0; k < 2; ++k) {
			struct stat st;

			assert_int_equal(stat(pathv[k], &st), 0);
			assert_int_equal(st.st_mode & 07777, 0600);
			assert_int_equal(chmod(pathv[k], 0666), 0);
		}
		trace_close(out);
		out = NULL;
	}
}

static void test_open_says_why_not(void **state)
{
	const struct {
		const char *text, *pcap;
		int err;
		const char *why;
	} casev[] = {
		{"/tmp/no/such/folder/t", NULL, ENOENT,
		 "/tmp/no/such/folder/t"},
		{NULL, "/tmp/no/such/folder/t", ENOENT,
		 "/tmp/no/such/folder/t"},
		{dir, NULL, EISDIR, dir},
		{text_path, text_path, EINVAL, "name two files"},
	};
	size_t i;

	(void)state;

	for (i = 0; i < sizeof(casev) / sizeof(casev[0]); ++i) {
		assert_int_equal(trace_open(&out, casev[i].text, casev[i].pcap,
					    why, sizeof(why)),
				 casev[i].err);
		assert_null(out);
		assert_non_null(strstr(why, casev[i].why));
	}
}

static void test_full_disk_is_said_once_and_the_other_goes_on(void **state)
{
	int way;

	(void)state;

	for (way = 0; way < 2; ++way) {
		struct stat before, after;
		int i;

		memset(&logged, 0, sizeof(logged));
		assert_int_equal(trace_open(&out, way ? text_path : "/dev/full",
					    way ? "/dev/full" : pcap_path, why,
					    sizeof(why)),
				 0);
		assert_int_equal(stat(way ? text_path : pcap_path, &before), 0);
		for (i = 0; i < 3; ++i)
			write_event(message_of("OPTIONS sip:a@b SIP/2.0\r\n"));
		assert_int_equal(logged.errors, 1);
		assert_non_null(strstr(logged.last, "/dev/full"));
		assert_non_null(strstr(logged.last, strerror(ENOSPC)));
		assert_int_equal(stat(way ? text_path : pcap_path, &after), 0);
		assert_true(after.st_size > before.st_size);
		trace_close(out);
		out = NULL;
	}
}

/* ---- capture ---------------------------------------------------------------
 */

static unsigned sum(const uint8_t *p, size_t len, unsigned s)
{
	size_t i;

	for (i = 0; i < len; ++i)
		s += i % 2 ? p[i] : (unsigned)p[i] << 8;
	while (s >> 16)
		s = (s & 0xffff) + (s >> 16);

	return s;
}

static unsigned get16(const uint8_t *p)
{
	return (unsigned)p[0] << 8 | p[1];
}

static void test_capture_has_right_headers(void **state)
{
	static const struct {
		const char *src, *dst;
		bool ip4;
		const char *srcaddr, *dstaddr;
		unsigned srcport, dstport;
	} casev[] = {
		{"127.0.0.1:5060", "10.1.2.3:40123", true, "127.0.0.1",
		 "10.1.2.3", 5060, 40123},
		{"[::1]:5061", "[2001:db8::2]:1", false, "::1", "2001:db8::2",
		 5061, 1},
		{"[fe80::1%eth0]:5060", "[fe80::2%3]:5060", false, "fe80::1",
		 "fe80::2", 5060, 5060},
		{"127.0.0.1:5060", "[::1]:5060", false, "::ffff:127.0.0.1",
		 "::1", 5060, 5060},
		{"pbx.example:5060", "", true, "0.0.0.0", "0.0.0.0", 5060, 0},
	};
	/* odd and even lengths sum differently */
	static const char *const datav[] = {"OPTIONS sip:a@b SIP/2.0\r\n\r\n",
					    "OPTIONS sip:a@bc SIP/2.0\r\n\r\n"};
	char err[PCAP_ERRBUF_SIZE];
	pcap_t *p;
	size_t i;

	(void)state;

	open_both();
	for (i = 0; i < sizeof(casev) / sizeof(casev[0]); ++i) {
		struct event ev = message_of(datav[i % 2]);

		(void)snprintf(ev.u.trace.src, 64, "%s", casev[i].src);
		(void)snprintf(ev.u.trace.dst, 64, "%s", casev[i].dst);
		write_event(ev);
	}

	/* readable while it is still written */
	p = pcap_open_offline(pcap_path, err);
	assert_non_null(p);
	assert_int_equal(pcap_datalink(p), DLT_RAW);
	for (i = 0; i < sizeof(casev) / sizeof(casev[0]); ++i) {
		size_t iplen = casev[i].ip4 ? 20 : 40;
		size_t datalen = strlen(datav[i % 2]);
		int af = casev[i].ip4 ? AF_INET : AF_INET6;
		struct pcap_pkthdr *hdr;
		const uint8_t *b, *addr;
		char text[INET6_ADDRSTRLEN];
		size_t addrlen;

		assert_int_equal(pcap_next_ex(p, &hdr, &b), 1);
		assert_int_equal(hdr->ts.tv_sec, 1000000000);
		assert_int_equal(hdr->ts.tv_usec, 123456);
		assert_int_equal(hdr->len, iplen + 8 + datalen);
		assert_int_equal(b[0] >> 4, casev[i].ip4 ? 4 : 6);
		if (casev[i].ip4) {
			assert_int_equal(get16(b + 2), hdr->len);
			assert_int_equal(sum(b, 20, 0), 0xffff);
		} else {
			assert_int_equal(get16(b + 4), 8 + datalen);
		}
		assert_int_equal(b[casev[i].ip4 ? 9 : 6], IPPROTO_UDP);

		addr = b + (casev[i].ip4 ? 12 : 8);
		addrlen = casev[i].ip4 ? 4 : 16;
		assert_non_null(inet_ntop(af, addr, text, sizeof(text)));
		assert_string_equal(text, casev[i].srcaddr);
		assert_non_null(
			inet_ntop(af, addr + addrlen, text, sizeof(text)));
		assert_string_equal(text, casev[i].dstaddr);

		assert_int_equal(get16(b + iplen), casev[i].srcport);
		assert_int_equal(get16(b + iplen + 2), casev[i].dstport);
		assert_int_equal(get16(b + iplen + 4), 8 + datalen);
		assert_int_equal(
			sum(b + iplen, 8 + datalen,
			    sum(addr, 2 * addrlen,
				(unsigned)(IPPROTO_UDP + 8 + datalen))),
			0xffff);
		assert_int_equal(memcmp(b + iplen + 8, datav[i % 2], datalen),
				 0);
	}
	pcap_close(p);
}

static void test_capture_cuts_what_no_datagram_holds(void **state)
{
	static const struct {
		const char *addr;
		uint32_t total;
		uint32_t sent;
		const char *note;
		unsigned len; /* of the IP packet */
	} casev[] = {
		{"127.0.0.1:1", BIG, BIG, "\r\n[cordpair: too long, cut here]",
		 65535},
		{"[::1]:1", BIG, BIG, "\r\n[cordpair: too long, cut here]",
		 65575},
		{"127.0.0.1:1", 65507, 65507, "xxx", 65535},
		{"127.0.0.1:1", 100, 40,
		 "\r\n[cordpair: incomplete, only bytes 0 to 40 were kept]",
		 20 + 8 + 40 + 54},
	};
	static char big[BIG];
	char err[PCAP_ERRBUF_SIZE];
	pcap_t *p;
	size_t i;

	(void)state;

	memset(big, 'x', sizeof(big));
	open_both();
	for (i = 0; i < sizeof(casev) / sizeof(casev[0]); ++i) {
		uint32_t at = 0;

		while (at < casev[i].sent) {
			uint32_t len = casev[i].sent - at;
			struct event ev;

			len = len < TRACE_PIECE ? len : TRACE_PIECE;
			ev = piece_of(i, big, casev[i].total, at, len);
			(void)snprintf(ev.u.trace.src, 64, "%s", casev[i].addr);
			(void)snprintf(ev.u.trace.dst, 64, "%s", casev[i].addr);
			write_event(ev);
			at += len;
		}
	}
	trace_close(out);
	out = NULL;

	p = pcap_open_offline(pcap_path, err);
	assert_non_null(p);
	for (i = 0; i < sizeof(casev) / sizeof(casev[0]); ++i) {
		size_t len = strlen(casev[i].note);
		struct pcap_pkthdr *hdr;
		const uint8_t *b;

		assert_int_equal(pcap_next_ex(p, &hdr, &b), 1);
		assert_int_equal(hdr->caplen, hdr->len);
		assert_int_equal(hdr->len, casev[i].len);
		assert_int_equal(memcmp(b + hdr->len - len, casev[i].note, len),
				 0);
	}
	pcap_close(p);
}

static void test_capture_is_sip_to_tshark(void **state)
{
	static const struct {
		const char *src, *dst;
		enum transp tp;
	} casev[] = {
		{"127.0.0.1:5060", "127.0.0.1:5070", TRANSP_UDP},
		{"127.0.0.1:40123", "127.0.0.1:35791", TRANSP_UDP},
		{"[::1]:40123", "[::1]:35791", TRANSP_UDP},
		{"127.0.0.1:40124", "127.0.0.1:5061", TRANSP_TLS},
		{"[::1]:40123", "[::1]:35793", TRANSP_TCP},
	};
	char cmd[512], want[64], line[512];
	size_t i;
	FILE *f;

	(void)state;

	if (system("command -v tshark >/dev/null 2>&1") != 0)
		skip();

	open_both();
	for (i = 0; i < sizeof(casev) / sizeof(casev[0]); ++i) {
		struct event ev = message_of(
			"OPTIONS sip:echo@127.0.0.1:35791 SIP/2.0\r\n"
			"Via: SIP/2.0/UDP 127.0.0.1:40123;branch=z9hG4bKx\r\n"
			"From: <sip:a@127.0.0.1>;tag=1\r\n"
			"To: <sip:echo@127.0.0.1>\r\n"
			"Call-ID: x\r\nCSeq: 1 OPTIONS\r\n"
			"Max-Forwards: 70\r\nContent-Length: 0\r\n\r\n");

		ev.u.trace.tp = casev[i].tp;
		(void)snprintf(ev.u.trace.src, 64, "%s", casev[i].src);
		(void)snprintf(ev.u.trace.dst, 64, "%s", casev[i].dst);
		write_event(ev);
	}

	(void)snprintf(cmd, sizeof(cmd),
		       "tshark -r %s -Y sip -o ip.check_checksum:TRUE "
		       "-o udp.check_checksum:TRUE -T fields "
		       "-e frame.number -e udp.checksum.status "
		       "-e sip.Method -e sip.Call-ID 2>/dev/null",
		       pcap_path);
	f = popen(cmd, "r");
	assert_non_null(f);
	for (i = 0; i < sizeof(casev) / sizeof(casev[0]); ++i) {
		assert_non_null(fgets(line, sizeof(line), f));
		(void)snprintf(want, sizeof(want), "%zu\t1\tOPTIONS\tx\n",
			       i + 1);
		assert_string_equal(line, want);
	}
	assert_null(fgets(line, sizeof(line), f));
	assert_int_equal(pclose(f), 0);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest testv[] = {
		T(test_text_shows_who_what_and_when),
		T(test_text_is_safe_to_look_at),
		T(test_pieces_become_a_message),
		T(test_what_is_missing_is_said),
		T(test_pieces_that_cannot_be_are_left_out),
		T(test_dropped_messages_are_told),
		T(test_other_events_are_nothing_to_it),
		T(test_files_are_their_owners_only),
		T(test_open_says_why_not),
		T(test_full_disk_is_said_once_and_the_other_goes_on),
		T(test_capture_has_right_headers),
		T(test_capture_cuts_what_no_datagram_holds),
		T(test_capture_is_sip_to_tshark),
	};
#undef T

	(void)setenv("TZ", "UTC", 1);
	tzset();

	return cmocka_run_group_tests(testv, NULL, NULL);
}
