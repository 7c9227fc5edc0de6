/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SIP_OFFER_H
#define SIP_OFFER_H

#include <stdbool.h>

#include "base/codec.h"
#include "media/stream.h"
#include "sip/recompat.h"

/**
 * @file offer.h  Offer and answer (RFC 3264) and the stream they agree on.
 *
 * PCMU, PCMA and telephone-event, as far as the account lists them; one audio
 * stream.
 *
 * Threads: SIP.    Lifetime: mem_deref().
 */
struct offer;

/** Sockets and session for a call that is seen at laddr (port unused); codecs
 *  is copied */
int offer_alloc(struct offer **op, const struct sa *laddr,
		const struct codecs *codecs);

/** Our description: as an offer with direction dir, or as the answer to the
 *  offer decoded last (dir then limits it) */
int offer_encode(struct offer *o, bool is_offer, enum sdp_dir dir,
		 struct mbuf **mbp);

/**
 * The peer's description, at mb->pos.  Checked before it replaces the one
 * that stands.
 *
 * @return 0, ENODATA (no body), EBADMSG (unreadable), ENOTSUP (no audio or
 *         no common codec)
 */
int offer_decode(struct offer *o, bool is_offer, struct mbuf *mb);

/** The peer does not want to hear us (sendonly, inactive, c=0.0.0.0) */
bool offer_remote_holds(const struct offer *o);

/** Send and receive by what was agreed; talking false: send nothing */
void offer_apply(struct offer *o, bool talking);

/** 0, EINVAL (a character), ENOTSUP (no telephone-event agreed), ENOTCONN */
int offer_dtmf(struct offer *o, const char *digits);

void offer_stats(const struct offer *o, uint64_t *rx, uint64_t *tx);

#endif
