/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/worker.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct worker {
	worker_h *runh;
	void *arg;
	int fd;            /* eventfd, to be polled                    */
	_Atomic bool done; /* set last: publishes what the job wrote   */
	pthread_t thread;
};

static void *run(void *arg)
{
	struct worker *w = arg;
	uint64_t one = 1;

	w->runh(w->arg);
	w->done = true;
	while (write(w->fd, &one, sizeof(one)) < 0 && errno == EINTR)
		;

	return NULL;
}

int worker_start(struct worker **wp, worker_h *runh, void *arg)
{
	struct worker *w = calloc(1, sizeof(*w));
	sigset_t all, before;
	int err = 0;

	if (!w)
		return ENOMEM;
	w->runh = runh;
	w->arg = arg;
	w->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (w->fd < 0) {
		err = errno;
		goto out;
	}
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	err = pthread_create(&w->thread, NULL, run, w);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (err)
		goto out;
	*wp = w;

	return 0;

out:
	if (w->fd >= 0)
		close(w->fd);
	free(w);

	return err;
}

int worker_fd(const struct worker *w)
{
	return w->fd;
}

bool worker_done(const struct worker *w)
{
	return w->done;
}

void worker_free(struct worker *w)
{
	if (!w)
		return;
	pthread_join(w->thread, NULL); /* fails for nothing we could pass */
	close(w->fd);
	free(w);
}
