/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * @file text.h  Fixed texts: copying, cutting, cleaning.
 *
 * A *name* may be cut (text_cut, at a UTF-8 boundary), an *address* never
 * (text_copy: too long is an error).  Text that came from the network passes
 * text_clean() once, before it enters a record.
 *
 * Threads: any.    Blocks: never.
 */

/**
 * Copy a string that must not be cut.
 *
 * @return 0, or EOVERFLOW (dst is then the empty string)
 */
int text_copy(char *dst, size_t size, const char *src);

/** The same for a counted string; EINVAL when there is a NUL in it */
int text_ncopy(char *dst, size_t size, const char *src, size_t len);

/** Copy for display; cut at a UTF-8 boundary where it does not fit */
void text_cut(char *dst, size_t size, const char *src);

/**
 * Make text from the network safe to show, log and write as JSON: strict
 * UTF-8 (overlong, surrogates, beyond U+10FFFF and broken bytes become
 * U+FFFD), no C0, DEL or C1 (as bytes or as U+0080..9F), no ESC, no
 * U+2028/2029, no bidi marks, overrides or isolates, no zero-width
 * characters, no byte order mark, no unassigned noncharacters, at most two
 * combining marks in a row, white space runs become one space.  What is
 * taken out becomes U+FFFD when it was harmful, else nothing.  Cut at a UTF-8
 * boundary where it does not fit.
 */
void text_clean(char *dst, size_t size, const char *src, size_t len);

/** True when the string is what text_clean() would leave of it */
bool text_is_clean(const char *s);

/** Cells a clean UTF-8 string takes on a terminal [columns] */
size_t text_width(const char *s);

/** Decimal number within [min, max]; the whole string must be the number */
bool text_u32(const char *s, uint32_t min, uint32_t max, uint32_t *np);

/** Seconds as typed, "1.5" or "30", to [ms]; false when it is not that */
bool text_seconds(const char *s, uint32_t *msp);

/** A number for a text, to find it by (FNV-1a) */
uint64_t text_hash(const char *s, size_t len);

/** Does s begin with prefix? */
bool text_begins(const char *s, const char *prefix);

#endif
