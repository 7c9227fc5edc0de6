/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

#include "sip/refer_priv.h"

/*
 * A worker waits here.  Only a serial number crosses the pipe; the waiter
 * itself is found by it under the lock, so a stopped engine or a worker that
 * left can never touch the other's memory.
 */

struct waiter {
	struct waiter *next; /* under lock */
	pthread_cond_t cond;
	uint32_t serial; /* immutable  */
	bool done;       /* under lock */
	int err;
	struct transfer_info info;
};

struct waiters {
	pthread_mutex_t lock;
	struct waiter *first; /* under lock */
};

int waiters_new(struct waiters **wp)
{
	struct waiters *w = calloc(1, sizeof(*w));
	int err;

	if (!w)
		return ENOMEM;
	err = pthread_mutex_init(&w->lock, NULL);
	if (err)
		free(w);
	else
		*wp = w;
	return err;
}

void waiters_free(struct waiters *w)
{
	if (!w)
		return;
	(void)pthread_mutex_destroy(&w->lock);
	free(w);
}

void waiters_wake(struct engine *e, uint32_t serial, int err,
		  const struct transfer_info *info)
{
	struct waiter *w;

	ASSERT_SIP();

	(void)pthread_mutex_lock(&e->waiters->lock);
	for (w = e->waiters->first; w; w = w->next) {
		if ((serial && w->serial != serial) || w->done)
			continue;
		w->done = true;
		w->err = err;
		if (info)
			w->info = *info;
		(void)pthread_cond_signal(&w->cond);
	}
	(void)pthread_mutex_unlock(&e->waiters->lock);
}

int refer_sync(struct engine *e, const struct request *req,
	       struct refer_result *res)
{
	struct request copy = *req;
	struct waiter w, **wp;
	int err;

	memset(res, 0, sizeof(*res));
	if (thread_role() != THREAD_NONE) {
		res->err = EDEADLK;
		return EDEADLK;
	}
	if (req->type != REQ_TRANSFER) {
		res->err = EINVAL;
		return EINVAL;
	}

	memset(&w, 0, sizeof(w));
	if (!copy.serial)
		copy.serial = engine_serial(e);
	w.serial = copy.serial;
	(void)pthread_cond_init(&w.cond, NULL);

	(void)pthread_mutex_lock(&e->waiters->lock);
	w.next = e->waiters->first;
	e->waiters->first = &w;
	err = engine_post(e, &copy);
	/* the referral has limits of its own (TF, TN, TM), so this ends */
	while (!err && !w.done)
		(void)pthread_cond_wait(&w.cond, &e->waiters->lock);
	for (wp = &e->waiters->first; *wp != &w; wp = &(*wp)->next)
		;
	*wp = w.next;
	(void)pthread_mutex_unlock(&e->waiters->lock);
	(void)pthread_cond_destroy(&w.cond);

	if (!err)
		err = w.err;
	refer_result_of(res, &w.info);
	if (err)
		res->err = err;
	return err;
}
