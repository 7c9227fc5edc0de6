/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Lists of codecs: order, mask, and what is no codec */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/codec.h"

static void test_lists(void **state)
{
	/* clang-format off */
	static const struct {
		const char *list;
		const char *is;      /* u, a, e: what is left, in order */
		const char *skipped;
		const char *why;     /* NULL: it is right               */
	} casev[] = {
		{"", "uae", "", NULL},
		{"pcmu,pcma,telephone-event", "uae", "", NULL},
		{"pcma,PCMU", "aue", "", NULL},
		{"telephone-event,pcma", "ea", "", NULL},
		{"pcma", "ae", "", NULL},
		{"pcma,pcma,pcma,pcmu,pcma", "aue", "", NULL},
		{"opus,pcma,G722", "ae", "opus,G722", NULL},
		{"opus", "", "opus", "codecs=opus: this version speaks"},
		{"telephone-event", "e", "", "pcmu and pcma only"},
		{"frob", "", "", "not 'frob'"},
		{"pcma,", "a", "", "not ''"},
		{"pcma pcmu", "", "", "not 'pcma pcmu'"},
		{"pcmaxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", "", "", "not 'pcmax"},
	};
	/* clang-format on */

	(void)state;
	for (size_t i = 0; i < sizeof(casev) / sizeof(casev[0]); i++) {
		struct codecs c;
		char why[256] = "", is[8] = "";
		const int err =
			codecs_parse(&c, casev[i].list, why, sizeof(why));

		for (unsigned k = 0; k < c.n; k++)
			is[k] = "uae"[c.v[k]];
		if (err != (casev[i].why ? EINVAL : 0) ||
		    strcmp(is, casev[i].is) != 0 ||
		    strcmp(c.skipped, casev[i].skipped) != 0 ||
		    (casev[i].why && !strstr(why, casev[i].why)))
			fail_msg("\"%s\": %d %s (%s) %s", casev[i].list, err,
				 is, c.skipped, why);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_lists)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
