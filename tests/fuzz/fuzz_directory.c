/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A file of a directory, as CSV and as vCards */
#include "app/csv.h"
#include "app/vcard.h"
#include "base/text.h"
#include "tests/fuzz/fuzz.h"

struct seen {
	unsigned lines; /* of the whole input                   */
	unsigned n;     /* entries                              */
	FILE *again;    /* where they are written, or NULL      */
	struct contact last;
};

static void on_contact(const struct contact *c, unsigned line, void *arg)
{
	struct seen *s = arg;

	CHECK(line >= 1 && line <= s->lines);
	CHECK(*c->name && *c->number && !c->used_ms);
	CHECK(text_is_clean(c->name) && text_is_clean(c->number));
	CHECK(text_is_clean(c->department) && text_is_clean(c->note));
	CHECK(!contact_wrong(c, false));
	s->n++;
	s->last = *c;
	if (s->again)
		csv_write(s->again, c);
}

static void on_wrong(unsigned line, const char *why, void *arg)
{
	const struct seen *s = arg;

	CHECK(line >= 1 && line <= s->lines);
	CHECK(*why && text_is_clean(why));
}

static void on_wrong_again(unsigned line, const char *why, void *arg)
{
	(void)line, (void)why;
	CHECK(!arg); /* what we write is right */
}

/* What was written is read the same, and nothing of it is lost */
static void check_again(const char *text, size_t len, const struct seen *s)
{
	struct seen again = {.lines = s->n + 1};
	const struct contact_sink sink = {on_contact, on_wrong_again,
					  on_wrong_again, &again};

	csv_read(text, len, &sink);
	CHECK(again.n == s->n);
	CHECK(!s->n || !memcmp(&again.last, &s->last, sizeof(again.last)));
}

static void check(const char *data, size_t size, unsigned lines,
		  void (*read)(const char *, size_t,
			       const struct contact_sink *))
{
	struct seen s = {.lines = lines};
	const struct contact_sink sink = {on_contact, on_wrong, on_wrong, &s};
	char *text = NULL;
	size_t len = 0;

	s.again = open_memstream(&text, &len);
	CHECK(s.again);
	csv_head(s.again);
	read(data, size, &sink);
	CHECK(!fclose(s.again));
	check_again(text, len, &s);
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_bytes(data, size);
	unsigned lines = 1;

	for (size_t i = 0; i < size; i++)
		lines += text[i] == '\n' || text[i] == '\r';
	(void)vcard_is(text, size);
	check(text, size, lines, csv_read);
	check(text, size, lines, vcard_read);
	free(text);

	return 0;
}
