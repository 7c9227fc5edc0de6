/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef APP_HANDLERS_H
#define APP_HANDLERS_H

#include "app/command.h"

/**
 * @file handlers.h  What the rows of the command table run.
 *
 * Threads: UI.    Blocks: never, but cmd_account() (app.h).
 */

/* cmd_call.c: requests about calls */
command_h cmd_answer, cmd_complete, cmd_consult, cmd_dial, cmd_dtmf;
command_h cmd_hangup, cmd_hold, cmd_join, cmd_mute, cmd_register, cmd_reject;
command_h cmd_resume, cmd_swap, cmd_takeback, cmd_transfer, cmd_unregister;
command_h cmd_unwatch;

/* cmd_view.c: what there is */
command_h cmd_accounts, cmd_calls, cmd_help, cmd_quit, cmd_select;
command_h cmd_transfers;

/* cmd_desk.c: what only the console on a screen has */
command_h cmd_back, cmd_command, cmd_commands, cmd_default, cmd_directory;
command_h cmd_find, cmd_focus, cmd_follow, cmd_history, cmd_keys, cmd_ladder;
command_h cmd_log, cmd_move, cmd_next, cmd_nth, cmd_previous, cmd_redraw;
command_h cmd_retry, cmd_save, cmd_silence, cmd_suspend, cmd_toggle, cmd_trace;
command_h cmd_voicemail, cmd_zoom;

/* cmd_config.c: how things are set */
command_h cmd_account, cmd_bind, cmd_color, cmd_hook, cmd_import;
command_h cmd_palette, cmd_set, cmd_source, cmd_theme;

#endif
