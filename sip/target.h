/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SIP_TARGET_H
#define SIP_TARGET_H

#include <stdbool.h>
#include <stddef.h>

#include "base/msg.h"

/**
 * @file target.h  What the user typed -> a SIP URI that can be called.
 *
 * Threads: any.    Blocks: never.
 */

/**
 * Make a URI.
 *
 *   sip:, sips:        checked and kept
 *   tel:+44...         sip:+44...@DOMAIN;user=phone (visual separators out)
 *   user@host[:port]   sip: in front
 *   name or number     sip:NAME@DOMAIN (visual separators out of numbers)
 *
 * @param domain  Host (and port, params) of the account's AOR; "" none: then
 *                a bare name or a tel: is refused
 * @param why     On error one sentence without full stop that names the
 *                target and what to do
 *
 * @return 0, EINVAL, EOVERFLOW
 */
int target_uri(char *dst, size_t size, const char *typed, const char *domain,
	       char *why, size_t whysize);

/**
 * Check a URI from whatever source: scheme sip or sips, a host (name, IPv4 or
 * [IPv6]), a port in 1..65535, no control characters, no blanks, no <>", no
 * header part ('?').
 */
bool uri_is_sane(const char *uri);

/** Same place to call: scheme, user (case kept), host (case folded), port
 *  with defaults; parameters do not count but transport */
bool uri_same(const char *a, const char *b);

/** Parts of a sane URI, for display and comparing; 0 or EOVERFLOW/EINVAL */
int uri_user(char *dst, size_t size, const char *uri);
int uri_host(char *dst, size_t size, const char *uri); /* no port, no [] */
unsigned uri_port(const char *uri);                    /* 0: none        */
int uri_param(char *dst, size_t size, const char *uri, const char *name);

/** Is the host a private, loopback, link-local or ".invalid" one (G27)? */
bool uri_host_is_private(const char *uri);

#endif
