/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SIP_HOP_H
#define SIP_HOP_H

#include <stdint.h>

#include "base/msg.h"
#include "sip/recompat.h"

struct account;
struct dlg;
struct engine;

/**
 * @file hop.h  Where a request goes next: first route or target (RFC 3261
 *              8.1.2, 12.2.1), before any name is looked up.
 *
 * Threads: SIP.    Blocks: never.
 */
struct hop {
	char *ruri; /* Request-URI                              */
	char *key;  /* the URI the rest was made of             */
	char host[NAME_MAX_LEN];
	char verify[NAME_MAX_LEN]; /* the name TLS must find there     */
	uint16_t port;             /* 0: not given                     */
	enum transp tp;
};

/**
 * @param why  What is wrong, in words; "" when only the error tells
 *
 * @return 0, EPROTONOSUPPORT (transport), EBADMSG and others (no URI)
 */
int hop_find(struct hop *h, const struct engine *e, const struct dlg *d,
	     const struct account *acc, char *why, size_t size);

/** The dialog's own, known since its last request */
void hop_of_dialog(struct hop *h, const struct dlg *d);

void hop_done(struct hop *h);

#endif
