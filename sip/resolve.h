/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SIP_RESOLVE_H
#define SIP_RESOLVE_H

#include <stdint.h>
#include <stdbool.h>

#include "base/msg.h"

struct sa;

/**
 * @file resolve.h  Host names into addresses, without blocking (c-ares).
 *
 * libre's own client knows no /etc/hosts and gives up after 75 s; this one
 * reads /etc/hosts and /etc/resolv.conf and gives up after RESOLVE_LIMIT_MS.
 * SRV (RFC 3263: _sip._udp, _sip._tcp, _sips._tcp) is asked first when the
 * URI has no port and the host is a name, else A and AAAA.
 *
 * Threads: SIP.    Blocks: never.
 */

enum { RESOLVE_LIMIT_MS = 8000, RESOLVE_ADDRS_MAX = 8 };

struct resolver;
struct resolve_query;

/** addrv in the order to try them, port set; err 0, ENOENT, ETIMEDOUT, EIO.
 *  why: in words ("no such host name: pbx.example") */
typedef void(resolve_h)(int err, const struct sa *addrv, unsigned addrc,
			const char *why, void *arg);

/** server: "ADDR[:PORT]" or "" for the system's; mem_deref() */
int resolver_alloc(struct resolver **rp, const char *server);

/**
 * Ask.  The handler is called exactly once, later, never from inside this
 * call, unless the query is mem_deref()ed before.
 *
 * @param port  0: by SRV, else the transport's default
 */
int resolve(struct resolve_query **qp, struct resolver *r, const char *host,
	    uint16_t port, enum transp tp, resolve_h *h, void *arg);

#endif
