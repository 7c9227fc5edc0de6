/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef APP_TALE_H
#define APP_TALE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/msg.h"

/**
 * @file tale.h  What happened to a transfer, step by step.
 *
 * Made of the EV_TRANSFER events of one referral, each with its time.
 *
 * Threads: any.    Blocks: never.
 */

enum { TALE_STEPS = 32, TALE_MARKS = 5 };

/** One piece of news */
struct tale_step {
	uint64_t t_ms; /* since the program started */
	enum refer_state state;
	unsigned code;
	bool report; /* came by NOTIFY */
	char text[64];
};

struct tale {
	struct transfer_info info; /* the last news                       */
	char caller[NAME_MAX_LEN]; /* as shown when it began              */
	char peer[URI_MAX];        /* the caller's address                */
	char target[NAME_MAX_LEN];
	char number[NAME_MAX_LEN]; /* the target's, short                 */
	uint64_t began_ms, refer_ms, ended_ms;  /* 0: not yet              */
	uint64_t held_ms, dialed_ms, talked_ms; /* of a consultation      */
	char wall[6];       /* "14:29", when it began                      */
	bool open;          /* failed, and the user has not decided yet    */
	uint32_t again;     /* the transfer that was tried after it, or 0  */
	char again_to[32];  /* number of that one's target                 */
	uint32_t came_back; /* call by which the caller came back, or 0   */
	unsigned stepc;     /* all there were; the last TALE_STEPS are kept */
	struct tale_step stepv[TALE_STEPS];
};

/** Begin it with its first event */
void tale_init(struct tale *t, const struct event *ev);

/** One more; of another transfer: ignored */
void tale_add(struct tale *t, const struct event *ev);

/** Its consult call has news (times of a consultation) */
void tale_consult(struct tale *t, const struct event *ev);

/** The i-th step that is kept, oldest first; NULL after the last */
const struct tale_step *tale_at(const struct tale *t, unsigned i);

enum mark { MARK_DONE, MARK_NOW, MARK_TODO, MARK_FAIL };

/** A station of the way, as it is drawn: ✓ REFER ── ✓ 202 ── ◐ 180 ── ○ 200 */
struct tale_mark {
	enum mark mark;
	char label[12];
	char time[12]; /* "+0.04" since REFER, "0:03" for what lasts, "" */
};

/** The way so far and what is to come; returns how many of v are filled */
unsigned tale_marks(const struct tale *t, uint64_t now_ms,
		    struct tale_mark v[TALE_MARKS]);

/** Failed, refused, not sent or without a result: the caller needs care */
bool tale_failed(const struct tale *t);

/** "1.1 s", "480 → retried 201", "4.8 s  attended": how it ended */
void tale_result(const struct tale *t, char *dst, size_t size);

#endif
