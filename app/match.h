/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef APP_MATCH_H
#define APP_MATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/msg.h"

/**
 * @file match.h  Does what was typed fit a name?  Case and accents aside.
 *
 * A text is folded into letters once and compared as often as one likes.
 *
 * Threads: any.    Blocks: never.
 */

/** As it is compared: "É" is e, "ß" is s and s */
struct letter {
	uint32_t c : 21;
	uint32_t start : 1; /* a word begins here              */
	uint32_t at : 10;   /* which character of the text it is of */
};

enum {
	LETTERS_MAX = NAME_MAX_LEN, /* of a name; no letter takes no byte */
	TYPED_MAX = 64,             /* more of them match nothing         */
};

/** How many letters v holds then; what is over max is left out */
unsigned match_fold(struct letter *v, unsigned max, const char *text);

/** What was typed stands at the beginning of a word; marks may be NULL and
 *  gains bits */
bool match_word(const struct letter *typed, unsigned n,
		const struct letter *text, unsigned textn, uint64_t *marks);

/** As match_subsequence() below; marks gains bits */
int match_letters(const struct letter *typed, unsigned n,
		  const struct letter *text, unsigned textn, uint64_t *marks);

/**
 * Letters in order, with gaps: where words begin counts more, gaps count
 * against it.
 *
 * @return score, -1: does not match; marks (may be NULL): bit i says that
 *         the i-th character of the text matched
 */
int match_subsequence(const char *typed, const char *text, uint64_t *marks);

#endif
