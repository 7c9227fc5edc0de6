/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef APP_CONFIG_H
#define APP_CONFIG_H

#include <stdbool.h>
#include <stddef.h>

#include "app/app.h"

/**
 * @file config.h  Files of command lines: configuration, themes, presets of
 *                 keys, `source`.
 *
 * What is wrong in a line is logged as `FILE:LINE: why` (level error, tag
 * "config") and counted in app->errors; the rest of the file is still read.
 *
 * Threads: UI.    Blocks: as the disk does.
 */

/**
 * The user's configuration.
 *
 * @param path  NULL: $XDG_CONFIG_HOME/cordpair/config, which may be missing
 * @param why   On error what is wrong with the file as a whole
 *
 * @return 0 (also when lines in it were wrong), or the errno of opening it
 */
int config_load(struct app *app, const char *path, char *why, size_t size);

/** `source FILE`: EINVAL when lines in it were wrong, ELOOP, errno */
int config_source(struct app *app, const char *path, bool config, char *why,
		  size_t size);

/**
 * `set keys NAME`: the keys of the command table, and over them those of the
 * preset.  What the user has bound stays over both, whatever came first.
 */
void config_keys(struct app *app, const char *name);

/** `theme NAME`: the user's themes, then the installed, then the built-in */
int config_theme(struct app *app, const char *name, char *why, size_t size);

/** i-th theme there is, into buf; false: there are no more */
bool config_theme_name(unsigned i, char *buf, size_t size);

/** The one after this, after the last the first again */
void config_theme_next(const char *name, char *buf, size_t size);

#endif
