/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef UI_INPUT_H
#define UI_INPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "app/keys.h"

/**
 * @file input.h  The bytes of a terminal become keys, pastes and the mouse.
 *
 * A pure decoder: bytes go in as they come, cut anywhere, and things come
 * out.  It knows the sequences of xterm, linux, rxvt and vt220, and those of
 * terminfo that are added.  An unknown sequence is eaten whole.  A lone ESC
 * becomes the Esc key when nothing follows it for a while.
 *
 * Threads: any.    Blocks: never.
 */

enum {
	INPUT_PASTE_MAX = 64 * 1024,
	INPUT_ESC_MS = 25,      /* ESC alone is the key           */
	INPUT_ESC_SSH_MS = 100, /* ... over ssh                   */
	INPUT_SEQ_MS = 500,     /* a sequence that stops half way */
	INPUT_PASTE_MS = 2000,  /* a paste that never ends, ends  */
};

enum input_type {
	INPUT_NONE,
	INPUT_KEY,
	INPUT_PASTE, /* text; clean, one line                        */
	INPUT_MOUSE,
	INPUT_FOCUS,   /* the terminal's window got or lost the focus  */
	INPUT_MODE,    /* answer to DECRQM: mode, value                */
	INPUT_MARK,    /* CSI 990 ; n ~ : a test wants to be in step   */
	INPUT_UNKNOWN, /* a sequence nobody knows, for the log         */
};

enum { MOUSE_PRESS, MOUSE_RELEASE, MOUSE_DRAG, MOUSE_UP, MOUSE_DOWN };

struct input {
	enum input_type type;
	struct key key;
	struct {
		int what;   /* MOUSE_* */
		int button; /* 1 left, 2 middle, 3 right */
		int y, x;   /* from 0 */
		unsigned mods;
	} mouse;
	bool focus;
	unsigned mode, value;
	uint32_t mark;
	const char *paste; /* borrowed until the next call */
	size_t pastelen;
	/* the bytes themselves, for readline: one whole character or key */
	char raw[32];
	size_t rawlen;
};

struct decoder;

void decoder_new(struct decoder **dp, uint32_t esc_ms);
void decoder_free(struct decoder *d);

/** One more sequence (of terminfo) for a key; an exact prefix of a known one
 *  and one that does not begin with ESC are refused: false */
bool decoder_add(struct decoder *d, const char *seq, const struct key *key);

/** Bytes as they were read (copied); now_ms: clock_ms() */
void decoder_feed(struct decoder *d, const void *bytes, size_t n,
		  uint64_t now_ms);

/** The next thing that is complete; false: there is none (yet) */
bool decoder_next(struct decoder *d, struct input *in, uint64_t now_ms);

/** When decoder_next() may have more by time alone [ms from now], -1: never */
int decoder_timeout_ms(const struct decoder *d, uint64_t now_ms);

#endif
