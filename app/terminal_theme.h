/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef APP_TERMINAL_THEME_H
#define APP_TERMINAL_THEME_H

/**
 * @file terminal_theme.h  themes/terminal.theme, baked in.
 *
 * Threads: any.    Blocks: never.
 */
extern const char terminal_theme[];

#endif
