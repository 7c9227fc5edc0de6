/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/log.h"

#include <errno.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"

static const char *const level_names[] = {
	[LOG_ERROR] = "error",
	[LOG_WARN] = "warn",
	[LOG_INFO] = "info",
	[LOG_DEBUG] = "debug",
};

enum { LEVEL_COUNT = sizeof(level_names) / sizeof(level_names[0]) };

_Static_assert(LEVEL_COUNT == LOG_DEBUG + 1, "every level has a name");

static _Atomic int highest = LOG_WARN;

static _Thread_local struct {
	log_sink_h *sinkh;
	void *arg;
	bool busy; /* the sink runs: what it logs itself is lost */
} own;

void log_sink(log_sink_h *sinkh, void *arg)
{
	own.sinkh = sinkh;
	own.arg = arg;
}

void log_level_set(enum log_level level)
{
	atomic_store_explicit(&highest, (int)level, memory_order_relaxed);
}

enum log_level log_level(void)
{
	return (enum log_level)atomic_load_explicit(&highest,
						    memory_order_relaxed);
}

const char *log_level_name(enum log_level level)
{
	return (unsigned)level < LEVEL_COUNT ? level_names[level] : "?";
}

bool log_level_find(enum log_level *levelp, const char *name)
{
	for (unsigned i = 0; i < LEVEL_COUNT; i++) {
		if (!strcmp(name, level_names[i])) {
			*levelp = (enum log_level)i;
			return true;
		}
	}
	return false;
}

void log_write(enum log_level level, const char *tag, const char *fmt, ...)
{
	/* Longer than the text by one whole character, so that text_cut()
	   sees where vsnprintf() cut through one. */
	char raw[LOG_TEXT_MAX + 4], cut[LOG_TEXT_MAX], text[LOG_TEXT_MAX];
	char clean_tag[LOG_TAG_MAX];
	int saved = errno;
	va_list ap;
	int n;

	if (level > log_level() || !own.sinkh || own.busy)
		return;

	va_start(ap, fmt);
	n = vsnprintf(raw, sizeof(raw), fmt, ap);
	va_end(ap);
	if (n < 0)
		goto out; /* a conversion failed: there is no text */

	text_cut(cut, sizeof(cut), raw);
	text_clean(text, sizeof(text), cut, strlen(cut));
	text_clean(clean_tag, sizeof(clean_tag), tag, strlen(tag));

	own.busy = true;
	own.sinkh(level, clean_tag, text, own.arg);
	own.busy = false;

out:
	errno = saved;
}
