/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/clock.h"

#include <stdatomic.h>
#include <stdio.h>
#include <time.h>

static _Atomic uint64_t advanced_ms;
static uint64_t start_us; /* immutable once main() runs */

__attribute__((constructor)) static void remember_start(void)
{
	start_us = clock_us();
}

uint64_t clock_us(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts); /* cannot fail on Linux */
	return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

uint64_t clock_ms(void)
{
	return clock_us() / 1000 +
	       atomic_load_explicit(&advanced_ms, memory_order_relaxed);
}

void clock_advance(uint64_t ms)
{
	atomic_fetch_add(&advanced_ms, ms);
}

double clock_since_start(void)
{
	return (double)(clock_us() - start_us) / 1e6;
}

char *clock_wall(char *buf, size_t size)
{
	struct timespec ts;
	struct tm tm;

	(void)clock_gettime(CLOCK_REALTIME, &ts);
	if (!localtime_r(&ts.tv_sec, &tm))
		tm = (struct tm){0};
	(void)snprintf(buf, size, "%02d:%02d:%02d.%03d", tm.tm_hour, tm.tm_min,
		       tm.tm_sec, (int)(ts.tv_nsec / 1000000));
	return buf;
}
