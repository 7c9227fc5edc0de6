/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/post.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	PIPE_SIZE = 1 << 20,
	BUCKETS_MIN = 64,
	BUCKETS_KEPT = 1024, /* more are given back when the outbox is empty */
};

/* A record in the outbox */
struct waiting {
	struct waiting *next;  /* in the order of posting */
	struct waiting *chain; /* next of the same bucket */
	uint64_t key;
	bool keyed;
	size_t len;  /* without the zeros at the record's end [bytes] */
	size_t room; /* of data [bytes] */
	unsigned char *data;
};

struct post {
	/* immutable */
	int rfd, wfd;
	size_t size;
	post_class_h *classh;

	/* the writer's own */
	struct waiting *first, **lastp;
	size_t n;
	struct waiting **buckets; /* those that are keyed, by key */
	size_t nbuckets;          /* a power of two, or 0 */
	size_t nkeyed;
	uint64_t dropped;
	unsigned char *scratch;
};

static void *must(void *p)
{
	if (!p)
		abort();
	return p;
}

/* ---- the outbox ------------------------------------------------------ */

static struct waiting **bucket_of(struct post *p, uint64_t key)
{
	uint64_t h = key * UINT64_C(0x9e3779b97f4a7c15);

	return &p->buckets[(h >> 32) & (p->nbuckets - 1)];
}

static struct waiting *find(struct post *p, uint64_t key)
{
	struct waiting *w;

	if (!p->nkeyed)
		return NULL;
	for (w = *bucket_of(p, key); w; w = w->chain)
		if (w->key == key)
			return w;
	return NULL;
}

static void grow(struct post *p)
{
	struct waiting **old = p->buckets;
	size_t nold = p->nbuckets;

	p->nbuckets = nold ? nold * 2 : BUCKETS_MIN;
	p->buckets = must(calloc(p->nbuckets, sizeof(*p->buckets)));

	for (size_t i = 0; i < nold; i++) {
		struct waiting *w, *chain;

		for (w = old[i]; w; w = chain) {
			struct waiting **bucket = bucket_of(p, w->key);

			chain = w->chain;
			w->chain = *bucket;
			*bucket = w;
		}
	}
	free(old);
}

static void hash_add(struct post *p, struct waiting *w)
{
	struct waiting **bucket;

	if (p->nkeyed == p->nbuckets)
		grow(p);
	bucket = bucket_of(p, w->key);
	w->chain = *bucket;
	*bucket = w;
	p->nkeyed++;
}

static void hash_remove(struct post *p, const struct waiting *w)
{
	struct waiting **wp = bucket_of(p, w->key);

	while (*wp != w)
		wp = &(*wp)->chain;
	*wp = w->chain;
	p->nkeyed--;
}

/* Most records are far shorter than the longest one: thousands of them may
   wait, so the zeros at the end are not kept. */
static size_t used_len(const unsigned char *data, size_t len)
{
	static const unsigned char zeros[64];

	while (len >= sizeof(zeros) &&
	       !memcmp(data + len - sizeof(zeros), zeros, sizeof(zeros)))
		len -= sizeof(zeros);
	while (len && !data[len - 1])
		len--;
	return len;
}

/* Records may carry a password: nothing of them stays in freed memory */
static void data_free(struct waiting *w)
{
	if (w->data)
		explicit_bzero(w->data, w->room);
	free(w->data);
	w->data = NULL;
}

static void data_set(struct waiting *w, const void *record, size_t size)
{
	size_t len = used_len(record, size);

	if (!w->data || len > w->room) {
		data_free(w);
		w->room = len;
		w->data = must(malloc(len ? len : 1));
	}
	memcpy(w->data, record, len);
	w->len = len;
}

static void append(struct post *p, const void *record, bool keyed, uint64_t key)
{
	struct waiting *w = must(calloc(1, sizeof(*w)));

	w->key = key;
	w->keyed = keyed;
	data_set(w, record, p->size);
	*p->lastp = w;
	p->lastp = &w->next;
	p->n++;
	if (keyed)
		hash_add(p, w);
}

static void drop_first(struct post *p)
{
	struct waiting *w = p->first;

	p->first = w->next;
	if (!p->first)
		p->lastp = &p->first;
	p->n--;
	if (w->keyed)
		hash_remove(p, w);
	data_free(w);
	free(w);

	if (!p->n && p->nbuckets > BUCKETS_KEPT) {
		free(p->buckets);
		p->buckets = NULL;
		p->nbuckets = 0;
	}
}

/* ---- the doors ------------------------------------------------------- */

int post_new(struct post **pp, size_t size, post_class_h *classh)
{
	struct post *p;
	int fds[2];

	if (!pp || !size || size > PIPE_BUF)
		return EINVAL;
	if (pipe2(fds, O_CLOEXEC | O_NONBLOCK))
		return errno;
	/* An unprivileged user may have no more pages for pipes: then the
	   outbox begins earlier, nothing else. */
	(void)fcntl(fds[1], F_SETPIPE_SZ, PIPE_SIZE);

	p = must(calloc(1, sizeof(*p)));
	p->rfd = fds[0];
	p->wfd = fds[1];
	p->size = size;
	p->classh = classh;
	p->lastp = &p->first;
	p->scratch = must(malloc(size));

	*pp = p;
	return 0;
}

void post_free(struct post *p)
{
	if (!p)
		return;
	while (p->first)
		drop_first(p);
	free(p->buckets);
	free(p->scratch);
	/* nothing to save: the records were copies */
	post_hang_up(p);
	post_finish(p);
	free(p);
}

void post_hang_up(struct post *p)
{
	if (p->rfd >= 0)
		(void)close(p->rfd);
	p->rfd = -1;
}

void post_finish(struct post *p)
{
	if (p->wfd >= 0)
		(void)close(p->wfd);
	p->wfd = -1;
}

int post_send(struct post *p, const void *record)
{
	ssize_t n;

	do {
		n = write(p->wfd, record, p->size);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return errno;

	assert((size_t)n == p->size); /* at most PIPE_BUF: all or nothing */
	return 0;
}

bool post_put(struct post *p, const void *record)
{
	enum post_class class = POST_HISTORY;
	uint64_t key = 0;
	struct waiting *w;

	if (!p->first) {
		/* Any error but a full pipe means that nobody will ever
		   read: the record has no use any more. */
		if (post_send(p, record) != EAGAIN)
			return false;
	}

	if (p->classh)
		class = p->classh(record, &key);
	switch (class) {
	case POST_CHATTER:
		p->dropped++;
		break;
	case POST_STATE:
		w = find(p, key);
		if (w)
			data_set(w, record, p->size);
		else
			append(p, record, true, key);
		break;
	case POST_HISTORY:
	default:
		append(p, record, false, 0);
		break;
	}
	return p->first != NULL;
}

bool post_flush(struct post *p)
{
	int err = 0;

	if (!p->first)
		return false;
	while (p->first && !err) {
		const struct waiting *w = p->first;

		memcpy(p->scratch, w->data, w->len);
		memset(p->scratch + w->len, 0, p->size - w->len);
		err = post_send(p, p->scratch);
		if (!err)
			drop_first(p);
	}
	explicit_bzero(p->scratch, p->size);

	if (err && err != EAGAIN) {
		/* Nobody reads any more */
		while (p->first)
			drop_first(p);
	}
	return p->first != NULL;
}

size_t post_waiting(const struct post *p)
{
	return p->n;
}

uint64_t post_dropped(struct post *p)
{
	uint64_t n = p->dropped;

	p->dropped = 0;
	return n;
}

int post_take(struct post *p, void *record)
{
	ssize_t n;

	do {
		n = read(p->rfd, record, p->size);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return errno;
	if (!n)
		return EPIPE;

	assert((size_t)n == p->size); /* records only ever go in whole */
	return 0;
}

int post_read_fd(const struct post *p)
{
	return p->rfd;
}

int post_write_fd(const struct post *p)
{
	return p->wfd;
}
