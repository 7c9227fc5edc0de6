/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sip/engine.h"

#include <errno.h>
#include <openssl/rand.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/post.h"
#include "sip/priv.h"
#include "sip/refer_priv.h"
#include "sip/timer.h"

/*
 * The SIP thread.  libre_init() and everything of libre happens here; requests
 * come up through one pipe, events leave by another, and nothing waits.
 *
 * Stopping is paced: a thousand BYEs at once would overflow the UDP buffer.
 *
 *   RUNNING ──REQ_STOP──► CALLS (BYE, 64 each 5 ms) ──none left──►
 *   ACCOUNTS (REGISTER Expires 0) ──answered──► CLOSED
 *        └───────────── 1.8 s after REQ_STOP at the latest ──────► CLOSED
 */

enum {
	TAKE_MAX = 64, /* requests in a row before others' turn */
	FDS_MAX = 32768,
	STOP_LIMIT_MS = 1800,
	PACE_MS = 5,
	PACE_CALLS = 64,
};

struct thread {
	pthread_t id;
};

struct start {
	struct engine *e;
	const struct engine_prm *prm;
	char *why;
	unsigned size;
	int err;
	bool done;
	pthread_mutex_t lock;
	pthread_cond_t cond;
};

/* libre keeps one loop for the whole process */
static atomic_bool running;

/* ---- requests down ----------------------------------------------------- */

static void on_down_readable(int flags, void *arg)
{
	struct engine *e = arg;
	struct request req;
	unsigned n = 0;
	int err = 0;

	(void)flags;
	ASSERT_SIP();

	while (n++ < TAKE_MAX && !(err = post_take(e->down, &req))) {
		engine_take_request(e, &req);
		secret_wipe(&req, sizeof(req));
	}
	if (err == EPIPE) {
		/* nobody will ask for anything any more */
		RC_FD_CLOSE(&e->fd_down, post_read_fd(e->down));
		engine_stop(e);
	}
}

/* ---- stopping ---------------------------------------------------------- */

static void on_stop_limit(void *arg);
static void on_pace(void *arg);

void engine_stop(struct engine *e)
{
	ASSERT_SIP();
	if (e->stopping)
		return;
	e->stopping = true;
	refers_stop(e);
	tmr_start(&e->tmr_stop, STOP_LIMIT_MS, on_stop_limit, e);
	tmr_start(&e->tmr_pace, 0, on_pace, e);
}

static void stop_now(struct engine *e)
{
	tmr_cancel(&e->tmr_stop);
	tmr_cancel(&e->tmr_pace);
	re_cancel();
}

static void on_stop_limit(void *arg)
{
	struct engine *e = arg;

	ASSERT_SIP();
	log_warn("sip", "stopped without waiting for the last answers");
	stop_now(e);
}

static void on_pace(void *arg)
{
	struct engine *e = arg;
	struct le *le = e->calls.head;
	unsigned n = 0;

	ASSERT_SIP();

	while (le && n < PACE_CALLS) {
		struct call *c = le->data;

		le = le->next;
		if (c->canceling)
			continue; /* its last answer is awaited */
		call_hangup(c);
		n++;
	}
	if (n == PACE_CALLS) {
		tmr_start(&e->tmr_pace, PACE_MS, on_pace, e);
		return;
	}
	for (le = e->accounts.head; le; le = le->next)
		account_unregister(le->data);
	engine_stop_check(e);
}

static void on_stop_check(void *arg)
{
	struct engine *e = arg;

	ASSERT_SIP();

	if (list_isempty(&e->calls) && list_isempty(&e->ended) &&
	    !accounts_leaving(e) && !refers_leaving(e))
		stop_now(e);
}

void engine_stop_check(struct engine *e)
{
	ASSERT_SIP();
	/* from a timer: the caller may be in the middle of something */
	if (e->stopping && !tmr_isrunning(&e->tmr_pace))
		tmr_start(&e->tmr_pace, 0, on_stop_check, e);
}

/* ---- the thread -------------------------------------------------------- */

static int set_up(struct engine *e, const struct engine_prm *prm, char *why,
		  unsigned size)
{
	int err;

	e->tls_verify = true;
	e->return_on_fail = true;
	e->ring_timeout_s = 180;
	e->transfer_timeout_s = 600;

	err = hash_alloc(&e->calls_ht, 4096);
	if (!err)
		err = hash_alloc(&e->calls_id, 4096);
	if (!err)
		err = hash_alloc(&e->refers_ht, 256);
	if (!err)
		err = tls_open(e);
	if (!err)
		err = resolver_alloc(&e->resolver, "");
	if (err) {
		(void)snprintf(why, size, "cannot start: %s", strerror(err));
		return err;
	}
	err = stacks_open(e, prm->listenv, prm->listenc, why, size);
	if (err)
		return err;
	if (prm->registrar) {
		err = registrar_alloc(&e->registrar, e);
		if (err)
			return err;
	}
	err = RC_FD_LISTEN(&e->fd_down, post_read_fd(e->down), FD_READ,
			   on_down_readable, e);
	return err;
}

static void tear_down(struct engine *e)
{
	tmr_cancel(&e->tmr_stop);
	tmr_cancel(&e->tmr_pace);
	RC_FD_CLOSE(&e->fd_down, post_read_fd(e->down));

	/* transactions that still wait call back now, while all is there */
	stacks_close(e, true);
	refers_flush(e);
	calls_flush(e);
	referreds_flush(e);
	list_flush(&e->accounts);
	rqs_flush(e);
	e->registrar = mem_deref(e->registrar);
	stacks_close(e, false);
	e->resolver = mem_deref(e->resolver);
	tls_close(e);
	e->calls_ht = mem_deref(e->calls_ht);
	e->calls_id = mem_deref(e->calls_id);
	e->refers_ht = mem_deref(e->refers_ht);
}

static void *thread_main(void *arg)
{
	struct start *s = arg;
	struct engine *e = s->e;
	int err;

	thread_adopt(THREAD_SIP);

	quiet_libre();
	err = libre_init();
	if (!err) {
		publish_start(e);
		(void)fd_setsize(FDS_MAX);
		err = set_up(e, s->prm, s->why, s->size);
	}
	if (!err) {
		struct event *ev = engine_event(e, EV_HELLO);

		memset(&ev->u, 0, sizeof(ev->u.hello));
		stacks_hello(e, &ev->u.hello);
		publish_turn(e); /* no turn has an end yet */
	}

	/* from here on s may be gone */
	(void)pthread_mutex_lock(&s->lock);
	s->err = err;
	s->done = true;
	(void)pthread_cond_signal(&s->cond);
	(void)pthread_mutex_unlock(&s->lock);

	if (!err)
		(void)re_main(NULL);

	tear_down(e);
	post_hang_up(e->down);
	waiters_wake(e, 0, ESHUTDOWN, NULL);
	if (!err)
		(void)engine_event(e, EV_STOPPED);
	publish_stop(e);
	post_finish(e->up);
	libre_close();
	atomic_store(&running, false);
	return NULL;
}

/* ---- the handle -------------------------------------------------------- */

static int copy_prm(struct engine *e, const struct engine_prm *prm)
{
	int err;

	e->robot = prm->robot;
	e->accept_refer = prm->accept_refer;
	e->trace = prm->trace;
	e->p2p_transport = prm->transport;
	err = text_copy(e->software, sizeof(e->software),
			prm->software ? prm->software
				      : "cordpair/" CORDPAIR_VERSION);
	err |= text_copy(e->user, sizeof(e->user),
			 prm->user ? prm->user : "cordpair");
	err |= text_copy(e->login_user, sizeof(e->login_user),
			 prm->login_user ? prm->login_user : "");
	err |= text_copy(e->login_password, sizeof(e->login_password),
			 prm->login_password ? prm->login_password : "");
	return err ? EOVERFLOW : 0;
}

static void unmake(struct engine *e)
{
	post_free(e->down);
	post_free(e->up);
	waiters_free(e->waiters);
	free(e->thread);
	secret_wipe(e->login_password, sizeof(e->login_password));
	free(e->turnv);
	free(e);
}

/* All but the thread */
static int make(struct engine **ep, const struct engine_prm *prm)
{
	struct engine *e = calloc(1, sizeof(*e));
	int err;

	if (!e)
		return ENOMEM;
	err = copy_prm(e, prm);
	if (!err)
		err = waiters_new(&e->waiters);
	if (!err && !(e->thread = calloc(1, sizeof(*e->thread))))
		err = ENOMEM;
	if (!err && RAND_bytes(e->secret, sizeof(e->secret)) != 1)
		err = EIO;
	if (!err)
		err = post_new(&e->down, sizeof(struct request), NULL);
	if (!err)
		err = post_new(&e->up, sizeof(struct event), event_class);
	if (err)
		unmake(e);
	else
		*ep = e;
	return err;
}

/* Until it listens, or has failed and ended */
static int run_thread(struct start *s)
{
	struct engine *e = s->e;
	sigset_t all, was;
	int err;

	(void)pthread_mutex_init(&s->lock, NULL);
	(void)pthread_cond_init(&s->cond, NULL);
	/* signals are the UI thread's */
	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_BLOCK, &all, &was);
	err = pthread_create(&e->thread->id, NULL, thread_main, s);
	(void)pthread_sigmask(SIG_SETMASK, &was, NULL);
	if (err)
		goto out;

	(void)pthread_mutex_lock(&s->lock);
	while (!s->done)
		(void)pthread_cond_wait(&s->cond, &s->lock);
	err = s->err;
	(void)pthread_mutex_unlock(&s->lock);
	if (err)
		(void)pthread_join(e->thread->id, NULL);
out:
	(void)pthread_cond_destroy(&s->cond);
	(void)pthread_mutex_destroy(&s->lock);
	return err;
}

int engine_new(struct engine **ep, const struct engine_prm *prm, char *why,
	       unsigned size)
{
	struct start s = {.prm = prm, .why = why, .size = size};
	int err;

	if (!ep || !prm || !why || !size)
		return EINVAL;
	why[0] = '\0';
	if (atomic_exchange(&running, true)) {
		(void)snprintf(why, size, "an engine runs already");
		return EBUSY;
	}
	err = make(&s.e, prm);
	if (!err) {
		err = run_thread(&s);
		if (err)
			unmake(s.e);
	}
	if (err) {
		atomic_store(&running, false);
		if (!why[0])
			(void)snprintf(why, size, "cannot start: %s",
				       strerror(err));
		return err;
	}
	*ep = s.e;
	return 0;
}

int engine_post(struct engine *e, const struct request *req)
{
	return post_send(e->down, req);
}

int engine_event_fd(const struct engine *e)
{
	return post_read_fd(e->up);
}

int engine_take(struct engine *e, struct event *ev)
{
	return post_take(e->up, ev);
}

uint32_t engine_serial(struct engine *e)
{
	return atomic_fetch_add(&e->serial, 1) + 1;
}

void engine_free(struct engine *e)
{
	struct request stop = {.type = REQ_STOP};

	if (!e)
		return;
	if (engine_post(e, &stop) == EAGAIN)
		post_finish(e->down); /* heard behind all that waits */
	(void)pthread_join(e->thread->id, NULL);
	unmake(e);
}
