/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdarg.h>
#include <stdio.h>

#include "sip/priv.h"

/*
 * libre prints what it does not understand to stderr, some of it straight from
 * the network.  Its re_fprintf() is replaced here (the program's own symbol
 * wins, as with the timers), its debug printer set: both end in the log, where
 * texts are cleaned.
 */

static void on_debug(int level, const char *p, size_t len, void *arg)
{
	(void)level;
	(void)arg;
	log_debug("libre", "%.*s", (int)len, p);
}

int re_fprintf(FILE *stream, const char *fmt, ...);

int re_fprintf(FILE *stream, const char *fmt, ...)
{
	char text[LOG_TEXT_MAX];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = re_vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (n < 0)
		return n;
	if (stream == stderr || stream == stdout)
		log_debug("libre", "%s", text);
	else
		(void)fwrite(text, 1, (size_t)n, stream);
	return n;
}

void quiet_libre(void)
{
	dbg_handler_set(on_debug, NULL);
}
