/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef UI_SEQUENCE_H
#define UI_SEQUENCE_H

#include <stddef.h>

#include "ui/input.h"

/**
 * @file sequence.h  What a control sequence of a terminal means.
 *
 * For the decoder, which finds where one begins and ends.
 *
 * Threads: any.    Blocks: never.
 */

/** The key of one byte of ASCII */
struct key key_of_byte(unsigned char b);

/**
 * Read a whole one, CSI or SS3 with its final byte.
 *
 * @param in  Gets what it means; raw only where it is not the bytes
 *
 * @return its type; INPUT_PASTE: a paste begins, INPUT_UNKNOWN
 */
enum input_type csi_read(struct input *in, const unsigned char *seq, size_t n);
enum input_type ss3_read(struct input *in, const unsigned char *seq, size_t n);

#endif
