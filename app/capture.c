/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/capture.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <pcap/pcap.h>

#include "app/alloc.h"
#include "base/msg.h"
#include "base/text.h"

enum {
	IP4_HEADER = 20,
	IP6_HEADER = 40,
	UDP_HEADER = 8,
	PACKET_MAX = IP6_HEADER + 0xffff,
	NOTE_MAX = 128,
	SNAPLEN = 262144,
};

struct capture {
	pcap_dumper_t *pcap;
	uint16_t ip_id;
	uint8_t packet[PACKET_MAX];
};

/* ---- packets -------------------------------------------------------------
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
static size_t ip_header(struct capture *c, const struct end *src,
			const struct end *dst, size_t udplen)
{
	uint8_t *p = c->packet;

	memset(p, 0, IP6_HEADER);
	if (src->ip4 && dst->ip4) {
		p[0] = 0x45;
		put16(p + 2, IP4_HEADER + udplen);
		put16(p + 4, c->ip_id++);
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

int capture_write(struct capture *c, const struct capture_msg *m)
{
	struct end src = end_parse(m->src);
	struct end dst = end_parse(m->dst);
	size_t iplen = src.ip4 && dst.ip4 ? IP4_HEADER : IP6_HEADER;
	/* the length field of IPv4 counts its header, too */
	size_t room = 0xffff - UDP_HEADER - (iplen == IP4_HEADER ? iplen : 0);
	size_t len = m->len;
	char tail[NOTE_MAX] = "";
	size_t taillen;
	struct pcap_pkthdr hdr;
	uint8_t *udp;
	uint32_t sum;
	uint16_t check;

	if (len > room || *m->note) {
		(void)snprintf(tail, sizeof(tail), "\r\n[cordpair: %s]",
			       *m->note ? m->note : "too long, cut here");
	}
	taillen = strlen(tail);
	if (len > room - taillen)
		len = room - taillen;

	ip_header(c, &src, &dst, UDP_HEADER + len + taillen);
	udp = c->packet + iplen;
	put16(udp, src.port);
	put16(udp + 2, dst.port);
	put16(udp + 4, UDP_HEADER + len + taillen);
	put16(udp + 6, 0);
	if (len)
		memcpy(udp + UDP_HEADER, m->data, len);
	memcpy(udp + UDP_HEADER + len, tail, taillen);
	len += UDP_HEADER + taillen;

	/* pseudo header: addresses, length, protocol */
	sum = (uint32_t)len + IPPROTO_UDP;
	if (iplen == IP4_HEADER)
		sum = sum_add(sum, c->packet + 12, 8);
	else
		sum = sum_add(sum, c->packet + 8, 32);
	check = sum_end(sum_add(sum, udp, len));
	put16(udp + 6, check ? check : 0xffff);

	memset(&hdr, 0, sizeof(hdr));
	hdr.ts.tv_sec = (time_t)(m->wall_us / 1000000);
	hdr.ts.tv_usec = (suseconds_t)(m->wall_us % 1000000);
	hdr.caplen = hdr.len = (bpf_u_int32)(iplen + len);
	errno = 0;
	pcap_dump((u_char *)c->pcap, &hdr, c->packet);

	return capture_flush(c);
}

/* ---- the file ------------------------------------------------------------
 */

int capture_file(FILE **fp, const char *path, char *why, size_t size)
{
	struct stat st;
	int err = 0;
	int fd = -1;

	if (strlen(path) >= PATH_MAX_LEN) {
		err = EOVERFLOW;
		goto out;
	}

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

int capture_new(struct capture **cp, FILE *f, const char *path, char *why,
		size_t size)
{
	pcap_t *p = pcap_open_dead(DLT_RAW, SNAPLEN);
	struct capture *c = NULL;
	int err = 0;

	if (!p) {
		(void)snprintf(why, size, "out of memory");
		(void)fclose(f);
		return ENOMEM;
	}

	c = alloc_zero(sizeof(*c));
	c->pcap = pcap_dump_fopen(p, f); /* takes f, also when it fails */
	if (!c->pcap) {
		(void)snprintf(why, size, "cannot write the capture to %s: %s",
			       path, pcap_geterr(p));
		err = EIO;
	}
	pcap_close(p);
	if (err)
		free(c);
	else
		*cp = c;

	return err;
}

int capture_flush(struct capture *c)
{
	errno = 0;
	if (!pcap_dump_flush(c->pcap) && !ferror(pcap_dump_file(c->pcap)))
		return 0;

	return errno ? errno : EIO;
}

void capture_free(struct capture *c)
{
	if (!c)
		return;
	pcap_dump_close(c->pcap);
	free(c);
}
