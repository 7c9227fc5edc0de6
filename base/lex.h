/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef BASE_LEX_H
#define BASE_LEX_H

#include <stddef.h>

/**
 * @file lex.h  One line into words: the only tokenizer of the program.
 *
 * Command lines, scripts, the configuration, key bindings and themes are all
 * `word word "quoted word" # comment`.  Inside quotes \" is a quote and \\ a
 * backslash; outside, a # begins a comment only at the start of a word, so
 * sip:a#b@h stays one word.
 *
 * Threads: any.    Blocks: never.
 */

enum { LEX_LINE_MAX = 4096, LEX_WORDS_MAX = 64 };

struct words {
	size_t n;
	char *v[LEX_WORDS_MAX + 1]; /* v[n] is NULL               */
	size_t at[LEX_WORDS_MAX];   /* where v[i] began in line   */
	char buf[LEX_LINE_MAX];     /* owns the words             */
};

/**
 * Split a line.
 *
 * @param w     Filled; w->n is 0 for an empty line or a comment
 * @param line  Copied
 * @param whyp  On error set to a static text that says what is wrong
 *
 * @return 0, EINVAL (open quote, control character), E2BIG (too many words),
 *         EOVERFLOW (line too long)
 */
int lex_line(struct words *w, const char *line, const char **whyp);

/**
 * Write a word so that lex_line() gives it back.
 *
 * @return 0, EOVERFLOW, EINVAL (control character); on error dst is empty
 */
int lex_quote(char *dst, size_t size, const char *word);

#endif
