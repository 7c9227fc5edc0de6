/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef BASE_CODEC_H
#define BASE_CODEC_H

#include <stddef.h>

/**
 * @file codec.h  The names of codecs, and the lists users write of them.
 *
 * Threads: any.    Blocks: never.
 */

enum codec { CODEC_PCMU, CODEC_PCMA, CODEC_EVENT, CODEC_COUNT };

/** What to offer, best first */
struct codecs {
	enum codec v[CODEC_COUNT];
	unsigned n;
	char skipped[64]; /* names of later versions, ',' between */
};

/**
 * Read "pcma,pcmu,telephone-event"; "" is all there is.  A voice that is not
 * named is not offered; DTMF (telephone-event) always is, last where it is not
 * named.  Case does not matter.
 *
 * @param why  In words, on error
 *
 * @return 0 or EINVAL: an unknown name, or no voice among them
 */
int codecs_parse(struct codecs *c, const char *list, char *why, size_t size);

#endif
