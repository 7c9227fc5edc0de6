/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/phone.h"

#include <string.h>

enum {
	RING_MS = 500,
	SLOW_RING_MS = 5000,
	SLOW_REFER_MS = 3000,
	NOANSWER_MS = 60000,
};

/* clang-format off */
static const struct phone phonev[] = {
	/* the first is whoever has no row of its own */
	{"answer",      true,  RING_MS,      0,   REFER_AUTO,    0,
	 "rings half a second and answers; so does any name not listed",
	 "calls the target and reports each step"},
	{"busy",        false, 0,            486, REFER_AUTO,    0,
	 "is busy (486)",
	 NULL},
	{"decline",     false, 0,            603, REFER_AUTO,    0,
	 "declines (603)",
	 NULL},
	{"early",       true,  RING_MS,      0,   REFER_EARLY,   0,
	 "rings half a second and answers",
	 "sends its first reports before the answer to the REFER"},
	{"echo",        false, 0,            0,   REFER_AUTO,    0,
	 "answers at once",
	 "calls the target and reports each step"},
	{"leaver",      true,  RING_MS,      0,   REFER_LEAVER,  0,
	 "rings half a second and answers",
	 "hangs up on who asked before the final report"},
	{"login",       true,  RING_MS,      0,   REFER_AUTO,    0,
	 "rings half a second and answers",
	 "wants a login first (user login, password login)"},
	{"minimal",     true,  RING_MS,      0,   REFER_MINIMAL, 0,
	 "rings half a second and answers",
	 "accepts, sends one report (100, terminated), no more"},
	{"noanswer",    true,  NOANSWER_MS,  480, REFER_AUTO,    0,
	 "rings until it is cancelled, 480 after a minute",
	 NULL},
	{"norefer",     true,  RING_MS,      0,   REFER_REFUSE,  0,
	 "rings half a second and answers",
	 "refuses (501)"},
	{"silent",      true,  RING_MS,      0,   REFER_SILENT,  0,
	 "rings half a second and answers",
	 "accepts and never reports"},
	{"slow",        true,  SLOW_RING_MS, 0,   REFER_AUTO,    SLOW_REFER_MS,
	 "rings 5 seconds and answers",
	 "waits 3 seconds before it accepts"},
	{"unavailable", false, 0,            480, REFER_AUTO,    0,
	 "is unavailable (480)",
	 NULL},
	{"unknown",     false, 0,            404, REFER_AUTO,    0,
	 "is not known (404)",
	 NULL},
};
/* clang-format on */

enum { PHONES = sizeof(phonev) / sizeof(phonev[0]) };

const struct phone *phone_find(const char *user)
{
	unsigned i;

	for (i = 0; i < PHONES; ++i) {
		if (!strcmp(phonev[i].user, user))
			return &phonev[i];
	}

	return &phonev[0];
}

const struct phone *phone_at(unsigned i)
{
	return i < PHONES ? &phonev[i] : NULL;
}
