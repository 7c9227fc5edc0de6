/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/nearest.h"

#include <stdio.h>
#include <string.h>

enum { NAME_LIMIT = 32 }; /* longer words are no typing errors of ours */

static unsigned min2(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

unsigned nearest_edits(const char *a, const char *b)
{
	unsigned d[NAME_LIMIT + 1][NAME_LIMIT + 1];
	size_t la = strlen(a), lb = strlen(b);

	if (la > NAME_LIMIT || lb > NAME_LIMIT)
		return NAME_LIMIT;

	for (size_t i = 0; i <= la; i++)
		d[i][0] = (unsigned)i;
	for (size_t k = 0; k <= lb; k++)
		d[0][k] = (unsigned)k;

	for (size_t i = 1; i <= la; i++) {
		for (size_t k = 1; k <= lb; k++) {
			unsigned change = a[i - 1] != b[k - 1];

			d[i][k] = min2(min2(d[i - 1][k], d[i][k - 1]) + 1,
				       d[i - 1][k - 1] + change);
			if (i > 1 && k > 1 && a[i - 1] == b[k - 2] &&
			    a[i - 2] == b[k - 1])
				d[i][k] = min2(d[i][k], d[i - 2][k - 2] + 1);
		}
	}

	return d[la][lb];
}

void nearest_init(struct nearest *n, const char *word)
{
	*n = (struct nearest){.word = word, .edits = NAME_LIMIT};
}

void nearest_try(struct nearest *n, const char *name)
{
	size_t len = strlen(n->word);
	unsigned edits = nearest_edits(n->word, name);
	unsigned limit = len < 4 ? 1 : len < 8 ? 2 : 3;

	/* the beginning of a name is as good as one wrong letter */
	if (len >= 2 && strncmp(n->word, name, len) == 0)
		edits = 1;

	if (edits <= limit && edits < n->edits) {
		n->edits = edits;
		n->best = name;
	}
}

const char *nearest_hint(const struct nearest *n, char *buf, size_t size)
{
	if (n->best)
		snprintf(buf, size, "; did you mean %s?", n->best);
	else if (size)
		buf[0] = '\0';

	return buf;
}
