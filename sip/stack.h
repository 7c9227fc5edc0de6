/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SIP_STACK_H
#define SIP_STACK_H

#include <stdint.h>

#include "base/msg.h"
#include "sip/recompat.h"

struct engine;
struct sip_msg;

/**
 * @file stack.h  Where SIP listens: one libre stack for each local address.
 *
 * libre 1.1.0 sends by the first transport of a family, whatever the route.
 * One stack a local address, chosen by asking the kernel which source
 * address leads to the destination, puts that right on every version.
 *
 * Threads: SIP.    Blocks: never.
 */
struct stack {
	struct le le;
	struct engine *e;
	struct sip *sip;
	struct sa addr;              /* without port                  */
	uint16_t port[TRANSP_COUNT]; /* 0: not listening              */
	struct sip_lsnr *lreq, *lresp;
	bool buffered; /* UDP buffer was made larger    */
};

/** Our TLS connections: what they must prove, and have proven (tls.c) */
struct tls_door;

/** Open everything named (or all); why in words on error */
int stacks_open(struct engine *e, const char *const *listenv, unsigned listenc,
		char *why, size_t size);
void stacks_close(struct engine *e, bool force);
void stacks_hello(const struct engine *e, struct hello_info *h);

/** The stack whose address leads to dst by tp; NULL: none */
struct stack *stack_for(struct engine *e, enum transp tp, const struct sa *dst);

/** Our address on it, with the port of that transport */
void stack_laddr(const struct stack *st, enum transp tp, struct sa *sa);

/** TCP_NODELAY and large buffers, for what this message came in by */
void stack_tune(struct stack *st, const struct sip_msg *msg);

enum transp transp_of(enum sip_transp tp);
enum sip_transp transp_re(enum transp tp);

/**
 * Before a request goes to dst by TLS: open a connection that must prove host
 * (RFC 5922), or see that the one libre is going to take has proven it.
 *
 * @return 0; EPROTO it has not, tls_failure() says why; others: none could be
 *         opened
 */
int tls_reach(struct stack *st, const struct sa *dst, const char *host);
/** Has a connection of ours to dst proven host?  Asked when tls_checks() */
bool tls_proven(struct stack *st, const struct sa *dst, const char *host);
/** Is it for us to check certificates (libre's own do from 3.0 on)? */
bool tls_checks(const struct engine *e);
/** Apply the tls_* options (again) */
int tls_configure(struct engine *e, char *why, size_t size);
/** The last TLS failure with this peer in words, or NULL */
const char *tls_failure(const struct engine *e, const struct sa *dst);
int tls_open(struct engine *e);
void tls_close(struct engine *e);

#endif
