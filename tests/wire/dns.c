/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/wire/dns.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct dns {
	int fd;
	char addr[64];
};

struct dns *dns_new(void)
{
	struct dns *d = calloc(1, sizeof(*d));
	struct sockaddr_in in = {.sin_family = AF_INET};
	socklen_t len = sizeof(in);

	if (!d)
		abort();
	in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	d->fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (d->fd < 0 || bind(d->fd, (struct sockaddr *)&in, len) ||
	    getsockname(d->fd, (struct sockaddr *)&in, &len))
		wire_fail("no name server");
	snprintf(d->addr, sizeof(d->addr), "127.0.0.1:%u", ntohs(in.sin_port));
	return d;
}

void dns_free(struct dns *d)
{
	(void)close(d->fd);
	free(d);
}

const char *dns_addr(const struct dns *d)
{
	return d->addr;
}

void dns_serve(struct dns *d)
{
	unsigned char q[600];
	struct sockaddr_in from;
	socklen_t len = sizeof(from);
	ssize_t n;

	while ((n = recvfrom(d->fd, q, sizeof(q), 0, (struct sockaddr *)&from,
			     &len)) >= 12) {
		size_t end = 12;

		/* the question alone comes back, with "no such name" */
		while (end < (size_t)n && q[end])
			end += q[end] + 1U;
		end += 5;
		if (end > (size_t)n)
			continue;
		q[2] = (unsigned char)(q[2] | 0x80);
		q[3] = 0x83;
		memset(q + 6, 0, 6);
		(void)sendto(d->fd, q, end, 0, (struct sockaddr *)&from, len);
		len = sizeof(from);
	}
}

struct wait {
	struct rig *r;
	struct dns *d;
	uint32_t id;
};

static bool has_outcome(void *arg)
{
	struct wait *w = arg;

	dns_serve(w->d);
	return rig_has_outcome(w->r, w->id);
}

const struct transfer_info *dns_outcome(struct rig *r, struct dns *d,
					uint32_t id)
{
	struct wait w = {.r = r, .d = d, .id = id};

	if (!peers_until(has_outcome, &w))
		wire_fail("transfer %u has no outcome", id);
	return rig_transfer_now(r, id);
}

static bool has_ended(void *arg)
{
	struct wait *w = arg;
	const struct call_info *c;

	dns_serve(w->d);
	c = rig_call_now(w->r, w->id);
	return c && c->state == CALL_ENDED;
}

const struct call_info *dns_ended(struct rig *r, struct dns *d, uint32_t id)
{
	struct wait w = {.r = r, .d = d, .id = id};

	if (!peers_until(has_ended, &w))
		wire_fail("call %u does not end", id);
	return rig_call_now(r, id);
}
