/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef APP_BUILTIN_H
#define APP_BUILTIN_H

/**
 * @file builtin.h  Files of command lines that are baked into the program.
 *
 * tools/embed.py makes the tables of themes/ and keys/.  Each ends with a row
 * without name.
 *
 * Threads: any.    Blocks: never.
 */

struct builtin {
	const char *name;         /* "night", of themes/night.theme */
	const char *file;         /* "night.theme"                  */
	const char *const *lines; /* the last one is NULL           */
};

extern const struct builtin builtin_themes[];
extern const struct builtin builtin_keys[];

#endif
