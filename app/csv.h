/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef APP_CSV_H
#define APP_CSV_H

#include <stddef.h>
#include <stdio.h>

#include "app/contact.h"

/**
 * @file csv.h  A directory as `name,number,department,note` (RFC 4180).
 *
 * The separator is , ; or a tab, whichever makes sense of the first lines.  A
 * first line of column names says which column is what.
 *
 * Threads: any.    Blocks: never.
 */

/** Read a file's text (UTF-8, without byte order mark) */
void csv_read(const char *text, size_t len, const struct contact_sink *sink);

/** Write the line of column names / an entry; errors are f's */
void csv_head(FILE *f);
void csv_write(FILE *f, const struct contact *c);

#endif
