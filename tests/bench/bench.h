/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef BENCH_BENCH_H
#define BENCH_BENCH_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * @file bench.h  One measurement, two subjects.
 *
 * measure.c drives a *subject* (the engine in bench_transfer.c, bare libre in
 * bare.c) against the far end of responder.c, which runs in a process of its
 * own and stamps what passes its socket.  All times are CLOCK_REALTIME [ns],
 * for the kernel stamps arriving packets by that clock.
 *
 * Threads: the subject's functions are called by the measuring thread.
 */

enum {
	REPORTS = 3, /* NOTIFYs of one transfer: 100, 180, 200 */
	REST_MS = 1,
	SILENCE_MS = 10000, /* nothing for so long is a failure       */
};

/* ---- far end (responder.c) --------------------------------------------- */

/** What the far end saw of one transfer; 0: not yet */
struct wire {
	_Atomic uint64_t refer_ns;           /* REFER arrived [ns]       */
	_Atomic uint64_t notify_ns[REPORTS]; /* NOTIFY was sent [ns]     */
};

/** Shared with the far end's process */
struct wire_log {
	_Atomic uint64_t invites;
	_Atomic uint64_t refers;
	_Atomic uint64_t byes;
	_Atomic uint64_t repeated; /* what came or went twice  */
	uint32_t wirec;
	struct wire wirev[];
};

struct responder;

/**
 * Start the far end: a UDP phone on 127.0.0.1 that takes every call, holds
 * no sound (a=inactive), and answers REFER with 202 and NOTIFY 100, 180, 200.
 * The user part of Refer-To is "t" and the number of the transfer.
 *
 * @param rp     Set on success; yours, release with responder_stop()
 * @param count  How many transfers to keep stamps of
 *
 * @return 0 or a positive errno
 */
int responder_start(struct responder **rp, uint32_t count);
uint16_t responder_port(const struct responder *r);
struct wire_log *responder_log(const struct responder *r);
void responder_stop(struct responder *r);

/* ---- subject (bench_transfer.c, bare.c) --------------------------------- */

enum news_kind {
	NEWS_UP,     /* the call talks                                 */
	NEWS_REPORT, /* a NOTIFY told `code`                           */
	NEWS_DONE,   /* the transfer has ended with `code`             */
	NEWS_NUDGED, /* the nudge came through                         */
	NEWS_BAD,    /* something failed; what is in `why`             */
};

struct news {
	enum news_kind kind;
	uint32_t call;
	unsigned code;
	char why[192];
};

/** Told by the subject as soon as it is readable at the user's end */
void measure_news(const struct news *news);

/** Has the measurement ended? */
bool measure_done(void);

struct subject {
	const char *name;

	/** Start, listen on a free port; 0 or errno */
	int (*start)(void);

	/** Place a call; NEWS_UP follows */
	int (*dial)(const char *uri);

	/** Refer the call's peer to the target, without holding first */
	int (*transfer)(uint32_t call, const char *target);

	/** Go once round the loop; NEWS_NUDGED follows */
	int (*nudge)(void);

	/** Let all come to rest for REST_MS, then call measure_rested() */
	int (*rest)(void);

	/** Call measure_begin() and hand news on until measure_done() */
	int (*run)(void);

	void (*stop)(void);
};

/** It was asked to rest, and has */
void measure_rested(void);

/** Begin; from the thread that will tell the news */
void measure_begin(void);

/** The whole program: arguments, far end, subject, result; exit code */
int measure_main(int argc, char *argv[], const struct subject *subject);

/** CLOCK_REALTIME [ns] */
uint64_t wall_ns(void);

/** A UDP port of 127.0.0.1 that is free now; 0: none */
uint16_t free_port(void);

#endif
