/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef APP_PIECES_H
#define APP_PIECES_H

#include "base/msg.h"

/**
 * @file pieces.h  SIP messages put together of their pieces (EV_TRACE).
 *
 * Threads: any, one at a time.    Blocks: never.
 */

struct pieces {
	bool open;
	struct trace_info head; /* its first piece that came; data unused */
	uint32_t start;         /* offset of that piece                   */
	char *data;
	size_t len, room;
};

/** A message is over: p->head and p->data are all there will be of it */
typedef void(pieces_h)(const struct pieces *p, void *arg);

/**
 * One more.  A message that does not go on with it is over without its rest.
 *
 * @return false: a piece that cannot be, ignored
 */
bool pieces_add(struct pieces *p, const struct trace_info *piece, pieces_h *h,
		void *arg);

/** No more will come of what is under way */
void pieces_end(struct pieces *p, pieces_h *h, void *arg);

void pieces_done(struct pieces *p);

enum { PIECES_NOTE_MAX = 96 };

/** What is missing of len bytes from start on, in words; "": nothing is */
void pieces_note(char *dst, size_t size, uint32_t total, uint32_t start,
		 size_t len);

#endif
