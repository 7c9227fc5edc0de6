/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef BASE_THREAD_H
#define BASE_THREAD_H

#include <assert.h>
#include <stdbool.h>

/**
 * @file thread.h  Which thread am I?
 *
 * A folder belongs to a thread: app/ and ui/ to the UI thread, sip/ and
 * media/ to the SIP thread.  Every door of those folders asserts it.
 *
 * Threads: any.    Blocks: never.
 */

enum thread_role {
	THREAD_NONE, /* a worker: neither UI nor SIP */
	THREAD_UI,
	THREAD_SIP,
};

/** Declare what the calling thread is; a test may adopt several in turn. */
void thread_adopt(enum thread_role role);

/** What the calling thread declared itself to be. */
enum thread_role thread_role(void);

#define ASSERT_UI() assert(thread_role() == THREAD_UI)
#define ASSERT_SIP() assert(thread_role() == THREAD_SIP)

#endif
