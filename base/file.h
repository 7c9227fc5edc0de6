/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef BASE_FILE_H
#define BASE_FILE_H

#include <stddef.h>
#include <stdbool.h>

struct stat;

/**
 * @file file.h  Where the user's files are, and reading them safely.
 *
 * Threads: any but the SIP thread (asserted).    Blocks: as the disk does.
 */

/** $XDG_CONFIG_HOME/cordpair/NAME (or ~/.config/...); 0, ENOENT, EOVERFLOW */
int file_config_path(char *dst, size_t size, const char *name);

/** The same for what the program keeps by itself: $XDG_STATE_HOME/cordpair/NAME
 *  (or ~/.local/state/...) */
int file_state_path(char *dst, size_t size, const char *name);

/**
 * A path as a user types it: a leading "~/" stands for $HOME.
 *
 * @return 0, EOVERFLOW, ENOENT (~ and no $HOME)
 */
int file_expand(char *dst, size_t size, const char *path);

/** Called for each line without its end (LF or CR LF) and with any NUL byte
    as \1, which lex_line() refuses; non-zero stops and is returned */
typedef int(file_line_h)(const char *line, unsigned lineno, void *arg);

/**
 * Read a file (or "-": stdin) line by line.
 *
 * @return 0, the errno of open/read, EOVERFLOW for a line over LEX_LINE_MAX,
 *         or what lineh returned
 */
int file_lines(const char *path, file_line_h *lineh, void *arg);

/**
 * Read a whole file; never waits for a fifo.
 *
 * @param textp  Yours, free(3); not terminated
 * @param st     What it was when it was opened; untouched where that failed
 *
 * @return 0, the errno of open/read, EISDIR, EINVAL (not a plain file),
 *         EFBIG (over max bytes), ENOMEM
 */
int file_read(char **textp, size_t *lenp, struct stat *st, const char *path,
	      size_t max);

/** Make the directories a file is to stand in, for the user alone; 0, errno */
int file_make_parent(const char *path);

/**
 * Write a file whole or not at all: into a new one beside it that takes its
 * place (where path is a link: the place of what it leads to).
 *
 * @param mode  Of the file when there is none yet; else it keeps its own
 *
 * @return 0 or errno: then all is as it was
 */
int file_replace(const char *path, const void *data, size_t len, unsigned mode);

/**
 * First line of a file that only its owner may read.
 *
 * @param whyp  On error set to a text that says what to do (static or
 *              thread local; valid until the next call)
 *
 * @return 0, EACCES (others may read it, or it is another user's), EOVERFLOW,
 *         ENODATA (empty), EINVAL (a NUL byte), ENOENT ...; on error dst is
 *         empty
 */
int secret_from_file(char *dst, size_t size, const char *path,
		     const char **whyp);

/**
 * First line that a shell command prints, waiting at most 30 s for it.
 * Its stderr stays the program's.  Nothing of it is logged.
 *
 * @return 0, EINTR (SIGINT, SIGTERM or SIGHUP is pending: stopped), ETIMEDOUT,
 *         ECHILD (it failed or printed nothing), EOVERFLOW,
 *         EINVAL (a NUL byte); on error dst is empty
 */
int secret_from_command(char *dst, size_t size, const char *command,
			const char **whyp);

/** Overwrite so that no optimiser drops it */
void secret_wipe(void *p, size_t size);

#endif
