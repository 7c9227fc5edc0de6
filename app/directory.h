/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef APP_DIRECTORY_H
#define APP_DIRECTORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/msg.h"

/**
 * @file directory.h  Whom one may call: files, searching, names of numbers.
 *
 * A file is CSV (`name,number,department,note`, RFC 4180 quoting, a header
 * line is recognised, separators , ; and tab) or vCard 3.0/4.0 (FN or N, each
 * TEL and IMPP with sip:, ORG's unit, NOTE), told apart by what stands in it.
 * What is wrong is logged as `FILE:LINE: why` (tag "directory"), the rest is
 * still read.  Texts are cleaned.  Changed files are read again.
 *
 * Threads: any.    Blocks: as the disk does, in _load, _poll and _import.
 */

enum { DIRECTORY_MAX = 100000 }; /* entries; the rest is told and left out */

struct contact {
	char name[NAME_MAX_LEN];
	char number[NAME_MAX_LEN]; /* number, user@host or URI */
	char department[64];
	char note[NAME_MAX_LEN];
	uint64_t used_ms; /* last dialled or transferred to; 0: never */
};

struct directory;

void directory_new(struct directory **dp);
void directory_free(struct directory *d);

/** Read a file (copied name); one that is missing is empty, and looked for
 *  again.  @return how many lines were wrong */
unsigned directory_load(struct directory *d, const char *path);

/** Has the file changed since?  Then it is read again: true.  A file that
 *  has become unreadable keeps what was known, and is told once */
bool directory_poll(struct directory *d);

unsigned directory_count(const struct directory *d);
/** By name, as the user's language sorts */
const struct contact *directory_at(const struct directory *d, unsigned i);

/** Whose number is it ("sip:202@pbx;user=phone", "202")?  NULL: nobody's.
 *  The same number at another host counts only when it has digits alone */
const struct contact *directory_by_address(const struct directory *d,
					   const char *uri);

/** He was called or transferred to: he comes first from now on */
void directory_used(struct directory *d, const char *uri, uint64_t now_ms);

/** A find; spans of the name that matched, for marking them */
struct match {
	unsigned index; /* of directory_at() */
	int score;
	uint64_t marks; /* bit i: the i-th character of the name matched */
};

/**
 * Search as it is typed: all words must match; in the name at the beginning
 * of a word before the number before letters in order (with gaps), recently
 * used first among equals.  Case and accents do not matter.
 *
 * @return how many v holds, best first; *allp: how many match
 */
unsigned directory_search(const struct directory *d, const char *typed,
			  struct match *v, unsigned max, unsigned *allp);

/**
 * Merge another file into ours (by number; CSV, written whole or not at all).
 *
 * @return 0 or errno; why says what was done or what is wrong
 */
int directory_import(struct directory *d, const char *path, char *why,
		     size_t size);

/* ---- the parts, for tests ------------------------------------------------ */

/**
 * Letters in order, as fzf finds them: where words begin counts more, gaps
 * count against it.
 *
 * @return score, -1: does not match; marks (may be NULL) as above
 */
int match_subsequence(const char *typed, const char *text, uint64_t *marks);

#endif
