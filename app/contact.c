/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/contact.h"

#include <string.h>

#include "app/address.h"
#include "base/text.h"

/* What stands in a text for what was harmful in it */
#define REPLACED "\xef\xbf\xbd"

bool contact_set(struct contact *c, enum contact_field field, const char *s,
		 size_t len)
{
	char *const fields[] = {c->name, c->number, c->department, c->note};
	static const size_t sizes[] = {
		sizeof(c->name),
		sizeof(c->number),
		sizeof(c->department),
		sizeof(c->note),
	};
	char clean[8 * NAME_MAX_LEN], *p = clean;
	size_t n;

	text_clean(clean, sizeof(clean), s, len);
	p += *p == ' ';
	n = strlen(p);
	n -= n && p[n - 1] == ' ';
	p[n] = '\0';
	text_cut(fields[field], sizes[field], p);
	p = fields[field];
	/* it may have been cut behind a blank */
	len = strlen(p);
	if (len && p[len - 1] == ' ')
		p[len - 1] = '\0';

	return n >= sizes[field];
}

const char *contact_wrong(const struct contact *c, bool cut)
{
	const char *why;

	if (!c->number[0])
		return c->name[0] ? "the number is empty"
				  : "name and number are empty";
	if (!c->name[0])
		return "the name is empty";
	if (cut)
		return "the number is too long";
	if (strstr(c->number, REPLACED))
		return "the number has characters that cannot be in one";
	if (address_check(c->number, &why))
		return why;

	return NULL;
}

size_t contact_not_utf8(const char *s, size_t len)
{
	size_t i = 0;

	while (i < len) {
		unsigned char lead = (unsigned char)s[i];
		unsigned char min = lead == 0xe0   ? 0xa0
				    : lead == 0xf0 ? 0x90
						   : 0x80;
		unsigned char max = lead == 0xed   ? 0x9f
				    : lead == 0xf4 ? 0x8f
						   : 0xbf;
		size_t tail = lead < 0x80    ? 0
			      : lead >= 0xf0 ? 3
			      : lead >= 0xe0 ? 2
					     : 1;

		if ((lead >= 0x80 && lead < 0xc2) || lead > 0xf4 ||
		    len - i <= tail)
			return i;
		for (size_t k = 1; k <= tail; k++) {
			unsigned char c = (unsigned char)s[i + k];

			if (c < min || c > max)
				return i;
			min = 0x80;
			max = 0xbf;
		}
		i += tail + 1;
	}

	return len;
}
