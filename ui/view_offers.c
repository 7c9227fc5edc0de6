/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "base/text.h"
#include "ui/view.h"

/* What completion offers: a list that stands on the command line. */

enum { OFFERS_ROWS = 10, TEXT_COLS = 28, HELP_COLS = 44 };

void view_offers(struct canvas *c, struct rect r, const struct desk *d)
{
	const struct candidates *o = &d->offers;
	const int room = r.y - 3 < OFFERS_ROWS ? r.y - 3 : OFFERS_ROWS;
	const int h = (int)o->n < room ? (int)o->n : room;
	int text_w = 0, help_w = 0, w;
	unsigned first;

	for (unsigned i = 0; i < o->n; i++) {
		const int tw = (int)text_width(o->v[i].text);
		const int hw = (int)text_width(o->v[i].help);

		text_w = tw > text_w ? tw : text_w;
		help_w = hw > help_w ? hw : help_w;
	}
	text_w = text_w < TEXT_COLS ? text_w : TEXT_COLS;
	help_w = help_w < HELP_COLS ? help_w : HELP_COLS;
	w = text_w + help_w + (help_w ? 4 : 2);
	if (w > r.w)
		w = r.w;
	if (h < 1)
		return;
	first = view_first(o->n, d->offer < o->n ? d->offer : 0, h);
	for (int i = 0; i < h; i++) {
		const unsigned at = first + (unsigned)i;
		const struct rect row = {r.y - h + i, r.x, 1, w};

		canvas_fill(c, row, role("title"));
		canvas_text(c, row.y, row.x + 1, text_w, role("title"),
			    o->v[at].text);
		canvas_text(c, row.y, row.x + text_w + 3, w - text_w - 4,
			    role("title"), o->v[at].help);
		if (at == d->offer)
			canvas_role(c, row, role("select"));
	}
}
