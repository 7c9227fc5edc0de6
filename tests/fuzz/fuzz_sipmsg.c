/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A SIP message, for a line of a list and for rows */
#include "app/sipmsg.h"
#include "base/text.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *raw = fuzz_bytes(data, size), row[64];
	struct sip_line l = {.raw = raw, .len = size};
	unsigned rows = 0;

	sipmsg_summary(&l);
	CHECK(memchr(l.what, '\0', sizeof(l.what)));
	CHECK(memchr(l.method, '\0', sizeof(l.method)));
	CHECK(text_is_clean(l.method));
	CHECK(!l.code || (l.code >= 100 && l.code < 700));
	CHECK(!l.report || (l.report >= 100 && l.report < 700));
	/* blanks may stand in a row between two facts, nothing else */
	for (const char *p = l.what; *p; p++)
		CHECK((unsigned char)*p >= 0x20 && *p != 0x7f);

	while (siplog_row(&l, rows, row, sizeof(row))) {
		CHECK(text_is_clean(row));
		if (++rows == 100)
			break;
	}
	CHECK(rows <= size);
	free(raw);

	return 0;
}
