/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/vcard.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "app/alloc.h"

enum {
	VALUE_MAX = 65536, /* of one property, unfolded      */
	NUMBERS_MAX = 16,  /* of one card                    */
	RAW_MAX = 512,     /* of a text before it is cleaned */
};

struct prop {
	char name[16];   /* in capitals                        */
	char types[128]; /* " WORK VOICE "                     */
	bool fax;        /* and other things that do not talk  */
	bool packed;     /* in an encoding that is not read    */
	bool qp;
	char *value;
	size_t len;
};

struct card {
	unsigned line;
	bool open, bad;
	char fn[RAW_MAX], n[RAW_MAX], unit[RAW_MAX], note[RAW_MAX];
	struct number {
		char text[RAW_MAX];
		char type[16];
		unsigned line;
	} numbers[NUMBERS_MAX];
	unsigned numberc;
};

struct vcard {
	const char *p, *end;
	unsigned line;  /* of p */
	unsigned first; /* where the logical line began */
	char *buf;      /* the logical line, terminated */
	size_t len, size;
	bool cut;
	const struct contact_sink *sink;
	struct card card;
};

static void wrong(const struct vcard *v, unsigned line, const char *why)
{
	v->sink->wrong(line, why, v->sink->arg);
}

/* ---- lines --------------------------------------------------------------- */

static void put(struct vcard *v, const char *s, size_t n)
{
	if (v->len + n > VALUE_MAX) {
		v->cut = true;
		n = VALUE_MAX - v->len;
	}
	if (v->len + n + 1 > v->size) {
		v->size = 2 * (v->len + n + 1);
		v->buf = alloc_grow(v->buf, v->size, 1);
	}
	memcpy(v->buf + v->len, s, n);
	v->len += n;
	v->buf[v->len] = '\0';
}

/* In 2.1 a line of quoted-printable ends with = when it goes on */
static bool goes_on(struct vcard *v)
{
	size_t head = strcspn(v->buf, ":");

	if (!v->len || v->buf[v->len - 1] != '=' || v->cut ||
	    memchr(v->buf, '\0', head))
		return false;
	for (size_t i = 0; i < head; i++) {
		if (strncasecmp(v->buf + i, "QUOTED-PRINTABLE", 16) == 0)
			return true;
	}

	return false;
}

/* The next logical line: what is folded is one */
static bool next_line(struct vcard *v)
{
	bool more = true;

	if (v->p == v->end)
		return false;
	v->first = v->line;
	v->len = 0;
	v->cut = false;
	while (more) {
		size_t left = (size_t)(v->end - v->p);
		const char *nl = memchr(v->p, '\n', left);
		size_t len = nl ? (size_t)(nl - v->p) : left;
		size_t text = len && v->p[len - 1] == '\r' ? len - 1 : len;

		put(v, v->p, text);
		v->p += len + (nl ? 1 : 0);
		v->line++;
		more = false;
		if (v->p == v->end)
			break;
		if (*v->p == ' ' || *v->p == '\t') {
			v->p++;
			more = true;
		} else if (goes_on(v)) {
			v->len--;
			more = true;
		}
	}

	return true;
}

/* ---- properties ---------------------------------------------------------- */

static int hex(char c)
{
	const char *digits = "0123456789ABCDEF";
	const char *at = c ? strchr(digits, c & ~(c >= 'a' ? 0x20 : 0)) : NULL;

	return at ? (int)(at - digits) : -1;
}

static void unquote_printable(struct prop *p)
{
	size_t n = 0;

	for (size_t i = 0; i < p->len; i++) {
		char c = p->value[i];

		if (c == '=' && i + 2 < p->len && hex(p->value[i + 1]) >= 0 &&
		    hex(p->value[i + 2]) >= 0) {
			c = (char)(hex(p->value[i + 1]) << 4 |
				   hex(p->value[i + 2]));
			i += 2;
		}
		p->value[n++] = c;
	}
	p->len = n;
	p->value[n] = '\0';
}

static bool is_word(const char *s, size_t n, const char *word)
{
	return n == strlen(word) && strncasecmp(s, word, n) == 0;
}

static void add_type(struct prop *p, const char *s, size_t n)
{
	size_t len = strlen(p->types);

	if (len + n + 2 < sizeof(p->types))
		snprintf(p->types + len, sizeof(p->types) - len, "%s%.*s ",
			 len ? "" : " ", (int)n, s);
}

/* TYPE=work,voice, TYPE="work,voice", and the bare WORK of 2.1 */
static void param(struct prop *p, const char *s, size_t n)
{
	const char *eq = memchr(s, '=', n);
	size_t name = eq ? (size_t)(eq - s) : 0;

	if (eq) {
		n -= name + 1;
		s += name + 1;
	}
	if (eq && is_word(eq - name, name, "ENCODING")) {
		p->qp = is_word(s, n, "QUOTED-PRINTABLE");
		p->packed = !p->qp && !is_word(s, n, "8BIT") &&
			    !is_word(s, n, "7BIT");
		return;
	}
	if (eq && !is_word(eq - name, name, "TYPE"))
		return;
	if (!eq && is_word(s, n, "QUOTED-PRINTABLE"))
		p->qp = true;
	while (n) {
		size_t len = 0;

		while (len < n && s[len] != ',' && s[len] != '"')
			len++;
		if (len)
			add_type(p, s, len);
		len += len < n;
		s += len;
		n -= len;
	}
}

static bool has_type(const struct prop *p, const char *type)
{
	char word[32];

	snprintf(word, sizeof(word), " %s ", type);

	return strcasestr(p->types, word) != NULL;
}

/* [GROUP.]NAME[;PARAM...]:VALUE; false: it is none */
static bool take_apart(struct prop *p, char *line, size_t len)
{
	size_t colon = 0, begin = 0, name;
	bool inside = false;

	*p = (struct prop){0};
	while (colon < len && (line[colon] != ':' || inside))
		inside ^= line[colon++] == '"';
	if (colon == len)
		return false;
	p->value = line + colon + 1;
	p->len = len - colon - 1;
	name = strcspn(line, ";:");
	for (size_t i = 0; i < name; i++)
		if (line[i] == '.')
			begin = i + 1;
	if (name - begin < sizeof(p->name))
		for (size_t i = begin; i < name; i++)
			p->name[i - begin] =
				(char)(line[i] & ~(line[i] >= 'a' ? 0x20 : 0));
	inside = false;
	for (size_t at = name; at < colon;) {
		size_t end = ++at;

		while (end < colon && (line[end] != ';' || inside))
			inside ^= line[end++] == '"';
		param(p, line + at, end - at);
		at = end;
	}
	p->fax = (has_type(p, "FAX") && !has_type(p, "VOICE")) ||
		 has_type(p, "PAGER") || has_type(p, "MODEM");

	return true;
}

/* ---- values -------------------------------------------------------------- */

/* Part i of a value with ; between its parts (-1: all of it), unescaped */
static void part(char *dst, size_t size, const char *s, size_t len, int i)
{
	size_t n = 0;
	int at = 0;

	for (size_t k = 0; k < len && n + 1 < size; k++) {
		char c = s[k];

		if (c == '\\' && k + 1 < len) {
			c = s[++k];
			c = c == 'n' || c == 'N' ? ' ' : c;
		} else if (c == ';' && i >= 0) {
			at++;
			continue;
		} else if (c == ',' && i >= 0) {
			c = ' ';
		}
		if (i < 0 || at == i)
			dst[n++] = c;
	}
	dst[n] = '\0';
}

/* Family;Given;Additional;Prefixes;Suffixes as it is spoken */
static void spoken(char *dst, size_t size, const char *s, size_t len)
{
	static const int order[] = {3, 1, 2, 0, 4};
	char one[RAW_MAX];
	size_t n = 0;

	dst[0] = '\0';
	for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
		part(one, sizeof(one), s, len, order[i]);
		if (one[0] && n < size)
			n += (size_t)snprintf(dst + n, size - n, "%s%s",
					      n ? " " : "", one);
	}
}

/* What kind of number it is, for the note of who has several */
static const char *kind(const struct prop *p)
{
	static const char *const kinds[] = {"cell", "work", "home", "car",
					    "main"};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (has_type(p, kinds[i]))
			return kinds[i];

	return "";
}

static void number(struct vcard *v, const struct prop *p)
{
	struct card *card = &v->card;
	struct number *to = &card->numbers[card->numberc];
	char text[RAW_MAX], *s = text;

	part(text, sizeof(text), p->value, p->len, -1);
	s += strspn(s, " ");
	if (!*s || p->fax)
		return;
	if (strcmp(p->name, "TEL") != 0 && strncasecmp(s, "sip:", 4) != 0 &&
	    strncasecmp(s, "sips:", 5) != 0)
		return;
	/* a plain number is nicer to read; with parameters it is more */
	if (strncasecmp(s, "tel:", 4) == 0 && !strchr(s, ';'))
		s += 4;
	if (card->numberc == NUMBERS_MAX) {
		v->sink->lost(v->first, "one number of too many", v->sink->arg);
		return;
	}
	snprintf(to->text, sizeof(to->text), "%s", s);
	snprintf(to->type, sizeof(to->type), "%s", kind(p));
	to->line = v->first;
	card->numberc++;
}

/* ---- cards --------------------------------------------------------------- */

static void set_note(struct contact *c, const struct card *card,
		     const char *type)
{
	char note[RAW_MAX + 32];

	if (card->numberc < 2)
		type = "";
	snprintf(note, sizeof(note), "%s%s%s", type,
		 type[0] && card->note[0] ? ", " : "", card->note);
	contact_set(c, CONTACT_NOTE, note, strlen(note));
}

static void finish(struct vcard *v)
{
	struct card *card = &v->card;
	const char *name = card->fn[0] ? card->fn : card->n;

	for (unsigned i = 0; i < card->numberc && !card->bad; i++) {
		const struct number *from = &card->numbers[i];
		struct contact c = {0};
		const char *why;
		bool cut;

		contact_set(&c, CONTACT_NAME, name, strlen(name));
		contact_set(&c, CONTACT_DEPARTMENT, card->unit,
			    strlen(card->unit));
		set_note(&c, card, from->type);
		cut = contact_set(&c, CONTACT_NUMBER, from->text,
				  strlen(from->text));
		why = contact_wrong(&c, cut);
		if (!c.name[0]) {
			wrong(v, card->line, "a card without a name");
			break;
		}
		if (why)
			wrong(v, from->line, why);
		else
			v->sink->contact(&c, from->line, v->sink->arg);
	}
	card->open = false;
}

static void begin(struct vcard *v)
{
	if (v->card.open) {
		wrong(v, v->card.line, "a card has no END:VCARD");
		finish(v);
	}
	memset(&v->card, 0, sizeof(v->card));
	v->card.open = true;
	v->card.line = v->first;
}

static void version(struct vcard *v, const struct prop *p)
{
	char value[16];

	part(value, sizeof(value), p->value, p->len, -1);
	if (strcmp(value, "2.1") == 0 || strcmp(value, "3.0") == 0 ||
	    strcmp(value, "4.0") == 0)
		return;
	v->card.bad = true;
	wrong(v, v->first, "vCards are 3.0 or 4.0");
}

static const char *const ours[] = {"FN",  "N",    "TEL", "IMPP",
				   "URL", "NOTE", "ORG"};

static bool is_ours(const struct prop *p)
{
	for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++)
		if (strcmp(ours[i], p->name) == 0)
			return true;

	return false;
}

/* Can its value be read?  Else that is told. */
static bool readable(const struct vcard *v, const struct prop *p)
{
	char why[CONTACT_WHY_MAX];
	size_t bad = contact_not_utf8(p->value, p->len);

	if (v->cut) {
		wrong(v, v->first, "the line is too long");
	} else if (p->packed) {
		wrong(v, v->first, "an encoding that is not read here");
	} else if (memchr(p->value, '\0', p->len)) {
		wrong(v, v->first, "there is a NUL byte in it");
	} else if (bad < p->len) {
		snprintf(why, sizeof(why),
			 "byte %zu of the value (0x%02x) is not UTF-8, perhaps "
			 "Latin-1; save the file as UTF-8",
			 bad + 1, (unsigned char)p->value[bad]);
		wrong(v, v->first, why);
	} else {
		return true;
	}

	return false;
}

static void take(struct vcard *v, struct prop *p)
{
	struct card *card = &v->card;
	char org[RAW_MAX];

	if (strcmp(p->name, "VERSION") == 0) {
		version(v, p);
		return;
	}
	if (!is_ours(p))
		return;
	if (p->qp)
		unquote_printable(p);
	if (!readable(v, p))
		return;
	switch (p->name[0]) {
	case 'F':
		if (!card->fn[0])
			part(card->fn, sizeof(card->fn), p->value, p->len, -1);
		break;
	case 'O':
		part(org, sizeof(org), p->value, p->len, 1);
		if (!card->unit[0])
			snprintf(card->unit, sizeof(card->unit), "%s", org);
		break;
	case 'N':
		if (p->name[1])
			part(card->note, sizeof(card->note), p->value, p->len,
			     -1);
		else
			spoken(card->n, sizeof(card->n), p->value, p->len);
		break;
	default:
		number(v, p);
		break;
	}
}

bool vcard_is(const char *text, size_t len)
{
	while (len && strchr(" \t\r\n", *text) && *text) {
		text++;
		len--;
	}

	return len >= 11 && strncasecmp(text, "BEGIN:VCARD", 11) == 0;
}

void vcard_read(const char *text, size_t len, const struct contact_sink *sink)
{
	struct vcard *v = alloc_zero(sizeof(*v));
	struct prop p;

	*v = (struct vcard){
		.p = text, .end = text + len, .line = 1, .sink = sink};
	while (next_line(v)) {
		if (strspn(v->buf, " \t") == v->len)
			continue;
		if (strncasecmp(v->buf, "BEGIN:VCARD", 11) == 0)
			begin(v);
		else if (strncasecmp(v->buf, "END:VCARD", 9) == 0 &&
			 v->card.open)
			finish(v);
		else if (!v->card.open)
			wrong(v, v->first, "it stands outside of a card");
		else if (take_apart(&p, v->buf, v->len))
			take(v, &p);
		else
			wrong(v, v->first, "it is no NAME:VALUE");
	}
	if (v->card.open) {
		wrong(v, v->card.line, "a card has no END:VCARD");
		finish(v);
	}
	free(v->buf);
	free(v);
}
