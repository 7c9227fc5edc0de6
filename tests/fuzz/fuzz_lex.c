/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A command line */
#include <errno.h>

#include "base/lex.h"
#include "tests/fuzz/fuzz.h"

/* Quoted and put in a line again, the words are the same */
static void check_again(const struct words *w)
{
	static struct words again;
	static char line[2 * LEX_LINE_MAX + 4 * LEX_WORDS_MAX];
	const char *why = NULL;
	size_t n = 0;
	int err;

	line[0] = '\0';

	for (size_t i = 0; i < w->n; i++) {
		static char one[2 * LEX_LINE_MAX];

		err = lex_quote(one, sizeof(one), w->v[i]);
		if (err == EOVERFLOW) {
			CHECK(strlen(w->v[i]) > LEX_LINE_MAX / 2 - 2);
			return;
		}
		CHECK(!err);

		n += (size_t)snprintf(line + n, sizeof(line) - n, "%s%s",
				      i ? " " : "", one);
		CHECK(n < sizeof(line));
	}

	err = lex_line(&again, line, &why);
	if (n >= LEX_LINE_MAX) {
		CHECK(err == EOVERFLOW);
		return;
	}

	CHECK(!err && again.n == w->n);
	for (size_t i = 0; i < w->n; i++)
		CHECK(!strcmp(again.v[i], w->v[i]));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct words w;
	char *line = fuzz_text(data, size);
	const char *why = NULL;
	const int err = lex_line(&w, line, &why);

	CHECK(err == 0 || err == EINVAL || err == E2BIG || err == EOVERFLOW);
	CHECK(w.n <= LEX_WORDS_MAX && !w.v[w.n]);
	CHECK(!err || (why && *why && !w.n));

	for (size_t i = 0; i < w.n; i++) {
		CHECK(w.v[i] >= w.buf && w.v[i] < w.buf + sizeof(w.buf));
		CHECK(w.at[i] < strlen(line));
		CHECK(!i || w.at[i] > w.at[i - 1]);
		for (const char *p = w.v[i]; *p; p++)
			CHECK((unsigned char)*p >= 0x20 || *p == '\t');
	}

	if (!err)
		check_again(&w);

	free(line);

	return 0;
}
