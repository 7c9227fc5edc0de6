/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef APP_TRACE_H
#define APP_TRACE_H

#include "base/msg.h"

/**
 * @file trace.h  SIP messages to files: as text and as a capture.
 *
 * Messages come in pieces and are put together here; what is missing is said.
 * The text is safe to show on a terminal: control bytes but CR LF and TAB,
 * broken UTF-8 and characters that reorder or hide text become \xNN.  The
 * capture has made-up IP and UDP headers; what went over TCP or TLS is in it
 * as datagrams, in the clear.
 *
 * Files are readable by their owner only.  A file that cannot be written any
 * more is given up with one line in the log; the program goes on.
 *
 * Threads: UI.    Blocks: as the disk does.
 */

struct trace_out;

/**
 * Open (create or empty) the files.
 *
 * @param tp         Set on success; yours, release with trace_close()
 * @param text_path  Copied; NULL: no text
 * @param pcap_path  Copied; NULL: no capture
 * @param why        On error what went wrong and what to do, in words
 * @param size       Size of why [bytes]
 *
 * @return 0, EINVAL (both are one file), ENOMEM, EOVERFLOW, errno of open(2)
 */
int trace_open(struct trace_out **tp, const char *text_path,
	       const char *pcap_path, char *why, unsigned size);

/** EV_TRACE and EV_DROPPED are written, other events ignored */
void trace_event(struct trace_out *t, const struct event *ev);

/** Write what is unfinished, close the files; NULL is fine */
void trace_close(struct trace_out *t);

#endif
