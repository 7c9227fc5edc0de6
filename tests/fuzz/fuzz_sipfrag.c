/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Content-Type, a line end, then the body of a NOTIFY */
#include <errno.h>

#include "base/text.h"
#include "sip/sipfrag.h"
#include "tests/fuzz/fuzz.h"

/* The code and text that were read, as a line, are read the same */
static void check_again(const struct sipfrag *sf)
{
	struct sipfrag again;
	char line[TEXT_MAX + 32];
	const char *text = sf->text;
	size_t len = strlen(text);
	int n;

	n = snprintf(line, sizeof(line), "SIP/2.0 %u %s\r\n", sf->code, text);
	CHECK(n > 0 && (size_t)n < sizeof(line));
	CHECK(!sipfrag_decode(&again, NULL, 0, line, (size_t)n));
	CHECK(again.code == sf->code);

	/* blanks at its ends are not the text's */
	while (len && *text == ' ') {
		++text;
		--len;
	}
	while (len && text[len - 1] == ' ')
		--len;
	CHECK(strlen(again.text) == len && !memcmp(again.text, text, len));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t rest;
	const size_t typelen = fuzz_line(data, size, &rest);
	char *type = fuzz_bytes(data, typelen);
	char *body = fuzz_bytes(data + rest, size - rest);
	struct sipfrag sf = {0, ""};
	const int err = sipfrag_decode(&sf, type, typelen, body, size - rest);

	CHECK(err == 0 || err == ENOENT || err == EBADMSG);
	if (size == rest)
		CHECK(err == ENOENT);

	if (!err) {
		CHECK(sf.code >= 100 && sf.code <= 699);
		CHECK(memchr(sf.text, 0, sizeof(sf.text)));
		CHECK(text_is_clean(sf.text));
		CHECK(*sip_reason(sf.code) && *sip_phrase(sf.code));
		check_again(&sf);
	} else {
		CHECK(sf.code == 0 && !*sf.text);
	}

	free(type);
	free(body);

	return 0;
}
