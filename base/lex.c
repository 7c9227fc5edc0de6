/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/lex.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

_Static_assert(LEX_LINE_MAX == 4096 && LEX_WORDS_MAX == 64,
	       "the texts of lex_line() name them");

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* C0 but the tab, DEL, and C1 in its UTF-8 form */
static bool is_control(const char *p)
{
	unsigned char c = (unsigned char)p[0];
	unsigned char next = c ? (unsigned char)p[1] : 0;

	return (c < 0x20 && c != '\t') || c == 0x7f ||
	       (c == 0xc2 && next >= 0x80 && next <= 0x9f);
}

/* Unquote one word from *linep to *outp and move both behind it */
static int take_word(const char **linep, char **outp, const char **whyp)
{
	const char *p = *linep;
	char *out = *outp;
	bool quoted = false;

	for (; *p && (quoted || !is_blank(*p)); p++) {
		if (is_control(p)) {
			*whyp = "control character in the line";
			return EINVAL;
		}
		if (*p == '"') {
			quoted = !quoted;
			continue;
		}
		if (quoted && *p == '\\' && (p[1] == '"' || p[1] == '\\'))
			p++;
		*out++ = *p;
		/* two bytes that a quote stood between */
		if (out - *outp > 1 && is_control(out - 2)) {
			*whyp = "control character in the line";
			return EINVAL;
		}
	}
	if (quoted) {
		*whyp = "a quote is opened but not closed";
		return EINVAL;
	}

	*out++ = '\0';
	*linep = p;
	*outp = out;
	return 0;
}

int lex_line(struct words *w, const char *line, const char **whyp)
{
	const char *why = NULL;
	const char *p = line;
	char *out = w->buf; /* never overtakes the line: a word's NUL takes
			       the place of what ended it */
	size_t n = 0;
	int err = 0;

	if (strlen(line) >= LEX_LINE_MAX) {
		why = "the line is longer than 4095 bytes";
		err = EOVERFLOW;
		goto out;
	}

	for (;;) {
		while (is_blank(*p))
			p++;
		if (!*p || *p == '#')
			break;
		if (n == LEX_WORDS_MAX) {
			why = "the line has more than 64 words";
			err = E2BIG;
			goto out;
		}
		w->v[n] = out;
		w->at[n] = (size_t)(p - line);
		err = take_word(&p, &out, &why);
		if (err)
			goto out;
		n++;
	}

out:
	if (err) {
		n = 0;
		if (whyp)
			*whyp = why;
	}
	w->n = n;
	w->v[n] = NULL;
	return err;
}

int lex_quote(char *dst, size_t size, const char *word)
{
	bool quote = !*word || *word == '#' || strpbrk(word, " \t\"");
	size_t n = 0;

	if (!size)
		return EOVERFLOW;
	if (quote && size > 1)
		dst[n++] = '"';

	for (const char *p = word; *p; p++) {
		bool escape = quote && (*p == '"' || *p == '\\');

		if (is_control(p)) {
			dst[0] = '\0';
			return EINVAL;
		}
		if (n + 1 + escape >= size)
			goto too_long;
		if (escape)
			dst[n++] = '\\';
		dst[n++] = *p;
	}

	if (quote) {
		if (n + 1 >= size)
			goto too_long;
		dst[n++] = '"';
	}
	dst[n] = '\0';
	if (n >= LEX_LINE_MAX)
		goto too_long;
	return 0;

too_long:
	dst[0] = '\0';
	return EOVERFLOW;
}
