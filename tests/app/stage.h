/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef TESTS_APP_STAGE_H
#define TESTS_APP_STAGE_H

#include "app/desk.h"
#include "tests/app/fake_port.h"

/**
 * @file stage.h  A desk without a terminal, an engine that only listens, and
 *                a clock that the test sets.
 *
 * Times are seconds since the program started, at 13:00:00.  After each
 * piece of news and each key the desk is taken to be drawn (desk_shown).
 *
 * Threads: UI.
 */

struct stage {
	struct app app;
	struct fake fake;
	struct desk desk;
	struct reply_info reply; /* the last one shown */
	unsigned replies;
	uint64_t messages; /* SIP messages so far */
	char home[64];     /* of the directory file; "": none */
};

void stage_open(struct stage *s);
void stage_close(struct stage *s);

/** The directory, as a CSV file */
void stage_directory(struct stage *s, const char *csv);

/** It is that late now; nothing is drawn */
void stage_tick(struct stage *s, double t);
/** It is that late now, and that is on the screen */
void stage_at(struct stage *s, double t);

/** News at that time; a call without dialog gets the one of "call-ID" */
void stage_call(struct stage *s, double t, struct call_info c);
void stage_transfer(struct stage *s, double t, struct transfer_info x);
void stage_account(struct stage *s, struct account_info a);

/** A SIP message of the dialog "call-ID"; head: further header lines, each
 *  with its \r\n; cseq: "1 INVITE" */
void stage_sip(struct stage *s, double t, bool tx, uint32_t call,
	       const char *first, const char *cseq, const char *head,
	       const char *body);

/** Keys by name, parted by blanks; while a line is typed letters go there */
void stage_keys(struct stage *s, const char *names);
/** Each character of it as a key */
void stage_type(struct stage *s, const char *text);

/** What the desk has written into the log last */
const char *stage_note(const struct stage *s);

#endif
