/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ui/fill.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/alloc.h"
#include "base/lex.h"
#include "base/text.h"

void fill_find(struct candidates *c, const struct app *app, const char *line,
	       size_t cursor)
{
	char closed[LEX_LINE_MAX];
	int n;

	complete_line(c, app, line, cursor);
	if (c->n)
		return;
	n = snprintf(closed, sizeof(closed), "%.*s\"", (int)cursor, line);
	if (n > 0 && (size_t)n < sizeof(closed))
		complete_line(c, app, closed, (size_t)n);
}

static char *put_word(const struct candidates *c, const char *line,
		      const char *open, const char *word)
{
	char *new;

	if (asprintf(&new, "%.*s%s%s", (int)c->from, line, open, word) < 0)
		abort();
	return new;
}

char *fill_one(const struct candidates *c, const char *line, unsigned i)
{
	char word[LEX_LINE_MAX];

	if (lex_quote(word, sizeof(word), c->v[i].text))
		return alloc_text(line);
	return put_word(c, line, "", word);
}

/* What all of them begin with, cut at a character */
static void common(const struct candidates *c, char beginning[URI_MAX])
{
	const char *first = c->v[0].text;
	size_t n = strlen(first);

	for (unsigned i = 1; i < c->n; i++) {
		size_t same = 0;

		while (same < n && first[same] == c->v[i].text[same])
			same++;
		n = same;
	}
	while (n && (first[n] & 0xc0) == 0x80)
		n--;
	memcpy(beginning, first, n);
	beginning[n] = '\0';
}

static bool wants_quotes(const struct candidates *c)
{
	char word[LEX_LINE_MAX];

	for (unsigned i = 0; i < c->n; i++)
		if (!lex_quote(word, sizeof(word), c->v[i].text) &&
		    word[0] == '"')
			return true;
	return false;
}

char *fill_all(const struct candidates *c, const char *line)
{
	const char *typed = line + c->from;
	bool quoted = *typed == '"';
	char beginning[URI_MAX], word[LEX_LINE_MAX];

	common(c, beginning);
	if (!*beginning || !text_begins(beginning, typed + quoted) ||
	    lex_quote(word, sizeof(word), beginning))
		return alloc_text(line);
	if (word[0] == '"') {
		word[strlen(word) - 1] = '\0';
		return put_word(c, line, "", word);
	}
	quoted = quoted || wants_quotes(c);
	return put_word(c, line, quoted ? "\"" : "", word);
}
