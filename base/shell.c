/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/shell.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <unistd.h>

int shell_spawn(pid_t *pidp, int *fdp, const char *command, char *const *env,
		bool both)
{
	char *const argv[] = {(char[]){"sh"}, (char[]){"-c"}, (char[]){"--"},
			      (char *)command, NULL};
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attr;
	sigset_t set;
	int fds[2];
	int err;

	if (pipe2(fds, O_CLOEXEC))
		return errno;
	if (fcntl(fds[0], F_SETFL, O_NONBLOCK)) {
		err = errno;
		goto out;
	}
	err = posix_spawn_file_actions_init(&actions);
	if (err)
		goto out;
	err = posix_spawnattr_init(&attr);
	if (err)
		goto out_actions;

	/* stdout first: the pipe may sit on 0 when our stdin is closed */
	err = posix_spawn_file_actions_adddup2(&actions, fds[1], STDOUT_FILENO);
	if (!err && both)
		err = posix_spawn_file_actions_adddup2(&actions, fds[1],
						       STDERR_FILENO);
	if (!err)
		err = posix_spawn_file_actions_addopen(
			&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	if (err)
		goto out_attr;

	/* exec keeps what is blocked and what is ignored; the command shall
	   find neither our signalfd's mask nor our deafness to SIGPIPE */
	(void)sigemptyset(&set);
	(void)posix_spawnattr_setsigmask(&attr, &set);
	(void)sigaddset(&set, SIGPIPE);
	(void)posix_spawnattr_setsigdefault(&attr, &set);
	(void)posix_spawnattr_setpgroup(&attr, 0);
	err = posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETPGROUP |
						      POSIX_SPAWN_SETSIGMASK |
						      POSIX_SPAWN_SETSIGDEF);
	if (!err)
		err = posix_spawn(pidp, "/bin/sh", &actions, &attr, argv,
				  env ? env : environ);

out_attr:
	(void)posix_spawnattr_destroy(&attr);
out_actions:
	(void)posix_spawn_file_actions_destroy(&actions);
out:
	(void)close(fds[1]);
	if (err)
		(void)close(fds[0]);
	else
		*fdp = fds[0];
	return err;
}
