/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "app/directory_priv.h"
#include "base/text.h"

enum {
	WORDS_MAX = 8,
	INFIX_MIN = 2, /* digits that are looked for inside a number */
};

/* One word of what was typed */
struct word {
	struct letter letters[TYPED_MAX + 1];
	unsigned n;
	char number[URI_MAX]; /* as address_key() has it */
};

struct typed {
	struct word v[WORDS_MAX];
	unsigned n;
};

static void take_words(struct typed *t, const char *typed)
{
	char clean[URI_MAX], *save = NULL;

	text_clean(clean, sizeof(clean), typed, strlen(typed));
	t->n = 0;
	for (char *w = strtok_r(clean, " ", &save); w && t->n < WORDS_MAX;
	     w = strtok_r(NULL, " ", &save)) {
		struct word *to = &t->v[t->n++];
		struct address_key key;

		to->n = match_fold(to->letters, TYPED_MAX + 1, w);
		address_key(&key, w);
		text_cut(to->number, sizeof(to->number),
			 key.user[0] ? key.user : w);
	}
}

/* How one word is found; 0: not at all */
static int fits(const struct entry *e, const struct word *w, int *scorep,
		uint64_t *marks)
{
	const char *at;

	*scorep = 0;
	if (match_word(w->letters, w->n, e->letters, e->letterc, marks))
		return MATCH_WORD;
	at = strstr(e->user, w->number);
	if (at == e->user) {
		*scorep = strcmp(e->user, w->number) == 0 ? 2 : 1;
		return MATCH_NUMBER;
	}
	if (at && e->number && strlen(w->number) >= INFIX_MIN)
		return MATCH_NUMBER;
	*scorep =
		match_letters(w->letters, w->n, e->letters, e->letterc, marks);

	return *scorep < 0 ? 0 : MATCH_IN_ORDER;
}

/* Find all words, mark what matched; false: one is not there */
static bool find(struct match *m, const struct entry *e, const struct typed *t,
		 bool mark)
{
	int worst = MATCH_WORD;

	m->score = 0;
	m->marks = 0;
	for (unsigned i = 0; i < t->n; i++) {
		int score, how = fits(e, &t->v[i], &score,
				      mark ? &m->marks : NULL);

		if (!how)
			return false;
		worst = how < worst ? how : worst;
		m->score += score;
	}
	m->how = (enum match_how)worst;

	return true;
}

static bool better(const struct directory *d, const struct match *a,
		   const struct match *b)
{
	uint64_t used_a = d->v[a->index]->c.used_ms;
	uint64_t used_b = d->v[b->index]->c.used_ms;

	if (a->how != b->how)
		return a->how > b->how;
	if (a->score != b->score)
		return a->score > b->score;

	return used_a != used_b ? used_a > used_b : a->index < b->index;
}

unsigned directory_search(const struct directory *d, const char *typed,
			  struct match *v, unsigned max, unsigned *allp)
{
	unsigned n = 0, all = 0;
	struct typed t;

	take_words(&t, typed);
	for (unsigned i = 0; i < d->n; i++) {
		struct match m = {.index = i};
		unsigned at = n;

		if (!find(&m, d->v[i], &t, false))
			continue;
		all++;
		while (at > 0 && better(d, &m, &v[at - 1]))
			at--;
		if (at == max)
			continue;
		n += n < max;
		memmove(&v[at + 1], &v[at], (n - at - 1) * sizeof(m));
		v[at] = m;
	}
	for (unsigned i = 0; i < n; i++)
		(void)find(&v[i], d->v[v[i].index], &t, true); /* it is */
	*allp = all;

	return n;
}

/* ---- whom is meant ------------------------------------------------------- */

/* 2: his whole name, 1: his words begin so */
static int named(const struct entry *e, const struct typed *t,
		 const struct word *whole)
{
	bool same = whole->n == e->letterc;

	for (unsigned i = 0; same && i < whole->n; i++)
		same = whole->letters[i].c == e->letters[i].c;
	if (same)
		return 2;
	for (unsigned i = 0; i < t->n; i++) {
		if (!match_word(t->v[i].letters, t->v[i].n, e->letters,
				e->letterc, NULL))
			return 0;
	}

	return 1;
}

/* An address is meant as it stands, and so is what is somebody's number */
static bool is_address(const struct directory *d, const char *typed)
{
	const struct contact *c = directory_by_address(d, typed);
	struct address_key key;

	address_key(&key, typed);

	return key.number || strpbrk(typed, "@:") ||
	       (c && strcmp(c->number, typed) == 0);
}

int directory_target(const struct directory *d, const char *typed, char *dst,
		     size_t size, char *why, size_t whysize)
{
	const struct entry *found = NULL, *other = NULL;
	struct address_key key;
	struct word whole;
	struct typed t;
	int best = 1;

	take_words(&t, typed);
	whole.n = match_fold(whole.letters, TYPED_MAX + 1, typed);
	if (is_address(d, typed))
		t.n = 0;
	for (unsigned i = 0; t.n && i < d->n; i++) {
		int how = named(d->v[i], &t, &whole);

		if (how < best)
			continue;
		if (how > best)
			found = other = NULL;
		best = how;
		if (!found) {
			found = d->v[i];
			address_key(&key, found->c.number);
		} else if (!other && !directory_same(d->v[i], &key)) {
			other = d->v[i];
		}
	}
	if (other) {
		snprintf(why, whysize,
			 "'%s' may be %s (%s) or %s (%s); type more of the "
			 "name, or the number",
			 typed, found->c.name, found->c.number, other->c.name,
			 other->c.number);
		return EINVAL;
	}
	if (!text_copy(dst, size, found ? found->c.number : typed))
		return 0;
	snprintf(why, whysize, "the address is too long");

	return EOVERFLOW;
}
