/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WIRE_DNS_H
#define WIRE_DNS_H

#include "tests/wire/rig.h"

/**
 * @file dns.h  A name server that knows no name.
 *
 * Threads: one, served by dns_serve().
 */

struct dns;

struct dns *dns_new(void);
void dns_free(struct dns *d);
/** "127.0.0.1:PORT", for EOPT_DNS_SERVER */
const char *dns_addr(const struct dns *d);
/** Answer what is there: no such name */
void dns_serve(struct dns *d);
/** Serve names until the transfer has its outcome */
const struct transfer_info *dns_outcome(struct rig *r, struct dns *d,
					uint32_t id);
/** Serve names until the call has ended */
const struct call_info *dns_ended(struct rig *r, struct dns *d, uint32_t id);

#endif
