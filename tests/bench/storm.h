/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef BENCH_STORM_H
#define BENCH_STORM_H

#include <stdatomic.h>
#include <stdint.h>

/**
 * @file storm.h  What the console of bench_desk tells who measures it.
 *
 *   bench_desk CALLS RATE FD
 *
 * is the console on its terminal with CALLS calls up and RATE events a second
 * out of a thread in the engine's place, by the same pipe.  FD holds a
 * struct storm.
 */
struct storm {
	_Atomic uint64_t posted;
	_Atomic uint64_t taken;
	_Atomic uint64_t dropped; /* chatter that found the pipe full */
};

#endif
