/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef APP_SIPMSG_H
#define APP_SIPMSG_H

#include "app/siplog.h"

/**
 * @file sipmsg.h  What matters of a SIP message, for a line of a list.
 *
 * Forgiving: what cannot be read is left out.  Only the first SIPMSG_HEAD
 * bytes are looked at for headers, and as many of the body.
 *
 * Threads: any.    Blocks: never.
 */

enum { SIPMSG_HEAD = 64 * 1024 };

/** Fill in dialog, code, method, cseq, what and report from raw and len */
void sipmsg_summary(struct sip_line *l);

#endif
