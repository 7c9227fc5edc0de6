/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef APP_DIRECTORY_H
#define APP_DIRECTORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "app/contact.h"
#include "app/match.h"

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

struct directory;

void directory_new(struct directory **dp);
void directory_free(struct directory *d);

/** Read a file (copied name); one that is missing is empty, and looked for
 *  again.  @return how many lines were wrong */
unsigned directory_load(struct directory *d, const char *path);

/** Forget all that was read, and all files */
void directory_clear(struct directory *d);

/**
 * The user's own directory, in place of what was read: the file he named
 * (NULL or "": $XDG_CONFIG_HOME/cordpair/directory.csv, and directory.vcf).
 *
 * @return how many lines were wrong
 */
unsigned directory_open(struct directory *d, const char *path);

/** Have files changed since?  Then they are read again: true.  One that
 *  has become unreadable keeps what was known, and is told once */
bool directory_poll(struct directory *d);

unsigned directory_count(const struct directory *d);
/** By name, as the user's language sorts */
const struct contact *directory_at(const struct directory *d, unsigned i);

/** Whose number is it ("sip:202@pbx;user=phone", "202")?  NULL: nobody's.
 *  The same number at another host counts only when it has digits alone */
const struct contact *directory_by_address(const struct directory *d,
					   const char *uri);

/**
 * Whom is meant: the number of the one whose name was typed, or whose words
 * begin so; everything else comes back as it was typed.
 *
 * @param why  When several are meant: names two of them
 *
 * @return 0, EINVAL (several), EOVERFLOW
 */
int directory_target(const struct directory *d, const char *typed, char *dst,
		     size_t size, char *why, size_t whysize);

/** He was called or transferred to: he comes first from now on */
void directory_used(struct directory *d, const char *uri, uint64_t now_ms);

/** How the word that was hardest to find was found */
enum match_how {
	MATCH_IN_ORDER = 1, /* its letters, with gaps                */
	MATCH_NUMBER,       /* in the number                         */
	MATCH_WORD,         /* at the beginning of a word of the name */
};

/** A find; spans of the name that matched, for marking them */
struct match {
	unsigned index; /* of directory_at() */
	enum match_how how;
	int score;      /* among those found in the same way */
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
 * Merge another file into ours, the first that was loaded (by number; CSV,
 * written whole or not at all; what ours holds beyond its four columns would
 * be lost, so that is refused).
 *
 * @return 0 or errno; why says what was done or what is wrong
 */
int directory_import(struct directory *d, const char *path, char *why,
		     size_t size);

#endif
