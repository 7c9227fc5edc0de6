/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef APP_PHONE_H
#define APP_PHONE_H

#include <stdbool.h>

/**
 * @file phone.h  The phones of the bank: a table, and nothing that moves.
 *
 * Threads: any.
 */

/** What a phone makes of a REFER */
enum refer_way {
	REFER_AUTO,    /* 202, then the engine calls and reports    */
	REFER_SILENT,  /* 202                                       */
	REFER_MINIMAL, /* 202, NOTIFY 100 terminated                */
	REFER_EARLY,   /* NOTIFY 100 and 180, 202, call, outcome    */
	REFER_LEAVER,  /* 202, NOTIFY 100, call, BYE, outcome       */
	REFER_REFUSE,  /* 501                                       */
};

struct phone {
	const char *user;
	bool ring;        /* 180 at once                              */
	unsigned wait_ms; /* before it answers or refuses [ms]        */
	unsigned reject;  /* 0: answers                               */
	enum refer_way refer;
	unsigned refer_wait_ms; /* before it answers a REFER [ms]           */
	const char *called;     /* what it does then, for the man page      */
	const char *asked;      /* the same for a REFER; NULL: as any       */
};

/** The phone with this user part; whoever has no row is "answer" */
const struct phone *phone_find(const char *user);

/** All of them, from 0; NULL behind the last */
const struct phone *phone_at(unsigned i);

#endif
