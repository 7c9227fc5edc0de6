/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stdarg.h>
#include <stdbool.h>

/**
 * @file log.h  The diary.
 *
 * A line has a level, a tag (the part that speaks: "sip", "call 3") and a
 * text.  Where it goes is a matter of the thread: each thread sets its own
 * sink.  The SIP thread's posts the line upwards, the UI thread's writes the
 * file and shows it.  Texts are cleaned (text_clean) before the sink sees
 * them.  Secrets are never passed here.
 *
 * Threads: any.    Blocks: as the sink does.
 */

enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG };

enum { LOG_TEXT_MAX = 512, LOG_TAG_MAX = 24 };

typedef void(log_sink_h)(enum log_level level, const char *tag,
			 const char *text, void *arg);

/** Where the calling thread's lines go; NULL: nowhere */
void log_sink(log_sink_h *sinkh, void *arg);

/** Lines above this level are not made at all; process wide */
void log_level_set(enum log_level level);
enum log_level log_level(void);

/** "error", "warn", "info", "debug" */
const char *log_level_name(enum log_level level);
bool log_level_find(enum log_level *levelp, const char *name);

void log_write(enum log_level level, const char *tag, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

#define log_error(tag, ...) log_write(LOG_ERROR, tag, __VA_ARGS__)
#define log_warn(tag, ...) log_write(LOG_WARN, tag, __VA_ARGS__)
#define log_info(tag, ...) log_write(LOG_INFO, tag, __VA_ARGS__)
#define log_debug(tag, ...) log_write(LOG_DEBUG, tag, __VA_ARGS__)

#endif
