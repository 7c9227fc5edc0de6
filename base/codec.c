/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/codec.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/text.h"

static const char *const names[CODEC_COUNT] = {
	[CODEC_PCMU] = "pcmu",
	[CODEC_PCMA] = "pcma",
	[CODEC_EVENT] = "telephone-event",
};

/* a configuration may name them already */
static const char *const later[] = {"g722", "opus"};

static bool is_later(const char *name)
{
	for (unsigned i = 0; i < sizeof(later) / sizeof(later[0]); i++) {
		if (!strcasecmp(later[i], name))
			return true;
	}
	return false;
}

static void add(struct codecs *c, enum codec codec)
{
	for (unsigned i = 0; i < c->n; i++) {
		if (c->v[i] == codec)
			return;
	}
	c->v[c->n++] = codec;
}

static void skip(struct codecs *c, const char *name)
{
	const size_t n = strlen(c->skipped);

	if (n + strlen(name) + 2 <= sizeof(c->skipped))
		(void)snprintf(c->skipped + n, sizeof(c->skipped) - n, "%s%s",
			       n ? "," : "", name);
}

static int add_name(struct codecs *c, const char *name, char *why, size_t size)
{
	for (unsigned i = 0; i < CODEC_COUNT; i++) {
		if (!strcasecmp(names[i], name)) {
			add(c, (enum codec)i);
			return 0;
		}
	}
	if (is_later(name)) {
		skip(c, name);
		return 0;
	}
	(void)snprintf(why, size,
		       "codecs are pcmu, pcma and telephone-event with a comma "
		       "between, not '%s'",
		       name);
	return EINVAL;
}

int codecs_parse(struct codecs *c, const char *list, char *why, size_t size)
{
	char name[32];
	size_t n;
	int err;

	memset(c, 0, sizeof(*c));
	if (!*list) {
		for (unsigned i = 0; i < CODEC_COUNT; i++)
			add(c, (enum codec)i);
		return 0;
	}
	for (;; list += n + 1) {
		n = strcspn(list, ",");
		text_clean(name, sizeof(name), list, n);
		err = add_name(c, name, why, size);
		if (err)
			return err;
		if (!list[n])
			break;
	}
	if (c->n == 0 || (c->n == 1 && c->v[0] == CODEC_EVENT)) {
		(void)snprintf(why, size,
			       "codecs=%s: this version speaks pcmu and pcma "
			       "only; name one of them",
			       c->skipped[0] ? c->skipped : "telephone-event");
		return EINVAL;
	}
	/* digits are no voice: who chooses among voices still dials */
	add(c, CODEC_EVENT);
	return 0;
}
