/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/trace.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <pcap/pcap.h>

#include "app/alloc.h"
#include "base/log.h"
#include "base/text.h"
#include "base/thread.h"

enum {
	IP4_HEADER = 20,
	IP6_HEADER = 40,
	UDP_HEADER = 8,
	PACKET_MAX = IP6_HEADER + 0xffff,
	NOTE_MAX = 96,
	SNAPLEN = 262144,
};

struct trace_out {
	FILE *text;
	char text_path[PATH_MAX_LEN];
	pcap_dumper_t *pcap;
	char pcap_path[PATH_MAX_LEN];
	uint16_t ip_id;

	/* the message that is being put together */
	bool open;
	struct trace_info head; /* its first piece that came; data unused */
	uint32_t start;         /* offset of that piece                   */
	char *data;
	size_t len, room;

	uint8_t packet[PACKET_MAX];
};

/* ---- giving up ------------------------------------------------------------
 */

static void say_lost(const char *path, int err)
{
	log_error("trace",
		  "%s: %s: nothing more is written there; make room "
		  "or choose another file, and start again",
		  path, strerror(err ? err : EIO));
}

static void text_done(struct trace_out *t)
{
	int err;

	errno = 0;
	if (!fflush(t->text) && !ferror(t->text))
		return;

	err = errno;
	(void)fclose(t->text); /* it has failed already */
	t->text = NULL;
	say_lost(t->text_path, err);
}

static void pcap_done(struct trace_out *t)
{
	int err;

	errno = 0;
	if (!pcap_dump_flush(t->pcap) && !ferror(pcap_dump_file(t->pcap)))
		return;

	err = errno;
	pcap_dump_close(t->pcap);
	t->pcap = NULL;
	say_lost(t->pcap_path, err);
}

/* ---- text -----------------------------------------------------------------
 */

/* Length of the valid UTF-8 character at p, 0 when it is not one */
static size_t utf8_len(const unsigned char *p, size_t left, uint32_t *cp)
{
	static const uint32_t minv[] = {0, 0, 0x80, 0x800, 0x10000};
	size_t n = *p < 0x80             ? 1
		   : (*p & 0xe0) == 0xc0 ? 2
		   : (*p & 0xf0) == 0xe0 ? 3
		   : (*p & 0xf8) == 0xf0 ? 4
					 : 0;
	size_t i;

	if (!n || n > left)
		return 0;

	*cp = n == 1 ? *p : *p & (0x7fu >> n);
	for (i = 1; i < n; ++i) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		*cp = *cp << 6 | (p[i] & 0x3fu);
	}
	if (*cp < minv[n] || *cp > 0x10ffff || (*cp >= 0xd800 && *cp < 0xe000))
		return 0;

	return n;
}

/* Could it do something to a terminal or to the order of what is read? */
static bool is_harmful(uint32_t cp)
{
	return cp < 0x20 || (cp >= 0x7f && cp < 0xa0) || cp == 0x061c ||
	       (cp >= 0x200b && cp <= 0x200f) ||
	       (cp >= 0x2028 && cp <= 0x202e) ||
	       (cp >= 0x2060 && cp <= 0x2069) || cp == 0xfeff;
}

static void put_safe(FILE *f, const char *data, size_t len)
{
	const unsigned char *p = (const unsigned char *)data;
	size_t i = 0;

	while (i < len) {
		uint32_t cp = 0;
		size_t n = utf8_len(p + i, len - i, &cp);
		bool ok = n && !is_harmful(cp);

		/* a bare CR would let the rest of a line cover its begin */
		if (p[i] == '\n' || p[i] == '\t' ||
		    (p[i] == '\r' && i + 1 < len && p[i + 1] == '\n'))
			ok = true;

		for (n = n ? n : 1; n; --n, ++i) {
			if (ok)
				(void)putc(p[i], f);
			else
				(void)fprintf(f, "\\x%02X", p[i]);
		}
	}
}

static void put_time(FILE *f, uint64_t wall_us)
{
	time_t s = (time_t)(wall_us / 1000000);
	struct tm tm;

	if (!localtime_r(&s, &tm))
		memset(&tm, 0, sizeof(tm));
	(void)fprintf(f, "%02d:%02d:%02d.%03u", tm.tm_hour, tm.tm_min,
		      tm.tm_sec, (unsigned)(wall_us / 1000 % 1000));
}

static void text_message(struct trace_out *t, const char *note)
{
	const struct trace_info *m = &t->head;

	put_time(t->text, m->wall_us);
	(void)fprintf(t->text, " %s %s ", m->tx ? ">>>" : "<<<",
		      transp_name(m->tp));
	put_safe(t->text, m->src, strlen(m->src));
	(void)fputs(" -> ", t->text);
	put_safe(t->text, m->dst, strlen(m->dst));
	(void)fprintf(t->text, ", %" PRIu32 " bytes%s%s\n", m->total,
		      *note ? ": " : "", note);
	put_safe(t->text, t->data, t->len);
	(void)fputs(t->len && t->data[t->len - 1] == '\n' ? "\n" : "\n\n",
		    t->text);
	text_done(t);
}

/* ---- capture --------------------------------------------------------------
 */

struct end {
	struct in6_addr addr; /* IPv4 in its mapped form */
	uint16_t port;
	bool ip4;
};

static struct end end_parse(const char *s)
{
	struct end e = {.ip4 = true};
	const char *colon = strrchr(s, ':');
	char host[64];
	size_t len = colon ? (size_t)(colon - s) : strlen(s);
	uint32_t port = 0;
	struct in_addr in = {0};

	if (colon && text_u32(colon + 1, 0, 65535, &port))
		e.port = (uint16_t)port;
	if (*s == '[' && len >= 2) {
		++s;
		len -= 2;
	}
	if (text_ncopy(host, sizeof(host), s, len))
		host[0] = '\0';
	host[strcspn(host, "%")] = '\0'; /* the scope is not on the wire */

	if (inet_pton(AF_INET6, host, &e.addr) == 1) {
		e.ip4 = false;
		return e;
	}
	(void)inet_pton(AF_INET, host, &in); /* a name stays 0.0.0.0 */
	memset(&e.addr, 0, sizeof(e.addr));
	e.addr.s6_addr[10] = e.addr.s6_addr[11] = 0xff;
	memcpy(e.addr.s6_addr + 12, &in, 4);

	return e;
}

static void put16(uint8_t *p, size_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static uint32_t sum_add(uint32_t sum, const uint8_t *p, size_t len)
{
	size_t i;

	for (i = 0; i < len; ++i)
		sum += (uint32_t)p[i] << (i % 2 ? 0 : 8);

	return sum;
}

static uint16_t sum_end(uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);

	return (uint16_t)~sum;
}

/* Write the IP header; the offset of the addresses and their length tell the
 * UDP checksum what to cover */
static size_t ip_header(struct trace_out *t, const struct end *src,
			const struct end *dst, size_t udplen)
{
	uint8_t *p = t->packet;

	memset(p, 0, IP6_HEADER);
	if (src->ip4 && dst->ip4) {
		p[0] = 0x45;
		put16(p + 2, IP4_HEADER + udplen);
		put16(p + 4, t->ip_id++);
		p[8] = 64;
		p[9] = IPPROTO_UDP;
		memcpy(p + 12, src->addr.s6_addr + 12, 4);
		memcpy(p + 16, dst->addr.s6_addr + 12, 4);
		put16(p + 10, sum_end(sum_add(0, p, IP4_HEADER)));
		return IP4_HEADER;
	}

	p[0] = 0x60;
	put16(p + 4, udplen);
	p[6] = IPPROTO_UDP;
	p[7] = 64;
	memcpy(p + 8, &src->addr, 16);
	memcpy(p + 24, &dst->addr, 16);

	return IP6_HEADER;
}

static void pcap_message(struct trace_out *t, const char *note)
{
	struct end src = end_parse(t->head.src);
	struct end dst = end_parse(t->head.dst);
	size_t iplen = src.ip4 && dst.ip4 ? IP4_HEADER : IP6_HEADER;
	/* the length field of IPv4 counts its header, too */
	size_t room = 0xffff - UDP_HEADER - (iplen == IP4_HEADER ? iplen : 0);
	size_t len = t->len;
	char tail[NOTE_MAX + 32] = "";
	size_t taillen;
	struct pcap_pkthdr hdr;
	uint8_t *udp;
	uint32_t sum;
	uint16_t check;

	if (len > room || *note) {
		(void)snprintf(tail, sizeof(tail), "\r\n[cordpair: %s]",
			       *note ? note : "too long, cut here");
	}
	taillen = strlen(tail);
	if (len > room - taillen)
		len = room - taillen;

	ip_header(t, &src, &dst, UDP_HEADER + len + taillen);
	udp = t->packet + iplen;
	put16(udp, src.port);
	put16(udp + 2, dst.port);
	put16(udp + 4, UDP_HEADER + len + taillen);
	put16(udp + 6, 0);
	if (len)
		memcpy(udp + UDP_HEADER, t->data, len);
	memcpy(udp + UDP_HEADER + len, tail, taillen);
	len += UDP_HEADER + taillen;

	/* pseudo header: addresses, length, protocol */
	sum = (uint32_t)len + IPPROTO_UDP;
	if (iplen == IP4_HEADER)
		sum = sum_add(sum, t->packet + 12, 8);
	else
		sum = sum_add(sum, t->packet + 8, 32);
	check = sum_end(sum_add(sum, udp, len));
	put16(udp + 6, check ? check : 0xffff);

	memset(&hdr, 0, sizeof(hdr));
	hdr.ts.tv_sec = (time_t)(t->head.wall_us / 1000000);
	hdr.ts.tv_usec = (suseconds_t)(t->head.wall_us % 1000000);
	hdr.caplen = hdr.len = (bpf_u_int32)(iplen + len);
	errno = 0;
	pcap_dump((u_char *)t->pcap, &hdr, t->packet);
	pcap_done(t);
}

/* ---- putting together -----------------------------------------------------
 */

static void message_end(struct trace_out *t)
{
	char note[NOTE_MAX] = "";

	if (!t->open)
		return;

	t->open = false;
	if (t->len < t->head.total) {
		(void)snprintf(note, sizeof(note),
			       "incomplete, only bytes %" PRIu32 " to %" PRIu32
			       " were kept",
			       t->start, t->start + (uint32_t)t->len);
	}
	if (t->text)
		text_message(t, note);
	if (t->pcap)
		pcap_message(t, note);
}

static bool is_next_piece(const struct trace_out *t, const struct trace_info *p)
{
	const struct trace_info *m = &t->head;

	return t->open && p->serial == m->serial && p->total == m->total &&
	       p->offset == t->start + t->len && p->tx == m->tx &&
	       !strcmp(p->src, m->src) && !strcmp(p->dst, m->dst);
}

static void add_piece(struct trace_out *t, const struct trace_info *p)
{
	size_t len = p->len;

	if (len > sizeof(p->data) || p->offset > p->total ||
	    len > p->total - p->offset) {
		log_warn("trace", "a piece that cannot be was left out");
		return;
	}

	if (!is_next_piece(t, p)) {
		message_end(t);
		t->open = true;
		t->head = *p;
		t->start = p->offset;
		t->len = 0;
	}
	if (t->len + len > t->room) {
		t->room = 2 * (t->len + len);
		t->data = alloc_grow(t->data, t->room, 1);
	}
	if (len)
		memcpy(t->data + t->len, p->data, len);
	t->len += len;
	if (t->start + t->len == t->head.total)
		message_end(t);
}

void trace_event(struct trace_out *t, const struct event *ev)
{
	ASSERT_UI();

	if (ev->type == EV_TRACE && (t->text || t->pcap)) {
		add_piece(t, &ev->u.trace);
	} else if (ev->type == EV_DROPPED && t->text) {
		/* a message that is open may still go on behind this */
		(void)fprintf(t->text,
			      "--- %" PRIu64 " messages were dropped here: "
			      "they came faster than they could be read\n\n",
			      ev->u.dropped);
		text_done(t);
	}
}

/* ---- files ----------------------------------------------------------------
 */

static int file_open(FILE **fp, const char *path, char *copy, char *why,
		     unsigned size)
{
	struct stat st;
	int err = text_copy(copy, PATH_MAX_LEN, path);
	int fd = -1;

	if (err)
		goto out;

	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOCTTY,
		  S_IRUSR | S_IWUSR);
	if (fd < 0) {
		err = errno;
		goto out;
	}

	/* one that was there may have been open to all */
	if (!fstat(fd, &st) && S_ISREG(st.st_mode) &&
	    (st.st_mode & (S_IRWXG | S_IRWXO)) &&
	    fchmod(fd, S_IRUSR | S_IWUSR)) {
		err = errno;
		goto out;
	}

	*fp = fdopen(fd, "w");
	if (!*fp)
		err = errno;

out:
	if (err) {
		(void)snprintf(why, size,
			       "cannot write the trace to %s: %s; choose a "
			       "file in a folder of yours",
			       path, strerror(err));
		if (fd >= 0)
			close(fd);
	}
	return err;
}

static bool is_same_file(FILE *a, FILE *b)
{
	struct stat sa, sb;

	return !fstat(fileno(a), &sa) && !fstat(fileno(b), &sb) &&
	       S_ISREG(sa.st_mode) && sa.st_dev == sb.st_dev &&
	       sa.st_ino == sb.st_ino;
}

static int pcap_begin(struct trace_out *t, FILE *f, char *why, unsigned size)
{
	pcap_t *p = pcap_open_dead(DLT_RAW, SNAPLEN);

	if (!p) {
		(void)snprintf(why, size, "out of memory");
		(void)fclose(f);
		return ENOMEM;
	}

	t->pcap = pcap_dump_fopen(p, f); /* takes f, also when it fails */
	if (!t->pcap)
		(void)snprintf(why, size, "cannot write the capture to %s: %s",
			       t->pcap_path, pcap_geterr(p));
	pcap_close(p);
	if (!t->pcap)
		return EIO;

	pcap_done(t);

	return 0;
}

int trace_open(struct trace_out **tp, const char *text_path,
	       const char *pcap_path, char *why, unsigned size)
{
	struct trace_out *t;
	FILE *capture = NULL;
	int err = 0;

	ASSERT_UI();

	t = alloc_zero(sizeof(*t));
	if (text_path)
		err = file_open(&t->text, text_path, t->text_path, why, size);
	if (!err && pcap_path)
		err = file_open(&capture, pcap_path, t->pcap_path, why, size);
	if (err)
		goto out;

	if (t->text && capture && is_same_file(t->text, capture)) {
		(void)snprintf(why, size,
			       "%s cannot be both the text and the capture: "
			       "name two files",
			       text_path);
		err = EINVAL;
		goto out;
	}
	if (capture) {
		err = pcap_begin(t, capture, why, size);
		capture = NULL;
	}

out:
	if (capture)
		(void)fclose(capture);
	if (err)
		trace_close(t);
	else
		*tp = t;
	return err;
}

void trace_close(struct trace_out *t)
{
	if (!t)
		return;

	ASSERT_UI();

	message_end(t);
	/* all was flushed and checked behind each message */
	if (t->text)
		(void)fclose(t->text);
	if (t->pcap)
		pcap_dump_close(t->pcap);
	free(t->data);
	free(t);
}
