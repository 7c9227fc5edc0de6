/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ui/input.h"

#include <stdlib.h>
#include <string.h>

#include "app/alloc.h"
#include "base/text.h"
#include "ui/sequence.h"

enum {
	ESC = 0x1b,
	SEQ_MAX = 64,      /* longer sequences are eaten, not understood */
	STRING_MAX = 4096, /* OSC, DCS, APC: then it was none            */
};

/* What step() says of a byte */
enum {
	TAKEN = 1 << 0, /* else it is to be given again      */
	READY = 1 << 1, /* *in holds something               */
};

/*
 * GROUND --ESC--> ESC --[--> CSI --M--> X10
 *    |             |---O--> SS3
 *    |             |-]P_--> STRING
 *    |             |------> ADDED (of terminfo, neither CSI nor SS3)
 *    '--lead byte--'------> CHAR
 * CSI --200~--> PASTE; all go back to GROUND with what they have made.
 */
enum state {
	GROUND,
	IN_CHAR,
	IN_ESC,
	IN_ADDED,
	IN_SS3,
	IN_CSI,
	IN_X10,
	IN_STRING,
	IN_PASTE,
};

struct utf8 {
	uint32_t code;
	unsigned more;          /* bytes to come         */
	unsigned char min, max; /* bounds of the next    */
	char bytes[5];
	unsigned n;
};

struct added {
	char seq[32];
	size_t len;
	struct key key;
};

struct decoder {
	uint32_t esc_ms;
	uint64_t last_ms; /* the last bytes came */

	unsigned char *bytes; /* [head, len) are to be looked at */
	size_t head, len, room;

	enum state state;
	unsigned char seq[SEQ_MAX]; /* the first bytes of what goes on */
	size_t seqn;
	size_t count; /* of a string, or to come of X10 */
	bool meta;    /* an ESC was before the character */
	bool after_esc;
	struct utf8 utf8;

	struct added *added;
	unsigned addedn;

	size_t marked; /* bytes of the end mark seen */
	size_t pasten;
	char paste[INPUT_PASTE_MAX];
	char clean[INPUT_PASTE_MAX + 1];
};

static const char paste_end[] = "\x1b[201~";

/* ---- UTF-8 ----------------------------------------------------------- */

/* false: no character begins with this */
static bool utf8_begin(struct utf8 *u, unsigned char b)
{
	unsigned more = b >= 0xf0 ? 3 : b >= 0xe0 ? 2 : 1;

	if (b < 0xc2 || b > 0xf4)
		return false;
	*u = (struct utf8){
		.code = b & (0x3fu >> more),
		.more = more,
		.min = b == 0xe0   ? 0xa0
		       : b == 0xf0 ? 0x90
				   : 0x80,
		.max = b == 0xed   ? 0x9f
		       : b == 0xf4 ? 0x8f
				   : 0xbf,
		.bytes = {(char)b},
		.n = 1,
	};

	return true;
}

/* false: it does not go on with this; whole when there is no more to come */
static bool utf8_more(struct utf8 *u, unsigned char b)
{
	if (b < u->min || b > u->max)
		return false;
	u->code = u->code << 6 | (b & 0x3fu);
	u->bytes[u->n++] = (char)b;
	u->min = 0x80;
	u->max = 0xbf;
	u->more--;

	return true;
}

/* ---- what comes out -------------------------------------------------- */

static void push(struct decoder *d, unsigned char b)
{
	if (d->seqn < SEQ_MAX)
		d->seq[d->seqn++] = b;
}

static unsigned out(struct decoder *d, struct input *in, enum input_type type)
{
	in->type = type;
	if (!in->rawlen) {
		in->rawlen =
			d->seqn < sizeof(in->raw) ? d->seqn : sizeof(in->raw);
		memcpy(in->raw, d->seq, in->rawlen);
	}
	d->state = GROUND;

	return TAKEN | READY;
}

static unsigned out_key(struct decoder *d, struct input *in, uint32_t code,
			unsigned mods)
{
	in->key = (struct key){.code = code, .mods = mods};

	return out(d, in, INPUT_KEY);
}

static unsigned out_byte(struct decoder *d, struct input *in, unsigned char b,
			 bool meta)
{
	struct key key = key_of_byte(b);

	return out_key(d, in, key.code, key.mods | (meta ? MOD_META : 0));
}

/* It will not become whole: two bytes were a key with Alt, more are lost */
static unsigned give_up(struct decoder *d, struct input *in)
{
	if (d->seqn == 2)
		(void)out_byte(d, in, d->seq[1], true);
	else
		(void)out(d, in, INPUT_UNKNOWN);

	return READY;
}

/* ---- control sequences ----------------------------------------------- */

/* rxvt's shifted keys end in a byte that ends no sequence elsewhere */
static bool is_shifted(const struct decoder *d)
{
	size_t i = 2;

	while (i < d->seqn - 1 && d->seq[i] >= '0' && d->seq[i] <= '9')
		i++;

	return i > 2 && i == d->seqn - 1 && d->seq[i] == '$';
}

static unsigned on_csi(struct decoder *d, struct input *in, unsigned char b)
{
	enum input_type type = INPUT_UNKNOWN;

	if (b < 0x20 || b > 0x7e)
		return give_up(d, in);
	push(d, b);
	if (d->seqn == 3 && b == '[')
		return TAKEN;
	if (d->seqn == 3 && b == 'M') {
		d->state = IN_X10;
		d->count = 3;
		return TAKEN;
	}
	if (b < 0x40 && !is_shifted(d))
		return TAKEN;
	if (d->seqn < SEQ_MAX)
		type = csi_read(in, d->seq, d->seqn);
	if (type == INPUT_PASTE) {
		d->state = IN_PASTE;
		d->pasten = d->marked = 0;
		d->utf8.more = 0;
		return TAKEN;
	}

	return out(d, in, type);
}

/* A mouse we did not ask for: three bytes that must not become keys */
static unsigned on_x10(struct decoder *d, struct input *in, unsigned char b)
{
	if (b < 0x20)
		return give_up(d, in);
	push(d, b);

	return --d->count ? TAKEN : out(d, in, INPUT_UNKNOWN);
}

static unsigned on_ss3(struct decoder *d, struct input *in, unsigned char b)
{
	enum input_type type = INPUT_UNKNOWN;

	if (b < '0' || b > 0x7e || (b < 0x40 && b > '9' && b != ';'))
		return give_up(d, in);
	push(d, b);
	if (b < 0x40)
		return TAKEN;
	if (d->seqn < SEQ_MAX)
		type = ss3_read(in, d->seq, d->seqn);

	return out(d, in, type);
}

/* ---- strings and pastes ---------------------------------------------- */

static unsigned on_string(struct decoder *d, struct input *in, unsigned char b)
{
	if (d->after_esc && b != '\\') {
		/* that ESC was the end, and the begin of something else */
		(void)out(d, in, INPUT_UNKNOWN);
		d->seq[0] = ESC;
		d->seqn = 1;
		d->state = IN_ESC;
		return READY;
	}
	push(d, b);
	if (d->after_esc || b == 0x07 || b == 0x18 || b == 0x1a ||
	    ++d->count == STRING_MAX)
		return out(d, in, INPUT_UNKNOWN);
	d->after_esc = b == ESC;

	return TAKEN;
}

static void paste_add(struct decoder *d, const char *bytes, size_t n)
{
	if (n <= sizeof(d->paste) - d->pasten) {
		memcpy(d->paste + d->pasten, bytes, n);
		d->pasten += n;
	}
}

static void paste_byte(struct decoder *d, unsigned char b)
{
	struct utf8 *u = &d->utf8;
	char c = (char)b;

	if (u->more && utf8_more(u, b)) {
		if (!u->more && u->code >= 0xa0)
			paste_add(d, u->bytes, u->n);
		return;
	}
	u->more = 0;
	if (b >= 0x80) {
		(void)utf8_begin(u, b); /* else it is left out */
		return;
	}
	if (b == '\t' || b == '\n' || b == '\r')
		c = ' ';
	if (c >= ' ' && c < 0x7f)
		paste_add(d, &c, 1);
}

static unsigned paste_done(struct decoder *d, struct input *in)
{
	d->state = GROUND;
	text_clean(d->clean, sizeof(d->clean), d->paste, d->pasten);
	in->paste = d->clean;
	in->pastelen = strlen(d->clean);
	if (!in->pastelen)
		return TAKEN;
	in->type = INPUT_PASTE;

	return TAKEN | READY;
}

static unsigned on_paste(struct decoder *d, struct input *in, unsigned char b)
{
	if (b == (unsigned char)paste_end[d->marked]) {
		if (!paste_end[++d->marked])
			return paste_done(d, in);
		return TAKEN;
	}
	for (size_t i = 0; i < d->marked; i++)
		paste_byte(d, (unsigned char)paste_end[i]);
	d->marked = b == ESC;
	if (!d->marked)
		paste_byte(d, b);

	return TAKEN;
}

/* ---- one byte -------------------------------------------------------- */

/* The sequence, with one byte more: is it one of terminfo, or a part? */
static const struct added *find_added(const struct decoder *d, unsigned char b,
				      bool *partp)
{
	*partp = false;
	for (unsigned i = 0; i < d->addedn; i++) {
		const struct added *a = &d->added[i];

		if (a->len <= d->seqn || memcmp(a->seq, d->seq, d->seqn) ||
		    (unsigned char)a->seq[d->seqn] != b)
			continue;
		if (a->len == d->seqn + 1)
			return a;
		*partp = true;
	}

	return NULL;
}

static unsigned on_char(struct decoder *d, struct input *in, unsigned char b)
{
	if (b < 0x80)
		return out_byte(d, in, b, d->meta);
	d->state = utf8_begin(&d->utf8, b) ? IN_CHAR : GROUND;

	return TAKEN;
}

static unsigned on_char_more(struct decoder *d, struct input *in,
			     unsigned char b)
{
	if (!utf8_more(&d->utf8, b)) {
		d->state = GROUND;
		return 0;
	}
	push(d, b);
	if (d->utf8.more)
		return TAKEN;
	if (d->utf8.code >= 0xa0)
		return out_key(d, in, d->utf8.code, d->meta ? MOD_META : 0);
	d->state = GROUND; /* C1: not a key, and would steer a terminal */

	return TAKEN;
}

static unsigned on_esc(struct decoder *d, struct input *in, unsigned char b)
{
	if (b == ESC) {
		/* the first was the key; what the second is will be seen */
		(void)out_byte(d, in, ESC, false);
		d->state = IN_ESC;
		return TAKEN | READY;
	}
	push(d, b);
	d->count = 0;
	d->after_esc = false;
	switch (b) {
	case '[':
		d->state = IN_CSI;
		return TAKEN;
	case 'O':
		d->state = IN_SS3;
		return TAKEN;
	case ']':
	case 'P':
	case '_':
		d->state = IN_STRING;
		return TAKEN;
	default:
		d->meta = true;
		return on_char(d, in, b);
	}
}

static unsigned on_ground(struct decoder *d, struct input *in, unsigned char b)
{
	d->seq[0] = b;
	d->seqn = 1;
	d->meta = false;
	if (b == ESC) {
		d->state = IN_ESC;
		return TAKEN;
	}

	return on_char(d, in, b);
}

static unsigned step(struct decoder *d, struct input *in, unsigned char b)
{
	const struct added *a;
	bool part;

	if (d->state >= IN_ESC && d->state <= IN_CSI) {
		a = find_added(d, b, &part);
		if (a) {
			push(d, b);
			return out_key(d, in, a->key.code, a->key.mods);
		}
		if (part && (d->state == IN_ADDED ||
			     (d->state == IN_ESC && b != '[' && b != 'O'))) {
			push(d, b);
			d->state = IN_ADDED;
			return TAKEN;
		}
	}

	switch (d->state) {
	case IN_CHAR:
		return on_char_more(d, in, b);
	case IN_ESC:
		return on_esc(d, in, b);
	case IN_ADDED:
		return give_up(d, in);
	case IN_SS3:
		return on_ss3(d, in, b);
	case IN_CSI:
		return on_csi(d, in, b);
	case IN_X10:
		return on_x10(d, in, b);
	case IN_STRING:
		return on_string(d, in, b);
	case IN_PASTE:
		return on_paste(d, in, b);
	case GROUND:
		break;
	}

	return on_ground(d, in, b);
}

/* ---- time ------------------------------------------------------------ */

/* How long what is under way may wait for more [ms]; false: for ever */
static bool patience(const struct decoder *d, uint32_t *msp)
{
	switch (d->state) {
	case GROUND:
	case IN_CHAR:
		return false;
	case IN_ESC:
		*msp = d->esc_ms;
		return true;
	case IN_PASTE:
		*msp = INPUT_PASTE_MS;
		return true;
	case IN_STRING:
		*msp = d->count ? INPUT_PASTE_MS : INPUT_SEQ_MS;
		return true;
	default:
		*msp = INPUT_SEQ_MS;
		return true;
	}
}

int decoder_timeout_ms(const struct decoder *d, uint64_t now_ms)
{
	uint64_t end;
	uint32_t ms;

	if (d->head < d->len)
		return 0;
	if (!patience(d, &ms))
		return -1;
	end = d->last_ms + ms;

	return end > now_ms ? (int)(end - now_ms) : 0;
}

static bool expire(struct decoder *d, struct input *in)
{
	if (d->state == IN_PASTE)
		return paste_done(d, in) & READY;
	if (d->state == IN_ESC)
		return out_byte(d, in, ESC, false) & READY;

	return give_up(d, in) & READY;
}

/* ---- the decoder ----------------------------------------------------- */

void decoder_new(struct decoder **dp, uint32_t esc_ms)
{
	struct decoder *d = alloc_zero(sizeof(*d));

	d->esc_ms = esc_ms;
	*dp = d;
}

void decoder_free(struct decoder *d)
{
	if (!d)
		return;
	free(d->bytes);
	free(d->added);
	free(d);
}

/* Is it whole, as the states above see it? */
static bool can_be_added(const unsigned char *s, size_t n)
{
	size_t i = 2;

	if (n < 2 || s[0] != ESC || s[1] == ESC || strchr("]P_", s[1]))
		return false;
	if (s[1] != '[' && s[1] != 'O')
		return true;
	if (n < 3 || (n == 3 && s[1] == '[' && (s[2] == 'M' || s[2] == '[')))
		return false;
	if (s[1] == '[' && s[2] == '[')
		return n == 4;
	while (i < n - 1 && s[i] >= 0x20 && s[i] < 0x40)
		i++;

	return i == n - 1 && (s[i] >= 0x40 || s[i] == '$');
}

bool decoder_add(struct decoder *d, const char *seq, const struct key *key)
{
	struct added a = {.len = strlen(seq), .key = *key};

	if (text_copy(a.seq, sizeof(a.seq), seq) ||
	    !can_be_added((const unsigned char *)seq, a.len))
		return false;
	for (unsigned i = 0; i < d->addedn; i++) {
		struct added *b = &d->added[i];

		if (strcmp(b->seq, a.seq) == 0) {
			b->key = *key;
			return true;
		}
		if (text_begins(b->seq, a.seq) || text_begins(a.seq, b->seq))
			return false;
	}
	d->added = alloc_grow(d->added, d->addedn + 1, sizeof(a));
	d->added[d->addedn++] = a;

	return true;
}

void decoder_feed(struct decoder *d, const void *bytes, size_t n,
		  uint64_t now_ms)
{
	if (!n)
		return;
	d->last_ms = now_ms;
	if (d->head == d->len)
		d->head = d->len = 0;
	if (n > d->room - d->len) {
		d->room = d->len + n;
		d->bytes = alloc_grow(d->bytes, d->room, 1);
	}
	memcpy(d->bytes + d->len, bytes, n);
	d->len += n;
}

bool decoder_next(struct decoder *d, struct input *in, uint64_t now_ms)
{
	*in = (struct input){0};
	while (d->head < d->len) {
		unsigned said = step(d, in, d->bytes[d->head]);

		if (said & TAKEN)
			d->head++;
		if (said & READY)
			return true;
	}

	/* bytes that have come count before time that has passed: what was
	 * read late was not typed late */
	return decoder_timeout_ms(d, now_ms) == 0 && expire(d, in);
}
