/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MEDIA_STREAM_H
#define MEDIA_STREAM_H

#include <stdbool.h>
#include <stdint.h>

/**
 * @file stream.h  The sound of one call: RTP on an even port, and counters.
 *
 * Without a voice a stream that may send sends silence, one packet every
 * 20 ms; one that may not (the call is held) sends an empty packet every
 * STREAM_KEEPALIVE_MS to keep a NAT's door open.  All sending streams of a
 * loop share one ticker, which sleeps when there are none.
 *
 * Symmetric RTP: the first source heard is the one that counts from then on
 * and is sent to; should the agreed address speak up later, it wins.
 *
 * Threads: SIP (asserted).    Blocks: never.
 */

enum {
	STREAM_PTIME_MS = 20,
	STREAM_KEEPALIVE_MS = 15000,
	STREAM_PORT_MIN = 10000,
	STREAM_PORT_MAX = 60000,
	STREAM_DTMF_MAX = 64, /* digits that wait                     */
	STREAM_DTMF_TONE_MS = 100,
	STREAM_DTMF_PAUSE_MS = 80, /* after the tone; the repeated end
				      packets fall into it                 */
};

enum { STREAM_PCMU = 0, STREAM_PCMA = 8 };

struct sa;
struct stream;

struct stream_stats {
	uint64_t rx_packets; /* with sound, of the source that counts     */
	uint64_t rx_bytes;   /* payload only [bytes]                      */
	uint64_t rx_refused; /* of another source, or RTCP on this port   */
	uint64_t rx_last_ms; /* clock_ms() of the last one, 0: none       */
	uint64_t tx_packets; /* with sound or digits, not the keepalives  */
	uint64_t tx_bytes;   /* payload only [bytes]                      */
	uint64_t tx_errors;
};

/**
 * Open the sockets; nothing is sent yet.
 *
 * @param sp     Set on success; yours, release with mem_deref(), which
 *               closes the sockets
 * @param laddr  Local address; its port does not count
 *
 * @return 0, EINVAL, ENOMEM, or the errno of bind(2)
 */
int stream_alloc(struct stream **sp, const struct sa *laddr);

/** The even port of RTP; RTCP's is the next */
uint16_t stream_port(const struct stream *s);

/**
 * Where the peer wants it, from its SDP (copied).  Port 0 and the address
 * 0.0.0.0 are valid and mean: send nothing.
 *
 * @return 0, EINVAL, EAFNOSUPPORT (not of the local address's family)
 */
int stream_remote(struct stream *s, const struct sa *rtp);

/** Payload type (STREAM_PCMU, STREAM_PCMA) and directions agreed on */
void stream_set(struct stream *s, int pt, bool send, bool recv);

/** Counters since stream_alloc() */
struct stream_stats stream_stats(const struct stream *s);

/**
 * Send digits as RFC 4733 events, one after the other, behind those that
 * wait.  All are taken or none.
 *
 * @param te_pt   Payload type of telephone-event
 * @param digits  Of 0-9 * # A-D (a-d); at least one
 *
 * @return 0, EINVAL (another character), ENOTCONN (nothing is being sent:
 *         the call is held), EOVERFLOW (more than STREAM_DTMF_MAX wait)
 */
int stream_dtmf(struct stream *s, int te_pt, const char *digits);

#endif
