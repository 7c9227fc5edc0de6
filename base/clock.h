/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stddef.h>
#include <stdint.h>

/**
 * @file clock.h  Time that only goes forward, and the time of day.
 *
 * Every timer of the program, libre's included (sip/timer.c), reads
 * clock_ms(), so a test can make half a minute pass in no time with
 * clock_advance().
 *
 * Threads: any.    Blocks: never.
 */

/** Monotonic time since an arbitrary point, with clock_advance() [ms] */
uint64_t clock_ms(void);

/** The same, finer, and never moved by clock_advance() [us] */
uint64_t clock_us(void);

/** Tests only: from now on clock_ms() is further by this much [ms] */
void clock_advance(uint64_t ms);

/** Seconds since the program started, monotonic [s] */
double clock_since_start(void);

/** Time of day as "HH:MM:SS.mmm" into buf (at least 13 bytes); returns buf */
char *clock_wall(char *buf, size_t size);

#endif
