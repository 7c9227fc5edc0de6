/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SIP_TIMER_H
#define SIP_TIMER_H

#include <stdbool.h>
#include <stdint.h>

/**
 * @file timer.h  libre's timers, made O(1) and monotonic.
 *
 * libre 1.1.0 and 2.0.1 keep all timers in one sorted list by wall clock:
 * every finished UDP transaction stays in it for 32 s, so throughput falls
 * tenfold after a thousand transfers, and a step of the clock fires or
 * freezes everything.  sip/timer.c defines the same symbols (tmr_start,
 * tmr_cancel, tmr_poll, tmr_next_timeout, tmr_jiffies ...) over a hierarchical
 * wheel of clock_ms(); the dynamic linker takes the program's own for libre
 * too.  struct tmr keeps libre's layout.  Timers of one millisecond fire in
 * the order they were started in.
 *
 * Threads: the loop's own (the wheel is thread local).
 */

/** How many timers run on the calling thread; for leak checks */
uint64_t timer_count(void);

/**
 * Have h called at the end of every turn of the calling thread's loop, after
 * its descriptors and timers; NULL: no more.
 *
 * @return false where the loop is libre's own (4.x): h is not called
 */
bool timer_turn_end(void (*h)(void *arg), void *arg);

#endif
