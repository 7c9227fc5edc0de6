/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef TESTS_TTY_KEYS_H
#define TESTS_TTY_KEYS_H

#include <stddef.h>

/**
 * @file keys.h  What a terminal sends for keys, as xterm has it.
 *
 * On purpose not made of the program's own tables: they are what is tested.
 *
 * Threads: any.    Blocks: never.
 */

/**
 * Text with keys in angle brackets: "ab<Enter><C-t><M-x><F2><S-Tab><C-Left>";
 * "<lt>" is "<".
 *
 * @param whatp  On error set to the key that is not known (within keys)
 *
 * @return bytes in out, 0: error
 */
size_t keys_bytes(char *out, size_t size, const char *keys, const char **whatp);

/** Bytes with \e \r \n \t \\ and \xNN; returns how many */
size_t keys_escaped(char *out, size_t size, const char *text);

#endif
