/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/pieces.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/alloc.h"

void pieces_end(struct pieces *p, pieces_h *h, void *arg)
{
	if (!p->open)
		return;

	p->open = false;
	h(p, arg);
}

static bool is_next(const struct pieces *p, const struct trace_info *piece)
{
	const struct trace_info *m = &p->head;

	return p->open && piece->serial == m->serial &&
	       piece->total == m->total && piece->offset == p->start + p->len &&
	       piece->tx == m->tx && !strcmp(piece->src, m->src) &&
	       !strcmp(piece->dst, m->dst);
}

bool pieces_add(struct pieces *p, const struct trace_info *piece, pieces_h *h,
		void *arg)
{
	size_t len = piece->len;

	if (len > sizeof(piece->data) || piece->offset > piece->total ||
	    len > piece->total - piece->offset)
		return false;

	if (!is_next(p, piece)) {
		pieces_end(p, h, arg);
		p->open = true;
		p->head = *piece;
		p->start = piece->offset;
		p->len = 0;
	}
	if (p->len + len > p->room) {
		p->room = 2 * (p->len + len);
		p->data = alloc_grow(p->data, p->room, 1);
	}
	if (len)
		memcpy(p->data + p->len, piece->data, len);
	p->len += len;
	if (p->start + p->len == p->head.total)
		pieces_end(p, h, arg);

	return true;
}

void pieces_done(struct pieces *p)
{
	free(p->data);
	*p = (struct pieces){0};
}

void pieces_note(char *dst, size_t size, uint32_t total, uint32_t start,
		 size_t len)
{
	dst[0] = '\0';
	if (len < total)
		(void)snprintf(dst, size,
			       "incomplete, only bytes %" PRIu32 " to %" PRIu32
			       " were kept",
			       start, start + (uint32_t)len);
}
