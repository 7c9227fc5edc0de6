/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef APP_SIPLOG_H
#define APP_SIPLOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/msg.h"

/**
 * @file siplog.h  The SIP messages of late, for ladder and trace.
 *
 * Pieces (EV_TRACE) become messages again.  As many are kept as fit the two
 * limits; the oldest go first.  What is to be shown is clean; the raw bytes
 * are kept for a capture file.
 *
 * Threads: any.    Blocks: siplog_save() as the disk does.
 */

enum { SIPLOG_LINES = 4000, SIPLOG_BYTES = 8 * 1024 * 1024 };

struct sip_line {
	uint64_t serial;  /* counts up, never used again               */
	uint64_t wall_us; /* time of day [us]                          */
	uint64_t dialog;  /* text_hash() of its Call-ID; 0: it has none */
	bool tx;
	enum transp tp;
	unsigned code;   /* of an answer; 0: a request                 */
	char method[16]; /* of the request, or of the CSeq             */
	uint32_t cseq;
	char src[64], dst[64];
	char what[160];  /* what matters of it, in one line, clean:
			    REFER "Refer-To: <sip:202@pbx>", NOTIFY "SIP/2.0
			    180 Ringing   active;expires=57", INVITE its
			    URI and "sendonly (hold)", an answer its phrase */
	unsigned report; /* NOTIFY of refer: code of its sipfrag, or 0 */
	const char *raw; /* not clean                                  */
	size_t len;
};

struct siplog;

void siplog_new(struct siplog **sp, unsigned lines, size_t bytes);
void siplog_free(struct siplog *s);

/** One piece; true: a message is complete */
bool siplog_take(struct siplog *s, const struct trace_info *piece);

/** Messages kept, and the i-th of them, oldest first */
unsigned siplog_count(const struct siplog *s);
const struct sip_line *siplog_at(const struct siplog *s, unsigned i);

/**
 * Those of some dialogs, oldest first, the newest `max` of them.
 *
 * @return how many v holds; pointers hold until the next siplog_take()
 */
unsigned siplog_of(const struct siplog *s, const uint64_t *dialogs, unsigned n,
		   const struct sip_line **v, unsigned max);

/** By serial, or NULL (it has gone) */
const struct sip_line *siplog_find(const struct siplog *s, uint64_t serial);

/** Row `row` of its text, clean, without line end; false: there are no more */
bool siplog_row(const struct sip_line *l, unsigned row, char *dst, size_t size);

/**
 * Write messages into a capture file (as --pcap does).
 *
 * @param dialogs  Those of them; NULL: all messages
 *
 * @return 0 or errno, why says what is wrong
 */
int siplog_save(const struct siplog *s, const uint64_t *dialogs, unsigned n,
		const char *path, unsigned *savedp, char *why, size_t size);

#endif
