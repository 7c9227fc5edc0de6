/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef APP_VCARD_H
#define APP_VCARD_H

#include <stdbool.h>
#include <stddef.h>

#include "app/contact.h"

/**
 * @file vcard.h  A directory as vCards (RFC 2426 and 6350; 2.1 as phones
 *                write it).
 *
 * A card gives an entry for each number that can be talked to: TEL that is no
 * fax, and IMPP or URL with sip:.  One without is passed over.
 *
 * Threads: any.    Blocks: never.
 */

/** Is this text vCards? */
bool vcard_is(const char *text, size_t len);

/** Read a file's text (UTF-8, without byte order mark) */
void vcard_read(const char *text, size_t len, const struct contact_sink *sink);

#endif
