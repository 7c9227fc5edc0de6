/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef APP_CAPTURE_H
#define APP_CAPTURE_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/**
 * @file capture.h  SIP messages to a capture file, as tshark reads it.
 *
 * Made-up IP and UDP headers; what went over TCP or TLS is in it as
 * datagrams, in the clear.
 *
 * Threads: any, one at a time.    Blocks: as the disk does.
 */

struct capture;

struct capture_msg {
	uint64_t wall_us;
	const char *src, *dst; /* "127.0.0.1:5060", "[::1]:5060" */
	const char *data;
	size_t len;
	const char *note; /* stands behind it; "": nothing to say */
};

/**
 * Create or empty a file that only its owner may read.
 *
 * @param fp   Set on success; yours, fclose(3)
 * @param why  On error what went wrong and what to do
 *
 * @return 0, EOVERFLOW (the name), errno of open(2)
 */
int capture_file(FILE **fp, const char *path, char *why, size_t size);

/**
 * Begin a capture.
 *
 * @param f  Taken, also on error
 *
 * @return 0, ENOMEM or EIO, why says what is wrong
 */
int capture_new(struct capture **cp, FILE *f, const char *path, char *why,
		size_t size);

/** Closes the file, too; NULL is fine */
void capture_free(struct capture *c);

/** What was written is on its way to the disk; 0 or errno */
int capture_flush(struct capture *c);

/** One message, and flush */
int capture_write(struct capture *c, const struct capture_msg *m);

#endif
